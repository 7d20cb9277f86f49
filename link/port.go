package link

import (
	"errors"
	"sync/atomic"
)

// MaxFrame is the longest frame that a port carries, in bytes without FCS: the
// chip's MACs take up to 10 kB (chip.md). A longer one is dropped and counted.
const MaxFrame = 10240

// minFrame is an Ethernet header; anything shorter is no frame.
const minFrame = 14

// Frame is one packet that arrived.
type Frame struct {
	// Data is the Ethernet frame without FCS. It may be changed in place.
	Data []byte
	// Time of arrival in nanoseconds since 1970, as the kernel or the capture
	// file has it; 0 when nobody noted it.
	Time int64
}

// Port is one place where frames enter and leave.
//
// Receive and Release belong to one goroutine, Send and Flush to one goroutine
// (often the same); Up and Stats may be called by any. Close may be called
// twice, but not while another goroutine is inside Receive, Send or Flush.
type Port interface {
	// Receive returns the frames that have arrived, without waiting; none is
	// not an error. The frames are valid until Release, which must be called
	// before the next Receive that follows a non-empty one. io.EOF means that
	// no frame will ever come again.
	Receive() ([]Frame, error)
	// Release gives the frames of the last Receive back.
	Release()
	// Send takes the frame that consists of head followed by payload. head is
	// the caller's again when Send returns. So is payload, unless it lies in
	// the batch that the caller's Pump is handling: then it must not change
	// before Flush. The frame may leave as late as Flush.
	Send(head, payload []byte) error
	// Flush sends what Send has taken. A frame that the kernel refuses is
	// counted in Stats by cause.
	Flush()
	// Up tells whether the port's link is up.
	Up() bool
	// Stats counts since Open.
	Stats() Stats
	// Name is the port's specification, for messages.
	Name() string
	Close() error
}

// Causes of a refused frame. Send returns these values bare, so that the
// forwarding loop allocates nothing when it meets them.
var (
	ErrClosed   = errors.New("port is closed")
	ErrDown     = errors.New("link is down")
	ErrFull     = errors.New("queue is full")
	ErrTooLong  = errors.New("frame is longer than 10240 bytes")
	ErrTooShort = errors.New("frame is shorter than an Ethernet header")
)

// checkSize refuses what no port carries.
func checkSize(n int) error {
	if n > MaxFrame {
		return ErrTooLong
	}
	if n < minFrame {
		return ErrTooShort
	}
	return nil
}

// Stats counts what a port did. Every frame that arrived and was not handed on,
// and every frame given to Send that did not leave, is in exactly one of the
// named counts.
type Stats struct {
	RxFrames uint64 // frames handed on by Receive, after segmentation
	RxBytes  uint64 // their bytes
	// RxDropped frames found the receive ring or queue full.
	RxDropped uint64
	// RxTruncated frames were longer than what was kept of them.
	RxTruncated uint64
	// RxTooLong frames were longer than MaxFrame.
	RxTooLong uint64
	// RxUnsupported frames relied on an offload that cannot be undone here: a
	// superframe inside a tunnel, or one that is neither TCP nor UDP.
	RxUnsupported uint64
	// RxForeign datagrams came to a UDP tunnel from another address.
	RxForeign uint64
	// RxErrors were failures of the port itself, such as a broken capture file.
	RxErrors uint64

	// RxChecksums counts frames whose checksum was completed in software; they
	// are in RxFrames too.
	RxChecksums uint64
	// RxSegmented counts superframes that were cut; their segments are in RxFrames.
	RxSegmented uint64

	TxFrames  uint64 // frames that left
	TxBytes   uint64 // their bytes
	TxDropped uint64 // the device or its queue was full (ENOBUFS, EAGAIN)
	TxDown    uint64 // the link was down or the interface gone
	TxTooLong uint64 // longer than the interface's MTU, or than MaxFrame
	TxErrors  uint64 // any other refusal
}

// counters is Stats while it counts: written by the port's goroutines once per
// batch, read by any.
type counters struct {
	rxFrames, rxBytes, rxDropped, rxTruncated, rxTooLong, rxUnsupported, rxForeign, rxErrors atomic.Uint64
	rxChecksums, rxSegmented                                                                 atomic.Uint64
	txFrames, txBytes, txDropped, txDown, txTooLong, txErrors                                atomic.Uint64
}

func (c *counters) stats() Stats {
	return Stats{
		RxFrames: c.rxFrames.Load(), RxBytes: c.rxBytes.Load(), RxDropped: c.rxDropped.Load(),
		RxTruncated: c.rxTruncated.Load(), RxTooLong: c.rxTooLong.Load(), RxUnsupported: c.rxUnsupported.Load(),
		RxForeign: c.rxForeign.Load(), RxErrors: c.rxErrors.Load(),
		RxChecksums: c.rxChecksums.Load(), RxSegmented: c.rxSegmented.Load(),
		TxFrames: c.txFrames.Load(), TxBytes: c.txBytes.Load(), TxDropped: c.txDropped.Load(),
		TxDown: c.txDown.Load(), TxTooLong: c.txTooLong.Load(), TxErrors: c.txErrors.Load(),
	}
}

// refuse counts a frame that Send does not take, and returns why.
func (c *counters) refuse(err error) error {
	switch err {
	case ErrTooLong:
		c.txTooLong.Add(1)
	case ErrDown, ErrClosed:
		c.txDown.Add(1)
	case ErrFull:
		c.txDropped.Add(1)
	default:
		c.txErrors.Add(1)
	}
	return err
}

// Config of a port. The zero value works; each kind of port uses what concerns it.
type Config struct {
	// RingBytes is the size of an interface's receive ring; default 16 MiB.
	// It bounds how long the reader may be away before frames are lost.
	RingBytes int
	// BatchFrames is how many frames one system call sends; default 64.
	BatchFrames int
	// Qdisc sends through the interface's queueing discipline. By default it
	// is bypassed, which is faster and keeps no packets back.
	Qdisc bool
	// OnLink, if set, is called with every change of an interface's link
	// state, from a goroutine of the port, and never after Close returned.
	OnLink func(up bool)
	// QueueFrames is how many frames a Memory or UDP port keeps for a slow
	// reader; default 1024.
	QueueFrames int
	// Recorded replays a capture file with the gaps it was recorded with;
	// otherwise as fast as it is read.
	Recorded bool
	// Now stamps frames that a capture file records, in nanoseconds since
	// 1970; default the machine's time.
	Now func() int64
}

func (c Config) ringBytes() int   { return orDefault(c.RingBytes, 16<<20) }
func (c Config) batchFrames() int { return min(orDefault(c.BatchFrames, 64), 1024) } // 1024: UIO_MAXIOV
func (c Config) queueFrames() int { return orDefault(c.QueueFrames, 1024) }

func orDefault(v, def int) int {
	if v <= 0 {
		return def
	}
	return v
}
