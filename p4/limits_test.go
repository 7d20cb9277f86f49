package p4_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"gofino/p4"
	"gofino/p4/syntax"
	"gofino/pipeline/ir"
)

// many repeats a text n times, with the number for each %d.
func many(n int, format string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(format, "%d", fmt.Sprint(i)))
	}
	return b.String()
}

// chipLimit is a limit of the chip: a program at it, which is clean, and one
// beyond it.
type chipLimit struct {
	name   string
	fact   string
	target ir.Target
	at     program
	beyond program
	text   string // the message, with the amount and the limit; a regular expression
	line   string // of the source that is blamed
}

func limitCases() []chipLimit {
	selects := func(n int) program {
		return program{parser: "state first { pkt.extract(hdr.h); transition select(hdr.h.c) {" + many(n, "%d : more;\n") + "default : accept; } }\nstate more { transition accept; }"}
	}
	valueSet := func(n int) program {
		return program{plocals: fmt.Sprintf("value_set<bit<8>>(%d) vs;", n), parser: `state first { pkt.extract(hdr.h); transition select(hdr.h.a) { vs : more; default : accept; } }
			state more { transition accept; }`}
	}
	wide := func(n int) program {
		return program{parser: fmt.Sprintf("state first { pkt.extract(hdr.w); transition select(hdr.w.w[%d:0]) { 1 : more; default : accept; } }\nstate more { transition accept; }", n-1)}
	}
	key := func(kind string, bits int) program {
		return program{decls: fmt.Sprintf("struct wide_t { bit<%d> k; }", bits), locals: fmt.Sprintf(
			"wide_t wide; action a() {}\ntable t { key = { wide.k : %s; } actions = { a; } size = 16; }", kind), body: "t.apply();"}
	}
	size := func(kind string, n int) program {
		return program{locals: fmt.Sprintf("action a() {}\ntable t { key = { hdr.w.w : %s; } actions = { a; } size = %d; }", kind, n), body: "t.apply();"}
	}
	actions := func(n int) program {
		return program{locals: many(n, "action a%d(bit<8> x) { hdr.h.a = x; }\n") + "table t { key = { hdr.h.a : exact; } actions = {" + many(n, "a%d;") + "} }", body: "t.apply();"}
	}
	data := func(bits int) program {
		return program{decls: fmt.Sprintf("struct wide_t { bit<%d> k; }", bits), locals: fmt.Sprintf(
			"wide_t wide; action a(bit<%d> x) { wide.k = x; }\ntable t { key = { hdr.h.a : exact; } actions = { a; } size = 16; }", bits), body: "t.apply();"}
	}
	const reg = "Register<bit<32>, bit<8>>(16) r; RegisterAction<bit<32>, bit<8>, bit<32>>(r) ra = { void apply(inout bit<32> v, out bit<32> rv) { BODY } };"
	salu := func(body string) program {
		return program{locals: strings.Replace(reg, "BODY", body, 1), body: "hdr.h.d = ra.execute(0);"}
	}
	compares := func(n int) program {
		return salu(many(n, "if (v == hdr.h.d + %d) { v = v + 1; }\n") + "if (v != hdr.h.d + 0) { rv = 1; }")
	}
	large := func(n int) program {
		return program{locals: fmt.Sprintf("Register<bit<32>, bit<32>>(%d) r;", n), body: "hdr.h.d = r.read(hdr.h.d);"}
	}
	twice := func(body string) program {
		return program{locals: strings.Replace(reg, "BODY", "rv = v;", 1) + `
			RegisterAction<bit<32>, bit<8>, bit<32>>(r) rb = { void apply(inout bit<32> v, out bit<32> rv) { v = 1; rv = v; } };
			action one() { hdr.h.d = ra.execute(0); } action two() { hdr.h.d = rb.execute(0); }
			table t { key = { hdr.h.a : exact; } actions = { one; two; } }`, body: body}
	}
	emits := func(n int) program {
		return program{decls: fmt.Sprintf("header big_t { bit<256> x; } struct many_t { big_t[%d] s; }", n), dlocals: "many_t m;", dbody: "pkt.emit(m);"}
	}
	sums := func(n int) program {
		return program{dlocals: "Checksum() sum; " + many(n, "bit<16> x%d; "), dbody: many(n, "x%d = sum.update({hdr.h.a, hdr.h.b});\n")}
	}
	group := func(n int) program {
		return program{locals: fmt.Sprintf(`ActionProfile(64) ap; Hash<bit<66>>(HashAlgorithm_t.CRC64) h;
			ActionSelector(ap, h, SelectorMode_t.FAIR, %d, 1) sel; action a() {}
			table t { key = { hdr.h.a : exact; hdr.h.b : selector; } actions = { a; } implementation = sel; }`, n), body: "t.apply();"}
	}
	return []chipLimit{
		{"parser rows", "chip.md section 2: 256 TCAM rows", ir.Tofino, selects(255), selects(256), "ingress parser IgP needs 257 TCAM rows, 0 of them for value sets: the chip's limit is 256", "default : accept"},
		{"parser rows of value sets", "chip.md section 2: value sets reserve their size", ir.Tofino, valueSet(255), valueSet(300), "needs 301 TCAM rows, 300 of them for value sets: the chip's limit is 256", "vs : more"},
		{"parser row width", "chip.md section 2: 32 bits of saved data", ir.Tofino, wide(32), wide(33), "parser state first compares 33 bits: the chip's limit is 32", "state first"},
		{"exact key", "chip.md section 4: exact crossbar of 128 bytes", ir.Tofino, key("exact", 1024), key("exact", 1025), "table Ig.t has a key of 1025 bits: the chip's exact match compares 1024", "table t"},
		{"ternary key", "chip.md section 4: ternary crossbar of 66 bytes", ir.Tofino, key("ternary", 528), key("ternary", 529), "table Ig.t has a key of 529 bits: the chip's ternary match compares 528", "table t"},
		{"ternary size", "chip.md sections 1 and 4: 12 stages of 24 blocks of 512 x 44", ir.Tofino, size("ternary", 49152), size("ternary", 49153), "ternary tables need at least 291 TCAM blocks, table Ig.t 291 of them: the chip has 288", "table t"},
		{"ternary size of Tofino 2", "chip.md section 1: 20 stages", ir.Tofino2, size("ternary", 81920), size("ternary", 81921), "at least 483 TCAM blocks, table Ig.t 483 of them: the chip has 480", "table t"},
		{"exact size", "chip.md section 4: 80 blocks of 1024 x 128 in each stage", ir.Tofino, size("exact", 1<<20), size("exact", 1<<21), "need at least 1376 SRAM blocks, Ig.t 1376 of them: the chip has 960", "table t"},
		{"actions of a table", "chip.md section 4: 64 instruction addresses", ir.Tofino, actions(63), actions(65), "table Ig.t has 6[56] actions: the chip's limit is 64", "table t"},
		{"action data", "chip.md section 4: action data bus of 128 bytes", ir.Tofino, data(1024), data(1025), "action Ig.a has 1025 bits of data: the chip's limit is 1024", "action a"},
		{"group size", "chip.md section 8", ir.Tofino, group(119040), group(119041), "selector Ig.sel has groups of 119041 members: the chip's limit is 119040", "ActionSelector("},
		{"register size", "chip.md section 4: 48 map RAMs in a stage", ir.Tofino, large(196608), large(196609), "register Ig.r fills 49 memory blocks: the chip's limit is 48", "Register<"},
		{"comparisons", "chip.md section 5: 2 compare units", ir.Tofino, compares(2), compares(3), "register action Ig.ra makes 3 comparisons: the chip's limit is 2", "RegisterAction<"},
		{"comparisons of Tofino 2", "chip.md section 5: 4 compare units", ir.Tofino2, compares(4), compares(5), "register action Ig.ra makes 5 comparisons: the chip's limit is 4", "RegisterAction<"},
		{"operations", "chip.md section 5: opcodes", ir.Tofino, salu("v = v |+| hdr.h.d; rv = v & 7;"), salu("v = v << 1;"), "register action Ig.ra computes << with its register's value", "RegisterAction<"},
		{"constants", "chip.md section 5: regfile of 4 rows", ir.Tofino, salu("if (v == 100) { v = 200; } else if (v > 300) { v = v + 400; } rv = v;"),
			salu("if (v == 100) { v = 200; } else if (v > 300) { v = v + 400; } else { v = 500; } rv = v;"), "the actions of register Ig.r use 5 constants and parameters beyond the small ones: the chip's limit is 4", "Register<"},
		{"one access per packet", "chip.md section 5: once per packet per register", ir.Tofino, twice("if (hdr.h.a == 1) { t.apply(); } else { one(); }"), twice("if (hdr.h.a == 1) { t.apply(); } one();"),
			"register Ig.r is accessed 2 times by one packet: the chip's limit is 1", "action one()"},
		{"one access after a return", "chip.md section 5: once per packet per register", ir.Tofino, twice("if (hdr.h.a == 1) { t.apply(); return; } one();"), twice("one(); two();"),
			"register Ig.r is accessed 2 times", "action one()"},
		{"results", "chip.md section 5: one word to the action bus", ir.Tofino, salu("rv = v;"),
			program{decls: "struct two_t { bit<32> x; bit<32> y; }", locals: "Register<bit<32>, bit<8>>(16) r; RegisterAction<bit<32>, bit<8>, two_t>(r) ra = { void apply(inout bit<32> v, out two_t rv) { rv.x = v; rv.y = v; } };", body: "hdr.h.d = ra.execute(0).x;"},
			"register action ra has 2 words of results: the chip's limit is 1", "RegisterAction<"},
		{"deparser cells", "chip.md section 11: 192 dictionary entries of 4 bytes", ir.Tofino, emits(22), emits(24), "ingress deparser can emit 8[0-9]{2} bytes in 2[0-9]{2} cells of 4 bytes: the chip's limit is 192", "pkt.emit"},
		{"deparser checksums", "chip.md section 11: 6 units", ir.Tofino, sums(6), sums(7), "ingress deparser computes 7 checksums: the chip's limit is 6", "sum.update"},
	}
}

// TestChipLimits: each limit is an error in strict mode, one warning in relaxed
// mode, and says where, how much and what the limit is.
func TestChipLimits(t *testing.T) {
	for _, c := range limitCases() {
		t.Run(c.name, func(t *testing.T) {
			compile := func(p program, strict bool) (*ir.Program, string, []syntax.Diagnostic) {
				src := p.source()
				if c.target == ir.Tofino2 {
					src = onTofino2(src)
				}
				prog, diags := p4.CompileSource("limit.p4", []byte(src), p4.Options{Target: c.target, Strict: strict})
				return prog, src, diags
			}
			if prog, _, diags := compile(c.at, true); prog == nil {
				t.Errorf("%s: a program at the limit is refused: %v", c.fact, diags)
			}
			text := regexp.MustCompile(c.text)
			for _, strict := range []bool{true, false} {
				prog, src, diags := compile(c.beyond, strict)
				if strict == (prog != nil) {
					t.Errorf("%s: strict %v, compiled %v: %v", c.fact, strict, prog != nil, diags)
				}
				n := 0
				for _, d := range diags {
					if !text.MatchString(d.Text) {
						continue
					}
					n++
					if line := strings.Split(src, "\n")[d.At.Line-1]; !strings.Contains(line, c.line) {
						t.Errorf("blames %q, want a line with %q", line, c.line)
					}
					if (d.Severity == syntax.SevError) != strict {
						t.Errorf("strict %v gives %v", strict, d)
					}
				}
				if n != 1 {
					t.Errorf("%s: strict %v: said %d times: %v", c.fact, strict, n, diags)
				}
			}
		})
	}
}

// TestEgressDepth: Tofino 2's egress parser reaches 512 bytes (chip.md section
// 2), 28 of them intrinsic metadata.
func TestEgressDepth(t *testing.T) {
	for _, c := range []struct {
		bytes int
		ok    bool
	}{{512 - 28, true}, {513 - 28, false}} {
		src := strings.NewReplacer("struct eh_t {}", fmt.Sprintf("header deep_t { bit<%d> x; } struct eh_t { deep_t d; }", 8*c.bytes),
			"state start { pkt.extract(eg); transition accept; }", "state start { pkt.extract(eg); pkt.extract(hdr.d); transition accept; }").Replace(onTofino2(program{}.source()))
		prog, diags := p4.CompileSource("deep.p4", []byte(src), p4.Options{Target: ir.Tofino2, Strict: true})
		if c.ok != (prog != nil) {
			t.Errorf("%d bytes: %v", c.bytes, diags)
		}
		if want := "egress parser EgP reaches 513 bytes into the packet: the chip's limit is 512"; !c.ok && !strings.Contains(fmt.Sprint(diags), want) {
			t.Errorf("%d bytes: %v, want %q", c.bytes, diags, want)
		}
	}
}
