package tables

import (
	"sync"
	"sync/atomic"
)

// State is what one pipe's packet path reads and writes; every slice is indexed
// as the same-named one of ir.Pipeline.
type State struct {
	// Mu is held by the model while a batch runs and by the control plane while
	// it reads or writes counters and registers of this pipe.
	Mu sync.Mutex

	Match     []*Match
	Counters  []*Counter  // guarded by Mu
	Registers []*Register // guarded by Mu
	Meters    []*Meter    // guarded by Mu
	Filters   []*Filter   // guarded by Mu
	Params    []*Param
	ValueSets []*ValueSet
	Hashes    []*DynHash // nil for hashes that the control plane cannot change
	// PortMetadata[local port] is the port's area (8 or 16 bytes); nil when the
	// program has none. Readers load the pointer once.
	PortMetadata []atomic.Pointer[[]byte]

	Snapshots Snapshots // guarded by Mu
	Debug     Debug     // guarded by Mu
}

// ActionData is an action and its data, laid out as ir.Action says. Immutable.
type ActionData struct {
	Action int    // index into ir.Table.Actions; -1: nothing to run
	Data   []byte // len == ir.Action.Bytes
}

// The packet path calls, all without locks and without allocation:
//
//	e := m.Lookup(key)             // *Entry, nil on a miss
//	if e == nil { e = m.Default() } // never nil; the default has direct resources of its own
//	a := e.Act()                   // *ActionData of a direct table
//	a := m.Resolve(e, lo, hi)      // of a table with a profile or selector; lo, hi: hash bits 0-63, 64-127;
//	                               // nil when an empty group gives nothing to run
//	e.Cell()                       // index of the entry's direct counter and register cells
//	e.Touch()                      // marks the entry as hit (idle time)
//
//	m.NeedsHash(e)                 // whether Resolve will look at the hash
//	c.Count(i uint64, bytes int)   // one packet of so many bytes; an index out of range does nothing
//	c.CountCell(e.Cell(), bytes)   // e.Cell() uint32
//	r.Get(i uint64) (lo, hi uint64, ok bool); r.Set(i, lo, hi)
//	t.Execute(i, pre, bytes, now)  // meter t: a packet's colour; now is global_tstamp
//	f.Execute(i, x, now, draw)     // filter f: the filtered value or the drop decision
//	p.Load() uint64                // RegisterParam, at most 64 bits wide
//	v.Has(port, key []byte) bool   // value set

// Priority is the entry's $MATCH_PRIORITY, for traces.
func (e *Entry) Priority() uint32 { return e.prio }
