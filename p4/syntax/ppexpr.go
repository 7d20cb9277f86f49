package syntax

import (
	"strconv"
	"strings"
)

// maxCondDepth bounds the nesting of an #if expression.
const maxCondDepth = 200

// condParser evaluates the expression of an #if, in 64 bits.
type condParser struct {
	p     *preprocessor
	at    Pos // of the directive
	line  []token
	depth int
	bad   bool
	// dead is above 0 where the value does not count (the right side of
	// 0 && ...), so that a division by zero there is no error.
	dead int
}

// evaluate works out an #if line.
func (p *preprocessor) evaluate(word token, line []token) bool {
	line = p.expandAll(p.resolveDefined(line), word)
	c := &condParser{p: p, at: word.pos, line: line}
	if len(line) == 0 {
		p.diags.errorf(word.pos, "expected an expression after #%s", word.text)
		return false
	}
	v := c.comma()
	if !c.bad && len(c.line) > 0 {
		c.fail("expected an operator or end of line in #%s, found %s", word.text, first(c.line))
	}
	return v != 0 && !c.bad
}

// resolveDefined replaces defined(X) and defined X before macros expand.
func (p *preprocessor) resolveDefined(line []token) []token {
	var out []token
	for i := 0; i < len(line); i++ {
		if line[i].text != "defined" || !line[i].isWord() {
			out = append(out, line[i])
			continue
		}
		name, last := i+1, i+1
		if i+3 < len(line) && line[i+1].kind == tLParen && line[i+3].kind == tRParen {
			name, last = i+2, i+3
		}
		if name >= len(line) || !line[name].isWord() {
			p.diags.errorf(line[i].pos, "expected a macro name after 'defined', found %s", first(line[min(name, len(line)):]))
			return []token{{kind: tNumber, text: "0", pos: line[i].pos}}
		}
		value := "0"
		if p.macros[line[name].text] != nil {
			value = "1"
		}
		out = append(out, token{kind: tNumber, text: value, pos: line[i].pos})
		i = last
	}
	return out
}

func (c *condParser) fail(format string, args ...any) int64 {
	if !c.bad {
		at := c.at
		if len(c.line) > 0 {
			at = c.line[0].pos
		}
		c.p.diags.errorf(at, format, args...)
	}
	c.bad = true
	c.line = nil
	return 0
}

func (c *condParser) accept(k tok) bool {
	if len(c.line) > 0 && c.line[0].kind == k {
		c.line = c.line[1:]
		return true
	}
	return false
}

func (c *condParser) comma() int64 {
	v := c.ternary()
	for c.accept(tComma) {
		v = c.ternary()
	}
	return v
}

func (c *condParser) ternary() int64 {
	if c.depth++; c.depth > maxCondDepth {
		return c.fail("expression is nested more than %d deep", maxCondDepth)
	}
	defer func() { c.depth-- }()
	v := c.binary(1)
	if !c.accept(tQuestion) {
		return v
	}
	yes := c.unless(v == 0, c.comma)
	if !c.accept(tColon) {
		return c.fail("expected ':' of '?', found %s", first(c.line))
	}
	no := c.unless(v != 0, c.ternary)
	if v != 0 {
		return yes
	}
	return no
}

// unless evaluates by f, as text that does not count if dead.
func (c *condParser) unless(dead bool, f func() int64) int64 {
	if dead {
		c.dead++
		defer func() { c.dead-- }()
	}
	return f()
}

// condLevels are C's binary operators, weakest first.
var condLevels = map[string]int{
	"||": 1, "&&": 2, "|": 3, "^": 4, "&": 5, "==": 6, "!=": 6,
	"<": 7, "<=": 7, ">": 7, ">=": 7, "<<": 8, ">>": 8, "+": 9, "-": 9, "*": 10, "/": 10, "%": 10,
}

// operator returns the operator that stands next and how many tokens it is.
func (c *condParser) operator() (op string, tokens int) {
	if len(c.line) == 0 {
		return "", 0
	}
	op, tokens = c.line[0].text, 1
	if op == ">" && len(c.line) > 1 && c.line[1].kind == tGt && !c.line[1].is(spaced) {
		return ">>", 2
	}
	return op, tokens
}

func (c *condParser) binary(level int) int64 {
	left := c.unary()
	for !c.bad {
		op, tokens := c.operator()
		l := condLevels[op]
		if l == 0 || l < level {
			break
		}
		c.line = c.line[tokens:]
		dead := op == "&&" && left == 0 || op == "||" && left != 0
		right := c.unless(dead, func() int64 { return c.binary(l + 1) })
		left = c.apply(op, left, right)
	}
	return left
}

func (c *condParser) apply(op string, a, b int64) int64 {
	switch op {
	case "||":
		return truth(a != 0 || b != 0)
	case "&&":
		return truth(a != 0 && b != 0)
	case "|":
		return a | b
	case "^":
		return a ^ b
	case "&":
		return a & b
	case "==":
		return truth(a == b)
	case "!=":
		return truth(a != b)
	case "<":
		return truth(a < b)
	case "<=":
		return truth(a <= b)
	case ">":
		return truth(a > b)
	case ">=":
		return truth(a >= b)
	case "<<":
		return a << (uint64(b) & 63)
	case ">>":
		return a >> (uint64(b) & 63)
	case "+":
		return a + b
	case "-":
		return a - b
	case "*":
		return a * b
	}
	if b == 0 {
		if c.dead > 0 {
			return 0
		}
		return c.fail("division by zero in #if")
	}
	if b == -1 { // the one quotient that overflows
		if op == "%" {
			return 0
		}
		return -a
	}
	if op == "%" {
		return a % b
	}
	return a / b
}

func truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func (c *condParser) unary() int64 {
	if c.depth++; c.depth > maxCondDepth {
		return c.fail("expression is nested more than %d deep", maxCondDepth)
	}
	defer func() { c.depth-- }()
	switch {
	case c.bad || len(c.line) == 0:
		return c.fail("expected a value in #if, found end of line")
	case c.accept(tNot):
		return truth(c.unary() == 0)
	case c.accept(tBitNot):
		return ^c.unary()
	case c.accept(tSub):
		return -c.unary()
	case c.accept(tAdd):
		return c.unary()
	case c.accept(tLParen):
		v := c.comma()
		if !c.bad && !c.accept(tRParen) {
			return c.fail("expected ')' in #if, found %s", first(c.line))
		}
		return v
	}
	t := c.line[0]
	switch {
	case t.kind == tNumber:
		v, ok := condNumber(t.text)
		if !ok {
			return c.fail("%s is not a number that #if can use", t.String())
		}
		c.line = c.line[1:]
		return v
	case t.isWord():
		c.line = c.line[1:]
		if len(c.line) > 0 && c.line[0].kind == tLParen {
			return c.fail("no function macro %q for this call in #if", t.text)
		}
		return 0
	}
	return c.fail("expected a value in #if, found %s", t.String())
}

// condNumber reads a number as C does (leading 0: octal; U and L forgiven), or
// as P4 does where C has no such form.
func condNumber(text string) (int64, bool) {
	s := strings.ReplaceAll(strings.TrimRight(text, "uUlL"), "_", "")
	if i := strings.IndexAny(s, "ws"); i > 0 {
		s = s[i+1:]
	}
	if strings.HasPrefix(s, "0d") || strings.HasPrefix(s, "0D") {
		s = strings.TrimLeft(s[2:], "0") + ""
		if s == "" {
			s = "0"
		}
	}
	v, err := strconv.ParseUint(s, 0, 64)
	return int64(v), err == nil
}
