package model

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gofino/pipeline/ir"
	"gofino/tables"
)

// bfrt-fixed-tables.md: names, ids, types, sizes.
func TestFixedSchema(t *testing.T) {
	for _, tg := range targets {
		b := newBench(t, tg, Config{})
		lag, mirror, dev := 255, 1024, "tf1"
		if tg == ir.Tofino2 {
			lag, mirror, dev = 256, 256, "tf2"
		}
		for _, want := range []struct {
			name, typ string
			id        uint32
			size      int
			keys      int
		}{
			{"$PORT", "PortConfigure", 4278255617, 256, 1}, {"$PORT_STAT", "PortStat", 4278255618, 256, 1},
			{"$PORT_HDL_INFO", "PortHdlInfo", 4278255619, 256, 2}, {"$PORT_FP_IDX_INFO", "PortFpIdxInfo", 4278255620, 256, 1},
			{"$PORT_STR_INFO", "PortStrInfo", 4278255621, 256, 1},
			{"$pre.mgid", "PreMgid", 4278321153, 65536, 1}, {"$pre.node", "PreNode", 4278321154, 16777216, 1},
			{"$pre.ecmp", "PreEcmp", 4278321155, 16777216, 1}, {"$pre.lag", "PreLag", 4278321156, lag, 1},
			{"$pre.prune", "PrePrune", 4278321157, 288, 1}, {"$pre.port", "PrePort", 4278321158, 288, 1},
			{"$mirror.cfg", "MirrorCfg", 4278452225, mirror, 1}, {dev + ".dev.device_configuration", "DevConfigure", 4278583297, 1, 0},
		} {
			s, err := b.sw.API().Schema().Find(want.name)
			if err != nil {
				t.Fatal(err)
			}
			if s.Type != want.typ || s.ID != want.id || s.Size != want.size || len(s.Key) != want.keys || !s.Fixed {
				t.Errorf("%s: %s id %d size %d keys %d", s.Name, s.Type, s.ID, s.Size, len(s.Key))
			}
		}
		stat, _ := b.sw.API().Schema().Find("$PORT_STAT")
		if n := len(stat.Data); n != 95 || stat.Data[94].Name != "$RX_RATE" || stat.Data[32].Name != "$FramesTransmittedOK" {
			t.Errorf("$PORT_STAT has %d fields", n)
		}
		node, _ := b.sw.API().Schema().Find("$pre.node")
		if f := node.Data[1]; f.Name != "$MULTICAST_LAG_ID" || !f.Repeated || !f.Mandatory || f.Type.Kind != "uint8" {
			t.Errorf("$pre.node: %+v", f)
		}
	}
}

// all reads a whole table.
func (b *bench) all(table string) (keys []uint64) {
	b.t.Helper()
	for e, err := range b.sw.API().Read(context.Background(), tables.AllPipes, tables.Query{Table: table}) {
		b.must(err)
		keys = append(keys, record{"": e.Key[0].Value}.num(""))
	}
	return keys
}

func TestPreTablesReadBack(t *testing.T) {
	b := newBench(t, ir.Tofino, Config{})
	b.must(b.write(tables.Insert, "$pre.node", 3, field("$MULTICAST_RID", num16(9)), field("$DEV_PORT", []uint32{140, 2}), field("$MULTICAST_LAG_ID", []uint32{4, 1})))
	b.must(b.write(tables.Insert, "$pre.node", 1, field("$MULTICAST_RID", num16(8))))
	b.must(b.write(tables.Insert, "$pre.ecmp", 6, field("$MULTICAST_NODE_ID", []uint32{1})))
	b.must(b.write(tables.Insert, "$pre.mgid", 700))
	b.must(b.write(tables.Insert, "$pre.mgid", 5,
		field("$MULTICAST_NODE_ID", []uint32{3}), field("$MULTICAST_NODE_L1_XID_VALID", []bool{true}), field("$MULTICAST_NODE_L1_XID", []uint32{12}),
		field("$MULTICAST_ECMP_ID", []uint32{6}), field("$MULTICAST_ECMP_L1_XID_VALID", []bool{false}), field("$MULTICAST_ECMP_L1_XID", []uint32{0})))
	for table, want := range map[string]record{
		"$pre.node": {"$MULTICAST_RID": num16(9), "$DEV_PORT": []uint32{2, 140}, "$MULTICAST_LAG_ID": []uint32{1, 4}},
		"$pre.mgid": {
			"$MULTICAST_NODE_ID": []uint32{3}, "$MULTICAST_NODE_L1_XID_VALID": []bool{true}, "$MULTICAST_NODE_L1_XID": []uint32{12},
			"$MULTICAST_ECMP_ID": []uint32{6}, "$MULTICAST_ECMP_L1_XID_VALID": []bool{false}, "$MULTICAST_ECMP_L1_XID": []uint32{0},
		},
		"$pre.ecmp": {"$MULTICAST_NODE_ID": []uint32{1}},
	} {
		key := map[string]uint64{"$pre.node": 3, "$pre.mgid": 5, "$pre.ecmp": 6}[table]
		if got := b.read(table, key); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, want %v", table, got, want)
		}
	}
	if got := b.all("$pre.mgid"); !slices.Equal(got, []uint64{5, 700}) {
		t.Errorf("groups: %v", got)
	}
	if got := b.all("$pre.node"); !slices.Equal(got, []uint64{1, 3}) {
		t.Errorf("nodes: %v", got)
	}
	// Always there: every LAG, every prune entry, every port.
	if l, p, q := len(b.all("$pre.lag")), len(b.all("$pre.prune")), len(b.all("$pre.port")); l != 255 || p != 288 || q != 288 {
		t.Errorf("%d lags, %d prune entries, %d ports", l, p, q)
	}
	b.must(b.write(tables.Insert, "$pre.lag", 4, field("$DEV_PORT", []uint32{9, 8}), field("$MULTICAST_LAG_REMOTE_MSB_COUNT", num32(2))))
	b.must(b.write(tables.Modify, "$pre.lag", 4, field("$MULTICAST_LAG_REMOTE_LSB_COUNT", num32(1))))
	if got, want := b.read("$pre.lag", 4), (record{"$DEV_PORT": []uint32{8, 9}, "$MULTICAST_LAG_REMOTE_MSB_COUNT": num32(2), "$MULTICAST_LAG_REMOTE_LSB_COUNT": num32(1)}); !reflect.DeepEqual(got, want) {
		t.Errorf("lag: %v", got)
	}
	b.must(b.write(tables.Insert, "$pre.port", 9, field("$MULTICAST_BACKUP_PORT", num32(10)), field("$MULTICAST_FORWARD_STATE", false)))
	if got := b.read("$pre.port", 9); got.num("$MULTICAST_BACKUP_PORT") != 10 || got.flag("$MULTICAST_FORWARD_STATE") {
		t.Errorf("port: %v", got)
	}
	b.must(b.write(tables.Delete, "$pre.port", 9))
	if got := b.read("$pre.port", 9); got.num("$MULTICAST_BACKUP_PORT") != 9 || !got.flag("$MULTICAST_FORWARD_STATE") {
		t.Errorf("port after delete: %v", got)
	}
}

// ModifyInc adds to and removes from lists.
func TestModifyInc(t *testing.T) {
	b := newBench(t, ir.Tofino, Config{})
	for n := range uint64(3) {
		b.must(b.write(tables.Insert, "$pre.node", n, field("$MULTICAST_RID", num16(n)), field("$DEV_PORT", []uint32{uint32(n)})))
	}
	b.must(b.write(tables.Insert, "$pre.mgid", 1))
	b.must(b.write(tables.Insert, "$pre.ecmp", 1))
	nodes := func(ids ...uint32) []tables.DataField {
		return []tables.DataField{
			field("$MULTICAST_NODE_ID", ids), field("$MULTICAST_NODE_L1_XID_VALID", make([]bool, len(ids))), field("$MULTICAST_NODE_L1_XID", make([]uint32, len(ids))),
		}
	}
	inc := func(table string, remove bool, data ...tables.DataField) error {
		key := map[string]string{"$pre.mgid": "$MGID", "$pre.ecmp": "$MULTICAST_ECMP_ID"}[table]
		return b.sw.API().Write(context.Background(), tables.AllPipes, []tables.Update{{Op: tables.ModifyInc, Remove: remove, Entry: tables.TableEntry{
			Table: table, Key: []tables.KeyField{{Name: key, Value: []byte{1}}}, Data: data,
		}}}, tables.RollbackOnError)
	}
	b.must(inc("$pre.mgid", false, nodes(0, 1)...))
	b.must(inc("$pre.mgid", true, nodes(0)...))
	b.must(inc("$pre.ecmp", false, field("$MULTICAST_NODE_ID", []uint32{2, 0})))
	b.must(inc("$pre.ecmp", true, field("$MULTICAST_NODE_ID", []uint32{2})))
	if g, e := b.read("$pre.mgid", 1).list("$MULTICAST_NODE_ID"), b.read("$pre.ecmp", 1).list("$MULTICAST_NODE_ID"); !slices.Equal(g, []uint32{1}) || !slices.Equal(e, []uint32{0}) {
		t.Errorf("group %v, ecmp %v", g, e)
	}
}

func TestFixedErrors(t *testing.T) {
	b := newBench(t, ir.Tofino, Config{Pipes: 2})
	speed, fec := field("$SPEED", "BF_SPEED_10G"), field("$FEC", "BF_FEC_TYP_NONE")
	b.must(b.write(tables.Insert, "$pre.node", 1, field("$MULTICAST_RID", num16(1)), field("$DEV_PORT", []uint32{1})))
	b.must(b.write(tables.Insert, "$pre.mgid", 1, field("$MULTICAST_NODE_ID", []uint32{1}), field("$MULTICAST_NODE_L1_XID_VALID", []bool{false}), field("$MULTICAST_NODE_L1_XID", []uint32{0})))
	b.must(b.write(tables.Insert, "$PORT", 1, speed, fec))
	b.session(1)
	before := b.sw.StateHash()
	for _, c := range []struct {
		want error
		text string
		err  error
	}{
		{tables.ErrExists, "add $pre.mgid: already exists: group 1", b.write(tables.Insert, "$pre.mgid", 1)},
		{tables.ErrNotFound, "modify $pre.mgid: object not found: group 2", b.write(tables.Modify, "$pre.mgid", 2)},
		{tables.ErrInvalid, "add $pre.node: invalid arguments: field $MULTICAST_RID is missing", b.write(tables.Insert, "$pre.node", 2, field("$DEV_PORT", []uint32{1}))},
		{tables.ErrInvalid, "does not fit in 16 bits", b.write(tables.Insert, "$pre.mgid", 0x10000)},
		{tables.ErrInvalid, "65536 does not fit in 16 bits", b.write(tables.Insert, "$pre.mgid", 3, field("$MULTICAST_NODE_L1_XID", []uint32{0x10000}))},
		{tables.ErrInvalid, "they must be equally long", b.write(tables.Insert, "$pre.mgid", 3, field("$MULTICAST_NODE_ID", []uint32{1}))},
		{tables.ErrInvalid, "port 300 (ports: pipe<<7 | local; pipe 0..1, local 0..71)", b.write(tables.Insert, "$pre.node", 2, field("$MULTICAST_RID", num16(1)), field("$DEV_PORT", []uint32{300}))},
		{tables.ErrInvalid, `no field "$RID" (fields: $MULTICAST_RID, $MULTICAST_LAG_ID, $DEV_PORT)`, b.write(tables.Insert, "$pre.node", 2, field("$RID", num16(1)))},
		{tables.ErrInvalid, "is int, want []byte", b.write(tables.Insert, "$pre.node", 2, field("$MULTICAST_RID", 1))},
		{tables.ErrNotSupported, "the table has: add, modify, modify incrementally, delete, get", b.writeNoKey(tables.Delete, "$pre.mgid")},
		{tables.ErrInvalid, "l2 xid 288 (l2 xids: 0..287)", b.write(tables.Insert, "$pre.prune", 288)},
		{tables.ErrInvalid, "lag 255 is reserved", b.write(tables.Insert, "$pre.lag", 255)},
		{tables.ErrInvalid, "port 256", b.write(tables.Modify, "$pre.port", 1, field("$COPY_TO_CPU_PORT_ENABLE", true), field("$MULTICAST_FORWARD_STATE", false), field("$MULTICAST_BACKUP_PORT", num32(256)))},
		{tables.ErrExists, "add $PORT: already exists: port 1", b.write(tables.Insert, "$PORT", 1, speed, fec)},
		{tables.ErrInvalid, "field $FEC is missing", b.write(tables.Insert, "$PORT", 2, speed)},
		{tables.ErrInvalid, `no choice "10G" (choices: BF_SPEED_NONE, BF_SPEED_1G`, b.write(tables.Insert, "$PORT", 2, field("$SPEED", "10G"), fec)},
		{tables.ErrReadOnly, "field $PORT_UP", b.write(tables.Modify, "$PORT", 1, field("$PORT_UP", true))},
		{tables.ErrInvalid, "port 72", b.write(tables.Insert, "$PORT", 72, speed, fec)},
		{tables.ErrInvalid, "port 4294967295", b.write(tables.Insert, "$PORT", 0xffffffff, speed, fec)},
		{tables.ErrNotSupported, "add $PORT_HDL_INFO", b.writeNoKey(tables.Insert, "$PORT_HDL_INFO")},
		{tables.ErrExists, "session 1", b.writeAction(tables.Insert, "$mirror.cfg", "$normal", 1)},
		{tables.ErrNotFound, "session 2", b.writeAction(tables.Modify, "$mirror.cfg", "$normal", 2)},
		{tables.ErrInvalid, "session 0 (sessions: 1..1015)", b.writeAction(tables.Insert, "$mirror.cfg", "$normal", 0)},
		{tables.ErrInvalid, "session 1016", b.writeAction(tables.Insert, "$mirror.cfg", "$normal", 1016)},
		{tables.ErrNotSupported, "coalescing sessions (action $coalescing) are not emulated", b.writeAction(tables.Insert, "$mirror.cfg", "$coalescing", 3)},
		{tables.ErrInvalid, `no action "" (actions: $coalescing, $normal)`, b.write(tables.Insert, "$mirror.cfg", 3)},
		{tables.ErrInvalid, "$ingress_cos is 8 (most: 7)", b.writeAction(tables.Insert, "$mirror.cfg", "$normal", 3, field("$ingress_cos", num32(8)))},
		{tables.ErrNotSupported, "device_configuration", b.writeNoKey(tables.Insert, "tf1.dev.device_configuration")},
	} {
		if !errors.Is(c.err, c.want) || !strings.Contains(fmt.Sprint(c.err), c.text) {
			t.Errorf("got  %v\nwant %v: ... %s", c.err, c.want, c.text)
		}
	}
	if b.sw.StateHash() != before {
		t.Error("a refused update left a trace")
	}
	err := b.sw.API().Write(context.Background(), tables.OnePipe(1), []tables.Update{{Op: tables.Insert, Entry: tables.TableEntry{Table: "$pre.mgid", Key: []tables.KeyField{{Name: "$MGID", Value: []byte{9}}}}}}, tables.ContinueOnError)
	if !errors.Is(err, tables.ErrInvalid) {
		t.Errorf("one pipe: %v", err)
	}
}

func (b *bench) writeNoKey(op tables.Op, table string) error {
	spec, err := b.sw.API().Schema().Find(table)
	b.must(err)
	e := tables.TableEntry{Table: table}
	if op != tables.Delete {
		for _, k := range spec.Key {
			e.Key = append(e.Key, tables.KeyField{Name: k.Name, Value: []byte{1}, Str: "1"})
		}
	}
	return b.sw.API().Write(context.Background(), tables.AllPipes, []tables.Update{{Op: op, Entry: e}}, tables.RollbackOnError)
}

// A batch that fails leaves nothing behind.
func TestBatchRollsBack(t *testing.T) {
	b := busy(t, ir.Tofino, Config{})
	b.must(b.write(tables.Insert, "$PORT", 3, field("$SPEED", "BF_SPEED_10G"), field("$FEC", "BF_FEC_TYP_NONE"), field("$PORT_ENABLE", true)))
	b.run(1, command{flags: fUcast, port: 3}.bytes())
	before := b.sw.StateHash()
	up := func(op tables.Op, table string, key any, data ...tables.DataField) tables.Update {
		e := tables.TableEntry{Table: table, Data: data}
		spec, err := b.sw.API().Schema().Find(table)
		b.must(err)
		if k, ok := key.(int); ok {
			e.Key = []tables.KeyField{{Name: spec.Key[0].Name, Value: num32(uint64(k))}}
		}
		if len(spec.Actions) > 0 {
			e.Action = "$normal"
		}
		return tables.Update{Op: op, Entry: e}
	}
	batch := []tables.Update{
		up(tables.Insert, "$pre.node", 99, field("$MULTICAST_RID", num16(1)), field("$DEV_PORT", []uint32{1})),
		up(tables.Modify, "$pre.node", 1<<16|1, field("$DEV_PORT", []uint32{5})),
		up(tables.Delete, "$pre.mgid", 1),
		up(tables.Delete, "$pre.node", 1<<16|2),
		up(tables.Insert, "$pre.ecmp", 1, field("$MULTICAST_NODE_ID", []uint32{99})),
		up(tables.Delete, "$pre.ecmp", 1),
		up(tables.Modify, "$pre.lag", 1, field("$DEV_PORT", []uint32{5})),
		up(tables.Delete, "$pre.prune", 1),
		up(tables.Modify, "$pre.port", 3, field("$MULTICAST_BACKUP_PORT", num32(4)), field("$MULTICAST_FORWARD_STATE", false), field("$COPY_TO_CPU_PORT_ENABLE", true)),
		up(tables.Modify, "$mirror.cfg", 1, field("$session_enable", false)),
		up(tables.Delete, "$mirror.cfg", 2),
		up(tables.Insert, "$mirror.cfg", 77),
		up(tables.Delete, "$mirror.cfg", nil),
		up(tables.Modify, "$PORT", 3, field("$PORT_ENABLE", false)),
		up(tables.Insert, "$PORT", 4, field("$SPEED", "BF_SPEED_10G"), field("$FEC", "BF_FEC_TYP_NONE")),
		up(tables.Delete, "$PORT", nil),
		up(tables.Modify, "$PORT_STAT", 3, field("$FramesTransmittedOK", num64(0))),
		up(tables.Delete, "$PORT_STAT", nil),
	}
	for n := 1; n <= len(batch); n++ {
		bad := append(slices.Clone(batch[:n]), up(tables.Delete, "$pre.mgid", 12345))
		err := b.sw.API().Write(context.Background(), tables.AllPipes, bad, tables.RollbackOnError)
		var be *tables.BatchError
		if !errors.As(err, &be) || len(be.Errs) != n+1 || be.Errs[n] == nil {
			t.Fatalf("batch of %d: %v", n+1, err)
		}
		if b.sw.StateHash() != before {
			t.Fatalf("after undoing %d updates, the last of %s: the state differs", n, batch[n-1].Entry.Table)
		}
	}
	b.must(b.sw.API().Write(context.Background(), tables.AllPipes, batch, tables.RollbackOnError))
	if len(b.all("$mirror.cfg")) != 0 || len(b.all("$PORT")) != 0 || b.read("$PORT_STAT", 3).num("$FramesTransmittedOK") != 0 {
		t.Error("the batch did not do what it says")
	}
}

func TestPortTables(t *testing.T) {
	b := newBench(t, ir.Tofino, Config{})
	b.must(b.write(tables.Insert, "$PORT", 8, field("$SPEED", "BF_SPEED_100G"), field("$FEC", "BF_FEC_TYP_NONE"), field("$PORT_ENABLE", true)))
	r := b.read("$PORT", 8)
	want := record{
		"$SPEED": "BF_SPEED_100G", "$PORT_ENABLE": true, "$N_LANES": num32(1), "$TX_MTU": num32(10240), "$AUTO_NEGOTIATION": "PM_AN_DEFAULT",
		"$IS_VALID": true, "$PORT_UP": true, "$IS_INTERNAL": false, "$PORT_NAME": "3/0", "$CONN_ID": num32(3), "$CHNL_ID": num32(0),
	}
	for name, want := range want {
		if !reflect.DeepEqual(r[name], want) {
			t.Errorf("%s: %v, want %v", name, r[name], want)
		}
	}
	b.sw.PortUp(8, false)
	if b.read("$PORT", 8).flag("$PORT_UP") {
		t.Error("$PORT_UP stays true")
	}
	if n, err := b.sw.API().Usage(context.Background(), tables.AllPipes, "$PORT"); n != 1 || err != nil {
		t.Errorf("usage: %d, %v", n, err)
	}

	// tna_ports' map: connector 28 channel 0 has front-panel index 108.
	get := func(tg ir.Target, table string, key ...tables.KeyField) (uint64, error) {
		x := newBench(t, tg, Config{})
		for e, err := range x.sw.API().Read(context.Background(), tables.AllPipes, tables.Query{Table: table, Key: key}) {
			if err != nil {
				return 0, err
			}
			return record{"": e.Data[0].Value}.num(""), nil
		}
		return 0, errors.New("nothing")
	}
	handle := func(c, h byte) []tables.KeyField {
		return []tables.KeyField{{Name: "$CONN_ID", Value: []byte{c}}, {Name: "$CHNL_ID", Value: []byte{h}}}
	}
	for _, c := range []struct {
		tg   ir.Target
		c, h byte
		want uint64
	}{
		{ir.Tofino, 1, 0, 0}, {ir.Tofino, 16, 3, 63}, {ir.Tofino, 17, 2, 130}, {ir.Tofino, 64, 3, 447}, {ir.Tofino, 65, 1, 65},
		{ir.Tofino2, 1, 0, 8}, {ir.Tofino2, 8, 7, 71}, {ir.Tofino2, 9, 0, 136}, {ir.Tofino2, 32, 7, 455},
	} {
		if got, err := get(c.tg, "$PORT_HDL_INFO", handle(c.c, c.h)...); got != c.want || err != nil {
			t.Errorf("%v %d/%d: port %d (%v), want %d", c.tg, c.c, c.h, got, err, c.want)
		}
	}
	if got, err := get(ir.Tofino, "$PORT_STR_INFO", tables.KeyField{Name: "$PORT_NAME", Str: "17/2"}); got != 130 || err != nil {
		t.Errorf("17/2: %d, %v", got, err)
	}
	if got, err := get(ir.Tofino, "$PORT_FP_IDX_INFO", tables.KeyField{Name: "$FP_IDX", Value: []byte{66}}); got != 130 || err != nil {
		t.Errorf("index 66: %d, %v", got, err)
	}
	for _, k := range []string{"", "x/y", "99/0", "1"} {
		if _, err := get(ir.Tofino, "$PORT_STR_INFO", tables.KeyField{Name: "$PORT_NAME", Str: k}); !errors.Is(err, tables.ErrNotFound) {
			t.Errorf("name %q: %v", k, err)
		}
	}
	if n := len(b.all("$PORT_HDL_INFO")); n != 260 {
		t.Errorf("%d handles, want 256 front-panel ports and 4 to the CPU", n)
	}
}

func TestPortStat(t *testing.T) {
	b := newBench(t, ir.Tofino, Config{})
	in := command{flags: fUcast, port: 7, payload: string(make([]byte, 60-cmdBytes))}.bytes() // flags 0x80: a unicast address
	b.run(1, in)
	in[0] |= 1 // group bit of the address; here the mirror flag, of session 0
	b.run(1, in)
	r := b.read("$PORT_STAT", 1)
	for name, want := range map[string]uint64{
		"$FramesReceivedOK": 2, "$OctetsReceived": 128, "$FramesReceivedwithUnicastAddresses": 1, "$FramesReceivedwithMulticastAddresses": 1,
		"$FramesReceivedLength_eq_64": 2, "$FramesReceivedLength_lt_64": 0, "$FramesTransmittedOK": 0,
	} {
		if got := r.num(name); got != want {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
	}
	if r := b.read("$PORT_STAT", 7); r.num("$FramesTransmittedOK") != 2 || r.num("$OctetsTransmittedTotal") != 2*(60+16+27+4) || r.num("$FramesTransmittedLength_65_127") != 2 {
		t.Errorf("port 7: %v", r)
	}
	b.must(b.write(tables.Modify, "$PORT_STAT", 1, field("$FramesReceivedOK", num64(5))))
	if got := b.read("$PORT_STAT", 1).num("$FramesReceivedAll"); got != 5 {
		t.Errorf("after writing 5: %d", got)
	}
	if err := b.write(tables.Modify, "$PORT_STAT", 1, field("$JabberReceived", num64(5))); !errors.Is(err, tables.ErrInvalid) {
		t.Errorf("jabber: %v", err)
	}
}

func TestMirrorReadsBack(t *testing.T) {
	b := newBench(t, ir.Tofino, Config{})
	b.session(9, toPort(3)...)
	r := b.read("$mirror.cfg", 9)
	// No truncation is stored as 0xffff and read as 0.
	if r.num("$max_pkt_len") != 0 || b.sw.mirrors[9].Load().maxLen != 0xffff || r.text("$direction") != "INGRESS" || r.num("$ucast_egress_port") != 3 {
		t.Errorf("session: %v", r)
	}
	b.must(b.writeAction(tables.Modify, "$mirror.cfg", "$normal", 9, field("$max_pkt_len", num16(100))))
	if s := b.sw.mirrors[9].Load(); s.maxLen != 100 || !s.enabled || s.port != 3 {
		t.Errorf("modified: %+v", s)
	}
}

func TestDeviceConfiguration(t *testing.T) {
	b := newBench(t, ir.Tofino, Config{})
	r := b.read("tf1.dev.device_configuration", 0)
	if r.text("sku") != "BFN-T10-064Q" || r.num("num_pipes") != 4 || r.num("num_stages") != 12 || r.num("pcie_cpu_port") != 320 {
		t.Errorf("%v", r)
	}
	want := []uint32{}
	for _, span := range [][2]uint32{{68, 71}, {192, 199}, {324, 327}, {448, 455}} {
		for p := span[0]; p <= span[1]; p++ {
			want = append(want, p)
		}
	}
	if got := r.list("recirc_port_list"); !slices.Equal(got, want) {
		t.Errorf("recirculation ports: %v", got)
	}
	if n := len(r.list("external_port_list")); n != 256 {
		t.Errorf("%d external ports", n)
	}
	if r := newBench(t, ir.Tofino2, Config{Pipes: 2}).read("tf2.dev.device_configuration", 0); r.num("num_stages") != 20 || r.num("num_pipes") != 2 {
		t.Errorf("tofino 2: %v", r)
	}
	if got := newBench(t, ir.Tofino, Config{Pipes: 2}).read("tf1.dev.device_configuration", 0).list("recirc_port_list"); !slices.Equal(got, []uint32{68, 69, 70, 71, 196, 197, 198, 199}) {
		t.Errorf("two pipes: %v", got)
	}
}

func TestNewRefuses(t *testing.T) {
	for _, c := range []Config{{Pipes: 5}, {Pipes: -1}, {CPUPort: 600}, {CPUPort: 200, Pipes: 1}} {
		if _, err := New(testProgram(ir.Tofino), c); err == nil {
			t.Errorf("%+v: accepted", c)
		}
	}
}

// Fields whose effect is not public are refused where the program writes them.
func TestRefusedFields(t *testing.T) {
	p := testProgram(ir.Tofino2)
	g := p.Pipelines[0].Egress
	g.Intr[ir.MTUTruncErr] = g.Intr[ir.GlobalVer]
	at := ir.S{P: ir.Pos{File: "prog.p4", Line: 7, Col: 3}}
	zero := &ir.Assign{S: at, Dst: g.Intr[ir.GlobalVer], X: constant(32, 0)}
	g.Control = append(g.Control, zero)
	if _, err := New(p, Config{}); err != nil {
		t.Errorf("writing 0: %v", err)
	}
	g.Control = append(g.Control, &ir.If{Cond: constant(1, 1), Then: []ir.Stmt{&ir.Assign{S: at, Dst: g.Intr[ir.GlobalVer], X: constant(32, 1)}}})
	_, err := New(p, Config{})
	if want := "prog.p4:7:3: error: mtu_trunc_err_f of the egress is not emulated"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// A port that goes down, by its link or by $PORT, fails over when the engine
// is told to; taking the change back takes the failover back.
func TestFastFailover(t *testing.T) {
	b := newBench(t, ir.Tofino, Config{})
	b.group(1, 1, 10, 11)
	b.sw.PRE().SetFastFailover(true)
	b.sw.PRE().SetPortProtection(true)
	b.must(b.write(tables.Modify, "$pre.port", 10, field("$MULTICAST_BACKUP_PORT", num32(20))))
	c := command{flags: fGroupA, a: 1, rid: 9}.bytes()
	b.sw.PortUp(10, false)
	b.wantPorts(b.run(1, c), 20, 11)
	b.sw.PortUp(10, true)
	b.wantPorts(b.run(1, c), 20, 11)
	b.must(b.write(tables.Modify, "$pre.port", 10, field("$MULTICAST_CLEAR_FAST_FAILOVER", true)))
	b.wantPorts(b.run(1, c), 10, 11)
	port := func(op tables.Op, enable bool) tables.Update {
		return tables.Update{Op: op, Entry: tables.TableEntry{Table: "$PORT", Key: []tables.KeyField{{Name: "$DEV_PORT", Value: []byte{10}}}, Data: []tables.DataField{
			field("$SPEED", "BF_SPEED_10G"), field("$FEC", "BF_FEC_TYP_NONE"), field("$PORT_ENABLE", enable),
		}}}
	}
	err := b.sw.API().Write(context.Background(), tables.AllPipes, []tables.Update{port(tables.Insert, false), port(tables.Insert, true)}, tables.RollbackOnError)
	if !errors.Is(err, tables.ErrExists) {
		t.Fatal(err)
	}
	b.wantPorts(b.run(1, c), 10, 11)
}
