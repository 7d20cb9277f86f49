package link

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"
)

// Pump is the forwarding loop of one goroutine over several ports. All of
// Receive, Release, Send and Flush of its ports happen in the goroutine of Run.
type Pump struct {
	// Ports to receive from, and to flush. A port that the handler sends to
	// must be here.
	Ports []Port
	// Handle gets every batch, with the index of its port in Ports. The frames
	// are valid during the call only. Whatever it sends to an AFPacket of this
	// Pump leaves straight from the ring, if its payload lies in the batch.
	Handle func(port int, frames []Frame)
	// Idle, if set, is called every time no port has anything, before the loop
	// waits. It may send.
	Idle func()
	// Due, if set, says when Idle has something to do: the loop then does not
	// sleep longer.
	Due func() (time.Time, bool)
	// Pin binds the loop's thread to one processor, CPU.
	Pin bool
	CPU int
}

// idleWait bounds how long a loop without traffic sleeps, and so how late Idle
// is called.
const idleWait = 20 * time.Millisecond

// What ports offer to a Pump beyond Port. A port with none of them is
// asked again every idleWait.
type (
	lender interface {
		lent() []byte // the memory of the batch that Receive returned
	}
	borrower interface{ Borrow(mem []byte) }
	poller   interface {
		pollFD() int
		clearError()
	}
	caller interface{ OnFrame(wake func()) }
	timed  interface{ waitUntil() (time.Time, bool) }
)

// Run forwards until ctx is done, or until no port can ever receive again. Both
// are nil; an error is a port's that failed. The ports stay open.
func (p *Pump) Run(ctx context.Context) error {
	// The loop makes raw system calls and may be bound to a processor: it has
	// a thread of its own.
	runtime.LockOSThread()
	if p.Pin {
		if err := pinThread(p.CPU); err != nil {
			runtime.UnlockOSThread()
			return err
		}
		// The goroutine stays locked: its thread must not serve others.
	} else {
		defer runtime.UnlockOSThread()
	}
	l, err := newLoop(p)
	if err != nil {
		return err
	}
	defer l.close()
	stop := context.AfterFunc(ctx, l.wait.wake)
	defer stop()
	for ctx.Err() == nil && l.live > 0 {
		busy, err := l.pass()
		if err != nil {
			return err
		}
		if !busy {
			l.sleep()
		}
	}
	return nil
}

// loop is one Run.
type loop struct {
	pump  *Pump
	ended []bool // by port: io.EOF has come
	live  int    // ports not ended
	lend  []lender
	takes []borrower // ports that may borrow
	polls []poller
	times []timed
	calls []caller
	wait  *waiter
}

func newLoop(p *Pump) (*loop, error) {
	n := len(p.Ports)
	l := &loop{pump: p, ended: make([]bool, n), live: n, lend: make([]lender, n)}
	for i, port := range p.Ports {
		l.lend[i], _ = port.(lender)
		if b, ok := port.(borrower); ok {
			l.takes = append(l.takes, b)
		}
		if f, ok := port.(poller); ok {
			l.polls = append(l.polls, f)
		}
		if t, ok := port.(timed); ok {
			l.times = append(l.times, t)
		}
		if c, ok := port.(caller); ok {
			l.calls = append(l.calls, c)
		}
	}
	var err error
	if l.wait, err = newWaiter(l.polls); err != nil {
		return nil, fmt.Errorf("start a forwarding loop: %w", err)
	}
	for _, c := range l.calls {
		c.OnFrame(l.wait.wake)
	}
	return l, nil
}

// close lets go of the ports.
func (l *loop) close() {
	for _, c := range l.calls {
		c.OnFrame(nil)
	}
	for _, b := range l.takes {
		b.Borrow(nil)
	}
	l.wait.close()
}

// pass asks every port once. busy means that at least one had something.
func (l *loop) pass() (busy bool, err error) {
	for i, port := range l.pump.Ports {
		if l.ended[i] {
			continue
		}
		frames, err := port.Receive()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				return busy, err
			}
			l.ended[i] = true
			l.live--
			busy = true
			continue
		}
		if len(frames) == 0 {
			continue
		}
		busy = true
		var mem []byte
		if l.lend[i] != nil {
			mem = l.lend[i].lent()
		}
		for _, b := range l.takes {
			b.Borrow(mem)
		}
		l.pump.Handle(i, frames)
		l.flush()
		port.Release()
	}
	return busy, nil
}

func (l *loop) flush() {
	for _, port := range l.pump.Ports {
		port.Flush()
	}
}

// sleep waits for a frame, for ctx, or for idleWait.
func (l *loop) sleep() {
	if l.pump.Idle != nil {
		for _, b := range l.takes {
			b.Borrow(nil)
		}
		l.pump.Idle()
		l.flush()
	}
	d := idleWait
	for _, t := range l.times {
		if at, ok := t.waitUntil(); ok {
			d = min(d, max(time.Until(at), 0))
		}
	}
	if l.pump.Due != nil {
		if at, ok := l.pump.Due(); ok {
			d = min(d, max(time.Until(at), 0))
		}
	}
	l.wait.wait(d)
}
