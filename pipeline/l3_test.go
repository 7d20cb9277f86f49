package pipeline

import (
	"testing"

	"gofino/pipeline/ir"
)

// The L3 router of the benchmarks: ingress looks the destination up, rewrites
// both MAC addresses, takes one from TTL and updates the checksum; egress
// parses again, rewrites the source MAC per port and emits.

type ethIPv4 struct{ eth, ip hdr }

func (b *prog) ethIPv4() ethIPv4 {
	return ethIPv4{
		eth: b.header("hdr.ethernet", 48, 48, 16),
		ip:  b.header("hdr.ipv4", 4, 4, 8, 16, 16, 3, 13, 8, 8, 16, 32, 32),
	}
}

func (h *ethIPv4) states(first ...ir.Stmt) []*ir.State {
	var csum []ir.Expr
	for _, f := range h.ip.f {
		csum = append(csum, ld(f))
	}
	return []*ir.State{
		{Name: "start", Body: append(first, &ir.Extract{Header: h.eth.index}), Keys: []ir.Expr{ld(h.eth.f[2])},
			Cases: []*ir.Case{exactCase(1, 0x0800), otherwise(ir.Accept, 1)}},
		{Name: "ipv4", Body: []ir.Stmt{&ir.Extract{Header: h.ip.index}, &ir.ChecksumAdd{Unit: 0, Data: csum}}, Next: ir.Accept},
	}
}

func (h *ethIPv4) update() ir.Stmt {
	var data []ir.Expr
	for i, f := range h.ip.f {
		if i != 9 {
			data = append(data, ld(f))
		}
	}
	return then(ld(h.ip.valid), &ir.ChecksumUpdate{Dst: h.ip.f[9], Data: data})
}

func l3() *prog {
	b := newProg()
	intr := b.header("ig_intr_md", 1, 1, 2, 3, 9, 48)
	h := b.ethIPv4()
	bad := b.meta("csum_err", 1)
	port := b.intr(ir.UcastEgressPort, 9)
	valid := b.intr(ir.UcastValid, 1)
	drop := b.intr(ir.DropCtl, 3)
	b.intr(ir.GlobalTstamp, 48)
	b.intr(ir.ParserErr, 16)
	states := h.states(&ir.Extract{Header: intr.index}, &ir.Advance{Bits: num(32, 64)})
	states[1].Body = append(states[1].Body, &ir.ChecksumVerify{Unit: 0, Dst: bad})
	b.parser(states...)
	fwd := b.action("forward", []int{9, 48, 48}, func(p []ir.Loc) []ir.Stmt {
		return []ir.Stmt{
			set(port, ld(p[0])), set(valid, num(1, 1)),
			set(h.eth.f[0], ld(p[1])), set(h.eth.f[1], ld(p[2])),
			set(h.ip.f[7], bin(ir.Sub, ld(h.ip.f[7]), num(8, 1))),
		}
	})
	dropIt := b.action("drop", nil, func([]ir.Loc) []ir.Stmt { return []ir.Stmt{set(drop, num(3, 1))} })
	i, t := b.table("ipv4_lpm", []ir.Key{key(ld(h.ip.f[11]), ir.LPM)}, fwd, dropIt)
	t.Default = ir.ActionCall{Action: 1}
	t.Entries = []ir.Entry{
		{Keys: []ir.KeyMatch{{Value: []byte{10, 0, 0, 0}, Prefix: 8}}, Call: ir.ActionCall{Action: 0, Data: unhex("0005" + "020000000005" + "020000000001")}},
		{Keys: []ir.KeyMatch{{Value: []byte{10, 1, 0, 0}, Prefix: 16}}, Call: ir.ActionCall{Action: 0, Data: unhex("0006" + "020000000006" + "020000000001")}},
	}
	b.g.Control = []ir.Stmt{
		&ir.If{Cond: bin(ir.LAnd, bin(ir.LAnd, ld(h.ip.valid), bin(ir.Eq, ld(bad), num(1, 0))), bin(ir.Gt, ld(h.ip.f[7]), num(8, 1))),
			Then: []ir.Stmt{&ir.Apply{Table: i}}, Else: []ir.Stmt{set(drop, num(3, 1))}},
	}
	b.g.Deparser = []ir.Stmt{h.update(), &ir.Emit{Header: h.eth.index}, &ir.Emit{Header: h.ip.index}}

	b.g = b.pl.Egress
	eg := b.header("eg_intr_md", 7, 9, 5, 19, 6, 2, 14, 18, 5, 19, 6, 2, 8, 14, 18, 16, 7, 1, 3, 5, 5, 3, 7, 1, 16)
	e := b.ethIPv4()
	edrop := b.intr(ir.DropCtl, 3)
	b.parser(e.states(&ir.Extract{Header: eg.index})...)
	smac := b.action("smac", []int{48}, func(p []ir.Loc) []ir.Stmt { return []ir.Stmt{set(e.eth.f[1], ld(p[0]))} })
	j, et := b.table("port_mac", []ir.Key{key(ld(eg.f[1]), ir.Exact)}, smac)
	et.Entries = []ir.Entry{{Keys: []ir.KeyMatch{{Value: []byte{0, 6}}}, Call: ir.ActionCall{Action: 0, Data: unhex("0200000000aa")}}}
	b.g.Control = []ir.Stmt{then(ld(e.ip.valid), &ir.Apply{Table: j}), then(bin(ir.Eq, ld(e.ip.f[7]), num(8, 0)), set(edrop, num(3, 1)))}
	b.g.Deparser = []ir.Stmt{e.update(), &ir.Emit{Header: e.eth.index}, &ir.Emit{Header: e.ip.index}}
	return b
}

// l3Packet is a packet to 10.1.2.3 behind ingress intrinsic and port metadata.
const l3Packet = "0003000000000001" + "0000000000000000" +
	"020000000001" + "020000000099" + "0800" +
	"4500002e000100004011" + "6458" + "0a000063" + "0a010203" +
	"0000000000000000000000000000000000000000000000000000"

// l3Egress is the egress intrinsic header of port 6.
const l3Egress = "0006" + "00000000000000000000000000000000000000000000000000"

func TestL3RoutesAndUpdatesTheChecksum(t *testing.T) {
	tw := load(t, l3())
	p := tw.run(ir.Ingress, unhex(l3Packet))
	if p.Verdict != Forward || p.Intr(ir.UcastEgressPort) != 6 || p.Intr(ir.UcastValid) != 1 || p.Intr(ir.DropCtl) != 0 {
		t.Fatalf("verdict %v error %v port %d drop %d", p.Verdict, p.Err, p.Intr(ir.UcastEgressPort), p.Intr(ir.DropCtl))
	}
	want := "020000000006" + "020000000001" + "0800" + "4500002e00010000" + "3f11" + "6558" + "0a000063" + "0a010203"
	if got := hexOf(p.Head); got != want {
		t.Errorf("head %s, want %s", got, want)
	}
	if p.Consumed != 16+34 {
		t.Errorf("consumed %d", p.Consumed)
	}
	if n := tw.fast.MaxParse(ir.Ingress); n != 16+34 {
		t.Errorf("MaxParse %d", n)
	}
	window := append(unhex(l3Egress), p.Head...)
	q := tw.run(ir.Egress, window)
	if got := hexOf(q.Head); got != "020000000006"+"0200000000aa"+want[24:] {
		t.Errorf("egress head %s", got)
	}
	// No route: dropped by the default action.
	miss := unhex(l3Packet)
	miss[16+30] = 11
	miss[16+24], miss[16+25] = 0x63, 0x58
	if p := tw.run(ir.Ingress, miss); p.Intr(ir.DropCtl) != 1 {
		t.Error("a packet without route is not dropped")
	}
	// A wrong checksum: dropped by the control.
	bad := unhex(l3Packet)
	bad[16+20]++
	if p := tw.run(ir.Ingress, bad); p.Intr(ir.DropCtl) != 1 {
		t.Error("a packet with a wrong checksum is not dropped")
	}
	// Cut in the IP header: the ingress parser drops.
	if p := tw.run(ir.Ingress, unhex(l3Packet)[:40]); p.Verdict != ParserDrop || p.Err != ErrPartialHdr {
		t.Errorf("cut packet: %v %v", p.Verdict, p.Err)
	}
}

func TestFastEngineDoesNotAllocate(t *testing.T) {
	tw := load(t, l3())
	ig, eg := tw.passes[0][0], tw.passes[0][1]
	ig.In = unhex(l3Packet)
	eg.In = append(unhex(l3Egress), ig.In[16:50]...)
	if n := testing.AllocsPerRun(100, func() { tw.fast.Ingress(ig); tw.fast.Egress(eg) }); n != 0 {
		t.Errorf("L3: %v allocations per packet, want 0", n)
	}
	for seed := range uint64(40) {
		b, dir := randomProg(seed)
		tw := load(t, b)
		p := tw.passes[0][dir]
		p.In = unhex(l3Packet)
		run := tw.fast.Ingress
		if dir == ir.Egress {
			run = tw.fast.Egress
		}
		if n := testing.AllocsPerRun(10, func() { run(p) }); n != 0 {
			t.Errorf("program %d: %v allocations per packet, want 0", seed, n)
		}
	}
}

func BenchmarkL3(b *testing.B) {
	tw := load(b, l3())
	ig, eg := tw.passes[0][0], tw.passes[0][1]
	ig.In = unhex(l3Packet)
	window := append(unhex(l3Egress), make([]byte, 64)...)
	b.Run("ingress", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			tw.fast.Ingress(ig)
		}
	})
	b.Run("egress", func(b *testing.B) {
		b.ReportAllocs()
		n := copy(window[27:], ig.Head)
		eg.In = window[:27+n]
		for b.Loop() {
			tw.fast.Egress(eg)
		}
	})
	b.Run("both", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			tw.fast.Ingress(ig)
			n := copy(window[27:], ig.Head)
			eg.In = window[:27+n]
			tw.fast.Egress(eg)
		}
	})
}

// BenchmarkOneOp is the engine's overhead per packet and per operation.
func BenchmarkOneOp(b *testing.B) {
	p := newProg()
	x := p.meta("x", 16)
	for _, n := range []int{1, 101} {
		p.g.Control = nil
		for range n {
			p.g.Control = append(p.g.Control, set(x, bin(ir.Add, ld(x), num(16, 1))))
		}
		tw := load(b, p)
		pass := tw.passes[0][0]
		b.Run(map[int]string{1: "1", 101: "101"}[n], func(b *testing.B) {
			for b.Loop() {
				tw.fast.Ingress(pass)
			}
		})
	}
}
