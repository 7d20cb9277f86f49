package tables

import (
	"bytes"
	"encoding/binary"
	"slices"

	"gofino/pipeline/ir"
)

// The writer's half of a match table: matchSet. All of it is called with the store's mu held.

// newEntry prepares an entry, not yet in the table. The parts of a key must
// have the element's size, values no bit outside their masks.
func (m *matchSet) newEntry(keys []ir.KeyMatch, prio uint32) *Entry {
	e := &Entry{prio: prio}
	switch m.engine {
	case engineExact:
		m.maskKey(keys)
		key := make([]byte, 0, 24)
		for i := range keys {
			key = append(key, keys[i].Value...)
		}
		m.exact.setKey(e, key)
	case engineLPM, engineOuterLPM, engineTernary:
		e.pat = m.pattern(keys)
		e.prio = prio + m.derivedPriority(keys)
	}
	return e
}

// derivedPriority orders entries of a table with several LPM elements and no
// priority of its own: the chip's width - prefix, summed.
func (m *matchSet) derivedPriority(keys []ir.KeyMatch) uint32 {
	if m.engine != engineTernary || m.hasPriority() {
		return 0
	}
	p := 0
	for i, k := range m.kinds {
		if k == ir.LPM {
			p += m.width[i] - keys[i].Prefix
		}
	}
	return uint32(p)
}

// hasPriority: entries carry $MATCH_PRIORITY.
func (m *matchSet) hasPriority() bool { return needsPriority(m.kinds) }

func needsPriority(kinds []ir.MatchKind) bool {
	for _, k := range kinds {
		if k == ir.Ternary || k == ir.Range {
			return true
		}
	}
	return false
}

// pattern lays the elements out over the key string.
func (m *matchSet) pattern(keys []ir.KeyMatch) *pattern {
	return makePattern(keys, m.kinds, m.width)
}

func makePattern(keys []ir.KeyMatch, kinds []ir.MatchKind, width []int) *pattern {
	p := &pattern{}
	for i, k := range keys {
		w := width[i]
		switch kinds[i] {
		case ir.Exact, ir.ATCAMPartition:
			p.value = append(p.value, k.Value...)
			p.mask = append(p.mask, prefixMask(w, w)...)
		case ir.Ternary:
			p.value = append(p.value, k.Value...)
			p.mask = append(p.mask, k.Mask...)
		case ir.LPM:
			p.value = append(p.value, k.Value...)
			p.mask = append(p.mask, prefixMask(w, k.Prefix)...)
			p.prefix = k.Prefix
		case ir.Range:
			common, whole := commonMask(k.Lo, k.Hi, w)
			if !whole {
				p.ranges = append(p.ranges, keyRange{off: len(p.value), lo: k.Lo, hi: k.Hi})
			}
			for j := range common {
				p.value = append(p.value, k.Lo[j]&common[j])
			}
			p.mask = append(p.mask, common...)
		}
	}
	return p
}

// commonMask is the mask of the leading bits that lo and hi share; whole tells
// that the range is all values with these bits.
func commonMask(lo, hi []byte, width int) (mask []byte, whole bool) {
	same := 0
	bit := func(b []byte, i int) byte { return b[len(b)-1-i/8] >> (i % 8) & 1 }
	for same < width && bit(lo, width-1-same) == bit(hi, width-1-same) {
		same++
	}
	whole = true
	for i := 0; i < width-same; i++ {
		if bit(lo, i) != 0 || bit(hi, i) != 1 {
			whole = false
		}
	}
	return prefixMask(width, same), whole
}

// identity is what makes two entries of a ternary table the same.
func identity(e *Entry) string {
	b := make([]byte, 0, 2*len(e.pat.value)+4)
	b = append(append(b, e.pat.value...), e.pat.mask...)
	for _, r := range e.pat.ranges {
		b = append(append(append(b, byte(r.off)), r.lo...), r.hi...)
	}
	return string(binary.BigEndian.AppendUint32(b, e.prio))
}

// find is the entry in the table with the same key as e, or nil.
func (m *matchSet) find(e *Entry) *Entry {
	switch m.engine {
	case engineExact:
		if m.exact.n <= 8 {
			return m.exact.lookup64(e.k0)
		}
		return m.exact.lookup(m.exact.keyOf(e))
	case engineLPM:
		return m.trie.find(e.pat.value, m.lpmBits(e))
	case engineOuterLPM:
		var buf [maxOuter]byte
		o := m.exact.lookup(m.gather(buf[:0], e.pat.value))
		if o == nil {
			return nil
		}
		return o.pat.sub.find(m.lpmPart(e.pat.value), m.lpmBits(e))
	case engineTernary:
		return m.same[identity(e)]
	}
	return nil
}

// lpmBits is an entry's prefix counted from the first bit of the element's
// bytes: the padding, which is always zero, included.
func (m *matchSet) lpmBits(e *Entry) int {
	w := m.width[m.lpm]
	return (w+7)/8*8 - w + e.pat.prefix
}

// add puts a prepared entry, whose key the table does not have, into a cell.
func (m *matchSet) add(e *Entry) {
	if cell, ok := m.free.take(); ok {
		e.cell = cell
		m.entries[e.cell] = e
	} else {
		e.cell = uint32(len(m.entries))
		m.entries = append(m.entries, e)
	}
	m.seq++
	e.seq = m.seq
	m.used++
}

// publish makes an added entry visible to the packet path.
func (m *matchSet) publish(e *Entry) {
	switch m.engine {
	case engineExact:
		m.exact.insert(e)
		m.publishProxy(e)
	case engineLPM:
		m.trie.insert(e.pat.value, m.lpmBits(e), e)
	case engineOuterLPM:
		m.publishOuter(e)
	case engineTernary:
		m.same[identity(e)] = e
		m.ternary.insert(e)
	}
}

func (m *matchSet) publishOuter(e *Entry) {
	outer := bytes.Clone(m.gather(nil, e.pat.value))
	o := m.exact.lookup(outer)
	if o != nil {
		o.pat.sub.insert(m.lpmPart(e.pat.value), m.lpmBits(e), e)
		return
	}
	sub := newTrie()
	sub.insert(m.lpmPart(e.pat.value), m.lpmBits(e), e)
	o = &Entry{pat: &pattern{sub: sub}}
	m.exact.setKey(o, outer)
	m.exact.insert(o)
}

// remove takes an entry out. Its cell is not used again before settle, so that
// restore can bring it back with its counters and registers untouched.
func (m *matchSet) remove(e *Entry) {
	m.withdraw(e)
	m.entries[e.cell] = nil
	m.freed = append(m.freed, e.cell)
	m.used--
}

func (m *matchSet) withdraw(e *Entry) {
	switch m.engine {
	case engineExact:
		m.withdrawProxy(e)
		m.exact.remove(e)
	case engineLPM:
		m.trie.remove(e.pat.value, m.lpmBits(e))
	case engineOuterLPM:
		o := m.exact.lookup(m.gather(make([]byte, 0, maxOuter), e.pat.value))
		o.pat.sub.remove(m.lpmPart(e.pat.value), m.lpmBits(e))
		if o.pat.sub.used == 0 {
			m.exact.remove(o)
		}
	case engineTernary:
		delete(m.same, identity(e))
		m.ternary.remove(e)
	}
}

// restore undoes remove.
func (m *matchSet) restore(e *Entry) {
	// Changes are undone in reverse: it is the last, or near.
	i := len(m.freed) - 1
	for m.freed[i] != e.cell {
		i--
	}
	m.freed = slices.Delete(m.freed, i, i+1)
	m.entries[e.cell] = e
	m.used++
	m.publish(e)
}

// unadd undoes add and publish. Changes are undone in reverse.
func (m *matchSet) unadd(e *Entry) {
	m.remove(e)
	m.seq--
}

// settle ends a batch: cells of removed entries may be used again. There is
// never a free cell at the end: what is left of the past is the free cells below
// the highest in use.
func (m *matchSet) settle() {
	for _, c := range m.freed {
		m.free.add(c)
	}
	m.freed = m.freed[:0]
	for n := len(m.entries) - 1; n > 0 && m.entries[n] == nil; n-- {
		m.entries = m.entries[:n]
		m.free.remove(uint32(n))
	}
}

// keysOf is an entry's key, element by element.
func (m *matchSet) keysOf(e *Entry) []ir.KeyMatch {
	out := make([]ir.KeyMatch, len(m.kinds))
	var value, mask []byte
	if m.engine == engineExact {
		value = m.exact.keyOf(e)
	} else if e.pat != nil {
		value, mask = e.pat.value, e.pat.mask
	}
	for i, k := range m.kinds {
		lo, hi := m.off[i], m.off[i]+(m.width[i]+7)/8
		out[i].Value = value[lo:hi]
		switch k {
		case ir.Ternary:
			out[i].Mask = mask[lo:hi]
		case ir.LPM:
			out[i].Prefix = prefixLen(mask[lo:hi])
		case ir.Range:
			out[i].Lo, out[i].Hi = e.pat.rangeAt(lo, hi, m.width[i])
		}
	}
	return out
}

func prefixLen(mask []byte) int {
	n := 0
	for _, b := range mask {
		for ; b != 0; b &= b - 1 {
			n++
		}
	}
	return n
}

// rangeAt is the range of the element at bytes [from, to).
func (p *pattern) rangeAt(from, to, width int) (lo, hi []byte) {
	for _, r := range p.ranges {
		if r.off == from {
			return r.lo, r.hi
		}
	}
	lo = p.value[from:to]
	all := prefixMask(width, width)
	hi = make([]byte, to-from)
	for i := range hi {
		hi[i] = lo[i] | all[i]&^p.mask[from+i]
	}
	return lo, hi
}

// program installs the entries of the source.
func (m *matchSet) program(t *ir.Table) {
	for i := range t.Entries {
		src := &t.Entries[i]
		e := m.newEntry(src.Keys, uint32(src.Priority))
		if m.find(e) != nil {
			continue // the earlier entry of the source has precedence
		}
		if src.Const {
			e.kind = constEntry
		}
		e.act.Store(&ActionData{Action: src.Call.Action, Data: src.Call.Data})
		m.add(e)
		m.publish(e)
	}
}
