package tables

import (
	"context"
	"errors"
	"fmt"
	"iter"
)

// API is the table API: everything that controls a switch goes through it. The
// model implements it in memory; agent.Client implements it over BFRuntime.
//
// Table, key, field and action names are the chip's full names
// ("pipe.SwitchIngress.ipv4_lpm", "$pre.node"); any dotted suffix that is
// unique works too.
type API interface {
	// Schema describes every table. Shared: do not modify.
	Schema() *Schema
	// Write applies the updates in order. The error is nil when all succeeded;
	// otherwise it is a *BatchError naming each failed update (with
	// ContinueOnError) or the one that made all of them be undone.
	Write(ctx context.Context, t Target, updates []Update, a Atomicity) error
	// Read yields entries; it stops at the first error.
	Read(ctx context.Context, t Target, q Query) iter.Seq2[*TableEntry, error]
	// Usage is the number of entries in a table.
	Usage(ctx context.Context, t Target, table string) (int, error)
	// Operation runs a table operation ("SyncCounters", ...).
	Operation(ctx context.Context, t Target, table, op string) error
	// Attributes of tables.
	Attributer
}

// Target selects where an operation acts. The zero value is everywhere: all
// pipes, both gresses, all parsers.
type Target struct {
	// Pipe is a pipe number + 1, or 0 for all pipes.
	Pipe int
	// Gress is 1 for ingress, 2 for egress, or 0 for both. Only value sets look
	// at it.
	Gress int
	// Parser is a parser's number in its pipe + 1, or 0 for all. Only value sets
	// look at it.
	Parser int
}

// AllPipes is the usual target.
var AllPipes = Target{}

// OnePipe targets a single pipe.
func OnePipe(p int) Target { return Target{Pipe: p + 1} }

// Atomicity of a batch.
type Atomicity uint8

const (
	ContinueOnError Atomicity = iota
	RollbackOnError
)

// Op is what an Update does.
type Op uint8

const (
	Insert Op = iota + 1
	Modify
	InsertOrModify
	// ModifyInc adds to, or with Update.Remove removes from, a list field
	// ($pre.mgid, $pre.ecmp).
	ModifyInc
	Delete // without Entry.Key: clear the table
	Reset
)

// Update is one change.
type Update struct {
	Op     Op
	Remove bool // ModifyInc only
	// KeepTTL and KeepStats: a modified entry keeps its time to live, its direct
	// counters; otherwise what the data does not give starts anew (BFRuntime's
	// reset_ttl and reset_stats, which are set unless a client clears them).
	KeepTTL, KeepStats bool
	// IgnoreMissing: to delete an entry that is not there is no error.
	IgnoreMissing bool
	// At is where the update acts; nil: in the target of the Write. Updates of one
	// batch may act in different scopes.
	At    *Target
	Entry TableEntry
	// Existed is set by Write: an InsertOrModify found the entry and modified it.
	Existed bool
	// Missing is set by Write: with IgnoreMissing, the entry was not there.
	Missing bool
}

// TableEntry is one entry of a table as the control plane sees it.
type TableEntry struct {
	Table string
	// Default: the table's default entry; Key is empty.
	Default bool
	Key     []KeyField
	Action  string // "" where the table has no actions
	Data    []DataField
	// Handle is set by reads: a number for Query.Handle, 0 in tables without.
	Handle uint32
	// Scope is set by reads: the part of the switch that the entry is in, where
	// the table's EntryScope gives each pipe entries of its own.
	Scope Target
}

// KeyField is one element of a key. Value (and Mask, High) are big-endian byte
// strings; shorter ones are extended with zeros, longer ones must fit.
type KeyField struct {
	Name      string
	Value     []byte // exact, ternary, lpm, low end of a range
	Mask      []byte // ternary
	PrefixLen int    // lpm
	High      []byte // high end of a range
	Str       string // string keys ($PORT_NAME)
}

// DataField is one data field or action parameter.
type DataField struct {
	Name  string
	Value Value
}

// Value of a data field: one of []byte (big-endian; every bit<N> and integer
// type), bool, string, float32, []uint32, []bool, []string, or [][]DataField
// (containers). A register's per-pipe values read as [][]byte.
type Value any

// Query selects what Read yields. Without Key and Default: every entry, then
// the default entry.
type Query struct {
	Table   string
	Default bool
	Key     []KeyField
	// Handle, if not 0, selects the entry with this handle instead of a key.
	Handle uint32
	// Action, if set, must be the action of an entry read by key; it gives Fields
	// that are action parameters their meaning.
	Action string
	// Fields limits the data fields returned; nil means all.
	Fields []string
	// FromHW reads counters and registers from the pipes instead of the copy
	// made by the last Sync operation.
	FromHW  bool
	KeyOnly bool
}

// Causes, compared with errors.Is.
var (
	ErrExists       = errors.New("already exists")
	ErrNotFound     = errors.New("object not found")
	ErrFull         = errors.New("not enough space")
	ErrInvalid      = errors.New("invalid arguments")
	ErrNotSupported = errors.New("not supported")
	ErrReadOnly     = errors.New("read-only")
	ErrInUse        = errors.New("in use")
)

// Error is a failed operation on one table.
type Error struct {
	Op     string // "add", "modify", ...
	Table  string
	Err    error  // one of the causes
	Detail string // names the field and the valid choices
}

func (e *Error) Error() string {
	if e.Detail == "" {
		return fmt.Sprintf("%s %s: %v", e.Op, e.Table, e.Err)
	}
	return fmt.Sprintf("%s %s: %v: %s", e.Op, e.Table, e.Err, e.Detail)
}

func (e *Error) Unwrap() error { return e.Err }

// BatchError says which updates of a batch failed.
type BatchError struct {
	// Errs[i] is the error of update i; nil where it succeeded. Updates after
	// the last index were not tried.
	Errs       []error
	RolledBack bool
}

func (e *BatchError) Error() string {
	for i, err := range e.Errs {
		if err != nil {
			return fmt.Sprintf("update %d: %v", i, err)
		}
	}
	return "batch failed"
}

// Unwrap gives errors.Is the individual errors.
func (e *BatchError) Unwrap() []error {
	var out []error
	for _, err := range e.Errs {
		if err != nil {
			out = append(out, err)
		}
	}
	return out
}

// Table is one table behind the API. Match tables, counters and the rest are
// made by NewStore; the model adds its fixed tables ($pre.*, $mirror.cfg,
// $PORT) with Store.Add. Every mutating call is all or nothing and returns how
// to undo it.
type Table interface {
	Spec() *TableSpec
	Write(t Target, u *Update) (undo func(), err error)
	Read(t Target, q *Query) iter.Seq2[*TableEntry, error]
	Usage(t Target) (int, error)
}
