package syntax

// stmtMode says what may stand where a statement is read.
type stmtMode uint8

const (
	withDecls stmtMode = 1 << iota // variables and constants too
	inState                        // in a parser state, where less is allowed
)

// block reads { ... } with its annotations.
func (p *parser) block(what string) *BlockStmt {
	return p.blockIn(p.annotations(), what, 0)
}

func (p *parser) blockIn(a []*Annotation, what string, mode stmtMode) *BlockStmt {
	b := &BlockStmt{stmt: stmt{node{p.pos()}, a}}
	p.openScope()
	p.body(what, syncStmt, func() {
		if s := p.statement(mode | withDecls); !p.bad {
			b.List = append(b.List, s)
		}
	})
	p.closeScope()
	b.End = p.tokens[max(p.i-1, 0)].pos
	return b
}

// statement reads one statement, with its semicolon.
func (p *parser) statement(mode stmtMode) Stmt {
	if !p.nest() {
		p.unnest()
		return nil
	}
	defer p.unnest()
	a := p.annotations()
	s := stmt{node{p.pos()}, a}
	if mode&inState != 0 {
		switch p.tok {
		case kwReturn, kwExit, kwSwitch, kwFor, kwBreak, kwContinue:
			p.errorf(p.pos(), "%s is not allowed in a parser state", p.at().String())
			return nil
		}
	}
	switch p.tok {
	case tSemi:
		p.advance()
		return &EmptyStmt{s}
	case tLBrace:
		return p.blockIn(a, "block", mode)
	case kwIf:
		return p.ifStmt(s, mode)
	case kwSwitch:
		return p.switchStmt(s)
	case kwFor:
		return p.forStmt(s)
	case kwReturn:
		p.advance()
		r := &ReturnStmt{stmt: s}
		if p.tok != tSemi && p.tok != tRBrace {
			r.Value = p.expression()
		}
		p.semicolon("return")
		return r
	case kwExit:
		p.advance()
		p.semicolon("exit")
		return &ExitStmt{s}
	case kwBreak:
		p.advance()
		p.semicolon("break")
		return &BreakStmt{s}
	case kwContinue:
		p.advance()
		p.semicolon("continue")
		return &ContinueStmt{s}
	}
	if p.atDecl() {
		if mode&withDecls == 0 {
			p.errorf(p.pos(), "a declaration needs a block here: put it in braces")
			return nil
		}
		d := p.local(decl{Annotations: a, node: s.node}, "a declaration")
		return &DeclStmt{stmt: stmt{node: s.node}, Decl: d}
	}
	x, after := p.simple(s)
	p.semicolon(after)
	return x
}

// atDecl reports whether a variable, constant or instance is declared here.
func (p *parser) atDecl() bool {
	if p.tok == kwConst {
		return true
	}
	if isBaseType(p.tok) && p.peek(1) != tDot || p.tok == kwTuple || p.tok == kwList && p.peek(1) == tLt {
		return true
	}
	first := p.i
	if p.tok == tDot {
		first++
	}
	if !p.isNameAt(first) {
		return false
	}
	if m := p.lookup(p.tokens[first].text, first > p.i); m == isValue || m == isFunction {
		return false
	}
	i, ok := p.skipType(p.i, 0)
	if ok && p.kindAt(i) == tLParen {
		i, ok = p.skipBrackets(i)
	}
	return ok && p.isNameAt(i)
}

// simple reads an assignment or a call, without the semicolon, and says which
// it was.
func (p *parser) simple(s stmt) (st Stmt, what string) {
	if t, ok := p.directApply(s); ok {
		return t, "call"
	}
	if p.bad {
		return nil, ""
	}
	if !isName(p.tok) && p.tok != tDot && p.tok != kwThis && p.tok != tLParen {
		p.expected("a statement")
		return nil, ""
	}
	x := p.postfix(p.primary())
	if p.bad {
		return nil, ""
	}
	op, tokens := p.assignment()
	if tokens > 0 {
		if !isLvalue(x) {
			p.errorf(x.Pos(), "cannot assign to this: expected a variable, a parameter, a field, an array element or a slice before '='")
			return nil, ""
		}
		p.setIndex(p.i + tokens)
		return &AssignStmt{stmt: s, Op: op, L: x, R: p.expression()}, "assignment"
	}
	if call, ok := x.(*CallExpr); ok {
		return &CallStmt{stmt: s, Call: call}, "call"
	}
	if p.tok == tSemi || p.tok == tRBrace {
		p.errorf(s.At, "expected a statement, found an expression whose value is not used")
		return nil, ""
	}
	p.expected("'=' or '(' after the start of a statement")
	return nil, ""
}

// directApply reads Type.apply(args) if that is what stands here.
func (p *parser) directApply(s stmt) (st Stmt, ok bool) {
	first := p.i
	if p.tok == tDot {
		first++
	}
	if !p.isNameAt(first) || p.lookup(p.tokens[first].text, first > p.i) != isType {
		return nil, false
	}
	i, ok := p.skipType(p.i, 0)
	if !ok || p.kindAt(i) != tDot || p.kindAt(i+1) != kwApply || p.kindAt(i+2) != tLParen {
		return nil, false
	}
	d := &DirectApply{stmt: s, Type: p.typeRef("a parser or a control")}
	p.setIndex(i + 2)
	d.Args = p.args()
	return d, true
}

var assignOps = [numTok]Op{
	tAddAssign: Add, tSubAssign: Sub, tMulAssign: Mul, tDivAssign: Div, tModAssign: Mod,
	tAddSatAssign: AddSat, tSubSatAssign: SubSat, tShlAssign: Shl,
	tAndAssign: And, tOrAssign: Or, tXorAssign: Xor,
}

// assignment returns the assignment operator that stands here and how many
// tokens it is; 0 if there is none.
func (p *parser) assignment() (op Op, tokens int) {
	switch {
	case p.tok == tAssign:
		return NoOp, 1
	case assignOps[p.tok] != NoOp:
		return assignOps[p.tok], 1
	case p.tok == tGt && p.glued(tGe):
		return Shr, 2
	}
	return NoOp, 0
}

func isLvalue(x Expr) bool {
	for {
		switch e := x.(type) {
		case *NameExpr, *ThisExpr:
			return true
		case *MemberExpr:
			x = e.X
		case *IndexExpr:
			x = e.X
		case *SliceExpr:
			x = e.X
		case *ParenExpr:
			x = e.X
		default:
			return false
		}
	}
}

// ifStmt reads a whole else-if chain without recursion, since chains are long.
func (p *parser) ifStmt(s stmt, mode stmtMode) Stmt {
	root := p.ifHead(s, mode)
	for n, last := 0, root; p.accept(kwElse); n++ {
		if p.tok != kwIf || p.atPragma() || n > maxChain {
			last.Else = p.statement(mode &^ withDecls)
			break
		}
		next := p.ifHead(stmt{node: node{p.pos()}}, mode)
		last.Else, last = next, next
	}
	return root
}

func (p *parser) ifHead(s stmt, mode stmtMode) *IfStmt {
	p.advance()
	n := &IfStmt{stmt: s}
	p.expect(tLParen, "if")
	n.Cond = p.expression()
	p.expect(tRParen, "the condition of if")
	n.Then = p.statement(mode &^ withDecls)
	return n
}

func (p *parser) switchStmt(s stmt) Stmt {
	p.advance()
	n := &SwitchStmt{stmt: s}
	p.expect(tLParen, "switch")
	n.Tag = p.expression()
	p.expect(tRParen, "the value of switch")
	p.body("switch", syncPart, func() {
		c := &SwitchCase{node: node{p.pos()}}
		if c.Default = p.accept(kwDefault); !c.Default {
			if p.tok == tLBrace {
				p.expected("a label of switch")
			}
			c.Label = p.expression()
		}
		p.expect(tColon, "a label of switch")
		if p.tok == tLBrace || p.tok == tAt {
			c.Body = p.block("switch case")
		}
		if !p.bad {
			n.Cases = append(n.Cases, c)
		}
	})
	return n
}

func (p *parser) forStmt(s stmt) Stmt {
	p.advance()
	p.openScope()
	defer p.closeScope()
	p.expect(tLParen, "for")
	a := p.annotations()
	if i, ok := p.skipType(p.i, 0); ok && p.isNameAt(i) && p.kindAt(i+1) == kwIn {
		return p.forIn(s, a)
	}
	f := &ForStmt{stmt: s}
	for p.tok != tSemi && !p.bad {
		f.Init = append(f.Init, p.forPart(a, true))
		a = nil
		if !p.accept(tComma) {
			break
		}
		a = p.annotations()
	}
	p.expect(tSemi, "the first part of for")
	f.Cond = p.expression()
	p.expect(tSemi, "the condition of for")
	for p.tok != tRParen && !p.bad {
		f.Post = append(f.Post, p.forPart(nil, false))
		if !p.accept(tComma) {
			break
		}
	}
	p.expect(tRParen, "the last part of for")
	f.Body = p.statement(0)
	return f
}

// forPart reads one statement of a for's first or last part.
func (p *parser) forPart(a []*Annotation, decls bool) Stmt {
	at := node{p.pos()}
	if decls && p.atDecl() && p.tok != kwConst {
		return &DeclStmt{stmt: stmt{node: at}, Decl: p.variable(decl{Annotations: a, node: at})}
	}
	st, _ := p.simple(stmt{at, a})
	return st
}

func (p *parser) forIn(s stmt, a []*Annotation) Stmt {
	f := &ForInStmt{stmt: s}
	d := decl{Annotations: a, node: node{p.pos()}}
	f.Var = &VarDecl{decl: d, Type: p.typeRef("the type of a variable"), Name: p.name("the name of a variable")}
	p.advance() // in
	at := expr{node{p.pos()}}
	f.X = p.expression()
	if p.accept(tRange) {
		f.X = &RangeExpr{expr: at, Lo: f.X, Hi: p.expression()}
	}
	p.expect(tRParen, "the collection of for")
	p.declare(f.Var.Name, isValue)
	f.Body = p.statement(0)
	return f
}
