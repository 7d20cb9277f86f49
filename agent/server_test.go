package agent_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"gofino/agent"
	"gofino/agent/bfrt"
	"gofino/model"
	"gofino/tables"
)

// raw is a client that sends messages as they are.
type raw struct {
	bfrt.BfRuntimeClient
	t *testing.T
}

func rawClient(t *testing.T, address string) raw {
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	return raw{bfrt.NewBfRuntimeClient(conn), t}
}

// subscribe begins a session and returns the status that the server answers with.
func (r raw) subscribe(ctx context.Context, id uint32) (bfrt.BfRuntime_StreamChannelClient, codes.Code) {
	s, err := r.StreamChannel(ctx)
	require.NoError(r.t, err)
	require.NoError(r.t, s.Send(&bfrt.StreamMessageRequest{ClientId: id, Update: &bfrt.StreamMessageRequest_Subscribe{Subscribe: &bfrt.Subscribe{}}}))
	m, err := s.Recv()
	require.NoError(r.t, err)
	return s, codes.Code(m.GetSubscribe().GetStatus().GetCode())
}

func (r raw) bind(ctx context.Context, id uint32, program string) codes.Code {
	_, err := r.SetForwardingPipelineConfig(ctx, &bfrt.SetForwardingPipelineConfigRequest{
		ClientId: id, Config: []*bfrt.ForwardingPipelineConfig{{P4Name: program}}})
	return status.Code(err)
}

func bounded(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// short is a context for what is not to succeed.
func short(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

// everywhere is the target that controllers usually name.
var everywhere = &bfrt.TargetDevice{PipeId: 0xffff, Direction: 0xff, PrsrId: 0xff}

// TestSessionsAndBindings names bfrt.md section 3.
func TestSessionsAndBindings(t *testing.T) {
	sw := newSwitch(t)
	server, at := serve(t, agent.Programs{{Name: "suite", API: sw.API()}}, agent.Config{MaxSessions: 2})
	r, ctx := rawClient(t, at), bounded(t)
	one, end := context.WithCancel(ctx)
	_, code := r.subscribe(one, 1)
	require.Equal(t, codes.OK, code)
	_, code = r.subscribe(ctx, 1)
	require.Equal(t, codes.InvalidArgument, code, "an id that is connected")
	require.Equal(t, codes.Unavailable, r.bind(ctx, 7, "suite"), "a client without a session")
	require.Equal(t, codes.NotFound, r.bind(ctx, 1, "other"))
	_, err := r.Write(ctx, &bfrt.WriteRequest{ClientId: 1})
	require.Equal(t, codes.FailedPrecondition, status.Code(err), "%v", err)
	require.ErrorContains(t, err, "client 1 is not bound to a program")
	require.Equal(t, codes.OK, r.bind(ctx, 1, "suite"))
	require.Equal(t, codes.AlreadyExists, r.bind(ctx, 1, "suite"), "the same client again")
	_, code = r.subscribe(ctx, 2)
	require.Equal(t, codes.OK, code)
	require.Equal(t, codes.AlreadyExists, r.bind(ctx, 2, "suite"), "one client per program")
	require.Equal(t, codes.OK, r.bind(ctx, 2, "$SHARED"))
	_, code = r.subscribe(ctx, 3)
	require.Equal(t, codes.ResourceExhausted, code, "two sessions are the most")
	_, err = r.Write(ctx, &bfrt.WriteRequest{ClientId: 9, P4Name: "suite", Target: everywhere})
	require.NoError(t, err, "an independent client names its program")
	_, err = r.Write(ctx, &bfrt.WriteRequest{ClientId: 9, P4Name: "suite", Target: &bfrt.TargetDevice{DeviceId: 4}})
	require.ErrorContains(t, err, "no device 4 (devices: 0)")
	end()
	require.Eventually(t, func() bool { return r.bind(ctx, 2, "suite") == codes.OK }, 10*time.Second, 10*time.Millisecond,
		"a client that is gone frees its program")
	require.Equal(t, 1, server.Counts().Sessions)
}

// insert is a request that adds entries of forward, by destination address.
func insert(c *agent.Client, how bfrt.WriteRequest_Atomicity, addresses ...uint64) *bfrt.WriteRequest {
	spec, err := c.Schema().Find("forward")
	if err != nil {
		panic(err)
	}
	req := &bfrt.WriteRequest{P4Name: "suite", ClientId: 77, Target: everywhere, Atomicity: how}
	for _, a := range addresses {
		key := &bfrt.TableKey{Fields: []*bfrt.KeyField{{FieldId: 1, MatchType: &bfrt.KeyField_Exact_{Exact: &bfrt.KeyField_Exact{
			Value: []byte{0, 0, 0, 0, byte(a >> 8), byte(a)}}}}}}
		e := &bfrt.TableEntry{TableId: spec.ID, Value: &bfrt.TableEntry_Key{Key: key},
			Data: &bfrt.TableData{ActionId: spec.Actions[0].ID, Fields: []*bfrt.DataField{{FieldId: 1, Value: &bfrt.DataField_Stream{Stream: []byte{0, 1}}}}}}
		req.Updates = append(req.Updates, &bfrt.Update{Type: bfrt.Update_INSERT, Entity: &bfrt.Entity{Entity: &bfrt.Entity_TableEntry{TableEntry: e}}})
	}
	return req
}

// details are the items of an error.
func details(t *testing.T, err error) (out []*bfrt.Error) {
	t.Helper()
	require.Equal(t, codes.Unknown, status.Code(err), "%v", err)
	for _, d := range status.Convert(err).Details() {
		out = append(out, d.(*bfrt.Error))
	}
	return out
}

// TestErrorsOfUpdates names bfrt.md section 4: an item per update that was tried.
func TestErrorsOfUpdates(t *testing.T) {
	s := newServed(t)
	r, ctx := rawClient(t, s.at), bounded(t)
	_, err := r.Write(ctx, insert(s.client, bfrt.WriteRequest_CONTINUE_ON_ERROR, 1, 2, 1, 3))
	require.Equal(t, "Write Error Status", status.Convert(err).Message())
	items := details(t, err)
	require.Len(t, items, 4)
	for i, want := range []codes.Code{codes.OK, codes.OK, codes.AlreadyExists, codes.OK} {
		require.Equal(t, int32(want), items[i].CanonicalCode, "update %d", i)
	}
	require.Equal(t, "Table Add failed table:pipe.Ig.forward: add pipe.Ig.forward: already exists: an entry with this key is there", items[2].Message)

	_, err = r.Write(ctx, insert(s.client, bfrt.WriteRequest_ROLLBACK_ON_ERROR, 8, 9, 1, 10))
	require.Len(t, details(t, err), 3, "the update behind the error is not tried")
	n, err := s.client.Usage(ctx, tables.AllPipes, "forward")
	require.NoError(t, err)
	require.Equal(t, 3, n, "what was applied before the error is undone")

	_, err = r.Write(ctx, insert(s.client, bfrt.WriteRequest_DATAPLANE_ATOMIC, 20))
	require.Equal(t, codes.Unimplemented, status.Code(err))
	_, err = r.Write(metadata.AppendToOutgoingContext(ctx, "deadline_nsec", "1"), insert(s.client, 0, 30, 31))
	require.Equal(t, codes.DeadlineExceeded, status.Code(err), "%v", err)

	req := insert(s.client, 0, 1, 40)
	for _, u := range req.Updates {
		u.Type = bfrt.Update_INSERT_OR_MODIFY
	}
	resp, err := r.Write(ctx, req)
	require.NoError(t, err)
	require.Len(t, resp.Status, 1, "a note on what was there")
	require.Equal(t, int32(codes.AlreadyExists), resp.Status[0].Code)
	require.Equal(t, "Entry aleady exists, perform MODIFY", resp.Status[0].Message)

	del := insert(s.client, bfrt.WriteRequest_ROLLBACK_ON_ERROR, 1, 99)
	for _, u := range del.Updates {
		u.Type = bfrt.Update_DELETE
	}
	resp, err = r.Write(metadata.AppendToOutgoingContext(ctx, "ignore_not_found", "1", "error_in_resp", "1"), del)
	require.NoError(t, err)
	require.Len(t, resp.Status, 2)
	require.Equal(t, int32(codes.NotFound), resp.Status[1].Code, "it was not there")
	require.Equal(t, int32(codes.OK), resp.Status[1].CanonicalCode)
}

// TestErrorTexts: every text names the table, what is wrong and what is valid.
func TestErrorTexts(t *testing.T) {
	s := newServed(t)
	r, ctx := rawClient(t, s.at), bounded(t)
	one := func(change func(e *bfrt.TableEntry, u *bfrt.Update)) string {
		req := insert(s.client, 0, 1)
		u := req.Updates[0]
		change(u.GetEntity().GetTableEntry(), u)
		_, err := r.Write(ctx, req)
		return details(t, err)[0].Message
	}
	for _, c := range []struct {
		want   string
		change func(e *bfrt.TableEntry, u *bfrt.Update)
	}{
		{"no table has this id (", func(e *bfrt.TableEntry, _ *bfrt.Update) { e.TableId = 5 }},
		{"pipe.Ig.forward: invalid arguments: no key field has id 9 (key fields: hdr.eth.dst)", func(e *bfrt.TableEntry, _ *bfrt.Update) { e.GetKey().Fields[0].FieldId = 9 }},
		{"key field hdr.eth.dst is given as a range, but its match is Exact", func(e *bfrt.TableEntry, _ *bfrt.Update) {
			e.GetKey().Fields[0].MatchType = &bfrt.KeyField_Range_{Range: &bfrt.KeyField_Range{}}
		}},
		{"key field hdr.eth.dst has no value (match: Exact)", func(e *bfrt.TableEntry, _ *bfrt.Update) { e.GetKey().Fields[0].MatchType = nil }},
		{"no action has id 0x3 (actions: Ig.send, Ig.learn, Ig.discard)", func(e *bfrt.TableEntry, _ *bfrt.Update) { e.Data.ActionId = 3 }},
		{"no data field has id 2 (data fields: port, $COUNTER_SPEC_BYTES, $COUNTER_SPEC_PKTS, $ENTRY_HIT_STATE, $ENTRY_TTL)", func(e *bfrt.TableEntry, _ *bfrt.Update) { e.Data.Fields[0].FieldId = 2 }},
		{"data field port is given a bool, want a number", func(e *bfrt.TableEntry, _ *bfrt.Update) {
			e.Data.Fields[0].Value = &bfrt.DataField_BoolVal{BoolVal: true}
		}},
		{"parameter port 0x0200 does not fit in 9 bits", func(e *bfrt.TableEntry, _ *bfrt.Update) {
			e.Data.Fields[0].Value = &bfrt.DataField_Stream{Stream: []byte{2, 0}}
		}},
		{"update type UNSPECIFIED (types: INSERT, MODIFY, MODIFY_INC, DELETE, INSERT_OR_MODIFY, RESET)", func(_ *bfrt.TableEntry, u *bfrt.Update) { u.Type = 0 }},
		{"Table Entry modify failed table:pipe.Ig.forward: modify pipe.Ig.forward: object not found: no entry with this key", func(_ *bfrt.TableEntry, u *bfrt.Update) { u.Type = bfrt.Update_MODIFY }},
	} {
		require.Contains(t, one(c.change), c.want)
	}
}

// TestReads names bfrt.md section 6.
func TestReads(t *testing.T) {
	s := newServed(t)
	r, ctx := rawClient(t, s.at), bounded(t)
	_, err := r.Write(ctx, insert(s.client, 0, 1, 2))
	require.NoError(t, err)
	spec, err := s.client.Schema().Find("forward")
	require.NoError(t, err)
	read := func(e ...*bfrt.Entity) ([]*bfrt.Entity, error) {
		st, err := r.Read(ctx, &bfrt.ReadRequest{P4Name: "suite", ClientId: 77, Target: everywhere, Entities: e})
		require.NoError(t, err)
		m, err := st.Recv()
		if err != nil {
			return nil, err
		}
		_, end := st.Recv()
		if code := status.Code(end); code != codes.OK && code != codes.Unknown {
			t.Fatal(end)
		}
		return m.Entities, end
	}
	entry := func(e *bfrt.TableEntry) *bfrt.Entity {
		e.TableId = spec.ID
		return &bfrt.Entity{Entity: &bfrt.Entity_TableEntry{TableEntry: e}}
	}
	got, _ := read(entry(&bfrt.TableEntry{}))
	require.Len(t, got, 3, "every entry, then the default")
	require.True(t, got[2].GetTableEntry().IsDefaultEntry)
	got, _ = read(entry(&bfrt.TableEntry{IsDefaultEntry: true}))
	require.Len(t, got, 1)
	key := insert(s.client, 0, 2).Updates[0].GetEntity().GetTableEntry().GetKey()
	got, _ = read(&bfrt.Entity{Entity: &bfrt.Entity_Handle{Handle: &bfrt.HandleId{TableId: spec.ID, Value: &bfrt.HandleId_Key{Key: key}}}})
	handle := got[0].GetHandle().GetHandleId()
	got, _ = read(entry(&bfrt.TableEntry{Value: &bfrt.TableEntry_HandleId{HandleId: handle}, TableFlags: &bfrt.TableFlags{KeyOnly: true}}))
	require.Equal(t, key.Fields[0].GetExact().Value, got[0].GetTableEntry().GetKey().Fields[0].GetExact().Value)
	require.Equal(t, uint32(0xffff), got[0].GetTableEntry().GetEntryTgt().GetPipeId(), "who asks for the key of a handle is told its scope")
	got, _ = read(entry(&bfrt.TableEntry{Value: &bfrt.TableEntry_Key{Key: key}, Data: &bfrt.TableData{Fields: []*bfrt.DataField{{FieldId: 65554}}}}))
	require.Len(t, got[0].GetTableEntry().GetData().Fields, 1, "only the field that was asked for")
	got, _ = read(&bfrt.Entity{Entity: &bfrt.Entity_ObjectId{ObjectId: &bfrt.ObjectId{Object: &bfrt.ObjectId_TableObject_{
		TableObject: &bfrt.ObjectId_TableObject{TableName: "forward", Names: &bfrt.ObjectId_TableObject_ActionName{ActionName: &bfrt.ObjectId_ActionName{Action: "send"}}}}}}})
	require.Equal(t, spec.Actions[0].ID, got[0].GetObjectId().Id)
	_, err = read(&bfrt.Entity{}, entry(&bfrt.TableEntry{IsDefaultEntry: true}))
	items := details(t, err)
	require.Equal(t, int32(codes.InvalidArgument), items[0].CanonicalCode)
	require.Equal(t, int32(codes.OK), items[1].CanonicalCode, "the others are read")
}

// TestNotifications: digests, idle entries and ports, from the packet path to a
// client.
func TestNotifications(t *testing.T) {
	s := newServed(t)
	ctx := bounded(t)
	got := make(chan tables.Notification, 100)
	defer s.client.Subscribe(func(n tables.Notification) { got <- n })()
	next := func() tables.Notification {
		select {
		case n := <-got:
			return n
		case <-ctx.Done():
			t.Fatal("nothing was told")
			return tables.Notification{}
		}
	}
	port := tables.TableEntry{Table: "$PORT", Key: []tables.KeyField{{Name: "$DEV_PORT", Value: []byte{5}}},
		Data: []tables.DataField{{Name: "$SPEED", Value: "BF_SPEED_10G"}, {Name: "$FEC", Value: "BF_FEC_TYP_NONE"}, {Name: "$PORT_ENABLE", Value: true}}}
	require.NoError(t, s.client.SetAttribute(ctx, tables.AllPipes, "$PORT", "port_status_notif_cb", []tables.DataField{{Name: "enable", Value: true}}))
	require.NoError(t, s.client.Write(ctx, tables.AllPipes, []tables.Update{{Op: tables.Insert, Entry: port}}, tables.ContinueOnError))
	require.Equal(t, &tables.PortChange{Port: 5, Up: true}, next().Port)

	frame := make([]byte, 64)
	copy(frame[6:], []byte{0, 1, 2, 3, 4, 5})
	s.sw.Process([]model.Frame{{Port: 5, Data: frame}})
	require.NoError(t, s.sw.Advance(int64(time.Millisecond)))
	d := next().Digest
	require.NotNil(t, d)
	require.Equal(t, []byte{0, 1, 2, 3, 4, 5}, d.Entries[0][0].Value)

	idle := []tables.DataField{{Name: "enable", Value: true}, {Name: "idle_table_mode", Value: "NOTIFY_MODE"},
		{Name: "ttl_query_interval", Value: []byte{0, 0, 0, 100}}, {Name: "max_ttl", Value: []byte{0, 0, 0x10, 0}}, {Name: "min_ttl", Value: []byte{0, 0, 0, 100}}}
	require.NoError(t, s.client.SetAttribute(ctx, tables.AllPipes, "forward", "IdleTimeout", idle))
	e := tables.TableEntry{Table: "forward", Key: []tables.KeyField{{Name: "dst", Value: []byte{9}}}, Action: "Ig.discard",
		Data: []tables.DataField{{Name: "$ENTRY_TTL", Value: []byte{0, 0, 0, 200}}}}
	require.NoError(t, s.client.Write(ctx, tables.AllPipes, []tables.Update{{Op: tables.Insert, Entry: e}}, tables.ContinueOnError))
	require.NoError(t, s.sw.Advance(int64(time.Second)))
	n := next()
	require.NotNil(t, n.Idle)
	require.False(t, n.Idle.Active)
	require.Equal(t, []byte{0, 0, 0, 0, 0, 9}, n.Idle.Entry.Key[0].Value)
}

// loadable is a device whose programs change when it is told to.
type loadable struct {
	t    *testing.T
	list []*agent.Program
	next []*agent.Program
	ends int
}

func (d *loadable) Programs() []*agent.Program { return d.list }
func (d *loadable) Verify(_ context.Context, l *agent.Load) error {
	if string(l.Programs[0].Profiles[0].Binary) == "wrong" {
		return fmt.Errorf("%w: this binary is wrong", tables.ErrInvalid)
	}
	return nil
}

func (d *loadable) Begin(_ context.Context, l *agent.Load) error {
	for _, p := range l.Programs {
		d.next = append(d.next, &agent.Program{Name: p.Name, API: newSwitch(d.t).API()})
	}
	d.list = d.next
	return nil
}

func (d *loadable) End(context.Context) error { d.ends++; return nil }

// TestPrograms names bfrt.md section 3, warm init.
func TestPrograms(t *testing.T) {
	dev := &loadable{t: t, list: []*agent.Program{{Name: "old", API: newSwitch(t).API()}, {Name: "kept", API: newSwitch(t).API()}}}
	server, at := serve(t, dev, agent.Config{})
	r, ctx := rawClient(t, at), bounded(t)
	gone, _ := r.subscribe(ctx, 1)
	require.Equal(t, codes.OK, r.bind(ctx, 1, "old"))
	stays, _ := r.subscribe(ctx, 2)
	require.Equal(t, codes.OK, r.bind(ctx, 2, "kept"))
	set := func(a bfrt.SetForwardingPipelineConfigRequest_Action, binary string, names ...string) error {
		req := &bfrt.SetForwardingPipelineConfigRequest{ClientId: 2, Action: a}
		for _, n := range names {
			req.Config = append(req.Config, &bfrt.ForwardingPipelineConfig{P4Name: n, BfruntimeInfo: []byte("{}"),
				Profiles: []*bfrt.ForwardingPipelineConfig_Profile{{ProfileName: "pipe", Context: []byte("{}"), Binary: []byte(binary)}}})
		}
		_, err := r.SetForwardingPipelineConfig(ctx, req)
		return err
	}
	require.ErrorContains(t, set(bfrt.SetForwardingPipelineConfigRequest_VERIFY, "x"), "no config given")
	require.ErrorContains(t, set(bfrt.SetForwardingPipelineConfigRequest_VERIFY, "wrong", "new"), "this binary is wrong")
	require.ErrorContains(t, set(bfrt.SetForwardingPipelineConfigRequest_VERIFY, "", "new"), "lacks its profile_name, context or binary")
	require.ErrorContains(t, set(bfrt.SetForwardingPipelineConfigRequest_VERIFY, "x", "new", "new"), "program new is given twice")
	require.Equal(t, codes.Unimplemented, status.Code(set(bfrt.SetForwardingPipelineConfigRequest_RECONCILE_AND_WARM_INIT_END, "x", "new")))
	require.ErrorContains(t, set(bfrt.SetForwardingPipelineConfigRequest_WARM_INIT_END, "x", "new"), "WARM_INIT_END takes no config")
	require.Zero(t, dev.ends)
	require.NoError(t, set(bfrt.SetForwardingPipelineConfigRequest_VERIFY_AND_WARM_INIT_BEGIN_AND_END, "x", "new", "kept"))
	require.Equal(t, 1, dev.ends)
	for _, want := range []bfrt.SetForwardingPipelineConfigResponseType{bfrt.SetForwardingPipelineConfigResponseType_WARM_INIT_STARTED, bfrt.SetForwardingPipelineConfigResponseType_WARM_INIT_FINISHED} {
		m, err := stays.Recv()
		require.NoError(t, err)
		require.Equal(t, want, m.GetSetForwardingPipelineConfigResponse().GetSetForwardingPipelineConfigResponseType())
	}
	var err error
	for err == nil {
		_, err = gone.Recv()
	}
	require.Equal(t, codes.Canceled, status.Code(err), "the client of a program that is gone loses its session")
	require.Eventually(t, func() bool { return server.Counts().Sessions == 1 }, 10*time.Second, 10*time.Millisecond)
	conf, err := r.GetForwardingPipelineConfig(ctx, &bfrt.GetForwardingPipelineConfigRequest{})
	require.NoError(t, err)
	require.Equal(t, "new", conf.Config[0].P4Name)
	require.NotEmpty(t, conf.NonP4Config.BfruntimeInfo)
	_, err = agent.Programs{{Name: "x", API: newSwitch(t).API()}}.Programs(), agent.Programs{}.Begin(ctx, nil)
	require.ErrorIs(t, err, tables.ErrNotSupported)
}

// TestListen: without TLS only the loopback is served, unless asked for.
func TestListen(t *testing.T) {
	dev := agent.Programs{{Name: "suite", API: newSwitch(t).API()}}
	_, err := agent.NewServer(dev, agent.Config{}).Listen("0.0.0.0:0")
	require.ErrorContains(t, err, "without TLS only a loopback address is served")
	l, err := agent.NewServer(dev, agent.Config{Plaintext: true}).Listen("0.0.0.0:0")
	require.NoError(t, err)
	l.Close()
	_, err = agent.NewServer(dev, agent.Config{}).Listen("nowhere")
	require.ErrorContains(t, err, "listen for controllers")
}

// TestClientComesBack: a switch that ends and comes again is found again, and is
// asked again for what it tells.
func TestClientComesBack(t *testing.T) {
	sw := newSwitch(t)
	dev := agent.Programs{{Name: "suite", API: sw.API()}}
	first := agent.NewServer(dev, agent.Config{})
	l, err := first.Listen("127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- first.Serve(l) }()
	c := dial(t, agent.ClientConfig{Address: l.Addr().String(), Timeout: 5 * time.Second})
	ctx := bounded(t)
	ports := make(chan tables.PortChange, 10)
	defer c.Subscribe(func(n tables.Notification) {
		if n.Port != nil {
			ports <- *n.Port
		}
	})()
	require.NoError(t, c.SetAttribute(ctx, tables.AllPipes, "$PORT", "port_status_notif_cb", []tables.DataField{{Name: "enable", Value: true}}))
	first.Close()
	require.NoError(t, <-done)
	require.Eventually(t, func() bool {
		_, err := c.Usage(ctx, tables.AllPipes, "forward")
		return errors.Is(err, agent.ErrAway)
	}, 10*time.Second, time.Millisecond)

	second := agent.NewServer(dev, agent.Config{})
	l2, err := second.Listen(l.Addr().String())
	require.NoError(t, err)
	serveOn(t, second, l2)
	require.Eventually(t, func() bool {
		_, err := c.Usage(ctx, tables.AllPipes, "forward")
		return err == nil
	}, 20*time.Second, 10*time.Millisecond)
	port := tables.TableEntry{Table: "$PORT", Key: []tables.KeyField{{Name: "$DEV_PORT", Value: []byte{6}}},
		Data: []tables.DataField{{Name: "$SPEED", Value: "BF_SPEED_10G"}, {Name: "$FEC", Value: "BF_FEC_TYP_NONE"}, {Name: "$PORT_ENABLE", Value: true}}}
	require.NoError(t, c.Write(ctx, tables.AllPipes, []tables.Update{{Op: tables.Insert, Entry: port}}, tables.ContinueOnError))
	select {
	case p := <-ports:
		require.Equal(t, tables.PortChange{Port: 6, Up: true}, p)
	case <-ctx.Done():
		t.Fatal("the new session was not asked to tell of ports")
	}
}

// TestDialSaysWhy: what a switch refuses is said at once, and one that is not
// there when the caller's patience ends.
func TestDialSaysWhy(t *testing.T) {
	_, at := serve(t, agent.Programs{{Name: "suite", API: newSwitch(t).API()}}, agent.Config{})
	_, err := agent.Dial(bounded(t), agent.ClientConfig{Address: at, Program: "other"})
	require.ErrorContains(t, err, `it has no program "other" (programs: suite)`)
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	_, err = agent.Dial(ctx, agent.ClientConfig{Address: "127.0.0.1:1"})
	require.ErrorIs(t, err, agent.ErrAway)
	owner := dial(t, agent.ClientConfig{Address: at})
	_, err = agent.Dial(bounded(t), agent.ClientConfig{Address: at, ID: 5})
	require.ErrorContains(t, err, "client 0 owns program suite")
	beside := dial(t, agent.ClientConfig{Address: at, Unbound: true})
	require.Equal(t, owner.Program(), beside.Program())
	_, err = beside.Usage(bounded(t), tables.AllPipes, "forward")
	require.NoError(t, err)
}

// TestRollbackOfAttributesIsRefused: what cannot be taken back is not begun.
func TestRollbackOfAttributesIsRefused(t *testing.T) {
	s := newServed(t)
	r, ctx := rawClient(t, s.at), bounded(t)
	req := insert(s.client, bfrt.WriteRequest_ROLLBACK_ON_ERROR, 1)
	spec, err := s.client.Schema().Find("forward")
	require.NoError(t, err)
	req.Updates = append(req.Updates, &bfrt.Update{Type: bfrt.Update_INSERT, Entity: &bfrt.Entity{Entity: &bfrt.Entity_TableAttribute{
		TableAttribute: &bfrt.TableAttribute{TableId: spec.ID, Attribute: &bfrt.TableAttribute_IdleTable{IdleTable: &bfrt.IdleTable{}}}}}})
	_, err = r.Write(ctx, req)
	require.Equal(t, codes.Unimplemented, status.Code(err))
	require.ErrorContains(t, err, "update 1: an attribute or operation cannot be rolled back with other updates")
	n, err := s.client.Usage(ctx, tables.AllPipes, "forward")
	require.NoError(t, err)
	require.Zero(t, n)
}
