package pipeline

import (
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"gofino/pipeline/ir"
)

func TestLoadRefusesBrokenPrograms(t *testing.T) {
	at := ir.S{P: ir.Pos{File: "x.p4", Line: 3, Col: 5}}
	for _, c := range []struct {
		want string
		make func(b *prog) ir.Stmt
	}{
		{"x.p4:3:5: load ingress: compile expression: operator 3 on 72 bits; divide and modulo take at most 64", func(b *prog) ir.Stmt {
			l := b.meta("x", 72)
			return &ir.Assign{S: at, Dst: l, X: bin(ir.Div, ld(l), ld(l))}
		}},
		{"x.p4:3:5: load ingress: compile assignment: 8 bits to a place of 9", func(b *prog) ir.Stmt {
			return &ir.Assign{S: at, Dst: b.meta("x", 9), X: num(8, 1)}
		}},
		{"x.p4:3:5: load ingress: place 8 bits at bit 800: outside the 1 bytes of memory", func(b *prog) ir.Stmt {
			return &ir.Assign{S: at, Dst: b.meta("x", 8), X: ld(ir.Loc{Bit: 800, Width: 8})}
		}},
		{"x.p4:3:5: load ingress: compile break: no block 4 around it", func(b *prog) ir.Stmt { return &ir.Break{S: at, Label: 4} }},
		{"x.p4:3:5: load ingress: apply table 9: there are 0", func(b *prog) ir.Stmt { return &ir.Apply{S: at, Table: 9} }},
		{"x.p4:3:5: load ingress: find header 1: there are 0", func(b *prog) ir.Stmt { return &ir.SetValid{S: at, Header: 1} }},
	} {
		b := newProg()
		b.g.Control = []ir.Stmt{c.make(b)}
		if _, err := tryLoad(t, b); err == nil || err.Error() != c.want {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
	b := newProg()
	b.pl.Hashes = []*ir.Hash{{Name: "h", Pos: at.P, Width: 8, Algorithm: ir.CustomCRC}}
	if _, err := tryLoad(t, b); err == nil || !strings.Contains(err.Error(), "x.p4:3:5: load: make hash h: polynomial degree 0") {
		t.Errorf("got %v", err)
	}
}

// TestDeepExpressionsNeedFewRegisters: depth does not run out of registers,
// whichever side it grows on.
func TestDeepExpressionsNeedFewRegisters(t *testing.T) {
	b := newProg()
	x, y := b.meta("x", 32), b.meta("y", 32)
	l, r := ld(x), ld(x)
	for range 2000 {
		l = bin(ir.Add, l, ld(x))
		r = bin(ir.Sub, ld(x), r)
	}
	b.g.Control = []ir.Stmt{set(x, num(32, 3)), set(y, bin(ir.Xor, l, r))}
	want(t, load(t, b).run(ir.Ingress, nil), y, (2001*3)^3)
}

func TestWideArithmeticTo4096Bits(t *testing.T) {
	b := newProg()
	x, y, z := b.meta("x", 4096), b.meta("y", 4096), b.meta("z", 4096)
	v := new(big.Int).Sub(bigOnes(4096), big.NewInt(5))
	k := &ir.Const{Width: 4096, V: v}
	b.g.Control = []ir.Stmt{set(x, k), set(y, bin(ir.AddSat, ld(x), num(4096, 77))), set(z, bin(ir.Mul, ld(x), ld(x)))}
	p := load(t, b).run(ir.Ingress, nil)
	if get(p, y).Cmp(bigOnes(4096)) != 0 {
		t.Error("saturating add did not saturate")
	}
	want(t, p, z, 36) // (-6)^2
}

func TestEmitCopiesAtOnce(t *testing.T) {
	b := newProg()
	x, y, z := b.header("x", 16), b.header("y", 16), b.header("z", 16)
	b.parser(&ir.State{Body: []ir.Stmt{&ir.Extract{Header: x.index}, &ir.Extract{Header: y.index}, &ir.Extract{Header: z.index}}, Next: ir.Accept})
	b.g.Deparser = []ir.Stmt{
		&ir.If{Cond: bin(ir.Eq, ld(x.f[0]), num(16, 1)), Then: []ir.Stmt{&ir.Emit{Header: x.index}}, Else: []ir.Stmt{set(y.f[0], num(16, 5))}},
		set(x.f[0], num(16, 9)), // after its emit
		&ir.Emit{Header: z.index}, &ir.Emit{Header: y.index},
	}
	tw := load(t, b)
	if p := tw.run(ir.Ingress, unhex("000100020003")); hexOf(p.Head) != "000100030002" {
		t.Errorf("head %x", p.Head)
	}
	if p := tw.run(ir.Ingress, unhex("000000020003")); hexOf(p.Head) != "00030005" {
		t.Errorf("head %x", p.Head)
	}
	if p := tw.passes[0][0]; cap(p.Head) < len(p.Head) || len(p.Prepend(20)) != 24 {
		t.Error("no headroom")
	}
}

// TestMemoryIsZeroForEveryPacket: what one packet extracted or wrote is gone
// for the next, also where headers are cleared one by one.
func TestMemoryIsZeroForEveryPacket(t *testing.T) {
	b := newProg()
	k := b.header("k", 8)
	big := b.header("big", 8*clearAll)
	small, w := b.header("small", 64), b.header("w", 32)
	b.parser(
		&ir.State{Body: []ir.Stmt{&ir.Extract{Header: k.index}}, Keys: []ir.Expr{ld(k.f[0])}, Cases: []*ir.Case{exactCase(1, 1), otherwise(ir.Accept, 1)}},
		&ir.State{Body: []ir.Stmt{&ir.Extract{Header: small.index}}, Next: ir.Accept})
	b.g.Control = []ir.Stmt{then(ld(small.valid), set(w.f[0], ld(ir.Loc{Bit: small.f[0].Bit, Width: 32})))}
	_ = big
	tw := load(t, b)
	if !tw.fast.gress[0].track {
		t.Fatal("the memory is too small for this test")
	}
	p := tw.run(ir.Ingress, unhex("01"+"1122334455667788"))
	want(t, p, w.f[0], 0x11223344)
	p = tw.run(ir.Ingress, unhex("00"))
	want(t, p, w.f[0], 0)
	want(t, p, small.f[0], 0)
}

func TestTraceReportsEveryStep(t *testing.T) {
	tw := load(t, l3())
	tw.run(ir.Ingress, unhex(l3Packet))
	var kinds []string
	for _, e := range tw.events {
		kinds = append(kinds, e.Kind.String())
	}
	got := strings.Join(kinds, " ")
	want := "state extract advance extract select state extract checksum checksum assign parser_end branch table assign assign assign assign assign" +
		" branch checksum assign emit emit deparser"
	if got != want {
		t.Errorf("events\n%s\nwant\n%s", got, want)
	}
	for _, e := range tw.events {
		if e.Kind != KindTable {
			continue
		}
		if e.Name != "ipv4_lpm" || e.Get("key k") != "0x0a010203" || e.Get("result") != "hit" || e.Get("action") != "forward" || e.Get("data p0") != "0x006" {
			t.Errorf("table event %+v", e)
		}
		e.Pos = Pos{File: "a:b.p4", Line: 7, Col: 9}
		out, err := json.Marshal(e)
		var back Event
		if err == nil {
			err = json.Unmarshal(out, &back)
		}
		if err != nil || back.Kind != KindTable || back.Get("result") != "hit" || back.Pos != e.Pos {
			t.Errorf("JSON %s: %v", out, err)
		}
	}
}

// A parser's value sets are those of the port that the packet comes in through,
// also where the packet generator's metadata shows another (tna-semantics.md
// section 2.6).
func TestPortIsWhereThePacketComesIn(t *testing.T) {
	p := Pass{In: []byte{0, 5, 0}}
	if got := p.port(); got != 5 {
		t.Errorf("port %d, want the one that the metadata shows, 5", got)
	}
	p.Via = 68 + 1
	if got := p.port(); got != 68 {
		t.Errorf("port %d, want the packet generator's, 68", got)
	}
}
