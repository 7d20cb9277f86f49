package model

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"testing"

	"gofino/internal/clock"
	"gofino/internal/snap"
	"gofino/p4"
	"gofino/pipeline/ir"
	"gofino/tables"
)

func largeProgram(t testing.TB) *ir.Program {
	prog, diags := p4.Compile("testdata/large.p4", p4.Options{})
	if prog == nil {
		t.Fatal(diags)
	}
	return prog
}

// large is a switch with so many exact entries, and every cell of 64 MiB of
// registers random.
func large(t testing.TB, prog *ir.Program, entries int) *Switch {
	s, err := New(prog, Config{Pipes: 1})
	if err != nil {
		t.Fatal(err)
	}
	r := s.programs[0].api.Store.State(0).Registers[0]
	rnd := rand.New(rand.NewPCG(1, 1))
	for i := range uint64(r.Len()) {
		r.Set(i, rnd.Uint64(), 0)
	}
	const batch = 4096
	updates := make([]tables.Update, 0, batch)
	for i := range entries {
		updates = append(updates, tables.Update{Op: tables.Insert, Entry: tables.TableEntry{
			Table: "pipe.Ig.hosts", Action: "Ig.send",
			Key:  []tables.KeyField{{Name: "hdr.eth.dst", Value: binary.BigEndian.AppendUint32(nil, uint32(i)*2654435761)}},
			Data: []tables.DataField{{Name: "port", Value: num16(uint64(i % 64))}},
		}})
		if len(updates) == batch || i == entries-1 {
			if err := s.API().Write(context.Background(), tables.AllPipes, updates, tables.RollbackOnError); err != nil {
				t.Fatal(err)
			}
			updates = updates[:0]
		}
	}
	return s
}

// Many exact entries and 64 MiB of registers come back as they were. How long
// that takes with a million entries is for BenchmarkSaveFile and
// BenchmarkRestoreFile.
func TestLargeState(t *testing.T) {
	const entries = 1 << 16
	prog := largeProgram(t)
	s := large(t, prog, entries)
	path := filepath.Join(t.TempDir(), "state")
	if err := s.SaveFile(path); err != nil {
		t.Fatal(err)
	}
	again, err := RestoreFile(path, []Placement{{Program: prog}}, Config{})
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := again.programs[0].api.Store.Usage(context.Background(), tables.AllPipes, "hosts"); n != entries {
		t.Errorf("%d entries, want %d", n, entries)
	}
	if again.StateHash() != s.StateHash() {
		t.Error("another state")
	}
}

// A switch that holds little is a small file, however large its registers.
func TestEmptyStateIsSmall(t *testing.T) {
	s, err := New(largeProgram(t), Config{Pipes: 4})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(s.body(0)); n > 1<<15 {
		t.Errorf("%d bytes for nothing in 256 MiB of registers", n)
	}
}

// BenchmarkSaveFile and BenchmarkRestoreFile: 1 M exact entries and 64 MiB of
// registers, from and to a file.
func BenchmarkSaveFile(b *testing.B) {
	s := large(b, largeProgram(b), 1<<20)
	path := filepath.Join(b.TempDir(), "state")
	for b.Loop() {
		if err := s.SaveFile(path); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRestoreFile(b *testing.B) {
	prog := largeProgram(b)
	path := filepath.Join(b.TempDir(), "state")
	if err := large(b, prog, 1<<20).SaveFile(path); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := RestoreFile(path, []Placement{{Program: prog}}, Config{}); err != nil {
			b.Fatal(err)
		}
	}
}

// Every field of Config comes back: whoever adds one adds it to saveHead.
func TestConfigIsSaved(t *testing.T) {
	prog := testProgram(ir.Tofino)
	c := Config{
		Pipes: 3, Seed: 1 << 40, Clock: new(clock.Virtual), StrictPorts: true, CPUPort: 66, PlainRecirculation: true, LoopPipes: FoldedPipes, Queues: true, MaxReentries: 9,
		DigestTimeout: 5, DigestBatch: 6, ManualDigestAck: true, OwnTime: true,
		Timing: Timing{Parser: 1, Ingress: 2, Queue: 3, Egress: 4},
	}
	v := reflect.ValueOf(c)
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Fatalf("the test does not set %s", v.Type().Field(i).Name)
		}
	}
	s, err := New(prog, c)
	if err != nil {
		t.Fatal(err)
	}
	d := snap.NewDecoder(s.body(77))
	got, _, now, err := loadHead(d.Section("HEAD"), []Placement{{Program: prog}}, Config{Clock: c.Clock, OwnTime: true})
	if got != c || now != 77 || err != nil {
		t.Errorf("%+v at %d, want %+v at 77; %v", got, now, c, err)
	}
	if _, _, _, err := loadHead(snap.NewDecoder(s.body(0)).Section("HEAD"), []Placement{{Program: prog}}, c); err != nil {
		t.Error(err)
	}
}
