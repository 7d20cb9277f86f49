// What Tofino 2 has beyond Tofino.
#include <t2na.p4>

header ethernet_h { bit<48> dst; bit<48> src; bit<16> kind; }
struct headers_t { ethernet_h ethernet; pktgen_deparser_header_t generated; }
struct metadata_t { bit<32> a; bit<32> b; bit<8> c; }

parser IgParser(packet_in pkt, out headers_t hdr, out metadata_t md, out ingress_intrinsic_metadata_t ig) {
    ParserCounter() counter;
    state start {
        pkt.extract(ig);
        pkt.advance(PORT_METADATA_SIZE);
        counter.push(8w3);
        counter.push(8w4, true);
        counter.push(ig.packet_version, 3, 1, 0xff, 2);
        counter.set(ig.packet_version, 3, 1, 0xff, 2);
        counter.pop();
        transition accept;
    }
}

Register<bit<16>, bit<11>>(2048) depths;

control Ghost(in ghost_intrinsic_metadata_t g) {
    RegisterAction<bit<16>, bit<11>, bit<16>>(depths) note = {
        void apply(inout bit<16> value) { value = g.qlength[15:0]; }
    };
    apply { note.execute(g.qid); }
}

control Ig(inout headers_t hdr, inout metadata_t md, in ingress_intrinsic_metadata_t ig,
           in ingress_intrinsic_metadata_from_parser_t prsr,
           inout ingress_intrinsic_metadata_for_deparser_t dprsr,
           inout ingress_intrinsic_metadata_for_tm_t tm,
           in ghost_intrinsic_metadata_t g) {
    Register<bit<32>, bit<8>>(256) words;
    Register<bit<128>, bit<8>>(256) quads;
    DirectRegister<bit<32>>() per_entry;
    RegisterAction<bit<32>, bit<8>, bit<32>>(words) queue = {
        void apply(inout bit<32> value, out bit<32> rv1, out bit<32> rv2) { rv1 = value; rv2 = this.address(); }
        void overflow(inout bit<32> value, out bit<32> rv1) { rv1 = 0; }
    };
    RegisterAction2<bit<32>, bit<8>, bit<32>, bit<8>>(words) two = {
        void apply(inout bit<32> value, out bit<32> rv1, out bit<8> rv2) { rv1 = value; rv2 = this.predicate<bit<8>>(value == 0); }
    };
    MinMaxAction<bit<128>, bit<8>, bit<16>>(quads) least = {
        void apply(inout bit<128> value, out bit<16> rv1) { rv1 = this.min16(value, 0xff); }
    };
    DirectRegisterAction2<bit<32>, bit<32>, bit<8>>(per_entry) direct = {
        void apply(inout bit<32> value, out bit<32> rv1, out bit<8> rv2) { rv1 = value; rv2 = 1; }
    };
    LearnAction<bit<32>, bit<8>, bit<16>, bit<32>>(words) learn = {
        void apply(inout bit<32> value, in bit<16> digest, in bool fresh, out bit<32> rv1) { rv1 = (bit<32>)digest; }
    };
    Counter<bit<64>, bit<8>>(256, CounterType_t.BYTES, true) bytes;
    Meter<bit<8>>(256, MeterType_t.BYTES, false) meter;
    action run() { md.a = direct.execute(md.c); }
    table t {
        key = { hdr.ethernet.dst: dleft_hash; }
        actions = { run; }
        default_action = run;
        registers = per_entry;
        idle_timeout = IdleTimeout();
    }
    apply {
        t.apply();
        md.a = queue.execute(3, md.b);
        md.a = queue.enqueue();
        md.a = queue.pop(md.b);
        queue.sweep();
        md.a = two.execute(4, md.c);
        bit<16> m = least.execute(5);
        md.a = learn.execute(6);
        words.clear(0);
        bytes.count(md.c);
        md.c = meter.execute(md.c);
        funnel_shift_right(md.a, md.a, md.b, 3);
        dprsr.pktgen = 1;
        dprsr.mirror_io_select = 1;
        tm.qid = 7w100;
    }
}

control IgDeparser(packet_out pkt, inout headers_t hdr, in metadata_t md,
                   in ingress_intrinsic_metadata_for_deparser_t dprsr) {
    Pktgen() pktgen;
    Mirror(9) mirror;
    apply {
        pktgen.emit(hdr.generated);
        mirror.emit(8w5);
        pkt.emit(hdr);
    }
}
parser EgParser(packet_in pkt, out headers_t hdr, out metadata_t md, out egress_intrinsic_metadata_t eg) {
    state start { pkt.extract(eg); transition accept; }
}
control Eg(inout headers_t hdr, inout metadata_t md, in egress_intrinsic_metadata_t eg,
           in egress_intrinsic_metadata_from_parser_t prsr,
           inout egress_intrinsic_metadata_for_deparser_t dprsr,
           inout egress_intrinsic_metadata_for_output_port_t port) {
    apply { md.a = eg.deq_timedelta; dprsr.mtu_trunc_len = 1500; }
}
control EgDeparser(packet_out pkt, inout headers_t hdr, in metadata_t md,
                   in egress_intrinsic_metadata_for_deparser_t dprsr) { apply { pkt.emit(hdr); } }

Pipeline(IgParser(), Ig(), IgDeparser(), EgParser(), Eg(), EgDeparser(), Ghost()) pipe;
Switch(pipe) main;
