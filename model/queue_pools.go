package model

import (
	"slices"
	"strings"

	"gofino/pipeline/ir"
)

const (
	appPoolNames = ingressPools + "," + egressPools
	allPools     = appPoolNames + ",IG_SKID_POOL,IG_EG_NEGATIVE_MIRROR_POOL,EG_PRE_FIFO,IG_EG_GUARANTEED_MIN,EG_UNICAST_CUT_THROUGH,EG_MULTICAST_CUT_THROUGH"
	colorNames   = "GREEN,YELLOW,RED"
)

// poolNamed is an application pool; "" is def.
func (m *tm) poolNamed(name, def string) *cellPool {
	if name == "" {
		name = def
	}
	return &m.pools[slices.Index(strings.Split(appPoolNames, ","), name)]
}

// stringKeys are a key of a choice.
func stringKeys(list string) func() []fixedKey {
	var out []fixedKey
	for _, s := range strings.Split(list, ",") {
		out = append(out, fixedKey{str: s})
	}
	return func() []fixedKey { return slices.Clone(out) }
}

func (m *tm) poolTables() []tmTable {
	apply := func(fixedKey) { m.mu.Lock(); m.compilePools(); m.mu.Unlock() }
	pfcKeys := func() (out []fixedKey) {
		for _, s := range strings.Split(ingressPools, ",") {
			for c := range uint64(icosN) {
				out = append(out, fixedKey{n: [2]uint64{1: c}, str: s})
			}
		}
		return out
	}
	list := []tmTable{
		{name: "pool.cfg", id: 0xff050002, typ: "TmPoolCfg", size: 14, key: "pool#1:string{" + allPools + "}", data: "size_cells#1:uint32",
			keys: stringKeys(allPools), def: func(k fixedKey) record { return record{"size_cells": cells(m.poolSize(k.str))} },
			check: func(_ fixedKey, r record) error { return m.cellFields(r, "size_cells") }},
		{name: "pool.skid", id: 0xff050003, typ: "TmPoolSkid", size: 1, data: "resume_limit_cells#1:uint32",
			check: func(_ fixedKey, r record) error { return m.cellFields(r, "resume_limit_cells") }},
		{name: "pool.app", id: 0xff050004, typ: "TmPoolApp", size: 8, key: "pool#1:string{" + appPoolNames + "}",
			actions: []tmAction{{"color_drop_disable", 1, ""}, {"color_drop_enable", 2, "green_limit_cells#1:uint32; yellow_limit_cells#2:uint32; red_limit_cells#3:uint32"}},
			keys:    stringKeys(appPoolNames), def: func(fixedKey) record { return record{actionField: "color_drop_disable"} },
			check: func(_ fixedKey, r record) error {
				return m.cellFields(r, "green_limit_cells", "yellow_limit_cells", "red_limit_cells")
			}},
		{name: "pool.color", id: 0xff050005, typ: "TmPoolColor", size: 3, key: "color#1:string{" + colorNames + "}",
			data: "color_drop_resume_limit_cells#1:uint32/M", keys: stringKeys(colorNames),
			check: func(_ fixedKey, r record) error { return m.cellFields(r, "color_drop_resume_limit_cells") }},
		{name: "pool.app_pfc", id: 0xff050006, typ: "TmPoolAppPfc", size: 32, key: "pool#1:string{" + ingressPools + "}; cos#2:bytes3",
			data: "pfc_limit_cells#1:uint32/M", most: [2]uint64{1: icosN - 1}, keys: pfcKeys,
			def: func(k fixedKey) record {
				r := record{}
				if k.str == "IG_APP_POOL_0" {
					r["pfc_limit_cells"] = cells(m.shape.ingressPool)
				}
				return r
			},
			check: func(_ fixedKey, r record) error { return m.cellFields(r, "pfc_limit_cells") }},
	}
	for i := range list {
		list[i].apply = apply
	}
	return list
}

// poolSize is the driver's default carving.
func (m *tm) poolSize(name string) int {
	return map[string]int{
		"IG_APP_POOL_0": m.shape.ingressPool, "EG_APP_POOL_0": m.shape.egressPool, "EG_APP_POOL_3": m.shape.multicast,
		"IG_EG_NEGATIVE_MIRROR_POOL": m.shape.negMirror,
		"EG_UNICAST_CUT_THROUGH":     m.shape.uniCutThrough, "EG_MULTICAST_CUT_THROUGH": m.shape.multiCutThrough,
	}[name]
}

func (m *tm) compilePools() {
	for i, name := range strings.Split(appPoolNames, ",") {
		p, k := &m.pools[i], fixedKey{str: name}
		p.size = int(or(m.conf["pool.cfg"][k], "size_cells", uint64(m.poolSize(name))))
		app := m.conf["pool.app"][k]
		p.colored = app.text(actionField) == "color_drop_enable"
		p.limit = [colors]int{int(app.num("green_limit_cells")), int(app.num("yellow_limit_cells")), int(app.num("red_limit_cells"))}
		for c, color := range strings.Split(colorNames, ",") {
			p.resume[c] = int(m.conf["pool.color"][fixedKey{str: color}].num("color_drop_resume_limit_cells"))
		}
	}
}

// chipTables are those of the chip and of whole pipes.
func (m *tm) chipTables() []tmTable {
	chip := "timestamp_shift_bits#1:uint8; cell_size_bytes#2:uint32/O; total_cells#3:uint32/O" +
		m.byChip("", "; ig_buffer_limit_cells#4:uint32; ig_buffer_limit_enable#5:bool")
	pipe := m.byChip("", "mirror_drop_enable#1:bool; ")
	for i, f := range []string{"mirror_drop_pg_id#%d:uint8", "mirror_drop_pg_queue#%d:uint8", "mirror_drop_dev_port#%d:uint32/O", "mirror_drop_queue_nr#%d:uint8/O",
		"eg_limit_cells#%d:uint32", "eg_hysteresis_cells#%d:uint32"} {
		if i > 0 {
			pipe += "; "
		}
		n := i + 1
		if m.s.target == ir.Tofino2 {
			n++
		}
		pipe += strings.ReplaceAll(f, "%d", string(rune('0'+n)))
	}
	pipe += m.byChip("", "; queue_depth_report_mode#8:string{ANY,COLOR}")
	apply := func(k fixedKey) { m.mu.Lock(); m.compileChip(); m.mu.Unlock() }
	list := []tmTable{
		{name: "cfg", id: 0xff050081, typ: "TmCfg", data: chip,
			def: func(fixedKey) record {
				if m.s.target == ir.Tofino2 {
					return record{"ig_buffer_limit_cells": cells(defaultInputLimit2), "ig_buffer_limit_enable": false}
				}
				return record{}
			},
			live: func(_ fixedKey, r record) {
				r["cell_size_bytes"], r["total_cells"] = num32(uint64(m.shape.cell)), cells(m.shape.total)
			},
			check: func(_ fixedKey, r record) error {
				if err := atMost(r, "timestamp_shift_bits", 30); err != nil {
					return err
				}
				return m.cellFields(r, "ig_buffer_limit_cells")
			}},
		{name: "pipe.multicast_fifo", id: 0xff050051, typ: "TmPipeMulticastFifo", piped: true,
			data: "icos_mask#1:uint8/R; arbitration_mode#2:string{STRICT_PRIORITY,WRR}/R; wrr_weight#3:uint8/R; depth#4:uint16/R"},
		{name: "pipe.cfg", id: 0xff050050, typ: "TmPipeCfg", size: 4, data: pipe, piped: true,
			def: func(fixedKey) record {
				return record{"eg_limit_cells": cells(m.shape.total)}
			},
			live:  m.readPipe,
			check: m.checkPipe},
		{name: "pipe.sched_cfg", id: 0xff050052, typ: "TmPipeSchedCfg", size: 4, piped: true,
			data: "packet_ifg_compensation#1:uint8" + m.byChip("", "; advanced_flow_control_enable#2:bool"),
			def:  func(fixedKey) record { return record{"packet_ifg_compensation": num8(defaultIFG)} }},
		{name: "mirror.dpg", id: 0xff050071, typ: "TmMirrorDpg", size: 4, piped: true, data: icosRead + shareData(10),
			def: m.mirrorDefaults, check: m.checkShare,
			live: func(k fixedKey, r record) {
				by := m.inputBy(invalidPort)
				for o, c := range m.conf["ppg.cfg"] {
					for i := range by {
						if o.pipe == k.pipe && c.text(actionField) == "mirror_port" && c.flag(icosField(i)) {
							by[i] = int8(o.n[0])
						}
					}
				}
				icosOf(r, by)
			}},
	}
	for i := range list {
		list[i].apply = apply
		if list[i].size == 0 {
			list[i].size = 1
		}
	}
	if m.s.target == ir.Tofino2 {
		list = append(list, m.l1Tables()...)
	}
	return list
}

// defaultInputLimit2 is Tofino 2's default of ig_buffer_limit_cells.
const defaultInputLimit2 = 0x3e800

func (m *tm) mirrorDefaults(k fixedKey) record {
	r := m.dpgDefaults(k)
	r["pool_max_cells"], r["dynamic_baf"] = cells(0xa0), "DISABLE"
	return r
}

func (m *tm) readPipe(k fixedKey, r record) {
	group, q := int(r.num("mirror_drop_pg_id")), int(r.num("mirror_drop_pg_queue"))
	for i, l := range m.layout(k.pipe-1, group) {
		if q >= l.base && q < l.base+l.count {
			r["mirror_drop_dev_port"], r["mirror_drop_queue_nr"] = num32(uint64(m.portAt(k.pipe-1, group, i))), num8(q-l.base)
		}
	}
}

func (m *tm) checkPipe(_ fixedKey, r record) error {
	for _, f := range []struct {
		name string
		n    int
	}{{"mirror_drop_pg_id", m.shape.groups - 1}, {"mirror_drop_pg_queue", m.shape.queues - 1}} {
		if err := atMost(r, f.name, uint64(f.n)); err != nil {
			return err
		}
	}
	return m.cellFields(r, "eg_limit_cells", "eg_hysteresis_cells")
}

// compileChip makes the chip and its pipes be what the tables say. mu is held,
// or nobody shares the switch yet.
func (m *tm) compileChip() {
	m.compilePools()
	c := m.conf["cfg"][fixedKey{}]
	m.s.tstampShift.Store(uint32(c.num("timestamp_shift_bits")))
	m.inLimit = 0
	if c.flag("ig_buffer_limit_enable") {
		m.inLimit = int(or(c, "ig_buffer_limit_cells", defaultInputLimit2))
	}
	for n := range m.pipe {
		k, b := fixedKey{pipe: n + 1}, &m.pipe[n]
		r := m.conf["pipe.cfg"][k]
		b.limit, b.hyst = int(or(r, "eg_limit_cells", uint64(m.shape.total))), int(r.num("eg_hysteresis_cells"))
		b.deflectGroup, b.deflectQueue = int(r.num("mirror_drop_pg_id")), int(r.num("mirror_drop_pg_queue"))
		b.deflect = m.s.target == ir.Tofino || r.flag("mirror_drop_enable")
		if on := m.conf["pipe.sched_cfg"][k].flag("advanced_flow_control_enable"); on != b.flow {
			b.flow = on
			m.compileFlow(n)
		}
		b.ifg = int(or(m.conf["pipe.sched_cfg"][k], "packet_ifg_compensation", defaultIFG))
		if m.mirrored[n] == nil {
			m.mirrored[n] = &cellShare{}
		}
		full := m.mirrorDefaults(k)
		for f, v := range m.conf["mirror.dpg"][k] {
			full[f] = v
		}
		m.compileShare(m.mirrored[n], full)
	}
}

// compileInput: mu is held.
func (m *tm) compileInput(p Port) {
	in := m.inputs[p]
	k := fixedKey{n: [2]uint64{uint64(p)}}
	if in == nil {
		if m.conf["port.dpg"][k] == nil && m.conf["port.buffer"][k] == nil {
			return
		}
		in = &inputPort{}
		m.inputs[p] = in
	}
	buf := m.conf["port.buffer"][k]
	in.limit, in.hyst = int(or(buf, "ig_limit_cells", uint64(m.shape.total))), int(or(buf, "ig_hysteresis_cells", DefaultHysteresis))
	full := m.dpgDefaults(k)
	for f, v := range m.conf["port.dpg"][k] {
		full[f] = v
	}
	m.compileShare(&in.dpg, full)
	in.by = m.inputBy(p)
}

// l1Tables are Tofino 2's scheduler nodes between queues and ports. They are
// stored and read back: the model schedules queues directly.
func (m *tm) l1Tables() []tmTable {
	const perGroup = 32
	keys := func() (out []fixedKey) {
		for g := range uint64(m.shape.groups) {
			for n := range uint64(perGroup) {
				out = append(out, fixedKey{n: [2]uint64{g, n}})
			}
		}
		return out
	}
	list := []tmTable{
		{name: "l1_node.sched_cfg", id: 0xff050061, typ: "TmL1NodeSchedCfg",
			data: "min_rate_enable#6:bool; min_priority#5:string{" + prioNames + "}; max_rate_enable#8:bool; max_priority#7:string{" + prioNames + "}; dwrr_weight#4:uint16; " +
				"priority_propagation#3:bool; queues_count#1:uint8/O; pg_queues#2:uint8/RO",
			actions: []tmAction{{"in_use", 1, "scheduling_enable#10:bool; dev_port#9:uint32"}, {"free", 2, "dev_port#11:uint32/O"}},
			def: func(k fixedKey) record {
				return record{actionField: "in_use", "scheduling_enable": true, "min_priority": "0", "max_priority": "0", "dwrr_weight": num16(DefaultWeight)}
			},
			check: func(_ fixedKey, r record) error { return atMost(r, "dwrr_weight", maxWeight) },
			live: func(k fixedKey, r record) {
				queues := []uint32{}
				for q := range m.shape.queues {
					at := or(m.conf["queue.sched_cfg"][fixedKey{n: [2]uint64{k.n[0], uint64(q)}, pipe: k.pipe}], "pg_l1_node", uint64(q*perGroup/m.shape.queues))
					if at == k.n[1] {
						queues = append(queues, uint32(q))
					}
				}
				r["queues_count"], r["pg_queues"] = num8(len(queues)), queues
				if _, given := r["dev_port"]; !given {
					r["dev_port"] = num32(uint64(m.portAt(k.pipe-1, int(k.n[0]), int(k.n[1])*m.shape.ports/perGroup)))
				}
			}},
		{name: "l1_node.sched_shaping", id: 0xff050062, typ: "TmL1NodeSchedShaping",
			data: "unit#1:string{PPS,BPS}; min_rate#2:uint32; min_burst_size#3:uint32; max_rate#4:uint32; max_burst_size#5:uint32",
			def: func(fixedKey) record {
				return record{"unit": "BPS", "max_rate": num32(0x18687958), "min_burst_size": num32(32640), "max_burst_size": num32(32640)}
			}},
	}
	for i := range list {
		l := &list[i]
		l.key, l.size, l.piped, l.keys, l.apply = "pg_id#1:uint8; pg_l1_node#2:uint8", 288*maxPipes, true, keys, func(fixedKey) {}
		l.most = [2]uint64{uint64(m.shape.groups - 1), perGroup - 1}
	}
	return list
}
