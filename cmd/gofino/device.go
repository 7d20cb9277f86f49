package main

import (
	"fmt"
	"strconv"
	"strings"

	"gofino/internal/golden"
	"gofino/model"
	"gofino/pipeline"
	"gofino/pipeline/fit"
	"gofino/pipeline/ir"
	"gofino/tables"
)

// device is a switch in memory that vectors run on. It is not safe for
// concurrent use.
type device struct {
	sw     *model.Switch
	frames []model.Frame // every frame that was injected
	out    []golden.Output
	copies int // outputs of the frame under way
	// egressIntrinsic is the size of the egress intrinsic header in bytes
	// (tna-semantics.md, 2.5).
	egressIntrinsic int
}

// newDevice starts a fresh switch with every 9-bit port up and virtual time;
// stages may be nil.
// With plainRecirculation the recirculation ports are ports like any other, as
// the vectors of generators expect.
func newDevice(prog *ir.Program, stages *fit.Report, f *programFlags, plainRecirculation bool) (*device, error) {
	sw, err := model.NewPlaced([]model.Placement{{Program: prog, Stages: stages}}, model.Config{Pipes: f.pipes, Seed: f.seed, PlainRecirculation: plainRecirculation})
	if err != nil {
		return nil, err
	}
	d := &device{sw: sw, egressIntrinsic: 27}
	if prog.Target == ir.Tofino2 {
		d.egressIntrinsic = 28
	}
	sw.SetWire(d)
	return d, nil
}

// Send takes a frame out of the switch.
func (d *device) Send(port model.Port, head, payload []byte) error {
	data := append(append(make([]byte, 0, len(head)+len(payload)), head...), payload...)
	d.out = append(d.out, golden.Output{Port: int(port), Data: data, Input: len(d.frames) - 1, Copy: d.copies})
	d.copies++
	return nil
}

func (d *device) API() tables.API { return d.sw.API() }

// frame notes a frame that is about to enter.
func (d *device) frame(port int, data []byte) (model.Frame, error) {
	if port >= numPorts {
		return model.Frame{}, fmt.Errorf("no port %d (ports: 0 to %d)", port, numPorts-1)
	}
	f := model.Frame{Port: model.Port(port), Data: data}
	d.frames = append(d.frames, f)
	d.copies = 0
	return f, nil
}

func (d *device) Inject(port int, data []byte) error {
	f, err := d.frame(port, data)
	if err == nil {
		d.sw.Process([]model.Frame{f})
	}
	return err
}

// Advance lets virtual time pass. What leaves meanwhile came of no frame.
func (d *device) Advance(ns int64) error {
	first := len(d.out)
	err := d.sw.Advance(ns)
	for i := range d.out[first:] {
		d.out[first+i].Input, d.out[first+i].Copy = -1, -1
	}
	return err
}

// trace sends a frame through the reference engine.
func (d *device) trace(port int, data []byte) (*model.TraceNode, error) {
	f, err := d.frame(port, data)
	if err != nil {
		return nil, err
	}
	var rec model.Recorder
	d.sw.Trace(f, &rec)
	return rec.Root, nil
}

func (d *device) Collect() ([]golden.Output, error) {
	out := d.out
	d.out = nil
	return out, nil
}

func (d *device) SetPort(port int, up bool) error {
	d.sw.PortUp(model.Port(port), up)
	return nil
}

// Where sends the frame that made the output through the switch again, traced,
// and looks for the header that covers the byte. Registers have moved on since;
// which headers a deparser emits seldom depends on that, and where the outputs
// differ there is no answer.
func (d *device) Where(o golden.Output, off int) string {
	if o.Input < 0 || o.Input >= len(d.frames) {
		return ""
	}
	var rec model.Recorder
	before := len(d.out)
	d.sw.Trace(d.frames[o.Input], &rec)
	d.out = d.out[:before]
	nth := o.Copy
	return headerAt(findSend(rec.Root, &nth, nil), off, d.egressIntrinsic)
}

// headerAt names the header that covers byte off of what the last run of a path
// emitted. What a run did not parse came to it from the run before.
func headerAt(path []*model.TraceNode, off, egressIntrinsic int) string {
	off *= 8 // bits: a header need not be whole bytes
	for i := len(path) - 1; i >= 0; i-- {
		at, consumed := 0, 0
		for _, s := range path[i].Steps {
			if s.Pipeline == nil {
				continue
			}
			switch s.Pipeline.Kind {
			case pipeline.KindParserEnd:
				consumed = bitCount(s.Pipeline.Get("consumed"))
			case pipeline.KindEmit:
				n := bitCount(s.Pipeline.Get("bytes"))
				if off < at+n {
					return s.Pipeline.Name + " byte " + strconv.Itoa((off-at)/8)
				}
				at += n
			}
		}
		if path[i].Kind != model.ChipEgress {
			return "payload byte " + strconv.Itoa((off-at)/8)
		}
		off += consumed - 8*egressIntrinsic - at
	}
	return ""
}

// bitCount reads a length as traces write it: "14" bytes, or "35+2 bits".
func bitCount(s string) int {
	whole, rest, _ := strings.Cut(strings.TrimSuffix(s, " bits"), "+")
	n, _ := strconv.Atoi(whole)
	more, _ := strconv.Atoi(rest)
	return 8*n + more
}

// findSend is the path of runs to the one whose deparser made the nth frame
// that left.
func findSend(n *model.TraceNode, nth *int, path []*model.TraceNode) []*model.TraceNode {
	if n == nil {
		return nil
	}
	path = append(path[:len(path):len(path)], n)
	for _, s := range n.Steps {
		if s.Chip != nil && s.Chip.Kind == model.ChipSend {
			if *nth == 0 {
				return path
			}
			*nth--
		}
	}
	for _, c := range n.Children {
		if found := findSend(c, nth, path); found != nil {
			return found
		}
	}
	return nil
}
