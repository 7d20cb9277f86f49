// A program with every kind of state: whatever a packet does depends on what
// packets and controllers did before.
#include <core.p4>
#include <tna.p4>

header ethernet_h { bit<48> dst; bit<48> src; bit<16> type; }
header work_h { bit<8> a; bit<8> b; bit<16> c; bit<32> d; bit<32> sum; bit<16> seen; bit<8> log; bit<8> dice; }
header bridge_h { bit<8> kind; bit<6> pad; bit<10> session; }
header mirror_h { bit<8> kind; }
struct port_md_t { bit<16> vrf; bit<48> rest; }
struct pair_t { bit<32> first; bit<32> second; }

struct ig_headers { bridge_h bridge; ethernet_h eth; work_h work; }
struct eg_headers { ethernet_h eth; work_h work; }
struct ig_meta { bit<16> vrf; bit<1> marked; }
struct eg_meta { bridge_h bridge; mirror_h mirror; MirrorId_t session; }

parser IgParser(packet_in pkt, out ig_headers hdr, out ig_meta md, out ingress_intrinsic_metadata_t intr) {
    value_set<bit<8>>(8) marks;
    state start {
        pkt.extract(intr);
        port_md_t p = port_metadata_unpack<port_md_t>(pkt);
        md.vrf = p.vrf;
        md.marked = 0;
        pkt.extract(hdr.eth);
        pkt.extract(hdr.work);
        transition select(hdr.work.a) {
            marks: marked;
            default: accept;
        }
    }
    state marked {
        md.marked = 1;
        transition accept;
    }
}

control Ig(inout ig_headers hdr, inout ig_meta md, in ingress_intrinsic_metadata_t intr,
           in ingress_intrinsic_metadata_from_parser_t prsr, inout ingress_intrinsic_metadata_for_deparser_t dprsr,
           inout ingress_intrinsic_metadata_for_tm_t tm) {
    Register<pair_t, bit<8>>(256, { 3, 5 }) pairs;
    RegisterParam<bit<32>>(10) limit;
    RegisterAction<pair_t, bit<8>, bit<32>>(pairs) count = {
        void apply(inout pair_t value, out bit<32> rv) {
            rv = value.second;
            if (value.first > limit.read()) {
                value.first = 0;
            } else {
                value.first = value.first + 1;
            }
            value.second = value.second + hdr.work.d;
        }
    };
    Register<bit<8>, bit<4>>(16) logs;
    RegisterAction<bit<8>, bit<4>, bit<8>>(logs) log = {
        void apply(inout bit<8> value, out bit<8> rv) {
            value = value + 1;
            rv = value;
        }
    };
    Register<bit<1>, bit<10>>(1024) bits;
    RegisterAction<bit<1>, bit<10>, bit<1>>(bits) flip = {
        void apply(inout bit<1> value, out bit<1> rv) {
            rv = value;
            value = ~value;
        }
    };
    Random<bit<8>>() dice;
    Counter<bit<64>, PortId_t>(512, CounterType_t.PACKETS_AND_BYTES) ports;
    DirectCounter<bit<64>>(CounterType_t.PACKETS_AND_BYTES) hits;
    DirectRegister<bit<16>>(7) per_entry;
    DirectRegisterAction<bit<16>, bit<16>>(per_entry) visit = {
        void apply(inout bit<16> value, out bit<16> rv) {
            rv = value;
            value = value + 1;
        }
    };
    Hash<bit<51>>(HashAlgorithm_t.CRC32) spread;
    ActionProfile(64) members;
    ActionSelector(members, spread, SelectorMode_t.FAIR, 16, 32) groups;

    action send(PortId_t port) {
        tm.ucast_egress_port = port;
    }
    action flood(MulticastGroupId_t group, bit<16> rid, bit<9> yid) {
        tm.mcast_grp_a = group;
        tm.rid = rid;
        tm.level2_exclusion_id = yid;
    }
    action watch(PortId_t port, bit<10> session) {
        tm.ucast_egress_port = port;
        tm.copy_to_cpu = 1;
        hdr.bridge.session = session;
    }
    action deny() {
        dprsr.drop_ctl = 1;
    }
    table forward {
        key = { hdr.work.a: exact; }
        actions = { send; flood; watch; deny; }
        default_action = deny;
        size = 200;
    }

    action meet() {
        hits.count();
        hdr.work.seen = visit.execute();
    }
    action miss() {
        hits.count();
        hdr.work.seen = 0xffff;
    }
    table visits {
        key = { hdr.work.c: exact; md.marked: exact; }
        actions = { meet; @defaultonly miss; }
        default_action = miss;
        counters = hits;
        registers = per_entry;
        size = 300;
    }

    action add(bit<32> n) {
        hdr.work.sum = hdr.work.sum + n;
    }
    action flag(bit<3> n) {
        hdr.work.sum[2:0] = n;
    }
    table prefixes {
        key = { hdr.work.d: lpm; }
        actions = { add; flag; NoAction; }
        default_action = add(1);
        size = 256;
    }
    table in_vrf {
        key = { md.vrf: exact; hdr.work.d: lpm; }
        actions = { add; flag; NoAction; }
        default_action = NoAction;
        size = 256;
    }
    table rules {
        key = { hdr.work.a: ternary; hdr.work.c: range; hdr.work.b: exact; }
        actions = { add; flag; NoAction; }
        entries = {
            const (8w0x20 &&& 8w0x20, 16w0 .. 16w9, 8w1): add(1000);
        }
        default_action = NoAction;
        size = 128;
    }
    table opened {
        key = { hdr.work.b: ternary; hdr.work.c: range; }
        actions = { add; flag; NoAction; }
        default_action = flag(1);
        size = 128;
    }
    table ways {
        key = { hdr.work.b: exact; hdr.work.d: selector; }
        actions = { send; add; NoAction; }
        implementation = groups;
        size = 64;
    }
    apply {
        hdr.bridge.setValid();
        hdr.bridge.kind = 1;
        hdr.bridge.pad = 0;
        hdr.bridge.session = 0;
        forward.apply();
        visits.apply();
        prefixes.apply();
        in_vrf.apply();
        rules.apply();
        opened.apply();
        ways.apply();
        hdr.work.sum = hdr.work.sum + count.execute(hdr.work.b);
        hdr.work.log = log.execute_log();
        hdr.work.dice = dice.get();
        hdr.eth.src[0:0] = flip.execute(hdr.work.c[9:0]);
        ports.count(intr.ingress_port);
    }
}

control IgDeparser(packet_out pkt, inout ig_headers hdr, in ig_meta md, in ingress_intrinsic_metadata_for_deparser_t dprsr) {
    apply {
        pkt.emit(hdr);
    }
}

parser EgParser(packet_in pkt, out eg_headers hdr, out eg_meta md, out egress_intrinsic_metadata_t intr) {
    state start {
        pkt.extract(intr);
        transition select(pkt.lookahead<bit<8>>()) {
            1: bridged;
            2: mirrored;
            default: reject;
        }
    }
    state bridged {
        pkt.extract(md.bridge);
        transition packet;
    }
    state mirrored {
        pkt.extract(md.mirror);
        transition packet;
    }
    state packet {
        pkt.extract(hdr.eth);
        pkt.extract(hdr.work);
        transition accept;
    }
}

control Eg(inout eg_headers hdr, inout eg_meta md, in egress_intrinsic_metadata_t intr,
           in egress_intrinsic_metadata_from_parser_t prsr, inout egress_intrinsic_metadata_for_deparser_t dprsr,
           inout egress_intrinsic_metadata_for_output_port_t oport) {
    Register<bit<32>, PortId_t>(512) bytes;
    RegisterAction<bit<32>, PortId_t, bit<32>>(bytes) total = {
        void apply(inout bit<32> value, out bit<32> rv) {
            value = value + (bit<32>) intr.pkt_length;
            rv = value;
        }
    };
    apply {
        hdr.eth.src[47:16] = total.execute(intr.egress_port);
        hdr.eth.dst = prsr.global_tstamp;
        if (md.bridge.isValid() && md.bridge.session != 0) {
            dprsr.mirror_type = 2;
            md.session = md.bridge.session;
        }
    }
}

control EgDeparser(packet_out pkt, inout eg_headers hdr, in eg_meta md, in egress_intrinsic_metadata_for_deparser_t dprsr) {
    Mirror() mirror;
    apply {
        if (dprsr.mirror_type == 2) {
            mirror.emit<mirror_h>(md.session, { 2 });
        }
        pkt.emit(hdr);
    }
}

Pipeline(IgParser(), Ig(), IgDeparser(), EgParser(), Eg(), EgDeparser()) pipe;
Switch(pipe) main;
