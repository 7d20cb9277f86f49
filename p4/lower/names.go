package lower

import (
	"fmt"

	"gofino/p4/syntax"
	"gofino/p4/types"
)

// keyName is a key's control-plane name: its @name, or the expression as the
// author wrote it.
func (g *gress) keyName(f *frame, k *syntax.KeyElem, index int) string {
	if s := annotText(annotation(k.Annotations, "name")); s != "" {
		if s[0] == '.' {
			return s[1:]
		}
		return s
	}
	if s := g.pathName(f, k.Expr); s != "" {
		return s
	}
	g.warnf(k.Pos(), "key has no name of its own: add @name(\"...\")")
	return fmt.Sprintf("key%d", index)
}

func (g *gress) pathName(f *frame, e syntax.Expr) string {
	join := func(x syntax.Expr, suffix string) string {
		if s := g.pathName(f, x); s != "" {
			return s + suffix
		}
		return ""
	}
	switch e := e.(type) {
	case *syntax.ParenExpr:
		return g.pathName(f, e.X)
	case *syntax.NameExpr:
		return e.Name.Value
	case *syntax.MemberExpr:
		name := e.Sel.Value
		if s, ok := under(g.typeOf(f, e.X)).(*types.Struct); ok {
			for _, fl := range s.Fields {
				if fl.Name != name || fl.Decl == nil {
					continue
				}
				if n := annotText(annotation(fl.Decl.Annotations, "name")); n != "" {
					if n[0] == '.' {
						return n[1:]
					}
					name = n
				}
			}
		}
		return join(e.X, "."+name)
	case *syntax.IndexExpr:
		if i, ok := g.constIndex(f, e.I); ok {
			// BFRuntime writes hdr.s[0].f as hdr.s$0.f.
			return join(e.X, fmt.Sprintf("$%d", i))
		}
	case *syntax.SliceExpr:
		hi, ok1 := g.constIndex(f, e.Hi)
		lo, ok2 := g.constIndex(f, e.Lo)
		if ok1 && ok2 {
			return join(e.X, fmt.Sprintf("[%d:%d]", hi, lo))
		}
	case *syntax.BinaryExpr:
		if e.Op == syntax.And {
			if c, ok := e.Y.(*syntax.IntLit); ok {
				return join(e.X, " & "+litText(c))
			}
			if y := g.pathName(f, e.Y); y != "" {
				return join(e.X, " & "+y)
			}
		}
	case *syntax.IntLit:
		return litText(e)
	case *syntax.CallExpr:
		if m, ok := e.Fun.(*syntax.MemberExpr); ok && m.Sel.Value == "isValid" {
			return join(m.X, ".$valid")
		}
	}
	return ""
}

func litText(c *syntax.IntLit) string {
	switch c.Base {
	case 16:
		return fmt.Sprintf("0x%x", c.Value)
	case 8:
		return fmt.Sprintf("0o%o", c.Value)
	case 2:
		return fmt.Sprintf("0b%b", c.Value)
	}
	return c.Value.String()
}
