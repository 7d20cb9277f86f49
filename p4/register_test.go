package p4_test

import (
	"strings"
	"testing"

	"gofino/p4"
	"gofino/pipeline/ir"
)

// onTofino2 turns the skeleton into a program for T2NA, whose egress blocks have
// more parameters.
func onTofino2(src string) string {
	return strings.NewReplacer("<tna.p4>", "<t2na.p4>",
		"control Eg(inout eh_t hdr, inout em_t md, in egress_intrinsic_metadata_t eg)",
		`control Eg(inout eh_t hdr, inout em_t md, in egress_intrinsic_metadata_t eg, in egress_intrinsic_metadata_from_parser_t prsr,
           inout egress_intrinsic_metadata_for_deparser_t dprsr, inout egress_intrinsic_metadata_for_output_port_t oport)`,
		"control EgD(packet_out pkt, inout eh_t hdr, in em_t md)",
		"control EgD(packet_out pkt, inout eh_t hdr, in em_t md, in egress_intrinsic_metadata_for_deparser_t dprsr)").Replace(src)
}

// TestRegisterActionForms: what register actions can return, and the registers
// that plain programs use rarely. Facts: tna-semantics.md sections 10 and 11,
// chip.md section 5.
func TestRegisterActionForms(t *testing.T) {
	const in = "11 22 3344 55667788"
	pair := "struct cell_t { bit<32> lo; bit<32> hi; }\nstruct two_t { bit<8> x; bit<8> y; }\n"
	cases := []struct {
		name   string
		target ir.Target
		p      program
		want   string
	}{
		{"index without a type", ir.Tofino, program{locals: "Register<bit<8>, _>(16, 7) r; RegisterAction<bit<8>, _, bit<8>>(r) ra = { void apply(inout bit<8> v, out bit<8> rv) { rv = v; v = v + 1; } };",
			body: "hdr.h.a = ra.execute(3); hdr.h.b = ra.execute(3);"}, "07 08 3344 55667788"},
		{"predicate of the conditions", ir.Tofino, program{decls: pair, locals: `Register<cell_t, bit<8>>(16, {5, 6}) r;
			RegisterAction<cell_t, bit<8>, bit<8>>(r) ra = { void apply(inout cell_t v, out bit<8> rv) {
				if (v.lo == 5) { v.lo = 9; } else if (v.hi == 5) { v.hi = 7; } rv = this.predicate(); } };`,
			// lo is 5 and hi is not: bit 1; then lo is 9 and hi 6: bit 0.
			body: "hdr.h.a = ra.execute(1); hdr.h.b = ra.execute(1);"}, "02 01 3344 55667788"},
		{"predicate of the same condition twice", ir.Tofino, program{locals: `Register<bit<8>, bit<8>>(16, 5) r;
			RegisterAction<bit<8>, bit<8>, bit<8>>(r) ra = { void apply(inout bit<8> v, out bit<8> rv) {
				if (!(v == 5)) { v = 9; } rv = this.predicate(); if (v == 5) { v = 1; } } };`,
			body: "hdr.h.a = ra.execute(1); hdr.h.b = ra.execute(1);"}, "02 01 3344 55667788"},
		{"predicate of named comparisons", ir.Tofino, program{locals: `Register<bit<8>, bit<8>>(16, 5) r;
			RegisterAction<bit<8>, bit<8>, bit<8>>(r) ra = { void apply(inout bit<8> v, out bit<8> rv) { rv = this.predicate(v == 5, v > hdr.h.a); } };`,
			body: "hdr.h.b = ra.execute(1);"}, "11 02 3344 55667788"},
		{"predicate of four", ir.Tofino2, program{locals: `Register<bit<8>, bit<8>>(16, 5) r;
			RegisterAction<bit<8>, bit<8>, bit<16>>(r) ra = { void apply(inout bit<8> v, out bit<16> rv) { rv = this.predicate(v == 5, v == 4, v < 9, v > 1); } };`,
			body: "hdr.h.c = ra.execute(1);"}, "11 22 2000 55667788"},
		{"struct as the result", ir.Tofino2, program{decls: pair, locals: `Register<bit<8>, bit<8>>(16, 5) r;
			RegisterAction<bit<8>, bit<8>, two_t>(r) ra = { void apply(inout bit<8> v, out two_t rv) { rv.x = v; v = v + 1; rv.y = v; } };`,
			body: "two_t t = ra.execute(1); hdr.h.a = t.x; hdr.h.b = t.y;"}, "05 06 3344 55667788"},
		{"two results of different types", ir.Tofino2, program{locals: `Register<bit<8>, bit<8>>(16, 5) r;
			RegisterAction2<bit<8>, bit<8>, bit<8>, bit<16>>(r) ra = { void apply(inout bit<8> v, out bit<8> r1, out bit<16> r2) { r1 = v; v = v + 1; r2 = (bit<16>)v; } };`,
			body: "hdr.h.a = ra.execute(1, hdr.h.c);"}, "05 22 0006 55667788"},
		{"four results", ir.Tofino2, program{locals: `Register<bit<8>, bit<8>>(16, 5) r;
			RegisterAction4<bit<8>, bit<8>, bit<8>, bit<8>, bit<16>, bit<32>>(r) ra = { void apply(inout bit<8> v, out bit<8> r1, out bit<8> r2, out bit<16> r3, out bit<32> r4) { r1 = v; r2 = v + 1; r3 = 3; r4 = 4; } };`,
			body: "hdr.h.a = ra.execute(1, hdr.h.b, hdr.h.c, hdr.h.d);"}, "05 06 0003 00000004"},
		{"results of an index out of range are zero", ir.Tofino2, program{locals: `Register<bit<8>, bit<8>>(16, 5) r;
			RegisterAction2<bit<8>, bit<8>, bit<8>, bit<16>>(r) ra = { void apply(inout bit<8> v, out bit<8> r1, out bit<16> r2) { r1 = v; r2 = 7; } };`,
			body: "hdr.h.a = ra.execute(1, hdr.h.c); hdr.h.a = ra.execute(16, hdr.h.c);"}, "00 22 0000 55667788"},
		{"optional results of the plain form", ir.Tofino2, program{locals: `Register<bit<8>, bit<8>>(16, 5) r;
			RegisterAction<bit<8>, bit<8>, bit<8>>(r) ra = { void apply(inout bit<8> v, out bit<8> r1, out bit<8> r2) { r1 = 1; r2 = 2; } };`,
			body: "hdr.h.a = ra.execute(1, hdr.h.b);"}, "01 02 3344 55667788"},
		{"direct register action of two results", ir.Tofino2, program{locals: `DirectRegister<bit<8>>(5) r;
			DirectRegisterAction2<bit<8>, bit<8>, bit<8>>(r) ra = { void apply(inout bit<8> v, out bit<8> r1, out bit<8> r2) { r1 = v; v = v + 1; r2 = v; } };
			action a() { hdr.h.a = ra.execute(hdr.h.c[7:0]); } table t { key = { hdr.h.b : exact; } actions = { a; } const entries = { 0x22 : a(); } registers = r; }`,
			body: "t.apply();"}, "05 22 3306 55667788"},
		{"direct register read and written", ir.Tofino, program{locals: `DirectRegister<bit<8>>(5) r;
			action a() { hdr.h.a = r.read(); } action b() { r.write(hdr.h.b); }
			table t { key = { hdr.h.b : exact; } actions = { a; b; } const entries = { 0x22 : a(); } registers = r; }`,
			body: "t.apply();"}, "05 22 3344 55667788"},
		{"64-bit cells", ir.Tofino2, program{locals: `Register<bit<64>, bit<8>>(16, 0x1122334455667788) r;
			RegisterAction<bit<64>, bit<8>, bit<32>>(r) ra = { void apply(inout bit<64> v, out bit<32> rv) { v = v + 1; rv = v[63:32]; } };`,
			body: "hdr.h.d = ra.execute(2);"}, "11 22 3344 11223344"},
		{"128-bit cells", ir.Tofino2, program{locals: `Register<bit<128>, bit<8>>(16, 0x000102030405060708090a0b0c0d0e0f) r;`,
			body: "hdr.h.d = r.read(1)[127:96]; r.write(1, (bit<128>)hdr.h.a << 64); hdr.h.b = r.read(1)[71:64]; hdr.h.c = r.read(2)[15:0];"}, "11 11 0e0f 00010203"},
		{"smallest byte", ir.Tofino2, program{locals: `Register<bit<128>, bit<8>>(16, 0x0f0e0d0c0b0a09080706050403020103) r;
			MinMaxAction2<bit<128>, bit<8>, bit<8>, bit<4>>(r) ra = { void apply(inout bit<128> v, out bit<8> r1, out bit<4> r2) { r1 = this.min8(v, 0xfff3, r2); } };`,
			// Elements 0, 1, 4 and up: 3, 1, 4 and up.
			body: "bit<4> i; hdr.h.a = ra.execute(1, i); hdr.h.b = (bit<8>)i;"}, "01 01 3344 55667788"},
		{"largest half word, modified afterwards", ir.Tofino2, program{locals: `Register<bit<128>, bit<8>>(16, 0x00010002000300040005000600070001) r;
			MinMaxAction<bit<128>, bit<8>, bit<16>>(r) ra = { void apply(inout bit<128> v, out bit<16> r1) { bit<3> i; r1 = this.max16(v, 0xff, i, 5); } };`,
			body: "hdr.h.c = ra.execute(1); hdr.h.d = (bit<32>)ra.execute(1);"}, "11 22 0007 0000000c"},
		{"clear", ir.Tofino2, program{locals: `Register<bit<8>, bit<8>>(16, 5) r; RegisterAction<bit<8>, bit<8>, bit<8>>(r) ra = { void apply(inout bit<8> v, out bit<8> rv) { rv = v; v = v + 1; } };`,
			body: "ra.execute(3); r.clear(9); hdr.h.a = ra.execute(3); hdr.h.b = ra.execute(15);"}, "09 09 3344 55667788"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			src := c.p.source()
			if c.target == ir.Tofino2 {
				src = onTofino2(src)
			}
			_, got := run(t, src, in, p4.Options{Target: c.target})
			if want := strings.ReplaceAll(c.want, " ", ""); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}
