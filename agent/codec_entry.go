package agent

import (
	"gofino/agent/bfrt"
	"gofino/tables"
)

// ops are the types of updates by operation.
var ops = map[bfrt.Update_Type]tables.Op{
	bfrt.Update_INSERT:           tables.Insert,
	bfrt.Update_MODIFY:           tables.Modify,
	bfrt.Update_MODIFY_INC:       tables.ModifyInc,
	bfrt.Update_DELETE:           tables.Delete,
	bfrt.Update_INSERT_OR_MODIFY: tables.InsertOrModify,
	bfrt.Update_RESET:            tables.Reset,
}

// opTexts begin the message of an update that failed (bfrt.md section 4).
func opText(u *tables.Update) string {
	switch u.Op {
	case tables.Insert:
		return "Table Add failed"
	case tables.Modify:
		if u.Entry.Default {
			return "Table Default entry set failed"
		}
		return "Table Entry modify failed"
	case tables.ModifyInc:
		return "Table Entry modify incremental failed"
	case tables.Delete:
		if u.Entry.Default {
			return "Table Default Entry reset failed"
		}
		if len(u.Entry.Key) == 0 {
			return "Table Entry delete all failed"
		}
		return "Table Entry delete failed"
	case tables.InsertOrModify:
		return "Table AddOrMod failed"
	case tables.Reset:
		return "Table Default Entry reset failed"
	}
	return "Update failed"
}

// decodeUpdate reads an update of a table entry. Even where it fails, what it
// returns names the table and the operation as far as they are known.
func (c *codec) decodeUpdate(typ bfrt.Update_Type, e *bfrt.TableEntry) (tables.Update, error) {
	u := tables.Update{Op: ops[typ]}
	u.Entry.Default = e.GetIsDefaultEntry()
	t, err := c.table(e.GetTableId())
	if err != nil {
		return u, err
	}
	u.Entry.Table = t.spec.Name
	if u.Op == 0 {
		return u, t.invalid("update type %s (types: INSERT, MODIFY, MODIFY_INC, DELETE, INSERT_OR_MODIFY, RESET)", typ)
	}
	if _, byHandle := e.GetValue().(*bfrt.TableEntry_HandleId); byHandle {
		return u, t.invalid("an update needs a key, not a handle (key fields: %s)", t.keyNames())
	}
	if u.Entry.Key, err = t.decodeKey(e.GetKey()); err != nil {
		return u, err
	}
	if u.Entry.Action, u.Entry.Data, err = t.decodeData(e.GetData()); err != nil {
		return u, err
	}
	flags := e.GetTableFlags()
	u.KeepTTL, u.KeepStats = !flags.GetResetTtl(), !flags.GetResetStats()
	u.Remove = flags.GetModDel() || e.GetTableModIncFlag().GetType() == bfrt.TableModIncFlag_MOD_INC_DELETE //nolint:staticcheck // older clients set it
	return u, nil
}

// encodeUpdate writes an update.
func (c *codec) encodeUpdate(u *tables.Update) (*bfrt.Update, error) {
	t, err := c.named(u.Entry.Table)
	if err != nil {
		return nil, err
	}
	e := &bfrt.TableEntry{TableId: t.spec.ID, IsDefaultEntry: u.Entry.Default}
	key, err := t.encodeKey(u.Entry.Key)
	if err != nil {
		return nil, err
	}
	if key != nil {
		e.Value = &bfrt.TableEntry_Key{Key: key}
	} else if len(t.spec.Key) == 0 && u.Op != tables.Delete && !u.Entry.Default {
		e.Value = &bfrt.TableEntry_Key{Key: &bfrt.TableKey{}}
	}
	if e.Data, err = t.encodeData(u.Entry.Action, u.Entry.Data); err != nil {
		return nil, err
	}
	e.TableFlags = &bfrt.TableFlags{ModDel: u.Remove, ResetTtl: !u.KeepTTL, ResetStats: !u.KeepStats}
	return &bfrt.Update{Type: updateTypes[u.Op], Entity: &bfrt.Entity{Entity: &bfrt.Entity_TableEntry{TableEntry: e}}}, nil
}

var updateTypes = func() map[tables.Op]bfrt.Update_Type {
	m := map[tables.Op]bfrt.Update_Type{}
	for typ, op := range ops {
		m[op] = typ
	}
	return m
}()

// decodeQuery reads what entries a request wants.
func (c *codec) decodeQuery(e *bfrt.TableEntry) (tables.Query, *tableCodec, error) {
	q := tables.Query{Default: e.GetIsDefaultEntry()}
	t, err := c.table(e.GetTableId())
	if err != nil {
		return q, nil, err
	}
	q.Table = t.spec.Name
	if h, ok := e.GetValue().(*bfrt.TableEntry_HandleId); ok {
		q.Handle = h.HandleId
		if q.Handle == 0 {
			return q, t, t.invalid("no entry has handle 0")
		}
	}
	if q.Key, err = t.decodeKey(e.GetKey()); err != nil {
		return q, t, err
	}
	if q.Action, q.Fields, err = t.decodeFields(e.GetData()); err != nil {
		return q, t, err
	}
	flags, old := e.GetTableFlags(), e.GetTableReadFlag() //nolint:staticcheck // older clients set it
	q.FromHW = flags.GetFromHw() || old.GetFromHw()
	q.KeyOnly = flags.GetKeyOnly() || old.GetKeyOnly()
	return q, t, nil
}

// encodeQuery writes a request for entries.
func (c *codec) encodeQuery(q *tables.Query) (*bfrt.TableEntry, *tableCodec, error) {
	t, err := c.named(q.Table)
	if err != nil {
		return nil, nil, err
	}
	e := &bfrt.TableEntry{
		TableId: t.spec.ID, IsDefaultEntry: q.Default,
		TableFlags: &bfrt.TableFlags{FromHw: q.FromHW, KeyOnly: q.KeyOnly},
	}
	key, err := t.encodeKey(q.Key)
	switch {
	case err != nil:
		return nil, nil, err
	case key != nil:
		e.Value = &bfrt.TableEntry_Key{Key: key}
	case q.Handle != 0:
		e.Value = &bfrt.TableEntry_HandleId{HandleId: q.Handle}
	}
	if q.Action == "" && q.Fields == nil {
		return e, t, nil
	}
	a, err := t.actionNamed(q.Action)
	if err != nil {
		return nil, nil, err
	}
	e.Data = &bfrt.TableData{}
	if a != nil {
		e.Data.ActionId = a.spec.ID
	}
	for _, name := range q.Fields {
		spec, err := t.fieldNamed(a, name)
		if err != nil {
			return nil, nil, err
		}
		e.Data.Fields = append(e.Data.Fields, &bfrt.DataField{FieldId: spec.ID})
	}
	return e, t, nil
}

// encodeEntry writes an entry that was read.
func (t *tableCodec) encodeEntry(e *tables.TableEntry) (*bfrt.TableEntry, error) {
	out := &bfrt.TableEntry{TableId: t.spec.ID, IsDefaultEntry: e.Default}
	key, err := t.encodeKey(e.Key)
	if err != nil {
		return nil, err
	}
	if key != nil {
		out.Value = &bfrt.TableEntry_Key{Key: key}
	}
	out.Data, err = t.encodeData(e.Action, e.Data)
	return out, err
}

// decodeEntry reads an entry that a switch sends. Its target, if it has one, is
// the entry's scope.
func (t *tableCodec) decodeEntry(e *bfrt.TableEntry) (*tables.TableEntry, error) {
	out := &tables.TableEntry{Table: t.spec.Name, Default: e.GetIsDefaultEntry(), Handle: e.GetHandleId()}
	var err error
	if out.Key, err = t.decodeKey(e.GetKey()); err != nil {
		return nil, err
	}
	if out.Action, out.Data, err = t.decodeData(e.GetData()); err != nil {
		return nil, err
	}
	t.perPipe(out.Data)
	if e.EntryTgt != nil {
		out.Scope = decodeTarget(e.EntryTgt)
	}
	return out, nil
}

// perPipe: a register has a value for each pipe, also where it is one.
func (t *tableCodec) perPipe(data []tables.DataField) {
	for i := range data {
		spec := t.data.name[data[i].Name]
		b, one := data[i].Value.([]byte)
		if spec == nil || !one {
			continue
		}
		for _, a := range spec.Annotations {
			if a.Value == "register_data" {
				data[i].Value = [][]byte{b}
			}
		}
	}
}
