package fit

import (
	"fmt"
	"path"
	"strings"

	"gofino/pipeline/ir"
)

// builder turns the control of a gress into a graph, as the chip's compiler
// does: conditions become gateways, bare statements become tables without a
// key, an outcome of a table (hit, miss, the action that ran) becomes its
// next tables.
type builder struct {
	c       *chip
	pl      *ir.Pipeline
	p       *places
	tables  map[int]*node // by Pipeline.Tables; a table applied twice is one node
	params  map[int]bool  // bytes of action data
	names   map[string]int
	nodes   []*node
	seqs    int
	run     *run
	resets  map[ir.Stmt]bool
	carried map[int]bool // fields joined with another (alias.go)
	origin  map[ir.Stmt]*node
}

// run is the bare statements that will become one table.
type run struct {
	stmts  []ir.Stmt
	from   []ir.Stmt    // the program's statements that they are or are part of
	writes map[int]bool // fields
	extern bool
	last   ir.Pos
	caller int // line of the caller while inside an inlined action, else 0
}

func newBuilder(c *chip, pl *ir.Pipeline, g *ir.Gress) *builder {
	b := &builder{c: c, pl: pl, p: newPlaces(g), tables: map[int]*node{}, params: map[int]bool{}, names: map[string]int{}, carried: map[int]bool{}, resets: map[ir.Stmt]bool{}, origin: map[ir.Stmt]*node{}}
	for _, a := range pl.Actions {
		if a.Dir == g.Dir {
			for i := range a.Bytes {
				b.params[a.Off+i] = true
			}
		}
	}
	return b
}

func (b *builder) thread(g *ir.Gress) *thread {
	b.alias(g)
	top := b.seq(nil, func(s *seq) { b.list(s, g.Control, ir.Pos{}) })
	b.checksums(top, g)
	t := &thread{dir: g.Dir, g: g, p: b.p, top: top}
	return t
}

func (b *builder) seq(of *node, f func(*seq)) *seq {
	s := &seq{id: b.seqs}
	b.seqs++
	if of != nil {
		s.in = append(s.in, of)
	}
	saved := b.run
	b.run = nil
	f(s)
	b.flush(s)
	b.run = saved
	return s
}

func (b *builder) node(k kind, name string, pos ir.Pos) *node {
	if n := b.names[name]; n > 0 {
		b.names[name]++
		name = fmt.Sprintf("%s_%d", name, n-1)
	} else {
		b.names[name] = 1
	}
	n := &node{id: len(b.nodes), kind: k, name: name, dir: b.p.g.Dir, pos: pos, index: -1, p: b.p}
	b.nodes = append(b.nodes, n)
	return n
}

func (b *builder) branch(n *node, label string, list []ir.Stmt, pos ir.Pos, via ...int) {
	s := b.seq(n, func(s *seq) { b.list(s, list, pos) })
	if len(s.nodes) > 0 {
		n.next = append(n.next, branch{label, s, via})
	}
}

// leadsTo lists the actions that can have run when a table hit or missed.
func leadsTo(t *ir.Table, hit bool) []int {
	var out []int
	for i, a := range t.Actions {
		switch {
		case hit && a.Scope != ir.DefaultOnly,
			!hit && t.ConstDefault && i == t.Default.Action,
			!hit && !t.ConstDefault && a.Scope != ir.TableOnly:
			out = append(out, i)
		}
	}
	return out
}

// list adds statements to a sequence. from is the position of what leads to
// them.
func (b *builder) list(s *seq, list []ir.Stmt, from ir.Pos) {
	for i := 0; i < len(list); i++ {
		switch x := list[i].(type) {
		case *ir.Apply:
			b.flush(s)
			i += b.apply(s, x, list[i+1:])
			from = x.P
		case *ir.If:
			if b.onlyExits(x) && b.c.exitJumps {
				continue
			}
			b.flush(s)
			rest := list[i+1:]
			if leaves(x.Then) && len(x.Else) == 0 && len(rest) > 0 {
				b.gateway(s, x, cut(x.Then), rest)
				return
			}
			b.gateway(s, x, x.Then, x.Else)
			from = x.P
		case *ir.Switch:
			b.flush(s)
			b.choose(s, x)
			from = x.P
		case *ir.Block:
			b.list(s, x.Body, from)
		case *ir.Break, *ir.Exit:
			return
		default:
			b.bare(s, x, b.leads(from, x.At(), list[i:]))
		}
	}
}

// leads finds the position in the caller that a bare statement belongs to: that
// of the statement before it, or, where that is in another file because a
// control begins, that of the next one that is surely the control's own.
func (b *builder) leads(from, at ir.Pos, rest []ir.Stmt) ir.Pos {
	if from.File == at.File {
		return from
	}
	for _, s := range rest {
		switch s.(type) {
		case *ir.If, *ir.Apply, *ir.Switch:
			if p := s.At(); p.File == at.File {
				return p
			}
		}
	}
	return from
}

// onlyExits: the jump after a table whose action may exit. On Tofino 1 exit is
// a next-table entry and costs no table.
func (b *builder) onlyExits(x *ir.If) bool {
	if len(x.Else) > 0 || len(x.Then) == 0 {
		return false
	}
	if _, ok := x.Then[len(x.Then)-1].(*ir.Exit); !ok {
		return false
	}
	l, ok := x.Cond.(*ir.Load)
	if !ok {
		return false
	}
	f := b.p.field(l.Loc)
	return f >= 0 && b.p.g.Fields[f].Hidden
}

// leaves: the list always ends by leaving the block around it.
func leaves(list []ir.Stmt) bool {
	if len(list) == 0 {
		return false
	}
	switch list[len(list)-1].(type) {
	case *ir.Break, *ir.Exit:
		return true
	}
	return false
}

func cut(list []ir.Stmt) []ir.Stmt { return list[:len(list)-1] }

// apply adds a table and, where the statements after it only ask for its
// outcome, its next tables. It returns how many of them it took.
func (b *builder) apply(s *seq, x *ir.Apply, rest []ir.Stmt) int {
	n, pre := b.tableNode(x)
	b.origin[x] = n
	if pre != nil {
		s.push(pre)
	}
	s.push(n)
	took := 0
	for took < len(rest) {
		if e, ok := rest[took].(*ir.If); ok && b.onlyExits(e) && b.c.exitJumps {
			took++
			continue
		}
		break
	}
	if took == len(rest) {
		return took
	}
	switch y := rest[took].(type) {
	case *ir.If:
		if miss, ok := outcome(y.Cond, x.Hit); ok {
			yes, no := y.Then, y.Else
			if miss {
				yes, no = no, yes
			}
			b.branch(n, "$hit", yes, y.P, leadsTo(n.table, true)...)
			b.branch(n, "$miss", no, y.P, leadsTo(n.table, false)...)
			return took + 1
		}
	case *ir.Switch:
		if l, ok := y.Tag.(*ir.Load); ok && x.Action.Width > 0 && l.Loc == x.Action {
			seen := map[int]bool{}
			for _, c := range y.Cases {
				label, via := "action", []int{}
				for _, v := range c.Values {
					if i := int(v.Int64()); v.IsInt64() && i < len(n.table.Actions) {
						label, via = b.pl.Actions[n.table.Actions[i].Action].Name, append(via, i)
						seen[i] = true
					}
				}
				b.branch(n, label, c.Body, y.P, via...)
			}
			b.branch(n, "$default", y.Default, y.P, others(n, seen)...)
			return took + 1
		}
	}
	return took
}

// others lists the actions that no case of a switch names.
func others(n *node, named map[int]bool) []int {
	var out []int
	for i := range n.run {
		if !named[i] {
			out = append(out, i)
		}
	}
	return out
}

// outcome: the condition is the hit bit itself, or its negation (miss).
func outcome(cond ir.Expr, hit ir.Loc) (miss, ok bool) {
	if hit.Width == 0 {
		return false, false
	}
	switch x := cond.(type) {
	case *ir.Load:
		return false, x.Loc == hit
	case *ir.Unary:
		if x.Op == ir.Not {
			miss, ok := outcome(x.X, hit)
			return !miss, ok
		}
	}
	return false, false
}

// tableNode of a table; pre is its preclassifier, when it is an ALPM table.
func (b *builder) tableNode(x *ir.Apply) (n, pre *node) {
	if n = b.tables[x.Table]; n != nil {
		for _, o := range b.nodes {
			if o.preclassifies == n {
				pre = o
			}
		}
		return n, pre
	}
	t := b.pl.Tables[x.Table]
	k := keyed
	if len(t.Keys) == 0 {
		k = keyless
	}
	n = b.node(k, t.Name, t.Pos)
	n.table, n.index = t, x.Table
	b.tables[x.Table] = n
	for _, key := range t.Keys {
		n.key = append(n.key, key.Expr)
	}
	for _, a := range t.Actions {
		n.run = append(n.run, b.pl.Actions[a.Action].Body)
	}
	if x.Hit.Width > 0 || x.Action.Width > 0 {
		// Where the outcome is also a value, the table writes it.
		n.body = append(n.body, x)
	}
	if alpm(t) {
		pre = b.node(preclassifier, t.Name+" (preclassifier)", t.Pos)
		pre.table, pre.index, pre.key, pre.preclassifies = t, x.Table, n.key, n
	}
	return n, pre
}

// alpm: a longest-prefix match in SRAM partitions behind a small TCAM.
func alpm(t *ir.Table) bool {
	lpm := false
	for _, k := range t.Keys {
		lpm = lpm || k.Kind == ir.LPM
	}
	if !lpm {
		return false
	}
	if t.Storage == "Alpm" {
		return true
	}
	for _, a := range t.Annots {
		switch {
		case a.Name == "implementation" && a.Body == "Alpm":
			return true
		case a.Name == "alpm" && strings.TrimSpace(a.Body) != "0":
			return true
		}
	}
	return false
}

func (b *builder) gateway(s *seq, x *ir.If, yes, no []ir.Stmt) {
	n := b.node(gateway, fmt.Sprintf("cond_%s%d", b.file(x.P), x.P.Line), x.P)
	b.origin[x] = n
	n.key = []ir.Expr{x.Cond}
	b.branch(n, "$true", yes, x.P)
	b.branch(n, "$false", no, x.P)
	if len(n.next) > 0 {
		s.push(n)
	}
}

// choose makes a switch over a value: the compiler turns it into a table with
// one constant entry for each case.
func (b *builder) choose(s *seq, x *ir.Switch) {
	n := b.node(keyed, fmt.Sprintf("switch_%s%d_table", b.file(x.P), x.P.Line), x.P)
	b.origin[x] = n
	n.key = []ir.Expr{x.Tag}
	entries := 0
	for _, c := range x.Cases {
		b.branch(n, fmt.Sprintf("case %d", entries), c.Body, x.P)
		entries += len(c.Values)
	}
	b.branch(n, "$default", x.Default, x.P)
	n.table = &ir.Table{
		Name: n.name, Pos: x.P, Dir: n.dir, Size: max(entries, 1), Hidden: true, Profile: -1, Selector: -1,
		Keys: []ir.Key{{Name: "value", Expr: x.Tag, Width: x.Tag.W(), Kind: ir.Exact, Pos: x.P}},
	}
	if len(n.next) > 0 {
		s.push(n)
	}
}

// bare adds a statement to the table that is being gathered, or starts a new
// one. A statement may not touch a field that the table already writes, nor
// use a second extern object; a direct call of an action is a table of its
// own. The program's calls are inlined, so a call shows as a jump of the
// position: to an earlier line (an action is declared before it is called),
// and back.
func (b *builder) bare(s *seq, x ir.Stmt, from ir.Pos) {
	for _, part := range b.parts(x) {
		if b.nothing(part) {
			continue
		}
		touch, writes := b.fieldsOf(part)
		ext := external(part)
		at := part.At()
		fresh := b.run == nil || b.run.extern && ext || at.File != b.run.last.File || b.jumped(at)
		if !fresh {
			for f := range touch {
				fresh = fresh || b.run.writes[f]
			}
		}
		if fresh {
			caller := 0
			last := from
			if b.run != nil {
				last, caller = b.run.last, b.run.caller
			}
			switch {
			case at.File == last.File && at.Line < last.Line:
				if caller == 0 {
					caller = last.Line
				}
			case at.Line > caller:
				caller = 0
			}
			b.flush(s)
			b.run = &run{writes: map[int]bool{}, caller: caller}
		}
		b.run.stmts, b.run.from = append(b.run.stmts, part), append(b.run.from, x)
		b.run.last = at
		b.run.extern = b.run.extern || ext
		for f := range writes {
			b.run.writes[f] = true
		}
	}
}

// jumped: at is in another action than the statement before.
func (b *builder) jumped(at ir.Pos) bool {
	last, caller := b.run.last.Line, b.run.caller
	switch {
	case at.Line < last:
		return true // into an action declared before
	case caller > 0 && at.Line >= caller:
		return true // back in the caller
	case caller > 0 && at.Line-last > 2:
		return true // the end of one action and the head of the next lie between
	}
	return false
}

// parts splits what the compiler splits: a widening assignment sets the high
// bits and the low bits separately.
func (b *builder) parts(x ir.Stmt) []ir.Stmt {
	a, ok := x.(*ir.Assign)
	if !ok {
		return []ir.Stmt{x}
	}
	c, ok := a.X.(*ir.Cast)
	if !ok || c.Signed || c.Width <= c.X.W() {
		return []ir.Stmt{x}
	}
	if _, ok := c.X.(*ir.Const); ok {
		return []ir.Stmt{x}
	}
	low := c.X.W()
	hi := &ir.Assign{S: a.S, Dst: ir.Loc{Bit: a.Dst.Bit, Width: a.Dst.Width - low}, X: zero(a.Dst.Width - low)}
	lo := &ir.Assign{S: a.S, Dst: ir.Loc{Bit: a.Dst.Bit + a.Dst.Width - low, Width: low}, X: c.X}
	return []ir.Stmt{hi, lo}
}

// external: the statement uses an extern object other than a hash.
func external(s ir.Stmt) bool {
	switch s.(type) {
	case *ir.Assign, *ir.Copy, *ir.HashGet, *ir.SetValid, *ir.SetInvalid, *ir.Push, *ir.Pop:
		return false
	}
	return true
}

// fieldsOf a statement: all that it touches and those that it writes. The
// result of a hash is free, it comes from the crossbar.
func (b *builder) fieldsOf(s ir.Stmt) (touch, writes map[int]bool) {
	r := b.reader()
	r.stmt(s)
	touch, writes = map[int]bool{}, map[int]bool{}
	mark := func(u int, m map[int]bool) {
		if u < b.p.n && b.p.fields[u] >= 0 {
			m[int(b.p.fields[u])] = true
		}
	}
	for _, in := range []set{r.match, r.act, r.write} {
		in.each(func(u int) { mark(u, touch) })
	}
	if _, ok := s.(*ir.HashGet); !ok {
		r.write.each(func(u int) { mark(u, writes) })
	}
	return touch, writes
}

// flush ends the table that is being gathered.
func (b *builder) flush(s *seq) {
	if b.run == nil {
		return
	}
	r := b.run
	b.run = nil
	at := r.stmts[0].At()
	n := b.node(keyless, fmt.Sprintf("tbl_%s%d", b.file(at), at.Line), at)
	n.body = r.stmts
	for _, x := range r.from {
		b.origin[x] = n
	}
	s.push(n)
}

func (b *builder) file(p ir.Pos) string {
	return strings.TrimSuffix(path.Base(p.File), path.Ext(p.File))
}

// checksums adds the tables of conditional checksum updates: two bits, made
// from the header's validity and the condition, tell the deparser which value
// to send.
func (b *builder) checksums(top *seq, g *ir.Gress) {
	next := b.p.n
	for _, s := range g.Deparser {
		x, ok := s.(*ir.If)
		if !ok {
			continue
		}
		for _, y := range x.Then {
			u, ok := y.(*ir.ChecksumUpdate)
			if !ok {
				continue
			}
			h := b.headerOf(u.Dst)
			if h < 0 {
				continue
			}
			valid := b.p.set()
			b.p.loc(g.Headers[h].Valid, valid)
			cond := b.p.set()
			b.p.expr(x.Cond, cond)
			if cond.minus(valid); cond.empty() || next+2 > b.p.size() {
				continue
			}
			n := b.node(checksum, b.p.g.Fields[b.p.field(u.Dst)].Name+" (checksum condition)", x.P)
			n.key = []ir.Expr{&ir.Load{Loc: g.Headers[h].Valid}, x.Cond}
			n.acc = b.p.access()
			n.acc.write.add(next)
			n.acc.write.add(next + 1)
			next += 2
			top.push(n)
		}
	}
}

func (b *builder) headerOf(l ir.Loc) int {
	if f := b.p.field(l); f >= 0 {
		return b.p.g.Fields[f].Header
	}
	return -1
}
