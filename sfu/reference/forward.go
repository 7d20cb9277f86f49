package reference

import "slices"

// fcs is the length of the frame check sequence, which the chip counts.
const fcs = 4

// freshTTL is the time to live of packets that the SFU makes.
const freshTTL = 64

// verdict is what ingress decided about a packet.
type verdict struct {
	code    int
	toCPU   bool
	bypass  bool // no egress: the frame leaves as it is
	unicast int  // port, or -1
	group   int  // MGID, or -1
	isMedia bool // else feedback
	stream  Stream
	layer   uint8
}

// Forward runs one frame that enters on a port. The copies share no memory with
// the frame or with each other.
func (s *Switch) Forward(port uint16, frame []byte) []Copy {
	p, ok := s.read(frame)
	if !ok {
		return nil
	}
	frame = slices.Clone(frame)
	v := s.ingress(port, frame, &p)
	s.Verdicts[v.code]++
	return s.deliver(&v, frame)
}

func (s *Switch) ingress(port uint16, f []byte, p *packet) verdict {
	v := verdict{unicast: -1, group: -1}
	switch {
	case p.badChecksum:
		v.code = BadChecksum
	case p.kind == arp:
		s.answerARP(&v, port, f)
	case p.kind == icmp:
		s.answerEcho(&v, port, f)
	case p.kind == udp:
		if out, ok := s.FromCPU[HostKey{port, addr(f[offDst:]), be.Uint16(f[offL4+2:])}]; ok {
			v.code, v.unicast, v.bypass = FromAgent, int(out), true
		} else if s.Services[ServiceKey{mac(f), addr(f[offDst:]), be.Uint16(f[offL4+2:])}] {
			s.serve(&v, f, p)
		}
	}
	return v
}

func (s *Switch) answerARP(v *verdict, port uint16, f []byte) {
	a, ok := s.ARP[addr(f[offARPTIP:])]
	if !ok || be.Uint16(f[offARPOper:]) != 1 {
		return
	}
	copy(f[0:6], f[6:12])
	putMAC(f[6:], a.MAC)
	be.PutUint16(f[offARPOper:], 2)
	copy(f[offARPTMAC:offARPTMAC+10], f[offARPSMAC:offARPSMAC+10])
	putMAC(f[offARPSMAC:], a.MAC)
	be.PutUint32(f[offARPSIP:], uint32(a.IP))
	v.code, v.unicast, v.bypass = ARPAnswered, int(port), true
}

func (s *Switch) answerEcho(v *verdict, port uint16, f []byte) {
	a, ok := s.Echo[addr(f[offDst:])]
	if !ok || be.Uint16(f[offL4:]) != 0x0800 {
		return
	}
	copy(f[0:6], f[6:12])
	putMAC(f[6:], a.MAC)
	copy(f[offDst:offDst+4], f[offSrc:offSrc+4])
	be.PutUint32(f[offSrc:], uint32(a.IP))
	f[offTTL] = freshTTL
	sealIPv4(f)
	amend(f[offICMPSum:], []byte{8, 0}, []byte{0, 0})
	copy(f[offL4:], []byte{0, 0})
	v.code, v.unicast, v.bypass = EchoAnswered, int(port), true
}

func (s *Switch) serve(v *verdict, f []byte, p *packet) {
	key := StreamKey{addr(f[offSrc:]), be.Uint16(f[offL4:]), p.ssrc}
	switch p.class {
	case stun:
		v.code, v.toCPU, v.bypass = STUN, true, true
	case dtls:
		v.code, v.toCPU, v.bypass = DTLS, true, true
	case feedback:
		v.code, v.toCPU = FeedbackKept, true
		k := FeedbackKey{key.IP, key.UDP, key.SSRC, p.report}
		if r, ok := s.Tables.Feedback[k]; ok {
			s.Counts.Feedback[k]++
			v.code, v.unicast, v.stream.ID = FeedbackRelayed, int(r.Port), r.Stream
		}
	case rtp, report:
		s.replicate(v, key, len(f), p)
	default:
		v.code = Unclassified
	}
}

func (s *Switch) replicate(v *verdict, key StreamKey, size int, p *packet) {
	st, ok := s.Tables.Streams[key]
	if !ok {
		s.UnknownSender.add(size)
		v.code = UnknownSender
		return
	}
	traffic := s.Counts.Streams[key]
	traffic.add(size)
	s.Counts.Streams[key] = traffic
	v.code, v.isMedia, v.stream, v.group = Media, true, st, int(st.MGID)
	if p.class == report {
		v.code = SenderReport
	} else if p.dd.found && p.dd.id == st.DescriptorID {
		v.layer = s.Layers[LayerKey{st.ID, p.dd.template}]
		if p.dd.structure {
			v.code, v.toCPU = StructureCopied, true
		}
	}
}

func (t *Traffic) add(size int) {
	t.Packets++
	t.Bytes += uint64(size + fcs)
}

// deliver makes the copies: the CPU's, the unicast one, then the group's.
func (s *Switch) deliver(v *verdict, f []byte) []Copy {
	var out []Copy
	send := func(port, rid uint16) {
		if c := (Copy{port, rid, slices.Clone(f)}); v.bypass || s.egress(v, &c) {
			out = append(out, c)
		}
	}
	if v.toCPU && s.CopyToCPU {
		send(s.CopyToCPUTo, 0)
	}
	if v.unicast >= 0 {
		send(uint16(v.unicast), 0)
	}
	if v.group < 0 {
		return out
	}
	for _, g := range s.Groups[uint16(v.group)] {
		if g.XIDValid && g.XID == v.stream.XID {
			continue
		}
		n := s.Nodes[g.Node]
		for _, port := range n.Ports {
			// The engine's own rid 0 prunes too (its global rid).
			own := n.RID == v.stream.RID || v.stream.RID == 0
			if own && slices.Contains(s.Prune[v.stream.YID], port) {
				continue
			}
			send(port, n.RID)
		}
	}
	return out
}

// egress readdresses a copy; false drops it.
func (s *Switch) egress(v *verdict, c *Copy) bool {
	if s.CPUPorts[c.Port] {
		return true
	}
	var to Link
	var ok bool
	if v.isMedia {
		filter, link := FilterKey{c.RID, v.stream.ID, v.layer}, LinkKey{c.RID, v.stream.ID}
		if s.LayerFilter[filter] {
			s.Suppressed[filter]++
			return false
		}
		if to, ok = s.Tables.Downlinks[link]; ok {
			s.Counts.Downlinks[link]++
		}
	} else if to, ok = s.Tables.Uplinks[v.stream.ID]; ok {
		s.Counts.Uplinks[v.stream.ID]++
	}
	if ok {
		readdress(c.Frame, to)
	}
	return ok
}

// readdress makes a frame one from the SFU, at the address that it was sent to,
// to a participant.
func readdress(f []byte, to Link) {
	old := slices.Concat(f[offSrc:offSrc+8], f[offL4:offL4+4])
	copy(f[6:12], f[0:6])
	putMAC(f, to.MAC)
	copy(f[offSrc:offSrc+4], f[offDst:offDst+4])
	be.PutUint32(f[offDst:], uint32(to.IP))
	copy(f[offL4:offL4+2], f[offL4+2:offL4+4])
	be.PutUint16(f[offL4+2:], to.UDP)
	f[offTTL] = freshTTL
	sealIPv4(f)
	if be.Uint16(f[offUDPSum:]) == 0 {
		return // the sender sent none
	}
	amend(f[offUDPSum:], old, slices.Concat(f[offSrc:offSrc+8], f[offL4:offL4+4]))
	if be.Uint16(f[offUDPSum:]) == 0 {
		be.PutUint16(f[offUDPSum:], 0xffff)
	}
}

// sealIPv4 computes the header's checksum.
func sealIPv4(f []byte) {
	be.PutUint16(f[offIPSum:], 0)
	be.PutUint16(f[offIPSum:], ^uint16(sum(f[offNet:offL4])))
}

// amend updates the checksum at b for data that changed from old to new
// (RFC 1624).
func amend(b, old, new []byte) {
	s := uint32(^be.Uint16(b)) + sum(new)
	for i := 0; i < len(old); i += 2 {
		s += uint32(^be.Uint16(old[i:]))
	}
	be.PutUint16(b, ^uint16(fold(s)))
}
