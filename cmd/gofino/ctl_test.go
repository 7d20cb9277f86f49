package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gofino/internal/clock"
	"gofino/model"
	"gofino/p4"
	"gofino/tables"
)

// ctlOf is a table shell of a switch in memory that runs a program.
func ctlOf(t *testing.T, path string) (*ctl, *bytes.Buffer) {
	prog, diags := p4.Compile(path, p4.Options{})
	require.NotNil(t, prog, diags)
	sw, err := model.New(prog, model.Config{Clock: new(clock.Virtual)})
	require.NoError(t, err)
	t.Cleanup(sw.Close)
	out := new(bytes.Buffer)
	return &ctl{pipe: -1, out: out, dial: func(context.Context, bool) (tables.API, error) { return sw.API(), nil }}, out
}

// TestCtlSession is a session as a person would type it.
func TestCtlSession(t *testing.T) {
	x, out := ctlOf(t, l3P4)
	for _, step := range []struct{ line, want string }{
		{"ls routes", "pipe.RouterIngress.routes  "},
		{"info routes", "key          hdr.ipv4.dst          lpm      32 bits"},
		{"add routes dst=10.0.0.0/8 route port=3 src=00:11:22:33:44:55 dst=66:77:88:99:aa:bb", ""},
		{"set routes ipv4.dst=10.1.0.0/16 to_cpu", ""},
		{"add PORT dev_port=5 speed=10G fec=NONE port_enable=on # a comment", ""},
		{"get PORT dev_port=5", "$SPEED=BF_SPEED_10G"},
		{"get routes", "10.0.0.0/8    RouterIngress.route   port=3 src=00:11:22:33:44:55 dst=66:77:88:99:aa:bb"},
		{"usage", "pipe.RouterIngress.routes                     2 of 131072"},
		{"handle routes dst=10.1.0.0/16", "3"},
		{"del routes dst=10.1.0.0/16", ""},
		{"default routes", "(default)     RouterIngress.drop"},
		{"attr routes EntryScope", "pipe_scope=ALL"},
		{"clear routes", ""},
		{"usage routes", "0 of 131072"},
		{"help", "watch digests|ports|idle|all"},
	} {
		out.Reset()
		require.NoError(t, x.line(t.Context(), step.line), step.line)
		require.Contains(t, out.String(), step.want, step.line)
	}
	for line, want := range map[string]string{
		"frob":                            `no verb "frob" (verbs: add, attr,`,
		"add":                             "want add TABLE KEY=VALUE... [ACTION] [FIELD=VALUE...]",
		"get rutes":                       `no table "rutes"; is pipe.RouterIngress.routes meant?`,
		"add routes dst=10.0.0.0/8 rout":  `no action "rout"; is RouterIngress.route meant? (actions: RouterIngress.route, RouterIngress.to_cpu, RouterIngress.drop)`,
		"add routes to=1":                 `no field "to" (key fields: hdr.ipv4.dst; data fields: none)`,
		"add routes dst=10.0.0.0/40 drop": `key field hdr.ipv4.dst (lpm, 32 bits): prefix length "40", want 0 to 32`,
		"add routes dst=10.0.0.0/8 route port=600 src=1 dst=2": `data field port: "600" does not fit in 9 bits`,
		"add routes dst=nonsense drop":                         "want a number (decimal, 0x.., 0b..), or an IPv4, IPv6 or MAC address",
		"add PORT dev_port=1 speed=11G":                        `"11G" (choices: BF_SPEED_NONE, BF_SPEED_1G,`,
		"del routes dst=1.0.0.0/8":                             "object not found",
	} {
		require.ErrorContains(t, x.line(t.Context(), line), want, line)
	}
	x.asJSON = true
	out.Reset()
	require.NoError(t, x.line(t.Context(), "add routes dst=10.0.0.0/8 to_cpu"))
	require.NoError(t, x.line(t.Context(), "get routes dst=10.0.0.0/8"))
	require.JSONEq(t, `{"table":"pipe.RouterIngress.routes","key":{"hdr.ipv4.dst":"10.0.0.0/8"},"action":"RouterIngress.to_cpu"}`, out.String())
}

// TestCtlValues: values as people write them, and back.
func TestCtlValues(t *testing.T) {
	for _, c := range []struct {
		match string
		width int
		name  string
		in    string
		want  string // shown
	}{
		{"Exact", 9, "port", "0x1f", "31"},
		{"Exact", 9, "port", "0b101", "5"},
		{"Exact", 48, "mac", "00:11:22:33:44:55", "00:11:22:33:44:55"},
		{"Exact", 128, "src_addr", "fe80::1", "fe80::1"},
		{"Exact", 32, "word", "10.0.0.1", "167772161"},
		{"Exact", 16, "x", "-1", "65535"},
		{"Ternary", 32, "src_addr", "10.0.0.0/8", "10.0.0.0&&&0xff000000"},
		{"Ternary", 16, "x", "7", "7"},
		{"Ternary", 16, "x", "7&&&0xf", "7&&&0x000f"},
		{"Ternary", 16, "x", "*", "*"},
		{"LPM", 32, "dst_addr", "10.1.0.0/16", "10.1.0.0/16"},
		{"LPM", 32, "dst_addr", "*", "0.0.0.0/0"},
		{"Range", 16, "x", "80..90", "80..90"},
		{"Range", 9, "x", "*", "0..511"},
	} {
		spec := &tables.KeySpec{Name: c.name, Match: c.match, Type: tables.TypeSpec{Kind: "bytes", Width: c.width}}
		k, err := parseKey(spec, c.in)
		require.NoError(t, err, c.in)
		require.Equal(t, c.want, showKey(spec, &k), c.in)
	}
	lists := &tables.FieldSpec{Name: "l", Repeated: true, Type: tables.TypeSpec{Kind: "uint32"}}
	v, err := parseValue(lists, "1,2,0x3")
	require.NoError(t, err)
	require.Equal(t, []uint32{1, 2, 3}, v)
	require.Equal(t, "1,2,3", showValue(lists, v))
	v, err = parseValue(&tables.FieldSpec{Name: "b", Repeated: true, Type: tables.TypeSpec{Kind: "bool"}}, "on,false")
	require.NoError(t, err)
	require.Equal(t, []bool{true, false}, v)
}

// TestCtlCompletes names what may come next.
func TestCtlCompletes(t *testing.T) {
	x, _ := ctlOf(t, l3P4)
	api, err := x.tables(t.Context())
	require.NoError(t, err)
	for text, want := range map[string]string{
		"us":                  "usage",
		"get rou":             "routes",
		"watch d":             "digests",
		"add routes ":         "hdr.ipv4.dst= RouterIngress.route RouterIngress.to_cpu RouterIngress.drop",
		"add routes route po": "port=",
		"attr routes ":        "EntryScope",
	} {
		require.Equal(t, want, strings.Join(candidates(api.Schema(), strings.Split(text, " ")), " "), text)
	}
	got, n := completer{api.Schema()}.Do([]rune("get rou"), 7)
	require.Equal(t, 3, n)
	require.Equal(t, "tes ", string(got[0]))
}

// TestRunServesControllers: a live switch, and the shell over BFRuntime; a script
// ends at its first error; metrics are served; SIGTERM's context ends it cleanly.
func TestRunServesControllers(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ready := make(chan string, 1)
	var stdout, stderr syncBuffer
	stdout.on = func(text string) {
		if strings.HasPrefix(text, "ready") {
			ready <- text
		}
	}
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, []string{"run", l3P4, "--port", "1=udp:127.0.0.1:0,127.0.0.1:9", "--bfrt", "127.0.0.1:50987", "--metrics", "127.0.0.1:50986"}, &stdout, &stderr)
	}()
	select {
	case <-ready:
	case <-time.After(20 * time.Second):
		t.Fatalf("the switch is not ready: %s", stderr.String())
	}
	code, out, errs := gofino(t, "ctl", "--bfrt", "127.0.0.1:50987", "-f", write(t, "x.ctl", "add routes dst=10.0.0.0/8 drop\nget routes\nnonsense\nusage routes\n"))
	require.Equal(t, 1, code)
	require.Contains(t, out, "10.0.0.0/8")
	require.NotContains(t, out, "131072", "what is behind an error does not run")
	require.Contains(t, errs, `x.ctl:3: no verb "nonsense"`)
	code, out, errs = gofino(t, "ctl", "--bfrt", "127.0.0.1:50987", "--json", "usage", "routes")
	require.Zero(t, code, errs)
	require.JSONEq(t, `{"table":"pipe.RouterIngress.routes","usage":1,"size":131072}`, out)
	require.Contains(t, fetchMetrics(t, "http://127.0.0.1:50986/metrics"), `gofino_table_entries{program="l3",table="pipe.RouterIngress.routes"} 1`)
	cancel()
	select {
	case code := <-done:
		require.Zero(t, code, stderr.String())
	case <-time.After(20 * time.Second):
		t.Fatal("the switch does not end")
	}
	code, _, errs = gofino(t, "ctl", "--bfrt", "127.0.0.1:50987", "--timeout", "200ms", "ls")
	require.Equal(t, 1, code)
	require.Contains(t, errs, "the switch is away")
}

// TestBundleIsTheProgram: a switch that runs a bundle runs the same program, and a
// damaged one is refused.
func TestBundleIsTheProgram(t *testing.T) {
	dir := t.TempDir()
	code, _, errs := gofino(t, "bundle", l3P4, "-o", dir)
	require.Zero(t, code, errs)
	data, err := os.ReadFile(dir + "/l3/pipe/tofino.bin")
	require.NoError(t, err)
	want, _ := p4.Compile(l3P4, p4.Options{})
	got, diags, err := compileBundle(data, "tofino")
	require.NoError(t, err)
	require.NotNil(t, got, diags)
	require.Equal(t, want.Hash, got.Hash)
	require.Equal(t, "l3", got.Name)
	for _, f := range []string{"/l3/bf-rt.json", "/l3/pipe/context.json"} {
		_, err := os.Stat(dir + f)
		require.NoError(t, err)
	}
	for text, want := range map[string]string{
		"\x7fELF":            "no bundle of gofino",
		bundleMagic + "{}\n": "a bundle of version 0",
		bundleMagic + `{"version":1,"name":"a/b"}` + "\n":     "the bundle's program is called",
		bundleMagic + `{"version":1,"name":"a","target":"x"}`: "the bundle is for x, the chip is a tofino",
		bundleMagic + "nonsense\n":                            "the bundle's header",
	} {
		_, _, err := compileBundle([]byte(text), "tofino")
		require.ErrorContains(t, err, want)
	}
	code, _, errs = gofino(t, "fit", l3P4, "--context", dir+"/l3/pipe/context.json")
	require.Zero(t, code, errs)
}

// FuzzBundle: whatever a controller sends as a program, nothing panics.
func FuzzBundle(f *testing.F) {
	flags := programFlags{target: "tofino", fidelity: "relaxed", pipes: 4}
	o, err := flags.options()
	require.NoError(f, err)
	data, _ := flags.makeBundle(l3P4, o)
	f.Add(data)
	f.Add([]byte(bundleMagic + `{"version":1,"name":"a","target":"tofino"}` + "\nheader h { bit<8> x; }"))
	f.Fuzz(func(t *testing.T, b []byte) {
		prog, diags, err := compileBundle(b, "tofino")
		if err == nil && prog == nil && len(diags) == 0 {
			t.Fatal("a bundle that does not compile has no diagnostics")
		}
	})
}
