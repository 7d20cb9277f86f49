package agent

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"gofino/agent/bfrt"
	"gofino/tables"
)

// maxResponse bounds a message of Read, in bytes, and maxEntities in entities:
// a longer answer comes in several, which clients put together. The chip's
// server sends one, of any size.
const (
	maxResponse = 32 << 20
	maxEntities = 1 << 16
)

// Read sends what was asked for.
func (s *Server) Read(req *bfrt.ReadRequest, stream bfrt.BfRuntime_ReadServer) error {
	ctx := stream.Context()
	done, err := s.use()
	if err != nil {
		return err
	}
	defer done()
	if err := s.device(req.GetTarget().GetDeviceId()); err != nil {
		return err
	}
	p, err := s.programOf(req.GetClientId(), req.GetP4Name())
	if err != nil {
		return err
	}
	inResponse := said(ctx, metaErrorInResp)
	ctx, cancel := s.deadlineOf(ctx)
	defer cancel()
	r := &reader{
		server: s, program: p, target: decodeTarget(req.GetTarget()), given: req.GetTarget(),
		stream: stream, out: &bfrt.ReadResponse{},
	}
	var items []*bfrt.Error
	for i, e := range req.GetEntities() {
		err := r.entity(ctx, e)
		if errors.Is(err, errSend) {
			return err
		}
		if ctx.Err() != nil {
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return status.Errorf(codes.DeadlineExceeded, "read: time ran out after %d of %d entities", i, len(req.GetEntities()))
			}
			return status.FromContextError(ctx.Err()).Err()
		}
		items = append(items, errorMessage(err, ""))
	}
	if inResponse {
		r.out.Status = items
		return r.flush()
	}
	if err := r.flush(); err != nil {
		return err
	}
	return batchStatus("Read Error Status", items)
}

// errSend: the client is gone.
var errSend = errors.New("send what was read")

// reader is the work of one Read.
type reader struct {
	server  *Server
	program *program
	target  tables.Target
	given   *bfrt.TargetDevice
	stream  bfrt.BfRuntime_ReadServer
	out     *bfrt.ReadResponse
	size    int // of out, in bytes
}

// flush sends what there is. The answer to a request is at least one message.
func (r *reader) flush() error {
	r.server.counts.entries.Add(uint64(len(r.out.Entities)))
	if err := r.stream.Send(r.out); err != nil {
		return fmt.Errorf("%w: %w", errSend, err)
	}
	r.out, r.size = &bfrt.ReadResponse{}, 0
	return nil
}

func (r *reader) add(e *bfrt.Entity) error {
	n := proto.Size(e)
	if len(r.out.Entities) > 0 && (r.size+n > maxResponse || len(r.out.Entities) >= maxEntities) {
		if err := r.flush(); err != nil {
			return err
		}
	}
	r.out.Entities = append(r.out.Entities, e)
	r.size += n
	return nil
}

func (r *reader) entity(ctx context.Context, e *bfrt.Entity) error {
	switch e := e.GetEntity().(type) {
	case *bfrt.Entity_TableEntry:
		return r.entries(ctx, e.TableEntry)
	case *bfrt.Entity_TableUsage:
		return r.usage(ctx, e.TableUsage)
	case *bfrt.Entity_TableAttribute:
		return r.attribute(ctx, e.TableAttribute)
	case *bfrt.Entity_Handle:
		return r.handle(ctx, e.Handle)
	case *bfrt.Entity_ObjectId:
		return r.objectID(e.ObjectId)
	case *bfrt.Entity_TableOperation:
		return status.Error(codes.Unimplemented, "an operation can only be written")
	}
	return status.Error(codes.InvalidArgument, "the request names nothing (entities: table_entry, table_usage, table_attribute, object_id, handle)")
}

func (r *reader) entries(ctx context.Context, e *bfrt.TableEntry) error {
	q, t, err := r.program.codec.decodeQuery(e)
	if err != nil {
		return err
	}
	target := r.target
	if e.EntryTgt != nil {
		target = decodeTarget(e.EntryTgt)
	}
	all := !q.Default && len(q.Key) == 0 && q.Handle == 0
	for got, err := range r.program.API.Read(ctx, target, q) {
		if err != nil {
			if q.Default && (errors.Is(err, tables.ErrNotSupported) || errors.Is(err, tables.ErrNotFound)) {
				return nil // a table without a default entry: nothing, quietly
			}
			return err
		}
		if all && q.Action != "" && got.Action != q.Action {
			continue
		}
		out, err := t.encodeEntry(got)
		if err != nil {
			return err
		}
		// Clients tell entries without a key from no entries by their data.
		if out.Value == nil && len(t.spec.Key) == 0 {
			out.IsDefaultEntry = q.Default || got.Default
		}
		if q.Handle != 0 {
			out.IsDefaultEntry = false // as any entry that was asked for
		}
		if out.Data == nil && !q.KeyOnly {
			out.Data = &bfrt.TableData{}
		}
		// Who asks for the key of a handle is told where the entry is, too.
		if e.EntryTgt != nil || q.KeyOnly && q.Handle != 0 {
			out.EntryTgt = encodeTarget(r.server.conf.Device, target)
			if got.Scope != (tables.Target{}) {
				out.EntryTgt = encodeTarget(r.server.conf.Device, got.Scope)
			}
		}
		if err := r.add(&bfrt.Entity{Entity: &bfrt.Entity_TableEntry{TableEntry: out}}); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) usage(ctx context.Context, u *bfrt.TableUsage) error {
	t, err := r.program.codec.table(u.GetTableId())
	if err != nil {
		return err
	}
	n, err := r.program.API.Usage(ctx, r.target, t.spec.Name)
	if err != nil {
		return err
	}
	return r.add(&bfrt.Entity{Entity: &bfrt.Entity_TableUsage{TableUsage: &bfrt.TableUsage{TableId: t.spec.ID, Usage: uint32(n)}}})
}

func (r *reader) attribute(ctx context.Context, a *bfrt.TableAttribute) error {
	t, err := r.program.codec.table(a.GetTableId())
	if err != nil {
		return err
	}
	name, err := t.attributeName(a)
	if err != nil {
		return err
	}
	data, err := r.program.API.Attribute(ctx, r.target, t.spec.Name, name)
	if err != nil {
		return err
	}
	out, err := t.encodeAttribute(name, data)
	if err != nil {
		return err
	}
	return r.add(&bfrt.Entity{Entity: &bfrt.Entity_TableAttribute{TableAttribute: out}})
}

// handle reads the handle of the entry with a key.
func (r *reader) handle(ctx context.Context, h *bfrt.HandleId) error {
	t, err := r.program.codec.table(h.GetTableId())
	if err != nil {
		return err
	}
	key, err := t.decodeKey(h.GetKey())
	if err != nil {
		return err
	}
	if len(key) == 0 {
		return t.invalid("a handle is read by a key (key fields: %s)", t.keyNames())
	}
	for e, err := range r.program.API.Read(ctx, r.target, tables.Query{Table: t.spec.Name, Key: key, KeyOnly: true}) {
		if err != nil {
			return err
		}
		out := &bfrt.HandleId{TableId: t.spec.ID, Value: &bfrt.HandleId_HandleId{HandleId: e.Handle}}
		return r.add(&bfrt.Entity{Entity: &bfrt.Entity_Handle{Handle: out}})
	}
	return &tables.Error{Op: "read handle of", Table: t.spec.Name, Err: tables.ErrNotFound, Detail: "no entry with this key"}
}

// objectID answers which id a name has.
func (r *reader) objectID(o *bfrt.ObjectId) error {
	id, err := r.program.codec.id(o)
	if err != nil {
		return err
	}
	out := &bfrt.ObjectId{Object: o.Object, Id: id}
	return r.add(&bfrt.Entity{Entity: &bfrt.Entity_ObjectId{ObjectId: out}})
}

func (c *codec) id(o *bfrt.ObjectId) (uint32, error) {
	switch v := o.GetObject().(type) {
	case *bfrt.ObjectId_LearnObject_:
		d := c.digests[v.LearnObject.GetLearnName()]
		if d == nil {
			var list []string
			for _, d := range c.schema.Digests {
				list = append(list, d.Name)
			}
			return 0, status.Errorf(codes.NotFound, "no digest %q (digests: %s)", v.LearnObject.GetLearnName(), names(list))
		}
		if f := v.LearnObject.GetDataFieldName(); f != nil {
			spec := d.data.name[f.GetField()]
			if spec == nil {
				return 0, status.Errorf(codes.InvalidArgument, "no field %q in digest %s (fields: %s)", f.GetField(), d.spec.Name, names(d.data.all))
			}
			return spec.ID, nil
		}
		return d.spec.ID, nil
	case *bfrt.ObjectId_TableObject_:
		t, err := c.named(v.TableObject.GetTableName())
		if err != nil {
			return 0, err
		}
		return t.id(v.TableObject)
	}
	return 0, status.Error(codes.InvalidArgument, "the request names no object (objects: table_object, learn_object)")
}

func (t *tableCodec) id(o *bfrt.ObjectId_TableObject) (uint32, error) {
	switch n := o.GetNames().(type) {
	case *bfrt.ObjectId_TableObject_ActionName:
		a, err := t.actionNamed(n.ActionName.GetAction())
		if err != nil || a == nil {
			return 0, t.invalid("no action %q (actions: %s)", n.ActionName.GetAction(), t.actionNames())
		}
		return a.spec.ID, nil
	case *bfrt.ObjectId_TableObject_KeyFieldName:
		k, err := t.keySpec(n.KeyFieldName.GetField())
		if err != nil {
			return 0, err
		}
		return k.ID, nil
	}
	if f := o.GetDataFieldName(); f != nil {
		a, err := t.actionNamed(f.GetAction())
		if err != nil {
			return 0, err
		}
		spec, err := t.fieldNamed(a, f.GetField())
		if err != nil {
			return 0, err
		}
		return spec.ID, nil
	}
	return t.spec.ID, nil
}
