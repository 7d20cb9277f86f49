package tables

import (
	"encoding/binary"
	"sync/atomic"
)

// Entry is one entry of a match table, or its default. The packet path reads it
// without locks; what may change while packets run is atomic.
type Entry struct {
	act atomic.Pointer[ActionData] // nil where the entry refers to a member or group
	ref atomic.Pointer[reference]  // of a table with a profile

	// The key, immutable: up to 16 bytes live in k0 and k1 (see words), longer
	// ones in long. Engines that match by more than equality add pat.
	k0, k1 uint64
	long   []byte
	pat    *pattern

	cell uint32 // index of the direct cells, and the entry's handle; 0 is the default's
	prio uint32 // $MATCH_PRIORITY: the lower number wins
	seq  uint64 // order of insertion, which breaks ties; guarded by the store's mu
	kind entryKind
	hit  atomic.Uint32 // 1 since a packet hit it, until a sweep or a poll (idle.go)
}

type entryKind uint8

const (
	userEntry    entryKind = iota
	constEntry             // listed in the program as const: cannot be changed
	defaultEntry           // Match.Default
)

// Act is the action of an entry of a direct table.
func (e *Entry) Act() *ActionData { return e.act.Load() }

// Cell is the index of the entry's direct counter and register cells.
func (e *Entry) Cell() uint32 { return e.cell }

// Touch marks the entry as hit. It writes only where nobody did since the last
// look, so that pipes do not fight for the entry.
func (e *Entry) Touch() {
	if e.hit.Load() == 0 {
		e.hit.Store(1)
	}
}

// beats tells whether e wins over o when both match.
func (e *Entry) beats(o *Entry) bool {
	if e.prio != o.prio {
		return e.prio < o.prio
	}
	return e.seq < o.seq
}

// pattern is what an entry that is not exact compares. value and mask cover the
// whole key string; value has no bit set outside mask.
type pattern struct {
	value, mask []byte
	ranges      []keyRange // elements that no mask expresses
	prefix      int        // of the LPM element
	sub         *trie      // in the outer table of an LPM table with exact fields
	proxied     *Entry     // whose key has this hash, in a proxy
}

// keyRange is an inclusive range over the bytes [off, off+len(lo)) of a key.
type keyRange struct {
	off    int
	lo, hi []byte
}

func (r *keyRange) contains(key []byte) bool {
	k := key[r.off : r.off+len(r.lo)]
	return compareBytes(k, r.lo) >= 0 && compareBytes(k, r.hi) <= 0
}

// compareBytes orders two byte strings of the same length, most of them one
// or two bytes long.
func compareBytes(a, b []byte) int {
	for i := range a {
		if a[i] != b[i] {
			if a[i] < b[i] {
				return -1
			}
			return 1
		}
	}
	return 0
}

// words packs a key of n <= 16 bytes into two words. For n <= 8 the first is
// the big-endian number; for more the second holds the last eight bytes, so the
// two overlap. Keys of one table have one length: the packing is injective.
func words(b []byte) (uint64, uint64) {
	n := len(b)
	switch {
	case n > 8:
		return binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[n-8:])
	case n == 8:
		return binary.BigEndian.Uint64(b), 0
	case n >= 4:
		return uint64(binary.BigEndian.Uint32(b))<<(8*uint(n-4)) | uint64(binary.BigEndian.Uint32(b[n-4:])), 0
	case n >= 2:
		return uint64(binary.BigEndian.Uint16(b))<<(8*uint(n-2)) | uint64(binary.BigEndian.Uint16(b[n-2:])), 0
	case n == 1:
		return uint64(b[0]), 0
	}
	return 0, 0
}

// unpack is the inverse of words for a key of n bytes.
func unpack(k0, k1 uint64, n int) []byte {
	b := make([]byte, n)
	if n <= 8 {
		for i := n - 1; i >= 0; i-- {
			b[i] = byte(k0)
			k0 >>= 8
		}
		return b
	}
	binary.BigEndian.PutUint64(b, k0)
	binary.BigEndian.PutUint64(b[n-8:], k1)
	return b
}
