package model_test

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"gofino/model"
	"gofino/pipeline/ir"
	"gofino/tables"
)

// ------------------------------------------------ an independent calculation

// slowApp is a timer application, as the tables say it.
type slowApp struct {
	pipe, id                   int
	periodic                   bool
	timer, ibg, ipg            uint32
	ibgJitter, ipgJitter       uint32
	batches, perBatch          int // from 1
	length, offset             int
	source                     int
	increment                  bool
	wrap                       int
	due                        *big.Int // cycle of the next timer; nil for none
	next                       *big.Int // cycle of the next packet; nil: idle
	batch, packet              int
	began                      *big.Int
	triggers, started, packets uint64
}

// slowGen calculates what the generators send, with times as big numbers and
// by looking at every application for what comes next.
type slowGen struct {
	tg     ir.Target
	hz     int64
	buf    []byte
	apps   []*slowApp
	free   [4]*big.Int
	jitter [4]*rand.PCG
	out    []string
}

func bigDiv(x *big.Int, m, d int64, up bool) *big.Int {
	n := new(big.Int).Mul(x, big.NewInt(m))
	if up {
		n.Add(n, big.NewInt(d-1))
	}
	return n.Div(n, big.NewInt(d))
}

func (g *slowGen) cycles(ns uint32) *big.Int {
	n := bigDiv(big.NewInt(int64(ns)), g.hz, 1e9, false)
	if most := big.NewInt(1<<32 - 1); n.Cmp(most) > 0 {
		return most
	}
	return n
}

func (g *slowGen) ns(cycle *big.Int) int64 { return bigDiv(cycle, 1e9, g.hz, true).Int64() }

func later(a, b *big.Int) *big.Int {
	if a.Cmp(b) > 0 {
		return a
	}
	return b
}

func (g *slowGen) start() {
	for _, a := range g.apps {
		if a.due = g.cycles(a.timer); a.due.Sign() == 0 {
			a.due = big.NewInt(1)
		}
	}
}

// until does everything up to a time: of what is due at the same nanosecond
// first what is of the lower pipe, then of the lower application, then timers.
func (g *slowGen) until(t int64) {
	for {
		var first *slowApp
		var timer bool
		best := t + 1
		for _, a := range g.apps {
			if a.due != nil && g.ns(a.due) < best {
				best, first, timer = g.ns(a.due), a, true
			}
			if a.next != nil && g.ns(a.next) < best {
				best, first, timer = g.ns(a.next), a, false
			}
		}
		if first == nil {
			return
		}
		if timer {
			g.timeout(first)
		} else {
			g.packet(first)
		}
	}
}

func (g *slowGen) timeout(a *slowApp) {
	at := a.due
	a.due = nil
	if a.periodic {
		a.due = new(big.Int).Add(at, later(g.cycles(a.timer), big.NewInt(1)))
	}
	if a.next == nil { // a busy application misses it
		a.triggers++
		a.next, a.batch, a.packet = at, 0, 0
	}
}

func (g *slowGen) packet(a *slowApp) {
	if f := g.free[a.pipe]; f.Cmp(a.next) > 0 {
		a.next = f
		return
	}
	if a.packet == 0 {
		a.started++
		a.began = a.next
	}
	a.packets++
	head := uint64(a.pipe)<<43 | uint64(a.id)<<40
	if g.tg == ir.Tofino2 {
		head = uint64(a.pipe)<<44 | uint64(a.id)<<40
	}
	head |= uint64(a.batch)<<16 | uint64(a.packet)
	port := a.source
	for range a.packet {
		if !a.increment {
			break
		}
		if port++; g.tg == ir.Tofino2 && a.wrap >= a.source && a.wrap > 0 && port > a.wrap {
			port = a.source
		}
		port %= 128
	}
	g.out = append(g.out, fmt.Sprintf("9 %04x%012x%012x%x", a.pipe<<7|port, g.ns(a.next), head, g.buf[a.offset:a.offset+a.length]))

	write := bigDiv(big.NewInt(int64(6+a.length+4)*8), g.hz, 100e9, true)
	end := new(big.Int).Add(a.next, write)
	g.free[a.pipe] = end
	from, gap, jitter := a.next, a.ipg, a.ipgJitter
	if a.packet++; a.packet == a.perBatch {
		from, gap, jitter = a.began, a.ibg, a.ibgJitter
		a.packet = 0
		if a.batch++; a.batch == a.batches {
			a.next = nil
			return
		}
	}
	if g.tg == ir.Tofino2 {
		from = end
	}
	next := new(big.Int).Add(from, g.cycles(gap))
	if j := g.cycles(jitter); j.Sign() > 0 {
		// r of 2^64 steps, spread over 0..2j.
		span := new(big.Int).Add(new(big.Int).Lsh(j, 1), big.NewInt(1))
		r := new(big.Int).SetUint64(g.jitter[a.pipe].Uint64())
		next.Add(next, r.Mul(r, span).Rsh(r, 64))
	}
	a.next = later(next, end)
}

// Two applications in each of four pipes, with everything random, over long
// runs: every byte and every nanosecond of what is generated.
func TestPktgenTimersAsCalculated(t *testing.T) {
	both(t, func(t *testing.T, tg ir.Target) {
		for seed := range uint64(12) {
			r := rand.New(rand.NewPCG(seed, 77))
			b := newGen(t, tg, model.Config{Seed: seed})
			g := &slowGen{tg: tg, hz: 1_220_000_000, buf: b.fill(seed)}
			if tg == ir.Tofino2 {
				g.hz = 1_312_500_000
			}
			for n := range uint32(4) {
				b.port(genPort(tg, n), "pktgen_enable")
				g.free[n], g.jitter[n] = new(big.Int), rand.NewPCG(seed, 1<<32|uint64(n))
			}
			for pipe := range 4 {
				for _, id := range []int{int(r.IntN(4)), 4 + int(r.IntN(4))} {
					a := &slowApp{
						pipe: pipe, id: id, periodic: r.IntN(4) != 0, timer: r.Uint32N(300_000),
						ibg: r.Uint32N(9000), ipg: r.Uint32N(900), batches: 1 + r.IntN(6), perBatch: 1 + r.IntN(7),
						length: 1 + r.IntN(300), offset: 16 * r.IntN(1000), source: r.IntN(72), increment: r.IntN(2) == 0, wrap: r.IntN(72),
					}
					if r.IntN(2) == 0 {
						a.ibgJitter, a.ipgJitter = r.Uint32N(4000), r.Uint32N(400)
					}
					if a.id >= 4 {
						a.timer %= 5000
					}
					if tg == ir.Tofino {
						a.wrap = 0
					}
					g.apps = append(g.apps, a)
					action := "trigger_timer_one_shot"
					if a.periodic {
						action = "trigger_timer_periodic"
					}
					d := []tables.DataField{
						data("timer_nanosec", u32(a.timer)), data("app_enable", true), data("pkt_len", u16(uint16(a.length))),
						data("pkt_buffer_offset", u16(uint16(a.offset))), data("pipe_local_source_port", u32(uint32(a.source))),
						data("increment_source_port", a.increment), data("batch_count_cfg", u16(uint16(a.batches-1))),
						data("packets_per_batch_cfg", u16(uint16(a.perBatch-1))), data("ibg", u32(a.ibg)), data("ibg_jitter", u32(a.ibgJitter)),
						data("ipg", u32(a.ipg)), data("ipg_jitter", u32(a.ipgJitter)),
					}
					if tg == ir.Tofino2 {
						d = append(d, data("assigned_chnl_id", []byte{6}), data("source_port_wrap_max", []byte{byte(a.wrap)}))
					}
					if err := b.try(tables.OnePipe(pipe), tables.Modify, "app_cfg", action, []tables.KeyField{key("app_id", uint32(a.id))}, d...); err != nil {
						t.Fatal(err)
					}
				}
			}
			g.start()
			const end = 3_000_000
			for now := int64(0); now < end; { // time in pieces or at once: the same
				now = min(now+r.Int64N(400_000), end)
				if err := b.sw.RunUntil(now); err != nil {
					t.Fatal(err)
				}
			}
			g.until(end)
			// Copies for another pipe's port leave after the packet's own pipe
			// is done: still one by one, so the order is that of time.
			if got := b.take(); !slices.Equal(got, g.out) {
				for i := range got {
					if i >= len(g.out) || got[i] != g.out[i] {
						t.Fatalf("seed %d: packet %d of %d (want %d):\n got %s\nwant %s", seed, i, len(got), len(g.out), got[i], append(g.out, "")[min(i, len(g.out))])
					}
				}
				t.Fatalf("seed %d: %d packets, want %d", seed, len(got), len(g.out))
			}
			if len(g.out) < 1000 {
				t.Errorf("seed %d: only %d packets", seed, len(g.out))
			}
			for _, a := range g.apps {
				if got, want := b.counters(tables.OnePipe(a.pipe), uint32(a.id)), [3]uint64{a.triggers, a.started, a.packets}; got != want {
					t.Errorf("seed %d: pipe %d application %d: counters %v, want %v", seed, a.pipe, a.id, got, want)
				}
			}
		}
	})
}
