package model

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"sync/atomic"

	"gofino/pipeline"
	"gofino/pipeline/ir"
	"gofino/tables"
)

// The learn filter of a pipe (chip.md section 10). Quanta gather in one of two
// banks, each quantum once. A bank goes to the control plane when it is full or
// some time after its first quantum. There it waits for an acknowledgement;
// meanwhile what is in it is not learned again, and the other bank gathers.
// While both wait, new quanta are lost.

const (
	// DefaultDigestTimeoutNS is how long a quantum waits for others.
	DefaultDigestTimeoutNS = 500_000
	// Quanta that a filter delivers at once, at most.
	digestBatchTofino  = 2048
	digestBatchTofino2 = 4096
)

// LearnStats counts the quanta of a switch since it was made.
type LearnStats struct {
	Learned    uint64 // new: delivered, or gathered for it
	Duplicates uint64 // gathered or waiting for acknowledgement already
	Lost       uint64 // both banks waited for acknowledgement
	Batches    uint64 // deliveries
}

// learnFilter is guarded by its pipe's lock, but for what is immutable.
type learnFilter struct {
	pipe    int          // immutable, as all up to banks
	digests []*ir.Digest // of the program
	sw      *Switch      // told when the next is due
	api     *api         // told of deliveries
	max     int          // quanta in a bank
	timeout int64        // ns
	manual  bool         // banks wait for AckDigest

	banks [2]learnBank
	cur   int // the bank that gathers
	stats LearnStats
	event event

	// dueAt repeats due for those without the lock; MaxInt64: nothing is.
	dueAt atomic.Int64
}

// learnBank is half of a filter.
type learnBank struct {
	tables.Quanta
	off   []uint32 // where each quantum's data begins
	slots []uint32 // a hash table of quanta, each by its number + 1; twice as many as quanta
	since int64    // time of the first quantum
	batch uint64   // not 0: delivered under this number, waiting
}

// newLearnFilter is nil for a program without digests.
func newLearnFilter(s *Switch, p *pipe) *learnFilter {
	pl, c := p.pl, &s.conf
	if len(pl.Digests) == 0 {
		return nil
	}
	f := &learnFilter{pipe: p.index, api: s.programOf(p.index).api, digests: pl.Digests, sw: s, max: c.DigestBatch, timeout: c.DigestTimeout, manual: c.ManualDigestAck}
	if f.max == 0 {
		f.max = digestBatchTofino
		if s.target == ir.Tofino2 {
			f.max = digestBatchTofino2
		}
	}
	if f.timeout == 0 {
		f.timeout = DefaultDigestTimeoutNS
	}
	slots := 2
	for slots < 2*f.max {
		slots *= 2
	}
	most := 0
	for _, d := range pl.Digests {
		most = max(most, d.Bytes())
	}
	f.dueAt.Store(math.MaxInt64)
	for i := range f.banks {
		f.banks[i] = learnBank{slots: make([]uint32, slots), off: make([]uint32, 0, f.max)}
		f.banks[i].Index = make([]uint8, 0, f.max)
		f.banks[i].Data = make([]byte, 0, f.max*most)
	}
	return f
}

// learnVerdict is what became of a quantum.
type learnVerdict uint8

const (
	learned learnVerdict = iota
	learnedAlready
	learnLost
)

func (v learnVerdict) String() string { return [...]string{"learned", "duplicate", "lost"}[v] }

// learn takes the digest of the packet that ingress has just deparsed.
func (c *call) learn(p *pipe, port Port, now int64) {
	if p.ig.Intr(ir.DigestTypeValid) == 0 {
		return
	}
	d := &p.ig.Digest
	v := p.learn.emit(now, d.Index, d.Data)
	if c.sink != nil {
		c.chip(ChipEvent{Kind: ChipDigest, Port: port, Attrs: []pipeline.Attr{
			{Name: "name", Value: p.learn.digests[d.Index].Name}, attr("data", "%x", d.Data), {Name: "result", Value: v.String()},
		}})
	}
}

// emit takes one quantum.
func (f *learnFilter) emit(now int64, digest int, data []byte) learnVerdict {
	f.expire(now)
	h := quantumHash(digest, data)
	for i := range f.banks {
		if f.banks[i].find(h, digest, data) {
			f.stats.Duplicates++
			return learnedAlready
		}
	}
	b := &f.banks[f.cur]
	if b.batch != 0 {
		if f.banks[1-f.cur].batch != 0 {
			f.stats.Lost++
			return learnLost
		}
		f.cur = 1 - f.cur
		b = &f.banks[f.cur]
	}
	if len(b.Index) == 0 {
		b.since = now
		f.dueAt.Store(f.due())
		f.sw.set(&f.event, f.due())
	}
	b.add(h, digest, data)
	f.stats.Learned++
	if len(b.Index) == f.max {
		f.deliver(now)
	}
	return learned
}

// due is when the bank that gathers must be delivered; a bank has quanta.
func (f *learnFilter) due() int64 { return f.banks[f.cur].since + f.timeout }

// expire delivers the bank that gathers if its time has come.
func (f *learnFilter) expire(now int64) {
	if b := &f.banks[f.cur]; len(b.Index) > 0 && b.batch == 0 && now >= f.due() {
		f.deliver(f.due())
	}
}

// deliver hands the bank that gathers to the control plane.
func (f *learnFilter) deliver(now int64) {
	f.stats.Batches++
	f.dueAt.Store(math.MaxInt64)
	f.sw.unset(&f.event)
	b := &f.banks[f.cur]
	b.batch = f.stats.Batches*maxPipes + uint64(f.pipe)
	f.api.PublishDigests(now, f.pipe, b.batch, tables.Quanta{Index: bytes.Clone(b.Index), Data: bytes.Clone(b.Data)})
	if !f.manual {
		b.clear() // the BFRuntime server acknowledges what it delivered at once
	}
	f.cur = 1 - f.cur
}

// ack frees the bank that waits under this number.
func (f *learnFilter) ack(batch uint64) bool {
	for i := range f.banks {
		if b := &f.banks[i]; batch != 0 && b.batch == batch {
			b.clear()
			return true
		}
	}
	return false
}

func (b *learnBank) clear() {
	clear(b.slots)
	b.Index, b.Data, b.off, b.batch, b.since = b.Index[:0], b.Data[:0], b.off[:0], 0, 0
}

// slot of a quantum: where it is, or the empty one where it belongs.
func (b *learnBank) slot(h uint64, digest int, data []byte) uint32 {
	mask := uint32(len(b.slots) - 1)
	for i := uint32(h) & mask; ; i = (i + 1) & mask {
		n := b.slots[i]
		if n == 0 {
			return i
		}
		if off := int(b.off[n-1]); int(b.Index[n-1]) == digest && off+len(data) <= len(b.Data) && bytes.Equal(b.Data[off:off+len(data)], data) {
			return i
		}
	}
}

func (b *learnBank) find(h uint64, digest int, data []byte) bool {
	return len(b.Index) > 0 && b.slots[b.slot(h, digest, data)] != 0
}

func (b *learnBank) add(h uint64, digest int, data []byte) {
	i := b.slot(h, digest, data)
	b.off = append(b.off, uint32(len(b.Data)))
	b.Index = append(b.Index, uint8(digest))
	b.Data = append(b.Data, data...)
	b.slots[i] = uint32(len(b.Index))
}

// quantumHash spreads quanta over slots; it has no other meaning.
func quantumHash(digest int, data []byte) uint64 {
	const k = 0x9e3779b97f4a7c15
	h := uint64(digest)*k + uint64(len(data))
	for len(data) >= 8 {
		h = (h ^ binary.LittleEndian.Uint64(data)) * k
		h ^= h >> 29
		data = data[8:]
	}
	for _, c := range data {
		h = (h ^ uint64(c)) * k
	}
	return h ^ h>>32
}

// appendState writes what the filter holds, for the state's hash.
func (f *learnFilter) appendState(b []byte) []byte {
	b = append(b, byte(f.cur))
	for _, n := range []uint64{f.stats.Learned, f.stats.Duplicates, f.stats.Lost, f.stats.Batches} {
		b = binary.AppendUvarint(b, n)
	}
	for i := range f.banks {
		k := &f.banks[i]
		b = binary.AppendUvarint(b, uint64(len(k.Index)))
		b = append(append(b, k.Index...), k.Data...)
		b = binary.AppendUvarint(binary.AppendVarint(b, k.since), k.batch)
	}
	return b
}

// startLearning gives the pipes their learn filters.
func (s *Switch) startLearning() {
	for _, p := range s.pipes {
		p.learn = newLearnFilter(s, p)
		if p.learn == nil {
			continue
		}
		p.learn.event = event{order: 1 + uint64(p.index), fire: func(now int64) {
			p.st.Mu.Lock()
			defer p.st.Mu.Unlock()
			p.learn.expire(now)
		}}
	}
	s.idle = make([]event, len(s.programs))
	for i, p := range s.programs {
		e, store := &s.idle[i], p.api.Store
		*e = event{order: idleOrder(i), fire: store.Tick}
		store.Keep(s.clock.Now, func() {
			if due := store.Due(); due != math.MaxInt64 {
				s.set(e, due)
			} else {
				s.unset(e)
			}
		})
	}
}

// idleOrder is the event order of a program's idle sweeps: of the first program
// before the learn filters, whose orders are 1 to maxPipes, of others after.
func idleOrder(i int) uint64 {
	if i == 0 {
		return 0
	}
	return maxPipes + uint64(i)
}

// tick does what is due before packets at time now are seen: those who move
// the clock by themselves need not call RunUntil. No lock is held.
func (s *Switch) tick(now int64) {
	for _, p := range s.programs {
		p.api.Tick(now)
	}
	for _, p := range s.pipes {
		if p.learn != nil && now >= p.learn.dueAt.Load() {
			p.st.Mu.Lock()
			p.learn.expire(now)
			p.st.Mu.Unlock()
		}
	}
}

// AckDigest acknowledges a batch of digests: what was in it can be learned
// again. Only where Config.ManualDigestAck says that batches wait for it.
func (s *Switch) AckDigest(batch uint64) error {
	s.enter()
	defer s.leave()
	if j := s.journal.Load(); j != nil {
		return j.ackDigest(batch)
	}
	return s.ackDigest(batch)
}

func (s *Switch) ackDigest(batch uint64) error {
	if n := int(batch % maxPipes); n < len(s.pipes) && s.pipes[n].learn != nil {
		p := s.pipes[n]
		p.st.Mu.Lock()
		defer p.st.Mu.Unlock()
		if p.learn.ack(batch) {
			return nil
		}
	}
	return &tables.Error{Op: "acknowledge", Table: fmt.Sprintf("digest batch %d", batch), Err: tables.ErrNotFound,
		Detail: "no such batch waits"}
}

// Learning counts the quanta of all pipes.
func (s *Switch) Learning() LearnStats {
	var sum LearnStats
	for _, p := range s.pipes {
		if p.learn == nil {
			continue
		}
		p.st.Mu.Lock()
		n := p.learn.stats
		p.st.Mu.Unlock()
		sum.Learned += n.Learned
		sum.Duplicates += n.Duplicates
		sum.Lost += n.Lost
		sum.Batches += n.Batches
	}
	return sum
}

var _ tables.DigestAcker = (*Switch)(nil)

// FlushNotifications waits until all that was told has been delivered to those
// who subscribed. Not from a subscriber.
func (s *Switch) FlushNotifications(ctx context.Context) error {
	for _, p := range s.programs {
		if err := p.api.FlushNotifications(ctx); err != nil {
			return err
		}
	}
	return nil
}
