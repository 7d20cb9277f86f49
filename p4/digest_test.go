package p4_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"gofino/p4"
	"gofino/pipeline/ir"
)

// TestDigestSemantics: what a digest packs, field by field in whole bytes, with
// nested structs, lists and expressions, on both chips.
func TestDigestSemantics(t *testing.T) {
	decls := "struct inner_t { bit<3> low; bool on; } struct learn_t { bit<12> twelve; inner_t inner; bit<32> d; }\n"
	cases := []struct {
		name string
		p    program
		want string // "" for none
	}{
		{"a list with a list in it", program{decls: decls, dlocals: "Digest<learn_t>(2) dig;",
			dbody: "if (dprsr.digest_type == 2) { dig.pack({hdr.h.c[11:0], {hdr.h.a[2:0], true}, hdr.h.d}); }", body: "dprsr.digest_type = 2;"}, "0344 01 01 55667788"},
		{"another type", program{decls: decls, dlocals: "Digest<learn_t>(2) dig;",
			dbody: "if (dprsr.digest_type == 3) { dig.pack({hdr.h.c[11:0], {hdr.h.a[2:0], true}, hdr.h.d}); }", body: "dprsr.digest_type = 3;"}, ""},
		{"the last of two", program{decls: decls, dlocals: "Digest<inner_t>(2) dig; Digest<h_t>(1) whole;",
			dbody: "if (dprsr.digest_type == 1) { whole.pack(hdr.h); }", body: "dprsr.digest_type = 2; hdr.h.a = 0x99; dprsr.digest_type = 1;"}, "99 22 3344 55667788"},
	}
	for _, target := range []ir.Target{ir.Tofino, ir.Tofino2} {
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				m, _ := run(t, c.p.source(), "11 22 3344 55667788", p4.Options{Target: target})
				got := ""
				if m.pass.Digest.Index >= 0 {
					got = hex.EncodeToString(m.pass.Digest.Data)
				}
				if want := strings.ReplaceAll(c.want, " ", ""); got != want {
					t.Errorf("%v: digest %s, want %s", target, got, want)
				}
			})
		}
	}
}

// TestIdleTimeoutOfTofino2: the property takes an instance there.
func TestIdleTimeoutOfTofino2(t *testing.T) {
	p := program{locals: "action nop() {} table t { key = { hdr.h.a : exact; } actions = { nop; } idle_timeout = IdleTimeout(); }\n" +
		"table u { key = { hdr.h.a : exact; } actions = { nop; } idle_timeout = false; }", body: "t.apply(); u.apply();"}
	// t2na.p4 does not let egress leave out parameters.
	src := strings.NewReplacer("<tna.p4>", "<t2na.p4>",
		"in egress_intrinsic_metadata_t eg) { apply {} }", "in egress_intrinsic_metadata_t eg, in egress_intrinsic_metadata_from_parser_t prsr, "+
			"inout egress_intrinsic_metadata_for_deparser_t dprsr, inout egress_intrinsic_metadata_for_output_port_t port) { apply {} }",
		"inout eh_t hdr, in em_t md)", "inout eh_t hdr, in em_t md, in egress_intrinsic_metadata_for_deparser_t dprsr)").Replace(p.source())
	m := load(t, src, p4.Options{Target: ir.Tofino2})
	for _, table := range m.prog.Pipelines[0].Tables {
		if table.IdleTimeout != (table.Name == "Ig.t") {
			t.Errorf("table %s: idle timeout %t", table.Name, table.IdleTimeout)
		}
	}
}
