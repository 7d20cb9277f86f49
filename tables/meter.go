package tables

import "gofino/pipeline/ir"

// Meter is a two-rate three-colour marker (RFC 2698) as the chip encodes it
// (chip.md section 7): each bucket gains a mantissa every 2^exponent clocks, at
// the clock's multiples of that, up to its burst. Guarded by the pipe's
// State.Mu.
//
// Choices where no public source says what the hardware does: a bucket holds
// whole bytes (the chip's word rounds large bursts to units of 2^(exponent-14)),
// a packet that conforms never takes a level below zero (but see Recharge), and time is not cut to
// the word's 28 bits, as if the chip's sweep came round in time.
type Meter struct {
	spec *ir.Meter // immutable
	hz   uint64    // immutable
	// adjust is added to the length that bytes are charged for
	// (MeterByteCountAdjust). Its sign is the driver's: -4 leaves out four bytes.
	adjust int
	cells  []meterCell
}

// meterCell is one marker: 0 is the committed, 1 the peak bucket.
type meterCell struct {
	last    uint64 // when the buckets were credited, ns, or never
	level   [2]int64
	bucket  [2]bucket
	written meterSpec
}

// bucket is the encoded rate and burst of a bucket.
type bucket struct {
	mantissa      uint16 // gained every 2^exponent clocks
	exponent      uint8
	burst         uint8 // shifted left by burstExponent
	burstExponent uint8
}

// noRate is the exponent of a bucket that never gains anything.
const noRate = 31

// allRedLevel: no packet conforms, however short.
const allRedLevel = -1

func (b *bucket) size() int64 { return int64(b.burst) << b.burstExponent }

// full is the level of a bucket after its spec was written.
func (b *bucket) full() int64 {
	if b.exponent == noRate {
		return allRedLevel
	}
	return b.size()
}

func newMeter(spec *ir.Meter, n int, hz uint64) *Meter {
	m := &Meter{spec: spec, hz: hz}
	m.grow(n)
	return m
}

// grow makes room for at least n cells, the new ones always green.
func (m *Meter) grow(n int) {
	if n <= len(m.cells) {
		return
	}
	first := len(m.cells)
	m.cells = extend(m.cells, n)
	for i := first; i < n; i++ {
		m.cells[i].reset(defaultMeterSpec, maxBuckets)
	}
}

// reset gives the cell a spec; the buckets start full.
func (c *meterCell) reset(s meterSpec, b [2]bucket) {
	*c = meterCell{last: never, bucket: b, written: s}
	for i := range c.level {
		c.level[i] = b[i].full()
	}
}

// levelMin is as far below zero as corrections take a level.
const levelMin = -1 << 22

// Mark is a colour before a meter's own colours replace it.
type Mark uint8

const (
	green Mark = iota
	yellow
	red
)

// meterColor is a packet's colour as MeterColor_t has it: the two low bits are
// green 0, yellow 1 and 2, red 3.
func meterColor(c uint64) Mark {
	switch c & 3 {
	case 0:
		return green
	case 3:
		return red
	}
	return yellow
}

// Execute charges a packet of so many bytes at time now (global_tstamp, ns) and
// returns its colour. pre is the colour that it has: 0 (green) where the meter
// is colour-blind. An index out of range changes nothing and gives 0.
func (m *Meter) Execute(i uint64, pre uint64, bytes int, now uint64) uint8 {
	color, _ := m.Mark(i, pre, bytes, now)
	return color
}

// Mark is Execute that also tells the mark, for Recharge.
func (m *Meter) Mark(i uint64, pre uint64, bytes int, now uint64) (color uint8, mark Mark) {
	if i >= uint64(len(m.cells)) {
		return 0, red
	}
	c := &m.cells[i]
	c.credit(now, m.hz)
	mark = c.mark(meterColor(pre), m.charge(bytes))
	return m.spec.Colors[mark], mark
}

// charge is what a packet of so many bytes takes out of a bucket.
func (m *Meter) charge(bytes int) int64 {
	if m.spec.Kind == ir.Bytes {
		return int64(max(bytes+m.adjust, 0))
	}
	return 1
}

// Recharge corrects what a packet was charged that turned out to have other
// bytes (true_egress_accounting): its colour stays, its buckets pay or get back
// the difference, and may go below zero.
func (m *Meter) Recharge(i uint64, mark Mark, bytes, turnedOut int) {
	if i >= uint64(len(m.cells)) || mark == red {
		return
	}
	c := &m.cells[i]
	more := m.charge(turnedOut) - m.charge(bytes)
	for k := range c.level {
		if k == 0 && mark == yellow {
			continue
		}
		c.level[k] = max(min(c.level[k]-more, c.bucket[k].size()), levelMin)
	}
}

// ExecuteCell is Execute of an entry's direct cell.
func (m *Meter) ExecuteCell(cell uint32, pre uint64, bytes int, now uint64) uint8 {
	return m.Execute(uint64(cell), pre, bytes, now)
}

// mark is RFC 2698.
func (c *meterCell) mark(pre Mark, n int64) Mark {
	switch {
	case pre == red || c.level[1] < n:
		return red
	case pre == yellow || c.level[0] < n:
		c.level[1] -= n
		return yellow
	}
	c.level[0] -= n
	c.level[1] -= n
	return green
}

// credit brings the buckets to time now.
func (c *meterCell) credit(now, hz uint64) {
	if c.last == never {
		c.last = now & tstampMask
		return
	}
	ns, late := elapsed(now, c.last)
	if late || ns == 0 {
		return
	}
	from, to := clocks(c.last, hz), clocks(c.last+ns, hz)
	for i := range c.bucket {
		b := &c.bucket[i]
		if b.exponent == noRate {
			continue
		}
		times := to>>b.exponent - from>>b.exponent
		room := b.size() - c.level[i]
		if gain := uint64(b.mantissa); gain == 0 || times <= uint64(max(room, 0))/gain {
			c.level[i] += int64(times * gain)
		} else {
			c.level[i] = b.size()
		}
	}
	c.last = now & tstampMask
}
