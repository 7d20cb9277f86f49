// target: tofino2
// The packet generator's trigger: in the ingress deparser, 16 bytes at most.
#include <core.p4>
#include <t2na.p4>
header h_t { bit<128> context; bit<8> more; }
struct hdr_t { h_t h; }
struct md_t { }
parser Prs(packet_in pkt, out hdr_t hdr, out md_t md, out ingress_intrinsic_metadata_t ig) {
    state start { pkt.extract(ig); pkt.advance(PORT_METADATA_SIZE); pkt.extract(hdr.h); transition accept; }
}
control Ing(inout hdr_t hdr, inout md_t md, in ingress_intrinsic_metadata_t ig,
            in ingress_intrinsic_metadata_from_parser_t prsr, inout ingress_intrinsic_metadata_for_deparser_t dprsr,
            inout ingress_intrinsic_metadata_for_tm_t tm) {
    apply { dprsr.pktgen = 1; }
}
control Dep(packet_out pkt, inout hdr_t hdr, in md_t md, in ingress_intrinsic_metadata_for_deparser_t dprsr) {
    Pktgen() generator;
    apply {
        if (dprsr.pktgen == 1) {
            generator.emit(hdr.h.context);
            generator.emit(hdr.h); // WARNING "packet generator context of 17 bytes: the chip's limit is 16"
        }
        pkt.emit(hdr.h);
    }
}
parser EPrs(packet_in pkt, out hdr_t hdr, out md_t md, out egress_intrinsic_metadata_t eg) { state start { pkt.extract(eg); transition accept; } }
control Eg(inout hdr_t hdr, inout md_t md, in egress_intrinsic_metadata_t eg, in egress_intrinsic_metadata_from_parser_t prsr,
           inout egress_intrinsic_metadata_for_deparser_t dprsr, inout egress_intrinsic_metadata_for_output_port_t oport) { apply { } }
control EDep(packet_out pkt, inout hdr_t hdr, in md_t md, in egress_intrinsic_metadata_for_deparser_t dprsr) {
    Pktgen() generator;
    apply {
        generator.emit(hdr.h.context); // ERROR "Pktgen.emit is possible in an ingress deparser only"
        pkt.emit(hdr.h);
    }
}
Pipeline(Prs(), Ing(), Dep(), EPrs(), Eg(), EDep()) pipe;
Switch(pipe) main;
