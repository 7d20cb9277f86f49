package call

import (
	"fmt"
	"sync"
)

// End is a place where frames enter and leave the switch: a participant,
// counted from 0, or CPU.
type End int

// CPU is the switch agent's end.
const CPU End = -1

// Transport carries Ethernet frames (no FCS) between the ends and the switch.
type Transport interface {
	// Attach is called once for each end, before frames flow. deliver may be
	// called from any goroutine, also during Send; the frame is read during the
	// call only.
	Attach(end End, deliver func(frame []byte)) error
	// Send puts a frame on the wire; it may be reused afterwards.
	Send(end End, frame []byte) error
}

// Forwarder is a switch in this process: it runs one frame to completion and
// hands out what leaves. Frames handed out are read during the call only.
type Forwarder interface {
	Forward(port uint16, frame []byte, out func(port uint16, frame []byte))
}

// Memory is a Transport to a switch in this process: a frame has arrived
// everywhere when Send returns.
type Memory struct {
	sw    Forwarder
	ports map[End]uint16 // immutable

	mu      sync.Mutex
	deliver map[uint16]func([]byte) // guarded by mu
}

// NewMemory connects ends to dev_ports of a switch.
func NewMemory(sw Forwarder, ports map[End]uint16) *Memory {
	return &Memory{sw: sw, ports: ports, deliver: map[uint16]func([]byte){}}
}

// Attach implements Transport.
func (m *Memory) Attach(end End, deliver func([]byte)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	port, ok := m.ports[end]
	if !ok {
		return fmt.Errorf("attach end %d: it has no port", end)
	}
	m.deliver[port] = deliver
	return nil
}

// Send implements Transport.
func (m *Memory) Send(end End, frame []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	port, ok := m.ports[end]
	if !ok {
		return fmt.Errorf("send from end %d: it has no port", end)
	}
	m.sw.Forward(port, frame, func(port uint16, frame []byte) {
		if f := m.deliver[port]; f != nil {
			f(frame)
		}
	})
	return nil
}
