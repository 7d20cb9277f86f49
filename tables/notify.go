package tables

import (
	"context"
	"sync"
	"sync/atomic"
)

// Notification is something that a switch tells by itself. One of Digest, Idle,
// Port and Selector is set.
type Notification struct {
	// Time in nanoseconds of the switch's clock.
	Time int64
	// Pipe that it comes from; -1 where it concerns every pipe.
	Pipe   int
	Digest *DigestBatch
	Idle   *IdleChange
	Port   *PortChange
	// Selector is told where the selector's attribute SelectorUpdateNotify is on.
	Selector *SelectorChange
	// Lost is how many notifications this subscriber missed just before this
	// one because its queue was full.
	Lost uint64
}

// DigestBatch has the quanta of one digest in one delivery of a learn filter.
type DigestBatch struct {
	Name string // "pipe.SwitchIngressDeparser.digest_a"
	// Batch is the delivery, for AckDigest; the digests of one delivery share
	// it.
	Batch   uint64
	Entries [][]DataField
}

// IdleChange: an entry of a table in notify mode became idle, or active again.
// Entry has table, key and handle.
type IdleChange struct {
	Entry  *TableEntry
	Active bool
}

// PortChange: a port went up or down.
type PortChange struct {
	Port uint32
	Up   bool
}

// SelectorChange: a member was given a place in a group, or lost it.
type SelectorChange struct {
	Table         string
	Group, Member uint32
	// Entry numbers the places of all groups: 120 for each group, by the groups'
	// handles. (The chip's driver numbers words of its selector RAM, as it
	// happens to allot them.)
	Entry int
	Added bool
}

// Notifier delivers notifications.
type Notifier interface {
	// Subscribe calls f with every notification from now on, one at a time and
	// in order, in a goroutine of its own: a slow f holds nobody up, but loses
	// what does not fit in its queue. After cancel no new call begins.
	Subscribe(f func(Notification)) (cancel func())
}

// DigestAcker takes acknowledgements of digest batches where the switch does
// not acknowledge them itself.
type DigestAcker interface {
	AckDigest(batch uint64) error
}

// NotificationQueue is how many notifications wait for a subscriber at most.
const NotificationQueue = 4096

// Hub passes notifications on to subscribers, for whoever implements Notifier.
// The zero value works.
type Hub struct{ h hub }

// Subscribe is Notifier's.
func (h *Hub) Subscribe(f func(Notification)) (cancel func()) { return h.h.subscribe(f) }

// Publish tells the subscribers. It never waits for them.
func (h *Hub) Publish(n Notification) { h.h.publish(queued{n: n}) }

// hub passes notifications on. The zero value works.
type hub struct {
	mu   sync.Mutex
	subs []*subscriber
	any  atomic.Bool   // there are subscribers
	lost atomic.Uint64 // of all subscribers
}

// subscriber is one queue and the goroutine that empties it.
type subscriber struct {
	f    func(Notification)
	hub  *hub
	mu   sync.Mutex
	wake *sync.Cond
	// All guarded by mu.
	queue  []queued
	lost   uint64 // since the last one that was queued
	busy   bool   // f runs
	closed bool
}

// queued is a notification; make, if set, completes it in the subscriber's
// goroutine.
type queued struct {
	n    Notification
	make func(*Notification)
}

func (h *hub) subscribe(f func(Notification)) (cancel func()) {
	s := &subscriber{f: f, hub: h}
	s.wake = sync.NewCond(&s.mu)
	h.mu.Lock()
	h.subs = append(h.subs[:len(h.subs):len(h.subs)], s)
	h.any.Store(true)
	h.mu.Unlock()
	go s.run()
	return s.cancel
}

func (s *subscriber) cancel() {
	h := s.hub
	h.mu.Lock()
	var rest []*subscriber
	for _, o := range h.subs {
		if o != s {
			rest = append(rest, o)
		}
	}
	h.subs = rest
	h.any.Store(len(rest) > 0)
	h.mu.Unlock()
	s.mu.Lock()
	s.closed = true
	s.queue = nil
	s.wake.Broadcast()
	s.mu.Unlock()
}

func (s *subscriber) run() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		for len(s.queue) == 0 && !s.closed {
			s.wake.Wait()
		}
		if s.closed {
			return
		}
		q := s.queue[0]
		s.queue[0] = queued{}
		s.queue = s.queue[1:]
		s.busy = true
		s.mu.Unlock()
		if q.make != nil {
			q.make(&q.n)
		}
		s.f(q.n)
		s.mu.Lock()
		s.busy = false
		if len(s.queue) == 0 {
			s.wake.Broadcast() // whoever flushes
		}
	}
}

// publish queues a notification for every subscriber. It never waits for one.
func (h *hub) publish(q queued) {
	if !h.any.Load() {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.subs {
		s.mu.Lock()
		if len(s.queue) >= NotificationQueue {
			s.lost++
			h.lost.Add(1)
		} else {
			q.n.Lost, s.lost = s.lost, 0
			s.queue = append(s.queue, q)
			s.wake.Broadcast()
		}
		s.mu.Unlock()
	}
}

// flush waits until the subscribers have been given all that was published.
func (h *hub) flush(ctx context.Context) error {
	h.mu.Lock()
	subs := h.subs
	h.mu.Unlock()
	for _, s := range subs {
		stop := context.AfterFunc(ctx, func() {
			s.mu.Lock()
			s.wake.Broadcast()
			s.mu.Unlock()
		})
		s.mu.Lock()
		for (len(s.queue) > 0 || s.busy) && !s.closed && ctx.Err() == nil {
			s.wake.Wait()
		}
		s.mu.Unlock()
		stop()
	}
	return ctx.Err()
}

// Subscribe delivers notifications to f.
func (s *Store) Subscribe(f func(Notification)) (cancel func()) { return s.hub.subscribe(f) }

// Publish tells the subscribers. It never waits for them.
func (s *Store) Publish(n Notification) { s.hub.publish(queued{n: n}) }

// FlushNotifications waits until subscribers have been given all that was
// published before.
func (s *Store) FlushNotifications(ctx context.Context) error { return s.hub.flush(ctx) }

// LostNotifications is how many notifications subscribers missed so far.
func (s *Store) LostNotifications() uint64 { return s.hub.lost.Load() }

var _ Notifier = (*Store)(nil)
