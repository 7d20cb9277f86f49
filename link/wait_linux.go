package link

import (
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// waiter lets a loop sleep until one of its sockets is readable or somebody
// wakes it. wait and close belong to the loop, wake to everybody.
type waiter struct {
	ports   []poller
	fds     []unix.PollFd // the ports' sockets in order, then event
	timeout unix.Timespec // of the current wait; a field so that it is not allocated
	// pending: woken since the loop last slept. Set by wake, cleared by wait
	// after it has emptied event, so that event is written once per sleep.
	pending atomic.Bool

	mu     sync.Mutex // keeps wake from writing to a closed event
	event  int        // eventfd; guarded by mu for writing
	closed bool       // guarded by mu
}

func newWaiter(ports []poller) (*waiter, error) {
	event, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("open eventfd: %w", err)
	}
	w := &waiter{ports: ports, event: event}
	for _, p := range ports {
		w.fds = append(w.fds, unix.PollFd{Fd: int32(p.pollFD()), Events: unix.POLLIN})
	}
	w.fds = append(w.fds, unix.PollFd{Fd: int32(event), Events: unix.POLLIN})
	return w, nil
}

// wake ends the current wait, or the next one.
func (w *waiter) wake() {
	if w.pending.Swap(true) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed {
		var one [8]byte
		binary.NativeEndian.PutUint64(one[:], 1)
		unix.Write(w.event, one[:])
	}
}

// wait sleeps for at most d. It tells the Go scheduler, unlike the system calls
// of a busy loop: others need the processor now.
func (w *waiter) wait(d time.Duration) {
	w.timeout = unix.NsecToTimespec(int64(d))
	n, err := unix.Ppoll(w.fds, &w.timeout, nil)
	if err != nil || n == 0 {
		return // interrupted, or time is up
	}
	last := len(w.fds) - 1
	if w.fds[last].Revents != 0 {
		var drain [8]byte
		unix.Read(w.event, drain[:])
		// A wake between these two lines writes nothing; what it announces was
		// there before it, and the loop looks at its ports next.
		w.pending.Store(false)
	}
	for i, p := range w.ports {
		if w.fds[i].Revents&unix.POLLERR != 0 {
			p.clearError()
		}
	}
}

func (w *waiter) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	unix.Close(w.event)
}

// pinThread binds the calling thread to a processor.
func pinThread(cpu int) error {
	var set unix.CPUSet
	set.Set(cpu)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		var have unix.CPUSet
		unix.SchedGetaffinity(0, &have)
		return fmt.Errorf("bind the forwarding loop to processor %d: %w (%d processors are allowed)", cpu, err, have.Count())
	}
	return nil
}
