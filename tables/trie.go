package tables

import (
	"bytes"
	"math/bits"
	"sync/atomic"
)

// trie finds the longest prefix of byte strings of one length. A node looks at
// one byte; bytes on which no two prefixes differ are skipped and compared at
// once (path compression), so an IPv6 table is as deep as its prefixes differ.
//
//	node at depth d: prefixes of 8d+1..8d+8 bits, expanded to runs of values of byte d
//	                 children by value of byte d
//
// Readers take no lock: a node's contents never change once published except
// for the pointers to its children, which are swapped whole. One writer at a
// time (who holds the store's mu).
type trie struct {
	root atomic.Pointer[trieNode]
	used int // prefixes; guarded by the store's mu
}

// trieNode is one cache line that answers most lookups by itself; what larger
// nodes need and what only the writer needs is in rest.
type trieNode struct {
	depth uint16
	skip  uint8 // bytes before depth that no parent looked at
	flags nodeFlags
	// Up to four prefixes, longest first: byte&mask == bits.
	small uint8 // their number
	bits  [4]uint8
	mask  [4]uint8
	// skipped is the skipped bytes as words packs them; of more than 8, unused.
	skipped uint64
	entries [4]*Entry
	rest    *trieRest // never nil
}

type nodeFlags uint8

const (
	hasKids  nodeFlags = 1 << iota
	hasRuns            // more than four prefixes: see trieRest.runs
	longSkip           // skipped bytes do not fit in a word
)

type trieRest struct {
	// kids has a bit at each value that has a child.
	kids     bitmap256
	children []atomic.Pointer[trieNode]
	// runs has a bit at each value of the byte where the best prefix changes;
	// best[i] belongs to run i (nil: none ends in this node).
	runs bitmap256
	best []*Entry

	path     []byte       // key[:depth] of everything below
	prefixes []nodePrefix // writer's, ascending by length, then value
}

// nodePrefix is a prefix that ends in a node: the top n bits of a byte, 0 to 8.
type nodePrefix struct {
	n, bits uint8
	e       *Entry
}

// bitmap256 is a set of byte values with the counts before each word.
type bitmap256 struct {
	w   [4]uint64
	sum [4]uint8
}

func (b *bitmap256) has(v uint8) bool { return b.w[v>>6]>>(v&63)&1 != 0 }

// rank counts the members below v.
func (b *bitmap256) rank(v uint8) int {
	return int(b.sum[v>>6]) + bits.OnesCount64(b.w[v>>6]&(1<<(v&63)-1))
}

func (b *bitmap256) flip(v uint8) {
	b.w[v>>6] ^= 1 << (v & 63)
	n := 0
	for i, w := range b.w {
		b.sum[i] = uint8(n) // at most 192
		n += bits.OnesCount64(w)
	}
}

func newTrie() *trie {
	t := &trie{}
	t.root.Store(&trieNode{rest: &trieRest{}})
	return t
}

// lookup finds the entry of the longest prefix that key starts with.
func (t *trie) lookup(key []byte) *Entry {
	var found *Entry
	n := t.root.Load()
	for {
		d := int(n.depth)
		if n.skip != 0 {
			if n.flags&longSkip != 0 {
				if !bytes.Equal(n.rest.path[d-int(n.skip):], key[d-int(n.skip):d]) {
					return found
				}
			} else if w, _ := words(key[d-int(n.skip) : d]); w != n.skipped {
				return found
			}
		}
		v := key[d]
		if n.flags&hasRuns != 0 {
			if e := n.rest.bestOf(v); e != nil {
				found = e
			}
		} else {
			for i := 0; i < int(n.small); i++ {
				if v&n.mask[i&3] == n.bits[i&3] {
					found = n.entries[i&3]
					break
				}
			}
		}
		if n.flags&hasKids == 0 {
			return found
		}
		r := n.rest
		if !r.kids.has(v) {
			return found
		}
		n = r.children[r.kids.rank(v)].Load()
	}
}

func (r *trieRest) bestOf(v uint8) *Entry {
	i := r.runs.rank(v)
	if !r.runs.has(v) {
		i-- // v lies inside a run that starts below it; bit 0 is always set
	}
	return r.best[i]
}

// place is where a prefix of so many bits ends: the node's depth and the bits
// inside its byte.
func place(prefix int) (depth int, n uint8) {
	if prefix == 0 {
		return 0, 0
	}
	depth = (prefix - 1) / 8
	return depth, uint8(prefix - 8*depth)
}

// find returns the entry with exactly this prefix, or nil.
func (t *trie) find(key []byte, prefix int) *Entry {
	depth, pn := place(prefix)
	n := t.root.Load()
	for int(n.depth) < depth {
		n = n.child(key[n.depth])
		if n == nil || int(n.depth) > depth || !bytes.Equal(n.rest.path, key[:n.depth]) {
			return nil
		}
	}
	for _, p := range n.rest.prefixes {
		if p.n == pn && p.bits == topBits(key[depth], pn) {
			return p.e
		}
	}
	return nil
}

func topBits(v, n uint8) uint8 { return v &^ (0xff >> n) }

func (n *trieNode) child(v uint8) *trieNode {
	if !n.rest.kids.has(v) {
		return nil
	}
	return n.slot(v).Load()
}

func (n *trieNode) slot(v uint8) *atomic.Pointer[trieNode] {
	return &n.rest.children[n.rest.kids.rank(v)]
}

// insert adds a prefix that is not there.
func (t *trie) insert(key []byte, prefix int, e *Entry) {
	depth, pn := place(prefix)
	p := nodePrefix{n: pn, bits: topBits(key[depth], pn), e: e}
	t.used++
	at, n := &t.root, t.root.Load()
	for int(n.depth) < depth {
		v := key[n.depth]
		below := int(n.depth) + 1
		c := n.child(v)
		if c == nil {
			at.Store(n.withChild(v, newNode(key, depth, below, p)))
			return
		}
		limit := min(depth, int(c.depth))
		m := commonPrefix(c.rest.path[:limit], key[:limit])
		switch {
		case m == int(c.depth): // c lies on the way
			at, n = n.slot(v), c
		case m == depth: // the new node lies on the way to c
			n.slot(v).Store(newNode(key, depth, below, p).withChild(c.rest.path[m], c.under(m+1)))
			return
		default: // they part at byte m
			fork := newNode(key, m, below)
			fork = fork.withChild(c.rest.path[m], c.under(m+1))
			n.slot(v).Store(fork.withChild(key[m], newNode(key, depth, m+1, p)))
			return
		}
	}
	at.Store(n.withPrefix(p))
}

func commonPrefix(a, b []byte) int {
	for i := range a {
		if a[i] != b[i] {
			return i
		}
	}
	return len(a)
}

// newNode makes a node at a depth whose parent looks at byte below-1.
func newNode(key []byte, depth, below int, prefixes ...nodePrefix) *trieNode {
	n := &trieNode{depth: uint16(depth), rest: &trieRest{path: bytes.Clone(key[:depth])}}
	n.setPrefixes(prefixes)
	return n.under(below)
}

// under is a copy of n whose parent looks at byte below-1.
func (n *trieNode) under(below int) *trieNode {
	d := *n
	d.skip = uint8(int(n.depth) - below)
	d.flags &^= longSkip
	if d.skip > 8 {
		d.flags |= longSkip
	} else {
		d.skipped, _ = words(n.rest.path[below:])
	}
	return &d
}

// edit is a copy of n and of its rest, to change before it is published.
func (n *trieNode) edit() *trieNode {
	d, r := *n, *n.rest
	d.rest = &r
	return &d
}

// withChild is a copy of n with one more child.
func (n *trieNode) withChild(v uint8, c *trieNode) *trieNode {
	d := n.edit()
	r, old := d.rest, n.rest.children
	i := r.kids.rank(v)
	r.kids.flip(v)
	d.flags |= hasKids
	r.children = make([]atomic.Pointer[trieNode], len(old)+1)
	for j := range old {
		to := j
		if j >= i {
			to++
		}
		r.children[to].Store(old[j].Load())
	}
	r.children[i].Store(c)
	return d
}

// withoutChild is a copy of n without its child at v.
func (n *trieNode) withoutChild(v uint8) *trieNode {
	d := n.edit()
	r, old := d.rest, n.rest.children
	i := r.kids.rank(v)
	r.kids.flip(v)
	r.children = make([]atomic.Pointer[trieNode], len(old)-1)
	for j := range r.children {
		from := j
		if j >= i {
			from++
		}
		r.children[j].Store(old[from].Load())
	}
	if len(r.children) == 0 {
		d.flags &^= hasKids
	}
	return d
}

// withPrefix is a copy of n with one more prefix.
func (n *trieNode) withPrefix(p nodePrefix) *trieNode {
	d := n.edit()
	old := n.rest.prefixes
	i := 0
	for i < len(old) && (old[i].n < p.n || old[i].n == p.n && old[i].bits < p.bits) {
		i++
	}
	list := make([]nodePrefix, 0, len(old)+1)
	d.setPrefixes(append(append(append(list, old[:i]...), p), old[i:]...))
	return d
}

// setPrefixes lays out the prefixes, which are in order: a few in the node,
// more as runs.
func (n *trieNode) setPrefixes(list []nodePrefix) {
	n.rest.prefixes = list
	n.small, n.bits, n.mask, n.entries = 0, [4]uint8{}, [4]uint8{}, [4]*Entry{}
	n.rest.runs, n.rest.best = bitmap256{}, nil
	n.flags &^= hasRuns
	if len(list) > len(n.entries) {
		n.flags |= hasRuns
		n.rest.expand()
		return
	}
	n.small = uint8(len(list))
	for i := range list {
		p := list[len(list)-1-i]
		n.bits[i], n.mask[i], n.entries[i] = p.bits, ^uint8(0xff>>p.n), p.e
	}
}

// expand makes runs and best of the prefixes: longer ones paint over shorter.
func (r *trieRest) expand() {
	var all [256]*Entry
	for _, p := range r.prefixes {
		part := all[p.bits : int(p.bits)+1<<(8-p.n)]
		for i := range part {
			part[i] = p.e
		}
	}
	n := 1
	r.runs.w[0] = 1
	for v := 1; v < 256; v++ {
		if all[v] != all[v-1] {
			r.runs.w[v>>6] |= 1 << (v & 63)
			n++
		}
	}
	sum := 0
	r.best = make([]*Entry, 0, n)
	for i, w := range r.runs.w {
		r.runs.sum[i] = uint8(sum)
		sum += bits.OnesCount64(w)
		for ; w != 0; w &= w - 1 {
			r.best = append(r.best, all[i*64+bits.TrailingZeros64(w)])
		}
	}
}

// remove takes out a prefix that is there, and nodes that nothing needs.
func (t *trie) remove(key []byte, prefix int) {
	depth, pn := place(prefix)
	t.used--
	at, n := &t.root, t.root.Load()
	var upAt *atomic.Pointer[trieNode] // where n's parent hangs
	var up *trieNode
	for int(n.depth) < depth {
		upAt, up = at, n
		at = n.slot(key[n.depth])
		n = at.Load()
	}
	var left []nodePrefix
	for _, p := range n.rest.prefixes {
		if p.n != pn || p.bits != topBits(key[depth], pn) {
			left = append(left, p)
		}
	}
	d := n.edit()
	d.setPrefixes(left)
	switch {
	case up == nil || len(left) > 0 || len(d.rest.children) > 1:
		at.Store(d)
	case len(d.rest.children) == 1:
		at.Store(d.rest.children[0].Load().under(int(up.depth) + 1))
	default:
		rest := up.withoutChild(key[up.depth])
		// A fork that is left with one way is no fork; the root stays.
		if up.depth > 0 && len(rest.rest.prefixes) == 0 && len(rest.rest.children) == 1 {
			rest = rest.rest.children[0].Load().under(int(up.depth) - int(up.skip))
		}
		upAt.Store(rest)
	}
}
