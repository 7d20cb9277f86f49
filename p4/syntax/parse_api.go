package syntax

// Config says how to read a program. The zero value reads a program that
// includes nothing.
type Config struct {
	// IncludeDirs are searched for #include, in order (-I).
	IncludeDirs []string
	// Defines are the macros of the command line (-D NAME or NAME=VALUE).
	Defines []string
	// Builtin returns the text of an embedded include file ("core.p4",
	// "tna.p4") and whether there is one. IncludeDirs win over it.
	Builtin func(name string) (text string, ok bool)
	// Hint may add to the error about an include file that is not found; "" adds
	// nothing.
	Hint func(name string) string
	// MaxErrors ends reading after that many errors; 0 means 20.
	MaxErrors int
}

// Severity of a Diagnostic.
type Severity uint8

const (
	SevError Severity = iota
	SevWarning
)

// Diagnostic is one message about the author's source. Printed as
// "FILE:LINE:COL: error: TEXT".
type Diagnostic struct {
	At       Pos
	Severity Severity
	Text     string
}
