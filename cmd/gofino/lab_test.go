package main

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"sort"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/pion/rtp"
	"github.com/stretchr/testify/require"

	"gofino/internal/veth"
	"gofino/link"
	"gofino/model"
	"gofino/p4"
	"gofino/pipeline/ir"
	"gofino/sfu"
	"gofino/sfu/av1"
)

// lab is a live switch with one AF_PACKET port, and the far end of its cable.
type lab struct {
	*live
	far  *link.AFPacket
	port model.Port
}

// newLab runs a program with everything behind one port, as the scenario of
// Scallop's testbed has it. It needs root.
func newLab(t *testing.T, prog *ir.Program, port model.Port) *lab {
	t.Helper()
	if why := veth.Missing(); why != nil {
		t.Skipf("AF_PACKET ports need %v", why)
	}
	l, err := newLive(prog, &programFlags{pipes: 4})
	require.NoError(t, err)
	var ns [2]*veth.Namespace
	for i := range ns {
		ns[i], err = veth.New()
		require.NoError(t, err)
		t.Cleanup(func() { ns[i].Close() })
	}
	require.NoError(t, veth.Cable(ns[0], "port", ns[1], "far", 0))
	lb := &lab{live: l, port: port}
	require.NoError(t, ns[0].Do(func() error {
		p, err := link.OpenAFPacket("port", link.Config{})
		if err == nil {
			l.attach(port, p)
		}
		return err
	}))
	require.NoError(t, ns[1].Do(func() (err error) {
		lb.far, err = link.OpenAFPacket("far", link.Config{})
		return err
	}))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		lb.far.Close()
		l.close()
	})
	return lb
}

// exchange sends a datagram from the far end and returns what comes back until
// nothing has for a while: "DST:PORT<-SRC:PORT payload-equal", sorted.
func (l *lab) exchange(t *testing.T, d sfu.Datagram) []string {
	t.Helper()
	require.NoError(t, l.far.Send(d.Append(nil), nil))
	l.far.Flush()
	var got []string
	for quiet := time.Now(); time.Since(quiet) < 200*time.Millisecond; {
		frames, err := l.far.Receive()
		require.NoError(t, err)
		for _, f := range frames {
			// Checksums are not looked at: Scallop's stray copy has a wrong one.
			g := gopacket.NewPacket(f.Data, layers.LayerTypeEthernet, gopacket.NoCopy)
			ip, okIP := g.NetworkLayer().(*layers.IPv4)
			udp, okUDP := g.TransportLayer().(*layers.UDP)
			require.True(t, okIP && okUDP, "not UDP: %x", f.Data)
			got = append(got, fmt.Sprintf("%v:%d<-%v:%d same=%t", ip.DstIP, udp.DstPort, ip.SrcIP, udp.SrcPort, bytes.Equal(udp.Payload, d.Payload)))
			quiet = time.Now()
		}
		if len(frames) > 0 {
			l.far.Release()
		} else {
			time.Sleep(time.Millisecond)
		}
	}
	sort.Strings(got)
	return got
}

// packet is an RTP packet with a plain AV1 dependency descriptor of a template.
func packet(t *testing.T, seq uint16, ssrc uint32, template byte) []byte {
	t.Helper()
	p := &rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 45, SequenceNumber: seq, SSRC: ssrc}, Payload: []byte("layered video")}
	require.NoError(t, p.SetExtension(12, []byte{0xc0 | template, 0, byte(seq)}))
	b, err := p.Marshal()
	require.NoError(t, err)
	return b
}

// Three participants behind one port, the second one's target lowered: what the
// SFU program does with real RTP over AF_PACKET. Nobody gets his own packets,
// and a layer is held back from the one who must not get it.
func TestSFUBehindOnePort(t *testing.T) {
	prog, diags := p4.CompileSource("sfu.p4", []byte(sfu.Source), p4.Options{Target: ir.Tofino})
	require.NotNil(t, prog, diags)
	l := newLab(t, prog, 44)
	ctx := t.Context()
	service := sfu.Address{MAC: sfu.MAC{2, 2, 2, 2, 2, 2}, UDP: netip.MustParseAddrPort("10.0.211.111:3000")}
	plane, err := sfu.NewPlane(ctx, l.now().API(), sfu.Config{Service: service, CPUPort: 64})
	require.NoError(t, err)
	meeting, err := plane.AddMeeting(ctx)
	require.NoError(t, err)
	var at [3]sfu.Address
	var id [3]sfu.ParticipantID
	for i := range at {
		at[i] = sfu.Address{MAC: sfu.MAC{2, 0, 0, 0, 0, byte(i + 1)}, UDP: netip.AddrPortFrom(netip.MustParseAddr("10.0.211.2"), uint16(1111*(i+1)))}
		id[i], err = plane.AddParticipant(ctx, meeting, sfu.Participant{Address: at[i], Port: 44})
		require.NoError(t, err)
	}
	stream, err := plane.AddStream(ctx, id[0], sfu.Stream{SSRC: 110, DescriptorID: 12})
	require.NoError(t, err)
	require.NoError(t, plane.Subscribe(ctx, id[1], stream))
	require.NoError(t, plane.Subscribe(ctx, id[2], stream))
	require.NoError(t, plane.SetStructure(ctx, stream, av1.L1T3()))

	send := func(template byte) []string {
		return l.exchange(t, sfu.Datagram{SrcMAC: at[0].MAC, DstMAC: service.MAC, Src: at[0].UDP, Dst: service.UDP, Payload: packet(t, 42, 110, template)})
	}
	both := []string{"10.0.211.2:2222<-10.0.211.111:3000 same=true", "10.0.211.2:3333<-10.0.211.111:3000 same=true"}
	require.Equal(t, both, send(4))
	require.NoError(t, plane.SetDecodeTarget(ctx, id[1], stream, 0))
	require.Equal(t, both[1:], send(4), "template 4 is for the highest frame rate")
	require.Equal(t, both, send(1), "template 1 is for everybody")
}
