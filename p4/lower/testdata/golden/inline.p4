// Headers passed down through levels of controls cost nothing; copies remain
// where two names could meet; exit from a copying control goes through a flag.
#include <core.p4>
#include <tna.p4>

header h_t { bit<8> a; bit<8> b; }
struct hdr_t { h_t x; h_t y; }
struct md_t { bit<8> m; bit<8> n; }
struct eh_t { }
struct em_t { }

bit<8> twice(in bit<8> v) { return v + v; }
bit<8> clamp(in bit<8> v, in bit<8> top) {
    if (v > top) { return top; }
    return v;
}

control Inner(inout h_t h, in bit<8> v) { apply { h.a = twice(v); } }
control Outer(inout hdr_t hs, in md_t m) {
    Inner() inner;
    apply { inner.apply(hs.x, m.m); inner.apply(hs.y, clamp(m.n, 9)); }
}
control Pair(inout bit<8> p, inout bit<8> q) {
    action stop() { p = 1; exit; }
    table t { key = { q : exact; } actions = { stop; NoAction; } }
    apply { t.apply(); q = p; }
}

parser Prs(packet_in pkt, out hdr_t hdr, out md_t md, out ingress_intrinsic_metadata_t ig) {
    state start { pkt.extract(ig); pkt.advance(PORT_METADATA_SIZE); pkt.extract(hdr.x); pkt.extract(hdr.y); transition accept; }
}
control Ing(inout hdr_t hdr, inout md_t md, in ingress_intrinsic_metadata_t ig,
            in ingress_intrinsic_metadata_from_parser_t prsr, inout ingress_intrinsic_metadata_for_deparser_t dprsr,
            inout ingress_intrinsic_metadata_for_tm_t tm) {
    Outer() outer;
    Pair() pair;
    apply {
        outer.apply(hdr, md);
        pair.apply(hdr.x.a, hdr.x.a);
        if (prsr.parser_err != 0) { dprsr.drop_ctl = 1; }
    }
}
control Dep(packet_out pkt, inout hdr_t hdr, in md_t md) { apply { pkt.emit(hdr); } }
parser EPrs(packet_in pkt, out eh_t hdr, out em_t md, out egress_intrinsic_metadata_t eg) {
    state start { pkt.extract(eg); transition accept; }
}
control Eg(inout eh_t hdr, inout em_t md, in egress_intrinsic_metadata_t eg) { apply { } }
control EDep(packet_out pkt, inout eh_t hdr, in em_t md) { apply { } }

Pipeline(Prs(), Ing(), Dep(), EPrs(), Eg(), EDep()) pipe;
Switch(pipe) main;
