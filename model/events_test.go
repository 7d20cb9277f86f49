package model_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"gofino/internal/clock"
	"gofino/model"
	"gofino/p4"
	"gofino/pipeline/ir"
	"gofino/pre"
	"gofino/tables"
)

// stateProgram compiles testdata/state.p4 once.
var stateProgram = sync.OnceValue(func() *ir.Program {
	prog, diags := p4.Compile("testdata/state.p4", p4.Options{})
	if prog == nil {
		panic(fmt.Sprint(diags))
	}
	return prog
})

// player gives events to a switch and writes down what comes of them.
type player struct {
	sw    *model.Switch
	clock *clock.Virtual
	out   *bufio.Writer
	sent  int // frames that left
	fail  int // every how-manieth frame is refused; 0: none
}

var errWire = errors.New("cable cut")

func (p *player) Send(port model.Port, head, payload []byte) error {
	p.sent++
	if p.fail > 0 && p.sent%p.fail == 0 {
		return errWire
	}
	fmt.Fprintf(p.out, "%d %x%x\n", port, head, payload)
	return nil
}

func newPlayer(t testing.TB, out io.Writer) *player {
	t.Helper()
	p, err := makePlayer(out)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func makePlayer(out io.Writer) (*player, error) {
	p := &player{clock: new(clock.Virtual), out: bufio.NewWriter(out)}
	sw, err := model.New(stateProgram(), model.Config{Seed: 3, Clock: p.clock})
	if err != nil {
		return nil, err
	}
	p.attach(sw)
	return p, nil
}

func (p *player) attach(sw *model.Switch) {
	p.sw = sw
	sw.SetWire(p)
}

// event is one input of a switch.
type event func(p *player)

// play gives events [from, to) of a history.
func (p *player) play(history []event, from, to int) {
	for i := from; i < to; i++ {
		fmt.Fprintf(p.out, "event %d\n", i)
		history[i](p)
	}
	p.out.Flush()
}

func (p *player) note(err error) {
	if err != nil {
		fmt.Fprintln(p.out, err)
	}
}

// historian invents events: packets, table operations, ports, time. They depend
// on the seed only.
type historian struct{ *rand.Rand }

func history(seed uint64, n int) []event {
	h := historian{rand.New(rand.NewPCG(seed, 1))}
	out := h.start()
	for len(out) < n {
		out = append(out, h.event())
	}
	return out[:n]
}

func (h historian) event() event {
	switch n := h.IntN(100); {
	case n < 50:
		return h.packets()
	case n < 90:
		return h.write()
	case n < 92:
		tab := h.pick("ports", "pairs", "visits", "visits", "bytes")
		op := h.pick("Sync", "SyncCounters", "SyncRegisters")
		return func(p *player) { p.note(p.sw.API().Operation(context.Background(), tables.AllPipes, tab, op)) }
	case n < 95:
		port, up := h.port(), h.IntN(3) > 0
		return func(p *player) { p.sw.PortUp(port, up) }
	case n < 96:
		c := pre.DeviceConfig{
			GlobalRID: pre.RID(h.IntN(4)), PortProtection: h.flip(), FastFailover: h.flip(), MaxNodes: 1 + h.IntN(40), MaxPortLAGs: 1 + h.IntN(40),
		}
		return func(p *player) { p.sw.ConfigurePRE(c) }
	default:
		d := h.Int64N(1e6)
		return func(p *player) { p.clock.Advance(d) }
	}
}

func (h historian) flip() bool                 { return h.IntN(2) == 0 }
func (h historian) pick(list ...string) string { return list[h.IntN(len(list))] }
func (h historian) port() model.Port           { return model.Port(h.IntN(4)<<7 | h.IntN(12)) }
func (h historian) ports() (list []uint32) {
	return h.list(5, func() uint32 { return uint32(h.port()) })
}
func (h historian) small(most int) []byte               { return []byte{byte(h.IntN(most))} }
func (h historian) key(n string, v []byte) keys         { return keys{{Name: n, Value: v}} }
func (h historian) id(n string, most int) keys          { return h.key(n, u32(uint32(h.IntN(most)))) }
func num(n string, v int) tables.DataField              { return data(n, u32(uint32(v))) }
func data1(n string, v tables.Value) []tables.DataField { return []tables.DataField{data(n, v)} }

type keys = []tables.KeyField

func (h historian) list(most int, one func() uint32) []uint32 {
	out := []uint32{}
	for range h.IntN(most) {
		if v := one(); !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// address is one of few, so that prefixes meet it.
func (h historian) address() uint32 {
	return uint32(h.IntN(4))<<30 | uint32(h.IntN(4))<<20 | uint32(h.IntN(6))
}

func (h historian) packets() event {
	var batch []model.Frame
	times := make([]int64, 1+h.IntN(3))
	for i := range times {
		b := []byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5, byte(h.IntN(40)), byte(h.IntN(16))}
		if h.IntN(10) == 0 {
			b[0] = 3 // multicast, to the port counters
		}
		b = binary.BigEndian.AppendUint16(b, uint16(h.IntN(60)))
		b = binary.BigEndian.AppendUint32(b, h.address())
		b = append(b, make([]byte, 8+h.IntN(60))...)
		if h.IntN(50) == 0 {
			b = b[:h.IntN(len(b))]
		}
		batch = append(batch, model.Frame{Port: h.port(), Data: b})
		if h.flip() {
			times[i] = h.Int64N(1000) - 500
		}
	}
	traced := h.IntN(20) == 0
	return func(p *player) {
		for i := range batch {
			batch[i].Time = 0
			if times[i] != 0 {
				batch[i].Time = p.clock.Now() + times[i]
			}
		}
		if traced {
			p.sw.Trace(batch[0], new(model.Recorder))
		} else {
			p.sw.Process(batch)
		}
	}
}

func (h historian) write() event {
	at := tables.Atomicity(h.IntN(2))
	target := tables.AllPipes
	if h.IntN(6) == 0 {
		target = tables.OnePipe(h.IntN(5))
	}
	var batch []tables.Update
	for range 1 + h.IntN(3) {
		u := tables.Update{Op: tables.Op(1 + h.IntN(3)), Entry: h.entry()}
		switch h.IntN(12) {
		case 0, 1:
			u.Op = tables.Delete
		case 3:
			u.Op, u.Remove = tables.ModifyInc, h.flip()
		case 4:
			if h.IntN(40) == 0 {
				u = tables.Update{Op: tables.Delete, Entry: tables.TableEntry{Table: u.Entry.Table}}
			}
		}
		batch = append(batch, u)
	}
	return func(p *player) { p.note(p.sw.API().Write(context.Background(), target, batch, at)) }
}

// entry of some table; many do not fit what is there.
func (h historian) entry() tables.TableEntry {
	e := tables.TableEntry{}
	switch h.IntN(24) {
	case 0, 1, 22, 23:
		e.Table, e.Key = "forward", h.key("hdr.work.a", h.small(40))
		h.route(&e)
		if h.IntN(10) == 0 {
			e.Default, e.Key = true, nil
		}
	case 2, 3:
		e.Table, e.Action = "visits", "meet"
		e.Key = keys{{Name: "hdr.work.c", Value: h.small(60)}, {Name: "md.marked", Value: h.small(2)}}
		if h.flip() {
			e.Data = []tables.DataField{num("$COUNTER_SPEC_PKTS", h.IntN(9)), data("per_entry.f1", u16(uint16(h.Uint32())))}
		}
	case 4:
		e.Table = "prefixes"
		n := h.IntN(33)
		e.Key = keys{{Name: "hdr.work.d", Value: u32(h.address()), PrefixLen: n}}
		h.change(&e)
	case 5:
		e.Table = "in_vrf"
		e.Key = keys{{Name: "hdr.work.d", Value: u32(h.address()), PrefixLen: h.IntN(33)}, {Name: "md.vrf", Value: h.small(3)}}
		h.change(&e)
	case 6:
		e.Table = "rules"
		lo := h.IntN(60)
		e.Key = keys{
			{Name: "hdr.work.a", Value: h.small(40), Mask: h.small(64)}, {Name: "hdr.work.b", Value: h.small(16)},
			{Name: "hdr.work.c", Value: u16(uint16(lo)), High: u16(uint16(lo + h.IntN(40)))}, {Name: "$MATCH_PRIORITY", Value: h.small(6)},
		}
		h.change(&e)
	case 7:
		e.Table = "opened"
		lo := h.IntN(60)
		e.Key = keys{
			{Name: "hdr.work.b", Value: h.small(16), Mask: h.small(16)},
			{Name: "hdr.work.c", Value: u16(uint16(lo)), High: u16(uint16(lo + h.IntN(40)))}, {Name: "$MATCH_PRIORITY", Value: h.small(6)},
		}
		h.change(&e)
		if h.IntN(10) == 0 {
			e.Default, e.Key = true, nil
		}
	case 8, 9:
		e.Table, e.Key = "ways", h.key("hdr.work.b", h.small(16))
		if h.flip() {
			e.Data = data1("$ACTION_MEMBER_ID", u32(uint32(h.IntN(20))))
		} else {
			e.Data = data1("$SELECTOR_GROUP_ID", u32(uint32(h.IntN(8))))
		}
	case 10:
		e.Table, e.Key = "members", h.id("$ACTION_MEMBER_ID", 20)
		if h.IntN(3) == 0 {
			e.Action, e.Data = "Ig.send", data1("port", u16(uint16(h.port())))
		} else {
			e.Action, e.Data = "Ig.add", data1("n", u32(h.Uint32()))
		}
	case 11:
		e.Table, e.Key = "groups", h.id("$SELECTOR_GROUP_ID", 8)
		ids := h.list(8, func() uint32 { return uint32(h.IntN(20)) })
		e.Data = []tables.DataField{data("$ACTION_MEMBER_ID", ids), data("$ACTION_MEMBER_STATUS", h.bools(len(ids))), num("$MAX_GROUP_SIZE", 8+h.IntN(200))}
	case 12:
		e.Table, e.Key = "marks", keys{{Name: "f1", Value: h.small(40), Mask: h.small(64)}}
	case 13:
		e.Table, e.Key, e.Data = "$PORT_METADATA", h.key("ig_intr_md.ingress_port", u16(uint16(h.port()))), data1("vrf", u16(uint16(h.IntN(3))))
	case 14:
		switch h.IntN(4) {
		case 0:
			e.Table, e.Key, e.Data = "pairs", h.id("$REGISTER_INDEX", 16), []tables.DataField{data("first", u32(uint32(h.IntN(20)))), data("second", u32(h.Uint32()))}
		case 1:
			e.Table, e.Key, e.Data = "bits", h.id("$REGISTER_INDEX", 60), data1("f1", h.small(2))
		case 2:
			e.Table, e.Key, e.Data = "ports", h.id("$COUNTER_INDEX", 12), []tables.DataField{num("$COUNTER_SPEC_PKTS", h.IntN(1000))}
		default:
			e.Table, e.Default, e.Data = "limit", true, data1("value", u32(uint32(h.IntN(20))))
		}
	default:
		return h.fixed()
	}
	return e
}

func (h historian) bools(n int) []bool {
	out := make([]bool, n)
	for i := range out {
		out[i] = h.IntN(3) > 0
	}
	return out
}

func (h historian) route(e *tables.TableEntry) {
	switch h.IntN(8) {
	case 0:
		e.Action = "Ig.deny"
	case 1, 2:
		e.Action, e.Data = "Ig.watch", []tables.DataField{data("port", u16(uint16(h.port()))), data("session", u16(uint16(h.IntN(4))))}
	case 3, 4:
		e.Action = "Ig.flood"
		e.Data = []tables.DataField{data("group", u16(uint16(h.IntN(4)))), data("rid", u16(uint16(h.IntN(3)))), data("yid", u16(uint16(h.IntN(3))))}
	default:
		port := h.port()
		if h.IntN(8) == 0 {
			port = 68
		}
		e.Action, e.Data = "Ig.send", data1("port", u16(uint16(port)))
	}
}

func (h historian) change(e *tables.TableEntry) {
	switch h.IntN(3) {
	case 0:
		e.Action = "NoAction"
	case 1:
		e.Action, e.Data = "Ig.flag", data1("n", h.small(8))
	default:
		e.Action, e.Data = "Ig.add", data1("n", u32(h.Uint32()))
	}
}

// fixed is an entry of one of the chip's own tables.
func (h historian) fixed() tables.TableEntry {
	e := tables.TableEntry{}
	few := func() uint32 { return uint32(h.IntN(10)) }
	switch h.IntN(8) {
	case 0:
		e.Table, e.Key = "$pre.node", h.id("$MULTICAST_NODE_ID", 10)
		e.Data = []tables.DataField{data("$MULTICAST_RID", u16(uint16(h.IntN(3)))), data("$DEV_PORT", h.ports()), data("$MULTICAST_LAG_ID", h.list(2, func() uint32 { return uint32(h.IntN(3)) }))}
	case 1:
		e.Table, e.Key = "$pre.mgid", h.id("$MGID", 4)
		nodes, ecmps := h.list(3, few), h.list(2, func() uint32 { return uint32(h.IntN(3)) })
		xids := make([]uint32, len(nodes))
		e.Data = []tables.DataField{
			data("$MULTICAST_NODE_ID", nodes), data("$MULTICAST_NODE_L1_XID_VALID", h.bools(len(nodes))), data("$MULTICAST_NODE_L1_XID", xids),
			data("$MULTICAST_ECMP_ID", ecmps), data("$MULTICAST_ECMP_L1_XID_VALID", h.bools(len(ecmps))), data("$MULTICAST_ECMP_L1_XID", make([]uint32, len(ecmps))),
		}
	case 2:
		e.Table, e.Key, e.Data = "$pre.ecmp", h.id("$MULTICAST_ECMP_ID", 3), data1("$MULTICAST_NODE_ID", h.list(3, few))
	case 3:
		e.Table, e.Key = "$pre.lag", h.id("$MULTICAST_LAG_ID", 3)
		e.Data = []tables.DataField{data("$DEV_PORT", h.ports()), num("$MULTICAST_LAG_REMOTE_MSB_COUNT", h.IntN(2))}
	case 4:
		e.Table, e.Key, e.Data = "$pre.prune", h.id("$MULTICAST_L2_XID", 3), data1("$DEV_PORT", h.ports())
	case 5:
		e.Table, e.Key = "$pre.port", h.key("$DEV_PORT", u32(uint32(h.port())))
		e.Data = []tables.DataField{num("$MULTICAST_BACKUP_PORT", int(h.port())), data("$MULTICAST_FORWARD_STATE", h.IntN(4) > 0), data("$COPY_TO_CPU_PORT_ENABLE", h.flip())}
	case 6:
		e.Table, e.Key = "$PORT", h.key("$DEV_PORT", u32(uint32(h.port())))
		e.Data = []tables.DataField{data("$SPEED", "BF_SPEED_100G"), data("$FEC", "BF_FEC_TYP_NONE"), data("$PORT_ENABLE", h.IntN(4) > 0), data("$LOOPBACK_MODE", h.pick("BF_LPBK_NONE", "BF_LPBK_NONE", "BF_LPBK_MAC_NEAR"))}
	default:
		e.Table, e.Key, e.Action = "$mirror.cfg", h.id("$sid", 4), "$normal"
		e.Data = []tables.DataField{
			data("$session_enable", h.IntN(4) > 0), data("$direction", h.pick("EGRESS", "BOTH", "INGRESS")), num("$ucast_egress_port", int(h.port())),
			data("$ucast_egress_port_valid", h.IntN(4) > 0), data("$mcast_grp_a", u16(uint16(h.IntN(4)))), data("$mcast_grp_a_valid", h.IntN(4) == 0), data("$max_pkt_len", u16(uint16(h.IntN(100)))),
		}
	}
	return e
}

// start is what makes packets move from the first on.
func (h historian) start() []event {
	var out []event
	for i := range 30 {
		e := tables.TableEntry{Table: "forward", Key: h.key("hdr.work.a", []byte{byte(i)})}
		h.route(&e)
		out = append(out, func(p *player) {
			p.note(p.sw.API().Write(context.Background(), tables.AllPipes, []tables.Update{{Op: tables.Insert, Entry: e}}, tables.RollbackOnError))
		})
	}
	return out
}

// saved is the switch as bytes.
func saved(t testing.TB, sw *model.Switch) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := sw.Save(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
