package link

import (
	"encoding/binary"
	"hash/crc32"
	"math/bits"
)

// onesSum adds b to a ones' complement sum (RFC 1071) of little-endian words.
// The order of bytes does not matter to the sum as long as the result is
// stored in the same order.
func onesSum(b []byte, sum uint64) uint64 {
	var carry uint64
	for len(b) >= 32 {
		sum, carry = bits.Add64(sum, binary.LittleEndian.Uint64(b), 0)
		sum, carry = bits.Add64(sum, binary.LittleEndian.Uint64(b[8:]), carry)
		sum, carry = bits.Add64(sum, binary.LittleEndian.Uint64(b[16:]), carry)
		sum, carry = bits.Add64(sum, binary.LittleEndian.Uint64(b[24:]), carry)
		sum, carry = bits.Add64(sum, 0, carry)
		sum += carry
		b = b[32:]
	}
	for len(b) >= 2 {
		sum, carry = bits.Add64(sum, uint64(binary.LittleEndian.Uint16(b)), 0)
		sum += carry
		b = b[2:]
	}
	if len(b) == 1 {
		sum, carry = bits.Add64(sum, uint64(b[0]), 0)
		sum += carry
	}
	return sum
}

// fold brings a sum to 16 bits.
func fold(sum uint64) uint16 {
	sum = sum>>32 + sum&0xffffffff
	sum = sum>>32 + sum&0xffffffff
	sum = sum>>16 + sum&0xffff
	sum = sum>>16 + sum&0xffff
	return uint16(sum)
}

// putChecksum stores the checksum of a sum at b. A zero becomes 0xffff, the
// same value in ones' complement: in UDP zero would mean "no checksum".
func putChecksum(b []byte, sum uint64) {
	c := ^fold(sum)
	if c == 0 {
		c = 0xffff
	}
	binary.LittleEndian.PutUint16(b, c)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// completeChecksum does what a network card would have done before the frame
// reached the wire: the field at start+offset holds the sum of the pseudo
// header, and becomes the checksum over everything from start. SCTP has a
// CRC-32c instead. It reports false when the places lie outside of the frame.
func completeChecksum(frame []byte, start, offset int) bool {
	if start < minFrame || start+offset+2 > len(frame) {
		return false
	}
	if offset == 8 { // TCP is 16, UDP 6, SCTP 8
		if ip, ok := parseIP(frame); ok && ip.proto == protoSCTP && ip.l4 == start && start+12 <= ip.end {
			field := frame[start+8 : start+12]
			clear(field)
			binary.LittleEndian.PutUint32(field, crc32.Checksum(frame[start:ip.end], castagnoli))
			return true
		}
	}
	putChecksum(frame[start+offset:], onesSum(frame[start:], 0))
	return true
}
