// Statements, calls and parameters in places where they make no sense.
#include <core.p4>

header h_t { bit<8> a; varbit<8> v; }
header f_t { bit<8> a; }
struct s_t { bit<8> a; }
extern E { E(); void m(); }
E() e;
bit<8> fn(in bit<8> x) { return x; }
const bit<8> from_call = fn(3);        // ERROR "call of fn is not a compile-time constant"
const bool asserted = static_assert(1 > 2, "one is not two"); // ERROR "static_assert failed: one is not two"
action named(bit<8> a, inout bit<8> b) { } // ERROR "action parameters without direction must be at the end; .b. follows one"
action objects(E e) { }                // ERROR "action parameter .e. cannot have type extern E"
action ints(int i) { }                 // ERROR "action parameter .i. cannot have type int"
action options(@optional bit<8> a) { } // ERROR "parameter .a. of a declaration with a body cannot be optional"
void defaults(out bit<8> a = 3) { a = 1; } // ERROR "out parameter .a. cannot have a default value"
void strings(in string s) { }          // ERROR "parameter .s. of type string cannot have a direction"
void wide(in int i) { }                // ERROR "parameter .i. of type int cannot have a direction"
int whole() { return 1; }              // ERROR ".whole. cannot return int"
E object() { return e; }               // ERROR ".object. cannot return extern E" "extern E cannot be used as a value"
extern void both(@optional in bit<8> a = 3); // ERROR "parameter .a. is @optional and cannot have a default value"

bit<8> no_return(in bool b) {
    if (b) { return 1; }
}                                      // ERROR "function .no_return. does not return a value on all paths"
bit<8> returns(in bool b) { if (b) { return 1; } else { return 2; } }
void nothing() { return 3; }           // ERROR "return cannot have a value: the function returns nothing"
bit<8> empty() { return; }             // ERROR "return needs a value of type bit<8>"
void leaves() { exit; }                // ERROR "exit cannot be used in functions"
void loose() { break; continue; }      // ERROR "break can only be used in a loop" "continue can only be used in a loop"
void calls() { named(1, 2); }          // ERROR "action named cannot be called in functions"
void checks() { verify(true, error.NoError); } // ERROR "verify can only be called in a parser state, not in functions"

parser p(packet_in pkt, out h_t h, out f_t f, out s_t s) {
    bit<8> x;
    state start {
        pkt.extract(s);                // ERROR "argument of extract must be a header, not struct s_t"
        pkt.extract(h);                // ERROR "header h_t has a varbit field: extract needs its size as a second argument"
        pkt.extract(f, 8);             // ERROR "extract with a size needs a header with one varbit field; header f_t has 0"
        pkt.extract(_);                // ERROR "cannot infer type argument T of packet_in.extract"
        pkt.extract<f_t>(_);
        x = pkt.lookahead();           // ERROR "cannot infer type argument T of packet_in.lookahead"
        h = pkt.lookahead<h_t>();      // ERROR "lookahead needs a type of fixed width, not header h_t"
        pkt.advance(true);             // ERROR "cannot use bool as bit<32>"
        x = x.next;                    // ERROR "no field .next. in bit<8>"
        transition select(x) { 5: accept; 16w5: reject; true: accept; _: nowhere; } // ERROR "cannot use bit<16> as bit<8> in select case" "cannot use bool as bit<8>" "no state .nowhere."
    }
    state keys {
        transition select(x, f.a) { 5: accept; (1, 2, 3): accept; (_, 16w3): reject; } // ERROR "select case has 1 keys, select has 2" "select case has 3 keys, select has 2" "cannot use bit<16> as bit<8>"
    }
    state odd { transition select(s) { _: accept; } } // ERROR "cannot select on struct s_t"
    state ints { transition select(5) { _: accept; } } // ERROR "cannot select on an int without a width"
    state sets { transition select(x) { x &&& x: accept; fn(3): accept; 1 .. 16w2: accept; } } // ERROR "a mask or range in select case must be a compile-time constant" "key in select case must be a value, not a call" "cannot use bit<16> as bit<8>"
}
