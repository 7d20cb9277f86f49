package tables

import (
	"slices"
	"sync"
)

// Debug counters: one for each logical table of each stage, 32 bits wide. What
// one counts is its type; as the chip starts, hits.

// LogicalPerStage is the number of logical tables of a stage (chip.md section 2).
const LogicalPerStage = 16

// DebugType is what a debug counter counts.
type DebugType uint8

// The types, in the order of the driver's numbers.
const (
	DebugDisabled DebugType = iota
	DebugMiss
	DebugHit
	DebugGatewayMiss
	DebugGatewayHit
	DebugGatewayInhibit
)

// DebugTypes are the names of the types.
var DebugTypes = []string{"DISABLED", "TBL_MISS", "TBL_HIT", "GW_TBL_MISS", "GW_TBL_HIT", "GW_TBL_INHIBIT"}

// Debug is the debug counters of one pipe. Nothing is counted before they are
// written for the first time (Store.StartDebug). Guarded by State.Mu.
type Debug struct {
	// Cells by stage * LogicalPerStage + logical table; nil: not counting.
	Cells []DebugCell
	// Tables by index in ir.Pipeline.Tables.
	Tables []DebugTable
	// Gates is how many of Cells count conditions; SetType keeps it.
	Gates int
}

// DebugCell is one counter.
type DebugCell struct {
	Type  DebugType
	Value uint32
}

// DebugTable is the counters of one table: several, where it lies in several
// stages. Empty while nothing is counted.
type DebugTable struct{ cells []*DebugCell }

// Count counts a packet that the table was applied to. A hit is taken to be in
// the last part of a table that lies in several stages.
func (t *DebugTable) Count(hit bool) {
	last := len(t.cells) - 1
	for i, c := range t.cells {
		if c.Type == DebugMiss && !hit || c.Type == DebugHit && hit && i == last {
			c.Value++
		}
	}
}

// Counts tells whether anything counts.
func (t *DebugTable) Counts() bool { return len(t.cells) != 0 }

// CountGate counts a condition that the table shares its place with.
func (t *DebugTable) CountGate(taken, inhibited bool) {
	for _, c := range t.cells {
		switch c.Type {
		case DebugGatewayHit:
			c.Value += b2u32(taken)
		case DebugGatewayMiss:
			c.Value += b2u32(!taken)
		case DebugGatewayInhibit:
			c.Value += b2u32(inhibited)
		}
	}
}

func b2u32(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}

// SetType says what a counter counts.
func (d *Debug) SetType(c *DebugCell, k DebugType) {
	if c.Type >= DebugGatewayMiss {
		d.Gates--
	}
	if c.Type = k; k >= DebugGatewayMiss {
		d.Gates++
	}
}

// start makes the counters; cells are those of each table.
func (d *Debug) start(stages int, cells [][]int) {
	d.Cells = make([]DebugCell, stages*LogicalPerStage)
	for i := range d.Cells {
		d.Cells[i].Type = DebugHit
	}
	for i, list := range cells {
		for _, n := range list {
			d.Tables[i].cells = append(d.Tables[i].cells, &d.Cells[n])
		}
	}
}

// Clear zeroes the counters. The caller holds mu, State.Mu; undo takes it.
func (d *Debug) Clear(mu *sync.Mutex) (undo func()) {
	was := slices.Clone(d.Cells)
	for i := range d.Cells {
		d.Cells[i].Value = 0
	}
	return func() {
		mu.Lock()
		defer mu.Unlock()
		for i := range was {
			d.Cells[i].Value = was[i].Value
		}
	}
}

// Place tells the store where the tables of its pipelines lie: by index in
// ir.Pipeline.Tables, the numbers of the logical tables (stage *
// LogicalPerStage + logical table). Before anyone uses the store.
func (s *Store) Place(cells func(pipeline int) [][]int) { s.placed = cells }

// StartDebug makes the debug counters count, if they do not, and tells how to
// stop them again. Writes of tables call it.
func (s *Store) StartDebug() (undo func()) {
	if s.debugging || s.placed == nil {
		return func() {}
	}
	s.eachDebug(func(i int, d *Debug) { d.start(stagesOf(s.target), s.placed(i)) })
	s.debugging = true
	return func() {
		s.eachDebug(func(_ int, d *Debug) { *d = Debug{Tables: make([]DebugTable, len(d.Tables))} })
		s.debugging = false
	}
}

// eachDebug calls f for every pipe, with the index of its pipeline.
func (s *Store) eachDebug(f func(pipeline int, d *Debug)) {
	for i, pipes := range s.running {
		for _, p := range pipes {
			p.Mu.Lock()
			f(i, &p.Debug)
			p.Mu.Unlock()
		}
	}
}
