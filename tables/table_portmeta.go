package tables

import (
	"iter"
	"maps"
	"slices"

	"gofino/pipeline/ir"
)

// portMetadataTable is the port metadata of every port whose pipe runs the
// pipeline.
type portMetadataTable struct {
	base
	store *Store
	pm    *ir.PortMetadata
	pipes []pipeState
	set   map[uint64]bool // ports that have an entry
}

func newPortMetadataTable(st *Store, spec *TableSpec, o *ir.PortMetadata, pipes []pipeState) *portMetadataTable {
	return &portMetadataTable{base: newBase(spec), store: st, pm: o, pipes: pipes, set: map[uint64]bool{}}
}

// port finds the place of a key's port.
func (p *portMetadataTable) port(op string, key []KeyField) (uint64, error) {
	k, err := p.words(op, key)
	if err != nil {
		return 0, err
	}
	pipe, local := int(k[0]>>7), int(k[0]&127)
	if local >= localPorts {
		return 0, p.fail(op, ErrInvalid, "key field %s is %d: no such port (each pipe has ports 0 to %d)", p.spec.Key[0].Name, k[0], localPorts-1)
	}
	if _, err := p.inTarget(op, OnePipe(pipe), p.pipes); err != nil {
		return 0, err
	}
	return k[0], nil
}

// area is the memory of a port.
func (p *portMetadataTable) area(port uint64) *[]byte {
	return p.state(port).PortMetadata[port&127].Load()
}

func (p *portMetadataTable) state(port uint64) *State {
	for _, s := range p.pipes {
		if s.pipe == int(port>>7) {
			return s.State
		}
	}
	panic("BUG: port of another pipe")
}

// store one port's area and whether it has an entry.
func (p *portMetadataTable) put(port uint64, area []byte, has bool) (undo func()) {
	old, had := p.area(port), p.set[port]
	p.state(port).PortMetadata[port&127].Store(&area)
	p.mark(port, has)
	return func() {
		p.state(port).PortMetadata[port&127].Store(old)
		p.mark(port, had)
	}
}

func (p *portMetadataTable) mark(port uint64, has bool) {
	if has {
		p.set[port] = true
	} else {
		delete(p.set, port)
	}
}

// Write changes ports.
func (p *portMetadataTable) Write(t Target, u *Update) (func(), error) {
	op, e := u.Op, &u.Entry
	name := opName(op, e)
	switch {
	case t.Pipe != 0:
		return nil, p.fail(name, ErrInvalid, "the table is symmetric: write it in all pipes, not in pipe %d", t.Pipe-1)
	case e.Default:
		return nil, p.fail(name, ErrNotSupported, "the table has no default entry")
	case op != Insert && op != Modify && op != Delete:
		return nil, p.refuse(op, e, "add, modify, delete, clear")
	case op == Delete && len(e.Key) == 0:
		return p.clear(), nil
	}
	port, err := p.port(name, e.Key)
	if err != nil {
		return nil, err
	}
	has := p.set[port]
	switch {
	case op == Insert && has:
		return nil, p.fail(name, ErrExists, "port %d has an entry", port)
	case (op == Modify || op == Delete) && !has:
		return nil, p.fail(name, ErrNotFound, "port %d has no entry", port)
	case op == Delete:
		return p.put(port, make([]byte, p.pm.Bytes), false), nil
	}
	if err := p.noAction(name, e); err != nil {
		return nil, err
	}
	area := clone(*p.area(port))
	for _, f := range e.Data {
		n, err := p.data.find(f.Name)
		if err != nil {
			return nil, p.fail(name, ErrInvalid, "data field: %v", err)
		}
		b, err := number(f.Value, p.spec.Data[n].Type.Width)
		if err != nil {
			return nil, p.failField(name, "data field", p.spec.Data[n].Name, err)
		}
		from, to := p.place(n)
		copy(area[from:to], b)
	}
	return p.put(port, area, true), nil
}

// place is where a field lies in the area.
func (p *portMetadataTable) place(n int) (from, to int) {
	if len(p.pm.Fields) == 0 {
		return 0, p.pm.Bytes
	}
	f := p.pm.Fields[n]
	to = (f.Bit + f.Width) / 8
	return to - (f.Width+7)/8, to
}

func (p *portMetadataTable) clear() func() {
	var undos []func()
	for _, port := range slices.Sorted(maps.Keys(p.set)) {
		undos = append(undos, p.put(port, make([]byte, p.pm.Bytes), false))
	}
	return func() {
		for i := len(undos) - 1; i >= 0; i-- {
			undos[i]()
		}
	}
}

// Usage is the number of ports with an entry.
func (p *portMetadataTable) Usage(Target) (int, error) {
	p.store.mu.Lock()
	defer p.store.mu.Unlock()
	return len(p.set), nil
}

// Read yields one port or all that have an entry, by number.
func (p *portMetadataTable) Read(_ Target, q *Query) iter.Seq2[*TableEntry, error] {
	return entries(func() ([]*TableEntry, error) { return p.find(q) })
}

func (p *portMetadataTable) find(q *Query) ([]*TableEntry, error) {
	if q.Default {
		return nil, p.fail("read default of", ErrNotSupported, "the table has no default entry")
	}
	want, err := p.selected(q)
	if err != nil {
		return nil, err
	}
	p.store.mu.Lock()
	defer p.store.mu.Unlock()
	ports := slices.Sorted(maps.Keys(p.set))
	key := q.Key
	if q.Handle != 0 { // a port's number + 1
		if !p.set[uint64(q.Handle-1)] {
			return nil, p.noHandle(q.Handle)
		}
		key = p.wordKey(uint64(q.Handle - 1))
	}
	if len(key) > 0 {
		port, err := p.port("read", key)
		if err != nil {
			return nil, err
		}
		if !p.set[port] {
			return nil, p.fail("read", ErrNotFound, "port %d has no entry", port)
		}
		ports = []uint64{port}
	}
	var out []*TableEntry
	for _, port := range ports {
		e := &TableEntry{Table: p.spec.Name, Key: p.wordKey(port), Handle: uint32(port) + 1}
		for n, d := range p.spec.Data {
			if q.KeyOnly || !want(d.Name) {
				continue
			}
			from, to := p.place(n)
			e.Data = append(e.Data, DataField{Name: d.Name, Value: clone((*p.area(port))[from:to])})
		}
		out = append(out, e)
	}
	return out, nil
}
