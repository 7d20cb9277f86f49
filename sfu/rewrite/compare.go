package rewrite

import "math/rand/v2"

// Outcome is what a receiver of a thinned-out stream saw.
type Outcome struct {
	// Extra is the gaps in the numbers that no lost packet of the receiver's
	// explains, in percent of the packets sent: each costs a retransmission
	// that nobody needs.
	Extra float64 `json:"extra_percent"`
	// Duplicates are numbers that were used twice: a packet that the receiver
	// takes for a copy. Wrong are packets that were for it and were dropped.
	Duplicates int `json:"duplicates"`
	Wrong      int `json:"wrong"`
}

// Row compares the three ways on one stream.
type Row struct {
	Loss      float64 `json:"loss"` // probability of each packet
	MinPerOne int     `json:"min_packets_per_frame"`
	Exact     Outcome `json:"exact"`
	SLM       Outcome `json:"s_lm"`
	SLR       Outcome `json:"s_lr"`
}

// Losses are those of the paper's figure 27.
var Losses = []float64{0, .01, .02, .05, .10, .20}

// Compare sends streams of so many packets, every second frame suppressed, with
// frames of 3 to 7 packets, as the paper has them, and of 1 to 7, and loses
// packets on the way to the switch. Equal seeds give equal rows.
func Compare(packets int, seed uint64) []Row {
	var out []Row
	cadence := Cadence{Every: 2, Suppressed: 1}
	for _, least := range []int{3, 1} {
		for i, loss := range Losses {
			rng := rand.New(rand.NewPCG(seed, uint64(least)<<8+uint64(i)))
			arrive, all := traffic{min: least, max: 7, every: 2, loss: loss, seq: 1, frame: 1}.make(rng, packets)
			m, r := &SLM{Cadence: cadence}, &SLR{SLM: SLM{Cadence: cadence}}
			out = append(out, Row{
				Loss: loss, MinPerOne: least,
				Exact: outcome(watch(arrive, all, kept, exactly())),
				SLM: outcome(watch(arrive, all, kept, func(p sent) (uint16, bool) {
					if !kept(p) {
						return 0, false
					}
					return m.Rewrite(p.Frame, p.Seq), true
				})),
				SLR: outcome(watch(arrive, all, kept, func(p sent) (uint16, bool) {
					if !kept(p) {
						return 0, false
					}
					return r.Rewrite(p.Frame, p.Seq, p.mark), true
				})),
			})
		}
	}
	return out
}

func outcome(r result) Outcome {
	return Outcome{Extra: r.percent(), Duplicates: r.duplicates, Wrong: r.wrong + r.leaked + r.disorder}
}
