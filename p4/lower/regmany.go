package lower

import (
	"math/big"

	"gofino/p4/syntax"
	"gofino/p4/types"
	"gofino/pipeline/ir"
)

// Register actions with more than one result, cells of 128 bits, and
// Register.clear.

// wideCell is the width of a whole RAM word (chip.md, section 5), which
// MinMaxAction works on. It is kept as a pair of halves.
const wideCell = 128

// wideRegister makes r one of 128-bit cells and returns the types of the halves.
func (g *gress) wideRegister(inst *instance, r *ir.Register) []types.Type {
	if g.target == ir.Tofino {
		g.limit(inst.at, "register %s: cells of 128 bits need tofino2", inst.local)
	}
	half := &types.Bits{Width: wideCell / 2}
	r.Names = []string{"f1_lo", "f1_hi"}
	return []types.Type{half, half}
}

// halves splits a constant of 128 bits.
func (g *gress) halves(v *value) [2]uint64 {
	c, ok := isConst(g.scalar(v))
	if !ok {
		return [2]uint64{}
	}
	return [2]uint64{new(big.Int).And(c, allOnes(64)).Uint64(), new(big.Int).Rsh(c, 64).Uint64()}
}

// cellValue is a value as the two halves of a register's cell; hi is nil where
// the cell is not a pair.
func (g *gress) cellValue(inst *instance, v *value) (lo, hi ir.Expr) {
	t := inst.typeArg(inst.home, 0)
	v = g.convert(v, t)
	if !isAggregate(t) {
		x := g.scalar(v)
		if x.W() == wideCell {
			return slice(x, wideCell/2-1, 0), slice(x, wideCell-1, wideCell/2)
		}
		return x, nil
	}
	lo = g.scalar(g.kid(v, 0))
	if len(members(t)) > 1 {
		hi = g.scalar(g.kid(v, 1))
	}
	return lo, hi
}

// registerClear: every cell gets the value. The chip clears in the background
// and tells in busy that it has not ended; here it has, at once.
func (g *gress) registerClear(m *method) *value {
	reg := g.register(m.inst)
	if reg < 0 || m.arg(0) == nil {
		return nil
	}
	v := g.expr(m.f, m.arg(0))
	if a := m.arg(1); a != nil {
		g.mustBeZero(m.f, a, "busy of Register.clear")
	}
	c := &ir.RegisterClear{S: g.s(), Register: reg}
	c.Lo, c.Hi = g.cellValue(m.inst, v)
	g.emit(c)
	return nil
}

// mustBeZero refuses an argument that is anything but the constant 0.
func (g *gress) mustBeZero(f *frame, a syntax.Expr, what string) {
	if c, ok := isConst(g.scalar(g.expr(f, a))); !ok || c.Sign() != 0 {
		g.errorf(a.Pos(), "%s is not emulated", what)
	}
}

// outputWords is how many results a stateful ALU gives (chip.md, section 5).
func (g *gress) outputWords() int {
	if g.target == ir.Tofino2 {
		return 4
	}
	return 1
}

// resultCount compares the results of a register action with what the ALU can
// give.
func (g *gress) resultCount(inst *instance, body *syntax.FuncDecl) {
	words := 0
	for _, r := range inst.results {
		n := 0
		for b := r.hi - r.lo; b > 0; b -= 32 {
			n++
		}
		words += max(1, n)
	}
	if words > g.outputWords() {
		g.limit(body.Pos(), "register action %s has %d words of results: the chip's limit is %d", inst.local, words, g.outputWords())
	}
}

// executeMany runs an action whose results lie in places of their own. Where
// the index is out of range, the body does not run and they are zero.
func (g *gress) executeMany(m *method, x *ir.RegisterExec, first int) *value {
	results := m.inst.results
	for _, r := range results {
		g.reset(r)
	}
	g.emit(x)
	for i, r := range results[1:] {
		a := m.arg(first + i)
		if a == nil {
			continue
		}
		dst := g.placeOf(m.f, a)
		if dst == nil {
			g.badLvalue(m.f, a)
			continue
		}
		g.assign(dst, g.convert(g.loadPlace(r), dst.t))
	}
	v := g.loadPlace(results[0])
	if !results[0].scalar() {
		return v
	}
	// The action may run again before the value is used.
	return g.materialise(v)
}

// element describes the min and max functions of a stateful ALU.
type element struct {
	width int
	max   bool
}

// minMax lowers min8, max8, min16 and max16: the smallest or largest of the
// elements that the mask selects, element 0 being the least significant, as
// unsigned numbers; of equal ones the first. Without any the result is 0.
// postmod is then added to that element of the cell, which neither overflows
// nor underflows.
func (g *gress) minMax(m *method, el element) *value {
	if m.arg(0) == nil || m.arg(1) == nil || g.regAction == nil {
		g.errorf(m.e.Pos(), "min and max of a stateful ALU belong in a register action")
		return nil
	}
	vs := g.exprs(m.f, []syntax.Expr{m.arg(0), m.arg(1), m.arg(3)})
	val := g.scalar(g.materialise(vs[0]))
	mask := g.scalar(g.materialise(vs[1]))
	if g.searches[g.pl] == nil {
		g.searches[g.pl] = map[int]bool{}
	}
	g.searches[g.pl][g.regAction.id] = true
	n := min(val.W()/el.width, mask.W())
	best, at, found := g.tempBits(el.width), g.tempBits(8), g.tempBits(1)
	for _, p := range []*place{best, at, found} {
		g.reset(p)
	}
	op := ir.Lt
	if el.max {
		op = ir.Gt
	}
	for i := range n {
		e := slice(val, (i+1)*el.width-1, i*el.width)
		better := binary(ir.LOr, 1, false, &ir.Unary{Op: ir.Not, X: load(found.loc)}, binary(op, 1, false, e, load(best.loc)))
		g.emit(&ir.If{S: g.s(), Cond: binary(ir.LAnd, 1, false, slice(mask, i, i), better), Then: g.capture(func() {
			g.emit(&ir.Assign{S: g.s(), Dst: best.loc, X: e})
			g.emit(&ir.Assign{S: g.s(), Dst: at.loc, X: constInt(8, int64(i))})
			g.emit(&ir.Assign{S: g.s(), Dst: found.loc, X: constInt(1, 1)})
		})})
	}
	if a := m.arg(2); a != nil {
		if dst := g.placeOf(m.f, a); dst != nil && dst.scalar() {
			g.store(dst, cast(load(at.loc), dst.loc.Width, false))
		} else {
			g.badLvalue(m.f, a)
		}
	}
	if vs[2] != nil {
		g.postModify(m, el.width, n, best, at, found, g.scalar(g.convert(vs[2], &types.Bits{Width: 16, Signed: true})))
	}
	return &value{t: m.rt, x: load(best.loc)}
}

// postModify adds to the element that min or max found.
func (g *gress) postModify(m *method, width, n int, best, at, found *place, add ir.Expr) {
	cell := g.placeOf(m.f, m.arg(0))
	if cell == nil || !cell.scalar() || cell.loc.Width < n*width {
		g.errorf(m.arg(0).Pos(), "a postmod needs the cell itself as the value to search")
		return
	}
	sum := g.tempBits(32)
	g.emit(&ir.Assign{S: g.s(), Dst: sum.loc,
		X: binary(ir.Add, 32, false, cast(load(best.loc), 32, false), cast(add, 32, true))})
	top := constInt(32, 1<<width-1)
	limited := binary(ir.Max, 32, true, binary(ir.Min, 32, true, load(sum.loc), top), constInt(32, 0))
	next := g.tempBits(width)
	g.emit(&ir.Assign{S: g.s(), Dst: next.loc, X: cast(limited, width, false)})
	for i := range n {
		here := binary(ir.LAnd, 1, false, load(found.loc), binary(ir.Eq, 1, false, load(at.loc), constInt(8, int64(i))))
		end := cell.loc.Bit + cell.loc.Width - i*width
		g.emit(&ir.If{S: g.s(), Cond: here, Then: []ir.Stmt{
			&ir.Assign{S: g.s(), Dst: ir.Loc{Bit: end - width, Width: width}, X: load(next.loc)},
		}})
	}
}
