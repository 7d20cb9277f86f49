package pipeline

import (
	"fmt"

	"gofino/pipeline/ir"
)

// A digest is an emission like a resubmit: the deparser hands its data out, the
// chip around the pipeline filters it (tna-semantics.md sections 4 and 10).

func (c *compiler) digestEmit(s *ir.DigestEmit) {
	pl := c.pipe.pl
	if s.Digest < 0 || s.Digest >= len(pl.Digests) {
		c.fail("emit digest %d: there are %d", s.Digest, len(pl.Digests))
		return
	}
	end := c.newLabel()
	c.onlyType(ir.DigestType, pl.Digests[s.Digest].Type, end)
	off, n := c.emission(s.Data)
	c.emit(instr{op: opDigest, a: int32(s.Digest), b: int32(off), n: uint16(n)})
	c.set(end)
}

func (r *reference) digestEmit(s *ir.DigestEmit) {
	d := r.pl.Digests[s.Digest]
	if !r.typed(ir.DigestType, d.Type) {
		return
	}
	e := Emission{Index: s.Digest, Data: r.streamRight(s.Data)}
	kv := []string{"data", fmt.Sprintf("%x", e.Data)}
	at := 0
	for _, f := range d.Fields {
		n := (f.Width + 7) / 8
		if at+n > len(e.Data) {
			break
		}
		kv = append(kv, f.Name, fmt.Sprintf("%#x", e.Data[at:at+n]))
		at += n
	}
	r.event(KindDigest, s.P, d.Name, kv...)
	r.p.Digest = e
}
