package pipeline

import "gofino/pipeline/ir"

// Capture follows one run of a control for the chip's snapshots (bfrt.md
// section 12): what the gress's memory held at the input of each stage, which
// tables ran and which conditions were decided.
//
// Statements run in the program's order here and in that of the stages on the
// chip. Both give each stage the same: a statement that needs what another
// writes is in a later stage, so the memory at a stage's input is the parser's
// with all writes of earlier stages over it.
type Capture struct {
	// Stage is where a statement of the control runs, -1 where that is not
	// known: it then runs with the statement before. Set by the caller.
	Stage func(ir.Stmt) int

	// Ran tells whether the control ran at all.
	Ran    bool
	Tables []TableRun // in the program's order
	Gates  map[*ir.If]bool
	Bare   map[ir.Stmt]bool // the other statements that ran

	start  []byte
	writes []written
	at     int
	deep   bool // inside a statement that is followed as one
}

// TableRun is one application of a table.
type TableRun struct {
	Apply  *ir.Apply
	Hit    bool
	Handle uint32 // of the entry; 0 for a miss
}

// written is what a statement changed: mask has the bits of memory from byte
// off on that data replaces.
type written struct {
	stage, off int
	data, mask []byte
}

// Memory of the gress at the input of a stage, as ir.Loc counts it.
func (c *Capture) Memory(stage int) []byte {
	m := append([]byte(nil), c.start...)
	for _, w := range c.writes {
		if w.stage >= stage {
			continue
		}
		for i, k := range w.mask {
			m[w.off+i] = m[w.off+i]&^k | w.data[i]&k
		}
	}
	return m
}

// begin notes the memory that the parser left.
func (c *Capture) begin(mem []byte) {
	c.Ran, c.Gates, c.Bare = true, map[*ir.If]bool{}, map[ir.Stmt]bool{}
	c.start = append([]byte(nil), mem...)
}

// follow runs a statement and notes what it changed.
func (c *Capture) follow(r *reference, s ir.Stmt) flow {
	switch s.(type) {
	case *ir.If, *ir.Switch, *ir.Block, *ir.Break, *ir.Exit:
		return r.run(s) // its parts are followed one by one
	}
	if n := c.Stage(s); n >= 0 {
		c.at = n
	}
	if _, ok := s.(*ir.Apply); !ok {
		c.Bare[s] = true
	}
	before := append([]byte(nil), r.mem...)
	c.deep = true
	f := r.run(s)
	c.deep = false
	first, last := 0, len(before)-1
	for first <= last && before[first] == r.mem[first] {
		first++
	}
	for last >= first && before[last] == r.mem[last] {
		last--
	}
	if first <= last {
		w := written{stage: c.at, off: first, data: append([]byte(nil), r.mem[first:last+1]...), mask: make([]byte, last+1-first)}
		for i := range w.mask {
			w.mask[i] = before[first+i] ^ w.data[i]
		}
		c.writes = append(c.writes, w)
	}
	return f
}
