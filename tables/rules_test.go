package tables

import (
	"context"
	"errors"
	"testing"
)

// bfrt.md section 5: DELETE without a key clears the table, and the default entry
// is the program's again; DELETE of the default entry does the latter alone.
func TestClearResetsTheDefault(t *testing.T) {
	st := newTestStore(t)
	set := func() {
		mustDo(t, st, Modify, TableEntry{Table: "routes", Default: true, Action: "hit", Data: []DataField{{"port", num(2, 9)}}})
	}
	route := TableEntry{Table: "routes", Action: "drop", Key: []KeyField{exactKey("vrf", 1, 2), {Name: "dst_addr", Value: num(4, 0x0a000000), PrefixLen: 8}}}
	mustDo(t, st, Insert, route)
	set()
	mustDo(t, st, Delete, TableEntry{Table: "routes", Default: true})
	if n, _ := st.Usage(context.Background(), AllPipes, "routes"); n != 1 {
		t.Errorf("resetting the default left %d entries", n)
	}
	set()
	mustDo(t, st, Delete, TableEntry{Table: "routes"})
	wantText(t, "cleared", dump(t, st, AllPipes, Query{Table: "routes"}), "default -> NoAction\n")
}

// bfrt.md section 5: ternary and lpm values are masked when they are stored, so
// that keys which differ outside of their masks are the same; ranges are not, and
// a priority makes another key.
func TestDuplicatesAreFoundOnMaskedKeys(t *testing.T) {
	st := newTestStore(t)
	acl := func(value, mask, low, high, prio uint64) TableEntry {
		return TableEntry{Table: "acl", Action: "drop", Key: []KeyField{{Name: "src_addr", Value: num(4, value), Mask: num(4, mask)},
			{Name: "dst_port", Value: num(2, low), High: num(2, high)}, exactKey("$MATCH_PRIORITY", prio, 4)}}
	}
	route := func(value uint64, prefix int) TableEntry {
		return TableEntry{Table: "routes", Action: "drop", Key: []KeyField{exactKey("vrf", 1, 2), {Name: "dst_addr", Value: num(4, value), PrefixLen: prefix}}}
	}
	mustDo(t, st, Insert, acl(0x12345678, 0xffff0000, 1, 2, 5))
	mustDo(t, st, Insert, route(0x0a0b0c0d, 16))
	for _, e := range []TableEntry{acl(0x12340000, 0xffff0000, 1, 2, 5), acl(0x1234ffff, 0xffff0000, 1, 2, 5), route(0x0a0b0000, 16), route(0x0a0bffff, 16)} {
		if err := do(st, Insert, e); !errors.Is(err, ErrExists) {
			t.Errorf("%s %x: %v", e.Table, e.Key[0].Value, err)
		}
	}
	for _, e := range []TableEntry{acl(0x12340000, 0xffff0000, 1, 3, 5), acl(0x12340000, 0xffff0000, 1, 2, 6), acl(0x12340000, 0xffff8000, 1, 2, 5), route(0x0a0b0000, 17)} {
		mustDo(t, st, Insert, e)
	}
	for e := range st.Read(context.Background(), AllPipes, Query{Table: "acl", Handle: 2}) {
		if got := toWord(e.Key[0].Value); got != 0x12340000 {
			t.Errorf("read back %#x", got)
		}
	}
}
