package link

import "sync"

// queue holds copies of frames between the goroutine that puts them in and the
// one that takes them out. Its slots are used again and grow to the longest
// frame they held.
type queue struct {
	mu    sync.Mutex
	slots [][]byte // guarded by mu; slots[head:head+held] belong to the reader
	head  int      // guarded by mu: the oldest slot
	n     int      // guarded by mu: slots in use
	ended bool     // guarded by mu: nothing will be pushed any more
	wake  func()   // guarded by mu: called after a push

	held   int     // slots lent to the reader; owned by the reader
	frames []Frame // owned by the reader
}

// batchMax is how many frames one Receive takes out of a queue or a file.
const batchMax = 64

func newQueue(slots int) *queue {
	return &queue{slots: make([][]byte, slots), frames: make([]Frame, 0, batchMax)}
}

// push copies a frame into the queue. It reports ErrFull or ErrClosed.
func (q *queue) push(head, payload []byte) error {
	q.mu.Lock()
	if q.ended {
		q.mu.Unlock()
		return ErrClosed
	}
	if q.n == len(q.slots) {
		q.mu.Unlock()
		return ErrFull
	}
	slot := &q.slots[(q.head+q.n)%len(q.slots)]
	*slot = append(append((*slot)[:0], head...), payload...)
	q.n++
	wake := q.wake
	q.mu.Unlock()
	if wake != nil {
		wake()
	}
	return nil
}

// pop lends the oldest frames to the reader. ended means that there is nothing
// and never will be.
func (q *queue) pop() (frames []Frame, ended bool) {
	if q.held > 0 {
		panic("BUG: Receive before Release")
	}
	q.mu.Lock()
	q.frames = q.frames[:0]
	for q.held < min(q.n, batchMax) {
		q.frames = append(q.frames, Frame{Data: q.slots[(q.head+q.held)%len(q.slots)]})
		q.held++
	}
	ended = q.ended && q.n == 0
	q.mu.Unlock()
	return q.frames, ended
}

// release takes the lent frames out of the queue.
func (q *queue) release() {
	if q.held == 0 {
		return
	}
	q.mu.Lock()
	q.head = (q.head + q.held) % len(q.slots)
	q.n -= q.held
	q.mu.Unlock()
	q.held = 0
}

// end refuses further frames; those inside can still be read.
func (q *queue) end() {
	q.mu.Lock()
	q.ended = true
	wake := q.wake
	q.mu.Unlock()
	if wake != nil {
		wake()
	}
}

// onPush sets what is called after every push.
func (q *queue) onPush(wake func()) {
	q.mu.Lock()
	q.wake = wake
	q.mu.Unlock()
}
