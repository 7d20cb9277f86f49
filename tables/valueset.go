package tables

import (
	"sync/atomic"

	"gofino/pipeline/ir"
)

// ValueSet is a parser value set: a few rows of value and mask.
type ValueSet struct {
	n    int // bytes of a key; immutable
	live atomic.Pointer[[]valueRow]
}

// valueRow is immutable. Like a table's rule it holds the first 16 bytes as
// words; longer rows compare the rest in full.
type valueRow struct {
	v0, m0, v1, m1 uint64
	pat            *pattern
}

func newValueSet(v *ir.ValueSet) *ValueSet {
	s := &ValueSet{}
	for _, w := range v.Widths {
		s.n += (w + 7) / 8
	}
	s.live.Store(new([]valueRow))
	return s
}

// Contains tells whether a row matches; key is laid out like a table's.
func (s *ValueSet) Contains(key []byte) bool {
	rows := *s.live.Load()
	if len(rows) == 0 {
		return false
	}
	k0, k1 := firstWords(key)
	for i := range rows {
		r := &rows[i]
		if (k0^r.v0)&r.m0|(k1^r.v1)&r.m1 == 0 && (r.pat.plain(s.n) || r.pat.matches(key)) {
			return true
		}
	}
	return false
}

// publish replaces the rows.
func (s *ValueSet) publish(pats []*pattern) {
	rows := make([]valueRow, len(pats))
	for i, p := range pats {
		rows[i].v0, rows[i].v1 = firstWords(p.value)
		rows[i].m0, rows[i].m1 = firstWords(p.mask)
		rows[i].pat = p
	}
	s.live.Store(&rows)
}
