package model

import (
	"encoding/binary"
	"slices"

	"gofino/internal/snap"
	"gofino/tables"
)

// The trigger of Tofino 2's packet generator for priority flow control (chip.md
// section 10): what changes of the pauses that ports obey goes into packets, up to
// max_pfc_events in one. The driver says what is configured, one application a
// pipe, and that an event takes 8 bytes; the rest is not public and chosen here:
//
//   - a change is that a priority of a port goes from free to paused or back when
//     a PFC frame arrives that the port obeys ($RX_PFC_EN_MAP); that a pause runs
//     out is none;
//   - a packet goes out with the last event that it has room for or, with the timer,
//     so many cycles after its first;
//   - it is the header, pfc_header, and the events, oldest first: dev_port (16
//     bits), priority (8), 1 for paused (8), the low 32 bits of the time in ns.
//     The template buffer is not used.

const (
	pfcEventBytes = 8
	maxPFCEvents  = 1023 // in a packet (the driver's limit)
)

// pfcConf is what trigger_pfc configures.
type pfcConf struct {
	header [16]byte
	timer  int64 // cycles; 0: none
	most   int   // events in a packet
}

// pfcEvent is one change.
type pfcEvent struct {
	port   Port
	cos    uint8
	paused bool
	at     int64 // ns
}

// pfcConf reads what was written for trigger_pfc.
func (g *pktgen) pfcConf(r record) (pfcConf, error) {
	c := pfcConf{most: int(r.num("max_pfc_events"))}
	if b, ok := r["pfc_header"].([]byte); ok {
		copy(c.header[:], b)
	}
	if r.flag("timer_enable") {
		if c.timer = int64(r.num("timer")); c.timer == 0 {
			return c, refused(tables.ErrInvalid, "timer is 0 and enabled")
		}
	}
	if c.most < 1 || c.most > maxPFCEvents {
		return c, refused(tables.ErrInvalid, "max_pfc_events is %d (1..%d)", c.most, maxPFCEvents)
	}
	for _, f := range []string{"batch_count_cfg", "packets_per_batch_cfg"} {
		if n := r.num(f); n != 0 {
			return c, refused(tables.ErrInvalid, "%s is %d: trigger_pfc makes one packet at a time", f, n)
		}
	}
	return c, nil
}

// onlyPFC: a pipe has one application of this trigger.
func (g *pktgen) onlyPFC(a *genApp) error {
	for i := range g.apps {
		if o := &g.pipes[a.pipe].apps[i]; o != a && o.conf.on == pfcTrigger {
			return refused(tables.ErrInvalid, "application %d of pipe %d has trigger_pfc already: a pipe has one", o.id, a.pipe)
		}
	}
	return nil
}

// paused tells of a PFC frame: until when it pauses each of the named priorities.
// The caller holds the pipe's lock.
func (g *pktgen) paused(p Port, named uint8, until *[icosN]int64, now int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	gp := &g.pipes[p.Pipe()]
	for cos := range until {
		if named>>cos&1 == 0 {
			continue
		}
		was := gp.paused[p.Local()][cos] > now
		gp.paused[p.Local()][cos] = until[cos]
		if is := until[cos] > now; is != was {
			g.changed(gp, pfcEvent{p, uint8(cos), is, now})
		}
	}
}

// changed gives an event to the application that wants it.
func (g *pktgen) changed(gp *genPipe, e pfcEvent) {
	for i := range g.apps {
		a := &gp.apps[i]
		if !a.enabled || a.conf.on != pfcTrigger {
			continue
		}
		a.events = append(slices.Clip(a.events), e)
		if len(a.events) >= a.conf.pfc.most {
			g.report(a, g.cycle(e.at))
			return
		}
		if a.conf.pfc.timer != 0 && !a.timing {
			a.timing, a.timerAt = true, g.cycle(e.at)+a.conf.pfc.timer
		}
		g.arm(a)
	}
}

// report sends what has happened.
func (g *pktgen) report(a *genApp, cycle int64) {
	t := genTrigger{events: a.events}
	a.events, a.timing = nil, false
	g.trigger(a, cycle, t)
	g.arm(a)
}

// write appends a packet behind the first two bytes of its header.
func (c *pfcConf) write(b []byte, events []pfcEvent) []byte {
	b = append(b, make([]byte, pktgenHeader-len(b))...)
	b = append(b, c.header[:]...)
	for _, e := range events {
		b = binary.BigEndian.AppendUint16(b, uint16(e.port))
		b = append(b, e.cos, 0)
		if e.paused {
			b[len(b)-1] = 1
		}
		b = binary.BigEndian.AppendUint32(b, uint32(e.at))
	}
	return b
}

func savePFC(e *snap.Encoder, list []pfcEvent) {
	e.Uint(uint64(len(list)))
	for _, x := range list {
		e.Uint(uint64(x.port), uint64(x.cos))
		e.Bool(x.paused)
		e.Int(x.at)
	}
}

func loadPFC(d *snap.Decoder) []pfcEvent {
	var out []pfcEvent
	for range d.Len() {
		out = append(out, pfcEvent{Port(d.Below("a port", 1<<9)), uint8(d.Below("a priority", icosN)), d.Bool(), d.Int()})
		if d.Err() != nil {
			return nil
		}
	}
	return out
}

// savePaused writes the pauses that there are.
func (gp *genPipe) savePaused(e *snap.Encoder) {
	var n uint64
	var body snap.Encoder
	for l := range gp.paused {
		for cos, until := range gp.paused[l] {
			if until != 0 {
				body.Uint(uint64(l), uint64(cos))
				body.Int(until)
				n++
			}
		}
	}
	e.Uint(n)
	e.Raw(body.Body())
}

func (gp *genPipe) loadPaused(d *snap.Decoder) {
	for range d.Len() {
		l, cos := d.Below("a local port", len(gp.paused)), d.Below("a priority", icosN)
		gp.paused[l][cos] = d.Int()
		if d.Err() != nil {
			return
		}
	}
}
