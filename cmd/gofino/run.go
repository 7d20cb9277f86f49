package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"gofino/link"
	"gofino/model"
)

// runFlags are the flags of gofino run beyond those of a program.
type runFlags struct {
	ports   []string
	portMap string
	loop    string
	queues  bool
	setup   string
	metrics string
	stages  stagesFlag
	disk    persistence
	control bfrtFlags
}

func newRun() *cobra.Command {
	var f programFlags
	var r runFlags
	c := &cobra.Command{
		Use:   "run PROGRAM... --port N=SPEC...",
		Short: "Run a live switch",
		Long: "Runs programs on live ports, and answers controllers, until it is interrupted, or until every port's input\n" +
			"has ended. PROGRAM is FILE.p4 or a bundle that gofino bundle made; with several, each may say its pipes:\n" +
			"FILE.p4@0,2; the others take turns at the rest. SPEC is one of " + link.Forms + ".",
		Args: args(1, maxPrograms, "one to four programs"),
		RunE: func(c *cobra.Command, args []string) error { return r.run(c, &f, args) },
	}
	f.register(c.Flags())
	fs := c.Flags()
	fs.StringArrayVar(&r.ports, "port", nil, "attach dev_port `N=SPEC` (repeatable)")
	fs.StringVar(&r.portMap, "ports", "", "attach the ports that `FILE` lists, in the port map format of the vendor's model")
	fs.StringVar(&r.loop, "int-port-loop", "", "bit `MASK` of the pipes whose front-panel ports are wired to themselves, 0xa on a 32-port switch")
	fs.BoolVar(&r.queues, "queues", false, "give every port queues, not only those that the tm tables set something for")
	fs.StringVar(&r.setup, "setup", "", "table entries to install first: an STF `FILE` without packets")
	fs.StringVar(&r.metrics, "metrics", "", "serve metrics for Prometheus on `ADDR`")
	r.stages.register(c)
	r.disk.register(c)
	r.control.register(c)
	return c
}

// maxPrograms: one in each pipe.
const maxPrograms = 4

func (r *runFlags) run(c *cobra.Command, f *programFlags, args []string) error {
	specs, err := parsePorts(r.ports, r.portMap)
	if err != nil {
		return err
	}
	conf, err := r.config(f)
	if err != nil {
		return err
	}
	programs, err := f.load(c, args)
	if err != nil {
		return err
	}
	for i, p := range programs {
		if p.Stages, err = r.stages.of(c, i, p.Program); err != nil {
			return err
		}
	}
	l, err := r.disk.live(c, programs, conf)
	if err != nil {
		return err
	}
	defer l.close()
	if r.setup != "" {
		if err := l.setup(c.Context(), r.setup); err != nil {
			return err
		}
	}
	if err := r.disk.begin(c.Context(), l.now, c.ErrOrStderr()); err != nil {
		return err
	}
	if err := l.open(specs, c.ErrOrStderr()); err != nil {
		return err
	}
	server, stop, err := r.control.serve(newLoader(l, f, programs), c.ErrOrStderr())
	if err != nil {
		return err
	}
	defer stop()
	stopMetrics, err := serveMetrics(r.metrics, l, server)
	if err != nil {
		return err
	}
	defer stopMetrics()
	fmt.Fprintln(c.OutOrStdout(), "ready")
	err = l.serve(c.Context())
	stop()
	if err := errors.Join(err, r.disk.end(l.now())); err != nil {
		return err
	}
	return l.summary(c.OutOrStdout())
}

// config is the switch's.
func (r *runFlags) config(f *programFlags) (model.Config, error) {
	conf := liveConfig(f)
	conf.Queues = r.queues
	if r.loop == "" {
		return conf, nil
	}
	mask, err := strconv.ParseUint(r.loop, 0, 4)
	if err != nil {
		return conf, usagef("--int-port-loop %q: want a mask of pipes, 0 to 0xf", r.loop)
	}
	conf.LoopPipes = uint8(mask)
	return conf, nil
}

// portSpec is one port.
type portSpec struct {
	port model.Port
	spec link.Spec
}

// parsePorts reads the ports of the command line and of a port map.
func parsePorts(texts []string, portMap string) ([]portSpec, error) {
	var out []portSpec
	if portMap != "" {
		var err error
		if out, err = readPortMap(portMap); err != nil {
			return nil, err
		}
	} else if len(texts) == 0 {
		return nil, usagef("run: want at least one --port N=SPEC (SPEC: %s), or --ports FILE.json", link.Forms)
	}
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
