package tables

import (
	"fmt"
	"strings"
)

// Find resolves a table's full name or any dotted suffix of it that is unique.
func (s *Schema) Find(name string) (*TableSpec, error) {
	names := make([]string, len(s.Tables))
	for i, t := range s.Tables {
		names[i] = t.Name
	}
	i, err := resolve(name, names)
	if err != nil {
		return nil, &Error{Op: "find", Table: name, Err: ErrNotFound, Detail: err.Error()}
	}
	return s.Tables[i], nil
}

// FindKey resolves the name of a key field, or a unique dotted suffix of it.
func (t *TableSpec) FindKey(name string) (*KeySpec, error) {
	names := make([]string, len(t.Key))
	for i, k := range t.Key {
		names[i] = k.Name
	}
	i, err := resolve(name, names)
	if err != nil {
		return nil, &Error{Op: "find key of", Table: t.Name, Err: ErrInvalid, Detail: err.Error()}
	}
	return &t.Key[i], nil
}

// resolve finds name among names: the same, or the only one that ends in
// "."+name. The program's own come before the chip's, whose names begin with $:
// a program may well have a table named ecmp, port or lag.
func resolve(name string, names []string) (int, error) {
	found := -1
	for i, n := range names {
		if n == name {
			return i, nil
		}
		if strings.HasSuffix(n, "."+name) {
			if found >= 0 && fixed(n) != fixed(names[found]) {
				if fixed(names[found]) {
					found = i
				}
				continue
			}
			if found >= 0 {
				return 0, fmt.Errorf("%q is ambiguous: %s, %s", name, names[found], n)
			}
			found = i
		}
	}
	if found < 0 {
		return 0, fmt.Errorf("no %q (there are: %s)", name, strings.Join(names, ", "))
	}
	return found, nil
}

// fixed: a name of the chip's own tables ($pre.node, $mirror.cfg), not of the
// program's.
func fixed(name string) bool { return strings.HasPrefix(name, "$") }
