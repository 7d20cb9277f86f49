package pipeline

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"gofino/pipeline/ir"
)

// Headers that are not whole bytes lie packed in the packet, as the language has
// it (P4-16 section 13.8: extract moves by the header's width in bits).

// bitString is n bits of v in as many bytes as they need, zeros at the end.
func bitString(v *big.Int, n int) []byte {
	pad := -n & 7
	return new(big.Int).Lsh(v, uint(pad)).FillBytes(make([]byte, (n+pad)/8))
}

// oddProg extracts headers of 3, 13 and 16 bits and emits the second and third.
func oddProg(dir ir.Dir) (*prog, [3]hdr) {
	b := newProg()
	if dir == ir.Egress {
		b.g = b.pl.Egress
	}
	h := [3]hdr{b.header("a", 3), b.header("b", 5, 8), b.header("c", 16)}
	b.parser(&ir.State{Body: []ir.Stmt{&ir.Extract{Header: h[0].index}}, Keys: []ir.Expr{ld(h[0].f[0])},
		Cases: []*ir.Case{exactCase(1, 5), otherwise(ir.Accept, 1)}},
		&ir.State{Body: []ir.Stmt{&ir.Extract{Header: h[1].index}, &ir.Extract{Header: h[2].index}}, Next: ir.Accept})
	b.g.Deparser = []ir.Stmt{&ir.Emit{Header: h[1].index}, &ir.Emit{Header: h[2].index}}
	return b, h
}

func TestOddHeadersLiePacked(t *testing.T) {
	b, h := oddProg(ir.Ingress)
	tw := load(t, b)
	if n := tw.fast.MaxParse(ir.Ingress); n != Unbounded {
		t.Errorf("MaxParse %d: the payload is moved whole", n)
	}
	// 101 | 10011 11110000 | 1010101111001101 | 0001 0010 0011 0100
	v, _ := new(big.Int).SetString("101"+"10011"+"11110000"+"1010101111001101"+"0001001000110100", 2)
	in := bitString(v, 48)
	p := tw.run(ir.Ingress, in)
	want(t, p, h[0].f[0], 5)
	want(t, p, h[1].f[0], 0x13)
	want(t, p, h[1].f[1], 0xf0)
	want(t, p, h[2].f[0], 0xabcd)
	out, _ := new(big.Int).SetString("10011"+"11110000"+"1010101111001101"+"0001001000110100", 2)
	if got, exp := hexOf(p.Head), hexOf(bitString(out, 45)); got != exp || p.Pad != 3 || p.Consumed != len(in) || p.Err != 0 {
		t.Errorf("head %s, want %s; pad %d, consumed %d, %v", got, exp, p.Pad, p.Consumed, p.Err)
	}
	// Nothing but the first header: 45 bits are left and move up.
	v.SetBit(v, 45, 0)
	p = tw.run(ir.Ingress, bitString(v, 48))
	if got, exp := hexOf(p.Head), hexOf(bitString(out, 45)); got != exp || p.Pad != 3 {
		t.Errorf("payload only: head %s, want %s, pad %d", got, exp, p.Pad)
	}
}

func TestOddPacketsEndWithinAByte(t *testing.T) {
	for _, c := range []struct {
		name string
		in   string
		pad  int
		err  ParserError
		head string
		left int // pad of Head
	}{
		{"32 bits are enough", "b7ffabcd", 0, 0, "bffd5e68", 3},
		{"31 are not", "b7ffabcd", 1, ErrPartialHdr, "bffd5e60", 4},
		{"empty", "", 0, ErrPartialHdr, "", 0},
		{"two bits", "c0", 6, ErrPartialHdr, "c0", 6},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, _ := oddProg(ir.Egress)
			tw := load(t, b)
			for _, p := range []*Pass{tw.passes[0][ir.Egress], tw.passes[1][ir.Egress]} {
				p.InPad = c.pad
			}
			p := tw.run(ir.Egress, unhex(c.in))
			if p.Err != c.err || p.Pad != c.left || c.head != hexOf(p.Head) {
				t.Errorf("%v, head %x, pad %d", p.Err, p.Head, p.Pad)
			}
		})
	}
}

func TestOddHeaderBridgesWithoutTrace(t *testing.T) {
	b := newProg()
	in := b.header("md", 200, 82)
	eth := b.header("eth", 48, 48, 16)
	b.parser(&ir.State{Body: []ir.Stmt{&ir.Extract{Header: eth.index}, &ir.SetValid{Header: in.index},
		set(in.f[1], &ir.Cast{Width: 82, X: ld(eth.f[0])})}, Next: ir.Accept})
	b.g.Deparser = []ir.Stmt{&ir.Emit{Header: in.index}, &ir.Emit{Header: eth.index}}
	b.g = b.pl.Egress
	md := b.header("md", 200, 82)
	got := b.meta("got", 82)
	b.parser(&ir.State{Body: []ir.Stmt{&ir.Extract{Header: md.index}, set(got, ld(md.f[1]))}, Next: ir.Accept})
	tw := load(t, b)
	r := rand.New(rand.NewPCG(5, 5))
	for n := 14; n < 1600; n += 1 + n/7 {
		frame := make([]byte, n)
		for i := range frame {
			frame[i] = byte(r.Uint32())
		}
		ig := tw.run(ir.Ingress, frame)
		if len(ig.Head) != n+36 || ig.Pad != 6 {
			t.Fatalf("%d bytes: %d with 282 bits before them, pad %d", n, len(ig.Head), ig.Pad)
		}
		for e := range 2 {
			tw.passes[e][ir.Egress].InPad = ig.Pad
		}
		eg := tw.run(ir.Egress, append([]byte(nil), ig.Head...))
		if hexOf(eg.Head) != hexOf(frame) || eg.Pad != 0 {
			t.Fatalf("%d bytes come out as %x, pad %d", n, eg.Head, eg.Pad)
		}
		want(t, eg, got, new(big.Int).SetBytes(frame[:6]).Int64())
	}
}

func TestOddLookaheadAdvanceAndStack(t *testing.T) {
	b := newProg()
	a, w := b.meta("a", 12), b.meta("w", 72)
	st, hs := b.stack("st", 2, 4, 9)
	b.parser(
		&ir.State{Body: []ir.Stmt{&ir.Lookahead{Dst: a, Off: 4}, &ir.Advance{Bits: num(32, 5)}, &ir.ExtractNext{Stack: st},
			&ir.Lookahead{Dst: w, Off: 6}}, Keys: []ir.Expr{&ir.StackLast{Stack: st, Off: 0, Width: 4}},
			Cases: []*ir.Case{exactCase(1, 9), otherwise(ir.Accept, 1)}},
		&ir.State{Body: []ir.Stmt{&ir.ExtractNext{Stack: st}}, Next: ir.Accept})
	b.g.Deparser = []ir.Stmt{&ir.Emit{Header: hs[1].index}, &ir.Emit{Header: hs[0].index}}
	tw := load(t, b)
	v, _ := new(big.Int).SetString("10100"+"1001"+"000000111"+"0110"+"100000001", 2)
	v.Lsh(v, 96)
	v.Or(v, big.NewInt(0x5a5a5a5a5a5a5a5a))
	in := bitString(v, 31+96)
	p := tw.run(ir.Ingress, in)
	want(t, p, a, 0x481) // bits 4 to 15
	want(t, p, hs[0].f[1], 7)
	want(t, p, hs[1].f[0], 6)
	want(t, p, hs[1].f[1], 0x101)
	ahead := new(big.Int).Rsh(v, uint(31+96-18-6-72))
	if got := get(p, w); got.Cmp(ahead.And(ahead, bigOnes(72))) != 0 {
		t.Errorf("lookahead %x, want %x", got, ahead)
	}
}

func TestCopyBitsIsBitByBit(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 20000 {
		src, dst := make([]byte, 1+r.IntN(40)), make([]byte, 60)
		for i := range src {
			src[i] = byte(r.Uint32())
		}
		for i := range dst {
			dst[i] = byte(r.Uint32())
		}
		from, to := r.IntN(8*len(src)+1), r.IntN(100)
		n := r.IntN(8*len(src) - from + 1)
		exp := append([]byte(nil), dst...)
		for i := range n {
			m := byte(0x80) >> ((to + i) % 8)
			exp[(to+i)/8] &^= m
			if src[(from+i)/8]<<((from+i)%8)&0x80 != 0 {
				exp[(to+i)/8] |= m
			}
		}
		for i := to + n; n > 0 && i%8 != 0; i++ {
			exp[i/8] &^= 0x80 >> (i % 8)
		}
		copyBits(dst, to, src, from, n)
		if hexOf(dst) != hexOf(exp) {
			t.Fatalf("%d bits from %d to %d: %x, want %x", n, from, to, dst, exp)
		}
	}
}

func TestOddHeadersDoNotAllocate(t *testing.T) {
	b, _ := oddProg(ir.Ingress)
	tw := load(t, b)
	p := tw.passes[0][ir.Ingress]
	p.In = make([]byte, 1500)
	p.In[0] = 0xb7
	tw.fast.Ingress(p)
	if n := testing.AllocsPerRun(100, func() { tw.fast.Ingress(p) }); n != 0 {
		t.Errorf("%v allocations per packet", n)
	}
}

func TestVarbitIsAsLongAsItWas(t *testing.T) {
	b := newProg()
	h := b.header("ip", 4, 4, 64)
	x := b.g.Headers[h.index]
	x.Bits, x.Var = 8, b.meta("ip.$length", 32)
	k := b.header("k", 8)
	b.parser(&ir.State{Body: []ir.Stmt{&ir.Extract{Header: h.index},
		&ir.ExtractVar{Header: h.index, Bits: bin(ir.Shl, &ir.Cast{Width: 32, X: ld(h.f[1])}, num(8, 3))},
		&ir.Extract{Header: k.index}}, Next: ir.Accept})
	b.g.Deparser = []ir.Stmt{&ir.Emit{Header: k.index}, &ir.Emit{Header: h.index}}
	tw := load(t, b)
	for _, c := range []struct {
		in, head string
		verdict  Verdict
		err      ParserError
	}{
		{"43aabbcc77ee", "7743aabbccee", Forward, 0},
		{"48010203040506070877", "77480102030405060708", Forward, 0},
		{"407788", "774088", Forward, 0},
		// More than fits: parsing ends as if it were accepted, with the fixed
		// part valid and the varbit empty.
		{"490102030405060708097788", "490102030405060708097788", Forward, 0},
		{"43aabb", "", ParserDrop, ErrPartialHdr},
		{"43aabbcc", "", ParserDrop, ErrPartialHdr},
	} {
		p := tw.run(ir.Ingress, unhex(c.in))
		if p.Verdict != c.verdict || p.Err != c.err || hexOf(p.Head) != c.head {
			t.Errorf("%s: %v %v, head %x, want %s", c.in, p.Verdict, p.Err, p.Head, c.head)
		}
	}
}
