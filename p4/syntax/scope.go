package syntax

// The grammar of P4 cannot be read without knowing what names types: "(a) - b"
// is a cast or a difference, "T.x" a member of a type or of a value. So the
// parser keeps, per scope, the little it needs. Statements and type arguments
// are told apart by looking ahead, and do not need it.

// meaning is what the parser knows of a name.
type meaning uint8

const (
	unknown meaning = iota
	isType
	isValue    // variable, constant, parameter, instance, table
	isFunction // function or action: the name of a generic call
)

type scope map[string]meaning

func (p *parser) openScope() { p.scopes = append(p.scopes, nil) }

func (p *parser) closeScope() { p.scopes = p.scopes[:len(p.scopes)-1] }

// declare enters a name into the innermost scope.
func (p *parser) declare(n *Name, m meaning) {
	if n == nil || p.bad {
		return
	}
	top := &p.scopes[len(p.scopes)-1]
	if *top == nil {
		*top = scope{}
	}
	(*top)[n.Value] = m
}

// lookup says what a name means here; global ones (".x") are looked up in the
// outermost scope only.
func (p *parser) lookup(name string, global bool) meaning {
	if global {
		return p.scopes[0][name]
	}
	for i := len(p.scopes) - 1; i >= 0; i-- {
		if m := p.scopes[i][name]; m != unknown {
			return m
		}
	}
	return unknown
}

// isNameAt reports whether the token at i can be a name, as keywords that mean
// something in one place only can.
func (p *parser) isNameAt(i int) bool { return isName(p.kindAt(i)) }

func isName(k tok) bool {
	switch k {
	case tName, kwApply, kwKey, kwActions, kwState, kwEntries, kwType, kwPriority, kwList:
		return true
	}
	return false
}

func isBaseType(k tok) bool {
	switch k {
	case kwBool, kwBit, kwInt, kwVarbit, kwString, kwError, kwMatchKind, kwVoid:
		return true
	}
	return false
}

// maxSkipDepth bounds the nesting of type arguments that the look-ahead follows.
const maxSkipDepth = 64

// skipType returns the index behind the type at token i, without building it.
func (p *parser) skipType(i, depth int) (end int, ok bool) {
	switch k := p.kindAt(i); {
	case depth > maxSkipDepth:
		return i, false
	case k == kwDontCare:
		return i + 1, depth > 0
	case k == kwBit || k == kwInt || k == kwVarbit:
		i, ok = p.skipWidth(i + 1)
	case k == kwTuple || k == kwList && p.kindAt(i+1) == tLt:
		i, ok = p.skipTypeArgs(i+1, depth)
	case isBaseType(k):
		i, ok = i+1, true
	default:
		if k == tDot {
			i++
		}
		if !p.isNameAt(i) {
			return i, false
		}
		i, ok = i+1, true
		if p.kindAt(i) == tLt {
			i, ok = p.skipTypeArgs(i, depth)
		}
	}
	for ok && p.kindAt(i) == tLBracket {
		i, ok = p.skipBrackets(i)
	}
	return i, ok
}

// maxSkipWidth bounds how many tokens of a width the look-ahead follows.
const maxSkipWidth = 1000

func (p *parser) skipWidth(i int) (end int, ok bool) {
	if p.kindAt(i) != tLt {
		return i, true
	}
	i++
	for last := i + maxSkipWidth; i < last; {
		switch p.kindAt(i) {
		case tGt:
			return i + 1, true
		case tLParen, tLBracket:
			if i, ok = p.skipBrackets(i); !ok {
				return i, false
			}
		case tEOF, tSemi, tLBrace, tRBrace, tRParen, tRBracket, tComma, tAssign:
			return i, false
		default:
			i++
		}
	}
	return i, false
}

// skipTypeArgs passes <A, B>. Names known to be values are no arguments.
func (p *parser) skipTypeArgs(i, depth int) (end int, ok bool) {
	if p.kindAt(i) != tLt {
		return i, false
	}
	if i++; p.kindAt(i) == tGt {
		return i + 1, true
	}
	for {
		if p.isNameAt(i) {
			if m := p.lookup(p.tokens[i].text, false); m == isValue || m == isFunction {
				return i, false
			}
		}
		if i, ok = p.skipType(i, depth+1); !ok {
			return i, false
		}
		switch p.kindAt(i) {
		case tGt:
			return i + 1, true
		case tComma:
			i++
		default:
			return i, false
		}
	}
}

// skipBrackets returns the index behind the bracket that closes the one at i.
func (p *parser) skipBrackets(i int) (end int, ok bool) {
	depth := 0
	for ; i < len(p.tokens); i++ {
		switch p.tokens[i].kind {
		case tLParen, tLBracket, tLBrace:
			depth++
		case tRParen, tRBracket, tRBrace:
			if depth--; depth == 0 {
				return i + 1, true
			}
		case tSemi: // only in an object initialiser, which no caller skips
			return i, false
		}
	}
	return i, false
}
