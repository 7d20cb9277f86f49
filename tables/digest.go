package tables

import (
	"gofino/pipeline/ir"
)

// Quanta are the digests of one delivery, in order: Index has the digest of
// each (into ir.Pipeline.Digests), Data their bytes one after the other, each
// as ir.DigestEmit lays it out.
type Quanta struct {
	Index []uint8
	Data  []byte
}

// PublishDigests tells the subscribers of a delivery from a pipe: one
// notification for each digest that is in it. The quanta belong to the store
// from here on.
func (s *Store) PublishDigests(now int64, pipe int, batch uint64, q Quanta) {
	if !s.hub.any.Load() {
		return
	}
	layouts := s.digests[pipe]
	for d := range layouts {
		if has(q.Index, uint8(d)) {
			l := &layouts[d]
			s.hub.publish(queued{
				n:    Notification{Time: now, Pipe: pipe},
				make: func(n *Notification) { n.Digest = l.batch(layouts, uint8(d), batch, q) },
			})
		}
	}
}

func has(list []uint8, x uint8) bool {
	for _, y := range list {
		if x == y {
			return true
		}
	}
	return false
}

// digestLayout reads quanta of one digest.
type digestLayout struct {
	name  string // with the pipeline
	names []string
	sizes []int // of the fields in bytes
	n     int
}

func newDigestLayouts(pl *ir.Pipeline) []digestLayout {
	out := make([]digestLayout, len(pl.Digests))
	for i, d := range pl.Digests {
		out[i] = digestLayout{name: pl.Name + "." + d.Name, n: d.Bytes()}
		for _, f := range d.Fields {
			out[i].names = append(out[i].names, f.Name)
			out[i].sizes = append(out[i].sizes, (f.Width+7)/8)
		}
	}
	return out
}

func (l *digestLayout) batch(layouts []digestLayout, index uint8, id uint64, q Quanta) *DigestBatch {
	b := &DigestBatch{Name: l.name, Batch: id}
	at := 0
	for _, d := range q.Index {
		n := layouts[d].n
		if d == index {
			b.Entries = append(b.Entries, l.fields(q.Data[at:at+n]))
		}
		at += n
	}
	return b
}

func (l *digestLayout) fields(data []byte) []DataField {
	out := make([]DataField, len(l.names))
	at := 0
	for i, n := range l.sizes {
		out[i] = DataField{Name: l.names[i], Value: clone(data[at : at+n])}
		at += n
	}
	return out
}

// digestSpecs are the learn filters of a program in the schema.
func (b *schemaBuilder) digestSpecs() []*DigestSpec {
	var out []*DigestSpec
	for _, pl := range b.p.Pipelines {
		for _, d := range pl.Digests {
			s := &DigestSpec{}
			s.Name, s.ID = b.id(idDigest, pl, d.Name)
			for n, f := range d.Fields {
				s.Fields = append(s.Fields, FieldSpec{ID: uint32(n + 1), Name: f.Name, Type: bytesType(f.Width)})
			}
			out = append(out, s)
		}
	}
	return out
}
