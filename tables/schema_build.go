package tables

import (
	"cmp"
	"math/big"
	"slices"
	"strings"

	"gofino/pipeline/ir"
)

// schemaBuilder makes the control plane's view of a program (bfrt.md section
// 9). Next to each table it notes what object of the program is behind it.
type schemaBuilder struct {
	p      *ir.Program
	ids    map[uint32]map[string]uint32 // prefix, full name
	tables []builtTable
}

// builtTable is a table of the schema and its object: the pipeline and the
// index in the slice that the kind belongs to.
type builtTable struct {
	spec     *TableSpec
	kind     tableKind
	pipeline int
	index    int
}

type tableKind uint8

const (
	kindMatch tableKind = iota
	kindProfile
	kindSelector
	kindGetMember
	kindCounter
	kindRegister
	kindMeter
	kindFilter
	kindParam
	kindValueSet
	kindPortMetadata
	kindHashAlgorithm
	kindHashConfigure
	kindHashCompute
	kindSnapshotCfg
	kindSnapshotTrigger
	kindSnapshotData
	kindSnapshotLiveness
	kindDebugCounter
)

// NewSchema describes every table of a program.
func NewSchema(p *ir.Program) *Schema {
	s := &Schema{}
	built, digests := buildSchema(p)
	s.Digests = digests
	for _, t := range built {
		s.Tables = append(s.Tables, t.spec)
	}
	return s
}

func buildSchema(p *ir.Program) ([]builtTable, []*DigestSpec) {
	b := &schemaBuilder{p: p}
	b.assign()
	b.matchTables()
	b.externs()
	for i, pl := range slices.Backward(p.Pipelines) {
		b.snapshots(i, pl)
	}
	for i, pl := range p.Pipelines {
		if pl.PortMetadata != nil {
			b.portMetadata(i, pl)
		}
	}
	b.debugCounter()
	return b.tables, b.digestSpecs()
}

// assign gives out the ids. Actions are named without their pipeline.
func (b *schemaBuilder) assign() {
	sets := map[uint32]map[string]bool{}
	note := func(prefix uint32, name string) {
		if sets[prefix] == nil {
			sets[prefix] = map[string]bool{}
		}
		sets[prefix][name] = true
	}
	for _, pl := range b.p.Pipelines {
		full := func(name string) string { return pl.Name + "." + name }
		for _, a := range pl.Actions {
			note(idAction, a.Name)
		}
		for _, t := range pl.Tables {
			note(idTable, full(t.Name))
		}
		for _, o := range pl.Profiles {
			note(idProfile, full(o.Name))
		}
		for _, o := range pl.Selectors {
			note(idSelector, full(o.Name))
		}
		for _, o := range pl.Counters {
			if o.Table < 0 {
				note(idCounter, full(o.Name))
			}
		}
		for _, o := range pl.Registers {
			if o.Table < 0 {
				note(idRegister, full(o.Name))
			}
		}
		noteTimed(pl, note)
		for _, o := range pl.RegParams {
			note(idRegisterParam, full(o.Name))
		}
		for _, o := range pl.ValueSets {
			note(idValueSet, full(o.Name))
		}
		for _, o := range pl.Digests {
			note(idDigest, full(o.Name))
		}
		noteHashes(pl, note)
		noteSnapshots(pl, note)
		if pl.PortMetadata != nil {
			note(idPortMetadata, full(pl.PortMetadata.Name))
		}
	}
	b.ids = map[uint32]map[string]uint32{}
	for prefix, names := range sets {
		b.ids[prefix] = assignIDs(prefix, names)
	}
}

func (b *schemaBuilder) add(kind tableKind, pipeline, index int, s *TableSpec) {
	b.tables = append(b.tables, builtTable{spec: s, kind: kind, pipeline: pipeline, index: index})
}

func (b *schemaBuilder) id(prefix uint32, pl *ir.Pipeline, name string) (full string, id uint32) {
	full = pl.Name + "." + name
	return full, b.ids[prefix][full]
}

func (b *schemaBuilder) matchTables() {
	for i, pl := range b.p.Pipelines {
		owner := map[int]bool{} // selectors whose first table has been seen
		for _, j := range declared(pl.Tables, tablePlace) {
			if t := pl.Tables[j]; !t.Hidden {
				b.matchTable(i, j, pl, t, owner)
			}
		}
	}
}

func tablePlace(t *ir.Table) (string, ir.Pos, ir.Dir) { return t.Name, t.Pos, t.Dir }

// isSliceName: "hdr.f[7:4]". A slice that the program names itself is not
// marked.
func isSliceName(name string) bool {
	_, rest, ok := strings.Cut(name, "[")
	return ok && strings.Contains(rest, ":")
}

// declared is the order in which the compiler lists objects: by control
// instance, these by where their controls are declared, and within one as
// declared. Files come in the order in which objects first name them.
func declared[T any](objects []T, place func(T) (string, ir.Pos, ir.Dir)) []int {
	files := map[string]int{}
	first := map[string]ir.Pos{} // of each control instance
	control := func(name string) string { return name[:max(strings.LastIndex(name, "."), 0)] }
	for _, o := range objects {
		name, pos, _ := place(o)
		if _, ok := files[pos.File]; !ok {
			files[pos.File] = len(files)
		}
		if p, ok := first[control(name)]; !ok || p.File == pos.File && pos.Line < p.Line {
			first[control(name)] = pos
		}
	}
	order := make([]int, len(objects))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(x, y int) int {
		xn, xp, xd := place(objects[x])
		yn, yp, yd := place(objects[y])
		xc, yc := control(xn), control(yn)
		if xc == yc {
			return cmp.Compare(xp.Line, yp.Line)
		}
		xf, yf := first[xc], first[yc]
		return cmp.Or(cmp.Compare(xd, yd), cmp.Compare(files[xf.File], files[yf.File]),
			cmp.Compare(xf.Line, yf.Line), cmp.Compare(xc, yc))
	})
	return order
}

func (b *schemaBuilder) matchTable(i, j int, pl *ir.Pipeline, t *ir.Table, owner map[int]bool) {
	s := &TableSpec{
		Type:            "MatchAction_Direct",
		Size:            t.Size,
		Annotations:     annotations(t.Annots),
		HasConstDefault: t.ConstDefault,
	}
	s.Name, s.ID = b.id(idTable, pl, t.Name)
	kinds := make([]ir.MatchKind, 0, len(t.Keys))
	for n, k := range t.Keys {
		ks := KeySpec{
			ID:          uint32(n + 1),
			Name:        k.Name,
			Match:       matchNames[k.Kind],
			Type:        bytesType(k.Width),
			Annotations: annotations(k.Annots),
		}
		if isSliceName(k.Name) {
			ks.Annotations = append(ks.Annotations, Annotation{Name: "isFieldSlice", Value: "true"})
		}
		s.Key = append(s.Key, ks)
		kinds = append(kinds, k.Kind)
	}
	if needsPriority(kinds) {
		s.Key = append(s.Key, KeySpec{
			ID: idMatchPriority, Name: "$MATCH_PRIORITY", Match: "Exact", Type: TypeSpec{Kind: "uint32"},
		})
	}
	next := uint32(1)
	member := FieldSpec{ID: idActionMemberID, Name: "$ACTION_MEMBER_ID", Mandatory: true, Type: TypeSpec{Kind: "uint32"}}
	switch {
	case t.Selector >= 0:
		s.Type = "MatchAction_Indirect_Selector"
		_, sel := b.id(idSelector, pl, pl.Selectors[t.Selector].Name)
		s.DependsOn = append(s.DependsOn, sel)
		// The compiler lists the profile for the first table of a selector only.
		if !owner[t.Selector] {
			owner[t.Selector] = true
			_, prof := b.id(idProfile, pl, pl.Profiles[pl.Selectors[t.Selector].Profile].Name)
			s.DependsOn = append(s.DependsOn, prof)
		}
		group := member
		group.ID, group.Name = idSelectorGroupID, "$SELECTOR_GROUP_ID"
		member.OneOf, group.OneOf = 1, 1
		s.Data = append(s.Data, member, group)
	case t.Profile >= 0:
		s.Type = "MatchAction_Indirect"
		_, prof := b.id(idProfile, pl, pl.Profiles[t.Profile].Name)
		s.DependsOn = append(s.DependsOn, prof)
		s.Data = append(s.Data, member)
	default:
		s.Actions, next = b.actions(pl, t)
	}
	for _, c := range t.DirectCounters {
		s.Data = append(s.Data, counterFields(pl.Counters[c].Kind)...)
		s.Operations = append(s.Operations, "SyncCounters")
	}
	s.Data = append(s.Data, timedFieldsOf(pl, t)...)
	for _, r := range t.DirectRegisters {
		fields := registerFields(pl.Registers[r], next)
		next += uint32(len(fields))
		s.Data = append(s.Data, fields...)
		s.Operations = append(s.Operations, "SyncRegisters")
	}
	if len(t.DirectMeters) > 0 {
		s.Attributes = append(s.Attributes, meterAttribute)
	}
	s.Attributes = append(s.Attributes, "EntryScope")
	if masked(t) {
		s.Attributes = append(s.Attributes, attrKeyMask)
	}
	if t.ConstEntries {
		s.Attributes = append(s.Attributes, "ConstTable")
	}
	if t.IdleTimeout {
		idleSpec(s, t)
	}
	b.add(kindMatch, i, j, s)
}

var matchNames = [...]string{
	ir.Exact: "Exact", ir.Ternary: "Ternary", ir.LPM: "LPM", ir.Range: "Range", ir.ATCAMPartition: "ATCAM",
}

// actions of a table; next is the first field id that no parameter uses.
func (b *schemaBuilder) actions(pl *ir.Pipeline, t *ir.Table) (out []ActionSpec, next uint32) {
	most := 0
	for _, ref := range t.Actions {
		a := pl.Actions[ref.Action]
		as := ActionSpec{
			ID:          b.ids[idAction][a.Name],
			Name:        a.Name,
			Scope:       scopeNames[ref.Scope],
			Annotations: annotations(ref.Annots),
		}
		if ref.Scope == ir.DefaultOnly && !slices.ContainsFunc(as.Annotations, func(a Annotation) bool { return a.Name == "@defaultonly" }) {
			as.Annotations = append(as.Annotations, Annotation{Name: "@defaultonly"})
		}
		for n, p := range a.Params {
			as.Data = append(as.Data, FieldSpec{
				ID: uint32(n + 1), Name: p.Name, Mandatory: true,
				Type: bytesType(p.Loc.Width), Annotations: annotations(p.Annots),
			})
		}
		most = max(most, len(a.Params))
		out = append(out, as)
	}
	return out, uint32(most + 1)
}

var scopeNames = [...]string{
	ir.TableAndDefault: "TableAndDefault", ir.TableOnly: "TableOnly", ir.DefaultOnly: "DefaultOnly",
}

// annotations as the schema shows them: "@name" or "@name(body)". Those that
// name or hide an object are left out.
func annotations(in []ir.Annotation) []Annotation {
	var out []Annotation
	for _, a := range in {
		if a.Property {
			continue
		}
		switch a.Name {
		case "name", "hidden", "id", "brief", "description", "match", "tableonly":
			continue
		}
		n := "@" + a.Name
		if a.Body != "" {
			n += "(" + a.Body + ")"
		}
		out = append(out, Annotation{Name: n})
	}
	return out
}

func bytesType(width int) TypeSpec { return TypeSpec{Kind: "bytes", Width: width} }

func counterFields(k ir.CounterKind) []FieldSpec {
	pkts := FieldSpec{ID: idCounterSpecPkts, Name: "$COUNTER_SPEC_PKTS", Type: TypeSpec{Kind: "uint64", Default: uint64(0)}}
	bytes := FieldSpec{ID: idCounterSpecBytes, Name: "$COUNTER_SPEC_BYTES", Type: TypeSpec{Kind: "uint64", Default: uint64(0)}}
	switch k {
	case ir.Packets:
		return []FieldSpec{pkts}
	case ir.Bytes:
		return []FieldSpec{bytes}
	}
	return []FieldSpec{bytes, pkts}
}

func registerFields(r *ir.Register, first uint32) []FieldSpec {
	var out []FieldSpec
	for i, n := range registerNames(r) {
		out = append(out, FieldSpec{
			ID: first + uint32(i), Name: r.Name + "." + n, Mandatory: true, Type: bytesType(r.Width),
			Annotations: []Annotation{{Name: registerDataAnnotation, Value: "register_data"}},
		})
	}
	return out
}

// registerNames are the names of a cell's halves.
func registerNames(r *ir.Register) []string {
	want := 1
	if r.Pair {
		want = 2
	}
	if len(r.Names) == want {
		return r.Names
	}
	return []string{"f1", "f2"}[:want]
}

// externs adds the other tables: kind by kind, in the order in which the
// source declares the first of each.
func (b *schemaBuilder) externs() {
	type group struct {
		first ir.Pos
		at    int // pipeline
		add   func()
	}
	var groups []group
	b.eachKind(func(first ir.Pos, at int, add func()) {
		groups = append(groups, group{first, at, add})
	})
	slices.SortStableFunc(groups, func(x, y group) int {
		return cmp.Or(cmp.Compare(x.at, y.at), cmp.Compare(x.first.Line, y.first.Line))
	})
	for _, g := range groups {
		g.add()
	}
}

// eachKind calls f for each kind of object the program has, with the place of
// the first and what adds them all.
func (b *schemaBuilder) eachKind(f func(first ir.Pos, at int, add func())) {
	eachObject(b, f, func(pl *ir.Pipeline) []*ir.ActionProfile { return pl.Profiles },
		func(o *ir.ActionProfile) (string, ir.Pos, ir.Dir) { return o.Name, o.Pos, 0 }, b.profile)
	eachObject(b, f, func(pl *ir.Pipeline) []*ir.Selector { return pl.Selectors },
		func(o *ir.Selector) (string, ir.Pos, ir.Dir) { return o.Name, o.Pos, 0 }, b.selector)
	eachObject(b, f, func(pl *ir.Pipeline) []*ir.Counter { return pl.Counters },
		func(o *ir.Counter) (string, ir.Pos, ir.Dir) { return o.Name, o.Pos, o.Dir }, b.counter)
	eachObject(b, f, func(pl *ir.Pipeline) []*ir.ValueSet { return pl.ValueSets },
		func(o *ir.ValueSet) (string, ir.Pos, ir.Dir) { return o.Name, o.Pos, o.Dir }, b.valueSet)
	eachObject(b, f, func(pl *ir.Pipeline) []*ir.Register { return pl.Registers },
		func(o *ir.Register) (string, ir.Pos, ir.Dir) { return o.Name, o.Pos, o.Dir }, b.register)
	b.timedKinds(f)
	eachObject(b, f, func(pl *ir.Pipeline) []*ir.RegisterParam { return pl.RegParams },
		func(o *ir.RegisterParam) (string, ir.Pos, ir.Dir) { return o.Name, o.Pos, 0 }, b.param)
	eachObject(b, f, func(pl *ir.Pipeline) []*ir.Hash { return pl.Hashes },
		func(o *ir.Hash) (string, ir.Pos, ir.Dir) { return o.Name, o.Pos, 0 }, b.dynamicHash)
}

func eachObject[T any](b *schemaBuilder, f func(ir.Pos, int, func()), of func(*ir.Pipeline) []T,
	place func(T) (string, ir.Pos, ir.Dir), add func(i, j int, pl *ir.Pipeline, o T)) {
	for i, pl := range b.p.Pipelines {
		order := declared(of(pl), place)
		if len(order) == 0 {
			continue
		}
		_, first, _ := place(of(pl)[order[0]])
		f(first, i, func() {
			for i, pl := range b.p.Pipelines {
				for _, j := range declared(of(pl), place) {
					add(i, j, pl, of(pl)[j])
				}
			}
		})
		return
	}
}

func (b *schemaBuilder) profile(i, j int, pl *ir.Pipeline, o *ir.ActionProfile) {
	s := &TableSpec{Type: "Action", Size: o.Size}
	s.Name, s.ID = b.id(idProfile, pl, o.Name)
	s.Key = []KeySpec{{ID: idActionMemberID, Name: "$ACTION_MEMBER_ID", Match: "Exact", Mandatory: true, Type: TypeSpec{Kind: "uint32"}}}
	if len(o.Tables) > 0 {
		s.Actions, _ = b.actions(pl, pl.Tables[o.Tables[0]])
	}
	b.add(kindProfile, i, j, s)
}

func (b *schemaBuilder) selector(i, j int, pl *ir.Pipeline, o *ir.Selector) {
	_, prof := b.id(idProfile, pl, pl.Profiles[o.Profile].Name)
	s := &TableSpec{Type: "Selector", Size: o.NumGroups, DependsOn: []uint32{prof}}
	s.Name, s.ID = b.id(idSelector, pl, o.Name)
	u32 := TypeSpec{Kind: "uint32"}
	s.Key = []KeySpec{{ID: idSelectorGroupID, Name: "$SELECTOR_GROUP_ID", Match: "Exact", Mandatory: true, Type: u32}}
	s.Data = []FieldSpec{
		{ID: idActionMemberID, Name: "$ACTION_MEMBER_ID", Repeated: true, Type: u32},
		{ID: idActionMemberStatus, Name: "$ACTION_MEMBER_STATUS", Repeated: true, Type: TypeSpec{Kind: "bool"}},
		{ID: idMaxGroupSize, Name: "$MAX_GROUP_SIZE", Type: TypeSpec{Kind: "uint32", Default: uint64(o.MaxGroupSize)}},
		{ID: idADTOffset, Name: "$ADT_OFFSET", Type: TypeSpec{Kind: "uint32", Default: uint64(adtOffsetDefault)}},
	}
	b.add(kindSelector, i, j, s)

	u64 := TypeSpec{Kind: "uint64"}
	g := &TableSpec{
		Name: s.Name + "_get_member", ID: s.ID&0xffffff | idGetMember<<24, Type: "SelectorGetMember", Size: 1,
		DependsOn: []uint32{s.ID},
		Key: []KeySpec{
			{ID: idGetMemberGroupID, Name: "$SELECTOR_GROUP_ID", Match: "Exact", Mandatory: true, Type: u64},
			{ID: idHashValue, Name: "hash_value", Match: "Exact", Mandatory: true, Type: u64},
		},
		Data: []FieldSpec{{ID: idGetMemberMemberID, Name: "$ACTION_MEMBER_ID", Type: u64}},
	}
	b.add(kindGetMember, i, j, g)
}

func (b *schemaBuilder) counter(i, j int, pl *ir.Pipeline, o *ir.Counter) {
	if o.Table >= 0 {
		return // part of its table
	}
	s := &TableSpec{Type: "Counter", Size: o.Size, Data: counterFields(o.Kind), Operations: []string{"Sync"}}
	s.Name, s.ID = b.id(idCounter, pl, o.Name)
	s.Key = []KeySpec{{ID: idCounterIndex, Name: "$COUNTER_INDEX", Match: "Exact", Mandatory: true, Type: TypeSpec{Kind: "uint32"}}}
	b.add(kindCounter, i, j, s)
}

func (b *schemaBuilder) register(i, j int, pl *ir.Pipeline, o *ir.Register) {
	if o.Table >= 0 {
		return // part of its table
	}
	s := &TableSpec{Type: "Register", Size: o.Size, Data: registerFields(o, 1), Operations: []string{"Sync"}}
	s.Name, s.ID = b.id(idRegister, pl, o.Name)
	s.Key = []KeySpec{{ID: idRegisterIndex, Name: "$REGISTER_INDEX", Match: "Exact", Mandatory: true, Type: TypeSpec{Kind: "uint32"}}}
	b.add(kindRegister, i, j, s)
}

func (b *schemaBuilder) param(i, j int, pl *ir.Pipeline, o *ir.RegisterParam) {
	s := &TableSpec{Type: "RegisterParam", Size: 1}
	s.Name, s.ID = b.id(idRegisterParam, pl, o.Name)
	if r := registerOfParam(pl, j); r >= 0 {
		_, id := b.id(idRegister, pl, pl.Registers[r].Name)
		s.DependsOn = []uint32{id}
	}
	t := bytesType(o.Width)
	t.Default = big.NewInt(0)
	if o.Initial != nil {
		t.Default = o.Initial
	}
	s.Data = []FieldSpec{{ID: 1, Name: "value", Mandatory: true, Type: t}}
	b.add(kindParam, i, j, s)
}

func (b *schemaBuilder) valueSet(i, j int, pl *ir.Pipeline, o *ir.ValueSet) {
	s := &TableSpec{Type: "ParserValueSet", Size: o.Size, Attributes: []string{"EntryScope"}}
	s.Name, s.ID = b.id(idValueSet, pl, o.Name)
	for n, w := range o.Widths {
		s.Key = append(s.Key, KeySpec{ID: uint32(n + 1), Name: o.Names[n], Match: "Ternary", Type: bytesType(w)})
	}
	b.add(kindValueSet, i, j, s)
}

// portMetadataPorts is the number of ports of a chip: 72 in each of 4 pipes.
const portMetadataPorts = 4 * localPorts

func (b *schemaBuilder) portMetadata(i int, pl *ir.Pipeline) {
	o := pl.PortMetadata
	s := &TableSpec{Type: "PortMetadata", Size: portMetadataPorts}
	s.Name, s.ID = b.id(idPortMetadata, pl, o.Name)
	s.Key = []KeySpec{{ID: idPortMetadataPort, Name: cmp.Or(o.Key, "ig_intr_md.ingress_port"), Match: "Exact", Mandatory: true, Type: bytesType(9)}}
	if len(o.Fields) == 0 {
		s.Data = []FieldSpec{{ID: idPortMetadataDefault, Name: "$DEFAULT_FIELD", Type: bytesType(8 * o.Bytes)}}
	}
	for n, f := range o.Fields {
		s.Data = append(s.Data, FieldSpec{ID: uint32(n + 1), Name: f.Name, Mandatory: true, Type: bytesType(f.Width)})
	}
	b.add(kindPortMetadata, i, 0, s)
}
