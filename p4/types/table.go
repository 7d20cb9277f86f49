package types

import (
	"math/big"

	"gofino/p4/syntax"
)

// tableInfo is what a table offers: its keys and actions.
type tableInfo struct {
	decl    *syntax.TableDecl
	refs    map[*ActionObj]*syntax.ActionRef
	names   []string // of the actions, as listed
	keys    []Type
	kinds   []string // match kinds of the keys, "" if unknown
	keyed   bool     // has a key property
	badKeys bool
}

func (t *tableInfo) choices() string {
	if t == nil {
		return ""
	}
	return choices("actions", t.names)
}

func (c *checker) tableDecl(d *syntax.TableDecl) {
	o := &TableObj{Decl: d}
	o.Name, o.At = nameOf(d.Name), d.Pos()
	o.Type = &Table{Decl: d}
	info := &tableInfo{decl: d, refs: map[*ActionObj]*syntax.ActionRef{}}
	c.tables[d] = info
	c.declare(d.Name, o)
	old := c.place
	c.place.where, c.place.table, c.place.nested = inTable, d, false
	c.tableProps(d, info)
	c.place = old
}

func (c *checker) tableProps(d *syntax.TableDecl, info *tableInfo) {
	props := map[string]*syntax.TableProp{}
	for _, p := range d.Props {
		name := nameOf(p.Name)
		if props[name] != nil {
			c.errorf(p.Pos(), "table property %q is given twice", name)
			continue
		}
		props[name] = p
	}
	if p := props["key"]; p != nil && p.IsKey {
		info.keyed = true
		for _, k := range p.Keys {
			c.keyElem(k, info)
		}
	}
	if p := props["actions"]; p != nil && p.IsActions {
		for _, a := range p.Actions {
			c.tableAction(a, info)
		}
	} else {
		c.errorf(d.Pos(), "table %q has no property actions", nameOf(d.Name))
	}
	for _, p := range d.Props {
		if props[nameOf(p.Name)] != p {
			continue
		}
		c.annotations(p)
		switch {
		case p.IsKey, p.IsActions:
		case p.IsEntries:
			if k := props["key"]; k != nil && after(k.Pos(), p.Pos()) {
				c.errorf(p.Pos(), "entries of table %q must come after its key", nameOf(d.Name))
			}
		case nameOf(p.Name) == "default_action":
			if k := props["actions"]; k != nil && after(k.Pos(), p.Pos()) {
				c.errorf(p.Pos(), "default_action of table %q must come after its actions", nameOf(d.Name))
			}
			c.defaultAction(p, info)
		default:
			c.customProp(p)
		}
	}
	if p := props["entries"]; p != nil && p.IsEntries {
		c.entries(p, info, props)
	}
	if props["default_action"] == nil && props["actions"] != nil {
		c.impliedDefault(d)
	}
}

// after reports whether a stands behind b in one file.
func after(a, b syntax.Pos) bool {
	return a.File == b.File && (a.Line > b.Line || a.Line == b.Line && a.Col > b.Col)
}

// impliedDefault: a table without a default action runs core.p4's NoAction.
func (c *checker) impliedDefault(d *syntax.TableDecl) {
	os := c.global.names["NoAction"]
	if len(os) == 0 {
		c.errorf(d.Pos(), "table %q has no default_action and there is no action NoAction: include core.p4", nameOf(d.Name))
		return
	}
	a, ok := os[0].(*ActionObj)
	if !ok || len(a.Type.(*Func).Params) > 0 {
		c.errorf(os[0].ObjPos(), "NoAction must be an action without parameters: it is the default action of tables")
	}
}

// ------------------------------------------------------------------------ keys

func (c *checker) keyElem(k *syntax.KeyElem, info *tableInfo) {
	c.annotations(k)
	tv := c.value(k.Expr)
	t := tv.Type
	kind := ""
	if k.Match != nil {
		kind = k.Match.Value
		if o := c.kinds[kind]; o != nil {
			c.info.Uses[k.Match] = o
		} else {
			c.errorf(k.Match.Pos(), "no match kind %q%s", kind, choices("match kinds", c.info.MatchKinds))
			kind = ""
		}
	}
	switch {
	case isInvalid(t):
	case isKind(t, Int):
		c.errorf(k.Expr.Pos(), "a table key cannot be an int without a width")
		t = invalidType
	case !keyable(t):
		c.errorf(k.Expr.Pos(), "a table key cannot be %s: only bit<W>, int<W>, varbit<W>, bool, enums and error", describe(t))
		t = invalidType
	case kind == "lpm" && !isBits(base(under(t))), kind == "range" && !isBits(base(under(t))):
		c.errorf(k.Expr.Pos(), "match kind %s needs bit<W> or int<W>, not %s", kind, t)
		t = invalidType
	case !hasName(k) && !simpleKey(k.Expr):
		c.errorf(k.Expr.Pos(), "key expression needs a name for the control plane: add @name(\"...\")")
	}
	info.keys = append(info.keys, t)
	info.kinds = append(info.kinds, kind)
	info.badKeys = info.badKeys || isInvalid(t)
}

func hasName(d syntax.Decl) bool { return hasAnnotation(d, "name") }

func keyable(t Type) bool {
	switch t := under(t).(type) {
	case *Bits, *Enum, *Varbit, *TypeVar:
		return true
	case *Basic:
		return t.Kind == Bool || t.Kind == Error
	}
	return false
}

// simpleKey expressions have a control-plane name of their own.
func simpleKey(e syntax.Expr) bool {
	switch e := e.(type) {
	case *syntax.NameExpr, *syntax.IntLit, *syntax.BoolLit, *syntax.TypeNameExpr, *syntax.ThisExpr:
		return true
	case *syntax.ParenExpr:
		return simpleKey(e.X)
	case *syntax.MemberExpr:
		return simpleKey(e.X)
	case *syntax.IndexExpr:
		return simpleKey(e.X)
	case *syntax.SliceExpr:
		return simpleKey(e.X)
	case *syntax.CastExpr:
		return simpleKey(e.X)
	case *syntax.BinaryExpr:
		return e.Op == syntax.And && (isLiteral(e.Y) || isLiteral(e.X))
	case *syntax.CallExpr:
		m, ok := e.Fun.(*syntax.MemberExpr)
		return ok && len(e.Args) == 0 && m.Sel != nil && (m.Sel.Value == "isValid" || m.Sel.Value == "lookahead") && simpleKey(m.X)
	}
	return false
}

func isLiteral(e syntax.Expr) bool {
	_, ok := unparen(e).(*syntax.IntLit)
	return ok
}

// --------------------------------------------------------------------- actions

// actionOf resolves the name of an action; nil after an error.
func (c *checker) actionOf(n *syntax.Name) *ActionObj {
	os := c.resolve(n, "action")
	if os == nil {
		return nil
	}
	a, ok := os[0].(*ActionObj)
	if !ok {
		c.errorf(n.Pos(), "%q is %s, not an action", n.Value, objectText(os[0]))
		return nil
	}
	return a
}

// tableAction checks one action in the list of a table: parameters with a
// direction are bound here, the others by the control plane.
func (c *checker) tableAction(r *syntax.ActionRef, info *tableInfo) {
	c.annotations(r)
	a := c.actionOf(r.Name)
	ok := c.arguments(r.Args)
	if a == nil {
		return
	}
	if info.refs[a] != nil {
		c.errorf(r.Pos(), "action %q is listed twice in table %q", a.Name, nameOf(info.decl.Name))
		return
	}
	info.refs[a] = r
	info.names = append(info.names, r.Name.Value)
	if !ok {
		return
	}
	if call := c.bindAction(r.Pos(), a, r.Args, false); call != nil {
		c.info.ActionRefs[r] = call
	}
}

// bindAction binds the arguments of an action reference. full: also those of
// the control plane, as constants.
func (c *checker) bindAction(at syntax.Pos, a *ActionObj, args []*syntax.Arg, full bool) *Call {
	ft, ok := a.Type.(*Func)
	if !ok {
		return nil
	}
	bound, ok := c.actionArgs(at, a, ft, args)
	if !ok {
		return nil
	}
	sig := &signature{name: a.Name, params: ft.Params, obj: a, kind: CallAction, action: !full}
	for i, p := range ft.Params {
		switch {
		case bound[i] == nil && (p.Dir != syntax.NoDir || full) && p.Default == nil:
			c.errorf(at, "parameter %q of action %q must be bound", p.Name, a.Name)
			return nil
		case bound[i] == nil:
			c.dataParam(a, p)
		case p.Dir == syntax.NoDir && !full:
			c.errorf(bound[i].Pos(), "parameter %q of action %q cannot be bound here: the control plane sets it", p.Name, a.Name)
			return nil
		case !c.argument(sig, p, p, bound[i]):
			return nil
		}
	}
	return &Call{Kind: CallAction, Callee: a, Params: ft.Params, Args: bound, Result: voidType}
}

// dataParam: the control plane gives values that are one bit string.
func (c *checker) dataParam(a *ActionObj, p *Var) {
	switch t := under(p.Type).(type) {
	case *Struct, *Tuple, *Stack, *Varbit, *List:
		c.warnf(p.At, "parameter %q of action %q has type %s: a control plane sets bit<W>, int<W>, bool and enums", p.Name, a.Name, describe(t))
	}
}

// actionArgs is bindArgs where the arguments of the control plane may be
// missing.
func (c *checker) actionArgs(at syntax.Pos, a *ActionObj, ft *Func, args []*syntax.Arg) ([]syntax.Expr, bool) {
	loose := make([]*Var, len(ft.Params))
	for i, p := range ft.Params {
		q := *p
		q.Optional = true
		loose[i] = &q
	}
	bound, msg := bindArgs(loose, args)
	if msg != "" {
		c.errorf(at, "action %q: %s", a.Name, msg)
		return nil, false
	}
	return bound, true
}

// chosenAction checks default_action or the action of an entry: it must be in
// the list, and its data-plane arguments must be those of the list.
func (c *checker) chosenAction(at syntax.Pos, n *syntax.Name, args []*syntax.Arg, info *tableInfo) *Call {
	ok := c.arguments(args)
	a := c.actionOf(n)
	if a == nil {
		return nil
	}
	ref := info.refs[a]
	if ref == nil {
		c.errorf(at, "no action %q in table %q%s", n.Value, nameOf(info.decl.Name), info.choices())
		return nil
	}
	if !ok {
		return nil
	}
	listed := c.info.ActionRefs[ref]
	call := c.bindAction(at, a, args, true)
	if call == nil || listed == nil {
		return call
	}
	for i, p := range call.Params {
		if p.Dir == syntax.NoDir || call.Args[i] == nil || listed.Args[i] == nil {
			continue
		}
		if !c.sameExpr(call.Args[i], listed.Args[i]) {
			c.errorf(call.Args[i].Pos(), "argument %q of action %q must be the same as in the list of actions", p.Name, a.Name)
			return nil
		}
	}
	return call
}

// defaultAction checks the property default_action.
func (c *checker) defaultAction(p *syntax.TableProp, info *tableInfo) {
	var n *syntax.Name
	var args []*syntax.Arg
	e := unparen(p.Value)
	call, isCall := e.(*syntax.CallExpr)
	if isCall {
		e, args = unparen(call.Fun), call.Args
	}
	switch f := e.(type) {
	case *syntax.NameExpr:
		n = f.Name
	default:
		if p.Value != nil {
			c.rawExpr(p.Value)
			c.errorf(p.Value.Pos(), "default_action must be an action of the table%s", info.choices())
		}
		return
	}
	bound := c.chosenAction(p.Value.Pos(), n, args, info)
	if bound == nil {
		return
	}
	if ref := info.refs[bound.Callee.(*ActionObj)]; hasAnnotation(ref, "tableonly") {
		c.errorf(p.Value.Pos(), "action %q is @tableonly and cannot be the default action", n.Value)
	}
	c.info.Defaults[p] = bound
	ft := TypeAndValue{Type: bound.Callee.ObjType()}
	c.info.Types[e] = ft
	c.info.Types[p.Value] = TypeAndValue{Type: voidType}
	if isCall {
		c.info.Calls[call] = bound
		c.info.Types[call] = TypeAndValue{Type: voidType}
	}
}

// sameExpr reports whether two expressions are the same, name by name.
func (c *checker) sameExpr(a, b syntax.Expr) bool {
	a, b = unparen(a), unparen(b)
	if x, ok := c.info.Types[a]; ok && x.Value != nil {
		if y, ok := c.info.Types[b]; ok && y.Value != nil {
			same, known := sameValue(x.Value, y.Value)
			return known && same
		}
	}
	switch a := a.(type) {
	case *syntax.NameExpr:
		b, ok := b.(*syntax.NameExpr)
		return ok && c.info.Uses[a.Name] != nil && c.info.Uses[a.Name] == c.info.Uses[b.Name]
	case *syntax.MemberExpr:
		b, ok := b.(*syntax.MemberExpr)
		return ok && a.Sel.Value == b.Sel.Value && c.sameExpr(a.X, b.X)
	case *syntax.IndexExpr:
		b, ok := b.(*syntax.IndexExpr)
		return ok && c.sameExpr(a.X, b.X) && c.sameExpr(a.I, b.I)
	case *syntax.SliceExpr:
		b, ok := b.(*syntax.SliceExpr)
		return ok && c.sameExpr(a.X, b.X) && c.sameExpr(a.Hi, b.Hi) && c.sameExpr(a.Lo, b.Lo)
	case *syntax.CastExpr:
		b, ok := b.(*syntax.CastExpr)
		return ok && Identical(c.info.TypeOf[a.Type], c.info.TypeOf[b.Type]) && c.sameExpr(a.X, b.X)
	case *syntax.UnaryExpr:
		b, ok := b.(*syntax.UnaryExpr)
		return ok && a.Op == b.Op && c.sameExpr(a.X, b.X)
	case *syntax.BinaryExpr:
		b, ok := b.(*syntax.BinaryExpr)
		return ok && a.Op == b.Op && c.sameExpr(a.X, b.X) && c.sameExpr(a.Y, b.Y)
	case *syntax.CallExpr:
		b, ok := b.(*syntax.CallExpr)
		if !ok || len(a.Args) != len(b.Args) || !c.sameExpr(a.Fun, b.Fun) {
			return false
		}
		for i := range a.Args {
			if nameOf(a.Args[i].Name) != nameOf(b.Args[i].Name) || !c.sameExpr(a.Args[i].Value, b.Args[i].Value) {
				return false
			}
		}
		return true
	case *syntax.ListExpr:
		b, ok := b.(*syntax.ListExpr)
		return ok && c.sameList(a, b)
	case *syntax.ThisExpr:
		_, ok := b.(*syntax.ThisExpr)
		return ok
	case *syntax.TypeNameExpr:
		b, ok := b.(*syntax.TypeNameExpr)
		return ok && Identical(c.info.TypeOf[a.Type], c.info.TypeOf[b.Type])
	}
	return false
}

func (c *checker) sameList(a, b *syntax.ListExpr) bool {
	if a.Named != b.Named || a.Dots != b.Dots || len(a.Elems) != len(b.Elems) || len(a.Fields) != len(b.Fields) {
		return false
	}
	for i := range a.Elems {
		if !c.sameExpr(a.Elems[i], b.Elems[i]) {
			return false
		}
	}
	values := map[string]syntax.Expr{}
	for _, f := range a.Fields {
		values[nameOf(f.Name)] = f.Value
	}
	for _, f := range b.Fields {
		if v := values[nameOf(f.Name)]; v == nil || !c.sameExpr(v, f.Value) {
			return false
		}
	}
	return true
}

// ------------------------------------------------------------ other properties

func (c *checker) customProp(p *syntax.TableProp) {
	if p.Value == nil {
		return
	}
	name := nameOf(p.Name)
	tv := c.rawExpr(p.Value)
	if isInvalid(tv.Type) {
		return
	}
	switch name {
	case "size":
		if _, ok := tv.Value.(*big.Int); !ok && !(isNumeric(base(tv.Type)) && tv.Known) {
			c.errorf(p.Value.Pos(), "table property size must be a constant integer, not %s", tv.Type)
		}
	case "largest_priority_wins":
		if _, ok := tv.Value.(bool); !ok {
			c.errorf(p.Value.Pos(), "table property %s must be a constant bool, not %s", name, tv.Type)
		}
	case "priority_delta":
		if v, ok := tv.Value.(*big.Int); !ok || v.Sign() <= 0 {
			c.errorf(p.Value.Pos(), "table property %s must be a positive constant integer", name)
		}
	}
	switch {
	case tv.IsType:
		c.errorf(p.Value.Pos(), "table property %s cannot be a type", name)
	case isKind(tv.Type, Void):
		c.errorf(p.Value.Pos(), "table property %s needs a value", name)
	}
}

// --------------------------------------------------------------------- entries

func (c *checker) entries(p *syntax.TableProp, info *tableInfo, props map[string]*syntax.TableProp) {
	if len(p.Entries) == 0 {
		return
	}
	if !info.keyed || len(info.keys) == 0 {
		c.errorf(p.Pos(), "table %q has entries but no key", nameOf(info.decl.Name))
		return
	}
	ranked := false
	for _, k := range info.kinds {
		ranked = ranked || k != "exact" && k != "lpm"
	}
	c.priorities(p, ranked, props)
	for _, e := range p.Entries {
		c.annotations(e)
		for _, k := range e.Keys {
			c.rawExpr(k)
		}
		switch {
		case len(e.Keys) == 1 && c.entryTuple(e, info):
		case len(e.Keys) != len(info.keys):
			c.errorf(e.Pos(), "entry has %d keys, table %q has %d", len(e.Keys), nameOf(info.decl.Name), len(info.keys))
		case !info.badKeys:
			for i, k := range e.Keys {
				c.entryKey(k, info.keys[i], info.kinds[i])
			}
		}
		c.entryAction(e, info)
	}
}

// entryTuple: one list for all keys, or _ for all of them.
func (c *checker) entryTuple(e *syntax.Entry, info *tableInfo) bool {
	if isDefault(e.Keys[0]) && len(info.keys) > 1 {
		return true
	}
	t, ok := c.info.Types[e.Keys[0]].Type.(*Tuple)
	return ok && !info.badKeys && len(t.Elems) == len(info.keys) && c.use(e.Keys[0], &Tuple{Elems: info.keys}, "entry")
}

func (c *checker) entryAction(e *syntax.Entry, info *tableInfo) {
	r := e.Action
	if r == nil {
		return
	}
	c.annotations(r)
	call := c.chosenAction(r.Pos(), r.Name, r.Args, info)
	if call == nil {
		return
	}
	c.info.ActionRefs[r] = call
	if hasAnnotation(info.refs[call.Callee.(*ActionObj)], "defaultonly") {
		c.errorf(r.Pos(), "action %q is @defaultonly and cannot be in an entry", r.Name.Value)
	}
}

// entryKey checks one key of an entry against its match kind.
func (c *checker) entryKey(e syntax.Expr, t Type, kind string) {
	tv := c.info.Types[e]
	if isInvalid(tv.Type) || isDefault(e) || !c.key(e, t, "table entry") {
		return
	}
	if !c.info.Types[e].Known {
		c.errorf(e.Pos(), "key of a table entry must be a compile-time constant")
		return
	}
	switch x := unparen(e).(type) {
	case *syntax.MaskExpr:
		switch kind {
		case "exact", "range", "optional":
			c.errorf(e.Pos(), "a key with match kind %s cannot have a mask", kind)
		case "lpm":
			m, ok := c.info.Types[x.Mask].Value.(*big.Int)
			if b, isBit := base(under(t)).(*Bits); ok && isBit && !isPrefix(unsignedBits(m, b.Width), b.Width) {
				c.errorf(e.Pos(), "mask of a key with match kind lpm must be ones followed by zeros")
			}
		}
	case *syntax.RangeExpr:
		if kind != "range" && kind != "" {
			c.errorf(e.Pos(), "a key with match kind %s cannot be a range", kind)
		}
		lo, ok1 := c.info.Types[x.Lo].Value.(*big.Int)
		hi, ok2 := c.info.Types[x.Hi].Value.(*big.Int)
		if ok1 && ok2 && lo.Cmp(hi) > 0 {
			c.errorf(e.Pos(), "range %s..%s is empty", shortInt(lo), shortInt(hi))
		}
	}
}

// isPrefix reports whether m is ones followed by zeros in w bits.
func isPrefix(m *big.Int, w int) bool {
	seen := false
	for i := 0; i < w; i++ {
		if m.Bit(i) == 1 {
			seen = true
		} else if seen {
			return false
		}
	}
	return true
}

// priorities checks the priorities of the entries of a table whose match kinds
// need them.
func (c *checker) priorities(p *syntax.TableProp, ranked bool, props map[string]*syntax.TableProp) {
	given := false
	for _, e := range p.Entries {
		if e.Priority == nil {
			continue
		}
		given = true
		tv := c.value(e.Priority)
		v, ok := tv.Value.(*big.Int)
		switch {
		case isInvalid(tv.Type):
		case !ok:
			c.errorf(e.Priority.Pos(), "priority of an entry must be a constant integer")
		case v.Sign() < 0:
			c.errorf(e.Priority.Pos(), "priority of an entry cannot be negative")
		case !ranked:
			c.errorf(e.Pos(), "entry cannot have a priority: its table has only exact and lpm keys")
		case p.Const:
			c.errorf(e.Pos(), "const entries cannot have a priority: their order decides")
		}
	}
	if given && !p.Const && p.Entries[0].Priority == nil && ranked && props["largest_priority_wins"] == nil && props["priority_delta"] == nil {
		c.errorf(p.Entries[0].Pos(), "the first entry needs a priority where later ones have one")
	}
}
