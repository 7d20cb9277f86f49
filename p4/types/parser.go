package types

import (
	"sort"

	"gofino/p4/syntax"
)

// parserStates checks the states of a parser. States, unlike everything else,
// may be used before they are declared.
func (c *checker) parserStates(d *syntax.ParserDecl) {
	c.states = map[string]*StateObj{}
	for _, name := range []string{"accept", "reject"} {
		o := &StateObj{}
		o.Name, o.Type = name, stateType
		c.states[name] = o
	}
	for _, s := range d.States {
		c.declareState(s)
	}
	for _, s := range d.States {
		c.annotations(s)
		p := c.place
		p.where = inState
		c.within(p, func() {
			for _, x := range s.Body {
				c.stmt(x)
			}
			c.transition(s.Next)
		})
	}
	c.parserShape(d)
	c.states = nil
}

func (c *checker) declareState(s *syntax.StateDecl) {
	name := nameOf(s.Name)
	o := &StateObj{Decl: s}
	o.Name, o.Type, o.At = name, stateType, s.Pos()
	if name == "accept" || name == "reject" {
		c.errorf(s.Pos(), "state %q is built in and cannot be declared", name)
		return
	}
	c.declare(s.Name, o)
	if c.states[name] == nil {
		c.states[name] = o
	}
}

// parserShape checks that there is a start state, and a way out of it.
func (c *checker) parserShape(d *syntax.ParserDecl) {
	if c.states["start"] == nil {
		c.errorf(d.Pos(), "parser %q has no state start", nameOf(d.Name))
		return
	}
	byName := map[string]*syntax.StateDecl{}
	for _, s := range d.States {
		byName[nameOf(s.Name)] = s
	}
	seen := map[string]bool{"start": true}
	work := []string{"start"}
	for len(work) > 0 {
		s := byName[work[len(work)-1]]
		work = work[:len(work)-1]
		if s == nil {
			return // accept, reject, or a name already reported
		}
		next, out := successors(s.Next)
		if out {
			return
		}
		for _, n := range next {
			if !seen[n] {
				seen[n] = true
				work = append(work, n)
			}
		}
	}
	c.errorf(d.Pos(), "parser %q never reaches accept or reject", nameOf(d.Name))
}

// successors lists the states that may follow; out where the parser may leave
// because nothing matches.
func successors(t syntax.Transition) (next []string, out bool) {
	switch t := t.(type) {
	case *syntax.Goto:
		return []string{nameOf(t.State)}, false
	case *syntax.Select:
		out = true
		for _, k := range t.Cases {
			next = append(next, nameOf(k.State))
			all := true
			for _, e := range k.Keys {
				all = all && isDefault(e)
			}
			if all {
				out = false
			}
		}
		return next, out
	}
	return nil, true
}

func (c *checker) transition(t syntax.Transition) {
	switch t := t.(type) {
	case *syntax.Goto:
		c.useState(t.State)
	case *syntax.Select:
		c.selectExpr(t)
	}
}

func (c *checker) useState(n *syntax.Name) {
	if n == nil {
		return
	}
	if o := c.states[n.Value]; o != nil && !n.Global {
		c.info.Uses[n] = o
		return
	}
	if os := c.lookup(n); len(os) > 0 {
		c.errorf(n.Pos(), "%q is %s, not a state", n.Value, objectText(os[0]))
		return
	}
	var names []string
	for name := range c.states {
		names = append(names, name)
	}
	sort.Strings(names)
	c.errorf(n.Pos(), "no state %q%s", n.Value, choices("states", names))
}

// selectExpr checks select(keys) { cases }.
func (c *checker) selectExpr(s *syntax.Select) {
	var keys []Type
	bad := false
	for _, k := range s.Keys {
		tv := c.value(k)
		t := tv.Type
		switch {
		case isInvalid(t):
			bad = true
		case isKind(t, Int):
			c.errorf(k.Pos(), "cannot select on an int without a width")
			bad = true
		case !selectable(t):
			c.errorf(k.Pos(), "cannot select on %s: only on bit<W>, int<W>, bool, enums and error", describe(t))
			bad = true
		}
		keys = append(keys, t)
	}
	if len(keys) == 1 {
		if t, ok := keys[0].(*Tuple); ok {
			keys = t.Elems
		}
	}
	for _, k := range s.Cases {
		c.useState(k.State)
		if bad {
			for _, e := range k.Keys {
				c.rawExpr(e)
			}
			continue
		}
		c.caseKeys(k, keys)
	}
}

func selectable(t Type) bool {
	switch t := under(t).(type) {
	case *Bits, *Enum:
		return true
	case *Basic:
		return t.Kind == Bool || t.Kind == Error
	case *Tuple:
		for _, e := range t.Elems {
			if !selectable(e) {
				return false
			}
		}
		return len(t.Elems) > 0
	}
	return false
}

// caseKeys checks the keys of one select case against the types selected on.
func (c *checker) caseKeys(k *syntax.SelectCase, keys []Type) {
	if len(k.Keys) == 1 {
		if c.wholeKey(k.Keys[0], keys) {
			return
		}
	} else {
		for _, e := range k.Keys {
			c.rawExpr(e)
		}
	}
	if len(k.Keys) != len(keys) {
		c.errorf(k.Pos(), "select case has %d keys, select has %d", len(k.Keys), len(keys))
		return
	}
	for i, e := range k.Keys {
		c.key(e, keys[i], "select case")
	}
}

// wholeKey handles a single key that stands for all keys together: default, a
// value set, or a list. It reports whether the case is done.
func (c *checker) wholeKey(e syntax.Expr, keys []Type) bool {
	tv := c.rawExpr(e)
	if isDefault(e) || isInvalid(tv.Type) {
		return true
	}
	if vs, ok := tv.Type.(*ValueSet); ok {
		if !valueSetFits(vs.Elem, keys) {
			c.errorf(e.Pos(), "cannot use %s in select case: select has keys %s", vs, listText(keys))
		}
		return true
	}
	if len(keys) > 1 {
		if t, ok := tv.Type.(*Tuple); ok && len(t.Elems) == len(keys) {
			c.use(e, &Tuple{Elems: keys}, "select case")
			return true
		}
	}
	return false
}

func valueSetFits(elem Type, keys []Type) bool {
	if len(keys) == 1 && matches(elem, keys[0]) {
		return true
	}
	return identicalAll(flatten(elem), keys)
}

// flatten lists the fields of a struct or tuple, also those of structs in it.
func flatten(t Type) []Type {
	var out []Type
	switch t := t.(type) {
	case *Tuple:
		for _, e := range t.Elems {
			out = append(out, flatten(e)...)
		}
	case *Struct:
		for _, f := range t.Fields {
			out = append(out, flatten(f.Type)...)
		}
	default:
		return []Type{t}
	}
	return out
}

// key converts one key expression (already checked) to what it is matched
// with.
func (c *checker) key(e syntax.Expr, t Type, what string) bool {
	tv := c.info.Types[e]
	if isDefault(e) || isInvalid(tv.Type) || isInvalid(t) {
		return true
	}
	switch k := tv.Type.(type) {
	case *Set:
		if !tv.Known {
			c.errorf(e.Pos(), "a mask or range in %s must be a compile-time constant", what)
			return false
		}
		if msg := c.convertSet(e, tv, k, t); msg != "" {
			c.errorf(e.Pos(), "%s in %s", msg, what)
			return false
		}
		return true
	case *ValueSet:
		if !matches(k.Elem, t) {
			c.errorf(e.Pos(), "%s in %s", cannotUse(k, t), what)
			return false
		}
		return true
	}
	if tv.IsType || isObject(tv.Type) {
		c.errorf(e.Pos(), "%s cannot be a key", describe(tv.Type))
		return false
	}
	if call, ok := unparen(e).(*syntax.CallExpr); ok && !tv.Known {
		if k := c.info.Calls[call]; k != nil && k.Kind != CallBuiltin {
			c.errorf(e.Pos(), "key in %s must be a value, not a call", what)
			return false
		}
	}
	if isBits(under(t)) && !Identical(t, under(t)) && isKind(tv.Type, Int) {
		// a literal stands for a value of a "type" in key sets
		return c.use(e, under(t), what)
	}
	return c.use(e, t, what)
}
