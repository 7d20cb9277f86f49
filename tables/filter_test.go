package tables

import (
	"math"
	"math/rand/v2"
	"testing"

	"gofino/pipeline/ir"
)

func newTestFilter(t testing.TB, kind ir.FilterKind, s filterSpec, hz uint64) *Filter {
	t.Helper()
	f := newFilter(&ir.Filter{Kind: kind, Width: 32, Drop: 1, NoDrop: 0}, 1, hz)
	w, err := encodeFilter(s, kind, hz)
	if err != nil {
		t.Fatalf("encode %v: %v", s, err)
	}
	f.cells[0] = filterCell{last: never, word: w, written: s, set: true}
	return f
}

// TestFadeIsExponential: the integer e^(-dt/τ) against the math library's.
func TestFadeIsExponential(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 4))
	for range 200000 {
		w := filterWord{mantissa: uint16(r.IntN(512))}
		e := uint8(r.IntN(32))
		tau := (1 + float64(w.mantissa)/512) * math.Exp2(float64(e))
		dt := uint64(math.Exp2(r.Float64()*49) - 1)
		if r.IntN(2) == 0 {
			dt = uint64(tau * r.ExpFloat64())
		}
		got, want := float64(w.fade(dt, e))/one, math.Exp(-float64(dt)/tau)
		if math.Abs(got-want) > math.Exp2(-40) {
			t.Fatalf("seed 11: e^(-%d/%g) = %.15g, want %.15g", dt, tau, got, want)
		}
	}
	var w filterWord
	if w.fade(0, 31) != one {
		t.Error("no time passes: the factor is not 1")
	}
}

// TestLPFFollowsTheFilterEquation: long random runs in virtual time against the
// equation in floating point, sample and rate, gain and decay apart.
func TestLPFFollowsTheFilterEquation(t *testing.T) {
	for seed := range uint64(16) {
		r := rand.New(rand.NewPCG(seed, 5))
		hz := []uint64{spClockTofino, spClockTofino2}[r.IntN(2)]
		gain := math.Exp2(6 + 20*r.Float64()) // ns
		s := filterSpec{float64(r.IntN(2)), gain, gain * []float64{0.25, 1, 8}[r.IntN(3)], float64(r.IntN(4))}
		for i := lpfGain; i <= lpfDecay; i++ {
			s[i] = float64(float32(s[i]))
		}
		f := newTestFilter(t, ir.LPF, s, hz)
		c := &f.cells[0]
		tau := func(e uint8) float64 { return (1 + float64(c.word.mantissa)/512) * math.Exp2(float64(e)) }
		y, now, at := 0.0, uint64(1e9), uint64(0)
		for n := range 40000 {
			now += uint64(r.ExpFloat64() * gain / 4)
			x := float64(r.Uint32() >> (8 + r.IntN(20)))
			dt := float64(now*(hz/1e6)/1000 - at*(hz/1e6)/1000)
			switch {
			case s[lpfType] == 1:
				kept := y * math.Exp(-dt/tau(c.word.decay))
				if n == 0 {
					kept = 0
				}
				y = kept + x*math.Exp2(float64(c.word.gain))/tau(c.word.gain)
			case n == 0:
				y = x
			case x > y:
				y += (x - y) * (1 - math.Exp(-dt/tau(c.word.gain)))
			default:
				y += (x - y) * (1 - math.Exp(-dt/tau(c.word.decay)))
			}
			y = min(y, math.MaxUint32)
			at = now
			got := f.Execute(0, uint64(x), now, nil)
			exact := float64(c.y) / (1 << 32)
			if math.Abs(exact-y) > 1e-4+y*1e-9 {
				t.Fatalf("seed %d value %d (%g after %g clocks): filter %.6f, want %.6f", seed, n, x, dt, exact, y)
			}
			if want := c.y >> 32 >> uint(s[lpfScale]); got != want {
				t.Fatalf("seed %d value %d: result %d, want %d", seed, n, got, want)
			}
		}
	}
}

// TestLPFSteadyStates: what filters come to after a long time.
func TestLPFSteadyStates(t *testing.T) {
	// 1000 bytes every 2048 clocks, filtered over 2^20 clocks, is 512000 bytes in
	// so many clocks.
	f := newTestFilter(t, ir.LPF, filterSpec{1, 1 << 20, 1 << 20, 0}, spClockTofino2)
	got := uint64(0)
	for i := range uint64(20000) {
		got = f.Execute(0, 1000, i*2048, nil)
	}
	if got < 512000*999/1000 || got > 512000*1002/1000 {
		t.Errorf("rate %d, want 512000", got)
	}
	// A field that alternates between 100 and 300, up fast and down slowly.
	f = newTestFilter(t, ir.LPF, filterSpec{0, 1000, 64000, 0}, spClockTofino2)
	for i := range uint64(20000) {
		got = f.Execute(0, 100+200*(i%2), i*5000, nil)
	}
	if got < 290 || got > 300 {
		t.Errorf("sample %d, want nearly 300", got)
	}
	// What does not fit in the result is as much as does.
	f = newTestFilter(t, ir.LPF, filterSpec{1, 1 << 20, 1 << 20, 0}, spClockTofino2)
	f.most = 0xff
	for i := range uint64(20) {
		if got = f.Execute(0, 200, i, nil); got > 0xff {
			t.Fatalf("8-bit result %d", got)
		}
	}
	if got != 0xff {
		t.Errorf("result %d, want 255", got)
	}
}

// TestWREDDropsWithTheRightProbability: 200,000 packets at each of many
// averages; the curve is computed from the spec alone, within the encoding's
// steps.
func TestWREDDropsWithTheRightProbability(t *testing.T) {
	for seed := range uint64(10) {
		r := rand.New(rand.NewPCG(seed, 6))
		low := float64(20 + r.IntN(480))
		high := low + float64(50+r.IntN(1000))
		most := float64(float32(float64(5+r.IntN(96)) / 100))
		f := newTestFilter(t, ir.WRED, filterSpec{1000, low, high, most}, spClockTofino)
		w := f.cells[0].word
		step := math.Exp2(float64(w.level))
		draw := rand.NewPCG(seed, 7)
		for range 12 {
			y := uint64(r.Float64() * high * 1.2)
			f.cells[0].last = never // no memory: the average is y
			const packets = 20000
			drops := 0
			for range packets {
				drops += int(f.Execute(0, y, 0, draw))
			}
			got := float64(drops) / packets
			curve := func(y float64) float64 {
				switch {
				case y < low:
					return 0
				case y > high:
					return 1
				}
				return most * (y - low) / (high - low)
			}
			// Thresholds are cut to steps, the slope to eight bits.
			lo, hi := curve(float64(y)-2*step), curve(float64(y)+2*step)
			noise := 4*math.Sqrt(0.25/packets) + 0.02 + 0.1*most
			if got < lo-noise || got > hi+noise {
				t.Errorf("seed %d: average %d of %g..%g, at most %g: %.4f dropped, want %.4f to %.4f", seed, y, low, high, most, got, lo, hi)
			}
		}
	}
}

// TestWREDChance: the exact numbers of a curve that the encoding meets.
func TestWREDChance(t *testing.T) {
	f := newTestFilter(t, ir.WRED, filterSpec{1000, 40, 240, 1}, spClockTofino)
	w := f.cells[0].word
	if w.level0 != 40 || w.levelMax != 240 || w.dlevel100 != 200 || w.level != 0 || w.probability != 0 {
		t.Fatalf("word %+v", w)
	}
	for _, c := range []struct{ y, want uint64 }{{40, 0}, {41, 1}, {140, 127}, {240, 255}} {
		if got := w.chance(c.y - 40); got != c.want {
			t.Errorf("at %d: %d in 256, want %d", c.y, got, c.want)
		}
	}
	draw := rand.NewPCG(1, 1)
	for range 1000 {
		if f.cells[0].last = never; f.Execute(0, 39, 0, draw) != 0 {
			t.Fatal("dropped below the minimum threshold")
		}
		if f.cells[0].last = never; f.Execute(0, 241, 0, draw) != 1 {
			t.Fatal("not dropped above the maximum threshold")
		}
	}
}

// TestWREDAverages: the decision follows the filtered value.
func TestWREDAverages(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	f := newTestFilter(t, ir.WRED, filterSpec{100_000, 500, 500, 1}, spClockTofino2)
	w := f.cells[0].word
	tau := (1 + float64(w.mantissa)/512) * math.Exp2(float64(w.gain))
	level := float64(uint64(w.levelMax) << w.level)
	y, now, last := 0.0, uint64(0), uint64(0)
	drops := 0
	for n := range 50000 {
		now += uint64(r.IntN(4000))
		x := uint64(r.IntN(1000))
		if n%7000 < 3500 {
			x /= 4
		}
		if n == 0 {
			y = float64(x)
		} else {
			y += (float64(x) - y) * (1 - math.Exp(-float64(now-last)/tau))
		}
		last = now
		got := f.Execute(0, x, now, rand.NewPCG(1, 1))
		drops += int(got)
		if math.Abs(y-level) < 1.01 {
			continue // between "below" and "above" chance decides
		}
		if want := y > level; want != (got == 1) {
			t.Fatalf("seed 9 packet %d: average %.3f, threshold %g: drop %d", n, y, level, got)
		}
	}
	if drops == 0 || drops > 40000 {
		t.Errorf("%d drops", drops)
	}
}

// TestFilterReadsAsTheDriver: within the tolerances of the chip's own tests
// (time constants never above and within 2 percent, thresholds within 2,
// probabilities within 10 points).
func TestFilterReadsAsTheDriver(t *testing.T) {
	r := rand.New(rand.NewPCG(12, 1))
	for range 5000 {
		hz := []uint64{spClockTofino, spClockTofino2}[r.IntN(2)]
		ns := float64((1 + r.IntN(200)) * 1000)
		s := filterSpec{1, ns, ns, float64(1 + r.IntN(31))}
		w, err := encodeFilter(s, ir.LPF, hz)
		if err != nil {
			t.Fatal(err)
		}
		got := decodeFilter(w, ir.LPF, hz)
		if got[lpfType] != 1 || got[lpfScale] != s[lpfScale] || got[lpfGain] > ns || got[lpfGain] < ns*0.98 || got[lpfDecay] != got[lpfGain] {
			t.Fatalf("seed 12: LPF %v reads %v", s, got)
		}
		low := float64(20 + r.IntN(481))
		s = filterSpec{ns, low, low + float64(50+r.IntN(151)), float64(float32(float64(1+r.IntN(100)) / 100))}
		if w, err = encodeFilter(s, ir.WRED, hz); err != nil {
			t.Fatalf("seed 12: WRED %v: %v", s, err)
		}
		got = decodeFilter(w, ir.WRED, hz)
		if got[wredMin] > low || got[wredMax] > s[wredMax] || got[wredTime] > ns || math.Abs(got[wredProbability]-s[wredProbability]) > 0.1 {
			t.Fatalf("seed 12: WRED %v reads %v", s, got)
		}
	}
	zero := decodeFilter(filterWord{}, ir.LPF, spClockTofino)
	if zero[lpfGain] > 1 || zero[lpfDecay] > 1 {
		t.Errorf("an LPF that was never written reads %v", zero)
	}
}

func TestFilterSpecsThatCannotBe(t *testing.T) {
	for _, c := range []struct {
		kind  ir.FilterKind
		s     filterSpec
		cause error
		want  string
	}{
		{ir.LPF, filterSpec{0, 1000, 1500, 0}, ErrInvalid, "time constants 1000 ns and 1500 ns cannot be encoded together: want them equal, or one a power of two times the other"},
		{ir.LPF, filterSpec{0, -1, -1, 0}, ErrInvalid, "time constant is -1 ns, want 0 or more"},
		{ir.LPF, filterSpec{0, 1e10, 1e10, 0}, ErrInvalid, "time constant is 1e+10 ns, want at most 3.3759032e+09 ns"},
		{ir.LPF, filterSpec{0, 1000, 1000, 32}, ErrInvalid, "output scale down factor is 32, want 0 to 31"},
		{ir.WRED, filterSpec{1000, 10, 20, 0}, ErrNotSupported, "a maximum probability of 0 cannot be encoded: want more than 0, at most 1"},
		{ir.WRED, filterSpec{1000, 10, 20, 1.5}, ErrInvalid, "maximum probability is 1.5, want more than 0, at most 1"},
		{ir.WRED, filterSpec{1000, 20, 10, 1}, ErrInvalid, "the minimum threshold 20 is above the maximum 10"},
		{ir.WRED, filterSpec{1000, 20, 20, 0.5}, ErrNotSupported, "with equal thresholds the maximum probability must be 1, not 0.5"},
	} {
		_, err := encodeFilter(c.s, c.kind, spClockTofino)
		if err == nil || err.Error() != c.want || causeOf(err) != c.cause {
			t.Errorf("%s %v: %v", c.kind, c.s, err)
		}
	}
}
