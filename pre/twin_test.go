package pre

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
)

// twin is the slow specification: tna-semantics.md section 5.1 written down
// line by line over plain maps, fed with the same operations as the Engine.
type twin struct {
	t2         bool
	nodes      map[NodeID]twinNode
	ecmp       map[ECMPID]*[32]NodeID // 0: empty slot
	groups     map[MGID][]twinEntry   // oldest first
	prune      map[YID]map[Port]bool
	lags       map[LAGID]twinLAG
	softDown   map[Port]bool
	hardDown   map[Port]bool
	backup     map[Port]Port
	protection bool
	failover   bool
	globalRID  RID
}

type twinNode struct {
	rid   RID
	ports []Port
	lags  []LAGID
}

type twinEntry struct {
	node     NodeID
	ecmp     ECMPID
	isECMP   bool
	xid      XID
	xidValid bool
}

type twinLAG struct {
	members     []Port
	left, right int
}

func (w *twin) replicate(r Request) (out []Copy) {
	entries := w.groups[r.Group]
	for i := len(entries) - 1; i >= 0; i-- {
		en := entries[i]
		if en.xidValid && en.xid == r.XID {
			continue
		}
		id := en.node
		if en.isECMP {
			slots := w.ecmp[en.ecmp]
			var occupied []NodeID
			for _, s := range slots {
				if s != 0 {
					occupied = append(occupied, s)
				}
			}
			if len(occupied) == 0 {
				continue
			}
			id = slots[int(r.Hash1)%32]
			if id == 0 {
				id = occupied[int(r.Hash1)%len(occupied)]
			}
		}
		out = append(out, w.node(w.nodes[id], r)...)
	}
	return out
}

func (w *twin) node(n twinNode, r Request) (out []Copy) {
	prune2 := r.RID == n.rid || r.RID == w.globalRID
	emit := func(p Port) {
		out = append(out, Copy{Port: p, RID: n.rid, First: len(out) == 0})
	}
	sorted := slices.Clone(n.ports)
	slices.SortFunc(sorted, func(a, b Port) int { return a.bit() - b.bit() })
	for _, p := range slices.Compact(sorted) {
		if prune2 && w.prune[r.YID][p] {
			continue
		}
		if w.down(p) {
			b := w.backupOf(p)
			if b == p {
				continue
			}
			p = b
		}
		emit(p)
	}
	ids := slices.Clone(n.lags)
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		if p, ok := w.lag(w.lags[id], n, r, prune2); ok {
			emit(p)
		}
	}
	return out
}

func (w *twin) lag(l twinLAG, n twinNode, r Request, prune2 bool) (Port, bool) {
	h := int(r.Hash2)
	if w.t2 {
		h = (h ^ int(n.rid)) & 0x1fff
	}
	if len(l.members) == 0 {
		return 0, false
	}
	m := slices.Clone(l.members)
	slices.SortFunc(m, func(a, b Port) int { return a.bit() - b.bit() })
	total := (l.left + len(m) + l.right) & 0x1fff
	idx := 0
	if total != 0 {
		idx = h % total
	}
	if idx < l.right || idx-l.right >= len(m) {
		return 0, false
	}
	sel := m[idx-l.right]
	var live []Port
	for _, p := range m {
		if !w.down(p) {
			live = append(live, p)
		}
	}
	if w.down(sel) && len(live) > 0 {
		sel = live[h%len(live)]
	}
	if prune2 && w.prune[r.YID][sel] {
		return 0, false
	}
	if len(live) == 0 {
		b := w.backupOf(sel)
		return b, b != sel
	}
	return sel, true
}

func (w *twin) down(p Port) bool { return w.softDown[p] || w.failover && w.hardDown[p] }

func (w *twin) backupOf(p Port) Port {
	if b, ok := w.backup[p]; ok && w.protection {
		return b
	}
	return p
}

// world drives an Engine and its twin with the same random operations.
type world struct {
	r    *rand.Rand
	e    *Engine
	w    *twin
	undo []Undo
	// noLink leaves links alone.
	noLink bool
}

func newWorld(seed uint64) *world {
	r := rand.New(rand.NewPCG(seed, 1))
	t2 := seed%2 == 1
	return &world{r: r, e: New(Config{Tofino2: t2}), w: &twin{
		t2: t2, nodes: map[NodeID]twinNode{}, ecmp: map[ECMPID]*[32]NodeID{}, groups: map[MGID][]twinEntry{},
		prune: map[YID]map[Port]bool{}, lags: map[LAGID]twinLAG{}, softDown: map[Port]bool{},
		hardDown: map[Port]bool{}, backup: map[Port]Port{},
	}}
}

// Few numbers, so that operations meet.
func (x *world) port() Port { return Port(x.r.IntN(4)<<7 | x.r.IntN(6)) }

func (x *world) portList(most int) []Port {
	out := []Port{}
	for range x.r.IntN(most + 1) {
		out = append(out, x.port())
	}
	return out
}

func (x *world) lagList() []LAGID {
	out := []LAGID{}
	for range x.r.IntN(3) {
		out = append(out, LAGID(x.r.IntN(4)))
	}
	return out
}

// did notes an operation's undo and tells whether the twin has to follow.
func (x *world) did(u Undo, err error) bool {
	if err != nil {
		return false
	}
	x.undo = append(x.undo, u)
	return true
}

func (x *world) step() {
	e, w := x.e, x.w
	id, g, ec := NodeID(1+x.r.IntN(40)), MGID(x.r.IntN(4)*300), ECMPID(x.r.IntN(3))
	xid, valid := XID(x.r.IntN(4)), x.r.IntN(2) == 0
	switch x.r.IntN(20) {
	case 0, 1, 2:
		n := twinNode{RID(x.r.IntN(6)), x.portList(5), x.lagList()}
		if x.did(e.AddNode(id, n.rid, n.ports, n.lags)) {
			w.nodes[id] = n
		}
	case 3:
		n := twinNode{0, x.portList(5), x.lagList()}
		if x.did(e.SetNode(id, n.ports, n.lags)) {
			n.rid = w.nodes[id].rid
			w.nodes[id] = n
		}
	case 4:
		if x.did(e.DeleteNode(id)) { // it leaves what it belongs to
			delete(w.nodes, id)
			for g := range w.groups {
				w.groups[g] = slices.DeleteFunc(slices.Clone(w.groups[g]), func(a twinEntry) bool { return !a.isECMP && a.node == id })
			}
			for ec, x := range w.ecmp {
				slots := *x
				for i := range slots {
					if slots[i] == id {
						slots[i] = 0
					}
				}
				w.ecmp[ec] = &slots
			}
		}
	case 5:
		if x.did(e.AddGroup(g, nil, nil)) {
			w.groups[g] = nil
		}
	case 6, 7, 8:
		if x.did(e.AddToGroup(g, []Member{{id, valid, xid}}, nil)) {
			w.groups[g] = append(w.groups[g], twinEntry{node: id, xid: xid, xidValid: valid})
		}
	case 9:
		if x.did(e.RemoveFromGroup(g, []NodeID{id}, nil)) {
			w.groups[g] = slices.DeleteFunc(slices.Clone(w.groups[g]), func(a twinEntry) bool { return !a.isECMP && a.node == id })
		}
	case 10:
		if x.did(e.AddECMP(ec, nil)) {
			w.ecmp[ec] = &[32]NodeID{}
		}
	case 11, 12:
		if x.did(e.AddToECMP(ec, []NodeID{id})) {
			s := w.ecmp[ec]
			s[slices.Index(s[:], 0)] = id
		}
	case 13:
		if x.did(e.RemoveFromECMP(ec, []NodeID{id})) {
			s := w.ecmp[ec]
			s[slices.Index(s[:], id)] = 0
		}
	case 14:
		if x.did(e.AddToGroup(g, nil, []ECMPMember{{ec, valid, xid}})) {
			w.groups[g] = append(w.groups[g], twinEntry{ecmp: ec, isECMP: true, xid: xid, xidValid: valid})
		}
	case 15:
		l := twinLAG{members: x.portList(6), left: x.r.IntN(2), right: x.r.IntN(2)}
		slices.Sort(l.members)
		l.members = slices.Compact(l.members)
		if lid := LAGID(x.r.IntN(4)); x.did(e.SetLAG(lid, l.members, uint32(l.left), uint32(l.right))) {
			w.lags[lid] = l
		}
	case 16:
		y, list := YID(x.r.IntN(4)), x.portList(8)
		if x.did(e.SetPrune(y, list)) {
			w.prune[y] = map[Port]bool{}
			for _, p := range list {
				w.prune[y][p] = true
			}
		}
	case 17:
		p, on := x.port(), x.r.IntN(3) > 0
		if x.did(e.SetForward(p, on)) {
			w.softDown[p] = !on
		}
	case 18:
		p, b := x.port(), x.port()
		if x.did(e.SetBackup(p, b)) {
			w.backup[p] = b
		}
	case 19:
		switch x.r.IntN(6) {
		case 0:
			w.protection = x.r.IntN(2) == 0
			x.did(e.SetPortProtection(w.protection), nil)
		case 1:
			w.globalRID = RID(x.r.IntN(6))
			x.did(e.SetGlobalRID(w.globalRID), nil)
		case 2:
			if x.did(e.DeleteGroup(g)) {
				delete(w.groups, g)
			}
		case 3:
			if x.did(e.DeleteECMP(ec)) {
				delete(w.ecmp, ec)
			}
		case 4:
			w.failover = true
			x.did(e.SetFastFailover(true), nil)
		case 5:
			p := x.port()
			if w.failover && !x.noLink {
				w.hardDown[p] = true
				e.SetLink(p, false)
				e.SetLink(p, true)
			}
			if x.r.IntN(2) == 0 && x.did(e.ClearFailover(p)) {
				w.hardDown[p] = false
			}
		}
	}
}

func randomRequest(r *rand.Rand) Request {
	return Request{
		Group: MGID(r.IntN(4) * 300), RID: RID(r.IntN(6)), XID: XID(r.IntN(4)), YID: YID(r.IntN(5)),
		Hash1: uint16(r.IntN(1 << 13)), Hash2: uint16(r.IntN(1 << 13)),
	}
}

func dump(e *Engine) string {
	var b bytes.Buffer
	if err := e.WriteState(&b); err != nil {
		panic(err)
	}
	return b.String()
}

// TestTwin: over random configurations the published arrays, the tables that
// controllers wrote, and the specification give the same copies.
func TestTwin(t *testing.T) {
	copies := 0
	for seed := range uint64(60) {
		x := newWorld(seed)
		for range 400 {
			x.step()
			q := randomRequest(x.r)
			got, want := x.e.Replicate(nil, q), x.w.replicate(q)
			if !slices.Equal(got, want) {
				t.Fatalf("seed %d, %+v:\nReplicate %v\ntwin      %v", seed, q, got, want)
			}
			if ex := x.e.Explain(q, func(Decision) {}); !slices.Equal(ex, want) {
				t.Fatalf("seed %d, %+v:\nExplain %v\ntwin    %v", seed, q, ex, want)
			}
			copies += len(got)
		}
	}
	if copies < 10000 {
		t.Errorf("only %d copies in all: the configurations are too poor", copies)
	}
}

func BenchmarkReplicate10(b *testing.B) {
	e := New(Config{})
	e.AddGroup(1, nil, nil)
	for i := range NodeID(10) {
		e.AddNode(i, RID(i+1), []Port{Port(i)}, nil)
		e.AddToGroup(1, []Member{{Node: i}}, nil)
	}
	buf := make([]Copy, 0, 16)
	b.ReportAllocs()
	for b.Loop() {
		buf = e.Replicate(buf[:0], Request{Group: 1, RID: 3, YID: 1})
	}
}
