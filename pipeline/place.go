package pipeline

import (
	"encoding/binary"

	"gofino/pipeline/ir"
)

// lead bytes before a gress's memory make every load of a place whole: a load
// ends at the place's last byte and is 1, 2, 4 or 8 bytes long. tail bytes after
// it are for emit, which copies whole chunks.
const (
	lead = 8
	tail = emitChunk
)

// place is a bit place of at most 64 bits, ready to load and store: size bytes
// at off hold it, shift bits above their low end. Size 9 is a place that spans
// nine bytes.
type place struct {
	off   int32 // into frame.mem, lead included
	size  uint8
	shift uint8
	width uint8
	mask  uint64
}

// placeOf prepares l, at most 64 bits wide; the zero place stands for no place.
func placeOf(l ir.Loc) place {
	if l.Width == 0 {
		return place{}
	}
	last := l.Bit + l.Width - 1
	span := last>>3 - l.Bit>>3 + 1
	size := 1
	for size < span {
		size *= 2
	}
	if size > 8 {
		size = 9
	}
	return place{
		off:   int32(lead + last>>3 - size + 1),
		size:  uint8(size),
		shift: uint8(7 - last&7),
		width: uint8(l.Width),
		mask:  ones(l.Width),
	}
}

// whole tells that the place fills its bytes.
func (p *place) whole() bool { return p.size <= 8 && int(p.width) == 8*int(p.size) }

func (p *place) load(mem []byte) uint64 {
	b := mem[p.off:]
	switch p.size {
	case 1:
		return uint64(b[0]) >> p.shift & p.mask
	case 2:
		return uint64(binary.BigEndian.Uint16(b)) >> p.shift & p.mask
	case 4:
		return uint64(binary.BigEndian.Uint32(b)) >> p.shift & p.mask
	case 8:
		return binary.BigEndian.Uint64(b) >> p.shift & p.mask
	case 9:
		return load9(b, p.shift) & p.mask
	}
	return 0
}

func (p *place) store(mem []byte, v uint64) {
	switch p.size {
	case 1:
		b := &mem[p.off]
		*b = *b&^byte(p.mask<<p.shift) | byte((v&p.mask)<<p.shift)
	case 2:
		b := mem[p.off:]
		binary.BigEndian.PutUint16(b, binary.BigEndian.Uint16(b)&^uint16(p.mask<<p.shift)|uint16((v&p.mask)<<p.shift))
	case 4:
		b := mem[p.off:]
		binary.BigEndian.PutUint32(b, binary.BigEndian.Uint32(b)&^uint32(p.mask<<p.shift)|uint32((v&p.mask)<<p.shift))
	case 8:
		b := mem[p.off:]
		binary.BigEndian.PutUint64(b, binary.BigEndian.Uint64(b)&^(p.mask<<p.shift)|(v&p.mask)<<p.shift)
	case 9:
		store9(mem[p.off:], v&p.mask, p.shift, p.mask)
	}
}

// load9 is the number that ends shift bits above the end of nine bytes.
func load9(b []byte, shift uint8) uint64 {
	return uint64(b[0])<<(64-shift) | binary.BigEndian.Uint64(b[1:])>>shift
}

// store9 puts v (within mask) where load9 finds it.
func store9(b []byte, v uint64, shift uint8, mask uint64) {
	b[0] = b[0]&^byte(mask>>(64-shift)) | byte(v>>(64-shift))
	binary.BigEndian.PutUint64(b[1:], binary.BigEndian.Uint64(b[1:])&^(mask<<shift)|v<<shift)
}

// ones is n one bits, n from 0 to 64.
func ones(n int) uint64 { return 1<<uint(n) - 1 }
