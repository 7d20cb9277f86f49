package model_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gofino/model"
	"gofino/p4"
	"gofino/pipeline/ir"
	"gofino/tables"
)

func compiled(t testing.TB, file string) *ir.Program {
	t.Helper()
	prog, diags := p4.Compile("testdata/"+file, p4.Options{})
	if prog == nil {
		t.Fatal(diags)
	}
	return prog
}

// twoPrograms runs learn.p4 in pipes 0 and 2 and, as another program, in 1 and 3.
func twoPrograms(t testing.TB, c model.Config) (*model.Switch, []model.Placement) {
	t.Helper()
	list := []model.Placement{{Program: compiled(t, "learn.p4")}, {Program: compiled(t, "learn.p4")}}
	sw, err := model.NewPlaced(list, c)
	if err != nil {
		t.Fatal(err)
	}
	return sw, list
}

func sendFlow(t testing.TB, api tables.API, key uint16, port uint16) {
	t.Helper()
	e := tables.TableEntry{Table: "flows", Key: flow(key), Action: "send", Data: []tables.DataField{{Name: "port", Value: u16(port)}}}
	if err := api.Write(context.Background(), tables.AllPipes, []tables.Update{{Op: tables.Insert, Entry: e}}, tables.RollbackOnError); err != nil {
		t.Fatal(err)
	}
}

// frameOf is a packet of learn.p4.
func frameOf(port model.Port, kind byte, flow uint16, value byte) model.Frame {
	return model.Frame{Port: port, Data: []byte{kind, byte(flow >> 8), byte(flow), 0, 0, value, 0xee}}
}

// Each program has tables of its own; a packet that changes the pipe changes the
// program; the chip's own tables are the same behind both.
func TestProgramsHaveTheirOwnTables(t *testing.T) {
	sw, _ := twoPrograms(t, model.Config{})
	w := new(outlet)
	sw.SetWire(w)
	a, b := sw.ProgramAPI(0), sw.ProgramAPI(1)
	sendFlow(t, a, 7, 300)
	sendFlow(t, b, 7, 5)
	for _, port := range []model.Port{3, 128 + 3, 256 + 3, 384 + 3} {
		sw.Process([]model.Frame{frameOf(port, 0, 7, 0)})
	}
	want := []string{"300 000007000000ee", "5 000007000000ee", "300 000007000000ee", "5 000007000000ee"}
	if !slices.Equal(w.out, want) {
		t.Errorf("sent %v, want %v", w.out, want)
	}
	for i, api := range []tables.API{a, b} {
		if n, err := api.Usage(context.Background(), tables.AllPipes, "flows"); n != 1 || err != nil {
			t.Errorf("program %d: %d flows, %v", i, n, err)
		}
	}
	mgid := tables.TableEntry{Table: "$pre.mgid", Key: []tables.KeyField{{Name: "$MGID", Value: u16(9)}}}
	up := []tables.Update{{Op: tables.Insert, Entry: mgid}}
	if err := a.Write(context.Background(), tables.AllPipes, up, tables.RollbackOnError); err != nil {
		t.Fatal(err)
	}
	if err := b.Write(context.Background(), tables.AllPipes, up, tables.RollbackOnError); !errors.Is(err, tables.ErrExists) {
		t.Errorf("the group exists behind one program and not behind the other: %v", err)
	}
	if got := fmt.Sprint(sw.Programs()[0].Pipes, sw.Programs()[1].Pipes); got != "[0 2] [1 3]" {
		t.Errorf("placed in %s", got)
	}
}

// Digests and idle entries are told to those who subscribed to their program,
// ports to all.
func TestProgramsTellTheirOwn(t *testing.T) {
	sw, _ := twoPrograms(t, model.Config{})
	told := [2][]string{}
	for i := range told {
		cancel := sw.ProgramAPI(i).(tables.Notifier).Subscribe(func(n tables.Notification) {
			switch {
			case n.Digest != nil:
				told[i] = append(told[i], fmt.Sprintf("digest of pipe %d", n.Pipe))
			case n.Idle != nil:
				told[i] = append(told[i], fmt.Sprintf("idle at %d", n.Time/1e6))
			case n.Port != nil:
				told[i] = append(told[i], fmt.Sprintf("port %d", n.Port.Port))
			}
		})
		defer cancel()
	}
	for i := range told {
		api := sw.ProgramAPI(i)
		if err := api.SetAttribute(context.Background(), tables.AllPipes, "flows", "IdleTimeout", []tables.DataField{
			{Name: "idle_table_mode", Value: "NOTIFY_MODE"}, {Name: "ttl_query_interval", Value: u32(uint32(1000 * (i + 1)))}}); err != nil {
			t.Fatal(err)
		}
		e := tables.TableEntry{Table: "flows", Key: flow(7), Action: "NoAction", Data: []tables.DataField{{Name: "$ENTRY_TTL", Value: u32(2000)}}}
		if err := api.Write(context.Background(), tables.AllPipes, []tables.Update{{Op: tables.Insert, Entry: e}}, tables.RollbackOnError); err != nil {
			t.Fatal(err)
		}
	}
	sw.Process([]model.Frame{frameOf(1, 1, 1, 1), frameOf(130, 1, 1, 1), frameOf(257, 1, 1, 1)})
	sw.PortUp(130, false)
	if err := sw.RunUntil(5e9); err != nil {
		t.Fatal(err)
	}
	if err := sw.FlushNotifications(context.Background()); err != nil {
		t.Fatal(err)
	}
	want := [2]string{"port 130, digest of pipe 0, digest of pipe 2, idle at 2000", "port 130, digest of pipe 1, idle at 2000"}
	for i := range told {
		if got := strings.Join(told[i], ", "); got != want[i] {
			t.Errorf("program %d was told %s, want %s", i, got, want[i])
		}
	}
}

// Saved state and recordings have all programs.
func TestProgramsAreSavedAndReplayed(t *testing.T) {
	sw, list := twoPrograms(t, model.Config{})
	sendFlow(t, sw.ProgramAPI(0), 7, 300)
	var recording, state bytes.Buffer
	j, err := sw.Record(&recording)
	if err != nil {
		t.Fatal(err)
	}
	sendFlow(t, sw.ProgramAPI(1), 7, 5)
	sw.Process([]model.Frame{frameOf(1, 1, 7, 1), frameOf(130, 1, 7, 1)})
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := sw.Save(&state); err != nil {
		t.Fatal(err)
	}
	saved := state.Bytes()
	again, err := model.RestorePlaced(bytes.NewReader(saved), []model.Placement{{Program: list[0].Program}, {Program: list[1].Program}}, model.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if again.StateHash() != sw.StateHash() {
		t.Error("the restored switch is another")
	}
	r, err := model.NewReplayPlaced(&recording, list[:2])
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Run(); err != nil {
		t.Error(err)
	}
	for want, list := range map[string][]model.Placement{
		"restore switch: it ran 2 programs, not 1: state of another switch":                 list[:1],
		`restore switch: it ran "learn" in pipes [0 2], not [0 1]: state of another switch`: {{Program: list[0].Program, Pipes: []int{0, 1}}, list[1]},
	} {
		if _, err := model.RestorePlaced(bytes.NewReader(saved), list, model.Config{}); err == nil || strings.NewReplacer(`testdata/`, "", `.p4`, "").Replace(err.Error()) != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestPlacementErrors(t *testing.T) {
	a, b := compiled(t, "learn.p4"), compiled(t, "learn.p4")
	a.Name, b.Name = "a", "b"
	for _, c := range []struct {
		list []model.Placement
		want string
	}{
		{nil, "make switch: no program"},
		{[]model.Placement{{Program: a, Pipes: []int{0, 4}}, {Program: b, Pipes: nil}}, "make switch: program a in pipe 4 (pipes: 0..3)"},
		{[]model.Placement{{Program: a, Pipes: []int{0, 1}}, {Program: b, Pipes: []int{1, 2, 3}}}, "make switch: pipe 1 is given to a and to b"},
		{[]model.Placement{{Program: a, Pipes: []int{0, 1}}, {Program: b, Pipes: []int{2}}}, "make switch: pipe 3 runs no program"},
		{[]model.Placement{{Program: a, Pipes: []int{0, 1, 2, 3}}, {Program: b, Pipes: nil}}, "make switch: no pipe is left for program b"},
	} {
		if _, err := model.NewPlaced(c.list, model.Config{}); err == nil || err.Error() != c.want {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
	b.Target = ir.Tofino2
	if _, err := model.NewPlaced([]model.Placement{{Program: a, Pipes: []int{0, 1}}, {Program: b, Pipes: nil}}, model.Config{}); err == nil || err.Error() != "make switch: a is for tofino, b for tofino2" {
		t.Error(err)
	}
}

// A warm init: the new programs, empty tables; links and wire are those of the
// switch before, which ends.
func TestReplacePrograms(t *testing.T) {
	old, list := twoPrograms(t, model.Config{Seed: 3})
	w := new(outlet)
	old.SetWire(w)
	sendFlow(t, old.API(), 7, 5)
	old.PortUp(6, false)
	if err := old.RunUntil(1000); err != nil {
		t.Fatal(err)
	}
	next, err := old.Replace([]model.Placement{{Program: list[0].Program}})
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := model.New(list[0].Program, model.Config{Seed: 3, Clock: next.Clock()})
	if err != nil {
		t.Fatal(err)
	}
	fresh.PortUp(6, false)
	if next.StateHash() != fresh.StateHash() {
		t.Error("the switch is not as one that was made with this program")
	}
	sendFlow(t, next.API(), 7, 5)
	next.Process([]model.Frame{frameOf(1, 0, 7, 0)})
	old.Process([]model.Frame{frameOf(1, 0, 7, 0)})
	if !slices.Equal(w.out, []string{"5 000007000000ee"}) {
		t.Errorf("sent %v", w.out)
	}
	if err := old.API().Write(context.Background(), tables.AllPipes, []tables.Update{{}}, 0); !errors.Is(err, model.ErrReplaced) {
		t.Errorf("write: %v", err)
	}
	for _, err := range old.API().Read(context.Background(), tables.AllPipes, tables.Query{Table: "flows"}) {
		if !errors.Is(err, model.ErrReplaced) {
			t.Errorf("read: %v", err)
		}
	}
	if n, err := old.Replace(list); !errors.Is(err, model.ErrReplaced) || n != nil {
		t.Errorf("replace: %v", err)
	}
	if _, err := next.Replace(nil); err == nil || err.Error() != "replace programs: make switch: no program" {
		t.Errorf("replace by nothing: %v", err)
	}
	next.Process([]model.Frame{frameOf(1, 0, 7, 0)})
	if len(w.out) != 2 {
		t.Error("a switch whose programs could not be replaced has stopped")
	}
}

// In two steps: while the tables of the new programs are filled, the old ones
// forward.
func TestPrepareAndHandOver(t *testing.T) {
	old, list := twoPrograms(t, model.Config{})
	w := new(outlet)
	old.SetWire(w)
	if err := old.API().SetAttribute(context.Background(), tables.AllPipes, "polled", "EntryScope", []tables.DataField{{Name: "pipe_scope", Value: "SINGLE"}}); err != nil {
		t.Fatal(err)
	}
	sendFlow(t, old.API(), 7, 5)
	next, err := old.Prepare([]model.Placement{{Program: list[0].Program, Pipes: []int{0, 2}}})
	if err == nil {
		t.Fatal("pipes without a program")
	}
	if next, err = old.Prepare([]model.Placement{{Program: list[0].Program}}); err != nil {
		t.Fatal(err)
	}
	old.KeepScopes(next)
	for table, want := range map[string]string{"polled": "SINGLE", "flows": "ALL"} {
		if v, err := next.API().Attribute(context.Background(), tables.AllPipes, table, "EntryScope"); err != nil || v[1].Value != want {
			t.Errorf("%s has the scope %v, want %s (%v)", table, v, want, err)
		}
	}
	sendFlow(t, next.API(), 7, 6)
	old.Process([]model.Frame{frameOf(1, 0, 7, 0)})
	var file bytes.Buffer
	j, err := old.Record(&file)
	if err != nil {
		t.Fatal(err)
	}
	if err := old.HandOver(next); err == nil || err.Error() != "replace programs: the switch is being recorded, and a recording is of one set of programs" {
		t.Error(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := old.HandOver(next); err != nil {
		t.Fatal(err)
	}
	next.Process([]model.Frame{frameOf(1, 0, 7, 0)})
	if want := []string{"5 000007000000ee", "6 000007000000ee"}; !slices.Equal(w.out, want) {
		t.Errorf("sent %v, want %v", w.out, want)
	}
}
