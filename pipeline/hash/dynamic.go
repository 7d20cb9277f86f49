package hash

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"

	"gofino/pipeline/ir"
)

// Slice is a part of one input of a dynamic hash: Len bits from bit Start,
// counted from the input's least significant.
type Slice struct {
	Input, Start, Len int
	// Order places the slice in the stream, the smallest first, which is most
	// significant. Two slices of one order are symmetric: exchanging their
	// values does not change the result. Order 0 leaves the slice out.
	Order uint64
}

// Algorithm is what a dynamic hash computes.
type Algorithm struct {
	Kind ir.HashAlgorithm
	CRC  ir.CRC // of the CRC kinds, MSB and Extended included
	// Rotate turns the used bits of the output to the left.
	Rotate uint32
	// Seed chooses among the random functions; the other kinds have none.
	Seed uint32
}

// MaxRotate is the widest output that can be rotated: the chip does it in its
// 52-bit hash matrix, here it is one word.
const MaxRotate = 64

// Dynamic is a hash whose input and function the control plane has chosen. It
// is immutable, as Func.
type Dynamic struct {
	f        *Func
	spans    []span
	bits     int // of the stream
	lo, used uint
	rotate   uint
}

// span takes n bits of the static stream from bit at, counted from its end;
// pair is where those lie that are added to them, -1 for none.
type span struct{ at, n, pair int }

// DefaultSlices are the inputs as the program has them.
func DefaultSlices(h *ir.Hash) []Slice {
	out := make([]Slice, len(h.Inputs))
	for i, in := range h.Inputs {
		out[i] = Slice{Input: i, Len: in.Width, Order: uint64(i + 1)}
	}
	for _, p := range h.Symmetric {
		if p[0] < len(out) && p[1] < len(out) {
			out[p[1]].Order = out[p[0]].Order
		}
	}
	return out
}

// NewDynamic makes a dynamic hash. Slices of no bits reach to the end of their
// input, longer ones too.
func NewDynamic(h *ir.Hash, parts []Slice, a Algorithm) (*Dynamic, error) {
	d := &Dynamic{lo: uint(h.UsedLo), used: uint(h.UsedBits)}
	if d.used == 0 {
		d.lo, d.used = 0, uint(h.Width)
	}
	if a.Rotate != 0 {
		if d.used > MaxRotate {
			return nil, fmt.Errorf("rotate: the output has %d bits, at most %d can be rotated", d.used, MaxRotate)
		}
		d.rotate = uint(a.Rotate) % d.used
	}
	var err error
	d.f, err = New(&ir.Hash{Name: h.Name, Width: h.Width, Algorithm: a.Kind, CRC: a.CRC})
	if err != nil {
		return nil, err
	}
	if a.Seed != 0 {
		d.f.seed = mix(uint64(a.Seed))
	}
	if err := d.take(h, parts); err != nil {
		return nil, err
	}
	return d, nil
}

// take lays out the stream.
func (d *Dynamic) take(h *ir.Hash, parts []Slice) error {
	end := make([]int, len(h.Inputs)) // bits of the static stream after each input
	for i := len(h.Inputs) - 2; i >= 0; i-- {
		end[i] = end[i+1] + h.Inputs[i+1].Width
	}
	var list []Slice
	for _, s := range parts {
		w := h.Inputs[s.Input].Width
		if s.Start < 0 || s.Start >= w {
			return fmt.Errorf("%s: start_bit %d is outside of its %d bits", h.Inputs[s.Input].Name, s.Start, w)
		}
		if s.Len <= 0 || s.Len > w-s.Start {
			s.Len = w - s.Start
		}
		if s.Order == 0 {
			continue
		}
		for _, o := range list {
			if o.Input == s.Input && s.Start < o.Start+o.Len && o.Start < s.Start+s.Len {
				return fmt.Errorf("%s: slices overlap: bits %d to %d and %d to %d", h.Inputs[s.Input].Name,
					o.Start, o.Start+o.Len-1, s.Start, s.Start+s.Len-1)
			}
		}
		list = append(list, s)
	}
	slices.SortStableFunc(list, func(a, b Slice) int { return cmp.Compare(a.Order, b.Order) })
	for i := 0; i < len(list); i++ {
		s := list[i]
		at := end[s.Input] + s.Start
		same := 1
		for i+same < len(list) && list[i+same].Order == s.Order {
			same++
		}
		switch {
		case same > 2:
			return fmt.Errorf("order %d is given to %d slices: two at most can be symmetric", s.Order, same)
		case same == 2:
			o := list[i+1]
			if o.Len != s.Len {
				return fmt.Errorf("order %d: symmetric slices of %d and %d bits", s.Order, s.Len, o.Len)
			}
			pair := end[o.Input] + o.Start
			d.spans = append(d.spans, span{at, s.Len, pair}, span{pair, s.Len, at})
			d.bits += 2 * s.Len
			i++
		default:
			d.spans = append(d.spans, span{at, s.Len, -1})
			d.bits += s.Len
		}
	}
	return nil
}

// Sum64 is the low 64 bits of the output for the stream that the program's own
// inputs make. scratch must be as long as in and may not overlap it.
func (d *Dynamic) Sum64(in, scratch []byte) uint64 {
	return d.finish(d.f.Sum64(d.gather(in, scratch)))
}

// Sum writes the output to dst, right-aligned and big-endian, zeros before it.
func (d *Dynamic) Sum(dst, in, scratch []byte) {
	if d.lo+d.used <= 64 {
		v := d.Sum64(in, scratch)
		for i := range dst {
			dst[len(dst)-1-i] = byte(v >> (8 * min(i, 8)))
		}
		return
	}
	d.f.Sum(dst, d.gather(in, scratch))
	for i := range dst { // keep bits lo to lo+used
		first := uint(8 * (len(dst) - 1 - i))
		for b := range uint(8) {
			if n := first + b; n < d.lo || n >= d.lo+d.used {
				dst[i] &^= 1 << b
			}
		}
	}
	if d.rotate != 0 {
		d.rotateBytes(dst)
	}
}

// rotateBytes turns used bits that do not lie in the lowest word.
func (d *Dynamic) rotateBytes(b []byte) {
	bit := func(n uint) (i int, m byte) { return len(b) - 1 - int(n/8), 1 << (n % 8) }
	var v uint64
	for n := range d.used {
		if i, m := bit(d.lo + n); b[i]&m != 0 {
			v |= 1 << n
		}
	}
	v = d.turn(v)
	for n := range d.used {
		i, m := bit(d.lo + n)
		b[i] &^= m
		if v>>n&1 != 0 {
			b[i] |= m
		}
	}
}

// finish keeps the used bits of a word and rotates them.
func (d *Dynamic) finish(v uint64) uint64 {
	if d.lo >= 64 {
		return 0
	}
	return d.turn(v>>d.lo&mask(min(d.used, 64))) << d.lo
}

func (d *Dynamic) turn(v uint64) uint64 {
	if d.rotate == 0 {
		return v
	}
	return (v<<d.rotate | v>>(d.used-d.rotate)) & mask(d.used)
}

// gather makes the stream, zeros before it to whole bytes.
func (d *Dynamic) gather(in, scratch []byte) []byte {
	out := scratch[:(d.bits+7)/8]
	at := len(out)
	var acc uint64 // bits not yet written, less than 8
	var have int
	for k := len(d.spans) - 1; k >= 0; k-- {
		s := d.spans[k]
		for done := 0; done < s.n; {
			n := min(s.n-done, 48)
			v := bitsAt(in, s.at+done, n)
			if s.pair >= 0 {
				v ^= bitsAt(in, s.pair+done, n)
			}
			acc |= v << have
			for have += n; have >= 8; have -= 8 {
				at--
				out[at] = byte(acc)
				acc >>= 8
			}
			done += n
		}
	}
	if have > 0 {
		out[at-1] = byte(acc)
	}
	return out
}

// bitsAt is n bits, at most 56, of b from bit at, counted from its end.
func bitsAt(b []byte, at, n int) uint64 {
	var v uint64
	i := len(b) - 1 - at/8
	for have := 0; have < n+at%8; have += 8 {
		v |= uint64(b[i]) << have
		i--
	}
	return v >> (at % 8) & mask(uint(n))
}

// Program is the algorithm of the program itself.
func Program(h *ir.Hash) Algorithm { return Algorithm{Kind: h.Algorithm, CRC: h.CRC} }

// CheckCRC tells what is wrong with the parameters of a user's CRC: as the
// chip's driver, it wants an odd polynomial and constants that fit.
func CheckCRC(c ir.CRC) error {
	switch {
	case c.Degree < 1 || c.Degree > 64:
		return fmt.Errorf("hash_bit_width %d is not in 1..64", c.Degree)
	case c.Poly&1 == 0:
		return fmt.Errorf("polynomial %#x is not odd", c.Poly)
	case bits.Len64(c.Poly) > c.Degree:
		return fmt.Errorf("polynomial %#x has more than %d bits (the top bit is left out)", c.Poly, c.Degree)
	case bits.Len64(c.Init) > c.Degree:
		return fmt.Errorf("init %#x has more than %d bits", c.Init, c.Degree)
	case bits.Len64(c.Xor) > c.Degree:
		return fmt.Errorf("final_xor %#x has more than %d bits", c.Xor, c.Degree)
	}
	return nil
}

// NewPacked makes a hash over a key as tables lay it out: elements of so many
// bits, each right-aligned in whole bytes.
func NewPacked(h *ir.Hash, widths []int) (*Dynamic, error) {
	f, err := New(h)
	if err != nil {
		return nil, err
	}
	d := &Dynamic{f: f, used: uint(h.Width)}
	at := 0
	for _, w := range slices.Backward(widths) {
		d.spans = append(d.spans, span{at, w, -1})
		d.bits += w
		at += (w + 7) / 8 * 8
	}
	slices.Reverse(d.spans)
	return d, nil
}
