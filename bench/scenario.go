package bench

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"

	"gofino/examples"
	"gofino/model"
	"gofino/p4"
	"gofino/pipeline/ir"
	"gofino/sfu"
	"gofino/tables"
)

// Scenario is a switch with a program, full tables and frames to feed it: what
// the in-memory benchmarks run.
type Scenario struct {
	Name   string
	Switch *model.Switch
	// Frames are one batch; every frame leaves in Copies copies.
	Frames []model.Frame
	Copies int
}

// firstOut is the first port that frames leave on: a front-panel port of both
// chips.
const firstOut = 8

// Batch is how many frames a scenario has.
const Batch = 64

// scenarios are the in-memory benchmarks by name.
var scenarios = []struct {
	name  string
	setup func(s *Scenario) error
}{
	{"l2-exact-64k", l2Exact},
	{"l3-lpm-100k", l3LPM},
	{"acl-1k", acl},
	{"sfu-1-to-10", sfuFanOut},
}

// ScenarioNames lists the scenarios.
func ScenarioNames() []string {
	var names []string
	for _, s := range scenarios {
		names = append(names, s.name)
	}
	return names
}

// NewScenario builds a scenario by name. The seed chooses table entries and
// frames.
func NewScenario(name string, target ir.Target, seed uint64) (*Scenario, error) {
	for _, d := range scenarios {
		if d.name != name {
			continue
		}
		s := &Scenario{Name: name, Copies: 1}
		src, file := []byte(sfu.Source), "sfu.p4"
		if name != "sfu-1-to-10" {
			file = map[string]string{"l2-exact-64k": "l2", "l3-lpm-100k": "l3", "acl-1k": "acl"}[name]
			var err error
			if src, err = examples.Source(file); err != nil {
				return nil, err
			}
			file += ".p4"
		}
		prog, diags := p4.CompileSource(file, src, p4.Options{Target: target})
		if prog == nil {
			return nil, fmt.Errorf("compile %s: %v", file, diags)
		}
		sw, err := model.New(prog, model.Config{Pipes: 1, Seed: seed})
		if err != nil {
			return nil, err
		}
		s.Switch = sw
		sw.SetWire(discard{})
		if err := d.setup(s); err != nil {
			return nil, fmt.Errorf("set up %s: %w", name, err)
		}
		return s, nil
	}
	return nil, fmt.Errorf("no scenario %q (scenarios: %v)", name, ScenarioNames())
}

// discard is a wire that takes everything.
type discard struct{}

func (discard) Send(model.Port, []byte, []byte) error { return nil }

// Run feeds the switch one batch.
func (s *Scenario) Run() { s.Switch.Process(s.Frames) }

// rng is the scenario's own: the same entries and frames every time.
func rng() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

func be(v uint64, n int) []byte {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], v)
	return b[8-n:]
}

// install adds entries in batches.
func (s *Scenario) install(us []tables.Update) error {
	for len(us) > 0 {
		n := min(len(us), 1000)
		if err := s.Switch.API().Write(context.Background(), tables.AllPipes, us[:n], tables.RollbackOnError); err != nil {
			return err
		}
		us = us[n:]
	}
	return nil
}

func insert(e tables.TableEntry) tables.Update { return tables.Update{Op: tables.Insert, Entry: e} }

func l2Exact(s *Scenario) error {
	r := rng()
	var us []tables.Update
	var macs [][]byte
	for i := range 64000 {
		mac := be(uint64(i)<<24|uint64(r.Uint32N(1<<24)), 6)
		macs = append(macs, mac)
		us = append(us, insert(tables.TableEntry{
			Table: "macs", Key: []tables.KeyField{{Name: "hdr.ethernet.dst", Value: mac}},
			Action: "forward", Data: []tables.DataField{{Name: "port", Value: be(uint64(firstOut+i%8), 2)}},
		}))
	}
	for i := range Batch {
		f := udpFrame(64, i)
		copy(f, macs[r.IntN(len(macs))])
		s.Frames = append(s.Frames, model.Frame{Port: 1, Data: f})
	}
	return s.install(us)
}

func l3LPM(s *Scenario) error {
	r := rng()
	var us []tables.Update
	var nets []uint32
	seen := map[[2]uint32]bool{}
	for len(us) < 100000 {
		// Most routes of the Internet are /24, then /16 to /23.
		length := uint32(24)
		if r.IntN(3) == 0 {
			length = 16 + r.Uint32N(8)
		}
		net := r.Uint32() &^ (1<<(32-length) - 1)
		if seen[[2]uint32{net, length}] {
			continue
		}
		seen[[2]uint32{net, length}] = true
		nets = append(nets, net)
		us = append(us, insert(tables.TableEntry{
			Table: "routes", Key: []tables.KeyField{{Name: "hdr.ipv4.dst", Value: be(uint64(net), 4), PrefixLen: int(length)}},
			Action: "route", Data: []tables.DataField{
				{Name: "port", Value: be(uint64(firstOut+len(us)%8), 2)},
				{Name: "src", Value: be(0x02000000aa00, 6)}, {Name: "dst", Value: be(0x020000000000+uint64(len(us)), 6)},
			},
		}))
	}
	for i := range Batch {
		f := udpFrame(64, i)
		binary.BigEndian.PutUint32(f[30:], nets[r.IntN(len(nets))]|1)
		putIPv4Checksum(f[14:34])
		s.Frames = append(s.Frames, model.Frame{Port: 1, Data: f})
	}
	return s.install(us)
}

func acl(s *Scenario) error {
	r := rng()
	us := []tables.Update{insert(tables.TableEntry{
		Table: "wires", Key: []tables.KeyField{{Name: "ig_intr_md.ingress_port", Value: be(1, 2)}},
		Action: "other_port", Data: []tables.DataField{{Name: "port", Value: be(firstOut, 2)}},
	})}
	srcs := make([]uint32, 0, 1000)
	for i := range 1000 {
		src, length := r.Uint32(), 8+r.IntN(25)
		mask := ^uint32(0) << (32 - length)
		srcs = append(srcs, src)
		low := uint64(r.IntN(20000))
		us = append(us, insert(tables.TableEntry{
			Table: "rules", Action: "permit", Data: []tables.DataField{{Name: "rule", Value: be(uint64(i), 2)}},
			Key: []tables.KeyField{
				{Name: "$MATCH_PRIORITY", Value: be(uint64(i), 4)},
				{Name: "hdr.ipv4.src", Value: be(uint64(src), 4), Mask: be(uint64(mask), 4)},
				{Name: "hdr.ipv4.dst", Value: be(0x0a000000, 4), Mask: be(0xff000000, 4)},
				{Name: "hdr.ipv4.protocol", Value: be(17, 1), Mask: be(0xff, 1)},
				{Name: "hdr.l4.$valid", Value: be(1, 1), Mask: be(1, 1)},
				{Name: "hdr.l4.dst", Value: be(low, 2), High: be(low+40000, 2)},
			},
		}))
	}
	for i := range Batch {
		f := udpFrame(64, i)
		binary.BigEndian.PutUint32(f[26:], srcs[r.IntN(len(srcs))])
		binary.BigEndian.PutUint16(f[36:], 30000)
		putIPv4Checksum(f[14:34])
		s.Frames = append(s.Frames, model.Frame{Port: 1, Data: f})
	}
	return s.install(us)
}

// sfuFanOut is one sender's video to ten receivers, 1200 bytes a packet.
func sfuFanOut(s *Scenario) error {
	ctx := context.Background()
	service := sfu.Address{MAC: sfu.MAC{2, 0, 0, 0, 0, 254}, UDP: netip.MustParseAddrPort("10.0.0.254:3000")}
	plane, err := sfu.NewPlane(ctx, s.Switch.API(), sfu.Config{Service: service, CPUPort: 64})
	if err != nil {
		return err
	}
	meeting, err := plane.AddMeeting(ctx)
	if err != nil {
		return err
	}
	s.Copies = 10
	var stream sfu.StreamID
	var sender sfu.Address
	const ssrc = 0x11223344
	for i := range s.Copies + 1 {
		at := sfu.Address{
			MAC: sfu.MAC{2, 0, 0, 0, 1, byte(i)},
			UDP: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(1 + i)}), uint16(40000+i)),
		}
		id, err := plane.AddParticipant(ctx, meeting, sfu.Participant{Address: at, Port: uint16(firstOut + i)})
		if err != nil {
			return err
		}
		if i == 0 {
			sender = at
			if stream, err = plane.AddStream(ctx, id, sfu.Stream{SSRC: ssrc, DescriptorID: 12}); err != nil {
				return err
			}
			continue
		}
		if err := plane.Subscribe(ctx, id, stream); err != nil {
			return err
		}
	}
	for i := range Batch {
		// RTP with a one-byte-form extension: id 12, the 3 bytes of a plain
		// dependency descriptor, in the middle of a frame.
		p := make([]byte, 1200)
		copy(p, []byte{0x90, 96})
		binary.BigEndian.PutUint16(p[2:], uint16(i))
		binary.BigEndian.PutUint32(p[8:], ssrc)
		copy(p[12:], []byte{0xbe, 0xde, 0, 1, 12<<4 | 2, byte(i % 5), 0, byte(i)})
		d := sfu.Datagram{SrcMAC: sender.MAC, DstMAC: service.MAC, Src: sender.UDP, Dst: service.UDP, Payload: p}
		s.Frames = append(s.Frames, model.Frame{Port: firstOut, Data: d.Append(nil)})
	}
	return nil
}
