package model_test

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gofino/model"
	"gofino/p4"
	"gofino/pipeline/ir"
	"gofino/tables"
)

// outlet is a Wire that writes down what leaves: "PORT HEX".
type outlet struct{ out []string }

func (w *outlet) Send(p model.Port, head, payload []byte) error {
	w.out = append(w.out, fmt.Sprintf("%d %s%s", p, hex.EncodeToString(head), hex.EncodeToString(payload)))
	return nil
}

// fan is a switch running testdata/fan.p4.
func fan(t *testing.T, target ir.Target, defines ...string) (*model.Switch, *outlet) {
	t.Helper()
	prog, diags := p4.Compile("testdata/fan.p4", p4.Options{Target: target, Defines: defines})
	if prog == nil {
		t.Fatal(diags)
	}
	sw, err := model.New(prog, model.Config{})
	if err != nil {
		t.Fatal(err)
	}
	w := new(outlet)
	sw.SetWire(w)
	return sw, w
}

func u16(n uint16) []byte { return binary.BigEndian.AppendUint16(nil, n) }
func u32(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }

func put(t *testing.T, sw *model.Switch, table, key string, value []byte, action string, data ...tables.DataField) {
	t.Helper()
	err := sw.API().Write(context.Background(), tables.AllPipes, []tables.Update{{Op: tables.Insert, Entry: tables.TableEntry{
		Table: table, Key: []tables.KeyField{{Name: key, Value: value}}, Action: action, Data: data,
	}}}, tables.RollbackOnError)
	if err != nil {
		t.Fatal(err)
	}
}

func data(name string, v tables.Value) tables.DataField {
	return tables.DataField{Name: name, Value: v}
}

// The chip's paths from P4 source to frames: each row is a destination address
// that the table maps to an action.
func TestFan(t *testing.T) {
	t.Run("tofino", func(t *testing.T) { testFan(t, ir.Tofino, 64, 68, 20) })
	// A limit of at most 64 bytes counts the FCS on Tofino 2: 24 leave 20.
	t.Run("tofino2", func(t *testing.T) { testFan(t, ir.Tofino2, 2, 6, 24) })
	// Bridged, mirror and resubmit headers that are not whole bytes: no frame
	// shows it.
	t.Run("tofino, odd headers", func(t *testing.T) { testFan(t, ir.Tofino, 64, 68, 20, "ODD") })
	t.Run("tofino2, odd headers", func(t *testing.T) { testFan(t, ir.Tofino2, 2, 6, 24, "ODD") })
}

func testFan(t *testing.T, target ir.Target, cpu, recirc, limit uint16, defines ...string) {
	sw, w := fan(t, target, defines...)
	forward := func(dst byte, action string, d ...tables.DataField) {
		put(t, sw, "pipe.Ig.forward", "hdr.eth.dst", []byte{dst}, "Ig."+action, d...)
	}
	forward(1, "send", data("port", u16(5)))
	forward(2, "flood", data("a", u16(1)), data("rid", u16(1)), data("yid", u16(3)))
	forward(3, "both", data("a", u16(1)), data("b", u16(2)))
	forward(4, "copy", data("port", u16(5)))
	forward(5, "watch", data("port", u16(5)), data("session", u16(10)))
	forward(6, "watch_out", data("port", u16(140)), data("session", u16(11)))
	forward(7, "raw", data("port", u16(300)))
	forward(8, "twice")
	forward(10, "send", data("port", u16(recirc)))

	put(t, sw, "$pre.port", "$DEV_PORT", u32(uint32(cpu)), "", data("$COPY_TO_CPU_PORT_ENABLE", true))
	for _, n := range []struct {
		id, rid uint16
		ports   []uint32
	}{{1, 1, []uint32{20, 21}}, {2, 2, []uint32{22}}, {3, 0x303, []uint32{20}}} {
		put(t, sw, "$pre.node", "$MULTICAST_NODE_ID", u32(uint32(n.id)), "", data("$MULTICAST_RID", u16(n.rid)), data("$DEV_PORT", n.ports))
	}
	list := func(ids ...uint32) []tables.DataField {
		return []tables.DataField{data("$MULTICAST_NODE_ID", ids), data("$MULTICAST_NODE_L1_XID_VALID", make([]bool, len(ids))), data("$MULTICAST_NODE_L1_XID", make([]uint32, len(ids)))}
	}
	put(t, sw, "$pre.mgid", "$MGID", u16(1), "", list(1, 2)...)
	put(t, sw, "$pre.mgid", "$MGID", u16(2), "", list(3)...)
	put(t, sw, "$pre.prune", "$MULTICAST_L2_XID", u16(3), "", data("$DEV_PORT", []uint32{20}))
	for id, dir := range map[uint16]string{10: "INGRESS", 11: "EGRESS"} {
		put(t, sw, "$mirror.cfg", "$sid", u16(id), "$normal", data("$session_enable", true), data("$direction", dir),
			data("$ucast_egress_port", u32(30)), data("$ucast_egress_port_valid", true), data("$max_pkt_len", u16(limit)))
	}

	frame := func(dst byte) []byte {
		return []byte{0, 0, 0, 0, 0, dst, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0x88, 0xb5, 1, 2, 3, 4, 5, 6, 7, 8}
	}
	// out is "PORT" and how the frame looks there: source address, payload.
	out := func(port, dst, src, payload string) string {
		return port + " 0000000000" + dst + src + "88b5" + payload
	}
	const all = "0102030405060708"
	for _, c := range []struct {
		name string
		dst  byte
		want []string
	}{
		{"unicast", 1, []string{out("5", "01", "aaaaaaaa0000", all)}},
		// Node 2 is newest; node 1 has the packet's rid, so port 20 is pruned.
		{"pruned flood", 2, []string{out("22", "02", "aaaaaaab0002", all), out("21", "02", "aaaaaaab0001", all)}},
		// rid 0 is the global one, prune entry 0 is empty.
		{"both groups", 3, []string{
			out("22", "03", "aaaaaaab0002", all), out("20", "03", "aaaaaaab0001", all), out("21", "03", "aaaaaaaa0001", all), out("20", "03", "aaaaaaab0303", all),
		}},
		{"copy to cpu", 4, []string{out(fmt.Sprint(cpu), "04", "aaaaaaab0000", all), out("5", "04", "aaaaaaaa0000", all)}},
		// The mirror header and the packet make 20 bytes.
		{"ingress mirror", 5, []string{out("30", "05", "aaaaaaaa0000", "0102030405"), out("5", "05", "aaaaaaaa0000", all)}},
		{"egress mirror", 6, []string{out("140", "06", "aaaaaaaa0000", all), out("30", "06", "aaaaaaaa0000", "0102030405")}},
		{"bypass", 7, []string{out("300", "07", "aaaaaaaaaaaa", all)}},
		{"resubmit", 8, []string{out("9", "08", "aaaaaaaa0000", all)}},
		{"no entry", 9, nil},
	} {
		w.out = nil
		sw.Process([]model.Frame{{Port: 1, Data: frame(c.dst)}})
		if !slices.Equal(w.out, c.want) {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, strings.Join(w.out, "\n"), strings.Join(c.want, "\n"))
		}
	}
	// Recirculated, the packet finds the same entry again, until it is stopped.
	w.out = nil
	sw.Process([]model.Frame{{Port: 1, Data: frame(10)}})
	if n := sw.Stats().Drops[model.DropReentries]; n != 1 || len(w.out) != 0 {
		t.Errorf("recirculation: %d stopped, %d left", n, len(w.out))
	}

	// A trace is the same packet, explained.
	var rec model.Recorder
	w.out = nil
	sw.Trace(model.Frame{Port: 1, Data: frame(2)}, &rec)
	if len(w.out) != 2 || rec.Root == nil || len(rec.Root.Children) != 2 {
		t.Fatalf("traced flood: %d left, root %+v", len(w.out), rec.Root)
	}
	found := false
	for _, s := range rec.Root.Steps {
		found = found || s.Pipeline != nil && s.Pipeline.Name == "Ig.forward" && strings.HasSuffix(s.Pipeline.Pos.File, "fan.p4")
	}
	if !found {
		t.Error("the trace does not show the table with its place in the source")
	}
}
