package tables

import (
	"encoding/json"
	"fmt"
	"io"
)

// What is read of a bf-rt.json, ours or a compiler's (bfrt.md section 9).
type (
	fileSchema struct {
		Tables  []fileTable  `json:"tables"`
		Filters []fileFilter `json:"learn_filters"`
	}
	fileTable struct {
		Name       string           `json:"name"`
		ID         uint32           `json:"id"`
		Type       string           `json:"table_type"`
		Size       int              `json:"size"`
		Annots     []fileAnnotation `json:"annotations"`
		DependsOn  []uint32         `json:"depends_on"`
		Const      bool             `json:"has_const_default_action"`
		Key        []fileKey        `json:"key"`
		Actions    []fileAction     `json:"action_specs"`
		Data       []fileData       `json:"data"`
		Operations []string         `json:"supported_operations"`
		Attributes []string         `json:"attributes"`
		ReadOnly   bool             `json:"read_only"`
	}
	fileAnnotation struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	fileKey struct {
		ID        uint32           `json:"id"`
		Name      string           `json:"name"`
		Repeated  bool             `json:"repeated"`
		Annots    []fileAnnotation `json:"annotations"`
		Mandatory bool             `json:"mandatory"`
		Match     string           `json:"match_type"`
		Type      fileType         `json:"type"`
	}
	fileAction struct {
		ID     uint32           `json:"id"`
		Name   string           `json:"name"`
		Scope  string           `json:"action_scope"`
		Annots []fileAnnotation `json:"annotations"`
		Data   []fileField      `json:"data"`
	}
	// fileData is a field, or several of which one is given.
	fileData struct {
		Mandatory bool        `json:"mandatory"`
		ReadOnly  bool        `json:"read_only"`
		Singleton *fileField  `json:"singleton"`
		OneOf     []fileField `json:"oneof"`
	}
	fileField struct {
		ID        uint32           `json:"id"`
		Name      string           `json:"name"`
		Repeated  bool             `json:"repeated"`
		Mandatory bool             `json:"mandatory"`
		ReadOnly  bool             `json:"read_only"`
		Annots    []fileAnnotation `json:"annotations"`
		Type      fileType         `json:"type"`
		Container []fileData       `json:"container"`
	}
	fileType struct {
		Kind    string   `json:"type"`
		Width   int      `json:"width"`
		Choices []string `json:"choices"`
		Default any      `json:"default_value"`
	}
	fileFilter struct {
		Name   string      `json:"name"`
		ID     uint32      `json:"id"`
		Fields []fileField `json:"fields"`
	}
)

// ReadSchema reads a bf-rt.json: of a program, or with fixed of the chip's own
// tables.
func ReadSchema(r io.Reader, fixed bool) (*Schema, error) {
	var f fileSchema
	d := json.NewDecoder(r)
	d.UseNumber() // defaults of 64 bits
	if err := d.Decode(&f); err != nil {
		return nil, fmt.Errorf("read schema: %w", err)
	}
	s := &Schema{}
	seen := map[uint32]string{}
	for i := range f.Tables {
		t := f.Tables[i].spec()
		t.Fixed = fixed
		if old, twice := seen[t.ID]; twice || t.Name == "" {
			return nil, fmt.Errorf("read schema: table %q has id %#x, as table %q", t.Name, t.ID, old)
		}
		seen[t.ID] = t.Name
		s.Tables = append(s.Tables, t)
	}
	for _, d := range f.Filters {
		s.Digests = append(s.Digests, &DigestSpec{Name: d.Name, ID: d.ID, Fields: fieldSpecs(d.Fields)})
	}
	return s, nil
}

func (t *fileTable) spec() *TableSpec {
	s := &TableSpec{
		Name: t.Name, ID: t.ID, Type: t.Type, Size: t.Size, Annotations: annotationsOf(t.Annots), DependsOn: t.DependsOn,
		HasConstDefault: t.Const, Operations: t.Operations, Attributes: t.Attributes, ReadOnly: t.ReadOnly, Data: dataSpecs(t.Data),
	}
	for _, k := range t.Key {
		s.Key = append(s.Key, KeySpec{
			ID: k.ID, Name: k.Name, Match: k.Match, Mandatory: k.Mandatory, Repeated: k.Repeated, Type: k.Type.spec(),
			Annotations: annotationsOf(k.Annots),
		})
	}
	for _, a := range t.Actions {
		s.Actions = append(s.Actions, ActionSpec{ID: a.ID, Name: a.Name, Scope: a.Scope, Data: fieldSpecs(a.Data), Annotations: annotationsOf(a.Annots)})
	}
	return s
}

// dataSpecs flattens data: fields of which one is given are numbered as a group.
func dataSpecs(data []fileData) []FieldSpec {
	var out []FieldSpec
	group := 0
	for _, d := range data {
		fields := d.OneOf
		of := 0
		if d.Singleton != nil {
			fields = []fileField{*d.Singleton}
		} else {
			group++
			of = group
		}
		for i := range fields {
			f := fields[i].spec()
			f.Mandatory, f.ReadOnly, f.OneOf = d.Mandatory, d.ReadOnly, of
			out = append(out, f)
		}
	}
	return out
}

func fieldSpecs(fields []fileField) []FieldSpec {
	var out []FieldSpec
	for i := range fields {
		out = append(out, fields[i].spec())
	}
	return out
}

func (f *fileField) spec() FieldSpec {
	s := FieldSpec{
		ID: f.ID, Name: f.Name, Mandatory: f.Mandatory, ReadOnly: f.ReadOnly, Repeated: f.Repeated, Type: f.Type.spec(),
		Annotations: annotationsOf(f.Annots),
	}
	if f.Container != nil {
		s.Container = dataSpecs(f.Container)
	}
	return s
}

func (t *fileType) spec() TypeSpec {
	return TypeSpec{Kind: t.Kind, Width: t.Width, Choices: t.Choices, Default: t.Default}
}

func annotationsOf(list []fileAnnotation) []Annotation {
	var out []Annotation
	for _, a := range list {
		out = append(out, Annotation(a))
	}
	return out
}
