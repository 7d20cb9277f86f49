package fit

import (
	"strings"

	"gofino/pipeline/ir"
)

// chip is what the chip offers and how long it takes.
type chip struct {
	name   string
	stages int // MAU stages of a pipe, shared by both gresses (chip.md section 1)

	// Cycles (timing.md section 1).
	base       int // MAU_BASE_DELAY
	predicate  int // MAU_BASE_PREDICATION_DELAY
	minEgress  int // MINIMUM_REQUIRED_EGRESS_PIPELINE_LATENCY, 0 for none
	corner     int // extra cycles between stages 5 and 6, where the pipe turns
	turn       int // the stage after the corner: always match dependent; 0 for none
	concurrent int // what a stage adds when nothing depends on the one before
	clockMHz   int // timing.md section 5

	longBranch bool // tables may be placed before the next-table chain of others ends
	exitJumps  bool // exit is a jump; else the compiler carries a flag
}

// Cycles that both chips share (timing.md section 2).
const (
	tcamDelay     = 2 // a TCAM or a selector of several words in the group
	selectorDelay = 8
	divideDelay   = 6 // a stateful ALU that divides, Tofino 2
	statefulDelay = 4
	filterDelay   = 4 // LPF and WRED; plain meters and counters add nothing
	actionDelay   = 2 // what an action-dependent stage adds
)

// Parser limits (chip.md section 2, timing.md section 4).
const (
	parserShift  = 32  // bytes that one parser state can take from the packet
	parserStates = 128 // the hardware stops a parser after so many states
)

// What one stage has (chip.md section 4).
const (
	maxLogical   = 16
	maxTernary   = 8 // logical tables with TCAM
	maxSRAM      = 80
	maxMapRAM    = 48
	maxTCAM      = 24
	maxExactBar  = 128 // bytes of the exact crossbar
	maxTernBar   = 66  // bytes of the ternary crossbar
	maxHashBits  = 8 * 52
	maxHashDist  = 6  // slices of 16 bits
	maxGateway   = 16 // 4 rows each
	maxMeterALU  = 4  // meter, selector and stateful ALUs
	maxStatsALU  = 4
	maxActionBus = 128 // bytes
	maxImem      = 64  // action instruction addresses
	maxIdle      = 20
)

// Shapes of the memories (chip.md section 4).
const (
	ramRows      = 1024 // words of an SRAM block
	ramBits      = 128
	tcamRows     = 512
	packLimit    = 5  // entries in one exact match row
	versionBits  = 4  // of every exact match entry
	indexBits    = 10 // hash bits that choose a row: those key bits need no storage
	immediate    = 32 // bits of action data that fit in the entry itself
	exactWays    = 4  // ways that the compiler gives a small exact table
	selectorPool = 120
	gatewayBits  = 44
	hashExpanded = 23 // bits that one slice of the hash distribution can give
)

func chipOf(t ir.Target) *chip {
	if t == ir.Tofino2 {
		return &chip{
			name: "tofino2", stages: 20,
			base: 23, predicate: 13, concurrent: 2, clockMHz: 1500,
			longBranch: true,
		}
	}
	return &chip{
		name: "tofino", stages: 12,
		base: 20, predicate: 11, minEgress: 160, corner: 4, turn: 6, concurrent: 1, clockMHz: 1220,
		exitJumps: true,
	}
}

// targetOf reads the name that a report or a compiler gives a chip.
func targetOf(name string) ir.Target {
	if strings.HasPrefix(name, "tofino2") {
		return ir.Tofino2
	}
	return ir.Tofino
}
