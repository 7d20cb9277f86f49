package rewrite

// A Mark is a packet's position in its frame. A frame of one packet is End.
type Mark uint8

const (
	Inter Mark = iota
	Start
	End
)

// Cadence is what the heuristics know of the suppressed layers: of Every frames,
// Suppressed ones are.
type Cadence struct{ Every, Suppressed uint16 }

// guess is how many packets a suppressed frame is taken for.
const guess = 3

// jumped is the estimate for a jump over so many frames.
func (c Cadence) jumped(frames uint16) uint16 {
	if frames == c.Every {
		return guess * c.Suppressed
	}
	return guess * c.Suppressed * (frames / c.Every)
}

// SLM is Scallop's low-memory heuristic: an offset and the highest frame. It
// sees the packets that are left and guesses what was suppressed between them.
type SLM struct {
	Cadence
	seen          bool
	offset, frame uint16
}

// Rewrite gives a kept packet its number.
func (s *SLM) Rewrite(frame, seq uint16) uint16 {
	if !s.seen {
		s.seen, s.frame = true, frame
		return seq
	}
	step := frame - s.frame
	if int16(step) <= 0 { // the same frame, or late
		return seq - s.offset
	}
	if step > 1 {
		s.offset += s.jumped(step)
	}
	s.frame = frame
	return seq - s.offset
}

// SLR is Scallop's low-retransmission heuristic: where both ends of a jump of
// just one set of suppressed frames arrived, it knows how long the jump is.
type SLR struct {
	SLM
	lastSeq uint16 // of the highest frame: of its end, or the lowest that it can be
	ended   bool   // the end arrived
}

// Rewrite gives a kept packet its number.
func (s *SLR) Rewrite(frame, seq uint16, m Mark) uint16 {
	step := frame - s.frame
	switch {
	case !s.seen:
		s.seen = true
	case int16(step) < 0:
		return seq - s.offset
	case step == 0:
		if m == End {
			s.lastSeq, s.ended = seq, true
		} else if !s.ended {
			s.lastSeq = seq + 1
		}
		return seq - s.offset
	case step == s.Every && s.ended && m == Start:
		s.offset += seq - s.lastSeq - 1
	case step > 1:
		s.offset += s.jumped(step)
	}
	s.frame, s.ended = frame, m == End
	if s.lastSeq = seq; m != End {
		s.lastSeq++
	}
	return seq - s.offset
}
