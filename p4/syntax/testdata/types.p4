// Types, constants and everything else that may stand at the top of a program.
#include "include/widths.p4"

;
error { NoError, BadLength, BadVersion }
error {
    LateError,
}
match_kind { exact, ternary, nearly, }

const bit<8> ONE = 8w1;
const int<16> NEGATIVE = -16s0x1_F;
const int BIG = 0xFFFF_FFFF_FFFF_FFFF_FFFF;
const bit<4> BINARY = 4w0b1010;
const bit<9> OCTAL = 9w0o777;
const bit<9> DECIMAL = 9w0d511;
const bool YES = true;
const string WORDS = "say \"hi\"\n" ++ "C:\\dir \d";
const string LINES = "first
second";

typedef bit<48> mac_t;
typedef bit<(WIDTH * 2)> wide_t;
typedef bit<WIDTH - 1> p4c_width_t;
type bit<9> port_t;
@name("named") type mac_t new_mac_t;
typedef struct pair_s { bit<8> a; bit<8> b; } pair_t;
typedef tuple<bit<8>, bool> two_t;
typedef list<bit<8>> bytes_t;

header ethernet_h {
    mac_t dst;
    mac_t src;
    @hidden bit<16> ether_type;
}
header options_h { varbit<320> data; }
header tagged_h<T> { T tag; }
header_union either_h {
    ethernet_h eth;
    options_h  opt;
}
struct empty_s { }
struct box_s<T, U> {
    T first;
    U second;
    tuple<T, tuple<U, bit<8>>> both;
}
struct headers_t {
    ethernet_h         eth;
    tagged_h<bit<16>>[4] tags;
    either_h           either;
    bit<8>             bytes[3][2];
    error              why;
    box_s<bit<8>, box_s<bit, int<8>>> boxes;
}
enum color_t { RED, GREEN, BLUE }
enum bit<8> kind_t { A = 1, B = 2, C = ONE + 2, }
enum p4c_width_t other_t { X = 0 }

const pair_t PAIR = { 1, 2 };
const pair_t NAMED = { a = 1, b = 2, };
const pair_t PARTLY = { a = 1, ... };
const pair_t REST = { 1, ... };
const pair_t WHOLE = ...;
const pair_t CAST = (pair_t){ a = 1, b = 2 };
const list<pair_t> PAIRS = (list<pair_t>){ { 1, 2 }, { 3, 4 } };
const ethernet_h NOTHING = {#};
const box_s<bit<8>, bit<8>> EMPTY = (box_s<bit<8>, bit<8>>){ };

extern forward_e;
extern forward_e {
    forward_e();
}
@my_note("free text", (nested) 1 + 2 >> 3 { } ' $)
extern store_e<T, I> {
    store_e(bit<32> size, @optional T initial);
    T read(in I index);
    void write(in I index, in T value);
    @synchronous(read) abstract void apply(inout T value, @optional out T result);
    U convert<U>(in T value);
}
extern void plain();
extern T generic<T>(in T value, in bit<8> count = 4);
extern bool all_dirs(in bit<8> a, out bit<8> b, inout bit<8> c, bit<8> d);

bit<8> max(in bit<8> a, in bit<8> b) {
    if (a > b) return a;
    return b;
}
T identity<T>(in T x) { return x; }
@inline action drop_all() { }

parser parser_t<H>(packet_in packet, out H headers);
control control_t<H, M>(inout H headers, inout M meta);
package switch_t<H, M>(parser_t<H> p, control_t<H, M> c, @optional bit<8> n = 3);

@kv[one = 1, two = "two", three = 1 + 2]
@kvlist[1, "x", ONE > 0,]
@bare
@empty()
const bit<8> ANNOTATED = 1;

#pragma stage 3 "text"
const bit<8> PRAGMA = 1;
@pragma other a.b(1, 2) @x
@pragma third
const bit<8> PRAGMAS = 1;

control unit() { apply { } }
unit() the_unit;
@name("top") switch_t<_, _>(p = any_parser(), c = unit()) main;
