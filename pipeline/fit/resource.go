package fit

import (
	"math/bits"

	"gofino/pipeline/ir"
)

// memory is what a table stores, per entry and at all.
type memory struct {
	use     Use // everything that does not grow with the entries
	exact   exactShape
	tcam    tcamShape
	data    int // bits of action data RAM per entry
	perCell []cell
	split   bool // its entries may be spread over stages
	entries int
	shared  []int // keys of indirect memories that other tables use too
}

// cell of a direct or indirect memory that goes with a table: words of 128
// bits hold per cells each. cells 0: one per entry of the table.
type cell struct {
	per, cells int
	spare      bool // two-port memories keep one block more (map RAM beside each)
}

// exactShape: width blocks hold pack entries in each row.
type exactShape struct{ width, pack int }

// tcamShape: wide blocks side by side, lines rows per entry.
type tcamShape struct{ wide, lines int }

func ceil(a, b int) int { return (a + b - 1) / b }

func log2(n int) int {
	if n <= 1 {
		return 0
	}
	return bits.Len(uint(n - 1))
}

// memoryOf estimates what a node takes (chip.md sections 4 to 6).
func (b *builder) memoryOf(n *node, gw *node) memory {
	m := memory{use: Use{Logical: 1}}
	if gw != nil || n.kind == gateway || n.kind == checksum {
		m.use.Gateways = 1
	}
	if n.kind == gateway {
		m.use.Gateways = max(1, ceil(gatewayWidth(n), gatewayBits))
		return m
	}
	m.use.Imem = max(1, len(n.run))
	if n.kind == checksum {
		m.exact, m.entries = exactShape{1, packLimit}, 1<<2
		return m
	}
	m.attached(b.pl, n)
	if n.table == nil || n.kind == keyless {
		if n.table != nil {
			m.actionBus(b.pl, n)
		}
		return m
	}
	m.keyed(b, n)
	return m
}

func gatewayWidth(n *node) int {
	w := 0
	n.own.each(func(u int) { w += n.p.widthOf(u) })
	return w
}

func (p *places) widthOf(u int) int {
	if u < p.n {
		return p.width[u]
	}
	return 1
}

// hashAction: a table without a key that needs the hash distribution runs from
// an exact match bus; any other runs as a TCAM table that always misses, which
// costs the stage the TCAM's cycles (timing.md section 2).
func (n *node) hashAction() bool {
	return n.kind == keyless && (len(n.needs.hash) > 0 || n.needs.random || n.needs.indexed)
}

// ternary: the table matches in TCAM.
func (n *node) ternary() bool {
	switch n.kind {
	case preclassifier:
		return true
	case keyless:
		return !n.hashAction()
	case keyed:
		if alpm(n.table) || atcam(n.table) {
			return false
		}
		for _, k := range n.table.Keys {
			if k.Kind == ir.Ternary || k.Kind == ir.LPM || k.Kind == ir.Range {
				return true
			}
		}
	}
	return false
}

func atcam(t *ir.Table) bool {
	for _, k := range t.Keys {
		if k.Kind == ir.ATCAMPartition {
			return true
		}
	}
	for _, a := range t.Annots {
		if a.Name == "implementation" && a.Body == "Atcam" {
			return true
		}
	}
	return t.Storage == "Atcam"
}

// ALPM as the architecture declares it when the program does not say.
const (
	alpmPartitions = 1024
	alpmSubtrees   = 2
)

func (m *memory) keyed(b *builder, n *node) {
	t := n.table
	keyBits, ranges := 0, 0
	for _, k := range t.Keys {
		keyBits += k.Width
		if k.Kind == ir.Range {
			ranges += k.Width
		}
	}
	m.entries = max(t.Size, 1)
	if n.kind == preclassifier {
		m.entries = alpmPartitions
	}
	data := 0
	for _, a := range t.Actions {
		data = max(data, b.pl.Actions[a.Action].Bytes*8)
	}
	if n.kind == preclassifier {
		data = log2(alpmPartitions) + log2(alpmSubtrees)
	}
	inEntry := min(data, immediate)
	if t.Profile >= 0 {
		inEntry = log2(b.pl.Profiles[t.Profile].Size) + 5
		m.profile(b.pl, t, data)
	} else if data > immediate {
		// What the entry cannot hold is a word beside it.
		inEntry, m.data = 0, 1<<log2(max(data, 8))
	}
	m.use.ActionBus = min(max(ceil(data, 8), 0), maxActionBus)
	overhead := inEntry + log2(max(len(t.Actions), 2))
	m.split = t.Profile < 0 && len(indirect(b, n)) == 0
	if n.ternary() {
		// A range takes two lines for every nibble but one that it crosses.
		m.tcam = tcamShape{wide: max(1, ceil(keyBits+2, tcamKeyBits)), lines: 1}
		if ranges > 0 {
			m.tcam = tcamShape{wide: max(1, ceil(keyBits-ranges+4*ranges+2, tcamKeyBits)), lines: max(1, 2*ceil(ranges, 4)-1)}
		}
		m.use.Ternary = 1
		return
	}
	stored := keyBits - min(keyBits, indexBits)
	if keyBits < 31 && 1<<keyBits < m.entries {
		m.entries = 1 << keyBits
	}
	if alpm(t) {
		m.entries += alpmPartitions
		stored = keyBits
	}
	m.exact = packed(stored + versionBits + overhead)
	m.use.HashBits += indexBits*exactWays + 12
}

// packed finds the densest shape for entries of some bits.
func packed(entry int) exactShape {
	best := exactShape{ceil(entry, ramBits), 1}
	for width := best.width; width <= best.width+2; width++ {
		pack := min(width*ramBits/entry, packLimit)
		if pack > 0 && pack*best.width > best.pack*width {
			best = exactShape{width, pack}
		}
	}
	return best
}

func (m *memory) profile(pl *ir.Pipeline, t *ir.Table, data int) {
	p := pl.Profiles[t.Profile]
	m.use.SRAM += ceil(p.Size*(1<<log2(max(data, 8))), ramBits*ramRows)
	if t.Selector < 0 {
		return
	}
	s := pl.Selectors[t.Selector]
	words := max(s.NumGroups, 1) * ceil(max(s.MaxGroupSize, 1), selectorPool)
	m.perCell = append(m.perCell, cell{per: 1, cells: words, spare: true})
	m.use.MeterALU++
	m.use.HashBits += 14
}

// attached counters and registers.
func (m *memory) attached(pl *ir.Pipeline, n *node) {
	seen := map[[2]int]bool{}
	counter := func(i int, direct bool) {
		if seen[[2]int{0, i}] {
			return
		}
		seen[[2]int{0, i}] = true
		c := pl.Counters[i]
		per := 4
		if c.Kind == ir.PacketsAndBytes || c.Width > 32 {
			per = 2
		}
		size := c.Size
		if direct {
			size = 0
		}
		m.perCell = append(m.perCell, cell{per, size, true})
		m.use.StatsALU++
	}
	register := func(i int, direct bool) {
		if seen[[2]int{1, i}] {
			return
		}
		seen[[2]int{1, i}] = true
		r := pl.Registers[i]
		w := r.Width
		if r.Pair {
			w *= 2
		}
		size := r.Size
		if direct {
			size = 0
		}
		m.perCell = append(m.perCell, cell{max(1, ramBits/max(w, 1)), size, true})
		m.use.MeterALU++
	}
	if n.table != nil {
		for _, c := range n.table.DirectCounters {
			counter(c, true)
		}
		for _, r := range n.table.DirectRegisters {
			register(r, true)
		}
	}
	meter := func(k, i, size int) {
		if seen[[2]int{k, i}] {
			return
		}
		seen[[2]int{k, i}] = true
		m.perCell = append(m.perCell, cell{1, size, true})
		m.use.MeterALU++
	}
	if n.table != nil {
		for _, i := range n.table.DirectMeters {
			meter(2, i, 0)
		}
		for _, i := range n.table.DirectFilters {
			meter(3, i, 0)
		}
		if n.table.IdleTimeout {
			m.use.Idle++
		}
	}
	for _, i := range n.needs.meters {
		meter(2, i, pl.Meters[i].Size)
	}
	for _, i := range n.needs.filters {
		meter(3, i, pl.Filters[i].Size)
	}
	for _, c := range n.needs.counters {
		counter(c, false)
	}
	for _, r := range n.needs.regs {
		register(r, pl.Registers[r].Table >= 0)
	}
}

func (m *memory) actionBus(pl *ir.Pipeline, n *node) {
	for _, a := range n.table.Actions {
		m.use.ActionBus = max(m.use.ActionBus, pl.Actions[a.Action].Bytes)
	}
}

// with is the use of the table with some of its entries; shared says that its
// indirect memories are there already.
func (m *memory) with(entries int, shared bool) Use {
	u := m.use
	if shared {
		u.MeterALU, u.StatsALU = 0, 0
	}
	if m.exact.width > 0 {
		rows := ceil(ceil(entries, m.exact.pack), ramRows)
		if entries > ramRows {
			rows = max(rows, exactWays)
		} else {
			rows = max(rows, exactWays-1)
		}
		u.SRAM += rows * m.exact.width
	}
	if m.tcam.wide > 0 {
		u.TCAM += m.tcam.wide * ceil(entries*m.tcam.lines, tcamRows)
		u.SRAM += ceil(entries*m.tcam.lines, 2*ramRows) // where a line leads to
	}
	if m.data > 0 {
		u.SRAM += ceil(entries*m.data, ramBits*ramRows)
	}
	for _, c := range m.perCell {
		n := c.cells
		if n == 0 {
			n = entries
		} else if shared {
			continue
		}
		blocks := ceil(ceil(n, c.per), ramRows)
		if c.spare {
			blocks++
			u.MapRAM += blocks
		}
		u.SRAM += blocks
	}
	return u
}

// most is the greatest number of entries that fits beside what is used, 0 for
// none.
func (m *memory) most(used *Use, entries int, shared bool) int {
	lo, hi := 0, entries
	for lo < hi {
		mid := (lo + hi + 1) / 2
		u := m.with(mid, shared)
		if used.over(&u) == nil {
			lo = mid
		} else {
			hi = mid - 1
		}
	}
	return lo
}
