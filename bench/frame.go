package bench

import "encoding/binary"

// udpFrame is a UDP packet over IPv4 of n bytes (at least 42), with correct
// lengths and IPv4 checksum, different for every flow.
func udpFrame(n, flow int) []byte {
	f := make([]byte, max(n, 42))
	copy(f, []byte{0x00, 0xaa, 0xbb, 0, 0, 0, 0x00, 0x04, 0, 0, 0, 0, 0x08, 0x00})
	ip := f[14:]
	ip[0] = 0x45
	binary.BigEndian.PutUint16(ip[2:], uint16(len(ip)))
	ip[6] = 0x40 // do not fragment
	ip[8], ip[9] = 64, 17
	copy(ip[12:], []byte{10, 0, 0, 10, 10, 0, 1, 10})
	putIPv4Checksum(ip[:20])
	udp := ip[20:]
	binary.BigEndian.PutUint16(udp, uint16(10000+flow))
	binary.BigEndian.PutUint16(udp[2:], uint16(20000+flow))
	binary.BigEndian.PutUint16(udp[4:], uint16(len(udp)))
	return f
}

// putIPv4Checksum sets the checksum of a header without options.
func putIPv4Checksum(h []byte) {
	h[10], h[11] = 0, 0
	var sum uint32
	for i := 0; i < 20; i += 2 {
		sum += uint32(binary.BigEndian.Uint16(h[i:]))
	}
	sum = sum>>16 + sum&0xffff
	sum += sum >> 16
	binary.BigEndian.PutUint16(h[10:], ^uint16(sum))
}
