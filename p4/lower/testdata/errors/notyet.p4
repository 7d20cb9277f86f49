// Every extern and property that this version leaves out, refused by name.
#include <core.p4>
#include <tna.p4>
header h_t { bit<8> a; bit<32> d; }
struct hdr_t { h_t h; pktgen_timer_header_t timer; }
struct md_t { bit<8> c; }
struct eh_t { }
struct em_t { }
parser Prs(packet_in pkt, out hdr_t hdr, out md_t md, out ingress_intrinsic_metadata_t ig) {
    state start {
        pkt.extract(ig);
        pkt.advance(PORT_METADATA_SIZE);
        pkt.extract(hdr.timer);
        verify(true, error.NoError); // ERROR "verify is not supported by the chip"
        transition accept;
    }
}
control Ing(inout hdr_t hdr, inout md_t md, in ingress_intrinsic_metadata_t ig,
            in ingress_intrinsic_metadata_from_parser_t prsr, inout ingress_intrinsic_metadata_for_deparser_t dprsr,
            inout ingress_intrinsic_metadata_for_tm_t tm) {
    Meter<bit<10>>(1024, MeterType_t.BYTES) meter;
    DirectMeter(MeterType_t.PACKETS) dmeter;
    Lpf<bit<8>, bit<4>>(16) lpf;
    DirectLpf<bit<8>>() dlpf;
    Wred<bit<19>, bit<4>>(16, 1, 0) wred;
    DirectWred<bit<19>>(1, 0) dwred;
    Hash<bit<14>>(HashAlgorithm_t.CRC16) sel_hash;
    ActionProfile(16) ap;
    ActionSelector(ap, sel_hash, SelectorMode_t.FAIR, 10, 10) sel;
    SelectorAction(sel) sa = { // ERROR "extern SelectorAction is not supported yet"
        void apply(inout bit<1> v) { v = 0; }
    };
    action color() { md.c = dmeter.execute(); }
    table t {
        key = { hdr.h.a : exact; }
        actions = { color; }
        meters = dmeter;
        idle_timeout = true;
    }
    table fine {
        key = { hdr.h.a : exact; }
        actions = { NoAction; }
        idle_timeout = false;
    }
    apply {
        md.c = meter.execute(3);
        md.c = meter.execute(3);
        md.c = lpf.execute(md.c, 1);
        t.apply();
        fine.apply();
    }
}
control Dep(packet_out pkt, inout hdr_t hdr, in md_t md, in ingress_intrinsic_metadata_for_deparser_t dprsr) {
    Digest<h_t>(1) digest;
    apply {
        if (dprsr.digest_type == 1) { digest.pack(hdr.h); }
        pkt.emit(hdr);
    }
}
parser EPrs(packet_in pkt, out eh_t hdr, out em_t md, out egress_intrinsic_metadata_t eg) { state start { transition accept; } }
control Eg(inout eh_t hdr, inout em_t md, in egress_intrinsic_metadata_t eg) { apply { } }
control EDep(packet_out pkt, inout eh_t hdr, in em_t md) { apply { } }
Pipeline(Prs(), Ing(), Dep(), EPrs(), Eg(), EDep()) pipe;
Switch(pipe) main;
