// Package types checks a P4 program: names, types, constants, generics.
//
//	syntax.File -> Check -> Info (what every name, type and call means)
//
// It has the shape of go/types: the tree is left alone, and Info maps its
// nodes to types, constants and objects. It imports p4/syntax only; p4/lower
// reads Info and never resolves a name itself.
//
// Declarations are checked in source order, and a name enters its scope when
// its declaration has been checked; that alone gives P4's rule that nothing is
// used before it is declared (parser states excepted).
package types
