package model

import (
	"math/bits"
)

// The scheduler of a port. Each queue has two shapers. While its min shaper is in
// credit, it competes at its min_priority; else, while its max shaper is, at its
// max_priority for what bandwidth remains. Guaranteed rates come first. Among
// queues of one priority, deficit round robin shares by dwrr_weight.

const (
	// DefaultPortSpeed in bit/s, of a port that $PORT and tm.port.sched_cfg give
	// none.
	DefaultPortSpeed = 100_000_000_000
	// LineOverhead is what each frame takes on the line beyond its bytes:
	// preamble, start delimiter, gap.
	LineOverhead = 20
	// DWRRQuantum is how many bytes one unit of dwrr_weight gives a queue per
	// round. Not public; the shares do not depend on it.
	DWRRQuantum = 8
	// DefaultWeight is the driver's default dwrr_weight, and the largest.
	DefaultWeight = 1023
)

// pace spaces things out: a line, or a shaper. It keeps its rate over any time:
// parts of a nanosecond are carried on.
type pace struct {
	rate    uint64 // bits or packets per second; 0: does not limit
	packets bool
	burst   int64 // ns that it may be ahead
	// at, and rem of 1<<32 parts of a ns, is when what passed so far is paid for.
	at  int64
	rem uint64
}

// units of a packet of so many bytes.
func (p *pace) units(bytes int) uint64 {
	if p.packets {
		return 1
	}
	return uint64(bytes) * 8
}

// set changes the rate, and the burst in bytes or packets. What is not paid for
// yet stays so.
func (p *pace) set(rate uint64, packets bool, burst uint64) {
	p.rate, p.packets, p.burst = rate, packets, burstNS(rate, packets, burst)
}

func burstNS(rate uint64, packets bool, burst uint64) int64 {
	if rate == 0 {
		return 0
	}
	if !packets {
		burst *= 8
	}
	hi, lo := bits.Mul64(burst, 1e9)
	if hi >= rate {
		return 1 << 60
	}
	q, _ := bits.Div64(hi, lo, rate)
	return int64(min(q, 1<<60))
}

// ready is the first nanosecond at which it is in credit.
func (p *pace) ready() int64 {
	if p.rate == 0 {
		return 0
	}
	t := p.at - p.burst
	if p.rem > 0 {
		t++
	}
	return t
}

// take pays for units at a time.
func (p *pace) take(now int64, units uint64) {
	if p.rate == 0 {
		return
	}
	if paid := p.at; now > paid && !(now == paid+1 && p.rem > 0) {
		p.at, p.rem = now, 0
	}
	hi, lo := bits.Mul64(units, 1e9)
	q, r := bits.Div64(hi, lo, p.rate)
	part, _ := bits.Div64(r>>32, r<<32, p.rate)
	p.rem += part
	p.at += int64(q) + int64(p.rem>>32)
	p.rem &= 1<<32 - 1
}

// outPort is the egress side of a port with queues. All that hangs off it is
// guarded by tm.mu.
type outPort struct {
	port   Port
	group  *portGroup
	base   int   // of its queues among the group's
	count  int   // of its queues
	qids   []int // which of them a qid means
	line   pace
	shaper pace
	// Flow control that it obeys: pause frames, and of which cos PFC frames.
	rxPause bool
	rxPFC   uint8

	limit, hyst, used, mark int
	over                    bool
	drops                   uint64

	turn int // the queue after the one that was served last
	tick event
	cand []*queue
}

// portGroup is a port group: its queues, and the ports that share them.
type portGroup struct {
	queues []queue
	ports  []outPort
}

// portOf is the port, by its number, that owns a queue of the group, and the
// queue's number there.
func (g *portGroup) portOf(n int) (port, q int) {
	for i := range g.ports {
		if pt := &g.ports[i]; n >= pt.base && n < pt.base+pt.count {
			return i, n - pt.base
		}
	}
	return 0, 0
}

// queue of a port.
type queue struct {
	share cellShare
	list  []*queued // from head on
	head  int

	tailDrop  bool
	colored   bool
	part      [colors]int // of its limit, in thousandths
	colorHyst [colors]int
	overColor [colors]bool

	off              bool // scheduling_enable is false
	min, max         pace
	minPrio, maxPrio int
	weight, deficit  int
	cos              uint8
	paused           int64 // until then
	mode             flowMode
	flow             flowState
}

func (q *queue) len() int { return len(q.list) - q.head }

func (q *queue) first() *queued { return q.list[q.head] }

func (q *queue) push(k *queued) {
	if q.head > 0 && len(q.list) == cap(q.list) {
		n := copy(q.list, q.list[q.head:])
		clear(q.list[n:])
		q.list, q.head = q.list[:n], 0
	}
	q.list = append(q.list, k)
}

func (q *queue) pop() *queued {
	k := q.list[q.head]
	q.list[q.head] = nil
	if q.head++; q.head == len(q.list) {
		q.list, q.head = q.list[:0], 0
		q.deficit = 0
	}
	return k
}

// port is a port's egress side, nil where it has no queues.
func (m *tm) port(p Port) *outPort {
	g := m.groups[p.Pipe()][p.Local()/m.shape.ports%len(m.groups[0])]
	if g == nil {
		return nil
	}
	return &g.ports[p.Local()%m.shape.ports]
}

// own are the port's queues.
func (pt *outPort) own() []queue { return pt.group.queues[pt.base : pt.base+pt.count] }

// queueOf is the queue that a qid means.
func (pt *outPort) queueOf(qid uint8) *queue {
	n := pt.qids[int(qid)%len(pt.qids)]
	return &pt.group.queues[pt.base+min(n, max(pt.count-1, 0))]
}

// Tiers of the scheduler.
const (
	guaranteedTier = iota
	remainingTier
	tiers
)

// at is when the queue's first packet may be taken in a tier.
func (q *queue) at(m *tm, tier int) int64 {
	if q.off || q.len() == 0 || q.mode != noFlow && q.held() {
		return never
	}
	k := q.first()
	t := max(k.enq+m.s.timing.Queue, q.paused, q.max.ready())
	if tier == guaranteedTier {
		if q.min.rate == 0 {
			return never
		}
		t = max(t, q.min.ready())
	}
	return t
}

// schedule sets when the port has something to do next.
func (m *tm) schedule(pt *outPort, now int64) {
	at := int64(never)
	for i, own := 0, pt.own(); i < len(own); i++ {
		at = min(at, own[i].at(m, remainingTier), own[i].at(m, guaranteedTier))
	}
	if at == never {
		m.s.unset(&pt.tick)
		return
	}
	m.s.set(&pt.tick, max(at, pt.line.ready(), pt.shaper.ready(), now))
}

// ticked takes one packet out of the port's queues.
func (m *tm) ticked(pt *outPort, now int64) {
	m.mu.Lock()
	var k *queued
	if max(pt.line.ready(), pt.shaper.ready()) <= now {
		k = m.dequeue(pt, now)
	}
	m.schedule(pt, now)
	m.mu.Unlock()
	if k != nil {
		k.wait = now - k.enq
		k.pk.q = k
		m.run(m.s.pipes[pt.port.Pipe()], k, now)
	}
}

// dequeue takes the packet whose turn it is. The caller holds mu.
func (m *tm) dequeue(pt *outPort, now int64) *queued {
	q := m.pick(pt, now)
	if q == nil {
		return nil
	}
	k := q.pop()
	if q.mode == creditFlow {
		q.flow.credit -= k.cells
	}
	m.release(pt, q, k)
	bytes := k.pk.length()
	shaped := bytes + m.pipe[pt.port.Pipe()].ifg
	pt.line.take(now, pt.line.units(bytes+LineOverhead))
	for _, p := range [...]*pace{&pt.shaper, &q.min, &q.max} {
		p.take(now, p.units(shaped))
	}
	return k
}

// pick finds the queue whose turn it is.
func (m *tm) pick(pt *outPort, now int64) *queue {
	for tier := range tiers {
		top := -1
		pt.cand = pt.cand[:0]
		for i, own := 0, pt.own(); i < len(own); i++ {
			q := &own[(pt.turn+i)%len(own)] // the order of the round
			if q.at(m, tier) > now {
				continue
			}
			prio := q.maxPrio
			if tier == guaranteedTier {
				prio = q.minPrio
			}
			if prio > top {
				top, pt.cand = prio, pt.cand[:0]
			}
			if prio == top {
				pt.cand = append(pt.cand, q)
			}
		}
		if len(pt.cand) > 0 {
			return pt.robin()
		}
	}
	return nil
}

// robin is deficit round robin among the candidates. Rounds that would serve
// nobody are not walked, but counted.
func (pt *outPort) robin() *queue {
	own := pt.own()
	need := func(q *queue) int { return q.first().pk.length() - q.deficit }
	last := &own[(pt.turn+len(own)-1)%len(own)]
	if n := len(pt.cand); pt.cand[n-1] == last && need(last) <= 0 {
		last.deficit -= last.first().pk.length()
		return last
	}
	rounds := int(never)
	for _, q := range pt.cand {
		rounds = min(rounds, max((need(q)+q.quantum()-1)/q.quantum(), 1))
	}
	for _, q := range pt.cand {
		q.deficit += (rounds - 1) * q.quantum()
	}
	for _, q := range pt.cand {
		q.deficit += q.quantum()
		if need(q) > 0 {
			continue
		}
		q.deficit -= q.first().pk.length()
		for i := range own {
			if &own[i] == q {
				pt.turn = (i + 1) % len(own)
			}
		}
		return q
	}
	panic("BUG: a round of deficit round robin served nobody")
}

func (q *queue) quantum() int { return max(q.weight, 1) * DWRRQuantum }
