package syntax

// parserDecl reads a parser or a parser type.
func (p *parser) parserDecl(d decl) Decl {
	p.advance()
	n := &ParserDecl{decl: d, Name: p.name("the name of a parser")}
	p.declare(n.Name, isType)
	p.openScope()
	defer p.closeScope()
	n.TypeParams = p.typeParams()
	n.Params = p.params()
	if p.accept(tSemi) {
		n.Proto = true
		return n
	}
	if p.tok == tLParen {
		n.CtorParams = p.params()
	}
	n.States = []*StateDecl{}
	p.body("parser "+text(n.Name), syncBody, func() { p.parserPart(n) })
	return n
}

// parserPart reads one local declaration or state.
func (p *parser) parserPart(n *ParserDecl) {
	if p.accept(tSemi) {
		return
	}
	a := p.annotations()
	d := decl{Annotations: a, node: node{p.pos()}}
	if p.tok == kwState && p.isNameAt(p.i+1) && p.peek(2) == tLBrace {
		if s := p.state(d); !p.bad {
			n.States = append(n.States, s)
		}
		return
	}
	var l Decl
	switch {
	case p.tok == kwValueSet:
		l = p.valueSet(d)
	case p.tok == kwState && p.peek(1) != tLParen:
		p.state(d) // says what is wrong
		p.bad = true
	default:
		l = p.local(d, "a state or a declaration of a parser (state, const, value_set, variable, instance)")
	}
	switch {
	case p.bad:
	case len(n.States) > 0:
		p.diags.errorf(d.At, "declaration after the first state of parser %s", text(n.Name))
	default:
		n.Locals = append(n.Locals, l)
	}
}

// local reads a constant, variable or instance, with its semicolon.
func (p *parser) local(d decl, what string) Decl {
	if p.tok == kwConst {
		return p.constant(d)
	}
	i, ok := p.skipType(p.i, 0)
	switch {
	case ok && p.kindAt(i) == tLParen:
		return p.instance(d)
	case ok && p.isNameAt(i) && p.kindAt(i+1) == tLParen:
		p.errorf(p.pos(), "a function cannot be declared here: declare it outside, or an action inside a control")
	case ok && p.isNameAt(i), isBaseType(p.tok) && p.tok != kwVoid, p.tok == kwTuple:
		v := p.variable(d)
		p.semicolon("variable")
		return v
	default:
		p.expected(what)
	}
	return nil
}

func (p *parser) valueSet(d decl) Decl {
	p.advance()
	v := &ValueSetDecl{decl: d}
	elems := p.typeArgs("value_set")
	if !p.bad && len(elems) != 1 {
		p.errorf(d.At, "value_set has one type argument, found %d", len(elems))
	}
	p.expect(tLParen, "value_set<...>")
	v.Size = p.expression()
	p.expect(tRParen, "the size of a value_set")
	v.Name = p.name("the name of a value_set")
	p.semicolon("value_set")
	p.declare(v.Name, isValue)
	if !p.bad {
		v.Elem = elems[0]
	}
	return v
}

func (p *parser) state(d decl) *StateDecl {
	p.advance()
	s := &StateDecl{decl: d, Name: p.name("the name of a state")}
	p.openScope()
	defer p.closeScope()
	p.body("state "+text(s.Name), syncStmt, func() {
		switch {
		case s.Next != nil:
			p.expected("'}' after the transition of state " + text(s.Name))
		case p.tok == kwTransition:
			if t := p.transition(); !p.bad {
				s.Next = t
			}
		default:
			if st := p.statement(inState | withDecls); !p.bad {
				s.Body = append(s.Body, st)
			}
		}
	})
	return s
}

func (p *parser) transition() Transition {
	at := node{p.pos()}
	p.advance()
	if p.tok != kwSelect {
		g := &Goto{node: at, State: p.name("a state or select after transition")}
		p.semicolon("transition")
		return g
	}
	p.advance()
	s := &Select{node: at}
	p.expect(tLParen, "select")
	for !p.bad && p.tok != tRParen {
		s.Keys = append(s.Keys, p.expression())
		if !p.accept(tComma) {
			break
		}
	}
	p.expect(tRParen, "the keys of select")
	p.body("select", syncPart, func() {
		c := &SelectCase{node: node{p.pos()}, Keys: p.keySets()}
		p.expect(tColon, "the keys of a select case")
		c.State = p.name("the name of a state")
		p.semicolon("select case")
		if !p.bad {
			s.Cases = append(s.Cases, c)
		}
	})
	return s
}

// control reads a control or a control type.
func (p *parser) control(d decl) Decl {
	p.advance()
	n := &ControlDecl{decl: d, Name: p.name("the name of a control")}
	p.declare(n.Name, isType)
	p.openScope()
	defer p.closeScope()
	n.TypeParams = p.typeParams()
	n.Params = p.params()
	if p.accept(tSemi) {
		n.Proto = true
		return n
	}
	if p.tok == tLParen {
		n.CtorParams = p.params()
	}
	broken := p.diags.errors
	p.body("control "+text(n.Name), syncBody, func() { p.controlPart(n) })
	if n.Body == nil && !p.bad {
		if p.diags.errors == broken { // else it may be there, unread
			p.diags.errorf(d.At, "control %s has no apply block", text(n.Name))
		}
		n.Body = &BlockStmt{stmt: stmt{node: d.node}, End: d.At}
	}
	return n
}

// controlPart reads one local declaration or the apply block.
func (p *parser) controlPart(n *ControlDecl) {
	if p.accept(tSemi) {
		return
	}
	a := p.annotations()
	d := decl{Annotations: a, node: node{p.pos()}}
	if p.tok == kwApply && p.peek(1) != tLParen && !p.isNameAt(p.i+1) {
		p.advance()
		b := p.block("apply")
		if n.Body != nil && !p.bad {
			p.diags.errorf(d.At, "control %s has a second apply block (the first is at %s)", text(n.Name), n.Body.At)
		}
		if !p.bad {
			b.Annotations = append(a, b.Annotations...)
			n.Body = b
		}
		return
	}
	var l Decl
	switch p.tok {
	case kwAction:
		l = p.action(d)
	case kwTable:
		l = p.table(d)
	default:
		l = p.local(d, "a declaration of a control (action, table, const, variable, instance) or its apply block")
	}
	switch {
	case p.bad:
	case n.Body != nil:
		p.diags.errorf(d.At, "declaration after the apply block of control %s", text(n.Name))
	default:
		n.Locals = append(n.Locals, l)
	}
}
