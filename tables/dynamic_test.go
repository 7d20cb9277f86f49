package tables

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"gofino/internal/snap"
	"gofino/pipeline/ir"
)

// dynamicProgram has a dynamic hash, snapshots, a table with a key mask and one
// with a proxy hash.
func dynamicProgram(target ir.Target) *ir.Program {
	crc := ir.CRC{Degree: 32, Poly: 0x04c11db7, Reversed: true, Init: 0xffffffff, Xor: 0xffffffff}
	pl := &ir.Pipeline{Name: "pipe", Ingress: &ir.Gress{}, Egress: &ir.Gress{Dir: ir.Egress}}
	pl.Hashes = []*ir.Hash{
		{Name: "SwitchIngress.hash1", Width: 32, Algorithm: ir.CustomCRC, CRC: crc, Dynamic: true, Inputs: []ir.HashInput{
			{Name: "4w7", Width: 4, Const: big.NewInt(7)}, {Name: "hdr.ethernet.dst_addr[31:0]", Width: 32}}},
		{Name: "SwitchIngress.other", Width: 16, Algorithm: ir.CRC16, CRC: crc},
	}
	field := func(id uint32, name string, w int) ir.SnapshotField {
		return ir.SnapshotField{ID: id, Name: name, Loc: ir.Loc{Width: w}}
	}
	pl.Snapshots = []*ir.Snapshot{
		{Name: "SwitchIngress.SwitchIngress", Fields: []ir.SnapshotField{field(1, "hdr.ipv6.$valid", 1), field(2, "hdr.ipv6.src_addr", 128)}},
		{Name: "EmptyEgress.EmptyEgress", Dir: ir.Egress, Fields: []ir.SnapshotField{field(3, "eg_intr_md.egress_port", 9)}},
	}
	pl.Actions = []*ir.Action{action("NoAction", 40)}
	for _, name := range []string{"masked", "proxied"} {
		pl.Tables = append(pl.Tables, &ir.Table{Name: "SwitchIngress." + name, Size: 16, Profile: -1, Selector: -1,
			Keys:    []ir.Key{{Name: "hdr.a", Width: 12}, {Name: "hdr.b", Width: 32}},
			Actions: []ir.ActionRef{{Action: 0}}})
	}
	pl.Tables[0].Annots = []ir.Annotation{{Name: "dynamic_table_key_masks", Body: "1"}}
	pl.Tables[1].ProxyHash = pl.Hashes[1]
	return &ir.Program{Name: "dynamic", Target: target, Pipelines: []*ir.Pipeline{pl}}
}

// TestDynamicIDs: the numbers that the chip's compiler gives these names.
func TestDynamicIDs(t *testing.T) {
	want := map[string]uint32{
		"pipe.SwitchIngress.hash1.configure": 2501361060, "pipe.SwitchIngress.hash1.algorithm": 2534915492,
		"pipe.SwitchIngress.hash1.compute": 2518138276, "pipe.snapshot.cfg": 2448878680,
		"pipe.snapshot.egress_trigger": 2465655896, "pipe.snapshot.egress_data": 2482433112,
		"pipe.snapshot.egress_liveness": 2499210328, "pipe.snapshot.ingress_trigger": 2449491319,
		"pipe.snapshot.ingress_data": 2466268535, "pipe.snapshot.ingress_liveness": 2483045751,
		"tbl_dbg_counter": 2566914048,
	}
	for _, s := range NewSchema(dynamicProgram(ir.Tofino)).Tables {
		if id, ok := want[s.Name]; ok && s.ID != id {
			t.Errorf("id of %s = %d, want %d", s.Name, s.ID, id)
		}
		delete(want, s.Name)
	}
	for name := range want {
		t.Errorf("no table %s", name)
	}
}

// TestDynamicSchema: sizes follow the chip, constants are numbered, the mask is
// an attribute.
func TestDynamicSchema(t *testing.T) {
	for target, stages := range map[ir.Target]int{ir.Tofino: 12, ir.Tofino2: 20} {
		s := NewSchema(dynamicProgram(target))
		find := func(name string) *TableSpec {
			t.Helper()
			spec, err := s.Find(name)
			if err != nil {
				t.Fatal(err)
			}
			return spec
		}
		if n := find("snapshot.cfg").Size; n != stages {
			t.Errorf("snapshot.cfg has %d rows, want %d", n, stages)
		}
		if n := find("tbl_dbg_counter").Size; n != 16*stages {
			t.Errorf("tbl_dbg_counter has %d rows, want %d", n, 16*stages)
		}
		if c := find("hash1.configure"); c.Data[0].Name != "constant0_4_4w7" || c.Data[0].Annotations[0].Name != "bfrt_p4_constant" {
			t.Errorf("constant: %+v", c.Data[0])
		}
		if c := find("hash1.compute"); len(c.Key) != 1 || c.Key[0].ID != 1 || !c.ReadOnly {
			t.Errorf("compute: %+v", c)
		}
		if a := find("masked").Attributes; !slices.Contains(a, "DynamicKeyMask") {
			t.Errorf("attributes of masked: %v", a)
		}
		if a := find("proxied").Attributes; slices.Contains(a, "DynamicKeyMask") {
			t.Errorf("attributes of proxied: %v", a)
		}
		if n := find("ingress_trigger").Data[3]; n.Name != "trig.hdr.ipv6.$valid_mask" || n.ID != 32769 {
			t.Errorf("mask of the first field: %+v", n)
		}
	}
}

func dynamicStore(t *testing.T) *Store {
	t.Helper()
	st, err := NewStore(dynamicProgram(ir.Tofino), 2)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// TestSnapshotTables: rows are kept, what is no row is refused; captures are
// tested where packets are (package model).
func TestSnapshotTables(t *testing.T) {
	st := dynamicStore(t)
	stages := func(first, last uint64) []KeyField {
		return []KeyField{exactKey("start_stage", first, 4), exactKey("end_stage", last, 4)}
	}
	thread := DataField{Name: "thread", Value: "INGRESS"}
	mustDo(t, st, Insert, TableEntry{Table: "snapshot.cfg", Key: stages(0, 3), Data: []DataField{thread}})
	mustDo(t, st, Insert, TableEntry{Table: "ingress_trigger", Key: []KeyField{exactKey("stage", 0, 4)},
		Data: []DataField{{Name: "trig.hdr.ipv6.$valid", Value: []byte{1}}, {Name: "trig.hdr.ipv6.$valid_mask", Value: []byte{1}}}})
	for _, c := range []struct {
		op    Op
		e     TableEntry
		cause error
		want  string
	}{
		{Insert, TableEntry{Table: "snapshot.cfg", Key: stages(0, 3), Data: []DataField{thread}}, ErrExists, "is there"},
		{Insert, TableEntry{Table: "snapshot.cfg", Key: stages(4, 3), Data: []DataField{thread}}, ErrInvalid, "before"},
		{Insert, TableEntry{Table: "snapshot.cfg", Key: stages(0, 12), Data: []DataField{thread}}, ErrInvalid, "0 to 11"},
		{Insert, TableEntry{Table: "snapshot.cfg", Key: stages(0, 4)}, ErrInvalid, "thread is missing"},
		{Insert, TableEntry{Table: "snapshot.cfg", Key: stages(0, 4), Data: []DataField{{Name: "thread", Value: "GHOST"}}}, ErrInvalid, "INGRESS, EGRESS, ALL"},
		{Insert, TableEntry{Table: "snapshot.cfg", Key: stages(2, 4), Data: []DataField{thread}}, ErrInvalid, "overlap those of the snapshot of stages 0 to 3"},
		{Insert, TableEntry{Table: "ingress_trigger", Key: []KeyField{exactKey("stage", 2, 4)}}, ErrNotFound, "begins with stage 2"},
		{Insert, TableEntry{Table: "egress_trigger", Key: []KeyField{exactKey("stage", 0, 4)}}, ErrNotFound, "for egress begins with stage 0"},
		{Delete, TableEntry{Table: "snapshot.cfg", Key: stages(0, 3)}, ErrInvalid, "delete that in pipe.snapshot.ingress_trigger first"},
		{Modify, TableEntry{Table: "ingress_trigger", Key: []KeyField{exactKey("stage", 0, 4)}, Data: []DataField{{Name: "trigger_state", Value: []string{"ARMED"}}}}, ErrReadOnly, "trigger_state"},
		{Modify, TableEntry{Table: "snapshot.cfg", Key: stages(0, 3), Data: []DataField{thread}}, ErrNotSupported, "add, delete, clear"},
		{Insert, TableEntry{Table: "ingress_data", Key: []KeyField{exactKey("stage", 2, 4)}}, ErrReadOnly, "captured"},
		{Insert, TableEntry{Table: "tbl_dbg_counter", Key: []KeyField{{Name: "tbl_name", Str: "t"}}}, ErrNotSupported, "modify, clear"},
		{Delete, TableEntry{Table: "snapshot.cfg", Key: stages(1, 3)}, ErrNotFound, "no row"},
	} {
		if err := do(st, c.op, c.e); !errors.Is(err, c.cause) || !strings.Contains(fmt.Sprint(err), c.want) {
			t.Errorf("%v, want %v with %q", err, c.cause, c.want)
		}
	}
	read := func(q Query) (out []*TableEntry, err error) {
		for e, err := range st.Read(context.Background(), AllPipes, q) {
			if err != nil {
				return out, err
			}
			out = append(out, e)
		}
		return out, nil
	}
	if es, err := read(Query{Table: "snapshot.cfg"}); err != nil || len(es) != 1 || fmt.Sprint(es[0].Key) != fmt.Sprint(stages(0, 3)) {
		t.Errorf("snapshot.cfg: %v, %v", es, err)
	}
	es, err := read(Query{Table: "ingress_trigger", Fields: []string{"enable", "trigger_state", "trig.hdr.ipv6.$valid", "trig.hdr.ipv6.src_addr"}})
	want := "[{enable false} {trigger_state [PASSIVE PASSIVE]} {trig.hdr.ipv6.$valid [1]}]"
	if err != nil || len(es) != 1 || fmt.Sprint(es[0].Data) != want {
		t.Errorf("ingress_trigger: %v, want %s (%v)", es, want, err)
	}
	if es, err := read(Query{Table: "ingress_data"}); err != nil || len(es) != 0 {
		t.Errorf("ingress_data: %v, %v", es, err)
	}
	es, err = read(Query{Table: "ingress_liveness", Key: []KeyField{{Name: "field_name", Str: "hdr.ipv6.src_addr"}}})
	if err != nil || len(es) != 1 || len(es[0].Data[0].Value.([]uint32)) != 12 {
		t.Errorf("ingress_liveness: %v, %v", es, err)
	}
	if _, err := read(Query{Table: "ingress_liveness", Key: []KeyField{{Name: "field_name", Str: "hdr.none"}}}); !errors.Is(err, ErrNotFound) {
		t.Errorf("liveness of a field that is not there: %v", err)
	}
	mustDo(t, st, Delete, TableEntry{Table: "snapshot.cfg"})
	if n, _ := st.Usage(context.Background(), AllPipes, "snapshot.cfg"); n != 0 {
		t.Errorf("%d rows after clear", n)
	}
}

// TestDynamicSave: what is configured survives; equal states save alike.
func TestDynamicSave(t *testing.T) {
	st := dynamicStore(t)
	set := func(table, act string, data ...DataField) {
		t.Helper()
		mustDo(t, st, Modify, TableEntry{Table: table, Default: true, Action: act, Data: data})
	}
	set("hash1.algorithm", "user_defined", DataField{Name: "polynomial", Value: num(8, 0x1021)}, DataField{Name: "hash_bit_width", Value: num(8, 16)},
		DataField{Name: "rotate", Value: num(4, 3)}, DataField{Name: "seed", Value: num(4, 9)})
	set("hash1.configure", "", DataField{Name: "hdr.ethernet.dst_addr[31:0]", Value: [][]DataField{
		{{Name: "start_bit", Value: num(8, 8)}, {Name: "order", Value: num(8, 1)}}}})
	mask := []DataField{{Name: "hdr.a", Value: num(2, 0xff0)}, {Name: "hdr.b", Value: num(4, 1)}}
	if err := st.SetAttribute(context.Background(), AllPipes, "masked", "DynamicKeyMask", mask); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"masked", "proxied"} {
		mustDo(t, st, Insert, TableEntry{Table: table, Key: []KeyField{exactKey("hdr.a", 0x123, 2), exactKey("hdr.b", 5, 4)}, Action: "NoAction"})
	}
	mustDo(t, st, Insert, TableEntry{Table: "snapshot.cfg", Key: []KeyField{exactKey("start_stage", 7, 4)}, Data: []DataField{{Name: "thread", Value: "EGRESS"}}})
	mustDo(t, st, Insert, TableEntry{Table: "egress_trigger", Key: []KeyField{exactKey("stage", 7, 4)},
		Data: []DataField{{Name: "trig.eg_intr_md.egress_port", Value: num(2, 0x101)}}})

	var e snap.Encoder
	st.Save(&e)
	other := dynamicStore(t)
	if err := other.Load(snap.NewDecoder(e.Body())); err != nil {
		t.Fatal(err)
	}
	var again snap.Encoder
	other.Save(&again)
	if !bytes.Equal(e.Body(), again.Body()) {
		t.Error("the copy saves differently")
	}
	in := []byte{7, 0x12, 0x34, 0x56, 0x78}
	a := st.State(0).Hashes[0].Load().Sum64(in, make([]byte, 5))
	if b := other.State(0).Hashes[0].Load().Sum64(in, make([]byte, 5)); a != b {
		t.Errorf("hash %#x, after loading %#x", a, b)
	}
	if other.State(1).Match[0].Lookup([]byte{0x01, 0x2f, 0, 0, 0, 3}) == nil {
		t.Error("the mask is lost")
	}
	if other.State(1).Match[1].Lookup([]byte{0x01, 0x23, 0, 0, 0, 5}) == nil {
		t.Error("the proxy is lost")
	}
	for n := range len(e.Body()) { // damaged: an error, no panic
		_ = dynamicStore(t).Load(snap.NewDecoder(e.Body()[:n]))
	}
}

// TestOlderNumbers: fields as compiler 9.9.0 numbered them (bfrt.md section 9).
func TestOlderNumbers(t *testing.T) {
	p := dynamicProgram(ir.Tofino)
	p.Pipelines[0].Selectors = []*ir.Selector{{Name: "SwitchIngress.groups", MaxGroupSize: 4, NumGroups: 2, Register: -1}}
	p.Pipelines[0].Profiles = []*ir.ActionProfile{{Name: "SwitchIngress.members", Size: 6}}
	p.Pipelines[0].PortMetadata = &ir.PortMetadata{Name: "SwitchIngressParser.$PORT_METADATA", Bytes: 8}
	s, err := NewSchemaOf(p, "9.9.0")
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]uint32{
		"pipe.snapshot.cfg": 2449444368, "pipe.snapshot.egress_trigger": 2466221584, "pipe.snapshot.ingress_liveness": 2493454943,
		"start_stage": 65585, "end_stage": 65586, "thread": 65618, "ingress_capture": 65619, "table_executed": 65615,
		"ig_intr_md.ingress_port": 65574, "$DEFAULT_FIELD": 65575, "hash_value": 65581, "$MAX_GROUP_SIZE": 65565, "tbl_name": 65624,
		"$ADT_OFFSET": 0, "trig.hdr.ipv6.$valid_mask": 32769,
	}
	check := func(name string, id uint32) {
		if want, ok := ids[name]; ok && id != want {
			t.Errorf("id of %s = %d, want %d", name, id, want)
		}
	}
	var fields func(list []FieldSpec)
	fields = func(list []FieldSpec) {
		for _, f := range list {
			check(f.Name, f.ID)
			fields(f.Container)
		}
	}
	for _, x := range s.Tables {
		check(x.Name, x.ID)
		for _, k := range x.Key {
			check(k.Name, k.ID)
		}
		fields(x.Data)
	}
	if _, err := NewSchemaOf(p, "8.0"); err == nil || !strings.Contains(err.Error(), "compilers: latest, 9.9.0") {
		t.Errorf("unknown compiler: %v", err)
	}
}
