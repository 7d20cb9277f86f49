package tables

import (
	"crypto/sha256"
	"fmt"
	"slices"

	"gofino/internal/snap"
	"gofino/pipeline/ir"
)

// saver is a table with state of its own. load fills a table as NewStore made
// it; what is wrong it tells the Decoder.
type saver interface {
	save(e *snap.Encoder)
	load(d *snap.Decoder)
}

// Save writes all state of the store's own tables: equal states give equal
// bytes. The model saves what it added with Add. No packet may be under way.
func (s *Store) Save(e *snap.Encoder) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range s.loadOrder() {
		e.Section("TABL", func() {
			e.String(s.schema.Tables[i].Name)
			saverOf(s.tables[i]).save(e)
		})
	}
}

// Load reads what Save wrote for the same program in as many pipes, into a
// store that NewStore has just made. After an error the store is of no use.
func (s *Store) Load(d *snap.Decoder) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range s.loadOrder() {
		t := d.Section("TABL")
		if name := t.String(); t.Err() == nil && name != s.schema.Tables[i].Name {
			t.Fail("table %q where %q is wanted", name, s.schema.Tables[i].Name)
		}
		saverOf(s.tables[i]).load(t)
		if err := t.End(); err != nil {
			return fmt.Errorf("load table %s: %w", s.schema.Tables[i].Name, err)
		}
	}
	s.schedule()
	return d.End()
}

func saverOf(t Table) saver {
	sv, ok := t.(saver)
	if !ok {
		panic("BUG: no way to save table " + t.Spec().Name)
	}
	return sv
}

// loadOrder has what others refer to first: members, then groups.
func (s *Store) loadOrder() []int {
	rank := func(i int) int {
		switch s.tables[i].(type) {
		case *scoped[*profileTable]:
			return 0
		case *selectorScopes:
			return 1
		}
		return 2
	}
	order := make([]int, s.own)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return rank(a) - rank(b) })
	return order
}

// Layout is a digest of how a program's state is laid out: saved state fits
// programs with the same.
func Layout(p *ir.Program) [32]byte {
	h := sha256.New()
	fmt.Fprintln(h, p.Scope)
	for _, pl := range p.Pipelines {
		fmt.Fprintln(h, "pipeline", pl.Name)
		for _, t := range pl.Tables {
			fmt.Fprintln(h, "table", t.Name, t.Size, t.Profile, t.Selector, t.DirectCounters, t.DirectRegisters, t.DirectMeters, t.DirectFilters, t.ConstEntries, t.IdleTimeout)
			for _, k := range t.Keys {
				fmt.Fprintln(h, "key", k.Name, k.Width, k.Kind)
			}
			for _, a := range t.Actions {
				fmt.Fprintln(h, "action", a.Action, a.Scope)
			}
		}
		for _, a := range pl.Actions {
			fmt.Fprintln(h, "action", a.Name, a.Off, a.Bytes)
			for _, p := range a.Params {
				fmt.Fprintln(h, "param", p.Name, p.Loc)
			}
		}
		for _, o := range pl.Profiles {
			fmt.Fprintln(h, "profile", o.Name, o.Size, o.Tables)
		}
		for _, o := range pl.Selectors {
			fmt.Fprintln(h, "selector", o.Name, o.Profile, o.Mode, o.MaxGroupSize, o.NumGroups, o.Scramble)
		}
		for _, o := range pl.Counters {
			fmt.Fprintln(h, "counter", o.Name, o.Kind, o.Size, o.Table)
		}
		for _, o := range pl.Registers {
			fmt.Fprintln(h, "register", o.Name, o.Size, o.Width, o.Pair, o.Initial, o.Table)
		}
		for _, o := range pl.Meters {
			fmt.Fprintln(h, "meter", o.Name, o.Kind, o.Size, o.Table)
		}
		for _, o := range pl.Filters {
			fmt.Fprintln(h, "filter", o.Name, o.Kind, o.Size, o.Width, o.Table)
		}
		for _, o := range pl.Digests {
			fmt.Fprintln(h, "digest", o.Name, o.Type, o.Fields)
		}
		for _, o := range pl.RegParams {
			fmt.Fprintln(h, "param", o.Name, o.Width)
		}
		for _, o := range pl.ValueSets {
			fmt.Fprintln(h, "set", o.Name, o.Size, o.Widths)
		}
		if o := pl.PortMetadata; o != nil {
			fmt.Fprintln(h, "port metadata", o.Name, o.Bytes, o.Fields)
		}
	}
	return [32]byte(h.Sum(nil))
}

func saveOrdered[T any](e *snap.Encoder, o *ordered[T], one func(T)) {
	e.Uint(uint64(len(o.slots)))
	for _, s := range o.slots {
		e.Bool(s.used)
		if s.used {
			one(s.v)
		}
	}
}

// loadOrdered reads the objects; one makes the object of a handle.
func loadOrdered[T any](d *snap.Decoder, o *ordered[T], one func(handle uint32) T) {
	n := d.Len()
	o.slots, o.free = make([]orderedSlot[T], n), freeSet{}
	for i := range o.slots {
		if !d.Bool() {
			o.free.add(uint32(i + 1))
			continue
		}
		o.slots[i] = orderedSlot[T]{one(uint32(i + 1)), true}
		if d.Err() != nil {
			return
		}
	}
}

// saveAction writes an action and its data; -1 is "no action".
func saveAction(e *snap.Encoder, a *ActionData) {
	e.Uint(uint64(int64(a.Action) + 1))
	e.Raw(a.Data)
}

// loadAction reads an action that has one of the layouts, or with none allowed
// "no action".
func loadAction(d *snap.Decoder, layouts []actionLayout, none bool) *ActionData {
	n := d.Below("an action", len(layouts)+1)
	if n == 0 {
		if !none {
			d.Fail("an entry has no action")
		}
		return &ActionData{Action: -1}
	}
	l := &layouts[n-1]
	a := &ActionData{Action: n - 1, Data: clone(d.Raw(l.size))}
	if d.Err() == nil && !l.clean(a.Data) {
		d.Fail("an action's data does not fit its parameters")
	}
	return a
}

// clean tells whether every parameter fits its width.
func (l *actionLayout) clean(data []byte) bool {
	for _, p := range l.param {
		if spare := uint(p.n*8 - p.width); spare > 0 && data[p.off]>>(8-spare) != 0 {
			return false
		}
	}
	return true
}

func (p *profileTable) save(e *snap.Encoder) {
	saveOrdered(e, &p.order, func(m *Member) {
		e.Uint(uint64(m.id))
		saveAction(e, m.act.Load())
	})
}

func (p *profileTable) load(d *snap.Decoder) {
	loadOrdered(d, &p.order, func(h uint32) *Member {
		m := &Member{id: d.Uint32(), handle: h}
		m.act.Store(loadAction(d, p.actions.layout, false))
		if p.members[m.id] != nil {
			d.Fail("member %d is there twice", m.id)
		}
		p.members[m.id] = m
		return m
	})
	if len(p.members) > p.profile.Size {
		d.Fail("%d members in a profile of %d", len(p.members), p.profile.Size)
	}
}

func (s *selectorTable) save(e *snap.Encoder) {
	saveOrdered(e, &s.order, func(g *Group) {
		e.Uint(uint64(g.id), uint64(g.adt), uint64(g.max), uint64(g.members()))
		for i, sl := range g.slots {
			if sl.member != nil {
				e.Uint(uint64(i), uint64(sl.member.id))
				e.Bool(sl.active)
			}
		}
	})
}

func (s *selectorTable) load(d *snap.Decoder) {
	loadOrdered(d, &s.order, func(h uint32) *Group {
		g := &Group{id: d.Uint32(), adt: d.Uint32(), handle: h}
		size := d.Below("a group's size", s.sel.MaxGroupSize+1)
		switch {
		case s.groups[g.id] != nil:
			d.Fail("group %d is there twice", g.id)
		case len(s.groups) >= s.sel.NumGroups:
			d.Fail("more than %d groups", s.sel.NumGroups)
		}
		slots := make([]groupSlot, size)
		for range d.Len() {
			at := d.Below("a slot", size)
			m := s.profile.members[d.Uint32()]
			active := d.Bool()
			if d.Err() != nil {
				break
			}
			if m == nil || slots[at].member != nil {
				d.Fail("group %d has a member that is not there, or two in slot %d", g.id, at)
				break
			}
			slots[at] = groupSlot{m, active}
		}
		if d.Err() == nil {
			s.replace(g, slots, size)
			s.groups[g.id] = g
		}
		return g
	})
}

func (g *getMemberTable) save(*snap.Encoder) {}
func (g *getMemberTable) load(*snap.Decoder) {}

func (p *paramTable) save(e *snap.Encoder) { e.Uint(p.live.Load()) }

func (p *paramTable) load(d *snap.Decoder) {
	v := d.Uint()
	if p.width < 64 && v>>p.width != 0 {
		d.Fail("%d does not fit in %d bits", v, p.width)
	}
	p.live.v.Store(v)
}

func (v *valueSetTable) save(e *snap.Encoder) {
	e.String(v.scope.kind)
	e.Uint(v.scope.user)
	e.Bool(v.scope.gress == scopeSingle)
	e.Bool(v.scope.parser == scopeSingle)
	saveOrdered(e, &v.order, func(r *valueSetRow) {
		e.Uint(uint64(r.in.group), uint64(r.in.parser))
		for _, k := range r.keys {
			e.Raw(k.Value)
			e.Raw(k.Mask)
		}
	})
}

func (v *valueSetTable) load(d *snap.Decoder) {
	kinds := make([]ir.MatchKind, len(v.set.Widths))
	for i := range kinds {
		kinds[i] = ir.Ternary
	}
	to, parsers := scopeValues{scope: scope{d.String(), d.Uint()}, gress: scopeAll, parser: scopeAll}, 1
	if d.Bool() {
		to.gress = scopeSingle
	}
	if d.Bool() {
		to.parser, parsers = scopeSingle, parserGroups(v.store.target)
	}
	if d.Err() == nil && to.kind != "" && to.kind != scopeSingle && to.kind != scopeUser {
		d.Fail("rows have a scope %q", to.kind)
	}
	if d.Err() == nil {
		d.Wrap(v.divide(to))
	}
	if d.Err() != nil {
		return
	}
	loadOrdered(d, &v.order, func(h uint32) *valueSetRow {
		r := &valueSetRow{keys: make([]ir.KeyMatch, len(kinds)), handle: h}
		r.in = parserScope{d.Below("a scope", len(v.groups)), d.Below("a parser", parsers)}
		for i, w := range v.set.Widths {
			loadKey(d, &r.keys[i], ir.Ternary, w)
		}
		if d.Err() != nil {
			return r
		}
		r.pat = makePattern(r.keys, kinds, v.set.Widths)
		if v.rows[r.id()] != nil {
			d.Fail("a row is there twice")
		}
		v.rows[r.id()] = r
		return r
	})
	for _, r := range v.rows {
		if n := v.inScope(r.in); n > v.set.Size {
			d.Fail("%d rows in a set of %d", n, v.set.Size)
			return
		}
	}
	if d.Err() == nil {
		v.publish()
	}
}

func (p *portMetadataTable) save(e *snap.Encoder) {
	e.Uint(uint64(len(p.set)))
	for _, s := range p.pipes {
		for local := range s.PortMetadata {
			if port := uint64(s.pipe<<7 | local); p.set[port] {
				e.Uint(port)
				e.Raw(*p.area(port))
			}
		}
	}
}

func (p *portMetadataTable) load(d *snap.Decoder) {
	for range d.Len() {
		port := d.Uint()
		area := clone(d.Raw(p.pm.Bytes))
		has := func(s pipeState) bool { return s.pipe == int(port>>7) }
		if d.Err() == nil && (port&127 >= localPorts || port >= 1<<9 || p.set[port] || !slices.ContainsFunc(p.pipes, has)) {
			d.Fail("port %d is no port of this table, or there twice", port)
		}
		if d.Err() != nil {
			return
		}
		p.put(port, area, true)
	}
}
