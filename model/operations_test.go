package model_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"gofino/model"
	"gofino/tables"
)

// bfrt.md section 10: which operations each class of tables has; the others are
// not supported, whatever is given. a: add, m: modify, o: add or modify, i:
// modify incrementally, d: delete, c: clear, s: set, r: reset the default entry.
var operationsOf = map[string]string{
	"MatchAction_Direct": "amodcsr", "MatchAction_Indirect": "amodcsr", "MatchAction_Indirect_Selector": "amodcsr",
	"Action": "amodc", "Selector": "amodc", "SelectorGetMember": "",
	"Counter": "amc", "Meter": "amc", "Lpf": "amc", "Wred": "amc", "Register": "amc", "RegisterParam": "sr",
	"ParserValueSet": "adc", "PortMetadata": "amdc", "SnapshotCfg": "adc", "SnapshotTrigger": "amdc", "SnapshotData": "",
	"SnapshotLiveness": "", "TblDbgCnt": "mc",
	"PreMgid": "amid", "PreNode": "amd", "PreEcmp": "amid", "PreLag": "am", "PrePrune": "amd", "PrePort": "amd",
	"PortConfigure": "amodc", "PortStat": "mc", "MirrorCfg": "amdc",
}

func TestOperationsOfTableClasses(t *testing.T) {
	for _, file := range []string{"state.p4", "learn.p4", "meter.p4"} {
		sw, err := model.New(compiled(t, file), model.Config{})
		if err != nil {
			t.Fatal(err)
		}
		g := &guesser{rand.New(rand.NewPCG(1, 1)), sw.API()}
		for _, spec := range sw.API().Schema().Tables {
			want, known := operationsOf[spec.Type]
			for op, name := range map[tables.Op]string{tables.Insert: "a", tables.Modify: "m", tables.InsertOrModify: "o", tables.ModifyInc: "i", tables.Delete: "d"} {
				has := g.has(spec, func(u *tables.Update) { u.Op = op })
				if known && has != strings.Contains(want, name) {
					t.Errorf("%s (%s): operation %s: %t, want %q", spec.Name, spec.Type, name, has, want)
				}
			}
			for _, c := range []struct {
				name string
				u    tables.Update
			}{{"c", tables.Update{Op: tables.Delete}}, {"s", tables.Update{Op: tables.Modify, Entry: tables.TableEntry{Default: true}}},
				{"r", tables.Update{Op: tables.Delete, Entry: tables.TableEntry{Default: true}}}} {
				c.u.Entry.Table = spec.Name
				err := sw.API().Write(context.Background(), tables.AllPipes, []tables.Update{c.u}, tables.RollbackOnError)
				if has := !errors.Is(err, tables.ErrNotSupported) && !errors.Is(err, tables.ErrReadOnly); known && has != strings.Contains(want, c.name) {
					t.Errorf("%s (%s): operation %s: %v, want %q", spec.Name, spec.Type, c.name, err, want)
				}
			}
			if u := (tables.Update{Op: tables.Reset, Entry: tables.TableEntry{Table: spec.Name, Default: true}}); known {
				err := sw.API().Write(context.Background(), tables.AllPipes, []tables.Update{u}, tables.RollbackOnError)
				if !errors.Is(err, tables.ErrNotSupported) && !errors.Is(err, tables.ErrReadOnly) {
					t.Errorf("%s (%s): reset: %v", spec.Name, spec.Type, err)
				}
			}
		}
	}
}

// has tells whether some guess of a table's update is not refused for its
// operation.
func (g *guesser) has(spec *tables.TableSpec, change func(*tables.Update)) bool {
	for range 60 {
		u := g.of(spec)
		if u.Entry.Default || len(u.Entry.Key) == 0 {
			continue
		}
		change(&u)
		u.At = nil
		err := g.api.Write(context.Background(), tables.AllPipes, []tables.Update{u}, tables.RollbackOnError)
		if !errors.Is(err, tables.ErrNotSupported) && !errors.Is(err, tables.ErrReadOnly) {
			return true
		}
	}
	return false
}
