package tables

import (
	"encoding/binary"
	"iter"

	"gofino/pipeline/ir"
)

// valueSetTable is a parser value set.
type valueSetTable struct {
	base
	store *Store
	set   *ir.ValueSet
	live  *ValueSet
	rows  map[string]*valueSetRow
	order ordered[*valueSetRow]
}

type valueSetRow struct {
	keys   []ir.KeyMatch
	pat    *pattern
	handle uint32
}

func newValueSetTable(st *Store, spec *TableSpec, o *ir.ValueSet, live *ValueSet) *valueSetTable {
	return &valueSetTable{base: newBase(spec), store: st, set: o, live: live, rows: map[string]*valueSetRow{}}
}

// Write changes rows.
func (v *valueSetTable) Write(t Target, u *Update) (func(), error) {
	op, e := u.Op, &u.Entry
	name := opName(op, e)
	switch {
	case t.Pipe != 0:
		return nil, v.fail(name, ErrInvalid, "the table is symmetric: write it in all pipes, not in pipe %d", t.Pipe-1)
	case e.Default:
		return nil, v.fail(name, ErrNotSupported, "the table has no default entry")
	case op != Insert && op != Delete:
		return nil, v.refuse(op, e, "add, delete, clear")
	case op == Delete && len(e.Key) == 0:
		return v.clear(), nil
	}
	r, err := v.parse(name, e.Key)
	if err != nil {
		return nil, err
	}
	old := v.rows[r.id()]
	if op == Delete {
		if old == nil {
			return nil, v.fail(name, ErrNotFound, "no row with this key")
		}
		return v.delete(old), nil
	}
	switch {
	case old != nil:
		return nil, v.fail(name, ErrExists, "a row with this key is there")
	case len(e.Data) > 0 || e.Action != "":
		return nil, v.fail(name, ErrInvalid, "rows have no data")
	case len(v.rows) >= v.set.Size:
		return nil, v.fail(name, ErrFull, "all %d rows are in use", v.set.Size)
	}
	v.rows[r.id()] = r
	r.handle = v.order.add(r)
	v.publish()
	return func() {
		delete(v.rows, r.id())
		v.order.remove(r.handle)
		v.publish()
	}, nil
}

func (r *valueSetRow) id() string {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(r.pat.value)))
	return string(append(append(b, r.pat.value...), r.pat.mask...))
}

func (v *valueSetTable) publish() {
	var pats []*pattern
	for _, r := range v.order.all() {
		pats = append(pats, r.pat)
	}
	v.live.publish(pats)
}

func (v *valueSetTable) delete(r *valueSetRow) func() {
	delete(v.rows, r.id())
	v.order.remove(r.handle)
	v.publish()
	return func() {
		v.rows[r.id()] = r
		v.order.restore(r.handle, r)
		v.publish()
	}
}

func (v *valueSetTable) clear() func() {
	var undos []func()
	for _, r := range v.order.all() {
		undos = append(undos, v.delete(r))
	}
	return func() {
		for i := len(undos) - 1; i >= 0; i-- {
			undos[i]()
		}
	}
}

// parse reads a row's key. Every field is ternary, whatever the program
// declares (bfrt.md section 9); one not given matches anything.
func (v *valueSetTable) parse(op string, key []KeyField) (*valueSetRow, error) {
	if len(key) == 0 {
		return nil, v.fail(op, ErrInvalid, "no key given (key fields: %s)", choices(v.keys.names))
	}
	kinds := make([]ir.MatchKind, len(v.set.Widths))
	r := &valueSetRow{keys: make([]ir.KeyMatch, len(kinds))}
	for i, w := range v.set.Widths {
		kinds[i] = ir.Ternary
		r.keys[i].Value = make([]byte, (w+7)/8)
		wildcard(&r.keys[i], ir.Ternary, w)
	}
	for i := range key {
		n, err := v.keys.find(key[i].Name)
		if err != nil {
			return nil, v.fail(op, ErrInvalid, "key field: %v", err)
		}
		if err := parseKey(&r.keys[n], ir.Ternary, v.set.Widths[n], &key[i]); err != nil {
			return nil, v.failField(op, "key field", v.spec.Key[n].Name, err)
		}
	}
	r.pat = makePattern(r.keys, kinds, v.set.Widths)
	return r, nil
}

// Usage is the number of rows.
func (v *valueSetTable) Usage(Target) (int, error) {
	v.store.mu.Lock()
	defer v.store.mu.Unlock()
	return len(v.rows), nil
}

// Read yields one row or all, in the order of their handles.
func (v *valueSetTable) Read(_ Target, q *Query) iter.Seq2[*TableEntry, error] {
	return func(yield func(*TableEntry, error) bool) {
		rows, err := v.find(q)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, r := range rows {
			e := &TableEntry{Table: v.spec.Name, Handle: r.handle}
			for i, k := range r.keys {
				e.Key = append(e.Key, KeyField{Name: v.spec.Key[i].Name, Value: clone(k.Value), Mask: clone(k.Mask)})
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

func (v *valueSetTable) find(q *Query) ([]*valueSetRow, error) {
	if q.Default {
		return nil, v.fail("read default of", ErrNotSupported, "the table has no default entry")
	}
	v.store.mu.Lock()
	defer v.store.mu.Unlock()
	if q.Handle != 0 {
		r, ok := v.order.get(q.Handle)
		if !ok {
			return nil, v.noHandle(q.Handle)
		}
		return []*valueSetRow{r}, nil
	}
	if len(q.Key) == 0 {
		return v.order.all(), nil
	}
	r, err := v.parse("read", q.Key)
	if err != nil {
		return nil, err
	}
	if old := v.rows[r.id()]; old != nil {
		return []*valueSetRow{old}, nil
	}
	return nil, v.fail("read", ErrNotFound, "no row with this key")
}
