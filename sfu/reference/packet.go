package reference

import "encoding/binary"

var be = binary.BigEndian

// Offsets in an Ethernet frame with an IPv4 header without options.
const (
	offType    = 12
	offNet     = 14
	offARPOper = offNet + 6
	offARPSMAC = offNet + 8
	offARPSIP  = offNet + 14
	offARPTMAC = offNet + 18
	offARPTIP  = offNet + 24
	arpEnd     = offNet + 28
	offFrag    = offNet + 6
	offTTL     = offNet + 8
	offProto   = offNet + 9
	offIPSum   = offNet + 10
	offSrc     = offNet + 12
	offDst     = offNet + 16
	offL4      = offNet + 20
	offUDPLen  = offL4 + 4
	offUDPSum  = offL4 + 6
	offPayload = offL4 + 8
	offICMPSum = offL4 + 2
	icmpEnd    = offL4 + 4
)

type kind uint8

const (
	other kind = iota
	arp
	icmp
	udp
)

type class uint8

const (
	unclassified class = iota
	stun
	dtls
	rtp
	report // sender report
	feedback
)

// packet is what a frame says.
type packet struct {
	kind        kind
	badChecksum bool
	class       class
	ssrc        uint32
	report      uint8
	dd          descriptor
}

// descriptor is what the data plane reads of a dependency descriptor.
type descriptor struct {
	found     bool
	id        uint8
	template  uint8
	structure bool // more than the three mandatory bytes
}

func addr(b []byte) Addr { return Addr(be.Uint32(b)) }
func mac(b []byte) MAC   { return MAC(be.Uint64(append([]byte{0, 0}, b[:6]...))) }

func putMAC(b []byte, m MAC) {
	for i := range 6 {
		b[i] = byte(m >> (40 - 8*i))
	}
}

// sum adds the 16-bit words of b in one's complement.
func sum(b []byte) uint32 {
	var s uint32
	for i := 0; i+1 < len(b); i += 2 {
		s += uint32(be.Uint16(b[i:]))
	}
	return fold(s)
}

func fold(s uint32) uint32 {
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return s
}

// read takes a frame apart. ok is false for a frame that ends inside what must
// be read: the chip's parser gives up and the packet is gone.
func (t *Tables) read(f []byte) (p packet, ok bool) {
	if len(f) < offNet {
		return p, false
	}
	switch be.Uint16(f[offType:]) {
	case 0x0806:
		p.kind = arp
		return p, len(f) >= arpEnd
	case 0x0800:
	default:
		return p, true
	}
	if len(f) < offL4 {
		return p, false
	}
	p.badChecksum = sum(f[offNet:offL4]) != 0xffff
	if f[offNet] != 0x45 || be.Uint16(f[offFrag:])&0x3fff != 0 {
		return p, true
	}
	switch f[offProto] {
	case 1:
		p.kind = icmp
		return p, len(f) >= icmpEnd
	case 17:
		p.kind = udp
		if len(f) < offPayload {
			return p, false
		}
		return p, t.readUDP(&p, f[offPayload:], int(be.Uint16(f[offUDPLen:]))-8)
	}
	return p, true
}

// readUDP classifies a payload (RFC 7983, RFC 5761). n is its length as the UDP
// header has it; b may be longer (Ethernet padding) or cut off.
func (t *Tables) readUDP(p *packet, b []byte, n int) bool {
	if n < 8 {
		return true
	}
	if len(b) < 2 {
		return false
	}
	isRTCP := b[0]>>6 == 2 && b[1] >= 192 && b[1] <= 223
	switch {
	case isRTCP:
		return readRTCP(p, b)
	case n < 12:
		return true
	case b[0] <= 3:
		if len(b) < 8 {
			return false
		}
		if be.Uint32(b[4:]) == 0x2112a442 {
			p.class = stun
		}
	case b[0] >= 20 && b[0] <= 63:
		p.class = dtls
	case b[0]>>6 == 2:
		return t.readRTP(p, b)
	}
	return true
}

func readRTCP(p *packet, b []byte) bool {
	if len(b) < 8 {
		return false
	}
	pt, count, words := b[1], b[0]&31, be.Uint16(b[2:])
	p.class, p.ssrc = feedback, be.Uint32(b[4:])
	about, code := 0, uint8(0) // where the SSRC is that the report is about
	switch {
	case pt == 200:
		p.class = report
	case pt == 201 && count > 0:
		about, code = 8, 1
	case pt == 205 && count == 1:
		about, code = 8, 2
	case pt == 206 && count == 1:
		about, code = 8, 3
	case pt == 206 && count == 4: // FIR: in its first entry
		about, code = 12, 4
	case pt == 206 && count == 15 && words >= 5: // REMB: its first SSRC
		if len(b) < 24 {
			return false
		}
		if string(b[12:16]) == "REMB" {
			about, code = 20, 5
		}
	case pt == 205 && count == 15:
		about, code = 8, 6
	}
	if about == 0 {
		return true
	}
	if len(b) < about+4 {
		return false
	}
	p.ssrc, p.report = be.Uint32(b[about:]), code
	return true
}

func (t *Tables) readRTP(p *packet, b []byte) bool {
	if len(b) < 12 {
		return false
	}
	p.class, p.ssrc = rtp, be.Uint32(b[8:])
	if b[0]&0x10 == 0 {
		return true
	}
	pos := 12 + 4*int(b[0]&15)
	if len(b) < pos+4 {
		return false
	}
	profile, words := be.Uint16(b[pos:]), int(be.Uint16(b[pos+2:]))
	left := 127 // as much as the chip's parser can count
	if words <= 31 {
		left = 4 * words
	}
	var ok bool
	switch pos += 4; {
	case profile == 0xbede:
		p.dd, ok = t.walkOneByte(b, pos, left)
	case profile&0xfff0 == 0x1000:
		p.dd, ok = t.walkTwoByte(b, pos, left)
	default:
		ok = true
	}
	return ok
}

// maxElements is how far into an extension block the data plane looks for the
// descriptor: it must be one of so many elements, padding bytes counted.
const maxElements = 7

func (t *Tables) walkOneByte(b []byte, pos, left int) (d descriptor, ok bool) {
	for i := 1; left > 0; i++ {
		if pos >= len(b) {
			return d, false
		}
		id, size := b[pos]>>4, 2+int(b[pos]&15)
		switch {
		case t.OneByteIDs[id]:
			if size < 4 {
				return d, true
			}
			if pos+4 > len(b) {
				return d, false
			}
			if left >= 4 {
				d = descriptor{true, id, b[pos+1] & 63, size > 4}
			}
			return d, true
		case i == maxElements || id == 15 || id == 0 && size != 2:
			return d, true
		case id == 0:
			size = 1
		}
		if pos+size > len(b) {
			return d, false
		}
		pos, left = pos+size, left-size
	}
	return d, true
}

func (t *Tables) walkTwoByte(b []byte, pos, left int) (d descriptor, ok bool) {
	for i := 1; left > 0; i++ {
		if pos >= len(b) {
			return d, false
		}
		id := b[pos]
		if t.TwoByteIDs[id] {
			switch {
			case pos+2 > len(b):
				return d, false
			case b[pos+1] < 3:
				return d, true
			case pos+5 > len(b):
				return d, false
			case left >= 5:
				d = descriptor{true, id, b[pos+2] & 63, b[pos+1] > 3}
			}
			return d, true
		}
		if i == maxElements {
			return d, true
		}
		if id == 0 {
			pos, left = pos+1, left-1
			continue
		}
		if pos+2 > len(b) {
			return d, false
		}
		size := 2 + int(b[pos+1])
		if size >= 2+32 { // hides what follows; its last 15 bytes at most are read
			return d, pos+2+int(b[pos+1]&15) <= len(b)
		}
		if pos+size > len(b) {
			return d, false
		}
		pos, left = pos+size, left-size
	}
	return d, true
}
