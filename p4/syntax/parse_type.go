package syntax

// name reads an identifier, or a keyword that may be one.
func (p *parser) name(what string) *Name {
	if p.bad {
		return nil
	}
	if !isName(p.tok) {
		if p.at().isWord() {
			p.errorf(p.pos(), "expected %s, found the keyword %s", what, p.at().String())
		} else {
			p.expected(what)
		}
		return nil
	}
	n := &Name{node: node{p.pos()}, Value: p.at().text}
	p.advance()
	return n
}

// prefixedName reads x or .x.
func (p *parser) prefixedName(what string) *Name {
	at := p.pos()
	global := p.accept(tDot)
	n := p.name(what)
	if n != nil {
		n.At, n.Global = at, global
	}
	return n
}

// typeRef reads a type. A name that is no type so far is taken for one: the
// type checker knows better what to say about it.
func (p *parser) typeRef(what string) TypeExpr {
	if !p.nest() {
		p.unnest()
		return nil
	}
	defer p.unnest()
	t := p.plainType(what)
	for n := 0; p.tok == tLBracket && !p.bad; n++ {
		if n == maxDepth {
			p.errorf(p.pos(), "type has more than %d array dimensions", maxDepth)
		}
		t = &StackType{texpr: texpr{node{t.Pos()}}, Elem: t, Size: p.arraySize()}
	}
	return t
}

// typeOrVoid reads a function's result type.
func (p *parser) typeOrVoid(what string) TypeExpr {
	if p.tok == kwVoid && !p.bad {
		t := &BaseType{texpr: texpr{node{p.pos()}}, Kind: Void}
		p.advance()
		return t
	}
	return p.typeRef(what)
}

var baseKinds = map[tok]BaseKind{
	kwBool: Bool, kwBit: Bit, kwInt: Int, kwVarbit: Varbit,
	kwString: String, kwError: Error, kwMatchKind: MatchKind,
}

func (p *parser) plainType(what string) TypeExpr {
	at := texpr{node{p.pos()}}
	switch {
	case p.tok == kwTuple:
		p.advance()
		return &TupleType{texpr: at, Elems: p.typeArgs("tuple")}
	case p.tok == kwList && p.peek(1) == tLt:
		p.advance()
		elems := p.typeArgs("list")
		if !p.bad && len(elems) != 1 {
			p.errorf(at.At, "list has one type argument, found %d", len(elems))
		}
		if p.bad {
			return nil
		}
		return &ListType{texpr: at, Elem: elems[0]}
	case isBaseType(p.tok) && p.tok != kwVoid:
		t := &BaseType{texpr: at, Kind: baseKinds[p.tok]}
		word := p.at().text
		p.advance()
		if t.Kind == Bit || t.Kind == Int || t.Kind == Varbit {
			t.Width = p.width(word)
			if t.Kind == Varbit && t.Width == nil && !p.bad {
				p.expected("'<' and the greatest width after varbit")
			}
		}
		return t
	}
	if !isName(p.tok) && !(p.tok == tDot && p.isNameAt(p.i+1)) {
		if p.tok == kwVoid {
			p.errorf(p.pos(), "expected %s, found 'void', which only a function may return", what)
		} else {
			p.expected(what)
		}
		return nil
	}
	t := &NamedType{texpr: at, Name: p.prefixedName(what)}
	if p.tok == tLt {
		return &SpecType{texpr: at, Base: t, Args: p.typeArgs(t.Name.Value)}
	}
	return t
}

// width reads <8>, <(expression)> or, as p4c also accepts, <expression> without
// a bare '>', or nothing.
func (p *parser) width(word string) Expr {
	if !p.accept(tLt) {
		return nil
	}
	angle := p.angle
	p.angle = true
	w := p.expression()
	p.angle = angle
	if paren, ok := w.(*ParenExpr); ok {
		w = paren.X
	}
	p.expect(tGt, "the width of "+word)
	return w
}

// arraySizes reads the [N] behind a name, which p4c accepts beside those behind
// a type: "T x[2]" is "T[2] x".
func (p *parser) arraySizes(t TypeExpr) TypeExpr {
	var sizes []Expr
	for p.tok == tLBracket && !p.bad {
		sizes = append(sizes, p.arraySize())
		if len(sizes) > maxDepth {
			p.errorf(p.pos(), "type has more than %d array dimensions", maxDepth)
		}
	}
	for i := len(sizes) - 1; i >= 0 && !p.bad; i-- {
		t = &StackType{texpr: texpr{node{t.Pos()}}, Elem: t, Size: sizes[i]}
	}
	return t
}

// arraySize reads [N].
func (p *parser) arraySize() Expr {
	p.advance()
	angle := p.angle
	p.angle = false
	size := p.expression()
	p.angle = angle
	p.expect(tRBracket, "the size of an array")
	return size
}

// typeArgs reads <A, B>; each may be void or _ too.
func (p *parser) typeArgs(of string) (list []TypeExpr) {
	p.expect(tLt, of)
	list = []TypeExpr{}
	if p.accept(tGt) {
		return list
	}
	for !p.bad {
		at := texpr{node{p.pos()}}
		switch p.tok {
		case kwDontCare:
			p.advance()
			list = append(list, &BaseType{texpr: at, Kind: DontCare})
		case kwVoid:
			p.advance()
			list = append(list, &BaseType{texpr: at, Kind: Void})
		default:
			list = append(list, p.typeRef("a type argument of "+of))
		}
		if !p.accept(tComma) {
			break
		}
	}
	if !p.bad && p.tok != tGt {
		p.expected("',' or '>' after a type argument of " + of)
	}
	p.accept(tGt)
	return list
}

// typeParams reads <T, U> of a declaration, or nothing, and declares them.
func (p *parser) typeParams() (list []*Name) {
	if !p.accept(tLt) {
		return nil
	}
	for !p.bad {
		n := p.name("the name of a type parameter")
		p.declare(n, isType)
		list = append(list, n)
		if !p.accept(tComma) {
			break
		}
	}
	p.expect(tGt, "type parameters")
	return list
}
