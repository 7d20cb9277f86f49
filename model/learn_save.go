package model

import (
	"math"

	"gofino/internal/snap"
)

// saveLearning writes the learn filters: what they gathered and what waits for
// acknowledgement.
func (s *Switch) saveLearning(e *snap.Encoder) {
	for _, p := range s.pipes {
		f := p.learn
		if f == nil {
			continue
		}
		p.st.Mu.Lock()
		e.Uint(uint64(f.cur), f.stats.Learned, f.stats.Duplicates, f.stats.Lost, f.stats.Batches)
		for i := range f.banks {
			b := &f.banks[i]
			e.Bytes(b.Index)
			e.Raw(b.Data)
			e.Int(b.since)
			e.Uint(b.batch)
		}
		p.st.Mu.Unlock()
	}
}

func (s *Switch) loadLearning(d *snap.Decoder) error {
	for _, p := range s.pipes {
		if p.learn != nil {
			p.st.Mu.Lock()
			p.learn.load(d)
			due := p.learn.dueAt.Load()
			p.st.Mu.Unlock()
			if due != math.MaxInt64 {
				s.set(&p.learn.event, due)
			}
		}
	}
	return d.Err()
}

func (f *learnFilter) load(d *snap.Decoder) {
	f.cur = d.Below("a learn bank", 2)
	f.stats = LearnStats{Learned: d.Uint(), Duplicates: d.Uint(), Lost: d.Uint(), Batches: d.Uint()}
	for i := range f.banks {
		b := &f.banks[i]
		index := d.Bytes()
		if len(index) > f.max {
			d.Fail("%d digests in a bank of %d", len(index), f.max)
		}
		for _, n := range index {
			if int(n) >= len(f.digests) {
				d.Fail("digest %d of %d", n, len(f.digests))
			}
			if d.Err() != nil {
				return
			}
			data := d.Raw(f.digests[n].Bytes())
			if d.Err() != nil {
				return
			}
			h := quantumHash(int(n), data)
			if b.find(h, int(n), data) {
				d.Fail("a digest is in a bank twice")
				return
			}
			b.add(h, int(n), data)
		}
		b.since, b.batch = d.Int(), d.Uint()
		if b.batch == 0 && len(index) == f.max {
			d.Fail("a full learn bank gathers")
			return
		}
		if i == f.cur && b.batch == 0 && len(index) > 0 {
			f.dueAt.Store(b.since + f.timeout)
		}
	}
	if d.Err() == nil && len(f.banks[1-f.cur].Index) > 0 && f.banks[1-f.cur].batch == 0 {
		d.Fail("both learn banks gather")
	}
}
