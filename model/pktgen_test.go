package model_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"gofino/internal/clock"
	"gofino/model"
	"gofino/p4"
	"gofino/pipeline/ir"
	"gofino/tables"
)

// genBench is a switch with testdata/pktgen.p4.
type genBench struct {
	t  testing.TB
	sw *model.Switch
	w  *outlet
	tg ir.Target
}

func compileGen(t testing.TB, tg ir.Target) *ir.Program {
	t.Helper()
	prog, diags := p4.Compile("testdata/pktgen.p4", p4.Options{Target: tg})
	if prog == nil {
		t.Fatal(diags)
	}
	return prog
}

func newGen(t testing.TB, tg ir.Target, c model.Config) *genBench {
	t.Helper()
	sw, err := model.New(compileGen(t, tg), c)
	if err != nil {
		t.Fatal(err)
	}
	b := &genBench{t: t, sw: sw, w: &outlet{}, tg: tg}
	sw.SetWire(b.w)
	t.Cleanup(sw.Close)
	return b
}

func (b *genBench) full(table string) string {
	if b.tg == ir.Tofino2 {
		return "tf2.pktgen." + table
	}
	return "tf1.pktgen." + table
}

func key(name string, n uint32) tables.KeyField { return tables.KeyField{Name: name, Value: u32(n)} }

func (b *genBench) try(pipe tables.Target, op tables.Op, table, action string, k []tables.KeyField, d ...tables.DataField) error {
	e := tables.TableEntry{Table: b.full(table), Action: action, Key: k, Data: d}
	return b.sw.API().Write(context.Background(), pipe, []tables.Update{{Op: op, Entry: e}}, tables.RollbackOnError)
}

func (b *genBench) app(id uint32, action string, d ...tables.DataField) {
	b.t.Helper()
	if err := b.try(tables.AllPipes, tables.Modify, "app_cfg", action, []tables.KeyField{key("app_id", id)}, d...); err != nil {
		b.t.Fatal(err)
	}
}

func (b *genBench) port(p uint32, field string) {
	b.t.Helper()
	if err := b.try(tables.AllPipes, tables.Modify, "port_cfg", "", []tables.KeyField{key("dev_port", p)}, data(field, true)); err != nil {
		b.t.Fatal(err)
	}
}

// fill writes the whole template buffer of every pipe and returns it.
func (b *genBench) fill(seed uint64) []byte {
	b.t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	buf := make([]byte, 16<<10)
	list := make([]uint32, len(buf))
	for i := range buf {
		buf[i] = byte(r.Uint32())
		list[i] = uint32(buf[i])
	}
	k := []tables.KeyField{key("pkt_buffer_offset", 0), key("pkt_buffer_size", uint32(len(buf)))}
	if err := b.try(tables.AllPipes, tables.Modify, "pkt_buffer", "", k, data("buffer", list)); err != nil {
		b.t.Fatal(err)
	}
	return buf
}

func (b *genBench) read(pipe tables.Target, table string, k ...tables.KeyField) *tables.TableEntry {
	b.t.Helper()
	for e, err := range b.sw.API().Read(context.Background(), pipe, tables.Query{Table: b.full(table), Key: k}) {
		if err != nil {
			b.t.Fatal(err)
		}
		return e
	}
	b.t.Fatalf("%s: no entry", table)
	return nil
}

func (b *genBench) counters(pipe tables.Target, id uint32) (out [3]uint64) {
	b.t.Helper()
	e := b.read(pipe, "app_cfg", key("app_id", id))
	for i, f := range []string{"trigger_counter", "batch_counter", "pkt_counter"} {
		n := slices.IndexFunc(e.Data, func(d tables.DataField) bool { return d.Name == f })
		out[i] = binary.BigEndian.Uint64(e.Data[n].Value.([]byte))
	}
	return out
}

func (b *genBench) take() []string {
	out := b.w.out
	b.w.out = nil
	return out
}

func (b *genBench) advance(ns int64) {
	b.t.Helper()
	if err := b.sw.Advance(ns); err != nil {
		b.t.Fatal(err)
	}
}

func both(t *testing.T, f func(t *testing.T, tg ir.Target)) {
	t.Run("tofino", func(t *testing.T) { f(t, ir.Tofino) })
	t.Run("tofino2", func(t *testing.T) { f(t, ir.Tofino2) })
}

// genPort is a generator port of a pipe.
func genPort(tg ir.Target, pipe uint32) uint32 {
	if tg == ir.Tofino2 {
		return pipe<<7 | 6
	}
	return pipe<<7 | 68
}

// A hand-computed burst: 2 batches of 2 packets of 100 bytes, 1000 ns after
// app_enable, on every pipe; 110 bytes with header and FCS take 11 cycles of
// 1.22 GHz at 100 Gbit/s (10.74), 12 of 1.3125 GHz (11.55).
func TestPktgenOneShotByHand(t *testing.T) {
	both(t, func(t *testing.T, tg ir.Target) {
		b := newGen(t, tg, model.Config{Pipes: 2})
		buf := b.fill(1)
		for n := range uint32(2) {
			b.port(genPort(tg, n), "pktgen_enable")
		}
		conf := []tables.DataField{
			data("timer_nanosec", u32(1000)), data("pkt_len", u16(100)), data("pkt_buffer_offset", u16(32)),
			data("batch_count_cfg", u16(1)), data("packets_per_batch_cfg", u16(1)), data("ibg", u32(0)), data("ipg", u32(0)),
		}
		// Enabled at 5000 ns. Tofino: cycle 6100; packets at 7320, 7331, 7342 and
		// 7353. Tofino 2: cycle 6563; packets at 7875, 7887, 7899 and 7911. That
		// is, each rounded up to the next nanosecond:
		times := []int64{6000, 6010, 6019, 6028}
		id := byte(3)
		second := byte(1<<3 | id)
		if tg == ir.Tofino2 {
			conf = append(conf, data("assigned_chnl_id", []byte{6}))
			second = 1<<4 | id
		}
		b.app(uint32(id), "trigger_timer_one_shot", conf...)
		b.advance(5000)
		if out := b.take(); len(out) != 0 {
			t.Fatalf("disabled, but: %v", out)
		}
		b.app(uint32(id), "", data("app_enable", true))
		b.advance(999)
		if out := b.take(); len(out) != 0 {
			t.Fatalf("after 999 ns: %v", out)
		}
		b.advance(100_000)
		var want []string
		for i, at := range times {
			for p, first := range []byte{id, second} {
				want = append(want, fmt.Sprintf("9 %04x%012x%02x00%04x%04x%x", p<<7, at, first, i/2, i%2, buf[32:132]))
			}
		}
		if got := b.take(); !slices.Equal(got, want) {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		// Over all pipes the counters are sums, and the application stays enabled.
		if got := b.counters(tables.AllPipes, 3); got != [3]uint64{2, 4, 8} {
			t.Errorf("counters %v", got)
		}
		if got := b.counters(tables.OnePipe(1), 3); got != [3]uint64{1, 2, 4} {
			t.Errorf("counters of pipe 1 %v", got)
		}
		b.app(3, "", data("app_enable", true)) // it is: nothing starts
		b.advance(100_000)
		b.app(3, "", data("app_enable", false), data("pkt_counter", make([]byte, 8)))
		b.app(3, "", data("app_enable", true)) // again
		b.advance(100_000)
		if got := len(b.take()); got != 8 {
			t.Errorf("%d packets after it was disabled and enabled", got)
		}
		if got := b.counters(tables.AllPipes, 3); got != [3]uint64{4, 8, 8} {
			t.Errorf("counters %v", got)
		}
	})
}

// A port counts once until it is cleared; the packets show which it was, and
// only the pipe of the port generates.
func TestPktgenPortDown(t *testing.T) {
	both(t, func(t *testing.T, tg ir.Target) {
		b := newGen(t, tg, model.Config{})
		buf := b.fill(2)
		conf := []tables.DataField{data("app_enable", true), data("pkt_len", u16(20)), data("packets_per_batch_cfg", u16(1))}
		if tg == ir.Tofino2 {
			conf = append(conf, data("assigned_chnl_id", []byte{6}), data("port_mask_sel", u32(1)))
			mask := make([]byte, 9)
			for _, l := range []int{8, 20, 71} {
				mask[8-l/8] |= 1 << (l % 8)
			}
			if err := b.try(tables.AllPipes, tables.Modify, "port_mask", "", []tables.KeyField{key("port_mask_sel", 1)}, data("mask", mask)); err != nil {
				t.Fatal(err)
			}
		}
		for n := range uint32(4) {
			b.port(genPort(tg, n), "pktgen_enable")
		}
		b.app(2, "trigger_port_down", conf...)
		want := func(port model.Port) []string {
			var out []string
			first := byte(port.Pipe()<<3 | 2)
			if tg == ir.Tofino2 {
				first = byte(port.Pipe()<<4 | 2)
			}
			for i := range 2 {
				out = append(out, fmt.Sprintf("%02x00%04x%04x%x", first, uint16(port), i, buf[:20]))
			}
			return out
		}
		flap := func(p model.Port) []string {
			b.sw.PortUp(p, false)
			b.sw.PortUp(p, false) // a second word of the same
			b.advance(1000)
			b.sw.PortUp(p, true)
			b.advance(1000)
			var out []string
			for _, o := range b.take() {
				out = append(out, o[2+16:])
			}
			return out
		}
		for _, p := range []model.Port{8, 128 + 20, 3<<7 + 71} {
			if got := flap(p); !slices.Equal(got, want(p)) {
				t.Errorf("port %d down: %v, want %v", p, got, want(p))
			}
			if got := flap(p); got != nil {
				t.Errorf("port %d down again, not cleared: %v", p, got)
			}
			b.port(uint32(p), "clear_port_down_enable")
			if got := flap(p); !slices.Equal(got, want(p)) {
				t.Errorf("port %d down after it was cleared: %v", p, got)
			}
		}
		if tg == ir.Tofino2 {
			if got := flap(30); got != nil {
				t.Errorf("port 30 is not in the mask: %v", got)
			}
		}
		if got := b.counters(tables.AllPipes, 2); got != [3]uint64{6, 6, 12} {
			t.Errorf("counters %v", got)
		}
		// Two ports at once: the second waits for the first.
		for _, p := range []uint32{8, 20} {
			b.port(p, "clear_port_down_enable")
		}
		b.sw.PortUp(20, false)
		b.sw.PortUp(8, false)
		b.advance(1000)
		var got []string
		for _, o := range b.take() {
			got = append(got, o[18:])
		}
		if w := append(want(20), want(8)...); !slices.Equal(got, w) {
			t.Errorf("two ports at once: %v, want %v", got, w)
		}
	})
}

// Tofino 2 can look at ports that are down when an application is enabled.
func TestPktgenPortDownReplay(t *testing.T) {
	for mode, want := range map[string]int{"REPLAY_NONE": 0, "REPLAY_ALL": 2, "REPLAY_MISSED": 1} {
		b := newGen(t, ir.Tofino2, model.Config{})
		b.port(6, "pktgen_enable")
		mask := bytes.Repeat([]byte{0xff}, 9)
		if err := b.try(tables.AllPipes, tables.Modify, "port_mask", "", []tables.KeyField{key("port_mask_sel", 0)}, data("mask", mask)); err != nil {
			t.Fatal(err)
		}
		if err := b.try(tables.OnePipe(0), tables.Modify, "port_down_replay", "", nil, data("replay_mode", mode)); err != nil {
			t.Fatal(err)
		}
		b.app(0, "trigger_port_down", data("assigned_chnl_id", []byte{6}), data("pkt_len", u16(9)), data("app_enable", true))
		b.sw.PortUp(9+2, false)
		b.advance(1000)
		b.app(0, "", data("app_enable", false))
		b.sw.PortUp(13, false)
		b.advance(1000)
		if n := len(b.take()); n != 1 {
			t.Errorf("%s: %d packets before", mode, n)
		}
		b.app(0, "", data("app_enable", true))
		b.advance(1000)
		if n := len(b.take()); n != want {
			t.Errorf("%s: %d packets, want %d", mode, n, want)
		}
		if got := b.read(tables.OnePipe(0), "port_down_replay").Data[0].Value; got != mode {
			t.Errorf("replay mode reads %v", got)
		}
	}
}

// A recirculated packet whose first bytes fit triggers, and goes on.
func TestPktgenRecirculation(t *testing.T) {
	both(t, func(t *testing.T, tg ir.Target) {
		b := newGen(t, tg, model.Config{})
		buf := b.fill(3)
		port := genPort(tg, 1)
		b.port(port, "pktgen_enable")
		pattern, mask := "c0ff0000", "ffff0000"
		if tg == ir.Tofino2 {
			pattern, mask = "c0ff00000000000000000000000000aa", "ffff00000000000000000000000000ff"
		}
		v, _ := hex.DecodeString(pattern)
		m, _ := hex.DecodeString(mask)
		conf := []tables.DataField{
			data("app_enable", true), data("pkt_len", u16(12)), data("batch_count_cfg", u16(1)), data("pattern_value", v), data("pattern_mask", m),
		}
		if tg == ir.Tofino2 {
			conf = append(conf, data("assigned_chnl_id", []byte{6}))
		}
		b.app(5, "trigger_recirc_pattern", conf...)
		send := func(packet string) []string {
			p, _ := hex.DecodeString(fmt.Sprintf("ee%04x%s", port, packet))
			b.sw.Process([]model.Frame{{Port: 3, Data: p}})
			b.advance(5000)
			var out []string
			for _, o := range b.take() {
				port, rest, _ := strings.Cut(o, " ")
				out = append(out, port+" "+rest[16:])
			}
			return out
		}
		fits := "c0ff1234" + "000102030405060708090a" + "aa" + "77"
		if got := send(fits); !slices.Equal(got, []string{"10 " + fits}) {
			t.Errorf("nothing is watched yet: %v", got)
		}
		b.port(port, "pattern_matching_enable")
		want := []string{"10 " + fits, fmt.Sprintf("9 0dff12340000%x", buf[:12]), fmt.Sprintf("9 0dff12350000%x", buf[:12])}
		if tg == ir.Tofino2 {
			context := fits[:32]
			want = []string{"10 " + fits, fmt.Sprintf("9 150000000000%s%x", context, buf[:12]), fmt.Sprintf("9 150000010000%s%x", context, buf[:12])}
		}
		if got := send(fits); !slices.Equal(got, want) {
			t.Errorf("got %v\nwant %v", got, want)
		}
		for _, other := range []string{"c0fe" + fits[4:], "c0ff12"} {
			if got := send(other); !slices.Equal(got, []string{"10 " + other}) {
				t.Errorf("%s: %v", other, got)
			}
		}
		if got := b.counters(tables.AllPipes, 5); got != [3]uint64{1, 2, 2} {
			t.Errorf("counters %v", got)
		}
	})
}

// Tofino 2: the ingress deparser says what to generate; the packet that asked
// needs no destination of its own.
func TestPktgenDeparser(t *testing.T) {
	b := newGen(t, ir.Tofino2, model.Config{})
	buf := b.fill(4)
	b.port(2<<7|6, "pktgen_enable")
	context := "b00102030405060708090a0b0c0d0e0f"
	v, _ := hex.DecodeString(context)
	b.app(15, "trigger_dprsr", data("app_enable", true), data("assigned_chnl_id", []byte{6}), data("pattern_value", v),
		data("pattern_mask", bytes.Repeat([]byte{0xff}, 16)), data("packets_per_batch_cfg", u16(1)), data("pkt_len", u16(7)))
	send := func(port model.Port, context string) []string {
		p, _ := hex.DecodeString("dd" + "0009" + "0011" + context)
		b.sw.Process([]model.Frame{{Port: port, Data: p}})
		b.advance(5000)
		return b.take()
	}
	got := send(2<<7|20, context)
	for i := range got {
		got[i] = got[i][:6] + got[i][18:]
	}
	want := []string{fmt.Sprintf("9 01002f0000000000%s%x", context, buf[144:161]), fmt.Sprintf("9 01002f0000000001%s%x", context, buf[144:161])}
	if !slices.Equal(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
	if got := send(20, context); got != nil {
		t.Errorf("another pipe's generator is not enabled: %v", got)
	}
	if got := send(2<<7|20, "a"+context[1:]); got != nil {
		t.Errorf("another context: %v", got)
	}
}

// Tofino 2: what changes of the priorities that ports obey goes into packets: as
// many changes as fit, or what there is when the timer ends.
func TestPktgenPFC(t *testing.T) {
	b := newGen(t, ir.Tofino2, model.Config{})
	b.port(6, "pktgen_enable")
	header := bytes.Repeat([]byte{0xa5}, 16)
	b.app(7, "trigger_pfc", data("app_enable", true), data("assigned_chnl_id", []byte{6}), data("pfc_header", header),
		data("max_pfc_events", u16(3)), data("timer_enable", true), data("timer", u16(13125))) // 10 us
	e := tables.TableEntry{Table: "$PORT", Key: []tables.KeyField{{Name: "$DEV_PORT", Value: u32(12)}}, Data: []tables.DataField{
		data("$SPEED", "BF_SPEED_10G"), data("$FEC", "BF_FEC_TYP_NONE"), data("$PORT_ENABLE", true), data("$RX_PFC_EN_MAP", u32(0x0f))}}
	if err := b.sw.API().Write(context.Background(), tables.AllPipes, []tables.Update{{Op: tables.Insert, Entry: e}}, tables.RollbackOnError); err != nil {
		t.Fatal(err)
	}
	// frame names priorities, each paused for so many quanta of 51.2 ns.
	frame := func(named byte, quanta ...uint16) {
		p := append([]byte{1, 0x80, 0xc2, 0, 0, 1, 2, 0, 0, 0, 0, 1}, 0x88, 0x08, 1, 1, 0, named)
		for _, q := range quanta {
			p = append(p, byte(q>>8), byte(q))
		}
		b.sw.Process([]model.Frame{{Port: 12, Data: append(p, make([]byte, 60-len(p))...)}})
	}
	change := func(cos, paused byte, at uint32) []byte {
		return binary.BigEndian.AppendUint32([]byte{0, 12, cos, paused}, at)
	}
	want := func(changes ...[]byte) {
		t.Helper()
		got := b.take()
		if len(changes) == 0 && len(got) == 0 {
			return
		}
		text := fmt.Sprintf("070000000000%x%x", header, bytes.Join(changes, nil))
		if len(got) != 1 || !strings.HasSuffix(got[0], text) {
			t.Errorf("got %v, want one with %s", got, text)
		}
	}
	b.advance(1000)
	frame(0x31, 1000, 0, 0, 0, 9, 9) // 0 is paused until 52200; 4 and 5 are not obeyed
	b.advance(5000)
	want()
	frame(0x03, 2000, 0) // 0 is still paused, 1 still is not: nothing changed
	b.advance(6000)      // the timer ends at 11000
	want(change(0, 1, 1000))
	frame(0x07, 0, 1000, 1000) // three changes at 12000
	b.advance(1000)
	want(change(0, 0, 12000), change(1, 1, 12000), change(2, 1, 12000))
	b.advance(100_000)
	frame(0x02, 0, 0) // ran out by itself: no change
	b.advance(20_000)
	want()
	frame(0x01, 1)
	saved := new(bytes.Buffer)
	if err := b.sw.Save(saved); err != nil {
		t.Fatal(err)
	}
	again, err := model.Restore(saved, compileGen(t, ir.Tofino2), model.Config{})
	if err != nil || again.StateHash() != b.sw.StateHash() {
		t.Fatalf("restored: %v", err)
	}
	b.sw = again
	again.SetWire(b.w)
	b.advance(11_000)
	want(change(0, 1, 133_000))
	if got := b.counters(tables.AllPipes, 7); got != [3]uint64{3, 3, 3} {
		t.Errorf("counters %v", got)
	}
}

// bfrt-fixed-tables.md: names, ids, types, sizes, fields; ptf.md: what reads back.
func TestPktgenTables(t *testing.T) {
	both(t, func(t *testing.T, tg ir.Target) {
		b := newGen(t, tg, model.Config{})
		apps, actions := 8, 4
		if tg == ir.Tofino2 {
			apps, actions = 16, 6
		}
		for _, want := range []struct {
			name, typ           string
			id                  uint32
			size, keys, actions int
		}{
			{"port_cfg", "PktgenPortCfg", 4278386689, 256, 1, 0}, {"app_cfg", "PktgenAppCfg", 4278386690, apps, 1, actions},
			{"pkt_buffer", "PktgenPktBufferCfg", 4278386691, 1024, 2, 0}, {"port_mask", "PktgenPortMaskCfg", 4278386692, 2, 1, 0},
			{"port_down_replay", "PktgenPortDownReplyCfg", 4278386693, 1, 0, 0},
		} {
			s, err := b.sw.API().Schema().Find(b.full(want.name))
			if tg == ir.Tofino && want.id > 4278386691 {
				if err == nil {
					t.Errorf("tofino has %s", s.Name)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if s.Type != want.typ || s.ID != want.id || s.Size != want.size || len(s.Key) != want.keys || len(s.Actions) != want.actions {
				t.Errorf("%s: %s id %d size %d keys %d actions %d", s.Name, s.Type, s.ID, s.Size, len(s.Key), len(s.Actions))
			}
		}
		conf := []tables.DataField{data("timer_nanosec", u32(1000)), data("pkt_len", u16(100)), data("pkt_buffer_offset", u16(4096)), data("app_enable", false)}
		b.app(1, "trigger_timer_one_shot", conf...)
		e := b.read(tables.AllPipes, "app_cfg", key("app_id", 1))
		if e.Action != "trigger_timer_one_shot" {
			t.Errorf("action %q", e.Action)
		}
		for _, want := range conf {
			i := slices.IndexFunc(e.Data, func(d tables.DataField) bool { return d.Name == want.Name })
			if i < 0 || fmt.Sprint(e.Data[i].Value) != fmt.Sprint(want.Value) {
				t.Errorf("%s reads back wrong: %v", want.Name, e.Data)
			}
		}
		if got := b.read(tables.AllPipes, "port_cfg", key("dev_port", genPort(tg, 2))); fmt.Sprint(got.Data) != "[{recirculation_enable true} {pktgen_enable false} {pattern_matching_enable false} {clear_port_down_enable true}]" {
			t.Errorf("port: %v", got.Data)
		}
		refused := func(cause error, text string, err error) {
			t.Helper()
			if !errors.Is(err, cause) || !strings.Contains(fmt.Sprint(err), text) {
				t.Errorf("%v, want %q", err, text)
			}
		}
		mod := func(table, action string, k tables.KeyField, d ...tables.DataField) error {
			return b.try(tables.AllPipes, tables.Modify, table, action, []tables.KeyField{k}, d...)
		}
		refused(tables.ErrInvalid, fmt.Sprintf("(applications: 0..%d)", apps-1), mod("app_cfg", "", key("app_id", uint32(apps)), data("app_enable", true)))
		refused(tables.ErrInvalid, "has no trigger", mod("app_cfg", "", key("app_id", 2), data("app_enable", true)))
		refused(tables.ErrInvalid, "multiple of 16", mod("app_cfg", "", key("app_id", 2), data("pkt_buffer_offset", u16(8))))
		refused(tables.ErrInvalid, "most: 16384", mod("app_cfg", "", key("app_id", 2), data("pkt_buffer_offset", u16(16368)), data("pkt_len", u16(17))))
		refused(tables.ErrInvalid, "cannot generate packets", mod("port_cfg", "", key("dev_port", 9), data("pktgen_enable", true)))
		refused(tables.ErrInvalid, "recirculation_enable", mod("port_cfg", "", key("dev_port", 9), data("recirculation_enable", true)))
		b.app(1, "", data("app_enable", true))
		refused(tables.ErrInvalid, "only while app_enable is false", mod("app_cfg", "", key("app_id", 1), data("ipg", u32(3))))
		refused(tables.ErrNotSupported, "", b.try(tables.AllPipes, tables.Insert, "app_cfg", "trigger_port_down", []tables.KeyField{key("app_id", 2)}))
		if tg == ir.Tofino2 {
			pfc := func(most uint16, more ...tables.DataField) error {
				return mod("app_cfg", "trigger_pfc", key("app_id", 2), append(more, data("max_pfc_events", u16(most)))...)
			}
			refused(tables.ErrInvalid, "max_pfc_events is 0 (1..1023)", pfc(0))
			refused(tables.ErrInvalid, "timer is 0", pfc(1, data("timer_enable", true)))
			refused(tables.ErrInvalid, "one packet at a time", pfc(1, data("batch_count_cfg", u16(1))))
			if err := pfc(1); err != nil {
				t.Error(err)
			}
			refused(tables.ErrInvalid, "application 2 of pipe 0 has trigger_pfc already", mod("app_cfg", "trigger_pfc", key("app_id", 3), data("max_pfc_events", u16(1))))
			b.app(2, "trigger_port_down")
			refused(tables.ErrNotSupported, "not public", mod("app_cfg", "", key("app_id", 2), data("offset_len_from_recir_pkt_enable", true)))
		}
		k := []tables.KeyField{key("pkt_buffer_offset", 160), key("pkt_buffer_size", 3)}
		if err := b.try(tables.OnePipe(1), tables.Modify, "pkt_buffer", "", k, data("buffer", []uint32{7, 8, 255})); err != nil {
			t.Fatal(err)
		}
		if got := b.read(tables.OnePipe(1), "pkt_buffer", k...).Data[0].Value; fmt.Sprint(got) != "[7 8 255]" {
			t.Errorf("buffer: %v", got)
		}
		if got := b.read(tables.OnePipe(0), "pkt_buffer", k...).Data[0].Value; fmt.Sprint(got) != "[0 0 0]" {
			t.Errorf("buffer of pipe 0: %v", got)
		}
		refused(tables.ErrInvalid, "buffer has 1 bytes", b.try(tables.AllPipes, tables.Modify, "pkt_buffer", "", k, data("buffer", []uint32{1})))
		// A batch that fails leaves no trace.
		before := b.sw.StateHash()
		err := b.sw.API().Write(context.Background(), tables.AllPipes, []tables.Update{
			{Op: tables.Modify, Entry: tables.TableEntry{Table: b.full("app_cfg"), Key: []tables.KeyField{key("app_id", 3)}, Action: "trigger_port_down", Data: []tables.DataField{data("app_enable", true)}}},
			{Op: tables.Modify, Entry: tables.TableEntry{Table: b.full("port_cfg"), Key: []tables.KeyField{key("dev_port", genPort(tg, 0))}, Data: []tables.DataField{data("pattern_matching_enable", true)}}},
			{Op: tables.Delete, Entry: tables.TableEntry{Table: b.full("app_cfg")}},
			{Op: tables.Modify, Entry: tables.TableEntry{Table: b.full("app_cfg"), Key: []tables.KeyField{key("app_id", 99)}}},
		}, tables.RollbackOnError)
		if err == nil || b.sw.StateHash() != before {
			t.Errorf("after a refused batch (%v) the state is another", err)
		}
	})
}

// Tofino's ports 64 to 67 recirculate once they are told to.
func TestRecirculationEnable(t *testing.T) {
	b := newGen(t, ir.Tofino, model.Config{})
	p, _ := hex.DecodeString(fmt.Sprintf("ee%04x55", 128+65))
	b.sw.Process([]model.Frame{{Port: 3, Data: p}})
	if got := b.take(); !slices.Equal(got, []string{"193 55"}) {
		t.Errorf("before: %v", got)
	}
	b.port(128+64, "recirculation_enable")
	b.sw.Process([]model.Frame{{Port: 3, Data: p}})
	if got := b.take(); len(got) != 1 || !strings.HasPrefix(got[0], "10 00c1") {
		t.Errorf("after: %v", got)
	}
}

// A switch saved in the middle of a batch goes on where it was.
func TestPktgenSurvivesSaving(t *testing.T) {
	both(t, func(t *testing.T, tg ir.Target) {
		b := newGen(t, tg, model.Config{Seed: 9})
		b.fill(5)
		conf := []tables.DataField{
			data("timer_nanosec", u32(50_000)), data("app_enable", true), data("pkt_len", u16(40)), data("batch_count_cfg", u16(9)),
			data("packets_per_batch_cfg", u16(9)), data("ipg", u32(300)), data("ipg_jitter", u32(90)),
		}
		for n := range uint32(4) {
			b.port(genPort(tg, n), "pktgen_enable")
		}
		if tg == ir.Tofino2 {
			conf = append(conf, data("assigned_chnl_id", []byte{6}))
		}
		b.app(0, "trigger_timer_periodic", conf...)
		b.app(7, "trigger_port_down", slices.Concat(conf[1:6], conf[7:])...)
		for range 20 {
			b.advance(7_777)
			var file bytes.Buffer
			if err := b.sw.Save(&file); err != nil {
				t.Fatal(err)
			}
			sw, err := model.Restore(&file, compileGen(t, tg), model.Config{})
			if err != nil {
				t.Fatal(err)
			}
			other := &genBench{t: t, sw: sw, w: &outlet{}, tg: tg}
			sw.SetWire(other.w)
			b.take()
			b.advance(30_000)
			other.advance(30_000)
			if got, want := other.take(), b.take(); !slices.Equal(got, want) {
				t.Fatalf("%d packets after restoring, %d without", len(got), len(want))
			}
			if sw.StateHash() != b.sw.StateHash() {
				t.Fatal("the states differ")
			}
			b.sw.PortUp(5, false)
		}
	})
}

// A recording of it can be repeated.
func TestPktgenReplays(t *testing.T) {
	b := newGen(t, ir.Tofino, model.Config{})
	var tape bytes.Buffer
	j, err := b.sw.Record(&tape)
	if err != nil {
		t.Fatal(err)
	}
	b.fill(6)
	b.port(68, "pktgen_enable")
	b.app(0, "trigger_timer_periodic", data("timer_nanosec", u32(5000)), data("app_enable", true), data("pkt_len", u16(40)))
	b.app(1, "trigger_port_down", data("app_enable", true), data("pkt_len", u16(40)))
	for range 10 {
		b.advance(12_345)
		b.sw.PortUp(5, false)
		b.sw.Process([]model.Frame{{Port: 3, Data: []byte{0xee, 0, 7, 1, 2}}})
	}
	if len(b.w.out) < 30 {
		t.Errorf("%d packets", len(b.w.out))
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	rp, err := model.NewReplay(&tape, compileGen(t, ir.Tofino))
	if err != nil {
		t.Fatal(err)
	}
	if err := rp.Run(); err != nil {
		t.Error(err)
	}
}

// In real time a goroutine generates, until Close.
func TestPktgenInRealTime(t *testing.T) {
	b := newGen(t, ir.Tofino, model.Config{Clock: clock.NewReal()})
	w := make(chanWire, 100)
	b.sw.SetWire(w)
	b.port(68, "pktgen_enable")
	b.app(0, "trigger_timer_periodic", data("timer_nanosec", u32(2_000_000)), data("app_enable", true), data("pkt_len", u16(40)))
	var last uint64
	for i := range 5 {
		select {
		case at := <-w:
			if i > 0 && at-last < 1_999_999 {
				t.Errorf("packets %d ns apart", at-last)
			}
			last = at
		case <-time.After(10 * time.Second):
			t.Fatal("no packet")
		}
	}
	if err := b.sw.Advance(1); err == nil {
		t.Error("real time can be advanced")
	}
	b.sw.Close()
	b.sw.Close()
	for len(w) > 0 {
		<-w
	}
	time.Sleep(10 * time.Millisecond)
	if len(w) > 0 {
		t.Error("a packet after Close")
	}
}

// chanWire gives the MAC time that each frame says of itself.
type chanWire chan uint64

func (w chanWire) Send(_ model.Port, head, payload []byte) error {
	select {
	case w <- binary.BigEndian.Uint64(slices.Concat(head, payload)) & (1<<48 - 1):
	default:
	}
	return nil
}

// Generating allocates nothing once it is warm.
func TestPktgenAllocatesNothing(t *testing.T) {
	b := newGen(t, ir.Tofino, model.Config{})
	b.sw.SetWire(nobody{})
	b.port(68, "pktgen_enable")
	b.app(0, "trigger_timer_periodic", data("timer_nanosec", u32(1000)), data("app_enable", true), data("pkt_len", u16(200)))
	b.advance(100_000)
	if n := testing.AllocsPerRun(100, func() { b.advance(10_000) }); n != 0 {
		t.Errorf("%v allocations for ten packets", n)
	}
}
