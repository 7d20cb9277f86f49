package link

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// linkState of an interface.
type linkState int32

const (
	linkDown linkState = iota
	linkUp
	linkGone // deleted, or moved to another namespace; never comes back
)

// watcher follows the state of one interface through rtnetlink.
type watcher struct {
	index  int32 // immutable: the interface, which may be renamed but not renumbered
	state  atomic.Int32
	notify func(up bool) // immutable, may be nil; called by run only
	file   *os.File      // the netlink socket, in the runtime's poller
	done   sync.WaitGroup
}

// watch subscribes to the links of the calling thread's network namespace. The
// state is as good as known when it returns.
func watch(index int, notify func(up bool)) (*watcher, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("open rtnetlink: %w", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: unix.RTMGRP_LINK}); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("subscribe to link changes: %w", err)
	}
	w := &watcher{index: int32(index), notify: notify, file: os.NewFile(uintptr(fd), "rtnetlink")}
	// The answer to the request and every change after it come in order.
	if err := w.request(); err != nil {
		w.file.Close()
		return nil, err
	}
	if err := w.first(fd); err != nil {
		w.file.Close()
		return nil, err
	}
	w.done.Add(1)
	go w.run()
	return w, nil
}

// first waits for the answer to the first request, at most a second.
func (w *watcher) first(fd int) error {
	buf := make([]byte, 16<<10)
	for {
		p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(p, 1000)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			return fmt.Errorf("ask for the link's state: no answer from rtnetlink (%v)", err)
		}
		if n, err = unix.Read(fd, buf); err != nil {
			return fmt.Errorf("ask for the link's state: %w", err)
		}
		if w.apply(buf[:n], false) {
			return nil
		}
	}
}

// request asks for the interface's state.
func (w *watcher) request() error {
	var m [unix.NLMSG_HDRLEN + unix.SizeofIfInfomsg]byte
	h := (*unix.NlMsghdr)(unsafe.Pointer(&m[0]))
	h.Len, h.Type, h.Flags = uint32(len(m)), unix.RTM_GETLINK, unix.NLM_F_REQUEST
	info := (*unix.IfInfomsg)(unsafe.Pointer(&m[unix.NLMSG_HDRLEN]))
	info.Index = w.index
	if _, err := w.file.Write(m[:]); err != nil {
		return fmt.Errorf("ask for the link's state: %w", err)
	}
	return nil
}

// run follows the changes until the file is closed.
func (w *watcher) run() {
	defer w.done.Done()
	buf := make([]byte, 64<<10)
	for {
		n, err := w.file.Read(buf)
		switch {
		case err == nil:
			w.apply(buf[:n], true)
		case errors.Is(err, unix.ENOBUFS): // changes were lost: ask again
			if w.request() != nil {
				return
			}
		case errors.Is(err, unix.EINTR):
		default:
			return
		}
	}
}

// apply takes the messages of one read. It reports whether one was about this
// interface.
func (w *watcher) apply(b []byte, notify bool) bool {
	mine := false
	for len(b) >= unix.NLMSG_HDRLEN {
		size := int(binary.NativeEndian.Uint32(b))
		kind := binary.NativeEndian.Uint16(b[4:])
		if size < unix.NLMSG_HDRLEN || size > len(b) {
			break
		}
		if s, ok := w.decode(kind, b[unix.NLMSG_HDRLEN:size]); ok {
			mine = true
			w.set(s, notify)
		}
		b = b[min((size+3)&^3, len(b)):]
	}
	return mine
}

// decode reads the state of this interface out of one message.
func (w *watcher) decode(kind uint16, body []byte) (linkState, bool) {
	switch kind {
	case unix.NLMSG_ERROR: // the answer to a request: the interface is not there
		if len(body) >= 4 && int32(binary.NativeEndian.Uint32(body)) == -int32(unix.ENODEV) {
			return linkGone, true
		}
	case unix.RTM_NEWLINK, unix.RTM_DELLINK:
		// A bridge reports its ports with its own family; those are not about the link.
		if len(body) < unix.SizeofIfInfomsg || body[0] != unix.AF_UNSPEC ||
			int32(binary.NativeEndian.Uint32(body[4:])) != w.index {
			return 0, false
		}
		if kind == unix.RTM_DELLINK {
			return linkGone, true
		}
		const running = unix.IFF_UP | unix.IFF_RUNNING
		if binary.NativeEndian.Uint32(body[8:])&running == running {
			return linkUp, true
		}
		return linkDown, true
	}
	return 0, false
}

// set records a state; an interface that is gone stays gone, because its
// number may be given to another one.
func (w *watcher) set(s linkState, notify bool) {
	old := linkState(w.state.Load())
	if old == linkGone {
		return
	}
	w.state.Store(int32(s))
	if notify && w.notify != nil && (old == linkUp) != (s == linkUp) {
		w.notify(s == linkUp)
	}
}

func (w *watcher) up() bool { return linkState(w.state.Load()) == linkUp }

// close ends the notifications. It must not be called by notify.
func (w *watcher) close() {
	w.file.Close()
	w.done.Wait()
}
