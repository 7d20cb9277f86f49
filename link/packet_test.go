package link

import (
	"net"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/require"
)

// Frames of the tests are built and checked with gopacket, which knows nothing
// of this package.

var (
	macA = net.HardwareAddr{2, 0, 0, 0, 0, 1}
	macB = net.HardwareAddr{2, 0, 0, 0, 0, 2}
)

// frameSpec describes a test frame.
type frameSpec struct {
	v6      bool
	tags    []layers.EthernetType // VLAN tags, outermost first
	proto   layers.IPProtocol
	payload []byte
}

// build serialises a frame with correct lengths and checksums.
func (s frameSpec) build(t testing.TB) []byte {
	var stack []gopacket.SerializableLayer
	kinds := append([]layers.EthernetType{}, s.tags...)
	ipKind := layers.EthernetTypeIPv4
	if s.v6 {
		ipKind = layers.EthernetTypeIPv6
	}
	kinds = append(kinds, ipKind)
	stack = append(stack, &layers.Ethernet{SrcMAC: macA, DstMAC: macB, EthernetType: kinds[0]})
	for i := range s.tags {
		stack = append(stack, &layers.Dot1Q{VLANIdentifier: uint16(100 + i), Priority: 5, Type: kinds[i+1]})
	}
	var network gopacket.NetworkLayer
	if s.v6 {
		ip := &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: s.proto,
			SrcIP: net.ParseIP("2001:db8::1"), DstIP: net.ParseIP("2001:db8::2")}
		stack, network = append(stack, ip), ip
	} else {
		ip := &layers.IPv4{Version: 4, IHL: 5, TTL: 64, Id: 0xfffe, Protocol: s.proto,
			SrcIP: net.IPv4(10, 0, 0, 1), DstIP: net.IPv4(10, 0, 0, 2)}
		stack, network = append(stack, ip), ip
	}
	switch s.proto {
	case layers.IPProtocolUDP:
		u := &layers.UDP{SrcPort: 4000, DstPort: 5000}
		u.SetNetworkLayerForChecksum(network)
		stack = append(stack, u)
	case layers.IPProtocolTCP:
		c := &layers.TCP{SrcPort: 4000, DstPort: 5000, Seq: 0xffffff00, Ack: 7, ACK: true, PSH: true, FIN: true, CWR: true,
			Options: []layers.TCPOption{{OptionType: layers.TCPOptionKindNop}, {OptionType: layers.TCPOptionKindNop}}}
		c.SetNetworkLayerForChecksum(network)
		stack = append(stack, c)
	case layers.IPProtocolSCTP:
		stack = append(stack, &layers.SCTP{SrcPort: 4000, DstPort: 5000, VerificationTag: 9})
	}
	stack = append(stack, gopacket.Payload(s.payload))
	b := gopacket.NewSerializeBuffer()
	require.NoError(t, gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, stack...))
	return append([]byte{}, b.Bytes()...)
}

// slowSum is the ones' complement sum as RFC 1071 writes it.
func slowSum(b []byte) uint16 {
	var sum uint32
	for i := 0; i < len(b); i += 2 {
		w := uint32(b[i]) << 8
		if i+1 < len(b) {
			w |= uint32(b[i+1])
		}
		sum += w
		sum = sum>>16 + sum&0xffff
	}
	return uint16(sum)
}

// leavePartial replaces the transport checksum of a frame with the sum of the
// pseudo header, as a stack does that leaves the rest to the hardware. It
// returns where the checksum starts and the field's place in it.
func leavePartial(t testing.TB, f []byte) (start, offset int) {
	p, ok := parseIP(f)
	require.True(t, ok)
	n := p.end - p.l4
	pseudo := append([]byte{}, f[p.l3+12:p.l3+20]...)
	if p.v6 {
		pseudo = append([]byte{}, f[p.l3+8:p.l3+40]...)
	}
	pseudo = append(pseudo, 0, p.proto, byte(n>>8), byte(n))
	sum := slowSum(pseudo)
	offset = map[byte]int{protoTCP: 16, protoUDP: 6}[p.proto]
	f[p.l4+offset], f[p.l4+offset+1] = byte(sum>>8), byte(sum)
	return p.l4, offset
}

// requireGood fails unless every checksum and length of the frame is right.
func requireGood(t testing.TB, f []byte) gopacket.Packet {
	t.Helper()
	p := gopacket.NewPacket(f, layers.LayerTypeEthernet, gopacket.Default)
	require.Nil(t, p.ErrorLayer(), "the frame decodes")
	at, ok := parseIP(f)
	require.True(t, ok)
	if !at.v6 {
		require.Equal(t, uint16(0xffff), slowSum(f[at.l3:at.l4]), "IPv4 header checksum")
		require.Equal(t, len(f)-at.l3, int(f[at.l3+2])<<8|int(f[at.l3+3]), "IPv4 total length")
	} else {
		require.Equal(t, len(f)-at.l3-40, int(f[at.l3+4])<<8|int(f[at.l3+5]), "IPv6 payload length")
	}
	n := len(f) - at.l4
	addrs := f[at.l3+12 : at.l3+20]
	if at.v6 {
		addrs = f[at.l3+8 : at.l3+40]
	}
	whole := append(append([]byte{}, addrs...), 0, at.proto, byte(n>>8), byte(n))
	whole = append(whole, f[at.l4:]...)
	require.Equal(t, uint16(0xffff), slowSum(whole), "transport checksum")
	return p
}
