package tables

import "gofino/pipeline/ir"

// dynamicTables makes the tables of dynamic hashes, snapshots and debug
// counters. The three tables of a hash share one thing, so do those of a
// pipeline's snapshots.
type dynamicTables struct {
	store     *Store
	program   *ir.Program
	hashes    map[*ir.Hash]*dynHash
	snapshots map[*ir.Pipeline]*snapshotGroup
}

func (d *dynamicTables) table(b builtTable, pl *ir.Pipeline, sh *shared, pipes []pipeState) Table {
	s := d.store
	switch b.kind {
	case kindHashAlgorithm, kindHashConfigure, kindHashCompute:
		h := pl.Hashes[b.index]
		hash := d.hashes[h]
		if hash == nil {
			hash = newDynHash(h, sh.hashes[b.index])
			d.hashes[h] = hash
		}
		t := hashTable{base: newBase(b.spec), store: s, d: hash}
		switch b.kind {
		case kindHashAlgorithm:
			return &hashAlgorithm{t}
		case kindHashConfigure:
			return &hashConfigure{t}
		}
		return &hashCompute{t}
	case kindSnapshotCfg, kindSnapshotTrigger:
		g := d.snapshots[pl]
		if g == nil {
			g = &snapshotGroup{}
			d.snapshots[pl] = g
		}
		if b.kind == kindSnapshotCfg {
			return newSnapshotRows(s, b.spec, nil, g, pipes)
		}
		return newSnapshotRows(s, b.spec, pl.Snapshots[b.index], g, pipes)
	case kindSnapshotData:
		return &snapshotData{base: newBase(b.spec), of: pl.Snapshots[b.index], pipes: pipes, t2: s.target == ir.Tofino2}
	case kindSnapshotLiveness:
		t := &snapshotLiveness{base: newBase(b.spec), stages: stagesOf(s.target), fields: map[string]bool{}}
		for _, f := range pl.Snapshots[b.index].Fields {
			t.fields[f.Name] = true
		}
		return t
	case kindDebugCounter:
		return newDebugCounters(s, b.spec, d.program)
	}
	panic("BUG: no table for " + b.spec.Name)
}
