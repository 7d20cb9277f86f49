package snap

// Names writes strings that come again and again: in full the first time, as a
// number afterwards. The zero value works; whoever reads uses another one in
// the same order.
type Names struct {
	number map[string]uint64 // writer's; from 1
	names  []string          // reader's
}

// maxNames bounds what both sides remember.
const maxNames = 1 << 16

// Put writes a string.
func (n *Names) Put(e *Encoder, s string) {
	if at, ok := n.number[s]; ok {
		e.Uint(at)
		return
	}
	e.Uint(0)
	e.String(s)
	if len(n.number) < maxNames {
		if n.number == nil {
			n.number = map[string]uint64{}
		}
		n.number[s] = uint64(len(n.number) + 1)
	}
}

// Get reads a string.
func (n *Names) Get(d *Decoder) string {
	at := d.Below("the number of a name", len(n.names)+1)
	if at > 0 {
		return n.names[at-1]
	}
	s := d.String()
	if len(n.names) < maxNames && d.Err() == nil {
		n.names = append(n.names, s)
	}
	return s
}
