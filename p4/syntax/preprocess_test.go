package syntax

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// preprocess returns the tokens that the parser would see, and what was wrong.
func preprocess(text string, cfg Config) (out string, list []token, wrong []string) {
	d := newDiags(&cfg)
	list = newPreprocessor(&cfg, d).program("x.p4", []byte(text), ".")
	list = list[:len(list)-1]
	var words []string
	for _, t := range list {
		words = append(words, t.text)
	}
	for _, m := range d.list {
		wrong = append(wrong, m.String())
	}
	return strings.Join(words, " "), list, wrong
}

func TestMacros(t *testing.T) {
	cases := []struct{ name, text, want string }{
		{"object", "#define A 1\nA B A", "1 B 1"},
		{"nested", "#define A B\n#define B C\nA", "C"},
		{"undefined again", "#define A 1\nA\n#undef A\nA", "1 A"},
		{"itself", "#define A A + 1\nA", "A + 1"},
		{"each other", "#define A B 1\n#define B A 2\nA B", "A 2 1 B 1 2"},
		{"function", "#define F(x, y) x-y\nF(1, 2)", "1 - 2"},
		{"no arguments", "#define F() z\nF() F", "z F"},
		{"name alone", "#define F(x) x\nF + F (3)", "F + 3"},
		{"space before parenthesis", "#define F (x)\nF", "( x )"},
		{"over lines", "#define F(x, y) x y\nF(1,\n  2\n)", "1 2"},
		{"commas in parentheses", "#define F(x) <x>\nF((1, 2))", "< ( 1 , 2 ) >"},
		{"empty arguments", "#define F(x, y) [x|y]\nF(,) F(1,)", "[ | ] [ 1 | ]"},
		{"arguments expand", "#define A 1\n#define F(x) x x\nF(A)", "1 1"},
		{"call in argument", "#define F(x) f(x)\nF(F(1))", "f ( f ( 1 ) )"},
		{"hidden in own body", "#define F(x) F(x) G\nF(1)", "F ( 1 ) G"},
		{"rescan forms a call", "#define F(x) [x]\n#define G F\nG(1)", "[ 1 ]"},
		{"rescan takes the file's arguments", "#define F(x) x G\n#define G(x) <x>\nF(1)(2)", "1 < 2 >"},
		{"stringify", "#define S(x) #x\nS(a  +b \"q\\\"\" )", `"a +b \"q\\\"\""`},
		{"stringify does not expand", "#define A 1\n#define S(x) #x\n#define T(x) S(x)\nS(A) T(A)", `"A" "1"`},
		{"paste", "#define P(a, b) a##b\nP(x, 1) P(8w, 0x1F) P(,z) P(z,) P(&&, &)", "x1 8w0x1F z z &&&"},
		{"paste does not expand", "#define A 1\n#define P(a, b) a ## b\nP(A, A)", "AA"},
		{"paste result expands", "#define AB 7\n#define P(a, b) a ## b\nP(A, B)", "7"},
		{"paste three", "#define P(a, b, c) a##b##c\nP(x, y, z)", "xyz"},
		{"paste lists", "#define P(a, b) a##b\nP(1 + x, y * 2)", "1 + xy * 2"},
		{"paste what does not fit", "#define P(a, b) a##b\nP(hdr., x)", "hdr . x"},
		{"object paste", "#define X a##b\nX", "ab"},
		{"variadic", "#define V(f, ...) f(__VA_ARGS__)\nV(g) V(g, 1) V(g, 1, 2)", "g ( ) g ( 1 ) g ( 1 , 2 )"},
		{"named variadic", "#define V(rest...) [rest]\nV(1, 2)", "[ 1 , 2 ]"},
		{"comma swallowed", "#define V(f, ...) f(0, ## __VA_ARGS__)\nV(g) V(g, 1)", "g ( 0 ) g ( 0 , 1 )"},
		{"variadic stringify", "#define S(...) #__VA_ARGS__\nS(a, b)", `"a, b"`},
		{"hash in plain text", "#define F(x) {#} x\nF(1)", "{#} 1"},
		{"redefined the same", "#define A 1 + 2\n#define A 1 + 2\nA", "1 + 2"},
		{"keywords", "#define parser control\nparser", "control"},
		{"line", "__LINE__\n\n__LINE__", "1 3"},
		{"file", "__FILE__", `"x.p4"`},
		{"line in a macro", "#define L __LINE__\n\nL", "3"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, _, wrong := preprocess(c.text, Config{})
			if got != c.want || len(wrong) > 0 {
				t.Errorf("got  %s\nwant %s\n%v", got, c.want, wrong)
			}
		})
	}
}

func TestConditions(t *testing.T) {
	yes := []string{
		"1", "-1", "!0", "2 > 1", "1 + 2 * 3 == 7", "(1 + 2) * 3 == 9", "7 / 2 == 3", "7 % 4 == 3", "-7 / 2 == -3",
		"1 << 4 == 16", "256 >> 4 == 16", "0x1F == 31", "010 == 8", "0b11 == 3", "10UL == 10", "1_000 == 1000", "8w0x10 == 16",
		"~0 == -1", "5 & 3 == 3", "(5 & 3) == 1", "(5 | 3) == 7", "(5 ^ 3) == 6", "1 || 1 / 0", "!(0 && 1 / 0)",
		"1 ? 2 : 0", "0 ? 0 : 3", "1 ? 1 : 1 / 0", "0 ? 1 / 0 : 1", "0, 1", "defined A", "defined(A)", "!defined B",
		"defined(A) && A == 5", "defined ( A )", "A > 4", "B == 0", "true == 0", "F(2) == 3", "1 >= 1", "1 <= 1", "1 != 2",
		"0x7fffffffffffffff + 1 < 0", "+3 == 3", "-9223372036854775807 - 1 == 1 << 63",
	}
	no := []string{"0", "B", "!1", "A < 5", "defined(B)", "1 > 2", "0 && 1", "0 || 0", "1 == 2", "-1 + 1"}
	for want, list := range map[string][]string{"yes": yes, "no": no} {
		for _, c := range list {
			got, _, wrong := preprocess("#define A 5\n#define F(x) x + 1\n#if "+c+"\nyes\n#else\nno\n#endif\n", Config{})
			if got != want || len(wrong) > 0 {
				t.Errorf("#if %s: %s, want %s %v", c, got, want, wrong)
			}
		}
	}
}

func TestConditionalGroups(t *testing.T) {
	cases := []struct{ name, text, want string }{
		{"first branch only", "#if 1\na\n#elif 1\nb\n#else\nc\n#endif\nd", "a d"},
		{"later branch", "#if 0\na\n#elif 0\nb\n#elif 1\nc\n#elif 1\nd\n#else\ne\n#endif", "c"},
		{"else", "#if 0\na\n#else\nb\n#endif", "b"},
		{"nested", "#if 1\n#if 0\na\n#else\nb\n#endif\n#else\n#if 1\nc\n#endif\n#endif", "b"},
		{"nested in skipped", "#if 0\n#if 1\na\n#elif x y z\n#else\nb\n#endif\n#elif 1\nc\n#endif", "c"},
		{"skipped text is not looked at", "#if 0\n\" ' 08z #nonsense\n#nonsense\n#include \"x\"\n#error no\n#endif\na", "a"},
		{"skipped comments count", "#if 0\n/* #endif\n#else */ // #else\n#endif\na", "a"},
		{"ifdef ifndef", "#define A\n#ifdef A\na\n#endif\n#ifndef A\nb\n#endif\n#ifdef B\nc\n#elifdef A\nd\n#endif", "a d"},
		{"skipped define", "#if 0\n#define A 1\n#endif\nA", "A"},
		{"condition over lines", "#if 1 && \\\n  0\na\n#else\nb\n#endif", "b"},
		{"indented", "  #  if 1 /* x */ // y\n\ta\n\t#endif", "a"},
		{"not at the line's start", "a # b", "a # b"},
		{"comment before", "/* x */ #define A 1\nA", "1"},
		{"null directive", "#\na", "a"},
		{"continued define", "#define A 1 \\\n + 2\nA", "1 + 2"},
		{"continued word", "ab\\\ncd", "abcd"},
		{"continued comment", "a // x \\\n b\nc", "a c"},
		{"windows lines", "#define A 1\r\nA \\\r\n A\r\n", "1 1"},
		{"byte order mark", "\ufeff#define A 1\nA", "1"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, _, wrong := preprocess(c.text, Config{})
			if got != c.want || len(wrong) > 0 {
				t.Errorf("got  %s\nwant %s\n%v", got, c.want, wrong)
			}
		})
	}
}

func TestPositionsAreTheAuthors(t *testing.T) {
	text := strings.Join([]string{
		"#define TWO(x) one x two", // 1
		"first /* a",               // 2
		"b */ second",              // 3
		"  TWO(",                   // 4
		"    inner) after",         // 5
		"conti\\",                  // 6
		"nued next",                // 7
		"#line 100 \"other.p4\"",   // 8
		"marked",                   // 100
		"# 7 \"third.p4\" 2",       // 101
		"\tmarked_again",           // 7
		"#line 50",                 // 8
		"fifty",                    // 50
	}, "\n")
	_, list, wrong := preprocess(text, Config{})
	var got []string
	for _, tok := range list {
		got = append(got, fmt.Sprintf("%s %s", tok.text, tok.pos))
	}
	want := []string{
		"first x.p4:2:1", "second x.p4:3:6", "one x.p4:4:3", "inner x.p4:5:5", "two x.p4:4:3", "after x.p4:5:12",
		"continued x.p4:6:1", "next x.p4:7:6", "marked other.p4:100:1", "marked_again third.p4:7:2", "fifty third.p4:50:1",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") || len(wrong) > 0 {
		t.Errorf("got\n%s\nwant\n%s\n%v", strings.Join(got, "\n"), strings.Join(want, "\n"), wrong)
	}
}

func TestDefinesOfTheCommandLine(t *testing.T) {
	got, _, wrong := preprocess("A B C(2) D", Config{Defines: []string{"A", "B=x y", "C(n)=n+n", "D="}})
	if want := "1 x y 2 + 2"; got != want || len(wrong) > 0 {
		t.Errorf("got %s, want %s %v", got, want, wrong)
	}
	_, _, wrong = preprocess("", Config{Defines: []string{"1=2"}})
	if len(wrong) != 1 || !strings.HasPrefix(wrong[0], "<command line>:1:") {
		t.Errorf("wrong define: %v", wrong)
	}
}

// tree writes files under a new folder and returns it.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestIncludeOrder(t *testing.T) {
	dir := tree(t, map[string]string{
		"main.p4":        "",
		"both.p4":        "match_kind { beside }",
		"inc1/both.p4":   "match_kind { first }",
		"inc2/both.p4":   "match_kind { second }",
		"inc2/only2.p4":  "#include \"near.p4\"",
		"inc2/near.p4":   "match_kind { near }",
		"inc1/core.p4":   "match_kind { own_core }",
		"inc1/dir/x.txt": "",
	})
	cfg := Config{
		IncludeDirs: []string{filepath.Join(dir, "inc1"), filepath.Join(dir, "inc2")},
		Builtin: func(name string) (string, bool) {
			text, ok := map[string]string{
				"core.p4": "match_kind { builtin_core }",
				"tna.p4":  "#include <core.p4>\n#include \"base.p4\"\n",
				"base.p4": "match_kind { builtin_base }",
			}[name]
			return text, ok
		},
	}
	cases := map[string]string{
		`#include "both.p4"`:                         "beside",
		`#include <both.p4>`:                         "first",
		`#include <only2.p4>`:                        "near",
		`#include <core.p4>`:                         "own_core",
		`#include <tna.p4>`:                          "own_core builtin_base",
		`#include "base.p4"`:                         "builtin_base",
		"#define WHICH \"both.p4\"\n#include WHICH":  "beside",
		"#define WHICH <both.p4>\n#include WHICH":    "first",
		"#define W(x) <x.p4>\n#include W(both)":      "first",
		"#include <both.p4>\n#include <both.p4>":     "first first",
		`#include "inc2/only2.p4"`:                   "near",
		"#include <both.p4> // a comment\n/* and */": "first",
	}
	for text, want := range cases {
		f, list := ParseSource(filepath.Join(dir, "main.p4"), []byte(text), cfg)
		var got []string
		for _, d := range f.Decls {
			got = append(got, d.(*MatchKindDecl).Members[0].Value)
		}
		if strings.Join(got, " ") != want || len(list) > 0 {
			t.Errorf("%s: got %v, want %s %v", text, got, want, list)
		}
	}
	f, _ := ParseSource(filepath.Join(dir, "main.p4"), []byte("#include <base.p4>"), cfg)
	if at := f.Decls[0].Pos().String(); at != "<base.p4>:1:1" {
		t.Errorf("a built-in file's declaration is at %s", at)
	}
	_, list := ParseSource(filepath.Join(dir, "main.p4"), []byte(`#include "no.p4"`), cfg)
	want := fmt.Sprintf("include \"no.p4\": no such file (searched: %s, %s, %s, the built-in files)",
		dir, filepath.Join(dir, "inc1"), filepath.Join(dir, "inc2"))
	if len(list) != 1 || list[0].Text != want {
		t.Errorf("missing file: %v\nwant %s", list, want)
	}
}

func TestIncludeBounds(t *testing.T) {
	dir := tree(t, map[string]string{
		"self.p4":  "#include \"self.p4\"\n",
		"a.p4":     "#include \"b.p4\"\n",
		"b.p4":     "#include \"a.p4\"\n",
		"twice.p4": "#include \"c1.p4\"\n",
		"once.p4":  "#pragma once\n#include \"once.p4\"\nmatch_kind { once }\n",
		"open.p4":  "#if 1\n",
		"main.p4":  "",
	})
	for i := 1; i < 40; i++ { // 2 to the power of 40 files
		next := fmt.Sprintf("#include \"c%d.p4\"\n", i+1)
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("c%d.p4", i)), []byte(next+next), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "c40.p4"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	cases := map[string]string{
		"self.p4":  "includes are nested more than 100 deep (innermost: ",
		"a.p4":     "includes are nested more than 100 deep",
		"twice.p4": "more than 10000 files are read",
		"open.p4":  "#if is not closed",
	}
	for file, want := range cases {
		_, list := ParseFile(filepath.Join(dir, file), Config{})
		if len(list) != 1 || !strings.Contains(list[0].Text, want) {
			t.Errorf("%s: %v, want %s", file, list, want)
		}
	}
	f, list := ParseSource(filepath.Join(dir, "main.p4"), []byte("#include \"once.p4\"\n#include \"once.p4\"\n"), Config{})
	if len(f.Decls) != 1 || len(list) > 0 {
		t.Errorf("#pragma once: %d declarations %v", len(f.Decls), list)
	}
}

func TestMacroBounds(t *testing.T) {
	var doubling, quoting, args strings.Builder
	doubling.WriteString("#define M0 x x\n")
	for i := 1; i < 64; i++ {
		fmt.Fprintf(&doubling, "#define M%d M%d M%d\n", i, i-1, i-1)
	}
	doubling.WriteString("M63\n")
	quoting.WriteString("#define S(x) #x\n#define T(x) S(x x)\n")
	quoting.WriteString(strings.Repeat("T(", 100) + "1" + strings.Repeat(")", 100))
	args.WriteString("#define F(x) x\n" + strings.Repeat("F(", 5000) + "1" + strings.Repeat(")", 5000))
	for name, text := range map[string]string{
		"doubling": doubling.String(), "quoting": quoting.String(), "nested arguments": args.String(),
		"open call": "#define F(x) x\nF(1\n", "open call in argument": "#define F(x) x\nF(F(1)\n",
	} {
		_, _, wrong := preprocess(text, Config{})
		if len(wrong) != 1 {
			t.Errorf("%s: %d diagnostics, want 1: %.300v", name, len(wrong), wrong)
		}
	}
}

func TestPragmasGoToTheNextDeclaration(t *testing.T) {
	text := `
#pragma first a "b c" 3
@pragma second x.y(1)
@name("n")
#pragma third
const bit<8> k = 1;
control c(@pragma in_params
  in bit<8> x) {
    action a() { }
    @pragma stage 4
    table t {
        key = {
            #pragma on_key
            x : exact;
        }
        #pragma on_prop
        actions = { a; }
    }
    apply {
        #pragma on_stmt
        x = 1;
        if (x == 1) { }
        else
            #pragma on_else
            if (x == 2) { }
    }
}
#pragma nowhere
`
	f, list := ParseSource("x.p4", []byte(text), Config{})
	if len(list) != 1 || list[0].Severity != SevWarning || !strings.Contains(list[0].Text, `"nowhere" stands before nothing`) {
		t.Errorf("diagnostics %v", list)
	}
	got := map[string]string{}
	Walk(f, func(n Node) bool {
		var list []*Annotation
		switch n := n.(type) {
		case Decl:
			list = n.Annots()
		case Stmt:
			list = n.annots()
		}
		for _, a := range list {
			if a.Pragma {
				got[a.Name] = fmt.Sprintf("%T %q", n, a.Tokens)
			}
		}
		return true
	})
	want := map[string]string{
		"first":     `*syntax.ConstDecl ["a" "b c" "3"]`,
		"second":    `*syntax.ConstDecl ["x" "." "y" "(" "1" ")"]`,
		"third":     `*syntax.ConstDecl []`,
		"in_params": `*syntax.Param []`,
		"stage":     `*syntax.TableDecl ["4"]`,
		"on_key":    `*syntax.KeyElem []`,
		"on_prop":   `*syntax.TableProp []`,
		"on_stmt":   `*syntax.AssignStmt []`,
		"on_else":   `*syntax.IfStmt []`,
	}
	for name, where := range want {
		if got[name] != where {
			t.Errorf("pragma %s is at %s, want %s", name, got[name], where)
		}
	}
}
