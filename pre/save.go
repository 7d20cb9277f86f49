package pre

import (
	"maps"
	"slices"

	"gofino/internal/snap"
)

// Save writes all state; equal states give equal bytes.
func (e *Engine) Save(w *snap.Encoder) {
	e.mu.Lock()
	defer e.mu.Unlock()
	w.Section("NODE", func() { e.saveNodes(w) })
	w.Section("ECMP", func() { e.saveECMPs(w) })
	w.Section("MGID", func() { e.saveGroups(w) })
	w.Section("PORT", func() { e.ports.save(w) })
}

// Load reads what Save wrote, into an engine that New has just made with the
// same Config. After an error the engine is of no use.
func (e *Engine) Load(d *snap.Decoder) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range []struct {
		tag  string
		load func(*snap.Decoder)
	}{{"NODE", e.loadNodes}, {"ECMP", e.loadECMPs}, {"MGID", e.loadGroups}, {"PORT", e.loadPorts}} {
		section := d.Section(s.tag)
		s.load(section)
		if err := section.End(); err != nil {
			return err
		}
	}
	for g := range e.groups {
		e.publish(g)
	}
	e.publishConfig()
	return d.End()
}

func savePorts(w *snap.Encoder, list []Port) {
	w.Uint(uint64(len(list)))
	for _, p := range list {
		w.Uint(uint64(p))
	}
}

func (e *Engine) loadPortList(d *snap.Decoder) []Port {
	out := make([]Port, 0, d.Len())
	for range cap(out) {
		p := Port(d.Below("a port", 1<<9))
		if d.Err() == nil {
			d.Wrap(e.checkPort(p))
		}
		if d.Err() != nil {
			return nil
		}
		out = append(out, p)
	}
	return out
}

func (e *Engine) saveNodes(w *snap.Encoder) {
	w.Uint(uint64(len(e.nodes)))
	for _, id := range slices.Sorted(maps.Keys(e.nodes)) {
		n := e.nodes[id]
		w.Uint(uint64(id), uint64(n.rid))
		savePorts(w, n.ports.ports())
		w.Uint(uint64(len(n.lags)))
		for _, l := range n.lags {
			w.Byte(byte(l))
		}
	}
}

func (e *Engine) loadNodes(d *snap.Decoder) {
	for range d.Len() {
		n := &node{id: NodeID(d.Uint32()), rid: RID(d.Below("a rid", 1<<16))}
		ports := e.loadPortList(d)
		var lags []LAGID
		for _, l := range d.Bytes() {
			lags = append(lags, LAGID(l))
		}
		if d.Err() != nil {
			return
		}
		if e.nodes[n.id] != nil {
			d.Fail("node %d is there twice", n.id)
		}
		d.Wrap(e.fill(n, 0, ports, lags))
		e.nodes[n.id] = n
		e.rdm += n.words
	}
}

func (e *Engine) saveECMPs(w *snap.Encoder) {
	w.Uint(uint64(len(e.ecmps)))
	for _, id := range slices.Sorted(maps.Keys(e.ecmps)) {
		w.Uint(uint64(id))
		for _, n := range e.ecmps[id].slots {
			w.Bool(n != nil)
			if n != nil {
				w.Uint(uint64(n.id))
			}
		}
	}
}

func (e *Engine) loadECMPs(d *snap.Decoder) {
	for range d.Len() {
		x := &ecmp{id: ECMPID(d.Uint32()), users: map[MGID]bool{}}
		if d.Err() == nil && e.ecmps[x.id] != nil {
			d.Fail("ecmp %d is there twice", x.id)
		}
		for i := range x.slots {
			if !d.Bool() {
				continue
			}
			n := e.nodes[NodeID(d.Uint32())]
			if n == nil || n.ecmp != nil {
				d.Fail("ecmp %d has a node that is not there, or belongs elsewhere", x.id)
				return
			}
			n.ecmp = x
			x.slots[i] = n
		}
		if d.Err() != nil {
			return
		}
		e.ecmps[x.id] = x
	}
}

func (e *Engine) saveGroups(w *snap.Encoder) {
	w.Uint(uint64(len(e.groups)))
	for _, g := range slices.Sorted(maps.Keys(e.groups)) {
		w.Uint(uint64(g), uint64(len(e.groups[g].entries)))
		for _, a := range e.groups[g].entries {
			w.Bool(a.ecmp != nil)
			if a.ecmp != nil {
				w.Uint(uint64(a.ecmp.id))
			} else {
				w.Uint(uint64(a.node.id))
			}
			w.Bool(a.xidValid)
			w.Uint(uint64(a.xid))
		}
	}
}

func (e *Engine) loadGroups(d *snap.Decoder) {
	for range d.Len() {
		g := MGID(d.Below("a group", 1<<16))
		if d.Err() == nil && e.groups[g] != nil {
			d.Fail("group %d is there twice", g)
		}
		gr := new(group)
		for range d.Len() {
			var a assoc
			if d.Bool() {
				a.ecmp = e.ecmps[ECMPID(d.Uint32())]
			} else {
				a.node = e.nodes[NodeID(d.Uint32())]
			}
			a.xidValid = d.Bool()
			a.xid = XID(d.Below("an xid", 1<<16))
			switch {
			case a.node == nil && a.ecmp == nil,
				a.node != nil && (a.node.inGroup || a.node.ecmp != nil),
				a.ecmp != nil && a.ecmp.users[g]:
				d.Fail("group %d has an entry that is not there, or belongs elsewhere", g)
			}
			if d.Err() != nil {
				return
			}
			if a.node != nil {
				a.node.inGroup, a.node.mgid = true, g
			} else {
				a.ecmp.users[g] = true
			}
			gr.entries = append(gr.entries, a)
		}
		if d.Err() != nil {
			return
		}
		e.groups[g] = gr
	}
}

func (s *portState) save(w *snap.Encoder) {
	w.Uint(uint64(s.globalRID))
	w.Int(int64(s.maxNodes))
	w.Int(int64(s.maxPortLAGs))
	w.Int(int64(s.yield))
	w.Bool(s.protection)
	w.Bool(s.failover)
	for _, m := range []*mask{&s.blocked, &s.linkDown, &s.failed} {
		savePorts(w, m.ports())
	}
	for _, p := range s.backup {
		w.Uint(uint64(p))
	}
	for _, m := range s.prune {
		if m == nil {
			m = &mask{}
		}
		savePorts(w, m.ports())
	}
	for _, l := range s.lags {
		if l == nil {
			l = &lag{}
		}
		w.Uint(uint64(l.left), uint64(l.right))
		savePorts(w, l.members)
	}
}

func (e *Engine) loadPorts(d *snap.Decoder) {
	s := &e.ports
	s.globalRID = RID(d.Below("a rid", 1<<16))
	s.maxNodes, s.maxPortLAGs, s.yield = int(d.Int()), int(d.Int()), int(d.Int())
	s.protection, s.failover = d.Bool(), d.Bool()
	for _, m := range []*mask{&s.blocked, &s.linkDown, &s.failed} {
		*m = e.loadMask(d)
	}
	for b := range s.backup {
		p := Port(d.Below("a backup port", 1<<9))
		if d.Err() == nil && p != bitPort(b) {
			d.Wrap(e.checkPort(p))
		}
		s.backup[b] = p
	}
	for y := range s.prune {
		if m := e.loadMask(d); !m.empty() {
			s.prune[y] = &m
		}
	}
	for i := range s.lags {
		l := &lag{left: d.Below("a member count", hashMask+1), right: d.Below("a member count", hashMask+1)}
		m := e.loadMask(d)
		l.members = m.ports()
		if len(l.members) > 0 || l.left > 0 || l.right > 0 {
			s.lags[i] = l
		}
	}
}

func (e *Engine) loadMask(d *snap.Decoder) mask {
	var m mask
	for _, p := range e.loadPortList(d) {
		m.set(p.bit())
	}
	return m
}
