package lower

import "gofino/pipeline/ir"

// tables checks keys, actions and memory (chip.md, section 4).
func (c *limiter) tables() {
	sram, tcam := 0, 0
	var bigSRAM, bigTCAM *ir.Table
	mostSRAM, mostTCAM := 0, 0
	for _, t := range c.pl.Tables {
		bits, ternary := 0, false
		for _, k := range t.Keys {
			bits += k.Width
			ternary = ternary || k.Kind == ir.Ternary || k.Kind == ir.Range || k.Kind == ir.LPM
		}
		inTCAM := ternary && !algorithmic(t)
		if !inTCAM && bits > exactBar {
			c.over(t.Pos, "table %s has a key of %d bits: the chip's exact match compares %d", t.Name, bits, exactBar)
		}
		if inTCAM && bits > ternaryBar {
			c.over(t.Pos, "table %s has a key of %d bits: the chip's ternary match compares %d", t.Name, bits, ternaryBar)
		}
		c.actions(t)
		switch {
		case len(t.Keys) == 0 || t.Hidden:
		case inTCAM:
			n := up(t.Size, tcamRows) * up(bits, tcamBits)
			tcam += n
			if n > mostTCAM {
				mostTCAM, bigTCAM = n, t
			}
		case exactSize(t, bits) > 0:
			// Up to 10 key bits choose the row and need no storage.
			n := up(t.Size*max(bits-10, 0), blockBits)
			sram += n
			if n > mostSRAM {
				mostSRAM, bigSRAM = n, t
			}
		}
	}
	if most := c.stages * stageTCAM; tcam > most {
		c.over(bigTCAM.Pos, "ternary tables need at least %d TCAM blocks, table %s %d of them: the chip has %d", tcam, bigTCAM.Name, mostTCAM, most)
	}
	for _, r := range c.pl.Registers {
		sram += registerBlocks(r)
	}
	if most := c.stages * stageSRAM; sram > most {
		at, name := ir.Pos{}, ""
		if bigSRAM != nil {
			at, name = bigSRAM.Pos, bigSRAM.Name
		} else if len(c.pl.Registers) > 0 {
			at, name = c.pl.Registers[0].Pos, c.pl.Registers[0].Name
		}
		c.over(at, "exact tables and registers need at least %d SRAM blocks, %s %d of them: the chip has %d", sram, name, mostSRAM, most)
	}
	for _, s := range c.pl.Selectors {
		if s.MaxGroupSize > maxGroup {
			c.over(s.Pos, "selector %s has groups of %d members: the chip's limit is %d", s.Name, s.MaxGroupSize, maxGroup)
		}
	}
}

// maxGroup: 31 words of 120 members, 32 times over (chip.md, section 8).
const maxGroup = 31 * 32 * 120

func up(n, by int) int { return (n + by - 1) / by }

// exactSize is what an exact table stores; 0 where the key is so short that a
// plain array of its values is smaller.
func exactSize(t *ir.Table, bits int) int {
	if bits < 24 && t.Size >= 1<<bits {
		return 0
	}
	return t.Size
}

// algorithmic: the table is laid out in SRAM although it is not exact.
func algorithmic(t *ir.Table) bool {
	for _, a := range t.Annots {
		switch a.Name {
		case "alpm", "alpm_partitions", "atcam_partitions", "implementation", "atcam_number_partitions":
			return true
		}
	}
	for _, k := range t.Keys {
		if k.Kind == ir.ATCAMPartition {
			return true
		}
	}
	return false
}

// actions checks how many a table has and how much data an entry carries.
func (c *limiter) actions(t *ir.Table) {
	if len(t.Actions) > c.imem {
		c.over(t.Pos, "table %s has %d actions: the chip's limit is %d", t.Name, len(t.Actions), c.imem)
	}
	for _, r := range t.Actions {
		a := c.pl.Actions[r.Action]
		bits := 0
		for _, p := range a.Params {
			bits += p.Loc.Width
		}
		if bits > actionBus*8 {
			c.over(a.Pos, "action %s has %d bits of data: the chip's limit is %d", a.Name, bits, actionBus*8)
		}
	}
}

// registerBlocks is how many SRAM blocks a register fills; a direct one grows
// with its table.
func registerBlocks(r *ir.Register) int {
	if r.Table >= 0 {
		return 0
	}
	bits := r.Width
	if r.Pair {
		bits *= 2
	}
	return up(r.Size*bits, blockBits)
}
