package p4_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gofino/p4"
	"gofino/tables"
)

// crcBits is a CRC one bit at a time, written from the definition: the twin of
// pipeline/hash's tables.
func crcBits(data []byte, degree int, poly, init, xor uint64, reversed bool) uint64 {
	top, all := uint64(1)<<(degree-1), ^uint64(0)>>(64-degree)
	r := init
	for _, b := range data {
		for i := range 8 {
			bit := b >> (7 - i) & 1
			if reversed {
				bit = b >> i & 1
			}
			out := r&top != 0
			r = r << 1 & all
			if out != (bit != 0) {
				r ^= poly
			}
		}
	}
	if reversed {
		var v uint64
		for i := range degree {
			v |= r >> i & 1 << (degree - 1 - i)
		}
		r = v
	}
	return (r ^ xor) & all
}

// dynMachine has a hash over the fields a, b, c of a packet; the result goes to
// d.
func dynMachine(t *testing.T, decl, get string) *machine {
	t.Helper()
	return load(t, program{locals: decl, body: "hdr.h.d = " + get + ";"}.source(), p4.Options{})
}

const (
	dynCRC32 = "Hash<bit<32>>(HashAlgorithm_t.CRC32) h;"
	dynGet   = "h.get({hdr.h.a, hdr.h.b, hdr.h.c})"
)

func (m *machine) set(t testing.TB, table, action string, data ...tables.DataField) error {
	t.Helper()
	return m.store.Write(context.Background(), tables.AllPipes, []tables.Update{{Op: tables.Modify,
		Entry: tables.TableEntry{Table: table, Default: true, Action: action, Data: data}}}, tables.ContinueOnError)
}

func (m *machine) reset(t *testing.T, table string) {
	t.Helper()
	err := m.store.Write(context.Background(), tables.AllPipes, []tables.Update{{Op: tables.Delete,
		Entry: tables.TableEntry{Table: table, Default: true}}}, tables.ContinueOnError)
	if err != nil {
		t.Fatal(err)
	}
}

// slice of a field of configure; start or length -1: not given.
func slice(start, length, order int) []tables.DataField {
	var out []tables.DataField
	for i, v := range []int{start, length, order} {
		if v >= 0 {
			out = append(out, tables.DataField{Name: []string{"start_bit", "length", "order"}[i], Value: binary.BigEndian.AppendUint64(nil, uint64(v))})
		}
	}
	return out
}

func slicesOf(name string, s ...[]tables.DataField) tables.DataField {
	return tables.DataField{Name: name, Value: s}
}

func num64(name string, v uint64) tables.DataField {
	return tables.DataField{Name: name, Value: binary.BigEndian.AppendUint64(nil, v)}
}

// hash32 runs a packet through both engines and the compute table: all three
// give the same.
func (m *machine) hash32(t *testing.T, in []byte) uint32 {
	t.Helper()
	packet := append(slices.Clone(in), 0, 0, 0, 0)
	fast, slow := m.ingress(packet, false), m.ingress(packet, true)
	if !bytes.Equal(fast, slow) {
		t.Fatalf("engines differ: fast %x, reference %x", fast, slow)
	}
	got := binary.BigEndian.Uint32(fast[4:])
	q := tables.Query{Table: "h.compute", Key: []tables.KeyField{
		{Name: "hdr.h.a", Value: in[:1]}, {Name: "hdr.h.b", Value: in[1:2]}, {Name: "hdr.h.c", Value: in[2:4]}}}
	for e, err := range m.store.Read(context.Background(), tables.AllPipes, q) {
		if err != nil {
			t.Fatal(err)
		}
		if b := e.Data[0].Value.([]byte); binary.BigEndian.Uint32(b[len(b)-4:]) != got {
			t.Fatalf("input %x: compute says %x, packets get %08x", in, b, got)
		}
	}
	return got
}

func randomInput(r *rand.Rand) []byte {
	return binary.BigEndian.AppendUint32(nil, r.Uint32())
}

// TestDynamicHashAlgorithm: every algorithm that can be chosen, on packets,
// against a CRC of the test's own (tna-semantics.md section 9).
func TestDynamicHashAlgorithm(t *testing.T) {
	m := dynMachine(t, dynCRC32, dynGet)
	r := rand.New(rand.NewPCG(7, 8))
	type alg struct {
		name                string
		degree              int
		poly, init, xor     uint64
		reversed, extension bool
	}
	for _, c := range []alg{
		{name: "crc_8", degree: 8, poly: 0x07},
		{name: "CRC_16", degree: 16, poly: 0x8005, reversed: true},
		{name: "X_25", degree: 16, poly: 0x1021, init: 0xffff, xor: 0xffff, reversed: true},
		{name: "CRC_32", degree: 32, poly: 0x04c11db7, init: 0xffffffff, xor: 0xffffffff, reversed: true},
		{name: "CRC_32_BZIP2", degree: 32, poly: 0x04c11db7, init: 0xffffffff, xor: 0xffffffff},
		{name: "CRC_64", degree: 64, poly: 0x42f0e1eba9ea3693},
		{degree: 13, poly: 0x1cf5},
		{degree: 24, poly: 0x864cfb, init: 0xb704ce},
		{degree: 7, poly: 0x09, extension: true},
	} {
		data := []tables.DataField{{Name: "algorithm_name", Value: c.name}}
		action := "pre_defined"
		if c.name == "" {
			action = "user_defined"
			data = []tables.DataField{num64("polynomial", c.poly), num64("init", c.init), num64("final_xor", c.xor),
				num64("hash_bit_width", uint64(c.degree)), {Name: "reverse", Value: c.reversed}}
		}
		data = append(data, tables.DataField{Name: "extend", Value: c.extension})
		if err := m.set(t, "h.algorithm", action, data...); err != nil {
			t.Fatalf("%+v: %v", c, err)
		}
		for range 20 {
			in := randomInput(r)
			want := crcBits(in, c.degree, c.poly, c.init, c.xor, c.reversed)
			if c.extension {
				var v uint64
				for i := 0; i < 32; i++ {
					v |= want >> (i % c.degree) & 1 << i
				}
				want = v
			}
			if got := m.hash32(t, in); got != uint32(want) {
				t.Fatalf("%+v: hash of %x is %08x, want %08x", c, in, got, uint32(want))
			}
		}
	}
	m.reset(t, "h.algorithm")
	if got := m.hash32(t, []byte("1234")); got != 0x9be3e0a3 { // zlib's CRC-32 of "1234"
		t.Errorf("after the reset: %08x", got)
	}
}

// TestDynamicHashRotate: rotate turns the bits that the program uses to the
// left (ptf.md: tna_dyn_hashing).
func TestDynamicHashRotate(t *testing.T) {
	m := dynMachine(t, "Hash<bit<64>>(HashAlgorithm_t.CRC64) h;", dynGet+"[31:0]")
	err := m.set(t, "h.algorithm", "pre_defined", tables.DataField{Name: "algorithm_name", Value: "crc_32"},
		tables.DataField{Name: "rotate", Value: []byte{2}}, tables.DataField{Name: "extend", Value: true})
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(3, 4))
	for range 50 {
		in := randomInput(r)
		crc := uint32(crcBits(in, 32, 0x04c11db7, 0xffffffff, 0xffffffff, true))
		if got, want := m.hash32(t, in), crc<<2|crc>>30; got != want {
			t.Fatalf("hash of %x is %08x, want %08x", in, got, want)
		}
	}
}

// TestDynamicHashSlices: the stream is made of the slices, lowest order first;
// what is not listed does not count.
func TestDynamicHashSlices(t *testing.T) {
	m := dynMachine(t, dynCRC32, dynGet)
	crc := func(b ...byte) uint32 {
		return uint32(crcBits(b, 32, 0x04c11db7, 0xffffffff, 0xffffffff, true))
	}
	in := []byte{0x12, 0x34, 0x56, 0x78}
	for _, c := range []struct {
		name string
		data []tables.DataField
		want uint32
	}{
		{"all, in another order", []tables.DataField{slicesOf("a", slice(0, 8, 3)), slicesOf("hdr.h.b", slice(-1, -1, 1)), slicesOf("hdr.h.c", slice(0, 16, 2))}, crc(0x34, 0x56, 0x78, 0x12)},
		{"c alone", []tables.DataField{slicesOf("hdr.h.c", slice(-1, -1, 9))}, crc(0x56, 0x78)},
		{"a nibble is padded on the left", []tables.DataField{slicesOf("hdr.h.a", slice(4, 4, 1))}, crc(0x01)},
		{"two slices of one field", []tables.DataField{slicesOf("hdr.h.c", slice(4, 4, 1), slice(12, 4, 2))}, crc(0x75)},
		{"order 0 leaves a slice out", []tables.DataField{slicesOf("hdr.h.a", slice(0, 8, 0)), slicesOf("hdr.h.b", slice(0, 8, 1))}, crc(0x34)},
		{"too long is to the end", []tables.DataField{slicesOf("hdr.h.c", slice(8, 99, 1))}, crc(0x56)},
		{"symmetric", []tables.DataField{slicesOf("hdr.h.a", slice(0, 8, 1)), slicesOf("hdr.h.b", slice(0, 8, 1))}, crc(0x12^0x34, 0x12^0x34)},
	} {
		if err := m.set(t, "h.configure", "", c.data...); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if got := m.hash32(t, in); got != c.want {
			t.Errorf("%s: %08x, want %08x", c.name, got, c.want)
		}
	}
	m.reset(t, "h.configure")
	if got := m.hash32(t, in); got != crc(in...) {
		t.Errorf("after the reset: %08x, want %08x", got, crc(in...))
	}
	for e, err := range m.store.Read(context.Background(), tables.AllPipes, tables.Query{Table: "h.configure", Default: true}) {
		if err != nil {
			t.Fatal(err)
		}
		want := []tables.DataField{slicesOf("hdr.h.a", slice(0, 8, 1)), slicesOf("hdr.h.b", slice(0, 8, 2)), slicesOf("hdr.h.c", slice(0, 16, 3))}
		if fmt.Sprint(e.Data) != fmt.Sprint(want) {
			t.Errorf("configure reads as %v, want %v", e.Data, want)
		}
	}
}

// TestDynamicHashRefused: nothing changes and the text says why.
func TestDynamicHashRefused(t *testing.T) {
	m := dynMachine(t, dynCRC32, dynGet)
	name := func(v string) tables.DataField { return tables.DataField{Name: "algorithm_name", Value: v} }
	for _, c := range []struct {
		table, action string
		data          []tables.DataField
		want          string
	}{
		{"h.configure", "", []tables.DataField{slicesOf("hdr.h.c", slice(3, 4, 1), slice(1, 9, 2))}, "slices overlap"},
		{"h.configure", "", []tables.DataField{slicesOf("hdr.h.a", slice(8, 1, 1))}, "start_bit 8 is outside of its 8 bits"},
		{"h.configure", "", []tables.DataField{slicesOf("hdr.h.a", slice(0, 1, 1)), slicesOf("hdr.h.b", slice(0, 2, 1))}, "symmetric slices of 1 and 2 bits"},
		{"h.configure", "", []tables.DataField{slicesOf("hdr.h.c", slice(0, 1, 1), slice(1, 1, 1), slice(2, 1, 1))}, "given to 3 slices"},
		{"h.configure", "", []tables.DataField{slicesOf("hdr.h.c", slice(0, 1, -1))}, "order is missing"},
		{"h.configure", "", []tables.DataField{slicesOf("hdr.h.d", slice(0, 1, 1))}, "hdr.h.a, hdr.h.b, hdr.h.c"},
		{"h.algorithm", "", nil, "actions: pre_defined, user_defined"},
		{"h.algorithm", "pre_defined", []tables.DataField{name("CRC_7")}, "CRC_8_DARC"},
		{"h.algorithm", "user_defined", []tables.DataField{num64("polynomial", 0x1020), num64("hash_bit_width", 16)}, "not odd"},
		{"h.algorithm", "user_defined", []tables.DataField{num64("hash_bit_width", 16)}, "polynomial is missing"},
		{"h.algorithm", "user_defined", []tables.DataField{num64("polynomial", 0x11021), num64("hash_bit_width", 16)}, "more than 16 bits"},
		{"h.compute", "", nil, "read it with a key"},
	} {
		err := m.set(t, c.table, c.action, c.data...)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("set %s: %v, want %q", c.table, err, c.want)
		}
	}
	if got, want := m.hash32(t, []byte("1234")), uint32(0x9be3e0a3); got != want {
		t.Errorf("after refused changes: %08x, want %08x", got, want)
	}
}

// TestDynamicHashKeepsSymmetry: the program's @symmetric holds until the
// control plane configures another input.
func TestDynamicHashKeepsSymmetry(t *testing.T) {
	m := dynMachine(t, `@symmetric("hdr.h.a", "hdr.h.b") `+dynCRC32, dynGet)
	if x, y := m.hash32(t, []byte{1, 2, 3, 4}), m.hash32(t, []byte{2, 1, 3, 4}); x != y {
		t.Errorf("exchanged inputs: %08x and %08x", x, y)
	}
	if err := m.set(t, "h.configure", "", slicesOf("hdr.h.a", slice(0, 8, 1)), slicesOf("hdr.h.b", slice(0, 8, 2))); err != nil {
		t.Fatal(err)
	}
	if x, y := m.hash32(t, []byte{1, 2, 3, 4}), m.hash32(t, []byte{2, 1, 3, 4}); x == y {
		t.Errorf("configured: exchanged inputs both give %08x", x)
	}
}

// TestDynamicHashTables: only a hash with one call has them.
func TestDynamicHashTables(t *testing.T) {
	m := dynMachine(t, dynCRC32+" Hash<bit<8>>(HashAlgorithm_t.CRC8) two;", dynGet+"; hdr.h.a = two.get({hdr.h.b}); hdr.h.b = two.get({hdr.h.a})")
	var got []string
	for _, s := range m.store.Schema().Tables {
		if strings.HasPrefix(s.Type, "DynHash") {
			got = append(got, s.Name[strings.LastIndex(s.Name, ".h")+1:])
		}
	}
	if want := []string{"h.algorithm", "h.configure", "h.compute"}; !slices.Equal(got, want) {
		t.Errorf("tables %v, want %v", got, want)
	}
}

// TestKeyMask: masked bits of packets and entries do not count; the mask
// changes only while the table is empty (ptf.md: tna_dkm).
func TestKeyMask(t *testing.T) {
	src := program{locals: `action set(bit<8> v) { hdr.h.b = v; }
		@dynamic_table_key_masks(1) table t { key = { hdr.h.a : exact; hdr.h.c : exact; hdr.h.d[23:0] : exact; } actions = { set; } default_action = set(0xEE); }`, body: "t.apply();"}.source()
	m := load(t, src, p4.Options{})
	ctx := context.Background()
	key := func(a, c, d string) []tables.KeyField {
		b := func(s string) []byte { x, _ := hex.DecodeString(s); return x }
		return []tables.KeyField{{Name: "hdr.h.a", Value: b(a)}, {Name: "hdr.h.c", Value: b(c)}, {Name: "hdr.h.d[23:0]", Value: b(d)}}
	}
	write := func(op tables.Op, k []tables.KeyField, data ...tables.DataField) error {
		return m.store.Write(ctx, tables.AllPipes, []tables.Update{{Op: op, Entry: tables.TableEntry{Table: "t", Key: k, Action: map[bool]string{true: "set"}[data != nil], Data: data}}}, tables.ContinueOnError)
	}
	mask := func(a, c, d string) error {
		var data []tables.DataField
		for _, k := range key(a, c, d) {
			data = append(data, tables.DataField{Name: k.Name, Value: k.Value})
		}
		return m.store.SetAttribute(ctx, tables.AllPipes, "t", "DynamicKeyMask", data)
	}
	hits := func(packet string) bool {
		t.Helper()
		in, _ := hex.DecodeString(strings.ReplaceAll(packet, " ", ""))
		fast, slow := m.ingress(in, false), m.ingress(in, true)
		if !bytes.Equal(fast, slow) {
			t.Fatalf("engines differ: fast %x, reference %x", fast, slow)
		}
		return fast[1] == 0x77
	}
	v := tables.DataField{Name: "v", Value: []byte{0x77}}
	if err := write(tables.Insert, key("11", "3344", "667788"), v); err != nil {
		t.Fatal(err)
	}
	if !hits("11 00 3344 55667788") || hits("12 00 3344 55667788") {
		t.Error("without a mask: the key must match whole")
	}
	if err := mask("00", "ff0f", "fffffd"); !errors.Is(err, tables.ErrInUse) {
		t.Errorf("mask of a table with entries: %v", err)
	}
	if err := write(tables.Delete, nil); err != nil {
		t.Fatal(err)
	}
	if err := mask("00", "ff0f", "fffffd"); err != nil {
		t.Fatal(err)
	}
	if err := write(tables.Insert, key("99", "3344", "667788"), v); err != nil {
		t.Fatal(err)
	}
	if err := write(tables.Insert, key("00", "3374", "66778a"), v); !errors.Is(err, tables.ErrExists) {
		t.Errorf("entry that differs in masked bits: %v", err)
	}
	for packet, want := range map[string]bool{
		"11 00 3344 55667788": true, "12 00 33F4 5566778a": true,
		"11 00 3345 55667788": false, "11 00 3344 55667789": false,
	} {
		if hits(packet) != want {
			t.Errorf("packet %s: hit %v, want %v", packet, !want, want)
		}
	}
	got, err := m.store.Attribute(ctx, tables.AllPipes, "t", "DynamicKeyMask")
	if want := "[{hdr.h.a [0]} {hdr.h.c [255 15]} {hdr.h.d[23:0] [255 255 253]}]"; err != nil || fmt.Sprint(got) != want {
		t.Errorf("mask reads as %v, %v, want %s", got, err, want)
	}
	if err := write(tables.Delete, nil); err != nil {
		t.Fatal(err)
	}
	if err := mask("0100", "ffff", "ffffff"); !errors.Is(err, tables.ErrInvalid) {
		t.Errorf("mask of nine bits for a field of eight: %v", err)
	}
}

// BenchmarkDynamicHash: a hash that could be configured, and one that is.
func BenchmarkDynamicHash(b *testing.B) {
	prog := program{locals: dynCRC32, body: "hdr.h.d = " + dynGet + ";"}.source()
	for _, configured := range []bool{false, true} {
		b.Run(fmt.Sprintf("configured=%v", configured), func(b *testing.B) {
			m := load(b, prog, p4.Options{})
			if configured {
				if err := m.set(b, "h.configure", "", slicesOf("hdr.h.c", slice(3, 10, 1)), slicesOf("hdr.h.b", slice(0, 8, 2))); err != nil {
					b.Fatal(err)
				}
			}
			m.ingress([]byte{0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88}, false)
			b.ReportAllocs()
			for b.Loop() {
				m.pipe.Ingress(m.pass)
			}
		})
	}
}

// TestProxyHash: entries are found by a hash of the key, here of 4 bits, so
// that other keys hit too; two entries cannot share one.
func TestProxyHash(t *testing.T) {
	src := program{locals: `action set(bit<8> v) { hdr.h.b = v; }
		table t { key = { hdr.h.a : exact; hdr.h.d[27:0] : exact; } actions = { set; } default_action = set(0xEE); size = 64;
			proxy_hash = Hash<bit<4>>(HashAlgorithm_t.CRC8); }`, body: "t.apply();"}.source()
	m := load(t, src, p4.Options{})
	for _, s := range m.store.Schema().Tables {
		if s.Name == "pipe.Ing.t" && len(s.Annotations) > 0 {
			t.Errorf("the schema has annotations %v", s.Annotations)
		}
	}
	proxyOf := func(a byte, d uint32) byte { // 36 bits, padded on the left
		v := binary.BigEndian.AppendUint64(nil, uint64(a)<<28|uint64(d))
		return byte(crcBits(v[3:], 8, 0x07, 0, 0, false)) & 15
	}
	r := rand.New(rand.NewPCG(5, 6))
	want := map[byte]byte{} // of each hash the action data
	for i := range 40 {
		a, d := byte(r.Uint32()), r.Uint32()&0xfffffff
		e := tables.TableEntry{Table: "t", Action: "set", Data: []tables.DataField{{Name: "v", Value: []byte{byte(i)}}},
			Key: []tables.KeyField{{Name: "hdr.h.a", Value: []byte{a}}, {Name: "hdr.h.d[27:0]", Value: binary.BigEndian.AppendUint32(nil, d)}}}
		err := m.store.Write(context.Background(), tables.AllPipes, []tables.Update{{Op: tables.Insert, Entry: e}}, tables.ContinueOnError)
		h := proxyOf(a, d)
		if _, taken := want[h]; taken {
			if !errors.Is(err, tables.ErrExists) {
				t.Fatalf("second entry with hash %d: %v", h, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		want[h] = byte(i)
		if i%5 == 4 {
			e.Action, e.Data = "", nil
			if err := m.store.Write(context.Background(), tables.AllPipes, []tables.Update{{Op: tables.Delete, Entry: e}}, tables.ContinueOnError); err != nil {
				t.Fatal(err)
			}
			delete(want, h)
		}
	}
	packet := make([]byte, 8)
	for range 200 {
		a, d := byte(r.Uint32()), r.Uint32()
		packet[0] = a
		binary.BigEndian.PutUint32(packet[4:], d)
		exp, ok := want[proxyOf(a, d&0xfffffff)]
		if !ok {
			exp = 0xee
		}
		fast, slow := m.ingress(packet, false), m.ingress(packet, true)
		if fast[1] != exp || slow[1] != exp {
			t.Fatalf("packet %x: fast %x, reference %x, want %x", packet, fast[1], slow[1], exp)
		}
	}
	if n := testing.AllocsPerRun(100, func() { m.pipe.Ingress(m.pass) }); n != 0 {
		t.Errorf("%v allocations per packet, want 0", n)
	}
}
