package call

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"gofino/sfu"
)

// StreamReport is what a receiver got of one remote stream, in packets.
type StreamReport struct {
	Receiver, Sender int
	SSRC             uint32
	Video            bool
	Target           int // decode target at the end; sfu.AllLayers
	Sent             int
	Expected         int // sent and not suppressed
	Received         int // different ones
	Decrypted        int
	Lost             int
	Reordered        int // arrived after a later one
	Duplicated       int
	Suppressed       int // not needed by the decode target, and not delivered
	Wrong            int // not needed by the decode target, and delivered
	Damaged          int // not the bytes that were sent
	SenderReports    int // RTCP SR that came with the stream
}

// ParticipantReport is the signalling of one participant.
type ParticipantReport struct {
	STUN       bool // its connectivity check was answered
	RR, PLI    int  // feedback that reached it
	PLIsSent   int  // about its video, by others
	KeyFrames  int
	Unexpected int // frames that are no part of the call
}

// Report of a call.
type Report struct {
	Duration     time.Duration
	Streams      []StreamReport
	Participants []ParticipantReport
	Agent        sfu.AgentStats
	// LeftBehind are entries still in tables after everyone left: "TABLE: N".
	LeftBehind []string
}

// Faults says what went wrong, nothing for a good call.
func (r *Report) Faults() []string {
	var out []string
	bad := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	lowered := 0
	for i := range r.Streams {
		s := &r.Streams[i]
		name := fmt.Sprintf("participant %d, %s of %d", s.Receiver, s.kind(), s.Sender)
		if s.Received == 0 {
			bad("%s: nothing received", name)
		}
		if s.Lost > 0 || s.Duplicated > 0 || s.Wrong > 0 || s.Damaged > 0 || s.Decrypted != s.Received {
			bad("%s: %d lost, %d duplicated, %d delivered although suppressed, %d damaged, %d of %d decrypted",
				name, s.Lost, s.Duplicated, s.Wrong, s.Damaged, s.Decrypted, s.Received)
		}
		if s.Target != sfu.AllLayers {
			lowered++
			if s.Suppressed == 0 {
				bad("%s: decode target %d suppressed nothing", name, s.Target)
			}
		} else if s.Suppressed > 0 {
			bad("%s: %d suppressed without a decode target", name, s.Suppressed)
		}
		if s.SenderReports == 0 {
			bad("%s: no sender report", name)
		}
	}
	if lowered == 0 {
		bad("no decode target was lowered")
	}
	for i, p := range r.Participants {
		if !p.STUN {
			bad("participant %d: connectivity check not answered", i)
		}
		if p.RR == 0 {
			bad("participant %d: no receiver report", i)
		}
		if p.PLI != p.PLIsSent {
			bad("participant %d: %d of %d picture loss indications", i, p.PLI, p.PLIsSent)
		}
		if p.Unexpected > 0 {
			bad("participant %d: %d unexpected frames", i, p.Unexpected)
		}
	}
	for _, l := range r.LeftBehind {
		bad("left behind in %s", l)
	}
	return out
}

// Passed tells whether nothing but suppressed packets is missing.
func (r *Report) Passed() bool { return len(r.Faults()) == 0 }

func (s *StreamReport) kind() string {
	if s.Video {
		return "video"
	}
	return "audio"
}

func (s *StreamReport) targetText() string {
	switch {
	case !s.Video:
		return "-"
	case s.Target == sfu.AllLayers:
		return "all"
	}
	return fmt.Sprint(s.Target)
}

// String is the table that a person reads, and the verdict.
func (r *Report) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "receiver\tsender\tstream\ttarget\tsent\texpected\treceived\tdecrypted\tlost\treordered\tduplicated\tsuppressed\twrong\tdamaged\t")
	for i := range r.Streams {
		s := &r.Streams[i]
		fmt.Fprintf(w, "%d\t%d\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t\n", s.Receiver, s.Sender, s.kind(), s.targetText(),
			s.Sent, s.Expected, s.Received, s.Decrypted, s.Lost, s.Reordered, s.Duplicated, s.Suppressed, s.Wrong, s.Damaged)
	}
	w.Flush()
	a := r.Agent
	fmt.Fprintf(&b, "\nto the agent: %d STUN, %d RR, %d PLI, %d NACK, %d REMB, %d other RTCP, %d descriptors (%d new structures), %d unreadable\n",
		a.STUN+a.STUNRefused, a.RR, a.PLI, a.NACK, a.REMB, a.OtherRTCP, a.Descriptors, a.Structures, a.Bad)
	for i, p := range r.Participants {
		check := "unanswered"
		if p.STUN {
			check = "answered"
		}
		fmt.Fprintf(&b, "participant %d: check %s, %d RR and %d of %d PLI came back, %d key frames\n",
			i, check, p.RR, p.PLI, p.PLIsSent, p.KeyFrames)
	}
	faults := r.Faults()
	for _, f := range faults {
		fmt.Fprintln(&b, "fault:", f)
	}
	if len(faults) == 0 {
		fmt.Fprintf(&b, "PASS: %v of media, nothing missing but what was suppressed\n", r.Duration)
	} else {
		fmt.Fprintf(&b, "FAIL: %d faults\n", len(faults))
	}
	return b.String()
}
