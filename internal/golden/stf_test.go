package golden

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseReadsEveryForm(t *testing.T) {
	v, err := Parse("t.stf", `
# a comment
add ing.acl 7 hdr.ip.src:0x0A****01 hdr.ip.dst:10.. ing.fwd(port:0x1, prio : 3)
`)
	require.ErrorContains(t, err, `t.stf:3: add: key hdr.ip.dst: "" is not a number`)
	require.Nil(t, v)

	v, err = Parse("t.stf", `
add ing.acl 7 hdr.ip.src:0x0A****01 hdr.ip.dst:0b1*0 l4:80..0x1FF p:5/3 m:0xF0&&&0xFF f[7:4]:2 ing.fwd(port:0x1, prio : 3) # trailing
setdefault ing.acl ing.drop()
add ind k:1 $ACTION_MEMBER_ID:4
packet 3 00 01 ff
expect 0x1FF 0*ff**$
mc_group 1 2 3:0x10 ecmp:5
`)
	require.NoError(t, err)
	require.Len(t, v.Commands, 6)
	add := v.Commands[0]
	require.Equal(t, 7, add.Priority)
	require.Equal(t, "0xa000001 0xff0000ff", hexes(add.Keys[0].Value, add.Keys[0].Mask))
	require.Equal(t, "0x4 0x5", hexes(add.Keys[1].Value, add.Keys[1].Mask))
	require.Equal(t, "0x50 0x1ff", hexes(add.Keys[2].Value, add.Keys[2].Hi))
	require.Equal(t, 3, add.Keys[3].Prefix)
	require.Equal(t, "0xf0 0xff", hexes(add.Keys[4].Value, add.Keys[4].Mask))
	require.Equal(t, "f[7:4]", add.Keys[5].Name)
	require.Equal(t, []Arg{{"port", "0x1"}, {"prio", "3"}}, add.Params)
	require.Equal(t, []Arg{{"$ACTION_MEMBER_ID", "4"}}, v.Commands[2].Args)
	require.Equal(t, []byte{0, 1, 0xff}, v.Commands[3].Data)
	e := v.Commands[4]
	require.Equal(t, 0x1ff, e.Port)
	require.Equal(t, []byte{0x00, 0xff, 0x00}, e.Data)
	require.Equal(t, []byte{0xf0, 0xff, 0x00}, e.Care)
	require.True(t, e.Exact)
}

func hexes(ns ...Number) string {
	var s []string
	for _, n := range ns {
		s = append(s, "0x"+n.Text(16))
	}
	return strings.Join(s, " ")
}

func TestParseErrorsNameTheLine(t *testing.T) {
	for text, want := range map[string]string{
		"frob 1":            `unknown command "frob" (commands: add, setdefault,`,
		"packet x 00":       `packet: port "x" is not a number`,
		"packet 1":          "packet 1: no bytes",
		"packet 1 0":        "packet: odd number of hex digits (1)",
		"expect 1 0g":       `expect: 'g' is not a hex digit or *`,
		"add t k:1":         "add: no action: want ACTION(PARAM:VALUE, ...)",
		"add t k:1 a(x:1":   "add: missing ')' after the action's parameters",
		"add t k:1 a(x)":    `add: parameter "x": want NAME:VALUE`,
		"add t k:1* a()":    "key k: wildcards need 0x or 0b",
		"add t k:1/x a()":   `prefix length "x" is not a number`,
		"add t k:1 a() k:2": `"k:2" after the action`,
		"check_counter":     "check_counter needs a name",
	} {
		_, err := Parse("v", text)
		require.ErrorContains(t, err, want, text)
		require.ErrorContains(t, err, "v:1: ", text)
	}
}

func TestLoadFindsVectorsInFolders(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "sub"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "b.stf"), []byte("packet 1 00"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "sub", "a.txtar"),
		[]byte("-- p.p4 --\ncontrol c();\n-- one.stf --\npacket 1 00\n-- two.stf --\nwait\n-- trace.txt --\nx\n"), 0o644))
	cases, err := Load([]string{dir})
	require.NoError(t, err)
	require.Len(t, cases, 2)
	require.Equal(t, "b", cases[0].Name)
	require.Equal(t, "a/one", cases[1].Vectors[0].Name)
	require.Equal(t, "a/two", cases[1].Vectors[1].Name)
	require.Equal(t, "p.p4", cases[1].ProgramName)
	require.Equal(t, "x\n", cases[1].Trace)

	_, err = Load([]string{filepath.Join(dir, "none")})
	require.ErrorContains(t, err, "read vector")
	empty := t.TempDir()
	_, err = Load([]string{empty})
	require.ErrorContains(t, err, "no .stf or .txtar file in")
}

func FuzzParse(f *testing.F) {
	f.Add("add t 1 k:0x1* k2:1..2 a(x:1)\npacket 1 00\nexpect 1 0*$")
	f.Add("mc_group 1 2 3:0x10 ecmp:5\ngroup s 1 2:off\ncheck_counter c[1] packets=2")
	f.Add("expect 9 *\nadd f[7:4]:1 a(")
	f.Fuzz(func(t *testing.T, text string) {
		v, err := Parse("fuzz", text)
		if err == nil && v == nil {
			t.Fatal("no vector and no error")
		}
	})
}
