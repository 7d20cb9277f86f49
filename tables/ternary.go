package tables

import (
	"slices"
	"sync/atomic"
)

// ternary finds the entry with the best priority whose value, mask and ranges
// match. It is a binary tree over key bits: a node asks for one bit, a leaf
// holds the few entries that are still possible, best first. An entry that does
// not care about a node's bit is in both halves, so a leaf is split only while
// that pays; the worst case is a scan of the entries that overlap.
//
// Readers take no lock: leaves never change, an update swaps in new ones. A
// lookup ends in one leaf and thus sees an update whole or not at all. One
// writer at a time (who holds the store's mu).
type ternary struct {
	n     int    // bytes of a key; immutable
	cares []byte // bits that are padding are 0: no use to ask for them
	root  atomic.Pointer[ternaryNode]
	used  int // entries; guarded by the store's mu
}

// ternaryNode is a node (rules nil, kids set) or a leaf.
type ternaryNode struct {
	at    int // byte of the key
	bit   uint8
	kids  [2]*atomicNode
	rules []rule
	// tried is the length of rules at the last attempt to split in vain.
	tried int
}

type atomicNode = atomic.Pointer[ternaryNode]

// rule is an entry as a leaf compares it: the key's words as package-level
// words packs them (for more than 16 bytes: the first 16), so that a miss
// does not touch the entry.
type rule struct {
	v0, m0, v1, m1 uint64
	e              *Entry
}

const (
	leafRules = 8    // a leaf with more is split if it can be
	maxDepth  = 1024 // of the tree, against keys of absurd length
)

func newTernary(n int, cares []byte) *ternary {
	t := &ternary{n: n, cares: cares}
	t.root.Store(&ternaryNode{})
	return t
}

func firstWords(b []byte) (uint64, uint64) {
	if len(b) > 16 {
		b = b[:16]
	}
	return words(b)
}

// lookup finds the best entry that matches; len(key) must be t.n.
func (t *ternary) lookup(key []byte) *Entry {
	n := t.root.Load()
	for n.kids[0] != nil {
		i := key[n.at] >> n.bit & 1
		n = n.kids[i].Load()
	}
	if len(n.rules) == 0 {
		return nil
	}
	k0, k1 := firstWords(key)
	for i := range n.rules {
		r := &n.rules[i]
		if (k0^r.v0)&r.m0|(k1^r.v1)&r.m1 == 0 && (r.e.pat.plain(t.n) || r.e.pat.matches(key)) {
			return r.e
		}
	}
	return nil
}

// plain patterns are decided by their first words alone.
func (p *pattern) plain(n int) bool { return n <= 16 && len(p.ranges) == 0 }

func (p *pattern) matches(key []byte) bool {
	for i, m := range p.mask {
		if key[i]&m != p.value[i] {
			return false
		}
	}
	for i := range p.ranges {
		if !p.ranges[i].contains(key) {
			return false
		}
	}
	return true
}

func newRule(e *Entry) rule {
	r := rule{e: e}
	r.v0, r.v1 = firstWords(e.pat.value)
	r.m0, r.m1 = firstWords(e.pat.mask)
	return r
}

// half tells which halves an entry belongs to: 0, 1 or both (2).
func half(e *Entry, at int, bit uint8) int {
	if e.pat.mask[at]>>bit&1 == 0 {
		return 2
	}
	return int(e.pat.value[at] >> bit & 1)
}

// insert adds an entry.
func (t *ternary) insert(e *Entry) {
	t.used++
	t.insertAt(&t.root, newRule(e), 0)
}

func (t *ternary) insertAt(slot *atomicNode, r rule, depth int) {
	n := slot.Load()
	if n.kids[0] != nil {
		h := half(r.e, n.at, n.bit)
		if h != 1 {
			t.insertAt(n.kids[0], r, depth+1)
		}
		if h != 0 {
			t.insertAt(n.kids[1], r, depth+1)
		}
		return
	}
	i, _ := slices.BinarySearchFunc(n.rules, r.e, func(a rule, e *Entry) int {
		if a.e.beats(e) {
			return -1
		}
		return 1
	})
	rules := make([]rule, 0, len(n.rules)+1)
	rules = append(append(append(rules, n.rules[:i]...), r), n.rules[i:]...)
	slot.Store(t.build(rules, n.tried, depth))
}

// build makes a leaf of the rules, or a tree if they are too many. tried is
// the size at which splitting these rules failed before: it is tried again
// when they have grown by a quarter.
func (t *ternary) build(rules []rule, tried, depth int) *ternaryNode {
	leaf := &ternaryNode{rules: rules, tried: tried}
	if len(rules) <= leafRules || len(rules)*4 < tried*5 || depth >= maxDepth {
		return leaf
	}
	at, bit, ok := t.bestBit(rules)
	if !ok {
		leaf.tried = len(rules)
		return leaf
	}
	var part [2][]rule
	for _, r := range rules {
		h := half(r.e, at, bit)
		if h != 1 {
			part[0] = append(part[0], r)
		}
		if h != 0 {
			part[1] = append(part[1], r)
		}
	}
	n := &ternaryNode{at: at, bit: bit, kids: [2]*atomicNode{new(atomicNode), new(atomicNode)}}
	for i := range part {
		n.kids[i].Store(t.build(part[i], 0, depth+1))
	}
	return n
}

// bestBit chooses the bit whose larger half is smallest. It pays when that
// half is at most seven eighths of the rules and not too many are doubled.
func (t *ternary) bestBit(rules []rule) (at int, bit uint8, ok bool) {
	best := len(rules)
	for i := 0; i < t.n; i++ {
		if t.cares[i] == 0 {
			continue
		}
		var n [8][2]int
		for j := range rules {
			m, v := rules[j].e.pat.mask[i], rules[j].e.pat.value[i]
			for b := 0; m != 0; b, m, v = b+1, m>>1, v>>1 {
				n[b][v&1] += int(m & 1)
			}
		}
		for b := range n {
			both := len(rules) - n[b][0] - n[b][1]
			larger := both + max(n[b][0], n[b][1])
			if larger < best && both <= len(rules)/2 {
				best, at, bit = larger, i, uint8(b)
			}
		}
	}
	return at, bit, best*8 <= len(rules)*7
}

// remove takes out an entry that is there.
func (t *ternary) remove(e *Entry) {
	t.used--
	t.removeAt(&t.root, e)
}

func (t *ternary) removeAt(slot *atomicNode, e *Entry) {
	n := slot.Load()
	if n.kids[0] != nil {
		h := half(e, n.at, n.bit)
		if h != 1 {
			t.removeAt(n.kids[0], e)
		}
		if h != 0 {
			t.removeAt(n.kids[1], e)
		}
		if l := join(n); l != nil {
			slot.Store(l)
		}
		return
	}
	rules := make([]rule, 0, len(n.rules))
	for _, r := range n.rules {
		if r.e != e {
			rules = append(rules, r)
		}
	}
	slot.Store(&ternaryNode{rules: rules, tried: min(n.tried, len(rules))})
}

// join is the leaf that replaces a node whose halves have become small, or nil.
func join(n *ternaryNode) *ternaryNode {
	a, b := n.kids[0].Load(), n.kids[1].Load()
	if a.kids[0] != nil || b.kids[0] != nil || len(a.rules)+len(b.rules) > leafRules {
		return nil
	}
	rules := slices.Clone(a.rules)
	for _, r := range b.rules {
		if half(r.e, n.at, n.bit) == 1 {
			rules = append(rules, r)
		}
	}
	slices.SortFunc(rules, func(x, y rule) int {
		if x.e.beats(y.e) {
			return -1
		}
		return 1
	})
	return &ternaryNode{rules: rules}
}
