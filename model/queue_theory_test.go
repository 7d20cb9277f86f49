package model

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gofino/pipeline/ir"
)

// poisson offers n frames to port 9, made by data(i), at a mean distance in ns.
func (b *tmBench) poisson(seed uint64, n int, mean float64, data func(r *rand.Rand) []byte) {
	r := rand.New(rand.NewPCG(seed, 1))
	at := 1000.0
	var batch []Frame
	for range n {
		at += r.ExpFloat64() * mean
		batch = append(batch, Frame{Port: 1, Data: data(r), Time: int64(at)})
		if len(batch) == 256 {
			b.sw.Process(batch)
			b.must(b.sw.RunUntil(int64(at) - 1000))
			batch = batch[:0]
		}
	}
	b.sw.Process(batch)
	b.must(b.sw.RunUntil(int64(at) + 1_000_000_000))
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if off := math.Abs(got/want - 1); off > tolerance || math.IsNaN(off) {
		t.Errorf("%s: %.1f, theory says %.1f: %.2f %% off", what, got, want, 100*off)
	}
	t.Logf("%s: %.1f, theory %.1f", what, got, want)
}

// M/D/1: Poisson arrivals, 1000 ns of service each. Mean wait: rho S / 2(1-rho).
func TestMD1MeanWait(t *testing.T) {
	b := newTMBench(t, ir.Tofino2, Config{})
	b.speed(9, "BF_SPEED_10G")
	data := b.sized(command{flags: fUcast, port: 9}, 1230)
	const n, rho, service = 600_000, 0.6, 1000.0
	sum := 0.0
	w := &meanWire{b: b, sum: [2]*float64{&sum}}
	b.sw.SetWire(w)
	b.poisson(3, n, service/rho, func(*rand.Rand) []byte { return data })
	if w.n[0] != n {
		t.Fatalf("%d of %d packets left (drops %v)", w.n[0], n, b.drops())
	}
	near(t, "mean wait, ns", sum/n, rho*service/(2*(1-rho)), 0.02)
}

// meanWire sums waits by qid.
type meanWire struct {
	b   *tmBench
	sum [2]*float64
	n   [2]int
}

func (w *meanWire) Send(_ Port, head, _ []byte) error {
	x := bitString(head)
	q := x.num(177, 7)
	*w.sum[q] += float64(x.num(120, 32) - DefaultQueueNS)
	w.n[q]++
	return nil
}

// Two priorities, not preemptive: W1 = R/(1-rho1), W2 = R/((1-rho1)(1-rho1-rho2))
// with R = (rho1+rho2) S/2.
func TestTwoPriorities(t *testing.T) {
	b := newTMBench(t, ir.Tofino2, Config{})
	b.speed(9, "BF_SPEED_10G")
	b.must(b.tm("queue.sched_cfg", 0, []any{1, 17}, "", field("max_priority", "7")))
	low := b.sized(command{flags: fUcast, port: 9, qid: 0}, 1230)
	high := b.sized(command{flags: fUcast, port: 9, qid: 1}, 1230)
	const n, rho1, rho2, service = 600_000, 0.3, 0.35, 1000.0
	var sum [2]float64
	w := &meanWire{b: b, sum: [2]*float64{&sum[0], &sum[1]}}
	b.sw.SetWire(w)
	b.poisson(1, n, service/(rho1+rho2), func(r *rand.Rand) []byte {
		if r.Float64() < rho1/(rho1+rho2) {
			return high
		}
		return low
	})
	if w.n[0]+w.n[1] != n {
		t.Fatalf("%v of %d packets left (drops %v)", w.n, n, b.drops())
	}
	rest := (rho1 + rho2) * service / 2
	near(t, "mean wait at high priority, ns", sum[1]/float64(w.n[1]), rest/(1-rho1), 0.02)
	near(t, "mean wait at low priority, ns", sum[0]/float64(w.n[0]), rest/((1-rho1)*(1-rho1-rho2)), 0.02)
}

// backlog fills queues of port 9 on Tofino 2: each frame in turn, count times.
func (b *tmBench) backlog(count int, frames ...[]byte) {
	var batch []Frame
	for range count {
		for _, f := range frames {
			batch = append(batch, Frame{Port: 1, Data: f, Time: 1000})
		}
	}
	b.sw.Process(batch)
}

// byQID sums what left until now.
func (b *tmBench) byQID() (bytes [4]int) {
	for i := range b.w.out {
		x := b.header(i)
		bytes[x.num(177, 7)] += int(x.num(200, 16))
	}
	return bytes
}

func TestDWRRShares(t *testing.T) {
	b := newTMBench(t, ir.Tofino2, Config{})
	b.speed(9, "BF_SPEED_10G")
	weights := []int{100, 200, 500}
	var frames [][]byte
	for q, w := range weights {
		b.must(b.tm("queue.sched_cfg", 0, []any{1, 16 + q}, "", field("dwrr_weight", num16(uint64(w)))))
		// Frames of different sizes: shares are of bytes.
		frames = append(frames, b.sized(command{flags: fUcast, port: 9, qid: byte(q)}, []int{1500, 400, 900}[q]))
	}
	b.backlog(800, frames[0], frames[1], frames[1], frames[1], frames[1], frames[2])
	b.must(b.sw.RunUntil(600_000))
	got := b.byQID()
	total := got[0] + got[1] + got[2]
	for q, w := range weights {
		near(t, "share of queue "+string(rune('0'+q)), float64(got[q])/float64(total), float64(w)/800, 0.02)
	}
}

// A guaranteed rate comes before what is left, whatever the priorities there.
func TestGuaranteedRate(t *testing.T) {
	b := newTMBench(t, ir.Tofino2, Config{})
	b.speed(9, "BF_SPEED_10G")
	b.must(b.tm("queue.sched_cfg", 0, []any{1, 16}, "", field("max_priority", "LOW"), field("min_rate_enable", true)))
	b.must(b.tm("queue.sched_shaping", 0, []any{1, 16}, "", field("min_rate", num32(2_000_000)), field("min_burst_size", num32(3000))))
	b.must(b.tm("queue.sched_cfg", 0, []any{1, 17}, "", field("max_priority", "HIGH")))
	b.backlog(2000, b.sized(command{flags: fUcast, port: 9, qid: 0}, 1230), b.sized(command{flags: fUcast, port: 9, qid: 1}, 1230))
	b.must(b.sw.RunUntil(2_000_000))
	got := b.byQID()
	near(t, "share of the guaranteed queue", float64(got[0])/float64(got[0]+got[1]), 0.2, 0.01)
}

func TestShapers(t *testing.T) {
	data := func(b *tmBench) []byte { return b.sized(command{flags: fUcast, port: 9}, 1230) }
	const ms = 1_000_000
	for _, c := range []struct {
		name  string
		setup func(b *tmBench)
		ns    float64 // per frame
	}{
		{"queue, bytes: 1 Gbit/s of 1250 bytes", func(b *tmBench) {
			b.must(b.tm("queue.sched_cfg", 0, []any{1, 16}, "", field("max_rate_enable", true)))
			b.must(b.tm("queue.sched_shaping", 0, []any{1, 16}, "", field("max_rate", num32(1_000_000)), field("max_burst_size", num32(0))))
		}, 10_000},
		{"queue, packets: 300000 a second", func(b *tmBench) {
			b.must(b.tm("queue.sched_cfg", 0, []any{1, 16}, "", field("max_rate_enable", true)))
			b.must(b.tm("queue.sched_shaping", 0, []any{1, 16}, "", field("unit", "PPS"), field("max_rate", num32(300_000)), field("max_burst_size", num32(1))))
		}, 1e9 / 300_000.0},
		{"port: 3 Gbit/s, no gap counted", func(b *tmBench) {
			b.must(b.tm("pipe.sched_cfg", 0, nil, "", field("packet_ifg_compensation", num8(0))))
			b.must(b.tm("port.sched_cfg", -1, []any{9}, "", field("max_rate_enable", true)))
			b.must(b.tm("port.sched_shaping", -1, []any{9}, "", field("max_rate", num32(3_000_000)), field("max_burst_size", num32(0))))
		}, 1230 * 8 / 3.0},
		{"line: 25 Gbit/s", func(b *tmBench) { b.speed(9, "BF_SPEED_25G") }, 400},
	} {
		b := newTMBench(t, ir.Tofino2, Config{})
		c.setup(b)
		b.backlog(2000, data(b))
		b.must(b.sw.RunUntil(100 * ms))
		if len(b.w.at) != 2000 {
			t.Fatalf("%s: %d frames left", c.name, len(b.w.at))
		}
		near(t, c.name+": ns per frame", float64(b.w.at[1999]-b.w.at[199])/1800, c.ns, 0.0001)
	}
}

// A burst goes at line rate, then at the shaper's.
func TestShaperBurst(t *testing.T) {
	b := newTMBench(t, ir.Tofino2, Config{})
	b.speed(9, "BF_SPEED_10G")
	b.must(b.tm("queue.sched_cfg", 0, []any{1, 16}, "", field("max_rate_enable", true)))
	// 1 Gbit/s with 5000 bytes: four frames of 1250, then one more in credit's
	// last bit, and one every 10 us. The bucket fills while they leave.
	b.must(b.tm("queue.sched_shaping", 0, []any{1, 16}, "", field("max_rate", num32(1_000_000)), field("max_burst_size", num32(5000))))
	b.backlog(8, b.sized(command{flags: fUcast, port: 9}, 1230))
	b.must(b.sw.RunUntil(1_000_000))
	var got []int64
	for _, at := range b.w.at {
		got = append(got, at-b.w.at[0])
	}
	if want := []int64{0, 1000, 2000, 3000, 4000, 10000, 20000, 30000}; !slices.Equal(got, want) {
		t.Errorf("frames left after %v ns, want %v", got, want)
	}
}
