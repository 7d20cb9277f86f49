package link

import (
	"fmt"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// blockBytes is the size of one block of the receive ring: the unit the kernel
// hands over. It must hold the largest superframe (64 KiB and its headers).
const blockBytes = 128 << 10

// blockTimeout is how long the kernel keeps a block that is not full, in
// milliseconds. It is the ring's share of a packet's latency when little
// traffic comes in.
const blockTimeout = 1

// vnetBytes is the length of the virtio_net_hdr that precedes every frame.
const vnetBytes = 10

// rxRing receives over a TPACKET_V3 ring shared with the kernel. Owned by the
// goroutine that calls Receive, except for lost and count.
type rxRing struct {
	fd     int
	mem    []byte // the ring: blocks of blockBytes
	blocks int
	cur    int  // the block that the kernel hands over next
	held   bool // cur has been handed to the caller
	// checkOutgoing: the kernel does not filter our own frames (before 4.20).
	checkOutgoing bool

	frames  []Frame // of the held block
	scratch scratch // segments of the held block's superframes
	count   *counters
}

// openRing sets the ring up on fd, an AF_PACKET socket that is not yet bound.
func openRing(fd, bytes int, c *counters) (*rxRing, error) {
	r := &rxRing{fd: fd, blocks: max(bytes/blockBytes, 4), count: c}
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V3); err != nil {
		return nil, fmt.Errorf("set TPACKET_V3: %w", err)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_VNET_HDR, 1); err != nil {
		return nil, fmt.Errorf("set PACKET_VNET_HDR: %w", err)
	}
	const frameSize = 2048 // only its divisibility matters to a V3 ring
	req := unix.TpacketReq3{
		Block_size: blockBytes, Block_nr: uint32(r.blocks),
		Frame_size: frameSize, Frame_nr: uint32(r.blocks * (blockBytes / frameSize)),
		Retire_blk_tov: blockTimeout,
	}
	if err := unix.SetsockoptTpacketReq3(fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &req); err != nil {
		return nil, fmt.Errorf("allocate a receive ring of %d bytes: %w", r.blocks*blockBytes, err)
	}
	mem, err := unix.Mmap(fd, 0, r.blocks*blockBytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE)
	if err != nil {
		return nil, fmt.Errorf("map the receive ring: %w", err)
	}
	r.mem = mem
	err = unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1)
	r.checkOutgoing = err != nil
	// The shortest frame takes its header, the sockaddr_ll, the alignment and
	// the virtio_net_hdr: more than 96 bytes.
	r.frames = make([]Frame, 0, blockBytes/96)
	return r, nil
}

// block is the header of the current block.
func (r *rxRing) block() *unix.TpacketHdrV1 {
	// The block starts with two 32-bit words (version, offset of private data).
	return (*unix.TpacketHdrV1)(unsafe.Pointer(&r.mem[r.cur*blockBytes+8]))
}

// lent is the memory of the block that the caller holds.
func (r *rxRing) lent() []byte {
	return r.mem[r.cur*blockBytes : (r.cur+1)*blockBytes]
}

// receive takes the next block, if the kernel has finished one.
func (r *rxRing) receive() []Frame {
	if r.held {
		panic("BUG: Receive before Release")
	}
	b := r.block()
	if atomic.LoadUint32(&b.Block_status)&unix.TP_STATUS_USER == 0 {
		return nil
	}
	r.held = true
	r.frames = r.frames[:0]
	// The offsets inside a block are the kernel's own and are trusted.
	p := unsafe.Pointer(&r.mem[r.cur*blockBytes+int(b.Offset_to_first_pkt)])
	var bytes uint64
	for range b.Num_pkts {
		h := (*unix.Tpacket3Hdr)(p)
		mac := unsafe.Add(p, h.Mac)
		vnet := (*[vnetBytes]byte)(unsafe.Add(mac, -vnetBytes))
		const special = unix.TP_STATUS_VLAN_VALID
		if h.Status&special != 0 || vnet[0]&needsChecksum != 0 || vnet[1] != gsoNone ||
			h.Snaplen != h.Len || h.Len > MaxFrame || r.checkOutgoing {
			r.receiveSpecial(h, mac, vnet)
		} else {
			r.frames = append(r.frames, Frame{
				Data: unsafe.Slice((*byte)(mac), h.Snaplen),
				Time: int64(h.Sec)*1e9 + int64(h.Nsec),
			})
		}
		p = unsafe.Add(p, h.Next_offset)
	}
	if len(r.frames) == 0 { // all of the block was refused
		r.release()
		return nil
	}
	for i := range r.frames {
		bytes += uint64(len(r.frames[i].Data))
	}
	r.count.rxFrames.Add(uint64(len(r.frames)))
	r.count.rxBytes.Add(bytes)
	return r.frames
}

// needsChecksum is VIRTIO_NET_HDR_F_NEEDS_CSUM.
const needsChecksum = 1

// receiveSpecial handles a frame that is not simply what the wire would carry.
func (r *rxRing) receiveSpecial(h *unix.Tpacket3Hdr, mac unsafe.Pointer, vnet *[vnetBytes]byte) {
	if r.checkOutgoing {
		ll := (*unix.RawSockaddrLinklayer)(unsafe.Add(unsafe.Pointer(h), unsafe.Sizeof(*h)))
		if ll.Pkttype == unix.PACKET_OUTGOING {
			return
		}
	}
	if h.Snaplen != h.Len {
		r.count.rxTruncated.Add(1)
		return
	}
	// struct virtio_net_hdr, in the machine's byte order: flags, gso_type,
	// hdr_len, gso_size, csum_start, csum_offset. Read before the VLAN tag
	// below moves the addresses over it.
	word := func(at int) int { return int(*(*uint16)(unsafe.Pointer(&vnet[at]))) }
	gsoType, gsoSize := vnet[1], word(4)
	csumStart, csumOffset := -1, word(8)
	if vnet[0]&needsChecksum != 0 {
		csumStart = word(6)
	}
	f := Frame{Data: unsafe.Slice((*byte)(mac), h.Snaplen), Time: int64(h.Sec)*1e9 + int64(h.Nsec)}
	if h.Status&unix.TP_STATUS_VLAN_VALID != 0 && len(f.Data) >= minFrame {
		f.Data = insertVLAN(h, mac)
		if csumStart >= 0 {
			csumStart += 4
		}
	}
	if gsoType != gsoNone {
		var ok bool
		if r.frames, ok = segment(r.frames, &r.scratch, f, gsoType, gsoSize, csumStart); !ok {
			r.count.rxUnsupported.Add(1)
			return
		}
		r.count.rxSegmented.Add(1)
		return
	}
	if len(f.Data) > MaxFrame {
		r.count.rxTooLong.Add(1)
		return
	}
	if csumStart >= 0 {
		if !completeChecksum(f.Data, csumStart, csumOffset) {
			r.count.rxUnsupported.Add(1)
			return
		}
		r.count.rxChecksums.Add(1)
	}
	r.frames = append(r.frames, f)
}

// insertVLAN puts the tag that the kernel keeps beside the frame back behind
// the addresses. Four bytes before the frame are free: they held the end of
// the virtio_net_hdr.
func insertVLAN(h *unix.Tpacket3Hdr, mac unsafe.Pointer) []byte {
	data := unsafe.Slice((*byte)(unsafe.Add(mac, -4)), h.Snaplen+4)
	copy(data, data[4:16])
	tpid := uint16(0x8100)
	if h.Status&unix.TP_STATUS_VLAN_TPID_VALID != 0 {
		tpid = h.Hv1.Vlan_tpid
	}
	data[12], data[13] = byte(tpid>>8), byte(tpid)
	data[14], data[15] = byte(h.Hv1.Vlan_tci>>8), byte(h.Hv1.Vlan_tci)
	return data
}

// release gives the held block back to the kernel.
func (r *rxRing) release() {
	if !r.held {
		return
	}
	r.held = false
	r.scratch.reset()
	atomic.StoreUint32(&r.block().Block_status, unix.TP_STATUS_KERNEL)
	r.cur++
	if r.cur == r.blocks {
		r.cur = 0
	}
}

// countLost adds what the kernel could not put into the ring. Reading resets
// the kernel's count, so that two callers never count a loss twice.
func (r *rxRing) countLost() {
	if s, err := unix.GetsockoptTpacketStatsV3(r.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS); err == nil {
		r.count.rxDropped.Add(uint64(s.Drops))
	}
}

func (r *rxRing) close() {
	r.frames = nil
	unix.Munmap(r.mem)
	r.mem = nil
}
