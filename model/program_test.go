package model

import (
	"math/big"

	"gofino/pipeline/ir"
)

// The test program does what the packet says. A packet is a command of 26
// bytes and a payload:
//
//	 0 flags: 80 unicast, 40 group a, 20 group b, 10 resubmit once, 08 bypass,
//	          04 copy to CPU, 02 egress mirror, 01 ingress mirror
//	 1 port   3 group a   5 group b   (16 bits each)
//	 7 drop_ctl: ingress in bits 2..0, egress in bits 6..4
//	 8 ingress session  10 egress session  12 rid  14 l2 xid  16 l1 xid
//	18 hash1  20 hash2  (16 bits each; hash2's top 2 bits: packet_color)
//	22 qid   23 cos (6..4: CPU's, 7: deflect_on_drop)
//	24 more: 80 resubmit always, 40 io_select, 20 egress overwrites the payload's
//	         first byte of the command, 10 mark: egress adds 1 to byte 25,
//	         08 force_tx_error, 04 capture_tstamp_on_tx, 02 unicast invalidated
//	25 a byte to play with
//
// Ingress emits its intrinsic metadata, its port metadata or resubmit data, and
// the command; egress emits its intrinsic metadata in front of all that: what
// leaves shows everything that the chip told the program. Mirrored packets
// begin with A1 (ingress) or A2 (egress) and are not parsed further.
const (
	cmdBytes = 26

	fUcast, fGroupA, fGroupB, fResubmit, fBypass, fCPU, fEgMirror, fIgMirror = 0x80, 0x40, 0x20, 0x10, 0x08, 0x04, 0x02, 0x01

	mResubmitAlways, mIOSelect, mMark, mForceError, mCapture = 0x80, 0x40, 0x10, 0x08, 0x04
)

// memory lays out one gress.
type memory struct {
	g    *ir.Gress
	next int // byte
}

func (m *memory) header(name string, bytes int) int {
	m.g.Headers = append(m.g.Headers, &ir.Header{Name: name, Off: m.next, Bytes: bytes, Valid: ir.Loc{}})
	m.next += bytes
	return len(m.g.Headers) - 1
}

func (m *memory) value(width int) ir.Loc {
	n := (width + 7) / 8
	l := ir.Loc{Bit: (m.next+n)*8 - width, Width: width}
	m.next += n
	return l
}

func (m *memory) finish() {
	for _, h := range m.g.Headers {
		h.Valid = m.value(1)
	}
	m.g.Bytes = m.next
}

// at is a place in a header, by bit.
func (m *memory) at(h, bit, width int) ir.Loc {
	return ir.Loc{Bit: m.g.Headers[h].Off*8 + bit, Width: width}
}

func load(l ir.Loc) ir.Expr { return &ir.Load{Loc: l} }

func constant(width int, v int64) *ir.Const { return &ir.Const{Width: width, V: big.NewInt(v)} }

func isSet(l ir.Loc) ir.Expr {
	return &ir.Binary{Op: ir.Eq, Width: 1, X: load(l), Y: constant(l.Width, 1)}
}

func both(a, b ir.Expr) ir.Expr { return &ir.Binary{Op: ir.LAnd, Width: 1, X: a, Y: b} }
func either(a, b ir.Expr) ir.Expr {
	return &ir.Binary{Op: ir.LOr, Width: 1, X: a, Y: b}
}

func assign(dst ir.Loc, x ir.Expr) ir.Stmt { return &ir.Assign{Dst: dst, X: x} }

// resize widens or narrows a place's value to a destination.
func resize(dst ir.Loc, src ir.Loc) ir.Stmt {
	if dst.Width == src.Width {
		return assign(dst, load(src))
	}
	return assign(dst, &ir.Cast{Width: dst.Width, X: load(src)})
}

func when(c ir.Expr, body ...ir.Stmt) ir.Stmt { return &ir.If{Cond: c, Then: body} }

// testProgram is the program above.
func testProgram(t ir.Target) *ir.Program {
	pl := &ir.Pipeline{
		Name:         "pipe",
		Ingress:      testIngress(t),
		Egress:       testEgress(t),
		Counters:     []*ir.Counter{{Name: "Egress.bytes", Dir: ir.Egress, Kind: ir.PacketsAndBytes, Size: 512, Width: 64, Table: -1}, {Name: "Ingress.bytes", Kind: ir.PacketsAndBytes, Size: 512, Width: 64, Table: -1}},
		Randoms:      []*ir.Random{{Name: "Ingress.random", Width: 8}},
		Mirrors:      []*ir.Mirror{{Name: "ig_mirror", Dir: ir.Ingress, Type: 1}, {Name: "eg_mirror", Dir: ir.Egress, Type: 2}},
		Resubmits:    []*ir.Resubmit{{Name: "resubmit", Type: 1}},
		PortMetadata: &ir.PortMetadata{Name: "IngressParser.$PORT_METADATA", Bytes: areaData(t)},
	}
	return &ir.Program{Name: "test", Target: t, Pipelines: []*ir.Pipeline{pl}}
}

func testIngress(t ir.Target) *ir.Gress {
	m := &memory{g: &ir.Gress{Dir: ir.Ingress}}
	intr := m.header("ig_intr_md", igIntrBytes)
	area := m.header("area", areaBytes(t))
	cmd := m.header("cmd", cmdBytes)
	g := m.g
	for i, w := range map[ir.Intrinsic]int{
		ir.GlobalTstamp: 48, ir.GlobalVer: 32, ir.ParserErr: 16,
		ir.UcastEgressPort: 9, ir.UcastValid: 1, ir.BypassEgress: 1, ir.IngressCos: 3, ir.QID: 7, ir.IcosForCopyToCPU: 3,
		ir.CopyToCPU: 1, ir.McastGrpA: 16, ir.McastGrpAValid: 1, ir.McastGrpB: 16, ir.McastGrpBValid: 1,
		ir.Level1McastHash: 13, ir.Level2McastHash: 13, ir.Level1ExclusionID: 16, ir.Level2ExclusionID: 9, ir.RID: 16,
		ir.DropCtl: 3, ir.ResubmitType: 3, ir.ResubmitTypeValid: 1, ir.MirrorType: 3, ir.MirrorIOSelect: 1,
		ir.PacketColor: 2, ir.DeflectOnDrop: 1,
	} {
		g.Intr[i] = m.value(w)
	}
	random := m.value(8)
	m.finish()
	g.Parser = &ir.Parser{Name: "IngressParser", States: []*ir.State{{
		Name: "start", Next: ir.Accept,
		Body: []ir.Stmt{&ir.Extract{Header: intr}, &ir.Extract{Header: area}, &ir.Extract{Header: cmd}},
	}}}
	flag := func(n int) ir.Loc { return m.at(cmd, n, 1) }
	word := func(b int) ir.Loc { return m.at(cmd, 8*b, 16) }
	in := &g.Intr
	wants := func(i, valid ir.Intrinsic, n int, src ir.Loc) ir.Stmt {
		return when(isSet(flag(n)), resize(in[i], src), assign(in[valid], constant(1, 1)))
	}
	again := either(isSet(m.at(cmd, 24*8, 1)), both(isSet(flag(3)), &ir.Unary{Op: ir.Not, X: isSet(m.at(intr, 0, 1))}))
	g.Control = []ir.Stmt{
		wants(ir.UcastEgressPort, ir.UcastValid, 0, word(1)),
		wants(ir.McastGrpA, ir.McastGrpAValid, 1, word(3)),
		wants(ir.McastGrpB, ir.McastGrpBValid, 2, word(5)),
		when(again, assign(in[ir.ResubmitType], constant(3, 1)), assign(in[ir.ResubmitTypeValid], constant(1, 1))),
		resize(in[ir.BypassEgress], flag(4)),
		resize(in[ir.CopyToCPU], flag(5)),
		resize(in[ir.MirrorType], flag(7)),
		resize(in[ir.DropCtl], m.at(cmd, 7*8+5, 3)),
		resize(in[ir.RID], word(12)),
		resize(in[ir.Level2ExclusionID], word(14)),
		resize(in[ir.Level1ExclusionID], word(16)),
		resize(in[ir.Level1McastHash], word(18)),
		resize(in[ir.Level2McastHash], word(20)),
		resize(in[ir.QID], m.at(cmd, 22*8, 8)),
		resize(in[ir.IngressCos], m.at(cmd, 23*8+5, 3)),
		resize(in[ir.IcosForCopyToCPU], m.at(cmd, 23*8+1, 3)),
		resize(in[ir.PacketColor], m.at(cmd, 20*8, 2)),
		resize(in[ir.DeflectOnDrop], m.at(cmd, 23*8, 1)),
		resize(in[ir.MirrorIOSelect], m.at(cmd, 24*8+1, 1)),
		&ir.RandomGet{Dst: random, Random: 0},
		&ir.Count{Counter: 1, Index: &ir.Cast{Width: 9, X: load(m.at(intr, 7, 9))}},
		assign(m.at(cmd, 25*8, 8), &ir.Binary{Op: ir.Xor, Width: 8, X: load(m.at(cmd, 25*8, 8)), Y: &ir.Cond{
			C: isSet(m.at(cmd, 24*8+7, 1)), A: load(random), B: constant(8, 0),
		}}),
	}
	g.Deparser = []ir.Stmt{
		when(&ir.Binary{Op: ir.Eq, Width: 1, X: load(in[ir.MirrorType]), Y: constant(3, 1)},
			&ir.MirrorEmit{Mirror: 0, Session: &ir.Slice{X: load(word(8)), Hi: 9, Lo: 0}, Data: []ir.Expr{constant(8, 0xa1)}}),
		when(&ir.Binary{Op: ir.Eq, Width: 1, X: load(in[ir.ResubmitType]), Y: constant(3, 1)},
			&ir.ResubmitEmit{Resubmit: 0, Data: []ir.Expr{constant(32, 0xfeedc0de), load(m.at(cmd, 16, 32))}}),
		&ir.Emit{Header: intr}, &ir.Emit{Header: area}, &ir.Emit{Header: cmd},
	}
	return g
}

func testEgress(t ir.Target) *ir.Gress {
	m := &memory{g: &ir.Gress{Dir: ir.Egress}}
	intr := m.header("eg_intr_md", egBytes(t))
	bridged := m.header("bridged", igIntrBytes+areaBytes(t))
	cmd := m.header("cmd", cmdBytes)
	g := m.g
	for i, w := range map[ir.Intrinsic]int{
		ir.GlobalTstamp: 48, ir.GlobalVer: 32, ir.ParserErr: 16, ir.DropCtl: 3, ir.MirrorType: 3, ir.MirrorTypeValid: 1,
		ir.MirrorIOSelect: 1, ir.CaptureTstampOnTx: 1, ir.ForceTxError: 1,
	} {
		g.Intr[i] = m.value(w)
	}
	kind := m.value(8)
	m.finish()
	g.Parser = &ir.Parser{Name: "EgressParser", States: []*ir.State{
		{
			Name: "start",
			Body: []ir.Stmt{&ir.Extract{Header: intr}, &ir.Lookahead{Dst: kind}},
			Keys: []ir.Expr{load(kind)},
			Cases: []*ir.Case{
				{Match: []ir.Match{{Value: big.NewInt(0xa0), Mask: big.NewInt(0xf0)}}, ValueSet: -1, Next: ir.Accept},
				{Match: []ir.Match{{}}, ValueSet: -1, Next: 1},
			},
			Next: ir.Accept,
		},
		{Name: "packet", Body: []ir.Stmt{&ir.Extract{Header: bridged}, &ir.Extract{Header: cmd}}, Next: ir.Accept},
	}}
	in := &g.Intr
	mark := m.at(cmd, 25*8, 8)
	g.Control = []ir.Stmt{
		resize(in[ir.DropCtl], m.at(cmd, 7*8+1, 3)),
		when(isSet(m.at(cmd, 6, 1)), assign(in[ir.MirrorType], constant(3, 2)), assign(in[ir.MirrorTypeValid], constant(1, 1))),
		resize(in[ir.MirrorIOSelect], m.at(cmd, 24*8+1, 1)),
		when(isSet(m.at(cmd, 24*8+3, 1)), assign(mark, &ir.Binary{Op: ir.Add, Width: 8, X: load(mark), Y: constant(8, 1)})),
		resize(in[ir.ForceTxError], m.at(cmd, 24*8+4, 1)),
		resize(in[ir.CaptureTstampOnTx], m.at(cmd, 24*8+5, 1)),
		&ir.Count{Counter: 0, Index: load(m.at(intr, 7, 9))},
	}
	g.Deparser = []ir.Stmt{
		when(&ir.Binary{Op: ir.Eq, Width: 1, X: load(in[ir.MirrorType]), Y: constant(3, 2)},
			&ir.MirrorEmit{Mirror: 1, Session: &ir.Slice{X: load(m.at(cmd, 80, 16)), Hi: 9, Lo: 0}, Data: []ir.Expr{constant(8, 0xa2)}}),
		&ir.Emit{Header: intr}, &ir.Emit{Header: bridged}, &ir.Emit{Header: cmd},
	}
	return g
}
