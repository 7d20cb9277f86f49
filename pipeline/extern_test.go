package pipeline

import (
	"hash/crc32"
	"math/big"
	"testing"

	"gofino/pipeline/ir"
	"gofino/tables"
)

func TestChecksumUpdate(t *testing.T) {
	for _, c := range []struct {
		name  string
		ones  ir.Expr
		data  string
		want  int64
		width []int
	}{
		{"words", nil, "4500002e00010000", 0xffff - 0x452f, []int{16, 16, 16, 16}},
		{"odd length", nil, "0102030405", 0xffff - 0x0906, []int{8, 24, 8}},
		{"bits joined", nil, "45", 0xffff - 0x4500, []int{4, 4}},
		{"zero stays", num(1, 0), "ffff", 0, []int{16}},
		{"zero becomes ones", num(1, 1), "ffff", 0xffff, []int{16}},
	} {
		b := newProg()
		h := b.header("h", c.width...)
		sum := b.meta("sum", 16)
		b.parser(&ir.State{Body: []ir.Stmt{&ir.Extract{Header: h.index}}, Next: ir.Accept})
		var data []ir.Expr
		for _, f := range h.f {
			data = append(data, ld(f))
		}
		b.g.Deparser = []ir.Stmt{&ir.ChecksumUpdate{Dst: sum, Data: data, ZerosAsOnes: c.ones}}
		want(t, load(t, b).run(ir.Ingress, unhex(c.data)), sum, c.want)
	}
}

func TestHashStreamAndSymmetry(t *testing.T) {
	b := newProg()
	x, y, z := b.meta("x", 32), b.meta("y", 32), b.meta("z", 4)
	out, sym := b.meta("out", 32), b.meta("sym", 32)
	crc := ir.CRC{Degree: 32, Poly: 0x04c11db7, Reversed: true, Init: 0xffffffff, Xor: 0xffffffff}
	b.pl.Hashes = []*ir.Hash{{Name: "h", Width: 32, Algorithm: ir.CRC32, CRC: crc},
		{Name: "s", Width: 32, Algorithm: ir.CRC32, CRC: crc, Symmetric: [][2]int{{0, 1}}}}
	body := func(a, c int64) []ir.Stmt {
		return []ir.Stmt{set(x, num(32, a)), set(y, num(32, c)), set(z, num(4, 9)),
			&ir.HashGet{Hash: 0, Dst: out, Data: []ir.Expr{ld(z), ld(x), ld(y)}},
			&ir.HashGet{Hash: 1, Dst: sym, Data: []ir.Expr{ld(x), ld(y), ld(z)}}}
	}
	b.g.Control = body(0x0a000001, 0x0a000002)
	p := load(t, b).run(ir.Ingress, nil)
	// 4 + 64 bits: four zero bits come first.
	want(t, p, out, int64(crc32.ChecksumIEEE(unhex("090a0000010a000002"))))
	one := get(p, sym)
	b.g.Control = body(0x0a000002, 0x0a000001)
	p = load(t, b).run(ir.Ingress, nil)
	if two := get(p, sym); one.Cmp(two) != 0 {
		t.Errorf("symmetric hash: %x, swapped %x", one, two)
	}
	want(t, p, out, int64(crc32.ChecksumIEEE(unhex("090a0000020a000001"))))
}

func TestMathUnit(t *testing.T) {
	table := func(f func(m int) uint8, from int) (t [16]uint8) {
		for m := from; m < 16; m++ {
			t[m] = f(m)
		}
		return t
	}
	square := &ir.MathUnit{Shift: 1, Scale: -6, Table: table(func(m int) uint8 { return uint8(m * m) }, 8)}
	root := &ir.MathUnit{Shift: -1, Scale: -7, Table: table(func(m int) uint8 {
		return uint8(new(big.Int).Sqrt(big.NewInt(int64(m) * 2048)).Int64())
	}, 4)}
	div := &ir.MathUnit{Shift: 0, Invert: true, Scale: 10 - 7, Table: table(func(m int) uint8 { return uint8(128 * 8 / m) }, 8)}
	for _, c := range []struct {
		name    string
		u       *ir.MathUnit
		x, want uint64
	}{
		{"square of a power of two", square, 16, 256}, {"square of 12", square, 12, 144}, {"square of 13, four bits kept", square, 13, 169},
		{"square cuts", square, 0x1f, 15 * 15 * 4},
		{"root 16", root, 16, 4}, {"root 64", root, 64, 8}, {"root 36, three bits kept", root, 36, 5}, {"root 1", root, 1, 1},
		{"1024/4", div, 4, 256}, {"1024/512", div, 512, 2}, {"zero", div, 0, 0},
	} {
		if got := mathUnit(c.u, c.x); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestRegisterActions(t *testing.T) {
	b := newProg()
	reg := func(name string, pair bool) *ir.Register {
		return &ir.Register{Name: name, Size: 4, Width: 16, Pair: pair, Table: -1, Index: 8, Initial: [2]uint64{10, 20}, Names: []string{"lo", "hi"}}
	}
	b.pl.Registers = []*ir.Register{reg("one", false), reg("two", true)}
	v, lo, hi, out := b.meta("v", 16), b.meta("plo", 16), b.meta("phi", 16), b.meta("out", 16)
	b.pl.RegActions = []*ir.RegisterAction{
		{Name: "inc", Register: 0, Lo: v, Out: out, Body: []ir.Stmt{set(out, ld(v)), set(v, bin(ir.AddSat, ld(v), num(16, 1)))}},
		{Name: "swap", Register: 1, Lo: lo, Hi: hi, Out: out, Body: []ir.Stmt{
			set(out, bin(ir.Add, ld(lo), ld(hi))), set(v, ld(lo)), set(lo, ld(hi)), set(hi, ld(v))}},
	}
	a, c, pred, none, rl, rh := b.meta("a", 16), b.meta("c", 16), b.meta("pred", 4), b.meta("none", 16), b.meta("rl", 16), b.meta("rh", 16)
	l0, l1 := b.meta("l0", 16), b.meta("l1", 16)
	b.g.Control = []ir.Stmt{
		set(none, num(16, 77)),
		&ir.RegisterExec{Action: 0, Index: num(8, 2), Dst: a},
		&ir.RegisterExec{Action: 0, Index: num(8, 2), Dst: a},
		&ir.RegisterExec{Action: 1, Index: num(8, 3), Dst: c},
		&ir.RegisterExec{Action: 0, Index: num(8, 4), Dst: none}, // there is no cell 4
		&ir.RegisterPredicate{Lo: num(1, 1), Hi: num(1, 1), Dst: pred},
		&ir.RegisterRead{Register: 1, Index: num(8, 3), Lo: rl, Hi: rh},
		&ir.RegisterWrite{Register: 1, Index: num(8, 0), Lo: num(16, 1), Hi: num(16, 2)},
		&ir.RegisterExec{Action: 0, Log: true, Dst: l0}, &ir.RegisterExec{Action: 0, Log: true, Dst: l1},
	}
	tw := load(t, b)
	p := tw.run(ir.Ingress, nil)
	want(t, p, a, 11)
	want(t, p, c, 30)
	want(t, p, none, 0)
	want(t, p, pred, 8) // bit number hi*2+lo
	want(t, p, rl, 20)
	want(t, p, rh, 10)
	want(t, p, l0, 10)
	want(t, p, l1, 10) // the log counter moved to the next cell
	if lo, hi, _ := tw.store.State(0).Registers[1].Get(0); lo != 1 || hi != 2 {
		t.Errorf("cell 0: %d %d", lo, hi)
	}
	for range 2 {
		tw.run(ir.Ingress, nil)
	}
	if lo, _, _ := tw.store.State(0).Registers[0].Get(1); lo != 12 {
		t.Errorf("six log entries over four cells: cell 1 = %d, want 12", lo)
	}
}

func TestDirectCountersAndRegistersFollowTheEntry(t *testing.T) {
	b := newProg()
	k := b.header("k", 8)
	v, out := b.meta("v", 16), b.meta("out", 16)
	b.pl.Counters = []*ir.Counter{{Name: "c", Kind: ir.PacketsAndBytes, Table: 0}}
	b.pl.Registers = []*ir.Register{{Name: "r", Width: 16, Table: 0, Names: []string{"f1"}}}
	b.pl.RegActions = []*ir.RegisterAction{{Name: "ra", Register: 0, Lo: v, Body: []ir.Stmt{set(v, bin(ir.Add, ld(v), num(16, 1)))}}}
	b.parser(&ir.State{Body: []ir.Stmt{&ir.Extract{Header: k.index}}, Next: ir.Accept})
	act := b.action("act", []int{16}, func(p []ir.Loc) []ir.Stmt {
		return []ir.Stmt{&ir.Count{Counter: 0, Adjust: num(8, 1)}, &ir.RegisterExec{Action: 0}, set(out, ld(p[0]))}
	})
	i, tb := b.table("t", []ir.Key{key(ld(k.f[0]), ir.Exact)}, act)
	tb.DirectCounters, tb.DirectRegisters = []int{0}, []int{0}
	tb.Default = ir.ActionCall{Action: 0, Data: unhex("0009")}
	tb.Entries = []ir.Entry{{Keys: []ir.KeyMatch{{Value: unhex("01")}}, Call: ir.ActionCall{Action: 0, Data: unhex("0007")}}}
	hit, ran := b.meta("hit", 1), b.meta("ran", 8)
	b.g.Control = []ir.Stmt{&ir.Apply{Table: i, Hit: hit, Action: ran}}
	tw := load(t, b)
	p := tw.run(ir.Ingress, unhex("01"))
	want(t, p, hit, 1)
	want(t, p, ran, 0)
	want(t, p, out, 7)
	tw.run(ir.Ingress, unhex("01"))
	p = tw.run(ir.Ingress, unhex("02"))
	want(t, p, hit, 0)
	want(t, p, out, 9)
	s := tw.store.State(0)
	cell := s.Match[0].Lookup(unhex("01")).Cell()
	if n, bytes := s.Counters[0].Get(uint64(cell)); n != 2 || bytes != 2*(1+4-1) {
		t.Errorf("entry's counter: %d packets, %d bytes", n, bytes)
	}
	if n, _ := s.Counters[0].Get(uint64(s.Match[0].Default().Cell())); n != 1 {
		t.Errorf("default's counter: %d", n)
	}
	if lo, _, _ := s.Registers[0].Get(uint64(cell)); lo != 2 {
		t.Errorf("entry's register: %d", lo)
	}
}

func TestSelectorChoosesByHash(t *testing.T) {
	b := newProg()
	k := b.header("k", 8, 16)
	port := b.meta("port", 16)
	b.parser(&ir.State{Body: []ir.Stmt{&ir.Extract{Header: k.index}}, Next: ir.Accept})
	act := b.action("C.hit", []int{16}, func(p []ir.Loc) []ir.Stmt { return []ir.Stmt{set(port, ld(p[0]))} })
	i, tb := b.table("C.nexthop", []ir.Key{{Name: "k", Expr: ld(k.f[0]), Width: 8}}, act)
	tb.Profile, tb.Selector, tb.SelectorKeys = 0, 0, []ir.Expr{ld(k.f[1])}
	b.pl.Profiles = []*ir.ActionProfile{{Name: "C.members", Size: 8, Tables: []int{0}}}
	b.pl.Hashes = []*ir.Hash{{Name: "h", Width: 14, Algorithm: ir.Identity}}
	b.pl.Selectors = []*ir.Selector{{Name: "C.groups", MaxGroupSize: 4, NumGroups: 2, Mode: ir.Fair, Register: -1}}
	b.g.Control = []ir.Stmt{&ir.Apply{Table: i}}
	tw := load(t, b)
	id := func(v byte) []byte { return []byte{0, 0, 0, v} }
	for m := range byte(3) {
		tw.write(tables.TableEntry{Table: "members", Key: []tables.KeyField{{Name: "$ACTION_MEMBER_ID", Value: id(m + 1)}},
			Action: "hit", Data: []tables.DataField{{Name: "p0", Value: []byte{0, 100 + m}}}})
	}
	tw.write(tables.TableEntry{Table: "groups", Key: []tables.KeyField{{Name: "$SELECTOR_GROUP_ID", Value: id(7)}},
		Data: []tables.DataField{{Name: "$ACTION_MEMBER_ID", Value: []uint32{1, 2}}, {Name: "$ACTION_MEMBER_STATUS", Value: []bool{true, true}}}})
	tw.write(tables.TableEntry{Table: "nexthop", Key: []tables.KeyField{{Name: "k", Value: []byte{1}}}, Data: []tables.DataField{{Name: "$ACTION_MEMBER_ID", Value: id(3)}}})
	tw.write(tables.TableEntry{Table: "nexthop", Key: []tables.KeyField{{Name: "k", Value: []byte{2}}}, Data: []tables.DataField{{Name: "$SELECTOR_GROUP_ID", Value: id(7)}}})
	want(t, tw.run(ir.Ingress, unhex("010000")), port, 102)
	want(t, tw.run(ir.Ingress, unhex("020000")), port, 100)
	want(t, tw.run(ir.Ingress, unhex("020001")), port, 101)
	want(t, tw.run(ir.Ingress, unhex("030001")), port, 0) // miss: nothing runs
}

func TestMirrorAndResubmitNeedTheirType(t *testing.T) {
	b := newProg()
	typ := b.intr(ir.MirrorType, 3)
	x := b.header("x", 16)
	b.pl.Mirrors = []*ir.Mirror{{Name: "m", Type: 2}}
	b.pl.Resubmits = []*ir.Resubmit{{Name: "r", Type: -1}}
	b.parser(&ir.State{Body: []ir.Stmt{&ir.Extract{Header: x.index}}, Next: ir.Accept})
	b.g.Control = []ir.Stmt{set(typ, &ir.Slice{X: ld(x.f[0]), Hi: 2, Lo: 0})}
	b.g.Deparser = []ir.Stmt{
		&ir.MirrorEmit{Mirror: 0, Session: num(10, 5), Data: []ir.Expr{ld(x.f[0]), num(4, 0xa)}},
		&ir.ResubmitEmit{Resubmit: 0, Data: []ir.Expr{num(64, 0x42)}},
		set(x.f[0], num(16, 0)),
	}
	tw := load(t, b)
	p := tw.run(ir.Ingress, unhex("aa02"))
	if p.Mirror.Index != 0 || p.Mirror.Session != 5 || hexOf(p.Mirror.Data) != "aa02a0" {
		t.Errorf("mirror %+v", p.Mirror)
	}
	if p.Resubmit.Index != 0 || hexOf(p.Resubmit.Data) != "0000000000000042" {
		t.Errorf("resubmit %+v", p.Resubmit)
	}
	if p := tw.run(ir.Ingress, unhex("aa03")); p.Mirror.Index != -1 {
		t.Errorf("mirror of another type: %+v", p.Mirror)
	}
}
