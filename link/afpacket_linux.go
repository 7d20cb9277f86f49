package link

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sort"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// AFPacket is an Ethernet interface: frames come in through a receive ring
// shared with the kernel and leave with batched sendmmsg.
//
// It stays bound to the interface and the network namespace it was opened in.
// When the interface is deleted, the port is down for good; nothing else
// happens.
type AFPacket struct {
	name    string // immutable
	rx      *rxRing
	tx      *txQueue
	link    *watcher
	mergers mergers
	notes   []string // immutable
	count   counters
	closed  atomic.Bool
	// open guards rx.fd between Stats and Close, which closes it.
	open sync.Mutex
}

// OpenAFPacket opens an interface of the calling thread's network namespace.
// The interface may be down; it must be Ethernet. The port is promiscuous, and
// does not see the frames it sends.
func OpenAFPacket(ifname string, c Config) (*AFPacket, error) {
	p := &AFPacket{name: ifname}
	if err := p.setUp(c); err != nil {
		p.Close()
		return nil, fmt.Errorf("open interface %s: %w", ifname, err)
	}
	return p, nil
}

func (p *AFPacket) setUp(c Config) error {
	index, err := findInterface(p.name)
	if err != nil {
		return err
	}
	fd, err := packetSocket()
	if err != nil {
		return err
	}
	// From here on the ring and the queue own their sockets; Close closes them.
	if p.rx, err = openRing(fd, c.ringBytes(), &p.count); err != nil {
		unix.Close(fd)
		return err
	}
	if fd, err = packetSocket(); err != nil {
		return err
	}
	if p.tx, err = openQueue(fd, c.batchFrames(), &p.count); err != nil {
		unix.Close(fd)
		return err
	}
	if err := p.mergers.switchOff(fd, p.name); err != nil {
		p.notes = append(p.notes, err.Error())
	}
	if err := p.bindTx(index, c); err != nil {
		return err
	}
	if p.link, err = watch(index, c.OnLink); err != nil {
		return err
	}
	return p.bindRx(index)
}

// packetSocket opens a socket that receives nothing yet.
func packetSocket() (int, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if errors.Is(err, unix.EPERM) {
		return -1, fmt.Errorf("AF_PACKET: %w (needs CAP_NET_RAW: run as root, or once: setcap cap_net_raw,cap_net_admin+ep on the binary)", err)
	}
	if err != nil {
		return -1, fmt.Errorf("AF_PACKET: %w", err)
	}
	return fd, nil
}

// findInterface returns the number of an Ethernet interface.
func findInterface(name string) (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, fmt.Errorf("open a socket: %w", err)
	}
	defer unix.Close(fd)
	req, err := unix.NewIfreq(name)
	if err != nil {
		return 0, fmt.Errorf("an interface name has 1 to %d characters", unix.IFNAMSIZ-1)
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, req); err != nil {
		if errors.Is(err, unix.ENODEV) {
			return 0, fmt.Errorf("no such interface (interfaces: %s)", interfaceNames())
		}
		return 0, fmt.Errorf("look up the interface: %w", err)
	}
	index := int(req.Uint32())
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFHWADDR, req); err != nil {
		return 0, fmt.Errorf("read the hardware type: %w", err)
	}
	if kind := req.Uint16(); kind != unix.ARPHRD_ETHER {
		return 0, fmt.Errorf("not an Ethernet interface (hardware type %d, need %d)", kind, unix.ARPHRD_ETHER)
	}
	return index, nil
}

func interfaceNames() string {
	all, err := net.Interfaces()
	if err != nil || len(all) == 0 {
		return "none"
	}
	var names []string
	for _, i := range all {
		names = append(names, i.Name)
	}
	sort.Strings(names)
	return strings.Join(names, ", ")
}

func (p *AFPacket) bindRx(index int) error {
	member := unix.PacketMreq{Ifindex: int32(index), Type: unix.PACKET_MR_PROMISC}
	if err := unix.SetsockoptPacketMreq(p.rx.fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &member); err != nil {
		return fmt.Errorf("set promiscuous: %w", err)
	}
	all := &unix.SockaddrLinklayer{Protocol: bigEndian16(unix.ETH_P_ALL), Ifindex: index}
	if err := unix.Bind(p.rx.fd, all); err != nil {
		return fmt.Errorf("bind to receive: %w", err)
	}
	return nil
}

func (p *AFPacket) bindTx(index int, c Config) error {
	if !c.Qdisc {
		if err := unix.SetsockoptInt(p.tx.fd, unix.SOL_PACKET, unix.PACKET_QDISC_BYPASS, 1); err != nil {
			return fmt.Errorf("set PACKET_QDISC_BYPASS: %w", err)
		}
	}
	const sendBuffer = 16 << 20 // bytes in flight to the device before EAGAIN
	if unix.SetsockoptInt(p.tx.fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, sendBuffer) != nil {
		// Without CAP_NET_ADMIN: as much as net.core.wmem_max allows.
		if err := unix.SetsockoptInt(p.tx.fd, unix.SOL_SOCKET, unix.SO_SNDBUF, sendBuffer); err != nil {
			return fmt.Errorf("set the send buffer: %w", err)
		}
	}
	if err := unix.Bind(p.tx.fd, &unix.SockaddrLinklayer{Ifindex: index}); err != nil {
		return fmt.Errorf("bind to send: %w", err)
	}
	return nil
}

// bigEndian16 is htons.
func bigEndian16(v uint16) uint16 {
	return binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, v))
}

// Notes are remarks about the port for the user, such as an offload that could
// not be switched off.
func (p *AFPacket) Notes() []string { return p.notes }

// Name is the interface's name when it was opened.
func (p *AFPacket) Name() string { return p.name }

// Up tells whether the interface is up and has a carrier.
func (p *AFPacket) Up() bool { return p.link.up() }

// Receive returns one block of the ring.
func (p *AFPacket) Receive() ([]Frame, error) {
	if p.closed.Load() {
		return nil, io.EOF
	}
	return p.rx.receive(), nil
}

// Release gives the block back to the kernel.
func (p *AFPacket) Release() {
	if !p.closed.Load() {
		p.rx.release()
	}
}

// Send queues one frame.
func (p *AFPacket) Send(head, payload []byte) error {
	if err := checkSize(len(head) + len(payload)); err != nil {
		return p.count.refuse(err)
	}
	if p.closed.Load() {
		return p.count.refuse(ErrClosed)
	}
	if !p.link.up() {
		return p.count.refuse(ErrDown)
	}
	p.tx.send(head, payload)
	return nil
}

// Flush sends what is queued.
func (p *AFPacket) Flush() {
	if !p.closed.Load() && p.tx.n > 0 {
		p.tx.flush()
	}
}

// Borrow allows payloads inside mem to be sent from where they lie, in place of
// any memory lent before. mem must be outside of the Go heap and must not
// change between Send and Flush. A Pump does this for the batch it handles.
func (p *AFPacket) Borrow(mem []byte) {
	if !p.closed.Load() {
		p.tx.borrow(mem)
	}
}

// lent is the memory that a Pump lets other ports borrow.
func (p *AFPacket) lent() []byte { return p.rx.lent() }

// pollFD is what a Pump waits on.
func (p *AFPacket) pollFD() int { return p.rx.fd }

// clearError takes the error off the socket that a link going down leaves
// there, so that the next wait does not end at once.
func (p *AFPacket) clearError() {
	unix.GetsockoptInt(p.rx.fd, unix.SOL_SOCKET, unix.SO_ERROR)
}

// Stats counts since the port was opened.
func (p *AFPacket) Stats() Stats {
	p.open.Lock()
	defer p.open.Unlock()
	if !p.closed.Load() {
		p.rx.countLost()
	}
	return p.count.stats()
}

// Close gives the interface back as it was. It must not run while another
// goroutine uses the port.
func (p *AFPacket) Close() error {
	p.open.Lock()
	defer p.open.Unlock()
	if p.closed.Swap(true) {
		return nil
	}
	if p.link != nil {
		p.link.close()
	}
	if p.tx != nil {
		p.mergers.restore(p.tx.fd, p.name)
		unix.Close(p.tx.fd)
		p.tx.close()
	}
	if p.rx != nil {
		p.rx.countLost()
		unix.Close(p.rx.fd)
		p.rx.close()
	}
	return nil
}
