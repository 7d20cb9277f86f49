package types

import (
	"math/big"

	"gofino/p4/syntax"
)

var invalidTV = TypeAndValue{Type: invalidType}

// expr checks an expression that must be a value or an object.
func (c *checker) expr(e syntax.Expr) TypeAndValue {
	tv := c.rawExpr(e)
	switch {
	case tv.IsType:
		c.errorf(e.Pos(), "%s is a type, not a value", describe(tv.Type))
	case isKind(tv.Type, Void):
		c.errorf(e.Pos(), "call returns nothing and cannot be used as a value")
	case isKind(tv.Type, State):
		c.errorf(e.Pos(), "a parser state cannot be used as a value")
	default:
		if _, ok := tv.Type.(*Func); !ok {
			return tv
		}
		c.errorf(e.Pos(), "a function or action can only be called")
	}
	tv = invalidTV
	c.info.Types[e] = tv
	return tv
}

// value checks an expression that must be a value, not an object.
func (c *checker) value(e syntax.Expr) TypeAndValue {
	tv := c.expr(e)
	switch t := tv.Type.(type) {
	case *Table, *Extern, *Proto, *ValueSet, *ApplyResult:
		c.errorf(e.Pos(), "%s cannot be used as a value", describe(t))
		return invalidTV
	case *ActionList:
		c.errorf(e.Pos(), "action_run can only be the expression of a switch statement")
		return invalidTV
	}
	return tv
}

// rawExpr checks any expression and records what it is.
func (c *checker) rawExpr(e syntax.Expr) TypeAndValue {
	if e == nil {
		return invalidTV
	}
	if !c.deeper(e.Pos()) {
		c.info.Types[e] = invalidTV
		return invalidTV
	}
	tv := c.expr1(e)
	c.depth--
	if tv.Type == nil {
		tv.Type = invalidType
	}
	if tv.Value != nil {
		tv.Known = true
	}
	c.info.Types[e] = tv
	return tv
}

func (c *checker) expr1(e syntax.Expr) TypeAndValue {
	switch e := e.(type) {
	case *syntax.ParenExpr:
		return c.rawExpr(e.X)
	case *syntax.NameExpr:
		return c.nameExpr(e)
	case *syntax.TypeNameExpr:
		return TypeAndValue{Type: c.ctorType(e.Type), IsType: true}
	case *syntax.IntLit:
		return c.intLit(e)
	case *syntax.BoolLit:
		return TypeAndValue{Type: boolType, Value: e.Value}
	case *syntax.StringLit:
		return TypeAndValue{Type: stringType, Value: e.Value}
	case *syntax.ThisExpr:
		if c.place.this == nil {
			c.errorf(e.Pos(), "this can only be used in the implementation of an abstract method")
			return invalidTV
		}
		return TypeAndValue{Type: c.place.this, Known: true}
	case *syntax.DefaultExpr, *syntax.DotsExpr:
		return TypeAndValue{Type: dontCareType, Known: true}
	case *syntax.InvalidExpr:
		return TypeAndValue{Type: dontCareType, Known: true}
	case *syntax.MaskExpr:
		return c.setExpr(e, e.X, e.Mask)
	case *syntax.RangeExpr:
		return c.setExpr(e, e.Lo, e.Hi)
	case *syntax.UnaryExpr:
		return c.unary(e)
	case *syntax.BinaryExpr:
		return c.binary(e, e.Op, e.X, e.Y)
	case *syntax.CondExpr:
		return c.cond(e)
	case *syntax.CastExpr:
		return c.cast(e)
	case *syntax.MemberExpr:
		return c.member(e)
	case *syntax.IndexExpr:
		return c.index(e)
	case *syntax.SliceExpr:
		return c.slice(e)
	case *syntax.ListExpr:
		return c.list(e)
	case *syntax.CallExpr:
		return c.call(e)
	}
	c.errorf(e.Pos(), "expression is not understood")
	return invalidTV
}

func (c *checker) intLit(e *syntax.IntLit) TypeAndValue {
	if e.Value == nil {
		return invalidTV
	}
	if e.Value.BitLen() > maxBits {
		c.errorf(e.Pos(), "constant is too large")
		return invalidTV
	}
	if e.Width == 0 {
		return TypeAndValue{Type: intType, Value: e.Value}
	}
	if e.Width > maxWidth {
		c.errorf(e.Pos(), "width %d is more than %d", e.Width, maxWidth)
		return invalidTV
	}
	t := &Bits{Width: e.Width, Signed: e.Signed}
	if !fits(e.Value, t) {
		c.overflow(e.Pos(), e.Value, t)
	}
	return TypeAndValue{Type: t, Value: wrap(e.Value, t)}
}

// objectText says what a name is, for messages.
func objectText(o Object) string {
	switch o := o.(type) {
	case *Var:
		switch {
		case o.Ctor:
			return "a constructor parameter"
		case o.Param:
			return "a parameter"
		}
		return "a variable"
	case *Const:
		return "a constant"
	case *TypeObj:
		return "a type"
	case *Inst:
		return "an instance"
	case *FuncObj:
		return "a function"
	case *ActionObj:
		return "an action"
	case *TableObj:
		return "a table"
	case *ValueSetObj:
		return "a value set"
	case *StateObj:
		return "a parser state"
	case *MatchKindObj:
		return "a match kind"
	}
	return "a name"
}

func (c *checker) nameExpr(e *syntax.NameExpr) TypeAndValue {
	os := c.resolve(e.Name, "name")
	if os == nil {
		return invalidTV
	}
	switch o := os[0].(type) {
	case *Var:
		lv := !o.Ctor && (!o.Param || o.Dir == syntax.Out || o.Dir == syntax.InOut)
		return TypeAndValue{Type: o.Type, LValue: lv, Known: o.Ctor || o.known}
	case *Const:
		return TypeAndValue{Type: o.Type, Value: o.Value, Known: true}
	case *TypeObj:
		return TypeAndValue{Type: o.Type, IsType: true}
	case *MatchKindObj:
		return TypeAndValue{Type: matchKindType, Value: o}
	case *Inst, *ValueSetObj:
		return TypeAndValue{Type: o.ObjType(), Known: true}
	}
	return TypeAndValue{Type: os[0].ObjType()}
}

// list checks the elements of { ... }; its type is a tuple, or an anonymous
// struct where names are given.
func (c *checker) list(e *syntax.ListExpr) TypeAndValue {
	if e.Named {
		return c.namedList(e)
	}
	t := &Tuple{}
	elems := listElems(e)
	if len(elems) < len(e.Elems) {
		c.rawExpr(e.Elems[len(elems)])
	}
	known := true
	bad := false
	vs := make([]Value, 0, len(elems))
	for _, x := range elems {
		if _, ok := x.(*syntax.DotsExpr); ok {
			c.errorf(x.Pos(), "... must be the last element")
			bad = true
		}
		tv := c.expr(x)
		bad = bad || isInvalid(tv.Type)
		known = known && tv.Known
		t.Elems = append(t.Elems, tv.Type)
		if tv.Value != nil {
			vs = append(vs, tv.Value)
		}
	}
	tv := TypeAndValue{Type: t, Known: known}
	if len(vs) == len(elems) && !hasDots(e) {
		tv.Value = vs
	}
	if bad {
		tv.Type = invalidType
	} else if c.weight(t) > maxWeight {
		c.errorf(e.Pos(), "list has more than %d parts", maxWeight)
		tv.Type = invalidType
	}
	return tv
}

func (c *checker) namedList(e *syntax.ListExpr) TypeAndValue {
	t := &Struct{Kind: syntax.Struct, Name: Anonymous}
	known, bad := true, false
	for _, f := range e.Fields {
		if f.Name == nil {
			bad = true
			continue
		}
		tv := c.expr(f.Value)
		if t.Field(f.Name.Value) != nil {
			c.errorf(f.Name.Pos(), "field %q is given twice", f.Name.Value)
			bad = true
		}
		known = known && tv.Known
		bad = bad || isInvalid(tv.Type)
		t.Fields = append(t.Fields, &StructField{Name: f.Name.Value, Type: tv.Type})
	}
	if bad {
		return invalidTV
	}
	return TypeAndValue{Type: t, Known: known}
}

func (c *checker) member(e *syntax.MemberExpr) TypeAndValue {
	x := c.rawExpr(e.X)
	if isInvalid(x.Type) || e.Sel == nil {
		return invalidTV
	}
	name := e.Sel.Value
	if x.IsType {
		return c.typeMember(e, x.Type, name)
	}
	switch t := x.Type.(type) {
	case *Struct:
		return c.field(e, x, t, name)
	case *Stack:
		return c.stackMember(e, x, t, name)
	case *ApplyResult:
		switch name {
		case "hit", "miss":
			return TypeAndValue{Type: boolType}
		case "action_run":
			return TypeAndValue{Type: &ActionList{Table: t.Table}}
		}
		c.errorf(e.Sel.Pos(), "no field %q in the result of apply() (fields: hit, miss, action_run)", name)
		return invalidTV
	case *TypeVar:
		c.errorf(e.Sel.Pos(), "no field %q: the fields of type parameter %s are not known", name, t.Name)
		return invalidTV
	case *Func:
		c.errorf(e.Sel.Pos(), "no field %q in a function or action", name)
		return invalidTV
	case *Extern:
		c.errorf(e.Sel.Pos(), "no field %q in %s: an extern has only methods%s", name, describe(t), choices("methods", c.methodNames(t)))
		return invalidTV
	}
	c.errorf(e.Sel.Pos(), "no field %q in %s", name, describe(x.Type))
	return invalidTV
}

func (c *checker) typeMember(e *syntax.MemberExpr, t Type, name string) TypeAndValue {
	switch t := t.(type) {
	case *Enum:
		for _, m := range t.Members {
			if m.Name != name {
				continue
			}
			if o, ok := c.info.Defs[t.Decl.Name]; ok {
				c.info.Uses[e.Sel] = o
			}
			if m.Value != nil {
				return TypeAndValue{Type: t, Value: m.Value}
			}
			if t.Underlying != nil {
				return TypeAndValue{Type: t, Known: true}
			}
			return TypeAndValue{Type: t, Value: m}
		}
		c.errorf(e.Sel.Pos(), "no member %q in enum %s%s", name, t.Name, choices("members", t.memberNames()))
		return invalidTV
	case *Basic:
		if t.Kind == Error {
			if o := c.errs[name]; o != nil {
				c.info.Uses[e.Sel] = o
				return TypeAndValue{Type: errorType, Value: o}
			}
			c.errorf(e.Sel.Pos(), "no error %q%s", name, choices("errors", c.info.Errors))
			return invalidTV
		}
	}
	c.errorf(e.Sel.Pos(), "no member %q in type %s", name, describe(t))
	return invalidTV
}

func (t *Enum) memberNames() []string {
	names := make([]string, len(t.Members))
	for i, m := range t.Members {
		names[i] = m.Name
	}
	return names
}

func (c *checker) field(e *syntax.MemberExpr, x TypeAndValue, t *Struct, name string) TypeAndValue {
	for i, f := range t.Fields {
		if f.Name != name {
			continue
		}
		tv := TypeAndValue{Type: f.Type, LValue: x.LValue, Known: x.Known}
		if vs, ok := x.Value.([]Value); ok && i < len(vs) && t.Decl != nil {
			tv.Value = vs[i]
		}
		return tv
	}
	c.errorf(e.Sel.Pos(), "no field %q in %s%s", name, describe(t), choices("fields", t.fieldNames()))
	return invalidTV
}

func (c *checker) stackMember(e *syntax.MemberExpr, x TypeAndValue, t *Stack, name string) TypeAndValue {
	switch name {
	case "size":
		return TypeAndValue{Type: bit32Type, Value: big.NewInt(int64(t.Size))}
	case "next", "last", "lastIndex":
		if !isHeaderLike(t.Elem) {
			break
		}
		if c.place.where != inState {
			c.errorf(e.Sel.Pos(), "%s of a header stack can only be used in a parser state", name)
			return invalidTV
		}
		if name == "lastIndex" {
			return TypeAndValue{Type: bit32Type}
		}
		return TypeAndValue{Type: t.Elem, LValue: x.LValue && name == "next"}
	}
	c.errorf(e.Sel.Pos(), "no field %q in %s (fields: next, last, lastIndex, size)", name, describe(t))
	return invalidTV
}

func (c *checker) index(e *syntax.IndexExpr) TypeAndValue {
	x := c.value(e.X)
	i := c.value(e.I)
	if isInvalid(x.Type) || isInvalid(i.Type) || !c.fixed(e.I, i) {
		return invalidTV
	}
	if !isNumeric(base(i.Type)) {
		c.errorf(e.I.Pos(), "index must be an integer, not %s", i.Type)
		return invalidTV
	}
	n, constant := i.Value.(*big.Int)
	switch t := x.Type.(type) {
	case *Stack:
		if constant && !c.place.sized && (n.Sign() < 0 || n.Cmp(big.NewInt(int64(t.Size))) >= 0) {
			c.errorf(e.I.Pos(), "index %s is out of range of %s", shortInt(n), describe(t))
			return invalidTV
		}
		tv := TypeAndValue{Type: t.Elem, LValue: x.LValue, Known: x.Known && i.Known}
		if vs, ok := x.Value.([]Value); ok && constant && n.Int64() < int64(len(vs)) {
			tv.Value = vs[n.Int64()]
		}
		return tv
	case *Tuple:
		if !constant {
			c.errorf(e.I.Pos(), "index of a tuple must be a constant")
			return invalidTV
		}
		if n.Sign() < 0 || n.Cmp(big.NewInt(int64(len(t.Elems)))) >= 0 {
			c.errorf(e.I.Pos(), "index %s is out of range of %s", shortInt(n), t)
			return invalidTV
		}
		k := int(n.Int64())
		tv := TypeAndValue{Type: t.Elems[k], LValue: x.LValue, Known: x.Known}
		if vs, ok := x.Value.([]Value); ok && k < len(vs) {
			tv.Value = vs[k]
		}
		return tv
	}
	c.errorf(e.Pos(), "cannot index %s: only header stacks, arrays and tuples have elements", describe(x.Type))
	return invalidTV
}

func (c *checker) slice(e *syntax.SliceExpr) TypeAndValue {
	x := c.value(e.X)
	if e.Width != nil {
		if lo := c.value(e.Lo); lo.Value == nil && !isInvalid(lo.Type) {
			return c.movingSlice(e, x, lo)
		}
	}
	hi := c.constSize(e.Hi, "high bit of a slice", 0, maxWidth)
	lo := c.constSize(e.Lo, "low bit of a slice", 0, maxWidth)
	if isInvalid(x.Type) || hi < 0 || lo < 0 || !c.fixed(e.X, x) {
		return invalidTV
	}
	if hi < lo {
		c.errorf(e.Pos(), "slice [%d:%d] has its high bit below its low bit", hi, lo)
		return invalidTV
	}
	t := base(x.Type)
	b, ok := t.(*Bits)
	if !ok && !isKind(t, Int) {
		c.errorf(e.Pos(), "cannot slice %s: only bit<W> and int<W> have bits", describe(x.Type))
		return invalidTV
	}
	if ok && hi >= b.Width {
		c.errorf(e.Hi.Pos(), "bit %d is outside %s", hi, b)
		return invalidTV
	}
	tv := TypeAndValue{Type: &Bits{Width: hi - lo + 1}, LValue: x.LValue && ok, Known: x.Known}
	if v, ok := x.Value.(*big.Int); ok {
		tv.Value = foldSlice(v, hi, lo)
	}
	return tv
}

// movingSlice is X[lo+:W] where only the width is a constant.
func (c *checker) movingSlice(e *syntax.SliceExpr, x, lo TypeAndValue) TypeAndValue {
	w := c.constSize(e.Width, "width of a slice", 1, maxWidth)
	if b, ok := base(lo.Type).(*Bits); !ok || b.Signed {
		c.errorf(e.Lo.Pos(), "low bit of a slice must be bit<W> or a constant, not %s", lo.Type)
		return invalidTV
	}
	if isInvalid(x.Type) || w < 0 {
		return invalidTV
	}
	b, ok := base(x.Type).(*Bits)
	if !ok {
		c.errorf(e.Pos(), "cannot slice %s: only bit<W> and int<W> have bits", describe(x.Type))
		return invalidTV
	}
	if w > b.Width {
		c.errorf(e.Width.Pos(), "slice of %d bits is wider than %s", w, b)
		return invalidTV
	}
	return TypeAndValue{Type: &Bits{Width: w}, LValue: x.LValue, Known: x.Known && lo.Known}
}
