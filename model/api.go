package model

import (
	"gofino/internal/clock"
	"gofino/tables"
)

// Port is a device port number: pipe<<7 | local port (chip.md section 1).
type Port uint16

// Pipe is the pipe that the port belongs to.
func (p Port) Pipe() int { return int(p) >> 7 }

// Local is the port's number within its pipe, 0..71.
func (p Port) Local() int { return int(p) & 0x7f }

// Wire takes frames out of the switch. The frame is head followed by payload
// (two pieces, so that a multicast payload is never copied); both are valid
// only during the call. Send is called by the worker of the port's pipe, which
// holds the pipe's lock: it must not call the switch.
type Wire interface {
	Send(port Port, head, payload []byte) error
}

// Frame is a packet that arrives: Data is the Ethernet frame without FCS. It is
// read during the call only.
type Frame struct {
	Port Port
	Data []byte
	// Time of arrival in nanoseconds; 0 means now.
	Time int64
}

// Config of a Switch. The zero value works: 4 pipes, virtual time from 0, seed
// 0, no ports wired, every port up.
type Config struct {
	Pipes int
	Seed  uint64
	Clock clock.Clock // nil: virtual
	// StrictPorts: only ports added through $PORT exist. Otherwise every
	// 9-bit port exists and is up.
	StrictPorts bool
	// CPUPort receives copy_to_cpu from the start, as if $pre.port had enabled
	// it; 0: no port does until $pre.port enables one.
	CPUPort Port
	// PlainRecirculation: the recirculation ports send to the Wire like any
	// other port. For vectors of generators that do not know them.
	PlainRecirculation bool
	// LoopPipes has a bit per pipe whose front-panel ports are wired to
	// themselves inside the box, as pipes 1 and 3 of a 32-port switch: what
	// leaves through such a port comes back in through it. FoldedPipes is the
	// usual value.
	LoopPipes uint8
	// Queues: every port has queues from the start (queue.go), and packets take
	// time to leave. Otherwise only ports have that the tm.* tables set something
	// for; all others send at once.
	Queues bool
	// MaxReentries is how often what became of one frame may enter the chip
	// again (recirculation, egress mirroring); beyond it packets are dropped
	// and counted. 0 means DefaultMaxReentries.
	MaxReentries int
	// DigestTimeout is how long the first quantum of a batch of digests waits
	// for others, in nanoseconds; 0 means DefaultDigestTimeoutNS. DigestBatch is
	// how many there are in a batch at most; 0 means the chip's 2048 or, Tofino
	// 2, 4096.
	DigestTimeout int64
	DigestBatch   int
	// ManualDigestAck: batches of digests wait for Switch.AckDigest. Otherwise
	// they are acknowledged when they are delivered, as BFRuntime's server does.
	ManualDigestAck bool
	// OwnTime: in real time, what becomes due (generated packets, digests, idle
	// entries) happens when the caller calls Switch.RunDue, in its goroutine,
	// instead of in one of the switch's.
	OwnTime bool
	// Timing between the places where the chip takes timestamps.
	Timing Timing
}

// FoldedPipes are the inner pipes of a 32-port switch, for Config.LoopPipes.
const FoldedPipes = 1<<1 | 1<<3

// DefaultMaxReentries bounds the work that one frame can cause.
const DefaultMaxReentries = 1024

// Timing in nanoseconds of what is not counted in cycles. No public source gives
// these (timing.md section 0): zero fields take the Default constants. On top
// of Ingress and Egress come the cycles of the packet's parser states and of
// the stages (Placement.Stages).
type Timing struct {
	Parser  int64 // from the MAC's timestamp to the first parser state (global_tstamp)
	Ingress int64 // pipelines of parser and deparser, packet buffer; then it is in the queue (enq_tstamp)
	Queue   int64 // in the queue (deq_timedelta)
	Egress  int64 // pipelines of parser and deparser, port; then it has passed the MAC
}

// Defaults of Timing: with the cycles, an unloaded switch in the order of what
// the vendor publishes for whole traversals (some 400 to 600 ns).
const (
	DefaultParserNS  = 60
	DefaultIngressNS = 100
	DefaultQueueNS   = 80
	DefaultEgressNS  = 60
)

func (t Timing) withDefaults() Timing {
	for _, f := range []struct {
		v   *int64
		def int64
	}{{&t.Parser, DefaultParserNS}, {&t.Ingress, DefaultIngressNS}, {&t.Queue, DefaultQueueNS}, {&t.Egress, DefaultEgressNS}} {
		if *f.v == 0 {
			*f.v = f.def
		}
	}
	return t
}

// What a Switch offers (switch.go):
//
//	func New(p *ir.Program, c Config) (*Switch, error)
//	func NewPlaced(list []Placement, c Config) (*Switch, error) // several programs, each in pipes of its own
//	func (s *Switch) API() tables.API              // of the first program; ProgramAPI(i) of the one at i in Programs()
//	func (s *Switch) Replace(list []Placement) (*Switch, error) // other programs: a switch that takes this one's place;
//	                                               // Prepare and HandOver do it in two steps
//	func (s *Switch) SetWire(w Wire)               // all ports; before traffic starts
//	func (s *Switch) Process(batch []Frame)        // runs the batch to completion in the caller's goroutine;
//	                                               // frames of one pipe at a time, from one goroutine per pipe
//	func (s *Switch) Trace(f Frame, sink Sink)     // one packet through the reference engine, every step reported;
//	                                               // Sink takes pipeline.Events and ChipEvents; Recorder makes a tree
//	func (s *Switch) PortUp(p Port, up bool)       // link state from outside
//	func (s *Switch) Stats() Stats                 // per port and per drop reason
//	func (s *Switch) StateHash() [32]byte          // of all state, for determinism tests
//	func (s *Switch) PRE() *pre.Engine             // the replication engine, to look at
//	func (s *Switch) ConfigurePRE(pre.DeviceConfig) // pre_device_config: global rid, fast failover, thresholds
//	func (s *Switch) Clock() clock.Clock
//	func (s *Switch) RunUntil(t int64) error       // virtual time goes on, and what is due on the way happens; also Advance
//	func (s *Switch) RunDue()                      // real time, Config.OwnTime; NextDue says when
//	func (s *Switch) Close()                       // ends what happens by itself in real time
//	func (s *Switch) Save(w io.Writer) error       // all of it (save.go); Restore makes a switch of that
//	func (s *Switch) Record(w io.Writer) (*Journal, error) // every input (journal.go); NewReplay repeats them
var _ tables.API = tables.API(nil)
