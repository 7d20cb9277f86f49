package hash

import (
	"bytes"
	"math/big"
	"math/rand/v2"
	"testing"

	"gofino/pipeline/ir"
)

// slowStream is what a dynamic hash reads, bit by bit from the values.
func slowStream(h *ir.Hash, parts []Slice, values []*big.Int) []byte {
	type piece struct {
		v *big.Int
		n int
	}
	var out []piece
	for order := uint64(1); order < 20; order++ {
		var same []piece
		for _, s := range parts {
			if s.Order != order {
				continue
			}
			n := s.Len
			if w := h.Inputs[s.Input].Width - s.Start; n <= 0 || n > w {
				n = w
			}
			v := new(big.Int)
			for i := range n {
				v.SetBit(v, i, values[s.Input].Bit(s.Start+i))
			}
			same = append(same, piece{v, n})
		}
		if len(same) == 2 {
			x := new(big.Int).Xor(same[0].v, same[1].v)
			same[0].v, same[1].v = x, x
		}
		out = append(out, same...)
	}
	stream, bits := new(big.Int), 0
	for _, p := range out {
		stream.Or(stream.Lsh(stream, uint(p.n)), p.v)
		bits += p.n
	}
	return stream.FillBytes(make([]byte, (bits+7)/8))
}

// randomSetting cuts every input into slices, some left out, some in pairs.
func randomSetting(r *rand.Rand, h *ir.Hash) []Slice {
	var parts []Slice
	for i, in := range h.Inputs {
		for at := 0; at < in.Width; {
			n := 1 + r.IntN(in.Width-at)
			if r.IntN(5) > 0 {
				parts = append(parts, Slice{Input: i, Start: at, Len: n, Order: uint64(1 + len(parts)%15)})
			}
			at += n
		}
	}
	if len(parts) > 15 {
		parts = parts[:15]
	}
	if n := len(parts); n > 1 && r.IntN(2) == 0 {
		a, b := &parts[r.IntN(n-1)], &parts[n-1]
		n := min(a.Len, b.Len)
		a.Len, b.Len, b.Order = n, n, a.Order
	}
	r.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
	return parts
}

// TestDynamicAgainstTwin: streams, used bits and rotation against arithmetic on
// big numbers.
func TestDynamicAgainstTwin(t *testing.T) {
	const seed = 41
	r := rand.New(rand.NewPCG(seed, 2))
	algs := []Algorithm{
		{Kind: ir.Identity}, {Kind: ir.Xor16}, {Kind: ir.RandomHash}, {Kind: ir.RandomHash, Seed: 9},
		{Kind: ir.CustomCRC, CRC: ir.CRC{Degree: 32, Poly: 0x04c11db7, Reversed: true, Init: ones32, Xor: ones32}},
		{Kind: ir.CustomCRC, CRC: ir.CRC{Degree: 13, Poly: 0x1cf5, Extended: true}},
		{Kind: ir.CustomCRC, CRC: ir.CRC{Degree: 64, Poly: 0x42f0e1eba9ea3693, MSB: true}},
	}
	for n := range 3000 {
		h := &ir.Hash{Name: "h", Width: 1 + r.IntN(120)}
		var values []*big.Int
		stream, bits := new(big.Int), 0
		for range 1 + r.IntN(4) {
			w := 1 + r.IntN(100)
			v := new(big.Int)
			for i := range w {
				v.SetBit(v, i, uint(r.IntN(2)))
			}
			h.Inputs = append(h.Inputs, ir.HashInput{Width: w})
			values = append(values, v)
			stream.Or(stream.Lsh(stream, uint(w)), v)
			bits += w
		}
		if r.IntN(2) == 0 {
			h.UsedLo = r.IntN(h.Width)
			h.UsedBits = 1 + r.IntN(min(64, h.Width-h.UsedLo))
		}
		a := algs[r.IntN(len(algs))]
		lo, used := h.UsedLo, h.UsedBits
		if used == 0 {
			lo, used = 0, h.Width
		}
		if used <= MaxRotate {
			a.Rotate = r.Uint32N(80)
		}
		parts := randomSetting(r, h)
		d, err := NewDynamic(h, parts, a)
		if err != nil {
			t.Fatalf("seed %d, case %d: %v", seed, n, err)
		}
		in := stream.FillBytes(make([]byte, (bits+7)/8))
		got := make([]byte, (h.Width+7)/8)
		d.Sum(got, in, make([]byte, len(in)))

		f, err := New(&ir.Hash{Name: "h", Width: h.Width, Algorithm: a.Kind, CRC: a.CRC})
		if err != nil {
			t.Fatal(err)
		}
		if a.Seed != 0 {
			f.seed = mix(uint64(a.Seed))
		}
		out := make([]byte, len(got))
		f.Sum(out, slowStream(h, parts, values))
		v, want := new(big.Int).SetBytes(out), new(big.Int)
		for i := range used {
			want.SetBit(want, lo+(i+int(a.Rotate))%used, v.Bit(lo+i))
		}
		if !bytes.Equal(got, want.FillBytes(out)) {
			t.Fatalf("seed %d, case %d: %+v, slices %+v, algorithm %+v: %x, want %x", seed, n, h, parts, a, got, want)
		}
		if w := new(big.Int).And(want, new(big.Int).SetUint64(ones64)).Uint64(); d.Sum64(in, make([]byte, len(in))) != w && lo+used <= 64 {
			t.Fatalf("seed %d, case %d: Sum64 differs from Sum", seed, n)
		}
	}
}

// TestCatalogueNames: every name makes its own function, in upper or lower case.
func TestCatalogueNames(t *testing.T) {
	for _, n := range Names() {
		for _, width := range []int{8, 16, 32} {
			p, ok := ByName(n, width)
			if !ok {
				t.Fatalf("no %s", n)
			}
			if _, err := New(&ir.Hash{Name: n, Width: width, Algorithm: p.Kind, CRC: p.CRC}); err != nil {
				t.Errorf("%s: %v", n, err)
			}
			if got, ok := NameOf(Algorithm{Kind: p.Kind, CRC: p.CRC}); !ok || got != n {
				t.Errorf("%s is called %s", n, got)
			}
		}
	}
	if _, ok := ByName("crc_32c", 32); !ok {
		t.Error("lower case is not found")
	}
	if _, ok := ByName("CRC_33", 32); ok {
		t.Error("CRC_33 was found")
	}
}
