package tables

import (
	"math/big"
	"sync/atomic"

	"gofino/pipeline/hash"
	"gofino/pipeline/ir"
)

// DynHash is what the control plane has made of one hash, the same in every
// pipe. The packet path reads it without locks.
type DynHash struct{ live atomic.Pointer[hash.Dynamic] }

// Load is the hash to use, nil while it is the program's own.
func (d *DynHash) Load() *hash.Dynamic { return d.live.Load() }

// newDynHashes has an element per hash, nil for those that are not dynamic.
func newDynHashes(pl *ir.Pipeline) []*DynHash {
	var out []*DynHash
	for _, h := range pl.Hashes {
		var d *DynHash
		if h.Dynamic {
			d = new(DynHash)
			if len(h.Symmetric) > 0 {
				d.live.Store(newHashSetting(h).make(h))
			}
		}
		out = append(out, d)
	}
	return out
}

// hashSetting is what configure and algorithm hold.
type hashSetting struct {
	parts []hash.Slice
	alg   hash.Algorithm
}

// newHashSetting is the program's own.
func newHashSetting(h *ir.Hash) hashSetting {
	return hashSetting{parts: hash.DefaultSlices(h), alg: hash.Program(h)}
}

// make builds a setting that is known to be good.
func (s hashSetting) make(h *ir.Hash) *hash.Dynamic {
	d, err := hash.NewDynamic(h, s.parts, s.alg)
	if err != nil {
		panic("BUG: dynamic hash " + h.Name + ": " + err.Error())
	}
	return d
}

// dynHash is shared by the three tables of a dynamic hash.
type dynHash struct {
	h    *ir.Hash
	live *DynHash
	now  hashSetting // guarded by the store's mu
	own  bool        // the program's own setting; guarded by the store's mu
}

func newDynHash(h *ir.Hash, live *DynHash) *dynHash {
	return &dynHash{h: h, live: live, now: newHashSetting(h), own: true}
}

// set publishes a setting; own says that it is the program's.
func (d *dynHash) set(s hashSetting, own bool) (undo func(), err error) {
	made, err := hash.NewDynamic(d.h, s.parts, s.alg)
	if err != nil {
		return nil, err
	}
	was, wasOwn, wasLive := d.now, d.own, d.live.live.Load()
	d.now, d.own = s, own
	if own && len(d.h.Symmetric) == 0 {
		made = nil
	}
	d.live.live.Store(made)
	return func() {
		d.now, d.own = was, wasOwn
		d.live.live.Store(wasLive)
	}, nil
}

// compute hashes inputs, one value each.
func (d *dynHash) compute(in []*big.Int) []byte {
	stream, bits := new(big.Int), 0
	for i, v := range in {
		w := d.h.Inputs[i].Width
		stream.Or(stream.Lsh(stream, uint(w)), v)
		bits += w
	}
	data := stream.FillBytes(make([]byte, (bits+7)/8))
	out := make([]byte, (d.h.Width+7)/8)
	d.now.make(d.h).Sum(out, data, make([]byte, len(data)))
	return out
}
