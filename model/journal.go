package model

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"sync"

	"gofino/internal/snap"
	"gofino/pre"
	"gofino/tables"
)

// A recording is the state of the switch when it began, and then every input in
// the order in which the switch took it:
//
//	sealed state, { kind, length, payload, CRC-32C }
//
// An input's payload begins with the time since the one before. What the
// outside world answered (frames that a wire refused, errors that a controller
// got) follows in a record of its own, if there was any.
var recordedSwitch = snap.Kind{Magic: "GOFINO\x00J", Version: 4, Name: "recording"}

type recordKind byte

const (
	recordFrames    recordKind = iota + 1 // frames that arrive together
	recordWrite                           // a batch of table changes
	recordOperation                       // a table operation
	recordLink                            // a link goes up or down
	recordDevice                          // ConfigurePRE
	recordOutcome                         // of the input before
	recordForget                          // the names written so far
	recordEnd                             // what a replay must arrive at
	recordEvent                           // something became due: its order and when
	recordAttribute                       // an attribute of a table is set
	recordAck                             // a batch of digests is acknowledged
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Journal is a recording under way. While it lasts, inputs take turns: the
// order in which they are written is the order in which they happened.
type Journal struct {
	s *Switch

	mu     sync.Mutex // held while an input is under way
	w      *bufio.Writer
	err    error // the first of w; nothing is written after it
	now    int64 // time of the last input
	inputs uint64
	names  snap.Names
	e      snap.Encoder
	out    tee
}

// tee listens to what leaves, between the switch and its wire. Guarded by the
// journal's mu.
type tee struct {
	to     Wire
	frames uint64    // that the wire took
	sum    hash.Hash // over them
	sends  uint64    // of this input, taken or not
	lost   []span    // of them, those that the wire refused
}

// span is a run of an input's frames.
type span struct{ first, n uint64 }

// Send passes a frame on.
func (t *tee) Send(port Port, head, payload []byte) error {
	err := t.to.Send(port, head, payload)
	at := t.sends
	t.sends++
	if err == nil {
		t.frames++
		sumFrame(t.sum, port, head, payload)
		return nil
	}
	if last := len(t.lost) - 1; last >= 0 && t.lost[last].first+t.lost[last].n == at {
		t.lost[last].n++
	} else {
		t.lost = append(t.lost, span{at, 1})
	}
	return err
}

// sumFrame adds a frame to a digest of frames.
func sumFrame(h hash.Hash, port Port, head, payload []byte) {
	var b [10]byte
	binary.BigEndian.PutUint16(b[:], uint16(port))
	binary.BigEndian.PutUint64(b[2:], uint64(len(head)+len(payload)))
	h.Write(b[:])
	h.Write(head)
	h.Write(payload)
}

// Record begins to write every input of the switch to w, until the Journal is
// closed. A Replay of what was written does the same again. Without a recording
// an input costs one look at a pointer.
func (s *Switch) Record(w io.Writer) (*Journal, error) {
	resume := s.pause()
	defer resume()
	if s.journal.Load() != nil {
		return nil, errors.New("record switch: it is being recorded")
	}
	j := &Journal{s: s, w: bufio.NewWriterSize(w, 1<<16), now: s.clock.Now()}
	if err := snap.Seal(j.w, recordedSwitch, s.body(j.now)); err != nil {
		return nil, fmt.Errorf("record switch: %w", err)
	}
	j.out = tee{to: s.wire, sum: sha256.New()}
	s.wire = &j.out
	s.journal.Store(j)
	return j, nil
}

// Close ends the recording and writes what a replay must arrive at. The error
// is the first that writing met. It does not close the writer.
func (j *Journal) Close() error {
	resume := j.s.pause()
	defer resume()
	if j.s.journal.Load() != j {
		return errors.New("end recording: it has ended")
	}
	j.s.journal.Store(nil)
	j.s.wire = j.out.to
	j.begin(j.s.clock.Now())
	j.e.Uint(j.inputs, j.out.frames)
	j.e.Raw(j.out.sum.Sum(nil))
	state := j.s.stateHash(j.now)
	j.e.Raw(state[:])
	j.put(recordEnd)
	if err := j.w.Flush(); err != nil && j.err == nil {
		j.err = err
	}
	if j.err != nil {
		return fmt.Errorf("write recording: %w", j.err)
	}
	return nil
}

// Err is the first error that writing the recording met. The switch goes on
// without.
func (j *Journal) Err() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.err
}

// begin starts a record with the time.
func (j *Journal) begin(now int64) {
	j.e.Reset()
	j.e.Int(now - j.now)
	j.now = now
}

// put writes the record.
func (j *Journal) put(kind recordKind) {
	if j.err != nil {
		return
	}
	head := binary.AppendUvarint([]byte{byte(kind)}, uint64(len(j.e.Body())))
	sum := crc32.Update(crc32.Checksum(head, castagnoli), castagnoli, j.e.Body())
	for _, b := range [][]byte{head, j.e.Body(), binary.LittleEndian.AppendUint32(nil, sum)} {
		if _, err := j.w.Write(b); err != nil {
			j.err = err
			return
		}
	}
}

// input writes an input; what came of it is for outcome.
func (j *Journal) input(kind recordKind) {
	j.inputs++
	j.put(kind)
	j.out.sends, j.out.lost = 0, j.out.lost[:0]
}

func (j *Journal) outcome(err error) {
	if err == nil && len(j.out.lost) == 0 {
		return
	}
	j.e.Reset()
	j.e.Uint(uint64(len(j.out.lost)))
	for _, l := range j.out.lost {
		j.e.Uint(l.first, l.n)
	}
	j.e.String(errorText(err))
	j.put(recordOutcome)
}

// errorText has every error of a batch.
func errorText(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	var batch *tables.BatchError
	if errors.As(err, &batch) {
		for i, e := range batch.Errs {
			if e != nil {
				text += fmt.Sprintf("\n%d: %v", i, e)
			}
		}
	}
	return text
}

func (j *Journal) process(c *call, batch []Frame) {
	j.mu.Lock()
	defer j.mu.Unlock()
	now := j.s.clock.Now()
	j.begin(now)
	j.e.Uint(uint64(len(batch)))
	for i := range batch {
		f := &batch[i]
		j.e.Uint(uint64(f.Port))
		j.e.Bool(f.Time != 0)
		if f.Time != 0 {
			j.e.Int(f.Time - now)
		}
		j.e.Bytes(f.Data)
	}
	j.input(recordFrames)
	c.process(now, batch)
	j.outcome(nil)
}

func (j *Journal) write(ctx context.Context, a *api, t tables.Target, updates []tables.Update, at tables.Atomicity) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	last := j.now
	j.begin(j.s.clock.Now())
	j.e.Uint(uint64(a.index))
	tables.SaveTarget(&j.e, t)
	j.e.Byte(byte(at))
	j.e.Uint(uint64(len(updates)))
	for i := range updates {
		if err := tables.SaveUpdate(&j.e, &j.names, &updates[i]); err != nil {
			j.now = last
			return j.refuse(updates, i, err)
		}
	}
	j.input(recordWrite)
	// A batch that began is done to its end: who replays it has no caller
	// that could lose patience in its middle.
	err := a.Store.Write(context.WithoutCancel(ctx), t, updates, at)
	j.outcome(err)
	return err
}

// refuse a batch with a value of a type that nothing takes and no recording
// has a form for.
func (j *Journal) refuse(updates []tables.Update, i int, err error) error {
	// The record that is given up may have named things for the first time.
	j.names = snap.Names{}
	j.e.Reset()
	j.put(recordForget)
	errs := make([]error, i+1)
	errs[i] = &tables.Error{Op: "record", Table: updates[i].Entry.Table, Err: tables.ErrInvalid, Detail: err.Error()}
	return &tables.BatchError{Errs: errs, RolledBack: true}
}

func (j *Journal) operation(ctx context.Context, a *api, t tables.Target, table, op string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.begin(j.s.clock.Now())
	j.e.Uint(uint64(a.index))
	tables.SaveTarget(&j.e, t)
	j.names.Put(&j.e, table)
	j.names.Put(&j.e, op)
	j.input(recordOperation)
	err := a.Store.Operation(context.WithoutCancel(ctx), t, table, op)
	j.outcome(err)
	return err
}

// event records that the chip did something because its time had come.
func (j *Journal) event(e *event, due int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.begin(j.s.clock.Now())
	j.e.Uint(e.order)
	j.e.Int(due)
	j.input(recordEvent)
	e.fire(due)
	j.outcome(nil)
}

func (j *Journal) attribute(ctx context.Context, a *api, t tables.Target, table, name string, data []tables.DataField) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	last := j.now
	j.begin(j.s.clock.Now())
	j.e.Uint(uint64(a.index))
	tables.SaveTarget(&j.e, t)
	u := []tables.Update{{Entry: tables.TableEntry{Table: table, Action: name, Data: data}}}
	if err := tables.SaveUpdate(&j.e, &j.names, &u[0]); err != nil {
		j.now = last
		return j.refuse(u, 0, err)
	}
	j.input(recordAttribute)
	err := a.Store.SetAttribute(context.WithoutCancel(ctx), t, table, name, data)
	j.outcome(err)
	return err
}

func (j *Journal) ackDigest(batch uint64) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.begin(j.s.clock.Now())
	j.e.Uint(batch)
	j.input(recordAck)
	err := j.s.ackDigest(batch)
	j.outcome(err)
	return err
}

// link and device write an input that cannot fail; what they return ends it.
func (j *Journal) link(p Port, up bool) (end func()) {
	j.mu.Lock()
	j.begin(j.s.clock.Now())
	j.e.Uint(uint64(p))
	j.e.Bool(up)
	j.input(recordLink)
	return j.mu.Unlock
}

func (j *Journal) device(c pre.DeviceConfig) (end func()) {
	j.mu.Lock()
	j.begin(j.s.clock.Now())
	j.e.Uint(uint64(c.GlobalRID))
	j.e.Bool(c.PortProtection)
	j.e.Bool(c.FastFailover)
	j.e.Int(int64(c.MaxNodes))
	j.e.Int(int64(c.MaxPortLAGs))
	j.input(recordDevice)
	return j.mu.Unlock
}
