package syntax

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// parseClean reads a program that must be right.
func parseClean(t *testing.T, name, text string, cfg Config) *File {
	t.Helper()
	f, list := ParseSource(name, []byte(text), cfg)
	for _, d := range list {
		t.Errorf("%s", d)
	}
	if t.Failed() {
		t.FailNow()
	}
	return f
}

func printed(t *testing.T, n Node) string {
	t.Helper()
	var b strings.Builder
	if err := Print(&b, n); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func corpus(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.p4")
	if err != nil || len(files) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	return files
}

func TestPrintReadsBackTheSame(t *testing.T) {
	for _, file := range corpus(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			f, list := ParseFile(file, Config{})
			for _, d := range list {
				t.Errorf("%s", d)
			}
			first := printed(t, f)
			second := printed(t, parseClean(t, "printed.p4", first, Config{}))
			if first != second {
				t.Errorf("printed once:\n%s\nprinted twice:\n%s", first, second)
			}
		})
	}
}

// allNodes is one of each node that the parser can make.
var allNodes = []Node{
	&Name{}, &File{}, &Annotation{}, &NamedExpr{}, &Param{}, &ConstDecl{}, &VarDecl{}, &Instance{}, &FuncDecl{},
	&ExternDecl{}, &ActionDecl{}, &ParserDecl{}, &ControlDecl{}, &PackageDecl{}, &StateDecl{}, &ValueSetDecl{},
	&TableDecl{}, &StructDecl{}, &EnumDecl{}, &ErrorDecl{}, &MatchKindDecl{}, &TypedefDecl{}, &Field{}, &EnumMember{},
	&TableProp{}, &KeyElem{}, &ActionRef{}, &Entry{}, &EmptyStmt{}, &DeclStmt{}, &AssignStmt{}, &CallStmt{},
	&DirectApply{}, &IfStmt{}, &BlockStmt{}, &ReturnStmt{}, &ExitStmt{}, &BreakStmt{}, &ContinueStmt{}, &SwitchStmt{},
	&ForStmt{}, &ForInStmt{}, &SwitchCase{}, &Goto{}, &Select{}, &SelectCase{}, &NameExpr{}, &TypeNameExpr{}, &IntLit{},
	&BoolLit{}, &StringLit{}, &ThisExpr{}, &DefaultExpr{}, &DotsExpr{}, &InvalidExpr{}, &MaskExpr{}, &RangeExpr{},
	&UnaryExpr{}, &BinaryExpr{}, &CondExpr{}, &CastExpr{}, &MemberExpr{}, &IndexExpr{}, &SliceExpr{}, &ListExpr{},
	&CallExpr{}, &ParenExpr{}, &Arg{}, &BaseType{}, &NamedType{}, &SpecType{}, &StackType{}, &TupleType{}, &ListType{},
}

func TestWalkMeetsEveryNodeWithItsPosition(t *testing.T) {
	met := map[string]int{}
	for _, file := range corpus(t) {
		f, _ := ParseFile(file, Config{})
		Walk(f, func(n Node) bool {
			kind := fmt.Sprintf("%T", n)
			met[kind]++
			if at := n.Pos(); !at.IsValid() || at.Col < 1 || !strings.HasPrefix(at.File, "testdata") {
				t.Errorf("%s: %s has no position: %v", file, kind, at)
			}
			return true
		})
	}
	for _, n := range allNodes {
		if met[fmt.Sprintf("%T", n)] == 0 {
			t.Errorf("the corpus has no %T", n)
		}
	}
	if len(met) != len(allNodes) {
		t.Errorf("met %d kinds of nodes, know %d", len(met), len(allNodes))
	}
}

func TestWalkStopsWhereToldTo(t *testing.T) {
	f := parseClean(t, "x.p4", "const bit<8> a = 1 + 2;", Config{})
	var met []string
	Walk(f, func(n Node) bool {
		met = append(met, fmt.Sprintf("%T", n))
		_, isSum := n.(*BinaryExpr)
		return !isSum
	})
	want := "*syntax.File *syntax.ConstDecl *syntax.BaseType *syntax.IntLit *syntax.Name *syntax.BinaryExpr"
	if got := strings.Join(met, " "); got != want {
		t.Errorf("met %s\nwant %s", got, want)
	}
}

var (
	wantComment = regexp.MustCompile(`// (ERROR|WARNING)((?: "(?:[^"\\]|\\.)*")+)`)
	wantText    = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
)

// expectations reads the // ERROR "regexp" comments of a file, by line.
func expectations(t *testing.T, text string) map[int][]string {
	t.Helper()
	want := map[int][]string{}
	for i, line := range strings.Split(text, "\n") {
		m := wantComment.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		for _, quoted := range wantText.FindAllString(m[2], -1) {
			// \" is the only escape of ours, the rest is the regexp's.
			expr := strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
			want[i+1] = append(want[i+1], m[1]+" "+expr)
		}
	}
	return want
}

// TestWrongPrograms compares the diagnostics of each wrong program with the
// comments in it: all of them, on the right lines, and nothing else.
func TestWrongPrograms(t *testing.T) {
	files, err := filepath.Glob("testdata/errors/*.p4")
	if err != nil || len(files) == 0 {
		t.Fatalf("no wrong programs: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want := expectations(t, string(text))
			_, list := ParseSource(filepath.Base(file), text, Config{IncludeDirs: []string{"testdata/include"}, MaxErrors: 1000})
			for _, d := range list {
				if !takeExpected(t, want, d) {
					t.Errorf("unexpected: %s", d)
				}
			}
			for line, texts := range want {
				for _, expr := range texts {
					t.Errorf("%s:%d: missing %s", file, line, expr)
				}
			}
		})
	}
}

// takeExpected removes the expectation that d fulfils.
func takeExpected(t *testing.T, want map[int][]string, d Diagnostic) bool {
	t.Helper()
	kind := map[Severity]string{SevError: "ERROR ", SevWarning: "WARNING "}[d.Severity]
	list := want[d.At.Line]
	for i, w := range list {
		expr, ok := strings.CutPrefix(w, kind)
		if !ok {
			continue
		}
		if regexp.MustCompile(expr).MatchString(d.Text) {
			want[d.At.Line] = append(list[:i:i], list[i+1:]...)
			return true
		}
	}
	return false
}

func TestErrorsEndAtTheLimit(t *testing.T) {
	text := strings.Repeat("const = 1;\n", 100)
	for max, want := range map[int]int{0: defaultMaxErrors, 1: 1, 7: 7} {
		_, list := ParseSource("x.p4", []byte(text), Config{MaxErrors: max})
		if len(list) != want {
			t.Errorf("MaxErrors %d: %d diagnostics, want %d", max, len(list), want)
		}
	}
	_, list := ParseSource("x.p4", []byte(strings.Repeat("#bad\n", 100)), Config{MaxErrors: 3})
	if len(list) != 3 {
		t.Errorf("directives: %d diagnostics, want 3", len(list))
	}
}

func TestOneMistakeIsOneDiagnostic(t *testing.T) {
	cases := map[string]string{
		"open brace":     "control c() {\n  apply {\n    if (true) {\n      exit;\n",
		"P4-14":          "header_type h_t { fields { a : 8; } }\nheader h_t h;\n",
		"open comment":   "const bit<8> a = 1; /* never closed\n",
		"open string":    "const string a = \"never closed;\n\n",
		"open paren":     "@a(b (c) const bit<8> k = 1;\n",
		"deep nesting":   "const bit<8> a = " + strings.Repeat("(", 100_000),
		"deep blocks":    "control c() { apply " + strings.Repeat("{", 100_000),
		"deep types":     "const " + strings.Repeat("tuple<", 100_000),
		"deep unary":     "const bit<8> a = " + strings.Repeat("-", 100_000) + "1;",
		"deep lists":     "const bit<8> a = " + strings.Repeat("{", 100_000),
		"deep indices":   "const bit<8> a = " + strings.Repeat("a[", 100_000),
		"deep type args": "const bit<8> a = " + strings.Repeat("a<", 100_000),
		"deep choices":   "const bit<8> a = " + strings.Repeat("1 ? 2 : ", 100_000),
		"long sum":       "const bit<8> a = 1" + strings.Repeat(" + 1", 100_000) + ";",
		"long members":   "const bit<8> a = a" + strings.Repeat(".a", 100_000) + ";",
		"many sizes":     "const bit<8>" + strings.Repeat("[1]", 100_000) + " a = 1;",
	}
	for name, text := range cases {
		t.Run(name, func(t *testing.T) {
			_, list := ParseSource("x.p4", []byte(text), Config{})
			if len(list) != 1 {
				t.Errorf("%d diagnostics, want 1: %v", len(list), list)
			}
		})
	}
}

func TestDiagnosticIsOneLineForEditors(t *testing.T) {
	_, list := ParseSource("dir/x.p4", []byte("const bit<8> a = 1\nconst bit<8> b = 2;\n#warning so"), Config{})
	var got []string
	for _, d := range list {
		got = append(got, d.String())
	}
	want := []string{
		"dir/x.p4:3:1: warning: #warning so",
		"dir/x.p4:1:19: error: expected ';' after constant, found 'const'",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestMissingProgramIsADiagnostic(t *testing.T) {
	for _, path := range []string{"testdata/no-such.p4", "testdata"} {
		f, list := ParseFile(path, Config{})
		if f == nil || len(list) != 1 || list[0].Severity != SevError {
			t.Errorf("ParseFile(%q): file %v, diagnostics %v", path, f, list)
		}
	}
}

func TestOnlyWholeDeclarationsAreKept(t *testing.T) {
	text := "const bit<8> a = 1;\nconst bit<8> b = ;\ncontrol c() { apply { exit; x = ; return; } }\n"
	f, _ := ParseSource("x.p4", []byte(text), Config{})
	want := "const bit<8> a = 1;\ncontrol c() {\n    apply {\n        exit;\n        return;\n    }\n}\n"
	if got := printed(t, f); got != want {
		t.Errorf("kept\n%s\nwant\n%s", got, want)
	}
}

func TestLiterals(t *testing.T) {
	cases := map[string]string{
		"0": "0 w0", "1_000": "1000 w0", "0x_ff": "255 w0", "8w0x1F": "31 w8", "4s7": "7 w4 signed",
		"0b1010_1010": "170 w0", "0o17": "15 w0", "0d19": "19 w0", "007": "7 w0", "32w0XFFFF_FFFF": "4294967295 w32",
		"0B11": "3 w0", "16s0b1": "1 w16 signed", "1_0w3": "3 w10", "3w15": "15 w3",
		"w":   "error",
		"8w":  "error",
		"0x":  "error",
		"0b2": "error", "12ab": "error", "0w1": "error", "9999999999w1": "error", "8w0xG": "error", "0o8": "error", "8ww1": "error",
	}
	for text, want := range cases {
		got := "error"
		if lit, err := parseNumber(text); err == nil {
			got = lit.Value.String() + " w" + strconv.Itoa(lit.Width)
			if lit.Signed {
				got += " signed"
			}
		}
		if got != want {
			t.Errorf("parseNumber(%q) = %s, want %s", text, got, want)
		}
	}
}

func TestStringsQuoteBack(t *testing.T) {
	for literal, value := range map[string]string{
		`"plain"`: "plain", `"a\"b"`: `a"b`, `"a\\b"`: `a\b`, `"a\nb\tc\rd"`: "a\nb\tc\rd", `"\d\x"`: `\d\x`, `""`: "",
	} {
		if got := unquote(literal); got != value {
			t.Errorf("unquote(%s) = %q, want %q", literal, got, value)
		}
		if got := unquote(quote(value)); got != value {
			t.Errorf("unquote(quote(%q)) = %q", value, got)
		}
	}
}
