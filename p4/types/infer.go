package types

import (
	"gofino/p4/syntax"
)

// unify finds type arguments: it binds the type variables of s's domain (vars)
// that occur in want to the parts of have. It does not report mismatches; the
// conversion of the argument to the substituted type does.
func (c *checker) unify(want, have Type, vars []*TypeVar, s substitution) {
	if isInvalid(have) || isKind(have, DontCare) || !c.deeperQuiet() {
		return
	}
	defer func() { c.depth-- }()
	switch w := want.(type) {
	case *TypeVar:
		for _, v := range vars {
			if v == w {
				bindVar(s, v, have)
			}
		}
	case *Struct:
		c.unifyStruct(w, have, vars, s)
	case *Extern:
		if h, ok := have.(*Extern); ok && h.Decl == w.Decl {
			c.unifyAll(w.Args, h.Args, vars, s)
		}
	case *Proto:
		if h, ok := have.(*Proto); ok {
			c.unifyAll(w.TypeArgs, sameDeclArgs(w, h), vars, s)
			if w.Decl != h.Decl {
				for i := 0; i < len(w.Params) && i < len(h.Params); i++ {
					c.unify(w.Params[i].Type, h.Params[i].Type, vars, s)
				}
			}
		}
	case *Tuple:
		if h, ok := have.(*Tuple); ok {
			c.unifyAll(w.Elems, h.Elems, vars, s)
		}
	case *Stack:
		c.unifyElems(w.Elem, have, vars, s)
	case *List:
		c.unifyElems(w.Elem, have, vars, s)
	case *ValueSet:
		if h, ok := have.(*ValueSet); ok {
			c.unify(w.Elem, h.Elem, vars, s)
		}
	}
}

func (c *checker) deeperQuiet() bool {
	if c.depth >= maxDepth {
		return false
	}
	c.depth++
	return true
}

func sameDeclArgs(w, h *Proto) []Type {
	if w.Decl == h.Decl {
		return h.TypeArgs
	}
	return nil
}

func (c *checker) unifyAll(want, have []Type, vars []*TypeVar, s substitution) {
	for i := 0; i < len(want) && i < len(have); i++ {
		c.unify(want[i], have[i], vars, s)
	}
}

func (c *checker) unifyElems(elem, have Type, vars []*TypeVar, s substitution) {
	switch h := have.(type) {
	case *Stack:
		c.unify(elem, h.Elem, vars, s)
	case *List:
		c.unify(elem, h.Elem, vars, s)
	case *Tuple:
		for _, e := range h.Elems {
			c.unify(elem, e, vars, s)
		}
	}
}

func (c *checker) unifyStruct(w *Struct, have Type, vars []*TypeVar, s substitution) {
	switch h := have.(type) {
	case *Struct:
		if h.Decl == w.Decl {
			c.unifyAll(w.Args, h.Args, vars, s)
			return
		}
		if h.Decl == nil {
			for _, f := range h.Fields {
				if g := w.Field(f.Name); g != nil {
					c.unify(g.Type, f.Type, vars, s)
				}
			}
		}
	case *Tuple:
		for i := 0; i < len(w.Fields) && i < len(h.Elems); i++ {
			c.unify(w.Fields[i].Type, h.Elems[i], vars, s)
		}
	}
}

// bindVar keeps the more definite of two types: a width beats int, a bit
// string beats the enum that converts to it.
func bindVar(s substitution, v *TypeVar, t Type) {
	if t == Type(v) {
		return // the declaration's own default
	}
	old := s[v]
	switch {
	case old == nil:
		s[v] = t
	case isKind(old, Int) && isBits(base(t)):
		s[v] = t
	case isBits(t) && !isBits(old) && Identical(base(old), t):
		s[v] = t
	default:
		if a, ok := old.(*Tuple); ok && hasInt(a) && !hasInt(t) {
			s[v] = t
		}
	}
}

// signature is a callee whose arguments are to be checked.
type signature struct {
	name   string
	params []*Var
	vars   []*TypeVar // type parameters to infer
	given  []Type     // type arguments as written; nil for none
	obj    Object     // what Call.Callee becomes
	kind   CallKind
	ctor   bool // a constructor: every argument must be known
	action bool // directionless parameters take any value
	extern bool // a parameter without direction takes any value, with a warning
	open   bool // type arguments may stay unknown: the context has them
	// abstract methods of an object initializer help inference
	body []syntax.Decl
	info *externInfo
}

// bindArgs puts arguments in the order of the parameters; the text says what
// is wrong with their number or names.
func bindArgs(params []*Var, args []*syntax.Arg) ([]syntax.Expr, string) {
	bound := make([]syntax.Expr, len(params))
	named := 0
	for _, a := range args {
		if a.Name != nil {
			named++
		}
	}
	if named != 0 && named != len(args) {
		return nil, "either all arguments are named or none"
	}
	if named == 0 {
		if len(args) > len(params) {
			return nil, "too many arguments: got " + itoa(len(args)) + ", want " + paramText(params)
		}
		for i, a := range args {
			bound[i] = a.Value
		}
	}
	for _, a := range args {
		if a.Name == nil {
			continue
		}
		i := indexOfParam(params, a.Name.Value)
		if i < 0 {
			return nil, "no parameter " + a.Name.Value + choices("parameters", paramNames(params))
		}
		if bound[i] != nil {
			return nil, "parameter " + a.Name.Value + " is given twice"
		}
		bound[i] = a.Value
	}
	for i, p := range params {
		if bound[i] == nil && !p.Optional {
			return nil, "no argument for parameter " + p.Name + " of " + paramText(params)
		}
	}
	return bound, ""
}

func indexOfParam(params []*Var, name string) int {
	for i, p := range params {
		if p.Name == name {
			return i
		}
	}
	return -1
}

func paramNames(params []*Var) []string {
	names := make([]string, len(params))
	for i, p := range params {
		names[i] = p.Name
	}
	return names
}

// inferred are the type arguments of a signature for bound arguments.
func (c *checker) inferred(sig *signature, bound []syntax.Expr) substitution {
	s := substitution{}
	if sig.given != nil {
		for i, v := range sig.vars {
			if i < len(sig.given) && !isKind(sig.given[i], DontCare) {
				s[v] = sig.given[i]
			}
		}
	}
	for i, p := range sig.params {
		e := bound[i]
		if e == nil {
			e = p.Default
		}
		if e == nil {
			continue
		}
		c.unify(p.Type, c.info.Types[e].Type, c.free(sig, s), s)
	}
	c.inferFromBody(sig, s)
	return s
}

// free are the type variables that were not written by the author; those
// bound from arguments may still be refined.
func (c *checker) free(sig *signature, s substitution) []*TypeVar {
	if sig.given == nil {
		return sig.vars
	}
	var out []*TypeVar
	for i, v := range sig.vars {
		if i >= len(sig.given) || isKind(sig.given[i], DontCare) {
			out = append(out, v)
		}
	}
	return out
}

// inferFromBody takes type arguments from the implementations of abstract
// methods.
func (c *checker) inferFromBody(sig *signature, s substitution) {
	if sig.info == nil {
		return
	}
	for _, d := range sig.body {
		f, ok := d.(*syntax.FuncDecl)
		if !ok || len(f.TypeParams) > 0 {
			continue
		}
		for _, m := range sig.info.methods[f.Name.Value] {
			if !m.Decl.Abstract {
				continue
			}
			ft := m.Type.(*Func)
			for i := 0; i < len(ft.Params) && i < len(f.Params); i++ {
				c.unify(ft.Params[i].Type, c.typ(f.Params[i].Type), c.free(sig, s), s)
			}
			if f.Result != nil && ft.Result != nil {
				c.unify(ft.Result, c.typ(f.Result), c.free(sig, s), s)
			}
		}
	}
}

// dryFit asks whether the arguments fit the parameters' types.
func (c *checker) dryFit(sig *signature, bound []syntax.Expr) bool {
	s := c.inferred(sig, bound)
	for i, p := range sig.params {
		if bound[i] == nil {
			continue
		}
		t := c.subst(p.Type, s)
		tv := c.info.Types[bound[i]]
		if p.Dir == syntax.Out || p.Dir == syntax.InOut {
			if !isDefault(bound[i]) && (!tv.LValue || !matches(tv.Type, t)) {
				return false
			}
			continue
		}
		if c.convert(bound[i], t, true) != "" {
			return false
		}
	}
	return true
}

func isDefault(e syntax.Expr) bool {
	_, ok := e.(*syntax.DefaultExpr)
	return ok
}

// finish infers the type arguments, converts the arguments and checks their
// directions. It reports everything that is wrong.
func (c *checker) finish(at syntax.Pos, sig *signature, bound []syntax.Expr) (*Call, bool) {
	s := c.inferred(sig, bound)
	call := &Call{Kind: sig.kind, Callee: sig.obj, Args: bound}
	ok := true
	for i, v := range sig.vars {
		t := s[v]
		if t == nil && sig.given != nil && i < len(sig.given) {
			t = sig.given[i]
		}
		if t == nil {
			if !sig.open && !c.maybeUnknown(sig, v, bound) {
				c.errorf(at, "cannot infer type argument %s of %s", v.Name, sig.name)
				ok = false
			}
			t = dontCareType
		}
		if isInvalid(t) {
			ok = false
		}
		s[v] = t
		call.TypeArgs = append(call.TypeArgs, t)
	}
	if !ok {
		return call, false
	}
	call.Params = c.substVars(sig.params, s)
	for i, p := range call.Params {
		if bound[i] == nil {
			continue
		}
		if !c.argument(sig, p, sig.params[i], bound[i]) {
			ok = false
		}
	}
	return call, ok
}

// maybeUnknown: a type argument that only omitted parameters need may stay
// unknown.
func (c *checker) maybeUnknown(sig *signature, v *TypeVar, bound []syntax.Expr) bool {
	used := false
	for i, p := range sig.params {
		if !mentions(p.Type, []*TypeVar{v}) {
			continue
		}
		used = true
		if bound[i] != nil || p.Default != nil {
			return false
		}
	}
	return used
}

// argument checks one argument against its parameter.
func (c *checker) argument(sig *signature, p, generic *Var, e syntax.Expr) bool {
	what := "argument " + p.Name + " of " + sig.name
	tv := c.info.Types[e]
	if isInvalid(tv.Type) {
		return false
	}
	if isDefault(e) {
		if p.Dir != syntax.Out {
			c.errorf(e.Pos(), "_ can only be the argument of an out parameter; %s is %s", p.Name, dirText(p.Dir))
			return false
		}
		tv.Type = p.Type
		c.info.Types[e] = tv
		return true
	}
	if !c.objectFits(tv.Type, p, generic, sig) {
		c.errorf(e.Pos(), "%s cannot be %s", what, describe(tv.Type))
		return false
	}
	if p.Dir == syntax.Out || p.Dir == syntax.InOut {
		return c.outArgument(p, e, tv, what)
	}
	if msg := c.inferredProblem(sig, p, generic, tv); msg != "" {
		c.errorf(e.Pos(), "cannot infer %s for %s", msg, what)
		return false
	}
	want := p.Type
	if unnamedIndex(p, generic, tv) {
		want = &Bits{Width: 32}
	}
	if !c.use(e, want, what) {
		return false
	}
	if p.Dir == syntax.NoDir && !sig.action && !c.info.Types[e].Known {
		if sig.extern {
			c.warnf(e.Pos(), "%s should be a compile-time constant: the parameter has no direction", what)
			return true
		}
		c.errorf(e.Pos(), "%s must be a compile-time constant: the parameter has no direction", what)
		return false
	}
	return true
}

// unnamedIndex: a constant for a parameter whose type the instance leaves open,
// as the index of Register<bit<32>, _>. The chip's indices have at most 32 bits.
func unnamedIndex(p, generic *Var, tv TypeAndValue) bool {
	return p.Dir == syntax.In && tv.Known && isKind(tv.Type, Int) && isKind(generic.Type, DontCare)
}

// inferredProblem says what is missing in a type that was inferred for an
// argument of run-time value.
func (c *checker) inferredProblem(sig *signature, p, generic *Var, tv TypeAndValue) string {
	if p.Dir == syntax.NoDir {
		return ""
	}
	if isKind(p.Type, DontCare) && isKind(tv.Type, Int) && !unnamedIndex(p, generic, tv) {
		return "a width (write 8w1 or a cast)"
	}
	if _, ok := generic.Type.(*TypeVar); !ok || sig.given != nil {
		return ""
	}
	s, isStruct := p.Type.(*Struct)
	switch {
	case hasInt(p.Type):
		return "a width (write 8w1 or a cast)"
	case isKind(p.Type, String):
		return "a run-time type: " + p.Type.String() + " has no values at run time"
	case isStruct && s.Decl == nil:
		return "the struct (cast the initializer: (T){...})"
	}
	return ""
}

// objectFits refuses tables, parsers and controls as arguments; externs go to
// parameters without direction.
func (c *checker) objectFits(t Type, p, generic *Var, sig *signature) bool {
	switch t.(type) {
	case *Table, *ApplyResult, *ActionList, *ValueSet, *Func:
		return false
	case *Proto:
		_, ok := p.Type.(*Proto)
		return ok && sig.ctor
	case *Extern:
		return p.Dir == syntax.NoDir
	}
	return true
}

func (c *checker) outArgument(p *Var, e syntax.Expr, tv TypeAndValue, what string) bool {
	if !tv.LValue {
		c.errorf(e.Pos(), "%s is %s and needs a variable that can be assigned", what, dirText(p.Dir))
		return false
	}
	if !matches(tv.Type, p.Type) {
		c.errorf(e.Pos(), "%s in %s: types of %s arguments must be the same", cannotUse(tv.Type, p.Type), what, dirText(p.Dir))
		return false
	}
	return true
}
