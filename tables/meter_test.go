package tables

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"gofino/pipeline/ir"
)

// plainColors are the marks themselves.
var plainColors = [3]uint8{uint8(green), uint8(yellow), uint8(red)}

func byteMeter(t testing.TB, s meterSpec, hz uint64) *Meter {
	t.Helper()
	m := newMeter(&ir.Meter{Kind: ir.Bytes, Colors: plainColors}, 1, hz)
	b, err := encodeMeter(s, ir.Bytes, hz)
	if err != nil {
		t.Fatalf("encode %v: %v", s, err)
	}
	m.cells[0].reset(s, b)
	return m
}

// TestMeterReadsAsTheDriver: the numbers that the chip's own tests want for a
// meter that nobody wrote (ptf.md section 4).
func TestMeterReadsAsTheDriver(t *testing.T) {
	for _, c := range []struct {
		hz, rate uint64
	}{{spClockTofino, 5195848221}, {spClockTofino2, 4087999890}} {
		want := meterSpec{c.rate, c.rate, 4380866642, 4380866642}
		if got := decodeMeter(maxBuckets, ir.Bytes, c.hz); got != want {
			t.Errorf("at %d Hz: %v, want %v", c.hz, got, want)
		}
	}
	want := meterSpec{649481027584, 649481027584, 255 << 31, 255 << 31}
	if got := decodeMeter(maxBuckets, ir.Packets, spClockTofino); got[specCIR] != uint64(float32(511)*float32(spClockTofino)) || got[specCBS] != want[specCBS] {
		t.Errorf("packets: %v", got)
	}
}

// TestMeterEncoding: what is read is within the tolerance of the chip's tests,
// 5 percent, and never above what was written; the mantissa is as precise as
// the burst allows.
func TestMeterEncoding(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 1))
	for range 20000 {
		hz := []uint64{spClockTofino, spClockTofino2}[r.IntN(2)]
		s := meterSpec{
			uint64(1+r.IntN(200)) * 1000, 0,
			uint64(1+r.IntN(100000)) * 10, uint64(1+r.IntN(100000)) * 10,
		}
		s[specPIR] = s[specCIR] + uint64(1+r.IntN(20))*1000
		b, err := encodeMeter(s, ir.Bytes, hz)
		if err != nil {
			t.Fatalf("seed 7: encode %v: %v", s, err)
		}
		for i, got := range decodeMeter(b, ir.Bytes, hz) {
			if ratio := float64(got) / float64(s[i]); ratio < 0.95 || ratio > 1.001 {
				t.Fatalf("seed 7: %v: field %d reads %d", s, i, got)
			}
		}
		for i := range b {
			if over := max(int(b[i].burstExponent)-levelExponent, 0); b[i].mantissa < 256 && int(b[i].exponent)+over < maxExponent && 2*int64(b[i].mantissa)+1 <= b[i].size() {
				t.Fatalf("seed 7: %v: bucket %d is %+v: the mantissa could be larger", s, i, b[i])
			}
		}
	}
}

func TestMeterSpecsThatCannotBe(t *testing.T) {
	for _, c := range []struct {
		s    meterSpec
		want string
	}{
		{meterSpec{1000, 1000, 0, 100}, "committed burst 0 is too small"},
		{meterSpec{1000, 1000, 100, 0}, "peak burst 0 is too small"},
		{meterSpec{4_000_000_000, 1000, 1, 100}, "committed rate 4000000000 needs a larger burst: at least 393, not 125 bytes"},
	} {
		_, err := encodeMeter(c.s, ir.Bytes, spClockTofino)
		if err == nil || err.Error() != c.want {
			t.Errorf("%v: %v, want %s", c.s, err, c.want)
		}
	}
}

// trTCM is RFC 2698 in its own words: continuous time, real numbers.
type trTCM struct {
	rate, size, level [2]float64 // per second; committed, peak
	at                float64
}

func (m *trTCM) advance(at float64) {
	for i := range m.level {
		m.level[i] = min(m.size[i], m.level[i]+m.rate[i]*(at-m.at))
	}
	m.at = at
}

func (m *trTCM) color(pre Mark, n float64) Mark {
	switch {
	case pre == red || m.level[1]-n < 0:
		return red
	case pre == yellow || m.level[0]-n < 0:
		return yellow
	}
	return green
}

func (m *trTCM) debit(color Mark, n float64) {
	if color != red {
		m.level[1] -= n
	}
	if color == green {
		m.level[0] -= n
	}
}

// buckets count every credit when it falls due: what the meter works out at
// once, step by step, in big numbers.
type buckets struct {
	bucket [2]bucket
	level  [2]int64
	next   [2]*big.Int // clock of the next credit
	hz     uint64
}

func newBuckets(m *Meter, now uint64) *buckets {
	c := &m.cells[0]
	b := &buckets{bucket: c.bucket, hz: m.hz}
	for i := range b.bucket {
		b.level[i] = b.bucket[i].size()
		every := big.NewInt(1 << b.bucket[i].exponent)
		b.next[i] = new(big.Int).Mul(new(big.Int).Add(new(big.Int).Div(b.clock(now), every), big.NewInt(1)), every)
	}
	return b
}

func (b *buckets) clock(ns uint64) *big.Int {
	n := new(big.Int).Mul(new(big.Int).SetUint64(ns), new(big.Int).SetUint64(b.hz))
	return n.Div(n, big.NewInt(1e9))
}

func (b *buckets) advance(now uint64) {
	at := b.clock(now)
	for i := range b.bucket {
		for b.next[i].Cmp(at) <= 0 {
			b.level[i] = min(b.level[i]+int64(b.bucket[i].mantissa), b.bucket[i].size())
			b.next[i].Add(b.next[i], big.NewInt(1<<b.bucket[i].exponent))
		}
	}
}

// TestMeterColorsAreRFC2698: long random runs in virtual time, colour-blind and
// colour-aware, against the RFC with every credit counted, which must be equal,
// and in real numbers at the encoded rates, which may differ only where a level
// is within one credit of the packet's length.
func TestMeterColorsAreRFC2698(t *testing.T) {
	all := [3]int{}
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 2))
		hz := []uint64{spClockTofino, spClockTofino2}[r.IntN(2)]
		cir := uint64(10_000 + r.IntN(40_000_000)) // kbit/s
		s := meterSpec{cir, cir + uint64(r.IntN(int(cir))), uint64(100 + r.IntN(2000)), uint64(100 + r.IntN(4000))}
		m := byteMeter(t, s, hz)
		var ideal trTCM
		var slack [2]float64
		for i, b := range m.cells[0].bucket {
			ideal.rate[i] = float64(b.mantissa) / math.Exp2(float64(b.exponent)) * float64(hz)
			ideal.size[i] = float64(b.size())
			slack[i] = float64(b.mantissa) + 1
		}
		ideal.level = ideal.size
		load := 0.5 + 2*r.Float64() // of the peak rate
		now := uint64(r.IntN(1e9))
		var steps *buckets
		const packets = 60000
		for n := range packets {
			size := 64 + r.IntN(1455)
			if n > 0 {
				gap := float64(size) / (ideal.rate[1] * load) * 1e9
				if r.IntN(200) == 0 {
					gap *= 300 // a pause fills the buckets
				}
				now += uint64(gap * 2 * r.Float64())
			}
			pre := 0
			if seed%2 == 1 {
				pre = r.IntN(4)
			}
			if n == 0 {
				ideal.at = float64(now) / 1e9
				steps = newBuckets(m, now)
			}
			steps.advance(now)
			ideal.advance(float64(now) / 1e9)
			exact := trTCM{level: [2]float64{float64(steps.level[0]), float64(steps.level[1])}}
			want1 := exact.color(meterColor(uint64(pre)), float64(size))
			exact.debit(want1, float64(size))
			steps.level = [2]int64{int64(exact.level[0]), int64(exact.level[1])}
			got := Mark(m.Execute(0, uint64(pre), size, now))
			if got != want1 || m.cells[0].level != steps.level {
				t.Fatalf("seed %d packet %d (%d bytes, was %d): colour %d, levels %v; counted %d, %v", seed, n, size, pre, got, m.cells[0].level, want1, steps.level)
			}
			want := ideal.color(meterColor(uint64(pre)), float64(size))
			all[got]++
			if got != want {
				near := math.Abs(ideal.level[0]-float64(size)) <= slack[0] || math.Abs(ideal.level[1]-float64(size)) <= slack[1]
				if !near {
					t.Fatalf("seed %d packet %d (%d bytes, was %d): colour %d, want %d; levels %v ideal %v", seed, n, size, pre, got, want, m.cells[0].level, ideal.level)
				}
			}
			ideal.debit(got, float64(size))
			for i := range ideal.level {
				if d := math.Abs(ideal.level[i] - float64(m.cells[0].level[i])); d > slack[i]+2 {
					t.Fatalf("seed %d packet %d: level %d is %d, ideal %f", seed, n, i, m.cells[0].level[i], ideal.level[i])
				}
			}
		}
	}
	if slices.Min(all[:]) < 10000 {
		t.Errorf("too few of a colour: %v", all)
	}
}

// TestMeterRates: of an offered load above the peak rate, the committed rate is
// green and the peak rate is not red.
func TestMeterRates(t *testing.T) {
	const cir, pir = 100_000, 250_000 // kbit/s
	m := byteMeter(t, meterSpec{cir, pir, 400, 800}, spClockTofino)
	r := rand.New(rand.NewPCG(3, 3))
	var bytes [3]float64
	now := uint64(0)
	for now < 2e9 {
		size := 64 + r.IntN(1455)
		now += uint64(float64(size*8) / 400e6 * 1e9) // 400 Mbit/s
		bytes[m.Execute(0, 0, size, now)] += float64(size)
	}
	rate := func(b float64) float64 { return b * 8 / 2 / 1000 }
	if g, gy := rate(bytes[green]), rate(bytes[green]+bytes[yellow]); math.Abs(g-cir)/cir > 0.01 || math.Abs(gy-pir)/pir > 0.01 {
		t.Errorf("green %.0f kbit/s, green and yellow %.0f kbit/s; want %d and %d", g, gy, cir, pir)
	}
}

func TestMeterCorners(t *testing.T) {
	t.Run("never written: green whatever comes", func(t *testing.T) {
		m := newMeter(&ir.Meter{Kind: ir.Bytes, Colors: ir.MeterColors}, 2, spClockTofino)
		for i := range 100000 {
			if c := m.Execute(1, 0, 16384, uint64(i)); c != 0 {
				t.Fatalf("packet %d: colour %d", i, c)
			}
		}
		if c := m.Execute(1, 3, 64, 1e6); c != 3 {
			t.Errorf("a red packet is %d, want 3: red stays red", c)
		}
		if c := m.Execute(1, 1, 64, 1e6); c != 1 {
			t.Errorf("a yellow packet is %d, want 1", c)
		}
	})
	t.Run("no rate is all red", func(t *testing.T) {
		m := byteMeter(t, meterSpec{0, 0, 100, 100}, spClockTofino)
		for i := range uint64(1000) {
			if c := m.Execute(0, 0, 0, i*1e9); Mark(c) != red {
				t.Fatalf("colour %d", c)
			}
		}
		m = byteMeter(t, meterSpec{0, 1000, 100, 100}, spClockTofino)
		if c := m.Execute(0, 0, 64, 0); Mark(c) != yellow {
			t.Errorf("no committed rate: colour %d, want yellow", c)
		}
	})
	t.Run("packets", func(t *testing.T) {
		m := newMeter(&ir.Meter{Kind: ir.Packets, Colors: [3]uint8{10, 20, 30}}, 1, spClockTofino2)
		b, err := encodeMeter(meterSpec{1000, 1000, 3, 5}, ir.Packets, spClockTofino2)
		if err != nil {
			t.Fatal(err)
		}
		m.cells[0].reset(meterSpec{}, b)
		var got []uint8
		for range 7 {
			got = append(got, m.Execute(0, 0, 9000, 0))
		}
		if string(got) != string([]uint8{10, 10, 10, 20, 20, 30, 30}) {
			t.Errorf("own colours %v", got)
		}
		// No mantissa exceeds the burst: the buckets gain two packets every
		// 2^21 clocks and four every 2^22.
		if c := m.Execute(0, 0, 9000, 4_000_000); c != 30 {
			t.Errorf("before the peak bucket gains: %d", c)
		}
		if c := m.Execute(0, 0, 9000, 4_200_000); c != 10 {
			t.Errorf("after: %d", c)
		}
	})
	t.Run("bytes that are not charged", func(t *testing.T) {
		m := byteMeter(t, meterSpec{1000, 1000, 1, 1}, spClockTofino) // 125 bytes
		m.adjust = -4
		if c := m.Execute(0, 0, 129, 0); Mark(c) != green {
			t.Errorf("129 bytes less 4: colour %d", c)
		}
		if c := m.Execute(0, 0, 4, 0); Mark(c) != green {
			t.Errorf("nothing to charge: colour %d", c)
		}
		if c := m.Execute(0, 0, 5, 0); Mark(c) != red {
			t.Errorf("one byte more: colour %d", c)
		}
	})
	t.Run("time", func(t *testing.T) {
		m := byteMeter(t, meterSpec{8000, 8000, 10, 10}, spClockTofino) // 1 byte per microsecond, 1250 bytes
		m.Execute(0, 0, 1250, tstampMask-500_000)
		if c := m.Execute(0, 0, 700, 499_999); Mark(c) != green {
			t.Errorf("1 ms later, the clock having gone round: colour %d", c)
		}
		if c := m.Execute(0, 0, 700, 300_000); Mark(c) != red {
			t.Errorf("an earlier time gives credit: colour %d", c)
		}
		if c := m.Execute(0, 0, 700, 1_000_000); Mark(c) != green {
			t.Errorf("half a millisecond later: colour %d", c)
		}
	})
	t.Run("out of range", func(t *testing.T) {
		m := newMeter(&ir.Meter{Kind: ir.Bytes, Colors: [3]uint8{7, 8, 9}}, 1, spClockTofino)
		if c := m.Execute(1, 0, 64, 0); c != 0 {
			t.Errorf("index out of range: %d, want 0", c)
		}
	})
}

// TestMeterRecharge: what a packet turns out to have is what it pays; its
// colour stays.
func TestMeterRecharge(t *testing.T) {
	m := byteMeter(t, meterSpec{8, 8, 10, 20}, spClockTofino)
	full := m.cells[0].level
	_, mark := m.Mark(0, 0, 1000, 0)
	m.Recharge(0, mark, 1000, 1100)
	if got := m.cells[0].level; mark != green || got != [2]int64{full[0] - 1100, full[1] - 1100} {
		t.Errorf("green: levels %v of %v", got, full)
	}
	_, mark = m.Mark(0, 0, 1000, 0)
	m.Recharge(0, mark, 1000, 900)
	if got := m.cells[0].level; mark != yellow || got != [2]int64{full[0] - 1100, full[1] - 2000} {
		t.Errorf("yellow: levels %v of %v", got, full)
	}
	_, mark = m.Mark(0, 0, 1000, 0)
	m.Recharge(0, mark, 1000, 100)
	m.Recharge(9, green, 1000, 100)
	if got := m.cells[0].level; mark != red || got != [2]int64{full[0] - 1100, full[1] - 2000} {
		t.Errorf("red is free: levels %v of %v", got, full)
	}
	m.Recharge(0, green, 0, 5000)
	if got := m.cells[0].level; got[0] >= 0 {
		t.Errorf("a longer packet takes the levels below zero: %v", got)
	}
	if c := m.Execute(0, 0, 1, 1_000_000); Mark(c) != red {
		t.Errorf("a packet meets a level below zero: colour %d", c)
	}
}

func BenchmarkMeter(b *testing.B) {
	m := byteMeter(b, meterSpec{1_000_000, 2_000_000, 400, 800}, spClockTofino)
	b.ReportAllocs()
	now := uint64(0)
	for b.Loop() {
		now += 500
		m.Execute(0, 0, 500, now)
	}
}
