package types

import (
	"gofino/p4/syntax"
)

// Rules of core.p4 that its declarations do not express.

// packetRules checks what packet_in and packet_out may be given.
func (c *checker) packetRules(e *syntax.CallExpr, t *Extern, m *FuncObj, call *Call) bool {
	if len(call.TypeArgs) != 1 {
		return true
	}
	arg := call.TypeArgs[0]
	switch {
	case t.Name == "packet_in" && m.Name == "extract":
		return c.extractRule(e, arg, len(e.Args))
	case t.Name == "packet_in" && m.Name == "lookahead":
		return c.lookaheadRule(e, arg)
	case t.Name == "packet_out" && m.Name == "emit":
		if !emittable(arg) {
			c.errorf(e.Pos(), "cannot emit %s: only headers, header stacks, header unions and structs of these", describe(arg))
			return false
		}
	}
	return true
}

func (c *checker) extractRule(e *syntax.CallExpr, t Type, args int) bool {
	if _, ok := t.(*TypeVar); ok {
		return true
	}
	if !isHeader(t) {
		c.errorf(e.Pos(), "argument of extract must be a header, not %s", describe(t))
		return false
	}
	varbits := 0
	for _, f := range t.(*Struct).Fields {
		if _, ok := f.Type.(*Varbit); ok {
			varbits++
		}
	}
	switch {
	case args == 1 && varbits > 0:
		c.errorf(e.Pos(), "%s has a varbit field: extract needs its size as a second argument", describe(t))
	case args == 2 && varbits != 1:
		c.errorf(e.Pos(), "extract with a size needs a header with one varbit field; %s has %d", describe(t), varbits)
	default:
		return true
	}
	return false
}

func (c *checker) lookaheadRule(e *syntax.CallExpr, t Type) bool {
	if _, ok := t.(*TypeVar); ok {
		return true
	}
	lo, hi, ok := sizeBits(t)
	if !ok || lo != hi {
		c.errorf(e.Pos(), "lookahead needs a type of fixed width, not %s", describe(t))
		return false
	}
	return true
}

func emittable(t Type) bool {
	switch t := t.(type) {
	case *TypeVar:
		return true
	case *Stack:
		return emittable(t.Elem)
	case *Tuple:
		for _, e := range t.Elems {
			if !emittable(e) {
				return false
			}
		}
		return true
	case *Struct:
		if t.Kind != syntax.Struct {
			return true
		}
		for _, f := range t.Fields {
			if !emittable(f.Type) {
				return false
			}
		}
		return true
	}
	return false
}

// knownArgs reports whether all arguments are fixed at compile time; a factory
// of extern objects needs them so.
func (c *checker) knownArgs(call *Call, factory bool) bool {
	for i, a := range call.Args {
		if a == nil || c.info.Types[a].Known {
			continue
		}
		if factory {
			c.errorf(a.Pos(), "argument %s must be a compile-time constant: the call makes an extern object", call.Params[i].Name)
		}
		return false
	}
	return true
}

// knownFunction handles the extern functions that mean something at compile
// time.
func (c *checker) knownFunction(e *syntax.CallExpr, f *FuncObj, call *Call) TypeAndValue {
	tv := TypeAndValue{Type: call.Result}
	if !f.Extern {
		return tv
	}
	if _, makes := call.Result.(*Extern); makes || f.pure {
		tv.Known = c.knownArgs(call, makes)
	}
	switch f.Name {
	case "verify":
		if w := c.place.where; w != inState {
			c.errorf(e.Pos(), "verify can only be called in a parser state, not in %s", w)
			return invalidTV
		}
	case "static_assert":
		v, ok := c.info.Types[call.Args[0]].Value.(bool)
		if !ok {
			return tv
		}
		if !v {
			text := "static_assert failed"
			if len(call.Args) > 1 {
				if s, ok := c.info.Types[call.Args[1]].Value.(string); ok {
					text += ": " + s
				}
			}
			c.errorf(e.Pos(), "%s", text)
			return invalidTV
		}
		tv.Value = true
	}
	return tv
}
