package model_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"gofino/internal/clock"
	"gofino/internal/snap"
	"gofino/model"
	"gofino/tables"
)

// recorded plays part of a history and gives the recording, with all that left
// meanwhile.
func recorded(t testing.TB, p *player, seed uint64, from, to int) (recording []byte, output string) {
	t.Helper()
	var rec, out bytes.Buffer
	j, err := p.sw.Record(&rec)
	if err != nil {
		t.Fatal(err)
	}
	events := history(seed, to)
	p.out.Reset(&out)
	for _, e := range events[from:] {
		e(p)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	p.out.Flush()
	return rec.Bytes(), out.String()
}

// frames are the lines about frames that left, without what controllers read.
func frames(output string) string {
	var out strings.Builder
	for line := range strings.Lines(output) {
		if line[0] >= '0' && line[0] <= '9' {
			out.WriteString(line)
		}
	}
	return out.String()
}

func replay(recording []byte) (*model.Replay, string, error) {
	rp, err := model.NewReplay(bytes.NewReader(recording), stateProgram())
	if err != nil {
		return nil, "", err
	}
	var out bytes.Buffer
	p, err := makePlayer(&out)
	if err != nil {
		return nil, "", err
	}
	rp.SetWire(p)
	err = rp.Run()
	p.out.Flush()
	return rp, out.String(), err
}

// A replay does the same again, from the beginning or from the middle of a
// switch's life, and whatever the wires refused.
func TestReplayIsTheSame(t *testing.T) {
	for _, from := range []int{0, 700} {
		p := newPlayer(t, io.Discard)
		p.play(history(21, from), 0, from)
		p.fail = 7
		rec, output := recorded(t, p, 21, from, 3000)
		rp, again, err := replay(rec)
		if err != nil {
			t.Fatalf("from %d: %v", from, err)
		}
		if want := frames(output); again != want || len(want) < 10000 {
			t.Errorf("from %d: %d bytes of output, want %d", from, len(again), len(want))
		}
		if n := strings.Count(again, "\n"); rp.Outputs() != uint64(n) || rp.Inputs() < uint64(3000-from)*9/10 {
			t.Errorf("from %d: %d inputs, %d outputs, want %d", from, rp.Inputs(), rp.Outputs(), n)
		}
		if rp.Switch().StateHash() != p.sw.StateHash() {
			t.Error("another state")
		}
		if !bytes.Equal(saved(t, rp.Switch()), saved(t, p.sw)) {
			t.Error("another file")
		}
		if len(rec) > 4*len(again) {
			t.Errorf("%d bytes recorded for %d of output", len(rec), len(again))
		}
	}
}

// Inputs from many goroutines are recorded in the order in which they happened.
func TestReplayOfConcurrentInputs(t *testing.T) {
	sw, err := model.New(stateProgram(), model.Config{Clock: clock.NewReal()})
	if err != nil {
		t.Fatal(err)
	}
	var rec bytes.Buffer
	j, err := sw.Record(&rec)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for n := range 6 {
		all.Go(func() {
			p := &player{sw: sw, clock: new(clock.Virtual), out: newPlayer(t, io.Discard).out}
			for _, e := range history(uint64(n), 300) {
				e(p)
			}
		})
	}
	all.Wait()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if rp, _, err := replay(rec.Bytes()); err != nil || rp.Inputs() < 1000 {
		t.Errorf("%d inputs: %v", rp.Inputs(), err)
	}
}

func TestReplayTellsDifferences(t *testing.T) {
	p := newPlayer(t, io.Discard)
	rec, _ := recorded(t, p, 22, 0, 200)

	// Whoever recorded was killed: all but the end is repeated.
	for _, cut := range []int{1, 90, len(rec) / 20} {
		rp, _, err := replay(rec[:len(rec)-cut])
		if !errors.Is(err, model.ErrNoEnd) || rp.Inputs() == 0 {
			t.Errorf("cut by %d: %v", cut, err)
		}
	}
	if _, _, err := replay(rec[:100]); !errors.Is(err, snap.ErrCorrupt) {
		t.Errorf("cut in the state: %v", err)
	}
	b := slices.Clone(rec)
	b[len(b)-150] ^= 1
	if _, _, err := replay(b); !errors.Is(err, snap.ErrCorrupt) || !strings.Contains(err.Error(), "replay input") {
		t.Errorf("one bit: %v", err)
	}
	if _, err := model.NewReplay(bytes.NewReader(saved(t, p.sw)), stateProgram()); err == nil || !strings.Contains(err.Error(), "this is no recording") {
		t.Errorf("a saved switch: %v", err)
	}

	// Another switch than the recorded one arrives at something else.
	rp, err := model.NewReplay(bytes.NewReader(rec), stateProgram())
	if err != nil {
		t.Fatal(err)
	}
	rp.Switch().PortUp(3, false)
	if err := rp.Run(); !errors.Is(err, model.ErrDiffers) {
		t.Errorf("with a port down: %v", err)
	}
	if err := rp.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %v", err)
	}
}

func TestRecordRefuses(t *testing.T) {
	p := newPlayer(t, io.Discard)
	j, err := p.sw.Record(io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.sw.Record(io.Discard); err == nil || err.Error() != "record switch: it is being recorded" {
		t.Error(err)
	}
	// No table takes an int, and no recording has a form for it.
	put := tables.Update{Op: tables.Insert, Entry: tables.TableEntry{Table: "never named before", Data: data1("n", 5)}}
	err = p.sw.API().Write(context.Background(), tables.AllPipes, []tables.Update{put}, tables.ContinueOnError)
	var batch *tables.BatchError
	if !errors.As(err, &batch) || !errors.Is(err, tables.ErrInvalid) || !strings.Contains(err.Error(), "field n: is int: no table takes that") {
		t.Error(err)
	}
	if err := j.Close(); err != nil {
		t.Error(err)
	}
	if err := j.Close(); err == nil {
		t.Error("closed twice")
	}
	full := &limited{n: 100000}
	if j, err = p.sw.Record(full); err != nil {
		t.Fatal(err)
	}
	p.play(history(1, 3000), 0, 3000)
	if j.Err() == nil || j.Close() == nil {
		t.Error("nobody says that the disk is full")
	}
}

type limited struct{ n int }

func (l *limited) Write(b []byte) (int, error) {
	if l.n -= len(b); l.n < 0 {
		return 0, errors.New("disk full")
	}
	return len(b), nil
}

// A recording that does not exist costs nothing: Process still allocates
// nothing, with or without one that was.
func TestNotRecordingCostsNothing(t *testing.T) {
	p := newPlayer(t, io.Discard)
	p.play(history(3, 100), 0, 100)
	p.sw.SetWire(nobody{})
	batch := []model.Frame{{Port: 1, Data: make([]byte, 100)}}
	j, err := p.sw.Record(io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	p.sw.Process(batch)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() { p.sw.Process(batch) }); n != 0 {
		t.Errorf("%v allocations per batch", n)
	}
}

// Whatever the bytes, a replay ends with an error or what it says.
func FuzzReplay(f *testing.F) {
	rec, _ := recorded(f, newPlayer(f, io.Discard), 23, 0, 60)
	f.Add(uint32(len(rec)-40), []byte{1})
	f.Add(uint32(len(rec)-4000), []byte{255, 255, 255})
	f.Add(uint32(len(rec)-1000), []byte{7, 0, 0, 0})
	f.Fuzz(func(t *testing.T, at uint32, b []byte) {
		damaged := slices.Clone(rec)
		copy(damaged[int(at)%len(rec):], b)
		if _, _, err := replay(damaged); err == nil && !bytes.Equal(damaged, rec) {
			t.Error("nobody noticed")
		}
	})
}
