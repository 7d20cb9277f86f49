// Package archtest is a test that the house stays a house: who may import whom,
// and what every folder and file owes its reader.
//
//	the tree of files -> Check -> one line per broken rule
//
// The arrows are those of the project's architecture; arrows.go has them as a
// table. A folder that is not in the table is a broken rule too: a new room
// needs a decision, not only a mkdir.
//
// It imports nothing of ours and is imported by nobody.
package archtest
