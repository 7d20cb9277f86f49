package fit

import (
	"fmt"
	"slices"
)

// placer puts the tables of both gresses of a pipe into stages, one logical
// table at a time, as the chip's compiler does: of all tables whose
// predecessors are placed it takes the best (choose.go), into the current
// stage if dependencies and resources allow, else into the next. On Tofino a
// packet follows one chain of next tables, so once a table with branches is
// placed, all that hangs on it is placed before anything that comes after.
type placer struct {
	c       *chip
	b       map[*thread]*builder
	threads []*thread
	cont    map[*thread]*containers
	of      map[*node]*thread
	mem     map[*node]memory

	stage   int
	use     []Use
	bar     []map[*thread]*crossbar
	held    [][]*spot
	at      map[*node]int // stage of the last part
	done    map[*node]bool
	entries map[*node]int // still to place
	sharers map[[2]int][]*node
	refused map[*node]string // why not in the stage before
	loose   bool             // containers are no reason to wait
	waiting []*node          // might still go into this stage
}

// crossbar is which units a stage brings to its matches, once for all tables.
type crossbar struct {
	exact, tern set
	hash        map[string]bool
}

// spot is a logical table in a stage.
type spot struct {
	n, gw   *node
	stage   int
	entries int
	part    bool
	use     Use
	why     string
}

// maxSpill ends a placement that needs far more stages than any chip has.
const maxSpill = 64

func newPlacer(c *chip) *placer {
	return &placer{
		c: c, b: map[*thread]*builder{}, cont: map[*thread]*containers{}, of: map[*node]*thread{}, mem: map[*node]memory{},
		at: map[*node]int{}, done: map[*node]bool{}, entries: map[*node]int{}, sharers: map[[2]int][]*node{}, refused: map[*node]string{},
	}
}

func (p *placer) add(t *thread, b *builder) {
	p.threads = append(p.threads, t)
	p.b[t], p.cont[t] = b, t.contain(p.c)
	t.score()
	for _, n := range t.nodes {
		p.of[n] = t
		m := b.memoryOf(n, nil)
		p.mem[n] = m
		p.entries[n] = m.entries
		for _, k := range indirect(b, n) {
			p.sharers[k] = append(p.sharers[k], n)
		}
	}
}

// indirect memories of a node: those of which the chip has one copy, in one
// stage, for all tables that use it.
func indirect(b *builder, n *node) [][2]int {
	var out [][2]int
	for _, c := range n.needs.counters {
		out = append(out, [2]int{0, c})
	}
	for _, m := range n.needs.meters {
		out = append(out, [2]int{3, m})
	}
	for _, f := range n.needs.filters {
		out = append(out, [2]int{4, f})
	}
	for _, r := range n.needs.regs {
		if b.pl.Registers[r].Table < 0 {
			out = append(out, [2]int{1, r})
		}
	}
	if n.table != nil && n.kind != preclassifier && n.table.Selector >= 0 {
		out = append(out, [2]int{2, n.table.Selector})
	}
	slices.SortFunc(out, func(a, b [2]int) int { return a[0]*1000 + a[1] - b[0]*1000 - b[1] })
	return slices.Compact(out)
}

func (p *placer) grow(stage int) {
	for len(p.use) <= stage {
		p.use = append(p.use, Use{})
		p.held = append(p.held, nil)
		bars := map[*thread]*crossbar{}
		for _, t := range p.threads {
			bars[t] = &crossbar{t.p.set(), t.p.set(), map[string]bool{}}
		}
		p.bar = append(p.bar, bars)
	}
}

// place runs until every table has a stage.
func (p *placer) place() {
	p.grow(0)
	for {
		trial := p.trial()
		if len(trial) == 0 {
			if trial = p.stuck(); len(trial) == 0 {
				return
			}
		}
		best := trial[0]
		for _, t := range trial[1:] {
			if p.better(t, best) {
				best = t
			}
		}
		if best.stage > p.stage {
			if p.backfill() {
				continue
			}
			p.stage = best.stage
			p.waiting = nil
			p.forget(trial)
			if p.stage >= maxSpill {
				return
			}
			continue // with the reasons of the stage before in refused
		}
		p.commit(best)
		for _, t := range trial {
			if t != best && t.stage == p.stage && t.gw == nil && len(t.n.next) == 0 && !t.part {
				p.waiting = append(p.waiting, t.n)
			}
		}
	}
}

// forget keeps only the reasons of what was just tried.
func (p *placer) forget(trial []*spot) {
	keep := map[*node]string{}
	for _, s := range trial {
		keep[s.n] = p.refused[s.n]
	}
	p.refused = keep
}

// trial places every table that could be next, each alone.
func (p *placer) trial() []*spot {
	var out []*spot
	for _, t := range p.threads {
		for _, n := range p.ready(t) {
			if n.kind != gateway {
				out = append(out, p.try(n, nil))
				continue
			}
			merges, any := p.merges(t, n)
			for _, m := range merges {
				out = append(out, p.try(m, n))
			}
			if !any {
				out = append(out, p.try(n, nil))
			}
		}
	}
	return out
}

// ready lists the tables of a thread that may come next.
func (p *placer) ready(t *thread) []*node {
	var out []*node
	seen := map[*node]bool{}
	var visit func(*seq)
	visit = func(s *seq) {
		open := false
		for _, n := range s.nodes {
			if p.done[n] && !p.finished(n) {
				open = true
				for _, b := range n.next {
					visit(b.seq)
				}
			}
		}
		if open && !p.c.longBranch {
			return
		}
		for i, n := range s.nodes {
			if !p.done[n] && !seen[n] && p.free(t, n) && p.myTurn(t, s, i) {
				seen[n] = true
				out = append(out, n)
			}
		}
	}
	visit(t.top)
	return out
}

// stuck breaks a tie: tables shared between branches can wait for one another.
// The first in program order goes on.
func (p *placer) stuck() []*spot {
	for _, t := range p.threads {
		for _, n := range t.nodes {
			if !p.done[n] {
				return []*spot{p.try(n, nil)}
			}
		}
	}
	return nil
}

// myTurn: on Tofino, the tables that the i-th of a sequence must follow are
// placed with all that hangs on them.
func (p *placer) myTurn(t *thread, s *seq, i int) bool {
	if p.c.longBranch {
		return true
	}
	for _, a := range t.turn[s][i] {
		if !p.finished(a) {
			return false
		}
	}
	return true
}

// finished: the table and all that hangs on it are placed.
func (p *placer) finished(n *node) bool {
	if !p.done[n] {
		return false
	}
	for _, b := range n.next {
		for _, m := range b.seq.nodes {
			if !p.finished(m) {
				return false
			}
		}
	}
	return true
}

// free: all that must come before is placed.
func (p *placer) free(t *thread, n *node, except ...*node) bool {
	for _, e := range t.dep[n.id] {
		if !p.done[e.on] && !slices.Contains(except, e.on) {
			return false
		}
	}
	return true
}

// merges lists the tables that can share a logical table with a condition: a
// table directly under it. any: there are such tables, ready or not.
func (p *placer) merges(t *thread, gw *node) (out []*node, any bool) {
	for i := len(gw.next) - 1; i >= 0; i-- {
		s := gw.next[i].seq
		for _, n := range s.nodes {
			if n.kind == gateway || n.kind == checksum || len(n.in) > 1 || p.done[n] {
				continue
			}
			inside := false
			for _, e := range t.dep[n.id] {
				inside = inside || slices.Contains(s.nodes, e.on)
			}
			if inside {
				continue
			}
			any = true
			if p.free(t, n, gw) {
				out = append(out, n)
			}
		}
	}
	return out, any
}

// try finds the stage of one table, the current or the next.
func (p *placer) try(n, gw *node) *spot {
	t := p.of[n]
	s := &spot{n: n, gw: gw, stage: p.stage}
	if last, ok := p.at[n]; ok && last >= p.stage {
		s.stage, s.why = p.stage+1, "the rest of it is in this stage"
	} else if why := p.blocked(t, n, gw); why != "" {
		s.stage, s.why = p.stage+1, why
	}
	if s.stage == p.stage {
		if why := p.room(s, p.stage); why == "" {
			return s
		} else {
			s.stage, s.why = p.stage+1, why
		}
	}
	p.refused[n] = s.why
	p.grow(s.stage)
	s.part = false
	p.room(s, s.stage)
	return s
}

// blocked tells which table of the current stage n cannot share a stage with.
func (p *placer) blocked(t *thread, n, gw *node) string {
	for _, h := range p.held[p.stage] {
		if p.of[h.n] != t {
			continue
		}
		for _, a := range []*node{h.n, h.gw} {
			for _, b := range []*node{n, gw} {
				if a == nil || b == nil {
					continue
				}
				if e, ok := t.needsBefore(a, b); ok {
					return p.because(e, b)
				}
			}
		}
		if p.loose {
			continue
		}
		if c, ok := p.conflict(t, h.n, n); ok {
			return fmt.Sprintf("writes the container of %s, as %s does", c, h.n.name)
		}
	}
	return p.sharedBlocked(t, n)
}

// sharedBlocked: another table that uses the same memory could not follow into
// this stage.
func (p *placer) sharedBlocked(t *thread, n *node) string {
	for _, k := range indirect(p.b[t], n) {
		for _, m := range p.sharers[k] {
			if m == n || p.done[m] {
				continue
			}
			for _, h := range p.held[p.stage] {
				if p.of[h.n] != t {
					continue
				}
				if e, ok := t.needsBefore(h.n, m); ok {
					return "shares a memory with " + m.name + ", for which: " + p.because(e, m)
				}
			}
		}
	}
	return ""
}

func (p *placer) because(e edge, n *node) string {
	what := map[depKind]string{
		depMatch: "reads %s when it starts; %s writes it", depAction: "its action reads %s; %s writes it", depOutput: "writes %s after %s",
	}[e.kind]
	return fmt.Sprintf(what, n.p.name(e.unit), e.on.name)
}

// conflict: both write one container, in different places, for one packet.
func (p *placer) conflict(t *thread, a, b *node) (string, bool) {
	if !t.before[a.id].has(b.id) && !t.before[b.id].has(a.id) {
		return "", false
	}
	k := p.cont[t]
	wa, wb := t.writes(a, b).clone(), b.acc.write.clone()
	wa.minus(a.acc.filter)
	wb.minus(b.acc.filter)
	u := k.widen(wa).first(k.widen(wb))
	if u < 0 {
		return "", false
	}
	return t.p.name(u), true
}

// room fits a table into a stage and says what is missing.
func (p *placer) room(s *spot, stage int) string {
	n, t := s.n, p.of[s.n]
	m := p.mem[n]
	if s.gw != nil {
		m.use.Gateways += max(1, ceil(gatewayWidth(s.gw), gatewayBits))
	}
	used := p.use[stage]
	m.use.ExactBar, m.use.TernBar = p.crossbar(t, n, s.gw, stage)
	seen := map[string]bool{}
	for _, h := range n.needs.hash {
		if !seen[h.in] && !p.bar[stage][t].hash[h.in] {
			seen[h.in] = true
			m.use.HashBits += h.out
			m.use.HashDist += h.slices()
		}
	}
	shared := p.present(t, n, stage)
	want := p.entries[n]
	u := m.with(want, shared)
	short := used.over(&u)
	if short == nil {
		s.entries, s.use = want, u
		s.part = want < m.entries
		return ""
	}
	if m.split {
		if fits := m.most(&used, want, shared); fits > 0 && p.worth(&m, fits, want) {
			s.entries, s.part = fits, true
			s.use = m.with(fits, shared)
			return ""
		}
	}
	if used == (Use{}) {
		// More than a stage has and not to be split: it takes one whole stage.
		s.entries, s.use = want, u
		return ""
	}
	return fmt.Sprintf("no %s left: needs %d, %d of %d are taken", short.name, *short.of(&u), *short.of(&used), short.limit)
}

// worth: the compiler does not split off scraps.
func (p *placer) worth(m *memory, fits, want int) bool {
	if m.tcam.wide > 0 {
		return fits*m.tcam.lines >= tcamRows
	}
	return fits >= min(want, exactWays*ramRows/2)
}

// present: another table in the stage already brought the memories.
func (p *placer) present(t *thread, n *node, stage int) bool {
	ks := indirect(p.b[t], n)
	for _, k := range ks {
		for _, h := range p.held[stage] {
			if h.n != n && p.of[h.n] == t && slices.Contains(indirect(p.b[t], h.n), k) {
				return true
			}
		}
	}
	return false
}

// crossbar is how many bytes the stage must bring in beyond what it has.
func (p *placer) crossbar(t *thread, n, gw *node, stage int) (exact, tern int) {
	bar := p.bar[stage][t]
	count := func(in, have set) int {
		bytes, small := 0, 0
		in.each(func(u int) {
			switch w := t.p.widthOf(u); {
			case have.has(u):
			case w < 8:
				small += w // flags lie together
			default:
				bytes += ceil(w, 8)
			}
		})
		return bytes + ceil(small, 8)
	}
	in := n.acc.match.clone()
	if gw != nil {
		exact += count(gw.own, bar.exact)
	}
	if n.ternary() && n.kind != keyless {
		in.minus(n.own)
		tern = count(n.own, bar.tern)
	}
	return exact + count(in, bar.exact), tern
}

func (p *placer) commit(s *spot) {
	t, n := p.of[s.n], s.n
	s.why = p.explain(s)
	p.grow(s.stage)
	p.use[s.stage].add(&s.use)
	p.held[s.stage] = append(p.held[s.stage], s)
	bar := p.bar[s.stage][t]
	for _, h := range n.needs.hash {
		bar.hash[h.in] = true
	}
	if n.ternary() && n.kind != keyless {
		bar.tern.or(n.own)
	} else {
		bar.exact.or(n.acc.match)
	}
	if s.gw != nil {
		bar.exact.or(s.gw.own)
		p.done[s.gw], p.at[s.gw] = true, s.stage
	}
	p.at[n] = s.stage
	p.entries[n] -= s.entries
	p.done[n] = p.entries[n] <= 0
	delete(p.refused, n)
}

// explain says why a table is not one stage earlier.
func (p *placer) explain(s *spot) string {
	if s.stage == 0 {
		return ""
	}
	if why := p.refused[s.n]; why != "" {
		return why
	}
	t := p.of[s.n]
	for _, b := range []*node{s.gw, s.n} {
		if b == nil {
			continue
		}
		for _, e := range t.dep[b.id] {
			at, ok := p.at[e.on]
			switch {
			case !ok:
			case e.kind.later() && at == s.stage-1:
				return p.because(e, b)
			case e.kind == depControl && at == s.stage:
				return "runs after an outcome of " + e.on.name + ", which is in this stage"
			case e.kind == depAnti && at == s.stage:
				return fmt.Sprintf("writes %s, which %s in this stage still reads", b.p.name(e.unit), e.on.name)
			}
		}
	}
	return "its turn in the chain of next tables came in this stage"
}

// backfill puts a table into the current stage that could have gone there
// before another took the chain of next tables.
func (p *placer) backfill() bool {
	for i, n := range p.waiting {
		if p.done[n] {
			continue
		}
		s := p.try(n, nil)
		if s.stage != p.stage || s.part {
			continue
		}
		p.waiting = slices.Delete(p.waiting, i, i+1)
		p.commit(s)
		return true
	}
	return false
}
