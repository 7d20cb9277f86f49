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

type trieNode struct {
	depth int
	path  []byte // key[:depth] of everything below
	// runs has a bit at each value of the byte where the best prefix changes;
	// best[i] belongs to run i (nil: none ends in this node).
	runs bitmap256
	best []*Entry
	// kids has a bit at each value that has a child.
	kids     bitmap256
	children []atomic.Pointer[trieNode]

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
	t.root.Store(&trieNode{})
	return t
}

// lookup finds the entry of the longest prefix that key starts with.
func (t *trie) lookup(key []byte) *Entry {
	var found *Entry
	depth := 0
	n := t.root.Load()
	for {
		if n.depth != depth && !bytes.Equal(n.path[depth:], key[depth:n.depth]) {
			return found
		}
		v := key[n.depth]
		if len(n.best) != 0 {
			i := n.runs.rank(v)
			if !n.runs.has(v) {
				i-- // v lies inside a run that starts below it; bit 0 is always set
			}
			if e := n.best[i]; e != nil {
				found = e
			}
		}
		if !n.kids.has(v) {
			return found
		}
		depth = n.depth + 1
		n = n.children[n.kids.rank(v)].Load()
	}
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
	for n.depth < depth {
		n = n.child(key[n.depth])
		if n == nil || n.depth > depth || !bytes.Equal(n.path, key[:n.depth]) {
			return nil
		}
	}
	for _, p := range n.prefixes {
		if p.n == pn && p.bits == topBits(key[depth], pn) {
			return p.e
		}
	}
	return nil
}

func topBits(v, n uint8) uint8 { return v &^ (0xff >> n) }

func (n *trieNode) child(v uint8) *trieNode {
	if !n.kids.has(v) {
		return nil
	}
	return n.children[n.kids.rank(v)].Load()
}

// insert adds a prefix that is not there.
func (t *trie) insert(key []byte, prefix int, e *Entry) {
	depth, pn := place(prefix)
	p := nodePrefix{n: pn, bits: topBits(key[depth], pn), e: e}
	t.used++
	at, n := &t.root, t.root.Load()
	for n.depth < depth {
		v := key[n.depth]
		c := n.child(v)
		if c == nil {
			at.Store(n.withChild(v, newNode(key, depth, p)))
			return
		}
		slot := &n.children[n.kids.rank(v)]
		limit := min(depth, c.depth)
		m := commonPrefix(c.path[:limit], key[:limit])
		switch {
		case m == c.depth: // c lies on the way
			at, n = slot, c
		case m == depth: // the new node lies on the way to c
			slot.Store(newNode(key, depth, p).withChild(c.path[m], c))
			return
		default: // they part at byte m
			fork := &trieNode{depth: m, path: c.path[:m]}
			slot.Store(fork.withChild(c.path[m], c).withChild(key[m], newNode(key, depth, p)))
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

func newNode(key []byte, depth int, p nodePrefix) *trieNode {
	n := &trieNode{depth: depth, path: bytes.Clone(key[:depth]), prefixes: []nodePrefix{p}}
	n.expand()
	return n
}

// withChild is a copy of n with one more child.
func (n *trieNode) withChild(v uint8, c *trieNode) *trieNode {
	d := *n
	i := n.kids.rank(v)
	d.kids.flip(v)
	d.children = make([]atomic.Pointer[trieNode], len(n.children)+1)
	for j := range n.children {
		to := j
		if j >= i {
			to++
		}
		d.children[to].Store(n.children[j].Load())
	}
	d.children[i].Store(c)
	return &d
}

// withoutChild is a copy of n without its child at v.
func (n *trieNode) withoutChild(v uint8) *trieNode {
	d := *n
	i := n.kids.rank(v)
	d.kids.flip(v)
	d.children = make([]atomic.Pointer[trieNode], len(n.children)-1)
	for j := range d.children {
		from := j
		if j >= i {
			from++
		}
		d.children[j].Store(n.children[from].Load())
	}
	return &d
}

// withPrefix is a copy of n with one more prefix.
func (n *trieNode) withPrefix(p nodePrefix) *trieNode {
	d := *n
	i := 0
	for i < len(n.prefixes) && (n.prefixes[i].n < p.n || n.prefixes[i].n == p.n && n.prefixes[i].bits < p.bits) {
		i++
	}
	d.prefixes = make([]nodePrefix, 0, len(n.prefixes)+1)
	d.prefixes = append(append(append(d.prefixes, n.prefixes[:i]...), p), n.prefixes[i:]...)
	d.expand()
	return &d
}

// expand makes runs and best of the prefixes: longer ones paint over shorter.
func (n *trieNode) expand() {
	n.runs, n.best = bitmap256{}, nil
	if len(n.prefixes) == 0 {
		return
	}
	var all [256]*Entry
	for _, p := range n.prefixes {
		part := all[p.bits : int(p.bits)+1<<(8-p.n)]
		for i := range part {
			part[i] = p.e
		}
	}
	runs := 1
	n.runs.w[0] = 1
	for v := 1; v < 256; v++ {
		if all[v] != all[v-1] {
			n.runs.w[v>>6] |= 1 << (v & 63)
			runs++
		}
	}
	sum := 0
	n.best = make([]*Entry, 0, runs)
	for i, w := range n.runs.w {
		n.runs.sum[i] = uint8(sum)
		sum += bits.OnesCount64(w)
		for ; w != 0; w &= w - 1 {
			n.best = append(n.best, all[i*64+bits.TrailingZeros64(w)])
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
	for n.depth < depth {
		upAt, up = at, n
		at = &n.children[n.kids.rank(key[n.depth])]
		n = at.Load()
	}
	d := *n
	d.prefixes = nil
	for _, p := range n.prefixes {
		if p.n != pn || p.bits != topBits(key[depth], pn) {
			d.prefixes = append(d.prefixes, p)
		}
	}
	d.expand()
	switch {
	case up == nil || len(d.prefixes) > 0 || len(d.children) > 1:
		at.Store(&d)
	case len(d.children) == 1:
		at.Store(d.children[0].Load())
	default:
		rest := up.withoutChild(key[up.depth])
		// A fork that is left with one way is no fork; the root stays.
		if up.depth > 0 && len(rest.prefixes) == 0 && len(rest.children) == 1 {
			rest = rest.children[0].Load()
		}
		upAt.Store(rest)
	}
}
