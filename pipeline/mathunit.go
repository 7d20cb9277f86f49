package pipeline

import (
	"math/bits"

	"gofino/pipeline/ir"
)

// mathUnit is the stateful ALU's approximation (chip.md section 5): x is
// normalised to m/8 * 2^e with 8 <= m <= 15, and the result is table[m] * 2^scale
// * 2^(e*f), f being 1, 2 or 1/2 by Shift and negative with Invert. With f = 1/2
// the exponent is made even first, so that m runs from 4 (odd exponents lose a
// bit of m). Bits below the point are cut.
func mathUnit(u *ir.MathUnit, x uint64) uint64 {
	if x == 0 {
		return uint64(u.Table[0])
	}
	e := bits.Len64(x) - 1
	var m uint64
	if e >= 3 {
		m = x >> (e - 3)
	} else {
		m = x << (3 - e)
	}
	switch {
	case u.Shift < 0:
		// m/8 * 2^e = (m/2)/8 * 2^(e+1): the even exponent above an odd one.
		if e%2 != 0 {
			m, e = m>>1, e+1
		}
		e /= 2
	case u.Shift > 0:
		e *= 2
	}
	if u.Invert {
		e = -e
	}
	v := uint64(u.Table[m])
	s := e + u.Scale
	switch {
	case s >= 64:
		return 0
	case s >= 0:
		return v << s
	case s > -64:
		return v >> -s
	}
	return 0
}
