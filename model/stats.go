package model

import "encoding/binary"

// DropReason says why a packet, or a copy of one, ended inside the switch.
type DropReason uint8

const (
	DropNoPort         DropReason = iota // the port does not exist
	DropPortDown                         // the port is down
	DropParserError                      // ingress parser error
	DropParserReject                     // ingress parser went to reject
	DropResubmitTwice                    // a resubmitted packet asked for resubmit again
	DropResubmitPort                     // Tofino: only front-panel ports' packets can resubmit
	DropControl                          // drop_ctl took the destinations away
	DropNoDestination                    // ingress set no destination
	DropNoCPUPort                        // copy_to_cpu, but no CPU port is enabled
	DropNoCopies                         // a multicast group gave no copies
	DropEgress                           // egress drop_ctl
	DropMirrorSession                    // mirror session missing, disabled or of the other direction
	DropMirrorNoTarget                   // mirror session without destination
	DropReentries                        // more than Config.MaxReentries
	DropForcedError                      // force_tx_error: the receiver drops the frame
	DropWire                             // the wire refused the frame
	DropBufferFull                       // no cell of the buffer is free
	DropIngressBuffer                    // the port's or priority group's ingress limit
	DropTail                             // its queue, egress port or pipe is full
	DropColor                            // its queue or pool takes no more of its color
	NumDropReasons
)

var dropNames = [NumDropReasons]string{
	"no such port", "port down", "parser error", "parser reject", "resubmitted twice", "resubmit from internal port",
	"drop_ctl", "no destination", "no cpu port", "no copies", "egress drop_ctl", "mirror session", "mirror without destination",
	"re-entry limit", "forced tx error", "wire",
	"buffer full", "ingress buffer limit", "tail drop", "color limit",
}

func (r DropReason) String() string { return dropNames[r] }

// Stats of a switch since it was made.
type Stats struct {
	Ports []PortStats // ports that saw anything, ascending
	Drops [NumDropReasons]uint64
}

// PortStats of one port. Bytes count the FCS. Drops before the traffic manager
// are the arrival port's, those behind it the egress port's.
type PortStats struct {
	Port               Port
	RxPackets, RxBytes uint64
	TxPackets, TxBytes uint64
	Drops              [NumDropReasons]uint64
}

// direction counts the frames of one direction of a port.
type direction struct {
	frames, octets uint64
	cast           [3]uint64 // unicast, multicast, broadcast
	length         [lengthClasses]uint64
}

const (
	castUnicast = iota
	castMulticast
	castBroadcast

	lengthClasses = 12
)

// lengthTop is the highest length, with FCS, of each class of $PORT_STAT; the
// last class is open.
var lengthTop = [lengthClasses - 1]int{63, 64, 127, 255, 511, 1023, 1518, 2047, 4095, 8191, 9215}

// portCount is guarded by the lock of the port's pipe.
type portCount struct {
	rx, tx direction
	drops  [NumDropReasons]uint64
	// The last frame that egress asked to be timestamped on its way out.
	tsValid bool
	tsValue int64
	tsID    uint32
}

// count one frame; dst is its first bytes.
func (d *direction) count(dst []byte, bytes int) {
	d.frames++
	d.octets += uint64(bytes)
	if len(dst) >= 6 && dst[0]&1 != 0 {
		if binary.BigEndian.Uint32(dst)&binary.BigEndian.Uint32(dst[2:]) == 0xffffffff {
			d.cast[castBroadcast]++
		} else {
			d.cast[castMulticast]++
		}
	} else {
		d.cast[castUnicast]++
	}
	i := 0
	for i < len(lengthTop) && bytes > lengthTop[i] {
		i++
	}
	d.length[i]++
}

// Stats sums what the pipes counted.
func (s *Switch) Stats() Stats {
	var out Stats
	out.Drops[DropNoPort] = s.lost.Load()
	for _, p := range s.pipes {
		p.st.Mu.Lock()
		for l := range p.ports {
			c := &p.ports[l]
			ps := PortStats{
				Port:      Port(p.index<<7 | l),
				RxPackets: c.rx.frames, RxBytes: c.rx.octets,
				TxPackets: c.tx.frames, TxBytes: c.tx.octets,
				Drops: c.drops,
			}
			if ps != (PortStats{Port: ps.Port}) {
				out.Ports = append(out.Ports, ps)
			}
			for r, n := range c.drops {
				out.Drops[r] += n
			}
		}
		p.st.Mu.Unlock()
	}
	return out
}

// Dropped sums a port's drops.
func (p *PortStats) Dropped() (n uint64) {
	for _, d := range p.Drops {
		n += d
	}
	return n
}
