// A policer: each packet is coloured by the meter of its flow, its size is
// filtered, and what a filter of queue depths says is written down.
#include <core.p4>
#include <tna.p4>

header mark_h {
    bit<16> flow;
    bit<8>  color;
    bit<8>  drop;
    bit<16> depth;
    bit<16> average;
}
struct header_t { mark_h mark; }
struct metadata_t { }
struct nothing_t { }

parser Prs(packet_in pkt, out header_t hdr, out metadata_t md, out ingress_intrinsic_metadata_t ig) {
    state start {
        pkt.extract(ig);
        pkt.advance(PORT_METADATA_SIZE);
        pkt.extract(hdr.mark);
        transition accept;
    }
}

control Ing(inout header_t hdr, inout metadata_t md, in ingress_intrinsic_metadata_t ig,
            in ingress_intrinsic_metadata_from_parser_t prsr, inout ingress_intrinsic_metadata_for_deparser_t dprsr,
            inout ingress_intrinsic_metadata_for_tm_t tm) {
    Meter<bit<16>>(256, MeterType_t.BYTES) police;
    Lpf<bit<16>, bit<16>>(256) average;
    DirectWred<bit<16>>(1, 0) early;
    action watch() { hdr.mark.drop = early.execute(hdr.mark.depth); }
    table flows {
        key = { hdr.mark.flow : exact; }
        actions = { watch; }
        filters = early;
        size = 256;
    }
    apply {
        hdr.mark.color = police.execute(index = hdr.mark.flow, adjust_byte_count = 4);
        hdr.mark.average = average.execute(hdr.mark.depth, hdr.mark.flow);
        flows.apply();
        tm.ucast_egress_port = 1;
        tm.bypass_egress = 1;
    }
}

control Dep(packet_out pkt, inout header_t hdr, in metadata_t md, in ingress_intrinsic_metadata_for_deparser_t dprsr) {
    apply { pkt.emit(hdr); }
}

parser EgPrs(packet_in pkt, out nothing_t hdr, out nothing_t md, out egress_intrinsic_metadata_t eg) {
    state start { pkt.extract(eg); transition accept; }
}
control Eg(inout nothing_t hdr, inout nothing_t md, in egress_intrinsic_metadata_t eg,
           in egress_intrinsic_metadata_from_parser_t prsr, inout egress_intrinsic_metadata_for_deparser_t dprsr,
           inout egress_intrinsic_metadata_for_output_port_t oport) { apply { } }
control EgDep(packet_out pkt, inout nothing_t hdr, in nothing_t md, in egress_intrinsic_metadata_for_deparser_t dprsr) { apply { } }

Pipeline(Prs(), Ing(), Dep(), EgPrs(), Eg(), EgDep()) pipe;
Switch(pipe) main;
