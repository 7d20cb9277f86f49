package tables

import (
	"fmt"

	"gofino/internal/snap"
	"gofino/pipeline/ir"
)

// timedCells are the cells of a meter or a filter in all pipes, as the control
// plane writes them: four data fields that make one word of the chip. What a
// write leaves out keeps its value. The store's mu guards what they do.
type timedCells interface {
	// check says whether a value may be given for data field number n.
	check(n int, v Value) error
	// plan checks a write to the pipes of the target. The cell's own values
	// fill in what is not given; fresh: a cell that was never written does.
	plan(cell uint64, fresh bool, target []pipeState, given *timedFields) (apply, error)
	// get reads a cell in the first pipe of the target.
	get(cell uint64, target []pipeState) timedFields
	// reserve makes room for n cells.
	reserve(n uint64)
	// wipe resets cells that no entry has any more.
	wipe(cells []uint32)
	// reset makes a cell one that was never written, as a new entry's is.
	reset(cell uint64) (undo func())
	// resetAll resets every cell in the pipes of the target.
	resetAll(target []pipeState) (undo func())

	save(e *snap.Encoder)
	load(d *snap.Decoder, least, size, most int)
}

// timedFields are values of the four data fields, nil where not given.
type timedFields [4]Value

// any tells whether a field is given.
func (f *timedFields) any() bool {
	for _, v := range f {
		if v != nil {
			return true
		}
	}
	return false
}

// apply writes what was planned to a cell, and returns how to undo it.
type apply func(cell uint64) (undo func())

// meterCells are a meter's cells.
type meterCells struct {
	pipes  []pipeState
	index  int  // in State.Meters
	direct bool // grows with its table
}

func (c *meterCells) live(p pipeState) *Meter { return p.Meters[c.index] }

func (c *meterCells) check(_ int, v Value) error {
	_, err := word(v, 64)
	return err
}

func (c *meterCells) plan(cell uint64, fresh bool, target []pipeState, given *timedFields) (apply, error) {
	next := make([]meterCell, len(target))
	for i, p := range target {
		m := c.live(p)
		s := defaultMeterSpec
		if !fresh && cell < uint64(len(m.cells)) {
			s = m.cells[cell].written // only the control plane changes it
		}
		for n, v := range given {
			if v != nil {
				s[n], _ = word(v, 64)
			}
		}
		b, err := encodeMeter(s, m.spec.Kind, m.hz)
		if err != nil {
			return nil, err
		}
		next[i].reset(s, b)
	}
	return func(cell uint64) func() { return c.put(cell, target, next) }, nil
}

// put writes a cell in each of the pipes.
func (c *meterCells) put(cell uint64, pipes []pipeState, next []meterCell) (undo func()) {
	old := make([]meterCell, len(pipes))
	for i, p := range pipes {
		p.Mu.Lock()
		m := c.live(p)
		if cell >= uint64(len(m.cells)) {
			m.grow(max(int(cell)+1, 2*len(m.cells)))
		}
		old[i], m.cells[cell] = m.cells[cell], next[i]
		p.Mu.Unlock()
	}
	return func() { c.put(cell, pipes, old) }
}

func (c *meterCells) get(cell uint64, target []pipeState) timedFields {
	p := target[0]
	p.Mu.Lock()
	defer p.Mu.Unlock()
	m := c.live(p)
	b := maxBuckets
	if cell < uint64(len(m.cells)) {
		b = m.cells[cell].bucket
	}
	var out timedFields
	for n, v := range decodeMeter(b, m.spec.Kind, m.hz) {
		out[n] = wordBytes(v, 64)
	}
	return out
}

func (c *meterCells) reserve(n uint64) {
	for _, p := range c.pipes {
		if m := c.live(p); n > uint64(len(m.cells)) {
			p.Mu.Lock()
			m.grow(max(int(n), 2*len(m.cells)))
			p.Mu.Unlock()
		}
	}
}

func (c *meterCells) wipe(cells []uint32) {
	for _, p := range c.pipes {
		p.Mu.Lock()
		for _, cell := range cells {
			c.live(p).cells[cell] = freshMeterCell
		}
		p.Mu.Unlock()
	}
}

func (c *meterCells) reset(cell uint64) func() {
	next := make([]meterCell, len(c.pipes))
	for i := range next {
		next[i].reset(defaultMeterSpec, maxBuckets)
	}
	return c.put(cell, c.pipes, next)
}

func (c *meterCells) resetAll(target []pipeState) (undo func()) {
	old := make([][]meterCell, len(target))
	for i, p := range target {
		p.Mu.Lock()
		m := c.live(p)
		old[i], m.cells = m.cells, nil
		m.grow(len(old[i]))
		p.Mu.Unlock()
	}
	return func() {
		for i, p := range target {
			p.Mu.Lock()
			c.live(p).cells = old[i]
			p.Mu.Unlock()
		}
	}
}

// filterCells are a filter's cells.
type filterCells struct {
	pipes  []pipeState
	index  int // in State.Filters
	kind   ir.FilterKind
	direct bool
}

func (c *filterCells) live(p pipeState) *Filter { return p.Filters[c.index] }

func (c *filterCells) check(n int, v Value) error {
	_, err := filterValue(c.kind, n, v)
	return err
}

// lpfTypes are the choices of $LPF_SPEC_TYPE by number.
var lpfTypes = []string{"SAMPLE", "RATE"}

// filterValue is a data field's value as a number.
func filterValue(kind ir.FilterKind, n int, v Value) (float64, error) {
	switch filterFields(kind)[n].Type.Kind {
	case "string":
		s, ok := v.(string)
		if !ok {
			return 0, fmt.Errorf("is %s, want string", typeName(v))
		}
		for i, t := range lpfTypes {
			if s == t {
				return float64(i), nil
			}
		}
		return 0, fmt.Errorf("is %q (choices: RATE, SAMPLE)", s)
	case "float":
		f, ok := v.(float32)
		if !ok {
			return 0, fmt.Errorf("is %s, want float32", typeName(v))
		}
		return float64(f), nil
	}
	w, err := word(v, 32)
	return float64(w), err
}

func filterFieldValue(kind ir.FilterKind, n int, f float64) Value {
	switch filterFields(kind)[n].Type.Kind {
	case "string":
		return lpfTypes[int(f)]
	case "float":
		return float32(f)
	}
	return wordBytes(uint64(f), 32)
}

func (c *filterCells) plan(cell uint64, fresh bool, target []pipeState, given *timedFields) (apply, error) {
	next := make([]filterCell, len(target))
	for i, p := range target {
		f := c.live(p)
		n := filterCell{last: never, set: true}
		if !fresh && cell < uint64(len(f.cells)) {
			n.written = f.cells[cell].written // only the control plane changes it
		}
		for k, v := range given {
			if v != nil {
				n.written[k], _ = filterValue(c.kind, k, v)
			}
		}
		var err error
		if n.word, err = encodeFilter(n.written, c.kind, f.hz); err != nil {
			return nil, err
		}
		next[i] = n
	}
	return func(cell uint64) func() { return c.put(cell, target, next) }, nil
}

// unsetThreshold is how the driver reads the thresholds of a WRED that was never
// written, or reset: the highest level there is, which nothing reaches.
const unsetThreshold = levelMantissa << 24

// put writes a cell in each of the pipes.
func (c *filterCells) put(cell uint64, pipes []pipeState, next []filterCell) (undo func()) {
	old := make([]filterCell, len(pipes))
	for i, p := range pipes {
		p.Mu.Lock()
		f := c.live(p)
		if cell >= uint64(len(f.cells)) {
			f.grow(max(int(cell)+1, 2*len(f.cells)))
		}
		old[i], f.cells[cell] = f.cells[cell], next[i]
		p.Mu.Unlock()
	}
	return func() { c.put(cell, pipes, old) }
}

func (c *filterCells) get(cell uint64, target []pipeState) timedFields {
	p := target[0]
	p.Mu.Lock()
	defer p.Mu.Unlock()
	f := c.live(p)
	var w filterWord
	set := false
	if cell < uint64(len(f.cells)) {
		w, set = f.cells[cell].word, f.cells[cell].set
	}
	spec := decodeFilter(w, c.kind, f.hz)
	if c.kind == ir.WRED && !set {
		spec[wredMin], spec[wredMax] = unsetThreshold, unsetThreshold
	}
	var out timedFields
	for n, v := range spec {
		out[n] = filterFieldValue(c.kind, n, v)
	}
	return out
}

func (c *filterCells) reserve(n uint64) {
	for _, p := range c.pipes {
		if f := c.live(p); n > uint64(len(f.cells)) {
			p.Mu.Lock()
			f.grow(max(int(n), 2*len(f.cells)))
			p.Mu.Unlock()
		}
	}
}

func (c *filterCells) wipe(cells []uint32) {
	for _, p := range c.pipes {
		p.Mu.Lock()
		for _, cell := range cells {
			c.live(p).cells[cell] = freshFilterCell
		}
		p.Mu.Unlock()
	}
}

func (c *filterCells) reset(cell uint64) func() {
	next := make([]filterCell, len(c.pipes))
	for i := range next {
		next[i].last = never
	}
	return c.put(cell, c.pipes, next)
}

func (c *filterCells) resetAll(target []pipeState) (undo func()) {
	old := make([][]filterCell, len(target))
	for i, p := range target {
		p.Mu.Lock()
		f := c.live(p)
		old[i], f.cells = f.cells, nil
		f.grow(len(old[i]))
		p.Mu.Unlock()
	}
	return func() {
		for i, p := range target {
			p.Mu.Lock()
			c.live(p).cells = old[i]
			p.Mu.Unlock()
		}
	}
}
