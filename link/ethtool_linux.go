package link

import (
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ifreqData is struct ifreq with its pointer member.
type ifreqData struct {
	name [unix.IFNAMSIZ]byte
	data unsafe.Pointer
	_    [24 - unsafe.Sizeof(uintptr(0))]byte
}

// ethtoolValue is struct ethtool_value.
type ethtoolValue struct{ cmd, data uint32 }

// flagLRO is ETH_FLAG_LRO in the flags of ETHTOOL_GFLAGS.
const flagLRO = 1 << 15

func ethtool(fd int, ifname string, cmd, data uint32) (uint32, error) {
	v := ethtoolValue{cmd, data}
	r := ifreqData{data: unsafe.Pointer(&v)}
	copy(r.name[:unix.IFNAMSIZ-1], ifname)
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&r)))
	if errno != 0 {
		return 0, errno
	}
	return v.data, nil
}

// mergers are the receive offloads that glue several frames of the wire
// together. Cutting them apart again (segment) gives the same payload, but not
// always the same headers; so they are switched off while the port is open.
// The sender's offloads (TSO, checksums) belong to the other end of a veth and
// are undone in software.
type mergers struct {
	gro, lro bool // were on, and have been switched off
}

// switchOff switches GRO and LRO of an interface off and remembers what was on.
// An interface without them is fine.
func (m *mergers) switchOff(fd int, ifname string) error {
	if on, err := ethtool(fd, ifname, unix.ETHTOOL_GGRO, 0); err == nil && on != 0 {
		if _, err := ethtool(fd, ifname, unix.ETHTOOL_SGRO, 0); err != nil {
			return explainOffload("generic-receive-offload", err)
		}
		m.gro = true
	}
	if flags, err := ethtool(fd, ifname, unix.ETHTOOL_GFLAGS, 0); err == nil && flags&flagLRO != 0 {
		if _, err := ethtool(fd, ifname, unix.ETHTOOL_SFLAGS, flags&^flagLRO); err != nil {
			return explainOffload("large-receive-offload", err)
		}
		m.lro = true
	}
	return nil
}

func explainOffload(feature string, err error) error {
	if errors.Is(err, unix.EPERM) {
		err = fmt.Errorf("%w (needs CAP_NET_ADMIN)", err)
	}
	return fmt.Errorf("switch %s off: %w; merged frames are cut again in software", feature, err)
}

// restore switches on again what was on. An interface that is gone has nothing
// to restore.
func (m *mergers) restore(fd int, ifname string) {
	if m.gro {
		ethtool(fd, ifname, unix.ETHTOOL_SGRO, 1)
	}
	if m.lro {
		if flags, err := ethtool(fd, ifname, unix.ETHTOOL_GFLAGS, 0); err == nil {
			ethtool(fd, ifname, unix.ETHTOOL_SFLAGS, flags|flagLRO)
		}
	}
}
