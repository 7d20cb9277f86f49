package fit

// Report is the placement of a program. Its JSON form is a contract: the
// fields target, gress and estimate, and those of a stage down to
// cycles_contribute_to_latency, are kept.
type Report struct {
	Program  string `json:"program"`
	Target   string `json:"target"`
	Estimate bool   `json:"estimate"` // false: read from a compiler's context.json
	// Gress is that of the first pipeline, by "ingress" and "egress".
	Gress map[string]*Gress `json:"gress"`
	// Pipelines is all of them; a program with one has one.
	Pipelines []*Pipeline `json:"pipelines,omitempty"`
}

// Pipeline is one pipeline of the program.
type Pipeline struct {
	Name  string            `json:"name"`
	Gress map[string]*Gress `json:"gress"`
	// Use is what each stage spends, both gresses together.
	Use []Use `json:"use,omitempty"`
}

// Gress is one thread of a pipe.
type Gress struct {
	Stages []*Stage `json:"stages"` // every stage of the chip
	// LatencyCycles from the first stage to the last: all stages' contribution
	// and the corner (timing.md section 2.2).
	LatencyCycles int `json:"latency_cycles"`
	// StagesUsed is the number of the last stage with a table, plus one.
	StagesUsed int `json:"stages_used"`
	// Padded: egress stages made match dependent to reach the chip's minimum.
	Padded []int       `json:"padded_stages,omitempty"`
	Parser *ParserTime `json:"parser,omitempty"`
	// Throughput that the stages and the parser allow.
	Throughput Throughput `json:"throughput"`
	// Unplaced tables found no stage.
	Unplaced []string `json:"unplaced,omitempty"`
}

// Dependency of a stage on those before it.
type Dependency string

// The dependencies (timing.md section 2.1). Tofino 2 has no concurrent.
const (
	Match      Dependency = "match"
	Action     Dependency = "action"
	Concurrent Dependency = "concurrent"
)

// Stage of one gress.
type Stage struct {
	Stage int `json:"stage"`
	// Tables with a part here: match tables, and the counters, meters,
	// selectors and registers attached to them.
	Tables      []string   `json:"tables"`
	Dependency  Dependency `json:"dependency"`
	ClockCycles int        `json:"clock_cycles"`
	PredCycle   int        `json:"predication_cycle"`
	Contributes int        `json:"cycles_contribute_to_latency"`
	// Conditions (gateways) and action data tables that take a place here.
	Conditions []string  `json:"conditions,omitempty"`
	ActionData []string  `json:"action_data,omitempty"`
	Held       []Placed  `json:"placement,omitempty"`
	Because    *Relation `json:"because,omitempty"` // what makes the stage match or action dependent
}

// Placed is a logical table in a stage.
type Placed struct {
	Name    string `json:"name"`
	Kind    string `json:"kind"` // match, action, condition, preclassifier, checksum
	Gateway string `json:"gateway,omitempty"`
	Entries int    `json:"entries,omitempty"`
	Part    bool   `json:"part,omitempty"` // the rest is in other stages
	Use     Use    `json:"use"`
	// Why it could not be in the stage before; empty in stage 0.
	Why string `json:"why_not_earlier,omitempty"`
}

// Relation is a dependency between two tables over a place.
type Relation struct {
	Table string     `json:"table"`
	On    string     `json:"on"`
	Kind  Dependency `json:"kind"`
	Over  string     `json:"over"`
}

// Use is what is taken of one stage (chip.md section 4).
type Use struct {
	Logical   int `json:"logical_tables,omitempty"`
	Ternary   int `json:"tcam_tables,omitempty"`
	SRAM      int `json:"sram_blocks,omitempty"`
	MapRAM    int `json:"map_ram_blocks,omitempty"`
	TCAM      int `json:"tcam_blocks,omitempty"`
	ExactBar  int `json:"exact_crossbar_bytes,omitempty"`
	TernBar   int `json:"ternary_crossbar_bytes,omitempty"`
	HashBits  int `json:"hash_bits,omitempty"`
	HashDist  int `json:"hash_distribution,omitempty"`
	Gateways  int `json:"gateways,omitempty"`
	MeterALU  int `json:"meter_alus,omitempty"`
	StatsALU  int `json:"stats_alus,omitempty"`
	ActionBus int `json:"action_bus_bytes,omitempty"`
	Imem      int `json:"action_instructions,omitempty"`
	Idle      int `json:"idletime_buses,omitempty"`
}

// resource names one field of Use.
type resource struct {
	name, short string
	limit       int
	of          func(*Use) *int
}

var resources = []resource{
	{"logical tables", "ltab", maxLogical, func(u *Use) *int { return &u.Logical }},
	{"TCAM tables", "ttab", maxTernary, func(u *Use) *int { return &u.Ternary }},
	{"SRAM blocks", "sram", maxSRAM, func(u *Use) *int { return &u.SRAM }},
	{"map RAM blocks", "mram", maxMapRAM, func(u *Use) *int { return &u.MapRAM }},
	{"TCAM blocks", "tcam", maxTCAM, func(u *Use) *int { return &u.TCAM }},
	{"exact crossbar bytes", "exbar", maxExactBar, func(u *Use) *int { return &u.ExactBar }},
	{"ternary crossbar bytes", "txbar", maxTernBar, func(u *Use) *int { return &u.TernBar }},
	{"hash bits", "hash", maxHashBits, func(u *Use) *int { return &u.HashBits }},
	{"hash distribution slices", "hdist", maxHashDist, func(u *Use) *int { return &u.HashDist }},
	{"gateways", "gw", maxGateway, func(u *Use) *int { return &u.Gateways }},
	{"meter, selector and stateful ALUs", "malu", maxMeterALU, func(u *Use) *int { return &u.MeterALU }},
	{"statistics ALUs", "salu", maxStatsALU, func(u *Use) *int { return &u.StatsALU }},
	{"action bus bytes", "adb", maxActionBus, func(u *Use) *int { return &u.ActionBus }},
	{"action instructions", "imem", maxImem, func(u *Use) *int { return &u.Imem }},
	{"idle time buses", "idle", maxIdle, func(u *Use) *int { return &u.Idle }},
}

func (u *Use) add(v *Use) {
	for i := range resources {
		r := &resources[i]
		*r.of(u) += *r.of(v)
	}
}

// over is the first resource of which u and v together exceed a stage, nil
// when they fit.
func (u *Use) over(v *Use) *resource {
	for i := range resources {
		r := &resources[i]
		if need := *r.of(v); need > 0 && *r.of(u)+need > r.limit {
			return r
		}
	}
	return nil
}
