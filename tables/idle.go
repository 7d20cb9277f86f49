package tables

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"gofino/pipeline/ir"
)

// Idle time of the entries of a table with idle_timeout (chip.md section 10;
// tna-semantics.md section 10).
//
// A packet that hits an entry sets the entry's hit bit (Entry.Touch). In poll
// mode the operation UpdateHitState copies the bits and clears them. In notify
// mode sweeps look at them, one every query interval from the moment the mode
// was enabled: an entry is active from the sweep that finds its bit set, or
// from the moment a controller wrote it; it becomes idle at the first sweep
// that is at least its TTL later, and active again at the first sweep that
// finds its bit set. So an entry becomes idle after its TTL (rounded up to
// whole intervals) and at most one interval later. The chip counts in cells of
// few bits and the driver sweeps them in software of which no source says
// more; ptf.md allows two intervals.

// IdleTimeout is the attribute of that name. As fields: enable bool,
// idle_table_mode POLL_MODE or NOTIFY_MODE, ttl_query_interval, max_ttl and
// min_ttl uint32 in milliseconds. In poll mode the three times read as 0.
type IdleTimeout struct {
	Enable bool
	Notify bool
	// QueryInterval between two sweeps; MinTTL and MaxTTL bound the entries'.
	QueryInterval, MinTTL, MaxTTL uint32
}

const (
	attrIdleTimeout = "IdleTimeout"

	idlePoll   = "POLL_MODE"
	idleNotify = "NOTIFY_MODE"

	hitIdle   = "ENTRY_IDLE"
	hitActive = "ENTRY_ACTIVE"

	opUpdateHitState = "UpdateHitState"

	// What a client that names no times means, in milliseconds.
	defaultQueryInterval = 5000
	defaultMaxTTL        = 3600000
	defaultMinTTL        = 1000

	// sweepTicks of the clock that meters count in too is the time between the
	// chip's own idle sweeps at their fastest (timing.md sections 5 and 6).
	sweepTicks = 1 << 21

	// defaultPrecision is the bits of an idle cell where the program does not
	// say @idletime_precision: 1, 2, 3 or 6. One bit has no TTL.
	defaultPrecision = 3

	millisecond = int64(1000000)
	noSweep     = int64(math.MaxInt64)
)

var (
	idleFields = []string{"enable", "idle_table_mode", "ttl_query_interval", "max_ttl", "min_ttl"}
	hitStates  = []string{hitIdle, hitActive}
)

// Fields is the attribute as the table API has it.
func (a IdleTimeout) Fields() []DataField {
	mode, query, most, least := idlePoll, uint32(0), uint32(0), uint32(0)
	if a.Notify {
		mode, query, most, least = idleNotify, a.QueryInterval, a.MaxTTL, a.MinTTL
	}
	ms := func(n uint32) []byte { return wordBytes(uint64(n), 32) }
	return []DataField{
		{Name: "enable", Value: a.Enable}, {Name: "idle_table_mode", Value: mode},
		{Name: "ttl_query_interval", Value: ms(query)}, {Name: "max_ttl", Value: ms(most)}, {Name: "min_ttl", Value: ms(least)},
	}
}

// ParseIdleTimeout reads the attribute's fields.
func ParseIdleTimeout(data []DataField) (IdleTimeout, error) {
	v, err := attributeFields(data, idleFields...)
	if err != nil {
		return IdleTimeout{}, err
	}
	enable, e0 := boolValue(v[0], true)
	mode, e1 := choiceValue(v[1], []string{idlePoll, idleNotify}, idlePoll)
	query, e2 := wordValue(v[2], 32, defaultQueryInterval)
	most, e3 := wordValue(v[3], 32, defaultMaxTTL)
	least, e4 := wordValue(v[4], 32, defaultMinTTL)
	a := IdleTimeout{Enable: enable, Notify: mode == idleNotify, QueryInterval: uint32(query), MaxTTL: uint32(most), MinTTL: uint32(least)}
	return a, errFirst(idleFields, e0, e1, e2, e3, e4)
}

// idleTable is the idle time of one match table. Guarded by the store's mu.
type idleTable struct {
	mt       *matchTable
	ttls     bool   // the table's cells can count: immutable
	shortest uint32 // milliseconds that the cells take to count out, at least: immutable
	conf     IdleTimeout
	last     int64 // time of the last sweep, or when notify mode was enabled
	next     int64 // of the next sweep; noSweep without notify mode
	cells    []idleCell
}

// idleCell is the idle time of one entry, by its cell.
type idleCell struct {
	ttl   uint32 // milliseconds; 0: not aged
	since int64  // notify: when it was last known to be active
	idle  bool   // notify: it was found idle
	hit   bool   // poll: its hit bit when it was read last
}

// precision of a table's idle cells in bits.
func precision(t *ir.Table) int {
	for _, a := range t.Annots {
		if a.Name == "idletime_precision" {
			if n, err := strconv.Atoi(a.Body); err == nil && (n == 1 || n == 2 || n == 3 || n == 6) {
				return n
			}
		}
	}
	return defaultPrecision
}

func newIdleTable(mt *matchTable, target ir.Target) *idleTable {
	bits := precision(mt.t)
	// All states but the idle one, and, as the mode tells both ways, but one
	// more for the entry that just woke up.
	states := uint64(1)<<bits - 2
	return &idleTable{mt: mt, ttls: bits > 1, next: noSweep, shortest: uint32(sweepTicks*states/(spClock(target)/1000)) + 1,
		conf: IdleTimeout{QueryInterval: defaultQueryInterval, MinTTL: defaultMinTTL, MaxTTL: defaultMaxTTL}}
}

// cell of an entry; nil for the default entry, which does not age.
func (it *idleTable) cell(e *Entry) *idleCell {
	if e.kind == defaultEntry {
		return nil
	}
	for int(e.cell) >= len(it.cells) {
		it.cells = append(it.cells, idleCell{})
	}
	return &it.cells[e.cell]
}

func (it *idleTable) notifies() bool { return it.conf.Enable && it.conf.Notify }

// check refuses data that the table's mode cannot have.
func (it *idleTable) check(name string, d *entryData) error {
	if d.ttl == nil || *d.ttl == 0 || !it.notifies() {
		return nil
	}
	if ttl := *d.ttl; ttl < it.conf.QueryInterval || ttl > it.conf.MaxTTL {
		return it.mt.fail(name, ErrInvalid, "data field $ENTRY_TTL is %d ms (0, or from the query interval %d to the table's max_ttl %d)",
			ttl, it.conf.QueryInterval, it.conf.MaxTTL)
	}
	return nil
}

// add starts a new entry.
func (it *idleTable) add(e *Entry, d *entryData) {
	e.hit.Store(0)
	*it.cell(e) = idleCell{since: it.mt.store.now()}
	it.set(e, d)
}

// set writes what a controller says of an entry. With a TTL its time starts anew.
func (it *idleTable) set(e *Entry, d *entryData) (undo func()) {
	c := it.cell(e)
	if c == nil {
		return func() {}
	}
	old, hit := *c, e.hit.Load()
	if d.ttl != nil {
		if !d.keepTTL || c.ttl == 0 || *d.ttl == 0 {
			c.since, c.idle = it.mt.store.now(), false
		}
		c.ttl = *d.ttl
	}
	if d.active != nil {
		c.hit = *d.active
		c.idle = it.notifies() && !c.hit
		e.hit.Store(0)
	}
	return func() {
		*it.cell(e) = old
		e.hit.Store(hit)
	}
}

// left is the time to live that remains, in milliseconds, as of the last sweep.
func (it *idleTable) left(e *Entry) uint32 {
	c := it.cell(e)
	switch {
	case c == nil, c.idle:
		return 0
	case it.last <= c.since:
		return c.ttl
	}
	return uint32(max(int64(c.ttl)-(it.last-c.since)/millisecond, 0))
}

// state is $ENTRY_HIT_STATE. The chip's driver clears the hardware's bit when it
// reads it; here only UpdateHitState does, so that looking changes nothing.
func (it *idleTable) state(e *Entry, fromHW bool) string {
	c := it.cell(e)
	if c == nil {
		return hitIdle
	}
	active := c.hit
	if it.notifies() {
		active = !c.idle
	} else if fromHW {
		active = c.hit || e.hit.Load() != 0
	}
	if active {
		return hitActive
	}
	return hitIdle
}

// update is the operation UpdateHitState.
func (it *idleTable) update() error {
	if !it.conf.Enable || it.conf.Notify {
		return it.mt.fail("operate on", ErrNotSupported, "%s needs attribute %s enabled in %s", opUpdateHitState, attrIdleTimeout, idlePoll)
	}
	for e := range it.entries() {
		it.cell(e).hit = e.hit.Load() != 0 && e.hit.Swap(0) != 0
	}
	return nil
}

// entries in the order of their handles, without the default.
func (it *idleTable) entries() func(func(*Entry) bool) {
	return func(yield func(*Entry) bool) {
		for _, e := range it.mt.m.entries[1:] {
			if e != nil && !yield(e) {
				return
			}
		}
	}
}

// configure sets the attribute. Time stands still in between: an entry goes on
// with what it has left (tna_idletimeout), an idle one stays idle.
func (it *idleTable) configure(a IdleTimeout) error {
	if a.Notify && !it.ttls {
		return errors.New("field idle_table_mode: the table's idle cells have one bit (@idletime_precision), which can be polled only")
	}
	if a.Enable && a.Notify {
		switch {
		case a.QueryInterval < it.shortest:
			return fmt.Errorf("field ttl_query_interval is %d ms: the chip's cells take %d to count", a.QueryInterval, it.shortest)
		case a.MinTTL > a.MaxTTL:
			return fmt.Errorf("field min_ttl is %d, above max_ttl %d", a.MinTTL, a.MaxTTL)
		}
	}
	now := it.mt.store.now()
	for e := range it.entries() {
		c := it.cell(e)
		gone := int64(c.ttl - min(it.left(e), c.ttl))
		*c = idleCell{ttl: c.ttl, since: now - gone*millisecond, idle: c.idle}
		e.hit.Store(0)
	}
	it.conf, it.last, it.next = a, now, noSweep
	if it.notifies() {
		it.next = now + int64(a.QueryInterval)*millisecond
	}
	it.mt.store.schedule()
	return nil
}

// sweep does the sweeps that are due and tells what changed. Hit bits are of
// the first of them: had packets come later, it would have been done before.
func (it *idleTable) sweep(now int64, tell func(Notification)) {
	if now < it.next {
		return
	}
	interval := int64(it.conf.QueryInterval) * millisecond
	first := it.next
	it.last = first + (now-first)/interval*interval
	it.next = it.last + interval
	for e := range it.entries() {
		c := it.cell(e)
		if e.hit.Load() != 0 {
			e.hit.Store(0)
			c.since = first
			if c.idle {
				c.idle = false
				tell(it.notification(first, e, true))
			}
		}
		if c.ttl == 0 || c.idle {
			continue
		}
		at := first // the first sweep at least a TTL after since
		if end := c.since + int64(c.ttl)*millisecond; end > first {
			at = first + (end-first+interval-1)/interval*interval
		}
		if at <= it.last {
			c.idle = true
			tell(it.notification(at, e, false))
		}
	}
}

func (it *idleTable) notification(at int64, e *Entry, active bool) Notification {
	return Notification{Time: at, Pipe: it.mt.at.Pipe - 1, Idle: &IdleChange{Active: active,
		Entry: &TableEntry{Table: it.mt.spec.Name, Key: it.mt.showKey(e), Handle: it.mt.handle(e), Scope: it.mt.at}}}
}

// Timekeeping of a store: what it does by itself as time passes.

// Keep gives the store its clock. wake is called, with the store locked, when
// what Due says has changed. Before traffic starts.
func (s *Store) Keep(now func() int64, wake func()) { s.now, s.wake = now, wake }

// Due is when Tick has something to do; MaxInt64: never.
func (s *Store) Due() int64 { return s.due.Load() }

// Tick does what is due at a time. The caller holds no pipe's Mu.
func (s *Store) Tick(now int64) {
	if now < s.due.Load() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick(now)
}

// tick with mu held.
func (s *Store) tick(now int64) {
	if now < s.due.Load() {
		return
	}
	var told []Notification
	for it := range s.aging {
		it.sweep(now, func(n Notification) { told = append(told, n) })
	}
	slices.SortStableFunc(told, func(a, b Notification) int { return cmp.Compare(a.Time, b.Time) })
	for _, n := range told {
		s.Publish(n)
	}
	s.schedule()
}

// catchUp brings the store to the present before a controller changes something.
// To look changes nothing: who moves the clock by hand calls Tick before.
func (s *Store) catchUp() {
	if s.due.Load() != noSweep {
		s.Tick(s.now())
	}
}

// aging yields what ages entries. mu is held.
func (s *Store) aging(yield func(*idleTable) bool) {
	for _, m := range s.matches {
		for _, p := range m.parts {
			if p.t.idle != nil && !yield(p.t.idle) {
				return
			}
		}
	}
}

// schedule notes when the next sweep is due. mu is held.
func (s *Store) schedule() {
	due := noSweep
	for it := range s.aging {
		due = min(due, it.next)
	}
	if old := s.due.Swap(due); due != old {
		s.wake()
	}
}

// idleSpec adds what a table with idle_timeout has to its spec: the last of
// its fields, operations and attributes.
func idleSpec(s *TableSpec, t *ir.Table) {
	s.Operations = append(s.Operations, opUpdateHitState)
	s.Attributes = append(s.Attributes, attrIdleTimeout)
	s.Data = append(s.Data, FieldSpec{ID: idEntryHitState, Name: "$ENTRY_HIT_STATE", Type: TypeSpec{Kind: "string", Choices: hitStates}})
	if precision(t) > 1 {
		s.Data = append(s.Data, FieldSpec{ID: idEntryTTL, Name: "$ENTRY_TTL", Type: TypeSpec{Kind: "uint32", Default: uint64(0)}})
	}
}
