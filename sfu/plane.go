package sfu

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"gofino/tables"
)

// Source is the text of the data plane's program, p4/sfu.p4.
//
//go:embed p4/sfu.p4
var Source string

// MAC is an Ethernet address.
type MAC [6]byte

// Address is a UDP address and the Ethernet address that leads to it.
type Address struct {
	MAC MAC
	UDP netip.AddrPort // IPv4
}

// Config of a Plane.
type Config struct {
	// Service is where the SFU takes media; it answers ARP and ping for it.
	Service Address
	// CPUPort is the dev_port of the agent.
	CPUPort uint16
	// DescriptorIDs are the RTP header extension ids at which calls carry the
	// AV1 dependency descriptor: at most two, 1..14 (both header forms) or
	// 15..255 (two-byte form only). None means 12.
	DescriptorIDs []uint8
	// Relay are the kinds of feedback that senders get to see; nil means RR,
	// NACK, PLI, FIR and REMB. The agent gets all feedback in any case.
	Relay []Report
}

// Ids that a Plane gives out. A ParticipantID is the participant's RID, a
// MeetingID the meeting's MGID.
type (
	MeetingID     uint16
	ParticipantID uint16
	StreamID      uint16
)

// Causes, compared with errors.Is.
var (
	ErrUnknown = errors.New("no such object")
	ErrNoIDs   = errors.New("no free id")
)

// maxYIDs: level-2 exclusion ids are a port's, and a chip has 288 ports
// (chip.md section 9). Yid 0 is everyone's default and stays empty.
const maxYIDs = 287

// descriptorRows is the size of the program's value sets.
const descriptorRows = 2

// maxOneByteID is the highest id of the one-byte header form (RFC 8285: 15 is
// reserved).
const maxOneByteID = 14

// Plane fills the tables of an SFU. Every method is one batch: all of it, or,
// with an error, nothing. Safe for concurrent use.
type Plane struct {
	api tables.API // immutable
	cfg Config     // immutable

	mu           sync.Mutex // guards what follows
	meetings     map[MeetingID]*meeting
	participants map[ParticipantID]*participant
	streams      map[StreamID]*stream
	yids         map[uint16]*yid // by dev_port
}

type yid struct{ id, users uint16 }

type meeting struct {
	id      MeetingID
	members []*participant
}

// batch collects the updates of one method and what to remember once they are
// in.
type batch struct {
	updates []tables.Update
	commits []func()
}

func (b *batch) insert(e tables.TableEntry) {
	b.updates = append(b.updates, tables.Update{Op: tables.Insert, Entry: e})
}

func (b *batch) modify(e tables.TableEntry) {
	b.updates = append(b.updates, tables.Update{Op: tables.Modify, Entry: e})
}

func (b *batch) remove(e tables.TableEntry) {
	e.Action, e.Data = "", nil
	b.updates = append(b.updates, tables.Update{Op: tables.Delete, Entry: e})
}

func (b *batch) then(f func()) { b.commits = append(b.commits, f) }

// run writes the batch. Called with mu held.
func (p *Plane) run(ctx context.Context, what string, b *batch) error {
	if len(b.updates) > 0 {
		if err := p.api.Write(ctx, tables.AllPipes, b.updates, tables.RollbackOnError); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	for _, f := range b.commits {
		f()
	}
	return nil
}

// NewPlane installs what every call needs: the service address, the CPU port,
// the descriptor ids.
func NewPlane(ctx context.Context, api tables.API, cfg Config) (*Plane, error) {
	if !cfg.Service.UDP.Addr().Is4() {
		return nil, fmt.Errorf("start sfu: service address %v is not IPv4", cfg.Service.UDP)
	}
	if len(cfg.DescriptorIDs) == 0 {
		cfg.DescriptorIDs = []uint8{12}
	}
	if len(cfg.DescriptorIDs) > descriptorRows || slices.Contains(cfg.DescriptorIDs, 0) {
		return nil, fmt.Errorf("start sfu: descriptor ids %v: want at most %d ids of 1..255", cfg.DescriptorIDs, descriptorRows)
	}
	if cfg.Relay == nil {
		cfg.Relay = []Report{ReportRR, ReportNACK, ReportPLI, ReportFIR, ReportREMB}
	}
	p := &Plane{
		api: api, cfg: cfg,
		meetings: map[MeetingID]*meeting{}, participants: map[ParticipantID]*participant{},
		streams: map[StreamID]*stream{}, yids: map[uint16]*yid{},
	}
	b := &batch{}
	rows, err := p.standing()
	if err != nil {
		return nil, fmt.Errorf("start sfu: %w", err)
	}
	for _, e := range rows {
		b.insert(e)
	}
	b.modify(copyToCPU(cfg.CPUPort, true))
	if err := p.run(ctx, "start sfu", b); err != nil {
		return nil, err
	}
	return p, nil
}

// standing are the entries that are there as long as the Plane is.
func (p *Plane) standing() ([]tables.TableEntry, error) {
	a := p.cfg.Service
	rows := []tables.TableEntry{answerARP(a), answerEcho(a), service(a), cpuPort(p.cfg.CPUPort)}
	for _, id := range p.cfg.DescriptorIDs {
		two, err := p.valueSetRow(setTwoByte, id, 0xff)
		if err != nil {
			return nil, err
		}
		rows = append(rows, two)
		if id > maxOneByteID {
			continue
		}
		one, err := p.valueSetRow(setOneByte, id, 0x0f)
		if err != nil {
			return nil, err
		}
		rows = append(rows, one)
	}
	return rows, nil
}

// valueSetRow looks its key's name up: the program gives the value set none.
func (p *Plane) valueSetRow(set string, id, mask uint8) (tables.TableEntry, error) {
	for _, t := range p.api.Schema().Tables {
		if (t.Name == set || strings.HasSuffix(t.Name, "."+set)) && len(t.Key) == 1 {
			k := key(t.Key[0].Name, uint64(id))
			k.Mask = []byte{mask}
			return row(set, "", keys(k)), nil
		}
	}
	return tables.TableEntry{}, fmt.Errorf("no value set %q: is the switch running sfu.p4?", set)
}

// Close ends all meetings and removes every entry of the Plane.
func (p *Plane) Close(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(p.meetings)) {
		if err := p.removeMeeting(ctx, id); err != nil {
			return err
		}
	}
	b := &batch{}
	rows, err := p.standing()
	if err != nil {
		return fmt.Errorf("stop sfu: %w", err)
	}
	for _, e := range rows {
		b.remove(e)
	}
	b.modify(copyToCPU(p.cfg.CPUPort, false))
	return p.run(ctx, "stop sfu", b)
}

// freeID is the lowest id from 1 on that is not taken.
func freeID[K ~uint16, V any](taken map[K]V, what string) (K, error) {
	for id := K(1); id != 0; id++ {
		if _, ok := taken[id]; !ok {
			return id, nil
		}
	}
	return 0, fmt.Errorf("%w for a %s: 65535 are in use", ErrNoIDs, what)
}
