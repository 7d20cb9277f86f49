package tables

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"sync/atomic"
)

// exact is a hash table with open addressing and linear probing over keys of n
// bytes. Readers take no lock; one writer at a time (who holds the store's mu).
//
// A slot is 16 bytes: the tag, which for keys of up to 8 bytes is the key
// itself, and the entry. A hit costs two cache lines: slot and entry, and the
// caller needs the entry anyway. A removed entry leaves a tombstone that a later
// insertion may take over, so a reader that matched a tag checks the key in the
// entry too.
type exact struct {
	n    int // bytes of a key; immutable
	live atomic.Pointer[slots]
	used int // entries; guarded by the store's mu
	dead int // tombstones; guarded by the store's mu
}

type slots struct {
	mask uint64
	s    []slot
}

type slot struct {
	tag atomic.Uint64
	e   atomic.Pointer[Entry]
}

// tombstone marks a slot whose entry is gone.
var tombstone = new(Entry)

const minSlots = 16

func newExact(n int) *exact {
	x := &exact{n: n}
	x.live.Store(newSlots(minSlots))
	return x
}

func newSlots(n int) *slots { return &slots{mask: uint64(n - 1), s: make([]slot, n)} }

// mix spreads a word over 64 bits (a multiplication folded onto itself).
func mix(k uint64) uint64 {
	hi, lo := bits.Mul64(k^0x9e3779b97f4a7c15, 0xd6e8feb86659fd93)
	return hi ^ lo
}

// tagOf is the tag of a key, which decides its place as well.
func (x *exact) tagOf(key []byte) (tag, k0, k1 uint64) {
	if x.n <= 8 {
		k0, _ = words(key)
		return k0, k0, 0
	}
	if x.n <= 16 {
		k0, k1 = words(key)
		return mix(k0) ^ k1*0xff51afd7ed558ccd, k0, k1
	}
	return hashLong(key), 0, 0
}

func hashLong(key []byte) uint64 {
	h := uint64(len(key))
	for ; len(key) >= 8; key = key[8:] {
		h = mix(h ^ binary.LittleEndian.Uint64(key))
	}
	if len(key) > 0 {
		w, _ := words(key)
		h = mix(h ^ w)
	}
	return h
}

// lookup finds the entry with the key; len(key) must be x.n.
func (x *exact) lookup(key []byte) *Entry {
	if x.n <= 8 {
		k0, _ := words(key)
		return x.lookup64(k0)
	}
	tag, k0, k1 := x.tagOf(key)
	t := x.live.Load()
	for i := mix(tag) & t.mask; ; i = (i + 1) & t.mask {
		s := &t.s[i]
		e := s.e.Load()
		if e == nil {
			return nil
		}
		if s.tag.Load() != tag || e == tombstone {
			continue
		}
		if x.n <= 16 {
			if e.k0 == k0 && e.k1 == k1 {
				return e
			}
		} else if bytes.Equal(e.long, key) {
			return e
		}
	}
}

func (x *exact) lookup64(k uint64) *Entry {
	t := x.live.Load()
	for i := mix(k) & t.mask; ; i = (i + 1) & t.mask {
		s := &t.s[i]
		e := s.e.Load()
		if e == nil {
			return nil
		}
		if s.tag.Load() == k && e.k0 == k && e != tombstone {
			return e
		}
	}
}

// setKey stores the key in the entry; key must not change afterwards.
func (x *exact) setKey(e *Entry, key []byte) {
	if x.n <= 16 {
		e.k0, e.k1 = words(key)
		return
	}
	e.long = key
}

func (x *exact) keyOf(e *Entry) []byte {
	if x.n <= 16 {
		return unpack(e.k0, e.k1, x.n)
	}
	return e.long
}

func (x *exact) tagOfEntry(e *Entry) uint64 {
	switch {
	case x.n <= 8:
		return e.k0
	case x.n <= 16:
		return mix(e.k0) ^ e.k1*0xff51afd7ed558ccd
	}
	return hashLong(e.long)
}

// insert adds an entry whose key is set and not in the table.
func (x *exact) insert(e *Entry) {
	t := x.live.Load()
	if (x.used+x.dead+1)*8 > len(t.s)*5 {
		t = x.rebuild()
	}
	x.put(t, e)
	x.used++
}

func (x *exact) put(t *slots, e *Entry) {
	tag := x.tagOfEntry(e)
	for i := mix(tag) & t.mask; ; i = (i + 1) & t.mask {
		s := &t.s[i]
		old := s.e.Load()
		if old == nil || old == tombstone {
			if old == tombstone {
				x.dead--
			}
			s.tag.Store(tag)
			s.e.Store(e)
			return
		}
	}
}

// rebuild publishes a table without tombstones and with room to double.
// Readers go on in the old one until they look again.
func (x *exact) rebuild() *slots {
	n := minSlots
	for (x.used+1)*8 > n*3 {
		n *= 2
	}
	old, t := x.live.Load(), newSlots(n)
	x.dead = 0
	for i := range old.s {
		if e := old.s[i].e.Load(); e != nil && e != tombstone {
			x.put(t, e)
		}
	}
	x.live.Store(t)
	return t
}

// remove takes out an entry that is in the table.
func (x *exact) remove(e *Entry) {
	t := x.live.Load()
	for i := mix(x.tagOfEntry(e)) & t.mask; ; i = (i + 1) & t.mask {
		if t.s[i].e.Load() != e {
			continue
		}
		x.used--
		// With a free slot behind it no probe needs the tombstone.
		if t.s[(i+1)&t.mask].e.Load() == nil {
			t.s[i].e.Store(nil)
			return
		}
		t.s[i].e.Store(tombstone)
		x.dead++
		return
	}
}
