package tables

import "gofino/internal/snap"

func (it *idleTable) save(e *snap.Encoder) {
	e.Bool(it.conf.Enable)
	e.Bool(it.conf.Notify)
	e.Uint(uint64(it.conf.QueryInterval), uint64(it.conf.MinTTL), uint64(it.conf.MaxTTL))
	e.Int(it.last)
	e.Int(it.next)
	for ent := range it.entries() {
		c := it.cell(ent)
		e.Uint(uint64(c.ttl), uint64(ent.hit.Load()))
		e.Int(c.since)
		e.Bool(c.idle)
		e.Bool(c.hit)
	}
}

// load reads the idle time of a table whose entries have been loaded.
func (it *idleTable) load(d *snap.Decoder) {
	it.conf.Enable, it.conf.Notify = d.Bool(), d.Bool()
	it.conf.QueryInterval, it.conf.MinTTL, it.conf.MaxTTL = d.Uint32(), d.Uint32(), d.Uint32()
	it.last, it.next = d.Int(), d.Int()
	interval := int64(it.conf.QueryInterval) * millisecond
	switch {
	case d.Err() != nil:
		return
	case it.notifies() && (it.conf.QueryInterval < it.shortest || !it.ttls):
		d.Fail("a table ages entries as the chip cannot")
	case it.notifies() && (it.last < 0 || it.last > noSweep/2 || it.next != it.last+interval), !it.notifies() && it.next != noSweep:
		d.Fail("a table's next sweep is at %d", it.next)
	}
	for ent := range it.entries() {
		c := it.cell(ent)
		c.ttl = d.Uint32()
		ent.hit.Store(uint32(d.Below("a hit bit", 2)))
		c.since, c.idle, c.hit = d.Int(), d.Bool(), d.Bool()
		if d.Err() != nil {
			return
		}
	}
}

// idle writes the state of a table's idle time, for the state's hash.
func (d *dumper) idle(it *idleTable) {
	var e snap.Encoder
	it.save(&e)
	d.bytes(e.Body())
}
