package fit

import (
	"math/bits"

	"gofino/pipeline/ir"
)

// set is a set of small numbers: units of a gress's memory, or tables.
type set []uint64

func newSet(n int) set { return make(set, (n+63)/64) }

func (s set) add(i int)      { s[i/64] |= 1 << (i % 64) }
func (s set) has(i int) bool { return s[i/64]>>(i%64)&1 != 0 }

func (s set) or(t set) {
	for i, w := range t {
		s[i] |= w
	}
}

func (s set) minus(t set) {
	for i, w := range t {
		s[i] &^= w
	}
}

func (s set) and(t set) {
	for i, w := range t {
		s[i] &= w
	}
}

func (s set) clone() set { return append(set(nil), s...) }

func (s set) meets(t set) bool { return s.first(t) >= 0 }

// first is the lowest member of both, -1 for none.
func (s set) first(t set) int {
	for i, w := range s {
		if w &= t[i]; w != 0 {
			return i*64 + bits.TrailingZeros64(w)
		}
	}
	return -1
}

func (s set) empty() bool {
	for _, w := range s {
		if w != 0 {
			return false
		}
	}
	return true
}

func (s set) len() int {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

func (s set) each(f func(int)) {
	for i, w := range s {
		for ; w != 0; w &= w - 1 {
			f(i*64 + bits.TrailingZeros64(w))
		}
	}
}

// unitBits is the widest container (chip.md section 3): a wider field lies in
// several, from its low end, and two writes of different ones do not meet.
const unitBits = 32

// places cuts the memory of a gress into units: the parts of fields that a
// container can hold.
type places struct {
	g      *ir.Gress
	unit   []int32 // of every bit
	owner  []int32 // field of every bit, -1 for none
	names  []string
	width  []int
	fields []int32 // field of every unit, -1
	n      int
}

// spare units, after those of the memory, are for bits that the compiler adds.
const spare = 64

func newPlaces(g *ir.Gress) *places {
	p := &places{g: g, unit: make([]int32, g.Bytes*8), owner: make([]int32, g.Bytes*8)}
	for i := range p.unit {
		p.unit[i], p.owner[i] = -1, -1
	}
	for i, f := range g.Fields {
		end := f.Loc.Bit + f.Loc.Width
		for hi := end; hi > f.Loc.Bit; hi -= unitBits {
			p.unitOf(max(f.Loc.Bit, hi-unitBits), hi, f.Name, int32(i))
		}
	}
	for b := 0; b < len(p.unit); b += 8 {
		p.unitOf(b, b+8, "", -1)
	}
	return p
}

// unitOf makes one unit of the bits lo..hi-1 that have none yet.
func (p *places) unitOf(lo, hi int, name string, field int32) {
	made := false
	for b := max(lo, 0); b < hi && b < len(p.unit); b++ {
		if p.unit[b] >= 0 {
			continue
		}
		if !made {
			made = true
			p.names = append(p.names, name)
			p.fields = append(p.fields, field)
			p.width = append(p.width, 0)
			p.n++
		}
		p.unit[b], p.owner[b] = int32(p.n-1), field
		p.width[p.n-1]++
	}
}

func (p *places) size() int { return p.n + spare }
func (p *places) set() set  { return newSet(p.size()) }

// name of a unit, for people.
func (p *places) name(u int) string {
	if u >= 0 && u < p.n && p.names[u] != "" {
		return p.names[u]
	}
	return "a value of the compiler"
}

func (p *places) loc(l ir.Loc, s set) {
	for b := l.Bit; b < l.Bit+l.Width && b < len(p.unit); b++ {
		s.add(int(p.unit[b]))
	}
}

// field that holds a place, -1 when it is none or part of several.
func (p *places) field(l ir.Loc) int {
	if l.Width == 0 || l.Bit >= len(p.owner) {
		return -1
	}
	return int(p.owner[l.Bit])
}

// whole tells whether a place is all of a field, so that writing it leaves
// nothing of the old value.
func (p *places) whole(l ir.Loc) bool {
	f := p.field(l)
	return f >= 0 && p.g.Fields[f].Loc.Width == l.Width && p.field(ir.Loc{Bit: l.Bit + l.Width - 1, Width: 1}) == f
}

func (p *places) header(i int, s set) {
	h := p.g.Headers[i]
	p.loc(ir.Loc{Bit: h.Off * 8, Width: h.Bytes * 8}, s)
}

func (p *places) stack(i int, s set) {
	st := p.g.Stacks[i]
	for _, h := range st.Headers {
		p.header(h, s)
		p.loc(p.g.Headers[h].Valid, s)
	}
	p.loc(st.Next, s)
}

// expr adds what an expression reads.
func (p *places) expr(x ir.Expr, s set) {
	switch x := x.(type) {
	case *ir.Load:
		p.loc(x.Loc, s)
	case *ir.Unary:
		p.expr(x.X, s)
	case *ir.Binary:
		p.expr(x.X, s)
		p.expr(x.Y, s)
	case *ir.Slice:
		p.slice(x, s)
	case *ir.Cast:
		p.expr(x.X, s)
	case *ir.Cond:
		p.expr(x.C, s)
		p.expr(x.A, s)
		p.expr(x.B, s)
	case *ir.StackLast:
		p.stack(x.Stack, s)
	}
}

// slice of a field reads only those units that hold its bits.
func (p *places) slice(x *ir.Slice, s set) {
	l, ok := x.X.(*ir.Load)
	if !ok {
		p.expr(x.X, s)
		return
	}
	end := l.Loc.Bit + l.Loc.Width
	p.loc(ir.Loc{Bit: end - 1 - x.Hi, Width: x.Hi - x.Lo + 1}, s)
}

func (p *places) exprs(xs []ir.Expr, s set) {
	for _, x := range xs {
		p.expr(x, s)
	}
}
