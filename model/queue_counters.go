package model

import "strings"

// The tm.counter.* tables. Reading is of the present; counters and watermarks can
// be set to 0, and watermarks start again from what is used then.

const (
	countData = "drop_count_packets#1:uint64; usage_cells#2:uint64/O; watermark_cells#3:uint64"
	dpgCount  = "drop_count_packets#1:uint64; guaranteed_min_usage_cells#2:uint64/O; shared_pool_usage_cells#3:uint64/O; watermark_cells#4:uint64"
)

func n64(n int) []byte { return num64(uint64(n)) }

// count is a counter's drops, cells in use and watermark.
type count struct {
	drops      *uint64
	used, mark *int
}

// counted is what a table of drops, usage and watermark shows.
func counted(list []count, r record) {
	var drops uint64
	var used, mark int
	for _, c := range list {
		drops += *c.drops
		used += *c.used
		mark = max(mark, *c.mark)
	}
	r["drop_count_packets"], r["usage_cells"], r["watermark_cells"] = num64(drops), n64(used), n64(mark)
}

// zeroed resets what r names, all of it if it names nothing.
func zeroed(list []count, r record) func() {
	var undo []func()
	for _, c := range list {
		drops, mark := *c.drops, *c.mark
		if _, ok := r["drop_count_packets"]; ok || len(r) == 0 {
			*c.drops = 0
		}
		if _, ok := r["watermark_cells"]; ok || len(r) == 0 {
			*c.mark = *c.used
		}
		undo = append(undo, func() { *c.drops, *c.mark = drops, mark })
	}
	return func() {
		for _, u := range undo {
			u()
		}
	}
}

// counterTable is a table of counts. pick finds them; mu is held.
func (m *tm) counterTable(name string, id uint32, typ string, pick func(k fixedKey) []count) tmTable {
	return tmTable{name: "counter." + name, id: id, typ: typ, data: countData,
		live: func(k fixedKey, r record) {
			m.mu.Lock()
			defer m.mu.Unlock()
			counted(pick(k), r)
		},
		reset: func(k fixedKey, r record) func() { return zeroed(pick(k), r) }}
}

// pipesOf are the pipes that a key means.
func (m *tm) pipesOf(k fixedKey) (out []int) {
	for n := range m.s.pipes {
		if k.pipe == 0 || k.pipe == n+1 {
			out = append(out, n)
		}
	}
	return out
}

func (m *tm) shareCount(h *cellShare) count { return count{&h.drops, &h.used, &h.mark} }

func (m *tm) counterTables() []tmTable {
	in := m.counterTable("ig_port", 0xff050041, "TmCounterIgPort", func(k fixedKey) (out []count) {
		if p := m.inputs[k.n[0]]; p != nil {
			out = append(out, count{&p.drops, &p.used, &p.mark})
		}
		return out
	})
	eg := m.counterTable("eg_port", 0xff050042, "TmCounterEgPort", func(k fixedKey) (out []count) {
		if p := m.port(Port(k.n[0])); p != nil {
			out = append(out, count{&p.drops, &p.used, &p.mark})
		}
		return out
	})
	qu := m.counterTable("queue", 0xff050043, "TmCounterQueue", func(k fixedKey) (out []count) {
		for _, n := range m.pipesOf(k) {
			if g := m.groups[n][k.n[0]]; g != nil {
				out = append(out, m.shareCount(&g.queues[k.n[1]].share))
			}
		}
		return out
	})
	var none uint64
	po := m.counterTable("pool", 0xff050044, "TmCounterPool", func(k fixedKey) []count {
		p := m.poolNamed(k.str, "")
		return []count{{&none, &p.used, &p.mark}}
	})
	dpg := m.dpgTable("dpg", 0xff050046, "TmCounterPortDpg", func(k fixedKey) (out []*cellShare) {
		if p := m.inputs[k.n[0]]; p != nil {
			out = append(out, &p.dpg)
		}
		return out
	})
	mi := m.dpgTable("mirror_dpg", 0xff050047, "TmCounterMirrorPortDpg", func(k fixedKey) (out []*cellShare) {
		for _, n := range m.pipesOf(k) {
			out = append(out, m.mirrored[n])
		}
		return out
	})
	ppg := m.dpgTable("ppg", 0xff050048, "TmCounterPpg", func(k fixedKey) (out []*cellShare) {
		for _, n := range m.pipesOf(k) {
			if h := m.ppg[n][k.n[0]]; h != nil {
				out = append(out, h)
			}
		}
		return out
	})
	for _, t := range []*tmTable{&in, &eg, &dpg} {
		t.key, t.size, t.keys = devPortKey, 288, m.s.everyPort
	}
	qu.key, qu.size, qu.piped = queueKey, m.shape.groups*m.shape.queues, true
	qu.keys, qu.most = m.queueTables()[0].keys, m.lastQueue()
	po.key, po.size, po.keys = "pool#1:string{"+appPoolNames+"}", 2*appPools, stringKeys(appPoolNames)
	po.data = "usage_cells#1:uint64/O; watermark_cells#2:uint64"
	mi.size, mi.piped = 1, true
	ppg.key, ppg.size, ppg.piped, ppg.keys = "ppg_counter_id#1:uint8", ppgs, true, func() []fixedKey { return upTo(ppgs) }
	ppg.most = [2]uint64{ppgs - 1}
	ppg.data = "ppg_id#1:uint8/O; drop_count_packets#2:uint64; guaranteed_min_usage_cells#3:uint64/O; shared_pool_usage_cells#4:uint64/O; skid_pool_usage_cells#5:uint64/O; watermark_cells#6:uint64"
	show := ppg.live
	ppg.live = func(k fixedKey, r record) { show(k, r); r["ppg_id"] = num8(int(k.n[0])) }
	return []tmTable{in, eg, qu, po, m.pipeCounter(), dpg, mi, ppg}
}

func (m *tm) dpgTable(name string, id uint32, typ string, pick func(k fixedKey) []*cellShare) tmTable {
	list := func(k fixedKey) (out []count) {
		for _, h := range pick(k) {
			out = append(out, m.shareCount(h))
		}
		return out
	}
	t := m.counterTable(name, id, typ, list)
	t.data = dpgCount
	t.live = func(k fixedKey, r record) {
		m.mu.Lock()
		defer m.mu.Unlock()
		counted(list(k), r)
		delete(r, "usage_cells")
		own, pooled := 0, 0
		for _, h := range pick(k) {
			own += h.used - h.pooled
			pooled += h.pooled
		}
		r["guaranteed_min_usage_cells"], r["shared_pool_usage_cells"] = n64(own), n64(pooled)
	}
	return t
}

const pipeCounts = "total_buffer_full_drop_packets total_cells total_packets ig_buf_full_drop_packets eg_total_drop_packets"

// pipeCounter counts what the pipe's queues saw. Fields of parts of the chip that
// the model does not have read 0: cut-through, the discard queue, the
// replication engine's queues.
func (m *tm) pipeCounter() tmTable {
	at := func(b *pipeBuffer) map[string]*uint64 {
		return map[string]*uint64{"total_buffer_full_drop_packets": &b.bufferFull, "total_cells": &b.cells, "total_packets": &b.packets,
			"ig_buf_full_drop_packets": &b.ingressFull, "eg_total_drop_packets": &b.egress}
	}
	return tmTable{name: "counter.pipe", id: 0xff050045, typ: "TmCounterPipe", size: 1, piped: true,
		data: "total_buffer_full_drop_packets#1:uint64; discard_queue_usage_cells#2:uint64/O; discard_queue_watermark_cells#3:uint64; total_cells#4:uint64; total_packets#5:uint64; " +
			"uc_ct_packets#6:uint64; mc_ct_packets#7:uint64; ig_no_dest_drop_packets#8:uint64; ig_buf_full_drop_packets#9:uint64; eg_total_drop_packets#10:uint64; " +
			"mc_queue_drop_packets#11:uint64; mc_input_fifo_0_drop_packets#12:uint64; mc_input_fifo_1_drop_packets#13:uint64; mc_input_fifo_2_drop_packets#14:uint64; mc_input_fifo_3_drop_packets#15:uint64",
		live: func(k fixedKey, r record) {
			// A packet without destination never comes to the traffic manager:
			// its pipe knows.
			var none uint64
			for _, n := range m.pipesOf(k) {
				none += m.s.pipes[n].noDestination()
			}
			r["ig_no_dest_drop_packets"] = num64(none)
			m.mu.Lock()
			defer m.mu.Unlock()
			for _, name := range strings.Fields(pipeCounts) {
				var sum uint64
				for _, n := range m.pipesOf(k) {
					sum += *at(&m.pipe[n])[name]
				}
				r[name] = num64(sum)
			}
		},
		reset: func(k fixedKey, r record) func() {
			var undo []func()
			for _, n := range m.pipesOf(k) {
				for name, c := range at(&m.pipe[n]) {
					if _, ok := r[name]; ok || len(r) == 0 {
						old := *c
						*c = 0
						undo = append(undo, func() { *c = old })
					}
				}
			}
			return func() {
				for _, u := range undo {
					u()
				}
			}
		}}
}

// noDestination counts the pipe's packets that ingress sent nowhere.
func (p *pipe) noDestination() (n uint64) {
	p.st.Mu.Lock()
	defer p.st.Mu.Unlock()
	for l := range p.ports {
		n += p.ports[l].drops[DropNoDestination]
	}
	return n
}
