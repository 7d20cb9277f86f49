package agent

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"gofino/agent/bfrt"
	"gofino/tables"
)

// Write applies updates in order.
func (s *Server) Write(ctx context.Context, req *bfrt.WriteRequest) (*bfrt.WriteResponse, error) {
	done, err := s.use()
	if err != nil {
		return nil, err
	}
	defer done()
	if err := s.device(req.GetTarget().GetDeviceId()); err != nil {
		return nil, err
	}
	p, err := s.programOf(req.GetClientId(), req.GetP4Name())
	if err != nil {
		return nil, err
	}
	w := &writer{
		server: s, program: p, client: req.GetClientId(), target: decodeTarget(req.GetTarget()),
		ignoreMissing: said(ctx, metaIgnoreNotFound), inResponse: said(ctx, metaErrorInResp),
		response: &bfrt.WriteResponse{},
	}
	switch req.GetAtomicity() {
	case bfrt.WriteRequest_CONTINUE_ON_ERROR:
	case bfrt.WriteRequest_ROLLBACK_ON_ERROR:
		w.rollback = true
		if err := onlyEntries(req.GetUpdates()); err != nil {
			return nil, err
		}
	default:
		return nil, status.Errorf(codes.Unimplemented, "atomicity %s is not supported (there are: CONTINUE_ON_ERROR, ROLLBACK_ON_ERROR)", req.GetAtomicity())
	}
	ctx, cancel := s.deadlineOf(ctx)
	defer cancel()
	if err := w.all(ctx, req.GetUpdates()); err != nil {
		return nil, err
	}
	return w.answer()
}

// onlyEntries refuses to roll back what cannot be taken back together with
// entries.
func onlyEntries(updates []*bfrt.Update) error {
	if len(updates) < 2 {
		return nil
	}
	for i, u := range updates {
		switch u.GetEntity().GetEntity().(type) {
		case *bfrt.Entity_TableAttribute, *bfrt.Entity_TableOperation:
			return status.Errorf(codes.Unimplemented,
				"update %d: an attribute or operation cannot be rolled back with other updates: send it alone, or with CONTINUE_ON_ERROR", i)
		}
	}
	return nil
}

// writer is the work of one Write.
type writer struct {
	server        *Server
	program       *program
	client        uint32
	target        tables.Target
	rollback      bool
	ignoreMissing bool
	inResponse    bool
	items         []*bfrt.Error // of the updates so far
	response      *bfrt.WriteResponse
}

// all applies the updates; neighbours that are of entries go together. An error
// means that the whole call failed: time ran out.
func (w *writer) all(ctx context.Context, updates []*bfrt.Update) error {
	w.items = make([]*bfrt.Error, 0, len(updates))
	for i := 0; i < len(updates); {
		n := w.run(updates[i:])
		var err error
		if n == 0 {
			w.add(w.other(ctx, updates[i]), "")
			n = 1
			err = ctx.Err()
		} else {
			err = w.entries(ctx, updates[i:i+n])
		}
		if errors.Is(err, context.DeadlineExceeded) {
			return status.Errorf(codes.DeadlineExceeded, "write: time ran out after %d of %d updates", len(w.items), len(updates))
		}
		if err != nil {
			return status.FromContextError(err).Err()
		}
		if w.rollback && w.failed() {
			return nil
		}
		i += n
	}
	return nil
}

func (w *writer) failed() bool {
	return len(w.items) > 0 && w.items[len(w.items)-1].CanonicalCode != int32(codes.OK)
}

// run is how many updates from the first on are of entries.
func (w *writer) run(updates []*bfrt.Update) int {
	n := 0
	for n < len(updates) && entryOf(updates[n]) != nil {
		n++
	}
	return n
}

// entryOf is the entry that an update is about. A delete about nothing clears
// the table that it does not name, which is refused when it is decoded.
func entryOf(u *bfrt.Update) *bfrt.TableEntry {
	if e := u.GetEntity().GetTableEntry(); e != nil {
		return e
	}
	if u.GetEntity().GetEntity() == nil && u.GetType() == bfrt.Update_DELETE {
		return &bfrt.TableEntry{}
	}
	return nil
}

// entries applies updates of entries as one batch. Those that cannot be decoded
// fail in their place.
func (w *writer) entries(ctx context.Context, updates []*bfrt.Update) error {
	batch := make([]tables.Update, 0, len(updates))
	var bad map[int]error // by index in batch
	for i, u := range updates {
		one, err := w.program.codec.decodeUpdate(u.GetType(), entryOf(u))
		if err != nil {
			if bad == nil {
				bad = map[int]error{}
			}
			bad[i] = err
			one.Op = 0 // which the API refuses, in its place
		}
		one.IgnoreMissing = w.ignoreMissing
		if at := entryOf(u).EntryTgt; at != nil {
			t := decodeTarget(at)
			one.At = &t
		}
		batch = append(batch, one)
		if err != nil && w.rollback {
			break
		}
	}
	atomicity := tables.ContinueOnError
	if w.rollback {
		atomicity = tables.RollbackOnError
	}
	var failed *tables.BatchError
	err := w.program.API.Write(ctx, w.target, batch, atomicity)
	if err != nil && !errors.As(err, &failed) {
		return err
	}
	for i := range batch {
		var one error
		if failed != nil {
			if i >= len(failed.Errs) {
				break
			}
			one = failed.Errs[i]
		}
		if e := bad[i]; e != nil {
			one = e
		}
		w.add(one, opText(&batch[i])+" table:"+batch[i].Entry.Table+": ")
		if one == nil && batch[i].Missing {
			w.items[len(w.items)-1].Code = int32(codes.NotFound)
		}
		if one == nil && batch[i].Existed {
			w.existed()
		}
	}
	w.server.counts.updates.Add(uint64(len(batch)))
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return nil
}

// existed notes that an update found the entry (bfrt.md section 5; the text is
// the chip's server's).
func (w *writer) existed() {
	e := &bfrt.Error{Code: int32(codes.AlreadyExists), Message: "Entry aleady exists, perform MODIFY"}
	if w.inResponse {
		w.items[len(w.items)-1] = e
		return
	}
	w.response.Status = append(w.response.Status, e)
}

// add notes how an update ended.
func (w *writer) add(err error, prefix string) { w.items = append(w.items, errorMessage(err, prefix)) }

// answer is how the call ends. An update that failed fails the call also where
// the client asked for errors in the response: so does the chip's server.
func (w *writer) answer() (*bfrt.WriteResponse, error) {
	if err := batchStatus("Write Error Status", w.items); err != nil {
		return nil, err
	}
	if w.inResponse {
		w.response.Status = w.items
	}
	return w.response, nil
}

// other applies an update that is not of an entry.
func (w *writer) other(ctx context.Context, u *bfrt.Update) error {
	switch e := u.GetEntity().GetEntity().(type) {
	case *bfrt.Entity_TableAttribute:
		return w.attribute(ctx, e.TableAttribute)
	case *bfrt.Entity_TableOperation:
		t, err := w.program.codec.table(e.TableOperation.GetTableId())
		if err != nil {
			return err
		}
		return w.program.API.Operation(ctx, w.target, t.spec.Name, e.TableOperation.GetTableOperationsType())
	case *bfrt.Entity_TableUsage:
		return status.Error(codes.Unimplemented, "the usage of a table can only be read")
	case *bfrt.Entity_ObjectId:
		return status.Error(codes.Unimplemented, "an id can only be read")
	case *bfrt.Entity_Handle:
		return status.Error(codes.Unimplemented, "a handle can only be read")
	}
	return status.Error(codes.Unimplemented, "the update names nothing (entities: table_entry, table_attribute, table_operation)")
}

func (w *writer) attribute(ctx context.Context, a *bfrt.TableAttribute) error {
	t, err := w.program.codec.table(a.GetTableId())
	if err != nil {
		return err
	}
	name, data, err := t.decodeAttribute(a)
	if err != nil {
		return err
	}
	if err := w.program.API.SetAttribute(ctx, w.target, t.spec.Name, name, data); err != nil {
		return err
	}
	if name == attrPortStatus || name == attrSelectorUpdate {
		on, _ := fieldOf(data, "enable").(bool)
		w.server.listen(w.client, name, t.spec.Name, on)
	}
	return nil
}

// listen remembers which client asked for what the device tells.
func (s *Server) listen(client uint32, attribute, table string, on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.sessions[client]
	if c == nil {
		return
	}
	if attribute == attrPortStatus {
		c.ports = on
		return
	}
	c.selectors[table] = on
}
