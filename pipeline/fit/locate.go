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
