package link

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// iovec, msghdr and mmsghdr are the kernel's structures with addresses as
// numbers: they lie outside of the Go heap and point only to memory outside of
// it, so that the garbage collector has nothing to do with the transmit queue.
type iovec struct {
	base uintptr
	len  uintptr
}

type msghdr struct {
	name       uintptr
	namelen    uint32
	iov        uintptr
	iovlen     uintptr
	control    uintptr
	controllen uintptr
	flags      int32
}

type mmsghdr struct {
	hdr msghdr
	len uint32
}

// arenaBytes holds copies of what Send was given; at least one MaxFrame.
const arenaBytes = 256 << 10

// txQueue collects frames and sends them with sendmmsg. Owned by the goroutine
// that calls Send, except for count.
type txQueue struct {
	fd    int
	mem   []byte    // one mapping that holds the three below
	msgs  []mmsghdr // message i has the pieces iovs[2*i : 2*i+2]
	iovs  []iovec
	arena []byte

	used   int // bytes of arena in use
	n      int // messages waiting
	queued int // their bytes
	// Payloads in [lo, hi) are sent from where they lie.
	lo, hi uintptr

	count *counters
}

func openQueue(fd, batch int, c *counters) (*txQueue, error) {
	q := &txQueue{fd: fd, count: c}
	msgBytes := batch * int(unsafe.Sizeof(mmsghdr{}))
	iovBytes := 2 * batch * int(unsafe.Sizeof(iovec{}))
	mem, err := unix.Mmap(-1, 0, msgBytes+iovBytes+arenaBytes, unix.PROT_READ|unix.PROT_WRITE,
		unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_POPULATE)
	if err != nil {
		return nil, fmt.Errorf("allocate the transmit queue: %w", err)
	}
	q.mem = mem
	q.msgs = unsafe.Slice((*mmsghdr)(unsafe.Pointer(&mem[0])), batch)
	q.iovs = unsafe.Slice((*iovec)(unsafe.Pointer(&mem[msgBytes])), 2*batch)
	q.arena = mem[msgBytes+iovBytes:]
	for i := range q.msgs {
		q.msgs[i].hdr.iov = uintptr(unsafe.Pointer(&q.iovs[2*i]))
	}
	return q, nil
}

// borrow allows payloads inside mem to be sent from where they lie. mem must be
// outside of the Go heap and stay as it is until flush.
func (q *txQueue) borrow(mem []byte) {
	q.lo = uintptr(unsafe.Pointer(unsafe.SliceData(mem)))
	q.hi = q.lo + uintptr(len(mem))
}

// send queues one frame of a size that has been checked.
func (q *txQueue) send(head, payload []byte) {
	place := uintptr(unsafe.Pointer(unsafe.SliceData(payload)))
	lent := place >= q.lo && place < q.hi
	need := len(head)
	if !lent {
		need += len(payload)
	}
	if q.n == len(q.msgs) || need > len(q.arena)-q.used {
		q.flush()
	}
	m, iov := &q.msgs[q.n], q.iovs[2*q.n:2*q.n+2]
	pieces := 0
	if need > 0 {
		to := q.arena[q.used : q.used+need]
		copy(to, head)
		if !lent {
			copy(to[len(head):], payload)
		}
		q.used += need
		iov[0] = iovec{uintptr(unsafe.Pointer(unsafe.SliceData(to))), uintptr(need)}
		pieces = 1
	}
	if lent {
		iov[pieces] = iovec{place, uintptr(len(payload))}
		pieces++
	}
	m.hdr.iovlen = uintptr(pieces)
	q.queued += len(head) + len(payload)
	q.n++
}

// flush sends what is queued. A frame that the kernel refuses is counted and
// left out; the others follow it.
//
// The call is raw: the Go scheduler is not told, which saves its share of
// every batch (packet-io.md). It cannot block, because of MSG_DONTWAIT.
func (q *txQueue) flush() {
	frames, bytes := 0, q.queued
	for at := 0; at < q.n; {
		sent, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(q.fd),
			uintptr(unsafe.Pointer(&q.msgs[at])), uintptr(q.n-at), unix.MSG_DONTWAIT, 0, 0)
		if errno == 0 {
			frames += int(sent)
			at += int(sent)
			continue
		}
		if errno == unix.EINTR {
			continue
		}
		if errno == unix.ENETDOWN || errno == unix.ENXIO || errno == unix.ENODEV {
			for ; at < q.n; at++ { // none of the others would leave either
				bytes -= q.size(at)
				q.count.txDown.Add(1)
			}
			break
		}
		bytes -= q.size(at)
		at++
		switch errno {
		case unix.ENOBUFS, unix.EAGAIN, unix.ENOMEM:
			q.count.txDropped.Add(1)
		case unix.EMSGSIZE:
			q.count.txTooLong.Add(1)
		default:
			q.count.txErrors.Add(1)
		}
	}
	q.n, q.used, q.queued = 0, 0, 0
	if frames > 0 {
		q.count.txFrames.Add(uint64(frames))
		q.count.txBytes.Add(uint64(bytes))
	}
}

// size is the length of queued message i.
func (q *txQueue) size(i int) int {
	n := 0
	for _, v := range q.iovs[2*i : 2*i+int(q.msgs[i].hdr.iovlen)] {
		n += int(v.len)
	}
	return n
}

func (q *txQueue) close() {
	unix.Munmap(q.mem)
	q.mem, q.msgs, q.iovs, q.arena = nil, nil, nil, nil
}
