package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"gofino/internal/clock"
	"gofino/internal/golden"
	"gofino/link"
	"gofino/model"
	"gofino/pipeline/ir"
	"gofino/tables"
)

// live is a switch on real ports. All packets are handled by one goroutine, the
// pump's; wires is immutable once serve runs.
type live struct {
	// sw is the switch that runs now: SetForwardingPipelineConfig replaces it.
	sw atomic.Pointer[model.Switch]
	// held: programs are being loaded, and frames that arrive are lost.
	held  atomic.Bool
	wires [numPorts]link.Port
	pump  link.Pump
	nums  []model.Port  // dev_port of each of the pump's ports
	batch []model.Frame // owned by the pump's goroutine
}

// liveConfig is the configuration of a switch on real ports.
func liveConfig(f *programFlags) model.Config {
	return model.Config{Pipes: f.pipes, Seed: f.seed, Clock: clock.NewReal(), OwnTime: true}
}

func newLive(prog *ir.Program, f *programFlags) (*live, error) {
	return newLivePlaced([]model.Placement{{Program: prog}}, liveConfig(f))
}

func newLivePlaced(list []model.Placement, conf model.Config) (*live, error) {
	sw, err := model.NewPlaced(list, conf)
	if err != nil {
		return nil, err
	}
	return liveOf(sw), nil
}

func liveOf(sw *model.Switch) *live {
	l := &live{}
	l.sw.Store(sw)
	l.pump.Handle = l.handle
	// What the switch does by itself happens in the pump's goroutine too: the
	// ports' Send is the pump's.
	l.pump.Idle = func() { l.now().RunDue() }
	l.pump.Due = l.due
	sw.SetWire(l)
	return l
}

// now is the switch that runs now.
func (l *live) now() *model.Switch { return l.sw.Load() }

// setup runs the table commands of an STF file.
func (l *live) setup(ctx context.Context, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read setup: %w", err)
	}
	v, err := golden.Parse(path, string(text))
	if err != nil {
		return err
	}
	if err := golden.Run(ctx, v, setupOnly{l}); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// setupOnly is the device of a setup file: tables, but no packets.
type setupOnly struct{ l *live }

func (s setupOnly) API() tables.API                   { return s.l.now().API() }
func (s setupOnly) Inject(int, []byte) error          { return fmt.Errorf("a setup file has no packets") }
func (s setupOnly) Collect() ([]golden.Output, error) { return nil, nil }
func (s setupOnly) Where(golden.Output, int) string   { return "" }
func (s setupOnly) SetPort(port int, up bool) error {
	s.l.now().PortUp(model.Port(port), up)
	return nil
}

// open opens the ports; what one has to say goes to w.
func (l *live) open(specs []portSpec, w io.Writer) error {
	for _, s := range specs {
		cfg := link.Config{OnLink: func(up bool) { l.now().PortUp(s.port, up) }}
		p, err := s.spec.Open(cfg)
		if err != nil {
			return fmt.Errorf("port %d: %w", s.port, err)
		}
		l.attach(s.port, p)
		if n, ok := p.(interface{ Notes() []string }); ok {
			for _, note := range n.Notes() {
				fmt.Fprintf(w, "port %d: %s\n", s.port, note)
			}
		}
	}
	return nil
}

// attach wires an open port.
func (l *live) attach(n model.Port, p link.Port) {
	l.wires[n] = p
	l.pump.Ports = append(l.pump.Ports, p)
	l.nums = append(l.nums, n)
	l.now().PortUp(n, p.Up())
}

// serve forwards until ctx is done, or until no port can receive any more. A
// switch without ports serves its controllers.
func (l *live) serve(ctx context.Context) error {
	if len(l.pump.Ports) > 0 {
		return l.pump.Run(ctx)
	}
	tick := time.NewTicker(ownTimeTick)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			l.now().RunDue()
		}
	}
}

// ownTimeTick is how often a switch without ports looks what is due.
const ownTimeTick = 10 * time.Millisecond

// due is when the switch does something by itself.
func (l *live) due() (time.Time, bool) {
	sw := l.now()
	at, ok := sw.NextDue()
	return time.Now().Add(time.Duration(at - sw.Clock().Now())), ok
}

func (l *live) handle(port int, frames []link.Frame) {
	sw := l.now()
	sw.RunDue()
	if l.held.Load() {
		return
	}
	l.batch = l.batch[:0]
	for i := range frames {
		l.batch = append(l.batch, model.Frame{Port: l.nums[port], Data: frames[i].Data})
	}
	sw.Process(l.batch)
}

// Send takes a frame out of the switch; a dev_port without a wire swallows it,
// as a port without a cable does.
func (l *live) Send(port model.Port, head, payload []byte) error {
	if int(port) >= numPorts || l.wires[port] == nil {
		return errNoWire
	}
	return l.wires[port].Send(head, payload)
}

var errNoWire = fmt.Errorf("nothing is attached to the port")

func (l *live) close() {
	l.now().Close()
	for _, p := range l.pump.Ports {
		p.Close()
	}
}

// summary closes the ports, so that recordings are complete, and prints what
// each did.
func (l *live) summary(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "port\tname\treceived\tsent\tlost in\tlost out\t")
	var first error
	for i, p := range l.pump.Ports {
		if err := p.Close(); err != nil && first == nil {
			first = err
		}
		s := p.Stats()
		fmt.Fprintf(t, "%d\t%s\t%d\t%d\t%d\t%d\t\n", l.nums[i], p.Name(), s.RxFrames, s.TxFrames, s.RxDropped, s.TxDropped)
	}
	t.Flush()
	return first
}
