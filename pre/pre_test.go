package pre

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// must runs a control operation that has to succeed.
func must(t *testing.T) func(Undo, error) {
	t.Helper()
	return func(_ Undo, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
}

func check(t *testing.T, got []Copy, want ...Copy) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("copies:\ngot  %v\nwant %v", got, want)
	}
}

// tna-semantics.md 5.1: the most recently associated node comes first; within
// a node ports go by (pipe, local); rid_first marks each node's first copy.
func TestNewestNodeFirst(t *testing.T) {
	e, ok := New(Config{}), must(t)
	ok(e.AddNode(1, 11, []Port{190, 9, 8}, nil))
	ok(e.AddNode(2, 22, []Port{5}, nil))
	ok(e.AddGroup(7, []Member{{Node: 1}, {Node: 2}}, nil))
	check(t, e.Replicate(nil, Request{Group: 7, RID: 1}),
		Copy{5, 22, true}, Copy{8, 11, true}, Copy{9, 11, false}, Copy{190, 11, false})
	ok(e.AddNode(3, 33, []Port{6}, nil))
	ok(e.AddToGroup(7, []Member{{Node: 3}}, nil))
	check(t, e.Replicate(nil, Request{Group: 7, RID: 1})[:1], Copy{6, 33, true})
	check(t, e.Replicate(nil, Request{Group: 8}))
}

// L1 prune: an entry with a valid XID equal to the packet's is skipped.
func TestXIDExcludesNode(t *testing.T) {
	e, ok := New(Config{}), must(t)
	ok(e.AddNode(1, 1, []Port{1}, nil))
	ok(e.AddNode(2, 2, []Port{2}, nil))
	ok(e.AddGroup(1, []Member{{Node: 1, XIDValid: true, XID: 9}, {Node: 2, XID: 9}}, nil))
	check(t, e.Replicate(nil, Request{Group: 1, RID: 7, XID: 9}), Copy{2, 2, true})
	check(t, e.Replicate(nil, Request{Group: 1, RID: 7, XID: 8}), Copy{2, 2, true}, Copy{1, 1, true})
}

// L2 prune applies to nodes with the packet's RID, and to all when the packet
// has the global RID; rid_first moves to the first copy that is left.
func TestYIDPrunesPorts(t *testing.T) {
	e, ok := New(Config{}), must(t)
	e.SetGlobalRID(99)
	ok(e.AddNode(1, 1, []Port{1, 2}, nil))
	ok(e.AddNode(2, 2, []Port{1, 3}, nil))
	ok(e.AddGroup(1, []Member{{Node: 1}, {Node: 2}}, nil))
	ok(e.SetPrune(4, []Port{1}))
	check(t, e.Replicate(nil, Request{Group: 1, RID: 1, YID: 4}), Copy{1, 2, true}, Copy{3, 2, false}, Copy{2, 1, true})
	check(t, e.Replicate(nil, Request{Group: 1, RID: 99, YID: 4}), Copy{3, 2, true}, Copy{2, 1, true})
	check(t, e.Replicate(nil, Request{Group: 1, RID: 5, YID: 4}), Copy{1, 2, true}, Copy{3, 2, false}, Copy{1, 1, true}, Copy{2, 1, false})
	// A 9-bit YID beyond the table prunes nothing.
	if got := e.Replicate(nil, Request{Group: 1, RID: 99, YID: 511}); len(got) != 4 {
		t.Errorf("yid 511: %v", got)
	}
}

// The default global RID is 0, and so is the packet's RID when nobody sets it.
func TestGlobalRIDDefaultsToZero(t *testing.T) {
	e, ok := New(Config{}), must(t)
	ok(e.AddNode(1, 1, []Port{1, 2}, nil))
	ok(e.AddGroup(1, []Member{{Node: 1}}, nil))
	ok(e.SetPrune(0, []Port{2}))
	check(t, e.Replicate(nil, Request{Group: 1}), Copy{1, 1, true})
}

func TestECMPChoosesSlot(t *testing.T) {
	e, ok := New(Config{}), must(t)
	for i := range NodeID(3) {
		ok(e.AddNode(i, RID(i), []Port{Port(i)}, nil))
	}
	ok(e.AddECMP(5, []NodeID{0, 1, 2}))
	ok(e.AddGroup(1, nil, []ECMPMember{{ECMP: 5, XIDValid: true, XID: 3}}))
	check(t, e.Replicate(nil, Request{Group: 1, RID: 9, Hash1: 1}), Copy{1, 1, true})
	ok(e.RemoveFromECMP(5, []NodeID{1}))
	check(t, e.Replicate(nil, Request{Group: 1, RID: 9, Hash1: 2}), Copy{2, 2, true})
	// Slot 1 and slots 3..31 are empty: the hash modulo the two occupied ones.
	check(t, e.Replicate(nil, Request{Group: 1, RID: 9, Hash1: 1}), Copy{2, 2, true})
	check(t, e.Replicate(nil, Request{Group: 1, RID: 9, Hash1: 32 + 4}), Copy{0, 0, true})
	check(t, e.Replicate(nil, Request{Group: 1, RID: 9, XID: 3}))
	ok(e.SetECMP(5, nil))
	check(t, e.Replicate(nil, Request{Group: 1, RID: 9}))
}

func TestLAGMember(t *testing.T) {
	for _, t2 := range []bool{false, true} {
		e, ok := New(Config{Tofino2: t2}), must(t)
		ok(e.SetLAG(3, []Port{190, 8}, 1, 1)) // remote, 8, 190, remote
		ok(e.AddNode(1, 6, []Port{1}, []LAGID{3}))
		ok(e.AddGroup(1, []Member{{Node: 1}}, nil))
		for h := range uint16(8) {
			want := []Copy{{1, 6, true}}
			eff := h
			if t2 {
				eff ^= 6
			}
			switch eff % 4 {
			case 1:
				want = append(want, Copy{8, 6, false})
			case 2:
				want = append(want, Copy{190, 6, false})
			}
			check(t, e.Replicate(nil, Request{Group: 1, RID: 9, Hash2: h}), want...)
		}
	}
}

func TestBackupPorts(t *testing.T) {
	e, ok := New(Config{}), must(t)
	ok(e.SetLAG(0, []Port{4, 5}, 0, 0))
	ok(e.AddNode(1, 1, []Port{1}, []LAGID{0}))
	ok(e.AddGroup(1, []Member{{Node: 1}}, nil))
	ok(e.SetBackup(1, 2))
	r := Request{Group: 1, RID: 9, Hash2: 0}
	ok(e.SetForward(1, false))
	check(t, e.Replicate(nil, r), Copy{4, 1, true}) // protection is off
	e.SetPortProtection(true)
	check(t, e.Replicate(nil, r), Copy{2, 1, true}, Copy{4, 1, false})
	ok(e.SetForward(1, true))
	ok(e.SetForward(4, false)) // the LAG falls over to its live member
	check(t, e.Replicate(nil, r), Copy{1, 1, true}, Copy{5, 1, false})
	ok(e.SetForward(5, false)) // nothing live: backup of the member, itself
	check(t, e.Replicate(nil, r), Copy{1, 1, true})
	ok(e.SetBackup(4, 7))
	check(t, e.Replicate(nil, r), Copy{1, 1, true}, Copy{7, 1, false})
}

func TestFastFailoverLatches(t *testing.T) {
	e, ok := New(Config{}), must(t)
	ok(e.AddNode(1, 1, []Port{1, 3}, nil))
	ok(e.AddGroup(1, []Member{{Node: 1}}, nil))
	r := Request{Group: 1, RID: 9}
	e.SetLink(3, false)
	if got := e.Replicate(nil, r); len(got) != 2 {
		t.Errorf("failover off: %v", got)
	}
	e.SetFastFailover(true)
	check(t, e.Replicate(nil, r), Copy{1, 1, true})
	e.SetLink(3, true)
	check(t, e.Replicate(nil, r), Copy{1, 1, true}) // until software clears it
	ok(e.ClearFailover(3))
	check(t, e.Replicate(nil, r), Copy{1, 1, true}, Copy{3, 1, false})
	e.SetLink(500, false) // a port that no bit map names
}

// chip.md section 9: too many nodes, or ports and LAGs of a node, discard the
// packet.
func TestThresholdsDiscard(t *testing.T) {
	e, ok := New(Config{}), must(t)
	var all []Port
	for b := range bitPorts {
		all = append(all, bitPort(b))
	}
	ok(e.AddNode(1, 1, all, nil))
	ok(e.AddGroup(1, []Member{{Node: 1}}, nil))
	if got := e.Replicate(nil, Request{Group: 1, RID: 9}); len(got) != 288 {
		t.Errorf("flooding: %d copies, want 288", len(got))
	}
	var lags []LAGID
	for l := range LAGID(DefaultMaxPortLAGs - localPorts) {
		lags = append(lags, l)
	}
	ok(e.SetNode(1, all, lags))
	if got := e.Replicate(nil, Request{Group: 1, RID: 9}); len(got) != 288 {
		t.Errorf("at the threshold: %d copies, want 288", len(got))
	}
	ok(e.SetNode(1, all, append(lags, 200)))
	check(t, e.Replicate(nil, Request{Group: 1, RID: 9}))
	e.SetLimits(0, 1000)
	check(t, e.Replicate(nil, Request{Group: 1, RID: 9}))
}

func TestCauses(t *testing.T) {
	e, ok := New(Config{Pipes: 2}), must(t)
	ok(e.AddNode(1, 1, []Port{1}, nil))
	ok(e.AddNode(2, 1, []Port{1}, nil))
	ok(e.AddNode(3, 1, nil, nil))
	ok(e.AddECMP(1, []NodeID{2}))
	ok(e.AddGroup(1, []Member{{Node: 1}}, []ECMPMember{{ECMP: 1}}))
	before := dump(e)
	node := func(ids ...NodeID) (m []Member) {
		for _, id := range ids {
			m = append(m, Member{Node: id})
		}
		return m
	}
	for name, c := range map[string]struct {
		want error
		op   func() (Undo, error)
	}{
		"group again":          {ErrExists, func() (Undo, error) { return e.AddGroup(1, nil, nil) }},
		"group of nothing":     {ErrNotFound, func() (Undo, error) { return e.SetGroup(2, nil, nil) }},
		"missing node":         {ErrNotFound, func() (Undo, error) { return e.AddGroup(2, node(3, 9), nil) }},
		"node of a group":      {ErrInUse, func() (Undo, error) { return e.AddGroup(2, node(3, 1), nil) }},
		"node of an ecmp":      {ErrInUse, func() (Undo, error) { return e.AddToGroup(1, node(2), nil) }},
		"node twice":           {ErrInvalid, func() (Undo, error) { return e.SetGroup(1, node(3, 1, 3), nil) }},
		"missing ecmp":         {ErrNotFound, func() (Undo, error) { return e.AddGroup(2, nil, []ECMPMember{{ECMP: 2}}) }},
		"ecmp twice":           {ErrExists, func() (Undo, error) { return e.AddToGroup(1, nil, []ECMPMember{{ECMP: 1}}) }},
		"not in group":         {ErrNotFound, func() (Undo, error) { return e.RemoveFromGroup(1, []NodeID{1, 3}, nil) }},
		"ecmp not in group":    {ErrNotFound, func() (Undo, error) { return e.RemoveFromGroup(1, nil, []ECMPID{1, 4}) }},
		"delete missing group": {ErrNotFound, func() (Undo, error) { return e.DeleteGroup(4) }},
		"node again":           {ErrExists, func() (Undo, error) { return e.AddNode(1, 1, nil, nil) }},
		"set missing node":     {ErrNotFound, func() (Undo, error) { return e.SetNode(8, nil, nil) }},
		"port of no pipe":      {ErrInvalid, func() (Undo, error) { return e.AddNode(9, 1, []Port{256}, nil) }},
		"local port 72":        {ErrInvalid, func() (Undo, error) { return e.SetNode(1, []Port{72}, nil) }},
		"reserved lag":         {ErrInvalid, func() (Undo, error) { return e.SetNode(1, nil, []LAGID{255}) }},
		"delete missing node":  {ErrNotFound, func() (Undo, error) { return e.DeleteNode(7) }},
		"ecmp again":           {ErrExists, func() (Undo, error) { return e.AddECMP(1, nil) }},
		"ecmp of group's node": {ErrInUse, func() (Undo, error) { return e.AddECMP(2, []NodeID{3, 1}) }},
		"ecmp same node":       {ErrInvalid, func() (Undo, error) { return e.AddECMP(2, []NodeID{3, 3}) }},
		"ecmp missing node":    {ErrNotFound, func() (Undo, error) { return e.SetECMP(1, []NodeID{2, 33}) }},
		"set missing ecmp":     {ErrNotFound, func() (Undo, error) { return e.SetECMP(3, nil) }},
		"ecmp not a member":    {ErrNotFound, func() (Undo, error) { return e.RemoveFromECMP(1, []NodeID{3}) }},
		"ecmp in a group":      {ErrInUse, func() (Undo, error) { return e.DeleteECMP(1) }},
		"delete missing ecmp":  {ErrNotFound, func() (Undo, error) { return e.DeleteECMP(9) }},
		"prune entry 288":      {ErrInvalid, func() (Undo, error) { return e.SetPrune(288, nil) }},
		"prune bad port":       {ErrInvalid, func() (Undo, error) { return e.SetPrune(1, []Port{1, 73}) }},
		"lag bad port":         {ErrInvalid, func() (Undo, error) { return e.SetLAG(1, []Port{73}, 0, 0) }},
		"lag 255":              {ErrInvalid, func() (Undo, error) { return e.SetLAG(255, nil, 0, 0) }},
		"lag remote count":     {ErrInvalid, func() (Undo, error) { return e.SetLAG(1, nil, 8192, 0) }},
		"backup bad port":      {ErrInvalid, func() (Undo, error) { return e.SetBackup(1, 400) }},
		"forward bad port":     {ErrInvalid, func() (Undo, error) { return e.SetForward(400, true) }},
	} {
		if _, err := c.op(); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if got := dump(e); got != before {
			t.Fatalf("%s: the refused operation left a trace", name)
		}
	}
}

func TestFull(t *testing.T) {
	e, ok := New(Config{RDM: 4}), must(t)
	ok(e.AddNode(1, 1, []Port{1, 2}, nil))
	ok(e.AddNode(2, 1, []Port{1}, nil))
	if _, err := e.AddNode(3, 1, nil, nil); !errors.Is(err, ErrFull) {
		t.Errorf("fifth word: %v", err)
	}
	if _, err := e.SetNode(2, []Port{1, 71}, nil); !errors.Is(err, ErrFull) {
		t.Errorf("growing: %v", err)
	}
	ok(e.SetNode(2, []Port{71}, nil))
	ok(e.DeleteNode(1))
	ok(e.AddNode(3, 1, []Port{1}, nil))

	e = New(Config{})
	var ids []NodeID
	for i := range NodeID(ECMPSlots + 1) {
		ok(e.AddNode(i, 1, nil, nil))
		ids = append(ids, i)
	}
	if _, err := e.AddECMP(1, ids); !errors.Is(err, ErrFull) {
		t.Errorf("33rd member: %v", err)
	}
}

// scallop.md section 1.6: the adapter's writes for one meeting of two, then
// three. A's packets have rid 1 and prune entry 44.
func TestScallopGoldenTrace(t *testing.T) {
	e, ok := New(Config{}), must(t)
	ok(e.AddNode(1, 1, []Port{44}, nil))
	ok(e.AddNode(2, 2, []Port{44}, nil))
	ok(e.AddGroup(1, []Member{{Node: 1}, {Node: 2}}, nil))
	ok(e.SetPrune(44, []Port{44}))
	a := Request{Group: 1, RID: 1, YID: 44}
	check(t, e.Replicate(nil, a), Copy{44, 2, true})
	ok(e.AddNode(3, 3, []Port{44}, nil))
	ok(e.SetGroup(1, []Member{{Node: 1}, {Node: 2}, {Node: 3}}, nil))
	check(t, e.Replicate(nil, a), Copy{44, 3, true}, Copy{44, 2, true})
}

func TestReplicateAllocatesNothing(t *testing.T) {
	e := New(Config{})
	for i := range NodeID(10) {
		e.AddNode(i, RID(i+1), []Port{Port(i), Port(i + 128)}, []LAGID{LAGID(i)})
		e.SetLAG(LAGID(i), []Port{20, 21}, 0, 0)
		if i == 0 {
			e.AddGroup(1, []Member{{Node: 0}}, nil)
		} else {
			e.AddToGroup(1, []Member{{Node: i}}, nil)
		}
	}
	e.SetPrune(1, []Port{3})
	e.SetForward(4, false)
	buf := make([]Copy, 0, 64)
	if n := testing.AllocsPerRun(100, func() { buf = e.Replicate(buf[:0], Request{Group: 1, YID: 1}) }); n != 0 {
		t.Errorf("Replicate: %v allocs, want 0", n)
	}
}

// TestHammerPublish changes a group under readers: each sees a whole tree.
func TestHammerPublish(t *testing.T) {
	e, ok := New(Config{}), must(t)
	ok(e.AddNode(1, 1, []Port{1, 2}, nil))
	ok(e.AddNode(2, 2, []Port{1, 2}, nil))
	ok(e.AddGroup(1, []Member{{Node: 1}}, nil))
	done := make(chan error)
	stop := make(chan struct{})
	for range 2 {
		go func() {
			var buf []Copy
			for {
				select {
				case <-stop:
					done <- nil
					return
				default:
				}
				buf = e.Replicate(buf[:0], Request{Group: 1, RID: 9})
				if n := len(buf); n != 2 && n != 4 {
					done <- fmt.Errorf("%d copies", n)
					return
				}
			}
		}()
	}
	for i := range 2000 {
		if i%2 == 0 {
			ok(e.SetGroup(1, []Member{{Node: 1}, {Node: 2}}, nil))
		} else {
			ok(e.SetGroup(1, []Member{{Node: 2}}, nil))
		}
		ok(e.SetPrune(7, []Port{Port(i % 72)}))
	}
	close(stop)
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// TestUndo takes random operations back, newest first, and wants the state of
// the start.
func TestUndo(t *testing.T) {
	for seed := range uint64(30) {
		w := newWorld(seed)
		w.noLink = true // a link's state is not a controller's to take back
		for range 200 {
			w.step()
		}
		before := dump(w.e)
		start := len(w.undo)
		for range 100 {
			w.step()
		}
		for i := len(w.undo) - 1; i >= start; i-- {
			w.undo[i]()
		}
		if dump(w.e) != before {
			t.Fatalf("seed %d: undo did not restore the state", seed)
		}
		r := rand.New(rand.NewPCG(seed, 2))
		for range 50 {
			q := randomRequest(r)
			got := w.e.Replicate(nil, q)
			if want := w.e.Explain(q, func(Decision) {}); !reflect.DeepEqual(got, want) {
				t.Fatalf("seed %d: after undo %+v: %v, tables say %v", seed, q, got, want)
			}
		}
	}
}
