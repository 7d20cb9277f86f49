package model

import (
	"maps"
	"slices"

	"gofino/internal/snap"
)

// saveTM writes the traffic manager: what controllers wrote, and what is in the
// queues. What is in use of shares and pools follows from the packets.
func (s *Switch) saveTM(e *snap.Encoder) {
	m := s.tm
	s.mu.Lock()
	defer s.mu.Unlock()
	m.mu.Lock()
	defer m.mu.Unlock()
	e.Uint(uint64(len(m.conf)))
	for _, name := range slices.Sorted(maps.Keys(m.conf)) {
		e.String(name)
		keys := m.sortedKeys(name)
		e.Uint(uint64(len(keys)))
		for _, k := range keys {
			e.Uint(k.n[0], k.n[1], uint64(k.pipe))
			e.String(k.str)
			saveRecord(e, m.conf[name][k])
		}
	}
	e.Uint(m.seq)
	for i := range m.pools {
		e.Uint(uint64(m.pools[i].mark))
		bools(e, m.pools[i].over[:])
	}
	for n := range m.pipe {
		b := &m.pipe[n]
		e.Bool(b.over)
		e.Uint(b.bufferFull, b.cells, b.packets, b.ingressFull, b.egress)
		m.mirrored[n].save(e)
		for i := range m.ppg[n] {
			m.ppg[n][i].save(e)
		}
	}
	for _, in := range m.inputs {
		in.save(e)
	}
	for n := range m.groups {
		for _, g := range m.groups[n] {
			if e.Bool(g != nil); g != nil {
				g.save(e)
			}
		}
	}
	staged := slices.Clone(m.staged)
	slices.SortFunc(staged, func(a, b *queued) int { return int(a.enq-b.enq)*2 + int(int64(a.seq)-int64(b.seq)) })
	savePackets(e, staged)
}

// save writes a share; nil is one that nobody ever used.
func (h *cellShare) save(e *snap.Encoder) {
	used := h != nil && (h.mark > 0 || h.drops > 0 || h.over)
	if e.Bool(used); used {
		e.Uint(uint64(h.mark), h.drops)
		e.Bool(h.over)
	}
}

func (h *cellShare) load(d *snap.Decoder, limit int) {
	if d.Bool() {
		h.mark, h.drops, h.over = d.Below("a watermark", limit), d.Uint(), d.Bool()
	}
}

func (in *inputPort) save(e *snap.Encoder) {
	used := in != nil && (in.mark > 0 || in.drops > 0 || in.over || in.dpg.drops > 0)
	if e.Bool(used); used {
		e.Uint(uint64(in.mark), in.drops)
		e.Bool(in.over)
		in.dpg.save(e)
	}
}

func (p *pace) save(e *snap.Encoder) {
	e.Int(p.at)
	e.Uint(p.rem)
}

func (p *pace) load(d *snap.Decoder) {
	p.at, p.rem = d.Int(), uint64(d.Uint32())
}

func (g *portGroup) save(e *snap.Encoder) {
	for i := range g.ports {
		pt := &g.ports[i]
		e.Bool(pt.over)
		e.Uint(pt.drops, uint64(pt.mark), uint64(pt.turn))
		pt.line.save(e)
		pt.shaper.save(e)
	}
	for i := range g.queues {
		q := &g.queues[i]
		used := q.share.mark > 0 || q.share.drops > 0 || q.share.over || q.paused != 0 || q.flow != flowState{} || q.min.at != 0 || q.max.at != 0 || q.len() > 0
		if e.Bool(used); !used {
			continue
		}
		q.share.save(e)
		bools(e, q.overColor[:])
		e.Uint(uint64(q.deficit))
		q.min.save(e)
		q.max.save(e)
		e.Int(q.paused)
		e.Bool(q.flow.xoff)
		e.Int(int64(q.flow.credit))
		savePackets(e, q.list[q.head:])
	}
}

func savePackets(e *snap.Encoder, list []*queued) {
	e.Uint(uint64(len(list)))
	for _, k := range list {
		k.save(e)
	}
}

func (k *queued) save(e *snap.Encoder) {
	pk := &k.pk
	e.Bytes(pk.head)
	e.Bytes(pk.payload)
	for _, b := range []bool{pk.bypass, k.deflect, k.mirror, k.to.first, k.to.deflected} {
		e.Bool(b)
	}
	e.Uint(uint64(pk.qid), uint64(pk.pad), uint64(pk.from), uint64(k.color))
	e.Uint(uint64(k.to.port), uint64(k.to.rid), uint64(k.to.cos))
	e.Int(k.enq)
	e.Int(int64(k.spent))
	e.Int(int64(k.group))
	e.Uint(k.seq, uint64(k.qPool), uint64(k.inPool), uint64(k.enqDepth), uint64(k.enqLevel))
}

func (m *tm) loadPacket(d *snap.Decoder) *queued {
	head, payload := d.Bytes(), d.Bytes()
	if d.Err() != nil {
		return nil
	}
	k := m.get(len(head) + len(payload))
	pk := stored{head: head, payload: payload, bypass: d.Bool()}
	pk.deflect, pk.mirrored = d.Bool(), d.Bool()
	k.to = destination{first: d.Bool(), deflected: d.Bool()}
	pk.qid, pk.pad, pk.from, pk.color = uint8(d.Below("a qid", 128)), uint8(d.Below("a pad", 8)), m.loadPort(d), uint8(d.Below("a color", 4))
	k.to.port, k.to.rid, k.to.cos = m.loadPort(d), uint16(d.Below("a rid", 1<<16)), uint8(d.Below("a cos", 1<<8))
	pk.enq = d.Int()
	k.keep(&pk)
	k.spent = int32(d.Int())
	group := d.Int()
	if group < -1 || group >= ppgs {
		d.Fail("a priority group is %d", group)
		return nil
	}
	k.group = int8(group)
	k.cells = m.cellsOf(pk.length())
	k.seq, k.qPool, k.inPool = d.Uint(), d.Below("pooled cells", k.cells+1), d.Below("pooled cells", k.cells+1)
	k.enqDepth, k.enqLevel = d.Below("a depth", m.shape.total+1), uint8(d.Below("a level", 4))
	if d.Err() != nil || k.group >= 0 && m.ppg[pk.from.Pipe()][k.group] == nil {
		d.Fail("a packet of a priority group that is not there")
		return nil
	}
	return k
}

// loadPort reads a port that there is.
func (m *tm) loadPort(d *snap.Decoder) Port {
	p := Port(d.Below("a port", len(m.inputs)))
	if p.Pipe() >= len(m.s.pipes) || p.Local() >= m.shape.groups*m.shape.ports {
		d.Fail("no port is %d", p)
		return 0
	}
	return p
}

func (s *Switch) loadTM(d *snap.Decoder) error {
	m := s.tm
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := m.loadConf(d); err != nil {
		return err
	}
	for p := range s.portTable {
		m.portChanged(p)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seq = d.Uint()
	for i := range m.pools {
		m.pools[i].mark = d.Below("a watermark", m.shape.total+1)
		loadBools(d, m.pools[i].over[:])
	}
	for n := range m.pipe {
		b := &m.pipe[n]
		b.over = d.Bool()
		b.bufferFull, b.cells, b.packets, b.ingressFull, b.egress = d.Uint(), d.Uint(), d.Uint(), d.Uint(), d.Uint()
		m.mirrored[n].load(d, m.shape.total+1)
		for i := range m.ppg[n] {
			h := m.ppg[n][i]
			if h == nil {
				h = &cellShare{}
			}
			if h.load(d, m.shape.total+1); h.mark > 0 || h.drops > 0 || h.over {
				m.ppg[n][i] = h
			}
		}
	}
	for p := range m.inputs {
		if d.Bool() {
			in := m.input(Port(p))
			in.mark, in.drops, in.over = d.Below("a watermark", m.shape.total+1), d.Uint(), d.Bool()
			in.dpg.load(d, m.shape.total+1)
		}
	}
	return m.loadQueues(d)
}

func (m *tm) loadQueues(d *snap.Decoder) error {
	for n := range m.groups {
		for i := range m.groups[n] {
			if !d.Bool() {
				continue
			}
			if n >= len(m.s.pipes) || i >= m.shape.groups {
				d.Fail("no port group is %d of pipe %d", i, n)
				return d.Err()
			}
			g := m.groups[n][i]
			if g == nil {
				g = m.newGroup(n, i)
				lay := m.layout(n, i)
				for p := range g.ports {
					m.compilePort(g, &g.ports[p], &lay[p])
				}
			}
			if m.loadGroup(d, g); d.Err() != nil {
				return d.Err()
			}
		}
	}
	for range d.Len() {
		k := m.loadPacket(d)
		if d.Err() != nil {
			return d.Err()
		}
		m.held += k.cells
		m.staged.push(k)
	}
	if len(m.staged) > 0 {
		m.s.set(&m.arrive, m.staged[0].enq)
	}
	return d.Err()
}

func (m *tm) loadGroup(d *snap.Decoder, g *portGroup) {
	for i := range g.ports {
		pt := &g.ports[i]
		pt.over = d.Bool()
		pt.drops, pt.mark, pt.turn = d.Uint(), d.Below("a watermark", m.shape.total+1), d.Below("a queue", m.shape.queues)
		pt.line.load(d)
		pt.shaper.load(d)
	}
	for i := range g.queues {
		if !d.Bool() {
			continue
		}
		q := &g.queues[i]
		q.share.load(d, m.shape.total+1)
		loadBools(d, q.overColor[:])
		q.deficit = d.Below("a deficit", 1<<31)
		q.min.load(d)
		q.max.load(d)
		q.paused = d.Int()
		q.flow.xoff, q.flow.credit = d.Bool(), int(d.Int())
		m.loadList(d, g, q, i)
		if d.Err() != nil {
			return
		}
	}
	for i := range g.ports {
		m.schedule(&g.ports[i], 0)
	}
}

// loadList reads the packets of queue i of a group, and charges them again.
func (m *tm) loadList(d *snap.Decoder, g *portGroup, q *queue, i int) {
	nr, _ := g.portOf(i)
	pt := &g.ports[nr]
	for range d.Len() {
		k := m.loadPacket(d)
		if d.Err() != nil {
			return
		}
		if k.to.port != pt.port || m.used+k.cells > m.shape.total || q.share.pool == nil && k.qPool > 0 {
			d.Fail("a packet for port %d is in a queue of port %d, or the buffer overflows", k.to.port, pt.port)
			return
		}
		in, n := m.input(k.pk.from), pt.port.Pipe()
		marks := [...]struct{ at *int }{{&q.share.mark}, {&m.shareOf(k).mark}, {&in.mark}, {&pt.mark}}
		var was [len(marks)]int
		for i, mk := range marks {
			was[i] = *mk.at
		}
		q.share.take(k.cells, k.qPool)
		m.shareOf(k).take(k.cells, k.inPool)
		for i, mk := range marks {
			*mk.at = was[i]
		}
		in.used += k.cells
		pt.used += k.cells
		m.pipe[n].used += k.cells
		m.used += k.cells
		q.push(k)
	}
}

// loadConf reads what controllers wrote and makes it count.
func (m *tm) loadConf(d *snap.Decoder) error {
	specs := map[string]*tmTable{}
	built := map[string]*fixedTable{}
	for _, list := range [][]tmTable{m.queueTables(), m.portTables(), m.poolTables(), m.chipTables()} {
		for i := range list {
			specs[list[i].name] = &list[i]
			built[list[i].name] = m.table(&list[i])
		}
	}
	for range d.Len() {
		name := d.String()
		t := specs[name]
		if d.Err() != nil {
			return d.Err()
		}
		if t == nil || t.apply == nil || m.conf[name] != nil {
			d.Fail("no table tm.%s, or twice", name)
			return d.Err()
		}
		if err := m.loadTable(d, t, built[name]); err != nil {
			return err
		}
	}
	return d.Err()
}

func (m *tm) loadTable(d *snap.Decoder, t *tmTable, f *fixedTable) error {
	spec := *f.spec
	for _, a := range spec.Actions {
		spec.Data = append(slices.Clip(spec.Data), a.Data...)
	}
	var keys []fixedKey
	for range d.Len() {
		k := fixedKey{n: [2]uint64{d.Uint(), d.Uint()}, pipe: d.Below("a pipe", len(m.s.pipes)+1), str: d.String()}
		if d.Err() == nil && len(spec.Key) > 0 {
			d.Wrap(m.validKey(t, f, k))
		}
		if d.Err() == nil && (t.piped != (k.pipe > 0) || m.conf[t.name][k] != nil) {
			d.Fail("an entry of tm.%s is there twice, or of no pipe", t.name)
		}
		r := loadRecord(d, &spec)
		if d.Err() != nil {
			return d.Err()
		}
		m.put1(t, k, r)
		if t.check != nil {
			if err := t.check(k, m.entry(t, k)); err != nil {
				return err
			}
		}
		keys = append(keys, k)
	}
	for _, k := range keys {
		t.apply(k)
	}
	return d.Err()
}
