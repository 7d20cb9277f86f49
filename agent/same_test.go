package agent_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"gofino/tables"
)

// chooser makes random operations on the tables of a schema, most of them valid.
type chooser struct {
	r      *rand.Rand
	schema *tables.Schema
	tables []*tables.TableSpec
}

// what is left out: tables that only answer, and those whose content is time or
// the world's.
func (c *chooser) fill() {
	for _, s := range c.schema.Tables {
		switch s.Type {
		case "SelectorGetMember", "DynHashCompute", "PortStat", "SnapshotData", "SnapshotLiveness":
		default:
			c.tables = append(c.tables, s)
		}
	}
}

func (c *chooser) bytes(t tables.TypeSpec) []byte {
	w := map[string]int{"bytes": t.Width, "uint8": 8, "uint16": 16, "uint32": 32, "int32": 32, "uint64": 64}[t.Kind]
	b := make([]byte, (w+7)/8)
	if len(b) == 0 {
		return b
	}
	b[len(b)-1] = byte(c.r.IntN(4)) // few values, so that they meet again
	switch c.r.IntN(8) {
	case 0:
		for i := range b {
			b[i] = byte(c.r.Uint32())
		}
		if spare := len(b)*8 - w; spare > 0 && c.r.IntN(4) > 0 {
			b[0] &= 0xff >> spare
		}
	case 1:
		b = b[len(b)-1:] // shorter than the field
	}
	return b
}

func (c *chooser) key(s *tables.TableSpec) []tables.KeyField {
	var out []tables.KeyField
	for i := range s.Key {
		k := &s.Key[i]
		if c.r.IntN(20) == 0 {
			continue // not given
		}
		f := tables.KeyField{Name: k.Name, Value: c.bytes(k.Type)}
		switch k.Match {
		case "Ternary":
			f.Mask = c.bytes(k.Type)
		case "LPM":
			f.PrefixLen = c.r.IntN(k.Type.Width + 2)
		case "Range":
			f.High = c.bytes(k.Type)
		}
		if k.Type.Kind == "string" {
			f.Value, f.Str = nil, "1/0"
		}
		out = append(out, f)
	}
	return out
}

func (c *chooser) value(f *tables.FieldSpec) tables.Value {
	switch {
	case f.Container != nil:
		var out [][]tables.DataField
		for range c.r.IntN(3) {
			out = append(out, c.fields(f.Container))
		}
		return out
	case f.Repeated && f.Type.Kind == "bool":
		return []bool{c.r.IntN(2) == 0, true}[:c.r.IntN(3)]
	case f.Repeated && f.Type.Kind == "string":
		return []string{"x"}
	case f.Repeated:
		return []uint32{uint32(c.r.IntN(4)), uint32(c.r.IntN(4))}[:c.r.IntN(3)]
	case f.Type.Kind == "bool":
		return c.r.IntN(2) == 0
	case f.Type.Kind == "float":
		return float32(c.r.IntN(100000))
	case f.Type.Kind == "string" && len(f.Type.Choices) > 0:
		return f.Type.Choices[c.r.IntN(len(f.Type.Choices))]
	case f.Type.Kind == "string":
		return "SAMPLE"
	}
	return c.bytes(f.Type)
}

func (c *chooser) fields(specs []tables.FieldSpec) []tables.DataField {
	var out []tables.DataField
	for i := range specs {
		if f := &specs[i]; !f.ReadOnly && c.r.IntN(3) > 0 {
			out = append(out, tables.DataField{Name: f.Name, Value: c.value(f)})
		}
	}
	return out
}

// good is an update that fits what most tables have: it fails where the table is
// full, or has the entry already.
func (c *chooser) good() tables.Update {
	kinds := []string{"MatchAction_Direct", "MatchAction_Indirect_Selector", "Action", "Selector", "Counter", "Register", "Meter", "ParserValueSet", "PreNode", "PreMgid", "PortConfigure", "MirrorCfg"}
	kind := kinds[c.r.IntN(len(kinds))]
	s := c.tables[c.r.IntN(len(c.tables))]
	for s.Type != kind {
		if c.r.IntN(200) == 0 {
			kind = kinds[0]
		}
		s = c.tables[c.r.IntN(len(c.tables))]
	}
	small := func(t tables.TypeSpec) []byte { return []byte{byte(c.r.IntN(6))} }
	u := tables.Update{Op: tables.Insert, Entry: tables.TableEntry{Table: s.Name}}
	for i := range s.Key {
		k := tables.KeyField{Name: s.Key[i].Name, Value: small(s.Key[i].Type)}
		switch s.Key[i].Match {
		case "Ternary":
			k.Mask = []byte{0xff}
		case "LPM":
			k.PrefixLen = s.Key[i].Type.Width
		case "Range":
			k.High = []byte{0x10}
		}
		u.Entry.Key = append(u.Entry.Key, k)
	}
	switch kind {
	case "Counter", "Register", "Meter":
		u.Op = tables.Modify
	case "MatchAction_Indirect_Selector":
		u.Entry.Data = []tables.DataField{{Name: "$ACTION_MEMBER_ID", Value: small(tables.TypeSpec{})}}
		return u
	case "Selector":
		u.Entry.Data = []tables.DataField{{Name: "$ACTION_MEMBER_ID", Value: []uint32{uint32(c.r.IntN(6))}}, {Name: "$ACTION_MEMBER_STATUS", Value: []bool{true}}}
		return u
	case "PortConfigure":
		u.Entry.Data = []tables.DataField{{Name: "$SPEED", Value: "BF_SPEED_10G"}, {Name: "$FEC", Value: "BF_FEC_TYP_NONE"}}
		return u
	}
	if len(s.Actions) > 0 {
		a := &s.Actions[c.r.IntN(len(s.Actions))]
		u.Entry.Action = a.Name
		for i := range a.Data {
			if a.Data[i].Mandatory && !a.Data[i].Repeated {
				u.Entry.Data = append(u.Entry.Data, tables.DataField{Name: a.Data[i].Name, Value: small(a.Data[i].Type)})
			}
		}
	}
	for i := range s.Data {
		if f := &s.Data[i]; (f.Mandatory || s.Type == "Counter" || s.Type == "Register") && !f.ReadOnly && !f.Repeated {
			u.Entry.Data = append(u.Entry.Data, tables.DataField{Name: f.Name, Value: small(f.Type)})
		}
	}
	if c.r.IntN(3) == 0 {
		u.Op = tables.InsertOrModify
	}
	return u
}

func (c *chooser) update() tables.Update {
	if c.r.IntN(4) > 0 {
		return c.good()
	}
	s := c.tables[c.r.IntN(len(c.tables))]
	u := tables.Update{
		Op:     []tables.Op{tables.Insert, tables.Insert, tables.Insert, tables.Modify, tables.InsertOrModify, tables.ModifyInc, tables.Delete, tables.Reset}[c.r.IntN(8)],
		Remove: c.r.IntN(2) == 0, KeepTTL: c.r.IntN(2) == 0, KeepStats: c.r.IntN(2) == 0,
		Entry: tables.TableEntry{Table: s.Name},
	}
	if u.Entry.Default = len(s.Key) == 0 && c.r.IntN(4) > 0 || c.r.IntN(8) == 0; !u.Entry.Default {
		u.Entry.Key = c.key(s)
	}
	if u.Op == tables.Delete {
		return u
	}
	if len(s.Actions) > 0 && c.r.IntN(8) > 0 {
		a := &s.Actions[c.r.IntN(len(s.Actions))]
		u.Entry.Action = a.Name
		u.Entry.Data = c.fields(a.Data)
	}
	u.Entry.Data = append(u.Entry.Data, c.fields(s.Data)...)
	if c.r.IntN(10) == 0 {
		at := tables.OnePipe(c.r.IntN(3))
		u.At = &at
	}
	return u
}

// errorText is an error with its cause, as both sides must have it.
func errorText(err error) string {
	for _, c := range []error{tables.ErrExists, tables.ErrNotFound, tables.ErrFull, tables.ErrInvalid, tables.ErrNotSupported, tables.ErrReadOnly, tables.ErrInUse} {
		if errors.Is(err, c) {
			return fmt.Sprintf("[%v] %v", c, err)
		}
	}
	return fmt.Sprint(err)
}

// TestClientIsTheSwitch does the same random batches to a switch in memory and,
// over BFRuntime, to another: results, errors and all that can be read are the
// same. The same suite runs on a switch elsewhere: elsewhere_test.go.
func TestClientIsTheSwitch(t *testing.T) {
	applied, refused := 0, 0
	for seed := range uint64(4) {
		here, far := newSwitch(t), newServed(t)
		p := &pair{here: here.API(), far: far.client, hashHere: here.StateHash, hashFar: far.sw.StateHash}
		p.run(t, seed, 150)
		applied, refused = applied+p.applied, refused+p.refused
	}
	t.Logf("%d updates applied, %d batches with errors", applied, refused)
	require.Greater(t, applied, 300)
	require.Greater(t, refused, 150)
}

// pair is two switches that are to be the same.
type pair struct {
	here, far         tables.API
	hashHere, hashFar func() [32]byte // hashFar is nil where nobody can tell
	applied, refused  int
}

// run does random batches to both.
func (p *pair) run(t *testing.T, seed uint64, batches int) {
	c := &chooser{r: rand.New(rand.NewPCG(seed, 7)), schema: p.here.Schema()}
	c.fill()
	for n := range batches {
		batch := make([]tables.Update, 1+c.r.IntN(6))
		for i := range batch {
			batch[i] = c.update()
		}
		how := tables.Atomicity(c.r.IntN(2))
		what := fmt.Sprintf("seed %d batch %d (%v) %+v", seed, n, how, batch)
		p.batch(t, what, batch, how)
		if n%30 == 29 {
			p.compare(t, what)
		}
	}
}

func (p *pair) batch(t *testing.T, what string, batch []tables.Update, how tables.Atomicity) {
	twin := append([]tables.Update(nil), batch...)
	var before [32]byte
	if p.hashFar != nil {
		before = p.hashFar()
	}
	ctx := context.Background()
	errHere, errFar := p.here.Write(ctx, tables.AllPipes, batch, how), p.far.Write(ctx, tables.AllPipes, twin, how)
	same(t, what, errHere, errFar)
	var failed *tables.BatchError
	switch {
	case errFar == nil:
		p.applied += len(batch)
	case how == tables.ContinueOnError && errors.As(errFar, &failed):
		for _, err := range failed.Errs {
			if err == nil {
				p.applied++
			}
		}
	}
	if errFar != nil {
		p.refused++
		if how == tables.RollbackOnError && p.hashFar != nil {
			require.Equal(t, before, p.hashFar(), "%s: a batch that was rolled back left a trace: %v", what, errFar)
		}
	}
	for i := range batch {
		if batch[i].Existed != twin[i].Existed && how == tables.ContinueOnError {
			t.Fatalf("%s: update %d existed: %v here, %v over the wire", what, i, batch[i].Existed, twin[i].Existed)
		}
	}
}

// compare reads everything from both.
func (p *pair) compare(t *testing.T, what string) {
	want, got := everything(t, p.here, unreadable), everything(t, p.far, unreadable)
	for name := range want {
		require.Equal(t, want[name], got[name], "%s: table %s", what, name)
	}
	if p.hashFar != nil {
		require.Equal(t, p.hashHere(), p.hashFar(), what)
	}
}

// unreadable: tables whose content differs between two switches, or that have
// no whole to read.
func unreadable(s *tables.TableSpec) bool { return s.Type == "PortStat" }

// same compares the errors of one batch.
func same(t *testing.T, what string, here, far error) {
	t.Helper()
	var a, b *tables.BatchError
	if !errors.As(here, &a) || !errors.As(far, &b) {
		require.Equal(t, errorText(here), errorText(far), what)
		return
	}
	require.Len(t, b.Errs, len(a.Errs), what)
	for i := range a.Errs {
		var ea, eb *tables.Error
		if errors.As(a.Errs[i], &ea) != errors.As(b.Errs[i], &eb) {
			t.Fatalf("%s: update %d: %v here, %v over the wire", what, i, a.Errs[i], b.Errs[i])
		}
		if ea == nil {
			continue
		}
		require.Equal(t, ea.Table, eb.Table, "%s: update %d: %v, %v", what, i, ea, eb)
		require.Equal(t, errorText(ea.Err), errorText(eb.Err), "%s: update %d: %v here, %v over the wire", what, i, ea, eb)
	}
	require.Equal(t, a.RolledBack, b.RolledBack, what)
}
