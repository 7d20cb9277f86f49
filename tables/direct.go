package tables

import (
	"sync/atomic"

	"gofino/pipeline/ir"
)

// Counter counts packets, bytes or both in 64-bit cells: what a control plane
// reads never wraps (chip.md section 6). Guarded by the pipe's State.Mu.
type Counter struct {
	kind  ir.CounterKind
	cells []uint64 // for both: packets, then bytes, of each index
	n     int
}

func newCounter(kind ir.CounterKind, n int) *Counter {
	c := &Counter{kind: kind}
	c.grow(n)
	return c
}

// grow makes room for at least n cells. A direct counter grows with its table.
func (c *Counter) grow(n int) {
	if n <= c.n {
		return
	}
	per := 1
	if c.kind == ir.PacketsAndBytes {
		per = 2
	}
	cells := make([]uint64, n*per)
	copy(cells, c.cells)
	c.cells, c.n = cells, n
}

// Count one packet of so many bytes; an index out of range does nothing.
func (c *Counter) Count(i uint64, bytes int) {
	if i >= uint64(c.n) {
		return
	}
	switch c.kind {
	case ir.Packets:
		c.cells[i]++
	case ir.Bytes:
		c.cells[i] += uint64(int64(bytes))
	case ir.PacketsAndBytes:
		c.cells[2*i]++
		c.cells[2*i+1] += uint64(int64(bytes))
	}
}

// CountCell counts in the direct cell of an entry.
func (c *Counter) CountCell(cell uint32, bytes int) { c.Count(uint64(cell), bytes) }

// Get reads a cell; what the counter does not count is 0.
func (c *Counter) Get(i uint64) (packets, bytes uint64) {
	if i >= uint64(c.n) {
		return 0, 0
	}
	switch c.kind {
	case ir.Packets:
		return c.cells[i], 0
	case ir.Bytes:
		return 0, c.cells[i]
	}
	return c.cells[2*i], c.cells[2*i+1]
}

// Set writes a cell; what the counter does not count is ignored.
func (c *Counter) Set(i, packets, bytes uint64) {
	if i >= uint64(c.n) {
		return
	}
	switch c.kind {
	case ir.Packets:
		c.cells[i] = packets
	case ir.Bytes:
		c.cells[i] = bytes
	case ir.PacketsAndBytes:
		c.cells[2*i], c.cells[2*i+1] = packets, bytes
	}
}

// Register is a stateful memory, stored in the width of its cells: one bit per
// bit, otherwise the next of 8, 16, 32 and 64 bits. Guarded by the pipe's
// State.Mu.
type Register struct {
	spec *ir.Register
	mask uint64 // of one half
	n    uint64
	pair uint64 // 0 or 1
	bits []uint64
	w8   []uint8
	w16  []uint16
	w32  []uint32
	w64  []uint64
}

func newRegister(spec *ir.Register, n int) *Register {
	r := &Register{spec: spec, mask: ^uint64(0) >> (64 - uint(spec.Width))}
	if spec.Pair {
		r.pair = 1
	}
	r.grow(n)
	return r
}

// grow makes room for at least n cells, the new ones with the initial value.
func (r *Register) grow(n int) {
	if uint64(n) <= r.n {
		return
	}
	first := r.n
	r.n = uint64(n)
	halves := n << r.pair
	switch w := r.spec.Width; {
	case w == 1:
		r.bits = extend(r.bits, (halves+63)/64)
	case w <= 8:
		r.w8 = extend(r.w8, halves)
	case w <= 16:
		r.w16 = extend(r.w16, halves)
	case w <= 32:
		r.w32 = extend(r.w32, halves)
	default:
		r.w64 = extend(r.w64, halves)
	}
	if r.spec.Initial == [2]uint64{} {
		return
	}
	for i := first; i < r.n; i++ {
		r.Set(i, r.spec.Initial[0], r.spec.Initial[1])
	}
}

func extend[T any](s []T, n int) []T {
	out := make([]T, n)
	copy(out, s)
	return out
}

// Get reads a cell: lo is the only value of a cell that is not a pair. ok is
// false for an index out of range.
func (r *Register) Get(i uint64) (lo, hi uint64, ok bool) {
	if i >= r.n {
		return 0, 0, false
	}
	i <<= r.pair
	lo = r.half(i)
	if r.pair != 0 {
		hi = r.half(i + 1)
	}
	return lo, hi, true
}

func (r *Register) half(i uint64) uint64 {
	switch {
	case r.w32 != nil:
		return uint64(r.w32[i])
	case r.w16 != nil:
		return uint64(r.w16[i])
	case r.w8 != nil:
		return uint64(r.w8[i])
	case r.bits != nil:
		return r.bits[i>>6] >> (i & 63) & 1
	}
	return r.w64[i]
}

// Set writes a cell, each half cut to its width; an index out of range does
// nothing.
func (r *Register) Set(i, lo, hi uint64) {
	if i >= r.n {
		return
	}
	i <<= r.pair
	r.setHalf(i, lo&r.mask)
	if r.pair != 0 {
		r.setHalf(i+1, hi&r.mask)
	}
}

func (r *Register) setHalf(i, v uint64) {
	switch {
	case r.w32 != nil:
		r.w32[i] = uint32(v)
	case r.w16 != nil:
		r.w16[i] = uint16(v)
	case r.w8 != nil:
		r.w8[i] = uint8(v)
	case r.bits != nil:
		r.bits[i>>6] = r.bits[i>>6]&^(1<<(i&63)) | v<<(i&63)
	default:
		r.w64[i] = v
	}
}

// Clear writes every cell.
func (r *Register) Clear(lo, hi uint64) {
	for i := range r.n {
		r.Set(i, lo, hi)
	}
}

// Len is the number of cells.
func (r *Register) Len() int { return int(r.n) }

// Param is a RegisterParam: a run-time constant of at most 64 bits, the same
// in every pipe.
type Param struct{ v atomic.Uint64 }

// Load is its value.
func (p *Param) Load() uint64 { return p.v.Load() }
