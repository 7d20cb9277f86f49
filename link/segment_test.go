package link

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/require"
)

func TestSegmentGivesFramesOfTheWire(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 0))
	cases := []struct {
		spec frameSpec
		kind byte
	}{
		{frameSpec{proto: layers.IPProtocolTCP}, gsoTCPv4},
		{frameSpec{proto: layers.IPProtocolTCP}, gsoTCPv4 | gsoECN},
		{frameSpec{proto: layers.IPProtocolTCP, v6: true}, gsoTCPv6},
		{frameSpec{proto: layers.IPProtocolUDP}, gsoUDP},
		{frameSpec{proto: layers.IPProtocolUDP, v6: true}, gsoUDP},
		{frameSpec{proto: layers.IPProtocolTCP, tags: []layers.EthernetType{layers.EthernetTypeDot1Q}}, gsoTCPv4},
		{frameSpec{proto: layers.IPProtocolUDP, v6: true, tags: []layers.EthernetType{layers.EthernetTypeQinQ, layers.EthernetTypeDot1Q}}, gsoUDP},
	}
	for i, c := range cases {
		for _, size := range []int{1, 536, 1448, 4000} {
			t.Run(fmt.Sprintf("%d/%d", i, size), func(t *testing.T) {
				total := min(60000, size*100) + size/2
				c.spec.payload = randomBytes(r, total)
				super := c.spec.build(t)
				start, _ := leavePartial(t, super)
				before := append([]byte{}, super...)
				var s scratch
				out, ok := segment(nil, &s, Frame{Data: super, Time: 42}, c.kind, size, start)
				require.True(t, ok)
				require.Equal(t, before, super, "the superframe is not changed")
				require.Len(t, out, (total+size-1)/size)
				requireSegments(t, out, c.spec, size)
			})
		}
	}
}

// requireSegments checks every field that segmentation changes.
func requireSegments(t *testing.T, out []Frame, spec frameSpec, size int) {
	var all []byte
	for i, f := range out {
		require.Equal(t, int64(42), f.Time)
		p := requireGood(t, f.Data)
		if ip, ok := p.NetworkLayer().(*layers.IPv4); ok {
			require.Equal(t, uint16(0xfffe+i), ip.Id)
		}
		last := i == len(out)-1
		switch l := p.TransportLayer().(type) {
		case *layers.TCP:
			require.Equal(t, uint32(0xffffff00)+uint32(i*size), l.Seq)
			require.Equal(t, last, l.FIN)
			require.Equal(t, last, l.PSH)
			require.Equal(t, i == 0, l.CWR)
			require.True(t, l.ACK)
			all = append(all, l.Payload...)
		case *layers.UDP:
			require.Equal(t, len(l.Payload)+8, int(l.Length))
			all = append(all, l.Payload...)
		}
		if !last {
			require.Zero(t, len(all)%size)
		}
	}
	require.True(t, bytes.Equal(spec.payload, all), "the segments carry the payload, in order")
}

func TestSegmentRefusesWhatItCannotCut(t *testing.T) {
	tcp := frameSpec{proto: layers.IPProtocolTCP, payload: make([]byte, 5000)}.build(t)
	p, _ := parseIP(tcp)
	arp := append([]byte{}, tcp...)
	arp[12], arp[13] = 0x08, 0x06
	for name, c := range map[string]struct {
		frame []byte
		kind  byte
		size  int
		start int
	}{
		"not IP":             {arp, gsoTCPv4, 1000, p.l4},
		"inside a tunnel":    {tcp, gsoTCPv4, 1000, p.l4 + 28},
		"other kind":         {tcp, 3, 1000, p.l4},
		"wrong version":      {tcp, gsoTCPv6, 1000, p.l4},
		"wrong transport":    {tcp, gsoUDP, 1000, p.l4},
		"no segment size":    {tcp, gsoTCPv4, 0, p.l4},
		"size beyond 10 kB":  {tcp, gsoTCPv4, 10230, p.l4},
		"cut in the headers": {tcp[:p.l4+10], gsoTCPv4, 1000, p.l4},
		"no payload":         {tcp[:p.l4+24], gsoTCPv4, 1000, p.l4},
	} {
		var s scratch
		out, ok := segment(nil, &s, Frame{Data: c.frame}, c.kind, c.size, c.start)
		if ok || len(out) != 0 {
			t.Errorf("%s: cut into %d segments, want a refusal", name, len(out))
		}
	}
}

func TestScratchIsUsedAgain(t *testing.T) {
	super := frameSpec{proto: layers.IPProtocolTCP, payload: make([]byte, 60000)}.build(t)
	var s scratch
	out := make([]Frame, 0, 2048)
	cut := func() {
		s.reset()
		out = out[:0]
		for range 8 {
			out, _ = segment(out, &s, Frame{Data: super}, gsoTCPv4, 1448, -1)
		}
	}
	cut()
	if n := testing.AllocsPerRun(10, cut); n != 0 {
		t.Errorf("segment: %v allocations per batch, want 0", n)
	}
	seen := map[*byte]bool{}
	for _, f := range out {
		require.False(t, seen[&f.Data[0]], "two segments share memory")
		seen[&f.Data[0]] = true
	}
}

// FuzzSegment: no superframe makes segmentation panic or lose payload.
func FuzzSegment(f *testing.F) {
	for _, v6 := range []bool{false, true} {
		for _, proto := range []layers.IPProtocol{layers.IPProtocolTCP, layers.IPProtocolUDP} {
			frame := frameSpec{v6: v6, proto: proto, payload: make([]byte, 100)}.build(f)
			f.Add(frame, byte(gsoTCPv4), uint16(30), uint16(34))
			f.Add(frame, byte(gsoTCPv6), uint16(30), uint16(54))
			f.Add(frame, byte(gsoUDP), uint16(7), uint16(0))
		}
	}
	f.Fuzz(func(t *testing.T, frame []byte, kind byte, size16, start16 uint16) {
		if len(frame) > 4096 {
			return // nothing new is in a longer one, and single-byte segments take long
		}
		size, start := int(size16), int(start16)
		if start == 0 {
			start = -1 // the checksum is complete
		}
		var s scratch
		out, ok := segment(nil, &s, Frame{Data: frame}, kind, size, start)
		if ok != (len(out) > 0) {
			t.Fatalf("ok %v with %d segments", ok, len(out))
		}
		if p, parsed := parseIP(frame); ok && parsed {
			headers, _ := p.segmentHeaders(frame, kind&^gsoECN)
			n := 0
			for _, seg := range out {
				if len(seg.Data) > MaxFrame {
					t.Fatalf("segment of %d bytes", len(seg.Data))
				}
				n += len(seg.Data) - headers
			}
			if n != p.end-headers {
				t.Fatalf("segments carry %d bytes of %d", n, p.end-headers)
			}
		}
		completeChecksum(frame, int(start16), size)
	})
}
