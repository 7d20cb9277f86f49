// Names: unknown, duplicate, recursive, of the wrong kind.
#include <core.p4>

const bit<8> alpha = alhpa;            // ERROR "no name .alhpa."
const bit<8> beta = 1;
const bit<8> gamma = betta;            // ERROR "no name .betta. .near: beta."
const bit<8> beta = 2;                 // ERROR ".beta. is declared twice in the same scope .first at .*:5."
typedef Unknown_t Known_t;             // ERROR "no type .Unknown_t."
const Known_t k = 3;
const beta wrong = 1;                  // ERROR ".beta. is a constant, not a type"
struct s_t { bit<8> a; bit<8> b; bit<8> a; } // ERROR "field .a. is declared twice in struct s_t"
enum e_t { A, B, A }                   // ERROR "member .A. is declared twice in enum e_t"
error { Mine, Mine }                   // ERROR "error .Mine. is declared twice"
error { NoError }                      // ERROR "error .NoError. is declared twice .first at .*core.p4>:"
match_kind { exact }                   // ERROR "match kind .exact. is declared twice"
const bit<8> no_member = e_t.C;        // ERROR "no member .C. in enum e_t .members: A, B, A."
const error no_error = error.Yours;    // ERROR "no error .Yours. .errors: NoError,.* Mine."
const bit<8> size = beta.size;         // ERROR "no field .size. in bit<8>"

bit<8> twice(in bit<8> a, in bit<8> a) { return a; } // ERROR ".a. is declared twice"
bit<8> again(in bit<8> x) { return x; }
bit<8> again(in bit<8> x) { return x; } // ERROR ".again. is declared twice"
bit<8> loop(in bit<8> x) { return loop(x); } // ERROR "refers to itself: P4 has no recursion"
T generic<T, T>(in T x) { return x; }  // ERROR ".T. is declared twice"
void early() { late(); }               // ERROR "no function or action .late. here: it is declared later, at .*:26"
void late() { early(); }

extern X { X(); void m(in bit<8> a); void m(in bit<8> a); void n(X x); } // ERROR "method .m. is declared twice" ".X. refers to itself"
extern Y { void Y(in bit<8> a); }      // ERROR "constructor of extern Y cannot have a return type"

parser p(packet_in b) { state start { transition nowhere; } } // ERROR "no state .nowhere. .states: accept, reject, start."
parser q(packet_in b) {
    bit<8> x;
    state start { transition x; }      // ERROR ".x. is a variable, not a state"
    state start { transition accept; } // ERROR ".start. is declared twice"
    state accept { }                   // ERROR "state .accept. is built in"
}
parser r(packet_in b) { state begin { transition accept; } } // ERROR "parser .r. has no state start"
parser s(packet_in b) { state start { transition more; } state more { transition start; } } // ERROR "parser .s. never reaches accept or reject"
parser self(packet_in b) { self() inner; state start { inner.apply(b); } } // ERROR ".self. refers to itself"
control c() { apply { c.apply(); } }   // ERROR ".c. refers to itself"
extern main { }                        // ERROR "main must be an instance of a package, not a type"
const bit<8> near = e_t.minSizeInBits(); // ERROR "size of enum e_t is not known at compile time"
