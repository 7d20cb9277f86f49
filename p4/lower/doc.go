// Package lower turns a checked P4 program into ir: it evaluates the instance
// tree of the Switch package, inlines controls, parsers, functions and direct
// action calls, lays out memory, and names what the control plane sees.
//
//	types.Info --> instances --> per pipeline and gress:
//	    parser states | control statements, tables, actions | deparser --> ir.Program
//
// What the model does not emulate is refused by name, with its position;
// nothing is skipped silently. Limits of the chip go through report.limit,
// which warns or refuses as the fidelity asks.
//
// It imports p4/types, p4/syntax and pipeline/ir; only package p4 imports it.
package lower
