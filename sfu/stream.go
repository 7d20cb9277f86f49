package sfu

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"

	"gofino/sfu/av1"
)

// AllLayers is the decode target of a receiver that gets everything.
const AllLayers = -1

// Stream is one SSRC that a participant sends.
type Stream struct {
	SSRC uint32
	// DescriptorID is the header extension id of the stream's AV1 dependency
	// descriptor, one of Config.DescriptorIDs; 0: the stream has no layers.
	DescriptorID uint8
}

type stream struct {
	Stream
	id        StreamID
	owner     *participant
	receivers []*subscriber
	structure *av1.Structure // nil until the sender's first key frame
	classes   layering
}

// layering numbers the classes of a structure.
type layering map[class]uint8

// inOrder yields the classes by number, so that the same calls always write the
// same updates in the same order.
func (l layering) inOrder() iter.Seq2[class, uint8] {
	return func(yield func(class, uint8) bool) {
		for _, c := range slices.SortedFunc(maps.Keys(l), func(x, y class) int { return cmp.Compare(l[x], l[y]) }) {
			if !yield(c, l[c]) {
				return
			}
		}
	}
}

// class is a set of decode targets; templates that the same targets need share
// a layer number.
type class struct {
	targets int // how many there are
	needs   uint32
}

func (c class) all() bool { return c.needs == uint32(uint64(1)<<c.targets-1) }

// neededBy tells whether a receiver with this target needs the class.
func (c class) neededBy(target int) bool {
	return target == AllLayers || target >= c.targets || c.needs>>target&1 == 1
}

type subscriber struct {
	who    *participant
	target int
}

// AddStream lets a participant send. Nobody receives it before Subscribe.
func (p *Plane) AddStream(ctx context.Context, from ParticipantID, desc Stream) (StreamID, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	who := p.participants[from]
	if who == nil {
		return 0, fmt.Errorf("add stream of participant %d: %w", from, ErrUnknown)
	}
	if desc.DescriptorID != 0 && !slices.Contains(p.cfg.DescriptorIDs, desc.DescriptorID) {
		return 0, fmt.Errorf("add stream: descriptor id %d is none of the switch's (%v)", desc.DescriptorID, p.cfg.DescriptorIDs)
	}
	id, err := freeID(p.streams, "stream")
	if err != nil {
		return 0, fmt.Errorf("add stream: %w", err)
	}
	s := &stream{Stream: desc, id: id, owner: who}
	b := &batch{}
	b.insert(uplink(s))
	b.insert(sender(s, p.yids[who.Port].id))
	b.then(func() {
		p.streams[id] = s
		who.streams = append(who.streams, s)
	})
	return id, p.run(ctx, "add stream", b)
}

// RemoveStream ends a stream and all subscriptions to it.
func (p *Plane) RemoveStream(ctx context.Context, id StreamID) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.streams[id]
	if s == nil {
		return fmt.Errorf("remove stream %d: %w", id, ErrUnknown)
	}
	b := &batch{}
	p.dropStream(b, s)
	return p.run(ctx, fmt.Sprintf("remove stream %d", id), b)
}

func (p *Plane) dropStream(b *batch, s *stream) {
	b.remove(sender(s, 0))
	for _, sub := range s.receivers {
		p.dropSubscriber(b, s, sub)
	}
	if s.structure != nil {
		for i := range s.structure.Templates {
			b.remove(layer(s.id, s.structure.ID(i), 0))
		}
	}
	b.remove(uplink(s))
	b.then(func() {
		delete(p.streams, s.id)
		s.owner.streams = slices.DeleteFunc(s.owner.streams, func(o *stream) bool { return o == s })
	})
}

// Subscribe makes a participant receive a stream of its meeting, all layers of
// it, and relays its feedback about the stream.
func (p *Plane) Subscribe(ctx context.Context, receiver ParticipantID, id StreamID) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	who, s := p.participants[receiver], p.streams[id]
	switch {
	case who == nil:
		return fmt.Errorf("subscribe participant %d: %w", receiver, ErrUnknown)
	case s == nil:
		return fmt.Errorf("subscribe to stream %d: %w", id, ErrUnknown)
	case who == s.owner || who.meeting != s.owner.meeting:
		return fmt.Errorf("subscribe participant %d to stream %d: not another's stream of the same meeting", receiver, id)
	case who.subs[s] != nil:
		return nil
	}
	b := &batch{}
	b.insert(downlink(s, who))
	for _, r := range p.cfg.Relay {
		b.insert(relay(s, who, r))
	}
	b.then(func() {
		sub := &subscriber{who: who, target: AllLayers}
		s.receivers = append(s.receivers, sub)
		who.subs[s] = sub
	})
	return p.run(ctx, fmt.Sprintf("subscribe participant %d to stream %d", receiver, id), b)
}

// Unsubscribe is the opposite of Subscribe.
func (p *Plane) Unsubscribe(ctx context.Context, receiver ParticipantID, id StreamID) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	s, sub, err := p.subscription(receiver, id)
	if err != nil {
		return fmt.Errorf("unsubscribe: %w", err)
	}
	b := &batch{}
	p.dropSubscriber(b, s, sub)
	return p.run(ctx, fmt.Sprintf("unsubscribe participant %d from stream %d", receiver, id), b)
}

func (p *Plane) subscription(receiver ParticipantID, id StreamID) (*stream, *subscriber, error) {
	who, s := p.participants[receiver], p.streams[id]
	if who == nil || s == nil || who.subs[s] == nil {
		return nil, nil, fmt.Errorf("participant %d, stream %d: %w", receiver, id, ErrUnknown)
	}
	return s, who.subs[s], nil
}

func (p *Plane) dropSubscriber(b *batch, s *stream, sub *subscriber) {
	for c, number := range s.classes.inOrder() {
		if !c.neededBy(sub.target) {
			b.remove(filter(sub.who.rid, s.id, number))
		}
	}
	for _, r := range p.cfg.Relay {
		b.remove(relay(s, sub.who, r))
	}
	b.remove(downlink(s, sub.who))
	b.then(func() {
		delete(sub.who.subs, s)
		s.receivers = slices.DeleteFunc(s.receivers, func(o *subscriber) bool { return o == sub })
	})
}

// SetDecodeTarget limits what a receiver gets of a stream to what the decode
// target needs: a number of the sender's structure (L1T3: 0 is 7.5 fps, 2 is 30
// fps), or AllLayers. It may be set before the structure is known.
func (p *Plane) SetDecodeTarget(ctx context.Context, receiver ParticipantID, id StreamID, target int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	s, sub, err := p.subscription(receiver, id)
	if err != nil {
		return fmt.Errorf("set decode target: %w", err)
	}
	if target < AllLayers || target >= av1.MaxDecodeTargets {
		return fmt.Errorf("set decode target %d: want 0..%d, or %d for all layers", target, av1.MaxDecodeTargets-1, AllLayers)
	}
	b := &batch{}
	for c, number := range s.classes.inOrder() {
		switch was, is := c.neededBy(sub.target), c.neededBy(target); {
		case was && !is:
			b.insert(filter(sub.who.rid, id, number))
		case is && !was:
			b.remove(filter(sub.who.rid, id, number))
		}
	}
	b.then(func() { sub.target = target })
	return p.run(ctx, fmt.Sprintf("set decode target of participant %d, stream %d", receiver, id), b)
}

// SetStructure tells which templates a stream has from now on. The new ones are
// in before the old ones go. Packets of templates in no structure are
// forwarded to everybody.
func (p *Plane) SetStructure(ctx context.Context, id StreamID, new *av1.Structure) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.streams[id]
	if s == nil {
		return fmt.Errorf("set structure of stream %d: %w", id, ErrUnknown)
	}
	classes, err := s.number(new)
	if err != nil {
		return fmt.Errorf("set structure of stream %d: %w", id, err)
	}
	b := &batch{}
	s.newFilters(b, classes)
	s.changeLayers(b, new, classes)
	b.then(func() { s.structure, s.classes = new, classes })
	return p.run(ctx, fmt.Sprintf("set structure of stream %d", id), b)
}

// number gives every class of a structure a layer number; a class that the
// stream has already keeps its own.
func (s *stream) number(new *av1.Structure) (layering, error) {
	used := map[uint8]bool{0: true}
	for _, n := range s.classes {
		used[n] = true
	}
	out := layering{}
	next := uint8(1)
	for i := range new.Templates {
		c := class{new.DecodeTargets, new.Needs(i)}
		if _, ok := out[c]; ok || c.all() {
			continue
		}
		if n, ok := s.classes[c]; ok {
			out[c] = n
			continue
		}
		for used[next] {
			if next++; next == 0 {
				return nil, errors.New("more than 255 layers")
			}
		}
		out[c], used[next] = next, true
	}
	return out, nil
}

// newFilters are of the classes that begin; those of classes that end go last.
func (s *stream) newFilters(b *batch, classes layering) {
	for _, sub := range s.receivers {
		for c, n := range classes.inOrder() {
			if _, ok := s.classes[c]; !ok && !c.neededBy(sub.target) {
				b.insert(filter(sub.who.rid, s.id, n))
			}
		}
	}
}

func (s *stream) changeLayers(b *batch, new *av1.Structure, classes layering) {
	old := map[int]uint8{}
	if s.structure != nil {
		for i := range s.structure.Templates {
			old[s.structure.ID(i)] = s.classes[class{s.structure.DecodeTargets, s.structure.Needs(i)}]
		}
	}
	for i := range new.Templates {
		id, n := new.ID(i), classes[class{new.DecodeTargets, new.Needs(i)}]
		was, ok := old[id]
		delete(old, id)
		switch {
		case !ok:
			b.insert(layer(s.id, id, n))
		case was != n:
			b.modify(layer(s.id, id, n))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(old)) {
		b.remove(layer(s.id, id, 0))
	}
	for c, n := range s.classes.inOrder() {
		if _, ok := classes[c]; ok {
			continue
		}
		for _, sub := range s.receivers {
			if !c.neededBy(sub.target) {
				b.remove(filter(sub.who.rid, s.id, n))
			}
		}
	}
}
