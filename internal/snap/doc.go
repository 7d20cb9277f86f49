// Package snap is how state becomes bytes and bytes become state.
//
//	state -> Encoder -> body -> Seal -> magic, version, length, body, SHA-256
//	state <- Decoder <- body <- Open <-
//
// A package that owns state writes it with an Encoder and reads it back with a
// Decoder, in a file save.go of its own. Equal states must give equal bytes:
// maps are written in the order of their keys.
//
// An Encoder's body is made of sections: four letters, a length, bytes. Readers
// refuse sections that they do not know, and every number that a body holds is
// checked before it is used: whoever reads must bring an error, never a panic
// and never more memory than the body's length justifies, whatever the bytes.
//
// WriteFile puts a file on disk so that whoever looks sees the old one or the
// new one, whole. It imports nothing of ours.
package snap
