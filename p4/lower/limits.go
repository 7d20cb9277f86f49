package lower

import (
	"fmt"

	"gofino/p4/syntax"
	"gofino/pipeline/ir"
)

// The chip's limits that show in the finished program. Each check counts from
// below: what it reports cannot fit, whatever a compiler for the chip does;
// what it lets pass may still be too large after placement. Every message tells
// the amount and the limit. Facts: chip.md, sections 2 to 5, 10 and 11.

// capacity is what a chip has.
type capacity struct {
	stages        int // of match-action units
	parserRows    int // TCAM rows of a parser
	matchBits     int // that one parser row compares
	egressDepth   int // bytes that an egress parser can reach; 0: no practical limit
	compareUnits  int // of a stateful ALU
	imem          int // action instruction addresses of a stage
	deparserCells int // things that a deparser can put in a row
	cellBytes     int // size of one
	checksums     int // units that one gress's deparser can have
}

func capacityOf(t ir.Target) *capacity {
	if t == ir.Tofino2 {
		return &capacity{stages: 20, parserRows: 256, matchBits: 32, egressDepth: 512, compareUnits: 4, imem: 63,
			deparserCells: 128, cellBytes: 8, checksums: 8}
	}
	return &capacity{stages: 12, parserRows: 256, matchBits: 32, compareUnits: 2, imem: 64,
		deparserCells: 192, cellBytes: 4, checksums: 6}
}

// What a stage of both chips has (chip.md, section 4).
const (
	stageSRAM  = 80 // blocks
	stageMaps  = 48 // map RAMs: each block of a register takes one
	stageTCAM  = 24 // blocks
	exactBar   = 128 * 8
	ternaryBar = 66 * 8
	actionBus  = 128 // bytes of action data
	blockBits  = 1024 * 128
	blockRows  = 1024
	tcamRows   = 512
	tcamBits   = 44
)

// limits checks a finished program.
func (l *lowerer) limits(prog *ir.Program) {
	for _, pl := range prog.Pipelines {
		c := &limiter{lowerer: l, pl: pl, capacity: capacityOf(l.target), searches: l.searches[pl]}
		for _, g := range []*ir.Gress{pl.Ingress, pl.Egress} {
			c.g = g
			c.parser()
			c.accesses()
			c.deparser()
		}
		c.tables()
		c.registers()
	}
}

// limiter checks one pipeline.
type limiter struct {
	*lowerer
	*capacity
	pl       *ir.Pipeline
	g        *ir.Gress
	searches map[int]bool // register actions with min or max
}

func (c *limiter) over(at ir.Pos, format string, args ...any) {
	c.limit(syntax.Pos{File: at.File, Line: at.Line, Col: at.Col}, "%s", fmt.Sprintf(format, args...))
}

// deparser: how much can be emitted, and how many checksums computed (chip.md,
// section 11). Headers that are never valid together count all: the dictionary
// holds them all.
func (c *limiter) deparser() {
	cells, bytes := 0, 0
	var sums []ir.Loc
	var last, lastSum ir.Pos
	seen := map[int]bool{}
	var walk func(list []ir.Stmt)
	walk = func(list []ir.Stmt) {
		for _, s := range list {
			switch s := s.(type) {
			case *ir.Emit:
				if h := c.g.Headers[s.Header]; !seen[s.Header] {
					seen[s.Header] = true
					cells += (h.Bytes + c.cellBytes - 1) / c.cellBytes
					bytes += h.Bytes
					last = s.P
				}
			case *ir.ChecksumUpdate:
				known := false
				for _, d := range sums {
					known = known || d == s.Dst
				}
				if !known {
					sums = append(sums, s.Dst)
				}
				lastSum = s.P
			default:
				for _, b := range bodies(s) {
					walk(b)
				}
			}
		}
	}
	walk(c.g.Deparser)
	if cells > c.deparserCells {
		c.over(last, "%s deparser can emit %d bytes in %d cells of %d bytes: the chip's limit is %d cells", c.g.Dir, bytes, cells, c.cellBytes, c.deparserCells)
	}
	if len(sums) > c.checksums {
		c.over(lastSum, "%s deparser computes %d checksums: the chip's limit is %d", c.g.Dir, len(sums), c.checksums)
	}
}

// bodies are the statement lists inside a statement.
func bodies(s ir.Stmt) [][]ir.Stmt {
	switch s := s.(type) {
	case *ir.If:
		return [][]ir.Stmt{s.Then, s.Else}
	case *ir.Block:
		return [][]ir.Stmt{s.Body}
	case *ir.Switch:
		out := [][]ir.Stmt{s.Default}
		for _, k := range s.Cases {
			out = append(out, k.Body)
		}
		return out
	}
	return nil
}
