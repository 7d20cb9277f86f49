package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"gofino/internal/veth"
	"gofino/model"
	"gofino/p4"
	"gofino/pipeline/ir"
	"gofino/sfu"
	"gofino/sfu/call"
)

func newDemo() *cobra.Command {
	var f programFlags
	var duration time.Duration
	var memory bool
	c := &cobra.Command{
		Use:   "demo",
		Short: "Hold a three-party video call through the emulated switch",
		Long: "Three participants send and receive end-to-end encrypted audio and layered video for a few seconds.\n" +
			"The switch runs the SFU program; half-way, one receiver's decode target is lowered. As root the\n" +
			"participants sit in network namespaces behind AF_PACKET ports; otherwise everything is in memory.",
		Args: args(0, 0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			o, err := f.options()
			if err != nil {
				return err
			}
			prog, diags := p4.CompileSource("sfu.p4", []byte(sfu.Source), o)
			if report(c.ErrOrStderr(), diags) || prog == nil {
				return errReported
			}
			d := &demo{flags: &f, duration: duration, out: c.OutOrStdout()}
			return d.run(c.Context(), prog, memory)
		},
	}
	f.register(c.Flags())
	c.Flags().DurationVar(&duration, "duration", 6*time.Second, "how long the media flows")
	c.Flags().BoolVar(&memory, "memory", false, "in memory, also as root")
	return c
}

// demo is one call of three participants, on front-panel ports of both chips.
type demo struct {
	flags    *programFlags
	duration time.Duration
	out      io.Writer
}

var demoPorts = []uint16{8, 16, 24}

func (d *demo) run(ctx context.Context, prog *ir.Program, memory bool) error {
	cpu := uint16(64)
	if prog.Target == ir.Tofino2 {
		cpu = 2
	}
	missing := veth.Missing()
	var rep *call.Report
	var err error
	if memory || missing != nil {
		why := ""
		if missing != nil {
			why = fmt.Sprintf(" (%v)", missing)
		}
		fmt.Fprintf(d.out, "three participants, in memory%s\n", why)
		rep, err = d.inMemory(ctx, prog, cpu)
	} else {
		fmt.Fprintln(d.out, "three participants in network namespaces, AF_PACKET ports")
		rep, err = d.overVeth(ctx, prog, cpu)
	}
	if err != nil {
		return err
	}
	fmt.Fprint(d.out, rep)
	if !rep.Passed() {
		return errReported
	}
	return nil
}

func (d *demo) config(t call.Transport, sw *model.Switch, cpu uint16) call.Config {
	return call.Config{
		Transport: t, API: sw.API(), Ports: demoPorts, CPUPort: cpu,
		Duration: d.duration, RealTime: true, Seed: d.flags.seed,
	}
}

func (d *demo) inMemory(ctx context.Context, prog *ir.Program, cpu uint16) (*call.Report, error) {
	sw, err := model.New(prog, model.Config{Pipes: d.flags.pipes, Seed: d.flags.seed})
	if err != nil {
		return nil, err
	}
	ends := map[call.End]uint16{call.CPU: cpu}
	for i, p := range demoPorts {
		ends[call.End(i)] = p
	}
	return call.Run(ctx, d.config(call.NewMemory(call.Model(sw), ends), sw, cpu))
}

// overVeth puts every participant into a namespace of its own, behind a cable
// to the switch's.
func (d *demo) overVeth(ctx context.Context, prog *ir.Program, cpu uint16) (rep *call.Report, err error) {
	l, err := newLive(prog, d.flags)
	if err != nil {
		return nil, err
	}
	n := &network{live: l, ends: map[call.End]*end{}}
	defer n.close()
	for i, p := range demoPorts {
		if err := n.addParticipant(call.End(i), model.Port(p)); err != nil {
			return nil, err
		}
	}
	n.addCPU(model.Port(cpu))
	ctx, cancel := context.WithCancel(ctx)
	served := make(chan error, len(n.ends)+1)
	go func() { served <- l.serve(ctx) }()
	for _, e := range n.ends {
		go func() { served <- e.pump.Run(ctx) }()
	}
	rep, err = call.Run(ctx, d.config(n, l.now(), cpu))
	cancel()
	for range cap(served) {
		err = errors.Join(err, <-served)
	}
	return rep, err
}
