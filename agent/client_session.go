package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"gofino/agent/bfrt"
	"gofino/tables"
)

// run keeps a session, until Close.
func (c *Client) run() {
	defer close(c.done)
	retry := firstRetry
	for c.ctx.Err() == nil {
		began := time.Now()
		err := c.session()
		if c.ctx.Err() != nil {
			break
		}
		c.set(false, err)
		c.conf.Log(fmt.Sprintf("switch %s: %v; trying again", c.conf.Address, err))
		if time.Since(began) > lastRetry {
			retry = firstRetry // it was there for a while
		}
		select {
		case <-time.After(retry):
		case <-c.ctx.Done():
		}
		retry = min(2*retry, lastRetry)
	}
	c.set(false, fmt.Errorf("%w: the client is closed", ErrAway))
}

// session is one life of the connection: it returns why it ended.
func (c *Client) session() error {
	ctx, cancel := context.WithCancel(c.ctx)
	defer cancel()
	if c.conf.Unbound {
		return c.unbound(ctx)
	}
	stream, err := c.stub.StreamChannel(ctx)
	if err != nil {
		return c.callError(err)
	}
	if err := c.subscribe(stream, cancel); err != nil {
		return err
	}
	if err := c.bindProgram(ctx); err != nil {
		return err
	}
	c.available()
	for {
		m, err := stream.Recv()
		if err != nil {
			return c.callError(err)
		}
		if err := c.told(ctx, m); err != nil {
			return err
		}
	}
}

// available says that calls may come.
func (c *Client) available() {
	c.set(true, nil)
	c.conf.Log(fmt.Sprintf("switch %s: program %s", c.conf.Address, c.Program()))
}

// unbound reads the schema, and looks now and then whether the switch is there.
func (c *Client) unbound(ctx context.Context) error {
	for first := true; ; first = false {
		look, cancel := context.WithTimeout(ctx, subscribeWait)
		name, s, err := c.readSchema(look)
		cancel()
		if err != nil {
			return err
		}
		if first {
			c.use(name, s)
			c.available()
		} else if !sameSchema(c.Schema(), s) {
			c.use(name, s)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lastRetry):
		}
	}
}

// sameSchema: the tables have the same ids.
func sameSchema(a, b *tables.Schema) bool {
	if len(a.Tables) != len(b.Tables) {
		return false
	}
	for i := range a.Tables {
		if a.Tables[i].ID != b.Tables[i].ID || a.Tables[i].Name != b.Tables[i].Name {
			return false
		}
	}
	return true
}

func (c *Client) use(name string, s *tables.Schema) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.name, c.codec = name, newCodec(s)
}

// subscribe begins a session. cancel ends the stream of a server that does not
// answer.
func (c *Client) subscribe(stream bfrt.BfRuntime_StreamChannelClient, cancel context.CancelFunc) error {
	err := stream.Send(&bfrt.StreamMessageRequest{ClientId: c.conf.ID, Update: &bfrt.StreamMessageRequest_Subscribe{Subscribe: &bfrt.Subscribe{
		DeviceId: c.conf.Device,
		Notifications: &bfrt.Subscribe_Notifications{
			EnableLearnNotifications: true, EnableIdletimeoutNotifications: true, EnablePortStatusChangeNotifications: true,
			EnableEntryActiveNotifications: true, EnableSelectorUpdateChangeNotifications: true,
		},
	}}})
	if err != nil {
		return c.callError(err)
	}
	timer := time.AfterFunc(subscribeWait, cancel)
	m, err := stream.Recv()
	if !timer.Stop() {
		return fmt.Errorf("%w: it does not answer a subscription", ErrAway)
	}
	if err != nil {
		return c.callError(err)
	}
	s := m.GetSubscribe().GetStatus()
	switch {
	case m.GetSubscribe() == nil:
		return errors.New("it answers a subscription with something else")
	case s.GetCode() == int32(codes.InvalidArgument) || s.GetCode() == int32(codes.ResourceExhausted):
		// Perhaps the session that was lost has not ended there yet.
		return fmt.Errorf("%w: client %d cannot subscribe: %s", ErrAway, c.conf.ID, s.GetMessage())
	case s.GetCode() != int32(codes.OK):
		return fmt.Errorf("client %d cannot subscribe: %s", c.conf.ID, s.GetMessage())
	}
	return nil
}

// bindProgram reads the schema and binds.
func (c *Client) bindProgram(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, subscribeWait)
	defer cancel()
	name, s, err := c.readSchema(ctx)
	if err != nil {
		return err
	}
	bind := name
	if c.conf.Program == shared {
		bind = shared
	}
	_, err = c.stub.SetForwardingPipelineConfig(ctx, &bfrt.SetForwardingPipelineConfigRequest{
		DeviceId: c.conf.Device, ClientId: c.conf.ID, Action: bfrt.SetForwardingPipelineConfigRequest_BIND,
		Config: []*bfrt.ForwardingPipelineConfig{{P4Name: bind}},
	})
	if err != nil {
		return fmt.Errorf("bind to program %s: %w", bind, c.callError(err))
	}
	c.use(name, s)
	return c.askAgain(ctx)
}

// askAgain sets the attributes that ask the switch to tell something.
func (c *Client) askAgain(ctx context.Context) error {
	c.mu.Lock()
	codec := c.codec
	asked := make(map[[2]string][]tables.DataField, len(c.asked))
	for k, v := range c.asked {
		asked[k] = v
	}
	c.mu.Unlock()
	for k, data := range asked {
		u, err := attributeUpdate(codec, k[0], k[1], data)
		if err != nil {
			continue // the program that has the table is gone
		}
		req := &bfrt.WriteRequest{ClientId: c.conf.ID, P4Name: c.program(), Target: encodeTarget(c.conf.Device, tables.AllPipes), Updates: []*bfrt.Update{u}}
		if _, err := c.stub.Write(ctx, req); err != nil {
			return c.callError(err)
		}
	}
	return nil
}

// told handles a message of the stream.
func (c *Client) told(ctx context.Context, m *bfrt.StreamMessageResponse) error {
	if r := m.GetSetForwardingPipelineConfigResponse(); r != nil {
		if r.GetSetForwardingPipelineConfigResponseType() != bfrt.SetForwardingPipelineConfigResponseType_WARM_INIT_STARTED {
			return nil
		}
		return c.reloaded(ctx)
	}
	c.mu.Lock()
	codec := c.codec
	c.mu.Unlock()
	if n, ok := codec.decodeNotification(m); ok {
		c.hub.Publish(n)
	}
	return nil
}

// reloaded follows the switch to other programs: the schema is another, and who
// is bound to a program that is gone loses the session.
func (c *Client) reloaded(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, subscribeWait)
	defer cancel()
	for {
		name, s, err := c.readSchema(ctx)
		if err == nil {
			c.use(name, s)
			return c.askAgain(ctx)
		}
		if !errors.Is(err, ErrAway) {
			return err
		}
		select { // it is still being loaded
		case <-time.After(firstRetry):
		case <-ctx.Done():
			return err
		}
	}
}

// callError is an error of a call as a whole.
func (c *Client) callError(err error) error {
	s, ok := status.FromError(err)
	if !ok {
		return fmt.Errorf("%w: %w", ErrAway, err)
	}
	switch s.Code() {
	case codes.Unavailable, codes.Aborted:
		return fmt.Errorf("%w: %s", ErrAway, s.Message())
	case codes.DeadlineExceeded:
		return fmt.Errorf("%w: %s", context.DeadlineExceeded, s.Message())
	case codes.Canceled:
		return fmt.Errorf("%w: %s", context.Canceled, s.Message())
	}
	if cause := causeOf(s.Code()); cause != nil {
		return fmt.Errorf("%w: %s", cause, s.Message())
	}
	return errors.New(s.Message())
}
