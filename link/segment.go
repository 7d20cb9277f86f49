package link

import "encoding/binary"

// IP protocol numbers.
const (
	protoTCP  = 6
	protoUDP  = 17
	protoSCTP = 132
)

// Kinds of superframe, as the kernel's virtio_net_hdr names them in gso_type.
const (
	gsoNone  = 0
	gsoTCPv4 = 1
	gsoTCPv6 = 4
	gsoUDP   = 5
	gsoECN   = 0x80 // a flag: the first segment carries CWR
)

// ipPacket tells where the parts of a frame's outermost IP packet lie.
type ipPacket struct {
	l3, l4, end int // offsets in the frame; end is where the IP packet ends
	v6          bool
	proto       byte // of what starts at l4
	partial     bool // the stack left the transport checksum to be completed
}

// parseIP finds the IP packet behind any number of VLAN tags. It reports false
// for anything else, for a truncated header, and for a fragment other than the first.
func parseIP(f []byte) (ipPacket, bool) {
	off := 12
	for {
		if off+2 > len(f) {
			return ipPacket{}, false
		}
		switch binary.BigEndian.Uint16(f[off:]) {
		case 0x8100, 0x88a8:
			off += 4
		case 0x0800:
			return parseIPv4(f, off+2)
		case 0x86dd:
			return parseIPv6(f, off+2)
		default:
			return ipPacket{}, false
		}
	}
}

func parseIPv4(f []byte, l3 int) (ipPacket, bool) {
	if l3+20 > len(f) || f[l3]>>4 != 4 {
		return ipPacket{}, false
	}
	h := f[l3:]
	ihl := int(h[0]&15) * 4
	fragment := binary.BigEndian.Uint16(h[6:]) & 0x1fff
	if ihl < 20 || ihl > len(h) || fragment != 0 {
		return ipPacket{}, false
	}
	p := ipPacket{l3: l3, l4: l3 + ihl, end: len(f), proto: h[9]}
	// A total length of 0 is how the kernel marks packets beyond 64 KiB.
	if n := int(binary.BigEndian.Uint16(h[2:])); n >= ihl && l3+n < p.end {
		p.end = l3 + n
	}
	return p, true
}

func parseIPv6(f []byte, l3 int) (ipPacket, bool) {
	if l3+40 > len(f) || f[l3]>>4 != 6 {
		return ipPacket{}, false
	}
	p := ipPacket{l3: l3, l4: l3 + 40, end: len(f), v6: true, proto: f[l3+6]}
	if n := int(binary.BigEndian.Uint16(f[l3+4:])); n > 0 && l3+40+n < p.end {
		p.end = l3 + 40 + n
	}
	for p.proto == 0 || p.proto == 43 || p.proto == 60 { // hop-by-hop, routing, destination options
		if p.l4+8 > p.end {
			return ipPacket{}, false
		}
		p.proto = f[p.l4]
		p.l4 += 8 + int(f[p.l4+1])*8
	}
	return p, p.l4 <= p.end
}

// pseudoSum is the sum of the pseudo header for a transport segment of n bytes.
func (p ipPacket) pseudoSum(f []byte, n int) uint64 {
	addrs := f[p.l3+12 : p.l3+20]
	if p.v6 {
		addrs = f[p.l3+8 : p.l3+40]
	}
	tail := [4]byte{0, p.proto, byte(n >> 8), byte(n)}
	return onesSum(tail[:], onesSum(addrs, 0))
}

// scratch is memory for segments, used again for every batch. It grows to what
// the worst batch needed and stays there.
type scratch struct {
	chunks [][]byte
	chunk  int // chunks[chunk] is being filled
	used   int // bytes used of it
}

const scratchChunk = 256 << 10

// take returns n bytes, n <= scratchChunk, that nobody else has until reset.
func (s *scratch) take(n int) []byte {
	if s.chunk < len(s.chunks) && s.used+n > scratchChunk {
		s.chunk, s.used = s.chunk+1, 0
	}
	if s.chunk == len(s.chunks) {
		s.chunks = append(s.chunks, make([]byte, scratchChunk))
	}
	b := s.chunks[s.chunk][s.used : s.used+n : s.used+n]
	s.used += n
	return b
}

func (s *scratch) reset() { s.chunk, s.used = 0, 0 }

// segment cuts a superframe into the frames that a network card would have
// sent: size bytes of transport payload each, the rest in the last one, with
// lengths, IPv4 identification, TCP sequence numbers and flags, and checksums
// as in the kernel's own software segmentation. The segments are appended to
// out and live in s. csumStart is where the stack left the transport checksum
// to be completed, or -1; a superframe inside a tunnel is recognised by it.
//
// It reports false, and appends nothing, for what it cannot cut.
func segment(out []Frame, s *scratch, in Frame, gsoType byte, size, csumStart int) ([]Frame, bool) {
	f := in.Data
	p, ok := parseIP(f)
	if !ok || size < 1 || csumStart >= 0 && csumStart != p.l4 {
		return out, false
	}
	p.partial = csumStart >= 0
	headers, ok := p.segmentHeaders(f, gsoType&^gsoECN)
	if !ok || headers+size > MaxFrame {
		return out, false
	}
	first := len(out)
	for at, index := headers, 0; at < p.end; index++ {
		n := min(size, p.end-at)
		seg := s.take(headers + n)
		copy(seg, f[:headers])
		copy(seg[headers:], f[at:at+n])
		at += n
		p.finish(seg, headers, index, size, at >= p.end)
		out = append(out, Frame{Data: seg, Time: in.Time})
	}
	return out, len(out) > first
}

// segmentHeaders is how many bytes of the superframe every segment repeats.
func (p ipPacket) segmentHeaders(f []byte, gsoType byte) (int, bool) {
	switch gsoType {
	case gsoTCPv4, gsoTCPv6:
		if p.proto != protoTCP || p.v6 != (gsoType == gsoTCPv6) || p.l4+20 > p.end {
			return 0, false
		}
		n := int(f[p.l4+12]>>4) * 4
		return p.l4 + n, n >= 20 && p.l4+n < p.end
	case gsoUDP:
		return p.l4 + 8, p.proto == protoUDP && p.l4+8 < p.end
	}
	return 0, false
}

// finish gives segment number index of a superframe its own header fields.
func (p ipPacket) finish(seg []byte, headers, index, size int, last bool) {
	if p.v6 {
		binary.BigEndian.PutUint16(seg[p.l3+4:], uint16(len(seg)-p.l3-40))
	} else {
		ip := seg[p.l3:p.l4]
		binary.BigEndian.PutUint16(ip[2:], uint16(len(seg)-p.l3))
		id := binary.BigEndian.Uint16(ip[4:])
		binary.BigEndian.PutUint16(ip[4:], id+uint16(index))
		ip[10], ip[11] = 0, 0
		binary.LittleEndian.PutUint16(ip[10:], ^fold(onesSum(ip, 0)))
	}
	l4 := seg[p.l4:]
	sum := p.pseudoSum(seg, len(l4))
	if p.proto == protoUDP {
		binary.BigEndian.PutUint16(l4[4:], uint16(len(l4)))
		if l4[6] == 0 && l4[7] == 0 && !p.partial {
			return // the sender uses no checksum
		}
		l4[6], l4[7] = 0, 0
		putChecksum(l4[6:], onesSum(l4, sum))
		return
	}
	seq := binary.BigEndian.Uint32(l4[4:])
	binary.BigEndian.PutUint32(l4[4:], seq+uint32(index*size))
	const fin, psh, cwr = 0x01, 0x08, 0x80
	if !last {
		l4[13] &^= fin | psh
	}
	if index > 0 {
		l4[13] &^= cwr
	}
	l4[16], l4[17] = 0, 0
	binary.LittleEndian.PutUint16(l4[16:], ^fold(onesSum(l4, sum)))
}
