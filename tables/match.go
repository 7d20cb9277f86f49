package tables

import (
	"fmt"
	"sync/atomic"

	"gofino/pipeline/ir"
)

// Match is a match table as the packet path of one pipe reads it, without
// locks: one of the engines and the default entry. Pipes whose entries are the
// same share what it points to; whoever makes it point elsewhere (scope.go) holds
// the pipe's State.Mu.
type Match struct {
	engine engine
	read   engine // what a lookup does: engineMasked, else engine
	keyLen int    // bytes of a key
	width  []int  // bits of each element
	off    []int  // first byte of each element
	kinds  []ir.MatchKind
	lpm    int       // the element that is LPM, in an LPM table
	outer  []segment // the exact bytes around it
	nOuter int       // their number

	exact   *exact   // exact tables, and the outer table of LPM ones with exact fields
	trie    *trie    // LPM tables without exact fields
	ternary *ternary // the rest
	proxy   *proxy   // over an exact table whose packets are found by a hash of the key

	def  *Entry                  // never nil
	mask *atomic.Pointer[[]byte] // of engineMasked: which bits of the key count
}

// matchSet is the entries of a match table in one scope: what the pipes of the
// scope read, and the numbering of entries for the control plane.
type matchSet struct {
	Match

	entries []*Entry          // guarded by the store's mu; by cell, 0 is the default's
	free    freeSet           // guarded by the store's mu; cells to use again, the lowest first
	freed   []uint32          // guarded by the store's mu; free when the batch ends
	used    int               // guarded by the store's mu
	seq     uint64            // guarded by the store's mu
	same    map[string]*Entry // guarded by the store's mu; a ternary table's entries by identity
}

type engine uint8

const (
	engineNone engine = iota // no key: every packet takes the default
	engineExact
	engineLPM
	engineOuterLPM
	engineTernary
	engineMasked // exact, after masking the key
	engineProxy  // exact, by a hash of the key
)

// segment is a part of the key string.
type segment struct{ off, n int }

// maxOuter bounds the exact bytes around an LPM element that a lookup gathers
// on its stack; longer ones go to the ternary engine.
const maxOuter = 48

// maxTrieBytes bounds the keys of a trie, whose nodes count skipped bytes in a
// byte.
const maxTrieBytes = 255

// newMatch chooses the engine for a table's key.
func newMatch(keys []ir.Key) *matchSet {
	m := &matchSet{Match: Match{lpm: -1}}
	exactOnly, lpms := true, 0
	for i, k := range keys {
		n := (k.Width + 7) / 8
		m.width = append(m.width, k.Width)
		m.off = append(m.off, m.keyLen)
		m.kinds = append(m.kinds, k.Kind)
		switch k.Kind {
		case ir.Exact, ir.ATCAMPartition:
			if last := len(m.outer) - 1; last >= 0 && m.outer[last].off+m.outer[last].n == m.keyLen {
				m.outer[last].n += n
			} else {
				m.outer = append(m.outer, segment{m.keyLen, n})
			}
			m.nOuter += n
		case ir.LPM:
			lpms++
			m.lpm = i
		case ir.Ternary, ir.Range:
			exactOnly = false
		}
		m.keyLen += n
	}
	m.entries = []*Entry{nil}
	switch {
	case m.keyLen == 0:
		m.engine = engineNone
	case exactOnly && lpms == 0:
		m.engine = engineExact
		m.exact = newExact(m.keyLen)
	case exactOnly && lpms == 1 && m.nOuter == 0 && m.keyLen <= maxTrieBytes:
		m.engine = engineLPM
		m.trie = newTrie()
	case exactOnly && lpms == 1 && m.nOuter <= maxOuter && m.keyLen <= maxTrieBytes:
		m.engine = engineOuterLPM
		m.exact = newExact(m.nOuter)
	default:
		m.engine = engineTernary
		m.ternary = newTernary(m.keyLen, m.cares())
		m.same = make(map[string]*Entry)
	}
	m.read = m.engine
	m.entries[0] = &Entry{kind: defaultEntry}
	m.entries[0].act.Store(&ActionData{Action: -1})
	m.def = m.entries[0]
	return m
}

// cares has the bits of the key string that are not padding.
func (m *Match) cares() []byte {
	c := make([]byte, m.keyLen)
	for i, w := range m.width {
		copy(c[m.off[i]:], prefixMask(w, w))
	}
	return c
}

// prefixMask is the mask of a prefix of a right-aligned element.
func prefixMask(width, prefix int) []byte {
	b := make([]byte, (width+7)/8)
	for i := width - prefix; i < width; i++ {
		b[len(b)-1-i/8] |= 1 << (i % 8)
	}
	return b
}

// Lookup finds the entry for a key: each element right-aligned in whole bytes,
// as ir.Key says. Nil is a miss.
func (m *Match) Lookup(key []byte) *Entry {
	switch m.read {
	case engineExact:
		return m.exact.lookup(key)
	case engineLPM:
		return m.trie.lookup(key)
	case engineTernary:
		return m.ternary.lookup(key)
	case engineOuterLPM:
		return m.lookupOuter(key)
	case engineMasked:
		return m.lookupMasked(key)
	case engineProxy:
		return m.lookupProxy(key)
	case engineNone:
		return nil
	}
	panic("BUG: table engine " + fmt.Sprint(m.read))
}

func (m *Match) lookupOuter(key []byte) *Entry {
	var buf [maxOuter]byte
	o := m.exact.lookup(m.gather(buf[:0], key))
	if o == nil {
		return nil
	}
	return o.pat.sub.lookup(m.lpmPart(key))
}

// gather appends the exact bytes of a key in an LPM table.
func (m *Match) gather(to, key []byte) []byte {
	if len(m.outer) == 1 {
		return key[m.outer[0].off : m.outer[0].off+m.outer[0].n]
	}
	for _, s := range m.outer {
		to = append(to, key[s.off:s.off+s.n]...)
	}
	return to
}

func (m *Match) lpmPart(key []byte) []byte {
	return key[m.off[m.lpm] : m.off[m.lpm]+(m.width[m.lpm]+7)/8]
}

// Default is the entry of a miss: never nil, with direct cells of its own.
func (m *Match) Default() *Entry { return m.def }

// NeedsHash tells whether Resolve will look at the hash.
func (m *Match) NeedsHash(e *Entry) bool {
	r := e.ref.Load()
	return r != nil && r.group != nil
}

// Resolve is the action of an entry of a table with a profile or a selector. lo
// and hi are bits 0-63 and 64-127 of the selector's hash. Nil means that an
// empty group gives nothing to run.
func (m *Match) Resolve(e *Entry, lo, hi uint64) *ActionData {
	r := e.ref.Load()
	switch {
	case r == nil:
		return e.act.Load()
	case r.member != nil:
		return r.member.act.Load()
	}
	c := r.group.choose(lo, hi)
	if c == nil {
		return nil
	}
	return c.act.Load()
}
