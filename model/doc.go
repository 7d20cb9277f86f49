// Package model is the chip: ports, pipes, traffic manager, mirroring,
// resubmit, recirculation, time, and the fixed tables that control them.
//
//	Process(frames) -> pipe of the port -> ingress --resubmit (once)--.
//	                        ^                 |  ^--------------------'
//	                        |                 |-- mirror (packet as it came)
//	                   recirculation          v
//	                        |          traffic manager: CPU, unicast, groups a, b (package pre)
//	                        |                 |
//	                        |                 v  one run per copy, in the pipe of its port
//	                        '------------- egress --mirror (packet as it leaves)--> traffic manager
//	                                          |
//	                                          v
//	                                        Wire
//
// The rules are tna-semantics.md sections 2, 4, 5, 6 and 7.
//
// # Who owns what
//
// A pipe's memory (its tables.State, its two pipeline.Passes, its windows, its
// random source, its ports' counters) belongs to whoever holds the pipe's
// State.Mu. Process takes the lock once for a run of frames of one pipe. Copies
// for other pipes are put aside, and processed after the lock is given back,
// pipe by pipe, each under its own lock. No goroutine ever holds two pipe
// locks: so one Process per pipe may run at a time, they cannot deadlock, and
// what one caller's frames do is always in the same order.
//
// Payload is never copied for a copy in the same call: all copies refer to the
// arriving frame. Only what outlives a Pass (heads of packets for other pipes,
// recirculated and egress-mirrored packets) is copied, into an arena that the
// call reuses. After warming up, Process allocates nothing.
//
// Everything of a Switch hangs off the Switch value; StateHash walks it.
//
// # Programs
//
// Every pipe runs one program; several programs share a chip (programs.go). Each
// has tables, a schema and subscribers of its own; the chip's own tables are the
// same behind all of them, and one lock serialises all control planes. To run
// other programs is to make another Switch (Replace) that takes over clock, links
// and wire.
//
// # What it tells by itself
//
// Digests go through a learn filter per pipe (learn.go), entries of tables that
// age become idle at the sweeps of package tables, ports go up and down. All of
// it leaves as tables.Notifications, which subscribers get in goroutines of
// their own. What is told, and its times, depend on the inputs alone, not on
// when somebody listens: a batch that is due is delivered as of when it was due,
// before any packet that comes later is looked at.
//
// # Queues
//
// A port hands its copies to egress at once, unless it has queues: Config.Queues
// or a write to the tm tables of it. Then copies wait (queue.go, buffer.go) for the
// scheduler (sched.go), outside of any call, in memory of their own, and every
// step is an event. docs/traffic-manager.md has the model and its choices.
//
// # Time
//
// What the chip does by itself is an event in one queue (timer.go): learn
// filters and idle sweeps that are due, packets of the packet generator
// (pktgen.go, pktgen_pfc.go). RunUntil and Advance move virtual time and fire what is due on the
// way, each event at its own time; in real time a goroutine of the switch does,
// until Close, or with Config.OwnTime whoever calls RunDue. An event is an input,
// and recorded like one.
//
// Where a packet's time goes is in cycles.go: the cycles of its parser and of
// the stages, where pipeline/fit or a compiler puts the tables (programs.go), and
// the constants of Timing. What looks into stages, traces, snapshots and debug
// counters, is in trace.go, capture.go and fixed_debug.go.
//
// # State as a value
//
// Whatever changes a switch is an input: frames, table operations, links, the
// replication engine's configuration. Inputs pass a gate (gate.go). Save shuts
// it, so that what it writes is the state between two inputs; Restore makes a
// switch of that which goes on as if nothing had been. Record also writes every
// input from then on, and a Replay repeats them. Time is no input of its own:
// every input carries it.
//
// Whoever adds state adds it to save.go (a field of a section, or a section),
// and counts up the version where bytes change their meaning. Whoever adds an
// input sends it through the gate and adds a record to journal.go and replay.go.
//
// # What is refused by name
//
// Coalescing mirror sessions, packets generated with an offset and a length out
// of a packet.
//
// It imports pipeline, tables and pre, internal/clock and internal/snap. The front end never
// imports it; frames enter and leave through Frame and Wire.
package model
