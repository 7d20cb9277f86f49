package reference

import (
	"context"
	"fmt"
	"iter"

	"gofino/tables"
)

// API is the table API over a Switch: what a sfu.Plane writes lands in Tables.
// It knows the program's tables and no other, and every field by name, so that a
// wrong name is an error here as it is on a switch.
func (s *Switch) API() tables.API {
	a := &api{tables: map[string]bound{}}
	a.programTables(s)
	a.fixedTables(s)
	return a
}

type api struct {
	tables map[string]bound // by the name that Plane uses
	schema tables.Schema
}

// bound is one table of the API on one map of Tables.
type bound interface {
	write(op tables.Op, e *tables.TableEntry) (undo func(), err error)
	usage() int
}

func (a *api) bind(name string, b bound, keys ...string) {
	a.tables[name] = b
	spec := &tables.TableSpec{Name: name}
	for _, k := range keys {
		spec.Key = append(spec.Key, tables.KeySpec{Name: k})
	}
	a.schema.Tables = append(a.schema.Tables, spec)
}

// mapTable is a match table: numbers in, map entry out.
type mapTable[K comparable, V any] struct {
	m      map[K]V
	keys   []string
	action string
	args   []string
	key    func(k []uint64) K
	value  func(d []uint64) V
	// fixed tables have an entry for every key from the start.
	fixed bool
}

func (t *mapTable[K, V]) usage() int { return len(t.m) }

func (t *mapTable[K, V]) write(op tables.Op, e *tables.TableEntry) (func(), error) {
	kn, err := keyNumbers(e, t.keys)
	if err != nil {
		return nil, err
	}
	k := t.key(kn)
	old, had := t.m[k]
	undo := func() {
		if had {
			t.m[k] = old
		} else {
			delete(t.m, k)
		}
	}
	switch {
	case op == tables.Delete && !had, op == tables.Modify && !had && !t.fixed:
		return nil, tables.ErrNotFound
	case op == tables.Delete:
		delete(t.m, k)
		return undo, nil
	case op == tables.Insert && had:
		return nil, tables.ErrExists
	case op != tables.Insert && op != tables.Modify:
		return nil, tables.ErrNotSupported
	}
	if e.Action != t.action {
		return nil, fmt.Errorf("%w: action %q (actions: %s)", tables.ErrInvalid, e.Action, t.action)
	}
	d, err := dataNumbers(e, t.args)
	if err != nil {
		return nil, err
	}
	t.m[k] = t.value(d)
	return undo, nil
}

func keyNumbers(e *tables.TableEntry, names []string) ([]uint64, error) {
	if len(e.Key) != len(names) {
		return nil, fmt.Errorf("%w: %d key fields, want %v", tables.ErrInvalid, len(e.Key), names)
	}
	out := make([]uint64, len(names))
	for i, n := range names {
		if e.Key[i].Name != n {
			return nil, fmt.Errorf("%w: key field %q, want %q", tables.ErrInvalid, e.Key[i].Name, n)
		}
		out[i] = number(e.Key[i].Value)
	}
	return out, nil
}

func dataNumbers(e *tables.TableEntry, names []string) ([]uint64, error) {
	if len(e.Data) != len(names) {
		return nil, fmt.Errorf("%w: %d data fields, want %v", tables.ErrInvalid, len(e.Data), names)
	}
	out := make([]uint64, len(names))
	for i, n := range names {
		b, ok := e.Data[i].Value.([]byte)
		if e.Data[i].Name != n || !ok {
			return nil, fmt.Errorf("%w: data field %q, want number %q", tables.ErrInvalid, e.Data[i].Name, n)
		}
		out[i] = number(b)
	}
	return out, nil
}

func number(b []byte) (v uint64) {
	for _, x := range b {
		v = v<<8 | uint64(x)
	}
	return v
}

func yes([]uint64) bool { return true }

func (a *api) programTables(s *Switch) {
	answer := func(d []uint64) Answer { return Answer{MAC(d[0]), Addr(d[1])} }
	link := func(d []uint64) Link { return Link{MAC(d[0]), Addr(d[1]), uint16(d[2])} }
	u16 := func(d []uint64) uint16 { return uint16(d[0]) }
	u8 := func(d []uint64) uint8 { return uint8(d[0]) }
	add(a, "SfuIngress.arp_responder", s.ARP, []string{"hdr.arp.oper", "hdr.arp.target_ip"},
		func(k []uint64) Addr { return Addr(k[1]) }, "SfuIngress.arp_reply", []string{"mac", "ip"}, answer)
	add(a, "SfuIngress.echo_responder", s.Echo, []string{"hdr.icmp.type_code", "hdr.ipv4.dst_addr"},
		func(k []uint64) Addr { return Addr(k[1]) }, "SfuIngress.echo_reply", []string{"mac", "ip"}, answer)
	add(a, "SfuIngress.from_cpu", s.FromCPU, []string{"ig_intr_md.ingress_port", "hdr.ipv4.dst_addr", "hdr.udp.dst_port"},
		func(k []uint64) HostKey { return HostKey{uint16(k[0]), Addr(k[1]), uint16(k[2])} },
		"SfuIngress.send", []string{"port"}, u16)
	add(a, "SfuIngress.services", s.Services, []string{"hdr.ethernet.dst_addr", "hdr.ipv4.dst_addr", "hdr.udp.dst_port"},
		func(k []uint64) ServiceKey { return ServiceKey{MAC(k[0]), Addr(k[1]), uint16(k[2])} },
		"SfuIngress.serve", nil, yes)
	add(a, "SfuIngress.streams", s.Tables.Streams, []string{"hdr.ipv4.src_addr", "hdr.udp.src_port", "md.ssrc"},
		func(k []uint64) StreamKey { return StreamKey{Addr(k[0]), uint16(k[1]), uint32(k[2])} },
		"SfuIngress.replicate", []string{"stream", "mgid", "rid", "yid", "xid", "descriptor_id"},
		func(d []uint64) Stream {
			return Stream{uint16(d[0]), uint16(d[1]), uint16(d[2]), uint16(d[3]), uint16(d[4]), uint8(d[5])}
		})
	add(a, "SfuIngress.layers", s.Layers, []string{"md.stream", "md.template_id"},
		func(k []uint64) LayerKey { return LayerKey{uint16(k[0]), uint8(k[1])} }, "SfuIngress.set_layer", []string{"layer"}, u8)
	add(a, "SfuIngress.feedback", s.Tables.Feedback, []string{"hdr.ipv4.src_addr", "hdr.udp.src_port", "md.ssrc", "md.report"},
		func(k []uint64) FeedbackKey { return FeedbackKey{Addr(k[0]), uint16(k[1]), uint32(k[2]), uint8(k[3])} },
		"SfuIngress.relay", []string{"stream", "port"}, func(d []uint64) Relay { return Relay{uint16(d[0]), uint16(d[1])} })
	add(a, "SfuEgress.cpu_ports", s.CPUPorts, []string{"eg_intr_md.egress_port"},
		func(k []uint64) uint16 { return uint16(k[0]) }, "SfuEgress.untouched", nil, yes)
	add(a, "SfuEgress.layer_filter", s.LayerFilter, []string{"eg_intr_md.egress_rid", "hdr.bridge.stream", "hdr.bridge.layer"},
		func(k []uint64) FilterKey { return FilterKey{uint16(k[0]), uint16(k[1]), uint8(k[2])} }, "SfuEgress.suppress", nil, yes)
	add(a, "SfuEgress.downlinks", s.Tables.Downlinks, []string{"eg_intr_md.egress_rid", "hdr.bridge.stream"},
		func(k []uint64) LinkKey { return LinkKey{uint16(k[0]), uint16(k[1])} },
		"SfuEgress.to_receiver", []string{"mac", "ip", "port"}, link)
	add(a, "SfuEgress.uplinks", s.Tables.Uplinks, []string{"hdr.bridge.stream"},
		func(k []uint64) uint16 { return uint16(k[0]) }, "SfuEgress.to_sender", []string{"mac", "ip", "port"}, link)
	id := func(k []uint64) uint8 { return uint8(k[0]) }
	add(a, "SfuIngressParser.descriptor_ids_one", s.OneByteIDs, []string{"f1"}, id, "", nil, yes)
	add(a, "SfuIngressParser.descriptor_ids_two", s.TwoByteIDs, []string{"f1"}, id, "", nil, yes)
}

func add[K comparable, V any](a *api, name string, m map[K]V, keys []string, key func([]uint64) K,
	action string, args []string, value func([]uint64) V) {
	a.bind(name, &mapTable[K, V]{m: m, keys: keys, action: action, args: args, key: key, value: value}, keys...)
}

// fixedTable is a table of the replication engine; set returns how to undo.
type fixedTable struct {
	set func(op tables.Op, id uint64, e *tables.TableEntry) (func(), error)
	n   func() int
	key string
}

func (t *fixedTable) usage() int { return t.n() }

func (t *fixedTable) write(op tables.Op, e *tables.TableEntry) (func(), error) {
	k, err := keyNumbers(e, []string{t.key})
	if err != nil {
		return nil, err
	}
	return t.set(op, k[0], e)
}

// field finds a data field of a given type.
func field[T any](e *tables.TableEntry, name string) (v T, err error) {
	for _, f := range e.Data {
		if f.Name == name {
			if v, ok := f.Value.(T); ok {
				return v, nil
			}
		}
	}
	return v, fmt.Errorf("%w: no %T in field %q", tables.ErrInvalid, v, name)
}

func (a *api) fixedTables(s *Switch) {
	nodes := &mapTable[uint32, Node]{m: s.Nodes}
	groups := &mapTable[uint16, []GroupNode]{m: s.Groups}
	prune := &mapTable[uint16, []uint16]{m: s.Prune}
	a.bind("$pre.node", &fixedTable{nodes.changed(node, 24), nodes.usage, "$MULTICAST_NODE_ID"}, "$MULTICAST_NODE_ID")
	a.bind("$pre.mgid", &fixedTable{groups.changed(group, 16), groups.usage, "$MGID"}, "$MGID")
	a.bind("$pre.prune", &fixedTable{func(op tables.Op, id uint64, e *tables.TableEntry) (func(), error) {
		list, err := field[[]uint32](e, "$DEV_PORT")
		if err != nil || op != tables.Modify || id >= 288 {
			return nil, fmt.Errorf("%w: prune entries 0..287 can be modified only", tables.ErrInvalid)
		}
		old := prune.m[uint16(id)]
		if prune.m[uint16(id)] = ports(list); len(list) == 0 {
			delete(prune.m, uint16(id))
		}
		return func() { prune.m[uint16(id)] = old }, nil
	}, prune.usage, "$MULTICAST_L2_XID"}, "$MULTICAST_L2_XID")
	a.bind("$pre.port", &fixedTable{func(op tables.Op, id uint64, e *tables.TableEntry) (func(), error) {
		on, err := field[bool](e, "$COPY_TO_CPU_PORT_ENABLE")
		if err != nil || op != tables.Modify {
			return nil, fmt.Errorf("%w: ports can be modified only", tables.ErrInvalid)
		}
		wasOn, was := s.CopyToCPU, s.CopyToCPUTo
		s.CopyToCPU, s.CopyToCPUTo = on, uint16(id)
		return func() { s.CopyToCPU, s.CopyToCPUTo = wasOn, was }, nil
	}, func() int {
		if s.CopyToCPU {
			return 1
		}
		return 0
	}, "$DEV_PORT"}, "$DEV_PORT")
}

// changed makes a fixedTable's set of a plain map with ids of so many bits.
func (t *mapTable[K, V]) changed(read func(*tables.TableEntry) (V, error), idBits int) func(tables.Op, uint64, *tables.TableEntry) (func(), error) {
	return func(op tables.Op, id uint64, e *tables.TableEntry) (func(), error) {
		if id>>idBits != 0 {
			return nil, tables.ErrInvalid
		}
		plain := &mapTable[K, V]{m: t.m, key: func([]uint64) K {
			var k any = uint16(id)
			if idBits > 16 {
				k = uint32(id)
			}
			return k.(K)
		}}
		var v V
		var err error
		if op != tables.Delete {
			if v, err = read(e); err != nil {
				return nil, err
			}
		}
		plain.value = func([]uint64) V { return v }
		return plain.write(op, &tables.TableEntry{})
	}
}

func node(e *tables.TableEntry) (n Node, err error) {
	rid, err := field[[]byte](e, "$MULTICAST_RID")
	if err != nil {
		return n, err
	}
	list, err := field[[]uint32](e, "$DEV_PORT")
	return Node{uint16(number(rid)), ports(list)}, err
}

func group(e *tables.TableEntry) (g []GroupNode, err error) {
	ids, err := field[[]uint32](e, "$MULTICAST_NODE_ID")
	if err != nil {
		return nil, err
	}
	valid, err := field[[]bool](e, "$MULTICAST_NODE_L1_XID_VALID")
	if err != nil {
		return nil, err
	}
	xids, err := field[[]uint32](e, "$MULTICAST_NODE_L1_XID")
	if err != nil || len(valid) != len(ids) || len(xids) != len(ids) {
		return nil, fmt.Errorf("%w: lists of a group differ in length", tables.ErrInvalid)
	}
	for i := range ids {
		g = append(g, GroupNode{ids[i], valid[i], uint16(xids[i])})
	}
	return g, nil
}

func ports(list []uint32) []uint16 {
	out := make([]uint16, len(list))
	for i, p := range list {
		out[i] = uint16(p)
	}
	return out
}

func (a *api) Schema() *tables.Schema { return &a.schema }

func (a *api) Write(_ context.Context, _ tables.Target, updates []tables.Update, mode tables.Atomicity) error {
	var undos []func()
	errs := make([]error, 0, len(updates))
	failed := false
	for i := range updates {
		u := &updates[i]
		var err error
		var undo func()
		if t := a.tables[u.Entry.Table]; t == nil {
			err = tables.ErrNotFound
		} else {
			undo, err = t.write(u.Op, &u.Entry)
		}
		if err == nil {
			undos, errs = append(undos, undo), append(errs, nil)
			continue
		}
		failed = true
		errs = append(errs, &tables.Error{Op: fmt.Sprintf("op %d on", u.Op), Table: u.Entry.Table, Err: err})
		if mode == tables.RollbackOnError {
			for i := len(undos) - 1; i >= 0; i-- {
				undos[i]()
			}
			break
		}
	}
	if failed {
		return &tables.BatchError{Errs: errs, RolledBack: mode == tables.RollbackOnError}
	}
	return nil
}

// Read is not offered: whoever holds a Switch reads its Tables.
func (a *api) Read(context.Context, tables.Target, tables.Query) iter.Seq2[*tables.TableEntry, error] {
	return func(yield func(*tables.TableEntry, error) bool) { yield(nil, tables.ErrNotSupported) }
}

func (a *api) Usage(_ context.Context, _ tables.Target, table string) (int, error) {
	t := a.tables[table]
	if t == nil {
		return 0, tables.ErrNotFound
	}
	return t.usage(), nil
}

func (a *api) Operation(context.Context, tables.Target, string, string) error {
	return tables.ErrNotSupported
}

func (a *api) Attribute(context.Context, tables.Target, string, string) ([]tables.DataField, error) {
	return nil, tables.ErrNotSupported
}

func (a *api) SetAttribute(context.Context, tables.Target, string, string, []tables.DataField) error {
	return tables.ErrNotSupported
}
