package tables

import (
	"iter"

	"gofino/pipeline/ir"
)

// snapshotData is what the snapshots of a gress captured, by stage and pipe.
type snapshotData struct {
	base
	of    *ir.Snapshot
	pipes []pipeState
	t2    bool
}

// noNextTable is what next_table_name says where the packet goes to no table of
// a later stage; on Tofino 2, whose stages start tables by other means, always.
const noNextTable = "NO_NEXT_TABLE"

// Write is refused.
func (t *snapshotData) Write(_ Target, u *Update) (func(), error) {
	op, e := u.Op, &u.Entry
	return nil, t.fail(opName(op, e), ErrReadOnly, "the table holds what was captured")
}

// Usage is the number of stages with a capture, in all pipes of the target.
func (t *snapshotData) Usage(target Target) (int, error) {
	pipes, err := t.inTarget("ask the usage of", target, t.pipes)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, p := range pipes {
		p.Mu.Lock()
		for stage := range t.spec.Size {
			if s, _ := p.Snapshots.Captured(stage); s != nil && s.Dir == t.of.Dir {
				n++
			}
		}
		p.Mu.Unlock()
	}
	return n, nil
}

// Read yields what one pipe captured in a stage, or in every stage.
func (t *snapshotData) Read(target Target, q *Query) iter.Seq2[*TableEntry, error] {
	return entries(func() ([]*TableEntry, error) { return t.read(target, q) })
}

func (t *snapshotData) read(target Target, q *Query) (out []*TableEntry, err error) {
	if q.Default {
		return nil, t.fail("read default of", ErrNotSupported, "the table has no default entry")
	}
	from, to := 0, t.spec.Size
	one := len(q.Key) > 0 || q.Handle != 0
	switch {
	case q.Handle != 0 && q.Handle <= uint32(t.spec.Size):
		from, to = int(q.Handle)-1, int(q.Handle)
	case q.Handle != 0:
		return nil, t.noHandle(q.Handle)
	case one:
		k, err := t.words("read", q.Key)
		if err != nil {
			return nil, err
		}
		if k[0] >= uint64(t.spec.Size) {
			return nil, t.fail("read", ErrInvalid, "key field stage is %d, want 0 to %d", k[0], t.spec.Size-1)
		}
		from, to = int(k[0]), int(k[0])+1
	}
	if target.Pipe == 0 {
		if n, err := t.Usage(target); err != nil || n == 0 && !one {
			return nil, err
		}
		return nil, t.fail("read", ErrInvalid, "captures are of one pipe each: name it in the target")
	}
	pipes, err := t.inTarget("read", target, t.pipes)
	if err != nil {
		return nil, err
	}
	p := pipes[0]
	p.Mu.Lock()
	defer p.Mu.Unlock()
	for stage := from; stage < to; stage++ {
		s, got := p.Snapshots.Captured(stage)
		if s != nil && s.Dir == t.of.Dir {
			out = append(out, t.entry(s, got, stage, q))
		}
	}
	if one && len(out) == 0 {
		return nil, t.fail("read", ErrNotFound, "nothing was captured in stage %d of pipe %d", from, target.Pipe-1)
	}
	return out, nil
}

func (t *snapshotData) entry(s *Snapshot, got *SnapshotStage, stage int, q *Query) *TableEntry {
	e := &TableEntry{Table: t.spec.Name, Handle: uint32(stage) + 1, Key: t.wordKey(uint64(stage))}
	if q.KeyOnly {
		return e
	}
	fixed := len(t.spec.Data) - len(t.of.Fields)
	for i := range t.spec.Data {
		f := &t.spec.Data[i]
		if !wantsField(q, f.Name) {
			continue
		}
		var v Value
		switch {
		case i >= fixed:
			v = fieldBytes(got.Memory, t.of.Fields[i-fixed].Loc)
		case f.ID == idSnapPrevStageTrigger:
			v = stage != s.First
		case f.ID == idSnapLocalStageTrigger:
			v = stage == s.First && !s.Timer
		case f.ID == idSnapTimerTrigger:
			v = stage == s.First && s.Timer
		case f.ID == idSnapNextTable:
			if v = got.Next; got.Next == "" || t.t2 {
				v = noNextTable
			}
		case f.ID == idSnapTableInfo:
			v = tableInfo(got.Tables)
		case f.ID == idSnapEnabledNextTables:
			v = append([]string{}, got.Enabled...)
		case f.ID == idSnapMeterALUInfo:
			v = [][]DataField{}
		case f.Repeated:
			v = []string{} // global execute and long branches: the compiler's wires
		default:
			v = defaultValue(f.Type)
		}
		e.Data = append(e.Data, DataField{Name: f.Name, Value: v})
	}
	return e
}

// tableInfo is the container of a stage's tables.
func tableInfo(list []SnapshotTable) [][]DataField {
	out := [][]DataField{}
	for i := range list {
		s := &list[i]
		out = append(out, []DataField{
			{Name: "table_name", Value: s.Name},
			{Name: "match_hit_handle", Value: wordBytes(uint64(s.Handle), 32)},
			{Name: "table_hit", Value: s.Hit},
			{Name: "table_inhibited", Value: s.Inhibited},
			{Name: "table_executed", Value: s.Executed},
		})
	}
	return out
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
