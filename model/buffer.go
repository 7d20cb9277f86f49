package model

// The buffer in cells: who may use how many of them. Every packet is charged
// twice, as the chip does: to the priority group that it came in by, and to the
// queue that it waits in. Each has cells that nobody else gets, and draws on a
// pool beyond them. A multicast packet is charged once for every copy; the chip
// stores it once and counts references, which no public source describes.

// bafShares are the parts of a pool's free cells that dynamic_baf adds to a
// limit, in thousandths: D(t) = (size - used) * BAF, as the driver documents.
var bafShares = map[string]int{
	"1.5%": 15, "3%": 30, "6%": 60, "11%": 110, "20%": 200, "33%": 330, "50%": 500, "66%": 660, "80%": 800, "DISABLE": 0,
}

// Packet colors (tna-semantics.md section 1) as indices of limits.
const (
	green = iota
	yellow
	red
	colors
)

// colorOf: the chip's red is 3; 2 counts as red too.
func colorOf(c uint8) int { return min(int(c), red) }

// cellPool is an application pool.
type cellPool struct {
	size, used, mark int
	colored          bool
	limit            [colors]int
	resume           [colors]int
	over             [colors]bool
}

// refuses tells whether a packet's color is one too many for the pool.
func (p *cellPool) refuses(color, n int) bool {
	if !p.colored {
		return false
	}
	limit := p.limit[color]
	if p.over[color] {
		limit -= p.resume[color]
	}
	p.over[color] = p.used+n > limit
	return p.over[color]
}

// level is the pool's congestion: how many of its color limits it has reached.
func (p *cellPool) level() uint8 {
	var n uint8
	if p.colored {
		for _, l := range p.limit {
			if p.used >= l {
				n++
			}
		}
	}
	return n
}

// cellShare is one user of the buffer: a queue or a priority group.
type cellShare struct {
	guaranteed, hyst int
	pool             *cellPool // nil: only what is guaranteed
	most, baf        int       // cells of the pool, and its dynamic part

	used, pooled, mark int
	drops              uint64
	over               bool // it was full, and is until hyst cells are free again
}

// limit of pooled cells now.
func (h *cellShare) limit() int {
	if h.pool == nil {
		return 0
	}
	return h.most + max(h.pool.size-h.pool.used, 0)*h.baf/bafUnit
}

// fits tells how many of n cells the pool must give, and whether it does.
func (h *cellShare) fits(n int) (pooled int, ok bool) {
	pooled = max(n-max(h.guaranteed-(h.used-h.pooled), 0), 0)
	if pooled == 0 {
		return 0, true
	}
	if h.pool == nil || h.pool.used+pooled > h.pool.size {
		return 0, false
	}
	limit := h.limit()
	if h.over {
		limit -= h.hyst
	}
	return pooled, h.pooled+pooled <= limit
}

func (h *cellShare) take(n, pooled int) {
	h.used += n
	h.mark = max(h.mark, h.used)
	h.pooled += pooled
	if h.pool != nil {
		h.pool.used += pooled
		h.pool.mark = max(h.pool.mark, h.pool.used)
	}
}

func (h *cellShare) give(n, pooled int) {
	h.used -= n
	h.pooled -= pooled
	if h.pool != nil {
		h.pool.used -= pooled
	}
}

// inputPort is the ingress side of a port.
type inputPort struct {
	limit, hyst, used, mark int
	over                    bool
	drops                   uint64
	dpg                     cellShare
	by                      [icosN]int8 // the ppg of each cos, -1: the default one
}

// input is the ingress side of a port, made when it is needed. The caller holds
// mu.
func (m *tm) input(p Port) *inputPort {
	p &= 0x1ff
	if m.inputs[p] == nil {
		in := &inputPort{limit: m.shape.total, hyst: DefaultHysteresis}
		for i := range in.by {
			in.by[i] = -1
		}
		m.inputs[p] = in
		m.compileInput(p)
	}
	return m.inputs[p]
}

// shareOf is the priority group that a packet is charged to.
func (m *tm) shareOf(k *queued) *cellShare {
	n := k.pk.from.Pipe()
	switch {
	case k.mirror && m.mirrored[n] != nil:
		return m.mirrored[n]
	case k.group >= 0:
		return m.ppg[n][k.group]
	}
	return &m.input(k.pk.from).dpg
}

// over says whether n more cells are too many, and remembers it for the
// hysteresis.
func over(state *bool, used, n, limit, hyst int) bool {
	if *state {
		limit -= hyst
	}
	*state = used+n > limit
	return *state
}

// admit puts a packet into its queue, or says why not. The caller holds mu.
func (m *tm) admit(k *queued, now int64) (DropReason, bool) {
	b := &m.pipe[k.to.port.Pipe()]
	if m.used+k.cells > m.shape.total {
		b.bufferFull++
		return DropBufferFull, false
	}
	inPool, ok := m.admitIngress(k)
	if !ok {
		return DropIngressBuffer, false
	}
	pt := m.port(k.to.port)
	if pt.count == 0 { // its group gave its queues to other ports
		b.egress++
		pt.drops++
		return DropTail, false
	}
	q := pt.queueOf(k.pk.qid)
	pooled, why, ok := m.admitEgress(b, pt, q, k)
	if !ok {
		b.egress++
		pt.drops++
		q.share.drops++
		return why, false
	}
	k.enqDepth, k.enqLevel = q.share.used, q.level()
	k.qPool, k.inPool = pooled, inPool
	q.share.take(k.cells, pooled)
	m.shareOf(k).take(k.cells, inPool)
	in := m.input(k.pk.from)
	in.used += k.cells
	in.mark = max(in.mark, in.used)
	pt.used += k.cells
	pt.mark = max(pt.mark, pt.used)
	b.used += k.cells
	b.cells += uint64(k.cells)
	b.packets++
	m.used += k.cells
	q.push(k)
	m.schedule(pt, now)
	return 0, true
}

// admitIngress: the port's limit, then its priority group's.
func (m *tm) admitIngress(k *queued) (pooled int, ok bool) {
	b, in := &m.pipe[k.pk.from.Pipe()], m.input(k.pk.from)
	k.group = in.by[k.to.cos&(icosN-1)]
	h := m.shareOf(k)
	switch {
	case m.inLimit > 0 && m.used+k.cells > m.inLimit, over(&in.over, in.used, k.cells, in.limit, in.hyst):
		in.drops++
	default:
		pooled, ok = h.fits(k.cells)
		if ok && pooled > 0 && h.pool.refuses(colorOf(k.color), pooled) {
			ok = false
		}
		if h.over = !ok; !ok {
			h.drops++
			in.drops++
		}
	}
	if !ok {
		b.ingressFull++
	}
	return pooled, ok
}

// admitEgress: the pipe's limit, the port's, the queue's.
func (m *tm) admitEgress(b *pipeBuffer, pt *outPort, q *queue, k *queued) (int, DropReason, bool) {
	if over(&b.over, b.used, k.cells, b.limit, b.hyst) || over(&pt.over, pt.used, k.cells, pt.limit, pt.hyst) {
		return 0, DropTail, false
	}
	color := colorOf(k.color)
	if q.colored && color != green {
		limit := q.share.total() * q.part[color] / 1000
		if over(&q.overColor[color], q.share.used, k.cells, limit, q.colorHyst[color]) {
			return 0, DropColor, false
		}
	}
	pooled, ok := q.share.fits(k.cells)
	if !q.tailDrop {
		ok = true // the buffer as a whole is its only limit
	}
	if q.share.over = !ok; !ok {
		return 0, DropTail, false
	}
	if pooled > 0 && q.share.pool != nil && q.share.pool.refuses(color, pooled) {
		return 0, DropColor, false
	}
	return pooled, 0, true
}

// total cells that the share may hold now.
func (h *cellShare) total() int { return h.guaranteed + h.limit() }

// release gives back a packet's cells. The caller holds mu.
func (m *tm) release(pt *outPort, q *queue, k *queued) {
	q.share.give(k.cells, k.qPool)
	m.shareOf(k).give(k.cells, k.inPool)
	m.input(k.pk.from).used -= k.cells
	pt.used -= k.cells
	m.pipe[pt.port.Pipe()].used -= k.cells
	m.used -= k.cells
	k.deqDepth, k.deqLevel = q.share.used, q.level()
	k.poolLevel = 0
	for i := range appPools {
		k.poolLevel |= m.pools[appPools+i].level() << (2 * i)
	}
}

// level is a queue's congestion: how many of its limits for red, yellow and
// green packets it has reached. The chip has four levels; that the limits of
// tm.queue.color divide them is a choice.
func (q *queue) level() uint8 {
	total := q.share.total()
	var n uint8
	for _, l := range [...]int{total * q.part[red] / 1000, total * q.part[yellow] / 1000, total} {
		if q.share.used >= l && q.share.used > 0 {
			n++
		}
	}
	return n
}
