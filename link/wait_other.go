//go:build !linux

package link

import (
	"errors"
	"time"
)

// waiter lets a loop sleep until somebody wakes it.
type waiter struct{ event chan struct{} }

func newWaiter([]poller) (*waiter, error) {
	return &waiter{event: make(chan struct{}, 1)}, nil
}

// wake ends the current wait, or the next one.
func (w *waiter) wake() {
	select {
	case w.event <- struct{}{}:
	default: // already awake
	}
}

func (w *waiter) wait(d time.Duration) {
	select {
	case <-w.event:
	case <-time.After(d):
	}
}

func (w *waiter) close() {}

// pinThread binds the calling thread to a processor.
func pinThread(int) error {
	return errors.New("bind the forwarding loop to a processor: needs Linux")
}
