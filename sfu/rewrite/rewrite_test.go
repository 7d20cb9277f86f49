package rewrite

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSequences are the two sequences that Scallop tests its rewriter with:
// all packets arrive, and some do not.
func TestSequences(t *testing.T) {
	const none = 0
	frames := []struct {
		frame, first uint16
		skips        Skips
		all, lossy   []int // numbers, none for suppressed, -1 for lost
	}{
		{3, 655, 0, []int{655, 656, 657}, []int{655, -1, 657}},
		{4, 658, 1, []int{none, none, none}, []int{none, -1, -1}},
		{5, 661, 0, []int{658, 659, 660, 661, 662}, []int{658, 659, 660, 661, -1}},
		{6, 666, 1, []int{none, none, none, none}, []int{none, none, none, none}},
		{7, 670, 0, []int{663, 664, 665, 666}, []int{-1, 664, -1, 666}},
	}
	for _, lossy := range []bool{false, true} {
		rewrite := exactly()
		for _, f := range frames {
			want := f.all
			if lossy {
				want = f.lossy
			}
			for i, w := range want {
				if w == -1 {
					continue
				}
				p := sent{Packet: Packet{Seq: f.first + uint16(i), Framed: true, Frame: f.frame, Skips: f.skips,
					Start: i == 0, End: i == len(want)-1}}
				out, ok := rewrite(p)
				require.Equal(t, w != none, ok, "packet %d", p.Seq)
				if ok {
					require.EqualValues(t, w, out, "packet %d", p.Seq)
				}
			}
		}
	}
}

// runs of 10 000 packets, over which the tables below are averaged.
const runs = 40

// spread is the mean of what runs gave, and three standard deviations of one
// run: how far a value that is from one run may be from it. All published values
// are; 0.01 is the step in which they are printed.
func spread(percents []float64) (mean, margin float64) {
	for _, v := range percents {
		mean += v / float64(len(percents))
	}
	for _, v := range percents {
		margin += (v - mean) * (v - mean) / float64(len(percents)-1)
	}
	return mean, 3*math.Sqrt(margin) + .01
}

// TestExactTable: extra retransmissions of exact rewriting are no more than those
// of a prototype that ran once over 10 000 packets, but for the spread. Nothing
// else may happen at all.
func TestExactTable(t *testing.T) {
	columns := []struct{ loss, reorder float64 }{{0, 0}, {.01, 0}, {.05, 0}, {.10, 0}, {.20, 0}, {.10, .02}}
	rows := []struct {
		min, max, every int
		want            [6]float64
	}{
		{3, 7, 2, [6]float64{0, 0, .05, .20, 1.03, .34}},
		{3, 7, 4, [6]float64{0, 0, .07, .29, 1.51, .46}},
		{1, 7, 2, [6]float64{0, .02, .12, .31, 1.44, .42}},
		{1, 7, 4, [6]float64{0, .06, .21, .53, 2.06, .66}},
	}
	for _, row := range rows {
		for i, c := range columns {
			rng := rand.New(rand.NewPCG(42, uint64(i)))
			var sum result
			var each []float64
			for range runs {
				arrive, all := traffic{min: row.min, max: row.max, every: row.every, loss: c.loss, reorder: c.reorder,
					seq: uint16(rng.Uint32()), frame: uint16(rng.Uint32())}.make(rng, 10_000)
				r := watch(arrive, all, kept, exactly())
				each = append(each, r.percent())
				sum.add(r)
			}
			mean, margin := spread(each)
			name := fmt.Sprintf("%d-%d packets, 1 of %d, loss %v, reorder %v", row.min, row.max, row.every, c.loss, c.reorder)
			t.Logf("%s: %.3f %% (one run ±%.3f), published %.2f %%", name, mean, margin, row.want[i])
			require.Zero(t, sum.duplicates+sum.wrong+sum.leaked+sum.disorder, "%s: %+v", name, sum)
			require.LessOrEqual(t, mean, row.want[i]+margin, name)
			if c.loss == 0 {
				require.Zero(t, sum.extra, name)
			}
		}
	}
}

// TestHeuristics: the published values, of one run, are within the spread of ours.
func TestHeuristics(t *testing.T) {
	losses := []float64{0, .01, .02, .05, .10, .20}
	published := []float64{0, .37, .78, 1.97, 3.89, 7.68}
	cadence := Cadence{Every: 2, Suppressed: 1}
	for i, loss := range losses {
		rng := rand.New(rand.NewPCG(42, uint64(i)))
		var lm, lr []float64
		for range runs {
			arrive, all := traffic{min: 3, max: 7, every: 2, loss: loss, seq: 1, frame: 1}.make(rng, 10_000)
			m, r := &SLM{Cadence: cadence}, &SLR{SLM: SLM{Cadence: cadence}}
			rm := watch(arrive, all, kept, func(p sent) (uint16, bool) {
				if !kept(p) {
					return 0, false
				}
				return m.Rewrite(p.Frame, p.Seq), true
			})
			rr := watch(arrive, all, kept, func(p sent) (uint16, bool) {
				if !kept(p) {
					return 0, false
				}
				return r.Rewrite(p.Frame, p.Seq, p.mark), true
			})
			require.Zero(t, rm.duplicates+rr.duplicates)
			lm, lr = append(lm, rm.percent()), append(lr, rr.percent())
		}
		meanLM, marginLM := spread(lm)
		meanLR, marginLR := spread(lr)
		t.Logf("loss %v: S-LM %.2f %% (one run ±%.2f), S-LR %.2f %% (one run ±%.2f)", loss, meanLM, marginLM, meanLR, marginLR)
		require.InDelta(t, 20.3, meanLM, marginLM)
		require.InDelta(t, published[i], meanLR, marginLR)
	}
}

// TestNothingRepeated: long runs with both wraps, reordering, loss, frames of any
// layer, and a receiver that changes lanes at any time.
func TestNothingRepeated(t *testing.T) {
	packets := 300_000
	if testing.Short() {
		packets = 30_000
	}
	for seed := range uint64(4) {
		rng := rand.New(rand.NewPCG(seed, 3))
		reorder := .05
		if seed == 0 {
			reorder = 0 // a packet that was not suppressed for sure leaves a gap
		}
		arrive, all := traffic{min: 1, max: 7, every: 1, loss: float64(seed) * .05, reorder: reorder,
			seq: uint16(rng.Uint32()), frame: uint16(rng.Uint32())}.make(rng, packets)
		// Layers nest: lane 1 does without the most frames.
		verdict := func(n uint16) Skips { return []Skips{0, 0b111, 0b011, 0b111, 0b001, 0, 0b011, 0b111}[n*40503>>13] }
		track, r, want := &Track{}, &Receiver{}, Lane(0)
		used := map[uint32]int{}
		outs, changes := 0, 0
		order := map[int]uint16{}
		for _, p := range arrive {
			p.Skips = verdict(p.Frame)
			if rng.IntN(50) == 0 {
				want = Lane(rng.IntN(Lanes + 1))
			}
			before := r.now.lane
			pl := track.Judge(p.Packet)
			out, ok := r.Rewrite(p.Seq, pl, want)
			if r.now.lane != before {
				changes++
			}
			// Three changes within the reach of reordering leave a packet behind.
			if !ok && !p.Skips.Has(r.now.lane) && !p.Skips.Has(r.before.lane) && int32(pl.Frame-r.oldest) >= 0 {
				t.Fatalf("seed %d: packet %d of frame %d was dropped: %+v %+v", seed, p.n, p.Frame, pl, r)
			}
			if !ok {
				continue
			}
			outs++
			order[p.n] = out
			// Numbers come again after a wrap, not within half of the space.
			if was, ok := used[uint32(out)]; ok && p.n-was < 1<<15 {
				t.Fatalf("seed %d: number %d for packets %d and %d", seed, out, was, p.n)
			}
			used[uint32(out)] = p.n
		}
		last, started := uint16(0), false
		for _, p := range all {
			out, ok := order[p.n]
			if !ok {
				continue
			}
			if started && int16(out-last) <= 0 {
				t.Fatalf("seed %d: packet %d has number %d after %d", seed, p.n, out, last)
			}
			if started && seed == 0 && out != last+1 {
				t.Fatalf("seed %d: gap before packet %d without loss: %d after %d", seed, p.n, out, last)
			}
			last, started = out, true
		}
		t.Logf("seed %d: %d of %d packets for the receiver, %d changes of lane", seed, outs, len(all), changes)
		require.Greater(t, changes, packets/1000)
	}
}

// TestLimits of what a late packet may be.
func TestLimits(t *testing.T) {
	at := func(seq, frame uint16, s Skips) Packet {
		return Packet{Seq: seq, Framed: true, Frame: frame, Start: true, End: true, Skips: s}
	}
	tr := &Track{}
	require.Equal(t, Place{Frame: firstFrame + 7, Fresh: true}, tr.Judge(at(65000, 7, 0)))
	require.False(t, tr.Judge(at(64993, 0, 0)).TooLate, "just before the start")
	require.True(t, tr.Judge(at(64992, 65535, 0)).TooLate)
	tr.Judge(at(65001, 8, 1))
	require.EqualValues(t, 1, tr.Judge(at(65002, 9, 0)).Offset[0])
	require.True(t, tr.Judge(Packet{Seq: 65001}).TooLate, "padding that comes late")
	require.EqualValues(t, 1, tr.Judge(Packet{Seq: 65003}).Offset[0], "padding in order")
	require.Equal(t, Skips(1), tr.Judge(at(65001, 8, 0)).Skips, "a frame's verdict is frozen")
	require.EqualValues(t, 1, tr.Judge(at(65020, 9+Reach+1, 0)).Offset[0], "a gap of unknown frames stays")
	require.False(t, tr.Judge(at(65019, 9+Reach, 0)).TooLate)
	require.False(t, tr.Judge(at(65013, 9+2, 0)).TooLate)
	require.True(t, tr.Judge(at(65012, 9+1, 0)).TooLate, "beyond reach")
	for n := range uint16(History) {
		tr.Judge(at(65021+n, 9+Reach+2+n, 0))
	}
	require.True(t, tr.Judge(at(65020, 9+Reach+1, 0)).TooLate)
	require.False(t, tr.Judge(at(65021, 9+Reach+2, 0)).TooLate)
}

func BenchmarkExact(b *testing.B) {
	arrive, _ := traffic{min: 3, max: 7, every: 2, loss: .05, reorder: .02}.make(rand.New(rand.NewPCG(1, 1)), 10_000)
	rewrite := exactly()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		rewrite(arrive[i%len(arrive)])
	}
}
