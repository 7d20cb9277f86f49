package hash

import (
	"fmt"

	"gofino/pipeline/ir"
)

// Func is one hash function.
type Func struct {
	width uint // of the output, in bits
	kind  ir.HashAlgorithm
	crc   *crc
	spec  ir.CRC
	seed  uint64 // of a random function
}

// New makes the function that h describes.
func New(h *ir.Hash) (*Func, error) {
	f := &Func{width: uint(h.Width), kind: h.Algorithm, spec: h.CRC}
	if h.Width < 1 {
		return nil, fmt.Errorf("make hash %s: output width %d is not positive", h.Name, h.Width)
	}
	switch h.Algorithm {
	case ir.Identity, ir.RandomHash, ir.Xor8, ir.Xor16, ir.Xor32:
	case ir.CRC8, ir.CRC16, ir.CRC32, ir.CRC64, ir.CustomCRC:
		if h.CRC.Degree < 1 || h.CRC.Degree > 64 {
			return nil, fmt.Errorf("make hash %s: polynomial degree %d is not in 1..64", h.Name, h.CRC.Degree)
		}
		f.crc = newCRC(h.CRC)
	default:
		return nil, fmt.Errorf("make hash %s: no algorithm number %d", h.Name, h.Algorithm)
	}
	return f, nil
}

// Width of the output in bits.
func (f *Func) Width() int { return int(f.width) }

// Sum64 is the low 64 bits of the output.
func (f *Func) Sum64(data []byte) uint64 {
	if f.crc != nil && f.width <= f.crc.degree {
		v := f.crc.sum(data)
		if f.spec.MSB {
			v >>= f.crc.degree - f.width
		}
		return v & mask(f.width)
	}
	return f.word(f.begin(data), data, 0)
}

// Sum128 is the low 128 bits of the output: bits 0 to 63 and 64 to 127.
func (f *Func) Sum128(data []byte) (lo, hi uint64) {
	s := f.begin(data)
	return f.word(s, data, 0), f.word(s, data, 1)
}

// Sum writes the output to dst, right-aligned and big-endian, zeros before it.
func (f *Func) Sum(dst, data []byte) {
	s := f.begin(data)
	var w uint64
	for i := range dst {
		if i%8 == 0 {
			w = f.word(s, data, i/8)
		}
		dst[len(dst)-1-i] = byte(w >> (8 * (i % 8)))
	}
}

// begin computes what all words of the output are made of: the CRC or the xor
// of the input.
func (f *Func) begin(data []byte) uint64 {
	switch f.kind {
	case ir.Identity, ir.RandomHash:
		return 0
	case ir.Xor8:
		return xorFold(data, 1)
	case ir.Xor16:
		return xorFold(data, 2)
	case ir.Xor32:
		return xorFold(data, 4)
	}
	return f.crc.sum(data)
}

// word is bits 64i to 64i+63 of the output.
func (f *Func) word(s uint64, data []byte, i int) uint64 {
	first := 64 * uint(i)
	if first >= f.width {
		return 0
	}
	var v uint64
	switch f.kind {
	case ir.Identity:
		v = identityWord(data, i)
	case ir.RandomHash:
		v = randomWord(f.seed, data, i)
	case ir.Xor8, ir.Xor16, ir.Xor32:
		if i == 0 {
			v = s
		}
	default:
		v = f.crcWord(s, first)
	}
	return v & mask(min(64, f.width-first))
}

// crcWord is the CRC s as bits first to first+63 of the output: cut, or
// repeated every degree bits when extended.
func (f *Func) crcWord(s uint64, first uint) uint64 {
	d := f.crc.degree
	switch {
	case f.width <= d:
		if f.spec.MSB {
			return s >> (d - f.width)
		}
		return s
	case !f.spec.Extended:
		if first == 0 {
			return s
		}
		return 0
	}
	skip := first % d
	v := s >> skip
	for n := d - skip; n < 64; n += d {
		v |= s << n
	}
	return v
}

// xorFold splits the stream into words of n bytes from its first bit, the last
// one padded with zeros at its end, and adds them modulo 2.
func xorFold(data []byte, n int) uint64 {
	var v uint64
	for i, b := range data {
		v ^= uint64(b) << (8 * (n - 1 - i%n))
	}
	return v
}

// identityWord is bits 64i to 64i+63 of the stream read as one number.
func identityWord(data []byte, i int) uint64 {
	end := len(data) - 8*i
	var v uint64
	for j := max(0, end-8); j < end; j++ {
		v = v<<8 | uint64(data[j])
	}
	return v
}

// randomWord is word i of a random linear function of the stream: any fixed
// matrix will do (section 9), so the column of each input bit is a mixed count.
func randomWord(seed uint64, data []byte, i int) uint64 {
	var v uint64
	for j := range data {
		b := data[len(data)-1-j]
		for k := range uint64(8) {
			if b>>k&1 != 0 {
				v ^= mix(seed ^ (uint64(i)<<32 | uint64(j)<<3 | k))
			}
		}
	}
	return v
}

// mix is the output function of splitmix64.
func mix(x uint64) uint64 {
	x = (x + 1) * 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
