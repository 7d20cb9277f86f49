package tables

import (
	"iter"

	"gofino/pipeline/ir"
)

// profileTable is an action profile in one scope: its members by id.
type profileTable struct {
	base
	store   *Store
	profile *ir.ActionProfile
	actions matchActions
	members map[uint32]*Member
	order   ordered[*Member]
	placed
}

// matchActions are the actions that members may hold: those of the tables that
// use the profile.
type matchActions struct {
	index  nameIndex
	layout []actionLayout
}

func newProfileTable(st *Store, spec *TableSpec, pl *ir.Pipeline, o *ir.ActionProfile) *profileTable {
	p := &profileTable{base: newBase(spec), store: st, profile: o, members: map[uint32]*Member{}}
	var names []string
	if len(o.Tables) > 0 {
		for _, ref := range pl.Tables[o.Tables[0]].Actions {
			a := pl.Actions[ref.Action]
			names = append(names, a.Name)
			p.actions.layout = append(p.actions.layout, newActionLayout(a))
		}
	}
	p.actions.index = newNameIndex(names)
	return p
}

// Write changes members.
func (p *profileTable) Write(t Target, u *Update) (func(), error) {
	op, e := u.Op, &u.Entry
	name := opName(op, e)
	if t.Pipe != 0 {
		return nil, p.fail(name, ErrInvalid, "the table is symmetric: write it in all pipes, not in pipe %d", t.Pipe-1)
	}
	if e.Default {
		return nil, p.fail(name, ErrNotSupported, "the table has no default entry")
	}
	if op == Delete && len(e.Key) == 0 {
		return p.clear(name)
	}
	switch op {
	case Insert, Modify, InsertOrModify, Delete:
	default:
		return nil, p.refuse(op, e, "add, modify, add or modify, delete")
	}
	k, err := p.words(name, e.Key)
	if err != nil {
		return nil, err
	}
	id := uint32(k[0])
	m := p.members[id]
	switch {
	case m == nil && op != Insert && op != InsertOrModify:
		return nil, p.fail(name, ErrNotFound, "no member %d", id)
	case m != nil && op == Insert:
		return nil, p.fail(name, ErrExists, "member %d is there", id)
	case op == Delete:
		return p.delete(name, m)
	}
	act, err := p.parse(name, e)
	if err != nil {
		return nil, err
	}
	if m != nil {
		u.Existed = true
		old := m.act.Load()
		m.act.Store(act)
		return func() { m.act.Store(old) }, nil
	}
	if len(p.members) >= p.profile.Size {
		return nil, p.fail(name, ErrFull, "all %d members are in use", p.profile.Size)
	}
	m = &Member{id: id}
	m.act.Store(act)
	p.members[id] = m
	m.handle = p.order.add(m)
	return func() {
		delete(p.members, id)
		p.order.remove(m.handle)
	}, nil
}

// parse reads a member's action and its parameters.
func (p *profileTable) parse(name string, e *TableEntry) (*ActionData, error) {
	if e.Action == "" {
		return nil, p.fail(name, ErrInvalid, "no action given (actions: %s)", choices(p.actions.index.names))
	}
	a, err := p.actions.index.find(e.Action)
	if err != nil {
		return nil, p.fail(name, ErrInvalid, "no action %q (actions: %s)", e.Action, choices(p.actions.index.names))
	}
	l := &p.actions.layout[a]
	act := &ActionData{Action: a, Data: make([]byte, l.size)}
	given := make([]bool, len(l.param))
	for i := range e.Data {
		n, err := l.names.find(e.Data[i].Name)
		if err != nil {
			return nil, p.fail(name, ErrInvalid, "no data field %q (there are: %s)", e.Data[i].Name, choices(l.names.names))
		}
		if given[n] {
			return nil, p.fail(name, ErrInvalid, "parameter %s is given twice", l.names.names[n])
		}
		given[n] = true
		if err := l.set(act.Data, n, e.Data[i].Value); err != nil {
			return nil, p.failField(name, "parameter", l.names.names[n], err)
		}
	}
	return act, nil
}

func (p *profileTable) delete(name string, m *Member) (func(), error) {
	if m.refs > 0 || m.groups > 0 {
		return nil, p.fail(name, ErrInUse, "%d entries and %d groups refer to member %d", m.refs, m.groups, m.id)
	}
	delete(p.members, m.id)
	p.order.remove(m.handle)
	return func() {
		p.members[m.id] = m
		p.order.restore(m.handle, m)
	}, nil
}

// clear deletes every member, or none if one is referred to.
func (p *profileTable) clear(name string) (func(), error) {
	var undos []func()
	undo := func() {
		for i := len(undos) - 1; i >= 0; i-- {
			undos[i]()
		}
	}
	for _, m := range p.order.all() {
		u, err := p.delete(name, m)
		if err != nil {
			undo()
			return nil, err
		}
		undos = append(undos, u)
	}
	return undo, nil
}

// Usage is the number of members.
func (p *profileTable) Usage(Target) (int, error) { return len(p.members), nil }

func (p *profileTable) count() int { return len(p.members) }

// Read yields one member or all, in the order of their handles.
func (p *profileTable) Read(t Target, q *Query) iter.Seq2[*TableEntry, error] {
	return func(yield func(*TableEntry, error) bool) {
		list, err := p.find(q)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, m := range list {
			if !yield(p.show(m, q), nil) {
				return
			}
		}
	}
}

func (p *profileTable) find(q *Query) ([]*Member, error) {
	if q.Default {
		return nil, p.fail("read default of", ErrNotSupported, "the table has no default entry")
	}
	p.store.mu.Lock()
	defer p.store.mu.Unlock()
	if q.Handle != 0 {
		m, ok := p.order.get(q.Handle)
		if !ok {
			return nil, p.noHandle(q.Handle)
		}
		return p.hasAction(m, q)
	}
	if len(q.Key) == 0 {
		return p.order.all(), nil
	}
	k, err := p.words("read", q.Key)
	if err != nil {
		return nil, err
	}
	if m := p.members[uint32(k[0])]; m != nil {
		return p.hasAction(m, q)
	}
	return nil, p.fail("read", ErrNotFound, "no member %d", k[0])
}

// hasAction checks that a member has the query's action.
func (p *profileTable) hasAction(m *Member, q *Query) ([]*Member, error) {
	if q.Action != "" && !named(p.actions.index.names[m.act.Load().Action], q.Action) {
		return nil, p.fail("read", ErrInvalid, "the member's action is not %s", q.Action)
	}
	return []*Member{m}, nil
}

func (p *profileTable) show(m *Member, q *Query) *TableEntry {
	e := &TableEntry{Table: p.spec.Name, Key: p.wordKey(uint64(m.id)), Handle: p.tag | m.handle, Scope: p.at}
	if q.KeyOnly {
		return e
	}
	act := m.act.Load()
	l := &p.actions.layout[act.Action]
	e.Action = p.actions.index.names[act.Action]
	for i, n := range l.names.names {
		if q.Fields != nil && !oneOf(n, q.Fields) {
			continue
		}
		e.Data = append(e.Data, DataField{Name: n, Value: l.get(act.Data, i)})
	}
	return e
}

func oneOf(name string, list []string) bool {
	for _, l := range list {
		if l == name {
			return true
		}
	}
	return false
}
