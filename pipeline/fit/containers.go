package fit

import "gofino/pipeline/ir"

// containers says which units of a gress share a PHV container. Two tables
// that write into one container cannot run in one stage (the chip ORs their
// instructions), and a stage depends on another by containers, not by fields.
//
// The compiler's allocation is not known from source, so this is a model of
// what it does nearly always:
//   - header fields inside one byte of the wire share a container;
//   - validity bits share containers of eight (the deparser's POV bits);
//   - small intrinsic values for the deparser and the traffic manager share
//     bytes, first fit, largest first (Tofino: on Tofino 2 each has a validity
//     bit and stays alone);
//   - small metadata of the program shares bytes, in order of declaration.
type containers struct {
	of []int // by unit; units not packed have one of their own
	n  int
}

const packBits = 8

func (t *thread) contain(c *chip) *containers {
	p := t.p
	k := &containers{of: make([]int, p.size()), n: p.size()}
	for u := range k.of {
		k.of[u] = u
	}
	used := p.set()
	written := p.set()
	for _, n := range t.nodes {
		used.or(n.acc.match)
		used.or(n.acc.act)
		used.or(n.acc.write)
		written.or(n.acc.write)
	}
	intr := p.set()
	for i, l := range t.g.Intr {
		if ir.Intrinsic(i) > ir.ParserErr {
			p.loc(l, intr)
		}
	}
	// The deparser selects by these; they stay alone.
	types := p.set()
	for _, i := range []ir.Intrinsic{ir.DigestType, ir.MirrorType, ir.ResubmitType} {
		p.loc(t.g.Intr[i], types)
	}
	valid := p.set()
	for _, h := range t.g.Headers {
		p.loc(h.Valid, valid)
	}
	k.headers(t)
	var small, chips, pov []int
	for u := range p.size() {
		switch {
		case u >= p.n || valid.has(u):
			if written.has(u) && (u < p.n || u < p.n+spare-32) {
				pov = append(pov, u)
			}
		case !used.has(u) || p.width[u] >= packBits || p.fields[u] < 0 || p.g.Fields[p.fields[u]].Header >= 0:
		case types.has(u):
		case intr.has(u):
			if c.exitJumps && written.has(u) && !p.g.Fields[p.fields[u]].Hidden {
				chips = append(chips, u)
			}
		case written.has(u):
			small = append(small, u)
		}
	}
	k.pack(pov, func(int) int { return 1 })
	k.pack(chips, func(u int) int { return p.width[u] })
	k.pack(small, func(u int) int { return p.width[u] })
	return k
}

// headers joins the fields of one byte.
func (k *containers) headers(t *thread) {
	p := t.p
	for _, h := range t.g.Headers {
		for b := h.Off * 8; b < (h.Off+h.Bytes)*8 && b < len(p.unit); b += 8 {
			first := int(p.unit[b])
			for i := 1; i < 8; i++ {
				if u := int(p.unit[b+i]); u != first && p.width[u] < packBits {
					k.of[u] = k.of[first]
				}
			}
		}
	}
}

// pack puts units into containers, each into the first with room.
func (k *containers) pack(units []int, width func(int) int) {
	type bin struct{ id, room int }
	var bins []bin
	for _, u := range units {
		w := width(u)
		at := -1
		for i := range bins {
			if bins[i].room >= w {
				at = i
				break
			}
		}
		if at < 0 {
			bins = append(bins, bin{u, packBits})
			at = len(bins) - 1
		}
		bins[at].room -= w
		k.of[u] = bins[at].id
	}
}

// widen gives the containers of a set of units.
func (k *containers) widen(s set) set {
	out := newSet(k.n)
	s.each(func(u int) { out.add(k.of[u]) })
	return out
}
