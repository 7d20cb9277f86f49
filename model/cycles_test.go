package model_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"gofino/internal/clock"
	"gofino/model"
	"gofino/p4"
	"gofino/pipeline/fit"
	"gofino/pipeline/ir"
)

// steps are a trace's events in short: "kind name cycle".
func steps(n *model.TraceNode) (out []string) {
	for _, s := range n.Steps {
		if s.Pipeline != nil {
			out = append(out, fmt.Sprintf("%s %s %d", s.Pipeline.Kind, s.Pipeline.Name, s.Pipeline.Cycle))
		}
	}
	return out
}

// TestCycles: timing.md sections 2 and 8, counted by hand. The tables of
// stages.p4 depend on each other by match: on Tofino the stages take 22, 20 and
// 22 cycles (a table without a key and a ternary one need a TCAM), then 1 each,
// 20 of stage 6 and the corner's 4. The parser takes the 16 bytes before the
// packet and 7 of it in one cycle.
func TestCycles(t *testing.T) {
	for _, c := range []struct {
		target              ir.Target
		parser, egParser    int
		one, two, three     int // cycles before the stage
		latency, egress     int
		nsIngress, nsEgress int64
	}{
		{ir.Tofino, 1, 2, 0, 22, 42, 22 + 20 + 22 + 3 + 4 + 20 + 5, 187, 80, 155},
		{ir.Tofino2, 2, 2, 0, 25, 48, 25 + 23 + 25 + 17*2, 23 + 19*2, 73, 42},
	} {
		l := newLookInside(t, c.target)
		l.time.Set(1000)
		var r model.Recorder
		b := append(binary.BigEndian.AppendUint16([]byte{7}, 5), 0, 1, 0, 2)
		l.sw.Trace(model.Frame{Port: 12, Data: append(b, make([]byte, 60)...)}, &r)
		at := func(name string, cycle int) string { return fmt.Sprintf("%s %d", name, cycle) }
		got := steps(r.Root)
		for _, want := range []string{
			at("state start", 0), at("parser_end ", c.parser), at("table Ing.one", c.parser+c.one), at("table Ing.two", c.parser+c.two),
			at("branch if", c.parser+c.three), at("table Ing.three", c.parser+c.three), at("assign tm.ucast_egress_port", c.parser+c.one),
			at("emit hdr.step", c.parser+c.latency), at("deparser ", c.parser+c.latency),
		} {
			require.Contains(t, got, want)
		}
		start := int64(1000 + model.DefaultParserNS)
		require.Equal(t, start, r.Root.Time)
		require.Len(t, r.Root.Children, 1)
		eg := r.Root.Children[0]
		enq := start + model.DefaultIngressNS + c.nsIngress
		require.Equal(t, enq+model.DefaultQueueNS, eg.Time)
		require.Contains(t, steps(eg), at("table Eg.out_ports", c.egParser))
		require.Contains(t, steps(eg), at("deparser ", c.egParser+c.egress))
		last := eg.Steps[len(eg.Steps)-1]
		require.Equal(t, model.ChipSend, last.Chip.Kind)
		require.Equal(t, eg.Time+model.DefaultEgressNS+c.nsEgress, last.Chip.Time)
		text, err := json.Marshal(r.Root)
		require.NoError(t, err)
		require.Contains(t, string(text), `"cycle":`)
		require.Contains(t, string(text), `"time":`)
	}
}

// TestStagesGiven: a compiler's stages replace the estimate, a saved switch
// keeps its own, and another's are refused.
func TestStagesGiven(t *testing.T) {
	prog, diags := p4.Compile("testdata/stages.p4", p4.Options{})
	require.NotNil(t, prog, diags)
	slow := fit.Estimate(prog)
	slow.Pipelines[0].Gress["ingress"].LatencyCycles += 1220 // 1 us more
	when := func(sw *model.Switch) int64 {
		var r model.Recorder
		sw.Trace(model.Frame{Port: 12, Data: make([]byte, 64)}, &r)
		return r.Root.Children[0].Time - r.Root.Time
	}
	list := []model.Placement{{Program: prog, Stages: slow}}
	sw, err := model.NewPlaced(list, model.Config{Clock: new(clock.Virtual)})
	require.NoError(t, err)
	plain, err := model.New(prog, model.Config{Clock: new(clock.Virtual)})
	require.NoError(t, err)
	require.Equal(t, when(plain)+1000, when(sw))

	var saved bytes.Buffer
	require.NoError(t, sw.Save(&saved))
	again, err := model.Restore(bytes.NewReader(saved.Bytes()), prog, model.Config{})
	require.NoError(t, err)
	require.Equal(t, when(sw), when(again))
	_, err = model.RestorePlaced(bytes.NewReader(saved.Bytes()), list, model.Config{})
	require.NoError(t, err)
	other := slices.Clone(list)
	other[0].Stages = fit.Estimate(prog)
	_, err = model.RestorePlaced(bytes.NewReader(saved.Bytes()), other, model.Config{})
	require.ErrorIs(t, err, model.ErrMismatch)
	require.ErrorContains(t, err, "stages of")
}
