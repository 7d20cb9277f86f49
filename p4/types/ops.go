package types

import (
	"math/big"

	"gofino/p4/syntax"
)

func (c *checker) unary(e *syntax.UnaryExpr) TypeAndValue {
	x := c.value(e.X)
	if isInvalid(x.Type) || !c.fixed(e.X, x) {
		return invalidTV
	}
	t := base(x.Type)
	tv := TypeAndValue{Type: t, Known: x.Known}
	c.baseConv(e.X, t)
	v, _ := x.Value.(*big.Int)
	switch e.Op {
	case syntax.Not:
		if !isKind(t, Bool) {
			c.errorf(e.Pos(), "operator ! needs bool, not %s", x.Type)
			return invalidTV
		}
		if b, ok := x.Value.(bool); ok {
			tv.Value = !b
		}
		return tv
	case syntax.BitNot:
		if !isBits(t) {
			if isKind(t, Int) {
				c.errorf(e.Pos(), "operator ~ needs a width: int has none (write 8w... or a cast)")
			} else {
				c.errorf(e.Pos(), "operator ~ needs bit<W> or int<W>, not %s", x.Type)
			}
			return invalidTV
		}
		if v != nil {
			tv.Value = wrap(new(big.Int).Not(v), t)
		}
		return tv
	case syntax.Neg, syntax.Plus:
		if !isNumeric(t) {
			c.errorf(e.Pos(), "operator %s needs an integer, not %s", opName(e.Op), x.Type)
			return invalidTV
		}
		if v != nil && e.Op == syntax.Neg {
			v = wrap(new(big.Int).Neg(v), t)
		}
		if v != nil {
			tv.Value = v
		}
		return tv
	}
	return invalidTV
}

// baseConv records that a serializable enum is used as its underlying type.
func (c *checker) baseConv(e syntax.Expr, t Type) {
	tv := c.info.Types[e]
	if _, ok := tv.Type.(*Enum); ok && !Identical(tv.Type, t) {
		tv.Conv = t
		c.info.Types[e] = tv
	}
}

// binary checks x op y, also for the assignment x op= y.
func (c *checker) binary(e syntax.Node, op syntax.Op, xe, ye syntax.Expr) TypeAndValue {
	x, y := c.value(xe), c.value(ye)
	if isInvalid(x.Type) || isInvalid(y.Type) {
		return invalidTV
	}
	if !isBits(base(y.Type)) && !c.fixed(xe, x) || !isBits(base(x.Type)) && !c.fixed(ye, y) {
		return invalidTV
	}
	switch op {
	case syntax.LAnd, syntax.LOr:
		return c.logical(op, xe, ye, x, y)
	case syntax.Shl, syntax.Shr:
		return c.shift(e, op, xe, ye, x, y)
	case syntax.Concat:
		return c.concat(e, xe, ye, x, y)
	case syntax.Eq, syntax.Ne:
		return c.equality(e, op, xe, ye, x, y)
	}
	if (op == syntax.Div || op == syntax.Mod) && !c.checkDivision(e, op, x, y) {
		return invalidTV
	}
	t := c.balance(e, op, xe, ye, x, y)
	if isInvalid(t) {
		return invalidTV
	}
	x, y = c.info.Types[xe], c.info.Types[ye]
	switch op {
	case syntax.Lt, syntax.Le, syntax.Gt, syntax.Ge:
		tv := TypeAndValue{Type: boolType, Known: x.Known && y.Known}
		if a, b, ok := ints(x, y); ok {
			tv.Value = foldCompare(op, a, b)
		}
		return tv
	case syntax.And, syntax.Or, syntax.Xor:
		if isKind(t, Int) {
			c.warnf(e.Pos(), "operator %s on two int without a width", opName(op))
		}
	case syntax.AddSat, syntax.SubSat:
		if isKind(t, Int) {
			c.errorf(e.Pos(), "operator %s needs a width: both operands are int", opName(op))
			return invalidTV
		}
	}
	return c.foldBinary(e, op, x, y, t)
}

// checkDivision: only of numbers that are not negative.
func (c *checker) checkDivision(e syntax.Node, op syntax.Op, x, y TypeAndValue) bool {
	for _, t := range []Type{base(x.Type), base(y.Type)} {
		if b, ok := t.(*Bits); ok && b.Signed {
			c.errorf(e.Pos(), "operator %s is not defined on signed values (%s)", opName(op), t)
			return false
		}
	}
	if !y.Known && isNumeric(base(y.Type)) {
		c.warnf(e.Pos(), "right operand of %s is not a compile-time constant: no switch can divide by it", opName(op))
	}
	for _, v := range []Value{x.Value, y.Value} {
		if n, ok := v.(*big.Int); ok && n.Sign() < 0 {
			c.errorf(e.Pos(), "operator %s is not defined on negative numbers", opName(op))
			return false
		}
	}
	if n, ok := y.Value.(*big.Int); ok && n.Sign() == 0 {
		c.errorf(e.Pos(), "division by zero")
		return false
	}
	return true
}

func (c *checker) foldBinary(e syntax.Node, op syntax.Op, x, y TypeAndValue, t Type) TypeAndValue {
	tv := TypeAndValue{Type: t, Known: x.Known && y.Known}
	a, b, ok := ints(x, y)
	if !ok {
		return tv
	}
	v, msg := foldArith(op, a, b, t)
	if msg != "" {
		c.errorf(e.Pos(), "%s", msg)
		return invalidTV
	}
	tv.Value = v
	return tv
}

func ints(x, y TypeAndValue) (a, b *big.Int, ok bool) {
	a, ok1 := x.Value.(*big.Int)
	b, ok2 := y.Value.(*big.Int)
	return a, b, ok1 && ok2
}

// balance gives two numeric operands one type: int becomes the type of the
// other, a serializable enum its underlying type.
func (c *checker) balance(e syntax.Node, op syntax.Op, xe, ye syntax.Expr, x, y TypeAndValue) Type {
	xt, yt := base(x.Type), base(y.Type)
	for _, p := range []struct{ t, raw Type }{{xt, x.Type}, {yt, y.Type}} {
		if isNumeric(p.t) {
			continue
		}
		if isKind(p.t, String) && op == syntax.Add {
			c.errorf(e.Pos(), "operator + is not defined on string; strings are joined with ++")
		} else {
			c.errorf(e.Pos(), "operator %s is not defined on %s", opName(op), describe(p.raw))
		}
		return invalidType
	}
	switch {
	case isKind(xt, Int) && isBits(yt):
		c.baseConv(ye, yt)
		if msg := c.convert(xe, yt, false); msg != "" {
			c.errorf(xe.Pos(), "%s in operand of %s", msg, opName(op))
			return invalidType
		}
		return yt
	case isKind(yt, Int) && isBits(xt):
		c.baseConv(xe, xt)
		if msg := c.convert(ye, xt, false); msg != "" {
			c.errorf(ye.Pos(), "%s in operand of %s", msg, opName(op))
			return invalidType
		}
		return xt
	case Identical(xt, yt):
		c.baseConv(xe, xt)
		c.baseConv(ye, yt)
		return xt
	}
	a, b := xt.(*Bits), yt.(*Bits)
	why := "different widths"
	if a.Signed != b.Signed {
		why = "different signs"
	}
	c.errorf(e.Pos(), "operands of %s have %s: %s and %s", opName(op), why, x.Type, y.Type)
	return invalidType
}

func (c *checker) logical(op syntax.Op, xe, ye syntax.Expr, x, y TypeAndValue) TypeAndValue {
	for _, p := range []struct {
		e  syntax.Expr
		tv TypeAndValue
	}{{xe, x}, {ye, y}} {
		if !isKind(p.tv.Type, Bool) {
			c.errorf(p.e.Pos(), "operand of %s must be bool, not %s", opName(op), p.tv.Type)
			return invalidTV
		}
	}
	tv := TypeAndValue{Type: boolType, Known: x.Known && y.Known}
	a, ok1 := x.Value.(bool)
	b, ok2 := y.Value.(bool)
	switch {
	case ok1 && a == (op == syntax.LOr):
		tv.Value = a // short circuit
	case ok1 && ok2:
		tv.Value = b
	}
	return tv
}

func (c *checker) shift(e syntax.Node, op syntax.Op, xe, ye syntax.Expr, x, y TypeAndValue) TypeAndValue {
	xt, yt := base(x.Type), base(y.Type)
	if !isNumeric(xt) {
		c.errorf(xe.Pos(), "left operand of %s must be an integer, not %s", opName(op), describe(x.Type))
		return invalidTV
	}
	if !isNumeric(yt) {
		c.errorf(ye.Pos(), "right operand of %s must be bit<W> or a constant, not %s", opName(op), describe(y.Type))
		return invalidTV
	}
	n, constant := y.Value.(*big.Int)
	if constant && n.Sign() < 0 {
		c.errorf(ye.Pos(), "shift by the negative number %s", shortInt(n))
		return invalidTV
	}
	if b, ok := yt.(*Bits); ok && b.Signed && !constant {
		c.errorf(ye.Pos(), "right operand of %s must be unsigned, not %s", opName(op), y.Type)
		return invalidTV
	}
	if isKind(xt, Int) && !constant && !y.Known {
		c.errorf(xe.Pos(), "left operand of %s has no width, and the right one is not a constant: give the left one a width (8w1)", opName(op))
		return invalidTV
	}
	c.baseConv(xe, xt)
	c.baseConv(ye, yt)
	if b, ok := xt.(*Bits); ok && constant && n.Cmp(big.NewInt(int64(b.Width))) >= 0 {
		c.warnf(ye.Pos(), "shift of %s by %s leaves nothing of it", xt, shortInt(n))
	}
	tv := TypeAndValue{Type: xt, Known: x.Known && y.Known}
	if a, b, ok := ints(x, y); ok {
		v, msg := foldShift(op, a, b, xt)
		if msg != "" {
			c.errorf(e.Pos(), "%s", msg)
			return invalidTV
		}
		tv.Value = v
	}
	return tv
}

func (c *checker) concat(e syntax.Node, xe, ye syntax.Expr, x, y TypeAndValue) TypeAndValue {
	if a, ok := x.Value.(string); ok {
		if b, ok := y.Value.(string); ok {
			if len(a)+len(b) > maxBits {
				c.errorf(e.Pos(), "string is too long")
				return invalidTV
			}
			return TypeAndValue{Type: stringType, Value: a + b}
		}
	}
	xt, ok1 := base(x.Type).(*Bits)
	yt, ok2 := base(y.Type).(*Bits)
	if !ok1 || !ok2 {
		c.errorf(e.Pos(), "operator ++ needs operands with a width, or two strings; got %s and %s", x.Type, y.Type)
		return invalidTV
	}
	t := &Bits{Width: xt.Width + yt.Width, Signed: xt.Signed}
	if t.Width > maxWidth {
		c.errorf(e.Pos(), "width %d is more than %d", t.Width, maxWidth)
		return invalidTV
	}
	c.baseConv(xe, xt)
	c.baseConv(ye, yt)
	tv := TypeAndValue{Type: t, Known: x.Known && y.Known}
	if a, b, ok := ints(x, y); ok {
		v := new(big.Int).Lsh(unsignedBits(a, xt.Width), uint(yt.Width))
		tv.Value = wrap(v.Or(v, unsignedBits(b, yt.Width)), t)
	}
	return tv
}

func (c *checker) equality(e syntax.Node, op syntax.Op, xe, ye syntax.Expr, x, y TypeAndValue) TypeAndValue {
	if !c.makeSame(e, op, xe, ye, x, y) {
		return invalidTV
	}
	x, y = c.info.Types[xe], c.info.Types[ye]
	tv := TypeAndValue{Type: boolType, Known: x.Known && y.Known}
	if same, ok := sameValue(x.Value, y.Value); ok {
		tv.Value = same == (op == syntax.Eq)
	}
	return tv
}

// makeSame gives the operands of == one type.
func (c *checker) makeSame(e syntax.Node, op syntax.Op, xe, ye syntax.Expr, x, y TypeAndValue) bool {
	xo, yo := isOpenLiteral(xe), isOpenLiteral(ye)
	var msg string
	switch {
	case xo && yo:
		if !Identical(x.Type, y.Type) || hasInt(x.Type) && (x.Value == nil || y.Value == nil) || isKind(x.Type, DontCare) {
			msg = "neither operand of " + opName(op) + " has a declared type"
		}
	case xo:
		msg = c.convert(xe, y.Type, false)
	case yo:
		msg = c.convert(ye, x.Type, false)
	case Identical(x.Type, y.Type):
	case isNumeric(base(x.Type)) && isNumeric(base(y.Type)):
		if clashingEnums(x.Type, y.Type) {
			c.warnf(e.Pos(), "different enums %s and %s are compared by their values", x.Type, y.Type)
		}
		return !isInvalid(c.balance(e, op, xe, ye, x, y))
	default:
		if msg = c.convert(ye, x.Type, true); msg == "" {
			c.convert(ye, x.Type, false)
		} else if msg = c.convert(xe, y.Type, true); msg == "" {
			c.convert(xe, y.Type, false)
		} else {
			msg = "cannot compare " + describe(x.Type) + " with " + describe(y.Type)
		}
	}
	if msg != "" {
		c.errorf(e.Pos(), "%s", msg)
		return false
	}
	for _, t := range []Type{x.Type, y.Type} {
		if isKind(t, DontCare) {
			continue
		}
		if ok, part := comparable(t); !ok {
			c.errorf(e.Pos(), "operator %s is not defined on %s", opName(op), describe(part))
			return false
		}
	}
	return true
}

// clashingEnums: two different serializable enums.
func clashingEnums(a, b Type) bool {
	x, ok1 := a.(*Enum)
	y, ok2 := b.(*Enum)
	return ok1 && ok2 && x.Decl != y.Decl
}

func (c *checker) cond(e *syntax.CondExpr) TypeAndValue {
	q := c.value(e.C)
	a, b := c.value(e.A), c.value(e.B)
	if isInvalid(q.Type) || isInvalid(a.Type) || isInvalid(b.Type) {
		return invalidTV
	}
	if !isKind(q.Type, Bool) {
		c.errorf(e.C.Pos(), "condition of ?: must be bool, not %s", q.Type)
		return invalidTV
	}
	t := c.joinTypes(e, a, b)
	if isInvalid(t) {
		return invalidTV
	}
	a, b = c.info.Types[e.A], c.info.Types[e.B]
	tv := TypeAndValue{Type: t, Known: q.Known && a.Known && b.Known}
	if v, ok := q.Value.(bool); ok {
		if v {
			tv.Value = a.Value
		} else {
			tv.Value = b.Value
		}
	}
	return tv
}

// fixed reports whether an int is known at compile time. It is not where ?:
// chooses between two of them at run time; the context must give those a
// width.
func (c *checker) fixed(e syntax.Expr, tv TypeAndValue) bool {
	if !isKind(tv.Type, Int) || tv.Known {
		return true
	}
	c.errorf(e.Pos(), "an int that is not known at compile time needs a width: write 8w1 or a cast")
	return false
}

// joinTypes is the one type of both branches of a conditional.
func (c *checker) joinTypes(e *syntax.CondExpr, a, b TypeAndValue) Type {
	ao, bo := isOpenLiteral(e.A), isOpenLiteral(e.B)
	var msg string
	t := a.Type
	switch {
	case ao && bo:
		if !Identical(a.Type, b.Type) {
			t = dontCareType
		}
	case ao:
		t, msg = b.Type, c.convert(e.A, b.Type, false)
	case bo:
		msg = c.convert(e.B, a.Type, false)
	case Identical(a.Type, b.Type):
	case isKind(a.Type, Int) && isBits(base(b.Type)):
		t, msg = base(b.Type), c.convert(e.A, base(b.Type), false)
		c.baseConv(e.B, t)
	case c.convert(e.B, a.Type, true) == "":
		c.convert(e.B, a.Type, false)
	case c.convert(e.A, b.Type, true) == "":
		t = b.Type
		c.convert(e.A, b.Type, false)
	default:
		msg = "branches of ?: have different types: " + a.Type.String() + " and " + b.Type.String()
	}
	if msg != "" {
		c.errorf(e.Pos(), "%s", msg)
		return invalidType
	}
	if isObject(t) {
		c.errorf(e.Pos(), "branches of ?: must be values, not %s", describe(t))
		return invalidType
	}
	return t
}

// setExpr checks X &&& Mask and Lo .. Hi.
func (c *checker) setExpr(e syntax.Expr, xe, ye syntax.Expr) TypeAndValue {
	x, y := c.value(xe), c.value(ye)
	if isInvalid(x.Type) || isInvalid(y.Type) {
		return invalidTV
	}
	op := "&&&"
	if _, ok := e.(*syntax.RangeExpr); ok {
		op = ".."
	}
	t := c.balanceSet(e, op, xe, ye, x, y)
	if isInvalid(t) {
		return invalidTV
	}
	return TypeAndValue{Type: &Set{Elem: t}, Known: x.Known && y.Known}
}

func (c *checker) balanceSet(e syntax.Expr, op string, xe, ye syntax.Expr, x, y TypeAndValue) Type {
	xt, yt := base(under(x.Type)), base(under(y.Type))
	if !isNumeric(xt) || !isNumeric(yt) {
		c.errorf(e.Pos(), "operator %s is not defined on %s and %s", op, describe(x.Type), describe(y.Type))
		return invalidType
	}
	switch {
	case Identical(x.Type, y.Type):
		return x.Type
	case isKind(xt, Int) && isBits(yt):
		c.convert(xe, yt, false)
		c.baseConv(ye, yt)
		return yt
	case isKind(yt, Int) && isBits(xt):
		c.convert(ye, xt, false)
		c.baseConv(xe, xt)
		return xt
	case Identical(xt, yt):
		c.baseConv(xe, xt)
		c.baseConv(ye, yt)
		return xt
	}
	c.errorf(e.Pos(), "operands of %s have different types: %s and %s", op, x.Type, y.Type)
	return invalidType
}

// convertSet gives a key set the type of what it is matched with.
func (c *checker) convertSet(e syntax.Expr, tv TypeAndValue, set *Set, key Type) string {
	var a, b syntax.Expr
	switch x := unparen(e).(type) {
	case *syntax.MaskExpr:
		a, b = x.X, x.Mask
	case *syntax.RangeExpr:
		a, b = x.Lo, x.Hi
	default:
		if matches(set.Elem, key) {
			return ""
		}
		return cannotUse(set.Elem, key)
	}
	want := key
	if en, ok := key.(*Enum); ok && en.Underlying != nil && !Identical(set.Elem, key) {
		want = en.Underlying
	}
	for _, x := range []syntax.Expr{a, b} {
		if msg := c.convert(x, want, false); msg != "" {
			return msg
		}
	}
	tv.Type = &Set{Elem: want}
	c.info.Types[e] = tv
	c.info.Types[unparen(e)] = tv
	return ""
}

// ---------------------------------------------------------------------- casts

func (c *checker) cast(e *syntax.CastExpr) TypeAndValue {
	to := c.typ(e.Type)
	x := c.expr(e.X)
	if isInvalid(to) || isInvalid(x.Type) {
		return invalidTV
	}
	if isOpenLiteral(e.X) {
		if msg := c.convert(e.X, to, false); msg != "" {
			c.errorf(e.Pos(), "%s in cast", msg)
			return invalidTV
		}
		in := c.info.Types[e.X]
		return TypeAndValue{Type: to, Value: in.Value, Known: in.Known}
	}
	if !castable(x.Type, to) {
		c.errorf(e.Pos(), "cannot cast %s to %s%s", describe(x.Type), describe(to), castHint(x.Type, to))
		return invalidTV
	}
	if b, ok := base(under(to)).(*Bits); ok && isKind(x.Type, Int) && !x.Known {
		if msg := c.convert(e.X, b, false); msg != "" {
			c.errorf(e.Pos(), "%s in cast", msg)
			return invalidTV
		}
	} else if !c.fixed(e.X, x) {
		return invalidTV
	}
	tv := TypeAndValue{Type: to, Known: x.Known}
	v, msg := castValue(x.Value, x.Type, to)
	if msg != "" {
		c.errorf(e.Pos(), "%s", msg)
		return invalidTV
	}
	tv.Value = v
	return tv
}

func castHint(from, to Type) string {
	a, ok1 := base(under(from)).(*Bits)
	b, ok2 := base(under(to)).(*Bits)
	if ok1 && ok2 && a.Signed != b.Signed && a.Width != b.Width {
		return ": change the width and the sign with two casts"
	}
	return ""
}

// castable lists the explicit casts of the language.
func castable(from, to Type) bool {
	if Identical(from, to) {
		switch t := to.(type) {
		case *Bits, *Struct, *Enum, *New, *List, *Stack:
			return true
		case *Basic:
			return t.Kind == Bool || t.Kind == Int || t.Kind == Error
		}
		return false
	}
	if n, ok := to.(*New); ok {
		if f, ok := from.(*New); ok && Identical(n.Under, f) {
			return true
		}
		return isKind(from, Int) && isBits(under(n)) || castable(from, n.Under) && sameBase(from, n.Under)
	}
	if n, ok := from.(*New); ok {
		return Identical(n.Under, to) || castable(n.Under, to)
	}
	if en, ok := to.(*Enum); ok {
		if en.Underlying == nil {
			return false
		}
		return isKind(from, Int) || Identical(base(from), en.Underlying)
	}
	if en, ok := from.(*Enum); ok {
		return en.Underlying != nil && castable(en.Underlying, to)
	}
	switch t := to.(type) {
	case *Bits:
		switch f := from.(type) {
		case *Bits:
			return f.Width == t.Width || f.Signed == t.Signed
		case *Basic:
			return f.Kind == Int || f.Kind == Bool && t.Width == 1 && !t.Signed
		}
	case *Basic:
		switch t.Kind {
		case Bool:
			b, ok := from.(*Bits)
			return ok && b.Width == 1 && !b.Signed || isKind(from, Int)
		case Int:
			return isBits(from)
		}
	case *Struct:
		f, ok := from.(*Tuple)
		return ok && t.Kind == syntax.Struct && tupleFits(f, t)
	}
	return false
}

// sameBase: a cast to a type T of "type B T" starts from B itself.
func sameBase(from, to Type) bool {
	return Identical(from, to) || isKind(from, Int) || Identical(base(from), to)
}

func castValue(v Value, from, to Type) (Value, string) {
	if v == nil {
		return nil, ""
	}
	t := base(under(to))
	switch x := v.(type) {
	case *big.Int:
		if isKind(t, Bool) {
			if x.Sign() != 0 && x.Cmp(one) != 0 {
				return nil, "only 0 and 1 can be cast to bool, not " + shortInt(x)
			}
			return x.Sign() != 0, ""
		}
		return wrap(x, t), ""
	case bool:
		if isBits(t) {
			if x {
				return big.NewInt(1), ""
			}
			return new(big.Int), ""
		}
	}
	return v, ""
}
