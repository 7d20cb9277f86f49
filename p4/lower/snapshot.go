package lower

import (
	"fmt"
	"strings"

	"gofino/p4/syntax"
	"gofino/p4/types"
	"gofino/pipeline/ir"
)

// snapshot lists what a snapshot of the gress shows: every field of the
// control's parameters, and the validity of the headers in the first (bfrt.md
// section 12). Ids are counted over the whole program: a name seen before
// keeps its id.
func (g *gress) snapshot(control *instance, params []*syntax.Param) {
	s := &ir.Snapshot{Name: control.name + "." + control.name, Dir: g.dir}
	seen := map[uint32]bool{}
	add := func(name string, l ir.Loc) {
		id, ok := g.snapshotIDs[name]
		if !ok {
			id = uint32(len(g.snapshotIDs) + 1)
			g.snapshotIDs[name] = id
		}
		if !seen[id] {
			seen[id] = true
			s.Fields = append(s.Fields, ir.SnapshotField{ID: id, Name: name, Loc: l})
		}
	}
	for i, p := range params {
		if pl, ok := control.frame.objs[g.info.Defs[p.Name]].(*place); ok {
			snapshotFields(pl, p.Name.Value, i == 0, add)
		}
	}
	g.pl.Snapshots = append(g.pl.Snapshots, s)
}

// snapshotFields walks a place: numbers only, as the chip's compiler has it.
func snapshotFields(p *place, name string, valid bool, add func(string, ir.Loc)) {
	if p.hdr >= 0 && valid {
		add(name+".$valid", p.valid)
	}
	if p.scalar() {
		if isNumber(p.t) {
			add(name, p.loc)
		}
		return
	}
	for i, m := range members(p.t) {
		if i >= len(p.kids) {
			return
		}
		sub := name + "." + m.name
		if m.decl != nil {
			if n := annotText(annotation(m.decl.Annotations, "name")); n != "" {
				sub = name + "." + strings.TrimPrefix(n, ".")
			}
		}
		if m.name[0] == '[' {
			sub = fmt.Sprintf("%s$%d", name, i)
		}
		snapshotFields(p.kids[i], sub, valid, add)
	}
}

// isNumber: bit<W>, int<W>, or an enum with such values.
func isNumber(t types.Type) bool {
	switch t := under(t).(type) {
	case *types.Bits:
		return true
	case *types.Enum:
		return t.Underlying != nil
	}
	return false
}
