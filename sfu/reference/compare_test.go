package reference_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"gofino/model"
	"gofino/p4"
	"gofino/pipeline/ir"
	"gofino/sfu"
	"gofino/sfu/av1"
	"gofino/sfu/reference"
	"gofino/tables"
)

const cpuPort = 64

var service = sfu.Address{MAC: sfu.MAC{2, 0, 0, 0, 0, 0xfe}, UDP: netip.MustParseAddrPort("10.9.0.1:3000")}

// stream and person are what the generator knows of the calls.
type stream struct {
	id        sfu.StreamID
	ssrc      uint32
	ext       uint8
	structure *av1.Structure
}

type person struct {
	rid     sfu.ParticipantID
	at      sfu.Participant
	streams []*stream
}

// world is a set of meetings, the same on every switch that it is installed in.
type world struct {
	people    []*person
	links     []link
	inMeeting int // participants of the meeting being set up
}

type link struct {
	to     sfu.ParticipantID
	stream sfu.StreamID
}

// install sets three meetings up: participants that share a port, receivers of
// part of the streams, decode targets set before and after the structure is
// known, a structure that changes.
func install(t testing.TB, api tables.API) (*world, *sfu.Plane) {
	ctx := context.Background()
	p, err := sfu.NewPlane(ctx, api, sfu.Config{Service: service, CPUPort: cpuPort, DescriptorIDs: []uint8{12, 20}})
	require.NoError(t, err)
	w := &world{}
	rng := rand.New(rand.NewPCG(7, 7))
	for size := range 3 {
		m, err := p.AddMeeting(ctx)
		require.NoError(t, err)
		var in []*person
		w.inMeeting = 0
		for range size + 2 {
			in = append(in, w.join(t, p, m))
		}
		for _, to := range in {
			for _, from := range in {
				for n, s := range from.streams {
					if to == from || size == 2 && n == 0 && to == in[0] {
						continue
					}
					require.NoError(t, p.Subscribe(ctx, to.rid, s.id))
					w.links = append(w.links, link{to.rid, s.id})
					if rng.IntN(2) == 0 {
						require.NoError(t, p.SetDecodeTarget(ctx, to.rid, s.id, rng.IntN(4)-1))
					}
				}
			}
		}
		for _, who := range in {
			for _, s := range who.streams {
				if s.structure == nil {
					continue
				}
				old := *s.structure
				old.Offset = (old.Offset + 50) % 64
				require.NoError(t, p.SetStructure(ctx, s.id, &old))
				require.NoError(t, p.SetStructure(ctx, s.id, s.structure))
			}
		}
		for _, l := range w.links {
			if rng.IntN(3) == 0 {
				require.NoError(t, p.SetDecodeTarget(ctx, l.to, l.stream, rng.IntN(3)))
			}
		}
	}
	// Every sender has a downlink to itself, so that pruning, not the lack of a
	// downlink, keeps its packets from it.
	var own []tables.Update
	for _, who := range w.people {
		for _, s := range who.streams {
			own = append(own, tables.Update{Op: tables.Insert, Entry: tables.TableEntry{
				Table: "SfuEgress.downlinks", Action: "SfuEgress.to_receiver",
				Key:  []tables.KeyField{{Name: "eg_intr_md.egress_rid", Value: []byte{byte(who.rid)}}, {Name: "hdr.bridge.stream", Value: []byte{byte(s.id)}}},
				Data: []tables.DataField{{Name: "mac", Value: []byte{9}}, {Name: "ip", Value: []byte{9}}, {Name: "port", Value: []byte{9}}},
			}})
		}
	}
	require.NoError(t, api.Write(ctx, tables.AllPipes, own, tables.RollbackOnError))
	return w, p
}

func (w *world) join(t testing.TB, p *sfu.Plane, m sfu.MeetingID) *person {
	ctx := context.Background()
	n := len(w.people)
	who := &person{at: sfu.Participant{Port: uint16(8 + n*5/8*4), Address: sfu.Address{MAC: sfu.MAC{2, 0, 0, 0, 1, byte(n)},
		UDP: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(n % 2), byte(n)}), uint16(4000+n))}}}
	var err error
	who.rid, err = p.AddParticipant(ctx, m, who.at)
	require.NoError(t, err)
	for i, s := range []*stream{
		{ssrc: 100 + uint32(w.inMeeting)}, // the same in every meeting
		{ssrc: 200 + uint32(n), ext: 12, structure: av1.L1T3()},
		{ssrc: 300 + uint32(n), ext: 20, structure: av1.L2T2()},
	} {
		if s.structure != nil {
			s.structure.Offset = (n*17 + i*30) % 64
		}
		s.id, err = p.AddStream(ctx, who.rid, sfu.Stream{SSRC: s.ssrc, DescriptorID: s.ext})
		require.NoError(t, err)
		who.streams = append(who.streams, s)
	}
	w.people = append(w.people, who)
	w.inMeeting++
	return who
}

func compile(t testing.TB, target ir.Target) *ir.Program {
	prog, diags := p4.CompileSource("sfu.p4", []byte(sfu.Source), p4.Options{Target: target, Strict: true})
	require.Empty(t, diags)
	return prog
}

type output struct {
	port  uint16
	frame []byte
}

func sorted(o []output) []output {
	slices.SortFunc(o, func(a, b output) int {
		return cmp.Or(cmp.Compare(a.port, b.port), bytes.Compare(a.frame, b.frame))
	})
	return o
}

// chip is a model.Switch that collects what leaves.
type chip struct {
	*model.Switch
	out []output
}

func (c *chip) Send(port model.Port, head, payload []byte) error {
	c.out = append(c.out, output{uint16(port), slices.Concat(head, payload)})
	return nil
}

func newChip(t testing.TB, target ir.Target) *chip {
	sw, err := model.New(compile(t, target), model.Config{Pipes: 1})
	require.NoError(t, err)
	c := &chip{Switch: sw}
	sw.SetWire(c)
	return c
}

// compare runs one frame through both and stops at the first difference.
func compare(t testing.TB, n int, ref *reference.Switch, c *chip, port uint16, frame []byte, run func()) (copies int) {
	before := slices.Clone(frame)
	var want []output
	for _, o := range ref.Forward(port, frame) {
		want = append(want, output{o.Port, o.Frame})
	}
	c.out = nil
	run()
	if !bytes.Equal(before, frame) {
		t.Fatalf("packet %d: the frame that came in was changed", n)
	}
	got := sorted(c.out)
	want = sorted(want)
	if !slices.EqualFunc(got, want, func(a, b output) bool { return a.port == b.port && bytes.Equal(a.frame, b.frame) }) {
		t.Errorf("packet %d on port %d: %x", n, port, frame)
		for _, o := range want {
			t.Errorf("want port %d: %x", o.port, o.frame)
		}
		for _, o := range got {
			t.Errorf("got  port %d: %x", o.port, o.frame)
		}
		t.FailNow()
	}
	return len(got)
}

// TestProgramEqualsReference is the proof of the program: every copy of every
// packet, bit for bit, on both chips; then every counter.
func TestProgramEqualsReference(t *testing.T) {
	packets := 60_000
	if testing.Short() {
		packets = 5_000
	}
	for _, target := range []ir.Target{ir.Tofino, ir.Tofino2} {
		t.Run(fmt.Sprintf("tofino%d", target), func(t *testing.T) {
			seed := uint64(target)*1000 + 1
			t.Logf("seed %d", seed)
			ref, c := reference.New(), newChip(t, target)
			w, _ := install(t, ref.API())
			_, plane := install(t, c.API())
			g := newGenerator(seed, w)
			copies := 0
			for n := range packets {
				port, frame := g.next()
				copies += compare(t, n, ref, c, port, frame, func() {
					c.Process([]model.Frame{{Port: model.Port(port), Data: frame}})
				})
			}
			t.Logf("%d packets, %d copies, verdicts %v", packets, copies, ref.Verdicts)
			require.Greater(t, copies, packets, "the generator makes too little that is forwarded")
			compareCounters(t, ref, plane, w)
			for v := reference.NotForUs; v <= reference.Unclassified; v++ {
				require.NotZero(t, ref.Verdicts[v], "no packet with verdict %v", sfu.Verdict(v))
			}
		})
	}
}

// The reference engine of the pipeline says the same as the fast one.
func TestTracedProgramEqualsReference(t *testing.T) {
	ref, c := reference.New(), newChip(t, ir.Tofino)
	w, _ := install(t, ref.API())
	install(t, c.API())
	g := newGenerator(5, w)
	for n := range 3000 {
		port, frame := g.next()
		compare(t, n, ref, c, port, frame, func() {
			c.Trace(model.Frame{Port: model.Port(port), Data: frame}, silent{})
		})
	}
}

func compareCounters(t *testing.T, ref *reference.Switch, p *sfu.Plane, w *world) {
	ctx := context.Background()
	verdicts, err := p.Verdicts(ctx)
	require.NoError(t, err)
	require.Equal(t, ref.Verdicts[:len(verdicts)], verdicts[:])
	unknown, err := p.FromUnknown(ctx)
	require.NoError(t, err)
	require.Equal(t, sfu.Traffic(ref.UnknownSender), unknown)
	for _, who := range w.people {
		ip := who.at.UDP.Addr().As4()
		addr := reference.Addr(uint32(ip[0])<<24 | uint32(ip[1])<<16 | uint32(ip[2])<<8 | uint32(ip[3]))
		for _, s := range who.streams {
			sent, err := p.Sent(ctx, s.id)
			require.NoError(t, err)
			require.Equal(t, sfu.Traffic(ref.Counts.Streams[reference.StreamKey{IP: addr, UDP: who.at.UDP.Port(), SSRC: s.ssrc}]), sent)
			require.NotZero(t, sent.Packets)
			up, err := p.ToSender(ctx, s.id)
			require.NoError(t, err)
			require.Equal(t, ref.Counts.Uplinks[uint16(s.id)], up.Packets)
		}
	}
	suppressed := uint64(0)
	for _, l := range w.links {
		got, err := p.Delivered(ctx, l.to, l.stream)
		require.NoError(t, err)
		require.Equal(t, ref.Counts.Downlinks[reference.LinkKey{RID: uint16(l.to), Stream: uint16(l.stream)}], got.Packets)
		held, err := p.Suppressed(ctx, l.to, l.stream)
		require.NoError(t, err)
		var want uint64
		for k, n := range ref.Counts.Suppressed {
			if k.RID == uint16(l.to) && k.Stream == uint16(l.stream) {
				want += n
			}
		}
		require.Equal(t, want, held.Packets)
		suppressed += want
	}
	require.NotZero(t, suppressed)
	var relayed, want uint64
	for _, l := range w.links {
		for r := sfu.ReportRR; r <= sfu.ReportREMB; r++ {
			n, err := p.Relayed(ctx, l.to, l.stream, r)
			require.NoError(t, err)
			relayed += n.Packets
		}
	}
	for _, n := range ref.Counts.Feedback {
		want += n
	}
	require.Equal(t, want, relayed)
	require.NotZero(t, want)
}
