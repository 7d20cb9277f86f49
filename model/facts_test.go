package model

import (
	"errors"
	"testing"

	"gofino/pipeline/ir"
	"gofino/tables"
)

// tna-semantics.md section 2.2: global_tstamp is when the first parser state
// runs, after the MAC's time, also of packets whose MAC times are their own.
func TestGlobalTimeFollowsTheMAC(t *testing.T) {
	for _, tg := range targets {
		b := newBench(t, tg, Config{Timing: Timing{Parser: 77}})
		for _, mac := range []int64{1, 5000, 4999, 1<<48 - 1} {
			b.sw.Process([]Frame{{Port: 1, Data: command{flags: fUcast, port: 2}.bytes(), Time: mac}})
			if got, want := int64(b.sw.pipes[0].ig.GlobalTstamp), (mac+77)&(1<<48-1); got != want {
				t.Errorf("MAC time %d: global_tstamp %d, want %d", mac, got, want)
			}
		}
	}
}

// tna-semantics.md section 6, chip.md section 10.
func TestMirrorSessionRange(t *testing.T) {
	for _, tg := range targets {
		b := newBench(t, tg, Config{})
		last := 1015
		if tg == ir.Tofino2 {
			last = 255
		}
		for _, c := range []struct {
			id   int
			good bool
		}{{0, false}, {1, true}, {last, true}, {last + 1, false}} {
			e := tables.TableEntry{Table: "$mirror.cfg", Key: []tables.KeyField{{Name: "$sid", Value: num16(uint64(c.id))}}, Action: "$normal",
				Data: []tables.DataField{field("$session_enable", true), field("$direction", "INGRESS")}}
			err := b.sw.API().Write(t.Context(), tables.AllPipes, []tables.Update{{Op: tables.Insert, Entry: e}}, tables.RollbackOnError)
			if (err == nil) != c.good || !c.good && !errors.Is(err, tables.ErrInvalid) {
				t.Errorf("%v: session %d: %v", tg, c.id, err)
			}
		}
	}
}

// tna-semantics.md section 7: a resubmitted packet comes with the port and the
// MAC's time that it came with at first; its global_tstamp is new.
func TestResubmitKeepsThePacketsTime(t *testing.T) {
	for _, tg := range targets {
		b := newBench(t, tg, Config{})
		in := command{flags: fUcast | fResubmit, port: 2, a: 0x1234}.bytes()
		b.sw.Process([]Frame{{Port: 1, Data: in, Time: 7000}})
		out := b.w.out
		if len(out) == 0 {
			t.Fatal("nothing left")
		}
		x := bitString(b.told(out[0]).ig)
		x.want(t, "resubmit_flag", 0, 1, 1)
		x.want(t, "ingress_port", 7, 9, 1)
		x.want(t, "ingress_mac_tstamp", 16, 48, 7000)
	}
}
