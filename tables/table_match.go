package tables

import (
	"cmp"
	"errors"
	"iter"

	"gofino/pipeline/ir"
)

// matchTable is a match table in one scope, behind the API: one matchSet for
// all pipes of the scope. It translates names to indices and values to the
// layout of the packet path. The store's mu guards it.
type matchTable struct {
	base
	store *Store
	t     *ir.Table
	index int // in State.Match
	m     *matchSet
	pipes []pipeState // of the scope
	tag   uint32      // the scope, in handles
	at    Target      // the scope, in entries

	actions  nameIndex
	layout   []actionLayout // by index into t.Actions
	fields   []fieldRole    // by index into spec.Data
	counters []*counterCells
	regs     []*registerCells
	timed    []directTimed
	idle     *idleTable     // nil in a table that does not age its entries
	profile  *profileTable  // nil in a direct table
	selector *selectorTable // nil without groups

	scratch []ir.KeyMatch // of the key being parsed
	buf     []byte        // its bytes, in exact tables
	given   []bool
}

// fieldRole says what a field of spec.Data is.
type fieldRole struct {
	role role
	reg  int // index into regs, or into timed
	half int // or the number of a timed field
}

type role uint8

const (
	roleMember role = iota
	roleGroup
	rolePackets
	roleBytes
	roleRegister
	roleTimed
	roleTTL
	roleHitState
)

// actionLayout says where an action's parameters lie in its data.
type actionLayout struct {
	names nameIndex
	size  int
	param []paramPlace
}

type paramPlace struct{ off, n, width int }

func newActionLayout(a *ir.Action) actionLayout {
	l := actionLayout{size: a.Bytes}
	names := make([]string, len(a.Params))
	for i, p := range a.Params {
		n := (p.Loc.Width + 7) / 8
		end := (p.Loc.Bit+p.Loc.Width)/8 - a.Off
		l.param = append(l.param, paramPlace{off: end - n, n: n, width: p.Loc.Width})
		names[i] = p.Name
	}
	l.names = newNameIndex(names)
	return l
}

func newMatchTable(st *Store, spec *TableSpec, pl *ir.Pipeline, index int, m *matchSet, pipes []pipeState) *matchTable {
	t := pl.Tables[index]
	mt := &matchTable{base: newBase(spec), store: st, t: t, index: index, m: m, pipes: pipes}
	names := make([]string, len(t.Actions))
	for i, ref := range t.Actions {
		names[i] = pl.Actions[ref.Action].Name
		mt.layout = append(mt.layout, newActionLayout(pl.Actions[ref.Action]))
	}
	mt.actions = newNameIndex(names)
	for _, c := range t.DirectCounters {
		mt.counters = append(mt.counters, &counterCells{pipes: pipes, index: c, direct: true})
	}
	for _, r := range t.DirectRegisters {
		mt.regs = append(mt.regs, &registerCells{pipes: pipes, index: r, direct: true})
	}
	mt.timed = newDirectTimed(pl, t, pipes)
	for i := range spec.Data {
		mt.fields = append(mt.fields, mt.roleOf(pl, spec.Data[i].Name))
	}
	mt.scratch = make([]ir.KeyMatch, len(t.Keys))
	mt.given = make([]bool, len(spec.Key))
	mt.buf = make([]byte, m.keyLen)
	return mt
}

func (mt *matchTable) roleOf(pl *ir.Pipeline, name string) fieldRole {
	switch name {
	case "$ACTION_MEMBER_ID":
		return fieldRole{role: roleMember}
	case "$SELECTOR_GROUP_ID":
		return fieldRole{role: roleGroup}
	case "$COUNTER_SPEC_PKTS":
		return fieldRole{role: rolePackets}
	case "$COUNTER_SPEC_BYTES":
		return fieldRole{role: roleBytes}
	case "$ENTRY_TTL":
		return fieldRole{role: roleTTL}
	case "$ENTRY_HIT_STATE":
		return fieldRole{role: roleHitState}
	}
	for i, r := range mt.t.DirectRegisters {
		spec := pl.Registers[r]
		for h, n := range registerNames(spec) {
			if spec.Name+"."+n == name {
				return fieldRole{role: roleRegister, reg: i, half: h}
			}
		}
	}
	if r, ok := timedRole(mt.timed, name); ok {
		return r
	}
	panic("BUG: data field " + name + " of " + mt.spec.Name)
}

// key parses the key of an entry. What it returns is valid until the next call.
func (mt *matchTable) key(op string, key []KeyField) ([]ir.KeyMatch, uint32, error) {
	if len(mt.t.Keys) == 0 {
		return nil, 0, mt.fail(op, ErrInvalid, "the table has no key: only its default entry can be set")
	}
	buf := mt.buf
	if mt.m.engine != engineExact {
		buf = make([]byte, mt.m.keyLen) // the entry keeps it
	}
	clear(buf)
	clear(mt.given)
	var prio uint32
	for i := range mt.t.Keys {
		k := &mt.t.Keys[i]
		off, n := mt.m.off[i], (k.Width+7)/8
		mt.scratch[i] = ir.KeyMatch{Value: buf[off : off+n : off+n]}
		wildcard(&mt.scratch[i], k.Kind, k.Width)
	}
	for i := range key {
		f := &key[i]
		n, err := mt.keys.find(f.Name)
		if err != nil {
			return nil, 0, mt.fail(op, ErrInvalid, "key field: %v", err)
		}
		if mt.given[n] {
			return nil, 0, mt.fail(op, ErrInvalid, "key field %s is given twice", mt.spec.Key[n].Name)
		}
		mt.given[n] = true
		if n == len(mt.t.Keys) {
			w, err := word(f.Value, 32)
			if err != nil {
				return nil, 0, mt.failField(op, "key field", "$MATCH_PRIORITY", err)
			}
			prio = uint32(w)
			continue
		}
		k := &mt.t.Keys[n]
		if err := parseKey(&mt.scratch[n], k.Kind, k.Width, f); err != nil {
			return nil, 0, mt.failField(op, "key field", mt.spec.Key[n].Name, err)
		}
	}
	return mt.scratch, prio, nil
}

// wildcard sets what a field that is not given means: zero, or anything.
func wildcard(k *ir.KeyMatch, kind ir.MatchKind, width int) {
	n := (width + 7) / 8
	switch kind {
	case ir.Ternary:
		k.Mask = make([]byte, n)
	case ir.Range:
		k.Lo, k.Hi = make([]byte, n), prefixMask(width, width)
	case ir.Exact, ir.LPM, ir.ATCAMPartition:
	}
}

// parseKey reads one field into k, whose Value is zero.
func parseKey(k *ir.KeyMatch, kind ir.MatchKind, width int, f *KeyField) error {
	if f.Str != "" {
		return errors.New("is a string, want a number")
	}
	switch kind {
	case ir.Exact, ir.ATCAMPartition:
		if !put(k.Value, f.Value, width) {
			return tooWide(f.Value, width)
		}
	case ir.Ternary:
		if !put(k.Value, f.Value, width) {
			return tooWide(f.Value, width)
		}
		if !put(k.Mask, f.Mask, width) {
			return wrap("mask", tooWide(f.Mask, width))
		}
		and(k.Value, k.Mask)
	case ir.LPM:
		if !put(k.Value, f.Value, width) {
			return tooWide(f.Value, width)
		}
		if f.PrefixLen < 0 || f.PrefixLen > width {
			return prefixError(f.PrefixLen, width)
		}
		k.Prefix = f.PrefixLen
		and(k.Value, prefixMask(width, f.PrefixLen))
	case ir.Range:
		clear(k.Lo)
		clear(k.Hi)
		if !put(k.Lo, f.Value, width) {
			return tooWide(f.Value, width)
		}
		if !put(k.Hi, f.High, width) {
			return wrap("high end", tooWide(f.High, width))
		}
		if compareBytes(k.Lo, k.Hi) > 0 {
			return rangeError(k.Lo, k.Hi)
		}
	}
	return nil
}

func and(b, mask []byte) {
	for i := range b {
		b[i] &= mask[i]
	}
}

// Write changes the table.
func (mt *matchTable) Write(t Target, u *Update) (func(), error) {
	op, e := u.Op, &u.Entry
	name := opName(op, e)
	if t.Pipe != 0 {
		return nil, mt.fail(name, ErrInvalid, "the table is symmetric: write it in all pipes, not in pipe %d", t.Pipe-1)
	}
	if e.Default && len(e.Key) > 0 {
		return nil, mt.fail(name, ErrInvalid, "the default entry has no key")
	}
	switch op {
	case Insert, Modify, InsertOrModify:
		if !e.Default {
			return mt.set(name, u)
		}
		if op != Modify {
			return nil, mt.fail(name, ErrNotSupported, "the default entry exists: modify it")
		}
		return mt.setDefault(name, e)
	case Delete:
		switch {
		case e.Default:
			return mt.resetDefault(name)
		case len(e.Key) == 0:
			return mt.clear(name)
		}
		return mt.delete(name, e)
	}
	return nil, mt.refuse(op, e, "add, modify, add or modify, delete")
}

// set adds or modifies an entry.
func (mt *matchTable) set(name string, u *Update) (func(), error) {
	op, e := u.Op, &u.Entry
	if mt.t.ConstEntries {
		return nil, mt.fail(name, ErrReadOnly, "the program's entries are const")
	}
	if len(e.Key) == 0 && len(mt.t.Keys) > 0 {
		return nil, mt.fail(name, ErrInvalid, "no key given (key fields: %s)", choices(mt.keys.names))
	}
	keys, prio, err := mt.key(name, e.Key)
	if err != nil {
		return nil, err
	}
	ent := mt.m.newEntry(keys, prio)
	old := mt.m.find(ent)
	switch {
	case old == nil && op == Modify:
		return nil, mt.fail(name, ErrNotFound, "no entry with this key")
	case old != nil && op == Insert:
		return nil, mt.fail(name, ErrExists, "an entry with this key is there")
	case old == nil && mt.m.collides(ent):
		return nil, mt.fail(name, ErrExists, "an entry whose key has the same proxy hash is there")
	}
	var d entryData
	if err := mt.parse(name, e, old, &d); err != nil {
		return nil, err
	}
	if mt.idle != nil {
		if err := mt.idle.check(name, &d); err != nil {
			return nil, err
		}
	}
	if old != nil {
		modified(u, &d)
	}
	if err := mt.planTimed(name, old, &d); err != nil {
		return nil, err
	}
	if old != nil {
		u.Existed = true
		return mt.modify(name, old, &d)
	}
	return mt.insert(name, ent, &d)
}

func (mt *matchTable) insert(name string, ent *Entry, d *entryData) (func(), error) {
	if err := mt.complete(name, d); err != nil {
		return nil, err
	}
	if mt.m.used >= mt.t.Size {
		return nil, mt.fail(name, ErrFull, "all %d entries are in use", mt.t.Size)
	}
	ent.act.Store(d.act)
	if d.ref != nil {
		ent.ref.Store(d.ref)
		d.ref.use(+1)
	}
	mt.m.add(ent)
	mt.reserve(uint64(ent.cell) + 1)
	undoCells := mt.setCells(ent, d)
	if mt.idle != nil {
		mt.idle.add(ent, d)
	}
	mt.m.publish(ent)
	return func() {
		mt.m.unadd(ent)
		undoCells()
		ent.ref.Load().use(-1)
	}, nil
}

// modify changes an entry, or the default entry, in place: packets see the old
// or the new action.
func (mt *matchTable) modify(name string, ent *Entry, d *entryData) (func(), error) {
	if ent.kind == constEntry {
		return nil, mt.fail(name, ErrReadOnly, "the entry is const in the program")
	}
	act, ref := ent.act.Load(), ent.ref.Load()
	if d.act != nil || d.ref != nil {
		mt.bind(ent, d.act, d.ref)
	}
	undoCells, undoIdle := mt.setCells(ent, d), func() {}
	if mt.idle != nil {
		undoIdle = mt.idle.set(ent, d)
	}
	return func() {
		undoIdle()
		undoCells()
		mt.bind(ent, act, ref)
	}, nil
}

// bind gives an entry an action or a reference.
func (mt *matchTable) bind(ent *Entry, act *ActionData, ref *reference) {
	old := ent.ref.Load()
	ref.use(+1)
	ent.act.Store(act)
	ent.ref.Store(ref)
	old.use(-1)
}

// modified settles what a modification of an entry does to what its data does
// not give (bfrt.md section 5): nothing, as a rule. But data without any field
// stands for all fields with their defaults, and InsertOrModify makes of the
// entry what it would make of a new one.
func modified(u *Update, d *entryData) {
	var none uint64
	var never uint32
	d.anew = u.Op == InsertOrModify
	if d.anew || len(u.Entry.Data) == 0 {
		d.packets, d.bytes = cmp.Or(d.packets, &none), cmp.Or(d.bytes, &none)
		d.ttl = cmp.Or(d.ttl, &never)
	}
	if u.Op == Modify {
		d.keepTTL = u.KeepTTL
		if u.KeepStats {
			d.packets, d.bytes = nil, nil
		}
	}
}

// setCells writes the direct counters and registers that the data gives.
func (mt *matchTable) setCells(ent *Entry, d *entryData) (undo func()) {
	var undos []func()
	if d.anew {
		undos = append(undos, mt.startCells(uint64(ent.cell)))
	}
	if d.packets != nil || d.bytes != nil {
		for _, c := range mt.counters {
			undos = append(undos, c.set(uint64(ent.cell), mt.pipes, d.packets, d.bytes))
		}
	}
	for i := range d.regs {
		if d.regs[i].given != [2]bool{} {
			undos = append(undos, mt.regs[i].set(uint64(ent.cell), mt.pipes, d.regs[i].v, d.regs[i].given))
		}
	}
	for _, do := range d.plans {
		undos = append(undos, do(uint64(ent.cell)))
	}
	return undoAll(undos)
}

// undoAll undoes several changes, the last one first.
func undoAll(undos []func()) func() {
	return func() {
		for i := len(undos) - 1; i >= 0; i-- {
			undos[i]()
		}
	}
}

// reserve makes room for so many cells. Those that no entry has are as those of a
// new entry: settle sees to that.
func (mt *matchTable) reserve(n uint64) {
	for _, c := range mt.counters {
		c.reserve(n)
	}
	for _, r := range mt.regs {
		r.reserve(n)
	}
	for _, t := range mt.timed {
		t.cells.reserve(n)
	}
}

// settle ends a batch: cells that were freed become as those of new entries.
func (mt *matchTable) settle() {
	if freed := mt.m.freed; len(freed) > 0 {
		for _, c := range mt.counters {
			c.wipe(freed)
		}
		for _, r := range mt.regs {
			r.wipe(freed)
		}
		for _, t := range mt.timed {
			t.cells.wipe(freed)
		}
	}
	mt.m.settle()
}

// startCells gives an entry's counters, registers, meters and filters what
// those of a new entry have.
func (mt *matchTable) startCells(cell uint64) (undo func()) {
	var undos []func()
	for _, c := range mt.counters {
		undos = append(undos, c.clear(cell))
	}
	for _, r := range mt.regs {
		undos = append(undos, r.clear(cell))
	}
	for _, t := range mt.timed {
		undos = append(undos, t.cells.reset(cell))
	}
	return undoAll(undos)
}

func (mt *matchTable) delete(name string, e *TableEntry) (func(), error) {
	if mt.t.ConstEntries {
		return nil, mt.fail(name, ErrReadOnly, "the program's entries are const")
	}
	keys, prio, err := mt.key(name, e.Key)
	if err != nil {
		return nil, err
	}
	ent := mt.m.find(mt.m.newEntry(keys, prio))
	if ent == nil {
		return nil, mt.fail(name, ErrNotFound, "no entry with this key")
	}
	if ent.kind == constEntry {
		return nil, mt.fail(name, ErrReadOnly, "the entry is const in the program")
	}
	mt.take(ent)
	return func() { mt.putBack(ent) }, nil
}

func (mt *matchTable) take(ent *Entry) {
	mt.m.remove(ent)
	ent.ref.Load().use(-1)
}

func (mt *matchTable) putBack(ent *Entry) {
	mt.m.restore(ent)
	ent.ref.Load().use(+1)
}

// clear removes every entry that is not const, and resets the default entry.
func (mt *matchTable) clear(name string) (func(), error) {
	if mt.t.ConstEntries {
		return nil, mt.fail(name, ErrReadOnly, "the program's entries are const")
	}
	undoDefault := func() {}
	if !mt.t.ConstDefault {
		var err error
		if undoDefault, err = mt.resetDefault(name); err != nil {
			return nil, err
		}
	}
	var gone []*Entry
	for _, ent := range mt.m.entries[1:] {
		if ent != nil && ent.kind != constEntry {
			gone = append(gone, ent)
			mt.take(ent)
		}
	}
	return func() {
		for i := len(gone) - 1; i >= 0; i-- {
			mt.putBack(gone[i])
		}
		undoDefault()
	}, nil
}

func (mt *matchTable) setDefault(name string, e *TableEntry) (func(), error) {
	var d entryData
	if err := mt.parse(name, e, mt.m.Default(), &d); err != nil {
		return nil, err
	}
	if mt.t.ConstDefault && (d.act != nil || d.ref != nil) {
		return nil, mt.fail(name, ErrReadOnly, "the program's default action is const")
	}
	// A default entry that gets an action gets direct resources as a new entry
	// does; without one only what is given changes.
	d.anew = d.act != nil || d.ref != nil
	if err := mt.planTimed(name, mt.m.Default(), &d); err != nil {
		return nil, err
	}
	return mt.modify(name, mt.m.Default(), &d)
}

// resetDefault brings the program's default action back.
func (mt *matchTable) resetDefault(name string) (func(), error) {
	if mt.t.ConstDefault {
		return func() {}, nil // it never changed
	}
	return mt.modify(name, mt.m.Default(), &entryData{
		act: &ActionData{Action: mt.t.Default.Action, Data: mt.t.Default.Data},
	})
}

// Usage is the number of entries.
func (mt *matchTable) Usage(Target) (int, error) { return mt.m.used, nil }

// Read yields the entry with the query's key, the default, or every entry in
// the order of their handles and then the default.
func (mt *matchTable) Read(t Target, q *Query) iter.Seq2[*TableEntry, error] {
	return func(yield func(*TableEntry, error) bool) {
		target, err := mt.inTarget("read", t, mt.pipes)
		if err != nil {
			yield(nil, err)
			return
		}
		want, err := mt.wanted(q)
		if err != nil {
			yield(nil, err)
			return
		}
		r := entryReader{mt: mt, q: q, target: target, want: want}
		switch {
		case q.Default:
			r.one(mt.m.Default(), yield)
		case len(q.Key) > 0 || q.Handle != 0:
			mt.store.mu.Lock()
			ent, err := mt.findOne(q)
			mt.store.mu.Unlock()
			if err != nil {
				yield(nil, err)
				return
			}
			r.one(ent, yield)
		default:
			r.all(yield)
		}
	}
}

// handle of an entry. The default entry is there first: its handle is 1.
func (mt *matchTable) handle(ent *Entry) uint32 { return mt.tag | (ent.cell + 1) }

// findOne finds the entry with the query's handle or key, and its action.
func (mt *matchTable) findOne(q *Query) (ent *Entry, err error) {
	switch {
	case q.Handle == 0:
		if ent, err = mt.findKey(q.Key); err != nil {
			return nil, err
		}
	case q.Handle <= uint32(len(mt.m.entries)) && mt.m.entries[q.Handle-1] != nil:
		ent = mt.m.entries[q.Handle-1]
	default:
		return nil, mt.noHandle(q.Handle)
	}
	if q.Action == "" {
		return ent, nil
	}
	if act := ent.act.Load(); act == nil || act.Action < 0 || !named(mt.actions.names[act.Action], q.Action) {
		return nil, mt.fail("read", ErrInvalid, "the entry's action is not %s", q.Action)
	}
	return ent, nil
}

func (mt *matchTable) findKey(key []KeyField) (*Entry, error) {
	keys, prio, err := mt.key("read", key)
	if err != nil {
		return nil, err
	}
	ent := mt.m.find(mt.m.newEntry(keys, prio))
	if ent == nil {
		return nil, mt.fail("read", ErrNotFound, "no entry with this key")
	}
	return ent, nil
}
