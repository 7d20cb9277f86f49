// Package syntax turns P4-16 source text into a tree.
//
//	files -> preprocessor -> scanner -> parser -> File (nodes.go) -> printer
//
// The preprocessor is ours (#include, macros, conditionals) and keeps line
// marks, so every Pos names the file and line that the author wrote. The
// parser accepts the whole of P4-16 version 1.2.5 and knows nothing of types
// beyond what the grammar itself needs (which identifiers name types).
//
// One notion per file: scan.go and token.go cut text into tokens; preprocess.go,
// include.go, macro.go and ppexpr.go carry out directives; parser.go holds the
// parser's error recovery, scope.go what it knows of names, parse_*.go the
// grammar; print*.go writes a tree back; walk.go visits it.
//
// A built-in include file is named "<tna.p4>" in positions. The tree leaves out
// what could not be read, so it is worth checking only without errors; after an
// error of the preprocessor there is no tree at all.
//
// It imports nothing of ours. Packages types and lower read the tree; nobody
// else does.
package syntax
