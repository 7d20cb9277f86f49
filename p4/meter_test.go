package p4_test

import (
	"bytes"
	"context"
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

// timedMachine runs a program on both engines, each with a store of its own.
type timedMachine struct {
	*machine
	store *tables.Store
}

func loadTimed(t *testing.T, src string, target ir.Target) *timedMachine {
	t.Helper()
	prog, diags := p4.CompileSource("case.p4", []byte(src), p4.Options{Target: target})
	for _, d := range diags {
		if d.Severity == syntax.SevError {
			t.Fatalf("%v", d)
		}
	}
	store, err := tables.NewStore(prog, 1)
	if err != nil {
		t.Fatal(err)
	}
	pipe, err := pipeline.Load(prog.Pipelines[0], prog.Target, store.State(0), pipeline.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{prog: prog, pipe: pipe, pass: pipe.NewPass(ir.Ingress)}
	m.pass.Rand = rand.NewPCG(1, 2)
	return &timedMachine{m, store}
}

func (m *timedMachine) write(t *testing.T, e tables.TableEntry) {
	t.Helper()
	if err := m.store.Write(context.Background(), tables.AllPipes, []tables.Update{{Op: tables.Insert, Entry: e}}, tables.ContinueOnError); err != nil {
		t.Fatal(err)
	}
}

func (m *timedMachine) state(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	if err := m.store.WriteState(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func u64(v uint64) []byte {
	return []byte{byte(v >> 56), byte(v >> 48), byte(v >> 40), byte(v >> 32), byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}
}

// kbps is the data of a byte meter.
func kbps(committed, peak, cbs, pbs uint64) []tables.DataField {
	return []tables.DataField{{Name: "$METER_SPEC_CIR_KBPS", Value: u64(committed)}, {Name: "$METER_SPEC_PIR_KBPS", Value: u64(peak)},
		{Name: "$METER_SPEC_CBS_KBITS", Value: u64(cbs)}, {Name: "$METER_SPEC_PBS_KBITS", Value: u64(pbs)}}
}

// TestMetersAndFilters: what programs can say of a Meter, Lpf and Wred, direct
// or not, and what packets see. The packet is {a 11, b 22, c 3344, d 55667788}
// and 1000 bytes more; it counts as 1012 bytes. Facts: chip.md section 7.
func TestMetersAndFilters(t *testing.T) {
	in, _ := hex.DecodeString("1122334455667788")
	in = append(in, make([]byte, 1000)...)
	index := []tables.KeyField{{Name: "$METER_INDEX", Value: []byte{3}}}
	meter := tables.TableEntry{Table: "m", Key: index, Data: kbps(8000, 8000, 10, 20)} // 1250 and 2500 bytes
	entry := tables.TableEntry{Table: "t", Key: []tables.KeyField{{Name: "b", Value: []byte{0x22}}}, Action: "x"}
	direct := entry
	direct.Data = kbps(8000, 8000, 10, 20)
	table := "table t { key = { hdr.h.b : exact; } actions = { x; } "
	lpf := []tables.DataField{{Name: "$LPF_SPEC_TYPE", Value: "SAMPLE"}, {Name: "$LPF_SPEC_GAIN_TIME_CONSTANT_NS", Value: float32(1e6)},
		{Name: "$LPF_SPEC_DECAY_TIME_CONSTANT_NS", Value: float32(1e6)}, {Name: "$LPF_SPEC_OUT_SCALE_DOWN_FACTOR", Value: []byte{1}}}
	wred := []tables.DataField{{Name: "$WRED_SPEC_TIME_CONSTANT_NS", Value: float32(1e6)}, {Name: "$WRED_SPEC_MIN_THRESH_CELLS", Value: []byte{0x30}},
		{Name: "$WRED_SPEC_MAX_THRESH_CELLS", Value: []byte{0x30}}, {Name: "$WRED_SPEC_MAX_PROBABILITY", Value: float32(1)}}
	cases := []struct {
		name   string
		target ir.Target
		p      program
		entry  tables.TableEntry
		want   string // field a of each packet; a millisecond, 1000 bytes, passes before the last
	}{
		{"never written", ir.Tofino, program{locals: "Meter<bit<8>>(16, MeterType_t.BYTES) m;", body: "hdr.h.a = m.execute(4);"}, meter, "00 00 00 00"},
		{"bytes", ir.Tofino, program{locals: "Meter<bit<8>>(16, MeterType_t.BYTES) m;", body: "hdr.h.a = m.execute(3);"}, meter, "00 01 03 00"},
		{"own colours", ir.Tofino, program{locals: "Meter<bit<8>>(16, MeterType_t.BYTES, 0xee, 0xaa, 0xcc) m;", body: "hdr.h.a = m.execute(3);"}, meter, "cc aa ee cc"},
		{"of the other chip", ir.Tofino2, program{locals: "Meter<bit<8>>(16, MeterType_t.BYTES, 0xee, 0xaa, 0xcc, false) m;", body: "hdr.h.a = m.execute(3);"}, meter, "cc aa ee cc"},
		{"packets", ir.Tofino, program{locals: "Meter<bit<8>>(16, MeterType_t.PACKETS) m;", body: "hdr.h.a = m.execute(3);"},
			tables.TableEntry{Table: "m", Key: index, Data: []tables.DataField{{Name: "$METER_SPEC_CIR_PPS", Value: u64(500)}, {Name: "$METER_SPEC_PIR_PPS", Value: u64(500)},
				{Name: "$METER_SPEC_CBS_PKTS", Value: u64(1)}, {Name: "$METER_SPEC_PBS_PKTS", Value: u64(2)}}}, "00 01 03 03"},
		{"colour of the packet", ir.Tofino, program{locals: "Meter<bit<8>>(16, MeterType_t.BYTES) m;", body: "hdr.h.a = m.execute(3, MeterColor_t.YELLOW);"}, meter, "01 01 03 01"},
		{"red stays red and is free", ir.Tofino, program{locals: "Meter<bit<8>>(16, MeterType_t.BYTES) m;", body: "hdr.h.c[7:0] = m.execute(3, MeterColor_t.RED); hdr.h.a = m.execute(3);"}, meter, "00 01 03 00"},
		{"bytes left out", ir.Tofino, program{locals: "Meter<bit<8>>(16, MeterType_t.BYTES) m;", body: "hdr.h.a = m.execute(index = 3, adjust_byte_count = 412);"}, meter, "00 00 01 00"},
		{"colour and bytes left out", ir.Tofino, program{locals: "Meter<bit<8>>(16, MeterType_t.BYTES) m;", body: "hdr.h.a = m.execute(3, MeterColor_t.GREEN, 2000);"}, meter, "00 00 00 00"},
		{"out of range", ir.Tofino, program{locals: "Meter<bit<8>>(16, MeterType_t.BYTES, 1, 2, 4) m;", body: "hdr.h.a = m.execute(16);"}, meter, "00 00 00 00"},
		{"direct", ir.Tofino, program{locals: "DirectMeter(MeterType_t.BYTES) m; action x() { hdr.h.a = m.execute(); } " + table + "meters = m; }", body: "t.apply();"}, direct, "00 01 03 00"},
		{"direct, colour-aware, own colours", ir.Tofino, program{locals: "DirectMeter(MeterType_t.BYTES, 3, 2, 1) m; action x() { hdr.h.a = m.execute(MeterColor_t.YELLOW); } " + table + "meters = m; }",
			body: "t.apply();"}, direct, "02 02 03 02"},
		{"direct, of an entry that gives no rate", ir.Tofino, program{locals: "DirectMeter(MeterType_t.BYTES) m; action x() { hdr.h.a = m.execute(); } " + table + "meters = m; }", body: "t.apply();"}, entry, "00 00 00 00"},

		{"lpf never written", ir.Tofino, program{locals: "Lpf<bit<8>, bit<8>>(16) l;", body: "hdr.h.a = l.execute(hdr.h.b, 1);"},
			tables.TableEntry{Table: "l", Key: []tables.KeyField{{Name: "$LPF_INDEX", Value: []byte{3}}}, Data: lpf}, "22 22 22 22"},
		// The first value is 0x22; its half shows. Then 0x22 again.
		{"lpf", ir.Tofino, program{locals: "Lpf<bit<8>, bit<8>>(16) l;", body: "hdr.h.a = l.execute(hdr.h.b, 3);"},
			tables.TableEntry{Table: "l", Key: []tables.KeyField{{Name: "$LPF_INDEX", Value: []byte{3}}}, Data: lpf}, "11 11 11 11"},
		{"direct lpf", ir.Tofino, program{locals: "DirectLpf<bit<8>>() l; action x() { hdr.h.a = l.execute(hdr.h.a); } " + table + "filters = l; }", body: "t.apply();"},
			tables.TableEntry{Table: "t", Key: entry.Key, Action: "x", Data: lpf}, "08 08 08 08"},
		{"wred never written", ir.Tofino, program{locals: "Wred<bit<8>, bit<8>>(16, 0xdd, 0xaa) w;", body: "hdr.h.a = w.execute(0xff, 1);"},
			tables.TableEntry{Table: "w", Key: []tables.KeyField{{Name: "$WRED_INDEX", Value: []byte{3}}}, Data: wred}, "aa aa aa aa"},
		{"wred below", ir.Tofino, program{locals: "Wred<bit<8>, bit<8>>(16, 0xdd, 0xaa) w;", body: "hdr.h.a = w.execute(hdr.h.b, 3);"},
			tables.TableEntry{Table: "w", Key: []tables.KeyField{{Name: "$WRED_INDEX", Value: []byte{3}}}, Data: wred}, "aa aa aa aa"},
		{"wred above", ir.Tofino, program{locals: "Wred<bit<16>, bit<8>>(16, 0xdd, 0xaa) w;", body: "hdr.h.a = w.execute(hdr.h.c, 3);"},
			tables.TableEntry{Table: "w", Key: []tables.KeyField{{Name: "$WRED_INDEX", Value: []byte{3}}}, Data: wred}, "dd dd dd dd"},
		{"direct wred", ir.Tofino2, program{locals: "DirectWred<bit<19>>(1, 2) w; action x() { hdr.h.a = w.execute((bit<19>)hdr.h.c); } " + table + "filters = w; }", body: "t.apply();"},
			tables.TableEntry{Table: "t", Key: entry.Key, Action: "x", Data: wred}, "01 01 01 01"},
		{"indirect filter that a table names", ir.Tofino, program{locals: "Lpf<bit<8>, bit<8>>(16) l; action x() { hdr.h.a = l.execute(hdr.h.b, 3); } " + table + "filters = l; }", body: "t.apply();"}, entry, "22 22 22 22"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			src := c.p.source()
			if c.target == ir.Tofino2 {
				src = onTofino2(src)
			}
			slow, fast := loadTimed(t, src, c.target), loadTimed(t, src, c.target)
			slow.write(t, c.entry)
			fast.write(t, c.entry)
			var got []string
			for n := range 4 {
				now := uint64(5e9) + uint64(n)*100
				if n == 3 {
					now += 1e6
				}
				slow.pass.GlobalTstamp, fast.pass.GlobalTstamp = now, now
				want, out := slow.ingress(in, true), fast.ingress(in, false)
				if !bytes.Equal(want, out) {
					t.Errorf("packet %d: engines differ: fast %x, reference %x", n, out, want)
				}
				got = append(got, hex.EncodeToString(out[:1]))
			}
			if got := strings.Join(got, " "); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if slow.state(t) != fast.state(t) {
				t.Error("engines leave different state")
			}
		})
	}
}

// TestMeterTrueEgress: such a meter's buckets pay for what leaves: here nothing
// but the payload, so that a packet conforms that otherwise would not.
func TestMeterTrueEgress(t *testing.T) {
	for _, c := range []struct {
		flag string
		want string // colours of three packets of 1012 bytes, 1000 of them header
	}{{"false", "00 01 03"}, {"true", "00 00 00"}} {
		src := onTofino2(program{}.source())
		src = strings.NewReplacer("struct eh_t {}", "header big_t { bit<8> a; bit<7992> rest; }\nstruct eh_t { big_t h; h_t short; }",
			"state start { pkt.extract(eg); transition accept; }", "state start { pkt.extract(eg); pkt.extract(hdr.h); transition accept; }",
			"inout egress_intrinsic_metadata_for_output_port_t oport) { apply {} }", `inout egress_intrinsic_metadata_for_output_port_t oport) {
			Meter<bit<8>>(4, MeterType_t.BYTES, `+c.flag+`) m;
			apply { hdr.h.setInvalid(); hdr.short = {m.execute(1), 0, 0, 0}; } }`,
			"in egress_intrinsic_metadata_for_deparser_t dprsr) { apply {} }", "in egress_intrinsic_metadata_for_deparser_t dprsr) { apply { pkt.emit(hdr); } }").Replace(src)
		for _, traced := range []bool{false, true} {
			m := loadTimed(t, src, ir.Tofino2)
			m.write(t, tables.TableEntry{Table: "m", Key: []tables.KeyField{{Name: "$METER_INDEX", Value: []byte{1}}}, Data: kbps(8, 8, 10, 20)})
			pass := m.pipe.NewPass(ir.Egress)
			var got []string
			for range 3 {
				pass.In, pass.Bytes = make([]byte, 28+1008), 1012
				if traced {
					m.pipe.TraceEgress(pass, pipeline.Look{Sink: discard{}})
				} else {
					m.pipe.Egress(pass)
				}
				got = append(got, hex.EncodeToString(pass.Head[:1]))
			}
			if got := strings.Join(got, " "); got != c.want {
				t.Errorf("true egress %s, traced %v: colours %s, want %s", c.flag, traced, got, c.want)
			}
		}
	}
}
