package sfu_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"gofino/model"
	"gofino/pipeline/ir"
	"gofino/sfu"
)

// meetingOf sets a meeting up where the first participant sends video and the
// others receive it.
func meetingOf(t testing.TB, sw *model.Switch, size int) {
	ctx := context.Background()
	p, err := sfu.NewPlane(ctx, sw.API(), sfu.Config{Service: theSFU, CPUPort: portCPU})
	require.NoError(t, err)
	m, err := p.AddMeeting(ctx)
	require.NoError(t, err)
	var video sfu.StreamID
	for i := range size {
		who, err := p.AddParticipant(ctx, m, sfu.Participant{Address: host(byte(i + 1)), Port: uint16(8 + 4*i)})
		require.NoError(t, err)
		if i == 0 {
			video, err = p.AddStream(ctx, who, sfu.Stream{SSRC: ssrcVideo, DescriptorID: 12})
			require.NoError(t, err)
			continue
		}
		require.NoError(t, p.Subscribe(ctx, who, video))
	}
}

// counting is a wire that only counts.
type counting struct{ n int }

func (c *counting) Send(model.Port, []byte, []byte) error { c.n++; return nil }

// videoFrame is a packet as browsers send it: 1200 bytes, abs-send-time and mid
// before the descriptor.
func videoFrame() []byte {
	p := rtpPacket(ssrcVideo, 0, block(oneByte, one(2, 1, 2, 3), one(9, '1'), one(12, dd(0)...)))
	return up(hostA, append(p, make([]byte, 1200-len(p))...))
}

func TestPacketPathDoesNotAllocate(t *testing.T) {
	sw, err := model.New(compile(t, ir.Tofino), model.Config{Pipes: 1})
	require.NoError(t, err)
	meetingOf(t, sw, 11)
	w := &counting{}
	sw.SetWire(w)
	batch := []model.Frame{{Port: portA, Data: videoFrame()}}
	sw.Process(batch)
	require.Equal(t, 10, w.n)
	if n := testing.AllocsPerRun(1000, func() { sw.Process(batch) }); n != 0 {
		t.Errorf("Process: %v allocations per packet, want 0", n)
	}
}

// BenchmarkFanOut is one video packet in, N copies out, in memory.
func BenchmarkFanOut(b *testing.B) {
	for _, n := range []int{1, 2, 10} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			sw, err := model.New(compile(b, ir.Tofino), model.Config{Pipes: 1})
			require.NoError(b, err)
			meetingOf(b, sw, n+1)
			w := &counting{}
			sw.SetWire(w)
			frame := videoFrame()
			batch := make([]model.Frame, 64)
			for i := range batch {
				batch[i] = model.Frame{Port: portA, Data: frame}
			}
			sw.Process(batch)
			w.n = 0
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N / len(batch) {
				sw.Process(batch)
			}
			b.ReportMetric(float64(w.n)/b.Elapsed().Seconds(), "copies/s")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(max(w.n, 1)), "ns/copy")
		})
	}
}
