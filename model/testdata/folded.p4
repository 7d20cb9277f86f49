// Two programs in one switch, as in a 32-port switch whose inner pipes have no
// ports outside: the front-panel ports of pipes 1 and 3 lead back into the chip.
// Each block that sees a packet notes its number: a packet takes ingress 1,
// egress 2, ingress 3, egress 4. For Tofino and Tofino 2.
#include <core.p4>
#if __TARGET_TOFINO__ == 2
#include <t2na.p4>
#define CUT(n) if (n != 0) { dprsr.mtu_trunc_len = (bit<14>)n; }
#else
#include <tna.p4>
#define CUT(n)
#endif

header trail_h {
    bit<32> seen;
    bit<8>  ig_cut; // what ingress leaves of the packet, in bytes; 0: all
    bit<8>  eg_cut;
}
struct headers { trail_h t; }
struct meta { }

parser IgParser(packet_in pkt, out headers hdr, out meta md, out ingress_intrinsic_metadata_t intr) {
    state start { pkt.extract(intr); pkt.advance(PORT_METADATA_SIZE); pkt.extract(hdr.t); transition accept; }
}
parser EgParser(packet_in pkt, out headers hdr, out meta md, out egress_intrinsic_metadata_t intr) {
    state start { pkt.extract(intr); pkt.extract(hdr.t); transition accept; }
}
control IgDeparser(packet_out pkt, inout headers hdr, in meta md, in ingress_intrinsic_metadata_for_deparser_t dprsr) {
    apply { pkt.emit(hdr); }
}
control EgDeparser(packet_out pkt, inout headers hdr, in meta md, in egress_intrinsic_metadata_for_deparser_t dprsr) {
    apply { pkt.emit(hdr); }
}

#define INGRESS(NAME, N, OFFSET) \
control NAME(inout headers hdr, inout meta md, in ingress_intrinsic_metadata_t intr, \
             in ingress_intrinsic_metadata_from_parser_t prsr, inout ingress_intrinsic_metadata_for_deparser_t dprsr, \
             inout ingress_intrinsic_metadata_for_tm_t tm) { \
    apply { \
        hdr.t.seen = hdr.t.seen << 8 | N; \
        tm.ucast_egress_port = intr.ingress_port + OFFSET; \
        CUT(hdr.t.ig_cut) \
    } \
}
#define EGRESS(NAME, N) \
control NAME(inout headers hdr, inout meta md, in egress_intrinsic_metadata_t intr, in egress_intrinsic_metadata_from_parser_t prsr, \
             inout egress_intrinsic_metadata_for_deparser_t dprsr, inout egress_intrinsic_metadata_for_output_port_t oport) { \
    apply { \
        hdr.t.seen = hdr.t.seen << 8 | N; \
        CUT(hdr.t.eg_cut) \
    } \
}
INGRESS(OuterIngress, 1, 128)
EGRESS(InnerEgress, 2)
INGRESS(InnerIngress, 3, -9w128)
EGRESS(OuterEgress, 4)

Pipeline(IgParser(), OuterIngress(), IgDeparser(), EgParser(), OuterEgress(), EgDeparser()) outer;
Pipeline(IgParser(), InnerIngress(), IgDeparser(), EgParser(), InnerEgress(), EgDeparser()) inner;
Switch(outer, inner) main;
