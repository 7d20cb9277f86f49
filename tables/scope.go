package tables

import (
	"fmt"
	"iter"
	"math/bits"
	"strings"

	"gofino/internal/snap"
)

// Entry scopes (bfrt.md sections 2 and 6). The entries of a table are the same in
// every pipe, or each pipe, or each group of pipes that a controller names, has
// entries of its own. The attribute EntryScope of a match table says which; a
// profile and a selector follow the match table that uses them. Only empty tables
// change their scope.

// attrEntryScope is the attribute's name. Its record: for pipe_scope, and as
// value sets have them gress_scope and prsr_scope, one of the choices; *_args,
// which for value sets names the gress; pipe_scope_user_defined: a bitmap of
// pipes in each byte.
const attrEntryScope = "EntryScope"

const (
	scopeAll    = "ALL"
	scopeSingle = "SINGLE"
	scopeUser   = "USER_DEFINED"
)

var (
	scopeKinds  = []string{scopeAll, scopeSingle, scopeUser}
	scopeFields = []string{"gress_scope", "gress_scope_args", "pipe_scope", "pipe_scope_args", "pipe_scope_user_defined", "prsr_scope", "prsr_scope_args"}
)

// scope is how pipes share entries.
type scope struct {
	kind string // "" for scopeAll
	user uint64 // of scopeUser
}

func (s scope) symmetric() bool { return s.kind == "" }

// scopeValues is a parsed EntryScope.
type scopeValues struct {
	scope
	gress, parser string
}

func parseScope(data []DataField) (out scopeValues, err error) {
	v, err := attributeFields(data, scopeFields...)
	if err != nil {
		return out, err
	}
	simple := scopeKinds[:2]
	gress, e0 := choiceValue(v[0], simple, scopeAll)
	_, e1 := wordValue(v[1], 64, 0)
	kind, e2 := choiceValue(v[2], scopeKinds, scopeAll)
	_, e3 := wordValue(v[3], 64, 0)
	user, e4 := wordValue(v[4], 64, 0)
	parser, e5 := choiceValue(v[5], simple, scopeAll)
	_, e6 := wordValue(v[6], 64, 0)
	if err := errFirst(scopeFields, e0, e1, e2, e3, e4, e5, e6); err != nil {
		return out, err
	}
	out = scopeValues{gress: gress, parser: parser}
	if kind != scopeAll {
		out.kind = kind
	}
	if kind == scopeUser {
		out.user = user
	}
	return out, nil
}

// parsePipeScope reads the scope of a table that has none by gress and parser.
func parsePipeScope(data []DataField) (scope, error) {
	v, err := parseScope(data)
	if err == nil && (v.gress != scopeAll || v.parser != scopeAll) {
		err = fmt.Errorf("field gress_scope, prsr_scope: only value sets have one (choices: %s)", scopeAll)
	}
	return v.scope, err
}

// fields is the record of a scope. args is what the chip's driver reports there:
// the gress that was asked about.
func (s scopeValues) fields(args uint64) []DataField {
	def := func(kind string) string {
		if kind == "" {
			return scopeAll
		}
		return kind
	}
	out := []DataField{{"gress_scope", def(s.gress)}, {"pipe_scope", def(s.kind)}}
	if s.kind == scopeUser {
		out = append(out, DataField{"pipe_scope_user_defined", wordBytes(s.user, 64)})
	} else {
		out = append(out, DataField{"pipe_scope_args", wordBytes(args, 64)})
	}
	return append(out, DataField{"prsr_scope", def(s.parser)}, DataField{"prsr_scope_args", wordBytes(args, 64)})
}

// groups divides a table's pipes. What is left are pipes in no scope.
func (s scope) groups(pipes []pipeState) (groups [][]pipeState, left []pipeState, err error) {
	switch {
	case s.symmetric():
		return [][]pipeState{pipes}, nil, nil
	case s.kind == scopeSingle:
		for i := range pipes {
			groups = append(groups, pipes[i:i+1])
		}
		return groups, nil, nil
	}
	taken := uint64(0)
	for m := s.user; m != 0; m >>= 8 {
		var g []pipeState
		for _, p := range pipes {
			if p.pipe >= 0 && m&0xff>>p.pipe&1 != 0 {
				g = append(g, p)
			}
		}
		switch {
		case len(g) != bits.OnesCount64(m&0xff):
			return nil, nil, fmt.Errorf("%#x names pipes that do not have the table (pipes: %s)", s.user, pipeNames(pipes))
		case taken&m&0xff != 0:
			return nil, nil, fmt.Errorf("%#x has a pipe in two scopes", s.user)
		}
		taken |= m & 0xff
		if len(g) > 0 {
			groups = append(groups, g)
		}
	}
	if len(groups) == 0 {
		return nil, nil, fmt.Errorf("it has no pipe in any scope (a bitmap of pipes in each byte of pipe_scope_user_defined)")
	}
	for _, p := range pipes {
		if p.pipe < 0 || taken>>p.pipe&1 == 0 {
			left = append(left, p)
		}
	}
	return groups, left, nil
}

func pipeNames(pipes []pipeState) string {
	out := make([]string, len(pipes))
	for i, p := range pipes {
		out[i] = fmt.Sprint(p.pipe)
	}
	return strings.Join(out, ", ")
}

// scopedPart is what a table has in one scope.
type scopedPart interface {
	Table
	count() int
	place(n int, at Target)    // what its handles and its entries say of where they are
	save(e *snap.Encoder)      // as saver
	load(d *snap.Decoder)      // as saver
	dump(d *dumper)            // for the state's hash
	moved(from []scopedPart)   // it has taken the place of these
	install(pipes []pipeState) // its pipes read it from now on
}

// inScope is a part of a table and its pipes, the lowest first: controllers name
// the scope by that one.
type inScope[T scopedPart] struct {
	pipes []pipeState
	t     T
}

func (p *inScope[T]) has(pipe int) bool {
	for _, s := range p.pipes {
		if s.pipe == pipe {
			return true
		}
	}
	return false
}

// scoped is a table with entry scopes: a part for each. The store's mu guards it.
type scoped[T scopedPart] struct {
	base
	store  *Store
	pipes  []pipeState               // all that have the table; immutable
	make   func(pipes []pipeState) T // an empty part; immutable
	strict bool                      // the driver's copy of an entry is found in the scope's first pipe only; immutable

	scope scope
	parts []inScope[T]
	left  inScope[T] // of pipes in no scope: always empty
}

func newScoped[T scopedPart](st *Store, spec *TableSpec, pipes []pipeState, first T, mk func([]pipeState) T) *scoped[T] {
	return &scoped[T]{base: newBase(spec), store: st, pipes: pipes, make: mk, parts: []inScope[T]{{pipes, first}}}
}

// scopeShift is where a handle has the number of its scope.
const scopeShift = 28

// divide gives the table other scopes, all of them empty.
func (s *scoped[T]) divide(to scope) error {
	groups, left, err := to.groups(s.pipes)
	if err != nil || to == s.scope {
		return err
	}
	var old []scopedPart
	for _, p := range s.parts {
		old = append(old, p.t)
	}
	s.scope, s.parts, s.left = to, nil, inScope[T]{}
	for i, g := range groups {
		t := s.make(g)
		at := Target{}
		if !to.symmetric() {
			at = OnePipe(g[0].pipe)
		}
		t.place(i, at)
		s.parts = append(s.parts, inScope[T]{g, t})
	}
	if len(left) > 0 {
		s.left = inScope[T]{left, s.make(left)}
	}
	for _, p := range s.everywhere() {
		p.t.moved(old)
		p.t.install(p.pipes)
	}
	s.store.relink()
	return nil
}

// everywhere is the parts and what is left.
func (s *scoped[T]) everywhere() []inScope[T] {
	if s.left.pipes == nil {
		return s.parts
	}
	return append(s.parts[:len(s.parts):len(s.parts)], s.left)
}

// same finds the part with these pipes. Where the scopes of two tables differ,
// what refers from one to the other finds nothing.
func (s *scoped[T]) same(pipes []pipeState) T {
	for _, p := range s.everywhere() {
		if len(p.pipes) == len(pipes) && p.has(pipes[0].pipe) && p.has(pipes[len(pipes)-1].pipe) {
			return p.t
		}
	}
	return s.make(pipes)
}

func (s *scoped[T]) count() int {
	n := 0
	for _, p := range s.parts {
		n += p.t.count()
	}
	return n
}

// firsts are the pipes that name the scopes.
func (s *scoped[T]) firsts() string {
	var out []pipeState
	for _, p := range s.parts {
		out = append(out, p.pipes[0])
	}
	return pipeNames(out)
}

// in is the part that a pipe has.
func (s *scoped[T]) in(pipe int) (*inScope[T], bool) {
	for i := range s.parts {
		if s.parts[i].has(pipe) {
			return &s.parts[i], true
		}
	}
	return nil, false
}

// Write changes entries of one scope.
func (s *scoped[T]) Write(t Target, u *Update) (func(), error) {
	if s.scope.symmetric() {
		return s.parts[0].t.Write(t, u)
	}
	p, ok := s.in(t.Pipe - 1)
	if !ok || p.pipes[0].pipe != t.Pipe-1 {
		return nil, s.fail(opName(u.Op, &u.Entry), ErrInvalid, "each scope has entries of its own: write in the first pipe of one (pipes: %s)", s.firsts())
	}
	return p.t.Write(AllPipes, u)
}

// Usage is the number of entries in the target.
func (s *scoped[T]) Usage(t Target) (int, error) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	if t.Pipe == 0 || s.scope.symmetric() {
		return s.count(), nil
	}
	if p, ok := s.in(t.Pipe - 1); ok {
		return p.t.count(), nil
	}
	return 0, nil
}

// Read yields the entries of the target. Which a controller finds by key or
// handle is the driver's rule: an entry of several pipes is read from the
// hardware of any of them, the driver's own copy (not FromHW) in the scope's
// first pipe, or for the scope of all pipes in all pipes, only.
func (s *scoped[T]) Read(t Target, q *Query) iter.Seq2[*TableEntry, error] {
	return func(yield func(*TableEntry, error) bool) {
		s.store.mu.Lock()
		parts, q, err := s.meant(t, q)
		s.store.mu.Unlock()
		if err != nil {
			yield(nil, err)
			return
		}
		for _, p := range parts {
			for e, err := range p.t.Read(t, q) {
				if !yield(e, err) || err != nil {
					return
				}
			}
		}
	}
}

// meant is the parts that a query is about.
func (s *scoped[T]) meant(t Target, q *Query) ([]inScope[T], *Query, error) {
	one := q.Handle != 0 || q.Default || len(q.Key) > 0
	if s.scope.symmetric() {
		if s.strict && t.Pipe != 0 && !q.FromHW && !q.Default && one {
			return nil, nil, s.fail("read", ErrNotFound, "the entries are of all pipes: the driver's copy is not of pipe %d", t.Pipe-1)
		}
		return s.parts, q, nil
	}
	at, found := s.in(t.Pipe - 1)
	switch {
	case t.Pipe == 0 && !one:
		return s.parts, q, nil
	case q.Handle != 0:
		n := int(q.Handle >> scopeShift)
		if n >= len(s.parts) {
			return nil, nil, s.noHandle(q.Handle)
		}
		p := s.parts[n]
		switch {
		case t.Pipe == 0 || q.FromHW && p.has(t.Pipe-1) || p.pipes[0].pipe == t.Pipe-1:
		case q.FromHW:
			return nil, nil, s.fail("read", ErrInvalid, "the entry with handle %d is not of pipe %d", q.Handle, t.Pipe-1)
		default:
			return nil, nil, s.noHandle(q.Handle)
		}
		here := *q
		here.Handle &= 1<<scopeShift - 1
		return []inScope[T]{p}, &here, nil
	case found && (q.FromHW || !one || q.Default || at.pipes[0].pipe == t.Pipe-1):
		return []inScope[T]{*at}, q, nil
	case q.Default:
		return nil, nil, s.fail("read default of", ErrInvalid, "each scope has a default entry of its own: read one (pipes: %s)", s.firsts())
	case !one:
		return nil, q, nil
	}
	return nil, nil, s.fail("read", ErrNotFound, "no entry with this key in this scope (pipes: %s)", s.firsts())
}

// setScope sets EntryScope; users are the tables that must follow.
func (s *scoped[T]) setScope(op string, data []DataField, follow ...follower) error {
	to, err := parsePipeScope(data)
	if err == nil {
		_, _, err = to.groups(s.pipes)
	}
	if err != nil {
		return s.fail(op, ErrInvalid, "%s: %v", attrEntryScope, err)
	}
	all := append([]follower{s}, follow...)
	for _, f := range all {
		if n := f.count(); n > 0 && f.now() != to {
			return s.fail(op, ErrNotSupported, "%s: %s has %d entries: it must be empty", attrEntryScope, f.Spec().Name, n)
		}
	}
	for _, f := range all {
		if err := f.divide(to); err != nil {
			panic("BUG: scopes that fit a table do not fit its profile: " + err.Error())
		}
	}
	return nil
}

// follower is a scoped table, whatever its parts.
type follower interface {
	Table
	count() int
	now() scope
	divide(to scope) error
}

func (s *scoped[T]) now() scope { return s.scope }

// save writes the scopes and their entries.
func (s *scoped[T]) save(e *snap.Encoder) {
	e.String(s.scope.kind)
	e.Uint(s.scope.user)
	for _, p := range s.everywhere() {
		p.t.save(e)
	}
}

func (s *scoped[T]) load(d *snap.Decoder) {
	to := scope{kind: d.String(), user: d.Uint()}
	if d.Err() != nil {
		return
	}
	switch to.kind {
	case "", scopeSingle, scopeUser:
	default:
		d.Fail("entries have a scope %q", to.kind)
		return
	}
	if err := s.divide(to); err != nil {
		d.Wrap(err)
		return
	}
	s.store.relink()
	for _, p := range s.everywhere() {
		p.t.load(d)
	}
}

func (s *scoped[T]) dump(d *dumper) {
	d.str(s.scope.kind)
	d.num(s.scope.user)
	for _, p := range s.everywhere() {
		p.t.dump(d)
	}
}
