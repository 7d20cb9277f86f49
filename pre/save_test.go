package pre

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"gofino/internal/snap"
)

// busyEngine has gone through random operations, many of them refused.
func busyEngine(seed uint64, ops int) *Engine {
	e := New(Config{})
	r := rand.New(rand.NewPCG(seed, 5))
	port := func() Port { return Port(r.IntN(4)<<7 | r.IntN(72)) }
	ports := func() (out []Port) {
		for range r.IntN(6) {
			out = append(out, port())
		}
		return out
	}
	node := func() NodeID { return NodeID(r.IntN(12)) }
	members := func() (out []Member) {
		for range r.IntN(3) {
			out = append(out, Member{Node: node(), XIDValid: r.IntN(2) == 0, XID: XID(r.IntN(3))})
		}
		return out
	}
	// What is refused changes nothing, and that is all that matters here.
	for range ops {
		switch r.IntN(14) {
		case 0, 1:
			_, _ = e.AddNode(node(), RID(r.IntN(4)), ports(), []LAGID{LAGID(r.IntN(3))})
		case 2:
			_, _ = e.SetNode(node(), ports(), nil)
		case 3:
			_, _ = e.DeleteNode(node())
		case 4:
			_, _ = e.AddGroup(MGID(r.IntN(4)), members(), nil)
		case 5:
			_, _ = e.AddToGroup(MGID(r.IntN(4)), members(), []ECMPMember{{ECMP: ECMPID(r.IntN(3))}})
		case 6:
			_, _ = e.DeleteGroup(MGID(r.IntN(4)))
		case 7:
			_, _ = e.AddECMP(ECMPID(r.IntN(3)), []NodeID{node(), node()})
		case 8:
			_, _ = e.RemoveFromECMP(ECMPID(r.IntN(3)), []NodeID{node()})
		case 9:
			_, _ = e.SetLAG(LAGID(r.IntN(3)), ports(), uint32(r.IntN(2)), uint32(r.IntN(2)))
		case 10:
			_, _ = e.SetPrune(YID(r.IntN(4)), ports())
		case 11:
			_, _ = e.SetBackup(port(), port())
			_, _ = e.SetForward(port(), r.IntN(2) == 0)
		case 12:
			e.SetLink(port(), r.IntN(2) == 0)
		case 13:
			e.SetDeviceConfig(DeviceConfig{GlobalRID: RID(r.IntN(4)), PortProtection: r.IntN(2) == 0, FastFailover: r.IntN(2) == 0, MaxNodes: 4 + r.IntN(9), MaxPortLAGs: 4 + r.IntN(9)})
		}
	}
	return e
}

func body(e *Engine) []byte {
	var w snap.Encoder
	e.Save(&w)
	return w.Body()
}

// A loaded engine makes the same copies, and is the same state.
func TestLoadIsTheSame(t *testing.T) {
	for seed := range uint64(60) {
		e := busyEngine(seed, 200)
		got := New(Config{})
		if err := got.Load(snap.NewDecoder(body(e))); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		var want, have bytes.Buffer
		if err := e.WriteState(&want); err != nil {
			t.Fatal(err)
		}
		if err := got.WriteState(&have); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(want.Bytes(), have.Bytes()) || !bytes.Equal(body(e), body(got)) || e.rdm != got.rdm {
			t.Fatalf("seed %d: another state", seed)
		}
		r := rand.New(rand.NewPCG(seed, 6))
		for range 100 {
			q := Request{Group: MGID(r.IntN(4)), RID: RID(r.IntN(4)), XID: XID(r.IntN(3)), YID: YID(r.IntN(4)), Hash1: uint16(r.Uint32()), Hash2: uint16(r.Uint32())}
			if !slices.Equal(e.Replicate(nil, q), got.Replicate(nil, q)) {
				t.Fatalf("seed %d: %+v makes other copies", seed, q)
			}
		}
	}
}

// An undone device configuration leaves nothing.
func TestDeviceConfigIsUndone(t *testing.T) {
	e := busyEngine(3, 300)
	before, was := body(e), e.DeviceConfig()
	undo := e.SetDeviceConfig(DeviceConfig{GlobalRID: 99, PortProtection: !was.PortProtection, FastFailover: !was.FastFailover, MaxNodes: 1, MaxPortLAGs: 2})
	if c := e.DeviceConfig(); c.GlobalRID != 99 || c.MaxNodes != 1 || c.FastFailover == was.FastFailover {
		t.Errorf("%+v", c)
	}
	undo()
	if !bytes.Equal(body(e), before) {
		t.Error("something is left")
	}
}

// Damaged bytes are an error, or an engine that can be saved and loaded.
func FuzzLoad(f *testing.F) {
	good := body(busyEngine(1, 300))
	f.Add(uint32(20), []byte{9})
	f.Add(uint32(len(good)/2), []byte{0xff, 0xff})
	f.Fuzz(func(t *testing.T, at uint32, b []byte) {
		damaged := slices.Clone(good)
		copy(damaged[int(at)%len(good):], b)
		e := New(Config{})
		if e.Load(snap.NewDecoder(damaged)) != nil {
			return
		}
		for g := range MGID(4) {
			e.Replicate(nil, Request{Group: g})
		}
		if err := New(Config{}).Load(snap.NewDecoder(body(e))); err != nil {
			t.Errorf("what was loaded cannot be loaded: %v", err)
		}
	})
}
