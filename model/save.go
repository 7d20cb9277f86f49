package model

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"gofino/internal/clock"
	"gofino/internal/snap"
	"gofino/pipeline/ir"
	"gofino/tables"
)

// savedSwitch is the file that Save writes. The version counts up whenever the
// bytes of a section mean something else.
var savedSwitch = snap.Kind{Magic: "GOFINO\x00S", Version: 6, Name: "saved switch"}

// ErrMismatch is the cause when state is refused because another program, chip
// or configuration wrote it.
var ErrMismatch = errors.New("state of another switch")

// part is a section of the file. Loading goes in the order of the list, into a
// switch that New has just made.
type part struct {
	tag  string
	save func(*Switch, *snap.Encoder)
	load func(*Switch, *snap.Decoder) error
}

var parts = []part{
	{"TABS", (*Switch).saveTables, (*Switch).loadTables},
	{"PORT", (*Switch).savePorts, (*Switch).loadPorts},
	{"MIRR", (*Switch).saveMirrors, (*Switch).loadMirrors},
	{"PIPE", (*Switch).savePipes, (*Switch).loadPipes},
	{"LERN", (*Switch).saveLearning, (*Switch).loadLearning},
	// After PORT: what links did to the generator and to the engine is in their
	// own state.
	{"PGEN", (*Switch).savePktgen, (*Switch).loadPktgen},
	{"TMGR", (*Switch).saveTM, (*Switch).loadTM},
	{"PRE ", func(s *Switch, e *snap.Encoder) { s.pre.Save(e) }, func(s *Switch, d *snap.Decoder) error { return s.pre.Load(d) }},
}

// Save writes the whole switch, as it is between two inputs: tables and their
// handles, counters, registers, replication, mirror sessions, ports, links,
// statistics, random sources, time. Equal switches give equal bytes. Inputs wait
// only while the state is gathered in memory, not for w. It must not be called
// from a Wire.
func (s *Switch) Save(w io.Writer) error {
	resume := s.pause()
	body := s.body(s.clock.Now())
	resume()
	if err := snap.Seal(w, savedSwitch, body); err != nil {
		return fmt.Errorf("save switch: %w", err)
	}
	return nil
}

// SaveFile saves into a file that is always whole: whatever happens meanwhile,
// it is the old one or the new one.
func (s *Switch) SaveFile(path string) error {
	return snap.WriteFile(path, s.Save)
}

// body is the content of a save at a time. The gate is shut.
func (s *Switch) body(now int64) []byte {
	var e snap.Encoder
	e.Section("HEAD", func() { s.saveHead(&e, now) })
	for _, p := range parts {
		e.Section(p.tag, func() { p.save(s, &e) })
	}
	return e.Body()
}

// Restore makes a switch of what Save wrote. It goes on where the saved one
// was: same output, same state. prog must be the same program. Of the
// configuration only Clock (nil: virtual; it is set to the saved time) and
// OwnTime are c's: the rest is as saved, and where c says something, it must
// say the same.
func Restore(r io.Reader, prog *ir.Program, c Config) (*Switch, error) {
	return RestorePlaced(r, []Placement{{Program: prog}}, c)
}

// RestorePlaced makes a switch that runs several programs: the saved ones, in
// the same order. Where a placement has no pipes, they are as saved.
func RestorePlaced(r io.Reader, list []Placement, c Config) (*Switch, error) {
	body, err := snap.Open(r, savedSwitch)
	if err == nil {
		var s *Switch
		if s, err = restore(body, list, c); err == nil {
			return s, nil
		}
	}
	return nil, fmt.Errorf("restore switch: %w", err)
}

// RestoreFile makes a switch of a file: RestorePlaced.
func RestoreFile(path string, list []Placement, c Config) (*Switch, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("restore switch: %w", err)
	}
	defer f.Close()
	s, err := RestorePlaced(f, list, c)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if n, _ := f.Read(make([]byte, 1)); n > 0 {
		return nil, fmt.Errorf("%s: restore switch: something follows its end: %w", path, snap.ErrCorrupt)
	}
	return s, nil
}

func restore(body []byte, list []Placement, c Config) (*Switch, error) {
	d := snap.NewDecoder(body)
	conf, list, now, err := loadHead(d.Section("HEAD"), list, c)
	if err != nil {
		return nil, err
	}
	s, err := NewPlaced(list, conf)
	if err != nil {
		return nil, err
	}
	s.hold()
	for _, p := range parts {
		tag, section := d.Next()
		if d.Err() == nil && tag != p.tag {
			return nil, wrongSection(tag, p.tag)
		}
		if err := p.load(s, section); err != nil {
			return nil, err
		}
		if err := section.End(); err != nil {
			return nil, err
		}
	}
	if d.Left() > 0 {
		tag, _ := d.Next()
		return nil, wrongSection(tag, "the end")
	}
	set, ok := s.clock.(interface{ Set(int64) })
	if !ok {
		return nil, fmt.Errorf("the clock cannot be set to the saved time (clocks: virtual, real)")
	}
	set.Set(now)
	s.resumeTime()
	return s, nil
}

func wrongSection(tag, want string) error {
	tags := []string{"HEAD"}
	for _, p := range parts {
		tags = append(tags, p.tag)
	}
	if !slices.Contains(tags, tag) {
		return fmt.Errorf("unknown section %q (sections: %s)", tag, strings.Join(tags, ", "))
	}
	return fmt.Errorf("section %s where %s is wanted: %w", tag, want, snap.ErrCorrupt)
}

// saveHead writes what the switch is, and the time.
func (s *Switch) saveHead(e *snap.Encoder, now int64) {
	e.Byte(byte(s.target))
	e.Uint(uint64(len(s.programs)))
	for _, p := range s.programs {
		layout := tables.Layout(p.Program)
		e.String(p.Program.Name)
		e.Raw(p.Program.Hash[:])
		e.Raw(layout[:])
		e.Uint(uint64(len(p.Pipes)))
		for _, pipe := range p.Pipes {
			e.Uint(uint64(pipe))
		}
		cycles := p.latencies()
		e.Uint(uint64(len(cycles)))
		for _, c := range cycles {
			e.Uint(uint64(c[ir.Ingress]), uint64(c[ir.Egress]))
		}
	}
	e.Uint(uint64(s.conf.Pipes), s.conf.Seed)
	e.Bool(s.conf.StrictPorts)
	e.Uint(uint64(s.conf.CPUPort))
	e.Bool(s.conf.PlainRecirculation)
	e.Byte(s.conf.LoopPipes)
	e.Bool(s.conf.Queues)
	e.Uint(uint64(s.maxReentries))
	e.Int(s.conf.DigestTimeout)
	e.Uint(uint64(s.conf.DigestBatch))
	e.Bool(s.conf.ManualDigestAck)
	for _, t := range []int64{s.timing.Parser, s.timing.Ingress, s.timing.Queue, s.timing.Egress} {
		e.Int(t)
	}
	e.Int(now)
}

// savedProgram is a program as a file names it.
type savedProgram struct {
	name         string
	hash, layout []byte
	pipes        []int
	cycles       latencies
}

func loadProgram(d *snap.Decoder) savedProgram {
	p := savedProgram{name: d.String(), hash: d.Raw(32), layout: d.Raw(32)}
	for range d.Len() {
		p.pipes = append(p.pipes, d.Below("a pipe", maxPipes))
		if d.Err() != nil {
			return p
		}
	}
	for range d.Below("the number of pipelines", 1<<8) {
		p.cycles = append(p.cycles, [2]int{d.Below("the cycles of ingress", 1<<20), d.Below("the cycles of egress", 1<<20)})
		if d.Err() != nil {
			break
		}
	}
	return p
}

// fits checks that the saved program is the given one.
func (p *savedProgram) fits(given Placement) error {
	prog, want := given.Program, tables.Layout(given.Program)
	switch {
	case string(p.hash) != string(prog.Hash[:]):
		return fmt.Errorf("it ran program %q (%x), not %q (%x): %w", p.name, p.hash[:6], prog.Name, prog.Hash[:6], ErrMismatch)
	case string(p.layout) != string(want[:]):
		return fmt.Errorf("it ran %q compiled otherwise, by another version: %w", p.name, ErrMismatch)
	case len(p.cycles) != len(prog.Pipelines):
		return fmt.Errorf("it has the cycles of %d pipelines, not %d: %w", len(p.cycles), len(prog.Pipelines), ErrMismatch)
	case given.Stages != nil && !slices.Equal(p.cycles, (&program{Placement: given}).latencies()):
		return fmt.Errorf("it ran %q with stages of %d cycles (ingress, egress of each pipeline), not %d: %w",
			p.name, p.cycles, (&program{Placement: given}).latencies(), ErrMismatch)
	case given.Pipes != nil && !slices.Equal(given.Pipes, p.pipes):
		return fmt.Errorf("it ran %q in pipes %v, not %v: %w", p.name, p.pipes, given.Pipes, ErrMismatch)
	}
	return nil
}

// loadHead checks that the state is one of these programs, and gives the
// configuration, where the programs ran, and the time.
func loadHead(d *snap.Decoder, list []Placement, c Config) (conf Config, placed []Placement, now int64, err error) {
	target := ir.Target(d.Byte())
	var saved []savedProgram
	for range d.Below("the number of programs", maxPipes+1) {
		saved = append(saved, loadProgram(d))
	}
	conf.Pipes = d.Below("the number of pipes", maxPipes+1)
	conf.Seed = d.Uint()
	conf.StrictPorts = d.Bool()
	conf.CPUPort = Port(d.Below("the cpu port", 1<<9))
	conf.PlainRecirculation = d.Bool()
	conf.LoopPipes = d.Byte()
	conf.Queues = d.Bool()
	conf.MaxReentries = d.Below("the re-entry limit", 1<<31)
	conf.DigestTimeout, conf.DigestBatch, conf.ManualDigestAck = d.Int(), d.Below("the digests of a batch", 1<<16), d.Bool()
	conf.Timing = Timing{Parser: d.Int(), Ingress: d.Int(), Queue: d.Int(), Egress: d.Int()}
	now = d.Int()
	if err := d.End(); err != nil {
		return conf, nil, 0, err
	}
	if len(list) != len(saved) {
		return conf, nil, 0, fmt.Errorf("it ran %d programs, not %d: %w", len(saved), len(list), ErrMismatch)
	}
	for i, given := range list {
		if target != given.Program.Target {
			return conf, nil, 0, fmt.Errorf("it is of a %s, the program is for %s: %w", chipName(target), chipName(given.Program.Target), ErrMismatch)
		}
		if err := saved[i].fits(given); err != nil {
			return conf, nil, 0, err
		}
		placed = append(placed, Placement{Program: given.Program, Pipes: saved[i].pipes, Stages: given.Stages, cycles: saved[i].cycles})
	}
	for _, f := range []struct {
		name        string
		given       bool
		saved, want any
	}{
		{"pipes", c.Pipes != 0, conf.Pipes, c.Pipes},
		{"seed", c.Seed != 0, conf.Seed, c.Seed},
		{"strict ports", c.StrictPorts, conf.StrictPorts, c.StrictPorts},
		{"cpu port", c.CPUPort != 0, conf.CPUPort, c.CPUPort},
		{"plain recirculation", c.PlainRecirculation, conf.PlainRecirculation, c.PlainRecirculation},
		{"looped pipes", c.LoopPipes != 0, conf.LoopPipes, c.LoopPipes},
		{"queues", c.Queues, conf.Queues, c.Queues},
		{"re-entry limit", c.MaxReentries != 0, conf.MaxReentries, c.MaxReentries},
		{"digest timeout", c.DigestTimeout != 0, conf.DigestTimeout, c.DigestTimeout},
		{"digest batch", c.DigestBatch != 0, conf.DigestBatch, c.DigestBatch},
		{"manual digest acknowledgement", c.ManualDigestAck, conf.ManualDigestAck, c.ManualDigestAck},
		{"timing", c.Timing != Timing{}, conf.Timing, c.Timing.withDefaults()},
	} {
		if f.given && f.saved != f.want {
			return conf, nil, 0, fmt.Errorf("%s: saved as %v, not %v: %w", f.name, f.saved, f.want, ErrMismatch)
		}
	}
	conf.Clock, conf.OwnTime = c.Clock, c.OwnTime
	if conf.Clock == nil {
		conf.Clock = new(clock.Virtual)
	}
	return conf, placed, now, nil
}

// saveTables writes the programs' own tables.
func (s *Switch) saveTables(e *snap.Encoder) {
	for _, p := range s.programs {
		e.Section("PROG", func() { p.api.Save(e) })
	}
}

func (s *Switch) loadTables(d *snap.Decoder) error {
	for _, p := range s.programs {
		if err := p.api.Load(d.Section("PROG")); err != nil {
			return err
		}
	}
	return d.Err()
}

func chipName(t ir.Target) string {
	switch t {
	case ir.Tofino:
		return "tofino"
	case ir.Tofino2:
		return "tofino2"
	}
	return fmt.Sprintf("chip %d", t)
}

// savePorts writes links, $PORT, the CPU port. What packets see of a port
// follows from these.
func (s *Switch) savePorts(e *snap.Encoder) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, up := range s.link {
		e.Bool(up)
	}
	e.Uint(uint64(len(s.portTable)))
	for _, p := range slices.Sorted(maps.Keys(s.portTable)) {
		e.Uint(uint64(p))
		saveRecord(e, s.portTable[p].values)
	}
	e.Int(int64(s.cpu.Load()))
	e.Bool(s.wantPorts.Load())
	e.Uint(uint64(s.statPoll.Load()))
	s.saveSettings(e)
}

func (s *Switch) loadPorts(d *snap.Decoder) error {
	spec := s.portCfg().spec
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.link {
		s.link[i] = d.Bool()
	}
	for range d.Len() {
		n := d.Uint()
		p, err := s.portKey(n)
		if d.Wrap(err); d.Err() == nil && s.portTable[p] != nil {
			d.Fail("port %d is there twice", p)
		}
		r := loadRecord(d, spec)
		if d.Err() != nil {
			return d.Err()
		}
		s.portTable[p] = &portEntry{values: r}
	}
	cpu := d.Int()
	if cpu < -1 || cpu >= int64(len(s.ports)) {
		d.Fail("the cpu port is %d", cpu)
		return d.Err()
	}
	s.cpu.Store(int32(cpu))
	s.wantPorts.Store(d.Bool())
	s.statPoll.Store(d.Uint32())
	settings := loadSettings(d)
	s.applySettings(s.settings, settings)
	s.settings = settings
	for p := range s.ports {
		s.setPortFlags(Port(p))
	}
	return d.Err()
}

func (s *Switch) saveMirrors(e *snap.Encoder) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e.Uint(uint64(len(s.mirrorTable)))
	for _, id := range slices.Sorted(maps.Keys(s.mirrorTable)) {
		e.Uint(uint64(id))
		saveRecord(e, s.mirrorTable[id].values)
	}
}

func (s *Switch) loadMirrors(d *snap.Decoder) error {
	spec := s.mirrorCfg().spec
	s.mu.Lock()
	defer s.mu.Unlock()
	for range d.Len() {
		id := uint16(d.Below("a mirror session", len(s.mirrors)))
		if d.Err() == nil && (id == 0 || s.mirrorTable[id] != nil) {
			d.Fail("mirror session %d is there twice, or none", id)
		}
		r := loadRecord(d, spec)
		if d.Err() != nil {
			return d.Err()
		}
		live, err := s.compileMirror(r)
		if err != nil {
			return err
		}
		s.mirrorTable[id] = &mirrorEntry{values: r}
		s.mirrors[id].Store(live)
	}
	return d.Err()
}

// saveRecord writes data as a controller wrote it, by field name.
func saveRecord(e *snap.Encoder, r record) {
	e.Uint(uint64(len(r)))
	for _, name := range slices.Sorted(maps.Keys(r)) {
		e.String(name)
		if err := tables.SaveValue(e, r[name]); err != nil {
			panic("BUG: a fixed table holds what no table takes: " + err.Error())
		}
	}
}

// loadRecord reads data and checks it against the table's fields.
func loadRecord(d *snap.Decoder, spec *tables.TableSpec) record {
	r := record{}
	for range d.Len() {
		name, v := d.String(), tables.LoadValue(d)
		if d.Err() != nil {
			return nil
		}
		if name == actionField {
			action, _ := v.(string)
			if !slices.ContainsFunc(spec.Actions, func(a tables.ActionSpec) bool { return a.Name == action }) {
				d.Fail("no action %q", action)
			}
			r[name] = action
			continue
		}
		i := slices.IndexFunc(spec.Data, func(f tables.FieldSpec) bool { return f.Name == name })
		if i < 0 || r[name] != nil {
			d.Fail("no field %q, or twice", name)
			return nil
		}
		v, err := normal(&spec.Data[i], v)
		d.Wrap(err)
		r[name] = v
	}
	return r
}

// savePipes writes of each pipe what is in no table.
func (s *Switch) savePipes(e *snap.Encoder) {
	e.Uint(s.lost.Load())
	for _, p := range s.pipes {
		p.st.Mu.Lock()
		r, err := p.rand.MarshalBinary()
		if err != nil {
			panic("BUG: a PCG has no state: " + err.Error())
		}
		e.Bytes(r)
		p.run.Save(e)
		for l := range p.ports {
			p.ports[l].save(e)
		}
		p.st.Mu.Unlock()
	}
}

func (s *Switch) loadPipes(d *snap.Decoder) error {
	s.lost.Store(d.Uint())
	for _, p := range s.pipes {
		p.st.Mu.Lock()
		d.Wrap(p.rand.UnmarshalBinary(d.Bytes()))
		p.run.Load(d)
		for l := range p.ports {
			p.ports[l].load(d)
		}
		p.st.Mu.Unlock()
	}
	return d.Err()
}

// numbers are the counters of a port, all but its timestamp.
func (c *portCount) numbers() []*uint64 {
	var out []*uint64
	for _, d := range []*direction{&c.rx, &c.tx} {
		out = append(out, &d.frames, &d.octets)
		for i := range d.cast {
			out = append(out, &d.cast[i])
		}
		for i := range d.length {
			out = append(out, &d.length[i])
		}
	}
	for i := range c.drops {
		out = append(out, &c.drops[i])
	}
	return out
}

func (c *portCount) save(e *snap.Encoder) {
	saw := *c != portCount{}
	e.Bool(saw)
	if !saw {
		return
	}
	for _, n := range c.numbers() {
		e.Uint(*n)
	}
	e.Bool(c.tsValid)
	e.Int(c.tsValue)
	e.Uint(uint64(c.tsID))
}

func (c *portCount) load(d *snap.Decoder) {
	if !d.Bool() {
		return
	}
	for _, n := range c.numbers() {
		*n = d.Uint()
	}
	c.tsValid, c.tsValue, c.tsID = d.Bool(), d.Int(), d.Uint32()
}
