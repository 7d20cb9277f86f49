package sfu

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
)

// Datagram is a UDP datagram in an Ethernet frame with an IPv4 header without
// options.
type Datagram struct {
	SrcMAC, DstMAC MAC
	Src, Dst       netip.AddrPort
	Payload        []byte
}

// Sizes of what lies before the payload, and where it starts.
const (
	ethernetSize = 14
	ipv4Size     = 20
	udpSize      = 8
	headerSize   = ethernetSize + ipv4Size + udpSize
)

// ErrNotUDP is a frame that is no Datagram.
var ErrNotUDP = errors.New("not a plain IPv4 UDP frame")

// ParseDatagram reads a frame and verifies its checksums. The payload is part
// of the frame.
func ParseDatagram(f []byte) (d Datagram, err error) {
	be := binary.BigEndian
	if len(f) < headerSize || be.Uint16(f[12:]) != 0x0800 || f[14] != 0x45 || f[23] != 17 || be.Uint16(f[20:])&0x3fff != 0 {
		return d, ErrNotUDP
	}
	ip, udp := f[14:34], f[34:]
	size := int(be.Uint16(udp[4:]))
	if size < udpSize || size > len(udp) || int(be.Uint16(ip[2:])) != ipv4Size+size {
		return d, fmt.Errorf("read datagram: lengths disagree (frame %d, IPv4 %d, UDP %d bytes)", len(f), be.Uint16(ip[2:]), size)
	}
	udp = udp[:size]
	if fold(sum(0, ip)) != 0xffff {
		return d, errors.New("read datagram: wrong IPv4 checksum")
	}
	if be.Uint16(udp[6:]) != 0 && fold(sum(pseudoHeader(ip, size), udp)) != 0xffff {
		return d, errors.New("read datagram: wrong UDP checksum")
	}
	copy(d.DstMAC[:], f)
	copy(d.SrcMAC[:], f[6:])
	d.Src = netip.AddrPortFrom(netip.AddrFrom4([4]byte(ip[12:16])), be.Uint16(udp))
	d.Dst = netip.AddrPortFrom(netip.AddrFrom4([4]byte(ip[16:20])), be.Uint16(udp[2:]))
	d.Payload = udp[udpSize:]
	return d, nil
}

// Append writes the frame, with both checksums, behind b.
func (d *Datagram) Append(b []byte) []byte {
	be := binary.BigEndian
	src, dst := d.Src.Addr().As4(), d.Dst.Addr().As4()
	size := udpSize + len(d.Payload)
	start := len(b)
	b = append(b, d.DstMAC[:]...)
	b = append(b, d.SrcMAC[:]...)
	b = append(b, 0x08, 0x00, 0x45, 0)
	b = be.AppendUint16(b, uint16(ipv4Size+size))
	b = append(b, 0, 0, 0x40, 0, 64, 17, 0, 0)
	b = append(b, src[:]...)
	b = append(b, dst[:]...)
	b = be.AppendUint16(b, d.Src.Port())
	b = be.AppendUint16(b, d.Dst.Port())
	b = be.AppendUint16(b, uint16(size))
	b = append(b, 0, 0)
	b = append(b, d.Payload...)
	ip, udp := b[start+14:start+34], b[start+34:]
	be.PutUint16(ip[10:], ^fold(sum(0, ip)))
	check := ^fold(sum(pseudoHeader(ip, size), udp))
	if check == 0 {
		check = 0xffff
	}
	be.PutUint16(udp[6:], check)
	return b
}

// pseudoHeader is the sum of what a UDP checksum covers besides the datagram.
func pseudoHeader(ip []byte, size int) uint32 { return sum(17+uint32(size), ip[12:20]) }

// sum adds big-endian 16-bit words to s; fold makes it a one's complement sum.
func sum(s uint32, b []byte) uint32 {
	for ; len(b) > 1; b = b[2:] {
		s += uint32(b[0])<<8 | uint32(b[1])
	}
	if len(b) == 1 {
		s += uint32(b[0]) << 8
	}
	return s
}

func fold(s uint32) uint16 {
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}
