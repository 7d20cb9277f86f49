package model

import (
	"slices"

	"gofino/pipeline"
	"gofino/pipeline/fit"
	"gofino/pipeline/ir"
	"gofino/tables"
)

// Traces, snapshots and debug counters of conditions look into the stages of a
// pipe. Packets that they may want run on the reference engine, which tells what
// happens in which stage; all others never come here.

// layout is where one gress of a pipeline lies on the chip; immutable.
type layout struct {
	stage  map[ir.Stmt]int // the last of a table's stages: its result is ready there
	names  map[ir.Stmt]string
	stages [][]logical // by stage, in the order of their numbers
	begins []int       // cycles: fit.Gress.Begins
}

// logical is a logical table: a match table or the condition of one.
type logical struct {
	name string
	t    int    // in Pipeline.Tables; -1 for bare statements
	gate *ir.If // the condition that shares its place
}

// layoutOf finds a gress in a report.
func layoutOf(target ir.Target, pl *ir.Pipeline, dir ir.Dir, r *fit.Report) *layout {
	names := fit.Logical(target, pl, dir)
	l := &layout{stage: map[ir.Stmt]int{}, names: names}
	g := gressOf(r, pl, dir)
	if g == nil {
		return l
	}
	l.begins = g.Begins()
	spans := g.Spans()
	gates := map[string]*ir.If{}
	for s, name := range names {
		if at, ok := spans[name]; ok {
			l.stage[s] = at.Last
		}
		if x, ok := s.(*ir.If); ok {
			gates[name] = x
		}
	}
	index := map[string]int{}
	for i, t := range pl.Tables {
		if t.Dir == dir {
			index[t.Name] = i
		}
	}
	for _, s := range g.Stages {
		var list []logical
		for _, h := range s.Held {
			x := logical{name: h.Name, t: -1, gate: gates[h.Gateway]}
			if i, ok := index[h.Name]; ok {
				x.t = i
			}
			if h.Kind == "condition" {
				x.name = "" // takes a number, but is no table
			}
			list = append(list, x)
		}
		l.stages = append(l.stages, list)
	}
	return l
}

// layout of one gress of a pipe, found when it is first asked for. The caller
// holds the pipe's lock.
func (p *pipe) layout(s *Switch, dir ir.Dir) *layout {
	if p.layouts[dir] == nil {
		p.layouts[dir] = layoutOf(s.target, p.pl, dir, s.programOf(p.index).stages())
	}
	return p.layouts[dir]
}

// spots are the numbers of the logical tables of a pipeline's tables: egress
// ones come after those of ingress in a stage.
func (p *program) spots(pipeline int) [][]int {
	pl := p.Program.Pipelines[pipeline]
	out := make([][]int, len(pl.Tables))
	used := map[int]int{}
	for _, dir := range []ir.Dir{ir.Ingress, ir.Egress} {
		for stage, list := range layoutOf(p.Program.Target, pl, dir, p.stages()).stages {
			for _, x := range list {
				n := used[stage]
				used[stage]++
				if x.t >= 0 && n < tables.LogicalPerStage {
					out[x.t] = append(out[x.t], stage*tables.LogicalPerStage+n)
				}
			}
		}
	}
	return out
}

// watched tells whether somebody looks into the stages of a gress.
func (p *pipe) watched(dir ir.Dir) bool {
	return p.st.Snapshots.Armed[dir] != 0 || p.st.Debug.Gates != 0
}

// look runs a packet through a gress that somebody looks at.
func (c *call) look(p *pipe, dir ir.Dir, now int64) {
	layout := p.layout(c.s, dir)
	var l pipeline.Look
	if c.sink != nil {
		l.Sink, l.Clock = c.sink, p.cycleClock(layout, dir)
	}
	if p.watched(dir) {
		l.Capture = &pipeline.Capture{Stage: layout.at}
	}
	if dir == ir.Ingress {
		p.run.TraceIngress(p.ig, l)
	} else {
		p.run.TraceEgress(p.eg, l)
	}
	if l.Capture != nil {
		p.captures(layout, l.Capture, dir, now)
	}
}

// at is where a statement runs, -1 if that is not known.
func (l *layout) at(s ir.Stmt) int {
	if n, ok := l.stage[s]; ok {
		return n
	}
	return -1
}

// captures gives a run to what waits for it.
func (p *pipe) captures(l *layout, k *pipeline.Capture, dir ir.Dir, now int64) {
	if !k.Ran {
		return // the parser dropped it: no stage saw it
	}
	p.countGates(l, k)
	p.st.Snapshots.Waiting(dir, func(s *tables.Snapshot) {
		wanted, timer := s.Wants(k.Memory(s.First), now)
		if !wanted {
			return
		}
		s.Timer = timer
		for stage := s.First; stage <= s.Last; stage++ {
			s.Stages = append(s.Stages, p.captured(l, k, stage))
		}
	})
}

// captured is what one stage saw.
func (p *pipe) captured(l *layout, k *pipeline.Capture, stage int) tables.SnapshotStage {
	out := tables.SnapshotStage{Memory: k.Memory(stage)}
	if stage < len(l.stages) {
		for _, x := range l.stages[stage] {
			if x.name == "" {
				continue
			}
			t := tables.SnapshotTable{Name: p.tableName(x), Executed: l.ran(x, k)}
			if run := x.run(k); run != nil {
				t.Hit, t.Handle = run.Hit, run.Handle
			} else if _, came := k.Gates[x.gate]; x.gate != nil && came {
				t.Executed, t.Inhibited = true, true
			}
			out.Tables = append(out.Tables, t)
		}
	}
	for next := stage + 1; next < len(l.stages); next++ {
		for _, x := range l.stages[next] {
			if x.name != "" && l.ran(x, k) && !slices.Contains(out.Enabled, p.tableName(x)) {
				out.Enabled = append(out.Enabled, p.tableName(x))
			}
		}
	}
	if len(out.Enabled) > 0 {
		out.Next = out.Enabled[0]
	}
	return out
}

// tableName is the name in the table API, or the compiler's of bare statements.
func (p *pipe) tableName(x logical) string {
	if x.t < 0 {
		return x.name
	}
	return p.pl.Name + "." + x.name
}

// run is the packet's application of the table, nil for none.
func (x *logical) run(k *pipeline.Capture) *pipeline.TableRun {
	for i := range k.Tables {
		if x.t >= 0 && k.Tables[i].Apply.Table == x.t {
			return &k.Tables[i]
		}
	}
	return nil
}

// ran tells whether the packet came through a logical table.
func (l *layout) ran(x logical, k *pipeline.Capture) bool {
	if x.t >= 0 {
		return x.run(k) != nil
	}
	for s := range k.Bare {
		if l.names[s] == x.name {
			return true
		}
	}
	return false
}

// countGates counts the conditions that share places with tables: a hit is a
// condition that is true, a miss one that is not, and where the table did not
// run for it, it was inhibited.
func (p *pipe) countGates(l *layout, k *pipeline.Capture) {
	if p.st.Debug.Gates == 0 {
		return
	}
	for _, list := range l.stages {
		for _, x := range list {
			taken, came := k.Gates[x.gate]
			if x.t < 0 || x.gate == nil || !came {
				continue
			}
			p.st.Debug.Tables[x.t].CountGate(taken, x.run(k) == nil)
		}
	}
}
