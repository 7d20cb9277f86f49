package rewrite

const (
	// Lanes is how many sets of suppressed layers a Track counts for. Lane 0
	// is no lane: everything, as the sender numbers it. Lanes are 1..Lanes.
	Lanes = 4
	// History is how many frames back a late packet still finds its offset.
	History = 128
	// Reach is how many frames a jump may skip at once so that packets of every
	// skipped frame find an offset when they come late. Of a longer jump the
	// last Reach-1 frames do; packets of the frames before are TooLate.
	Reach = 8
)

// A Lane is the number of a set of layers that receivers do without.
type Lane uint8

// A Skips has bit l-1 set if lane l does without the packet.
type Skips uint8

// Has tells whether a lane does without.
func (s Skips) Has(l Lane) bool { return l != 0 && s>>(l-1)&1 == 1 }

// A Packet is what exact rewriting reads of an RTP packet.
type Packet struct {
	Seq uint16
	// Framed: the packet has a dependency descriptor; the fields below are of
	// it. A packet without one, as padding is, goes to everybody.
	Framed     bool
	Frame      uint16
	Start, End bool // of the frame
	Skips      Skips
}

// A Place is where a packet belongs in every lane.
type Place struct {
	// TooLate: the packet's offset is not known any more. It must go to nobody
	// but receivers of lane 0.
	TooLate bool
	// Fresh: the first packet of a frame, and no earlier one is missing of it:
	// receivers may change lanes here.
	Fresh bool
	// Frame counts the stream's frames without wrapping.
	Frame uint32
	// Skips are the frame's: what its first packet said holds for all of it.
	Skips Skips
	// Offset is, for each lane from 1 on, how many numbers before the packet's
	// own were suppressed.
	Offset [Lanes]uint16
}

// firstFrame is Place.Frame of a frame 0 at the start: so far from 0 that what
// is counted back from it stays positive.
const firstFrame = 1 << 16

// A Track follows one stream from a sender. The zero value has seen nothing.
// It belongs to one goroutine.
type Track struct {
	high    highest
	last    last
	frame   uint16 // the last one's
	frames  uint32 // the same, counted on; less firstFrame
	floor   uint32 // frames before it have no entry in ring
	running [Lanes]uint16
	ring    [History]entry // by frame
}

// highest is the highest sequence number so far.
type highest struct {
	seen bool
	seq  uint16
}

// last is the packet with the highest sequence number.
type last struct {
	seen, framed, end bool
	seq               uint16
	skips             Skips
}

// entry is what is frozen of a frame.
type entry struct {
	offset [Lanes]uint16
	skips  Skips
}

// blame says whose verdict the numbers have that are missing before a packet.
type blame uint8

const (
	nobody    blame = iota // not known: they stay as a gap
	lastFrame              // they were of the last packet's frame
	thisFrame              // they were of this packet's frame
)

// Judge finds the place of the next packet as it arrives.
func (t *Track) Judge(p Packet) Place {
	if t.high.seen && int16(p.Seq-t.high.seq) <= 0 {
		return t.late(p)
	}
	t.high = highest{true, p.Seq}
	old := t.last
	t.last = last{seen: true, framed: p.Framed, end: p.Framed && p.End, seq: p.Seq}
	var step uint16
	if p.Framed {
		step = p.Frame - t.frame
		t.frame = p.Frame
	}
	both := old.framed && p.Framed
	skips := Skips(0)
	switch {
	case both && step == 0:
		skips = old.skips // frozen
	case p.Framed:
		skips = p.Skips
	}
	t.last.skips = skips

	who := nobody
	switch {
	case both && (step == 0 || step == 1 && p.Start):
		who = lastFrame
	case both && step == 1 && old.end:
		who = thisFrame
	}
	t.count(who, p.Seq-old.seq, old.skips, skips)

	t.frames += uint32(step)
	at := t.frames + firstFrame
	begins := p.Framed && (step != 0 || !old.seen)
	if begins {
		t.freeze(p.Frame, step, !old.seen, skips)
	}
	return Place{Frame: at, Fresh: begins && p.Start, Skips: skips, Offset: t.running}
}

// count adds what was suppressed between the last packet and this one, the last
// one included. numbers is how far they are apart.
func (t *Track) count(who blame, numbers uint16, old, now Skips) {
	for i := range t.running {
		l := Lane(i + 1)
		switch {
		case who == lastFrame && old.Has(l), who == thisFrame && old.Has(l) && now.Has(l):
			t.running[i] += numbers
		case who == thisFrame && now.Has(l):
			t.running[i] += numbers - 1
		case old.Has(l):
			t.running[i]++
		}
	}
}

// freeze enters a frame that begins and the frames that were jumped over, which
// are taken for not suppressed.
func (t *Track) freeze(frame, step uint16, first bool, skips Skips) {
	wide := first || step > Reach
	if wide {
		t.floor = t.frames + firstFrame - (Reach - 1)
	}
	for back := range uint16(Reach) {
		if wide || back < step {
			t.ring[(frame-back)%History] = entry{offset: t.running, skips: skips}
		}
		skips = 0
	}
}

// late is for packets with a number that was passed already.
func (t *Track) late(p Packet) Place {
	back := t.frame - p.Frame
	at := t.frames + firstFrame - uint32(back)
	if !p.Framed || back >= History || at < t.floor {
		return Place{TooLate: true, Frame: at, Skips: p.Skips}
	}
	e := t.ring[p.Frame%History]
	// A packet that says it is needed, of a frame that was counted as not
	// needed, has no number left: both verdicts hold.
	return Place{Frame: at, Skips: e.skips | p.Skips, Offset: e.offset}
}
