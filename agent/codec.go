package agent

import (
	"fmt"
	"strings"

	"gofino/agent/bfrt"
	"gofino/tables"
)

// codec translates between the table API and the messages of BFRuntime. It is
// made from a schema, and immutable.
type codec struct {
	schema  *tables.Schema
	byID    map[uint32]*tableCodec
	byName  map[string]*tableCodec
	digests map[string]*digestCodec
	digest  map[uint32]*digestCodec // by id
}

// tableCodec knows the ids and names of one table.
type tableCodec struct {
	spec    *tables.TableSpec
	keys    map[uint32]*tables.KeySpec
	keyName map[string]*tables.KeySpec
	data    fieldSet // of the table itself
	actions map[uint32]*actionCodec
	action  map[string]*actionCodec
}

type actionCodec struct {
	spec *tables.ActionSpec
	data fieldSet
}

type digestCodec struct {
	spec *tables.DigestSpec
	data fieldSet
}

// fieldSet finds data fields by id and by name. Fields inside containers have
// ids of the same space.
type fieldSet struct {
	id   map[uint32]*tables.FieldSpec
	name map[string]*tables.FieldSpec
	all  []string
}

func newFieldSet(specs []tables.FieldSpec) fieldSet {
	s := fieldSet{id: make(map[uint32]*tables.FieldSpec, len(specs)), name: make(map[string]*tables.FieldSpec, len(specs))}
	for i := range specs {
		s.id[specs[i].ID] = &specs[i]
		s.name[specs[i].Name] = &specs[i]
		s.all = append(s.all, specs[i].Name)
	}
	return s
}

func newCodec(schema *tables.Schema) *codec {
	c := &codec{
		schema: schema, byID: map[uint32]*tableCodec{}, byName: map[string]*tableCodec{},
		digests: map[string]*digestCodec{}, digest: map[uint32]*digestCodec{},
	}
	for _, t := range schema.Tables {
		tc := newTableCodec(t)
		c.byID[t.ID], c.byName[t.Name] = tc, tc
	}
	for _, d := range schema.Digests {
		dc := &digestCodec{spec: d, data: newFieldSet(d.Fields)}
		c.digests[d.Name], c.digest[d.ID] = dc, dc
	}
	return c
}

func newTableCodec(t *tables.TableSpec) *tableCodec {
	tc := &tableCodec{
		spec: t, keys: map[uint32]*tables.KeySpec{}, keyName: map[string]*tables.KeySpec{}, data: newFieldSet(t.Data),
		actions: map[uint32]*actionCodec{}, action: map[string]*actionCodec{},
	}
	for i := range t.Key {
		tc.keys[t.Key[i].ID], tc.keyName[t.Key[i].Name] = &t.Key[i], &t.Key[i]
	}
	for i := range t.Actions {
		a := &actionCodec{spec: &t.Actions[i], data: newFieldSet(t.Actions[i].Data)}
		tc.actions[a.spec.ID], tc.action[a.spec.Name] = a, a
	}
	return tc
}

// table finds a table by its id.
func (c *codec) table(id uint32) (*tableCodec, error) {
	if t := c.byID[id]; t != nil {
		return t, nil
	}
	return nil, &tables.Error{Op: "find", Table: fmt.Sprintf("table %#x", id), Err: tables.ErrNotFound,
		Detail: fmt.Sprintf("no table has this id (%d tables have others)", len(c.byID))}
}

// named finds a table by its name or a unique suffix of it.
func (c *codec) named(name string) (*tableCodec, error) {
	if t := c.byName[name]; t != nil {
		return t, nil
	}
	spec, err := c.schema.Find(name)
	if err != nil {
		return nil, err
	}
	return c.byName[spec.Name], nil
}

// invalid is an error about what a message says of a table.
func (t *tableCodec) invalid(format string, args ...any) error {
	return &tables.Error{Op: "decode", Table: t.spec.Name, Err: tables.ErrInvalid, Detail: fmt.Sprintf(format, args...)}
}

func names(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}

func (t *tableCodec) keyNames() string {
	var list []string
	for i := range t.spec.Key {
		list = append(list, t.spec.Key[i].Name)
	}
	return names(list)
}

func (t *tableCodec) actionNames() string {
	var list []string
	for i := range t.spec.Actions {
		list = append(list, t.spec.Actions[i].Name)
	}
	return names(list)
}

// Numbers of a TargetDevice that mean "all" (bfrt.md section 2).
const (
	allPipes      = 0xffff
	allDirections = 0xff
	allParsers    = 0xff
)

// decodeTarget reads where a request acts; nil is everywhere.
func decodeTarget(t *bfrt.TargetDevice) tables.Target {
	if t == nil {
		return tables.Target{}
	}
	var out tables.Target
	if t.PipeId != allPipes {
		out.Pipe = int(t.PipeId&allPipes) + 1
	}
	if t.Direction <= 1 {
		out.Gress = int(t.Direction) + 1
	}
	if p := t.PrsrId & allParsers; p != allParsers {
		out.Parser = int(p) + 1
	}
	return out
}

// encodeTarget says where something is, or acts.
func encodeTarget(device uint32, t tables.Target) *bfrt.TargetDevice {
	out := &bfrt.TargetDevice{DeviceId: device, PipeId: allPipes, Direction: allDirections, PrsrId: allParsers}
	if t.Pipe > 0 {
		out.PipeId = uint32(t.Pipe - 1)
	}
	if t.Gress > 0 {
		out.Direction = uint32(t.Gress - 1)
	}
	if t.Parser > 0 {
		out.PrsrId = uint32(t.Parser - 1)
	}
	return out
}

// suffix finds name in a list, or the only one that ends in "."+name.
func suffix(name string, list []string) (int, error) {
	found := -1
	for i, n := range list {
		if n == name {
			return i, nil
		}
		if strings.HasSuffix(n, "."+name) {
			if found >= 0 {
				return 0, fmt.Errorf("%q is ambiguous: %s, %s", name, list[found], n)
			}
			found = i
		}
	}
	if found < 0 {
		return 0, fmt.Errorf("no %q (there are: %s)", name, names(list))
	}
	return found, nil
}
