package types

import (
	"sort"
	"strings"

	"gofino/p4/syntax"
)

// scope is one block of names. A name has several objects where functions are
// overloaded.
type scope struct {
	parent *scope
	names  map[string][]Object
}

func (c *checker) push() {
	c.scope = &scope{parent: c.scope, names: map[string][]Object{}}
}

func (c *checker) pop() { c.scope = c.scope.parent }

// within runs f in a new scope and a new place.
func (c *checker) within(p place, f func()) {
	old := c.place
	c.place = p
	c.push()
	f()
	c.pop()
	c.place = old
}

// declare enters an object into the current scope.
func (c *checker) declare(n *syntax.Name, o Object) {
	if n == nil || n.Value == "" {
		return
	}
	c.info.Defs[n] = o
	if _, isType := o.(*TypeObj); n.Value == "main" && c.scope == c.global && isType {
		c.errorf(n.Pos(), "main must be an instance of a package, not %s", objectText(o))
	}
	old := c.scope.names[n.Value]
	if len(old) > 0 && !overloads(o, old) {
		c.errorf(n.Pos(), "%q is declared twice in the same scope (first at %s)", n.Value, posText(old[0].ObjPos()))
		return
	}
	c.scope.names[n.Value] = append(old, o)
}

// overloads reports whether o may stand beside the objects of the same name:
// functions whose parameters differ in number or in names.
func overloads(o Object, old []Object) bool {
	f, ok := o.(*FuncObj)
	if !ok {
		return overloadsType(o, old)
	}
	for _, x := range old {
		g, ok := x.(*FuncObj)
		if !ok || sameShape(f, g) {
			return false
		}
	}
	return true
}

// overloadsType allows packages, parsers and controls of one name that differ
// in their constructor parameters.
func overloadsType(o Object, old []Object) bool {
	p, ok := protoOf(o)
	if !ok {
		return false
	}
	for _, x := range old {
		q, ok := protoOf(x)
		if !ok || p.Kind != q.Kind || sameParams(ctorParams(p), ctorParams(q)) {
			return false
		}
	}
	return true
}

func ctorParams(p *Proto) []*Var {
	if p.Kind == PackageProto {
		return p.Params
	}
	return p.Ctor
}

func protoOf(o Object) (*Proto, bool) {
	t, ok := o.(*TypeObj)
	if !ok {
		return nil, false
	}
	p, ok := t.Type.(*Proto)
	return p, ok
}

func sameShape(f, g *FuncObj) bool {
	return sameParams(f.Type.(*Func).Params, g.Type.(*Func).Params)
}

func sameParams(a, b []*Var) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Name != b[i].Name {
			return false
		}
	}
	return true
}

// lookup finds the objects that a name stands for, innermost first.
func (c *checker) lookup(n *syntax.Name) []Object {
	s := c.scope
	if n.Global {
		s = c.global
	}
	for ; s != nil; s = s.parent {
		if os := s.names[n.Value]; len(os) > 0 {
			return os
		}
	}
	if k := c.kinds[n.Value]; k != nil {
		return []Object{k}
	}
	return nil
}

// resolve is lookup with the messages for unknown names and for recursion.
func (c *checker) resolve(n *syntax.Name, what string) []Object {
	os := c.lookup(n)
	if len(os) == 0 {
		c.unknown(n, what)
		return nil
	}
	if c.open[os[0]] && len(os) == 1 {
		if outer := c.outside(n, os[0]); outer != nil {
			c.info.Uses[n] = outer[0]
			return outer
		}
		c.errorf(n.Pos(), "%q refers to itself: P4 has no recursion", n.Value)
		return nil
	}
	c.info.Uses[n] = os[0]
	return os
}

// outside finds a name in the scopes around that of an object.
func (c *checker) outside(n *syntax.Name, o Object) []Object {
	past := false
	for s := c.scope; s != nil && !n.Global; s = s.parent {
		os := s.names[n.Value]
		if past && len(os) > 0 && !c.open[os[0]] {
			return os
		}
		past = past || len(os) > 0 && os[0] == o
	}
	return nil
}

func (c *checker) unknown(n *syntax.Name, what string) {
	var all []string
	for s := c.scope; s != nil; s = s.parent {
		for name := range s.names {
			all = append(all, name)
		}
	}
	if at, ok := c.declaredLater(n.Value); ok {
		c.errorf(n.Pos(), "no %s %q here: it is declared later, at %s", what, n.Value, posText(at))
		return
	}
	c.errorf(n.Pos(), "no %s %q%s", what, n.Value, nearText(n.Value, all))
}

// declaredLater finds a name of the top level that comes too late.
func (c *checker) declaredLater(name string) (syntax.Pos, bool) {
	if c.later == nil {
		c.later = map[string]syntax.Pos{}
		for _, d := range c.info.File.Decls {
			if n := declName(d); n != nil {
				c.later[n.Value] = d.Pos()
			}
		}
	}
	at, ok := c.later[name]
	return at, ok
}

func declName(d syntax.Decl) *syntax.Name {
	switch d := d.(type) {
	case *syntax.ConstDecl:
		return d.Name
	case *syntax.Instance:
		return d.Name
	case *syntax.FuncDecl:
		return d.Name
	case *syntax.ExternDecl:
		return d.Name
	case *syntax.ActionDecl:
		return d.Name
	case *syntax.ParserDecl:
		return d.Name
	case *syntax.ControlDecl:
		return d.Name
	case *syntax.PackageDecl:
		return d.Name
	case *syntax.StructDecl:
		return d.Name
	case *syntax.EnumDecl:
		return d.Name
	case *syntax.TypedefDecl:
		return d.Name
	case *syntax.ValueSetDecl:
		return d.Name
	}
	return nil
}

// nearText lists the names that the author may have meant.
func nearText(name string, all []string) string {
	type match struct {
		name string
		dist int
	}
	var ms []match
	limit := 1 + len(name)/4
	for _, x := range all {
		if d := editDistance(name, x, limit); d <= limit {
			ms = append(ms, match{x, d})
		}
	}
	if len(ms) == 0 {
		return ""
	}
	sort.Slice(ms, func(i, j int) bool {
		if ms[i].dist != ms[j].dist {
			return ms[i].dist < ms[j].dist
		}
		return ms[i].name < ms[j].name
	})
	var out []string
	for _, m := range ms {
		if len(out) < 4 && (len(out) == 0 || out[len(out)-1] != m.name) {
			out = append(out, m.name)
		}
	}
	return " (near: " + strings.Join(out, ", ") + ")"
}

// editDistance counts insertions, deletions and substitutions; above limit it
// only says so.
func editDistance(a, b string, limit int) int {
	if len(a) > 64 || len(b) > 64 || len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diag := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diag
			if a[i-1]|0x20 != b[j-1]|0x20 {
				cost++
			}
			diag = row[j]
			row[j] = min(cost, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}

// choices lists valid names for a message, in their own order.
func choices(label string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	const most = 24
	if len(names) > most {
		names = append(append([]string{}, names[:most]...), "...")
	}
	return " (" + label + ": " + strings.Join(names, ", ") + ")"
}

func posText(p syntax.Pos) string {
	if p.Line == 0 {
		return "a built-in declaration"
	}
	var b strings.Builder
	b.WriteString(p.File)
	b.WriteByte(':')
	b.WriteString(itoa(p.Line))
	return b.String()
}
