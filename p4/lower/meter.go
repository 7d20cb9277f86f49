package lower

import (
	"gofino/p4/syntax"
	"gofino/pipeline/ir"
)

// Meters, low-pass filters and WRED (chip.md section 7).

var meterKinds = map[string]ir.CounterKind{"PACKETS": ir.Packets, "BYTES": ir.Bytes}

// meter makes the ir of a Meter or DirectMeter: (size, type), both with the
// colours red, yellow, green after them; Tofino 2 adds a flag at the end. A
// direct one has no size.
func (g *gress) meter(inst *instance) int {
	if inst.id >= 0 {
		return inst.id
	}
	m := &ir.Meter{Name: inst.name, Pos: irPos(inst.at), Dir: g.dir, Table: -1, Colors: ir.MeterColors}
	next := 0
	if inst.externName() == "Meter" {
		m.Size = g.argInt(inst, 0, 1)
		next = 1
	}
	m.Kind = meterKinds[argEnum(inst, next)]
	next++
	if len(inst.args) >= next+3 {
		for i, color := range []int{2, 1, 0} { // red, yellow, green
			m.Colors[color] = g.argByte(inst, next+i)
		}
		next += 3
	}
	m.TrueEgress = g.argBool(inst, next)
	inst.id = len(g.pl.Meters)
	g.pl.Meters = append(g.pl.Meters, m)
	return inst.id
}

// argByte is a constructor argument of eight bits.
func (g *gress) argByte(inst *instance, i int) uint8 { return uint8(g.argInt(inst, i, 0)) }

// maxFilterWidth is the widest value that a filter takes: one word of the
// meter ALU's input.
const maxFilterWidth = 32

// filter makes the ir of an Lpf or Wred, or a direct one.
func (g *gress) filter(inst *instance) int {
	if inst.id >= 0 {
		return inst.id
	}
	f := &ir.Filter{Name: inst.name, Pos: irPos(inst.at), Dir: g.dir, Table: -1}
	w, ok := scalarWidth(inst.typeArg(inst.home, 0))
	if !ok || w > maxFilterWidth {
		g.errorf(inst.at, "%s %s: the value must be a bit<W> of at most %d bits", inst.externName(), inst.local, maxFilterWidth)
		w = maxFilterWidth
	}
	f.Width = w
	next := 0
	switch inst.externName() {
	case "Lpf", "Wred":
		f.Size = g.argInt(inst, 0, 1)
		next = 1
	}
	switch inst.externName() {
	case "Wred", "DirectWred":
		f.Kind = ir.WRED
		f.Drop, f.NoDrop = g.argByte(inst, next), g.argByte(inst, next+1)
	}
	inst.id = len(g.pl.Filters)
	g.pl.Filters = append(g.pl.Filters, f)
	return inst.id
}

// argNamed is the call's argument for the parameter of a name, nil where it was
// left out or the overload has none.
func (m *method) argNamed(name string) syntax.Expr {
	for i, p := range m.c.Params {
		if p != nil && p.Name == name {
			return m.arg(i)
		}
	}
	return nil
}

func (g *gress) meterExecute(m *method) *value {
	g.noteDirect(m.inst)
	vs := g.exprs(m.f, []syntax.Expr{m.argNamed("index"), m.argNamed("color"), m.argNamed("adjust_byte_count")})
	x := &ir.MeterExec{Meter: g.meter(m.inst)}
	x.Index, x.Color, x.Adjust = g.scalarOrNil(vs[0]), g.scalarOrNil(vs[1]), g.scalarOrNil(vs[2])
	dst, r := g.result(m, m.rt)
	x.S, x.Dst = g.s(), dst
	g.emit(x)
	return r
}

func (g *gress) filterExecute(m *method) *value {
	g.noteDirect(m.inst)
	vs := g.exprs(m.f, []syntax.Expr{m.argNamed("val"), m.argNamed("index")})
	if vs[0] == nil {
		return nil
	}
	x := &ir.FilterExec{Filter: g.filter(m.inst), X: g.scalar(vs[0]), Index: g.scalarOrNil(vs[1])}
	dst, r := g.result(m, m.rt)
	x.S, x.Dst = g.s(), dst
	g.emit(x)
	return r
}

func (g *gress) scalarOrNil(v *value) ir.Expr {
	if v == nil {
		return nil
	}
	return g.scalar(v)
}

// noteDirect remembers a direct meter or filter that is used, perhaps before
// its table is lowered.
func (g *gress) noteDirect(inst *instance) {
	switch inst.externName() {
	case "DirectMeter", "DirectLpf", "DirectWred":
		g.direct = append(g.direct, inst)
	}
}

// attachMeter gives a table its direct meter or filter; an indirect one exists
// without the table, naming it only tells what the actions use. false: inst is
// none of these.
func (g *gress) attachMeter(t *ir.Table, table int, inst *instance) bool {
	switch inst.externName() {
	case "Meter", "Lpf", "Wred":
	case "DirectMeter":
		i := g.meter(inst)
		g.pl.Meters[i].Table = table
		t.DirectMeters = append(t.DirectMeters, i)
	case "DirectLpf", "DirectWred":
		i := g.filter(inst)
		g.pl.Filters[i].Table = table
		t.DirectFilters = append(t.DirectFilters, i)
	default:
		return false
	}
	return true
}

// attached tells whether a table owns a direct extern; prop is the property
// that would make it so.
func (g *gress) attached(inst *instance) (ok bool, what, prop string) {
	switch inst.externName() {
	case "DirectMeter":
		return g.pl.Meters[inst.id].Table >= 0, "meter", "meters"
	case "DirectLpf", "DirectWred":
		return g.pl.Filters[inst.id].Table >= 0, "filter", "filters"
	}
	return g.pl.Counters[inst.id].Table >= 0, "counter", "counters"
}
