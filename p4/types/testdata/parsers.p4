// Parsers: states, select, value sets, header stacks, sub-parsers.
#include <core.p4>

enum bit<16> Ether { IP4 = 0x0800, VLAN = 0x8100 }
enum Way { Up, Down }
type bit<9> Port;
header eth_t { bit<48> dst; bit<48> src; Ether kind; }
header vlan_t { bit<3> pcp; bit<1> dei; bit<12> vid; Ether kind; }
header ip_t { bit<4> version; bit<4> ihl; bit<8> ttl; }
header opt_t { varbit<320> data; }
header a_t { bit<8> a; }
header_union u_t { a_t a; ip_t ip; }
struct hdr_t { eth_t eth; vlan_t[3] vlan; ip_t ip; opt_t opt; u_t u; }
struct two_t { bit<12> vid; bit<3> pcp; }

parser sub(packet_in p, out ip_t ip)(bit<4> version) {
    state start {
        p.extract(ip);                     // TARGS "ip_t"
        transition select(ip.version) {
            version: accept;
            default: reject;
        }
    }
}

parser top(packet_in pkt, out hdr_t hdr, in Port port, in Way way) {
    value_set<bit<12>>(4) vids;            // DEF "value_set<bit<12>>"
    value_set<two_t>(1 + 1) pairs;
    value_set<tuple<bit<12>, bit<3>>>(2) tuples;
    sub(4) ip4;
    bit<8> depth = 0;
    const bit<8> most = 3;

    state start {
        pkt.extract(hdr.eth);              // TARGS "eth_t"
        transition select(hdr.eth.kind) {
            Ether.VLAN: vlan;
            0x0800 &&& 0xff00: ip;         // EXPR "0xff00" "bit<16>" "65280"
            Ether.IP4: ip;
            default: accept;
        }
    }
    state vlan {
        pkt.extract(hdr.vlan.next);        // EXPR "hdr.vlan.next" "vlan_t"
        depth = depth + 1;
        bit<32> at = hdr.vlan.lastIndex;
        transition select(hdr.vlan.last.vid, hdr.vlan.last.pcp) {
            (0, _): reject;
            (1 .. 5, 3w1): ip;             // EXPR "5" "bit<12>" "5"
            pairs: ip;
            tuples: vlan;
            (0x100 &&& 0xf00, default): vlan;
            default: check;
        }
    }
    state check {
        verify(depth < most, error.StackOutOfBounds);
        bit<8> ahead = pkt.lookahead<bit<8>>(); // TARGS "bit<8>"
        two_t both = pkt.lookahead<two_t>();
        pkt.advance(8);                    // EXPR "8" "bit<32>" "8"
        transition select(way, ahead[0:0] == 1, port) {
            (Way.Up, true, 5): unions;
            (Way.Down, false, _): ip;
        }
    }
    state unions {
        pkt.extract(hdr.u.a);
        transition select(hdr.vlan[0].vid) {
            vids: accept;
            7: accept;
        }
    }
    state ip {
        ip4.apply(pkt, hdr.ip);
        pkt.extract(hdr.opt, (bit<32>)(hdr.ip.ihl - 5) * 32); // TARGS "opt_t"
        if (hdr.ip.ttl == 0) { depth = 1; } else { depth = 2; }
        transition rest;
    }
    state rest { }
}
