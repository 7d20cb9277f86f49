package main

import (
	"fmt"
	"strings"

	"gofino/tables"
)

// entryWords reads an entry of a table: NAME=VALUE for key and data, an action's
// name for the action.
//
//	add forward dst=00:11:22:33:44:55 send port=3
func entryWords(s *tables.TableSpec, words []string) (tables.TableEntry, error) {
	e := tables.TableEntry{Table: s.Name}
	var action *tables.ActionSpec
	for _, w := range words {
		name, value, ok := strings.Cut(w, "=")
		if !ok {
			if action != nil {
				return e, fmt.Errorf("%s: %q is neither NAME=VALUE nor the action, which is %s", s.Name, w, action.Name)
			}
			var err error
			if action, err = findAction(s, w); err != nil {
				return e, err
			}
			e.Action = action.Name
			continue
		}
		// Behind an action a name is first a parameter's, before it a key field's.
		k, err := findKey(s, name)
		if f := findField(action, s, name); f != nil && (action != nil || err != nil) {
			v, err := parseValue(f, value)
			if err != nil {
				return e, fmt.Errorf("%s: %w", s.Name, err)
			}
			e.Data = append(e.Data, tables.DataField{Name: f.Name, Value: v})
			continue
		}
		if err != nil {
			return e, unknownField(s, action, name)
		}
		f, err := parseKey(k, value)
		if err != nil {
			return e, fmt.Errorf("%s: %w", s.Name, err)
		}
		e.Key = append(e.Key, f)
	}
	return e, nil
}

// findKey finds a key field by its name, a suffix of it, or without its $.
func findKey(s *tables.TableSpec, name string) (*tables.KeySpec, error) {
	for i := range s.Key {
		if strings.EqualFold(s.Key[i].Name, "$"+name) {
			return &s.Key[i], nil
		}
	}
	return s.FindKey(name)
}

// closest is the name that a word was probably meant to be, "" for none.
func closest(word string, list []string) string {
	best, least := "", 1+len(word)/3
	for _, n := range list {
		for rest := n; ; {
			if d := distance(strings.ToLower(word), strings.ToLower(rest)); d <= least {
				best, least = n, d-1
			}
			_, after, ok := strings.Cut(rest, ".")
			if !ok {
				break
			}
			rest = after
		}
	}
	return best
}

// distance is how many letters must be put in, left out or changed.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

func unknownField(s *tables.TableSpec, action *tables.ActionSpec, name string) error {
	var keys, data []string
	for i := range s.Key {
		keys = append(keys, s.Key[i].Name)
	}
	if action != nil {
		for i := range action.Data {
			data = append(data, action.Data[i].Name)
		}
	}
	for i := range s.Data {
		data = append(data, s.Data[i].Name)
	}
	return fmt.Errorf("%s: no field %q (key fields: %s; data fields: %s)", s.Name, name, listed(keys), listed(data))
}

func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

func findAction(s *tables.TableSpec, name string) (*tables.ActionSpec, error) {
	var found *tables.ActionSpec
	var names []string
	for i := range s.Actions {
		a := &s.Actions[i]
		names = append(names, a.Name)
		if a.Name == name {
			return a, nil
		}
		if strings.HasSuffix(a.Name, "."+name) {
			found = a
		}
	}
	if found == nil {
		if c := closest(name, names); c != "" {
			return nil, fmt.Errorf("%s: no action %q; is %s meant? (actions: %s)", s.Name, name, c, listed(names))
		}
		return nil, fmt.Errorf("%s: no action %q (actions: %s)", s.Name, name, listed(names))
	}
	return found, nil
}

// findField finds a data field: the action's, or the table's, by its name, a
// suffix of it, or without its $.
func findField(action *tables.ActionSpec, s *tables.TableSpec, name string) *tables.FieldSpec {
	match := func(list []tables.FieldSpec) *tables.FieldSpec {
		for i := range list {
			n := list[i].Name
			if n == name || strings.HasSuffix(n, "."+name) || strings.EqualFold(n, "$"+name) {
				return &list[i]
			}
		}
		return nil
	}
	if action != nil {
		if f := match(action.Data); f != nil {
			return f
		}
	}
	return match(s.Data)
}

// fieldSpec is what describes a field of an entry that was read.
func fieldSpec(s *tables.TableSpec, action, name string) *tables.FieldSpec {
	for i := range s.Actions {
		if s.Actions[i].Name != action {
			continue
		}
		for j := range s.Actions[i].Data {
			if s.Actions[i].Data[j].Name == name {
				return &s.Actions[i].Data[j]
			}
		}
	}
	for i := range s.Data {
		if s.Data[i].Name == name {
			return &s.Data[i]
		}
	}
	return nil
}
