package types

import (
	"fmt"
	"math/big"

	"gofino/p4/syntax"
)

// use converts a checked expression to the type that its context wants, and
// reports what does not fit.
func (c *checker) use(e syntax.Expr, target Type, what string) bool {
	if msg := c.convert(e, target, false); msg != "" {
		c.errorf(e.Pos(), "%s in %s", msg, what)
		return false
	}
	return true
}

// convert applies the implicit conversions of P4: int literals to a width,
// serializable enums to their underlying type, lists to structs, headers,
// tuples, stacks and list<T>. It returns the problem, or "". dry only asks.
func (c *checker) convert(e syntax.Expr, target Type, dry bool) string {
	tv, ok := c.info.Types[e]
	if !ok || isInvalid(tv.Type) || isInvalid(target) || isKind(target, DontCare) {
		return ""
	}
	switch x := e.(type) {
	case *syntax.ParenExpr:
		msg := c.convert(x.X, target, dry)
		if msg == "" && !dry {
			in := c.info.Types[x.X]
			in.LValue = tv.LValue
			c.info.Types[e] = in
		}
		return msg
	case *syntax.ListExpr:
		return c.convertList(x, tv, target, dry)
	case *syntax.InvalidExpr:
		if !isHeaderLike(target) {
			return fmt.Sprintf("cannot use {#} as %s: only headers and header unions can be invalid", target)
		}
		c.setType(e, tv, target, dry)
		return ""
	case *syntax.DotsExpr:
		if !hasDefault(target) {
			return fmt.Sprintf("cannot use ... as %s: the type has no default value", target)
		}
		tv.Value = c.zeroValue(target)
		c.setType(e, tv, target, dry)
		return ""
	case *syntax.DefaultExpr:
		c.setType(e, tv, target, dry)
		return ""
	case *syntax.CondExpr:
		if c.isUntypedAggregate(x) || isKind(tv.Type, Int) && !tv.Known && isBits(target) {
			return c.convertCond(x, tv, target, dry)
		}
	}
	return c.convertValue(e, tv, target, dry)
}

func (c *checker) setType(e syntax.Expr, tv TypeAndValue, t Type, dry bool) {
	if !dry {
		tv.Type = t
		c.info.Types[e] = tv
	}
}

func (c *checker) setConv(e syntax.Expr, tv TypeAndValue, t Type, dry bool) {
	if !dry {
		tv.Conv = t
		c.info.Types[e] = tv
	}
}

func cannotUse(from, to Type) string {
	if from.String() == to.String() {
		return fmt.Sprintf("cannot use %s as another type of that name", describe(from))
	}
	return fmt.Sprintf("cannot use %s as %s", from, to)
}

func (c *checker) convertValue(e syntax.Expr, tv TypeAndValue, target Type, dry bool) string {
	from := tv.Type
	if Identical(from, target) {
		return ""
	}
	switch to := target.(type) {
	case *Bits:
		if isKind(from, Int) {
			return c.convertInt(e, tv, to, dry)
		}
		if en, ok := from.(*Enum); ok && en.Underlying != nil && Identical(en.Underlying, to) {
			c.setConv(e, tv, to, dry)
			return ""
		}
	case *Basic:
		if to.Kind == Int && isBits(base(from)) {
			c.setConv(e, tv, to, dry)
			return ""
		}
	case *Set:
		return c.convertValue(e, tv, to.Elem, dry)
	case *Extern:
		if f, ok := from.(*Extern); ok && f.Decl == to.Decl && matchAll(f.Args, to.Args) {
			return ""
		}
	case *Proto:
		if f, ok := from.(*Proto); ok {
			return protoProblem(f, to)
		}
	case *Struct:
		if f, ok := from.(*Struct); ok && f.Decl == nil {
			return c.convertAnonymous(e, tv, f, to, dry)
		}
	case *Tuple:
		if f, ok := from.(*Tuple); ok && sameButInt(f, to) && tv.Value != nil {
			c.setType(e, tv, to, dry)
			return ""
		}
	}
	if en, ok := target.(*Enum); ok && en.Underlying != nil && (isNumeric(from)) {
		return cannotUse(from, target) + " without a cast"
	}
	if n, ok := target.(*New); ok && (Identical(n.Under, from) || isKind(from, Int)) {
		return cannotUse(from, target) + " without a cast"
	}
	return cannotUse(from, target)
}

// convertAnonymous gives {a = 1} that came through a cast or parentheses its
// type; fields must match exactly.
func (c *checker) convertAnonymous(e syntax.Expr, tv TypeAndValue, f, to *Struct, dry bool) string {
	if len(f.Fields) != len(to.Fields) {
		return cannotUse(f, to)
	}
	for _, x := range f.Fields {
		g := to.Field(x.Name)
		if g == nil || !Identical(g.Type, x.Type) {
			return cannotUse(f, to)
		}
	}
	c.setConv(e, tv, to, dry)
	return ""
}

func tupleFits(f *Tuple, to *Struct) bool {
	if len(f.Elems) != len(to.Fields) {
		return false
	}
	for i, e := range f.Elems {
		if !Identical(e, to.Fields[i].Type) {
			return false
		}
	}
	return true
}

func sameButInt(f, to *Tuple) bool {
	if len(f.Elems) != len(to.Elems) {
		return false
	}
	for i, e := range f.Elems {
		if !Identical(e, to.Elems[i]) && !(isKind(e, Int) && isBits(to.Elems[i])) {
			return false
		}
	}
	return true
}

// matchAll compares type arguments where "_" matches anything.
func matchAll(a, b []Type) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !matches(a[i], b[i]) {
			return false
		}
	}
	return true
}

func matches(a, b Type) bool {
	if isKind(a, DontCare) || isKind(b, DontCare) || isInvalid(a) || isInvalid(b) {
		return true
	}
	if x, ok := a.(*Extern); ok {
		y, ok := b.(*Extern)
		return ok && x.Decl == y.Decl && matchAll(x.Args, y.Args)
	}
	return Identical(a, b)
}

// protoProblem says why a parser, control or package does not fit a type.
// Parameters beyond those of the object must be optional in the type.
func protoProblem(f, to *Proto) string {
	if f.Kind != to.Kind {
		return fmt.Sprintf("cannot use %s as %s", describe(f), describe(to))
	}
	if f.Decl == to.Decl {
		if !matchAll(f.TypeArgs, to.TypeArgs) {
			return fmt.Sprintf("cannot use %s as %s", describe(f), describe(to))
		}
		return ""
	}
	if f.Kind == PackageProto {
		return fmt.Sprintf("cannot use %s as %s", describe(f), describe(to))
	}
	msg := signatureProblem(f.Params, to.Params)
	if msg != "" {
		return fmt.Sprintf("cannot use %s as %s: %s", describe(f), describe(to), msg)
	}
	return ""
}

// signatureProblem compares parameters one by one.
func signatureProblem(have, want []*Var) string {
	if len(have) > len(want) {
		return fmt.Sprintf("it has %d parameters, want at most %d: %s", len(have), len(want), paramText(want))
	}
	for i, w := range want {
		if i >= len(have) {
			if !w.Optional {
				return fmt.Sprintf("it has %d parameters, and %q is missing: %s", len(have), w.Name, paramText(want))
			}
			continue
		}
		h := have[i]
		if h.Dir != w.Dir {
			return fmt.Sprintf("parameter %q has direction %s, want %s", h.Name, dirText(h.Dir), dirText(w.Dir))
		}
		if !matches(h.Type, w.Type) {
			return fmt.Sprintf("parameter %q has type %s, want %s", h.Name, h.Type, w.Type)
		}
	}
	return ""
}

// convertInt gives an int its width. A constant that does not fit is cut, with
// a warning, as the language says.
func (c *checker) convertInt(e syntax.Expr, tv TypeAndValue, to *Bits, dry bool) string {
	v, ok := tv.Value.(*big.Int)
	if !ok {
		if !tv.Known {
			return fmt.Sprintf("cannot use int as %s: the value is not a constant", to)
		}
		c.setConv(e, tv, to, dry)
		return ""
	}
	if dry {
		return ""
	}
	if !fits(v, to) {
		c.overflow(e.Pos(), v, to)
	}
	tv.Value = wrap(v, to)
	tv.Type = to
	c.info.Types[e] = tv
	return ""
}

func (c *checker) overflow(at syntax.Pos, v *big.Int, to *Bits) {
	if v.Sign() < 0 && !to.Signed {
		c.warnf(at, "negative value %s is used as %s (becomes %s)", shortInt(v), to, shortInt(wrap(v, to)))
		return
	}
	c.warnf(at, "value %s does not fit %s (becomes %s)", shortInt(v), to, shortInt(wrap(v, to)))
}

// isUntypedAggregate reports whether a conditional chooses between lists.
func (c *checker) isUntypedAggregate(x *syntax.CondExpr) bool {
	return isOpenLiteral(x.A) || isOpenLiteral(x.B)
}

// isOpenLiteral: an initializer whose type comes from its context.
func isOpenLiteral(e syntax.Expr) bool {
	switch e := unparen(e).(type) {
	case *syntax.ListExpr, *syntax.InvalidExpr, *syntax.DotsExpr:
		return true
	case *syntax.CondExpr:
		return isOpenLiteral(e.A) || isOpenLiteral(e.B)
	}
	return false
}

func (c *checker) convertCond(x *syntax.CondExpr, tv TypeAndValue, target Type, dry bool) string {
	if msg := c.convert(x.A, target, dry); msg != "" {
		return msg
	}
	if msg := c.convert(x.B, target, dry); msg != "" {
		return msg
	}
	c.setType(x, tv, target, dry)
	return ""
}

// --------------------------------------------------------------- list literals

func (c *checker) convertList(x *syntax.ListExpr, tv TypeAndValue, target Type, dry bool) string {
	switch to := target.(type) {
	case *Struct:
		if to.Kind == syntax.HeaderUnion {
			return fmt.Sprintf("cannot use a list as %s: assign to one of its headers", describe(to))
		}
		if to.Decl == nil {
			return c.convertValue(x, tv, target, dry)
		}
		return c.convertFields(x, tv, to, dry)
	case *Tuple:
		if x.Named {
			return fmt.Sprintf("cannot use %s as %s: a tuple has no field names", tv.Type, to)
		}
		return c.convertElems(x, tv, to, len(to.Elems), func(i int) Type { return to.Elems[i] }, dry)
	case *Stack:
		if x.Named {
			return cannotUse(tv.Type, to)
		}
		return c.convertElems(x, tv, to, to.Size, func(int) Type { return to.Elem }, dry)
	case *List:
		if x.Named || hasDots(x) {
			return cannotUse(tv.Type, to)
		}
		return c.convertElems(x, tv, to, len(x.Elems), func(int) Type { return to.Elem }, dry)
	case *Set:
		return c.convertList(x, tv, to.Elem, dry)
	}
	return cannotUse(tv.Type, target)
}

// hasDots reports whether the list ends with "...", in either form of the
// tree: the Dots flag or a last element DotsExpr.
func hasDots(x *syntax.ListExpr) bool {
	return x.Dots || len(listElems(x)) < len(x.Elems)
}

// listElems are the elements before a closing "...".
func listElems(x *syntax.ListExpr) []syntax.Expr {
	if n := len(x.Elems); n > 0 {
		if _, ok := x.Elems[n-1].(*syntax.DotsExpr); ok {
			return x.Elems[:n-1]
		}
	}
	return x.Elems
}

func (c *checker) convertElems(x *syntax.ListExpr, tv TypeAndValue, to Type, n int, elem func(int) Type, dry bool) string {
	elems := listElems(x)
	if len(elems) > n || len(elems) < n && !hasDots(x) {
		return fmt.Sprintf("cannot use a list of %d as %s, which has %d", len(elems), to, n)
	}
	for i, e := range elems {
		if msg := c.convert(e, elem(i), dry); msg != "" {
			return msg
		}
	}
	if hasDots(x) && len(elems) < n {
		for i := len(elems); i < n; i++ {
			if !hasDefault(elem(i)) {
				return fmt.Sprintf("cannot use ... as %s: the type has no default value", elem(i))
			}
			if _, ok := to.(*Stack); ok {
				break
			}
		}
	}
	if dry {
		return ""
	}
	if _, ok := to.(*Stack); !ok || !hasDots(x) {
		tv.Value = c.listValue(elems, n, elem)
	}
	tv.Conv = to
	c.info.Types[x] = tv
	return ""
}

// listValue collects constants; nil if one is not.
func (c *checker) listValue(elems []syntax.Expr, n int, elem func(int) Type) Value {
	vs := make([]Value, 0, len(elems))
	for _, e := range elems {
		v := c.info.Types[e].Value
		if v == nil {
			return nil
		}
		vs = append(vs, v)
	}
	for i := len(elems); i < n; i++ {
		v := c.zeroValue(elem(i))
		if v == nil {
			return nil
		}
		vs = append(vs, v)
	}
	return vs
}

// Field finds a field by name, or nil.
func (t *Struct) Field(name string) *StructField {
	for _, f := range t.Fields {
		if f.Name == name {
			return f
		}
	}
	return nil
}

func (t *Struct) fieldNames() []string {
	names := make([]string, len(t.Fields))
	for i, f := range t.Fields {
		names[i] = f.Name
	}
	return names
}

func (c *checker) convertFields(x *syntax.ListExpr, tv TypeAndValue, to *Struct, dry bool) string {
	if !x.Named {
		if msg := c.convertElems(x, tv, to, len(to.Fields), func(i int) Type { return to.Fields[i].Type }, dry); msg != "" {
			return msg
		}
		return ""
	}
	given := map[string]syntax.Expr{}
	for _, f := range x.Fields {
		g := to.Field(f.Name.Value)
		if g == nil {
			return fmt.Sprintf("no field %q in %s%s", f.Name.Value, describe(to), choices("fields", to.fieldNames()))
		}
		given[g.Name] = f.Value
		if msg := c.convert(f.Value, g.Type, dry); msg != "" {
			return "field " + g.Name + ": " + msg
		}
	}
	vs := make([]Value, 0, len(to.Fields))
	constant := true
	for _, f := range to.Fields {
		e := given[f.Name]
		var v Value
		switch {
		case e != nil:
			v = c.info.Types[e].Value
		case !x.Dots:
			return fmt.Sprintf("initializer of %s has no value for field %q", describe(to), f.Name)
		case !hasDefault(f.Type):
			return fmt.Sprintf("cannot use ... for field %q: type %s has no default value", f.Name, f.Type)
		default:
			v = c.zeroValue(f.Type)
		}
		constant = constant && v != nil
		vs = append(vs, v)
	}
	if dry {
		return ""
	}
	tv.Value = nil
	if constant {
		tv.Value = vs
	}
	tv.Conv = to
	c.info.Types[x] = tv
	return ""
}
