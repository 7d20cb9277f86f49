package tables

import "gofino/pipeline/ir"

// The clock that meters and filters count in, Hz (chip.md section 7: what the
// driver takes for the software model of each chip).
const (
	spClockTofino  = 1_271_000_000
	spClockTofino2 = 1_000_000_000
)

// The packet path's time is global_tstamp: nanoseconds, 48 bits.
const (
	tstampBits = 48
	tstampMask = 1<<tstampBits - 1
	never      = ^uint64(0) // no packet yet
)

// spClock is the clock of a chip, Hz.
func spClock(t ir.Target) uint64 {
	if t == ir.Tofino2 {
		return spClockTofino2
	}
	return spClockTofino
}

// clocks is a time in nanoseconds, of at most 49 bits, in ticks of a clock,
// whose frequency is a whole number of MHz.
func clocks(ns, hz uint64) uint64 { return ns * (hz / 1_000_000) / 1000 }

// elapsed says how long ago last was, by a clock of 48 bits that may have gone
// round once. Two gresses or queues can hand packets over out of order: what
// seems to lie in the future is now (late).
func elapsed(now, last uint64) (ns uint64, late bool) {
	d := (now - last) & tstampMask
	if d >= 1<<(tstampBits-1) {
		return 0, true
	}
	return d, false
}
