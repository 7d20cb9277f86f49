package pipeline

import (
	"math/bits"
	"sort"

	"gofino/pipeline/ir"
)

// parser compiles the state machine: each state is a label.
func (c *compiler) parser(p *ir.Parser) {
	if p == nil || len(p.States) == 0 {
		return
	}
	c.g.readsErr = p.ReadsErr
	c.g.units = p.Checksums
	c.deposit = hasDeposit(p)
	states := make([]*label, len(p.States))
	for i := range states {
		states[i] = c.newLabel()
	}
	accept, reject := c.newLabel(), c.newLabel()
	to := func(i int) *label {
		switch {
		case i == ir.Accept:
			return accept
		case i == ir.Reject:
			return reject
		case i < 0 || i >= len(states):
			c.fail("compile transition: no state %d (there are %d)", i, len(states))
			return accept
		}
		return states[i]
	}
	tick := longestPath(p) > maxStates
	c.exit = accept
	for i, s := range p.States {
		c.pos = s.Pos
		c.set(states[i])
		if tick {
			c.emit(instr{op: opTick})
		}
		c.block(s.Body)
		c.pos = s.Pos
		if len(s.Keys) == 0 {
			if s.Next != i+1 {
				c.jump(instr{op: opJump}, to(s.Next))
			}
			continue
		}
		c.selects(s, to)
	}
	c.pos = ir.Pos{}
	c.set(reject)
	c.emit(instr{op: opReject})
	c.set(accept)
	c.g.parserEnd = int32(len(c.g.code))
	for i, d := range c.deposits {
		skip := c.newLabel()
		r := c.register()
		c.jump(instr{op: opUnitEnd, d: r, x: uint8(d.Unit), a: int32(i + 1)}, skip)
		c.reg--
		c.store(d.Dst, r)
		c.set(skip)
	}
}

// hasDeposit tells whether the parser uses subtract_all_and_deposit.
func hasDeposit(p *ir.Parser) bool {
	found := false
	for _, s := range p.States {
		walk(s.Body, func(s ir.Stmt) {
			if _, ok := s.(*ir.ChecksumDeposit); ok {
				found = true
			}
		})
	}
	return found
}

// row of a choice by a value of at most 64 bits.
type row struct {
	value, mask uint64
	to          *label
}

// swtch is a compiled choice.
type swtch struct {
	base  uint64
	dense []int32
	miss  int32
	// hash: open addressing over a power of two of slots
	shift uint8
	slots []slot
	rows  []rowPC
}

type slot struct {
	key uint64
	pc  int32 // 0: empty; no label is at the start of the code
}

type rowPC struct {
	value, mask uint64
	pc          int32
}

// find is where v leads by the hash.
func (s *swtch) find(v uint64) int32 {
	n := uint64(len(s.slots) - 1)
	for i := v * hashMul >> s.shift; ; i++ {
		e := &s.slots[i&n]
		if e.pc == 0 {
			return s.miss
		}
		if e.key == v {
			return e.pc
		}
	}
}

// hashMul is 2^64 over the golden ratio.
const hashMul = 0x9e3779b97f4a7c15

// match is where v leads by the first row that matches.
func (s *swtch) match(v uint64) int32 {
	for i := range s.rows {
		if r := &s.rows[i]; v&r.mask == r.value {
			return r.pc
		}
	}
	return s.miss
}

// choose compiles a jump by the first row that e matches, to miss without one.
// Rows that earlier ones cover are left out.
func (c *compiler) choose(e ir.Expr, rows []row, miss *label) {
	var live []row
	seen := map[uint64]bool{}
	mask, exact := uint64(0), true
	for _, r := range rows {
		r.value &= r.mask
		if r.mask == 0 { // anything: the rest is never reached
			miss = r.to
			break
		}
		if len(live) == 0 {
			mask = r.mask
		}
		if r.mask != mask {
			exact = false
		}
		if exact && seen[r.value] {
			continue
		}
		seen[r.value] = true
		live = append(live, r)
	}
	base := c.reg
	defer func() { c.reg = base }()
	switch {
	case len(live) == 0:
		c.jump(instr{op: opJump}, miss)
	case exact && len(live) == 1 && mask == ones(e.W()):
		r := live[0]
		if p, ok := e.(*ir.Load); ok {
			c.branchMem(p.Loc, r.value, true, r.to)
		} else {
			c.jump(instr{op: opBrEqK, x: c.expr(e), k: r.value, m: r.mask}, r.to)
		}
		c.jump(instr{op: opJump}, miss)
	case len(live) <= 3:
		x := c.expr(e)
		for _, r := range live {
			c.jump(instr{op: opBrEqK, x: x, k: r.value, m: r.mask}, r.to)
		}
		c.jump(instr{op: opJump}, miss)
	case exact:
		c.exactly(c.expr(e), mask, live, miss)
	default:
		x := c.expr(e)
		i, s := c.newSwitch(miss)
		s.rows = make([]rowPC, len(live))
		for j, r := range live {
			s.rows[j] = rowPC{value: r.value, mask: r.mask}
			r.to.sw = append(r.to.sw, &s.rows[j].pc)
		}
		c.emit(instr{op: opSwRows, x: x, a: i})
	}
}

// newSwitch adds a choice; its address is good until the code is finished.
func (c *compiler) newSwitch(miss *label) (int32, *swtch) {
	c.switches = append(c.switches, &swtch{})
	s := c.switches[len(c.switches)-1]
	miss.sw = append(miss.sw, &s.miss)
	return int32(len(c.switches) - 1), s
}

// exactly compiles a choice among rows of one mask: by index where the values
// lie close together, by hash otherwise.
func (c *compiler) exactly(x uint8, mask uint64, rows []row, miss *label) {
	i, s := c.newSwitch(miss)
	sort.SliceStable(rows, func(a, b int) bool { return rows[a].value < rows[b].value })
	lo, hi := rows[0].value, rows[len(rows)-1].value
	if hi-lo < uint64(max(64, 4*len(rows))) {
		s.dense = make([]int32, hi-lo+1)
		hit := make([]bool, len(s.dense))
		for _, r := range rows {
			r.to.sw = append(r.to.sw, &s.dense[r.value-lo])
			hit[r.value-lo] = true
		}
		for j := range s.dense {
			if !hit[j] {
				miss.sw = append(miss.sw, &s.dense[j])
			}
		}
		c.emit(instr{op: opSwDense, x: x, a: i, k: lo, m: mask})
		return
	}
	n := 1 << bits.Len(uint(2*len(rows)))
	s.slots = make([]slot, n)
	s.shift = uint8(64 - bits.Len(uint(n-1)))
	for _, r := range rows {
		h := r.value * hashMul >> s.shift
		for s.slots[h&uint64(n-1)].pc != 0 {
			h++
		}
		e := &s.slots[h&uint64(n-1)]
		e.key, e.pc = r.value, -1
		r.to.sw = append(r.to.sw, &e.pc)
	}
	c.emit(instr{op: opSwHash, x: x, a: i, m: mask})
}

// selects compiles a state's select.
func (c *compiler) selects(s *ir.State, to func(int) *label) {
	for _, k := range s.Cases {
		if k.ValueSet < 0 && len(k.Match) != len(s.Keys) {
			c.fail("compile select of %s: a case has %d elements for %d keys", s.Name, len(k.Match), len(s.Keys))
			return
		}
	}
	noMatch := c.newLabel()
	keys := make([]ir.Expr, len(s.Keys))
	var all ir.Expr
	for i, k := range s.Keys {
		keys[i] = simplify(k)
		if all == nil {
			all = keys[i]
		} else {
			all = cat(all, keys[i])
		}
	}
	if rows, ok := selectRows(s, keys, to); ok && all.W() <= 64 {
		c.choose(all, rows, noMatch)
	} else {
		c.selectChain(s, keys, to, noMatch)
	}
	if len(noMatch.uses)+len(noMatch.sw) > 0 {
		c.set(noMatch)
		c.emit(instr{op: opFail, k: uint64(ErrNoMatch)})
	}
}

// maxRangeRows is how many ternary rows a range in a select may become.
const maxRangeRows = 8

// selectRows writes a select as ternary rows over the keys' concatenation;
// false where it has value sets or ranges of too many rows.
func selectRows(s *ir.State, keys []ir.Expr, to func(int) *label) ([]row, bool) {
	total := 0
	for _, k := range keys {
		total += k.W()
	}
	if total > 64 {
		return nil, false
	}
	var rows []row
	for _, k := range s.Cases {
		if k.ValueSet >= 0 {
			return nil, false
		}
		some := []row{{to: to(k.Next)}}
		for i, m := range k.Match {
			w := keys[i].W()
			var parts []row
			switch {
			case m.Range:
				parts = rangeRows(constBits(m.Lo, w), constBits(m.Hi, w), w)
			case m.Mask == nil:
				parts = []row{{}}
			default:
				parts = []row{{value: constBits(m.Value, w), mask: constBits(m.Mask, w)}}
			}
			if len(parts)*len(some) > maxRangeRows {
				return nil, false
			}
			var next []row
			for _, a := range some {
				for _, b := range parts {
					next = append(next, row{value: a.value<<w | b.value&b.mask, mask: a.mask<<w | b.mask, to: a.to})
				}
			}
			some = next
		}
		rows = append(rows, some...)
	}
	return rows, true
}

// rangeRows covers lo to hi, w bits wide, with prefixes.
func rangeRows(lo, hi uint64, w int) []row {
	var rows []row
	for lo <= hi {
		n := min(bits.TrailingZeros64(lo), w)
		for n > 0 && (n == 64 || ones(n) > hi-lo) {
			n--
		}
		rows = append(rows, row{value: lo, mask: ones(w) &^ ones(n)})
		if lo+ones(n) >= hi {
			break
		}
		lo += ones(n) + 1
	}
	return rows
}

// selectChain compiles a select case by case, key by key.
func (c *compiler) selectChain(s *ir.State, keys []ir.Expr, to func(int) *label, miss *label) {
	base, word, scratch := c.reg, c.word, c.scratch
	defer func() { c.reg, c.word, c.scratch = base, word, scratch }()
	narrow := make([]uint8, len(keys))
	wide := make([]int32, len(keys))
	for i, k := range keys {
		if k.W() <= 64 {
			narrow[i] = c.expr(k)
		} else {
			wide[i] = c.wide(k, words(k.W()))
		}
	}
	for _, k := range s.Cases {
		no := c.newLabel()
		if k.ValueSet >= 0 {
			if k.ValueSet >= len(c.pipe.st.ValueSets) {
				c.fail("compile select: no value set %d", k.ValueSet)
				return
			}
			off, n := c.keyBytes(keys)
			d := c.register()
			c.emit(instr{op: opValueSet, d: d, a: int32(k.ValueSet), b: int32(off), n: uint16(n)})
			c.reg--
			c.jump(instr{op: opBrNZ, x: d}, to(k.Next))
			continue
		}
		for i, m := range k.Match {
			c.matchKey(keys[i].W(), narrow[i], wide[i], m, no)
		}
		c.jump(instr{op: opJump}, to(k.Next))
		c.set(no)
	}
	c.jump(instr{op: opJump}, miss)
}

// matchKey jumps to no unless the key, in register r or from word x, matches.
func (c *compiler) matchKey(w int, r uint8, x int32, m ir.Match, no *label) {
	if w <= 64 {
		switch {
		case m.Range:
			c.jump(instr{op: opBrLtK, x: r, k: constBits(m.Lo, w)}, no)
			c.jump(instr{op: opBrGtK, x: r, k: constBits(m.Hi, w)}, no)
		case m.Mask != nil:
			mask := constBits(m.Mask, w)
			c.jump(instr{op: opBrNeK, x: r, k: constBits(m.Value, w) & mask, m: mask}, no)
		}
		return
	}
	d := c.register()
	c.reg--
	n := int32(words(w))
	switch {
	case m.Range:
		c.wideOp(wop{kind: wLt, x: x, y: c.constant(m.Lo, w), n: n, w: int32(w), reg: d})
		c.jump(instr{op: opBrNZ, x: d}, no)
		c.wideOp(wop{kind: wLt, x: c.constant(m.Hi, w), y: x, n: n, w: int32(w), reg: d})
		c.jump(instr{op: opBrNZ, x: d}, no)
	case m.Mask != nil:
		masked := bigAnd(m.Value, m.Mask)
		c.wideOp(wop{kind: wMatch, x: x, k: c.constant(m.Mask, w), y: c.constant(masked, w), n: n, reg: d})
		c.jump(instr{op: opBrZ, x: d}, no)
	}
}
