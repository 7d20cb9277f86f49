package tables

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

// bfrt.md section 8: who gains or loses a place in a group is told, when the
// batch that did it stands.
func TestSelectorUpdatesAreTold(t *testing.T) {
	st := newTestStore(t)
	for id := range uint64(3) {
		mustDo(t, st, Insert, member(id+1, 0))
	}
	var told []string
	defer st.Subscribe(func(n Notification) {
		c := n.Selector
		told = append(told, fmt.Sprintf("%d.%d@%d%s", c.Group, c.Member, c.Entry, map[bool]string{true: "+", false: "-"}[c.Added]))
	})()
	heard := func() string {
		t.Helper()
		if err := st.FlushNotifications(context.Background()); err != nil {
			t.Fatal(err)
		}
		text := strings.Join(told, " ")
		told = nil
		return text
	}
	enable := func(on bool) {
		t.Helper()
		if err := st.SetAttribute(context.Background(), AllPipes, "groups", "SelectorUpdateNotify", []DataField{{"enable", on}}); err != nil {
			t.Fatal(err)
		}
	}
	yes := []bool{true, true, true}
	mustDo(t, st, Insert, group(7, []uint32{1}, yes[:1]))
	if got := heard(); got != "" {
		t.Errorf("nobody asked: %s", got)
	}
	enable(true)
	for _, c := range []struct {
		op   Op
		e    TableEntry
		want string
	}{
		{Insert, group(9, []uint32{1, 2}, yes[:2]), "9.1@120+ 9.2@121+"},
		{Modify, group(9, []uint32{1, 2}, []bool{true, false}), ""},
		{Modify, group(9, []uint32{3, 2}, yes[:2]), "9.1@120- 9.3@120+"},
		{Delete, group(9, nil, nil), "9.3@120- 9.2@121-"},
		{Delete, TableEntry{Table: "groups"}, "7.1@0-"},
	} {
		if c.op == Delete {
			c.e.Data = nil
		}
		mustDo(t, st, c.op, c.e)
		if got := heard(); got != c.want {
			t.Errorf("told %q, want %q", got, c.want)
		}
	}
	bad := []Update{{Op: Insert, Entry: group(9, []uint32{1}, yes[:1])}, {Op: Insert, Entry: group(9, nil, nil)}}
	if st.Write(context.Background(), AllPipes, bad, RollbackOnError) == nil {
		t.Fatal("a group was added twice")
	}
	if got := heard(); got != "" {
		t.Errorf("rolled back, told %s", got)
	}
	if v, err := st.Attribute(context.Background(), AllPipes, "groups", "SelectorUpdateNotify"); err != nil || fmt.Sprint(v) != "[{enable true}]" {
		t.Errorf("%v, %v", v, err)
	}
	enable(false)
	mustDo(t, st, Insert, group(9, []uint32{1}, yes[:1]))
	if got := heard(); got != "" {
		t.Errorf("off, told %s", got)
	}
	if _, err := st.Attribute(context.Background(), AllPipes, "groups", "EntryScope"); err == nil {
		t.Error("a selector has an attribute that is its table's")
	}
}
