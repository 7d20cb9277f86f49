package lower

import (
	"math"
	"math/big"

	"gofino/p4/syntax"
	"gofino/p4/types"
	"gofino/pipeline/ir"
)

// maxRegActions is the number of instruction slots of a stateful ALU
// (chip.md, section 5).
const maxRegActions = 4

// register makes the ir of a Register or DirectRegister.
func (g *gress) register(inst *instance) int {
	if inst.id >= 0 {
		return inst.id
	}
	direct := inst.externName() == "DirectRegister"
	t := inst.typeArg(inst.home, 0)
	r := &ir.Register{Name: inst.name, Pos: irPos(inst.at), Dir: g.dir, Size: 1, Table: -1, Index: 32, Names: []string{"f1"}}
	initial := 0
	if !direct {
		r.Size = g.argInt(inst, 0, 1)
		initial = 1
		if w, ok := scalarWidth(inst.typeArg(inst.home, 1)); ok {
			r.Index = w
		}
	}
	cells := []types.Type{t}
	if isAggregate(t) {
		ms := members(t)
		cells, r.Names = nil, nil
		for _, m := range ms {
			cells = append(cells, m.t)
			r.Names = append(r.Names, m.name)
		}
	}
	if len(cells) == 0 || len(cells) > 2 {
		g.errorf(inst.at, "register %s: a cell is one value or a pair, not %s", inst.local, t)
		inst.refused = true
		return -1
	}
	halved := false
	if w, ok := scalarWidth(cells[0]); ok && w == wideCell && len(cells) == 1 {
		cells, halved = g.wideRegister(inst, r), true
	}
	for i, c := range cells {
		w, ok := scalarWidth(c)
		if !ok || w > 64 {
			g.errorf(inst.at, "register %s: a cell of type %s is not supported", inst.local, t)
			inst.refused = true
			return -1
		}
		if i > 0 && w != r.Width {
			g.limit(inst.at, "register %s: both halves of a pair must be equally wide", inst.local)
		}
		r.Width = max(r.Width, w)
		r.Signed = r.Signed || isSigned(c)
	}
	r.Pair = len(cells) == 2
	switch r.Width {
	case 1, 8, 16, 32:
	case 64:
		if g.target == ir.Tofino && !halved {
			g.limit(inst.at, "register %s: cells of 64 bits need tofino2", inst.local)
		}
	default:
		g.limit(inst.at, "register %s: the chip has cells of 1, 8, 16 or 32 bits, not %d", inst.local, r.Width)
	}
	if initial < len(inst.args) && inst.args[initial] != nil {
		v := inst.args[initial]
		if halved {
			r.Initial = g.halves(g.convert(v, t))
		} else if v.x == nil && v.big == nil {
			for i := 0; i < g.kidCount(v) && i < 2; i++ {
				r.Initial[i] = g.word(g.convert(g.kid(v, i), cells[min(i, len(cells)-1)]))
			}
		} else {
			r.Initial[0] = g.word(g.convert(v, cells[0]))
		}
	}
	inst.id = len(g.pl.Registers)
	g.pl.Registers = append(g.pl.Registers, r)
	return inst.id
}

func (g *gress) word(v *value) uint64 {
	c, ok := isConst(g.scalar(v))
	if !ok {
		return 0
	}
	return new(big.Int).And(c, allOnes(64)).Uint64()
}

// regInstance is the register that a RegisterAction works on.
func (g *gress) regInstance(inst *instance) *instance {
	if len(inst.args) == 0 || inst.args[0] == nil || inst.args[0].inst == nil {
		g.errorf(inst.at, "%s needs a register", inst.local)
		return nil
	}
	return inst.args[0].inst
}

// registerAction lowers the body of a RegisterAction, once.
func (g *gress) registerAction(inst *instance) int {
	if inst.id >= 0 {
		return inst.id
	}
	ri := g.regInstance(inst)
	if ri == nil || ri.refused {
		return -1
	}
	reg := g.register(ri)
	if reg < 0 {
		return -1
	}
	var body *syntax.FuncDecl
	for _, d := range inst.body {
		if fd, ok := d.(*syntax.FuncDecl); ok {
			if fd.Name.Value == "apply" {
				body = fd
			} else {
				g.unsupported(fd.Pos(), "method "+fd.Name.Value+" of "+inst.externName())
			}
		}
	}
	if body == nil {
		g.errorf(inst.at, "%s has no apply method", inst.local)
		return -1
	}
	g.regActionCount(ri, inst)
	a := &ir.RegisterAction{Name: inst.name, Pos: irPos(inst.at), Register: reg}
	inst.id = len(g.pl.RegActions)
	g.pl.RegActions = append(g.pl.RegActions, a)

	nf := newFrame(inst.home)
	nf.vars = inst.home.vars + inst.local + "."
	if o := inst.home.owner(); o != nil {
		o.sticky = true
	}
	saved, savedAt := g.bodyState, g.at
	g.bodyState = bodyState{rerun: true, regAction: inst}
	g.at = body.Pos()
	var rv *place
	inst.results = nil
	for i, p := range body.Params {
		obj := g.info.Defs[p.Name]
		if obj == nil {
			continue
		}
		q := g.alloc(nf.typeOf(obj.ObjType()), nf.vars+p.Name.Value, naming{at: p.Name.Pos()})
		nf.objs[obj] = q
		if i == 0 {
			a.Lo, a.Hi = cellPlaces(q)
			continue
		}
		inst.results = append(inst.results, q)
	}
	// One value is the action's result; more of them, or a struct, are read
	// from where the body leaves them.
	if len(inst.results) == 1 && inst.results[0].scalar() {
		rv = inst.results[0]
		a.Out = rv.loc
	}
	g.resultCount(inst, body)
	a.Body = g.capture(func() {
		g.comparisons(nf, body)
		if rv != nil && !assignsFirst(g, body.Body, body.Params[1]) {
			g.reset(rv)
		}
		g.returning(nf, body.Body, nil)
	})
	g.bodyState, g.at = saved, savedAt
	return inst.id
}

func cellPlaces(q *place) (lo, hi ir.Loc) {
	if q.scalar() && q.loc.Width == wideCell {
		hi = ir.Loc{Bit: q.loc.Bit, Width: wideCell / 2}
		return ir.Loc{Bit: q.loc.Bit + wideCell/2, Width: wideCell / 2}, hi
	}
	if q.scalar() {
		return q.loc, ir.Loc{}
	}
	if len(q.kids) > 0 {
		lo = q.kids[0].loc
	}
	if len(q.kids) > 1 {
		hi = q.kids[1].loc
	}
	return lo, hi
}

func (g *gress) regActionCount(reg, act *instance) {
	g.regActions[reg]++
	if g.regActions[reg] == maxRegActions+1 {
		g.limit(act.at, "register %s has more than %d register actions", reg.local, maxRegActions)
	}
}

// assignsFirst tells whether a body's first mention of a parameter is an
// unconditional assignment to all of it.
func assignsFirst(g *gress, body *syntax.BlockStmt, p *syntax.Param) bool {
	obj := g.info.Defs[p.Name]
	mentions := func(s syntax.Stmt) bool {
		found := false
		walkStmt(s, noStmt, func(e syntax.Expr) bool {
			if n, ok := e.(*syntax.NameExpr); ok && g.info.Uses[n.Name] == obj {
				found = true
			}
			return !found
		})
		return found
	}
	for _, s := range body.List {
		if a, ok := s.(*syntax.AssignStmt); ok && a.Op == syntax.NoOp {
			if n, ok := unparen(a.L).(*syntax.NameExpr); ok && g.info.Uses[n.Name] == obj {
				return !mentions(&syntax.ReturnStmt{Value: a.R})
			}
		}
		if mentions(s) || countReturns(&syntax.BlockStmt{List: []syntax.Stmt{s}}) > 0 {
			return false
		}
	}
	return false
}

func (g *gress) execute(m *method, index ir.Expr, log bool, first int) *value {
	id := g.registerAction(m.inst)
	if id < 0 {
		return nil
	}
	a := g.pl.RegActions[id]
	if len(m.inst.results) > 0 && a.Out.Width == 0 {
		return g.executeMany(m, &ir.RegisterExec{S: g.s(), Action: id, Index: index, Log: log}, first)
	}
	x := &ir.RegisterExec{S: g.s(), Action: id, Index: index, Log: log}
	var r *value
	if a.Out.Width > 0 && !isVoid(m.rt) {
		x.Dst, r = g.result(m, m.rt)
		if x.Dst.Width != a.Out.Width {
			g.errorf(m.e.Pos(), "register action %s returns %d bits", m.inst.local, a.Out.Width)
		}
	}
	g.emit(x)
	return r
}

func (g *gress) registerExecute(m *method) *value {
	if m.arg(0) == nil {
		g.errorf(m.e.Pos(), "%s.execute needs an index", m.inst.externName())
		return nil
	}
	index := g.scalar(g.expr(m.f, m.arg(0)))
	return g.execute(m, index, false, 1)
}

func (g *gress) registerExecuteLog(m *method) *value { return g.execute(m, nil, true, 0) }

func (g *gress) registerExecuteDirect(m *method) *value { return g.execute(m, nil, false, 0) }

// registerRead: Register.read(index), or DirectRegister.read() of the entry.
func (g *gress) registerRead(m *method) *value {
	reg := g.register(m.inst)
	if reg < 0 {
		return nil
	}
	r := &ir.RegisterRead{S: g.s(), Register: reg}
	if m.arg(0) != nil {
		r.Index = g.scalar(g.expr(m.f, m.arg(0)))
	}
	p := g.temp(m.rt)
	r.Lo, r.Hi = cellPlaces(p)
	g.emit(r)
	return g.loadPlace(p)
}

// registerWrite: Register.write(index, value), or DirectRegister.write(value).
func (g *gress) registerWrite(m *method) *value {
	reg := g.register(m.inst)
	last := len(m.c.Args) - 1
	if reg < 0 || last < 0 || m.arg(last) == nil {
		return nil
	}
	w := &ir.RegisterWrite{S: g.s(), Register: reg}
	var vs []*value
	if last > 0 {
		vs = g.exprs(m.f, []syntax.Expr{m.arg(0), m.arg(last)})
		w.Index = g.scalar(vs[0])
	} else {
		vs = []*value{nil, g.expr(m.f, m.arg(last))}
	}
	w.Lo, w.Hi = g.cellValue(m.inst, vs[1])
	g.emit(w)
	return nil
}

func (g *gress) registerParam(inst *instance) int {
	if inst.id < 0 {
		t := inst.typeArg(inst.home, 0)
		w, ok := scalarWidth(t)
		if !ok {
			g.errorf(inst.at, "register parameter %s must be one value", inst.local)
			w = 1
		}
		v := new(big.Int)
		if len(inst.args) > 0 && inst.args[0] != nil {
			if c, ok := isConst(g.scalar(g.convert(inst.args[0], t))); ok {
				v = c
			}
		}
		inst.id = len(g.pl.RegParams)
		g.pl.RegParams = append(g.pl.RegParams, &ir.RegisterParam{Name: inst.name, Pos: irPos(inst.at), Width: w,
			Signed: isSigned(t), Initial: v})
	}
	return inst.id
}

func (g *gress) registerParamRead(m *method) *value {
	id := g.registerParam(m.inst)
	return &value{t: m.rt, x: &ir.RegParam{Param: id, Width: g.pl.RegParams[id].Width}}
}

// mathOps: inverted, exponent shift, and the function that fills the table
// (chip.md, section 5). RSQR's table is what the chip's compiler makes of it.
var mathOps = map[string]struct {
	invert bool
	shift  int
	fn     func(float64) float64
	max    float64
}{
	"MUL":   {false, 0, func(x float64) float64 { return x }, 1.875},
	"SQR":   {false, 1, func(x float64) float64 { return x * x }, 3.515625},
	"SQRT":  {false, -1, math.Sqrt, 1.36930639376291528364},
	"DIV":   {true, 0, func(x float64) float64 { return 1 / x }, 1},
	"RSQR":  {true, 1, func(x float64) float64 { return 1 / x * x }, 1},
	"RSQRT": {true, -1, func(x float64) float64 { return 1 / math.Sqrt(x) }, 1.41421356237309504880},
}

func (g *gress) mathUnit(inst *instance) int {
	if inst.id >= 0 {
		return inst.id
	}
	w, _ := scalarWidth(inst.typeArg(inst.home, 0))
	u := &ir.MathUnit{Name: inst.name, Width: w}
	inst.id = len(g.pl.MathUnits)
	g.pl.MathUnits = append(g.pl.MathUnits, u)
	if op, ok := mathOps[argEnum(inst, 0)]; ok {
		u.Invert, u.Shift = op.invert, op.shift
		val := float64(g.argInt(inst, 1, 1))
		if b := g.argInt(inst, 2, 1); b != 0 {
			val /= float64(b)
		}
		if val <= 0 {
			g.errorf(inst.at, "math unit %s needs a positive factor", inst.local)
			return inst.id
		}
		// The largest scale with which every entry stays below 256.
		u.Scale = max(-32, min(31, int(math.Floor(math.Log2(val*op.max)))-7))
		val *= math.Pow(2, float64(-u.Scale))
		first := 8
		if op.shift < 0 {
			first = 4
		}
		for i := first; i < 16; i++ {
			u.Table[i] = uint8(max(0, min(255, math.RoundToEven(op.fn(float64(i)/8)*val))))
		}
		return inst.id
	}
	u.Invert = g.argBool(inst, 0)
	u.Shift = g.argInt(inst, 1, 0)
	u.Scale = g.argInt(inst, 2, 0)
	if len(inst.args) > 3 && inst.args[3] != nil {
		// The list runs from entry 15 down.
		for i := 0; i < g.kidCount(inst.args[3]) && i < 16; i++ {
			u.Table[15-i] = uint8(g.word(g.kid(inst.args[3], i)))
		}
	}
	return inst.id
}

func (g *gress) mathExecute(m *method) *value {
	id := g.mathUnit(m.inst)
	if m.arg(0) == nil {
		return nil
	}
	x := g.scalar(g.expr(m.f, m.arg(0)))
	dst, r := g.result(m, m.rt)
	g.emit(&ir.MathExec{S: g.s(), Unit: id, X: x, Dst: dst})
	return r
}
