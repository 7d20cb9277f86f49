package tables

import (
	"fmt"
	"iter"
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
// "."+name. The program's own come before the chip's: a program may well have a
// table named ecmp, lag or cfg.
func resolve(name string, names []string) (int, error) {
	for i, n := range names {
		if n == name {
			return i, nil
		}
	}
	for _, chips := range []bool{false, true} {
		found := -1
		for i, n := range names {
			if fixed(n) != chips || !strings.HasSuffix(n, "."+name) {
				continue
			}
			if found >= 0 {
				return 0, fmt.Errorf("%q is ambiguous: %s, %s", name, names[found], n)
			}
			found = i
		}
		if found >= 0 {
			return found, nil
		}
	}
	return 0, fmt.Errorf("no %q (there are: %s)", name, strings.Join(names, ", "))
}

// fixed: a name of the chip's own tables, not of the program's.
func fixed(name string) bool {
	for _, p := range []string{"$", "tf1.", "tf2.", "pipe.snapshot."} {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

// entries yields what find returns, or its error, when somebody reads.
func entries(find func() ([]*TableEntry, error)) iter.Seq2[*TableEntry, error] {
	return func(yield func(*TableEntry, error) bool) {
		list, err := find()
		if err != nil {
			yield(nil, err)
			return
		}
		for _, e := range list {
			if !yield(e, nil) {
				return
			}
		}
	}
}
