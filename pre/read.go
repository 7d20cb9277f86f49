package pre

import (
	"encoding/binary"
	"io"
	"maps"
	"slices"
)

// Group is what a group holds, oldest association first.
func (e *Engine) Group(g MGID) (nodes []Member, ecmps []ECMPMember, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	gr := e.groups[g]
	if gr == nil {
		return nil, nil, false
	}
	for _, a := range gr.entries {
		if a.node != nil {
			nodes = append(nodes, Member{Node: a.node.id, XID: a.xid, XIDValid: a.xidValid})
		} else {
			ecmps = append(ecmps, ECMPMember{ECMP: a.ecmp.id, XID: a.xid, XIDValid: a.xidValid})
		}
	}
	return nodes, ecmps, true
}

// Node is a node's RID, ports by (pipe, local), and LAGs.
func (e *Engine) Node(id NodeID) (rid RID, ports []Port, lags []LAGID, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := e.nodes[id]
	if n == nil {
		return 0, nil, nil, false
	}
	return n.rid, n.ports.ports(), slices.Clone(n.lags), true
}

// ECMP is the members in slot order.
func (e *Engine) ECMP(id ECMPID) (nodes []NodeID, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	x := e.ecmps[id]
	if x == nil {
		return nil, false
	}
	for _, n := range x.slots {
		if n != nil {
			nodes = append(nodes, n.id)
		}
	}
	return nodes, true
}

// Groups, Nodes and ECMPs list the numbers in use, ascending.
func (e *Engine) Groups() []MGID  { return sortedKeys(e, e.groups) }
func (e *Engine) Nodes() []NodeID { return sortedKeys(e, e.nodes) }
func (e *Engine) ECMPs() []ECMPID { return sortedKeys(e, e.ecmps) }

func sortedKeys[K MGID | NodeID | ECMPID, V any](e *Engine, m map[K]V) []K {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Sorted(maps.Keys(m))
}

// WriteState writes all state in a fixed order; equal states write equal
// bytes.
func (e *Engine) WriteState(w io.Writer) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	b := []byte("pre\x00")
	num := func(v ...uint64) {
		for _, x := range v {
			b = binary.AppendUvarint(b, x)
		}
	}
	num(uint64(len(e.nodes)))
	for _, id := range slices.Sorted(maps.Keys(e.nodes)) {
		n := e.nodes[id]
		num(uint64(id), uint64(n.rid))
		num(n.ports[:]...)
		num(uint64(len(n.lags)))
		for _, l := range n.lags {
			num(uint64(l))
		}
	}
	num(uint64(len(e.ecmps)))
	for _, id := range slices.Sorted(maps.Keys(e.ecmps)) {
		num(uint64(id))
		for _, n := range e.ecmps[id].slots {
			if n == nil {
				num(0)
			} else {
				num(1, uint64(n.id))
			}
		}
	}
	num(uint64(len(e.groups)))
	for _, g := range slices.Sorted(maps.Keys(e.groups)) {
		num(uint64(g), uint64(len(e.groups[g].entries)))
		for _, a := range e.groups[g].entries {
			if a.node != nil {
				num(0, uint64(a.node.id))
			} else {
				num(1, uint64(a.ecmp.id))
			}
			num(bit(a.xidValid), uint64(a.xid))
		}
	}
	b = e.ports.appendState(b)
	_, err := w.Write(b)
	return err
}

func (s *portState) appendState(b []byte) []byte {
	num := func(v ...uint64) {
		for _, x := range v {
			b = binary.AppendUvarint(b, x)
		}
	}
	num(uint64(s.globalRID), uint64(s.maxNodes), uint64(s.maxPortLAGs), uint64(s.yield), bit(s.protection), bit(s.failover))
	num(s.blocked[:]...)
	num(s.linkDown[:]...)
	num(s.failed[:]...)
	for _, p := range s.backup {
		num(uint64(p))
	}
	for _, m := range s.prune {
		if m == nil {
			m = &mask{}
		}
		num(m[:]...)
	}
	for _, l := range s.lags {
		if l == nil {
			l = &lag{}
		}
		num(uint64(l.left), uint64(l.right), uint64(len(l.members)))
		for _, p := range l.members {
			num(uint64(p))
		}
	}
	return b
}

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
