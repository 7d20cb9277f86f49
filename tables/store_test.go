package tables

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestStoreDirectTable(t *testing.T) {
	st := newTestStore(t)
	mustDo(t, st, Insert, forwardEntry(0x0a, 3))
	mustDo(t, st, Insert, TableEntry{Table: "pipe.SwitchIngress.forward",
		Key: []KeyField{exactKey("hdr.ethernet.dst_addr", 0x0b, 6)}, Action: "SwitchIngress.rewrite",
		Data: []DataField{{"vlan", num(2, 0xabc)}, {"mac", num(6, 0x112233445566)}, {"$COUNTER_SPEC_PKTS", num(8, 9)}, {"age.f1", num(2, 77)}}})
	wantText(t, "forward", dump(t, st, AllPipes, Query{Table: "forward"}), `
2: hdr.ethernet.dst_addr=00000000000a -> SwitchIngress.hit port=0003 $COUNTER_SPEC_PKTS=0000000000000000 SwitchIngress.age.f1=[[0 0] [0 0]]
3: hdr.ethernet.dst_addr=00000000000b -> SwitchIngress.rewrite mac=112233445566 vlan=0abc $COUNTER_SPEC_PKTS=0000000000000009 SwitchIngress.age.f1=[[0 77] [0 77]]
default -> NoAction $COUNTER_SPEC_PKTS=0000000000000000 SwitchIngress.age.f1=[[0 0] [0 0]]
`)
	m := st.State(1).Match[0]
	e := m.Lookup(num(6, 0x0b))
	if e == nil || !bytes.Equal(e.Act().Data, []byte{0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x0a, 0xbc}) {
		t.Fatalf("Lookup in pipe 1 = %+v", e)
	}
	if m.Lookup(num(6, 0x0c)) != nil || m.Default().Act().Action != 2 {
		t.Error("a missing key does not take the default action")
	}
	mustDo(t, st, Modify, TableEntry{Table: "forward", Default: true, Action: "hit", Data: []DataField{{"port", num(2, 0x1ff)}}})
	if got := m.Default().Act(); got.Action != 0 || !bytes.Equal(got.Data, []byte{1, 0xff}) {
		t.Errorf("default action = %+v", got)
	}
	mustDo(t, st, Delete, TableEntry{Table: "forward", Key: []KeyField{exactKey("dst_addr", 0x0a, 6)}})
	mustDo(t, st, InsertOrModify, forwardEntry(0x0b, 5))
	mustDo(t, st, InsertOrModify, forwardEntry(0x0c, 6))
	if n, err := st.Usage(context.Background(), AllPipes, "forward"); n != 2 || err != nil {
		t.Errorf("Usage = %d, %v", n, err)
	}
	mustDo(t, st, Delete, TableEntry{Table: "forward"}) // clear: also resets the default
	wantText(t, "cleared", dump(t, st, AllPipes, Query{Table: "forward", KeyOnly: true}), "default\n")
	if m.Default().Act().Action != 2 {
		t.Error("clear does not reset the default action")
	}
}

func TestStoreLPMAndTernary(t *testing.T) {
	st := newTestStore(t)
	route := func(vrf, addr uint64, prefix int, port uint64) TableEntry {
		return TableEntry{Table: "routes", Action: "hit", Data: []DataField{{"port", num(2, port)}}, Key: []KeyField{
			exactKey("vrf", vrf, 2), {Name: "dst_addr", Value: num(4, addr), PrefixLen: prefix}}}
	}
	mustDo(t, st, Insert, route(1, 0x0a010203, 8, 1)) // bits below the prefix are cut off
	mustDo(t, st, Insert, route(1, 0x0a010000, 16, 2))
	mustDo(t, st, Insert, route(2, 0, 0, 3))
	if err := do(st, Insert, route(1, 0x0a999999, 8, 1)); !errors.Is(err, ErrExists) {
		t.Errorf("the same prefix again: %v", err)
	}
	wantText(t, "routes", dump(t, st, AllPipes, Query{Table: "routes"}), `
2: ig_md.vrf=0001 hdr.ipv4.dst_addr=0a000000/8 -> SwitchIngress.hit port=0001
3: ig_md.vrf=0001 hdr.ipv4.dst_addr=0a010000/16 -> SwitchIngress.hit port=0002
4: ig_md.vrf=0002 hdr.ipv4.dst_addr=00000000 -> SwitchIngress.hit port=0003
default -> NoAction
`)
	acl := func(addr, mask, lo, hi, prio uint64) TableEntry {
		return TableEntry{Table: "acl", Action: "drop", Key: []KeyField{
			{Name: "src_addr", Value: num(4, addr), Mask: num(4, mask)},
			{Name: "dst_port", Value: num(2, lo), High: num(2, hi)}, exactKey("$MATCH_PRIORITY", prio, 4)}}
	}
	mustDo(t, st, Insert, acl(0x0a0000ff, 0xff000000, 80, 90, 5))
	mustDo(t, st, Insert, acl(0x0a0000ff, 0xff000000, 80, 90, 6)) // another priority: another entry
	if err := do(st, Insert, acl(0x0a000001, 0xff000000, 80, 90, 5)); !errors.Is(err, ErrExists) {
		t.Errorf("the same masked key and priority: %v", err)
	}
	mustDo(t, st, Insert, TableEntry{Table: "acl", Action: "drop", Key: []KeyField{exactKey("$MATCH_PRIORITY", 9, 4)}})
	wantText(t, "acl", dump(t, st, AllPipes, Query{Table: "acl"}), `
2: hdr.ipv4.src_addr=0a000000&ff000000 hdr.tcp.dst_port=0050..005a $MATCH_PRIORITY=00000005 -> SwitchIngress.drop
3: hdr.ipv4.src_addr=0a000000&ff000000 hdr.tcp.dst_port=0050..005a $MATCH_PRIORITY=00000006 -> SwitchIngress.drop
4: hdr.ipv4.src_addr=00000000&00000000 hdr.tcp.dst_port=0000..ffff $MATCH_PRIORITY=00000009 -> SwitchIngress.drop
default -> NoAction
`)
}

func TestStoreConstAndInitialEntries(t *testing.T) {
	st := newTestStore(t)
	wantText(t, "fixed", dump(t, st, AllPipes, Query{Table: "fixed"}), `
2: hdr.ethernet.dst_addr=000000000001 -> SwitchIngress.hit port=0007
default -> NoAction
`)
	mustDo(t, st, Delete, TableEntry{Table: "initial", Key: []KeyField{exactKey("dst_addr", 1, 6)}})
	wantText(t, "initial", dump(t, st, AllPipes, Query{Table: "initial"}), "default -> NoAction\n")
}

func member(id, port uint64) TableEntry {
	return TableEntry{Table: "members", Key: []KeyField{exactKey("$ACTION_MEMBER_ID", id, 4)},
		Action: "hit", Data: []DataField{{"port", num(2, port)}}}
}

func group(id uint64, ids []uint32, on []bool) TableEntry {
	return TableEntry{Table: "groups", Key: []KeyField{exactKey("$SELECTOR_GROUP_ID", id, 4)},
		Data: []DataField{{"$ACTION_MEMBER_ID", ids}, {"$ACTION_MEMBER_STATUS", on}}}
}

func nexthop(v uint64, field string, id uint64) TableEntry {
	return TableEntry{Table: "nexthop", Key: []KeyField{exactKey("nexthop", v, 2)}, Data: []DataField{{field, num(4, id)}}}
}

func TestStoreProfileAndSelector(t *testing.T) {
	st := newTestStore(t)
	for i := range uint64(4) {
		mustDo(t, st, Insert, member(i+1, i+100))
	}
	mustDo(t, st, Insert, group(7, []uint32{1, 2, 3}, []bool{true, false, true}))
	mustDo(t, st, Insert, nexthop(1, "$ACTION_MEMBER_ID", 4))
	mustDo(t, st, Insert, nexthop(2, "$SELECTOR_GROUP_ID", 7))
	m := st.State(0).Match[6]
	one, grp := m.Lookup([]byte{0, 1}), m.Lookup([]byte{0, 2})
	if m.NeedsHash(one) || !m.NeedsHash(grp) {
		t.Error("NeedsHash: want it for the group only")
	}
	if got := m.Resolve(one, 0, 0).Data; !bytes.Equal(got, num(2, 103)) {
		t.Errorf("member 4 resolves to %x", got)
	}
	// Fair: the (hash mod active)-th of members 1 and 3.
	for hash, want := range []uint64{100, 102, 100} {
		if got := m.Resolve(grp, uint64(hash), 0).Data; !bytes.Equal(got, num(2, want)) {
			t.Errorf("hash %d resolves to %x, want port %d", hash, got, want)
		}
	}
	wantText(t, "get_member", dump(t, st, AllPipes, Query{Table: "groups_get_member", Key: []KeyField{
		exactKey("$SELECTOR_GROUP_ID", 7, 8), exactKey("hash_value", 1, 8)}}),
		"0: $SELECTOR_GROUP_ID=0000000000000007 hash_value=0000000000000001 $ACTION_MEMBER_ID=0000000000000003\n")

	mustDo(t, st, Modify, member(1, 0x55)) // seen by every entry at once
	if got := m.Resolve(grp, 0, 0).Data; !bytes.Equal(got, num(2, 0x55)) {
		t.Errorf("modified member resolves to %x", got)
	}
	mustDo(t, st, Modify, group(7, []uint32{4, 1}, []bool{true, true})) // 1 keeps slot 0
	wantText(t, "groups", dump(t, st, AllPipes, Query{Table: "groups"}),
		"1: $SELECTOR_GROUP_ID=00000007 $ACTION_MEMBER_ID=[1 4] $ACTION_MEMBER_STATUS=[true true] $MAX_GROUP_SIZE=00000004\n")
	if err := do(st, Modify, group(7, []uint32{}, []bool{})); !errors.Is(err, ErrInUse) {
		t.Errorf("a group that an entry refers to is emptied: %v", err)
	}
	mustDo(t, st, Modify, group(7, []uint32{4, 4, 1}, []bool{true, true, false})) // a weight of 2
	wantText(t, "groups", dump(t, st, AllPipes, Query{Table: "groups"}),
		"1: $SELECTOR_GROUP_ID=00000007 $ACTION_MEMBER_ID=[1 4 4] $ACTION_MEMBER_STATUS=[false true true] $MAX_GROUP_SIZE=00000004\n")
	if err := do(st, Modify, group(7, []uint32{1}, []bool{false})); !errors.Is(err, ErrInUse) {
		t.Errorf("the last active member of a group that an entry refers to goes down: %v", err)
	}
	mustDo(t, st, Insert, group(8, []uint32{1}, []bool{false})) // no entry refers to it
	wantText(t, "nexthop", dump(t, st, AllPipes, Query{Table: "nexthop"}), `
2: ig_md.nexthop=0001 $ACTION_MEMBER_ID=00000004
3: ig_md.nexthop=0002 $SELECTOR_GROUP_ID=00000007
default
`)
	for _, e := range []TableEntry{member(4, 0), group(7, nil, nil)} {
		if err := do(st, Delete, e); !errors.Is(err, ErrInUse) {
			t.Errorf("delete of what is referred to: %v", err)
		}
	}
	mustDo(t, st, Delete, TableEntry{Table: "nexthop"})
	mustDo(t, st, Delete, TableEntry{Table: "groups"})
	mustDo(t, st, Delete, TableEntry{Table: "members"})
}

func TestStoreDefaultByMember(t *testing.T) {
	st := newTestStore(t)
	mustDo(t, st, Insert, member(1, 9))
	mustDo(t, st, Modify, TableEntry{Table: "nexthop", Default: true, Data: []DataField{{"$ACTION_MEMBER_ID", num(4, 1)}}})
	m := st.State(0).Match[6]
	if got := m.Resolve(m.Default(), 0, 0); !bytes.Equal(got.Data, num(2, 9)) {
		t.Errorf("default resolves to %+v", got)
	}
	if err := do(st, Delete, member(1, 9)); !errors.Is(err, ErrInUse) {
		t.Errorf("delete of the default's member: %v", err)
	}
	mustDo(t, st, Delete, TableEntry{Table: "nexthop", Default: true})
	if got := m.Resolve(m.Default(), 0, 0); got.Action != 2 {
		t.Errorf("reset default resolves to %+v", got)
	}
}

func TestStoreCounters(t *testing.T) {
	st := newTestStore(t)
	index := []KeyField{exactKey("$COUNTER_INDEX", 3, 4)}
	st.State(0).Counters[0].Count(3, 100)
	st.State(1).Counters[0].Count(3, 20)
	st.State(1).Counters[0].Count(99, 20) // out of range: nothing
	read := func(target Target, hw bool) string {
		return dump(t, st, target, Query{Table: "ports", Key: index, FromHW: hw})
	}
	wantText(t, "both pipes", read(AllPipes, true), "4: $COUNTER_INDEX=00000003 $COUNTER_SPEC_BYTES=0000000000000078 $COUNTER_SPEC_PKTS=0000000000000002\n")
	wantText(t, "pipe 1", read(OnePipe(1), true), "4: $COUNTER_INDEX=00000003 $COUNTER_SPEC_BYTES=0000000000000014 $COUNTER_SPEC_PKTS=0000000000000001\n")
	wantText(t, "not synced", read(AllPipes, false), "4: $COUNTER_INDEX=00000003 $COUNTER_SPEC_BYTES=0000000000000000 $COUNTER_SPEC_PKTS=0000000000000000\n")
	if err := st.Operation(context.Background(), AllPipes, "ports", "Sync"); err != nil {
		t.Fatal(err)
	}
	wantText(t, "synced", read(AllPipes, false), "4: $COUNTER_INDEX=00000003 $COUNTER_SPEC_BYTES=0000000000000078 $COUNTER_SPEC_PKTS=0000000000000002\n")
	// A written value reads back as written, though each pipe has its own cell.
	mustDo(t, st, Modify, TableEntry{Table: "ports", Key: index, Data: []DataField{{"$COUNTER_SPEC_PKTS", num(8, 50)}}})
	wantText(t, "written", read(AllPipes, true), "4: $COUNTER_INDEX=00000003 $COUNTER_SPEC_BYTES=0000000000000078 $COUNTER_SPEC_PKTS=0000000000000032\n")
	mustDo(t, st, Delete, TableEntry{Table: "ports"})
	wantText(t, "cleared", read(AllPipes, true), "4: $COUNTER_INDEX=00000003 $COUNTER_SPEC_BYTES=0000000000000000 $COUNTER_SPEC_PKTS=0000000000000000\n")
}

func TestStoreDirectCellsFollowEntries(t *testing.T) {
	st := newTestStore(t)
	mustDo(t, st, Insert, forwardEntry(1, 1))
	mustDo(t, st, Insert, forwardEntry(2, 2))
	m, c := st.State(0).Match[0], st.State(0).Counters[1]
	for range 5 {
		c.CountCell(m.Lookup(num(6, 1)).Cell(), 64)
	}
	c.CountCell(m.Default().Cell(), 64)
	st.State(1).Counters[1].CountCell(m.Lookup(num(6, 1)).Cell(), 64)
	one := Query{Table: "forward", Key: []KeyField{exactKey("dst_addr", 1, 6)}, Fields: []string{"$COUNTER_SPEC_PKTS"}, FromHW: true}
	wantText(t, "counted", dump(t, st, AllPipes, one), "2: hdr.ethernet.dst_addr=000000000001 -> SwitchIngress.hit $COUNTER_SPEC_PKTS=0000000000000006\n")
	mustDo(t, st, Modify, forwardEntry(1, 9)) // no counter data: the counter stays
	wantText(t, "modified", dump(t, st, AllPipes, one), "2: hdr.ethernet.dst_addr=000000000001 -> SwitchIngress.hit $COUNTER_SPEC_PKTS=0000000000000006\n")
	mustDo(t, st, Delete, TableEntry{Table: "forward", Key: one.Key})
	mustDo(t, st, Insert, forwardEntry(1, 1)) // takes the same cell, from zero
	wantText(t, "again", dump(t, st, AllPipes, one), "2: hdr.ethernet.dst_addr=000000000001 -> SwitchIngress.hit $COUNTER_SPEC_PKTS=0000000000000000\n")
	for i := range uint64(6) {
		mustDo(t, st, Insert, forwardEntry(10+i, 1))
	}
	c.CountCell(m.Lookup(num(6, 15)).Cell(), 64)
	if n, _ := c.Get(8); n != 1 {
		t.Errorf("cell 8 counted %d", n)
	}
}

func TestStoreRegisters(t *testing.T) {
	st := newTestStore(t)
	key := []KeyField{exactKey("$REGISTER_INDEX", 2, 4)}
	q := Query{Table: "flows", Key: key, FromHW: true}
	st.State(1).Registers[0].Set(2, 0xffffffff1, 8) // cut to 32 bits
	wantText(t, "pipes", dump(t, st, AllPipes, q), "3: $REGISTER_INDEX=00000002 SwitchIngress.flows.first=[[0 0 0 1] [255 255 255 241]] SwitchIngress.flows.second=[[0 0 0 2] [0 0 0 8]]\n")
	mustDo(t, st, Modify, TableEntry{Table: "flows", Key: key, Data: []DataField{{"second", num(4, 6)}}})
	wantText(t, "second", dump(t, st, AllPipes, q), "3: $REGISTER_INDEX=00000002 SwitchIngress.flows.first=[[0 0 0 1] [255 255 255 241]] SwitchIngress.flows.second=[[0 0 0 6] [0 0 0 6]]\n")
	err := st.Write(context.Background(), OnePipe(1), []Update{{Op: Modify, Entry: TableEntry{Table: "flows", Key: key,
		Data: []DataField{{"first", num(4, 7)}}}}}, ContinueOnError)
	if err != nil {
		t.Fatal(err)
	}
	wantText(t, "one pipe", dump(t, st, OnePipe(1), q), "3: $REGISTER_INDEX=00000002 SwitchIngress.flows.first=[[0 0 0 7]] SwitchIngress.flows.second=[[0 0 0 6]]\n")
	mustDo(t, st, Delete, TableEntry{Table: "flows"})
	wantText(t, "cleared", dump(t, st, AllPipes, q), "3: $REGISTER_INDEX=00000002 SwitchIngress.flows.first=[[0 0 0 1] [0 0 0 1]] SwitchIngress.flows.second=[[0 0 0 2] [0 0 0 2]]\n")
	r := st.State(0).Registers[1]
	r.Set(63, 1, 0)
	r.Set(64, 3, 0)
	for i, want := range map[uint64]uint64{62: 0, 63: 1, 64: 1, 65: 0} {
		if got, _, ok := r.Get(i); got != want || !ok {
			t.Errorf("flags[%d] = %d, %v", i, got, ok)
		}
	}
	if _, _, ok := r.Get(100); ok {
		t.Error("flags[100] is in range")
	}
	mustDo(t, st, Modify, TableEntry{Table: "step", Default: true, Data: []DataField{{"value", num(2, 0xfffe)}}})
	if got := st.State(1).Params[0].Load(); got != 0xfffe {
		t.Errorf("step = %#x", got)
	}
	mustDo(t, st, Delete, TableEntry{Table: "step", Default: true})
	wantText(t, "step", dump(t, st, AllPipes, Query{Table: "step", Default: true}), "default value=0005\n")
}

func TestStoreValueSetAndPortMetadata(t *testing.T) {
	st := newTestStore(t)
	row := func(v, mask uint64) TableEntry {
		return TableEntry{Table: "vs", Key: []KeyField{{Name: "f1", Value: num(2, v), Mask: num(2, mask)}}}
	}
	vs := st.State(0).ValueSets[0]
	if vs.Has(0, []byte{0x12, 0x34, 0}) {
		t.Error("an empty value set matches")
	}
	mustDo(t, st, Insert, row(0x1234, 0xff00))
	mustDo(t, st, Insert, row(7, 0xffff))
	if !vs.Has(0, []byte{0x12, 0x99, 5}) || !vs.Has(0, []byte{0, 7, 0}) || vs.Has(0, []byte{0, 8, 0}) {
		t.Error("value set matches wrongly")
	}
	if err := do(st, Insert, row(9, 0xffff)); !errors.Is(err, ErrFull) {
		t.Errorf("third row: %v", err)
	}
	mustDo(t, st, Delete, row(0x12ff, 0xff00)) // the same masked key
	wantText(t, "vs", dump(t, st, AllPipes, Query{Table: "vs"}), "2: f1=0007&ffff f2=00&00\n")

	port := func(p uint64, d ...DataField) TableEntry {
		return TableEntry{Table: "$PORT_METADATA", Key: []KeyField{exactKey("ingress_port", p, 2)}, Data: d}
	}
	mustDo(t, st, Insert, port(130, DataField{"lag", num(2, 0xabc)}, DataField{"up", num(1, 1)}))
	if got := *st.State(1).PortMetadata[2].Load(); !bytes.Equal(got, []byte{0x0a, 0xbc, 1, 0, 0, 0, 0, 0}) {
		t.Errorf("metadata of port 130 = %x", got)
	}
	mustDo(t, st, Modify, port(130, DataField{"up", num(1, 0)}))
	wantText(t, "port metadata", dump(t, st, AllPipes, Query{Table: "$PORT_METADATA"}), "131: ig_intr_md.ingress_port=0082 lag=0abc up=00\n")
	mustDo(t, st, Delete, port(130))
	if got := *st.State(1).PortMetadata[2].Load(); !bytes.Equal(got, make([]byte, 8)) {
		t.Errorf("metadata of port 130 after delete = %x", got)
	}
}

// TestStoreErrors holds every error text that a user can cause.
func TestStoreErrors(t *testing.T) {
	st := newTestStore(t)
	mustDo(t, st, Insert, forwardEntry(1, 1))
	mustDo(t, st, Insert, member(1, 1))
	mustDo(t, st, Insert, group(1, []uint32{1}, []bool{true}))
	mustDo(t, st, Insert, nexthop(1, "$SELECTOR_GROUP_ID", 1))
	mac := []KeyField{exactKey("dst_addr", 9, 6)}
	fwd := func(f func(*TableEntry)) TableEntry {
		e := forwardEntry(9, 1)
		f(&e)
		return e
	}
	cases := []struct {
		op    Op
		e     TableEntry
		cause error
		text  string
	}{
		{Insert, TableEntry{Table: "nothing"}, ErrNotFound, `add nothing: object not found: no "nothing" (there are: ` + strings.Join(st.names.names, ", ") + `)`},
		{Insert, forwardEntry(1, 1), ErrExists, `add pipe.SwitchIngress.forward: already exists: an entry with this key is there`},
		{Modify, forwardEntry(9, 1), ErrNotFound, `modify pipe.SwitchIngress.forward: object not found: no entry with this key`},
		{Delete, forwardEntry(9, 1), ErrNotFound, `delete pipe.SwitchIngress.forward: object not found: no entry with this key`},
		{Insert, fwd(func(e *TableEntry) { e.Key[0].Name = "src_addr" }), ErrInvalid, `add pipe.SwitchIngress.forward: invalid arguments: key field: no "src_addr" (there are: hdr.ethernet.dst_addr)`},
		{Insert, fwd(func(e *TableEntry) { e.Key[0].Value = []byte{1, 0, 0, 0, 0, 0, 0} }), ErrInvalid, `add pipe.SwitchIngress.forward: invalid arguments: key field hdr.ethernet.dst_addr 0x01000000000000 does not fit in 48 bits`},
		{Insert, fwd(func(e *TableEntry) { e.Key = append(e.Key, e.Key[0]) }), ErrInvalid, `add pipe.SwitchIngress.forward: invalid arguments: key field hdr.ethernet.dst_addr is given twice`},
		{Insert, fwd(func(e *TableEntry) { e.Key = nil }), ErrInvalid, `add pipe.SwitchIngress.forward: invalid arguments: no key given (key fields: hdr.ethernet.dst_addr)`},
		{Insert, fwd(func(e *TableEntry) { e.Key[0].Str = "x" }), ErrInvalid, `add pipe.SwitchIngress.forward: invalid arguments: key field hdr.ethernet.dst_addr is a string, want a number`},
		{Insert, fwd(func(e *TableEntry) { e.Action = "fwd" }), ErrInvalid, `add pipe.SwitchIngress.forward: invalid arguments: no action "fwd" (actions: SwitchIngress.hit, SwitchIngress.rewrite, SwitchIngress.drop)`},
		{Insert, fwd(func(e *TableEntry) { e.Action = "" }), ErrInvalid, `add pipe.SwitchIngress.forward: invalid arguments: no data field "port" (there are: $COUNTER_SPEC_PKTS, SwitchIngress.age.f1)`},
		{Insert, TableEntry{Table: "forward", Key: mac}, ErrInvalid, `add pipe.SwitchIngress.forward: invalid arguments: no action given (actions: SwitchIngress.hit, SwitchIngress.rewrite, SwitchIngress.drop)`},
		{Insert, TableEntry{Table: "forward", Key: mac, Action: "NoAction"}, ErrInvalid, `add pipe.SwitchIngress.forward: invalid arguments: action NoAction: only the default entry may use it (actions: SwitchIngress.hit, SwitchIngress.rewrite, SwitchIngress.drop)`},
		{Modify, TableEntry{Table: "forward", Default: true, Action: "drop"}, ErrInvalid, `set default of pipe.SwitchIngress.forward: invalid arguments: action SwitchIngress.drop: the default entry may not use it (actions: SwitchIngress.hit, SwitchIngress.rewrite, NoAction)`},
		{Insert, fwd(func(e *TableEntry) { e.Data[0].Name = "ports" }), ErrInvalid, `add pipe.SwitchIngress.forward: invalid arguments: no data field "ports" (there are: port, $COUNTER_SPEC_PKTS, SwitchIngress.age.f1)`},
		{Insert, fwd(func(e *TableEntry) { e.Data[0].Value = num(2, 512) }), ErrInvalid, `add pipe.SwitchIngress.forward: invalid arguments: parameter port 0x0200 does not fit in 9 bits`},
		{Insert, fwd(func(e *TableEntry) { e.Data[0].Value = 7 }), ErrInvalid, `add pipe.SwitchIngress.forward: invalid arguments: parameter port is int, want []byte`},
		{Insert, fwd(func(e *TableEntry) { e.Data = append(e.Data, e.Data[0]) }), ErrInvalid, `add pipe.SwitchIngress.forward: invalid arguments: parameter port is given twice`},
		{Insert, fwd(func(e *TableEntry) { e.Data = append(e.Data, DataField{"age", num(3, 1<<16)}) }), ErrInvalid, `add pipe.SwitchIngress.forward: invalid arguments: no data field "age" (there are: port, $COUNTER_SPEC_PKTS, SwitchIngress.age.f1)`},
		{Insert, fwd(func(e *TableEntry) { e.Data = append(e.Data, DataField{"f1", num(3, 1<<16)}) }), ErrInvalid, `add pipe.SwitchIngress.forward: invalid arguments: data field SwitchIngress.age.f1 0x010000 does not fit in 16 bits`},
		{Insert, TableEntry{Table: "forward", Default: true}, ErrNotSupported, `add pipe.SwitchIngress.forward: not supported: the default entry exists: modify it`},
		{Modify, TableEntry{Table: "forward", Default: true, Key: mac}, ErrInvalid, `set default of pipe.SwitchIngress.forward: invalid arguments: the default entry has no key`},
		{ModifyInc, forwardEntry(1, 1), ErrNotSupported, `modify incrementally pipe.SwitchIngress.forward: not supported: a MatchAction_Direct table has: add, modify, add or modify, delete`},
		{Op(9), forwardEntry(1, 1), ErrInvalid, `operation 9 on pipe.SwitchIngress.forward: invalid arguments: no such operation`},
		{Insert, TableEntry{Table: "fixed", Key: mac, Action: "drop"}, ErrReadOnly, `add pipe.SwitchIngress.fixed: read-only: the program's entries are const`},
		{Delete, TableEntry{Table: "fixed"}, ErrReadOnly, `clear pipe.SwitchIngress.fixed: read-only: the program's entries are const`},
		{Modify, TableEntry{Table: "fixed", Default: true, Action: "NoAction"}, ErrReadOnly, `set default of pipe.SwitchIngress.fixed: read-only: the program's default action is const`},
		{Insert, TableEntry{Table: "keyless", Key: mac, Action: "drop"}, ErrInvalid, `add pipe.SwitchIngress.keyless: invalid arguments: the table has no key: only its default entry can be set`},
		{Insert, TableEntry{Table: "routes", Key: []KeyField{{Name: "dst_addr", PrefixLen: 33}}, Action: "drop"}, ErrInvalid, `add pipe.SwitchIngress.routes: invalid arguments: key field hdr.ipv4.dst_addr has prefix length 33, want 0 to 32`},
		{Insert, TableEntry{Table: "acl", Key: []KeyField{{Name: "dst_port", Value: num(2, 9), High: num(2, 8)}}, Action: "drop"}, ErrInvalid, `add pipe.SwitchIngress.acl: invalid arguments: key field hdr.tcp.dst_port has low end 0x0009 above high end 0x0008`},
		{Insert, TableEntry{Table: "acl", Key: []KeyField{{Name: "src_addr", Mask: num(5, 1<<32)}}, Action: "drop"}, ErrInvalid, `add pipe.SwitchIngress.acl: invalid arguments: key field hdr.ipv4.src_addr mask 0x0100000000 does not fit in 32 bits`},
		{Insert, nexthop(2, "$ACTION_MEMBER_ID", 99), ErrInvalid, `add pipe.SwitchIngress.nexthop: invalid arguments: data field $ACTION_MEMBER_ID 99: no such member in pipe.SwitchIngress.members`},
		{Insert, nexthop(2, "$SELECTOR_GROUP_ID", 99), ErrInvalid, `add pipe.SwitchIngress.nexthop: invalid arguments: data field $SELECTOR_GROUP_ID 99: no such group in pipe.SwitchIngress.groups`},
		{Insert, TableEntry{Table: "nexthop", Key: []KeyField{exactKey("nexthop", 2, 2)}}, ErrInvalid, `add pipe.SwitchIngress.nexthop: invalid arguments: data field $ACTION_MEMBER_ID or $SELECTOR_GROUP_ID is missing`},
		{Insert, TableEntry{Table: "plain", Key: []KeyField{exactKey("nexthop", 2, 2)}, Action: "hit"}, ErrInvalid, `add pipe.SwitchIngress.plain: invalid arguments: action "hit" given, but entries refer to pipe.SwitchIngress.shared by $ACTION_MEMBER_ID`},
		{Insert, member(1, 1), ErrExists, `add pipe.SwitchIngress.members: already exists: member 1 is there`},
		{Delete, member(1, 1), ErrInUse, `delete pipe.SwitchIngress.members: in use: 0 entries and 1 groups refer to member 1`},
		{Delete, group(1, nil, nil), ErrInUse, `delete pipe.SwitchIngress.groups: in use: 1 entries refer to group 1`},
		{Delete, member(9, 1), ErrNotFound, `delete pipe.SwitchIngress.members: object not found: no member 9`},
		{Insert, group(2, []uint32{1}, nil), ErrInvalid, `add pipe.SwitchIngress.groups: invalid arguments: $ACTION_MEMBER_ID has 1 elements, $ACTION_MEMBER_STATUS 0: want as many`},
		{Insert, group(2, []uint32{5}, []bool{true}), ErrInvalid, `add pipe.SwitchIngress.groups: invalid arguments: no member 5 in pipe.SwitchIngress.members`},
		{Insert, group(2, []uint32{1, 1, 1, 1, 1}, make([]bool, 5)), ErrFull, `add pipe.SwitchIngress.groups: not enough space: 5 members do not fit in a group of 4`},
		{Modify, TableEntry{Table: "groups", Key: []KeyField{exactKey("$SELECTOR_GROUP_ID", 1, 4)}, Data: []DataField{{"$MAX_GROUP_SIZE", num(4, 1<<20)}}}, ErrInvalid, `modify pipe.SwitchIngress.groups: invalid arguments: $MAX_GROUP_SIZE is 1048576, want 1 to 4`},
		{Modify, TableEntry{Table: "ports", Key: []KeyField{exactKey("$COUNTER_INDEX", 16, 4)}}, ErrInvalid, `modify pipe.SwitchIngress.ports: invalid arguments: key field $COUNTER_INDEX is 16, want 0 to 15`},
		{Delete, TableEntry{Table: "ports", Key: []KeyField{exactKey("$COUNTER_INDEX", 1, 4)}}, ErrNotSupported, `delete pipe.SwitchIngress.ports: not supported: a Counter table has: add, modify, clear`},
		{Modify, TableEntry{Table: "flows", Key: nil}, ErrInvalid, `modify pipe.SwitchIngress.flows: invalid arguments: key field $REGISTER_INDEX is missing`},
		{Insert, TableEntry{Table: "step"}, ErrNotSupported, `add pipe.SwitchIngress.step: not supported: a RegisterParam table has: set, read and reset of the default entry`},
		{Modify, TableEntry{Table: "step", Default: true, Data: []DataField{{"value", num(3, 1<<16)}}}, ErrInvalid, `set default of pipe.SwitchIngress.step: invalid arguments: data field value 0x010000 does not fit in 16 bits`},
		{Insert, TableEntry{Table: "groups_get_member"}, ErrNotSupported, `add pipe.SwitchIngress.groups_get_member: not supported: a SelectorGetMember table has: read of one entry`},
		{Modify, TableEntry{Table: "vs"}, ErrNotSupported, `modify pipe.SwitchIngressParser.vs: not supported: a ParserValueSet table has: add, delete, clear`},
		{Insert, TableEntry{Table: "$PORT_METADATA", Key: []KeyField{exactKey("ingress_port", 300, 2)}}, ErrInvalid, `add pipe.SwitchIngressParser.$PORT_METADATA: invalid arguments: pipe 2 does not have this table (pipes: [0 1])`},
		{Insert, TableEntry{Table: "$PORT_METADATA", Key: []KeyField{exactKey("ingress_port", 100, 2)}}, ErrInvalid, `add pipe.SwitchIngressParser.$PORT_METADATA: invalid arguments: key field ig_intr_md.ingress_port is 100: no such port (each pipe has ports 0 to 71)`},
	}
	before := stateHash(t, st)
	for _, c := range cases {
		err := do(st, c.op, c.e)
		if !errors.Is(err, c.cause) || err.Error() != c.text {
			t.Errorf("got  %v\nwant %s", err, c.text)
		}
	}
	if stateHash(t, st) != before {
		t.Error("a refused update changed the state")
	}
	for i := range uint64(7) {
		mustDo(t, st, Insert, forwardEntry(100+i, 1))
	}
	if err := do(st, Insert, forwardEntry(200, 1)); err == nil || err.Error() != "add pipe.SwitchIngress.forward: not enough space: all 8 entries are in use" {
		t.Errorf("ninth entry: %v", err)
	}
	err := st.Write(context.Background(), OnePipe(0), []Update{{Op: Insert, Entry: forwardEntry(300, 1)}}, ContinueOnError)
	if want := "update 0: add pipe.SwitchIngress.forward: invalid arguments: the table is symmetric: write it in all pipes, not in pipe 0"; err == nil || err.Error() != want {
		t.Errorf("one pipe: %v", err)
	}
	err = st.Write(context.Background(), OnePipe(5), []Update{{Op: Insert, Entry: forwardEntry(300, 1)}}, ContinueOnError)
	if want := "update 0: add pipe.SwitchIngress.forward: invalid arguments: no pipe 5 (pipes: 0 to 1)"; err == nil || err.Error() != want {
		t.Errorf("pipe 5: %v", err)
	}
	mustDo(t, st, Delete, TableEntry{Table: "forward"})
	mustDo(t, st, Insert, forwardEntry(1, 1))
}

func stateHash(t testing.TB, st *Store) string {
	t.Helper()
	h := sha256.New()
	if err := st.WriteState(h); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// TestRejectedUpdatesLeaveNoTrace: neither a refused update nor a batch that is
// rolled back changes any state.
func TestRejectedUpdatesLeaveNoTrace(t *testing.T) {
	st := newTestStore(t)
	mustDo(t, st, Insert, forwardEntry(1, 1))
	mustDo(t, st, Insert, member(1, 1))
	mustDo(t, st, Insert, member(2, 1))
	mustDo(t, st, Insert, group(1, []uint32{1}, []bool{true}))
	mustDo(t, st, Insert, TableEntry{Table: "vs", Key: []KeyField{{Name: "f1", Value: num(2, 1), Mask: num(2, 3)}}})
	st.State(0).Counters[1].CountCell(1, 64)
	st.State(1).Counters[0].Count(3, 64)
	st.State(1).Registers[0].Set(3, 7, 8)
	read := func() string {
		var b strings.Builder
		for _, s := range st.Schema().Tables {
			if s.Type != "SelectorGetMember" {
				b.WriteString(dump(t, st, AllPipes, Query{Table: s.Name, FromHW: true}))
				b.WriteString(dump(t, st, AllPipes, Query{Table: s.Name}))
			}
		}
		return b.String()
	}
	before := read()
	batch := []Update{
		{Op: Insert, Entry: forwardEntry(2, 2)},
		{Op: Modify, Entry: forwardEntry(1, 5)},
		{Op: Delete, Entry: TableEntry{Table: "forward", Key: []KeyField{exactKey("dst_addr", 1, 6)}}},
		{Op: Insert, Entry: forwardEntry(3, 2)},
		{Op: Insert, Entry: forwardEntry(1, 7)},
		{Op: Delete, Entry: TableEntry{Table: "forward"}},
		{Op: Modify, Entry: TableEntry{Table: "forward", Default: true, Action: "hit", Data: []DataField{{"port", num(2, 1)}, {"$COUNTER_SPEC_PKTS", num(8, 1)}, {"f1", num(2, 3)}}}},
		{Op: Insert, Entry: member(3, 3)},
		{Op: Modify, Entry: member(1, 9)},
		{Op: Modify, Entry: group(1, []uint32{3, 2}, []bool{true, false})},
		{Op: Delete, Entry: member(1, 9)},
		{Op: Insert, Entry: group(2, []uint32{2}, []bool{true})},
		{Op: Insert, Entry: nexthop(5, "$SELECTOR_GROUP_ID", 2)},
		{Op: Delete, Entry: TableEntry{Table: "nexthop"}},
		{Op: Delete, Entry: TableEntry{Table: "groups"}},
		{Op: Delete, Entry: TableEntry{Table: "members"}},
		{Op: Modify, Entry: TableEntry{Table: "ports", Key: []KeyField{exactKey("$COUNTER_INDEX", 3, 4)}, Data: []DataField{{"$COUNTER_SPEC_BYTES", num(8, 4)}}}},
		{Op: Delete, Entry: TableEntry{Table: "ports"}},
		{Op: Modify, Entry: TableEntry{Table: "flows", Key: []KeyField{exactKey("$REGISTER_INDEX", 3, 4)}, Data: []DataField{{"first", num(4, 4)}}}},
		{Op: Delete, Entry: TableEntry{Table: "flows"}},
		{Op: Modify, Entry: TableEntry{Table: "step", Default: true, Data: []DataField{{"value", num(2, 9)}}}},
		{Op: Insert, Entry: TableEntry{Table: "vs", Key: []KeyField{{Name: "f1", Value: num(2, 2), Mask: num(2, 3)}}}},
		{Op: Delete, Entry: TableEntry{Table: "vs"}},
		{Op: Insert, Entry: TableEntry{Table: "$PORT_METADATA", Key: []KeyField{exactKey("ingress_port", 5, 2)}, Data: []DataField{{"lag", num(2, 1)}}}},
		{Op: Delete, Entry: TableEntry{Table: "$PORT_METADATA"}},
		{Op: Insert, Entry: TableEntry{Table: "initial", Key: []KeyField{exactKey("dst_addr", 1, 6)}, Action: "drop"}}, // exists
		{Op: Insert, Entry: forwardEntry(77, 2)},                                                                       // not tried
	}
	err := st.Write(context.Background(), AllPipes, batch, RollbackOnError)
	var be *BatchError
	if !errors.As(err, &be) || !be.RolledBack || len(be.Errs) != len(batch)-1 || !errors.Is(be.Errs[len(batch)-2], ErrExists) {
		t.Fatalf("Write = %v", err)
	}
	if after := read(); after != before {
		t.Errorf("a batch that was rolled back left a trace:\nbefore %s\nafter %s", before, after)
	}
	if st.State(0).Match[0].Lookup(num(6, 2)) != nil || st.State(0).Match[0].Lookup(num(6, 1)) == nil {
		t.Error("the packet path sees a batch that was rolled back")
	}
	// And everything can be deleted: no reference was lost or left over.
	for _, name := range []string{"nexthop", "groups", "members"} {
		mustDo(t, st, Delete, TableEntry{Table: name})
	}
}

func TestContinueOnErrorAppliesTheRest(t *testing.T) {
	st := newTestStore(t)
	err := st.Write(context.Background(), AllPipes, []Update{
		{Op: Insert, Entry: forwardEntry(1, 1)}, {Op: Insert, Entry: forwardEntry(1, 1)}, {Op: Insert, Entry: forwardEntry(2, 1)},
	}, ContinueOnError)
	var be *BatchError
	if !errors.As(err, &be) || be.RolledBack || be.Errs[0] != nil || be.Errs[1] == nil || be.Errs[2] != nil {
		t.Fatalf("Write = %v", err)
	}
	if n, _ := st.Usage(context.Background(), AllPipes, "forward"); n != 2 {
		t.Errorf("%d entries", n)
	}
}

func TestCancelledContext(t *testing.T) {
	st := newTestStore(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := st.Write(ctx, AllPipes, []Update{{Op: Insert, Entry: forwardEntry(1, 1)}}, ContinueOnError); !errors.Is(err, context.Canceled) {
		t.Errorf("Write = %v", err)
	}
	if _, err := st.Usage(ctx, AllPipes, "forward"); !errors.Is(err, context.Canceled) {
		t.Errorf("Usage = %v", err)
	}
}

// TestStateIsReproducible: the same operations give the same bytes.
func TestStateIsReproducible(t *testing.T) {
	run := func() string {
		st := newTestStore(t)
		for i := range uint64(6) {
			mustDo(t, st, Insert, forwardEntry(i*7, i))
		}
		mustDo(t, st, Delete, TableEntry{Table: "forward", Key: []KeyField{exactKey("dst_addr", 14, 6)}})
		mustDo(t, st, Insert, member(5, 1))
		mustDo(t, st, Insert, group(1, []uint32{5}, []bool{true}))
		st.State(0).Registers[1].Set(5, 1, 0)
		return stateHash(t, st)
	}
	if a, b := run(), run(); a != b {
		t.Errorf("state hashes differ: %s, %s", a, b)
	}
	st := newTestStore(t)
	a := stateHash(t, st)
	st.State(1).Counters[0].Count(1, 1)
	if stateHash(t, st) == a {
		t.Error("a counter is not part of the state")
	}
}

func TestSuffixesResolveWhenUnique(t *testing.T) {
	x := newNameIndex([]string{"pipe.A.t", "pipe.B.t", "pipe.A.u", "u"})
	for name, want := range map[string]int{"A.t": 0, "pipe.B.t": 1, "u": 3, "A.u": 2} {
		if got, err := x.find(name); got != want || err != nil {
			t.Errorf("find(%q) = %d, %v", name, got, err)
		}
	}
	if _, err := x.find("t"); err == nil || err.Error() != `"t" is ambiguous: pipe.A.t, pipe.B.t` {
		t.Errorf("find(t): %v", err)
	}
	if !slices.Equal(x.names, []string{"pipe.A.t", "pipe.B.t", "pipe.A.u", "u"}) {
		t.Error("names changed")
	}
}

func TestSuffixesPreferTheProgramsTables(t *testing.T) {
	for _, names := range [][]string{
		{"$pre.ecmp", "pipe.A.ecmp", "$pre.lag", "$other.lag"},
		{"$pre.lag", "$other.lag", "pipe.A.ecmp", "$pre.ecmp"},
		{"$pre.ecmp", "tf1.x.ecmp", "pipe.snapshot.ecmp", "pipe.A.ecmp", "$pre.lag", "tf2.lag"},
	} {
		for name, want := range map[string]string{"ecmp": "pipe.A.ecmp", "pre.ecmp": "", "$pre.ecmp": "$pre.ecmp", "lag": ""} {
			i, err := resolve(name, names)
			switch {
			case want == "" && err == nil:
				t.Errorf("resolve(%q) = %s", name, names[i])
			case want != "" && (err != nil || names[i] != want):
				t.Errorf("resolve(%q) = %d, %v", name, i, err)
			}
		}
	}
	if _, err := resolve("t", []string{"$pre.t", "tf1.x.t", "pipe.A.t", "pipe.snapshot.t", "pipe.B.t"}); err == nil || err.Error() != `"t" is ambiguous: pipe.A.t, pipe.B.t` {
		t.Error(err)
	}
}

// TestModificationKeepsWhatItDoesNotGive names bfrt.md section 5: a modification
// with the entry's own action changes the parameters that it gives; what a new
// action is not given is zero; a group without members cannot be referred to.
func TestModificationKeepsWhatItDoesNotGive(t *testing.T) {
	st := newTestStore(t)
	e := forwardEntry(7, 5)
	mustDo(t, st, Insert, e)
	port := func() []byte {
		for got, err := range st.Read(t.Context(), AllPipes, Query{Table: "forward", Key: e.Key}) {
			if err != nil {
				t.Fatal(err)
			}
			return got.Data[0].Value.([]byte)
		}
		return nil
	}
	bare := TableEntry{Table: e.Table, Key: e.Key, Action: e.Action}
	mustDo(t, st, Modify, bare)
	if got := port(); got[len(got)-1] != 5 {
		t.Errorf("after a modification without parameters the port is %x, want 5", got)
	}
	mustDo(t, st, Delete, TableEntry{Table: e.Table, Key: e.Key})
	mustDo(t, st, Insert, bare)
	if got := port(); got[len(got)-1] != 0 {
		t.Errorf("a parameter that was not given is %x, want 0", got)
	}
	mustDo(t, st, Insert, member(1, 1))
	mustDo(t, st, Insert, group(1, []uint32{1}, []bool{false}))
	if err := do(st, Insert, nexthop(1, "$SELECTOR_GROUP_ID", 1)); err == nil || !strings.Contains(err.Error(), "1: the group in pipe.SwitchIngress.groups has no active member") {
		t.Errorf("an entry refers to an empty group: %v", err)
	}
}

// TestIgnoreMissing: a batch goes on where an entry to delete is not there, and
// says so.
func TestIgnoreMissing(t *testing.T) {
	st := newTestStore(t)
	e := forwardEntry(7, 5)
	mustDo(t, st, Insert, e)
	gone := func(v uint64) Update {
		return Update{Op: Delete, IgnoreMissing: true, Entry: TableEntry{Table: e.Table, Key: forwardEntry(v, 0).Key}}
	}
	batch := []Update{gone(7), gone(8)}
	if err := st.Write(t.Context(), AllPipes, batch, RollbackOnError); err != nil {
		t.Fatal(err)
	}
	if batch[0].Missing || !batch[1].Missing {
		t.Errorf("missing: %v, %v, want the second only", batch[0].Missing, batch[1].Missing)
	}
}
