// Parsers: states, transitions, key sets, value sets.
error { Late }
extern packet_in {
    packet_in();
    void extract<T>(out T hdr);
    T lookahead<T>();
    void advance(in bit<32> bits);
}
extern void verify(in bool ok, in error why);
header h_t { bit<8> kind; bit<8> len; }
header union_t { bit<16> word; }
struct hs_t { h_t h; h_t[3] stack; }

parser sub(packet_in pkt, out h_t h)(bit<8> limit) {
    state start {
        pkt.extract(h);
        verify(h.len <= limit, error.Late);
        transition accept;
    }
}

@deprecated("no") parser p(packet_in pkt, out hs_t hs, inout bit<8> type) {
    const bit<8> LIMIT = 8w7;
    bit<8> apply = 0;
    sub(LIMIT) nested;
    value_set<bit<8>>(4) kinds;
    value_set<tuple<bit<8>, bit<8>>>(2) pairs;
    @size(3) value_set<h_t>(LIMIT) heads;
    h_t[2] locals;

    @start_here
    state start {
        ;
        bit<8> state = 3;
        const bit<8> key = 1;
        apply = state + key;
        nested.apply(pkt, hs.h);
        sub.apply(pkt, hs.h);
        {
            bit<8> inner = pkt.lookahead<bit<8>>();
            if (inner == 0) {
                pkt.advance((bit<32>)inner << 3);
            } else if (inner > 1)
                pkt.advance(8);
            else {
                @note { }
            }
        }
        pkt.extract<h_t>(hs.stack.next);
        transition select(hs.stack.last.kind, pkt.lookahead<bit<8>>()) {
            (0x10 &&& 0xF0, 1 .. 5): more;
            (_, 7): accept;
            (default, _): reject;
            pairs: even_more;
            default: accept;
        }
    }
    state more {
        transition select(hs.h.kind) {
            8w1: start;
            (2): more;
            (3 &&& 7): more;
            (4) + 1: more;
            6 .. (5 + 9): accept;
            ((9)): accept;
            kinds: accept;
            _: even_more;
        }
    }
    state even_more { transition entries; }
    state entries { transition select(type, { 1, 2 }) { } }
    state no_transition { }
}
