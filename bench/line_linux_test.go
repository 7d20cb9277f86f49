package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gofino/internal/veth"
	"gofino/link"
)

// newTestLine builds a line, or skips and says what is missing. CI runs as root
// and fails if a test skips.
func newTestLine(tb testing.TB) *Line {
	if err := veth.Missing(); err != nil {
		tb.Skipf("forwarding over veth cannot be measured: %v", err)
	}
	l, err := NewLine()
	require.NoError(tb, err)
	tb.Cleanup(func() { l.Close() })
	return l
}

// openPorts opens the forwarder's ports with room for what comes in while the
// machine is busy elsewhere.
func openPorts(tb testing.TB, l *Line) (in, out *link.AFPacket) {
	in, err := l.Open(InPort, link.Config{RingBytes: 32 << 20})
	require.NoError(tb, err)
	tb.Cleanup(func() { in.Close() })
	out, err = l.Open(OutPort, link.Config{RingBytes: 1})
	require.NoError(tb, err)
	tb.Cleanup(func() { out.Close() })
	return in, out
}

func TestLineDeliversWhatIsOffered(t *testing.T) {
	l := newTestLine(t)
	in, out := openPorts(t, l)
	r, err := l.Run(t.Context(), Load{PerSecond: 20000, Duration: 300 * time.Millisecond}, func(ctx context.Context) error {
		return CopyLoop(ctx, in, out)
	})
	require.NoError(t, err)
	require.Positive(t, r.Offered)
	require.Zero(t, in.Stats().RxDropped, "a slow load is not lost")
	require.Equal(t, in.Stats().RxFrames, out.Stats().TxFrames)
	require.InEpsilon(t, 64*r.Delivered, r.Bytes, 0.01)
}

func TestFanOutCopies(t *testing.T) {
	l := newTestLine(t)
	in, out := openPorts(t, l)
	r, err := l.Run(t.Context(), Load{FrameBytes: 1200, PerSecond: 5000, Duration: 300 * time.Millisecond}, func(ctx context.Context) error {
		return FanOut(ctx, in, out, 3)
	})
	require.NoError(t, err)
	require.Positive(t, r.Delivered)
	require.Equal(t, 3*in.Stats().RxFrames, out.Stats().TxFrames)
}

func TestRunReportsForwarderThatEnds(t *testing.T) {
	l := newTestLine(t)
	_, err := l.Run(t.Context(), Load{}, func(context.Context) error { return context.DeadlineExceeded })
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "the forwarder ended early")
	_, err = l.Run(t.Context(), Load{}, func(context.Context) error { return nil })
	require.ErrorContains(t, err, "the forwarder ended early")
}

// measure runs one forwarder as a benchmark. One operation is a measurement of
// a second; packets/s, ns/packet and cpu-ns/packet are its figures.
func measure(b *testing.B, l *Line, load Load, forward func(ctx context.Context) error) {
	var packets, seconds, cpu float64
	for range b.N {
		r, err := l.Run(b.Context(), load, forward)
		if err != nil {
			b.Fatal(err)
		}
		packets += r.Delivered * r.Seconds
		seconds += r.Seconds
		cpu += r.CPU
	}
	b.ReportMetric(packets/seconds, "packets/s")
	b.ReportMetric(1e9*seconds/packets, "ns/packet")
	b.ReportMetric(1e9*cpu/packets, "cpu-ns/packet")
	b.ReportMetric(0, "ns/op") // a second, which says nothing
}

// BenchmarkVethCopyLoop is the yardstick that the switch is measured beside:
// receive ring to sendmmsg, in Go.
func BenchmarkVethCopyLoop(b *testing.B) {
	for _, size := range []int{64, 200, 1200} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			l := newTestLine(b)
			in, out := openPorts(b, l)
			measure(b, l, Load{FrameBytes: size}, func(ctx context.Context) error { return CopyLoop(ctx, in, out) })
		})
	}
}

// BenchmarkVethFanOut counts copies of 1200-byte frames with heads of their own.
func BenchmarkVethFanOut(b *testing.B) {
	for _, copies := range []int{1, 2, 9, 49} {
		b.Run(fmt.Sprint(copies), func(b *testing.B) {
			l := newTestLine(b)
			in, out := openPorts(b, l)
			measure(b, l, Load{FrameBytes: 1200}, func(ctx context.Context) error { return FanOut(ctx, in, out, copies) })
		})
	}
}

// BenchmarkVethYardstick measures another program in the same run, when
// GOFINO_YARDSTICK names one that forwards like this:
//
//	PROGRAM -m tpmm -i IN -o OUT -c CPU         (the copy loop)
//	PROGRAM -m fanmm -R COPIES -i IN -o OUT -c CPU
//
// and prints {"cpu_ns_per_tx": ...} when a SIGTERM ends it.
func BenchmarkVethYardstick(b *testing.B) {
	program := os.Getenv("GOFINO_YARDSTICK")
	if program == "" {
		return // nothing to compare with is not a failure, and hides no test
	}
	run := func(name string, size int, args ...string) {
		b.Run(name, func(b *testing.B) {
			l := newTestLine(b)
			args := append(args, "-i", InPort, "-o", OutPort, "-c", fmt.Sprint(ForwarderCPU()))
			var own struct {
				CPU float64 `json:"cpu_ns_per_tx"`
			}
			measure(b, l, Load{FrameBytes: size}, func(ctx context.Context) error {
				out, err := l.Exec(ctx, program, args...)
				return errors.Join(err, json.Unmarshal(out, &own))
			})
			b.ReportMetric(own.CPU, "cpu-ns/packet")
		})
	}
	for _, size := range []int{64, 200, 1200} {
		run(fmt.Sprintf("copy/%d", size), size, "-m", "tpmm")
	}
	for _, copies := range []int{1, 2, 9, 49} {
		run(fmt.Sprintf("fanout/%d", copies), 1200, "-m", "fanmm", "-R", fmt.Sprint(copies))
	}
}
