package model

import (
	"encoding/binary"
	"sync/atomic"

	"gofino/pipeline"
	"gofino/pipeline/ir"
)

// noTruncation is how the chip stores "no maximum length".
const noTruncation = 0xffff

// session is a mirror session as the packet path sees it. Immutable.
type session struct {
	enabled         bool
	ingress, egress bool
	ucast           bool
	port            Port
	qid, cos, color uint8
	hash1, hash2    uint16
	grpA, grpB      uint16
	aValid, bValid  bool
	xid, yid, rid   uint16
	cpuCos          uint8
	toCPU           bool
	maxLen          int // noTruncation: none
	keep            keeps
}

// keeps are the parameters that Tofino 2's packets cannot override: the
// $..._cfg_flag fields ("from the session table" rather than "from the MAU").
type keeps struct{ hash, cos, deflect, groups, port bool }

// override is what a packet of Tofino 2 says in place of its mirror session (the
// mirror_... fields of tna-semantics.md 2.4). How the two go together is not
// public beyond the driver's names for the flags; the choices here:
//
//   - A field counts where the program assigned it for this packet.
//   - mirror_hash stands for both hashes. With $hash_cfg_flag both are the
//     session's level 1 hash ($hash_cfg_flag_p) or its level 2 hash.
//   - mirror_egress_port makes the unicast copy valid.
//   - mirror_multicast_ctrl = 1 sends the session's groups whether the session
//     has them valid or not; 0 leaves it to the session, as the vendor's
//     mirror_test expects.
//   - mirror_qid has no flag: it always counts. $c2c_cfg_flag has no field.
type override struct {
	hash, cos, deflect, port, qid bool // what is given
	groups                        bool
	deflectOn                     bool
	hashes                        uint16
	to                            Port
	toCos, toQID                  uint8
}

// overrideOf reads what a pass left. Fields of other chips read as not given.
func overrideOf(p *pipeline.Pass) override {
	return override{
		hash: p.Intr(ir.MirrorHashValid) != 0, hashes: uint16(p.Intr(ir.MirrorHash)),
		cos: p.Intr(ir.MirrorIngressCosValid) != 0, toCos: uint8(p.Intr(ir.MirrorIngressCos)),
		deflect: p.Intr(ir.MirrorDeflectOnDropValid) != 0, deflectOn: p.Intr(ir.MirrorDeflectOnDrop) != 0,
		port: p.Intr(ir.MirrorEgressPortValid) != 0, to: Port(p.Intr(ir.MirrorEgressPort)),
		qid: p.Intr(ir.MirrorQIDValid) != 0, toQID: uint8(p.Intr(ir.MirrorQID)),
		groups: p.Intr(ir.MirrorMulticastCtrl) != 0,
	}
}

// with is the session as a packet with an override sees it. deflect tells whether
// its copies are deflected rather than dropped.
func (s *session) with(o override) (out session, deflect bool) {
	out = *s
	if o.hash && !s.keep.hash {
		out.hash1, out.hash2 = o.hashes, o.hashes
	}
	if o.cos && !s.keep.cos {
		out.cos = o.toCos
	}
	if o.port && !s.keep.port {
		out.ucast, out.port = true, o.to
	}
	if o.groups && !s.keep.groups {
		out.aValid, out.bValid = s.aValid || s.grpA != 0, s.bValid || s.grpB != 0
	}
	if o.qid {
		out.qid = o.toQID
	}
	return out, o.deflect && o.deflectOn && !s.keep.deflect
}

// mirrors are the mirror sessions of the chip, by session id; nil: no session.
type mirrors []atomic.Pointer[session]

// newMirrors: ids 1..1015 of 1024 on Tofino, 1..255 of 256 on Tofino 2
// (chip.md section 10).
func newMirrors(t ir.Target) mirrors {
	if t == ir.Tofino2 {
		return make(mirrors, 256)
	}
	return make(mirrors, 1016)
}

// usable finds the session that a gress may mirror to.
func (m mirrors) usable(id uint64, d ir.Dir) *session {
	if id == 0 || id >= uint64(len(m)) {
		return nil
	}
	s := m[id].Load()
	if s == nil || !s.enabled || d == ir.Ingress && !s.ingress || d == ir.Egress && !s.egress {
		return nil
	}
	return s
}

// limit is the most bytes of mirror header and packet that the session lets
// through. Tofino 2 truncates to multiples of four bytes, as its driver says. The
// vendor's truncation test measured 128 as 128 on both chips, but 64 as 60 on
// Tofino 2: there a limit of at most a minimal frame counts the FCS
// (tna-semantics.md section 6 calls it a quirk).
func (s *session) limit(t ir.Target) int {
	switch {
	case t != ir.Tofino2 || s.maxLen == noTruncation:
		return s.maxLen
	case s.maxLen <= 64:
		return max(s.maxLen&^3-fcsBytes, 0)
	}
	return s.maxLen &^ 3
}

// truncate shortens head and payload to n bytes together.
func truncate(head, payload []byte, n int) ([]byte, []byte) {
	if len(head) >= n {
		return head[:n], nil
	}
	if len(head)+len(payload) > n {
		payload = payload[:n-len(head)]
	}
	return head, payload
}

// appendState writes the session for StateHash.
func (s *session) appendState(b []byte) []byte {
	for _, f := range []bool{s.enabled, s.ingress, s.egress, s.ucast, s.aValid, s.bValid, s.toCPU} {
		if f {
			b = append(b, 1)
		} else {
			b = append(b, 0)
		}
	}
	for _, n := range []uint16{uint16(s.port), s.hash1, s.hash2, s.grpA, s.grpB, s.xid, s.yid, s.rid} {
		b = binary.BigEndian.AppendUint16(b, n)
	}
	b = append(b, s.qid, s.cos, s.color, s.cpuCos)
	for _, f := range []bool{s.keep.hash, s.keep.cos, s.keep.deflect, s.keep.groups, s.keep.port} {
		if f {
			b = append(b, 1)
		}
	}
	return binary.BigEndian.AppendUint32(b, uint32(s.maxLen))
}
