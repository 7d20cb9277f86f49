package tables

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"

	"gofino/pipeline/ir"
)

// Store is the run-time state of a program in every pipe, behind the table API.
// One lock serialises everything the control plane does; the packet path never
// takes it.
type Store struct {
	schema *Schema  // immutable once traffic or controllers run
	states []*State // by pipe; nil where another program runs
	names  nameIndex
	tables []Table // as schema.Tables
	own    int     // how many of them NewStore made
	target ir.Target

	mu *sync.Mutex // guards all that the tables hold for the control plane

	hub     hub
	digests [][]digestLayout // by pipe, then digest; immutable
	matches []*matchScopes   // immutable slice
	links   []func()         // see relink; immutable slice
	due     atomic.Int64     // when the next sweep is due; written under mu
	now     func() int64     // the clock; set before traffic starts, as wake
	wake    func()
	// memberOrder: members of a group lie in the order in which they are given;
	// otherwise those that are there stay in their places.
	memberOrder atomic.Bool

	running   [][]pipeState              // the pipes of each pipeline; immutable
	placed    func(pipeline int) [][]int // see Place; set before anyone uses the store
	debugging bool                       // the debug counters count; guarded by mu
}

// SetMemberOrder says whether groups of selectors keep their members in the order
// in which they are given (device configuration selector_member_order).
func (s *Store) SetMemberOrder(on bool) { s.memberOrder.Store(on) }

var _ API = (*Store)(nil)

// NewStore makes the state of a program in so many pipes, with the program's
// own entries and default actions in place.
func NewStore(p *ir.Program, pipes int) (*Store, error) {
	return newStore(Part{Program: p}, pipes, new(sync.Mutex))
}

// Part is a program and the pipes that run it; nil is all pipes.
type Part struct {
	Program *ir.Program
	Pipes   []int
}

// runs tells whether a pipe runs the program.
func (p *Part) runs(pipe int) bool { return p.Pipes == nil || slices.Contains(p.Pipes, pipe) }

// NewStores makes the stores of several programs that share a chip of so many
// pipes. One lock serialises the control planes of all of them, since the
// chip's own tables (Add) are behind each.
func NewStores(parts []Part, pipes int) ([]*Store, error) {
	mu := new(sync.Mutex)
	out := make([]*Store, len(parts))
	for i := range parts {
		var err error
		if out[i], err = newStore(parts[i], pipes, mu); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func newStore(part Part, pipes int, mu *sync.Mutex) (*Store, error) {
	p := part.Program
	if pipes < 1 || len(p.Pipelines) == 0 {
		return nil, fmt.Errorf("make tables of %s: %d pipelines in %d pipes", p.Name, len(p.Pipelines), pipes)
	}
	st := &Store{schema: &Schema{}, target: p.Target, mu: mu, now: func() int64 { return 0 }, wake: func() {}}
	st.due.Store(noSweep)
	shared := make([]*shared, len(p.Pipelines))
	for i, pl := range p.Pipelines {
		shared[i] = newShared(pl)
		for j, t := range pl.Tables {
			shared[i].sets[j].program(t)
		}
	}
	running := make([][]pipeState, len(p.Pipelines))
	st.states, st.digests = make([]*State, pipes), make([][]digestLayout, pipes)
	for pipe := range pipes {
		if !part.runs(pipe) {
			continue
		}
		n := pipelineOf(p, pipe)
		s := newState(p.Pipelines[n], shared[n], p.Target)
		s.addTimed(p.Pipelines[n], spClock(p.Target))
		st.states[pipe], st.digests[pipe] = s, newDigestLayouts(p.Pipelines[n])
		running[n] = append(running[n], pipeState{pipe, s})
	}
	for i := range p.Pipelines {
		// A pipeline that no pipe runs keeps its tables: in a state of no pipe.
		if len(running[i]) == 0 {
			s := newState(p.Pipelines[i], shared[i], p.Target)
			s.addTimed(p.Pipelines[i], spClock(p.Target))
			running[i] = []pipeState{{-1, s}}
		}
	}
	st.running = running
	st.build(p, shared)
	st.own = len(st.tables)
	st.reindex()
	return st, nil
}

// pipelineOf is the index of the pipeline that a pipe runs.
func pipelineOf(p *ir.Program, pipe int) int {
	if len(p.Scope) == 0 {
		return 0
	}
	return p.Scope[pipe%len(p.Scope)]
}

// build makes the table behind each spec; what refers to profiles and selectors
// is joined once all are there.
func (s *Store) build(p *ir.Program, shared []*shared) {
	type at struct{ pipeline, index int }
	profiles, selectors := map[at]*scoped[*profileTable]{}, map[at]*scoped[*selectorTable]{}
	dyn := dynamicTables{store: s, program: p, hashes: map[*ir.Hash]*dynHash{}, snapshots: map[*ir.Pipeline]*snapshotGroup{}}
	built, digests := buildSchema(p)
	s.schema.Digests = digests
	s.tables = make([]Table, len(built))
	for i, b := range built {
		spec := b.spec
		s.schema.Tables = append(s.schema.Tables, spec)
		pl, key := p.Pipelines[b.pipeline], at{b.pipeline, b.index}
		pipes, sh := s.running[b.pipeline], shared[b.pipeline]
		switch b.kind {
		case kindMatch:
			s.tables[i] = newMatchScopes(s, spec, pl, b.index, sh.sets[b.index], pipes)
		case kindProfile:
			mk := func([]pipeState) *profileTable { return newProfileTable(s, spec, pl, pl.Profiles[b.index]) }
			profiles[key] = newScoped(s, spec, pipes, mk(pipes), mk)
			s.tables[i] = profiles[key]
		case kindSelector:
			sel := newSelectorScopes(s, spec, pl.Selectors[b.index], pipes)
			s.tables[i], selectors[key] = sel, sel.scoped
		case kindGetMember:
			s.tables[i] = &getMemberTable{base: newBase(spec)}
		case kindCounter:
			s.tables[i] = &counterTable{base: newBase(spec), store: s, size: pl.Counters[b.index].Size, cells: counterCells{pipes: pipes, index: b.index}}
		case kindRegister:
			s.tables[i] = &registerTable{base: newBase(spec), store: s, size: pl.Registers[b.index].Size, cells: registerCells{pipes: pipes, index: b.index}}
		case kindMeter:
			s.tables[i] = newMeterTable(s, spec, pl.Meters[b.index], b.index, pipes)
		case kindFilter:
			s.tables[i] = newFilterTable(s, spec, pl.Filters[b.index], b.index, pipes)
		case kindParam:
			s.tables[i] = newParamTable(s, spec, pl.RegParams[b.index], sh.params[b.index])
		case kindValueSet:
			s.tables[i] = newValueSetTable(s, spec, pl.ValueSets[b.index], b.index, pipes)
		case kindPortMetadata:
			s.tables[i] = newPortMetadataTable(s, spec, pl.PortMetadata, pipes)
		default:
			s.tables[i] = dyn.table(b, pl, sh, pipes)
		}
	}
	for i, b := range built {
		pl := p.Pipelines[b.pipeline]
		switch t := s.tables[i].(type) {
		case *matchScopes:
			s.matches = append(s.matches, t)
			if t.t.Selector >= 0 {
				t.follow(profiles[at{b.pipeline, pl.Selectors[t.t.Selector].Profile}], selectors[at{b.pipeline, t.t.Selector}])
			} else if t.t.Profile >= 0 {
				t.follow(profiles[at{b.pipeline, t.t.Profile}], nil)
			}
		case *selectorScopes:
			prof := profiles[at{b.pipeline, pl.Selectors[b.index].Profile}]
			s.links = append(s.links, func() {
				for _, p := range t.everywhere() {
					p.t.profile = prof.same(p.pipes)
				}
			})
		case *getMemberTable:
			t.sel = selectors[at{b.pipeline, b.index}]
		}
	}
	s.relink()
}

// relink makes tables that refer to each other do so in their scopes.
func (s *Store) relink() {
	for _, l := range s.links {
		l()
	}
}

func (s *Store) reindex() {
	names := make([]string, len(s.schema.Tables))
	for i, t := range s.schema.Tables {
		names[i] = t.Name
	}
	s.names = newNameIndex(names)
}

// Add puts another table behind the API: the model's fixed ones. Its Write is
// called with the store's lock held, so it must not call the store; the other
// methods are called without. Call it before anyone uses the store.
func (s *Store) Add(t Table) {
	s.schema.Tables = append(s.schema.Tables, t.Spec())
	s.tables = append(s.tables, t)
	s.reindex()
}

// State of a pipe, for its packet path; nil where another program runs.
func (s *Store) State(pipe int) *State { return s.states[pipe] }

// Schema describes every table.
func (s *Store) Schema() *Schema { return s.schema }

// table finds a table by its name.
func (s *Store) table(op, name string) (Table, error) {
	i, err := s.names.find(name)
	if err != nil {
		return nil, &Error{Op: op, Table: name, Err: ErrNotFound, Detail: err.Error()}
	}
	return s.tables[i], nil
}

// settler is a table that must know when a batch ends.
type settler interface{ settle() }

// Write applies the updates in order.
func (s *Store) Write(ctx context.Context, t Target, updates []Update, a Atomicity) error {
	s.catchUp()
	s.mu.Lock()
	defer s.mu.Unlock()
	errs := make([]error, 0, len(updates))
	var undos []func()
	var touched []settler
	failed := false
	for i := range updates {
		undo, err := s.update(ctx, t, &updates[i], &touched)
		errs = append(errs, err)
		if err == nil {
			if a == RollbackOnError {
				undos = append(undos, undo)
			}
			continue
		}
		failed = true
		if a == RollbackOnError || ctx.Err() != nil {
			break
		}
	}
	if failed {
		for i := len(undos) - 1; i >= 0; i-- {
			undos[i]()
		}
	}
	for _, t := range touched {
		t.settle()
	}
	if !failed {
		return nil
	}
	return &BatchError{Errs: errs, RolledBack: a == RollbackOnError}
}

func (s *Store) update(ctx context.Context, t Target, u *Update, touched *[]settler) (func(), error) {
	name := opName(u.Op, &u.Entry)
	if u.At != nil {
		t = *u.At
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("%s %s: %w", name, u.Entry.Table, err)
	}
	tb, err := s.table(name, u.Entry.Table)
	if err != nil {
		return nil, err
	}
	if u.Op < Insert || u.Op > Reset {
		return nil, &Error{Op: name, Table: tb.Spec().Name, Err: ErrInvalid, Detail: "no such operation"}
	}
	if t.Pipe < 0 || t.Pipe > len(s.states) {
		return nil, &Error{Op: name, Table: tb.Spec().Name, Err: ErrInvalid, Detail: s.noPipe(t)}
	}
	if st, ok := tb.(settler); ok && !slices.Contains(*touched, st) {
		*touched = append(*touched, st)
	}
	u.Existed, u.Missing = false, false
	undo, err := tb.Write(t, u)
	u.Existed = err == nil && u.Existed && u.Op == InsertOrModify
	if err != nil && u.IgnoreMissing && u.Op == Delete && errors.Is(err, ErrNotFound) {
		u.Missing = true
		return func() {}, nil
	}
	return undo, err
}

func (s *Store) noPipe(t Target) string {
	return fmt.Sprintf("no pipe %d (pipes: 0 to %d)", t.Pipe-1, len(s.states)-1)
}

// find is what the operations other than Write begin with.
func (s *Store) find(ctx context.Context, op string, t Target, table string) (Table, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("%s %s: %w", op, table, err)
	}
	tb, err := s.table(op, table)
	if err != nil {
		return nil, err
	}
	if t.Pipe < 0 || t.Pipe > len(s.states) {
		return nil, &Error{Op: op, Table: tb.Spec().Name, Err: ErrInvalid, Detail: s.noPipe(t)}
	}
	return tb, nil
}

// Read yields entries; it stops at the first error.
func (s *Store) Read(ctx context.Context, t Target, q Query) iter.Seq2[*TableEntry, error] {
	return func(yield func(*TableEntry, error) bool) {
		tb, err := s.find(ctx, "read", t, q.Table)
		if err != nil {
			yield(nil, err)
			return
		}
		for e, err := range tb.Read(t, &q) {
			if err == nil && ctx.Err() != nil {
				e, err = nil, fmt.Errorf("read %s: %w", q.Table, ctx.Err())
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// Usage is the number of entries in a table.
func (s *Store) Usage(ctx context.Context, t Target, table string) (int, error) {
	tb, err := s.find(ctx, "count", t, table)
	if err != nil {
		return 0, err
	}
	return tb.Usage(t)
}

// operator is a table with operations.
type operator interface {
	Operation(t Target, op string) error
}

// Operation runs a table operation.
func (s *Store) Operation(ctx context.Context, t Target, table, op string) error {
	tb, err := s.find(ctx, "operate on", t, table)
	if err != nil {
		return err
	}
	o, ok := tb.(operator)
	if !ok {
		return &Error{Op: "operate on", Table: tb.Spec().Name, Err: ErrNotSupported,
			Detail: fmt.Sprintf("no operation %q (operations: %s)", op, choices(tb.Spec().Operations))}
	}
	s.catchUp()
	s.mu.Lock()
	defer s.mu.Unlock()
	return o.Operation(t, op)
}
