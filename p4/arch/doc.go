// Package arch holds our declarations of the P4 core library and of the Tofino
// native architectures.
//
//	#include <core.p4>   P4-16 itself: packet_in, packet_out, NoAction, ...
//	#include <tna.p4>    Tofino, and Tofino 2 run as a Tofino (__TARGET_TOFINO__ 2)
//	#include <t2na.p4>   Tofino 2
//
// The .p4 files in p4/ are facts about the chip: header layouts, widths,
// names of blocks and externs. The package is data only; it imports nothing of
// ours. syntax.Config.Builtin takes Builtin.
package arch
