package fit

// edge is a dependency of a node on an earlier one.
type edge struct {
	on   *node
	kind depKind
	unit int // the place, -1
}

type depKind uint8

const (
	depMatch   depKind = iota // read at the crossbar after a write
	depAction                 // read by an action after a write
	depOutput                 // written again
	depAnti                   // written after a read
	depControl                // runs only after an outcome
)

// later: the table must be in a later stage.
func (k depKind) later() bool { return k <= depOutput }

func (k depKind) String() string {
	return [...]string{"match", "action", "output", "anti", "control"}[k]
}

// account computes what every table touches and takes, after cleaning.
func (b *builder) account(t *thread) {
	var nodes []*node
	t.top.each(func(n *node) {
		n.id = len(nodes)
		nodes = append(nodes, n)
		r := b.reader()
		own := b.p.set()
		b.p.exprs(n.key, own)
		switch n.kind {
		case checksum:
			r.write.or(n.acc.write)
		case preclassifier:
			r.write.add(b.p.n + spare - 1 - n.preclassifies.index%32)
		default:
			if n.table != nil {
				b.p.exprs(n.table.SelectorKeys, own)
				if alpm(n.table) {
					own.add(b.p.n + spare - 1 - n.index%32)
				}
			}
			for _, body := range n.run {
				r.stmts(body)
			}
			r.stmts(n.body)
		}
		n.own = own.clone()
		r.match.or(own)
		n.acc, n.needs = r.access, r.needs
	})
	t.nodes = nodes
	t.order()
	t.outcomes(b)
	t.depend()
	t.turns()
}

// order finds which tables a packet can meet one after the other.
func (t *thread) order() {
	t.before = make([]set, len(t.nodes))
	for i := range t.before {
		t.before[i] = newSet(len(t.nodes))
	}
	under := map[*seq]set{}
	var below func(*seq) set
	below = func(s *seq) set {
		if u, ok := under[s]; ok {
			return u
		}
		all := newSet(len(t.nodes))
		subs := make([]set, len(s.nodes))
		for i, n := range s.nodes {
			subs[i] = newSet(len(t.nodes))
			for _, b := range n.next {
				subs[i].or(below(b.seq))
			}
			t.before[n.id].or(subs[i])
			subs[i].add(n.id)
			all.or(subs[i])
		}
		for i := range subs {
			for j := i + 1; j < len(subs); j++ {
				subs[i].each(func(a int) { t.before[a].or(subs[j]) })
			}
		}
		under[s] = all
		return all
	}
	below(t.top)
}

// outcomes finds for the tables that hang on an outcome what has been written
// before them.
func (t *thread) outcomes(b *builder) {
	t.narrow = map[*node]map[*node]set{}
	for _, a := range t.nodes {
		for _, br := range a.next {
			if len(br.via) == 0 || len(br.via) == len(a.run) {
				continue
			}
			r := b.reader()
			for _, i := range br.via {
				r.stmts(a.run[i])
			}
			br.seq.walk(func(m *node) {
				if t.narrow[a] == nil {
					t.narrow[a] = map[*node]set{}
				}
				if w := t.narrow[a][m]; w != nil {
					w.or(r.write)
					return
				}
				t.narrow[a][m] = r.write.clone()
			})
		}
		// What hangs on an outcome that all actions lead to meets all writes.
		for _, br := range a.next {
			if len(br.via) == 0 || len(br.via) == len(a.run) {
				br.seq.walk(func(m *node) { delete(t.narrow[a], m) })
			}
		}
	}
}

// writes is what a has written when b runs.
func (t *thread) writes(a, b *node) set {
	if w := t.narrow[a][b]; w != nil {
		return w
	}
	return a.acc.write
}

// depend finds the dependencies between tables that one packet can meet.
func (t *thread) depend() {
	t.dep = make([][]edge, len(t.nodes))
	for _, a := range t.nodes {
		for _, b := range t.nodes {
			if !t.before[a.id].has(b.id) || a == b {
				continue
			}
			if e, ok := between(a, b, t.writes(a, b)); ok {
				t.dep[b.id] = append(t.dep[b.id], e)
			}
		}
		for _, br := range a.next {
			for _, b := range br.seq.nodes {
				t.dep[b.id] = append(t.dep[b.id], edge{a, depControl, -1})
			}
		}
	}
}

// turns finds which tables of a sequence must wait for which.
func (t *thread) turns() {
	t.turn = map[*seq][][]*node{}
	under := map[*node]set{}
	var below func(n *node) set
	below = func(n *node) set {
		if u, ok := under[n]; ok {
			return u
		}
		u := newSet(len(t.nodes))
		u.add(n.id)
		for _, b := range n.next {
			for _, m := range b.seq.nodes {
				u.or(below(m))
			}
		}
		under[n] = u
		return u
	}
	for _, n := range t.nodes {
		for _, s := range n.in {
			if t.turn[s] != nil {
				continue
			}
			t.turn[s] = make([][]*node, len(s.nodes))
			for j, b := range s.nodes {
				for _, a := range s.nodes[:j] {
					if t.meets(below(a), below(b)) {
						t.turn[s][j] = append(t.turn[s][j], a)
					}
				}
			}
		}
	}
}

// meets: a table of the later group depends on one of the earlier.
func (t *thread) meets(a, b set) bool {
	found := false
	b.each(func(i int) {
		for _, e := range t.dep[i] {
			found = found || a.has(e.on.id) && !b.has(e.on.id)
		}
	})
	return found
}

// between finds the strongest dependency of b on a, which has written w.
func between(a, b *node, w set) (edge, bool) {
	if u := w.first(b.acc.match); u >= 0 {
		return edge{a, depMatch, u}, true
	}
	if u := w.first(b.acc.act); u >= 0 {
		return edge{a, depAction, u}, true
	}
	again := a.acc.again(&b.acc)
	again.and(w)
	if u := again.first(again); u >= 0 {
		return edge{a, depOutput, u}, true
	}
	if u := a.acc.match.first(b.acc.write); u >= 0 {
		return edge{a, depAnti, u}, true
	}
	if u := a.acc.act.first(b.acc.write); u >= 0 {
		return edge{a, depAnti, u}, true
	}
	return edge{}, false
}

// score computes what the order of placement goes by.
func (t *thread) score() {
	succ := make([][]edge, len(t.nodes)) // on is the later node here
	for b, es := range t.dep {
		for _, e := range es {
			succ[e.on.id] = append(succ[e.on.id], edge{t.nodes[b], e.kind, e.unit})
		}
	}
	done := make([]bool, len(t.nodes))
	var visit func(n *node)
	visit = func(n *node) {
		if done[n.id] {
			return
		}
		done[n.id] = true
		seen := newSet(len(t.nodes))
		for _, e := range succ[n.id] {
			visit(e.on)
			step := 0
			if e.kind.later() {
				step = 1
				n.tailData = max(n.tailData, e.on.tailData+1)
			}
			n.tail = max(n.tail, e.on.tail+step)
			if e.kind.later() || e.kind == depControl {
				seen.add(e.on.id)
			}
		}
		n.after = seen.len()
	}
	for _, n := range t.nodes {
		visit(n)
	}
	for _, n := range t.nodes {
		in := newSet(len(t.nodes))
		in.add(n.id)
		n.dominated = []*node{n}
		for _, b := range n.next {
			b.seq.walk(func(m *node) {
				if !in.has(m.id) {
					in.add(m.id)
					n.dominated = append(n.dominated, m)
				}
			})
		}
		n.span = t.chain(n.dominated, in)
	}
}

// chain is the longest chain of stages inside a group of tables.
func (t *thread) chain(group []*node, in set) int {
	depth := map[int]int{}
	var visit func(n *node) int
	visit = func(n *node) int {
		if d, ok := depth[n.id]; ok {
			return d
		}
		depth[n.id] = 0
		d := 0
		for _, e := range t.dep[n.id] {
			if !in.has(e.on.id) {
				continue
			}
			step := 0
			if e.kind.later() {
				step = 1
			}
			d = max(d, visit(e.on)+step)
		}
		depth[n.id] = d
		return d
	}
	longest := 0
	for _, n := range group {
		longest = max(longest, visit(n))
	}
	return longest
}

// needsBefore: b must be in a later stage than a.
func (t *thread) needsBefore(a, b *node) (edge, bool) {
	for _, e := range t.dep[b.id] {
		if e.on == a && e.kind.later() {
			return e, true
		}
	}
	return edge{}, false
}
