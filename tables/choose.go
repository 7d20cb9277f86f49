package tables

import "gofino/pipeline/ir"

// wordMembers is how many members one selector RAM word holds.
const wordMembers = 120

// choice is a group as the packet path sees it: immutable, replaced whole.
type choice struct {
	mode     ir.SelectorMode
	scramble bool
	words    []choiceWord // a group of max size m has ceil(m/120)
}

// choiceWord is one word of 120 slots.
type choiceWord struct {
	active [2]uint64 // bit i: slot i holds an active member
	count  int       // active members
	usage  int       // highest slot with a member, active or not, + 1
	slot   [wordMembers]*Member
	// order lists the active members by slot.
	order []*Member
}

func (w *choiceWord) has(i uint32) bool { return w.active[i>>6]>>(i&63)&1 != 0 }

// choose is the member for a hash; nil if there is none (chip.md section 8).
func (g *Group) choose(lo, hi uint64) *Member {
	c := g.live.Load()
	w := &c.words[0]
	if len(c.words) > 1 {
		w = &c.words[c.word(lo, hi)]
	}
	if w.count == 0 {
		return nil
	}
	if c.mode == ir.Fair {
		v := uint32(lo & 0x3fff)
		if c.scramble {
			v = scramble14.apply(v)
		}
		return w.order[int(v)%w.count]
	}
	return c.resilient(w, lo)
}

// word chooses by hash[65:51].
func (c *choice) word(lo, hi uint64) int {
	h := uint32(lo>>51|hi<<13) & 0x7fff
	if c.scramble {
		h = scramble15.apply(h)
	}
	n, shift := len(c.words), 0
	for n>>shift > 31 {
		shift++
	}
	return int(h&0x3ff)%(n>>shift)<<shift | int(h>>10)&(1<<shift-1)
}

// resilient probes three slots; when none is active it scans all of them in an
// order that the hash decides.
func (c *choice) resilient(w *choiceWord, lo uint64) *Member {
	for i := 0; i < 3; i++ {
		v := uint32(lo>>(14*i)) & 0x3fff
		if c.scramble {
			v = scramble14.apply(v)
		}
		if s := v % uint32(w.usage); w.has(s) {
			return w.slot[s]
		}
	}
	x := uint32(lo>>42&0x1ff)<<9 | uint32(lo>>5)&0x1ff
	if c.scramble {
		x = scramble18.apply(x)
	}
	swap := [2]uint32{x & 63 << 1, x >> 6 & 63 << 1}
	head := x >> 12 & 63
	for i := uint32(0); i < 128; i++ {
		at := (head + 128 - i) % 128
		s := at ^ swap[at&1]
		if s < wordMembers && w.has(s) {
			return w.slot[s]
		}
	}
	return nil
}
