package tables

import (
	"errors"
	"iter"

	"gofino/pipeline/ir"
)

// counterTable is an indirect counter.
type counterTable struct {
	base
	store *Store
	size  int
	cells counterCells
}

// registerTable is an indirect register.
type registerTable struct {
	base
	store *Store
	size  int
	cells registerCells
	scope scope // which pipes a write to one of them is for; guarded by the store's mu
}

// index checks operation and key of a table whose entries always exist, one for
// each index below size. all: every entry is meant.
func (b *base) index(op Op, e *TableEntry, size int) (i uint64, all bool, err error) {
	name := opName(op, e)
	switch {
	case e.Default:
		return 0, false, b.fail(name, ErrNotSupported, "the table has no default entry")
	case op == Delete && len(e.Key) == 0:
		return 0, true, nil
	case op != Insert && op != Modify:
		return 0, false, b.refuse(op, e, "add, modify, clear")
	}
	i, err = b.indexKey(name, e.Key, size)
	if err != nil {
		return 0, false, err
	}
	return i, false, b.noAction(name, e)
}

func (b *base) indexKey(op string, key []KeyField, size int) (uint64, error) {
	k, err := b.words(op, key)
	if err != nil {
		return 0, err
	}
	if k[0] >= uint64(size) {
		return 0, b.fail(op, ErrInvalid, "key field %s is %d, want 0 to %d", b.spec.Key[0].Name, k[0], size-1)
	}
	return k[0], nil
}

// indices are those that a query means. The handle of an entry that always
// exists is its index + 1.
func (b *base) indices(q *Query, size int) (from, to uint64, err error) {
	if q.Default {
		return 0, 0, b.fail("read default of", ErrNotSupported, "the table has no default entry")
	}
	if h := uint64(q.Handle); h != 0 {
		if h > uint64(size) {
			return 0, 0, b.noHandle(q.Handle)
		}
		return h - 1, h, nil
	}
	if len(q.Key) == 0 {
		return 0, uint64(size), nil
	}
	i, err := b.indexKey("read", q.Key, size)
	return i, i + 1, err
}

// Write sets a cell, or clears all.
func (c *counterTable) Write(t Target, u *Update) (func(), error) {
	op, e := u.Op, &u.Entry
	name := opName(op, e)
	target, err := c.inTarget(name, t, c.cells.pipes)
	if err != nil {
		return nil, err
	}
	i, all, err := c.index(op, e, c.size)
	if err != nil {
		return nil, err
	}
	if all {
		return c.clearAll(target), nil
	}
	var packets, bytes *uint64
	for _, f := range e.Data {
		n, err := c.data.find(f.Name)
		if err != nil {
			return nil, c.fail(name, ErrInvalid, "data field: %v", err)
		}
		w, err := word(f.Value, 64)
		if err != nil {
			return nil, c.failField(name, "data field", c.spec.Data[n].Name, err)
		}
		if c.spec.Data[n].Name == "$COUNTER_SPEC_PKTS" {
			packets = &w
		} else {
			bytes = &w
		}
	}
	return c.cells.set(i, target, packets, bytes), nil
}

func (c *counterTable) clearAll(target []pipeState) func() {
	old := make([][]uint64, len(target))
	for n, p := range target {
		p.Mu.Lock()
		l := p.Counters[c.cells.index]
		old[n], l.cells = l.cells, make([]uint64, len(l.cells))
		p.Mu.Unlock()
	}
	copies := c.cells.copies
	c.cells.sync()
	return func() {
		for n, p := range target {
			p.Mu.Lock()
			p.Counters[c.cells.index].cells = old[n]
			p.Mu.Unlock()
		}
		c.cells.copies = copies
	}
}

// Usage is the size: every entry exists.
func (c *counterTable) Usage(Target) (int, error) { return c.size, nil }

// Operation copies the counters for reads without FromHW.
func (c *counterTable) Operation(_ Target, op string) error {
	if op != "Sync" && op != "SyncCounters" {
		return c.fail("operate on", ErrInvalid, "no operation %q (operations: Sync, SyncCounters)", op)
	}
	c.cells.sync()
	return nil
}

// Read yields one counter or all, summed over the pipes of the target.
func (c *counterTable) Read(t Target, q *Query) iter.Seq2[*TableEntry, error] {
	return func(yield func(*TableEntry, error) bool) {
		target, err := c.inTarget("read", t, c.cells.pipes)
		if err != nil {
			yield(nil, err)
			return
		}
		from, to, err := c.indices(q, c.size)
		if err != nil {
			yield(nil, err)
			return
		}
		want, err := c.selected(q)
		if err != nil {
			yield(nil, err)
			return
		}
		for i := from; i < to; i++ {
			e := &TableEntry{Table: c.spec.Name, Key: c.wordKey(i), Handle: uint32(i) + 1}
			if !q.KeyOnly {
				c.store.mu.Lock()
				v := c.cells.sum(i, target, q.FromHW)
				c.store.mu.Unlock()
				for _, d := range c.spec.Data {
					if !want(d.Name) {
						continue
					}
					w := v.bytes
					if d.Name == "$COUNTER_SPEC_PKTS" {
						w = v.packets
					}
					e.Data = append(e.Data, DataField{Name: d.Name, Value: wordBytes(w, 64)})
				}
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

// Write sets a cell, or gives all their initial value.
func (r *registerTable) Write(t Target, u *Update) (func(), error) {
	op, e := u.Op, &u.Entry
	name := opName(op, e)
	target, err := r.inScope(name, t)
	if err != nil {
		return nil, err
	}
	i, all, err := r.index(op, e, r.size)
	if err != nil {
		return nil, err
	}
	if all {
		return r.clearAll(target), nil
	}
	v := make([]pair, len(r.cells.pipes))
	var given [2]bool
	for _, f := range e.Data {
		n, err := r.data.find(f.Name)
		if err != nil {
			return nil, r.fail(name, ErrInvalid, "data field: %v", err)
		}
		given[n] = true
		if err := r.cells.parse(f.Value, r.spec.Data[n].Type.Width, target, n, v); err != nil {
			return nil, r.failField(name, "data field", r.spec.Data[n].Name, err)
		}
	}
	return r.cells.set(i, target, v, given), nil
}

// inScope are the pipes that a write means: those of the target, or where it is
// a pipe of a scope of several, these. Reads are by pipe in any case, as the
// driver's are.
func (r *registerTable) inScope(op string, t Target) ([]pipeState, error) {
	target, err := r.inTarget(op, t, r.cells.pipes)
	if err != nil || t.Pipe == 0 || r.scope.kind != scopeUser {
		return target, err
	}
	groups, _, err := r.scope.groups(r.cells.pipes)
	for _, g := range groups {
		if within(target[0], g) {
			return g, nil
		}
	}
	if err == nil {
		err = r.fail(op, ErrInvalid, "pipe %d is in no scope", t.Pipe-1)
	}
	return nil, err
}

// Registers have an EntryScope, though no schema lists it.
func (r *registerTable) unlisted(name string) bool { return name == attrEntryScope }

// Attribute reads EntryScope.
func (r *registerTable) Attribute(Target, string) ([]DataField, error) {
	return scopeValues{scope: r.scope}.fields(0), nil
}

// SetAttribute sets EntryScope. Every cell stays as it is.
func (r *registerTable) SetAttribute(_ Target, name string, data []DataField) error {
	v, err := parsePipeScope(data)
	if err == nil {
		_, _, err = v.groups(r.cells.pipes)
	}
	if err != nil {
		return r.fail("set attribute of", ErrInvalid, "%s: %v", name, err)
	}
	r.scope = v
	return nil
}

func (r *registerTable) clearAll(target []pipeState) func() {
	old := make([]*Register, len(target))
	for n, p := range target {
		p.Mu.Lock()
		l := p.Registers[r.cells.index]
		saved := *l
		old[n] = &saved
		*l = *newRegister(l.spec, l.Len())
		p.Mu.Unlock()
	}
	copies := r.cells.copies
	r.cells.sync()
	return func() {
		for n, p := range target {
			p.Mu.Lock()
			*p.Registers[r.cells.index] = *old[n]
			p.Mu.Unlock()
		}
		r.cells.copies = copies
	}
}

// Usage has no meaning for registers.
func (r *registerTable) Usage(Target) (int, error) {
	return 0, r.fail("count", ErrNotSupported, "a %s table has: add, modify, clear, read", r.spec.Type)
}

// Operation copies the registers for reads without FromHW.
func (r *registerTable) Operation(_ Target, op string) error {
	if op != "Sync" && op != "SyncRegisters" {
		return r.fail("operate on", ErrInvalid, "no operation %q (operations: Sync, SyncRegisters)", op)
	}
	r.cells.sync()
	return nil
}

// Read yields one cell or all: a value for each pipe of the target.
func (r *registerTable) Read(t Target, q *Query) iter.Seq2[*TableEntry, error] {
	return func(yield func(*TableEntry, error) bool) {
		target, err := r.inTarget("read", t, r.cells.pipes)
		if err != nil {
			yield(nil, err)
			return
		}
		from, to, err := r.indices(q, r.size)
		if err != nil {
			yield(nil, err)
			return
		}
		want, err := r.selected(q)
		if err != nil {
			yield(nil, err)
			return
		}
		for i := from; i < to; i++ {
			e := &TableEntry{Table: r.spec.Name, Key: r.wordKey(i), Handle: uint32(i) + 1}
			if !q.KeyOnly {
				r.store.mu.Lock()
				v := r.cells.read(i, q.FromHW)
				r.store.mu.Unlock()
				for h, d := range r.spec.Data {
					if want(d.Name) {
						e.Data = append(e.Data, DataField{Name: d.Name, Value: r.cells.values(v, target, h)})
					}
				}
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

// paramTable is a RegisterParam: nothing but a default entry.
type paramTable struct {
	base
	store   *Store
	live    *Param
	width   int
	initial uint64
}

// Write sets or resets the value.
func (p *paramTable) Write(t Target, u *Update) (func(), error) {
	op, e := u.Op, &u.Entry
	name := opName(op, e)
	if t.Pipe != 0 {
		return nil, p.fail(name, ErrInvalid, "the table is symmetric: write it in all pipes, not in pipe %d", t.Pipe-1)
	}
	v := p.initial
	switch {
	case !e.Default:
		return nil, p.refuse(op, e, "set, read and reset of the default entry")
	case op == Modify:
		if err := p.noAction(name, e); err != nil {
			return nil, err
		}
		w, err := p.value(e.Data)
		if err != nil {
			return nil, p.fail(name, ErrInvalid, "%v", err)
		}
		v = w
	case op != Delete:
		return nil, p.refuse(op, e, "set, read and reset of the default entry")
	}
	old := p.live.Load()
	p.live.v.Store(v)
	return func() { p.live.v.Store(old) }, nil
}

func (p *paramTable) value(data []DataField) (uint64, error) {
	if len(data) != 1 {
		return 0, errors.New("want one data field: value")
	}
	if _, err := p.data.find(data[0].Name); err != nil {
		return 0, wrap("data field:", err)
	}
	w, err := word(data[0].Value, p.width)
	if err != nil {
		return 0, wrap("data field value", err)
	}
	return w, nil
}

// Usage has no meaning here.
func (p *paramTable) Usage(Target) (int, error) {
	return 0, p.fail("count", ErrNotSupported, "a %s table has: set, read and reset of the default entry", p.spec.Type)
}

// Read yields the value as the default entry.
func (p *paramTable) Read(_ Target, q *Query) iter.Seq2[*TableEntry, error] {
	return func(yield func(*TableEntry, error) bool) {
		if len(q.Key) > 0 || q.Handle != 0 {
			yield(nil, p.fail("read", ErrNotSupported, "a %s table has: set, read and reset of the default entry", p.spec.Type))
			return
		}
		want, err := p.selected(q)
		if err != nil {
			yield(nil, err)
			return
		}
		e := &TableEntry{Table: p.spec.Name, Default: true}
		if !q.KeyOnly && want("value") {
			e.Data = []DataField{{Name: "value", Value: wordBytes(p.live.Load(), p.width)}}
		}
		yield(e, nil)
	}
}

func newParamTable(st *Store, spec *TableSpec, o *ir.RegisterParam, live *Param) *paramTable {
	return &paramTable{base: newBase(spec), store: st, live: live, width: o.Width, initial: paramInitial(o)}
}
