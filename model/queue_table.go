package model

import (
	"maps"
	"slices"
	"strings"

	"gofino/pipeline/ir"
	"gofino/tables"
)

// The tm.* tables (bfrt-fixed-tables.md). What a controller wrote is kept as
// records, over the driver's defaults; each write compiles what it touches.

// tmTable describes one of them.
type tmTable struct {
	name    string // without chip and "tm."
	id      uint32
	typ     string
	size    int
	key     string
	data    string
	actions []tmAction
	piped   bool // each pipe has its own

	most  [2]uint64 // of the key's numbers
	keys  func() []fixedKey
	def   func(k fixedKey) record                  // the driver's defaults
	live  func(k fixedKey, r record)               // adds what is read only
	check func(k fixedKey, r record) error         // of the whole entry, defaults filled in
	apply func(k fixedKey)                         // makes it count; Switch.mu is held
	reset func(k fixedKey, r record) (undo func()) // a counter: r has what to set to 0, nil for all
	added bool                                     // entries are added and deleted, not there from the start
	own   func(k fixedKey, r record) int           // the pipe of an entry for all pipes; -1: it is for all
}

type tmAction struct {
	name string
	id   uint32
	data string
}

func (m *tm) tables() []*fixedTable {
	var out []*fixedTable
	for _, list := range [][]tmTable{m.queueTables(), m.portTables(), m.poolTables(), m.chipTables(), m.counterTables()} {
		for i := range list {
			out = append(out, m.table(&list[i]))
		}
	}
	return out
}

func (m *tm) prefix() string {
	if m.s.target == ir.Tofino2 {
		return "tf2.tm."
	}
	return "tf1.tm."
}

// byChip chooses what differs between the chips.
func (m *tm) byChip(one, two string) string {
	if m.s.target == ir.Tofino2 {
		return two
	}
	return one
}

func (m *tm) table(d *tmTable) *fixedTable {
	t := &fixedTable{
		spec:           fixedSpec(m.prefix()+d.name, d.id, d.typ, d.size, d.key, d.data),
		actionOptional: true, always: !d.added, both: d.reset == nil && d.live == nil || d.apply != nil,
	}
	for _, a := range d.actions {
		spec := tables.ActionSpec{ID: a.id, Name: a.name}
		if a.data != "" {
			spec.Data = fields(a.data)
		}
		t.spec.Actions = append(t.spec.Actions, spec)
	}
	if d.piped {
		t.pipes = len(m.s.pipes)
	}
	t.keys = d.keys
	t.get = func(k fixedKey) (record, string, error) { return m.read(d, t, k) }
	switch {
	case d.reset != nil:
		t.modify = func(k fixedKey, r record) (func(), error) { return m.zeroCounters(d, t, k, r) }
		t.clear = func(all fixedKey) (func(), error) { return m.clearCounters(d, all) }
		if d.key == "" {
			t.delete = t.clear
		}
	case d.apply != nil:
		t.modify = func(k fixedKey, r record) (func(), error) { return m.write(d, t, k, r, false) }
		t.clear = func(all fixedKey) (func(), error) { return m.remove(d, all, true) }
		if d.added {
			t.insert = func(k fixedKey, r record) (func(), error) { return m.write(d, t, k, r, true) }
		}
		if d.added || d.key == "" {
			t.delete = func(k fixedKey) (func(), error) { return m.remove(d, k, false) }
		}
	}
	return t
}

// spread is the entries that a key means: one in each pipe that is targeted.
func (m *tm) spread(d *tmTable, k fixedKey, r record) []fixedKey {
	if !d.piped || k.pipe != 0 {
		return []fixedKey{k}
	}
	if d.own != nil {
		if n := d.own(k, r); n >= 0 {
			k.pipe = n + 1
			return []fixedKey{k}
		}
	}
	var out []fixedKey
	for n := range m.s.pipes {
		k.pipe = n + 1
		out = append(out, k)
	}
	return out
}

// validKey checks a key against those that there are.
func (m *tm) validKey(d *tmTable, t *fixedTable, k fixedKey) error {
	for i, f := range t.spec.Key {
		switch {
		case f.Type.Kind == "string":
			if !slices.Contains(f.Type.Choices, k.str) {
				return refused(tables.ErrInvalid, "key field %s: no choice %q (choices: %s)", f.Name, k.str, strings.Join(f.Type.Choices, ", "))
			}
		case f.Name == "dev_port":
			if _, err := m.s.portKey(k.n[i]); err != nil {
				return err
			}
		case k.n[i] > d.most[i]:
			return refused(tables.ErrInvalid, "key field %s is %d (valid: 0..%d)", f.Name, k.n[i], d.most[i])
		}
	}
	return nil
}

// entry is what is stored of an entry over its defaults. Switch.mu is held.
func (m *tm) entry(d *tmTable, k fixedKey) record {
	r := record{}
	if d.def != nil {
		r = d.def(k)
	}
	old := m.conf[d.name][k]
	if a, ok := old[actionField]; ok && a != r[actionField] {
		for _, act := range d.actions {
			if act.name == r[actionField] && act.data != "" {
				for _, f := range fields(act.data) {
					delete(r, f.Name)
				}
			}
		}
	}
	maps.Copy(r, old)
	return r
}

func (m *tm) read(d *tmTable, t *fixedTable, k fixedKey) (record, string, error) {
	if len(t.spec.Key) > 0 && !d.added {
		if err := m.validKey(d, t, k); err != nil {
			return nil, "", err
		}
	}
	all := k.pipe == 0
	if d.piped && all && d.reset == nil {
		k.pipe = 1
	}
	m.s.mu.Lock()
	defer m.s.mu.Unlock()
	if d.added {
		for n := 0; all && n < len(m.s.pipes) && m.conf[d.name][k] == nil; n++ {
			k.pipe = n + 1
		}
		if m.conf[d.name][k] == nil {
			return nil, "", refused(tables.ErrNotFound, "%s %d", t.spec.Key[0].Name, k.n[0])
		}
	}
	r := m.entry(d, k)
	if d.live != nil {
		d.live(k, r)
	}
	action := r.text(actionField)
	delete(r, actionField)
	return r, action, nil
}

// write changes an entry, or adds one where entries are added.
func (m *tm) write(d *tmTable, t *fixedTable, k fixedKey, r record, add bool) (func(), error) {
	if len(t.spec.Key) > 0 {
		if err := m.validKey(d, t, k); err != nil {
			return nil, err
		}
	}
	m.s.mu.Lock()
	defer m.s.mu.Unlock()
	var undo []func()
	for _, k := range m.spread(d, k, r) {
		old := m.conf[d.name][k]
		if d.added && (old != nil) == add {
			m.back(undo)
			cause := tables.ErrNotFound
			if add {
				cause = tables.ErrExists
			}
			return nil, refused(cause, "%s %d", t.spec.Key[0].Name, k.n[0])
		}
		merged := record{}
		if a, given := r[actionField]; given && old != nil && old[actionField] != a {
			merged = d.without(old)
		} else {
			maps.Copy(merged, old)
		}
		maps.Copy(merged, r)
		m.put1(d, k, merged)
		undo = append(undo, func() { m.put1(d, k, old) })
		if d.check != nil {
			if err := d.check(k, m.entry(d, k)); err != nil {
				m.back(undo)
				return nil, err
			}
		}
		d.apply(k)
		undo = append(undo[:len(undo)-1], func() { m.put1(d, k, old); d.apply(k) })
	}
	return m.undoer(undo), nil
}

// without is the entry without what belongs to its action.
func (d *tmTable) without(r record) record {
	out := maps.Clone(r)
	for _, a := range d.actions {
		if a.name == r[actionField] && a.data != "" {
			for _, f := range fields(a.data) {
				delete(out, f.Name)
			}
		}
	}
	return out
}

// put1 stores a record; nil removes it.
func (m *tm) put1(d *tmTable, k fixedKey, r record) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r == nil {
		if delete(m.conf[d.name], k); len(m.conf[d.name]) == 0 {
			delete(m.conf, d.name)
		}
		return
	}
	if m.conf[d.name] == nil {
		m.conf[d.name] = map[fixedKey]record{}
	}
	m.conf[d.name][k] = r
}

// back undoes, the last first.
func (m *tm) back(undo []func()) {
	for _, u := range slices.Backward(undo) {
		u()
	}
}

func (m *tm) undoer(undo []func()) func() {
	return func() {
		m.s.mu.Lock()
		defer m.s.mu.Unlock()
		m.back(undo)
	}
}

// remove brings one entry back to its defaults, or all.
func (m *tm) remove(d *tmTable, k fixedKey, all bool) (func(), error) {
	m.s.mu.Lock()
	defer m.s.mu.Unlock()
	var undo []func()
	for _, key := range m.sortedKeys(d.name) {
		same := key.n == k.n && key.str == k.str
		if !all && !same || k.pipe != 0 && key.pipe != k.pipe {
			continue
		}
		old := m.conf[d.name][key]
		m.put1(d, key, nil)
		d.apply(key)
		undo = append(undo, func() { m.put1(d, key, old); d.apply(key) })
	}
	if d.added && !all && len(undo) == 0 {
		return nil, refused(tables.ErrNotFound, "entry %d", k.n[0])
	}
	return m.undoer(undo), nil
}

// sortedKeys of what is stored for a table.
func (m *tm) sortedKeys(table string) []fixedKey {
	out := slices.Collect(maps.Keys(m.conf[table]))
	slices.SortFunc(out, func(a, b fixedKey) int {
		switch {
		case a.str != b.str:
			if a.str < b.str {
				return -1
			}
			return 1
		case a.n[0] != b.n[0]:
			return int(a.n[0]) - int(b.n[0])
		case a.n[1] != b.n[1]:
			return int(a.n[1]) - int(b.n[1])
		}
		return a.pipe - b.pipe
	})
	return out
}

// zeroCounters: counters can be set to 0, one entry at a time.
func (m *tm) zeroCounters(d *tmTable, t *fixedTable, k fixedKey, r record) (func(), error) {
	if len(t.spec.Key) > 0 {
		if err := m.validKey(d, t, k); err != nil {
			return nil, err
		}
	}
	for _, f := range t.spec.Data {
		if _, given := r[f.Name]; given && r.num(f.Name) != 0 {
			return nil, refused(tables.ErrInvalid, "field %s: a counter can only be set to 0", f.Name)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var undo []func()
	for _, k := range m.spread(d, k, r) {
		undo = append(undo, d.reset(k, r))
	}
	return m.counterUndo(undo), nil
}

func (m *tm) clearCounters(d *tmTable, all fixedKey) (func(), error) {
	keys := []fixedKey{{}}
	if d.keys != nil {
		keys = d.keys()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var undo []func()
	for _, k := range keys {
		k.pipe = all.pipe
		for _, k := range m.spread(d, k, nil) {
			undo = append(undo, d.reset(k, nil))
		}
	}
	return m.counterUndo(undo), nil
}

func (m *tm) counterUndo(undo []func()) func() {
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		for _, u := range undo {
			if u != nil {
				u()
			}
		}
	}
}
