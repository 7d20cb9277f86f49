// target: tofino2
// Tofino 2's extras that this version leaves out.
#include <core.p4>
#include <t2na.p4>
header h_t { bit<8> a; }
struct hdr_t { h_t h; }
struct md_t { }
parser Prs(packet_in pkt, out hdr_t hdr, out md_t md, out ingress_intrinsic_metadata_t ig) { state start { pkt.extract(ig); transition accept; } }
control Ing(inout hdr_t hdr, inout md_t md, in ingress_intrinsic_metadata_t ig,
            in ingress_intrinsic_metadata_from_parser_t prsr, inout ingress_intrinsic_metadata_for_deparser_t dprsr,
            inout ingress_intrinsic_metadata_for_tm_t tm,
            in ghost_intrinsic_metadata_t gh) { // ERROR "ghost metadata is not supported yet"
    Register<bit<8>, bit<8>>(16) r;
    LearnAction<bit<8>, bit<8>, bit<8>, bit<8>>(r) ra = { // ERROR "extern LearnAction is not supported yet"
        void apply(inout bit<8> v, in bit<8> digest, in bool learn, out bit<8> r1) { r1 = v; }
    };
    RegisterAction<bit<8>, bit<8>, bit<8>>(r) queue = {
        void apply(inout bit<8> v, out bit<8> rv) { rv = this.address(); } // ERROR "method RegisterAction.address is not supported yet"
    };
    Register<bit<1>, bit<8>>(16) alive;
    Hash<bit<14>>(HashAlgorithm_t.CRC16) sel_hash;
    ActionProfile(16) ap;
    ActionSelector(ap, sel_hash, SelectorMode_t.FAIR, alive, 10, 10) sel; // ERROR "the liveness register of selector sel is not supported yet"
    table chosen {
        key = { hdr.h.a : exact; hdr.h.a : selector; }
        actions = { NoAction; }
        implementation = sel;
    }
    table learned {
        key = { hdr.h.a : dleft_hash; } // ERROR "match kind dleft_hash is not supported yet"
        actions = { NoAction; }
    }
    apply {
        hdr.h.a = queue.enqueue(); // ERROR "method RegisterAction.enqueue is not supported yet"
        hdr.h.a = queue.execute(0);
        queue.sweep(); // ERROR "method RegisterAction.sweep is not supported yet"
        r.clear(0, 1); // ERROR "busy of Register.clear is not emulated"
        chosen.apply();
        learned.apply();
        dprsr.pktgen = 1;
    }
}
control Dep(packet_out pkt, inout hdr_t hdr, in md_t md, in ingress_intrinsic_metadata_for_deparser_t dprsr) { apply { pkt.emit(hdr); } }
parser EPrs(packet_in pkt, out hdr_t hdr, out md_t md, out egress_intrinsic_metadata_t eg) { state start { transition accept; } }
control Eg(inout hdr_t hdr, inout md_t md, in egress_intrinsic_metadata_t eg, in egress_intrinsic_metadata_from_parser_t prsr,
           inout egress_intrinsic_metadata_for_deparser_t dprsr, inout egress_intrinsic_metadata_for_output_port_t oport) { apply { } }
control EDep(packet_out pkt, inout hdr_t hdr, in md_t md, in egress_intrinsic_metadata_for_deparser_t dprsr) { apply { } }
control Gh(in ghost_intrinsic_metadata_t gh) { apply { } }
Pipeline(Prs(), Ing(), Dep(), EPrs(), Eg(), EDep(), Gh()) pipe; // ERROR "the ghost control is not supported yet"
Switch(pipe) main;
