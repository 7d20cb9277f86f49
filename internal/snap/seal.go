package snap

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Kind of a sealed body.
type Kind struct {
	Magic   string // 8 bytes, the first of the file
	Version uint32 // of the format, written and read
	Name    string // for errors: "saved switch"
}

const (
	magicBytes = 8
	headBytes  = magicBytes + 4 + 8 // magic, version, length
)

// Seal writes a body with everything that it takes to trust it later.
func Seal(w io.Writer, k Kind, body []byte) error {
	if len(k.Magic) != magicBytes {
		panic(fmt.Sprintf("BUG: magic %q", k.Magic))
	}
	head := append(make([]byte, 0, headBytes), k.Magic...)
	head = binary.LittleEndian.AppendUint32(head, k.Version)
	head = binary.LittleEndian.AppendUint64(head, uint64(len(body)))
	sum := sha256.New()
	sum.Write(head)
	sum.Write(body)
	for _, b := range [][]byte{head, body, sum.Sum(nil)} {
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	return nil
}

// Open reads what Seal wrote, not a byte more, and gives the body once its
// checksum is right.
func Open(r io.Reader, k Kind) ([]byte, error) {
	head := make([]byte, headBytes)
	n, err := io.ReadFull(r, head)
	if n >= magicBytes && string(head[:magicBytes]) != k.Magic || n < magicBytes && !bytes.HasPrefix([]byte(k.Magic), head[:n]) {
		return nil, fmt.Errorf("this is no %s: %w", k.Name, ErrCorrupt)
	}
	if err != nil {
		return nil, early(k, int64(n), headBytes, err)
	}
	if v := binary.LittleEndian.Uint32(head[magicBytes:]); v != k.Version {
		return nil, fmt.Errorf("%s of format version %d (this program reads: %d)", k.Name, v, k.Version)
	}
	size := binary.LittleEndian.Uint64(head[magicBytes+4:])
	if size > 1<<62 {
		return nil, fmt.Errorf("%s of %d bytes: %w", k.Name, size, ErrCorrupt)
	}
	var b bytes.Buffer
	// A length that is a lie costs no more memory than there are bytes.
	b.Grow(int(min(size+sha256.Size, 1<<20)))
	want := int64(size) + sha256.Size
	if got, err := io.CopyN(&b, r, want); err != nil {
		return nil, early(k, got, want, err)
	}
	body := b.Bytes()[:size]
	sum := sha256.New()
	sum.Write(head)
	sum.Write(body)
	if !bytes.Equal(sum.Sum(nil), b.Bytes()[size:]) {
		return nil, fmt.Errorf("%s: checksum differs: %w", k.Name, ErrCorrupt)
	}
	return body, nil
}

func early(k Kind, got, want int64, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%s ends early, after %d of %d bytes: %w", k.Name, got, want, ErrCorrupt)
	}
	return err
}
