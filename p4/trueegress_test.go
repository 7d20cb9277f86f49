package p4_test

import (
	"strings"
	"testing"

	"gofino/p4"
	"gofino/pipeline"
	"gofino/pipeline/ir"
	"gofino/tables"
)

// TestTrueEgressAccounting: such counters charge the packet as the deparser
// leaves it, others as it came to egress; both with FCS and without intrinsic
// metadata. Fact: chip.md section 6.
func TestTrueEgressAccounting(t *testing.T) {
	src := onTofino2(program{}.source())
	src = strings.NewReplacer("struct eh_t {}", "struct eh_t { h_t h; h_t more; }",
		"state start { pkt.extract(eg); transition accept; }", "state start { pkt.extract(eg); pkt.extract(hdr.h); transition accept; }",
		"inout egress_intrinsic_metadata_for_output_port_t oport) { apply {} }", `inout egress_intrinsic_metadata_for_output_port_t oport) {
			Counter<bit<32>, bit<8>>(4, CounterType_t.PACKETS_AND_BYTES) plain;
			Counter<bit<32>, bit<8>>(4, CounterType_t.PACKETS_AND_BYTES, true) leaving;
			DirectCounter<bit<32>>(CounterType_t.PACKETS_AND_BYTES, true) entry;
			action a() { entry.count(2); }
			table t { key = { hdr.h.a : exact; } actions = { a; } const entries = { 0x11 : a(); } counters = entry; }
			apply { plain.count(1); leaving.count(1); t.apply();
				if (hdr.h.b == 1) { hdr.h.setInvalid(); } else { hdr.more = hdr.h; } } }`,
		"in egress_intrinsic_metadata_for_deparser_t dprsr) { apply {} }", "in egress_intrinsic_metadata_for_deparser_t dprsr) { apply { pkt.emit(hdr); } }").Replace(src)
	prog, diags := p4.CompileSource("case.p4", []byte(src), p4.Options{Target: ir.Tofino2})
	if prog == nil {
		t.Fatal(diags)
	}
	const fcs, hdr = 4, 8
	for _, c := range []struct {
		name          string
		packet        []byte
		plain, leaves uint64
	}{
		{"shorter", append([]byte{0x11, 1, 0, 0, 0, 0, 0, 0}, "payload"...), hdr + 7 + fcs, 7 + fcs},
		{"longer", append([]byte{0x11, 2, 0, 0, 0, 0, 0, 0}, "payload"...), hdr + 7 + fcs, 2*hdr + 7 + fcs},
	} {
		for _, traced := range []bool{false, true} {
			store, err := tables.NewStore(prog, 1)
			if err != nil {
				t.Fatal(err)
			}
			st := store.State(0)
			pipe, err := pipeline.Load(prog.Pipelines[0], prog.Target, st, pipeline.Options{})
			if err != nil {
				t.Fatal(err)
			}
			pass := pipe.NewPass(ir.Egress)
			for range 3 {
				pass.In = append(make([]byte, 28), c.packet...)
				pass.Bytes = len(c.packet) + fcs
				if traced {
					pipe.TraceEgress(pass, pipeline.Look{Sink: discard{}})
				} else {
					pipe.Egress(pass)
				}
			}
			for i, k := range prog.Pipelines[0].Counters {
				cell, want := uint64(1), 3*c.leaves
				switch k.Name {
				case "Eg.plain":
					want = 3 * c.plain
				case "Eg.entry":
					want = 3 * (c.leaves - 2)
				}
				packets, bytes := st.Counters[i].Get(cell)
				if packets != 3 || bytes != want {
					t.Errorf("%s, traced %v: %s counted %d packets and %d bytes, want 3 and %d", c.name, traced, k.Name, packets, bytes, want)
				}
			}
		}
	}
}
