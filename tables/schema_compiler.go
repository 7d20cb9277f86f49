package tables

import (
	"fmt"
	"slices"
	"strings"

	"gofino/pipeline/ir"
)

// The ids of the compiler's own fields are counted on from 65558, so they
// differ between its versions (bfrt.md section 9). Clients use names; who
// compares with the output of an older compiler asks for its numbers.

// Compilers are the versions whose numbers are known, the default first.
var Compilers = []string{"latest", compiler990}

// compiler990 had no $ADT_OFFSET of selectors and one field of dynamic hashes
// less, of which no output is known: taken to be extend. It named snapshots
// after their control alone.
const compiler990 = "9.9.0"

// NewSchemaOf describes every table of a program with the numbers of a version
// of the chip's compiler.
func NewSchemaOf(p *ir.Program, compiler string) (*Schema, error) {
	if !slices.Contains(Compilers, compiler) {
		return nil, fmt.Errorf("number tables of %s: no compiler %q (compilers: %s)", p.Name, compiler, choices(Compilers))
	}
	s := NewSchema(p)
	if compiler != compiler990 {
		return s, nil
	}
	ids := snapshotIDs990(p)
	for _, t := range s.Tables {
		if id, ok := ids[t.ID&0xffffff]; ok && strings.HasPrefix(t.Type, "Snapshot") {
			t.ID = t.ID&^0xffffff | id
		}
		if t.Type == "SnapshotCfg" {
			for i, d := range t.DependsOn {
				t.DependsOn[i] = d&^0xffffff | ids[d&0xffffff]
			}
		}
		for i := range t.Key {
			t.Key[i].ID, _ = id990(t.Key[i].ID)
		}
		for i := range t.Actions {
			t.Actions[i].ID, _ = id990(t.Actions[i].ID)
		}
		t.Data = fields990(t.Data)
	}
	return s, nil
}

// snapshotIDs990 maps the numbers of snapshots to those of the old names.
func snapshotIDs990(p *ir.Program) map[uint32]uint32 {
	b := &schemaBuilder{p: p}
	b.assign()
	out := map[uint32]uint32{}
	names := map[string]bool{}
	for _, pl := range p.Pipelines {
		for _, sn := range pl.Snapshots {
			names[controlOf(sn)] = true
		}
	}
	old := assignIDs(idSnapshotCfg, names)
	for _, pl := range p.Pipelines {
		for _, sn := range pl.Snapshots {
			_, id := b.id(idSnapshotCfg, pl, sn.Name)
			out[id&0xffffff] = old[controlOf(sn)] & 0xffffff
		}
	}
	return out
}

func controlOf(s *ir.Snapshot) string { return s.Name[strings.LastIndex(s.Name, ".")+1:] }

// id990 is the old number of a field; ok is false where there was none.
func id990(id uint32) (old uint32, ok bool) {
	switch {
	case id < idADTOffset || id >= 1<<17: // the numbers of actions and tables are larger
		return id, true
	case id == idADTOffset || id == idHashExtend:
		return 0, false
	case id < idHashExtend:
		return id - 1, true
	}
	return id - 2, true
}

func fields990(in []FieldSpec) []FieldSpec {
	var out []FieldSpec
	for _, f := range in {
		id, ok := id990(f.ID)
		if !ok {
			continue
		}
		f.ID = id
		if f.Container != nil {
			f.Container = fields990(f.Container)
		}
		out = append(out, f)
	}
	return out
}
