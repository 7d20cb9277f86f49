package sfu

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"reflect"
	"sync"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/stun/v3"

	"gofino/sfu/av1"
)

// Agent is what sits at the CPU port: it answers connectivity checks, learns
// which templates a video stream has, and watches the feedback. It never
// forwards media.
type Agent struct {
	plane    *Plane // immutable
	ufrag    string // immutable
	password string // immutable

	mu     sync.Mutex
	stats  AgentStats                  // guarded by mu
	active map[StreamID]uint32         // guarded by mu: decode targets that senders send
	last   map[StreamID]*av1.Structure // guarded by mu
}

// AgentStats counts what reached the agent.
type AgentStats struct {
	STUN, STUNRefused uint64
	DTLS              uint64
	Descriptors       uint64 // with a structure or other extended fields
	Structures        uint64 // that changed a stream's layers
	RR, NACK, PLI     uint64
	FIR, REMB         uint64
	OtherRTCP         uint64
	Bad               uint64 // frames that could not be read
}

// NewAgent is an agent with the SFU's own ICE credentials.
func NewAgent(plane *Plane, ufrag, password string) *Agent {
	return &Agent{plane: plane, ufrag: ufrag, password: password,
		active: map[StreamID]uint32{}, last: map[StreamID]*av1.Structure{}}
}

// Stats is a copy of the counters.
func (a *Agent) Stats() AgentStats {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.stats
}

// ActiveTargets is the set of decode targets that a stream's sender said it
// sends, and whether it said so.
func (a *Agent) ActiveTargets(id StreamID) (set uint32, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	set, ok = a.active[id]
	return set, ok
}

// Handle takes a frame from the CPU port and returns the frame to send into it,
// nil for none. An error is for the log: nothing a participant sends stops the
// agent.
func (a *Agent) Handle(ctx context.Context, frame []byte) (reply []byte, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	d, err := ParseDatagram(frame)
	if err == nil && len(d.Payload) < 2 {
		err = fmt.Errorf("%d bytes of payload", len(d.Payload))
	}
	if err == nil {
		switch b0, b1 := d.Payload[0], d.Payload[1]; {
		case b0 < 4:
			reply, err = a.answer(&d)
		case b0 >= 20 && b0 < 64:
			a.stats.DTLS++
		case b0>>6 == 2 && b1 >= 192 && b1 <= 223:
			err = a.observe(&d)
		case b0>>6 == 2:
			err = a.learn(ctx, &d)
		default:
			err = fmt.Errorf("first byte %d is none of STUN, DTLS, RTP", b0)
		}
	}
	if err != nil {
		a.stats.Bad++
		return nil, fmt.Errorf("agent: %w", err)
	}
	return reply, nil
}

// answer is the ICE-lite side of a connectivity check.
func (a *Agent) answer(d *Datagram) ([]byte, error) {
	m := &stun.Message{Raw: append([]byte(nil), d.Payload...)}
	if err := m.Decode(); err != nil {
		return nil, fmt.Errorf("read STUN: %w", err)
	}
	if m.Type != stun.BindingRequest {
		return nil, nil // indications keep NAT bindings alive and want no answer
	}
	integrity := stun.NewShortTermIntegrity(a.password)
	setters := []stun.Setter{stun.NewTransactionIDSetter(m.TransactionID)}
	if code := a.refuse(m, integrity); code != 0 {
		a.stats.STUNRefused++
		setters = append(setters, stun.BindingError, code, stun.Fingerprint)
	} else {
		a.stats.STUN++
		setters = append(setters, stun.BindingSuccess,
			&stun.XORMappedAddress{IP: net.IP(d.Src.Addr().AsSlice()), Port: int(d.Src.Port())},
			integrity, stun.Fingerprint)
	}
	out, err := stun.Build(setters...)
	if err != nil {
		return nil, fmt.Errorf("answer STUN: %w", err)
	}
	r := Datagram{SrcMAC: d.DstMAC, DstMAC: d.SrcMAC, Src: d.Dst, Dst: d.Src, Payload: out.Raw}
	return r.Append(nil), nil
}

// refuse gives the error code of a request that may not be answered with
// success, 0 for none (RFC 5389, 10.1.2).
func (a *Agent) refuse(m *stun.Message, integrity stun.MessageIntegrity) stun.ErrorCode {
	var user stun.Username
	if user.GetFrom(m) != nil || !m.Contains(stun.AttrMessageIntegrity) || stun.Fingerprint.Check(m) != nil {
		return stun.CodeBadRequest
	}
	if n := len(a.ufrag); len(user) <= n || string(user[:n+1]) != a.ufrag+":" || integrity.Check(m) != nil {
		return stun.CodeUnauthorized
	}
	return 0
}

func (a *Agent) observe(d *Datagram) error {
	packets, err := rtcp.Unmarshal(d.Payload)
	if err != nil {
		return fmt.Errorf("read RTCP: %w", err)
	}
	for _, p := range packets {
		switch p.(type) {
		case *rtcp.ReceiverReport:
			a.stats.RR++
		case *rtcp.TransportLayerNack:
			a.stats.NACK++
		case *rtcp.PictureLossIndication:
			a.stats.PLI++
		case *rtcp.FullIntraRequest:
			a.stats.FIR++
		case *rtcp.ReceiverEstimatedMaximumBitrate:
			a.stats.REMB++
		default:
			a.stats.OtherRTCP++
		}
	}
	return nil
}

// learn reads an extended dependency descriptor.
func (a *Agent) learn(ctx context.Context, d *Datagram) error {
	var h rtp.Header
	if _, err := h.Unmarshal(d.Payload); err != nil {
		return fmt.Errorf("read RTP: %w", err)
	}
	id, ext, ok := a.plane.findStream(d.Src, h.SSRC)
	if !ok {
		return fmt.Errorf("learn layers: %w: stream %08x of %v", ErrUnknown, h.SSRC, d.Src)
	}
	desc, err := av1.Parse(h.GetExtension(ext), a.last[id])
	if err != nil {
		return fmt.Errorf("learn layers of stream %d: %w", id, err)
	}
	a.stats.Descriptors++
	if desc.HasActiveTargets {
		a.active[id] = desc.ActiveTargets
	}
	if desc.Structure == nil || reflect.DeepEqual(desc.Structure, a.last[id]) {
		return nil
	}
	if err := a.plane.SetStructure(ctx, id, desc.Structure); err != nil {
		return err
	}
	a.last[id] = desc.Structure
	a.stats.Structures++
	return nil
}

// Forget drops what was learned of a stream that is gone, before its id is
// given out again.
func (a *Agent) Forget(id StreamID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.last, id)
	delete(a.active, id)
}

// findStream is the stream with this source and SSRC.
func (p *Plane) findStream(src netip.AddrPort, ssrc uint32) (id StreamID, descriptorID uint8, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.streams {
		if s.SSRC == ssrc && s.owner.UDP == src {
			return s.id, s.DescriptorID, true
		}
	}
	return 0, 0, false
}
