// What may be part of what, and how generic types are used.
#include <core.p4>

header h_t { bit<8> a; }
struct s_t { bit<8> a; }
struct v_t { varbit<8> v; }
enum plain_t { A }
enum bool b_t { A = true }             // ERROR "cannot have the underlying type bool: only bit<W> and int<W>"
enum bit<4> sized_t { A = 1, B = 17, C = x } // ERROR "no name .x."
extern E { E(); }
control ctl();

header h1 { h_t h; }                   // ERROR "field .h. of header h1 cannot have type h_t: headers hold"
header h2 { error e; }                 // ERROR "field .e. of header h2 cannot have type error"
header h3 { plain_t p; }               // ERROR "an enum in a header needs an underlying type"
header h4 { v_t v; }                   // ERROR "its field v has type varbit<8>"
header h5 { tuple<bit<8>, bool> t; }   // ERROR "headers hold"
header h6 { h_t[2] s; }                // ERROR "headers hold"
header_union u1 { s_t s; }             // ERROR "field .s. of header_union u1 cannot have type s_t: a header_union holds headers"
struct s1 { int i; }                   // ERROR "int has no fixed width"
struct s2 { E e; }                     // ERROR "objects cannot be in a struct"
struct s3 { string s; }                // ERROR "not a type of run-time values"
struct s4 { list<bit<8>> l; }          // ERROR "lists exist only at compile time"
struct s5 { ctl c; }                   // ERROR "objects cannot be in a struct"
struct s6 { match_kind m; }            // ERROR "not a type of run-time values"
typedef h_t[-1] negative_t;            // ERROR "size of a header stack is -1, must be in 0.."
typedef bit<-1> narrow_t;              // ERROR "width of bit<W> is -1, must be in 0.."
typedef int<0> empty_t;                // ERROR "width of int<W> is 0, must be in 1.."
typedef bit<99999999999999999999999> wide_t; // ERROR "width of bit<W> is 99999999999999999999999, must be in 0..65536"
typedef bit<true> truth_t;             // ERROR "width of bit<W> must be an integer, not bool"
type varbit<8> var_t;                  // ERROR "type var_t cannot be made from varbit<8>"
type s_t strct_t;                      // ERROR "type strct_t cannot be made from struct s_t"

struct box<T> { T value; }
header cell<T> { T value; }
typedef box few_t;                     // ERROR "generic type box needs type arguments: box<T>"
typedef box<bit<8>, bit<8>> many_t;    // ERROR "type box has 1 type parameters .T., got 2 arguments"
typedef s_t<bit<8>> odd_t;             // ERROR "type s_t is not generic"
typedef box<box<bit<8>>> nested_t;     // ERROR "contains itself as a type argument"
typedef box<_> open_t;                 // ERROR "type argument of a struct cannot be _"
typedef box<int> unsized_t;            // ERROR "field .value. of struct box<int> cannot have type int"
typedef cell<h_t> deep_t;              // ERROR "field .value. of header cell<h_t> cannot have type h_t"
typedef box<ctl> control_t;            // ERROR "control ctl cannot be a type argument"

const E no_object = 1;                 // ERROR "cannot declare a constant of type extern E"
const h_t missing = { };               // ERROR "cannot use a list of 0 as h_t, which has 1"
const s_t extra = { 1, 2 };            // ERROR "cannot use a list of 2 as s_t, which has 1"
const s_t unknown = { b = 1 };         // ERROR "no field .b. in struct s_t .fields: a."
const s_t absent = { a = 1, a = 2 };   // ERROR "field .a. is given twice"
const box<bit<8>> hole = { value = true }; // ERROR "field value: cannot use bool as bit<8>"
const s_t short = (s_t){ };            // ERROR "cannot use a list of 0 as s_t"
const match_kind dots = ...;           // ERROR "cannot use ... as match_kind: the type has no default value"
const bit<8> nohdr = {#};              // ERROR "cannot use {#} as bit<8>: only headers and header unions can be invalid"
const tuple<bit<8>, bool> tup = { true, 1 }; // ERROR "cannot use bool as bit<8>"

control variables() {
    E e;                               // ERROR "cannot declare a variable of type extern E: write an instantiation, E.. e"
    ctl c;                             // ERROR "cannot declare a variable of type control ctl"
    int i;                             // ERROR "cannot declare a variable of type int"
    apply { }
}
