package lower

import (
	"gofino/p4/syntax"
	"gofino/p4/types"
	"gofino/pipeline/ir"
)

// loweredTable is a table in one control instance.
type loweredTable struct {
	index int
	pre   []ir.Stmt // calls in the key, before every apply
	decls []*syntax.ActionDecl
	exits bool // an action sets the owner's exit flag
}

// defaultTableSize holds where the program names none.
const defaultTableSize = 512

// actionIndex finds an action by name in the table's list.
func (lt *loweredTable) actionIndex(g *gress, n *syntax.NameExpr) (int, bool) {
	if a, ok := g.info.Uses[n.Name].(*types.ActionObj); ok {
		for i, d := range lt.decls {
			if d == a.Decl {
				return i, true
			}
		}
		return 0, false
	}
	for i, d := range lt.decls {
		if d.Name.Value == n.Name.Value {
			return i, true
		}
	}
	return 0, false
}

// applyTable emits an application of a table; hit and run are where its
// results go, if wanted.
func (g *gress) applyTable(f *frame, e *syntax.CallExpr, c *types.Call, wantHit, wantRun bool) (hit, run *place) {
	t, ok := c.Callee.(*types.TableObj)
	bits := func(want bool, w int) *place {
		if !want {
			return &place{}
		}
		return g.tempBits(w)
	}
	hit, run = bits(wantHit, 1), bits(wantRun, 8)
	if !ok || t.Decl == nil {
		return hit, run
	}
	if g.block != inControl {
		g.errorf(e.Pos(), "table %s cannot be applied here: tables run in the control only", t.Name)
		return hit, run
	}
	lt := g.tableOf(f, t.Decl)
	if lt == nil {
		return hit, run
	}
	g.blk = append(g.blk, lt.pre...)
	g.emit(&ir.Apply{S: g.s(), Table: lt.index, Hit: hit.loc, Action: run.loc})
	if lt.exits {
		flag := f.owner().exitFlag
		body := g.capture(func() {
			g.runExits(0)
			g.emit(&ir.Exit{S: g.s()})
		})
		g.emit(&ir.If{S: g.s(), Cond: load(flag.loc), Then: body})
	}
	return hit, run
}

func (g *gress) applyResult(f *frame, e *syntax.CallExpr, c *types.Call, sel string) *value {
	hit, _ := g.applyTable(f, e, c, true, false)
	x := load(hit.loc)
	if hit.loc.Width == 0 {
		x = boolConst(false)
	}
	if sel == "miss" {
		x = unary(ir.Not, x)
	}
	return &value{t: &types.Basic{Kind: types.Bool}, x: x}
}

// tableOf lowers a table at its first use.
func (g *gress) tableOf(f *frame, d *syntax.TableDecl) *loweredTable {
	o := f.owner()
	if o == nil {
		return nil
	}
	if lt, ok := o.tables[d]; ok {
		return lt
	}
	t := &ir.Table{
		Name: controlName(o, d.Name.Value, d.Annotations), Pos: irPos(d.Name.Pos()), Dir: g.dir,
		Size: defaultTableSize, Profile: -1, Selector: -1, Annots: annots(d.Annotations),
		Hidden: annotation(d.Annotations, "hidden") != nil,
	}
	for _, other := range g.pl.Tables {
		if other.Name == t.Name {
			g.errorf(d.Name.Pos(), "table has the control-plane name %q of another table (at %s:%d)", t.Name, other.Pos.File, other.Pos.Line)
		}
	}
	lt := &loweredTable{index: len(g.pl.Tables)}
	o.tables[d] = lt
	g.pl.Tables = append(g.pl.Tables, t)
	saved := g.at
	g.at = d.Name.Pos()
	defer func() { g.at = saved }()

	lt.pre = g.capture(func() { g.tableKeys(o, d, t) })
	g.checkKeyMask(d, t)
	for _, p := range d.Props {
		if p.IsActions {
			for _, a := range p.Actions {
				g.tableAction(o, t, lt, a)
			}
		}
	}
	g.tableDefault(o, d, t, lt)
	for _, p := range d.Props {
		if p.IsEntries {
			g.tableEntries(o, d, t, lt, p)
		} else if !p.IsKey && !p.IsActions {
			g.tableProperty(o, t, lt, p)
		}
	}
	// One cell per entry, wherever in the table its size was written.
	for _, c := range t.DirectCounters {
		g.pl.Counters[c].Size = t.Size
	}
	for _, r := range t.DirectRegisters {
		g.pl.Registers[r].Size = t.Size
	}
	for _, m := range t.DirectMeters {
		g.pl.Meters[m].Size = t.Size
	}
	for _, f := range t.DirectFilters {
		g.pl.Filters[f].Size = t.Size
	}
	return lt
}

var matchKinds = map[string]ir.MatchKind{
	"exact": ir.Exact, "ternary": ir.Ternary, "lpm": ir.LPM, "range": ir.Range, "atcam_partition_index": ir.ATCAMPartition,
}

func (g *gress) tableKeys(o *frame, d *syntax.TableDecl, t *ir.Table) {
	for _, p := range d.Props {
		if !p.IsKey {
			continue
		}
		for _, k := range p.Keys {
			g.at = k.Pos()
			v := g.expr(o, k.Expr)
			if isAggregate(v.t) && v.x == nil {
				g.errorf(k.Pos(), "a key of type %s is not supported: use its fields", v.t)
				continue
			}
			x := g.scalar(v)
			if k.Match == nil {
				continue
			}
			if k.Match.Value == "selector" {
				t.SelectorKeys = append(t.SelectorKeys, x)
				continue
			}
			kind, ok := matchKinds[k.Match.Value]
			if !ok {
				g.unsupported(k.Match.Pos(), "match kind "+k.Match.Value)
				continue
			}
			_, isSlice := unparen(k.Expr).(*syntax.SliceExpr)
			t.Keys = append(t.Keys, ir.Key{Name: g.keyName(o, k, len(t.Keys)), Expr: x, Width: x.W(), Kind: kind,
				IsSlice: isSlice, Pos: irPos(k.Pos()), Annots: annots(k.Annotations)})
		}
	}
}

// tableAction adds an action of the table's list.
func (g *gress) tableAction(o *frame, t *ir.Table, lt *loweredTable, ref *syntax.ActionRef) {
	c := g.info.ActionRefs[ref]
	if c == nil {
		return
	}
	ao, ok := c.Callee.(*types.ActionObj)
	if !ok || ao.Decl == nil {
		return
	}
	scope := ir.TableAndDefault
	if annotation(ref.Annotations, "tableonly") != nil {
		scope = ir.TableOnly
	}
	if annotation(ref.Annotations, "defaultonly") != nil {
		scope = ir.DefaultOnly
	}
	t.Actions = append(t.Actions, ir.ActionRef{Action: g.lowerAction(o, ao.Decl, c, lt), Scope: scope, Annots: annots(ref.Annotations)})
	lt.decls = append(lt.decls, ao.Decl)
}

// lowerAction makes the ir of an action in a control instance. Arguments bound
// in the table's list make a version of their own.
func (g *gress) lowerAction(o *frame, d *syntax.ActionDecl, c *types.Call, lt *loweredTable) int {
	home := g.homeOf(o, d)
	bound := false
	for i := range d.Params {
		if argument(c, i) != nil && d.Params[i].Dir != syntax.NoDir {
			bound = true
		}
	}
	cache := home
	if hasExit(d.Body) {
		cache = o
		if o.exitFlag != nil {
			lt.exits = true
		}
	}
	if i, ok := cache.actions[d]; ok && !bound {
		return i
	}
	a := &ir.Action{Name: controlName(home, d.Name.Value, d.Annotations), Pos: irPos(d.Name.Pos()), Dir: g.dir,
		Off: g.dataOff, Annots: annots(d.Annotations)}
	id := len(g.pl.Actions)
	g.pl.Actions = append(g.pl.Actions, a)
	if !bound {
		cache.actions[d] = id
	}
	nf := newFrame(home)
	nf.vars = o.vars + d.Name.Value + "."
	g.actionParams(nf, a, d)

	saved, savedAt := g.bodyState, g.at
	g.bodyState = bodyState{rerun: true, actionExit: &actionExit{label: g.newLabel(), depth: len(g.exits), owner: o}}
	g.at = d.Name.Pos()
	a.Body = g.capture(func() {
		var ps []*syntax.Param
		sub := &types.Call{}
		for i, p := range d.Params {
			if p.Dir != syntax.NoDir {
				ps = append(ps, p)
				sub.Args = append(sub.Args, argument(c, i))
			}
		}
		outs := g.bind(o, nf, ps, sub, d.Body, home, false)
		g.inline(outs, func() { g.returning(nf, d.Body, nil) })
	})
	if x := g.actionExit; x.used {
		a.Body = []ir.Stmt{&ir.Block{S: g.s(), Label: x.label, Body: a.Body}}
	}
	g.bodyState, g.at = saved, savedAt
	return id
}

func hasExit(body *syntax.BlockStmt) bool {
	found := false
	walkStmt(body, func(s syntax.Stmt) {
		if _, ok := s.(*syntax.ExitStmt); ok {
			found = true
		}
	}, func(e syntax.Expr) bool {
		// A called action may exit too.
		if _, ok := e.(*syntax.CallExpr); ok {
			if m, ok := e.(*syntax.CallExpr).Fun.(*syntax.NameExpr); ok && m != nil {
				found = true
			}
		}
		return true
	})
	return found
}

// actionParams lays out what the control plane gives.
func (g *gress) actionParams(nf *frame, a *ir.Action, d *syntax.ActionDecl) {
	at := a.Off
	for _, p := range d.Params {
		if p.Dir != syntax.NoDir {
			continue
		}
		obj := g.info.Defs[p.Name]
		if obj == nil {
			continue
		}
		t := nf.typeOf(obj.ObjType())
		w, ok := scalarWidth(t)
		if !ok {
			g.errorf(p.Pos(), "action parameter %s has type %s: the control plane can give scalars only", p.Name.Value, t)
			continue
		}
		n := (w + 7) / 8
		loc := ir.Loc{Bit: (at+n)*8 - w, Width: w}
		at += n
		name := p.Name.Value
		if s := annotText(annotation(p.Annotations, "name")); s != "" {
			name = s
		}
		a.Params = append(a.Params, ir.Param{Name: name, Loc: loc, Signed: isSigned(t), Bool: isBool(t),
			Pos: irPos(p.Name.Pos()), Annots: annots(p.Annotations)})
		nf.objs[obj] = &place{t: t, name: p.Name.Value, loc: loc, lo: loc.Bit, hi: loc.Bit + w, hdr: -1, stack: -1}
	}
	a.Bytes = at - a.Off
}

// actionDataBytes is the size of the largest action data in the program.
func (l *lowerer) actionDataBytes() int {
	most := 0
	measure := func(d syntax.Decl) {
		a, ok := d.(*syntax.ActionDecl)
		if !ok {
			return
		}
		n := 0
		for _, p := range a.Params {
			if obj := l.info.Defs[p.Name]; obj != nil {
				if w, ok := scalarWidth(obj.ObjType()); ok {
					n += (w + 7) / 8
				}
			}
		}
		most = max(most, n)
	}
	for _, d := range l.info.File.Decls {
		measure(d)
		if c, ok := d.(*syntax.ControlDecl); ok {
			for _, x := range c.Locals {
				measure(x)
			}
		}
	}
	return most
}

// tableDefault finds the default action: NoAction where the program names
// none.
func (g *gress) tableDefault(o *frame, d *syntax.TableDecl, t *ir.Table, lt *loweredTable) {
	t.Default = ir.ActionCall{Action: -1}
	for _, p := range d.Props {
		if p.Name == nil || p.Name.Value != "default_action" {
			continue
		}
		t.ConstDefault = p.Const
		c := g.info.Defaults[p]
		if c == nil && len(p.Actions) == 1 {
			c = g.info.ActionRefs[p.Actions[0]]
		}
		if c != nil {
			t.Default = g.actionCall(o, t, lt, c, p.Pos())
		}
		return
	}
	no := g.noAction()
	if no == nil {
		return
	}
	for i, a := range lt.decls {
		if a == no {
			t.Default = ir.ActionCall{Action: i}
			return
		}
	}
	t.Default = ir.ActionCall{Action: len(t.Actions)}
	t.Actions = append(t.Actions, ir.ActionRef{Action: g.lowerAction(o, no, &types.Call{}, lt), Scope: ir.DefaultOnly,
		Annots: []ir.Annotation{{Name: "defaultonly"}}})
	lt.decls = append(lt.decls, no)
}

// noAction is core's action NoAction.
func (g *gress) noAction() *syntax.ActionDecl {
	for _, d := range g.info.File.Decls {
		if a, ok := d.(*syntax.ActionDecl); ok && a.Name.Value == "NoAction" {
			return a
		}
	}
	return nil
}

// actionCall encodes an action with the values of its control-plane
// parameters.
func (g *gress) actionCall(o *frame, t *ir.Table, lt *loweredTable, c *types.Call, at syntax.Pos) ir.ActionCall {
	ao, ok := c.Callee.(*types.ActionObj)
	if !ok || ao.Decl == nil {
		return ir.ActionCall{Action: -1}
	}
	i := -1
	for j, d := range lt.decls {
		if d == ao.Decl {
			i = j
		}
	}
	if i < 0 {
		// The checker accepts NoAction without it being listed.
		i = len(t.Actions)
		t.Actions = append(t.Actions, ir.ActionRef{Action: g.lowerAction(o, ao.Decl, &types.Call{}, lt), Scope: ir.DefaultOnly,
			Annots: []ir.Annotation{{Name: "defaultonly"}}})
		lt.decls = append(lt.decls, ao.Decl)
	}
	a := g.pl.Actions[t.Actions[i].Action]
	call := ir.ActionCall{Action: i, Data: make([]byte, a.Bytes)}
	n := 0
	for j, p := range ao.Decl.Params {
		if p.Dir != syntax.NoDir || n >= len(a.Params) {
			continue
		}
		prm := a.Params[n]
		n++
		arg := argument(c, j)
		if arg == nil {
			continue
		}
		v := g.convert(g.expr(o, arg), &types.Bits{Width: prm.Loc.Width})
		x, ok := isConst(g.scalar(v))
		if !ok {
			g.errorf(arg.Pos(), "argument of action %s must be a compile-time constant", ao.Name)
			continue
		}
		size := (prm.Loc.Width + 7) / 8
		off := (prm.Loc.Bit+prm.Loc.Width)/8 - size - a.Off
		wrap(x, prm.Loc.Width).FillBytes(call.Data[off : off+size])
	}
	return call
}

// tableProperty handles the properties that are neither key, actions,
// entries nor default_action.
func (g *gress) tableProperty(o *frame, t *ir.Table, lt *loweredTable, p *syntax.TableProp) {
	if p.Name == nil || p.Value == nil {
		return
	}
	name := p.Name.Value
	switch name {
	case "default_action", "largest_priority_wins", "priority_delta":
	case "size":
		if n, ok := g.constIndex(o, p.Value); ok && n < 1 {
			g.errorf(p.Value.Pos(), "the size of a table must be at least 1, not %d", n)
		} else if ok {
			t.Size = n
		} else {
			g.errorf(p.Value.Pos(), "the size of a table must be a compile-time constant")
		}
	case "implementation":
		g.implementation(o, t, p.Value)
	case "counters", "registers", "meters", "filters":
		g.attach(o, t, lt, p.Value, name)
	case "idle_timeout":
		t.IdleTimeout = g.idleTimeout(o, p.Value)
	case "proxy_hash":
		g.proxyHash(o, t, p.Value)
	default:
		v := g.expr(o, p.Value)
		if v.inst != nil && (name == "alpm" || name == "atcam") {
			t.Storage = v.inst.externName()
		}
		if v.inst == nil && v.isConst() && v.kids == nil {
			body := v.str
			if v.str == "" {
				body = g.constText(v)
			}
			t.Annots = append(t.Annots, ir.Annotation{Name: name, Body: body, Property: true})
		}
	}
}

func (g *gress) constText(v *value) string {
	if v.big != nil {
		return v.big.String()
	}
	if c, ok := isConst(g.scalar(v)); ok {
		return c.String()
	}
	return ""
}

func (g *gress) implementation(o *frame, t *ir.Table, e syntax.Expr) {
	inst := g.instanceOf(o, e)
	if inst == nil {
		g.errorf(e.Pos(), "implementation must name an ActionProfile, ActionSelector, Alpm or Atcam")
		return
	}
	if inst.refused {
		return
	}
	table := len(g.pl.Tables) - 1
	for i, x := range g.pl.Tables {
		if x == t {
			table = i
		}
	}
	switch inst.externName() {
	case "ActionProfile":
		t.Profile = g.actionProfile(inst)
	case "ActionSelector":
		t.Selector = g.actionSelector(inst)
		if t.Selector >= 0 {
			t.Profile = g.pl.Selectors[t.Selector].Profile
		}
	case "Alpm", "Atcam":
		t.Storage = inst.externName()
		// Storage only: a longest-prefix or partitioned ternary match.
		t.Annots = append(t.Annots, ir.Annotation{Name: "implementation", Body: inst.externName(), Property: true})
		return
	default:
		g.unsupported(e.Pos(), "implementation "+inst.externName())
		return
	}
	if t.Profile >= 0 {
		p := g.pl.Profiles[t.Profile]
		p.Tables = append(p.Tables, table)
	}
}

// attach gives a table its direct resources.
func (g *gress) attach(o *frame, t *ir.Table, lt *loweredTable, e syntax.Expr, prop string) {
	inst := g.instanceOf(o, e)
	if inst == nil {
		g.errorf(e.Pos(), "%s must name a direct extern", prop)
		return
	}
	if inst.refused {
		return
	}
	switch inst.externName() {
	case "DirectCounter":
		c := g.directCounter(inst)
		g.pl.Counters[c].Table = lt.index
		t.DirectCounters = append(t.DirectCounters, c)
	case "DirectRegister":
		r := g.register(inst)
		if r >= 0 {
			g.pl.Registers[r].Table = lt.index
			t.DirectRegisters = append(t.DirectRegisters, r)
		}
	default:
		if !g.attachMeter(t, lt.index, inst) {
			g.unsupported(e.Pos(), prop+" = "+inst.externName())
		}
	}
}
