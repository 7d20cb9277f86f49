// What the learn engine cannot do.
#include <core.p4>
#include <tna.p4>
header h_t { bit<8> a; bit<320> big; bit<56> more; }
struct hdr_t { h_t h; }
struct md_t { bit<8> s; bit<1> on; }
struct eh_t { h_t h; }
struct em_t { }
struct small_t { bit<8> a; bit<3> b; }
struct large_t { bit<320> big; bit<56> more; bit<8> a; }
parser Prs(packet_in pkt, out hdr_t hdr, out md_t md, out ingress_intrinsic_metadata_t ig) {
    state start { pkt.extract(ig); pkt.advance(PORT_METADATA_SIZE); pkt.extract(hdr.h); transition accept; }
}
control Ing(inout hdr_t hdr, inout md_t md, in ingress_intrinsic_metadata_t ig,
            in ingress_intrinsic_metadata_from_parser_t prsr, inout ingress_intrinsic_metadata_for_deparser_t dprsr,
            inout ingress_intrinsic_metadata_for_tm_t tm) {
    Digest<small_t>(5) here;
    table t {
        key = { hdr.h.a : exact; }
        actions = { NoAction; }
        idle_timeout = md.on == 1; // ERROR "idle_timeout must be known at compile time"
    }
    apply {
        t.apply();
        here.pack({1, 2}); // ERROR "Digest.pack is possible in a deparser only"
    }
}
control Dep(packet_out pkt, inout hdr_t hdr, in md_t md, in ingress_intrinsic_metadata_for_deparser_t dprsr) {
    Digest<small_t>(1) one;
    Digest<small_t>(1) again; // ERROR "digest_type 1 of \"again\" is that of \"Dep.one\""
    Digest<large_t>(2) large; // WARNING "digest \"large\" of 48 bytes: the chip's limit is 47"
    apply {
        if (dprsr.digest_type == 1) { one.pack({hdr.h.a, 3}); }
        if (dprsr.digest_type == 2) { large.pack({hdr.h.big, hdr.h.more, hdr.h.a}); }
        pkt.emit(hdr);
    }
}
parser EPrs(packet_in pkt, out eh_t hdr, out em_t md, out egress_intrinsic_metadata_t eg) { state start { transition accept; } }
control Eg(inout eh_t hdr, inout em_t md, in egress_intrinsic_metadata_t eg) { apply { } }
control EDep(packet_out pkt, inout eh_t hdr, in em_t md) {
    Digest<small_t>(3) late; // ERROR "digest \"late\" is declared in egress: only the ingress deparser has a learn engine"
    apply {
        late.pack({hdr.h.a, 3});
    }
}
Pipeline(Prs(), Ing(), Dep(), EPrs(), Eg(), EDep()) pipe;
Switch(pipe) main;
