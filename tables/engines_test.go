package tables

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"gofino/pipeline/ir"
)

// scan is the slow twin of every engine: a list searched from end to end, by
// the definition of each match kind.
type scan struct {
	keys []ir.Key
	list []scanEntry
}

type scanEntry struct {
	keys []ir.KeyMatch
	prio uint32
	seq  int
	e    *Entry
}

func (s *scan) matches(x *scanEntry, key []byte) bool {
	for i, k := range s.keys {
		n := (k.Width + 7) / 8
		v := key[:n]
		key = key[n:]
		m := x.keys[i]
		switch k.Kind {
		case ir.Exact, ir.ATCAMPartition:
			if !bytes.Equal(v, m.Value) {
				return false
			}
		case ir.Ternary:
			for j := range v {
				if (v[j]^m.Value[j])&m.Mask[j] != 0 {
					return false
				}
			}
		case ir.LPM:
			for b := 0; b < m.Prefix; b++ {
				at := k.Width - 1 - b // from the least significant bit
				if (v[n-1-at/8]^m.Value[n-1-at/8])>>(at%8)&1 != 0 {
					return false
				}
			}
		case ir.Range:
			if bytes.Compare(v, m.Lo) < 0 || bytes.Compare(v, m.Hi) > 0 {
				return false
			}
		}
	}
	return true
}

// lookup: the lowest priority number, then the longest prefixes, then the
// earliest insertion.
func (s *scan) lookup(key []byte) *Entry {
	var best *scanEntry
	for i := range s.list {
		x := &s.list[i]
		if !s.matches(x, key) {
			continue
		}
		if best == nil || x.prio < best.prio ||
			x.prio == best.prio && prefixSum(s, x) > prefixSum(s, best) ||
			x.prio == best.prio && prefixSum(s, x) == prefixSum(s, best) && x.seq < best.seq {
			best = x
		}
	}
	if best == nil {
		return nil
	}
	return best.e
}

// prefixSum orders entries of tables without priorities.
func prefixSum(s *scan, x *scanEntry) int {
	sum := 0
	for i, k := range s.keys {
		if k.Kind == ir.Ternary || k.Kind == ir.Range {
			return 0
		}
		sum += x.keys[i].Prefix
	}
	return sum
}

// randomKey is an entry's key; few values, so that entries overlap and repeat.
func randomKey(r *rand.Rand, keys []ir.Key) []ir.KeyMatch {
	out := make([]ir.KeyMatch, len(keys))
	for i, k := range keys {
		v := randomValue(r, k.Width)
		out[i].Value = v
		switch k.Kind {
		case ir.Exact, ir.ATCAMPartition:
		case ir.Ternary:
			m := randomValue(r, k.Width)
			if r.IntN(3) == 0 {
				m = prefixMask(k.Width, r.IntN(k.Width+1))
			}
			and(v, m)
			out[i].Mask = m
		case ir.LPM:
			out[i].Prefix = r.IntN(k.Width + 1)
			and(v, prefixMask(k.Width, out[i].Prefix))
		case ir.Range:
			hi := randomValue(r, k.Width)
			if bytes.Compare(v, hi) > 0 {
				v, hi = hi, v
			}
			out[i].Lo, out[i].Hi = v, hi
		}
	}
	return out
}

func randomValue(r *rand.Rand, width int) []byte {
	b := make([]byte, (width+7)/8)
	for i := range b {
		b[i] = byte(r.IntN(256))
		switch r.IntN(4) {
		case 0:
			b[i] = 0
		case 1:
			b[i] = byte(r.IntN(3))
		}
	}
	and(b, prefixMask(width, width))
	return b
}

// probe is a key likely to hit: an entry's value with a few bits changed.
func probe(r *rand.Rand, s *scan) []byte {
	var key []byte
	var near []ir.KeyMatch
	if len(s.list) > 0 && r.IntN(8) != 0 {
		near = s.list[r.IntN(len(s.list))].keys
	}
	for i, k := range s.keys {
		v := randomValue(r, k.Width)
		if near != nil && r.IntN(4) != 0 {
			v = slices.Clone(near[i].Value)
			if near[i].Lo != nil && r.IntN(2) == 0 {
				v = slices.Clone(near[i].Hi)
			}
			if k.Kind != ir.Exact && r.IntN(2) == 0 {
				b := r.IntN(k.Width)
				v[len(v)-1-b/8] ^= 1 << (b % 8)
			}
		}
		key = append(key, v...)
	}
	return key
}

var engineKeys = map[string][]ir.Key{
	"exact 8 bits":         {{Width: 8, Kind: ir.Exact}},
	"exact 48 bits":        {{Width: 48, Kind: ir.Exact}},
	"exact 3+9 bits":       {{Width: 3, Kind: ir.Exact}, {Width: 9, Kind: ir.Exact}},
	"exact 16 bytes":       {{Width: 128, Kind: ir.Exact}},
	"exact 13 bytes":       {{Width: 32, Kind: ir.Exact}, {Width: 72, Kind: ir.Exact}},
	"exact 37 bytes":       {{Width: 128, Kind: ir.Exact}, {Width: 128, Kind: ir.Exact}, {Width: 40, Kind: ir.ATCAMPartition}},
	"lpm ipv4":             {{Width: 32, Kind: ir.LPM}},
	"lpm ipv6":             {{Width: 128, Kind: ir.LPM}},
	"lpm 39 bits":          {{Width: 39, Kind: ir.LPM}},
	"lpm 1 bit":            {{Width: 1, Kind: ir.LPM}},
	"vrf + lpm":            {{Width: 4, Kind: ir.Exact}, {Width: 32, Kind: ir.LPM}},
	"lpm between exact":    {{Width: 2, Kind: ir.Exact}, {Width: 12, Kind: ir.LPM}, {Width: 1, Kind: ir.Exact}},
	"two lpm":              {{Width: 8, Kind: ir.LPM}, {Width: 12, Kind: ir.LPM}},
	"lpm + 50 exact bytes": {{Width: 400, Kind: ir.Exact}, {Width: 8, Kind: ir.LPM}},
	"ternary 8 bits":       {{Width: 8, Kind: ir.Ternary}},
	"ternary 48 bits":      {{Width: 48, Kind: ir.Ternary}},
	"range 16 bits":        {{Width: 16, Kind: ir.Range}},
	"range 5 bits":         {{Width: 5, Kind: ir.Range}},
	"5-tuple": {{Width: 32, Kind: ir.Ternary}, {Width: 32, Kind: ir.Ternary}, {Width: 8, Kind: ir.Exact},
		{Width: 16, Kind: ir.Range}, {Width: 16, Kind: ir.Range}},
	"ipv6 ternary": {{Width: 128, Kind: ir.Ternary}, {Width: 128, Kind: ir.Ternary}, {Width: 16, Kind: ir.Range}},
	"ternary, lpm": {{Width: 9, Kind: ir.Ternary}, {Width: 16, Kind: ir.LPM}},
}

// TestEnginesMatchScan drives each engine and its slow twin with the same
// random operations.
func TestEnginesMatchScan(t *testing.T) {
	for name, keys := range engineKeys {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(4) {
				runEngine(t, keys, seed, 1200)
			}
		})
	}
}

func runEngine(t *testing.T, keys []ir.Key, seed uint64, steps int) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	m, s := newMatch(keys), &scan{keys: keys}
	seq := 0
	grow := r.IntN(2) == 0 // tables that fill up, and tables that stay small
	for step := range steps {
		switch op := r.IntN(10); {
		case op < 4 || grow && op < 6:
			k, prio := randomKey(r, keys), uint32(r.IntN(3))
			if !m.hasPriority() {
				prio = 0
			}
			e := m.newEntry(cloneKeys(k), prio)
			have := slices.IndexFunc(s.list, func(x scanEntry) bool { return x.prio == prio && sameKey(keys, x.keys, k) })
			if got := m.find(e); (got != nil) != (have >= 0) {
				t.Fatalf("seed %d step %d: find = %v, twin has it: %v", seed, step, got, have >= 0)
			}
			if have >= 0 {
				continue
			}
			seq++
			m.add(e)
			m.publish(e)
			s.list = append(s.list, scanEntry{k, prio, seq, e})
		case op == 4 && len(s.list) > 0:
			i := r.IntN(len(s.list))
			m.remove(s.list[i].e)
			if r.IntN(4) == 0 {
				m.restore(s.list[i].e)
				continue
			}
			m.settle()
			s.list = slices.Delete(s.list, i, i+1)
		default:
			key := probe(r, s)
			if got, want := m.Lookup(key), s.lookup(key); got != want {
				t.Fatalf("seed %d step %d: Lookup(%x) = %s, reference %s", seed, step, key, entryText(m, got), entryText(m, want))
			}
		}
	}
	if m.used != len(s.list) {
		t.Fatalf("seed %d: %d entries, reference %d", seed, m.used, len(s.list))
	}
	for _, x := range s.list {
		if got := m.keysOf(x.e); !sameKey(keys, got, x.keys) {
			t.Fatalf("seed %d: keysOf = %v, want %v", seed, got, x.keys)
		}
		m.remove(x.e)
	}
	for range 50 {
		if key := probe(r, s); m.Lookup(key) != nil {
			t.Fatalf("seed %d: Lookup(%x) in an emptied table hits", seed, key)
		}
	}
}

func cloneKeys(k []ir.KeyMatch) []ir.KeyMatch {
	out := slices.Clone(k)
	for i := range out {
		out[i].Value = slices.Clone(out[i].Value)
	}
	return out
}

func sameKey(keys []ir.Key, a, b []ir.KeyMatch) bool {
	for i, k := range keys {
		switch k.Kind {
		case ir.Range:
			if !bytes.Equal(a[i].Lo, b[i].Lo) || !bytes.Equal(a[i].Hi, b[i].Hi) {
				return false
			}
		default:
			if !bytes.Equal(a[i].Value, b[i].Value) || !bytes.Equal(a[i].Mask, b[i].Mask) || a[i].Prefix != b[i].Prefix {
				return false
			}
		}
	}
	return true
}

func entryText(m *matchSet, e *Entry) string {
	if e == nil {
		return "miss"
	}
	return fmt.Sprintf("entry %d (priority %d, key %x)", e.cell, e.prio, m.keysOf(e))
}

// FuzzEngines lets the fuzzer choose table and seed.
func FuzzEngines(f *testing.F) {
	var names []string
	for n := range engineKeys {
		names = append(names, n)
	}
	slices.Sort(names)
	for i := range names {
		f.Add(uint8(i), uint64(i), uint16(200))
	}
	f.Fuzz(func(t *testing.T, table uint8, seed uint64, steps uint16) {
		runEngine(t, engineKeys[names[int(table)%len(names)]], seed, int(steps%2000))
	})
}

// TestTernaryTieKeepsInsertionOrder: bfrt.md leaves equal priorities to the
// driver, which keeps them as inserted.
func TestTernaryTieKeepsInsertionOrder(t *testing.T) {
	m := newMatch([]ir.Key{{Width: 16, Kind: ir.Ternary}})
	add := func(value, mask []byte, prio uint32) *Entry {
		e := m.newEntry([]ir.KeyMatch{{Value: value, Mask: mask}}, prio)
		m.add(e)
		m.publish(e)
		return e
	}
	first := add([]byte{0x12, 0}, []byte{0xff, 0}, 7)
	add([]byte{0, 0x34}, []byte{0, 0xff}, 7)
	if got := m.Lookup([]byte{0x12, 0x34}); got != first {
		t.Errorf("Lookup = %s, want the entry inserted first", entryText(m, got))
	}
	better := add([]byte{0, 0}, []byte{0, 0}, 6)
	if got := m.Lookup([]byte{0x12, 0x34}); got != better {
		t.Errorf("Lookup = %s, want the lower priority number", entryText(m, got))
	}
}

// TestExactMillion fills a table of the normal large size and empties it.
func TestExactMillion(t *testing.T) {
	const n = 1_000_000
	m := newMatch([]ir.Key{{Width: 48, Kind: ir.Exact}})
	key := func(i int) []byte {
		k := uint64(i) * 0x9e3779b97f4a7c15
		return wordBytes(k>>16, 48)
	}
	var es []*Entry
	for i := range n {
		e := m.newEntry([]ir.KeyMatch{{Value: key(i)}}, 0)
		if m.find(e) != nil {
			t.Fatalf("key %d is there", i)
		}
		m.add(e)
		m.publish(e)
		es = append(es, e)
	}
	for i := 0; i < n; i += 97 {
		if m.Lookup(key(i)) != es[i] {
			t.Fatalf("Lookup of key %d misses", i)
		}
	}
	for _, e := range es {
		m.remove(e)
	}
	if m.exact.used != 0 || m.Lookup(key(5)) != nil {
		t.Errorf("%d entries are left", m.exact.used)
	}
}
