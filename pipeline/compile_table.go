package pipeline

import (
	"math/big"

	"gofino/pipeline/hash"
	"gofino/pipeline/ir"
	"gofino/tables"
)

// apply is a compiled Apply: the table, where its key lies, what its actions
// run.
type apply struct {
	match   *tables.Match
	keyless bool
	ages    bool  // the table has idle time: hits are marked
	key, n  int32 // bytes of mem
	hit     place
	action  place
	acts    []act
	hash    *hash.Func // the selector's
	debug   *tables.DebugTable
}

// act is one action of an applied table.
type act struct {
	off, n int32 // where its data goes
	pc     int32 // its body; 0: empty
}

func (c *compiler) apply(s *ir.Apply) {
	pl, st := c.pipe.pl, c.pipe.st
	if s.Table < 0 || s.Table >= len(pl.Tables) || s.Table >= len(st.Match) {
		c.fail("apply table %d: there are %d", s.Table, len(pl.Tables))
		return
	}
	t := pl.Tables[s.Table]
	if !c.control {
		c.fail("apply %s: tables are applied in controls only, not in parsers, deparsers or actions", t.Name)
		return
	}
	scratch := c.scratch
	defer func() { c.scratch = scratch }()

	a := &apply{match: st.Match[s.Table], debug: &st.Debug.Tables[s.Table], keyless: len(t.Keys) == 0, ages: t.IdleTimeout, hit: c.place(s.Hit)}
	if s.Action.Width > 64 {
		c.fail("apply %s: the action index has %d bits", t.Name, s.Action.Width)
		return
	}
	a.action = c.place(s.Action)
	a.acts = make([]act, len(t.Actions))
	for i, r := range t.Actions {
		if r.Action < 0 || r.Action >= len(pl.Actions) {
			c.fail("apply %s: no action %d", t.Name, r.Action)
			return
		}
		x := pl.Actions[r.Action]
		if x.Bytes > 0 && !c.check(ir.Loc{Bit: x.Off * 8, Width: x.Bytes * 8}) {
			return
		}
		a.acts[i] = act{off: int32(lead + x.Off), n: int32(x.Bytes)}
		if len(x.Body) > 0 {
			l := c.body(r.Action)
			l.sw = append(l.sw, &a.acts[i].pc)
		}
	}
	c.g.applies = append(c.g.applies, a)
	index := int32(len(c.g.applies) - 1)
	keys := make([]ir.Expr, len(t.Keys))
	for i, k := range t.Keys {
		keys[i] = simplify(k.Expr)
		if keys[i].W() != k.Width {
			c.fail("apply %s: key %s has %d bits, its expression %d", t.Name, k.Name, k.Width, keys[i].W())
			return
		}
	}
	off, n := c.keyBytes(keys)
	a.key, a.n = int32(off), int32(n)
	if t.Selector < 0 && t.Profile < 0 {
		c.emit(instr{op: opApply, a: index})
		return
	}
	run := c.newLabel()
	c.jump(instr{op: opLookup, a: index}, run)
	if t.Selector >= 0 {
		h, f := c.selectorHash(t)
		if f == nil {
			return
		}
		a.hash = f
		off, n := c.hashBytes(h, t.SelectorKeys)
		c.emit(instr{op: opChoose, a: index, b: int32(off), n: uint16(n)})
	}
	c.set(run)
	c.emit(instr{op: opRun, a: index})
}

// body is the label of a table action's body, compiled once per gress.
func (c *compiler) body(i int) *label {
	l, ok := c.actions[i]
	if !ok {
		l = c.newLabel()
		c.actions[i] = l
		c.queue = append(c.queue, i)
	}
	return l
}

func (c *compiler) selectorHash(t *ir.Table) (*ir.Hash, *hash.Func) {
	pl := c.pipe.pl
	if t.Selector >= len(pl.Selectors) {
		c.fail("apply %s: no selector %d", t.Name, t.Selector)
		return nil, nil
	}
	return c.hashFunc(pl.Selectors[t.Selector].Hash)
}

// hashFunc finds hash i.
func (c *compiler) hashFunc(i int) (*ir.Hash, *hash.Func) {
	pl := c.pipe.pl
	if i < 0 || i >= len(pl.Hashes) {
		c.fail("find hash %d: there are %d", i, len(pl.Hashes))
		return nil, nil
	}
	return pl.Hashes[i], c.pipe.hashes[i]
}

// piece is an expression and the whole bytes it is laid out in.
type piece struct {
	e ir.Expr
	n int // bytes; the value is right-aligned, zeros above it
}

// keyBytes lays out elements as tables want keys, each right-aligned in whole
// bytes, and returns where (into frame.mem): in place where the memory has
// them so already.
func (c *compiler) keyBytes(keys []ir.Expr) (off, n int) {
	pieces := make([]piece, len(keys))
	for i, e := range keys {
		pieces[i] = piece{e, (e.W() + 7) / 8}
	}
	return c.layOut(pieces)
}

// hashBytes lays out a hash's input: one stream of bits, zeros before it to
// whole bytes. Symmetric pairs are both replaced by their sum: with M and N the
// linear parts of the two places, M and N both become M+N.
func (c *compiler) hashBytes(h *ir.Hash, data []ir.Expr) (off, n int) {
	items := make([]ir.Expr, len(data))
	for i, e := range data {
		items[i] = simplify(e)
	}
	for _, p := range h.Symmetric {
		if p[0] < 0 || p[1] < 0 || p[0] >= len(items) || p[1] >= len(items) || items[p[0]].W() != items[p[1]].W() {
			c.fail("hash %s: symmetric pair %d, %d: two inputs of one width are needed (there are %d inputs)", h.Name, p[0], p[1], len(items))
			return 0, 0
		}
		x, y := items[p[0]], items[p[1]]
		sum := &ir.Binary{Op: ir.Xor, Width: x.W(), X: x, Y: y}
		items[p[0]], items[p[1]] = sum, sum
	}
	return c.streamBytes(items)
}

// streamBytes lays out one stream of bits, zeros before it to whole bytes.
func (c *compiler) streamBytes(items []ir.Expr) (off, n int) {
	total := 0
	for _, e := range items {
		total += e.W()
	}
	var pieces []piece
	var open ir.Expr // bits since the last whole byte
	if pad := -total & 7; pad > 0 {
		open = &ir.Const{Width: pad, V: new(big.Int)}
	}
	for _, e := range items {
		if open != nil {
			e = cat(open, e)
			open = nil
		}
		if e.W()%8 != 0 {
			open = e
			continue
		}
		pieces = append(pieces, piece{e, e.W() / 8})
	}
	return c.layOut(pieces)
}

// layOut writes the pieces one after the other to scratch memory, or finds them
// in memory. Offsets are into frame.mem.
func (c *compiler) layOut(pieces []piece) (off, n int) {
	var out []piece
	for _, p := range pieces {
		n += p.n
		if l, ok := c.inPlace(p); ok {
			p.e = l
			if k := len(out) - 1; k >= 0 {
				if a, ok := out[k].e.(*ir.Load); ok && a.Loc.Width == out[k].n*8 && a.Loc.Bit+a.Loc.Width == l.Loc.Bit {
					out[k] = piece{&ir.Load{Loc: ir.Loc{Bit: a.Loc.Bit, Width: a.Loc.Width + l.Loc.Width}}, out[k].n + p.n}
					continue
				}
			}
		}
		out = append(out, p)
	}
	if n > 0xffff {
		c.fail("lay out %d bytes: more than 65535", n)
		return 0, 0
	}
	if len(out) == 1 {
		if l, ok := c.inPlace(out[0]); ok && c.check(l.Loc) {
			return lead + l.Loc.Bit/8, n
		}
	}
	at := c.bytes(n)
	off = lead + at
	for _, p := range out {
		e := p.e
		if w := p.n * 8; e.W() != w {
			e = simplify(&ir.Cast{Width: w, X: e})
		}
		c.assign(ir.Loc{Bit: at * 8, Width: p.n * 8}, e)
		at += p.n
	}
	return off, n
}

// inPlace finds a piece as whole bytes of memory. A value outside headers is
// right-aligned in whole bytes with zeros above it (ir.Loc), as a key wants it.
func (c *compiler) inPlace(p piece) (*ir.Load, bool) {
	l, ok := p.e.(*ir.Load)
	if !ok {
		return nil, false
	}
	if l.Loc.Bit%8 == 0 && l.Loc.Width == p.n*8 {
		return l, true
	}
	whole := ir.Loc{Bit: l.Loc.Bit + l.Loc.Width - p.n*8, Width: p.n * 8}
	if whole.Bit < 0 || whole.Bit%8 != 0 || !c.wholeValue(l.Loc) {
		return nil, false
	}
	return &ir.Load{Loc: whole}, true
}

// wholeValue tells whether the place is a whole value outside headers, so that
// the bits above it in its bytes are zero.
func (c *compiler) wholeValue(l ir.Loc) bool {
	if c.values == nil {
		c.values = map[ir.Loc]bool{}
		for _, f := range c.ir.Fields {
			if f.Header < 0 {
				c.values[f.Loc] = true
			}
		}
		for _, h := range c.ir.Headers {
			c.values[h.Valid] = true
		}
		for _, l := range c.ir.Intr {
			if l.Width > 0 && !c.inHeader(l) {
				c.values[l] = true
			}
		}
		for _, a := range c.pipe.pl.Actions {
			for _, p := range a.Params {
				if a.Dir == c.ir.Dir {
					c.values[p.Loc] = true
				}
			}
		}
	}
	return c.values[l]
}

// widen makes a whole value outside headers fill its bytes, whose other bits are
// zero and stay so (ir.Loc): a store need not keep what was there.
func (c *compiler) widen(l ir.Loc) ir.Loc {
	if l.Width%8 == 0 || !c.wholeValue(l) {
		return l
	}
	w := (l.Width + 7) / 8 * 8
	return ir.Loc{Bit: l.Bit + l.Width - w, Width: w}
}
