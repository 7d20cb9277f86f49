package av1

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// The sizes are those of the descriptors that real senders sent for these
// modes, with a structure: 15, 20 and 33 bytes (facts: scallop.md, 2.9).
func TestReferenceStructures(t *testing.T) {
	for _, c := range []struct {
		name  string
		s     *Structure
		size  int
		needs []uint32
	}{
		{"L1T2", L1T2(), 15, []uint32{0b11, 0b11, 0b10}},
		{"L1T3", L1T3(), 20, []uint32{0b111, 0b111, 0b110, 0b100, 0b100}},
		{"L2T2", L2T2(), 33, []uint32{0b1111, 0b1111, 0b1010, 0b1100, 0b1100, 0b1000}},
	} {
		for _, offset := range []int{0, 6, 60, 63} {
			c.s.Offset = offset
			in := &Descriptor{StartOfFrame: true, EndOfFrame: true, TemplateID: offset, FrameNumber: 65535, Structure: c.s,
				HasActiveTargets: true, ActiveTargets: 1<<c.s.DecodeTargets - 1}
			wire := in.Append(nil, 0)
			require.Len(t, wire, c.size, c.name)
			out, err := Parse(wire, nil)
			require.NoError(t, err)
			require.Equal(t, in, out, "%s offset %d", c.name, offset)
			for i, want := range c.needs {
				require.Equal(t, want, out.Structure.Needs(i), "%s template %d", c.name, i)
				require.Equal(t, i, out.Structure.Index((offset+i)%64))
			}
			require.Equal(t, -1, out.Structure.Index((offset+len(c.needs))%64))
		}
	}
}

func TestLayersOfDecodeTargets(t *testing.T) {
	s := L2T2()
	want := [][2]int{{0, 0}, {0, 1}, {1, 0}, {1, 1}}
	for dt, w := range want {
		spatial, temporal := s.Layers(dt)
		require.Equal(t, w, [2]int{spatial, temporal}, "decode target %d", dt)
	}
}

func TestShortDescriptorNeedsNoStructure(t *testing.T) {
	d, err := Parse([]byte{0xc5, 0x12, 0x34}, nil)
	require.NoError(t, err)
	require.Equal(t, &Descriptor{StartOfFrame: true, EndOfFrame: true, TemplateID: 5, FrameNumber: 0x1234}, d)
}

func TestCustomFieldsAndActiveTargets(t *testing.T) {
	s := L1T3()
	in := &Descriptor{TemplateID: 2, FrameNumber: 7, HasActiveTargets: true, ActiveTargets: 0b011,
		CustomDTIs: []DTI{NotPresent, Required, Required}, CustomFrameDiffs: []int{1, 17, 4096}, CustomChainDiffs: []int{255}}
	out, err := Parse(in.Append(nil, s.DecodeTargets), s)
	require.NoError(t, err)
	require.Equal(t, in, out)
	require.Equal(t, in.CustomDTIs, out.DTIs(s))

	in = &Descriptor{TemplateID: 2, CustomFrameDiffs: []int{}}
	out, err = Parse(in.Append(nil, s.DecodeTargets), s)
	require.NoError(t, err)
	require.Equal(t, in, out)
	require.Equal(t, s.Templates[2].DTIs, out.DTIs(s))
}

func TestParseErrors(t *testing.T) {
	key := (&Descriptor{Structure: L2T2()}).Append(nil, 0)
	for n := range len(key) {
		if _, err := Parse(key[:n], nil); err == nil && n != MandatorySize {
			t.Errorf("%d of %d bytes: no error", n, len(key))
		}
	}
	_, err := Parse([]byte{0, 0, 0, 0x40}, nil)
	require.EqualError(t, err, "parse dependency descriptor: no structure known yet")
	_, err = Parse([]byte{9, 0, 0, 0}, L1T3())
	require.EqualError(t, err, "parse dependency descriptor: template 9 is none of 5 from 0 on")
	_, err = Parse(make([]byte, 64), nil)
	require.NoError(t, err)
	_, err = Parse(append([]byte{0, 0, 0, 0x80}, make([]byte, 64)...), nil)
	require.EqualError(t, err, "parse dependency descriptor: read dependency structure: more than 64 templates")
}

func TestNonSymmetricRoundTrip(t *testing.T) {
	for n := 1; n <= 33; n++ {
		for v := range n {
			w := &bitWriter{}
			w.nonSymmetric(v, n)
			w.write(0, 8)
			if got := (&bitReader{buf: w.buf}).nonSymmetric(n); got != v {
				t.Fatalf("ns(%d): wrote %d, read %d", n, v, got)
			}
		}
	}
}

// What parses also writes and parses again to the same.
func FuzzParse(f *testing.F) {
	for _, s := range []*Structure{L1T2(), L1T3(), L2T2()} {
		f.Add((&Descriptor{Structure: s}).Append(nil, 0))
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		b := make([]byte, 40)
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		known := L1T3()
		d, err := Parse(b, known)
		if err != nil {
			return
		}
		again, err := Parse(d.Append(nil, known.DecodeTargets), known)
		if err != nil {
			t.Fatalf("parsed, written, not parsed again: %v", err)
		}
		require.Equal(t, d, again)
	})
}
