package types

import (
	"gofino/p4/syntax"
)

// annotations checks the annotations of a declaration.
func (c *checker) annotations(d syntax.Decl) {
	if len(d.Annots()) > 0 {
		c.blockAnnotations(d.Annots())
	}
}

func (c *checker) blockAnnotations(as []*syntax.Annotation) {
	structured := map[string]bool{}
	plain := map[string]bool{}
	for _, a := range as {
		if a == nil {
			continue
		}
		if a.Exprs != nil || a.KV != nil {
			if structured[a.Name] || plain[a.Name] {
				c.errorf(a.Pos(), "annotation @%s is given twice", a.Name)
			}
			structured[a.Name] = true
			c.annotationValues(a)
			continue
		}
		plain[a.Name] = true
		switch a.Name {
		case "match":
			if len(a.Tokens) != 1 || c.kinds[a.Tokens[0]] == nil {
				c.errorf(a.Pos(), "annotation @match needs a match kind%s", choices("match kinds", c.info.MatchKinds))
			}
		case "name", "deprecated":
			if !a.Pragma && !stringTokens(a) {
				c.errorf(a.Pos(), "annotation @%s needs one string", a.Name)
			}
		}
	}
}

// deprecation warns of the use of a function or constructor that its author
// calls @deprecated.
func (c *checker) deprecation(at syntax.Pos, o Object) {
	f, ok := o.(*FuncObj)
	if !ok || f.Decl == nil {
		return
	}
	for _, a := range f.Decl.Annots() {
		if a.Name == "deprecated" && len(a.Tokens) > 0 {
			c.warnf(at, "%s%s is deprecated: %s", f.Name, paramText(f.Type.(*Func).Params), a.Tokens[0])
		}
	}
}

// stringTokens: strings joined by ++.
func stringTokens(a *syntax.Annotation) bool {
	if len(a.Tokens)%2 == 0 {
		return false
	}
	for i := range a.Tokens {
		if i%2 == 0 && (i >= len(a.IsString) || !a.IsString[i]) || i%2 == 1 && a.Tokens[i] != "++" {
			return false
		}
	}
	return true
}

func (c *checker) annotationValues(a *syntax.Annotation) {
	old := c.place
	c.place = place{}
	for _, e := range a.Exprs {
		c.annotationValue(a, e)
	}
	seen := map[string]bool{}
	for _, kv := range a.KV {
		if name := nameOf(kv.Name); seen[name] {
			c.errorf(kv.Pos(), "key %q is given twice in annotation @%s", name, a.Name)
		} else {
			seen[name] = true
		}
		c.annotationValue(a, kv.Value)
	}
	c.place = old
}

func (c *checker) annotationValue(a *syntax.Annotation, e syntax.Expr) {
	tv := c.expr(e)
	if isInvalid(tv.Type) {
		return
	}
	switch tv.Value.(type) {
	case nil:
		c.errorf(e.Pos(), "value in annotation @%s must be a compile-time constant", a.Name)
	case []Value, *EnumMember, *ErrorObj:
		c.errorf(e.Pos(), "value in annotation @%s must be an integer, a string or a bool, not %s", a.Name, tv.Type)
	}
}
