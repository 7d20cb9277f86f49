package tables

import (
	"math/rand/v2"
	"testing"

	"gofino/pipeline/ir"
)

// fill adds n random entries and returns keys that hit them in random order.
func fill(r *rand.Rand, keys []ir.Key, n int, key func() ([]ir.KeyMatch, []byte)) (*matchSet, *scan, [][]byte) {
	m, s := newMatch(keys), &scan{keys: keys}
	var hits [][]byte
	for m.used < n {
		k, hit := key()
		prio := uint32(0)
		if m.hasPriority() {
			prio = uint32(m.used)
		}
		e := m.newEntry(cloneKeys(k), prio)
		if m.find(e) != nil {
			continue
		}
		m.add(e)
		m.publish(e)
		s.list = append(s.list, scanEntry{k, prio, m.used, e})
		hits = append(hits, hit)
	}
	r.Shuffle(len(hits), func(i, j int) { hits[i], hits[j] = hits[j], hits[i] })
	for len(hits)&(len(hits)-1) != 0 { // a power of two, to step through by a mask
		hits = hits[:len(hits)-1]
	}
	var flat []byte // one piece of memory, as packets would come
	for _, h := range hits {
		flat = append(flat, h...)
	}
	for i := range hits {
		n := len(hits[i])
		hits[i] = flat[i*n : i*n+n : i*n+n]
	}
	return m, s, hits
}

func benchLookup(b *testing.B, m *matchSet, hits [][]byte) {
	b.Helper()
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		if m.Lookup(hits[i&(len(hits)-1)]) == nil {
			b.Fatal("miss")
		}
	}
}

func bytesOf(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.IntN(256))
	}
	return b
}

func BenchmarkLookupExact64k(b *testing.B) {
	for _, w := range []struct {
		name string
		bits int
	}{{"48bit", 48}, {"104bit", 104}, {"296bit", 296}} {
		b.Run(w.name, func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 1))
			m, _, hits := fill(r, []ir.Key{{Width: w.bits, Kind: ir.Exact}}, 1<<16, func() ([]ir.KeyMatch, []byte) {
				v := bytesOf(r, w.bits/8)
				return []ir.KeyMatch{{Value: v}}, v
			})
			benchLookup(b, m, hits)
		})
	}
}

func BenchmarkInsertExact1M(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	keys := make([][]byte, 1<<20)
	for i := range keys {
		keys[i] = bytesOf(r, 6)
	}
	b.ReportAllocs()
	b.ResetTimer()
	var m *matchSet
	for i := range b.N {
		if i&(len(keys)-1) == 0 {
			m = newMatch([]ir.Key{{Width: 48, Kind: ir.Exact}})
		}
		e := m.newEntry([]ir.KeyMatch{{Value: keys[i&(len(keys)-1)]}}, 0)
		if m.find(e) == nil {
			m.add(e)
			m.publish(e)
		}
	}
}

// routeTable has prefix lengths in about the shares of an Internet table.
func routeTable(r *rand.Rand, n int) (*matchSet, [][]byte) {
	m, _, hits := fill(r, []ir.Key{{Width: 32, Kind: ir.LPM}}, n, func() ([]ir.KeyMatch, []byte) {
		hit := bytesOf(r, 4)
		p := 24
		switch x := r.IntN(100); {
		case x < 1:
			p = 8 + r.IntN(8)
		case x < 10:
			p = 16 + r.IntN(4)
		case x < 40:
			p = 20 + r.IntN(4)
		case x < 43:
			p = 25 + r.IntN(8)
		}
		v := append([]byte(nil), hit...)
		and(v, prefixMask(32, p))
		return []ir.KeyMatch{{Value: v, Prefix: p}}, hit
	})
	return m, hits
}

func BenchmarkLookupLPM100k(b *testing.B) {
	m, hits := routeTable(rand.New(rand.NewPCG(1, 1)), 100_000)
	benchLookup(b, m, hits)
}

func BenchmarkLookupLPM100kIPv6(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	m, _, hits := fill(r, []ir.Key{{Width: 128, Kind: ir.LPM}}, 100_000, func() ([]ir.KeyMatch, []byte) {
		hit := bytesOf(r, 16)
		hit[0], hit[1] = 0x20, byte(r.IntN(4)) // 2000::/14
		p := []int{32, 36, 40, 44, 48, 48, 48, 64}[r.IntN(8)]
		v := append([]byte(nil), hit...)
		and(v, prefixMask(128, p))
		return []ir.KeyMatch{{Value: v, Prefix: p}}, hit
	})
	benchLookup(b, m, hits)
}

// aclTable is a list of five-tuple rules: prefixes of sources and destinations,
// a protocol and port ranges; one field or the other is often left open, but
// hardly any rule matches by chance.
func aclTable(r *rand.Rand, n int) (*matchSet, *scan, [][]byte) {
	keys := []ir.Key{{Width: 32, Kind: ir.Ternary}, {Width: 32, Kind: ir.Ternary}, {Width: 8, Kind: ir.Ternary},
		{Width: 16, Kind: ir.Range}, {Width: 16, Kind: ir.Range}}
	return fill(r, keys, n, func() ([]ir.KeyMatch, []byte) {
		hit := bytesOf(r, 13)
		hit[8] = []byte{6, 17}[r.IntN(2)]
		k := make([]ir.KeyMatch, 5)
		at, open := 0, r.IntN(3)
		for i, n := range []int{4, 4, 1} {
			mask := prefixMask(8*n, 8*n)
			if i < 2 {
				mask = prefixMask(32, []int{16, 20, 24, 24, 28, 32, 32, 32}[r.IntN(8)])
				if i == open {
					mask = prefixMask(32, 0)
				}
			}
			v := append([]byte(nil), hit[at:at+n]...)
			and(v, mask)
			k[i] = ir.KeyMatch{Value: v, Mask: mask}
			at += n
		}
		for i := 3; i < 5; i++ {
			lo, hi := []byte{0, 0}, []byte{0xff, 0xff}
			switch r.IntN(4) {
			case 0:
				lo, hi = hit[at:at+2], hit[at:at+2]
			case 1:
				lo, hi = []byte{4, 0}, []byte{0xff, 0xff}
				hit[at] |= 4
			}
			k[i] = ir.KeyMatch{Value: lo, Lo: append([]byte(nil), lo...), Hi: append([]byte(nil), hi...)}
			at += 2
		}
		return k, hit
	})
}

func BenchmarkLookupACL1k(b *testing.B) {
	m, _, hits := aclTable(rand.New(rand.NewPCG(1, 1)), 1024)
	benchLookup(b, m, hits)
}

func BenchmarkLookupACL10k(b *testing.B) {
	m, _, hits := aclTable(rand.New(rand.NewPCG(1, 1)), 10_000)
	benchLookup(b, m, hits)
}

// BenchmarkScanACL1k is what the tree is compared with.
func BenchmarkScanACL1k(b *testing.B) {
	m, _, hits := aclTable(rand.New(rand.NewPCG(1, 1)), 1024)
	rules := m.ternary.root.Load().collect(map[*Entry]bool{}, nil)
	sortRules(rules)
	leaf := &ternaryNode{rules: rules}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		key := hits[i&(len(hits)-1)]
		k0, k1 := firstWords(key)
		if leaf.lookup(key, k0, k1, nil) == nil {
			b.Fatal("miss")
		}
	}
}

func BenchmarkInsertACL1k(b *testing.B) {
	_, s, _ := aclTable(rand.New(rand.NewPCG(1, 1)), 1024)
	b.ResetTimer()
	for range b.N {
		m := newMatch(s.keys)
		for i := range s.list {
			e := m.newEntry(s.list[i].keys, s.list[i].prio)
			m.add(e)
			m.publish(e)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(s.list)), "ns/entry")
}

// BenchmarkBatches adds 100,000 exact entries in batches of 1,000 that may be
// rolled back.
func BenchmarkBatches(b *testing.B) {
	const batches, size = 100, 1000
	p := testProgram()
	p.Pipelines[0].Tables[0].Size = batches * size
	p.Pipelines[0].Tables[0].DirectCounters, p.Pipelines[0].Tables[0].DirectRegisters = nil, nil
	for b.Loop() {
		st, err := NewStore(p, 4)
		if err != nil {
			b.Fatal(err)
		}
		for n := range batches {
			batch := make([]Update, size)
			for i := range batch {
				batch[i] = Update{Op: Insert, Entry: forwardEntry(uint64(n*size+i), 1)}
			}
			if err := st.Write(b.Context(), AllPipes, batch, RollbackOnError); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(batches*size), "ns/entry")
}
