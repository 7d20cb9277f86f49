package ir

// Digest is a Digest instance, a learn filter for the control plane. Type is
// its digest_type, -1 where the program uses the form without one: then the
// condition around the emission tells them apart.
type Digest struct {
	Name   string // "SwitchIngressDeparser.digest_a"
	Pos    Pos
	Type   int
	Fields []DigestField
}

// DigestField is one field of a quantum.
type DigestField struct {
	Name  string
	Width int
}

// Bytes is how long a quantum's data is, as DigestEmit lays it out.
func (d *Digest) Bytes() int {
	n := 0
	for _, f := range d.Fields {
		n += (f.Width + 7) / 8
	}
	return n
}
