// Constructors, objects with methods, packages, and where they may stand.
#include <core.p4>

enum Kind { A }
extern E<T> { E(bit<8> size); E(T first, bool b); void m(in T v); }
extern Abs<T, U> { Abs(); U run(in T t); abstract U apply(inout T v, @optional out U rv); abstract void plain(in bit<8> a); @optional abstract void extra(); }
extern None { void m(); }
control ctl_t(inout bit<8> x);
parser prs_t(packet_in p);
control ctl(inout bit<8> x)(bit<8> n) { apply { } }
parser prs(packet_in p) { state start { } }
package pack<T>(ctl_t c, @optional prs_t p, T t);
package other(pack<bit<8>> p);

E<bit<8>>(300, 1) wrong_type;          // ERROR "cannot use int as bool in argument b"
E() unknown;                           // ERROR "no constructor of extern E fits these arguments .candidates: E.bit<8> size.; E.T first, bool b"
E(3) no_type;                          // ERROR "cannot infer type argument T of E"
E<bit<8>, bit<8>>(3) too_many;         // ERROR "type E has 1 type parameters .T., got 2"
E<bit<8>>(size = 3, more = 4) no_param; // ERROR "no constructor of extern E fits"
None() none;                           // ERROR "extern None has no constructor"
ctl(3) top;                            // ERROR "control ctl cannot be instantiated in the top level"
prs() top_parser;                      // ERROR "parser prs cannot be instantiated in the top level"
Kind() no_ctor;                        // ERROR "cannot make an instance of enum Kind"
ctl_t() no_body;                       // ERROR "control ctl_t is a type without a body"
E<bit<8>>(3) main;                     // ERROR "main must be an instance of a package, not of extern E<bit<8>>"
pack(ctl(3), t = 8w1) named;           // ERROR "either all arguments are named or none"
pack(c = ctl(3)) no_t;                 // ERROR "no argument for parameter t"
pack(c = prs(), t = 8w1) no_control;   // ERROR "argument c of pack: |cannot use parser prs as control ctl_t"
pack(c = ctl(3), p = prs(), t = 8w1) good;
other(good) fine;
other(3) bad;                          // ERROR "cannot use int as package pack<bit<8>>"
other(fine) swapped;                   // ERROR "cannot use package other as package pack<bit<8>>"

Abs<bit<8>, bit<16>>() missing = {     // ERROR "instance .missing. does not implement every abstract method of extern Abs .missing: plain."
    bit<16> apply(inout bit<8> v) { return 1; }
};
Abs<bit<8>, bit<16>>() bare;           // ERROR "does not implement every abstract method of extern Abs .missing: apply, plain."
Abs<bit<8>, bit<16>>() wrong = {
    bit<16> apply(in bit<8> v, out bit<16> rv) { rv = 1; return 2; } // ERROR "method .apply. does not fit Abs.apply: parameter .v. has direction in, want inout"
    void plain(in bit<16> a) { }       // ERROR "parameter .a. has type bit<16>, want bit<8>"
    void run(in bit<8> t) { }          // ERROR "no abstract method .run. in extern Abs .abstract methods: apply, plain, extra."
};
Abs<bit<8>, bit<16>>() more = {
    bit<8> apply(inout bit<8> v) { return 1; } // ERROR "method .apply. returns bit<8>, want bit<16>"
    void plain(in bit<8> a, in bit<8> b) { } // ERROR "it has 2 parameters, want at most 1"
    void plain(in bit<8> a) { }        // ERROR "method .plain. is implemented twice"
};
Abs<bit<8>, bit<16>>() bodies = {
    bit<16> apply(inout bit<8> v) { v = 16w1; return true; } // ERROR "cannot use bit<16> as bit<8>" "cannot use bool as bit<16> in return"
    void plain(in bit<8> a) { a = 1; exit; return a; } // ERROR "cannot assign" "exit cannot be used" "return cannot have a value"
};
Abs<bit<8>, bit<16>>() silent = {
    bit<16> apply(inout bit<8> v) { }  // ERROR "function .apply. does not return a value on all paths"
    void plain(in bit<8> a) { }
};
E<bit<8>>(3) no_methods = { void m(in bit<8> v) { } }; // ERROR "no abstract method .m. in extern E"

control holder(inout bit<8> x)(ctl_t run, prs_t p) { // ERROR "parameter .p. of a control cannot be a parser"
    prs() in_control;                  // ERROR "parser prs cannot be instantiated in the declarations of a control"
    pack(ctl(3), prs(), 8w1) p2;       // ERROR "parser prs cannot be instantiated in the declarations of a control"
    Abs<bit<8>, bit<8>>() plain;       // ERROR "does not implement every abstract method"
    ctl(x) depends;                    // ERROR "argument n of ctl must be a compile-time constant"
    apply {
        E<bit<8>>(3) inner;            // ERROR "instance .inner. cannot be declared in the apply block"
        ctl.apply(x);                  // ERROR "cannot be applied directly: its constructor has the parameter .n."
        ctl_t.apply(x);                // ERROR "is a type without a body and cannot be applied"
        prs.apply(x);                  // ERROR "parser prs cannot be applied in the apply block of a control"
        E<bit<8>>(3);                  // ERROR "constructor call is not a statement"
    }
}
parser holds(packet_in p) {
    ctl(3) c;                          // ERROR "control ctl cannot be instantiated in parsers"
    state start { transition accept; }
}
control takes(inout bit<8> x)(ctl named) { apply { } } // ERROR "parameter .named. cannot have type control ctl, which has a body"
extern Bad { Bad(ctl_t c); }           // ERROR "parameter .c. cannot have type control ctl_t"
package worse(in bit<8> a);            // ERROR "constructor parameter .a. cannot have a direction"
control dir(E<bit<8>> ok, in E<bit<8>> e) { apply { } } // ERROR "parameter .e. of type extern E<bit<8>> cannot have a direction"
