package tables

import (
	"strings"

	"gofino/pipeline/ir"
)

// Fields, ids and schema entries of meters and filters (bfrt.md section 9).

const (
	idMeter    = 0x85
	idWred     = 0x87
	idLpf      = 0x89
	idMeterKey = 65555
	idLpfKey   = 65560
	idWredKey  = 65561
	// First ids of four fields each.
	idMeterKbps = 65545
	idMeterPps  = 65549
	idLpfSpec   = 65567
	idWredSpec  = 65571
)

// meterFields are the data fields of a meter, in the order of meterSpec.
func meterFields(k ir.CounterKind) []FieldSpec {
	names, id := []string{"CIR_KBPS", "PIR_KBPS", "CBS_KBITS", "PBS_KBITS"}, uint32(idMeterKbps)
	if k == ir.Packets {
		names, id = []string{"CIR_PPS", "PIR_PPS", "CBS_PKTS", "PBS_PKTS"}, idMeterPps
	}
	var out []FieldSpec
	for i, n := range names {
		out = append(out, FieldSpec{
			ID: id + uint32(i), Name: "$METER_SPEC_" + n,
			Type: TypeSpec{Kind: "uint64", Default: uint64(unlimited)},
		})
	}
	return out
}

// filterFields are the data fields of a filter, in the order of filterSpec.
func filterFields(k ir.FilterKind) []FieldSpec {
	if k == ir.WRED {
		return wredFields
	}
	return lpfFields
}

var (
	lpfFields  = timedSpecs(idLpfSpec, "$LPF_SPEC_TYPE", "$LPF_SPEC_GAIN_TIME_CONSTANT_NS", "$LPF_SPEC_DECAY_TIME_CONSTANT_NS", "$LPF_SPEC_OUT_SCALE_DOWN_FACTOR")
	wredFields = timedSpecs(idWredSpec, "$WRED_SPEC_TIME_CONSTANT_NS", "$WRED_SPEC_MIN_THRESH_CELLS", "$WRED_SPEC_MAX_THRESH_CELLS", "$WRED_SPEC_MAX_PROBABILITY")
)

func timedSpecs(id uint32, names ...string) []FieldSpec {
	var out []FieldSpec
	for i, n := range names {
		t := TypeSpec{Kind: "uint32"}
		switch {
		case strings.HasSuffix(n, "_TYPE"):
			t = TypeSpec{Kind: "string", Choices: []string{"RATE", "SAMPLE"}}
		case strings.HasSuffix(n, "_NS"), strings.HasSuffix(n, "_PROBABILITY"):
			t = TypeSpec{Kind: "float"}
		}
		out = append(out, FieldSpec{ID: id + uint32(i), Name: n, Mandatory: true, Type: t})
	}
	return out
}

// numbered is an object with its index in the program.
type numbered[T any] struct {
	o  T
	at int
}

// indirect are the objects that are tables of their own.
func indirect[T any](all []T, own func(T) bool) []numbered[T] {
	var out []numbered[T]
	for i, o := range all {
		if own(o) {
			out = append(out, numbered[T]{o, i})
		}
	}
	return out
}

func indirectMeters(pl *ir.Pipeline) []numbered[*ir.Meter] {
	return indirect(pl.Meters, func(m *ir.Meter) bool { return m.Table < 0 })
}

func indirectFilters(k ir.FilterKind) func(pl *ir.Pipeline) []numbered[*ir.Filter] {
	return func(pl *ir.Pipeline) []numbered[*ir.Filter] {
		return indirect(pl.Filters, func(f *ir.Filter) bool { return f.Table < 0 && f.Kind == k })
	}
}

// noteTimed gives out the ids.
func noteTimed(pl *ir.Pipeline, note func(prefix uint32, name string)) {
	for _, m := range indirectMeters(pl) {
		note(idMeter, pl.Name+"."+m.o.Name)
	}
	for _, k := range []ir.FilterKind{ir.LPF, ir.WRED} {
		for _, f := range indirectFilters(k)(pl) {
			note(filterTypes[k].prefix, pl.Name+"."+f.o.Name)
		}
	}
}

var filterTypes = [...]struct {
	name, key     string
	prefix, keyID uint32
}{
	ir.LPF:  {"Lpf", "$LPF_INDEX", idLpf, idLpfKey},
	ir.WRED: {"Wred", "$WRED_INDEX", idWred, idWredKey},
}

func (b *schemaBuilder) timedKinds(f func(first ir.Pos, at int, add func())) {
	eachObject(b, f, indirectMeters, func(m numbered[*ir.Meter]) (string, ir.Pos, ir.Dir) { return m.o.Name, m.o.Pos, m.o.Dir }, b.meter)
	for _, k := range []ir.FilterKind{ir.LPF, ir.WRED} {
		eachObject(b, f, indirectFilters(k), func(x numbered[*ir.Filter]) (string, ir.Pos, ir.Dir) { return x.o.Name, x.o.Pos, x.o.Dir }, b.filter)
	}
}

const meterAttribute = "MeterByteCountAdjust"

func indexSpec(name string, id uint32) []KeySpec {
	return []KeySpec{{ID: id, Name: name, Match: "Exact", Mandatory: true, Type: TypeSpec{Kind: "uint32"}}}
}

func (b *schemaBuilder) meter(i, _ int, pl *ir.Pipeline, m numbered[*ir.Meter]) {
	s := &TableSpec{Type: "Meter", Size: m.o.Size, Data: meterFields(m.o.Kind), Attributes: []string{meterAttribute}}
	s.Name, s.ID = b.id(idMeter, pl, m.o.Name)
	s.Key = indexSpec("$METER_INDEX", idMeterKey)
	b.add(kindMeter, i, m.at, s)
}

func (b *schemaBuilder) filter(i, _ int, pl *ir.Pipeline, x numbered[*ir.Filter]) {
	t := filterTypes[x.o.Kind]
	s := &TableSpec{Type: t.name, Size: x.o.Size, Data: filterFields(x.o.Kind)}
	s.Name, s.ID = b.id(t.prefix, pl, x.o.Name)
	s.Key = indexSpec(t.key, t.keyID)
	b.add(kindFilter, i, x.at, s)
}

// timedFieldsOf are the data fields of a table's direct meters and filters.
func timedFieldsOf(pl *ir.Pipeline, t *ir.Table) []FieldSpec {
	var out []FieldSpec
	for _, m := range t.DirectMeters {
		out = append(out, meterFields(pl.Meters[m].Kind)...)
	}
	for _, f := range t.DirectFilters {
		out = append(out, filterFields(pl.Filters[f].Kind)...)
	}
	return out
}
