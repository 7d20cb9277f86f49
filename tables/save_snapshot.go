package tables

import (
	"slices"

	"gofino/internal/snap"
	"gofino/pipeline/ir"
)

func (t *snapshotRows) save(e *snap.Encoder) {
	keys := t.sorted(AllPipes)
	e.Uint(uint64(len(keys)))
	for _, k := range keys {
		e.Uint(uint64(k.pipe), uint64(k.first), uint64(k.last))
		for i := range t.spec.Data {
			v := t.rows[k][i]
			e.Bool(v != nil)
			switch v := v.(type) {
			case bool:
				e.Bool(v)
			case string:
				e.String(v)
			case []byte:
				e.Bytes(v)
			}
		}
	}
	if t.isTrigger() {
		t.saveCaptures(e)
	}
}

func (t *snapshotRows) load(d *snap.Decoder) {
	for range d.Len() {
		k := snapshotKey{pipe: int(d.Uint32()), first: d.Uint32(), last: d.Uint32()}
		row := make(snapshotRow, len(t.spec.Data))
		for i := range row {
			if !d.Bool() {
				continue
			}
			var v Value
			switch t.spec.Data[i].Type.Kind {
			case "bool":
				v = d.Bool()
			case "string":
				v = d.String()
			default:
				v = append([]byte{}, d.Bytes()...)
			}
			if d.Err() != nil {
				return
			}
			v, err := scalarValue(t.spec.Data[i].Type, v)
			d.Wrap(err)
			row[i] = v
		}
		if int(k.last) >= t.spec.Size || k.last < k.first || k.pipe > len(t.store.states) {
			d.Fail("snapshot of stages %d to %d of pipe %d", k.first, k.last, k.pipe-1)
		}
		t.rows[k] = row
	}
	if t.isTrigger() {
		t.loadCaptures(d)
	}
}

// saveCaptures writes what the pipes hold of a trigger table.
func (t *snapshotRows) saveCaptures(e *snap.Encoder) {
	for _, p := range t.pipes {
		p.Mu.Lock()
		var own []*Snapshot
		for _, s := range p.Snapshots.list {
			if s.Dir == t.dir {
				own = append(own, s)
			}
		}
		slices.SortFunc(own, func(a, b *Snapshot) int { return a.First - b.First })
		e.Uint(uint64(len(own)))
		for _, s := range own {
			s.save(e)
		}
		p.Mu.Unlock()
	}
}

func (s *Snapshot) save(e *snap.Encoder) {
	e.Uint(uint64(s.First), uint64(s.Last))
	e.Int(s.Deadline)
	e.Bool(s.Timer)
	e.Uint(uint64(len(s.Match)))
	for _, m := range s.Match {
		e.Uint(uint64(m.Loc.Bit), uint64(m.Loc.Width))
		e.Bytes(m.Value)
		e.Bytes(m.Mask)
	}
	e.Uint(uint64(len(s.Stages)))
	for i := range s.Stages {
		g := &s.Stages[i]
		e.Bytes(g.Memory)
		e.String(g.Next)
		e.Uint(uint64(len(g.Enabled)))
		for _, n := range g.Enabled {
			e.String(n)
		}
		e.Uint(uint64(len(g.Tables)))
		for _, x := range g.Tables {
			e.String(x.Name)
			e.Uint(uint64(x.Handle))
			e.Bool(x.Hit)
			e.Bool(x.Inhibited)
			e.Bool(x.Executed)
		}
	}
}

func (t *snapshotRows) loadCaptures(d *snap.Decoder) {
	for _, p := range t.pipes {
		for range d.Len() {
			s := loadSnapshot(d)
			s.Dir = t.dir
			if s.First > s.Last || s.Last >= t.spec.Size || len(s.Stages) != 0 && len(s.Stages) != s.Last-s.First+1 {
				d.Fail("snapshot of stages %d to %d with %d stages captured", s.First, s.Last, len(s.Stages))
				return
			}
			for _, m := range s.Match {
				if !slices.Contains(t.fields, m.Loc) || len(m.Value) != (m.Loc.Width+7)/8 || len(m.Mask) != len(m.Value) {
					d.Fail("snapshot waits for a field that the program does not have")
					return
				}
			}
			for _, g := range s.Stages {
				for _, l := range t.fields {
					if l.Bit+l.Width > 8*len(g.Memory) {
						d.Fail("snapshot of %d bytes, which field %d..%d is beyond", len(g.Memory), l.Bit, l.Bit+l.Width)
						return
					}
				}
			}
			p.Snapshots.list = append(p.Snapshots.list, s)
		}
		p.Snapshots.count()
	}
}

func loadSnapshot(d *snap.Decoder) *Snapshot {
	s := &Snapshot{First: int(d.Uint32()), Last: int(d.Uint32()), Deadline: d.Int(), Timer: d.Bool()}
	bytes := func() []byte { return append([]byte{}, d.Bytes()...) }
	for range d.Len() {
		s.Match = append(s.Match, SnapshotMatch{Loc: ir.Loc{Bit: int(d.Uint32()), Width: int(d.Uint32())}, Value: bytes(), Mask: bytes()})
	}
	for range d.Len() {
		g := SnapshotStage{Memory: bytes(), Next: d.String()}
		for range d.Len() {
			g.Enabled = append(g.Enabled, d.String())
		}
		for range d.Len() {
			g.Tables = append(g.Tables, SnapshotTable{Name: d.String(), Handle: d.Uint32(), Hit: d.Bool(), Inhibited: d.Bool(), Executed: d.Bool()})
		}
		s.Stages = append(s.Stages, g)
	}
	return s
}

func (t *snapshotData) save(*snap.Encoder)     {}
func (t *snapshotData) load(*snap.Decoder)     {}
func (t *snapshotLiveness) save(*snap.Encoder) {}
func (t *snapshotLiveness) load(*snap.Decoder) {}
