package model

import (
	"gofino/pipeline/ir"
)

// egress runs one copy through the egress of its port's pipe.
func (c *call) egress(p *pipe, pk *stored, to destination) {
	c.at = pk.id
	flags := c.s.ports[to.port&0x1ff].Load()
	if flags&portOK != portOK {
		c.drop(p, to.port, c.s.whyNot(to.port))
		return
	}
	if flags&portQueued != 0 && pk.q == nil && c.sink == nil {
		c.queue(p, pk, to)
		return
	}
	if pk.bypass {
		if c.sink != nil {
			c.traceBypass(pk, to)
		}
		c.leave(p, pk, to, pk.head, pk.payload, pk.id, pk.enq+c.s.waited(pk)+c.s.timing.Egress)
		return
	}
	eg := p.eg
	hdr := c.s.egPrefix
	c.egressWindow(p, pk)
	wait := c.s.waited(pk)
	h := egressHeader{
		port: to.port, enqTime: pk.enq, deqDelta: wait,
		rid: to.rid, first: to.first, qid: pk.qid, cos: to.cos, length: pk.length(),
	}
	if n := c.s.tstampShift.Load(); n != 0 {
		h.enqTime, h.deqDelta = h.enqTime>>n, h.deqDelta>>n
	}
	h.put(p.egWin, c.s.target)
	if pk.q != nil {
		pk.q.put(p.egWin)
	}
	if to.deflected {
		p.egWin[24] = 1 // deflection_flag, bit 199
	}
	eg.In, eg.InPad = p.egWin, int(pk.pad)
	eg.Bytes = h.length
	eg.GlobalTstamp = uint64(pk.enq+wait) & tstampMask
	id := pk.id
	if c.sink == nil && !p.watched(ir.Egress) {
		p.run.Egress(eg)
	} else {
		id = c.slowEgress(p, pk, to, pk.enq+wait)
	}

	at := pk.enq + wait + c.s.timing.Egress + p.times[ir.Egress].at(eg.Consumed)

	// What the parser did not eat follows what the deparser emitted.
	head, payload := eg.Head, pk.payload
	switch n := eg.Consumed - hdr; {
	case n < 0:
		head = append(head, p.egWin[eg.Consumed:hdr]...)
		head = append(head, pk.head...)
	case n < len(pk.head):
		head = append(head, pk.head[n:]...)
	default:
		payload = payload[n-len(pk.head):]
	}

	if n := eg.Intr(ir.MTUTruncLen); n != 0 {
		head, payload = truncate(head, payload, int(n))
	}

	if p.egFlow {
		c.s.tm.flowControl(uint32(eg.Intr(ir.AdvFlowCtl)), c.now)
	}
	drop := eg.Intr(ir.DropCtl)
	if eg.Mirror.Index >= 0 && drop&4 == 0 && eg.Intr(ir.MirrorTypeValid) != 0 {
		c.egressMirror(p, pk, to, head, payload, id, at)
	}
	switch {
	case drop&1 != 0:
		c.drop(p, to.port, DropEgress)
	case eg.Intr(ir.ForceTxError) != 0:
		c.drop(p, to.port, DropForcedError)
	default:
		if eg.Intr(ir.CaptureTstampOnTx) != 0 {
			n := &p.ports[to.port.Local()]
			n.tsValid, n.tsValue, n.tsID = true, at, n.tsID+1
		}
		c.leave(p, pk, to, head, payload, id, at)
	}
}

// egressWindow puts the packet's bytes behind the header in p.egWin, unless
// they are there from the copy before.
func (c *call) egressWindow(p *pipe, pk *stored) {
	if p.egOf == pk.seq {
		return
	}
	hdr := c.s.egPrefix
	room := p.egMax - hdr
	w := p.egWin[:hdr]
	n := max(min(len(pk.head), room), 0)
	w = append(w, pk.head[:n]...)
	m := max(min(len(pk.payload), room-n), 0)
	p.egWin = append(w, pk.payload[:m]...)
	p.egOf = pk.seq
}

// waited is how long the copy was in the traffic manager.
func (s *Switch) waited(pk *stored) int64 {
	if pk.q != nil {
		return pk.q.wait
	}
	return s.timing.Queue
}

// egressMirror puts the packet as it leaves egress (on Tofino 2 without
// mirror_io_select: as it came) back in front of the traffic manager.
func (c *call) egressMirror(p *pipe, pk *stored, to destination, head, payload []byte, id int, at int64) {
	eg := p.eg
	s := c.s.mirrors.usable(eg.Mirror.Session, ir.Egress)
	if s == nil {
		c.drop(p, to.port, DropMirrorSession)
		return
	}
	if c.exhausted(pk.frame) {
		c.drop(p, to.port, DropReentries)
		return
	}
	if c.s.target == ir.Tofino2 && eg.Intr(ir.MirrorIOSelect) == 0 {
		head, payload = pk.head, pk.payload
	}
	c.again = append(c.again, reentry{
		arrival: arrival{
			frame: pk.frame, port: to.port, mac: at, from: id,
			data: c.arena.concat(eg.Mirror.Data, head, payload),
		},
		mirror: s,
		over:   overrideOf(eg),
	})
}

// exhausted counts a re-entry and tells whether it is one too many.
func (c *call) exhausted(frame int32) bool {
	if int(c.spent[frame]) >= c.s.maxReentries {
		return true
	}
	c.spent[frame]++
	return false
}

// leave sends a frame out of its port, or back in where the port is a loop. at
// is when its last bit passes the MAC.
func (c *call) leave(p *pipe, pk *stored, to destination, head, payload []byte, id int, at int64) {
	n := &p.ports[to.port.Local()]
	first := head
	if len(first) < 6 && len(payload) > 0 {
		first = payload
	}
	bytes := len(head) + len(payload) + fcsBytes
	if c.s.ports[to.port&0x1ff].Load()&portLoop != 0 {
		if c.exhausted(pk.frame) {
			c.drop(p, to.port, DropReentries)
			return
		}
		n.tx.count(first, bytes)
		n.rx.count(first, bytes)
		if c.s.ports[to.port&0x1ff].Load()&portMatch != 0 {
			c.s.pktgen.recirculated(to.port, head, payload, at)
		}
		data := c.arena.concat(head, payload, nil)
		if c.sink != nil {
			c.traceOut(ChipRecirculate, to.port, id, at, data, nil)
		}
		c.again = append(c.again, reentry{arrival: arrival{
			frame: pk.frame, port: to.port, data: data, mac: at, from: id,
		}})
		return
	}
	if c.sink != nil {
		c.traceOut(ChipSend, to.port, id, at, head, payload)
	}
	if err := c.s.wire.Send(to.port, head, payload); err != nil {
		c.drop(p, to.port, DropWire)
		return
	}
	n.tx.count(first, bytes)
}
