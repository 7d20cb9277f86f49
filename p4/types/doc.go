// Package types checks a P4 program: names, types, constants, generics.
//
//	syntax.File -> Check -> Info (what every name, type and call means)
//
// It has the shape of go/types: the tree is left alone, and Info maps its
// nodes to types, constants and objects. It imports p4/syntax only; p4/lower
// reads Info and never resolves a name itself.
package types
