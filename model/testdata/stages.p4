// Tables that follow each other through the stages, for what looks into them.
// Each reads what the one before wrote.
#include <core.p4>
#if __TARGET_TOFINO__ == 2
#include <t2na.p4>
#else
#include <tna.p4>
#endif

header step_h {
    bit<8>  kind;
    bit<16> first;
    bit<16> second;
    bit<16> third;
}
header tail_h { bit<16> mark; }
struct header_t { step_h step; tail_h tail; }
struct metadata_t { bit<16> found; bit<16> sum; }
struct eg_header_t { step_h step; }
struct nothing_t { }

parser Prs(packet_in pkt, out header_t hdr, out metadata_t md, out ingress_intrinsic_metadata_t ig) {
    state start {
        pkt.extract(ig);
        pkt.advance(PORT_METADATA_SIZE);
        pkt.extract(hdr.step);
        transition accept;
    }
}

control Ing(inout header_t hdr, inout metadata_t md, in ingress_intrinsic_metadata_t ig,
            in ingress_intrinsic_metadata_from_parser_t prsr, inout ingress_intrinsic_metadata_for_deparser_t dprsr,
            inout ingress_intrinsic_metadata_for_tm_t tm) {
    action found(bit<16> value) { md.found = value; }
    table one {
        key = { hdr.step.first : exact; }
        actions = { found; @defaultonly NoAction; }
        const default_action = NoAction;
        size = 1024;
    }
    action second(bit<16> value) { hdr.step.second = value; }
    table two {
        key = { md.found : exact; }
        actions = { second; @defaultonly NoAction; }
        const default_action = NoAction;
        size = 1024;
    }
    action third(bit<16> value) { hdr.step.third = value; hdr.tail.setValid(); hdr.tail.mark = 0xbeef; }
    table three {
        key = { hdr.step.second : ternary; }
        actions = { third; @defaultonly NoAction; }
        const default_action = NoAction;
        size = 512;
    }
    apply {
        one.apply();
        two.apply();
        if (hdr.step.kind == 7) {
            three.apply();
        }
        tm.ucast_egress_port = ig.ingress_port;
    }
}

control Dep(packet_out pkt, inout header_t hdr, in metadata_t md, in ingress_intrinsic_metadata_for_deparser_t dprsr) {
    apply { pkt.emit(hdr); }
}

parser EPrs(packet_in pkt, out eg_header_t hdr, out nothing_t md, out egress_intrinsic_metadata_t eg) {
    state start {
        pkt.extract(eg);
        pkt.extract(hdr.step);
        transition accept;
    }
}
control Eg(inout eg_header_t hdr, inout nothing_t md, in egress_intrinsic_metadata_t eg,
           in egress_intrinsic_metadata_from_parser_t prsr, inout egress_intrinsic_metadata_for_deparser_t dprsr,
           inout egress_intrinsic_metadata_for_output_port_t port) {
    action leaving(bit<8> kind) { hdr.step.kind = kind; }
    table out_ports {
        key = { eg.egress_port : exact; }
        actions = { leaving; @defaultonly NoAction; }
        const default_action = NoAction;
        size = 512;
    }
    apply { out_ports.apply(); }
}
control EDep(packet_out pkt, inout eg_header_t hdr, in nothing_t md, in egress_intrinsic_metadata_for_deparser_t dprsr) {
    apply { pkt.emit(hdr); }
}

Pipeline(Prs(), Ing(), Dep(), EPrs(), Eg(), EDep()) pipe;
Switch(pipe) main;
