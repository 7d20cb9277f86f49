package model

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"gofino/pipeline/ir"
	"gofino/pre"
	"gofino/tables"
)

const portSpeeds = "BF_SPEED_NONE,BF_SPEED_1G,BF_SPEED_10G,BF_SPEED_25G,BF_SPEED_40G,BF_SPEED_40G_NB,BF_SPEED_40G_NON_BREAKABLE," +
	"BF_SPEED_50G,BF_SPEED_100G,BF_SPEED_200G,BF_SPEED_400G"

// portData is $PORT's data; loop and delta differ between the chips.
func portData(t ir.Target) string {
	loop, delta := "", "$TIMESTAMP_1588_DELTA_RX#29:uint16; "
	if t == ir.Tofino2 {
		loop, delta = ",BF_LPBK_PIPE", ""
	}
	return "$SPEED#1:string{" + portSpeeds + "}; " +
		"$FEC#2:string{BF_FEC_TYP_NONE,BF_FEC_TYP_FIRECODE,BF_FEC_TYP_REED_SOLOMON,BF_FEC_TYP_FC,BF_FEC_TYP_RS}; " +
		"$N_LANES#3:uint32=1; $PORT_ENABLE#4:bool=False; " +
		"$AUTO_NEGOTIATION#5:string{PM_AN_DEFAULT,PM_AN_FORCE_ENABLE,PM_AN_FORCE_DISABLE}; " +
		"$LOOPBACK_MODE#6:string{BF_LPBK_NONE,BF_LPBK_MAC_NEAR,BF_LPBK_MAC_FAR,BF_LPBK_PCS_NEAR,BF_LPBK_SERDES_NEAR,BF_LPBK_SERDES_FAR" + loop + "}; " +
		"$TX_MTU#7:uint32=10240; $RX_MTU#8:uint32=10240; $TX_PFC_EN_MAP#9:uint32=0; $RX_PFC_EN_MAP#10:uint32=0; " +
		"$TX_PAUSE_FRAME_EN#11:bool=False; $RX_PAUSE_FRAME_EN#12:bool=False; $CUT_THROUGH_EN#13:bool=False; " +
		"$PORT_DIR#14:string{PM_PORT_DIR_DEFAULT,PM_PORT_DIR_TX_ONLY,PM_PORT_DIR_RX_ONLY}; " +
		"$MEDIA_TYPE#15:string{BF_MEDIA_TYPE_COPPER,BF_MEDIA_TYPE_OPTICAL,BF_MEDIA_TYPE_UNKNOWN}/O; " +
		"$SDS_TX_ATTN#16:uint32=0; $SDS_TX_PRE#17:int32=0; $SDS_TX_PRE2#18:int32=0; $SDS_TX_POST#19:int32=0; $SDS_TX_POST2#20:int32=0; " +
		"$IS_VALID#21:bool/O; $IS_INTERNAL#22:bool/O; $CONN_ID#23:uint32/O; $CHNL_ID#24:uint32/O; $PORT_UP#25:bool/O; $PORT_NAME#26:string/O; " +
		"$RX_PRSR_PRI_THRESH#27:uint32; $TIMESTAMP_1588_DELTA_TX#28:uint16; " + delta +
		"$TIMESTAMP_1588_VALID#30:bool/O; $TIMESTAMP_1588_VALUE#31:uint64/O; $TIMESTAMP_1588_ID#32:uint32/O; $PLL_OVRCLK#33:float=0"
}

// portEntry is a port as the controller wrote it. Immutable.
type portEntry struct{ values record }

func (e *portEntry) enabled() bool { return e.values.flag("$PORT_ENABLE") }

// loopback: modes in which what the switch sends comes back to it.
func (e *portEntry) loopback() bool {
	switch e.values.text("$LOOPBACK_MODE") {
	case "BF_LPBK_MAC_NEAR", "BF_LPBK_PCS_NEAR", "BF_LPBK_SERDES_NEAR", "BF_LPBK_PIPE":
		return true
	}
	return false
}

// portTables are $PORT and the tables around it.
func (s *Switch) portTables() []*fixedTable {
	return []*fixedTable{s.portCfg(), s.portStat(), s.portByHandle(), s.portByIndex(), s.portByName()}
}

func (s *Switch) portCfg() *fixedTable {
	t := &fixedTable{both: true, spec: fixedSpec("$PORT", 0xff010001, "PortConfigure", 256, "$DEV_PORT#1:uint32", portData(s.target))}
	t.spec.Attributes = []string{"port_status_notif_cb"}
	t.attrs = map[string]fixedAttribute{"port_status_notif_cb": s.portNotify()}
	t.insert = func(k fixedKey, r record) (func(), error) {
		return s.setPort(k, func(old *portEntry) (record, error) {
			if old != nil {
				return nil, refused(tables.ErrExists, "port %d", k.n[0])
			}
			for _, f := range []string{"$SPEED", "$FEC"} {
				if r[f] == nil {
					return nil, refused(tables.ErrInvalid, "field %s is missing", f)
				}
			}
			return r, nil
		})
	}
	t.modify = func(k fixedKey, r record) (func(), error) {
		return s.setPort(k, func(old *portEntry) (record, error) {
			if old == nil {
				return nil, refused(tables.ErrNotFound, "port %d", k.n[0])
			}
			merged := maps.Clone(old.values)
			maps.Copy(merged, r)
			return merged, nil
		})
	}
	t.delete = func(k fixedKey) (func(), error) {
		return s.setPort(k, func(old *portEntry) (record, error) {
			return nil, nil // the chip's driver does not mind one that is not there
		})
	}
	t.clear = s.clearPorts
	t.keys = func() []fixedKey {
		s.mu.Lock()
		defer s.mu.Unlock()
		var out []fixedKey
		for _, p := range slices.Sorted(maps.Keys(s.portTable)) {
			out = append(out, fixedKey{n: [2]uint64{uint64(p)}})
		}
		return out
	}
	t.get = s.readPort
	return t
}

// portKey checks a $DEV_PORT.
func (s *Switch) portKey(n uint64) (Port, error) {
	if n >= uint64(len(s.ports)) || !validPort(Port(n), s.conf.Pipes) {
		return 0, refused(tables.ErrInvalid, "port %d (ports: pipe<<7 | local; pipe 0..%d, local 0..71)", n, s.conf.Pipes-1)
	}
	return Port(n), nil
}

// setPort replaces a port's entry by what change makes of it; nil deletes it.
func (s *Switch) setPort(k fixedKey, change func(*portEntry) (record, error)) (func(), error) {
	p, err := s.portKey(k.n[0])
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.portTable[p]
	r, err := change(old)
	if err != nil {
		return nil, err
	}
	var to *portEntry
	if r != nil {
		to = &portEntry{values: r}
	}
	restore := s.portRestorer(p, old)
	s.storePort(p, to)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		restore()
	}, nil
}

// portRestorer puts the entry back, and forgets a failover, and a port down seen
// by the packet generator, that the port did not have before. The caller of both
// holds mu.
func (s *Switch) portRestorer(p Port, e *portEntry) func() {
	was, err := s.pre.Port(pre.Port(p))
	forget := s.pktgen.downRestorer(p)
	return func() {
		s.storePort(p, e)
		forget()
		if err != nil || was.Failed {
			return
		}
		if _, err := s.pre.ClearFailover(pre.Port(p)); err != nil {
			panic("BUG: a port that had a state has none: " + err.Error())
		}
	}
}

func (s *Switch) storePort(p Port, e *portEntry) {
	if e == nil {
		delete(s.portTable, p)
	} else {
		s.portTable[p] = e
	}
	s.setPortFlags(p)
	s.tm.portChanged(p)
}

func (s *Switch) clearPorts(fixedKey) (func(), error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var restore []func()
	for p, e := range maps.Clone(s.portTable) {
		restore = append(restore, s.portRestorer(p, e))
		s.storePort(p, nil)
	}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, r := range restore {
			r()
		}
	}, nil
}

// readPort adds what the chip knows to what was written.
func (s *Switch) readPort(k fixedKey) (record, string, error) {
	p, err := s.portKey(k.n[0])
	if err != nil {
		return nil, "", err
	}
	s.mu.Lock()
	e := s.portTable[p]
	s.mu.Unlock()
	if e == nil {
		return nil, "", refused(tables.ErrNotFound, "port %d", p)
	}
	r := maps.Clone(e.values)
	conn, chnl := s.connector(p)
	r["$MEDIA_TYPE"] = "BF_MEDIA_TYPE_UNKNOWN"
	r["$IS_VALID"] = true
	r["$IS_INTERNAL"] = !s.front(p)
	r["$CONN_ID"], r["$CHNL_ID"] = num32(uint64(conn)), num32(uint64(chnl))
	r["$PORT_UP"] = s.ports[p].Load()&portUp != 0
	r["$PORT_NAME"] = s.portName(p)
	pi := s.pipes[p.Pipe()]
	pi.st.Mu.Lock()
	c := &pi.ports[p.Local()]
	r["$TIMESTAMP_1588_VALID"], r["$TIMESTAMP_1588_VALUE"], r["$TIMESTAMP_1588_ID"] = c.tsValid, num64(uint64(c.tsValue)), num32(uint64(c.tsID))
	pi.st.Mu.Unlock()
	return r, "", nil
}

// The connectors of the full parts (chip.md section 1). Tofino, BFN-T10-064Q:
// connector c, 1..64, has channels 0..3; 65 leads to the CPU. Tofino 2,
// BFN-T20-128Q: 1..32 with channels 0..7; 33 is MAC block 0 of pipe 0.
func (s *Switch) connectorShape() (perPipe, channels, firstBlock int) {
	if s.target == ir.Tofino2 {
		return 8, 8, 1
	}
	return 16, 4, 0
}

// connector is 0, 0 for a port without one.
func (s *Switch) connector(p Port) (conn, chnl int) {
	perPipe, channels, first := s.connectorShape()
	if s.front(p) {
		return p.Pipe()*perPipe + p.Local()/channels - first + 1, p.Local() % channels
	}
	if cpuPort(s.target, p) {
		return maxPipes*perPipe + 1, p.Local() % channels
	}
	return 0, 0
}

func (s *Switch) portOf(conn, chnl uint64) (Port, bool) {
	for _, k := range s.everyPort() {
		c, h := s.connector(Port(k.n[0]))
		if c != 0 && uint64(c) == conn && uint64(h) == chnl {
			return Port(k.n[0]), true
		}
	}
	return 0, false
}

// portName is "CONNECTOR/CHANNEL", "" for a port without connector.
func (s *Switch) portName(p Port) string {
	conn, chnl := s.connector(p)
	if conn == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", conn, chnl)
}

// connected lists the ports that have a connector, by it.
func (s *Switch) connected() []Port {
	var out []Port
	for _, k := range s.everyPort() {
		if c, _ := s.connector(Port(k.n[0])); c != 0 {
			out = append(out, Port(k.n[0]))
		}
	}
	slices.SortFunc(out, func(a, b Port) int {
		ca, ha := s.connector(a)
		cb, hb := s.connector(b)
		return (ca-cb)*16 + ha - hb
	})
	return out
}

func devPort(p Port) record { return record{"$DEV_PORT": num32(uint64(p))} }

func (s *Switch) portByHandle() *fixedTable {
	t := &fixedTable{spec: fixedSpec("$PORT_HDL_INFO", 0xff010003, "PortHdlInfo", 256, "$CONN_ID#1:uint32=0; $CHNL_ID#2:uint32=0", "$DEV_PORT#1:uint32/O")}
	t.get = func(k fixedKey) (record, string, error) {
		p, ok := s.portOf(k.n[0], k.n[1])
		if !ok {
			return nil, "", refused(tables.ErrNotFound, "connector %d channel %d", k.n[0], k.n[1])
		}
		return devPort(p), "", nil
	}
	t.keys = func() (out []fixedKey) {
		for _, p := range s.connected() {
			c, h := s.connector(p)
			out = append(out, fixedKey{n: [2]uint64{uint64(c), uint64(h)}})
		}
		return out
	}
	return t
}

// portByIndex numbers the front-panel ports by connector and channel, from 0.
func (s *Switch) portByIndex() *fixedTable {
	t := &fixedTable{spec: fixedSpec("$PORT_FP_IDX_INFO", 0xff010004, "PortFpIdxInfo", 256, "$FP_IDX#1:uint32=0", "$DEV_PORT#1:uint32/O")}
	front := slices.DeleteFunc(s.connected(), func(p Port) bool { return !s.front(p) })
	t.get = func(k fixedKey) (record, string, error) {
		if k.n[0] >= uint64(len(front)) {
			return nil, "", refused(tables.ErrNotFound, "front-panel port %d (front-panel ports: 0..%d)", k.n[0], len(front)-1)
		}
		return devPort(front[k.n[0]]), "", nil
	}
	t.keys = func() []fixedKey { return upTo(len(front)) }
	return t
}

func (s *Switch) portByName() *fixedTable {
	t := &fixedTable{spec: fixedSpec("$PORT_STR_INFO", 0xff010005, "PortStrInfo", 256, "$PORT_NAME#1:string", "$DEV_PORT#1:uint32/O")}
	t.get = func(k fixedKey) (record, string, error) {
		c, h, _ := strings.Cut(k.str, "/")
		conn, err1 := strconv.ParseUint(c, 10, 32)
		chnl, err2 := strconv.ParseUint(h, 10, 32)
		p, ok := s.portOf(conn, chnl)
		if err1 != nil || err2 != nil || !ok {
			return nil, "", refused(tables.ErrNotFound, "port %q (names: CONNECTOR/CHANNEL)", k.str)
		}
		return devPort(p), "", nil
	}
	t.keys = func() (out []fixedKey) {
		for _, p := range s.connected() {
			out = append(out, fixedKey{str: s.portName(p)})
		}
		return out
	}
	return t
}

// appendTables writes what controllers wrote into $PORT, and the links. What
// they wrote into $mirror.cfg is in the sessions.
func (s *Switch) appendTables(b []byte) []byte {
	for _, up := range s.link {
		if up {
			b = append(b, 1)
		} else {
			b = append(b, 0)
		}
	}
	for _, p := range slices.Sorted(maps.Keys(s.portTable)) {
		b = binary.BigEndian.AppendUint16(b, uint16(p))
		r := s.portTable[p].values
		for _, f := range slices.Sorted(maps.Keys(r)) {
			b = fmt.Appendf(b, "%s=%v;", f, r[f])
		}
	}
	return b
}
