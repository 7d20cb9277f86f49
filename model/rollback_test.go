package model_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"gofino/model"
	"gofino/p4"
	"gofino/pipeline/ir"
	"gofino/tables"
)

// guesser makes updates out of nothing but the schema: of few keys, so that they
// meet, and of values that mostly fit.
type guesser struct {
	r   *rand.Rand
	api tables.API
}

func (g *guesser) number(t tables.TypeSpec) []byte {
	w := map[string]int{"uint8": 8, "uint16": 16, "uint32": 32, "int32": 32, "uint64": 64, "bytes": t.Width}[t.Kind]
	b := make([]byte, (w+7)/8)
	if len(b) > 0 {
		b[len(b)-1] = byte(g.r.IntN(6)) & byte(1<<min(w, 8)-1)
	}
	return b
}

func (g *guesser) value(f *tables.FieldSpec) tables.Value {
	switch n := g.r.IntN(4); {
	case len(f.Container) > 0:
		return [][]tables.DataField{}
	case f.Type.Kind == "bool" && f.Repeated:
		return make([]bool, n)
	case f.Type.Kind == "bool":
		return n < 2
	case f.Type.Kind == "float":
		return float32(n + 1)
	case f.Type.Kind == "string" && len(f.Type.Choices) > 0:
		return f.Type.Choices[g.r.IntN(len(f.Type.Choices))]
	case f.Type.Kind == "string":
		return ""
	case f.Repeated:
		list := make([]uint32, n)
		for i := range list {
			list[i] = uint32(i + 1)
		}
		return list
	}
	return g.number(f.Type)
}

func (g *guesser) key(spec *tables.TableSpec) []tables.KeyField {
	var out []tables.KeyField
	for i := range spec.Key {
		k := &spec.Key[i]
		f := tables.KeyField{Name: k.Name, Value: g.number(k.Type)}
		switch k.Match {
		case "Ternary":
			f.Mask = bytes.Repeat([]byte{0xff}, len(f.Value))
			f.Mask[0] = byte(1<<((k.Type.Width-1)%8+1) - 1)
		case "LPM":
			f.PrefixLen = k.Type.Width - g.r.IntN(3)
		case "Range":
			f.High = bytes.Clone(f.Value)
			f.High[len(f.High)-1] += byte(g.r.IntN(2))
		}
		if k.Type.Kind == "string" {
			f.Str, f.Value = "x", nil
		}
		out = append(out, f)
	}
	return out
}

func (g *guesser) fields(specs []tables.FieldSpec) []tables.DataField {
	var out []tables.DataField
	length := g.r.IntN(3)
	oneOf := map[int]bool{}
	for i := range specs {
		f := &specs[i]
		if f.ReadOnly || oneOf[f.OneOf] && f.OneOf != 0 || !f.Mandatory && g.r.IntN(3) == 0 {
			continue
		}
		if f.OneOf != 0 && g.r.IntN(2) == 0 {
			continue
		}
		oneOf[f.OneOf] = true
		v := g.value(f)
		// Lists go in pairs and triples of one length.
		switch list := v.(type) {
		case []uint32:
			v = append(list, 1, 2, 3)[:length]
		case []bool:
			v = append(list, true, true, false)[:length]
		}
		out = append(out, tables.DataField{Name: f.Name, Value: v})
	}
	return out
}

func (g *guesser) update() tables.Update {
	all := g.api.Schema().Tables
	return g.of(all[g.r.IntN(len(all))])
}

// of guesses an update of a table.
func (g *guesser) of(spec *tables.TableSpec) tables.Update {
	ops := []tables.Op{tables.Insert, tables.Insert, tables.Insert, tables.Modify, tables.InsertOrModify, tables.ModifyInc, tables.Delete}
	u := tables.Update{Op: ops[g.r.IntN(len(ops))], Remove: g.r.IntN(2) == 0, KeepTTL: g.r.IntN(2) == 0, KeepStats: g.r.IntN(2) == 0}
	u.Entry.Table = spec.Name
	clear := u.Op == tables.Delete && g.r.IntN(8) == 0
	switch {
	case len(spec.Key) == 0 || g.r.IntN(8) == 0:
		u.Entry.Default = true
	case !clear:
		u.Entry.Key = g.key(spec)
	}
	if u.Op == tables.Delete {
		return u
	}
	if len(spec.Actions) > 0 {
		a := &spec.Actions[g.r.IntN(len(spec.Actions))]
		u.Entry.Action = a.Name
		u.Entry.Data = g.fields(a.Data)
	}
	u.Entry.Data = append(u.Entry.Data, g.fields(spec.Data)...)
	if t := g.r.IntN(12); t < 4 {
		u.At = &tables.Target{Pipe: t + 1}
	}
	return u
}

func savedBytes(t *testing.T, sw *model.Switch) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := sw.Save(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func clone(t *testing.T, file []byte, prog *ir.Program) *model.Switch {
	t.Helper()
	sw, err := model.Restore(bytes.NewReader(file), prog, model.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return sw
}

// A batch that fails at any position leaves everything as it was: what is read
// and saved, and what later batches do, down to the handles that they get.
func TestRollbackLeavesNoTrace(t *testing.T) {
	for _, file := range []string{"state.p4", "learn.p4", "meter.p4", "pktgen.p4"} {
		for seed := range uint64(6) {
			t.Run(fmt.Sprint(file, "/", seed), func(t *testing.T) { rollBack(t, file, seed) })
		}
	}
}

func rollBack(t *testing.T, file string, seed uint64) {
	prog, diags := p4.Compile("testdata/"+file, p4.Options{})
	if prog == nil {
		t.Fatal(diags)
	}
	sw, err := model.New(prog, model.Config{})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	if seed%2 == 1 { // some with scopes, and ageing
		for _, spec := range sw.API().Schema().Tables {
			for _, a := range spec.Attributes {
				switch a {
				case "EntryScope":
					_ = sw.API().SetAttribute(ctx, tables.AllPipes, spec.Name, a, []tables.DataField{{Name: "pipe_scope", Value: "SINGLE"}})
				case "IdleTimeout":
					_ = sw.API().SetAttribute(ctx, tables.AllPipes, spec.Name, a, []tables.DataField{
						{Name: "idle_table_mode", Value: "NOTIFY_MODE"}, {Name: "ttl_query_interval", Value: u32(1000)}, {Name: "min_ttl", Value: u32(0)}})
				}
			}
		}
	}
	g := &guesser{rand.New(rand.NewPCG(seed, 1)), sw.API()}
	bad := tables.Update{Op: tables.Insert, Entry: tables.TableEntry{Table: "nowhere"}}
	touched, done := map[string]bool{}, 0
	for range 12 {
		before, hash := savedBytes(t, sw), sw.StateHash()
		try := clone(t, before, prog)
		var good []tables.Update
		for range 60 {
			u := g.update()
			if try.API().Write(ctx, tables.AllPipes, []tables.Update{u}, tables.RollbackOnError) == nil {
				good = append(good, u)
				touched[u.Entry.Table] = true
			}
		}
		k := g.r.IntN(len(good) + 1)
		batch := append(append([]tables.Update(nil), good[:k]...), bad)
		err := sw.API().Write(ctx, tables.AllPipes, batch, tables.RollbackOnError)
		var failed *tables.BatchError
		if !errors.As(err, &failed) || len(failed.Errs) != k+1 || !failed.RolledBack {
			t.Fatalf("a batch of %d and a bad one: %v", k, err)
		}
		if sw.StateHash() != hash {
			t.Fatalf("seed %d: the state differs after %s", seed, culprit(t, before, prog, good[:k], bad))
		}
		if !bytes.Equal(savedBytes(t, sw), before) {
			t.Fatalf("seed %d: what is saved differs after %s", seed, culprit(t, before, prog, good[:k], bad))
		}
		again := clone(t, before, prog)
		for _, s := range []*model.Switch{sw, again} {
			if err := s.API().Write(ctx, tables.AllPipes, good, tables.RollbackOnError); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
		}
		if sw.StateHash() != again.StateHash() {
			t.Fatalf("seed %d: what came later differs", seed)
		}
		done += len(good)
	}
	t.Logf("%d updates of %d tables", done, len(touched))
	if done < 50 {
		t.Errorf("only %d updates were good", done)
	}
}

// culprit finds the first update whose rolling back leaves a trace.
func culprit(t *testing.T, before []byte, prog *ir.Program, list []tables.Update, bad tables.Update) string {
	for k := range list {
		sw := clone(t, before, prog)
		_ = sw.API().Write(context.Background(), tables.AllPipes, append(append([]tables.Update(nil), list[:k+1]...), bad), tables.RollbackOnError)
		if !bytes.Equal(savedBytes(t, sw), before) {
			return fmt.Sprintf("update %d: %+v", k, list[k])
		}
	}
	return "no single update"
}
