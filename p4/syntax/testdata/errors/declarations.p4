const bit<8> = 3; // ERROR "expected the name of a constant, found '='"
const bit<8> no_value; // ERROR "expected '=' after the name of a constant, found ';'"
const bit<> w = 3; // ERROR "expected an expression, found '>'"
const void v = 3; // ERROR "found 'void', which only a function may return"
bit<8> global = 3; // ERROR "a variable cannot be declared here"
x y z; // ERROR "expected a declaration, found 'x' 'y'"
} // ERROR "expected a declaration, found '}'"
table t { } // ERROR "'table' stands outside of a control"
state start { } // ERROR "'state' stands outside of a parser"
struct s {
    bit<8> a // ERROR "expected ';' after field, found 'bit'"
    bit<8> b;
    bit<8> ; // ERROR "expected the name of a field, found ';'"
    8 c; // ERROR "expected the type of a field, found '8'"
    bit<8> d;
}
enum e1 { A B } // ERROR "expected ',' or '}' after a member of enum e1, found 'B'"
enum e2 { A = 1 } // ERROR "enum e2 has no type"
enum bit<8> e3 { A } // ERROR "expected '=' after the member of an enum with a type"
error { if } // ERROR "expected a member of error, found the keyword 'if'"
extern x {
    void m() // ERROR "expected ';' after method, found 'y'"
    y(); // ERROR "method \"y\" has no result type, and the constructor's name would be \"x\""
    x();
}
header h<T, { } // ERROR "expected the name of a type parameter, found '{'"
package p(bit<8> a b); // ERROR "expected ',' or '\)' after parameter, found 'b'"
void f(in out bit<8> a) { } // ERROR "expected the type of a parameter, found 'out'"
varbit a() { } // ERROR "expected '<' and the greatest width after varbit"
typedef bit<8>; // ERROR "expected the new type's name, found ';'"
type struct s2 { } t2; // ERROR "expected a type after 'type', found 'struct'" "expected a declaration, found 't2' ';'"
typedef list<bit<8>, bit<8>> l; // ERROR "list has one type argument, found 2"
const bit<8> good = 1;
@ 5 const bit<8> k = 1; // ERROR "expected the name of an annotation after '@', found '5'"
@a[1 2] const bit<8> k = 1; // ERROR "expected ',' or '\]' after a value of annotation @a"
control no_apply() { } // ERROR "control no_apply has no apply block"
const bit<8> n1 = 8w; // ERROR "number '8w' has no digits"
const bit<8> n2 = 0xZ; // ERROR "'0xZ' is not a number in base 16"
