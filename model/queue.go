package model

import (
	"sync"

	"gofino/pipeline/ir"
)

// The traffic manager with time. A port without queues (nearly every port of
// nearly every switch) hands its copies to egress at once. A port with queues
// (queue_table.go says which) keeps them until the scheduler takes them:
//
//	egress() -> staged until enq_tstamp -> admit -> queue -> scheduler (sched.go) -> egress()
//	                                         |
//	                                         '-> dropped, or deflected
//
// Both steps are events (timer.go): in virtual time a simulation that is the
// same every time, in real time shaping that keeps its rate, since what is late
// does not move what comes after it.

// tmShape has the numbers of a chip (chip.md section 1, and the driver's
// defaults for its buffers).
type tmShape struct {
	cell, total                int // bytes of a cell, cells of the buffer
	groups, ports, queues      int // port groups of a pipe, ports and queues of a port group
	qids                       int // values that qid can have
	queueMin, queueMax         int // cells of a queue: guaranteed, and of the pool
	ingressMin, ingressMax     int // cells of a port's default priority group
	egressPool, ingressPool    int // cells of application pool 0 of each side
	uniCutThrough, negMirror   int // cells of pools that nothing here uses
	multiCutThrough, multicast int
}

var (
	tmShape1 = tmShape{
		cell: 80, total: 280 << 10, groups: 18, ports: 4, queues: 32, qids: 32,
		queueMin: 20, queueMax: 13, ingressMin: 40, ingressMax: 305, egressPool: 30284, ingressPool: 89260,
		uniCutThrough: 0x1000, multiCutThrough: 0x2000, negMirror: 1460, multicast: 12288,
	}
	tmShape2 = tmShape{
		cell: 176, total: 384 << 10, groups: 9, ports: 8, queues: 128, qids: 128,
		queueMin: 36, queueMax: 43, ingressMin: 72, ingressMax: 1103, egressPool: 50195, ingressPool: 80579,
		uniCutThrough: 0x200, multiCutThrough: 0x6000, negMirror: 1460, multicast: 12288,
	}
)

const (
	// appPools of each side; the ingress ones come first in tm.pools.
	appPools = 4
	ppgs     = 128 // priority groups of a pipe that can be configured
	icosN    = 8
	// bafUnit: dynamic thresholds are in thousandths.
	bafUnit = 1000
	// DefaultHysteresis is how many cells a full queue must lose before it takes
	// packets again (the driver's default).
	DefaultHysteresis = 32
	// Orders of events (timer.go): arrivals first, then the ports.
	orderQueue = 3 << 32
)

// tm is the traffic manager of a chip: one lock, since its pools are the chip's.
type tm struct {
	s     *Switch
	shape *tmShape // immutable
	call  *call    // what dequeued packets are run with; owned by who fires events

	// What controllers wrote (queue_table.go): changed with Switch.mu and mu held,
	// read with either.
	conf map[string]map[fixedKey]record
	// on are the ports with queues; guarded by Switch.mu.
	on [512]bool

	mu       sync.Mutex // taken after Switch.mu and after a pipe's lock
	pools    [2 * appPools]cellPool
	groups   [maxPipes][18]*portGroup
	inputs   [512]*inputPort
	ppg      [maxPipes][ppgs]*cellShare
	mirrored [maxPipes]*cellShare
	pipe     [maxPipes]pipeBuffer
	used     int // cells, of all queues
	inLimit  int // Tofino 2: cells for all of ingress

	staged stagedHeap
	held   int // cells of staged
	arrive event
	seq    uint64 // of staged packets
	free   [16][]*queued
}

// pipeBuffer is what a pipe's egress counts and limits.
type pipeBuffer struct {
	limit, hyst, used          int
	over                       bool
	flow                       bool // advanced flow control is enabled
	deflect                    bool
	deflectGroup, deflectQueue int
	ifg                        int // bytes added to each packet by shapers
	bufferFull, cells, packets uint64
	ingressFull, egress        uint64
}

// queued is a packet in a queue, or on its way there.
type queued struct {
	pk    stored
	to    destination
	spent int32
	seq   uint64
	cells int
	buf   []byte // memory of pk
	class int    // of buf: its place in tm.free

	color     uint8
	deflect   bool
	mirror    bool // came from a mirror session
	group     int8 // -1: the default priority group of its port, else a ppg
	qPool     int  // cells that its queue charged to the pool
	inPool    int  // cells that its priority group charged to the pool
	enq       int64
	wait      int64 // ns in the queue
	enqDepth  int
	deqDepth  int
	enqLevel  uint8
	deqLevel  uint8
	poolLevel uint8
}

func newTM(s *Switch) *tm {
	m := &tm{s: s, shape: &tmShape1, call: &call{s: s}, conf: map[string]map[fixedKey]record{}}
	if s.target == ir.Tofino2 {
		m.shape = &tmShape2
	}
	m.arrive = event{order: orderQueue, fire: m.arrived}
	m.compileChip()
	return m
}

// start gives every port queues, where the configuration says so. The switch is
// not shared yet.
func (m *tm) start() {
	for n := range m.s.pipes {
		for g := 0; m.s.conf.Queues && g < m.shape.groups; g++ {
			m.compileGroup(n, g)
		}
	}
}

// cellsOf a packet of so many bytes, FCS included.
func (m *tm) cellsOf(bytes int) int { return (bytes + m.shape.cell - 1) / m.shape.cell }

// queue keeps a copy for later. The caller holds the lock of its port's pipe.
func (c *call) queue(p *pipe, pk *stored, to destination) {
	m := c.s.tm
	n := m.cellsOf(pk.length())
	m.mu.Lock()
	// Staged packets are bounded like the buffer that they are on the way to.
	if m.held+n > m.shape.total {
		m.pipe[p.index].bufferFull++
		m.mu.Unlock()
		c.drop(p, to.port, DropBufferFull)
		return
	}
	k := m.get(len(pk.head) + len(pk.payload))
	k.keep(pk)
	k.to, k.cells, k.spent = to, n, c.spent[pk.frame]
	k.pk.frame = 0
	m.stage(k)
	m.mu.Unlock()
}

// keep copies a packet into k's memory.
func (k *queued) keep(pk *stored) {
	buf := append(append(k.buf[:0], pk.head...), pk.payload...)
	n := len(pk.head)
	k.buf, k.pk = buf, *pk
	k.pk.head, k.pk.payload = buf[:n:n], buf[n:]
	k.pk.owned, k.pk.q = true, nil
	k.enq, k.color, k.deflect, k.mirror = pk.enq, pk.color, pk.deflect, pk.mirrored
	k.wait, k.group, k.qPool, k.inPool = 0, -1, 0, 0
}

// get takes memory for n bytes. The caller holds mu.
func (m *tm) get(n int) *queued {
	class := 0
	for class < len(m.free)-1 && 64<<class < n {
		class++
	}
	if list := m.free[class]; len(list) > 0 {
		k := list[len(list)-1]
		m.free[class] = list[:len(list)-1]
		return k
	}
	return &queued{class: class, buf: make([]byte, 0, max(64<<class, n))}
}

func (m *tm) put(k *queued) {
	k.pk = stored{}
	m.free[k.class] = append(m.free[k.class], k)
}

// stage puts a packet among those that are on the way to their queue.
func (m *tm) stage(k *queued) {
	m.seq++
	k.seq = m.seq
	m.held += k.cells
	m.staged.push(k)
	m.s.set(&m.arrive, m.staged[0].enq)
}

// arrived admits every packet that is at its queue by now.
func (m *tm) arrived(now int64) {
	for {
		m.mu.Lock()
		if len(m.staged) == 0 || m.staged[0].enq > now {
			if len(m.staged) > 0 {
				m.s.set(&m.arrive, m.staged[0].enq)
			}
			m.mu.Unlock()
			return
		}
		k := m.staged.pop()
		m.held -= k.cells
		if m.port(k.to.port) == nil { // it lost its queues meanwhile
			m.mu.Unlock()
			m.run(m.s.pipes[k.to.port.Pipe()], k, now)
			continue
		}
		why, ok := m.admit(k, now)
		m.mu.Unlock()
		if !ok {
			m.refuse(k, why, now)
		}
	}
}

// refuse drops a packet, or deflects it.
func (m *tm) refuse(k *queued, why DropReason, now int64) {
	p := m.s.pipes[k.to.port.Pipe()]
	m.mu.Lock()
	to, ok := m.deflection(k)
	if ok {
		k.to, k.deflect = to, false
		if m.port(to.port) != nil {
			again, in := m.admit(k, now)
			m.mu.Unlock()
			if !in {
				m.dropped(p, k, again)
			}
			return
		}
	}
	m.mu.Unlock()
	if !ok {
		m.dropped(p, k, why)
		return
	}
	m.run(p, k, now)
}

func (m *tm) dropped(p *pipe, k *queued, why DropReason) {
	at := k.to.port
	if why == DropIngressBuffer {
		at = k.pk.from
		p = m.s.pipes[at.Pipe()]
	}
	p.lock()
	m.call.drop(p, at, why)
	p.st.Mu.Unlock()
	m.mu.Lock()
	m.put(k)
	m.mu.Unlock()
}

// deflection is where a packet goes that may not be dropped: the queue that its
// pipe has for them. The caller holds mu.
func (m *tm) deflection(k *queued) (destination, bool) {
	n := k.to.port.Pipe()
	b := &m.pipe[n]
	if !k.deflect || !b.deflect {
		return destination{}, false
	}
	to := k.to
	to.port = Port(n<<7 | b.deflectGroup*m.shape.ports)
	to.deflected = true
	k.pk.qid = uint8(b.deflectQueue)
	if g := m.groups[n][b.deflectGroup]; g != nil {
		nr, q := g.portOf(b.deflectQueue)
		to.port, k.pk.qid = Port(n<<7|b.deflectGroup*m.shape.ports+nr), uint8(q)
	} else {
		per := m.shape.queues / m.shape.ports
		to.port += Port(b.deflectQueue / per)
		k.pk.qid = uint8(b.deflectQueue % per)
	}
	return to, true
}

// run sends a packet through egress, and whatever becomes of it. Whoever fires
// events calls it.
func (m *tm) run(p *pipe, k *queued, now int64) {
	c := m.call
	c.now = now
	c.spent = append(c.spent[:0], k.spent)
	c.seq++
	k.pk.seq = c.seq
	p.lock()
	c.egress(p, &k.pk, k.to)
	c.reenter(p)
	p.st.Mu.Unlock()
	c.drain()
	c.arena.reset()
	m.mu.Lock()
	m.put(k)
	m.mu.Unlock()
}

// stagedHeap orders by arrival at the queue, then by who was first.
type stagedHeap []*queued

func (h stagedHeap) less(i, j int) bool {
	if h[i].enq != h[j].enq {
		return h[i].enq < h[j].enq
	}
	return h[i].seq < h[j].seq
}

func (h *stagedHeap) push(k *queued) {
	*h = append(*h, k)
	s := *h
	for i := len(s) - 1; i > 0; {
		up := (i - 1) / 2
		if !s.less(i, up) {
			return
		}
		s[i], s[up] = s[up], s[i]
		i = up
	}
}

func (h *stagedHeap) pop() *queued {
	s := *h
	first, last := s[0], len(s)-1
	s[0], s[last] = s[last], nil
	s = s[:last]
	*h = s
	for i := 0; ; {
		least := i
		for _, c := range [...]int{2*i + 1, 2*i + 2} {
			if c < len(s) && s.less(c, least) {
				least = c
			}
		}
		if least == i {
			return first
		}
		s[i], s[least] = s[least], s[i]
		i = least
	}
}
