//go:build !linux

package link

import (
	"fmt"
	"runtime"
)

// AFPacket is an Ethernet interface; it exists on Linux only.
type AFPacket struct{ Null }

// OpenAFPacket says that there are no AF_PACKET sockets here.
func OpenAFPacket(ifname string, _ Config) (*AFPacket, error) {
	return nil, fmt.Errorf("open interface %s: AF_PACKET needs Linux, this is %s (ports that work: pcap:IN[,OUT], udp:LOCAL,REMOTE, null)",
		ifname, runtime.GOOS)
}

// Notes are remarks about the port for the user.
func (p *AFPacket) Notes() []string { return nil }

// Borrow does nothing here.
func (p *AFPacket) Borrow([]byte) {}
