package agent

import (
	"gofino/agent/bfrt"
	"gofino/tables"
)

// decodeNotification reads what a switch tells; false for what is nothing of a
// table, or of one that the schema does not have.
func (c *codec) decodeNotification(m *bfrt.StreamMessageResponse) (n tables.Notification, ok bool) {
	n.Pipe = -1
	pipe := func(t *bfrt.TargetDevice) {
		if at := decodeTarget(t); at.Pipe > 0 {
			n.Pipe = at.Pipe - 1
		}
	}
	switch u := m.GetUpdate().(type) {
	case *bfrt.StreamMessageResponse_Digest:
		d := c.digest[u.Digest.GetDigestId()]
		if d == nil {
			return n, false
		}
		pipe(u.Digest.GetTarget())
		n.Digest = &tables.DigestBatch{Name: d.spec.Name, Batch: uint64(u.Digest.GetListId())}
		t := &tableCodec{spec: &tables.TableSpec{Name: d.spec.Name}, data: d.data}
		for _, e := range u.Digest.GetData() {
			fields, err := t.decodeFieldList(nil, e.GetFields())
			if err != nil {
				return n, false
			}
			n.Digest.Entries = append(n.Digest.Entries, fields)
		}
		return n, true
	case *bfrt.StreamMessageResponse_IdleTimeoutNotification:
		pipe(u.IdleTimeoutNotification.GetTarget())
		e := u.IdleTimeoutNotification.GetTableEntry()
		t := c.byID[e.GetTableId()]
		if t == nil {
			return n, false
		}
		entry, err := t.decodeEntry(e)
		n.Idle = &tables.IdleChange{Entry: entry, Active: u.IdleTimeoutNotification.GetType() == bfrt.IdleTimeoutNotification_ENTRY_ACTIVE}
		return n, err == nil
	case *bfrt.StreamMessageResponse_PortStatusChangeNotification:
		e := u.PortStatusChangeNotification.GetTableEntry()
		t := c.byID[e.GetTableId()]
		if t == nil {
			return n, false
		}
		key, err := t.decodeKey(e.GetKey())
		if err != nil || len(key) != 1 {
			return n, false
		}
		n.Port = &tables.PortChange{Port: uint32(toNum(key[0].Value)), Up: u.PortStatusChangeNotification.GetPortUp()}
		n.Pipe = int(n.Port.Port >> 7)
		return n, true
	case *bfrt.StreamMessageResponse_SelectorUpdateChangeNotification:
		s := u.SelectorUpdateChangeNotification
		n.Selector = &tables.SelectorChange{Group: s.GetSelGroupId(), Member: s.GetActMemberId(), Entry: int(s.GetLogicalEntryIndex()), Added: s.GetIsAdd()}
		return n, true
	}
	return n, false
}
