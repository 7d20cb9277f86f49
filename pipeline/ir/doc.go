// Package ir is a compiled TNA program as data: what p4/lower writes and
// pipeline, tables and model read. It has no behaviour, no clock, no I/O, and
// imports nothing of ours; the same source gives the same value, always.
//
// Everything that the source called by name is an index or a place here. The
// memory of one gress is one flat byte array in network order ("PHV"); a Loc
// is a place in it. Headers lie there exactly as on the wire, so that extract
// and emit are one copy each.
//
// Calls with effects (tables, hashes, registers, random, look-ahead) are
// statements that write a Loc; an Expr is pure. Controls, functions, parsers
// and direct action calls are already inlined, with copy-in and copy-out
// written out, in evaluation order.
package ir
