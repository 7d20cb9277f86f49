package types

import (
	"gofino/p4/syntax"
)

// paramOf says whose parameters are declared.
type paramOf uint8

const (
	ofFunction paramOf = iota
	ofExtern           // extern function or method
	ofAction
	ofBlock     // run-time parameters of a parser or control
	ofBlockCtor // constructor parameters of a parser or control
	ofCtor      // of an extern
	ofPackage
	ofAbstract // of a method in an object initializer
)

// declareParams resolves parameters and enters them into the current scope.
func (c *checker) declareParams(ps []*syntax.Param, of paramOf) []*Var {
	out := make([]*Var, 0, len(ps))
	noDir := false
	for _, p := range ps {
		v := c.param(p, of)
		c.declare(p.Name, v)
		if of == ofAction {
			if v.Dir == syntax.NoDir {
				noDir = true
			} else if noDir {
				c.errorf(p.Pos(), "action parameters without direction must be at the end; %q follows one", v.Name)
			}
		}
		out = append(out, v)
	}
	return out
}

func (c *checker) param(p *syntax.Param, of paramOf) *Var {
	c.annotations(p)
	ctor := of == ofCtor || of == ofBlockCtor || of == ofPackage
	v := &Var{Param: !ctor, Ctor: ctor, Dir: p.Dir, Decl: p, Default: p.Default}
	v.Name, v.At = nameOf(p.Name), p.Pos()
	v.Type = c.typ(p.Type)
	v.known = p.Dir == syntax.NoDir && of != ofAction
	optional := hasAnnotation(p, "optional")
	v.Optional = optional || p.Default != nil
	c.paramRules(p, v, of)
	if optional && (of == ofFunction || of == ofAction || of == ofBlockCtor) {
		c.errorf(p.Pos(), "parameter %q of a declaration with a body cannot be optional", v.Name)
	}
	if p.Default == nil {
		return v
	}
	if p.Dir == syntax.Out || p.Dir == syntax.InOut {
		c.errorf(p.Pos(), "%s parameter %q cannot have a default value", dirText(p.Dir), v.Name)
	}
	if optional {
		c.errorf(p.Pos(), "parameter %q is @optional and cannot have a default value", v.Name)
	}
	tv := c.expr(p.Default)
	if isInvalid(tv.Type) || isInvalid(v.Type) {
		return v
	}
	if len(c.freeVars(v.Type)) == 0 {
		c.use(p.Default, v.Type, "default value of "+v.Name)
	}
	if !c.info.Types[p.Default].Known {
		c.errorf(p.Default.Pos(), "default value of parameter %q must be a compile-time constant", v.Name)
	}
	return v
}

// freeVars are the type variables in a type.
func (c *checker) freeVars(t Type) []*TypeVar {
	switch t := t.(type) {
	case *TypeVar:
		return []*TypeVar{t}
	case *Proto:
		return c.freeVarsAll(t.TypeArgs)
	case *Extern:
		return c.freeVarsAll(t.Args)
	case *Struct:
		return c.freeVarsAll(t.Args)
	}
	return nil
}

func (c *checker) freeVarsAll(ts []Type) []*TypeVar {
	var out []*TypeVar
	for _, t := range ts {
		out = append(out, c.freeVars(t)...)
	}
	return out
}

func nameOf(n *syntax.Name) string {
	if n == nil {
		return ""
	}
	return n.Value
}

// paramRules are the restrictions on parameter types and directions.
func (c *checker) paramRules(p *syntax.Param, v *Var, of paramOf) {
	bad := func(format string, args ...any) {
		c.errorf(p.Pos(), format, args...)
		v.Type = invalidType
	}
	switch t := v.Type.(type) {
	case *Proto:
		switch {
		case of == ofPackage:
		case of != ofBlockCtor:
			bad("parameter %q cannot have type %s", v.Name, describe(t))
		case t.Kind == PackageProto:
			bad("parameter %q cannot be a package", v.Name)
		case c.place.proto != nil && c.place.proto.Kind != t.Kind:
			bad("parameter %q of a %s cannot be a %s", v.Name, c.place.proto.Kind, t.Kind)
		case !isProtoType(t):
			bad("parameter %q cannot have type %s, which has a body: declare a %s type", v.Name, describe(t), t.Kind)
		}
	case *Extern:
		if of == ofAction {
			bad("action parameter %q cannot have type %s", v.Name, describe(t))
		} else if v.Dir != syntax.NoDir {
			bad("parameter %q of type %s cannot have a direction", v.Name, describe(t))
		}
	case *Basic:
		c.basicParam(t, v, of, bad)
	case *Table, *ValueSet, *Func:
		bad("parameter %q cannot have type %s", v.Name, describe(t))
	}
	if v.Ctor && v.Dir != syntax.NoDir {
		bad("constructor parameter %q cannot have a direction", v.Name)
	}
}

func (c *checker) basicParam(t *Basic, v *Var, of paramOf, bad func(string, ...any)) {
	switch t.Kind {
	case Void, DontCare:
		bad("parameter %q cannot have type %s", v.Name, t)
	case Int, String:
		if of == ofAction {
			bad("action parameter %q cannot have type %s", v.Name, t)
		} else if v.Dir != syntax.NoDir {
			bad("parameter %q of type %s cannot have a direction", v.Name, t)
		}
	}
}
