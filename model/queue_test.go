package model

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gofino/pipeline/ir"
	"gofino/tables"
)

// timed is a tap that notes when.
type timed struct {
	tap
	sw *Switch
	at []int64
}

func (w *timed) Send(p Port, head, payload []byte) error {
	w.at = append(w.at, w.sw.clock.Now())
	return w.tap.Send(p, head, payload)
}

// tmBench is a switch whose queues a test sets up.
type tmBench struct {
	*bench
	w *timed
}

// newTMBench: frames are in their queue a round 240 ns after the MAC, whatever
// the chip's stages take.
func newTMBench(t testing.TB, tg ir.Target, c Config) *tmBench {
	c.Timing.Ingress = 240 - DefaultParserNS - newBench(t, tg, Config{}).sw.pipes[0].times[ir.Ingress].at(maxTimedDepth)
	b := newBench(t, tg, c)
	w := &timed{sw: b.sw}
	b.w = nil
	b.sw.SetWire(w)
	return &tmBench{b, w}
}

// tm writes an entry of a tm table in a pipe (-1: all).
func (b *tmBench) tm(table string, pipe int, key []any, action string, data ...tables.DataField) error {
	return b.tmOp(tables.Modify, table, pipe, key, action, data...)
}

func (b *tmBench) tmOp(op tables.Op, table string, pipe int, key []any, action string, data ...tables.DataField) error {
	b.t.Helper()
	spec, err := b.sw.API().Schema().Find(b.sw.tm.prefix() + table)
	b.must(err)
	e := tables.TableEntry{Table: spec.Name, Action: action, Data: data, Default: len(spec.Key) == 0, Key: tmKey(spec, key)}
	return b.sw.API().Write(context.Background(), tables.Target{Pipe: pipe + 1}, []tables.Update{{Op: op, Entry: e}}, tables.RollbackOnError)
}

func tmKey(spec *tables.TableSpec, key []any) (out []tables.KeyField) {
	for i, k := range key {
		f := tables.KeyField{Name: spec.Key[i].Name}
		switch k := k.(type) {
		case string:
			f.Str, f.Value = k, []byte(k)
		case int:
			f.Value = num64(uint64(k))
		}
		out = append(out, f)
	}
	return out
}

// get reads an entry.
func (b *tmBench) get(table string, pipe int, key ...any) record {
	b.t.Helper()
	spec, err := b.sw.API().Schema().Find(b.sw.tm.prefix() + table)
	b.must(err)
	for e, err := range b.sw.API().Read(context.Background(), tables.Target{Pipe: pipe + 1}, tables.Query{Table: spec.Name, Key: tmKey(spec, key), Default: len(spec.Key) == 0}) {
		b.must(err)
		r := record{actionField: e.Action}
		for _, d := range e.Data {
			r[d.Name] = d.Value
		}
		return r
	}
	b.t.Fatalf("table %s has no entry %v", table, key)
	return nil
}

// lineOf sets a port's speed.
func (b *tmBench) speed(p int, speed string) {
	b.must(b.tm("port.sched_cfg", -1, []any{p}, "", field("scheduling_speed", speed)))
}

// sized is a command whose stored packet has n bytes, FCS included.
func (b *tmBench) sized(c command, n int) []byte {
	c.payload = strings.Repeat("x", n-fcsBytes-igIntrBytes-areaBytes(b.tg)-cmdBytes)
	return c.bytes()
}

// header is the egress header of a packet that left.
func (b *tmBench) header(i int) bitString { return bitString(b.w.out[i].data[:egBytes(b.tg)]) }

func (x bitString) num(bit, width int) (n int64) {
	for i := range width {
		n = n<<1 | int64(x[(bit+i)/8]>>(7-(bit+i)%8)&1)
	}
	return n
}

// delta is deq_timedelta less what an empty queue costs.
func (b *tmBench) waited(i int) int64 {
	if b.tg == ir.Tofino2 {
		return b.header(i).num(120, 32) - DefaultQueueNS
	}
	return b.header(i).num(134, 18) - DefaultQueueNS
}

// At 10 Gbit/s a frame of 1230 bytes takes the line 1000 ns, and 16 cells of 80
// bytes, or 7 of 176. The frames come to their queue 240 ns after the MAC, and
// can leave it 80 ns later:
//
//	enq   1240  1340  1840  2540
//	deq   1320  2320  3320  4320
func TestQueuedBurst(t *testing.T) {
	for _, tg := range targets {
		b := newTMBench(t, tg, Config{})
		b.speed(9, "BF_SPEED_10G")
		data := b.sized(command{flags: fUcast, port: 9, qid: 3}, 1230)
		n := int64(16)
		if tg == ir.Tofino2 {
			n = 7
		}
		var batch []Frame
		for _, at := range []int64{1000, 1100, 1600, 2300} {
			batch = append(batch, Frame{Port: 1, Data: data, Time: at})
		}
		b.sw.Process(batch)
		if len(b.w.out) != 0 {
			t.Fatalf("%d packets left at once", len(b.w.out))
		}
		b.must(b.sw.RunUntil(100_000))
		if len(b.w.out) != 4 {
			t.Fatalf("%d packets left, want 4 (drops %v)", len(b.w.out), b.drops())
		}
		for i, want := range []struct{ enq, deq, before, behind int64 }{
			{1240, 1320, 0, 0}, {1340, 2320, 0, n}, {1840, 3320, n, n}, {2540, 4320, n, 0},
		} {
			x := b.header(i)
			x.want(t, "enq_qdepth", 21, 19, want.before)
			x.want(t, "deq_qdepth", 85, 19, want.behind)
			if tg == ir.Tofino {
				x.want(t, "enq_tstamp", 62, 18, want.enq)
				x.want(t, "deq_timedelta", 134, 18, want.deq-want.enq)
			} else {
				x.want(t, "enq_tstamp", 48, 32, want.enq)
				x.want(t, "deq_timedelta", 120, 32, want.deq-want.enq)
			}
			if b.w.at[i] != want.deq {
				t.Errorf("packet %d left its queue at %d, want %d", i, b.w.at[i], want.deq)
			}
		}
		r := b.get("counter.queue", 0, 9/b.sw.tm.shape.ports, 9%b.sw.tm.shape.ports*b.sw.tm.shape.queues/b.sw.tm.shape.ports+3)
		if r.num("usage_cells") != 0 || r.num("watermark_cells") != uint64(2*n) {
			t.Errorf("tm.counter.queue: usage %d, watermark %d, want 0 and %d", r.num("usage_cells"), r.num("watermark_cells"), 2*n)
		}
	}
}

// An empty queue tells a packet what no queue does.
func TestEmptyQueueIsLikeNone(t *testing.T) {
	for _, tg := range targets {
		data := command{flags: fUcast | fGroupA, port: 9, a: 7, rid: 1, qid: 3, cos: 2, payload: "abc"}.bytes()
		var got [2][]sent
		for i := range got {
			b := newTMBench(t, tg, Config{Queues: i == 0})
			b.group(7, 5, 150, 151)
			b.sw.Process([]Frame{{Port: 1, Data: data, Time: 5}})
			b.must(b.sw.RunUntil(10_000))
			got[i] = b.w.out
		}
		with, without := got[0], got[1]
		if len(with) != 3 || len(with) != len(without) {
			t.Fatalf("left on %v and %v", ports(with), ports(without))
		}
		slices.SortFunc(with, func(a, b sent) int { return int(a.port) - int(b.port) })
		slices.SortFunc(without, func(a, b sent) int { return int(a.port) - int(b.port) })
		for i := range with {
			if with[i].port != without[i].port || !bytes.Equal(with[i].data, without[i].data) {
				t.Errorf("port %d: %x through a queue, %x without", with[i].port, with[i].data, without[i].data)
			}
		}
	}
}

// Queue 0 of port 9 holds 40 cells: of five frames of 16 cells, two.
func TestTailDrop(t *testing.T) {
	b := newTMBench(t, ir.Tofino, Config{})
	b.must(b.tm("queue.buffer", -1, []any{2, 8}, "buffer_only", field("guaranteed_cells", num32(40))))
	data := b.sized(command{flags: fUcast, port: 9}, 1230)
	b.backlog(5, data)
	b.must(b.sw.RunUntil(1300))
	r := b.get("counter.queue", 0, 2, 8)
	if r.num("usage_cells") != 32 || r.num("drop_count_packets") != 3 || r.num("watermark_cells") != 32 {
		t.Errorf("tm.counter.queue: %v", r)
	}
	if n := b.get("counter.eg_port", -1, 9).num("drop_count_packets"); n != 3 {
		t.Errorf("tm.counter.eg_port: %d drops, want 3", n)
	}
	if n := b.get("counter.pipe", 0).num("eg_total_drop_packets"); n != 3 {
		t.Errorf("tm.counter.pipe: %d drops, want 3", n)
	}
	b.must(b.sw.RunUntil(100_000))
	if len(b.w.out) != 2 {
		t.Errorf("%d frames left, want 2", len(b.w.out))
	}
	b.wantDrop(DropTail, 3)
	b.must(b.tm("counter.queue", 0, []any{2, 8}, "", field("drop_count_packets", num64(0))))
	if r := b.get("counter.queue", 0, 2, 8); r.num("drop_count_packets") != 0 || r.num("watermark_cells") != 32 {
		t.Errorf("after its drops were cleared: %v", r)
	}
}

// A dynamic limit: pool_max_cells + (size - used) * 50 %. With a pool of 160 cells
// and frames of 16: n frames need 16n <= 16 + (160-16(n-1))/2, so 4 fit, a fifth
// finds 64+16 > 16+48.
func TestDynamicThreshold(t *testing.T) {
	b := newTMBench(t, ir.Tofino, Config{})
	b.must(b.tm("pool.cfg", -1, []any{"EG_APP_POOL_1"}, "", field("size_cells", num32(160))))
	b.must(b.tm("queue.buffer", 0, []any{2, 8}, "shared_pool", field("guaranteed_cells", num32(0)), field("pool_id", "EG_APP_POOL_1"),
		field("pool_max_cells", num32(16)), field("dynamic_baf", "50%")))
	b.backlog(9, b.sized(command{flags: fUcast, port: 9}, 1230))
	b.must(b.sw.RunUntil(1250))
	if r := b.get("counter.queue", 0, 2, 8); r.num("usage_cells") != 64 || r.num("drop_count_packets") != 5 {
		t.Errorf("tm.counter.queue: usage %d, drops %d, want 64 and 5", r.num("usage_cells"), r.num("drop_count_packets"))
	}
	if n := b.get("counter.pool", -1, "EG_APP_POOL_1").num("usage_cells"); n != 64 {
		t.Errorf("tm.counter.pool: usage %d, want 64", n)
	}
}

// Red packets have half of 100 cells: three of 16; green ones have all: six in all.
func TestColorLimit(t *testing.T) {
	b := newTMBench(t, ir.Tofino, Config{})
	b.must(b.tm("queue.buffer", 0, []any{2, 8}, "buffer_only", field("guaranteed_cells", num32(100))))
	b.must(b.tm("queue.color", 0, []any{2, 8}, "", field("drop_enable", true), field("drop_limit_red", "50%")))
	red := b.sized(command{flags: fUcast, port: 9, h2: 3 << 14}, 1230)
	b.backlog(5, red)
	b.backlog(5, b.sized(command{flags: fUcast, port: 9}, 1230))
	b.must(b.sw.RunUntil(1250))
	b.wantDrop(DropColor, 2)
	b.wantDrop(DropTail, 2)
	if n := b.get("counter.queue", 0, 2, 8).num("usage_cells"); n != 96 {
		t.Errorf("usage %d, want 96", n)
	}
}

// What would be dropped and asks for it goes to its pipe's port for such packets
// instead, and says so.
func TestDeflectOnDrop(t *testing.T) {
	b := newTMBench(t, ir.Tofino, Config{})
	b.must(b.tm("queue.buffer", 0, []any{2, 8}, "buffer_only", field("guaranteed_cells", num32(20))))
	b.must(b.tm("pipe.cfg", 0, nil, "", field("mirror_drop_pg_id", num8(3)), field("mirror_drop_pg_queue", num8(18))))
	if r := b.get("pipe.cfg", 0); r.num("mirror_drop_dev_port") != 14 || r.num("mirror_drop_queue_nr") != 2 {
		t.Errorf("tm.pipe.cfg: %v, want port 14, queue 2", r)
	}
	b.backlog(2, b.sized(command{flags: fUcast, port: 9}, 1230))
	b.backlog(1, b.sized(command{flags: fUcast, port: 9, cos: 0x80}, 1230))
	b.must(b.sw.RunUntil(100_000))
	b.wantDrop(DropTail, 1)
	if got := ports(b.w.out); !slices.Equal(got, []Port{14, 9}) {
		t.Fatalf("left on %v, want 14, 9", got)
	}
	b.header(0).want(t, "deflection_flag", 199, 1, 1)
	b.header(0).want(t, "egress_qid", 179, 5, 2)
	b.header(1).want(t, "deflection_flag", 199, 1, 0)
}

func TestPriorityGroupLimit(t *testing.T) {
	b := newTMBench(t, ir.Tofino, Config{Queues: true})
	b.must(b.tmOp(tables.Insert, "ppg.cfg", -1, []any{5}, "dev_port", field("dev_port", num32(1)), field("icos_2", true), field("guaranteed_cells", num32(32))))
	b.backlog(3, b.sized(command{flags: fUcast, port: 9, cos: 2}, 1230))
	b.backlog(3, b.sized(command{flags: fUcast, port: 9, cos: 1}, 1230))
	b.must(b.sw.RunUntil(1250))
	b.wantDrop(DropIngressBuffer, 1)
	if r := b.get("counter.ppg", 0, 5); r.num("drop_count_packets") != 1 || r.num("guaranteed_min_usage_cells") != 32 {
		t.Errorf("tm.counter.ppg: %v", r)
	}
	if r := b.get("port.dpg", -1, 1); r.flag("icos_2") || !r.flag("icos_1") {
		t.Errorf("tm.port.dpg: %v", r)
	}
	err := b.tmOp(tables.Insert, "ppg.cfg", -1, []any{6}, "dev_port", field("dev_port", num32(1)), field("icos_2", true))
	if err == nil || !strings.Contains(err.Error(), "icos_2: ppg 5 of port 1 has it") {
		t.Errorf("icos_2 twice: %v", err)
	}
	b.must(b.tmOp(tables.Delete, "ppg.cfg", -1, []any{5}, ""))
	if r := b.get("port.dpg", -1, 1); !r.flag("icos_2") {
		t.Errorf("tm.port.dpg after the group was deleted: %v", r)
	}
}

func TestTimestampShift(t *testing.T) {
	b := newTMBench(t, ir.Tofino, Config{})
	b.must(b.tm("cfg", -1, nil, "", field("timestamp_shift_bits", num8(3))))
	b.sw.Process([]Frame{{Port: 1, Data: command{flags: fUcast, port: 9}.bytes(), Time: 10_000}})
	b.header(0).want(t, "enq_tstamp", 62, 18, 10_240>>3)
	b.header(0).want(t, "deq_timedelta", 134, 18, 80>>3)
}

// Every table has all its entries, takes what it gave, and refuses what is not
// there, by name.
func TestTMTablesReadBack(t *testing.T) {
	for _, tg := range targets {
		b := newTMBench(t, tg, Config{})
		before := b.sw.StateHash()
		count := 0
		for _, ft := range b.sw.tm.tables() {
			spec := ft.Spec()
			table := strings.TrimPrefix(spec.Name, b.sw.tm.prefix())
			if table == "ppg.cfg" {
				continue
			}
			count++
			var first []*tables.TableEntry
			for e, err := range b.sw.API().Read(context.Background(), tables.Target{}, tables.Query{Table: spec.Name, Default: len(spec.Key) == 0}) {
				b.must(err)
				first = append(first, e)
			}
			if len(spec.Key) == 0 && len(first) != 1 || len(spec.Key) > 0 && len(first) == 0 {
				t.Fatalf("%s: %d entries", spec.Name, len(first))
			}
			if ft.modify == nil {
				continue
			}
			e := *first[len(first)-1]
			e.Data = slices.DeleteFunc(slices.Clone(e.Data), func(d tables.DataField) bool {
				fields := spec.Data
				for _, a := range spec.Actions {
					fields = append(slices.Clip(fields), a.Data...)
				}
				i := slices.IndexFunc(fields, func(f tables.FieldSpec) bool { return f.Name == d.Name })
				return fields[i].ReadOnly
			})
			if strings.HasPrefix(table, "counter.") {
				continue
			}
			if err := b.sw.API().Write(context.Background(), tables.Target{}, []tables.Update{{Op: tables.Modify, Entry: e}}, tables.RollbackOnError); err != nil {
				t.Errorf("%s does not take back what it gave: %v", spec.Name, err)
			}
			if err := b.sw.API().Write(context.Background(), tables.Target{}, []tables.Update{{Op: tables.Delete, Entry: tables.TableEntry{Table: spec.Name, Default: len(spec.Key) == 0}}}, tables.RollbackOnError); err != nil {
				t.Errorf("%s is not cleared: %v", spec.Name, err)
			}
		}
		if want := map[ir.Target]int{ir.Tofino: 32, ir.Tofino2: 34}[tg]; count != want {
			t.Errorf("%d tables, want %d", count, want)
		}
		if b.sw.StateHash() != before {
			t.Error("what was cleared left a trace")
		}
	}
}

func TestTMErrors(t *testing.T) {
	b := newTMBench(t, ir.Tofino, Config{})
	for _, c := range []struct {
		table string
		pipe  int
		key   []any
		data  []tables.DataField
		want  string
	}{
		{"queue.sched_cfg", 0, []any{18, 0}, nil, "key field pg_id is 18 (valid: 0..17)"},
		{"queue.sched_cfg", 0, []any{0, 32}, nil, "key field pg_queue is 32 (valid: 0..31)"},
		{"queue.sched_cfg", 0, []any{0, 0}, []tables.DataField{field("dwrr_weight", num16(1024))}, "field dwrr_weight is 1024 (valid: 0..1023)"},
		{"queue.sched_cfg", 0, []any{0, 0}, []tables.DataField{field("max_priority", "8")}, `field max_priority: no choice "8" (choices: LOW, 0, 1, 2, 3, 4, 5, 6, 7, HIGH)`},
		{"queue.buffer", 0, []any{0, 0}, []tables.DataField{field("guaranteed_cells", num32(300_000))}, "field guaranteed_cells is 300000 (valid: 0..286720)"},
		{"pool.cfg", -1, []any{"EG_POOL"}, nil, `key field pool: no choice "EG_POOL" (choices: IG_APP_POOL_0,`},
		{"port.buffer", -1, []any{100}, nil, "port 100 (ports: pipe<<7 | local; pipe 0..3, local 0..71)"},
		{"pipe.cfg", 0, nil, []tables.DataField{field("mirror_drop_pg_id", num8(18))}, "field mirror_drop_pg_id is 18 (valid: 0..17)"},
		{"pipe.multicast_fifo", 0, nil, []tables.DataField{field("arbitration_mode", []string{"WRR", "FAIR"})}, `field arbitration_mode: no choice "FAIR" (choices: STRICT_PRIORITY, WRR)`},
		{"counter.queue", 0, []any{0, 0}, []tables.DataField{field("drop_count_packets", num64(5))}, "field drop_count_packets: a counter can only be set to 0"},
	} {
		err := b.tm(c.table, c.pipe, c.key, "", c.data...)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "tf1.tm."+c.table) {
			t.Errorf("%s: %v, want %q", c.table, err, c.want)
		}
	}
}

// port.group gives the ports of a group other numbers of queues.
func TestPortGroupMaps(t *testing.T) {
	b := newTMBench(t, ir.Tofino, Config{})
	b.must(b.tm("port.group", 0, []any{2}, "seq", field("port_queue_count", []uint32{4, 16, 6, 6})))
	r := b.get("port.cfg", -1, 9)
	if r.num("port_queues_count") != 16 || r.list("egress_qid_queues")[17] != 5 {
		t.Errorf("tm.port.cfg: %v", r)
	}
	if r := b.get("queue.map", 0, 2, 5); r.num("dev_port") != 9 || r.num("queue_nr") != 1 || !slices.Equal(r.list("ingress_qid_list"), []uint32{1, 17}) {
		t.Errorf("tm.queue.map: %v", r)
	}
	err := b.tm("port.group", 0, []any{2}, "seq", field("port_queue_count", []uint32{32, 1, 0, 0}))
	if err == nil || !strings.Contains(err.Error(), "33 queues in all (queues of a group: 32)") {
		t.Errorf("too many queues: %v", err)
	}
	b.speed(9, "BF_SPEED_10G")
	b.backlog(1, command{flags: fUcast, port: 9}.bytes())
	b.must(b.sw.RunUntil(1245))
	err = b.tm("port.group", 0, []any{2}, "even", field("port_queue_count", []uint32{8, 8, 8, 8}))
	if !errors.Is(err, tables.ErrInUse) {
		t.Errorf("a group whose queues hold packets: %v", err)
	}
}

// A switch that is saved while packets wait goes on as if it had not been, and a
// recording of all repeats it.
func TestQueuesAreSaved(t *testing.T) {
	for _, tg := range targets {
		const steps = 200
		play := func(b *tmBench, from, to int) {
			for i := from; i < to; i++ {
				r := rand.New(rand.NewPCG(uint64(i), 9))
				var batch []Frame
				for range r.IntN(6) {
					c := command{flags: fUcast | byte(r.IntN(2))*fGroupA | byte(r.IntN(2))*fEgMirror, port: uint16(8 + r.IntN(4)), a: 7, egSession: 5,
						qid: byte(r.IntN(12)), cos: byte(r.IntN(8)) | byte(r.IntN(2))<<7, h2: uint16(r.IntN(4)) << 14}
					batch = append(batch, Frame{Port: Port(r.IntN(60)), Data: b.sized(c, 100+r.IntN(1400))})
				}
				b.sw.Process(batch)
				b.must(b.sw.Advance(int64(r.IntN(3000))))
			}
		}
		setup := func() *tmBench {
			b := newTMBench(t, tg, Config{})
			b.group(7, 5, 150, 151)
			b.session(5, append(toPort(8), field("$direction", "BOTH"))...)
			for p := 8; p < 12; p++ {
				b.speed(p, "BF_SPEED_10G")
			}
			m := b.sw.tm
			for q := range m.shape.queues {
				b.must(b.tm("queue.buffer", 0, []any{8 / m.shape.ports, q}, "buffer_only", field("guaranteed_cells", num32(uint64(20+3*q)))))
				b.must(b.tm("queue.sched_cfg", 0, []any{8 / m.shape.ports, q}, "", field("max_rate_enable", q%3 == 0), field("min_rate_enable", q%4 == 0),
					field("max_priority", []string{"LOW", "2", "HIGH"}[q%3]), field("dwrr_weight", num16(uint64(q*7)))))
				b.must(b.tm("queue.color", 0, []any{8 / m.shape.ports, q}, "", field("drop_enable", q%2 == 0), field("drop_limit_red", "12.5%")))
				b.must(b.tm("queue.sched_shaping", 0, []any{8 / m.shape.ports, q}, "", field("max_rate", num32(3_000_000)), field("min_rate", num32(100_000))))
			}
			b.must(b.tm("pipe.cfg", 0, nil, "", field("mirror_drop_pg_id", num8(8/m.shape.ports)), field("mirror_drop_pg_queue", num8(20))))
			b.must(b.tmOp(tables.Insert, "ppg.cfg", -1, []any{5}, "dev_port", field("dev_port", num32(1)), field("icos_2", true), field("guaranteed_cells", num32(100))))
			return b
		}
		whole := setup()
		var rec bytes.Buffer
		j, err := whole.sw.Record(&rec)
		whole.must(err)
		play(whole, 0, steps)
		want := whole.sw.StateHash()
		whole.must(j.Close())
		s := whole.sw.Stats()
		if s.Drops[DropTail] == 0 || s.Drops[DropColor] == 0 || len(whole.w.out) < 300 {
			t.Fatalf("the run is dull: %d left, %v", len(whole.w.out), whole.drops())
		}
		rp, err := NewReplay(&rec, testProgram(tg))
		whole.must(err)
		if err := rp.Run(); err != nil {
			t.Error(err)
		}
		held := 0
		for _, cut := range []int{1, 37, 80, 81, 133, 199} {
			b := setup()
			play(b, 0, cut)
			held += b.sw.tm.used + b.sw.tm.held
			var file bytes.Buffer
			b.must(b.sw.Save(&file))
			first := b.w.out
			sw, err := Restore(bytes.NewReader(file.Bytes()), testProgram(tg), Config{})
			b.must(err)
			var again bytes.Buffer
			b.must(sw.Save(&again))
			if !bytes.Equal(file.Bytes(), again.Bytes()) {
				t.Fatal("a restored switch saves other bytes")
			}
			b.sw, b.w = sw, &timed{sw: sw}
			sw.SetWire(b.w)
			play(b, cut, steps)
			got := append(slices.Clone(first), b.w.out...)
			if len(got) != len(whole.w.out) {
				t.Fatalf("cut at %d: %d frames left, want %d", cut, len(got), len(whole.w.out))
			}
			for i := range got {
				if got[i].port != whole.w.out[i].port || !bytes.Equal(got[i].data, whole.w.out[i].data) {
					t.Fatalf("cut at %d: frame %d differs", cut, i)
				}
			}
			if sw.StateHash() != want {
				t.Errorf("cut at %d: another state", cut)
			}
		}
		if held == 0 {
			t.Error("no cut met a queue with packets")
		}
	}
}

// Ports without queues cost nothing: nothing is allocated, nothing waits.
func TestQueuesAllocateNothing(t *testing.T) {
	b := newTMBench(t, ir.Tofino, Config{Queues: true})
	b.sw.SetWire(discard{})
	batch := []Frame{{Port: 1, Data: b.sized(command{flags: fUcast, port: 9}, 500)}}
	now := int64(0)
	step := func() {
		b.sw.Process(batch)
		now += 1000
		b.must(b.sw.RunUntil(now))
	}
	for range 100 {
		step()
	}
	if n := testing.AllocsPerRun(200, step); n != 0 {
		t.Errorf("a packet through a queue allocates %v times", n)
	}
}

// At 10 Gbit/s a quantum of 512 bits is 51.2 ns: 1000 quanta are 51200 ns.
func TestPauseFrames(t *testing.T) {
	control := func(opcode uint16, rest ...uint16) []byte {
		b := append([]byte{1, 0x80, 0xc2, 0, 0, 1, 2, 0, 0, 0, 0, 1}, 0x88, 0x08, byte(opcode>>8), byte(opcode))
		for _, n := range rest {
			b = append(b, byte(n>>8), byte(n))
		}
		return append(b, make([]byte, 60-len(b))...)
	}
	for _, c := range []struct {
		name  string
		setup tables.DataField
		frame []byte
		left  [2]int64 // when frames of queues 0 and 1 leave; those of queue 1 have cos 3
	}{
		{"pause", field("$RX_PAUSE_FRAME_EN", true), control(1, 1000), [2]int64{51_700, 52_700}},
		{"pause, then go on", field("$RX_PAUSE_FRAME_EN", true), control(1, 0), [2]int64{1320, 2320}},
		{"PFC for cos 3", field("$RX_PFC_EN_MAP", num32(0xff)), control(0x101, 8, 9, 9, 9, 1000), [2]int64{1320, 51_700}},
		{"PFC for cos 3, which is off", field("$RX_PFC_EN_MAP", num32(0xf7)), control(0x101, 8, 9, 9, 9, 1000), [2]int64{1320, 2320}},
	} {
		b := newTMBench(t, ir.Tofino, Config{})
		b.must(b.write(tables.Insert, "$PORT", 9, field("$SPEED", "BF_SPEED_10G"), field("$FEC", "BF_FEC_TYP_NONE"), field("$PORT_ENABLE", true), c.setup))
		b.must(b.tm("queue.cfg", 0, []any{2, 9}, "", field("pfc_cos", num8(3))))
		b.sw.Process([]Frame{{Port: 9, Data: c.frame, Time: 500}})
		b.backlog(1, b.sized(command{flags: fUcast, port: 9}, 1230), b.sized(command{flags: fUcast, port: 9, qid: 1}, 1230))
		b.must(b.sw.RunUntil(1_000_000))
		var got [2]int64
		for i := range b.w.out {
			got[b.header(i).num(179, 5)] = b.w.at[i]
		}
		if got != c.left {
			t.Errorf("%s: frames left at %v, want %v (drops %v)", c.name, got, c.left, b.drops())
		}
	}
	// Where nothing is obeyed, such a frame is a packet.
	b := newTMBench(t, ir.Tofino, Config{})
	b.sw.Process([]Frame{{Port: 9, Data: control(1, 1000)}})
	b.wantDrop(DropNoDestination, 1)
}

// Queues that are taken away while packets are on their way to them, and ports
// whose group gives them none.
func TestQueuesComeAndGo(t *testing.T) {
	b := newTMBench(t, ir.Tofino, Config{})
	b.speed(9, "BF_SPEED_10G")
	data := b.sized(command{flags: fUcast, port: 9}, 1230)
	b.backlog(1, data)
	clearSched := []tables.Update{{Op: tables.Delete, Entry: tables.TableEntry{Table: "tf1.tm.port.sched_cfg"}}}
	b.must(b.sw.API().Write(context.Background(), tables.AllPipes, clearSched, tables.RollbackOnError))
	b.must(b.sw.RunUntil(10_000))
	b.backlog(1, data)
	if len(b.w.out) != 2 {
		t.Fatalf("%d frames left, want 2 (drops %v)", len(b.w.out), b.drops())
	}
	b.must(b.tm("port.group", 0, []any{2}, "seq", field("port_queue_count", []uint32{32, 0, 0, 0})))
	b.speed(11, "BF_SPEED_10G")
	b.backlog(1, b.sized(command{flags: fUcast, port: 11}, 1230))
	b.must(b.sw.RunUntil(100_000))
	b.wantDrop(DropTail, 1)
}

// A batch that fails leaves nothing of what came before.
func TestTMRollback(t *testing.T) {
	b := newTMBench(t, ir.Tofino, Config{})
	b.speed(9, "BF_SPEED_10G")
	b.backlog(20, b.sized(command{flags: fUcast, port: 9}, 1230))
	b.must(b.sw.RunUntil(5000))
	before := b.sw.StateHash()
	entry := func(table string, key []any, action string, data ...tables.DataField) tables.Update {
		spec, err := b.sw.API().Schema().Find("tf1.tm." + table)
		b.must(err)
		op := tables.Modify
		if table == "ppg.cfg" {
			op = tables.Insert
		}
		return tables.Update{Op: op, Entry: tables.TableEntry{Table: spec.Name, Action: action, Key: tmKey(spec, key), Data: data, Default: len(key) == 0}}
	}
	err := b.sw.API().Write(context.Background(), tables.AllPipes, []tables.Update{
		entry("queue.sched_cfg", []any{2, 8}, "", field("max_rate_enable", true), field("max_priority", "HIGH")),
		entry("queue.buffer", []any{2, 8}, "buffer_only", field("guaranteed_cells", num32(7))),
		entry("port.sched_cfg", []any{200}, "", field("scheduling_speed", "BF_SPEED_1G")),
		entry("pool.cfg", []any{"EG_APP_POOL_0"}, "", field("size_cells", num32(5))),
		entry("ppg.cfg", []any{4}, "dev_port", field("dev_port", num32(1)), field("icos_1", true)),
		entry("cfg", nil, "", field("timestamp_shift_bits", num8(4))),
		entry("counter.queue", []any{2, 8}, "", field("watermark_cells", num64(0))),
		entry("port.group", []any{2}, "seq", field("port_queue_count", []uint32{32})),
	}, tables.RollbackOnError)
	if !errors.Is(err, tables.ErrInvalid) && !errors.Is(err, tables.ErrInUse) {
		t.Fatalf("the batch ended with %v", err)
	}
	if b.sw.StateHash() != before {
		t.Error("a batch that failed left a trace")
	}
	if b.sw.ports[200].Load()&portQueued != 0 {
		t.Error("port 200 kept its queues")
	}
}
