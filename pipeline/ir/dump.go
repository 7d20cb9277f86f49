package ir

import (
	"fmt"
	"io"
	"math/big"
	"strconv"
	"strings"
)

// Dump writes a program in a readable form: places by the names of the fields
// that lie there, statements one per line. It is meant for reading and for
// golden tests, not for reading back.
func Dump(w io.Writer, p *Program) {
	fmt.Fprintf(w, "program %s target %d\n", p.Name, p.Target)
	if p.Scope != nil {
		fmt.Fprintf(w, "scope %v\n", p.Scope)
	}
	for _, pl := range p.Pipelines {
		d := &dumper{w: w, pl: pl}
		d.pipeline()
	}
}

type dumper struct {
	w      io.Writer
	pl     *Pipeline
	g      *Gress
	params []Param // of the action being written
	depth  int
}

func (d *dumper) line(format string, args ...any) {
	fmt.Fprintf(d.w, "%s%s\n", strings.Repeat("  ", d.depth), fmt.Sprintf(format, args...))
}

func (d *dumper) in(f func()) {
	d.depth++
	f()
	d.depth--
}

func (d *dumper) pipeline() {
	pl := d.pl
	d.line("pipeline %s", pl.Name)
	d.depth++
	if pm := pl.PortMetadata; pm != nil {
		d.line("port_metadata %s bytes %d", pm.Name, pm.Bytes)
		for _, f := range pm.Fields {
			d.line("  %s bit %d width %d", f.Name, f.Bit, f.Width)
		}
	}
	d.externs()
	for _, g := range []*Gress{pl.Ingress, pl.Egress} {
		d.g = g
		d.line("%s bytes %d", g.Dir, g.Bytes)
		d.in(d.gress)
	}
	d.depth--
}

func (d *dumper) externs() {
	pl := d.pl
	for _, x := range pl.Profiles {
		d.line("profile %s size %d tables %v", x.Name, x.Size, x.Tables)
	}
	for _, x := range pl.Selectors {
		d.line("selector %s profile %d hash %d mode %d max %d groups %d scramble %v register %d", x.Name, x.Profile, x.Hash, x.Mode, x.MaxGroupSize, x.NumGroups, x.Scramble, x.Register)
	}
	for _, x := range pl.Counters {
		d.line("counter %s %s kind %d size %d width %d table %d", x.Name, x.Dir, x.Kind, x.Size, x.Width, x.Table)
	}
	for _, x := range pl.Registers {
		d.line("register %s %s size %d width %d pair %v %v initial %v table %d index %d", x.Name, x.Dir, x.Size, x.Width, x.Pair, x.Names, x.Initial, x.Table, x.Index)
	}
	for _, x := range pl.Meters {
		d.line("meter %s %s kind %d size %d colors %v table %d", x.Name, x.Dir, x.Kind, x.Size, x.Colors, x.Table)
	}
	for _, x := range pl.Filters {
		d.line("filter %s %s %s size %d width %d drop %d/%d table %d", x.Name, x.Dir, x.Kind, x.Size, x.Width, x.Drop, x.NoDrop, x.Table)
	}
	for _, x := range pl.RegParams {
		d.line("regparam %s width %d initial %s", x.Name, x.Width, x.Initial)
	}
	for _, x := range pl.Hashes {
		d.line("hash %s width %d algorithm %d crc %+v symmetric %v", x.Name, x.Width, x.Algorithm, x.CRC, x.Symmetric)
	}
	for _, x := range pl.Randoms {
		d.line("random %s width %d", x.Name, x.Width)
	}
	for _, x := range pl.ValueSets {
		d.line("value_set %s size %d %v %v", x.Name, x.Size, x.Names, x.Widths)
	}
	for _, x := range pl.MathUnits {
		d.line("math %s width %d invert %v shift %d scale %d %v", x.Name, x.Width, x.Invert, x.Shift, x.Scale, x.Table)
	}
	for _, x := range pl.Mirrors {
		d.line("mirror %s %s type %d", x.Name, x.Dir, x.Type)
	}
	for _, x := range pl.Resubmits {
		d.line("resubmit %s type %d", x.Name, x.Type)
	}
}

func (d *dumper) gress() {
	g := d.g
	for _, h := range g.Headers {
		bits := ""
		if h.Bits != 0 {
			bits = fmt.Sprintf(" bits %d", h.Bits)
		}
		if h.Var.Width != 0 {
			bits += fmt.Sprintf(" varbit length %d", h.Var.Bit)
		}
		d.line("header %s at %d bytes %d%s valid %d", h.Name, h.Off, h.Bytes, bits, h.Valid.Bit)
	}
	for _, s := range g.Stacks {
		d.line("stack %s headers %v next %d", s.Name, s.Headers, s.Next.Bit)
	}
	for i, l := range g.Intr {
		if l.Width > 0 {
			d.line("intrinsic %d = %s", i, d.loc(l))
		}
	}
	d.line("parser %s reads_err %v checksums %d", g.Parser.Name, g.Parser.ReadsErr, g.Parser.Checksums)
	d.in(d.parser)
	for i, a := range d.pl.RegActions {
		if d.pl.Registers[a.Register].Dir == g.Dir {
			d.line("register_action %d %s lo %s hi %s out %s", i, a.Name, d.loc(a.Lo), d.loc(a.Hi), d.loc(a.Out))
			d.in(func() { d.stmts(a.Body) })
		}
	}
	for i, a := range d.pl.Actions {
		if a.Dir == g.Dir {
			d.action(i, a)
		}
	}
	for i, t := range d.pl.Tables {
		if t.Dir == g.Dir {
			d.table(i, t)
		}
	}
	d.line("control")
	d.in(func() { d.stmts(g.Control) })
	d.line("deparser")
	d.in(func() { d.stmts(g.Deparser) })
}

func (d *dumper) parser() {
	for i, s := range d.g.Parser.States {
		d.line("state %d %s", i, s.Name)
		d.depth++
		d.stmts(s.Body)
		if len(s.Keys) == 0 {
			d.line("goto %s", state(s.Next))
		} else {
			d.line("select %s", d.exprs(s.Keys))
			for _, c := range s.Cases {
				d.line("  %s: %s", d.match(c), state(c.Next))
			}
		}
		d.depth--
	}
}

func state(i int) string {
	switch i {
	case Accept:
		return "accept"
	case Reject:
		return "reject"
	}
	return strconv.Itoa(i)
}

func (d *dumper) match(c *Case) string {
	if c.ValueSet >= 0 {
		return "value_set " + strconv.Itoa(c.ValueSet)
	}
	var out []string
	for _, m := range c.Match {
		switch {
		case m.Range:
			out = append(out, fmt.Sprintf("%#x..%#x", m.Lo, m.Hi))
		case m.Mask == nil:
			out = append(out, "_")
		default:
			out = append(out, fmt.Sprintf("%#x&%#x", m.Value, m.Mask))
		}
	}
	return strings.Join(out, ", ")
}

func (d *dumper) action(i int, a *Action) {
	d.params = a.Params
	var ps []string
	for _, p := range a.Params {
		ps = append(ps, fmt.Sprintf("%s:%d", p.Name, p.Loc.Width))
	}
	d.line("action %d %s(%s) data %d..%d", i, a.Name, strings.Join(ps, ", "), a.Off, a.Off+a.Bytes)
	d.in(func() { d.stmts(a.Body) })
	d.params = nil
}

func (d *dumper) table(i int, t *Table) {
	d.line("table %d %s size %d", i, t.Name, t.Size)
	d.depth++
	for _, k := range t.Keys {
		d.line("key %s %s = %s", k.Kind, k.Name, d.expr(k.Expr))
	}
	if len(t.SelectorKeys) > 0 {
		d.line("selector_keys %s", d.exprs(t.SelectorKeys))
	}
	for j, a := range t.Actions {
		d.line("action %d = %d %s scope %d", j, a.Action, d.pl.Actions[a.Action].Name, a.Scope)
	}
	d.line("default %d %x const %v", t.Default.Action, t.Default.Data, t.ConstDefault)
	for _, e := range t.Entries {
		var ks []string
		for j, k := range e.Keys {
			switch t.Keys[j].Kind {
			case Exact, ATCAMPartition:
				ks = append(ks, fmt.Sprintf("%x", k.Value))
			case Ternary:
				ks = append(ks, fmt.Sprintf("%x&%x", k.Value, k.Mask))
			case LPM:
				ks = append(ks, fmt.Sprintf("%x/%d", k.Value, k.Prefix))
			case Range:
				ks = append(ks, fmt.Sprintf("%x..%x", k.Lo, k.Hi))
			}
		}
		d.line("entry %d const %v [%s] action %d %x", e.Priority, e.Const, strings.Join(ks, " "), e.Call.Action, e.Call.Data)
	}
	if t.Profile >= 0 || t.Selector >= 0 {
		d.line("profile %d selector %d", t.Profile, t.Selector)
	}
	if len(t.DirectCounters)+len(t.DirectRegisters) > 0 {
		d.line("direct counters %v registers %v", t.DirectCounters, t.DirectRegisters)
	}
	if len(t.DirectMeters)+len(t.DirectFilters) > 0 {
		d.line("direct meters %v filters %v", t.DirectMeters, t.DirectFilters)
	}
	d.depth--
}

// loc names a place: the field that covers it, with a slice where it is a
// part; else its bits.
func (d *dumper) loc(l Loc) string {
	if l.Width == 0 {
		return "-"
	}
	for _, p := range d.params {
		if s, ok := within(p.Name, p.Loc, l); ok {
			return s
		}
	}
	for _, f := range d.g.Fields {
		if s, ok := within(f.Name, f.Loc, l); ok {
			return s
		}
	}
	return fmt.Sprintf("bits[%d:%d]", l.Bit, l.Bit+l.Width)
}

func within(name string, f, l Loc) (string, bool) {
	if f.Bit > l.Bit || l.Bit+l.Width > f.Bit+f.Width {
		return "", false
	}
	if strings.HasPrefix(name, "$") {
		name += "@" + strconv.Itoa(f.Bit/8)
	}
	if f == l {
		return name, true
	}
	lo := f.Bit + f.Width - l.Bit - l.Width
	return fmt.Sprintf("%s[%d:%d]", name, lo+l.Width-1, lo), true
}

func (d *dumper) header(i int) string { return d.g.Headers[i].Name }

var opNames = [...]string{
	Add: "+", Sub: "-", Mul: "*", Div: "/", Mod: "%", AddSat: "|+|", SubSat: "|-|", Shl: "<<", Shr: ">>",
	And: "&", Or: "|", Xor: "^", Cat: "++", LAnd: "&&", LOr: "||", Eq: "==", Ne: "!=", Lt: "<", Le: "<=",
	Gt: ">", Ge: ">=", Min: "min", Max: "max", Not: "!", BitNot: "~", Neg: "-",
}

func (o Op) String() string {
	if int(o) < len(opNames) {
		return opNames[o]
	}
	return "op" + strconv.Itoa(int(o))
}

func (d *dumper) expr(x Expr) string {
	switch x := x.(type) {
	case nil:
		return "-"
	case *Const:
		return fmt.Sprintf("%dw%s", x.Width, hex(x.V))
	case *Load:
		return d.loc(x.Loc)
	case *Unary:
		return x.Op.String() + d.expr(x.X)
	case *Binary:
		sign := ""
		if x.Signed {
			sign = "s"
		}
		return fmt.Sprintf("(%s %s%s %s)", d.expr(x.X), sign, x.Op, d.expr(x.Y))
	case *Slice:
		return fmt.Sprintf("%s[%d:%d]", d.expr(x.X), x.Hi, x.Lo)
	case *Cast:
		if x.Signed {
			return fmt.Sprintf("int%d(%s)", x.Width, d.expr(x.X))
		}
		return fmt.Sprintf("bit%d(%s)", x.Width, d.expr(x.X))
	case *Cond:
		return fmt.Sprintf("(%s ? %s : %s)", d.expr(x.C), d.expr(x.A), d.expr(x.B))
	case *CounterZero:
		return "counter==0"
	case *CounterNeg:
		return "counter<0"
	case *RegParam:
		return "regparam " + d.pl.RegParams[x.Param].Name
	case *StackLast:
		return fmt.Sprintf("%s.last[%d+%d]", d.g.Stacks[x.Stack].Name, x.Off, x.Width)
	}
	return fmt.Sprintf("%T", x)
}

func hex(v *big.Int) string {
	if v.IsInt64() && v.Int64() < 10 {
		return v.String()
	}
	return fmt.Sprintf("%#x", v)
}

func (d *dumper) exprs(xs []Expr) string {
	var out []string
	for _, x := range xs {
		out = append(out, d.expr(x))
	}
	return "{" + strings.Join(out, ", ") + "}"
}
