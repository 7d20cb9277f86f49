package agent

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"

	"gofino/agent/bfrt"
	"gofino/tables"
)

// ClientConfig says which switch a Client is, and how it gets there.
type ClientConfig struct {
	// Address of the switch's BFRuntime server, "host:port".
	Address string
	// Program is the P4 program to bind to; "" is the only one, or the first.
	// One client at a time has a program; SharedTables binds to the chip's own
	// tables only, next to another client.
	Program string
	// ID tells clients of one server apart.
	ID uint32
	// Device is the device's number at the server.
	Device uint32
	// TLS is spoken if set.
	TLS *tls.Config
	// Unbound: the client has no session, and names its program in every
	// request. It works next to a client that owns the program, and is told
	// nothing by the switch.
	Unbound bool
	// Batch is how many updates go in one request at most, where the batch may
	// be split. 0 means DefaultBatch.
	Batch int
	// Timeout bounds a call whose context has no deadline. 0 means
	// DefaultTimeout.
	Timeout time.Duration
	// Log is told about connections that were lost and found; nil for nobody.
	Log func(text string)
}

// SharedTables is the Program of a client of the chip's own tables.
const SharedTables = shared

// Defaults of ClientConfig.
const (
	DefaultBatch   = 2000
	DefaultTimeout = time.Minute

	// Attempts to get a lost session back come after 0.2 s to 5 s.
	firstRetry = 200 * time.Millisecond
	lastRetry  = 5 * time.Second
	// subscribeWait is how long the server may take to answer a subscription.
	subscribeWait = 5 * time.Second
)

// ErrAway is the cause of an error when the switch cannot be reached.
var ErrAway = errors.New("the switch is away")

// Client is a switch somewhere else behind the table API: a real one, the
// vendor's model of one, or a Server. When the connection is lost, calls fail
// with ErrAway, and the client comes back by itself, subscribes and binds again.
// It is safe for concurrent use.
type Client struct {
	conf ClientConfig // immutable, as conn, stub, ctx and cancel
	conn *grpc.ClientConn
	stub bfrt.BfRuntimeClient
	ctx  context.Context // ends with Close
	stop context.CancelFunc
	done chan struct{} // closed when the session's goroutine has ended
	hub  tables.Hub

	mu    sync.Mutex
	ready bool          // guarded by mu, as all below: subscribed and bound
	why   error         // the last thing that went wrong; nil when ready
	moved chan struct{} // closed and made anew when ready or why change
	codec *codec        // nil before the first session
	name  string        // of the program
	// asked are the attributes that make the switch tell something to the client
	// that set them: set again in a new session.
	asked map[[2]string][]tables.DataField
}

var (
	_ tables.API      = (*Client)(nil)
	_ tables.Notifier = (*Client)(nil)
)

// Dial connects to a switch, and waits until the client is bound to its program,
// or ctx ends.
func Dial(ctx context.Context, conf ClientConfig) (*Client, error) {
	if conf.Batch == 0 {
		conf.Batch = DefaultBatch
	}
	if conf.Timeout == 0 {
		conf.Timeout = DefaultTimeout
	}
	if conf.Log == nil {
		conf.Log = func(string) {}
	}
	creds := insecure.NewCredentials()
	if conf.TLS != nil {
		creds = credentials.NewTLS(conf.TLS)
	}
	conn, err := grpc.NewClient("passthrough:///"+conf.Address, grpc.WithTransportCredentials(creds),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(1<<31-1), grpc.MaxCallSendMsgSize(1<<31-1)),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: firstRetry, Multiplier: 1.6, Jitter: 0.2, MaxDelay: lastRetry},
			MinConnectTimeout: subscribeWait,
		}),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: pingEvery, Timeout: deadAfter, PermitWithoutStream: true}))
	if err != nil {
		return nil, fmt.Errorf("dial switch %s: %w", conf.Address, err)
	}
	c := &Client{
		conf: conf, conn: conn, stub: bfrt.NewBfRuntimeClient(conn), done: make(chan struct{}),
		moved: make(chan struct{}), asked: map[[2]string][]tables.DataField{},
	}
	c.ctx, c.stop = context.WithCancel(context.Background())
	go c.run()
	if err := c.wait(ctx); err != nil {
		c.Close()
		return nil, fmt.Errorf("dial switch %s: %w", conf.Address, err)
	}
	return c, nil
}

// Close ends the session and the connection.
func (c *Client) Close() error {
	c.stop()
	<-c.done
	return c.conn.Close()
}

// Subscribe delivers what the switch tells. Ports and selectors are told where
// this client set the attribute that asks for it.
func (c *Client) Subscribe(f func(tables.Notification)) (cancel func()) { return c.hub.Subscribe(f) }

// Schema of the program and of the chip's own tables. It is another after the
// switch has loaded another program.
func (c *Client) Schema() *tables.Schema {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.codec.schema
}

// Program is the name of the program that the client is bound to.
func (c *Client) Program() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.name
}

// set tells everybody whether the client is ready.
func (c *Client) set(ready bool, why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ready, c.why = ready, why
	close(c.moved)
	c.moved = make(chan struct{})
}

// wait returns when the client is ready. A refusal by the switch ends it at
// once; a switch that is away is waited for.
func (c *Client) wait(ctx context.Context) error {
	for {
		c.mu.Lock()
		ready, why, moved := c.ready, c.why, c.moved
		c.mu.Unlock()
		switch {
		case ready:
			return nil
		case why != nil && !errors.Is(why, ErrAway):
			return why
		}
		select {
		case <-moved:
		case <-ctx.Done():
			if why == nil {
				why = ErrAway
			}
			return fmt.Errorf("%w (%w)", why, ctx.Err())
		case <-c.ctx.Done():
			return fmt.Errorf("%w: the client is closed", ErrAway)
		}
	}
}

// begin is what every call begins with: it fails at once when the switch is
// away. The codec is the one of the program that runs.
func (c *Client) begin(ctx context.Context, op, table string) (context.Context, context.CancelFunc, *codec, error) {
	c.mu.Lock()
	ready, why, codec := c.ready, c.why, c.codec
	c.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, nil, nil, fmt.Errorf("%s %s: %w", op, table, err)
	}
	if !ready {
		if why == nil {
			why = ErrAway
		}
		return nil, nil, nil, fmt.Errorf("%s %s: switch %s: %w", op, table, c.conf.Address, why)
	}
	cancel := context.CancelFunc(func() {})
	if _, bounded := ctx.Deadline(); !bounded {
		ctx, cancel = context.WithTimeout(ctx, c.conf.Timeout)
	}
	return ctx, cancel, codec, nil
}

// program is what a request names: nothing in a session.
func (c *Client) program() string {
	if !c.conf.Unbound {
		return ""
	}
	return c.Program()
}

// readSchema asks for the program's schema and the chip's.
func (c *Client) readSchema(ctx context.Context) (name string, s *tables.Schema, err error) {
	r, err := c.stub.GetForwardingPipelineConfig(ctx, &bfrt.GetForwardingPipelineConfigRequest{DeviceId: c.conf.Device, ClientId: c.conf.ID})
	if err != nil {
		return "", nil, c.callError(err)
	}
	var have []string
	var found *bfrt.ForwardingPipelineConfig
	for _, p := range r.GetConfig() {
		have = append(have, p.GetP4Name())
		if found == nil && (c.conf.Program == "" || c.conf.Program == shared || c.conf.Program == p.GetP4Name()) {
			found = p
		}
	}
	if found == nil {
		return "", nil, fmt.Errorf("it has no program %q (programs: %s): %w", c.conf.Program, names(have), tables.ErrNotFound)
	}
	s, err = tables.ReadSchema(bytes.NewReader(found.GetBfruntimeInfo()), false)
	if err != nil {
		return "", nil, fmt.Errorf("program %s: %w", found.GetP4Name(), err)
	}
	fixed, err := tables.ReadSchema(bytes.NewReader(r.GetNonP4Config().GetBfruntimeInfo()), true)
	if err != nil {
		return "", nil, fmt.Errorf("the chip's own tables: %w", err)
	}
	if c.conf.Program == shared {
		s.Tables, s.Digests = nil, nil
	}
	s.Tables = append(s.Tables, fixed.Tables...)
	return found.GetP4Name(), s, nil
}
