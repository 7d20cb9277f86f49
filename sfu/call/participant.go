package call

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/stun/v3"

	"gofino/sfu"
)

// participant is one end of the call. All of it belongs to Run's goroutine.
type participant struct {
	n       int
	at      sfu.Address
	service sfu.Address
	rid     sfu.ParticipantID
	ufrag   string
	tracks  []*track
	remote  []*inbound
	rng     *rand.Rand
	send    func(frame []byte) error
	buf     []byte
	epoch   time.Time // wall time of the call's start, for NTP

	stunID     [stun.TransactionIDSize]byte
	stunOK     bool
	rr, pli    int
	plisAbout  int
	unexpected int
}

func newParticipant(n int, at, service sfu.Address, seed uint64) (*participant, error) {
	p := &participant{n: n, at: at, service: service, ufrag: fmt.Sprintf("peer%d", n),
		rng: rand.New(rand.NewPCG(seed, uint64(n)))}
	for _, video := range []bool{false, true} {
		ssrc := p.rng.Uint32()
		t, err := newTrack(ssrc, video, p.rng)
		if err != nil {
			return nil, err
		}
		p.tracks = append(p.tracks, t)
	}
	for i := range p.stunID {
		p.stunID[i] = byte(p.rng.Uint32())
	}
	return p, nil
}

func (p *participant) audio() *track { return p.tracks[0] }
func (p *participant) video() *track { return p.tracks[1] }

// datagram sends a payload to the SFU.
func (p *participant) datagram(payload []byte) error {
	d := sfu.Datagram{SrcMAC: p.at.MAC, DstMAC: p.service.MAC, Src: p.at.UDP, Dst: p.service.UDP, Payload: payload}
	p.buf = d.Append(p.buf[:0])
	return p.send(p.buf)
}

// check sends a connectivity check.
func (p *participant) check(ufrag, password string) error {
	m, err := stun.Build(stun.NewTransactionIDSetter(p.stunID), stun.BindingRequest, stun.NewUsername(ufrag+":"+p.ufrag),
		stun.NewShortTermIntegrity(password), stun.Fingerprint)
	if err != nil {
		return fmt.Errorf("build STUN request: %w", err)
	}
	return p.datagram(m.Raw)
}

// frame sends a track's next frame.
func (p *participant) frame(t *track, now time.Duration) error {
	packets, err := t.next(now)
	if err != nil {
		return err
	}
	for _, b := range packets {
		if err := p.datagram(b); err != nil {
			return err
		}
	}
	return nil
}

// senderReports sends an SR, with the name that belongs to it, per track.
func (p *participant) senderReports(now time.Duration) error {
	for _, t := range p.tracks {
		cname := &rtcp.SourceDescription{Chunks: []rtcp.SourceDescriptionChunk{{Source: t.ssrc,
			Items: []rtcp.SourceDescriptionItem{{Type: rtcp.SDESCNAME, Text: fmt.Sprintf("participant-%d", p.n)}}}}}
		sr := &rtcp.SenderReport{SSRC: t.ssrc, NTPTime: ntp(p.epoch.Add(now)), RTPTime: t.rtpTime,
			PacketCount: uint32(len(t.log)), OctetCount: t.octets}
		if err := p.rtcp(sr, cname); err != nil {
			return err
		}
	}
	return nil
}

// ntp is a time as RTCP has it: seconds since 1900 and fraction.
func ntp(t time.Time) uint64 {
	const unixEpoch = 2208988800
	return uint64(t.Unix()+unixEpoch)<<32 | uint64(t.Nanosecond())<<32/uint64(time.Second)
}

// receiverReports sends an RR about each remote stream. One report each: the
// data plane looks at the first block only.
func (p *participant) receiverReports() error {
	for _, in := range p.remote {
		if in.highest < 0 {
			continue
		}
		first := uint32(in.from.firstSeq)
		rr := &rtcp.ReceiverReport{SSRC: p.audio().ssrc, Reports: []rtcp.ReceptionReport{{
			SSRC: in.from.ssrc, LastSequenceNumber: first + uint32(in.highest),
		}}}
		if err := p.rtcp(rr); err != nil {
			return err
		}
	}
	return nil
}

// pictureLoss asks a sender for a key frame.
func (p *participant) pictureLoss(of *track) error {
	return p.rtcp(&rtcp.PictureLossIndication{SenderSSRC: p.audio().ssrc, MediaSSRC: of.ssrc})
}

func (p *participant) rtcp(packets ...rtcp.Packet) error {
	b, err := rtcp.Marshal(packets)
	if err != nil {
		return fmt.Errorf("marshal RTCP: %w", err)
	}
	return p.datagram(b)
}

// receive takes a frame from the wire. Whatever does not come from the SFU to
// this participant, with right checksums, or is no part of the call, counts as
// unexpected.
func (p *participant) receive(frame []byte) {
	d, err := sfu.ParseDatagram(frame)
	if err != nil || d.Src != p.service.UDP || d.Dst != p.at.UDP || d.SrcMAC != p.service.MAC || d.DstMAC != p.at.MAC || len(d.Payload) < 2 {
		p.unexpected++
		return
	}
	ok := false
	switch b0, b1 := d.Payload[0], d.Payload[1]; {
	case b0 < 4:
		ok = p.answered(d.Payload)
	case b0>>6 == 2 && b1 >= 192 && b1 <= 223:
		ok = p.report(d.Payload)
	case b0>>6 == 2:
		ok = p.media(d.Payload)
	}
	if !ok {
		p.unexpected++
	}
}

func (p *participant) answered(b []byte) bool {
	m := &stun.Message{Raw: append([]byte(nil), b...)}
	var seen stun.XORMappedAddress
	if m.Decode() != nil || m.Type != stun.BindingSuccess || m.TransactionID != p.stunID || seen.GetFrom(m) != nil {
		return false
	}
	addr, _ := netip.AddrFromSlice(seen.IP)
	p.stunOK = netip.AddrPortFrom(addr.Unmap(), uint16(seen.Port)) == p.at.UDP
	return p.stunOK
}

func (p *participant) stream(ssrc uint32) *inbound {
	for _, in := range p.remote {
		if in.from.ssrc == ssrc {
			return in
		}
	}
	return nil
}

func (p *participant) media(b []byte) bool {
	var h rtp.Header
	if _, err := h.Unmarshal(b); err != nil {
		return false
	}
	in := p.stream(h.SSRC)
	if in == nil {
		return false
	}
	in.take(&h, b)
	return true
}

func (p *participant) report(b []byte) bool {
	packets, err := rtcp.Unmarshal(b)
	if err != nil {
		return false
	}
	switch r := packets[0].(type) {
	case *rtcp.SenderReport:
		in := p.stream(r.SSRC)
		if in != nil {
			in.reports++
		}
		return in != nil
	case *rtcp.ReceiverReport:
		p.rr++
		return p.owns(r.Reports[0].SSRC)
	case *rtcp.PictureLossIndication:
		p.pli++
		p.video().wantKey = true
		return r.MediaSSRC == p.video().ssrc
	}
	return false
}

func (p *participant) owns(ssrc uint32) bool {
	return p.audio().ssrc == ssrc || p.video().ssrc == ssrc
}
