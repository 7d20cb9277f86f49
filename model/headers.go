package model

import (
	"encoding/binary"

	"gofino/pipeline/ir"
)

// Sizes of what precedes the packet at the parsers (tna-semantics.md 2.1, 2.5).
const (
	igIntrBytes = 8
	// Port metadata or resubmit data, with Tofino 2's pad.
	areaBytes1, areaBytes2 = 8, 24
	// areaData2 is what of Tofino 2's area holds data.
	areaData2              = 16
	egBytes1, egBytes2     = 27, 28
	maxEgBytes             = 28
	fcsBytes               = 4 // stripped on arrival, but every length counts it
	tstampMask             = 1<<48 - 1
	maxMirrorHeader        = 32
	maxResubmitBytes       = areaData2
	localMask          int = 0x7f
)

func areaBytes(t ir.Target) int {
	if t == ir.Tofino2 {
		return areaBytes2
	}
	return areaBytes1
}

func areaData(t ir.Target) int {
	if t == ir.Tofino2 {
		return areaData2
	}
	return areaBytes1
}

func egBytes(t ir.Target) int {
	if t == ir.Tofino2 {
		return egBytes2
	}
	return egBytes1
}

// putIngress writes the 8 bytes of ingress intrinsic metadata.
func putIngress(b []byte, resubmit bool, port Port, tstamp int64) {
	binary.BigEndian.PutUint64(b, uint64(port&0x1ff)<<48|uint64(tstamp)&tstampMask)
	if resubmit {
		b[0] |= 0x80
	}
}

// egressHeader is what an egress parser is told about a copy. Where it was in no
// queue, depths and congestion levels are 0.
type egressHeader struct {
	port     Port
	enqTime  int64
	deqDelta int64
	rid      uint16
	first    bool
	qid      uint8
	cos      uint8
	length   int // of the packet, with FCS
}

// put writes the header: 27 bytes on Tofino, 28 on Tofino 2.
func (h *egressHeader) put(b []byte, t ir.Target) {
	b = b[:egBytes(t)]
	clear(b)
	binary.BigEndian.PutUint16(b[0:], uint16(h.port)&0x1ff) // 7
	if t == ir.Tofino2 {
		binary.BigEndian.PutUint32(b[6:], uint32(h.enqTime))   // 48
		binary.BigEndian.PutUint32(b[15:], uint32(h.deqDelta)) // 120
		b[22] = h.qid & 0x7f                                   // 177
	} else {
		put18(b[7:], h.enqTime)   // 62
		put18(b[16:], h.deqDelta) // 134
		b[22] = h.qid & 0x1f      // 179
	}
	binary.BigEndian.PutUint16(b[19:], h.rid) // 152
	if h.first {
		b[21] = 1 // 175
	}
	b[23] = h.cos & 7                                    // 189
	binary.BigEndian.PutUint16(b[25:], uint16(h.length)) // 200
}

// put18 writes the low 18 bits right-aligned in 3 bytes.
func put18(b []byte, v int64) {
	b[0], b[1], b[2] = byte(v>>16)&3, byte(v>>8), byte(v)
}

// depthMask is what a queue depth in cells is cut to.
const depthMask = 1<<19 - 1

// put writes what the packet saw of its queue: the depth in front of it, the one
// that it left behind, and the levels.
func (k *queued) put(b []byte) {
	put19(b[2:], min(k.enqDepth, depthMask))  // 21
	b[5] = k.enqLevel & 3                     // 46
	put19(b[10:], min(k.deqDepth, depthMask)) // 85
	b[13] = k.deqLevel & 3                    // 110
	b[14] = k.poolLevel                       // 112
}

// put19 writes 19 bits right-aligned in 3 bytes.
func put19(b []byte, v int) { b[0], b[1], b[2] = byte(v>>16)&7, byte(v>>8), byte(v) }
