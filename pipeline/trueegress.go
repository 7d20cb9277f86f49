package pipeline

import (
	"fmt"

	"gofino/pipeline/ir"
	"gofino/tables"
)

// True egress accounting (Tofino 2, chip.md section 6): counters and meters that charge
// the bytes of the packet as the deparser leaves it. What they count is kept
// until the deparser has run. A packet that drop_ctl drops afterwards has been
// counted: no public source says otherwise.

// egressHeaderT2 is the size in bytes of Tofino 2's egress intrinsic metadata,
// which no counter charges (tna-semantics.md section 2.5).
const egressHeaderT2 = 28

// lateCount is one count that waits.
type lateCount struct {
	meter   bool // correct what meter number counter charged: charged bytes
	mark    tables.Mark
	charged int
	counter int32
	cell    bool // a direct counter: index is the entry's cell
	index   uint64
	adjust  uint64 // bytes to subtract
}

// lateCounter tells whether counter i of the pipeline charges what leaves.
func lateCounter(pl *ir.Pipeline, i int) bool {
	return i < len(pl.Counters) && pl.Counters[i].TrueEgress && pl.Counters[i].Dir == ir.Egress
}

// settle counts what waited for the deparser.
func (p *Pass) settle() {
	leaves := max(p.Bytes-(p.Consumed-egressHeaderT2)+len(p.Head), 0)
	for _, l := range p.late {
		n := leaves - int(min(l.adjust, uint64(leaves)))
		if l.meter {
			p.pipe.st.Meters[l.counter].Recharge(l.index, l.mark, l.charged, n)
			continue
		}
		c := p.pipe.st.Counters[l.counter]
		if l.cell {
			c.CountCell(uint32(l.index), n)
		} else {
			c.Count(l.index, n)
		}
	}
	p.late = p.late[:0]
}

// countLate keeps a count of the fast engine.
func (p *Pass) countLate(i *instr) {
	l := lateCount{counter: i.a, cell: i.b != 0, index: uint64(p.cell)}
	if !l.cell {
		l.index = p.regs[i.x]
	}
	if i.n != 0 {
		l.adjust = p.regs[i.y]
	}
	p.late = append(p.late, l)
}

// countLate keeps a count of the reference engine.
func (r *reference) countLate(s *ir.Count) {
	l := lateCount{counter: int32(s.Counter), cell: s.Index == nil, index: r.index(s.Index)}
	if s.Adjust != nil {
		l.adjust = r.eval(s.Adjust).Uint64()
	}
	r.event(KindCount, s.P, r.pl.Counters[s.Counter].Name, "index", fmt.Sprint(l.index), "bytes", "as the packet leaves")
	r.p.late = append(r.p.late, l)
}
