package model

import (
	"strconv"
	"strings"

	"gofino/tables"
)

// portStatNames are the fields of $PORT_STAT, numbered from 1.
const portStatNames = "FramesReceivedOK FramesReceivedAll FramesReceivedwithFCSError FrameswithanyError OctetsReceivedinGoodFrames OctetsReceived " +
	"FramesReceivedwithUnicastAddresses FramesReceivedwithMulticastAddresses FramesReceivedwithBroadcastAddresses FramesReceivedoftypePAUSE " +
	"FramesReceivedwithLengthError FramesReceivedUndersized FramesReceivedOversized FragmentsReceived JabberReceived PriorityPauseFrames " +
	"CRCErrorStomped FrameTooLong RxVLANFramesGood FramesDroppedBufferFull " +
	"FramesReceivedLength_lt_64 FramesReceivedLength_eq_64 FramesReceivedLength_65_127 FramesReceivedLength_128_255 FramesReceivedLength_256_511 " +
	"FramesReceivedLength_512_1023 FramesReceivedLength_1024_1518 FramesReceivedLength_1519_2047 FramesReceivedLength_2048_4095 " +
	"FramesReceivedLength_4096_8191 FramesReceivedLength_8192_9215 FramesReceivedLength_9216 " +
	"FramesTransmittedOK FramesTransmittedAll FramesTransmittedwithError OctetsTransmittedwithouterror OctetsTransmittedTotal " +
	"FramesTransmittedUnicast FramesTransmittedMulticast FramesTransmittedBroadcast FramesTransmittedPause FramesTransmittedPriPause FramesTransmittedVLAN " +
	"FramesTransmittedLength_lt_64 FramesTransmittedLength_eq_64 FramesTransmittedLength_65_127 FramesTransmittedLength_128_255 " +
	"FramesTransmittedLength_256_511 FramesTransmittedLength_512_1023 FramesTransmittedLength_1024_1518 FramesTransmittedLength_1519_2047 " +
	"FramesTransmittedLength_2048_4095 FramesTransmittedLength_4096_8191 FramesTransmittedLength_8192_9215 FramesTransmittedLength_9216 " +
	"Pri0FramesTransmitted Pri1FramesTransmitted Pri2FramesTransmitted Pri3FramesTransmitted Pri4FramesTransmitted Pri5FramesTransmitted " +
	"Pri6FramesTransmitted Pri7FramesTransmitted Pri0FramesReceived Pri1FramesReceived Pri2FramesReceived Pri3FramesReceived Pri4FramesReceived " +
	"Pri5FramesReceived Pri6FramesReceived Pri7FramesReceived TransmitPri0Pause1USCount TransmitPri1Pause1USCount TransmitPri2Pause1USCount " +
	"TransmitPri3Pause1USCount TransmitPri4Pause1USCount TransmitPri5Pause1USCount TransmitPri6Pause1USCount TransmitPri7Pause1USCount " +
	"ReceivePri0Pause1USCount ReceivePri1Pause1USCount ReceivePri2Pause1USCount ReceivePri3Pause1USCount ReceivePri4Pause1USCount " +
	"ReceivePri5Pause1USCount ReceivePri6Pause1USCount ReceivePri7Pause1USCount ReceiveStandardPause1USCount FramesTruncated TimeInSec TimeinNSec " +
	"TX_PPS RX_PPS TX_RATE RX_RATE"

// portStat is $PORT_STAT: the frames, octets, address kinds and lengths that
// ports counted. What a port without MAC cannot see (pause frames, FCS errors,
// priorities, rates) reads 0.
func (s *Switch) portStat() *fixedTable {
	var data []string
	for i, n := range strings.Fields(portStatNames) {
		data = append(data, "$"+n+"#"+strconv.Itoa(i+1)+":uint64=0")
	}
	t := &fixedTable{always: true, spec: fixedSpec("$PORT_STAT", 0xff010002, "PortStat", 256, "$DEV_PORT#1:uint32", strings.Join(data, "; "))}
	t.spec.Attributes = []string{"poll_intvl_ms"}
	t.attrs = map[string]fixedAttribute{"poll_intvl_ms": s.statInterval()}
	t.keys = s.everyPort
	t.get = func(k fixedKey) (record, string, error) {
		p, err := s.portKey(k.n[0])
		if err != nil {
			return nil, "", err
		}
		pi := s.pipes[p.Pipe()]
		pi.st.Mu.Lock()
		defer pi.st.Mu.Unlock()
		r := record{}
		for name, at := range statFields(&pi.ports[p.Local()]) {
			r[name] = num64(*at)
		}
		now := s.clock.Now()
		r["$TimeInSec"], r["$TimeinNSec"] = num64(uint64(now/1e9)), num64(uint64(now%1e9))
		return r, "", nil
	}
	t.modify = func(k fixedKey, r record) (func(), error) { return s.writeStat(k, r) }
	t.clear = s.clearStats
	return t
}

// statFields maps $PORT_STAT's fields to the counters behind them.
func statFields(c *portCount) map[string]*uint64 {
	m := map[string]*uint64{
		"$FramesReceivedOK": &c.rx.frames, "$FramesReceivedAll": &c.rx.frames,
		"$OctetsReceivedinGoodFrames": &c.rx.octets, "$OctetsReceived": &c.rx.octets,
		"$FramesReceivedwithUnicastAddresses":   &c.rx.cast[castUnicast],
		"$FramesReceivedwithMulticastAddresses": &c.rx.cast[castMulticast],
		"$FramesReceivedwithBroadcastAddresses": &c.rx.cast[castBroadcast],
		"$FramesTransmittedOK":                  &c.tx.frames, "$FramesTransmittedAll": &c.tx.frames,
		"$OctetsTransmittedwithouterror": &c.tx.octets, "$OctetsTransmittedTotal": &c.tx.octets,
		"$FramesTransmittedUnicast":   &c.tx.cast[castUnicast],
		"$FramesTransmittedMulticast": &c.tx.cast[castMulticast],
		"$FramesTransmittedBroadcast": &c.tx.cast[castBroadcast],
		"$FramesTransmittedwithError": &c.drops[DropForcedError],
	}
	for i, suffix := range []string{
		"lt_64", "eq_64", "65_127", "128_255", "256_511", "512_1023", "1024_1518", "1519_2047", "2048_4095", "4096_8191", "8192_9215", "9216",
	} {
		m["$FramesReceivedLength_"+suffix] = &c.rx.length[i]
		m["$FramesTransmittedLength_"+suffix] = &c.tx.length[i]
	}
	return m
}

// writeStat sets counters; fields that nothing counts can only be set to 0.
func (s *Switch) writeStat(k fixedKey, r record) (func(), error) {
	p, err := s.portKey(k.n[0])
	if err != nil {
		return nil, err
	}
	pi := s.pipes[p.Pipe()]
	pi.st.Mu.Lock()
	defer pi.st.Mu.Unlock()
	c := &pi.ports[p.Local()]
	at := statFields(c)
	for name := range r {
		if at[name] == nil && r.num(name) != 0 {
			return nil, refused(tables.ErrInvalid, "field %s: nothing counts it; it can only be set to 0", name)
		}
	}
	old := *c
	for name, p := range at {
		if _, ok := r[name]; ok {
			*p = r.num(name)
		}
	}
	return s.restoreStat(pi, c, old), nil
}

func (s *Switch) restoreStat(pi *pipe, c *portCount, old portCount) func() {
	return func() {
		pi.st.Mu.Lock()
		defer pi.st.Mu.Unlock()
		c.rx, c.tx, c.drops[DropForcedError] = old.rx, old.tx, old.drops[DropForcedError]
	}
}

func (s *Switch) clearStats(fixedKey) (func(), error) {
	var undo []func()
	for _, pi := range s.pipes {
		pi.st.Mu.Lock()
		for l := range pi.ports {
			c := &pi.ports[l]
			if c.rx == (direction{}) && c.tx == (direction{}) {
				continue
			}
			undo = append(undo, s.restoreStat(pi, c, *c))
			c.rx, c.tx = direction{}, direction{}
		}
		pi.st.Mu.Unlock()
	}
	return func() {
		for _, u := range undo {
			u()
		}
	}, nil
}
