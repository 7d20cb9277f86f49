package bench

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"gofino/internal/veth"
	"gofino/link"
)

// Names of the interfaces of a Line.
const (
	genPort  = "g0"
	InPort   = "f0" // where the forwarder receives
	OutPort  = "f1" // where the forwarder sends
	sinkPort = "g1"
)

// Line is a generator, a place for a forwarder, and a sink, connected by
// virtual cables. It needs root and Linux. Nothing of it is left when the
// process ends, however that happens.
type Line struct {
	gen, forwarder, sink *veth.Namespace
}

// NewLine builds a line for frames up to the usual 1514 bytes.
func NewLine() (*Line, error) {
	l := new(Line)
	if err := l.build(); err != nil {
		l.Close()
		return nil, fmt.Errorf("build the benchmark's line: %w", err)
	}
	return l, nil
}

func (l *Line) build() error {
	for _, n := range []**veth.Namespace{&l.gen, &l.forwarder, &l.sink} {
		var err error
		if *n, err = veth.New(); err != nil {
			return err
		}
	}
	if err := veth.Cable(l.gen, genPort, l.forwarder, InPort, 0); err != nil {
		return err
	}
	return veth.Cable(l.forwarder, OutPort, l.sink, sinkPort, 0)
}

// Close takes the line down.
func (l *Line) Close() error {
	for _, n := range []*veth.Namespace{l.gen, l.forwarder, l.sink} {
		if n != nil {
			n.Close()
		}
	}
	return nil
}

// Open opens InPort or OutPort for a forwarder, with its link up.
func (l *Line) Open(name string, c link.Config) (*link.AFPacket, error) {
	return openUp(l.forwarder, name, c)
}

func openUp(n *veth.Namespace, name string, c link.Config) (p *link.AFPacket, err error) {
	err = n.Do(func() error {
		p, err = link.OpenAFPacket(name, c)
		return err
	})
	if err != nil {
		return nil, err
	}
	for end := time.Now().Add(5 * time.Second); !p.Up(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			p.Close()
			return nil, fmt.Errorf("open interface %s: the link stays down", name)
		}
	}
	return p, nil
}

// Exec runs another program as the forwarder, until ctx ends it with SIGTERM,
// and returns its standard output.
func (l *Line) Exec(ctx context.Context, program string, args ...string) ([]byte, error) {
	return l.forwarder.Run(ctx, program, args...)
}

// Load is what the generator offers. The zero value works.
type Load struct {
	FrameBytes int                // without FCS; default 64
	Flows      int                // how many different frames; default 64
	Make       func(i int) []byte // the frame of flow i; default UDP over IPv4 of FrameBytes
	PerSecond  int                // frames per second; 0: as many as possible
	Warmup     time.Duration      // before the measurement; default 200 ms
	Duration   time.Duration      // of the measurement; default 1 s
}

// Result of one Run.
type Result struct {
	Seconds   float64 // measured
	Offered   float64 // frames per second that the generator sent
	Delivered float64 // frames per second that reached the sink
	Bytes     float64 // bytes per second that reached the sink
	// CPU is the processor time in seconds that this process spent, without
	// the generator. A forwarder that is another program is not in it.
	CPU float64
}

// PerPacket is the forwarder's time for one delivered frame, when it was the
// bottleneck.
func (r Result) PerPacket() time.Duration {
	if r.Delivered == 0 {
		return 0
	}
	return time.Duration(float64(time.Second) / r.Delivered)
}

// CPUPerPacket is the processor time for one delivered frame. On a machine that
// is busy with other things it says more than PerPacket.
func (r Result) CPUPerPacket() time.Duration {
	if r.Delivered == 0 {
		return 0
	}
	return time.Duration(r.CPU * float64(time.Second) / (r.Delivered * r.Seconds))
}

// ErrNothingDelivered: the forwarder brought not one frame to the sink.
var ErrNothingDelivered = errors.New("no frame reached the sink")

var errEarly = errors.New("the forwarder ended early")

// ForwarderCPU is the processor of the forwarder; the generator has processor
// 0. On a machine with one processor they share it.
func ForwarderCPU() int { return min(1, runtime.NumCPU()-1) }

// Run loads the line while forward runs, and measures what reaches the sink.
// forward receives from InPort and sends to OutPort, both opened with Open
// beforehand, until its ctx is done. The measurement begins after the first
// frame has reached the sink.
func (l *Line) Run(ctx context.Context, load Load, forward func(ctx context.Context) error) (Result, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	gen, err := newGenerator(l.gen, load)
	if err != nil {
		return Result{}, err
	}
	defer gen.close()
	forwarded := make(chan error, 1)
	go func() { forwarded <- forward(ctx) }()
	generated := make(chan error, 1)
	genCtx, stopGen := context.WithCancel(ctx)
	go func() { generated <- gen.run(genCtx) }()

	r, err := l.measure(ctx, load, gen, forwarded)
	stopGen()
	err = errors.Join(err, <-generated)
	cancel()
	select {
	case e := <-forwarded: // also what measure has put back
		err = errors.Join(err, e)
	case <-time.After(10 * time.Second):
		err = errors.Join(err, errors.New("the forwarder does not end"))
	}
	if err == nil && r.Delivered == 0 {
		err = ErrNothingDelivered
	}
	return r, err
}

// measure waits for the first frame at the sink, warms up, and counts.
func (l *Line) measure(ctx context.Context, load Load, gen *generator, forwarded chan error) (Result, error) {
	sleep := func(d time.Duration) error {
		select {
		case <-time.After(d):
			return nil
		case e := <-forwarded:
			forwarded <- e
			return errors.Join(errEarly, e)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for end := time.Now().Add(5 * time.Second); ; {
		c, err := l.sink.Count(sinkPort)
		if err != nil {
			return Result{}, err
		}
		if c.RxFrames > 0 {
			break
		}
		if time.Now().After(end) {
			return Result{}, ErrNothingDelivered
		}
		if err := sleep(10 * time.Millisecond); err != nil {
			return Result{}, err
		}
	}
	if err := sleep(orDefault(load.Warmup, 200*time.Millisecond)); err != nil {
		return Result{}, err
	}
	before, err := l.sink.Count(sinkPort)
	sent, start, cpu := gen.sent(), time.Now(), gen.othersCPU()
	if err != nil {
		return Result{}, err
	}
	if err := sleep(orDefault(load.Duration, time.Second)); err != nil {
		return Result{}, err
	}
	after, err := l.sink.Count(sinkPort)
	seconds := time.Since(start).Seconds()
	return Result{
		Seconds:   seconds,
		Offered:   float64(gen.sent()-sent) / seconds,
		Delivered: float64(after.RxFrames-before.RxFrames) / seconds,
		Bytes:     float64(after.RxBytes-before.RxBytes) / seconds,
		CPU:       (gen.othersCPU() - cpu).Seconds(),
	}, err
}

func orDefault[T int | time.Duration](v, def T) T {
	if v <= 0 {
		return def
	}
	return v
}
