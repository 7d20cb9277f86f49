// Constants, operators and their values.
#include <core.p4>

const int big = 1 << 100;                  // DEF "int" "1267650600228229401496703205376"
const bit<8> wraps = 300;                  // DEF "bit<8>" "44"
const int<8> minus = 255;                  // DEF "int<8>" "-1"
const bit<8> neg = -8w1;                   // DEF "bit<8>" "255"
const bit<4> inverted = ~4w5;              // DEF "bit<4>" "10"
const bit<8> sum = 8w250 + 8w10;           // DEF "bit<8>" "4"
const bit<8> diff = 8w1 - 2;               // DEF "bit<8>" "255"
const bit<8> top = 8w250 |+| 10;           // DEF "bit<8>" "255"
const bit<8> bottom = 8w3 |-| 8w4;         // DEF "bit<8>" "0"
const int<4> stop = 4s7 |+| 4s1;           // DEF "int<4>" "7"
const int<4> low = -4s8 |-| 4s1;           // DEF "int<4>" "-8"
const int ratio = 17 / 5;                  // DEF "int" "3"
const int rest = 17 % 5;                   // DEF "int" "2"
const bit<8> quarter = 8w200 / 4;          // DEF "bit<8>" "50"
const bit<16> cat = 8w1 ++ (-8s1);         // DEF "bit<16>" "511"
const int<12> scat = -4s1 ++ 8w0;          // DEF "int<12>" "-256"
const string text = "a" ++ "b" ++ "c";     // DEF "string" "abc"
const bit<4> nibble = 16w0xabcd[11:8];     // DEF "bit<4>" "11"
const bit<4> of_int = 0xabcd[7:4];         // DEF "bit<4>" "12"
const bit<8> of_low = 32w0x12345678[8+:8]; // DEF "bit<8>" "86"
const bit<4> of_neg = (-1)[3:0];           // DEF "bit<4>" "15"
const bit<8> left = 8w0x81 << 1;           // DEF "bit<8>" "2"
const int<8> right = -8s2 >> 1;            // DEF "int<8>" "-1"
const bit<8> gone = 8w255 >> 9;            // DEF "bit<8>" "0"
const int half = -7 >> 1;                  // DEF "int" "-4"
const bit<8> shifted = 8w1 << 2w3;         // DEF "bit<8>" "8"
const bool less = 8w3 < 200;               // DEF "bool" "true"
const bool sless = -8s1 < 0;               // DEF "bool" "true"
const bool lazy = false && (1 == 1);       // DEF "bool" "false"
const bool both = true && 3 != 4 || false; // DEF "bool" "true"
const bool same = "x" == "x";              // DEF "bool" "true"
const bit<8> pick = true ? 8w1 : 2;        // DEF "bit<8>" "1"
const int which = 3 > 4 ? 10 : 20;         // DEF "int" "20"

const bit<1> from_bool = (bit<1>)true;     // DEF "bit<1>" "1"
const bool to_bool = (bool)1w0;            // DEF "bool" "false"
const bool one = (bool)1;                  // DEF "bool" "true"
const int<8> flipped = (int<8>)8w200;      // DEF "int<8>" "-56"
const bit<16> wider = (bit<16>)8w200;      // DEF "bit<16>" "200"
const int<16> signed = (int<16>)-8s3;      // DEF "int<16>" "-3"
const bit<4> cut = (bit<4>)8w0xab;         // DEF "bit<4>" "11"
const int back = (int)-8s3;                // DEF "int" "-3"
const bit<8> both_ways = (bit<8>)-8s1;     // DEF "bit<8>" "255"

const bit<(4 + 4)> counted = (4 + 4)[3:0] ++ 4w0;  // DEF "bit<8>" "128"
const bit<0> nothing = 0;                  // DEF "bit<0>" "0"

enum Plain { A, B, C }
enum bit<8> Coded { X = 1, Y = X + 1, Z = 8w7 }

const Plain plain = Plain.B;               // DEF "Plain" "B"
const bool plain_same = Plain.B == plain;  // DEF "bool" "true"
const Coded coded = Coded.Y;               // DEF "Coded" "2"
const bit<8> number = Coded.Z;             // DEF "bit<8>" "7"
const bit<8> plus = Coded.Z + Coded.X;     // DEF "bit<8>" "8"
const Coded made = (Coded)(Coded.X + 1);   // DEF "Coded" "2"
const bit<16> doubled = Coded.X ++ 8w0;    // DEF "bit<16>" "256"
const bit<8> moved = 8w1 << Coded.Y;       // DEF "bit<8>" "4"
const bit<2> sliced = Coded.Z[2:1];        // DEF "bit<2>" "3"
const error fault = error.NoMatch;         // DEF "error" "error.NoMatch"
const bool is_fault = fault != error.NoError; // DEF "bool" "true"

struct Pair { bit<8> a; bit<16> b; }
header Head { bit<8> a; bit<24> b; }
type bit<9> Port;
typedef Port PortAlias;

const Pair pair = { 1, 2 };                // DEF "Pair" "{1, 2}"
const Pair named = { b = 5, a = 300 };     // DEF "Pair" "{44, 5}"
const Pair partly = { 7, ... };            // DEF "Pair" "{7, 0}"
const Pair some = { b = 3, ... };          // DEF "Pair" "{0, 3}"
const Pair none = ...;                     // DEF "Pair" "{0, 0}"
const Plain first = ...;                   // DEF "Plain" "A"
const Pair cast = (Pair){ 1, 2 };          // DEF "Pair" "{1, 2}"
const bit<16> field = named.b;             // DEF "bit<16>" "5"
const tuple<bit<8>, bool> tup = { 3, true };  // DEF "tuple<bit<8>, bool>" "{3, true}"
const bit<8> elem = tup[0];                // DEF "bit<8>" "3"
const bool equal = pair == (Pair){ 1, 2 }; // DEF "bool" "true"
const bool unequal = pair == { 1, 3 };     // DEF "bool" "false"
const Port port = (Port)5;                 // DEF "Port" "5"
const bit<9> raw = (bit<9>)port;           // DEF "bit<9>" "5"
const bool ports = port == (PortAlias)6;   // DEF "bool" "false"
const list<Pair> rows = { { 1, 2 }, { 3, 4 } }; // DEF "list<Pair>" "{{1, 2}, {3, 4}}"
const match_kind kind = ternary;           // DEF "match_kind"
const bool checked = static_assert(big > 5, "never seen"); // DEF "bool" "true"
const int size = pair.minSizeInBits();     // DEF "int" "24"
const int bytes = Head.minSizeInBytes();   // DEF "int" "4"

header Long { bit<4> f; varbit<20> v; }
header_union Any { Head h; Long l; }
const int least = Long.minSizeInBits();    // DEF "int" "4"
const int most = Long.maxSizeInBytes();    // DEF "int" "3"
typedef Head[3] Heads;
const int stack = Heads.maxSizeInBits();   // DEF "int" "96"
const int union = Any.maxSizeInBits();     // DEF "int" "32"
