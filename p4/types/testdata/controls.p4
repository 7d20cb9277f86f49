// Controls: actions, tables, switch, loops, direct application.
#include <core.p4>

match_kind { range, optional, selector }
extern Counters { Counters(bit<32> size); void count(in bit<32> index); }
enum Way { Up, Down }
type bit<9> Port;
header ip_t { bit<32> src; bit<32> dst; bit<8> ttl; }
struct hdr_t { ip_t ip; ip_t[2] more; }
struct meta_t { bit<9> port; Port typed; Way way; bool seen; bit<8> count; }

bit<9> tmp_port() {
    for (bit<8> i = 0; true; i = i + 1) { break; }
    switch (8w1) { 1: { return 3; } default: { if (true) { return 4; } } }
}

action everywhere(inout bit<8> x, bit<8> by) { x = x + by; }

control leaf(inout bit<8> x) { apply { x = x + 1; } }

control main_control(inout hdr_t hdr, inout meta_t meta, in error failed) {
    Counters(1024) hits;
    action drop() { meta.port = 0x1ff; exit; }
    action forward(bit<9> port, Port typed) { meta.port = port; meta.typed = typed; }
    action mixed(inout bit<8> a, in bit<32> b, bit<8> c) { a = c; hits.count(b); return; }
    action calls() { drop(); everywhere(meta.count, 3); }
    bit<8> tmp = 1;

    table routes {
        key = {
            hdr.ip.dst: lpm @name("dst");
            hdr.ip.src: ternary;
            hdr.ip.isValid(): exact;
            hdr.ip.dst[7:0]: range;
            meta.way: exact;
            meta.typed: exact;
            hdr.ip.src & 0xff: exact @name("low");
            failed: optional;
            hdr.ip.src + 1: selector @name("sum");
        }
        actions = {
            forward;
            mixed(meta.count, hdr.ip.src);
            everywhere(meta.count);
            @defaultonly drop;
            @tableonly calls;
            NoAction;
        }
        size = 4 * 1024;
        default_action = mixed(meta.count, hdr.ip.src, 7);
        counters = hits;
        made = Counters(32);
        timeout = true;
        note = "text";
    }
    table fixed {
        key = { hdr.ip.dst: ternary; meta.count: range; meta.typed: exact; }
        actions = { forward; drop; NoAction; }
        const default_action = drop();
        const entries = {
            (0x0a000000 &&& 0xff000000, 1 .. 5, 3): forward(1, (Port)2);  // EXPR "1" "bit<8>" "1"
            (_, 8w3, 4): forward(port = 1, typed = (Port)2);
            (5, _, (Port)9): drop;
            _: NoAction();
        }
    }
    table ranked {
        key = { hdr.ip.dst: ternary; }
        actions = { drop; NoAction; }
        largest_priority_wins = false;
        priority_delta = 10;
        entries = {
            const priority = 10: 1: drop();
            priority = 20: 2 &&& 3: NoAction;
        }
    }
    table single { key = { meta.way: exact; } actions = { drop; } default_action = drop; entries = { Way.Up: drop; Way.Down: drop(); } }
    table keyless { actions = { drop; NoAction; } }
    table again { key = { keyless.apply().hit: exact @name("hit"); } actions = { NoAction; } }

    apply {
        if (routes.apply().hit) { tmp = 2; } else if (!keyless.apply().miss) { exit; }
        switch (fixed.apply().action_run) {
            forward: { tmp = 3; }
            drop:
            default: { return; }
        }
        switch (hdr.ip.ttl) { 1: 2: { tmp = 1; } 0x10: { } default: { } }
        switch (meta.way) { Way.Up: { } Way.Down: { } }
        switch (failed) { error.NoError: { } error.NoMatch: { tmp = 0; } }
        bool b = ranked.apply().miss;
        forward(5, (Port)tmp_port());
        mixed(tmp, hdr.ip.src, tmp);
        leaf.apply(tmp);
        for (bit<8> i = 0; i < 4; i += 1) { if (i == 2) { continue; } tmp = tmp + i; }
        for (bit<8> i in 0 .. 5) { if (i == tmp) { break; } }   // EXPR "5" "bit<8>" "5"
        for (bit<8> i in { 1, 2, 3 }) { tmp = i; }              // EXPR "3" "bit<8>" "3"
        for (ip_t h in hdr.more) { tmp = h.ttl; }
        single.apply();
        again.apply();
    }
}
