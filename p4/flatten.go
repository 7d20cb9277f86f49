package p4

import (
	"bytes"
	"fmt"

	"gofino/p4/syntax"
)

// Flatten writes the program in the file at path as one file that needs no
// other and no definitions: what the preprocessor makes of it, the architecture
// included. Compiled for the same target with the same Defines, it is the same
// program, with the same fingerprint. The text is nil if any diagnostic is an
// error.
func Flatten(path string, opt Options) ([]byte, []syntax.Diagnostic) {
	file, diags := syntax.ParseFile(path, opt.syntaxConfig())
	if HasErrors(diags) {
		return nil, diags
	}
	var b bytes.Buffer
	if err := syntax.Print(&b, file); err != nil {
		panic(fmt.Sprintf("BUG: print program: %v", err)) // a buffer takes every byte
	}
	return b.Bytes(), diags
}
