// A pipe whose ports have different parsers.
#include <tna.p4>

header ethernet_h { bit<48> dst; bit<48> src; bit<16> kind; }
struct headers_t { ethernet_h ethernet; }
struct metadata_t { bit<8> kind; }

parser First(packet_in pkt, out headers_t hdr, out metadata_t md) {
    state start { pkt.extract(hdr.ethernet); transition accept; }
}
parser Second(packet_in pkt, out headers_t hdr, out metadata_t md, out ingress_intrinsic_metadata_t ig) {
    state start { pkt.extract(ig); transition accept; }
}
parser Leave(packet_in pkt, out headers_t hdr, out metadata_t md) { state start { transition accept; } }
control Run(inout headers_t hdr, inout metadata_t md) { apply { } }
control Out(packet_out pkt, inout headers_t hdr, in metadata_t md) { apply { pkt.emit(hdr); } }

IngressParsers(First(), Second()) ig_parsers;
EgressParsers(Leave()) eg_parsers;
MultiParserPipeline(ig_parsers, Run(), Out(), eg_parsers, Run(), Out()) pipe;
MultiParserSwitch(pipe) main;
