package tables

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
)

// Snapshots: the tables are there, since controllers find them in the schema,
// and hold what is written; a capture is refused by name, as nothing here
// takes one. gofino trace shows more of a packet than a snapshot does.

// snapshotRows is the table of configurations or of triggers: rows by stage.
type snapshotRows struct {
	base
	store *Store
	pipes []pipeState
	rows  map[stageRange]snapshotRow // guarded by the store's mu
}

type stageRange struct{ first, last uint32 }

// snapshotRow holds values by index into spec.Data; nil is not set.
type snapshotRow []Value

func newSnapshotRows(s *Store, spec *TableSpec, pipes []pipeState) *snapshotRows {
	return &snapshotRows{base: newBase(spec), store: s, pipes: pipes, rows: map[stageRange]snapshotRow{}}
}

func (t *snapshotRows) isTrigger() bool { return t.spec.Type == "SnapshotTrigger" }

// key reads a stage, or the first and the last.
func (t *snapshotRows) key(op string, key []KeyField) (stageRange, error) {
	r := stageRange{last: uint32(t.spec.Size - 1)}
	stage := [2]*uint32{&r.first, &r.last}
	seen := [2]bool{}
	for _, k := range key {
		n, err := t.keys.find(k.Name)
		if err != nil {
			return r, t.fail(op, ErrInvalid, "key field: %v", err)
		}
		w, err := word(k.Value, 32)
		if err != nil {
			return r, t.failField(op, "key field", t.spec.Key[n].Name, err)
		}
		if seen[n] || w >= uint64(t.spec.Size) {
			return r, t.fail(op, ErrInvalid, "key field %s is %d, want one stage of 0 to %d", t.spec.Key[n].Name, w, t.spec.Size-1)
		}
		*stage[n], seen[n] = uint32(w), true
	}
	if t.isTrigger() {
		if !seen[0] {
			return r, t.fail(op, ErrInvalid, "key field stage is missing")
		}
		r.last = r.first
	}
	if r.last < r.first {
		return r, t.fail(op, ErrInvalid, "end_stage %d is before start_stage %d", r.last, r.first)
	}
	return r, nil
}

// Write adds, modifies or deletes a row.
func (t *snapshotRows) Write(target Target, u *Update) (func(), error) {
	op, e := u.Op, &u.Entry
	name := opName(op, e)
	valid := "add, delete, clear"
	if t.isTrigger() {
		valid = "add, modify, delete, clear"
	}
	switch {
	case e.Default || op != Insert && op != Delete && (!t.isTrigger() || op != Modify):
		return nil, t.refuse(op, e, valid)
	case target.Pipe != 0:
		return nil, t.fail(name, ErrNotSupported, "snapshots of one pipe: write all pipes, not pipe %d", target.Pipe-1)
	case op == Delete && len(e.Key) == 0:
		was := t.rows
		t.rows = map[stageRange]snapshotRow{}
		return func() { t.rows = was }, nil
	}
	k, err := t.key(name, e.Key)
	if err != nil {
		return nil, err
	}
	was, there := t.rows[k]
	undo := func() {
		delete(t.rows, k)
		if there {
			t.rows[k] = was
		}
	}
	switch {
	case op == Insert && there:
		return nil, t.fail(name, ErrExists, "a row with this key is there")
	case (op == Modify || op == Delete) && !there:
		return nil, t.fail(name, ErrNotFound, "no row with this key")
	case op == Delete:
		delete(t.rows, k)
		return undo, nil
	}
	row, err := t.row(name, e, was)
	if err != nil {
		return nil, err
	}
	t.rows[k] = row
	return undo, nil
}

// row reads the data of a row over what it had.
func (t *snapshotRows) row(name string, e *TableEntry, was snapshotRow) (snapshotRow, error) {
	if err := t.noAction(name, e); err != nil {
		return nil, err
	}
	row := make(snapshotRow, len(t.spec.Data))
	copy(row, was)
	for _, f := range e.Data {
		n, err := t.data.find(f.Name)
		if err != nil {
			return nil, t.fail(name, ErrInvalid, "data field: %v", err)
		}
		spec := &t.spec.Data[n]
		if spec.ReadOnly {
			return nil, t.fail(name, ErrReadOnly, "data field %s", spec.Name)
		}
		v, err := scalarValue(spec.Type, f.Value)
		if err != nil {
			return nil, t.failField(name, "data field", spec.Name, err)
		}
		if on, _ := v.(bool); on && (spec.ID == idSnapEnable || spec.ID == idSnapTimerEnable) {
			return nil, t.fail(name, ErrNotSupported, "%s: captures are not emulated (gofino trace shows every step of a packet)", spec.Name)
		}
		row[n] = v
	}
	for n := range t.spec.Data {
		if t.spec.Data[n].Mandatory && row[n] == nil {
			return nil, t.fail(name, ErrInvalid, "data field %s is missing", t.spec.Data[n].Name)
		}
	}
	return row, nil
}

// scalarValue checks a value of a field that is not repeated.
func scalarValue(t TypeSpec, v Value) (Value, error) {
	switch t.Kind {
	case "bool":
		return wants[bool](v, "bool")
	case "string":
		s, err := wants[string](v, "string")
		if err == nil && len(t.Choices) > 0 && !slices.Contains(t.Choices, s) {
			err = fmt.Errorf("is %q (choices: %s)", s, choices(t.Choices))
		}
		return s, err
	}
	return number(v, t.Bits())
}

// Usage is the number of rows.
func (t *snapshotRows) Usage(Target) (int, error) {
	t.store.mu.Lock()
	defer t.store.mu.Unlock()
	return len(t.rows), nil
}

func (t *snapshotRows) sorted() []stageRange {
	out := make([]stageRange, 0, len(t.rows))
	for k := range t.rows {
		out = append(out, k)
	}
	slices.SortFunc(out, func(a, b stageRange) int {
		return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.last, b.last))
	})
	return out
}

// Read yields one row, or all by stage.
func (t *snapshotRows) Read(_ Target, q *Query) iter.Seq2[*TableEntry, error] {
	return func(yield func(*TableEntry, error) bool) {
		var out []*TableEntry
		err := func() error {
			t.store.mu.Lock()
			defer t.store.mu.Unlock()
			if q.Default {
				return t.fail("read default of", ErrNotSupported, "the table has no default entry")
			}
			if q.Handle != 0 {
				k := stageRange{first: q.Handle >> 8, last: q.Handle&0xff - 1}
				if _, ok := t.rows[k]; !ok {
					return t.noHandle(q.Handle)
				}
				out = []*TableEntry{t.entry(k, t.rows[k], q)}
				return nil
			}
			if len(q.Key) == 0 {
				for _, k := range t.sorted() {
					out = append(out, t.entry(k, t.rows[k], q))
				}
				return nil
			}
			k, err := t.key("read", q.Key)
			if err != nil {
				return err
			}
			row, ok := t.rows[k]
			if !ok {
				return t.fail("read", ErrNotFound, "no row with this key")
			}
			out = []*TableEntry{t.entry(k, row, q)}
			return nil
		}()
		if err != nil {
			yield(nil, err)
			return
		}
		for _, e := range out {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func (t *snapshotRows) entry(k stageRange, row snapshotRow, q *Query) *TableEntry {
	e := &TableEntry{Table: t.spec.Name, Handle: k.first<<8 | (k.last + 1)}
	for i, w := range []uint32{k.first, k.last}[:len(t.spec.Key)] {
		e.Key = append(e.Key, KeyField{Name: t.spec.Key[i].Name, Value: wordBytes(uint64(w), 32)})
	}
	if q.KeyOnly {
		return e
	}
	for i := range t.spec.Data {
		f := &t.spec.Data[i]
		if !wantsField(q, f.Name) {
			continue
		}
		v := row[i]
		switch {
		case f.ID == idSnapTriggerState: // one per pipe: nothing is ever armed
			v = slices.Repeat([]string{"PASSIVE"}, len(t.pipes))
		case f.ReadOnly: // pipes that captured: a thread without any has no field
			continue
		case v == nil:
			v = defaultValue(f.Type)
		}
		e.Data = append(e.Data, DataField{Name: f.Name, Value: v})
	}
	return e
}

// defaultValue of a field that nobody has set.
func defaultValue(t TypeSpec) Value {
	switch t.Kind {
	case "bool":
		b, _ := t.Default.(bool)
		return b
	case "string":
		s, _ := t.Default.(string)
		return s
	}
	return make([]byte, (t.Bits()+7)/8) // the defaults of numbers here are 0
}

// snapshotData has no row: nothing is captured.
type snapshotData struct{ base }

// Write is refused.
func (t *snapshotData) Write(_ Target, u *Update) (func(), error) {
	op, e := u.Op, &u.Entry
	return nil, t.fail(opName(op, e), ErrReadOnly, "the table holds what was captured")
}

// Usage is none.
func (t *snapshotData) Usage(Target) (int, error) { return 0, nil }

// Read finds nothing.
func (t *snapshotData) Read(_ Target, q *Query) iter.Seq2[*TableEntry, error] {
	return func(yield func(*TableEntry, error) bool) {
		if q.Default || len(q.Key) > 0 {
			yield(nil, t.fail("read", ErrNotFound, "nothing was captured"))
		}
	}
}

// snapshotLiveness tells in which stages a field has its value: here in all.
type snapshotLiveness struct {
	base
	stages int
	fields map[string]bool // immutable
}

// Write is refused.
func (t *snapshotLiveness) Write(_ Target, u *Update) (func(), error) {
	op, e := u.Op, &u.Entry
	return nil, t.fail(opName(op, e), ErrReadOnly, "the table is the program's")
}

// Usage is none: the rows are found by name only.
func (t *snapshotLiveness) Usage(Target) (int, error) { return 0, nil }

// Read finds a field.
func (t *snapshotLiveness) Read(_ Target, q *Query) iter.Seq2[*TableEntry, error] {
	return func(yield func(*TableEntry, error) bool) {
		if q.Default || len(q.Key) != 1 {
			yield(nil, t.fail("read", ErrInvalid, "no key given (key fields: field_name)"))
			return
		}
		name := keyString(&q.Key[0])
		if !t.fields[name] {
			yield(nil, t.fail("read", ErrNotFound, "no field %q", name))
			return
		}
		all := make([]uint32, t.stages)
		for i := range all {
			all[i] = uint32(i)
		}
		yield(&TableEntry{Table: t.spec.Name, Key: q.Key, Data: []DataField{{Name: "valid_stages", Value: all}}}, nil)
	}
}

// keyString is a key whose type is a string.
func keyString(k *KeyField) string {
	if k.Str != "" {
		return k.Str
	}
	return string(k.Value)
}

// debugCounters are refused: what they count is where the compiler's gateways
// and tables happen to lie.
type debugCounters struct{ base }

const noDebugCounters = "debug counters are not emulated (gofino trace shows hits and misses of every table)"

// Write is refused.
func (t *debugCounters) Write(_ Target, u *Update) (func(), error) {
	op, e := u.Op, &u.Entry
	return nil, t.fail(opName(op, e), ErrNotSupported, noDebugCounters)
}

// Usage is none.
func (t *debugCounters) Usage(Target) (int, error) { return 0, nil }

// Read is refused.
func (t *debugCounters) Read(Target, *Query) iter.Seq2[*TableEntry, error] {
	return func(yield func(*TableEntry, error) bool) {
		yield(nil, t.fail("read", ErrNotSupported, noDebugCounters))
	}
}
