package tables

import (
	"bytes"
	"context"
	"reflect"
	"strings"
	"testing"

	"gofino/internal/snap"
	"gofino/pipeline/ir"
)

func storeBody(st *Store) []byte {
	var e snap.Encoder
	st.Save(&e)
	return e.Body()
}

// filled is a store that has something in most tables.
func filled(t testing.TB, prog *ir.Program, pipes int) *Store {
	t.Helper()
	st, err := NewStore(prog, pipes)
	if err != nil {
		t.Fatal(err)
	}
	for i := range uint64(6) {
		mustDo(t, st, Insert, forwardEntry(i, i))
	}
	for _, i := range []uint64{4, 1} {
		mustDo(t, st, Delete, TableEntry{Table: "forward", Key: []KeyField{exactKey("dst_addr", i, 6)}})
	}
	for id := range uint64(4) {
		mustDo(t, st, Insert, TableEntry{Table: "members", Key: []KeyField{exactKey("$ACTION_MEMBER_ID", id, 4)},
			Action: "rewrite", Data: []DataField{{"mac", num(6, id)}, {"vlan", num(2, 5)}}})
	}
	mustDo(t, st, Delete, TableEntry{Table: "members", Key: []KeyField{exactKey("$ACTION_MEMBER_ID", 2, 4)}})
	mustDo(t, st, Insert, TableEntry{Table: "groups", Key: []KeyField{exactKey("$SELECTOR_GROUP_ID", 9, 4)},
		Data: []DataField{{"$ACTION_MEMBER_ID", []uint32{3, 0}}, {"$ACTION_MEMBER_STATUS", []bool{true, false}}}})
	mustDo(t, st, Insert, TableEntry{Table: "nexthop", Key: []KeyField{exactKey("nexthop", 5, 2)}, Data: []DataField{{"$SELECTOR_GROUP_ID", num(4, 9)}}})
	mustDo(t, st, Modify, TableEntry{Table: "flows", Key: []KeyField{exactKey("$REGISTER_INDEX", 3, 4)}, Data: []DataField{{"first", num(4, 77)}}})
	mustDo(t, st, Insert, TableEntry{Table: "vs", Key: []KeyField{{Name: "f1", Value: num(2, 3), Mask: num(2, 0xff)}}})
	return st
}

// What is loaded reads the same, has the same handles to give out, and the same
// things in use.
func TestLoadedStoreGoesOn(t *testing.T) {
	st := filled(t, testProgram(), 2)
	got := newTestStore(t)
	if err := got.Load(snap.NewDecoder(storeBody(st))); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if !bytes.Equal(storeBody(got), storeBody(st)) {
			t.Fatal("another state")
		}
		for _, tab := range st.Schema().Tables {
			q := Query{Table: tab.Name, FromHW: true}
			wantText(t, tab.Name, dump(t, got, AllPipes, q), dump(t, st, AllPipes, q))
		}
		for _, s := range []*Store{st, got} {
			mustDo(t, s, Insert, forwardEntry(100, 1))
			mustDo(t, s, Insert, TableEntry{Table: "members", Key: []KeyField{exactKey("$ACTION_MEMBER_ID", 50, 4)}, Action: "drop"})
			for table, key := range map[string]KeyField{"members": exactKey("$ACTION_MEMBER_ID", 3, 4), "groups": exactKey("$SELECTOR_GROUP_ID", 9, 4)} {
				if err := do(s, Delete, TableEntry{Table: table, Key: []KeyField{key}}); err == nil || !strings.Contains(err.Error(), "in use") {
					t.Errorf("%s: %v", table, err)
				}
			}
			mustDo(t, s, Delete, forwardEntryKey(100))
			mustDo(t, s, Delete, TableEntry{Table: "members", Key: []KeyField{exactKey("$ACTION_MEMBER_ID", 50, 4)}})
		}
	}
}

func forwardEntryKey(mac uint64) TableEntry {
	return TableEntry{Table: "forward", Key: []KeyField{exactKey("dst_addr", mac, 6)}}
}

// The program's own entries have direct cells, however many there are.
func TestProgramEntriesCount(t *testing.T) {
	prog := testProgram()
	forward := prog.Pipelines[0].Tables[0]
	forward.Size = 64
	for i := range 40 {
		forward.Entries = append(forward.Entries, ir.Entry{
			Keys: []ir.KeyMatch{{Value: num(6, uint64(i))}}, Const: true, Call: ir.ActionCall{Action: 0, Data: []byte{0, 1}},
		})
	}
	st, err := NewStore(prog, 1)
	if err != nil {
		t.Fatal(err)
	}
	s := st.State(0)
	last := s.Match[0].Lookup(num(6, 39))
	s.Counters[1].CountCell(last.Cell(), 100)
	if n, _ := s.Counters[1].Get(uint64(last.Cell())); n != 1 {
		t.Errorf("the last entry's counter is %d, want 1", n)
	}
	if err := filledLoad(prog, st); err != nil {
		t.Error(err)
	}
}

// filledLoad loads what the store saves.
func filledLoad(prog *ir.Program, st *Store) error {
	got, err := NewStore(prog, 1)
	if err != nil {
		return err
	}
	return got.Load(snap.NewDecoder(storeBody(st)))
}

// A pipeline that no pipe runs keeps its tables, and keeps them in a file.
func TestIdlePipelineIsSaved(t *testing.T) {
	prog := testProgram()
	other := testProgram().Pipelines[0]
	other.Name = "other"
	prog.Pipelines, prog.Scope = append(prog.Pipelines, other), []int{0}
	fill := func() *Store {
		st, err := NewStore(prog, 2)
		if err != nil {
			t.Fatal(err)
		}
		return st
	}
	st := fill()
	mustDo(t, st, Modify, TableEntry{Table: "other.SwitchIngress.flows", Key: []KeyField{exactKey("$REGISTER_INDEX", 3, 4)}, Data: []DataField{{"first", num(4, 77)}}})
	got := fill()
	if err := got.Load(snap.NewDecoder(storeBody(st))); err != nil {
		t.Fatal(err)
	}
	q := Query{Table: "other.SwitchIngress.flows", FromHW: true}
	wantText(t, "flows", dump(t, got, AllPipes, q), dump(t, st, AllPipes, q))
	if bytes.Equal(storeBody(st), storeBody(fill())) {
		t.Error("the register is not in the file")
	}
}

// Whatever a caller may put into an update comes back.
func TestUpdatesComeBack(t *testing.T) {
	u := Update{Op: ModifyInc, Remove: true, KeepTTL: true, KeepStats: true, At: &Target{Pipe: 2, Gress: 1, Parser: 18}, Entry: TableEntry{
		Table: "t", Default: true, Action: "a", Handle: 7,
		Key: []KeyField{{Name: "k", Value: []byte{1}, Mask: []byte{2}, PrefixLen: -3, High: []byte{4}, Str: "s"}, {Name: "k"}},
		Data: []DataField{
			{"bytes", []byte{1, 2}}, {"bool", true}, {"string", "x"}, {"float", float32(0.1)}, {"numbers", []uint32{1, 1 << 31}},
			{"bools", []bool{true, false}}, {"strings", []string{"", "b"}}, {"pipes", [][]byte{{1}, {2, 3}}}, {"nil", nil},
			{"containers", [][]DataField{{{"bytes", []byte{9}}, {"k", "v"}}, nil}},
		},
	}}
	var e snap.Encoder
	var w, r snap.Names
	for range 2 {
		if err := SaveUpdate(&e, &w, &u); err != nil {
			t.Fatal(err)
		}
	}
	d := snap.NewDecoder(e.Body())
	for range 2 {
		got := LoadUpdate(d, &r)
		// An empty byte string has no form of its own.
		got.Entry.Key[1].Value, got.Entry.Key[1].Mask, got.Entry.Key[1].High = nil, nil, nil
		if !reflect.DeepEqual(got, u) {
			t.Errorf("%+v\nwant %+v", got, u)
		}
	}
	if err := d.End(); err != nil {
		t.Error(err)
	}
	u.Entry.Data = []DataField{{"n", 5}}
	if err := SaveUpdate(&e, &w, &u); err == nil || err.Error() != "field n: is int: no table takes that" {
		t.Error(err)
	}
}

// Programs whose state lies otherwise have another layout.
func TestLayoutTellsProgramsApart(t *testing.T) {
	want := Layout(testProgram())
	if Layout(testProgram()) != want {
		t.Fatal("one program, two layouts")
	}
	for i, change := range []func(pl *ir.Pipeline){
		func(pl *ir.Pipeline) { pl.Tables[0].Keys[0].Width = 47 },
		func(pl *ir.Pipeline) { pl.Tables[0].Actions[0].Action = 1 },
		func(pl *ir.Pipeline) { pl.Actions[1].Params[0].Loc.Bit++ },
		func(pl *ir.Pipeline) { pl.Counters[0].Kind = ir.Bytes },
		func(pl *ir.Pipeline) { pl.Registers[0].Width = 16 },
		func(pl *ir.Pipeline) { pl.Selectors[0].Mode = ir.Resilient },
		func(pl *ir.Pipeline) { pl.ValueSets[0].Widths[0] = 8 },
		func(pl *ir.Pipeline) { pl.PortMetadata = nil },
	} {
		prog := testProgram()
		change(prog.Pipelines[0])
		if Layout(prog) == want {
			t.Errorf("change %d goes unnoticed", i)
		}
	}
}

// Damaged bytes are an error, or a store that works.
func FuzzLoadStore(f *testing.F) {
	good := storeBody(filled(f, testProgram(), 2))
	f.Add(uint32(30), []byte{1})
	f.Add(uint32(len(good)/2), []byte{0xff, 0xff})
	f.Fuzz(func(t *testing.T, at uint32, b []byte) {
		damaged := bytes.Clone(good)
		copy(damaged[int(at)%len(good):], b)
		st := newTestStore(t)
		if st.Load(snap.NewDecoder(damaged)) != nil {
			return
		}
		for _, tab := range st.Schema().Tables {
			for _, err := range st.Read(context.Background(), AllPipes, Query{Table: tab.Name, FromHW: true}) {
				if err != nil {
					break // get_member has no entries
				}
			}
		}
		if err := newTestStore(t).Load(snap.NewDecoder(storeBody(st))); err != nil {
			t.Errorf("what was loaded cannot be loaded: %v", err)
		}
	})
}
