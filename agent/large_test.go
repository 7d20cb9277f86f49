package agent_test

import (
	"context"
	"encoding/binary"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"gofino/agent"
	"gofino/model"
	"gofino/p4"
	"gofino/tables"
)

// counter counts what leaves.
type counter struct{ n atomic.Int64 }

func (c *counter) Send(model.Port, []byte, []byte) error { c.n.Add(1); return nil }

// large is a switch with a table of a million entries behind a server, and a
// client of it.
func large(t testing.TB) (*model.Switch, *agent.Client) {
	prog, diags := p4.Compile("testdata/large.p4", p4.Options{})
	require.NotNil(t, prog, diags)
	sw, err := model.New(prog, model.Config{Pipes: 1})
	require.NoError(t, err)
	t.Cleanup(sw.Close)
	_, at := serve(t, agent.Programs{{Name: "large", API: sw.API()}}, agent.Config{})
	return sw, dial(t, agent.ClientConfig{Address: at, Batch: 1000})
}

// entries numbered from first on.
func entries(first, n int) []tables.Update {
	out := make([]tables.Update, n)
	for i := range out {
		key := make([]byte, 6)
		binary.BigEndian.PutUint32(key[2:], uint32(first+i))
		out[i] = tables.Update{Op: tables.Insert, Entry: tables.TableEntry{
			Table: "pipe.Ig.forward", Key: []tables.KeyField{{Name: "hdr.eth.dst", Value: key}}, Action: "Ig.send",
			Data: []tables.DataField{{Name: "port", Value: []byte{0, 3}}}}}
	}
	return out
}

func count(t testing.TB, c *agent.Client) (n int) {
	for e, err := range c.Read(context.Background(), tables.AllPipes, tables.Query{Table: "forward"}) {
		require.NoError(t, err)
		if !e.Default {
			n++
		}
	}
	return n
}

// TestWritesWhileForwarding adds entries over BFRuntime and reads them back while
// packets pass: every packet leaves.
func TestWritesWhileForwarding(t *testing.T) {
	sw, c := large(t)
	var out counter
	sw.SetWire(&out)
	stop, done := make(chan struct{}), make(chan int64)
	go func() {
		frame := []model.Frame{{Port: 1, Data: make([]byte, 64)}}
		for sent := int64(0); ; sent++ {
			select {
			case <-stop:
				done <- sent
				return
			default:
				sw.Process(frame)
			}
		}
	}()
	const n = 20000
	require.NoError(t, c.Write(context.Background(), tables.AllPipes, entries(0, n), tables.ContinueOnError))
	require.Equal(t, n, count(t, c))
	close(stop)
	require.Equal(t, <-done, out.n.Load())
	require.Positive(t, out.n.Load())
}

// BenchmarkWriteEntries adds 100,000 exact entries over BFRuntime in requests of
// 1,000.
func BenchmarkWriteEntries(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		_, c := large(b)
		updates := entries(0, 100000)
		b.StartTimer()
		require.NoError(b, c.Write(context.Background(), tables.AllPipes, updates, tables.ContinueOnError))
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100000, "ns/entry")
}

// BenchmarkReadEntries reads 100,000 entries back.
func BenchmarkReadEntries(b *testing.B) {
	_, c := large(b)
	require.NoError(b, c.Write(context.Background(), tables.AllPipes, entries(0, 100000), tables.ContinueOnError))
	for b.Loop() {
		require.Equal(b, 100000, count(b, c))
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100000, "ns/entry")
}

// BenchmarkMillionEntries fills a table of a million entries over BFRuntime; the
// memory is that of the whole process, for each entry.
func BenchmarkMillionEntries(b *testing.B) {
	const n = 1000000
	for b.Loop() {
		b.StopTimer()
		_, c := large(b)
		before := heap()
		b.StartTimer()
		for at := 0; at < n; at += 100000 {
			require.NoError(b, c.Write(context.Background(), tables.AllPipes, entries(at, 100000), tables.ContinueOnError))
		}
		b.StopTimer()
		b.ReportMetric(float64(heap()-before)/n, "B/entry")
		b.StartTimer()
		require.Equal(b, n, count(b, c))
	}
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
