package link

import (
	"io"
	"sync/atomic"
)

// Memory is one end of a cable in memory. What one end sends, the other
// receives, in order; a frame that finds the other end's queue full is lost, as
// on a wire, and counted as TxDropped.
type Memory struct {
	name    string // immutable
	in, out *queue // this end reads in and writes out
	peer    *Memory
	down    *atomic.Bool // of the cable, shared by both ends
	count   counters
}

// NewMemory makes a cable and returns its ends.
func NewMemory(c Config) (a, b *Memory) {
	ab, ba := newQueue(c.queueFrames()), newQueue(c.queueFrames())
	down := new(atomic.Bool)
	a = &Memory{name: "memory", in: ba, out: ab, down: down}
	b = &Memory{name: "memory", in: ab, out: ba, down: down}
	a.peer, b.peer = b, a
	return a, b
}

// Name is "memory".
func (m *Memory) Name() string { return m.name }

// SetUp plugs the cable in, or pulls it: then Send at either end fails.
func (m *Memory) SetUp(up bool) { m.down.Store(!up) }

// Up tells whether the cable is plugged in.
func (m *Memory) Up() bool { return !m.down.Load() }

// Receive returns what the other end sent. After both Close of the other end
// and the last frame it is io.EOF.
func (m *Memory) Receive() ([]Frame, error) {
	frames, ended := m.in.pop()
	if ended {
		return nil, io.EOF
	}
	countReceived(&m.count, frames)
	return frames, nil
}

// countReceived adds a batch.
func countReceived(c *counters, frames []Frame) {
	if len(frames) == 0 {
		return
	}
	bytes := 0
	for i := range frames {
		bytes += len(frames[i].Data)
	}
	c.rxFrames.Add(uint64(len(frames)))
	c.rxBytes.Add(uint64(bytes))
}

// Release gives the frames of the last Receive back.
func (m *Memory) Release() { m.in.release() }

// Send copies the frame to the other end at once.
func (m *Memory) Send(head, payload []byte) error {
	if err := checkSize(len(head) + len(payload)); err != nil {
		return m.count.refuse(err)
	}
	if m.down.Load() {
		return m.count.refuse(ErrDown)
	}
	if err := m.out.push(head, payload); err != nil {
		return m.count.refuse(err)
	}
	m.count.txFrames.Add(1)
	m.count.txBytes.Add(uint64(len(head) + len(payload)))
	return nil
}

// Flush has nothing to do: Send has sent.
func (m *Memory) Flush() {}

// Stats counts since NewMemory. What was lost because this end did not read is
// the other end's TxDropped, and this end's RxDropped.
func (m *Memory) Stats() Stats {
	s := m.count.stats()
	s.RxDropped = m.peer.count.txDropped.Load()
	return s
}

// Close ends both directions: this end receives what is still inside, then
// io.EOF, and so does the other.
func (m *Memory) Close() error {
	m.in.end()
	m.out.end()
	return nil
}

// OnFrame sets what is called when a frame has come in and at the end, from the
// sender's goroutine. A Pump sets it for its own ports.
func (m *Memory) OnFrame(wake func()) { m.in.onPush(wake) }
