package types

import (
	"math/big"
	"strings"

	"gofino/p4/syntax"
)

func (c *checker) topDecl(d syntax.Decl) {
	c.annotations(d)
	switch d := d.(type) {
	case *syntax.ConstDecl:
		c.constDecl(d)
	case *syntax.VarDecl:
		c.errorf(d.Pos(), "variables cannot be declared at the top level")
	case *syntax.Instance:
		c.instanceDecl(d)
	case *syntax.FuncDecl:
		c.funcDecl(d)
	case *syntax.ExternDecl:
		if d.Func != nil {
			c.externFunc(d)
		} else {
			c.externDecl(d)
		}
	case *syntax.ActionDecl:
		c.actionDecl(d)
	case *syntax.ParserDecl:
		c.parserDecl(d)
	case *syntax.ControlDecl:
		c.controlDecl(d)
	case *syntax.PackageDecl:
		c.packageDecl(d)
	case *syntax.StructDecl:
		c.structDecl(d)
	case *syntax.EnumDecl:
		c.enumDecl(d)
	case *syntax.ErrorDecl:
		c.errorDecl(d)
	case *syntax.MatchKindDecl:
		c.matchKindDecl(d)
	case *syntax.TypedefDecl:
		c.typedefDecl(d)
	case *syntax.ValueSetDecl:
		c.valueSetDecl(d)
	case *syntax.TableDecl:
		c.errorf(d.Pos(), "tables can only be declared in a control")
	default:
		c.errorf(d.Pos(), "declaration is not allowed at the top level")
	}
}

func hasAnnotation(d syntax.Decl, name string) bool {
	for _, a := range d.Annots() {
		if a.Name == name {
			return true
		}
	}
	return false
}

// declareTypeParams enters type parameters into the current scope.
func (c *checker) declareTypeParams(d syntax.Decl, names []*syntax.Name) []*TypeVar {
	var ps []*TypeVar
	for _, n := range names {
		v := &TypeVar{Name: n.Value, Decl: n}
		o := &TypeObj{}
		o.Name, o.Type, o.At = n.Value, v, n.Pos()
		c.declare(n, o)
		ps = append(ps, v)
	}
	if len(ps) > 0 && d != nil {
		c.params[d] = ps
	}
	return ps
}

func varTypes(ps []*TypeVar) []Type {
	if len(ps) == 0 {
		return nil
	}
	ts := make([]Type, len(ps))
	for i, p := range ps {
		ts[i] = p
	}
	return ts
}

func (c *checker) declareType(n *syntax.Name, t Type, at syntax.Pos) *TypeObj {
	o := &TypeObj{}
	o.Name, o.Type, o.At = nameOf(n), t, at
	c.declare(n, o)
	return o
}

// ------------------------------------------------------------------- constants

func (c *checker) constDecl(d *syntax.ConstDecl) {
	o := &Const{Decl: d}
	o.Name, o.At = nameOf(d.Name), d.Pos()
	o.Type = c.typ(d.Type)
	tv := c.expr(d.Value)
	switch t := o.Type.(type) {
	case *Extern, *Proto, *Table, *ValueSet:
		c.errorf(d.Pos(), "cannot declare a constant of type %s", describe(t))
		o.Type = invalidType
	case *Basic:
		if t.Kind == Void || t.Kind == DontCare {
			c.errorf(d.Pos(), "cannot declare a constant of type %s", t)
			o.Type = invalidType
		}
	}
	if !isInvalid(o.Type) && !isInvalid(tv.Type) {
		if c.use(d.Value, o.Type, "initializer of "+o.Name) {
			tv = c.info.Types[d.Value]
			o.Value = tv.Value
			if !tv.Known {
				c.errorf(d.Value.Pos(), "initializer of constant %q is not a compile-time constant", o.Name)
			}
		} else {
			o.Type = invalidType
		}
	}
	c.declare(d.Name, o)
}

func (c *checker) varDecl(d *syntax.VarDecl) {
	c.annotations(d)
	o := &Var{Decl: d}
	o.Name, o.At = nameOf(d.Name), d.Pos()
	o.Type = c.variableType(d)
	if d.Value != nil {
		if tv := c.expr(d.Value); !isInvalid(tv.Type) && !isInvalid(o.Type) {
			c.use(d.Value, o.Type, "initializer of "+o.Name)
		}
	}
	c.declare(d.Name, o)
}

func (c *checker) variableType(d *syntax.VarDecl) Type {
	t := c.typ(d.Type)
	switch t := t.(type) {
	case *Extern, *Proto:
		c.errorf(d.Pos(), "cannot declare a variable of type %s: write an instantiation, %s() %s", describe(t), typeName(t), nameOf(d.Name))
		return invalidType
	case *List:
		c.errorf(d.Pos(), "cannot declare a variable of type %s: lists exist only at compile time", t)
		return invalidType
	case *Basic:
		switch t.Kind {
		case Int, Void, DontCare, MatchKind:
			c.errorf(d.Pos(), "cannot declare a variable of type %s", t)
			return invalidType
		}
	case *Tuple:
		if hasInt(t) {
			c.errorf(d.Pos(), "cannot declare a variable of type %s: int has no width", t)
			return invalidType
		}
	}
	return t
}

func typeName(t Type) string {
	switch t := t.(type) {
	case *Extern:
		return t.Name
	case *Proto:
		return t.Name
	}
	return t.String()
}

// ----------------------------------------------------------------------- types

func (c *checker) structDecl(d *syntax.StructDecl) {
	s := &Struct{Kind: d.Kind, Name: nameOf(d.Name), Decl: d}
	c.push()
	s.Args = varTypes(c.declareTypeParams(d, d.TypeParams))
	c.structFields(d, s)
	c.pop()
	c.declareType(d.Name, s, d.Pos())
}

func (c *checker) structFields(d *syntax.StructDecl, s *Struct) {
	first := map[string]bool{}
	for _, f := range d.Fields {
		c.annotations(f)
		sf := &StructField{Name: nameOf(f.Name), Type: c.typ(f.Type), Decl: f}
		if first[sf.Name] {
			c.errorf(f.Pos(), "field %q is declared twice in %s", sf.Name, describe(s))
			continue
		}
		first[sf.Name] = true
		if msg := nestingProblem(sf.Type, containerOf(d.Kind)); msg != "" {
			c.errorf(f.Pos(), "field %q of %s cannot have type %s: %s", sf.Name, describe(s), sf.Type, msg)
			sf.Type = invalidType
		}
		s.Fields = append(s.Fields, sf)
	}
	if c.weight(s) > maxWeight {
		c.errorf(d.Pos(), "%s has more than %d parts", describe(s), maxWeight)
		s.Fields = nil
		c.weights[s] = 1
	}
}

func (c *checker) enumDecl(d *syntax.EnumDecl) {
	e := &Enum{Name: nameOf(d.Name), Decl: d}
	if d.Underlying != nil {
		e.Underlying = c.typ(d.Underlying)
		if !isInvalid(e.Underlying) && !isBits(e.Underlying) {
			c.errorf(d.Underlying.Pos(), "enum %s cannot have the underlying type %s: only bit<W> and int<W>", e.Name, e.Underlying)
			e.Underlying = invalidType
		}
	}
	o := &TypeObj{}
	o.Name, o.Type, o.At = e.Name, e, d.Pos()
	c.declare(d.Name, o)
	c.open[o] = true
	c.push()
	defer c.pop()
	for i, m := range d.Members {
		em := &EnumMember{Name: nameOf(m.Name), Index: i}
		for _, x := range e.Members {
			if x.Name == em.Name {
				c.errorf(m.Pos(), "member %q is declared twice in enum %s", em.Name, e.Name)
			}
		}
		c.enumValue(m, em, e)
		e.Members = append(e.Members, em)
		c.memberInScope(m, em, e)
	}
	delete(c.open, o)
}

// memberInScope lets the values of later members name earlier ones.
func (c *checker) memberInScope(m *syntax.EnumMember, em *EnumMember, e *Enum) {
	o := &Const{}
	o.Name, o.Type, o.At, o.Value = em.Name, e, m.Pos(), em
	if em.Value != nil {
		o.Value = em.Value
	}
	if len(c.scope.names[em.Name]) == 0 {
		c.scope.names[em.Name] = []Object{o}
	}
}

func (c *checker) enumValue(m *syntax.EnumMember, em *EnumMember, e *Enum) {
	switch {
	case m.Value == nil && e.Underlying == nil:
	case m.Value == nil:
		c.errorf(m.Pos(), "member %q of enum %s needs a value: it has an underlying type", em.Name, e.Name)
		em.Value = new(big.Int)
	case e.Underlying == nil:
		c.errorf(m.Pos(), "member %q of enum %s cannot have a value: it has no underlying type", em.Name, e.Name)
	default:
		em.Value = new(big.Int)
		tv := c.value(m.Value)
		if isInvalid(tv.Type) || isInvalid(e.Underlying) || !c.use(m.Value, e.Underlying, "value of "+em.Name) {
			return
		}
		if v, ok := c.info.Types[m.Value].Value.(*big.Int); ok {
			em.Value = v
			return
		}
		c.errorf(m.Value.Pos(), "value of member %q must be a constant", em.Name)
	}
}

func (c *checker) errorDecl(d *syntax.ErrorDecl) {
	for _, n := range d.Members {
		if old := c.errs[n.Value]; old != nil {
			c.errorf(n.Pos(), "error %q is declared twice (first at %s)", n.Value, posText(old.At))
			continue
		}
		o := &ErrorObj{Index: len(c.info.Errors)}
		o.Name, o.Type, o.At = n.Value, errorType, n.Pos()
		c.errs[n.Value] = o
		c.info.Defs[n] = o
		c.info.Errors = append(c.info.Errors, n.Value)
	}
}

func (c *checker) matchKindDecl(d *syntax.MatchKindDecl) {
	for _, n := range d.Members {
		if old := c.kinds[n.Value]; old != nil {
			c.errorf(n.Pos(), "match kind %q is declared twice (first at %s)", n.Value, posText(old.At))
			continue
		}
		o := &MatchKindObj{}
		o.Name, o.Type, o.At = n.Value, matchKindType, n.Pos()
		c.kinds[n.Value] = o
		c.info.Defs[n] = o
		c.info.MatchKinds = append(c.info.MatchKinds, n.Value)
	}
}

func (c *checker) typedefDecl(d *syntax.TypedefDecl) {
	var t Type
	if d.Of != nil {
		t = c.typedefOf(d)
	} else {
		t = c.typ(d.Type)
	}
	if b, ok := t.(*Basic); ok {
		switch b.Kind {
		case Void, String, MatchKind, DontCare:
			c.errorf(d.Pos(), "%q cannot be another name of %s", nameOf(d.Name), t)
			t = invalidType
		}
	}
	if d.New && !isInvalid(t) {
		if !newable(t) {
			c.errorf(d.Pos(), "type %s cannot be made from %s: only from bit<W>, int<W>, bool, and types made from these", nameOf(d.Name), describe(t))
			t = invalidType
		} else {
			t = &New{Name: nameOf(d.Name), Under: t}
		}
	}
	c.declareType(d.Name, t, d.Pos())
}

func newable(t Type) bool {
	switch t := t.(type) {
	case *Bits, *New, *TypeVar:
		return true
	case *Basic:
		return t.Kind == Bool
	}
	return false
}

func (c *checker) typedefOf(d *syntax.TypedefDecl) Type {
	switch of := d.Of.(type) {
	case *syntax.StructDecl:
		s := &Struct{Kind: of.Kind, Name: nameOf(of.Name), Decl: of}
		if s.Name == "" {
			s.Name = nameOf(d.Name)
		}
		c.push()
		s.Args = varTypes(c.declareTypeParams(of, of.TypeParams))
		c.structFields(of, s)
		c.pop()
		if of.Name != nil {
			c.declareType(of.Name, s, of.Pos())
		}
		return s
	case *syntax.EnumDecl:
		c.enumDecl(of)
		if o, ok := c.info.Defs[of.Name].(*TypeObj); ok {
			return o.Type
		}
	}
	c.topDecl(d.Of)
	return invalidType
}

// --------------------------------------------------------------------- externs

func (c *checker) externDecl(d *syntax.ExternDecl) {
	t := &Extern{Name: nameOf(d.Name), Decl: d}
	c.push()
	t.Params = c.declareTypeParams(d, d.TypeParams)
	t.Args = varTypes(t.Params)
	info := &externInfo{typ: t, methods: map[string][]*FuncObj{}}
	c.externs[d] = info
	outer := c.scope
	c.scope = outer.parent
	o := c.declareType(d.Name, t, d.Pos())
	c.scope = outer
	c.open[o] = true
	for _, m := range d.Methods {
		c.method(info, m)
	}
	delete(c.open, o)
	c.pop()
}

func (c *checker) method(info *externInfo, m *syntax.FuncDecl) {
	c.annotations(m)
	o := &FuncObj{Decl: m, Recv: info.typ, Extern: true}
	o.Name, o.At = nameOf(m.Name), m.Pos()
	named := o.Name == info.typ.Name
	switch {
	case named && m.Result != nil && !m.Constructor:
		c.errorf(m.Pos(), "constructor of extern %s cannot have a return type", info.typ.Name)
		return
	case !named && m.Result == nil:
		c.errorf(m.Pos(), "method %q of extern %s has no return type", o.Name, info.typ.Name)
		return
	}
	of := ofExtern
	if named {
		of = ofCtor
	}
	c.push()
	o.Type = c.funcType(m, of)
	c.pop()
	c.info.Defs[m.Name] = o
	set := &info.ctors
	if !named {
		old := info.methods[o.Name]
		set = &old
		defer func() { info.methods[o.Name] = *set }()
		if len(old) == 0 {
			info.names = append(info.names, o.Name)
		}
	}
	for _, x := range *set {
		if sameShape(x, o) {
			c.errorf(m.Pos(), "method %q is declared twice with the same parameters (first at %s)", o.Name, posText(x.At))
			return
		}
	}
	*set = append(*set, o)
}

// funcType resolves a signature in the current scope, which gets its
// parameters.
func (c *checker) funcType(m *syntax.FuncDecl, of paramOf) *Func {
	t := &Func{Result: voidType}
	t.TypeParams = c.declareTypeParams(nil, m.TypeParams)
	t.Params = c.declareParams(m.Params, of)
	if m.Result != nil {
		t.Result = c.typ(m.Result)
		c.resultRules(m, t, of == ofExtern && c.scope.parent == c.global)
	}
	return t
}

// resultRules restricts result types. factory: an extern function may make an
// extern object at compile time.
func (c *checker) resultRules(m *syntax.FuncDecl, t *Func, factory bool) {
	switch r := t.Result.(type) {
	case *Extern:
		if factory {
			return
		}
		c.errorf(m.Pos(), "%q cannot return %s", nameOf(m.Name), describe(r))
		t.Result = invalidType
	case *Proto, *Table, *ValueSet:
		c.errorf(m.Pos(), "%q cannot return %s", nameOf(m.Name), describe(r))
		t.Result = invalidType
	case *Basic:
		switch r.Kind {
		case Int, DontCare:
			c.errorf(m.Pos(), "%q cannot return %s", nameOf(m.Name), r)
			t.Result = invalidType
		}
	}
}

func (c *checker) externFunc(d *syntax.ExternDecl) {
	o := &FuncObj{Decl: d.Func, Extern: true, pure: hasAnnotation(d, "pure")}
	name := d.Func.Name
	if name == nil {
		name = d.Name
	}
	o.Name, o.At = nameOf(name), d.Pos()
	c.push()
	o.Type = c.funcType(d.Func, ofExtern)
	c.pop()
	c.declare(name, o)
}

// ----------------------------------------------------------- functions, actions

func (c *checker) funcDecl(d *syntax.FuncDecl) {
	o := &FuncObj{Decl: d}
	o.Name, o.At = nameOf(d.Name), d.Pos()
	outer := c.scope
	c.within(place{where: inFunction}, func() {
		ft := c.funcType(d, ofFunction)
		o.Type = ft
		inner := c.scope
		c.scope = outer
		c.declare(d.Name, o)
		c.scope = inner
		if d.Body == nil {
			return
		}
		c.open[o] = true
		c.place.result = ft.Result
		c.body(d.Body)
		delete(c.open, o)
		c.mustReturn(d, ft.Result)
	})
}

func (c *checker) mustReturn(d *syntax.FuncDecl, result Type) {
	if d.Body == nil || isInvalid(result) || isKind(result, Void) || c.returns(d.Body) {
		return
	}
	at := d.Body.End
	if at.Line == 0 {
		at = d.Pos()
	}
	c.errorf(at, "function %q does not return a value on all paths", nameOf(d.Name))
}

func (c *checker) actionDecl(d *syntax.ActionDecl) {
	o := &ActionObj{Decl: d}
	o.Name, o.At = nameOf(d.Name), d.Pos()
	outer := c.scope
	p := c.place
	p.where, p.result, p.loops, p.nested = inAction, nil, 0, false
	c.within(p, func() {
		o.Type = &Func{Params: c.declareParams(d.Params, ofAction), Result: voidType}
		inner := c.scope
		c.scope = outer
		c.declare(d.Name, o)
		c.scope = inner
		c.open[o] = true
		c.body(d.Body)
		delete(c.open, o)
	})
	if o.Name != "NoAction" {
		c.controlPlaneName("action", d, o.Name)
	}
}

// controlPlaneName refuses two things of a kind with one name for the control
// plane.
func (c *checker) controlPlaneName(kind string, d syntax.Decl, name string) {
	for _, a := range d.Annots() {
		if a.Name == "name" && len(a.Tokens) == 1 {
			name = a.Tokens[0]
		}
		if a.Name == "hidden" {
			return
		}
	}
	full := strings.Join(append(append([]string{}, c.cpPath...), name), ".")
	if strings.HasPrefix(name, ".") {
		full = name[1:]
	}
	key := kind + " " + full
	old, ok := c.cpNames[key]
	switch {
	case !ok:
		c.cpNames[key] = cpName{at: d.Pos(), scope: c.scope}
	case old.scope == c.scope:
		c.errorf(d.Pos(), "%s has the control-plane name %q of another %s (at %s)", kind, full, kind, posText(old.at))
	default:
		c.warnf(d.Pos(), "%s has the control-plane name %q of another %s (at %s)", kind, full, kind, posText(old.at))
	}
}

// cpName is the place of a name that the control plane sees. Programs made
// from P4-14 give the same absolute name to actions of several controls; only
// two in one block are an error.
type cpName struct {
	at    syntax.Pos
	scope *scope
}

// ---------------------------------------------------------- parsers and controls

func (c *checker) packageDecl(d *syntax.PackageDecl) {
	t := &Proto{Kind: PackageProto, Name: nameOf(d.Name), Decl: d}
	c.push()
	t.TypeArgs = varTypes(c.declareTypeParams(d, d.TypeParams))
	t.Params = c.declareParams(d.Params, ofPackage)
	c.pop()
	c.declareType(d.Name, t, d.Pos())
}

func (c *checker) parserDecl(d *syntax.ParserDecl) {
	t := &Proto{Kind: ParserProto, Name: nameOf(d.Name), Decl: d}
	c.proto(t, d.Name, d.TypeParams, d.Params, d.CtorParams, d.Proto, func() {
		c.place.where = inParserTop
		for _, l := range d.Locals {
			c.localDecl(l)
		}
		c.parserStates(d)
	})
}

func (c *checker) controlDecl(d *syntax.ControlDecl) {
	t := &Proto{Kind: ControlProto, Name: nameOf(d.Name), Decl: d}
	c.proto(t, d.Name, d.TypeParams, d.Params, d.CtorParams, d.Proto, func() {
		c.place.where = inControlTop
		for _, l := range d.Locals {
			c.localDecl(l)
		}
		c.place.where = inApply
		c.body(d.Body)
	})
}

func (c *checker) proto(t *Proto, name *syntax.Name, tps []*syntax.Name, params, ctor []*syntax.Param, isType bool, body func()) {
	o := &TypeObj{}
	o.Name, o.Type, o.At = t.Name, t, t.Decl.Pos()
	outer := c.scope
	c.within(place{proto: t}, func() {
		t.TypeArgs = varTypes(c.declareTypeParams(t.Decl, tps))
		t.Params = c.declareParams(params, ofBlock)
		t.Ctor = c.declareParams(ctor, ofBlockCtor)
		inner := c.scope
		c.scope = outer
		c.declare(name, o)
		c.scope = inner
		if isType {
			return
		}
		c.open[o] = true
		old := c.cpPath
		c.cpPath = append(append([]string{}, old...), t.Name)
		c.push()
		body()
		c.pop()
		c.cpPath = old
		delete(c.open, o)
	})
}

// localDecl is a declaration in a parser or control, outside its body.
func (c *checker) localDecl(d syntax.Decl) {
	switch d := d.(type) {
	case *syntax.ConstDecl:
		c.annotations(d)
		c.constDecl(d)
	case *syntax.VarDecl:
		c.varDecl(d)
	case *syntax.Instance:
		c.annotations(d)
		c.instanceDecl(d)
	case *syntax.ActionDecl:
		c.annotations(d)
		if c.place.where != inControlTop {
			c.errorf(d.Pos(), "actions can only be declared in a control or at the top level")
			return
		}
		c.actionDecl(d)
	case *syntax.TableDecl:
		c.annotations(d)
		if c.place.where != inControlTop {
			c.errorf(d.Pos(), "tables can only be declared in a control")
			return
		}
		c.tableDecl(d)
	case *syntax.ValueSetDecl:
		c.annotations(d)
		c.valueSetDecl(d)
	default:
		c.errorf(d.Pos(), "declaration is not allowed here")
	}
}

func (c *checker) valueSetDecl(d *syntax.ValueSetDecl) {
	o := &ValueSetObj{Decl: d}
	o.Name, o.At = nameOf(d.Name), d.Pos()
	elem := c.typ(d.Elem)
	if !isInvalid(elem) && !matchable(elem) {
		c.errorf(d.Elem.Pos(), "a value set cannot hold %s: only bit<W>, int<W>, bool, enums, and tuples and structs of these", describe(elem))
		elem = invalidType
	}
	if w := c.place.where; w != atTop && w != inParserTop {
		c.errorf(d.Pos(), "value sets can only be declared in a parser or at the top level")
	}
	o.Size = max(c.constSize(d.Size, "size of a value set", 0, 1<<30), 0)
	o.Type = &ValueSet{Elem: elem}
	if isInvalid(elem) {
		o.Type = invalidType
	}
	c.declare(d.Name, o)
}

// matchable types can be keys of a value set.
func matchable(t Type) bool {
	switch t := under(t).(type) {
	case *Bits, *Enum, *TypeVar:
		return true
	case *Basic:
		return t.Kind == Bool || t.Kind == Error
	case *Tuple:
		for _, e := range t.Elems {
			if !matchable(e) {
				return false
			}
		}
		return true
	case *Struct:
		if t.Kind != syntax.Struct {
			return false
		}
		for _, f := range t.Fields {
			if !matchable(f.Type) {
				return false
			}
		}
		return true
	}
	return false
}
