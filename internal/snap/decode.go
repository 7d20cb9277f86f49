package snap

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// ErrCorrupt is the cause of every error about bytes that no Encoder wrote.
var ErrCorrupt = errors.New("damaged")

// Decoder reads what an Encoder wrote. Its first error stays: after it every
// read gives zero values, and Err tells it.
type Decoder struct {
	buf  []byte
	err  *error // shared with the sections'
	path string // for errors: the section
}

// NewDecoder reads a body, which must not change meanwhile.
func NewDecoder(body []byte) *Decoder { return &Decoder{buf: body, err: new(error)} }

// Err is the first error, of this Decoder and of its sections.
func (d *Decoder) Err() error { return *d.err }

// Fail notes an error about what was read.
func (d *Decoder) Fail(format string, args ...any) {
	if *d.err != nil {
		return
	}
	where := ""
	if d.path != "" {
		where = "section " + d.path + ": "
	}
	*d.err = fmt.Errorf("%s%s: %w", where, fmt.Sprintf(format, args...), ErrCorrupt)
}

// Wrap notes an error whose cause is err, if it is one.
func (d *Decoder) Wrap(err error) {
	if err != nil && *d.err == nil {
		d.Fail("%v", err)
	}
}

func (d *Decoder) take(n int) []byte {
	if *d.err != nil {
		return nil
	}
	if n > len(d.buf) {
		d.Fail("ends early")
		return nil
	}
	b := d.buf[:n:n]
	d.buf = d.buf[n:]
	return b
}

// Left is how many bytes there are still to read; 0 after an error.
func (d *Decoder) Left() int {
	if *d.err != nil {
		return 0
	}
	return len(d.buf)
}

// End checks that everything was read, and is Err.
func (d *Decoder) End() error {
	if len(d.buf) > 0 {
		d.Fail("%d bytes too many", len(d.buf))
	}
	return *d.err
}

// Uint reads an unsigned number.
func (d *Decoder) Uint() uint64 {
	if *d.err != nil {
		return 0
	}
	v, n := binary.Uvarint(d.buf)
	if n <= 0 {
		d.Fail("ends early")
		return 0
	}
	d.buf = d.buf[n:]
	return v
}

// Int reads a signed number.
func (d *Decoder) Int() int64 {
	if *d.err != nil {
		return 0
	}
	v, n := binary.Varint(d.buf)
	if n <= 0 {
		d.Fail("ends early")
		return 0
	}
	d.buf = d.buf[n:]
	return v
}

// Below reads an unsigned number that must be less than limit; it is 0 after an
// error.
func (d *Decoder) Below(what string, limit int) int {
	v := d.Uint()
	if *d.err == nil && v >= uint64(limit) {
		d.Fail("%s is %d, want less than %d", what, v, limit)
		return 0
	}
	return int(v)
}

// Uint32 reads an unsigned number of at most 32 bits.
func (d *Decoder) Uint32() uint32 {
	v := d.Uint()
	if v > math.MaxUint32 {
		d.Fail("%d has more than 32 bits", v)
		return 0
	}
	return uint32(v)
}

// Len reads the number of things that follow, each of at least one byte.
func (d *Decoder) Len() int {
	v := d.Uint()
	if *d.err == nil && v > uint64(len(d.buf)) {
		d.Fail("ends early: %d things want more than %d bytes", v, len(d.buf))
		return 0
	}
	if *d.err != nil {
		return 0
	}
	return int(v)
}

// Bool reads a truth value.
func (d *Decoder) Bool() bool {
	b := d.Byte()
	if b > 1 {
		d.Fail("%d is no truth value", b)
	}
	return b == 1
}

// Byte reads one byte.
func (d *Decoder) Byte() byte {
	b := d.take(1)
	if b == nil {
		return 0
	}
	return b[0]
}

// Float reads a number exactly.
func (d *Decoder) Float() float32 {
	b := d.take(4)
	if b == nil {
		return 0
	}
	return math.Float32frombits(binary.LittleEndian.Uint32(b))
}

// Raw reads n bytes; they belong to the body. After an error they are nil.
func (d *Decoder) Raw(n int) []byte { return d.take(n) }

// Bytes reads bytes after their number; they belong to the body.
func (d *Decoder) Bytes() []byte { return d.take(d.Len()) }

// String reads a string after its length.
func (d *Decoder) String() string { return string(d.Bytes()) }

// Section reads a section, which must have this tag.
func (d *Decoder) Section(tag string) *Decoder {
	got, s := d.Next()
	if *d.err == nil && got != tag {
		d.Fail("section %s where %s is wanted", printable(got), tag)
	}
	return s
}

// Next reads a section, whatever its tag.
func (d *Decoder) Next() (tag string, s *Decoder) {
	tag = string(d.take(tagBytes))
	s = &Decoder{err: d.err, path: printable(tag)}
	if d.path != "" {
		s.path = d.path + "/" + s.path
	}
	size := d.take(8)
	if size == nil {
		return tag, s
	}
	n := binary.LittleEndian.Uint64(size)
	if n > uint64(len(d.buf)) {
		d.Fail("section %s ends early: %d of %d bytes", printable(tag), len(d.buf), n)
		return tag, s
	}
	s.buf = d.take(int(n))
	return tag, s
}

func printable(tag string) string {
	for i := range len(tag) {
		if tag[i] < ' ' || tag[i] > '~' {
			return fmt.Sprintf("%q", tag)
		}
	}
	return tag
}

// LoadCells reads what Cells wrote of an array with the length of v, into v.
func LoadCells[T cell](d *Decoder, v []T) {
	var prev [pageCells]T
	for len(v) > 0 && *d.err == nil {
		pages := uint64(len(v)+pageCells-1) / pageCells
		same, fresh := d.Uint(), d.Uint()
		if same > pages || fresh > pages-same || same+fresh == 0 {
			d.Fail("an array has %d pages, not %d and %d", pages, same, fresh)
			return
		}
		for ; same > 0; same-- {
			v = v[copy(v, prev[:]):]
		}
		n := min(int(fresh)*pageCells, len(v))
		if !readCells(d, v[:n]) {
			return
		}
		if fresh > 0 {
			// A shorter last page is the end: nothing repeats it.
			copy(prev[:], v[(int(fresh)-1)*pageCells:n])
		}
		v = v[n:]
	}
}

func readCells[T cell](d *Decoder, v []T) bool {
	size := 1
	switch any(v).(type) {
	case []uint16:
		size = 2
	case []uint32:
		size = 4
	case []uint64:
		size = 8
	}
	if len(v) == 0 {
		return *d.err == nil
	}
	b := d.take(len(v) * size)
	if b == nil {
		return false
	}
	switch v := any(v).(type) {
	case []uint8:
		copy(v, b)
	case []uint16:
		for i := range v {
			v[i] = binary.LittleEndian.Uint16(b[2*i:])
		}
	case []uint32:
		for i := range v {
			v[i] = binary.LittleEndian.Uint32(b[4*i:])
		}
	case []uint64:
		for i := range v {
			v[i] = binary.LittleEndian.Uint64(b[8*i:])
		}
	}
	return true
}
