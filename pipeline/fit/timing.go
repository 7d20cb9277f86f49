package fit

// features of a stage that lengthen it (timing.md section 2).
type features uint8

const (
	useTCAM features = 1 << iota
	useStateful
	useFilter // LPF or WRED
	useSelector
	useWide   // a selector whose largest group needs several words
	useDivide // a stateful ALU that divides
)

// beat is the timing of one gress: what every stage has and how it depends on
// those before it.
type beat struct {
	c    *chip
	dep  []Dependency
	feat []features
}

// group ORs the features over runs of stages that are not match dependent:
// their results must leave together (timing.md section 2, "Group").
func (b *beat) group() []features {
	out := append([]features(nil), b.feat...)
	for lo := 0; lo < len(out); {
		hi := lo + 1
		all := out[lo]
		for hi < len(out) && b.dep[hi] != Match {
			all |= out[hi]
			hi++
		}
		for ; lo < hi; lo++ {
			out[lo] = all
		}
	}
	return out
}

// length is the cycles of a stage: Stage::pipelength.
func (c *chip) length(f features) int {
	n := c.base + c.tcam(f)
	switch {
	case f&useSelector != 0:
		n += selectorDelay
	case f&useDivide != 0:
		n += divideDelay
	case f&useStateful != 0:
		n += statefulDelay
	case f&useFilter != 0:
		n += filterDelay
	}
	return n
}

func (c *chip) tcam(f features) int {
	if f&(useTCAM|useWide) != 0 {
		return tcamDelay
	}
	return 0
}

// contributes is what a stage adds to the way through the pipe.
func (c *chip) contributes(stage int, d Dependency, length int) int {
	switch {
	case stage == 0 || d == Match:
		return length
	case d == Concurrent:
		return c.concurrent
	}
	return actionDelay
}

// latency is what the chip's minimum is compared with: without stage 0.
func (b *beat) latency() int {
	sum := b.c.corner
	for i, f := range b.group() {
		if i > 0 {
			sum += b.c.contributes(i, b.dep[i], b.c.length(f))
		}
	}
	return sum
}

// pad makes egress stages match dependent, the lowest first, until the
// pipeline is as long as the chip needs (timing.md section 2.2).
func (b *beat) pad() []int {
	var padded []int
	for b.latency() < b.c.minEgress {
		at := -1
		for i, d := range b.dep {
			if d != Match {
				at = i
				break
			}
		}
		if at < 0 {
			break
		}
		b.dep[at] = Match
		padded = append(padded, at)
	}
	return padded
}

// fill writes the numbers of every stage and the total.
func (b *beat) fill(g *Gress) {
	g.LatencyCycles = b.c.corner
	for i, f := range b.group() {
		s := g.Stages[i]
		s.Dependency = b.dep[i]
		s.ClockCycles = b.c.length(f)
		s.PredCycle = b.c.predicate + b.c.tcam(f)
		s.Contributes = b.c.contributes(i, b.dep[i], s.ClockCycles)
		g.LatencyCycles += s.Contributes
	}
}
