package types

import (
	"gofino/p4/syntax"
)

// body checks the statements of a function-like thing; its parameters are in
// the current scope, which its own names may shadow.
func (c *checker) body(b *syntax.BlockStmt) {
	if b == nil {
		return
	}
	c.blockAnnotations(b.Annotations)
	c.push()
	for _, s := range b.List {
		c.stmt(s)
	}
	c.pop()
}

func (c *checker) stmt(s syntax.Stmt) {
	if s == nil {
		return
	}
	if !c.deeper(s.Pos()) {
		return
	}
	defer func() { c.depth-- }()
	switch s := s.(type) {
	case *syntax.EmptyStmt:
	case *syntax.BlockStmt:
		c.body(s)
	case *syntax.DeclStmt:
		c.declStmt(s)
	case *syntax.AssignStmt:
		c.assign(s)
	case *syntax.CallStmt:
		c.callStmt(s)
	case *syntax.DirectApply:
		c.directApply(s)
	case *syntax.IfStmt:
		c.condition(s.Cond, "condition of if")
		c.scoped(s.Then)
		c.scoped(s.Else)
	case *syntax.SwitchStmt:
		c.switchStmt(s)
	case *syntax.ReturnStmt:
		c.returnStmt(s)
	case *syntax.ExitStmt:
		switch c.place.where {
		case inState, inFunction, inMethod:
			c.errorf(s.Pos(), "exit cannot be used in %s", c.place.where)
		}
	case *syntax.BreakStmt:
		if c.place.loops == 0 {
			c.errorf(s.Pos(), "break can only be used in a loop")
		}
	case *syntax.ContinueStmt:
		if c.place.loops == 0 {
			c.errorf(s.Pos(), "continue can only be used in a loop")
		}
	case *syntax.ForStmt:
		c.forStmt(s)
	case *syntax.ForInStmt:
		c.forIn(s)
	default:
		c.errorf(s.Pos(), "statement is not understood")
	}
}

func (c *checker) scoped(s syntax.Stmt) {
	if s == nil {
		return
	}
	c.push()
	c.stmt(s)
	c.pop()
}

func (c *checker) declStmt(s *syntax.DeclStmt) {
	switch d := s.Decl.(type) {
	case *syntax.VarDecl:
		c.varDecl(d)
	case *syntax.ConstDecl:
		c.annotations(d)
		c.constDecl(d)
	case *syntax.Instance:
		c.errorf(d.Pos(), "instance %q cannot be declared in %s", nameOf(d.Name), c.place.where)
		c.arguments(d.Args)
		o := &Inst{Decl: d}
		o.Name, o.At, o.Type = nameOf(d.Name), d.Pos(), invalidType
		c.declare(d.Name, o)
	default:
		c.errorf(s.Pos(), "declaration is not allowed in %s", c.place.where)
	}
}

func (c *checker) condition(e syntax.Expr, what string) {
	if e == nil {
		return
	}
	tv := c.value(e)
	if !isInvalid(tv.Type) && !isKind(tv.Type, Bool) {
		c.errorf(e.Pos(), "%s must be bool, not %s", what, tv.Type)
	}
}

func (c *checker) assign(s *syntax.AssignStmt) {
	l := c.value(s.L)
	if s.Op == syntax.NoOp {
		r := c.value(s.R)
		if isInvalid(l.Type) || isInvalid(r.Type) {
			return
		}
		c.assignable(s.L, l)
		c.use(s.R, l.Type, "assignment")
		return
	}
	if isInvalid(l.Type) {
		c.value(s.R)
		return
	}
	c.assignable(s.L, l)
	tv := c.binary(s, s.Op, s.L, s.R)
	if !isInvalid(tv.Type) && !Identical(tv.Type, l.Type) {
		c.errorf(s.Pos(), "%s in assignment with %s=", cannotUse(tv.Type, l.Type), opName(s.Op))
	}
}

func (c *checker) assignable(e syntax.Expr, tv TypeAndValue) {
	if tv.LValue {
		return
	}
	why := ""
	if n, ok := rootName(e); ok {
		if o := c.info.Uses[n]; o != nil {
			why = ": " + n.Value + " is " + objectText(o)
			if v, ok := o.(*Var); ok {
				why = varWhy(v)
			}
		}
	}
	c.errorf(e.Pos(), "cannot assign to this expression%s", why)
}

// varWhy says why a variable or parameter cannot be assigned.
func varWhy(v *Var) string {
	switch {
	case v.Ctor:
		return ": " + v.Name + " is a constructor parameter"
	case v.Param && v.Dir == syntax.In:
		return ": " + v.Name + " is a parameter with direction in"
	case v.Param && v.Dir == syntax.NoDir:
		return ": " + v.Name + " is a parameter without direction"
	}
	return ""
}

// rootName is the variable that an access path starts from.
func rootName(e syntax.Expr) (*syntax.Name, bool) {
	for {
		switch x := e.(type) {
		case *syntax.NameExpr:
			return x.Name, true
		case *syntax.ParenExpr:
			e = x.X
		case *syntax.MemberExpr:
			e = x.X
		case *syntax.IndexExpr:
			e = x.X
		case *syntax.SliceExpr:
			e = x.X
		default:
			return nil, false
		}
	}
}

func (c *checker) callStmt(s *syntax.CallStmt) {
	if s.Call == nil {
		return
	}
	c.rawExpr(s.Call)
	if call := c.info.Calls[s.Call]; call != nil && call.Kind == CallConstructor {
		c.errorf(s.Pos(), "constructor call is not a statement")
	}
}

func (c *checker) directApply(s *syntax.DirectApply) {
	t := c.ctorType(s.Type)
	ok := c.arguments(s.Args)
	if isInvalid(t) || !ok {
		return
	}
	p, isProto := t.(*Proto)
	switch {
	case !isProto || p.Kind == PackageProto:
		c.errorf(s.Pos(), "no apply in %s: only parsers and controls have it", describe(t))
		return
	case isProtoType(p):
		c.errorf(s.Pos(), "%s is a type without a body and cannot be applied", describe(p))
		return
	case !c.mayApply(s.Pos(), p):
		return
	}
	for _, v := range p.Ctor {
		if !v.Optional {
			c.errorf(s.Pos(), "%s cannot be applied directly: its constructor has the parameter %q", describe(p), v.Name)
			return
		}
	}
	sig := &signature{name: p.Name + ".apply", params: p.Params, kind: CallApply, obj: c.info.Defs[protoName(p)]}
	chosen, bound := c.choose(s.Pos(), sig.name, []*signature{sig}, s.Args)
	if chosen == nil {
		return
	}
	call, ok := c.finish(s.Pos(), chosen, bound)
	if !ok {
		return
	}
	call.RecvType, call.Result = p, voidType
	c.info.Applies[s] = call
}

func (c *checker) returnStmt(s *syntax.ReturnStmt) {
	if s.Value != nil {
		c.value(s.Value)
	}
	switch c.place.where {
	case inFunction, inMethod:
	case inState:
		c.errorf(s.Pos(), "return cannot be used in a parser state")
		return
	default:
		if s.Value != nil {
			c.errorf(s.Value.Pos(), "return cannot have a value in %s", c.place.where)
		}
		return
	}
	want := c.place.result
	switch {
	case isInvalid(want):
	case s.Value == nil && !isKind(want, Void):
		c.errorf(s.Pos(), "return needs a value of type %s", want)
	case s.Value != nil && isKind(want, Void):
		c.errorf(s.Value.Pos(), "return cannot have a value: the function returns nothing")
	case s.Value != nil:
		c.use(s.Value, want, "return")
	}
}

// returns reports whether a statement ends in return on all paths.
func (c *checker) returns(s syntax.Stmt) bool {
	switch s := s.(type) {
	case *syntax.ReturnStmt, *syntax.ExitStmt:
		return true
	case *syntax.BlockStmt:
		for _, x := range s.List {
			if c.returns(x) {
				return true
			}
		}
	case *syntax.IfStmt:
		if c.returns(s.Then) && s.Else != nil && c.returns(s.Else) {
			return true
		}
		if v, ok := c.info.Types[s.Cond].Value.(bool); ok {
			return v && c.returns(s.Then) || !v && s.Else != nil && c.returns(s.Else)
		}
	case *syntax.SwitchStmt:
		hasDefault := false
		for i, k := range s.Cases {
			hasDefault = hasDefault || k.Default
			if k.Body == nil && i < len(s.Cases)-1 {
				continue
			}
			if k.Body == nil || !c.returns(k.Body) {
				return false
			}
		}
		return hasDefault
	}
	return false
}

func (c *checker) forStmt(s *syntax.ForStmt) {
	c.push()
	c.blockAnnotations(s.Annotations)
	for _, x := range s.Init {
		c.stmt(x)
	}
	c.condition(s.Cond, "condition of for")
	for _, x := range s.Post {
		c.stmt(x)
	}
	c.place.loops++
	c.scoped(s.Body)
	c.place.loops--
	c.pop()
}

func (c *checker) forIn(s *syntax.ForInStmt) {
	c.blockAnnotations(s.Annotations)
	x := c.expr(s.X)
	c.push()
	if s.Var != nil {
		c.varDecl(s.Var)
		if o, ok := c.info.Defs[s.Var.Name].(*Var); ok {
			c.forElem(s, x, o)
		}
	}
	c.place.loops++
	c.scoped(s.Body)
	c.place.loops--
	c.pop()
}

// forElem gives the elements of a for-in loop the type of its variable.
func (c *checker) forElem(s *syntax.ForInStmt, x TypeAndValue, o *Var) {
	if isInvalid(x.Type) || isInvalid(o.Type) {
		return
	}
	var msg string
	switch t := x.Type.(type) {
	case *Set:
		if _, ok := unparen(s.X).(*syntax.RangeExpr); !ok {
			msg = "for-in needs a range, a list, an array or a header stack"
			break
		}
		msg = c.convertSet(s.X, x, t, o.Type)
	case *Stack:
		if !Identical(t.Elem, o.Type) {
			msg = cannotUse(t.Elem, o.Type)
		}
	case *List:
		if !Identical(t.Elem, o.Type) {
			msg = cannotUse(t.Elem, o.Type)
		}
	case *Tuple:
		if isOpenLiteral(s.X) {
			msg = c.convert(s.X, &List{Elem: o.Type}, false)
		} else {
			msg = "for-in needs a range, a list, an array or a header stack"
		}
	default:
		msg = "for-in needs a range, a list, an array or a header stack, not " + describe(x.Type)
	}
	if msg != "" {
		c.errorf(s.X.Pos(), "%s in for loop", msg)
	}
}

// --------------------------------------------------------------------- switch

func (c *checker) switchStmt(s *syntax.SwitchStmt) {
	if c.place.where == inState {
		c.errorf(s.Pos(), "switch cannot be used in a parser state")
	}
	tag := c.expr(s.Tag)
	c.defaultLast(s)
	if al, ok := tag.Type.(*ActionList); ok {
		c.switchActions(s, al)
		return
	}
	t := tag.Type
	if !isInvalid(t) && !switchable(t) {
		c.errorf(s.Tag.Pos(), "cannot switch on %s: only on bit<W>, int<W>, enums, error and action_run", describe(t))
		t = invalidType
	}
	var labels []syntax.Expr
	for _, k := range s.Cases {
		if !k.Default && k.Label != nil {
			c.label(k, t, &labels)
		}
		if k.Body != nil {
			c.body(k.Body)
		}
	}
}

func (c *checker) defaultLast(s *syntax.SwitchStmt) {
	seen := false
	for _, k := range s.Cases {
		switch {
		case seen && k.Default:
			c.errorf(k.Pos(), "switch has more than one default label")
		case seen:
			c.errorf(k.Pos(), "no label can follow default in a switch")
		}
		seen = seen || k.Default
	}
}

func switchable(t Type) bool {
	switch t := under(t).(type) {
	case *Bits, *Enum, *TypeVar:
		return true
	case *Basic:
		return t.Kind == Error || t.Kind == Bool
	}
	return false
}

func (c *checker) label(k *syntax.SwitchCase, t Type, labels *[]syntax.Expr) {
	tv := c.value(k.Label)
	if isInvalid(tv.Type) || isInvalid(t) || !c.use(k.Label, t, "switch label") {
		return
	}
	tv = c.info.Types[k.Label]
	if !tv.Known {
		c.errorf(k.Label.Pos(), "switch label must be a compile-time constant")
		return
	}
	for _, l := range *labels {
		if same, ok := sameValue(c.info.Types[l].Value, tv.Value); ok && same {
			c.errorf(k.Label.Pos(), "duplicate switch label (first at %s)", posText(l.Pos()))
			return
		}
	}
	*labels = append(*labels, k.Label)
}

// switchActions checks a switch on t.apply().action_run: its labels are
// actions of the table.
func (c *checker) switchActions(s *syntax.SwitchStmt, al *ActionList) {
	if c.place.where != inApply {
		c.errorf(s.Pos(), "switch on action_run can only be used in the apply block of a control")
	}
	info := c.tables[al.Table]
	seen := map[Object]bool{}
	for _, k := range s.Cases {
		if !k.Default && k.Label != nil {
			c.actionLabel(k.Label, al, info, seen)
		}
		if k.Body != nil {
			c.body(k.Body)
		}
	}
}

func (c *checker) actionLabel(e syntax.Expr, al *ActionList, info *tableInfo, seen map[Object]bool) {
	n, ok := e.(*syntax.NameExpr)
	if !ok {
		c.rawExpr(e)
		c.errorf(e.Pos(), "switch label must be the name of an action of table %s%s", al.Table.Name.Value, info.choices())
		return
	}
	os := c.lookup(n.Name)
	var a *ActionObj
	if len(os) > 0 {
		a, _ = os[0].(*ActionObj)
	}
	if a == nil || info == nil || info.refs[a] == nil {
		c.errorf(e.Pos(), "no action %q in table %q%s", n.Name.Value, al.Table.Name.Value, info.choices())
		c.info.Types[e] = invalidTV
		return
	}
	c.info.Uses[n.Name] = a
	c.info.Types[e] = TypeAndValue{Type: a.Type}
	if seen[a] {
		c.errorf(e.Pos(), "duplicate switch label %q", n.Name.Value)
	}
	seen[a] = true
}
