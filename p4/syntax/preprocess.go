package syntax

import (
	"fmt"
	"strings"
)

// Bounds of what #include may cause.
const (
	maxIncludeDepth = 100
	maxFiles        = 10_000    // files read, counting every #include
	maxSourceBytes  = 256 << 20 // text read, counting every #include
	maxTokens       = 32 << 20  // tokens handed to the parser
)

// preprocessor turns files into the tokens of one program.
type preprocessor struct {
	cfg    *Config
	diags  *diags
	macros map[string]*macro
	files  []*source // the including files, the one being read last
	once   map[string]bool
	texts  map[string][]byte // files already read, by path
	read   int               // files begun so far
	bytes  int               // text begun so far
	made   int               // tokens made by macros so far
	// madeBytes is the length of those tokens.
	madeBytes int
	depth     int // nesting of expandAll
	lastPos   Pos

	pending []expansion
	// isolated keeps raw within pending: an argument is expanded by itself.
	isolated bool
	// stopped is set by an error after which reading on makes no sense.
	stopped bool
}

// source is a file being read.
type source struct {
	scan *scanner
	path string // as opened; the scanner's file may differ after #line
	dir  string // where its quoted includes are looked for first
	from Pos    // its #include
	// conds are the #if groups open in this file.
	conds []cond
}

// cond is one #if ... #endif.
type cond struct {
	at       Pos
	name     string // "#if", "#ifdef", "#ifndef"
	live     bool   // the present branch is read
	taken    bool   // some branch was read already
	elseSeen bool
	dead     bool // the whole group stands in text that is left out
}

func newPreprocessor(cfg *Config, d *diags) *preprocessor {
	p := &preprocessor{cfg: cfg, diags: d, macros: map[string]*macro{}, once: map[string]bool{}, texts: map[string][]byte{}}
	for _, name := range []string{"__FILE__", "__LINE__"} {
		p.macros[name] = &macro{name: name, builtin: true}
	}
	for _, def := range cfg.Defines {
		name, value, given := strings.Cut(def, "=")
		if !given {
			value = "1"
		}
		s := newScanner("<command line>", []byte(name+" "+value), d)
		s.directive = true
		p.define(s.pos(), restOfLine(s))
	}
	return p
}

// fatalf reports an error and ends reading.
func (p *preprocessor) fatalf(at Pos, format string, args ...any) {
	if !p.stopped {
		p.diags.errorf(at, format, args...)
	}
	p.stopped = true
}

// program returns all tokens of the program, after preprocessing.
func (p *preprocessor) program(path string, text []byte, dir string) []token {
	p.enter(path, text, dir, Pos{})
	var out []token
	for {
		t := p.next()
		if t.kind == tEOF {
			return append(out, t)
		}
		if t.kind == tHash || t.kind == tHashHash {
			t.kind = tOther // stands for nothing outside directives
		}
		out = append(out, t)
		if len(out) > maxTokens {
			p.fatalf(t.pos, "read program: more than %d tokens", maxTokens)
		}
		if p.diags.full() {
			p.stopped = true
		}
	}
}

func (p *preprocessor) enter(path string, text []byte, dir string, from Pos) {
	p.read++
	p.bytes += len(text)
	switch {
	case len(p.files) >= maxIncludeDepth:
		p.fatalf(from, "include %q: includes are nested more than %d deep (%s)", path, maxIncludeDepth, p.chain())
	case p.read > maxFiles:
		p.fatalf(from, "include %q: more than %d files are read", path, maxFiles)
	case p.bytes > maxSourceBytes:
		p.fatalf(from, "include %q: more than %d bytes are read", path, maxSourceBytes)
	default:
		p.files = append(p.files, &source{scan: newScanner(path, text, p.diags), path: path, dir: dir, from: from})
	}
}

// chain names the innermost including files, for a message.
func (p *preprocessor) chain() string {
	var names []string
	for i := len(p.files) - 1; i >= 0 && len(names) < 4; i-- {
		names = append(names, p.files[i].path)
	}
	return "innermost: " + strings.Join(names, ", included by ")
}

// fileToken returns the next token of the files, carrying out directives.
func (p *preprocessor) fileToken() token {
	for !p.stopped && len(p.files) > 0 {
		f := p.files[len(p.files)-1]
		f.scan.quiet = f.skipping()
		t := f.scan.next()
		p.lastPos = t.pos
		switch {
		case t.kind == tEOF:
			p.leave(f)
			if len(p.files) == 0 {
				return t
			}
		case t.kind == tHash && t.is(bol):
			if d, ok := p.directive(f, t); ok {
				return d
			}
		case !f.scan.quiet:
			return t
		}
	}
	return token{kind: tEOF, marks: bol, pos: p.lastPos}
}

func (p *preprocessor) leave(f *source) {
	for _, c := range f.conds {
		p.diags.errorf(c.at, "%s is not closed: expected #endif before end of file", c.name)
	}
	p.files = p.files[:len(p.files)-1]
}

// skipping reports whether the text is being left out.
func (f *source) skipping() bool {
	return len(f.conds) > 0 && !f.conds[len(f.conds)-1].live
}

// restOfLine returns the tokens up to the line end.
func restOfLine(s *scanner) (line []token) {
	for t := s.next(); t.kind != tNewline; t = s.next() {
		line = append(line, t)
	}
	return line
}

// directives is what an unknown directive's diagnostic lists.
const directives = "define, undef, include, if, ifdef, ifndef, elif, else, endif, error, warning, line, pragma"

// directive carries out the line that starts with hash. It returns a token
// for a line that the parser wants to see (#pragma).
func (p *preprocessor) directive(f *source, hash token) (t token, ok bool) {
	s := f.scan
	s.directive = true
	defer func() { s.directive = false }()
	word := s.next()
	switch {
	case word.kind == tNewline:
		return t, false
	case word.text == "if", word.text == "ifdef", word.text == "ifndef",
		word.text == "elif", word.text == "elifdef", word.text == "elifndef",
		word.text == "else", word.text == "endif":
		p.conditional(f, word)
		return t, false
	case f.skipping():
		restOfLine(s)
		return t, false
	case word.kind == tNumber:
		p.lineMark(s, word.pos, append([]token{word}, restOfLine(s)...))
		return t, false
	}
	switch word.text {
	case "include":
		p.include(f, word.pos)
	case "define":
		p.define(word.pos, restOfLine(s))
	case "undef":
		p.undef(word.pos, restOfLine(s))
	case "error":
		p.fatalf(hash.pos, "#error %s", spell(restOfLine(s)))
	case "warning":
		p.diags.warnf(hash.pos, "#warning %s", spell(restOfLine(s)))
	case "line":
		p.lineMark(s, word.pos, p.expandAll(restOfLine(s), word))
	case "pragma":
		return p.pragma(f, hash, restOfLine(s))
	default:
		restOfLine(s)
		p.diags.errorf(word.pos, "unknown directive #%s (directives: %s)", word.text, directives)
	}
	return t, false
}

func (p *preprocessor) undef(at Pos, line []token) {
	switch {
	case len(line) != 1 || !line[0].isWord():
		p.diags.errorf(at, "expected one macro name after #undef, found %s", first(line))
	case p.macros[line[0].text] != nil && p.macros[line[0].text].builtin:
		p.diags.errorf(line[0].pos, "cannot undefine %q: the preprocessor owns this name", line[0].text)
	default:
		delete(p.macros, line[0].text)
	}
}

// lineMark carries out "#line N", "#line N "file"" and "# N "file" flags": the
// line that follows is line N of that file.
func (p *preprocessor) lineMark(s *scanner, at Pos, line []token) {
	n := 0
	if len(line) > 0 && line[0].kind == tNumber {
		if _, err := fmt.Sscanf(line[0].text, "%d", &n); err != nil {
			n = 0
		}
	}
	if n < 1 || n > 1<<30 {
		p.diags.errorf(at, "expected a line number, found %s", first(line))
		return
	}
	if len(line) > 1 {
		if line[1].kind != tString {
			p.diags.errorf(line[1].pos, "expected a file name in quotes after the line number, found %s", line[1].String())
			return
		}
		s.file = unquote(line[1].text)
	}
	s.line, s.col = n, 1
}

// pragma makes the token that stands for a #pragma line.
func (p *preprocessor) pragma(f *source, hash token, line []token) (token, bool) {
	if len(line) == 0 {
		p.diags.warnf(hash.pos, "#pragma says nothing")
		return token{}, false
	}
	if len(line) == 1 && line[0].text == "once" {
		p.once[f.path] = true
		return token{}, false
	}
	return token{kind: tPragma, marks: hash.marks, pos: hash.pos, text: "#pragma", pragma: newPragma(hash.pos, line)}, true
}

// newPragma makes the annotation of a #pragma or @pragma line.
func newPragma(at Pos, line []token) *Annotation {
	a := &Annotation{node: node{at}, Name: line[0].text, Pragma: true}
	for i := range line[1:] {
		a.addToken(&line[1+i])
	}
	return a
}

func (a *Annotation) addToken(t *token) {
	text := t.text
	if t.kind == tString {
		text = unquote(text)
	}
	a.Tokens = append(a.Tokens, text)
	a.IsString = append(a.IsString, t.kind == tString)
}

// conditional carries out #if and its kin.
func (p *preprocessor) conditional(f *source, word token) {
	line := restOfLine(f.scan)
	name := "#" + word.text
	if word.text[0] == 'i' {
		c := cond{at: word.pos, name: name, dead: f.skipping()}
		if !c.dead {
			c.live = p.condition(word, line)
			c.taken = c.live
		}
		f.conds = append(f.conds, c)
		return
	}
	if len(f.conds) == 0 {
		p.diags.errorf(word.pos, "%s without #if", name)
		return
	}
	c := &f.conds[len(f.conds)-1]
	switch {
	case word.text == "endif":
		f.conds = f.conds[:len(f.conds)-1]
	case c.elseSeen:
		p.diags.errorf(word.pos, "%s after #else (of %s at %s)", name, c.name, c.at)
	case word.text == "else":
		c.elseSeen = true
		c.live = !c.taken && !c.dead
		c.taken = true
	case c.taken || c.dead:
		c.live = false
	default:
		c.live = p.condition(token{text: strings.TrimPrefix(word.text, "el"), pos: word.pos}, line)
		c.taken = c.live
	}
}

// condition evaluates the rest of an #if, #ifdef or #ifndef.
func (p *preprocessor) condition(word token, line []token) bool {
	if word.text == "if" {
		return p.evaluate(word, line)
	}
	if len(line) == 0 || !line[0].isWord() {
		p.diags.errorf(word.pos, "expected a macro name after #%s, found %s", word.text, first(line))
		return false
	}
	return (p.macros[line[0].text] != nil) == (word.text == "ifdef")
}
