package pipeline

import (
	"fmt"
	"math/big"

	"gofino/pipeline/ir"
)

// Meters and filters, in both engines. The markers themselves are in package
// tables: they are state.

// Bits of n of opMeter and opFilter: which operands there are.
const (
	withIndex  = 1 << iota // [x] is the index; else the entry's cell
	withColor              // [y] is the packet's colour
	withAdjust             // [d] is the number of bytes to subtract
)

func (c *compiler) meterExec(s *ir.MeterExec) {
	if s.Meter < 0 || s.Meter >= len(c.pipe.st.Meters) {
		c.fail("execute meter %d: there are %d", s.Meter, len(c.pipe.st.Meters))
		return
	}
	base := c.reg
	i := instr{op: opMeter, a: int32(s.Meter)}
	if s.Adjust != nil {
		i.d, i.n = c.amount(simplify(s.Adjust)), withAdjust
	} else {
		i.d = c.register()
	}
	if s.Index != nil {
		i.x, i.n = c.amount(simplify(s.Index)), i.n|withIndex
	}
	if s.Color != nil {
		i.y, i.n = c.amount(simplify(s.Color)), i.n|withColor
	}
	c.emit(i)
	c.store(s.Dst, i.d)
	c.reg = base
}

func (c *compiler) filterExec(s *ir.FilterExec) {
	if s.Filter < 0 || s.Filter >= len(c.pipe.st.Filters) {
		c.fail("execute filter %d: there are %d", s.Filter, len(c.pipe.st.Filters))
		return
	}
	base := c.reg
	i := instr{op: opFilter, a: int32(s.Filter)}
	i.y = c.amount(simplify(s.X))
	if s.Index != nil {
		i.x, i.n = c.amount(simplify(s.Index)), withIndex
	}
	i.d = c.register()
	c.emit(i)
	c.store(s.Dst, i.d)
	c.reg = base
}

func (p *Pass) meter(i *instr) uint64 {
	at, pre, adjust := uint64(p.cell), uint64(0), uint64(0)
	if i.n&withIndex != 0 {
		at = p.regs[i.x]
	}
	if i.n&withColor != 0 {
		pre = p.regs[i.y]
	}
	if i.n&withAdjust != 0 {
		adjust = p.regs[i.d]
	}
	return uint64(p.mark(i.a, at, pre, adjust))
}

// mark runs a meter. With true egress accounting the colour comes from the
// length that the packet has so far, and the buckets pay for the length that it
// leaves with.
func (p *Pass) mark(meter int32, at, pre, adjust uint64) uint8 {
	n := p.Bytes - int(min(adjust, uint64(p.Bytes)))
	color, mark := p.pipe.st.Meters[meter].Mark(at, pre, n, p.GlobalTstamp)
	if m := p.pipe.pl.Meters[meter]; m.TrueEgress && m.Dir == ir.Egress {
		p.late = append(p.late, lateCount{meter: true, mark: mark, charged: n, counter: meter, index: at, adjust: adjust})
	}
	return color
}

func (p *Pass) filter(i *instr) uint64 {
	at := uint64(p.cell)
	if i.n&withIndex != 0 {
		at = p.regs[i.x]
	}
	return p.pipe.st.Filters[i.a].Execute(at, p.regs[i.y], p.GlobalTstamp, p.Rand)
}

func (r *reference) meterExec(s *ir.MeterExec) {
	pre, adjust := uint64(0), uint64(0)
	if s.Adjust != nil {
		adjust = r.index(s.Adjust)
	}
	if s.Color != nil {
		pre = r.eval(s.Color).Uint64()
	}
	i := r.index(s.Index)
	v := r.p.mark(int32(s.Meter), i, pre, adjust)
	r.event(KindMeter, s.P, r.pl.Meters[s.Meter].Name, "index", fmt.Sprint(i), "bytes", fmt.Sprint(r.p.Bytes-int(min(adjust, uint64(r.p.Bytes)))), "color", fmt.Sprint(v))
	r.result(s.P, s.Dst, uint64(v))
}

func (r *reference) filterExec(s *ir.FilterExec) {
	i, x := r.index(s.Index), r.eval(s.X)
	v := r.pi.st.Filters[s.Filter].Execute(i, x.Uint64(), r.p.GlobalTstamp, r.p.Rand)
	r.event(KindMeter, s.P, r.pl.Filters[s.Filter].Name, "index", fmt.Sprint(i), "value", x.String(), "result", fmt.Sprint(v))
	r.result(s.P, s.Dst, v)
}

// result writes a number to a place, cut to its width.
func (r *reference) result(at ir.Pos, dst ir.Loc, v uint64) {
	if dst.Width == 0 {
		return
	}
	n := new(big.Int).SetUint64(v)
	r.set(at, dst, n.And(n, bigOnes(dst.Width)))
}
