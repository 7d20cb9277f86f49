// Much state: a million exact entries and 64 MiB of registers.
#include <core.p4>
#include <tna.p4>

header ethernet_h { bit<48> dst; bit<48> src; bit<16> type; }
struct headers { ethernet_h eth; }
struct metadata { }

parser IgParser(packet_in pkt, out headers hdr, out metadata md, out ingress_intrinsic_metadata_t intr) {
    state start {
        pkt.extract(intr);
        pkt.advance(PORT_METADATA_SIZE);
        pkt.extract(hdr.eth);
        transition accept;
    }
}

control Ig(inout headers hdr, inout metadata md, in ingress_intrinsic_metadata_t intr,
           in ingress_intrinsic_metadata_from_parser_t prsr, inout ingress_intrinsic_metadata_for_deparser_t dprsr,
           inout ingress_intrinsic_metadata_for_tm_t tm) {
    Register<bit<32>, bit<32>>(16777216) memory;
    RegisterAction<bit<32>, bit<32>, bit<32>>(memory) count = {
        void apply(inout bit<32> value) {
            value = value + 1;
        }
    };
    action send(PortId_t port) {
        tm.ucast_egress_port = port;
    }
    table hosts {
        key = { hdr.eth.dst: exact; }
        actions = { send; }
        size = 1048576;
    }
    apply {
        hosts.apply();
        count.execute(hdr.eth.dst[31:0]);
    }
}

control IgDeparser(packet_out pkt, inout headers hdr, in metadata md, in ingress_intrinsic_metadata_for_deparser_t dprsr) {
    apply {
        pkt.emit(hdr);
    }
}

parser EgParser(packet_in pkt, out headers hdr, out metadata md, out egress_intrinsic_metadata_t intr) {
    state start {
        pkt.extract(intr);
        transition accept;
    }
}

control Eg(inout headers hdr, inout metadata md, in egress_intrinsic_metadata_t intr,
           in egress_intrinsic_metadata_from_parser_t prsr, inout egress_intrinsic_metadata_for_deparser_t dprsr,
           inout egress_intrinsic_metadata_for_output_port_t oport) {
    apply { }
}

control EgDeparser(packet_out pkt, inout headers hdr, in metadata md, in egress_intrinsic_metadata_for_deparser_t dprsr) {
    apply { }
}

Pipeline(IgParser(), Ig(), IgDeparser(), EgParser(), Eg(), EgDeparser()) pipe;
Switch(pipe) main;
