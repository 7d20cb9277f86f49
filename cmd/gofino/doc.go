// Command gofino compiles TNA and T2NA P4-16 programs and runs them on a model
// of the Tofino switch chip. It only wires the other packages together; see
// docs/cli.md or gofino help.
package main
