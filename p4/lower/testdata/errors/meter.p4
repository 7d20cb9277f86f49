// What meters and filters cannot do.
#include <core.p4>
#include <tna.p4>
header h_t { bit<8> a; bit<48> big; }
struct hdr_t { h_t h; }
struct md_t { bit<8> c; }
struct eh_t { }
struct em_t { }
parser Prs(packet_in pkt, out hdr_t hdr, out md_t md, out ingress_intrinsic_metadata_t ig) {
    state start { pkt.extract(ig); pkt.advance(PORT_METADATA_SIZE); pkt.extract(hdr.h); transition accept; }
}
control Ing(inout hdr_t hdr, inout md_t md, in ingress_intrinsic_metadata_t ig,
            in ingress_intrinsic_metadata_from_parser_t prsr, inout ingress_intrinsic_metadata_for_deparser_t dprsr,
            inout ingress_intrinsic_metadata_for_tm_t tm) {
    DirectMeter(MeterType_t.BYTES) nowhere; // ERROR "direct meter nowhere belongs to no table (add meters = nowhere to one)"
    DirectLpf<bit<8>>() loose; // ERROR "direct filter loose belongs to no table (add filters = loose to one)"
    Lpf<bit<48>, bit<4>>(16) wide; // ERROR "Lpf wide: the value must be a bit<W> of at most 32 bits"
    Hash<bit<8>>(HashAlgorithm_t.CRC8) h;
    action a() { md.c = nowhere.execute(); }
    action b() { md.c = nowhere.execute(MeterColor_t.RED); }
    action c() { md.c = loose.execute(md.c); }
    table t {
        key = { hdr.h.a : exact; }
        actions = { a; b; c; }
        meters = h; // ERROR "meters = Hash"
    }
    apply {
        t.apply();
        hdr.h.big = wide.execute(hdr.h.big, 1);
    }
}
control Dep(packet_out pkt, inout hdr_t hdr, in md_t md, in ingress_intrinsic_metadata_for_deparser_t dprsr) {
    apply { pkt.emit(hdr); }
}
parser EPrs(packet_in pkt, out eh_t hdr, out em_t md, out egress_intrinsic_metadata_t eg) { state start { transition accept; } }
control Eg(inout eh_t hdr, inout em_t md, in egress_intrinsic_metadata_t eg) { apply { } }
control EDep(packet_out pkt, inout eh_t hdr, in em_t md) { apply { } }
Pipeline(Prs(), Ing(), Dep(), EPrs(), Eg(), EDep()) pipe;
Switch(pipe) main;
