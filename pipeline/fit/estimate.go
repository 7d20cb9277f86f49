package fit

import (
	"slices"

	"gofino/pipeline/ir"
)

// Estimate places a program's tables and times both gresses of every pipeline.
// The same program gives the same report.
func Estimate(prog *ir.Program) *Report {
	c := chipOf(prog.Target)
	r := &Report{Program: prog.Name, Target: c.name, Estimate: true}
	for _, pl := range prog.Pipelines {
		r.Pipelines = append(r.Pipelines, estimate(c, pl))
	}
	if len(r.Pipelines) > 0 {
		r.Gress = r.Pipelines[0].Gress
	}
	return r
}

func estimate(c *chip, pl *ir.Pipeline) *Pipeline {
	p := placed(c, pl, false)
	if p.stage >= c.stages {
		// The compiler then places without regard to containers and allocates
		// them so that no two tables of a stage meet in one.
		if q := placed(c, pl, true); q.stage < p.stage {
			p = q
		}
	}
	out := &Pipeline{Name: pl.Name, Gress: map[string]*Gress{}}
	last := 0
	for _, t := range p.threads {
		g := p.report(t)
		out.Gress[t.dir.String()] = g
		last = max(last, g.StagesUsed)
	}
	out.Use = slices.Clone(p.use[:min(len(p.use), max(c.stages, last))])
	for len(out.Use) < c.stages {
		out.Use = append(out.Use, Use{})
	}
	return out
}

func placed(c *chip, pl *ir.Pipeline, loose bool) *placer {
	p := newPlacer(c)
	p.loose = loose
	for _, g := range []*ir.Gress{pl.Ingress, pl.Egress} {
		b := newBuilder(c, pl, g)
		t := b.thread(g)
		b.clean(t)
		p.add(t, b)
	}
	p.place()
	return p
}

// report is the part of one gress.
func (p *placer) report(t *thread) *Gress {
	b := p.b[t]
	g := &Gress{Parser: parserTime(t.g.Parser, t.g)}
	used := 0
	for s, held := range p.held {
		for _, h := range held {
			if p.of[h.n] == t {
				used = s + 1
			}
		}
	}
	g.StagesUsed = used
	n := max(p.c.stages, used)
	beat := &beat{c: p.c, dep: make([]Dependency, n), feat: make([]features, n)}
	for s := range n {
		st := &Stage{Stage: s, Tables: []string{}}
		g.Stages = append(g.Stages, st)
		if s < len(p.held) {
			for _, h := range p.held[s] {
				if p.of[h.n] == t {
					st.hold(b, h)
					beat.feat[s] |= b.features(h.n)
				}
			}
		}
	}
	p.dependencies(t, beat, g)
	if t.dir == ir.Egress {
		g.Padded = beat.pad()
	}
	beat.fill(g)
	g.Throughput = throughput(p.c, t.dir, g.LatencyCycles, g.Parser)
	for _, n := range t.nodes {
		if !p.done[n] {
			g.Unplaced = append(g.Unplaced, n.name)
		}
	}
	return g
}

func (s *Stage) hold(b *builder, h *spot) {
	pl := Placed{Name: h.n.name, Kind: h.n.kind.String(), Entries: h.entries, Part: h.part, Use: h.use, Why: h.why}
	if h.n.kind == keyless {
		pl.Entries = 0
	}
	if h.gw != nil {
		pl.Gateway = h.gw.name
		s.Conditions = append(s.Conditions, h.gw.name)
	}
	s.Held = append(s.Held, pl)
	if h.n.kind == gateway {
		s.Conditions = append(s.Conditions, h.n.name)
		return
	}
	name := h.n.name
	if h.n.kind == preclassifier {
		name = h.n.table.Name
	}
	s.list(name)
	if h.n.kind == preclassifier {
		return
	}
	for _, a := range b.attachments(h.n) {
		s.list(a)
	}
	if t := h.n.table; t != nil && t.Profile >= 0 {
		if a := b.pl.Profiles[t.Profile].Name; !slices.Contains(s.ActionData, a) {
			s.ActionData = append(s.ActionData, a)
		}
	}
}

func (s *Stage) list(name string) {
	if !slices.Contains(s.Tables, name) {
		s.Tables = append(s.Tables, name)
	}
}

// attachments are the memories that a table brings along, by their names.
func (b *builder) attachments(n *node) []string {
	var out []string
	if n.table != nil {
		for _, c := range n.table.DirectCounters {
			out = append(out, b.pl.Counters[c].Name)
		}
		for _, r := range n.table.DirectRegisters {
			out = append(out, b.pl.Registers[r].Name)
		}
		if n.table.Selector >= 0 {
			name := b.pl.Selectors[n.table.Selector].Name
			out = append(out, name, name+"$salu")
		}
	}
	if n.table != nil {
		for _, m := range n.table.DirectMeters {
			out = append(out, b.pl.Meters[m].Name)
		}
		for _, f := range n.table.DirectFilters {
			out = append(out, b.pl.Filters[f].Name)
		}
	}
	for _, m := range n.needs.meters {
		out = append(out, b.pl.Meters[m].Name)
	}
	for _, f := range n.needs.filters {
		out = append(out, b.pl.Filters[f].Name)
	}
	for _, c := range n.needs.counters {
		out = append(out, b.pl.Counters[c].Name)
	}
	for _, r := range n.needs.regs {
		out = append(out, b.pl.Registers[r].Name)
	}
	return out
}

// features that a table gives to its stage.
func (b *builder) features(n *node) features {
	var f features
	if n.ternary() {
		f |= useTCAM
	}
	if n.kind == preclassifier {
		return f
	}
	if len(n.needs.regs) > 0 || n.table != nil && len(n.table.DirectRegisters) > 0 {
		f |= useStateful
	}
	if len(n.needs.filters) > 0 || n.table != nil && len(n.table.DirectFilters) > 0 {
		f |= useFilter
	}
	if b.divides(n) {
		f |= useDivide
	}
	if n.table != nil && n.table.Selector >= 0 {
		f |= useSelector
		if b.pl.Selectors[n.table.Selector].MaxGroupSize > selectorPool {
			f |= useWide
		}
	}
	return f
}

// divides: a stateful ALU of the table divides, which only Tofino 2 can.
func (b *builder) divides(n *node) bool {
	for _, r := range n.needs.regs {
		for _, a := range b.pl.RegActions {
			if a.Register == r && dividing(a.Body) {
				return true
			}
		}
	}
	return false
}

func dividing(list []ir.Stmt) bool {
	for _, s := range list {
		switch s := s.(type) {
		case *ir.Assign:
			if divided(s.X) {
				return true
			}
		case *ir.If:
			if dividing(s.Then) || dividing(s.Else) {
				return true
			}
		case *ir.Block:
			if dividing(s.Body) {
				return true
			}
		}
	}
	return false
}

func divided(x ir.Expr) bool {
	switch x := x.(type) {
	case *ir.Binary:
		return x.Op == ir.Div || x.Op == ir.Mod || divided(x.X) || divided(x.Y)
	case *ir.Unary:
		return divided(x.X)
	case *ir.Cast:
		return divided(x.X)
	case *ir.Slice:
		return divided(x.X)
	case *ir.Cond:
		return divided(x.A) || divided(x.B)
	}
	return false
}

// dependencies finds for every stage how it depends on those before it, back
// to the last match-dependent one (timing.md section 2.1). Only tables that
// one packet can meet count, and containers, not fields.
func (p *placer) dependencies(t *thread, b *beat, g *Gress) {
	k := p.cont[t]
	for s := range b.dep {
		if s == 0 || s == p.c.turn && p.c.turn > 0 {
			b.dep[s] = Match
			continue
		}
		b.dep[s] = Concurrent
		if p.c.longBranch && p.mocha(t, s, g) {
			b.dep[s] = Match
			continue
		}
		for back := s - 1; back >= 0 && b.dep[s] != Match; back-- {
			p.relate(t, k, s, back, b, g)
			if b.dep[back] == Match {
				break
			}
		}
		if b.dep[s] == Concurrent && p.c.turn == 0 {
			b.dep[s] = Action // Tofino 2 has no concurrent stages
		}
	}
}

// mocha: on Tofino 2 a value that no action changes lies in a mocha container
// (chip.md section 3), and a stage whose matches read one is match dependent
// (timing.md section 2.1). A header field that ends inside a byte shares its
// container and stays in a normal one.
func (p *placer) mocha(t *thread, s int, g *Gress) bool {
	normal := t.p.set()
	for _, n := range t.nodes {
		normal.or(n.acc.write)
	}
	for u, f := range t.p.fields {
		if f < 0 {
			continue
		}
		if x := t.g.Fields[f]; x.Header >= 0 && !x.Hidden && (x.Loc.Bit+x.Loc.Width)%8 != 0 {
			normal.add(u)
		}
	}
	for _, n := range p.stageOf(t, s) {
		in := n.acc.match.clone()
		in.minus(normal)
		if u := in.first(in); u >= 0 {
			g.Stages[s].Because = &Relation{n.name, "", Match, t.p.name(u)}
			return true
		}
	}
	return false
}

// relate compares the tables of two stages.
func (p *placer) relate(t *thread, k *containers, s, back int, b *beat, g *Gress) {
	for _, later := range p.stageOf(t, s) {
		for _, early := range p.stageOf(t, back) {
			if early != later && !t.before[early.id].has(later.id) && !t.before[later.id].has(early.id) {
				continue
			}
			w := k.widen(early.acc.write)
			kind, u := Match, w.first(k.widen(later.acc.match))
			if u < 0 {
				kind, u = Action, w.first(k.widen(later.acc.act))
			}
			if u < 0 {
				u = w.first(k.widen(later.acc.write))
			}
			if u < 0 || kind == Action && b.dep[s] == Action {
				continue
			}
			b.dep[s] = kind
			g.Stages[s].Because = &Relation{later.name, early.name, kind, t.p.name(u)}
			if kind == Match {
				return
			}
		}
	}
}

// stageOf lists the tables of a gress in a stage, conditions too.
func (p *placer) stageOf(t *thread, stage int) []*node {
	var out []*node
	if stage >= len(p.held) {
		return nil
	}
	for _, h := range p.held[stage] {
		if p.of[h.n] != t {
			continue
		}
		if h.gw != nil {
			out = append(out, h.gw)
		}
		out = append(out, h.n)
	}
	return out
}
