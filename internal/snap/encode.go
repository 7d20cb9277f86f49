package snap

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Encoder appends values to a body. The zero value works.
type Encoder struct{ buf []byte }

// Body is what was written so far. It belongs to the Encoder.
func (e *Encoder) Body() []byte { return e.buf }

// Reset forgets what was written, and keeps the memory.
func (e *Encoder) Reset() { e.buf = e.buf[:0] }

// Uint writes unsigned numbers; small ones are short.
func (e *Encoder) Uint(v ...uint64) {
	for _, n := range v {
		e.buf = binary.AppendUvarint(e.buf, n)
	}
}

// Int writes a signed number; small magnitudes are short.
func (e *Encoder) Int(v int64) { e.buf = binary.AppendVarint(e.buf, v) }

// Bool writes a truth value.
func (e *Encoder) Bool(b bool) {
	if b {
		e.buf = append(e.buf, 1)
		return
	}
	e.buf = append(e.buf, 0)
}

// Byte writes one byte.
func (e *Encoder) Byte(b byte) { e.buf = append(e.buf, b) }

// Float writes a number exactly.
func (e *Encoder) Float(f float32) {
	e.buf = binary.LittleEndian.AppendUint32(e.buf, math.Float32bits(f))
}

// Raw writes bytes whose number the reader knows.
func (e *Encoder) Raw(b []byte) { e.buf = append(e.buf, b...) }

// Bytes writes bytes and their number.
func (e *Encoder) Bytes(b []byte) {
	e.Uint(uint64(len(b)))
	e.buf = append(e.buf, b...)
}

// String writes a string and its length.
func (e *Encoder) String(s string) {
	e.Uint(uint64(len(s)))
	e.buf = append(e.buf, s...)
}

// tagBytes of a section's name.
const tagBytes = 4

// Section writes what body writes as a section. The tag has four letters.
func (e *Encoder) Section(tag string, body func()) {
	if len(tag) != tagBytes {
		panic(fmt.Sprintf("BUG: section tag %q", tag))
	}
	e.buf = append(e.buf, tag...)
	at := len(e.buf)
	e.buf = binary.LittleEndian.AppendUint64(e.buf, 0)
	body()
	binary.LittleEndian.PutUint64(e.buf[at:], uint64(len(e.buf)-at-8))
}

// cell is an element of a large array.
type cell interface {
	uint8 | uint16 | uint32 | uint64
}

// pageCells is how many cells are compared and written at a time.
const pageCells = 512

// Cells writes an array whose length the reader knows. Pages that repeat the
// page before (the first: zeros) take no space, so an array that holds nothing
// costs nothing.
//
//	{ pages that repeat, pages that follow, their cells } until the end
func Cells[T cell](e *Encoder, v []T) {
	var prev [pageCells]T
	for len(v) > 0 {
		var same uint64
		for len(v) > 0 && samePage(v, &prev) {
			same++
			v = v[min(pageCells, len(v)):]
		}
		// The run of other pages ends before the next one that repeats.
		rest, fresh := v, uint64(0)
		for len(rest) > 0 && !samePage(rest, &prev) {
			fresh++
			n := copy(prev[:], rest)
			rest = rest[n:]
		}
		e.Uint(same, fresh)
		e.buf = appendCells(e.buf, v[:len(v)-len(rest)])
		v = rest
	}
}

// samePage compares the next page, which may be a shorter last one.
func samePage[T cell](v []T, page *[pageCells]T) bool {
	if len(v) > pageCells {
		v = v[:pageCells]
	}
	for i, x := range v {
		if x != page[i] {
			return false
		}
	}
	return true
}

func appendCells[T cell](b []byte, v []T) []byte {
	switch v := any(v).(type) {
	case []uint8:
		return append(b, v...)
	case []uint16:
		for _, x := range v {
			b = binary.LittleEndian.AppendUint16(b, x)
		}
	case []uint32:
		for _, x := range v {
			b = binary.LittleEndian.AppendUint32(b, x)
		}
	case []uint64:
		for _, x := range v {
			b = binary.LittleEndian.AppendUint64(b, x)
		}
	}
	return b
}
