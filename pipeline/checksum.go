package pipeline

import "encoding/binary"

// One's-complement sums of 16-bit words (RFC 1071). A sum is kept in 64 bits
// and folded when it is read; since 2^16 = 1 modulo 65535, wider words may be
// added as they are. A folded sum is 0 only when nothing but zeros was added.

// sumBytes is the sum of the big-endian words of b, a last odd byte being the
// high half of a word.
func sumBytes(b []byte) uint64 {
	var s uint64
	for len(b) >= 8 {
		v := binary.BigEndian.Uint64(b)
		s += v>>32 + v&0xffffffff
		b = b[8:]
	}
	if len(b) >= 4 {
		s += uint64(binary.BigEndian.Uint32(b))
		b = b[4:]
	}
	if len(b) >= 2 {
		s += uint64(binary.BigEndian.Uint16(b))
		b = b[2:]
	}
	if len(b) == 1 {
		s += uint64(b[0]) << 8
	}
	return s
}

// fold is the sum in 16 bits.
func fold(s uint64) uint64 {
	s = s>>32 + s&0xffffffff
	s = s>>16 + s&0xffff
	s = s>>16 + s&0xffff
	return s>>16 + s&0xffff
}

// add puts the sum of a list of n bytes after what the unit has. Subtracting
// adds the complement, whose zero is written as ones.
func (u *unit) add(s uint64, n int, subtract bool) {
	s = fold(s)
	if u.odd {
		s = s<<8&0xffff | s>>8
	}
	if subtract {
		s = 0xffff - s%0xffff
	}
	u.sum = fold(u.sum + s)
	u.odd = u.odd != (n&1 == 1)
}
