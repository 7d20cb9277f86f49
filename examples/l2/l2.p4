// A learning-free Ethernet switch: known destinations to their port, everything
// else to a multicast group of all ports but the one it came from.
#include <core.p4>
#if __TARGET_TOFINO__ == 2
#include <t2na.p4>
#else
#include <tna.p4>
#endif

header ethernet_t {
    bit<48> dst;
    bit<48> src;
    bit<16> type;
}

struct headers_t {
    ethernet_t ethernet;
}

struct none_t {}

parser SwitchIngressParser(packet_in pkt, out headers_t hdr, out none_t md,
                           out ingress_intrinsic_metadata_t ig_intr_md) {
    state start {
        pkt.extract(ig_intr_md);
        pkt.advance(PORT_METADATA_SIZE);
        pkt.extract(hdr.ethernet);
        transition accept;
    }
}

control SwitchIngress(inout headers_t hdr, inout none_t md,
                      in ingress_intrinsic_metadata_t ig_intr_md,
                      in ingress_intrinsic_metadata_from_parser_t ig_prsr_md,
                      inout ingress_intrinsic_metadata_for_deparser_t ig_dprsr_md,
                      inout ingress_intrinsic_metadata_for_tm_t ig_tm_md) {
    DirectCounter<bit<64>>(CounterType_t.PACKETS_AND_BYTES) traffic;

    action forward(PortId_t port) {
        traffic.count();
        ig_tm_md.ucast_egress_port = port;
    }

    action flood(MulticastGroupId_t group) {
        traffic.count();
        ig_tm_md.mcast_grp_a = group;
        ig_tm_md.rid = 1;
        ig_tm_md.level2_exclusion_id = ig_intr_md.ingress_port;
    }

    table macs {
        key = {
            hdr.ethernet.dst: exact;
        }
        actions = {
            forward;
            flood;
        }
        default_action = flood(0);
        counters = traffic;
        size = 65536;
    }

    apply {
        macs.apply();
        // Nobody gets his own frame back.
        if (ig_tm_md.ucast_egress_port == ig_intr_md.ingress_port) {
            ig_dprsr_md.drop_ctl = ig_dprsr_md.drop_ctl | 1;
        }
    }
}

control SwitchIngressDeparser(packet_out pkt, inout headers_t hdr, in none_t md,
                              in ingress_intrinsic_metadata_for_deparser_t ig_dprsr_md) {
    apply {
        pkt.emit(hdr);
    }
}

parser SwitchEgressParser(packet_in pkt, out none_t hdr, out none_t md, out egress_intrinsic_metadata_t eg_intr_md) {
    state start {
        pkt.extract(eg_intr_md);
        transition accept;
    }
}

control SwitchEgress(inout none_t hdr, inout none_t md, in egress_intrinsic_metadata_t eg_intr_md,
                     in egress_intrinsic_metadata_from_parser_t eg_prsr_md,
                     inout egress_intrinsic_metadata_for_deparser_t eg_dprsr_md,
                     inout egress_intrinsic_metadata_for_output_port_t eg_oport_md) {
    apply {}
}

control SwitchEgressDeparser(packet_out pkt, inout none_t hdr, in none_t md,
                             in egress_intrinsic_metadata_for_deparser_t eg_dprsr_md) {
    apply {
        pkt.emit(hdr);
    }
}

Pipeline(SwitchIngressParser(), SwitchIngress(), SwitchIngressDeparser(),
         SwitchEgressParser(), SwitchEgress(), SwitchEgressDeparser()) pipe;

Switch(pipe) main;
