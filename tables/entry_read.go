package tables

import "gofino/pipeline/ir"

// entryReader turns entries of a match table into what the API shows.
type entryReader struct {
	mt     *matchTable
	q      *Query
	target []pipeState
	want   func(string) bool
}

// wanted checks the query's field names against the data fields and the
// parameters of all actions.
func (mt *matchTable) wanted(q *Query) (func(string) bool, error) {
	var params []string
	if q.Fields != nil {
		seen := map[string]bool{}
		for i := range mt.layout {
			for _, n := range mt.layout[i].names.names {
				if !seen[n] {
					seen[n] = true
					params = append(params, n)
				}
			}
		}
	}
	return mt.selected(q, params...)
}

type yieldEntry = func(*TableEntry, error) bool

func (r *entryReader) one(ent *Entry, yield yieldEntry) {
	r.mt.store.mu.Lock()
	e := r.entry(ent)
	r.mt.store.mu.Unlock()
	if e != nil {
		yield(e, nil)
	}
}

// readChunk entries are converted under the lock at a time; the consumer runs
// without it.
const readChunk = 64

func (r *entryReader) all(yield yieldEntry) {
	out := make([]*TableEntry, 0, readChunk)
	for at := 1; ; {
		out = out[:0]
		r.mt.store.mu.Lock()
		es := r.mt.m.entries
		for ; at < len(es) && len(out) < readChunk; at++ {
			if es[at] != nil {
				out = append(out, r.entry(es[at]))
			}
		}
		done := at >= len(es)
		r.mt.store.mu.Unlock()
		for _, e := range out {
			if !yield(e, nil) {
				return
			}
		}
		if done {
			break
		}
	}
	r.one(r.mt.m.Default(), yield)
}

// entry shows one entry. Nil: a default that does nothing and never was set.
func (r *entryReader) entry(ent *Entry) *TableEntry {
	mt := r.mt
	e := &TableEntry{Table: mt.spec.Name, Handle: mt.handle(ent), Default: ent.kind == defaultEntry, Scope: mt.at}
	act, ref := ent.act.Load(), ent.ref.Load()
	if e.Default && ref == nil && act.Action < 0 && len(mt.spec.Data) == 0 {
		return nil
	}
	if !e.Default {
		e.Key = mt.showKey(ent)
	}
	if r.q.KeyOnly {
		return e
	}
	if mt.profile == nil && act.Action >= 0 {
		e.Action = mt.actions.names[act.Action]
		l := &mt.layout[act.Action]
		for i, n := range l.names.names {
			if r.want(n) {
				e.Data = append(e.Data, DataField{Name: n, Value: l.get(act.Data, i)})
			}
		}
	}
	r.resources(ent, ref, e)
	return e
}

func (r *entryReader) resources(ent *Entry, ref *reference, e *TableEntry) {
	mt := r.mt
	for i, f := range mt.fields {
		name := mt.spec.Data[i].Name
		if !r.want(name) {
			continue
		}
		switch f.role {
		case roleMember:
			if ref != nil && ref.member != nil {
				e.Data = append(e.Data, DataField{Name: name, Value: wordBytes(uint64(ref.member.id), 32)})
			}
		case roleGroup:
			if ref != nil && ref.group != nil {
				e.Data = append(e.Data, DataField{Name: name, Value: wordBytes(uint64(ref.group.id), 32)})
			}
		case rolePackets, roleBytes:
			e.Data = append(e.Data, DataField{Name: name, Value: wordBytes(r.count(ent, f.role), 64)})
		case roleTTL:
			e.Data = append(e.Data, DataField{Name: name, Value: wordBytes(uint64(mt.idle.left(ent)), 32)})
		case roleHitState:
			e.Data = append(e.Data, DataField{Name: name, Value: mt.idle.state(ent, r.q.FromHW)})
		case roleTimed:
			v := mt.timed[f.reg].cells.get(uint64(ent.cell), r.target)
			e.Data = append(e.Data, DataField{Name: name, Value: v[f.half]})
		case roleRegister:
			cells := mt.regs[f.reg]
			v := cells.values(cells.read(uint64(ent.cell), r.q.FromHW), r.target, f.half)
			e.Data = append(e.Data, DataField{Name: name, Value: v})
		}
	}
}

// count is the value of the first direct counter that counts this.
func (r *entryReader) count(ent *Entry, f role) uint64 {
	for _, c := range r.mt.counters {
		kind := c.live(0).kind
		v := c.sum(uint64(ent.cell), r.target, r.q.FromHW)
		if f == rolePackets && kind != ir.Bytes {
			return v.packets
		}
		if f == roleBytes && kind != ir.Packets {
			return v.bytes
		}
	}
	return 0
}

// showKey is an entry's key as the API shows it.
func (mt *matchTable) showKey(ent *Entry) []KeyField {
	keys := mt.m.keysOf(ent)
	out := make([]KeyField, 0, len(mt.spec.Key))
	for i := range keys {
		k := KeyField{Name: mt.spec.Key[i].Name, Value: clone(keys[i].Value)}
		switch mt.t.Keys[i].Kind {
		case ir.Exact, ir.ATCAMPartition:
		case ir.Ternary:
			k.Mask = clone(keys[i].Mask)
		case ir.LPM:
			k.PrefixLen = keys[i].Prefix
		case ir.Range:
			k.Value, k.High = clone(keys[i].Lo), clone(keys[i].Hi)
		}
		out = append(out, k)
	}
	if mt.m.hasPriority() {
		out = append(out, KeyField{Name: "$MATCH_PRIORITY", Value: wordBytes(uint64(ent.prio), 32)})
	}
	return out
}

func clone(b []byte) []byte { return append([]byte(nil), b...) }
