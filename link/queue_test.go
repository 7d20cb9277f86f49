package link

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
	"github.com/stretchr/testify/require"
)

// testFrame is a frame of n bytes that carries a number.
func testFrame(n int, number uint32) []byte {
	f := make([]byte, n)
	copy(f, macB)
	copy(f[6:], macA)
	f[12], f[13] = 0x88, 0xb5 // local experimental
	for i := 14; i < n; i++ {
		f[i] = byte(int(number) + i)
	}
	if n >= 18 {
		binary.BigEndian.PutUint32(f[14:], number)
	}
	return f
}

// receiveAll takes n frames out of a port, or what comes within a second.
func receiveAll(p Port, n int) [][]byte {
	var all [][]byte
	for end := time.Now().Add(time.Second); len(all) < n && time.Now().Before(end); {
		frames, err := p.Receive()
		if err != nil {
			break
		}
		for _, f := range frames {
			all = append(all, bytes.Clone(f.Data))
		}
		p.Release()
		if len(frames) == 0 {
			time.Sleep(100 * time.Microsecond)
		}
	}
	return all
}

func TestMemoryCarriesBothWays(t *testing.T) {
	a, b := NewMemory(Config{})
	require.NoError(t, a.Send([]byte("head of fourteen"), []byte("payload")))
	require.NoError(t, b.Send(nil, testFrame(60, 1)))
	require.Equal(t, [][]byte{[]byte("head of fourteenpayload")}, receiveAll(b, 1))
	require.Equal(t, [][]byte{testFrame(60, 1)}, receiveAll(a, 1))
	require.Equal(t, Stats{RxFrames: 1, RxBytes: 60, TxFrames: 1, TxBytes: 23}, a.Stats())
}

func TestMemoryLosesWhenFull(t *testing.T) {
	a, b := NewMemory(Config{QueueFrames: 2})
	for range 2 {
		require.NoError(t, a.Send(nil, testFrame(60, 1)))
	}
	require.ErrorIs(t, a.Send(nil, testFrame(60, 2)), ErrFull)
	frames, err := b.Receive()
	require.NoError(t, err)
	require.Len(t, frames, 2)
	require.ErrorIs(t, a.Send(nil, testFrame(60, 3)), ErrFull, "lent frames are still inside")
	b.Release()
	require.NoError(t, a.Send(nil, testFrame(60, 4)))
	require.Equal(t, uint64(2), a.Stats().TxDropped)
	require.Equal(t, uint64(2), b.Stats().RxDropped)
}

func TestMemoryLinkAndClose(t *testing.T) {
	a, b := NewMemory(Config{})
	a.SetUp(false)
	require.False(t, b.Up())
	require.ErrorIs(t, b.Send(nil, testFrame(60, 1)), ErrDown)
	a.SetUp(true)
	require.NoError(t, b.Send(nil, testFrame(60, 1)))
	require.NoError(t, b.Close())
	require.NoError(t, b.Close())
	require.ErrorIs(t, b.Send(nil, testFrame(60, 1)), ErrClosed)
	require.Len(t, receiveAll(a, 1), 1, "what was sent before Close still comes")
	_, err := a.Receive()
	require.Equal(t, io.EOF, err)
}

func TestPortsRefuseBadSizes(t *testing.T) {
	memory, _ := NewMemory(Config{})
	for _, p := range []Port{memory, new(Null)} {
		require.ErrorIs(t, p.Send(make([]byte, 13), nil), ErrTooShort)
		require.ErrorIs(t, p.Send(make([]byte, 14), make([]byte, MaxFrame-13)), ErrTooLong)
		require.NoError(t, p.Send(make([]byte, 14), make([]byte, MaxFrame-14)))
		s := p.Stats()
		require.Equal(t, [3]uint64{1, 1, 1}, [3]uint64{s.TxErrors, s.TxTooLong, s.TxFrames})
	}
}

func TestHammerMemory(t *testing.T) {
	const frames = 20000
	a, b := NewMemory(Config{QueueFrames: 100})
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		for i := uint32(0); i < frames; {
			if a.Send(nil, testFrame(64+int(i%7), i)) == nil {
				i++
			}
		}
	}()
	next := uint32(0)
	for next < frames {
		in, err := b.Receive()
		require.NoError(t, err)
		for _, f := range in {
			require.Equal(t, testFrame(64+int(next%7), next), f.Data)
			next++
		}
		b.Release()
		b.Stats()
	}
	wg.Wait()
}

func TestUDPTunnelCarriesFrames(t *testing.T) {
	// Two free ports: each end needs the other's number before it opens.
	free := func() string {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		require.NoError(t, err)
		defer c.Close()
		return c.LocalAddr().String()
	}
	left, right := free(), free()
	a, err := Open("udp:"+left+","+right, Config{})
	require.NoError(t, err)
	defer a.Close()
	b, err := Open("udp:"+right+","+left, Config{})
	require.NoError(t, err)
	defer b.Close()

	big := testFrame(MaxFrame, 7)
	require.NoError(t, a.Send(big[:50], big[50:]))
	require.Equal(t, [][]byte{big}, receiveAll(b, 1))
	require.NoError(t, b.Send(nil, testFrame(60, 8)))
	require.Equal(t, [][]byte{testFrame(60, 8)}, receiveAll(a, 1))

	stranger, err := net.Dial("udp4", right)
	require.NoError(t, err)
	defer stranger.Close()
	_, err = stranger.Write(testFrame(60, 9))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return b.Stats().RxForeign == 1 }, time.Second, time.Millisecond)
	require.NoError(t, b.Close())
	_, err = b.Receive()
	require.Equal(t, io.EOF, err)
	require.ErrorIs(t, b.Send(nil, testFrame(60, 1)), ErrClosed)
}

func TestUDPErrors(t *testing.T) {
	for _, c := range []struct{ local, remote, text string }{
		{"127.0.0.1:0", "nowhere", "remote address"},
		{"127.0.0.1:0", ":5000", "remote address needs a host"},
		{"x", "127.0.0.1:5000", "local address"},
		{"192.0.2.1:5000", "127.0.0.1:5000", "bind"},
	} {
		_, err := OpenUDP(c.local, c.remote, Config{})
		require.ErrorContains(t, err, c.text)
	}
}

func TestPcapRecordsAndReplays(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.pcap")
	now := int64(1700000000123456789)
	out, err := OpenPcap("", file, Config{Now: func() int64 { now++; return now }})
	require.NoError(t, err)
	var want [][]byte
	for i := range 200 {
		f := testFrame(60+i, uint32(i))
		want = append(want, f)
		require.NoError(t, out.Send(f[:30], f[30:]))
	}
	_, err = out.Receive()
	require.Equal(t, io.EOF, err, "nothing to replay")
	require.NoError(t, out.Close())
	require.NoError(t, out.Close())

	in, err := Open("pcap:"+file, Config{})
	require.NoError(t, err)
	defer in.Close()
	first, err := in.Receive()
	require.NoError(t, err)
	require.Equal(t, int64(1700000000123456790), first[0].Time, "nanoseconds are kept")
	got := [][]byte{}
	for _, f := range first {
		got = append(got, bytes.Clone(f.Data))
	}
	got = append(got, receiveAll(in, len(want))...)
	require.Equal(t, want, got)
	_, err = in.Receive()
	require.Equal(t, io.EOF, err)
}

// writePcap makes a capture file with gaps between its frames.
func writePcap(t *testing.T, kind layers.LinkType, gap time.Duration, frames ...[]byte) string {
	file := filepath.Join(t.TempDir(), "in.pcap")
	f, err := os.Create(file)
	require.NoError(t, err)
	defer f.Close()
	w := pcapgo.NewWriter(f)
	require.NoError(t, w.WriteFileHeader(maxSnap, kind))
	at := time.Unix(1000, 0)
	for _, frame := range frames {
		info := gopacket.CaptureInfo{Timestamp: at, CaptureLength: len(frame), Length: len(frame)}
		require.NoError(t, w.WritePacket(info, frame))
		at = at.Add(gap)
	}
	return file
}

func TestPcapReplaysInRecordedTime(t *testing.T) {
	file := writePcap(t, layers.LinkTypeEthernet, 30*time.Millisecond, testFrame(60, 0), testFrame(60, 1), testFrame(60, 2))
	in, err := OpenPcap(file, "", Config{Recorded: true})
	require.NoError(t, err)
	defer in.Close()
	var at []time.Time
	p := Pump{Ports: []Port{in}, Handle: func(_ int, frames []Frame) {
		for range frames {
			at = append(at, time.Now())
		}
	}}
	require.NoError(t, p.Run(t.Context()))
	require.Len(t, at, 3)
	for i := range 2 {
		gap := at[i+1].Sub(at[i])
		require.Greater(t, gap, 10*time.Millisecond)
	}
	require.GreaterOrEqual(t, at[2].Sub(at[0]), 50*time.Millisecond)
}

func TestPcapNg(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.pcapng")
	f, err := os.Create(file)
	require.NoError(t, err)
	w, err := pcapgo.NewNgWriter(f, layers.LinkTypeEthernet)
	require.NoError(t, err)
	want := testFrame(100, 5)
	info := gopacket.CaptureInfo{Timestamp: time.Unix(5, 6), CaptureLength: 100, Length: 100}
	require.NoError(t, w.WritePacket(info, want))
	require.NoError(t, w.Flush())
	require.NoError(t, f.Close())
	in, err := OpenPcap(file, "", Config{})
	require.NoError(t, err)
	defer in.Close()
	require.Equal(t, [][]byte{want}, receiveAll(in, 1))
}

func TestPcapErrors(t *testing.T) {
	dir := t.TempDir()
	good := writePcap(t, layers.LinkTypeEthernet, 0, testFrame(60, 0), testFrame(60, 1))
	text := filepath.Join(dir, "text")
	require.NoError(t, os.WriteFile(text, []byte("this is not a capture file, not at all"), 0o600))
	empty := filepath.Join(dir, "empty")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	for _, c := range []struct{ in, out, text string }{
		{filepath.Join(dir, "none"), "", "open capture"},
		{text, "", "neither pcap nor pcapng"},
		{empty, "", "unexpected EOF"},
		{writePcap(t, layers.LinkTypeRaw, 0), "", "need Ethernet"},
		{"", filepath.Join(dir, "none", "out"), "create capture"},
		{good, good, "it is the file to replay"},
	} {
		_, err := OpenPcap(c.in, c.out, Config{})
		require.ErrorContains(t, err, c.text)
	}

	whole, err := os.ReadFile(good)
	require.NoError(t, err)
	cut := filepath.Join(dir, "cut")
	require.NoError(t, os.WriteFile(cut, whole[:len(whole)-10], 0o600))
	in, err := OpenPcap(cut, "", Config{})
	require.NoError(t, err)
	frames, err := in.Receive()
	require.NoError(t, err)
	require.Len(t, frames, 1, "the whole frames come first")
	_, err = in.Receive()
	require.Equal(t, uint64(1), in.Stats().RxErrors, "the damage is counted: %v", err)
	_, err = in.Receive()
	require.Equal(t, io.EOF, err)
}

func TestPcapSkipsWhatIsNoWholeFrame(t *testing.T) {
	file := writePcap(t, layers.LinkTypeEthernet, 0, testFrame(14, 0), make([]byte, 13), testFrame(MaxFrame+1, 0), testFrame(60, 1))
	in, err := OpenPcap(file, "", Config{})
	require.NoError(t, err)
	defer in.Close()
	require.Len(t, receiveAll(in, 2), 2)
	s := in.Stats()
	require.Equal(t, [2]uint64{1, 1}, [2]uint64{s.RxErrors, s.RxTooLong})
}
