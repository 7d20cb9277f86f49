package tables

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestFreeSetTakesTheLowest compares the set with a sorted list over random
// changes.
func TestFreeSetTakesTheLowest(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		limit := []int{3, 64, 65, 4096, 4097, 300000}[seed%6]
		var s freeSet
		var want []uint32
		for range 3000 {
			v := uint32(r.IntN(limit))
			at, in := slices.BinarySearch(want, v)
			switch {
			case r.IntN(3) == 0:
				got, ok := s.take()
				if ok != (len(want) > 0) {
					t.Fatalf("seed %d: take says %v of %d numbers", seed, ok, len(want))
				}
				if ok {
					if got != want[0] {
						t.Fatalf("seed %d: took %d, the lowest is %d", seed, got, want[0])
					}
					want = want[1:]
				}
			case in:
				s.remove(v)
				want = slices.Delete(want, at, at+1)
			default:
				s.add(v)
				want = slices.Insert(want, at, v)
			}
		}
		if got := slices.Collect(s.all); !slices.Equal(got, want) || s.n != len(want) {
			t.Fatalf("seed %d: the set has %d numbers, want %d", seed, len(got), len(want))
		}
	}
}
