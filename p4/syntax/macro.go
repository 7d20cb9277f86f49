package syntax

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Bounds of the work that macros may cause. Real programs stay far below them;
// beyond them a program is refused rather than read for hours.
const (
	maxMacroTokens = 1 << 20  // tokens made by expansion, in one run
	maxMacroBytes  = 16 << 20 // length of those tokens
	maxMacroDepth  = 200      // macro calls within arguments of macro calls
)

// macro is one #define.
type macro struct {
	name     string
	at       Pos
	builtin  bool // __FILE__ and __LINE__
	function bool // NAME(...), even with no parameter
	params   []string
	variadic bool // the last parameter takes all remaining arguments
	body     []token
	// active is true while the macro's own expansion is being read: its name
	// in there does not expand again.
	active bool
}

// same reports whether two definitions mean the same, so that a second one is
// not worth a warning.
func (m *macro) same(o *macro) bool {
	return m.function == o.function && m.variadic == o.variadic && slices.Equal(m.params, o.params) &&
		slices.EqualFunc(m.body, o.body, func(a, b token) bool {
			return a.text == b.text && a.is(spaced) == b.is(spaced)
		})
}

// expansion is a list of tokens waiting to be read, often a macro's.
type expansion struct {
	macro *macro // or nil
	list  []token
}

func (p *preprocessor) push(m *macro, list []token) {
	if m != nil {
		m.active = true
	}
	p.pending = append(p.pending, expansion{m, list})
}

// raw returns the next token before macro expansion: from expansions under
// way, else from the file. Directives met on the way are carried out.
func (p *preprocessor) raw() token {
	for len(p.pending) > 0 && !p.stopped {
		top := &p.pending[len(p.pending)-1]
		if len(top.list) > 0 {
			t := top.list[0]
			top.list = top.list[1:]
			return t
		}
		if top.macro != nil {
			top.macro.active = false
		}
		p.pending = p.pending[:len(p.pending)-1]
	}
	if p.isolated || p.stopped {
		return token{kind: tEOF, marks: bol, pos: p.lastPos}
	}
	return p.fileToken()
}

// next returns the next token after macro expansion.
func (p *preprocessor) next() token {
	for {
		t := p.raw()
		if !t.isWord() || t.is(noExpand) {
			return t
		}
		m := p.macros[t.text]
		if m == nil {
			return t
		}
		if m.active {
			t.marks |= noExpand
			return t
		}
		if !p.expand(m, t) {
			return t
		}
	}
}

// expand starts the expansion of m, whose name is t. It returns false where t
// is not a use of m after all (a function macro's name without arguments).
func (p *preprocessor) expand(m *macro, t token) bool {
	var list []token
	switch {
	case m.builtin:
		list = []token{builtinToken(m.name, t.pos)}
	case m.function:
		open := p.raw()
		if open.kind != tLParen {
			if open.kind != tEOF || !p.isolated {
				p.push(nil, []token{open})
			}
			return false
		}
		args, ok := p.arguments(m, t)
		if !ok {
			return true // reported; the call is gone
		}
		list = p.substitute(m, args, t)
	default:
		list = p.substitute(m, nil, t)
	}
	if len(list) > 0 {
		first := &list[0]
		first.marks = first.marks&^(bol|spaced) | t.marks&(bol|spaced)
	}
	if p.made > maxMacroTokens || p.madeBytes > maxMacroBytes {
		p.fatalf(t.pos, "expand macro %q: the program's macros make more than %d tokens or %d bytes",
			m.name, maxMacroTokens, maxMacroBytes)
		return true
	}
	p.push(m, list)
	return true
}

func builtinToken(name string, at Pos) token {
	if name == "__LINE__" {
		return token{kind: tNumber, text: strconv.Itoa(at.Line), pos: at}
	}
	return token{kind: tString, text: quote(filepath.ToSlash(at.File)), pos: at}
}

// arguments reads the arguments of a call of m, after its parenthesis.
func (p *preprocessor) arguments(m *macro, name token) (args [][]token, ok bool) {
	var arg []token
	for depth := 1; ; {
		t := p.raw()
		switch {
		case t.kind == tEOF:
			if !p.stopped {
				p.diags.errorf(name.pos, "call macro %q: expected ')' before %s", m.name, t.String())
			}
			return nil, false
		case t.kind == tLParen:
			depth++
		case t.kind == tRParen:
			depth--
		}
		if depth == 0 {
			break
		}
		if t.kind == tComma && depth == 1 && !(m.variadic && len(args) == len(m.params)-1) {
			args = append(args, arg)
			arg = nil
			continue
		}
		if t.is(bol) {
			t.marks = t.marks&^bol | spaced
		}
		arg = append(arg, t)
	}
	args = append(args, arg)
	if len(m.params) == 0 && len(args) == 1 && len(arg) == 0 {
		args = nil
	}
	if m.variadic && len(args) == len(m.params)-1 {
		args = append(args, nil)
	}
	if len(args) != len(m.params) {
		want := strconv.Itoa(len(m.params))
		if m.variadic {
			want = "at least " + strconv.Itoa(len(m.params)-1)
		}
		p.diags.errorf(name.pos, "call macro %q: expected %s arguments, found %d (defined at %s)", m.name, want, len(args), m.at)
		return nil, false
	}
	return args, true
}

// substitute makes the tokens that a use of m at the token called stands for.
func (p *preprocessor) substitute(m *macro, args [][]token, called token) []token {
	out := make([]token, 0, len(m.body))
	expanded := make([][]token, len(args))
	body := m.body
	// operand is what stands beside ##: an argument as it was written.
	operand := func(i int) ([]token, int) {
		if m.function && body[i].kind == tHash && i+1 < len(body) {
			if n := m.param(body[i+1]); n >= 0 {
				return []token{stringify(args[n], called.pos, body[i].marks)}, i + 2
			}
		}
		if n := m.param(body[i]); n >= 0 {
			if len(args[n]) == 0 {
				return []token{{kind: tMarker, pos: called.pos, marks: body[i].marks & spaced}}, i + 1
			}
			return leading(args[n], body[i].marks), i + 1
		}
		t := body[i]
		t.pos = called.pos
		return []token{t}, i + 1
	}
	// add also keeps the count of what macros make.
	add := func(list []token) {
		p.made += len(list)
		for _, t := range list {
			p.madeBytes += len(t.text)
		}
		out = append(out, list...)
	}
	for i := 0; i < len(body) && p.made <= maxMacroTokens && p.madeBytes <= maxMacroBytes; {
		left, next := operand(i)
		if next >= len(body) || body[next].kind != tHashHash {
			if n := m.param(body[i]); n >= 0 {
				if expanded[n] == nil {
					expanded[n] = p.expandAll(args[n], called)
				}
				left = leading(expanded[n], body[i].marks)
			}
			add(left)
			i = next
			continue
		}
		for next < len(body) && body[next].kind == tHashHash {
			if next+1 >= len(body) {
				next++
				break
			}
			variadic := m.variadic && m.param(body[next+1]) == len(m.params)-1
			right, after := operand(next + 1)
			left = paste(left, right, variadic, called.pos)
			next = after
		}
		add(left)
		i = next
	}
	return slices.DeleteFunc(out, func(t token) bool { return t.kind == tMarker })
}

// param is the index of the parameter that t names, or -1.
func (m *macro) param(t token) int {
	if !m.function || !t.isWord() {
		return -1
	}
	return slices.Index(m.params, t.text)
}

// leading returns a copy of list that is spaced from what is before it as a
// token with the given marks is.
func leading(list []token, marks uint8) []token {
	list = slices.Clone(list)
	if len(list) > 0 {
		list[0].marks = list[0].marks&^(bol|spaced) | marks&spaced
	}
	return list
}

// paste joins the last token of left with the first of right. A comma before
// an empty variable argument list goes away instead.
func paste(left, right []token, variadic bool, at Pos) []token {
	if len(left) == 0 {
		return right
	}
	a, b := left[len(left)-1], right[0]
	left = left[:len(left)-1]
	var joined []token
	switch {
	case a.kind == tComma && variadic:
		if b.kind != tMarker {
			return append(append(left, a), right...)
		}
		joined = []token{b}
	case a.kind == tMarker:
		b.marks = b.marks&^spaced | a.marks&spaced
		joined = []token{b}
	case b.kind == tMarker:
		joined = []token{a}
	default:
		joined = scanText(a.text+b.text, at)
		if len(joined) > 0 {
			joined[0].marks |= a.marks & spaced
		}
	}
	return append(append(left, joined...), right[1:]...)
}

// stringify makes the string of an argument's tokens as they were written.
func stringify(list []token, at Pos, marks uint8) token {
	return token{kind: tString, text: quote(spell(list)), pos: at, marks: marks & spaced}
}

// spell writes tokens in a row, with one space where the author had any.
func spell(list []token) string {
	var b strings.Builder
	for i, t := range list {
		if i > 0 && t.is(spaced|bol) {
			b.WriteByte(' ')
		}
		b.WriteString(t.text)
	}
	return b.String()
}

// expandAll expands an argument by itself, as if it were the rest of the file.
func (p *preprocessor) expandAll(list []token, called token) []token {
	if !slices.ContainsFunc(list, func(t token) bool { return t.isWord() && p.macros[t.text] != nil }) {
		return list
	}
	if p.depth >= maxMacroDepth {
		p.fatalf(called.pos, "expand macro %q: macro calls are nested more than %d deep", called.text, maxMacroDepth)
		return nil
	}
	saved, isolated := p.pending, p.isolated
	p.pending, p.isolated = nil, true
	p.depth++
	p.push(nil, list)
	out := make([]token, 0, len(list))
	for t := p.next(); t.kind != tEOF; t = p.next() {
		out = append(out, t)
	}
	p.depth--
	p.pending, p.isolated = saved, isolated
	return out
}

// define carries out #define, given the rest of its line.
func (p *preprocessor) define(at Pos, line []token) {
	if len(line) == 0 || !line[0].isWord() {
		p.diags.errorf(at, "expected a macro name after #define, found %s", first(line))
		return
	}
	m := &macro{name: line[0].text, at: line[0].pos}
	rest := line[1:]
	if len(rest) > 0 && rest[0].kind == tLParen && !rest[0].is(spaced) {
		var ok bool
		if rest, ok = p.macroParams(m, rest[1:]); !ok {
			return
		}
	}
	m.body = slices.Clone(rest)
	if len(m.body) > 0 {
		m.body[0].marks &^= spaced
	}
	if n := len(m.body); n > 0 && (m.body[0].kind == tHashHash || m.body[n-1].kind == tHashHash) {
		p.diags.errorf(m.at, "define macro %q: '##' needs a token on both sides", m.name)
		return
	}
	old := p.macros[m.name]
	switch {
	case m.name == "defined" || old != nil && old.builtin:
		p.diags.errorf(m.at, "cannot define %q: the preprocessor owns this name", m.name)
		return
	case old != nil && !old.same(m):
		p.diags.warnf(m.at, "macro %q is redefined with another meaning (first defined at %s)", m.name, old.at)
	}
	p.macros[m.name] = m
}

// macroParams reads the parameters of a function macro and returns its body.
func (p *preprocessor) macroParams(m *macro, line []token) (body []token, ok bool) {
	m.function = true
	if len(line) > 0 && line[0].kind == tRParen {
		return line[1:], true
	}
	for i := 0; ; i++ {
		switch {
		case i < len(line) && line[i].kind == tDots:
			m.params = append(m.params, "__VA_ARGS__")
			m.variadic = true
		case i < len(line) && line[i].isWord():
			if slices.Contains(m.params, line[i].text) {
				p.diags.errorf(line[i].pos, "define macro %q: parameter %q is named twice", m.name, line[i].text)
				return nil, false
			}
			m.params = append(m.params, line[i].text)
			if i+1 < len(line) && line[i+1].kind == tDots {
				m.variadic = true
				i++
			}
		default:
			p.diags.errorf(m.at, "define macro %q: expected a parameter name or '...', found %s", m.name, first(line[min(i, len(line)):]))
			return nil, false
		}
		i++
		switch {
		case i < len(line) && line[i].kind == tRParen:
			return line[i+1:], true
		case i < len(line) && line[i].kind == tComma && !m.variadic:
		case m.variadic:
			p.diags.errorf(m.at, "define macro %q: expected ')' after '...', found %s", m.name, first(line[min(i, len(line)):]))
			return nil, false
		default:
			p.diags.errorf(m.at, "define macro %q: expected ',' or ')' after parameter, found %s", m.name, first(line[min(i, len(line)):]))
			return nil, false
		}
	}
}

// first shows the first token of a directive's rest.
func first(line []token) string {
	if len(line) == 0 {
		return "end of line"
	}
	return line[0].String()
}
