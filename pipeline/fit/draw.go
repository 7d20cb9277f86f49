package fit

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Write draws the report for people.
func (r *Report) Write(w io.Writer) error {
	e := &drawing{w: w}
	source := "placed from source: an estimate (docs/timing.md)"
	if !r.Estimate {
		source = "as the compiler placed it (context.json)"
	}
	e.printf("%s on %s, %s\n", r.Program, r.Target, source)
	for _, pl := range r.Pipelines {
		e.pipeline(r, pl)
	}
	return e.err
}

type drawing struct {
	w   io.Writer
	err error
}

func (e *drawing) printf(format string, args ...any) {
	if e.err == nil {
		_, e.err = fmt.Fprintf(e.w, format, args...)
	}
}

func (e *drawing) pipeline(r *Report, pl *Pipeline) {
	if len(r.Pipelines) > 1 {
		e.printf("\npipeline %s\n", pl.Name)
	}
	c := chipOf(targetOf(r.Target))
	e.strip(pl)
	for _, name := range []string{"ingress", "egress"} {
		e.gress(c, name, pl.Gress[name])
	}
	e.use(pl)
}

// strip is one line of boxes per gress: the number of tables in each stage,
// and between the boxes how a stage waits for the one before.
func (e *drawing) strip(pl *Pipeline) {
	n := len(pl.Gress["ingress"].Stages)
	e.printf("\n  stage    ")
	for s := range n {
		e.printf("%3d ", s)
	}
	e.printf("\n")
	for _, name := range []string{"ingress", "egress"} {
		e.printf("  %-8s", name)
		for i, s := range pl.Gress[name].Stages {
			tables := len(s.Tables) + len(s.Conditions)
			box := "   "
			if tables > 0 {
				box = fmt.Sprintf("%3s", "["+strconv.Itoa(tables)+"]")
			}
			e.printf("%s%s", join(i, s.Dependency), box)
		}
		e.printf("\n")
	}
	e.printf("  [n] holds n tables and conditions; = starts when the stage before has finished (match),\n")
	e.printf("  - actions follow those of the stage before (action), . nothing to wait for (concurrent)\n")
}

func join(stage int, d Dependency) string {
	if stage == 0 {
		return " "
	}
	return map[Dependency]string{Match: "=", Action: "-", Concurrent: "."}[d]
}

func (e *drawing) gress(c *chip, name string, g *Gress) {
	e.printf("\n%s: %d of %d stages, %d cycles (%.0f ns at %.2f GHz)\n", name, g.StagesUsed, c.stages, g.LatencyCycles,
		float64(g.LatencyCycles)*1000/float64(c.clockMHz), float64(c.clockMHz)/1000)
	if g.StagesUsed > c.stages {
		e.printf("  does not fit: the chip has %d stages\n", c.stages)
	}
	if p := g.Parser; p != nil {
		e.printf("  parser: %d states, %d to %d cycles a packet\n", p.States, p.Min, p.Max)
	}
	e.throughput(&g.Throughput)
	for _, u := range g.Unplaced {
		e.printf("  no stage found for %s\n", u)
	}
	for _, s := range g.Stages {
		if len(s.Held) > 0 {
			e.stage(s)
		}
	}
	if len(g.Padded) > 0 {
		e.printf("  stages %s wait for nothing, but are made match dependent: the chip needs %d cycles of egress\n", ranges(g.Padded), c.minEgress)
	}
}

func (e *drawing) stage(s *Stage) {
	e.printf("  stage %d, %s: %d cycles, predication at %d, adds %d\n", s.Stage, s.Dependency, s.ClockCycles, s.PredCycle, s.Contributes)
	if b := s.Because; b != nil && s.Stage > 0 {
		if b.On == "" {
			e.printf("    because %s matches %s, which lies in a mocha container\n", b.Table, b.Over)
		} else {
			e.printf("    because %s needs %s from %s\n", b.Table, b.Over, b.On)
		}
	}
	for _, h := range s.Held {
		e.held(h)
	}
	if others := attachedOf(s); len(others) > 0 {
		e.printf("    with %s\n", strings.Join(others, ", "))
	}
}

func (e *drawing) held(h Placed) {
	e.printf("    %s", h.Name)
	if h.Kind != "match" {
		e.printf(" (%s)", h.Kind)
	}
	if h.Entries > 0 {
		e.printf(", %d entries", h.Entries)
		if h.Part {
			e.printf(" here")
		}
	}
	if h.Gateway != "" {
		e.printf(", under %s", h.Gateway)
	}
	if u := spends(&h.Use); u != "" {
		e.printf(": %s", u)
	}
	e.printf("\n")
	if h.Why != "" {
		e.printf("      not earlier: %s\n", h.Why)
	}
}

// attachedOf a stage: what is listed besides the tables that run.
func attachedOf(s *Stage) []string {
	runs := map[string]bool{}
	for _, h := range s.Held {
		runs[strings.TrimSuffix(h.Name, " (preclassifier)")] = true
	}
	var out []string
	for _, t := range append(append([]string{}, s.Tables...), s.ActionData...) {
		if !runs[t] {
			out = append(out, t)
		}
	}
	return out
}

func spends(u *Use) string {
	var parts []string
	for i := range resources[2:] {
		r := &resources[2+i]
		if n := *r.of(u); n > 0 && r.short != "imem" && r.short != "gw" {
			parts = append(parts, fmt.Sprintf("%d %s", n, r.short))
		}
	}
	return strings.Join(parts, ", ")
}

// use is a grid: what each stage spends of what it has.
func (e *drawing) use(pl *Pipeline) {
	last := 0
	for s := range pl.Use {
		if pl.Use[s] != (Use{}) {
			last = s + 1
		}
	}
	if last == 0 {
		return
	}
	e.printf("\nuse of each stage, both gresses\n  %-5s", "")
	for i := range resources {
		e.printf(" %7s", resources[i].short)
	}
	e.printf("\n")
	for s := range last {
		e.printf("  %-5d", s)
		for i := range resources {
			e.printf(" %7s", blank(*resources[i].of(&pl.Use[s])))
		}
		e.printf("\n")
	}
	e.printf("  %-5s", "has")
	for i := range resources {
		e.printf(" %7d", resources[i].limit)
	}
	e.printf("\n")
	for i := range resources {
		e.printf("  %s: %s\n", resources[i].short, resources[i].name)
	}
}

func blank(n int) string {
	if n == 0 {
		return "."
	}
	return strconv.Itoa(n)
}

// ranges writes 1, 2, 3, 5 as "1-3, 5".
func ranges(n []int) string {
	var parts []string
	for i := 0; i < len(n); {
		j := i
		for j+1 < len(n) && n[j+1] == n[j]+1 {
			j++
		}
		if i == j {
			parts = append(parts, strconv.Itoa(n[i]))
		} else {
			parts = append(parts, fmt.Sprintf("%d-%d", n[i], n[j]))
		}
		i = j + 1
	}
	return strings.Join(parts, ", ")
}
