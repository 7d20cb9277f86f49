package model

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"slices"
	"sync"

	"gofino/pipeline/ir"
)

// The packet generator of a pipe: applications that make packets of a template
// buffer when something triggers them (tna-semantics.md 2.6, chip.md section
// 10). Generated packets enter the ingress of the pipe through one of the ports
// that are enabled for it.
//
//	trigger -> batch 0: packet 0, packet 1, ...  batch 1: ...
//
// Times within it are clock cycles since time 0: the driver turns nanoseconds
// into cycles, so long runs drift as on the chip.

const (
	pktgenBuffer = 16 << 10 // bytes of templates per pipe
	pktgenHeader = 6        // bytes before each packet
	maxApps      = 16
	pktgenPorts  = 8 // local ports that can generate, at most

	// Clocks that the driver converts with (timing.md section 5).
	pktgenHz1 = 1_220_000_000
	pktgenHz2 = 1_312_500_000

	// No public source says how fast the generator writes. It is taken for as
	// fast as the port that it shares, 100 Gbit/s.
	pktgenBitsPerSecond = 100_000_000_000

	// pktgenBacklog is how many triggers wait for an application that is
	// generating. Not public. Triggers of a timer do not wait: a period that
	// ends while the application generates is lost.
	pktgenBacklog = 128

	// pktgenLag is how far, in ns, the generator may fall behind real time
	// before it gives up keeping its schedule.
	pktgenLag = 10_000_000

	pktgenCounterMask = 1<<48 - 1
)

// trigger types, named as the actions of the app_cfg table.
type trigger uint8

const (
	noTrigger trigger = iota
	oneShot
	periodic
	portDown
	recircPattern
	deparserTrigger
	pfcTrigger // Tofino 2
)

var triggerNames = map[string]trigger{
	"trigger_timer_one_shot": oneShot, "trigger_timer_periodic": periodic, "trigger_port_down": portDown,
	"trigger_recirc_pattern": recircPattern, "trigger_dprsr": deparserTrigger, "trigger_pfc": pfcTrigger,
}

// pktgen is the generators of all pipes.
type pktgen struct {
	s    *Switch
	hz   uint64 // immutable
	apps int    // immutable: 8 or 16
	call *call  // what generated packets are run with; owned by who fires events

	mu    sync.Mutex // taken after Switch.mu and after a pipe's lock
	pipes []genPipe
	frame []byte // owned by who fires events

	// loop are ports that recirculation_enable made recirculation ports,
	// match those whose recirculated packets are looked at; guarded by Switch.mu.
	loop, match [512]bool
}

// genPipe is guarded by pktgen.mu, as all that hangs off it.
type genPipe struct {
	buffer  [pktgenBuffer]byte
	apps    [maxApps]genApp
	enabled [pktgenPorts]bool  // ports that may generate, by number from the first
	free    [pktgenPorts]int64 // cycle at which each has written its last packet
	turn    int                // Tofino: the port that generated last
	seen    [128]bool          // ports that went down and were not cleared
	mask    [2][128]bool       // Tofino 2: ports that each mask watches
	replay  int                // Tofino 2: port_down_replay
	jitter  *rand.PCG
	// paused is until when each priority of a port is, Tofino 2 (pktgen_pfc.go).
	paused [128][icosN]int64
}

// Values of port_down_replay.
var replayModes = []string{"REPLAY_NONE", "REPLAY_ALL", "REPLAY_MISSED"}

const (
	replayNone = iota
	replayAll
	replayMissed
)

// genApp is one application.
type genApp struct {
	pipe, id int // immutable
	genState
	timer, next event
}

// genState is what is saved of an application.
type genState struct {
	values  record // as written, without counters; replaced, never edited
	conf    genConf
	enabled bool

	triggers, batches, packets uint64

	timing  bool // the timer runs
	timerAt int64

	busy          bool // packets are being generated
	batch, packet int  // the next one
	nextAt        int64
	batchAt       int64 // when the batch began
	now           genTrigger
	waiting       []genTrigger // replaced, never edited
	events        []pfcEvent   // that wait for a packet; replaced, never edited
}

// genConf is an application's configuration as the hardware has it. Immutable.
type genConf struct {
	on              trigger
	period          int64 // cycles
	pattern, mask   [16]byte
	portMask        int
	length, offset  int
	source          int
	increment       bool
	wrap            int
	batches, perOne int // counts, from 1
	ibg, ipg        int64
	ibgJit, ipgJit  uint64
	channel         int
	pfc             pfcConf
}

// genTrigger is what an application was triggered by.
type genTrigger struct {
	context        [16]byte   // the first bytes of the recirculated packet, or what the deparser emitted
	port           Port       // that went down
	offset, length int        // the deparser's
	events         []pfcEvent // replaced, never edited
}

func newPktgen(s *Switch) *pktgen {
	g := &pktgen{s: s, hz: pktgenHz1, apps: 8, call: &call{s: s}, pipes: make([]genPipe, s.conf.Pipes)}
	if s.target == ir.Tofino2 {
		g.hz, g.apps = pktgenHz2, maxApps
	}
	for n := range g.pipes {
		gp := &g.pipes[n]
		// Apart from the pipe's own source, so that jitter changes nothing
		// that a program sees.
		gp.jitter = rand.NewPCG(s.conf.Seed, 1<<32|uint64(n))
		gp.turn = -1
		for i := range gp.apps {
			a := &gp.apps[i]
			a.pipe, a.id = n, i
			order := orderPktgen | uint64(n)<<16 | uint64(i)<<1
			a.timer = event{order: order, fire: func(int64) { g.timeout(a) }}
			a.next = event{order: order | 1, fire: func(now int64) { g.generate(a, now) }}
		}
	}
	return g
}

// generators are the local ports that can generate: the first, and how many.
func (g *pktgen) generators() (first, n int) {
	if g.s.target == ir.Tofino2 {
		return 0, 8
	}
	return 68, 4
}

// ---------------------------------------------------------------------- time

// cycles turns a duration into clock cycles, as the driver does.
func (g *pktgen) cycles(ns uint64) int64 {
	hi, lo := bits.Mul64(ns, g.hz)
	q, _ := bits.Div64(hi, lo, 1e9)
	return int64(min(q, 1<<32-1))
}

// cycle is the first one at or after a time.
func (g *pktgen) cycle(ns int64) int64 {
	hi, lo := bits.Mul64(uint64(max(ns, 0)), g.hz)
	q, r := bits.Div64(hi, lo, 1e9)
	if r != 0 {
		q++
	}
	return int64(q)
}

// at is the nanosecond at which a cycle has begun.
func (g *pktgen) at(cycle int64) int64 {
	hi, lo := bits.Mul64(uint64(cycle), 1e9)
	q, r := bits.Div64(hi, lo, g.hz)
	if r != 0 {
		q++
	}
	return int64(q)
}

// writing is how many cycles a packet of n bytes takes the port.
func (g *pktgen) writing(n int) int64 {
	hi, lo := bits.Mul64(uint64(n)*8, g.hz)
	q, r := bits.Div64(hi, lo, pktgenBitsPerSecond)
	if r != 0 {
		q++
	}
	return int64(q)
}

// arm queues what is due of an application.
func (g *pktgen) arm(a *genApp) {
	if a.timing {
		g.s.set(&a.timer, g.at(a.timerAt))
	} else {
		g.s.unset(&a.timer)
	}
	if a.busy {
		g.s.set(&a.next, g.at(a.nextAt))
	} else {
		g.s.unset(&a.next)
	}
}

// ------------------------------------------------------------------ triggers

// enable starts an application: its timer from now, for port_down what
// port_down_replay says.
func (g *pktgen) enable(a *genApp) {
	a.enabled = true
	now := g.s.clock.Now()
	switch a.conf.on {
	case oneShot, periodic:
		a.timing, a.timerAt = true, g.cycle(now)+a.conf.period
	case portDown:
		g.replayDown(a, now)
	}
	g.arm(a)
}

// disable stops it, also between two packets of a batch.
func (g *pktgen) disable(a *genApp) {
	a.enabled, a.timing, a.busy, a.waiting, a.events = false, false, false, nil, nil
	g.arm(a)
}

// timeout is the end of an application's timer.
func (g *pktgen) timeout(a *genApp) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !a.timing {
		return
	}
	at := a.timerAt
	if behind := g.s.clock.Now() - g.at(at); behind > pktgenLag {
		at = g.cycle(g.s.clock.Now())
	}
	if a.conf.on == pfcTrigger {
		g.report(a, at)
		return
	}
	a.timing = a.conf.on == periodic
	a.timerAt = at + a.conf.period
	if !a.busy {
		g.trigger(a, at, genTrigger{})
	}
	g.arm(a)
}

// trigger begins to generate, or lets the trigger wait. Nothing happens where
// no port may generate.
func (g *pktgen) trigger(a *genApp, cycle int64, t genTrigger) {
	if _, ok := g.port(a); !ok {
		a.waiting = nil
		return
	}
	if a.busy {
		if len(a.waiting) < pktgenBacklog {
			a.waiting = append(slices.Clip(a.waiting), t)
		}
		return
	}
	a.busy, a.now = true, t
	a.batch, a.packet, a.nextAt = 0, 0, cycle
	a.triggers = (a.triggers + 1) & pktgenCounterMask
}

// port is the generator port, by number from the first, that the application's
// next packet leaves from. On Tofino the enabled ones take turns, on Tofino 2
// each application has its own.
func (g *pktgen) port(a *genApp) (int, bool) {
	gp := &g.pipes[a.pipe]
	if g.s.target == ir.Tofino2 {
		return a.conf.channel, gp.enabled[a.conf.channel]
	}
	for i := 1; i <= 4; i++ {
		if n := (gp.turn + i) % 4; gp.enabled[n] {
			return n, true
		}
	}
	return 0, false
}

// portDown: a port of the pipe went down. It counts once, until the controller
// clears it.
func (g *pktgen) portDown(p Port) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if p.Pipe() >= len(g.pipes) {
		return
	}
	gp := &g.pipes[p.Pipe()]
	if gp.seen[p.Local()] {
		return
	}
	gp.seen[p.Local()] = g.downed(gp, p, g.s.clock.Now())
}

// downRestorer puts back whether the port was seen going down.
func (g *pktgen) downRestorer(p Port) func() {
	if p.Pipe() >= len(g.pipes) {
		return func() {}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	seen := g.pipes[p.Pipe()].seen[p.Local()]
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.pipes[p.Pipe()].seen[p.Local()] = seen
	}
}

// startDown: ports that are down from the start have gone down, once.
func (g *pktgen) startDown() {
	for n := range g.pipes {
		for l := range 72 {
			g.pipes[n].seen[l] = g.s.ports[n<<7|l].Load()&portUp == 0
		}
	}
}

// downed triggers the applications that watch the port, and tells whether the
// event counts as seen. Tofino 2 remembers only what an application took, so
// that REPLAY_MISSED finds the others.
func (g *pktgen) downed(gp *genPipe, p Port, now int64) bool {
	took := g.s.target == ir.Tofino
	for i := range g.apps {
		a := &gp.apps[i]
		if a.enabled && a.conf.on == portDown && g.watches(a, p) {
			g.trigger(a, g.cycle(now), genTrigger{port: p})
			g.arm(a)
			took = true
		}
	}
	return took
}

func (g *pktgen) watches(a *genApp, p Port) bool {
	return g.s.target == ir.Tofino || g.pipes[a.pipe].mask[a.conf.portMask][p.Local()]
}

// replayDown triggers an application that was just enabled for ports that are
// down already.
func (g *pktgen) replayDown(a *genApp, now int64) {
	gp := &g.pipes[a.pipe]
	if gp.replay == replayNone {
		return
	}
	for l := range 72 {
		p := Port(a.pipe<<7 | l)
		f := g.s.ports[p].Load()
		if f&portExists == 0 || f&portUp != 0 || !g.watches(a, p) || gp.replay == replayMissed && gp.seen[l] {
			continue
		}
		gp.seen[l] = true
		g.trigger(a, g.cycle(now), genTrigger{port: p})
	}
}

// recirculated looks at a packet that re-enters through a watched port. The
// caller holds the pipe's lock.
func (g *pktgen) recirculated(p Port, head, payload []byte, now int64) {
	n := 16
	if g.s.target == ir.Tofino {
		n = 4
	}
	if len(head)+len(payload) < n {
		return
	}
	var t genTrigger
	copy(t.context[copy(t.context[:n], head):n], payload)
	g.matched(p, recircPattern, t, now)
}

// deparsed: the ingress deparser asked for packets. address counts 16 byte
// lines of the buffer. The caller holds the pipe's lock.
func (g *pktgen) deparsed(p Port, context []byte, address, length uint64, now int64) {
	t := genTrigger{offset: int(address%(pktgenBuffer/16)) * 16, length: int(length)}
	copy(t.context[:], context)
	g.matched(p, deparserTrigger, t, now)
}

// matched triggers the applications whose pattern fits.
func (g *pktgen) matched(p Port, on trigger, t genTrigger, now int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	gp := &g.pipes[p.Pipe()]
	for i := range g.apps {
		a := &gp.apps[i]
		if !a.enabled || a.conf.on != on || !a.conf.fits(&t.context) {
			continue
		}
		// Tofino 2 looks at the channel that the application generates on.
		if on == recircPattern && g.s.target == ir.Tofino2 && a.conf.channel != p.Local() {
			continue
		}
		g.trigger(a, g.cycle(now), t)
		g.arm(a)
	}
}

// fits: bits whose mask is 0 do not matter.
func (c *genConf) fits(b *[16]byte) bool {
	for i := range b {
		if (b[i]^c.pattern[i])&c.mask[i] != 0 {
			return false
		}
	}
	return true
}

// ------------------------------------------------------------------- packets

// generate makes an application's next packet and runs it.
func (g *pktgen) generate(a *genApp, now int64) {
	entry, source, ok := g.make(a)
	if !ok {
		return
	}
	g.call.generated(g.s.pipes[a.pipe], entry, source, g.frame, now)
}

// make builds the next packet in g.frame and schedules the one after it.
func (g *pktgen) make(a *genApp) (entry, source Port, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !a.busy {
		return 0, 0, false
	}
	defer g.arm(a)
	if behind := g.s.clock.Now() - g.at(a.nextAt); behind > pktgenLag {
		a.nextAt = g.cycle(g.s.clock.Now())
	}
	gp := &g.pipes[a.pipe]
	n, ok := g.port(a)
	if !ok { // taken away meanwhile
		a.busy, a.waiting = false, nil
		return 0, 0, false
	}
	if gp.free[n] > a.nextAt {
		a.nextAt = gp.free[n] // another application writes
		return 0, 0, false
	}
	gp.turn = n
	if a.packet == 0 {
		a.batches = (a.batches + 1) & pktgenCounterMask
		a.batchAt = a.nextAt
	}
	a.packets = (a.packets + 1) & pktgenCounterMask
	g.write(gp, a)
	source = Port(a.pipe<<7 | a.conf.sourceOf(a.packet))
	gp.free[n] = a.nextAt + g.writing(len(g.frame)+fcsBytes)
	g.advance(gp, a, gp.free[n])
	first, _ := g.generators()
	return Port(a.pipe<<7 | first + n), source, true
}

// sourceOf is the local ingress port that packet i of a batch shows.
func (c *genConf) sourceOf(i int) int {
	if !c.increment {
		return c.source
	}
	if c.wrap >= c.source && c.wrap > 0 {
		return c.source + i%(c.wrap-c.source+1)
	}
	return (c.source + i) & localMask
}

// write fills g.frame: header, context on Tofino 2, template.
func (g *pktgen) write(gp *genPipe, a *genApp) {
	b := append(g.frame[:0], byte(a.pipe<<3|a.id), 0)
	t2 := g.s.target == ir.Tofino2
	if t2 {
		b[0] = byte(a.pipe<<4 | a.id)
	}
	if a.conf.on == pfcTrigger {
		g.frame = a.conf.pfc.write(b, a.now.events)
		return
	}
	id := uint16(a.batch)
	switch {
	case a.conf.on == portDown:
		id = uint16(a.now.port) // 9 bits at 23
	case a.conf.on == recircPattern && !t2:
		b[1] = a.now.context[1]
		id = binary.BigEndian.Uint16(a.now.context[2:]) + uint16(a.batch)
	}
	b = binary.BigEndian.AppendUint16(b, id)
	b = binary.BigEndian.AppendUint16(b, uint16(a.packet))
	offset, length := a.conf.offset, a.conf.length
	if a.conf.on == deparserTrigger {
		offset, length = a.now.offset, a.now.length
	}
	if t2 && (a.conf.on == recircPattern || a.conf.on == deparserTrigger) {
		b = append(b, a.now.context[:]...)
	}
	for length > 0 { // an address beyond the buffer comes round
		n := min(length, pktgenBuffer-offset)
		b = append(b, gp.buffer[offset:offset+n]...)
		offset, length = 0, length-n
	}
	g.frame = b
}

// advance schedules the next packet: of this batch, of the next, or of a
// trigger that waits. end is when this one is written. Gaps count from start to
// start on Tofino, from end to start on Tofino 2.
func (g *pktgen) advance(gp *genPipe, a *genApp, end int64) {
	from, gap, jitter := a.nextAt, a.conf.ipg, a.conf.ipgJit
	a.packet++
	if a.packet >= a.conf.perOne {
		a.packet, a.batch = 0, a.batch+1
		from, gap, jitter = a.batchAt, a.conf.ibg, a.conf.ibgJit
	}
	if a.batch >= a.conf.batches {
		a.busy = false
		if len(a.waiting) > 0 {
			t := a.waiting[0]
			a.waiting = a.waiting[1:]
			g.trigger(a, end, t)
		}
		return
	}
	if g.s.target == ir.Tofino2 {
		from = end
	}
	a.nextAt = max(from+gap+gp.draw(jitter), end)
}

// draw is a delay whose average is the configured jitter: 0 to twice that, all
// equally likely. How the hardware spreads it is not public.
func (gp *genPipe) draw(average uint64) int64 {
	if average == 0 {
		return 0
	}
	hi, _ := bits.Mul64(gp.jitter.Uint64(), 2*average+1)
	return int64(hi)
}

// generated runs a packet through the switch. It enters through the generator's
// port, but its metadata shows source. Whoever fires events calls it.
func (c *call) generated(p *pipe, entry, source Port, data []byte, now int64) {
	c.now = now
	c.spent = append(c.spent[:0], 0)
	p.lock()
	c.ingress(p, &arrival{port: entry, made: true, source: source, data: data, mac: now, from: -1})
	c.reenter(p)
	p.st.Mu.Unlock()
	c.drain()
	c.arena.reset()
}
