package agent

import (
	"slices"

	"gofino/agent/bfrt"
	"gofino/tables"
)

// decodeData reads an action and data fields. A field without a value is not
// given: clients write the fields that they read that way.
func (t *tableCodec) decodeData(d *bfrt.TableData) (action string, data []tables.DataField, err error) {
	a, err := t.actionOf(d.GetActionId())
	if err != nil {
		return "", nil, err
	}
	if a != nil {
		action = a.spec.Name
	}
	data, err = t.decodeFieldList(a, d.GetFields())
	return action, data, err
}

func (t *tableCodec) decodeFieldList(a *actionCodec, fields []*bfrt.DataField) ([]tables.DataField, error) {
	if len(fields) == 0 {
		return nil, nil
	}
	out := make([]tables.DataField, 0, len(fields))
	for _, f := range fields {
		spec, err := t.fieldByID(a, f.GetFieldId())
		if err != nil {
			return nil, err
		}
		if f.Value == nil {
			continue
		}
		v, err := t.decodeValue(spec, f)
		if err != nil {
			return nil, err
		}
		out = appendField(out, spec.Name, v)
	}
	return out, nil
}

// appendField adds a field; what has several numbers (a register of several
// pipes) comes as fields of one id.
func appendField(out []tables.DataField, name string, v tables.Value) []tables.DataField {
	b, ok := v.([]byte)
	if ok && len(out) > 0 && out[len(out)-1].Name == name {
		switch old := out[len(out)-1].Value.(type) {
		case []byte:
			out[len(out)-1].Value = [][]byte{old, b}
			return out
		case [][]byte:
			out[len(out)-1].Value = append(old, b)
			return out
		}
	}
	return append(out, tables.DataField{Name: name, Value: v})
}

// decodeFields reads which fields a request wants; nil for all.
func (t *tableCodec) decodeFields(d *bfrt.TableData) (action string, fields []string, err error) {
	a, err := t.actionOf(d.GetActionId())
	if err != nil {
		return "", nil, err
	}
	if a != nil {
		action = a.spec.Name
	}
	for _, f := range d.GetFields() {
		spec, err := t.fieldByID(a, f.GetFieldId())
		if err != nil {
			return "", nil, err
		}
		if !slices.Contains(fields, spec.Name) {
			fields = append(fields, spec.Name)
		}
	}
	return action, fields, nil
}

func (t *tableCodec) actionOf(id uint32) (*actionCodec, error) {
	if id == 0 {
		return nil, nil
	}
	if a := t.actions[id]; a != nil {
		return a, nil
	}
	return nil, t.invalid("no action has id %#x (actions: %s)", id, t.actionNames())
}

// fieldByID finds a field of an action, or of the table itself, or inside one
// of its containers.
func (t *tableCodec) fieldByID(a *actionCodec, id uint32) (*tables.FieldSpec, error) {
	if a != nil {
		if f := a.data.id[id]; f != nil {
			return f, nil
		}
	}
	if f := t.data.id[id]; f != nil {
		return f, nil
	}
	return nil, t.invalid("no data field has id %d (data fields: %s)", id, t.fieldNames(a))
}

func (t *tableCodec) fieldNames(a *actionCodec) string {
	var list []string
	if a != nil {
		list = append(list, a.data.all...)
	}
	return names(append(list, t.data.all...))
}

// decodeValue reads a value of the field's type.
func (t *tableCodec) decodeValue(spec *tables.FieldSpec, f *bfrt.DataField) (tables.Value, error) {
	got := ""
	switch v := f.Value.(type) {
	case *bfrt.DataField_Stream:
		if !spec.Repeated && spec.Container == nil && spec.Type.Bits() > 0 {
			return v.Stream, nil
		}
		if spec.Repeated && spec.Container == nil && spec.Type.Bits() > 0 {
			// A packet generator's buffer comes as its bytes.
			out := make([]uint32, len(v.Stream))
			for i, b := range v.Stream {
				out[i] = uint32(b)
			}
			return out, nil
		}
		got = "a number"
	case *bfrt.DataField_FloatVal:
		if !spec.Repeated && spec.Type.Kind == "float" {
			return v.FloatVal, nil
		}
		got = "a float"
	case *bfrt.DataField_StrVal:
		if !spec.Repeated && spec.Type.Kind == "string" {
			return v.StrVal, nil
		}
		got = "a string"
	case *bfrt.DataField_BoolVal:
		if !spec.Repeated && spec.Type.Kind == "bool" {
			return v.BoolVal, nil
		}
		got = "a bool"
	case *bfrt.DataField_IntArrVal:
		if spec.Repeated && spec.Container == nil && spec.Type.Bits() > 0 {
			return list(v.IntArrVal.GetVal()), nil
		}
		got = "a list of numbers"
	case *bfrt.DataField_BoolArrVal:
		if spec.Repeated && spec.Type.Kind == "bool" {
			return list(v.BoolArrVal.GetVal()), nil
		}
		got = "a list of bools"
	case *bfrt.DataField_StrArrVal:
		if spec.Repeated && spec.Type.Kind == "string" {
			return list(v.StrArrVal.GetVal()), nil
		}
		got = "a list of strings"
	case *bfrt.DataField_ContainerArrVal:
		if spec.Container != nil {
			return t.decodeContainers(spec, v.ContainerArrVal)
		}
		got = "a list of containers"
	}
	return nil, t.invalid("data field %s is given %s, want %s", spec.Name, got, typeText(spec))
}

// list is s, but never nil: an empty list is a value.
func list[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// typeText says what a field's value is.
func typeText(spec *tables.FieldSpec) string {
	text := ""
	switch kind := spec.Type.Kind; {
	case spec.Container != nil:
		return "a list of containers"
	case kind == "bytes":
		text = "a number"
	default:
		text = "a " + kind
	}
	if spec.Repeated {
		return "a list, each " + text
	}
	if len(spec.Type.Choices) > 0 {
		text += " (choices: " + names(spec.Type.Choices) + ")"
	}
	return text
}

func (t *tableCodec) decodeContainers(spec *tables.FieldSpec, a *bfrt.DataField_ContainerArray) (tables.Value, error) {
	inner := &tableCodec{spec: t.spec, data: newFieldSet(spec.Container)}
	out := make([][]tables.DataField, 0, len(a.GetContainer()))
	for _, c := range a.GetContainer() {
		fields, err := inner.decodeFieldList(nil, c.GetVal())
		if err != nil {
			return nil, err
		}
		out = append(out, fields)
	}
	return out, nil
}

// encodeData writes an action and data fields; nil where there is neither.
func (t *tableCodec) encodeData(action string, data []tables.DataField) (*bfrt.TableData, error) {
	if action == "" && len(data) == 0 {
		return nil, nil
	}
	a, err := t.actionNamed(action)
	if err != nil {
		return nil, err
	}
	d := &bfrt.TableData{}
	if a != nil {
		d.ActionId = a.spec.ID
	}
	d.Fields, err = t.encodeFieldList(a, data)
	return d, err
}

func (t *tableCodec) actionNamed(name string) (*actionCodec, error) {
	if name == "" {
		return nil, nil
	}
	if a := t.action[name]; a != nil {
		return a, nil
	}
	var list []string
	for i := range t.spec.Actions {
		list = append(list, t.spec.Actions[i].Name)
	}
	i, err := suffix(name, list)
	if err != nil {
		return nil, t.invalid("action: %v", err)
	}
	return t.action[list[i]], nil
}

func (t *tableCodec) encodeFieldList(a *actionCodec, data []tables.DataField) ([]*bfrt.DataField, error) {
	out := make([]*bfrt.DataField, 0, len(data))
	for i := range data {
		spec, err := t.fieldNamed(a, data[i].Name)
		if err != nil {
			return nil, err
		}
		if out, err = t.encodeValue(out, spec, data[i].Value); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// fieldNamed finds a field by its name or a unique suffix of it.
func (t *tableCodec) fieldNamed(a *actionCodec, name string) (*tables.FieldSpec, error) {
	if a != nil {
		if f := a.data.name[name]; f != nil {
			return f, nil
		}
	}
	if f := t.data.name[name]; f != nil {
		return f, nil
	}
	if a != nil {
		if i, err := suffix(name, a.data.all); err == nil {
			return a.data.name[a.data.all[i]], nil
		}
	}
	i, err := suffix(name, t.data.all)
	if err != nil {
		return nil, t.invalid("no data field %q (data fields: %s)", name, t.fieldNames(a))
	}
	return t.data.name[t.data.all[i]], nil
}

// encodeValue appends the message of a value; several for numbers per pipe.
func (t *tableCodec) encodeValue(out []*bfrt.DataField, spec *tables.FieldSpec, value tables.Value) ([]*bfrt.DataField, error) {
	f := &bfrt.DataField{FieldId: spec.ID}
	what := "data field " + spec.Name
	switch v := value.(type) {
	case []byte:
		b, err := t.padded(what, v, spec.Type.Bits())
		if err != nil {
			return nil, err
		}
		f.Value = &bfrt.DataField_Stream{Stream: b}
	case [][]byte:
		for _, one := range v {
			var err error
			if out, err = t.encodeValue(out, spec, one); err != nil {
				return nil, err
			}
		}
		return out, nil
	case bool:
		f.Value = &bfrt.DataField_BoolVal{BoolVal: v}
	case string:
		f.Value = &bfrt.DataField_StrVal{StrVal: v}
	case float32:
		f.Value = &bfrt.DataField_FloatVal{FloatVal: v}
	case []uint32:
		f.Value = &bfrt.DataField_IntArrVal{IntArrVal: &bfrt.DataField_IntArray{Val: v}}
	case []bool:
		f.Value = &bfrt.DataField_BoolArrVal{BoolArrVal: &bfrt.DataField_BoolArray{Val: v}}
	case []string:
		f.Value = &bfrt.DataField_StrArrVal{StrArrVal: &bfrt.DataField_StrArray{Val: v}}
	case [][]tables.DataField:
		a, err := t.encodeContainers(spec, v)
		if err != nil {
			return nil, err
		}
		f.Value = &bfrt.DataField_ContainerArrVal{ContainerArrVal: a}
	default:
		return nil, t.invalid("%s is %T, want %s", what, value, typeText(spec))
	}
	return append(out, f), nil
}

func (t *tableCodec) encodeContainers(spec *tables.FieldSpec, v [][]tables.DataField) (*bfrt.DataField_ContainerArray, error) {
	inner := &tableCodec{spec: t.spec, data: newFieldSet(spec.Container)}
	a := &bfrt.DataField_ContainerArray{}
	for _, c := range v {
		fields, err := inner.encodeFieldList(nil, c)
		if err != nil {
			return nil, err
		}
		a.Container = append(a.Container, &bfrt.DataField_ContainerArray_Container{Val: fields})
	}
	return a, nil
}
