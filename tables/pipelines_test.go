package tables

import (
	"context"
	"errors"
	"iter"
	"testing"
)

// TestTwoPipelines: each pipe has the state of the pipeline that it runs, and
// names begin with the pipeline's.
func TestTwoPipelines(t *testing.T) {
	p := testProgram()
	b := testProgram().Pipelines[0]
	p.Pipelines[0].Name, b.Name = "pipe_a", "pipe_b"
	p.Pipelines = append(p.Pipelines, b)
	p.Scope = []int{0, 1}
	st, err := NewStore(p, 4)
	if err != nil {
		t.Fatal(err)
	}
	if err := do(st, Insert, forwardEntry(1, 1)); err == nil {
		t.Fatal("a name of two pipelines is not ambiguous")
	}
	e := forwardEntry(1, 1)
	e.Table = "pipe_b.SwitchIngress.forward"
	mustDo(t, st, Insert, e)
	for pipe, want := range []bool{false, true, false, true} {
		if got := st.State(pipe).Match[0].Lookup(num(6, 1)) != nil; got != want {
			t.Errorf("pipe %d has the entry: %v, want %v", pipe, got, want)
		}
	}
	q := Query{Table: "pipe_b.SwitchIngress.flows", Key: []KeyField{exactKey("$REGISTER_INDEX", 0, 4)}, FromHW: true, Fields: []string{"first"}}
	wantText(t, "both pipes", dump(t, st, AllPipes, q), "1: $REGISTER_INDEX=00000000 SwitchIngress.flows.first=[[0 0 0 1] [0 0 0 1]]\n")
	wantText(t, "pipe 0", dump(t, st, OnePipe(0), q), "error: read pipe_b.SwitchIngress.flows: invalid arguments: pipe 0 does not have this table (pipes: [1 3])\n")
}

// TestPipelineWithoutPipe: with fewer pipes than pipelines the tables of the
// rest are there, without effect.
func TestPipelineWithoutPipe(t *testing.T) {
	p := testProgram()
	b := testProgram().Pipelines[0]
	b.Name = "other"
	p.Pipelines = append(p.Pipelines, b)
	p.Scope = []int{0, 1}
	st, err := NewStore(p, 1)
	if err != nil {
		t.Fatal(err)
	}
	e := forwardEntry(1, 1)
	e.Table = "other.SwitchIngress.forward"
	mustDo(t, st, Insert, e)
	if st.State(0).Match[0].Lookup(num(6, 1)) != nil {
		t.Error("pipe 0 sees an entry of another pipeline")
	}
}

// oneTable is what the model adds.
type oneTable struct{ base }

func (o *oneTable) Write(_ Target, u *Update) (func(), error) {
	op, e := u.Op, &u.Entry
	if op != Insert {
		return nil, o.refuse(op, e, "add")
	}
	return func() {}, nil
}

func (o *oneTable) Usage(Target) (int, error) { return 42, nil }

func (o *oneTable) Read(_ Target, q *Query) iter.Seq2[*TableEntry, error] {
	return func(yield func(*TableEntry, error) bool) { yield(&TableEntry{Table: o.spec.Name}, nil) }
}

func TestAddedTable(t *testing.T) {
	st := newTestStore(t)
	st.Add(&oneTable{newBase(&TableSpec{Name: "$pre.mgid", Type: "PreMgid", Fixed: true})})
	ctx := context.Background()
	if n, err := st.Usage(ctx, AllPipes, "mgid"); n != 42 || err != nil {
		t.Errorf("Usage = %d, %v", n, err)
	}
	mustDo(t, st, Insert, TableEntry{Table: "$pre.mgid"})
	if err := do(st, Delete, TableEntry{Table: "$pre.mgid"}); !errors.Is(err, ErrNotSupported) {
		t.Errorf("Delete = %v", err)
	}
	err := st.Operation(ctx, AllPipes, "$pre.mgid", "Sync")
	if want := `operate on $pre.mgid: not supported: no operation "Sync" (operations: none)`; err == nil || err.Error() != want {
		t.Errorf("Operation = %v", err)
	}
	err = st.Operation(ctx, AllPipes, "forward", "Sync")
	if want := `operate on pipe.SwitchIngress.forward: not supported: no operation "Sync" (operations: SyncCounters, SyncRegisters)`; err == nil || err.Error() != want {
		t.Errorf("Operation = %v", err)
	}
	wantText(t, "unknown field", dump(t, st, AllPipes, Query{Table: "forward", Fields: []string{"portt"}}),
		`error: read pipe.SwitchIngress.forward: invalid arguments: no data field "portt" (there are: $COUNTER_SPEC_PKTS, SwitchIngress.age.f1, port, mac, vlan)`+"\n")
}
