package pipeline

import (
	"math/big"

	"gofino/pipeline/ir"
)

// stmt compiles one statement: one line per kind.
func (c *compiler) stmt(s ir.Stmt) {
	outer := c.pos
	if p := s.At(); p.Line != 0 {
		c.pos = p
	}
	defer func() { c.pos = outer }()
	switch s := s.(type) {
	case *ir.Assign:
		c.assign(s.Dst, simplify(s.X))
	case *ir.Copy:
		c.copyStmt(s)
	case *ir.If:
		c.ifStmt(s)
	case *ir.Switch:
		c.switchStmt(s)
	case *ir.Block:
		c.blockStmt(s)
	case *ir.Break:
		c.breakStmt(s)
	case *ir.Exit:
		c.jump(instr{op: opJump}, c.exit)
	case *ir.SetValid:
		c.validity(s.Header, 1)
	case *ir.SetInvalid:
		c.validity(s.Header, 0)
	case *ir.Push:
		c.shiftStack(s.Stack, s.Count)
	case *ir.Pop:
		c.shiftStack(s.Stack, -s.Count)
	case *ir.Extract:
		c.extract(s.Header)
	case *ir.ExtractVar:
		c.extractVar(s)
	case *ir.ExtractNext:
		c.extractNext(s.Stack)
	case *ir.Advance:
		c.advance(s.Bits)
	case *ir.Lookahead:
		c.lookahead(s)
	case *ir.CounterSet:
		c.counterSet(s)
	case *ir.CounterAdd:
		c.counterAdd(s)
	case *ir.CounterPush:
		c.emit(instr{op: opCtrPush, y: uint8(b2u(s.Update))})
		c.counterSet(s.Set)
	case *ir.CounterPop:
		c.emit(instr{op: opCtrPop})
	case *ir.ParserPriority:
		// The arbiter in front of the match-action units is not modelled: one
		// packet runs at a time, so that its priority changes nothing.
	case *ir.ChecksumAdd:
		c.checksumAdd(s)
	case *ir.ChecksumVerify:
		c.unitResult(opUnitVerify, s.Unit, s.Dst)
	case *ir.ChecksumGet:
		c.unitResult(opUnitGet, s.Unit, s.Dst)
	case *ir.ChecksumDeposit:
		if !c.unitOK(s.Unit) {
			return
		}
		c.deposits = append(c.deposits, s)
		c.emit(instr{op: opUnitLater, x: uint8(s.Unit), a: int32(len(c.deposits))})
	case *ir.ChecksumUpdate:
		c.checksumUpdate(s)
	case *ir.HashGet:
		c.hashGet(s)
	case *ir.RandomGet:
		c.randomGet(s)
	case *ir.Count:
		c.count(s)
	case *ir.MeterExec:
		c.meterExec(s)
	case *ir.FilterExec:
		c.filterExec(s)
	case *ir.RegisterExec:
		c.registerExec(s)
	case *ir.RegisterPredicate:
		c.registerPredicate(s)
	case *ir.RegisterRead:
		c.registerRead(s)
	case *ir.RegisterWrite:
		c.registerWrite(s)
	case *ir.RegisterClear:
		c.registerClear(s)
	case *ir.MathExec:
		c.mathExec(s)
	case *ir.Apply:
		c.apply(s)
	case *ir.Emit:
		c.emitHeader(s.Header)
	case *ir.MirrorEmit:
		c.mirrorEmit(s)
	case *ir.ResubmitEmit:
		c.resubmitEmit(s)
	case *ir.DigestEmit:
		c.digestEmit(s)
	case *ir.PktgenEmit:
		c.pktgenEmit(s)
	default:
		c.fail("compile statement: no rule for %T", s)
	}
}

func (c *compiler) copyStmt(s *ir.Copy) {
	if s.Dst.Width != s.Src.Width {
		c.fail("compile copy: %d bits to a place of %d", s.Src.Width, s.Dst.Width)
		return
	}
	if s.Dst.Width > 0 {
		c.copy(s.Dst, s.Src)
	}
}

func (c *compiler) ifStmt(s *ir.If) {
	no := c.newLabel()
	c.branchOn(s.Cond, false, no)
	c.block(s.Then)
	if len(s.Else) == 0 {
		c.set(no)
		return
	}
	end := c.newLabel()
	c.jump(instr{op: opJump}, end)
	c.set(no)
	c.block(s.Else)
	c.set(end)
}

func (c *compiler) switchStmt(s *ir.Switch) {
	end, def := c.newLabel(), c.newLabel()
	tag := simplify(s.Tag)
	w := tag.W()
	var bodies []*label
	var rows []row
	for range s.Cases {
		bodies = append(bodies, c.newLabel())
	}
	if w <= 64 {
		for i, k := range s.Cases {
			for _, v := range k.Values {
				rows = append(rows, row{value: constBits(v, w), mask: ones(w), to: bodies[i]})
			}
		}
		c.choose(tag, rows, def)
	} else {
		for i, k := range s.Cases {
			for _, v := range k.Values {
				c.branch(&ir.Binary{Op: ir.Eq, Width: 1, X: tag, Y: &ir.Const{Width: w, V: v}}, true, bodies[i])
			}
		}
		c.jump(instr{op: opJump}, def)
	}
	for i, k := range s.Cases {
		c.set(bodies[i])
		c.block(k.Body)
		c.jump(instr{op: opJump}, end)
	}
	c.set(def)
	c.block(s.Default)
	c.set(end)
}

func (c *compiler) blockStmt(s *ir.Block) {
	outer, had := c.breaks[s.Label]
	end := c.newLabel()
	c.breaks[s.Label] = end
	c.block(s.Body)
	c.set(end)
	if had {
		c.breaks[s.Label] = outer
	} else {
		delete(c.breaks, s.Label)
	}
}

func (c *compiler) breakStmt(s *ir.Break) {
	l, ok := c.breaks[s.Label]
	if !ok {
		c.fail("compile break: no block %d around it", s.Label)
		return
	}
	c.jump(instr{op: opJump}, l)
}

// header returns header i, or nil after an error.
func (c *compiler) header(i int) *ir.Header {
	if i < 0 || i >= len(c.ir.Headers) {
		c.fail("find header %d: there are %d", i, len(c.ir.Headers))
		return nil
	}
	h := c.ir.Headers[i]
	if h.Off < 0 || h.Bytes < 0 || h.Off+h.Bytes > c.ir.Bytes || h.Valid.Width != 1 {
		c.fail("place header %s: %d bytes at %d, valid bit of width %d", h.Name, h.Bytes, h.Off, h.Valid.Width)
		return nil
	}
	return h
}

func (c *compiler) validity(i int, v uint64) {
	if h := c.header(i); h != nil {
		c.storeConst(h.Valid, v)
	}
}

// stack returns stack i with at least one header, or nil after an error.
func (c *compiler) stack(i int) *ir.Stack {
	if i < 0 || i >= len(c.ir.Stacks) || len(c.ir.Stacks[i].Headers) == 0 {
		c.fail("find header stack %d: there are %d", i, len(c.ir.Stacks))
		return nil
	}
	s := c.ir.Stacks[i]
	for _, h := range s.Headers {
		if c.header(h) == nil {
			return nil
		}
	}
	return s
}

// shiftStack moves every element by n places towards the end (a push; n < 0: a
// pop). Elements that move in are invalid, their bytes stay.
func (c *compiler) shiftStack(i, n int) {
	s := c.stack(i)
	if s == nil {
		return
	}
	size := len(s.Headers)
	from := func(to int) *ir.Header {
		if to-n < 0 || to-n >= size {
			return nil
		}
		return c.ir.Headers[s.Headers[to-n]]
	}
	one := func(to int) {
		d := c.ir.Headers[s.Headers[to]]
		src := from(to)
		if src == nil {
			c.storeConst(d.Valid, 0)
			return
		}
		c.move(lead+d.Off, lead+src.Off, d.Bytes)
		c.wrote(ir.Loc{Bit: d.Off * 8, Width: d.Bytes * 8})
		c.copy(d.Valid, src.Valid)
	}
	if n > 0 {
		for to := size - 1; to >= 0; to-- {
			one(to)
		}
	} else if n < 0 {
		for to := range size {
			one(to)
		}
	}
	if s.Next.Width == 0 {
		return
	}
	// The index moves too, within 0 and the size.
	next := &ir.Load{Loc: s.Next}
	k := func(v int) ir.Expr { return &ir.Const{Width: s.Next.Width, V: big.NewInt(int64(v))} }
	var x ir.Expr
	if n > 0 {
		x = &ir.Binary{Op: ir.Min, Width: s.Next.Width, Y: k(size),
			X: &ir.Binary{Op: ir.AddSat, Width: s.Next.Width, X: next, Y: k(min(n, size))}}
	} else {
		x = &ir.Binary{Op: ir.SubSat, Width: s.Next.Width, X: next, Y: k(min(-n, size))}
	}
	c.assign(s.Next, x)
}

// stackLast reads a field of the element before nextIndex.
type stackLast struct {
	next   place
	locs   []ir.Loc // per element
	places []place  // the same, where at most 64 bits
}

// loc is the place in the last element.
func (s *stackLast) loc(mem []byte) (ir.Loc, bool) {
	i := int(s.next.load(mem))
	if i == 0 || i > len(s.locs) {
		return ir.Loc{}, false
	}
	return s.locs[i-1], true
}

func (s *stackLast) load(mem []byte) uint64 {
	i := int(s.next.load(mem))
	if i == 0 || i > len(s.places) {
		return 0
	}
	return s.places[i-1].load(mem)
}

func (c *compiler) last(e *ir.StackLast) int32 {
	s := c.stack(e.Stack)
	if s == nil {
		return 0
	}
	l := stackLast{next: c.place(s.Next)}
	for _, h := range s.Headers {
		loc := ir.Loc{Bit: c.ir.Headers[h].Off*8 + e.Off, Width: e.Width}
		l.locs = append(l.locs, loc)
		if e.Width <= 64 {
			l.places = append(l.places, c.place(loc))
		}
	}
	c.g.lasts = append(c.g.lasts, l)
	return int32(len(c.g.lasts) - 1)
}
