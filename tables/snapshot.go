package tables

import "gofino/pipeline/ir"

// Snapshots of one pipe that wait for a packet or have captured one. Guarded by
// State.Mu.
type Snapshots struct {
	// Armed is how many wait in each gress: what the packet path looks at.
	Armed [2]int
	list  []*Snapshot // in no particular order; replaced, not changed
}

// Snapshot waits in stages First to Last of a gress for a packet that has all
// that Match asks for at the input of stage First (bfrt.md section 12), or, with
// a Deadline, for the first one after it.
type Snapshot struct {
	Dir         ir.Dir
	First, Last int
	Match       []SnapshotMatch
	Deadline    int64 // ns of the chip's clock; 0: none
	// Stages from First on, once a packet is captured; nil before. What is in
	// them does not change.
	Stages []SnapshotStage
	// Timer: the deadline captured it.
	Timer bool
}

// SnapshotMatch compares a field; the bytes are right-aligned, the bits of Mask
// count.
type SnapshotMatch struct {
	Loc         ir.Loc
	Value, Mask []byte
}

// SnapshotStage is what was captured in one stage.
type SnapshotStage struct {
	Memory []byte // of the gress, at the stage's input
	Tables []SnapshotTable
	// Next is the table that the packet goes to; "" for none.
	Next string
	// Enabled are the tables of later stages that the packet runs, of Tofino 2.
	Enabled []string
}

// SnapshotTable is one logical table of the stage.
type SnapshotTable struct {
	Name   string
	Handle uint32 // of the entry that was hit
	// Executed: the packet came to it. Inhibited: its condition then kept it
	// from running.
	Hit, Inhibited, Executed bool
}

// Full tells whether it has captured a packet.
func (s *Snapshot) Full() bool { return s.Stages != nil }

// Wants tells whether a packet with such memory at the input of stage First is
// the one.
func (s *Snapshot) Wants(memory []byte, now int64) (wanted, timer bool) {
	if s.Deadline != 0 && now >= s.Deadline {
		return true, true
	}
	for i := range s.Match {
		m := &s.Match[i]
		got := fieldBytes(memory, m.Loc)
		for j, k := range m.Mask {
			if (got[j]^m.Value[j])&k != 0 {
				return false, false
			}
		}
	}
	return true, false
}

// Waiting calls f for each snapshot of a gress that waits. What f fills is full.
func (p *Snapshots) Waiting(d ir.Dir, f func(*Snapshot)) {
	for _, s := range p.list {
		if s.Dir == d && !s.Full() {
			f(s)
		}
	}
	p.count()
}

// Captured is what was captured in a stage of either gress; nil for nothing.
func (p *Snapshots) Captured(stage int) (*Snapshot, *SnapshotStage) {
	for _, s := range p.list {
		if s.Full() && s.First <= stage && stage <= s.Last {
			return s, &s.Stages[stage-s.First]
		}
	}
	return nil, nil
}

func (p *Snapshots) count() {
	p.Armed = [2]int{}
	for _, s := range p.list {
		if !s.Full() {
			p.Armed[s.Dir]++
		}
	}
}

// with returns the list with s in the place of the one in the same stages;
// s == nil takes that away.
func (p *Snapshots) with(d ir.Dir, first int, s *Snapshot) []*Snapshot {
	var out []*Snapshot
	for _, o := range p.list {
		if o.Dir != d || o.First != first {
			out = append(out, o)
		}
	}
	if s != nil {
		out = append(out, s)
	}
	return out
}

func (p *Snapshots) at(d ir.Dir, first int) *Snapshot {
	for _, s := range p.list {
		if s.Dir == d && s.First == first {
			return s
		}
	}
	return nil
}

// fieldBytes are the bits of a place, right-aligned in whole bytes.
func fieldBytes(memory []byte, l ir.Loc) []byte {
	out := make([]byte, (l.Width+7)/8)
	for i := range l.Width {
		bit := l.Bit + l.Width - 1 - i
		if memory[bit/8]<<(bit%8)&0x80 != 0 {
			out[len(out)-1-i/8] |= 1 << (i % 8)
		}
	}
	return out
}
