package hash

import (
	"fmt"
	"hash/crc32"
	"hash/crc64"
	"math/big"
	"math/rand/v2"
	"testing"

	"gofino/pipeline/ir"
)

func newFunc(t testing.TB, h ir.Hash) *Func {
	t.Helper()
	f, err := New(&h)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// catalogue values: the CRC of "123456789" as published for each model.
var catalogue = []struct {
	name      string
	degree    int
	poly      uint64
	rev       bool
	init, xor uint64
	check     uint64
}{
	{"crc-3/gsm", 3, 0x3, false, 0, 7, 0x4},
	{"crc-3/rohc", 3, 0x3, true, 7, 0, 0x6},
	{"crc-4/g-704", 4, 0x3, true, 0, 0, 0x7},
	{"crc-5/usb", 5, 0x05, true, 0x1f, 0x1f, 0x19},
	{"crc-6/g-704", 6, 0x03, true, 0, 0, 0x06},
	{"crc-7/mmc", 7, 0x09, false, 0, 0, 0x75},
	{"crc-8", 8, 0x07, false, 0, 0, 0xf4},
	{"crc-8/darc", 8, 0x39, true, 0, 0, 0x15},
	{"crc-8/i-code", 8, 0x1d, false, 0xfd, 0, 0x7e},
	{"crc-8/i-432-1", 8, 0x07, false, 0, 0x55, 0xa1},
	{"crc-8/maxim", 8, 0x31, true, 0, 0, 0xa1},
	{"crc-8/rohc", 8, 0x07, true, 0xff, 0, 0xd0},
	{"crc-8/wcdma", 8, 0x9b, true, 0, 0, 0x25},
	{"crc-10/atm", 10, 0x233, false, 0, 0, 0x199},
	{"crc-11/flexray", 11, 0x385, false, 0x1a, 0, 0x5a3},
	{"crc-12/dect", 12, 0x80f, false, 0, 0, 0xf5b},
	{"crc-14/darc", 14, 0x0805, true, 0, 0, 0x082d},
	{"crc-15/can", 15, 0x4599, false, 0, 0, 0x059e},
	{"crc-16/arc", 16, 0x8005, true, 0, 0, 0xbb3d},
	{"crc-16/umts", 16, 0x8005, false, 0, 0, 0xfee8},
	{"crc-16/dds-110", 16, 0x8005, false, 0x800d, 0, 0x9ecf},
	{"crc-16/dect-r", 16, 0x0589, false, 0, 1, 0x007e},
	{"crc-16/dect-x", 16, 0x0589, false, 0, 0, 0x007f},
	{"crc-16/dnp", 16, 0x3d65, true, 0, 0xffff, 0xea82},
	{"crc-16/en-13757", 16, 0x3d65, false, 0, 0xffff, 0xc2b7},
	{"crc-16/genibus", 16, 0x1021, false, 0xffff, 0xffff, 0xd64e},
	{"crc-16/maxim", 16, 0x8005, true, 0, 0xffff, 0x44c2},
	{"crc-16/mcrf4xx", 16, 0x1021, true, 0xffff, 0, 0x6f91},
	{"crc-16/riello", 16, 0x1021, true, 0xb2aa, 0, 0x63d0},
	{"crc-16/t10-dif", 16, 0x8bb7, false, 0, 0, 0xd0db},
	{"crc-16/teledisk", 16, 0xa097, false, 0, 0, 0x0fb3},
	{"crc-16/usb", 16, 0x8005, true, 0xffff, 0xffff, 0xb4c8},
	{"crc-16/x-25", 16, 0x1021, true, 0xffff, 0xffff, 0x906e},
	{"crc-16/xmodem", 16, 0x1021, false, 0, 0, 0x31c3},
	{"crc-16/modbus", 16, 0x8005, true, 0xffff, 0, 0x4b37},
	{"crc-16/kermit", 16, 0x1021, true, 0, 0, 0x2189},
	{"crc-16/ccitt-false", 16, 0x1021, false, 0xffff, 0, 0x29b1},
	{"crc-16/aug-ccitt", 16, 0x1021, false, 0x1d0f, 0, 0xe5cc},
	{"crc-24/openpgp", 24, 0x864cfb, false, 0xb704ce, 0, 0x21cf02},
	{"crc-24/ble", 24, 0x00065b, true, 0x555555, 0, 0xc25a56},
	{"crc-31/philips", 31, 0x04c11db7, false, 0x7fffffff, 0x7fffffff, 0x0ce9e46c},
	{"crc-32", 32, 0x04c11db7, true, 0xffffffff, 0xffffffff, 0xcbf43926},
	{"crc-32/bzip2", 32, 0x04c11db7, false, 0xffffffff, 0xffffffff, 0xfc891918},
	{"crc-32c", 32, 0x1edc6f41, true, 0xffffffff, 0xffffffff, 0xe3069283},
	{"crc-32d", 32, 0xa833982b, true, 0xffffffff, 0xffffffff, 0x87315576},
	{"crc-32/mpeg", 32, 0x04c11db7, false, 0xffffffff, 0, 0x0376e6e7},
	{"crc-32/posix", 32, 0x04c11db7, false, 0, 0xffffffff, 0x765e7680},
	{"crc-32q", 32, 0x814141ab, false, 0, 0, 0x3010bf7f},
	{"crc-32/jamcrc", 32, 0x04c11db7, true, 0xffffffff, 0, 0x340bc6d9},
	{"crc-32/xfer", 32, 0x000000af, false, 0, 0, 0xbd0be338},
	{"crc-40/gsm", 40, 0x0004820009, false, 0, 0xffffffffff, 0xd4164fc646},
	{"crc-64/ecma-182", 64, 0x42f0e1eba9ea3693, false, 0, 0, 0x6c40df5f0b497347},
	{"crc-64/we", 64, 0x42f0e1eba9ea3693, false, ^uint64(0), ^uint64(0), 0x62ec59e3f1a4f00a},
	{"crc-64/xz", 64, 0x42f0e1eba9ea3693, true, ^uint64(0), ^uint64(0), 0x995dc9bbdf1939fa},
	{"crc-64/go-iso", 64, 0x1b, true, ^uint64(0), ^uint64(0), 0xb90956c775a41001},
	{"crc-64/jones", 64, 0xad93d23594c935a9, true, 0, 0, 0xe9c6d914c4b8d9ca},
}

func crcHash(degree int, poly uint64, rev bool, init, xor uint64) ir.Hash {
	return ir.Hash{Name: "h", Width: degree, Algorithm: ir.CustomCRC,
		CRC: ir.CRC{Degree: degree, Poly: poly, Reversed: rev, Init: init, Xor: xor}}
}

func TestCRCMatchesCatalogue(t *testing.T) {
	for _, c := range catalogue {
		f := newFunc(t, crcHash(c.degree, c.poly, c.rev, c.init, c.xor))
		if got := f.Sum64([]byte("123456789")); got != c.check {
			t.Errorf("%s: %#x, want %#x", c.name, got, c.check)
		}
	}
}

func TestCRCMatchesStandardLibrary(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	f32 := newFunc(t, crcHash(32, 0x04c11db7, true, 0xffffffff, 0xffffffff))
	fc := newFunc(t, crcHash(32, 0x1edc6f41, true, 0xffffffff, 0xffffffff))
	f64 := newFunc(t, crcHash(64, 0x42f0e1eba9ea3693, true, ^uint64(0), ^uint64(0)))
	iso := newFunc(t, crcHash(64, 0x1b, true, ^uint64(0), ^uint64(0)))
	for n := range 100 {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(rnd.Uint32())
		}
		if got, want := f32.Sum64(b), uint64(crc32.ChecksumIEEE(b)); got != want {
			t.Fatalf("crc32 of %x: %#x, want %#x", b, got, want)
		}
		if got, want := fc.Sum64(b), uint64(crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli))); got != want {
			t.Fatalf("crc32c of %x: %#x, want %#x", b, got, want)
		}
		if got, want := f64.Sum64(b), crc64.Checksum(b, crc64.MakeTable(crc64.ECMA)); got != want {
			t.Fatalf("crc64 of %x: %#x, want %#x", b, got, want)
		}
		if got, want := iso.Sum64(b), crc64.Checksum(b, crc64.MakeTable(crc64.ISO)); got != want {
			t.Fatalf("crc64 iso of %x: %#x, want %#x", b, got, want)
		}
	}
}

// slowCRC divides bit by bit: the twin of the table engine.
func slowCRC(p ir.CRC, data []byte) uint64 {
	top := uint64(1) << (p.Degree - 1)
	r := p.Init
	for _, b := range data {
		for i := range 8 {
			bit := b >> (7 - i) & 1
			if p.Reversed {
				bit = b >> i & 1
			}
			out := r&top != 0
			r <<= 1
			if out != (bit == 1) {
				r ^= p.Poly
			}
			r &= mask(uint(p.Degree))
		}
	}
	if p.Reversed {
		var x uint64
		for i := range p.Degree {
			x |= r >> i & 1 << (p.Degree - 1 - i)
		}
		r = x
	}
	return r ^ p.Xor
}

func TestCRCEveryDegreeMatchesBitByBit(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for d := 1; d <= 64; d++ {
		for _, rev := range []bool{false, true} {
			m := mask(uint(d))
			h := crcHash(d, rnd.Uint64()&m|1, rev, rnd.Uint64()&m, rnd.Uint64()&m)
			f := newFunc(t, h)
			b := make([]byte, rnd.IntN(40))
			for i := range b {
				b[i] = byte(rnd.Uint32())
			}
			if got, want := f.Sum64(b), slowCRC(h.CRC, b); got != want {
				t.Fatalf("%+v of %x: %#x, want %#x", h.CRC, b, got, want)
			}
		}
	}
}

func TestCRCWidthOtherThanDegree(t *testing.T) {
	data := []byte("123456789")
	for _, c := range []struct {
		name          string
		width         int
		msb, extended bool
		want          string
	}{
		{"low bits", 10, false, false, "0x126"}, // cbf43926
		{"top bits", 10, true, false, "0x32f"},
		{"zero above", 48, false, false, "0xcbf43926"},
		{"repeated", 48, false, true, "0x3926cbf43926"},
		{"repeated to 100", 100, false, true, "0x6cbf43926cbf43926cbf43926"},
	} {
		f := newFunc(t, ir.Hash{Width: c.width, Algorithm: ir.CRC32, CRC: ir.CRC{Degree: 32, Poly: 0x04c11db7, Reversed: true,
			Init: 0xffffffff, Xor: 0xffffffff, MSB: c.msb, Extended: c.extended}})
		out := make([]byte, (c.width+7)/8)
		f.Sum(out, data)
		if got := fmt.Sprintf("%#x", new(big.Int).SetBytes(out)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		lo, hi := f.Sum128(data)
		v := new(big.Int).SetBytes(out)
		if v.Uint64() != 0 && new(big.Int).And(v, new(big.Int).SetUint64(^uint64(0))).Uint64() != lo || new(big.Int).Rsh(v, 64).Uint64() != hi || f.Sum64(data) != lo {
			t.Errorf("%s: Sum128 %#x %#x, Sum64 %#x, Sum %s", c.name, hi, lo, f.Sum64(data), v)
		}
	}
}

func TestIdentityIsTheStream(t *testing.T) {
	f := newFunc(t, ir.Hash{Width: 12, Algorithm: ir.Identity})
	if got := f.Sum64([]byte{0xab, 0xcd, 0xef}); got != 0xdef {
		t.Errorf("got %#x, want 0xdef", got)
	}
	wide := newFunc(t, ir.Hash{Width: 70, Algorithm: ir.Identity})
	lo, hi := wide.Sum128([]byte{0x7f, 1, 2, 3, 4, 5, 6, 7, 8})
	if lo != 0x0102030405060708 || hi != 0x3f {
		t.Errorf("got %#x %#x", hi, lo)
	}
}

func TestXorFoldsFromTheFirstBit(t *testing.T) {
	in := []byte{0x12, 0x34, 0x56, 0x78, 0x9a}
	for _, c := range []struct {
		alg  ir.HashAlgorithm
		w    int
		want uint64
	}{
		{ir.Xor8, 8, 0x12 ^ 0x34 ^ 0x56 ^ 0x78 ^ 0x9a},
		{ir.Xor16, 16, 0x1234 ^ 0x5678 ^ 0x9a00},
		{ir.Xor32, 32, 0x12345678 ^ 0x9a000000},
		{ir.Xor16, 9, (0x1234 ^ 0x5678 ^ 0x9a00) & 0x1ff},
	} {
		if got := newFunc(t, ir.Hash{Width: c.w, Algorithm: c.alg}).Sum64(in); got != c.want {
			t.Errorf("xor %d: %#x, want %#x", c.w, got, c.want)
		}
	}
}

func TestRandomHashIsLinearAndFixed(t *testing.T) {
	f := newFunc(t, ir.Hash{Width: 51, Algorithm: ir.RandomHash})
	a, b := []byte{1, 2, 3, 4}, []byte{9, 0, 255, 7}
	x := make([]byte, 4)
	for i := range x {
		x[i] = a[i] ^ b[i]
	}
	if f.Sum64(a)^f.Sum64(b) != f.Sum64(x) {
		t.Error("not linear")
	}
	if f.Sum64(a) != newFunc(t, ir.Hash{Width: 51, Algorithm: ir.RandomHash}).Sum64(a) || f.Sum64(a) == f.Sum64(b) {
		t.Error("not a fixed function of its input")
	}
	if f.Sum64(append([]byte{0}, a...)) != f.Sum64(a) {
		t.Error("leading zeros matter")
	}
}

func TestNewRefusesBadParameters(t *testing.T) {
	for _, c := range []struct {
		h    ir.Hash
		want string
	}{
		{ir.Hash{Name: "a", Width: 0}, "make hash a: output width 0 is not positive"},
		{ir.Hash{Name: "b", Width: 8, Algorithm: ir.CustomCRC, CRC: ir.CRC{Degree: 65}}, "make hash b: polynomial degree 65 is not in 1..64"},
		{ir.Hash{Name: "c", Width: 8, Algorithm: 99}, "make hash c: no algorithm number 99"},
	} {
		if _, err := New(&c.h); err == nil || err.Error() != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

func TestSumsDoNotAllocate(t *testing.T) {
	f := newFunc(t, crcHash(32, 0x04c11db7, true, 0xffffffff, 0xffffffff))
	data, out := make([]byte, 20), make([]byte, 4)
	if n := testing.AllocsPerRun(100, func() { f.Sum64(data); f.Sum128(data); f.Sum(out, data) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkCRC32Of16Bytes(b *testing.B) {
	f := newFunc(b, crcHash(32, 0x04c11db7, false, 0xffffffff, 0))
	data := make([]byte, 16)
	for b.Loop() {
		f.Sum64(data)
	}
}
