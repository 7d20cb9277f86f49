package model

import (
	"slices"

	"gofino/internal/snap"
)

// savePktgen writes the packet generators: what controllers wrote, and what is
// being generated. What is queued follows from it.
func (s *Switch) savePktgen(e *snap.Encoder) {
	g := s.pktgen
	s.mu.Lock()
	defer s.mu.Unlock()
	g.mu.Lock()
	defer g.mu.Unlock()
	bools(e, g.loop[:])
	bools(e, g.match[:])
	for n := range g.pipes {
		g.pipes[n].save(e, g.apps)
	}
}

func bools(e *snap.Encoder, list []bool) {
	for _, b := range list {
		e.Bool(b)
	}
}

func loadBools(d *snap.Decoder, list []bool) {
	for i := range list {
		list[i] = d.Bool()
	}
}

func (gp *genPipe) save(e *snap.Encoder, apps int) {
	filled := slices.ContainsFunc(gp.buffer[:], func(b byte) bool { return b != 0 })
	e.Bool(filled)
	if filled {
		e.Raw(gp.buffer[:])
	}
	bools(e, gp.enabled[:])
	for _, c := range gp.free {
		e.Int(c)
	}
	e.Int(int64(gp.turn))
	bools(e, gp.seen[:])
	bools(e, gp.mask[0][:])
	bools(e, gp.mask[1][:])
	e.Uint(uint64(gp.replay))
	gp.savePaused(e)
	r, err := gp.jitter.MarshalBinary()
	if err != nil {
		panic("BUG: a PCG has no state: " + err.Error())
	}
	e.Bytes(r)
	for i := range apps {
		gp.apps[i].save(e)
	}
}

func (a *genState) save(e *snap.Encoder) {
	used := a.values != nil || a.triggers|a.batches|a.packets != 0
	e.Bool(used)
	if !used {
		return
	}
	saveRecord(e, a.values)
	e.Bool(a.enabled)
	e.Uint(a.triggers, a.batches, a.packets)
	e.Bool(a.timing)
	e.Int(a.timerAt)
	e.Bool(a.busy)
	e.Uint(uint64(a.batch), uint64(a.packet))
	e.Int(a.nextAt)
	e.Int(a.batchAt)
	a.now.save(e)
	e.Uint(uint64(len(a.waiting)))
	for i := range a.waiting {
		a.waiting[i].save(e)
	}
	savePFC(e, a.events)
}

func (t *genTrigger) save(e *snap.Encoder) {
	e.Raw(t.context[:])
	e.Uint(uint64(t.port), uint64(t.offset), uint64(t.length))
	savePFC(e, t.events)
}

func (s *Switch) loadPktgen(d *snap.Decoder) error {
	g := s.pktgen
	spec := g.appCfg().spec
	for _, a := range spec.Actions {
		spec.Data = append(spec.Data, a.Data...)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	loadBools(d, g.loop[:])
	loadBools(d, g.match[:])
	for p := range s.ports {
		s.setPortFlags(Port(p))
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for n := range g.pipes {
		gp := &g.pipes[n]
		gp.load(d)
		for i := range g.apps {
			a := &gp.apps[i]
			if !d.Bool() {
				continue
			}
			a.values = loadRecord(d, spec)
			conf, err := g.compile(a.values)
			if d.Wrap(err); d.Err() != nil {
				return d.Err()
			}
			a.conf = conf
			a.load(d)
			g.arm(a)
		}
	}
	return d.Err()
}

func (gp *genPipe) load(d *snap.Decoder) {
	if d.Bool() {
		copy(gp.buffer[:], d.Raw(pktgenBuffer))
	}
	loadBools(d, gp.enabled[:])
	for i := range gp.free {
		gp.free[i] = cycles(d)
	}
	if gp.turn = int(d.Int()); gp.turn < -1 || gp.turn >= pktgenPorts {
		d.Fail("the generator port that was last is %d", gp.turn)
		gp.turn = -1
	}
	loadBools(d, gp.seen[:])
	loadBools(d, gp.mask[0][:])
	loadBools(d, gp.mask[1][:])
	gp.replay = d.Below("port_down_replay", len(replayModes))
	gp.loadPaused(d)
	d.Wrap(gp.jitter.UnmarshalBinary(d.Bytes()))
}

// cycles reads a time in clock cycles.
func cycles(d *snap.Decoder) int64 {
	n := d.Int()
	if n < 0 {
		d.Fail("a packet generator's cycle is %d", n)
		return 0
	}
	return n
}

func (a *genState) load(d *snap.Decoder) {
	a.enabled = d.Bool()
	a.triggers, a.batches, a.packets = d.Uint(), d.Uint(), d.Uint()
	a.timing = d.Bool()
	a.timerAt = cycles(d)
	a.busy = d.Bool()
	a.batch, a.packet = d.Below("a batch", 1<<16+1), d.Below("a packet of a batch", 1<<16+1)
	a.nextAt = cycles(d)
	a.batchAt = cycles(d)
	a.now.load(d)
	for range d.Len() {
		var t genTrigger
		t.load(d)
		a.waiting = append(a.waiting, t)
		if d.Err() != nil {
			return
		}
	}
	a.events = loadPFC(d)
}

func (t *genTrigger) load(d *snap.Decoder) {
	copy(t.context[:], d.Raw(len(t.context)))
	t.port = Port(d.Below("a port", 1<<9))
	t.offset, t.length = d.Below("a buffer offset", pktgenBuffer), d.Below("a packet's length", 1<<10)
	t.events = loadPFC(d)
}
