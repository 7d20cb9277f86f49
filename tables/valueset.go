package tables

import (
	"sync/atomic"

	"gofino/pipeline/ir"
)

// ValueSet is a parser value set in one pipe: a few rows of value and mask, for
// all parsers of the pipe or for each its own.
type ValueSet struct {
	n     int  // bytes of a key; immutable
	ports uint // log2 of the ports that one parser serves; immutable
	live  atomic.Pointer[[][]valueRow]
}

// Parsers with value sets of their own (chip.md section 1; the driver's
// numbers): Tofino has one for four ports, 0 to 17. Tofino 2's value sets go by
// groups of eight ports, whose parsers have the numbers 0, 4, ... 32.
func portsOfParser(t ir.Target) uint {
	if t == ir.Tofino2 {
		return 3
	}
	return 2
}

func parserGroups(t ir.Target) int { return localPorts >> portsOfParser(t) }

// valueRow is immutable. Like a table's rule it holds the first 16 bytes as
// words; longer rows compare the rest in full.
type valueRow struct {
	v0, m0, v1, m1 uint64
	pat            *pattern
}

func newValueSet(v *ir.ValueSet, t ir.Target) *ValueSet {
	s := &ValueSet{ports: portsOfParser(t)}
	for _, w := range v.Widths {
		s.n += (w + 7) / 8
	}
	s.live.Store(&[][]valueRow{nil})
	return s
}

// Has tells whether a row matches a packet of this port; key is laid out like a
// table's.
func (s *ValueSet) Has(port uint16, key []byte) bool {
	all := *s.live.Load()
	rows := all[0]
	if len(all) > 1 {
		if rows = nil; int(port&127>>s.ports) < len(all) {
			rows = all[port&127>>s.ports]
		}
	}
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

// publish replaces the rows: of all parsers, or of each.
func (s *ValueSet) publish(pats [][]*pattern) {
	all := make([][]valueRow, len(pats))
	for n, list := range pats {
		for _, p := range list {
			r := valueRow{pat: p}
			r.v0, r.v1 = firstWords(p.value)
			r.m0, r.m1 = firstWords(p.mask)
			all[n] = append(all[n], r)
		}
	}
	s.live.Store(&all)
}
