// What the chip cannot do at all: errors whatever the fidelity.
#include <core.p4>
#include <tna.p4>
header h_t { bit<8> a; bit<8> b; }
header var_t { bit<8> n; varbit<64> v; }
struct hdr_t { h_t h; var_t v; h_t[2] s; }
struct md_t { bit<8> i; }
struct eh_t { }
struct em_t { }
parser Prs(packet_in pkt, out hdr_t hdr, out md_t md, out ingress_intrinsic_metadata_t ig) {
    state start {
        pkt.extract(ig);
        pkt.advance(12); // ERROR "advance by 12 bits: it must be a multiple of 8"
        pkt.extract(hdr.v, 32w12); // ERROR "extract of 12 bits: a varbit<64> holds a multiple of 8 up to that"
        transition accept;
    }
}
control Ing(inout hdr_t hdr, inout md_t md, in ingress_intrinsic_metadata_t ig,
            in ingress_intrinsic_metadata_from_parser_t prsr, inout ingress_intrinsic_metadata_for_deparser_t dprsr,
            inout ingress_intrinsic_metadata_for_tm_t tm) {
    DirectCounter<bit<32>>(CounterType_t.PACKETS) lost; // ERROR "direct counter lost belongs to no table (add counters = lost to one)"
    action a(bit<8> v) { lost.count(); hdr.h.a = v; }
    table t { key = { hdr.h.a : exact; } actions = { a; } const entries = { 1 : a(2); } }
    table none { key = { hdr.h.a : exact; } actions = { NoAction; } size = 0; } // ERROR "the size of a table must be at least 1, not 0"
    apply {
        none.apply();
        hdr.h = hdr.s[md.i]; // ERROR "a stack index that is not a compile-time constant is not supported by the chip"
        hdr.s[md.i] = hdr.h; // ERROR "a stack index that is not a compile-time constant is not supported by the chip"
        for (bit<8> i = 0; i < md.i; i = i + 1) { hdr.h.a = i; } // ERROR "a loop whose bounds are not compile-time constants is not supported by the chip"
        t.apply();
    }
}
control Dep(packet_out pkt, inout hdr_t hdr, in md_t md) { apply { pkt.emit(hdr); } }
parser EPrs(packet_in pkt, out eh_t hdr, out em_t md, out egress_intrinsic_metadata_t eg) { state start { transition accept; } }
control Eg(inout eh_t hdr, inout em_t md, in egress_intrinsic_metadata_t eg) { apply { } }
control EDep(packet_out pkt, inout eh_t hdr, in em_t md) { apply { } }
Pipeline(Prs(), Ing(), Dep(), EPrs(), Eg(), EDep()) pipe;
Switch(pipe) main;
