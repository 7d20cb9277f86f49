package tables

import (
	"encoding/binary"
	"fmt"
	"iter"

	"gofino/pipeline/ir"
)

// valueSetTable is a parser value set. Its EntryScope divides rows by pipe, as a
// match table's does, and by parser.
type valueSetTable struct {
	base
	store *Store
	set   *ir.ValueSet
	index int // in State.ValueSets
	pipes []pipeState

	scope  scopeValues
	groups [][]pipeState // the scopes' pipes
	left   []pipeState   // pipes in no scope
	rows   map[string]*valueSetRow
	order  ordered[*valueSetRow]
}

type valueSetRow struct {
	keys   []ir.KeyMatch
	pat    *pattern
	in     parserScope
	handle uint32
}

// parserScope is where a row is: the number of a group of pipes, and of a group
// of parsers, where each has rows of its own.
type parserScope struct{ group, parser int }

func newValueSetTable(st *Store, spec *TableSpec, o *ir.ValueSet, index int, pipes []pipeState) *valueSetTable {
	return &valueSetTable{base: newBase(spec), store: st, set: o, index: index, pipes: pipes,
		scope: scopeValues{gress: scopeAll, parser: scopeAll}, groups: [][]pipeState{pipes}, rows: map[string]*valueSetRow{}}
}

// at finds the scope that a controller writes in.
func (v *valueSetTable) at(op string, t Target) (s parserScope, err error) {
	bad := func(format string, args ...any) (parserScope, error) {
		return s, v.fail(op, ErrInvalid, format, args...)
	}
	switch single := v.scope.gress == scopeSingle; {
	case single && t.Gress != int(v.set.Dir)+1:
		return bad("each gress has rows of its own: write those of %s", gressName(v.set.Dir))
	case !single && t.Gress != 0:
		return bad("both gresses have the same rows: write them in both")
	}
	switch single := v.scope.parser == scopeSingle; {
	case single && !v.hasParser(t.Parser-1):
		return bad("each parser has rows of its own: write those of one (parsers: %s)", v.parsers())
	case !single && t.Parser != 0:
		return bad("all parsers have the same rows: write them in all, not in parser %d", t.Parser-1)
	case single:
		s.parser = v.parserGroup(t.Parser - 1)
	}
	if v.scope.symmetric() {
		if t.Pipe != 0 {
			return bad("the table is symmetric: write it in all pipes, not in pipe %d", t.Pipe-1)
		}
		return s, nil
	}
	var firsts []pipeState
	for i, g := range v.groups {
		if g[0].pipe == t.Pipe-1 {
			s.group = i
			return s, nil
		}
		firsts = append(firsts, g[0])
	}
	return bad("each scope has rows of its own: write in the first pipe of one (pipes: %s)", pipeNames(firsts))
}

func gressName(d ir.Dir) string {
	if d == ir.Egress {
		return "egress"
	}
	return "ingress"
}

// step between the numbers of the parsers that have rows of their own.
func (v *valueSetTable) step() int {
	if v.store.target == ir.Tofino2 {
		return 4
	}
	return 1
}

func (v *valueSetTable) parserGroup(parser int) int { return parser / v.step() }

func (v *valueSetTable) hasParser(n int) bool {
	return n >= 0 && n%v.step() == 0 && v.parserGroup(n) < parserGroups(v.store.target)
}

func (v *valueSetTable) parsers() string {
	last := (parserGroups(v.store.target) - 1) * v.step()
	if v.step() == 1 {
		return fmt.Sprintf("0 to %d", last)
	}
	return fmt.Sprintf("0, %d, ... %d", v.step(), last)
}

// shown is a scope as entries say it.
func (v *valueSetTable) shown(s parserScope) (t Target) {
	if !v.scope.symmetric() {
		t = OnePipe(v.groups[s.group][0].pipe)
	}
	if v.scope.gress == scopeSingle {
		t.Gress = int(v.set.Dir) + 1
	}
	if v.scope.parser == scopeSingle {
		t.Parser = s.parser*v.step() + 1
	}
	return t
}

// within tells whether a row is in the target of a reader.
func (v *valueSetTable) within(r *valueSetRow, t Target) bool {
	if t.Parser != 0 && v.scope.parser == scopeSingle && (!v.hasParser(t.Parser-1) || r.in.parser != v.parserGroup(t.Parser-1)) {
		return false
	}
	if t.Gress != 0 && t.Gress != int(v.set.Dir)+1 {
		return false
	}
	if t.Pipe == 0 || v.scope.symmetric() {
		return true
	}
	for _, p := range v.groups[r.in.group] {
		if p.pipe == t.Pipe-1 {
			return true
		}
	}
	return false
}

// Attribute reads EntryScope. What the driver reports as args is the gress.
func (v *valueSetTable) Attribute(t Target, name string) ([]DataField, error) {
	const op = "read attribute of"
	switch {
	case name != attrEntryScope:
		return nil, noAttribute(op, v.spec, name)
	case v.scope.gress == scopeSingle && t.Gress != int(v.set.Dir)+1:
		return nil, v.fail(op, ErrInvalid, "%s: each gress has a scope of its own: read that of %s", name, gressName(v.set.Dir))
	case t.Gress != 0:
		return v.scope.fields(uint64(t.Gress - 1)), nil
	}
	return v.scope.fields(0xff), nil
}

// SetAttribute sets EntryScope.
func (v *valueSetTable) SetAttribute(_ Target, name string, data []DataField) error {
	const op = "set attribute of"
	if name != attrEntryScope {
		return noAttribute(op, v.spec, name)
	}
	to, err := parseScope(data)
	if err == nil && len(v.rows) > 0 && to != v.scope {
		err = fmt.Errorf("the set has %d rows: it must be empty", len(v.rows))
	}
	if err == nil {
		err = v.divide(to)
	}
	if err != nil {
		return v.fail(op, ErrInvalid, "%s: %v", name, err)
	}
	return nil
}

func (v *valueSetTable) divide(to scopeValues) error {
	groups, left, err := to.groups(v.pipes)
	if err != nil {
		return err
	}
	v.scope, v.groups, v.left = to, groups, left
	v.publish()
	return nil
}

// inScope counts the rows of a scope.
func (v *valueSetTable) inScope(s parserScope) (n int) {
	for _, r := range v.rows {
		if r.in == s {
			n++
		}
	}
	return n
}

// Write changes rows.
func (v *valueSetTable) Write(t Target, u *Update) (func(), error) {
	op, e := u.Op, &u.Entry
	name := opName(op, e)
	switch {
	case e.Default:
		return nil, v.fail(name, ErrNotSupported, "the table has no default entry")
	case op != Insert && op != Delete:
		return nil, v.refuse(op, e, "add, delete, clear")
	}
	in, err := v.at(name, t)
	if err != nil {
		return nil, err
	}
	if op == Delete && len(e.Key) == 0 {
		return v.clear(in), nil
	}
	r, err := v.parse(name, e.Key)
	if err != nil {
		return nil, err
	}
	r.in = in
	old := v.rows[r.id()]
	if op == Delete {
		if old == nil {
			return nil, v.fail(name, ErrNotFound, "no row with this key")
		}
		return v.delete(old), nil
	}
	switch {
	case old != nil:
		return nil, v.fail(name, ErrExists, "a row with this key is there")
	case len(e.Data) > 0 || e.Action != "":
		return nil, v.fail(name, ErrInvalid, "rows have no data")
	case v.inScope(in) >= v.set.Size:
		return nil, v.fail(name, ErrFull, "all %d rows are in use", v.set.Size)
	}
	v.rows[r.id()] = r
	r.handle = v.order.add(r)
	v.publish()
	return func() {
		delete(v.rows, r.id())
		v.order.remove(r.handle)
		v.publish()
	}, nil
}

func (r *valueSetRow) id() string {
	b := binary.BigEndian.AppendUint32([]byte{byte(r.in.group), byte(r.in.parser)}, uint32(len(r.pat.value)))
	return string(append(append(b, r.pat.value...), r.pat.mask...))
}

// publish makes the parsers of all pipes see the rows.
func (v *valueSetTable) publish() {
	parsers := 1
	if v.scope.parser == scopeSingle {
		parsers = parserGroups(v.store.target)
	}
	for i, g := range v.groups {
		pats := make([][]*pattern, parsers)
		for _, r := range v.order.all() {
			if r.in.group == i {
				pats[r.in.parser] = append(pats[r.in.parser], r.pat)
			}
		}
		for _, p := range g {
			p.ValueSets[v.index].publish(pats)
		}
	}
	for _, p := range v.left {
		p.ValueSets[v.index].publish([][]*pattern{nil})
	}
}

func (v *valueSetTable) delete(r *valueSetRow) func() {
	delete(v.rows, r.id())
	v.order.remove(r.handle)
	v.publish()
	return func() {
		v.rows[r.id()] = r
		v.order.restore(r.handle, r)
		v.publish()
	}
}

func (v *valueSetTable) clear(in parserScope) func() {
	var undos []func()
	for _, r := range v.order.all() {
		if r.in == in {
			undos = append(undos, v.delete(r))
		}
	}
	return undoAll(undos)
}

// parse reads a row's key. Every field is ternary, whatever the program
// declares (bfrt.md section 9); one not given matches anything.
func (v *valueSetTable) parse(op string, key []KeyField) (*valueSetRow, error) {
	if len(key) == 0 {
		return nil, v.fail(op, ErrInvalid, "no key given (key fields: %s)", choices(v.keys.names))
	}
	kinds := make([]ir.MatchKind, len(v.set.Widths))
	r := &valueSetRow{keys: make([]ir.KeyMatch, len(kinds))}
	for i, w := range v.set.Widths {
		kinds[i] = ir.Ternary
		r.keys[i].Value = make([]byte, (w+7)/8)
		wildcard(&r.keys[i], ir.Ternary, w)
	}
	for i := range key {
		n, err := v.keys.find(key[i].Name)
		if err != nil {
			return nil, v.fail(op, ErrInvalid, "key field: %v", err)
		}
		if err := parseKey(&r.keys[n], ir.Ternary, v.set.Widths[n], &key[i]); err != nil {
			return nil, v.failField(op, "key field", v.spec.Key[n].Name, err)
		}
	}
	r.pat = makePattern(r.keys, kinds, v.set.Widths)
	return r, nil
}

// Usage is the number of rows in the target.
func (v *valueSetTable) Usage(t Target) (int, error) {
	v.store.mu.Lock()
	defer v.store.mu.Unlock()
	n := 0
	for _, r := range v.rows {
		if v.within(r, t) {
			n++
		}
	}
	return n, nil
}

// Read yields one row or all, in the order of their handles.
func (v *valueSetTable) Read(t Target, q *Query) iter.Seq2[*TableEntry, error] {
	return func(yield func(*TableEntry, error) bool) {
		rows, err := v.find(t, q)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, r := range rows {
			e := &TableEntry{Table: v.spec.Name, Handle: r.handle, Scope: v.shown(r.in)}
			for i, k := range r.keys {
				e.Key = append(e.Key, KeyField{Name: v.spec.Key[i].Name, Value: clone(k.Value), Mask: clone(k.Mask)})
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

func (v *valueSetTable) find(t Target, q *Query) ([]*valueSetRow, error) {
	if q.Default {
		return nil, v.fail("read default of", ErrNotSupported, "the table has no default entry")
	}
	v.store.mu.Lock()
	defer v.store.mu.Unlock()
	if q.Handle != 0 {
		r, ok := v.order.get(q.Handle)
		if !ok {
			return nil, v.noHandle(q.Handle)
		}
		return []*valueSetRow{r}, nil
	}
	var rows []*valueSetRow
	for _, r := range v.order.all() {
		if v.within(r, t) {
			rows = append(rows, r)
		}
	}
	if len(q.Key) == 0 {
		return rows, nil
	}
	want, err := v.parse("read", q.Key)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		if want.in = r.in; want.id() == r.id() {
			return []*valueSetRow{r}, nil
		}
	}
	return nil, v.fail("read", ErrNotFound, "no row with this key")
}
