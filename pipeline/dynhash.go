package pipeline

import (
	"gofino/pipeline/hash"
	"gofino/pipeline/ir"
	"gofino/tables"
)

// dynHash is a hash that the control plane may change while packets run. n
// bytes at in are the program's own stream; scratch is as long; a wide result
// goes to size bytes at out. Offsets are into frame.mem.
type dynHash struct {
	slot      *tables.DynHash
	own       *hash.Func
	in, n     int32
	scratch   int32
	out, size int32
}

// dynSlot is where the control plane puts a hash of its own, nil for a hash
// that it cannot change.
func (pi *Pipe) dynSlot(i int) *tables.DynHash {
	if i >= len(pi.st.Hashes) || len(pi.pl.Hashes[i].Inputs) == 0 {
		return nil
	}
	return pi.st.Hashes[i]
}

// dynamicGet compiles a call whose slot is not nil. The stream is raw: pairs
// that the program made symmetric are so by the slot's content.
func (c *compiler) dynamicGet(s *ir.HashGet, h *ir.Hash, own *hash.Func, slot *tables.DynHash) {
	raw := *h
	raw.Symmetric = nil
	off, n := c.hashBytes(&raw, s.Data)
	d := dynHash{slot: slot, own: own, in: int32(off), n: int32(n), scratch: int32(lead + c.bytes(n))}
	i := instr{op: opHashDyn, a: int32(len(c.g.dyns))}
	if s.Dst.Width <= 64 {
		c.g.dyns = append(c.g.dyns, d)
		i.d = c.register()
		c.reg--
		i.m = ones(s.Dst.Width)
		c.emit(i)
		c.store(s.Dst, i.d)
		return
	}
	size := (s.Dst.Width + 7) / 8
	at := c.bytes(size)
	d.out, d.size = int32(lead+at), int32(size)
	c.g.dyns = append(c.g.dyns, d)
	i.op = opHashDynN
	c.emit(i)
	c.copy(s.Dst, ir.Loc{Bit: at*8 + size*8 - s.Dst.Width, Width: s.Dst.Width})
}

// word is the low 64 bits of the hash.
func (d *dynHash) word(mem []byte) uint64 {
	in := mem[d.in : d.in+d.n]
	if live := d.slot.Load(); live != nil {
		return live.Sum64(in, mem[d.scratch:d.scratch+d.n])
	}
	return d.own.Sum64(in)
}

// wide writes the hash to memory.
func (d *dynHash) wide(mem []byte) {
	in, out := mem[d.in:d.in+d.n], mem[d.out:d.out+d.size]
	if live := d.slot.Load(); live != nil {
		live.Sum(out, in, mem[d.scratch:d.scratch+d.n])
		return
	}
	d.own.Sum(out, in)
}

// hashSum is what a call gives in the reference engine: the input as it was
// hashed, and the result.
func (r *reference) hashSum(i int, data []ir.Expr, out []byte) (in []byte) {
	h := r.pl.Hashes[i]
	slot := r.pi.dynSlot(i)
	if slot == nil {
		in = r.hashInput(h, data)
		r.pi.hashes[i].Sum(out, in)
		return in
	}
	live := slot.Load()
	if live == nil {
		in = r.hashInput(h, data)
		r.pi.hashes[i].Sum(out, in)
		return in
	}
	raw := *h
	raw.Symmetric = nil
	in = r.hashInput(&raw, data)
	live.Sum(out, in, make([]byte, len(in)))
	return in
}
