package tables

import (
	"slices"
	"sync/atomic"
)

// ternary finds the entry with the best priority whose value, mask and ranges
// match. It is a tree over key bits: a node asks for one bit, a leaf holds the
// few entries that are still possible, best first.
//
// Entries that do not care about a node's bit are in both halves when they are
// few; when they are many they have a branch of their own, the star, that a
// lookup visits as well unless it already has something better. So neither
// space nor visits multiply. The worst case is a scan of the entries that
// overlap.
//
// Readers take no lock: leaves never change, an update swaps in new ones, and a
// lookup finds an entry in one leaf only, so it sees an update whole or not at
// all. One writer at a time (who holds the store's mu).
type ternary struct {
	n     int    // bytes of a key; immutable
	cares []byte // bits that are padding are 0: no use to ask for them; immutable
	root  atomic.Pointer[ternaryNode]

	// Guarded by the store's mu.
	used  int // entries
	refs  int // rules in leaves
	built int // entries at the last rebuild
}

// ternaryNode is a node (kids set) or a leaf.
type ternaryNode struct {
	at   int // byte of the key
	bit  uint8
	kids [2]*atomicNode
	star *atomicNode // nil where both halves hold the entries that do not care
	// starBest is no higher than the lowest priority number in star.
	starBest atomic.Uint32

	rules []rule // of a leaf, best first
	// tried is the length of rules at the last attempt to split in vain.
	tried int
}

type atomicNode = atomic.Pointer[ternaryNode]

func (n *ternaryNode) leaf() bool { return n.kids[0] == nil }

// rule is an entry as a leaf compares it: the key's words as words packs them
// (for more than 16 bytes: the first 16), so that a miss does not touch the
// entry.
type rule struct {
	v0, m0, v1, m1 uint64
	prio           uint32
	more           bool // the words do not decide alone
	e              *Entry
}

const (
	leafRules = 8   // a leaf with more is split if it can be
	maxDepth  = 512 // of the tree, against keys of absurd length
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
	k0, k1 := firstWords(key)
	return t.root.Load().lookup(key, k0, k1, nil)
}

func (n *ternaryNode) lookup(key []byte, k0, k1 uint64, best *Entry) *Entry {
	for !n.leaf() {
		if n.star != nil && (best == nil || n.starBest.Load() <= best.prio) {
			best = n.star.Load().lookup(key, k0, k1, best)
		}
		n = n.kids[key[n.at]>>n.bit&1].Load()
	}
	for i := range n.rules {
		r := &n.rules[i]
		if best != nil && r.prio > best.prio {
			break
		}
		if (k0^r.v0)&r.m0|(k1^r.v1)&r.m1 != 0 || r.more && !r.e.pat.matches(key) {
			continue
		}
		if best == nil || r.e.beats(best) {
			return r.e
		}
		break
	}
	return best
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

func (t *ternary) newRule(e *Entry) rule {
	r := rule{e: e, prio: e.prio, more: !e.pat.plain(t.n)}
	r.v0, r.v1 = firstWords(e.pat.value)
	r.m0, r.m1 = firstWords(e.pat.mask)
	return r
}

// half tells which half an entry belongs to, 0 or 1; 2 if it does not care.
func half(e *Entry, at int, bit uint8) int {
	if e.pat.mask[at]>>bit&1 == 0 {
		return 2
	}
	return int(e.pat.value[at] >> bit & 1)
}

// insert adds an entry. A tree grown entry by entry is built anew when it has
// doubled, or holds too many entries too often.
func (t *ternary) insert(e *Entry) {
	t.used++
	t.insertAt(&t.root, t.newRule(e), 0)
	if t.used >= 2*t.built+leafRules || t.refs > 4*t.used+256 && t.used >= t.built+t.built/4 {
		t.rebuild()
	}
}

func (t *ternary) rebuild() {
	rules := t.root.Load().collect(make(map[*Entry]bool, t.used), make([]rule, 0, t.used))
	sortRules(rules)
	t.refs = 0
	t.root.Store(t.build(rules, 0, 0))
	t.built = t.used
}

// collect appends the rules below n, each once.
func (n *ternaryNode) collect(seen map[*Entry]bool, to []rule) []rule {
	if !n.leaf() {
		to = n.kids[1].Load().collect(seen, n.kids[0].Load().collect(seen, to))
		if n.star != nil {
			to = n.star.Load().collect(seen, to)
		}
		return to
	}
	for _, r := range n.rules {
		if !seen[r.e] {
			seen[r.e] = true
			to = append(to, r)
		}
	}
	return to
}

func sortRules(rules []rule) {
	slices.SortFunc(rules, func(x, y rule) int {
		if x.e.beats(y.e) {
			return -1
		}
		return 1
	})
}

func (t *ternary) insertAt(slot *atomicNode, r rule, depth int) {
	n := slot.Load()
	if !n.leaf() {
		h := half(r.e, n.at, n.bit)
		if h == 2 && n.star != nil {
			n.starBest.Store(min(n.starBest.Load(), r.prio))
			t.insertAt(n.star, r, depth+1)
			return
		}
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
	t.refs -= len(n.rules)
	slot.Store(t.build(rules, n.tried, depth))
}

// build makes a leaf of the rules, or a tree if they are too many. tried is
// the size at which splitting these rules failed before: it is tried again
// when they have grown by a quarter.
func (t *ternary) build(rules []rule, tried, depth int) *ternaryNode {
	leaf := &ternaryNode{rules: rules, tried: tried}
	if len(rules) <= leafRules || len(rules)*4 < tried*5 || depth >= maxDepth {
		t.refs += len(rules)
		return leaf
	}
	at, bit, star, ok := t.bestBit(rules)
	if !ok {
		leaf.tried = len(rules)
		t.refs += len(rules)
		return leaf
	}
	var part [3][]rule
	for _, r := range rules {
		switch h := half(r.e, at, bit); {
		case h < 2 || star:
			part[h] = append(part[h], r)
		default:
			part[0] = append(part[0], r)
			part[1] = append(part[1], r)
		}
	}
	n := &ternaryNode{at: at, bit: bit}
	for i := range n.kids {
		n.kids[i] = new(atomicNode)
		n.kids[i].Store(t.build(part[i], 0, depth+1))
	}
	if star {
		n.star = new(atomicNode)
		n.star.Store(t.build(part[2], 0, depth+1))
		n.starBest.Store(^uint32(0))
		if len(part[2]) > 0 {
			n.starBest.Store(part[2][0].prio)
		}
	}
	return n
}

// bestBit chooses the bit after which a lookup has fewest rules left: those of
// the larger half and those that do not care. The latter are doubled if they
// are at most an eighth, else they make the star.
func (t *ternary) bestBit(rules []rule) (at int, bit uint8, star, ok bool) {
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
			if left := both + max(n[b][0], n[b][1]); left < best {
				best, at, bit, star = left, i, uint8(b), both > len(rules)/8
			}
		}
	}
	if star {
		return at, bit, star, best*16 <= len(rules)*15
	}
	return at, bit, star, best*8 <= len(rules)*7
}

// remove takes out an entry that is there.
func (t *ternary) remove(e *Entry) {
	t.used--
	t.removeAt(&t.root, e)
	t.built = min(t.built, t.used)
}

func (t *ternary) removeAt(slot *atomicNode, e *Entry) {
	n := slot.Load()
	if n.leaf() {
		rules := make([]rule, 0, len(n.rules))
		for _, r := range n.rules {
			if r.e != e {
				rules = append(rules, r)
			}
		}
		t.refs--
		slot.Store(&ternaryNode{rules: rules, tried: min(n.tried, len(rules))})
		return
	}
	switch h := half(e, n.at, n.bit); {
	case h == 2 && n.star != nil:
		t.removeAt(n.star, e)
	case h == 2:
		t.removeAt(n.kids[0], e)
		t.removeAt(n.kids[1], e)
	default:
		t.removeAt(n.kids[h], e)
	}
	if l, gone := join(n); l != nil {
		t.refs -= gone
		slot.Store(l)
	}
}

// join is the leaf that replaces a node whose branches have become small, or
// nil; gone is how many rules it holds less.
func join(n *ternaryNode) (leaf *ternaryNode, gone int) {
	branches := []*atomicNode{n.kids[0], n.kids[1]}
	if n.star != nil {
		branches = append(branches, n.star)
	}
	total := 0
	for _, b := range branches {
		c := b.Load()
		if !c.leaf() {
			return nil, 0
		}
		total += len(c.rules)
	}
	if total > leafRules {
		return nil, 0
	}
	rules := n.collect(make(map[*Entry]bool, total), nil)
	sortRules(rules)
	return &ternaryNode{rules: rules}, total - len(rules)
}
