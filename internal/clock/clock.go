package clock

import (
	"sync/atomic"
	"time"
)

// Clock tells nanoseconds since the switch was started.
type Clock interface {
	Now() int64
}

// Virtual time stands still until Set or Advance moves it. Safe for concurrent
// use; the zero value is at 0.
type Virtual struct{ now atomic.Int64 }

// Now is the current virtual time.
func (v *Virtual) Now() int64 { return v.now.Load() }

// Advance moves time forward by d nanoseconds and returns the new time.
func (v *Virtual) Advance(d int64) int64 { return v.now.Add(d) }

// Set moves time to t.
func (v *Virtual) Set(t int64) { v.now.Store(t) }

// Real is the machine's monotonic clock.
type Real struct{ start time.Time } // immutable once it is asked

// NewReal starts a real clock at 0.
func NewReal() *Real { return &Real{start: time.Now()} }

// Now is the time since NewReal.
func (r *Real) Now() int64 { return int64(time.Since(r.start)) }

// Set makes it t now: a switch that was saved goes on from its own time. It
// must not run beside Now.
func (r *Real) Set(t int64) { r.start = time.Now().Add(-time.Duration(t)) }
