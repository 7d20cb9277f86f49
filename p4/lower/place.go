package lower

import (
	"gofino/p4/syntax"
	"gofino/p4/types"
	"gofino/pipeline/ir"
)

// place is storage of one value: a tree that mirrors its type. Equal types
// have equal layouts, so a whole tree can be copied at once: [lo, hi) are its
// bits, validity bits and stack indices included.
type place struct {
	t      types.Type
	name   string
	loc    ir.Loc // of a scalar
	kids   []*place
	lo, hi int
	hdr    int    // index of the header, -1 for none
	valid  ir.Loc // of a header
	stack  int    // index of the stack, -1 for none
	next   ir.Loc // of a stack
	vbit   ir.Loc // hidden validity of an intrinsic field (tna-semantics.md, section 3)
	// special marks stack.next and stack.last, which have no fixed storage.
	special specialPlace
	owner   *place // the stack of a special place
	lastOff int    // of a field of stack.last, in bits
}

type specialPlace uint8

const (
	ordinary specialPlace = iota
	stackNext
	stackLast
)

func (p *place) scalar() bool { return p.loc.Width > 0 && p.kids == nil }

func (p *place) overlaps(q *place) bool { return p.lo < q.hi && q.lo < p.hi }

func (p *place) contains(q *place) bool { return p.lo <= q.lo && q.hi <= p.hi }

func (p *place) hasHeaders() bool {
	if p.hdr >= 0 {
		return true
	}
	for _, k := range p.kids {
		if k.hasHeaders() {
			return true
		}
	}
	return false
}

// naming says how storage appears in traces.
type naming struct {
	at     syntax.Pos
	hidden bool
}

// maxMemory bounds the memory of a gress, in bytes. The chip has some hundred.
const maxMemory = 1 << 20

// alloc makes storage for a value of type t.
func (g *gress) alloc(t types.Type, name string, n naming) *place {
	p := &place{t: t, name: name, hdr: -1, stack: -1, lo: g.used * 8}
	if size, ok := bitsOf(t); ok && (size/8 > maxMemory || g.used > maxMemory) {
		g.tooLarge(n.at)
		p.kids, p.hi = []*place{}, p.lo
		return p
	}
	if w, ok := scalarWidth(t); ok {
		bytes := (w + 7) / 8
		p.loc = ir.Loc{Bit: (g.used+bytes)*8 - w, Width: w}
		g.used += bytes
		g.field(p, -1, n)
	} else {
		switch {
		case isHeader(t):
			g.allocHeader(p, n)
		case isAggregate(t):
			g.allocAggregate(p, n)
		default:
			g.errorf(n.at, "variable %s: type %s has no storage", name, t)
		}
	}
	p.hi = g.used * 8
	return p
}

func (g *gress) field(p *place, hdr int, n naming) *ir.Field {
	f := &ir.Field{Name: p.name, Loc: p.loc, Signed: isSigned(p.t), Bool: isBool(p.t), Header: hdr,
		Pos: irPos(n.at), Hidden: n.hidden}
	g.out.Fields = append(g.out.Fields, f)
	return f
}

func (g *gress) hiddenBits(name string, w int) ir.Loc {
	bytes := (w + 7) / 8
	l := ir.Loc{Bit: (g.used+bytes)*8 - w, Width: w}
	g.used += bytes
	g.out.Fields = append(g.out.Fields, &ir.Field{Name: name, Loc: l, Header: -1, Hidden: true, Bool: w == 1})
	return l
}

func (g *gress) allocHeader(p *place, n naming) {
	h := &ir.Header{Name: p.name, Off: g.used}
	p.hdr = len(g.out.Headers)
	g.out.Headers = append(g.out.Headers, h)
	bit := g.used * 8
	// Kids exist even if nested structs make the header's fields a tree.
	var fill func(q *place)
	fill = func(q *place) {
		for _, m := range members(q.t) {
			k := &place{t: m.t, name: q.name + "." + m.name, hdr: -1, stack: -1, lo: bit}
			kn := n
			if m.decl != nil {
				kn.at = m.decl.Pos()
			}
			if w, ok := scalarWidth(m.t); ok {
				k.loc = ir.Loc{Bit: bit, Width: w}
				bit += w
				h.Fields = append(h.Fields, g.field(k, p.hdr, kn))
			} else {
				fill(k)
			}
			k.hi = bit
			q.kids = append(q.kids, k)
		}
	}
	fill(p)
	g.wireBits(h, p.t, bit-g.used*8, n.at)
	g.used += h.Bytes
	p.valid = g.hiddenBits(p.name+".$valid", 1)
	h.Valid = p.valid
	if varbitWidth(p.t) > 0 {
		h.Var = g.hiddenBits(p.name+".$length", 32)
	}
}

func (g *gress) allocAggregate(p *place, n naming) {
	var st *ir.Stack
	if s, ok := under(p.t).(*types.Stack); ok && isHeader(s.Elem) {
		st = &ir.Stack{Name: p.name}
		p.stack = len(g.out.Stacks)
		g.out.Stacks = append(g.out.Stacks, st)
	}
	tn := typeName(p.t)
	for _, m := range members(p.t) {
		kn := n
		if m.decl != nil {
			kn.at = m.decl.Pos()
		}
		name := p.name + "." + m.name
		if m.name[0] == '[' {
			name = p.name + m.name
		}
		k := g.alloc(m.t, name, kn)
		if hasValidBit(tn, m.name) {
			k.vbit = g.hiddenBits(k.name+".$valid", 1)
			k.hi = g.used * 8
		}
		p.kids = append(p.kids, k)
		if st != nil {
			st.Headers = append(st.Headers, k.hdr)
		}
	}
	if st != nil {
		p.next = g.hiddenBits(p.name+".$next", 8)
		st.Next = p.next
	}
	if p.kids == nil {
		p.kids = []*place{}
	}
}

// temp is a nameless variable.
func (g *gress) temp(t types.Type) *place {
	return g.alloc(t, "$tmp", naming{at: g.at, hidden: true})
}

func (g *gress) tempBits(w int) *place { return g.temp(&types.Bits{Width: w}) }

// reset gives p the value of a variable that nobody has written: zero, headers
// invalid.
func (g *gress) reset(p *place) {
	switch {
	case p.special != ordinary:
	case p.hdr >= 0:
		g.emit(&ir.SetInvalid{S: g.s(), Header: p.hdr})
	case p.hasHeaders():
		for _, k := range p.kids {
			g.reset(k)
		}
		if p.stack >= 0 {
			g.emit(&ir.Assign{S: g.s(), Dst: p.next, X: constInt(8, 0)})
		}
	case p.hi > p.lo && !p.scalar():
		g.emit(&ir.Assign{S: g.s(), Dst: ir.Loc{Bit: p.lo, Width: p.hi - p.lo}, X: constInt(p.hi-p.lo, 0)})
	case p.scalar():
		g.emit(&ir.Assign{S: g.s(), Dst: p.loc, X: constInt(p.loc.Width, 0)})
		if p.vbit.Width > 0 {
			g.emit(&ir.Assign{S: g.s(), Dst: p.vbit, X: boolConst(false)})
		}
	}
}

// copyPlace makes dst equal to src, which has the same type.
func (g *gress) copyPlace(dst, src *place) {
	if dst.lo == src.lo && dst.hi == src.hi && dst.loc == src.loc {
		return
	}
	g.noteRead(src.lo, src.hi)
	if dst.scalar() {
		g.store(dst, load(src.loc))
		if dst.vbit.Width > 0 && src.vbit.Width > 0 {
			// A copy of an intrinsic field copies its hidden validity.
			g.replaceLast(&ir.Assign{S: g.s(), Dst: dst.vbit, X: load(src.vbit)})
		}
		return
	}
	if dst.hi-dst.lo == src.hi-src.lo && dst.hi > dst.lo {
		g.emit(&ir.Copy{S: g.s(), Dst: ir.Loc{Bit: dst.lo, Width: dst.hi - dst.lo}, Src: ir.Loc{Bit: src.lo, Width: src.hi - src.lo}})
		return
	}
	// Structurally equal but differently laid out (a header's bits against a
	// struct's): part by part.
	for i := range dst.kids {
		if i < len(src.kids) {
			g.copyPlace(dst.kids[i], src.kids[i])
		}
	}
	if dst.hdr >= 0 {
		if src.hdr >= 0 {
			g.emit(&ir.Assign{S: g.s(), Dst: dst.valid, X: load(src.valid)})
		} else {
			g.emit(&ir.SetValid{S: g.s(), Header: dst.hdr})
		}
	}
}

// store writes a scalar.
func (g *gress) store(dst *place, x ir.Expr) {
	if _, ok := under(dst.t).(*types.Varbit); ok {
		g.errorf(g.at, "assignment of a varbit field is not supported by the chip (%s)", dst.name)
		return
	}
	if l, ok := x.(*ir.Load); ok && l.Loc == dst.loc {
		// Self-assignment still validates an intrinsic field.
	} else {
		if x.W() != dst.loc.Width {
			x = cast(x, dst.loc.Width, false)
		}
		g.emit(&ir.Assign{S: g.s(), Dst: dst.loc, X: x})
	}
	g.validate(dst)
}

// validate sets the hidden validity of an intrinsic field that was assigned.
func (g *gress) validate(dst *place) {
	if dst.vbit.Width > 0 {
		g.emit(&ir.Assign{S: g.s(), Dst: dst.vbit, X: boolConst(true)})
	}
}

// sub is bits hi..lo of a scalar.
func (p *place) sub(hi, lo int) *place {
	l := subLoc(p.loc, hi, lo)
	return &place{t: &types.Bits{Width: hi - lo + 1}, name: p.name, loc: l, lo: l.Bit, hi: l.Bit + l.Width,
		hdr: -1, stack: -1, vbit: p.vbit}
}
