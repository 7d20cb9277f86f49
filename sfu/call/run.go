package call

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"gofino/sfu"
	"gofino/tables"
)

// Config of a call. Transport, API and Ports are needed; the zero value of the
// rest works.
type Config struct {
	Transport Transport
	// API is the table API of the switch, which runs sfu.p4.
	API tables.API
	// Ports are the participants' dev_ports; their number is the call's size.
	Ports   []uint16
	CPUPort uint16
	// Duration of the media; 0 means 4 s.
	Duration time.Duration
	// Target that the last participant's decode target is lowered to half-way,
	// for all video that it receives.
	Target int
	// RealTime: events happen when a clock says so. Otherwise time is virtual
	// and the call as fast as the machine.
	RealTime bool
	// Grace is how long before and after the change of the decode target a
	// packet may be on its way; 0 means none in virtual time, 250 ms in real
	// time.
	Grace time.Duration
	// Seed of all that is random: media, keys, SSRCs.
	Seed uint64
	// Addresses of the participants; nil for 10.0.0.N. Service: zero for
	// 10.0.0.254:3000.
	Addresses []sfu.Address
	Service   sfu.Address
}

// Timing of the call, besides the frames.
const (
	defaultDuration = 4 * time.Second
	defaultGrace    = 250 * time.Millisecond
	senderReports   = 500 * time.Millisecond
	receiverReports = time.Second
	checkRetry      = 200 * time.Millisecond
	checkTries      = 15
	// stagger keeps participants from sending at the same moment.
	stagger = 11 * time.Millisecond
	// settle is how long after the last packet arrivals are awaited.
	settle = 300 * time.Millisecond
)

// Ice credentials of the SFU. Part of the signalling, which the demo has none of.
const (
	sfuUfrag    = "sfu0"
	sfuPassword = "a password of 22 bytes"
)

func (c *Config) complete() error {
	if c.Transport == nil || c.API == nil || len(c.Ports) < 2 {
		return errors.New("hold call: need a transport, a table API and the ports of two participants at least")
	}
	if c.Duration == 0 {
		c.Duration = defaultDuration
	}
	if c.RealTime && c.Grace == 0 {
		c.Grace = defaultGrace
	}
	if !c.Service.UDP.IsValid() {
		c.Service = Address(253)
		c.Service.UDP = netip.AddrPortFrom(c.Service.UDP.Addr(), 3000)
	}
	if c.Addresses == nil {
		for i := range c.Ports {
			c.Addresses = append(c.Addresses, Address(i))
		}
	}
	if len(c.Addresses) != len(c.Ports) {
		return fmt.Errorf("hold call: %d addresses for %d ports", len(c.Addresses), len(c.Ports))
	}
	return nil
}

// Address is what participant i has unless Config says otherwise.
func Address(i int) sfu.Address {
	return sfu.Address{MAC: sfu.MAC{2, 0, 0, 0, 1, byte(i + 1)},
		UDP: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i + 1)}), uint16(40000+i))}
}

// Run holds a call from the first entry in the tables to the last one's
// removal. The report tells whether media flowed; the error, whether the call
// could be held at all.
func Run(ctx context.Context, cfg Config) (*Report, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	c := &call{cfg: cfg, wake: make(chan struct{}, 1), start: time.Now()}
	if err := c.setUp(ctx); err != nil {
		return nil, err
	}
	if err := c.hold(ctx); err != nil {
		return nil, errors.Join(err, c.plane.Close(context.WithoutCancel(ctx)))
	}
	r := c.report()
	if err := c.plane.Close(ctx); err != nil {
		return nil, err
	}
	left, err := LeftBehind(ctx, cfg.API)
	r.LeftBehind = left
	return r, err
}

// call is a call under way. Only the inbox is touched by other goroutines.
type call struct {
	cfg    Config
	plane  *sfu.Plane
	agent  *sfu.Agent
	people []*participant
	start  time.Time
	now    time.Duration
	events events
	order  int

	mu    sync.Mutex
	inbox []arrival // guarded by mu
	wake  chan struct{}
}

type arrival struct {
	end   End
	frame []byte
}

func (c *call) setUp(ctx context.Context) error {
	var err error
	c.plane, err = sfu.NewPlane(ctx, c.cfg.API, sfu.Config{
		Service: c.cfg.Service, CPUPort: c.cfg.CPUPort, DescriptorIDs: []uint8{extDescriptor}})
	if err != nil {
		return err
	}
	if err := c.join(ctx); err != nil {
		return errors.Join(err, c.plane.Close(ctx))
	}
	return nil
}

func (c *call) join(ctx context.Context) error {
	c.agent = sfu.NewAgent(c.plane, sfuUfrag, sfuPassword)
	if err := c.attach(CPU); err != nil {
		return err
	}
	meeting, err := c.plane.AddMeeting(ctx)
	if err != nil {
		return err
	}
	for i, port := range c.cfg.Ports {
		p, err := newParticipant(i, c.cfg.Addresses[i], c.cfg.Service, c.cfg.Seed)
		if err != nil {
			return err
		}
		p.epoch = time.Unix(1_700_000_000, 0)
		p.send = func(f []byte) error { return c.cfg.Transport.Send(End(i), f) }
		if p.rid, err = c.plane.AddParticipant(ctx, meeting, sfu.Participant{Address: p.at, Port: port}); err != nil {
			return err
		}
		for _, t := range p.tracks {
			s := sfu.Stream{SSRC: t.ssrc}
			if t.video {
				s.DescriptorID = extDescriptor
			}
			if t.id, err = c.plane.AddStream(ctx, p.rid, s); err != nil {
				return err
			}
		}
		if err := c.attach(End(i)); err != nil {
			return err
		}
		c.people = append(c.people, p)
	}
	return c.subscribeAll(ctx)
}

func (c *call) attach(end End) error {
	return c.cfg.Transport.Attach(end, func(frame []byte) {
		c.mu.Lock()
		c.inbox = append(c.inbox, arrival{end, slices.Clone(frame)})
		c.mu.Unlock()
		select {
		case c.wake <- struct{}{}:
		default:
		}
	})
}

func (c *call) subscribeAll(ctx context.Context) error {
	for _, to := range c.people {
		for _, from := range c.people {
			if from == to {
				continue
			}
			for _, t := range from.tracks {
				if err := c.plane.Subscribe(ctx, to.rid, t.id); err != nil {
					return err
				}
				in, err := newInbound(t)
				if err != nil {
					return err
				}
				to.remote = append(to.remote, in)
			}
		}
	}
	return nil
}

// hold runs the connectivity checks and then the media.
func (c *call) hold(ctx context.Context) error {
	for try := 0; try < checkTries && !c.allChecked(); try++ {
		for _, p := range c.people {
			if !p.stunOK {
				if err := p.check(sfuUfrag, sfuPassword); err != nil {
					return err
				}
			}
		}
		deadline := c.now + checkRetry
		c.at(deadline, func() error { return nil })
		if err := c.runUntil(ctx, func() bool { return c.allChecked() || c.now >= deadline }); err != nil {
			return err
		}
	}
	c.events = nil
	begin := c.now
	end := begin + c.cfg.Duration
	c.schedule(ctx, begin, end)
	if err := c.runUntil(ctx, func() bool { return len(c.events) == 0 }); err != nil {
		return err
	}
	if c.cfg.RealTime {
		c.at(c.now+settle, func() error { return nil })
		return c.runUntil(ctx, func() bool { return len(c.events) == 0 })
	}
	return nil
}

func (c *call) allChecked() bool {
	return !slices.ContainsFunc(c.people, func(p *participant) bool { return !p.stunOK })
}

// schedule plans the media, the reports, one PLI, and the lower decode target.
func (c *call) schedule(ctx context.Context, begin, end time.Duration) {
	for i, p := range c.people {
		from := begin + time.Duration(i)*stagger
		c.every(from, end, audioInterval, func() error { return p.frame(p.audio(), c.now) })
		c.every(from, end, frameInterval, func() error { return p.frame(p.video(), c.now) })
		c.every(from+senderReports/2, end, senderReports, func() error { return p.senderReports(c.now) })
		c.every(from+receiverReports/2, end, receiverReports, p.receiverReports)
	}
	c.at(begin+c.cfg.Duration/4, func() error {
		c.people[0].plisAbout++
		return c.people[1].pictureLoss(c.people[0].video())
	})
	c.at(begin+c.cfg.Duration/2, func() error { return c.lower(ctx) })
}

// lower sets the last participant's decode target.
func (c *call) lower(ctx context.Context) error {
	p := c.people[len(c.people)-1]
	for _, in := range p.remote {
		if !in.from.video {
			continue
		}
		if err := c.plane.SetDecodeTarget(ctx, p.rid, in.from.id, c.cfg.Target); err != nil {
			return err
		}
		in.target, in.loweredAt = c.cfg.Target, c.now
		if c.cfg.RealTime {
			in.loweredAt = time.Since(c.start)
		}
	}
	return nil
}

// every plans f from one time to another.
func (c *call) every(from, to, period time.Duration, f func() error) {
	if from >= to {
		return
	}
	c.at(from, func() error {
		c.every(from+period, to, period, f)
		return f()
	})
}

func (c *call) at(t time.Duration, f func() error) {
	c.order++
	heap.Push(&c.events, event{t, c.order, f})
}

// runUntil handles events and arrivals until done.
func (c *call) runUntil(ctx context.Context, done func() bool) error {
	for {
		if err := c.drain(ctx); err != nil {
			return err
		}
		if done() {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("hold call: %w", err)
		}
		if len(c.events) == 0 {
			return errors.New("BUG: call waits for nothing")
		}
		if c.cfg.RealTime && !c.sleep(ctx) {
			continue
		}
		e := heap.Pop(&c.events).(event)
		c.now = max(c.now, e.at)
		if err := e.do(); err != nil {
			return err
		}
	}
}

// sleep waits in real time for the next event; false when something else woke
// it.
func (c *call) sleep(ctx context.Context) bool {
	wait := c.events[0].at - time.Since(c.start)
	if wait <= 0 {
		c.now = time.Since(c.start)
		return true
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.wake:
	case <-ctx.Done():
	}
	return false
}

// drain handles what has arrived, and what that makes arrive.
func (c *call) drain(ctx context.Context) error {
	for {
		c.mu.Lock()
		batch := c.inbox
		c.inbox = nil
		c.mu.Unlock()
		if len(batch) == 0 {
			return nil
		}
		for _, a := range batch {
			if a.end != CPU {
				c.people[a.end].receive(a.frame)
				continue
			}
			reply, err := c.agent.Handle(ctx, a.frame)
			if err != nil {
				continue // counted by the agent, and in the report
			}
			if reply != nil {
				if err := c.cfg.Transport.Send(CPU, reply); err != nil {
					return err
				}
			}
		}
	}
}

func (c *call) report() *Report {
	r := &Report{Duration: c.cfg.Duration, Agent: c.agent.Stats()}
	for _, p := range c.people {
		for _, in := range p.remote {
			s := in.result(c.cfg.Grace)
			s.Receiver, s.Target = p.n, in.target
			for _, o := range c.people {
				if o.owns(s.SSRC) {
					s.Sender = o.n
				}
			}
			r.Streams = append(r.Streams, s)
		}
		r.Participants = append(r.Participants, ParticipantReport{STUN: p.stunOK, RR: p.rr, PLI: p.pli,
			PLIsSent: p.plisAbout, KeyFrames: p.video().keyFrames, Unexpected: p.unexpected})
	}
	return r
}

// LeftBehind lists the tables of the SFU that are not empty: "TABLE: N".
func LeftBehind(ctx context.Context, api tables.API) ([]string, error) {
	var out []string
	for _, t := range sfu.Tables() {
		n, err := api.Usage(ctx, tables.AllPipes, t)
		if err != nil {
			return nil, fmt.Errorf("look for what was left behind: %w", err)
		}
		if n != 0 {
			out = append(out, fmt.Sprintf("%s: %d", t, n))
		}
	}
	return out, nil
}

type event struct {
	at    time.Duration
	order int // among events of the same time
	do    func() error
}

type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	return e[i].at < e[j].at || e[i].at == e[j].at && e[i].order < e[j].order
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}
