package syntax

import (
	"fmt"
	"strings"
	"testing"
)

// shape writes an expression with every grouping made visible.
func shape(x Expr) string {
	switch x := x.(type) {
	case *BinaryExpr:
		return "(" + shape(x.X) + " " + x.Op.String() + " " + shape(x.Y) + ")"
	case *UnaryExpr:
		return "(" + x.Op.String() + shape(x.X) + ")"
	case *CondExpr:
		return "(" + shape(x.C) + " ? " + shape(x.A) + " : " + shape(x.B) + ")"
	case *CastExpr:
		return "cast(" + typeShape(x.Type) + ", " + shape(x.X) + ")"
	case *ParenExpr:
		return "paren(" + shape(x.X) + ")"
	case *MemberExpr:
		return shape(x.X) + "." + x.Sel.Value
	case *TypeNameExpr:
		return "type:" + typeShape(x.Type)
	case *CallExpr:
		var args []string
		for _, a := range x.TypeArgs {
			args = append(args, "type:"+typeShape(a))
		}
		for _, a := range x.Args {
			args = append(args, shape(a.Value))
		}
		return "call " + shape(x.Fun) + "(" + strings.Join(args, ", ") + ")"
	}
	var b strings.Builder
	_ = Print(&b, x)
	return b.String()
}

func typeShape(t TypeExpr) string {
	var b strings.Builder
	_ = Print(&b, t)
	return b.String()
}

const ambiguityPrelude = `
typedef bit<8> T;
extern E<X> { E(); }
extern bit<8> f<A>(in A a);
const bit<8> a = 1; const bit<8> b = 2; const bit<8> c = 3;
`

func TestExpressionsGroupAsInP4(t *testing.T) {
	cases := map[string]string{
		// precedence: & ^ | bind more than comparisons, ++ as +
		"a + b * c":              "(a + (b * c))",
		"a - b - c":              "((a - b) - c)",
		"a & b == c":             "((a & b) == c)",
		"a | b ^ c & 1":          "(a | (b ^ (c & 1)))",
		"a < b == b < c":         "((a < b) == (b < c))",
		"a || b && c":            "(a || (b && c))",
		"a ++ b << c":            "((a ++ b) << c)",
		"a |+| b |-| c ++ 1":     "(((a |+| b) |-| c) ++ 1)",
		"a ? b : c ? 1 : 2":      "(a ? b : (c ? 1 : 2))",
		"a ? b ? 1 : 2 : c":      "(a ? (b ? 1 : 2) : c)",
		"!a == b":                "((!a) == b)",
		"-a.b":                   "(-a.b)",
		"a >> b > c":             "((a >> b) > c)",
		"a >= b >> c":            "(a >= (b >> c))",
		"a << 1 << 2":            "((a << 1) << 2)",
		"a > > b":                "error",
		"(T) a + b":              "(cast(T, a) + b)",
		"(T) -a":                 "cast(T, (-a))",
		"(a) - b":                "(paren(a) - b)",
		"(unknown) - b":          "(paren(unknown) - b)",
		"(unknown) b":            "cast(unknown, b)",
		"(unknown) { 1 }":        "cast(unknown, {1})",
		"(T)(a)":                 "cast(T, paren(a))",
		"(E<T>) a":               "cast(E<T>, a)",
		"(bit<8>) a":             "cast(bit<8>, a)",
		"(bit<(a > b ? 1:2)>) c": "cast(bit<(a > b ? 1 : 2)>, c)",
		"(bit<a + 1>) c":         "cast(bit<(a + 1)>, c)",
		"(error.X == a)":         "paren((type:error.X == a))",
		"T.x":                    "type:T.x",
		"a.T":                    "a.T",
		".T.x":                   "type:.T.x",
		"E<bit<8>>()":            "call type:E<bit<8>>()",
		"E<E<bit<8>>>()":         "call type:E<E<bit<8>>>()",
		"f<T>(a)":                "call f(type:T, a)",
		"f<E<E<T>>>(a) >> 1":     "(call f(type:E<E<T>>, a) >> 1)",
		"a < b > (c)":            "((a < b) > paren(c))",
		"unknown<b>(c)":          "((unknown < b) > paren(c))",
		"unknown<T>(c)":          "call unknown(type:T, c)",
		"a.m<bit<8>>(c)":         "call a.m(type:bit<8>, c)",
		"a.m < b":                "(a.m < b)",
		"f(a < b, c > (a))":      "call f((a < b), (c > paren(a)))",
	}
	for text, want := range cases {
		f, list := ParseSource("x.p4", []byte(ambiguityPrelude+"const bit<8> x = "+text+";"), Config{})
		got := "error"
		if len(list) == 0 {
			got = shape(f.Decls[len(f.Decls)-1].(*ConstDecl).Value)
		}
		if got != want {
			t.Errorf("%s\n got %s\nwant %s %v", text, got, want, list)
		}
	}
}

func TestStatementsAreToldApart(t *testing.T) {
	cases := map[string]string{
		"T x;":                 "*syntax.VarDecl",
		"unknown x;":           "*syntax.VarDecl",
		"unknown<T> x;":        "*syntax.VarDecl",
		"unknown[3] x;":        "*syntax.VarDecl",
		"unknown(3) x;":        "*syntax.Instance",
		"E<T>() x;":            "*syntax.Instance",
		"E<T>() x[4];":         "*syntax.Instance",
		"error e = error.X;":   "*syntax.VarDecl",
		"const T k = 1;":       "*syntax.ConstDecl",
		"f(3);":                "*syntax.CallStmt",
		"f<T>(3);":             "*syntax.CallStmt",
		"unknown<T>(3);":       "*syntax.CallStmt",
		"unknown[3] = 1;":      "*syntax.AssignStmt",
		"unknown[3].x();":      "*syntax.CallStmt",
		"unknown.apply();":     "*syntax.CallStmt",
		"E<T>.apply(1);":       "*syntax.DirectApply",
		"T.apply(1);":          "*syntax.DirectApply",
		"key = 1;":             "*syntax.AssignStmt",
		"state.x = 1;":         "*syntax.AssignStmt",
		"list = 1;":            "*syntax.AssignStmt",
		"list<T> x;":           "*syntax.VarDecl",
		"priority >>= 1;":      "*syntax.AssignStmt",
		"type x;":              "*syntax.VarDecl",
		"a.b<T>(x) ;":          "*syntax.CallStmt",
		".f(1);":               "*syntax.CallStmt",
		"for (T i in a) ;":     "*syntax.ForInStmt",
		"for (T i = 1; a;) ;":  "*syntax.ForStmt",
		"for (f(1); a; f(2));": "*syntax.ForStmt",
	}
	for text, want := range cases {
		f := parseClean(t, "x.p4", ambiguityPrelude+"void test() {\n"+text+"\n}", Config{})
		body := f.Decls[len(f.Decls)-1].(*FuncDecl).Body.List
		got := fmt.Sprintf("%T", body[0])
		if d, ok := body[0].(*DeclStmt); ok {
			got = fmt.Sprintf("%T", d.Decl)
		}
		if got != want || len(body) != 1 {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
	}
}

func TestPlusSliceHasBothForms(t *testing.T) {
	f := parseClean(t, "x.p4", ambiguityPrelude+"const bit<4> x = a[b + 1 +: 4];", Config{})
	s := f.Decls[len(f.Decls)-1].(*ConstDecl).Value.(*SliceExpr)
	if got := shape(s.Hi); got != "(((b + 1) + 4) - 1)" {
		t.Errorf("Hi is %s", got)
	}
	if got := printed(t, s); got != "a[b + 1 +: 4]" {
		t.Errorf("printed as %s", got)
	}
}

func TestPrinterAddsParenthesesThatATreeLacks(t *testing.T) {
	x := func(name string) Expr { return &NameExpr{Name: &Name{Value: name}} }
	sum := &BinaryExpr{Op: Add, X: x("a"), Y: x("b")}
	cases := map[string]Expr{
		"(a + b) * c":             &BinaryExpr{Op: Mul, X: sum, Y: x("c")},
		"a + b + c":               &BinaryExpr{Op: Add, X: sum, Y: x("c")},
		"c - (a + b)":             &BinaryExpr{Op: Sub, X: x("c"), Y: sum},
		"-(a + b)":                &UnaryExpr{Op: Neg, X: sum},
		"+ +a":                    &UnaryExpr{Op: Plus, X: &UnaryExpr{Op: Plus, X: x("a")}},
		"(a + b).c":               &MemberExpr{X: sum, Sel: &Name{Value: "c"}},
		"(a + b)[c]":              &IndexExpr{X: sum, I: x("c")},
		"(a ? b : c) ? a + b : b": &CondExpr{C: &CondExpr{C: x("a"), A: x("b"), B: x("c")}, A: sum, B: x("b")},
		"(bool)(a + b)":           &CastExpr{Type: &BaseType{Kind: Bool}, X: sum},
	}
	for want, tree := range cases {
		if got := printed(t, tree); got != want {
			t.Errorf("printed %s, want %s", got, want)
		}
	}
}

func TestElseStaysWithItsIf(t *testing.T) {
	text := "void f(bool a, bool b) { if (a) { if (b) exit; } else exit; }"
	f := parseClean(t, "x.p4", text, Config{})
	outer := f.Decls[0].(*FuncDecl).Body.List[0].(*IfStmt)
	outer.Then = outer.Then.(*BlockStmt).List[0] // as a lowering might
	again := parseClean(t, "y.p4", printed(t, f), Config{})
	if again.Decls[0].(*FuncDecl).Body.List[0].(*IfStmt).Else == nil {
		t.Error("else went to the inner if")
	}
}
