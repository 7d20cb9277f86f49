package av1

import "math/bits"

// bitReader reads big-endian bit fields. After the end it returns zeros and
// short is set: callers check once, at the end of a group of fields.
type bitReader struct {
	buf   []byte
	pos   int // in bits
	short bool
}

func (r *bitReader) read(n int) int {
	v := 0
	for range n {
		i := r.pos >> 3
		if i >= len(r.buf) {
			r.short = true
			return 0
		}
		v = v<<1 | int(r.buf[i]>>(7-r.pos&7)&1)
		r.pos++
	}
	return v
}

func (r *bitReader) flag() bool { return r.read(1) == 1 }

// nonSymmetric reads a value of 0..n-1 (n >= 1): the low values take one bit
// less than the high ones.
func (r *bitReader) nonSymmetric(n int) int {
	w := bits.Len(uint(n))
	m := 1<<w - n
	v := r.read(w - 1)
	if v < m {
		return v
	}
	return v<<1 - m + r.read(1)
}

// bitWriter is the other direction.
type bitWriter struct {
	buf []byte
	pos int // bits used of the last byte, 0 when it is full
}

func (w *bitWriter) write(v, n int) {
	for i := n - 1; i >= 0; i-- {
		if w.pos == 0 {
			w.buf = append(w.buf, 0)
		}
		w.buf[len(w.buf)-1] |= byte(v>>i&1) << (7 - w.pos)
		w.pos = (w.pos + 1) & 7
	}
}

func (w *bitWriter) flag(b bool) {
	if b {
		w.write(1, 1)
	} else {
		w.write(0, 1)
	}
}

func (w *bitWriter) nonSymmetric(v, n int) {
	width := bits.Len(uint(n))
	m := 1<<width - n
	if v < m {
		w.write(v, width-1)
		return
	}
	w.write((v+m)>>1, width-1)
	w.write((v+m)&1, 1)
}
