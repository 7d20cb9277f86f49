package agent

import (
	"gofino/agent/bfrt"
	"gofino/tables"
)

// tell sends a notification to the client, if it wants it. It runs in the
// subscription's goroutine: a slow client loses notifications, and nobody else
// waits for it.
func (c *session) tell(p *program, n *tables.Notification) {
	s := c.server
	s.counts.lost.Add(n.Lost)
	m := c.message(p, n)
	if m == nil {
		return
	}
	if c.send(m) != nil {
		s.counts.lost.Add(1) // the stream has ended
		return
	}
	s.counts.told.Add(1)
}

// message is a notification as the client gets it; nil where it does not.
func (c *session) message(p *program, n *tables.Notification) *bfrt.StreamMessageResponse {
	switch {
	case n.Digest != nil && c.wants.EnableLearnNotifications:
		return c.digest(p, n)
	case n.Idle != nil && (!n.Idle.Active && c.wants.EnableIdletimeoutNotifications || n.Idle.Active && c.wants.EnableEntryActiveNotifications):
		return c.idle(p, n)
	case n.Port != nil && c.wants.EnablePortStatusChangeNotifications && c.wantsPorts():
		return c.port(p, n)
	case n.Selector != nil && c.wants.EnableSelectorUpdateChangeNotifications && c.wantsSelector(n.Selector.Table):
		return &bfrt.StreamMessageResponse{Update: &bfrt.StreamMessageResponse_SelectorUpdateChangeNotification{
			SelectorUpdateChangeNotification: &bfrt.SelectorUpdateChgNotification{SelGroupId: n.Selector.Group, ActMemberId: n.Selector.Member,
				LogicalEntryIndex: uint32(n.Selector.Entry), IsAdd: n.Selector.Added}}}
	}
	return nil
}

func (c *session) wantsSelector(table string) bool {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	return c.selectors[table]
}

func (c *session) wantsPorts() bool {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	return c.ports
}

func (c *session) target(n *tables.Notification) *bfrt.TargetDevice {
	t := tables.AllPipes
	if n.Pipe >= 0 {
		t = tables.OnePipe(n.Pipe)
	}
	return encodeTarget(c.server.conf.Device, t)
}

func (c *session) digest(p *program, n *tables.Notification) *bfrt.StreamMessageResponse {
	d := p.codec.digests[n.Digest.Name]
	if d == nil {
		return nil
	}
	list := &bfrt.DigestList{DigestId: d.spec.ID, ListId: uint32(n.Digest.Batch), Target: c.target(n)}
	t := &tableCodec{spec: &tables.TableSpec{Name: d.spec.Name}, data: d.data}
	for _, e := range n.Digest.Entries {
		fields, err := t.encodeFieldList(nil, e)
		if err != nil {
			return nil // the schema is the switch's own: it always fits
		}
		list.Data = append(list.Data, &bfrt.TableData{Fields: fields})
	}
	return &bfrt.StreamMessageResponse{Update: &bfrt.StreamMessageResponse_Digest{Digest: list}}
}

func (c *session) idle(p *program, n *tables.Notification) *bfrt.StreamMessageResponse {
	t := p.codec.byName[n.Idle.Entry.Table]
	if t == nil {
		return nil
	}
	key, err := t.encodeKey(n.Idle.Entry.Key)
	if err != nil {
		return nil
	}
	m := &bfrt.IdleTimeoutNotification{
		Target: c.target(n), Type: bfrt.IdleTimeoutNotification_ENTRY_IDLE,
		TableEntry: &bfrt.TableEntry{TableId: t.spec.ID, Value: &bfrt.TableEntry_Key{Key: key}},
	}
	if n.Idle.Active {
		m.Type = bfrt.IdleTimeoutNotification_ENTRY_ACTIVE
	}
	return &bfrt.StreamMessageResponse{Update: &bfrt.StreamMessageResponse_IdleTimeoutNotification{IdleTimeoutNotification: m}}
}

func (c *session) port(p *program, n *tables.Notification) *bfrt.StreamMessageResponse {
	t := p.codec.byName["$PORT"]
	if t == nil {
		return nil
	}
	key, err := t.encodeKey([]tables.KeyField{{Name: "$DEV_PORT", Value: num32(n.Port.Port)}})
	if err != nil {
		return nil
	}
	m := &bfrt.PortStatusChgNotification{
		TableEntry: &bfrt.TableEntry{TableId: t.spec.ID, Value: &bfrt.TableEntry_Key{Key: key}}, PortUp: n.Port.Up,
	}
	return &bfrt.StreamMessageResponse{Update: &bfrt.StreamMessageResponse_PortStatusChangeNotification{PortStatusChangeNotification: m}}
}
