// Two tables of which the second waits for the first, a fallback and bare
// statements: the report of it is in shop.txt.
#include <core.p4>
#if __TARGET_TOFINO__ == 2
#include <t2na.p4>
#else
#include <tna.p4>
#endif
header eth_h { bit<48> dst; bit<48> src; bit<16> kind; }
header ip_h { bit<8> ttl; bit<8> proto; bit<16> sum; bit<32> src; bit<32> dst; }
struct headers { eth_h eth; ip_h ip; }
struct meta { bit<16> a; bit<16> b; bit<16> c; bit<1> f; bit<1> g; bit<32> d; }
struct none {}
parser IP(packet_in p, out headers hdr, out meta m, out ingress_intrinsic_metadata_t i) {
  state start { p.extract(i); p.advance(PORT_METADATA_SIZE); p.extract(hdr.eth); p.extract(hdr.ip); transition accept; }
}
control I(inout headers hdr, inout meta m, in ingress_intrinsic_metadata_t i, in ingress_intrinsic_metadata_from_parser_t ip,
  inout ingress_intrinsic_metadata_for_deparser_t d, inout ingress_intrinsic_metadata_for_tm_t tm) {
  // A shop's edge: who may come in, where to, and who is counted.
  DirectCounter<bit<32>>(CounterType_t.PACKETS) visits;
  action welcome(bit<16> door) { m.a = door; visits.count(); }
  action refuse() { d.drop_ctl = 1; }
  table doorman {
    key = { hdr.ip.src : ternary; hdr.eth.kind : exact; }
    actions = { welcome; refuse; }
    const default_action = refuse();
    counters = visits;
    size = 2048;
  }
  action lead(bit<9> port, bit<48> dst) { tm.ucast_egress_port = port; hdr.eth.dst = dst; hdr.ip.ttl = hdr.ip.ttl - 1; }
  table counter { key = { m.a : exact; hdr.ip.dst : exact; } actions = { lead; } size = 4096; }
  table window { key = { hdr.ip.dst : lpm; } actions = { lead; } size = 1024; }
  apply {
    doorman.apply();
    if (hdr.ip.ttl > 1) {
      if (!counter.apply().hit) { window.apply(); }
    }
    tm.bypass_egress = 1;
  }
}
control ID(packet_out p, inout headers hdr, in meta m, in ingress_intrinsic_metadata_for_deparser_t d) { apply { p.emit(hdr); } }
parser EP(packet_in p, out none hdr, out none m, out egress_intrinsic_metadata_t e) { state start { p.extract(e); transition accept; } }
control E(inout none hdr, inout none m, in egress_intrinsic_metadata_t e, in egress_intrinsic_metadata_from_parser_t ep,
  inout egress_intrinsic_metadata_for_deparser_t d, inout egress_intrinsic_metadata_for_output_port_t o) { apply {} }
control ED(packet_out p, inout none hdr, in none m, in egress_intrinsic_metadata_for_deparser_t d) { apply {} }
Pipeline(IP(), I(), ID(), EP(), E(), ED()) pipe;
Switch(pipe) main;
