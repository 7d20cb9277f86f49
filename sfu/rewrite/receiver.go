package rewrite

// A Receiver is one receiver's view of a stream. The zero value receives
// everything, numbered as by the sender. It belongs to one goroutine.
//
// A change of lanes takes place at the first Fresh packet after it was asked
// for. Packets of frames before it that come later are still treated as before
// it, so that under any order no number is used twice.
type Receiver struct {
	now, before view
	since       uint32 // the frame from which on now holds
	oldest      uint32 // the frame from which on before holds
}

// view is a lane and what to subtract beyond the lane's offset.
type view struct {
	lane Lane
	base uint16
}

// subtract is how much lower a number is for the receiver.
func (v view) subtract(p *Place) uint16 {
	if v.lane == 0 {
		return v.base
	}
	return p.Offset[v.lane-1] + v.base
}

// Rewrite gives the number that the packet has for the receiver, which wants a
// lane; not ok means that the packet is not for it.
func (r *Receiver) Rewrite(seq uint16, p Place, want Lane) (out uint16, ok bool) {
	if p.Fresh && want != r.now.lane {
		r.before, r.oldest, r.since = r.now, r.since, p.Frame
		r.now.lane, r.now.base = want, 0
		r.now.base = r.before.subtract(&p) - r.now.subtract(&p)
	}
	v := r.now
	if int32(p.Frame-r.since) < 0 {
		v = r.before
	}
	everything := v.lane == 0 && r.since == 0
	if p.Skips.Has(v.lane) || p.TooLate && !everything || int32(p.Frame-r.oldest) < 0 {
		return 0, false
	}
	return seq - v.subtract(&p), true
}
