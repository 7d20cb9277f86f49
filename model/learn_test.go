package model_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
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

const (
	microsecond = int64(1000)
	ms          = int64(1000000)
	// From the MAC to where digests leave: a state of the parser and 56 cycles of
	// stages, and the model's default timing.
	toDeparser = model.DefaultParserNS + model.DefaultIngressNS + 57_000/1220 + 1
)

// learner is a switch with the program of learn.p4 and what it told.
type learner struct {
	t    *testing.T
	sw   *model.Switch
	time *clock.Virtual
	got  []tables.Notification // written by the subscriber; read after flush
}

func newLearner(t *testing.T, c model.Config) *learner {
	t.Helper()
	prog, diags := p4.Compile("testdata/learn.p4", p4.Options{Target: ir.Tofino})
	if prog == nil {
		t.Fatal(diags)
	}
	l := &learner{t: t, time: new(clock.Virtual)}
	c.Clock = l.time
	sw, err := model.New(prog, c)
	if err != nil {
		t.Fatal(err)
	}
	l.sw = sw
	cancel := sw.API().(tables.Notifier).Subscribe(func(n tables.Notification) { l.got = append(l.got, n) })
	t.Cleanup(cancel)
	t.Cleanup(sw.Close)
	return l
}

// packet sends a packet now.
func (l *learner) packet(port model.Port, kind byte, flow uint16, value uint32) {
	b := binary.BigEndian.AppendUint16([]byte{kind}, flow)
	b = append(b, byte(value>>16), byte(value>>8), byte(value))
	l.sw.Process([]model.Frame{{Port: port, Data: append(b, make([]byte, 60)...)}})
}

// told waits for what was published and takes it.
func (l *learner) told() []tables.Notification {
	l.t.Helper()
	if err := l.sw.FlushNotifications(context.Background()); err != nil {
		l.t.Fatal(err)
	}
	got := l.got
	l.got = nil
	return got
}

func number(v tables.Value) (n uint64) {
	for _, c := range v.([]byte) {
		n = n<<8 | uint64(c)
	}
	return n
}

// batchText writes a batch in a line.
func batchText(n tables.Notification) string {
	s := fmt.Sprintf("%d pipe %d %s:", n.Time, n.Pipe, n.Digest.Name)
	for _, e := range n.Digest.Entries {
		s += " "
		for _, f := range e {
			s += fmt.Sprintf("/%s=%d", f.Name, number(f.Value))
		}
	}
	return s
}

// slowFilter is the learn filter as one would explain it: a list per pipe.
type slowFilter struct {
	timeout int64
	max     int
	gather  [4][]slowQuantum
	out     []string
}

type slowQuantum struct {
	at     int64
	digest int // 0 seen, 1 value
	text   string
}

func (f *slowFilter) flush(pipe int, at int64) {
	for d, name := range []string{"pipe.Dep.seen", "pipe.Dep.value"} {
		s, any := fmt.Sprintf("%d pipe %d %s:", at, pipe, name), false
		for _, q := range f.gather[pipe] {
			if q.digest == d {
				s, any = s+" "+q.text, true
			}
		}
		if any {
			f.out = append(f.out, s)
		}
	}
	f.gather[pipe] = nil
}

// until flushes what is due by now, in order of time and pipe.
func (f *slowFilter) until(now int64) {
	for {
		first, at := -1, now+1
		for p, g := range f.gather {
			if len(g) > 0 && g[0].at+f.timeout < at {
				first, at = p, g[0].at+f.timeout
			}
		}
		if first < 0 {
			return
		}
		f.flush(first, at)
	}
}

func (f *slowFilter) learn(pipe int, q slowQuantum) {
	if g := f.gather[pipe]; len(g) > 0 && q.at >= g[0].at+f.timeout {
		f.flush(pipe, g[0].at+f.timeout)
	}
	for _, o := range f.gather[pipe] {
		if o.digest == q.digest && o.text == q.text {
			return
		}
	}
	f.gather[pipe] = append(f.gather[pipe], q)
	if len(f.gather[pipe]) == f.max {
		f.flush(pipe, q.at)
	}
}

// Batches of digests over long random runs are those of the independent
// filter: contents, order, times (chip.md section 10).
func TestDigestBatchesOfRandomRuns(t *testing.T) {
	for seed := range uint64(6) {
		r := rand.New(rand.NewPCG(seed, 0))
		slow := slowFilter{timeout: 500 * microsecond, max: 2048}
		c := model.Config{}
		if seed%2 == 1 {
			slow.timeout, slow.max = 20*microsecond, 1+r.IntN(20)
			c.DigestTimeout, c.DigestBatch = slow.timeout, slow.max
		}
		l := newLearner(t, c)
		var got []string
		spread := 1 << (2 + 2*seed)
		for range 20000 {
			if r.IntN(3) > 0 {
				now := l.time.Now() + r.Int64N(10*microsecond)
				if r.IntN(500) == 0 {
					now += ms
				}
				slow.until(now)
				if err := l.sw.RunUntil(now); err != nil {
					t.Fatal(err)
				}
			}
			port := model.Port(r.IntN(4)<<7 | r.IntN(3))
			kind, flow, value := byte(r.IntN(4)), uint16(r.IntN(spread)), uint32(r.IntN(spread)*5)
			l.packet(port, kind, flow, value)
			at := l.time.Now() + toDeparser
			switch kind {
			case 1:
				slow.learn(port.Pipe(), slowQuantum{at, 0, fmt.Sprintf("/port=%d/flow=%d/low=%d", port, flow, value&7)})
			case 2:
				slow.learn(port.Pipe(), slowQuantum{at, 1, fmt.Sprintf("/value=%d", value)})
			}
			if r.IntN(1000) == 0 {
				for _, n := range l.told() {
					got = append(got, batchText(n))
				}
			}
		}
		end := l.time.Now() + 10*ms
		slow.until(end)
		if err := l.sw.RunUntil(end); err != nil {
			t.Fatal(err)
		}
		for _, n := range l.told() {
			got = append(got, batchText(n))
		}
		if len(got) < 5 {
			t.Errorf("seed %d: %d batches only", seed, len(got))
		}
		if !slices.Equal(got, slow.out) {
			for i := range min(len(got), len(slow.out)) {
				if got[i] != slow.out[i] {
					t.Fatalf("seed %d: batch %d\n%s\nwant\n%s", seed, i, got[i], slow.out[i])
				}
			}
			t.Fatalf("seed %d: %d batches, want %d", seed, len(got), len(slow.out))
		}
	}
}

// A batch that waits for its acknowledgement suppresses its quanta; the other
// bank gathers meanwhile; while both wait, quanta are lost.
func TestDigestsWaitForAcknowledgement(t *testing.T) {
	l := newLearner(t, model.Config{ManualDigestAck: true, DigestBatch: 2})
	for flow := range uint16(2) {
		l.packet(5, 1, flow, 0)
	}
	first := l.told()
	if len(first) != 1 || len(first[0].Digest.Entries) != 2 {
		t.Fatalf("%+v", first)
	}
	l.packet(5, 1, 0, 0) // waits already
	l.packet(5, 1, 2, 0)
	l.packet(5, 1, 3, 0) // fills the other bank
	l.packet(5, 1, 4, 0) // no room
	second := l.told()
	if len(second) != 1 || number(second[0].Digest.Entries[0][1].Value) != 2 {
		t.Fatalf("%+v", second)
	}
	if got, want := l.sw.Learning(), (model.LearnStats{Learned: 4, Duplicates: 1, Lost: 1, Batches: 2}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if err := l.sw.AckDigest(first[0].Digest.Batch); err != nil {
		t.Fatal(err)
	}
	if err := l.sw.AckDigest(first[0].Digest.Batch); !errors.Is(err, tables.ErrNotFound) {
		t.Errorf("second acknowledgement: %v", err)
	}
	l.packet(5, 1, 0, 0) // can be learned again
	l.packet(5, 1, 3, 0) // still waits
	l.packet(5, 1, 4, 0)
	third := l.told()
	if len(third) != 1 || number(third[0].Digest.Entries[0][1].Value) != 0 || number(third[0].Digest.Entries[1][1].Value) != 4 {
		t.Fatalf("%+v", third)
	}
}

// Who moves the clock without RunUntil gets batches when packets come.
func TestDigestsWithoutRunUntil(t *testing.T) {
	l := newLearner(t, model.Config{})
	l.packet(5, 1, 1, 0)
	l.time.Advance(2 * ms)
	l.packet(200, 0, 0, 0)
	got := l.told()
	if len(got) != 1 || got[0].Time != toDeparser+500*microsecond || got[0].Pipe != 0 {
		t.Fatalf("%+v", got)
	}
}

// Digests need no memory per packet, and both engines learn alike.
func TestDigestsAllocateNothing(t *testing.T) {
	l := newLearner(t, model.Config{})
	frame := []model.Frame{{Port: 1, Data: append([]byte{1, 0, 0, 0, 0, 0}, make([]byte, 60)...)}}
	n := uint16(0)
	l.sw.Process(frame)
	if got := testing.AllocsPerRun(500, func() {
		n++
		binary.BigEndian.PutUint16(frame[0].Data[1:], n)
		l.sw.Process(frame)
	}); got != 0 {
		t.Errorf("%v allocs per packet with a digest, want 0", got)
	}
	var rec model.Recorder
	before := l.sw.Learning()
	l.sw.Trace(frame[0], &rec)
	if after := l.sw.Learning(); after.Duplicates != before.Duplicates+1 {
		t.Errorf("traced: %+v after %+v", after, before)
	}
	if !slices.ContainsFunc(rec.Root.Steps, func(s model.TraceStep) bool {
		return s.Chip != nil && s.Chip.Kind == model.ChipDigest && s.Chip.Attrs[2].Value == "duplicate"
	}) {
		t.Errorf("no digest in the trace: %+v", rec.Root.Steps)
	}
}

// A subscriber that hangs loses notifications and holds nobody up; it learns
// how many it lost.
func TestSlowSubscriberLosesNotifications(t *testing.T) {
	l := newLearner(t, model.Config{DigestBatch: 1})
	begin, entered := make(chan bool), make(chan bool)
	var lost, got uint64
	cancel := l.sw.API().(tables.Notifier).Subscribe(func(n tables.Notification) {
		if got == 0 {
			entered <- true
			<-begin
		}
		got++
		lost += n.Lost
	})
	defer cancel()
	l.packet(5, 2, 0, 0)
	<-entered
	total := uint64(1)
	for range tables.NotificationQueue + 100 {
		l.packet(5, 2, 0, uint32(total))
		total++
	}
	close(begin)
	l.told()
	l.packet(5, 2, 0, uint32(total)) // brings the news of the loss
	total++
	l.told()
	if lost != 100 || got+lost != total {
		t.Errorf("got %d, lost %d of %d", got, lost, total)
	}
}

// Ports going up and down are told.
func TestPortChangesAreTold(t *testing.T) {
	l := newLearner(t, model.Config{})
	l.sw.PortUp(130, false)
	l.sw.PortUp(130, false)
	l.sw.PortUp(130, true)
	var got []tables.PortChange
	for _, n := range l.told() {
		got = append(got, *n.Port)
	}
	if want := []tables.PortChange{{Port: 130, Up: false}, {Port: 130, Up: true}}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func flow(key uint16) []tables.KeyField {
	return []tables.KeyField{{Name: "hdr.flow.flow", Value: u16(key)}}
}

func (l *learner) age(ttl uint32, keys ...uint16) {
	l.t.Helper()
	ctx, api := context.Background(), l.sw.API()
	if err := api.SetAttribute(ctx, tables.AllPipes, "flows", "IdleTimeout", []tables.DataField{
		data("enable", true), data("idle_table_mode", "NOTIFY_MODE"), data("ttl_query_interval", u32(100))}); err != nil {
		l.t.Fatal(err)
	}
	for _, k := range keys {
		if err := api.Write(ctx, tables.AllPipes, []tables.Update{{Op: tables.Insert, Entry: tables.TableEntry{Table: "flows", Key: flow(k),
			Action: "send", Data: []tables.DataField{data("port", u16(1)), data("$ENTRY_TTL", u32(ttl))}}}}, tables.RollbackOnError); err != nil {
			l.t.Fatal(err)
		}
	}
}

// idleText writes idle notifications in a line.
func idleText(list []tables.Notification) string {
	s := ""
	for _, n := range list {
		if n.Idle != nil {
			s += fmt.Sprintf("%d:%d/%t ", n.Time/ms, number(n.Idle.Entry.Key[0].Value), n.Idle.Active)
		}
	}
	return s
}

// Packets keep entries active, in every pipe and in both engines; who stops is
// told to be idle, and active again when packets come back.
func TestIdleNotificationsOfPackets(t *testing.T) {
	l := newLearner(t, model.Config{})
	l.age(200, 1, 2, 3)
	for step := range 10 {
		l.packet(model.Port(step%4<<7), 0, 1, 0)
		if step == 6 {
			var rec model.Recorder
			l.sw.Trace(model.Frame{Port: 3, Data: append([]byte{0, 0, 2, 0, 0, 0}, make([]byte, 60)...)}, &rec)
		}
		if err := l.sw.RunUntil(int64(step+1) * 100 * ms); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := idleText(l.told()), "200:2/false 200:3/false 700:2/true 900:2/false "; got != want {
		t.Errorf("told %s, want %s", got, want)
	}
}

// The same happens when the owner of the clock moves it and sends packets.
func TestIdleNotificationsWithoutRunUntil(t *testing.T) {
	l := newLearner(t, model.Config{})
	l.age(200, 1)
	l.time.Set(1000 * ms)
	l.packet(5, 0, 1, 0)
	l.time.Set(1150 * ms)
	l.packet(5, 0, 7, 0)
	if got, want := idleText(l.told()), "200:1/false 1100:1/true "; got != want {
		t.Errorf("told %s, want %s", got, want)
	}
}

// What was gathered, what waits, and the ages of entries survive a restore, and
// a replay comes to the same.
func TestLearningIsSavedAndReplayed(t *testing.T) {
	prog, diags := p4.Compile("testdata/learn.p4", p4.Options{Target: ir.Tofino})
	if prog == nil {
		t.Fatal(diags)
	}
	conf := model.Config{ManualDigestAck: true, DigestBatch: 3}
	l := newLearner(t, conf)
	var tape bytes.Buffer
	j, err := l.sw.Record(&tape)
	if err != nil {
		t.Fatal(err)
	}
	l.age(200, 1, 2)
	for flow := range uint16(4) {
		l.packet(5, 1, flow, 0)
	}
	if err := l.sw.RunUntil(150 * ms); err != nil {
		t.Fatal(err)
	}
	batch := l.told()[0].Digest.Batch
	if err := l.sw.API().(tables.DigestAcker).AckDigest(batch); err != nil {
		t.Fatal(err)
	}
	if err := l.sw.AckDigest(batch); err == nil {
		t.Error("acknowledged twice")
	}
	l.packet(6, 1, 9, 0)
	var saved bytes.Buffer
	if err := l.sw.Save(&saved); err != nil {
		t.Fatal(err)
	}
	end := func(l *learner) string {
		l.packet(5, 1, 3, 0)
		l.packet(5, 1, 0, 0)
		if err := l.sw.RunUntil(500 * ms); err != nil {
			t.Fatal(err)
		}
		s := ""
		for _, n := range l.told() {
			if n.Digest != nil {
				s += batchText(n) + "\n"
			} else {
				s += idleText([]tables.Notification{n}) + "\n"
			}
		}
		return fmt.Sprintf("%s%+v %x", s, l.sw.Learning(), l.sw.StateHash())
	}
	again := &learner{t: t, time: new(clock.Virtual)}
	if again.sw, err = model.Restore(&saved, prog, model.Config{Clock: again.time}); err != nil {
		t.Fatal(err)
	}
	defer again.sw.API().(tables.Notifier).Subscribe(func(n tables.Notification) { again.got = append(again.got, n) })()
	want := end(l)
	if got := end(again); got != want {
		t.Errorf("restored:\n%s\nwant\n%s", got, want)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := model.NewReplay(&tape, prog)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Run(); err != nil {
		t.Error(err)
	}
}

// In real time batches and idle entries are told without packets, until Close.
func TestLearningInRealTime(t *testing.T) {
	prog, diags := p4.Compile("testdata/learn.p4", p4.Options{Target: ir.Tofino})
	if prog == nil {
		t.Fatal(diags)
	}
	sw, err := model.New(prog, model.Config{Clock: clock.NewReal()})
	if err != nil {
		t.Fatal(err)
	}
	defer sw.Close()
	l := &learner{t: t, sw: sw}
	told := make(chan tables.Notification, 16)
	defer sw.API().(tables.Notifier).Subscribe(func(n tables.Notification) { told <- n })()
	l.age(100, 1)
	l.packet(5, 1, 1, 0)
	digest, idle := false, false
	late := time.After(10 * time.Second)
	for !digest || !idle {
		select {
		case n := <-told:
			digest = digest || n.Digest != nil
			idle = idle || n.Idle != nil && !n.Idle.Active
		case <-late:
			t.Fatalf("digest %t, idle %t after 10 s", digest, idle)
		}
	}
}

// The attributes of the chip's own tables read back as written; a field that is
// not given stays.
func TestFixedAttributes(t *testing.T) {
	l := newLearner(t, model.Config{})
	ctx, api := context.Background(), l.sw.API()
	text := func(table, name string) string {
		t.Helper()
		list, err := api.Attribute(ctx, tables.AllPipes, table, name)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(list)
	}
	for _, c := range []struct {
		table, name, before string
		set                 tables.DataField
		after               string
	}{
		{"$PORT", "port_status_notif_cb", "[{enable false}]", data("enable", true), "[{enable true}]"},
		{"$PORT_STAT", "poll_intvl_ms", "[{intvl_val [0 0 3 232]}]", data("intvl_val", u32(5)), "[{intvl_val [0 0 0 5]}]"},
		{"$pre.mgid", "pre_device_config", "", data("global_rid", u16(0x102)), "[{global_rid [1 2]}"},
		{"$pre.mgid", "pre_device_config", "[{global_rid [1 2]} {port_protection false}", data("port_protection", true), "[{global_rid [1 2]} {port_protection true}"},
	} {
		if got := text(c.table, c.name); !strings.HasPrefix(got, c.before) {
			t.Errorf("%s of %s is %s, want %s", c.name, c.table, got, c.before)
		}
		before := l.sw.StateHash()
		if err := api.SetAttribute(ctx, tables.AllPipes, c.table, c.name, []tables.DataField{c.set}); err != nil {
			t.Fatal(err)
		}
		if l.sw.StateHash() == before {
			t.Errorf("%s of %s is not in the state", c.name, c.table)
		}
		if got := text(c.table, c.name); !strings.HasPrefix(got, c.after) {
			t.Errorf("%s of %s is %s, want %s", c.name, c.table, got, c.after)
		}
	}
	for table, want := range map[string]string{"$PORT": `no attribute "x" (attributes: port_status_notif_cb)`, "$pre.node": `no attribute "x" (attributes: none)`} {
		if err := api.SetAttribute(ctx, tables.AllPipes, table, "x", nil); !errors.Is(err, tables.ErrNotSupported) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", table, err)
		}
	}
	err := api.SetAttribute(ctx, tables.AllPipes, "$PORT", "port_status_notif_cb", []tables.DataField{data("on", true)})
	if err == nil || !strings.Contains(err.Error(), `no field "on" (fields: enable)`) {
		t.Error(err)
	}
}
