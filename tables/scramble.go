package tables

// The selector's scrambling of hash bits before a modulo (chip.md section 8): a
// layer of S-boxes on 3- and 4-bit slices, a permutation of the bits, and both
// once more.

var (
	sbox3 = [8]uint32{1, 4, 7, 5, 2, 0, 3, 6}
	sbox4 = [16]uint32{8, 0, 6, 1, 15, 13, 14, 11, 2, 12, 3, 7, 5, 4, 9, 10}
)

// scrambler of one width. a and b name the source bit of each result bit, most
// significant first.
type scrambler struct {
	slices []uint // widths, from the least significant
	a, b   []uint
}

var (
	scramble14 = scrambler{
		slices: []uint{3, 3, 4, 4},
		a:      []uint{13, 8, 5, 1, 12, 7, 4, 0, 11, 6, 3, 10, 9, 2},
		b:      []uint{13, 9, 5, 2, 12, 8, 4, 1, 11, 7, 3, 0, 10, 6},
	}
	scramble15 = scrambler{
		slices: []uint{3, 4, 4, 4},
		a:      []uint{14, 9, 4, 1, 13, 8, 3, 0, 12, 7, 6, 2, 11, 10, 5},
		b:      []uint{14, 10, 6, 2, 13, 9, 5, 1, 12, 8, 4, 0, 11, 7, 3},
	}
	scramble18 = scrambler{
		slices: []uint{3, 3, 4, 4, 4},
		a:      []uint{17, 12, 9, 4, 2, 16, 11, 8, 3, 1, 15, 10, 7, 5, 0, 14, 13, 6},
		b:      []uint{17, 13, 9, 5, 2, 16, 12, 8, 4, 1, 15, 11, 7, 3, 0, 14, 10, 6},
	}
)

func (s *scrambler) apply(v uint32) uint32 {
	return permute(s.substitute(permute(s.substitute(v), s.a)), s.b)
}

func (s *scrambler) substitute(v uint32) uint32 {
	var out uint32
	at := uint(0)
	for _, w := range s.slices {
		if w == 3 {
			out |= sbox3[v>>at&7] << at
		} else {
			out |= sbox4[v>>at&15] << at
		}
		at += w
	}
	return out
}

func permute(v uint32, from []uint) uint32 {
	var out uint32
	for _, f := range from {
		out = out<<1 | v>>f&1
	}
	return out
}
