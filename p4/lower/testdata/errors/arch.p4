// Any other architecture is refused at its main instance.
#include <core.p4>
struct h_t { bit<8> a; }
parser P<H>(packet_in pkt, out H h);
package V1Switch<H>(P<H> p);
parser Prs(packet_in pkt, out h_t h) { state start { transition accept; } }
V1Switch(Prs()) main; // ERROR "architecture package V1Switch is not supported (packages: Switch of TNA and T2NA, MultiParserSwitch of TNA)"
