package tables

import (
	"bytes"
	"encoding/json"
	"io"
)

// object is a JSON object whose members keep their order, so that the schema
// reads like the compiler's.
type object []jsonMember

type jsonMember struct {
	name  string
	value any
}

// MarshalJSON writes the members in order.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(m.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// JSON writes the program's tables and digests as bf-rt.json.
func (s *Schema) JSON(w io.Writer) error {
	filters := []object{}
	for _, d := range s.Digests {
		fields := []object{}
		for _, f := range d.Fields {
			fields = append(fields, object{
				{"id", f.ID}, {"name", f.Name}, {"repeated", f.Repeated},
				{"annotations", annotationsJSON(f.Annotations)}, {"type", typeJSON(f.Type)},
			})
		}
		filters = append(filters, object{
			{"name", d.Name}, {"id", d.ID}, {"annotations", []object{}}, {"fields", fields},
		})
	}
	return s.write(w, false, object{{"learn_filters", filters}})
}

// FixedJSON writes the chip's own tables, in the form of bf-rt.json.
func (s *Schema) FixedJSON(w io.Writer) error { return s.write(w, true, nil) }

func (s *Schema) write(w io.Writer, fixed bool, more object) error {
	list := []object{}
	for _, t := range s.Tables {
		if t.Fixed == fixed {
			list = append(list, t.json())
		}
	}
	raw, err := json.Marshal(append(object{{"schema_version", "1.0.0"}, {"tables", list}}, more...))
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", "  "); err != nil {
		return err
	}
	b.WriteByte('\n')
	_, err = w.Write(b.Bytes())
	return err
}

func (t *TableSpec) json() object {
	key := []object{}
	for _, k := range t.Key {
		key = append(key, object{
			{"id", k.ID}, {"name", k.Name}, {"repeated", k.Repeated}, {"annotations", annotationsJSON(k.Annotations)},
			{"mandatory", k.Mandatory}, {"match_type", k.Match}, {"type", typeJSON(k.Type)},
		})
	}
	// The compiler's order: members whose place depends on the type come first
	// or last.
	typ := jsonMember{"table_type", t.Type}
	indirect := t.Type == "MatchAction_Indirect" || t.Type == "MatchAction_Indirect_Selector"
	o := object{{"name", t.Name}, {"id", t.ID}}
	if !indirect {
		o = append(o, typ)
	}
	o = append(o, jsonMember{"size", t.Size})
	if !noAnnotations[t.Type] {
		o = append(o, jsonMember{"annotations", annotationsJSON(t.Annotations)})
	}
	o = append(o, jsonMember{"depends_on", list(t.DependsOn)})
	if indirect {
		o = append(o, typ)
	}
	if indirect || t.Type == "MatchAction_Direct" {
		o = append(o, jsonMember{"has_const_default_action", t.HasConstDefault})
	}
	o = append(o, jsonMember{"key", key})
	data := jsonMember{"data", dataJSON(t.Data)}
	switch {
	case t.Type == "DynHashAlgorithm":
		o = append(o, data, jsonMember{"action_specs", t.actionsJSON()})
	case len(t.Actions) > 0 || t.Type == "MatchAction_Direct" || t.Type == "Action":
		o = append(o, jsonMember{"action_specs", t.actionsJSON()}, data)
	default:
		o = append(o, data)
	}
	ops, attrs := jsonMember{"supported_operations", list(t.Operations)}, jsonMember{"attributes", list(t.Attributes)}
	if t.Type == "RegisterParam" {
		ops, attrs = attrs, ops
	}
	o = append(o, ops, attrs)
	if t.ReadOnly {
		o = append(o, jsonMember{"read_only", true})
	}
	return o
}

// noAnnotations are the types whose tables the compiler gives no annotations.
var noAnnotations = map[string]bool{
	"Register": true, "Meter": true, "SnapshotCfg": true, "SnapshotTrigger": true, "SnapshotData": true,
	"SnapshotLiveness": true, "TblDbgCnt": true,
}

func (t *TableSpec) actionsJSON() []object {
	out := []object{}
	for _, a := range t.Actions {
		data := []object{}
		for _, f := range a.Data {
			o := object{
				{"id", f.ID}, {"name", f.Name}, {"repeated", f.Repeated}, {"mandatory", f.Mandatory},
				{"read_only", f.ReadOnly}, {"annotations", annotationsJSON(f.Annotations)},
			}
			if f.Container != nil {
				o = append(o, jsonMember{"container", dataJSON(f.Container)})
			} else {
				o = append(o, jsonMember{"type", typeJSON(f.Type)})
			}
			data = append(data, o)
		}
		out = append(out, object{
			{"id", a.ID}, {"name", a.Name}, {"action_scope", a.Scope},
			{"annotations", annotationsJSON(a.Annotations)}, {"data", data},
		})
	}
	return out
}

// dataJSON wraps each field as a singleton, or neighbours of one group as a
// choice.
func dataJSON(fields []FieldSpec) []object {
	out := []object{}
	for i := 0; i < len(fields); {
		f := fields[i]
		o := object{{"mandatory", f.Mandatory}, {"read_only", f.ReadOnly}}
		if f.OneOf == 0 {
			out = append(out, append(o, jsonMember{"singleton", fieldJSON(f)}))
			i++
			continue
		}
		choice := []object{}
		for n := f.OneOf; i < len(fields) && fields[i].OneOf == n; i++ {
			choice = append(choice, fieldJSON(fields[i]))
		}
		out = append(out, append(o, jsonMember{"oneof", choice}))
	}
	return out
}

func fieldJSON(f FieldSpec) object {
	o := object{
		{"id", f.ID}, {"name", f.Name}, {"repeated", f.Repeated}, {"annotations", annotationsJSON(f.Annotations)},
	}
	if f.Container != nil {
		return append(o, jsonMember{"container", dataJSON(f.Container)})
	}
	return append(o, jsonMember{"type", typeJSON(f.Type)})
}

func typeJSON(t TypeSpec) object {
	o := object{{"type", t.Kind}}
	if t.Kind == "bytes" {
		o = append(o, jsonMember{"width", t.Width})
	}
	if len(t.Choices) > 0 {
		o = append(o, jsonMember{"choices", t.Choices})
	}
	if t.Default != nil {
		o = append(o, jsonMember{"default_value", t.Default})
	}
	return o
}

func annotationsJSON(in []Annotation) []object {
	out := []object{}
	for _, a := range in {
		o := object{{"name", a.Name}}
		if a.Value != "" {
			o = append(o, jsonMember{"value", a.Value})
		}
		out = append(out, o)
	}
	return out
}

// list is s, or an empty list instead of null.
func list[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
