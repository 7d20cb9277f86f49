package tables

import (
	"math"

	"gofino/internal/snap"
	"gofino/pipeline/ir"
)

func (t *timedTable) save(e *snap.Encoder) { t.cells.save(e) }
func (t *timedTable) load(d *snap.Decoder) { t.cells.load(d, t.size, t.size, t.size) }

// save writes the cells of all pipes.
func (c *meterCells) save(e *snap.Encoder) {
	for _, p := range c.pipes {
		p.Mu.Lock()
		c.live(p).save(e, c.direct)
		p.Mu.Unlock()
	}
}

// load reads cells, from least to most in number, and makes room for size.
func (c *meterCells) load(d *snap.Decoder, least, size, most int) {
	for _, p := range c.pipes {
		p.Mu.Lock()
		c.live(p).load(d, least, most)
		c.live(p).grow(size)
		p.Mu.Unlock()
	}
}

// save writes each cell as what was written, which gives its word, and as the
// levels. Most cells of a large meter were never written: they are one bit.
func (m *Meter) save(e *snap.Encoder, used bool) {
	e.Int(int64(m.adjust))
	cells := m.cells
	if used {
		cells = cells[:m.used()]
	}
	e.Uint(uint64(len(cells)))
	for i := range cells {
		c := &cells[i]
		fresh := *c == freshMeterCell
		e.Bool(fresh)
		if fresh {
			continue
		}
		e.Uint(c.written[:]...)
		e.Uint(c.last)
		e.Int(c.level[0])
		e.Int(c.level[1])
	}
}

// used is how many cells there are up to the last that says something.
func (m *Meter) used() int { return usedCells(m.cells, freshMeterCell) }

func (f *Filter) used() int { return usedCells(f.cells, freshFilterCell) }

func usedCells[T comparable](cells []T, fresh T) int {
	n := len(cells)
	for n > 0 && cells[n-1] == fresh {
		n--
	}
	return n
}

// freshFilterCell was never written nor used.
var freshFilterCell = filterCell{last: never}

// freshMeterCell was never written nor used.
var freshMeterCell = func() (c meterCell) {
	c.reset(defaultMeterSpec, maxBuckets)
	return c
}()

func (m *Meter) load(d *snap.Decoder, least, most int) {
	m.adjust = int(int32(d.Int()))
	n := loadSize(d, least, most)
	m.cells = nil
	if d.Err() != nil {
		return
	}
	m.grow(n)
	for i := range m.cells {
		if d.Bool() {
			continue
		}
		var s meterSpec
		for k := range s {
			s[k] = d.Uint()
		}
		b, err := encodeMeter(s, m.spec.Kind, m.hz)
		if err != nil {
			d.Fail("a meter's %v", err)
			return
		}
		c := &m.cells[i]
		c.reset(s, b)
		c.last = loadTime(d)
		for k := range c.level {
			c.level[k] = d.Int()
			if full := b[k].full(); c.level[k] > full || c.level[k] < levelMin {
				d.Fail("a meter's level is %d, want %d to %d", c.level[k], levelMin, full)
			}
		}
		if d.Err() != nil {
			return
		}
	}
}

// loadTime reads a time of the packet path, or never.
func loadTime(d *snap.Decoder) uint64 {
	t := d.Uint()
	if t != never && t > tstampMask {
		d.Fail("a time has more than %d bits", tstampBits)
	}
	return t
}

// save writes the cells of all pipes.
func (c *filterCells) save(e *snap.Encoder) {
	for _, p := range c.pipes {
		p.Mu.Lock()
		c.live(p).save(e, c.direct)
		p.Mu.Unlock()
	}
}

// load reads cells, from least to most in number, and makes room for size.
func (c *filterCells) load(d *snap.Decoder, least, size, most int) {
	for _, p := range c.pipes {
		p.Mu.Lock()
		c.live(p).load(d, least, most)
		c.live(p).grow(size)
		p.Mu.Unlock()
	}
}

func (f *Filter) save(e *snap.Encoder, used bool) {
	cells := f.cells
	if used {
		cells = cells[:f.used()]
	}
	e.Uint(uint64(len(cells)))
	for i := range cells {
		c := &cells[i]
		e.Bool(c.set)
		if c.set {
			for _, v := range c.written {
				e.Uint(math.Float64bits(v))
			}
		}
		e.Uint(c.last, c.y)
	}
}

func (f *Filter) load(d *snap.Decoder, least, most int) {
	n := loadSize(d, least, most)
	f.cells = nil
	if d.Err() != nil {
		return
	}
	f.grow(n)
	for i := range f.cells {
		c := &f.cells[i]
		if c.set = d.Bool(); c.set {
			for k := range c.written {
				c.written[k] = math.Float64frombits(d.Uint())
			}
			if d.Err() == nil && !c.written.plausible(f.spec.Kind) {
				d.Fail("a filter's values do not fit their fields")
				return
			}
			var err error
			if c.word, err = encodeFilter(c.written, f.spec.Kind, f.hz); err != nil {
				d.Fail("a filter's %v", err)
				return
			}
		}
		c.last, c.y = loadTime(d), d.Uint()
		if d.Err() != nil {
			return
		}
	}
}

// plausible tells whether each value is one that its field can have.
func (s *filterSpec) plausible(k ir.FilterKind) bool {
	for n, f := range filterFields(k) {
		v := s[n]
		switch f.Type.Kind {
		case "string":
			if v != 0 && v != 1 {
				return false
			}
		case "float":
			if float64(float32(v)) != v {
				return false
			}
		default:
			if v < 0 || v > math.MaxUint32 || v != math.Trunc(v) {
				return false
			}
		}
	}
	return true
}

func (d *dumper) meter(m *Meter) {
	d.num(uint64(int64(m.adjust)))
	cells := m.cells[:m.used()]
	d.num(uint64(len(cells)))
	for i := range cells {
		c := &cells[i]
		for _, v := range c.written {
			d.num(v)
		}
		d.num(c.last)
		d.num(uint64(c.level[0]))
		d.num(uint64(c.level[1]))
	}
}

func (d *dumper) filter(f *Filter) {
	cells := f.cells[:f.used()]
	d.num(uint64(len(cells)))
	for i := range cells {
		c := &cells[i]
		d.bool(c.set)
		for _, v := range c.written {
			d.num(math.Float64bits(v))
		}
		d.num(c.last)
		d.num(c.y)
	}
}
