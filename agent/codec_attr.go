package agent

import (
	"encoding/binary"
	"fmt"
	"slices"

	"gofino/agent/bfrt"
	"gofino/tables"
)

// Names of attributes, as schemas have them.
const (
	attrIdleTimeout    = "IdleTimeout"
	attrEntryScope     = "EntryScope"
	attrKeyMask        = "DynamicKeyMask"
	attrMeterAdjust    = "MeterByteCountAdjust"
	attrPortStatus     = "port_status_notif_cb"
	attrPollInterval   = "poll_intvl_ms"
	attrPREDevice      = "pre_device_config"
	attrSelectorUpdate = "SelectorUpdateNotify"
)

// Modes of an idle table, and kinds of scopes, as the table API names them.
const (
	idlePoll    = "POLL_MODE"
	idleNotify  = "NOTIFY_MODE"
	scopeAll    = "ALL"
	scopeSingle = "SINGLE"
	scopeUser   = "USER_DEFINED"
)

// attributeName says which attribute a message is about.
func (t *tableCodec) attributeName(a *bfrt.TableAttribute) (string, error) {
	name := ""
	switch a.GetAttribute().(type) {
	case *bfrt.TableAttribute_IdleTable:
		name = attrIdleTimeout
	case *bfrt.TableAttribute_EntryScope:
		name = attrEntryScope
	case *bfrt.TableAttribute_DynKeyMask:
		name = attrKeyMask
	case *bfrt.TableAttribute_ByteCountAdj:
		name = attrMeterAdjust
	case *bfrt.TableAttribute_PortStatusNotify:
		name = attrPortStatus
	case *bfrt.TableAttribute_IntvlMs:
		name = attrPollInterval
	case *bfrt.TableAttribute_PreDeviceConfig:
		name = attrPREDevice
	case *bfrt.TableAttribute_SelectorUpdateNotify:
		name = attrSelectorUpdate
	case *bfrt.TableAttribute_DynHashing:
		return "", &tables.Error{Op: "find attribute of", Table: t.spec.Name, Err: tables.ErrNotSupported,
			Detail: fmt.Sprintf("dyn_hashing: hashes are changed through their tables (attributes: %s)", names(t.spec.Attributes))}
	case nil:
		return "", t.invalid("no attribute is named (attributes: %s)", names(t.spec.Attributes))
	}
	return name, nil
}

func num32(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }
func num64(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func toNum(v tables.Value) uint64 {
	b, _ := v.([]byte)
	var n uint64
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	return n
}

// decodeAttribute reads an attribute's record.
func (t *tableCodec) decodeAttribute(a *bfrt.TableAttribute) (name string, data []tables.DataField, err error) {
	if name, err = t.attributeName(a); err != nil {
		return "", nil, err
	}
	add := func(name string, v tables.Value) { data = append(data, tables.DataField{Name: name, Value: v}) }
	switch v := a.Attribute.(type) {
	case *bfrt.TableAttribute_IdleTable:
		mode := idlePoll
		if v.IdleTable.GetIdleTableMode() == bfrt.IdleTable_IDLE_TABLE_NOTIFY_MODE {
			mode = idleNotify
		}
		add("enable", v.IdleTable.GetEnable())
		add("idle_table_mode", mode)
		if mode == idleNotify {
			add("ttl_query_interval", num32(v.IdleTable.GetTtlQueryInterval()))
			add("max_ttl", num32(v.IdleTable.GetMaxTtl()))
			add("min_ttl", num32(v.IdleTable.GetMinTtl()))
		}
	case *bfrt.TableAttribute_EntryScope:
		data = decodeScopes(v.EntryScope)
	case *bfrt.TableAttribute_DynKeyMask:
		for _, m := range v.DynKeyMask.GetFields() {
			k := t.keys[m.GetFieldId()]
			if k == nil {
				return "", nil, t.invalid("no key field has id %d (key fields: %s)", m.GetFieldId(), t.keyNames())
			}
			add(k.Name, m.GetMask())
		}
	case *bfrt.TableAttribute_ByteCountAdj:
		add("byte_count_adjust", num32(uint32(v.ByteCountAdj.GetByteCountAdjust())))
	case *bfrt.TableAttribute_PortStatusNotify:
		add("enable", v.PortStatusNotify.GetEnable())
	case *bfrt.TableAttribute_IntvlMs:
		add("intvl_val", num32(v.IntvlMs.GetIntvlVal()))
	case *bfrt.TableAttribute_PreDeviceConfig:
		data = decodePREDevice(v.PreDeviceConfig)
	case *bfrt.TableAttribute_SelectorUpdateNotify:
		add("enable", v.SelectorUpdateNotify.GetEnable())
	}
	return name, data, nil
}

// decodePREDevice reads what of the replication engine's configuration a
// message sets; the rest stays.
func decodePREDevice(c *bfrt.PreDeviceConfig) (data []tables.DataField) {
	add := func(name string, v tables.Value) { data = append(data, tables.DataField{Name: name, Value: v}) }
	if c.GetPreGlobalRid() != nil {
		add("global_rid", num32(c.PreGlobalRid.GetGlobalRid()))
	}
	if c.GetPrePortProtection() != nil {
		add("port_protection", c.PrePortProtection.GetEnable())
	}
	if c.GetPreFastFailover() != nil {
		add("fast_failover", c.PreFastFailover.GetEnable())
	}
	if c.GetPreMaxNodesBeforeYield() != nil {
		add("max_nodes_before_yield", num32(c.PreMaxNodesBeforeYield.GetCount()))
	}
	if c.GetPreMaxNodeThreshold() != nil {
		add("max_nodes", num32(c.PreMaxNodeThreshold.GetNodeCount()))
		add("max_port_lags", num32(c.PreMaxNodeThreshold.GetPortLagCount()))
	}
	return data
}

// scopes are the parts of an EntryScope, by the names of their fields.
var scopes = [...]string{"gress_scope", "pipe_scope", "prsr_scope"}

func scopeModes(s *bfrt.EntryScope) [3]*bfrt.Mode {
	return [3]*bfrt.Mode{s.GetGressScope(), s.GetPipeScope(), s.GetPrsrScope()}
}

// decodeScopes reads the scopes that a message gives.
func decodeScopes(s *bfrt.EntryScope) (data []tables.DataField) {
	for i, m := range scopeModes(s) {
		if m == nil {
			continue
		}
		kind := scopeAll
		switch v := m.Scope.(type) {
		case *bfrt.Mode_Predef:
			if v.Predef == bfrt.Mode_SINGLE {
				kind = scopeSingle
			}
		case *bfrt.Mode_UserDefined:
			kind = scopeUser
			data = append(data, tables.DataField{Name: scopes[i] + "_user_defined", Value: num64(v.UserDefined)})
		}
		data = append(data, tables.DataField{Name: scopes[i], Value: kind},
			tables.DataField{Name: scopes[i] + "_args", Value: num64(m.Args)})
	}
	return data
}

// fieldOf is a field of a record; nil where it has none.
func fieldOf(data []tables.DataField, name string) tables.Value {
	if i := slices.IndexFunc(data, func(f tables.DataField) bool { return f.Name == name }); i >= 0 {
		return data[i].Value
	}
	return nil
}

func encodeScopes(data []tables.DataField) *bfrt.EntryScope {
	var m [3]*bfrt.Mode
	for i, name := range scopes {
		kind, ok := fieldOf(data, name).(string)
		if !ok {
			continue
		}
		m[i] = &bfrt.Mode{Args: toNum(fieldOf(data, name+"_args")), Scope: &bfrt.Mode_Predef{Predef: bfrt.Mode_ALL}}
		switch kind {
		case scopeSingle:
			m[i].Scope = &bfrt.Mode_Predef{Predef: bfrt.Mode_SINGLE}
		case scopeUser:
			m[i].Scope = &bfrt.Mode_UserDefined{UserDefined: toNum(fieldOf(data, name+"_user_defined"))}
		}
	}
	return &bfrt.EntryScope{GressScope: m[0], PipeScope: m[1], PrsrScope: m[2]}
}

// encodeAttribute writes an attribute's record.
func (t *tableCodec) encodeAttribute(name string, data []tables.DataField) (*bfrt.TableAttribute, error) {
	a := &bfrt.TableAttribute{TableId: t.spec.ID}
	flag := func(name string) bool { b, _ := fieldOf(data, name).(bool); return b }
	num := func(name string) uint32 { return uint32(toNum(fieldOf(data, name))) }
	switch name {
	case attrIdleTimeout:
		i := &bfrt.IdleTable{TtlQueryInterval: num("ttl_query_interval"), MaxTtl: num("max_ttl"), MinTtl: num("min_ttl"), Enable: flag("enable")}
		if fieldOf(data, "idle_table_mode") == idleNotify {
			i.IdleTableMode = bfrt.IdleTable_IDLE_TABLE_NOTIFY_MODE
		}
		a.Attribute = &bfrt.TableAttribute_IdleTable{IdleTable: i}
	case attrEntryScope:
		a.Attribute = &bfrt.TableAttribute_EntryScope{EntryScope: encodeScopes(data)}
	case attrKeyMask:
		m := &bfrt.DynKeyMask{}
		for _, f := range data {
			k, err := t.keySpec(f.Name)
			if err != nil {
				return nil, err
			}
			b, _ := f.Value.([]byte)
			m.Fields = append(m.Fields, &bfrt.KeyFieldMask{FieldId: k.ID, Mask: b})
		}
		a.Attribute = &bfrt.TableAttribute_DynKeyMask{DynKeyMask: m}
	case attrMeterAdjust:
		a.Attribute = &bfrt.TableAttribute_ByteCountAdj{ByteCountAdj: &bfrt.ByteCountAdj{ByteCountAdjust: int32(num("byte_count_adjust"))}}
	case attrPortStatus:
		a.Attribute = &bfrt.TableAttribute_PortStatusNotify{PortStatusNotify: &bfrt.PortStatusChg{Enable: flag("enable")}}
	case attrPollInterval:
		a.Attribute = &bfrt.TableAttribute_IntvlMs{IntvlMs: &bfrt.StatePullIntvl{IntvlVal: num("intvl_val")}}
	case attrPREDevice:
		a.Attribute = &bfrt.TableAttribute_PreDeviceConfig{PreDeviceConfig: encodePREDevice(data)}
	case attrSelectorUpdate:
		a.Attribute = &bfrt.TableAttribute_SelectorUpdateNotify{SelectorUpdateNotify: &bfrt.SelectorUpdateCb{Enable: flag("enable")}}
	default:
		return nil, t.invalid("no attribute %q (attributes: %s)", name, names(t.spec.Attributes))
	}
	return a, nil
}

func encodePREDevice(data []tables.DataField) *bfrt.PreDeviceConfig {
	c := &bfrt.PreDeviceConfig{}
	num := func(name string) uint32 { return uint32(toNum(fieldOf(data, name))) }
	flag := func(name string) bool { b, _ := fieldOf(data, name).(bool); return b }
	if fieldOf(data, "global_rid") != nil {
		c.PreGlobalRid = &bfrt.PreGlobalRid{GlobalRid: num("global_rid")}
	}
	if fieldOf(data, "port_protection") != nil {
		c.PrePortProtection = &bfrt.PrePortProtection{Enable: flag("port_protection")}
	}
	if fieldOf(data, "fast_failover") != nil {
		c.PreFastFailover = &bfrt.PreFastFailover{Enable: flag("fast_failover")}
	}
	if fieldOf(data, "max_nodes_before_yield") != nil {
		c.PreMaxNodesBeforeYield = &bfrt.PreMaxNodesBeforeYield{Count: num("max_nodes_before_yield")}
	}
	if fieldOf(data, "max_nodes") != nil {
		c.PreMaxNodeThreshold = &bfrt.PreMaxNodeThreshold{NodeCount: num("max_nodes"), PortLagCount: num("max_port_lags")}
	}
	return c
}
