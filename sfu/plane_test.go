package sfu_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"gofino/model"
	"gofino/pipeline/ir"
	"gofino/sfu"
	"gofino/sfu/av1"
	"gofino/sfu/reference"
	"gofino/tables"
)

// apis are the switches that a Plane runs over here.
func apis(t *testing.T) map[string]tables.API {
	sw, err := model.New(compile(t, ir.Tofino), model.Config{Pipes: 2})
	require.NoError(t, err)
	return map[string]tables.API{"reference": reference.New().API(), "model": sw.API()}
}

func usage(t *testing.T, api tables.API) map[string]int {
	out := map[string]int{}
	for _, name := range sfu.Tables() {
		n, err := api.Usage(context.Background(), tables.AllPipes, name)
		require.NoError(t, err)
		if n > 0 {
			out[name] = n
		}
	}
	return out
}

func newPlane(t *testing.T, api tables.API) *sfu.Plane {
	p, err := sfu.NewPlane(context.Background(), api, sfu.Config{Service: theSFU, CPUPort: portCPU})
	require.NoError(t, err)
	return p
}

func TestPlaneLeavesNothingBehind(t *testing.T) {
	for name, api := range apis(t) {
		t.Run(name, func(t *testing.T) {
			ctx := context.Background()
			p := newPlane(t, api)
			idle := usage(t, api)
			m, a, b, video := pair(t, p)
			require.NoError(t, p.SetDecodeTarget(ctx, b, video, 0))
			require.NoError(t, p.SetStructure(ctx, video, av1.L1T3()))
			full := usage(t, api)
			require.Equal(t, 5, full["SfuIngress.layers"])
			require.Equal(t, 2, full["SfuEgress.layer_filter"], "T1 and T2 for b")
			require.Equal(t, 5, full["SfuIngress.feedback"])

			require.NoError(t, p.Unsubscribe(ctx, b, video))
			require.Zero(t, usage(t, api)["SfuEgress.layer_filter"])
			require.NoError(t, p.Subscribe(ctx, b, video))
			require.NoError(t, p.SetDecodeTarget(ctx, b, video, 0))
			require.Equal(t, full, usage(t, api))

			require.NoError(t, p.RemoveParticipant(ctx, a))
			u := usage(t, api)
			require.Zero(t, u["SfuIngress.streams"]+u["SfuIngress.layers"]+u["SfuEgress.downlinks"]+u["SfuEgress.layer_filter"])
			require.Equal(t, 1, u["$pre.node"])
			require.NoError(t, p.RemoveMeeting(ctx, m))
			require.Equal(t, idle, usage(t, api))
			pair(t, p)
			require.NoError(t, p.Close(ctx))
			require.Empty(t, usage(t, api))
		})
	}
}

// pair is a meeting of two: a sends video, b receives it.
func pair(t *testing.T, p *sfu.Plane) (m sfu.MeetingID, a, b sfu.ParticipantID, video sfu.StreamID) {
	ctx := context.Background()
	m, err := p.AddMeeting(ctx)
	require.NoError(t, err)
	a, err = p.AddParticipant(ctx, m, sfu.Participant{Address: hostA, Port: portA})
	require.NoError(t, err)
	b, err = p.AddParticipant(ctx, m, sfu.Participant{Address: hostB, Port: portB})
	require.NoError(t, err)
	video, err = p.AddStream(ctx, a, sfu.Stream{SSRC: ssrcVideo, DescriptorID: 12})
	require.NoError(t, err)
	require.NoError(t, p.Subscribe(ctx, b, video))
	return m, a, b, video
}

// Any order of calls leaves the tables as the calls that are in force say, and
// nothing when all has been undone.
func TestPlaneInAnyOrder(t *testing.T) {
	for name, api := range apis(t) {
		for seed := range uint64(5) {
			t.Logf("%s, seed %d", name, seed)
			churn(t, api, rand.New(rand.NewPCG(seed, 1)), 300)
			require.Empty(t, usage(t, api), "%s, seed %d", name, seed)
		}
	}
}

func churn(t *testing.T, api tables.API, rng *rand.Rand, steps int) {
	ctx := context.Background()
	p := newPlane(t, api)
	var meetings []sfu.MeetingID
	type member struct {
		meeting sfu.MeetingID
		id      sfu.ParticipantID
	}
	var members []member
	streams := map[sfu.StreamID]member{}
	ids := func() []sfu.StreamID {
		var out []sfu.StreamID
		for id := range streams {
			out = append(out, id)
		}
		slices.Sort(out)
		return out
	}
	next := 10
	for range steps {
		switch k := rng.IntN(10); {
		case k == 0 || len(meetings) == 0:
			m, err := p.AddMeeting(ctx)
			require.NoError(t, err)
			meetings = append(meetings, m)
		case k <= 2 || len(members) < 2:
			next++
			h := host(byte(next))
			m := meetings[rng.IntN(len(meetings))]
			id, err := p.AddParticipant(ctx, m, sfu.Participant{Address: h, Port: uint16(8 + 4*rng.IntN(3))})
			if next > 250 {
				next = 10
			}
			if errors.Is(err, tables.ErrExists) {
				continue // the address is in use again
			}
			require.NoError(t, err)
			members = append(members, member{m, id})
		case k == 3 && rng.IntN(2) == 0:
			i := rng.IntN(len(members))
			require.NoError(t, p.RemoveParticipant(ctx, members[i].id))
			for id, s := range streams {
				if s == members[i] {
					delete(streams, id)
				}
			}
			members = slices.Delete(members, i, i+1)
		case k <= 5:
			who := members[rng.IntN(len(members))]
			id, err := p.AddStream(ctx, who.id, sfu.Stream{SSRC: rng.Uint32(), DescriptorID: 12})
			require.NoError(t, err)
			streams[id] = who
			require.NoError(t, p.SetStructure(ctx, id, av1.L1T3()))
		case len(streams) > 0:
			id := ids()[rng.IntN(len(streams))]
			who := members[rng.IntN(len(members))]
			if who == streams[id] || who.meeting != streams[id].meeting {
				require.Error(t, p.Subscribe(ctx, who.id, id))
				continue
			}
			require.NoError(t, p.Subscribe(ctx, who.id, id))
			require.NoError(t, p.SetDecodeTarget(ctx, who.id, id, rng.IntN(4)-1))
			switch rng.IntN(4) {
			case 0:
				require.NoError(t, p.Unsubscribe(ctx, who.id, id))
			case 1:
				s := []*av1.Structure{av1.L1T2(), av1.L1T3(), av1.L2T2()}[rng.IntN(3)]
				s.Offset = rng.IntN(64)
				require.NoError(t, p.SetStructure(ctx, id, s))
			case 2:
				require.NoError(t, p.RemoveStream(ctx, id))
				delete(streams, id)
			}
		}
	}
	require.NoError(t, p.Close(ctx))
}

// failing refuses the n-th write.
type failing struct {
	tables.API
	n int
}

var errRefused = errors.New("refused by the test")

func (f *failing) Write(ctx context.Context, t tables.Target, u []tables.Update, a tables.Atomicity) error {
	if a != tables.RollbackOnError {
		return fmt.Errorf("%d updates are no transaction", len(u))
	}
	if f.n--; f.n == 0 {
		return errRefused
	}
	return f.API.Write(ctx, t, u, a)
}

// A refused write changes nothing in the Plane: the same call works later.
func TestPlaneAfterRefusedWrites(t *testing.T) {
	ctx := context.Background()
	api := &failing{API: reference.New().API()}
	p := newPlane(t, api)
	var m sfu.MeetingID
	var a, b sfu.ParticipantID
	var s sfu.StreamID
	for i, step := range []func() error{
		func() (err error) { m, err = p.AddMeeting(ctx); return },
		func() (err error) {
			a, err = p.AddParticipant(ctx, m, sfu.Participant{Address: hostA, Port: 8})
			return
		},
		func() (err error) {
			b, err = p.AddParticipant(ctx, m, sfu.Participant{Address: hostB, Port: 8})
			return
		},
		func() (err error) { s, err = p.AddStream(ctx, a, sfu.Stream{SSRC: 1, DescriptorID: 12}); return },
		func() error { return p.Subscribe(ctx, b, s) },
		func() error { return p.SetStructure(ctx, s, av1.L1T3()) },
		func() error { return p.SetDecodeTarget(ctx, b, s, 1) },
		func() error { return p.SetStructure(ctx, s, av1.L2T2()) },
		func() error { return p.Unsubscribe(ctx, b, s) },
		func() error { return p.RemoveStream(ctx, s) },
		func() error { return p.RemoveParticipant(ctx, b) },
		func() error { return p.RemoveParticipant(ctx, a) },
		func() error { return p.RemoveMeeting(ctx, m) },
		func() error { return p.Close(ctx) },
	} {
		before := usage(t, api)
		api.n = 1
		require.ErrorIs(t, step(), errRefused, "step %d", i)
		require.Equal(t, before, usage(t, api), "step %d", i)
		api.n = 0
		require.NoError(t, step(), "step %d", i)
	}
	require.Empty(t, usage(t, api))
}

func TestPlaneErrors(t *testing.T) {
	ctx := context.Background()
	sw := reference.New()
	p := newPlane(t, sw.API())
	m, a, b, video := pair(t, p)
	_, err := p.AddParticipant(ctx, 99, sfu.Participant{Address: hostC})
	require.ErrorIs(t, err, sfu.ErrUnknown)
	_, err = p.AddParticipant(ctx, m, sfu.Participant{Address: hostA, Port: portC})
	require.ErrorIs(t, err, tables.ErrExists, "an address takes part once")
	_, err = p.AddStream(ctx, a, sfu.Stream{SSRC: ssrcVideo})
	require.ErrorIs(t, err, tables.ErrExists)
	_, err = p.AddStream(ctx, a, sfu.Stream{SSRC: 1, DescriptorID: 3})
	require.EqualError(t, err, "add stream: descriptor id 3 is none of the switch's ([12])")
	require.ErrorContains(t, p.Subscribe(ctx, a, video), "not another's stream of the same meeting")
	require.NoError(t, p.Subscribe(ctx, b, video), "twice is once")
	require.EqualError(t, p.SetDecodeTarget(ctx, b, video, 32), "set decode target 32: want 0..31, or -1 for all layers")
	require.ErrorIs(t, p.SetDecodeTarget(ctx, a, video, 0), sfu.ErrUnknown)
	require.ErrorIs(t, p.RemoveStream(ctx, 77), sfu.ErrUnknown)
	require.ErrorIs(t, p.RemoveMeeting(ctx, 77), sfu.ErrUnknown)
	_, err = sfu.NewPlane(ctx, sw.API(), sfu.Config{Service: theSFU, DescriptorIDs: []uint8{1, 2, 3}})
	require.ErrorContains(t, err, "at most 2 ids of 1..255")
}

// A new structure's layers are in before the old ones go, and classes that stay
// keep their numbers, so that nothing that was suppressed slips through.
func TestStructureChange(t *testing.T) {
	ctx := context.Background()
	sw := reference.New()
	p := newPlane(t, sw.API())
	_, _, b, video := pair(t, p)
	s := av1.L1T3()
	s.Offset = 60 // ids 60..63, 0
	require.NoError(t, p.SetStructure(ctx, video, s))
	require.NoError(t, p.SetDecodeTarget(ctx, b, video, 1))
	layersOf := func() map[int]uint8 {
		out := map[int]uint8{}
		for k, v := range sw.Layers {
			out[int(k.Template)] = v
		}
		return out
	}
	require.Equal(t, map[int]uint8{60: 0, 61: 0, 62: 1, 63: 2, 0: 2}, layersOf())
	require.Equal(t, map[reference.FilterKey]bool{{RID: uint16(b), Stream: uint16(video), Layer: 2}: true}, sw.LayerFilter)
	again := av1.L1T3()
	again.Offset = 1
	require.NoError(t, p.SetStructure(ctx, video, again))
	require.Equal(t, map[int]uint8{1: 0, 2: 0, 3: 1, 4: 2, 5: 2}, layersOf())
	require.Len(t, sw.LayerFilter, 1)
	// Another mode: two decode targets; target 1 is the highest of them.
	require.NoError(t, p.SetStructure(ctx, video, av1.L1T2()))
	require.Equal(t, map[int]uint8{0: 0, 1: 0, 2: 3}, layersOf())
	require.Empty(t, sw.LayerFilter)
	require.NoError(t, p.SetDecodeTarget(ctx, b, video, 0))
	require.Len(t, sw.LayerFilter, 1)
}
