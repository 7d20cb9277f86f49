package types_test

import (
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gofino/p4/arch"
	"gofino/p4/syntax"
	"gofino/p4/types"
)

// check reads and checks one program; the architecture is the embedded one.
func check(name string, src []byte, defines ...string) (*syntax.File, *types.Info, []syntax.Diagnostic) {
	cfg := syntax.Config{Builtin: arch.Builtin, Defines: defines, MaxErrors: 1000}
	f, ds := syntax.ParseSource(name, src, cfg)
	for _, d := range ds {
		if d.Severity == syntax.SevError {
			return f, nil, ds
		}
	}
	info, more := types.Check(f, types.Config{MaxErrors: 1000})
	return f, info, append(ds, more...)
}

func programs(t *testing.T, glob string) []string {
	files, err := filepath.Glob(glob)
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

// TestRightPrograms checks the files of testdata. Their comments say what must
// be found out:
//
//	// DEF "type" ["value"]     about the first name declared on the line
//	// EXPR "source" "type" ["value"]
//	// TARGS "types"            the type arguments of the first call on the line
func TestRightPrograms(t *testing.T) {
	for _, path := range programs(t, "testdata/*.p4") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			src, err := os.ReadFile(path)
			require.NoError(t, err)
			f, info, ds := check(path, src)
			for _, d := range ds {
				if d.Severity == syntax.SevError {
					t.Error(d)
				}
			}
			if t.Failed() {
				return
			}
			requireComplete(t, f, info)
			wants(t, path, string(src), f, info)
		})
	}
}

var (
	wantRE  = regexp.MustCompile(`// (DEF|EXPR|TARGS|CONV) (.*)$`)
	quoteRE = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
)

func wants(t *testing.T, path, src string, f *syntax.File, info *types.Info) {
	for i, line := range strings.Split(src, "\n") {
		m := wantRE.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		var args []string
		for _, q := range quoteRE.FindAllString(m[2], -1) {
			s, err := strconv.Unquote(q)
			require.NoError(t, err)
			args = append(args, s)
		}
		got := found(f, info, path, i+1, m[1], args)
		if want := strings.Join(args, " | "); got != want {
			t.Errorf("%s:%d: %s: got %s, want %s", path, i+1, m[1], got, want)
		}
	}
}

// found says what Check knows about a line, in the form of the comment.
func found(f *syntax.File, info *types.Info, path string, line int, what string, args []string) string {
	got := "nothing"
	done := false
	syntax.Walk(f, func(n syntax.Node) bool {
		if done || n.Pos().File != path || n.Pos().Line != line {
			return !done
		}
		switch n := n.(type) {
		case *syntax.Name:
			if o := info.Defs[n]; o != nil && what == "DEF" {
				got, done = o.ObjType().String(), true
				if c, ok := o.(*types.Const); ok && len(args) > 1 {
					got += " | " + valueText(c.Value)
				}
			}
		case syntax.Expr:
			call, isCall := n.(*syntax.CallExpr)
			switch {
			case what == "TARGS" && isCall:
				got, done = typesText(info.Calls[call].TypeArgs), true
			case what == "EXPR" && source(n) == args[0]:
				tv := info.Types[n]
				got, done = args[0]+" | "+tv.Type.String(), true
				if len(args) > 2 {
					got += " | " + valueText(tv.Value)
				}
			case what == "CONV" && source(n) == args[0]:
				got, done = args[0]+" | "+fmt.Sprint(info.Types[n].Conv), true
			}
		case *syntax.Instance:
			if what == "TARGS" {
				got, done = typesText(info.Constructions[n].TypeArgs), true
			}
		}
		return !done
	})
	return got
}

func source(n syntax.Node) string {
	var b strings.Builder
	if err := syntax.Print(&b, n); err != nil {
		return err.Error()
	}
	return strings.TrimSpace(b.String())
}

func typesText(ts []types.Type) string {
	var out []string
	for _, t := range ts {
		out = append(out, t.String())
	}
	return strings.Join(out, ", ")
}

func valueText(v types.Value) string {
	switch v := v.(type) {
	case nil:
		return "none"
	case *big.Int:
		return v.String()
	case *types.EnumMember:
		return v.Name
	case *types.ErrorObj:
		return "error." + v.Name
	case []types.Value:
		var out []string
		for _, x := range v {
			out = append(out, valueText(x))
		}
		return "{" + strings.Join(out, ", ") + "}"
	}
	return fmt.Sprint(v)
}

// requireComplete: Info answers every question that lowering asks.
func requireComplete(t *testing.T, f *syntax.File, info *types.Info) {
	skip := map[syntax.Node]bool{}
	syntax.Walk(f, func(n syntax.Node) bool {
		if skip[n] {
			return false
		}
		miss := func(what string) { t.Errorf("%s: no %s for %T", n.Pos(), what, n) }
		switch n := n.(type) {
		case *syntax.CallExpr:
			if k := info.Calls[n]; k == nil {
				miss("Call")
			} else if len(k.Params) != len(k.Args) {
				miss("argument per parameter")
			}
		case *syntax.Instance:
			if info.Constructions[n] == nil {
				miss("Construction")
			}
		case *syntax.DirectApply:
			if info.Applies[n] == nil {
				miss("Apply")
			}
		case *syntax.ActionRef:
			if info.ActionRefs[n] == nil {
				miss("ActionRef")
			}
		case *syntax.TableProp:
			if n.Name.Value == "default_action" && info.Defaults[n] == nil {
				miss("Default")
			}
		case *syntax.NameExpr:
			if info.Uses[n.Name] == nil {
				miss("Use")
			}
		case *syntax.SpecType:
			skip[n.Base] = true
		}
		if e, ok := n.(syntax.Expr); ok {
			if tv, ok := info.Types[e]; !ok || tv.Type == nil || tv.Type.String() == "invalid type" {
				miss("Type")
			}
		}
		if e, ok := n.(syntax.TypeExpr); ok && info.TypeOf[e] == nil {
			miss("TypeOf")
		}
		return true
	})
}

var errorRE = regexp.MustCompile(`// (ERROR|WARNING) (".*")\s*$`)

// TestWrongPrograms checks the files of testdata/errors: every error stands
// where the program says it, and there is no other.
func TestWrongPrograms(t *testing.T) {
	for _, path := range programs(t, "testdata/errors/*.p4") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			src, err := os.ReadFile(path)
			require.NoError(t, err)
			_, info, ds := check(path, src)
			require.NotNil(t, info, "does not parse: %v", ds)
			compareErrors(t, path, string(src), ds)
		})
	}
}

func compareErrors(t *testing.T, path, src string, ds []syntax.Diagnostic) {
	want := map[int][]*regexp.Regexp{}
	warned := map[int]bool{}
	for i, line := range strings.Split(src, "\n") {
		m := errorRE.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		for _, q := range quoteRE.FindAllString(m[2], -1) {
			want[i+1] = append(want[i+1], regexp.MustCompile(q[1:len(q)-1]))
		}
		warned[i+1] = m[1] == "WARNING"
	}
	for _, d := range ds {
		if d.Severity == syntax.SevWarning && !warned[d.At.Line] {
			continue
		}
		if !take(want, d) {
			t.Errorf("unexpected: %s", d)
		}
	}
	for line, res := range want {
		for _, re := range res {
			t.Errorf("%s:%d: no message matches %q", path, line, re)
		}
	}
}

func take(want map[int][]*regexp.Regexp, d syntax.Diagnostic) bool {
	res := want[d.At.Line]
	for i, re := range res {
		if re.MatchString(d.Text) {
			want[d.At.Line] = append(res[:i:i], res[i+1:]...)
			return true
		}
	}
	return false
}

func TestTooManyErrorsAreCut(t *testing.T) {
	var b strings.Builder
	for i := range 50 {
		fmt.Fprintf(&b, "const bit<8> c%d = x%d;\n", i, i)
	}
	f, ds := syntax.ParseSource("many.p4", []byte(b.String()), syntax.Config{})
	require.Empty(t, ds)
	_, ds = types.Check(f, types.Config{})
	require.Len(t, ds, 20)
	_, ds = types.Check(f, types.Config{MaxErrors: 3})
	require.Len(t, ds, 3)
}

// TestNoFollowUps: one wrong declaration gives one message, however often its
// name is used.
func TestNoFollowUps(t *testing.T) {
	src := `
const bit<nowhere> w = 1;
typedef unknown_t T;
header h_t { T f; bit<8> g; }
bit<8> f(in T x, in h_t h) { T y = x; y = y + w; return h.g + w; }
`
	_, _, ds := check("once.p4", []byte(src))
	require.Len(t, ds, 2, "%v", ds)
}
