package model

import (
	"fmt"
	"slices"

	"gofino/pre"
	"gofino/tables"
)

// fixedAttribute is an attribute of one of the chip's own tables. A field that
// is not given stays as it is.
type fixedAttribute struct {
	fields []tables.FieldSpec
	get    func() record
	set    func(record)
}

// Attribute reads an attribute.
func (t *fixedTable) Attribute(_ tables.Target, name string) ([]tables.DataField, error) {
	a, ok := t.attrs[name]
	if !ok {
		return nil, t.fail("read attribute of", tables.ErrNotSupported, "no attribute %q", name)
	}
	r := a.get()
	out := make([]tables.DataField, len(a.fields))
	for i := range a.fields {
		out[i] = tables.DataField{Name: a.fields[i].Name, Value: r[a.fields[i].Name]}
	}
	return out, nil
}

// SetAttribute writes an attribute.
func (t *fixedTable) SetAttribute(_ tables.Target, name string, data []tables.DataField) error {
	const op = "set attribute of"
	a, ok := t.attrs[name]
	if !ok {
		return t.fail(op, tables.ErrNotSupported, "no attribute %q", name)
	}
	r := a.get()
	for _, d := range data {
		i := slices.IndexFunc(a.fields, func(s tables.FieldSpec) bool { return s.Name == d.Name })
		if i < 0 {
			return t.fail(op, tables.ErrInvalid, "%s: no field %q (fields: %s)", name, d.Name,
				names(a.fields, func(s tables.FieldSpec) string { return s.Name }))
		}
		v, err := normal(&a.fields[i], d.Value)
		if err != nil {
			return t.fail(op, tables.ErrInvalid, "%s: %v", name, fmt.Errorf("field %s: %w", d.Name, err))
		}
		r[d.Name] = v
	}
	a.set(r)
	return nil
}

// portNotify says whether BFRuntime clients want to be told of ports. Go
// subscribers are told in any case.
func (s *Switch) portNotify() fixedAttribute {
	return fixedAttribute{
		fields: fields("enable#1:bool"),
		get:    func() record { return record{"enable": s.wantPorts.Load()} },
		set:    func(r record) { s.wantPorts.Store(r.flag("enable")) },
	}
}

// statInterval is how often the driver reads the ports' statistics. Here what
// is read is always the present.
func (s *Switch) statInterval() fixedAttribute {
	return fixedAttribute{
		fields: fields("intvl_val#1:uint32"),
		get:    func() record { return record{"intvl_val": num32(uint64(s.statPoll.Load()))} },
		set:    func(r record) { s.statPoll.Store(uint32(r.num("intvl_val"))) },
	}
}

// defaultStatPoll in milliseconds.
const defaultStatPoll = 1000

// preDevice is the replication engine's device configuration.
func (s *Switch) preDevice() fixedAttribute {
	return fixedAttribute{
		fields: fields("global_rid#1:uint16;port_protection#2:bool;fast_failover#3:bool;max_nodes#4:uint32;max_port_lags#5:uint32;max_nodes_before_yield#6:uint32"),
		get: func() record {
			c := s.pre.DeviceConfig()
			return record{"global_rid": num16(uint64(c.GlobalRID)), "port_protection": c.PortProtection, "fast_failover": c.FastFailover,
				"max_nodes": num32(uint64(c.MaxNodes)), "max_port_lags": num32(uint64(c.MaxPortLAGs)),
				"max_nodes_before_yield": num32(uint64(c.YieldAfter))}
		},
		set: func(r record) {
			s.pre.SetDeviceConfig(pre.DeviceConfig{GlobalRID: pre.RID(r.num("global_rid")), PortProtection: r.flag("port_protection"),
				FastFailover: r.flag("fast_failover"), MaxNodes: int(r.num("max_nodes")), MaxPortLAGs: int(r.num("max_port_lags")),
				YieldAfter: int(r.num("max_nodes_before_yield"))})
		},
	}
}
