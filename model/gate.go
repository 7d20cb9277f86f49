package model

import (
	"context"
	"fmt"
	"iter"
	"sync"

	"gofino/pre"
	"gofino/tables"
)

// gate lets inputs in: frames, table operations, links. Whoever wants to see
// the switch between two inputs shuts it. Guarded by Switch.freeMu, which
// Process takes anyway.
type gate struct {
	running int  // inputs under way
	shut    bool // new ones wait
	moved   sync.Cond
}

func (g *gate) enter() {
	for g.shut {
		g.moved.Wait()
	}
	g.running++
}

func (g *gate) leave() {
	g.running--
	if g.shut && g.running == 0 {
		g.moved.Broadcast()
	}
}

// enter begins an input that needs no call.
func (s *Switch) enter() {
	s.freeMu.Lock()
	s.gate.enter()
	s.freeMu.Unlock()
}

func (s *Switch) leave() {
	s.freeMu.Lock()
	s.gate.leave()
	s.freeMu.Unlock()
}

// pause waits until no input is under way, and holds back others until resume.
func (s *Switch) pause() (resume func()) {
	s.freeMu.Lock()
	defer s.freeMu.Unlock()
	g := &s.gate
	for g.shut {
		g.moved.Wait()
	}
	g.shut = true
	for g.running > 0 {
		g.moved.Wait()
	}
	return func() {
		s.freeMu.Lock()
		defer s.freeMu.Unlock()
		g.shut = false
		g.moved.Broadcast()
	}
}

// api is the table API of a switch: the store's, but what changes something is
// an input.
type api struct {
	*tables.Store
	s     *Switch
	index int // of the program
}

// replaced is an error once the switch runs other programs.
func (a *api) replaced(op, table string) error {
	if !a.s.ended.Load() {
		return nil
	}
	return fmt.Errorf("%s %s: %w", op, table, ErrReplaced)
}

// Write applies the updates in order.
func (a *api) Write(ctx context.Context, t tables.Target, updates []tables.Update, at tables.Atomicity) error {
	a.s.enter()
	defer a.s.leave()
	if err := a.replaced("write", a.program().Program.Name); err != nil {
		return err
	}
	if j := a.s.journal.Load(); j != nil && ctx.Err() == nil {
		return j.write(ctx, a, t, updates, at)
	}
	return a.Store.Write(ctx, t, updates, at)
}

// Operation runs a table operation.
func (a *api) Operation(ctx context.Context, t tables.Target, table, op string) error {
	a.s.enter()
	defer a.s.leave()
	if err := a.replaced("operate on", table); err != nil {
		return err
	}
	if j := a.s.journal.Load(); j != nil && ctx.Err() == nil {
		return j.operation(ctx, a, t, table, op)
	}
	return a.Store.Operation(ctx, t, table, op)
}

// SetAttribute sets an attribute of a table.
func (a *api) SetAttribute(ctx context.Context, t tables.Target, table, name string, data []tables.DataField) error {
	a.s.enter()
	defer a.s.leave()
	if err := a.replaced("set attribute of", table); err != nil {
		return err
	}
	if j := a.s.journal.Load(); j != nil && ctx.Err() == nil {
		return j.attribute(ctx, a, t, table, name, data)
	}
	return a.Store.SetAttribute(ctx, t, table, name, data)
}

func (a *api) program() *program { return a.s.programs[a.index] }

// Read yields entries; it stops at the first error.
func (a *api) Read(ctx context.Context, t tables.Target, q tables.Query) iter.Seq2[*tables.TableEntry, error] {
	if err := a.replaced("read", q.Table); err != nil {
		return func(yield func(*tables.TableEntry, error) bool) { yield(nil, err) }
	}
	return a.Store.Read(ctx, t, q)
}

// AckDigest acknowledges a batch of digests.
func (a *api) AckDigest(batch uint64) error { return a.s.AckDigest(batch) }

// ConfigurePRE sets the replication engine's device configuration.
func (s *Switch) ConfigurePRE(c pre.DeviceConfig) {
	s.enter()
	defer s.leave()
	if j := s.journal.Load(); j != nil {
		defer j.device(c)()
	}
	s.pre.SetDeviceConfig(c)
}
