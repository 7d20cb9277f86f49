package link

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/require"
)

func randomBytes(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func TestOnesSumMatchesRFC1071(t *testing.T) {
	const seed = 1
	r := rand.New(rand.NewPCG(seed, 0))
	for n := range 200 {
		b := randomBytes(r, n)
		if n%3 == 0 { // carries everywhere
			for i := range b {
				b[i] = 0xff
			}
		}
		got := fold(onesSum(b, 0))
		got = got<<8 | got>>8 // little-endian words
		if want := slowSum(b); got != want {
			t.Fatalf("seed %d: sum of %d bytes = %#x, want %#x", seed, n, got, want)
		}
	}
}

func TestCompleteChecksumMakesFrameWhole(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 0))
	for _, proto := range []layers.IPProtocol{layers.IPProtocolTCP, layers.IPProtocolUDP} {
		for _, v6 := range []bool{false, true} {
			for _, n := range []int{0, 1, 31, 32, 1200, 9000} {
				t.Run(fmt.Sprintf("%v/v6=%v/%d", proto, v6, n), func(t *testing.T) {
					want := frameSpec{v6: v6, proto: proto, payload: randomBytes(r, n)}.build(t)
					got := append([]byte{}, want...)
					start, offset := leavePartial(t, got)
					require.True(t, completeChecksum(got, start, offset))
					require.Equal(t, want, got)
				})
			}
		}
	}
}

func TestCompleteChecksumSCTP(t *testing.T) {
	want := frameSpec{proto: layers.IPProtocolSCTP, payload: []byte("chunks of some association")}.build(t)
	got := append([]byte{}, want...)
	p, _ := parseIP(got)
	copy(got[p.l4+8:], []byte{0, 0, 0, 0})
	require.True(t, completeChecksum(got, p.l4, 8))
	require.Equal(t, want, got)
}

func TestCompleteChecksumRefusesPlacesOutside(t *testing.T) {
	f := make([]byte, 60)
	require.False(t, completeChecksum(f, 58, 1))
	require.False(t, completeChecksum(f, 60, 6))
	require.False(t, completeChecksum(f, 2, 6), "inside the Ethernet header")
	require.False(t, completeChecksum(f, 50, 65535))
}
