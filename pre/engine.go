package pre

import (
	"sync"
	"sync/atomic"
)

// Engine is the replication engine of one switch.
type Engine struct {
	conf Config // immutable

	// mu serialises writers and guards what they think in.
	mu     sync.Mutex
	groups map[MGID]*group
	nodes  map[NodeID]*node
	ecmps  map[ECMPID]*ecmp
	rdm    int // words of replication memory in use
	ports  portState

	// live is what the packet path reads: pages of 256 published trees. A page
	// appears when its first group does and stays.
	live [256]atomic.Pointer[page]
	cfg  atomic.Pointer[config] // published; never nil, never edited in place
}

type page [256]atomic.Pointer[tree]

// tree is a group as the packet path walks it. Immutable.
type tree struct {
	entries []entry
	nodes   []treeNode
	copies  []Copy  // individual ports, by node, ordered by (pipe, local)
	lags    []LAGID // by node
	slots   []ecmpSlots
	maxPort int // most ports and LAGs of one node in one pipe
}

// entry is one L1 entry of a tree, in order of traversal.
type entry struct {
	xid      XID
	xidValid bool
	ecmp     bool
	at       int32 // index into nodes, or into slots
}

type treeNode struct {
	rid          RID
	copyLo, copy int32 // [copyLo, copy) of tree.copies
	lagLo, lag   int32 // [lagLo, lag) of tree.lags
}

// ecmpSlots of an ECMP group: indices into tree.nodes, -1 for an empty slot.
type ecmpSlots struct {
	slot [ECMPSlots]int32
	used [ECMPSlots]int32 // the occupied ones, packed in slot order
	n    uint16
}

// config is everything that is not a tree. Immutable.
type config struct {
	tofino2     bool
	globalRID   RID
	maxNodes    int
	maxPortLAGs int
	anyDown     bool
	down        mask
	// redirect[bit of a port that is down] is where its copies go, or none.
	redirect [bitPorts]Port
	prune    [PruneEntries]*mask // nil: prunes nothing
	lags     [256]*lag           // nil: no members
}

// none marks "no port".
const none Port = 0xffff

type lag struct {
	members []Port // sorted by (pipe, local)
	live    []Port // those of them that are up
	left    int    // members on the chips before this one
	right   int    // members on the chips after this one
}

// New makes an engine without groups; all ports are up.
func New(c Config) *Engine {
	if c.Pipes == 0 {
		c.Pipes = maxPipes
	}
	if c.RDM == 0 {
		c.RDM = rdmTofino
		if c.Tofino2 {
			c.RDM = rdmTofino2
		}
	}
	e := &Engine{
		conf:   c,
		groups: map[MGID]*group{},
		nodes:  map[NodeID]*node{},
		ecmps:  map[ECMPID]*ecmp{},
	}
	e.ports.init()
	e.publishConfig()
	return e
}

// Exists reports whether the group was added.
func (e *Engine) Exists(g MGID) bool { return e.tree(g) != nil }

func (e *Engine) tree(g MGID) *tree {
	p := e.live[g>>8].Load()
	if p == nil {
		return nil
	}
	return p[g&0xff].Load()
}

// Replicate appends the copies that the request asks for to dst, in the order
// of the chip: L1 entries newest first, of each node the ports by (pipe,
// local), then its LAGs. It is safe for concurrent use and takes no lock.
func (e *Engine) Replicate(dst []Copy, r Request) []Copy {
	t := e.tree(r.Group)
	if t == nil {
		return dst
	}
	c := e.cfg.Load()
	if len(t.entries) > c.maxNodes || t.maxPort > c.maxPortLAGs {
		return dst // the chip discards what would keep it busy too long
	}
	var pruned *mask
	if int(r.YID) < PruneEntries {
		pruned = c.prune[r.YID]
	}
	all := r.RID == c.globalRID
	h2 := r.Hash2 & hashMask
	for i := range t.entries {
		en := &t.entries[i]
		if en.xidValid && en.xid == r.XID {
			continue
		}
		at := en.at
		if en.ecmp {
			if at = t.slots[at].choose(r.Hash1 & hashMask); at < 0 {
				continue
			}
		}
		n := &t.nodes[at]
		p := pruned
		if !all && r.RID != n.rid {
			p = nil
		}
		start := len(dst)
		if p == nil && !c.anyDown {
			dst = append(dst, t.copies[n.copyLo:n.copy]...)
		} else {
			dst = c.appendPorts(dst, t.copies[n.copyLo:n.copy], p)
		}
		if n.lagLo != n.lag {
			h := h2
			if c.tofino2 {
				h = (h ^ uint16(n.rid)) & hashMask
			}
			for _, id := range t.lags[n.lagLo:n.lag] {
				if port := c.lagPort(id, h, p); port != none {
					dst = append(dst, Copy{Port: port, RID: n.rid})
				}
			}
		}
		if len(dst) > start {
			dst[start].First = true
		}
	}
	return dst
}

// appendPorts appends the copies to individual ports that are neither pruned
// nor down without a backup.
func (c *config) appendPorts(dst, ports []Copy, pruned *mask) []Copy {
	for _, cp := range ports {
		cp.First = false
		b := cp.Port.bit()
		if pruned != nil && pruned.has(b) {
			continue
		}
		if c.down.has(b) {
			if cp.Port = c.redirect[b]; cp.Port == none {
				continue
			}
		}
		dst = append(dst, cp)
	}
	return dst
}

// choose is the node in slot h mod 32, or, if that is empty, the (h mod
// occupied)-th occupied slot's; -1 if all are empty.
func (s *ecmpSlots) choose(h uint16) int32 {
	if s.n == 0 {
		return -1
	}
	if at := s.slot[h%ECMPSlots]; at >= 0 {
		return at
	}
	return s.used[h%s.n]
}

// lagPort is the member that a LAG's copy goes to, or none: the member is on
// another chip, pruned, or down without a backup.
func (c *config) lagPort(id LAGID, h uint16, pruned *mask) Port {
	l := c.lags[id]
	if l == nil || len(l.members) == 0 {
		return none
	}
	idx := 0
	if total := (l.left + len(l.members) + l.right) & hashMask; total != 0 {
		idx = int(h) % total
	}
	if idx < l.right || idx-l.right >= len(l.members) {
		return none
	}
	sel := l.members[idx-l.right]
	b := sel.bit()
	if c.down.has(b) && len(l.live) != 0 {
		sel = l.live[int(h)%len(l.live)]
		b = sel.bit()
	}
	if pruned != nil && pruned.has(b) {
		return none
	}
	if c.down.has(b) {
		return c.redirect[b]
	}
	return sel
}
