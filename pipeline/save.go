package pipeline

import "gofino/internal/snap"

// Save writes what the pipe keeps from packet to packet outside of its
// tables.State. The caller holds the state's Mu, as for Load.
func (pi *Pipe) Save(e *snap.Encoder) {
	for _, n := range pi.logNext {
		e.Uint(uint64(n))
	}
}

// Load reads what Save wrote of a pipe with the same program. What is wrong it
// tells the Decoder.
func (pi *Pipe) Load(d *snap.Decoder) {
	for i, r := range pi.st.Registers {
		pi.logNext[i] = uint32(d.Below("the next log entry of a register", max(r.Len(), 1)))
	}
}
