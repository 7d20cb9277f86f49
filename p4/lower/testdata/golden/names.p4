// What the control plane sees: names of tables, keys, actions, profiles and
// value sets, in nested controls and with @name.
#include <core.p4>
#include <tna.p4>

header eth_h { bit<48> dst; bit<48> src; bit<16> type; }
header tag_h { bit<3> pcp; bit<1> cfi; bit<12> vid; bit<16> type; }
struct hdr_t { eth_h eth; tag_h[2] tag; }
struct port_t { bit<4> kind; bit<9> group; bit<16> vrf; }
struct md_t { port_t port; bit<16> vrf; @name("bridge") bit<8> br; bool ok; }
struct vs_t { bit<16> type; bit<8> low; }
struct eh_t { }
struct em_t { }

parser Prs(packet_in pkt, out hdr_t hdr, out md_t md, out ingress_intrinsic_metadata_t ig) {
    value_set<vs_t>(4) tags;
    @name("plain") value_set<bit<16>>(8) types;
    state start {
        pkt.extract(ig);
        md.port = port_metadata_unpack<port_t>(pkt);
        pkt.extract(hdr.eth);
        transition select(hdr.eth.type) {
            types: tag;
            0x8100: tag;
            default: accept;
        }
    }
    state tag {
        pkt.extract(hdr.tag.next);
        transition select(hdr.tag.last.type, pkt.lookahead<bit<8>>()) {
            tags: tag;
            (_, _): accept;
        }
    }
}

control Route(inout hdr_t h, in bit<16> vrf, inout ingress_intrinsic_metadata_for_tm_t tm)(bit<32> size, bool wide) {
    Hash<bit<14>>(HashAlgorithm_t.CRC16) sel_hash;
    ActionProfile(128) members;
    ActionSelector(members, sel_hash, SelectorMode_t.FAIR, 60, 16) group;
    ActionSelector(64, sel_hash, SelectorMode_t.RESILIENT) old_group;
    Counter<bit<32>, bit<10>>(1024, CounterType_t.PACKETS_AND_BYTES) seen;
    action port(PortId_t p, @name("queue") bit<5> q) { tm.ucast_egress_port = p; tm.qid = q; }
    action count(bit<10> i) { seen.count(i); }
    table exact_route {
        key = { h.eth.dst : exact; vrf : exact @name("vrf_id"); h.eth.src : selector; h.eth.type : selector; }
        actions = { port; @defaultonly NoAction; }
        implementation = group;
        size = size;
    }
    table wide_route {
        key = { h.eth.dst : ternary; h.eth.type : selector; }
        actions = { port; count; }
        implementation = old_group;
    }
    apply {
        if (wide) { wide_route.apply(); } else { exact_route.apply(); }
    }
}

control Ing(inout hdr_t hdr, inout md_t md, in ingress_intrinsic_metadata_t ig,
            in ingress_intrinsic_metadata_from_parser_t prsr, inout ingress_intrinsic_metadata_for_deparser_t dprsr,
            inout ingress_intrinsic_metadata_for_tm_t tm) {
    Route(2000, false) left;
    @name("other") Route(size = 100, wide = true) right;
    DirectCounter<bit<64>>(CounterType_t.BYTES) hits;
    @hidden action quiet() { hits.count(4); }
    action set(bit<16> v, bool b) { hits.count(); md.vrf = v; md.ok = b; }
    @idletime_precision(3) @name("Special.tbl")
    table t {
        key = {
            hdr.eth.isValid()      : exact;
            hdr.tag[1].vid         : ternary;
            hdr.eth.dst[31:16]     : range;
            hdr.eth.src & 0xff00   : ternary;
            md.br                  : exact;
            md.port.group          : exact;
        }
        actions = { set; @tableonly quiet; }
        const default_action = set(5, true);
        counters = hits;
        const entries = {
            (true, 5, 1 .. 9, _, 1, 2) : set(0x1234, false);
            (false, 5 &&& 7, _, 0x1200 &&& 0xff00, 1, 3) : quiet();
        }
    }
    table keyless {
        actions = { NoAction; }
    }
    apply {
        t.apply();
        keyless.apply();
        left.apply(hdr, md.vrf, tm);
        right.apply(hdr, 7, tm);
    }
}

control Dep(packet_out pkt, inout hdr_t hdr, in md_t md, in ingress_intrinsic_metadata_for_deparser_t dprsr) {
    apply { pkt.emit(hdr); }
}
parser EPrs(packet_in pkt, out eh_t hdr, out em_t md, out egress_intrinsic_metadata_t eg) {
    state start { transition accept; }
}
control Eg(inout eh_t hdr, inout em_t md, in egress_intrinsic_metadata_t eg) { apply { } }
control EDep(packet_out pkt, inout eh_t hdr, in em_t md) { apply { } }

Pipeline(Prs(), Ing(), Dep(), EPrs(), Eg(), EDep()) main_pipe;
Switch(main_pipe) main;
