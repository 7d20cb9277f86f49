package tables

import "gofino/pipeline/ir"

// Prefixes of the snapshot tables of a gress; they share a number.
const (
	idSnapshotCfg      = 0x91
	idSnapshotTrigger  = 0x92
	idSnapshotData     = 0x93
	idSnapshotLiveness = 0x94
	idDebugCounter     = 0x99000000
)

// Ids of the fields of snapshots and debug counters (bfrt.md section 12).
const (
	idSnapStage = iota + 65587 // start_stage and stage
	idSnapEndStage
	idSnapEnable
	idSnapTriggerState
	idSnapTimerEnable
	idSnapTimerTrigger
	idSnapTimerValue
	_ // field info
	_ // control info
	idSnapTableInfo
	idSnapMeterALUInfo
	_ // stage
	idSnapPrevStageTrigger
	idSnapIngressTriggerMode
	idSnapLocalStageTrigger
	_ // next table id
	idSnapNextTable
	idSnapEnabledNextTables
	idSnapGlobalExecute
	idSnapEnabledGlobalExecute
	idSnapLongBranch
	idSnapEnabledLongBranch
	idSnapDeparserError
	_ // table id
	idSnapTableName
	idSnapMeterTableName
	idSnapMeterALUOperation
	idSnapMatchHitHandle
	idSnapTableHit
	idSnapTableInhibited
	idSnapTableExecuted
	idSnapFieldName
	idSnapValidStages
	idSnapThread
	idSnapIngressCapture
	idSnapEgressCapture
	idSnapGhostCapture
	_ // parser instance
	_ // parser name
	idDebugTableName
	idDebugType
	idDebugValue
)

// maskID is what the id of a trigger's mask is above its value's.
const maskID = 0x8000

// stagesOf the chip (chip.md section 1).
func stagesOf(t ir.Target) int {
	if t == ir.Tofino2 {
		return 20
	}
	return 12
}

func noteSnapshots(pl *ir.Pipeline, note func(prefix uint32, name string)) {
	for _, s := range pl.Snapshots {
		note(idSnapshotCfg, pl.Name+"."+s.Name)
	}
}

// snapshots adds the tables of a pipeline. They share one cfg table, whose
// number is that of the gress which the compiler meets first. It walks a map
// whose order is that of memory: the known outputs have egress first, but for
// the one program of a single pipeline with digests.
func (b *schemaBuilder) snapshots(i int, pl *ir.Pipeline) {
	order := []ir.Dir{ir.Egress, ir.Ingress}
	if len(b.p.Pipelines) == 1 && len(pl.Digests) > 0 {
		order = []ir.Dir{ir.Ingress, ir.Egress}
	}
	cfg := b.snapshotCfg(pl)
	for _, dir := range order {
		for j, s := range pl.Snapshots {
			if s.Dir != dir {
				continue
			}
			_, id := b.id(idSnapshotCfg, pl, s.Name)
			number := func(prefix uint32) uint32 { return id&0xffffff | prefix<<24 }
			if cfg.ID == 0 {
				cfg.ID = number(idSnapshotCfg)
				b.add(kindSnapshotCfg, i, 0, cfg)
			}
			cfg.DependsOn = append(cfg.DependsOn, number(idSnapshotTrigger))
			name := pl.Name + ".snapshot." + dir.String()
			b.add(kindSnapshotTrigger, i, j, b.snapshotTrigger(s, name+"_trigger", number(idSnapshotTrigger)))
			b.add(kindSnapshotData, i, j, b.snapshotData(s, name+"_data", number(idSnapshotData)))
			b.add(kindSnapshotLiveness, i, j, &TableSpec{
				Name: name + "_liveness", ID: number(idSnapshotLiveness), Type: "SnapshotLiveness",
				Key:  []KeySpec{{ID: idSnapFieldName, Name: "field_name", Match: "Exact", Mandatory: true, Type: TypeSpec{Kind: "string"}}},
				Data: []FieldSpec{{ID: idSnapValidStages, Name: "valid_stages", Repeated: true, ReadOnly: true, Type: TypeSpec{Kind: "uint32"}}},
			})
		}
	}
}

func (b *schemaBuilder) snapshotCfg(pl *ir.Pipeline) *TableSpec {
	n := stagesOf(b.p.Target)
	u32, stage := TypeSpec{Kind: "uint32"}, stageKey("start_stage", false)
	end := stage
	end.ID, end.Name, end.Type.Default = idSnapEndStage, "end_stage", uint64(n-1)
	capture := func(id uint32, name string) FieldSpec {
		return FieldSpec{ID: id, Name: name, Repeated: true, ReadOnly: true, Type: u32}
	}
	return &TableSpec{
		Name: pl.Name + ".snapshot.cfg", Type: "SnapshotCfg", Size: n,
		Key: []KeySpec{stage, end},
		Data: []FieldSpec{
			{ID: idSnapTimerEnable, Name: "timer_enable", Type: TypeSpec{Kind: "bool", Default: false}},
			{ID: idSnapTimerValue, Name: "timer_value_usecs", Type: u32},
			{ID: idSnapIngressTriggerMode, Name: "ingress_trigger_mode", Type: TypeSpec{Kind: "string",
				Choices: []string{"INGRESS", "GHOST", "INGRESS_GHOST", "ANY"}, Default: "INGRESS"}},
			{ID: idSnapThread, Name: "thread", Mandatory: true, Type: TypeSpec{Kind: "string", Choices: []string{"INGRESS", "EGRESS", "ALL"}}},
			capture(idSnapIngressCapture, "ingress_capture"),
			capture(idSnapEgressCapture, "egress_capture"),
			capture(idSnapGhostCapture, "ghost_capture"),
		},
	}
}

func stageKey(name string, mandatory bool) KeySpec {
	return KeySpec{ID: idSnapStage, Name: name, Match: "Exact", Mandatory: mandatory, Type: TypeSpec{Kind: "uint32", Default: uint64(0)}}
}

func (b *schemaBuilder) snapshotTrigger(s *ir.Snapshot, name string, id uint32) *TableSpec {
	t := &TableSpec{Name: name, ID: id, Type: "SnapshotTrigger", Size: stagesOf(b.p.Target), Key: []KeySpec{stageKey("stage", true)},
		Data: []FieldSpec{
			{ID: idSnapEnable, Name: "enable", Type: TypeSpec{Kind: "bool", Default: false}},
			{ID: idSnapTriggerState, Name: "trigger_state", Repeated: true, ReadOnly: true,
				Type: TypeSpec{Kind: "string", Choices: []string{"PASSIVE", "ARMED", "FULL"}}},
		}}
	for _, f := range s.Fields {
		t.Data = append(t.Data,
			FieldSpec{ID: f.ID, Name: "trig." + f.Name, Type: bytesType(f.Loc.Width)},
			FieldSpec{ID: f.ID + maskID, Name: "trig." + f.Name + "_mask", Type: bytesType(f.Loc.Width)})
	}
	return t
}

func (b *schemaBuilder) snapshotData(s *ir.Snapshot, name string, id uint32) *TableSpec {
	read := func(id uint32, name, kind string) FieldSpec {
		return FieldSpec{ID: id, Name: name, ReadOnly: true, Type: TypeSpec{Kind: kind}}
	}
	no := func(f FieldSpec) FieldSpec { f.Type.Default = false; return f }
	names := func(id uint32, name string) FieldSpec {
		f := read(id, name, "string")
		f.Repeated = true
		return f
	}
	t := &TableSpec{Name: name, ID: id, Type: "SnapshotData", Size: stagesOf(b.p.Target), Key: []KeySpec{stageKey("stage", true)},
		Data: []FieldSpec{
			no(read(idSnapPrevStageTrigger, "prev_stage_trigger", "bool")),
			no(read(idSnapTimerTrigger, "timer_trigger", "bool")),
			no(read(idSnapLocalStageTrigger, "local_stage_trigger", "bool")),
			read(idSnapNextTable, "next_table_name", "string"),
			{ID: idSnapTableInfo, Name: "table_info", ReadOnly: true, Repeated: true, Container: []FieldSpec{
				read(idSnapTableName, "table_name", "string"),
				read(idSnapMatchHitHandle, "match_hit_handle", "uint32"),
				read(idSnapTableHit, "table_hit", "bool"),
				read(idSnapTableInhibited, "table_inhibited", "bool"),
				read(idSnapTableExecuted, "table_executed", "bool"),
			}},
		}}
	if b.p.Target == ir.Tofino2 {
		t.Data = append(t.Data,
			names(idSnapEnabledNextTables, "enabled_next_tables"),
			names(idSnapGlobalExecute, "global_execute_tables"),
			names(idSnapEnabledGlobalExecute, "enabled_global_execute_tables"),
			names(idSnapLongBranch, "long_branch_tables"),
			names(idSnapEnabledLongBranch, "enabled_long_branch_tables"),
			read(idSnapDeparserError, "deparser_error", "bool"),
			FieldSpec{ID: idSnapMeterALUInfo, Name: "meter_alu_info", ReadOnly: true, Repeated: true, Container: []FieldSpec{
				read(idSnapMeterTableName, "table_name", "string"),
				read(idSnapMeterALUOperation, "meter_alu_operation_type", "string"),
			}})
	}
	for _, f := range s.Fields {
		t.Data = append(t.Data, FieldSpec{ID: f.ID, Name: f.Name, ReadOnly: true, Type: bytesType(f.Loc.Width)})
	}
	return t
}

// debugCounter adds the one table of the program's debug counters.
func (b *schemaBuilder) debugCounter() {
	b.add(kindDebugCounter, 0, 0, &TableSpec{
		Name: "tbl_dbg_counter", ID: idDebugCounter, Type: "TblDbgCnt", Size: stagesOf(b.p.Target) * LogicalPerStage,
		Key: []KeySpec{{ID: idDebugTableName, Name: "tbl_name", Match: "Exact", Mandatory: true, Type: TypeSpec{Kind: "string"}}},
		Data: []FieldSpec{
			{ID: idDebugType, Name: "type", Type: TypeSpec{Kind: "string",
				Choices: DebugTypes, Default: "TBL_HIT"}},
			{ID: idDebugValue, Name: "value", Type: TypeSpec{Kind: "uint64", Default: uint64(0)}},
		},
	})
}
