// A packet filter between two ports: a ternary access list over the IPv4
// five-tuple, with ranges of destination ports.
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

header ipv4_t {
    bit<4>  version;
    bit<4>  ihl;
    bit<8>  tos;
    bit<16> total_len;
    bit<16> id;
    bit<3>  flags;
    bit<13> frag;
    bit<8>  ttl;
    bit<8>  protocol;
    bit<16> checksum;
    bit<32> src;
    bit<32> dst;
}

header ports_t {
    bit<16> src;
    bit<16> dst;
}

struct headers_t {
    ethernet_t ethernet;
    ipv4_t     ipv4;
    ports_t    l4;
}

struct none_t {}

parser FilterIngressParser(packet_in pkt, out headers_t hdr, out none_t md,
                           out ingress_intrinsic_metadata_t ig_intr_md) {
    state start {
        pkt.extract(ig_intr_md);
        pkt.advance(PORT_METADATA_SIZE);
        pkt.extract(hdr.ethernet);
        transition select(hdr.ethernet.type) {
            0x0800: ipv4;
            default: accept;
        }
    }

    state ipv4 {
        pkt.extract(hdr.ipv4);
        transition select(hdr.ipv4.protocol, hdr.ipv4.frag, hdr.ipv4.ihl) {
            (6, 0, 5): l4;
            (17, 0, 5): l4;
            default: accept;
        }
    }

    state l4 {
        pkt.extract(hdr.l4);
        transition accept;
    }
}

control FilterIngress(inout headers_t hdr, inout none_t md,
                      in ingress_intrinsic_metadata_t ig_intr_md,
                      in ingress_intrinsic_metadata_from_parser_t ig_prsr_md,
                      inout ingress_intrinsic_metadata_for_deparser_t ig_dprsr_md,
                      inout ingress_intrinsic_metadata_for_tm_t ig_tm_md) {
    Counter<bit<64>, bit<12>>(4096, CounterType_t.PACKETS) hits;

    action permit(bit<12> rule) {
        hits.count(rule);
    }

    action deny(bit<12> rule) {
        hits.count(rule);
        ig_dprsr_md.drop_ctl = 1;
    }

    action other_port(PortId_t port) {
        ig_tm_md.ucast_egress_port = port;
    }

    table wires {
        key = {
            ig_intr_md.ingress_port: exact;
        }
        actions = {
            other_port;
        }
        size = 16;
    }

    table rules {
        key = {
            hdr.ipv4.src: ternary;
            hdr.ipv4.dst: ternary;
            hdr.ipv4.protocol: ternary;
            hdr.l4.isValid(): ternary;
            hdr.l4.dst: range;
        }
        actions = {
            permit;
            deny;
        }
        default_action = deny(0);
        size = 2048;
    }

    apply {
        wires.apply();
        if (hdr.ipv4.isValid()) {
            rules.apply();
        }
    }
}

control FilterIngressDeparser(packet_out pkt, inout headers_t hdr, in none_t md,
                              in ingress_intrinsic_metadata_for_deparser_t ig_dprsr_md) {
    apply {
        pkt.emit(hdr);
    }
}

parser FilterEgressParser(packet_in pkt, out none_t hdr, out none_t md, out egress_intrinsic_metadata_t eg_intr_md) {
    state start {
        pkt.extract(eg_intr_md);
        transition accept;
    }
}

control FilterEgress(inout none_t hdr, inout none_t md, in egress_intrinsic_metadata_t eg_intr_md,
                     in egress_intrinsic_metadata_from_parser_t eg_prsr_md,
                     inout egress_intrinsic_metadata_for_deparser_t eg_dprsr_md,
                     inout egress_intrinsic_metadata_for_output_port_t eg_oport_md) {
    apply {}
}

control FilterEgressDeparser(packet_out pkt, inout none_t hdr, in none_t md,
                             in egress_intrinsic_metadata_for_deparser_t eg_dprsr_md) {
    apply {
        pkt.emit(hdr);
    }
}

Pipeline(FilterIngressParser(), FilterIngress(), FilterIngressDeparser(),
         FilterEgressParser(), FilterEgress(), FilterEgressDeparser()) pipe;

Switch(pipe) main;
