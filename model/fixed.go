package model

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"gofino/pre"
	"gofino/tables"
)

// fixedTable is one of the chip's own tables behind the table API. What it
// does is in its functions; an operation without one is not supported.
type fixedTable struct {
	spec *tables.TableSpec

	insert func(k fixedKey, r record) (func(), error)
	modify func(k fixedKey, r record) (func(), error)
	inc    func(k fixedKey, r record, remove bool) (func(), error)
	delete func(k fixedKey) (func(), error)
	clear  func(all fixedKey) (func(), error) // all has the pipe only
	// get reads an entry; the action is "" where the table has none.
	get  func(k fixedKey) (r record, action string, err error)
	keys func() []fixedKey // of all entries, in order; nil: only get by key
	// both: there is an operation that adds or modifies.
	both bool
	// always: the table has all its entries from the start; to add one is to
	// set it.
	always bool
	attrs  map[string]fixedAttribute // by name, as spec.Attributes has them
	// pipes: each of so many pipes has its own entries; 0: the table belongs to
	// the whole chip.
	pipes int
	// sparse: fields that get leaves out are not there.
	sparse bool
	// actionOptional: a write without an action keeps the one there was.
	actionOptional bool
}

// fixedKey is a key of up to two numbers, or a string. pipe is the target where
// each pipe has its own entries: a pipe's number + 1, or 0 for all.
type fixedKey struct {
	n    [2]uint64
	str  string
	pipe int
}

// record is data by field name. Numbers are in whole bytes of their width.
type record map[string]tables.Value

func (r record) num(name string) uint64 {
	b, _ := r[name].([]byte)
	var n uint64
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	return n
}

func (r record) flag(name string) bool     { b, _ := r[name].(bool); return b }
func (r record) text(name string) string   { s, _ := r[name].(string); return s }
func (r record) list(name string) []uint32 { l, _ := r[name].([]uint32); return l }
func (r record) flags(name string) []bool  { l, _ := r[name].([]bool); return l }

// actionField is the key under which a record holds the entry's action.
const actionField = "$action"

func num32(n uint64) []byte { return binary.BigEndian.AppendUint32(nil, uint32(n)) }
func num16(n uint64) []byte { return binary.BigEndian.AppendUint16(nil, uint16(n)) }
func num64(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// Spec describes the table.
func (t *fixedTable) Spec() *tables.TableSpec { return t.spec }

func (t *fixedTable) fail(op string, cause error, format string, args ...any) error {
	return &tables.Error{Op: op, Table: t.spec.Name, Err: cause, Detail: fmt.Sprintf(format, args...)}
}

// wrap gives an error of a function the table's name, and the API's cause.
func (t *fixedTable) wrap(op string, err error) error {
	var done *tables.Error
	if errors.As(err, &done) {
		done.Op, done.Table = op, t.spec.Name
		return done
	}
	for _, c := range [...]struct{ from, to error }{
		{pre.ErrExists, tables.ErrExists}, {pre.ErrNotFound, tables.ErrNotFound}, {pre.ErrInvalid, tables.ErrInvalid},
		{pre.ErrInUse, tables.ErrInUse}, {pre.ErrFull, tables.ErrFull},
	} {
		if errors.Is(err, c.from) {
			detail := strings.TrimSuffix(err.Error(), ": "+c.from.Error())
			return t.fail(op, c.to, "%s", detail)
		}
	}
	return t.fail(op, tables.ErrInvalid, "%v", err)
}

// refused is an error whose operation and table wrap fills in.
func refused(cause error, format string, args ...any) error {
	return &tables.Error{Err: cause, Detail: fmt.Sprintf(format, args...)}
}

var opNames = [...]string{
	tables.Insert: "add", tables.Modify: "modify", tables.InsertOrModify: "add or modify",
	tables.ModifyInc: "modify incrementally", tables.Delete: "delete", tables.Reset: "reset",
}

// operations that the table has, for error texts.
func (t *fixedTable) operations() string {
	var out []string
	for _, o := range []struct {
		name string
		has  bool
	}{
		{"add", t.insert != nil}, {"modify", t.modify != nil}, {"modify incrementally", t.inc != nil},
		{"add or modify", t.both}, {"delete", t.delete != nil}, {"clear", t.clear != nil}, {"get", t.get != nil},
	} {
		if o.has {
			out = append(out, o.name)
		}
	}
	return strings.Join(out, ", ")
}

// onPipe checks the target.
func (t *fixedTable) onPipe(op string, target tables.Target) error {
	if target.Pipe == 0 || target.Pipe > 0 && target.Pipe <= t.pipes {
		return nil
	}
	if t.pipes > 0 {
		return t.fail(op, tables.ErrInvalid, "pipe %d is targeted (pipes: 0..%d)", target.Pipe-1, t.pipes-1)
	}
	return t.fail(op, tables.ErrInvalid, "pipe %d is targeted, but the table belongs to the whole chip (target: all pipes)", target.Pipe-1)
}

// Write applies one update. Most fixed tables belong to the chip, not to a pipe.
func (t *fixedTable) Write(target tables.Target, u *tables.Update) (func(), error) {
	op, e := u.Op, &u.Entry
	name := "change"
	if int(op) < len(opNames) && opNames[op] != "" {
		name = opNames[op]
	}
	if err := t.onPipe(name, target); err != nil {
		return nil, err
	}
	unsupported := func() (func(), error) {
		return nil, t.fail(name, tables.ErrNotSupported, "the table has: %s", t.operations())
	}
	if e.Default && len(t.spec.Key) > 0 {
		return unsupported()
	}
	if op == tables.Delete && len(e.Key) == 0 && len(t.spec.Key) > 0 {
		name = "clear"
		if t.clear == nil {
			return unsupported()
		}
		return t.done(name)(t.clear(fixedKey{pipe: target.Pipe}))
	}
	if !t.supports(op) {
		return unsupported()
	}
	k, err := t.key(name, e.Key)
	if err != nil {
		return nil, err
	}
	k.pipe = target.Pipe
	if op == tables.Delete {
		return t.done(name)(t.delete(k))
	}
	r, err := t.record(name, e)
	if err != nil {
		return nil, err
	}
	switch op {
	case tables.Modify:
		return t.done(name)(t.modify(k, r))
	case tables.ModifyInc:
		return t.done(name)(t.inc(k, r, u.Remove))
	case tables.InsertOrModify:
		if _, _, err := t.get(k); err == nil || t.always {
			u.Existed = true
			return t.done(name)(t.modify(k, r))
		}
	}
	if err := t.mandatory(name, r); err != nil {
		return nil, err
	}
	return t.done(name)(t.insert(k, r))
}

// supports tells whether the table has an operation on an entry.
func (t *fixedTable) supports(op tables.Op) bool {
	switch op {
	case tables.Insert:
		return t.insert != nil
	case tables.Modify:
		return t.modify != nil
	case tables.InsertOrModify:
		return t.both
	case tables.ModifyInc:
		return t.inc != nil
	case tables.Delete:
		return t.delete != nil
	}
	return false
}

func (t *fixedTable) done(op string) func(func(), error) (func(), error) {
	return func(undo func(), err error) (func(), error) {
		if err != nil {
			return nil, t.wrap(op, err)
		}
		return undo, nil
	}
}

// key checks and reads a key.
func (t *fixedTable) key(op string, fields []tables.KeyField) (fixedKey, error) {
	var k fixedKey
	seen := make([]bool, len(t.spec.Key))
	for i := range fields {
		f := &fields[i]
		n := slices.IndexFunc(t.spec.Key, func(s tables.KeySpec) bool { return s.Name == f.Name })
		if n < 0 {
			return k, t.fail(op, tables.ErrInvalid, "no key field %q (key: %s)", f.Name, names(t.spec.Key, func(s tables.KeySpec) string { return s.Name }))
		}
		if seen[n] {
			return k, t.fail(op, tables.ErrInvalid, "key field %s is given twice", f.Name)
		}
		seen[n] = true
		if t.spec.Key[n].Type.Kind == "string" {
			if k.str = f.Str; k.str == "" {
				k.str = string(f.Value)
			}
			continue
		}
		b, err := number(f.Value, width(t.spec.Key[n].Type))
		if err != nil {
			return k, t.fail(op, tables.ErrInvalid, "key field %s: %v", f.Name, err)
		}
		k.n[n] = record{"": b}.num("")
	}
	for n, ok := range seen {
		if !ok {
			return k, t.fail(op, tables.ErrInvalid, "key field %s is missing", t.spec.Key[n].Name)
		}
	}
	return k, nil
}

// record checks and reads data.
func (t *fixedTable) record(op string, e *tables.TableEntry) (record, error) {
	specs := t.spec.Data
	r := record{}
	if len(t.spec.Actions) == 0 && e.Action != "" {
		return nil, t.fail(op, tables.ErrInvalid, "action %q given, but the table has no actions", e.Action)
	}
	if len(t.spec.Actions) > 0 && (e.Action != "" || !t.actionOptional) {
		n := slices.IndexFunc(t.spec.Actions, func(a tables.ActionSpec) bool { return a.Name == e.Action })
		if n < 0 {
			return nil, t.fail(op, tables.ErrInvalid, "no action %q (actions: %s)", e.Action,
				names(t.spec.Actions, func(a tables.ActionSpec) string { return a.Name }))
		}
		r[actionField] = e.Action
		specs = slices.Concat(specs, t.spec.Actions[n].Data)
	}
	for _, d := range e.Data {
		n := slices.IndexFunc(specs, func(s tables.FieldSpec) bool { return s.Name == d.Name })
		if n < 0 {
			return nil, t.fail(op, tables.ErrInvalid, "no field %q (fields: %s)", d.Name, names(specs, func(s tables.FieldSpec) string { return s.Name }))
		}
		if specs[n].ReadOnly {
			return nil, t.fail(op, tables.ErrReadOnly, "field %s", d.Name)
		}
		if _, twice := r[d.Name]; twice {
			return nil, t.fail(op, tables.ErrInvalid, "field %s is given twice", d.Name)
		}
		v, err := normal(&specs[n], d.Value)
		if err != nil {
			return nil, t.fail(op, tables.ErrInvalid, "field %s: %v", d.Name, err)
		}
		r[d.Name] = v
	}
	return r, nil
}

func (t *fixedTable) mandatory(op string, r record) error {
	for _, s := range t.spec.Data {
		if _, ok := r[s.Name]; s.Mandatory && !s.Repeated && !ok {
			return t.fail(op, tables.ErrInvalid, "field %s is missing", s.Name)
		}
	}
	return nil
}

func names[T any](list []T, name func(T) string) string {
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = name(x)
	}
	return strings.Join(out, ", ")
}

// width in bits of a numeric type; 0 for others.
func width(t tables.TypeSpec) int {
	switch t.Kind {
	case "bytes":
		return t.Width
	case "uint8":
		return 8
	case "uint16":
		return 16
	case "uint32", "int32":
		return 32
	case "uint64":
		return 64
	}
	return 0
}

// number right-aligns a number in whole bytes of the width.
func number(b []byte, width int) ([]byte, error) {
	n := (width + 7) / 8
	for len(b) > n {
		if b[0] != 0 {
			return nil, fmt.Errorf("%#x does not fit in %d bits", b, width)
		}
		b = b[1:]
	}
	out := make([]byte, n)
	copy(out[n-len(b):], b)
	return out, nil
}

// normal checks a value against its field and brings it to its one form.
func normal(s *tables.FieldSpec, v tables.Value) (tables.Value, error) {
	w := width(s.Type)
	switch {
	case s.Repeated && w > 0:
		list, ok := v.([]uint32)
		if !ok {
			return nil, fmt.Errorf("is %T, want []uint32", v)
		}
		for _, n := range list {
			if bits.Len32(n) > w {
				return nil, fmt.Errorf("%d does not fit in %d bits", n, w)
			}
		}
		return slices.Clone(list), nil
	case s.Repeated && s.Type.Kind == "string":
		list, ok := v.([]string)
		if !ok {
			return nil, fmt.Errorf("is %T, want []string", v)
		}
		for _, text := range list {
			if len(s.Type.Choices) > 0 && !slices.Contains(s.Type.Choices, text) {
				return nil, fmt.Errorf("no choice %q (choices: %s)", text, strings.Join(s.Type.Choices, ", "))
			}
		}
		return slices.Clone(list), nil
	case s.Repeated:
		list, ok := v.([]bool)
		if !ok {
			return nil, fmt.Errorf("is %T, want []bool", v)
		}
		return slices.Clone(list), nil
	case w > 0:
		b, ok := v.([]byte)
		if !ok {
			return nil, fmt.Errorf("is %T, want []byte", v)
		}
		return number(b, w)
	case s.Type.Kind == "bool":
		if _, ok := v.(bool); !ok {
			return nil, fmt.Errorf("is %T, want bool", v)
		}
	case s.Type.Kind == "float":
		if _, ok := v.(float32); !ok {
			return nil, fmt.Errorf("is %T, want float32", v)
		}
	default:
		text, ok := v.(string)
		if !ok {
			return nil, fmt.Errorf("is %T, want string", v)
		}
		if len(s.Type.Choices) > 0 && !slices.Contains(s.Type.Choices, text) {
			return nil, fmt.Errorf("no choice %q (choices: %s)", text, strings.Join(s.Type.Choices, ", "))
		}
	}
	return v, nil
}

// zero is what a field reads as when nobody wrote it.
func zero(s *tables.FieldSpec) tables.Value {
	w := width(s.Type)
	switch {
	case s.Repeated && w > 0:
		return []uint32{}
	case s.Repeated && s.Type.Kind == "string":
		return []string{}
	case s.Repeated:
		return []bool{}
	case w > 0:
		out := make([]byte, (w+7)/8)
		if d, ok := s.Type.Default.(int64); ok {
			out, _ = number(num64(uint64(d)), w)
		}
		return out
	case s.Type.Kind == "bool":
		return s.Type.Default == true
	case s.Type.Kind == "float":
		return float32(0)
	case len(s.Type.Choices) > 0:
		return s.Type.Choices[0]
	}
	return ""
}

// Usage is the number of entries.
func (t *fixedTable) Usage(tables.Target) (int, error) {
	if t.keys == nil {
		return 0, t.fail("count", tables.ErrNotSupported, "the table has: %s", t.operations())
	}
	return len(t.keys()), nil
}

// Read yields one entry, or all.
func (t *fixedTable) Read(target tables.Target, q *tables.Query) iter.Seq2[*tables.TableEntry, error] {
	return func(yield func(*tables.TableEntry, error) bool) {
		keyless := len(t.spec.Key) == 0
		if t.pipes > 0 {
			if err := t.onPipe("read", target); err != nil {
				yield(nil, err)
				return
			}
		}
		if q.Handle != 0 {
			yield(nil, t.fail("read", tables.ErrNotSupported, "the chip's own tables have no handles: read by key"))
			return
		}
		if q.Default && !keyless {
			return // no default entry
		}
		for _, f := range q.Fields {
			if !t.hasField(f) {
				yield(nil, t.fail("read", tables.ErrInvalid, "no field %q (fields: %s)", f, names(t.spec.Data, func(s tables.FieldSpec) string { return s.Name })))
				return
			}
		}
		var keys []fixedKey
		switch {
		case keyless:
			keys = []fixedKey{{}}
		case len(q.Key) > 0:
			k, err := t.key("read", q.Key)
			if err != nil {
				yield(nil, err)
				return
			}
			keys = []fixedKey{k}
		case t.keys == nil:
			yield(nil, t.fail("read", tables.ErrNotSupported, "only one entry at a time, by key"))
			return
		default:
			keys = t.keys()
		}
		for _, k := range keys {
			if t.pipes > 0 {
				k.pipe = target.Pipe
			}
			r, action, err := t.get(k)
			if err != nil {
				if len(q.Key) == 0 && errors.Is(t.wrap("read", err), tables.ErrNotFound) {
					continue // deleted meanwhile
				}
				yield(nil, t.wrap("read", err))
				return
			}
			if !yield(t.entry(k, r, action, q), nil) {
				return
			}
		}
	}
}

func (t *fixedTable) hasField(name string) bool {
	is := func(s tables.FieldSpec) bool { return s.Name == name }
	return slices.ContainsFunc(t.spec.Data, is) ||
		slices.ContainsFunc(t.spec.Actions, func(a tables.ActionSpec) bool { return slices.ContainsFunc(a.Data, is) })
}

func (t *fixedTable) entry(k fixedKey, r record, action string, q *tables.Query) *tables.TableEntry {
	e := &tables.TableEntry{Table: t.spec.Name, Action: action, Default: len(t.spec.Key) == 0}
	for i, s := range t.spec.Key {
		f := tables.KeyField{Name: s.Name}
		if s.Type.Kind == "string" {
			f.Str, f.Value = k.str, []byte(k.str)
		} else {
			f.Value, _ = number(num64(k.n[i]), width(s.Type))
		}
		e.Key = append(e.Key, f)
	}
	if q.KeyOnly {
		return e
	}
	data := t.spec.Data
	if n := slices.IndexFunc(t.spec.Actions, func(a tables.ActionSpec) bool { return a.Name == action }); n >= 0 {
		data = slices.Concat(t.spec.Actions[n].Data, data)
	}
	for i := range data {
		s := &data[i]
		if q.Fields != nil && !slices.Contains(q.Fields, s.Name) {
			continue
		}
		v, ok := r[s.Name]
		if !ok && t.sparse {
			continue
		}
		if !ok {
			v = zero(s)
		}
		e.Data = append(e.Data, tables.DataField{Name: s.Name, Value: v})
	}
	return e
}

// fields reads the notation of bfrt-fixed-tables.md:
// "name#id:type{choice,choice}=default/flags; ...", flags R repeated,
// M mandatory, O read-only.
func fields(list string) []tables.FieldSpec {
	var out []tables.FieldSpec
	for _, one := range strings.Split(list, ";") {
		name, rest, _ := strings.Cut(strings.TrimSpace(one), "#")
		id, rest, ok := strings.Cut(rest, ":")
		n, err := strconv.Atoi(id)
		if !ok || err != nil {
			panic("BUG: field notation: " + one)
		}
		f := tables.FieldSpec{ID: uint32(n), Name: name}
		rest, flags, _ := strings.Cut(rest, "/")
		f.Mandatory = strings.Contains(flags, "M")
		f.ReadOnly = strings.Contains(flags, "O")
		f.Repeated = strings.Contains(flags, "R")
		rest, def, hasDef := strings.Cut(rest, "=")
		kind, choices, _ := strings.Cut(rest, "{")
		f.Type.Kind = kind
		if w, ok := strings.CutPrefix(kind, "bytes"); ok {
			f.Type.Kind = "bytes"
			f.Type.Width, _ = strconv.Atoi(w)
		}
		if choices != "" {
			f.Type.Choices = strings.Split(strings.TrimSuffix(choices, "}"), ",")
		}
		if hasDef {
			f.Type.Default = defaultValue(f.Type.Kind, def)
		}
		out = append(out, f)
	}
	return out
}

func defaultValue(kind, text string) any {
	switch kind {
	case "bool":
		return text == "True"
	case "string":
		return text
	case "float":
		return float32(0)
	}
	n, err := strconv.ParseInt(text, 0, 64)
	if err != nil {
		panic("BUG: default value: " + text)
	}
	return n
}

// keyFields reads the same notation as exact, mandatory key fields.
func keyFields(list string) []tables.KeySpec {
	var out []tables.KeySpec
	for _, f := range fields(list) {
		out = append(out, tables.KeySpec{ID: f.ID, Name: f.Name, Match: "Exact", Mandatory: true, Type: f.Type})
	}
	return out
}

// fixedSpec is the spec of a fixed table. key and data are in the notation.
func fixedSpec(name string, id uint32, typ string, size int, key, data string) *tables.TableSpec {
	s := &tables.TableSpec{Name: name, ID: id, Type: typ, Size: size, Fixed: true}
	if key != "" {
		s.Key = keyFields(key)
	}
	if data != "" {
		s.Data = fields(data)
	}
	return s
}

// fixedTables are the chip's own tables.
func (s *Switch) fixedTables() []*fixedTable {
	return slices.Concat(s.portTables(), s.preTables(), []*fixedTable{s.mirrorCfg(), s.deviceConfig()}, s.pktgen.tables(), s.tm.tables(), s.debugTables())
}
