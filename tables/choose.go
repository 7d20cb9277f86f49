package tables

import (
	"math/bits"

	"gofino/pipeline/ir"
)

// wordMembers is how many members one selector RAM word holds.
const wordMembers = 120

// choice is a group as the packet path sees it: immutable, replaced whole.
type choice struct {
	mode     ir.SelectorMode
	scramble bool
	words    []choiceWord // see layout
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

// layout is the words of a group of a size and how many slots of each are for
// members: as few words as can hold the size, more than 32 of them in the steps
// that the choice of a word can tell apart (pipe_mgr_select_tbl.c of the driver).
func layout(size int) (words, perWord int) {
	words = max(1, (size+wordMembers-1)/wordMembers)
	if n := bits.Len(uint(words - 1)); n > 5 {
		step := 1 << (n - 5)
		words = (words + step - 1) / step * step
	}
	perWord = (max(size, 1) + words - 1) / words
	if words > 1 {
		perWord = max(perWord, 65)
	}
	return words, perWord
}

// wordPlace is where a member of slot i lies when the members of its group do not fit
// in one word. The driver fills each word with the first perWord members, which it
// shares out among the words when one more comes; that one and those after it go
// to the emptiest word.
func wordPlace(i, words, perWord int) (word, at int) {
	share, rest := perWord/words, perWord%words
	switch long := rest * (share + 1); {
	case i < share:
		return 0, i
	case i < share+long:
		return 1 + (i-share)/(share+1), (i - share) % (share + 1)
	case i < perWord:
		return 1 + rest + (i-share-long)/share, (i - share - long) % share
	case i < perWord+words-rest:
		word = i - perWord
		if word > 0 {
			word += rest
		}
		return word, share
	}
	n := i - words*(share+1)
	return n % words, share + 1 + n/words
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
