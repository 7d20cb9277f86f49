package fidelity

import "testing"

const statementsDoc = root + "/docs/statements.md"

// TestStatementsDocumentIsCurrent: docs/statements.md is what the list says.
func TestStatementsDocumentIsCurrent(t *testing.T) {
	current(t, statementsDoc, StatementsMarkdown(Statements()))
}

// TestStatementsAreWhole: each has a test that exists or a reason, none is
// there twice, and sections lie together.
func TestStatementsAreWhole(t *testing.T) {
	known, seen, sections := map[string]*proofs{}, map[string]bool{}, map[string]bool{}
	last := ""
	for _, s := range Statements() {
		name := s.Fact + ": " + s.Text
		if seen[name] {
			t.Errorf("%s: is there twice", name)
		}
		seen[name] = true
		if s.Fact != last && sections[s.Fact] {
			t.Errorf("%s: the section lies in two places", name)
		}
		last, sections[s.Fact] = s.Fact, true
		if (s.Test == "") == (s.Why == "") {
			t.Errorf("%s: wants a test or a reason, and one of them", name)
		}
		if s.Test != "" {
			if err := find(known, s.Test); err != "" {
				t.Errorf("%s: %s", name, err)
			}
		}
	}
}
