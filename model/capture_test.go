package model_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gofino/internal/clock"
	"gofino/model"
	"gofino/p4"
	"gofino/pipeline/ir"
	"gofino/tables"
)

// lookInside is a switch with the program of stages.p4, whose ingress tables one,
// two and three lie in stages 0, 1 and 2, and entries that lead from one to the
// next.
type lookInside struct {
	t    *testing.T
	sw   *model.Switch
	time *clock.Virtual
	prog *ir.Program
}

func newLookInside(t *testing.T, target ir.Target) *lookInside {
	t.Helper()
	prog, diags := p4.Compile("testdata/stages.p4", p4.Options{Target: target})
	require.NotNil(t, prog, diags)
	l := &lookInside{t: t, time: new(clock.Virtual), prog: prog}
	var err error
	l.sw, err = model.New(prog, model.Config{Clock: l.time})
	require.NoError(t, err)
	entry := func(table, key, action string, k, v uint16) {
		e := tables.TableEntry{Table: table, Key: []tables.KeyField{{Name: key, Value: binary.BigEndian.AppendUint16(nil, k)}}, Action: action,
			Data: []tables.DataField{{Name: "value", Value: binary.BigEndian.AppendUint16(nil, v)}}}
		if action == "leaving" {
			e.Data[0] = tables.DataField{Name: "kind", Value: []byte{byte(v)}}
		}
		if table == "three" {
			e.Key[0].Mask = []byte{0xff, 0xff}
			e.Key = append(e.Key, tables.KeyField{Name: "$MATCH_PRIORITY", Value: []byte{0, 0, 0, 1}})
		}
		l.write(tables.Insert, e)
	}
	entry("one", "hdr.step.first", "found", 5, 0x11)
	entry("two", "md.found", "second", 0x11, 0x22)
	entry("three", "hdr.step.second", "third", 0x22, 0x33)
	entry("out_ports", "eg.egress_port", "leaving", 12, 9)
	return l
}

func (l *lookInside) try(target tables.Target, op tables.Op, e tables.TableEntry) error {
	return l.sw.API().Write(context.Background(), target, []tables.Update{{Op: op, Entry: e}}, tables.RollbackOnError)
}

func (l *lookInside) write(op tables.Op, e tables.TableEntry) {
	l.t.Helper()
	require.NoError(l.t, l.try(tables.AllPipes, op, e))
}

// packet comes in through port 12 of a pipe, and goes back there.
func (l *lookInside) packet(pipe int, kind byte, first uint16) {
	b := binary.BigEndian.AppendUint16([]byte{kind}, first)
	b = append(b, 0, 1, 0, 2) // second 1, third 2
	l.sw.Process([]model.Frame{{Port: model.Port(pipe<<7 | 12), Data: append(b, make([]byte, 60)...)}})
}

func number4(n uint64) []byte { return binary.BigEndian.AppendUint32(nil, uint32(n)) }

func stageKey(n uint64) []tables.KeyField {
	return []tables.KeyField{{Name: "stage", Value: number4(n)}}
}

func (l *lookInside) config(gress string, first, last uint64, more ...tables.DataField) tables.TableEntry {
	return tables.TableEntry{Table: "snapshot.cfg", Key: []tables.KeyField{
		{Name: "start_stage", Value: number4(first)}, {Name: "end_stage", Value: number4(last)},
	}, Data: append(more, tables.DataField{Name: "thread", Value: strings.ToUpper(gress)})}
}

// trigger of a gress, armed, on a field with all its bits.
func trigger(gress string, stage uint64, field string, value ...byte) tables.TableEntry {
	e := tables.TableEntry{Table: "snapshot." + gress + "_trigger", Key: stageKey(stage), Data: []tables.DataField{{Name: "enable", Value: true}}}
	if field != "" {
		e.Data = append(e.Data, tables.DataField{Name: "trig." + field, Value: value},
			tables.DataField{Name: "trig." + field + "_mask", Value: bytes.Repeat([]byte{0xff}, len(value))})
	}
	return e
}

// all reads every entry of a query.
func (l *lookInside) all(target tables.Target, q tables.Query) (out []*tables.TableEntry, err error) {
	for e, err := range l.sw.API().Read(context.Background(), target, q) {
		if err != nil {
			return out, err
		}
		out = append(out, e)
	}
	return out, nil
}

// show is a capture's data in short: fields by name, then the tables.
func (l *lookInside) show(pipe int, gress string, stage uint64, names ...string) string {
	l.t.Helper()
	es, err := l.all(tables.OnePipe(pipe), tables.Query{Table: "snapshot." + gress + "_data", Key: stageKey(stage)})
	require.NoError(l.t, err)
	require.Len(l.t, es, 1)
	var out []string
	for _, n := range names {
		i := slices.IndexFunc(es[0].Data, func(f tables.DataField) bool { return f.Name == n })
		require.GreaterOrEqual(l.t, i, 0, n)
		switch v := es[0].Data[i].Value.(type) {
		case []byte:
			out = append(out, fmt.Sprintf("%x", v))
		case [][]tables.DataField:
			for _, t := range v {
				out = append(out, fmt.Sprint(t[0].Value, " ", binary.BigEndian.Uint32(t[1].Value.([]byte)), " ", t[2].Value, " ", t[3].Value, " ", t[4].Value))
			}
		default:
			out = append(out, fmt.Sprint(v))
		}
	}
	return strings.Join(out, ", ")
}

func (l *lookInside) value(table, field string, target tables.Target, key []tables.KeyField) tables.Value {
	l.t.Helper()
	es, err := l.all(target, tables.Query{Table: table, Key: key})
	require.NoError(l.t, err)
	require.Len(l.t, es, 1)
	for _, f := range es[0].Data {
		if f.Name == field {
			return f.Value
		}
	}
	return nil
}

func (l *lookInside) states(gress string, stage uint64) string {
	return fmt.Sprint(l.value("snapshot."+gress+"_trigger", "trigger_state", tables.AllPipes, stageKey(stage)))
}

// TestSnapshotCapture: bfrt.md section 12. The first packet that has what the
// trigger asks for at the input of its stage is captured in all stages of the
// snapshot, in its pipe, and no other after it until the snapshot is armed anew.
func TestSnapshotCapture(t *testing.T) {
	for _, target := range []ir.Target{ir.Tofino, ir.Tofino2} {
		l := newLookInside(t, target)
		next := func(name string) string {
			if target == ir.Tofino2 {
				return "NO_NEXT_TABLE"
			}
			return name
		}
		l.write(tables.Insert, l.config("ingress", 0, 3))
		l.write(tables.Insert, trigger("ingress", 0, "hdr.step.kind", 7))
		require.Equal(t, "[ARMED ARMED ARMED ARMED]", l.states("ingress", 0))

		l.packet(1, 6, 5)
		require.Equal(t, "[ARMED ARMED ARMED ARMED]", l.states("ingress", 0), "a packet of another kind")
		_, err := l.all(tables.OnePipe(1), tables.Query{Table: "snapshot.ingress_data", Key: stageKey(0)})
		require.ErrorIs(t, err, tables.ErrNotFound)

		l.packet(1, 7, 5)
		l.packet(1, 7, 8)
		require.Equal(t, "[ARMED FULL ARMED ARMED]", l.states("ingress", 0))
		require.Equal(t, []uint32{1}, l.value("snapshot.cfg", "ingress_capture", tables.AllPipes, l.config("ingress", 0, 3).Key))
		require.Nil(t, l.value("snapshot.cfg", "egress_capture", tables.AllPipes, l.config("ingress", 0, 3).Key))

		all := []string{"hdr.step.first", "md.found", "hdr.step.second", "hdr.step.third", "hdr.tail.$valid",
			"local_stage_trigger", "prev_stage_trigger", "timer_trigger", "next_table_name", "table_info"}
		require.Equal(t, "0005, 0000, 0001, 0002, 00, true, false, false, "+next("pipe.Ing.two")+", pipe.Ing.one 2 true false true, tbl_stages61 0 false false true",
			l.show(1, "ingress", 0, all...))
		require.Equal(t, "0005, 0011, 0001, 0002, 00, false, true, false, "+next("pipe.Ing.three")+", pipe.Ing.two 2 true false true", l.show(1, "ingress", 1, all...))
		require.Equal(t, "0005, 0011, 0022, 0002, 00, false, true, false, NO_NEXT_TABLE, pipe.Ing.three 2 true false true", l.show(1, "ingress", 2, all...))
		require.Equal(t, "0005, 0011, 0022, 0033, 01, false, true, false, NO_NEXT_TABLE", l.show(1, "ingress", 3, all...))
		if target == ir.Tofino2 {
			require.Equal(t, "[pipe.Ing.two pipe.Ing.three]", l.show(1, "ingress", 0, "enabled_next_tables"))
		}
		es, err := l.all(tables.OnePipe(1), tables.Query{Table: "snapshot.ingress_data"})
		require.NoError(t, err)
		require.Len(t, es, 4)
		es, err = l.all(tables.OnePipe(2), tables.Query{Table: "snapshot.ingress_data"})
		require.NoError(t, err)
		require.Empty(t, es)
		_, err = l.all(tables.AllPipes, tables.Query{Table: "snapshot.ingress_data"})
		require.ErrorContains(t, err, "one pipe")

		// The raw containers, of the stages that captured.
		es, err = l.all(tables.OnePipe(1), tables.Query{Table: "snapshot.phv"})
		require.NoError(t, err)
		require.Len(t, es, 4)
		require.Greater(t, len(es[0].Data), 3)
		es, err = l.all(tables.OnePipe(1), tables.Query{Table: "snapshot.phv", Key: stageKey(2), Fields: []string{"phv0", "phv1"}})
		require.NoError(t, err)
		require.Len(t, es, 1)
		require.Len(t, es[0].Data, 2)
		_, err = l.all(tables.OnePipe(1), tables.Query{Table: "snapshot.phv", Key: stageKey(4)})
		require.ErrorIs(t, err, tables.ErrNotFound)

		// Armed anew, it takes the next packet: one misses, and what is under
		// the condition does not run.
		l.write(tables.Modify, trigger("ingress", 0, "hdr.step.kind", 6))
		require.Equal(t, "[ARMED ARMED ARMED ARMED]", l.states("ingress", 0))
		l.packet(1, 6, 8)
		require.Equal(t, "0008, 0000, 0001, 0002, 00, true, false, false, "+next("pipe.Ing.two")+", pipe.Ing.one 0 false false true, tbl_stages61 0 false false true",
			l.show(1, "ingress", 0, all...))
		require.Equal(t, "0008, 0000, 0001, 0002, 00, false, true, false, NO_NEXT_TABLE, pipe.Ing.three 0 false true true", l.show(1, "ingress", 2, all...))

		// The trigger goes before the configuration.
		require.ErrorContains(t, l.try(tables.AllPipes, tables.Delete, l.config("ingress", 0, 3)), "trigger of stage 0 is still there")
		l.write(tables.Delete, tables.TableEntry{Table: "snapshot.ingress_trigger", Key: stageKey(0)})
		l.write(tables.Delete, tables.TableEntry{Table: "snapshot.cfg", Key: l.config("ingress", 0, 3).Key})
		es, err = l.all(tables.OnePipe(1), tables.Query{Table: "snapshot.phv"})
		require.NoError(t, err)
		require.Empty(t, es)
	}
}

// TestSnapshotLaterStage: the trigger compares what its own stage sees; egress
// has snapshots of its own.
func TestSnapshotLaterStage(t *testing.T) {
	l := newLookInside(t, ir.Tofino)
	l.write(tables.Insert, l.config("ingress", 2, 2))
	l.write(tables.Insert, trigger("ingress", 2, "hdr.step.second", 0, 0x22))
	l.write(tables.Insert, l.config("egress", 0, 1))
	l.write(tables.Insert, trigger("egress", 0, "", 0))
	l.packet(0, 7, 8) // one misses: second stays 1
	require.Equal(t, "[ARMED ARMED ARMED ARMED]", l.states("ingress", 2))
	require.Equal(t, "[FULL ARMED ARMED ARMED]", l.states("egress", 0))
	l.packet(0, 7, 5)
	require.Equal(t, "[FULL ARMED ARMED ARMED]", l.states("ingress", 2))
	require.Equal(t, "0022, true", l.show(0, "ingress", 2, "hdr.step.second", "local_stage_trigger"))
	require.Equal(t, "07, 000c, pipe.Eg.out_ports 2 true false true", l.show(0, "egress", 0, "hdr.step.kind", "eg.egress_port", "table_info"))
	require.Equal(t, "09, true", l.show(0, "egress", 1, "hdr.step.kind", "prev_stage_trigger"))
	_, err := l.all(tables.OnePipe(0), tables.Query{Table: "snapshot.ingress_data", Key: stageKey(0)})
	require.ErrorIs(t, err, tables.ErrNotFound, "the stage is of an egress snapshot")
}

// TestSnapshotTimer: what does not come in time is not waited for; the next
// packet is taken.
func TestSnapshotTimer(t *testing.T) {
	l := newLookInside(t, ir.Tofino)
	l.write(tables.Insert, l.config("ingress", 0, 0, tables.DataField{Name: "timer_enable", Value: true}, tables.DataField{Name: "timer_value_usecs", Value: number4(50)}))
	l.write(tables.Insert, trigger("ingress", 0, "hdr.step.kind", 7))
	l.packet(0, 6, 5)
	l.time.Advance(49 * microsecond)
	l.packet(0, 6, 6)
	require.Equal(t, "[ARMED ARMED ARMED ARMED]", l.states("ingress", 0))
	l.time.Advance(2 * microsecond)
	l.packet(0, 6, 9)
	require.Equal(t, "0009, true, false", l.show(0, "ingress", 0, "hdr.step.first", "timer_trigger", "local_stage_trigger"))
}

// TestSnapshotOfOnePipe: a snapshot is where its target says, and takes its
// stages there.
func TestSnapshotOfOnePipe(t *testing.T) {
	l := newLookInside(t, ir.Tofino)
	require.NoError(t, l.try(tables.OnePipe(2), tables.Insert, l.config("ingress", 0, 1)))
	require.ErrorIs(t, l.try(tables.AllPipes, tables.Insert, trigger("ingress", 0, "")), tables.ErrNotFound)
	require.NoError(t, l.try(tables.OnePipe(2), tables.Insert, trigger("ingress", 0, "")))
	require.ErrorContains(t, l.try(tables.AllPipes, tables.Insert, l.config("egress", 1, 3)), "overlap")
	require.NoError(t, l.try(tables.OnePipe(1), tables.Insert, l.config("egress", 1, 3)))
	l.packet(1, 7, 5)
	l.packet(2, 7, 5)
	require.Equal(t, []string{"FULL"}, l.value("snapshot.ingress_trigger", "trigger_state", tables.OnePipe(2), stageKey(0)))
	require.Equal(t, []uint32{2}, l.value("snapshot.cfg", "ingress_capture", tables.OnePipe(2), l.config("", 0, 1).Key))
	l.write(tables.Delete, tables.TableEntry{Table: "snapshot.cfg"}) // and what hangs on them
	es, err := l.all(tables.AllPipes, tables.Query{Table: "snapshot.ingress_trigger"})
	require.NoError(t, err)
	require.Empty(t, es)
}

// TestSnapshotChangesNothing: packets that are looked at leave as others do,
// and with the same state behind them.
func TestSnapshotChangesNothing(t *testing.T) {
	watched, plain := newLookInside(t, ir.Tofino), newLookInside(t, ir.Tofino)
	watched.write(tables.Insert, watched.config("ingress", 0, 3))
	watched.write(tables.Insert, trigger("ingress", 0, "hdr.step.kind", 99))
	var a, b capture
	watched.sw.SetWire(&a)
	plain.sw.SetWire(&b)
	for i := range 200 {
		for _, l := range []*lookInside{watched, plain} {
			l.packet(i%4, byte(i%9), uint16(i%7))
		}
	}
	require.Equal(t, b.frames, a.frames)
	require.Len(t, a.frames, 200)
	require.NotEqual(t, plain.sw.StateHash(), watched.sw.StateHash())
	watched.write(tables.Delete, tables.TableEntry{Table: "snapshot.cfg"})
	require.Equal(t, plain.sw.StateHash(), watched.sw.StateHash())
}

type capture struct{ frames []string }

func (c *capture) Send(p model.Port, head, payload []byte) error {
	c.frames = append(c.frames, fmt.Sprintf("%d %x%x", p, head, payload))
	return nil
}

// TestDebugCounters: each logical table counts what its type says, in every
// pipe, from the first write on.
func TestDebugCounters(t *testing.T) {
	for _, target := range []ir.Target{ir.Tofino, ir.Tofino2} {
		l := newLookInside(t, target)
		key := func(name string) []tables.KeyField { return []tables.KeyField{{Name: "tbl_name", Str: name}} }
		set := func(name, kind string) {
			l.write(tables.Modify, tables.TableEntry{Table: "tbl_dbg_counter", Key: key(name), Data: []tables.DataField{{Name: "type", Value: kind}}})
		}
		count := func(name string, target tables.Target) string {
			return fmt.Sprint(l.value("tbl_dbg_counter", "type", target, key(name)), " ", number(l.value("tbl_dbg_counter", "value", target, key(name))))
		}
		l.packet(0, 7, 5) // before anybody counts
		require.Equal(t, "TBL_HIT 0", count("pipe.Ing.one", tables.AllPipes))
		set("Ing.two", "TBL_MISS")
		set("Ing.three", "GW_TBL_HIT")
		for range 3 {
			l.packet(0, 7, 5) // all hit
		}
		l.packet(2, 7, 8) // all miss
		l.packet(2, 6, 5) // the condition is false
		require.Equal(t, "TBL_HIT 4", count("pipe.Ing.one", tables.AllPipes))
		require.Equal(t, "TBL_HIT 3", count("pipe.Ing.one", tables.OnePipe(0)))
		require.Equal(t, "TBL_MISS 1", count("Ing.two", tables.AllPipes))
		require.Equal(t, "GW_TBL_HIT 4", count("Ing.three", tables.AllPipes))
		require.Equal(t, "TBL_HIT 3", count("Eg.out_ports", tables.AllPipes)) // port 12 of pipe 0
		set("Ing.three", "GW_TBL_MISS")
		l.write(tables.Delete, tables.TableEntry{Table: "tbl_dbg_counter"})
		l.packet(2, 6, 5)
		require.Equal(t, "GW_TBL_MISS 1", count("Ing.three", tables.AllPipes))
		set("Ing.three", "GW_TBL_INHIBIT")
		l.packet(2, 6, 5)
		l.packet(2, 7, 5)
		require.Equal(t, "GW_TBL_INHIBIT 2", count("Ing.three", tables.AllPipes))
		set("Ing.three", "DISABLED")
		l.packet(2, 6, 5)
		require.Equal(t, "DISABLED 2", count("Ing.three", tables.AllPipes))

		// The same counters by stage: three is the first logical table of 2.
		at := func(stage, table uint64) []tables.KeyField {
			return []tables.KeyField{{Name: "stage", Value: number4(stage)}, {Name: "log_tbl", Value: number4(table)}}
		}
		require.Equal(t, "DISABLED", l.value("log_tbl_counter", "type", tables.AllPipes, at(2, 0)))
		l.write(tables.Modify, tables.TableEntry{Table: "log_tbl_counter", Key: at(0, 0), Data: []tables.DataField{{Name: "type", Value: "TBL_MISS"}}})
		l.write(tables.Delete, tables.TableEntry{Table: "log_tbl_counter"})
		l.packet(1, 7, 8)
		require.Equal(t, "TBL_MISS 1", count("Ing.one", tables.AllPipes))
		require.EqualValues(t, 1, number(l.value("log_tbl_counter", "value", tables.OnePipe(1), at(0, 0))))
		require.EqualValues(t, 0, number(l.value("log_tbl_counter", "value", tables.OnePipe(0), at(0, 0))))

		require.NoError(t, l.try(tables.OnePipe(1), tables.Modify, tables.TableEntry{Table: "tbl_dbg_counter", Key: key("Ing.one"), Data: []tables.DataField{{Name: "type", Value: "TBL_HIT"}}}))
		_, err := l.all(tables.AllPipes, tables.Query{Table: "tbl_dbg_counter", Key: key("Ing.one")})
		require.ErrorContains(t, err, "read one pipe")
		for want, e := range map[string]tables.TableEntry{
			"no \"none\" (there are: pipe":  {Table: "tbl_dbg_counter", Key: key("none"), Data: []tables.DataField{{Name: "type", Value: "TBL_HIT"}}},
			"choices: DISABLED, TBL_MISS":   {Table: "tbl_dbg_counter", Key: key("Ing.one"), Data: []tables.DataField{{Name: "type", Value: "ALL"}}},
			"cleared, not set":              {Table: "tbl_dbg_counter", Key: key("Ing.one"), Data: []tables.DataField{{Name: "type", Value: "TBL_HIT"}, {Name: "value", Value: number4(3)}}},
			"stage 12, log_tbl 16 (stages:": {Table: "log_tbl_counter", Key: at(12, 16), Data: []tables.DataField{{Name: "type", Value: "TBL_HIT"}}},
		} {
			require.ErrorContains(t, l.try(tables.AllPipes, tables.Modify, e), want)
		}
	}
}

// TestLooksSurvive: what waits, what was captured and what is counted is part of
// a switch's state.
func TestLooksSurvive(t *testing.T) {
	l := newLookInside(t, ir.Tofino)
	l.write(tables.Insert, l.config("ingress", 0, 3))
	l.write(tables.Insert, trigger("ingress", 0, "hdr.step.kind", 7))
	l.write(tables.Modify, tables.TableEntry{Table: "tbl_dbg_counter", Key: []tables.KeyField{{Name: "tbl_name", Str: "Ing.three"}}, Data: []tables.DataField{{Name: "type", Value: "GW_TBL_MISS"}}})
	l.packet(1, 7, 5)
	l.packet(3, 6, 5)
	var saved bytes.Buffer
	require.NoError(t, l.sw.Save(&saved))
	again, err := model.Restore(bytes.NewReader(saved.Bytes()), l.prog, model.Config{})
	require.NoError(t, err)
	require.Equal(t, l.sw.StateHash(), again.StateHash())
	before := l.show(1, "ingress", 3, "hdr.step.third", "hdr.tail.$valid", "table_info")
	r := &lookInside{t: t, sw: again, prog: l.prog}
	require.Equal(t, before, r.show(1, "ingress", 3, "hdr.step.third", "hdr.tail.$valid", "table_info"))
	for _, x := range []*lookInside{l, r} {
		x.packet(2, 7, 5)
		x.packet(2, 6, 5)
	}
	require.Equal(t, "[ARMED FULL FULL ARMED]", r.states("ingress", 0))
	require.Equal(t, l.sw.StateHash(), again.StateHash())
}

// TestSnapshotErrors: what cannot be is refused by name, and nothing of it
// stays.
func TestSnapshotErrors(t *testing.T) {
	l := newLookInside(t, ir.Tofino)
	l.write(tables.Insert, l.config("ingress", 0, 3))
	hash := l.sw.StateHash()
	for want, c := range map[string]struct {
		e     tables.TableEntry
		cause error
	}{
		"no row of pipe.snapshot.cfg for ingress begins with stage 1": {trigger("ingress", 1, ""), tables.ErrNotFound},
		"no row of pipe.snapshot.cfg for egress begins with stage 0":  {trigger("egress", 0, ""), tables.ErrNotFound},
		"stages 2 to 5 overlap":         {l.config("egress", 2, 5), tables.ErrInvalid},
		"INGRESS or EGRESS":             {l.config("all", 5, 6), tables.ErrInvalid},
		"ghost thread":                  {l.config("ingress", 5, 6, tables.DataField{Name: "ingress_trigger_mode", Value: "GHOST"}), tables.ErrNotSupported},
		"want one stage of 0 to 11":     {l.config("ingress", 5, 12), tables.ErrInvalid},
		"does not fit in 8 bits":        {trigger("ingress", 0, "hdr.step.kind", 1, 7), tables.ErrInvalid},
		"hdr.none":                      {trigger("ingress", 0, "hdr.none", 7), tables.ErrInvalid},
		"the table holds what was capt": {tables.TableEntry{Table: "snapshot.ingress_data", Key: stageKey(0)}, tables.ErrReadOnly},
	} {
		err := l.try(tables.AllPipes, tables.Insert, c.e)
		require.ErrorContains(t, err, want)
		require.True(t, errors.Is(err, c.cause), err)
	}
	for _, table := range []string{"snapshot.cfg", "snapshot.ingress_trigger", "snapshot.ingress_data", "snapshot.phv", "tbl_dbg_counter"} {
		_, err := l.all(tables.OnePipe(7), tables.Query{Table: table})
		require.ErrorContains(t, err, "pipe 7", table)
		require.ErrorIs(t, l.try(tables.OnePipe(7), tables.Delete, tables.TableEntry{Table: "tbl_dbg_counter"}), tables.ErrInvalid)
	}
	require.Equal(t, hash, l.sw.StateHash())
	// A batch that fails at its end leaves nothing armed.
	err := l.sw.API().Write(context.Background(), tables.AllPipes, []tables.Update{
		{Op: tables.Insert, Entry: trigger("ingress", 0, "")}, {Op: tables.Insert, Entry: trigger("ingress", 1, "")},
	}, tables.RollbackOnError)
	require.Error(t, err)
	require.Equal(t, hash, l.sw.StateHash())
	l.packet(0, 7, 5)
	_, err = l.all(tables.OnePipe(0), tables.Query{Table: "snapshot.ingress_data", Key: stageKey(0)})
	require.ErrorIs(t, err, tables.ErrNotFound)
}
