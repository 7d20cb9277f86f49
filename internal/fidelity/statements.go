package fidelity

import (
	"fmt"
	"strings"
)

// Statement is one fact that a packet, a timestamp or a table operation can
// observe. Either Test or Why is set.
type Statement struct {
	Fact string // section of the facts, "chip 5" or "tna 2.1"
	Text string // in our words
	Test string // as Feature.Test
	Why  string // there is no test
}

// Statements is the list, by section.
func Statements() []Statement {
	var all []Statement
	for _, part := range [][]Statement{tnaStatements(), externStatements(), chipStatements(), engineStatements()} {
		all = append(all, part...)
	}
	return all
}

// StatementsMarkdown renders the list.
func StatementsMarkdown(list []Statement) string {
	var b strings.Builder
	proven := 0
	for _, s := range list {
		if s.Test != "" {
			proven++
		}
	}
	b.WriteString(`# Statements about the chip, and what proves each

Generated from internal/fidelity by ` + "`go test ./internal/fidelity -update`" + `; do not edit. A statement is a fact that a packet, a
timestamp or a table operation can observe. Features and their states: [fidelity.md](fidelity.md). A check sees to it that
every test named exists; whether it shows the statement was judged by reading, and some rows hold several facts.

`)
	fmt.Fprintf(&b, "%d statements: %d with the test that shows it, %d without a test, each with the reason.\n", len(list), proven, len(list)-proven)
	fact := ""
	for _, s := range list {
		if s.Fact != fact {
			fact = s.Fact
			fmt.Fprintf(&b, "\n## %s\n\n| statement | proof, or why there is none |\n|---|---|\n", fact)
		}
		proof := "`" + s.Test + "`"
		if s.Test == "" {
			proof = "no test: " + s.Why
		}
		fmt.Fprintf(&b, "| %s | %s |\n", strings.ReplaceAll(s.Text, "|", "\\|"), strings.ReplaceAll(proof, "|", "\\|"))
	}
	return b.String()
}
