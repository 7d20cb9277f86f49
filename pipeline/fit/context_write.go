package fit

import (
	"encoding/json"
	"fmt"
	"io"
)

// WriteContext writes one pipeline of a report in the shape of a compiler's
// context.json: what ReadContext reads of one, stages and their cycles and which
// table is in which. Where it was estimated, so is this.
func WriteContext(w io.Writer, r *Report, pipeline int) error {
	if pipeline < 0 || pipeline >= len(r.Pipelines) {
		return fmt.Errorf("write context: no pipeline %d (pipelines: %d)", pipeline, len(r.Pipelines))
	}
	type stageTable struct {
		Stage   int    `json:"stage_number"`
		Logical int    `json:"logical_table_id"`
		Type    string `json:"stage_table_type"`
		Size    int    `json:"size"`
	}
	type table struct {
		Name      string       `json:"name"`
		Type      string       `json:"table_type"`
		Direction string       `json:"direction"`
		Stages    []stageTable `json:"stage_tables"`
	}
	out := struct {
		Compiler string           `json:"compiler_version"`
		Target   string           `json:"target"`
		Program  string           `json:"program_name"`
		Tables   []*table         `json:"tables"`
		Stages   []characteristic `json:"mau_stage_characteristics"`
	}{Compiler: "gofino", Target: r.Target, Program: r.Program, Tables: []*table{}}
	for _, gress := range []string{"ingress", "egress"} {
		g := r.Pipelines[pipeline].Gress[gress]
		at := map[string]*table{}
		for _, s := range g.Stages {
			out.Stages = append(out.Stages, characteristic{s.Stage, gress, s.Dependency == Match, s.ClockCycles, s.PredCycle, s.Contributes})
			add := func(name, kind string, logical, size int) {
				t := at[kind+" "+name]
				if t == nil {
					t = &table{Name: name, Type: kind, Direction: gress}
					at[kind+" "+name] = t
					out.Tables = append(out.Tables, t)
				}
				t.Stages = append(t.Stages, stageTable{s.Stage, logical, kind, size})
			}
			for i, name := range s.Tables {
				size := 0
				for _, h := range s.Held {
					if h.Name == name {
						size = h.Entries
					}
				}
				add(name, "match", i, size)
			}
			for i, name := range s.Conditions {
				add(name, "condition", len(s.Tables)+i, 0)
			}
			for _, name := range s.ActionData {
				add(name, "action", 0, 0)
			}
		}
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}
