package syntax

import (
	"bytes"
	"unicode/utf8"
)

// scanner cuts one file into tokens. It knows nothing of macros; the
// preprocessor drives it and tells it when a directive line is being read.
type scanner struct {
	src     []byte
	off     int
	file    string // as named in positions; #line changes it
	line    int
	col     int
	splices []int // offsets in src where a backslash and a line end were removed
	atBOL   bool
	// directive makes a line end a token and ends strings there.
	directive bool
	// quiet is true in text left out by #if: nothing is wrong there.
	quiet bool
	diags *diags
}

func newScanner(file string, src []byte, d *diags) *scanner {
	s := &scanner{file: file, line: 1, col: 1, atBOL: true, diags: d}
	src = bytes.TrimPrefix(src, []byte("\ufeff"))
	s.src, s.splices = splice(src)
	s.passSplices()
	return s
}

// splice removes every backslash that ends a line, with the line end (blanks
// between the two are forgiven), and says where it did.
func splice(src []byte) (out []byte, at []int) {
	if bytes.IndexByte(src, '\\') < 0 {
		return src, nil
	}
	out = make([]byte, 0, len(src))
	for i := 0; i < len(src); {
		if src[i] == '\\' {
			j := i + 1
			for j < len(src) && (src[j] == ' ' || src[j] == '\t' || src[j] == '\r') {
				j++
			}
			if j < len(src) && src[j] == '\n' {
				at = append(at, len(out))
				i = j + 1
				continue
			}
		}
		out = append(out, src[i])
		i++
	}
	return out, at
}

func (s *scanner) passSplices() {
	for len(s.splices) > 0 && s.splices[0] == s.off {
		s.splices = s.splices[1:]
		s.line++
		s.col = 1
	}
}

func (s *scanner) pos() Pos { return Pos{s.file, s.line, s.col} }

// at is the byte i places ahead, or 0 beyond the end.
func (s *scanner) at(i int) byte {
	if s.off+i < len(s.src) {
		return s.src[s.off+i]
	}
	return 0
}

func (s *scanner) eof() bool { return s.off >= len(s.src) }

// advance passes n bytes.
func (s *scanner) advance(n int) {
	for ; n > 0; n-- {
		if s.src[s.off] == '\n' {
			s.line++
			s.col = 1
		} else {
			s.col++
		}
		s.off++
		s.passSplices()
	}
}

// blanks passes white space and comments, and reports whether there were any.
// In a directive it stops before the line end.
func (s *scanner) blanks() (any bool) {
	for !s.eof() {
		switch c := s.src[s.off]; {
		case c == '\n':
			if s.directive {
				return any
			}
			s.advance(1)
			s.atBOL = true
		case c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f':
			s.advance(1)
		case c == '/' && s.at(1) == '/':
			for !s.eof() && s.src[s.off] != '\n' {
				s.advance(1)
			}
		case c == '/' && s.at(1) == '*':
			s.blockComment()
		default:
			return any
		}
		any = true
	}
	return any
}

func (s *scanner) blockComment() {
	start := s.pos()
	s.advance(2)
	for !s.eof() {
		if s.src[s.off] == '*' && s.at(1) == '/' {
			s.advance(2)
			return
		}
		s.advance(1)
	}
	if !s.quiet {
		s.diags.errorf(start, "comment is not closed: expected '*/' before end of file")
	}
}

// next returns the next token.
func (s *scanner) next() token {
	var t token
	if s.blanks() {
		t.marks |= spaced
	}
	t.pos = s.pos()
	if s.eof() {
		t.kind = tEOF
		if s.directive {
			t.kind = tNewline
		}
		t.marks |= bol
		return t
	}
	if s.atBOL {
		t.marks |= bol
		s.atBOL = false
	}
	start := s.off
	switch c := s.src[s.off]; {
	case c == '\n': // in a directive only
		t.kind = tNewline
		s.advance(1)
		s.atBOL = true
		return t
	case isLetter(c):
		for isLetter(s.at(0)) || isDigit(s.at(0)) {
			s.advance(1)
		}
		t.kind = tName
	case isDigit(c):
		for isLetter(s.at(0)) || isDigit(s.at(0)) {
			s.advance(1)
		}
		t.kind = tNumber
	case c == '"':
		s.string()
		t.kind = tString
	default:
		t.kind = s.punct()
	}
	t.text = string(s.src[start:s.off])
	if t.kind == tName {
		if kw, ok := keywords[t.text]; ok {
			t.kind = kw
		}
	}
	return t
}

func isLetter(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_'
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// string passes a string literal. It may go over several lines, except in a
// directive and in text that is left out.
func (s *scanner) string() {
	start := s.pos()
	s.advance(1)
	for !s.eof() {
		switch c := s.src[s.off]; {
		case c == '"':
			s.advance(1)
			return
		case c == '\n' && (s.directive || s.quiet):
			if !s.quiet {
				s.diags.errorf(start, "string is not closed: expected '\"' before end of line")
			}
			return
		case c == '\\' && s.off+1 < len(s.src):
			s.advance(2)
		default:
			s.advance(1)
		}
	}
	if !s.quiet {
		s.diags.errorf(start, "string is not closed: expected '\"' before end of file")
	}
}

// punct passes the longest punctuation token, or one character.
func (s *scanner) punct() tok {
	rest := s.src[s.off:]
	for _, k := range punctByFirst[rest[0]] {
		if p := punctuation[k]; len(rest) >= len(p) && string(rest[:len(p)]) == p {
			s.advance(len(p))
			return k
		}
	}
	_, n := utf8.DecodeRune(rest)
	s.advance(n)
	return tOther
}

// headerName reads the <name> of an #include, or reports that there is none.
func (s *scanner) headerName() (name string, ok bool) {
	s.blanks()
	if s.at(0) != '<' {
		return "", false
	}
	for i := 1; s.at(i) != '\n' && s.off+i < len(s.src); i++ {
		if s.at(i) == '>' {
			name = string(s.src[s.off+1 : s.off+i])
			s.advance(i + 1)
			return name, true
		}
	}
	return "", false
}

// scanText cuts a text that stands at one place (a pasted or computed one).
func scanText(text string, at Pos) []token {
	s := newScanner(at.File, []byte(text), &diags{max: 1})
	s.quiet = true
	var list []token
	for {
		t := s.next()
		if t.kind == tEOF {
			return list
		}
		t.pos = at
		t.marks &^= bol
		list = append(list, t)
	}
}
