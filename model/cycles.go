package model

import (
	"sync/atomic"

	"gofino/pipeline"
	"gofino/pipeline/fit"
	"gofino/pipeline/ir"
)

// What a packet spends in a gress is its parser's states and the latency of the
// stages (timing.md section 8), in cycles of the chip's clock, and on top of it
// what Timing has for the rest.

// gressTime is what one gress of a pipe takes.
type gressTime struct {
	stages int     // cycles from the first stage to the last
	ns     []int64 // parser and stages together, by the depth at which the parser ended
}

// maxTimedDepth: deeper packets take as long as one that ends there.
const maxTimedDepth = 1 << 12

// newGressTime is the time of a gress whose stages take so many cycles. Where
// ways through the parser that end at one depth differ, the longest counts; at
// a depth where none ends, that of the next.
func newGressTime(target ir.Target, g *ir.Gress, stages int) gressTime {
	t := gressTime{stages: stages}
	depths := fit.Parser(g).Depths
	for _, d := range depths {
		for len(t.ns) <= min(d.Bytes, maxTimedDepth) {
			t.ns = append(t.ns, fit.Nanoseconds(target, d.Max+stages))
		}
	}
	if len(t.ns) == 0 {
		t.ns = []int64{fit.Nanoseconds(target, stages)}
	}
	return t
}

// at is the time of a packet whose parser ended so deep.
func (t *gressTime) at(depth int) int64 { return t.ns[min(depth, len(t.ns)-1)] }

// latencies are the cycles of the stages of each pipeline's ingress and egress.
type latencies [][2]int

// latencies of a program: what a saved switch had, or the report's.
func (p *program) latencies() latencies {
	if p.cycles != nil {
		return p.cycles
	}
	r := p.stages()
	out := make(latencies, len(p.Program.Pipelines))
	for i, pl := range p.Program.Pipelines {
		for _, dir := range []ir.Dir{ir.Ingress, ir.Egress} {
			if g := gressOf(r, pl, dir); g != nil {
				out[i][dir] = g.LatencyCycles
			}
		}
	}
	return out
}

// gressOf a pipeline in a report; nil if it has none.
func gressOf(r *fit.Report, pl *ir.Pipeline, dir ir.Dir) *fit.Gress {
	for _, p := range r.Pipelines {
		if p.Name == pl.Name || len(r.Pipelines) == 1 {
			return p.Gress[dir.String()]
		}
	}
	return nil
}

// lastEstimate is the newest one: many switches of one program are made in a
// row.
var lastEstimate atomic.Pointer[estimate]

type estimate struct {
	of     *ir.Program
	report *fit.Report
}

func estimateOf(prog *ir.Program) *fit.Report {
	if e := lastEstimate.Load(); e != nil && e.of == prog {
		return e.report
	}
	e := &estimate{prog, fit.Estimate(prog)}
	lastEstimate.Store(e)
	return e.report
}

// cycleClock is the clock of a traced run.
type cycleClock struct {
	layout *layout
	parser *fit.ParserRun
	parsed int // cycles of the parser
	stages int
}

var _ pipeline.Clock = (*cycleClock)(nil)

func (p *pipe) cycleClock(l *layout, dir ir.Dir) *cycleClock {
	g := p.pl.Ingress
	if dir == ir.Egress {
		g = p.pl.Egress
	}
	return &cycleClock{layout: l, parser: fit.NewParserRun(g), stages: p.times[dir].stages}
}

// State is the parser in a state.
func (w *cycleClock) State(i int) int { return w.parser.Enter(i) }

// Control is the end of the parser.
func (w *cycleClock) Control() int {
	w.parsed = w.parser.End()
	return w.parsed
}

// Statement is one of the control's.
func (w *cycleClock) Statement(s ir.Stmt) (cycle int, ok bool) {
	n, ok := w.layout.stage[s]
	if !ok || n >= len(w.layout.begins) {
		return 0, false
	}
	return w.parsed + w.layout.begins[n], true
}

// Deparser is the end of the last stage.
func (w *cycleClock) Deparser() int { return w.parsed + w.stages }
