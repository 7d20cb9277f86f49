package fit

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"

	"gofino/pipeline/ir"
)

// contextFile is what is used of a compiler's context.json.
type contextFile struct {
	Compiler string           `json:"compiler_version"`
	Target   string           `json:"target"`
	Program  string           `json:"program_name"`
	Tables   []contextTable   `json:"tables"`
	Stages   []characteristic `json:"mau_stage_characteristics"`
}

type contextTable struct {
	Name      string `json:"name"`
	Type      string `json:"table_type"`
	Direction string `json:"direction"`
	raw       map[string]any
}

func (t *contextTable) UnmarshalJSON(b []byte) error {
	type plain contextTable
	if err := json.Unmarshal(b, (*plain)(t)); err != nil {
		return err
	}
	return json.Unmarshal(b, &t.raw)
}

// characteristic of a stage and gress (timing.md section 2.3).
type characteristic struct {
	Stage       int    `json:"stage"`
	Gress       string `json:"gress"`
	Match       bool   `json:"match_dependent"`
	Clock       int    `json:"clock_cycles"`
	Predication int    `json:"predication_cycle"`
	Adds        int    `json:"cycles_contribute_to_latency"`
}

// ReadContext reads a compiler's context.json: the placement and the cycles as
// they are on the chip, nothing estimated. A context file holds one pipeline.
func ReadContext(r io.Reader) (*Report, error) {
	var f contextFile
	if err := json.NewDecoder(r).Decode(&f); err != nil {
		return nil, fmt.Errorf("read context: %w", err)
	}
	if f.Target != "tofino" && !strings.HasPrefix(f.Target, "tofino2") {
		return nil, fmt.Errorf("read context: unknown target %q (targets: tofino, tofino2)", f.Target)
	}
	c := chipOf(targetOf(f.Target))
	if len(f.Stages) == 0 {
		return nil, errors.New("read context: no mau_stage_characteristics (is it a context.json of a Tofino compiler?)")
	}
	pl := &Pipeline{Name: "pipe", Gress: map[string]*Gress{}}
	for _, name := range []string{"ingress", "egress"} {
		g, err := f.gress(c, name)
		if err != nil {
			return nil, err
		}
		pl.Gress[name] = g
	}
	if err := f.place(pl); err != nil {
		return nil, err
	}
	return &Report{Program: f.Program, Target: c.name, Gress: pl.Gress, Pipelines: []*Pipeline{pl}}, nil
}

func (f *contextFile) gress(c *chip, name string) (*Gress, error) {
	g := &Gress{LatencyCycles: c.corner}
	for _, s := range f.Stages {
		if s.Gress != name {
			continue
		}
		dep := Concurrent
		switch {
		case s.Match:
			dep = Match
		case s.Adds == actionDelay:
			dep = Action
		}
		g.Stages = append(g.Stages, &Stage{Stage: s.Stage, Tables: []string{}, Dependency: dep, ClockCycles: s.Clock, PredCycle: s.Predication, Contributes: s.Adds})
		g.LatencyCycles += s.Adds
	}
	sort.Slice(g.Stages, func(i, j int) bool { return g.Stages[i].Stage < g.Stages[j].Stage })
	for i, s := range g.Stages {
		if s.Stage != i {
			return nil, fmt.Errorf("read context: %s has no stage %d", name, i)
		}
	}
	g.Throughput = throughput(c, ir.Ingress, g.LatencyCycles, nil) // the file has no parser that we read
	return g, nil
}

// spotInContext is one "stage table" of a table.
type spotInContext struct {
	table   *contextTable
	stage   int
	logical int
	kind    string
	body    map[string]any
}

func (f *contextFile) place(pl *Pipeline) error {
	var spots []spotInContext
	for i := range f.Tables {
		t := &f.Tables[i]
		walkStageTables(t.raw, func(body map[string]any) {
			spots = append(spots, spotInContext{t, number(body["stage_number"]), number(body["logical_table_id"]), text(body["stage_table_type"]), body})
		})
	}
	sort.SliceStable(spots, func(i, j int) bool {
		a, b := &spots[i], &spots[j]
		return a.stage < b.stage || a.stage == b.stage && a.logical < b.logical
	})
	blocks := map[string]bool{}
	for _, s := range spots {
		if s.stage < 0 {
			continue // tables of the parser: the port metadata
		}
		g := pl.Gress[s.table.Direction]
		if g == nil || s.stage >= len(g.Stages) {
			return fmt.Errorf("read context: table %q is in stage %d of %q, which is not described", s.table.Name, s.stage, s.table.Direction)
		}
		for len(pl.Use) < len(g.Stages) {
			pl.Use = append(pl.Use, Use{})
		}
		g.StagesUsed = max(g.StagesUsed, s.stage+1)
		g.Stages[s.stage].read(s, &pl.Use[s.stage], blocks)
	}
	return nil
}

// twoPort memories are read and written for one packet: a map RAM goes with
// every block.
var twoPort = map[string]bool{"statistics": true, "meter": true, "stateful": true, "selection": true}

// read adds a stage table to its stage. blocks are the memories already
// counted: shared ones are listed with every user.
func (st *Stage) read(s spotInContext, use *Use, blocks map[string]bool) {
	name := s.table.Name
	switch s.table.Type {
	case "condition":
		if !slices.Contains(st.Conditions, name) {
			st.Conditions = append(st.Conditions, name)
		}
	case "action":
		if !slices.Contains(st.ActionData, name) {
			st.ActionData = append(st.ActionData, name)
		}
	default:
		st.list(name)
	}
	var u Use
	if s.table.Type == "match" || s.table.Type == "condition" {
		u.Logical = 1
	}
	if strings.HasPrefix(s.kind, "ternary_match") && number(s.body["size"]) > 0 {
		u.Ternary = 1
	}
	switch s.table.Type {
	case "statistics":
		u.StatsALU = 1
	case "meter", "stateful", "selection":
		u.MeterALU = 1
	}
	countMemory(s.body, "", func(kind string, unit int) {
		key := fmt.Sprint(s.stage, kind, unit)
		if blocks[key] {
			return
		}
		blocks[key] = true
		switch kind {
		case "sram":
			u.SRAM++
			if twoPort[s.table.Type] {
				u.MapRAM++
			}
		case "tcam":
			u.TCAM++
		case "map_ram":
			u.MapRAM++
		case "gateway":
			u.Gateways++
		}
	})
	use.add(&u)
	if s.table.Type == "match" || s.table.Type == "condition" {
		kind := map[bool]string{true: "condition", false: "match"}[s.table.Type == "condition"]
		st.Held = append(st.Held, Placed{Name: name, Kind: kind, Entries: number(s.body["size"]), Use: u})
	}
}

// walkStageTables finds every stage table of a table; those of ALPM and ATCAM
// tables lie deeper.
func walkStageTables(x any, f func(map[string]any)) {
	switch x := x.(type) {
	case map[string]any:
		for _, k := range sortedKeys(x) {
			list, ok := x[k].([]any)
			if k != "stage_tables" || !ok {
				walkStageTables(x[k], f)
				continue
			}
			for _, s := range list {
				if body, ok := s.(map[string]any); ok {
					f(body)
				}
			}
		}
	case []any:
		for _, y := range x {
			walkStageTables(y, f)
		}
	}
}

// countMemory reports every memory block of a stage table with its type.
func countMemory(x any, kind string, f func(kind string, unit int)) {
	switch x := x.(type) {
	case map[string]any:
		if k := text(x["memory_type"]); k != "" {
			kind = k
		}
		for _, k := range sortedKeys(x) {
			switch {
			case k == "memory_units":
				if list, ok := x[k].([]any); ok {
					for _, u := range list {
						f(kind, number(u))
					}
				}
			case k == "memory_unit" || k == "spare_bank_memory_unit":
				for _, u := range numbers(x[k]) {
					f(kind, u)
				}
			case k == "ways":
				countMemory(x[k], "sram", f) // of an exact match; they do not say
			default:
				countMemory(x[k], kind, f)
			}
		}
	case []any:
		for _, y := range x {
			countMemory(y, kind, f)
		}
	}
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func number(x any) int {
	n, ok := x.(float64)
	if !ok {
		return 0
	}
	return int(n)
}

func numbers(x any) []int {
	if list, ok := x.([]any); ok {
		var out []int
		for _, y := range list {
			out = append(out, number(y))
		}
		return out
	}
	if _, ok := x.(float64); ok {
		return []int{number(x)}
	}
	return nil
}

func text(x any) string {
	s, _ := x.(string)
	return s
}
