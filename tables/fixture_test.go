package tables

import (
	"context"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"gofino/pipeline/ir"
)

// param places an action parameter: consecutive, each right-aligned in whole
// bytes, from byte off.
func action(name string, off int, params ...any) *ir.Action {
	a := &ir.Action{Name: name, Off: off}
	for i := 0; i < len(params); i += 2 {
		w := params[i+1].(int)
		n := (w + 7) / 8
		a.Params = append(a.Params, ir.Param{
			Name: params[i].(string), Loc: ir.Loc{Bit: (off+a.Bytes+n)*8 - w, Width: w},
		})
		a.Bytes += n
	}
	return a
}

// testProgram has one of everything that the store keeps.
func testProgram() *ir.Program {
	pl := &ir.Pipeline{Name: "pipe", Ingress: &ir.Gress{}, Egress: &ir.Gress{Dir: ir.Egress}}
	pl.Actions = []*ir.Action{
		action("SwitchIngress.hit", 40, "port", 9),
		action("SwitchIngress.rewrite", 40, "mac", 48, "vlan", 12),
		action("NoAction", 40),
		action("SwitchIngress.drop", 40),
	}
	hit, rewrite, nop := ir.ActionRef{Action: 0}, ir.ActionRef{Action: 1}, ir.ActionRef{Action: 2, Scope: ir.DefaultOnly}
	drop := ir.ActionRef{Action: 3, Scope: ir.TableOnly}
	table := func(name string, size int, keys ...ir.Key) *ir.Table {
		t := &ir.Table{Name: "SwitchIngress." + name, Size: size, Keys: keys, Profile: -1, Selector: -1,
			Actions: []ir.ActionRef{hit, rewrite, nop, drop}, Default: ir.ActionCall{Action: 2}}
		pl.Tables = append(pl.Tables, t)
		return t
	}
	dmac := ir.Key{Name: "hdr.ethernet.dst_addr", Width: 48}
	forward := table("forward", 8, dmac)
	forward.DirectCounters = []int{1}
	forward.DirectRegisters = []int{2}
	table("routes", 64, ir.Key{Name: "ig_md.vrf", Width: 10}, ir.Key{Name: "hdr.ipv4.dst_addr", Width: 32, Kind: ir.LPM})
	table("acl", 64, ir.Key{Name: "hdr.ipv4.src_addr", Width: 32, Kind: ir.Ternary}, ir.Key{Name: "hdr.tcp.dst_port", Width: 16, Kind: ir.Range})
	fixed := table("fixed", 4, dmac)
	fixed.ConstEntries, fixed.ConstDefault = true, true
	fixed.Entries = []ir.Entry{{
		Keys: []ir.KeyMatch{{Value: []byte{0, 0, 0, 0, 0, 1}}}, Const: true,
		Call: ir.ActionCall{Action: 0, Data: []byte{0, 7}},
	}}
	initial := table("initial", 4, dmac)
	initial.Entries = []ir.Entry{{
		Keys: []ir.KeyMatch{{Value: []byte{0, 0, 0, 0, 0, 1}}},
		Call: ir.ActionCall{Action: 0, Data: []byte{0, 7}},
	}}
	table("keyless", 1)
	nexthop := table("nexthop", 8, ir.Key{Name: "ig_md.nexthop", Width: 16})
	nexthop.Profile, nexthop.Selector = 0, 0
	plain := table("plain", 8, ir.Key{Name: "ig_md.nexthop", Width: 16})
	plain.Profile = 1

	pl.Profiles = []*ir.ActionProfile{
		{Name: "SwitchIngress.members", Size: 6, Tables: []int{6}},
		{Name: "SwitchIngress.shared", Size: 2, Tables: []int{7}},
	}
	pl.Selectors = []*ir.Selector{{Name: "SwitchIngress.groups", MaxGroupSize: 4, NumGroups: 2, Mode: ir.Fair, Register: -1}}
	pl.Counters = []*ir.Counter{
		{Name: "SwitchIngress.ports", Kind: ir.PacketsAndBytes, Size: 16, Table: -1},
		{Name: "SwitchIngress.hits", Kind: ir.Packets, Table: 0},
	}
	pl.Registers = []*ir.Register{
		{Name: "SwitchIngress.flows", Size: 16, Width: 32, Pair: true, Names: []string{"first", "second"}, Initial: [2]uint64{1, 2}, Table: -1},
		{Name: "SwitchIngress.flags", Size: 100, Width: 1, Table: -1},
		{Name: "SwitchIngress.age", Width: 16, Table: 0},
	}
	pl.RegParams = []*ir.RegisterParam{{Name: "SwitchIngress.step", Width: 16, Initial: big.NewInt(5)}}
	pl.ValueSets = []*ir.ValueSet{{Name: "SwitchIngressParser.vs", Size: 2, Names: []string{"f1", "f2"}, Widths: []int{16, 4}}}
	pl.PortMetadata = &ir.PortMetadata{Name: "SwitchIngressParser.$PORT_METADATA", Bytes: 8,
		Fields: []ir.PortField{{Name: "lag", Bit: 4, Width: 12}, {Name: "up", Bit: 23, Width: 1}}}
	return &ir.Program{Name: "test", Target: ir.Tofino, Pipelines: []*ir.Pipeline{pl}}
}

func newTestStore(t testing.TB) *Store {
	t.Helper()
	st, err := NewStore(testProgram(), 2)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// num is a big-endian number of so many bytes.
func num(n int, v uint64) []byte { return wordBytes(v, 8*n) }

func exactKey(name string, v uint64, n int) KeyField { return KeyField{Name: name, Value: num(n, v)} }

// do runs one update.
func do(st *Store, op Op, e TableEntry) error {
	err := st.Write(context.Background(), AllPipes, []Update{{Op: op, Entry: e}}, ContinueOnError)
	if b, ok := err.(*BatchError); ok {
		return b.Errs[0]
	}
	return err
}

func mustDo(t testing.TB, st *Store, op Op, e TableEntry) {
	t.Helper()
	if err := do(st, op, e); err != nil {
		t.Fatal(err)
	}
}

// forwardEntry of table forward: dst_addr -> hit(port).
func forwardEntry(mac, port uint64) TableEntry {
	return TableEntry{Table: "forward", Key: []KeyField{exactKey("dst_addr", mac, 6)},
		Action: "hit", Data: []DataField{{"port", num(2, port)}}}
}

// dump reads a table as text, one entry per line.
func dump(t testing.TB, st *Store, target Target, q Query) string {
	t.Helper()
	var b strings.Builder
	for e, err := range st.Read(context.Background(), target, q) {
		if err != nil {
			fmt.Fprintf(&b, "error: %v\n", err)
			break
		}
		b.WriteString(entryLine(e))
	}
	return b.String()
}

func entryLine(e *TableEntry) string {
	var b strings.Builder
	if e.Default {
		b.WriteString("default")
	} else {
		fmt.Fprintf(&b, "%d:", e.Handle)
	}
	for _, k := range e.Key {
		fmt.Fprintf(&b, " %s=%x", k.Name, k.Value)
		switch {
		case k.Mask != nil:
			fmt.Fprintf(&b, "&%x", k.Mask)
		case k.High != nil:
			fmt.Fprintf(&b, "..%x", k.High)
		case k.PrefixLen > 0:
			fmt.Fprintf(&b, "/%d", k.PrefixLen)
		}
	}
	if e.Action != "" {
		fmt.Fprintf(&b, " -> %s", e.Action)
	}
	for _, d := range e.Data {
		switch v := d.Value.(type) {
		case []byte:
			fmt.Fprintf(&b, " %s=%x", d.Name, v)
		default:
			fmt.Fprintf(&b, " %s=%v", d.Name, v)
		}
	}
	return b.String() + "\n"
}

func wantText(t testing.TB, what, got, want string) {
	t.Helper()
	if want = strings.TrimLeft(want, "\n"); got != want {
		t.Errorf("%s:\n got %s\nwant %s", what, got, want)
	}
}
