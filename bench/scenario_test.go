package bench

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gofino/model"
	"gofino/pipeline/ir"
)

// tally counts what leaves.
type tally struct{ frames, bytes int }

func (t *tally) Send(_ model.Port, head, payload []byte) error {
	t.frames++
	t.bytes += len(head) + len(payload)
	return nil
}

// Every frame of a scenario leaves in as many copies as it says, and the packet
// path allocates nothing.
func TestScenariosForwardEverything(t *testing.T) {
	for _, target := range []ir.Target{ir.Tofino, ir.Tofino2} {
		for _, name := range ScenarioNames() {
			s, err := NewScenario(name, target, 1)
			require.NoError(t, err)
			var out tally
			s.Switch.SetWire(&out)
			s.Run()
			require.Equal(t, len(s.Frames)*s.Copies, out.frames, "%s: %v", name, s.Switch.Stats().Drops)
			require.Zero(t, testing.AllocsPerRun(20, s.Run), name)
		}
	}
}

func TestUnknownScenarioListsTheChoices(t *testing.T) {
	_, err := NewScenario("x", ir.Tofino, 0)
	require.EqualError(t, err, `no scenario "x" (scenarios: [l2-exact-64k l3-lpm-100k acl-1k sfu-1-to-10])`)
}

// BenchmarkPipeline is ingress, traffic manager and egress in memory: per
// packet, and per copy.
func BenchmarkPipeline(b *testing.B) {
	for _, name := range ScenarioNames() {
		b.Run(name, func(b *testing.B) {
			s, err := NewScenario(name, ir.Tofino, 1)
			require.NoError(b, err)
			s.Run()
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				s.Run()
			}
			n := float64(b.N * len(s.Frames))
			ns := float64(b.Elapsed().Nanoseconds())
			b.ReportMetric(ns/n, "ns/packet")
			b.ReportMetric(ns/n/float64(s.Copies), "ns/copy")
		})
	}
}

// BenchmarkVethSwitch is the switch over virtual cables; compare with
// BenchmarkVethCopyLoop of the same run.
func BenchmarkVethSwitch(b *testing.B) {
	for _, name := range VethNames() {
		b.Run(name, func(b *testing.B) {
			var packets, copies float64
			for range b.N {
				r, err := MeasureVeth(b.Context(), name, ir.Tofino, time.Second)
				if err != nil {
					b.Fatal(err)
				}
				packets += r.PerSecond
				copies += r.CopiesPerS
			}
			b.ReportMetric(packets/float64(b.N), "packets/s")
			b.ReportMetric(copies/float64(b.N), "copies/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}
