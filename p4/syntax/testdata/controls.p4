// Controls, tables and statements.
match_kind { exact, ternary, lpm, range, optional, selector }
extern Reg<T, I> { Reg(bit<32> size); Reg(bit<32> size, T initial); }
extern RegAction<T, I, U> {
    RegAction(Reg<T, I> reg);
    U execute(in I index);
    abstract void apply(inout T value, out U result);
}
extern Profile { Profile(bit<32> size); }
extern E { E(); bit<8> get<T>(in T x); }
struct pair { bit<32> lo; bit<32> hi; }
header h_t { bit<32> a; bit<32> b; bit<8>[4] c; }
enum mode_t { ON, OFF }
control inner(inout h_t h)(bit<8> n) { apply { } }
control generic_c<T>(inout T x) { apply { } }

@pragma whole_control
control c(inout h_t h, inout bit<32> meta, in mode_t mode) {
    Reg<pair, bit<32>>(1024, { 1, 2 }) regs;
    RegAction<pair, bit<32>, bit<32>>(regs) bump = {
        void apply(inout pair value, out bit<32> result) {
            value.lo = value.lo |+| 1;
            if (value.lo == 0) { value.hi = value.hi + 1; }
            result = value.lo;
        }
        E() helper_of_bump;
    };
    RegAction<pair, bit<32>, bit<32>>(regs) nothing = { };
    E() externs[4];
    inner(3) nested;
    bit<8> list = 1;
    bit<8> priority = 2;

    action NoAction() { }
    action set(in bit<32> data, bit<8> key, @optional bit<8> state) @quiet {
        h.a = data;
        return;
    }
    @name(".stop") action stop() { exit; }

    @pragma stage 2
    @hidden
    table t {
        key = {
            h.a : exact @name("a");
            h.b[7:0] : ternary;
            h.c[1] : lpm @defaulted(1) @other;
            h.isValid() : exact;
            h.a & 0xFF : range
                @pragma key_pragma
            ;
            (bit<8>)h.a + 1 : optional;
        }
        @pragma actions_pragma
        actions = {
            NoAction;
            @tableonly set(h.a);
            @defaultonly stop();
            .NoAction;
        }
        const default_action = set(data = h.a, key = _, state = 4);
        @entry_note
        const entries = {
            (1, 2 &&& 3, 4, true, 0 .. 9, _) : set(1, 2, 3);
            priority = 10 : (1, _, default, true, 1, 2) : NoAction;
            const priority = (5 + 5) : (1, 2, 3, false, 4, 5) : stop() @hot;
            const (7, 7, 7, true, 7, 7) : stop;
        }
        size = 1024;
        implementation = Profile(128);
        largest_priority_wins = false;
        priority_delta = 10;
        counters = { externs[0], externs[1] };
    }
    table keyless {
        actions = { NoAction; }
        default_action = NoAction;
    }
    table one_key {
        key = { h.a : exact; }
        actions = { NoAction; stop; }
        entries = {
            1 : NoAction;
            (2) : stop;
            3 &&& 7 : stop;
            (4) + 1 : stop;
            ((6)) : stop();
        }
    }

    apply @body_note {
        bit<32> x = h.a;
        const bit<32> K = 5;
        bit<32>[2] arr;
        E() local_extern;
        x = x + K * 2 - 1 / 3 % 4;
        x += 1; x -= 1; x *= 2; x /= 2; x %= 2;
        x |+|= 1; x |-|= 1; x <<= 1; x >>= 1; x &= 1; x |= 1; x ^= 1;
        x[7:0] = 3;
        x[3 +: 4] = 1;
        (h.a) = x;
        h.c[2][3:1] = (bit<3>)(mode == mode_t.ON ? 3w1 : 3w2);
        x = x << 2 >> 1 & 3 | 4 ^ 5;
        x = ~x ++ -x |-| + + x;
        if (!(x < 1 || x > 2 && x <= 3 || x >= 4) == (x != 5)) ;
        x = mode == mode_t.ON ? x : mode == mode_t.OFF ? 1 : 2;
        x = (bit<32>)externs[1].get<bit<8>>(8w1);
        x = (x) - 1;
        bump.execute(x);
        nested.apply(h);
        inner.apply(h);
        generic_c<bit<32>>.apply(x);
        .NoAction();
        list = list + priority;
        if (t.apply().hit) { } else if (keyless.apply().miss) { stop(); } else @cold { exit; }
        if (x == 1)
            if (x == 2) x = 3;
            else x = 4;
        if (x == 5) { if (x == 6) x = 7; } else x = 8;
        switch (t.apply().action_run) {
            NoAction: { }
            set:
            stop: @note { return; }
            default: { x = 1; }
        }
        switch (x) {
            1:
            K: { }
            (2): { }
            h.a + 1: { }
        }
        switch (x) { }
        for (bit<32> i = 0, bit<8> j = 1; i < 4; i = i + 1, j += 2) {
            if (i == 2) continue;
            if (j == 3) break;
        }
        for (; true;) x = x + 1;
        for (x = 1, bump.execute(2); x < 3; x += 1) ;
        @unroll for (bit<32> i in 0 .. x) { x = i; }
        for (@note bit<8> b in h.c) list = b;
        for (bit<8> b in (list<bit<8>>){ 1, 2, 3 }) { }
        #pragma on_a_statement
        x = 1;
        @first @second("x") x = 2;
        @blocked { @deep { ; } }
        { }
    }
}
