package fit

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"gofino/pipeline/ir"
)

// idle is a gress without tables, before padding (timing.md section 2.1).
func idle(c *chip) *beat {
	b := &beat{c: c, dep: make([]Dependency, c.stages), feat: make([]features, c.stages)}
	for i := range b.dep {
		b.dep[i] = Concurrent
		if c.turn == 0 {
			b.dep[i] = Action
		}
	}
	b.dep[0] = Match
	if c.turn > 0 {
		b.dep[c.turn] = Match
	}
	return b
}

func (b *beat) report() *Gress {
	g := &Gress{}
	for i := range b.dep {
		g.Stages = append(g.Stages, &Stage{Stage: i})
	}
	b.fill(g)
	return g
}

// timing.md section 2.2: 54 cycles of an empty Tofino ingress, 61 of Tofino 2.
func TestEmptyIngressTakesTheMinimum(t *testing.T) {
	require.Equal(t, 54, idle(chipOf(ir.Tofino)).report().LatencyCycles)
	require.Equal(t, 61, idle(chipOf(ir.Tofino2)).report().LatencyCycles)
}

// timing.md section 2.2, "Worst T1": every stage match with selector and TCAM.
func TestWorstTofinoTakes364(t *testing.T) {
	b := idle(chipOf(ir.Tofino))
	for i := range b.dep {
		b.dep[i], b.feat[i] = Match, useSelector|useTCAM
	}
	require.Equal(t, 364, b.report().LatencyCycles)
}

// timing.md section 2.2, egress padding: stages 1 to 8 of an empty Tofino
// egress become match dependent (6 is already): 167 without stage 0.
func TestEgressPaddingStartsLow(t *testing.T) {
	b := idle(chipOf(ir.Tofino))
	require.Equal(t, []int{1, 2, 3, 4, 5, 7, 8}, b.pad())
	require.Equal(t, 167, b.latency())
	require.Equal(t, 187, b.report().LatencyCycles)
	require.Empty(t, idle(chipOf(ir.Tofino2)).pad(), "Tofino 2 has no minimum")
}

// timing.md section 2: the lengths of a stage by what it has; the first of
// selector, divider, stateful ALU, filter counts.
func TestStageLengths(t *testing.T) {
	for _, c := range []struct {
		f         features
		one, two  int
		predicate int // on Tofino
	}{
		{0, 20, 23, 11},
		{useTCAM, 22, 25, 13},
		{useStateful, 24, 27, 11},
		{useFilter, 24, 27, 11},
		{useStateful | useFilter | useTCAM, 26, 29, 13},
		{useDivide | useStateful, 26, 29, 11},
		{useDivide | useStateful | useTCAM, 28, 31, 13},
		{useSelector, 28, 31, 11},
		{useSelector | useWide, 30, 33, 13},
		{useSelector | useWide | useTCAM, 30, 33, 13}, // never 4
		{useSelector | useStateful, 28, 31, 11},
	} {
		one := chipOf(ir.Tofino)
		require.Equal(t, c.one, one.length(c.f), "features %b on Tofino", c.f)
		require.Equal(t, c.two, chipOf(ir.Tofino2).length(c.f), "features %b on Tofino 2", c.f)
		require.Equal(t, c.predicate, one.predicate+one.tcam(c.f))
	}
}

// timing.md section 2, "Group": a TCAM in stage 3 lengthens 2 and 4 when they
// are chained to it without a match dependency.
func TestGroupsSharePipelength(t *testing.T) {
	b := idle(chipOf(ir.Tofino))
	b.dep[2], b.dep[3], b.dep[4], b.dep[5] = Match, Action, Concurrent, Match
	b.feat[3] = useTCAM
	g := b.report()
	var got []int
	for _, s := range g.Stages[:7] {
		got = append(got, s.ClockCycles)
	}
	require.Equal(t, []int{20, 20, 22, 22, 22, 20, 20}, got)
	require.Equal(t, []int{22, 2, 1}, []int{g.Stages[2].Contributes, g.Stages[3].Contributes, g.Stages[4].Contributes})
	require.Equal(t, 13, g.Stages[4].PredCycle)
}

// Padding sees the groups of the moment: a longer stage needs fewer stages.
func TestPaddingCountsLongStages(t *testing.T) {
	b := idle(chipOf(ir.Tofino))
	for i := range 8 {
		b.dep[i], b.feat[i] = Match, useTCAM
	}
	require.Equal(t, 4+7*22+4, b.latency())
	require.Empty(t, b.pad())
}

// timing.md section 4: one state is one cycle, 32 bytes a state; a loop ends at
// 128 states.
func TestParserCycles(t *testing.T) {
	g := &ir.Gress{Headers: []*ir.Header{{Bytes: 14}, {Bytes: 20}, {Bytes: 40}}, Stacks: []*ir.Stack{{Headers: []int{0}}}}
	key := []ir.Expr{&ir.Const{Width: 8}}
	p := &ir.Parser{States: []*ir.State{
		{Next: 1}, // joins the next
		{Body: []ir.Stmt{&ir.Extract{Header: 0}}, Keys: key, Cases: []*ir.Case{{Next: 2}, {Next: 3}, {Next: ir.Accept}}},
		{Body: []ir.Stmt{&ir.Extract{Header: 1}}, Next: ir.Accept},
		{Body: []ir.Stmt{&ir.Extract{Header: 2}}, Next: ir.Accept},
	}}
	got := parserTime(p, g)
	require.Equal(t, 1, got.Min)
	require.Equal(t, 3, got.Max, "40 bytes take two cycles")
	require.Equal(t, []Depth{{14, 1, 1}, {34, 2, 2}, {54, 3, 3}}, got.Depths)
	require.False(t, got.Cut)

	loop := &ir.Parser{States: []*ir.State{{Body: []ir.Stmt{&ir.ExtractNext{Stack: 0}}, Keys: key, Cases: []*ir.Case{{Next: 0}, {Next: ir.Accept}}}}}
	got = parserTime(loop, g)
	require.True(t, got.Cut)
	require.Equal(t, parserStates, got.Max)
	require.True(t, slices.IsSortedFunc(got.Depths, func(a, b Depth) int { return a.Bytes - b.Bytes }))
	require.Equal(t, 0, parserTime(&ir.Parser{}, g).States)
}
