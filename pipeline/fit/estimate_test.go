package fit_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gofino/p4"
	"gofino/pipeline/fit"
	"gofino/pipeline/ir"
)

var update = flag.Bool("update", false, "write the golden reports")

// head and tail surround the ingress control of a test.
const head = `#include <core.p4>
#if __TARGET_TOFINO__ == 2
#include <t2na.p4>
#else
#include <tna.p4>
#endif
header eth_h { bit<48> dst; bit<48> src; bit<16> kind; }
header ip_h { bit<8> ttl; bit<8> proto; bit<16> sum; bit<32> src; bit<32> dst; }
struct headers { eth_h eth; ip_h ip; }
struct meta { bit<16> a; bit<16> b; bit<16> c; bit<1> f; bit<1> g; bit<32> d; }
struct none {}
parser IP(packet_in p, out headers hdr, out meta m, out ingress_intrinsic_metadata_t i) {
  state start { p.extract(i); p.advance(PORT_METADATA_SIZE); p.extract(hdr.eth); p.extract(hdr.ip); transition accept; }
}
control I(inout headers hdr, inout meta m, in ingress_intrinsic_metadata_t i, in ingress_intrinsic_metadata_from_parser_t ip,
  inout ingress_intrinsic_metadata_for_deparser_t d, inout ingress_intrinsic_metadata_for_tm_t tm) {
`

const tail = `
}
control ID(packet_out p, inout headers hdr, in meta m, in ingress_intrinsic_metadata_for_deparser_t d) { apply { p.emit(hdr); } }
parser EP(packet_in p, out none hdr, out none m, out egress_intrinsic_metadata_t e) { state start { p.extract(e); transition accept; } }
control E(inout none hdr, inout none m, in egress_intrinsic_metadata_t e, in egress_intrinsic_metadata_from_parser_t ep,
  inout egress_intrinsic_metadata_for_deparser_t d, inout egress_intrinsic_metadata_for_output_port_t o) { apply {} }
control ED(packet_out p, inout none hdr, in none m, in egress_intrinsic_metadata_for_deparser_t d) { apply {} }
Pipeline(IP(), I(), ID(), EP(), E(), ED()) pipe;
Switch(pipe) main;
`

func estimate(t *testing.T, target ir.Target, control string) *fit.Report {
	t.Helper()
	prog, diags := p4.CompileSource("t.p4", []byte(head+control+tail), p4.Options{Target: target})
	require.NotNil(t, prog, "%v", diags)
	return fit.Estimate(prog)
}

// stages writes the ingress as "0 a b | 1M c": the stage, M where it is match
// dependent and A where action dependent, and its tables without "I.".
func stages(r *fit.Report) string {
	var out []string
	for _, s := range r.Gress["ingress"].Stages {
		if len(s.Tables) == 0 {
			continue
		}
		mark := map[fit.Dependency]string{fit.Match: "M", fit.Action: "A"}[s.Dependency]
		out = append(out, string(rune('0'+s.Stage))+mark+" "+strings.ReplaceAll(strings.Join(s.Tables, " "), "I.", ""))
	}
	return strings.Join(out, " | ")
}

const twoTables = `
  action seta(bit<16> v) { m.a = v; }
  action port(bit<9> p) { tm.ucast_egress_port = p; }
  action copy() { m.b = m.a; hdr.ip.sum = m.b; }
  action sum(bit<16> v) { m.a = v; hdr.ip.sum = v; }
  table first { key = { hdr.eth.dst : exact; } actions = { seta; } size = 1024; }
  table reads { key = { m.a : exact; } actions = { port; } size = 1024; }
  table copies { key = { hdr.eth.src : exact; } actions = { copy; } size = 1024; }
  table other { key = { hdr.eth.src : exact; } actions = { port; } size = 1024; }
`

// timing.md section 2.1: a field written and matched on needs the stage to
// finish (match); written and read by an action, only the actions to follow
// (action); nothing in common, one stage.
func TestDependenciesDecideStages(t *testing.T) {
	require.Equal(t, "0M first | 1M reads", stages(estimate(t, ir.Tofino, twoTables+`apply { first.apply(); reads.apply(); }`)))
	require.Equal(t, "0M first | 1A copies", stages(estimate(t, ir.Tofino, twoTables+`apply { first.apply(); copies.apply(); }`)))
	got := stages(estimate(t, ir.Tofino, twoTables+`apply { first.apply(); other.apply(); reads.apply(); }`))
	require.True(t, strings.HasPrefix(got, "0M other first") || strings.HasPrefix(got, "0M first other"), got)
}

// Written twice: the later table comes in a later stage, action dependent.
func TestWritingAgainIsAnActionDependency(t *testing.T) {
	r := estimate(t, ir.Tofino, `
  action port(bit<9> p) { tm.ucast_egress_port = p; }
  table x { key = { hdr.eth.dst : exact; } actions = { port; } size = 1024; }
  table y { key = { hdr.eth.src : exact; } actions = { port; } size = 1024; }
  apply { x.apply(); y.apply(); }`)
	require.Equal(t, "0M x | 1A y", stages(r))
	require.Equal(t, "writes tm.ucast_egress_port after I.x", r.Gress["ingress"].Stages[1].Held[0].Why)
	require.Equal(t, 55, r.Gress["ingress"].LatencyCycles, "54 of an empty ingress, stage 1 adds 2 in place of 1")
}

// Reading first and writing later may share a stage: actions run after matches.
func TestReadThenWriteSharesAStage(t *testing.T) {
	r := estimate(t, ir.Tofino, `
  action port(bit<9> p) { tm.ucast_egress_port = p; }
  action mac(bit<48> v) { hdr.eth.dst = v; }
  table x { key = { hdr.eth.dst : exact; } actions = { port; } size = 1024; }
  table y { key = { hdr.eth.src : exact; } actions = { mac; } size = 1024; }
  apply { x.apply(); y.apply(); }`)
	require.Equal(t, "0M x y", stages(r))
}

// The branches of one condition exclude each other: they write one field in one
// stage.
func TestBranchesShareAStage(t *testing.T) {
	r := estimate(t, ir.Tofino, `
  action port(bit<9> p) { tm.ucast_egress_port = p; }
  table x { key = { hdr.eth.dst : exact; } actions = { port; } size = 1024; }
  table y { key = { hdr.eth.src : exact; } actions = { port; } size = 1024; }
  apply { if (hdr.ip.ttl == 0) { x.apply(); } else { y.apply(); } }`)
	require.Equal(t, 1, r.Gress["ingress"].StagesUsed)
	require.Len(t, r.Gress["ingress"].Stages[0].Conditions, 1, "the condition shares a logical table with one of them")
}

// What runs on a miss sees only what the default action wrote.
func TestMissSeesTheDefaultActionOnly(t *testing.T) {
	const tables = `
  action port(bit<9> p) { tm.ucast_egress_port = p; }
  action nop() {}
  table y { key = { hdr.eth.src : exact; } actions = { port; } size = 1024; }
`
	r := estimate(t, ir.Tofino, tables+`
  table x { key = { hdr.eth.dst : exact; } actions = { port; nop; } const default_action = nop; size = 1024; }
  apply { if (!x.apply().hit) { y.apply(); } }`)
	require.Equal(t, "0M x y", stages(r))
	r = estimate(t, ir.Tofino, tables+`
  table x { key = { hdr.eth.dst : exact; } actions = { port; nop; } default_action = nop; size = 1024; }
  apply { if (!x.apply().hit) { y.apply(); } }`)
	require.Equal(t, "0M x | 1A y", stages(r), "the control plane may make port the default")
}

// Bare statements become tables without a key. Those that touch what the table
// before them writes start another; they run as a TCAM that always misses,
// which costs the stage two cycles (timing.md section 2).
func TestBareStatementsBecomeTables(t *testing.T) {
	r := estimate(t, ir.Tofino, `apply { hdr.ip.ttl = 7; hdr.ip.proto = 8; hdr.ip.ttl = hdr.ip.ttl + 1; }`)
	g := r.Gress["ingress"]
	require.Equal(t, 2, g.StagesUsed)
	require.Len(t, g.Stages[0].Tables, 1)
	require.Equal(t, "action", g.Stages[0].Held[0].Kind)
	require.Equal(t, 22, g.Stages[0].ClockCycles)
}

// Zero over the zero that memory starts with, and values that nobody reads,
// cost nothing.
func TestNothingIsPlacedForDeadCode(t *testing.T) {
	require.Equal(t, 0, estimate(t, ir.Tofino, `apply { m.a = 0; m.b = 5; tm.bypass_egress = 0; }`).Gress["ingress"].StagesUsed)
}

// A hash has to be computed before a table can match on it.
func TestHashBeforeMatch(t *testing.T) {
	r := estimate(t, ir.Tofino, `
  Hash<bit<16>>(HashAlgorithm_t.CRC16) h;
  action port(bit<9> p) { tm.ucast_egress_port = p; }
  table x { key = { m.a : exact; } actions = { port; } size = 1024; }
  apply { m.a = h.get({hdr.ip.src, hdr.ip.dst}); x.apply(); }`)
	g := r.Gress["ingress"]
	require.Equal(t, 2, g.StagesUsed)
	require.Equal(t, fit.Match, g.Stages[1].Dependency)
	require.Equal(t, 20, g.Stages[0].ClockCycles, "a hash needs no TCAM")
}

// chip.md section 4: four stateful ALUs a stage.
func TestFifthRegisterGoesOn(t *testing.T) {
	var b strings.Builder
	for _, n := range []string{"a", "b", "c", "e", "g"} {
		b.WriteString(`
  Register<bit<32>, bit<10>>(1024) r` + n + `;
  RegisterAction<bit<32>, bit<10>, bit<32>>(r` + n + `) x` + n + ` = { void apply(inout bit<32> v) { v = v + 1; } };
  action run` + n + `(bit<10> at) { x` + n + `.execute(at); }
  table t` + n + ` { key = { hdr.eth.dst : exact; } actions = { run` + n + `; } size = 512; }`)
	}
	r := estimate(t, ir.Tofino, b.String()+`apply { ta.apply(); tb.apply(); tc.apply(); te.apply(); tg.apply(); }`)
	g := r.Gress["ingress"]
	require.Equal(t, 2, g.StagesUsed)
	require.Equal(t, 4, r.Pipelines[0].Use[0].MeterALU)
	require.Equal(t, "no meter, selector and stateful ALUs left: needs 1, 4 of 4 are taken", g.Stages[1].Held[0].Why)
	require.Equal(t, 24, g.Stages[0].ClockCycles, "timing.md section 2: a stateful ALU adds 4")
}

// chip.md section 4: 24 TCAM blocks of 512 lines. A table too large for a stage
// goes on in the next, which follows it by its actions.
func TestLargeTableIsSplit(t *testing.T) {
	r := estimate(t, ir.Tofino, `
  action port(bit<9> p) { tm.ucast_egress_port = p; }
  table x { key = { hdr.ip.dst : ternary; } actions = { port; } size = 16384; }
  apply { x.apply(); }`)
	require.Equal(t, "0M x | 1A x", stages(r))
	g := r.Gress["ingress"]
	require.Equal(t, []int{12288, 4096}, []int{g.Stages[0].Held[0].Entries, g.Stages[1].Held[0].Entries})
	require.Equal(t, 24, r.Pipelines[0].Use[0].TCAM)
}

// ALPM: a preclassifier in TCAM finds the partition, SRAM a stage later the
// entry.
func TestAlpmTakesTwoStages(t *testing.T) {
	r := estimate(t, ir.Tofino, `
  action port(bit<9> p) { tm.ucast_egress_port = p; }
  @alpm(1) table x { key = { hdr.ip.dst : lpm; } actions = { port; } size = 2048; }
  apply { x.apply(); }`)
	require.Equal(t, "0M x | 1M x", stages(r))
	g := r.Gress["ingress"]
	require.Equal(t, "preclassifier", g.Stages[0].Held[0].Kind)
	require.Equal(t, []int{22, 20}, []int{g.Stages[0].ClockCycles, g.Stages[1].ClockCycles})
}

// Small intrinsic values share a container; two tables of one packet that write
// into it cannot share a stage, though their fields differ.
func TestContainersKeepTablesApart(t *testing.T) {
	r := estimate(t, ir.Tofino, `
  action drop() { d.drop_ctl = 1; }
  action cpu() { tm.copy_to_cpu = 1; }
  table x { key = { hdr.eth.dst : exact; } actions = { drop; } size = 1024; }
  table y { key = { hdr.eth.src : exact; } actions = { cpu; } size = 1024; }
  apply { x.apply(); y.apply(); }`)
	require.Equal(t, 2, r.Gress["ingress"].StagesUsed)
	require.Contains(t, r.Gress["ingress"].Stages[1].Held[0].Why, "container")
}

// Tofino 2 has no concurrent stages, and a key that nothing changes lies in a
// mocha container, which makes its stage match dependent (timing.md section
// 2.1).
func TestTofino2Stages(t *testing.T) {
	r := estimate(t, ir.Tofino2, `
  action ttl() { hdr.ip.ttl = hdr.ip.ttl + 1; }
  table x { key = { hdr.eth.dst : exact; } actions = { ttl; } size = 1024; }
  table y { key = { hdr.eth.src : exact; } actions = { ttl; } size = 1024; }
  apply { x.apply(); y.apply(); }`)
	g := r.Gress["ingress"]
	require.Len(t, g.Stages, 20)
	require.Equal(t, "0M x | 1M y", stages(r))
	require.Equal(t, fit.Action, g.Stages[2].Dependency)
	require.Equal(t, 23+23+18*2, g.LatencyCycles)
	require.Equal(t, 61, r.Gress["egress"].LatencyCycles)
}

// More than the chip has is said, not hidden.
func TestTooManyStages(t *testing.T) {
	var b strings.Builder
	b.WriteString("  action up() { m.a = m.a + 1; hdr.ip.sum = m.a; }\n")
	var apply strings.Builder
	for i := range 14 {
		n := string(rune('a' + i))
		b.WriteString("  table t" + n + " { key = { hdr.eth.dst : exact; } actions = { up; } size = 512; }\n")
		apply.WriteString("t" + n + ".apply(); ")
	}
	r := estimate(t, ir.Tofino, b.String()+"apply { "+apply.String()+"}")
	require.Equal(t, 14, r.Gress["ingress"].StagesUsed)
	var out bytes.Buffer
	require.NoError(t, r.Write(&out))
	require.Contains(t, out.String(), "does not fit: the chip has 12 stages")
}

// The report as people read it.
func TestReportText(t *testing.T) {
	src, err := os.ReadFile("testdata/shop.p4")
	require.NoError(t, err)
	prog, diags := p4.CompileSource("shop.p4", src, p4.Options{})
	require.NotNil(t, prog, "%v", diags)
	var out bytes.Buffer
	require.NoError(t, fit.Estimate(prog).Write(&out))
	golden(t, "testdata/shop.txt", out.Bytes())
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(file, got, 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
}

// The same program gives the same bytes.
func TestEstimateIsStable(t *testing.T) {
	src, err := os.ReadFile("testdata/shop.p4")
	require.NoError(t, err)
	var first []byte
	for range 5 {
		prog, _ := p4.CompileSource("shop.p4", src, p4.Options{})
		b, err := json.Marshal(fit.Estimate(prog))
		require.NoError(t, err)
		if first == nil {
			first = b
		}
		require.Equal(t, string(first), string(b))
	}
}
