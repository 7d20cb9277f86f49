package tables

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gofino/pipeline/ir"
)

// aged is a store with tables that age their entries, and its time.
type aged struct {
	*Store
	t    testing.TB
	time int64 // ns
	got  []Notification
}

func newAged(t testing.TB) *aged {
	t.Helper()
	pl := &ir.Pipeline{Name: "pipe", Ingress: &ir.Gress{}, Egress: &ir.Gress{Dir: ir.Egress}}
	pl.Actions = []*ir.Action{action("Ing.hit", 40, "port", 9), action("NoAction", 40)}
	table := func(name string, kind ir.MatchKind, annots ...ir.Annotation) {
		pl.Tables = append(pl.Tables, &ir.Table{Name: "Ing." + name, Size: 64, Profile: -1, Selector: -1, IdleTimeout: true, Annots: annots,
			Keys:    []ir.Key{{Name: "hdr.key", Width: 16, Kind: kind}},
			Actions: []ir.ActionRef{{Action: 0}, {Action: 1}}, Default: ir.ActionCall{Action: 1}})
	}
	table("flows", ir.Exact)
	table("masks", ir.Ternary)
	table("bits", ir.Exact, ir.Annotation{Name: "idletime_precision", Body: "1"})
	st, err := NewStore(&ir.Program{Target: ir.Tofino, Pipelines: []*ir.Pipeline{pl}}, 2)
	if err != nil {
		t.Fatal(err)
	}
	a := &aged{Store: st, t: t}
	st.Keep(func() int64 { return a.time }, func() {})
	cancel := st.Subscribe(func(n Notification) { a.got = append(a.got, n) })
	t.Cleanup(cancel)
	return a
}

func (a *aged) enable(table string, notify bool, interval uint64) error {
	mode := "POLL_MODE"
	if notify {
		mode = "NOTIFY_MODE"
	}
	return a.SetAttribute(context.Background(), AllPipes, table, "IdleTimeout", []DataField{
		{"enable", true}, {"idle_table_mode", mode}, {"ttl_query_interval", num(4, interval)}})
}

func (a *aged) entry(key, ttl uint64) TableEntry {
	e := TableEntry{Table: "flows", Key: []KeyField{exactKey("hdr.key", key, 2)}, Action: "hit", Data: []DataField{{"port", num(2, 1)}}}
	if ttl > 0 {
		e.Data = append(e.Data, DataField{"$ENTRY_TTL", num(4, ttl)})
	}
	return e
}

// field reads one field of a flow.
func (a *aged) field(key uint64, name string, fromHW bool) Value {
	a.t.Helper()
	q := Query{Table: "flows", Key: []KeyField{exactKey("hdr.key", key, 2)}, Fields: []string{name}, FromHW: fromHW}
	for e, err := range a.Read(context.Background(), AllPipes, q) {
		if err != nil {
			a.t.Fatal(err)
		}
		return e.Data[0].Value
	}
	a.t.Fatalf("no entry %d", key)
	return nil
}

func (a *aged) state(key uint64, fromHW bool) string {
	a.t.Helper()
	return a.field(key, "$ENTRY_HIT_STATE", fromHW).(string)
}

// packet hits a flow, as the packet path does.
func (a *aged) packet(key uint64) bool {
	e := a.State(1).Match[0].Lookup(num(2, key))
	if e != nil {
		e.Touch()
	}
	return e != nil
}

// told is what was told since the last call: "1000 2 idle".
func (a *aged) told() []string {
	a.t.Helper()
	if err := a.FlushNotifications(context.Background()); err != nil {
		a.t.Fatal(err)
	}
	var out []string
	for _, n := range a.got {
		what := "idle"
		if n.Idle.Active {
			what = "active"
		}
		if n.Idle.Entry.Table != "pipe.Ing.flows" || n.Pipe != -1 {
			a.t.Errorf("notification %+v", n)
		}
		out = append(out, fmt.Sprintf("%d %d %s", n.Time/millisecond, toWord(n.Idle.Entry.Key[0].Value), what))
	}
	a.got = nil
	return out
}

// slowFlow is one entry, aged step by step.
type slowFlow struct {
	ttl, since int64 // ms
	hit, idle  bool
	handle     int
}

// Idle and active notifications of long random runs are those of a calculation
// that goes from sweep to sweep, whatever steps time goes in.
func TestIdleNotificationsOfRandomRuns(t *testing.T) {
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 1))
		a := newAged(t)
		interval := int64(20 + r.IntN(200))
		if err := a.enable("flows", true, uint64(interval)); err != nil {
			t.Fatal(err)
		}
		flows := map[uint64]*slowFlow{}
		var want, got []string
		now := int64(0) // ms
		sweep := func(at int64) {
			var keys []uint64
			for k := range flows {
				keys = append(keys, k)
			}
			handle := func(k uint64) int { return int(a.State(0).Match[0].Lookup(num(2, k)).Cell()) }
			slices.SortFunc(keys, func(x, y uint64) int { return handle(x) - handle(y) })
			for _, k := range keys {
				f := flows[k]
				if f.hit {
					f.hit, f.since = false, at
					if f.idle {
						f.idle = false
						want = append(want, fmt.Sprintf("%d %d active", at, k))
					}
				}
				if f.ttl > 0 && !f.idle && at-f.since >= f.ttl {
					f.idle = true
					want = append(want, fmt.Sprintf("%d %d idle", at, k))
				}
			}
		}
		for range 4000 {
			k := uint64(r.IntN(30))
			f := flows[k]
			switch n := r.IntN(20); {
			case n == 0 && f == nil:
				ttl := int64(0)
				if r.IntN(5) > 0 {
					ttl = interval + r.Int64N(interval*6)
				}
				mustDo(t, a.Store, Insert, a.entry(k, uint64(ttl)))
				flows[k] = &slowFlow{ttl: ttl, since: now}
			case n == 1 && f != nil:
				mustDo(t, a.Store, Delete, TableEntry{Table: "flows", Key: a.entry(k, 0).Key})
				delete(flows, k)
			case n == 2 && f != nil:
				f.ttl, f.since, f.idle = interval*2, now, false
				mustDo(t, a.Store, Modify, a.entry(k, uint64(f.ttl)))
			case n < 14:
				if a.packet(k) != (f != nil) {
					t.Fatalf("seed %d: flow %d is there and is not", seed, k)
				}
				if f != nil {
					f.hit = true
				}
			default:
				next := now + r.Int64N(interval)
				if r.IntN(10) == 0 {
					next += r.Int64N(20 * interval)
				}
				for at := now/interval*interval + interval; at <= next; at += interval {
					sweep(at)
				}
				now = next
				a.time = now * millisecond
				a.Tick(a.time)
			}
			if r.IntN(100) == 0 {
				got = append(got, a.told()...)
			}
		}
		got = append(got, a.told()...)
		if len(got) < 100 {
			t.Errorf("seed %d: %d notifications only", seed, len(got))
		}
		if !slices.Equal(got, want) {
			for i := range min(len(got), len(want)) {
				if got[i] != want[i] {
					t.Fatalf("seed %d, interval %d: notification %d is %q, want %q", seed, interval, i, got[i], want[i])
				}
			}
			t.Fatalf("seed %d: %d notifications, want %d", seed, len(got), len(want))
		}
	}
}

// An entry becomes idle after its TTL and at most one query interval (ptf.md),
// and $ENTRY_TTL counts down.
func TestEntryTTLCountsDown(t *testing.T) {
	a := newAged(t)
	if err := a.enable("flows", true, 1000); err != nil {
		t.Fatal(err)
	}
	a.time = 300 * millisecond
	mustDo(t, a.Store, Insert, a.entry(1, 10000))
	if ttl := toWord(a.field(1, "$ENTRY_TTL", true).([]byte)); ttl != 10000 {
		t.Errorf("ttl %d", ttl)
	}
	a.time += 7000 * millisecond
	a.Tick(a.time)
	if ttl := toWord(a.field(1, "$ENTRY_TTL", true).([]byte)); ttl != 3300 {
		t.Errorf("ttl after 7 s: %d", ttl)
	}
	a.time = 20000 * millisecond
	a.Tick(a.time)
	if got := a.state(1, false); got != "ENTRY_IDLE" {
		t.Errorf("state %s", got)
	}
	if got := strings.Join(a.told(), ", "); got != "11000 1 idle" {
		t.Errorf("told %s", got)
	}
}

// In poll mode the operation copies the hit bits and clears them; reading
// changes nothing; a written state lasts until then.
func TestHitStateIsPolled(t *testing.T) {
	a := newAged(t)
	update := func() {
		t.Helper()
		if err := a.Operation(context.Background(), AllPipes, "flows", "UpdateHitState"); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Operation(context.Background(), AllPipes, "flows", "UpdateHitState"); !errors.Is(err, ErrNotSupported) {
		t.Errorf("before it is enabled: %v", err)
	}
	if err := a.enable("flows", false, 0); err != nil {
		t.Fatal(err)
	}
	mustDo(t, a.Store, Insert, a.entry(1, 0))
	mustDo(t, a.Store, Insert, a.entry(2, 0))
	want := func(step, one, two string, fromHW bool) {
		t.Helper()
		if got := a.state(1, fromHW); got != one {
			t.Errorf("%s: flow 1 is %s", step, got)
		}
		if got := a.state(2, fromHW); got != two {
			t.Errorf("%s: flow 2 is %s", step, got)
		}
	}
	want("new", hitIdle, hitIdle, false)
	a.packet(1)
	want("hit, not polled", hitIdle, hitIdle, false)
	update()
	want("polled", hitActive, hitIdle, false)
	update()
	want("polled again", hitIdle, hitIdle, false)
	a.packet(2)
	want("read from the hardware", hitIdle, hitActive, true)
	want("read again", hitIdle, hitActive, true)
	update()
	update()
	mustDo(t, a.Store, Modify, TableEntry{Table: "flows", Key: a.entry(1, 0).Key, Data: []DataField{{"$ENTRY_HIT_STATE", "ENTRY_ACTIVE"}}})
	want("written", hitActive, hitIdle, false)
	want("written, from the hardware", hitActive, hitIdle, true)
	update()
	want("written, polled", hitIdle, hitIdle, false)
	if got := a.told(); got != nil {
		t.Errorf("told %v", got)
	}
}

// The attribute reads back as written, in poll mode without times; what the
// chip cannot do is refused and changes nothing.
func TestIdleTimeoutAttribute(t *testing.T) {
	a := newAged(t)
	ctx := context.Background()
	text := func() string {
		t.Helper()
		data, err := a.Attribute(ctx, AllPipes, "flows", "IdleTimeout")
		if err != nil {
			t.Fatal(err)
		}
		v, err := ParseIdleTimeout(data)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(v)
	}
	if got := text(); got != "{false false 0 0 0}" {
		t.Errorf("at first %s", got)
	}
	if err := a.enable("flows", true, 1000); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		table, attr string
		data        []DataField
		want        string
	}{
		{"flows", "EntryScop", nil, `not supported: no attribute "EntryScop" (attributes: EntryScope, IdleTimeout)`},
		{"flows", "IdleTimeout", []DataField{{"mode", "x"}}, `no field "mode" (fields: enable, idle_table_mode, ttl_query_interval, max_ttl, min_ttl)`},
		{"flows", "IdleTimeout", []DataField{{"idle_table_mode", "POLL"}}, `field idle_table_mode is "POLL" (choices: POLL_MODE, NOTIFY_MODE)`},
		{"flows", "IdleTimeout", []DataField{{"enable", "yes"}}, "field enable is string, want bool"},
		{"flows", "IdleTimeout", []DataField{{"idle_table_mode", "NOTIFY_MODE"}, {"ttl_query_interval", num(4, 9)}}, "the chip's cells take 10 to count"},
		{"flows", "IdleTimeout", []DataField{{"idle_table_mode", "NOTIFY_MODE"}, {"max_ttl", num(4, 9)}}, "min_ttl is 1000, above max_ttl 9"},
		{"bits", "IdleTimeout", []DataField{{"idle_table_mode", "NOTIFY_MODE"}}, "one bit (@idletime_precision), which can be polled only"},
	} {
		if err := a.SetAttribute(ctx, AllPipes, c.table, c.attr, c.data); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %v: %v, want %s", c.attr, c.data, err, c.want)
		}
	}
	if got := text(); got != "{true true 1000 1000 3600000}" {
		t.Errorf("enabled %s", got)
	}
	if err := do(a.Store, Insert, a.entry(1, 999)); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "999 ms (0, or from the query interval 1000") {
		t.Errorf("a TTL below the query interval: %v", err)
	}
	if err := a.enable("flows", false, 0); err != nil {
		t.Fatal(err)
	}
	if got := text(); got != "{true false 0 0 0}" {
		t.Errorf("polled %s", got)
	}
	for _, s := range a.Schema().Tables {
		if !strings.HasPrefix(s.Name, "pipe.Ing.") {
			continue
		}
		var names []string
		for _, f := range s.Data {
			names = append(names, f.Name)
		}
		want := "$ENTRY_HIT_STATE $ENTRY_TTL"
		if s.Name == "pipe.Ing.bits" {
			want = "$ENTRY_HIT_STATE"
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s has %s, want %s", s.Name, got, want)
		}
	}
}

// A batch that is undone leaves ages as they were.
func TestIdleTimeIsUndone(t *testing.T) {
	a := newAged(t)
	if err := a.enable("flows", true, 1000); err != nil {
		t.Fatal(err)
	}
	mustDo(t, a.Store, Insert, a.entry(1, 2000))
	a.time = 2000 * millisecond
	a.Tick(a.time)
	err := a.Write(context.Background(), AllPipes, []Update{
		{Op: Modify, Entry: a.entry(1, 5000)},
		{Op: Delete, Entry: TableEntry{Table: "flows", Key: a.entry(1, 0).Key}},
		{Op: Insert, Entry: a.entry(2, 0)}, {Op: Insert, Entry: a.entry(2, 0)},
	}, RollbackOnError)
	if !errors.Is(err, ErrExists) {
		t.Fatal(err)
	}
	if ttl := toWord(a.field(1, "$ENTRY_TTL", false).([]byte)); ttl != 0 || a.state(1, false) != hitIdle {
		t.Errorf("ttl %d, %s", ttl, a.state(1, false))
	}
}

// tna_idletimeout: while the attribute changes, or is off, no entry ages; what it
// had left it has afterwards, and who was idle is not told again.
func TestAgeOutlivesTheAttribute(t *testing.T) {
	a := newAged(t)
	left := func() string {
		var out []string
		for key := range uint64(3) {
			out = append(out, fmt.Sprint(toWord(a.field(key+1, "$ENTRY_TTL", true).([]byte))))
		}
		return strings.Join(out, " ")
	}
	run := func(seconds int64) {
		a.time += seconds * 1000 * millisecond
		a.Tick(a.time)
	}
	configure := func(on bool, interval uint64) {
		t.Helper()
		if err := a.SetAttribute(context.Background(), AllPipes, "flows", "IdleTimeout", []DataField{
			{"enable", on}, {"idle_table_mode", "NOTIFY_MODE"}, {"ttl_query_interval", num(4, interval)}}); err != nil {
			t.Fatal(err)
		}
	}
	for key := range uint64(3) {
		mustDo(t, a.Store, Insert, a.entry(key+1, 10000*(key+1)))
	}
	for i, step := range []struct {
		do   func()
		left string
		told string
	}{
		{func() { run(5) }, "10000 20000 30000", ""},
		{func() { configure(true, 1000); run(5) }, "5000 15000 25000", ""},
		{func() { configure(true, 10000); run(5) }, "5000 15000 25000", ""},
		{func() { configure(true, 1000); run(7) }, "0 8000 18000", "20000 1 idle"},
		{func() { configure(false, 1000); run(60) }, "0 8000 18000", ""},
		{func() { configure(true, 1000) }, "0 8000 18000", ""},
		{func() { run(20) }, "0 0 0", "90000 2 idle, 100000 3 idle"},
	} {
		step.do()
		if got := left(); got != step.left {
			t.Errorf("step %d: %s ms left, want %s", i, got, step.left)
		}
		if got := strings.Join(a.told(), ", "); got != step.told {
			t.Errorf("step %d: told %q, want %q", i, got, step.told)
		}
	}
}

// UpdateHitState asks all pipes, whichever the target names.
func TestHitStatesOfScopes(t *testing.T) {
	a := newAged(t)
	setScope(t, a.Store, "flows", scopeSingle, 0)
	if err := a.enable("flows", false, 0); err != nil {
		t.Fatal(err)
	}
	for pipe := range 2 {
		mustAt(t, a.Store, pipe, Insert, a.entry(5, 0))
	}
	states := func() (out string) {
		for pipe := range 2 {
			for e := range a.Read(context.Background(), OnePipe(pipe), Query{Table: "flows", Key: []KeyField{exactKey("hdr.key", 5, 2)}}) {
				out += " " + fieldOf(e, "$ENTRY_HIT_STATE").(string)
			}
		}
		return out
	}
	a.packet(5) // in pipe 1
	for _, want := range []string{" ENTRY_IDLE ENTRY_ACTIVE", " ENTRY_IDLE ENTRY_IDLE"} {
		if err := a.Operation(context.Background(), OnePipe(0), "flows", "UpdateHitState"); err != nil {
			t.Fatal(err)
		}
		if got := states(); got != want {
			t.Errorf("states%s, want%s", got, want)
		}
	}
}
