// What the packet generator makes leaves on port 9 behind what the chip said of
// it. A packet that begins with EE is sent on, without its command, to the port
// that it names; one that begins with DD triggers the deparser (Tofino 2); any
// other leaves on port 10.
#include <core.p4>
#if __TARGET_TOFINO__ == 2
#include <t2na.p4>
#else
#include <tna.p4>
#endif

header stamp_h {
    bit<7>  pad;
    bit<9>  port;
    bit<48> mac;
}
header send_h {
    bit<8>  kind;
    bit<16> port;
}
header trigger_h {
    bit<8>   kind;
    bit<16>  address;
    bit<16>  bytes;
    bit<128> context;
}
struct header_t { stamp_h stamp; send_h send; trigger_h trigger; }
struct metadata_t { bit<8> first; bit<128> context; }
struct nothing_t { }

parser Prs(packet_in pkt, out header_t hdr, out metadata_t md, out ingress_intrinsic_metadata_t ig) {
    state start {
        pkt.extract(ig);
        pkt.advance(PORT_METADATA_SIZE);
        md.first = pkt.lookahead<bit<8>>();
        transition select(md.first) {
            0xee : send;
            0xdd : trigger;
            default : accept;
        }
    }
    state send {
        pkt.extract(hdr.send);
        transition accept;
    }
    state trigger {
        pkt.extract(hdr.trigger);
        transition accept;
    }
}

control Ing(inout header_t hdr, inout metadata_t md, in ingress_intrinsic_metadata_t ig,
            in ingress_intrinsic_metadata_from_parser_t prsr, inout ingress_intrinsic_metadata_for_deparser_t dprsr,
            inout ingress_intrinsic_metadata_for_tm_t tm) {
    apply {
        tm.bypass_egress = 1;
        if (hdr.send.isValid()) {
            tm.ucast_egress_port = hdr.send.port[8:0];
            hdr.send.setInvalid();
        } else if (hdr.trigger.isValid()) {
#if __TARGET_TOFINO__ == 2
            dprsr.pktgen = 1;
            dprsr.pktgen_address = hdr.trigger.address[13:0];
            dprsr.pktgen_length = hdr.trigger.bytes[9:0];
            md.context = hdr.trigger.context;
#endif
            dprsr.drop_ctl = 1;
        } else {
            hdr.stamp.setValid();
            hdr.stamp.port = ig.ingress_port;
            hdr.stamp.mac = ig.ingress_mac_tstamp;
            if (md.first[7:6] == 0) {
                tm.ucast_egress_port = 9;
            } else {
                tm.ucast_egress_port = 10;
            }
        }
    }
}

control Dep(packet_out pkt, inout header_t hdr, in metadata_t md, in ingress_intrinsic_metadata_for_deparser_t dprsr) {
#if __TARGET_TOFINO__ == 2
    Pktgen() generator;
#endif
    apply {
#if __TARGET_TOFINO__ == 2
        if (dprsr.pktgen == 1) {
            generator.emit(md.context);
        }
#endif
        pkt.emit(hdr.stamp);
    }
}

parser EPrs(packet_in pkt, out nothing_t hdr, out nothing_t md, out egress_intrinsic_metadata_t eg) { state start { pkt.extract(eg); transition accept; } }
control Eg(inout nothing_t hdr, inout nothing_t md, in egress_intrinsic_metadata_t eg,
           in egress_intrinsic_metadata_from_parser_t prsr, inout egress_intrinsic_metadata_for_deparser_t dprsr,
           inout egress_intrinsic_metadata_for_output_port_t oport) { apply { } }
control EDep(packet_out pkt, inout nothing_t hdr, in nothing_t md, in egress_intrinsic_metadata_for_deparser_t dprsr) { apply { } }
Pipeline(Prs(), Ing(), Dep(), EPrs(), Eg(), EDep()) pipe;
Switch(pipe) main;
