package model

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"gofino/internal/clock"
	"gofino/internal/snap"
	"gofino/pipeline/ir"
	"gofino/pre"
	"gofino/tables"
)

// Switch is one chip with its programs in it. All its state hangs off this value.
type Switch struct {
	conf     Config      // immutable, defaults filled in
	target   ir.Target   // immutable
	clock    clock.Clock // immutable
	timing   Timing      // immutable
	programs []*program  // immutable
	pre      *pre.Engine
	pipes    []*pipe // immutable slice; see pipe
	wire     Wire    // set before traffic starts

	// Sizes of what precedes packets; immutable.
	igPrefix, egPrefix, areaData int
	maxReentries                 int

	ports   portFlags
	cpu     atomic.Int32 // CPU port, -1 for none
	mirrors mirrors
	lost    atomic.Uint64 // frames for pipes that do not exist

	// mu guards what the fixed tables' writers think in.
	mu          sync.Mutex
	portTable   map[Port]*portEntry
	link        [512]bool // link is up; the world's word
	mirrorTable map[uint16]*mirrorEntry
	settings    deviceSettings

	// free holds calls for reuse; guarded by freeMu, taken once per batch.
	freeMu sync.Mutex
	free   []*call
	gate   gate // guarded by freeMu

	journal atomic.Pointer[Journal] // nil: nothing is recorded
	ended   atomic.Bool             // it handed over to another switch
	timers  timers
	pktgen  *pktgen // immutable
	tm      *tm     // immutable

	queued      atomic.Bool   // some port has queues
	tstampShift atomic.Uint32 // low bits that enq_tstamp and deq_timedelta leave out
	idle        []event       // the next idle sweep of each program's tables; immutable slice

	// Attributes of $PORT and $PORT_STAT; written by the control plane.
	wantPorts atomic.Bool
	statPoll  atomic.Uint32
}

// discard is the Wire of a switch without one.
type discard struct{}

func (discard) Send(Port, []byte, []byte) error { return nil }

// New makes a switch that runs the program, with the program's own table
// entries and nothing else in its tables.
func New(prog *ir.Program, c Config) (*Switch, error) {
	return NewPlaced([]Placement{{Program: prog}}, c)
}

// NewPlaced makes a switch whose pipes run different programs.
func NewPlaced(list []Placement, c Config) (*Switch, error) {
	if c.Pipes == 0 {
		c.Pipes = maxPipes
	}
	if c.Pipes < 1 || c.Pipes > maxPipes {
		return nil, fmt.Errorf("make switch: %d pipes (pipes: 1..%d)", c.Pipes, maxPipes)
	}
	if c.CPUPort != 0 && !validPort(c.CPUPort, c.Pipes) {
		return nil, fmt.Errorf("make switch: cpu port %d (ports: pipe<<7 | local; pipe 0..%d, local 0..71)", c.CPUPort, c.Pipes-1)
	}
	if c.Clock == nil {
		c.Clock = new(clock.Virtual)
	}
	list, err := place(list, c.Pipes)
	if err != nil {
		return nil, err
	}
	target := list[0].Program.Target
	s := &Switch{
		conf: c, target: target, clock: c.Clock, timing: c.Timing.withDefaults(),
		wire:     discard{},
		pre:      pre.New(pre.Config{Tofino2: target == ir.Tofino2, Pipes: c.Pipes}),
		igPrefix: igIntrBytes + areaBytes(target), egPrefix: egBytes(target), areaData: areaData(target),
		maxReentries: c.MaxReentries,
		mirrors:      newMirrors(target),
		portTable:    map[Port]*portEntry{}, mirrorTable: map[uint16]*mirrorEntry{},
	}
	s.gate.moved.L = &s.freeMu
	if err := s.addPrograms(list); err != nil {
		return nil, err
	}
	_, virtual := c.Clock.(*clock.Virtual)
	s.timers.real, s.timers.own = !virtual, c.OwnTime
	s.timers.first.Store(never)
	if s.maxReentries == 0 {
		s.maxReentries = DefaultMaxReentries
	}
	for n := range c.Pipes {
		prog := s.programOf(n)
		pl := prog.pipeline(n)
		p, err := newPipe(n, pl, target, prog.api.State(n), c.Seed, prog.latencies()[slices.Index(prog.Program.Pipelines, pl)])
		if err != nil {
			return nil, err
		}
		s.pipes = append(s.pipes, p)
	}
	s.pktgen = newPktgen(s)
	s.tm = newTM(s)
	for n := range s.ports {
		s.link[n] = true
		s.setPortFlags(Port(n))
		// A port that does not exist yet is down for the replication engine, as
		// it is when it was there and is gone.
		s.pre.SetLink(pre.Port(n), s.ports[n].Load()&portUp != 0)
	}
	s.tm.start()
	s.pktgen.startDown()
	s.cpu.Store(-1)
	s.statPoll.Store(defaultStatPoll)
	s.settings = s.defaultSettings()
	if c.CPUPort != 0 {
		s.enableCPU(c.CPUPort, true)
	}
	s.startLearning()
	for _, t := range s.fixedTables() {
		for _, p := range s.programs {
			p.api.Add(t)
		}
	}
	return s, nil
}

// validPort is the driver's own check (chip.md section 1).
func validPort(p Port, pipes int) bool { return p.Pipe() < pipes && p.Local() < 72 }

// PRE is the replication engine, to look at. What is changed there directly is
// in no recording; ConfigurePRE sets its device configuration.
func (s *Switch) PRE() *pre.Engine { return s.pre }

// Clock is what the switch tells time by.
func (s *Switch) Clock() clock.Clock { return s.clock }

// SetWire says where frames leave, for all ports. Before traffic starts.
func (s *Switch) SetWire(w Wire) {
	if t, ok := s.wire.(*tee); ok {
		t.to = w // a recording listens
		return
	}
	s.wire = w
}

// PortUp tells the switch that a port's link went up or down. All links are up
// at first.
func (s *Switch) PortUp(p Port, up bool) {
	if int(p) >= len(s.ports) {
		return
	}
	s.enter()
	defer s.leave()
	if j := s.journal.Load(); j != nil {
		defer j.link(p, up)()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.link[p] = up
	s.setPortFlags(p)
}

// invalidPort is the all-ones port number: programs send to it what is to go
// nowhere.
const invalidPort Port = 0x1ff

// setPortFlags publishes what the packet path needs to know of a port, and
// tells the replication engine when it goes up or down. The caller holds mu, or the switch is not shared yet.
func (s *Switch) setPortFlags(p Port) {
	e := s.portTable[p]
	recirc := recirculates(s.target, p)
	g := s.pktgen
	var f uint32
	if p != invalidPort && p.Pipe() < s.conf.Pipes && (!s.conf.StrictPorts || e != nil || recirc || cpuPort(s.target, p)) {
		f = portExists
		if s.link[p] && (e == nil || e.enabled()) {
			f |= portUp
		}
	}
	if recirc && !s.conf.PlainRecirculation || e != nil && e.loopback() || g.loop[p] || s.conf.inside(s.target, p) {
		f |= portLoop
		if g.match[p] {
			f |= portMatch
		}
	}
	if s.tm.on[p] {
		f |= portQueued
	}
	if e != nil && e.obeys() {
		f |= portPaused
	}
	if old := s.ports[p].Swap(f); (old^f)&portUp != 0 {
		s.pre.SetLink(pre.Port(p), f&portUp != 0)
		if old&portUp != 0 {
			g.portDown(p)
		}
		s.publish(tables.Notification{Time: s.clock.Now(), Pipe: p.Pipe(), Port: &tables.PortChange{Port: uint32(p), Up: f&portUp != 0}})
	}
}

func (s *Switch) take() *call {
	s.freeMu.Lock()
	defer s.freeMu.Unlock()
	s.gate.enter()
	n := len(s.free)
	if n == 0 {
		return &call{s: s}
	}
	c := s.free[n-1]
	s.free = s.free[:n-1]
	return c
}

func (s *Switch) give(c *call) {
	s.freeMu.Lock()
	defer s.freeMu.Unlock()
	s.free = append(s.free, c)
	s.gate.leave()
}

// StateHash is a digest of all state: tables, registers, counters, random
// sources, replication, mirror sessions, ports, time. Equal histories give
// equal hashes.
func (s *Switch) StateHash() [32]byte { return s.stateHash(s.clock.Now()) }

func (s *Switch) stateHash(now int64) [32]byte {
	h := sha256.New()
	for _, p := range s.programs {
		if err := p.api.WriteState(h); err != nil {
			panic("BUG: a hash refused a write: " + err.Error())
		}
	}
	if err := s.pre.WriteState(h); err != nil {
		panic("BUG: a hash refused a write: " + err.Error())
	}
	b := binary.BigEndian.AppendUint64(nil, uint64(now))
	b = binary.BigEndian.AppendUint64(b, s.lost.Load())
	b = binary.BigEndian.AppendUint32(b, uint32(s.cpu.Load()))
	b = binary.BigEndian.AppendUint32(strconv.AppendBool(b, s.wantPorts.Load()), s.statPoll.Load())
	for i := range s.ports {
		b = append(b, byte(s.ports[i].Load()))
	}
	for i := range s.mirrors {
		if m := s.mirrors[i].Load(); m != nil {
			b = m.appendState(binary.BigEndian.AppendUint16(b, uint16(i)))
		}
	}
	for _, p := range s.pipes {
		b = p.appendState(b)
	}
	s.mu.Lock()
	b = s.appendTables(b)
	var e snap.Encoder
	s.saveSettings(&e)
	s.mu.Unlock()
	s.savePktgen(&e)
	s.saveTM(&e)
	h.Write(e.Body())
	h.Write(b)
	return [32]byte(h.Sum(nil))
}

// appendState writes the random source and the ports' counters.
func (p *pipe) appendState(b []byte) []byte {
	p.st.Mu.Lock()
	defer p.st.Mu.Unlock()
	r, err := p.rand.MarshalBinary()
	if err != nil {
		panic("BUG: a PCG has no state: " + err.Error())
	}
	b = append(b, r...)
	num := func(v ...uint64) {
		for _, n := range v {
			b = binary.AppendUvarint(b, n)
		}
	}
	for l := range p.ports {
		c := &p.ports[l]
		for _, d := range []*direction{&c.rx, &c.tx} {
			num(d.frames, d.octets)
			num(d.cast[:]...)
			num(d.length[:]...)
		}
		num(c.drops[:]...)
		num(uint64(c.tsValue), uint64(c.tsID))
	}
	if p.learn != nil {
		b = p.learn.appendState(b)
	}
	return b
}
