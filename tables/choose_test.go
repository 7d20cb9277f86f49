package tables

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"gofino/pipeline/ir"
)

// TestScrambleIsAPermutation: S-boxes and bit permutations are one to one, so
// the whole must be; a wrong digit in a table would break it.
func TestScrambleIsAPermutation(t *testing.T) {
	for _, c := range []struct {
		name string
		s    scrambler
		bits int
	}{{"S14", scramble14, 14}, {"S15", scramble15, 15}, {"S18", scramble18, 18}} {
		seen := make([]bool, 1<<c.bits)
		for v := range uint32(1) << c.bits {
			out := c.s.apply(v)
			if int(out) >= len(seen) || seen[out] {
				t.Fatalf("%s: %#x gives %#x, out of range or twice", c.name, v, out)
			}
			seen[out] = true
		}
	}
}

// bitsOf is bits hi..lo of a 128-bit hash, the slow way.
func bitsOf(h *big.Int, hi, lo int) int {
	v := new(big.Int).Rsh(h, uint(lo))
	return int(new(big.Int).Mod(v, new(big.Int).Lsh(big.NewInt(1), uint(hi-lo+1))).Int64())
}

// chooseSlow is chip.md section 8 once more, on slots and big numbers.
func chooseSlow(slots []groupSlot, size int, mode ir.SelectorMode, scramble bool, h *big.Int) *Member {
	sc := func(s scrambler, v int) int {
		if scramble {
			return int(s.apply(uint32(v)))
		}
		return v
	}
	words := (size + 119) / 120
	word := 0
	if words > 1 {
		v := sc(scramble15, bitsOf(h, 65, 51))
		shift := 0
		for words>>shift > 31 {
			shift++
		}
		word = (v&0x3ff)%(words>>shift)<<shift | v>>10&(1<<shift-1)
	}
	at := func(slot int) *Member {
		if i := word*120 + slot; slot < 120 && i < len(slots) && slots[i].active {
			return slots[i].member
		}
		return nil
	}
	var active []*Member
	usage := 0
	for s := range 120 {
		if i := word*120 + s; i < len(slots) && slots[i].member != nil {
			usage = s + 1
		}
		if m := at(s); m != nil {
			active = append(active, m)
		}
	}
	if len(active) == 0 {
		return nil
	}
	if mode == ir.Fair {
		return active[sc(scramble14, bitsOf(h, 13, 0))%len(active)]
	}
	for i := range 3 {
		if m := at(sc(scramble14, bitsOf(h, 14*i+13, 14*i)) % usage); m != nil {
			return m
		}
	}
	x := sc(scramble18, bitsOf(h, 50, 42)<<9|bitsOf(h, 13, 5))
	xor := [2]int{(x & 63) << 1, (x >> 6 & 63) << 1}
	head := x >> 12 & 63
	var pe [128]*Member
	for j := range 128 {
		pe[j^xor[j&1]] = at(j)
	}
	for i := range 128 {
		if m := pe[(head+128-i)%128]; m != nil {
			return m
		}
	}
	return nil
}

func TestChooseMatchesTheChip(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		size := []int{1, 4, 60, 120, 121, 360, 3900, 7440}[r.IntN(8)]
		sel := &Selector{mode: ir.SelectorMode(r.IntN(2)), scramble: r.IntN(2) == 0}
		g := &Group{max: size, slots: make([]groupSlot, size)}
		density := r.IntN(100)
		for i := range g.slots {
			if r.IntN(100) <= density {
				g.slots[i] = groupSlot{&Member{id: uint32(i)}, r.IntN(5) != 0}
			}
		}
		sel.publish(g)
		for range 300 {
			lo, hi := r.Uint64(), r.Uint64()
			h := new(big.Int).SetUint64(hi)
			h.Lsh(h, 64).Or(h, new(big.Int).SetUint64(lo))
			got, want := g.choose(lo, hi), chooseSlow(g.slots, size, sel.mode, sel.scramble, h)
			if got != want {
				t.Fatalf("seed %d: mode %d size %d scramble %v: choose(%#x, %#x) = %+v, reference %+v", seed, sel.mode, size, sel.scramble, hi, lo, got, want)
			}
		}
	}
}

// TestResilientKeepsOtherFlows: when a member goes down, only its own flows
// move.
func TestResilientKeepsOtherFlows(t *testing.T) {
	sel := &Selector{mode: ir.Resilient, scramble: true}
	g := &Group{max: 120, slots: make([]groupSlot, 120)}
	for i := range 10 {
		g.slots[i] = groupSlot{&Member{id: uint32(i)}, true}
	}
	sel.publish(g)
	before := make([]*Member, 2000)
	r := rand.New(rand.NewPCG(1, 1))
	hash := make([]uint64, len(before))
	for i := range before {
		hash[i] = r.Uint64()
		before[i] = g.choose(hash[i], 0)
	}
	g.slots[9].active = false
	sel.publish(g)
	for i, m := range before {
		if now := g.choose(hash[i], 0); m.id != 9 && now != m {
			t.Fatalf("flow %d moved from member %d to %d", i, m.id, now.id)
		}
	}
}

func TestArrangeKeepsSlots(t *testing.T) {
	m := make([]*Member, 6)
	for i := range m {
		m[i] = &Member{id: uint32(i)}
	}
	on := []bool{true, true, true, true}
	a := arrange(nil, 4, m[:4], on)
	b := arrange(a, 4, []*Member{m[5], m[3], m[1]}, on)
	got := []*Member{b[0].member, b[1].member, b[2].member, b[3].member}
	want := []*Member{m[5], m[1], nil, m[3]}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("slot %d holds %+v, want %+v", i, got[i], want[i])
		}
	}
}
