package hash

import (
	"encoding/binary"
	"math/bits"

	"gofino/pipeline/ir"
)

// crc is a CRC engine with slicing by eight. The register is kept at the end of
// a 64-bit word where the next bit leaves: at the top for plain CRCs, at the
// bottom for reversed ones, so that every degree uses the same loops.
type crc struct {
	reversed bool
	degree   uint
	init     uint64 // the register before the first bit, in the engine's alignment
	xor      uint64
	table    [8][256]uint64
}

func newCRC(p ir.CRC) *crc {
	d := uint(p.Degree)
	c := &crc{reversed: p.Reversed, degree: d, xor: p.Xor & mask(d)}
	poly := p.Poly << (64 - d)
	c.init = p.Init << (64 - d)
	if p.Reversed {
		// Reveng convention: init is written as for the plain register.
		poly, c.init = bits.Reverse64(poly), bits.Reverse64(c.init)
	}
	for i := range 256 {
		var r uint64
		if p.Reversed {
			r = uint64(i)
			for range 8 {
				r = r>>1 ^ poly&-(r&1)
			}
		} else {
			r = uint64(i) << 56
			for range 8 {
				r = r<<1 ^ poly&-(r>>63)
			}
		}
		c.table[0][i] = r
	}
	for k := 1; k < 8; k++ {
		for i := range 256 {
			r := c.table[k-1][i]
			if p.Reversed {
				c.table[k][i] = r>>8 ^ c.table[0][byte(r)]
			} else {
				c.table[k][i] = r<<8 ^ c.table[0][r>>56]
			}
		}
	}
	return c
}

// sum is the CRC of data, degree bits wide.
func (c *crc) sum(data []byte) uint64 {
	r := c.init
	t := &c.table
	if c.reversed {
		for ; len(data) >= 8; data = data[8:] {
			r ^= binary.LittleEndian.Uint64(data)
			r = t[7][byte(r)] ^ t[6][byte(r>>8)] ^ t[5][byte(r>>16)] ^ t[4][byte(r>>24)] ^
				t[3][byte(r>>32)] ^ t[2][byte(r>>40)] ^ t[1][byte(r>>48)] ^ t[0][r>>56]
		}
		for _, b := range data {
			r = r>>8 ^ t[0][byte(r)^b]
		}
		return r ^ c.xor
	}
	for ; len(data) >= 8; data = data[8:] {
		r ^= binary.BigEndian.Uint64(data)
		r = t[0][byte(r)] ^ t[1][byte(r>>8)] ^ t[2][byte(r>>16)] ^ t[3][byte(r>>24)] ^
			t[4][byte(r>>32)] ^ t[5][byte(r>>40)] ^ t[6][byte(r>>48)] ^ t[7][r>>56]
	}
	for _, b := range data {
		r = r<<8 ^ t[0][byte(r>>56)^b]
	}
	return r>>(64-c.degree) ^ c.xor
}

// mask is n one bits, n from 0 to 64.
func mask(n uint) uint64 { return 1<<n - 1 }
