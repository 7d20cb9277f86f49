package model_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"gofino/model"
	"gofino/p4"
	"gofino/pipeline/ir"
	"gofino/pre"
	"gofino/tables"
)

func overrideProgram(t testing.TB) *ir.Program {
	t.Helper()
	prog, diags := p4.Compile("testdata/override.p4", p4.Options{Target: ir.Tofino2})
	if prog == nil {
		t.Fatal(diags)
	}
	return prog
}

// overrideBench is a Tofino 2 with testdata/override.p4.
func overrideBench(t testing.TB, c model.Config) (*model.Switch, *outlet) {
	t.Helper()
	sw, err := model.New(overrideProgram(t), c)
	if err != nil {
		t.Fatal(err)
	}
	w := &outlet{}
	sw.SetWire(w)
	t.Cleanup(sw.Close)
	return sw, w
}

// order is a packet of testdata/override.p4.
type order struct {
	kind, given byte
	port        uint16
	session     byte
	hash        uint16
	cos         byte
	deflect     byte
	to          uint16
	qid         byte
	flow        uint32
}

func (o order) bytes() []byte {
	var b bytes.Buffer
	if err := binary.Write(&b, binary.BigEndian, o); err != nil {
		panic(err)
	}
	return append(b.Bytes(), "payload"...)
}

func apply(t testing.TB, sw *model.Switch, list ...tables.Update) {
	t.Helper()
	if err := sw.API().Write(context.Background(), tables.AllPipes, list, tables.RollbackOnError); err != nil {
		t.Fatal(err)
	}
}

func change(op tables.Op, table, action string, k []tables.KeyField, d ...tables.DataField) tables.Update {
	return tables.Update{Op: op, Entry: tables.TableEntry{Table: table, Action: action, Key: k, Data: d}}
}

// TestMirrorOverrides: what a packet says in place of its session, against the
// flags with which the session insists, from both gresses and in both engines.
// The members that the hashes choose are the replication engine's own answer.
// Fact: tna-semantics.md 2.4 and 11.
func TestMirrorOverrides(t *testing.T) {
	sw, w := overrideBench(t, model.Config{Pipes: 1})
	eng := sw.PRE()
	var lag []pre.Port
	for p := range 11 {
		lag = append(lag, pre.Port(20+p))
	}
	must := func(_ pre.Undo, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(eng.SetLAG(3, lag, 0, 0))
	for g := pre.MGID(1); g <= 2; g++ {
		must(eng.AddNode(pre.NodeID(g), pre.RID(g), nil, []pre.LAGID{3}))
		must(eng.AddGroup(g, []pre.Member{{Node: pre.NodeID(g)}}, nil))
	}
	apply(t, sw, change(tables.Insert, "$mirror.cfg", "$normal", keys{{Name: "$sid", Value: []byte{7}}}))
	r := rand.New(rand.NewPCG(3, 11))
	overridden := 0
	for range 600 {
		flag := func() bool { return r.IntN(2) == 0 }
		hash, hashP, icos, dod, mc, epipe := flag(), flag(), flag(), flag(), flag(), flag()
		ucast, aValid, bValid := flag(), flag(), flag()
		h1, h2, qid, cos := uint16(r.IntN(1<<13)), uint16(r.IntN(1<<13)), byte(r.IntN(128)), byte(r.IntN(8))
		apply(t, sw, change(tables.Modify, "$mirror.cfg", "$normal", keys{{Name: "$sid", Value: []byte{7}}},
			data("$session_enable", true), data("$direction", "BOTH"), data("$ucast_egress_port", u32(9)), data("$ucast_egress_port_valid", ucast),
			data("$egress_port_queue", u32(uint32(qid))), data("$ingress_cos", u32(uint32(cos))), data("$level1_mcast_hash", u32(uint32(h1))), data("$level2_mcast_hash", u32(uint32(h2))),
			data("$mcast_grp_a", []byte{0, 1}), data("$mcast_grp_a_valid", aValid), data("$mcast_grp_b", []byte{0, 2}), data("$mcast_grp_b_valid", bValid),
			data("$hash_cfg_flag", hash), data("$hash_cfg_flag_p", hashP), data("$icos_cfg_flag", icos), data("$dod_cfg_flag", dod), data("$mc_cfg_flag", mc),
			data("$epipe_cfg_flag", epipe), data("$c2c_cfg_flag", flag()), data("$session_priority", flag())))
		o := order{kind: byte(1 + r.IntN(2)), given: byte(r.IntN(64)), port: 8, session: 7, hash: uint16(r.IntN(1 << 13)), cos: byte(r.IntN(8)), to: 10, qid: byte(r.IntN(128))}

		// The same, written down once more.
		port := uint16(9)
		if hash && hashP {
			h2 = h1
		} else if hash {
			h1 = h2
		}
		if o.given&1 != 0 && !hash {
			h1, h2 = o.hash, o.hash
		}
		if o.given&2 != 0 && !icos {
			cos = o.cos
		}
		if o.given&8 != 0 && !epipe {
			ucast, port = true, 10
		}
		if o.given&0x10 != 0 {
			qid = o.qid
		}
		if o.given&0x20 != 0 && !mc {
			aValid, bValid = true, true
		}
		var want []string
		stamp := func(port uint16, rid pre.RID) string {
			body := o.bytes()
			return fmt.Sprintf("%d %04x%04x%02x%02x00a1%x", port, port, uint16(rid), cos, qid, body)
		}
		if ucast {
			want = append(want, stamp(port, 0))
		}
		for i, valid := range []bool{aValid, bValid} {
			if valid {
				for _, c := range eng.Replicate(nil, pre.Request{Group: pre.MGID(i + 1), Hash1: h1, Hash2: h2}) {
					want = append(want, stamp(uint16(c.Port), c.RID))
				}
			}
		}
		if o.given != 0 {
			overridden++
		}
		for _, traced := range []bool{false, true} {
			w.out = nil
			if f := (model.Frame{Port: 11, Data: o.bytes()}); traced {
				sw.Trace(f, &model.Recorder{})
			} else {
				sw.Process([]model.Frame{f})
			}
			got := slices.DeleteFunc(slices.Clone(w.out), func(s string) bool { return s[:2] == "8 " })
			if !slices.Equal(got, want) {
				t.Fatalf("%+v, traced %v: mirrored\n%q, want\n%q", o, traced, got, want)
			}
		}
	}
	if overridden < 400 {
		t.Errorf("%d packets overrode anything", overridden)
	}
	f := []model.Frame{{Port: 11, Data: order{kind: 3, given: 0x3f, port: 8, session: 7, to: 10}.bytes()}}
	sw2, _ := overrideBench(t, model.Config{Pipes: 1})
	sw2.SetWire(nowhere{})
	apply(t, sw2, change(tables.Insert, "$mirror.cfg", "$normal", keys{{Name: "$sid", Value: []byte{7}}}, data("$session_enable", true), data("$direction", "BOTH")))
	if n := testing.AllocsPerRun(100, func() { sw2.Process(f) }); n != 0 {
		t.Errorf("a mirrored packet allocates %v times", n)
	}
}

type nowhere struct{}

func (nowhere) Send(model.Port, []byte, []byte) error { return nil }

// TestMirrorDeflectOnDrop: a mirrored copy that its packet lets be deflected is,
// where its queue is full; with $dod_cfg_flag it is not.
func TestMirrorDeflectOnDrop(t *testing.T) {
	for _, c := range []struct {
		keep    bool
		given   byte
		deflect byte
		want    int
	}{{false, 4, 1, 1}, {true, 4, 1, 0}, {false, 0, 1, 0}, {false, 4, 0, 0}} {
		sw, w := overrideBench(t, model.Config{Pipes: 1})
		q := keys{{Name: "pg_id", Value: []byte{2}}, {Name: "pg_queue", Value: []byte{16}}}
		apply(t, sw,
			change(tables.Insert, "$mirror.cfg", "$normal", keys{{Name: "$sid", Value: []byte{7}}}, data("$session_enable", true), data("$ucast_egress_port", u32(17)),
				data("$ucast_egress_port_valid", true), data("$dod_cfg_flag", c.keep)),
			change(tables.Modify, "tf2.tm.queue.buffer", "buffer_only", q, data("guaranteed_cells", u32(0))),
			tables.Update{Op: tables.Modify, Entry: tables.TableEntry{Table: "tf2.tm.pipe.cfg", Default: true, Data: []tables.DataField{
				data("mirror_drop_enable", true), data("mirror_drop_pg_id", []byte{3}), data("mirror_drop_pg_queue", []byte{0})}}})
		sw.Process([]model.Frame{{Port: 11, Data: order{kind: 1, given: c.given, deflect: c.deflect, port: 8, session: 7}.bytes()}})
		if err := sw.RunUntil(100_000); err != nil {
			t.Fatal(err)
		}
		got := 0
		for _, s := range w.out {
			if s[:3] == "24 " && s[15:17] == "01" {
				got++
			}
		}
		if got != c.want || len(w.out) != 1+c.want {
			t.Errorf("%+v: %d deflected, out %q", c, got, w.out)
		}
	}
}

// TestAdvancedFlowControl: a word pauses a queue until another resumes it (XOFF),
// or grants it cells (CREDIT), where the pipe enables it; what was paused stays so in
// a saved switch.
func TestAdvancedFlowControl(t *testing.T) {
	q := keys{{Name: "pg_id", Value: []byte{2}}, {Name: "pg_queue", Value: []byte{16}}}
	// Port 17 of pipe 0: port group 2, its second port, queue 16.
	word := func(credit int) uint32 { return 1<<31 | 2<<25 | 16<<15 | uint32(credit)&0x7fff }
	send := func(sw *model.Switch, kind byte, flow uint32) {
		sw.Process([]model.Frame{{Port: 11, Data: order{kind: kind, port: 8, flow: flow}.bytes()}})
	}
	offer := func(sw *model.Switch, n int) {
		for range n {
			sw.Process([]model.Frame{{Port: 11, Data: order{port: 17}.bytes()}})
		}
	}
	now := int64(0)
	left := func(sw *model.Switch, w *outlet) int {
		now += 100_000
		w.out = nil
		if err := sw.RunUntil(now); err != nil {
			t.Fatal(err)
		}
		return len(slices.DeleteFunc(w.out, func(s string) bool { return s[:3] != "17 " }))
	}
	wants := func(what string, got, want int) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %d left, want %d", what, got, want)
		}
	}
	sw, w := overrideBench(t, model.Config{Pipes: 1})
	enable := func(on bool) tables.Update {
		return tables.Update{Op: tables.Modify, Entry: tables.TableEntry{Table: "tf2.tm.pipe.sched_cfg", Default: true, Data: data1("advanced_flow_control_enable", on)}}
	}
	apply(t, sw, change(tables.Modify, "tf2.tm.queue.sched_cfg", "", q, data("advanced_flow_control", "XOFF")))
	send(sw, 4, word(1))
	offer(sw, 1)
	wants("not enabled", left(sw, w), 1)
	apply(t, sw, enable(true))
	send(sw, 4, word(1)&^(1<<31))
	offer(sw, 1)
	wants("without qfc", left(sw, w), 1)
	send(sw, 4, word(1))
	offer(sw, 3)
	wants("paused by ingress", left(sw, w), 0)

	var saved bytes.Buffer
	if err := sw.Save(&saved); err != nil {
		t.Fatal(err)
	}
	again, err := model.Restore(&saved, overrideProgram(t), model.Config{Pipes: 1})
	if err != nil {
		t.Fatal(err)
	}
	w2 := &outlet{}
	again.SetWire(w2)
	t.Cleanup(again.Close)
	was := now
	wants("paused, after a restore", left(again, w2), 0)
	send(again, 8, word(0))
	wants("resumed by egress, after a restore", left(again, w2), 3)
	now = was

	send(sw, 8, word(0))
	wants("resumed by egress", left(sw, w), 3)
	apply(t, sw, change(tables.Modify, "tf2.tm.queue.sched_cfg", "", q, data("advanced_flow_control", "CREDIT")))
	offer(sw, 5)
	wants("no credit", left(sw, w), 0)
	send(sw, 4, word(3)) // each packet is one cell
	wants("credit of 3", left(sw, w), 3)
	send(sw, 4, word(2))
	send(sw, 4, word(-1))
	wants("credit of 2 - 1", left(sw, w), 1)
	apply(t, sw, enable(false))
	wants("disabled", left(sw, w), 1)
}
