package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
	"github.com/stretchr/testify/require"

	"gofino/internal/golden"
)

// gofino runs one command line.
func gofino(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err strings.Builder
	code = run(t.Context(), args, &out, &err)
	return code, out.String(), err.String()
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	return path
}

const (
	l2P4  = "../../examples/l2/l2.p4"
	l3P4  = "../../examples/l3/l3.p4"
	sfuP4 = "../../sfu/p4/sfu.p4"
)

func TestUsageErrorsExit2AndListTheChoices(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "no command (commands: bench, bundle, check, ctl, demo,"},
		{[]string{"frob"}, `unknown command "frob" (commands: bench, bundle, check, ctl, demo,`},
		{[]string{"check"}, "check: want one P4 file"},
		{[]string{"check", "--nope", l2P4}, "unknown flag: --nope (flags of gofino check: --define, --fidelity,"},
		{[]string{"check", "--target", "tofino9", l2P4}, `unknown target "tofino9" (targets: tofino, tofino2)`},
		{[]string{"check", "--fidelity", "x", l2P4}, `unknown fidelity "x" (fidelities: relaxed, strict)`},
		{[]string{"check", "--pipes", "5", l2P4}, "--pipes 5: want 1 to 4"},
		{[]string{"test", l2P4}, "test: want at least one vector"},
		{[]string{"trace", l2P4}, "trace: want one of --stf V, --packet HEX, --pcap F (got 0)"},
		{[]string{"run", l2P4}, "run: want at least one --port N=SPEC"},
		{[]string{"run", l2P4, "--port", "600=null"}, `--port "600=null": want N=SPEC with N from 0 to 511`},
		{[]string{"run", l2P4, "--port", "1=null", "--port", "1=null"}, "--port 1 is given twice"},
		{[]string{"experiment", "x"}, `unknown experiment "x" (experiments: rewriting)`},
		{[]string{"experiment", "rewriting", "--packets", "1"}, "--packets 1: want 100 to 10000000"},
		{[]string{"bench", "x"}, `no benchmark "x" (benchmarks: l2-exact-64k,`},
	} {
		code, _, stderr := gofino(t, c.args...)
		require.Equal(t, exitUsage, code, "%v: %s", c.args, stderr)
		require.Contains(t, stderr, c.want)
		require.Equal(t, 1, strings.Count(stderr, "\n"), "one line: %q", stderr)
	}
}

func TestCheckReportsPositionsAndExits1(t *testing.T) {
	path := write(t, "bad.p4", "#include <core.p4>\nconst bit<8> x = 8w1 + 16w1;\nconst bit<8> y = z;\n")
	code, stdout, stderr := gofino(t, "check", "--frontend-only", path)
	require.Equal(t, exitFailed, code)
	require.Empty(t, stdout)
	require.Contains(t, stderr, path+":2:")
	require.Contains(t, stderr, path+":3:")
	require.Contains(t, stderr, ": error: ")

	code, _, stderr = gofino(t, "check", write(t, "v1.p4", "#include <v1model.p4>\n"))
	require.Equal(t, exitFailed, code)
	require.Contains(t, stderr, "architecture v1model is not supported (supported: tna, t2na)")

	for _, target := range []string{"tofino", "tofino2"} {
		code, stdout, stderr = gofino(t, "check", "--fidelity", "strict", "--target", target, sfuP4)
		require.Equal(t, exitOK, code, stderr)
		require.Empty(t, stdout+stderr)
	}
}

func TestSchemaIsBfrtJSON(t *testing.T) {
	code, stdout, stderr := gofino(t, "schema", l3P4)
	require.Equal(t, exitOK, code, stderr)
	var schema struct {
		Version string `json:"schema_version"`
		Tables  []struct {
			Name string
			Key  []struct {
				Name      string
				MatchType string `json:"match_type"`
			}
		}
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &schema))
	require.Equal(t, "1.0.0", schema.Version)
	names := map[string]string{}
	for _, tb := range schema.Tables {
		if len(tb.Key) > 0 {
			names[tb.Name] = tb.Key[0].Name + " " + tb.Key[0].MatchType
		}
	}
	require.Equal(t, "hdr.ipv4.dst LPM", names["pipe.RouterIngress.routes"])
}

// Every program that we ship passes its vectors, on both chips.
func TestShippedVectors(t *testing.T) {
	for _, target := range []string{"tofino", "tofino2"} {
		for program, dir := range map[string]string{
			sfuP4: "../../sfu/testdata", l2P4: "../../examples/l2", l3P4: "../../examples/l3",
			"../../examples/acl/acl.p4": "../../examples/acl",
		} {
			code, stdout, stderr := gofino(t, "test", "--target", target, program, dir)
			require.Equal(t, exitOK, code, "%s %s\n%s%s", program, target, stdout, stderr)
			require.Contains(t, stdout, " passed, 0 failed\n")
		}
	}
}

func TestFailedVectorSaysWhere(t *testing.T) {
	stf := write(t, "v.stf", `
add macs hdr.ethernet.dst:0x020000000001 forward(port:1)
packet 3 020000000001 020000000002 0800 aa
expect 1 020000000001 0200000000ff 0800 aa$
`)
	code, stdout, _ := gofino(t, "test", l2P4, stf)
	require.Equal(t, exitFailed, code)
	require.Equal(t, "FAIL v: line 4: port 1, byte 11 (hdr.ethernet byte 11): expected FF0800AA, got 020800AA\n0 passed, 1 failed\n", stdout)

	stf = write(t, "w.stf", "packet 3 020000000001 020000000002 0800\nexpect 1 020000000001\n")
	_, stdout, _ = gofino(t, "test", l2P4, stf)
	require.Contains(t, stdout, "FAIL w: line 2: expected a packet on port 1, got none\n")
	stf = write(t, "x.stf", "add macs hdr.ethernet.dts:1 forward(port:1)\n")
	_, stdout, _ = gofino(t, "test", l2P4, stf)
	require.Contains(t, stdout, `no "hdr.ethernet.dts" (there are: hdr.ethernet.dst)`)
}

// Entries of a ternary table are told apart by their priorities, the direct
// counters of entries too.
func TestDirectCounterOfAnEntryWithPriority(t *testing.T) {
	src, err := os.ReadFile("../../examples/acl/acl.p4")
	require.NoError(t, err)
	p4 := strings.NewReplacer(
		"    action permit(", "    DirectCounter<bit<64>>(CounterType_t.PACKETS) each;\n    action permit(",
		"        hits.count(rule);\n", "        hits.count(rule);\n        each.count();\n",
		"size = 2048;", "size = 2048;\n        counters = each;").Replace(string(src))
	prog := write(t, "acl.p4", p4)
	const rule = " hdr.ipv4.src:* hdr.ipv4.dst:* hdr.ipv4.protocol:6 hdr.l4.$valid:* hdr.l4.dst:0..0xffff "
	entries := "add rules 10" + rule + "permit(rule:1)\nadd rules 20" + rule + "permit(rule:2)\n" +
		"packet 1 020000000001 020000000002 0800 4500002800000000400600000a000001c0a80001 0050005500000000\n"
	for _, c := range []struct{ check, want string }{
		{"check_counter rules 20" + rule + "packets=1\ncheck_counter rules 10" + rule + "packets=0\n", "ok v\n"},
		{"check_counter rules 10" + rule + "packets=1\n", "expected $COUNTER_SPEC_PKTS = 1, got 0"},
		{"check_counter rules 30" + rule + "packets=1\n", "no entry with this key"},
		{"check_counter rules 16777216" + rule + "packets=1\n", "priority 16777216: want 0..16777215"},
	} {
		_, stdout, stderr := gofino(t, "test", prog, write(t, "v.stf", entries+c.check))
		require.Contains(t, stdout, c.want, stderr)
	}
}

func TestTxtarCaseBringsItsProgramAndTrace(t *testing.T) {
	src, err := os.ReadFile(l2P4)
	require.NoError(t, err)
	stf := "add macs hdr.ethernet.dst:0x020000000001 forward(port:1)\npacket 3 0200000000010200000000020800\nexpect 1 0200000000010200000000020800$\n"
	trace := func(text string) string {
		return write(t, "case.txtar", "-- l2.p4 --\n"+string(src)+"-- v.stf --\n"+stf+text)
	}
	code, stdout, stderr := gofino(t, "test", trace(""))
	require.Equal(t, exitOK, code, stdout+stderr)
	require.Equal(t, "ok case/v\n1 passed, 0 failed\n", stdout)

	code, want, stderr := gofino(t, "trace", l2P4, "--stf", write(t, "v.stf", stf))
	require.Equal(t, exitOK, code, stderr)
	require.Contains(t, want, "table SwitchIngress.macs")
	require.Contains(t, want, "l2.p4:")
	code, stdout, _ = gofino(t, "test", trace("-- trace.txt --\n"+want))
	require.Equal(t, exitOK, code, stdout)
	code, stdout, _ = gofino(t, "test", trace("-- trace.txt --\nINGRESS port 9\n"))
	require.Equal(t, exitFailed, code)
	require.Contains(t, stdout, `trace line 1: expected "INGRESS port 9", got "INGRESS port 3 `)
}

func TestTraceJSONIsATreePerPacket(t *testing.T) {
	setup := write(t, "s.stf", "setdefault macs flood(group:7)\nmc_node 1 1 1 2 3\nmc_group 7 1\nmc_prune 1 1\n")
	code, stdout, stderr := gofino(t, "trace", l2P4, "--setup", setup, "--port", "1", "--packet", "ffffffffffff 020000000001 0800", "--json")
	require.Equal(t, exitOK, code, stderr)
	var root struct {
		Kind     string
		Children []struct {
			Kind string
			Port int
		}
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &root))
	require.Equal(t, "ingress", root.Kind)
	require.Len(t, root.Children, 2, "two copies: the sender's port is pruned")
	require.Contains(t, stdout, `{"name":"mac_tstamp","value":"0"}`)
	require.Equal(t, []int{2, 3}, []int{root.Children[0].Port, root.Children[1].Port})
}

// Same input, same seed: the same outputs, traces and state, a hundred times.
func TestSameInputSameTraceAndState(t *testing.T) {
	var f programFlags
	f.target, f.fidelity, f.pipes, f.seed = "tofino", "relaxed", 4, 7
	prog, err := f.compile(newRoot(io.Discard, io.Discard), sfuP4)
	require.NoError(t, err)
	cases, err := golden.Load([]string{"../../sfu/testdata"})
	require.NoError(t, err)
	cases = slices.DeleteFunc(cases, func(c *golden.Case) bool {
		return !slices.Contains([]string{"replicate", "layers", "structure", "feedback"}, c.Name)
	})
	require.Len(t, cases, 4)
	var first string
	for i := range 100 {
		h := sha256.New()
		for _, c := range cases {
			tr, err := newTracer(prog, nil, &f, h, traceFlags{json: true})
			require.NoError(t, err)
			require.NoError(t, tr.runVector(t.Context(), c.Vectors[0]))
			for _, o := range tr.out {
				fmt.Fprintln(h, o.Port, o.Data)
			}
			state := tr.sw.StateHash()
			h.Write(state[:])
		}
		sum := fmt.Sprintf("%x", h.Sum(nil))
		if i == 0 {
			first = sum
		}
		require.Equal(t, first, sum, "run %d", i)
	}
}

// A capture goes in on one port and comes out of another.
func TestRunForwardsACapture(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.pcap"), filepath.Join(dir, "out.pcap")
	frame := []byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0xaa}
	f, err := os.Create(in)
	require.NoError(t, err)
	w := pcapgo.NewWriter(f)
	require.NoError(t, w.WriteFileHeader(65536, layers.LinkTypeEthernet))
	for range 100 {
		require.NoError(t, w.WritePacket(gopacket.CaptureInfo{CaptureLength: len(frame), Length: len(frame)}, frame))
	}
	require.NoError(t, f.Close())
	setup := write(t, "s.stf", "add macs hdr.ethernet.dst:0x020000000001 forward(port:2)\n")

	code, stdout, stderr := gofino(t, "run", l2P4, "--setup", setup, "--port", "1=pcap:"+in, "--port", "2=pcap:,"+out)
	require.Equal(t, exitOK, code, stderr)
	require.True(t, strings.HasPrefix(stdout, "ready\n"), stdout)

	f, err = os.Open(out)
	require.NoError(t, err)
	defer f.Close()
	r, err := pcapgo.NewReader(f)
	require.NoError(t, err)
	n := 0
	for ; ; n++ {
		data, _, err := r.ReadPacketData()
		if err != nil {
			break
		}
		require.Equal(t, frame, data)
	}
	require.Equal(t, 100, n)

	code, _, stderr = gofino(t, "run", l2P4, "--setup", write(t, "p.stf", "packet 1 00\n"), "--port", "1=null")
	require.Equal(t, exitFailed, code)
	require.Contains(t, stderr, "a setup file has no packets")
}

func TestDemoInMemory(t *testing.T) {
	code, stdout, stderr := gofino(t, "demo", "--memory", "--duration", "1s")
	require.Equal(t, exitOK, code, stdout+stderr)
	require.Contains(t, stdout, "PASS: ")
}

func TestBenchPrintsRows(t *testing.T) {
	code, stdout, stderr := gofino(t, "bench", "l3-lpm-100k", "--json", "--duration", "10ms")
	require.Equal(t, exitOK, code, stderr)
	var rows []map[string]any
	require.NoError(t, json.Unmarshal([]byte(stdout), &rows))
	for _, k := range []string{"name", "packets_per_s", "ns_per_packet", "allocs_per_packet", "copies_per_s"} {
		require.Contains(t, rows[0], k)
	}
}
