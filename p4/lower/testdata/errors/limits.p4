// Limits of the chip that the model does not have: warnings, unless strict.
#include <core.p4>
#include <tna.p4>
header h_t { bit<8> a; bit<8> b; bit<320> big; }
header odd_t { bit<3> x; } // WARNING "header odd_t is 3 bits wide: a header's width must be a multiple of 8"
struct hdr_t { h_t h; odd_t odd; }
struct md_t { bit<10> s; }
struct eh_t { }
struct em_t { }
parser Prs(packet_in pkt, out hdr_t hdr, out md_t md, out ingress_intrinsic_metadata_t ig) {
    state start { pkt.extract(ig); pkt.advance(PORT_METADATA_SIZE); pkt.extract(hdr.h); transition accept; }
}
control Ing(inout hdr_t hdr, inout md_t md, in ingress_intrinsic_metadata_t ig,
            in ingress_intrinsic_metadata_from_parser_t prsr, inout ingress_intrinsic_metadata_for_deparser_t dprsr,
            inout ingress_intrinsic_metadata_for_tm_t tm) {
    Register<bit<12>, bit<8>>(16) odd; // WARNING "register odd: the chip has cells of 1, 8, 16 or 32 bits, not 12"
    Register<bit<8>, bit<8>>(16) r;
    // Each of the five alone is fine; a packet reaches one of them.
    RegisterAction<bit<8>, bit<8>, bit<8>>(r) a1 = { void apply(inout bit<8> v) { v = 1; } };
    RegisterAction<bit<8>, bit<8>, bit<8>>(r) a2 = { void apply(inout bit<8> v) { v = 2; } };
    RegisterAction<bit<8>, bit<8>, bit<8>>(r) a3 = { void apply(inout bit<8> v) { v = 3; } };
    RegisterAction<bit<8>, bit<8>, bit<8>>(r) a4 = { void apply(inout bit<8> v) { v = 4; } };
    RegisterAction<bit<8>, bit<8>, bit<8>>(r) a5 = { void apply(inout bit<8> v) { v = 5; } }; // WARNING "register r has more than 4 register actions"
    apply {
        if (md.s == 1) { a1.execute(0); } else if (md.s == 2) { a2.execute(0); } else if (md.s == 3) { a3.execute(0); } else if (md.s == 4) { a4.execute(0); } else { a5.execute(0); }
        hdr.h.a = hdr.h.b * 4 + hdr.h.a / 8 + hdr.h.b % 16 + (hdr.h.b << 3) + 3 * 5 / 2;
        hdr.h.a = hdr.h.b * 3; // WARNING "the chip multiplies by powers of two only"
        hdr.h.a = hdr.h.a * hdr.h.b; // WARNING "the chip multiplies by powers of two only"
        hdr.h.a = hdr.h.a / 10; // WARNING "the chip divides by powers of two only"
        hdr.h.a = hdr.h.a % 10; // WARNING "the chip divides by powers of two only"
        hdr.h.a = hdr.h.a >> hdr.h.b; // WARNING "the chip shifts by constants only"
        hdr.h.a <<= hdr.h.b; // WARNING "the chip shifts by constants only"
    }
}
control Dep(packet_out pkt, inout hdr_t hdr, in md_t md, in ingress_intrinsic_metadata_for_deparser_t dprsr) {
    Mirror(1) mirror;
    Resubmit(1) resubmit;
    apply {
        if (dprsr.mirror_type == 1) { mirror.emit(md.s, hdr.h); } // WARNING "mirror header of 42 bytes: the chip's limit is 32"
        if (dprsr.resubmit_type == 1) { resubmit.emit(hdr.h); } // WARNING "resubmit header of 42 bytes: the chip's limit is 8"
        pkt.emit(hdr);
    }
}
parser EPrs(packet_in pkt, out eh_t hdr, out em_t md, out egress_intrinsic_metadata_t eg) { state start { transition accept; } }
control Eg(inout eh_t hdr, inout em_t md, in egress_intrinsic_metadata_t eg) { apply { } }
control EDep(packet_out pkt, inout eh_t hdr, in em_t md) { apply { } }
Pipeline(Prs(), Ing(), Dep(), EPrs(), Eg(), EDep()) pipe;
Switch(pipe) main;
