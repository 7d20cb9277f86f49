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
	narrow  bool // the key is no longer than the row's index: one way holds all
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

// exactShape: entries of some bits; width blocks hold pack of them in each row.
type exactShape struct{ entry, width, pack int }

// tcamShape: wide blocks side by side, lines rows per entry; a word of SRAM
// says for perWord lines where they lead to.
type tcamShape struct{ wide, lines, perWord int }

// tcamWide is how many blocks side by side hold a key of some bytes: five each,
// and one more between two, but alone the half byte holds the version.
func tcamWide(bytes int) int {
	if bytes <= 5 {
		return 1
	}
	return ceil(2*bytes, 11)
}

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
		m.exact, m.entries, m.narrow = exactShape{entry: versionBits + 4}, 1<<2, true
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
	keyBits := 0
	for _, k := range t.Keys {
		keyBits += k.Width
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
	m.split = len(indirect(b, n)) == 0
	if n.ternary() {
		bytes, lines := 0, 1
		for _, k := range t.Keys {
			if k.Kind == ir.Range {
				// A nibble of a range is matched as one bit of sixteen in a byte
				// pair; a range ends in at most two lines for each of its nibbles
				// but the first.
				bytes += ceil(k.Width, 4)
				lines = max(lines, 2*ceil(k.Width, 4)-1)
				continue
			}
			bytes += ceil(k.Width, 8)
		}
		m.tcam = tcamShape{tcamWide(bytes), lines, ramBits / min(ramBits, 1<<log2(max(overhead, 4)))}
		m.use.Ternary = 1
		return
	}
	stored := keyBits - min(keyBits, indexBits)
	m.narrow = keyBits <= indexBits && n.kind == keyed
	if keyBits < 31 && 1<<keyBits < m.entries {
		m.entries = 1 << keyBits
	}
	if alpm(t) {
		m.entries += alpmPartitions
		stored = keyBits
	}
	m.exact = exactShape{entry: stored + versionBits + overhead}
	m.use.HashBits += indexBits*exactWays + 12
}

// best is the shape that takes the fewest blocks, of equal ones that with the
// fewest entries in a row, and how many rows of blocks it has.
func (e exactShape) best(entries, ways int) (exactShape, int) {
	var out exactShape
	rows, blocks := 0, 0
	for width := ceil(e.entry, ramBits); width <= ceil(e.entry, ramBits)+3; width++ {
		most := min(width*ramBits/e.entry, packLimit*width)
		for pack := 1; pack <= most; pack++ {
			r := max(ceil(ceil(entries, pack), ramRows), ways)
			if blocks == 0 || r*width < blocks {
				out, rows, blocks = exactShape{e.entry, width, pack}, r, r*width
			}
		}
	}
	return out, rows
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
	cells := entries
	if m.exact.entry > 0 {
		ways := exactWays
		if m.narrow {
			ways = 1
		}
		shape, rows := m.exact.best(entries, ways)
		u.SRAM += rows * shape.width
		cells = max(entries, rows*ramRows*shape.pack)
		if m.narrow {
			cells = entries
		}
	}
	if m.tcam.wide > 0 {
		lines := entries * m.tcam.lines
		u.TCAM += m.tcam.wide * ceil(lines, tcamRows)
		u.SRAM += ceil(lines, m.tcam.perWord*ramRows)
	}
	if m.data > 0 {
		u.SRAM += ceil(cells*m.data, ramBits*ramRows)
	}
	for _, c := range m.perCell {
		n := c.cells
		if n == 0 {
			n = cells
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
