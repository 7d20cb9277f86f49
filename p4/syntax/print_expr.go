package syntax

import "strconv"

// How strongly what is no binary operator binds.
const (
	unaryBinding   = 11
	postfixBinding = 12
)

var opNames = [...]string{
	NoOp: "", Add: "+", Sub: "-", Mul: "*", Div: "/", Mod: "%", AddSat: "|+|", SubSat: "|-|",
	Shl: "<<", Shr: ">>", And: "&", Or: "|", Xor: "^", Concat: "++", LAnd: "&&", LOr: "||",
	Eq: "==", Ne: "!=", Lt: "<", Le: "<=", Gt: ">", Ge: ">=",
	Not: "!", BitNot: "~", Neg: "-", Plus: "+",
}

// String is the operator as it is written.
func (o Op) String() string { return opNames[o] }

// opBinding is binding by operator.
var opBinding = func() (table [len(opNames)]uint8) {
	for k, op := range binaryOps {
		table[op] = binding[k]
	}
	table[Shr] = shiftBinding
	return table
}()

// precedence is how strongly the outermost part of an expression binds.
func precedence(x Expr) uint8 {
	switch x := x.(type) {
	case *CondExpr, *MaskExpr, *RangeExpr:
		return 0
	case *BinaryExpr:
		return opBinding[x.Op]
	case *UnaryExpr, *CastExpr:
		return unaryBinding
	}
	return postfixBinding
}

// expr writes an expression, in parentheses if it binds less than least. Trees
// that were parsed hold their own ParenExpr; others get what they need.
func (p *printer) expr(x Expr, least uint8) {
	if precedence(x) < least {
		p.put("(")
		defer p.put(")")
	}
	switch x := x.(type) {
	case *NameExpr:
		p.name(x.Name)
	case *TypeNameExpr:
		p.typ(x.Type)
	case *IntLit:
		p.intLit(x)
	case *BoolLit:
		p.put(strconv.FormatBool(x.Value))
	case *StringLit:
		p.put(quote(x.Value))
	case *ThisExpr:
		p.put("this")
	case *DefaultExpr:
		p.put("default")
	case *DotsExpr:
		p.put("...")
	case *InvalidExpr:
		p.put("{#}")
	case *ParenExpr:
		p.put("(")
		p.expr(x.X, 0)
		p.put(")")
	case *ListExpr:
		p.listExpr(x)
	case *MaskExpr:
		p.infix(x.X, " &&& ", x.Mask, 0)
	case *RangeExpr:
		p.infix(x.Lo, " .. ", x.Hi, 0)
	case *BinaryExpr:
		p.infix(x.X, " "+x.Op.String()+" ", x.Y, opBinding[x.Op])
	case *UnaryExpr:
		p.unaryExpr(x)
	case *CondExpr:
		p.expr(x.C, 1)
		p.infixFrom(" ? ", x.A, 0)
		p.infixFrom(" : ", x.B, 0)
	case *CastExpr:
		p.put("(")
		p.typ(x.Type)
		p.put(")")
		p.expr(x.X, unaryBinding)
	default:
		p.postfixExpr(x)
	}
}

func (p *printer) infix(x Expr, op string, y Expr, binds uint8) {
	p.expr(x, binds)
	if binds > 0 {
		binds++ // operators group to the left
	}
	p.infixFrom(op, y, binds)
}

func (p *printer) infixFrom(op string, y Expr, least uint8) {
	p.put(op)
	p.expr(y, least)
}

func (p *printer) unaryExpr(x *UnaryExpr) {
	p.put(x.Op.String())
	if inner, ok := x.X.(*UnaryExpr); ok && inner.Op == x.Op {
		p.put(" ") // + +a is not ++a
	}
	p.expr(x.X, unaryBinding)
}

func (p *printer) postfixExpr(x Expr) {
	switch x := x.(type) {
	case *MemberExpr:
		p.expr(x.X, postfixBinding)
		p.put(".")
		p.name(x.Sel)
	case *IndexExpr:
		p.expr(x.X, postfixBinding)
		p.put("[")
		p.expr(x.I, 0)
		p.put("]")
	case *SliceExpr:
		p.expr(x.X, postfixBinding)
		p.put("[")
		if x.Width != nil {
			p.infix(x.Lo, " +: ", x.Width, 0)
		} else {
			p.infix(x.Hi, ":", x.Lo, 0)
		}
		p.put("]")
	case *CallExpr:
		p.expr(x.Fun, postfixBinding)
		if x.TypeArgs != nil {
			p.typeArgs(x.TypeArgs)
		}
		p.args(x.Args)
	}
}

func (p *printer) intLit(x *IntLit) {
	if x.Width > 0 {
		p.put(strconv.Itoa(x.Width))
		if x.Signed {
			p.put("s")
		} else {
			p.put("w")
		}
	}
	p.put(map[int]string{2: "0b", 8: "0o", 16: "0x"}[x.Base], x.Value.Text(x.Base))
}

func (p *printer) listExpr(x *ListExpr) {
	p.put("{")
	commas(p, x.Elems, func(e Expr) { p.expr(e, 0) })
	commas(p, x.Fields, p.namedExpr)
	if x.Dots {
		if len(x.Elems)+len(x.Fields) > 0 {
			p.put(", ")
		}
		p.put("...")
	}
	p.put("}")
}
