package ir

import "math/big"

// Snapshot is what the chip's snapshot of one gress can show: the fields of
// the control's parameters (bfrt.md section 12).
type Snapshot struct {
	Name   string // "SwitchIngress.SwitchIngress": the control block and the control
	Dir    Dir
	Fields []SnapshotField // in order of their ids
}

// SnapshotField is a header or metadata field. Equal names of the program have
// equal ids, whatever the gress.
type SnapshotField struct {
	ID   uint32
	Name string // "hdr.ipv4.ttl", "hdr.ipv4.$valid"
	Loc  Loc
}

// HashInput is an element of what a dynamic hash is computed over.
type HashInput struct {
	Name  string   // "hdr.ipv4.src_addr", or the constant as written: "4w7"
	Width int      // bits
	Const *big.Int // its value, nil for a field
}
