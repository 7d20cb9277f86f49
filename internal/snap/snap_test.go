package snap

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestValuesComeBack(t *testing.T) {
	var e Encoder
	e.Section("OUT ", func() {
		e.Uint(0, 127, 128, math.MaxUint64)
		e.Int(math.MinInt64)
		e.Bool(true)
		e.Byte(7)
		e.Float(-1.5)
		e.Section("IN  ", func() { e.String("hé") })
		e.Bytes([]byte{1, 2})
		e.Raw([]byte{3})
	})
	d := NewDecoder(e.Body())
	o := d.Section("OUT ")
	for _, want := range []uint64{0, 127, 128, math.MaxUint64} {
		if got := o.Uint(); got != want {
			t.Errorf("%d, want %d", got, want)
		}
	}
	if v := o.Int(); v != math.MinInt64 {
		t.Error(v)
	}
	if !o.Bool() || o.Byte() != 7 || o.Float() != -1.5 {
		t.Error("bool, byte or float")
	}
	if in := o.Section("IN  "); in.String() != "hé" || in.End() != nil {
		t.Error(in.Err())
	}
	if !bytes.Equal(o.Bytes(), []byte{1, 2}) || !bytes.Equal(o.Raw(1), []byte{3}) || o.End() != nil || d.End() != nil {
		t.Error(d.Err())
	}
}

func TestWrongBytesAreErrors(t *testing.T) {
	section := func(body ...byte) []byte {
		var e Encoder
		e.Section("ABCD", func() { e.Raw(body) })
		return e.Body()
	}
	for _, c := range []struct {
		name string
		body []byte
		read func(d *Decoder)
		want string
	}{
		{"nothing", nil, func(d *Decoder) { d.Uint() }, "ends early: damaged"},
		{"long number", bytes.Repeat([]byte{0xff}, 11), func(d *Decoder) { d.Int() }, "ends early: damaged"},
		{"33 bits", []byte{0xff, 0xff, 0xff, 0xff, 0x7f}, func(d *Decoder) { d.Uint32() }, "34359738367 has more than 32 bits"},
		{"too high", []byte{5}, func(d *Decoder) { d.Below("a pipe", 4) }, "a pipe is 5, want less than 4"},
		{"too many", []byte{9, 0}, func(d *Decoder) { d.Len() }, "9 things want more than 1 bytes"},
		{"no bool", []byte{2}, func(d *Decoder) { d.Bool() }, "2 is no truth value"},
		{"short string", []byte{3, 'a'}, func(d *Decoder) { _ = d.String() }, "3 things want more than 1 bytes"},
		{"other section", section(), func(d *Decoder) { d.Section("WXYZ") }, "section ABCD where WXYZ is wanted"},
		{"inside", section(), func(d *Decoder) { d.Section("ABCD").Byte() }, "section ABCD: ends early"},
		{"long section", section(1)[:12], func(d *Decoder) { d.Section("ABCD") }, "section ABCD ends early: 0 of 1 bytes"},
		{"rest", []byte{1, 2}, func(d *Decoder) { _ = d.End() }, "2 bytes too many"},
		{"cause", nil, func(d *Decoder) { d.Wrap(errors.New("no port 9")) }, "no port 9: damaged"},
	} {
		d := NewDecoder(c.body)
		c.read(d)
		if d.Err() == nil || !errors.Is(d.Err(), ErrCorrupt) || !strings.Contains(d.Err().Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, d.Err(), c.want)
		}
		if d.Uint() != 0 || d.Left() != 0 || d.Bytes() != nil || d.String() != "" || d.Len() != 0 {
			t.Errorf("%s: something comes after the error", c.name)
		}
	}
}

func cellsRoundTrip[T cell](t *testing.T, r *rand.Rand) {
	t.Helper()
	v := make([]T, r.IntN(6*pageCells))
	for i := 0; i < len(v); {
		fill := T(r.Uint64())
		for end := min(len(v), i+r.IntN(2*pageCells)); i < end; i++ {
			switch fill & 3 {
			case 0:
				v[i] = T(r.Uint64())
			case 1:
				v[i] = fill
			}
		}
	}
	var e Encoder
	Cells(&e, v)
	got := make([]T, len(v))
	for i := range got {
		got[i] = 1
	}
	d := NewDecoder(e.Body())
	LoadCells(d, got)
	if err := d.End(); err != nil || !slices.Equal(got, v) {
		t.Errorf("%T of %d: %v", v, len(v), err)
	}
	// Cut anywhere, it is an error.
	if len(v) > 0 {
		d = NewDecoder(e.Body()[:r.IntN(len(e.Body()))])
		if LoadCells(d, got); d.Err() == nil {
			t.Errorf("%T of %d: cut, and nobody noticed", v, len(v))
		}
	}
}

func TestCellsComeBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		cellsRoundTrip[uint8](t, r)
		cellsRoundTrip[uint16](t, r)
		cellsRoundTrip[uint32](t, r)
		cellsRoundTrip[uint64](t, r)
	}
	var e Encoder
	Cells(&e, make([]uint32, 1<<20))
	if len(e.Body()) > 8 {
		t.Errorf("%d bytes for zeros", len(e.Body()))
	}
}

func FuzzLoadCells(f *testing.F) {
	f.Add([]byte{1, 1, 5, 0, 0, 0}, uint16(600))
	f.Fuzz(func(t *testing.T, body []byte, n uint16) {
		v := make([]uint16, n)
		LoadCells(NewDecoder(body), v)
	})
}

func TestNamesComeBack(t *testing.T) {
	var e Encoder
	var w, r Names
	list := []string{"a", "b", "a", "", "b", "", "c"}
	for _, s := range list {
		w.Put(&e, s)
	}
	d := NewDecoder(e.Body())
	for _, s := range list {
		if got := r.Get(d); got != s {
			t.Errorf("%q, want %q", got, s)
		}
	}
	if len(e.Body()) > 15 || d.End() != nil {
		t.Errorf("%d bytes, %v", len(e.Body()), d.Err())
	}
}

var kind = Kind{Magic: "TESTTEST", Version: 3, Name: "test"}

func TestSeal(t *testing.T) {
	for _, body := range [][]byte{nil, []byte("body"), make([]byte, 3<<20)} {
		var b bytes.Buffer
		if err := Seal(&b, kind, body); err != nil {
			t.Fatal(err)
		}
		whole := slices.Clone(b.Bytes())
		b.WriteString("rest")
		got, err := Open(&b, kind)
		if err != nil || !bytes.Equal(got, body) || b.String() != "rest" {
			t.Errorf("%d bytes: %v, rest %q", len(body), err, b.String())
		}
		for i := range min(len(whole), 80) {
			if _, err := Open(bytes.NewReader(whole[:i]), kind); !errors.Is(err, ErrCorrupt) {
				t.Errorf("cut to %d: %v", i, err)
			}
			bad := slices.Clone(whole)
			bad[i] ^= 0x40
			if _, err := Open(bytes.NewReader(bad), kind); err == nil {
				t.Errorf("byte %d is wrong, and nobody noticed", i)
			}
		}
	}
	var b bytes.Buffer
	if err := Seal(&b, kind, nil); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		k    Kind
		want string
	}{
		{Kind{"OTHEROTH", 3, "switch"}, "this is no switch: damaged"},
		{Kind{"TESTTEST", 4, "test"}, "test of format version 3 (this program reads: 4)"},
	} {
		if _, err := Open(bytes.NewReader(b.Bytes()), c.k); err == nil || err.Error() != c.want {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
	broken := errors.New("broken disk")
	if _, err := Open(io.MultiReader(bytes.NewReader(b.Bytes()[:30]), badReader{broken}), kind); !errors.Is(err, broken) {
		t.Error(err)
	}
}

type badReader struct{ err error }

func (r badReader) Read([]byte) (int, error) { return 0, r.err }

func TestWriteFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	put := func(text string) error {
		return WriteFile(path, func(w io.Writer) error { _, err := io.WriteString(w, text); return err })
	}
	want := func(text string) {
		t.Helper()
		files, _ := os.ReadDir(filepath.Dir(path))
		got, err := os.ReadFile(path)
		if err != nil || string(got) != text || len(files) != 1 {
			t.Errorf("%q in %d files, want %q in one: %v", got, len(files), text, err)
		}
	}
	if err := put("one"); err != nil {
		t.Fatal(err)
	}
	want("one")
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := put("two"); err != nil {
		t.Fatal(err)
	}
	want("two")
	if st, _ := os.Stat(path); st.Mode().Perm() != 0o600 {
		t.Errorf("the mode became %v", st.Mode())
	}
	failed := fmt.Errorf("no more")
	err := WriteFile(path, func(w io.Writer) error { fmt.Fprint(w, "half"); return failed })
	if !errors.Is(err, failed) {
		t.Error(err)
	}
	want("two")
}
