package sfu

import (
	"context"
	"fmt"

	"gofino/tables"
)

// Traffic is what a counter has counted. Bytes include the frame check
// sequence, as the chip counts; counters of packets only leave them 0.
type Traffic struct{ Packets, Bytes uint64 }

// Verdict is what ingress decided about a packet; every packet has one, unless
// it ended inside the headers that the parser reads.
type Verdict uint8

const (
	NotForUs Verdict = iota
	BadChecksum
	ARPAnswered
	EchoAnswered
	FromCPU
	STUNToCPU
	DTLSToCPU
	Media
	StructureToCPU // media, and a copy for the agent
	SenderReport
	FeedbackToCPU
	FeedbackRelayed // to the agent and to the sender
	UnknownSender
	Unclassified // at the service's address, but none of the above
	numVerdicts
)

var verdictNames = [numVerdicts]string{
	"not for us", "bad checksum", "arp", "echo", "from cpu", "stun", "dtls", "media", "structure", "sender report",
	"feedback", "feedback relayed", "unknown sender", "unclassified",
}

func (v Verdict) String() string {
	if v < numVerdicts {
		return verdictNames[v]
	}
	return fmt.Sprintf("verdict %d", uint8(v))
}

// Verdicts are the packets by verdict.
func (p *Plane) Verdicts(ctx context.Context) (out [numVerdicts]uint64, err error) {
	for v := range out {
		t, err := p.count(ctx, tables.Query{Table: tableVerdicts, Key: keys(key("$COUNTER_INDEX", uint64(v)))})
		if err != nil {
			return out, err
		}
		out[v] = t.Packets
	}
	return out, nil
}

// Sent is what a sender sent of a stream: RTP and sender reports.
func (p *Plane) Sent(ctx context.Context, id StreamID) (Traffic, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.streams[id]
	if s == nil {
		return Traffic{}, fmt.Errorf("count stream %d: %w", id, ErrUnknown)
	}
	return p.count(ctx, tables.Query{Table: tableStreams, Key: sender(s, 0).Key})
}

// FromUnknown is the media of nobody.
func (p *Plane) FromUnknown(ctx context.Context) (Traffic, error) {
	return p.count(ctx, tables.Query{Table: tableStreams, Default: true})
}

// Delivered is what a receiver was sent of a stream.
func (p *Plane) Delivered(ctx context.Context, receiver ParticipantID, id StreamID) (Traffic, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s, sub, err := p.subscription(receiver, id)
	if err != nil {
		return Traffic{}, fmt.Errorf("count deliveries: %w", err)
	}
	return p.count(ctx, tables.Query{Table: tableDownlinks, Key: downlink(s, sub.who).Key})
}

// Suppressed is what a receiver's present decode target has held back.
func (p *Plane) Suppressed(ctx context.Context, receiver ParticipantID, id StreamID) (Traffic, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s, sub, err := p.subscription(receiver, id)
	if err != nil {
		return Traffic{}, fmt.Errorf("count suppressed packets: %w", err)
	}
	var sum Traffic
	for c, number := range s.classes.inOrder() {
		if c.neededBy(sub.target) {
			continue
		}
		t, err := p.count(ctx, tables.Query{Table: tableFilter, Key: filter(receiver, id, number).Key})
		if err != nil {
			return sum, err
		}
		sum.Packets += t.Packets
	}
	return sum, nil
}

// Relayed is the feedback of a kind that went from a receiver to the sender of
// a stream.
func (p *Plane) Relayed(ctx context.Context, receiver ParticipantID, id StreamID, r Report) (Traffic, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s, sub, err := p.subscription(receiver, id)
	if err != nil {
		return Traffic{}, fmt.Errorf("count feedback: %w", err)
	}
	return p.count(ctx, tables.Query{Table: tableFeedback, Key: relay(s, sub.who, r).Key})
}

// ToSender is all feedback that the sender of a stream was sent about it.
func (p *Plane) ToSender(ctx context.Context, id StreamID) (Traffic, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.streams[id]
	if s == nil {
		return Traffic{}, fmt.Errorf("count feedback: stream %d: %w", id, ErrUnknown)
	}
	return p.count(ctx, tables.Query{Table: tableUplinks, Key: uplink(s).Key})
}

// count reads the counter of one entry, over all pipes.
func (p *Plane) count(ctx context.Context, q tables.Query) (t Traffic, err error) {
	q.FromHW = true
	q.Fields = nil
	for e, err := range p.api.Read(ctx, tables.AllPipes, q) {
		if err != nil {
			return t, fmt.Errorf("read counter: %w", err)
		}
		for _, f := range e.Data {
			b, _ := f.Value.([]byte)
			switch f.Name {
			case "$COUNTER_SPEC_PKTS":
				t.Packets += value(b)
			case "$COUNTER_SPEC_BYTES":
				t.Bytes += value(b)
			}
		}
	}
	return t, nil
}

func value(b []byte) (v uint64) {
	for _, x := range b {
		v = v<<8 | uint64(x)
	}
	return v
}
