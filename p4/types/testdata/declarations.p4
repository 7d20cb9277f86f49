// Types, generics, scopes and shadowing.
#include <core.p4>

typedef bit<48> Mac;
type Mac Station;
struct Box<T> { T value; bool full; }
header Cell<T> { T value; }
typedef Box<bit<8>> ByteBox;               // DEF "Box<bit<8>>"
struct Nest { Box<Mac> a; Box<bool> b; }
struct Two<A, B> { A a; Box<B> b; tuple<A, B> t; }
struct Inner { bit<8> c; }
header Inner_h { Station s; }
header Opts { bit<8> len; varbit<64> data; bool b; int<7> i; Inner x; }

const Box<bit<8>> boxed = { 5, true };     // DEF "Box<bit<8>>" "{5, true}"
const Two<bit<8>, int<4>> two = { a = 1, b = { 2, false }, t = { 3, 4 } }; // DEF "Two<bit<8>, int<4>>" "{1, {2, false}, {3, 4}}"
const bit<8> inside = boxed.value;         // DEF "bit<8>" "5"

const bit<4> x = 1;

bit<8> shadows(in bit<8> x) {
    bit<8> y = x;                          // EXPR "x" "bit<8>"
    {
        bool x = true;
        if (x) { y = 1; }                  // EXPR "x" "bool"
        bit<4> z = .x;                     // EXPR ".x" "bit<4>" "1"
    }
    return y + x;                          // EXPR "y + x" "bit<8>"
}

T identity<T>(in T x) { return x; }
Box<T> wrapped<T>(in T x) { return { x, true }; } // CONV "{x, true}" "Box<T>"

// Functions overload by the number and the names of parameters.
bit<8> over() { return 0; }
bit<16> over(in bit<16> a) { return a; }
bit<32> over(in bit<32> b) { return b; }

control c(inout bit<8> b, in Nest n)(bit<8> start, int count) {
    Box<Mac> local;
    Cell<bit<8>>[4] stack;
    bit<8>[2] array;
    tuple<bit<8>, bool> pair;
    const bit<8> fixed = 3;
    apply {
        bit<8> start_copy = start;
        b = count;                         // CONV "count" "bit<8>"
        local = n.a;                       // EXPR "n.a" "Box<bit<48>>"
        local.value = n.a.value;
        b = identity(b);                   // TARGS "bit<8>"
        b = identity<bit<8>>(fixed + 1);   // TARGS "bit<8>"
        Box<bit<8>> w = wrapped(b);        // TARGS "bit<8>"
        b = over();
        bit<16> o2 = over(a = 5);          // EXPR "5" "bit<16>" "5"
        bit<32> o3 = over(b = 5);          // EXPR "5" "bit<32>" "5"
        array[1] = array[0] + 1;
        stack[2].setValid();
        stack[b].value = 1;
        stack.push_front(1);
        stack.pop_front(2);
        pair = { b, true };
        pair[0] = 9;
        bool eq = pair == { 9, true } && local == n.a;
        bit<32> n4 = stack.size;           // EXPR "stack.size" "bit<32>" "4"
        b = stack[0].isValid() ? b : 7;    // EXPR "7" "bit<8>" "7"
        b = (bit<8>)(eq ? 1 : 2);          // EXPR "2" "bit<8>" "2"
        b[3:0] = 4w3;
        b[b[2:0]+:2] = 2w1;
        b |+|= 4;
        b <<= 1;
        b[7:4] |= 1;                       // EXPR "1" "bit<4>" "1"
        bit<0> empty = 0;
    }
}

control outer(inout bit<8> b, in Nest n) {
    c(5, 1 << 3) inst;                     // EXPR "5" "bit<8>" "5"
    c(count = 2, start = 1) by_name;
    apply {
        inst.apply(b, n);
        by_name.apply(n = n, b = b);
    }
}

// A member may be named before the enum is complete.
enum bit<4> Steps { a = 1, b = a, c = (bit<4>)b + 1 }
const bit<4> last = Steps.c;               // DEF "bit<4>" "2"
