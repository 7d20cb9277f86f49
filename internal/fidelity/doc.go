// Package fidelity lists what of the chip this model has, and how faithfully:
//
//	features.go -> Markdown -> docs/fidelity.md
//	     \-> the tests that prove it, by folder and name
//
// A test compares docs/fidelity.md with the list, and looks for every test that
// the list names. To add a feature, add a row with its test and run
//
//	go test ./internal/fidelity -update
//
// The package imports nothing of ours, and nothing imports it.
package fidelity
