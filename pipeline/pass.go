package pipeline

import (
	"math/rand/v2"

	"gofino/pipeline/ir"
)

// Headroom is the space in bytes before Pass.Head.
const Headroom = 64

// Verdict is how the parser ended.
type Verdict uint8

const (
	// Forward: control and deparser ran.
	Forward Verdict = iota
	// ParserDrop: an ingress parser error dropped the packet (Pass.Err).
	ParserDrop
	// ParserReject: the ingress parser went to reject, no error bit is set.
	ParserReject
)

func (v Verdict) String() string {
	return [...]string{"forward", "parser drop", "parser reject"}[v]
}

// ParserError is the value of parser_err: bits of tna-semantics.md section 2.2.
type ParserError uint16

const (
	ErrNoMatch    ParserError = 0x0001
	ErrPartialHdr ParserError = 0x0002
	ErrCtrRange   ParserError = 0x0004
	ErrTimeoutHW  ParserError = 0x0010
)

// String names the bits: "PARTIAL_HDR", "OK".
func (e ParserError) String() string {
	s := ""
	for _, b := range [...]struct {
		bit  ParserError
		name string
	}{{ErrNoMatch, "NO_MATCH"}, {ErrPartialHdr, "PARTIAL_HDR"}, {ErrCtrRange, "CTR_RANGE"}, {ErrTimeoutHW, "TIMEOUT_HW"}} {
		if e&b.bit != 0 {
			if s != "" {
				s += "|"
			}
			s += b.name
		}
	}
	if s == "" {
		return "OK"
	}
	return s
}

// Emission is what a Mirror, Resubmit or Digest extern emitted.
type Emission struct {
	Index   int    // into ir.Pipeline.Mirrors, Resubmits or Digests; -1: nothing emitted
	Session uint64 // mirror session id
	Data    []byte // header to prepend; valid until the Pass's next run
}

// Pass is one gress's working memory, made by Pipe.NewPass and owned by one
// goroutine. The first group of fields is set by the caller before a run, the
// second by the run.
type Pass struct {
	// In is the window; only read, never kept. It may lie in another Pass's
	// Head, not in this one's.
	In           []byte
	InPad        int // bits at the end of In that are no packet, where the gress is ir.Gress.BitExact
	Bytes        int // packet length that byte counters charge
	GlobalTstamp uint64
	// Via is the port that an ingress packet comes in through, plus 1, where the
	// metadata shows another: the packet generator's. 0: it is the one shown.
	Via       uint16
	GlobalVer uint32
	Rand      *rand.PCG // the pipe's random source; shared by its passes

	Verdict  Verdict
	Err      ParserError
	Consumed int    // bytes of In that the parser ate; the payload starts there
	Head     []byte // bytes that the deparser emitted
	Pad      int    // bits at the end of Head that are no packet: 0 unless the gress is ir.Gress.BitExact
	Mirror   Emission
	Resubmit Emission
	Digest   Emission
	Pktgen   Emission // Index 0: the deparser emitted a context for the packet generator

	pipe *Pipe
	dir  ir.Dir
	late []lateCount // counts that wait for the deparser
	head []byte      // backing of Head: Headroom, all headers of the deparser, tailroom
	frame
}

// Prepend returns Head with n <= Headroom bytes before it, for the caller to
// fill.
func (p *Pass) Prepend(n int) []byte {
	return p.head[Headroom-n : Headroom+len(p.Head)]
}

// port is the packet's port: Via, or what the intrinsic metadata of both gresses
// begins with.
func (p *Pass) port() uint16 {
	if p.Via != 0 {
		return p.Via - 1
	}
	if len(p.In) < 2 {
		return 0
	}
	return uint16(p.In[0])<<8 | uint16(p.In[1])
}

// HasIntr tells whether this gress, chip and program have the intrinsic field.
func (p *Pass) HasIntr(i ir.Intrinsic) bool { return p.pipe.gress[p.dir].intr[i].width != 0 }

// Intr reads an intrinsic field as the last run left it; 0 where there is none.
func (p *Pass) Intr(i ir.Intrinsic) uint64 {
	return p.pipe.gress[p.dir].intr[i].load(p.mem)
}
