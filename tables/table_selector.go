package tables

import (
	"fmt"
	"iter"
	"slices"

	"gofino/pipeline/ir"
)

// selectorTable is a selector in one scope: its groups by id.
type selectorTable struct {
	base
	store   *Store
	sel     *ir.Selector
	live    *Selector
	profile *profileTable
	groups  map[uint32]*Group
	order   ordered[*Group]
	watch   *selectorWatch
	placed
}

func newSelectorTable(st *Store, spec *TableSpec, o *ir.Selector, w *selectorWatch) *selectorTable {
	return &selectorTable{base: newBase(spec), store: st, sel: o, watch: w, live: newSelector(o), groups: map[uint32]*Group{}}
}

// Write changes groups.
func (s *selectorTable) Write(t Target, u *Update) (func(), error) {
	told := len(s.watch.pending)
	undo, err := s.write(t, u)
	if err != nil {
		s.watch.pending = s.watch.pending[:told]
		return nil, err
	}
	return func() {
		undo()
		s.watch.pending = s.watch.pending[:told]
	}, nil
}

func (s *selectorTable) write(t Target, u *Update) (func(), error) {
	op, e := u.Op, &u.Entry
	name := opName(op, e)
	if t.Pipe != 0 {
		return nil, s.fail(name, ErrInvalid, "the table is symmetric: write it in all pipes, not in pipe %d", t.Pipe-1)
	}
	if e.Default {
		return nil, s.fail(name, ErrNotSupported, "the table has no default entry")
	}
	if op == Delete && len(e.Key) == 0 {
		return s.clear(name)
	}
	switch op {
	case Insert, Modify, InsertOrModify, Delete:
	default:
		return nil, s.refuse(op, e, "add, modify, add or modify, delete")
	}
	k, err := s.words(name, e.Key)
	if err != nil {
		return nil, err
	}
	id := uint32(k[0])
	g := s.groups[id]
	switch {
	case g == nil && op != Insert && op != InsertOrModify:
		return nil, s.fail(name, ErrNotFound, "no group %d", id)
	case g != nil && op == Insert:
		return nil, s.fail(name, ErrExists, "group %d is there", id)
	case op == Delete:
		return s.delete(name, g)
	case g == nil:
		return s.insert(name, id, e)
	}
	u.Existed = true
	old, oldMax, oldADT := g.slots, g.max, g.adt
	adt := g.adt
	slots, size, err := s.parse(name, e, g.slots, g.max, &adt)
	if err != nil {
		return nil, err
	}
	if g.refs > 0 && !anyActive(slots) {
		return nil, s.fail(name, ErrInUse, "%d entries refer to group %d: it needs an active member", g.refs, g.id)
	}
	s.replace(g, slots, size)
	g.adt = adt
	s.tell(g, old)
	return func() {
		s.replace(g, old, oldMax)
		g.adt = oldADT
	}, nil
}

func (s *selectorTable) insert(name string, id uint32, e *TableEntry) (func(), error) {
	adt := uint32(adtOffsetDefault)
	slots, size, err := s.parse(name, e, nil, s.sel.MaxGroupSize, &adt)
	if err != nil {
		return nil, err
	}
	if len(s.groups) >= s.sel.NumGroups {
		return nil, s.fail(name, ErrFull, "all %d groups are in use", s.sel.NumGroups)
	}
	g := &Group{id: id, adt: adt}
	s.replace(g, slots, size)
	s.groups[id] = g
	g.handle = s.order.add(g)
	s.tell(g, nil)
	return func() {
		s.replace(g, nil, 0)
		delete(s.groups, id)
		s.order.remove(g.handle)
	}, nil
}

// replace gives a group its slots and makes the packet path see them.
func (s *selectorTable) replace(g *Group, slots []groupSlot, size int) {
	for _, sl := range slots {
		if sl.member != nil {
			sl.member.groups++
		}
	}
	for _, sl := range g.slots {
		if sl.member != nil {
			sl.member.groups--
		}
	}
	g.slots, g.max = slots, size
	s.live.publish(g)
}

// parse reads the data of a group that now has these slots, this size and this
// place.
func (s *selectorTable) parse(name string, e *TableEntry, slots []groupSlot, size int, adt *uint32) ([]groupSlot, int, error) {
	if err := s.noAction(name, e); err != nil {
		return nil, 0, err
	}
	var ids []uint32
	var status []bool
	var given [4]bool
	for i := range e.Data {
		n, err := s.data.find(e.Data[i].Name)
		if err != nil {
			return nil, 0, s.fail(name, ErrInvalid, "data field: %v", err)
		}
		given[n] = true
		switch n {
		case 0:
			ids, err = wants[[]uint32](e.Data[i].Value, "[]uint32")
		case 1:
			status, err = wants[[]bool](e.Data[i].Value, "[]bool")
		case 2:
			var w uint64
			if w, err = word(e.Data[i].Value, 32); err == nil && w != 0 {
				size = int(w)
			}
		default:
			var w uint64
			w, err = word(e.Data[i].Value, 32)
			*adt = uint32(w)
		}
		if err != nil {
			return nil, 0, s.failField(name, "data field", s.spec.Data[n].Name, err)
		}
	}
	switch {
	case given[0] != given[1] || len(ids) != len(status):
		return nil, 0, s.fail(name, ErrInvalid, "$ACTION_MEMBER_ID has %d elements, $ACTION_MEMBER_STATUS %d: want as many", len(ids), len(status))
	case size > s.sel.MaxGroupSize:
		return nil, 0, s.fail(name, ErrInvalid, "$MAX_GROUP_SIZE is %d, want 1 to %d", size, s.sel.MaxGroupSize)
	}
	if err := alignedADT(*adt, size); err != nil {
		return nil, 0, s.failField(name, "data field", "$ADT_OFFSET", err)
	}
	if !given[0] {
		for _, sl := range slots {
			if sl.member != nil {
				ids, status = append(ids, sl.member.id), append(status, sl.active)
			}
		}
	}
	if len(ids) > size {
		return nil, 0, s.fail(name, ErrFull, "%d members do not fit in a group of %d", len(ids), size)
	}
	members := make([]*Member, len(ids))
	for i, id := range ids {
		members[i] = s.profile.members[id]
		if members[i] == nil {
			return nil, 0, s.fail(name, ErrInvalid, "no member %d in %s", id, s.profile.spec.Name)
		}
	}
	if s.store.memberOrder.Load() {
		slots = nil
	}
	return arrange(slots, size, members, status), size, nil
}

// alignedADT checks where a group of a size is to lie in the action data: at a
// multiple of the size, rounded up to a power of two. Which place it is, no
// packet sees.
func alignedADT(adt uint32, size int) error {
	if adt == adtOffsetDefault {
		return nil
	}
	n := uint32(1)
	for n < uint32(size) {
		n *= 2
	}
	if adt%n != 0 {
		return fmt.Errorf("is %d, want a multiple of %d for a group of %d", adt, n, size)
	}
	return nil
}

// anyActive says if a packet can choose one of the slots.
func anyActive(slots []groupSlot) bool {
	return slices.ContainsFunc(slots, func(sl groupSlot) bool { return sl.member != nil && sl.active })
}

// arrange puts members into slots: those that are there stay in theirs, new
// ones take the lowest that are free. A member that is given several times has as
// many slots: that is its weight.
func arrange(old []groupSlot, size int, members []*Member, active []bool) []groupSlot {
	out := make([]groupSlot, size)
	placed := make([]bool, len(members))
	at := make(map[*Member][]int, len(members)) // of members, those not placed
	for n, m := range members {
		at[m] = append(at[m], n)
	}
	for i := range min(size, len(old)) {
		left := at[old[i].member]
		if old[i].member == nil || len(left) == 0 {
			continue
		}
		n := left[0]
		at[old[i].member] = left[1:]
		out[i] = groupSlot{members[n], active[n]}
		placed[n] = true
	}
	free := 0
	for n, m := range members {
		if placed[n] {
			continue
		}
		for out[free].member != nil {
			free++
		}
		out[free] = groupSlot{m, active[n]}
	}
	return out
}

func (s *selectorTable) delete(name string, g *Group) (func(), error) {
	if g.refs > 0 {
		return nil, s.fail(name, ErrInUse, "%d entries refer to group %d", g.refs, g.id)
	}
	slots, size := g.slots, g.max
	s.replace(g, nil, 0)
	s.tell(g, slots)
	delete(s.groups, g.id)
	s.order.remove(g.handle)
	return func() {
		s.replace(g, slots, size)
		s.groups[g.id] = g
		s.order.restore(g.handle, g)
	}, nil
}

// clear deletes every group, or none if one is referred to.
func (s *selectorTable) clear(name string) (func(), error) {
	var undos []func()
	undo := func() {
		for i := len(undos) - 1; i >= 0; i-- {
			undos[i]()
		}
	}
	for _, g := range s.order.all() {
		u, err := s.delete(name, g)
		if err != nil {
			undo()
			return nil, err
		}
		undos = append(undos, u)
	}
	return undo, nil
}

// Usage is the number of groups.
func (s *selectorTable) Usage(Target) (int, error) { return len(s.groups), nil }

func (s *selectorTable) count() int { return len(s.groups) }

// Read yields one group or all, in the order of their handles.
func (s *selectorTable) Read(t Target, q *Query) iter.Seq2[*TableEntry, error] {
	return entries(func() ([]*TableEntry, error) { return s.find(q) })
}

func (s *selectorTable) find(q *Query) ([]*TableEntry, error) {
	if q.Default {
		return nil, s.fail("read default of", ErrNotSupported, "the table has no default entry")
	}
	want, err := s.selected(q)
	if err != nil {
		return nil, err
	}
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	groups := s.order.all()
	if q.Handle != 0 {
		g, ok := s.order.get(q.Handle)
		if !ok {
			return nil, s.noHandle(q.Handle)
		}
		groups = []*Group{g}
	} else if len(q.Key) > 0 {
		k, err := s.words("read", q.Key)
		if err != nil {
			return nil, err
		}
		g := s.groups[uint32(k[0])]
		if g == nil {
			return nil, s.fail("read", ErrNotFound, "no group %d", k[0])
		}
		groups = []*Group{g}
	}
	var out []*TableEntry
	for _, g := range groups {
		out = append(out, s.show(g, q, want))
	}
	return out, nil
}

func (s *selectorTable) show(g *Group, q *Query, want func(string) bool) *TableEntry {
	e := &TableEntry{Table: s.spec.Name, Key: s.wordKey(uint64(g.id)), Handle: s.tag | g.handle, Scope: s.at}
	if q.KeyOnly {
		return e
	}
	ids, status := []uint32{}, []bool{}
	for _, sl := range g.slots {
		if sl.member != nil {
			ids, status = append(ids, sl.member.id), append(status, sl.active)
		}
	}
	for i, v := range []Value{ids, status, wordBytes(uint64(g.max), 32)} {
		if n := s.spec.Data[i].Name; want(n) {
			e.Data = append(e.Data, DataField{Name: n, Value: v})
		}
	}
	if len(s.spec.Data) > 3 && g.adt != adtOffsetDefault && want(s.spec.Data[3].Name) {
		e.Data = append(e.Data, DataField{Name: s.spec.Data[3].Name, Value: wordBytes(uint64(g.adt), 32)})
	}
	return e
}

// getMemberTable answers which member a group gives for a hash.
type getMemberTable struct {
	base
	sel *scoped[*selectorTable]
}

// Write is refused: the table only answers.
func (g *getMemberTable) Write(_ Target, u *Update) (func(), error) {
	op, e := u.Op, &u.Entry
	return nil, g.refuse(op, e, "read of one entry")
}

// Usage has no meaning here.
func (g *getMemberTable) Usage(Target) (int, error) {
	return 0, g.fail("count", ErrNotSupported, "a %s table has: read of one entry", g.spec.Type)
}

// Read yields the member for a group and bits 0-63 of a hash.
func (g *getMemberTable) Read(t Target, q *Query) iter.Seq2[*TableEntry, error] {
	return func(yield func(*TableEntry, error) bool) { yield(g.answer(t, q)) }
}

func (g *getMemberTable) answer(t Target, q *Query) (*TableEntry, error) {
	if q.Default || len(q.Key) == 0 {
		return nil, g.fail("read", ErrNotSupported, "a %s table has: read of one entry", g.spec.Type)
	}
	k, err := g.words("read", q.Key)
	if err != nil {
		return nil, err
	}
	g.sel.store.mu.Lock()
	defer g.sel.store.mu.Unlock()
	var m *Member
	sel := g.sel.parts[0].t
	if p, ok := g.sel.in(t.Pipe - 1); ok && t.Pipe > 0 {
		sel = p.t
	}
	if group := sel.groups[uint32(k[0])]; group != nil && k[0] < 1<<32 {
		m = group.choose(k[1], 0)
	}
	if m == nil {
		return nil, g.fail("read", ErrNotFound, "group %d has no active member", k[0])
	}
	return &TableEntry{
		Table: g.spec.Name,
		Key: []KeyField{
			{Name: g.spec.Key[0].Name, Value: wordBytes(k[0], 64)},
			{Name: g.spec.Key[1].Name, Value: wordBytes(k[1], 64)},
		},
		Data: []DataField{{Name: g.spec.Data[0].Name, Value: wordBytes(uint64(m.id), 64)}},
	}, nil
}
