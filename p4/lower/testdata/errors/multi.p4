// Several parsers per pipeline come later.
#include <core.p4>
#include <tna.p4>
struct hdr_t { }
struct md_t { }
parser Prs(packet_in pkt, out hdr_t hdr, out md_t md, out ingress_intrinsic_metadata_t ig) { state start { transition accept; } }
control Ing(inout hdr_t hdr, inout md_t md, in ingress_intrinsic_metadata_t ig) { apply { } }
control Dep(packet_out pkt, inout hdr_t hdr, in md_t md) { apply { } }
parser EPrs(packet_in pkt, out hdr_t hdr, out md_t md, out egress_intrinsic_metadata_t eg) { state start { transition accept; } }
control Eg(inout hdr_t hdr, inout md_t md, in egress_intrinsic_metadata_t eg) { apply { } }
IngressParsers(Prs()) ips;
EgressParsers(EPrs()) eps;
MultiParserPipeline(ips, Ing(), Dep(), eps, Eg(), Dep()) pipe;
MultiParserSwitch(pipe) main; // ERROR "architecture package MultiParserSwitch is not supported"
