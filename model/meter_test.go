package model_test

import (
	"context"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"gofino/internal/clock"
	"gofino/model"
	"gofino/p4"
	"gofino/pipeline/ir"
	"gofino/tables"
)

// lastFrame keeps the start of what left last.
type lastFrame struct{ head []byte }

func (l *lastFrame) Send(_ model.Port, head, _ []byte) error {
	l.head = append(l.head[:0], head...)
	return nil
}

// TestPolicerInVirtualTime: a whole switch against token buckets and filters in
// real numbers, over long random runs of several flows whose meters and filters
// know nothing of each other. The encoded rates are what reads give.
func TestPolicerInVirtualTime(t *testing.T) {
	const seed, flows, packets = 21, 5, 60000
	prog, diags := p4.Compile("testdata/meter.p4", p4.Options{Target: ir.Tofino})
	if prog == nil {
		t.Fatal(diags)
	}
	now := new(clock.Virtual)
	sw, err := model.New(prog, model.Config{Clock: now})
	if err != nil {
		t.Fatal(err)
	}
	defer sw.Close()
	out := new(lastFrame)
	sw.SetWire(out)
	r := rand.New(rand.NewPCG(seed, 1))

	type flow struct {
		rate, size, level [2]float64 // bytes per second, bytes
		credit            [2]float64 // what one step of the encoding may be off
		depth, average    float64
		tau               float64 // ns
		at                int64
		seen              bool
		colors            map[byte]int
	}
	be := func(v uint64, n int) []byte { return binary.BigEndian.AppendUint64(nil, v)[8-n:] }
	all := make([]flow, flows)
	write := func(table string, key tables.KeyField, action string, data ...tables.DataField) {
		t.Helper()
		e := tables.TableEntry{Table: table, Key: []tables.KeyField{key}, Action: action, Data: data}
		if err := sw.API().Write(context.Background(), tables.AllPipes, []tables.Update{{Op: tables.Insert, Entry: e}}, tables.ContinueOnError); err != nil {
			t.Fatal(err)
		}
	}
	read := func(table string, key tables.KeyField) map[string]tables.Value {
		t.Helper()
		got := map[string]tables.Value{}
		for e, err := range sw.API().Read(context.Background(), tables.AllPipes, tables.Query{Table: table, Key: []tables.KeyField{key}}) {
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range e.Data {
				got[d.Name] = d.Value
			}
		}
		return got
	}
	for i := range all {
		f := &all[i]
		f.colors = map[byte]int{}
		cir := uint64(10000 + r.IntN(90000))
		index := tables.KeyField{Name: "$METER_INDEX", Value: be(uint64(i), 4)}
		write("police", index, "", tables.DataField{Name: "$METER_SPEC_CIR_KBPS", Value: be(cir, 8)}, tables.DataField{Name: "$METER_SPEC_PIR_KBPS", Value: be(2*cir, 8)},
			tables.DataField{Name: "$METER_SPEC_CBS_KBITS", Value: be(uint64(50+r.IntN(100)), 8)}, tables.DataField{Name: "$METER_SPEC_PBS_KBITS", Value: be(uint64(200+r.IntN(100)), 8)})
		got := read("police", index)
		for k, name := range []string{"C", "P"} {
			f.rate[k] = float64(number(got["$METER_SPEC_"+name+"IR_KBPS"])) * 125
			f.size[k] = float64(number(got["$METER_SPEC_"+name+"BS_KBITS"])) * 125
		}
		f.level, f.credit = f.size, [2]float64{512 + 125, 512 + 125}
		ns := float32(20000 + 1000*r.IntN(100))
		index.Name = "$LPF_INDEX"
		write("average", index, "", tables.DataField{Name: "$LPF_SPEC_TYPE", Value: "SAMPLE"}, tables.DataField{Name: "$LPF_SPEC_GAIN_TIME_CONSTANT_NS", Value: ns},
			tables.DataField{Name: "$LPF_SPEC_DECAY_TIME_CONSTANT_NS", Value: ns}, tables.DataField{Name: "$LPF_SPEC_OUT_SCALE_DOWN_FACTOR", Value: be(0, 4)})
		f.tau = float64(read("average", index)["$LPF_SPEC_GAIN_TIME_CONSTANT_NS"].(float32))
		write("flows", tables.KeyField{Name: "flow", Value: be(uint64(i), 2)}, "watch", tables.DataField{Name: "$WRED_SPEC_TIME_CONSTANT_NS", Value: ns},
			tables.DataField{Name: "$WRED_SPEC_MIN_THRESH_CELLS", Value: be(200, 4)}, tables.DataField{Name: "$WRED_SPEC_MAX_THRESH_CELLS", Value: be(200, 4)},
			tables.DataField{Name: "$WRED_SPEC_MAX_PROBABILITY", Value: float32(1)})
	}
	differ, drops := 0, 0
	for n := range packets {
		now.Advance(int64(r.ExpFloat64() * 4000))
		i := r.IntN(flows)
		f := &all[i]
		size := 64 + r.IntN(1400)
		f.depth = min(max(f.depth+float64(r.IntN(101)-50), 0), 400)
		packet := make([]byte, size)
		binary.BigEndian.PutUint16(packet, uint16(i))
		binary.BigEndian.PutUint16(packet[4:], uint16(f.depth))
		sw.Process([]model.Frame{{Port: 3, Data: packet}})
		if len(out.head) < 8 {
			t.Fatalf("packet %d left as %x", n, out.head)
		}
		color, drop, average := out.head[2], out.head[3], float64(binary.BigEndian.Uint16(out.head[6:]))

		dt := float64(now.Now() - f.at)
		if !f.seen {
			f.seen, dt = true, math.Inf(1)
		}
		f.at = now.Now()
		want := byte(0)
		for k := range f.level {
			f.level[k] = min(f.size[k], f.level[k]+f.rate[k]*dt/1e9)
		}
		switch bytes := float64(size); {
		case f.level[1] < bytes:
			want = 3
		case f.level[0] < bytes:
			want = 1
		}
		if want != color {
			differ++
			if math.Abs(f.level[0]-float64(size)) > f.credit[0] && math.Abs(f.level[1]-float64(size)) > f.credit[1] {
				t.Fatalf("seed %d packet %d of flow %d, %d bytes: colour %d, want %d; levels %v", seed, n, i, size, color, want, f.level)
			}
		}
		f.colors[color]++
		if color != 3 {
			f.level[1] -= float64(size)
		}
		if color == 0 {
			f.level[0] -= float64(size)
		}

		f.average += (math.Floor(f.depth) - f.average) * (1 - math.Exp(-dt/f.tau))
		if math.Abs(f.average-average) > 1.1 {
			t.Fatalf("seed %d packet %d of flow %d: average %g, want %.3f", seed, n, i, average, f.average)
		}
		if math.Abs(f.average-200) > 1.1 && (f.average > 200) != (drop == 1) {
			t.Fatalf("seed %d packet %d of flow %d: average %.3f, threshold 200: drop %d", seed, n, i, f.average, drop)
		}
		drops += int(drop)
	}
	for i := range all {
		if c := all[i].colors; c[0] == 0 || c[1] == 0 || c[3] == 0 {
			t.Errorf("flow %d: colours %v: the run shows too little", i, c)
		}
	}
	// Under overload a level is often as long as a packet, within a credit.
	if differ > packets/4 || drops == 0 || drops == packets {
		t.Errorf("%d of %d colours differ by a credit; %d drops", differ, packets, drops)
	}
}
