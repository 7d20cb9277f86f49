package fit

import (
	"math/big"

	"gofino/pipeline/ir"
)

func zero(width int) ir.Expr { return &ir.Const{Width: width, V: new(big.Int)} }

// cleaner removes what the chip's compiler removes: values that nobody reads,
// and zero written over the zero that memory starts with.
type cleaner struct {
	b    *builder
	t    *thread
	keep map[ir.Stmt]bool
}

func (b *builder) clean(t *thread) {
	b.propagate(t.top, map[int]ir.Expr{})
	for {
		c := &cleaner{b: b, t: t, keep: map[ir.Stmt]bool{}}
		c.zeros()
		c.seq(t.top, c.out())
		if !c.prune() {
			break
		}
	}
	b.account(t)
}

// out is what is read after the control: by the deparser and by the chip.
func (c *cleaner) out() set {
	p := c.t.p
	live := p.set()
	for i, l := range c.t.g.Intr {
		if i > int(ir.ParserErr) {
			p.loc(l, live)
		}
	}
	c.deparser(c.t.g.Deparser, live)
	return live
}

func (c *cleaner) deparser(list []ir.Stmt, live set) {
	p := c.t.p
	for _, s := range list {
		switch s := s.(type) {
		case *ir.Emit:
			p.header(s.Header, live)
			p.loc(p.g.Headers[s.Header].Valid, live)
		case *ir.MirrorEmit:
			p.expr(s.Session, live)
			p.exprs(s.Data, live)
		case *ir.ResubmitEmit:
			p.exprs(s.Data, live)
		case *ir.DigestEmit:
			p.exprs(s.Data, live)
		case *ir.ChecksumUpdate:
			p.exprs(s.Data, live)
		case *ir.If:
			p.expr(s.Cond, live)
			c.deparser(s.Then, live)
			c.deparser(s.Else, live)
		default:
			r := c.b.reader()
			r.stmt(s)
			live.or(r.act)
			live.or(r.match)
		}
	}
}

// seq goes backwards and returns what is live before it.
func (c *cleaner) seq(s *seq, live set) set {
	live = live.clone()
	for i := len(s.nodes) - 1; i >= 0; i-- {
		live = c.node(s.nodes[i], live)
	}
	return live
}

func (c *cleaner) node(n *node, out set) set {
	after := out.clone()
	for _, b := range n.next {
		after.or(c.seq(b.seq, out))
	}
	in := after.clone()
	switch {
	case n.table == nil && n.kind == keyless:
		in = c.stmts(n.body, after)
	case n.table != nil && len(n.run) > 0:
		in = c.stmts(n.run[0], after)
		for _, body := range n.run[1:] {
			in.or(c.stmts(body, after))
		}
		if n.table.Default.Action < 0 {
			in.or(after)
		}
	}
	n.p.exprs(n.key, in)
	if n.table != nil && n.kind != preclassifier {
		n.p.exprs(n.table.SelectorKeys, in)
	}
	return in
}

func (c *cleaner) stmts(list []ir.Stmt, live set) set {
	live = live.clone()
	for i := len(list) - 1; i >= 0; i-- {
		live = c.stmt(list[i], live)
	}
	return live
}

func (c *cleaner) stmt(s ir.Stmt, live set) set {
	switch x := s.(type) {
	case *ir.If:
		yes, no := c.stmts(x.Then, live), c.stmts(x.Else, live)
		yes.or(no)
		c.t.p.expr(x.Cond, yes)
		c.keep[s] = true
		return yes
	case *ir.Switch:
		in := c.stmts(x.Default, live)
		for _, k := range x.Cases {
			in.or(c.stmts(k.Body, live))
		}
		c.t.p.expr(x.Tag, in)
		c.keep[s] = true
		return in
	case *ir.Block:
		c.keep[s] = true
		// A break may skip any of it.
		in := c.stmts(x.Body, live)
		in.or(live)
		return in
	}
	r := c.b.reader()
	r.stmt(s)
	if pure(s) && !r.write.meets(live) {
		return live
	}
	if pure(s) && !c.b.whole(s) {
		r.write = c.t.p.set()
	}
	c.keep[s] = true
	live.minus(r.write)
	live.or(r.match)
	live.or(r.act)
	return live
}

// whole: the statement leaves nothing of the old value.
func (b *builder) whole(s ir.Stmt) bool {
	switch s := s.(type) {
	case *ir.Assign:
		return b.p.whole(s.Dst)
	case *ir.HashGet:
		return b.p.whole(s.Dst)
	case *ir.RandomGet:
		return b.p.whole(s.Dst)
	}
	return true
}

// prune takes out what no pass wanted; it tells whether a whole table went,
// which may free others.
func (c *cleaner) prune() bool {
	changed := false
	c.t.top.each(func(n *node) {
		n.body = c.kept(n.body)
		for i, body := range n.run {
			n.run[i] = c.kept(body)
		}
	})
	seen := map[*seq]bool{}
	var trim func(*seq)
	trim = func(s *seq) {
		if seen[s] {
			return
		}
		seen[s] = true
		out := s.nodes[:0]
		for _, n := range s.nodes {
			next := n.next[:0]
			for _, b := range n.next {
				if trim(b.seq); len(b.seq.nodes) > 0 {
					next = append(next, b)
				}
			}
			n.next = next
			if n.kind == gateway && len(n.next) == 0 || n.kind == keyless && n.table == nil && len(n.body) == 0 {
				changed = true
				continue
			}
			out = append(out, n)
		}
		s.nodes = out
	}
	trim(c.t.top)
	return changed
}

func (c *cleaner) kept(list []ir.Stmt) []ir.Stmt {
	var out []ir.Stmt
	for _, s := range list {
		if _, ok := s.(*ir.Apply); ok || c.keep[s] {
			out = append(out, s)
		}
	}
	return out
}

// zeros takes out bare "x = 0" of a value that nothing wrote before: memory
// starts as zero.
func (c *cleaner) zeros() {
	written := c.t.p.set()
	for _, s := range c.t.g.Parser.States {
		c.parsed(s.Body, written)
	}
	c.zerosIn(c.t.top, written)
}

// zerosIn goes along a sequence; each branch sees what was written before it.
func (c *cleaner) zerosIn(s *seq, written set) {
	for _, n := range s.nodes {
		if n.kind == keyless && n.table == nil {
			n.body = c.withoutZeros(n.body, written)
			continue
		}
		for _, body := range n.run {
			r := c.b.reader()
			r.stmts(body)
			written.or(r.write)
		}
		after := written.clone()
		for _, b := range n.next {
			in := written.clone()
			c.zerosIn(b.seq, in)
			after.or(in)
		}
		written.or(after)
	}
}

func (c *cleaner) withoutZeros(list []ir.Stmt, written set) []ir.Stmt {
	var out []ir.Stmt
	for _, s := range list {
		r := c.b.reader()
		r.stmt(s)
		if a, ok := s.(*ir.Assign); ok && !r.write.meets(written) && isZero(a.X) && c.clearable(a.Dst) {
			continue
		}
		written.or(r.write)
		out = append(out, s)
	}
	return out
}

// clearable: the field's zero is the chip's; on Tofino 2 writing intrinsic
// metadata also makes it valid.
func (c *cleaner) clearable(l ir.Loc) bool {
	f := c.t.p.field(l)
	if f < 0 {
		return false
	}
	if c.b.c.exitJumps {
		return true
	}
	for _, i := range c.t.g.Intr {
		if i == l {
			return false
		}
	}
	return true
}

func isZero(x ir.Expr) bool {
	k, ok := x.(*ir.Const)
	return ok && k.V.Sign() == 0
}

func (c *cleaner) parsed(list []ir.Stmt, written set) {
	p := c.t.p
	for _, s := range list {
		switch s := s.(type) {
		case *ir.Extract:
			p.header(s.Header, written)
			p.loc(p.g.Headers[s.Header].Valid, written)
		case *ir.ExtractNext:
			p.stack(s.Stack, written)
		case *ir.Lookahead:
			p.loc(s.Dst, written)
		case *ir.ChecksumGet:
			p.loc(s.Dst, written)
		case *ir.ChecksumVerify:
			p.loc(s.Dst, written)
		case *ir.ChecksumDeposit:
			p.loc(s.Dst, written)
		case *ir.Assign:
			if !isZero(s.X) {
				p.loc(s.Dst, written)
			}
		case *ir.If:
			c.parsed(s.Then, written)
			c.parsed(s.Else, written)
		case *ir.Block:
			c.parsed(s.Body, written)
		default:
			r := c.b.reader()
			r.stmt(s)
			written.or(r.write)
		}
	}
}
