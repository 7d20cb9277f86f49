package fit

// better tells whether the chip's compiler would rather place a than b (both
// tried on the same state): the one for the earlier stage; the one that the
// longest chain waits for; one whose branches end soon; at last, the later in
// program order.
func (p *placer) better(a, b *spot) bool {
	if a.stage != b.stage {
		return a.stage < b.stage
	}
	na, nb := a.main(), b.main()
	if na == nb {
		na, nb = a.n, b.n
	}
	if p.of[na] == p.of[nb] || p.c.longBranch {
		if x, y := p.waits(na, nb), p.waits(nb, na); x != y {
			return x > y
		}
	} else if na.tail != nb.tail {
		return na.tail > nb.tail
	}
	if (na.span == 0) != (nb.span == 0) {
		return na.span == 0
	}
	if na.tail != nb.tail {
		return na.tail > nb.tail
	}
	if x, y := p.fitsHere(na), p.fitsHere(nb); x != y {
		return x
	}
	if a.part != b.part {
		return !a.part
	}
	if na.tailData != nb.tailData {
		return na.tailData > nb.tailData
	}
	if x, y := total(na), total(nb); x != y {
		return x > y
	}
	if x, y := total(na)*len(nb.dominated), total(nb)*len(na.dominated); x != y {
		return x > y
	}
	if x, y := len(na.dominated) > 1+boolInt(na == a.gw), len(nb.dominated) > 1+boolInt(nb == b.gw); x != y {
		return !x
	}
	if x, y := a.n.after, b.n.after; x != y {
		return x < y
	}
	return true
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// main is the table that the order goes by: the condition, where there is one.
func (s *spot) main() *node {
	if s.gw != nil {
		return s.gw
	}
	return s.n
}

func total(n *node) int {
	sum := 0
	for _, m := range n.dominated {
		sum += m.after
	}
	return sum
}

// waits is the longest chain of stages that cannot begin before a and its
// branches are placed, compared with b: that of a itself, and on Tofino those
// of the tables that follow in the sequences around a but not around b.
func (p *placer) waits(a, b *node) int {
	if p.c.longBranch {
		return a.tail
	}
	common := map[*seq]bool{}
	climb(b, func(s *seq, _ *node) { common[s] = true })
	longest := a.tail
	climb(a, func(s *seq, from *node) {
		if common[s] || from == a {
			return
		}
		for _, n := range s.nodes {
			if !p.done[n] {
				longest = max(longest, n.tail+a.span)
			}
		}
	})
	return longest
}

// climb visits the sequences around a node, from the inside; from is the node
// of the sequence that leads to it.
func climb(n *node, f func(s *seq, from *node)) {
	seen := map[*seq]bool{}
	var up func(*node)
	up = func(n *node) {
		for _, s := range n.in {
			if seen[s] {
				continue
			}
			seen[s] = true
			f(s, n)
			for _, o := range s.in {
				up(o)
			}
		}
	}
	up(n)
}

// fitsHere: all that hangs on the table can be in the current stage too.
func (p *placer) fitsHere(n *node) bool {
	if n.span > 0 {
		return false
	}
	t := p.of[n]
	for _, m := range n.dominated {
		for _, h := range p.held[p.stage] {
			if p.of[h.n] != t {
				continue
			}
			if _, ok := t.needsBefore(h.n, m); ok {
				return false
			}
		}
	}
	return true
}
