package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"gofino/agent"
	"gofino/internal/clock"
	"gofino/internal/golden"
	"gofino/link"
	"gofino/model"
	"gofino/pipeline/ir"
	"gofino/tables"
)

func newRun() *cobra.Command {
	var f programFlags
	var ports []string
	var setup string
	var disk persistence
	var control bfrtFlags
	c := &cobra.Command{
		Use:   "run FILE.p4 --port N=SPEC...",
		Short: "Run a live switch",
		Long: "Runs the program on live ports until it is interrupted, or until every port's input has ended.\n" +
			"SPEC is one of " + link.Forms + ".",
		Args: args(1, 1, "one P4 file"),
		RunE: func(c *cobra.Command, args []string) error {
			specs, err := parsePorts(ports)
			if err != nil {
				return err
			}
			prog, err := f.compile(c, args[0])
			if err != nil {
				return err
			}
			l, err := disk.live(c, prog, &f)
			if err != nil {
				return err
			}
			defer l.close()
			if setup != "" {
				if err := l.setup(c.Context(), setup); err != nil {
					return err
				}
			}
			if err := disk.begin(c.Context(), l.sw, c.ErrOrStderr()); err != nil {
				return err
			}
			if err := l.open(specs, c.ErrOrStderr()); err != nil {
				return err
			}
			_, stop, err := control.serve(agent.Programs{{Name: prog.Name, API: l.sw.API()}}, c.ErrOrStderr())
			if err != nil {
				return err
			}
			fmt.Fprintln(c.OutOrStdout(), "ready")
			err = l.serve(c.Context())
			stop()
			if err := errors.Join(err, disk.end(l.sw)); err != nil {
				return err
			}
			return l.summary(c.OutOrStdout())
		},
	}
	f.register(c.Flags())
	c.Flags().StringArrayVar(&ports, "port", nil, "attach dev_port `N=SPEC` (repeatable)")
	c.Flags().StringVar(&setup, "setup", "", "table entries to install first: an STF `FILE` without packets")
	disk.register(c)
	control.register(c)
	return c
}

// portSpec is one --port.
type portSpec struct {
	port model.Port
	spec link.Spec
}

func parsePorts(texts []string) ([]portSpec, error) {
	if len(texts) == 0 {
		return nil, usagef("run: want at least one --port N=SPEC (SPEC: %s)", link.Forms)
	}
	var out []portSpec
	for _, t := range texts {
		n, text, ok := strings.Cut(t, "=")
		num, err := strconv.ParseUint(n, 0, 16)
		if !ok || err != nil || num >= numPorts {
			return nil, usagef("--port %q: want N=SPEC with N from 0 to %d", t, numPorts-1)
		}
		spec, err := link.ParseSpec(text)
		if err != nil {
			return nil, usagef("--port %q: %v", t, err)
		}
		p := portSpec{model.Port(num), spec}
		if slices.ContainsFunc(out, func(o portSpec) bool { return o.port == p.port }) {
			return nil, usagef("--port %d is given twice", num)
		}
		out = append(out, p)
	}
	return out, nil
}

// numPorts is how many dev_ports a program can name: 9 bits.
const numPorts = 512

// live is a switch on real ports. All packets are handled by one goroutine, the
// pump's; wires is immutable once serve runs.
type live struct {
	sw    *model.Switch
	wires [numPorts]link.Port
	pump  link.Pump
	nums  []model.Port  // dev_port of each of the pump's ports
	batch []model.Frame // owned by the pump's goroutine
}

func newLive(prog *ir.Program, f *programFlags) (*live, error) {
	sw, err := model.New(prog, model.Config{Pipes: f.pipes, Seed: f.seed, Clock: clock.NewReal(), OwnTime: true})
	if err != nil {
		return nil, err
	}
	return liveOf(sw), nil
}

func liveOf(sw *model.Switch) *live {
	l := &live{sw: sw}
	l.pump.Handle = l.handle
	// What the switch does by itself happens in the pump's goroutine too: the
	// ports' Send is the pump's.
	l.pump.Idle = sw.RunDue
	l.pump.Due = l.due
	sw.SetWire(l)
	return l
}

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

func (s setupOnly) API() tables.API                   { return s.l.sw.API() }
func (s setupOnly) Inject(int, []byte) error          { return fmt.Errorf("a setup file has no packets") }
func (s setupOnly) Collect() ([]golden.Output, error) { return nil, nil }
func (s setupOnly) Where(golden.Output, int) string   { return "" }
func (s setupOnly) SetPort(port int, up bool) error {
	s.l.sw.PortUp(model.Port(port), up)
	return nil
}

// open opens the ports; what one has to say goes to w.
func (l *live) open(specs []portSpec, w io.Writer) error {
	for _, s := range specs {
		cfg := link.Config{OnLink: func(up bool) { l.sw.PortUp(s.port, up) }}
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
	l.sw.PortUp(n, p.Up())
}

func (l *live) serve(ctx context.Context) error { return l.pump.Run(ctx) }

// due is when the switch does something by itself.
func (l *live) due() (time.Time, bool) {
	at, ok := l.sw.NextDue()
	return time.Now().Add(time.Duration(at - l.sw.Clock().Now())), ok
}

func (l *live) handle(port int, frames []link.Frame) {
	l.sw.RunDue()
	l.batch = l.batch[:0]
	for i := range frames {
		l.batch = append(l.batch, model.Frame{Port: l.nums[port], Data: frames[i].Data})
	}
	l.sw.Process(l.batch)
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
	l.sw.Close()
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
