package tables

import (
	"errors"
	"fmt"
	"slices"

	"gofino/pipeline/ir"
)

// entryData is the data of an entry, parsed; what is nil was not given.
type entryData struct {
	act            *ActionData
	ref            *reference
	packets, bytes *uint64
	ttl            *uint32       // $ENTRY_TTL
	active         *bool         // $ENTRY_HIT_STATE
	regs           []regData     // by index into matchTable.regs, or nil
	timed          []timedFields // by index into matchTable.timed, or nil
	plans          []apply       // what timed comes to
	anew           bool          // what is not given starts anew
	keepTTL        bool          // a new TTL does not restart the entry's time
}

type regData struct {
	v     []pair // by pipe
	given [2]bool
}

func wrap(what string, err error) error { return fmt.Errorf("%s %w", what, err) }

func prefixError(n, width int) error {
	return fmt.Errorf("has prefix length %d, want 0 to %d", n, width)
}

func rangeError(lo, hi []byte) error {
	return fmt.Errorf("has low end %#x above high end %#x", lo, hi)
}

// complete checks that the data says what a new entry does.
func (mt *matchTable) complete(name string, d *entryData) error {
	switch {
	case d.act != nil || d.ref != nil:
		return nil
	case mt.selector != nil:
		return mt.fail(name, ErrInvalid, "data field $ACTION_MEMBER_ID or $SELECTOR_GROUP_ID is missing")
	case mt.profile != nil:
		return mt.fail(name, ErrInvalid, "data field $ACTION_MEMBER_ID is missing")
	}
	return mt.fail(name, ErrInvalid, "no action given (actions: %s)", mt.actionChoices(false))
}

func (mt *matchTable) actionChoices(deflt bool) string {
	var names []string
	for i, ref := range mt.t.Actions {
		if allowed(ref.Scope, deflt) {
			names = append(names, mt.actions.names[i])
		}
	}
	return choices(names)
}

func allowed(s ir.Scope, deflt bool) bool {
	return s == ir.TableAndDefault || s == ir.DefaultOnly == deflt
}

// parse reads action and data of an entry. old is the entry that they change,
// nil for a new one: what is not given of the parameters of its own action stays
// (bfrt.md section 5). In a new one, it is zero: the driver fills an action's data
// so, and clients rely on it.
func (mt *matchTable) parse(name string, e *TableEntry, old *Entry, d *entryData) error {
	var layout *actionLayout
	var given []bool
	kept := false
	if e.Action != "" {
		a, err := mt.actionOf(name, e)
		if err != nil {
			return err
		}
		layout = &mt.layout[a]
		d.act = &ActionData{Action: a, Data: make([]byte, layout.size)}
		given = make([]bool, len(layout.param))
		if was := actOf(old); was != nil && was.Action == a {
			copy(d.act.Data, was.Data)
			kept = true
		}
	}
	seen := make([]bool, len(mt.fields))
	for i := range e.Data {
		f := &e.Data[i]
		if layout != nil {
			if n, err := layout.names.find(f.Name); err == nil {
				if given[n] {
					return mt.fail(name, ErrInvalid, "parameter %s is given twice", layout.names.names[n])
				}
				given[n] = true
				if kept {
					p := layout.param[n]
					clear(d.act.Data[p.off : p.off+p.n])
				}
				if err := layout.set(d.act.Data, n, f.Value); err != nil {
					return mt.failField(name, "parameter", layout.names.names[n], err)
				}
				continue
			}
		}
		n, err := mt.data.find(f.Name)
		if err != nil {
			return mt.noField(name, f.Name, layout)
		}
		if seen[n] {
			return mt.fail(name, ErrInvalid, "data field %s is given twice", mt.spec.Data[n].Name)
		}
		seen[n] = true
		if err := mt.parseField(n, f.Value, d); err != nil {
			return mt.failField(name, "data field", mt.spec.Data[n].Name, err)
		}
	}
	if kept && !slices.Contains(given, true) && len(given) > 0 {
		d.act = nil // the action stays as it is
	}
	return nil
}

// actOf is the action of an entry; nil where it has none.
func actOf(e *Entry) *ActionData {
	if e == nil {
		return nil
	}
	return e.act.Load()
}

func (mt *matchTable) noField(name, field string, layout *actionLayout) error {
	names := mt.data.names
	if layout != nil {
		names = append(append([]string(nil), layout.names.names...), names...)
	}
	return mt.fail(name, ErrInvalid, "no data field %q (there are: %s)", field, choices(names))
}

// actionOf finds the entry's action and checks that it may be used there.
func (mt *matchTable) actionOf(name string, e *TableEntry) (int, error) {
	if mt.profile != nil {
		return 0, mt.fail(name, ErrInvalid, "action %q given, but entries refer to %s by $ACTION_MEMBER_ID", e.Action, mt.profile.spec.Name)
	}
	a, err := mt.actions.find(e.Action)
	if err != nil {
		return 0, mt.fail(name, ErrInvalid, "no action %q (actions: %s)", e.Action, mt.actionChoices(e.Default))
	}
	if !allowed(mt.t.Actions[a].Scope, e.Default) {
		where := "only the default entry may use it"
		if e.Default {
			where = "the default entry may not use it"
		}
		return 0, mt.fail(name, ErrInvalid, "action %s: %s (actions: %s)", mt.actions.names[a], where, mt.actionChoices(e.Default))
	}
	return a, nil
}

// set writes a parameter into an action's data.
func (l *actionLayout) set(data []byte, n int, v Value) error {
	b, ok := v.([]byte)
	if !ok {
		return fmt.Errorf("is %s, want []byte", typeName(v))
	}
	p := l.param[n]
	if !put(data[p.off:p.off+p.n], b, p.width) {
		return tooWide(b, p.width)
	}
	return nil
}

// get reads a parameter out of an action's data.
func (l *actionLayout) get(data []byte, n int) []byte {
	p := l.param[n]
	return append([]byte(nil), data[p.off:p.off+p.n]...)
}

func (mt *matchTable) parseField(n int, v Value, d *entryData) error {
	f := mt.fields[n]
	switch f.role {
	case roleMember, roleGroup:
		id, err := word(v, 32)
		if err != nil {
			return err
		}
		if d.ref != nil {
			return errors.New("is given together with another reference: want one of $ACTION_MEMBER_ID, $SELECTOR_GROUP_ID")
		}
		d.ref, err = mt.reference(f.role, uint32(id))
		return err
	case rolePackets:
		w, err := word(v, 64)
		d.packets = &w
		return err
	case roleBytes:
		w, err := word(v, 64)
		d.bytes = &w
		return err
	case roleTTL:
		w, err := word(v, 32)
		ttl := uint32(w)
		d.ttl = &ttl
		return err
	case roleHitState:
		s, err := choiceValue(v, hitStates, "")
		active := s == hitActive
		d.active = &active
		return err
	case roleRegister:
		if d.regs == nil {
			d.regs = make([]regData, len(mt.regs))
		}
		r := &d.regs[f.reg]
		if r.v == nil {
			r.v = make([]pair, len(mt.pipes))
		}
		r.given[f.half] = true
		return mt.regs[f.reg].parse(v, mt.spec.Data[n].Type.Width, mt.pipes, f.half, r.v)
	case roleTimed:
		return mt.parseTimed(f, v, d)
	}
	panic("BUG: data field role")
}

func (mt *matchTable) reference(r role, id uint32) (*reference, error) {
	if r == roleMember {
		m := mt.profile.members[id]
		if m == nil {
			return nil, fmt.Errorf("%d: no such member in %s", id, mt.profile.spec.Name)
		}
		return &reference{member: m}, nil
	}
	g := mt.selector.groups[id]
	if g == nil {
		return nil, fmt.Errorf("%d: no such group in %s", id, mt.selector.spec.Name)
	}
	if !anyActive(g.slots) {
		return nil, fmt.Errorf("%d: the group in %s has no active member", id, mt.selector.spec.Name)
	}
	return &reference{group: g}, nil
}

// use counts an entry that begins or ceases to refer; nil counts nothing.
func (r *reference) use(n int) {
	switch {
	case r == nil:
	case r.member != nil:
		r.member.refs += n
	default:
		r.group.refs += n
	}
}
