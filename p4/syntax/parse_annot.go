package syntax

// annotations reads the annotations and pragma lines that stand here.
func (p *parser) annotations() []*Annotation {
	list := p.takePragmas()
	for p.tok == tAt && !p.bad {
		list = append(list, p.annotation())
		list = append(list, p.takePragmas()...)
	}
	return list
}

func (p *parser) annotation() *Annotation {
	a := &Annotation{node: node{p.pos()}}
	p.advance()
	if !p.at().isWord() || p.tok == kwDontCare {
		p.expected("the name of an annotation after '@'")
		return nil
	}
	a.Name = p.at().text
	p.advance()
	switch p.tok {
	case tLParen:
		p.annotationTokens(a)
	case tLBracket:
		p.annotationValues(a)
	}
	return a
}

// annotationTokens reads a body in parentheses, which may be anything as long
// as its parentheses match.
func (p *parser) annotationTokens(a *Annotation) {
	p.advance()
	a.Tokens, a.IsString = []string{}, []bool{}
	for depth := 1; ; p.advance() {
		switch p.tok {
		case tEOF:
			p.errorf(a.At, "annotation @%s is not closed: expected ')' before end of file", a.Name)
			return
		case tLParen:
			depth++
		case tRParen:
			if depth--; depth == 0 {
				p.advance()
				return
			}
		}
		a.addToken(p.at())
	}
}

// annotationValues reads a structured body: [a, b] or [x = a, y = b].
func (p *parser) annotationValues(a *Annotation) {
	p.advance()
	a.Exprs = []Expr{}
	named := isName(p.tok) && p.peek(1) == tAssign
	for !p.bad && p.tok != tRBracket {
		if named {
			a.KV = append(a.KV, p.namedExpr())
		} else {
			a.Exprs = append(a.Exprs, p.expression())
		}
		if !p.accept(tComma) {
			break
		}
	}
	if !p.bad && p.tok != tRBracket {
		p.expected("',' or ']' after a value of annotation @" + a.Name)
	}
	p.accept(tRBracket)
}
