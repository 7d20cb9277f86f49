package agent

import (
	"errors"
	"io"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"gofino/agent/bfrt"
	"gofino/tables"

	rpcstatus "google.golang.org/genproto/googleapis/rpc/status"
)

// session is a client that is subscribed: it lasts as long as its stream.
type session struct {
	server *Server
	id     uint32
	stream bfrt.BfRuntime_StreamChannelServer
	wants  *bfrt.Subscribe_Notifications // immutable
	ended  chan struct{}                 // closed by kick
	why    error                         // of kick; written before ended is closed

	sending sync.Mutex // one message at a time
	// control has what every client is told, in order; control's goroutine
	// sends it, and closes flushed when it ends: of a session that was kicked, when
	// all has been sent that was told before.
	control chan *bfrt.StreamMessageResponse
	flushed chan struct{}

	// Guarded by the server's mu.
	kicked    bool
	bound     *program
	exclusive bool   // bound is a program, not $SHARED
	cancel    func() // ends the subscription to bound's notifications
	ports     bool   // asked for port changes
	selectors map[string]bool
}

// StreamChannel is a client's session.
func (s *Server) StreamChannel(stream bfrt.BfRuntime_StreamChannelServer) error {
	var c *session
	defer func() {
		if c != nil {
			s.end(c)
		}
	}()
	incoming := make(chan received)
	go receive(stream, incoming)
	for {
		var ended chan struct{}
		if c != nil {
			ended = c.ended
		}
		select {
		case <-ended:
			select {
			case <-c.flushed:
			case <-time.After(lastWords):
			case <-stream.Context().Done():
			}
			return c.why
		case <-stream.Context().Done():
			return stream.Context().Err()
		case r, ok := <-incoming:
			if !ok {
				return nil
			}
			if r.err != nil {
				return r.err
			}
			var err error
			if c, err = s.streamed(c, stream, r.req); err != nil {
				return err
			}
		}
	}
}

type received struct {
	req *bfrt.StreamMessageRequest
	err error
}

// receive reads a stream until it ends.
func receive(stream bfrt.BfRuntime_StreamChannelServer, to chan<- received) {
	defer close(to)
	for {
		req, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return
		}
		select {
		case to <- received{req, err}:
		case <-stream.Context().Done():
			return
		}
		if err != nil {
			return
		}
	}
}

// streamed handles one message of a stream whose session is c, nil before it
// subscribed.
func (s *Server) streamed(c *session, stream bfrt.BfRuntime_StreamChannelServer, req *bfrt.StreamMessageRequest) (*session, error) {
	switch m := req.GetUpdate().(type) {
	case *bfrt.StreamMessageRequest_Subscribe:
		if c != nil {
			return c, nil // subscribed already
		}
		return s.subscribe(stream, req.GetClientId(), m.Subscribe)
	case *bfrt.StreamMessageRequest_DigestAck:
		return c, status.Error(codes.Unimplemented, "digests are acknowledged when they are sent: a client cannot")
	}
	return c, nil
}

// subscribe begins a session. Whether it could is said on the stream, which
// goes on: the client may try again.
func (s *Server) subscribe(stream bfrt.BfRuntime_StreamChannelServer, id uint32, sub *bfrt.Subscribe) (*session, error) {
	c, err := s.begin(stream, id, sub)
	answer := &bfrt.Subscribe{DeviceId: sub.GetDeviceId(), Notifications: sub.GetNotifications(), Status: &rpcstatus.Status{}}
	if err != nil {
		st := status.Convert(err)
		answer.Status = &rpcstatus.Status{Code: int32(st.Code()), Message: st.Message()}
	}
	m := &bfrt.StreamMessageResponse{Update: &bfrt.StreamMessageResponse_Subscribe{Subscribe: answer}}
	if c == nil {
		return nil, stream.Send(m)
	}
	return c, c.send(m)
}

func (s *Server) begin(stream bfrt.BfRuntime_StreamChannelServer, id uint32, sub *bfrt.Subscribe) (*session, error) {
	if err := s.device(sub.GetDeviceId()); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return nil, status.Error(codes.Unavailable, "the server ends")
	case s.sessions[id] != nil:
		return nil, status.Errorf(codes.InvalidArgument, "client %d is subscribed already, on another stream", id)
	case len(s.sessions) >= s.conf.MaxSessions:
		return nil, status.Errorf(codes.ResourceExhausted, "%d clients are subscribed, as many as may be", len(s.sessions))
	}
	wants := sub.GetNotifications()
	if wants == nil {
		wants = &bfrt.Subscribe_Notifications{}
	}
	c := &session{server: s, id: id, stream: stream, wants: wants, ended: make(chan struct{}), selectors: map[string]bool{},
		control: make(chan *bfrt.StreamMessageResponse, controlQueue), flushed: make(chan struct{})}
	s.sessions[id] = c
	go c.sendControl()
	return c, nil
}

// controlQueue is how many messages wait for a client that does not read; one
// that lets it overflow is gone.
const controlQueue = 16

// lastWords is how long a client that was kicked may take to read what it was
// told before.
const lastWords = time.Second

func (c *session) sendControl() {
	defer close(c.flushed)
	for {
		select {
		case m := <-c.control:
			if c.send(m) != nil {
				return
			}
		case <-c.ended:
			for len(c.control) > 0 {
				if c.send(<-c.control) != nil {
					return
				}
			}
			return
		case <-c.stream.Context().Done():
			return
		}
	}
}

// end forgets a session. What its client wrote stays.
func (s *Server) end(c *session) {
	s.mu.Lock()
	cancel := c.unbind()
	delete(s.sessions, c.id)
	s.mu.Unlock()
	cancel()
}

// unbind frees the program; what it returns ends the notifications. The caller
// holds the server's mu, and calls it without.
func (c *session) unbind() (cancel func()) {
	cancel = c.cancel
	c.bound, c.cancel, c.exclusive = nil, nil, false
	if cancel == nil {
		return func() {}
	}
	return cancel
}

// kick ends a session from the server's side. The caller holds the server's mu.
func (c *session) kick(why error) {
	if !c.kicked {
		c.kicked = true
		c.why = why
		close(c.ended)
	}
}

// send sends a message to the client.
func (c *session) send(m *bfrt.StreamMessageResponse) error {
	c.sending.Lock()
	defer c.sending.Unlock()
	return c.stream.Send(m)
}

// bind gives a client a program of its own.
func (s *Server) bind(id uint32, configs []*bfrt.ForwardingPipelineConfig) error {
	if len(configs) != 1 {
		return status.Errorf(codes.InvalidArgument, "bind client %d: %d configs, want exactly one with a p4_name", id, len(configs))
	}
	name := configs[0].GetP4Name()
	p, err := s.find(name)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.sessions[id]
	if c == nil {
		return status.Errorf(codes.Unavailable, "bind client %d: it has no session: subscribe first", id)
	}
	for _, o := range s.sessions {
		if o.exclusive && name != shared && o.bound.Name == name {
			return status.Errorf(codes.AlreadyExists, "bind client %d: client %d owns program %s", id, o.id, name)
		}
	}
	old := c.unbind()
	c.attach(p, name != shared)
	go old()
	return nil
}

// attach binds a session to a program. The caller holds the server's mu.
func (c *session) attach(p *program, exclusive bool) {
	c.bound, c.exclusive = p, exclusive
	if n, ok := p.API.(tables.Notifier); ok {
		c.cancel = n.Subscribe(func(m tables.Notification) { c.tell(p, &m) })
	}
}

// rebind follows the device's programs: a client of one that is gone loses its
// session; the others are bound to what has the name now, and must ask again for
// what the device is to tell.
func (s *Server) rebind() {
	s.mu.Lock()
	var cancels []func()
	for _, c := range s.sessions {
		if c.bound == nil {
			continue
		}
		name, exclusive := c.bound.Name, c.exclusive
		cancels = append(cancels, c.unbind())
		c.ports = false
		clear(c.selectors)
		var next *program
		for _, p := range s.programs {
			if next == nil && (!exclusive || p.Name == name) {
				next = p
			}
		}
		if next == nil {
			c.kick(status.Errorf(codes.Canceled, "program %s is gone", name))
			continue
		}
		c.attach(next, exclusive)
	}
	s.mu.Unlock()
	for _, f := range cancels {
		f()
	}
}
