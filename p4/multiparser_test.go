package p4_test

import (
	"strings"
	"testing"

	"gofino/p4"
	"gofino/pipeline"
	"gofino/pipeline/ir"
	"gofino/tables"
)

// twoParsers: ports 4 to 7 of each pipe have another parser in ingress, ports 8
// to 11 in egress; the rest the first one.
func twoParsers() string {
	src := program{decls: `
parser Second(packet_in pkt, out hs_t hdr, out md_t md, out ingress_intrinsic_metadata_t ig) {
    bit<8> mark = 0x77;
    state start { pkt.extract(ig); pkt.advance(PORT_METADATA_SIZE); transition more; }
    state more { pkt.extract(hdr.k); hdr.k.b = mark; transition accept; }
}
parser EgSecond(packet_in pkt, out eh_t hdr, out em_t md, out egress_intrinsic_metadata_t eg) {
    state start { pkt.extract(hdr.h); transition accept; }
}
`, body: "if (hdr.k.isValid()) { hdr.k.a = md.m; }"}.source()
	return strings.NewReplacer("struct eh_t {}", "struct eh_t { h_t h; }",
		"in egress_intrinsic_metadata_t eg) { apply {} }", "in egress_intrinsic_metadata_t eg) { apply { if (hdr.h.isValid()) { hdr.h.a = 0xEE; } } }",
		"inout eh_t hdr, in em_t md) { apply {} }", "inout eh_t hdr, in em_t md) { apply { pkt.emit(hdr); } }",
		"Pipeline(IgP(), Ig(), IgD(), EgP(), Eg(), EgD()) pipe;", `IngressParsers(IgP(), Second()) ips;
EgressParsers(EgP(), EgP(), EgSecond()) eps;
MultiParserPipeline(ips, Ig(), IgD(), eps, Eg(), EgD()) pipe;`,
		"Switch(pipe) main;", "MultiParserSwitch(pipe) main;").Replace(src)
}

// TestParserByPort: parser index = local port / 4 (tna-semantics.md section 1).
func TestParserByPort(t *testing.T) {
	prog, diags := p4.CompileSource("multi.p4", []byte(twoParsers()), p4.Options{})
	if prog == nil {
		t.Fatal(diags)
	}
	store, err := tables.NewStore(prog, 1)
	if err != nil {
		t.Fatal(err)
	}
	pipe, err := pipeline.Load(prog.Pipelines[0], prog.Target, store.State(0), pipeline.Options{})
	if err != nil {
		t.Fatal(err)
	}
	packet := []byte{0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88}
	put := func(in []byte, port int) []byte {
		in[0], in[1] = byte(port>>8), byte(port)
		return append(in, packet...)
	}
	for _, c := range []struct {
		port    int
		ig, eg0 byte // second and first byte of what is emitted
		egEmits int
	}{
		{0, 0x22, 0, 0}, {3, 0x22, 0, 0}, {4, 0x77, 0, 0}, {7, 0x77, 0, 0}, {8, 0x22, 0xee, 8}, {11, 0x22, 0xee, 8}, {12, 0x22, 0, 0}, {71, 0x22, 0, 0},
		{0x80 + 4, 0x77, 0, 0}, {0x180 + 8, 0x22, 0xee, 8}, {0x180 + 71, 0x22, 0, 0},
	} {
		for _, traced := range []bool{false, true} {
			ig, eg := pipe.NewPass(ir.Ingress), pipe.NewPass(ir.Egress)
			ig.In, eg.In = put(make([]byte, 16), c.port), put(make([]byte, 27), c.port)
			if traced {
				pipe.TraceIngress(ig, pipeline.Look{Sink: discard{}})
				pipe.TraceEgress(eg, pipeline.Look{Sink: discard{}})
			} else {
				pipe.Ingress(ig)
				pipe.Egress(eg)
			}
			if len(ig.Head) != 8 || ig.Head[1] != c.ig {
				t.Errorf("port %d, traced %v: ingress emitted % x, want second byte %#x", c.port, traced, ig.Head, c.ig)
			}
			if len(eg.Head) != c.egEmits || c.egEmits > 0 && eg.Head[0] != c.eg0 {
				t.Errorf("port %d, traced %v: egress emitted % x, want %d bytes", c.port, traced, eg.Head, c.egEmits)
			}
		}
	}
}
