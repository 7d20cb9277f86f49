package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	"gofino/agent/bfrt"
	"gofino/tables"
)

// opNames are how errors call operations, as those of a switch in memory do.
func opName(u *tables.Update) string {
	switch u.Op {
	case tables.Insert:
		return "add"
	case tables.Modify:
		if u.Entry.Default {
			return "set default of"
		}
		return "modify"
	case tables.InsertOrModify:
		return "add or modify"
	case tables.ModifyInc:
		return "modify incrementally"
	case tables.Delete:
		switch {
		case u.Entry.Default:
			return "reset default of"
		case len(u.Entry.Key) == 0:
			return "clear"
		}
		return "delete"
	case tables.Reset:
		return "reset"
	}
	return fmt.Sprintf("operation %d on", u.Op)
}

// Write applies the updates in order. A long batch that may be applied in part
// goes in several requests, one being made while the last is under way.
func (c *Client) Write(ctx context.Context, t tables.Target, updates []tables.Update, a tables.Atomicity) error {
	ctx, cancel, codec, err := c.begin(ctx, "write", c.Program())
	if err != nil {
		return err
	}
	defer cancel()
	errs := make([]error, 0, len(updates))
	var under chan []error // the request that is under way
	finish := func() error {
		if under == nil {
			return nil
		}
		got := <-under
		under = nil
		if len(got) == 1 && isCall(got[0]) {
			return got[0].(*callFailed).err
		}
		errs = append(errs, got...)
		return nil
	}
	size := len(updates)
	if a == tables.ContinueOnError {
		size = c.conf.Batch
	}
	for at := 0; at < len(updates); at += size {
		part := updates[at:min(at+size, len(updates))]
		req, bad := c.request(codec, t, part, a)
		if err := finish(); err != nil {
			return err
		}
		under = make(chan []error, 1)
		go func(to chan<- []error) { to <- c.send(ctx, req, part, bad) }(under)
	}
	if err := finish(); err != nil {
		return err
	}
	failed := false
	for _, err := range errs {
		failed = failed || err != nil
	}
	if !failed {
		return nil
	}
	return &tables.BatchError{Errs: errs, RolledBack: a == tables.RollbackOnError}
}

// callFailed is the error of a request as a whole.
type callFailed struct{ err error }

func (e *callFailed) Error() string { return e.err.Error() }

func isCall(err error) bool {
	var f *callFailed
	return errors.As(err, &f)
}

// request is a request for updates. What cannot be encoded stands in bad, by
// index; the switch gets an update there that it refuses.
func (c *Client) request(codec *codec, t tables.Target, part []tables.Update, a tables.Atomicity) (*bfrt.WriteRequest, map[int]error) {
	req := &bfrt.WriteRequest{
		ClientId: c.conf.ID, P4Name: c.program(), Target: encodeTarget(c.conf.Device, t),
		Updates: make([]*bfrt.Update, 0, len(part)),
	}
	if a == tables.RollbackOnError {
		req.Atomicity = bfrt.WriteRequest_ROLLBACK_ON_ERROR
	}
	var bad map[int]error
	for i := range part {
		u, err := codec.encodeUpdate(&part[i])
		if err != nil {
			if bad == nil {
				bad = map[int]error{}
			}
			bad[i] = renamed(err, opName(&part[i]))
			u = &bfrt.Update{Entity: &bfrt.Entity{Entity: &bfrt.Entity_TableEntry{TableEntry: &bfrt.TableEntry{}}}}
		} else if at := part[i].At; at != nil {
			u.Entity.GetTableEntry().EntryTgt = encodeTarget(c.conf.Device, *at)
		}
		req.Updates = append(req.Updates, u)
	}
	return req, bad
}

// renamed gives an error the operation that it is about.
func renamed(err error, op string) error {
	var e *tables.Error
	if !errors.As(err, &e) {
		return err
	}
	r := *e
	r.Op = op
	return &r
}

// send sends a request: an error for each update that was tried, or one
// callFailed.
func (c *Client) send(ctx context.Context, req *bfrt.WriteRequest, part []tables.Update, bad map[int]error) []error {
	pairs := []string{metaErrorInResp, "1"}
	for i := range part {
		if part[i].IgnoreMissing {
			pairs = append(pairs, metaIgnoreNotFound, "1")
			break
		}
	}
	resp, err := c.stub.Write(metadata.AppendToOutgoingContext(ctx, pairs...), req)
	items := resp.GetStatus()
	if err != nil {
		if items = statusItems(err); items == nil {
			return []error{&callFailed{fmt.Errorf("write: switch %s: %w", c.conf.Address, c.callError(err))}}
		}
	}
	out := make([]error, 0, len(part))
	for i := range part {
		if i >= len(items) && (err != nil || len(items) > 0) {
			break // not tried
		}
		if bad[i] != nil {
			out = append(out, bad[i])
			continue
		}
		out = append(out, c.outcome(&part[i], items, i))
	}
	return out
}

// outcome notes what an item says of its update.
func (c *Client) outcome(u *tables.Update, items []*bfrt.Error, i int) error {
	u.Existed, u.Missing = false, false
	if i >= len(items) {
		return nil
	}
	e := items[i]
	if e.GetCanonicalCode() != int32(codes.OK) {
		table := u.Entry.Table
		c.mu.Lock()
		if t, err := c.codec.named(table); err == nil {
			table = t.spec.Name
		}
		c.mu.Unlock()
		return itemError(e, opName(u), table)
	}
	u.Existed = u.Op == tables.InsertOrModify && e.GetCode() == int32(codes.AlreadyExists)
	u.Missing = u.Op == tables.Delete && e.GetCode() == int32(codes.NotFound)
	return nil
}

// read asks for one entity and yields what comes.
func (c *Client) read(ctx context.Context, t tables.Target, entity *bfrt.Entity, op, table string) iter.Seq2[*bfrt.Entity, error] {
	return func(yield func(*bfrt.Entity, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		stream, err := c.stub.Read(ctx, &bfrt.ReadRequest{
			ClientId: c.conf.ID, P4Name: c.program(), Target: encodeTarget(c.conf.Device, t), Entities: []*bfrt.Entity{entity},
		})
		for err == nil {
			var m *bfrt.ReadResponse
			if m, err = stream.Recv(); err != nil {
				break
			}
			for _, e := range m.GetEntities() {
				if !yield(e, nil) {
					return
				}
			}
		}
		if errors.Is(err, io.EOF) {
			return
		}
		for _, e := range statusItems(err) {
			if e.GetCanonicalCode() != int32(codes.OK) {
				yield(nil, itemError(e, op, table))
				return
			}
		}
		yield(nil, fmt.Errorf("%s %s: switch %s: %w", op, table, c.conf.Address, c.callError(err)))
	}
}

// one is the only answer to a read; missing where there is none.
func (c *Client) one(ctx context.Context, t tables.Target, entity *bfrt.Entity, op, table string) (*bfrt.Entity, error) {
	for e, err := range c.read(ctx, t, entity, op, table) {
		return e, err
	}
	return nil, &tables.Error{Op: op, Table: table, Err: tables.ErrNotFound, Detail: "the switch answers nothing"}
}

// Read yields entries; it stops at the first error. Entries have a handle where
// one is asked for, and where the query is for the key only of one entry.
func (c *Client) Read(ctx context.Context, t tables.Target, q tables.Query) iter.Seq2[*tables.TableEntry, error] {
	return func(yield func(*tables.TableEntry, error) bool) {
		ctx, cancel, codec, err := c.begin(ctx, "read", q.Table)
		if err != nil {
			yield(nil, err)
			return
		}
		defer cancel()
		e, table, err := codec.encodeQuery(&q)
		if err != nil {
			yield(nil, renamed(err, "read"))
			return
		}
		if q.KeyOnly && len(q.Key) > 0 {
			yield(c.readHandle(ctx, t, table, e, &q))
			return
		}
		if t == tables.AllPipes {
			e.EntryTgt = encodeTarget(c.conf.Device, t) // to be told each entry's scope
		}
		for got, err := range c.read(ctx, t, &bfrt.Entity{Entity: &bfrt.Entity_TableEntry{TableEntry: e}}, "read", table.spec.Name) {
			if err != nil {
				yield(nil, err)
				return
			}
			entry, err := table.decodeEntry(got.GetTableEntry())
			if err == nil && q.Handle != 0 {
				entry.Handle = q.Handle
			}
			if !yield(entry, err) || err != nil {
				return
			}
		}
	}
}

// readHandle reads the handle of the entry with a key.
func (c *Client) readHandle(ctx context.Context, t tables.Target, table *tableCodec, e *bfrt.TableEntry, q *tables.Query) (*tables.TableEntry, error) {
	h := &bfrt.HandleId{TableId: table.spec.ID, Value: &bfrt.HandleId_Key{Key: e.GetKey()}}
	got, err := c.one(ctx, t, &bfrt.Entity{Entity: &bfrt.Entity_Handle{Handle: h}}, "read", table.spec.Name)
	if err != nil {
		return nil, err
	}
	return &tables.TableEntry{Table: table.spec.Name, Key: q.Key, Handle: got.GetHandle().GetHandleId()}, nil
}

// Usage is the number of entries in a table.
func (c *Client) Usage(ctx context.Context, t tables.Target, table string) (int, error) {
	const op = "count"
	ctx, cancel, codec, err := c.begin(ctx, op, table)
	if err != nil {
		return 0, err
	}
	defer cancel()
	tb, err := codec.named(table)
	if err != nil {
		return 0, renamed(err, op)
	}
	u := &bfrt.TableUsage{TableId: tb.spec.ID, TableFlags: &bfrt.TableFlags{FromHw: true}}
	got, err := c.one(ctx, t, &bfrt.Entity{Entity: &bfrt.Entity_TableUsage{TableUsage: u}}, op, tb.spec.Name)
	if err != nil {
		return 0, err
	}
	return int(got.GetTableUsage().GetUsage()), nil
}

// single sends one update that is not of an entry.
func (c *Client) single(ctx context.Context, t tables.Target, u *bfrt.Update, op, table string) error {
	req := &bfrt.WriteRequest{
		ClientId: c.conf.ID, P4Name: c.program(), Target: encodeTarget(c.conf.Device, t), Updates: []*bfrt.Update{u},
	}
	_, err := c.stub.Write(ctx, req)
	if err == nil {
		return nil
	}
	if items := statusItems(err); len(items) > 0 {
		return itemError(items[0], op, table)
	}
	return fmt.Errorf("%s %s: switch %s: %w", op, table, c.conf.Address, c.callError(err))
}

// Operation runs a table operation.
func (c *Client) Operation(ctx context.Context, t tables.Target, table, name string) error {
	const op = "operate on"
	ctx, cancel, codec, err := c.begin(ctx, op, table)
	if err != nil {
		return err
	}
	defer cancel()
	tb, err := codec.named(table)
	if err != nil {
		return renamed(err, op)
	}
	o := &bfrt.TableOperation{TableId: tb.spec.ID, TableOperationsType: name}
	u := &bfrt.Update{Type: bfrt.Update_INSERT, Entity: &bfrt.Entity{Entity: &bfrt.Entity_TableOperation{TableOperation: o}}}
	return c.single(ctx, t, u, op, tb.spec.Name)
}

// Attribute reads an attribute of a table.
func (c *Client) Attribute(ctx context.Context, t tables.Target, table, name string) ([]tables.DataField, error) {
	const op = "read attribute of"
	ctx, cancel, codec, err := c.begin(ctx, op, table)
	if err != nil {
		return nil, err
	}
	defer cancel()
	tb, err := codec.named(table)
	if err != nil {
		return nil, renamed(err, op)
	}
	a, err := tb.encodeAttribute(name, nil)
	if err != nil {
		return nil, noAttribute(op, tb, name)
	}
	got, err := c.one(ctx, t, &bfrt.Entity{Entity: &bfrt.Entity_TableAttribute{TableAttribute: a}}, op, tb.spec.Name)
	if err != nil {
		return nil, err
	}
	_, data, err := tb.decodeAttribute(got.GetTableAttribute())
	return data, err
}

func noAttribute(op string, t *tableCodec, name string) error {
	return &tables.Error{Op: op, Table: t.spec.Name, Err: tables.ErrNotSupported,
		Detail: fmt.Sprintf("no attribute %q (attributes: %s)", name, names(t.spec.Attributes))}
}

func attributeUpdate(codec *codec, table, name string, data []tables.DataField) (*bfrt.Update, error) {
	tb, err := codec.named(table)
	if err != nil {
		return nil, err
	}
	a, err := tb.encodeAttribute(name, data)
	if err != nil {
		return nil, noAttribute("set attribute of", tb, name)
	}
	return &bfrt.Update{Type: bfrt.Update_INSERT, Entity: &bfrt.Entity{Entity: &bfrt.Entity_TableAttribute{TableAttribute: a}}}, nil
}

// SetAttribute writes an attribute of a table.
func (c *Client) SetAttribute(ctx context.Context, t tables.Target, table, name string, data []tables.DataField) error {
	const op = "set attribute of"
	ctx, cancel, codec, err := c.begin(ctx, op, table)
	if err != nil {
		return err
	}
	defer cancel()
	u, err := attributeUpdate(codec, table, name, data)
	if err != nil {
		return renamed(err, op)
	}
	tb, err := codec.named(table)
	if err != nil {
		return renamed(err, op)
	}
	if err := c.single(ctx, t, u, op, tb.spec.Name); err != nil {
		return err
	}
	if name == attrPortStatus || name == attrSelectorUpdate {
		c.mu.Lock()
		c.asked[[2]string{tb.spec.Name, name}] = data
		c.mu.Unlock()
	}
	return nil
}
