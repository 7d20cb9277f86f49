package sfu

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
)

// Participant is one end of a call.
type Participant struct {
	Address
	Port uint16 // dev_port behind which it is
}

type participant struct {
	Participant
	rid     ParticipantID
	meeting *meeting
	streams []*stream               // that it sends
	subs    map[*stream]*subscriber // that it receives
}

// AddMeeting makes an empty meeting.
func (p *Plane) AddMeeting(ctx context.Context) (MeetingID, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	id, err := freeID(p.meetings, "meeting")
	if err != nil {
		return 0, fmt.Errorf("add meeting: %w", err)
	}
	b := &batch{}
	b.insert(group(id, nil))
	b.then(func() { p.meetings[id] = &meeting{id: id} })
	return id, p.run(ctx, "add meeting", b)
}

// RemoveMeeting removes a meeting and all that is in it.
func (p *Plane) RemoveMeeting(ctx context.Context, id MeetingID) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.removeMeeting(ctx, id)
}

func (p *Plane) removeMeeting(ctx context.Context, id MeetingID) error {
	m := p.meetings[id]
	if m == nil {
		return fmt.Errorf("remove meeting %d: %w", id, ErrUnknown)
	}
	for len(m.members) > 0 {
		if err := p.removeParticipant(ctx, m.members[len(m.members)-1].rid); err != nil {
			return err
		}
	}
	b := &batch{}
	b.remove(group(id, nil))
	b.then(func() { delete(p.meetings, id) })
	return p.run(ctx, fmt.Sprintf("remove meeting %d", id), b)
}

// AddParticipant lets a participant into a meeting. It neither sends nor
// receives before AddStream and Subscribe.
func (p *Plane) AddParticipant(ctx context.Context, id MeetingID, who Participant) (ParticipantID, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := p.meetings[id]
	if m == nil {
		return 0, fmt.Errorf("add participant to meeting %d: %w", id, ErrUnknown)
	}
	if !who.UDP.Addr().Is4() {
		return 0, fmt.Errorf("add participant: address %v is not IPv4", who.UDP)
	}
	rid, err := freeID(p.participants, "participant")
	if err != nil {
		return 0, fmt.Errorf("add participant: %w", err)
	}
	n := &participant{Participant: who, rid: rid, meeting: m, subs: map[*stream]*subscriber{}}
	b := &batch{}
	if err := p.takeYID(b, who.Port); err != nil {
		return 0, fmt.Errorf("add participant: %w", err)
	}
	b.insert(fromCPU(p.cfg.CPUPort, n))
	b.insert(node(n))
	members := append(slices.Clone(m.members), n)
	b.modify(group(m.id, members))
	b.then(func() { p.participants[rid], m.members = n, members })
	return rid, p.run(ctx, "add participant", b)
}

// RemoveParticipant removes a participant, its streams and its subscriptions.
func (p *Plane) RemoveParticipant(ctx context.Context, id ParticipantID) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.removeParticipant(ctx, id)
}

func (p *Plane) removeParticipant(ctx context.Context, id ParticipantID) error {
	who := p.participants[id]
	if who == nil {
		return fmt.Errorf("remove participant %d: %w", id, ErrUnknown)
	}
	m := who.meeting
	b := &batch{}
	for _, s := range who.streams {
		p.dropStream(b, s)
	}
	for _, s := range slices.SortedFunc(maps.Keys(who.subs), func(x, y *stream) int { return cmp.Compare(x.id, y.id) }) {
		p.dropSubscriber(b, s, who.subs[s])
	}
	members := slices.DeleteFunc(slices.Clone(m.members), func(o *participant) bool { return o == who })
	b.modify(group(m.id, members))
	b.remove(node(who))
	b.remove(fromCPU(p.cfg.CPUPort, who))
	p.leaveYID(b, who.Port)
	b.then(func() {
		m.members = members
		delete(p.participants, id)
	})
	return p.run(ctx, fmt.Sprintf("remove participant %d", id), b)
}

// takeYID gives a port its level-2 exclusion id: copies of a sender's packets
// to the sender's own node are pruned at its port.
func (p *Plane) takeYID(b *batch, port uint16) error {
	if y := p.yids[port]; y != nil {
		b.then(func() { y.users++ })
		return nil
	}
	taken := map[uint16]bool{}
	for _, y := range p.yids {
		taken[y.id] = true
	}
	id, err := freeID(taken, "port")
	if err != nil || id > maxYIDs {
		return fmt.Errorf("%w for port %d: all %d exclusion ids are in use", ErrNoIDs, port, maxYIDs)
	}
	b.modify(prune(id, uint32(port)))
	b.then(func() { p.yids[port] = &yid{id: id, users: 1} })
	return nil
}

func (p *Plane) leaveYID(b *batch, port uint16) {
	y := p.yids[port]
	if y.users == 1 {
		b.modify(prune(y.id))
	}
	b.then(func() {
		if y.users--; y.users == 0 {
			delete(p.yids, port)
		}
	})
}
