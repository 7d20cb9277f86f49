package pre

// publishNode publishes the groups that reach a node.
func (e *Engine) publishNode(n *node) {
	switch {
	case n.inGroup:
		e.publish(n.mgid)
	case n.ecmp != nil:
		for g := range n.ecmp.users {
			e.publish(g)
		}
	}
}

// publish makes the packet path see group g as it is now.
func (e *Engine) publish(g MGID) {
	p := e.live[g>>8].Load()
	if p == nil {
		p = new(page)
		e.live[g>>8].Store(p)
	}
	if gr := e.groups[g]; gr != nil {
		p[g&0xff].Store(flatten(gr))
	} else {
		p[g&0xff].Store(nil)
	}
}

// flatten turns a group into arrays. New associations go to the head of the
// chip's chain, so the newest comes first.
func flatten(g *group) *tree {
	t := &tree{entries: make([]entry, 0, len(g.entries))}
	for i := len(g.entries) - 1; i >= 0; i-- {
		a := g.entries[i]
		en := entry{xid: a.xid, xidValid: a.xidValid}
		if a.node != nil {
			en.at = t.addNode(a.node)
		} else {
			en.ecmp = true
			en.at = int32(len(t.slots))
			t.slots = append(t.slots, t.addSlots(a.ecmp))
		}
		t.entries = append(t.entries, en)
	}
	return t
}

func (t *tree) addNode(n *node) int32 {
	tn := treeNode{rid: n.rid, copyLo: int32(len(t.copies)), lagLo: int32(len(t.lags))}
	var perPipe [maxPipes]int
	for b := range bitPorts {
		if n.ports.has(b) {
			t.copies = append(t.copies, Copy{Port: bitPort(b), RID: n.rid})
			perPipe[b/localPorts]++
		}
	}
	t.lags = append(t.lags, n.lags...)
	tn.copy, tn.lag = int32(len(t.copies)), int32(len(t.lags))
	for _, ports := range perPipe {
		// Each pipe replicates for its own ports: the threshold counts them.
		t.maxPort = max(t.maxPort, ports+len(n.lags))
	}
	t.nodes = append(t.nodes, tn)
	return int32(len(t.nodes) - 1)
}

func (t *tree) addSlots(x *ecmp) ecmpSlots {
	var s ecmpSlots
	for i, n := range x.slots {
		s.slot[i] = -1
		if n != nil {
			s.slot[i] = t.addNode(n)
			s.used[s.n] = s.slot[i]
			s.n++
		}
	}
	return s
}
