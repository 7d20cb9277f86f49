// strict
// The same limits with strict fidelity.
#include <core.p4>
#include <tna.p4>
header h_t { bit<8> a; bit<8> b; bit<320> big; }
header odd_t { bit<3> x; } // ERROR "header odd_t is 3 bits wide: a header's width must be a multiple of 8"
@flexible header flex_t { bit<9> x; } // WARNING "@flexible header flex_t is 9 bits wide: here it is bit-packed in the packet"
@flexible header mir_t { bit<9> x; } // WARNING "@flexible header mir_t is 9 bits wide: here it is padded to whole bytes at its end"
struct hdr_t { h_t h; odd_t odd; flex_t flex; mir_t mir; }
struct md_t { bit<10> s; }
struct eh_t { }
struct em_t { }
parser Prs(packet_in pkt, out hdr_t hdr, out md_t md, out ingress_intrinsic_metadata_t ig) {
    state start { pkt.extract(ig); pkt.advance(PORT_METADATA_SIZE); pkt.extract(hdr.h); transition accept; }
}
control Ing(inout hdr_t hdr, inout md_t md, in ingress_intrinsic_metadata_t ig,
            in ingress_intrinsic_metadata_from_parser_t prsr, inout ingress_intrinsic_metadata_for_deparser_t dprsr,
            inout ingress_intrinsic_metadata_for_tm_t tm) {
    Register<bit<12>, bit<8>>(16) odd; // ERROR "register odd: the chip has cells of 1, 8, 16 or 32 bits, not 12"
    Register<bit<8>, bit<8>>(16) r;
    // Each of the five alone is fine; a packet reaches one of them.
    RegisterAction<bit<8>, bit<8>, bit<8>>(r) a1 = { void apply(inout bit<8> v) { v = 1; } };
    RegisterAction<bit<8>, bit<8>, bit<8>>(r) a2 = { void apply(inout bit<8> v) { v = 2; } };
    RegisterAction<bit<8>, bit<8>, bit<8>>(r) a3 = { void apply(inout bit<8> v) { v = 3; } };
    RegisterAction<bit<8>, bit<8>, bit<8>>(r) a4 = { void apply(inout bit<8> v) { v = 4; } };
    RegisterAction<bit<8>, bit<8>, bit<8>>(r) a5 = { void apply(inout bit<8> v) { v = 5; } }; // ERROR "register r has more than 4 register actions"
    apply {
        if (md.s == 1) { a1.execute(0); } else if (md.s == 2) { a2.execute(0); } else if (md.s == 3) { a3.execute(0); } else if (md.s == 4) { a4.execute(0); } else { a5.execute(0); }
    }
}
control Dep(packet_out pkt, inout hdr_t hdr, in md_t md, in ingress_intrinsic_metadata_for_deparser_t dprsr) {
    Mirror(1) mirror;
    Resubmit(1) resubmit;
    apply {
        if (dprsr.mirror_type == 1) { mirror.emit(md.s, hdr.h); mirror.emit<mir_t>(md.s, hdr.mir); } // ERROR "mirror header of 42 bytes: the chip's limit is 32"
        if (dprsr.resubmit_type == 1) { resubmit.emit(hdr.h); } // ERROR "resubmit header of 42 bytes: the chip's limit is 8"
        pkt.emit(hdr);
    }
}
parser EPrs(packet_in pkt, out eh_t hdr, out em_t md, out egress_intrinsic_metadata_t eg) { state start { transition accept; } }
control Eg(inout eh_t hdr, inout em_t md, in egress_intrinsic_metadata_t eg) { apply { } }
control EDep(packet_out pkt, inout eh_t hdr, in em_t md) { apply { } }
Pipeline(Prs(), Ing(), Dep(), EPrs(), Eg(), EDep()) pipe;
Switch(pipe) main;
