package tables

import (
	"gofino/internal/snap"
	"gofino/pipeline/ir"
)

// What an entry runs.
const (
	runsAction = iota
	runsMember
	runsGroup
)

func (mt *matchTable) save(e *snap.Encoder) {
	m := mt.m
	if m.read == engineMasked {
		e.Raw(*m.mask.Load())
	}
	e.Uint(m.seq)
	e.Uint(uint64(m.free.n))
	for c := range m.free.all {
		e.Uint(uint64(c))
	}
	saveRuns(e, m.Default())
	e.Uint(uint64(m.used))
	last := uint32(0)
	for _, ent := range m.entries[1:] {
		if ent == nil {
			continue
		}
		e.Uint(uint64(ent.cell-last-1), uint64(ent.kind), uint64(ent.prio), ent.seq)
		last = ent.cell
		m.saveKey(e, ent)
		saveRuns(e, ent)
	}
	for _, c := range mt.counters {
		c.save(e)
	}
	for _, r := range mt.regs {
		r.save(e)
	}
	if mt.idle != nil {
		mt.idle.save(e)
	}
	for _, t := range mt.timed {
		t.cells.save(e)
	}
}

func saveRuns(e *snap.Encoder, ent *Entry) {
	switch r := ent.ref.Load(); {
	case r == nil:
		e.Uint(runsAction)
		saveAction(e, ent.act.Load())
	case r.member != nil:
		e.Uint(runsMember, uint64(r.member.id))
	default:
		e.Uint(runsGroup, uint64(r.group.id))
	}
}

func (m *matchSet) saveKey(e *snap.Encoder, ent *Entry) {
	if m.engine == engineExact {
		e.Raw(m.exact.keyOf(ent))
		return
	}
	if m.engine == engineNone {
		return
	}
	for i, k := range m.keysOf(ent) {
		switch m.kinds[i] {
		case ir.Exact, ir.ATCAMPartition:
			e.Raw(k.Value)
		case ir.Ternary:
			e.Raw(k.Value)
			e.Raw(k.Mask)
		case ir.LPM:
			e.Raw(k.Value)
			e.Uint(uint64(k.Prefix))
		case ir.Range:
			e.Raw(k.Lo)
			e.Raw(k.Hi)
		}
	}
}

// loadKey reads an element and checks it as parseKey would.
func loadKey(d *snap.Decoder, k *ir.KeyMatch, kind ir.MatchKind, width int) {
	n := (width + 7) / 8
	all := prefixMask(width, width)
	switch kind {
	case ir.Exact, ir.ATCAMPartition:
		k.Value = bitsWithin(d, n, all)
	case ir.Ternary:
		k.Value = bitsWithin(d, n, all)
		k.Mask = bitsWithin(d, n, all)
		insideMask(d, k.Value, k.Mask)
	case ir.LPM:
		k.Value = bitsWithin(d, n, all)
		k.Prefix = d.Below("a prefix length", width+1)
		insideMask(d, k.Value, prefixMask(width, k.Prefix))
	case ir.Range:
		k.Lo, k.Hi = bitsWithin(d, n, all), bitsWithin(d, n, all)
		k.Value = k.Lo
		if d.Err() == nil && compareBytes(k.Lo, k.Hi) > 0 {
			d.Fail("a range ends before it begins")
		}
	}
}

// bitsWithin reads n bytes of their own that have no bit outside all.
func bitsWithin(d *snap.Decoder, n int, all []byte) []byte {
	b := clone(d.Raw(n))
	insideMask(d, b, all)
	return b
}

func insideMask(d *snap.Decoder, b, mask []byte) {
	if d.Err() != nil {
		return
	}
	for i := range b {
		if b[i]&^mask[i] != 0 {
			d.Fail("a key has bits where it must have none")
			return
		}
	}
}

func (mt *matchTable) load(d *snap.Decoder) {
	m := mt.m
	if m.read == engineMasked {
		mask := append([]byte(nil), d.Raw(m.keyLen)...)
		for i, c := range m.cares() {
			if d.Err() == nil && mask[i]&^c != 0 {
				d.Fail("key mask %x has bits outside of the key", mask)
			}
		}
		if d.Err() != nil {
			return
		}
		m.mask.Store(&mask)
	}
	m.seq = d.Uint()
	free := make([]uint32, d.Len())
	for i := range free {
		free[i] = d.Uint32()
	}
	mt.loadRuns(d, m.Default())
	n := d.Len()
	if d.Err() != nil {
		return
	}
	m.reset(n, 1+n+len(free))
	l := matchLoader{mt: mt, d: d, cares: m.cares(), keys: make([]ir.KeyMatch, len(m.kinds))}
	at := 0
	for range n {
		at += 1 + d.Below("a cell", len(m.entries))
		if at >= len(m.entries) {
			d.Fail("cell %d of %d", at, len(m.entries))
		}
		ent := l.entry(uint32(at))
		if d.Err() != nil {
			return
		}
		m.entries[at] = ent
		m.used++
		m.publish(ent)
	}
	seen := make([]bool, len(m.entries))
	for _, c := range free {
		if int(c) >= len(m.entries) || c == 0 || m.entries[c] != nil || seen[c] {
			d.Fail("cell %d is not free", c)
			return
		}
		seen[c] = true
	}
	for _, c := range free {
		m.free.add(c)
	}
	size := max(minDirectCells, len(m.entries))
	for _, c := range mt.counters {
		c.load(d, 0, size, size)
	}
	for _, r := range mt.regs {
		r.load(d, 0, size, size)
	}
	if mt.idle != nil {
		mt.idle.load(d)
	}
	for _, t := range mt.timed {
		t.cells.load(d, 0, size, size)
	}
}

// reset empties a table but for its default entry, and makes room.
func (m *matchSet) reset(used, cells int) {
	def := m.entries[0]
	m.entries = make([]*Entry, cells)
	m.entries[0] = def
	m.free, m.freed, m.used = freeSet{}, nil, 0
	switch m.engine {
	case engineNone:
	case engineExact:
		m.exact.reset(used)
	case engineOuterLPM:
		m.exact.reset(0)
	case engineLPM:
		fresh := newTrie()
		m.trie.root.Store(fresh.root.Load())
		m.trie.used = 0
	case engineTernary:
		m.ternary.root.Store(&ternaryNode{})
		m.ternary.used, m.ternary.refs, m.ternary.built = 0, 0, 0
		m.same = make(map[string]*Entry, used)
	}
}

// reset empties the table and makes room for so many entries.
func (x *exact) reset(entries int) {
	n := minSlots
	for (entries+1)*8 > n*3 {
		n *= 2
	}
	x.live.Store(newSlots(n))
	x.used, x.dead = 0, 0
}

// matchLoader is a load under way.
type matchLoader struct {
	mt    *matchTable
	d     *snap.Decoder
	cares []byte
	keys  []ir.KeyMatch
}

// entry reads one entry, not yet published.
func (l *matchLoader) entry(cell uint32) *Entry {
	d, m := l.d, l.mt.m
	kind := entryKind(d.Below("an entry's kind", int(defaultEntry)))
	prio, seq := d.Uint32(), d.Uint()
	var ent *Entry
	switch m.engine {
	case engineExact:
		ent = new(Entry)
		key := d.Raw(m.keyLen)
		insideMask(d, key, l.cares)
		if m.exact.n > 16 {
			key = clone(key)
		}
		if d.Err() == nil {
			m.exact.setKey(ent, key)
		}
	case engineNone:
		ent = new(Entry)
		if m.used > 0 {
			d.Fail("two entries without a key")
		}
	default:
		for i, w := range m.width {
			loadKey(d, &l.keys[i], m.kinds[i], w)
		}
		if d.Err() != nil {
			return nil
		}
		ent = m.newEntry(l.keys, 0)
		if m.engine == engineTernary && !m.hasPriority() && prio != ent.prio {
			d.Fail("an entry's priority is %d, want %d", prio, ent.prio)
		}
	}
	ent.cell, ent.kind, ent.prio, ent.seq = cell, kind, prio, seq
	if d.Err() == nil && (seq == 0 || seq > m.seq) {
		d.Fail("entry %d of %d", seq, m.seq)
	}
	if d.Err() == nil && m.find(ent) != nil {
		d.Fail("an entry is there twice")
	}
	l.mt.loadRuns(d, ent)
	return ent
}

// loadRuns reads what an entry runs.
func (mt *matchTable) loadRuns(d *snap.Decoder, ent *Entry) {
	var ref *reference
	switch kind := d.Below("what an entry runs", runsGroup+1); kind {
	case runsAction:
		ent.act.Store(loadAction(d, mt.layout, ent.kind == defaultEntry))
		ent.ref.Store(nil)
		return
	case runsMember:
		if id := d.Uint32(); mt.profile != nil && mt.profile.members[id] != nil {
			ref = &reference{member: mt.profile.members[id]}
		}
	case runsGroup:
		if id := d.Uint32(); mt.selector != nil && mt.selector.groups[id] != nil {
			ref = &reference{group: mt.selector.groups[id]}
		}
	}
	if ref == nil {
		d.Fail("an entry refers to a member or group that is not there")
		return
	}
	ent.act.Store(nil)
	ent.ref.Store(ref)
	ref.use(+1)
}
