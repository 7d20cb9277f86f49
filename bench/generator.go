package bench

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"gofino/internal/veth"
	"gofino/link"
)

// generator sends the same frames over and over.
type generator struct {
	port      *link.AFPacket
	frames    [][]byte // owned by run; outside of the Go heap
	mem       []byte   // what the frames lie in
	perSecond int
	thread    atomic.Int64 // of run, once it runs
}

// burst is how many frames leave between two looks at the clock.
const burst = 64

func newGenerator(n *veth.Namespace, load Load) (*generator, error) {
	g := &generator{perSecond: load.PerSecond}
	frame := load.Make
	if frame == nil {
		size := orDefault(load.FrameBytes, 64)
		frame = func(i int) []byte { return udpFrame(size, i) }
	}
	var all []byte
	var ends []int
	for i := range orDefault(load.Flows, 64) {
		all = append(all, frame(i)...)
		ends = append(ends, len(all))
	}
	mem, err := allocate(len(all))
	if err != nil {
		return nil, fmt.Errorf("allocate the generator's frames: %w", err)
	}
	g.mem = mem
	copy(mem, all)
	start := 0
	for _, end := range ends {
		g.frames = append(g.frames, mem[start:end])
		start = end
	}
	// Nothing comes back to the generator: the smallest ring will do.
	if g.port, err = openUp(n, genPort, link.Config{RingBytes: 1, BatchFrames: burst}); err != nil {
		free(mem)
		return nil, err
	}
	g.port.Borrow(mem)
	return g, nil
}

// sent is how many frames have left.
func (g *generator) sent() uint64 { return g.port.Stats().TxFrames }

// run sends until ctx is done, on a thread of its own bound to processor 0.
func (g *generator) run(ctx context.Context) error {
	runtime.LockOSThread() // for good: the thread ends with the goroutine
	if err := pin(0); err != nil {
		return fmt.Errorf("bind the generator to processor 0: %w", err)
	}
	g.thread.Store(int64(threadID()))
	start, next := time.Now(), 0
	for total := 0; ctx.Err() == nil; total += burst {
		if g.perSecond > 0 {
			due := start.Add(time.Duration(float64(total) / float64(g.perSecond) * 1e9))
			if wait := time.Until(due); wait > 0 {
				time.Sleep(wait)
			}
		}
		for range burst {
			if err := g.port.Send(nil, g.frames[next]); err != nil {
				return fmt.Errorf("generate: %w", err)
			}
			if next++; next == len(g.frames) {
				next = 0
			}
		}
		g.port.Flush()
	}
	return nil
}

// othersCPU is the processor time of this process without the generator's.
func (g *generator) othersCPU() time.Duration {
	return processCPU() - threadCPU(int(g.thread.Load()))
}

func (g *generator) close() {
	g.port.Close()
	free(g.mem)
}
