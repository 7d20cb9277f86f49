package tables

import (
	"sync/atomic"

	"gofino/pipeline/ir"
)

// reference is what an entry of a table with a profile names: one of the two.
type reference struct {
	member *Member
	group  *Group
}

// Member of an action profile.
type Member struct {
	id     uint32
	act    atomic.Pointer[ActionData]
	handle uint32
	// Entries and groups that refer to it; guarded by the store's mu.
	refs, groups int
}

// Group of a selector.
type Group struct {
	id   uint32
	live atomic.Pointer[choice]

	// Guarded by the store's mu.
	handle uint32
	max    int // members
	refs   int // entries that refer to it
	slots  []groupSlot
	adt    uint32 // where the driver is to place it; adtOffsetDefault: anywhere
}

// members is how many there are, active or not.
func (g *Group) members() int {
	n := 0
	for _, sl := range g.slots {
		if sl.member != nil {
			n++
		}
	}
	return n
}

// groupSlot is a place for a member; nil is free.
type groupSlot struct {
	member *Member
	active bool
}

// Selector is a selector's groups and how it chooses.
type Selector struct {
	mode     ir.SelectorMode
	scramble bool
}

func newSelector(s *ir.Selector) *Selector {
	return &Selector{mode: s.Mode, scramble: s.Scramble}
}

// publish makes the packet path see the group's slots.
func (s *Selector) publish(g *Group) {
	c := &choice{mode: s.mode, scramble: s.scramble}
	words, perWord := layout(g.max)
	c.words = make([]choiceWord, words)
	last := 0
	for i, sl := range g.slots {
		if sl.member != nil {
			last = i
		}
	}
	// As long as one word can hold the members, every word has them all.
	alike := last < perWord
	for i, sl := range g.slots {
		if sl.member == nil {
			continue
		}
		if !alike {
			w, at := wordPlace(i, words, perWord)
			c.words[w].put(at, sl)
			continue
		}
		for w := range c.words {
			c.words[w].put(i, sl)
		}
	}
	for w := range c.words {
		c.words[w].list()
	}
	g.live.Store(c)
}

// put fills a slot. A member that is not active counts for usage: flows of the
// others must not move when one goes down.
func (w *choiceWord) put(at int, sl groupSlot) {
	w.usage = max(w.usage, at+1)
	if sl.active {
		w.active[at>>6] |= 1 << (at & 63)
		w.slot[at] = sl.member
	}
}

// list lists the active members, all put.
func (w *choiceWord) list() {
	for _, m := range w.slot {
		if m != nil {
			w.order = append(w.order, m)
		}
	}
	w.count = len(w.order)
}
