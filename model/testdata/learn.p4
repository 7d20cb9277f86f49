// A program that tells its controller things: a packet of kind 1 or 2 sends a
// digest of what it carries, and the table of flows ages its entries.
#include <core.p4>
#include <tna.p4>

header flow_h {
    bit<8>  kind;
    bit<16> flow;
    bit<24> value;
}
struct header_t { flow_h flow; }
struct metadata_t { PortId_t port; bit<3> low; }
struct nothing_t { }

struct seen_t {
    PortId_t port;
    bit<16>  flow;
    bit<3>   low;
}
struct value_t {
    bit<24> value;
}

parser Prs(packet_in pkt, out header_t hdr, out metadata_t md, out ingress_intrinsic_metadata_t ig) {
    state start {
        pkt.extract(ig);
        pkt.advance(PORT_METADATA_SIZE);
        pkt.extract(hdr.flow);
        transition accept;
    }
}

control Ing(inout header_t hdr, inout metadata_t md, in ingress_intrinsic_metadata_t ig,
            in ingress_intrinsic_metadata_from_parser_t prsr, inout ingress_intrinsic_metadata_for_deparser_t dprsr,
            inout ingress_intrinsic_metadata_for_tm_t tm) {
    action send(PortId_t port) { tm.ucast_egress_port = port; }
    table flows {
        key = { hdr.flow.flow : exact; }
        actions = { send; NoAction; }
        const default_action = NoAction;
        size = 1024;
        idle_timeout = true;
    }
    @idletime_precision(1)
    table polled {
        key = { hdr.flow.value : ternary; }
        actions = { NoAction; }
        size = 64;
        idle_timeout = true;
    }
    apply {
        md.port = ig.ingress_port;
        md.low = hdr.flow.value[2:0];
        flows.apply();
        polled.apply();
        if (hdr.flow.kind == 1) {
            dprsr.digest_type = 3;
        } else if (hdr.flow.kind == 2) {
            dprsr.digest_type = 0;
        }
        tm.bypass_egress = 1;
    }
}

control Dep(packet_out pkt, inout header_t hdr, in metadata_t md, in ingress_intrinsic_metadata_for_deparser_t dprsr) {
    Digest<seen_t>(3) seen;
    Digest<value_t>() value;
    apply {
        if (dprsr.digest_type == 3) {
            seen.pack({md.port, hdr.flow.flow, md.low});
        } else if (dprsr.digest_type == 0) {
            value.pack({hdr.flow.value});
        }
        pkt.emit(hdr);
    }
}

parser EPrs(packet_in pkt, out nothing_t hdr, out nothing_t md, out egress_intrinsic_metadata_t eg) {
    state start { transition accept; }
}
control Eg(inout nothing_t hdr, inout nothing_t md, in egress_intrinsic_metadata_t eg,
           in egress_intrinsic_metadata_from_parser_t prsr, inout egress_intrinsic_metadata_for_deparser_t dprsr,
           inout egress_intrinsic_metadata_for_output_port_t port) {
    apply { }
}
control EDep(packet_out pkt, inout nothing_t hdr, in nothing_t md, in egress_intrinsic_metadata_for_deparser_t dprsr) {
    apply { }
}

Pipeline(Prs(), Ing(), Dep(), EPrs(), Eg(), EDep()) pipe;
Switch(pipe) main;
