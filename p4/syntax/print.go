package syntax

import (
	"io"
	"strings"
)

// Print writes the canonical source of a tree: what it prints reads back as
// the same tree and prints the same again. Comments, macros and the line
// breaks of the author are not in the tree.
func Print(w io.Writer, n Node) error {
	p := &printer{}
	p.any(n)
	_, err := io.WriteString(w, p.out.String())
	return err
}

// printer writes source text. Declarations and statements begin at the place
// where the line's indentation is already written, and end without a line end.
type printer struct {
	out    strings.Builder
	indent int
}

func (p *printer) any(n Node) {
	switch n := n.(type) {
	case *File:
		for _, d := range n.Decls {
			p.decl(d)
			p.put("\n")
		}
	case *Annotation:
		p.annotation(n)
	case *Name:
		p.name(n)
	case *NamedExpr:
		p.namedExpr(n)
	case *Arg:
		p.arg(n)
	case Decl:
		p.decl(n)
	case Stmt:
		p.stmt(n)
	case Expr:
		p.expr(n, 0)
	case TypeExpr:
		p.typ(n)
	case *EnumMember:
		p.enumMember(n)
	case *SwitchCase:
		p.switchCase(n)
	case *SelectCase:
		p.selectCase(n)
	case Transition:
		p.transition(n)
	}
}

func (p *printer) put(parts ...string) {
	for _, s := range parts {
		p.out.WriteString(s)
	}
}

// line starts a new line.
func (p *printer) line() {
	p.put("\n", strings.Repeat("    ", p.indent))
}

// braces writes { items }, each item on its own line.
func (p *printer) braces(n int, item func(i int)) {
	p.put("{")
	p.indent++
	for i := range n {
		p.line()
		item(i)
	}
	p.indent--
	p.line()
	p.put("}")
}

// commas writes a list in a row.
func commas[T any](p *printer, list []T, item func(T)) {
	for i, x := range list {
		if i > 0 {
			p.put(", ")
		}
		item(x)
	}
}

func (p *printer) name(n *Name) {
	if n.Global {
		p.put(".")
	}
	p.put(n.Value)
}

// annotations writes a list of annotations, each on its own line or, within a
// line, followed by a space. A pragma always ends its line.
func (p *printer) annotations(list []*Annotation, inline bool) {
	for _, a := range list {
		p.annotation(a)
		if inline && !a.Pragma {
			p.put(" ")
		} else {
			p.line()
		}
	}
}

// behind writes annotations that stand after something.
func (p *printer) behind(list []*Annotation) {
	for _, a := range list {
		p.put(" ")
		p.annotation(a)
		if a.Pragma {
			p.line()
		}
	}
}

func (p *printer) annotation(a *Annotation) {
	var words []string
	for i, t := range a.Tokens {
		if a.IsString[i] {
			t = quote(t)
		}
		words = append(words, t)
	}
	body := strings.Join(words, " ")
	switch {
	case a.Pragma:
		p.put(strings.TrimRight("@pragma "+a.Name+" "+body, " "))
	case a.Tokens != nil:
		p.put("@", a.Name, "(", body, ")")
	case a.Exprs != nil || a.KV != nil:
		p.put("@", a.Name, "[")
		commas(p, a.Exprs, func(x Expr) { p.expr(x, 0) })
		commas(p, a.KV, p.namedExpr)
		p.put("]")
	default:
		p.put("@", a.Name)
	}
}

func (p *printer) namedExpr(n *NamedExpr) {
	p.name(n.Name)
	p.put(" = ")
	p.expr(n.Value, 0)
}

func (p *printer) arg(a *Arg) {
	if a.Name != nil {
		p.name(a.Name)
		p.put(" = ")
	}
	if _, ok := a.Value.(*DefaultExpr); ok {
		p.put("_")
		return
	}
	p.expr(a.Value, 0)
}

func (p *printer) args(list []*Arg) {
	p.put("(")
	commas(p, list, p.arg)
	p.put(")")
}

// keys writes one key, or a tuple of them.
func (p *printer) keys(list []Expr) {
	tuple := len(list) > 1
	if len(list) == 1 {
		_, tuple = list[0].(*ParenExpr) // (x) alone would read as the tuple of x
	}
	if !tuple {
		p.expr(list[0], 0)
		return
	}
	p.put("(")
	commas(p, list, func(x Expr) { p.expr(x, 0) })
	p.put(")")
}

// literalOrParen writes a number, or anything else in parentheses.
func (p *printer) literalOrParen(x Expr) {
	if _, ok := x.(*IntLit); ok {
		p.expr(x, 0)
		return
	}
	p.put("(")
	p.expr(x, 0)
	p.put(")")
}

var baseNames = [...]string{
	Bool: "bool", Bit: "bit", Int: "int", Varbit: "varbit", String: "string",
	Error: "error", MatchKind: "match_kind", Void: "void", DontCare: "_",
}

func (p *printer) typ(t TypeExpr) {
	switch t := t.(type) {
	case *BaseType:
		p.put(baseNames[t.Kind])
		if t.Width != nil {
			p.put("<")
			p.literalOrParen(t.Width)
			p.put(">")
		}
	case *NamedType:
		p.name(t.Name)
	case *SpecType:
		p.name(t.Base.Name)
		p.typeArgs(t.Args)
	case *StackType:
		p.typ(t.Elem)
		p.put("[")
		p.expr(t.Size, 0)
		p.put("]")
	case *TupleType:
		p.put("tuple")
		p.typeArgs(t.Elems)
	case *ListType:
		p.put("list<")
		p.typ(t.Elem)
		p.put(">")
	}
}

func (p *printer) typeArgs(list []TypeExpr) {
	p.put("<")
	commas(p, list, p.typ)
	p.put(">")
}

// typeParams writes <T, U>, or nothing.
func (p *printer) typeParams(list []*Name) {
	if len(list) > 0 {
		p.put("<")
		commas(p, list, p.name)
		p.put(">")
	}
}
