package lower

import (
	"math/big"
	"sort"

	"gofino/p4/syntax"
	"gofino/p4/types"
	"gofino/pipeline/ir"
)

// tableEntries lowers const and initial entries, highest precedence first.
func (g *gress) tableEntries(o *frame, d *syntax.TableDecl, t *ir.Table, lt *loweredTable, p *syntax.TableProp) {
	t.ConstEntries = p.Const
	entries := make([]ir.Entry, 0, len(p.Entries))
	for _, e := range p.Entries {
		g.at = e.Pos()
		c := g.info.ActionRefs[e.Action]
		if c == nil {
			continue
		}
		x := ir.Entry{Pos: irPos(e.Pos()), Const: p.Const || e.Const, Call: g.actionCall(o, t, lt, c, e.Pos())}
		x.Keys = g.entryKeys(o, t, e)
		entries = append(entries, x)
	}
	prios := g.priorities(o, d, p)
	if len(prios) == len(entries) {
		sort.Stable(&byPriority{entries, prios})
	}
	// The control plane counts the other way round: the first entry is 0.
	rank := 0
	for i := range entries {
		if i > 0 && (len(prios) != len(entries) || prios[i] != prios[i-1]) {
			rank++
		}
		entries[i].Priority = rank
	}
	t.Entries = entries
}

// byPriority sorts entries by precedence, higher first, with their numbers.
type byPriority struct {
	e []ir.Entry
	p []int
}

func (b *byPriority) Len() int           { return len(b.e) }
func (b *byPriority) Less(i, j int) bool { return b.p[i] > b.p[j] }
func (b *byPriority) Swap(i, j int) {
	b.e[i], b.e[j] = b.e[j], b.e[i]
	b.p[i], b.p[j] = b.p[j], b.p[i]
}

// priorities gives every entry a number, higher wins, following the language's
// rules: explicit numbers, largest_priority_wins, priority_delta.
func (g *gress) priorities(o *frame, d *syntax.TableDecl, p *syntax.TableProp) []int {
	largest, delta := true, 1
	for _, q := range d.Props {
		if q.Name == nil || q.Value == nil {
			continue
		}
		switch q.Name.Value {
		case "largest_priority_wins":
			if v, ok := isConst(g.scalar(g.expr(o, q.Value))); ok {
				largest = v.Sign() != 0
			}
		case "priority_delta":
			if v, ok := g.constIndex(o, q.Value); ok {
				delta = v
			}
		}
	}
	n := len(p.Entries)
	out := make([]int, n)
	for i, e := range p.Entries {
		if e.Priority != nil {
			if v, ok := g.constIndex(o, e.Priority); ok {
				out[i] = v
				continue
			}
		}
		switch {
		case i == 0 && largest:
			out[i] = 1 + (n-1)*delta
		case i == 0:
			out[i] = 1
		case largest:
			out[i] = out[i-1] - delta
		default:
			out[i] = out[i-1] + delta
		}
	}
	if !largest {
		for i := range out {
			out[i] = -out[i]
		}
	}
	return out
}

func (g *gress) entryKeys(o *frame, t *ir.Table, e *syntax.Entry) []ir.KeyMatch {
	ks := e.Keys
	if len(ks) == 1 && len(t.Keys) != 1 {
		if l, ok := unparen(ks[0]).(*syntax.ListExpr); ok {
			ks = l.Elems
		}
	}
	out := make([]ir.KeyMatch, len(t.Keys))
	for i := range t.Keys {
		k := &t.Keys[i]
		var x syntax.Expr
		if i < len(ks) {
			x = ks[i]
		}
		if len(ks) == 1 && len(t.Keys) > 1 {
			if _, any := unparen(ks[0]).(*syntax.DefaultExpr); any {
				x = ks[0]
			}
		}
		m, ok := g.keySet(o, x, k.Width)
		if !ok {
			continue
		}
		out[i] = g.keyMatch(k, m, e.Pos())
	}
	return out
}

// set is a key set expression, evaluated.
type set struct {
	any         bool
	value, mask *big.Int // exact: all ones
	isRange     bool
	lo, hi      *big.Int
	valueSet    types.Object
}

// keySet evaluates a set of w-bit values: a constant, a mask, a range,
// default.
func (g *gress) keySet(f *frame, e syntax.Expr, w int) (set, bool) {
	constant := func(e syntax.Expr) *big.Int {
		v := g.expr(f, e)
		if v.big != nil {
			return wrap(v.big, w)
		}
		if v.x == nil && g.kidCount(v) != 1 {
			g.errorf(e.Pos(), "a key set must be made of compile-time constants")
			return nil
		}
		c, ok := isConst(g.scalar(v))
		if !ok {
			g.errorf(e.Pos(), "a key set must be made of compile-time constants")
			return nil
		}
		return wrap(c, w)
	}
	switch e := unparen(e).(type) {
	case nil:
		return set{any: true}, true
	case *syntax.DefaultExpr:
		return set{any: true}, true
	case *syntax.MaskExpr:
		v, m := constant(e.X), constant(e.Mask)
		if v == nil || m == nil {
			return set{}, false
		}
		return set{value: v, mask: m}, true
	case *syntax.RangeExpr:
		lo, hi := constant(e.Lo), constant(e.Hi)
		if lo == nil || hi == nil {
			return set{}, false
		}
		return set{isRange: true, lo: lo, hi: hi}, true
	default:
		if n, ok := e.(*syntax.NameExpr); ok {
			if vs, ok := g.info.Uses[n.Name].(*types.ValueSetObj); ok {
				return set{valueSet: vs}, true
			}
		}
		v := constant(e)
		if v == nil {
			return set{}, false
		}
		return set{value: v, mask: allOnes(w)}, true
	}
}

// keyMatch encodes a set for a table's key.
func (g *gress) keyMatch(k *ir.Key, s set, at syntax.Pos) ir.KeyMatch {
	w := k.Width
	enc := func(v *big.Int) []byte { return wrap(v, w).FillBytes(make([]byte, (w+7)/8)) }
	full := allOnes(w)
	if s.any {
		s.value, s.mask = new(big.Int), new(big.Int)
	}
	m := ir.KeyMatch{}
	if s.isRange && k.Kind != ir.Range {
		if s.lo.Cmp(s.hi) != 0 {
			g.errorf(at, "key %s: a range needs match kind range", k.Name)
			return m
		}
		s.value, s.mask = s.lo, full
	}
	switch k.Kind {
	case ir.Exact, ir.ATCAMPartition:
		if s.mask.Cmp(full) != 0 {
			g.errorf(at, "key %s: an exact key needs a single value", k.Name)
			return m
		}
		m.Value = enc(s.value)
	case ir.Ternary:
		m.Value, m.Mask = enc(new(big.Int).And(s.value, s.mask)), enc(s.mask)
	case ir.LPM:
		n := 0
		for n < w && s.mask.Bit(w-1-n) == 1 {
			n++
		}
		if s.mask.Cmp(new(big.Int).Lsh(allOnes(n), uint(w-n))) != 0 {
			g.errorf(at, "key %s: the mask of an lpm key must be a prefix", k.Name)
			return m
		}
		m.Value, m.Mask, m.Prefix = enc(new(big.Int).And(s.value, s.mask)), enc(s.mask), n
	case ir.Range:
		switch {
		case s.any:
			m.Lo, m.Hi = enc(new(big.Int)), enc(full)
		case s.isRange:
			m.Lo, m.Hi = enc(s.lo), enc(s.hi)
		case s.mask.Cmp(full) == 0:
			m.Lo, m.Hi = enc(s.value), enc(s.value)
		default:
			// A mask whose free bits are the low ones is a range.
			free := new(big.Int).AndNot(full, s.mask)
			if new(big.Int).And(free, new(big.Int).Add(free, one)).Sign() != 0 {
				g.errorf(at, "key %s: this mask is not a range", k.Name)
				return m
			}
			lo := new(big.Int).And(s.value, s.mask)
			m.Lo, m.Hi = enc(lo), enc(new(big.Int).Or(lo, free))
		}
	}
	return m
}
