// A small switch that uses everything the chip offers around its pipelines:
// unicast, both multicast groups with pruning, copies to the CPU, mirroring
// from both sides, resubmit, recirculation and bridged metadata.
// For Tofino and Tofino 2. With ODD, no header but Ethernet is whole bytes.
#include <core.p4>
#if __TARGET_TOFINO__ == 2
#include <t2na.p4>
#else
#include <tna.p4>
#endif

header ethernet_h {
    bit<48> dst;
    bit<48> src;
    bit<16> type;
}

#ifdef ODD
#define FLEXIBLE @flexible
#define KIND bit<7>
#define AGAIN_PORT bit<9>
#else
#define FLEXIBLE
#define KIND bit<8>
#define AGAIN_PORT bit<16>
#endif

// Carried from ingress to egress.
FLEXIBLE header bridge_h {
    KIND    kind;
    bit<7>  pad;
    bit<1>  mirror;
    bit<16> session;
}

FLEXIBLE header mirror_h {
    KIND kind;
}

// What a resubmitted packet carries: 8 bytes, on Tofino 2 16 (and the chip puts
// 8 more behind them).
#if __TARGET_TOFINO__ == 2
#define AGAIN_PAD 112
#define AGAIN_GAP 64
#else
#define AGAIN_PAD 48
#define AGAIN_GAP 0
#endif
FLEXIBLE header again_h {
    AGAIN_PORT     port;
    bit<AGAIN_PAD> pad;
}

const KIND KIND_BRIDGE = 1;
const KIND KIND_MIRROR = 2;

struct ingress_headers {
    bridge_h   bridge;
    ethernet_h eth;
}

struct egress_headers {
    ethernet_h eth;
}

struct ingress_meta {
    again_h    again;
    MirrorId_t session;
}

struct egress_meta {
    bridge_h   bridge;
    mirror_h   mirror;
    MirrorId_t session;
}

parser IgParser(packet_in pkt, out ingress_headers hdr, out ingress_meta md, out ingress_intrinsic_metadata_t intr) {
    state start {
        pkt.extract(intr);
        transition select(intr.resubmit_flag) {
            1: resubmitted;
            default: fresh;
        }
    }
    state resubmitted {
        pkt.extract(md.again);
#if AGAIN_GAP > 0
        pkt.advance(AGAIN_GAP);
#endif
        transition ethernet;
    }
    state fresh {
        pkt.advance(PORT_METADATA_SIZE);
        transition ethernet;
    }
    state ethernet {
        pkt.extract(hdr.eth);
        transition accept;
    }
}

control Ig(inout ingress_headers hdr, inout ingress_meta md, in ingress_intrinsic_metadata_t intr,
           in ingress_intrinsic_metadata_from_parser_t prsr, inout ingress_intrinsic_metadata_for_deparser_t dprsr,
           inout ingress_intrinsic_metadata_for_tm_t tm) {
    action send(PortId_t port) {
        tm.ucast_egress_port = port;
    }
    action flood(MulticastGroupId_t a, bit<16> rid, bit<9> yid) {
        tm.mcast_grp_a = a;
        tm.rid = rid;
        tm.level2_exclusion_id = yid;
    }
    action both(MulticastGroupId_t a, MulticastGroupId_t b) {
        tm.mcast_grp_a = a;
        tm.mcast_grp_b = b;
    }
    action copy(PortId_t port) {
        tm.ucast_egress_port = port;
        tm.copy_to_cpu = 1;
    }
    action watch(PortId_t port, MirrorId_t session) {
        tm.ucast_egress_port = port;
        dprsr.mirror_type = 1;
        md.session = session;
    }
    action watch_out(PortId_t port, bit<16> session) {
        tm.ucast_egress_port = port;
        hdr.bridge.mirror = 1;
        hdr.bridge.session = session;
    }
    action raw(PortId_t port) {
        tm.ucast_egress_port = port;
        tm.bypass_egress = 1;
        hdr.bridge.setInvalid();
    }
    action twice() {
        dprsr.resubmit_type = 1;
    }
    action deny() {
        dprsr.drop_ctl = 1;
    }
    table forward {
        key = { hdr.eth.dst: exact; }
        actions = { send; flood; both; copy; watch; watch_out; raw; twice; deny; }
        default_action = deny;
        size = 64;
    }
    apply {
        hdr.bridge.setValid();
        hdr.bridge.kind = KIND_BRIDGE;
        if (intr.resubmit_flag == 1) {
            tm.ucast_egress_port = (PortId_t) md.again.port;
        } else {
            forward.apply();
        }
    }
}

control IgDeparser(packet_out pkt, inout ingress_headers hdr, in ingress_meta md,
                   in ingress_intrinsic_metadata_for_deparser_t dprsr) {
    Mirror() mirror;
    Resubmit() resubmit;
    apply {
        if (dprsr.mirror_type == 1) {
            mirror.emit<mirror_h>(md.session, { KIND_MIRROR });
        }
        if (dprsr.resubmit_type == 1) {
            resubmit.emit<again_h>({ 9, 0 });
        }
        pkt.emit(hdr);
    }
}

parser EgParser(packet_in pkt, out egress_headers hdr, out egress_meta md, out egress_intrinsic_metadata_t intr) {
    state start {
        pkt.extract(intr);
        transition select(pkt.lookahead<KIND>()) {
            KIND_BRIDGE: bridged;
            KIND_MIRROR: mirrored;
            default: reject;
        }
    }
    state bridged {
        pkt.extract(md.bridge);
        pkt.extract(hdr.eth);
        transition accept;
    }
    state mirrored {
        pkt.extract(md.mirror);
        pkt.extract(hdr.eth);
        transition accept;
    }
}

control Eg(inout egress_headers hdr, inout egress_meta md, in egress_intrinsic_metadata_t intr,
           in egress_intrinsic_metadata_from_parser_t prsr, inout egress_intrinsic_metadata_for_deparser_t dprsr,
           inout egress_intrinsic_metadata_for_output_port_t oport) {
    apply {
        // The receiver is told who it is: its replication id and whether it is
        // the first of its node.
        hdr.eth.src[15:0] = intr.egress_rid;
        hdr.eth.src[16:16] = intr.egress_rid_first;
        if (md.bridge.isValid() && md.bridge.mirror == 1) {
            dprsr.mirror_type = 2;
#if __TARGET_TOFINO__ == 2
            dprsr.mirror_io_select = 1;
#endif
            md.session = (MirrorId_t) md.bridge.session;
        }
    }
}

control EgDeparser(packet_out pkt, inout egress_headers hdr, in egress_meta md,
                   in egress_intrinsic_metadata_for_deparser_t dprsr) {
    Mirror() mirror;
    apply {
        if (dprsr.mirror_type == 2) {
            mirror.emit<mirror_h>(md.session, { KIND_MIRROR });
        }
        pkt.emit(hdr);
    }
}

Pipeline(IgParser(), Ig(), IgDeparser(), EgParser(), Eg(), EgDeparser()) pipe;
Switch(pipe) main;
