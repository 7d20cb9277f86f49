package p4_test

import (
	"strings"
	"testing"

	"gofino/p4"
	"gofino/pipeline/ir"
)

// TestTableSemantics: keys, entries, defaults and results of tables.
func TestTableSemantics(t *testing.T) {
	const in = "11 22 3344 55667788"
	set := "action set(bit<8> v) { hdr.h.b = v; } action nop() {}\n"
	cases := []struct {
		name string
		p    program
		want string
	}{
		{"exact entry", program{locals: set + "table t { key = { hdr.h.a : exact; } actions = { set; nop; } const entries = { 0x10 : nop(); 0x11 : set(0xA1); } default_action = set(9); }", body: "t.apply();"}, "11 a1 3344 55667788"},
		{"default action with data", program{locals: set + "table t { key = { hdr.h.a : exact; } actions = { set; nop; } default_action = set(9); }", body: "t.apply();"}, "11 09 3344 55667788"},
		{"missing default is NoAction", program{locals: set + "table t { key = { hdr.h.a : exact; } actions = { set; } }", body: "t.apply();"}, "11 22 3344 55667788"},
		{"first ternary entry wins", program{locals: set + "table t { key = { hdr.h.a : ternary; hdr.h.c : ternary; } actions = { set; } const entries = { (0x10 &&& 0xF0, _) : set(1); (0x11, 0x3344) : set(2); } }", body: "t.apply();"}, "11 01 3344 55667788"},
		{"explicit priorities", program{locals: set + "table t { key = { hdr.h.a : ternary; } actions = { set; } entries = { priority = 10 : 0x10 &&& 0xF0 : set(1); priority = 20 : 0x11 : set(2); } }", body: "t.apply();"}, "11 02 3344 55667788"},
		{"smallest priority wins", program{locals: set + "table t { key = { hdr.h.a : ternary; } actions = { set; } largest_priority_wins = false; entries = { priority = 10 : 0x10 &&& 0xF0 : set(1); priority = 20 : 0x11 : set(2); } }", body: "t.apply();"}, "11 01 3344 55667788"},
		{"longest prefix wins", program{locals: set + "table t { key = { hdr.h.d : lpm; } actions = { set; } const entries = { 0x55000000 &&& 0xFF000000 : set(1); 0x55660000 &&& 0xFFFF0000 : set(2); default : set(3); } }", body: "t.apply();"}, "11 02 3344 55667788"},
		{"range", program{locals: set + "table t { key = { hdr.h.a : range; } actions = { set; } const entries = { 0..0x10 : set(1); 0x11..0x20 : set(2); } }", body: "t.apply();"}, "11 02 3344 55667788"},
		{"validity and slices as keys", program{locals: set + "table t { key = { hdr.h.isValid() : exact; hdr.k.isValid() : exact; hdr.h.c[15:8] : exact; } actions = { set; } const entries = { (true, false, 0x33) : set(7); } }", body: "t.apply();"}, "11 07 3344 55667788"},
		{"computed key", program{locals: set + `table t { key = { hdr.h.a + 1 : exact @name("k"); } actions = { set; } const entries = { 0x12 : set(7); } }`, body: "t.apply();"}, "11 07 3344 55667788"},
		{"hit and miss", program{locals: set + "table t { key = { hdr.h.a : exact; } actions = { set; nop; } const entries = { 0x11 : nop(); } }\ntable u { key = { hdr.h.a : exact; } actions = { set; nop; } }", body: "if (t.apply().hit) { hdr.h.a = 1; } if (u.apply().miss && hdr.h.a == 1) { hdr.h.c = 2; }"}, "01 22 0002 55667788"},
		{"second table of an or is not applied", program{locals: set + "table t { key = { hdr.h.a : exact; } actions = { nop; } const entries = { 0x11 : nop(); } }\ntable u { actions = { set; } const default_action = set(3); }", body: "if (t.apply().hit || u.apply().hit) { hdr.h.a = 1; }"}, "01 22 3344 55667788"},
		{"switch on action_run", program{locals: set + "table t { key = { hdr.h.a : exact; } actions = { set; nop; } const entries = { 0x11 : nop(); } }", body: "switch (t.apply().action_run) { set: { hdr.h.a = 1; } nop: { hdr.h.a = 2; } default: { hdr.h.a = 3; } }"}, "02 22 3344 55667788"},
		{"fall-through in action_run", program{locals: set + "table t { key = { hdr.h.a : exact; } actions = { set; nop; } const entries = { 0x11 : set(4); } }", body: "switch (t.apply().action_run) { set: nop: { hdr.h.a = 2; } }"}, "02 04 3344 55667788"},
		{"data-plane argument bound in the list", program{locals: "action add(in bit<8> x, bit<8> y) { hdr.h.b = x + y; }\ntable t { key = { hdr.h.c : exact; } actions = { add(hdr.h.a); } const entries = { 0x3344 : add(hdr.h.a, 5); } }", body: "t.apply();"}, "11 16 3344 55667788"},
		{"counters count and leave the packet alone", program{locals: "DirectCounter<bit<32>>(CounterType_t.PACKETS) dc; Counter<bit<32>, bit<8>>(256, CounterType_t.BYTES) c;\naction hit() { dc.count(); c.count(hdr.h.a); }\ntable t { key = { hdr.h.a : exact; } actions = { hit; } const entries = { 0x11 : hit(); } counters = dc; }", body: "t.apply();"}, in},
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

// TestParserSemantics: the packet may hold up to four h headers.
func TestParserSemantics(t *testing.T) {
	counter := "ParserCounter() cnt;"
	cases := []struct {
		name     string
		p        program
		in, want string
	}{
		{"select on tuple, mask and range", program{parser: `state first { pkt.extract(hdr.h);
			transition select(hdr.h.a, hdr.h.c) { (0x10 &&& 0xF0, 0x3000..0x4000) : more; (_, _) : accept; } }
			state more { pkt.extract(hdr.k); transition accept; }`, body: "if (hdr.k.isValid()) { hdr.h.b = 1; }"},
			"11 22 3344 55667788 01 02 0304 05060708", "11 01 3344 55667788 01 02 0304 05060708"},
		{"look-ahead of a field", program{parser: `state first { transition select(pkt.lookahead<h_t>().c) { 0x3344 : one; default : accept; } }
			state one { pkt.extract(hdr.h); transition accept; }`, body: "if (hdr.h.isValid()) { hdr.h.b = 1; }"},
			"11 22 3344 55667788", "11 01 3344 55667788"},
		{"look-ahead of a header", program{parser: `state first { hdr.k = pkt.lookahead<h_t>(); pkt.extract(hdr.h); transition accept; }`},
			"11 22 3344 55667788", "11 22 3344 55667788 11 22 3344 55667788"},
		{"stack loop", program{parser: `state first { pkt.extract(hdr.s.next); transition select(hdr.s.last.a) { 0 : first; default : accept; } }`,
			body: "hdr.s[1].b = (bit<8>)(hdr.s[2].isValid() ? 8w1 : 8w2);"},
			"00 01 0000 00000000 05 02 0000 00000000 FF", "00 01 0000 00000000 05 02 0000 00000000 ff"},
		{"lastIndex", program{parser: `state first { pkt.extract(hdr.s.next); pkt.extract(hdr.s.next); md.m = (bit<8>)hdr.s.lastIndex; transition accept; }`,
			body: "hdr.s[0].a = md.m;"},
			"00 01 0000 00000000 05 02 0000 00000000", "01 01 0000 00000000 05 02 0000 00000000"},
		{"advance leaves a gap", program{parser: `state first { pkt.advance(16); pkt.extract(hdr.h); transition accept; }`},
			"AABB 11 22 3344 55667788", "11 22 3344 55667788"},
		{"skipped header", program{parser: `state first { pkt.extract<w_t>(_); pkt.extract(hdr.h); transition accept; }`},
			"000000000000000000000000 11 22 3344 55667788", "11 22 3344 55667788"},
		{"subparser twice with different headers", program{decls: "parser One(packet_in pkt, out h_t h)(bit<8> k) { state start { pkt.extract(h); transition select(h.a) { k : accept; default : two; } } state two { h.b = h.b + 1; transition accept; } }",
			plocals: "One(0x11) one;", parser: "state first { one.apply(pkt, hdr.h); one.apply(pkt, hdr.k); transition accept; }"},
			"11 22 3344 55667788 12 22 3344 55667788", "11 22 3344 55667788 12 23 3344 55667788"},
		{"out header of a subparser starts invalid", program{decls: "parser One(packet_in pkt, out h_t h) { state start { transition accept; } }",
			plocals: "One() one;", parser: "state first { pkt.extract(hdr.h); one.apply(pkt, hdr.h); pkt.extract(hdr.k); transition accept; }"},
			"11 22 3344 55667788 12 22 3344 55667788", "12 22 3344 55667788"},
		{"conditional in a state", program{parser: `state first { pkt.extract(hdr.h); if (hdr.h.a == 0x11) { pkt.extract(hdr.k); hdr.k.b = 7; } md.m = 5; transition accept; }`, body: "hdr.h.b = md.m;"},
			"11 22 3344 55667788 01 02 0304 05060708", "11 05 3344 55667788 01 07 0304 05060708"},
		{"parser counter", program{plocals: counter, parser: `state first { pkt.extract(hdr.h); cnt.set(hdr.h.a, 255, 4, 2, 1); transition next; }
			state next { transition select(cnt.is_zero()) { true : accept; false : one; } }
			state one { pkt.extract(hdr.s.next); cnt.decrement(1); transition next; }`, body: "hdr.h.b = hdr.s[1].isValid() && !hdr.s[2].isValid() ? 8w1 : 8w0;"},
			// 0x91 rotated right by 4 is 0x19; & 7 (code 2) is 1; + 1 is 2.
			"91 22 3344 55667788 01 02 0304 05060708 01 02 0304 05060708 FFFF", "91 01 3344 55667788 01 02 0304 05060708 01 02 0304 05060708 ffff"},
		{"checksum residual", program{plocals: "Checksum() sum;", parser: "state first { pkt.extract(hdr.h); sum.subtract({hdr.h.c}); md.n = sum.get(); transition accept; }", body: "hdr.h.c = md.n;"},
			"11 22 3344 55667788", "11 22 ccbb 55667788"},
		{"checksum update", program{dlocals: "Checksum() sum;", dbody: "hdr.h.c = sum.update({hdr.h.a, hdr.h.b, hdr.h.d});"},
			"11 22 0000 00010002", "11 22 eeda 00010002"},
		{"value set is empty at first", program{plocals: "value_set<bit<8>>(4) vs;", parser: `state first { pkt.extract(hdr.h); transition select(hdr.h.a) { vs : two; default : accept; } }
			state two { pkt.extract(hdr.k); transition accept; }`, body: "if (hdr.k.isValid()) { hdr.h.a = 0; }"},
			"11 22 3344 55667788", "11 22 3344 55667788"},
		{"reject ends parsing like accept", program{parser: "state first { pkt.extract(hdr.h); transition reject; }", body: "hdr.h.a = 1;"},
			"11 22 3344 55667788", "01 22 3344 55667788"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, got := run(t, c.p.source(), c.in, p4.Options{})
			if want := strings.ReplaceAll(c.want, " ", ""); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

// TestExternSemantics: registers, hashes and what else the control calls.
func TestExternSemantics(t *testing.T) {
	const in = "11 22 3344 55667788"
	pair := "struct cell_t { bit<32> lo; bit<32> hi; }\n"
	cases := []struct {
		name string
		p    program
		want string
	}{
		{"register action returns and stores", program{locals: "Register<bit<16>, bit<8>>(16, 7) r; RegisterAction<bit<16>, bit<8>, bit<16>>(r) ra = { void apply(inout bit<16> v, out bit<16> rv) { rv = v; v = v + 1; } };",
			body: "hdr.h.c = ra.execute(3); hdr.h.d = (bit<32>)ra.execute(3);"}, "11 22 0007 00000008"},
		{"register action sees the packet", program{locals: "Register<bit<8>, bit<8>>(16) r; RegisterAction<bit<8>, bit<8>, bit<8>>(r) ra = { void apply(inout bit<8> v, out bit<8> rv) { if (hdr.h.b > 0x20) { v = hdr.h.b; } else { v = 1; } rv = v |+| 8w0xF0; } };",
			body: "hdr.h.a = ra.execute(0);"}, "ff 22 3344 55667788"},
		{"register pair", program{decls: pair, locals: "Register<cell_t, bit<8>>(16, {5, 6}) r; RegisterAction<cell_t, bit<8>, bit<32>>(r) ra = { void apply(inout cell_t v, out bit<32> rv) { rv = v.hi; v.lo = v.lo + 1; v.hi = v.lo; } };",
			body: "hdr.h.d = ra.execute(1); hdr.h.d = hdr.h.d + (ra.execute(1) << 8);"}, "11 22 3344 00000606"},
		{"result that is not written is zero", program{locals: "Register<bit<8>, bit<8>>(16) r; RegisterAction<bit<8>, bit<8>, bit<8>>(r) ra = { void apply(inout bit<8> v, out bit<8> rv) { if (v == 1) { rv = 9; } v = 1; } };",
			body: "hdr.h.a = ra.execute(0); hdr.h.b = ra.execute(0);"}, "00 09 3344 55667788"},
		{"register parameter", program{locals: "RegisterParam<bit<8>>(0x42) p; Register<bit<8>, bit<8>>(16) r; RegisterAction<bit<8>, bit<8>, bit<8>>(r) ra = { void apply(inout bit<8> v, out bit<8> rv) { rv = p.read(); } };",
			body: "hdr.h.a = ra.execute(0);"}, "42 22 3344 55667788"},
		{"math unit", program{locals: "MathUnit<bit<16>>(MathOp_t.MUL, 1, 2) half; Register<bit<16>, bit<8>>(16, 64) r; RegisterAction<bit<16>, bit<8>, bit<16>>(r) ra = { void apply(inout bit<16> v, out bit<16> rv) { v = half.execute(v); rv = v; } };",
			body: "hdr.h.c = ra.execute(0);"}, "11 22 0020 55667788"},
		{"register in an action with data", program{locals: "Register<bit<8>, bit<8>>(16) r; RegisterAction<bit<8>, bit<8>, bit<8>>(r) ra = { void apply(inout bit<8> v, out bit<8> rv) { v = v + 3; rv = v; } }; action a(bit<8> i) { hdr.h.a = ra.execute(i); } table t { actions = { a; } default_action = a(4); }",
			body: "t.apply();"}, "03 22 3344 55667788"},
		{"direct register", program{locals: "DirectRegister<bit<8>>(5) r; DirectRegisterAction<bit<8>, bit<8>>(r) ra = { void apply(inout bit<8> v, out bit<8> rv) { v = v + 3; rv = v; } }; action a() { hdr.h.a = ra.execute(); } table t { key = { hdr.h.b : exact; } actions = { a; } const entries = { 0x22 : a(); } registers = r; }",
			body: "t.apply();"}, "08 22 3344 55667788"},
		{"plain register access", program{locals: "Register<bit<8>, bit<8>>(16, 1) r;", body: "r.write(2, hdr.h.b); hdr.h.a = r.read(2);"}, "22 22 3344 55667788"},
		{"crc32 as zlib's", program{locals: "Hash<bit<32>>(HashAlgorithm_t.CRC32) h;", body: "hdr.h.d = h.get({hdr.h.a, hdr.h.b, hdr.h.c});"}, "11 22 3344 77f29dd1"},
		{"xor and identity", program{locals: "Hash<bit<16>>(HashAlgorithm_t.XOR16) x; Hash<bit<8>>(HashAlgorithm_t.IDENTITY) i;", body: "hdr.h.c = x.get({hdr.h.d}); hdr.h.a = i.get({hdr.h.b});"}, "22 22 22ee 55667788"},
		{"symmetric hash", program{locals: `@symmetric("hdr.h.a", "hdr.h.b") Hash<bit<16>>(HashAlgorithm_t.CRC16) h;`, body: "hdr.h.c = h.get({hdr.h.a, hdr.h.b}); bit<8> x = hdr.h.a; hdr.h.a = hdr.h.b; hdr.h.b = x; if (hdr.h.c == h.get({hdr.h.a, hdr.h.b})) { hdr.h.d = 1; } hdr.h.c = 0;"}, "22 11 0000 00000001"},
		{"validated fields", program{body: "if (!is_validated(tm.ucast_egress_port)) { hdr.h.a = 1; } tm.ucast_egress_port = 5; if (is_validated(tm.ucast_egress_port)) { hdr.h.b = 1; } invalidate(tm.ucast_egress_port); if (!is_validated(tm.ucast_egress_port)) { hdr.h.c = 1; }"}, "01 01 0001 55667788"},
		{"min and max in a register action", program{locals: "Register<bit<8>, bit<8>>(16, 9) r; RegisterAction<bit<8>, bit<8>, bit<8>>(r) ra = { void apply(inout bit<8> v, out bit<8> rv) { v = max(v, hdr.h.a); rv = v; } };", body: "hdr.h.b = ra.execute(0);"}, "11 11 3344 55667788"},
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

// TestIntrinsicValidity: assignments set the hidden valid bits, through
// parameters and struct copies too.
func TestIntrinsicValidity(t *testing.T) {
	const in = "11 22 3344 55667788"
	cases := []struct {
		name string
		p    program
		id   ir.Intrinsic
		want uint64
	}{
		{"untouched", program{}, ir.UcastValid, 0},
		{"assigned", program{body: "tm.ucast_egress_port = 3;"}, ir.UcastValid, 1},
		{"assigned to itself", program{body: "tm.ucast_egress_port = tm.ucast_egress_port;"}, ir.UcastValid, 1},
		{"slice", program{body: "tm.mcast_grp_a[3:0] = 1;"}, ir.McastGrpAValid, 1},
		{"nested control", program{decls: "control N(inout ingress_intrinsic_metadata_for_tm_t tm) { apply { tm.mcast_grp_b = 1; } }", locals: "N() n;", body: "n.apply(tm);"}, ir.McastGrpBValid, 1},
		{"nested control that leaves it", program{decls: "control N(inout ingress_intrinsic_metadata_for_tm_t tm) { apply { tm.rid = 1; } }", locals: "N() n;", body: "n.apply(tm);"}, ir.UcastValid, 0},
		{"struct copied back and forth", program{locals: "ingress_intrinsic_metadata_for_tm_t save;", body: "tm.mcast_grp_a = 1; save = tm; invalidate(tm.mcast_grp_a); tm = save;"}, ir.McastGrpAValid, 1},
		{"out parameter", program{decls: "void f(out PortId_t p) { p = 3; }", body: "f(tm.ucast_egress_port);"}, ir.UcastValid, 1},
		{"hash into the field", program{locals: "Hash<bit<16>>(HashAlgorithm_t.CRC16) h;", body: "tm.mcast_grp_a = h.get({hdr.h.a});"}, ir.McastGrpAValid, 1},
		{"digest type", program{body: "dprsr.digest_type = 0;"}, ir.DigestTypeValid, 1},
		{"invalidated", program{body: "dprsr.resubmit_type = 1; invalidate(dprsr.resubmit_type);"}, ir.ResubmitTypeValid, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m, _ := run(t, c.p.source(), in, p4.Options{})
			if got := m.pass.Intr(c.id); got != c.want {
				t.Errorf("intrinsic %d is %d, want %d", c.id, got, c.want)
			}
		})
	}
}
