package model

import (
	"math/rand/v2"
	"slices"
	"sync/atomic"

	"gofino/pipeline"
	"gofino/pipeline/ir"
	"gofino/tables"
)

// pipe is one pipe of the chip. What is not immutable is guarded by st.Mu.
type pipe struct {
	index  int            // immutable
	pl     *ir.Pipeline   // immutable
	run    *pipeline.Pipe // immutable
	st     *tables.State  // immutable; holds the lock
	ig, eg *pipeline.Pass
	rand   *rand.PCG
	learn  *learnFilter   // nil for a program without digests
	ports  [128]portCount // by local port

	igWin    []byte // the ingress parser's window
	igMax    int    // immutable: how deep the ingress parser can look
	resubmit [maxResubmitBytes]byte
	// resubmits: the program can resubmit, so its valid bit is worth a look.
	resubmits bool
	pktgens   bool // the program can trigger the packet generator
	marks     bool // the program can set packet_color or deflect_on_drop
	// The program writes adv_flow_ctl.
	igFlow, egFlow bool

	times   [2]gressTime // by gress; immutable
	layouts [2]*layout   // by gress; nil until somebody looks into the stages

	egWin []byte // the egress parser's window: header, then the packet
	egMax int    // immutable
	// egOf is the stored packet whose bytes follow the header in egWin: the
	// copies of one packet differ in the header only.
	egOf uint64
}

func newPipe(index int, pl *ir.Pipeline, t ir.Target, st *tables.State, seed uint64, stages [2]int) (*pipe, error) {
	tail := headBound(pl.Ingress.Deparser, pl.Ingress) + maxEgBytes + maxMirrorHeader
	run, err := pipeline.Load(pl, t, st, pipeline.Options{Tailroom: tail})
	if err != nil {
		return nil, err
	}
	p := &pipe{
		index: index, pl: pl, run: run, st: st,
		ig: run.NewPass(ir.Ingress), eg: run.NewPass(ir.Egress),
		rand:  rand.NewPCG(seed, uint64(index)+1),
		igMax: run.MaxParse(ir.Ingress), egMax: run.MaxParse(ir.Egress),
	}
	p.times = [2]gressTime{newGressTime(t, pl.Ingress, stages[ir.Ingress]), newGressTime(t, pl.Egress, stages[ir.Egress])}
	p.ig.Rand, p.eg.Rand = p.rand, p.rand
	p.pktgens = emitsPktgen(pl.Ingress.Deparser)
	p.resubmits = p.ig.HasIntr(ir.ResubmitTypeValid)
	p.marks = p.ig.HasIntr(ir.PacketColor) || p.ig.HasIntr(ir.DeflectOnDrop)
	_, p.igFlow = findWrite(pl, pl.Ingress, ir.AdvFlowCtl)
	_, p.egFlow = findWrite(pl, pl.Egress, ir.AdvFlowCtl)
	p.igWin = make([]byte, 0, 256)
	p.egWin = make([]byte, maxEgBytes, 256)
	return p, nil
}

// lock takes the pipe for a call. Another call may have left the window.
func (p *pipe) lock() {
	p.st.Mu.Lock()
	p.egOf = 0
}

// headBound is the most bytes that a deparser can emit.
func headBound(body []ir.Stmt, g *ir.Gress) int {
	n := 0
	for _, s := range body {
		switch s := s.(type) {
		case *ir.Emit:
			n += g.Headers[s.Header].Bytes
		case *ir.If:
			n += max(headBound(s.Then, g), headBound(s.Else, g))
		case *ir.Switch:
			most := headBound(s.Default, g)
			for _, c := range s.Cases {
				most = max(most, headBound(c.Body, g))
			}
			n += most
		case *ir.Block:
			n += headBound(s.Body, g)
		}
	}
	return n
}

// emitsPktgen tells whether a deparser can trigger the packet generator.
func emitsPktgen(body []ir.Stmt) bool {
	return slices.ContainsFunc(body, func(s ir.Stmt) bool {
		switch s := s.(type) {
		case *ir.PktgenEmit:
			return true
		case *ir.If:
			return emitsPktgen(s.Then) || emitsPktgen(s.Else)
		case *ir.Switch:
			return emitsPktgen(s.Default) || slices.ContainsFunc(s.Cases, func(c ir.SwitchCase) bool { return emitsPktgen(c.Body) })
		case *ir.Block:
			return emitsPktgen(s.Body)
		}
		return false
	})
}

// Port states, as bits of Switch.ports.
const (
	portExists uint32 = 1 << iota
	portUp            // exists, enabled, link up
	portLoop          // what leaves here comes back in: recirculation or MAC loopback
	portMatch         // and the packet generator looks at it
	portQueued        // copies wait in queues (queue.go)
	portPaused        // pause frames that arrive stop them (pause.go)
)

const portOK = portExists | portUp

// portFlags of every 9-bit port; atomic, written by the control plane.
type portFlags [512]atomic.Uint32

// recirculates: the local ports that always lead back into their pipe (chip.md
// section 1). Tofino: 68..71 of every pipe. Tofino 2: 1, 6 and 7 of pipe 0, 0
// to 7 of the others.
func recirculates(t ir.Target, p Port) bool {
	l := p.Local()
	if t == ir.Tofino2 {
		if p.Pipe() == 0 {
			return l == 1 || l == 6 || l == 7
		}
		return l <= 7
	}
	return l >= 68 && l <= 71
}

// inside tells whether a front-panel port (chip.md section 1) is wired to
// itself.
func (c *Config) inside(t ir.Target, p Port) bool {
	first, last := 0, 63
	if t == ir.Tofino2 {
		first, last = 8, 71
	}
	return c.LoopPipes>>p.Pipe()&1 != 0 && p.Local() >= first && p.Local() <= last
}

// cpuPorts are pipe 0's ports to the CPU. They need no $PORT entry.
func cpuPort(t ir.Target, p Port) bool {
	if t == ir.Tofino2 {
		return p == 0 || p >= 2 && p <= 5
	}
	return p >= 64 && p <= 67
}
