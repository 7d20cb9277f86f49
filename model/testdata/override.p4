// Tofino 2. A packet is a command: it is sent to a port, and mirrored by ingress
// (kind 1) or egress (kind 2) with those mirror_... fields that it gives a value;
// adv_flow_ctl is written by ingress (kind 4) or egress (kind 8). What leaves
// begins with what egress was told; a mirrored packet has A1 behind that.
#include <core.p4>
#include <t2na.p4>

header cmd_h {
    bit<8>  kind;
    bit<8>  given; // 01 hash, 02 cos, 04 deflect, 08 port, 10 qid, 20 groups
    bit<16> port;
    bit<8>  session;
    bit<16> hash;
    bit<8>  cos;
    bit<8>  deflect;
    bit<16> to;
    bit<8>  qid;
    bit<32> flow;
}
header stamp_h {
    bit<16> port;
    bit<16> rid;
    bit<8>  cos;
    bit<8>  qid;
    bit<8>  deflected;
}
header tag_h { bit<8> tag; }
struct header_t { stamp_h stamp; tag_h tag; cmd_h cmd; }
struct metadata_t { bit<8> session; bit<8> tag; bit<8> first; }

parser Prs(packet_in pkt, out header_t hdr, out metadata_t md, out ingress_intrinsic_metadata_t ig) {
    state start { pkt.extract(ig); pkt.advance(PORT_METADATA_SIZE); pkt.extract(hdr.cmd); transition accept; }
}
control Ing(inout header_t hdr, inout metadata_t md, in ingress_intrinsic_metadata_t ig,
            in ingress_intrinsic_metadata_from_parser_t prsr, inout ingress_intrinsic_metadata_for_deparser_t dprsr,
            inout ingress_intrinsic_metadata_for_tm_t tm) {
    apply {
        tm.ucast_egress_port = hdr.cmd.port[8:0];
        md.session = hdr.cmd.session;
        md.tag = 0xa1;
        if (hdr.cmd.kind[2:2] == 1) { dprsr.adv_flow_ctl = hdr.cmd.flow; }
        if (hdr.cmd.kind[0:0] == 1) {
            dprsr.mirror_type = 1;
            if (hdr.cmd.given[0:0] == 1) { dprsr.mirror_hash = hdr.cmd.hash[12:0]; }
            if (hdr.cmd.given[1:1] == 1) { dprsr.mirror_ingress_cos = hdr.cmd.cos[2:0]; }
            if (hdr.cmd.given[2:2] == 1) { dprsr.mirror_deflect_on_drop = hdr.cmd.deflect[0:0]; }
            if (hdr.cmd.given[3:3] == 1) { dprsr.mirror_egress_port = hdr.cmd.to[8:0]; }
            if (hdr.cmd.given[4:4] == 1) { dprsr.mirror_qid = hdr.cmd.qid[6:0]; }
            if (hdr.cmd.given[5:5] == 1) { dprsr.mirror_multicast_ctrl = 1; }
        }
    }
}
control Dep(packet_out pkt, inout header_t hdr, in metadata_t md, in ingress_intrinsic_metadata_for_deparser_t dprsr) {
    Mirror() mirror;
    apply {
        if (dprsr.mirror_type == 1) { mirror.emit<tag_h>(md.session, { md.tag }); }
        pkt.emit(hdr);
    }
}
parser EPrs(packet_in pkt, out header_t hdr, out metadata_t md, out egress_intrinsic_metadata_t eg) {
    state start {
        pkt.extract(eg);
        md.first = pkt.lookahead<bit<8>>();
        transition select(md.first) {
            0xa1 : mirrored;
            default : plain;
        }
    }
    state mirrored { pkt.extract(hdr.tag); transition accept; }
    state plain { pkt.extract(hdr.cmd); transition accept; }
}
control Eg(inout header_t hdr, inout metadata_t md, in egress_intrinsic_metadata_t eg,
           in egress_intrinsic_metadata_from_parser_t prsr, inout egress_intrinsic_metadata_for_deparser_t dprsr,
           inout egress_intrinsic_metadata_for_output_port_t oport) {
    apply {
        hdr.stamp.setValid();
        hdr.stamp.port = (bit<16>)eg.egress_port;
        hdr.stamp.rid = eg.egress_rid;
        hdr.stamp.cos = (bit<8>)eg.egress_cos;
        hdr.stamp.qid = (bit<8>)eg.egress_qid;
        hdr.stamp.deflected = (bit<8>)eg.deflection_flag;
        md.session = hdr.cmd.session;
        md.tag = 0xa1;
        if (hdr.cmd.isValid()) {
            if (hdr.cmd.kind[3:3] == 1) { dprsr.adv_flow_ctl = hdr.cmd.flow; }
            if (hdr.cmd.kind[1:1] == 1) {
                dprsr.mirror_type = 2;
                if (hdr.cmd.given[0:0] == 1) { dprsr.mirror_hash = hdr.cmd.hash[12:0]; }
                if (hdr.cmd.given[1:1] == 1) { dprsr.mirror_ingress_cos = hdr.cmd.cos[2:0]; }
                if (hdr.cmd.given[2:2] == 1) { dprsr.mirror_deflect_on_drop = hdr.cmd.deflect[0:0]; }
                if (hdr.cmd.given[3:3] == 1) { dprsr.mirror_egress_port = hdr.cmd.to[8:0]; }
                if (hdr.cmd.given[4:4] == 1) { dprsr.mirror_qid = hdr.cmd.qid[6:0]; }
                if (hdr.cmd.given[5:5] == 1) { dprsr.mirror_multicast_ctrl = 1; }
            }
        }
    }
}
control EDep(packet_out pkt, inout header_t hdr, in metadata_t md, in egress_intrinsic_metadata_for_deparser_t dprsr) {
    Mirror() mirror;
    apply {
        if (dprsr.mirror_type == 2) { mirror.emit<tag_h>(md.session, { md.tag }); }
        pkt.emit(hdr);
    }
}
Pipeline(Prs(), Ing(), Dep(), EPrs(), Eg(), EDep()) pipe;
Switch(pipe) main;
