// One exact table of a million entries.
#include <core.p4>
#include <tna.p4>

header ethernet_h { bit<48> dst; bit<48> src; bit<16> type; }
struct headers { ethernet_h eth; }
struct meta {}

parser IgParser(packet_in pkt, out headers hdr, out meta md, out ingress_intrinsic_metadata_t intr) {
    state start {
        pkt.extract(intr);
        pkt.advance(PORT_METADATA_SIZE);
        pkt.extract(hdr.eth);
        transition accept;
    }
}
control Ig(inout headers hdr, inout meta md, in ingress_intrinsic_metadata_t intr,
           in ingress_intrinsic_metadata_from_parser_t prsr, inout ingress_intrinsic_metadata_for_deparser_t dprsr,
           inout ingress_intrinsic_metadata_for_tm_t tm) {
    action send(PortId_t port) { tm.ucast_egress_port = port; }
    table forward {
        key = { hdr.eth.dst: exact; }
        actions = { send; }
        default_action = send(2);
        size = 1048576;
    }
    apply { forward.apply(); }
}
control IgDeparser(packet_out pkt, inout headers hdr, in meta md, in ingress_intrinsic_metadata_for_deparser_t dprsr) {
    apply { pkt.emit(hdr); }
}
parser EgParser(packet_in pkt, out headers hdr, out meta md, out egress_intrinsic_metadata_t intr) {
    state start {
        pkt.extract(intr);
        transition accept;
    }
}
control Eg(inout headers hdr, inout meta md, in egress_intrinsic_metadata_t intr,
           in egress_intrinsic_metadata_from_parser_t prsr, inout egress_intrinsic_metadata_for_deparser_t dprsr,
           inout egress_intrinsic_metadata_for_output_port_t port) {
    apply {}
}
control EgDeparser(packet_out pkt, inout headers hdr, in meta md, in egress_intrinsic_metadata_for_deparser_t dprsr) {
    apply { pkt.emit(hdr); }
}

Pipeline(IgParser(), Ig(), IgDeparser(), EgParser(), Eg(), EgDeparser()) pipe;
Switch(pipe) main;
