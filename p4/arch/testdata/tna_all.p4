// Every extern and block of tna.p4, used once in its place.
#include <core.p4>
#include <tna.p4>

header ethernet_h { bit<48> dst; bit<48> src; bit<16> kind; }
header ipv4_h { bit<8> vihl; bit<8> tos; bit<16> len; bit<16> csum; bit<32> src; bit<32> dst; }
header mirror_h { bit<8> what; }
header resubmit_h { bit<64> data; }
struct port_md_t { bit<16> vrf; bit<48> rest; }
struct pair_t { bit<32> first; bit<32> second; }
struct learn_t { bit<48> src; PortId_t port; }
struct headers_t { ethernet_h ethernet; ipv4_h ipv4; mirror_h mirror; pktgen_timer_header_t timer; }
struct metadata_t { bit<16> residual; bool bad; MirrorId_t session; bit<16> vrf; bit<8> color; resubmit_h again; }

parser IgParser(packet_in pkt, out headers_t hdr, out metadata_t md, out ingress_intrinsic_metadata_t ig) {
    Checksum() sum;
    ParserCounter() counter;
    ParserPriority() priority;
    value_set<bit<16>>(4) kinds;
    state start {
        pkt.extract(ig);
        transition select(ig.resubmit_flag) { 1: resubmitted; 0: fresh; }
    }
    state resubmitted { pkt.extract(md.again); transition ethernet; }
    state fresh {
        port_md_t p = port_metadata_unpack<port_md_t>(pkt);
        md.vrf = p.vrf;
        transition ethernet;
    }
    state skip { pkt.advance(PORT_METADATA_SIZE); transition ethernet; }
    state ethernet {
        priority.set(3);
        pkt.extract(hdr.ethernet);
        transition select(hdr.ethernet.kind) { kinds: accept; 0x0800: ipv4; default: reject; }
    }
    state ipv4 {
        pkt.extract(hdr.ipv4);
        sum.add(hdr.ipv4);
        sum.subtract({ hdr.ipv4.csum });
        md.bad = sum.verify();
        md.residual = sum.get();
        sum.subtract_all_and_deposit(md.residual);
        counter.set(hdr.ipv4.vihl, 15, 2, 3, 1);
        counter.set(8w4);
        counter.increment(1);
        counter.decrement(2);
        transition select(counter.is_zero(), counter.is_negative()) {
            (true, _): accept;
            (false, true): reject;
            default: ipv4;
        }
    }
}

control Ig(inout headers_t hdr, inout metadata_t md,
           in ingress_intrinsic_metadata_t ig,
           in ingress_intrinsic_metadata_from_parser_t prsr,
           inout ingress_intrinsic_metadata_for_deparser_t dprsr,
           inout ingress_intrinsic_metadata_for_tm_t tm) {
    CRCPolynomial<bit<32>>(32w0x04C11DB7, true, false, false, 32w0xFFFFFFFF, 32w0xFFFFFFFF) poly;
    Hash<bit<16>>(HashAlgorithm_t.CRC16) hash;
    Hash<bit<32>>(HashAlgorithm_t.CUSTOM, poly) custom;
    Hash<bit<51>>(HashAlgorithm_t.IDENTITY) wide;
    Random<bit<8>>() random;
    Counter<bit<64>, PortId_t>(512, CounterType_t.PACKETS_AND_BYTES) ports;
    DirectCounter<bit<32>>(CounterType_t.PACKETS) direct;
    Meter<bit<8>>(256, MeterType_t.BYTES) meter;
    Meter<bit<8>>(256, MeterType_t.BYTES, 3, 1, 0) colored;
    DirectMeter(MeterType_t.PACKETS) direct_meter;
    Lpf<bit<32>, bit<8>>(64) lpf;
    DirectLpf<bit<32>>() direct_lpf;
    Wred<bit<32>, bit<8>>(64, 1, 0) wred;
    DirectWred<bit<32>>(1, 0) direct_wred;
    Register<pair_t, bit<10>>(1024, { 0, 5 }) pairs;
    Register<bit<8>, _>(16) bytes;
    Register<bit<1>, bit<32>>(1024) alive;
    DirectRegister<bit<16>>(7) per_entry;
    RegisterParam<bit<32>>(100) limit;
    MathUnit<bit<32>>(MathOp_t.SQR, 1) square;
    MathUnit<bit<32>>(MathOp_t.DIV, 3, 4) divided;
    MathUnit<bit<32>>(true, 1, -3, { 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0 }) tabled;
    RegisterAction<pair_t, bit<10>, bit<32>>(pairs) count = {
        void apply(inout pair_t value, out bit<32> rv) {
            rv = 0;
            if (value.first > limit.read()) { value.first = 0; rv = this.predicate(value.first == 3, value.second > 4); }
            else { value.first = value.first + 1; value.second = square.execute(value.first); }
        }
    };
    RegisterAction<bit<8>, bit<4>, bit<8>>(bytes) logged = {
        void apply(inout bit<8> value) { value = value |+| 1; }
    };
    DirectRegisterAction<bit<16>, bit<16>>(per_entry) seen = {
        void apply(inout bit<16> value, out bit<16> rv) { rv = value; value = 1; }
    };
    ActionProfile(128) profile;
    ActionSelector(profile, wide, SelectorMode_t.RESILIENT, alive, 16, 8) selector;
    SelectorAction(selector) down = { void apply(inout bit<1> value) { value = 0; } };

    action forward(PortId_t port) { tm.ucast_egress_port = port; direct.count(); seen.execute(); }
    action drop() { dprsr.drop_ctl = 1; }
    action color() { md.color = direct_meter.execute(MeterColor_t.GREEN); }
    table routes {
        key = { hdr.ipv4.dst: lpm; hdr.ipv4.isValid(): exact; md.vrf: exact; }
        actions = { forward; @defaultonly drop; }
        const default_action = drop();
        counters = direct;
        registers = per_entry;
        size = 1024;
        implementation = Alpm(number_partitions = 1024, subtrees_per_partition = 2);
        idle_timeout = true;
    }
    table ways {
        key = { hdr.ipv4.dst: exact; hdr.ipv4.src: selector; hdr.ethernet.kind: range; }
        actions = { forward; NoAction; }
        implementation = selector;
        size = 64;
    }
    table parts {
        key = { md.vrf: atcam_partition_index; hdr.ipv4.dst: ternary; }
        actions = { color; NoAction; }
        meters = direct_meter;
        implementation = Atcam(4);
    }
    apply {
        if (routes.apply().hit) { ways.apply(); }
        parts.apply();
        bit<16> h = hash.get({ hdr.ipv4.src, hdr.ipv4.dst, 8w0 });
        bit<32> f = custom.get(hdr.ipv4);
        ports.count(ig.ingress_port);
        ports.count(ig.ingress_port, 20);
        md.color = meter.execute(md.color);
        md.color = colored.execute(md.color, MeterColor_t.RED, 4);
        f = lpf.execute(f, 3) + direct_lpf.execute(f);
        md.color = wred.execute(f, 2) | direct_wred.execute(f);
        f = max(f, min(f, 7)) + (bit<32>)random.get();
        f = count.execute(h[9:0]);
        f = count.execute_log();
        md.color = logged.execute(4);
        down.execute(f);
        bit<8> old = bytes.read(8w3);
        funnel_shift_right(f, hdr.ipv4.src, hdr.ipv4.dst, 5);
        invalidate(tm.mcast_grp_a);
        if (is_validated(tm.ucast_egress_port) && prsr.parser_err == PARSER_ERROR_OK) { dprsr.digest_type = 1; }
        tm.mcast_grp_a = (MulticastGroupId_t)sizeInBytes(hdr.ipv4);
        tm.rid = (bit<16>)sizeInBits(hdr.ethernet);
        if (DEVPORT_PIPE(ig.ingress_port) == 1) { dprsr.mirror_type = 2; }
    }
}

control IgDeparser(packet_out pkt, inout headers_t hdr, in metadata_t md,
                   in ingress_intrinsic_metadata_for_deparser_t dprsr) {
    Checksum() sum;
    Mirror(2) mirror;
    Resubmit(1) resubmit;
    Digest<learn_t>(1) digest;
    apply {
        hdr.ipv4.csum = sum.update({ hdr.ipv4.src, hdr.ipv4.dst, md.residual }, true);
        if (dprsr.mirror_type == 2) { mirror.emit<mirror_h>(md.session, { 5 }); mirror.emit(md.session); }
        if (dprsr.resubmit_type == 1) { resubmit.emit(md.again); resubmit.emit(); }
        if (dprsr.digest_type == 1) { digest.pack({ hdr.ethernet.src, 5 }); }
        pkt.emit(hdr);
    }
}

parser EgParser(packet_in pkt, out headers_t hdr, out metadata_t md, out egress_intrinsic_metadata_t eg) {
    state start { pkt.extract(eg); pkt.extract(hdr.ethernet); transition accept; }
}

control Eg(inout headers_t hdr, inout metadata_t md, in egress_intrinsic_metadata_t eg,
           in egress_intrinsic_metadata_from_parser_t prsr,
           inout egress_intrinsic_metadata_for_deparser_t dprsr,
           inout egress_intrinsic_metadata_for_output_port_t port) {
    apply {
        bit<18> waited = eg.deq_timedelta;
        dprsr.drop_ctl = eg.deflection_flag ++ 2w0;
        port.capture_tstamp_on_tx = eg.egress_rid_first;
    }
}

control EgDeparser(packet_out pkt, inout headers_t hdr, in metadata_t md) { apply { pkt.emit(hdr.ethernet); } }

Pipeline(IgParser(), Ig(), IgDeparser(), EgParser(), Eg(), EgDeparser()) pipe;
Switch(pipe0 = pipe, pipe2 = pipe) main;
