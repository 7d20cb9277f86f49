package link

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
)

// UDP is a tunnel: every datagram is one Ethernet frame. It only takes
// datagrams of its remote address.
type UDP struct {
	name   string         // immutable
	conn   *net.UDPConn   // safe for concurrent use
	remote netip.AddrPort // immutable
	in     *queue         // written by read, read by Receive
	buf    []byte         // owned by the goroutine that calls Send
	closed atomic.Bool
	done   sync.WaitGroup // read
	count  counters
}

// OpenUDP binds local and sends to remote; both are HOST:PORT.
func OpenUDP(local, remote string, c Config) (*UDP, error) {
	u := &UDP{name: "udp:" + local + "," + remote, in: newQueue(c.queueFrames())}
	to, err := net.ResolveUDPAddr("udp", remote)
	if err != nil {
		return nil, fmt.Errorf("open %s: remote address: %w", u.name, err)
	}
	if to.IP == nil || to.Port == 0 {
		return nil, fmt.Errorf("open %s: remote address needs a host and a port", u.name)
	}
	at, err := net.ResolveUDPAddr("udp", local)
	if err != nil {
		return nil, fmt.Errorf("open %s: local address: %w", u.name, err)
	}
	if u.conn, err = net.ListenUDP("udp", at); err != nil {
		return nil, fmt.Errorf("open %s: %w", u.name, err)
	}
	u.remote = plainAddr(to.AddrPort())
	// A burst of jumbo frames must fit; the system may allow less, which only
	// makes the tunnel lose more.
	const buffer = 4 << 20
	if err := errors.Join(u.conn.SetReadBuffer(buffer), u.conn.SetWriteBuffer(buffer)); err != nil {
		u.conn.Close()
		return nil, fmt.Errorf("open %s: set the socket's buffers: %w", u.name, err)
	}
	u.done.Add(1)
	go u.read()
	return u, nil
}

// plainAddr writes an IPv4 address inside IPv6 as IPv4, so that addresses compare.
func plainAddr(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// LocalAddr is where the tunnel listens.
func (u *UDP) LocalAddr() net.Addr { return u.conn.LocalAddr() }

// read puts datagrams into the queue until the socket is closed.
func (u *UDP) read() {
	defer u.done.Done()
	defer u.in.end()
	buf := make([]byte, MaxFrame+1)
	for {
		n, from, err := u.conn.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		switch {
		case err != nil: // such as an ICMP answer to what was sent
			u.count.rxErrors.Add(1)
		case plainAddr(from) != u.remote:
			u.count.rxForeign.Add(1)
		case n > MaxFrame:
			u.count.rxTooLong.Add(1)
		case n < minFrame:
			u.count.rxErrors.Add(1)
		case u.in.push(buf[:n], nil) != nil:
			u.count.rxDropped.Add(1)
		}
	}
}

// Name is the tunnel's specification.
func (u *UDP) Name() string { return u.name }

// Up is true until Close: a tunnel does not know whether its other end is there.
func (u *UDP) Up() bool { return !u.closed.Load() }

// Receive returns what has come in.
func (u *UDP) Receive() ([]Frame, error) {
	frames, ended := u.in.pop()
	if ended {
		return nil, io.EOF
	}
	countReceived(&u.count, frames)
	return frames, nil
}

// Release gives the frames of the last Receive back.
func (u *UDP) Release() { u.in.release() }

// Send sends the frame at once.
func (u *UDP) Send(head, payload []byte) error {
	if err := checkSize(len(head) + len(payload)); err != nil {
		return u.count.refuse(err)
	}
	if u.closed.Load() {
		return u.count.refuse(ErrClosed)
	}
	frame := head
	if len(head) == 0 {
		frame = payload
	} else if len(payload) > 0 {
		u.buf = append(append(u.buf[:0], head...), payload...)
		frame = u.buf
	}
	if _, err := u.conn.WriteToUDPAddrPort(frame, u.remote); err != nil {
		return u.count.refuse(fmt.Errorf("send to %s: %w", u.remote, err))
	}
	u.count.txFrames.Add(1)
	u.count.txBytes.Add(uint64(len(frame)))
	return nil
}

// Flush has nothing to do: Send has sent.
func (u *UDP) Flush() {}

// Stats counts since the tunnel was opened.
func (u *UDP) Stats() Stats { return u.count.stats() }

// Close closes the socket.
func (u *UDP) Close() error {
	if u.closed.Swap(true) {
		return nil
	}
	err := u.conn.Close()
	u.done.Wait()
	return err
}

// OnFrame sets what is called when a frame has come in, from a goroutine of the
// port. A Pump sets it for its own ports.
func (u *UDP) OnFrame(wake func()) { u.in.onPush(wake) }
