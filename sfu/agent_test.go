package sfu_test

import (
	"context"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/pion/stun/v3"
	"github.com/stretchr/testify/require"

	"gofino/sfu"
	"gofino/sfu/av1"
	"gofino/sfu/reference"
)

const (
	ufrag    = "sfu0"
	password = "a password of 22 bytes"
)

func newAgent(t *testing.T) (*sfu.Agent, *reference.Switch, sfu.StreamID) {
	sw := reference.New()
	p := newPlane(t, sw.API())
	_, _, _, video := pair(t, p)
	return sfu.NewAgent(p, ufrag, password), sw, video
}

func TestAgentAnswersChecks(t *testing.T) {
	agent, _, _ := newAgent(t)
	ctx := context.Background()
	id := [stun.TransactionIDSize]byte{1, 2, 3}
	integrity := stun.NewShortTermIntegrity(password)
	for name, c := range map[string]struct {
		setters []stun.Setter
		want    stun.MessageType
		code    stun.ErrorCode
	}{
		"good":           {[]stun.Setter{stun.NewUsername(ufrag + ":x"), integrity, stun.Fingerprint}, stun.BindingSuccess, 0},
		"no integrity":   {[]stun.Setter{stun.NewUsername(ufrag + ":x"), stun.Fingerprint}, stun.BindingError, 400},
		"no name":        {[]stun.Setter{integrity, stun.Fingerprint}, stun.BindingError, 400},
		"no fingerprint": {[]stun.Setter{stun.NewUsername(ufrag + ":x"), integrity}, stun.BindingError, 400},
		"wrong name":     {[]stun.Setter{stun.NewUsername("sfu1:x"), integrity, stun.Fingerprint}, stun.BindingError, 401},
		"wrong password": {[]stun.Setter{stun.NewUsername(ufrag + ":x"), stun.NewShortTermIntegrity("no"), stun.Fingerprint}, stun.BindingError, 401},
	} {
		m, err := stun.Build(append([]stun.Setter{stun.NewTransactionIDSetter(id), stun.BindingRequest}, c.setters...)...)
		require.NoError(t, err, name)
		reply, err := agent.Handle(ctx, up(hostA, m.Raw))
		require.NoError(t, err, name)
		d, err := sfu.ParseDatagram(reply)
		require.NoError(t, err, name)
		require.Equal(t, [2]netip.AddrPort{theSFU.UDP, hostA.UDP}, [2]netip.AddrPort{d.Src, d.Dst}, name)
		out := &stun.Message{Raw: d.Payload}
		require.NoError(t, out.Decode(), name)
		require.Equal(t, c.want, out.Type, name)
		require.Equal(t, id, out.TransactionID, name)
		require.NoError(t, stun.Fingerprint.Check(out), name)
		if c.code != 0 {
			var code stun.ErrorCodeAttribute
			require.NoError(t, code.GetFrom(out), name)
			require.Equal(t, c.code, code.Code, name)
			continue
		}
		require.NoError(t, integrity.Check(out), name)
		var seen stun.XORMappedAddress
		require.NoError(t, seen.GetFrom(out), name)
		require.Equal(t, hostA.UDP.String(), seen.String(), name)
	}
	require.Equal(t, sfu.AgentStats{STUN: 1, STUNRefused: 5}, agent.Stats())
	indication, err := stun.Build(stun.TransactionID, stun.NewType(stun.MethodBinding, stun.ClassIndication))
	require.NoError(t, err)
	reply, err := agent.Handle(ctx, up(hostA, indication.Raw))
	require.NoError(t, err)
	require.Nil(t, reply)
}

func TestAgentLearnsLayers(t *testing.T) {
	agent, sw, video := newAgent(t)
	ctx := context.Background()
	s := av1.L1T3()
	s.Offset = 62
	d := av1.Descriptor{StartOfFrame: true, TemplateID: 62, Structure: s}
	send := func(d av1.Descriptor) error {
		_, err := agent.Handle(ctx, up(hostA, rtpPacket(ssrcVideo, 0, block(twoByte, two(9, '1'), two(12, d.Append(nil, 3)...)))))
		return err
	}
	require.NoError(t, send(d))
	require.Len(t, sw.Layers, 5)
	require.EqualValues(t, 2, sw.Layers[reference.LayerKey{Stream: uint16(video), Template: 2}])
	require.NoError(t, send(d), "the same again")
	require.EqualValues(t, 1, agent.Stats().Structures)
	active, ok := agent.ActiveTargets(video)
	require.True(t, ok)
	require.EqualValues(t, 0b111, active)
	require.NoError(t, send(av1.Descriptor{TemplateID: 0, HasActiveTargets: true, ActiveTargets: 0b011}))
	active, _ = agent.ActiveTargets(video)
	require.EqualValues(t, 0b011, active)
	s2 := av1.L2T2()
	s2.Offset = 10
	require.NoError(t, send(av1.Descriptor{TemplateID: 10, Structure: s2}))
	require.Len(t, sw.Layers, 6)
	require.EqualValues(t, 2, agent.Stats().Structures)
	require.ErrorContains(t, send(av1.Descriptor{TemplateID: 40, CustomFrameDiffs: []int{}}), "template 40 is none of 6 from 10 on")
	agent.Forget(video)
	require.ErrorContains(t, send(av1.Descriptor{TemplateID: 10, CustomDTIs: []av1.DTI{1, 2, 3}}), "no structure known yet")
}

func TestAgentCountsFeedback(t *testing.T) {
	agent, _, _ := newAgent(t)
	for _, p := range [][]byte{
		append(rtcpPacket(1, 201, ssrcB, ssrcVideo, 0, 0, 0, 0, 0), rtcpPacket(1, 206, ssrcB, ssrcVideo)...),
		rtcpPacket(1, 205, ssrcB, ssrcVideo, 0x12340001), rtcpPacket(4, 206, ssrcB, 0, ssrcVideo, 0x01000000),
		rtcpPacket(15, 206, ssrcB, 0, 0x52454d42, 0x01020304, ssrcVideo), rtcpPacket(1, 203, ssrcB), {22, 254, 253},
	} {
		_, err := agent.Handle(context.Background(), up(hostB, p))
		require.NoError(t, err)
	}
	require.Equal(t, sfu.AgentStats{RR: 1, PLI: 1, NACK: 1, FIR: 1, REMB: 1, OtherRTCP: 1, DTLS: 1}, agent.Stats())
}

// Nothing that arrives stops the agent.
func FuzzAgent(f *testing.F) {
	f.Add([]byte{0x90, 45})
	f.Add(stunRequest())
	f.Add(rtpPacket(ssrcVideo, 3, block(twoByte, two(12, (&av1.Descriptor{Structure: av1.L1T3()}).Append(nil, 0)...))))
	f.Add(rtcpPacket(1, 201, ssrcB, ssrcVideo, 0, 0, 0, 0, 0))
	f.Fuzz(func(t *testing.T, payload []byte) {
		sw := reference.New()
		p := newPlane(t, sw.API())
		pair(t, p)
		agent := sfu.NewAgent(p, ufrag, password)
		for range 2 {
			agent.Handle(context.Background(), up(hostA, payload[:min(len(payload), 1400)]))
			agent.Handle(context.Background(), payload)
		}
		require.NoError(t, p.Close(context.Background()))
		require.Empty(t, usage(t, sw.API()))
	})
}

// What Append writes, another library reads; what another library writes,
// ParseDatagram reads.
func TestDatagramAgainstGopacket(t *testing.T) {
	for n := range 40 {
		payload := fill(n)
		d := sfu.Datagram{SrcMAC: hostA.MAC, DstMAC: theSFU.MAC, Src: hostA.UDP, Dst: theSFU.UDP, Payload: payload}
		frame := d.Append(nil)
		pk := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.Default)
		require.Nil(t, pk.ErrorLayer())
		require.Equal(t, payload, slices.Clone(pk.TransportLayer().LayerPayload()))

		eth := &layers.Ethernet{SrcMAC: hostA.MAC[:], DstMAC: theSFU.MAC[:], EthernetType: layers.EthernetTypeIPv4}
		ip := &layers.IPv4{Version: 4, TTL: 64, Flags: layers.IPv4DontFragment, Protocol: layers.IPProtocolUDP,
			SrcIP: hostA.UDP.Addr().AsSlice(), DstIP: theSFU.UDP.Addr().AsSlice()}
		udp := &layers.UDP{SrcPort: layers.UDPPort(hostA.UDP.Port()), DstPort: layers.UDPPort(theSFU.UDP.Port())}
		require.NoError(t, udp.SetNetworkLayerForChecksum(ip))
		buf := gopacket.NewSerializeBuffer()
		require.NoError(t, gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true},
			eth, ip, udp, gopacket.Payload(payload)))
		require.Equal(t, buf.Bytes()[:len(frame)], frame, "%d bytes; gopacket pads short frames", n)
		back, err := sfu.ParseDatagram(append(slices.Clone(buf.Bytes()), 0, 0)) // Ethernet padding
		require.NoError(t, err)
		require.Equal(t, d.Payload, slices.Clone(back.Payload))
		if n > 0 {
			frame[42] ^= 1
			_, err = sfu.ParseDatagram(frame)
			require.EqualError(t, err, "read datagram: wrong UDP checksum")
			frame[26] ^= 1
			_, err = sfu.ParseDatagram(frame)
			require.EqualError(t, err, "read datagram: wrong IPv4 checksum")
		}
	}
	_, err := sfu.ParseDatagram(make([]byte, 60))
	require.ErrorIs(t, err, sfu.ErrNotUDP)
}
