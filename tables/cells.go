package tables

// pipeState is the state of one pipe that runs the table's pipeline.
type pipeState struct {
	pipe int
	*State
}

// inTarget are the pipes of a pipeline that a target means.
func (b *base) inTarget(op string, t Target, pipes []pipeState) ([]pipeState, error) {
	if t.Pipe == 0 {
		return pipes, nil
	}
	var names []int
	for i, p := range pipes {
		if p.pipe == t.Pipe-1 {
			return pipes[i : i+1], nil
		}
		names = append(names, p.pipe)
	}
	return nil, b.fail(op, ErrInvalid, "pipe %d does not have this table (pipes: %v)", t.Pipe-1, names)
}

// counterCells are a counter's cells in all pipes. copies is what the control
// plane reads without FromHW: made by sync, kept up by writes; nil stands for
// all zero. The store's mu guards copies, each pipe's Mu its counter.
type counterCells struct {
	pipes  []pipeState
	index  int  // in State.Counters
	direct bool // grows with its table
	copies []*Counter
}

func (c *counterCells) live(i int) *Counter { return c.pipes[i].Counters[c.index] }

// sync copies the cells.
func (c *counterCells) sync() {
	c.copies = make([]*Counter, len(c.pipes))
	for i, p := range c.pipes {
		p.Mu.Lock()
		l := c.live(i)
		c.copies[i] = &Counter{kind: l.kind, n: l.n, cells: append([]uint64(nil), l.cells...)}
		p.Mu.Unlock()
	}
}

// count is one pipe's value of a cell.
type count struct{ packets, bytes uint64 }

// read returns a cell in each of the pipes.
func (c *counterCells) read(cell uint64, fromHW bool) []count {
	out := make([]count, len(c.pipes))
	for i, p := range c.pipes {
		switch {
		case fromHW:
			p.Mu.Lock()
			out[i].packets, out[i].bytes = c.live(i).Get(cell)
			p.Mu.Unlock()
		case c.copies != nil:
			out[i].packets, out[i].bytes = c.copies[i].Get(cell)
		}
	}
	return out
}

// write sets a cell and its copy in each of the pipes, growing the counter
// where needed.
func (c *counterCells) write(cell uint64, v, copied []count) {
	if c.copies == nil {
		c.copies = make([]*Counter, len(c.pipes))
		for i := range c.copies {
			c.copies[i] = newCounter(c.live(i).kind, 0)
		}
	}
	for i, p := range c.pipes {
		p.Mu.Lock()
		setCount(c.live(i), cell, v[i])
		p.Mu.Unlock()
		setCount(c.copies[i], cell, copied[i])
	}
}

func setCount(c *Counter, cell uint64, v count) {
	if cell >= uint64(c.n) {
		c.grow(max(int(cell)+1, 2*c.n))
	}
	c.Set(cell, v.packets, v.bytes)
}

// reserve makes room for n cells. Only the control plane, which is here, changes
// the size.
func (c *counterCells) reserve(n uint64) {
	for i, p := range c.pipes {
		if l := c.live(i); n > uint64(l.n) {
			p.Mu.Lock()
			l.grow(max(int(n), 2*l.n))
			p.Mu.Unlock()
		}
	}
}

// wipe sets cells to zero that no entry has any more.
func (c *counterCells) wipe(cells []uint32) {
	zero := func(l *Counter) {
		for _, cell := range cells {
			l.Set(uint64(cell), 0, 0)
		}
	}
	for i, p := range c.pipes {
		p.Mu.Lock()
		zero(c.live(i))
		p.Mu.Unlock()
	}
	for _, l := range c.copies {
		zero(l)
	}
}

// clear sets a cell to zero, as a new entry's is.
func (c *counterCells) clear(cell uint64) (undo func()) {
	old, copied := c.read(cell, true), c.read(cell, false)
	for i, p := range c.pipes {
		p.Mu.Lock()
		setCount(c.live(i), cell, count{})
		p.Mu.Unlock()
		if c.copies != nil {
			setCount(c.copies[i], cell, count{})
		}
	}
	return func() { c.write(cell, old, copied) }
}

// set gives the cell a value as a sum over the pipes of the target: the first
// holds it, so that what is read is what was written.
func (c *counterCells) set(cell uint64, target []pipeState, packets, bytes *uint64) (undo func()) {
	old := c.read(cell, true)
	v := append([]count(nil), old...)
	for i := range c.pipes {
		first := c.pipes[i].pipe == target[0].pipe
		if !first && !within(c.pipes[i], target) {
			continue
		}
		assign(&v[i].packets, packets, first)
		assign(&v[i].bytes, bytes, first)
	}
	copied := c.read(cell, false)
	c.write(cell, v, v)
	return func() { c.write(cell, old, copied) }
}

func assign(to, from *uint64, first bool) {
	switch {
	case from == nil:
	case first:
		*to = *from
	default:
		*to = 0
	}
}

func within(p pipeState, target []pipeState) bool {
	for _, t := range target {
		if t.pipe == p.pipe {
			return true
		}
	}
	return false
}

// sum adds a cell up over the pipes of the target.
func (c *counterCells) sum(cell uint64, target []pipeState, fromHW bool) count {
	var out count
	for i, v := range c.read(cell, fromHW) {
		if within(c.pipes[i], target) {
			out.packets += v.packets
			out.bytes += v.bytes
		}
	}
	return out
}

// registerCells are a register's cells in all pipes; like counterCells.
type registerCells struct {
	pipes  []pipeState
	index  int // in State.Registers
	direct bool
	copies []*Register
}

func (r *registerCells) live(i int) *Register { return r.pipes[i].Registers[r.index] }

func (r *registerCells) sync() {
	r.copies = make([]*Register, len(r.pipes))
	for i, p := range r.pipes {
		p.Mu.Lock()
		r.copies[i] = r.live(i).clone()
		p.Mu.Unlock()
	}
}

func (r *Register) clone() *Register {
	c := *r
	c.bits = append([]uint64(nil), r.bits...)
	c.w8 = append([]uint8(nil), r.w8...)
	c.w16 = append([]uint16(nil), r.w16...)
	c.w32 = append([]uint32(nil), r.w32...)
	c.w64 = append([]uint64(nil), r.w64...)
	return &c
}

// pair is one pipe's value of a cell: lo and hi.
type pair [2]uint64

func (r *registerCells) read(cell uint64, fromHW bool) []pair {
	out := make([]pair, len(r.pipes))
	for i, p := range r.pipes {
		switch {
		case fromHW:
			p.Mu.Lock()
			out[i][0], out[i][1], _ = r.live(i).Get(cell)
			p.Mu.Unlock()
		case r.copies != nil:
			var ok bool
			if out[i][0], out[i][1], ok = r.copies[i].Get(cell); !ok {
				out[i] = r.live(i).spec.Initial
			}
		default:
			out[i] = r.live(i).spec.Initial
		}
	}
	return out
}

func (r *registerCells) write(cell uint64, v, copied []pair) {
	if r.copies == nil {
		r.copies = make([]*Register, len(r.pipes))
		for i := range r.copies {
			r.copies[i] = newRegister(r.live(i).spec, r.live(i).Len())
		}
	}
	for i, p := range r.pipes {
		p.Mu.Lock()
		setPair(r.live(i), cell, v[i])
		p.Mu.Unlock()
		setPair(r.copies[i], cell, copied[i])
	}
}

func setPair(r *Register, cell uint64, v pair) {
	if cell >= r.n {
		r.grow(max(int(cell)+1, 2*r.Len()))
	}
	r.Set(cell, v[0], v[1])
}

// reserve and wipe are as counterCells'.
func (r *registerCells) reserve(n uint64) {
	for i, p := range r.pipes {
		if l := r.live(i); n > l.n {
			p.Mu.Lock()
			l.grow(max(int(n), 2*l.Len()))
			p.Mu.Unlock()
		}
	}
}

func (r *registerCells) wipe(cells []uint32) {
	initial := func(l *Register) {
		for _, cell := range cells {
			l.Set(uint64(cell), l.spec.Initial[0], l.spec.Initial[1])
		}
	}
	for i, p := range r.pipes {
		p.Mu.Lock()
		initial(r.live(i))
		p.Mu.Unlock()
	}
	for _, l := range r.copies {
		initial(l)
	}
}

// clear gives a cell its initial value, as a new entry's has.
func (r *registerCells) clear(cell uint64) (undo func()) {
	old, copied := r.read(cell, true), r.read(cell, false)
	for i, p := range r.pipes {
		v := r.live(i).spec.Initial
		p.Mu.Lock()
		setPair(r.live(i), cell, v)
		p.Mu.Unlock()
		if r.copies != nil {
			setPair(r.copies[i], cell, v)
		}
	}
	return func() { r.write(cell, old, copied) }
}

// set writes halves of a cell in the pipes of the target. given tells which.
func (r *registerCells) set(cell uint64, target []pipeState, v []pair, given [2]bool) (undo func()) {
	old := r.read(cell, true)
	now := append([]pair(nil), old...)
	for i := range r.pipes {
		if !within(r.pipes[i], target) {
			continue
		}
		for h := range given {
			if given[h] {
				now[i][h] = v[i][h]
			}
		}
	}
	copied := r.read(cell, false)
	r.write(cell, now, now)
	return func() { r.write(cell, old, copied) }
}

// parse reads the value of a half: one for every pipe of the target, or a list
// with one for each.
func (r *registerCells) parse(v Value, width int, target []pipeState, half int, into []pair) error {
	if list, ok := v.([][]byte); ok && len(list) == len(target) && len(list) > 0 {
		for n, b := range list {
			w, err := word(b, width)
			if err != nil {
				return err
			}
			for i := range r.pipes {
				if r.pipes[i].pipe == target[n].pipe {
					into[i][half] = w
				}
			}
		}
		return nil
	}
	w, err := word(v, width)
	if err != nil {
		return err
	}
	for i := range into {
		into[i][half] = w
	}
	return nil
}

// values of a half in the pipes of the target, as a read shows them.
func (r *registerCells) values(v []pair, target []pipeState, half int) [][]byte {
	width := r.live(0).spec.Width
	var out [][]byte
	for i := range r.pipes {
		if within(r.pipes[i], target) {
			out = append(out, wordBytes(v[i][half], width))
		}
	}
	return out
}
