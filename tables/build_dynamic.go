package tables

import "gofino/pipeline/ir"

// dynamicTable makes the tables of dynamic hashes, snapshots and debug
// counters. The three tables of a hash share what hashes has.
func (s *Store) dynamicTable(b builtTable, hashes map[*ir.Hash]*dynHash, pl *ir.Pipeline, sh *shared, pipes []pipeState) Table {
	switch b.kind {
	case kindHashAlgorithm, kindHashConfigure, kindHashCompute:
		h := pl.Hashes[b.index]
		d := hashes[h]
		if d == nil {
			d = newDynHash(h, sh.hashes[b.index])
			hashes[h] = d
		}
		t := hashTable{base: newBase(b.spec), store: s, d: d}
		switch b.kind {
		case kindHashAlgorithm:
			return &hashAlgorithm{t}
		case kindHashConfigure:
			return &hashConfigure{t}
		}
		return &hashCompute{t}
	case kindSnapshotCfg, kindSnapshotTrigger:
		return newSnapshotRows(s, b.spec, pipes)
	case kindSnapshotData:
		return &snapshotData{newBase(b.spec)}
	case kindSnapshotLiveness:
		t := &snapshotLiveness{base: newBase(b.spec), stages: stagesOf(s.target), fields: map[string]bool{}}
		for _, f := range pl.Snapshots[b.index].Fields {
			t.fields[f.Name] = true
		}
		return t
	case kindDebugCounter:
		return &debugCounters{newBase(b.spec)}
	}
	panic("BUG: no table for " + b.spec.Name)
}
