package lower

import (
	"math/big"

	"gofino/p4/syntax"
	"gofino/p4/types"
	"gofino/pipeline/ir"
)

// maxStates bounds the states after inlining subparsers.
const maxStates = 20000

// parserBuilder flattens a parser: subparsers are inlined at each call, with
// the state after the call as their accept state.
type parserBuilder struct {
	g      *gress
	out    *ir.Parser
	top    *parserAct
	memo   map[stateKey]int
	queue  []func()
	names  map[string]int
	writes map[int]bool // headers extracted or changed so far
	looped bool         // the state being lowered may run again, or after others
	again  bool         // some state leads back to the first one
	units  int
	// egressMeta: the parser extracts the egress intrinsic header itself.
	egressMeta bool
}

type stateKey struct {
	act  *parserAct
	decl *syntax.StateDecl
}

// parserAct is one activation of a parser.
type parserAct struct {
	f      *frame
	d      *syntax.ParserDecl
	prefix string
	accept func() int
}

func (g *gress) lowerParser(inst *instance, name string) {
	d := inst.decl.(*syntax.ParserDecl)
	b := &parserBuilder{g: g, out: g.out.Parser, memo: map[stateKey]int{}, names: map[string]int{}, writes: map[int]bool{}}
	b.out.Name, b.out.Pos = name, irPos(d.Name.Pos())
	g.parser = b
	act := &parserAct{f: inst.frame, d: d, accept: func() int { return ir.Accept }}
	b.top = act
	start := findState(d, "start")
	if start == nil {
		g.errorf(d.Name.Pos(), "parser %s has no start state", d.Name.Value)
		return
	}
	init := g.capture(func() { b.locals(act, false) })
	b.again = targeted(d, "start")
	if len(init) > 0 && b.again {
		b.again = false
		i := b.newState("$init", d.Name.Pos())
		b.out.States[i].Body = init
		b.out.States[i].Next = b.state(act, start)
		init = nil
	}
	first := b.state(act, start)
	if len(init) > 0 {
		b.out.States[first].Body = init
	}
	for len(b.queue) > 0 {
		next := b.queue[0]
		b.queue = b.queue[1:]
		next()
	}
	b.out.Checksums = b.units
	if g.dir == ir.Egress && !b.egressMeta {
		b.skipEgressMeta()
	}
	g.parser = nil
}

// skipEgressMeta: an egress parser that leaves the intrinsic header alone never
// sees it (the chip's compiler skips what the program does not extract).
func (b *parserBuilder) skipEgressMeta() {
	n := egressMetaBytes(b.g.target)
	skip := &ir.Advance{S: ir.S{P: b.out.Pos}, Bits: constInt(32, int64(n)*8)}
	if b.again {
		first := *b.out.States[0]
		b.out.States = append(b.out.States, &first)
		moved := len(b.out.States) - 1
		for _, s := range b.out.States {
			if s.Next == 0 {
				s.Next = moved
			}
			for _, c := range s.Cases {
				if c.Next == 0 {
					c.Next = moved
				}
			}
		}
		b.out.States[0] = &ir.State{Name: "$skip", Pos: b.out.Pos, Next: moved}
	}
	b.out.States[0].Body = append([]ir.Stmt{skip}, b.out.States[0].Body...)
}

// egressMetaBytes is the size of the egress intrinsic header
// (tna-semantics.md, 2.5).
func egressMetaBytes(t ir.Target) int {
	if t == ir.Tofino {
		return 27
	}
	return 28
}

func findState(d *syntax.ParserDecl, name string) *syntax.StateDecl {
	for _, s := range d.States {
		if s.Name.Value == name {
			return s
		}
	}
	return nil
}

// targeted tells whether some state leads to the named one.
func targeted(d *syntax.ParserDecl, name string) bool {
	for _, s := range d.States {
		switch t := s.Next.(type) {
		case *syntax.Goto:
			if t.State.Value == name {
				return true
			}
		case *syntax.Select:
			for _, c := range t.Cases {
				if c.State.Value == name {
					return true
				}
			}
		}
	}
	return false
}

// fresh tells whether nothing can have written p since the packet started:
// while the first state is lowered, and only if nothing leads back to it.
func (b *parserBuilder) fresh(p *place) bool {
	if b.looped {
		return false
	}
	for hdr := range b.writes {
		if h := b.g.out.Headers[hdr]; h.Off*8 < p.hi && p.lo < (h.Off+h.Bytes)*8 {
			return false
		}
	}
	return true
}

func (b *parserBuilder) newState(name string, at syntax.Pos) int {
	if n := b.names[name]; n > 0 {
		b.names[name] = n + 1
		name += "." + big.NewInt(int64(n)).String()
	} else {
		b.names[name] = 1
	}
	i := len(b.out.States)
	b.out.States = append(b.out.States, &ir.State{Name: name, Pos: irPos(at), Next: rejected})
	if i == maxStates {
		b.g.errorf(at, "parser has more than %d states after inlining", maxStates)
	}
	return i
}

// state is the index of a state in an activation; its body is lowered later.
func (b *parserBuilder) state(act *parserAct, d *syntax.StateDecl) int {
	k := stateKey{act, d}
	if i, ok := b.memo[k]; ok {
		return i
	}
	i := b.newState(act.prefix+d.Name.Value, d.Name.Pos())
	b.memo[k] = i
	if i >= maxStates {
		return i
	}
	b.queue = append(b.queue, func() {
		b.looped = i > 0 || act == b.top && targeted(act.d, d.Name.Value)
		b.into(i, func() { b.run(i, act, d.Body, func(at int) { b.transition(at, act, d) }) })
	})
	return i
}

// into lowers statements at the end of state i.
func (b *parserBuilder) into(i int, f func()) {
	saved := b.g.blk
	b.g.blk = b.out.States[i].Body
	f()
	b.g.blk = saved
}

// later lowers state i, which other states lead to, when its turn comes.
func (b *parserBuilder) later(i int, f func()) {
	b.queue = append(b.queue, func() {
		b.looped = true
		b.into(i, f)
	})
}

// flush stores what was emitted so far as the body of state i.
func (b *parserBuilder) flush(i int) { b.out.States[i].Body = b.g.blk }

// locals declares the variables and instances of an activation.
func (b *parserBuilder) locals(act *parserAct, again bool) {
	g := b.g
	for _, l := range act.d.Locals {
		switch l := l.(type) {
		case *syntax.VarDecl:
			g.at = l.Pos()
			g.declareVar(act.f, l, again)
		case *syntax.Instance:
			if inst, ok := act.f.objs[g.info.Defs[l.Name]].(*instance); ok {
				g.realise(inst)
			}
		}
	}
}

// run lowers statements into state i; end continues in the state where they
// end. Subparser calls and conditionals around packet operations split the
// state.
func (b *parserBuilder) run(i int, act *parserAct, list []syntax.Stmt, end func(at int)) {
	g := b.g
	for n, s := range list {
		rest := list[n+1:]
		g.at = s.Pos()
		switch s := s.(type) {
		case *syntax.BlockStmt:
			b.run(i, act, append(append([]syntax.Stmt{}, s.List...), rest...), end)
			return
		case *syntax.CallStmt:
			if c := g.info.Calls[s.Call]; c != nil && c.Kind == types.CallApply {
				if inst := g.applied(act.f, s.Call, c); inst != nil {
					b.subparser(i, act, inst, c, s.Pos(), rest, end)
					return
				}
			}
		case *syntax.DirectApply:
			if c := g.info.Applies[s]; c != nil {
				b.subparser(i, act, g.onTheSpot(act.f, s, g.applyType(s), s.Pos()), c, s.Pos(), rest, end)
				return
			}
		case *syntax.IfStmt:
			if b.splits(s) {
				b.conditional(i, act, s, rest, end)
				return
			}
		}
		g.rerun = true
		g.stmt(act.f, s)
	}
	end(i)
}

// splits: calls inside a conditional need states of their own.
func (b *parserBuilder) splits(s *syntax.IfStmt) bool {
	found := false
	walkStmt(s, noStmt, func(e syntax.Expr) bool {
		if _, ok := e.(*syntax.CallExpr); ok {
			found = true
		}
		return !found
	})
	return found
}

func (b *parserBuilder) conditional(i int, act *parserAct, s *syntax.IfStmt, rest []syntax.Stmt, end func(int)) {
	g := b.g
	c := g.scalar(g.expr(act.f, s.Cond))
	b.flush(i)
	name := b.out.States[i].Name
	// Both branches go on in one state, so that a row of conditionals does not
	// double at each.
	cont := -1
	join := func(at int) {
		b.flush(at)
		if cont < 0 {
			cont = b.newState(name+".join", s.Pos())
			b.later(cont, func() { b.run(cont, act, rest, end) })
		}
		b.out.States[at].Next = cont
	}
	branch := func(body syntax.Stmt, kind string) int {
		k := b.newState(name+"."+kind, s.Pos())
		var list []syntax.Stmt
		if body != nil {
			list = append(list, body)
		}
		b.later(k, func() { b.run(k, act, list, join) })
		return k
	}
	st := b.out.States[i]
	st.Keys = []ir.Expr{c}
	st.Cases = []*ir.Case{
		{Pos: irPos(s.Pos()), ValueSet: -1, Match: []ir.Match{{Value: one, Mask: one}}, Next: branch(s.Then, "then")},
		{Pos: irPos(s.Pos()), ValueSet: -1, Match: []ir.Match{{}}, Next: branch(s.Else, "else")},
	}
}

func (b *parserBuilder) subparser(i int, act *parserAct, inst *instance, c *types.Call, at syntax.Pos, rest []syntax.Stmt, end func(int)) {
	g := b.g
	d, ok := inst.decl.(*syntax.ParserDecl)
	if !ok || inst.frame == nil {
		g.errorf(at, "%s cannot be applied in a parser", inst.local)
		return
	}
	start := findState(d, "start")
	if start == nil || len(b.out.States) > maxStates {
		return
	}
	// An activation of its own: the same instance may be called from several
	// states with different arguments.
	nf := newFrame(inst.frame)
	nf.inst = inst
	nf.vars, nf.path = inst.frame.vars, inst.frame.path
	sub := &parserAct{f: nf, d: d, prefix: act.prefix + inst.local + "."}
	if len(sub.prefix) > 2000 {
		g.errorf(at, "parsers are nested too deeply")
		return
	}
	outs := g.bind(act.f, nf, d.Params, c, nil, nil, false)
	b.locals(sub, b.looped)
	b.flush(i)
	name := b.out.States[i].Name
	cont := -1
	sub.accept = func() int {
		if cont < 0 {
			cont = b.newState(name+".after_"+inst.local, at)
			b.later(cont, func() {
				g.at = at
				for _, o := range outs {
					o()
				}
				b.run(cont, act, rest, end)
			})
		}
		return cont
	}
	b.out.States[i].Next = b.state(sub, start)
}

// rejected is where an explicit or missing transition to reject leads. The
// chip's compiler makes the same end of parsing of accept and reject (p4c,
// backends/tofino, extract_parser.cpp: convertState), so the packet goes on;
// only a select without a matching case drops it.
const rejected = ir.Accept

func (b *parserBuilder) target(act *parserAct, n *syntax.Name) int {
	switch n.Value {
	case "accept":
		return act.accept()
	case "reject":
		return rejected
	}
	if d := findState(act.d, n.Value); d != nil {
		return b.state(act, d)
	}
	return rejected
}

func (b *parserBuilder) transition(i int, act *parserAct, d *syntax.StateDecl) {
	g := b.g
	st := b.out.States[i]
	switch t := d.Next.(type) {
	case nil:
		b.flush(i)
	case *syntax.Goto:
		b.flush(i)
		st.Next = b.target(act, t.State)
	case *syntax.Select:
		g.at = t.Pos()
		st.Keys = b.selectKeys(act, t)
		b.flush(i)
		for _, c := range t.Cases {
			g.at = c.Pos()
			if x := b.selectCase(act, st, c); x != nil {
				st.Cases = append(st.Cases, x)
			}
		}
		if len(st.Keys) == 0 && len(st.Cases) > 0 {
			// An empty select: its first case always holds.
			st.Next = st.Cases[0].Next
			st.Cases = nil
		}
	}
}

// selectKeys evaluates a select's keys; tuples and structs are taken apart.
func (b *parserBuilder) selectKeys(act *parserAct, t *syntax.Select) []ir.Expr {
	var keys []ir.Expr
	for _, v := range b.g.exprs(act.f, t.Keys) {
		keys = append(keys, b.g.flatten(v)...)
	}
	return keys
}

func (b *parserBuilder) selectCase(act *parserAct, st *ir.State, c *syntax.SelectCase) *ir.Case {
	g := b.g
	x := &ir.Case{Pos: irPos(c.Pos()), ValueSet: -1}
	ks := c.Keys
	if len(ks) == 1 && len(st.Keys) != 1 {
		if l, ok := unparen(ks[0]).(*syntax.ListExpr); ok {
			ks = l.Elems
		}
	}
	any := len(ks) == 1 && len(st.Keys) > 1
	for i, k := range st.Keys {
		var e syntax.Expr
		switch {
		case any:
			e = ks[0]
			if n, ok := unparen(e).(*syntax.NameExpr); !ok || !g.isValueSet(n) {
				if _, def := unparen(e).(*syntax.DefaultExpr); !def {
					g.errorf(e.Pos(), "a select on %d keys needs as many values", len(st.Keys))
					return nil
				}
			}
		case i < len(ks):
			e = ks[i]
		}
		s, ok := g.keySet(act.f, e, k.W())
		if !ok {
			return nil
		}
		if s.valueSet != nil {
			if len(ks) > 1 {
				g.errorf(e.Pos(), "a value set beside other values is not supported")
				return nil
			}
			x.ValueSet = g.valueSet(act.f, s.valueSet.(*types.ValueSetObj))
			x.Match = nil
			break
		}
		m := ir.Match{Value: s.value, Mask: s.mask, Range: s.isRange, Lo: s.lo, Hi: s.hi}
		if s.any {
			m = ir.Match{}
		}
		x.Match = append(x.Match, m)
	}
	x.Next = b.target(act, c.State)
	return x
}

func (g *gress) isValueSet(n *syntax.NameExpr) bool {
	_, ok := g.info.Uses[n.Name].(*types.ValueSetObj)
	return ok
}

// valueSet makes the ir of a parser value set, once per instance.
func (g *gress) valueSet(f *frame, o *types.ValueSetObj) int {
	home := f.owner()
	for home != nil && home.up != nil && home.up.inst == home.inst {
		home = home.up // activations share their instance's sets
	}
	if i, ok := home.objs[o].(int); ok {
		return i
	}
	v := &ir.ValueSet{Dir: g.dir, Size: o.Size, Pos: irPos(o.At), Name: controlName(home, o.Name, nil)}
	if o.Decl != nil {
		v.Name = controlName(home, o.Name, o.Decl.Annotations)
		if n, ok := g.constIndex(f, o.Decl.Size); ok {
			v.Size = n
		}
	}
	elem := types.Type(nil)
	if t, ok := under(o.Type).(*types.ValueSet); ok {
		elem = f.typeOf(t.Elem)
	}
	add := func(name string, t types.Type, d *syntax.Field) {
		w, ok := scalarWidth(t)
		if !ok {
			g.errorf(o.At, "value set %s: an element of type %s is not supported", o.Name, t)
			return
		}
		// The chip keeps a mask with every row, whatever @match says.
		v.Names, v.Widths, v.Kinds = append(v.Names, name), append(v.Widths, w), append(v.Kinds, ir.Ternary)
	}
	if isAggregate(elem) {
		for _, m := range members(elem) {
			add(m.name, m.t, m.decl)
		}
	} else {
		add("f1", elem, nil)
	}
	i := len(g.pl.ValueSets)
	g.pl.ValueSets = append(g.pl.ValueSets, v)
	home.objs[o] = i
	return i
}
