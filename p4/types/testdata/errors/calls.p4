// Arguments: number, names, types, directions, inference.
#include <core.p4>

struct s_t { bit<8> a; }
header h_t { bit<8> a; }
extern E<T> { E(); E(bit<8> size, T first); T get(in bit<8> i); void put(in T v, out T old); void any<X>(in X x); }
extern bit<8> fixed(in bit<8> a, bit<8> known);
extern void pick<T>(in T a, inout T b);
extern T make<T>();
extern void opt(in bit<8> a, @optional in bit<8> b, in bool c = true);
extern void two(in bit<8> a);
extern void two(in bit<8> a, in bool b);
extern void same(in bit<8> i, in bit<16> w);
extern void same(in bit<8> i, in bool c);
bit<8> user(in bit<8> a, inout bit<8> b, out bit<8> d) { d = a; return b; }
bit<8> known(bit<8> a) { return a; }
action act(inout bit<8> a, bit<8> b) { a = b; }
control leaf(inout bit<8> a) { apply { } }

control c(inout bit<8> x, inout bit<16> y, in s_t s, inout h_t h)(bit<8> ctor) {
    E<bit<8>>() e;
    leaf() l;
    table t { actions = { NoAction; } }
    bit<8> v;
    apply {
        v = user(x, x);                // ERROR "call of user: no argument for parameter d of .in bit<8> a, inout bit<8> b, out bit<8> d."
        v = user(x, x, x, x);          // ERROR "too many arguments: got 4, want"
        v = user(a = x, x, x);         // ERROR "either all arguments are named or none"
        v = user(a = x, b = x, z = x); // ERROR "no parameter z .parameters: a, b, d."
        v = user(a = x, a = x, b = x); // ERROR "parameter a is given twice"
        v = user(y, x, x);             // ERROR "cannot use bit<16> as bit<8> in argument a of user"
        v = user(x, 5, x);             // ERROR "argument b of user is inout and needs a variable that can be assigned"
        v = user(x, x, s.a);           // ERROR "argument d of user is out and needs a variable"
        v = user(x, y, x);             // ERROR "cannot use bit<16> as bit<8> in argument b of user: types of inout arguments must be the same"
        v = user(_, x, x);             // ERROR "_ can only be the argument of an out parameter; a is in"
        v = user(x, x, _);
        v = user<bit<8>>(x, x, _);     // ERROR "takes 0 type arguments, got 1"
        v = known(x);                  // ERROR "argument a of known must be a compile-time constant"
        v = known(ctor);
        v = fixed(x, x);               // WARNING "argument known of fixed should be a compile-time constant"
        pick(1, x);
        pick(y, x);                    // ERROR "cannot use bit<8> as bit<16> in argument b of pick"
        v = make();                    // ERROR "cannot infer type argument T of make"
        v = make<bit<8>>();
        v = make<bit<16>>();           // ERROR "cannot use bit<16> as bit<8>"
        e.any(5);                      // ERROR "cannot infer a width .write 8w1 or a cast. for argument x of E.any"
        e.any({ 1, x });               // ERROR "cannot infer a width"
        e.any({ a = x });              // ERROR "cannot infer the struct"
        e.any("text");                 // ERROR "cannot infer a run-time type: string has no values"
        e.any(l);                      // ERROR "argument x of E.any cannot be control leaf"
        e.any(t);                      // ERROR "argument x of E.any cannot be table t"
        e.any(e);                      // ERROR "argument x of E.any cannot be extern E<bit<8>>"
        e.put(x, y);                   // ERROR "cannot use bit<16> as bit<8>"
        e.put(x);                      // ERROR "no argument for parameter old"
        opt(x, c = true);              // ERROR "either all arguments are named or none"
        opt(a = x, c = false);
        two();                         // ERROR "no two fits these arguments .candidates: two.in bit<8> a.; two"
        two(x, 3);                     // ERROR "cannot use int as bool in argument b of two"
        same(x, s);                    // ERROR "no same fits the types of these arguments .candidates: "
        same(x, 5);
        act(x);                        // ERROR "no argument for parameter b"
        act(x, x);
        act<bit<8>>(x, x);             // ERROR "an action takes no type arguments"
        l.apply(5);                    // ERROR "argument a of leaf.apply is inout and needs a variable"
        l.apply();                     // ERROR "no argument for parameter a"
        leaf.apply(y);                 // ERROR "cannot use bit<16> as bit<8> in argument a of leaf.apply"
        l.run(x);                      // ERROR "no method .run. in control leaf"
        x();                           // ERROR ".x. is a parameter and cannot be called"
        h.setValid(1);                 // ERROR "setValid takes no arguments"
        h.setvalid();                  // ERROR "no method .setvalid. in header h_t .methods: isValid, setValid, setInvalid"
        v = two(x);                    // ERROR "call returns nothing and cannot be used as a value"
        v = act(x, x);                 // ERROR "call returns nothing"
        v = user;                      // ERROR "a function or action can only be called"
        t.apply(x);                    // ERROR "apply takes no arguments"
        v = t.apply().hits;            // ERROR "no field .hits. in the result of apply.. .fields: hit, miss, action_run."
        v = t.apply().hit;             // ERROR "cannot use bool as bit<8>"
        if (t.apply()) { }             // ERROR "result of t.apply.. cannot be used as a value"
        y = (bit<16>)t.apply().action_run;    // ERROR "cannot cast action of table t to bit<16>"
        x = s_t(1);                    // ERROR "cannot make an instance of struct s_t"
    }
}

extern Old { Old(); @deprecated("use new_way") void way(); void new_way(); }
control olden() {
    Old() o;
    apply {
        o.way();                       // WARNING "way.. is deprecated: use new_way"
        o.new_way();
    }
}
