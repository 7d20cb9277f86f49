package pipeline

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"gofino/pipeline/ir"
	"gofino/tables"
)

// Random programs for the differential test: everything the ir can say that the
// engines must agree on.

// gen makes one random program.
type gen struct {
	*prog
	r       *rand.Rand
	metas   []ir.Loc
	fields  []ir.Loc // of headers
	headers []hdr
	stacks  []int
	labels  []int
	label   int
	params  []ir.Loc // of the action being made
	regs    bool     // in a register action: no calls
	parsing bool
	varbit  int // the header with one, or -1
	tables  []int
	nRegs   int
}

var commonWidths = []int{1, 1, 3, 7, 8, 8, 9, 12, 16, 16, 20, 24, 32, 32, 33, 48, 57, 63, 64, 64, 65, 72, 96, 128, 128, 200}

func (g *gen) width() int {
	if g.r.IntN(4) == 0 {
		return 1 + g.r.IntN(200)
	}
	return commonWidths[g.r.IntN(len(commonWidths))]
}

func (g *gen) value(w int) *big.Int {
	v := new(big.Int)
	switch g.r.IntN(6) {
	case 0:
	case 1:
		v.Set(bigOnes(w))
	case 2:
		v.SetInt64(int64(g.r.IntN(16)))
	case 3:
		v.Lsh(big.NewInt(1), uint(w-1))
	default:
		for range (w + 63) / 64 {
			v.Lsh(v, 64)
			v.Or(v, new(big.Int).SetUint64(g.r.Uint64()))
		}
	}
	return v.And(v, bigOnes(w))
}

func (g *gen) konst(w int) ir.Expr { return &ir.Const{Width: w, V: g.value(w)} }

// place is any place, or a part of one.
func (g *gen) place() ir.Loc {
	all := [][]ir.Loc{g.metas, g.fields, g.params}
	ls := all[g.r.IntN(3)]
	if len(ls) == 0 {
		ls = g.metas
	}
	l := ls[g.r.IntN(len(ls))]
	if l.Width > 1 && g.r.IntN(3) == 0 {
		w := 1 + g.r.IntN(l.Width)
		l = ir.Loc{Bit: l.Bit + g.r.IntN(l.Width-w+1), Width: w}
	}
	return l
}

// expr makes an expression of w bits.
func (g *gen) expr(w, depth int) ir.Expr {
	if depth <= 0 {
		if g.r.IntN(3) == 0 {
			return g.konst(w)
		}
		return g.resized(w, ld(g.place()))
	}
	if w == 1 && g.r.IntN(2) == 0 {
		return g.cond(depth)
	}
	d := depth - 1
	switch g.r.IntN(16) {
	case 0:
		return &ir.Unary{Op: []ir.Op{ir.BitNot, ir.Neg}[g.r.IntN(2)], X: g.expr(w, d)}
	case 1, 2, 3:
		op := []ir.Op{ir.Add, ir.Sub, ir.Mul, ir.AddSat, ir.SubSat, ir.Min, ir.Max}[g.r.IntN(7)]
		return &ir.Binary{Op: op, Width: w, Signed: g.r.IntN(2) == 0, X: g.expr(w, d), Y: g.expr(w, d)}
	case 4, 5:
		op := []ir.Op{ir.And, ir.Or, ir.Xor}[g.r.IntN(3)]
		return bin(op, g.expr(w, d), g.expr(w, d))
	case 6, 7:
		op := []ir.Op{ir.Shl, ir.Shr}[g.r.IntN(2)]
		y := g.expr([]int{3, 8, 8, 16, 70}[g.r.IntN(5)], d)
		if g.r.IntN(2) == 0 {
			y = num(16, int64(g.r.IntN(w+10)))
		}
		return &ir.Binary{Op: op, Width: w, Signed: g.r.IntN(2) == 0, X: g.expr(w, d), Y: y}
	case 8, 9:
		if w > 1 {
			n := 1 + g.r.IntN(w-1)
			return bin(ir.Cat, g.expr(n, d), g.expr(w-n, d))
		}
	case 10, 11:
		n := w + g.r.IntN(80)
		lo := g.r.IntN(n - w + 1)
		return &ir.Slice{X: g.expr(n, d), Hi: lo + w - 1, Lo: lo}
	case 12:
		return &ir.Cast{Width: w, Signed: g.r.IntN(2) == 0, X: g.expr(g.width(), d)}
	case 13:
		return &ir.Cond{C: g.expr(1, d), A: g.expr(w, d), B: g.expr(w, d)}
	case 14:
		if w <= 64 {
			op := []ir.Op{ir.Div, ir.Mod}[g.r.IntN(2)]
			return bin(op, g.expr(w, d), g.expr(w, d))
		}
		return g.resized(w, &ir.StackLast{Stack: 0, Off: g.r.IntN(8), Width: 24})
	case 15:
		switch g.r.IntN(4) {
		case 0:
			return g.resized(w, &ir.RegParam{Param: 0, Width: 12})
		case 1:
			return g.resized(w, &ir.StackLast{Stack: 0, Off: g.r.IntN(8), Width: 1 + g.r.IntN(24)})
		case 2:
			return g.resized(w, &ir.CounterNeg{})
		}
		return g.resized(w, &ir.CounterZero{})
	}
	return g.expr(w, d)
}

func (g *gen) resized(w int, e ir.Expr) ir.Expr {
	if e.W() == w {
		return e
	}
	return &ir.Cast{Width: w, Signed: g.r.IntN(2) == 0, X: e}
}

func (g *gen) cond(depth int) ir.Expr {
	d := depth - 1
	if depth <= 0 {
		return g.expr(1, 0)
	}
	switch g.r.IntN(8) {
	case 0:
		return bin(ir.LAnd, g.cond(d), g.cond(d))
	case 1:
		return bin(ir.LOr, g.cond(d), g.cond(d))
	case 2:
		return &ir.Unary{Op: ir.Not, X: g.cond(d)}
	}
	op := []ir.Op{ir.Eq, ir.Ne, ir.Lt, ir.Le, ir.Gt, ir.Ge}[g.r.IntN(6)]
	l := g.place()
	x, y := g.resized(l.Width, ld(l)), g.konst(l.Width)
	if g.r.IntN(3) == 0 {
		w := g.width()
		x, y = g.expr(w, d), g.expr(w, d)
	}
	return &ir.Binary{Op: op, Width: 1, Signed: g.r.IntN(3) == 0, X: x, Y: y}
}

func (g *gen) body(n, depth int) []ir.Stmt {
	var out []ir.Stmt
	for range 1 + g.r.IntN(n) {
		out = append(out, g.stmt(depth))
	}
	return out
}

func (g *gen) list() []ir.Expr {
	var out []ir.Expr
	for range 1 + g.r.IntN(4) {
		out = append(out, g.expr(g.width(), g.r.IntN(2)))
	}
	return out
}

func (g *gen) stmt(depth int) ir.Stmt {
	n := 30
	if g.regs {
		n = 14
	}
	switch k := g.r.IntN(n); {
	case k < 6:
		l := g.place()
		return set(l, g.expr(l.Width, g.r.IntN(4)))
	case k < 8:
		l := g.place()
		if l.Width <= 32 {
			return set(l, bin([]ir.Op{ir.Add, ir.Sub}[g.r.IntN(2)], ld(l), g.konst(l.Width)))
		}
		return set(l, g.konst(l.Width))
	case k < 11 && depth > 0:
		s := &ir.If{Cond: g.cond(2), Then: g.body(2, depth-1)}
		if g.r.IntN(2) == 0 {
			s.Else = g.body(2, depth-1)
		}
		return s
	case k < 12 && depth > 0:
		return g.switchStmt(depth)
	case k < 13 && depth > 0:
		g.label++
		mine := g.label
		g.labels = append(g.labels, mine)
		b := &ir.Block{Label: mine, Body: g.body(3, depth-1)}
		g.labels = g.labels[:len(g.labels)-1]
		return b
	case k < 14:
		if len(g.labels) > 0 && g.r.IntN(2) == 0 {
			return &ir.Break{Label: g.labels[g.r.IntN(len(g.labels))]}
		}
		l := g.place()
		return set(l, g.expr(l.Width, 3))
	case k < 16:
		if g.r.IntN(2) == 0 {
			return &ir.SetValid{Header: g.r.IntN(len(g.g.Headers))}
		}
		return &ir.SetInvalid{Header: g.r.IntN(len(g.g.Headers))}
	case k < 17:
		if g.r.IntN(2) == 0 {
			return &ir.Push{Stack: 0, Count: 1 + g.r.IntN(4)}
		}
		return &ir.Pop{Stack: 0, Count: 1 + g.r.IntN(4)}
	case k < 18:
		return &ir.HashGet{Hash: g.r.IntN(len(g.pl.Hashes)), Dst: g.place(), Data: g.list()}
	case k < 19:
		if g.r.IntN(2) == 0 {
			return g.timed()
		}
		return &ir.RandomGet{Random: 0, Dst: g.place()}
	case k < 21:
		s := &ir.Count{Counter: 0, Index: g.expr(4, 1)}
		if g.r.IntN(2) == 0 {
			s.Adjust = g.expr(8, 1)
		}
		return s
	case k < 23 && g.nRegs > 0:
		return g.register()
	case k < 24:
		l := g.place()
		return &ir.MathExec{Unit: g.r.IntN(len(g.pl.MathUnits)), X: g.expr(32, 1), Dst: l}
	case k < 25:
		return &ir.ChecksumUpdate{Dst: g.place(), Data: g.list(), ZerosAsOnes: g.cond(1)}
	case k < 28 && len(g.tables) > 0 && g.params == nil && !g.parsing:
		return &ir.Apply{Table: g.tables[g.r.IntN(len(g.tables))], Hit: g.metas[0], Action: g.metas[1]}
	case k < 29 && g.r.IntN(6) == 0:
		return &ir.Exit{}
	}
	l := g.place()
	return &ir.Copy{Dst: l, Src: g.sameWidth(l)}
}

// timed is a meter or filter on any index, in or out of range.
func (g *gen) timed() ir.Stmt {
	if g.r.IntN(2) == 0 {
		return &ir.FilterExec{Filter: g.r.IntN(2), Index: g.expr(3, 1), X: g.expr(1+g.r.IntN(32), 1), Dst: g.place()}
	}
	s := &ir.MeterExec{Meter: 0, Index: g.expr(3, 1), Dst: g.place()}
	if g.r.IntN(2) == 0 {
		s.Color = g.expr(8, 1)
	}
	if g.r.IntN(2) == 0 {
		s.Adjust = g.expr(1+g.r.IntN(70), 1)
	}
	return s
}

// sameWidth is a place as wide as l that does not overlap it.
func (g *gen) sameWidth(l ir.Loc) ir.Loc {
	for range 20 {
		m := g.place()
		if m.Width >= l.Width {
			m.Width = l.Width
			if m.Bit+m.Width <= l.Bit || l.Bit+l.Width <= m.Bit {
				return m
			}
		}
	}
	return l
}

func (g *gen) switchStmt(depth int) ir.Stmt {
	l := g.place()
	s := &ir.Switch{Tag: ld(l)}
	for range 1 + g.r.IntN(7) {
		s.Cases = append(s.Cases, ir.SwitchCase{Values: []*big.Int{g.value(l.Width), g.value(l.Width)}, Body: g.body(1, depth-1)})
	}
	if g.r.IntN(2) == 0 {
		s.Default = g.body(1, depth-1)
	}
	return s
}

func (g *gen) register() ir.Stmt {
	i := g.r.IntN(g.nRegs)
	reg := g.pl.Registers[i]
	switch g.r.IntN(6) {
	case 5:
		return &ir.RegisterClear{Register: i, Lo: g.expr(reg.Width, 1), Hi: g.expr(reg.Width, 1)}
	case 0:
		return &ir.RegisterRead{Register: i, Index: g.expr(4, 1), Lo: g.place(), Hi: ir.Loc{}}
	case 1:
		return &ir.RegisterWrite{Register: i, Index: g.expr(4, 1), Lo: g.expr(reg.Width, 1), Hi: g.expr(reg.Width, 1)}
	case 2:
		return &ir.RegisterPredicate{Lo: g.cond(1), Hi: g.cond(1), Dst: g.place()}
	}
	return &ir.RegisterExec{Action: g.r.IntN(len(g.pl.RegActions)), Index: g.expr(4, 1), Log: g.r.IntN(4) == 0, Dst: g.place()}
}

// key makes a table with entries that are often hit.
func (g *gen) table(name string) {
	var keys []ir.Key
	for range g.r.IntN(4) {
		e := g.expr(g.width(), g.r.IntN(2))
		if g.r.IntN(2) == 0 {
			e = ld(g.metas[g.r.IntN(len(g.metas))])
		}
		if g.r.IntN(3) > 0 && e.W() > 3 {
			e = &ir.Slice{X: e, Hi: 2, Lo: 0}
		}
		k := key(e, []ir.MatchKind{ir.Exact, ir.Exact, ir.Ternary}[g.r.IntN(3)])
		k.Name = string(rune('a' + len(keys)))
		keys = append(keys, k)
	}
	i, t := g.prog.table(name, keys, 0, 1, 2)
	call := func() ir.ActionCall {
		a := g.r.IntN(3)
		act := g.pl.Actions[a]
		d := make([]byte, act.Bytes)
		r := reference{mem: d}
		for _, p := range act.Params {
			r.write(ir.Loc{Bit: p.Loc.Bit - act.Off*8, Width: p.Loc.Width}, g.value(p.Loc.Width))
		}
		return ir.ActionCall{Action: a, Data: d}
	}
	if g.r.IntN(2) == 0 {
		t.Default = call()
	}
	seen := map[string]bool{}
	for range g.r.IntN(9) {
		e := ir.Entry{Call: call(), Priority: len(t.Entries)}
		id := ""
		for _, k := range keys {
			n := (k.Width + 7) / 8
			m := ir.KeyMatch{Value: g.value(k.Width).FillBytes(make([]byte, n)), Mask: bigOnes(k.Width).FillBytes(make([]byte, n))}
			if k.Kind == ir.Ternary {
				m.Mask = g.value(k.Width).FillBytes(make([]byte, n))
				for i := range m.Value {
					m.Value[i] &= m.Mask[i]
				}
			}
			id += string(m.Value) + string(m.Mask)
			e.Keys = append(e.Keys, m)
		}
		if !seen[id] && len(keys) > 0 {
			seen[id] = true
			t.Entries = append(t.Entries, e)
		}
	}
	g.tables = append(g.tables, i)
}

func (g *gen) parserStmt() ir.Stmt {
	switch g.r.IntN(16) {
	case 0, 1, 2, 3, 4:
		if g.varbit >= 0 && g.r.IntN(3) == 0 {
			if g.r.IntN(2) == 0 {
				return &ir.ExtractVar{Header: g.varbit, Bits: num(16, int64(8*g.r.IntN(14)))}
			}
			return &ir.ExtractVar{Header: g.varbit, Bits: &ir.Cast{Width: 32, X: &ir.Slice{X: ld(g.metas[2]), Hi: 6, Lo: 0}}}
		}
		return &ir.Extract{Header: g.headers[g.r.IntN(len(g.headers))].index}
	case 5:
		return &ir.ExtractNext{Stack: 0}
	case 6:
		return &ir.Advance{Bits: num(16, int64(8*g.r.IntN(4)))}
	case 7:
		return &ir.Advance{Bits: bin(ir.Shl, &ir.Cast{Width: 16, X: &ir.Slice{X: ld(g.metas[2]), Hi: 1, Lo: 0}}, num(8, 3))}
	case 8, 9:
		return &ir.Lookahead{Dst: g.place(), Off: g.r.IntN(40)}
	case 10:
		return &ir.CounterSet{X: g.expr(8, 1), Field: g.r.IntN(2) == 0, Max: 200, Rotate: g.r.IntN(8), Mask: g.r.IntN(256), Add: g.r.IntN(256)}
	case 11:
		return &ir.CounterAdd{Delta: g.expr(8, 1), Neg: g.r.IntN(2) == 0}
	case 12:
		switch g.r.IntN(3) {
		case 0:
			return &ir.CounterPop{}
		case 1:
			return &ir.CounterPush{Update: g.r.IntN(2) == 0, Set: &ir.CounterSet{X: g.expr(8, 1)}}
		}
		return &ir.ParserPriority{Prio: num(3, 1)}
	case 13:
		return &ir.ChecksumAdd{Unit: g.r.IntN(2), Sub: g.r.IntN(2) == 0, Data: g.list()}
	case 14:
		switch g.r.IntN(4) {
		case 0:
			return &ir.ChecksumVerify{Unit: g.r.IntN(2), Dst: g.place()}
		case 1:
			return &ir.ChecksumGet{Unit: g.r.IntN(2), Dst: g.place()}
		}
		return &ir.ChecksumDeposit{Unit: g.r.IntN(2), Dst: g.place()}
	}
	return g.stmt(1)
}

func (g *gen) state(n int) *ir.State {
	s := &ir.State{}
	for range g.r.IntN(4) {
		s.Body = append(s.Body, g.parserStmt())
	}
	to := func() int {
		if k := g.r.IntN(n + 3); k < n {
			return k
		} else if k == n && g.r.IntN(3) == 0 {
			return ir.Reject
		}
		return ir.Accept
	}
	if g.r.IntN(3) == 0 {
		s.Next = to()
		return s
	}
	for range 1 + g.r.IntN(3) {
		e := g.expr(g.width(), g.r.IntN(2))
		if g.r.IntN(2) == 0 && e.W() > 3 {
			e = &ir.Slice{X: e, Hi: 2, Lo: 0}
		}
		s.Keys = append(s.Keys, e)
	}
	exact := g.r.IntN(2) == 0
	for range 1 + g.r.IntN(12) {
		c := &ir.Case{ValueSet: -1, Next: to()}
		for _, k := range s.Keys {
			w := k.W()
			m := ir.Match{Value: g.value(w), Mask: bigOnes(w)}
			switch g.r.IntN(6) {
			case 0:
				if !exact {
					m = ir.Match{}
				}
			case 1, 2:
				if !exact {
					m.Mask = g.value(w)
				}
			case 3:
				if !exact {
					lo, hi := g.value(w), g.value(w)
					if lo.Cmp(hi) > 0 {
						lo, hi = hi, lo
					}
					m = ir.Match{Range: true, Lo: lo, Hi: hi}
				}
			}
			c.Match = append(c.Match, m)
		}
		s.Cases = append(s.Cases, c)
	}
	if g.r.IntN(4) > 0 {
		s.Cases = append(s.Cases, otherwise(to(), len(s.Keys)))
	}
	return s
}

// randomProg makes the program of a seed, in the given gress.
func randomProg(seed uint64) (*prog, ir.Dir) {
	g := &gen{prog: newProg(), r: rand.New(rand.NewPCG(seed, 99))}
	dir := ir.Dir(g.r.IntN(2))
	if dir == ir.Egress {
		g.g = g.pl.Egress
	}
	g.metas = append(g.metas, g.meta("hit", 1), g.meta("act", 8), g.meta("len", 16))
	for range 3 + g.r.IntN(8) {
		g.metas = append(g.metas, g.meta("m", g.width()))
	}
	g.intr(ir.GlobalTstamp, 48)
	g.intr(ir.ParserErr, 16)
	g.intr(ir.MirrorType, 3)
	odd := g.r.IntN(4) == 0 // headers that are not whole bytes
	for range 2 + g.r.IntN(4) {
		var ws []int
		total := 0
		for range 1 + g.r.IntN(5) {
			w := g.width()
			ws = append(ws, w)
			total += w
		}
		if total%8 != 0 && !odd {
			ws = append(ws, 8-total%8)
		}
		h := g.header("h", ws...)
		g.headers = append(g.headers, h)
		g.fields = append(g.fields, h.f...)
	}
	if g.r.IntN(3) == 0 { // large memory: the other way of clearing
		g.header("big", 8*700)
	}
	g.varbit = -1
	if odd && g.r.IntN(2) == 0 {
		v := g.header("v", 16, 96)
		h := g.g.Headers[v.index]
		h.Bits, h.Var = 16, g.meta("v.$length", 32)
		g.headers = append(g.headers, v)
		g.fields = append(g.fields, v.f...)
		g.varbit = v.index
	}
	last := 24
	if odd && g.r.IntN(2) == 0 {
		last = 29
	}
	_, hs := g.stack("st", 3, 8, last)
	for _, h := range hs {
		g.fields = append(g.fields, h.f...)
	}
	g.pl.RegParams = []*ir.RegisterParam{{Name: "rp", Width: 12, Initial: big.NewInt(0x5a5)}}
	g.pl.Randoms = []*ir.Random{{Name: "rnd", Width: 70}}
	g.pl.MathUnits = []*ir.MathUnit{{Name: "mu", Width: 32, Shift: -1, Scale: -3, Table: [16]uint8{4: 128, 5: 143, 8: 181, 9: 192, 15: 247}},
		{Name: "mv", Width: 32, Shift: 1, Invert: true, Scale: 20, Table: [16]uint8{8: 255, 12: 100, 14: 77, 15: 3}}}
	g.pl.Counters = []*ir.Counter{{Name: "c", Dir: dir, Kind: ir.PacketsAndBytes, Size: 11, Table: -1}}
	g.pl.Meters = []*ir.Meter{{Name: "m", Dir: dir, Kind: ir.Bytes, Size: 7, Table: -1, Colors: [3]uint8{5, 6, 0xff}}}
	g.pl.Filters = []*ir.Filter{{Name: "f0", Dir: dir, Kind: ir.LPF, Size: 7, Width: 32, Table: -1},
		{Name: "f1", Dir: dir, Kind: ir.WRED, Size: 7, Width: 32, Drop: 1, NoDrop: 0xfe, Table: -1}}
	g.pl.Hashes = []*ir.Hash{
		{Name: "h0", Width: 16, Algorithm: ir.CRC16, CRC: ir.CRC{Degree: 16, Poly: 0x8005, Reversed: true}},
		{Name: "h1", Width: 100, Algorithm: ir.CRC32, CRC: ir.CRC{Degree: 32, Poly: 0x04c11db7, Extended: true}},
		{Name: "h2", Width: 80, Algorithm: ir.Identity},
		{Name: "h3", Width: 32, Algorithm: ir.Xor16},
	}
	g.pl.Mirrors = []*ir.Mirror{{Name: "mi", Dir: dir, Type: 0}}
	g.pl.Resubmits = []*ir.Resubmit{{Name: "re", Type: -1}}
	g.pl.Digests = []*ir.Digest{{Name: "di", Type: -1}}
	for i := range 2 {
		w := []int{8, 16, 32, 32}[g.r.IntN(4)]
		g.pl.Registers = append(g.pl.Registers, &ir.Register{Name: "r" + string(rune('0'+i)), Dir: dir, Size: 9, Width: w, Pair: i == 1, Table: -1,
			Names: []string{"f1", "f2"}[:1+i], Initial: [2]uint64{3, 4}, Index: 4})
	}
	g.nRegs = 2
	for range 3 {
		i := g.r.IntN(2)
		reg := g.pl.Registers[i]
		ra := &ir.RegisterAction{Name: "ra", Register: i, Lo: g.meta("lo", reg.Width), Out: g.meta("out", reg.Width)}
		if reg.Pair {
			ra.Hi = g.meta("hi", reg.Width)
		}
		g.regs = true
		g.params = []ir.Loc{ra.Lo, ra.Out}
		ra.Body = g.body(3, 1)
		g.params, g.regs = nil, false
		g.pl.RegActions = append(g.pl.RegActions, ra)
	}
	for i := range 3 {
		var ws []int
		for range g.r.IntN(4) {
			ws = append(ws, g.width())
		}
		g.action("a"+string(rune('0'+i)), ws, func(p []ir.Loc) []ir.Stmt {
			g.params = append([]ir.Loc{g.metas[0]}, p...)
			b := g.body(3, 1)
			g.params = nil
			return b
		})
	}
	for i := range 3 {
		g.table("t" + string(rune('0'+i)))
	}
	n := 1 + g.r.IntN(5)
	var states []*ir.State
	g.parsing = true
	for range n {
		states = append(states, g.state(n))
	}
	g.parsing = false
	g.parser(states...)
	g.g.Parser.ReadsErr = g.r.IntN(2) == 0
	g.g.Control = g.body(8, 3)
	g.parsing = true
	dep := []ir.Stmt{&ir.ChecksumUpdate{Dst: g.place(), Data: g.list()}}
	for i := range g.g.Headers {
		dep = append(dep, &ir.Emit{Header: i})
		if g.r.IntN(4) == 0 {
			dep = append(dep, then(g.cond(1), &ir.MirrorEmit{Mirror: 0, Session: g.expr(10, 1), Data: g.list()}))
		}
		if g.r.IntN(8) == 0 {
			dep = append(dep, &ir.ResubmitEmit{Resubmit: 0, Data: g.list()}, g.stmt(1))
		}
		if g.r.IntN(8) == 0 {
			dep = append(dep, &ir.DigestEmit{Digest: 0, Data: g.list()}, g.stmt(1))
		}
		if g.r.IntN(8) == 0 {
			dep = append(dep, then(g.cond(1), &ir.PktgenEmit{Data: g.list()}), g.stmt(1))
		}
	}
	g.parsing = false
	g.g.Deparser = dep
	return g.prog, dir
}

func TestRandomProgramsRunAlikeInBothEngines(t *testing.T) {
	programs := 400
	if testing.Short() {
		programs = 60
	}
	for seed := range uint64(programs) {
		differential(t, seed, nil)
	}
}

// differential runs the program of a seed on random packets (or the given one).
func differential(t *testing.T, seed uint64, packet []byte) {
	b, dir := randomProg(seed)
	tw, err := tryLoad(t, b)
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	writeTimed(t, tw.store)
	r := rand.New(rand.NewPCG(seed, 7))
	packets := [][]byte{packet}
	if packet == nil {
		packets = nil
		for range 12 {
			p := make([]byte, r.IntN(200))
			for i := range p {
				if r.IntN(3) > 0 {
					p[i] = byte(r.Uint32())
				}
			}
			packets = append(packets, p)
		}
	}
	for _, p := range packets {
		f, s := tw.passes[0][dir], tw.passes[1][dir]
		tw.events = tw.events[:0]
		pad := min(r.IntN(8), len(p)) // counts where the gress counts bits
		for _, x := range []*Pass{f, s} {
			x.In, x.InPad, x.Bytes, x.GlobalTstamp = p, pad, len(p)+4, r.Uint64()
		}
		s.GlobalTstamp = f.GlobalTstamp
		// No parse path reaches deeper than MaxParse: the fast engine gets no more.
		f.In = p[:min(len(p), tw.fast.MaxParse(dir))]
		if dir == ir.Ingress {
			tw.fast.Ingress(f)
			tw.slow.TraceIngress(s, Look{Sink: tw})
		} else {
			tw.fast.Egress(f)
			tw.slow.TraceEgress(s, Look{Sink: tw})
		}
		if d := tw.difference(dir); d != "" {
			t.Fatalf("seed %d, packet %x: %s", seed, p, d)
		}
	}
}

// writeTimed gives some cells of the random programs' meter and filters rates
// and thresholds that random packets meet.
func writeTimed(t *testing.T, store *tables.Store) {
	t.Helper()
	field := func(name string, v ...any) (out []tables.DataField) {
		for i := 0; i < len(v); i += 2 {
			out = append(out, tables.DataField{Name: name + v[i].(string), Value: v[i+1]})
		}
		return out
	}
	one, two := []byte{1}, []byte{2}
	var us []tables.Update
	for i := range byte(4) {
		add := func(table, key string, data []tables.DataField) {
			us = append(us, tables.Update{Op: tables.Insert, Entry: tables.TableEntry{Table: table, Key: []tables.KeyField{{Name: key, Value: []byte{i}}}, Data: data}})
		}
		add("m", "$METER_INDEX", field("$METER_SPEC_", "CIR_KBPS", one, "PIR_KBPS", two, "CBS_KBITS", one, "PBS_KBITS", two))
		add("f0", "$LPF_INDEX", field("$LPF_SPEC_", "TYPE", []string{"RATE", "SAMPLE"}[i%2], "GAIN_TIME_CONSTANT_NS", float32(1e9), "DECAY_TIME_CONSTANT_NS", float32(2e9), "OUT_SCALE_DOWN_FACTOR", []byte{i}))
		add("f1", "$WRED_INDEX", field("$WRED_SPEC_", "TIME_CONSTANT_NS", float32(1e9), "MIN_THRESH_CELLS", one, "MAX_THRESH_CELLS", []byte{255, 255, 255}, "MAX_PROBABILITY", float32(1)))
	}
	if err := store.Write(t.Context(), tables.AllPipes, us, tables.ContinueOnError); err != nil {
		t.Fatal(err)
	}
}

// FuzzEngines: any program, any packet: both engines agree.
func FuzzEngines(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed, []byte{0, 1, 2, 3, 0xff, 0xfe, 8, 0, 0x45, 0, 0, 0x14, 0, 0, 0, 0, 0x40, 17})
		f.Add(seed, []byte{})
	}
	f.Fuzz(func(t *testing.T, seed uint64, packet []byte) {
		if packet == nil {
			packet = []byte{}
		}
		differential(t, seed, packet)
	})
}
