package veth

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"sync"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// Namespace is a network namespace of our own. Its methods may be called from
// any goroutine, but not after Close.
type Namespace struct {
	file   *os.File        // keeps the namespace alive
	handle *netlink.Handle // rtnetlink inside it; safe for concurrent use
	once   sync.Once       // Close
}

// Missing says what this process lacks to use the package; nil means nothing.
func Missing() error {
	n, err := New()
	if err != nil {
		return err
	}
	return n.Close()
}

// New makes an empty namespace whose loopback interface is up. Interfaces in
// it get no IPv6 addresses of their own, so that nobody sends unasked.
func New() (*Namespace, error) {
	n := new(Namespace)
	err := onThread(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			if errors.Is(err, unix.EPERM) {
				err = fmt.Errorf("%w (needs CAP_SYS_ADMIN: run as root)", err)
			}
			return err
		}
		file, err := os.Open("/proc/thread-self/ns/net")
		if err != nil {
			return err
		}
		n.file = file
		for _, which := range []string{"all", "default"} {
			err := os.WriteFile("/proc/sys/net/ipv6/conf/"+which+"/disable_ipv6", []byte("1"), 0)
			if err != nil && !errors.Is(err, os.ErrNotExist) { // a kernel without IPv6
				return err
			}
		}
		return nil
	})
	if err == nil {
		n.handle, err = netlink.NewHandleAt(netns.NsHandle(n.file.Fd()), unix.NETLINK_ROUTE)
	}
	if err == nil {
		err = n.SetUp("lo", true)
	}
	if err != nil {
		n.Close()
		return nil, fmt.Errorf("make a network namespace: %w", err)
	}
	return n, nil
}

// onThread runs fn on a thread that is thrown away after it, so that fn may
// change the thread's namespace. fn must not end the goroutine (t.Fatal).
func onThread(fn func() error) error {
	result := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		result <- fn()
	}()
	return <-result
}

// Do runs fn on a thread inside the namespace. Sockets that fn opens stay in
// the namespace. fn must not end its goroutine, as t.Fatal would.
func (n *Namespace) Do(fn func() error) error {
	return onThread(func() error {
		if err := unix.Setns(int(n.file.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("enter a network namespace: %w", err)
		}
		return fn()
	})
}

// Run runs a program inside the namespace until it ends, or until ctx does:
// then it gets a SIGTERM. It returns the program's standard output. A program
// that ends well after its SIGTERM has not failed.
func (n *Namespace) Run(ctx context.Context, program string, args ...string) (out []byte, err error) {
	err = n.Do(func() error { // a child inherits the namespace of the thread that starts it
		cmd := exec.CommandContext(ctx, program, args...)
		// SIGTERM, so that a measuring program still prints what it measured.
		cmd.Cancel = func() error { return cmd.Process.Signal(unix.SIGTERM) }
		var err error
		out, err = cmd.Output()
		if ctx.Err() != nil && cmd.ProcessState != nil && cmd.ProcessState.Success() {
			return nil
		}
		return err
	})
	return out, err
}

// Close lets go of the namespace. The kernel removes it, with its interfaces,
// when the last socket in it is closed.
func (n *Namespace) Close() error {
	n.once.Do(func() {
		if n.handle != nil {
			n.handle.Close()
		}
		if n.file != nil {
			n.file.Close()
		}
	})
	return nil
}

// Cable makes a pair of interfaces, aName in a and bName in b, with one MTU
// (0 means 1500), and sets both up. The carrier follows at once or a little later.
func Cable(a *Namespace, aName string, b *Namespace, bName string, mtu int) error {
	if mtu == 0 {
		mtu = 1500
	}
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.MTU = aName, mtu
	pair := &netlink.Veth{LinkAttrs: attrs, PeerName: bName, PeerNamespace: netlink.NsFd(b.file.Fd())}
	if err := a.handle.LinkAdd(pair); err != nil {
		return fmt.Errorf("make a cable %s-%s: %w", aName, bName, err)
	}
	if err := b.change(bName, func(l netlink.Link) error { return b.handle.LinkSetMTU(l, mtu) }); err != nil {
		return err
	}
	for _, end := range []struct {
		n    *Namespace
		name string
	}{{a, aName}, {b, bName}} {
		if err := end.n.change(end.name, end.n.handle.LinkSetARPOff); err != nil {
			return err
		}
		if err := end.n.SetUp(end.name, true); err != nil {
			return err
		}
	}
	return nil
}

// change applies one netlink request to an interface.
func (n *Namespace) change(name string, request func(netlink.Link) error) error {
	l, err := n.handle.LinkByName(name)
	if err == nil {
		err = request(l)
	}
	if err != nil {
		return fmt.Errorf("change interface %s: %w", name, err)
	}
	return nil
}

// SetUp sets an interface up or down.
func (n *Namespace) SetUp(name string, up bool) error {
	if up {
		return n.change(name, n.handle.LinkSetUp)
	}
	return n.change(name, n.handle.LinkSetDown)
}

// Delete removes an interface, and so the whole cable.
func (n *Namespace) Delete(name string) error {
	return n.change(name, n.handle.LinkDel)
}

// AddAddr gives an interface an address, written 10.0.0.1/24.
func (n *Namespace) AddAddr(name, cidr string) error {
	addr, err := netlink.ParseAddr(cidr)
	if err != nil {
		return fmt.Errorf("address %s: %w", cidr, err)
	}
	if addr.IP.To4() == nil { // New has switched IPv6 off
		return fmt.Errorf("address %s: only IPv4 here", cidr)
	}
	return n.change(name, func(l netlink.Link) error { return n.handle.AddrAdd(l, addr) })
}

// AddNeighbour tells a namespace the hardware address behind an IP address;
// cables have ARP off.
func (n *Namespace) AddNeighbour(name string, ip net.IP, mac net.HardwareAddr) error {
	return n.change(name, func(l netlink.Link) error {
		return n.handle.NeighSet(&netlink.Neigh{
			LinkIndex: l.Attrs().Index, State: netlink.NUD_PERMANENT, IP: ip, HardwareAddr: mac,
		})
	})
}

// HardwareAddr is an interface's MAC address.
func (n *Namespace) HardwareAddr(name string) (mac net.HardwareAddr, err error) {
	err = n.change(name, func(l netlink.Link) error {
		mac = l.Attrs().HardwareAddr
		return nil
	})
	return mac, err
}

// Count is what an interface has carried.
type Count struct{ RxFrames, RxBytes, RxDropped, TxFrames, TxBytes, TxDropped uint64 }

// Count reads an interface's counters.
func (n *Namespace) Count(name string) (c Count, err error) {
	err = n.change(name, func(l netlink.Link) error {
		s := l.Attrs().Statistics
		if s == nil {
			return errors.New("the kernel reports no statistics")
		}
		c = Count{s.RxPackets, s.RxBytes, s.RxDropped, s.TxPackets, s.TxBytes, s.TxDropped}
		return nil
	})
	return c, err
}
