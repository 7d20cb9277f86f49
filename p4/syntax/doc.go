// Package syntax turns P4-16 source text into a tree.
//
//	files -> preprocessor -> scanner -> parser -> File (nodes.go) -> printer
//
// The preprocessor is ours (#include, macros, conditionals) and keeps line
// marks, so every Pos names the file and line that the author wrote. The
// parser accepts the whole of P4-16 version 1.2.5 and knows nothing of types
// beyond what the grammar itself needs (which identifiers name types).
//
// It imports nothing of ours. Packages types and lower read the tree; nobody
// else does.
package syntax
