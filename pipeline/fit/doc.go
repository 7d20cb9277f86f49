// Package fit tells where a program's tables sit on the chip and what they
// cost: which stage holds which table, what of each stage is used, why a table
// could not be earlier, and how many clock cycles a packet spends.
//
//	ir.Pipeline ──build──▶ graph ──clean──▶ graph ──place──▶ stages ──time──▶ Report
//	 statements,          tables,          without        what each          cycles per
//	 tables               gateways         dead code      stage holds        stage and gress
//
//	context.json ────────────────────────────────────────────────────────▶ Report
//
// From source it is an estimate: the rules are the chip's (timing.md section
// 2, chip.md sections 2 to 4), the order in which tables are tried follows the
// chip's own compiler, and what only a container allocation knows is
// approximated (see containers.go). From a compiler's context.json it is
// exact.
//
// It imports pipeline/ir and nothing else of ours. The model asks it where a
// table is when somebody looks into a stage; no packet waits for that.
package fit
