package pipeline

import (
	"fmt"

	"gofino/pipeline/hash"
	"gofino/pipeline/ir"
	"gofino/tables"
)

// Options of a Pipe. The zero value works.
type Options struct {
	// Tailroom is the space in bytes after the longest Head.
	Tailroom int
}

// Unbounded is MaxParse's answer where a parse path may reach any depth.
const Unbounded = int(^uint(0) >> 1)

// Pipe is a program loaded into one pipe. It is immutable after Load except for
// the log counters of registers, which State.Mu guards like the registers.
type Pipe struct {
	pl      *ir.Pipeline
	target  ir.Target
	st      *tables.State
	opt     Options
	gress   [2]*gress
	hashes  []*hash.Func // by index of ir.Pipeline.Hashes
	logNext []uint32     // per register: the next cell of execute_log; guarded by State.Mu
}

// Load compiles a pipeline against one pipe's state. It resolves every name and
// place; errors carry the source position.
func Load(pl *ir.Pipeline, target ir.Target, st *tables.State, opt Options) (*Pipe, error) {
	pi := &Pipe{pl: pl, target: target, st: st, opt: opt, logNext: make([]uint32, len(pl.Registers))}
	for _, h := range pl.Hashes {
		f, err := hash.New(h)
		if err != nil {
			return nil, fmt.Errorf("%s: load: %w", Pos(h.Pos), err)
		}
		pi.hashes = append(pi.hashes, f)
	}
	for d, g := range [2]*ir.Gress{pl.Ingress, pl.Egress} {
		c, err := compile(pi, g)
		if err != nil {
			return nil, err
		}
		pi.gress[d] = c
	}
	return pi, nil
}

// MaxParse is the deepest byte of the window that any parse path of the gress
// can touch, or Unbounded.
func (pi *Pipe) MaxParse(d ir.Dir) int { return pi.gress[d].maxParse }

// NewPass makes the working memory of one gress.
func (pi *Pipe) NewPass(d ir.Dir) *Pass { return newPass(pi, d) }

// Ingress runs the packet in p.In through the ingress: the fast engine. The
// caller holds the state's Mu.
func (pi *Pipe) Ingress(p *Pass) { pi.run(p, ir.Ingress) }

// Egress runs the packet in p.In through the egress: the fast engine. The
// caller holds the state's Mu.
func (pi *Pipe) Egress(p *Pass) {
	pi.run(p, ir.Egress)
	if len(p.late) != 0 {
		p.settle()
	}
}

// Look is what somebody wants to see of a run. The zero value sees nothing.
type Look struct {
	Sink    Sink
	Capture *Capture
	Clock   Clock // without one, all events are of cycle 0
}

// Clock tells when a run does things, in cycles from its first parser state.
type Clock interface {
	State(i int) int                        // the parser enters a state
	Control() int                           // the parser has ended
	Statement(ir.Stmt) (cycle int, ok bool) // of the control; !ok: with the one before
	Deparser() int
}

// TraceIngress is Ingress by the reference engine, which reports every step.
func (pi *Pipe) TraceIngress(p *Pass, l Look) { pi.trace(p, ir.Ingress, l) }

// TraceEgress is Egress by the reference engine.
func (pi *Pipe) TraceEgress(p *Pass, l Look) {
	pi.trace(p, ir.Egress, l)
	p.settle()
}
