package fit

import (
	"testing"

	"github.com/stretchr/testify/require"

	"gofino/pipeline/ir"
)

// timing.md section 4: 288 headers are out at once at most, and a credit is used
// 11 cycles after it is back; Tofino 2 does not scale below 600 cycles. The
// parser takes a state a cycle; a frame of 64 bytes is 73 bytes on the line,
// 5.84 ns at 100 Gbit/s, 7.12 cycles.
func TestThroughput(t *testing.T) {
	one, two := chipOf(ir.Tofino), chipOf(ir.Tofino2)
	for latency, want := range map[int]float64{54: 1, 249: 1, 277: 1, 278: 288.0 / 289, 364: 288.0 / 375} {
		got := throughput(one, ir.Ingress, latency, nil)
		require.InDelta(t, want, got.Factor, 1e-9, latency)
		require.InDelta(t, 1220*want, got.MaxMpps, 1e-6)
		require.Zero(t, got.Parser)
	}
	require.Equal(t, 1.0, throughput(two, ir.Ingress, 600, nil).Factor)
	require.InDelta(t, 600.0/660, throughput(two, ir.Ingress, 660, nil).Factor, 1e-9)

	p := &ParserTime{Depths: []Depth{{Bytes: 30, Min: 1, Max: 3}, {Bytes: 50, Min: 2, Max: 10}, {Bytes: 216, Min: 12, Max: 12}}}
	got := throughput(one, ir.Ingress, 54, p)
	require.InDelta(t, 73*8/100.0*1.22/10, got.Parser, 1e-9)
	require.Equal(t, 50, got.Slowest.Bytes)
	require.Equal(t, 100, got.PortGbps)
	p.Depths = p.Depths[2:] // 200 bytes of packet: 213 on the line, 20.8 cycles
	require.Equal(t, 1.0, throughput(one, ir.Ingress, 54, p).Parser)
}
