// A program with a table of every kind that the table API knows.
#include <core.p4>
#include <tna.p4>

header ethernet_h { bit<48> dst; bit<48> src; bit<16> type; }
header work_h { bit<8> a; bit<8> b; bit<16> c; bit<32> d; bit<32> sum; }
struct headers { ethernet_h eth; work_h work; }
struct ig_meta { bit<16> vrf; }
struct eg_meta {}
struct port_md_t { bit<16> vrf; bit<48> rest; }
struct seen_t { bit<48> src; PortId_t port; }
struct pair_t { bit<32> first; bit<32> second; }

parser IgParser(packet_in pkt, out headers hdr, out ig_meta md, out ingress_intrinsic_metadata_t ig_intr_md) {
    value_set<bit<8>>(8) marks;
    state start {
        pkt.extract(ig_intr_md);
        port_md_t p = port_metadata_unpack<port_md_t>(pkt);
        md.vrf = p.vrf;
        pkt.extract(hdr.eth);
        pkt.extract(hdr.work);
        transition select(hdr.work.a) {
            marks: marked;
            default: accept;
        }
    }
    state marked {
        md.vrf = 0xffff;
        transition accept;
    }
}

control Ig(inout headers hdr, inout ig_meta md, in ingress_intrinsic_metadata_t intr,
           in ingress_intrinsic_metadata_from_parser_t prsr, inout ingress_intrinsic_metadata_for_deparser_t dprsr,
           inout ingress_intrinsic_metadata_for_tm_t tm) {
    Register<pair_t, bit<4>>(16, { 3, 5 }) pairs;
    RegisterParam<bit<32>>(10) limit;
    RegisterAction<pair_t, bit<4>, bit<32>>(pairs) count = {
        void apply(inout pair_t value, out bit<32> rv) {
            rv = value.second;
            if (value.first < limit.read()) {
                value.first = value.first + 1;
            }
        }
    };
    Counter<bit<64>, bit<4>>(16, CounterType_t.PACKETS_AND_BYTES) seen;
    Meter<bit<4>>(16, MeterType_t.BYTES) rate;
    Lpf<bit<16>, bit<4>>(16) smooth;
    Wred<bit<16>, bit<4>>(16, 1, 0) early;
    DirectCounter<bit<64>>(CounterType_t.PACKETS_AND_BYTES) hits;
    DirectMeter(MeterType_t.PACKETS) pace;
    Hash<bit<16>>(HashAlgorithm_t.CRC16) spread;
    Hash<bit<16>>(HashAlgorithm_t.CRC16) mix;
    ActionProfile(16) members;
    ActionSelector(members, spread, SelectorMode_t.FAIR, 8, 4) groups;

    action send(PortId_t port) { tm.ucast_egress_port = port; hits.count(); }
    action learn() { dprsr.digest_type = 1; hits.count(); }
    action discard() { dprsr.drop_ctl = 1; hits.count(); }
    table forward {
        key = { hdr.eth.dst: exact; }
        actions = { send; learn; discard; }
        counters = hits;
        default_action = learn();
        size = 32;
        idle_timeout = true;
    }

    action mark(bit<16> c) { hdr.work.c = c; }
    table prefixes {
        key = { md.vrf: exact; hdr.work.d: lpm; }
        actions = { mark; NoAction; }
        size = 32;
    }
    action colour(bit<8> b) { hdr.work.b = (bit<8>) pace.execute() + b; }
    table rules {
        key = { hdr.work.a: ternary; hdr.work.c: range; }
        actions = { colour; NoAction; }
        meters = pace;
        size = 32;
    }
    action way(PortId_t port) { tm.ucast_egress_port = port; }
    table ways {
        key = { hdr.work.b: exact; hdr.work.d: selector; }
        actions = { way; NoAction; }
        implementation = groups;
        size = 16;
    }
    table fixed {
        key = { hdr.work.c: exact; }
        actions = { mark; NoAction; }
        const entries = { 7: mark(9); }
        const default_action = NoAction;
        size = 4;
    }
    apply {
        forward.apply();
        prefixes.apply();
        rules.apply();
        ways.apply();
        fixed.apply();
        hdr.work.sum = count.execute(hdr.work.a[3:0]);
        seen.count(hdr.work.a[3:0]);
        hdr.work.b = hdr.work.b + (bit<8>) rate.execute(hdr.work.a[3:0]);
        hdr.work.c = smooth.execute(hdr.work.c, hdr.work.a[3:0]);
        hdr.work.b = hdr.work.b + early.execute(hdr.work.c, hdr.work.a[3:0]);
        hdr.work.c = mix.get({ hdr.work.d, hdr.eth.src });
    }
}

control IgDeparser(packet_out pkt, inout headers hdr, in ig_meta md, in ingress_intrinsic_metadata_for_deparser_t dprsr) {
    Digest<seen_t>(1) seen;
    apply {
        if (dprsr.digest_type == 1) {
            seen.pack({ hdr.eth.src, 0 });
        }
        pkt.emit(hdr);
    }
}

parser EgParser(packet_in pkt, out headers hdr, out eg_meta md, out egress_intrinsic_metadata_t intr) {
    state start {
        pkt.extract(intr);
        transition accept;
    }
}
control Eg(inout headers hdr, inout eg_meta md, in egress_intrinsic_metadata_t intr,
           in egress_intrinsic_metadata_from_parser_t prsr, inout egress_intrinsic_metadata_for_deparser_t dprsr,
           inout egress_intrinsic_metadata_for_output_port_t port) {
    apply {}
}
control EgDeparser(packet_out pkt, inout headers hdr, in eg_meta md, in egress_intrinsic_metadata_for_deparser_t dprsr) {
    apply { pkt.emit(hdr); }
}

Pipeline(IgParser(), Ig(), IgDeparser(), EgParser(), Eg(), EgDeparser()) pipe;
Switch(pipe) main;
