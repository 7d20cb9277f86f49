// Package fidelity lists what of the chip this model has, and how faithfully:
//
//	features.go -> Markdown -> docs/fidelity.md
//	     \-> the tests that prove it, by folder and name
//	statements_*.go -> docs/statements.md: what the facts say, one by one
//
// Tests compare the documents with the lists, and look for every test that
// the lists name. To add a feature, add a row with its test and run
//
//	go test ./internal/fidelity -update
//
// The package imports nothing of ours, and nothing imports it.
package fidelity
