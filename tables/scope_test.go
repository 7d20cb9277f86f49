package tables

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"gofino/internal/snap"
)

func newScopedStore(t testing.TB) *Store {
	t.Helper()
	st, err := NewStore(testProgram(), 4)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func setScope(t testing.TB, st *Store, table, kind string, user uint64) {
	t.Helper()
	if err := tryScope(st, table, kind, user); err != nil {
		t.Fatal(err)
	}
}

func tryScope(st *Store, table, kind string, user uint64) error {
	data := []DataField{{"pipe_scope", kind}}
	if kind == scopeUser {
		data = append(data, DataField{"pipe_scope_user_defined", num(8, user)})
	}
	return st.SetAttribute(context.Background(), AllPipes, table, attrEntryScope, data)
}

func doAt(st *Store, pipe int, op Op, e TableEntry) error {
	err := st.Write(context.Background(), AllPipes, []Update{{Op: op, At: &Target{Pipe: pipe + 1}, Entry: e}}, RollbackOnError)
	if b, ok := err.(*BatchError); ok {
		return b.Errs[0]
	}
	return err
}

func mustAt(t testing.TB, st *Store, pipe int, op Op, e TableEntry) {
	t.Helper()
	if err := doAt(st, pipe, op, e); err != nil {
		t.Fatal(err)
	}
}

// portIn is what table forward says in a pipe: the port, or "miss".
func portIn(st *Store, pipe int, mac uint64) string {
	e := st.State(pipe).Match[0].Lookup(num(6, mac))
	if e == nil {
		return "miss"
	}
	return fmt.Sprint(toWord(e.Act().Data))
}

func portsIn(st *Store, mac uint64) string {
	var out []string
	for pipe := range 4 {
		out = append(out, portIn(st, pipe, mac))
	}
	return strings.Join(out, " ")
}

// bfrt.md section 6: each scope of pipes has entries of its own, and packets of a
// pipe see those of its scope only.
func TestEntryScopes(t *testing.T) {
	st := newScopedStore(t)
	for _, c := range []struct {
		kind  string
		user  uint64
		pipes []int // that are written
		want  string
		bad   []int
	}{
		{scopeSingle, 0, []int{0, 1, 3}, "0 1 miss 3", nil},
		{scopeUser, 0x0c03, []int{0, 2}, "0 0 2 2", []int{1, 3, -1}},
		{scopeUser, 0x0a05, []int{0, 1}, "0 1 0 1", []int{2, 3}},
		{scopeUser, 0x03, []int{0}, "0 0 miss miss", []int{2}},
		{scopeAll, 0, []int{-1}, "9 9 9 9", []int{0}},
	} {
		setScope(t, st, "forward", c.kind, c.user)
		for _, p := range c.pipes {
			port := uint64(p)
			if p < 0 {
				port = 9
			}
			mustAt(t, st, p, Insert, forwardEntry(7, port))
		}
		if got := portsIn(st, 7); got != c.want {
			t.Errorf("%s %#x: pipes see %s, want %s", c.kind, c.user, got, c.want)
		}
		for _, p := range c.bad {
			if err := doAt(st, p, Insert, forwardEntry(8, 1)); err == nil {
				t.Errorf("%s %#x: pipe %d can be written", c.kind, c.user, p)
			}
		}
		for _, p := range c.pipes {
			mustAt(t, st, p, Delete, TableEntry{Table: "forward"})
		}
		if got := portsIn(st, 7); got != "miss miss miss miss" {
			t.Errorf("%s %#x: cleared, pipes see %s", c.kind, c.user, got)
		}
	}
}

// What a controller finds of a scoped table, by pipe, key and handle
// (bfrt.md section 6 and tna_exact_match, tna_ternary_match).
func TestReadingScopes(t *testing.T) {
	st := newScopedStore(t)
	key := []KeyField{exactKey("dst_addr", 7, 6)}
	found := func(target Target, q Query) string {
		q.Table = "forward"
		n, text := 0, ""
		for e, err := range st.Read(context.Background(), target, q) {
			if err != nil {
				for name, cause := range map[string]error{"not found": ErrNotFound, "invalid": ErrInvalid} {
					if strings.Contains(err.Error(), cause.Error()) {
						return name
					}
				}
				return err.Error()
			}
			n++
			text = fmt.Sprintf("%d in pipe %d", n, e.Scope.Pipe-1)
		}
		return text
	}
	mustDo(t, st, Insert, forwardEntry(7, 1))
	for _, c := range []struct {
		target Target
		hw     bool
		want   string
	}{{AllPipes, true, "1 in pipe -1"}, {AllPipes, false, "1 in pipe -1"}, {OnePipe(2), true, "1 in pipe -1"}, {OnePipe(2), false, "not found"}} {
		if got := found(c.target, Query{Key: key, FromHW: c.hw}); got != c.want {
			t.Errorf("symmetric, key in %+v, %v: %s, want %s", c.target, c.hw, got, c.want)
		}
		if got := found(c.target, Query{Handle: 2, FromHW: c.hw}); got != c.want {
			t.Errorf("symmetric, handle in %+v, %v: %s, want %s", c.target, c.hw, got, c.want)
		}
		if got := found(c.target, Query{Default: true, FromHW: true}); got != "1 in pipe -1" {
			t.Errorf("symmetric, default in %+v: %s", c.target, got)
		}
	}
	mustDo(t, st, Delete, TableEntry{Table: "forward"})
	setScope(t, st, "forward", scopeUser, 0x0c03)
	mustAt(t, st, 2, Insert, forwardEntry(7, 1))
	handle := uint32(0)
	for e := range st.Read(context.Background(), OnePipe(2), Query{Table: "forward", Key: key}) {
		handle = e.Handle
	}
	for _, c := range []struct {
		target                 Target
		hw                     bool
		key, handle, def, list string
	}{
		{AllPipes, true, "not found", "1 in pipe 2", "invalid", "3 in pipe 2"},
		{AllPipes, false, "not found", "1 in pipe 2", "invalid", "3 in pipe 2"},
		{OnePipe(2), true, "1 in pipe 2", "1 in pipe 2", "1 in pipe 2", "2 in pipe 2"},
		{OnePipe(2), false, "1 in pipe 2", "1 in pipe 2", "1 in pipe 2", "2 in pipe 2"},
		{OnePipe(3), true, "1 in pipe 2", "1 in pipe 2", "1 in pipe 2", "2 in pipe 2"},
		{OnePipe(3), false, "not found", "not found", "1 in pipe 2", "2 in pipe 2"},
		{OnePipe(0), true, "not found", "invalid", "1 in pipe 0", "1 in pipe 0"},
		{OnePipe(0), false, "not found", "not found", "1 in pipe 0", "1 in pipe 0"},
	} {
		for what, got := range map[string][2]string{
			"key":     {found(c.target, Query{Key: key, FromHW: c.hw}), c.key},
			"handle":  {found(c.target, Query{Handle: handle, FromHW: c.hw}), c.handle},
			"default": {found(c.target, Query{Default: true, FromHW: c.hw}), c.def},
			"all":     {found(c.target, Query{FromHW: c.hw}), c.list},
		} {
			if got[0] != got[1] {
				t.Errorf("%s in %+v, from hardware %v: %s, want %s", what, c.target, c.hw, got[0], got[1])
			}
		}
	}
	for pipe, want := range []int{0, 0, 1, 1} {
		if n, err := st.Usage(context.Background(), OnePipe(pipe), "forward"); n != want || err != nil {
			t.Errorf("usage in pipe %d: %d, %v", pipe, n, err)
		}
	}
}

// Direct counters of two scopes do not meet; the default entries are two.
func TestScopesHaveCellsAndDefaults(t *testing.T) {
	st := newScopedStore(t)
	setScope(t, st, "forward", scopeSingle, 0)
	for pipe := range 2 {
		mustAt(t, st, pipe, Insert, forwardEntry(7, uint64(pipe)))
		mustAt(t, st, pipe, Modify, TableEntry{Table: "forward", Default: true, Action: "hit", Data: []DataField{{"port", num(2, uint64(20+pipe))}}})
		m := st.State(pipe).Match[0]
		for range pipe + 1 {
			st.State(pipe).Counters[1].CountCell(m.Lookup(num(6, 7)).Cell(), 64)
		}
		if got := toWord(m.Default().Act().Data); got != uint64(20+pipe) {
			t.Errorf("pipe %d: the default sends to %d", pipe, got)
		}
	}
	if st.State(2).Match[0].Default().Act().Action != 2 {
		t.Error("the default entry of a pipe that nobody wrote has changed")
	}
	for pipe := range 2 {
		for e := range st.Read(context.Background(), OnePipe(pipe), Query{Table: "forward", Key: []KeyField{exactKey("dst_addr", 7, 6)}, FromHW: true}) {
			if n := toWord(fieldOf(e, "$COUNTER_SPEC_PKTS").([]byte)); n != uint64(pipe+1) {
				t.Errorf("pipe %d: %d packets", pipe, n)
			}
		}
	}
}

// A profile and a selector follow their table; a group in one pipe has members
// of that pipe.
func TestProfilesFollowScopes(t *testing.T) {
	st := newScopedStore(t)
	mustDo(t, st, Insert, member(1, 4))
	if err := tryScope(st, "nexthop", scopeSingle, 0); err == nil || err.Error() != "set attribute of pipe.SwitchIngress.nexthop: not supported: EntryScope: pipe.SwitchIngress.members has 1 entries: it must be empty" {
		t.Error(err)
	}
	mustDo(t, st, Delete, TableEntry{Table: "members"})
	setScope(t, st, "nexthop", scopeSingle, 0)
	for pipe := range 2 {
		mustAt(t, st, pipe, Insert, member(1, uint64(30+pipe)))
		mustAt(t, st, pipe, Insert, group(5, []uint32{1}, []bool{true}))
		mustAt(t, st, pipe, Insert, nexthop(9, "$SELECTOR_GROUP_ID", 5))
		m := st.State(pipe).Match[6]
		if got := toWord(m.Resolve(m.Lookup(num(2, 9)), 0, 0).Data); got != uint64(30+pipe) {
			t.Errorf("pipe %d: %d", pipe, got)
		}
	}
	if err := doAt(st, 3, Insert, nexthop(9, "$SELECTOR_GROUP_ID", 5)); err == nil || !strings.Contains(err.Error(), "no such group") {
		t.Errorf("an entry of pipe 3 refers to a group of another: %v", err)
	}
	if err := doAt(st, 0, Delete, member(1, 0)); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Error(err)
	}
}

func TestScopeErrors(t *testing.T) {
	st := newScopedStore(t)
	mustDo(t, st, Insert, forwardEntry(7, 1))
	for _, c := range []struct {
		table string
		data  []DataField
		want  string
	}{
		{"forward", []DataField{{"pipe_scope", scopeSingle}}, "not supported: EntryScope: pipe.SwitchIngress.forward has 1 entries: it must be empty"},
		{"acl", []DataField{{"pipe_scope", "SOME"}}, `invalid arguments: EntryScope: field pipe_scope is "SOME" (choices: ALL, SINGLE, USER_DEFINED)`},
		{"acl", []DataField{{"pipe_scope", scopeUser}}, "invalid arguments: EntryScope: it has no pipe in any scope (a bitmap of pipes in each byte of pipe_scope_user_defined)"},
		{"acl", []DataField{{"pipe_scope", scopeUser}, {"pipe_scope_user_defined", num(8, 0x10)}}, "invalid arguments: EntryScope: 0x10 names pipes that do not have the table (pipes: 0, 1, 2, 3)"},
		{"acl", []DataField{{"pipe_scope", scopeUser}, {"pipe_scope_user_defined", num(8, 0x0203)}}, "invalid arguments: EntryScope: 0x203 has a pipe in two scopes"},
		{"acl", []DataField{{"gress_scope", scopeSingle}}, "invalid arguments: EntryScope: field gress_scope, prsr_scope: only value sets have one (choices: ALL)"},
		{"ports", nil, `not supported: no attribute "EntryScope" (attributes: none)`},
	} {
		err := st.SetAttribute(context.Background(), AllPipes, c.table, attrEntryScope, c.data)
		if err == nil || !strings.HasSuffix(err.Error(), ": "+c.want) {
			t.Errorf("%s: %v, want %s", c.table, err, c.want)
		}
	}
	setScope(t, st, "acl", scopeSingle, 0)
	acl := TableEntry{Table: "acl", Action: "drop", Key: []KeyField{{Name: "src_addr", Value: num(4, 7), Mask: num(4, 0xff)}}}
	if err := do(st, Insert, acl); err == nil || err.Error() != "add pipe.SwitchIngress.acl: invalid arguments: each scope has entries of its own: write in the first pipe of one (pipes: 0, 1, 2, 3)" {
		t.Error(err)
	}
}

// tna_pvs: rows by gress, pipe and parser.
func TestValueSetScopes(t *testing.T) {
	st := newScopedStore(t)
	row := func(v uint64) TableEntry {
		return TableEntry{Table: "vs", Key: []KeyField{{Name: "f1", Value: num(2, v), Mask: num(2, 0xffff)}}}
	}
	write := func(target Target, op Op, e TableEntry) error {
		return st.Write(context.Background(), AllPipes, []Update{{Op: op, At: &target, Entry: e}}, RollbackOnError)
	}
	set := func(gress, pipe, parser string) {
		t.Helper()
		if err := st.SetAttribute(context.Background(), AllPipes, "vs", attrEntryScope, []DataField{{"gress_scope", gress}, {"pipe_scope", pipe},
			{"pipe_scope_args", num(8, 0)}, {"prsr_scope", parser}, {"prsr_scope_args", num(8, 0)}}); err != nil {
			t.Fatal(err)
		}
	}
	has := func(pipe int, port uint16, v byte) bool {
		return st.State(pipe).ValueSets[0].Has(port, []byte{0, v, 0})
	}

	set(scopeSingle, scopeSingle, scopeSingle)
	for _, bad := range []Target{{1, 0, 1}, {0, 1, 1}, {2, 1, 0}, {1, 2, 1}, {1, 1, 19}} {
		if write(bad, Insert, row(4)) == nil {
			t.Errorf("%+v can be written", bad)
		}
	}
	for i, at := range []Target{{1, 1, 1}, {1, 1, 18}, {3, 1, 1}} {
		if err := write(at, Insert, row(uint64(i+1))); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		pipe int
		port uint16
		want string
	}{{0, 0, "1"}, {0, 3, "1"}, {0, 4, ""}, {0, 68, "2"}, {0, 71, "2"}, {2, 256, "3"}, {2, 256 + 68, ""}, {1, 128, ""}} {
		got := ""
		for v := byte(1); v < 4; v++ {
			if has(c.pipe, c.port, v) {
				got += fmt.Sprint(v)
			}
		}
		if got != c.want {
			t.Errorf("port %d: rows %q, want %q", c.port, got, c.want)
		}
	}
	wantText(t, "rows of parser 17", dump(t, st, Target{1, 1, 18}, Query{Table: "vs"}), "2: f1=0002&ffff f2=00&00\n")
	for e := range st.Read(context.Background(), Target{1, 1, 18}, Query{Table: "vs"}) {
		if e.Scope != (Target{1, 1, 18}) {
			t.Errorf("the row says %+v", e.Scope)
		}
	}
	if n, _ := st.Usage(context.Background(), OnePipe(0), "vs"); n != 2 {
		t.Errorf("pipe 0 has %d rows", n)
	}
	if _, err := st.Attribute(context.Background(), AllPipes, "vs", attrEntryScope); err == nil {
		t.Error("the scope of both gresses can be read, though each has its own")
	}
	got, err := st.Attribute(context.Background(), Target{Gress: 1}, "vs", attrEntryScope)
	if want := "[{gress_scope SINGLE} {pipe_scope SINGLE} {pipe_scope_args [0 0 0 0 0 0 0 0]} {prsr_scope SINGLE} {prsr_scope_args [0 0 0 0 0 0 0 0]}]"; err != nil || fmt.Sprint(got) != want {
		t.Errorf("%v, %v", got, err)
	}
	if err := st.SetAttribute(context.Background(), AllPipes, "vs", attrEntryScope, nil); err == nil || !strings.HasSuffix(err.Error(), "EntryScope: the set has 3 rows: it must be empty") {
		t.Error(err)
	}
}

// Scopes and what is in them come back from a file.
func TestScopesAreSaved(t *testing.T) {
	st := newScopedStore(t)
	setScope(t, st, "forward", scopeUser, 0x0c01)
	setScope(t, st, "nexthop", scopeSingle, 0)
	if err := st.SetAttribute(context.Background(), AllPipes, "vs", attrEntryScope, []DataField{{"prsr_scope", scopeSingle}}); err != nil {
		t.Fatal(err)
	}
	mustAt(t, st, 2, Insert, forwardEntry(7, 5))
	mustAt(t, st, 1, Insert, member(1, 30))
	mustAt(t, st, 1, Insert, nexthop(9, "$ACTION_MEMBER_ID", 1))
	at := Target{Parser: 18}
	if err := st.Write(context.Background(), at, []Update{{Op: Insert, Entry: TableEntry{Table: "vs", Key: []KeyField{{Name: "f1", Value: num(2, 1), Mask: num(2, 3)}}}}}, 0); err != nil {
		t.Fatal(err)
	}
	again := newScopedStore(t)
	if err := again.Load(snap.NewDecoder(storeBody(st))); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(storeBody(again), storeBody(st)) || stateHash(t, again) != stateHash(t, st) {
		t.Error("the store differs")
	}
	if got := portsIn(again, 7); got != "miss miss 5 5" {
		t.Errorf("pipes see %s", got)
	}
	m := again.State(1).Match[6]
	if got := toWord(m.Resolve(m.Lookup(num(2, 9)), 0, 0).Data); got != 30 {
		t.Errorf("the member sends to %d", got)
	}
	if vs := again.State(3).ValueSets[0]; !vs.Has(69, []byte{0, 1, 0}) || vs.Has(0, []byte{0, 1, 0}) {
		t.Error("the value set's row is not that of parser 17")
	}
	mustAt(t, again, 1, Delete, TableEntry{Table: "nexthop"})
	mustAt(t, again, 1, Delete, TableEntry{Table: "members"})
}

// tna_register: registers have a scope that says which pipes a write is for.
func TestRegisterScopes(t *testing.T) {
	st := newScopedStore(t)
	setScope(t, st, "flags", scopeUser, 0x0c03)
	set := TableEntry{Table: "flags", Key: []KeyField{exactKey("$REGISTER_INDEX", 5, 4)}, Data: []DataField{{"f1", []byte{1}}}}
	mustAt(t, st, 3, Modify, set)
	wantText(t, "scope of pipe 3", dump(t, st, AllPipes, Query{Table: "flags", Key: set.Key, FromHW: true}),
		"6: $REGISTER_INDEX=00000005 SwitchIngress.flags.f1=[[0] [0] [1] [1]]\n")
	setScope(t, st, "flags", scopeSingle, 0)
	mustAt(t, st, 0, Modify, set)
	wantText(t, "pipe 0", dump(t, st, AllPipes, Query{Table: "flags", Key: set.Key, FromHW: true}),
		"6: $REGISTER_INDEX=00000005 SwitchIngress.flags.f1=[[1] [0] [1] [1]]\n")
	if err := tryScope(st, "flags", scopeUser, 0x11); err == nil || !strings.HasSuffix(err.Error(), "0x11 names pipes that do not have the table (pipes: 0, 1, 2, 3)") {
		t.Error(err)
	}
	again := newScopedStore(t)
	if err := again.Load(snap.NewDecoder(storeBody(st))); err != nil || stateHash(t, again) != stateHash(t, st) {
		t.Error("a register's scope is lost:", err)
	}
}
