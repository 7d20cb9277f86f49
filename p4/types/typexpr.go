package types

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"gofino/p4/syntax"
)

func itoa(n int) string { return strconv.Itoa(n) }

const (
	// maxWidth bounds bit<W>, in bits; the chip's containers are far smaller.
	maxWidth = 1 << 16
	// maxWeight bounds the number of parts of one type, so that walking a
	// type always ends soon.
	maxWeight = 1 << 18
	// maxStack bounds the size of header stacks and arrays.
	maxStack = 1 << 20
)

// typ resolves a type as written.
func (c *checker) typ(te syntax.TypeExpr) Type {
	t := c.typ1(te, false)
	return t
}

// ctorType resolves the type of an instantiation, where type arguments may be
// left to inference: it returns the generic type itself then.
func (c *checker) ctorType(te syntax.TypeExpr) Type { return c.typ1(te, true) }

func (c *checker) typ1(te syntax.TypeExpr, generic bool) Type {
	if te == nil {
		return invalidType
	}
	if !c.deeper(te.Pos()) {
		return invalidType
	}
	defer func() { c.depth-- }()
	t := c.typ2(te, generic)
	if t == nil {
		t = invalidType
	}
	if c.weight(t) > maxWeight {
		c.errorf(te.Pos(), "type has more than %d parts", maxWeight)
		t = invalidType
	}
	c.info.TypeOf[te] = t
	return t
}

func (c *checker) typ2(te syntax.TypeExpr, generic bool) Type {
	switch te := te.(type) {
	case *syntax.BaseType:
		return c.baseType(te)
	case *syntax.NamedType:
		return c.namedType(te, generic)
	case *syntax.SpecType:
		return c.specType(te)
	case *syntax.StackType:
		elem := c.typ(te.Elem)
		size := c.constSize(te.Size, "size of a header stack", 0, maxStack)
		if isInvalid(elem) || size < 0 {
			return invalidType
		}
		c.checkNesting(te.Pos(), "element", elem, inStack)
		return &Stack{Elem: elem, Size: size}
	case *syntax.TupleType:
		t := &Tuple{}
		for _, e := range te.Elems {
			et := c.typ(e)
			c.checkNesting(e.Pos(), "tuple field", et, inTuple)
			t.Elems = append(t.Elems, et)
		}
		return t
	case *syntax.ListType:
		elem := c.typ(te.Elem)
		c.checkNesting(te.Pos(), "list element", elem, inList)
		return &List{Elem: elem}
	}
	return invalidType
}

func (c *checker) baseType(te *syntax.BaseType) Type {
	switch te.Kind {
	case syntax.Bool:
		return boolType
	case syntax.String:
		return stringType
	case syntax.Error:
		return errorType
	case syntax.MatchKind:
		return matchKindType
	case syntax.Void:
		return voidType
	case syntax.DontCare:
		return dontCareType
	case syntax.Int:
		if te.Width == nil {
			return intType
		}
		if w := c.constSize(te.Width, "width of int<W>", 1, maxWidth); w >= 0 {
			return &Bits{Width: w, Signed: true}
		}
	case syntax.Bit:
		if te.Width == nil {
			return bit1Type
		}
		if w := c.constSize(te.Width, "width of bit<W>", 0, maxWidth); w >= 0 {
			return &Bits{Width: w}
		}
	case syntax.Varbit:
		if te.Width == nil {
			c.errorf(te.Pos(), "varbit needs a width: varbit<W>")
			return invalidType
		}
		if w := c.constSize(te.Width, "width of varbit<W>", 0, maxWidth); w >= 0 {
			return &Varbit{Width: w}
		}
	}
	return invalidType
}

// constSize evaluates a compile-time integer in lo..hi; -1 after an error.
func (c *checker) constSize(e syntax.Expr, what string, lo, hi int) int {
	v := c.constInt(e, what)
	if v == nil {
		return -1
	}
	if v.Cmp(big.NewInt(int64(lo))) < 0 || v.Cmp(big.NewInt(int64(hi))) > 0 {
		c.errorf(e.Pos(), "%s is %s, must be in %d..%d", what, shortInt(v), lo, hi)
		return -1
	}
	return int(v.Int64())
}

// constInt evaluates a compile-time integer of any type; nil after an error.
func (c *checker) constInt(e syntax.Expr, what string) *big.Int {
	if e == nil {
		return nil
	}
	tv := c.expr(e)
	if isInvalid(tv.Type) {
		return nil
	}
	if !isNumeric(base(tv.Type)) {
		c.errorf(e.Pos(), "%s must be an integer, not %s", what, tv.Type)
		return nil
	}
	v, ok := tv.Value.(*big.Int)
	if !ok {
		c.errorf(e.Pos(), "%s must be a constant", what)
		return nil
	}
	return v
}

func shortInt(v *big.Int) string {
	s := v.String()
	if len(s) > 40 {
		return s[:20] + "..."
	}
	return s
}

// typeObj resolves a name that must be a type.
func (c *checker) typeObj(n *syntax.Name) *TypeObj {
	os := c.resolve(n, "type")
	if os == nil {
		return nil
	}
	t, ok := os[0].(*TypeObj)
	if !ok {
		c.errorf(n.Pos(), "%q is %s, not a type", n.Value, objectText(os[0]))
		return nil
	}
	return t
}

func (c *checker) namedType(te *syntax.NamedType, generic bool) Type {
	o := c.typeObj(te.Name)
	if o == nil {
		return invalidType
	}
	if !generic {
		if ps := c.typeParams(o.Type); len(ps) > 0 {
			c.errorf(te.Pos(), "generic type %s needs type arguments: %s<%s>", o.Name, o.Name, varNames(ps))
			return invalidType
		}
	}
	return o.Type
}

func varNames(ps []*TypeVar) string {
	names := make([]string, len(ps))
	for i, p := range ps {
		names[i] = p.Name
	}
	return strings.Join(names, ", ")
}

// typeParams are the parameters of a generic type that has not been
// specialised; typedefs of specialised types have none.
func (c *checker) typeParams(t Type) []*TypeVar {
	var d syntax.Decl
	var args []Type
	switch t := t.(type) {
	case *Struct:
		if t.Decl == nil {
			return nil
		}
		d, args = t.Decl, t.Args
	case *Extern:
		d, args = t.Decl, t.Args
	case *Proto:
		d, args = t.Decl, t.TypeArgs
	default:
		return nil
	}
	ps := c.params[d]
	if len(ps) == 0 || len(args) != len(ps) {
		return nil
	}
	for i, p := range ps {
		if args[i] != Type(p) {
			return nil
		}
	}
	return ps
}

func (c *checker) specType(te *syntax.SpecType) Type {
	if te.Base == nil {
		return invalidType
	}
	o := c.typeObj(te.Base.Name)
	args := c.typeArgs(te.Args)
	if o == nil {
		return invalidType
	}
	ps := c.typeParams(o.Type)
	if len(ps) == 0 {
		c.errorf(te.Pos(), "type %s is not generic and takes no type arguments", o.Name)
		return invalidType
	}
	for _, x := range c.lookup(te.Base.Name) {
		if q := c.typeParams(x.ObjType()); len(q) == len(args) {
			ps, o = q, x.(*TypeObj)
			break
		}
	}
	if len(ps) != len(args) {
		c.errorf(te.Pos(), "type %s has %d type parameters (%s), got %d arguments", o.Name, len(ps), varNames(ps), len(args))
		return invalidType
	}
	for i, a := range args {
		if isInvalid(a) {
			return invalidType
		}
		if _, ok := o.Type.(*Struct); ok && isKind(a, DontCare) {
			c.errorf(te.Args[i].Pos(), "type argument of a struct cannot be _")
			return invalidType
		}
		if declOf(a) != nil && declOf(a) == declOf(o.Type) {
			c.errorf(te.Args[i].Pos(), "type %s contains itself as a type argument", o.Name)
			return invalidType
		}
	}
	t := c.specialize(o.Type, ps, args)
	if s, ok := t.(*Struct); ok && s.Decl != nil {
		c.checkInstance(te.Pos(), s)
	}
	return t
}

func declOf(t Type) syntax.Decl {
	switch t := t.(type) {
	case *Struct:
		if t.Decl != nil {
			return t.Decl
		}
	case *Extern:
		return t.Decl
	}
	return nil
}

// typeArgs resolves written type arguments.
func (c *checker) typeArgs(tes []syntax.TypeExpr) []Type {
	var args []Type
	for _, te := range tes {
		t := c.typ(te)
		switch u := t.(type) {
		case *Proto:
			c.errorf(te.Pos(), "%s cannot be a type argument", describe(u))
			t = invalidType
		}
		args = append(args, t)
	}
	return args
}

// checkInstance applies the nesting rules to a specialised struct.
func (c *checker) checkInstance(at syntax.Pos, s *Struct) {
	for _, f := range s.Fields {
		if msg := nestingProblem(f.Type, containerOf(s.Kind)); msg != "" {
			c.errorf(at, "field %q of %s cannot have type %s: %s", f.Name, describe(s), f.Type, msg)
		}
	}
}

// ------------------------------------------------------------ specialisation

// specialize gives a generic type its arguments.
func (c *checker) specialize(t Type, ps []*TypeVar, args []Type) Type {
	return c.subst(t, bind(ps, args))
}

type substitution map[*TypeVar]Type

func bind(ps []*TypeVar, args []Type) substitution {
	s := substitution{}
	for i, p := range ps {
		s[p] = args[i]
	}
	return s
}

// subst replaces type variables.
func (c *checker) subst(t Type, s substitution) Type {
	if len(s) == 0 {
		return t
	}
	switch t := t.(type) {
	case *TypeVar:
		if r, ok := s[t]; ok && r != nil {
			return r
		}
	case *Struct:
		args, changed := c.substAll(t.Args, s)
		if changed {
			return c.instance(t, args)
		}
		if t.Decl == nil {
			return c.substFields(t, s)
		}
	case *Stack:
		if e := c.subst(t.Elem, s); e != t.Elem {
			return &Stack{Elem: e, Size: t.Size}
		}
	case *Tuple:
		if es, changed := c.substAll(t.Elems, s); changed {
			return &Tuple{Elems: es}
		}
	case *List:
		if e := c.subst(t.Elem, s); e != t.Elem {
			return &List{Elem: e}
		}
	case *ValueSet:
		if e := c.subst(t.Elem, s); e != t.Elem {
			return &ValueSet{Elem: e}
		}
	case *Extern:
		if args, changed := c.substAll(t.Args, s); changed {
			return &Extern{Name: t.Name, Args: args, Params: t.Params, Decl: t.Decl}
		}
	case *Proto:
		if args, changed := c.substAll(t.TypeArgs, s); changed {
			u := *t
			u.TypeArgs = args
			u.Params = c.substVars(t.Params, s)
			return &u
		}
	case *Func:
		u := *t
		u.Params = c.substVars(t.Params, s)
		if t.Result != nil {
			u.Result = c.subst(t.Result, s)
		}
		return &u
	}
	return t
}

func (c *checker) substAll(ts []Type, s substitution) ([]Type, bool) {
	changed := false
	out := make([]Type, len(ts))
	for i, t := range ts {
		out[i] = c.subst(t, s)
		changed = changed || out[i] != t
	}
	return out, changed
}

func (c *checker) substVars(vs []*Var, s substitution) []*Var {
	out := make([]*Var, len(vs))
	for i, v := range vs {
		t := c.subst(v.Type, s)
		if t == v.Type {
			out[i] = v
			continue
		}
		u := *v
		u.Type = t
		out[i] = &u
	}
	return out
}

func (c *checker) substFields(t *Struct, s substitution) Type {
	u := &Struct{Kind: t.Kind, Name: t.Name}
	for _, f := range t.Fields {
		u.Fields = append(u.Fields, &StructField{Name: f.Name, Type: c.subst(f.Type, s), Decl: f.Decl})
	}
	return u
}

// instance is a generic struct with type arguments. Instances are shared, so
// that nested generics do not multiply.
func (c *checker) instance(t *Struct, args []Type) Type {
	weight := 0
	for _, a := range args {
		weight += c.weight(a)
	}
	if weight > maxWeight {
		return invalidType
	}
	key := fmt.Sprintf("%p<", t.Decl)
	for _, a := range args {
		key += typeKey(a) + ","
	}
	if s := c.special[key]; s != nil {
		return s
	}
	generic := t
	if o, ok := c.info.Defs[t.Decl.Name].(*TypeObj); ok {
		if g, ok := o.Type.(*Struct); ok {
			generic = g
		}
	}
	u := &Struct{Kind: t.Kind, Name: t.Name, Args: args, Decl: t.Decl}
	c.special[key] = u
	s := bind(c.params[t.Decl], args)
	for _, f := range generic.Fields {
		u.Fields = append(u.Fields, &StructField{Name: f.Name, Type: c.subst(f.Type, s), Decl: f.Decl})
	}
	return u
}

// typeKey is a text that two types share only if they are identical.
func typeKey(t Type) string {
	list := func(ts []Type) string {
		var b strings.Builder
		for _, e := range ts {
			b.WriteString(typeKey(e))
			b.WriteByte(',')
		}
		return b.String()
	}
	switch t := t.(type) {
	case *Struct:
		if t.Decl != nil {
			return fmt.Sprintf("%p<%s>", t.Decl, list(t.Args))
		}
		var ts []Type
		var names []string
		for _, f := range t.Fields {
			ts, names = append(ts, f.Type), append(names, f.Name)
		}
		return "{" + strings.Join(names, ",") + ":" + list(ts) + "}"
	case *Extern:
		return fmt.Sprintf("%p<%s>", t.Decl, list(t.Args))
	case *Proto:
		return fmt.Sprintf("%p<%s>", t.Decl, list(t.TypeArgs))
	case *Enum:
		return fmt.Sprintf("%p", t.Decl)
	case *TypeVar:
		return fmt.Sprintf("%p", t)
	case *Stack:
		return typeKey(t.Elem) + "[" + itoa(t.Size) + "]"
	case *Tuple:
		return "(" + list(t.Elems) + ")"
	case *List:
		return "list(" + typeKey(t.Elem) + ")"
	}
	return t.String()
}

// weight counts the parts of a type.
func (c *checker) weight(t Type) int {
	if w, ok := c.weights[t]; ok {
		return w
	}
	w := 1
	add := func(u Type) {
		if w <= maxWeight {
			w += c.weight(u)
		}
	}
	switch t := t.(type) {
	case *Struct:
		c.weights[t] = 1
		for _, f := range t.Fields {
			add(f.Type)
		}
		for _, a := range t.Args {
			add(a)
		}
	case *Extern:
		for _, a := range t.Args {
			add(a)
		}
	case *Proto:
		for _, a := range t.TypeArgs {
			add(a)
		}
	case *Tuple:
		for _, e := range t.Elems {
			add(e)
		}
	case *Stack:
		add(t.Elem)
	case *List:
		add(t.Elem)
	case *New:
		add(t.Under)
	case nil:
		return 0
	default:
		return 1
	}
	c.weights[t] = w
	return w
}

// -------------------------------------------------------------- nesting rules

type container uint8

const (
	inStruct container = iota
	inHeader
	inUnion
	inTuple
	inList
	inStack
	inHeaderStruct // a struct that is a field of a header
)

func containerOf(k syntax.StructKind) container {
	switch k {
	case syntax.Header:
		return inHeader
	case syntax.HeaderUnion:
		return inUnion
	}
	return inStruct
}

func (c *checker) checkNesting(at syntax.Pos, what string, t Type, in container) {
	if isInvalid(t) {
		return
	}
	if msg := nestingProblem(t, in); msg != "" {
		c.errorf(at, "%s cannot have type %s: %s", what, t, msg)
	}
}

// nestingProblem says why a value of type t cannot be part of a container, or
// "". Type variables are checked when they are replaced.
func nestingProblem(t Type, in container) string {
	if _, ok := t.(*TypeVar); ok || isInvalid(t) {
		return ""
	}
	switch in {
	case inUnion:
		if !isHeader(t) {
			return "a header_union holds headers"
		}
	case inHeader, inHeaderStruct:
		return headerProblem(t, in)
	case inTuple:
		if isKind(t, Int) || isKind(t, String) || isKind(t, MatchKind) {
			return "" // such a tuple can only be a constant
		}
		return structProblem(t)
	case inStruct:
		return structProblem(t)
	case inList:
		switch t.(type) {
		case *Extern, *Proto, *Table, *ValueSet:
			return "objects cannot be in a list"
		}
		if isKind(t, Void) || isKind(t, DontCare) {
			return "not a type of values"
		}
	case inStack:
		if isHeaderLike(t) {
			return ""
		}
		if _, ok := t.(*Extern); ok {
			return ""
		}
		if _, ok := t.(*Tuple); ok {
			return "arrays hold headers, bit strings or structs"
		}
		return structProblem(t)
	}
	return ""
}

func structProblem(t Type) string {
	switch t := t.(type) {
	case *Basic:
		switch t.Kind {
		case Bool, Error, Invalid:
			return ""
		case Int:
			return "int has no fixed width"
		}
		return "not a type of run-time values"
	case *List:
		return "lists exist only at compile time"
	case *Extern, *Proto, *Table, *ValueSet, *Func:
		return "objects cannot be in a struct"
	case *New:
		return structProblem(t.Under)
	}
	return ""
}

func headerProblem(t Type, in container) string {
	switch t := t.(type) {
	case *Bits:
		return ""
	case *Varbit:
		if in == inHeader {
			return ""
		}
		return "a struct in a header has no varbit"
	case *Basic:
		if t.Kind == Bool {
			return ""
		}
	case *Enum:
		if t.Underlying != nil {
			return ""
		}
		return "an enum in a header needs an underlying type"
	case *New:
		return headerProblem(t.Under, in)
	case *Stack:
		if !isHeaderLike(t.Elem) {
			return headerProblem(t.Elem, in)
		}
	case *Struct:
		if t.Kind == syntax.Struct {
			for _, f := range t.Fields {
				if msg := nestingProblem(f.Type, inHeaderStruct); msg != "" {
					return "its field " + f.Name + " has type " + f.Type.String()
				}
			}
			return ""
		}
	}
	return "headers hold bit<W>, int<W>, varbit<W>, bool, serializable enums and structs of these"
}
