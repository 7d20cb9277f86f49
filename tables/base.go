package tables

import (
	"fmt"
	"strings"
)

// base is what every table of the store has: its spec and its names.
type base struct {
	spec *TableSpec
	keys nameIndex
	data nameIndex // of spec.Data
}

func newBase(spec *TableSpec) base {
	b := base{spec: spec}
	names := make([]string, len(spec.Key))
	for i, k := range spec.Key {
		names[i] = k.Name
	}
	b.keys = newNameIndex(names)
	names = make([]string, len(spec.Data))
	for i, d := range spec.Data {
		names[i] = d.Name
	}
	b.data = newNameIndex(names)
	return b
}

// Spec describes the table.
func (b *base) Spec() *TableSpec { return b.spec }

// fail is an error of this table.
func (b *base) fail(op string, cause error, format string, args ...any) error {
	return &Error{Op: op, Table: b.spec.Name, Err: cause, Detail: fmt.Sprintf(format, args...)}
}

func (b *base) noHandle(h uint32) error {
	return b.fail("read", ErrNotFound, "no entry with handle %d", h)
}

// named tells whether a name, or a dotted suffix of it, is given.
func named(name, given string) bool { return name == given || strings.HasSuffix(name, "."+given) }

func (b *base) failField(op, kind, name string, err error) error {
	return b.fail(op, ErrInvalid, "%s %s %v", kind, name, err)
}

// opName is how errors call an operation.
func opName(op Op, e *TableEntry) string {
	switch op {
	case Insert:
		return "add"
	case Modify:
		if e.Default {
			return "set default of"
		}
		return "modify"
	case InsertOrModify:
		return "add or modify"
	case ModifyInc:
		return "modify incrementally"
	case Delete:
		if e.Default {
			return "reset default of"
		}
		if len(e.Key) == 0 {
			return "clear"
		}
		return "delete"
	case Reset:
		return "reset"
	}
	return fmt.Sprintf("operation %d on", op)
}

// refuse says that a table of this type has no such operation.
func (b *base) refuse(op Op, e *TableEntry, valid string) error {
	return b.fail(opName(op, e), ErrNotSupported, "a %s table has: %s", b.spec.Type, valid)
}

// words reads the key fields of a table whose key elements are all exact
// numbers of at most 64 bits and mandatory.
func (b *base) words(op string, key []KeyField) ([]uint64, error) {
	out := make([]uint64, len(b.spec.Key))
	seen := make([]bool, len(out))
	for i := range key {
		n, err := b.keys.find(key[i].Name)
		if err != nil {
			return nil, b.fail(op, ErrInvalid, "key field: %v", err)
		}
		if seen[n] {
			return nil, b.fail(op, ErrInvalid, "key field %s is given twice", b.spec.Key[n].Name)
		}
		seen[n] = true
		w, err := word(key[i].Value, b.spec.Key[n].Type.Bits())
		if err != nil {
			return nil, b.failField(op, "key field", b.spec.Key[n].Name, err)
		}
		out[n] = w
	}
	for n, ok := range seen {
		if !ok {
			return nil, b.fail(op, ErrInvalid, "key field %s is missing", b.spec.Key[n].Name)
		}
	}
	return out, nil
}

// wordKey is the key of a table with one exact number.
func (b *base) wordKey(w uint64) []KeyField {
	k := &b.spec.Key[0]
	return []KeyField{{Name: k.Name, Value: wordBytes(w, k.Type.Bits())}}
}

// noAction refuses an action where the table has none.
func (b *base) noAction(op string, e *TableEntry) error {
	if e.Action != "" {
		return b.fail(op, ErrInvalid, "action %q given, but the table has no actions", e.Action)
	}
	return nil
}

// selected tells which of spec.Data a query asks for; nil means all.
func (b *base) selected(q *Query, more ...string) (func(name string) bool, error) {
	if q.Fields == nil {
		return func(string) bool { return true }, nil
	}
	want := make(map[string]bool, len(q.Fields))
	var extra nameIndex
	if len(more) > 0 {
		extra = newNameIndex(more)
	}
	for _, f := range q.Fields {
		n, err := b.data.find(f)
		if err == nil {
			want[b.spec.Data[n].Name] = true
			continue
		}
		if m, merr := extra.find(f); len(more) > 0 && merr == nil {
			want[more[m]] = true
			continue
		}
		names := append(append([]string(nil), b.data.names...), more...)
		return nil, b.fail("read", ErrInvalid, "no data field %q (there are: %s)", f, choices(names))
	}
	return func(name string) bool { return want[name] }, nil
}
