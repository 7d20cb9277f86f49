package bench

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"gofino/link"
	"gofino/model"
	"gofino/pipeline/ir"
)

// Row is one benchmark's result, as gofino bench prints it.
type Row struct {
	Name       string  `json:"name"`
	PerSecond  float64 `json:"packets_per_s"`
	NsPacket   float64 `json:"ns_per_packet"`
	Allocs     float64 `json:"allocs_per_packet"`
	CopiesPerS float64 `json:"copies_per_s"`
}

// Measure runs a scenario in memory for about d.
func (s *Scenario) Measure(d time.Duration) Row {
	s.Run()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	n, start := 0, time.Now()
	for time.Since(start) < d {
		for range 16 {
			s.Run()
		}
		n += 16 * len(s.Frames)
	}
	seconds := time.Since(start).Seconds()
	runtime.ReadMemStats(&after)
	return Row{
		Name: s.Name, PerSecond: float64(n) / seconds, NsPacket: 1e9 * seconds / float64(n),
		Allocs:     float64(after.Mallocs-before.Mallocs) / float64(n),
		CopiesPerS: float64(n) * float64(s.Copies) / seconds,
	}
}

// Forward runs the scenario's switch between two ports: every frame that comes
// in enters on the scenario's port, and every copy leaves through out.
func (s *Scenario) Forward(ctx context.Context, in, out link.Port) error {
	batch := make([]model.Frame, 0, 1024)
	port := s.Frames[0].Port
	s.Switch.SetWire(oneWire{out})
	pump := link.Pump{Ports: []link.Port{in, out}, Pin: true, CPU: ForwarderCPU()}
	pump.Handle = func(from int, frames []link.Frame) {
		if from != 0 {
			return
		}
		batch = batch[:0]
		for i := range frames {
			batch = append(batch, model.Frame{Port: port, Data: frames[i].Data})
		}
		s.Switch.Process(batch)
	}
	return pump.Run(ctx)
}

// oneWire sends everything to one port.
type oneWire struct{ link.Port }

func (w oneWire) Send(_ model.Port, head, payload []byte) error { return w.Port.Send(head, payload) }

// load is the scenario's traffic for a Line.
func (s *Scenario) load(d time.Duration) Load {
	return Load{
		FrameBytes: len(s.Frames[0].Data), Flows: len(s.Frames), Duration: d,
		Make: func(i int) []byte { return s.Frames[i].Data },
	}
}

// VethNames are the benchmarks over virtual cables: the copy loop, and the
// switch as a router and as an SFU.
func VethNames() []string { return []string{"veth-copy-64", "veth-l3-64", "veth-sfu-1-to-10"} }

// MeasureVeth runs one of VethNames for about d. It needs root and Linux.
func MeasureVeth(ctx context.Context, name string, target ir.Target, d time.Duration) (Row, error) {
	l, err := NewLine()
	if err != nil {
		return Row{}, err
	}
	defer l.Close()
	in, err := l.Open(InPort, link.Config{})
	if err != nil {
		return Row{}, err
	}
	defer in.Close()
	out, err := l.Open(OutPort, link.Config{})
	if err != nil {
		return Row{}, err
	}
	defer out.Close()
	load, copies := Load{FrameBytes: 64, Duration: d}, 1
	forward := func(ctx context.Context) error { return CopyLoop(ctx, in, out) }
	if program, ok := map[string]string{"veth-l3-64": "l3-lpm-100k", "veth-sfu-1-to-10": "sfu-1-to-10"}[name]; ok {
		s, err := NewScenario(program, target, 1)
		if err != nil {
			return Row{}, err
		}
		load, copies = s.load(d), s.Copies
		forward = func(ctx context.Context) error { return s.Forward(ctx, in, out) }
	} else if name != "veth-copy-64" {
		return Row{}, fmt.Errorf("no benchmark %q (benchmarks: %v)", name, VethNames())
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r, err := l.Run(ctx, load, forward)
	if err != nil {
		return Row{}, fmt.Errorf("%s: %w", name, err)
	}
	runtime.ReadMemStats(&after)
	packets := r.Delivered / float64(copies)
	return Row{
		Name: name, PerSecond: packets, NsPacket: 1e9 / packets, CopiesPerS: r.Delivered,
		Allocs: float64(after.Mallocs-before.Mallocs) / (packets * r.Seconds),
	}, nil
}
