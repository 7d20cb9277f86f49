package syntax

import "slices"

// program reads all declarations.
func (p *parser) program() (list []Decl) {
	for p.tok != tEOF {
		if p.accept(tSemi) {
			continue
		}
		if p.tok == tRBrace && p.owed > 0 {
			p.owed-- // belongs to a body already reported as open
			p.advance()
			continue
		}
		start := p.i
		d := p.declaration()
		if !p.bad {
			if d != nil {
				list = append(list, d)
			}
			continue
		}
		p.sync(syncDecl)
		if p.i == start {
			p.advance()
		}
	}
	return list
}

// declaration reads one declaration of the top level. It returns nil also for
// a forward declaration, which says nothing.
func (p *parser) declaration() Decl {
	d := decl{Annotations: p.annotations(), node: node{p.pos()}}
	switch p.tok {
	case kwConst:
		return p.constant(d)
	case kwExtern:
		return p.extern(d)
	case kwAction:
		return p.action(d)
	case kwParser:
		return p.parserDecl(d)
	case kwControl:
		return p.control(d)
	case kwPackage:
		return p.packageDecl(d)
	case kwHeader, kwStruct, kwHeaderUnion, kwEnum:
		return p.derivedType(d)
	case kwTypedef, kwType:
		return p.typedef(d)
	case kwError:
		if p.peek(1) == tLBrace {
			return &ErrorDecl{decl: d, Members: p.memberNames("error")}
		}
	case kwMatchKind:
		if p.peek(1) == tLBrace {
			return &MatchKindDecl{decl: d, Members: p.memberNames("match_kind")}
		}
	case kwTable, kwState, kwValueSet, kwTransition:
		if p.tok != kwState || p.isNameAt(p.i+1) {
			where := "parser"
			if p.tok == kwTable {
				where = "control"
			}
			p.errorf(p.pos(), "%s stands outside of a %s", p.at().String(), where)
			return nil
		}
	}
	return p.functionOrInstance(d, "a declaration")
}

// functionOrInstance reads what starts with a type.
func (p *parser) functionOrInstance(d decl, what string) Decl {
	i, ok := p.skipType(p.i, 0)
	switch {
	case p.bad:
	case !ok && (isBaseType(p.tok) || p.isNameAt(p.i) && p.peek(1) == tLt):
		p.typeRef(what) // says what is wrong with the type
		if !p.bad {
			p.expected("a name")
		}
	case !ok:
		p.expected(what)
	case p.kindAt(i) == tLParen:
		return p.instance(d)
	case p.isNameAt(i) && (p.kindAt(i+1) == tLParen || p.kindAt(i+1) == tLt):
		return p.function(d)
	case p.isNameAt(i) && (p.kindAt(i+1) == tSemi || p.kindAt(i+1) == tAssign):
		p.errorf(p.pos(), "a variable cannot be declared here: declare a const, or move it into a parser, control, action or function")
	case p.at().text == "header_type" || p.at().text == "field_list":
		p.errorf(p.pos(), "%s begins a P4-14 declaration, and this is no P4-16: convert the program first", p.at().String())
		p.stop()
	case i == p.i+1 && isName(p.tok):
		t := &p.tokens[i]
		p.errorf(p.pos(), "expected %s, found %s %s", what, p.at().String(), t.String())
	default:
		p.setIndex(i)
		p.expected("a name or constructor arguments after the type")
	}
	return nil
}

func (p *parser) constant(d decl) Decl {
	p.advance()
	c := &ConstDecl{decl: d, Type: p.typeRef("the type of a constant"), Name: p.name("the name of a constant")}
	p.expect(tAssign, "the name of a constant")
	c.Value = p.expression()
	p.semicolon("constant")
	p.declare(c.Name, isValue)
	return c
}

// variable reads Type name [= value], without the semicolon.
func (p *parser) variable(d decl) *VarDecl {
	v := &VarDecl{decl: d, Type: p.typeRef("the type of a variable"), Name: p.name("the name of a variable")}
	v.Type = p.arraySizes(v.Type)
	if p.accept(tAssign) {
		v.Value = p.expression()
	}
	p.declare(v.Name, isValue)
	return v
}

// instance reads Type(args) name [= { ... }];
func (p *parser) instance(d decl) Decl {
	n := &Instance{decl: d, Type: p.typeRef("the type of an instance"), Args: p.args(), Name: p.name("the name of an instance")}
	if p.tok == tLBracket && !p.bad {
		n.Size = p.arraySize()
	}
	if p.accept(tAssign) {
		n.Body = []Decl{}
		p.openScope()
		p.body("object initialiser", syncBody, func() {
			if m := p.functionOrInstance(decl{Annotations: p.annotations(), node: node{p.pos()}}, "a method or an instance"); !p.bad {
				n.Body = append(n.Body, m)
			}
		})
		p.closeScope()
	}
	p.semicolon("instance")
	p.declare(n.Name, isValue)
	return n
}

// function reads a function with its body.
func (p *parser) function(d decl) Decl {
	p.openScope()
	f := p.prototype(d)
	f.Body = p.block("function")
	p.closeScope()
	p.declare(f.Name, isFunction)
	return f
}

// prototype reads Result name<T>(params), into the present scope.
func (p *parser) prototype(d decl) *FuncDecl {
	f := &FuncDecl{decl: d, Result: p.typeOrVoid("a result type"), Name: p.name("the name of a function")}
	f.TypeParams = p.typeParams()
	f.Params = p.params()
	return f
}

// params reads (direction Type name = default, ...).
func (p *parser) params() (list []*Param) {
	p.expect(tLParen, "the name")
	list = []*Param{}
	for !p.bad && p.tok != tRParen {
		list = append(list, p.param())
		if !p.accept(tComma) {
			break
		}
	}
	if !p.bad && p.tok != tRParen {
		p.expected("',' or ')' after parameter")
	}
	p.accept(tRParen)
	return list
}

func (p *parser) param() *Param {
	a := p.annotations()
	q := &Param{decl: decl{Annotations: a, node: node{p.pos()}}}
	switch {
	case p.accept(kwIn):
		q.Dir = In
	case p.accept(kwOut):
		q.Dir = Out
	case p.accept(kwInout):
		q.Dir = InOut
	}
	q.Type = p.typeRef("the type of a parameter")
	q.Name = p.name("the name of a parameter")
	q.Type = p.arraySizes(q.Type)
	if p.accept(tAssign) {
		q.Default = p.expression()
	}
	p.declare(q.Name, isValue)
	return q
}

func (p *parser) action(d decl) Decl {
	p.advance()
	a := &ActionDecl{decl: d, Name: p.name("the name of an action")}
	p.openScope()
	a.Params = p.params()
	a.Body = p.block("action")
	p.closeScope()
	p.declare(a.Name, isFunction)
	return a
}

// extern reads an extern object or function.
func (p *parser) extern(d decl) Decl {
	p.advance()
	e := &ExternDecl{decl: d}
	if p.isNameAt(p.i) {
		next := p.i + 1
		if p.kindAt(next) == tLt {
			next, _ = p.skipTypeArgs(next, 0)
		}
		if p.kindAt(next) == tLBrace {
			return p.externObject(e)
		}
		if p.kindAt(next) == tSemi && next == p.i+1 { // a forward declaration
			p.declare(p.name("the name of an extern"), isType)
			p.advance()
			return nil
		}
	}
	p.openScope()
	e.Func = p.prototype(decl{node: node{p.pos()}})
	p.closeScope()
	p.semicolon("extern function")
	e.Name, e.TypeParams = e.Func.Name, e.Func.TypeParams
	p.declare(e.Name, isFunction)
	return e
}

func (p *parser) externObject(e *ExternDecl) Decl {
	e.Name = p.name("the name of an extern")
	p.declare(e.Name, isType)
	p.openScope()
	e.TypeParams = p.typeParams()
	e.Methods = []*FuncDecl{}
	p.body("extern "+text(e.Name), syncPart, func() {
		p.openScope()
		if m := p.method(e.Name); !p.bad {
			e.Methods = append(e.Methods, m)
		}
		p.closeScope()
	})
	p.closeScope()
	return e
}

// method reads one prototype of an extern object.
func (p *parser) method(of *Name) *FuncDecl {
	a := p.annotations()
	d := decl{Annotations: a, node: node{p.pos()}}
	if isName(p.tok) && p.peek(1) == tLParen {
		m := &FuncDecl{decl: d, Constructor: true, Name: p.name("a constructor")}
		if m.Name != nil && m.Name.Value != of.Value {
			p.errorf(m.Name.At, "method %q has no result type, and the constructor's name would be %q", m.Name.Value, of.Value)
		}
		m.Params = p.params()
		p.semicolon("constructor")
		return m
	}
	abstract := p.accept(kwAbstract)
	m := p.prototype(d)
	m.Abstract = abstract
	p.semicolon("method")
	return m
}

// text is a name's spelling, for a message.
func text(n *Name) string {
	if n == nil {
		return "?"
	}
	return n.Value
}

func (p *parser) packageDecl(d decl) Decl {
	p.advance()
	k := &PackageDecl{decl: d, Name: p.name("the name of a package")}
	p.declare(k.Name, isType)
	p.openScope()
	k.TypeParams = p.typeParams()
	k.Params = p.params()
	p.closeScope()
	p.semicolon("package")
	return k
}

// derivedType reads a header, struct, header_union or enum.
func (p *parser) derivedType(d decl) Decl {
	if p.tok == kwEnum {
		return p.enum(d)
	}
	what := p.at().text
	s := &StructDecl{decl: d, Kind: map[tok]StructKind{kwStruct: Struct, kwHeader: Header, kwHeaderUnion: HeaderUnion}[p.tok]}
	p.advance()
	s.Name = p.name("the name of a " + what)
	p.declare(s.Name, isType)
	p.openScope()
	s.TypeParams = p.typeParams()
	p.body(what+" "+text(s.Name), syncPart, func() {
		a := p.annotations()
		f := &Field{decl: decl{Annotations: a, node: node{p.pos()}}, Type: p.typeRef("the type of a field")}
		f.Name = p.name("the name of a field")
		f.Type = p.arraySizes(f.Type)
		p.semicolon("field")
		if !p.bad {
			s.Fields = append(s.Fields, f)
		}
	})
	p.closeScope()
	return s
}

func (p *parser) enum(d decl) Decl {
	p.advance()
	e := &EnumDecl{decl: d}
	if !(isName(p.tok) && p.peek(1) == tLBrace) {
		e.Underlying = p.typeRef("the name of an enum")
	}
	e.Name = p.name("the name of an enum")
	p.declare(e.Name, isType)
	p.commaBody("enum "+text(e.Name), func() {
		m := &EnumMember{node: node{p.pos()}, Name: p.name("a member of an enum")}
		if e.Underlying != nil {
			p.expect(tAssign, "the member of an enum with a type")
			m.Value = p.expression()
		} else if p.tok == tAssign {
			p.errorf(p.pos(), "enum %s has no type (enum bit<8> %s ...), so its members have no values", text(e.Name), text(e.Name))
		}
		e.Members = append(e.Members, m)
	})
	return e
}

// commaBody reads { item, item, }; an error in it ends the whole body.
func (p *parser) commaBody(what string, item func()) {
	open := p.i
	p.expect(tLBrace, what)
	for !p.bad && p.tok != tRBrace {
		item()
		if !p.accept(tComma) {
			break
		}
	}
	if !p.bad && p.tok != tRBrace {
		p.expected("',' or '}' after a member of " + what)
	}
	if p.bad && p.kindAt(open) == tLBrace && !p.stopped {
		// Skip the whole body, so that sync does not stop within it.
		if end, ok := p.skipBrackets(open); ok && end > p.i {
			p.setIndex(end - 1)
		}
		return
	}
	p.accept(tRBrace)
}

// memberNames reads error { ... } and match_kind { ... }.
func (p *parser) memberNames(what string) (list []*Name) {
	p.advance()
	p.commaBody(what, func() { list = append(list, p.name("a member of "+what)) })
	return list
}

func (p *parser) typedef(d decl) Decl {
	t := &TypedefDecl{decl: d, New: p.tok == kwType}
	word := p.at().text
	p.advance()
	inner := decl{Annotations: p.annotations(), node: node{p.pos()}}
	if !t.New && slices.Contains([]tok{kwHeader, kwStruct, kwHeaderUnion, kwEnum}, p.tok) {
		t.Of = p.derivedType(inner)
	} else {
		t.Annotations = append(t.Annotations, inner.Annotations...)
		t.Type = p.typeRef("a type after '" + word + "'")
	}
	t.Name = p.name("the new type's name")
	p.semicolon(word)
	p.declare(t.Name, isType)
	return t
}
