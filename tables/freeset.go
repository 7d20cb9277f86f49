package tables

import "math/bits"

// freeSet is a set of numbers, of which the lowest is always found at once: the
// cells or handles that are free below the highest that was ever used. What is
// used next depends on the set alone, so that undoing changes restores it. The
// zero value is empty.
type freeSet struct {
	// levels[0] has a bit per number, levels[i+1] one per word of levels[i] that
	// is not zero.
	levels [][]uint64
	n      int
}

func (s *freeSet) add(v uint32) {
	i := int(v)
	for l := 0; ; l++ {
		if l == len(s.levels) {
			s.levels = append(s.levels, nil)
			if l > 0 && len(s.levels[l-1]) > 0 { // what the level below had so far
				for w, x := range s.levels[l-1] {
					if x != 0 {
						s.set(l, w)
					}
				}
			}
		}
		was := s.set(l, i)
		if l == 0 && !was {
			s.n++
		}
		if len(s.levels[l]) <= 1 && l == len(s.levels)-1 {
			return
		}
		i >>= 6
	}
}

// set sets a bit of a level, and tells whether it was set.
func (s *freeSet) set(l, i int) bool {
	for len(s.levels[l]) <= i>>6 {
		s.levels[l] = append(s.levels[l], 0)
	}
	w, bit := &s.levels[l][i>>6], uint64(1)<<(i&63)
	was := *w&bit != 0
	*w |= bit
	return was
}

// remove takes a number out that is in the set.
func (s *freeSet) remove(v uint32) {
	i := int(v)
	s.n--
	for l := range s.levels {
		w := &s.levels[l][i>>6]
		*w &^= 1 << (i & 63)
		if *w != 0 {
			return
		}
		i >>= 6
	}
}

// take takes the lowest number out.
func (s *freeSet) take() (v uint32, ok bool) {
	if s.n == 0 {
		return 0, false
	}
	i := 0
	for l := len(s.levels) - 1; l >= 0; l-- {
		i = i<<6 | bits.TrailingZeros64(s.levels[l][i])
	}
	s.remove(uint32(i))
	return uint32(i), true
}

// all yields the numbers in ascending order.
func (s *freeSet) all(yield func(uint32) bool) {
	if s.n == 0 {
		return
	}
	for w, x := range s.levels[0] {
		for ; x != 0; x &= x - 1 {
			if !yield(uint32(w<<6 | bits.TrailingZeros64(x))) {
				return
			}
		}
	}
}
