package model

import (
	"slices"
	"strconv"
	"strings"

	"gofino/pipeline/ir"
	"gofino/tables"
)

const (
	egressPools  = "EG_APP_POOL_0,EG_APP_POOL_1,EG_APP_POOL_2,EG_APP_POOL_3"
	ingressPools = "IG_APP_POOL_0,IG_APP_POOL_1,IG_APP_POOL_2,IG_APP_POOL_3"
	bafNames     = "1.5%,3%,6%,11%,20%,33%,50%,66%,80%,DISABLE"
	prioNames    = "LOW,0,1,2,3,4,5,6,7,HIGH"
	partNames    = "12.5%,25%,37.5%,50%,62.5%,75%,87.5%,100%"
	shapingUnits = "unit#1:string{PPS,BPS}; provisioning#2:string{UPPER,LOWER,MIN_ERROR}; "
	queueKey     = "pg_id#1:uint8; pg_queue#2:uint8"
)

// Defaults of the driver for shapers, in bytes.
const (
	defaultQueueBurst = 16384
	defaultPortBurst  = 9216
	defaultIFG        = 20
	maxWeight         = 1023
)

func num8(n int) []byte { return []byte{byte(n)} }

func cells(n int) []byte { return num32(uint64(n)) }

// queueTables are those of queues. A write to one gives the queue's port queues.
func (m *tm) queueTables() []tmTable {
	n := uint64(m.shape.groups * m.shape.queues)
	size := int(n) * maxPipes
	all := func() (out []fixedKey) {
		for i := range n {
			out = append(out, fixedKey{n: [2]uint64{i / uint64(m.shape.queues), i % uint64(m.shape.queues)}})
		}
		return out
	}
	apply := func(k fixedKey) { m.compileGroup(k.pipe-1, int(k.n[0])) }
	two := func(s string) string { return m.byChip("", s) }
	schedCfg := "min_rate_enable#2:bool; min_priority#1:string{" + prioNames + "}; max_rate_enable#5:bool; max_priority#4:string{" + prioNames + "}; dwrr_weight#3:uint16; " +
		m.byChip("scheduling_enable#6:bool", "advanced_flow_control#6:string{CREDIT,XOFF}; scheduling_enable#7:bool; "+
			"scheduling_speed#8:string{BF_SPEED_NONE,BF_SPEED_50G,BF_SPEED_100G,BF_SPEED_200G,BF_SPEED_400G}/O; pg_l1_node#9:uint8")
	list := []tmTable{
		{name: "queue.cfg", id: 0xff050021, typ: "TmQueueCfg", data: "mirror_drop_destination#1:bool/O; pfc_cos#2:uint8" + two("; depth_report_enable#3:bool"),
			check: func(_ fixedKey, r record) error { return atMost(r, "pfc_cos", icosN-1) },
			live: func(k fixedKey, r record) {
				b := &m.pipe[k.pipe-1]
				r["mirror_drop_destination"] = b.deflect && b.deflectGroup == int(k.n[0]) && b.deflectQueue == int(k.n[1])
			}},
		{name: "queue.color", id: 0xff050023, typ: "TmQueueColor",
			data: "drop_enable#1:bool; drop_limit_yellow#2:string{" + partNames + "}; drop_limit_red#3:string{" + partNames + "}; hysteresis_yellow_cells#4:uint32; hysteresis_red_cells#5:uint32",
			def:  func(fixedKey) record { return record{"drop_limit_yellow": "75%", "drop_limit_red": "75%"} }},
		{name: "queue.buffer", id: 0xff050024, typ: "TmQueueBuffer", data: "guaranteed_cells#1:uint32; hysteresis_cells#2:uint32; tail_drop_enable#3:bool",
			actions: []tmAction{
				{"shared_pool", 1, "pool_id#4:string{" + egressPools + "}; pool_max_cells#5:uint32; dynamic_baf#6:string{" + bafNames + "}"},
				{"buffer_only", 2, ""},
			},
			def: func(fixedKey) record {
				return record{actionField: "shared_pool", "pool_id": "EG_APP_POOL_0", "pool_max_cells": cells(m.shape.queueMax), "dynamic_baf": "80%",
					"guaranteed_cells": cells(m.shape.queueMin), "hysteresis_cells": cells(DefaultHysteresis), "tail_drop_enable": true}
			},
			check: func(_ fixedKey, r record) error {
				return m.cellFields(r, "guaranteed_cells", "hysteresis_cells", "pool_max_cells")
			}},
		{name: "queue.sched_cfg", id: 0xff050025, typ: "TmQueueSchedCfg", data: schedCfg,
			def: func(k fixedKey) record {
				r := record{"min_priority": "0", "max_priority": "0", "dwrr_weight": num16(DefaultWeight), "scheduling_enable": true}
				if m.s.target == ir.Tofino2 {
					r["pg_l1_node"] = num8(int(k.n[1]) * 32 / m.shape.queues)
				}
				return r
			},
			check: func(_ fixedKey, r record) error {
				if err := atMost(r, "dwrr_weight", maxWeight); err != nil {
					return err
				}
				return atMost(r, "pg_l1_node", 31)
			}},
		{name: "queue.sched_shaping", id: 0xff050026, typ: "TmQueueSchedShaping",
			data: shapingUnits + "min_rate#3:uint32; min_burst_size#4:uint32; max_rate#5:uint32; max_burst_size#6:uint32",
			def: func(fixedKey) record {
				return record{"unit": "BPS", "provisioning": "UPPER", "max_rate": num32(DefaultPortSpeed / 1000),
					"min_burst_size": num32(defaultQueueBurst), "max_burst_size": num32(defaultQueueBurst)}
			}},
	}
	for i := range list {
		list[i].apply = apply
	}
	list = append(list, tmTable{name: "queue.map", id: 0xff050022, typ: "TmQueueMap",
		data: "dev_port#1:uint32/O; queue_nr#2:uint8/O; ingress_qid_max#3:uint8/O; ingress_qid_count#4:uint8/O; ingress_qid_list#5:uint8/RO",
		live: m.readQueueMap})
	for i := range list {
		list[i].key, list[i].size, list[i].piped, list[i].keys = queueKey, size, true, all
		list[i].most = m.lastQueue()
	}
	return list
}

// lastQueue is the greatest key of a queue table.
func (m *tm) lastQueue() [2]uint64 {
	return [2]uint64{uint64(m.shape.groups - 1), uint64(m.shape.queues - 1)}
}

// atMost checks a number field.
func atMost(r record, name string, most uint64) error {
	if n := r.num(name); n > most {
		return refused(tables.ErrInvalid, "field %s is %d (valid: 0..%d)", name, n, most)
	}
	return nil
}

// cellFields checks numbers of cells: the buffer has no more.
func (m *tm) cellFields(r record, names ...string) error {
	for _, n := range names {
		if err := atMost(r, n, uint64(m.shape.total)); err != nil {
			return err
		}
	}
	return nil
}

// portLayout is what queues a port of a group has.
type portLayout struct {
	base, count int
	qids        []int
}

// layout of a group, as tm.port.group has it. Switch.mu is held.
func (m *tm) layout(pipe, group int) []portLayout {
	r := m.conf["port.group"][fixedKey{n: [2]uint64{uint64(group)}, pipe: pipe + 1}]
	counts, action := r.list("port_queue_count"), r.text(actionField)
	out := make([]portLayout, m.shape.ports)
	base := 0
	for i := range out {
		l := &out[i]
		l.base, l.count = base, m.shape.queues/m.shape.ports
		if i < len(counts) {
			l.count = int(counts[i])
		}
		base += l.count
		l.qids = make([]int, m.shape.qids)
		given := r.list("ingress_qid_map_" + strconv.Itoa(i))
		for q := range l.qids {
			switch chunk := m.shape.qids / max(l.count, 1); {
			case l.count == 0:
			case action == "map" && q < len(given):
				l.qids[q] = int(given[q])
			case action == "even" && q/max(chunk, 1) < l.count:
				l.qids[q] = q / max(chunk, 1)
			case action == "even":
				l.qids[q] = 0
			default:
				l.qids[q] = q % l.count
			}
		}
	}
	return out
}

func (m *tm) readQueueMap(k fixedKey, r record) {
	pipe := k.pipe - 1
	var qids []uint32
	r["ingress_qid_max"] = num8(m.shape.qids - 1)
	for i, l := range m.layout(pipe, int(k.n[0])) {
		nr := int(k.n[1]) - l.base
		if nr < 0 || nr >= l.count {
			continue
		}
		for q, to := range l.qids {
			if to == nr {
				qids = append(qids, uint32(q))
			}
		}
		r["dev_port"] = num32(uint64(m.portAt(pipe, int(k.n[0]), i)))
		r["queue_nr"] = num8(nr)
	}
	r["ingress_qid_count"], r["ingress_qid_list"] = num8(len(qids)), qids
	if qids == nil {
		r["ingress_qid_list"] = []uint32{}
	}
}

func (m *tm) portAt(pipe, group, nr int) Port { return Port(pipe<<7 | group*m.shape.ports + nr) }

// portWants are the tables by which a port gets queues.
var portWants = []string{"port.sched_cfg", "port.sched_shaping", "port.buffer", "port.flowcontrol"}
var queueWants = []string{"queue.cfg", "queue.color", "queue.buffer", "queue.sched_cfg", "queue.sched_shaping"}

// wants tells whether a port has queues: all have with Config.Queues, else those
// that a controller set something for.
func (m *tm) wants(p Port, l *portLayout) bool {
	if e := m.s.portTable[p]; m.s.conf.Queues || e != nil && e.obeys() {
		return true
	}
	for _, t := range portWants {
		if m.conf[t][fixedKey{n: [2]uint64{uint64(p)}}] != nil {
			return true
		}
	}
	group := uint64(p.Local() / m.shape.ports)
	for _, t := range queueWants {
		if len(m.conf[t]) == 0 {
			continue
		}
		for q := l.base; q < l.base+l.count; q++ {
			if m.conf[t][fixedKey{n: [2]uint64{group, uint64(q)}, pipe: p.Pipe() + 1}] != nil {
				return true
			}
		}
	}
	return false
}

// compileGroup makes a port group be what the tables say. Switch.mu is held.
func (m *tm) compileGroup(pipe, group int) {
	lay := m.layout(pipe, group)
	any := false
	for i := range lay {
		p := m.portAt(pipe, group, i)
		m.on[p] = m.wants(p, &lay[i])
		any = any || m.on[p]
	}
	m.s.queued.Store(m.on != [512]bool{})
	m.mu.Lock()
	g := m.groups[pipe][group]
	switch {
	case !any && (g == nil || g.fresh()):
		m.groups[pipe][group] = nil
	default:
		if g == nil {
			g = m.newGroup(pipe, group)
		}
		for i := range g.ports {
			m.compilePort(g, &g.ports[i], &lay[i])
		}
	}
	m.mu.Unlock()
	for i := range lay {
		m.s.setPortFlags(m.portAt(pipe, group, i))
	}
}

func (m *tm) newGroup(pipe, group int) *portGroup {
	g := &portGroup{queues: make([]queue, m.shape.queues), ports: make([]outPort, m.shape.ports)}
	for i := range g.ports {
		pt := &g.ports[i]
		pt.port, pt.group = m.portAt(pipe, group, i), g
		pt.tick = event{order: orderQueue + 1 + uint64(pt.port), fire: func(now int64) { m.ticked(pt, now) }}
	}
	m.groups[pipe][group] = g
	return g
}

// empty: no packet is in it.
func (g *portGroup) empty() bool {
	return !slices.ContainsFunc(g.queues, func(q queue) bool { return q.len() > 0 })
}

// fresh: nothing ever happened in it.
func (g *portGroup) fresh() bool {
	return g.empty() && !slices.ContainsFunc(g.queues, func(q queue) bool { return q.share.mark > 0 || q.share.drops > 0 || q.flow != flowState{} }) &&
		!slices.ContainsFunc(g.ports, func(p outPort) bool { return p.mark > 0 || p.drops > 0 })
}

func (m *tm) compilePort(g *portGroup, pt *outPort, l *portLayout) {
	pt.base, pt.count, pt.qids = l.base, l.count, l.qids
	k := fixedKey{n: [2]uint64{uint64(pt.port)}}
	pt.line.set(m.lineRate(pt.port), false, 0)
	sched, shape := m.conf["port.sched_cfg"][k], m.conf["port.sched_shaping"][k]
	pt.shaper.set(0, false, 0)
	if sched.flag("max_rate_enable") {
		unit := shape.text("unit") == "PPS"
		pt.shaper.set(rateOf(shape, "max_rate", unit, pt.line.rate), unit, or(shape, "max_burst_size", defaultPortBurst))
	}
	buf := m.conf["port.buffer"][k]
	pt.limit, pt.hyst = int(or(buf, "eg_limit_cells", uint64(m.shape.total))), int(or(buf, "eg_hysteresis_cells", DefaultHysteresis))
	pt.rxPause, pt.rxPFC = m.s.portTable[pt.port].flowControl()
	for i := range l.count {
		m.compileQueue(&g.queues[l.base+i], pt, fixedKey{n: [2]uint64{uint64(pt.port.Local() / m.shape.ports), uint64(l.base + i)}, pipe: pt.port.Pipe() + 1})
	}
	m.schedule(pt, m.s.clock.Now())
}

// or is a number of a record, or what it is where nobody wrote it.
func or(r record, name string, def uint64) uint64 {
	if _, ok := r[name]; ok {
		return r.num(name)
	}
	return def
}

// rateOf is a rate in bits, or packets, per second. The tables have kbit/s. A
// rate that nobody wrote is the line's.
func rateOf(r record, name string, packets bool, line uint64) uint64 {
	switch _, ok := r[name]; {
	case !ok && packets:
		return line / (64 + LineOverhead) / 8
	case !ok:
		return line
	case packets:
		return r.num(name)
	}
	return r.num(name) * 1000
}

func (m *tm) compileQueue(q *queue, pt *outPort, k fixedKey) {
	buf, col := m.conf["queue.buffer"][k], m.conf["queue.color"][k]
	h := &q.share
	h.guaranteed, h.hyst = int(or(buf, "guaranteed_cells", uint64(m.shape.queueMin))), int(or(buf, "hysteresis_cells", DefaultHysteresis))
	pool, baf := buf.text("pool_id"), buf.text("dynamic_baf")
	if baf == "" {
		baf = "80%"
	}
	m.movePool(h, m.poolNamed(pool, "EG_APP_POOL_0"), buf.text(actionField) != "buffer_only")
	h.most, h.baf = int(or(buf, "pool_max_cells", uint64(m.shape.queueMax))), bafShares[baf]
	q.tailDrop = true
	if on, given := buf["tail_drop_enable"].(bool); given {
		q.tailDrop = on
	}
	q.colored = col.flag("drop_enable")
	q.part = [colors]int{1000, partOf(col.text("drop_limit_yellow")), partOf(col.text("drop_limit_red"))}
	q.colorHyst = [colors]int{0, int(col.num("hysteresis_yellow_cells")), int(col.num("hysteresis_red_cells"))}
	m.compileSched(q, pt, k)
	q.cos = uint8(m.conf["queue.cfg"][k].num("pfc_cos"))
}

// movePool lets a share draw on a pool; what it has goes along.
func (m *tm) movePool(h *cellShare, to *cellPool, draws bool) {
	if !draws {
		to = nil
	}
	if h.pool == to {
		return
	}
	if h.pool != nil {
		h.pool.used -= h.pooled
	}
	if h.pool = to; to != nil {
		to.used += h.pooled
	}
}

func partOf(text string) int {
	if text == "" {
		text = "75%"
	}
	f, err := strconv.ParseFloat(strings.TrimSuffix(text, "%"), 64)
	if err != nil {
		panic("BUG: a choice that is no percentage: " + text)
	}
	return int(f * 10)
}

func (m *tm) compileSched(q *queue, pt *outPort, k fixedKey) {
	sched, shape := m.conf["queue.sched_cfg"][k], m.conf["queue.sched_shaping"][k]
	unit := shape.text("unit") == "PPS"
	q.min.set(0, false, 0)
	q.max.set(0, false, 0)
	q.off = false
	if on, given := sched["scheduling_enable"].(bool); given {
		q.off = !on
	}
	if sched.flag("min_rate_enable") {
		if n := shape.num("min_rate"); n > 0 {
			q.min.set(rateOf(shape, "min_rate", unit, 0), unit, or(shape, "min_burst_size", defaultQueueBurst))
		}
	}
	if sched.flag("max_rate_enable") {
		rate := rateOf(shape, "max_rate", unit, pt.line.rate)
		q.off = q.off || rate == 0 // a rate of 0 lets nothing through
		q.max.set(rate, unit, or(shape, "max_burst_size", defaultQueueBurst))
	}
	q.minPrio, q.maxPrio = prioOf(sched.text("min_priority")), prioOf(sched.text("max_priority"))
	q.mode = m.flowModeOf(k)
	q.weight = int(or(sched, "dwrr_weight", DefaultWeight))
}

func prioOf(text string) int {
	if text == "" {
		text = "0"
	}
	return slices.Index(strings.Split(prioNames, ","), text)
}

// lineRate of a port in bit/s: as tm.port.sched_cfg says, else as $PORT does.
func (m *tm) lineRate(p Port) uint64 {
	speed := m.conf["port.sched_cfg"][fixedKey{n: [2]uint64{uint64(p)}}].text("scheduling_speed")
	if e := m.s.portTable[p]; e != nil && (speed == "" || speed == "BF_SPEED_NONE") {
		speed = e.values.text("$SPEED")
	}
	text, _, _ := strings.Cut(strings.TrimPrefix(speed, "BF_SPEED_"), "G")
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return DefaultPortSpeed
	}
	return n * 1_000_000_000
}

// portChanged follows $PORT. Switch.mu is held.
func (m *tm) portChanged(p Port) {
	if p.Pipe() >= len(m.s.pipes) || p.Local() >= m.shape.groups*m.shape.ports {
		return
	}
	group := p.Local() / m.shape.ports
	if e := m.s.portTable[p]; m.groups[p.Pipe()][group] != nil || e != nil && e.obeys() {
		m.compileGroup(p.Pipe(), group)
	}
}
