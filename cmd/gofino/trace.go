package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"gofino/internal/golden"
	"gofino/link"
	"gofino/model"
	"gofino/pipeline/fit"
	"gofino/pipeline/ir"
)

func newTrace() *cobra.Command {
	var f programFlags
	var stf, packet, pcap, setup string
	var port uint16
	var how traceFlags
	var stages stagesFlag
	c := &cobra.Command{
		Use:   "trace FILE.p4 (--stf V | --port N --packet HEX | --port N --pcap F)",
		Short: "Explain packets, step by step",
		Args:  args(1, 1, "one P4 file"),
		RunE: func(c *cobra.Command, args []string) error {
			if n := count(stf != "", packet != "", pcap != ""); n != 1 {
				return usagef("trace: want one of --stf V, --packet HEX, --pcap F (got %d)", n)
			}
			if port >= numPorts {
				return usagef("--port %d: want 0 to %d", port, numPorts-1)
			}
			prog, err := f.compile(c, args[0])
			if err != nil {
				return err
			}
			report, err := stages.of(c, 0, prog)
			if err != nil {
				return err
			}
			t, err := newTracer(prog, report, &f, c.OutOrStdout(), how)
			if err != nil {
				return err
			}
			if setup != "" {
				if err := t.vector(c.Context(), setup); err != nil {
					return err
				}
			}
			switch {
			case stf != "":
				return t.vector(c.Context(), stf)
			case pcap != "":
				return t.pcap(int(port), pcap)
			}
			data, err := hex.DecodeString(strings.Join(strings.Fields(packet), ""))
			if err != nil {
				return usagef("--packet: %v", err)
			}
			return t.Inject(int(port), data)
		},
	}
	f.register(c.Flags())
	fs := c.Flags()
	fs.StringVar(&stf, "stf", "", "trace the packets of an STF `FILE`")
	fs.StringVar(&packet, "packet", "", "trace one frame, in `HEX`")
	fs.StringVar(&pcap, "pcap", "", "trace the frames of a capture `FILE`")
	fs.StringVar(&setup, "setup", "", "run an STF `FILE` first, for its table entries")
	fs.Uint16Var(&port, "port", 0, "dev_port that the frames enter on")
	fs.BoolVar(&how.json, "json", false, "one JSON tree per packet, one per line")
	fs.BoolVar(&how.cycles, "cycles", false, "show when each step happens: cycles from the first parser state of the gress, nanoseconds of what the chip does")
	stages.register(c)
	return c
}

// traceFlags say how a trace is written. The JSON form always has the times.
type traceFlags struct{ json, cycles bool }

func count(bs ...bool) (n int) {
	for _, b := range bs {
		if b {
			n++
		}
	}
	return n
}

// tracer is a device that prints the trace of every packet.
type tracer struct {
	*device
	w   io.Writer
	how traceFlags
}

func newTracer(prog *ir.Program, stages *fit.Report, f *programFlags, w io.Writer, how traceFlags) (*tracer, error) {
	d, err := newDevice(prog, stages, f, false)
	return &tracer{d, w, how}, err
}

// Inject traces one frame.
func (t *tracer) Inject(port int, frame []byte) error {
	root, err := t.device.trace(port, frame)
	if err != nil {
		return err
	}
	if t.how.json {
		return json.NewEncoder(t.w).Encode(root)
	}
	return renderTrace(t.w, root, t.how.cycles)
}

// vector runs an STF file and traces its packets. What the vector expects is
// not checked: that is what gofino test does.
func (t *tracer) vector(ctx context.Context, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read vector: %w", err)
	}
	v, err := golden.Parse(path, string(text))
	if err != nil {
		return err
	}
	return t.runVector(ctx, v)
}

func (t *tracer) runVector(ctx context.Context, v *golden.Vector) error {
	if err := golden.Run(ctx, v.WithoutChecks(), t); err != nil {
		return fmt.Errorf("%s: %w", v.Name, err)
	}
	return nil
}

// Collect hides the outputs: the vector's expectations were taken away.
func (t *tracer) Collect() ([]golden.Output, error) { return nil, nil }

func (t *tracer) pcap(port int, path string) error {
	p, err := link.OpenPcap(path, "", link.Config{})
	if err != nil {
		return err
	}
	defer p.Close()
	for {
		frames, err := p.Receive()
		for _, f := range frames {
			if err := t.Inject(port, f.Data); err != nil {
				return err
			}
		}
		if len(frames) > 0 {
			p.Release()
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// renderTrace writes a trace tree for people: one line per step, two blanks per
// level, the source position at the end of the line.
func renderTrace(w io.Writer, root *model.TraceNode, cycles bool) error {
	r := &traceText{w: w, cycles: cycles}
	r.node(root, 0)
	return r.err
}

type traceText struct {
	w      io.Writer
	cycles bool // show when things happen
	err    error
}

func (r *traceText) line(depth int, text, pos string) {
	if r.err != nil {
		return
	}
	text = strings.Repeat("  ", depth) + text
	if pos != "" {
		text = fmt.Sprintf("%-72s  %s", text, pos)
	}
	_, r.err = fmt.Fprintln(r.w, text)
}

func (r *traceText) node(n *model.TraceNode, depth int) {
	if n == nil {
		return
	}
	r.line(depth, r.chip(&n.ChipEvent), "")
	for _, s := range n.Steps {
		if s.Chip != nil {
			r.line(depth+1, r.chip(s.Chip), "")
			continue
		}
		var b strings.Builder
		fmt.Fprintf(&b, "%s %s", s.Pipeline.Kind, s.Pipeline.Name)
		for _, a := range s.Pipeline.Attrs {
			fmt.Fprintf(&b, " %s=%s", a.Name, a.Value)
		}
		if r.cycles {
			fmt.Fprintf(&b, " cycle=%d", s.Pipeline.Cycle)
		}
		pos := s.Pipeline.Pos
		pos.File = filepath.Base(pos.File)
		if pos.Line == 0 {
			r.line(depth+1, b.String(), "")
		} else {
			r.line(depth+1, b.String(), pos.String())
		}
	}
	for _, c := range n.Children {
		r.node(c, depth+1)
	}
}

func (r *traceText) chip(e *model.ChipEvent) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s port %d", strings.ToUpper(string(e.Kind)), e.Port)
	for _, a := range e.Attrs {
		fmt.Fprintf(&b, " %s=%s", a.Name, a.Value)
	}
	if r.cycles {
		fmt.Fprintf(&b, " time=%d", e.Time)
	}
	return b.String()
}
