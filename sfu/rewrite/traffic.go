package rewrite

import "math/rand/v2"

// traffic describes what a sender sends and what becomes of it on the way: frames
// of min..max packets, uniformly; the first frame of every cadence.Every is kept,
// the others are suppressed in lane 1; every packet is lost with probability
// loss; with probability reorder it arrives 1..5 packets later.
type traffic struct {
	min, max      int
	every         int
	loss, reorder float64
	seq, frame    uint16 // the first ones
}

// sent is a packet with its place in the sender's order.
type sent struct {
	Packet
	n    int
	mark Mark
	lost bool
}

// make gives at least count packets in whole frames as they arrive, and all of
// them as they were sent.
func (c traffic) make(rng *rand.Rand, count int) (arrive, all []sent) {
	for f := 0; len(all) < count; f++ {
		size := c.min + rng.IntN(c.max-c.min+1)
		for i := range size {
			p := sent{n: len(all), Packet: Packet{Seq: c.seq + uint16(len(all)), Framed: true, Frame: c.frame + uint16(f),
				Start: i == 0, End: i == size-1}}
			if f%c.every != 0 {
				p.Skips = 1
			}
			switch {
			case p.End:
				p.mark = End
			case p.Start:
				p.mark = Start
			}
			p.lost = rng.Float64() < c.loss
			all = append(all, p)
		}
	}
	late := make([][]sent, len(all)+6)
	for _, p := range all {
		if !p.lost && rng.Float64() < c.reorder {
			at := p.n + 1 + rng.IntN(5)
			late[at] = append(late[at], p)
		} else if !p.lost {
			arrive = append(arrive, p)
		}
		arrive = append(arrive, late[p.n]...)
	}
	for _, l := range late[len(all):] {
		arrive = append(arrive, l...)
	}
	return arrive, all
}

// result is what a receiver saw.
type result struct {
	packets    int // sent
	extra      int // gaps that are no lost packet of the receiver's
	duplicates int // numbers that were used for two packets
	wrong      int // packets that arrived, were for the receiver and were dropped
	leaked     int // packets that were not for the receiver and reached it
	disorder   int // packets whose numbers are not in the order of the sender's
}

// watch runs arrived packets through a rewriter and judges the outcome. wants
// says which packets are for the receiver.
func watch(arrive, all []sent, wants func(sent) bool, rewrite func(sent) (uint16, bool)) (r result) {
	r.packets = len(all)
	out := make(map[int]int, len(all)) // number, not wrapped, by place in the sender's order
	used := make(map[int]int, len(all))
	near := 0 // the last number, not wrapped
	for i, p := range arrive {
		seq, ok := rewrite(p)
		switch {
		case !ok && wants(p):
			r.wrong++
			continue
		case !ok:
			continue
		case !wants(p):
			r.leaked++
		}
		if i == 0 || len(out) == 0 {
			near = int(seq)
		}
		near += int(int16(seq - uint16(near)))
		if o, ok := used[near]; ok && o != p.n {
			r.duplicates++
		}
		used[near], out[p.n] = p.n, near
	}
	before, missing := 0, 0
	started := false
	for _, p := range all {
		n, ok := out[p.n]
		switch {
		case ok && !started:
			before, started, missing = n, true, 0
		case ok:
			if n <= before {
				r.disorder++
			}
			r.extra += n - before - 1 - missing
			before, missing = n, 0
		case wants(p):
			missing++
		}
	}
	return r
}

func (r *result) add(o result) {
	r.packets += o.packets
	r.extra += o.extra
	r.duplicates += o.duplicates
	r.wrong += o.wrong
	r.leaked += o.leaked
	r.disorder += o.disorder
}

// percent of the packets is the extra retransmissions.
func (r *result) percent() float64 { return 100 * float64(r.extra) / float64(r.packets) }

func kept(p sent) bool { return p.Skips == 0 }

// exactly is a rewriter for one receiver of lane 1 from the start.
func exactly() func(sent) (uint16, bool) {
	t, r := &Track{}, &Receiver{now: view{lane: 1}}
	return func(p sent) (uint16, bool) { return r.Rewrite(p.Seq, t.Judge(p.Packet), 1) }
}
