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

// fillWords puts members into words one after the other, the way the driver does.
func fillWords(slots []groupSlot, size int) [][120]groupSlot {
	words := (size-1)/120 + 1
	if words > 32 {
		step := 2
		for words > 32*step {
			step *= 2
		}
		for words%step != 0 {
			words++
		}
	}
	perWord := (size-1)/words + 1
	if words > 1 && perWord < 65 {
		perWord = 65
	}
	for len(slots) > 0 && slots[len(slots)-1].member == nil {
		slots = slots[:len(slots)-1]
	}
	grid := make([][120]groupSlot, words)
	used := make([]int, words)
	put := func(w int, sl groupSlot) {
		grid[w][used[w]] = sl
		used[w]++
	}
	if len(slots) <= perWord {
		for _, sl := range slots {
			for w := range grid {
				put(w, sl)
			}
		}
		return grid
	}
	first := slots[:perWord]
	for w := range grid {
		n := perWord / words
		if w >= 1 && w <= perWord%words {
			n++
		}
		for _, sl := range first[:n] {
			put(w, sl)
		}
		first = first[n:]
	}
	for _, sl := range slots[perWord:] {
		w := 0
		for i := range used {
			if used[i] < used[w] {
				w = i
			}
		}
		put(w, sl)
	}
	return grid
}

// chooseSlow is chip.md section 8 once more, on slots and big numbers.
func chooseSlow(slots []groupSlot, size int, mode ir.SelectorMode, scramble bool, h *big.Int) *Member {
	sc := func(s scrambler, v int) int {
		if scramble {
			return int(s.apply(uint32(v)))
		}
		return v
	}
	grid := fillWords(slots, size)
	words := len(grid)
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
		if slot < 120 && grid[word][slot].active {
			return grid[word][slot].member
		}
		return nil
	}
	var active []*Member
	usage := 0
	for s := range 120 {
		if grid[word][s].member != nil {
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
		size := []int{1, 4, 60, 120, 121, 200, 360, 1024, 3900, 4000, 7440}[r.IntN(11)]
		sel := &Selector{mode: ir.SelectorMode(r.IntN(2)), scramble: r.IntN(2) == 0}
		g := &Group{max: size, slots: make([]groupSlot, size)}
		density, filled := r.IntN(100), r.IntN(size)+1
		if r.IntN(3) == 0 {
			filled = min(size, 1+r.IntN(130))
		}
		for i := range filled {
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

// TestWideGroupWithFewMembers: every word of a group that is wider than its
// members has them all, so that no packet finds nothing.
func TestWideGroupWithFewMembers(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	for _, c := range []struct{ size, members int }{{1024, 1}, {1024, 114}, {1024, 115}, {4000, 125}, {4000, 126}} {
		sel := &Selector{scramble: true}
		g := &Group{max: c.size, slots: make([]groupSlot, c.size)}
		for i := range c.members {
			g.slots[i] = groupSlot{&Member{id: uint32(i)}, true}
		}
		sel.publish(g)
		for range 2000 {
			if lo, hi := r.Uint64(), r.Uint64(); g.choose(lo, hi) == nil {
				t.Fatalf("%d members in a group of %d: hash %#x, %#x chooses none", c.members, c.size, lo, hi)
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
