package tables

import (
	"cmp"
	"fmt"
	"iter"
	"slices"

	"gofino/pipeline/ir"
)

// The tables of a pipeline's snapshots (bfrt.md section 12). A row of cfg
// claims stages for a gress, a row of that gress's trigger, at the first of
// them, says what to wait for and arms it; what was captured is in data.

// snapshotGroup is the tables that belong together.
type snapshotGroup struct {
	cfg      *snapshotRows
	triggers [2]*snapshotRows // by gress
}

// snapshotRows is the table of configurations or of triggers: rows by stage.
type snapshotRows struct {
	base
	store  *Store
	pipes  []pipeState
	group  *snapshotGroup
	dir    ir.Dir      // of a trigger table
	fields []ir.Loc    // of a trigger table: what row[len(fixed)+2i] compares
	rows   snapshotMap // guarded by the store's mu; replaced, not changed
}

type snapshotMap map[snapshotKey]snapshotRow

// snapshotKey: pipe is a pipe's number + 1, or 0 for all.
type snapshotKey struct {
	pipe        int
	first, last uint32
}

// snapshotRow holds values by index into spec.Data; nil is not set.
type snapshotRow []Value

// newSnapshotRows makes the cfg table, or the trigger table of a gress.
func newSnapshotRows(s *Store, spec *TableSpec, of *ir.Snapshot, g *snapshotGroup, pipes []pipeState) *snapshotRows {
	t := &snapshotRows{base: newBase(spec), store: s, pipes: pipes, group: g, rows: snapshotMap{}}
	if of == nil {
		g.cfg = t
		return t
	}
	g.triggers[of.Dir], t.dir = t, of.Dir
	for _, f := range of.Fields {
		t.fields = append(t.fields, f.Loc)
	}
	return t
}

func (t *snapshotRows) isTrigger() bool { return t != t.group.cfg }

// key reads a stage, or the first and the last.
func (t *snapshotRows) key(op string, target Target, key []KeyField) (snapshotKey, error) {
	r := snapshotKey{pipe: target.Pipe, last: uint32(t.spec.Size - 1)}
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
	if e.Default || op != Insert && op != Delete && (!t.isTrigger() || op != Modify) {
		return nil, t.refuse(op, e, valid)
	}
	if _, err := t.inTarget(name, target, t.pipes); err != nil {
		return nil, err
	}
	if op == Delete && len(e.Key) == 0 {
		return t.clear(target), nil
	}
	k, err := t.key(name, target, e.Key)
	if err != nil {
		return nil, err
	}
	was, there := t.rows[k]
	switch {
	case op == Insert && there:
		return nil, t.fail(name, ErrExists, "a row with this key is there")
	case (op == Modify || op == Delete) && !there:
		return nil, t.fail(name, ErrNotFound, "no row with this key")
	case op == Delete:
		return t.remove(name, k)
	}
	row, err := t.row(name, e, was)
	if err != nil {
		return nil, err
	}
	if t.isTrigger() {
		return t.arm(name, k, row, op == Insert || t.gives(e, idSnapEnable))
	}
	if err := t.claim(name, k, row); err != nil {
		return nil, err
	}
	return t.put(k, row), nil
}

// put replaces a row, nil removes it.
func (t *snapshotRows) put(k snapshotKey, row snapshotRow) (undo func()) {
	was := t.rows
	t.rows = make(snapshotMap, len(was)+1)
	for o, r := range was {
		t.rows[o] = r
	}
	if t.rows[k] = row; row == nil {
		delete(t.rows, k)
	}
	return func() { t.rows = was }
}

// both runs the second first, as undos do.
func both(first, second func()) func() { return func() { second(); first() } }

// clear removes all rows of a target: triggers are disarmed, and go with their
// configurations.
func (t *snapshotRows) clear(target Target) func() {
	undo := func() {}
	for _, k := range t.sorted(target) {
		if target.Pipe != 0 && k.pipe != target.Pipe {
			continue
		}
		if t.isTrigger() {
			undo = both(undo, both(t.put(k, nil), t.place(k, nil)))
			continue
		}
		if trig, tk := t.triggerOf(k); trig != nil {
			undo = both(undo, both(trig.put(tk, nil), trig.place(tk, nil)))
		}
		undo = both(undo, t.put(k, nil))
	}
	return undo
}

// remove a row: the trigger goes before the configuration.
func (t *snapshotRows) remove(op string, k snapshotKey) (func(), error) {
	if t.isTrigger() {
		return both(t.put(k, nil), t.place(k, nil)), nil
	}
	if trig, _ := t.triggerOf(k); trig != nil {
		return nil, t.fail(op, ErrInvalid, "its trigger of stage %d is still there: delete that in %s first", k.first, trig.spec.Name)
	}
	return t.put(k, nil), nil
}

// triggerOf a configuration, if it has one.
func (t *snapshotRows) triggerOf(k snapshotKey) (*snapshotRows, snapshotKey) {
	trig, tk := t.group.triggers[t.thread(t.rows[k])], snapshotKey{pipe: k.pipe, first: k.first, last: k.first}
	if trig == nil || trig.rows[tk] == nil {
		return nil, tk
	}
	return trig, tk
}

// thread of a configuration.
func (t *snapshotRows) thread(row snapshotRow) ir.Dir {
	if s, _ := t.value(row, idSnapThread).(string); s == "EGRESS" {
		return ir.Egress
	}
	return ir.Ingress
}

// value of a row's field, nil if it was not set.
func (t *snapshotRows) value(row snapshotRow, id uint32) Value {
	for i := range t.spec.Data {
		if t.spec.Data[i].ID == id {
			return row[i]
		}
	}
	return nil
}

// gives tells whether an update sets a field.
func (t *snapshotRows) gives(e *TableEntry, id uint32) bool {
	return slices.ContainsFunc(e.Data, func(f DataField) bool {
		n, err := t.data.find(f.Name)
		return err == nil && t.spec.Data[n].ID == id
	})
}

// claim checks that a new configuration can have its stages: one snapshot uses
// a stage at a time, whatever its gress.
func (t *snapshotRows) claim(op string, k snapshotKey, row snapshotRow) error {
	switch mode, _ := t.value(row, idSnapIngressTriggerMode).(string); mode {
	case "GHOST", "INGRESS_GHOST":
		return t.fail(op, ErrNotSupported, "ingress_trigger_mode %s: snapshots of the ghost thread are not emulated (modes: INGRESS, ANY)", mode)
	}
	if s, _ := t.value(row, idSnapThread).(string); s == "ALL" {
		return t.fail(op, ErrInvalid, "thread is ALL, but a snapshot is of one gress: INGRESS or EGRESS")
	}
	for o := range t.rows {
		if o.first <= k.last && k.first <= o.last && (o.pipe == 0 || k.pipe == 0 || o.pipe == k.pipe) {
			return t.fail(op, ErrInvalid, "stages %d to %d overlap those of the snapshot of stages %d to %d", k.first, k.last, o.first, o.last)
		}
	}
	return nil
}

// config finds the configuration that a trigger belongs to.
func (t *snapshotRows) config(k snapshotKey) (snapshotKey, snapshotRow) {
	cfg := t.group.cfg
	for o, row := range cfg.rows {
		if o.pipe == k.pipe && o.first == k.first && cfg.thread(row) == t.dir {
			return o, row
		}
	}
	return snapshotKey{}, nil
}

// arm puts a trigger's row in place. What had been captured stays until it is
// enabled anew.
func (t *snapshotRows) arm(op string, k snapshotKey, row snapshotRow, anew bool) (func(), error) {
	at, conf := t.config(k)
	if conf == nil {
		return nil, t.fail(op, ErrNotFound, "no row of %s for %s begins with stage %d", t.group.cfg.spec.Name, t.dir, k.first)
	}
	on, _ := t.value(row, idSnapEnable).(bool)
	if on && !anew {
		for _, p := range t.target(k) {
			p.Mu.Lock()
			s := p.Snapshots.at(t.dir, int(k.first))
			full := s != nil && s.Full()
			p.Mu.Unlock()
			if full {
				return t.put(k, row), nil
			}
		}
	}
	if !on {
		return both(t.put(k, row), t.place(k, nil)), nil
	}
	s := &Snapshot{Dir: t.dir, First: int(at.first), Last: int(at.last), Match: t.compares(row)}
	if timer, _ := t.group.cfg.value(conf, idSnapTimerEnable).(bool); timer {
		v, _ := t.group.cfg.value(conf, idSnapTimerValue).([]byte)
		s.Deadline = t.store.now() + int64(toWord(v))*1000
	}
	return both(t.put(k, row), t.place(k, s)), nil
}

// compares are the fields that a trigger's row gives a mask for.
func (t *snapshotRows) compares(row snapshotRow) []SnapshotMatch {
	var out []SnapshotMatch
	fixed := len(t.spec.Data) - 2*len(t.fields)
	for i, l := range t.fields {
		v, _ := row[fixed+2*i].([]byte)
		m, _ := row[fixed+2*i+1].([]byte)
		if v != nil && m != nil {
			out = append(out, SnapshotMatch{Loc: l, Value: v, Mask: m})
		}
	}
	return out
}

// target are the pipes of a row.
func (t *snapshotRows) target(k snapshotKey) []pipeState {
	if k.pipe == 0 {
		return t.pipes
	}
	for i := range t.pipes {
		if t.pipes[i].pipe == k.pipe-1 {
			return t.pipes[i : i+1]
		}
	}
	return nil
}

// place puts a copy of a snapshot where the packets of a row's pipes see it,
// instead of what is there; nil: nothing.
func (t *snapshotRows) place(k snapshotKey, s *Snapshot) (undo func()) {
	pipes := t.target(k)
	was := make([][]*Snapshot, len(pipes))
	for i, p := range pipes {
		var own *Snapshot
		if s != nil {
			c := *s
			own = &c
		}
		p.Mu.Lock()
		was[i] = p.Snapshots.list
		p.Snapshots.list = p.Snapshots.with(t.dir, int(k.first), own)
		p.Snapshots.count()
		p.Mu.Unlock()
	}
	return func() {
		for i, p := range pipes {
			p.Mu.Lock()
			p.Snapshots.list = was[i]
			p.Snapshots.count()
			p.Mu.Unlock()
		}
	}
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
func (t *snapshotRows) Usage(target Target) (int, error) {
	if _, err := t.inTarget("ask the usage of", target, t.pipes); err != nil {
		return 0, err
	}
	t.store.mu.Lock()
	defer t.store.mu.Unlock()
	return len(t.sorted(target)), nil
}

// sorted are the keys of a target's rows: all, or those of a pipe and of all
// pipes.
func (t *snapshotRows) sorted(target Target) []snapshotKey {
	out := make([]snapshotKey, 0, len(t.rows))
	for k := range t.rows {
		if target.Pipe == 0 || k.pipe == 0 || k.pipe == target.Pipe {
			out = append(out, k)
		}
	}
	slices.SortFunc(out, func(a, b snapshotKey) int {
		return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.last, b.last), cmp.Compare(a.pipe, b.pipe))
	})
	return out
}

// find is the row of a key in a target, or the one of all pipes.
func (t *snapshotRows) find(k snapshotKey) (snapshotKey, bool) {
	if _, ok := t.rows[k]; ok {
		return k, true
	}
	k.pipe = 0
	_, ok := t.rows[k]
	return k, ok
}

// Read yields one row, or all by stage.
func (t *snapshotRows) Read(target Target, q *Query) iter.Seq2[*TableEntry, error] {
	return entries(func() ([]*TableEntry, error) {
		t.store.mu.Lock()
		defer t.store.mu.Unlock()
		return t.read(target, q)
	})
}

func (t *snapshotRows) read(target Target, q *Query) (out []*TableEntry, err error) {
	if _, err := t.inTarget("read", target, t.pipes); err != nil {
		return nil, err
	}
	switch {
	case q.Default:
		return nil, t.fail("read default of", ErrNotSupported, "the table has no default entry")
	case q.Handle != 0:
		for _, k := range t.sorted(target) {
			if k.handle() == q.Handle {
				return []*TableEntry{t.entry(target, k, q)}, nil
			}
		}
		return nil, t.noHandle(q.Handle)
	case len(q.Key) == 0:
		for _, k := range t.sorted(target) {
			out = append(out, t.entry(target, k, q))
		}
		return out, nil
	}
	k, err := t.key("read", target, q.Key)
	if err != nil {
		return nil, err
	}
	k, ok := t.find(k)
	if !ok {
		return nil, t.fail("read", ErrNotFound, "no row with this key")
	}
	return []*TableEntry{t.entry(target, k, q)}, nil
}

func (k snapshotKey) handle() uint32 { return uint32(k.pipe)<<16 | k.first<<8 | (k.last + 1) }

func (t *snapshotRows) entry(target Target, k snapshotKey, q *Query) *TableEntry {
	row := t.rows[k]
	e := &TableEntry{Table: t.spec.Name, Handle: k.handle()}
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
		case f.ID == idSnapTriggerState:
			v = t.states(target, k)
		case f.ReadOnly: // pipes that captured: a thread without any has no field
			got := t.captured(k, f.ID)
			if len(got) == 0 {
				continue
			}
			v = got
		case v == nil && i >= len(t.spec.Data)-2*len(t.fields):
			continue // a trigger that does not look at the field
		case v == nil:
			v = defaultValue(f.Type)
		}
		e.Data = append(e.Data, DataField{Name: f.Name, Value: v})
	}
	return e
}

// states of a trigger: one for each pipe of the chip, or that of the target.
func (t *snapshotRows) states(target Target, k snapshotKey) []string {
	out := slices.Repeat([]string{"PASSIVE"}, len(t.store.states))
	for _, p := range t.target(k) {
		if p.pipe < 0 {
			continue
		}
		p.Mu.Lock()
		if s := p.Snapshots.at(t.dir, int(k.first)); s != nil {
			out[p.pipe] = map[bool]string{true: "FULL", false: "ARMED"}[s.Full()]
		}
		p.Mu.Unlock()
	}
	if target.Pipe != 0 {
		return out[target.Pipe-1 : target.Pipe]
	}
	return out
}

// captured lists the pipes in which a configuration's snapshot is full, if the
// field is its thread's.
func (t *snapshotRows) captured(k snapshotKey, id uint32) []uint32 {
	dir := t.thread(t.rows[k])
	if id != map[ir.Dir]uint32{ir.Ingress: idSnapIngressCapture, ir.Egress: idSnapEgressCapture}[dir] {
		return nil
	}
	var out []uint32
	for _, p := range t.target(k) {
		p.Mu.Lock()
		if s := p.Snapshots.at(dir, int(k.first)); s != nil && s.Full() {
			out = append(out, uint32(p.pipe))
		}
		p.Mu.Unlock()
	}
	return out
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
