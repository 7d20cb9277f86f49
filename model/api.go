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
// only during the call. Send is called by the worker of the port's pipe.
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
	// CPUPort receives copy_to_cpu once $pre.port enables it; 0 means the
	// chip's default (64 on Tofino, 2 on Tofino 2).
	CPUPort Port
}

// What a Switch offers (switch.go):
//
//	func New(p *ir.Program, c Config) (*Switch, error)
//	func (s *Switch) API() tables.API
//	func (s *Switch) SetWire(w Wire)               // all ports; before traffic starts
//	func (s *Switch) Process(batch []Frame)        // runs the batch to completion in the caller's goroutine;
//	                                               // frames of one pipe at a time, from one goroutine per pipe
//	func (s *Switch) Trace(f Frame, sink trace.Sink) // one packet through the reference engine, every step reported
//	func (s *Switch) PortUp(p Port, up bool)       // link state from outside
//	func (s *Switch) Stats() Stats                 // per port and per drop reason
//	func (s *Switch) StateHash() [32]byte          // of all state, for determinism tests
var _ tables.API = tables.API(nil)
