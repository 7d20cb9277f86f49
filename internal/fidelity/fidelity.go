package fidelity

import (
	"fmt"
	"strings"
)

// State says how a feature of the chip fares here.
type State uint8

const (
	// Exact: what a packet or a table operation can observe is what the chip
	// does, as far as public sources tell.
	Exact State = iota
	// Modelled: it works; something that the note names is a choice of ours.
	Modelled
	// Refused: a program or an operation that needs it gets an error that names it.
	Refused
	// Limited: a limit of the chip: an error in strict mode, a warning otherwise.
	Limited
)

var stateNames = [...]string{"exact", "modelled", "refused", "limit"}

func (s State) String() string { return stateNames[s] }

// Feature is a row of the list.
type Feature struct {
	Area  string
	Name  string
	State State
	// Note: what is chosen where no public source decides, why it is refused, or
	// the limit.
	Note string
	// Fact is the section of the chip facts, "chip 5" or "tna 10".
	Fact string
	// Test that proves it: "folder TestName", or "folder TestName/case" for a
	// case of a table-driven test, or "folder testdata/file" for a program with
	// the expected error in place.
	Test string
}

// Markdown renders the list.
func Markdown(list []Feature) string {
	var b strings.Builder
	count := map[State]int{}
	for _, f := range list {
		count[f.State]++
	}
	b.WriteString(`# Fidelity: what of the chip this model has

Generated from internal/fidelity/features.go by ` + "`go test ./internal/fidelity -update`" + `; do not edit.

`)
	fmt.Fprintf(&b, "%d features: %d exact, %d modelled, %d refused, %d limits.\n\n", len(list), count[Exact], count[Modelled], count[Refused], count[Limited])
	b.WriteString(`- **exact**: what a packet or a table operation can observe is what the chip does, as far as public sources tell.
- **modelled**: it works; the note says what is a choice of this model because no public source decides it.
- **refused**: a program or an operation that needs it gets an error that names it, with the position in the source.
- **limit**: with ` + "`--fidelity strict`" + ` an error with the position, the amount and the limit; otherwise one warning.

Facts are sections of three collections of public chip facts: "chip" (resources, numbers, algorithms), "tna" (what programs
can rely on) and "bfrt" (what controllers can).
`)
	area := ""
	for _, f := range list {
		if f.Area != area {
			area = f.Area
			fmt.Fprintf(&b, "\n## %s\n\n| feature | state | fact | note | proof |\n|---|---|---|---|---|\n", area)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | `%s` |\n", f.Name, f.State, f.Fact, strings.ReplaceAll(f.Note, "|", "\\|"), f.Test)
	}
	return b.String()
}
