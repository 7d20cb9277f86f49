package tables

import (
	"context"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"gofino/pipeline/ir"
)

// TestHammerEngines: while a writer adds and removes entries, readers must
// always find those that stay, and may find nothing that does not match.
func TestHammerEngines(t *testing.T) {
	for _, name := range []string{"exact 48 bits", "exact 13 bytes", "exact 37 bytes", "lpm ipv4", "lpm ipv6", "vrf + lpm", "5-tuple", "ternary 48 bits"} {
		t.Run(name, func(t *testing.T) { hammer(t, engineKeys[name]) })
	}
}

func hammer(t *testing.T, keys []ir.Key) {
	r := rand.New(rand.NewPCG(1, 1))
	m, stay := newMatch(keys), &scan{keys: keys}
	add := func(prio uint32) (*Entry, []ir.KeyMatch) {
		k := randomKey(r, keys)
		if !m.hasPriority() {
			prio = 0
		}
		e := m.newEntry(cloneKeys(k), prio)
		if m.find(e) != nil {
			return nil, nil
		}
		m.add(e)
		m.publish(e)
		return e, k
	}
	for range 200 {
		if e, k := add(1); e != nil {
			stay.list = append(stay.list, scanEntry{k, 1, len(stay.list), e})
		}
	}
	var probes [][]byte
	for len(probes) < 256 {
		if key := probe(r, stay); stay.lookup(key) != nil {
			probes = append(probes, key)
		}
	}
	var stop atomic.Bool
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for i := 0; !stop.Load(); i++ {
				key := probes[i%len(probes)]
				e := m.Lookup(key)
				if e == nil || !stay.matches(&scanEntry{keys: m.keysOf(e)}, key) {
					t.Errorf("Lookup(%x) = %s while writing", key, entryText(m, e))
					return
				}
				if i%64 == 0 {
					runtime.Gosched()
				}
			}
		})
	}
	var others []*Entry
	for range 4000 {
		if r.IntN(2) == 0 || len(others) == 0 {
			if e, _ := add(2); e != nil {
				others = append(others, e)
			}
			continue
		}
		i := r.IntN(len(others))
		m.remove(others[i])
		m.settle()
		others[i] = others[len(others)-1]
		others = others[:len(others)-1]
	}
	stop.Store(true)
	wg.Wait()
}

// TestHammerStore: packets and controllers at the same time, over everything
// that both touch.
func TestHammerStore(t *testing.T) {
	st := newTestStore(t)
	for i := range uint64(4) {
		mustDo(t, st, Insert, member(i+1, i))
	}
	mustDo(t, st, Insert, group(1, []uint32{1, 2}, []bool{true, true}))
	mustDo(t, st, Insert, nexthop(1, "$SELECTOR_GROUP_ID", 1))
	var stop atomic.Bool
	var wg sync.WaitGroup
	for pipe := range 2 {
		wg.Go(func() {
			s := st.State(pipe)
			for i := uint64(0); !stop.Load(); i++ {
				s.Mu.Lock()
				for range 32 {
					packet(t, s, i)
				}
				s.Mu.Unlock()
				runtime.Gosched()
			}
		})
	}
	r := rand.New(rand.NewPCG(2, 2))
	for range 1500 {
		// Whether an update succeeds depends on the ones before: only that
		// nothing breaks counts here.
		_ = do(st, Op(1+r.IntN(5)), forwardEntry(r.Uint64N(12), r.Uint64N(512)))
		_ = do(st, Modify, member(1+r.Uint64N(4), r.Uint64N(512)))
		_ = do(st, Modify, group(1, []uint32{1 + r.Uint32N(2), 3 + r.Uint32N(2)}, []bool{r.IntN(2) == 0, r.IntN(2) == 0}))
		_ = do(st, Modify, nexthop(1, []string{"$SELECTOR_GROUP_ID", "$ACTION_MEMBER_ID"}[r.IntN(2)], 1))
		_ = do(st, Modify, TableEntry{Table: "step", Default: true, Data: []DataField{{"value", num(2, 9)}}})
		_ = do(st, Op([]Op{Insert, Delete}[r.IntN(2)]), TableEntry{Table: "vs", Key: []KeyField{{Name: "f1", Value: num(2, r.Uint64N(3)), Mask: num(2, 3)}}})
		_ = do(st, InsertOrModify, TableEntry{Table: "$PORT_METADATA", Key: []KeyField{exactKey("ingress_port", 5, 2)}, Data: []DataField{{"lag", num(2, r.Uint64N(9))}}})
		for range st.Read(context.Background(), AllPipes, Query{Table: "forward", FromHW: true}) {
		}
	}
	stop.Store(true)
	wg.Wait()
}

// packet does what a pipeline does for one packet.
func packet(t *testing.T, s *State, i uint64) {
	m := s.Match[0]
	e := m.Lookup(num(6, i%12))
	if e == nil {
		e = m.Default()
	}
	if a := e.Act(); a == nil || a.Action > 3 {
		t.Errorf("action %+v", a)
	}
	e.Touch()
	s.Counters[1].CountCell(e.Cell(), 64)
	lo, _, _ := s.Registers[2].Get(uint64(e.Cell()))
	s.Registers[2].Set(uint64(e.Cell()), lo+1, 0)
	n := s.Match[6]
	if e := n.Lookup([]byte{0, 1}); e != nil {
		_ = n.NeedsHash(e)
		_ = n.Resolve(e, i*0x9e3779b97f4a7c15, i)
	}
	_ = s.Params[0].Load()
	_ = s.ValueSets[0].Has(0, []byte{0, byte(i), 1})
	_ = *s.PortMetadata[5].Load()
}

// TestPacketPathAllocatesNothing is the rule of the packet path.
func TestPacketPathAllocatesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for name, keys := range engineKeys {
		m, s := newMatch(keys), &scan{keys: keys}
		for range 300 {
			e := m.newEntry(randomKey(r, keys), 0)
			if m.find(e) == nil {
				m.add(e)
				m.publish(e)
			}
		}
		key := probe(r, s)
		if n := testing.AllocsPerRun(100, func() { m.Lookup(key) }); n != 0 {
			t.Errorf("%s: %v allocations per lookup, want 0", name, n)
		}
	}
}
