package syntax

import "math/big"

// An expression that failed is nil with p.bad set; callers look at p.bad only
// where they go on to read.

// binding is how strongly an operator binds; 0 is no binary operator.
var binding = [numTok]uint8{
	tLOr: 1, tLAnd: 2, tEq: 3, tNe: 3, tLt: 4, tLe: 4, tGt: 4, tGe: 4,
	tOr: 5, tXor: 6, tAnd: 7, tShl: 8,
	tConcat: 9, tAdd: 9, tSub: 9, tAddSat: 9, tSubSat: 9,
	tMul: 10, tDiv: 10, tMod: 10,
}

const shiftBinding = 8

var binaryOps = [numTok]Op{
	tLOr: LOr, tLAnd: LAnd, tEq: Eq, tNe: Ne, tLt: Lt, tLe: Le, tGt: Gt, tGe: Ge,
	tOr: Or, tXor: Xor, tAnd: And, tShl: Shl,
	tConcat: Concat, tAdd: Add, tSub: Sub, tAddSat: AddSat, tSubSat: SubSat,
	tMul: Mul, tDiv: Div, tMod: Mod,
}

// operator returns the binary operator that stands next.
func (p *parser) operator() (op Op, binds uint8, tokens int) {
	switch {
	case p.angle && (p.tok == tGt || p.tok == tGe):
		return NoOp, 0, 0
	case p.tok == tGt && p.glued(tGt):
		return Shr, shiftBinding, 2
	}
	return binaryOps[p.tok], binding[p.tok], 1
}

// glued reports whether the next token is k, right behind the present one.
func (p *parser) glued(k tok) bool {
	return p.peek(1) == k && !p.tokens[p.i+1].is(spaced|bol)
}

// expression reads any expression.
func (p *parser) expression() Expr {
	if !p.nest() {
		p.unnest()
		return nil
	}
	defer p.unnest()
	c := p.binary(1)
	if p.bad || p.tok != tQuestion {
		return c
	}
	p.advance()
	e := &CondExpr{expr: expr{node{c.Pos()}}, C: c, A: p.expression()}
	p.expect(tColon, "the first choice of '?'")
	e.B = p.expression()
	return e
}

func (p *parser) binary(least uint8) Expr {
	x := p.unary()
	for n := 0; !p.bad; n++ {
		op, binds, tokens := p.operator()
		// ">>=" starts an assignment, not a shift.
		if binds < least || binds == 0 || op == Shr && p.kindAt(p.i+1) == tGe {
			break
		}
		if n == maxChain {
			p.errorf(p.pos(), "expression has more than %d operators in a row", maxChain)
		}
		p.setIndex(p.i + tokens)
		x = &BinaryExpr{expr: expr{node{x.Pos()}}, Op: op, X: x, Y: p.binary(binds + 1)}
	}
	return x
}

var unaryOps = [numTok]Op{tNot: Not, tBitNot: BitNot, tSub: Neg, tAdd: Plus}

func (p *parser) unary() Expr {
	if !p.nest() {
		p.unnest()
		return nil
	}
	defer p.unnest()
	at := expr{node{p.pos()}}
	if op := unaryOps[p.tok]; op != NoOp {
		p.advance()
		return &UnaryExpr{expr: at, Op: op, X: p.unary()}
	}
	if p.tok == tLParen && p.atCast() {
		p.advance()
		e := &CastExpr{expr: at, Type: p.typeRef("the type of a cast")}
		p.expect(tRParen, "the type of a cast")
		e.X = p.unary()
		return e
	}
	x := p.postfix(p.primary())
	if t, ok := x.(*TypeNameExpr); ok {
		p.errorf(t.At, "expected an expression, found a type: only '.' or '(' may follow a type here")
	}
	return x
}

// bracketed reads, by f, what stands within brackets, where '>' is an operator
// again.
func (p *parser) bracketed(f func() Expr) Expr {
	angle := p.angle
	p.angle = false
	x := f()
	p.angle = angle
	return x
}

// atCast reports whether the '(' here starts a cast.
func (p *parser) atCast() bool {
	i, ok := p.skipType(p.i+1, 0)
	if !ok || p.kindAt(i) != tRParen {
		return false
	}
	first := p.i + 1
	if p.kindAt(first) == tDot {
		first++
	}
	if p.kindAt(first) == kwDontCare {
		return false
	}
	if !p.isNameAt(first) || p.kindAt(first+1) == tLt {
		return true // a built-in type, or one with arguments
	}
	switch p.lookup(p.tokens[first].text, first > p.i+1) {
	case isType:
		return true
	case unknown: // a cast if what follows can only be an operand
		switch k := p.kindAt(i + 1); k {
		case tNumber, tString, tLBrace, tInvalid, tNot, tBitNot, kwTrue, kwFalse, kwThis, kwError, tName:
			return true
		}
	}
	return false
}

// primary reads an operand without what may follow it (.x, [i], calls).
func (p *parser) primary() Expr {
	at := expr{node{p.pos()}}
	switch p.tok {
	case tNumber:
		return p.number()
	case tString:
		e := &StringLit{expr: at, Value: unquote(p.at().text)}
		p.advance()
		return e
	case kwTrue, kwFalse:
		e := &BoolLit{expr: at, Value: p.tok == kwTrue}
		p.advance()
		return e
	case kwThis:
		p.advance()
		return &ThisExpr{at}
	case tDots:
		p.advance()
		return &DotsExpr{at}
	case tInvalid:
		p.advance()
		return &InvalidExpr{at}
	case tLBrace:
		return p.bracketed(p.list)
	case tLParen:
		p.advance()
		e := &ParenExpr{expr: at, X: p.bracketed(p.expression)}
		p.expect(tRParen, "expression")
		return e
	case kwError:
		p.advance()
		if p.tok != tDot {
			p.expected("'.' and an error's name after 'error'")
			return nil
		}
		return &TypeNameExpr{expr: at, Type: &BaseType{texpr: texpr{at.node}, Kind: Error}}
	case kwTuple:
		return p.typeOperand(at)
	case kwList:
		if p.peek(1) == tLt && p.lookup("list", false) == unknown {
			return p.typeOperand(at)
		}
	}
	if !isName(p.tok) && p.tok != tDot {
		p.expected("an expression")
		return nil
	}
	return p.nameOperand(at)
}

func (p *parser) typeOperand(at expr) Expr {
	return &TypeNameExpr{expr: at, Type: p.plainType("a type")}
}

// nameOperand reads x, .x, a type's name, or a type with arguments.
func (p *parser) nameOperand(at expr) Expr {
	first := p.i
	n := p.prefixedName("a name")
	if n == nil {
		return nil
	}
	if p.lookup(n.Value, n.Global) != isType {
		return &NameExpr{expr: at, Name: n}
	}
	if p.tok == tLt {
		if _, ok := p.skipTypeArgs(p.i, 0); ok {
			p.setIndex(first)
			return p.typeOperand(at)
		}
	}
	return &TypeNameExpr{expr: at, Type: &NamedType{texpr: texpr{at.node}, Name: n}}
}

func (p *parser) number() Expr {
	lit, err := parseNumber(p.at().text)
	if err != nil {
		p.errorf(p.pos(), "%v", err)
		return nil
	}
	lit.At = p.pos()
	p.advance()
	return lit
}

// postfix reads what follows an operand: members, indices, slices, calls.
func (p *parser) postfix(x Expr) Expr {
	for n := 0; !p.bad; n++ {
		at := expr{node{x.Pos()}}
		switch p.tok {
		case tDot:
			p.advance()
			x = &MemberExpr{expr: at, X: x, Sel: p.name("a member's name after '.'")}
		case tLBracket:
			x = p.bracketed(func() Expr { return p.index(x) })
		case tLParen:
			x = &CallExpr{expr: at, Fun: x, Args: p.args()}
		case tLt:
			if !p.atTypeArgs(x) {
				return x
			}
			call := &CallExpr{expr: at, Fun: x, TypeArgs: p.typeArgs("the call")}
			call.Args = p.args()
			x = call
		default:
			return x
		}
		if n == maxChain {
			p.errorf(p.pos(), "expression has more than %d members, indices and calls in a row", maxChain)
		}
	}
	return nil
}

// atTypeArgs reports whether the '<' here starts the type arguments of a call
// of x, and is not the operator.
func (p *parser) atTypeArgs(x Expr) bool {
	switch x := x.(type) {
	case *NameExpr:
		if p.lookup(x.Name.Value, x.Name.Global) == isValue {
			return false
		}
	case *MemberExpr:
	default:
		return false
	}
	i, ok := p.skipTypeArgs(p.i, 0)
	return ok && p.kindAt(i) == tLParen
}

// index reads x[i], x[hi:lo] or x[lo+:width].
func (p *parser) index(x Expr) Expr {
	at := expr{node{x.Pos()}}
	p.advance()
	i := p.indexValue()
	switch {
	case p.bad:
		return nil
	case p.accept(tColon):
		e := &SliceExpr{expr: at, X: x, Hi: i, Lo: p.expression()}
		p.expect(tRBracket, "slice")
		return e
	case p.tok == tAdd: // "+:", left by indexValue
		p.setIndex(p.i + 2)
		e := &SliceExpr{expr: at, X: x, Lo: i, Width: p.expression()}
		p.expect(tRBracket, "slice")
		e.Hi = topBit(e.Lo, e.Width)
		return e
	}
	p.expect(tRBracket, "index")
	return &IndexExpr{expr: at, X: x, I: i}
}

// indexValue reads the expression after '['. In "lo +: width" it ends before
// the '+', which is no operator there.
func (p *parser) indexValue() Expr {
	plus := p.plusColon()
	if plus < 0 {
		return p.expression()
	}
	// Let the expression end at the plus: no operator is spelt so.
	p.tokens[plus].kind = tOther
	p.setIndex(p.i)
	x := p.expression()
	p.tokens[plus].kind = tAdd
	if !p.bad && p.i != plus {
		p.expected("'+:' after the lowest bit of a slice")
	}
	p.setIndex(p.i)
	return x
}

// plusColon returns the index of the "+:" of the bracket being read, or -1.
func (p *parser) plusColon() int {
	depth := 0
	for i := p.i; i < len(p.tokens); i++ {
		switch p.tokens[i].kind {
		case tLParen, tLBracket, tLBrace:
			depth++
		case tRParen, tRBracket, tRBrace:
			if depth--; depth < 0 {
				return -1
			}
		case tSemi, tEOF:
			return -1
		case tAdd:
			if depth == 0 && p.kindAt(i+1) == tColon {
				return i
			}
		}
	}
	return -1
}

// topBit makes lo + width - 1.
func topBit(lo, width Expr) Expr {
	if lo == nil || width == nil {
		return nil
	}
	at := expr{node{lo.Pos()}}
	sum := &BinaryExpr{expr: at, Op: Add, X: lo, Y: width}
	return &BinaryExpr{expr: at, Op: Sub, X: sum, Y: &IntLit{expr: at, Value: big.NewInt(1), Base: 10}}
}

// args reads (a, name = b, _).
func (p *parser) args() (list []*Arg) {
	p.expect(tLParen, "the function")
	list = []*Arg{}
	for !p.bad && p.tok != tRParen {
		list = append(list, p.arg())
		if !p.accept(tComma) {
			break
		}
	}
	if !p.bad && p.tok != tRParen {
		p.expected("',' or ')' after argument")
	}
	p.accept(tRParen)
	return list
}

func (p *parser) arg() *Arg {
	a := &Arg{node: node{p.pos()}}
	if isName(p.tok) && p.peek(1) == tAssign {
		a.Name = p.name("an argument's name")
		p.advance()
	}
	if p.tok == kwDontCare {
		a.Value = &DefaultExpr{expr{node{p.pos()}}}
		p.advance()
		return a
	}
	a.Value = p.bracketed(p.expression)
	return a
}

// list reads { a, b }, { x = a, y = b }, either with a trailing comma or "...".
func (p *parser) list() Expr {
	l := &ListExpr{expr: expr{node{p.pos()}}}
	p.advance()
	l.Named = isName(p.tok) && p.peek(1) == tAssign
	for !p.bad && p.tok != tRBrace {
		switch {
		case p.tok == tDots && (p.peek(1) == tRBrace || p.peek(1) == tComma && p.peek(2) == tRBrace):
			p.advance()
			l.Dots = true
		case l.Named:
			l.Fields = append(l.Fields, p.namedExpr())
		default:
			l.Elems = append(l.Elems, p.expression())
		}
		if !p.accept(tComma) {
			break
		}
	}
	if !p.bad && p.tok != tRBrace {
		p.expected("',' or '}' after an element of a list")
	}
	p.accept(tRBrace)
	return l
}

// namedExpr reads name = value.
func (p *parser) namedExpr() *NamedExpr {
	n := &NamedExpr{node: node{p.pos()}, Name: p.name("a field's name")}
	p.expect(tAssign, "a field's name")
	n.Value = p.expression()
	return n
}

// keySet reads one key of a select case or an entry: an expression, a mask, a
// range, default or _.
func (p *parser) keySet() Expr {
	at := expr{node{p.pos()}}
	if p.tok == kwDefault || p.tok == kwDontCare {
		p.advance()
		return &DefaultExpr{at}
	}
	x := p.expression()
	switch {
	case p.accept(tMask):
		return &MaskExpr{expr: at, X: x, Mask: p.expression()}
	case p.accept(tRange):
		return &RangeExpr{expr: at, Lo: x, Hi: p.expression()}
	}
	return x
}

// keySets reads a single key or a tuple (k1, k2).
func (p *parser) keySets() []Expr {
	if p.tok == tLParen {
		if end, ok := p.skipBrackets(p.i); ok && p.kindAt(end) == tColon {
			p.advance()
			var keys []Expr
			for !p.bad {
				keys = append(keys, p.keySet())
				if !p.accept(tComma) {
					break
				}
			}
			p.expect(tRParen, "the keys")
			return keys
		}
	}
	return []Expr{p.keySet()}
}
