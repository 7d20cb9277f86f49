package pre

import "fmt"

// Decision is one step of the engine, for people.
type Decision struct {
	// Depth 0: the group; 1: an L1 entry; 2: a port or a LAG.
	Depth int
	Text  string
	// Copy is made by this step when Made.
	Made bool
	Copy Copy
}

// Explain replicates as Replicate does, from the tables that controllers wrote
// instead of the published arrays, and reports every decision. It allocates
// and locks; it is for traces.
func (e *Engine) Explain(r Request, report func(Decision)) []Copy {
	e.mu.Lock()
	defer e.mu.Unlock()
	x := explainer{e: e, c: e.cfg.Load(), r: r, report: report}
	x.group()
	return x.out
}

type explainer struct {
	e      *Engine
	c      *config
	r      Request
	report func(Decision)
	out    []Copy
	first  bool
}

func (x *explainer) say(depth int, format string, args ...any) {
	x.report(Decision{Depth: depth, Text: fmt.Sprintf(format, args...)})
}

func (x *explainer) group() {
	g := x.e.groups[x.r.Group]
	if g == nil {
		x.say(0, "group %d does not exist", x.r.Group)
		return
	}
	if len(g.entries) > x.c.maxNodes {
		x.say(0, "group %d has %d nodes: discarded (most: %d)", x.r.Group, len(g.entries), x.c.maxNodes)
		return
	}
	if n := flatten(g).maxPort; n > x.c.maxPortLAGs {
		x.say(0, "group %d has a node with %d ports and LAGs: discarded (most: %d)", x.r.Group, n, x.c.maxPortLAGs)
		return
	}
	x.say(0, "group %d: %d entries", x.r.Group, len(g.entries))
	for i := len(g.entries) - 1; i >= 0; i-- {
		x.entry(g.entries[i])
	}
}

func (x *explainer) entry(a assoc) {
	n := a.node
	if a.xidValid && a.xid == x.r.XID {
		if n != nil {
			x.say(1, "node %d: excluded by xid %d", n.id, a.xid)
		} else {
			x.say(1, "ecmp %d: excluded by xid %d", a.ecmp.id, a.xid)
		}
		return
	}
	if n == nil {
		if n = x.slot(a.ecmp); n == nil {
			x.say(1, "ecmp %d: no members", a.ecmp.id)
			return
		}
		x.say(1, "ecmp %d, hash %d: node %d", a.ecmp.id, x.r.Hash1&hashMask, n.id)
	}
	prune := x.r.RID == n.rid || x.r.RID == x.c.globalRID
	if prune {
		x.say(1, "node %d, rid %d: pruned by l2 xid %d", n.id, n.rid, x.r.YID)
	} else {
		x.say(1, "node %d, rid %d", n.id, n.rid)
	}
	x.first = true
	for _, p := range n.ports.ports() {
		x.port(n, p, prune)
	}
	for _, l := range n.lags {
		x.lag(n, l, prune)
	}
}

// slot is the ECMP member for the packet's first hash.
func (x *explainer) slot(g *ecmp) *node {
	h := int(x.r.Hash1 & hashMask)
	if n := g.slots[h%ECMPSlots]; n != nil {
		return n
	}
	var used []*node
	for _, n := range g.slots {
		if n != nil {
			used = append(used, n)
		}
	}
	if len(used) == 0 {
		return nil
	}
	return used[h%len(used)]
}

func (x *explainer) pruned(p Port) bool {
	if int(x.r.YID) >= PruneEntries {
		return false
	}
	m := x.e.ports.prune[x.r.YID]
	return m != nil && m.has(p.bit())
}

func (x *explainer) down(p Port) bool {
	s := &x.e.ports
	return s.blocked.has(p.bit()) || s.failover && s.failed.has(p.bit())
}

func (x *explainer) port(n *node, p Port, prune bool) {
	if prune && x.pruned(p) {
		x.say(2, "port %d: pruned", p)
		return
	}
	x.send(n, p)
}

// send makes a copy to p, or to its backup when it is down.
func (x *explainer) send(n *node, p Port) {
	to := p
	if x.down(p) {
		to = x.e.ports.backup[p.bit()]
		if !x.e.ports.protection || to == p {
			x.say(2, "port %d: down, no backup", p)
			return
		}
		x.say(2, "port %d: down, backup %d", p, to)
	}
	c := Copy{Port: to, RID: n.rid, First: x.first}
	x.first = false
	x.out = append(x.out, c)
	x.report(Decision{Depth: 2, Text: fmt.Sprintf("copy to port %d, rid %d", to, n.rid), Made: true, Copy: c})
}

func (x *explainer) lag(n *node, id LAGID, prune bool) {
	l := x.e.ports.lags[id]
	if l == nil || len(l.members) == 0 {
		x.say(2, "lag %d: no members here", id)
		return
	}
	h := int(x.r.Hash2 & hashMask)
	if x.e.conf.Tofino2 {
		h = (h ^ int(n.rid)) & hashMask
	}
	idx := 0
	if total := (l.left + len(l.members) + l.right) & hashMask; total != 0 {
		idx = h % total
	}
	if idx < l.right || idx-l.right >= len(l.members) {
		x.say(2, "lag %d, hash %d: member of another chip", id, h)
		return
	}
	sel := l.members[idx-l.right]
	if x.down(sel) {
		var live []Port
		for _, p := range l.members {
			if !x.down(p) {
				live = append(live, p)
			}
		}
		if len(live) != 0 {
			sel = live[h%len(live)]
		}
	}
	if prune && x.pruned(sel) {
		x.say(2, "lag %d, hash %d: port %d: pruned", id, h, sel)
		return
	}
	x.say(2, "lag %d, hash %d: port %d", id, h, sel)
	x.send(n, sel)
}
