package tables

import (
	"iter"

	"gofino/pipeline/ir"
)

// timedTable is an indirect Meter, Lpf or Wred: every entry exists.
type timedTable struct {
	base
	store *Store
	size  int
	pipes []pipeState
	cells timedCells
}

// addTimed makes the meters and filters of a pipe. Direct ones grow with their
// table.
func (s *State) addTimed(pl *ir.Pipeline, hz uint64) {
	size := func(n, table int) int {
		if table >= 0 {
			return directCells(pl.Tables[table])
		}
		return n
	}
	for _, m := range pl.Meters {
		s.Meters = append(s.Meters, newMeter(m, size(m.Size, m.Table), hz))
	}
	for _, f := range pl.Filters {
		s.Filters = append(s.Filters, newFilter(f, size(f.Size, f.Table), hz))
	}
}

func newMeterTable(st *Store, spec *TableSpec, m *ir.Meter, i int, pipes []pipeState) *timedTable {
	return &timedTable{base: newBase(spec), store: st, size: m.Size, pipes: pipes, cells: &meterCells{pipes: pipes, index: i}}
}

func newFilterTable(st *Store, spec *TableSpec, f *ir.Filter, i int, pipes []pipeState) *timedTable {
	return &timedTable{base: newBase(spec), store: st, size: f.Size, pipes: pipes, cells: &filterCells{pipes: pipes, index: i, kind: f.Kind}}
}

// Write sets a cell, or resets all. An addition starts from a cell that was
// never written, a modification from what is there.
func (t *timedTable) Write(at Target, u *Update) (func(), error) {
	op, e := u.Op, &u.Entry
	name := opName(op, e)
	target, err := t.inTarget(name, at, t.pipes)
	if err != nil {
		return nil, err
	}
	i, all, err := t.index(op, e, t.size)
	if err != nil {
		return nil, err
	}
	if all {
		return t.cells.resetAll(target), nil
	}
	var given timedFields
	for _, f := range e.Data {
		n, err := t.data.find(f.Name)
		if err != nil {
			return nil, t.fail(name, ErrInvalid, "data field: %v", err)
		}
		if given[n] != nil {
			return nil, t.fail(name, ErrInvalid, "data field %s is given twice", t.spec.Data[n].Name)
		}
		if err := t.cells.check(n, f.Value); err != nil {
			return nil, t.failField(name, "data field", t.spec.Data[n].Name, err)
		}
		given[n] = f.Value
	}
	do, err := t.cells.plan(i, op == Insert, target, &given)
	if err != nil {
		return nil, t.fail(name, causeOf(err), "%v", err)
	}
	return do(i), nil
}

// Usage is the size: every entry exists.
func (t *timedTable) Usage(Target) (int, error) { return t.size, nil }

// Read yields one cell or all, as the first pipe of the target has them.
func (t *timedTable) Read(at Target, q *Query) iter.Seq2[*TableEntry, error] {
	return func(yield func(*TableEntry, error) bool) {
		target, err := t.inTarget("read", at, t.pipes)
		if err != nil {
			yield(nil, err)
			return
		}
		from, to, err := t.indices(q, t.size)
		if err != nil {
			yield(nil, err)
			return
		}
		want, err := t.selected(q)
		if err != nil {
			yield(nil, err)
			return
		}
		for i := from; i < to; i++ {
			e := &TableEntry{Table: t.spec.Name, Key: t.wordKey(i), Handle: uint32(i) + 1}
			if !q.KeyOnly {
				t.store.mu.Lock()
				v := t.cells.get(i, target)
				t.store.mu.Unlock()
				for n, d := range t.spec.Data {
					if want(d.Name) {
						e.Data = append(e.Data, DataField{Name: d.Name, Value: v[n]})
					}
				}
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

// Attribute reads MeterByteCountAdjust.
func (t *timedTable) Attribute(at Target, _ string) ([]DataField, error) {
	return t.meterAdjust(at, t.pipes, []timedCells{t.cells})
}

// SetAttribute writes MeterByteCountAdjust.
func (t *timedTable) SetAttribute(at Target, _ string, data []DataField) error {
	return t.setMeterAdjust(at, t.pipes, []timedCells{t.cells}, data)
}

// adjustField is the one field of MeterByteCountAdjust: int32, the number of
// bytes that is added to the length that a meter charges.
const adjustField = "byte_count_adjust"

// meterAdjust reads the attribute: a value for each pipe of the target.
func (b *base) meterAdjust(at Target, pipes []pipeState, cells []timedCells) ([]DataField, error) {
	target, err := b.inTarget("read attribute of", at, pipes)
	if err != nil {
		return nil, err
	}
	var out []DataField
	for _, p := range target {
		for _, c := range cells {
			if m, ok := c.(*meterCells); ok {
				p.Mu.Lock()
				n := m.live(p).adjust
				p.Mu.Unlock()
				out = append(out, DataField{Name: adjustField, Value: wordBytes(uint64(uint32(int32(n))), 32)})
			}
		}
	}
	return out, nil
}

func (b *base) setMeterAdjust(at Target, pipes []pipeState, cells []timedCells, data []DataField) error {
	const op = "set attribute of"
	target, err := b.inTarget(op, at, pipes)
	if err != nil {
		return err
	}
	v, err := attributeFields(data, adjustField)
	if err != nil {
		return b.fail(op, ErrInvalid, "%s: %v", meterAttribute, err)
	}
	w, err := wordValue(v[0], 32, 0)
	if err != nil {
		return b.fail(op, ErrInvalid, "%s: field %s %v", meterAttribute, adjustField, err)
	}
	for _, p := range target {
		for _, c := range cells {
			if m, ok := c.(*meterCells); ok {
				p.Mu.Lock()
				m.live(p).adjust = int(int32(w))
				p.Mu.Unlock()
			}
		}
	}
	return nil
}
