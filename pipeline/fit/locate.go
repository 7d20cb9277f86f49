package fit

import "gofino/pipeline/ir"

// Span is the stages that a logical table lies in.
type Span struct{ First, Last int }

// Logical names the logical table that each statement of a gress's control
// became: the tables applied, the conditions and switches, and the bare
// statements. What costs no table is not in it.
func Logical(target ir.Target, pl *ir.Pipeline, dir ir.Dir) map[ir.Stmt]string {
	g := pl.Ingress
	if dir == ir.Egress {
		g = pl.Egress
	}
	b := newBuilder(chipOf(target), pl, g)
	b.thread(g)
	out := make(map[ir.Stmt]string, len(b.origin))
	for s, n := range b.origin {
		out[s] = n.name
	}
	return out
}

// Spans tells where each logical table of the gress lies, conditions included:
// one that shares the place of a table lies where that begins.
func (g *Gress) Spans() map[string]Span {
	out := map[string]Span{}
	add := func(name string, stage int) {
		s, ok := out[name]
		if !ok {
			s.First = stage
		}
		s.Last = stage
		out[name] = s
	}
	for _, s := range g.Stages {
		for i := range s.Held {
			h := &s.Held[i]
			add(h.Name, s.Stage)
			if _, ok := out[h.Gateway]; h.Gateway != "" && !ok {
				add(h.Gateway, s.Stage)
			}
		}
	}
	return out
}

// Begins is the cycle, from the first stage's first, at which each stage has all
// that it waits for: what the stages before it contribute, and Tofino's corner, which
// Tofino 2 does not have (timing.md section 2.2).
func (g *Gress) Begins() []int {
	corner, turn := g.LatencyCycles, chipOf(ir.Tofino).turn
	for _, s := range g.Stages {
		corner -= s.Contributes
	}
	out := make([]int, len(g.Stages))
	at := 0
	for i, s := range g.Stages {
		if i == turn {
			at += corner
		}
		out[i] = at
		at += s.Contributes
	}
	return out
}

// Nanoseconds that so many cycles take, rounded.
func Nanoseconds(target ir.Target, cycles int) int64 {
	mhz := int64(chipOf(target).clockMHz)
	return (int64(cycles)*1000 + mhz/2) / mhz
}

// Parser tells what a gress's parser takes for packets that end at each depth.
func Parser(g *ir.Gress) *ParserTime { return parserTime(g.Parser, g) }

// ParserRun counts the cycles of one packet in a parser.
type ParserRun struct {
	w      *parserWalk
	at     int // the state it is in; -1 before the first
	taken  int // bytes of this cycle
	cycles int // begun
}

// NewParserRun is a run that has not begun.
func NewParserRun(g *ir.Gress) *ParserRun { return &ParserRun{w: newParserWalk(g.Parser, g), at: -1} }

// Enter goes to a state and returns the cycle in which it runs, from 0.
func (r *ParserRun) Enter(state int) int {
	switch r.finish(); {
	case r.at >= 0 && r.w.joins(r.at, state) && r.taken+r.w.bytes[state] <= parserShift:
	default:
		r.cycles, r.taken = r.cycles+1, 0
	}
	r.at = state
	return r.cycles - 1
}

// End is the number of cycles that the parser took.
func (r *ParserRun) End() int {
	r.finish()
	r.at = -1
	return r.cycles
}

// finish takes the bytes of the state that it is in.
func (r *ParserRun) finish() {
	if r.at < 0 {
		return
	}
	if r.taken += r.w.bytes[r.at]; r.taken > parserShift {
		more := ceil(r.taken, parserShift) - 1
		r.cycles, r.taken = r.cycles+more, r.taken-more*parserShift
	}
}
