package reference_test

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"

	"gofino/model"
	"gofino/pipeline"
	"gofino/sfu"
	"gofino/sfu/av1"
)

// silent is a trace sink that listens to nothing.
type silent struct{}

func (silent) Event(pipeline.Event) {}
func (silent) Chip(model.ChipEvent) {}

// generator makes packets: mostly right ones of every kind that the program
// knows, and then bends some of them.
type generator struct {
	rng *rand.Rand
	w   *world
}

func newGenerator(seed uint64, w *world) *generator {
	return &generator{rand.New(rand.NewPCG(seed, 99)), w}
}

func (g *generator) chance(percent int) bool { return g.rng.IntN(100) < percent }

func (g *generator) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(g.rng.Uint32())
	}
	return b
}

func (g *generator) person() *person { return g.w.people[g.rng.IntN(len(g.w.people))] }

// next is a packet and the port that it enters on.
func (g *generator) next() (port uint16, frame []byte) {
	who := g.person()
	port = who.at.Port
	switch k := g.rng.IntN(100); {
	case k < 4:
		frame = g.arp(who)
	case k < 8:
		frame = g.ping(who)
	case k < 10:
		frame = g.bytes(g.rng.IntN(120))
	case k < 14:
		port, frame = cpuPort, g.fromAgent(who)
	default:
		frame = g.udp(who)
	}
	if g.chance(15) {
		frame = g.bend(frame)
	}
	return port, frame
}

// bend damages a frame: bytes, length, checksum.
func (g *generator) bend(f []byte) []byte {
	f = slices.Clone(f)
	switch g.rng.IntN(4) {
	case 0:
		f = f[:g.rng.IntN(len(f)+1)]
	case 1:
		f = append(f, make([]byte, g.rng.IntN(40))...)
	case 2:
		for range 1 + g.rng.IntN(4) {
			if len(f) > 0 {
				f[g.rng.IntN(len(f))] = byte(g.rng.Uint32())
			}
		}
		g.seal(f)
	case 3: // an interesting byte: IPv4 header, UDP header or start of the payload
		if len(f) > 70 {
			f[14+g.rng.IntN(50)] ^= 1 << g.rng.IntN(8)
			if g.chance(80) {
				g.seal(f)
			}
		}
	}
	return f
}

// seal makes the IPv4 checksum right again, so that bent packets get further.
func (g *generator) seal(f []byte) {
	if len(f) < 34 {
		return
	}
	f[24], f[25] = 0, 0
	var s uint32
	for i := 14; i < 34; i += 2 {
		s += uint32(f[i])<<8 | uint32(f[i+1])
	}
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	binary.BigEndian.PutUint16(f[24:], ^uint16(s))
}

func (g *generator) arp(who *person) []byte {
	f := append([]byte{255, 255, 255, 255, 255, 255}, who.at.MAC[:]...)
	f = append(f, 8, 6, 0, 1, 8, 0, 6, 4, 0, byte(1+g.rng.IntN(2)))
	f = append(f, who.at.MAC[:]...)
	ip, to := who.at.UDP.Addr().As4(), service.UDP.Addr().As4()
	f = append(append(f, ip[:]...), 0, 0, 0, 0, 0, 0)
	return append(append(f, to[:]...), make([]byte, g.rng.IntN(30))...)
}

func (g *generator) ping(who *person) []byte {
	d := sfu.Datagram{SrcMAC: who.at.MAC, DstMAC: service.MAC, Src: who.at.UDP, Dst: service.UDP, Payload: g.bytes(g.rng.IntN(64))}
	f := d.Append(nil)
	f[23] = 1
	if g.chance(80) {
		f[34], f[35] = 8, 0
	}
	g.seal(f)
	return f
}

func (g *generator) fromAgent(to *person) []byte {
	d := sfu.Datagram{SrcMAC: service.MAC, DstMAC: to.at.MAC, Src: service.UDP, Dst: to.at.UDP, Payload: g.payload(to)}
	return d.Append(nil)
}

func (g *generator) udp(who *person) []byte {
	d := sfu.Datagram{SrcMAC: who.at.MAC, DstMAC: service.MAC, Src: who.at.UDP, Dst: service.UDP, Payload: g.payload(who)}
	if g.chance(3) {
		d.Dst = g.person().at.UDP
	}
	if g.chance(2) {
		d.DstMAC[5]++
	}
	f := d.Append(nil)
	switch g.rng.IntN(10) {
	case 0:
		f[40], f[41] = 0, 0 // no UDP checksum
	case 1:
		copy(f[40:], g.bytes(2)) // a wrong one stays wrong
	}
	return f
}

func (g *generator) payload(who *person) []byte {
	switch k := g.rng.IntN(100); {
	case k < 70:
		return g.rtp(who)
	case k < 88:
		return g.rtcp(who)
	case k < 93:
		m := append([]byte{byte(g.rng.IntN(5)), 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}, g.bytes(12)...)
		if g.chance(10) {
			m[4+g.rng.IntN(4)] ^= 1
		}
		return m
	case k < 96:
		return append([]byte{byte(18 + g.rng.IntN(48))}, g.bytes(12+g.rng.IntN(30))...)
	}
	return g.bytes(g.rng.IntN(30))
}

// ssrc is mostly one of the sender's.
func (g *generator) ssrc(who *person) (*stream, uint32) {
	s := who.streams[g.rng.IntN(len(who.streams))]
	if g.chance(4) {
		return s, g.rng.Uint32()
	}
	return s, s.ssrc
}

func (g *generator) rtp(who *person) []byte {
	s, ssrc := g.ssrc(who)
	csrc := 0
	if g.chance(25) {
		csrc = g.rng.IntN(16)
	}
	b := []byte{0x80 | byte(csrc), byte(g.rng.IntN(64) | g.rng.IntN(2)<<7)}
	b = append(b, g.bytes(6)...)
	b = binary.BigEndian.AppendUint32(b, ssrc)
	b = append(b, g.bytes(4*csrc)...)
	if g.chance(10) {
		b[0] |= 0x20
	}
	if g.chance(85) {
		b[0] |= 0x10
		b = g.extensions(b, s)
	}
	return append(b, g.bytes(g.rng.IntN(80))...)
}

// extensions appends an extension block, most often with a descriptor.
func (g *generator) extensions(b []byte, s *stream) []byte {
	two := g.chance(40)
	profile := uint16(0xbede)
	if two {
		profile = 0x1000 | uint16(g.rng.IntN(16))
	}
	if g.chance(3) {
		profile = uint16(g.rng.Uint32())
	}
	var block []byte
	at := g.rng.IntN(4)
	if g.chance(20) {
		at = g.rng.IntN(9)
	}
	for i := range 1 + at + g.rng.IntN(2) {
		switch {
		case i == at && s.structure != nil:
			block = g.element(block, two, s.ext, g.descriptor(s))
		case g.chance(10):
			block = append(block, make([]byte, 1+g.rng.IntN(2))...)
		default:
			block = g.filler(block, two)
		}
	}
	for len(block)%4 != 0 {
		block = append(block, 0)
	}
	words := len(block) / 4
	if g.chance(6) { // the length lies
		words = max(0, words+g.rng.IntN(9)-4)
	}
	if g.chance(1) {
		words = g.rng.IntN(1 << 16)
	}
	b = binary.BigEndian.AppendUint16(b, profile)
	b = binary.BigEndian.AppendUint16(b, uint16(words))
	return append(b, block...)
}

// filler is an element that is (mostly) not the descriptor.
func (g *generator) filler(block []byte, two bool) []byte {
	if !two {
		return g.element(block, two, byte(g.rng.IntN(16)), g.bytes(1+g.rng.IntN(16)))
	}
	n := g.rng.IntN(12)
	if g.chance(15) {
		n = g.rng.IntN(70)
	}
	return g.element(block, two, byte(1+g.rng.IntN(30)), g.bytes(n))
}

func (g *generator) element(block []byte, two bool, id uint8, data []byte) []byte {
	if two {
		return append(append(block, id, byte(len(data))), data...)
	}
	data = data[:min(len(data), 16)]
	return append(append(block, id<<4|byte(len(data)-1)&15), data...)
}

func (g *generator) descriptor(s *stream) []byte {
	d := av1.Descriptor{StartOfFrame: g.chance(50), EndOfFrame: g.chance(50), FrameNumber: uint16(g.rng.Uint32()),
		TemplateID: s.structure.ID(g.rng.IntN(len(s.structure.Templates)))}
	switch g.rng.IntN(20) {
	case 0, 1:
		d.Structure = s.structure
	case 2:
		d.TemplateID = g.rng.IntN(64)
	case 3:
		d.CustomFrameDiffs = []int{1, 2}
	case 4:
		return g.bytes(1 + g.rng.IntN(3))
	}
	return d.Append(nil, s.structure.DecodeTargets)
}

// rtcp is a report of who about somebody, or a sender report.
func (g *generator) rtcp(who *person) []byte {
	_, own := g.ssrc(who)
	_, about := g.ssrc(g.person())
	kinds := []struct{ count, pt byte }{{0, 200}, {1, 200}, {0, 201}, {1, 201}, {2, 201}, {1, 202}, {1, 203}, {0, 204},
		{1, 205}, {15, 205}, {3, 205}, {1, 206}, {4, 206}, {15, 206}, {15, 206}, {2, 206}, {0, 207}, {0, 192}, {0, 223}, {0, 191}, {0, 224}}
	k := kinds[g.rng.IntN(len(kinds))]
	b := []byte{0x80 | k.count, k.pt, 0, 0}
	b = binary.BigEndian.AppendUint32(b, own)
	if g.chance(90) {
		if k.pt == 206 && k.count == 4 || k.pt == 206 && k.count == 15 {
			b = append(b, 0, 0, 0, 0)
		}
		if k.pt == 206 && k.count == 15 {
			b = append(append(b, "REMB"...), g.bytes(4)...)
		}
		b = binary.BigEndian.AppendUint32(b, about)
		b = append(b, g.bytes(4*g.rng.IntN(6))...)
	}
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)/4-1))
	if g.chance(30) { // compound
		b = append(b, 0x81, 202, 0, 2, 1, 2, 3, 4, 0, 0, 0, 0)
	}
	return b
}
