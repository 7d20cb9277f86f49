package reference_test

import (
	"context"
	"flag"
	"io"
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
	"github.com/pion/rtp"
	"github.com/stretchr/testify/require"

	"gofino/model"
	"gofino/pipeline/ir"
	"gofino/sfu"
	"gofino/sfu/call"
	"gofino/sfu/reference"
	"gofino/tables"
)

var record = flag.Bool("record", false, "record testdata/call.pcap again")

const (
	recording  = "testdata/call.pcap"
	videoPT    = 45
	descriptor = 12
)

// recorder is a switch that writes down what enters it.
type recorder struct {
	sw *reference.Switch
	w  *pcapgo.Writer
	at time.Time
	t  *testing.T
}

func (r *recorder) Forward(port uint16, frame []byte, out func(uint16, []byte)) {
	r.at = r.at.Add(time.Millisecond)
	require.NoError(r.t, r.w.WritePacket(gopacket.CaptureInfo{Timestamp: r.at, CaptureLength: len(frame), Length: len(frame)}, frame))
	for _, c := range r.sw.Forward(port, frame) {
		out(c.Port, c.Frame)
	}
}

// recordCall writes what the participants of a short call and the agent send:
// STUN, RTP by pion/rtp and pion/srtp with extensions of both forms, RTCP.
func recordCall(t *testing.T) {
	f, err := os.Create(recording)
	require.NoError(t, err)
	defer f.Close()
	w := pcapgo.NewWriter(f)
	require.NoError(t, w.WriteFileHeader(2000, layers.LinkTypeEthernet))
	r := &recorder{sw: reference.New(), w: w, at: time.Unix(1_700_000_000, 0), t: t}
	_, err = call.Run(context.Background(), call.Config{
		Transport: call.NewMemory(r, map[call.End]uint16{0: 8, 1: 16, 2: 24, call.CPU: cpuPort}),
		API:       r.sw.API(), Ports: []uint16{8, 16, 24}, CPUPort: cpuPort, Seed: 1, Duration: 600 * time.Millisecond,
	})
	require.NoError(t, err)
}

func readRecording(t *testing.T) (frames [][]byte) {
	f, err := os.Open(recording)
	require.NoError(t, err)
	defer f.Close()
	r, err := pcapgo.NewReader(f)
	require.NoError(t, err)
	for {
		data, _, err := r.ReadPacketData()
		if err == io.EOF {
			return frames
		}
		require.NoError(t, err)
		frames = append(frames, data)
	}
}

// stack is a switch's control plane: plane and agent, told what the recording
// shows.
type stack struct {
	plane  *sfu.Plane
	agent  *sfu.Agent
	people []sfu.ParticipantID
	videos []sfu.StreamID
}

// newStack lets everybody into a meeting who sends RTP, on ports 8, 16, ...
func newStack(t *testing.T, api tables.API, frames [][]byte) (*stack, map[netip.AddrPort]uint16) {
	ctx := context.Background()
	first, err := sfu.ParseDatagram(frames[0])
	require.NoError(t, err)
	s := &stack{}
	s.plane, err = sfu.NewPlane(ctx, api, sfu.Config{Service: sfu.Address{MAC: first.DstMAC, UDP: first.Dst}, CPUPort: cpuPort,
		DescriptorIDs: []uint8{descriptor}})
	require.NoError(t, err)
	s.agent = sfu.NewAgent(s.plane, "sfu0", "a password of 22 bytes")
	m, err := s.plane.AddMeeting(ctx)
	require.NoError(t, err)
	ports := map[netip.AddrPort]uint16{first.Dst: cpuPort}
	rids := map[netip.AddrPort]sfu.ParticipantID{}
	streams := map[uint32]bool{}
	var all []sfu.StreamID
	for _, f := range frames {
		d, err := sfu.ParseDatagram(f)
		require.NoError(t, err)
		if ports[d.Src] == 0 {
			ports[d.Src] = uint16(8 * len(ports))
			rids[d.Src], err = s.plane.AddParticipant(ctx, m, sfu.Participant{Address: sfu.Address{MAC: d.SrcMAC, UDP: d.Src}, Port: ports[d.Src]})
			require.NoError(t, err)
			s.people = append(s.people, rids[d.Src])
		}
		var h rtp.Header
		if _, err := h.Unmarshal(d.Payload); err != nil || d.Payload[1]>>5 == 6 || d.Payload[0] < 4 || streams[h.SSRC] {
			continue
		}
		streams[h.SSRC] = true
		desc := sfu.Stream{SSRC: h.SSRC}
		if h.PayloadType == videoPT {
			desc.DescriptorID = descriptor
		}
		id, err := s.plane.AddStream(ctx, rids[d.Src], desc)
		require.NoError(t, err)
		all = append(all, id)
		if desc.DescriptorID != 0 {
			s.videos = append(s.videos, id)
		}
	}
	for _, to := range s.people {
		for _, id := range all {
			_ = s.plane.Subscribe(ctx, to, id) // one's own is refused
		}
	}
	return s, ports
}

// TestRecordedCall runs a recorded call through the program and through the
// reference, each with a control plane of its own that learns from the copies
// that its own switch sends to the CPU port.
func TestRecordedCall(t *testing.T) {
	if *record {
		recordCall(t)
	}
	frames := readRecording(t)
	for _, target := range []ir.Target{ir.Tofino, ir.Tofino2} {
		ctx := context.Background()
		ref, c := reference.New(), newChip(t, target)
		rs, ports := newStack(t, ref.API(), frames)
		cs, _ := newStack(t, c.API(), frames)
		require.Len(t, rs.people, 3)
		require.Len(t, rs.videos, 3)
		toCPU, media := 0, 0
		for n, f := range frames {
			if n == len(frames)/2 {
				for _, s := range []*stack{rs, cs} {
					for _, v := range s.videos[:2] {
						require.NoError(t, s.plane.SetDecodeTarget(ctx, s.people[2], v, 1))
					}
				}
			}
			d, err := sfu.ParseDatagram(f)
			require.NoError(t, err)
			port := ports[d.Src]
			compare(t, n, ref, c, port, f, func() { c.Process([]model.Frame{{Port: model.Port(port), Data: f}}) })
			for _, o := range c.out {
				if o.port != cpuPort {
					media++
					continue
				}
				toCPU++
				for _, s := range []*stack{rs, cs} {
					_, err := s.agent.Handle(ctx, slices.Clone(o.frame))
					require.NoError(t, err)
				}
			}
		}
		require.Equal(t, rs.agent.Stats(), cs.agent.Stats())
		require.EqualValues(t, 3, cs.agent.Stats().Structures)
		held, err := cs.plane.Suppressed(ctx, cs.people[2], cs.videos[0])
		require.NoError(t, err)
		require.NotZero(t, held.Packets)
		t.Logf("tofino%d: %d frames, %d copies to participants, %d to the agent", target, len(frames), media, toCPU)
	}
}
