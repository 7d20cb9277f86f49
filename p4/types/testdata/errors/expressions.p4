// Operators, casts, slices, indices.
#include <core.p4>

enum plain_t { A, B }
enum other_t { A }
enum bit<8> code_t { A = 1 }
type bit<8> new_t;
header h_t { bit<8> a; }
header g_t { bit<8> a; }
extern E { E(); bit<8> get(); }

control c(inout bit<8> x, inout bit<16> y, inout int<8> z, inout bool b, inout h_t h, inout g_t g,
          inout new_t n, inout plain_t p, inout other_t o, inout code_t k, in bit<8> r, inout varbit<8> v, inout h_t[2] hs)(bit<8> ctor, int some) {
    E() e;
    tuple<bit<8>, bool> t;
    apply {
        x = y;                         // ERROR "cannot use bit<16> as bit<8> in assignment"
        x = z;                         // ERROR "cannot use int<8> as bit<8>"
        x = b;                         // ERROR "cannot use bool as bit<8>"
        b = x;                         // ERROR "cannot use bit<8> as bool"
        k = x;                         // ERROR "cannot use bit<8> as code_t without a cast"
        k = 1;                         // ERROR "cannot use int as code_t without a cast"
        k = k + 1;                     // ERROR "cannot use bit<8> as code_t"
        n = x;                         // ERROR "cannot use bit<8> as new_t without a cast"
        x = n;                         // ERROR "cannot use new_t as bit<8>"
        n = n + n;                     // ERROR "operator . is not defined on new_t"
        h = g;                         // ERROR "cannot use g_t as h_t"
        p = o;                         // ERROR "cannot use other_t as plain_t"
        y = x + y;                     // ERROR "operands of . have different widths: bit<8> and bit<16>"
        x = x + z;                     // ERROR "operands of . have different signs: bit<8> and int<8>"
        b = x < y;                     // ERROR "operands of < have different widths"
        b = p < plain_t.B;             // ERROR "operator < is not defined on enum plain_t"
        b = p == o;                    // ERROR "cannot compare enum plain_t with enum other_t"
        b = h == g;                    // ERROR "cannot compare header h_t with header g_t"
        b = e == e;                    // ERROR "extern E cannot be used as a value" "extern E cannot be used as a value"
        b = x == true;                 // ERROR "cannot compare bit<8> with bool"
        b = b + b;                     // ERROR "operator . is not defined on bool"
        b = x && b;                    // ERROR "operand of && must be bool, not bit<8>"
        b = !x;                        // ERROR "operator ! needs bool, not bit<8>"
        x = -b;                        // ERROR "operator - needs an integer, not bool"
        b = ~b;                        // ERROR "operator ~ needs bit<W> or int<W>, not bool"
        x = ~1;                        // ERROR "operator ~ needs a width"
        x = 1 |+| 2;                   // ERROR "operator |.| needs a width: both operands are int"
        x = x << z;                    // ERROR "right operand of << must be unsigned, not int<8>"
        x = x << -1;                   // ERROR "shift by the negative number -1"
        x = x << b;                    // ERROR "right operand of << must be bit<W> or a constant, not bool"
        x = 1 << x;                    // ERROR "left operand of << has no width"
        x = x ++ x;                    // ERROR "cannot use bit<16> as bit<8>"
        y = x ++ 1;                    // ERROR "operator .. needs operands with a width"
        x = x / 0;                     // ERROR "division by zero"
        x = x / -1;                    // ERROR "not defined on negative numbers"
        z = z / 2;                     // ERROR "operator / is not defined on signed values"
        v = v + v;                     // ERROR "operator . is not defined on varbit<8>"
        x = x ? x : x;                 // ERROR "condition of .: must be bool, not bit<8>"
        x = b ? x : y;                 // ERROR "branches of .: have different types: bit<8> and bit<16>"
        x = (b ? 1 : 2) + 3;           // ERROR "an int that is not known at compile time needs a width"
        x = x[8:0];                    // ERROR "bit 8 is outside bit<8>"
        x = x[0:3];                    // ERROR "slice .0:3. has its high bit below its low bit"
        x = x[y:0];                    // ERROR "high bit of a slice must be a constant"
        x = x[-1:0];                   // ERROR "high bit of a slice is -1"
        x = b[0:0];                    // ERROR "cannot slice bool"
        x[3:0] = 8w1;                  // ERROR "cannot use bit<8> as bit<4>"
        x = x[0];                      // ERROR "cannot index bit<8>"
        hs[2] = h;                     // ERROR "index 2 is out of range of header stack h_t.2."
        hs[b] = h;                     // ERROR "index must be an integer, not bool"
        x = t[x];                      // ERROR "index of a tuple must be a constant"
        x = t[2];                      // ERROR "index 2 is out of range of tuple<bit<8>, bool>"
        r = 1;                         // ERROR "cannot assign to this expression: r is a parameter with direction in"
        ctor = 1;                      // ERROR "cannot assign to this expression: ctor is a constructor parameter"
        e = e;                         // ERROR "extern E cannot be used as a value" "extern E cannot be used as a value"
        h = hs.next;                   // ERROR "next of a header stack can only be used in a parser state"
        x = h.b;                       // ERROR "no field .b. in header h_t .fields: a."
        x = hs.nest;                   // ERROR "no field .nest. in header stack h_t.2. .fields: next, last, lastIndex, size."
        x = e.got();                   // ERROR "no method .got. in extern E .methods: get."
        x = e.get;                     // ERROR "no field .get. in extern E"
        x = x.apply();                 // ERROR "no method .apply. in bit<8>"
        z = (int<8>)y;                 // ERROR "cannot cast bit<16> to int<8>: change the width and the sign with two casts"
        b = (bool)x;                   // ERROR "cannot cast bit<8> to bool"
        b = (bool)2;                   // ERROR "only 0 and 1 can be cast to bool, not 2"
        p = (plain_t)1;                // ERROR "cannot cast int to enum plain_t"
        v = (varbit<8>)x;              // ERROR "cannot cast bit<8> to varbit<8>"
        h = (h_t)g;                    // ERROR "cannot cast header g_t to header h_t"
        h = t;                         // ERROR "cannot use tuple<bit<8>, bool> as h_t"
        x += y;                        // ERROR "operands of . have different widths"
        b = { x } == { x };
        b = {#} == {#};                // ERROR "neither operand of == has a declared type"
        x = some + 1;                  // an int of a constructor is fine
        x = this.get();                // ERROR "this can only be used in the implementation of an abstract method"
    }
}
const bit<8> not_constant = (bit<8>)E.get; // ERROR "no member .get. in type extern E"
const int shifted = 1 << (1 << 40);    // ERROR "constant is too large"
const bit<8> lists = { 1, 2 };         // ERROR "cannot use tuple<int, int> as bit<8>"
const bit<8> plus = "a" + "b";         // ERROR "operator . is not defined on string; strings are joined with"
