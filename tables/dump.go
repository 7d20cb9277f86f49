package tables

import (
	"bufio"
	"encoding/binary"
	"io"

	"gofino/internal/snap"
	"gofino/pipeline/ir"
)

// WriteState writes all state of the store's own tables in a fixed order, for
// hashing: the same state gives the same bytes. What the model adds with Add it
// writes itself.
func (s *Store) WriteState(w io.Writer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := &dumper{w: bufio.NewWriterSize(w, 1<<16)}
	for i, t := range s.tables[:s.own] {
		d.str(s.schema.Tables[i].Name)
		switch t := t.(type) {
		case *matchScopes:
			t.dump(d)
		case *scoped[*profileTable]:
			t.dump(d)
		case *selectorScopes:
			t.dump(d)
		case *registerTable:
			d.str(t.scope.kind)
			d.num(t.scope.user)
		case *paramTable:
			d.num(t.live.Load())
		case *valueSetTable:
			d.valueSet(t)
		case *portMetadataTable:
			d.portMetadata(t)
		case *snapshotRows, *debugCounters:
			var e snap.Encoder
			saverOf(t).save(&e)
			d.bytes(e.Body())
		}
	}
	for pipe, st := range s.states {
		if st == nil {
			continue // another program's
		}
		d.num(uint64(pipe))
		st.Mu.Lock()
		d.cells(st)
		st.Mu.Unlock()
	}
	return d.w.Flush()
}

// dumper writes numbers and strings that cannot be confused: each string after
// its length. The writer keeps its first error until Flush.
type dumper struct {
	w   *bufio.Writer
	buf [8]byte
}

func (d *dumper) num(v uint64) {
	binary.LittleEndian.PutUint64(d.buf[:], v)
	d.w.Write(d.buf[:])
}

func (d *dumper) bytes(b []byte) {
	d.num(uint64(len(b)))
	d.w.Write(b)
}

func (d *dumper) str(s string) {
	d.num(uint64(len(s)))
	d.w.WriteString(s)
}

func (d *dumper) bool(b bool) {
	if b {
		d.num(1)
		return
	}
	d.num(0)
}

func (d *dumper) action(a *ActionData) {
	if a == nil {
		d.num(^uint64(0))
		return
	}
	d.num(uint64(int64(a.Action)))
	d.bytes(a.Data)
}

func (mt *matchTable) dump(d *dumper) {
	d.match(mt.m)
	if mt.idle != nil {
		d.idle(mt.idle)
	}
}

func (d *dumper) match(m *matchSet) {
	d.num(uint64(m.used))
	for _, e := range m.entries {
		if e == nil {
			continue
		}
		d.num(uint64(e.cell))
		d.num(uint64(e.prio))
		d.num(e.seq)
		d.entryAction(e)
		if e.kind == defaultEntry {
			continue
		}
		for _, k := range m.keysOf(e) {
			d.bytes(k.Value)
			d.bytes(k.Mask)
			d.num(uint64(k.Prefix))
			d.bytes(k.Lo)
			d.bytes(k.Hi)
		}
	}
}

func (d *dumper) entryAction(e *Entry) {
	d.action(e.act.Load())
	switch r := e.ref.Load(); {
	case r == nil:
		d.num(0)
	case r.member != nil:
		d.num(1)
		d.num(uint64(r.member.id))
	default:
		d.num(2)
		d.num(uint64(r.group.id))
	}
}

func (t *profileTable) dump(d *dumper) {
	d.num(uint64(len(t.members)))
	for _, m := range t.order.all() {
		d.num(uint64(m.handle))
		d.num(uint64(m.id))
		d.action(m.act.Load())
	}
}

func (t *selectorTable) dump(d *dumper) {
	d.num(uint64(len(t.groups)))
	for _, g := range t.order.all() {
		d.num(uint64(g.handle))
		d.num(uint64(g.id))
		d.num(uint64(g.max))
		d.num(uint64(g.adt))
		for i, s := range g.slots {
			if s.member != nil {
				d.num(uint64(i))
				d.num(uint64(s.member.id))
				d.bool(s.active)
			}
		}
	}
}

func (d *dumper) valueSet(t *valueSetTable) {
	d.str(t.scope.kind)
	d.num(t.scope.user)
	d.bool(t.scope.gress == scopeSingle)
	d.bool(t.scope.parser == scopeSingle)
	d.num(uint64(len(t.rows)))
	for _, r := range t.order.all() {
		d.num(uint64(r.handle))
		d.num(uint64(r.in.group))
		d.num(uint64(r.in.parser))
		d.bytes(r.pat.value)
		d.bytes(r.pat.mask)
	}
}

func (d *dumper) portMetadata(t *portMetadataTable) {
	for _, p := range t.pipes {
		for local := range p.PortMetadata {
			d.bool(t.set[uint64(p.pipe<<7|local)])
			d.bytes(*p.PortMetadata[local].Load())
		}
	}
}

// cells writes counters and the like up to the last cell that says something: what
// is behind it may be there or not.
func (d *dumper) cells(st *State) {
	for _, c := range st.Counters {
		n := c.used()
		d.num(uint64(n))
		if c.kind == ir.PacketsAndBytes {
			n *= 2
		}
		for _, v := range c.cells[:n] {
			d.num(v)
		}
	}
	for _, r := range st.Registers {
		r = r.head(r.used())
		d.num(r.n)
		for _, v := range r.bits {
			d.num(v)
		}
		d.w.Write(r.w8)
		binary.Write(d.w, binary.LittleEndian, r.w16)
		binary.Write(d.w, binary.LittleEndian, r.w32)
		for _, v := range r.w64 {
			d.num(v)
		}
	}
	for _, m := range st.Meters {
		d.meter(m)
	}
	for _, f := range st.Filters {
		d.filter(f)
	}
}
