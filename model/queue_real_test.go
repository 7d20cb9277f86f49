package model

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gofino/internal/clock"
	"gofino/pipeline/ir"
)

// counting counts the bytes on the line.
type counting struct{ bytes atomic.Int64 }

func (w *counting) Send(_ Port, head, payload []byte) error {
	w.bytes.Add(int64(len(head) + len(payload) + fcsBytes + LineOverhead - egBytes1))
	return nil
}

// BenchmarkShapingInRealTime offers twice what a queue may send, for a second per
// run, and reports what of its rate it sent.
func BenchmarkShapingInRealTime(b *testing.B) {
	const mbits = 200
	t := newTMBench(b, ir.Tofino, Config{Clock: clock.NewReal()})
	defer t.sw.Close()
	w := &counting{}
	t.sw.SetWire(w)
	t.must(t.tm("queue.sched_cfg", 0, []any{2, 8}, "", field("max_rate_enable", true)))
	t.must(t.tm("queue.sched_shaping", 0, []any{2, 8}, "", field("max_rate", num32(mbits*1000)), field("max_burst_size", num32(1500))))
	data := t.sized(command{flags: fUcast, port: 9}, 1230)
	for b.Loop() {
		sent, begin := w.bytes.Load(), time.Now()
		for time.Since(begin) < time.Second {
			// 40 frames of 1250 bytes on the line every ms: 400 Mbit/s.
			for range 40 {
				t.sw.Process([]Frame{{Port: 1, Data: data}})
			}
			time.Sleep(time.Millisecond)
		}
		b.ReportMetric(100*float64(w.bytes.Load()-sent)*8/time.Since(begin).Seconds()/(mbits*1e6), "%rate")
	}
}

// In real time an event that is late does not move the ones after it: frames
// leave at the rate on average, however seldom somebody looks.
func TestLateEventsKeepTheRate(t *testing.T) {
	clk := new(handClock)
	b := newTMBench(t, ir.Tofino, Config{Clock: clk, OwnTime: true})
	b.speed(9, "BF_SPEED_10G")
	b.backlog(100, b.sized(command{flags: fUcast, port: 9}, 1230))
	// Looked at every 7.3 us only: 1 frame per us is due all the same.
	for clk.now = 1320; clk.now < 80_000; clk.now += 7300 {
		b.sw.RunDue()
		if got, want := len(b.w.out), int((clk.now-1320)/1000)+1; got != want {
			t.Fatalf("at %d ns: %d frames left, want %d", clk.now, got, want)
		}
	}
	for i := range b.w.out {
		if got, want := b.waited(i), int64(i)*1000; got != want {
			t.Errorf("frame %d waited %d ns, want %d", i, got, want)
		}
	}
}

// handClock is a real clock that a test moves.
type handClock struct{ now int64 }

func (c *handClock) Now() int64 { return c.now }

// Frames, events and controllers at once, for the race detector.
func TestHammerQueues(t *testing.T) {
	b := newTMBench(t, ir.Tofino, Config{Clock: clock.NewReal(), Queues: true})
	defer b.sw.Close()
	w := &counting{}
	b.sw.SetWire(w)
	b.group(7, 5, 9, 137)
	var wg sync.WaitGroup
	for _, in := range []Port{1, 130} {
		data := b.sized(command{flags: fUcast | fGroupA, port: uint16(in) ^ 0x80 + 8, a: 7, rid: 1}, 700)
		wg.Go(func() {
			for range 300 {
				b.sw.Process([]Frame{{Port: in, Data: data}})
				time.Sleep(10 * time.Microsecond)
			}
		})
	}
	wg.Go(func() {
		for i := range 50 {
			if err := b.tm("queue.buffer", -1, []any{2, 8}, "buffer_only", field("guaranteed_cells", num32(uint64(i*10)))); err != nil {
				t.Error(err)
			}
			b.get("counter.queue", -1, 2, 8)
			b.get("counter.pipe", -1)
			b.sw.StateHash()
		}
	})
	wg.Wait()
	time.Sleep(time.Millisecond)
	if w.bytes.Load() == 0 {
		t.Error("nothing left")
	}
}
