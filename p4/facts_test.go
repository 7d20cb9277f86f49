package p4_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"gofino/p4"
	"gofino/p4/syntax"
	"gofino/pipeline/ir"
	"gofino/tables"
)

// compiles tells whether a program has no error.
func compiles(src string, target ir.Target) bool {
	prog, diags := p4.CompileSource("case.p4", []byte(src), p4.Options{Target: target})
	for _, d := range diags {
		if d.Severity == syntax.SevError {
			return false
		}
	}
	return prog != nil
}

// tna-semantics.md section 1.
func TestTypesOfTheChip(t *testing.T) {
	widths := func(target ir.Target, want map[string]int) func(*testing.T) {
		return func(t *testing.T) {
			for name, w := range want {
				for n := w - 1; n <= w+1; n++ {
					src := program{locals: fmt.Sprintf("%s x = 1; bit<%d> y;", name, n), body: "y = x; md.m = (bit<8>)(y == 1 ? 1w1 : 1w0);"}.source()
					if target == ir.Tofino2 {
						src = onTofino2(src)
					}
					if got := compiles(src, target); got != (n == w) {
						t.Errorf("%s is assigned to bit<%d>: %t, it has %d bits", name, n, got, w)
					}
				}
			}
		}
	}
	t.Run("widths on Tofino", widths(ir.Tofino, map[string]int{
		"PortId_t": 9, "MulticastGroupId_t": 16, "QueueId_t": 5, "MirrorType_t": 3, "MirrorId_t": 10, "ResubmitType_t": 3, "DigestType_t": 3, "ReplicationId_t": 16,
	}))
	t.Run("widths on Tofino 2", widths(ir.Tofino2, map[string]int{
		"PortId_t": 9, "MulticastGroupId_t": 16, "QueueId_t": 7, "MirrorType_t": 4, "MirrorId_t": 8, "ResubmitType_t": 3, "DigestType_t": 3, "ReplicationId_t": 16,
	}))
	t.Run("meter colours", func(t *testing.T) {
		src := program{body: "hdr.h.a = MeterColor_t.GREEN; hdr.h.b = MeterColor_t.YELLOW; hdr.h.c = 8w0 ++ (bit<8>)MeterColor_t.RED;"}.source()
		if _, got := run(t, src, "ffffffff00000000", p4.Options{}); got != "0001000300000000" {
			t.Errorf("%s", got)
		}
	})
}

// tna-semantics.md section 3: what no packet wrote is 0, also after one that
// did.
func TestIntrinsicDefaults(t *testing.T) {
	src := program{body: `if (hdr.h.a == 1) {
		dprsr.drop_ctl = 7; dprsr.mirror_type = 3; dprsr.digest_type = 2; dprsr.resubmit_type = 1;
		tm.qid = 9; tm.ingress_cos = 3; tm.packet_color = 3; tm.rid = 5; tm.level1_exclusion_id = 6; tm.copy_to_cpu = 1; tm.bypass_egress = 1;
	}`}.source()
	m := load(t, src, p4.Options{})
	fields := []ir.Intrinsic{ir.DropCtl, ir.MirrorType, ir.DigestType, ir.ResubmitType, ir.QID, ir.IngressCos, ir.PacketColor, ir.RID, ir.Level1ExclusionID, ir.CopyToCPU, ir.BypassEgress}
	for _, c := range []struct {
		first byte
		set   bool
	}{{0, false}, {1, true}, {0, false}} {
		m.ingress([]byte{c.first, 0, 0, 0, 0, 0, 0, 0}, false)
		for _, f := range fields {
			if got := m.pass.Intr(f); got != 0 != c.set {
				t.Errorf("a packet with %d: intrinsic %d is %d", c.first, f, got)
			}
		}
	}
}

// tna-semantics.md section 3.
func TestHeaderValidity(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"starts invalid":                                {"if (hdr.k.isValid()) { hdr.h.a = 1; } else { hdr.h.a = 2; }", "02bbcccc00000000"},
		"never written reads zero":                      {"hdr.h.b = hdr.k.b;", "aa00cccc00000000"},
		"setValid keeps what was assigned":              {"hdr.k.a = 7; hdr.k.setValid();", "aabbcccc000000000700000000000000"},
		"assigning to an invalid header emits nothing":  {"hdr.k.a = 7;", "aabbcccc00000000"},
		"setInvalid and setValid do not clear, neither": {"hdr.h.setInvalid(); hdr.h.setValid();", "aabbcccc00000000"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, got := run(t, program{body: c.body}.source(), "aabbcccc00000000", p4.Options{}); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// tna-semantics.md section 8: the mask of a counter's field is a code on Tofino,
// 2^(mask+1)-1, and a literal on Tofino 2. The parser counts the field down and
// tells whether it was 0.
func TestCounterMaskOfTofino2(t *testing.T) {
	src := program{plocals: "ParserCounter() cnt;",
		parser: `state first { pkt.extract(hdr.h); cnt.set(hdr.h.a, 255, 0, 4, 0); transition select(cnt.is_zero()) { true: none; false: some; } }
			state none { md.m = 1; transition accept; }
			state some { md.m = 2; transition accept; }`,
		body: "hdr.h.b = md.m;"}.source()
	for _, c := range []struct {
		target ir.Target
		field  byte
		want   byte // 1: masked to 0
	}{
		{ir.Tofino, 0x20, 1}, {ir.Tofino, 0x01, 2}, {ir.Tofino, 0x1f, 2}, // mask 4 keeps five bits
		{ir.Tofino2, 0x20, 1}, {ir.Tofino2, 0x01, 1}, {ir.Tofino2, 0x04, 2}, {ir.Tofino2, 0x1b, 1}, // the bit of value 4
	} {
		s := src
		if c.target == ir.Tofino2 {
			s = onTofino2(s)
		}
		m := load(t, s, p4.Options{Target: c.target})
		out := m.ingress([]byte{c.field, 0, 0, 0, 0, 0, 0, 0}, false)
		if out[1] != c.want {
			t.Errorf("chip %d, field %#x: %d, want %d", c.target, c.field, out[1], c.want)
		}
	}
}

// tna-semantics.md section 9: the check values of the catalogue of CRCs, of
// "123456789".
func TestNamedCRCs(t *testing.T) {
	for name, c := range map[string]struct {
		width int
		want  string
	}{
		"CRC8": {8, "f4"}, "CRC16": {16, "bb3d"}, "CRC32": {32, "cbf43926"}, "CRC64": {64, "6c40df5f0b497347"},
	} {
		t.Run(name, func(t *testing.T) {
			src := program{parser: "state first { pkt.extract(hdr.w); transition accept; }",
				locals: fmt.Sprintf("Hash<bit<%d>>(HashAlgorithm_t.%s) sum;", c.width, name),
				body:   fmt.Sprintf("hdr.w.w = (bit<96>)(sum.get({hdr.w.w[95:24]})) << %d;", 96-c.width)}.source()
			_, got := run(t, src, fmt.Sprintf("%x", "123456789xyz"), p4.Options{})
			if !strings.HasPrefix(got, c.want) || strings.Trim(got[len(c.want):], "0") != "" {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// chip.md section 5: the compiler fills the table of a math unit with
// factor * f(i/8), scaled so that the largest value has eight bits.
func TestMathTables(t *testing.T) {
	for op, c := range map[string]struct {
		f      func(float64) float64
		shift  int
		invert bool
	}{
		"MUL":   {func(x float64) float64 { return x }, 0, false},
		"SQR":   {func(x float64) float64 { return x * x }, 1, false},
		"SQRT":  {math.Sqrt, -1, false},
		"DIV":   {func(x float64) float64 { return 1 / x }, 0, true},
		"RSQR":  {func(float64) float64 { return 1 }, 1, true}, // the compiler's own: 1 / x * x
		"RSQRT": {func(x float64) float64 { return 1 / math.Sqrt(x) }, -1, true},
	} {
		for _, factor := range []int{1, 3, 100} {
			src := program{locals: fmt.Sprintf(`MathUnit<bit<32>>(MathOp_t.%s, %d) mu; Register<bit<32>, bit<8>>(16) r;
				RegisterAction<bit<32>, bit<8>, bit<32>>(r) ra = { void apply(inout bit<32> v, out bit<32> rv) { v = mu.execute(v); rv = v; } };`, op, factor),
				body: "hdr.h.d = ra.execute(0);"}.source()
			u := load(t, src, p4.Options{}).prog.Pipelines[0].MathUnits[0]
			first := 8
			if c.shift < 0 {
				first = 4
			}
			var value [16]float64
			most := 0.0
			for i := first; i < 16; i++ {
				value[i] = float64(factor) * c.f(float64(i)/8)
				most = max(most, value[i])
			}
			scale := int(math.Floor(math.Log2(most))) - 7
			if u.Shift != c.shift || u.Invert != c.invert || u.Scale != scale {
				t.Errorf("%s by %d: shift %d, invert %t, scale %d, want %d, %t, %d", op, factor, u.Shift, u.Invert, u.Scale, c.shift, c.invert, scale)
			}
			for i, v := range value {
				if want := min(math.RoundToEven(math.Ldexp(v, -scale)), 255); float64(u.Table[i]) != want {
					t.Errorf("%s by %d: table[%d] is %d, want %v", op, factor, i, u.Table[i], want)
				}
			}
		}
	}
}

// tna-semantics.md section 10: each call draws from all values of the width.
func TestRandomDrawsAllValues(t *testing.T) {
	m := load(t, program{locals: "Random<bit<4>>() r;", body: "hdr.h.a = 4w0 ++ r.get(); hdr.h.b = 4w0 ++ r.get();"}.source(), p4.Options{})
	var seen [2][16]int
	for range 4000 {
		out := m.ingress(make([]byte, 8), false)
		seen[0][out[0]]++
		seen[1][out[1]]++
	}
	for call := range seen {
		for v, n := range seen[call] { // 250 each, give or take ten standard deviations
			if n < 100 || n > 400 {
				t.Errorf("call %d drew %d %d times of 4000", call, v, n)
			}
		}
	}
}

// tna-semantics.md section 10: an index beyond the size counts nothing.
func TestCounterIndexBeyondItsSize(t *testing.T) {
	m := load(t, program{locals: "Counter<bit<32>, bit<8>>(4, CounterType_t.PACKETS) c;", body: "c.count(hdr.h.a);"}.source(), p4.Options{})
	for _, i := range []byte{0, 3, 3, 4, 7, 255} {
		m.ingress([]byte{i, 0, 0, 0, 0, 0, 0, 0}, false)
		m.ingress([]byte{i, 0, 0, 0, 0, 0, 0, 0}, true)
	}
	var got []uint64
	for e, err := range m.store.Read(t.Context(), tables.AllPipes, tables.Query{Table: "Ig.c", FromHW: true}) {
		if err != nil {
			t.Fatal(err)
		}
		v, _ := e.Data[0].Value.([]byte)
		got = append(got, uint64(v[len(v)-1]))
	}
	if fmt.Sprint(got) != "[2 0 0 4]" {
		t.Errorf("counted %v", got)
	}
}
