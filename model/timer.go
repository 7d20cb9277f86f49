package model

import (
	"container/heap"
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"gofino/internal/clock"
)

// event is something that the chip does by itself when its time comes. Its
// owner keeps it, and saves when it is due; it is in the queue at most once.
type event struct {
	// fire does it, in the goroutine that moves time and one event at a time;
	// no lock is held. now is when the event was due. It may queue itself again.
	// It belongs to an input: the gate is open for it, and it must not enter
	// it again (no Process, no table API).
	fire func(now int64) // immutable
	// order is of events that are due at the same nanosecond: a number of its
	// own for each event, so that the order is a matter of state, not of who
	// queued first. Immutable.
	order uint64

	due int64 // guarded by timers.mu
	at  int   // index in the heap + 1, 0: not queued; guarded by timers.mu
}

// Classes of event.order: the upper half. The lower is the owner's.
const (
	orderPktgen = 1 << 32 // below it: what must see the tables as they were before generated packets
	orderLater  = 2 << 32
)

// timers is the one queue of everything that is due in time. In virtual time
// Switch.RunUntil works it off; in real time a goroutine does, from the first
// event until Close.
type timers struct {
	turn sync.Mutex // held while an event fires

	mu      sync.Mutex
	queue   eventHeap
	real    bool // immutable
	own     bool // immutable: RunDue instead of the goroutine
	held    bool // a switch is being restored: the goroutine waits for resume
	started bool
	closed  bool
	wake    chan struct{} // the first event changed; buffered
	done    chan struct{} // the goroutine has ended

	// first is when something is due: the pace of RunDue where nothing is.
	first atomic.Int64
}

// never is after everything.
const never = math.MaxInt64

// changed notes when the first event is due. The caller holds mu.
func (q *timers) changed() {
	due := int64(never)
	if len(q.queue) > 0 && !q.closed {
		due = q.queue[0].due
	}
	q.first.Store(due)
}

// set queues e, or moves it where it is queued already. It is safe from
// anywhere, also under a pipe's lock.
func (s *Switch) set(e *event, due int64) {
	q := &s.timers
	q.mu.Lock()
	defer q.mu.Unlock()
	e.due = due
	if e.at == 0 {
		heap.Push(&q.queue, e)
	} else {
		heap.Fix(&q.queue, e.at-1)
	}
	q.changed()
	s.keepTime()
	if q.started && q.queue[0] == e {
		q.signal()
	}
}

// unset takes e out of the queue, if it is there. It may be firing.
func (s *Switch) unset(e *event) {
	q := &s.timers
	q.mu.Lock()
	defer q.mu.Unlock()
	if e.at != 0 {
		heap.Remove(&q.queue, e.at-1)
		q.changed()
	}
}

func (q *timers) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// pop takes the first event that is due by until.
func (q *timers) pop(until int64) (*event, int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || len(q.queue) == 0 || q.queue[0].due > until {
		return nil, 0
	}
	e := heap.Pop(&q.queue).(*event)
	q.changed()
	return e, e.due
}

// RunUntil moves virtual time to t. What becomes due on the way happens in
// order of time, each at its own. Time never goes back.
func (s *Switch) RunUntil(t int64) error {
	v, ok := s.clock.(*clock.Virtual)
	if !ok {
		return errors.New("advance time: the switch runs in real time")
	}
	q := &s.timers
	q.turn.Lock()
	defer q.turn.Unlock()
	for s.fireOne(t, v) {
	}
	if t > v.Now() {
		v.Set(t)
	}
	return nil
}

// fireOne does what is due first, if it is due by until. v is nil in real time.
// It is an input like a frame: nobody sees the switch in its middle.
func (s *Switch) fireOne(until int64, v *clock.Virtual) bool {
	s.enter()
	defer s.leave()
	e, due := s.timers.pop(until)
	if e == nil || s.ended.Load() {
		return false
	}
	if v != nil && due > v.Now() {
		v.Set(due)
	}
	if j := s.journal.Load(); j != nil {
		j.event(e, due)
	} else {
		e.fire(due)
	}
	return true
}

// refire repeats an event of a recording: it must be the first in the queue.
func (s *Switch) refire(order uint64, due int64) bool {
	q := &s.timers
	q.mu.Lock()
	ok := len(q.queue) > 0 && q.queue[0].order == order && q.queue[0].due == due
	q.mu.Unlock()
	if ok {
		e, _ := q.pop(due)
		e.fire(due)
	}
	return ok
}

// Advance moves virtual time by ns nanoseconds; see RunUntil.
func (s *Switch) Advance(ns int64) error { return s.RunUntil(s.clock.Now() + ns) }

// RunDue does what is due in real time, for a switch with Config.OwnTime. It
// costs one look at a number where nothing is.
func (s *Switch) RunDue() {
	now := s.clock.Now()
	q := &s.timers
	if q.first.Load() > now {
		return
	}
	q.turn.Lock()
	defer q.turn.Unlock()
	for s.fireOne(now, nil) {
	}
}

// NextDue is when RunDue has something to do; ok is false for never, as far as
// is known.
func (s *Switch) NextDue() (at int64, ok bool) {
	at = s.timers.first.Load()
	return at, at != never
}

// keepTime starts the goroutine of real time. The caller holds timers.mu.
func (s *Switch) keepTime() {
	q := &s.timers
	if !q.real || q.own || q.started || q.closed || q.held || len(q.queue) == 0 {
		return
	}
	q.started = true
	q.wake, q.done = make(chan struct{}, 1), make(chan struct{})
	go s.realTime()
}

// realTime fires events when the clock says so, until Close.
func (s *Switch) realTime() {
	q := &s.timers
	defer close(q.done)
	const idle = time.Hour
	t := time.NewTimer(idle)
	defer t.Stop()
	for {
		now := s.clock.Now()
		q.turn.Lock()
		fired := s.fireOne(now, nil)
		q.turn.Unlock()
		if fired {
			continue
		}
		q.mu.Lock()
		wait, closed := idle, q.closed
		if len(q.queue) > 0 {
			wait = min(time.Duration(q.queue[0].due-now), idle)
		}
		q.mu.Unlock()
		if closed {
			return
		}
		t.Reset(wait)
		select {
		case <-t.C:
		case <-q.wake:
		}
	}
}

// hold keeps the goroutine from starting until resumeTime: the clock of a switch
// that is being restored is not its own yet.
func (s *Switch) hold() {
	s.timers.mu.Lock()
	s.timers.held = true
	s.timers.mu.Unlock()
}

func (s *Switch) resumeTime() {
	s.timers.mu.Lock()
	s.timers.held = false
	s.keepTime()
	s.timers.mu.Unlock()
}

// Close ends what the switch does by itself in real time, and waits for it.
// Nothing is due any more afterwards. A second call does nothing.
func (s *Switch) Close() {
	q := &s.timers
	q.mu.Lock()
	q.closed = true
	q.changed()
	done := q.done
	if q.started {
		q.signal()
	}
	q.mu.Unlock()
	if done != nil {
		<-done
	}
}

// eventHeap orders by time, then by order.
type eventHeap []*event

func (h eventHeap) Len() int { return len(h) }
func (h eventHeap) Less(i, j int) bool {
	if h[i].due != h[j].due {
		return h[i].due < h[j].due
	}
	return h[i].order < h[j].order
}
func (h eventHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].at, h[j].at = i+1, j+1
}
func (h *eventHeap) Push(x any) {
	e := x.(*event)
	*h = append(*h, e)
	e.at = len(*h)
}
func (h *eventHeap) Pop() any {
	old := *h
	e := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	e.at = 0
	return e
}
