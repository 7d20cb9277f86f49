package main

import (
	"fmt"
	"sync"

	"gofino/internal/veth"
	"gofino/link"
	"gofino/model"
	"gofino/sfu/call"
)

// network is the call's transport over namespaces: a switch, and an end for
// each participant and for the agent at the CPU port.
type network struct {
	live   *live
	inside *veth.Namespace // the switch's
	others []*veth.Namespace
	ends   map[call.End]*end
}

// end is one side of a port of the switch. Its pump's goroutine owns the port;
// frames to send come to it through a cable in memory.
type end struct {
	pump   link.Pump
	port   link.Port
	outbox *link.Memory // the call's end of the cable; the call's goroutine owns it

	mu      sync.Mutex // guards deliver: the call attaches while pumps run
	deliver func([]byte)
}

func newEnd(port link.Port) *end {
	out, in := link.NewMemory(link.Config{QueueFrames: 4096})
	e := &end{port: port, outbox: out, deliver: func([]byte) {}}
	e.pump.Ports = []link.Port{port, in}
	e.pump.Handle = e.handle
	return e
}

// handle delivers what came off the wire and sends what came from the call.
func (e *end) handle(from int, frames []link.Frame) {
	e.mu.Lock()
	deliver := e.deliver
	e.mu.Unlock()
	for _, f := range frames {
		if from == 0 {
			deliver(f.Data)
		} else if e.port.Send(f.Data, nil) != nil {
			continue // the port counts it
		}
	}
}

// addParticipant makes a namespace with a cable to the switch's and attaches
// both sides.
func (n *network) addParticipant(who call.End, port model.Port) error {
	if n.inside == nil {
		ns, err := veth.New()
		if err != nil {
			return err
		}
		n.inside = ns
	}
	ns, err := veth.New()
	if err != nil {
		return err
	}
	n.others = append(n.others, ns)
	name := fmt.Sprintf("port%d", port)
	if err := veth.Cable(n.inside, name, ns, "eth0", 0); err != nil {
		return err
	}
	var sw, far *link.AFPacket
	if err := n.inside.Do(func() (err error) {
		sw, err = link.OpenAFPacket(name, link.Config{OnLink: func(up bool) { n.live.now().PortUp(port, up) }})
		return err
	}); err != nil {
		return err
	}
	n.live.attach(port, sw)
	if err := ns.Do(func() (err error) {
		far, err = link.OpenAFPacket("eth0", link.Config{})
		return err
	}); err != nil {
		return err
	}
	n.ends[who] = newEnd(far)
	return nil
}

// addCPU attaches the agent to the CPU port, by a cable in memory.
func (n *network) addCPU(port model.Port) {
	a, b := link.NewMemory(link.Config{})
	n.live.attach(port, a)
	n.ends[call.CPU] = newEnd(b)
}

// Attach sets who gets the frames of an end.
func (n *network) Attach(e call.End, deliver func([]byte)) error {
	end, ok := n.ends[e]
	if !ok {
		return fmt.Errorf("no end %d", e)
	}
	end.mu.Lock()
	defer end.mu.Unlock()
	end.deliver = deliver
	return nil
}

// Send puts a frame on an end's wire.
func (n *network) Send(e call.End, frame []byte) error {
	end, ok := n.ends[e]
	if !ok {
		return fmt.Errorf("no end %d", e)
	}
	return end.outbox.Send(frame, nil)
}

func (n *network) close() {
	for _, e := range n.ends {
		e.outbox.Close()
		for _, p := range e.pump.Ports {
			p.Close()
		}
	}
	n.live.close()
	for _, ns := range n.others {
		ns.Close()
	}
	if n.inside != nil {
		n.inside.Close()
	}
}
