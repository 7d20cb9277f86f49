package model

import (
	"encoding/binary"
	"sync/atomic"

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
// through. The vendor's truncation test measured 128 as 128 on both chips, but
// 64 as 60 on Tofino 2: there a limit of at most a minimal frame counts the FCS
// (tna-semantics.md section 6 calls it a quirk).
func (s *session) limit(t ir.Target) int {
	if t == ir.Tofino2 && s.maxLen <= 64 {
		return max(s.maxLen-fcsBytes, 0)
	}
	return s.maxLen
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
	return binary.BigEndian.AppendUint32(b, uint32(s.maxLen))
}
