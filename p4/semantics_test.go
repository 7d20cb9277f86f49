package p4_test

import (
	"bytes"
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"testing"

	"gofino/p4"
	"gofino/p4/syntax"
	"gofino/pipeline"
	"gofino/pipeline/ir"
	"gofino/tables"
)

// skeleton is a program around the part that a case is about. Its ingress
// extracts h and, if the packet has more, leaves the rest as payload.
const skeleton = `
#include <core.p4>
#include <tna.p4>
header h_t { bit<8> a; bit<8> b; bit<16> c; bit<32> d; }
header w_t { bit<96> w; }
header_union u_t { h_t h; w_t w; }
struct pair_t { bit<8> x; bit<8> y; }
struct hs_t { h_t h; h_t k; h_t[3] s; w_t w; }
struct md_t { bit<8> m; bit<16> n; bool f; pair_t p; }
struct eh_t {}
struct em_t {}
DECLS
parser IgP(packet_in pkt, out hs_t hdr, out md_t md, out ingress_intrinsic_metadata_t ig) {
    PLOCALS
    state start { pkt.extract(ig); pkt.advance(PORT_METADATA_SIZE); transition first; }
    PARSER
}
control Ig(inout hs_t hdr, inout md_t md, in ingress_intrinsic_metadata_t ig,
           in ingress_intrinsic_metadata_from_parser_t prsr, inout ingress_intrinsic_metadata_for_deparser_t dprsr,
           inout ingress_intrinsic_metadata_for_tm_t tm) {
    LOCALS
    apply {
        BODY
    }
}
control IgD(packet_out pkt, inout hs_t hdr, in md_t md, in ingress_intrinsic_metadata_for_deparser_t dprsr) {
    DLOCALS
    apply { DBODY pkt.emit(hdr); }
}
parser EgP(packet_in pkt, out eh_t hdr, out em_t md, out egress_intrinsic_metadata_t eg) {
    state start { pkt.extract(eg); transition accept; }
}
control Eg(inout eh_t hdr, inout em_t md, in egress_intrinsic_metadata_t eg) { apply {} }
control EgD(packet_out pkt, inout eh_t hdr, in em_t md) { apply {} }
Pipeline(IgP(), Ig(), IgD(), EgP(), Eg(), EgD()) pipe;
Switch(pipe) main;
`

// program is a filled skeleton.
type program struct {
	decls, plocals, parser, locals, body, dlocals, dbody string
}

func (p program) source() string {
	if p.parser == "" {
		p.parser = "state first { pkt.extract(hdr.h); transition accept; }"
	}
	// Longer markers first: LOCALS is a part of PLOCALS.
	return strings.NewReplacer("DECLS", p.decls, "PLOCALS", p.plocals, "DLOCALS", p.dlocals, "DBODY", p.dbody,
		"PARSER", p.parser, "LOCALS", p.locals, "BODY", p.body).Replace(skeleton)
}

// machine is a compiled program in one pipe.
type machine struct {
	prog  *ir.Program
	store *tables.Store
	pipe  *pipeline.Pipe
	pass  *pipeline.Pass
}

func load(t testing.TB, src string, opt p4.Options) *machine {
	t.Helper()
	prog, diags := p4.CompileSource("case.p4", []byte(src), opt)
	for _, d := range diags {
		if d.Severity == syntax.SevError {
			t.Errorf("%v", d)
		}
	}
	if prog == nil {
		t.Fatal("program does not compile")
	}
	store, err := tables.NewStore(prog, 1)
	if err != nil {
		t.Fatal(err)
	}
	pipe, err := pipeline.Load(prog.Pipelines[0], prog.Target, store.State(0), pipeline.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{prog: prog, store: store, pipe: pipe, pass: pipe.NewPass(ir.Ingress)}
	m.pass.Rand = rand.NewPCG(1, 2)
	return m
}

type discard struct{}

func (discard) Event(pipeline.Event) {}

// ingress runs one packet and returns the bytes of the deparser and payload.
func (m *machine) ingress(packet []byte, trace bool) []byte {
	meta := 8 // of port metadata
	if m.prog.Target == ir.Tofino2 {
		meta = 24
	}
	p := m.pass
	p.In = append(make([]byte, 8+meta), packet...)
	p.In[1] = 5 // ingress_port
	p.Bytes = len(packet) + 4
	if trace {
		m.pipe.TraceIngress(p, pipeline.Look{Sink: discard{}})
	} else {
		m.pipe.Ingress(p)
	}
	if p.Verdict != pipeline.Forward {
		return []byte(p.Verdict.String())
	}
	return append(bytes.Clone(p.Head), p.In[p.Consumed:]...)
}

// run compiles and runs a program on a packet, on both engines, from the same
// state each.
func run(t *testing.T, src, packet string, opt p4.Options) (*machine, string) {
	t.Helper()
	in, err := hex.DecodeString(strings.ReplaceAll(packet, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	slow := load(t, src, opt)
	want := slow.ingress(in, true)
	fast := load(t, src, opt)
	got := fast.ingress(in, false)
	if !bytes.Equal(got, want) {
		t.Errorf("engines differ: fast %x, reference %x", got, want)
	}
	for i := ir.Intrinsic(0); i < ir.NumIntrinsics; i++ {
		if a, b := slow.pass.Intr(i), fast.pass.Intr(i); a != b {
			t.Errorf("engines differ in intrinsic %d: fast %d, reference %d", i, b, a)
		}
	}
	return fast, hex.EncodeToString(got)
}

// TestControlSemantics: each case starts with h = {a 11, b 22, c 3344,
// d 55667788}; what leaves is h as the body changed it, and every header that
// the body made valid.
func TestControlSemantics(t *testing.T) {
	const in = "11 22 3344 55667788"
	cases := []struct {
		name string
		p    program
		want string
	}{
		{"nothing", program{}, "11 22 3344 55667788"},
		{"slice as lvalue", program{body: "hdr.h.c[11:4] = 8w0xAB;"}, "11 22 3ab4 55667788"},
		{"slice of slice read", program{body: "hdr.h.a = hdr.h.d[31:8][7:0];"}, "77 22 3344 55667788"},
		{"concatenation", program{body: "hdr.h.d = hdr.h.a ++ hdr.h.c ++ hdr.h.b;"}, "11 22 3344 11334422"},
		{"saturating add", program{body: "hdr.h.a = hdr.h.a |+| 8w0xF8; hdr.h.b = hdr.h.b |-| 8w0x30;"}, "ff 00 3344 55667788"},
		{"signed saturation", program{body: "int<8> x = 8s100; x = x |+| 8s100; hdr.h.a = (bit<8>)x; int<8> y = -8s100; y = y |-| 8s100; hdr.h.b = (bit<8>)y;"}, "7f 80 3344 55667788"},
		{"signed shift", program{body: "int<8> x = -8s16; hdr.h.a = (bit<8>)(x >> 2); hdr.h.b = 8w0xF0 >> 2;"}, "fc 3c 3344 55667788"},
		{"signed widening", program{body: "int<8> x = -8s2; hdr.h.c = (bit<16>)(int<16>)x;"}, "11 22 fffe 55667788"},
		{"shift by field", program{body: "hdr.h.d = hdr.h.d << hdr.h.a[3:0];"}, "11 22 3344 aaccef10"},
		{"ternary operator", program{body: "hdr.h.a = hdr.h.b > 8w0x20 ? hdr.h.a : hdr.h.b;"}, "11 22 3344 55667788"},
		{"min and max", program{body: "hdr.h.c = max(hdr.h.c, 16w0x4000); hdr.h.a = min(hdr.h.a, hdr.h.b);"}, "11 22 4000 55667788"},
		{"funnel shift", program{body: "funnel_shift_right(hdr.h.d, 32w0xAABBCCDD, hdr.h.d, 8);"}, "11 22 3344 dd556677"},
		{"more than 64 bits", program{body: "hdr.w.setValid(); hdr.w.w = hdr.h.d ++ 64w1; hdr.w.w = hdr.w.w + 96w0xFFFFFFFFFFFFFFFF;"},
			"11 22 3344 55667788 556677890000000000000000"},
		{"compound assignment", program{body: "hdr.h.a += 1; hdr.h.c <<= 4; hdr.h.b |= 8w0x80;"}, "12 a2 3440 55667788"},
		{"bool to bit and back", program{body: "md.f = hdr.h.a == 8w0x11; hdr.h.a = (bit<8>)(bit<1>)md.f;"}, "01 22 3344 55667788"},
		{"uninitialised local is zero", program{body: "bit<8> x; hdr.h.a = x;"}, "00 22 3344 55667788"},
		{"local in inner scope", program{body: "bit<8> x = 1; { bit<8> y = 7; x = x + y; } if (x == 8) { bit<8> y; hdr.h.a = y; }"}, "00 22 3344 55667788"},
		{"swap through a list", program{body: "md.p = {hdr.h.a, hdr.h.b}; md.p = {md.p.y, md.p.x}; hdr.h.a = md.p.x; hdr.h.b = md.p.y;"}, "22 11 3344 55667788"},
		{"struct comparison", program{body: "pair_t q = {1, 2}; md.p = {y = 2, x = 1}; if (q == md.p) { hdr.h.a = 0xEE; } q.x = 3; if (q != md.p) { hdr.h.b = 0xDD; }"}, "ee dd 3344 55667788"},
		{"header assignment copies validity", program{body: "hdr.k = hdr.h; hdr.h = hdr.s[1];"}, "11 22 3344 55667788"},
		{"header from a list is valid", program{body: "hdr.k = {1, 2, 3, 4};"}, "11 22 3344 55667788 01 02 0003 00000004"},
		{"header comparison", program{body: "if (hdr.k == hdr.s[0]) { hdr.h.a = 1; } hdr.k = hdr.h; hdr.h.b = 9; if (hdr.k == hdr.h) { hdr.h.a = 2; } hdr.k.setInvalid();"}, "01 09 3344 55667788"},
		{"invalid header expression", program{body: "hdr.h = {#};"}, ""},
		{"stack push and pop", program{body: "hdr.s[0] = {1, 0, 0, 0}; hdr.s[1] = {2, 0, 0, 0}; hdr.s.push_front(1); hdr.s[0] = {9, 0, 0, 0}; hdr.s.pop_front(2);"},
			"11 22 3344 55667788 02 00 0000 00000000"},
		{"stack assignment", program{locals: "h_t[3] t;", body: "t[2] = hdr.h; hdr.s = t;"}, "11 22 3344 55667788 11 22 3344 55667788"},
		{"union keeps one header valid", program{locals: "u_t u;", body: "u.h.setValid(); u.w.setValid(); if (u.isValid() && !u.h.isValid()) { hdr.h.a = 0xAA; }"}, "aa 22 3344 55667788"},
		{"switch on a value", program{body: "switch (hdr.h.a) { 8w1: 8w0x11: { hdr.h.b = 1; } default: { hdr.h.b = 2; } }"}, "11 01 3344 55667788"},
		{"switch label shares the default's body", program{body: "switch (hdr.h.a) { 0x33: { hdr.h.a = 6; } 0x11: default: { hdr.h.a = 5; } }"}, "05 22 3344 55667788"},
		{"sizes", program{body: "hdr.h.a = (bit<8>)hdr.h.minSizeInBytes(); hdr.h.b = (bit<8>)sizeInBytes(hdr.h);"}, "08 08 3344 55667788"},
		{"for loop", program{body: "for (bit<8> i = 0; i < 4; i = i + 1) { hdr.h.a = hdr.h.a + i; }"}, "17 22 3344 55667788"},
		{"for loop over a stack with an index", program{body: "for (bit<8> i in 0..2) { hdr.s[i] = {i, 0, 0, 0}; if (i == 1) { break; } }"},
			"11 22 3344 55667788 00 00 0000 00000000 01 00 0000 00000000"},
		{"continue", program{body: "for (bit<8> i in 1..4) { if (hdr.h.b == 0x22 && i == 2) { continue; } hdr.h.a = hdr.h.a + i; }"}, "19 22 3344 55667788"},
		{"return ends the control", program{body: "if (hdr.h.a == 0x11) { hdr.h.b = 1; return; } hdr.h.b = 2;"}, "11 01 3344 55667788"},
		{"exit ends the control", program{locals: "action a() { hdr.h.b = 1; exit; }", body: "a(); hdr.h.b = 2;"}, "11 01 3344 55667788"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for _, target := range []ir.Target{ir.Tofino, ir.Tofino2} {
				_, got := run(t, c.p.source(), in, p4.Options{Target: target})
				if want := strings.ReplaceAll(c.want, " ", ""); got != want {
					t.Errorf("target %d: got %s, want %s", target, got, want)
				}
			}
		})
	}
}

// TestCallSemantics: inlining keeps the language's copy-in, copy-out and
// evaluation order.
func TestCallSemantics(t *testing.T) {
	const in = "11 22 3344 55667788"
	inc := "bit<8> inc(inout bit<8> x) { x = x + 1; return x; }\n"
	cases := []struct {
		name string
		p    program
		want string
	}{
		{"operands from left to right", program{decls: inc, body: "hdr.h.b = hdr.h.a + inc(hdr.h.a);"}, "12 23 3344 55667788"},
		{"arguments from left to right", program{decls: inc + "bit<8> sub(in bit<8> x, in bit<8> y) { return x - y; }", body: "hdr.h.b = sub(hdr.h.a, inc(hdr.h.a));"}, "12 ff 3344 55667788"},
		{"and is short-circuit", program{decls: inc, body: "if (hdr.h.a == 0 && inc(hdr.h.b) > 0) { hdr.h.c = 0; }"}, "11 22 3344 55667788"},
		{"or is short-circuit", program{decls: inc, body: "if (hdr.h.a == 0 || inc(hdr.h.b) == 0x23) { hdr.h.c = 0; }"}, "11 23 0000 55667788"},
		{"conditional evaluates one branch", program{decls: inc, body: "hdr.h.c = hdr.h.a == 0x11 ? (bit<16>)inc(hdr.h.a) : (bit<16>)inc(hdr.h.b);"}, "12 22 0012 55667788"},
		{"early return of a value", program{decls: "bit<8> f(in bit<8> x) { if (x == 0x11) { return 1; } return 2; }", body: "hdr.h.a = f(hdr.h.a); hdr.h.b = f(hdr.h.b);"}, "01 02 3344 55667788"},
		{"same variable for two inout parameters", program{decls: "void f(inout bit<8> x, inout bit<8> y) { x = x + 1; y = y + 2; }", body: "f(hdr.h.a, hdr.h.a);"}, "13 22 3344 55667788"},
		{"in parameter sees the value at the call", program{decls: "void f(in bit<8> x, out bit<8> y) { y = 0; y = x; }", body: "f(hdr.h.a, hdr.h.a);"}, "11 22 3344 55667788"},
		{"in parameter after an out parameter of the same variable", program{decls: "void f(out bit<8> y, in bit<8> x) { y = y + x; }", body: "f(hdr.h.a, hdr.h.a);"}, "11 22 3344 55667788"},
		{"in field of an inout header", program{decls: "void f(in bit<8> x, inout h_t h, in bit<8> y) { h.a = 1; h.b = x + y + h.a; }", body: "f(hdr.h.a, hdr.h, hdr.h.b);"}, "01 34 3344 55667788"},
		{"field written back after its header", program{decls: "void f(inout h_t h, inout bit<8> x) { x = x + 1; h.a = 7; h.b = x; }", body: "f(hdr.h, hdr.h.a);"}, "12 12 3344 55667788"},
		{"field written back before its header", program{decls: "void f(out bit<8> x, inout h_t h) { x = 9; h.b = h.a; h.a = h.a + 1; }", body: "f(hdr.h.a, hdr.h);"}, "12 11 3344 55667788"},
		{"in header keeps its value while a field is written", program{decls: "void f(in h_t h, out bit<8> x) { x = 9; x = x + h.a; }", body: "f(hdr.h, hdr.h.a);"}, "1a 22 3344 55667788"},
		{"out parameter starts at zero", program{decls: "void f(out bit<8> y) { y = y + 1; }", body: "f(hdr.h.a);"}, "01 22 3344 55667788"},
		{"out header starts invalid", program{decls: "void f(out h_t y) { if (!y.isValid()) { y.setValid(); y.a = 0xCC; } }", body: "f(hdr.k); f(hdr.h); hdr.k.setInvalid();"}, "cc 22 3344 55667788"},
		{"action parameter is a copy", program{locals: "action a(in bit<8> x) { hdr.h.a = 0x99; hdr.h.b = x; }", body: "a(hdr.h.a);"}, "99 11 3344 55667788"},
		{"inout action parameter is a copy", program{locals: "action a(inout bit<8> x) { hdr.h.a = 0x99; x = x + 1; }", body: "a(hdr.h.a);"}, "12 22 3344 55667788"},
		{"return in an action", program{locals: "action a() { if (hdr.h.a == 0x11) { return; } hdr.h.b = 0; }", body: "a(); hdr.h.a = 0; a();"}, "00 00 3344 55667788"},
		{"generic function", program{decls: "T first<T>(in T x, in T y) { return x; }", body: "hdr.h.b = first(hdr.h.a, hdr.h.b); hdr.h.d = first<bit<32>>(1, 2);"}, "11 11 3344 00000001"},
		{"nested control", program{decls: "control N(inout h_t h, in bit<8> v)(bit<8> k) { apply { h.b = v + k; } }", locals: "N(3) n; N(4) o;", body: "n.apply(hdr.h, hdr.h.a); hdr.k = hdr.h; o.apply(hdr.k, 1);"},
			"11 14 3344 55667788 11 05 3344 55667788"},
		{"direct application", program{decls: "control N(inout h_t h) { apply { h.b = 7; } }", body: "N.apply(hdr.h);"}, "11 07 3344 55667788"},
		{"return in a nested control ends only that", program{decls: "control N(inout h_t h) { apply { h.b = 7; return; } }", locals: "N() n;", body: "n.apply(hdr.h); hdr.h.a = 1;"}, "01 07 3344 55667788"},
		{"exit in a nested control copies out", program{decls: "control N(inout bit<8> x, inout bit<8> y) { apply { x = 5; y = 6; exit; } }", locals: "N() n;", body: "n.apply(hdr.h.a, hdr.h.a); hdr.h.b = 1;"}, "06 22 3344 55667788"},
		{"exit in a table's action of a nested control copies out", program{decls: `control N(inout bit<8> x, inout bit<8> y) {
			action a() { x = 5; y = 6; exit; }
			table t { actions = { a; } const default_action = a(); }
			apply { t.apply(); x = 9; } }`, locals: "N() n;", body: "n.apply(hdr.h.a, hdr.h.a); hdr.h.b = 1;"}, "06 22 3344 55667788"},
		{"exit in a table's action", program{locals: `action a() { hdr.h.a = 5; exit; }
			table t { actions = { a; } const default_action = a(); }`, body: "t.apply(); hdr.h.b = 1;"}, "05 22 3344 55667788"},
		{"one instance applied to different headers", program{decls: `control N(inout h_t h) {
			action set(bit<8> v) { h.b = v; }
			table t { key = { h.a : exact; } actions = { set; NoAction; } const entries = { 0x11 : set(1); 0x77 : set(2); } }
			apply { t.apply(); } }`, locals: "N() n;", body: "hdr.k = hdr.h; hdr.k.a = 0x77; n.apply(hdr.h); n.apply(hdr.k);"},
			"11 01 3344 55667788 77 02 3344 55667788"},
		{"function that exits through nothing keeps order", program{decls: inc, body: "hdr.h.a = inc(hdr.h.a) + inc(hdr.h.a) + hdr.h.a;"}, "38 22 3344 55667788"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, got := run(t, c.p.source(), in, p4.Options{})
			if want := strings.ReplaceAll(c.want, " ", ""); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}
