package pre

import (
	"maps"
	"slices"
)

// group, node and ecmp are what writers think in; all guarded by Engine.mu.
type group struct {
	entries []assoc // oldest association first
}

// assoc is one L1 entry of a group: a node or an ECMP group.
type assoc struct {
	node     *node
	ecmp     *ecmp
	xid      XID
	xidValid bool
}

type node struct {
	id    NodeID
	rid   RID
	ports mask
	lags  []LAGID // sorted
	words int     // of replication memory
	// A node belongs to one group or one ECMP group, or to none.
	inGroup bool
	mgid    MGID
	ecmp    *ecmp
}

type ecmp struct {
	id    ECMPID
	slots [ECMPSlots]*node
	users map[MGID]bool // groups that hold it
}

// Member associates a node with a group.
type Member struct {
	Node     NodeID
	XIDValid bool
	XID      XID
}

// ECMPMember associates an ECMP group with a group.
type ECMPMember struct {
	ECMP     ECMPID
	XIDValid bool
	XID      XID
}

// Undo takes one operation back. Undos run in the reverse order of the
// operations, with no other operation between.
type Undo func()

// AddGroup makes a group of nodes and ECMP groups, associated in the order of
// the lists, nodes first.
func (e *Engine) AddGroup(g MGID, nodes []Member, ecmps []ECMPMember) (Undo, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.groups[g] != nil {
		return nil, fail(ErrExists, "group %d", g)
	}
	add, err := e.resolve(g, nil, nodes, ecmps)
	if err != nil {
		return nil, err
	}
	e.setGroup(g, &group{entries: add})
	return e.undo(func() { e.setGroup(g, nil) }), nil
}

// SetGroup replaces what a group holds, as deleting and adding it again would.
func (e *Engine) SetGroup(g MGID, nodes []Member, ecmps []ECMPMember) (Undo, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	old := e.groups[g]
	if old == nil {
		return nil, fail(ErrNotFound, "group %d", g)
	}
	e.associate(g, old, false)
	add, err := e.resolve(g, nil, nodes, ecmps)
	e.associate(g, old, true)
	if err != nil {
		return nil, err
	}
	e.setGroup(g, &group{entries: add})
	return e.undo(func() { e.setGroup(g, old) }), nil
}

// AddToGroup associates more nodes and ECMP groups with a group. They come
// before the older ones in the order of copies.
func (e *Engine) AddToGroup(g MGID, nodes []Member, ecmps []ECMPMember) (Undo, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	old := e.groups[g]
	if old == nil {
		return nil, fail(ErrNotFound, "group %d", g)
	}
	add, err := e.resolve(g, old.entries, nodes, ecmps)
	if err != nil {
		return nil, err
	}
	e.setGroup(g, &group{entries: slices.Concat(old.entries, add)})
	return e.undo(func() { e.setGroup(g, old) }), nil
}

// RemoveFromGroup dissociates nodes and ECMP groups from a group.
func (e *Engine) RemoveFromGroup(g MGID, nodes []NodeID, ecmps []ECMPID) (Undo, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	old := e.groups[g]
	if old == nil {
		return nil, fail(ErrNotFound, "group %d", g)
	}
	rest := slices.Clone(old.entries)
	remove := func(is func(assoc) bool) bool {
		i := slices.IndexFunc(rest, is)
		if i < 0 {
			return false
		}
		rest = slices.Delete(rest, i, i+1)
		return true
	}
	for _, id := range nodes {
		if !remove(func(a assoc) bool { return a.node != nil && a.node.id == id }) {
			return nil, fail(ErrNotFound, "node %d in group %d", id, g)
		}
	}
	for _, id := range ecmps {
		if !remove(func(a assoc) bool { return a.ecmp != nil && a.ecmp.id == id }) {
			return nil, fail(ErrNotFound, "ecmp %d in group %d", id, g)
		}
	}
	e.setGroup(g, &group{entries: rest})
	return e.undo(func() { e.setGroup(g, old) }), nil
}

// DeleteGroup frees its nodes; they stay.
func (e *Engine) DeleteGroup(g MGID) (Undo, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	old := e.groups[g]
	if old == nil {
		return nil, fail(ErrNotFound, "group %d", g)
	}
	e.setGroup(g, nil)
	return e.undo(func() { e.setGroup(g, old) }), nil
}

// undo runs f under the lock.
func (e *Engine) undo(f func()) Undo {
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		f()
	}
}

// resolve checks new members of group g, which holds have already.
func (e *Engine) resolve(g MGID, have []assoc, nodes []Member, ecmps []ECMPMember) ([]assoc, error) {
	out := make([]assoc, 0, len(nodes)+len(ecmps))
	seen := make(map[NodeID]bool, len(nodes))
	for _, m := range nodes {
		n := e.nodes[m.Node]
		switch {
		case n == nil:
			return nil, fail(ErrNotFound, "node %d", m.Node)
		case n.inGroup:
			return nil, fail(ErrInUse, "node %d belongs to group %d", m.Node, n.mgid)
		case n.ecmp != nil:
			return nil, fail(ErrInUse, "node %d belongs to ecmp %d", m.Node, n.ecmp.id)
		case seen[m.Node]:
			return nil, fail(ErrInvalid, "node %d is listed twice", m.Node)
		}
		seen[m.Node] = true
		out = append(out, assoc{node: n, xid: m.XID, xidValid: m.XIDValid})
	}
	for _, m := range ecmps {
		x := e.ecmps[m.ECMP]
		if x == nil {
			return nil, fail(ErrNotFound, "ecmp %d", m.ECMP)
		}
		holds := func(a assoc) bool { return a.ecmp == x }
		if slices.ContainsFunc(have, holds) || slices.ContainsFunc(out, holds) {
			return nil, fail(ErrExists, "ecmp %d in group %d", m.ECMP, g)
		}
		out = append(out, assoc{ecmp: x, xid: m.XID, xidValid: m.XIDValid})
	}
	return out, nil
}

// setGroup replaces (nil: removes) a group, keeps the associations of nodes
// and ECMP groups true, and publishes.
func (e *Engine) setGroup(g MGID, to *group) {
	if old := e.groups[g]; old != nil {
		e.associate(g, old, false)
	}
	if to == nil {
		delete(e.groups, g)
	} else {
		e.groups[g] = to
		e.associate(g, to, true)
	}
	e.publish(g)
}

// associate notes in the members of gr that they belong to group g, or not.
func (e *Engine) associate(g MGID, gr *group, on bool) {
	for _, a := range gr.entries {
		switch {
		case a.node != nil:
			a.node.inGroup, a.node.mgid = on, g
		case on:
			a.ecmp.users[g] = true
		default:
			delete(a.ecmp.users, g)
		}
	}
}

// AddNode makes an L1 node that belongs to no group yet.
func (e *Engine) AddNode(id NodeID, rid RID, ports []Port, lags []LAGID) (Undo, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.nodes[id] != nil {
		return nil, fail(ErrExists, "node %d", id)
	}
	n := &node{id: id, rid: rid}
	if err := e.fill(n, 0, ports, lags); err != nil {
		return nil, err
	}
	e.nodes[id] = n
	e.rdm += n.words
	return e.undo(func() {
		e.rdm -= n.words
		delete(e.nodes, id)
	}), nil
}

// SetNode replaces a node's ports and LAGs. The RID stays as it was added.
func (e *Engine) SetNode(id NodeID, ports []Port, lags []LAGID) (Undo, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := e.nodes[id]
	if n == nil {
		return nil, fail(ErrNotFound, "node %d", id)
	}
	var to node
	if err := e.fill(&to, n.words, ports, lags); err != nil {
		return nil, err
	}
	set := func(v node) {
		e.rdm += v.words - n.words
		n.ports, n.lags, n.words = v.ports, v.lags, v.words
		e.publishNode(n)
	}
	old := *n
	set(to)
	return e.undo(func() { set(old) }), nil
}

// DeleteNode removes a node, also from the group or ECMP group that it belongs
// to, as the chip's driver does.
func (e *Engine) DeleteNode(id NodeID) (Undo, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := e.nodes[id]
	if n == nil {
		return nil, fail(ErrNotFound, "node %d", id)
	}
	back := e.dissociate(n)
	delete(e.nodes, id)
	e.rdm -= n.words
	return e.undo(func() {
		e.nodes[id] = n
		e.rdm += n.words
		back()
	}), nil
}

// dissociate takes a node out of what it belongs to.
func (e *Engine) dissociate(n *node) (back func()) {
	switch {
	case n.inGroup:
		g := n.mgid
		old := e.groups[g]
		rest := slices.DeleteFunc(slices.Clone(old.entries), func(a assoc) bool { return a.node == n })
		e.setGroup(g, &group{entries: rest})
		return func() { e.setGroup(g, old) }
	case n.ecmp != nil:
		x, old := n.ecmp, n.ecmp.slots
		slots := old
		slots[slices.Index(slots[:], n)] = nil
		e.setSlots(x, slots)
		return func() { e.setSlots(x, old) }
	}
	return func() {}
}

// fill checks ports and LAGs and sets them in n; free is memory that n gives
// back.
func (e *Engine) fill(n *node, free int, ports []Port, lags []LAGID) error {
	for _, p := range ports {
		if err := e.checkPort(p); err != nil {
			return err
		}
		n.ports.set(p.bit())
	}
	for _, l := range lags {
		if err := e.checkLAG(l); err != nil {
			return err
		}
	}
	n.lags = slices.Compact(slices.Sorted(slices.Values(lags)))
	n.words = words(n)
	if e.rdm-free+n.words > e.conf.RDM {
		return fail(ErrFull, "replication memory (%d of %d words used)", e.rdm, e.conf.RDM)
	}
	return nil
}

// words is what we charge a node for: one word of replication memory, one for
// each LAG, and one for each 18 local ports of a pipe of which it has any. How
// tightly the chip packs a port map is not public; the total (chip.md section
// 9) is.
func words(n *node) int {
	w := 1 + len(n.lags)
	const part = 18
	for b := 0; b < bitPorts; b += part {
		for i := range part {
			if n.ports.has(b + i) {
				w++
				break
			}
		}
	}
	return w
}

func (e *Engine) checkPort(p Port) error {
	if int(p>>7) >= e.conf.Pipes || p&0x7f >= localPorts {
		return fail(ErrInvalid, "port %d (ports: pipe<<7 | local; pipe 0..%d, local 0..%d)", p, e.conf.Pipes-1, localPorts-1)
	}
	return nil
}

func (e *Engine) checkLAG(l LAGID) error {
	if !e.conf.Tofino2 && l == 255 {
		return fail(ErrInvalid, "lag 255 is reserved (lags: 0..254)")
	}
	return nil
}

// AddECMP makes an ECMP group of nodes, in slots 0, 1, ...
func (e *Engine) AddECMP(id ECMPID, nodes []NodeID) (Undo, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ecmps[id] != nil {
		return nil, fail(ErrExists, "ecmp %d", id)
	}
	x := &ecmp{id: id, users: map[MGID]bool{}}
	slots, err := e.addSlots(x, nodes)
	if err != nil {
		return nil, err
	}
	e.ecmps[id] = x
	e.setSlots(x, slots)
	return e.undo(func() {
		e.setSlots(x, [ECMPSlots]*node{})
		delete(e.ecmps, id)
	}), nil
}

// AddToECMP puts nodes into the first free slots.
func (e *Engine) AddToECMP(id ECMPID, nodes []NodeID) (Undo, error) {
	return e.changeECMP(id, func(x *ecmp) ([ECMPSlots]*node, error) { return e.addSlots(x, nodes) })
}

// RemoveFromECMP empties the nodes' slots; the others stay where they are.
func (e *Engine) RemoveFromECMP(id ECMPID, nodes []NodeID) (Undo, error) {
	return e.changeECMP(id, func(x *ecmp) ([ECMPSlots]*node, error) {
		slots := x.slots
		for _, nid := range nodes {
			i := slices.IndexFunc(slots[:], func(n *node) bool { return n != nil && n.id == nid })
			if i < 0 {
				return slots, fail(ErrNotFound, "node %d in ecmp %d", nid, id)
			}
			slots[i] = nil
		}
		return slots, nil
	})
}

// SetECMP replaces the members. A node that stays keeps its slot; new ones
// take the first free slots.
func (e *Engine) SetECMP(id ECMPID, nodes []NodeID) (Undo, error) {
	return e.changeECMP(id, func(x *ecmp) ([ECMPSlots]*node, error) {
		kept := ecmp{id: id}
		var fresh []NodeID
		for i, n := range x.slots {
			if n != nil && slices.Contains(nodes, n.id) {
				kept.slots[i] = n
			}
		}
		for i, nid := range nodes {
			if slices.Contains(nodes[:i], nid) {
				return x.slots, fail(ErrInvalid, "node %d is listed twice", nid)
			}
			if n := e.nodes[nid]; n == nil || n.ecmp != x {
				fresh = append(fresh, nid)
			}
		}
		return e.addSlots(&kept, fresh)
	})
}

func (e *Engine) changeECMP(id ECMPID, to func(*ecmp) ([ECMPSlots]*node, error)) (Undo, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	x := e.ecmps[id]
	if x == nil {
		return nil, fail(ErrNotFound, "ecmp %d", id)
	}
	old := x.slots
	slots, err := to(x)
	if err != nil {
		return nil, err
	}
	e.setSlots(x, slots)
	return e.undo(func() { e.setSlots(x, old) }), nil
}

// DeleteECMP removes an ECMP group that no group holds; its nodes stay.
func (e *Engine) DeleteECMP(id ECMPID) (Undo, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	x := e.ecmps[id]
	if x == nil {
		return nil, fail(ErrNotFound, "ecmp %d", id)
	}
	if len(x.users) != 0 {
		g := slices.Min(slices.Collect(maps.Keys(x.users)))
		return nil, fail(ErrInUse, "ecmp %d belongs to group %d", id, g)
	}
	old := x.slots
	e.setSlots(x, [ECMPSlots]*node{})
	delete(e.ecmps, id)
	return e.undo(func() {
		e.ecmps[id] = x
		e.setSlots(x, old)
	}), nil
}

// addSlots is x.slots with the nodes in the first free slots.
func (e *Engine) addSlots(x *ecmp, nodes []NodeID) ([ECMPSlots]*node, error) {
	slots := x.slots
	for _, nid := range nodes {
		n := e.nodes[nid]
		switch {
		case n == nil:
			return slots, fail(ErrNotFound, "node %d", nid)
		case n.inGroup:
			return slots, fail(ErrInUse, "node %d belongs to group %d", nid, n.mgid)
		case n.ecmp != nil:
			return slots, fail(ErrInUse, "node %d belongs to ecmp %d", nid, n.ecmp.id)
		case slices.Contains(slots[:], n):
			return slots, fail(ErrInvalid, "node %d is listed twice", nid)
		}
		i := slices.Index(slots[:], nil)
		if i < 0 {
			return slots, fail(ErrFull, "ecmp %d (%d members)", x.id, ECMPSlots)
		}
		slots[i] = n
	}
	return slots, nil
}

func (e *Engine) setSlots(x *ecmp, slots [ECMPSlots]*node) {
	for _, n := range x.slots {
		if n != nil {
			n.ecmp = nil
		}
	}
	x.slots = slots
	for _, n := range slots {
		if n != nil {
			n.ecmp = x
		}
	}
	for g := range x.users {
		e.publish(g)
	}
}
