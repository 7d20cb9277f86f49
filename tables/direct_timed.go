package tables

import "gofino/pipeline/ir"

// directTimed is a direct meter or filter of a match table.
type directTimed struct {
	cells timedCells
	names []string // of the four data fields
}

func newDirectTimed(pl *ir.Pipeline, t *ir.Table, pipes []pipeState) []directTimed {
	var out []directTimed
	add := func(c timedCells, fields []FieldSpec) {
		d := directTimed{cells: c}
		for _, f := range fields {
			d.names = append(d.names, f.Name)
		}
		out = append(out, d)
	}
	for _, m := range t.DirectMeters {
		add(&meterCells{pipes: pipes, index: m, direct: true}, meterFields(pl.Meters[m].Kind))
	}
	for _, f := range t.DirectFilters {
		k := pl.Filters[f].Kind
		add(&filterCells{pipes: pipes, index: f, kind: k, direct: true}, filterFields(k))
	}
	return out
}

// timedRole finds the field of a name.
func timedRole(all []directTimed, name string) (fieldRole, bool) {
	for i, t := range all {
		for n, f := range t.names {
			if f == name {
				return fieldRole{role: roleTimed, reg: i, half: n}, true
			}
		}
	}
	return fieldRole{}, false
}

func (mt *matchTable) parseTimed(f fieldRole, v Value, d *entryData) error {
	if err := mt.timed[f.reg].cells.check(f.half, v); err != nil {
		return err
	}
	if d.timed == nil {
		d.timed = make([]timedFields, len(mt.timed))
	}
	d.timed[f.reg][f.half] = v
	return nil
}

// planTimed checks what an entry's data gives its meters and filters, before
// anything changes; old is nil for a new entry.
func (mt *matchTable) planTimed(name string, old *Entry, d *entryData) error {
	for i := range d.timed {
		if !d.timed[i].any() {
			continue
		}
		var cell uint64
		if old != nil {
			cell = uint64(old.cell)
		}
		do, err := mt.timed[i].cells.plan(cell, old == nil || d.anew, mt.pipes, &d.timed[i])
		if err != nil {
			return mt.fail(name, causeOf(err), "%v", err)
		}
		d.plans = append(d.plans, do)
	}
	return nil
}

func (mt *matchTable) timedCells() []timedCells {
	var out []timedCells
	for _, t := range mt.timed {
		out = append(out, t.cells)
	}
	return out
}
