// target: tofino2
// Deparser side channels, parser counter stack and checksum units on Tofino 2.
#include <core.p4>
#include <t2na.p4>

header h_t { bit<8> a; bit<16> sum; bit<8> n; }
header mir_t { bit<8> kind; @flexible bit<9> port; @flexible bit<48> ts; }
header res_t { bit<8> a; bit<120> rest; }
struct hdr_t { mir_t mir; h_t h; h_t[2] s; res_t res; }
struct md_t { bit<8> session; bit<16> left; bool bad; }
struct eh_t { mir_t mir; }
struct em_t { }

parser Prs(packet_in pkt, out hdr_t hdr, out md_t md, out ingress_intrinsic_metadata_t ig) {
    ParserCounter() cnt;
    ParserPriority() prio;
    Checksum() all;
    Checksum() half;
    state start {
        pkt.extract(ig);
        transition select(ig.resubmit_flag) { 1 : again; 0 : fresh; }
    }
    state again { pkt.extract(hdr.res); pkt.advance(64); transition body; }
    state fresh { pkt.advance(PORT_METADATA_SIZE); transition body; }
    state body {
        prio.set(3);
        pkt.extract(hdr.h);
        all.add(hdr.h);
        half.subtract({hdr.h.sum, hdr.h.a});
        md.bad = all.verify();
        half.subtract_all_and_deposit(md.left);
        cnt.set(hdr.h.n, 100, 1, 0x0f, 8w255);
        cnt.push(8w7, true);
        cnt.increment(1);
        cnt.pop();
        transition select(cnt.is_negative(), cnt.is_zero()) {
            (true, _) : reject;
            (_, true) : accept;
            (_, _) : tail;
        }
    }
    state tail { pkt.extract(hdr.s[0]); transition accept; }
}
control Ing(inout hdr_t hdr, inout md_t md, in ingress_intrinsic_metadata_t ig,
            in ingress_intrinsic_metadata_from_parser_t prsr, inout ingress_intrinsic_metadata_for_deparser_t dprsr,
            inout ingress_intrinsic_metadata_for_tm_t tm) {
    Random<bit<16>>() rnd;
    CRCPolynomial<bit<16>>(16w0x1021, false, true, false, 16w0xffff, 16w0) poly;
    Hash<bit<13>>(HashAlgorithm_t.CUSTOM, poly) crc;
    MathUnit<bit<32>>(false, 2s1, -6s3, {16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1}) mu;
    Register<int<32>, bit<4>>(16, -1) r;
    RegisterAction<int<32>, bit<4>, int<32>>(r) ra = {
        void apply(inout int<32> v, out int<32> rv) { v = v |+| 5; if (v > 0) { rv = v; } }
    };
    RegisterAction<int<32>, bit<4>, bit<8>>(r) pred = {
        void apply(inout int<32> v, out bit<8> rv) { rv = this.predicate(v > 3, v == 0); }
    };
    RegisterAction<int<32>, bit<4>, bit<32>>(r) log = {
        void apply(inout int<32> v) { v = (int<32>)mu.execute((bit<32>)v); }
    };
    apply {
        tm.level1_mcast_hash = crc.get({hdr.h.a, hdr.h});
        hdr.h.sum = rnd.get();
        hdr.h.n = (bit<8>)ra.execute(hdr.h.a[3:0])[7:0];
        hdr.h.a = pred.execute(2);
        log.execute_log();
        dprsr.mirror_type = 3;
        dprsr.mirror_io_select = 1;
        dprsr.resubmit_type = 2;
    }
}
control Dep(packet_out pkt, inout hdr_t hdr, in md_t md, in ingress_intrinsic_metadata_for_deparser_t dprsr,
            in ingress_intrinsic_metadata_t ig) {
    Mirror(3) mirror;
    Resubmit(2) resubmit;
    Checksum() sum;
    apply {
        if (dprsr.mirror_type == 3) { mirror.emit<mir_t>(md.session, {8w1, ig.ingress_port, ig.ingress_mac_tstamp}); }
        if (dprsr.resubmit_type == 2) { resubmit.emit(hdr.res); }
        hdr.h.sum = sum.update({hdr.h.a, hdr.h.n, md.left}, true);
        pkt.emit({hdr.mir, hdr.h});
        pkt.emit(hdr.s);
    }
}
parser EPrs(packet_in pkt, out eh_t hdr, out em_t md, out egress_intrinsic_metadata_t eg) {
    state start { pkt.extract(eg); transition select(pkt.lookahead<mir_t>().kind) { 1 : mirrored; default : accept; } }
    state mirrored { pkt.extract(hdr.mir); transition accept; }
}
control Eg(inout eh_t hdr, inout em_t md, in egress_intrinsic_metadata_t eg,
           in egress_intrinsic_metadata_from_parser_t prsr, inout egress_intrinsic_metadata_for_deparser_t dprsr,
           inout egress_intrinsic_metadata_for_output_port_t oport) {
    apply { if (hdr.mir.isValid()) { dprsr.drop_ctl = 1; } }
}
control EDep(packet_out pkt, inout eh_t hdr, in em_t md, in egress_intrinsic_metadata_for_deparser_t dprsr) { apply { pkt.emit(hdr); } }

Pipeline(Prs(), Ing(), Dep(), EPrs(), Eg(), EDep()) pipe;
Switch(pipe) main;
