package pre

import "slices"

// portState is what writers know of ports, LAGs and prune masks; guarded by
// Engine.mu. publishConfig turns it into a config.
type portState struct {
	globalRID   RID
	maxNodes    int
	maxPortLAGs int
	yield       int  // nodes that the driver writes before it lets others write
	protection  bool // backup ports replace ports that are down
	failover    bool // the link's state counts at once

	blocked  mask // software forward state is off
	linkDown mask // the link is down now
	failed   mask // the link went down while failover was on; latched
	backup   [bitPorts]Port
	prune    [PruneEntries]*mask
	lags     [256]*lag
}

func (s *portState) init() {
	s.maxNodes, s.maxPortLAGs = DefaultMaxNodes, DefaultMaxPortLAGs
	for b := range s.backup {
		s.backup[b] = bitPort(b)
	}
}

// publishConfig makes the packet path see the ports, LAGs and prune masks as
// they are now.
func (e *Engine) publishConfig() {
	s := &e.ports
	c := &config{
		tofino2:     e.conf.Tofino2,
		globalRID:   s.globalRID,
		maxNodes:    s.maxNodes,
		maxPortLAGs: s.maxPortLAGs,
		prune:       s.prune,
	}
	for i := range c.down {
		c.down[i] = s.blocked[i]
		if s.failover {
			c.down[i] |= s.failed[i]
		}
	}
	c.anyDown = !c.down.empty()
	for b := range c.redirect {
		c.redirect[b] = none
		if s.protection && s.backup[b] != bitPort(b) {
			c.redirect[b] = s.backup[b]
		}
	}
	for i, l := range s.lags {
		if l == nil {
			continue
		}
		live := *l
		live.live = nil
		for _, p := range l.members {
			if !c.down.has(p.bit()) {
				live.live = append(live.live, p)
			}
		}
		c.lags[i] = &live
	}
	e.cfg.Store(c)
}

// change runs an operation on the port state; the old state comes back on
// undo. The arrays are copied whole: these operations are rare.
func (e *Engine) change(f func(*portState) error) (Undo, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	old := e.ports
	if err := f(&e.ports); err != nil {
		e.ports = old
		return nil, err
	}
	e.publishConfig()
	touched := e.ports.failed != old.failed
	return e.undo(func() {
		// What links do meanwhile is not the controller's to take back.
		link, failed := e.ports.linkDown, e.ports.failed
		e.ports = old
		e.ports.linkDown = link
		if !touched {
			e.ports.failed = failed
		}
		e.publishConfig()
	}), nil
}

// SetLAG sets a LAG's members on this chip, and how many it has on the chips
// before (left, the hash's high end) and after (right) it.
func (e *Engine) SetLAG(id LAGID, ports []Port, left, right uint32) (Undo, error) {
	return e.change(func(s *portState) error {
		if err := e.checkLAG(id); err != nil {
			return err
		}
		if left > hashMask || right > hashMask {
			return fail(ErrInvalid, "lag %d: remote member counts are 0..%d", id, hashMask)
		}
		m, err := e.mask(ports)
		if err != nil {
			return err
		}
		l := &lag{members: m.ports(), left: int(left), right: int(right)}
		if len(l.members) == 0 && left == 0 && right == 0 {
			l = nil
		}
		s.lags[id] = l
		return nil
	})
}

// LAG is what SetLAG set.
func (e *Engine) LAG(id LAGID) (ports []Port, left, right uint32) {
	e.mu.Lock()
	defer e.mu.Unlock()
	l := e.ports.lags[id]
	if l == nil {
		return []Port{}, 0, 0
	}
	return slices.Clone(l.members), uint32(l.left), uint32(l.right)
}

// LAGs is how many LAGs the chip has.
func (e *Engine) LAGs() int {
	if e.conf.Tofino2 {
		return 256
	}
	return 255
}

// SetPrune sets the ports that copies of pruned nodes leave out for this YID.
func (e *Engine) SetPrune(y YID, ports []Port) (Undo, error) {
	return e.change(func(s *portState) error {
		if int(y) >= PruneEntries {
			return fail(ErrInvalid, "l2 xid %d (l2 xids: 0..%d)", y, PruneEntries-1)
		}
		m, err := e.mask(ports)
		if err != nil {
			return err
		}
		s.prune[y] = m
		if m.empty() {
			s.prune[y] = nil
		}
		return nil
	})
}

// Prune is what SetPrune set.
func (e *Engine) Prune(y YID) []Port {
	e.mu.Lock()
	defer e.mu.Unlock()
	if int(y) >= PruneEntries || e.ports.prune[y] == nil {
		return []Port{}
	}
	return e.ports.prune[y].ports()
}

func (e *Engine) mask(ports []Port) (*mask, error) {
	m := new(mask)
	for _, p := range ports {
		if err := e.checkPort(p); err != nil {
			return nil, err
		}
		m.set(p.bit())
	}
	return m, nil
}

// PortState is a port as the engine sees it.
type PortState struct {
	Backup  Port // itself: no backup
	Forward bool // software forward state
	Failed  bool // the link failed under fast failover, and nobody cleared it
}

// Port is the state of a port.
func (e *Engine) Port(p Port) (PortState, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.checkPort(p); err != nil {
		return PortState{}, err
	}
	b := p.bit()
	return PortState{
		Backup:  e.ports.backup[b],
		Forward: !e.ports.blocked.has(b),
		Failed:  e.ports.failed.has(b),
	}, nil
}

// SetBackup names the port that takes over when p is down and protection is
// on; p itself means none.
func (e *Engine) SetBackup(p, backup Port) (Undo, error) {
	return e.change(func(s *portState) error {
		if err := e.checkPort(p); err != nil {
			return err
		}
		if err := e.checkPort(backup); err != nil {
			return err
		}
		s.backup[p.bit()] = backup
		return nil
	})
}

// SetForward sets the software forward state.
func (e *Engine) SetForward(p Port, forward bool) (Undo, error) {
	return e.change(func(s *portState) error {
		if err := e.checkPort(p); err != nil {
			return err
		}
		if forward {
			s.blocked.clear(p.bit())
		} else {
			s.blocked.set(p.bit())
		}
		return nil
	})
}

// ClearFailover forgets that the link failed. If it is still down while
// failover is on, it counts as failed again when it next goes down.
func (e *Engine) ClearFailover(p Port) (Undo, error) {
	return e.change(func(s *portState) error {
		if err := e.checkPort(p); err != nil {
			return err
		}
		s.failed.clear(p.bit())
		return nil
	})
}

// SetLink tells the engine that a port's link went up or down. Ports that no
// bit map names are ignored.
func (e *Engine) SetLink(p Port, up bool) {
	if e.checkPort(p) != nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	b := p.bit()
	if up {
		e.ports.linkDown.clear(b)
		return
	}
	e.ports.linkDown.set(b)
	if e.ports.failover {
		e.ports.failed.set(b)
		e.publishConfig()
	}
}

// SetGlobalRID sets the RID whose packets are pruned in every node.
func (e *Engine) SetGlobalRID(r RID) Undo {
	return e.set(func(s *portState) { s.globalRID = r })
}

// SetPortProtection switches backup ports on or off.
func (e *Engine) SetPortProtection(on bool) Undo {
	return e.set(func(s *portState) { s.protection = on })
}

// SetFastFailover makes a failing link count at once, without the software
// forward state. Links that are down already count as failed.
func (e *Engine) SetFastFailover(on bool) Undo {
	return e.set(func(s *portState) {
		s.failover = on
		if on {
			for i := range s.failed {
				s.failed[i] |= s.linkDown[i]
			}
		}
	})
}

// SetLimits sets the most L1 entries of a tree, and the most ports and LAGs of
// a node in one pipe, that do not make the chip discard the packet.
func (e *Engine) SetLimits(nodes, portLAGs int) Undo {
	return e.set(func(s *portState) { s.maxNodes, s.maxPortLAGs = nodes, portLAGs })
}

func (e *Engine) set(f func(*portState)) Undo {
	undo, err := e.change(func(s *portState) error { f(s); return nil })
	if err != nil {
		panic("BUG: pre: " + err.Error())
	}
	return undo
}
