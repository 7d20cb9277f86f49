package pre

import (
	"errors"
	"fmt"
)

// The things that the engine numbers.
type (
	// Port is a device port, pipe<<7 | local (chip.md section 1).
	Port uint16
	// MGID is a multicast group.
	MGID uint16
	// NodeID is a controller's number for an L1 node ($pre.node).
	NodeID uint32
	// ECMPID is a controller's number for an ECMP group ($pre.ecmp).
	ECMPID uint32
	// LAGID is a link aggregation group ($pre.lag).
	LAGID uint8
	// RID is the replication id that the copies of a node carry.
	RID uint16
	// XID is a level 1 exclusion id: it excludes whole nodes.
	XID uint16
	// YID is a level 2 exclusion id: it selects a prune mask.
	YID uint16
)

// Limits of the chip (chip.md section 9).
const (
	localPorts = 72            // per pipe
	maxPipes   = 4             //
	bitPorts   = 72 * maxPipes // ports that a bit map can name
	maskWords  = bitPorts/64 + 1

	ECMPSlots    = 32
	PruneEntries = bitPorts

	rdmBlock   = 4096 // 40-bit words in a block
	rdmTofino  = 204 * rdmBlock
	rdmTofino2 = 256 * rdmBlock

	// Defaults of the thresholds beyond which a packet is discarded.
	DefaultMaxNodes    = 4096
	DefaultMaxPortLAGs = 128

	hashMask = 1<<13 - 1
)

// Causes of a refused operation, compared with errors.Is.
var (
	ErrExists   = errors.New("already exists")
	ErrNotFound = errors.New("not found")
	ErrInvalid  = errors.New("invalid argument")
	ErrInUse    = errors.New("in use")
	ErrFull     = errors.New("not enough space")
)

func fail(cause error, format string, args ...any) error {
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), cause)
}

// Copy is one copy of a packet.
type Copy struct {
	Port Port
	RID  RID
	// First: the first copy that its node makes (egress_rid_first).
	First bool
}

// Request is what ingress, or a mirror session, asks for.
type Request struct {
	Group MGID
	RID   RID    // of the packet; compared with the nodes' for L2 pruning
	XID   XID    // level1_exclusion_id
	YID   YID    // level2_exclusion_id
	Hash1 uint16 // level1_mcast_hash, 13 bits: the ECMP slot
	Hash2 uint16 // level2_mcast_hash, 13 bits: the LAG member
}

// Config of an Engine. The zero value is a Tofino with four pipes.
type Config struct {
	Tofino2 bool
	// Pipes that exist, 1..4; 0 means 4. Ports of other pipes are refused.
	Pipes int
	// RDM is the replication memory in 40-bit words; 0 means the chip's.
	RDM int
}

// bit is the port's position in the chip's port bit maps: 72*pipe + local.
func (p Port) bit() int { return int(p>>7)*localPorts + int(p&0x7f) }

func bitPort(b int) Port { return Port(b/localPorts<<7 | b%localPorts) }

// mask is a set of ports by bit.
type mask [maskWords]uint64

func (m *mask) has(b int) bool { return m[b>>6]>>(b&63)&1 != 0 }
func (m *mask) set(b int)      { m[b>>6] |= 1 << (b & 63) }
func (m *mask) clear(b int)    { m[b>>6] &^= 1 << (b & 63) }
func (m *mask) empty() bool    { return *m == mask{} }

// ports lists the set in order of (pipe, local).
func (m *mask) ports() []Port {
	out := []Port{}
	for b := range bitPorts {
		if m.has(b) {
			out = append(out, bitPort(b))
		}
	}
	return out
}
