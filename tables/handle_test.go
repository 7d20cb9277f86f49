package tables

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
)

// filledTables has an entry or more in every table that has handles.
func filledTables(t testing.TB) *Store {
	st := newTestStore(t)
	for i := range uint64(3) {
		mustDo(t, st, Insert, forwardEntry(0x100+i, i))
		mustDo(t, st, Insert, member(i+1, i))
	}
	mustDo(t, st, Insert, TableEntry{Table: "routes", Action: "drop", Key: []KeyField{exactKey("vrf", 1, 2), {Name: "dst_addr", Value: num(4, 0x0a000000), PrefixLen: 8}}})
	mustDo(t, st, Insert, TableEntry{Table: "acl", Action: "drop", Key: []KeyField{{Name: "src_addr", Value: num(4, 7), Mask: num(4, 0xff)}, exactKey("$MATCH_PRIORITY", 3, 4)}})
	mustDo(t, st, Insert, group(5, []uint32{1, 2}, []bool{true, false}))
	mustDo(t, st, Insert, TableEntry{Table: "nexthop", Key: []KeyField{exactKey("nexthop", 9, 2)}, Data: []DataField{{"$SELECTOR_GROUP_ID", num(4, 5)}}})
	mustDo(t, st, Insert, TableEntry{Table: "vs", Key: []KeyField{{Name: "f1", Value: num(2, 4), Mask: num(2, 0xff)}}})
	mustDo(t, st, Insert, TableEntry{Table: "$PORT_METADATA", Key: []KeyField{exactKey("ingress_port", 3, 2)}, Data: []DataField{{"lag", num(2, 8)}}})
	return st
}

// bfrt.md section 6, and the tables that bri_handle asks: an entry is found by
// the handle that it was read with.
func TestHandleFindsItsEntry(t *testing.T) {
	st, seen := filledTables(t), 0
	for _, spec := range st.Schema().Tables {
		for e, err := range st.Read(context.Background(), AllPipes, Query{Table: spec.Name}) {
			if err != nil || e.Default {
				break // get_member and compute answer keys only
			}
			seen++
			wantText(t, spec.Name, dump(t, st, AllPipes, Query{Table: spec.Name, Handle: e.Handle}), entryLine(e))
			wantText(t, spec.Name, dump(t, st, AllPipes, Query{Table: spec.Name, Handle: e.Handle, KeyOnly: true}),
				dump(t, st, AllPipes, Query{Table: spec.Name, Key: e.Key, KeyOnly: true}))
		}
		for _, err := range st.Read(context.Background(), AllPipes, Query{Table: spec.Name, Handle: 1 << 20}) {
			if err == nil {
				t.Errorf("%s has an entry with a handle that nobody got", spec.Name)
			}
		}
	}
	if seen < 100 {
		t.Errorf("%d entries were read", seen)
	}
	// tna_ternary_match: the default entry was there first.
	wantText(t, "the default entry", dump(t, st, AllPipes, Query{Table: "forward", Handle: 1}), "default -> NoAction $COUNTER_SPEC_PKTS=0000000000000000 SwitchIngress.age.f1=[[0 0] [0 0]]\n")
	wantText(t, "no such handle", dump(t, st, AllPipes, Query{Table: "forward", Handle: 77}),
		"error: read pipe.SwitchIngress.forward: object not found: no entry with handle 77\n")
}

// Query.Action must be the entry's.
func TestReadWithAnAction(t *testing.T) {
	st := filledTables(t)
	key := []KeyField{exactKey("dst_addr", 0x101, 6)}
	wantText(t, "the entry's", dump(t, st, AllPipes, Query{Table: "forward", Key: key, Action: "SwitchIngress.hit", Fields: []string{"port"}}),
		"3: hdr.ethernet.dst_addr=000000000101 -> SwitchIngress.hit port=0001\n")
	wantText(t, "another", dump(t, st, AllPipes, Query{Table: "forward", Key: key, Action: "rewrite"}),
		"error: read pipe.SwitchIngress.forward: invalid arguments: the entry's action is not rewrite\n")
	wantText(t, "a member's", dump(t, st, AllPipes, Query{Table: "members", Key: []KeyField{exactKey("$ACTION_MEMBER_ID", 1, 4)}, Action: "drop"}),
		"error: read pipe.SwitchIngress.members: invalid arguments: the member's action is not drop\n")
}

// Update.Existed tells which of the two an InsertOrModify did.
func TestInsertOrModifySaysWhich(t *testing.T) {
	st := newTestStore(t)
	for _, e := range []TableEntry{forwardEntry(1, 1), member(1, 2), group(1, nil, nil)} {
		u := []Update{{Op: InsertOrModify, Entry: e, Existed: true}, {Op: InsertOrModify, Entry: e}, {Op: Modify, Entry: e}}
		if err := st.Write(context.Background(), AllPipes, u, RollbackOnError); err != nil {
			t.Fatal(err)
		}
		if got := []bool{u[0].Existed, u[1].Existed, u[2].Existed}; !slices.Equal(got, []bool{false, true, false}) {
			t.Errorf("%s: %v", e.Table, got)
		}
	}
}

// bfrt.md section 5: what a modification does to direct resources that its
// data does not name.
func TestModifyAndDirectResources(t *testing.T) {
	key := []KeyField{exactKey("dst_addr", 1, 6)}
	port, hits, age := DataField{"port", num(2, 4)}, DataField{"$COUNTER_SPEC_PKTS", num(8, 3)}, DataField{"SwitchIngress.age.f1", num(2, 6)}
	for _, c := range []struct {
		name   string
		u      Update
		action string
		data   []DataField
		want   string // packets, age
	}{
		{"fields of the action only", Update{Op: Modify}, "hit", []DataField{port}, "9 7"},
		{"a counter", Update{Op: Modify}, "hit", []DataField{port, hits}, "3 7"},
		{"a counter that is to be kept", Update{Op: Modify, KeepStats: true}, "hit", []DataField{port, hits}, "9 7"},
		{"an action without fields stands for all of them", Update{Op: Modify}, "drop", nil, "0 7"},
		{"and is to keep them", Update{Op: Modify, KeepStats: true}, "drop", nil, "9 7"},
		{"or add: as new", Update{Op: InsertOrModify}, "hit", []DataField{port}, "0 0"},
		{"or add: as new, but for what is given", Update{Op: InsertOrModify}, "hit", []DataField{port, hits, age}, "3 6"},
	} {
		st := newTestStore(t)
		mustDo(t, st, Insert, TableEntry{Table: "forward", Key: key, Action: "hit",
			Data: []DataField{port, {"$COUNTER_SPEC_PKTS", num(8, 9)}, {"SwitchIngress.age.f1", num(2, 7)}}})
		before := stateHash(t, st)
		c.u.Entry = TableEntry{Table: "forward", Key: key, Action: c.action, Data: c.data}
		bad := Update{Op: Insert, Entry: TableEntry{Table: "forward", Key: key, Action: "drop"}}
		err := st.Write(context.Background(), AllPipes, []Update{c.u, bad}, RollbackOnError)
		if !errors.Is(err, ErrExists) || stateHash(t, st) != before {
			t.Errorf("%s: rolled back, the state differs (%v)", c.name, err)
		}
		if err := st.Write(context.Background(), AllPipes, []Update{c.u}, RollbackOnError); err != nil {
			t.Fatal(err)
		}
		for e := range st.Read(context.Background(), AllPipes, Query{Table: "forward", Key: key, FromHW: true}) {
			if got := fmt.Sprint(toWord(fieldOf(e, "$COUNTER_SPEC_PKTS").([]byte)), toWord(fieldOf(e, "SwitchIngress.age.f1").([][]byte)[0])); got != c.want {
				t.Errorf("%s: packets and age %s, want %s", c.name, got, c.want)
			}
		}
	}
}

func fieldOf(e *TableEntry, name string) Value {
	for _, d := range e.Data {
		if d.Name == name {
			return d.Value
		}
	}
	return nil
}
