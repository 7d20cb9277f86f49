package tables

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"

	"gofino/internal/snap"
	"gofino/pipeline/ir"
)

// timedProgram has meters and filters, indirect and direct.
func timedProgram() *ir.Program {
	p := testProgram()
	pl := p.Pipelines[0]
	pl.Meters = []*ir.Meter{
		{Name: "SwitchIngress.rate", Kind: ir.Bytes, Size: 4, Table: -1, Colors: ir.MeterColors},
		{Name: "SwitchIngress.per_entry", Kind: ir.Packets, Table: 1, Colors: ir.MeterColors},
	}
	pl.Filters = []*ir.Filter{
		{Name: "SwitchIngress.lpf", Kind: ir.LPF, Size: 4, Width: 16, Table: -1},
		{Name: "SwitchIngress.wred", Kind: ir.WRED, Size: 4, Width: 16, Drop: 1, Table: -1},
		{Name: "SwitchIngress.queue", Kind: ir.WRED, Width: 16, Drop: 1, Table: 1},
	}
	pl.Tables[1].DirectMeters, pl.Tables[1].DirectFilters = []int{1}, []int{2}
	return p
}

func newTimedStore(t testing.TB) *Store {
	t.Helper()
	st, err := NewStore(timedProgram(), 2)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func rateEntry(i uint64, data ...DataField) TableEntry {
	return TableEntry{Table: "rate", Key: []KeyField{exactKey("$METER_INDEX", i, 4)}, Data: data}
}

func cir(v uint64) DataField { return DataField{"$METER_SPEC_CIR_KBPS", num(8, v)} }
func pir(v uint64) DataField { return DataField{"$METER_SPEC_PIR_KBPS", num(8, v)} }
func cbs(v uint64) DataField { return DataField{"$METER_SPEC_CBS_KBITS", num(8, v)} }
func pbs(v uint64) DataField { return DataField{"$METER_SPEC_PBS_KBITS", num(8, v)} }

// field reads one data field of an entry.
func field(t testing.TB, st *Store, target Target, q Query, name string) Value {
	t.Helper()
	for e, err := range st.Read(context.Background(), target, q) {
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range e.Data {
			if f.Name == name {
				return f.Value
			}
		}
	}
	t.Fatalf("no field %s in %s", name, q.Table)
	return nil
}

func number64(v Value) uint64 {
	w, _ := word(v, 64)
	return w
}

// TestMeterTable: adding starts from an unlimited meter, modifying from what is
// there; each pipe has its own; clearing makes all unlimited.
func TestMeterTable(t *testing.T) {
	st := newTimedStore(t)
	read := func(target Target, name string) uint64 {
		return number64(field(t, st, target, Query{Table: "rate", Key: rateEntry(2).Key}, "$METER_SPEC_"+name))
	}
	if n, err := st.Usage(context.Background(), AllPipes, "rate"); n != 4 || err != nil {
		t.Errorf("usage %d, %v", n, err)
	}
	if got := read(AllPipes, "CIR_KBPS"); got != 5195848221 {
		t.Errorf("never written: %d", got)
	}
	mustDo(t, st, Insert, rateEntry(2, cir(1000), pir(2000), cbs(100), pbs(200)))
	if c, p, b := read(AllPipes, "CIR_KBPS"), read(AllPipes, "PIR_KBPS"), read(AllPipes, "PBS_KBITS"); c < 990 || c > 1000 || p < 1980 || p > 2000 || b < 195 || b > 200 {
		t.Errorf("reads %d %d %d", c, p, b)
	}
	mustDo(t, st, Modify, rateEntry(2, cir(500)))
	if c, p := read(AllPipes, "CIR_KBPS"), read(AllPipes, "PIR_KBPS"); c < 495 || c > 500 || p < 1980 {
		t.Errorf("after a modification of one field: %d %d", c, p)
	}
	if err := st.Write(context.Background(), OnePipe(1), []Update{{Op: Modify, Entry: rateEntry(2, cir(100))}}, ContinueOnError); err != nil {
		t.Fatal(err)
	}
	if c, d := read(OnePipe(0), "CIR_KBPS"), read(OnePipe(1), "CIR_KBPS"); c < 495 || d > 100 {
		t.Errorf("pipes read %d and %d", c, d)
	}
	mustDo(t, st, Insert, rateEntry(2, cir(500)))
	if p := read(AllPipes, "PIR_KBPS"); p < 5_100_000_000 {
		t.Errorf("peak rate of an addition that gives none: %d", p)
	}
	mustDo(t, st, Delete, TableEntry{Table: "rate"})
	if got := read(OnePipe(1), "CIR_KBPS"); got != 5195848221 {
		t.Errorf("cleared: %d", got)
	}
}

func TestMeterTableErrors(t *testing.T) {
	st := newTimedStore(t)
	for _, c := range []struct {
		op   Op
		e    TableEntry
		want string
	}{
		{Insert, rateEntry(4, cir(1)), "add pipe.SwitchIngress.rate: invalid arguments: key field $METER_INDEX is 4, want 0 to 3"},
		{Insert, rateEntry(1, DataField{"x", nil}), `add pipe.SwitchIngress.rate: invalid arguments: data field: no "x" (there are: $METER_SPEC_CIR_KBPS, $METER_SPEC_PIR_KBPS, $METER_SPEC_CBS_KBITS, $METER_SPEC_PBS_KBITS)`},
		{Insert, rateEntry(1, cir(1), cir(2)), "add pipe.SwitchIngress.rate: invalid arguments: data field $METER_SPEC_CIR_KBPS is given twice"},
		{Insert, rateEntry(1, DataField{"$METER_SPEC_CIR_KBPS", "fast"}), "add pipe.SwitchIngress.rate: invalid arguments: data field $METER_SPEC_CIR_KBPS is string, want []byte"},
		{Modify, rateEntry(1, cir(1000), cbs(0)), "modify pipe.SwitchIngress.rate: not supported: committed burst 0 is too small"},
		{Delete, rateEntry(1), "delete pipe.SwitchIngress.rate: not supported: a Meter table has: add, modify, clear"},
		{Insert, TableEntry{Table: "lpf", Key: []KeyField{exactKey("$LPF_INDEX", 1, 4)}, Data: []DataField{{"$LPF_SPEC_TYPE", "FAST"}}},
			`add pipe.SwitchIngress.lpf: invalid arguments: data field $LPF_SPEC_TYPE is "FAST" (choices: RATE, SAMPLE)`},
		{Insert, TableEntry{Table: "wred", Key: []KeyField{exactKey("$WRED_INDEX", 1, 4)}, Data: []DataField{{"$WRED_SPEC_TIME_CONSTANT_NS", num(4, 1)}}},
			"add pipe.SwitchIngress.wred: invalid arguments: data field $WRED_SPEC_TIME_CONSTANT_NS is []uint8, want float32"},
		{Insert, TableEntry{Table: "wred", Key: []KeyField{exactKey("$WRED_INDEX", 1, 4)}, Data: []DataField{{"$WRED_SPEC_MAX_PROBABILITY", float32(2)}}},
			"add pipe.SwitchIngress.wred: invalid arguments: maximum probability is 2, want more than 0, at most 1"},
	} {
		before := stateHash(t, st)
		if err := do(st, c.op, c.e); err == nil || err.Error() != c.want {
			t.Errorf("got %v\nwant %s", err, c.want)
		}
		if stateHash(t, st) != before {
			t.Errorf("a refused update changed the state: %s", c.want)
		}
	}
}

func routeEntry(v uint64, data ...DataField) TableEntry {
	return TableEntry{Table: "routes", Key: []KeyField{exactKey("vrf", 1, 2), {Name: "dst_addr", Value: num(4, v), PrefixLen: 32}},
		Action: "hit", Data: append([]DataField{{"port", num(2, 1)}}, data...)}
}

// TestDirectMetersAndFilters: an entry's own; a new entry finds its cell fresh.
func TestDirectMetersAndFilters(t *testing.T) {
	st := newTimedStore(t)
	pps := func(v uint64) []DataField {
		return []DataField{{"$METER_SPEC_CIR_PPS", num(8, v)}, {"$METER_SPEC_PIR_PPS", num(8, v)}, {"$METER_SPEC_CBS_PKTS", num(8, 1)}, {"$METER_SPEC_PBS_PKTS", num(8, 1)}}
	}
	red := []DataField{{"$WRED_SPEC_TIME_CONSTANT_NS", float32(1000)}, {"$WRED_SPEC_MIN_THRESH_CELLS", num(4, 5)}, {"$WRED_SPEC_MAX_THRESH_CELLS", num(4, 5)}, {"$WRED_SPEC_MAX_PROBABILITY", float32(1)}}
	mustDo(t, st, Insert, routeEntry(7, append(pps(0), red...)...))
	mustDo(t, st, Insert, routeEntry(8))
	s := st.State(1)
	cell := func(v uint64) uint32 {
		return s.Match[1].Lookup(append(num(2, 1), num(4, v)...)).Cell()
	}
	if a, b := s.Meters[1].ExecuteCell(cell(7), 0, 64, 0), s.Meters[1].ExecuteCell(cell(8), 0, 64, 0); a != 3 || b != 0 {
		t.Errorf("colours %d %d, want 3 0", a, b)
	}
	if a, b := s.Filters[2].ExecuteCell(cell(7), 9, 0, nil), s.Filters[2].ExecuteCell(cell(8), 9, 0, nil); a != 1 || b != 0 {
		t.Errorf("drops %d %d, want 1 0", a, b)
	}
	q := Query{Table: "routes", Key: routeEntry(7).Key}
	if got := number64(field(t, st, AllPipes, q, "$WRED_SPEC_MAX_THRESH_CELLS")); got != 5 {
		t.Errorf("threshold reads %d", got)
	}
	if got := field(t, st, AllPipes, q, "$WRED_SPEC_MAX_PROBABILITY"); got != Value(float32(1)) {
		t.Errorf("probability reads %v", got)
	}
	used := cell(7)
	mustDo(t, st, Delete, TableEntry{Table: "routes", Key: routeEntry(7).Key})
	mustDo(t, st, Insert, routeEntry(9))
	if cell(9) != used {
		t.Fatalf("the new entry has cell %d, not %d again", cell(9), used)
	}
	if c := s.Meters[1].ExecuteCell(used, 0, 64, 0); c != 0 {
		t.Errorf("a new entry in an old cell: colour %d", c)
	}
	// What cannot be encoded refuses the entry; a batch that fails is undone.
	mustDo(t, st, Insert, routeEntry(12)) // so that there is a free cell
	mustDo(t, st, Delete, TableEntry{Table: "routes", Key: routeEntry(12).Key})
	before := stateHash(t, st)
	if err := do(st, Insert, routeEntry(10, DataField{"$WRED_SPEC_MAX_PROBABILITY", float32(0)})); !errors.Is(err, ErrNotSupported) {
		t.Errorf("no probability: %v", err)
	}
	err := st.Write(context.Background(), AllPipes, []Update{
		{Op: Modify, Entry: routeEntry(8, pps(0)...)}, {Op: Insert, Entry: routeEntry(11, pps(5)...)}, {Op: Insert, Entry: routeEntry(8)},
	}, RollbackOnError)
	if !errors.Is(err, ErrExists) {
		t.Errorf("batch: %v", err)
	}
	if stateHash(t, st) != before {
		t.Error("a batch that was rolled back left a trace")
	}
	if s.Meters[1].ExecuteCell(cell(8), 0, 64, 0) != 0 {
		t.Error("a batch that was rolled back left its rate")
	}
}

// TestMeterByteCountAdjust: an attribute of byte meters' tables, by pipe.
func TestMeterByteCountAdjust(t *testing.T) {
	st := newTimedStore(t)
	ctx := context.Background()
	set := func(target Target, n int32) {
		t.Helper()
		if err := st.SetAttribute(ctx, target, "rate", "MeterByteCountAdjust", []DataField{{"byte_count_adjust", num(4, uint64(uint32(n)))}}); err != nil {
			t.Fatal(err)
		}
	}
	get := func(target Target) []int32 {
		t.Helper()
		data, err := st.Attribute(ctx, target, "rate", "MeterByteCountAdjust")
		if err != nil {
			t.Fatal(err)
		}
		var out []int32
		for _, f := range data {
			w, _ := word(f.Value, 32)
			out = append(out, int32(w))
		}
		return out
	}
	if got := get(AllPipes); len(got) != 2 || got[0] != 0 {
		t.Errorf("at first %v", got)
	}
	set(AllPipes, -12)
	set(OnePipe(1), 20)
	if a, b := get(OnePipe(0)), get(OnePipe(1)); a[0] != -12 || b[0] != 20 {
		t.Errorf("pipes have %v and %v", a, b)
	}
	mustDo(t, st, Insert, rateEntry(0, cir(1000), pir(1000), cbs(1), pbs(1))) // 125 bytes
	if a, b := st.State(0).Meters[0].Execute(0, 0, 130, 0), st.State(1).Meters[0].Execute(0, 0, 120, 0); a != 0 || b != 3 {
		t.Errorf("130 bytes less 12: %d; 120 bytes and 20: %d", a, b)
	}
	err := st.SetAttribute(ctx, AllPipes, "rate", "MeterByteCountAdjust", []DataField{{"bytes", num(4, 1)}})
	if want := `set attribute of pipe.SwitchIngress.rate: invalid arguments: MeterByteCountAdjust: no field "bytes" (fields: byte_count_adjust)`; err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
	if err := st.SetAttribute(ctx, AllPipes, "lpf", "MeterByteCountAdjust", nil); !errors.Is(err, ErrNotSupported) {
		t.Errorf("of a filter: %v", err)
	}
	if _, err := st.Attribute(ctx, AllPipes, "routes", "MeterByteCountAdjust"); err != nil {
		t.Errorf("of a table with a direct meter: %v", err)
	}
}

// TestTimedStateIsSaved: what was saved in the middle of a run goes on as if
// nothing had been.
func TestTimedStateIsSaved(t *testing.T) {
	st := newTimedStore(t)
	lpf := TableEntry{Table: "lpf", Key: []KeyField{exactKey("$LPF_INDEX", 1, 4)}, Data: []DataField{{"$LPF_SPEC_TYPE", "RATE"},
		{"$LPF_SPEC_GAIN_TIME_CONSTANT_NS", float32(5000)}, {"$LPF_SPEC_DECAY_TIME_CONSTANT_NS", float32(10000)}, {"$LPF_SPEC_OUT_SCALE_DOWN_FACTOR", num(4, 2)}}}
	mustDo(t, st, Insert, lpf)
	mustDo(t, st, Insert, rateEntry(2, cir(100_000), pir(200_000), cbs(100), pbs(100)))
	mustDo(t, st, Insert, routeEntry(7, DataField{"$METER_SPEC_CIR_PPS", num(8, 1000)}, DataField{"$METER_SPEC_CBS_PKTS", num(8, 5)}))
	run := func(st *Store, from int) (out []uint64) {
		r := rand.New(rand.NewPCG(5, 5))
		s := st.State(0)
		for n := range 4000 {
			now, x := uint64(n)*3000+r.Uint64N(3000), r.Uint64N(1500)
			if n >= from && n < from+2000 {
				out = append(out, uint64(s.Meters[0].Execute(2, 0, int(x), now)), uint64(s.Meters[1].Execute(1, 0, 0, now)), s.Filters[0].Execute(1, x, now, nil))
			}
		}
		return out
	}
	first := run(st, 0)
	var e snap.Encoder
	st.Save(&e)
	again := newTimedStore(t)
	if err := again.Load(snap.NewDecoder(e.Body())); err != nil {
		t.Fatal(err)
	}
	if stateHash(t, st) != stateHash(t, again) {
		t.Error("the loaded state differs")
	}
	a, b := run(st, 2000), run(again, 2000)
	if len(first) != len(a) || len(a) != len(b) {
		t.Fatal("runs differ in length")
	}
	for i := range a {
		if a[i] != b[i] {
			t.Fatalf("result %d: %d after loading, %d without", i, b[i], a[i])
		}
	}
	// Whatever the bytes, an error or a state.
	body := e.Body()
	r := rand.New(rand.NewPCG(6, 6))
	for range 2000 {
		bad := append([]byte(nil), body...)
		bad[r.IntN(len(bad))] ^= 1 << r.IntN(8)
		_ = newTimedStore(t).Load(snap.NewDecoder(bad))
	}
}
