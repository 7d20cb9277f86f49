package tables

import (
	"gofino/internal/snap"
	"gofino/pipeline/ir"
)

// Selector update notifications (bfrt.md sections 2 and 8): which members groups
// gained and lost, in which places. A member that goes up or down keeps its
// place and is not told.

// attrSelectorUpdate is an attribute that every selector has, though no schema
// lists it: a record of enable, a bool.
const attrSelectorUpdate = "SelectorUpdateNotify"

// selectorWatch is what a selector tells when the batch ends. The store's mu
// guards it.
type selectorWatch struct {
	on      bool
	pending []Notification
}

// selectorScopes is a selector: a selectorTable for each of its scopes.
type selectorScopes struct {
	*scoped[*selectorTable]
	watch *selectorWatch
}

func newSelectorScopes(s *Store, spec *TableSpec, o *ir.Selector, pipes []pipeState) *selectorScopes {
	w := new(selectorWatch)
	mk := func([]pipeState) *selectorTable { return newSelectorTable(s, spec, o, w) }
	return &selectorScopes{newScoped(s, spec, pipes, mk(pipes), mk), w}
}

// tell notes how a group differs from what it was.
func (s *selectorTable) tell(g *Group, was []groupSlot) {
	if !s.watch.on {
		return
	}
	note := func(slots, others []groupSlot, added bool) {
		for i, sl := range slots {
			if sl.member == nil || i < len(others) && others[i].member == sl.member {
				continue
			}
			s.watch.pending = append(s.watch.pending, Notification{Time: s.store.now(), Pipe: s.at.Pipe - 1, Selector: &SelectorChange{
				Table: s.spec.Name, Group: g.id, Member: sl.member.id, Entry: int(g.handle-1)*wordMembers + i, Added: added}})
		}
	}
	note(was, g.slots, false)
	note(g.slots, was, true)
}

// settle ends a batch: what was not undone is told.
func (s *selectorScopes) settle() {
	for _, n := range s.watch.pending {
		s.store.Publish(n)
	}
	s.watch.pending = nil
}

func (s *selectorScopes) unlisted(name string) bool { return name == attrSelectorUpdate }

// Attribute reads SelectorUpdateNotify.
func (s *selectorScopes) Attribute(_ Target, name string) ([]DataField, error) {
	return []DataField{{Name: "enable", Value: s.watch.on}}, nil
}

// SetAttribute sets SelectorUpdateNotify.
func (s *selectorScopes) SetAttribute(_ Target, name string, data []DataField) error {
	v, err := attributeFields(data, "enable")
	if err == nil {
		var on bool
		if on, err = boolValue(v[0], false); err == nil {
			s.watch.on = on
			return nil
		}
	}
	return s.fail("set attribute of", ErrInvalid, "%s: %v", name, err)
}

func (s *selectorScopes) save(e *snap.Encoder) {
	e.Bool(s.watch.on)
	s.scoped.save(e)
}

func (s *selectorScopes) load(d *snap.Decoder) {
	on := d.Bool()
	s.scoped.load(d)
	s.watch.on = on
}

func (s *selectorScopes) dump(d *dumper) {
	d.bool(s.watch.on)
	s.scoped.dump(d)
}
