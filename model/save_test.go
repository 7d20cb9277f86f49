package model_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"

	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gofino/internal/clock"
	"gofino/internal/snap"
	"gofino/model"
	"gofino/pipeline/ir"
	"gofino/tables"
)

// Children of the tests below are this binary again, with a job.
const (
	jobEnv  = "GOFINO_TEST_JOB"
	jobPlay = "play"
	jobSave = "save"
)

func TestMain(m *testing.M) {
	switch os.Getenv(jobEnv) {
	case jobPlay:
		job(playSegment)
	case jobSave:
		job(saveForever)
	}
	os.Exit(m.Run())
}

func job(do func(args []string) error) {
	if err := do(strings.Split(os.Getenv(jobEnv+"_ARGS"), "\n")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func child(name string, args ...string) *exec.Cmd {
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), jobEnv+"="+name, jobEnv+"_ARGS="+strings.Join(args, "\n"))
	c.Stderr = os.Stderr
	return c
}

const historySeed, historyLen = 11, 10000

// playSegment: restore a file, play some events, save it again.
func playSegment(args []string) error {
	state, output := args[0], args[1]
	from, _ := strconv.Atoi(args[2])
	to, _ := strconv.Atoi(args[3])
	out, err := os.OpenFile(output, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer out.Close()
	p, err := makePlayer(out)
	if err != nil {
		return err
	}
	sw, err := model.RestoreFile(state, []model.Placement{{Program: stateProgram()}}, model.Config{Clock: p.clock})
	if err != nil {
		return err
	}
	p.attach(sw)
	p.play(history(historySeed, historyLen), from, to)
	return sw.SaveFile(state)
}

// Cut at 20 random points, and resumed in a new process each time, a history has
// the same output, byte by byte, and leads to the same state.
func TestResumeIsAsIfUncut(t *testing.T) {
	var uncut bytes.Buffer
	p := newPlayer(t, &uncut)
	first := saved(t, p.sw)
	p.play(history(historySeed, historyLen), 0, historyLen)
	s := p.sw.Stats()
	if p.sent < 5000 || len(s.Ports) < 40 || s.Drops[model.DropWire] != 0 {
		t.Fatalf("the history is dull: %d frames left, %d ports", p.sent, len(s.Ports))
	}

	seed := uint64(sha256.Sum256(nil)[0])
	r := rand.New(rand.NewPCG(seed, 2))
	cuts := []int{0, historyLen}
	for range 20 {
		cuts = append(cuts, r.IntN(historyLen))
	}
	slices.Sort(cuts)
	dir := t.TempDir()
	state, output := filepath.Join(dir, "state"), filepath.Join(dir, "output")
	for _, f := range []struct {
		name string
		data []byte
	}{{state, first}, {output, nil}} {
		if err := os.WriteFile(f.name, f.data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for i := range cuts[1:] {
		if out, err := child(jobPlay, state, output, strconv.Itoa(cuts[i]), strconv.Itoa(cuts[i+1])).Output(); err != nil {
			t.Fatalf("seed %d: events %d to %d: %v %s", seed, cuts[i], cuts[i+1], err, out)
		}
	}
	cut, err := os.ReadFile(output)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(cut, uncut.Bytes()) {
		a, b := strings.Split(string(cut), "\n"), strings.Split(uncut.String(), "\n")
		for i := range min(len(a), len(b)) {
			if a[i] != b[i] {
				t.Fatalf("seed %d, cuts %v: line %d: %s, uncut %s", seed, cuts, i, a[i], b[i])
			}
		}
		t.Fatalf("seed %d: %d bytes of output, uncut %d", seed, len(cut), uncut.Len())
	}
	sw, err := model.RestoreFile(state, []model.Placement{{Program: stateProgram()}}, model.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if sw.StateHash() != p.sw.StateHash() {
		t.Error("the final state differs")
	}
	if file, _ := os.ReadFile(state); !bytes.Equal(file, saved(t, p.sw)) {
		t.Error("the same state makes another file")
	}
	if sw.Clock().Now() != p.clock.Now() {
		t.Errorf("time is %d, want %d", sw.Clock().Now(), p.clock.Now())
	}
}

// What the table API shows is the same, too.
func TestRestoredTablesReadTheSame(t *testing.T) {
	p := newPlayer(t, io.Discard)
	p.play(history(4, 2000), 0, 2000)
	sw, err := model.Restore(bytes.NewReader(saved(t, p.sw)), stateProgram(), model.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tab := range p.sw.API().Schema().Tables {
		for _, hw := range []bool{false, true} {
			if got, want := dumpTable(sw, tab.Name, hw), dumpTable(p.sw, tab.Name, hw); got != want {
				t.Errorf("%s, from hardware %t: %s\nwant %s", tab.Name, hw, got, want)
			}
		}
	}
}

func dumpTable(sw *model.Switch, table string, hw bool) string {
	var b strings.Builder
	for e, err := range sw.API().Read(context.Background(), tables.AllPipes, tables.Query{Table: table, FromHW: hw}) {
		fmt.Fprintf(&b, "%v %v\n", e, err)
	}
	return b.String()
}

// A save while packets run on all pipes is of one moment: what it restores to
// is consistent, and saving changes nothing.
func TestSaveBesideTraffic(t *testing.T) {
	p := newPlayer(t, io.Discard)
	p.play(history(5, 200), 0, 200)
	p.sw.SetWire(nobody{})
	done := make(chan struct{})
	for pipe := range 4 {
		go func() {
			b := make([]byte, 60)
			b[14] = byte(pipe)
			for {
				select {
				case <-done:
					return
				default:
					p.sw.Process([]model.Frame{{Port: model.Port(pipe << 7), Data: b}})
				}
			}
		}()
	}
	for range 20 {
		b := saved(t, p.sw)
		sw, err := model.Restore(bytes.NewReader(b), stateProgram(), model.Config{})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(saved(t, sw), b) {
			t.Error("restored and saved again, it is another file")
		}
	}
	close(done)
}

type nobody struct{}

func (nobody) Send(model.Port, []byte, []byte) error { return nil }

func TestRestoreRefusesOthers(t *testing.T) {
	prog := stateProgram()
	sw, err := model.New(prog, model.Config{Pipes: 2, Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	file := saved(t, sw)
	other := *prog
	other.Hash[0] ^= 1
	other.Name = "other"
	moved := *prog
	pl := *prog.Pipelines[0]
	act := *pl.Actions[0]
	act.Bytes++
	pl.Actions = append([]*ir.Action{&act}, pl.Actions[1:]...)
	moved.Pipelines = []*ir.Pipeline{&pl}
	two := *prog
	two.Target = ir.Tofino2
	for _, c := range []struct {
		prog *ir.Program
		conf model.Config
		want string
	}{
		{&other, model.Config{}, `restore switch: it ran program "state" (`},
		{&two, model.Config{}, "restore switch: it is of a tofino, the program is for tofino2"},
		{&moved, model.Config{}, `it ran "state" compiled otherwise, by another version`},
		{prog, model.Config{Pipes: 4}, "pipes: saved as 2, not 4"},
		{prog, model.Config{Seed: 8}, "seed: saved as 7, not 8"},
		{prog, model.Config{StrictPorts: true}, "strict ports: saved as false, not true"},
		{prog, model.Config{Timing: model.Timing{Egress: 5}}, "timing: saved as"},
	} {
		_, err := model.Restore(bytes.NewReader(file), c.prog, c.conf)
		if err == nil || !errors.Is(err, model.ErrMismatch) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
	if _, err := model.Restore(bytes.NewReader(file), prog, model.Config{Clock: stopped{}}); err == nil || !strings.Contains(err.Error(), "clock cannot be set") {
		t.Error(err)
	}
	real := clock.NewReal()
	if _, err := model.Restore(bytes.NewReader(file), prog, model.Config{Pipes: 2, Seed: 7, Clock: real}); err != nil {
		t.Error(err)
	}
}

type stopped struct{}

func (stopped) Now() int64 { return 0 }

// reseal gives a damaged body a right checksum.
func reseal(file []byte) []byte {
	out := slices.Clone(file[:len(file)-sha256.Size])
	binary.LittleEndian.PutUint64(out[12:], uint64(len(out)-20))
	sum := sha256.Sum256(out)
	return append(out, sum[:]...)
}

func TestRestoreRefusesDamage(t *testing.T) {
	p := newPlayer(t, io.Discard)
	p.play(history(6, 300), 0, 300)
	file := saved(t, p.sw)
	refused := func(what string, b []byte, want string) {
		t.Helper()
		_, err := model.Restore(bytes.NewReader(b), stateProgram(), model.Config{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", what, err, want)
		}
	}
	refused("empty", nil, "ends early, after 0 of 20 bytes")
	refused("text", []byte("hello, world: not a switch"), "this is no saved switch")
	refused("short", file[:len(file)-1], "ends early")
	for i := range file {
		if i%97 == 0 && i > 20 {
			b := slices.Clone(file)
			b[i] ^= 4
			refused("one bit", b, "checksum differs")
			refused("cut", file[:i], "ends early")
		}
	}
	b := slices.Clone(file)
	b[8] = 9
	refused("version", b, "format version 9 (this program reads: 6)")
	at := bytes.Index(file, []byte("MIRR"))
	b = slices.Clone(file)
	copy(b[at:], "QUEU")
	refused("section", reseal(b), `unknown section "QUEU" (sections: HEAD, TABS, PORT, MIRR, PIPE,`)
	more := append(slices.Clone(file[:len(file)-sha256.Size]), "QUEU\x00\x00\x00\x00\x00\x00\x00\x00"...)
	refused("another section", reseal(append(more, make([]byte, sha256.Size)...)), `unknown section "QUEU"`)

	path := filepath.Join(t.TempDir(), "state")
	if err := os.WriteFile(path, append(slices.Clone(file), 1), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := model.RestoreFile(path, []model.Placement{{Program: stateProgram()}}, model.Config{}); !errors.Is(err, snap.ErrCorrupt) {
		t.Error(err)
	}
}

// Damage that a checksum would not show is an error, or a switch that works.
func FuzzRestore(f *testing.F) {
	p := newPlayer(f, io.Discard)
	p.play(history(6, 150), 0, 150)
	file := saved(f, p.sw)
	f.Add(uint32(100), []byte{1}, uint8(0))
	f.Add(uint32(len(file)/2), []byte{0xff, 0xff, 0xff, 0xff}, uint8(1))
	f.Add(uint32(0), []byte("GOFINO"), uint8(2))
	r := rand.New(rand.NewPCG(1, 1))
	for range 60 {
		f.Add(r.Uint32N(uint32(len(file))), []byte{byte(r.Uint32())}, uint8(r.IntN(3)))
	}
	frames := []model.Frame{{Port: 1, Data: make([]byte, 80)}, {Port: 130, Data: bytes.Repeat([]byte{5}, 80)}}
	f.Fuzz(func(t *testing.T, at uint32, b []byte, how uint8) {
		damaged := slices.Clone(file)
		i := int(at) % len(damaged)
		switch how % 3 {
		case 0:
			copy(damaged[i:], b)
		case 1:
			damaged = slices.Insert(damaged, i, b...)
		case 2:
			damaged = slices.Delete(damaged, i, min(i+len(b), len(damaged)))
		}
		if len(damaged) > 20+sha256.Size {
			damaged = reseal(damaged)
		}
		sw, err := model.Restore(bytes.NewReader(damaged), stateProgram(), model.Config{})
		if err != nil {
			return
		}
		sw.Process(frames)
		again := saved(t, sw)
		if _, err := model.Restore(bytes.NewReader(again), stateProgram(), model.Config{}); err != nil {
			t.Errorf("what was restored cannot be restored: %v", err)
		}
	})
}

// saveForever saves a growing switch into a file until it is killed.
func saveForever(args []string) error {
	p, err := makePlayer(io.Discard)
	if err != nil {
		return err
	}
	events := history(8, 4000)
	p.play(events, 0, 50)
	for i := 50; ; i++ {
		p.play(events, i%len(events), i%len(events)+1)
		if err := p.sw.SaveFile(args[0]); err != nil {
			return err
		}
		if i == 50 {
			fmt.Println("saved")
		}
	}
}

// Killed at any moment of a save, the file is whole: the older one or the new.
func TestKillWhileSaving(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "state")
	r := rand.New(rand.NewPCG(9, 9))
	inside := 0
	for i := 0; i < 10 || inside == 0 && i < 100; i++ {
		c := child(jobSave, path)
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		// It has saved once, and goes on.
		if _, err := io.ReadFull(out, make([]byte, 6)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(r.IntN(20000)) * time.Microsecond)
		if err := c.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = c.Wait() // killed
		if _, err := model.RestoreFile(path, []model.Placement{{Program: stateProgram()}}, model.Config{}); err != nil {
			t.Fatalf("kill %d: %v", i, err)
		}
		files, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		inside = len(files) - 1 // what a killed save leaves
	}
	if inside == 0 {
		t.Error("no kill hit a save")
	}
}

func TestSaveFileLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	p := newPlayer(t, io.Discard)
	for range 2 {
		if err := p.sw.SaveFile(filepath.Join(dir, "state")); err != nil {
			t.Fatal(err)
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 {
		t.Errorf("%v %v", files, err)
	}
	err = p.sw.SaveFile(filepath.Join(dir, "none", "state"))
	if !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}
