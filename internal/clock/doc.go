// Package clock is where everything that depends on time asks for it.
//
//	Clock <- Virtual   stands still until someone moves it: vectors, simulation, replay
//	      <- Real      the machine's monotonic clock: live ports
//
// Times are nanoseconds since the switch was started. It imports nothing of
// ours.
package clock
