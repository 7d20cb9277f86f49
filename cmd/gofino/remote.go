package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"gofino/agent"
	"gofino/internal/golden"
	"gofino/link"
	"gofino/tables"
)

// remoteFlags say which switch vectors run on, if not on one in memory.
type remoteFlags struct {
	address string
	ports   []string
	settle  time.Duration
}

func (f *remoteFlags) register(c *cobra.Command) {
	fs := c.Flags()
	fs.StringVar(&f.address, "target-switch", "", "run the vectors on the switch whose BFRuntime server is at `ADDR`, through its ports")
	fs.StringArrayVar(&f.ports, "port", nil, "with --target-switch: what is wired to dev_port `N=SPEC` (repeatable)")
	fs.DurationVar(&f.settle, "settle", 100*time.Millisecond, "with --target-switch: a packet is done when nothing has come for so long")
}

// remote is a switch somewhere else: tables over BFRuntime, packets over ports.
type remote struct {
	api    *agent.Client
	wires  map[int]link.Port
	settle time.Duration
	out    []golden.Output
}

// maxSettle bounds how long one packet is waited for, in units of settle.
const maxSettle = 50

func (f *remoteFlags) open(ctx context.Context, program string) (*remote, error) {
	if len(f.ports) == 0 {
		return nil, usagef("test --target-switch: want --port N=SPEC for each port that the vectors use (SPEC: %s)", link.Forms)
	}
	specs, err := parsePorts(f.ports, "")
	if err != nil {
		return nil, err
	}
	dial, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	api, err := agent.Dial(dial, agent.ClientConfig{Address: f.address, Program: program, Unbound: true})
	if err != nil {
		return nil, err
	}
	r := &remote{api: api, wires: map[int]link.Port{}, settle: f.settle}
	for _, s := range specs {
		p, err := s.spec.Open(link.Config{})
		if err != nil {
			r.close()
			return nil, fmt.Errorf("port %d: %w", s.port, err)
		}
		r.wires[int(s.port)] = p
	}
	return r, nil
}

func (r *remote) close() {
	for _, p := range r.wires {
		p.Close()
	}
	r.api.Close()
}

// API is the switch's.
func (r *remote) API() tables.API { return r.api }

// Inject sends a frame and waits until the switch is quiet.
func (r *remote) Inject(port int, frame []byte) error {
	p := r.wires[port]
	if p == nil {
		return fmt.Errorf("nothing is wired to port %d (--port %d=SPEC)", port, port)
	}
	if err := p.Send(frame, nil); err != nil {
		return fmt.Errorf("port %d: %w", port, err)
	}
	p.Flush()
	return r.wait()
}

// wait takes frames until none has come for a while.
func (r *remote) wait() error {
	end := time.Now().Add(maxSettle * r.settle)
	for quiet := time.Now(); time.Since(quiet) < r.settle && time.Now().Before(end); {
		n, err := r.receive()
		if err != nil {
			return err
		}
		if n > 0 {
			quiet = time.Now()
			continue
		}
		time.Sleep(time.Millisecond)
	}
	return nil
}

func (r *remote) receive() (n int, err error) {
	for port, p := range r.wires {
		frames, err := p.Receive()
		if err != nil && !errors.Is(err, io.EOF) {
			return n, fmt.Errorf("port %d: %w", port, err)
		}
		for _, f := range frames {
			n++
			r.out = append(r.out, golden.Output{Port: port, Data: append([]byte(nil), f.Data...), Input: -1, Copy: -1})
		}
		if len(frames) > 0 {
			p.Release()
		}
	}
	return n, nil
}

// Collect returns what came since the last call.
func (r *remote) Collect() ([]golden.Output, error) {
	if _, err := r.receive(); err != nil {
		return nil, err
	}
	out := r.out
	r.out = nil
	return out, nil
}

// SetPort is for who has a hand on the cables.
func (r *remote) SetPort(port int, _ bool) error {
	return fmt.Errorf("port %d of a switch somewhere else cannot be taken up or down", port)
}

// Where is not known.
func (r *remote) Where(golden.Output, int) string { return "" }

// resets are the types of tables that a fresh switch has empty, in an order in
// which nothing refers to what goes.
var resets = []string{
	"MatchAction_Direct", "MatchAction_Indirect", "MatchAction_Indirect_Selector", "Selector", "Action", "Counter", "Register",
	"Meter", "Lpf", "Wred", "RegisterParam", "ParserValueSet", "PortMetadata", "DynHashConfigure", "DynHashAlgorithm",
	"MirrorCfg", "PreMgid", "PreEcmp", "PreNode", "PrePrune", "PreLag",
}

// reset makes the switch's tables as they are when it is fresh; ports stay.
func (r *remote) reset(ctx context.Context) error {
	for _, typ := range resets {
		for _, s := range r.api.Schema().Tables {
			if s.Type != typ {
				continue
			}
			if err := r.empty(ctx, s); err != nil {
				return fmt.Errorf("reset the switch: %w", err)
			}
		}
	}
	r.out = nil
	return r.wait()
}

func (r *remote) empty(ctx context.Context, s *tables.TableSpec) error {
	write := func(e tables.TableEntry) error {
		e.Table = s.Name
		err := single(r.api.Write(ctx, tables.AllPipes, []tables.Update{{Op: tables.Delete, Entry: e}}, tables.RollbackOnError))
		if errors.Is(err, tables.ErrReadOnly) {
			return nil // the program's own entries
		}
		return err
	}
	if len(s.Key) == 0 {
		return write(tables.TableEntry{Default: true})
	}
	err := write(tables.TableEntry{})
	if !errors.Is(err, tables.ErrNotSupported) {
		return err
	}
	var keys [][]tables.KeyField
	for e, err := range r.api.Read(ctx, tables.AllPipes, tables.Query{Table: s.Name}) {
		if err != nil {
			return err
		}
		if !e.Default && holds(e) {
			keys = append(keys, e.Key)
		}
	}
	for _, k := range keys {
		if err := write(tables.TableEntry{Key: k}); err != nil && !errors.Is(err, tables.ErrNotSupported) {
			return err
		}
	}
	return nil
}

// holds: tables of the replication engine that have all their entries always
// hold something where a list is not empty.
func holds(e *tables.TableEntry) bool {
	switch e.Table {
	case "$pre.prune", "$pre.lag":
		for _, f := range e.Data {
			if l, ok := f.Value.([]uint32); ok && len(l) > 0 {
				return true
			}
		}
		return false
	}
	return true
}
