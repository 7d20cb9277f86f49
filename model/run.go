package model

import (
	"gofino/pipeline"
	"gofino/pipeline/ir"
	"gofino/pre"
)

// call is the working memory of one Process: owned by one goroutine while it
// runs, reused afterwards.
type call struct {
	s     *Switch
	sink  Sink  // nil: not traced, the fast engine
	ids   int   // packets named so far, for the trace
	at    int   // the one named last
	when  int64 // its time
	now   int64
	spent []int32 // re-entries, by frame of the batch
	// again holds what re-enters the pipe that is being worked on, in order.
	again []reentry
	// out holds copies for other pipes, by pipe, in order.
	out      [maxPipes][]deferred
	deferred int // in out
	copies   []pre.Copy
	arena    arena
	seq      uint64 // names stored packets, never 0
}

const maxPipes = 4

// arrival is a packet at the front of an ingress.
type arrival struct {
	frame int32 // index in the batch
	port  Port
	data  []byte
	mac   int64 // the MAC's timestamp
	from  int   // trace: the packet it came from
	// made by the packet generator: source is the ingress_port that the
	// metadata shows, port the one that it came in through.
	made   bool
	source Port
}

// stored is a packet in the traffic manager: head, then payload.
type stored struct {
	seq           uint64
	frame         int32
	bypass        bool
	owned         bool // head outlives the Pass it was made by
	qid           uint8
	enq           int64
	head, payload []byte
	pad           uint8 // bits at the end of head that are no packet: pipeline.Pass.Pad
	id            int   // trace
	from          Port  // where a drop that has no port of its own counts
	color         uint8
	deflect       bool    // rather than be dropped for congestion
	mirrored      bool    // by a mirror session
	q             *queued // what a queue knows of it; nil: it was in none
}

// length with FCS.
func (k *stored) length() int { return len(k.head) + len(k.payload) + fcsBytes }

// destination of one copy of a stored packet.
type destination struct {
	port  Port
	rid   uint16
	first bool
	cos   uint8
	// deflected: it could not go where it should have.
	deflected bool
}

type deferred struct {
	pk stored
	to destination
}

// reentry is a frame that comes in again through port, or a packet mirrored by
// egress on its way to the traffic manager.
type reentry struct {
	arrival
	mirror *session // nil: recirculation
	over   override
}

// arena hands out memory that lives until reset.
type arena struct {
	buf  []byte
	next int // what one buffer would have had to hold
}

func (a *arena) reset() {
	if a.next > cap(a.buf) {
		a.buf = make([]byte, 0, 2*a.next)
	}
	a.buf, a.next = a.buf[:0], 0
}

// concat copies pieces into one.
func (a *arena) concat(x, y, z []byte) []byte {
	n := len(x) + len(y) + len(z)
	a.next += n
	if cap(a.buf)-len(a.buf) < n {
		// Old buffers stay with whoever refers to them; reset makes one that
		// is large enough for the next time.
		a.buf = make([]byte, 0, max(n, 2*cap(a.buf), 4096))
	}
	lo := len(a.buf)
	a.buf = append(append(append(a.buf, x...), y...), z...)
	return a.buf[lo:len(a.buf):len(a.buf)]
}

// Process runs the frames to completion: all that becomes of one frame inside
// its pipe happens before the next frame, and all that is left for other pipes
// before Process returns. Frames of one pipe should lie together; a batch of
// one pipe takes each lock once. It is safe for concurrent use.
func (s *Switch) Process(batch []Frame) {
	c := s.take()
	if j := s.journal.Load(); j != nil {
		j.process(c, batch)
	} else if !s.ended.Load() {
		c.process(s.clock.Now(), batch)
	}
	s.give(c)
}

func (c *call) process(now int64, batch []Frame) {
	c.now = now
	c.s.tick(now)
	c.spent = c.spent[:0]
	for range batch {
		c.spent = append(c.spent, 0)
	}
	for i := 0; i < len(batch); {
		n := batch[i].Port.Pipe()
		j := i + 1
		for j < len(batch) && batch[j].Port.Pipe() == n {
			j++
		}
		if n >= len(c.s.pipes) {
			c.s.lost.Add(uint64(j - i))
		} else {
			c.frames(c.s.pipes[n], batch, i, j)
			c.drain()
			c.arena.reset()
		}
		i = j
	}
}

// frames runs batch[i:j], all of pipe p.
func (c *call) frames(p *pipe, batch []Frame, i, j int) {
	p.lock()
	defer p.st.Mu.Unlock()
	for ; i < j; i++ {
		f := &batch[i]
		flags := c.s.ports[f.Port&0x1ff].Load()
		if flags&portOK != portOK {
			c.drop(p, f.Port, c.s.whyNot(f.Port))
			continue
		}
		a := arrival{frame: int32(i), port: f.Port, data: f.Data, mac: f.Time, from: -1}
		if a.mac == 0 {
			a.mac = c.now
		}
		p.ports[f.Port.Local()].rx.count(f.Data, len(f.Data)+fcsBytes)
		if flags&portPaused != 0 && c.s.tm.pause(f.Port, f.Data, a.mac) {
			continue
		}
		c.ingress(p, &a)
		c.reenter(p)
	}
}

// whyNot names what is wrong with a port that is not portOK.
func (s *Switch) whyNot(p Port) DropReason {
	if s.ports[p&0x1ff].Load()&portExists == 0 {
		return DropNoPort
	}
	return DropPortDown
}

// reenter works off what came back into the pipe.
func (c *call) reenter(p *pipe) {
	for i := 0; i < len(c.again); i++ {
		r := c.again[i] // the slice may grow meanwhile
		if r.mirror == nil {
			c.ingress(p, &r.arrival)
			continue
		}
		pk := stored{frame: r.frame, owned: true, enq: r.mac, payload: r.data, from: r.port}
		c.mirror(p, &pk, r.mirror, r.over, r.from)
	}
	c.again = c.again[:0]
	if c.deferred == 0 {
		c.arena.reset()
	}
}

// drain works off the copies for other pipes, each pipe under its lock, until
// there are none.
func (c *call) drain() {
	for c.deferred > 0 {
		for n := range c.s.pipes {
			if len(c.out[n]) > 0 {
				c.drainPipe(c.s.pipes[n])
			}
		}
	}
}

func (c *call) drainPipe(p *pipe) {
	p.lock()
	defer p.st.Mu.Unlock()
	// Work of this pipe never goes into its own queue.
	for i := range c.out[p.index] {
		d := &c.out[p.index][i]
		c.egress(p, &d.pk, d.to)
		c.reenter(p)
	}
	c.deferred -= len(c.out[p.index])
	c.out[p.index] = c.out[p.index][:0]
}

// drop counts a packet that ends at a port of pipe p.
func (c *call) drop(p *pipe, port Port, why DropReason) {
	p.ports[port.Local()].drops[why]++
	if c.sink != nil {
		c.chip(ChipEvent{Kind: ChipDrop, Port: port, Attrs: []pipeline.Attr{{Name: "reason", Value: why.String()}}})
	}
}

// ingress runs one packet through parser, control and deparser, twice if the
// program resubmits, and hands what it decided to the traffic manager.
func (c *call) ingress(p *pipe, a *arrival) {
	again := false
	tstamp := a.mac + c.s.timing.Parser
	for {
		prefix := c.s.igPrefix
		p.ig.In = c.ingressWindow(p, a, again)
		p.ig.Bytes = len(a.data) + fcsBytes
		p.ig.Via = 0
		if a.made {
			p.ig.Via = uint16(a.port) + 1
		}
		p.ig.GlobalTstamp = uint64(tstamp) & tstampMask
		if c.sink == nil && !p.watched(ir.Ingress) {
			p.run.Ingress(p.ig)
		} else {
			c.slowIngress(p, a, again, tstamp)
		}
		switch p.ig.Verdict {
		case pipeline.ParserDrop:
			c.drop(p, a.port, DropParserError)
			return
		case pipeline.ParserReject:
			c.drop(p, a.port, DropParserReject)
			return
		case pipeline.Forward:
		}
		tstamp += c.s.timing.Ingress + p.times[ir.Ingress].at(p.ig.Consumed)
		if p.learn != nil && p.ig.Digest.Index >= 0 {
			c.learn(p, a.port, tstamp)
		}
		if !p.resubmits || p.ig.Intr(ir.ResubmitTypeValid) == 0 {
			c.endOfIngress(p, a, prefix, tstamp)
			return
		}
		if again {
			c.drop(p, a.port, DropResubmitTwice)
			return
		}
		if !c.s.canResubmit(a.port) {
			c.drop(p, a.port, DropResubmitPort)
			return
		}
		again = true
		clear(p.resubmit[:])
		if p.ig.Resubmit.Index >= 0 {
			copy(p.resubmit[:], p.ig.Resubmit.Data)
		}
	}
}

// canResubmit: on Tofino the resubmit path serves quads 0 to 15 only.
func (s *Switch) canResubmit(p Port) bool {
	return s.target == ir.Tofino2 || p.Local() < 64 || p.Local() > 71
}

// ingressWindow is what the ingress parser sees: intrinsic metadata, port
// metadata or resubmit data, and as much of the packet as it can reach.
func (c *call) ingressWindow(p *pipe, a *arrival, resubmit bool) []byte {
	prefix := c.s.igPrefix
	w := p.igWin[:prefix]
	clear(w[igIntrBytes:])
	shown := a.port
	if a.made {
		shown = a.source
	}
	putIngress(w, resubmit, shown, a.mac)
	if resubmit {
		copy(w[igIntrBytes:], p.resubmit[:c.s.areaData])
	} else if l := a.port.Local(); l < len(p.st.PortMetadata) {
		if md := p.st.PortMetadata[l].Load(); md != nil {
			copy(w[igIntrBytes:], *md)
		}
	}
	n := len(a.data)
	if n > p.igMax-prefix {
		n = max(p.igMax-prefix, 0)
	}
	w = append(w, a.data[:n]...)
	p.igWin = w
	return w
}

// endOfIngress is tna-semantics.md section 4, steps 3 to 5. Steps 1 (digest) and
// 2 (resubmit) were the caller's.
func (c *call) endOfIngress(p *pipe, a *arrival, prefix int, enq int64) {
	ig := p.ig
	pk := stored{frame: a.frame, enq: enq, head: ig.Head, pad: uint8(ig.Pad), id: a.from, from: a.port}
	if ig.Consumed >= prefix {
		pk.payload = a.data[ig.Consumed-prefix:]
	} else {
		// The program left metadata in front of the packet: it is payload.
		pk.payload = c.arena.concat(ig.In[ig.Consumed:prefix], a.data, nil)
	}

	if p.igFlow {
		c.s.tm.flowControl(uint32(ig.Intr(ir.AdvFlowCtl)), c.now)
	}
	if p.pktgens && ig.Pktgen.Index >= 0 && ig.Intr(ir.Pktgen) != 0 {
		c.s.pktgen.deparsed(Port(p.index<<7), ig.Pktgen.Data, ig.Intr(ir.PktgenAddress), ig.Intr(ir.PktgenLength), enq)
	}
	if ig.Mirror.Index >= 0 && ig.Intr(ir.MirrorType) != 0 {
		c.ingressMirror(p, a, &pk)
		c.at = a.from
	}

	if n := ig.Intr(ir.MTUTruncLen); n != 0 {
		// Tofino 2: the packet goes on with this many bytes (a choice: no public
		// source says whether the FCS counts; here it does not).
		pk.head, pk.payload = truncate(pk.head, pk.payload, int(n))
	}
	c.seq++
	pk.seq = c.seq
	pk.bypass = ig.Intr(ir.BypassEgress) != 0
	pk.qid = uint8(ig.Intr(ir.QID))
	if p.marks && c.s.queued.Load() {
		pk.color = uint8(ig.Intr(ir.PacketColor))
		pk.deflect = ig.Intr(ir.DeflectOnDrop) != 0
	}
	drop := ig.Intr(ir.DropCtl)
	sent := false
	if ig.Intr(ir.CopyToCPU) != 0 && drop&2 == 0 {
		sent = true
		c.toCPU(p, &pk, uint8(ig.Intr(ir.IcosForCopyToCPU)))
	}
	ucast, a16, b16 := ig.Intr(ir.UcastValid), ig.Intr(ir.McastGrpAValid), ig.Intr(ir.McastGrpBValid)
	if ucast|a16|b16 == 0 {
		if !sent {
			why := DropNoDestination
			if drop&1 != 0 {
				why = DropControl
			}
			c.drop(p, a.port, why)
		}
		return
	}
	if drop&1 != 0 {
		if !sent {
			c.drop(p, a.port, DropControl)
		}
		return
	}
	cos := uint8(ig.Intr(ir.IngressCos))
	if ucast != 0 {
		c.enqueue(p, &pk, destination{port: Port(ig.Intr(ir.UcastEgressPort)), cos: cos})
	}
	if a16|b16 == 0 {
		return
	}
	r := pre.Request{
		RID:   pre.RID(ig.Intr(ir.RID)),
		XID:   pre.XID(ig.Intr(ir.Level1ExclusionID)),
		YID:   pre.YID(ig.Intr(ir.Level2ExclusionID)),
		Hash1: uint16(ig.Intr(ir.Level1McastHash)),
		Hash2: uint16(ig.Intr(ir.Level2McastHash)),
	}
	if a16 != 0 {
		r.Group = pre.MGID(ig.Intr(ir.McastGrpA))
		c.multicast(p, &pk, r, cos)
	}
	if b16 != 0 {
		r.Group = pre.MGID(ig.Intr(ir.McastGrpB))
		c.multicast(p, &pk, r, cos)
	}
}

// ingressMirror mirrors the packet as it arrived; on Tofino 2 with
// mirror_io_select as ingress leaves it.
func (c *call) ingressMirror(p *pipe, a *arrival, pk *stored) {
	s := c.s.mirrors.usable(p.ig.Mirror.Session, ir.Ingress)
	if s == nil {
		c.drop(p, a.port, DropMirrorSession)
		return
	}
	m := stored{frame: pk.frame, enq: pk.enq, head: p.ig.Mirror.Data, payload: a.data, from: a.port}
	if p.ig.Intr(ir.MirrorIOSelect) != 0 {
		m.head = c.arena.concat(m.head, pk.head, nil)
		m.payload = pk.payload
		m.owned = true
	}
	c.mirror(p, &m, s, overrideOf(p.ig), a.from)
}

// mirror sends a mirrored packet where its session says.
func (c *call) mirror(p *pipe, pk *stored, to *session, o override, from int) {
	s := *to
	if o != (override{}) {
		s, pk.deflect = to.with(o)
	}
	c.seq++
	pk.seq = c.seq
	pk.qid, pk.color, pk.mirrored = s.qid, s.color, true
	pk.head, pk.payload = truncate(pk.head, pk.payload, s.limit(c.s.target))
	if c.sink != nil {
		pk.id = c.traceMirror(pk, from)
	}
	if !s.ucast && !s.toCPU && !s.aValid && !s.bValid {
		c.drop(p, pk.from, DropMirrorNoTarget)
		return
	}
	if s.toCPU {
		c.toCPU(p, pk, s.cpuCos)
	}
	if s.ucast {
		c.enqueue(p, pk, destination{port: s.port, cos: s.cos})
	}
	r := pre.Request{RID: pre.RID(s.rid), XID: pre.XID(s.xid), YID: pre.YID(s.yid), Hash1: s.hash1, Hash2: s.hash2}
	if s.aValid {
		r.Group = pre.MGID(s.grpA)
		c.multicast(p, pk, r, s.cos)
	}
	if s.bValid {
		r.Group = pre.MGID(s.grpB)
		c.multicast(p, pk, r, s.cos)
	}
}

// toCPU makes the copy for the CPU port: rid 0, rid_first 1.
func (c *call) toCPU(p *pipe, pk *stored, cos uint8) {
	port := c.s.cpu.Load()
	if port < 0 {
		c.at = pk.id
		c.drop(p, pk.from, DropNoCPUPort)
		return
	}
	c.enqueue(p, pk, destination{port: Port(port), first: true, cos: cos})
}

// multicast makes the copies of one tree.
func (c *call) multicast(p *pipe, pk *stored, r pre.Request, cos uint8) {
	if c.sink == nil {
		c.copies = c.s.pre.Replicate(c.copies[:0], r)
	} else {
		c.copies = append(c.copies[:0], c.traceReplicate(pk, r)...)
	}
	if len(c.copies) == 0 {
		c.at = pk.id
		c.drop(p, pk.from, DropNoCopies)
		return
	}
	for i := range c.copies {
		cp := &c.copies[i]
		c.enqueue(p, pk, destination{port: Port(cp.Port), rid: uint16(cp.RID), first: cp.First, cos: cos})
	}
}

// enqueue brings a copy to the pipe of its port: at once, if it is this one.
func (c *call) enqueue(p *pipe, pk *stored, to destination) {
	c.at = pk.id
	n := to.port.Pipe()
	if n >= len(c.s.pipes) {
		c.drop(p, pk.from, DropNoPort)
		return
	}
	if n == p.index {
		c.egress(p, pk, to)
		return
	}
	if !pk.owned {
		pk.head = c.arena.concat(pk.head, nil, nil)
		pk.owned = true
	}
	c.out[n] = append(c.out[n], deferred{pk: *pk, to: to})
	c.deferred++
}
