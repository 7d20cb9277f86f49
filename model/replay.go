package model

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"

	"gofino/internal/clock"
	"gofino/internal/snap"
	"gofino/pipeline/ir"
	"gofino/pre"
	"gofino/tables"
)

// ErrDiffers is the cause when a replay does something else than what was
// recorded.
var ErrDiffers = errors.New("differs from the recording")

// ErrNoEnd is the cause when a recording stops before its end: whoever wrote it
// was killed.
var ErrNoEnd = errors.New("the recording has no end")

// Replay repeats a recording, in virtual time. Not safe for concurrent use.
type Replay struct {
	s     *Switch
	clock *clock.Virtual
	r     *bufio.Reader
	names snap.Names
	done  bool

	inputs uint64

	// What leaves.
	wire   Wire
	frames uint64
	sum    hash.Hash
	sends  uint64 // of this input
	lost   []span // of them, those that the wire refused then
}

// NewReplay reads the state that a recording begins with. prog must be the
// program that was recorded.
func NewReplay(r io.Reader, prog *ir.Program) (*Replay, error) {
	return NewReplayPlaced(r, []Placement{{Program: prog}})
}

// NewReplayPlaced replays a switch that runs several programs, as RestorePlaced
// wants them.
func NewReplayPlaced(r io.Reader, list []Placement) (*Replay, error) {
	rp := &Replay{r: bufio.NewReaderSize(r, 1<<16), clock: new(clock.Virtual), wire: discard{}, sum: sha256.New()}
	body, err := snap.Open(rp.r, recordedSwitch)
	if err == nil {
		rp.s, err = restore(body, list, Config{Clock: rp.clock})
	}
	if err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	rp.s.SetWire((*replayWire)(rp))
	return rp, nil
}

// Switch is the switch that the inputs go to. What it sends goes to SetWire's.
func (rp *Replay) Switch() *Switch { return rp.s }

// SetWire says where frames leave. Its errors do not matter: a frame that was
// refused then is refused now, and does not reach it.
func (rp *Replay) SetWire(w Wire) { rp.wire = w }

// Inputs is how many inputs were repeated.
func (rp *Replay) Inputs() uint64 { return rp.inputs }

// Outputs is how many frames left.
func (rp *Replay) Outputs() uint64 { return rp.frames }

// replayWire is the Replay as a Wire.
type replayWire Replay

var errRefusedThen = errors.New("the wire refused it then")

// Send refuses what was refused.
func (w *replayWire) Send(port Port, head, payload []byte) error {
	at := w.sends
	w.sends++
	if len(w.lost) > 0 && at >= w.lost[0].first {
		if at-w.lost[0].first == w.lost[0].n-1 {
			w.lost = w.lost[1:]
		}
		return errRefusedThen
	}
	w.frames++
	sumFrame(w.sum, port, head, payload)
	_ = w.wire.Send(port, head, payload) // see SetWire
	return nil
}

// Run repeats the whole recording. The error is ErrDiffers, ErrNoEnd, or that
// the recording is damaged.
func (rp *Replay) Run() error {
	for {
		err := rp.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// Next repeats one input. At the end, and if all that left and the final state
// were the same, it is io.EOF.
func (rp *Replay) Next() error {
	if rp.done {
		return io.EOF
	}
	err := rp.next()
	if err != nil {
		rp.done = true
		if !errors.Is(err, io.EOF) {
			return fmt.Errorf("replay input %d: %w", rp.inputs, err)
		}
	}
	return err
}

func (rp *Replay) next() error {
	kind, d, err := rp.record()
	if err != nil {
		return err
	}
	if kind == recordForget {
		rp.names = snap.Names{}
		return d.End()
	}
	now := rp.clock.Now() + d.Int()
	do, err := rp.decode(kind, d)
	if err != nil {
		return err
	}
	rp.clock.Set(now)
	if kind == recordEnd {
		return do()
	}
	want, err := rp.outcome()
	if err != nil {
		return err
	}
	rp.inputs++
	rp.sends = 0
	got := errorText(do())
	switch {
	case got != want:
		return fmt.Errorf("it ended with %q, not %q: %w", got, want, ErrDiffers)
	case len(rp.lost) > 0:
		return fmt.Errorf("%d frames left, and more should have: %w", rp.sends, ErrDiffers)
	}
	return nil
}

// record reads a record.
func (rp *Replay) record() (recordKind, *snap.Decoder, error) {
	head := make([]byte, 0, 1+binary.MaxVarintLen64)
	kind, err := rp.r.ReadByte()
	if err != nil {
		return 0, nil, noEnd(err)
	}
	head = append(head, kind)
	for len(head) < 2 || head[len(head)-1]&0x80 != 0 {
		b, err := rp.r.ReadByte()
		if err != nil {
			return 0, nil, noEnd(err)
		}
		if len(head) == cap(head) {
			return 0, nil, fmt.Errorf("a record's length: %w", snap.ErrCorrupt)
		}
		head = append(head, b)
	}
	size, n := binary.Uvarint(head[1:])
	if n <= 0 || size > 1<<40 {
		return 0, nil, fmt.Errorf("a record's length: %w", snap.ErrCorrupt)
	}
	var b bytes.Buffer
	if _, err := io.CopyN(&b, rp.r, int64(size)+4); err != nil {
		return 0, nil, noEnd(err)
	}
	body := b.Bytes()[:size]
	if crc32.Update(crc32.Checksum(head, castagnoli), castagnoli, body) != binary.LittleEndian.Uint32(b.Bytes()[size:]) {
		return 0, nil, fmt.Errorf("a record's checksum differs: %w", snap.ErrCorrupt)
	}
	return recordKind(kind), snap.NewDecoder(body), nil
}

func noEnd(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrNoEnd
	}
	return err
}

// outcome reads what came of the input, if that was noted.
func (rp *Replay) outcome() (text string, err error) {
	rp.lost = rp.lost[:0]
	if next, err := rp.r.Peek(1); err != nil || recordKind(next[0]) != recordOutcome {
		return "", nil // an error comes back with the next record
	}
	_, d, err := rp.record()
	if err != nil {
		return "", err
	}
	end := uint64(0)
	for range d.Len() {
		l := span{d.Uint(), d.Uint()}
		if d.Err() == nil && (l.n == 0 || l.first < end || l.first+l.n < l.first) {
			d.Fail("frames that a wire refused are out of order")
		}
		if d.Err() != nil {
			return "", d.Err()
		}
		end = l.first + l.n
		rp.lost = append(rp.lost, l)
	}
	text = d.String()
	return text, d.End()
}

// decode reads an input and says how to repeat it.
func (rp *Replay) decode(kind recordKind, d *snap.Decoder) (do func() error, err error) {
	ctx := context.Background()
	switch kind {
	case recordFrames:
		batch, times := rp.loadFrames(d)
		do = func() error {
			for i := range batch {
				if times[i] {
					batch[i].Time += rp.clock.Now()
				}
			}
			rp.s.Process(batch)
			return nil
		}
	case recordWrite:
		api, t, at := rp.api(d), tables.LoadTarget(d), tables.Atomicity(d.Byte())
		var updates []tables.Update
		for range d.Len() {
			if updates = append(updates, tables.LoadUpdate(d, &rp.names)); d.Err() != nil {
				break
			}
		}
		do = func() error { return api.Write(ctx, t, updates, at) }
	case recordOperation:
		api, t, table, op := rp.api(d), tables.LoadTarget(d), rp.names.Get(d), rp.names.Get(d)
		do = func() error { return api.Operation(ctx, t, table, op) }
	case recordAttribute:
		api, t, u := rp.api(d), tables.LoadTarget(d), tables.LoadUpdate(d, &rp.names)
		do = func() error {
			return api.SetAttribute(ctx, t, u.Entry.Table, u.Entry.Action, u.Entry.Data)
		}
	case recordAck:
		batch := d.Uint()
		do = func() error { return rp.s.AckDigest(batch) }
	case recordLink:
		port, up := Port(d.Below("a port", 1<<16)), d.Bool()
		do = func() error { rp.s.PortUp(port, up); return nil }
	case recordDevice:
		c := pre.DeviceConfig{
			GlobalRID: pre.RID(d.Below("a rid", 1<<16)), PortProtection: d.Bool(), FastFailover: d.Bool(),
			MaxNodes: int(d.Int()), MaxPortLAGs: int(d.Int()),
		}
		do = func() error { rp.s.ConfigurePRE(c); return nil }
	case recordEvent:
		order, due := d.Uint(), d.Int()
		do = func() error {
			if !rp.s.refire(order, due) {
				return fmt.Errorf("nothing is due that was due then: %w", ErrDiffers)
			}
			return nil
		}
	case recordEnd:
		inputs, frames := d.Uint(), d.Uint()
		sum, state := d.Raw(sha256.Size), d.Raw(sha256.Size)
		do = func() error { return rp.end(inputs, frames, sum, state) }
	default:
		return nil, fmt.Errorf("a record of kind %d: %w", kind, snap.ErrCorrupt)
	}
	return do, d.End()
}

// api is that of the program whose tables an input was for.
func (rp *Replay) api(d *snap.Decoder) tables.API {
	return rp.s.ProgramAPI(d.Below("a program", len(rp.s.programs)))
}

// loadFrames reads frames. times tells whose Time counts from now.
func (rp *Replay) loadFrames(d *snap.Decoder) (batch []Frame, times []bool) {
	for range d.Len() {
		f := Frame{Port: Port(d.Below("a port", 1<<16))}
		timed := d.Bool()
		if timed {
			f.Time = d.Int()
		}
		f.Data = d.Bytes()
		if d.Err() != nil {
			return nil, nil
		}
		batch, times = append(batch, f), append(times, timed)
	}
	return batch, times
}

// end compares what was arrived at.
func (rp *Replay) end(inputs, frames uint64, sum, state []byte) error {
	now := rp.s.StateHash()
	switch {
	case rp.inputs != inputs:
		return fmt.Errorf("%d inputs, not %d: %w", rp.inputs, inputs, snap.ErrCorrupt)
	case rp.frames != frames:
		return fmt.Errorf("%d frames left, not %d: %w", rp.frames, frames, ErrDiffers)
	case !bytes.Equal(rp.sum.Sum(nil), sum):
		return fmt.Errorf("other bytes left: %w", ErrDiffers)
	case !bytes.Equal(now[:], state):
		return fmt.Errorf("the final state: %w", ErrDiffers)
	}
	return io.EOF
}
