package lower

import (
	"gofino/p4/syntax"
	"gofino/p4/types"
	"gofino/pipeline/ir"
)

// callExpr lowers a call. dst, if not nil, is where the result should go
// directly, if the callee can; one that did returns dst's contents.
func (g *gress) callExpr(f *frame, e *syntax.CallExpr, dst *place) *value {
	c := g.info.Calls[e]
	if c == nil {
		g.errorf(e.Pos(), "this call cannot be resolved")
		return nil
	}
	saved := g.at
	g.at = e.Pos()
	defer func() { g.at = saved }()
	switch c.Kind {
	case types.CallFunction:
		return g.callFunction(f, e, c)
	case types.CallExternFunc:
		return g.callExternFunc(f, e, c, dst)
	case types.CallMethod, types.CallAbstract:
		return g.callMethod(f, e, c, dst)
	case types.CallBuiltin:
		return g.callBuiltin(f, e, c)
	case types.CallAction:
		g.callAction(f, e, c)
		return &value{t: c.Result, kids: []*value{}}
	case types.CallTable:
		g.applyTable(f, e, c, false, false)
		return &value{t: c.Result, kids: []*value{}}
	case types.CallApply:
		g.callApply(f, e, c)
		return &value{t: c.Result, kids: []*value{}}
	case types.CallConstructor:
		return &value{t: c.Result, inst: g.constructExpr(f, e, c)}
	}
	g.errorf(e.Pos(), "this call cannot be evaluated here")
	return nil
}

// argument of a call, nil where it was left out.
func argument(c *types.Call, i int) syntax.Expr {
	if i >= len(c.Args) {
		return nil
	}
	return c.Args[i]
}

// binding is one prepared argument.
type binding struct {
	dir   syntax.Direction
	pl    *place // lvalue argument
	v     *value
	inst  *instance
	alias bool
	// hidden: a later argument's copy-out overwrites this one's.
	hidden bool
}

// bind gives the parameters of an inlined body their arguments, evaluated from
// left to right, and returns the copies to make when the body ends (or exits).
// A parameter is the argument's own storage where no other access to that
// storage could tell the difference. body is not nil where it can see the
// variables around it (actions); seen is the frame it is declared in.
func (g *gress) bind(f, nf *frame, params []*syntax.Param, c *types.Call, body syntax.Stmt, seen *frame, mustCopy bool) []func() {
	bs := g.prepareArgs(f, params, c)
	g.chooseAliases(bs, body, seen, mustCopy)
	var outs []func()
	var fresh []*place // start anew, once every argument has been read
	for i, p := range params {
		obj := g.info.Defs[p.Name]
		if obj == nil || bs[i] == nil {
			continue
		}
		b := bs[i]
		t := nf.typeOf(obj.ObjType())
		switch {
		case b.inst != nil:
			nf.objs[obj] = b.inst
		case b.alias && b.pl != nil:
			nf.objs[obj] = b.pl
			if b.dir == syntax.Out {
				fresh = append(fresh, b.pl)
			}
			if b.pl.vbit.Width > 0 && b.dir != syntax.In && b.dir != syntax.NoDir {
				pl := b.pl
				outs = append(outs, func() { g.validate(pl) })
			}
		case b.pl == nil && b.v != nil && b.v.isConst() && !isAggregate(t) && !mustCopy:
			nf.objs[obj] = g.convert(b.v, t)
		default:
			q := g.paramPlace(nf, obj, p, t, mustCopy)
			if b.dir == syntax.Out {
				g.reset(q)
			} else {
				v := b.v
				if v == nil {
					v = g.loadPlace(b.pl)
				}
				g.assign(q, g.convert(v, t))
			}
			if b.pl != nil && !b.hidden && (b.dir == syntax.Out || b.dir == syntax.InOut) {
				pl := b.pl
				outs = append(outs, func() { g.assign(pl, g.loadPlace(q)) })
			}
		}
	}
	for _, pl := range fresh {
		g.resetOut(pl)
	}
	return outs
}

// paramPlace is the storage of a copied parameter: one for all activations
// where the instance's tables refer to it (fixed).
func (g *gress) paramPlace(nf *frame, obj types.Object, p *syntax.Param, t types.Type, fixed bool) *place {
	if fixed {
		if q, ok := nf.objs[obj].(*place); ok {
			return q
		}
	}
	q := g.alloc(t, nf.vars+p.Name.Value, naming{at: p.Name.Pos()})
	nf.objs[obj] = q
	return q
}

// prepareArgs evaluates arguments. Values that a later argument's calls could
// change are saved.
func (g *gress) prepareArgs(f *frame, params []*syntax.Param, c *types.Call) []*binding {
	last := -1
	for i := range params {
		if a := argument(c, i); a != nil && g.mayWrite(a) {
			last = i
		}
	}
	bs := make([]*binding, len(params))
	for i, p := range params {
		a := argument(c, i)
		b := &binding{dir: p.Dir}
		if _, skip := a.(*syntax.DefaultExpr); skip {
			a = nil
		}
		if a == nil {
			if p.Default != nil {
				b.v = g.expr(f, p.Default)
				bs[i] = b
			} else if p.Dir == syntax.Out || p.Dir == syntax.InOut {
				bs[i] = b // an optional result that nobody wants
			}
			continue
		}
		bs[i] = b
		if inst := g.externArg(f, a); inst != nil {
			b.inst = inst
			continue
		}
		b.pl = g.placeOf(f, a)
		if p.Dir == syntax.Out || p.Dir == syntax.InOut {
			if b.pl == nil {
				g.errorf(a.Pos(), "argument for %s parameter %s must be a variable", dirName(p.Dir), p.Name.Value)
				bs[i] = nil
			} else if b.pl.special != ordinary {
				g.errorf(a.Pos(), "%s as an argument is not supported: use an index", b.pl.name)
				bs[i] = nil
			}
			continue
		}
		if b.pl != nil && b.pl.special == ordinary && g.info.Types[a].Conv == nil && i >= last {
			b.v = g.loadPlace(b.pl)
			continue
		}
		b.pl = nil
		b.v = g.expr(f, a)
		if i < last {
			b.v = g.materialise(b.v)
		}
	}
	return bs
}

func dirName(d syntax.Direction) string { return [...]string{"", "in", "out", "inout"}[d] }

// externArg is the instance that an argument names (packet_in, an extern
// parameter), or nil.
func (g *gress) externArg(f *frame, a syntax.Expr) *instance {
	if _, ok := under(g.typeOf(f, a)).(*types.Extern); !ok {
		return nil
	}
	return g.instanceOf(f, a)
}

func (g *gress) chooseAliases(bs []*binding, body syntax.Stmt, seen *frame, mustCopy bool) {
	if mustCopy {
		return
	}
	writes := func(b *binding) bool { return b.dir == syntax.Out || b.dir == syntax.InOut }
	for i, b := range bs {
		if b == nil || b.pl == nil {
			continue
		}
		b.alias = true
		for j, o := range bs {
			if i == j || o == nil {
				continue
			}
			if o.pl != nil && o.pl.overlaps(b.pl) && (writes(b) || writes(o)) {
				// The one inside the other is copied: its copy-in sees the
				// value at the call, its copy-out comes at the end, unless a
				// later argument's copy-out hides it. Of the same variable
				// twice only a single writer can keep its storage.
				wider := b.pl.contains(o.pl) && !o.pl.contains(b.pl)
				same := b.pl.contains(o.pl) && o.pl.contains(b.pl)
				if !wider && !(same && writes(b) && !writes(o)) {
					b.alias = false
				}
				if wider && writes(b) && j < i {
					o.hidden = true
				}
			}
			if o.pl == nil && o.v != nil && writes(b) && g.reads(o.v, b.pl.lo, b.pl.hi) {
				// The other value is pure and not yet stored: save it.
				o.v = g.materialise(o.v)
			}
		}
		if b.alias && body != nil && g.bodyMentions(seen, body, b.pl, !writes(b)) {
			b.alias = false
		}
	}
}

// resetOut starts an out parameter that is its argument's own storage.
func (g *gress) resetOut(p *place) {
	if g.parser != nil && g.parser.fresh(p) {
		return // nothing was written since the packet started
	}
	g.reset(p)
}

// inline runs body with outs as the copies to make at its end; exit makes them
// as well.
func (g *gress) inline(outs []func(), body func()) {
	if len(outs) > 0 {
		g.exits = append(g.exits, func() {
			for _, o := range outs {
				o()
			}
		})
	}
	body()
	if len(outs) > 0 {
		g.exits = g.exits[:len(g.exits)-1]
		for _, o := range outs {
			o()
		}
	}
}

// returning lowers a body that may contain return statements.
func (g *gress) returning(f *frame, body *syntax.BlockStmt, result types.Type) {
	r := &returns{}
	f.ret = r
	n := countReturns(body)
	if n == 1 && len(body.List) > 0 {
		if _, ok := body.List[len(body.List)-1].(*syntax.ReturnStmt); ok {
			r.single = true
		}
	}
	if n == 0 || r.single {
		g.blockStmts(f, body.List)
		return
	}
	if !isVoid(result) {
		r.result = g.temp(f.typeOf(result))
		g.reset(r.result)
	}
	r.label = g.newLabel()
	at := g.s()
	stmts := g.capture(func() { g.blockStmts(f, body.List) })
	if n := len(stmts); n > 0 {
		// A return at the very end jumps nowhere.
		if b, ok := stmts[n-1].(*ir.Break); ok && b.Label == r.label {
			stmts = stmts[:n-1]
		}
	}
	if !r.used {
		g.blk = append(g.blk, stmts...)
		return
	}
	g.emit(&ir.Block{S: at, Label: r.label, Body: stmts})
}

func countReturns(body *syntax.BlockStmt) int {
	n := 0
	walkStmt(body, func(s syntax.Stmt) {
		if _, ok := s.(*syntax.ReturnStmt); ok {
			n++
		}
	}, func(syntax.Expr) bool { return false })
	return n
}

// deepen guards inlining against recursion, which the language forbids.
func (g *gress) deepen(at syntax.Pos, what string) bool {
	if g.stopped {
		return false
	}
	if g.depth += 8; g.depth > maxDepth {
		g.errorf(at, "%s is inlined too deeply", what)
		return false
	}
	return true
}

func (g *gress) callFunction(f *frame, e *syntax.CallExpr, c *types.Call) *value {
	fo, ok := c.Callee.(*types.FuncObj)
	if !ok || fo.Decl == nil || fo.Decl.Body == nil {
		g.errorf(e.Pos(), "this function has no body")
		return nil
	}
	defer func(d int) { g.depth = d }(g.depth)
	if !g.deepen(e.Pos(), "function "+fo.Name) {
		return zero(c.Result)
	}
	nf := newFrame(nil)
	nf.vars = f.vars + fo.Name + "."
	if sig, ok := fo.Type.(*types.Func); ok && len(sig.TypeParams) > 0 {
		nf.tsub = map[*types.TypeVar]types.Type{}
		for i, tp := range sig.TypeParams {
			if i < len(c.TypeArgs) {
				nf.tsub[tp] = f.typeOf(c.TypeArgs[i])
			}
		}
	}
	rt := f.typeOf(c.Result)
	outs := g.bind(f, nf, fo.Decl.Params, c, nil, nil, false)
	var v *value
	g.inline(outs, func() {
		g.returning(nf, fo.Decl.Body, rt)
		switch {
		case isVoid(rt):
			v = &value{t: rt, kids: []*value{}}
		case nf.ret.value != nil:
			v = g.convert(nf.ret.value, rt)
			if len(outs) > 0 {
				v = g.materialise(v)
			}
		case nf.ret.result != nil:
			v = g.loadPlace(nf.ret.result)
		default:
			v = zero(rt)
		}
	})
	return v
}

// callAction inlines a direct call of an action.
func (g *gress) callAction(f *frame, e *syntax.CallExpr, c *types.Call) {
	ao, ok := c.Callee.(*types.ActionObj)
	if !ok || ao.Decl == nil {
		return
	}
	defer func(d int) { g.depth = d }(g.depth)
	if !g.deepen(e.Pos(), "action "+ao.Name) {
		return
	}
	home := g.homeOf(f, ao.Decl)
	nf := newFrame(home)
	nf.vars = f.vars + ao.Name + "."
	outs := g.bind(f, nf, ao.Decl.Params, c, ao.Decl.Body, home, false)
	g.inline(outs, func() { g.returning(nf, ao.Decl.Body, nil) })
}

// homeOf is the frame that an action's body sees: its control's, or an empty
// one for an action at the outermost level.
func (g *gress) homeOf(f *frame, d *syntax.ActionDecl) *frame {
	o := f.owner()
	if o != nil {
		if cd, ok := o.inst.decl.(*syntax.ControlDecl); ok {
			for _, l := range cd.Locals {
				if l == syntax.Decl(d) {
					return o
				}
			}
		}
	}
	return g.top
}

// callApply inlines a control instance (parsers apply subparsers elsewhere).
func (g *gress) callApply(f *frame, e *syntax.CallExpr, c *types.Call) {
	inst := g.applied(f, e, c)
	if inst == nil {
		g.errorf(e.Pos(), "this object cannot be applied here")
		return
	}
	g.applyControl(f, inst, c, e.Pos())
}

// applied is the instance that inst.apply(...) runs.
func (g *gress) applied(f *frame, e *syntax.CallExpr, c *types.Call) *instance {
	if c.Recv != nil {
		if tn, ok := unparen(c.Recv).(*syntax.TypeNameExpr); ok {
			return g.onTheSpot(f, tn.Type, g.info.TypeOf[tn.Type], e.Pos())
		}
		if inst := g.instanceOf(f, c.Recv); inst != nil {
			return inst
		}
		if g.info.Types[c.Recv].IsType {
			return g.onTheSpot(f, e, g.info.Types[c.Recv].Type, e.Pos())
		}
	}
	return nil
}

// onTheSpot makes the instance of Type.apply(...), once per place in the
// source and activation.
func (g *gress) onTheSpot(f *frame, key any, t types.Type, at syntax.Pos) *instance {
	o := f.owner()
	k := spotKey{o, key}
	if inst, ok := g.spots[k]; ok {
		return inst
	}
	var as []*syntax.Annotation
	if p, ok := under(t).(*types.Proto); ok && p.Decl != nil {
		if a := annotation(p.Decl.Annots(), "name"); a != nil {
			as = []*syntax.Annotation{a}
		}
	}
	inst := g.construct(o, nil, t, typeName(t), at, as, nil)
	g.spots[k] = inst
	return inst
}

type spotKey struct {
	owner *frame
	key   any
}

func (g *gress) applyControl(f *frame, inst *instance, c *types.Call, at syntax.Pos) {
	d, ok := inst.decl.(*syntax.ControlDecl)
	if !ok || d.Body == nil || inst.frame == nil {
		g.errorf(at, "%s cannot be applied in a control", inst.local)
		return
	}
	defer func(d int) { g.depth = d }(g.depth)
	if !g.deepen(at, "control "+inst.local) {
		return
	}
	nf := inst.frame
	mustCopy := g.force[inst.name]
	before := map[types.Object]any{}
	for _, p := range d.Params {
		if obj := g.info.Defs[p.Name]; obj != nil {
			before[obj] = nf.objs[obj]
		}
	}
	outs := g.bind(f, nf, d.Params, c, nil, nil, mustCopy)
	if nf.applied > 0 && !mustCopy && (nf.sticky || len(nf.tables) > 0) {
		for obj, b := range before {
			if nf.objs[obj] != b {
				// Its tables already refer to other storage: start again with
				// one place per parameter.
				g.again[inst.name] = true
			}
		}
	}
	g.inline(outs, func() {
		if len(g.exits) > 0 && nf.exitFlag == nil {
			nf.exitFlag = g.tempBits(1)
		}
		g.controlBody(nf, d)
	})
}

// controlBody runs a control whose parameters are bound.
func (g *gress) controlBody(nf *frame, d *syntax.ControlDecl) {
	at := g.at
	for _, l := range d.Locals {
		if v, ok := l.(*syntax.VarDecl); ok {
			g.at = v.Pos()
			g.declareVar(nf, v, nf.applied > 0)
		}
		if x, ok := l.(*syntax.Instance); ok {
			if inst, ok := nf.objs[g.info.Defs[x.Name]].(*instance); ok {
				g.realise(inst)
			}
		}
	}
	nf.applied++
	g.at = at
	saved := nf.ret
	g.returning(nf, d.Body, nil)
	nf.ret = saved
	g.at = at
}

// declareVar makes a local variable; again means that its storage may hold an
// earlier activation's value.
func (g *gress) declareVar(f *frame, v *syntax.VarDecl, again bool) {
	obj := g.info.Defs[v.Name]
	if obj == nil {
		return
	}
	var init *value
	if v.Value != nil {
		init = g.expr(f, v.Value)
	}
	t := f.typeOf(obj.ObjType())
	p, ok := f.objs[obj].(*place)
	if !ok || len(g.loops) > 0 {
		p = g.alloc(t, f.vars+v.Name.Value, naming{at: v.Name.Pos()})
		f.objs[obj] = p
	}
	if init == nil {
		if again {
			g.reset(p)
		}
		return
	}
	g.at = v.Pos()
	g.assign(p, g.convert(init, t))
}
