package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"gofino/tables"
)

// entryJSON is an entry in --json: one object a line. Values of key and data are
// texts as people write them, lists and bools JSON's own.
type entryJSON struct {
	Table   string         `json:"table"`
	Default bool           `json:"default,omitempty"`
	Key     map[string]any `json:"key,omitempty"`
	Action  string         `json:"action,omitempty"`
	Data    map[string]any `json:"data,omitempty"`
	Pipe    *int           `json:"pipe,omitempty"`
}

func jsonEntry(s *tables.TableSpec, e *tables.TableEntry) entryJSON {
	out := entryJSON{Table: s.Name, Default: e.Default, Action: e.Action}
	for i := range e.Key {
		if k, err := s.FindKey(e.Key[i].Name); err == nil {
			if out.Key == nil {
				out.Key = map[string]any{}
			}
			out.Key[k.Name] = showKey(k, &e.Key[i])
		}
	}
	for _, f := range e.Data {
		if out.Data == nil {
			out.Data = map[string]any{}
		}
		switch v := f.Value.(type) {
		case bool, []bool, []uint32, []string, float32:
			out.Data[f.Name] = v
		default:
			out.Data[f.Name] = showValue(fieldSpec(s, e.Action, f.Name), v)
		}
	}
	if e.Scope.Pipe > 0 {
		pipe := e.Scope.Pipe - 1
		out.Pipe = &pipe
	}
	return out
}

// showEntries prints entries aligned: a column for each key field, then action
// and data.
func showEntries(w io.Writer, s *tables.TableSpec, list []*tables.TableEntry) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	scoped := false
	for _, e := range list {
		scoped = scoped || e.Scope.Pipe > 0
	}
	var head []string
	if scoped {
		head = append(head, "pipe")
	}
	for i := range s.Key {
		head = append(head, s.Key[i].Name)
	}
	if len(s.Actions) > 0 {
		head = append(head, "action")
	}
	fmt.Fprintln(t, strings.Join(append(head, "data"), "\t"))
	for _, e := range list {
		var cells []string
		if scoped {
			cells = append(cells, fmt.Sprint(e.Scope.Pipe-1))
		}
		for i := range s.Key {
			cell := "-"
			if e.Default {
				cell = "(default)"
			}
			for j := range e.Key {
				if e.Key[j].Name == s.Key[i].Name {
					cell = showKey(&s.Key[i], &e.Key[j])
				}
			}
			cells = append(cells, cell)
		}
		if len(s.Actions) > 0 {
			action := e.Action
			if action == "" {
				action = "-"
			}
			cells = append(cells, action)
		}
		var data []string
		for _, f := range e.Data {
			data = append(data, f.Name+"="+showValue(fieldSpec(s, e.Action, f.Name), f.Value))
		}
		fmt.Fprintln(t, strings.Join(append(cells, strings.Join(data, " ")), "\t"))
	}
	return t.Flush()
}

// showInfo prints what a table has.
func showInfo(w io.Writer, s *tables.TableSpec) error {
	fmt.Fprintf(w, "%s\n  id %#x, %s, size %d\n", s.Name, s.ID, s.Type, s.Size)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i := range s.Key {
		k := &s.Key[i]
		fmt.Fprintf(t, "  key\t%s\t%s\t%s\n", k.Name, strings.ToLower(k.Match), typeName(k.Type, k.Repeated))
	}
	field := func(what string, f *tables.FieldSpec) {
		var notes []string
		if f.Mandatory {
			notes = append(notes, "mandatory")
		}
		if f.ReadOnly {
			notes = append(notes, "read-only")
		}
		if len(f.Type.Choices) > 0 {
			notes = append(notes, "one of "+strings.Join(f.Type.Choices, ", "))
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\n", what, f.Name, typeName(f.Type, f.Repeated), strings.Join(notes, "; "))
	}
	for i := range s.Actions {
		a := &s.Actions[i]
		note := ""
		if a.Scope != "TableAndDefault" {
			note = a.Scope
		}
		fmt.Fprintf(t, "  action\t%s\t\t%s\n", a.Name, note)
		for j := range a.Data {
			field("  parameter", &a.Data[j])
		}
	}
	for i := range s.Data {
		field("data", &s.Data[i])
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if len(s.Operations) > 0 {
		fmt.Fprintf(w, "  operations: %s\n", strings.Join(s.Operations, ", "))
	}
	if len(s.Attributes) > 0 {
		fmt.Fprintf(w, "  attributes: %s\n", strings.Join(s.Attributes, ", "))
	}
	return nil
}

func typeName(t tables.TypeSpec, repeated bool) string {
	name := t.Kind
	if t.Kind == "bytes" {
		name = fmt.Sprintf("%d bits", t.Width)
	}
	if repeated {
		name = "list of " + name
	}
	return name
}

func printJSON(w io.Writer, v any) error { return json.NewEncoder(w).Encode(v) }

// say prints an object as JSON, or a line of text about it.
func (x *ctl) say(object map[string]any, format string, args ...any) error {
	if x.asJSON {
		return printJSON(x.out, object)
	}
	_, err := fmt.Fprintf(x.out, format+"\n", args...)
	return err
}
