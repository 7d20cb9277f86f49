package agent

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	"gofino/agent/bfrt"
)

// Config of a Server. The zero value works, on loopback.
type Config struct {
	// Device is the number that clients call the device by.
	Device uint32
	// TLS, if set, is spoken; with ClientCAs and ClientAuth in it, clients must
	// show a certificate.
	TLS *tls.Config
	// Plaintext without TLS is for loopback only, unless this is set.
	Plaintext bool
	// MaxMessage bounds what a client sends at once, in bytes. 0 means
	// DefaultMaxMessage.
	MaxMessage int
	// MaxSessions bounds the clients that are subscribed. 0 means
	// DefaultMaxSessions.
	MaxSessions int
	// MaxStreams bounds the calls of one connection at a time. 0 means
	// DefaultMaxStreams.
	MaxStreams uint32
}

// Defaults of Config. The chip's own server takes messages of any size; a
// program's files have some megabytes, a batch of 100,000 entries 10.
const (
	DefaultMaxMessage  = 256 << 20
	DefaultMaxSessions = 64
	DefaultMaxStreams  = 256

	// A client that does not answer for deadAfter is gone.
	pingEvery = 30 * time.Second
	deadAfter = 20 * time.Second
)

// Server speaks BFRuntime in front of a device.
type Server struct {
	bfrt.UnimplementedBfRuntimeServer
	dev  Device // immutable, as conf and grpc
	conf Config // defaults filled in
	grpc *grpc.Server

	// loading is held while programs change, and shared by whoever uses one.
	loading sync.RWMutex

	mu       sync.Mutex
	programs []*program          // guarded by mu, as all below; as dev.Programs
	sessions map[uint32]*session // by client id
	closed   bool

	counts counts
}

// program is a Program with what translates for it. Immutable.
type program struct {
	*Program
	codec *codec
}

// NewServer makes a server. Serve starts it.
func NewServer(dev Device, c Config) *Server {
	if c.MaxMessage == 0 {
		c.MaxMessage = DefaultMaxMessage
	}
	if c.MaxSessions == 0 {
		c.MaxSessions = DefaultMaxSessions
	}
	if c.MaxStreams == 0 {
		c.MaxStreams = DefaultMaxStreams
	}
	s := &Server{dev: dev, conf: c, sessions: map[uint32]*session{}}
	s.refresh()
	opts := []grpc.ServerOption{
		grpc.MaxRecvMsgSize(c.MaxMessage), grpc.MaxSendMsgSize(1<<31 - 1), grpc.MaxConcurrentStreams(c.MaxStreams),
		grpc.MaxHeaderListSize(64 << 10),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: pingEvery, Timeout: deadAfter}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 5 * time.Second, PermitWithoutStream: true}),
		grpc.UnaryInterceptor(s.counted), grpc.StreamInterceptor(s.countedStream),
	}
	if c.TLS != nil {
		opts = append(opts, grpc.Creds(credentials.NewTLS(c.TLS)))
	}
	s.grpc = grpc.NewServer(opts...)
	bfrt.RegisterBfRuntimeServer(s.grpc, s)
	return s
}

// Listen opens the address, "host:port", that the server is to serve. Without
// TLS it must be of the loopback, or Config.Plaintext asked for.
func (s *Server) Listen(address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("listen for controllers: %w", err)
	}
	if ip := net.ParseIP(host); s.conf.TLS == nil && !s.conf.Plaintext && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("listen for controllers on %s: without TLS only a loopback address is served (127.0.0.1, [::1], localhost), unless plaintext is asked for", address)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for controllers: %w", err)
	}
	return l, nil
}

// Serve answers on the listener until Close or Stop.
func (s *Server) Serve(l net.Listener) error {
	if err := s.grpc.Serve(l); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		return fmt.Errorf("serve controllers: %w", err)
	}
	return nil
}

// Close ends every session and call at once.
func (s *Server) Close() {
	s.shut()
	s.grpc.Stop()
}

// Stop ends every session, and lets calls end, for at most so long.
func (s *Server) Stop(patience time.Duration) {
	s.shut()
	done := make(chan struct{})
	go func() {
		s.grpc.GracefulStop()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(patience):
		s.grpc.Stop()
		<-done
	}
}

// shut ends the sessions, so that their streams end.
func (s *Server) shut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, c := range s.sessions {
		c.kick(status.Error(codes.Unavailable, "the server ends"))
	}
}

// refresh takes the device's programs over.
func (s *Server) refresh() {
	var list []*program
	for _, p := range s.dev.Programs() {
		list = append(list, &program{p, newCodec(p.API.Schema())})
	}
	s.mu.Lock()
	s.programs = list
	s.mu.Unlock()
}

// shared is the name of what a client binds to for the chip's own tables only.
const shared = "$SHARED"

// find is a program by its name.
func (s *Server) find(name string) (*program, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []string
	for _, p := range s.programs {
		if p.Name == name || name == shared {
			return p, nil
		}
		list = append(list, p.Name)
	}
	return nil, status.Errorf(codes.NotFound, "no program %q (programs: %s, %s)", name, names(list), shared)
}

// programOf is the program that a call of a client is about: the one that it
// names, or the one that the client is bound to.
func (s *Server) programOf(client uint32, name string) (*program, error) {
	if name != "" {
		return s.find(name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.sessions[client]
	switch {
	case c == nil:
		return nil, status.Errorf(codes.InvalidArgument, "client %d has no session and names no program: subscribe and bind, or set p4_name", client)
	case c.bound == nil:
		return nil, status.Errorf(codes.FailedPrecondition, "client %d is not bound to a program: send SetForwardingPipelineConfig with action BIND", client)
	}
	return c.bound, nil
}

// use keeps programs from changing until the caller is done. The chip's server
// does not wait either.
func (s *Server) use() (done func(), err error) {
	if !s.loading.TryRLock() {
		return nil, status.Error(codes.Unavailable, "programs are being loaded: try again")
	}
	return s.loading.RUnlock, nil
}

// device checks the number that a request calls the device by.
func (s *Server) device(id uint32) error {
	if id == s.conf.Device {
		return nil
	}
	return status.Errorf(codes.InvalidArgument, "no device %d (devices: %d)", id, s.conf.Device)
}

// deadlineOf is the client's own bound on how long the server works on a
// request, from the metadata of the call.
func (s *Server) deadlineOf(ctx context.Context) (context.Context, context.CancelFunc) {
	if d, ok := timeBudget(ctx); ok {
		return context.WithTimeout(ctx, d)
	}
	return context.WithCancel(ctx)
}
