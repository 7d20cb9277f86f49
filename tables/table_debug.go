package tables

import (
	"iter"
	"slices"

	"gofino/internal/snap"
	"gofino/pipeline/ir"
)

// debugCounters is the table of debug counters by the name of a table.
type debugCounters struct {
	base
	store  *Store
	tables []debugRow // by name
}

type debugRow struct {
	name  string
	index int // in ir.Pipeline.Tables
	pipes []pipeState
}

func newDebugCounters(s *Store, spec *TableSpec, p *ir.Program) *debugCounters {
	t := &debugCounters{base: newBase(spec), store: s}
	for i, pl := range p.Pipelines {
		for j, tab := range pl.Tables {
			t.tables = append(t.tables, debugRow{pl.Name + "." + tab.Name, j, s.running[i]})
		}
	}
	slices.SortFunc(t.tables, func(a, b debugRow) int {
		if a.name < b.name {
			return -1
		}
		return 1
	})
	return t
}

// find the row of a key.
func (t *debugCounters) find(op string, key []KeyField) (*debugRow, error) {
	if len(key) != 1 {
		return nil, t.fail(op, ErrInvalid, "key field tbl_name is missing")
	}
	if _, err := t.keys.find(key[0].Name); err != nil {
		return nil, t.fail(op, ErrInvalid, "key field: %v", err)
	}
	names := make([]string, len(t.tables))
	for i := range t.tables {
		names[i] = t.tables[i].name
	}
	n, err := resolve(keyString(&key[0]), names)
	if err != nil {
		return nil, t.fail(op, ErrNotFound, "key field tbl_name: %v", err)
	}
	return &t.tables[n], nil
}

// Write sets what a table's counters count, or clears all of a target.
func (t *debugCounters) Write(target Target, u *Update) (func(), error) {
	op, e := u.Op, &u.Entry
	name := opName(op, e)
	clears := op == Delete && len(e.Key) == 0 && !e.Default
	if !clears && (op != Modify || e.Default) {
		return nil, t.refuse(op, e, "modify, clear")
	}
	if err := t.noAction(name, e); err != nil {
		return nil, err
	}
	if clears {
		return t.clear(name, target)
	}
	row, err := t.find(name, e.Key)
	if err != nil {
		return nil, err
	}
	pipes, err := t.inTarget(name, target, row.pipes)
	if err != nil {
		return nil, err
	}
	kind := -1
	for _, f := range e.Data {
		n, err := t.data.find(f.Name)
		if err != nil {
			return nil, t.fail(name, ErrInvalid, "data field: %v", err)
		}
		spec := &t.spec.Data[n]
		v, err := scalarValue(spec.Type, f.Value)
		if err != nil {
			return nil, t.failField(name, "data field", spec.Name, err)
		}
		if s, ok := v.(string); ok {
			kind = slices.Index(DebugTypes, s)
		} else if b, _ := v.([]byte); toWord(b) != 0 {
			return nil, t.fail(name, ErrInvalid, "data field value is %d: a debug counter can be cleared, not set", toWord(b))
		}
	}
	if kind < 0 {
		return nil, t.fail(name, ErrInvalid, "data field type is missing")
	}
	undo := t.store.StartDebug()
	for _, p := range pipes {
		p.Mu.Lock()
		for _, c := range p.Debug.Tables[row.index].cells {
			was := c.Type
			p.Debug.SetType(c, DebugType(kind))
			undo = both(undo, func() {
				p.Mu.Lock()
				defer p.Mu.Unlock()
				p.Debug.SetType(c, was)
			})
		}
		p.Mu.Unlock()
	}
	return undo, nil
}

func (t *debugCounters) clear(op string, target Target) (func(), error) {
	pipes, err := t.inTarget(op, target, slices.Concat(t.store.running...))
	if err != nil {
		return nil, err
	}
	undo := t.store.StartDebug()
	for _, p := range pipes {
		p.Mu.Lock()
		undo = both(undo, p.Debug.Clear(&p.Mu))
		p.Mu.Unlock()
	}
	return undo, nil
}

// Usage is the number of tables.
func (t *debugCounters) Usage(Target) (int, error) { return len(t.tables), nil }

// Read yields a table's counter, or all by name. Counters of several pipes are
// added up; of a table in several stages, hits are, too, and of all else the
// last counts.
func (t *debugCounters) Read(target Target, q *Query) iter.Seq2[*TableEntry, error] {
	return func(yield func(*TableEntry, error) bool) {
		rows := t.tables
		switch {
		case q.Default:
			yield(nil, t.fail("read default of", ErrNotSupported, "the table has no default entry"))
			return
		case q.Handle != 0:
			if q.Handle > uint32(len(rows)) {
				yield(nil, t.noHandle(q.Handle))
				return
			}
			rows = rows[q.Handle-1 : q.Handle]
		case len(q.Key) > 0:
			row, err := t.find("read", q.Key)
			if err != nil {
				yield(nil, err)
				return
			}
			rows = []debugRow{*row}
		}
		for i := range rows {
			e, err := t.entry(target, &rows[i], q)
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

func (t *debugCounters) entry(target Target, row *debugRow, q *Query) (*TableEntry, error) {
	pipes, err := t.inTarget("read", target, row.pipes)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(t.tables, func(r debugRow) bool { return r.name == row.name })
	e := &TableEntry{Table: t.spec.Name, Handle: uint32(at) + 1, Key: []KeyField{{Name: "tbl_name", Str: row.name, Value: []byte(row.name)}}}
	if q.KeyOnly {
		return e, nil
	}
	kind, value := DebugHit, uint64(0)
	for i, p := range pipes {
		p.Mu.Lock()
		k, v := p.Debug.Tables[row.index].read()
		p.Mu.Unlock()
		if i > 0 && k != kind {
			return nil, t.fail("read", ErrInvalid, "the counters of %s have type %s in pipe %d and %s in pipe %d: read one pipe",
				row.name, DebugTypes[kind], pipes[0].pipe, DebugTypes[k], p.pipe)
		}
		kind, value = k, value+uint64(v)
	}
	for _, f := range []DataField{{Name: "type", Value: DebugTypes[kind]}, {Name: "value", Value: wordBytes(value, 64)}} {
		if wantsField(q, f.Name) {
			e.Data = append(e.Data, f)
		}
	}
	return e, nil
}

// read is the table's type and value; a table that lies nowhere counts nothing.
func (t *DebugTable) read() (k DebugType, value uint32) {
	k = DebugHit
	for _, c := range t.cells {
		k = c.Type
		if k == DebugHit || k == DebugGatewayHit {
			value += c.Value
		} else {
			value = c.Value
		}
	}
	return k, value
}

func (t *debugCounters) save(e *snap.Encoder) {
	t.store.eachDebug(func(_ int, d *Debug) {
		e.Uint(uint64(len(d.Cells)))
		for _, c := range d.Cells {
			e.Uint(uint64(c.Type), uint64(c.Value))
		}
	})
}

func (t *debugCounters) load(d *snap.Decoder) {
	for _, pipes := range t.store.running {
		for _, p := range pipes {
			n := d.Len()
			if n == 0 {
				continue
			}
			t.store.StartDebug()
			if n != len(p.Debug.Cells) {
				d.Fail("%d debug counters where there are %d", n, len(p.Debug.Cells))
				return
			}
			for i := range p.Debug.Cells {
				c := &p.Debug.Cells[i]
				p.Debug.SetType(c, DebugType(d.Below("type of a debug counter", len(DebugTypes))))
				c.Value = d.Uint32()
			}
		}
	}
}
