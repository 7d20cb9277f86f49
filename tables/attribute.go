package tables

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Attributer is the part of the API that reads and writes table attributes. An
// attribute is a record: what fields it has is written where the table that
// has it is (IdleTimeout: idle.go).
type Attributer interface {
	// Attribute reads an attribute that the table's schema lists.
	Attribute(ctx context.Context, t Target, table, name string) ([]DataField, error)
	// SetAttribute writes one; fields that are not given take their defaults.
	SetAttribute(ctx context.Context, t Target, table, name string, data []DataField) error
}

// attributed is a table with attributes. Its methods are called with the
// store's mu held.
type attributed interface {
	Attribute(t Target, name string) ([]DataField, error)
	SetAttribute(t Target, name string, data []DataField) error
}

// Attribute reads an attribute of a table.
func (s *Store) Attribute(ctx context.Context, t Target, table, name string) ([]DataField, error) {
	a, err := s.attributed(ctx, "read attribute of", t, table, name)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return a.Attribute(t, name)
}

// SetAttribute writes an attribute of a table.
func (s *Store) SetAttribute(ctx context.Context, t Target, table, name string, data []DataField) error {
	a, err := s.attributed(ctx, "set attribute of", t, table, name)
	if err != nil {
		return err
	}
	s.catchUp()
	s.mu.Lock()
	defer s.mu.Unlock()
	return a.SetAttribute(t, name, data)
}

func (s *Store) attributed(ctx context.Context, op string, t Target, table, name string) (attributed, error) {
	tb, err := s.find(ctx, op, t, table)
	if err != nil {
		return nil, err
	}
	a, ok := tb.(attributed)
	u, hides := tb.(interface{ unlisted(name string) bool })
	if !ok || !slices.Contains(tb.Spec().Attributes, name) && !(hides && u.unlisted(name)) {
		return nil, noAttribute(op, tb.Spec(), name)
	}
	return a, nil
}

func noAttribute(op string, spec *TableSpec, name string) error {
	return &Error{Op: op, Table: spec.Name, Err: ErrNotSupported,
		Detail: fmt.Sprintf("no attribute %q (attributes: %s)", name, choices(spec.Attributes))}
}

// attributeFields reads data whose names must be among those given: it returns
// the values in the order of the names, nil where one is not given.
func attributeFields(data []DataField, names ...string) ([]Value, error) {
	out := make([]Value, len(names))
	for _, f := range data {
		i := slices.Index(names, f.Name)
		if i < 0 {
			return nil, fmt.Errorf("no field %q (fields: %s)", f.Name, choices(names))
		}
		if out[i] != nil {
			return nil, fmt.Errorf("field %s is given twice", f.Name)
		}
		if f.Value == nil {
			return nil, fmt.Errorf("field %s has no value", f.Name)
		}
		out[i] = f.Value
	}
	return out, nil
}

func boolValue(v Value, def bool) (bool, error) {
	if v == nil {
		return def, nil
	}
	b, ok := v.(bool)
	if !ok {
		return false, fmt.Errorf("is %s, want bool", typeName(v))
	}
	return b, nil
}

func wordValue(v Value, width int, def uint64) (uint64, error) {
	if v == nil {
		return def, nil
	}
	return word(v, width)
}

func choiceValue(v Value, valid []string, def string) (string, error) {
	if v == nil {
		return def, nil
	}
	s, ok := v.(string)
	if !ok {
		return "", fmt.Errorf("is %s, want string", typeName(v))
	}
	if !slices.Contains(valid, s) {
		return "", fmt.Errorf("is %q (choices: %s)", s, choices(valid))
	}
	return s, nil
}

// errFirst is the first of several errors, each about a named field.
func errFirst(names []string, errs ...error) error {
	for i, err := range errs {
		if err != nil {
			return fmt.Errorf("field %s %w", names[i], err)
		}
	}
	return errors.Join(errs...)
}
