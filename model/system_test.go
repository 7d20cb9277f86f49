package model

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"gofino/pipeline"
	"gofino/pipeline/ir"
	"gofino/pre"
	"gofino/tables"
)

// busy is a bench with groups, sessions and ports in many states.
func busy(t testing.TB, tg ir.Target, c Config) *bench {
	c.CPUPort = 20
	b := newBench(t, tg, c)
	b.group(1, 1, 10, 11, 140)
	b.group(1, 2, 12, 270, 400)
	b.group(2, 3, 10, 68, 190, 196)
	for id := range uint64(4) {
		b.session(id+1, append(toPort(9+128*id), field("$direction", "BOTH"), field("$mcast_grp_a", num16(2)),
			field("$mcast_grp_a_valid", id == 3), field("$max_pkt_len", num16(40*id)), field("$copy_to_cpu", id == 1))...)
	}
	b.must(b.write(tables.Insert, "$pre.prune", 1, field("$DEV_PORT", []uint32{10, 270})))
	b.sw.PortUp(12, false)
	return b
}

// traffic is random commands, most of them sensible.
func traffic(seed uint64, n int) []Frame {
	r := rand.New(rand.NewPCG(seed, 99))
	var out []Frame
	for range n {
		c := command{
			flags: byte(r.Uint32()), more: byte(r.Uint32()) &^ mResubmitAlways, drop: byte(r.Uint32()),
			port: uint16(r.IntN(4)<<7 | r.IntN(80)), a: uint16(r.IntN(3)), b: uint16(r.IntN(3)),
			igSession: uint16(r.IntN(6)), egSession: uint16(r.IntN(6)), rid: uint16(r.IntN(4)), yid: uint16(r.IntN(3)),
			h1: uint16(r.Uint32()), h2: uint16(r.Uint32()), qid: byte(r.Uint32()), cos: byte(r.Uint32()), play: byte(r.Uint32()),
			payload: string(make([]byte, r.IntN(200))),
		}
		if r.IntN(3) > 0 {
			c.drop = 0
		}
		data := c.bytes()
		if r.IntN(20) == 0 {
			data = data[:r.IntN(len(data))]
		}
		out = append(out, Frame{Port: Port(r.IntN(4)<<7 | r.IntN(72)), Data: data, Time: int64(1 + r.IntN(1e9))})
	}
	return out
}

// Same input, same seed: the same frames, in the same order, and the same
// state, 100 times; another seed differs.
func TestDeterminism(t *testing.T) {
	for _, tg := range targets {
		var first []sent
		var state [32]byte
		for i := range 101 {
			c := Config{Seed: 5}
			if i == 100 {
				c.Seed = 6
			}
			b := busy(t, tg, c)
			b.sw.Process(traffic(1, 120))
			if i == 0 {
				first, state = b.w.out, b.sw.StateHash()
				if len(first) < 100 {
					t.Fatalf("only %d frames left", len(first))
				}
				continue
			}
			same := slices.EqualFunc(b.w.out, first, func(x, y sent) bool { return x.port == y.port && bytes.Equal(x.data, y.data) })
			if i < 100 && (!same || b.sw.StateHash() != state) {
				t.Fatalf("%v: run %d differs", tg, i)
			}
			if i == 100 && (same || b.sw.StateHash() == state) {
				t.Errorf("%v: another seed makes no difference", tg)
			}
		}
	}
}

// The batch is for speed only: frames of one pipe one by one give the same
// frames. (Packets that crossed into another pipe twice may overtake others.)
func TestBatchesDoNotMatter(t *testing.T) {
	frames := traffic(3, 200)
	for i := range frames {
		frames[i].Port &= 0x7f
		if d := frames[i].Data; len(d) >= cmdBytes {
			d[24] &^= 1 // no random numbers: their order is the order of packets
		}
	}
	whole, single := busy(t, ir.Tofino, Config{}), busy(t, ir.Tofino, Config{})
	whole.sw.Process(frames)
	for i := range frames {
		single.sw.Process(frames[i : i+1])
	}
	if !slices.EqualFunc(sorted(whole.w.out), sorted(single.w.out), func(x, y sent) bool { return x.port == y.port && bytes.Equal(x.data, y.data) }) {
		t.Error("other frames left")
	}
}

func sorted(out []sent) []sent {
	slices.SortFunc(out, func(a, b sent) int { return cmp.Or(int(a.port)-int(b.port), bytes.Compare(a.data, b.data)) })
	return out
}

// Trace takes the same path through the reference engine.
func TestTraceIsProcess(t *testing.T) {
	for _, tg := range targets {
		fast, slow := busy(t, tg, Config{Seed: 2}), busy(t, tg, Config{Seed: 2})
		for i, f := range traffic(4, 150) {
			fast.w.out, slow.w.out = nil, nil
			fast.sw.Process([]Frame{f})
			var rec Recorder
			slow.sw.Trace(f, &rec)
			if !slices.EqualFunc(fast.w.out, slow.w.out, func(x, y sent) bool { return x.port == y.port && bytes.Equal(x.data, y.data) }) {
				t.Fatalf("%v frame %d: Process sent %v, Trace %v", tg, i, fast.w.out, slow.w.out)
			}
			if fast.sw.StateHash() != slow.sw.StateHash() {
				t.Fatalf("%v frame %d: states differ", tg, i)
			}
			if _, err := json.Marshal(rec.Root); err != nil {
				t.Fatal(err)
			}
			if n := len(sends(rec.Root)); n != len(slow.w.out) {
				t.Fatalf("%v frame %d: the trace has %d sends of %d", tg, i, n, len(slow.w.out))
			}
		}
	}
}

func sends(n *TraceNode) (out []Port) {
	if n == nil {
		return nil
	}
	for _, s := range n.Steps {
		if s.Chip != nil && s.Chip.Kind == ChipSend {
			out = append(out, s.Chip.Port)
		}
	}
	for _, c := range n.Children {
		out = append(out, sends(c)...)
	}
	return out
}

// The tree of a traced packet: ingress, its copies below it, what became of
// each.
func TestTraceTree(t *testing.T) {
	b := newBench(t, ir.Tofino, Config{})
	b.group(1, 1, 10)
	b.group(1, 2, 140)
	b.session(5, toPort(9)...)
	var rec Recorder
	b.sw.Trace(Frame{Port: 1, Data: command{flags: fGroupA | fUcast | fIgMirror, port: 130, a: 1, rid: 9, igSession: 5, drop: 0}.bytes()}, &rec)
	var text []string
	var walk func(n *TraceNode, depth int)
	walk = func(n *TraceNode, depth int) {
		last := ""
		steps := 0
		for _, s := range n.Steps {
			if s.Pipeline != nil {
				steps++
			} else if s.Chip.Kind != ChipReplicate {
				last = string(s.Chip.Kind)
			}
		}
		text = append(text, fmt.Sprintf("%d %s %d %s %t", depth, n.Kind, n.Port, last, steps > 0))
		for _, c := range n.Children {
			walk(c, depth+1)
		}
	}
	walk(rec.Root, 0)
	want := []string{
		"0 ingress 1  true", "1 mirror 1  false", "2 egress 9 send true", "1 egress 10 send true",
		"1 egress 130 send true", "1 egress 140 send true",
	}
	if !slices.Equal(text, want) {
		t.Errorf("tree:\n%q\nwant\n%q", text, want)
	}
	var drop Recorder
	b.sw.PortUp(1, false)
	b.sw.Trace(Frame{Port: 1, Data: []byte("x")}, &drop)
	if n := drop.Root; n == nil || len(n.Steps) != 1 || n.Steps[0].Chip.Kind != ChipDrop || n.Steps[0].Chip.Attrs[0] != (pipeline.Attr{Name: "reason", Value: "port down"}) {
		t.Errorf("dropped at the port: %+v", n)
	}
}

// A program of several pipelines: each pipe runs its own, and a packet sees the
// ingress of one and the egress of another.
func TestPipelinesByPipe(t *testing.T) {
	p := testProgram(ir.Tofino)
	other := loopProgram(false).Pipelines[0]
	other.Name = "other"
	in := other.Ingress
	in.Control = []ir.Stmt{assign(in.Intr[ir.UcastEgressPort], constant(9, 7)), assign(in.Intr[ir.UcastValid], constant(1, 1))}
	p.Pipelines = append(p.Pipelines, other)
	p.Scope = []int{0, 1}
	sw, err := New(p, Config{})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, sw: sw, w: &tap{}, tg: ir.Tofino}
	sw.SetWire(b.w)
	// Pipe 1 sends everything to port 7, unchanged; pipe 0's egress parses it.
	body := command{flags: 0, payload: "x"}.bytes()
	out := b.run(130, append(make([]byte, 16), body...))
	b.wantPorts(out, 7)
	if got := b.told(out[0]); !bytes.Equal(got.packet, body) {
		t.Errorf("left: %x", out[0].data)
	}
	// Pipe 0 sends to pipe 3, whose egress parses nothing and emits nothing.
	out = b.run(1, command{flags: fUcast, port: 3<<7 | 1}.bytes())
	b.wantPorts(out, 3<<7|1)
	if len(out[0].data) != 27+16+cmdBytes {
		t.Errorf("left: %x", out[0].data)
	}
}

// FuzzProcess: no packet on any port breaks the chip, and both engines agree.
func FuzzProcess(f *testing.F) {
	for _, x := range traffic(7, 20) {
		f.Add(uint16(x.Port), x.Data)
	}
	f.Add(uint16(68), command{flags: fUcast | fResubmit, port: 68}.bytes())
	f.Add(uint16(1000), []byte{})
	f.Fuzz(func(t *testing.T, port uint16, data []byte) {
		fast, slow := busy(t, ir.Tofino, Config{MaxReentries: 20}), busy(t, ir.Tofino, Config{MaxReentries: 20})
		frame := Frame{Port: Port(port), Data: data, Time: 1}
		fast.sw.Process([]Frame{frame})
		slow.sw.Trace(frame, new(Recorder))
		if !slices.EqualFunc(fast.w.out, slow.w.out, func(x, y sent) bool { return x.port == y.port && bytes.Equal(x.data, y.data) }) {
			t.Errorf("Process sent %v, Trace %v", fast.w.out, slow.w.out)
		}
		if fast.sw.StateHash() != slow.sw.StateHash() {
			t.Error("states differ")
		}
	})
}

// null is a Wire for speed.
type null struct{ frames, bytes int }

func (n *null) Send(_ Port, head, payload []byte) error {
	n.frames++
	n.bytes += len(head) + len(payload)
	return nil
}

// After warming up, Process allocates nothing: unicast, ten-way multicast over
// two pipes, mirroring, resubmit, recirculation.
func TestProcessAllocatesNothing(t *testing.T) {
	b := newBench(t, ir.Tofino, Config{CPUPort: 20})
	for i := range pre.RID(10) {
		b.group(1, i+1, pre.Port(i), pre.Port(i)+128)
	}
	b.session(1, toPort(9)...)
	b.session(2, append(toPort(140), field("$direction", "EGRESS"))...)
	b.sw.SetWire(&null{})
	payload := string(make([]byte, 1000))
	for name, c := range map[string]command{
		"unicast":     {flags: fUcast, port: 7},
		"other pipe":  {flags: fUcast, port: 300},
		"multicast":   {flags: fGroupA, a: 1, rid: 20},
		"bypass":      {flags: fGroupA | fBypass, a: 1, rid: 20},
		"cpu":         {flags: fUcast | fCPU, port: 7},
		"mirror":      {flags: fUcast | fIgMirror | fEgMirror, port: 7, igSession: 1, egSession: 2},
		"resubmit":    {flags: fUcast | fResubmit, port: 7},
		"recirculate": {flags: fUcast, port: 68},
		"random":      {flags: fUcast, port: 7, more: 1},
	} {
		c.payload = payload
		batch := []Frame{}
		for range 4 {
			batch = append(batch, Frame{Port: 3, Data: c.bytes()})
		}
		for range 5 {
			b.sw.Process(batch)
		}
		if n := testing.AllocsPerRun(50, func() { b.sw.Process(batch) }); n != 0 {
			t.Errorf("%s: %v allocs per batch, want 0", name, n)
		}
	}
}

// safeTap counts under the ports' locks, so a Wire needs none of its own per
// pipe.
type safeTap struct{ perPipe [maxPipes]int }

func (w *safeTap) Send(p Port, head, payload []byte) error {
	w.perPipe[p.Pipe()]++
	return nil
}

// TestHammerPipes runs one worker per pipe, all sending to all pipes, while
// controllers write. For the race detector; nothing may be lost.
func TestHammerPipes(t *testing.T) {
	b := newBench(t, ir.Tofino, Config{})
	b.group(1, 1, 10, 140, 270, 400)
	w := &safeTap{}
	b.sw.SetWire(w)
	const rounds, size = 60, 8
	var wg sync.WaitGroup
	for n := range Port(maxPipes) {
		wg.Go(func() {
			batch := []Frame{}
			for range size {
				batch = append(batch, Frame{Port: n<<7 | 1, Data: command{flags: fGroupA | fEgMirror, egSession: 3, a: 1, rid: 9, payload: "some payload"}.bytes()})
			}
			for range rounds {
				b.sw.Process(batch)
			}
		})
	}
	wg.Go(func() {
		for i := range 200 {
			_ = b.writeAction(tables.InsertOrModify, "$mirror.cfg", "$normal", 4, append(toPort(9), field("$session_enable", i%2 == 0))...)
			_ = b.write(tables.Modify, "$pre.prune", 7, field("$DEV_PORT", []uint32{uint32(i % 72)}))
			_ = b.write(tables.InsertOrModify, "$PORT", 30, field("$SPEED", "BF_SPEED_10G"), field("$FEC", "BF_FEC_TYP_NONE"), field("$PORT_ENABLE", i%2 == 0))
			b.read("$PORT_STAT", 10)
			b.sw.Stats()
			b.sw.PortUp(31, i%2 == 0)
		}
	})
	wg.Wait()
	for n, got := range w.perPipe {
		if got != maxPipes*rounds*size {
			t.Errorf("pipe %d: %d frames left, want %d", n, got, maxPipes*rounds*size)
		}
	}
	b.wantDrop(DropMirrorSession, maxPipes*maxPipes*rounds*size)
}

func BenchmarkUnicast(b *testing.B)  { benchmark(b, command{flags: fUcast, port: 7}) }
func BenchmarkOneToTen(b *testing.B) { benchmark(b, command{flags: fGroupA, a: 1, rid: 20}) }

// benchmark reports time per packet in, in batches of 32.
func benchmark(b *testing.B, c command) {
	x := newBench(b, ir.Tofino, Config{})
	for i := range pre.RID(10) {
		x.group(1, i+1, pre.Port(i))
	}
	x.sw.SetWire(&null{})
	c.payload = string(make([]byte, 1000))
	batch := []Frame{}
	for range 32 {
		batch = append(batch, Frame{Port: 3, Data: c.bytes()})
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		x.sw.Process(batch)
		n += len(batch)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/packet")
}
