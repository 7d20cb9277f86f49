package syntax

import (
	"fmt"
	"path/filepath"
)

// Bounds of the tree: deeper programs are refused, so that neither the parser
// nor anyone who walks the tree runs out of stack.
const (
	maxDepth = 1000   // nested expressions, types and statements
	maxChain = 10_000 // operators in a row in one expression
)

// ParseFile reads the program in the file at path. The tree leaves out what
// could not be read; it is worth checking further only if no diagnostic is an
// error. The File is never nil.
func ParseFile(path string, cfg Config) (*File, []Diagnostic) {
	text, err := readSource(path)
	if err != nil {
		return &File{node: node{Pos{File: path}}, Name: path}, []Diagnostic{{At: Pos{File: path}, Text: fmt.Sprintf("read program: %v", err)}}
	}
	return ParseSource(path, text, cfg)
}

// ParseSource reads the program in src, which came from the file name (its
// folder is where quoted includes are looked for first).
func ParseSource(name string, src []byte, cfg Config) (*File, []Diagnostic) {
	d := newDiags(&cfg)
	f := &File{node: node{Pos{name, 1, 1}}, Name: name}
	tokens := newPreprocessor(&cfg, d).program(name, src, filepath.Dir(name))
	if d.errors > 0 {
		return f, d.list // the parser would only stumble over what is missing
	}
	p := &parser{diags: d}
	p.load(tokens)
	p.scopes = []scope{{}}
	f.Decls = p.program()
	for _, pr := range p.pragmas {
		d.warnf(pr.a.At, "pragma %q stands before nothing that it could apply to", pr.a.Name)
	}
	return f, d.list
}

// parser builds the tree by recursive descent over all tokens of the program.
//
// An error sets bad; until the innermost list of declarations, statements or
// table parts has skipped to a place where it can go on (sync), every parse
// function returns at once and whatever it returns is dropped. So the tree
// never holds a half-read node.
type parser struct {
	diags   *diags
	tokens  []token // ends in tEOF
	i       int     // the token that is read next
	tok     tok     // its kind
	bad     bool
	stopped bool // an error after which reading on makes no sense
	angle   bool // in the <...> of a width, where '>' is no operator
	owed    int  // closing braces already reported as missing
	depth   int
	scopes  []scope
	pragmas []pendingPragma
}

// pendingPragma is a pragma line that stands before the token at index before
// and is not attached yet.
type pendingPragma struct {
	before int
	a      *Annotation
}

// load takes the tokens and sets pragma lines apart, because they may stand
// anywhere.
func (p *parser) load(tokens []token) {
	p.tokens = make([]token, 0, len(tokens))
	for i := 0; i < len(tokens); i++ {
		t := tokens[i]
		switch {
		case t.kind == tPragma:
			p.addPragma(t.pragma)
		case t.kind == tAt && tokens[i+1].text == "pragma" && tokens[i+1].isWord() && !tokens[i+1].is(spaced):
			end := i + 2
			for !tokens[end].is(bol) && tokens[end].kind != tPragma {
				end++
			}
			if end == i+2 {
				p.diags.errorf(t.pos, "expected a name after @pragma, found end of line")
			} else {
				p.addPragma(newPragma(t.pos, tokens[i+2:end]))
			}
			i = end - 1
		default:
			p.tokens = append(p.tokens, t)
		}
	}
	p.tok = p.tokens[0].kind
}

// addPragma notes a pragma before the token that is loaded next.
func (p *parser) addPragma(a *Annotation) {
	for i, text := range append([]string{a.Name}, a.Tokens...) {
		if text == `\` && (i == 0 || !a.IsString[i-1]) {
			p.diags.errorf(a.At, `pragma %q holds a stray '\'`, a.Name)
		}
	}
	p.pragmas = append(p.pragmas, pendingPragma{len(p.tokens), a})
}

// takePragmas returns the pragmas that stand before the present token.
func (p *parser) takePragmas() (list []*Annotation) {
	for p.atPragma() {
		list = append(list, p.pragmas[0].a)
		p.pragmas = p.pragmas[1:]
	}
	return list
}

// atPragma reports whether a pragma line stands before the present token.
func (p *parser) atPragma() bool { return len(p.pragmas) > 0 && p.pragmas[0].before <= p.i }

func (p *parser) at() *token { return &p.tokens[p.i] }

func (p *parser) pos() Pos { return p.tokens[p.i].pos }

// peek is the kind of the token n places ahead.
func (p *parser) peek(n int) tok { return p.kindAt(p.i + n) }

func (p *parser) kindAt(i int) tok {
	if i < len(p.tokens) {
		return p.tokens[i].kind
	}
	return tEOF
}

func (p *parser) setIndex(i int) {
	p.i = min(i, len(p.tokens)-1)
	p.tok = p.tokens[p.i].kind
}

func (p *parser) advance() { p.setIndex(p.i + 1) }

// accept passes the token if it is k.
func (p *parser) accept(k tok) bool {
	if p.tok == k && !p.bad {
		p.advance()
		return true
	}
	return false
}

// errorf reports an error at a place and makes the node under way bad.
func (p *parser) errorf(at Pos, format string, args ...any) {
	if !p.bad {
		p.diags.errorf(at, format, args...)
	}
	p.bad = true
	if p.diags.full() {
		p.stop()
	}
}

// stop ends reading.
func (p *parser) stop() {
	p.bad, p.stopped = true, true
	p.setIndex(len(p.tokens) - 1)
}

// expected reports that the present token is not what should stand here.
func (p *parser) expected(what string) {
	p.errorf(p.pos(), "expected %s, found %s", what, p.at().String())
}

// expect passes k, or reports that it should stand after what was just read.
func (p *parser) expect(k tok, after string) {
	if p.bad || p.accept(k) {
		return
	}
	p.expected("'" + punctuation[k] + "' after " + after)
}

// semicolon passes the ';' after something. Where it was forgotten at the end
// of a line or block, the error stands where it should be, and reading goes on
// as if it were there.
func (p *parser) semicolon(after string) {
	if p.bad || p.accept(tSemi) {
		return
	}
	if t := p.at(); (t.is(bol) || t.kind == tRBrace) && p.i > 0 {
		prev := p.tokens[p.i-1]
		at := prev.pos
		at.Col += len(prev.text)
		if at.File != t.pos.File || at.Line == t.pos.Line {
			at = t.pos
		}
		p.diags.errorf(at, "expected ';' after %s, found %s", after, t.String())
		p.bad = p.diags.full()
		return
	}
	p.expected("';' after " + after)
}

// nest counts the nesting of what is being read; false means too deep.
func (p *parser) nest() bool {
	p.depth++
	if p.depth > maxDepth && !p.bad {
		p.errorf(p.pos(), "program is nested more than %d levels deep here", maxDepth)
		p.stop()
	}
	return !p.bad
}

func (p *parser) unnest() { p.depth-- }

// syncLevel says which words a skip may stop at.
type syncLevel uint8

const (
	syncDecl syncLevel = iota // declarations of the whole program
	syncBody                  // declarations and states in a parser or control
	syncStmt                  // statements
	syncPart                  // parts of a table or a type: only ';' and '}'
)

// sync ends bad: it skips behind the next ';' or '}' that closes what the skip
// came across, or before a '}' that closes something older, or before a word
// that starts a line and surely begins something new.
func (p *parser) sync(level syncLevel) {
	if p.stopped {
		return
	}
	p.bad = false
	depth := 0
	for moved := false; p.tok != tEOF; moved = true {
		switch p.tok {
		case tLBrace:
			depth++
		case tRBrace:
			if depth == 0 {
				if level == syncDecl {
					p.advance() // closes nothing at the top level
				}
				return
			}
			if depth--; depth == 0 {
				p.advance()
				if p.accept(tSemi) || p.tok != tColon { // a '{...}:' goes on
					return
				}
				continue
			}
		case tSemi:
			if depth == 0 {
				p.advance()
				return
			}
		default:
			if moved && (depth == 0 && p.at().is(bol) && startsAt(p.tok, level) || p.atProgramPart()) {
				return
			}
		}
		p.advance()
	}
	p.bad = true // nothing left: no more errors either
}

// startsAt reports whether a word at the start of a line begins something that
// may stand in a list of the level.
func startsAt(k tok, level syncLevel) bool {
	switch k {
	case kwConst:
		return level != syncPart
	case kwAction, kwTable, kwState, kwApply:
		return level == syncBody
	case kwIf, kwReturn, kwExit, kwSwitch, kwFor, kwTransition:
		return level == syncStmt
	}
	return false
}

// atProgramPart reports whether the token begins a declaration that can stand
// at the top of a program only, at the start of a line: there no open brace is
// still meant.
func (p *parser) atProgramPart() bool {
	t := p.at()
	if !t.is(bol) || t.pos.Col != 1 {
		return false
	}
	switch t.kind {
	case kwParser, kwControl, kwHeader, kwStruct, kwHeaderUnion, kwPackage, kwExtern, kwTypedef, kwEnum:
		return p.tokens[min(p.i+1, len(p.tokens)-1)].isWord()
	case kwMatchKind, kwError:
		return p.peek(1) == tLBrace
	}
	return false
}

// atBodyEnd reports whether a '{...}' list ends here, rightly or not.
func (p *parser) atBodyEnd() bool {
	return p.tok == tRBrace || p.tok == tEOF || p.atProgramPart()
}

// body reads { item item ... }. item reads one thing and keeps it unless p.bad.
func (p *parser) body(what string, level syncLevel, item func()) {
	open := p.pos()
	p.expect(tLBrace, what)
	for !p.bad && !p.atBodyEnd() {
		start := p.i
		item()
		if !p.bad {
			continue
		}
		p.sync(level)
		if p.i == start && !p.atBodyEnd() {
			p.advance()
		}
	}
	if p.bad || p.accept(tRBrace) {
		return
	}
	// A brace is missing: one message, and reading goes on behind it.
	p.diags.errorf(p.pos(), "expected '}' to close %s (opened on line %d), found %s", what, open.Line, p.at().String())
	p.owed++
	if p.diags.full() {
		p.stop()
	}
	p.bad = p.bad || p.tok == tEOF
}
