// Package p4 compiles a TNA or T2NA program, as its author wrote it for the
// chip, to pipeline/ir.
//
//	source --syntax--> tree --types--> Info --lower--> ir.Program
//
// The result is data and depends on nothing but the source, the options and
// the files that the source includes. Package p4 imports its own subfolders
// and pipeline/ir; the packet path never imports it.
package p4
