package link

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"gofino/internal/veth"
)

// line is three namespaces in a row, the middle one for the port under test:
//
//	left l0 ---- m0 middle m1 ---- r0 right
type line struct {
	t                   *testing.T
	left, middle, right *veth.Namespace
}

// newLine builds a line. A process that may not is told what it lacks; CI runs
// as root and fails if these tests skip.
func newLine(t *testing.T, mtu int) *line {
	if err := veth.Missing(); err != nil {
		t.Skipf("AF_PACKET over veth cannot be tested: %v", err)
	}
	l := &line{t: t}
	for _, n := range []**veth.Namespace{&l.left, &l.middle, &l.right} {
		var err error
		*n, err = veth.New()
		require.NoError(t, err)
		t.Cleanup(func() { (*n).Close() })
	}
	require.NoError(t, veth.Cable(l.left, "l0", l.middle, "m0", mtu))
	require.NoError(t, veth.Cable(l.middle, "m1", l.right, "r0", mtu))
	return l
}

// open opens an interface and waits for its link.
func (l *line) open(n *veth.Namespace, name string, c Config) *AFPacket {
	var p *AFPacket
	require.NoError(l.t, n.Do(func() (err error) {
		p, err = OpenAFPacket(name, c)
		return err
	}))
	l.t.Cleanup(func() { p.Close() })
	require.Eventually(l.t, p.Up, 5*time.Second, time.Millisecond, "%s comes up", name)
	return p
}

// forward runs a pump between m0 and m1 until the test ends, and returns them.
func (l *line) forward() (m0, m1 *AFPacket) {
	m0, m1 = l.open(l.middle, "m0", Config{}), l.open(l.middle, "m1", Config{})
	ports := []Port{m0, m1}
	p := Pump{Ports: ports, Handle: cross(ports)}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	l.t.Cleanup(func() {
		cancel()
		require.NoError(l.t, <-done)
	})
	return m0, m1
}

// addresses gives the outer interfaces IP addresses 10.0.0.1 and 10.0.0.2.
func (l *line) addresses() {
	for _, x := range []struct {
		n, peer        *veth.Namespace
		name, peerName string
		ip, peerIP     string
	}{
		{l.left, l.right, "l0", "r0", "10.0.0.1", "10.0.0.2"},
		{l.right, l.left, "r0", "l0", "10.0.0.2", "10.0.0.1"},
	} {
		mac, err := x.peer.HardwareAddr(x.peerName)
		require.NoError(l.t, err)
		require.NoError(l.t, x.n.AddAddr(x.name, x.ip+"/24"))
		require.NoError(l.t, x.n.AddNeighbour(x.name, net.ParseIP(x.peerIP), mac))
	}
}

// requireFrames fails unless exactly these frames arrive, byte by byte.
func requireFrames(t *testing.T, p Port, want [][]byte) {
	t.Helper()
	got := receiveAll(p, len(want))
	require.Len(t, got, len(want), "frames received (%+v)", p.Stats())
	for i := range want {
		if !bytes.Equal(want[i], got[i]) {
			t.Fatalf("frame %d differs:\n got %x\nwant %x", i, got[i], want[i])
		}
	}
}

func TestAFPacketForwardsBothWays(t *testing.T) {
	l := newLine(t, 0)
	l.forward()
	left, right := l.open(l.left, "l0", Config{}), l.open(l.right, "r0", Config{})
	const seed = 4
	r := rand.New(rand.NewPCG(seed, 0))
	for _, way := range []struct{ from, to *AFPacket }{{left, right}, {right, left}} {
		var want [][]byte
		for i := range 500 {
			// Every length from the shortest to the longest, some IPv4, some not.
			f := testFrame(14+i*3, uint32(i))
			copy(f[14:], randomBytes(r, len(f)-14))
			if i%2 == 0 {
				f[12], f[13] = 0x08, 0x00
			}
			want = append(want, f)
			require.NoError(t, way.from.Send(f[:14], f[14:]))
		}
		way.from.Flush()
		requireFrames(t, way.to, want)
	}
	for _, p := range []*AFPacket{left, right} {
		s := p.Stats()
		require.Equal(t, [4]uint64{500, 500, 0, 0}, [4]uint64{s.RxFrames, s.TxFrames, s.RxDropped, s.TxDropped})
		require.Equal(t, s.TxBytes, s.RxBytes)
	}
	frames, err := left.Receive()
	require.NoError(t, err)
	require.Empty(t, frames, "a port does not see what it sends")
}

// TestAFPacketPartialChecksums sends from a real UDP socket: over a veth its
// checksum is not computed, because no wire will damage the packet. Behind the
// forwarder it must be complete.
func TestAFPacketPartialChecksums(t *testing.T) {
	l := newLine(t, 0)
	m0, _ := l.forward()
	l.addresses()
	right := l.open(l.right, "r0", Config{})
	var in *net.UDPConn
	require.NoError(t, l.right.Do(func() (err error) {
		in, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(10, 0, 0, 2), Port: 5000})
		return err
	}))
	defer in.Close()
	const packets = 50
	require.NoError(t, l.left.Do(func() error {
		out, err := net.Dial("udp4", "10.0.0.2:5000")
		if err != nil {
			return err
		}
		defer out.Close()
		for i := range packets {
			if _, err := out.Write(bytes.Repeat([]byte{byte(i)}, 1+i*20)); err != nil {
				return err
			}
		}
		return nil
	}))
	// The receiving kernel checks the checksum too.
	buf := make([]byte, 2000)
	for i := range packets {
		in.SetReadDeadline(time.Now().Add(5 * time.Second))
		n, err := in.Read(buf)
		require.NoError(t, err)
		require.Equal(t, bytes.Repeat([]byte{byte(i)}, 1+i*20), buf[:n])
	}
	for _, f := range receiveAll(right, packets) {
		requireGood(t, f)
	}
	require.Equal(t, uint64(packets), m0.Stats().RxChecksums, "the trap was there")
	require.Zero(t, right.Stats().RxChecksums, "and is not on the other side")
}

// TestAFPacketTCPSuperframes moves a megabyte over TCP, whose sender hands
// superframes to the veth.
func TestAFPacketTCPSuperframes(t *testing.T) {
	l := newLine(t, 0)
	m0, m1 := l.forward()
	l.addresses()
	right := l.open(l.right, "r0", Config{RingBytes: 32 << 20})
	data := randomBytes(rand.New(rand.NewPCG(5, 0)), 4<<20)

	var listener net.Listener
	require.NoError(t, l.right.Do(func() (err error) {
		listener, err = net.Listen("tcp4", "10.0.0.2:5000")
		return err
	}))
	defer listener.Close()
	sum := make(chan [32]byte, 1)
	go func() {
		defer close(sum)
		c, err := listener.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		all, _ := io.ReadAll(c)
		sum <- sha256.Sum256(all)
	}()
	var out net.Conn
	require.NoError(t, l.left.Do(func() (err error) {
		out, err = net.DialTimeout("tcp4", "10.0.0.2:5000", 5*time.Second)
		return err
	}))
	out.SetDeadline(time.Now().Add(20 * time.Second))
	_, err := out.Write(data)
	require.NoError(t, err)
	require.NoError(t, out.Close())
	select {
	case got := <-sum:
		require.Equal(t, sha256.Sum256(data), got)
	case <-time.After(20 * time.Second):
		t.Fatalf("no end of the stream: m0 %+v, m1 %+v", m0.Stats(), m1.Stats())
	}
	require.NotZero(t, m0.Stats().RxSegmented, "the trap was there")
	require.Zero(t, m0.Stats().RxUnsupported)
	require.Zero(t, m1.Stats().TxTooLong)
	for _, f := range receiveAll(right, 100) {
		require.LessOrEqual(t, len(f), 1514)
		if f[6] == 0 { // our own direction only
			requireGood(t, f)
		}
	}
}

func TestAFPacketKeepsVLANTags(t *testing.T) {
	l := newLine(t, 0)
	l.forward()
	left, right := l.open(l.left, "l0", Config{}), l.open(l.right, "r0", Config{})
	var want [][]byte
	for _, tags := range [][]layers.EthernetType{
		{layers.EthernetTypeDot1Q},
		{layers.EthernetTypeQinQ},
		{layers.EthernetTypeQinQ, layers.EthernetTypeDot1Q},
		{layers.EthernetTypeDot1Q, layers.EthernetTypeDot1Q, layers.EthernetTypeDot1Q},
	} {
		for _, n := range []int{0, 100, 1400} {
			f := frameSpec{tags: tags, proto: layers.IPProtocolUDP, payload: make([]byte, n)}.build(t)
			want = append(want, f)
			require.NoError(t, left.Send(nil, f))
		}
	}
	priority := testFrame(64, 1) // a tag with VLAN 0 is a tag
	copy(priority[12:], []byte{0x81, 0x00, 0xe0, 0x00, 0x88, 0xb5})
	want = append(want, priority)
	require.NoError(t, left.Send(priority[:16], priority[16:]))
	left.Flush()
	requireFrames(t, right, want)
}

// offloader sends frames as a stack with offloads does, tags and all: a raw
// socket that takes a virtio_net_hdr before each frame.
type offloader struct{ fd, index int }

func (l *line) offloader(n *veth.Namespace, name string) (o offloader) {
	require.NoError(l.t, n.Do(func() error {
		var err error
		if o.fd, err = packetSocket(); err != nil {
			return err
		}
		if o.index, err = findInterface(name); err != nil {
			return err
		}
		return unix.SetsockoptInt(o.fd, unix.SOL_PACKET, unix.PACKET_VNET_HDR, 1)
	}))
	l.t.Cleanup(func() { unix.Close(o.fd) })
	return o
}

func (o offloader) send(t *testing.T, frame []byte, gsoType byte, gsoSize, headers, start, offset int) {
	h := make([]byte, vnetBytes, vnetBytes+len(frame))
	h[0], h[1] = needsChecksum, gsoType
	for at, v := range map[int]int{2: headers, 4: gsoSize, 6: start, 8: offset} {
		binary.NativeEndian.PutUint16(h[at:], uint16(v))
	}
	to := &unix.SockaddrLinklayer{Protocol: bigEndian16(uint16(frame[12])<<8 | uint16(frame[13])), Ifindex: o.index}
	require.NoError(t, unix.Sendto(o.fd, append(h, frame...), 0, to))
}

func TestAFPacketOffloadsBehindVLANTag(t *testing.T) {
	l := newLine(t, 0)
	m0, _ := l.forward()
	right := l.open(l.right, "r0", Config{})
	send := l.offloader(l.left, "l0")
	tag := []layers.EthernetType{layers.EthernetTypeDot1Q}

	whole := frameSpec{tags: tag, proto: layers.IPProtocolUDP, payload: []byte("nobody has summed this up")}.build(t)
	partial := bytes.Clone(whole)
	start, offset := leavePartial(t, partial)
	send.send(t, partial, gsoNone, 0, 0, start, offset)
	requireFrames(t, right, [][]byte{whole})
	require.Equal(t, uint64(1), m0.Stats().RxChecksums)

	for _, c := range []struct {
		spec    frameSpec
		kind    byte
		headers int
	}{
		{frameSpec{tags: tag, proto: layers.IPProtocolTCP}, gsoTCPv4, 24},
		{frameSpec{tags: tag, proto: layers.IPProtocolTCP, v6: true}, gsoTCPv6, 24},
		{frameSpec{proto: layers.IPProtocolUDP}, gsoUDP, 8},
		{frameSpec{proto: layers.IPProtocolUDP, v6: true}, gsoUDP, 8},
	} {
		c.spec.payload = randomBytes(rand.New(rand.NewPCG(6, 0)), 7500)
		super := c.spec.build(t)
		start, offset := leavePartial(t, super)
		send.send(t, super, c.kind, 1000, start+c.headers, start, offset)
		var all []byte
		for _, f := range receiveAll(right, 8) {
			p := requireGood(t, f)
			if len(c.spec.tags) > 0 {
				require.NotNil(t, p.Layer(layers.LayerTypeDot1Q))
			}
			all = append(all, p.TransportLayer().LayerPayload()...)
		}
		require.True(t, bytes.Equal(c.spec.payload, all), "kind %d: %d of %d bytes came", c.kind, len(all), len(c.spec.payload))
	}
	require.Equal(t, uint64(4), m0.Stats().RxSegmented)
}

func TestAFPacketJumbo(t *testing.T) {
	l := newLine(t, MaxFrame-14)
	l.forward()
	left, right := l.open(l.left, "l0", Config{}), l.open(l.right, "r0", Config{})
	var want [][]byte
	for i, n := range []int{1515, 4096, 9014, 9018, 10000, MaxFrame - 1, MaxFrame} {
		f := testFrame(n, uint32(i))
		want = append(want, f)
		require.NoError(t, left.Send(f[:100], f[100:]))
	}
	left.Flush()
	requireFrames(t, right, want)
	require.ErrorIs(t, left.Send(nil, make([]byte, MaxFrame+1)), ErrTooLong)
}

func TestAFPacketFrameLongerThanMTU(t *testing.T) {
	l := newLine(t, 1500)
	left, m0 := l.open(l.left, "l0", Config{}), l.open(l.middle, "m0", Config{})
	want := [][]byte{testFrame(1514, 1), testFrame(60, 3)}
	for _, f := range [][]byte{want[0], testFrame(1600, 2), want[1]} {
		require.NoError(t, left.Send(nil, f))
	}
	left.Flush()
	requireFrames(t, m0, want)
	s := left.Stats()
	require.Equal(t, [3]uint64{2, 1, 1574}, [3]uint64{s.TxFrames, s.TxTooLong, s.TxBytes})
}

// changes collects what OnLink reports.
type changes struct {
	mu  sync.Mutex
	all []bool
}

func (c *changes) add(up bool) {
	c.mu.Lock()
	c.all = append(c.all, up)
	c.mu.Unlock()
}

func (c *changes) wait(t *testing.T, want ...bool) {
	t.Helper()
	require.Eventually(t, func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return fmt.Sprint(c.all) == fmt.Sprint(want)
	}, 5*time.Second, time.Millisecond, "link changes %v", want)
}

func TestAFPacketSeesLinkChanges(t *testing.T) {
	l := newLine(t, 0)
	left := l.open(l.left, "l0", Config{})
	// The port under test opens while its link is down, so that its first
	// change is one it must report.
	require.NoError(t, l.left.SetUp("l0", false))
	var seen changes
	var m0 *AFPacket
	require.NoError(t, l.middle.Do(func() (err error) {
		m0, err = OpenAFPacket("m0", Config{OnLink: seen.add})
		return err
	}))
	defer m0.Close()
	require.False(t, m0.Up())
	require.ErrorIs(t, m0.Send(nil, testFrame(60, 0)), ErrDown)
	require.NoError(t, l.left.SetUp("l0", true))
	seen.wait(t, true)
	require.NoError(t, l.middle.SetUp("m0", false)) // our end
	seen.wait(t, true, false)
	require.False(t, m0.Up())
	require.NoError(t, l.middle.SetUp("m0", true))
	seen.wait(t, true, false, true)

	// Frames pass again, both ways, through the same port.
	require.Eventually(t, left.Up, 5*time.Second, time.Millisecond)
	require.NoError(t, left.Send(nil, testFrame(60, 1)))
	left.Flush()
	requireFrames(t, m0, [][]byte{testFrame(60, 1)})
	require.NoError(t, m0.Send(nil, testFrame(60, 2)))
	m0.Flush()
	requireFrames(t, left, [][]byte{testFrame(60, 2)})
	require.Equal(t, uint64(1), m0.Stats().TxDown)
}

func TestAFPacketInterfaceDeleted(t *testing.T) {
	l := newLine(t, 0)
	var seen changes
	m0, m1 := l.open(l.middle, "m0", Config{OnLink: seen.add}), l.open(l.middle, "m1", Config{})
	right := l.open(l.right, "r0", Config{})
	ports := []Port{m0, m1}
	p := Pump{Ports: ports, Handle: cross(ports)}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	require.NoError(t, l.left.Delete("l0"))
	seen.wait(t, false)
	// The loop goes on: what comes in at m1 has nowhere to go.
	require.NoError(t, right.Send(nil, testFrame(60, 1)))
	right.Flush()
	require.Eventually(t, func() bool { return m0.Stats().TxDown == 1 }, 5*time.Second, time.Millisecond)
	// Another interface of the same name is not this port.
	require.NoError(t, veth.Cable(l.left, "l0", l.middle, "m0", 0))
	time.Sleep(20 * time.Millisecond)
	require.False(t, m0.Up())
	cancel()
	require.NoError(t, <-done)
	require.NoError(t, m0.Close())
}

// TestAFPacketFlushMeetsLostLink covers the moment between a link going down
// and the port knowing it: the kernel refuses what is queued.
func TestAFPacketFlushMeetsLostLink(t *testing.T) {
	l := newLine(t, 0)
	m0 := l.open(l.middle, "m0", Config{})
	for i := range 10 {
		m0.tx.send(nil, testFrame(60, uint32(i)))
	}
	require.NoError(t, l.middle.SetUp("m0", false))
	m0.Flush()
	require.Equal(t, uint64(10), m0.Stats().TxDown)
	for i := range 10 {
		m0.tx.send(nil, testFrame(60, uint32(i)))
	}
	require.NoError(t, l.middle.Delete("m0"))
	m0.Flush()
	s := m0.Stats()
	require.Equal(t, [3]uint64{20, 0, 0}, [3]uint64{s.TxDown, s.TxFrames, s.TxBytes})
}

func TestAFPacketCountsWhatItLost(t *testing.T) {
	l := newLine(t, 0)
	left := l.open(l.left, "l0", Config{})
	m0 := l.open(l.middle, "m0", Config{RingBytes: 1}) // the smallest ring
	const sent = 20000
	for i := range sent {
		require.NoError(t, left.Send(nil, testFrame(200, uint32(i))))
	}
	left.Flush()
	require.Equal(t, uint64(sent), left.Stats().TxFrames)
	got := uint64(len(receiveAll(m0, sent)))
	s := m0.Stats()
	require.NotZero(t, s.RxDropped)
	require.Equal(t, got, s.RxFrames)
	require.Equal(t, uint64(sent), s.RxFrames+s.RxDropped, "every frame is either handed on or counted as lost")
	require.NoError(t, left.Send(nil, testFrame(60, 7)))
	left.Flush()
	requireFrames(t, m0, [][]byte{testFrame(60, 7)})
}

func TestAFPacketErrors(t *testing.T) {
	l := newLine(t, 0)
	err := l.middle.Do(func() error { _, err := OpenAFPacket("nope", Config{}); return err })
	require.EqualError(t, err, "open interface nope: no such interface (interfaces: lo, m0, m1)")
	err = l.middle.Do(func() error { _, err := OpenAFPacket("lo", Config{}); return err })
	require.EqualError(t, err, "open interface lo: not an Ethernet interface (hardware type 772, need 1)")
	err = l.middle.Do(func() error { _, err := OpenAFPacket("a-name-that-is-too-long", Config{}); return err })
	require.ErrorContains(t, err, "1 to 15 characters")
	err = l.middle.Do(func() error {
		if err := dropCapabilities(); err != nil {
			return err
		}
		_, err := OpenAFPacket("m0", Config{})
		return err
	})
	require.ErrorIs(t, err, unix.EPERM)
	require.ErrorContains(t, err, "needs CAP_NET_RAW")
}

// dropCapabilities makes the calling thread an ordinary one.
func dropCapabilities() error {
	h := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	return unix.Capset(&h, &none[0])
}

func TestAFPacketSwitchesMergingOff(t *testing.T) {
	l := newLine(t, 0)
	probe := l.offloader(l.middle, "m0")
	if _, err := ethtool(probe.fd, "m0", unix.ETHTOOL_SGRO, 1); err != nil {
		t.Fatalf("switch GRO on: %v", err)
	}
	gro := func() uint32 {
		on, err := ethtool(probe.fd, "m0", unix.ETHTOOL_GGRO, 0)
		require.NoError(t, err)
		return on
	}
	p := l.open(l.middle, "m0", Config{})
	require.Zero(t, gro(), "while the port is open")
	require.Empty(t, p.Notes())
	require.NoError(t, p.Close())
	require.Equal(t, uint32(1), gro(), "restored")
}

func TestAFPacketClose(t *testing.T) {
	l := newLine(t, 0)
	p := l.open(l.middle, "m0", Config{})
	require.NoError(t, p.Send(nil, testFrame(60, 1)))
	require.NoError(t, p.Close())
	require.NoError(t, p.Close(), "a second Close does nothing")
	_, err := p.Receive()
	require.Equal(t, io.EOF, err)
	require.ErrorIs(t, p.Send(nil, testFrame(60, 1)), ErrClosed)
	p.Flush()
	p.Release()
	p.Stats()
	again := l.open(l.middle, "m0", Config{Qdisc: true, BatchFrames: 5000})
	left := l.open(l.left, "l0", Config{})
	require.NoError(t, again.Send(nil, testFrame(60, 2)))
	again.Flush()
	requireFrames(t, left, [][]byte{testFrame(60, 2)})
}

// TestAFPacketLoopAllocatesNothing runs the loop's pass with frames in the ring,
// heads rewritten, payloads sent from where they lie.
func TestAFPacketLoopAllocatesNothing(t *testing.T) {
	l := newLine(t, 0)
	left := l.open(l.left, "l0", Config{})
	ports := []Port{l.open(l.middle, "m0", Config{}), l.open(l.middle, "m1", Config{})}
	loop, err := newLoop(&Pump{Ports: ports, Handle: cross(ports)})
	require.NoError(t, err)
	defer loop.close()
	frame := testFrame(1000, 1)
	once := func() {
		for range 32 {
			left.Send(nil, frame)
		}
		left.Flush()
		for busy := false; !busy; {
			loop.wait.wait(time.Second)
			busy, _ = loop.pass()
		}
	}
	once()
	if n := testing.AllocsPerRun(50, once); n != 0 {
		t.Errorf("%v allocations per batch, want 0", n)
	}
	require.NotZero(t, ports[1].Stats().TxFrames)
}

func TestPumpPinned(t *testing.T) {
	p := Pump{Ports: []Port{new(Null)}, Pin: true, CPU: 1000}
	require.ErrorContains(t, p.Run(t.Context()), "bind the forwarding loop to processor 1000")
	p.CPU = 0
	done := make(chan error)
	go func() { done <- p.Run(t.Context()) }() // the goroutine stays bound
	require.NoError(t, <-done)
}

// TestHammerAFPacket reads the counters and the link state, and changes the
// link, while the loop forwards.
func TestHammerAFPacket(t *testing.T) {
	l := newLine(t, 0)
	m0, m1 := l.forward()
	left := l.open(l.left, "l0", Config{})
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		for {
			select {
			case <-stop:
				return
			default:
				m0.Stats()
				m1.Up()
				runtime.GC() // rings and queues are none of the collector's business
			}
		}
	}()
	for i := range 20 {
		for range 200 {
			left.Send(nil, testFrame(100+i, uint32(i)))
		}
		left.Flush()
		require.NoError(t, l.right.SetUp("r0", i%2 == 1))
	}
	close(stop)
	wg.Wait()
}
