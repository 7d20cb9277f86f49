package tables

import (
	"math/bits"
	"math/rand/v2"

	"gofino/pipeline/ir"
)

// Filter is an Lpf or a Wred (chip.md section 7). Guarded by the pipe's
// State.Mu.
//
// The chip's update equation is not public. The choice here is the first-order
// filter that its parameters describe, exact in time, with τ the time constant
// and Δt the time since the value before, both in clocks:
//
//	SAMPLE  y += (x - y) * (1 - e^(-Δt/τ))         τ: gain where x > y, else decay
//	RATE    y  = y * e^(-Δt/τdecay) + x * 2^g/τgain
//
// so SAMPLE follows the value that a field has, and RATE adds up values to a
// rate: the sum per 2^g clocks, g being the exponent of the gain time constant
// (τgain = (1+mantissa/512) * 2^g). The first value finds a filter that was at
// rest for ever. A WRED filters like SAMPLE. y has 32 bits after the point.
// A cell that was never written is a zero word: one clock of memory, so an LPF
// gives back what it is given. A WRED that was never written drops nothing.
type Filter struct {
	spec  *ir.Filter // immutable
	hz    uint64     // immutable
	most  uint64     // immutable: largest result of an LPF
	cells []filterCell
}

// filterCell is one filter.
type filterCell struct {
	last    uint64 // when y was computed, ns, or never
	y       uint64 // 32 bits after the point
	word    filterWord
	written filterSpec
	set     bool // a control plane wrote it
}

// filterWord is the chip's word.
type filterWord struct {
	mantissa    uint16 // of both time constants
	gain, decay uint8  // their exponents
	rate        bool
	scale       uint8 // bits that the result loses

	// WRED: levels are mantissas, shifted left by level.
	level0, dlevel100, levelMax uint8
	level                       uint8
	probability                 uint8 // bits that the probability loses
}

func newFilter(spec *ir.Filter, n int, hz uint64) *Filter {
	f := &Filter{spec: spec, hz: hz, most: ^uint64(0) >> (64 - uint(spec.Width))}
	f.grow(n)
	return f
}

// grow makes room for at least n cells, the new ones never written.
func (f *Filter) grow(n int) {
	first := len(f.cells)
	if n <= first {
		return
	}
	f.cells = extend(f.cells, n)
	for i := first; i < n; i++ {
		f.cells[i].last = never
	}
}

// Execute gives a value to a filter at time now (global_tstamp, ns): the
// result is the filtered value of an LPF, or a WRED's answer. draw is used
// where the answer depends on chance. An index out of range changes nothing and
// gives 0.
func (f *Filter) Execute(i, x, now uint64, draw *rand.PCG) uint64 {
	if i >= uint64(len(f.cells)) {
		return 0
	}
	c := &f.cells[i]
	c.update(x&(1<<32-1), now, f.hz)
	if f.spec.Kind == ir.LPF {
		return min(c.y>>32>>c.word.scale, f.most)
	}
	if c.set && c.word.drops(c.y>>32, draw) {
		return uint64(f.spec.Drop)
	}
	return uint64(f.spec.NoDrop)
}

// ExecuteCell is Execute of an entry's direct cell.
func (f *Filter) ExecuteCell(cell uint32, x, now uint64, draw *rand.PCG) uint64 {
	return f.Execute(uint64(cell), x, now, draw)
}

// update is the filter's equation.
func (c *filterCell) update(x, now, hz uint64) {
	dt, first := uint64(0), c.last == never
	if !first {
		ns, late := elapsed(now, c.last)
		dt = clocks(c.last+ns, hz) - clocks(c.last, hz)
		if late {
			now = c.last
		}
	}
	c.last = now & tstampMask
	w := &c.word
	in := x << 32
	if w.rate {
		if first {
			c.y = 0
		}
		kept := mul63(c.y, w.fade(dt, w.decay))
		hi, lo := bits.Mul64(in, timeMantissas)
		add, _ := bits.Div64(hi, lo, timeMantissas+uint64(w.mantissa))
		c.y = kept + min(add, ^uint64(0)-kept)
		return
	}
	switch {
	case first:
		c.y = in
	case in > c.y:
		c.y = in - mul63(in-c.y, w.fade(dt, w.gain))
	default:
		c.y = in + mul63(c.y-in, w.fade(dt, w.decay))
	}
}

// one is 1.0 with 63 bits after the point.
const one = 1 << 63

// mul63 multiplies by a factor of at most 1.0 with 63 bits after the point.
func mul63(x, factor uint64) uint64 {
	hi, lo := bits.Mul64(x, factor)
	return hi<<1 | lo>>63
}

const (
	log2e    = 0x171_5476_52b8_2fe1  // log2(e), 56 bits after the point
	ln2      = 0x58b9_0bfb_e8e7_bcd5 // ln(2), 63 bits after the point
	fadeBits = 56 - 9
)

// fade is e^(-dt/τ) with 63 bits after the point, in integers: the same on every
// machine. It is good to 2^-40.
func (w *filterWord) fade(dt uint64, exponent uint8) uint64 {
	// dt/τ*log2(e), with 56-9 bits after the point: whole halvings and a rest.
	// τ = (512+mantissa) * 2^(exponent-9).
	hi, lo := bits.Mul64(dt, log2e)
	tau := (timeMantissas + uint64(w.mantissa)) << exponent
	if hi >= tau {
		return 0 // more than 2^17 halvings
	}
	q, _ := bits.Div64(hi, lo, tau)
	halvings, rest := q>>fadeBits, q<<(64-fadeBits)>>1 // rest: 63 bits after the point
	if halvings >= 63 {
		return 0
	}
	return exp2neg(rest) >> halvings
}

// expTerms of the series: the next one is below 2^-40.
const expTerms = 13

// exp2neg is 2^-f, f and the result with 63 bits after the point, f < 1.
func exp2neg(f uint64) uint64 {
	u := mul63(f, ln2)
	r := uint64(one)
	for k := uint64(expTerms); k > 0; k-- {
		r = one - mul63(r, u)/k
	}
	return r
}

// drops decides for the filtered value: never below the first threshold,
// always above the last, and in between with a probability of dropScale*distance
// in 256, compared with eight random bits.
func (w *filterWord) drops(y uint64, draw *rand.PCG) bool {
	level0, levelMax := uint64(w.level0)<<w.level, uint64(w.levelMax)<<w.level
	switch {
	case y > levelMax:
		return true
	case y < level0:
		return false
	}
	p := w.chance(y - level0)
	return p > 0 && draw.Uint64()&0xff < p
}

// dropScale is the probability at level 100, in 256.
const dropScale = 255

// chance of a drop, in 256, so far above the first threshold.
func (w *filterWord) chance(above uint64) uint64 {
	d := uint64(w.dlevel100) << w.level
	if above >= d {
		return dropScale >> w.probability
	}
	return above * dropScale / d >> w.probability
}
