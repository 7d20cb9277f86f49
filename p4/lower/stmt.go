package lower

import (
	"math/big"

	"gofino/p4/syntax"
	"gofino/p4/types"
	"gofino/pipeline/ir"
)

// maxUnroll bounds the iterations of one loop.
const maxUnroll = 1024

func (g *gress) blockStmts(f *frame, list []syntax.Stmt) {
	for _, s := range list {
		g.stmt(f, s)
	}
}

func (g *gress) stmt(f *frame, s syntax.Stmt) {
	if s == nil || g.stopped {
		return
	}
	if g.work++; g.work > maxWork {
		g.tooLarge(s.Pos())
		return
	}
	saved := g.at
	g.at = s.Pos()
	defer func() { g.at = saved }()
	switch s := s.(type) {
	case *syntax.EmptyStmt:
	case *syntax.BlockStmt:
		g.blockStmts(f, s.List)
	case *syntax.DeclStmt:
		g.declStmt(f, s.Decl)
	case *syntax.AssignStmt:
		g.assignStmt(f, s)
	case *syntax.CallStmt:
		g.callStmt(f, s.Call)
	case *syntax.DirectApply:
		g.directApply(f, s)
	case *syntax.IfStmt:
		g.ifStmt(f, s)
	case *syntax.SwitchStmt:
		g.switchStmt(f, s)
	case *syntax.ReturnStmt:
		g.returnStmt(f, s)
	case *syntax.ExitStmt:
		g.exitStmt()
	case *syntax.BreakStmt:
		if l := g.loop(); l != nil {
			l.breakUsed = true
			g.emit(&ir.Break{S: g.s(), Label: l.breakLabel})
		}
	case *syntax.ContinueStmt:
		if l := g.loop(); l != nil {
			l.contUsed = true
			g.emit(&ir.Break{S: g.s(), Label: l.contLabel})
		}
	case *syntax.ForStmt:
		g.forStmt(f, s)
	case *syntax.ForInStmt:
		g.forInStmt(f, s)
	default:
		g.errorf(s.Pos(), "this statement is not supported here")
	}
}

func (g *gress) loop() *loop {
	if len(g.loops) == 0 {
		return nil
	}
	return g.loops[len(g.loops)-1]
}

func (g *gress) declStmt(f *frame, d syntax.Decl) {
	switch d := d.(type) {
	case *syntax.VarDecl:
		// A body that may run again for the same packet must not see an
		// earlier run's value.
		g.declareVar(f, d, g.rerun)
	case *syntax.ConstDecl:
		obj := g.info.Defs[d.Name]
		if c, ok := obj.(*types.Const); ok && c.Value == nil && d.Value != nil {
			f.objs[obj] = g.convert(g.expr(f, d.Value), f.typeOf(c.Type))
		}
	case *syntax.Instance:
		g.realise(g.declareInstance(f, d))
	}
}

func (g *gress) callStmt(f *frame, call *syntax.CallExpr) {
	g.callExpr(f, call, nil)
}

func (g *gress) directApply(f *frame, s *syntax.DirectApply) {
	c := g.info.Applies[s]
	if c == nil {
		return
	}
	inst := g.onTheSpot(f, s, g.applyType(s), s.Pos())
	g.applyControl(f, inst, c, s.Pos())
}

func (g *gress) applyType(s *syntax.DirectApply) types.Type { return g.info.TypeOf[s.Type] }

func (g *gress) assignStmt(f *frame, s *syntax.AssignStmt) {
	if obj := g.rootOf(s.L); obj != nil {
		if v, ok := g.known[obj]; ok {
			g.assignLoopVar(f, s, obj, v)
			return
		}
	}
	dst := g.placeOf(f, s.L)
	if dst == nil {
		g.badLvalue(f, s.L)
		return
	}
	if s.Op != syntax.NoOp {
		old := g.loadPlace(dst)
		if g.mayWrite(s.R) {
			old = g.materialise(old)
		}
		v := g.binaryValue(s.Op, old, g.expr(f, s.R), dst.t)
		g.arithmetic(s.Pos(), v)
		g.assign(dst, g.convert(v, dst.t))
		return
	}
	if call, ok := unparen(s.R).(*syntax.CallExpr); ok && dst.special == ordinary && g.info.Types[s.R].Conv == nil {
		v := g.callExpr(f, call, dst)
		if v == nil {
			return
		}
		g.assign(dst, g.convert(v, dst.t))
		return
	}
	if v := g.expr(f, s.R); v != nil {
		g.assign(dst, g.convert(v, dst.t))
	}
}

func (g *gress) badLvalue(f *frame, e syntax.Expr) {
	bad := false
	walkExpr(e, func(x syntax.Expr) bool {
		if ix, ok := x.(*syntax.IndexExpr); ok {
			if _, ok := g.constIndex(f, ix.I); !ok {
				g.errorf(ix.I.Pos(), "a stack index that is not a compile-time constant is not supported by the chip")
				bad = true
			}
		}
		return !bad
	})
	if !bad {
		g.errorf(e.Pos(), "cannot assign to this expression")
	}
}

func (g *gress) ifStmt(f *frame, s *syntax.IfStmt) {
	c := g.scalar(g.expr(f, s.Cond))
	if v, ok := isConst(c); ok {
		if v.Sign() != 0 {
			g.stmt(f, s.Then)
		} else {
			g.stmt(f, s.Else)
		}
		return
	}
	then := g.capture(func() { g.stmt(f, s.Then) })
	els := g.capture(func() { g.stmt(f, s.Else) })
	if len(then) == 0 && len(els) == 0 {
		return
	}
	if len(then) == 0 {
		then, els = els, nil
		c = unary(ir.Not, c)
	}
	g.emit(&ir.If{S: g.s(), Cond: c, Then: then, Else: els})
}

func (g *gress) returnStmt(f *frame, s *syntax.ReturnStmt) {
	rf := f.returnTo()
	if rf == nil {
		return
	}
	r := rf.ret
	if s.Value != nil {
		v := g.expr(f, s.Value)
		if r.single {
			r.value = v
			return
		}
		if r.result != nil {
			g.assign(r.result, g.convert(v, r.result.t))
		}
	}
	if r.single {
		return
	}
	r.used = true
	g.emit(&ir.Break{S: g.s(), Label: r.label})
}

// exitStmt ends the control of this gress, after writing back the out
// parameters of every control, action and function on the way.
func (g *gress) exitStmt() {
	if x := g.actionExit; x != nil {
		g.runExits(x.depth)
		if o := x.owner; o != nil && o.exitFlag != nil {
			// The other copies belong to the place where the table is applied.
			g.emit(&ir.Assign{S: g.s(), Dst: o.exitFlag.loc, X: boolConst(true)})
			x.used = true
			g.emit(&ir.Break{S: g.s(), Label: x.label})
			return
		}
		g.emit(&ir.Exit{S: g.s()})
		return
	}
	g.runExits(0)
	g.emit(&ir.Exit{S: g.s()})
}

func (g *gress) runExits(from int) {
	saved := g.exits
	for i := len(saved) - 1; i >= from; i-- {
		g.exits = saved[:i]
		saved[i]()
	}
	g.exits = saved
}

// actionExit is where an exit in a table action goes.
type actionExit struct {
	label int
	used  bool
	depth int    // of g.exits when the action began
	owner *frame // the instance whose table runs the action
}

func (g *gress) switchStmt(f *frame, s *syntax.SwitchStmt) {
	if m, ok := unparen(s.Tag).(*syntax.MemberExpr); ok && m.Sel.Value == "action_run" {
		if call, ok := unparen(m.X).(*syntax.CallExpr); ok {
			if c := g.info.Calls[call]; c != nil && c.Kind == types.CallTable {
				g.switchAction(f, s, call, c)
				return
			}
		}
	}
	tag := g.scalar(g.expr(f, s.Tag))
	st := &ir.Switch{S: g.s(), Tag: tag}
	g.cases(f, s, st, func(label syntax.Expr) *big.Int {
		v := g.expr(f, label)
		if v.big != nil {
			return wrap(v.big, tag.W())
		}
		x, ok := isConst(g.scalar(v))
		if !ok {
			g.errorf(label.Pos(), "a switch label must be a compile-time constant")
			return nil
		}
		return x
	})
}

func (g *gress) switchAction(f *frame, s *syntax.SwitchStmt, call *syntax.CallExpr, c *types.Call) {
	_, run := g.applyTable(f, call, c, false, true)
	t := c.Callee.(*types.TableObj)
	lt := g.tableOf(f, t.Decl)
	if lt == nil {
		return
	}
	st := &ir.Switch{S: g.s(), Tag: load(run.loc)}
	g.cases(f, s, st, func(label syntax.Expr) *big.Int {
		n, ok := unparen(label).(*syntax.NameExpr)
		if !ok {
			return nil
		}
		i, ok := lt.actionIndex(g, n)
		if !ok {
			g.errorf(label.Pos(), "%s is not an action of table %s", n.Name.Value, t.Name)
			return nil
		}
		return big.NewInt(int64(i))
	})
}

// cases lowers the cases; a label without a body shares the next one's.
func (g *gress) cases(f *frame, s *syntax.SwitchStmt, st *ir.Switch, value func(syntax.Expr) *big.Int) {
	var pending []*big.Int
	pendingDefault := false
	for _, c := range s.Cases {
		if _, ok := c.Label.(*syntax.DefaultExpr); ok || c.Default {
			pendingDefault = true
		} else if c.Label != nil {
			if v := value(c.Label); v != nil {
				pending = append(pending, v)
			}
		}
		if c.Body == nil {
			continue
		}
		body := g.capture(func() { g.stmt(f, c.Body) })
		switch {
		case pendingDefault:
			st.Default = body // labels that share it need no case of their own
		case len(pending) > 0:
			st.Cases = append(st.Cases, ir.SwitchCase{Values: pending, Body: body})
		}
		pending, pendingDefault = nil, false
	}
	if len(pending) > 0 {
		st.Cases = append(st.Cases, ir.SwitchCase{Values: pending})
	}
	if len(st.Cases) == 0 {
		g.blk = append(g.blk, st.Default...)
		return
	}
	g.emit(st)
}

// forStmt unrolls a loop whose variable is known at compile time.
func (g *gress) forStmt(f *frame, s *syntax.ForStmt) {
	saved := g.known
	g.known = map[types.Object]*value{}
	for k, v := range saved {
		g.known[k] = v
	}
	defer func() { g.known = saved }()
	for _, i := range s.Init {
		g.loopInit(f, i)
	}
	l := &loop{breakLabel: g.newLabel()}
	at := g.s()
	body := g.capture(func() {
		for n := 0; ; n++ {
			c := ir.Expr(boolConst(true))
			if s.Cond != nil {
				c = g.scalar(g.expr(f, s.Cond))
			}
			v, ok := isConst(c)
			if !ok {
				g.errorf(s.Cond.Pos(), "a loop whose bounds are not compile-time constants is not supported by the chip")
				return
			}
			if v.Sign() == 0 {
				return
			}
			if n >= maxUnroll {
				g.errorf(s.Pos(), "loop runs more than %d times", maxUnroll)
				return
			}
			if g.stopped || g.errors > 0 && n > 1 {
				return
			}
			g.iteration(f, l, s.Body)
			for _, p := range s.Post {
				g.inPost = true
				g.stmt(f, p)
				g.inPost = false
			}
		}
	})
	g.endLoop(l, at, body)
}

func (g *gress) endLoop(l *loop, at ir.S, body []ir.Stmt) {
	if l.breakUsed {
		g.emit(&ir.Block{S: at, Label: l.breakLabel, Body: body})
		return
	}
	g.blk = append(g.blk, body...)
}

func (g *gress) iteration(f *frame, l *loop, body syntax.Stmt) {
	l.contLabel, l.contUsed = g.newLabel(), false
	at := g.s()
	g.loops = append(g.loops, l)
	stmts := g.capture(func() { g.stmt(f, body) })
	g.loops = g.loops[:len(g.loops)-1]
	if l.contUsed {
		g.emit(&ir.Block{S: at, Label: l.contLabel, Body: stmts})
		return
	}
	g.blk = append(g.blk, stmts...)
}

// loopInit lowers a loop's init statement; a variable declared or set there
// to a constant is the loop's variable.
func (g *gress) loopInit(f *frame, s syntax.Stmt) {
	switch s := s.(type) {
	case *syntax.DeclStmt:
		if v, ok := s.Decl.(*syntax.VarDecl); ok && v.Value != nil {
			obj := g.info.Defs[v.Name]
			if obj == nil {
				return
			}
			x := g.convert(g.expr(f, v.Value), f.typeOf(obj.ObjType()))
			if x.isConst() && !isAggregate(x.t) {
				g.known[obj] = x
				return
			}
		}
	case *syntax.AssignStmt:
		// An outer variable used as loop variable keeps its last value.
		if obj := g.rootOf(s.L); obj != nil && s.Op == syntax.NoOp {
			if p := g.placeOf(f, s.L); p != nil && p.scalar() {
				x := g.convert(g.expr(f, s.R), p.t)
				if x.isConst() {
					g.assign(p, x)
					g.known[obj] = x
					return
				}
			}
		}
	}
	g.stmt(f, s)
}

func (g *gress) assignLoopVar(f *frame, s *syntax.AssignStmt, obj types.Object, old *value) {
	if !g.inPost || g.rootName(s.L) == nil {
		g.errorf(s.L.Pos(), "assigning to loop variable %s inside the loop is not supported", obj.ObjName())
		return
	}
	v := g.expr(f, s.R)
	if s.Op != syntax.NoOp {
		v = g.binaryValue(s.Op, old, v, old.t)
	}
	v = g.convert(v, old.t)
	if !v.isConst() {
		g.errorf(s.Pos(), "a loop whose step is not a compile-time constant is not supported by the chip")
		return
	}
	g.known[obj] = v
	if b, ok := f.lookup(obj); ok {
		if p, ok := b.(*place); ok {
			g.assign(p, v)
		}
	}
}

func (g *gress) rootName(e syntax.Expr) *syntax.NameExpr {
	n, _ := unparen(e).(*syntax.NameExpr)
	return n
}

// forInStmt unrolls a loop over a range, a stack, a tuple or a list.
func (g *gress) forInStmt(f *frame, s *syntax.ForInStmt) {
	obj := g.info.Defs[s.Var.Name]
	if obj == nil {
		return
	}
	t := f.typeOf(obj.ObjType())
	saved := g.known
	g.known = map[types.Object]*value{}
	for k, v := range saved {
		g.known[k] = v
	}
	defer func() { g.known = saved }()
	l := &loop{breakLabel: g.newLabel()}
	at := g.s()
	body := g.capture(func() {
		if r, ok := unparen(s.X).(*syntax.RangeExpr); ok {
			g.forRange(f, s, r, obj, t, l)
			return
		}
		v := g.expr(f, s.X)
		n := g.kidCount(v)
		if !isAggregate(v.t) {
			g.errorf(s.X.Pos(), "a loop over %s is not supported", v.t)
			return
		}
		for i := 0; i < n && i < maxUnroll && !g.stopped; i++ {
			p := g.alloc(t, f.vars+s.Var.Name.Value, naming{at: s.Var.Name.Pos()})
			g.assign(p, g.convert(g.kid(v, i), t))
			f.objs[obj] = p
			g.iteration(f, l, s.Body)
		}
	})
	g.endLoop(l, at, body)
}

func (g *gress) forRange(f *frame, s *syntax.ForInStmt, r *syntax.RangeExpr, obj types.Object, t types.Type, l *loop) {
	lo, hi := g.constInt(f, r.Lo), g.constInt(f, r.Hi)
	if lo == nil || hi == nil {
		g.errorf(r.Pos(), "a loop whose bounds are not compile-time constants is not supported by the chip")
		return
	}
	i := new(big.Int).Set(lo)
	for n := 0; i.Cmp(hi) <= 0; n++ {
		if n >= maxUnroll {
			g.errorf(s.Pos(), "loop runs more than %d times", maxUnroll)
			return
		}
		if g.stopped || g.errors > 0 && n > 1 {
			return
		}
		g.known[obj] = g.convert(&value{t: &types.Basic{Kind: types.Int}, big: new(big.Int).Set(i)}, t)
		g.iteration(f, l, s.Body)
		i.Add(i, one)
	}
}
