package bench

import (
	"context"

	"gofino/link"
)

// CopyLoop is the yardstick: it takes frames from in and sends them to out as
// they are, with the same ports and the same loop that carry the switch.
func CopyLoop(ctx context.Context, in, out link.Port) error {
	p := link.Pump{
		Ports: []link.Port{in, out}, Pin: true, CPU: ForwarderCPU(),
		Handle: func(port int, frames []link.Frame) {
			if port != 0 {
				return // the other way carries nothing
			}
			for i := range frames {
				out.Send(nil, frames[i].Data) // refusals are counted by the port
			}
		},
	}
	return p.Run(ctx)
}

// FanOut is the yardstick of replication: every frame leaves copies times, each
// with a head of its own of 62 bytes (Ethernet, IPv4, UDP, RTP and what
// follows), the rest from where it lies. It is what an SFU must do at least.
func FanOut(ctx context.Context, in, out link.Port, copies int) error {
	head := make([]byte, 62)
	p := link.Pump{
		Ports: []link.Port{in, out}, Pin: true, CPU: ForwarderCPU(),
		Handle: func(port int, frames []link.Frame) {
			if port != 0 {
				return
			}
			for i := range frames {
				data := frames[i].Data
				n := copy(head, data)
				for c := range copies {
					rewrite(head[:n], c)
					out.Send(head[:n], data[n:])
				}
			}
		},
	}
	return p.Run(ctx)
}

// rewrite gives a copy its receiver's addresses, and mends the IPv4 checksum.
func rewrite(h []byte, receiver int) {
	if len(h) < 42 {
		return
	}
	h[5] = byte(receiver)                               // MAC
	h[33] = byte(receiver)                              // IPv4 address
	h[36], h[37] = byte(40000>>8), byte(40000+receiver) // UDP port
	h[40], h[41] = 0, 0                                 // UDP checksum: none
	putIPv4Checksum(h[14:34])
}
