package tables

import "gofino/internal/snap"

func (c *counterTable) save(e *snap.Encoder)  { c.cells.save(e) }
func (c *counterTable) load(d *snap.Decoder)  { c.cells.load(d, c.size, c.size) }
func (r *registerTable) save(e *snap.Encoder) { r.cells.save(e) }
func (r *registerTable) load(d *snap.Decoder) { r.cells.load(d, r.size, r.size) }

// save writes the cells of all pipes and their copies.
func (c *counterCells) save(e *snap.Encoder) {
	for i, p := range c.pipes {
		p.Mu.Lock()
		c.live(i).save(e)
		p.Mu.Unlock()
	}
	e.Bool(c.copies != nil)
	for _, l := range c.copies {
		l.save(e)
	}
}

// load reads cells, from least to most in number. Copies grow by doubling, from
// nothing.
func (c *counterCells) load(d *snap.Decoder, least, most int) {
	for i, p := range c.pipes {
		p.Mu.Lock()
		c.live(i).load(d, least, most)
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

func (c *Counter) save(e *snap.Encoder) {
	e.Uint(uint64(c.n))
	snap.Cells(e, c.cells)
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
		r.live(i).save(e)
		p.Mu.Unlock()
	}
	e.Bool(r.copies != nil)
	for _, l := range r.copies {
		l.save(e)
	}
}

func (r *registerCells) load(d *snap.Decoder, least, most int) {
	for i, p := range r.pipes {
		p.Mu.Lock()
		r.live(i).load(d, least, most)
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

// save writes the one array that the width uses; the others are empty.
func (r *Register) save(e *snap.Encoder) {
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
