package tables

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// put writes a big-endian number into dst, which is zero, right-aligned. It
// tells whether the number fits in so many bits.
func put(dst, src []byte, width int) bool {
	for len(src) > len(dst) {
		if src[0] != 0 {
			return false
		}
		src = src[1:]
	}
	copy(dst[len(dst)-len(src):], src)
	if spare := uint(len(dst)*8 - width); spare > 0 && len(src) == len(dst) {
		return dst[0]>>(8-spare) == 0
	}
	return true
}

// number is a value of a numeric field, right-aligned in whole bytes.
func number(v Value, width int) ([]byte, error) {
	b, ok := v.([]byte)
	if !ok {
		return nil, fmt.Errorf("is %s, want []byte", typeName(v))
	}
	out := make([]byte, (width+7)/8)
	if !put(out, b, width) {
		return nil, tooWide(b, width)
	}
	return out, nil
}

func tooWide(b []byte, width int) error {
	return fmt.Errorf("%#x does not fit in %d bits", b, width)
}

// word is a numeric value of at most 64 bits.
func word(v Value, width int) (uint64, error) {
	b, err := number(v, width)
	if err != nil {
		return 0, err
	}
	return toWord(b), nil
}

func toWord(b []byte) uint64 {
	var w uint64
	for _, c := range b {
		w = w<<8 | uint64(c)
	}
	return w
}

// wordBytes is a word in ceil(width/8) bytes.
func wordBytes(w uint64, width int) []byte {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], w)
	return append([]byte(nil), b[8-(width+7)/8:]...)
}

func typeName(v Value) string {
	if v == nil {
		return "nothing"
	}
	return fmt.Sprintf("%T", v)
}

// wants is the Go type of a repeated field's value.
func wants[T any](v Value, what string) (T, error) {
	t, ok := v.(T)
	if !ok {
		return t, fmt.Errorf("is %s, want %s", typeName(v), what)
	}
	return t, nil
}

func choices(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
