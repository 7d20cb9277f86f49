package fit

import (
	"slices"

	"gofino/pipeline/ir"
)

// ParserTime is how many cycles the parser of a gress is busy with a packet:
// one state is one cycle (timing.md section 4).
type ParserTime struct {
	States int `json:"states"` // after joining, what the TCAM holds
	Min    int `json:"min_cycles"`
	Max    int `json:"max_cycles"`
	// Depths lists how long packets take that end at each depth.
	Depths []Depth `json:"depths,omitempty"`
	// Cut: some path was still running at the hardware's limit of states.
	Cut bool `json:"cut,omitempty"`
}

// Depth is where a path through the parser ends.
type Depth struct {
	Bytes int `json:"bytes"`
	Min   int `json:"min_cycles"`
	Max   int `json:"max_cycles"`
}

// maxDepth bounds the bytes that are looked at; deeper paths repeat.
const maxDepth = 4096

// parserTime walks the parser. A state without a choice joins the one before
// it, as the compiler does, as long as the chip can take its bytes in the same
// cycle.
func parserTime(p *ir.Parser, g *ir.Gress) *ParserTime {
	t := &ParserTime{}
	if len(p.States) == 0 {
		return t
	}
	w := newParserWalk(p, g)
	t.States = w.states()
	w.run()
	t.Cut = w.cut
	depths := make([]int, 0, len(w.ends))
	for d := range w.ends {
		depths = append(depths, d)
	}
	slices.Sort(depths)
	for i, d := range depths {
		e := w.ends[d]
		if i == 0 {
			t.Min = e[0]
		}
		t.Min, t.Max = min(t.Min, e[0]), max(t.Max, e[1])
		t.Depths = append(t.Depths, Depth{d, e[0], e[1]})
	}
	return t
}

// at is a place of the walk: in a state, some bytes in, with bytes already
// taken in this cycle.
type at struct{ state, bytes, taken int }

type parserWalk struct {
	p     *ir.Parser
	g     *ir.Gress
	bytes []int // that a state takes
	into  []int // how many ways lead into a state
	ends  map[int][2]int
	seen  map[at][2]int
	queue []at
	cut   bool
}

func newParserWalk(p *ir.Parser, g *ir.Gress) *parserWalk {
	w := &parserWalk{p: p, g: g, ends: map[int][2]int{}, seen: map[at][2]int{}}
	w.into = make([]int, len(p.States))
	for _, s := range p.States {
		w.bytes = append(w.bytes, w.takes(s.Body))
		for _, next := range exits(s) {
			if next >= 0 {
				w.into[next]++
			}
		}
	}
	return w
}

func exits(s *ir.State) []int {
	if len(s.Keys) == 0 {
		return []int{s.Next}
	}
	var out []int
	for _, c := range s.Cases {
		if !slices.Contains(out, c.Next) {
			out = append(out, c.Next)
		}
	}
	return out
}

func (w *parserWalk) takes(list []ir.Stmt) int {
	n := 0
	for _, s := range list {
		switch s := s.(type) {
		case *ir.Extract:
			n += w.g.Headers[s.Header].Bytes
		case *ir.ExtractNext:
			n += w.g.Headers[w.g.Stacks[s.Stack].Headers[0]].Bytes
		case *ir.Advance:
			if c, ok := s.Bits.(*ir.Const); ok && c.V.IsInt64() {
				n += int(c.V.Int64() / 8)
			}
		case *ir.Block:
			n += w.takes(s.Body)
		}
	}
	return n
}

// joins: the state adds to the cycle of the one before it.
func (w *parserWalk) joins(from, to int) bool {
	return len(w.p.States[from].Keys) == 0 && w.into[to] == 1
}

func (w *parserWalk) states() int {
	n := 0
	for i, s := range w.p.States {
		n += max(1, ceil(w.bytes[i], parserShift))
		for _, next := range exits(s) {
			if next > 0 && w.joins(i, next) && w.bytes[i]+w.bytes[next] <= parserShift {
				n--
			}
		}
	}
	return max(n, 1)
}

// run finds the least and the most cycles to every place. A place is visited
// again only when that widens its range.
func (w *parserWalk) run() {
	w.visit(at{0, 0, 0}, 1, 1)
	for len(w.queue) > 0 {
		a := w.queue[0]
		w.queue = w.queue[1:]
		c := w.seen[a]
		n := w.bytes[a.state]
		lo, hi := c[0], c[1]
		taken := a.taken + n
		if taken > parserShift {
			more := ceil(taken, parserShift) - 1
			lo, hi = lo+more, hi+more
			taken = taken - more*parserShift
		}
		for _, next := range exits(w.p.States[a.state]) {
			switch {
			case next < 0:
				w.end(a.bytes+n, lo, hi)
			case hi >= parserStates || a.bytes+n > maxDepth:
				w.cut = true
				w.end(a.bytes+n, min(lo, parserStates), parserStates)
			case w.joins(a.state, next) && taken+w.bytes[next] <= parserShift:
				w.visit(at{next, a.bytes + n, taken}, lo, hi)
			default:
				w.visit(at{next, a.bytes + n, 0}, lo+1, hi+1)
			}
		}
	}
}

func (w *parserWalk) visit(a at, lo, hi int) {
	if c, ok := w.seen[a]; ok {
		if c[0] <= lo && c[1] >= hi {
			return
		}
		lo, hi = min(lo, c[0]), max(hi, c[1])
	}
	w.seen[a] = [2]int{lo, hi}
	w.queue = append(w.queue, a)
}

func (w *parserWalk) end(bytes, lo, hi int) {
	if e, ok := w.ends[bytes]; ok {
		lo, hi = min(lo, e[0]), max(hi, e[1])
	}
	w.ends[bytes] = [2]int{lo, hi}
}
