package sfu_test

import (
	"encoding/binary"
	"slices"

	"gofino/sfu"
	"gofino/sfu/av1"
)

// vectorCases are the vectors in testdata: every branch of sfu.p4 with what the
// RFCs, not the program, say about it.
func vectorCases() []*vector {
	return []*vector{
		classifyVector(), borderVector(), notForUsVector(), checksumVector(), answersVector(), fromCPUVector(),
		replicateVector(), layersVector(), csrcVector(), oneByteVector(), twoByteVector(), blockVector(),
		structureVector(), reportsVector(), feedbackVector(), truncatedVector(), countersVector(),
	}
}

func stunRequest() []byte {
	return append([]byte{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}, make([]byte, 12)...)
}

func classifyVector() *vector {
	v := newVector("classify", "what goes where by the first bytes (RFC 7983, RFC 5761)")
	v.say("STUN to the agent, also from someone unknown; first byte 0..3")
	v.toCPU(portA, up(hostA, stunRequest()))
	v.toCPU(portD, up(hostD, stunRequest()))
	b := stunRequest()
	b[0] = 3
	v.toCPU(portA, up(hostA, b))
	b[0] = 4
	v.say("4 is no STUN, nor is a wrong cookie")
	v.dropped(portA, up(hostA, b))
	b = stunRequest()
	b[7] ^= 1
	v.dropped(portA, up(hostA, b))
	for _, c := range []struct {
		first byte
		dtls  bool
	}{{16, false}, {19, false}, {20, true}, {23, true}, {24, true}, {31, true}, {32, true}, {63, true}, {64, false}, {79, false}, {127, false}, {192, false}, {255, false}} {
		p := append([]byte{c.first}, make([]byte, 20)...)
		if c.dtls {
			v.say("first byte %d: DTLS", c.first)
			v.toCPU(portA, up(hostA, p))
		} else {
			v.say("first byte %d: nothing that we know", c.first)
			v.dropped(portA, up(hostA, p))
		}
	}
	v.say("RTP of an unknown sender, of an unknown SSRC, of a known SSRC from another address or port")
	v.dropped(portD, up(hostD, rtpPacket(1, 0, nil)))
	v.dropped(portA, up(hostA, rtpPacket(1, 0, nil)))
	v.dropped(portB, up(hostB, rtpPacket(ssrcAudio, 0, nil)))
	other := hostA
	other.UDP = hostD.UDP
	v.dropped(portA, up(other, rtpPacket(ssrcAudio, 0, nil)))
	return v
}

func borderVector() *vector {
	v := newVector("borders", "the borders between RTP and RTCP, and of lengths")
	for _, c := range []struct {
		second byte
		rtcp   bool
	}{{0, false}, {63, false}, {64, false}, {95, false}, {127, false}, {128, false}, {191, false}, {192, true}, {199, true}, {208, true}, {223, true}, {224, false}, {255, false}} {
		p := rtpPacket(ssrcAudio, 0, nil)
		p[1] = c.second
		if c.rtcp {
			v.say("second byte %d: RTCP", c.second)
			v.toCPU(portA, up(hostA, p))
		} else {
			v.say("second byte %d: RTP", c.second)
			v.forwarded(p)
		}
	}
	v.say("the shortest RTCP is 8 bytes: an RR without blocks")
	v.toCPU(portB, up(hostB, []byte{0x80, 201, 0, 1, 11, 11, 0, 1}))
	v.say("11 bytes are RTCP or nothing; 12 are RTP")
	p := rtpPacket(ssrcAudio, 0, nil)
	v.dropped(portA, up(hostA, p[:11]))
	v.forwarded(p[:12])
	v.say("7 bytes of RTCP, STUN of 11 bytes, an empty datagram, and one byte")
	v.dropped(portB, up(hostB, []byte{0x80, 201, 0, 1, 11, 11, 0}))
	v.dropped(portA, up(hostA, stunRequest()[:11]))
	v.dropped(portA, up(hostA, nil))
	v.dropped(portA, up(hostA, []byte{0x80}))
	return v
}

func notForUsVector() *vector {
	v := newVector("not_for_us", "frames for others, and what IPv4 may have that media has not")
	p := rtpPacket(ssrcAudio, 0, nil)
	d := sfu.Datagram{SrcMAC: hostA.MAC, DstMAC: hostB.MAC, Src: hostA.UDP, Dst: theSFU.UDP, Payload: p}
	v.say("another MAC, another address, another port")
	v.dropped(portA, d.Append(nil))
	d.DstMAC, d.Dst = theSFU.MAC, hostB.UDP
	v.dropped(portA, d.Append(nil))
	v.dropped(portA, ipChecksum(edit(up(hostA, p), 37, 1)))
	v.say("TCP")
	v.dropped(portA, ipChecksum(edit(up(hostA, p), 23, 6)))
	v.say("IPv4 options, version 6")
	v.dropped(portA, ipChecksum(edit(up(hostA, p), 14, 0x46)))
	v.dropped(portA, ipChecksum(edit(up(hostA, p), 14, 0x65)))
	v.say("a first fragment, a later fragment")
	v.dropped(portA, ipChecksum(edit(up(hostA, p), 20, 0x20)))
	v.dropped(portA, ipChecksum(edit(up(hostA, p), 21, 1)))
	v.say("don't fragment set or not: both fine")
	v.packet(portA, ipChecksum(edit(up(hostA, p), 20, 0)))
	v.expect(portB, ipChecksum(edit(down(hostB, p), 20, 0)))
	v.expect(portC, ipChecksum(edit(down(hostC, p), 20, 0)))
	v.say("IPv6, and a VLAN tag")
	v.dropped(portA, edit(edit(up(hostA, p), 12, 0x86), 13, 0xdd))
	v.dropped(portA, edit(up(hostA, p), 12, 0x81))
	return v
}

func edit(f []byte, at int, b byte) []byte {
	f = slices.Clone(f)
	f[at] = b
	return f
}

func checksumVector() *vector {
	v := newVector("checksums", "IPv4 verified and made anew, UDP changed by the difference (RFC 1624)")
	p := rtpPacket(ssrcAudio, 0, nil)
	v.say("a wrong IPv4 checksum")
	f := up(hostA, p)
	v.dropped(portA, edit(f, 24, f[24]^0x40))
	v.say("no UDP checksum: none comes out")
	noSum := func(f []byte) []byte { return edit(edit(f, 40, 0), 41, 0) }
	v.packet(portA, noSum(f))
	v.expect(portB, noSum(down(hostB, p)))
	v.expect(portC, noSum(down(hostC, p)))
	v.say("a checksum that is wrong by one stays so: the receiver must notice")
	v.packet(portA, wrongByOne(f))
	v.expect(portB, wrongByOne(down(hostB, p)))
	v.expect(portC, wrongByOne(down(hostC, p)))
	v.say("payloads whose checksum comes out as zero at B or C: sent as 0xffff")
	for _, h := range []sfu.Address{hostB, hostC} {
		p := sumsToZero(h)
		v.forwarded(p)
	}
	v.say("time to live and type of service: the first is new, the second stays")
	v.packet(portA, ipChecksum(edit(edit(f, 22, 1), 15, 0xb8)))
	v.expect(portB, ipChecksum(edit(down(hostB, p), 15, 0xb8)))
	v.expect(portC, ipChecksum(edit(down(hostC, p), 15, 0xb8)))
	return v
}

func wrongByOne(f []byte) []byte {
	f = slices.Clone(f)
	binary.BigEndian.PutUint16(f[40:], binary.BigEndian.Uint16(f[40:])-1)
	return f
}

// sumsToZero is a payload for which a frame to h has the UDP checksum 0xffff.
func sumsToZero(h sfu.Address) []byte {
	p := rtpPacket(ssrcAudio, 0, nil)
	have := binary.BigEndian.Uint16(down(h, p)[40:])
	end := p[len(p)-2:]
	// In one's complement, adding the checksum itself makes the sum 0xffff.
	s := uint32(binary.BigEndian.Uint16(end)) + uint32(have)
	binary.BigEndian.PutUint16(end, uint16(s>>16+s&0xffff))
	return p
}

func answersVector() *vector {
	v := newVector("answers", "ARP and ping")
	ask := append([]byte{255, 255, 255, 255, 255, 255}, hostD.MAC[:]...)
	ask = append(ask, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1)
	ask = append(append(ask, hostD.MAC[:]...), 10, 0, 0, 4)
	ask = append(append(ask, 0, 0, 0, 0, 0, 0), 10, 0, 0, 254)
	ask = append(ask, make([]byte, 18)...) // padding to 60 bytes
	reply := append(append([]byte{}, hostD.MAC[:]...), theSFU.MAC[:]...)
	reply = append(reply, 8, 6, 0, 1, 8, 0, 6, 4, 0, 2)
	reply = append(append(reply, theSFU.MAC[:]...), 10, 0, 0, 254)
	reply = append(append(reply, hostD.MAC[:]...), 10, 0, 0, 4)
	reply = append(reply, make([]byte, 18)...)
	v.say("who has 10.0.0.254? (asked on port 32 by a stranger)")
	v.packet(portD, ask)
	v.expect(portD, reply)
	v.say("someone else's address; a reply; a truncated request")
	v.dropped(portD, edit(ask, 41, 253))
	v.dropped(portD, edit(ask, 21, 2))
	v.dropped(portD, ask[:41])

	ping := func(from, to sfu.Address, typ, ttl byte) []byte {
		d := sfu.Datagram{SrcMAC: from.MAC, DstMAC: to.MAC, Src: from.UDP, Dst: to.UDP, Payload: []byte("ping data, odd")}
		f := d.Append(nil)
		f[22], f[23] = ttl, 1
		copy(f[34:], []byte{typ, 0, 0, 0, 0, 7, 0, 1})
		binary.BigEndian.PutUint16(f[36:], ^onesSum(f[34:]))
		return ipChecksum(f)
	}
	v.say("ping: the answer has a new time to live and a right checksum")
	v.packet(portD, ping(hostD, theSFU, 8, 3))
	v.expect(portD, ping(theSFU, hostD, 0, 64))
	v.say("a wrong ICMP checksum stays wrong by as much")
	broken := ping(hostD, theSFU, 8, 3)
	binary.BigEndian.PutUint16(broken[36:], binary.BigEndian.Uint16(broken[36:])-1)
	answer := ping(theSFU, hostD, 0, 64)
	binary.BigEndian.PutUint16(answer[36:], binary.BigEndian.Uint16(answer[36:])-1)
	v.packet(portD, broken)
	v.expect(portD, answer)
	v.say("an echo reply, an error message, a ping of someone else")
	v.dropped(portD, ping(hostD, theSFU, 0, 64))
	v.dropped(portD, ping(hostD, theSFU, 3, 64))
	v.dropped(portD, ping(hostD, hostA, 8, 64))
	return v
}

func onesSum(b []byte) uint16 {
	var s uint32
	for i := 0; i < len(b); i += 2 {
		s += uint32(b[i]) << 8
		if i+1 < len(b) {
			s += uint32(b[i+1])
		}
	}
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}

func fromCPUVector() *vector {
	v := newVector("from_cpu", "the agent's own packets")
	for i, h := range []sfu.Address{hostA, hostB, hostC} {
		f := down(h, stunRequest())
		v.packet(portCPU, f)
		v.expect(8*(i+1), f)
	}
	v.say("to nobody, and the same packet from another port")
	v.dropped(portCPU, down(hostD, stunRequest()))
	v.dropped(portD, down(hostA, stunRequest()))
	return v
}

func replicateVector() *vector {
	v := newVector("replicate", "one tree per meeting, the sender pruned")
	v.say("A's audio: to B and C, not to A, though a downlink to A would be there")
	v.line("add downlinks eg_intr_md.egress_rid:1 hdr.bridge.stream:1 to_receiver(mac:%s, ip:%s, port:%d)", hexMAC(hostA), hexIP(hostA), hostA.UDP.Port())
	v.forwarded(rtpPacket(ssrcAudio, 0, nil))
	v.say("padding, marker, other payload types: all the same")
	p := rtpPacket(ssrcAudio, 0, nil)
	p[0], p[1] = p[0]|0x20, 0x80|127
	v.forwarded(p)
	v.say("E joins behind A's port: it gets a copy there, A none (prune needs the same rid)")
	hostE := host(5)
	v.line("mc_node 11 1 8")
	v.line("mc_node 12 2 16")
	v.line("mc_node 15 5 8")
	v.line("mc_group 8 11 12 15")
	v.line("add streams hdr.ipv4.src_addr:%s hdr.udp.src_port:%d md.ssrc:0x77 replicate(stream:9, mgid:8, rid:1, yid:1, xid:0, descriptor_id:0)", hexIP(hostA), hostA.UDP.Port())
	v.line("add downlinks eg_intr_md.egress_rid:5 hdr.bridge.stream:9 to_receiver(mac:%s, ip:%s, port:%d)", hexMAC(hostE), hexIP(hostE), hostE.UDP.Port())
	p = rtpPacket(0x77, 0, nil)
	v.packet(portA, up(hostA, p))
	v.expect(portA, down(hostE, p))
	v.say("B is in that tree too, but has no downlink for stream 9: dropped")
	v.line("no_packet")
	v.say("level-1 exclusion: a tree with two meetings, xid 1 and 2; the sender of the first excludes the second")
	v.line("mc_node 22 2 16")
	v.line("mc_node 23 3 24")
	v.line("mc_group 9 22:1 23:2")
	v.line("add streams hdr.ipv4.src_addr:%s hdr.udp.src_port:%d md.ssrc:0x78 replicate(stream:1, mgid:9, rid:1, yid:1, xid:2, descriptor_id:0)", hexIP(hostA), hostA.UDP.Port())
	v.suppressed(rtpPacket(0x78, 0, nil))
	v.say("a group without nodes")
	v.line("add streams hdr.ipv4.src_addr:%s hdr.udp.src_port:%d md.ssrc:0x79 replicate(stream:1, mgid:99, rid:1, yid:1, xid:0, descriptor_id:0)", hexIP(hostA), hostA.UDP.Port())
	v.dropped(portA, up(hostA, rtpPacket(0x79, 0, nil)))
	return v
}

func layersVector() *vector {
	v := newVector("layers", "suppression by decode target")
	video := func(template int) []byte { return rtpPacket(ssrcVideo, 0, block(oneByte, one(12, dd(template)...))) }
	for template, layer := range []int{0, 0, 1, 2, 2} {
		if layer == 0 {
			v.say("template %d: everybody", templateBase+template)
			v.forwarded(video(template))
		} else {
			v.say("template %d, layer %d: not C", templateBase+template, layer)
			v.suppressed(video(template))
		}
	}
	v.say("a template that no structure had, and no descriptor at all: everybody")
	v.forwarded(video(5))
	v.forwarded(rtpPacket(ssrcVideo, 0, nil))
	v.say("the audio stream has no descriptor, whatever its packets have at id 12")
	v.forwarded(rtpPacket(ssrcAudio, 0, block(oneByte, one(12, dd(4)...))))
	v.say("id 5 is some call's descriptor, but not this stream's")
	v.forwarded(rtpPacket(ssrcVideo, 0, block(oneByte, one(5, dd(4)...))))
	return v
}

func csrcVector() *vector {
	v := newVector("csrc", "0 to 15 contributing sources before the extension")
	for n := range 16 {
		v.say("%d CSRCs", n)
		v.suppressed(rtpPacket(ssrcVideo, n, block(oneByte, one(12, dd(4)...))))
		v.forwarded(rtpPacket(ssrcVideo, n, nil))
	}
	return v
}

// descriptorAt sends a descriptor of a layer that C does not get, among other
// elements: found tells whether the data plane must see it.
func (v *vector) descriptorAt(found bool, profile uint16, elements ...[]byte) {
	p := rtpPacket(ssrcVideo, 0, block(profile, elements...))
	if found {
		v.suppressed(p)
	} else {
		v.forwarded(p)
	}
}

// edge sends elements that end in a descriptor and fill a number of words: once
// so, and once with one byte of padding in front and a word less for the block.
func (v *vector) edge(elements ...[]byte) {
	profile := uint16(oneByte)
	if elements[0][0] < 0x10 {
		profile = twoByte
	}
	b := block(profile, elements...)
	if len(b) != 4+len(slices.Concat(elements...)) {
		panic("BUG: elements do not fill words")
	}
	v.suppressed(rtpPacket(ssrcVideo, 0, b))
	b = block(profile, append([][]byte{{0}}, elements...)...)
	b[3]--
	v.forwarded(rtpPacket(ssrcVideo, 0, b))
}

func oneByteVector() *vector {
	v := newVector("one_byte", "the walk over one-byte elements (RFC 8285, 4.2)")
	d := one(12, dd(3)...)
	for n := 1; n <= 16; n++ {
		v.say("behind an element of %d bytes", n)
		v.descriptorAt(true, oneByte, one(2, fill(n)...), d)
	}
	for n := range 8 {
		v.say("behind %d elements: one of the first seven is found", n)
		var e [][]byte
		for i := range n {
			e = append(e, one(byte(1+i%4), fill(1+i)...))
		}
		v.descriptorAt(n < 7, oneByte, append(e, d)...)
	}
	v.say("behind padding, which counts as elements")
	v.descriptorAt(true, oneByte, []byte{0}, d)
	v.descriptorAt(true, oneByte, one(1, 1), []byte{0, 0}, one(1, 2), d)
	v.descriptorAt(false, oneByte, make([]byte, 7), d)
	v.say("id 15 ends the block, and so does id 0 with a length")
	v.descriptorAt(false, oneByte, one(15, 1), d)
	v.descriptorAt(false, oneByte, one(0, 1, 2), d)
	v.say("a descriptor of one or two bytes is none, and ends the walk")
	v.descriptorAt(false, oneByte, one(12, 0xc0|23), d)
	v.descriptorAt(false, oneByte, one(12, 0xc0|23, 0), d)
	v.say("a descriptor that leaves the block is none")
	b := block(oneByte, []byte{0, 0}, d)
	b[3] = 1
	v.forwarded(rtpPacket(ssrcVideo, 0, b))
	v.say("an element before it leaves the block")
	b = block(oneByte, one(1, fill(6)...), d)
	b[3] = 1
	v.forwarded(rtpPacket(ssrcVideo, 0, b))
	for n := 1; n <= 16; n++ {
		v.say("an element of %d bytes, and the descriptor at the very end of the block, or one byte too far", n)
		v.edge(one(1, fill(4-(n+2)%4)...), one(2, fill(n)...), d)
	}
	v.say("the same with padding between")
	v.edge(one(1, fill(2)...), []byte{0}, d)
	v.say("an empty block, and a packet that ends behind it")
	v.forwarded(rtpPacket(ssrcVideo, 0, block(oneByte)))
	p := rtpPacket(ssrcVideo, 0, block(oneByte))
	v.forwarded(p[:len(p)-4])
	v.say("a packet without payload")
	p = rtpPacket(ssrcVideo, 0, block(oneByte, d))
	v.suppressed(p[:len(p)-4])
	return v
}

func twoByteVector() *vector {
	v := newVector("two_byte", "the walk over two-byte elements (RFC 8285, 4.3)")
	d := two(12, dd(3)...)
	for n := range 32 {
		v.say("behind an element of %d bytes", n)
		v.descriptorAt(true, twoByte, two(2, fill(n)...), d)
	}
	for _, n := range []int{32, 33, 48, 64} {
		v.say("an element of %d bytes hides it", n)
		v.descriptorAt(false, twoByte, two(2, fill(n)...), d)
	}
	for n := range 8 {
		v.say("behind %d elements: one of the first seven is found", n)
		var e [][]byte
		for i := range n {
			e = append(e, two(byte(16+i), fill(i)...))
		}
		v.descriptorAt(n < 7, twoByte, append(e, d)...)
	}
	v.say("behind padding; id 15 is an id like any other here")
	v.descriptorAt(true, twoByte, []byte{0}, d)
	v.descriptorAt(true, twoByte, []byte{0, 0, 0}, two(15, 1), d)
	v.say("application bits in the profile")
	v.descriptorAt(true, twoByte|0x0f, d)
	v.say("a descriptor of 0, 1 or 2 bytes is none")
	v.descriptorAt(false, twoByte, two(12), d)
	v.descriptorAt(false, twoByte, two(12, 0xc0|23), d)
	v.descriptorAt(false, twoByte, two(12, 0xc0|23, 0), d)
	v.say("a descriptor that leaves the block is none")
	b := block(twoByte, []byte{0, 0}, d)
	b[3] = 1
	v.forwarded(rtpPacket(ssrcVideo, 0, b))
	for n := range 32 {
		v.say("an element of %d bytes, and the descriptor at the very end of the block, or one byte too far", n)
		v.edge(two(1, fill(4-n%4)...), two(2, fill(n)...), []byte{0, 0, 0}, d)
	}
	v.say("an empty block")
	v.forwarded(rtpPacket(ssrcVideo, 0, block(twoByte)))
	return v
}

func blockVector() *vector {
	v := newVector("blocks", "other profiles, long blocks")
	d := one(12, dd(3)...)
	for _, profile := range []uint16{0x0000, 0xbedd, 0xbeee, 0x1010, 0x2000, 0x0fff} {
		v.say("profile %04X: not looked into", profile)
		v.descriptorAt(false, profile, d)
	}
	v.say("31 words, and 32: the descriptor is in front")
	v.descriptorAt(true, oneByte, d, fill(120))
	v.descriptorAt(true, oneByte, d, fill(124))
	v.say("256 words: both bytes of the length count")
	v.descriptorAt(true, oneByte, d, fill(1020))
	v.say("in a long block the first 127 bytes are looked at: at 120 yes, at 124 no")
	near := [][]byte{two(1, fill(22)...), two(1, fill(22)...), two(1, fill(22)...), two(1, fill(22)...), two(1, fill(22)...)}
	v.descriptorAt(true, twoByte, append(near, two(12, dd(3)...), fill(30))...)
	far := append(slices.Clone(near), []byte{0, 0, 0})
	far[4] = two(1, fill(26)...)
	v.descriptorAt(false, twoByte, append(far[:5], two(12, dd(3)...), fill(30))...)
	return v
}

func structureVector() *vector {
	v := newVector("structure", "longer descriptors: a copy to the agent besides")
	both := func(p []byte) {
		v.packet(portA, up(hostA, p))
		v.expect(portCPU, up(hostA, p))
		v.expect(portB, down(hostB, p))
	}
	s := av1.L1T3()
	s.Offset = templateBase
	key := av1.Descriptor{StartOfFrame: true, TemplateID: templateBase, Structure: s}
	v.say("a key frame's first packet: 20 bytes, two-byte form")
	p := rtpPacket(ssrcVideo, 0, block(twoByte, two(9, '1'), two(12, key.Append(nil, 0)...)))
	both(p)
	v.expect(portC, down(hostC, p))
	v.say("L1T2 fits the one-byte form, 15 bytes")
	short := av1.L1T2()
	short.Offset = templateBase
	key.Structure = short
	p = rtpPacket(ssrcVideo, 0, block(oneByte, one(9, '1'), one(12, key.Append(nil, 0)...)))
	both(p)
	v.expect(portC, down(hostC, p))
	v.say("four bytes of a layer that C does not get: to the agent and to B")
	p = rtpPacket(ssrcVideo, 0, block(oneByte, one(12, append(dd(2), 0)...)))
	both(p)
	v.line("no_packet")
	p = rtpPacket(ssrcVideo, 0, block(twoByte, two(12, append(dd(2), 0)...)))
	both(p)
	v.line("no_packet")
	v.say("another stream's descriptor id, and an unknown sender: no copy")
	v.forwarded(rtpPacket(ssrcVideo, 0, block(twoByte, two(5, key.Append(nil, 0)...))))
	v.dropped(portD, up(hostD, rtpPacket(ssrcVideo, 0, block(twoByte, two(12, key.Append(nil, 0)...)))))
	return v
}

// rtcpPacket with the right length field.
func rtcpPacket(count, pt byte, words ...uint32) []byte {
	b := []byte{0x80 | count, pt, 0, byte(len(words))}
	for _, w := range words {
		b = binary.BigEndian.AppendUint32(b, w)
	}
	return b
}

func reportsVector() *vector {
	v := newVector("sender_reports", "RTCP SR follows its stream")
	sr := rtcpPacket(0, 200, ssrcVideo, 1, 2, 3, 4, 5)
	v.say("to all receivers, whatever their decode target; not to the agent")
	v.forwarded(sr)
	v.say("compound with SDES")
	v.forwarded(append(sr, rtcpPacket(1, 202, ssrcVideo, 0x01026162, 0)...))
	v.say("of nobody")
	v.dropped(portA, up(hostA, rtcpPacket(0, 200, 5, 1, 2, 3, 4, 5)))
	v.dropped(portD, up(hostD, sr))
	return v
}

func feedbackVector() *vector {
	v := newVector("feedback", "RTCP of receivers: to the agent, and to the sender what it is about")
	// both: the agent gets it as it came, A as from the SFU.
	both := func(p []byte) {
		v.packet(portB, up(hostB, p))
		v.expect(portCPU, up(hostB, p))
		v.expect(portA, down(hostA, p))
	}
	remb := uint32(0x52454d42)
	v.say("RR about the video; with two blocks the first counts; SR+RR compound is an SR")
	both(rtcpPacket(1, 201, ssrcB, ssrcVideo, 0, 0, 0, 0, 0))
	both(rtcpPacket(2, 201, ssrcB, ssrcAudio, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0))
	v.say("NACK, PLI, FIR, REMB")
	both(rtcpPacket(1, 205, ssrcB, ssrcVideo, 0x12340001))
	both(rtcpPacket(1, 206, ssrcB, ssrcVideo))
	both(rtcpPacket(4, 206, ssrcB, 0, ssrcVideo, 0x01000000))
	both(rtcpPacket(15, 206, ssrcB, 0, remb, 0x01020304, ssrcVideo))
	both(rtcpPacket(15, 206, ssrcB, 0, remb, 0x02020304, ssrcAudio, ssrcVideo))
	v.say("RR and REMB in one packet: by the first")
	both(append(rtcpPacket(1, 201, ssrcB, ssrcVideo, 0, 0, 0, 0, 0), rtcpPacket(15, 206, ssrcB, 0, remb, 0x01020304, ssrcVideo)...))
	v.say("no UDP checksum: none at A")
	f := up(hostB, rtcpPacket(1, 206, ssrcB, ssrcVideo))
	g := down(hostA, rtcpPacket(1, 206, ssrcB, ssrcVideo))
	v.packet(portB, edit(edit(f, 40, 0), 41, 0))
	v.expect(portCPU, edit(edit(f, 40, 0), 41, 0))
	v.expect(portA, edit(edit(g, 40, 0), 41, 0))
	v.say("the agent only: RR without blocks, transport-cc, other feedback, SDES, BYE, APP, XR")
	for _, p := range [][]byte{
		rtcpPacket(0, 201, ssrcB), rtcpPacket(15, 205, ssrcB, ssrcVideo, 0, 0), rtcpPacket(3, 205, ssrcB, ssrcVideo, 0),
		rtcpPacket(2, 206, ssrcB, ssrcVideo, 0), rtcpPacket(1, 202, ssrcB, 0), rtcpPacket(1, 203, ssrcB),
		rtcpPacket(0, 204, ssrcB, 0x41424344), rtcpPacket(0, 207, ssrcB, 0),
	} {
		v.toCPU(portB, up(hostB, p))
	}
	v.say("application feedback that is no REMB, or too short for one")
	v.toCPU(portB, up(hostB, rtcpPacket(15, 206, ssrcB, 0, 0x41424344, 0x01020304, ssrcVideo)))
	v.toCPU(portB, up(hostB, rtcpPacket(15, 206, ssrcB, 0)))
	v.toCPU(portB, up(hostB, rtcpPacket(15, 206, ssrcB, 0, remb, 0x01020304)))
	v.say("about a stream that B does not receive, and by someone who receives nothing")
	v.toCPU(portB, up(hostB, rtcpPacket(1, 206, ssrcB, 77)))
	v.toCPU(portD, up(hostD, rtcpPacket(1, 206, ssrcB, ssrcVideo)))
	v.say("a stream without an uplink: the agent only")
	v.line("add feedback hdr.ipv4.src_addr:%s hdr.udp.src_port:%d md.ssrc:0x99 md.report:3 relay(stream:40, port:8)", hexIP(hostB), hostB.UDP.Port())
	v.toCPU(portB, up(hostB, rtcpPacket(1, 206, ssrcB, 0x99)))
	return v
}

func truncatedVector() *vector {
	v := newVector("truncated", "frames that end too early: nothing comes out, and nothing breaks")
	cut := func(f []byte, from, to int) {
		for n := from; n < to; n++ {
			v.dropped(portA, f[:n])
		}
	}
	v.say("RTP with two CSRCs, one element and a descriptor: cut at every byte up to the descriptor's third")
	p := rtpPacket(ssrcVideo, 2, block(oneByte, one(2, 1, 2), one(12, dd(0)...)))
	f := up(hostA, p)
	end := len(f) - 4 - 1 // payload, padding of the block
	cut(f, 1, end)
	v.say("the first byte more is enough; the lengths still say more, but that is the receivers' business")
	out := func(h sfu.Address) []byte { return down(h, p)[:end] }
	v.packet(portA, f[:end])
	v.expect(portB, out(hostB))
	v.expect(portC, out(hostC))
	v.say("two-byte form, in an element of 31 bytes and in the descriptor")
	f = up(hostA, rtpPacket(ssrcVideo, 0, block(twoByte, two(2, fill(31)...), two(12, dd(0)...))))
	cut(f, 54, len(f)-4-2)
	v.say("feedback: NACK, FIR, REMB up to the SSRC that they are about")
	for _, c := range []struct {
		p    []byte
		need int
	}{
		{rtcpPacket(1, 205, ssrcB, ssrcVideo, 0), 12},
		{rtcpPacket(4, 206, ssrcB, 0, ssrcVideo, 0), 16},
		{rtcpPacket(15, 206, ssrcB, 0, 0x52454d42, 0x01020304, ssrcVideo), 24},
	} {
		f := up(hostB, c.p)
		for n := 42; n < 42+c.need; n++ {
			v.dropped(portB, f[:n])
		}
	}
	v.say("STUN within the cookie")
	cut(up(hostA, stunRequest()), 42, 50)
	v.say("ping within the ICMP header")
	f = edit(up(hostA, nil), 23, 1)
	cut(ipChecksum(f), 34, 38)
	return v
}

func countersVector() *vector {
	v := newVector("counters", "verdicts, streams, receivers, suppressed packets, feedback")
	base, top := rtpPacket(ssrcVideo, 0, block(oneByte, one(12, dd(0)...))), rtpPacket(ssrcVideo, 0, block(oneByte, one(12, dd(4)...)))
	for range 3 {
		v.forwarded(base)
	}
	for range 2 {
		v.suppressed(top)
	}
	v.forwarded(rtcpPacket(0, 200, ssrcVideo, 1, 2, 3, 4, 5))
	v.toCPU(portA, up(hostA, stunRequest()))
	pli := rtcpPacket(1, 206, ssrcB, ssrcVideo)
	v.packet(portB, up(hostB, pli))
	v.expect(portCPU, up(hostB, pli))
	v.expect(portA, down(hostA, pli))
	v.dropped(portD, up(hostD, base))
	v.dropped(portD, up(hostD, append([]byte{0x7f}, make([]byte, 20)...)))
	video := len(up(hostA, base)) + 4 // with the frame check sequence
	sr := len(up(hostA, rtcpPacket(0, 200, ssrcVideo, 1, 2, 3, 4, 5))) + 4
	v.say("5 media packets, one sender report, one STUN, one relayed PLI, one unknown sender, one unclassified")
	for _, c := range []struct{ verdict, n int }{{5, 1}, {7, 5}, {8, 0}, {9, 1}, {10, 0}, {11, 1}, {12, 1}, {13, 1}} {
		v.line("check_counter verdicts[%d] packets=%d", c.verdict, c.n)
	}
	v.say("bytes count the frame check sequence")
	v.line("check_counter streams hdr.ipv4.src_addr:%s hdr.udp.src_port:%d md.ssrc:0x%X packets=6 bytes=%d", hexIP(hostA), hostA.UDP.Port(), ssrcVideo, 5*video+sr)
	v.line("check_counter downlinks eg_intr_md.egress_rid:2 hdr.bridge.stream:2 packets=6")
	v.line("check_counter downlinks eg_intr_md.egress_rid:3 hdr.bridge.stream:2 packets=4")
	v.line("check_counter layer_filter eg_intr_md.egress_rid:3 hdr.bridge.stream:2 hdr.bridge.layer:1 packets=0")
	v.line("check_counter layer_filter eg_intr_md.egress_rid:3 hdr.bridge.stream:2 hdr.bridge.layer:2 packets=2")
	v.line("check_counter feedback hdr.ipv4.src_addr:%s hdr.udp.src_port:%d md.ssrc:0x%X md.report:3 packets=1", hexIP(hostB), hostB.UDP.Port(), ssrcVideo)
	v.line("check_counter uplinks hdr.bridge.stream:2 packets=1")
	return v
}
