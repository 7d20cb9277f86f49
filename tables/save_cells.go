package tables

import (
	"slices"

	"gofino/internal/snap"
	"gofino/pipeline/ir"
)

func (c *counterTable) save(e *snap.Encoder) { c.cells.save(e) }
func (c *counterTable) load(d *snap.Decoder) { c.cells.load(d, c.size, c.size, c.size) }

func (r *registerTable) save(e *snap.Encoder) {
	e.String(r.scope.kind)
	e.Uint(r.scope.user)
	r.cells.save(e)
}

func (r *registerTable) load(d *snap.Decoder) {
	r.scope = scope{d.String(), d.Uint()}
	if d.Err() == nil && r.scope.kind != "" && r.scope.kind != scopeSingle && r.scope.kind != scopeUser {
		d.Fail("a register has a scope %q", r.scope.kind)
		return
	}
	_, _, err := r.scope.groups(r.cells.pipes)
	d.Wrap(err)
	r.cells.load(d, r.size, r.size, r.size)
}

// save writes the cells of all pipes and their copies.
func (c *counterCells) save(e *snap.Encoder) {
	for i, p := range c.pipes {
		p.Mu.Lock()
		c.live(i).save(e, c.direct)
		p.Mu.Unlock()
	}
	copied := slices.ContainsFunc(c.copies, func(l *Counter) bool { return l.used() > 0 })
	e.Bool(copied)
	for _, l := range c.copies {
		if copied {
			l.save(e, true)
		}
	}
}

// load reads cells, from least to most in number, and makes room for size.
func (c *counterCells) load(d *snap.Decoder, least, size, most int) {
	for i, p := range c.pipes {
		p.Mu.Lock()
		c.live(i).load(d, least, most)
		c.live(i).grow(size)
		p.Mu.Unlock()
	}
	if !d.Bool() {
		return
	}
	c.copies = make([]*Counter, len(c.pipes))
	for i := range c.copies {
		c.copies[i] = newCounter(c.live(i).kind, 0)
		c.copies[i].load(d, 0, 2*most)
	}
}

// used is how many cells there are up to the last that is not zero: the rest of
// a counter that grows with its table says nothing.
func (c *Counter) used() int {
	n := len(c.cells)
	for n > 0 && c.cells[n-1] == 0 {
		n--
	}
	per := 1
	if c.kind == ir.PacketsAndBytes {
		per = 2
	}
	return (n + per - 1) / per
}

// save writes all cells, or those up to the last that says something.
func (c *Counter) save(e *snap.Encoder, used bool) {
	n, per := c.n, 1
	if used {
		n = c.used()
	}
	if c.kind == ir.PacketsAndBytes {
		per = 2
	}
	e.Uint(uint64(n))
	snap.Cells(e, c.cells[:n*per])
}

func (c *Counter) load(d *snap.Decoder, least, most int) {
	n := loadSize(d, least, most)
	c.cells, c.n = nil, 0
	c.grow(n)
	snap.LoadCells(d, c.cells)
}

func loadSize(d *snap.Decoder, least, most int) int {
	n := d.Below("the number of cells", most+1)
	if d.Err() == nil && n < least {
		d.Fail("%d cells, want %d", n, least)
	}
	return n
}

// save writes the cells of all pipes and their copies.
func (r *registerCells) save(e *snap.Encoder) {
	for i, p := range r.pipes {
		p.Mu.Lock()
		r.live(i).save(e, r.direct)
		p.Mu.Unlock()
	}
	copied := slices.ContainsFunc(r.copies, func(l *Register) bool { return l.used() > 0 })
	e.Bool(copied)
	for _, l := range r.copies {
		if copied {
			l.save(e, true)
		}
	}
}

func (r *registerCells) load(d *snap.Decoder, least, size, most int) {
	for i, p := range r.pipes {
		p.Mu.Lock()
		r.live(i).load(d, least, most)
		r.live(i).grow(size)
		p.Mu.Unlock()
	}
	if !d.Bool() {
		return
	}
	r.copies = make([]*Register, len(r.pipes))
	for i := range r.copies {
		r.copies[i] = newRegister(r.live(i).spec, 0)
		r.copies[i].load(d, 0, 2*most)
	}
}

// used is how many cells there are up to the last that is not as it was at
// first.
func (r *Register) used() uint64 {
	n := r.n
	for n > 0 {
		lo, hi, _ := r.Get(n - 1)
		if lo != r.spec.Initial[0]&r.mask || r.pair != 0 && hi != r.spec.Initial[1]&r.mask {
			break
		}
		n--
	}
	return n
}

// head is the first n cells.
func (r *Register) head(n uint64) *Register {
	h := *r
	h.n = n
	cut := int(n << r.pair)
	h.bits = h.bits[:min(len(h.bits), (cut+63)/64)]
	h.w8, h.w16 = h.w8[:min(len(h.w8), cut)], h.w16[:min(len(h.w16), cut)]
	h.w32, h.w64 = h.w32[:min(len(h.w32), cut)], h.w64[:min(len(h.w64), cut)]
	return &h
}

// save writes the one array that the width uses; the others are empty.
func (r *Register) save(e *snap.Encoder, used bool) {
	if used {
		r = r.head(r.used())
	}
	e.Uint(r.n)
	snap.Cells(e, r.bits)
	snap.Cells(e, r.w8)
	snap.Cells(e, r.w16)
	snap.Cells(e, r.w32)
	snap.Cells(e, r.w64)
}

func (r *Register) load(d *snap.Decoder, least, most int) {
	n := loadSize(d, least, most)
	r.n, r.bits, r.w8, r.w16, r.w32, r.w64 = 0, nil, nil, nil, nil, nil
	if d.Err() != nil {
		return
	}
	r.grow(n)
	snap.LoadCells(d, r.bits)
	snap.LoadCells(d, r.w8)
	snap.LoadCells(d, r.w16)
	snap.LoadCells(d, r.w32)
	snap.LoadCells(d, r.w64)
	if w := r.spec.Width; w != 1 && w != 8 && w != 16 && w != 32 && w != 64 {
		for i := range r.n << r.pair {
			if r.half(i) > r.mask {
				d.Fail("a cell has more than %d bits", w)
				return
			}
		}
	}
}
