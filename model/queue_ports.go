package model

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gofino/pipeline/ir"
	"gofino/tables"
)

const (
	devPortKey = "dev_port#1:uint32"
	pgKey      = "pg_id#1:uint8"
	flowModes  = "NONE,PFC,PAUSE"

	icosRead  = "icos_ppg_map#1:uint8/RO; icos_0#2:bool/O; icos_1#3:bool/O; icos_2#4:bool/O; icos_3#5:bool/O; icos_4#6:bool/O; icos_5#7:bool/O; icos_6#8:bool/O; icos_7#9:bool/O; "
	icosWrite = "icos_0#4:bool; icos_1#5:bool; icos_2#6:bool; icos_3#7:bool; icos_4#8:bool; icos_5#9:bool; icos_6#10:bool; icos_7#11:bool; "
)

// shareData are the fields of a priority group's part of the buffer, numbered
// from first.
func shareData(first int) string {
	var out []string
	for i, f := range []string{"guaranteed_cells#", "hysteresis_cells#", "pool_id#", "pool_max_cells#", "dynamic_baf#"} {
		out = append(out, f+strconv.Itoa(first+i)+[]string{":uint32", ":uint32", ":string{" + ingressPools + "}", ":uint32", ":string{" + bafNames + "}"}[i])
	}
	return strings.Join(out, "; ")
}

func icosField(i int) string { return "icos_" + strconv.Itoa(i) }

// portTables are those of ports, port groups and priority groups.
func (m *tm) portTables() []tmTable {
	speeds := "BF_SPEED_NONE,BF_SPEED_1G,BF_SPEED_10G,BF_SPEED_25G,BF_SPEED_40G,BF_SPEED_40G_NB,BF_SPEED_40G_NON_BREAKABLE,BF_SPEED_50G,BF_SPEED_100G"
	schedCfg := "max_rate_enable#1:bool; scheduling_speed#2:string{" + speeds + "}"
	buffer := "ct_enable#1:bool/O; uc_ct_limit_cells#2:uint8; ig_limit_cells#3:uint32; ig_hysteresis_cells#4:uint32; eg_limit_cells#5:uint32; eg_hysteresis_cells#6:uint32; skid_limit_cells#7:uint32"
	if m.s.target == ir.Tofino2 {
		schedCfg = "max_rate_enable#1:bool; l1_nodes_count#2:uint8/O; l1_nodes#3:uint8/RO; scheduling_speed#4:string{BF_SPEED_NONE,BF_SPEED_1G,BF_SPEED_10G," +
			"BF_SPEED_25G,BF_SPEED_40G,BF_SPEED_40G_R2,BF_SPEED_40G_NB,BF_SPEED_40G_NON_BREAKABLE,BF_SPEED_50G,BF_SPEED_50G_CONS,BF_SPEED_100G,BF_SPEED_200G,BF_SPEED_400G}"
		buffer = "ct_enable#1:bool/O; uc_ct_limit_cells#2:uint8; ig_limit_cells#3:uint32; eg_limit_cells#4:uint32; eg_hysteresis_cells#5:uint32; skid_limit_cells#6:uint32"
	}
	apply := func(k fixedKey) {
		p := Port(k.n[0])
		m.compileGroup(p.Pipe(), p.Local()/m.shape.ports)
		m.mu.Lock()
		m.compileInput(p)
		m.mu.Unlock()
	}
	list := []tmTable{
		{name: "port.dpg", id: 0xff050015, typ: "TmPortDpg", data: icosRead + shareData(10),
			def: m.dpgDefaults, check: m.checkShare,
			live: func(k fixedKey, r record) {
				m.mu.Lock()
				defer m.mu.Unlock()
				icosOf(r, m.inputBy(Port(k.n[0])))
			},
			apply: func(k fixedKey) { m.mu.Lock(); m.compileInput(Port(k.n[0])); m.mu.Unlock() }},
		{name: "port.buffer", id: 0xff050013, typ: "TmPortBuffer", data: buffer,
			def: func(fixedKey) record {
				r := record{"ct_enable": false, "uc_ct_limit_cells": num8(8), "ig_limit_cells": cells(m.shape.total), "eg_limit_cells": cells(m.shape.total), "eg_hysteresis_cells": cells(DefaultHysteresis)}
				if m.s.target == ir.Tofino {
					r["ig_hysteresis_cells"] = cells(DefaultHysteresis)
				}
				return r
			},
			check: func(_ fixedKey, r record) error {
				return m.cellFields(r, "ig_limit_cells", "ig_hysteresis_cells", "eg_limit_cells", "eg_hysteresis_cells", "skid_limit_cells")
			}},
		{name: "port.flowcontrol", id: 0xff050014, typ: "TmPortFlowcontrol",
			data: "mode_tx#1:string{" + flowModes + "}; mode_rx#2:string{" + flowModes + "}/O; cos_to_icos#3:uint8/R",
			def: func(fixedKey) record {
				return record{"mode_tx": "NONE", "mode_rx": "NONE", "cos_to_icos": []uint32{0, 1, 2, 3, 4, 5, 6, 7}}
			},
			live: func(k fixedKey, r record) {
				r["mode_rx"] = "NONE"
				switch pause, pfc := m.s.portTable[Port(k.n[0])].flowControl(); {
				case pfc != 0:
					r["mode_rx"] = "PFC"
				case pause:
					r["mode_rx"] = "PAUSE"
				}
			},
			check: func(_ fixedKey, r record) error {
				l := r.list("cos_to_icos")
				if len(l) != icosN || slices.ContainsFunc(l, func(n uint32) bool { return n >= icosN }) {
					return refused(tables.ErrInvalid, "field cos_to_icos is %v (want the icos of each of %d cos, each 0..%d)", l, icosN, icosN-1)
				}
				return nil
			}},
		{name: "port.sched_cfg", id: 0xff050016, typ: "TmPortSchedCfg", data: schedCfg,
			live: func(k fixedKey, r record) {
				if m.s.target == ir.Tofino2 {
					r["l1_nodes_count"], r["l1_nodes"] = num8(4), m.l1NodesOf(Port(k.n[0]))
				}
			}},
		{name: "port.sched_shaping", id: 0xff050017, typ: "TmPortSchedShaping",
			data: shapingUnits + "max_rate#3:uint32; max_burst_size#4:uint32",
			def: func(fixedKey) record {
				return record{"unit": "BPS", "provisioning": "UPPER", "max_rate": num32(DefaultPortSpeed / 1000), "max_burst_size": num32(defaultPortBurst)}
			}},
	}
	for i := range list {
		if list[i].apply == nil {
			list[i].apply = apply
		}
	}
	list = append(list, tmTable{name: "port.cfg", id: 0xff050010, typ: "TmPortCfg",
		data: "pg_id#1:uint8/O; pg_port_nr#2:uint8/O; port_queues_count#3:uint8/O; ingress_qid_map#4:uint8/RO; egress_qid_queues#5:uint8/RO; copy_to_cpu#6:bool/O; " +
			"mirror_drop_destination#7:bool/O; mirror_drop_pg_queue#8:uint8/O; pkt_extraction_credits#9:uint32/O",
		live: m.readPortCfg})
	for i := range list {
		list[i].key, list[i].size, list[i].keys = devPortKey, 288, m.s.everyPort
	}
	return append(list, m.portGroup(), m.portGroupCfg(), m.ppgCfg())
}

func (m *tm) l1NodesOf(p Port) (out []uint32) {
	for i := range 4 {
		out = append(out, uint32(p.Local()%m.shape.ports*4+i))
	}
	return out
}

func (m *tm) readPortCfg(k fixedKey, r record) {
	p := Port(k.n[0])
	group, nr := p.Local()/m.shape.ports, p.Local()%m.shape.ports
	l := m.layout(p.Pipe(), group)[nr]
	r["pg_id"], r["pg_port_nr"], r["port_queues_count"] = num8(group), num8(nr), num8(l.count)
	r["ingress_qid_map"], r["egress_qid_queues"] = l.lists()
	r["copy_to_cpu"] = m.s.cpu.Load() == int32(p)
	b := &m.pipe[p.Pipe()]
	at := b.deflectQueue - l.base
	if to := b.deflect && b.deflectGroup == group && at >= 0 && at < l.count; to {
		r["mirror_drop_destination"], r["mirror_drop_pg_queue"] = true, num8(b.deflectQueue)
	}
}

// lists are the port's queue of each qid, and which queues of the group those are.
func (l *portLayout) lists() (qids, queues []uint32) {
	for _, q := range l.qids {
		qids = append(qids, uint32(q))
		queues = append(queues, uint32(l.base+q))
	}
	return qids, queues
}

func (m *tm) groupKeys() []fixedKey { return upTo(m.shape.groups) }

func (m *tm) portGroup() tmTable {
	mapping := "port_queue_count#2:uint8/R"
	for i := range m.shape.ports {
		mapping += fmt.Sprintf("; ingress_qid_map_%d#%d:uint8/R; egress_qid_queues_%d#%d:uint8/RO", i, 3+2*i, i, 4+2*i)
	}
	return tmTable{name: "port.group", id: 0xff050012, typ: "TmPortGroup", size: m.shape.groups * maxPipes, key: pgKey, data: "pg_dev_ports#1:uint32/RO",
		actions: []tmAction{{"map", 1, mapping}, {"seq", 2, "port_queue_count#2:uint8/R"}, {"even", 3, "port_queue_count#2:uint8/R"}, {"crop", 4, "port_queue_count#2:uint8/RM"}},
		piped:   true, most: m.lastQueue(), keys: m.groupKeys, live: m.readGroup, check: m.checkGroup,
		apply: func(k fixedKey) { m.compileGroup(k.pipe-1, int(k.n[0])) }}
}

// readGroup shows what the group is; every entry reads as a map.
func (m *tm) readGroup(k fixedKey, r record) {
	r[actionField] = "map"
	var counts, devs []uint32
	for i, l := range m.layout(k.pipe-1, int(k.n[0])) {
		counts = append(counts, uint32(l.count))
		devs = append(devs, uint32(m.portAt(k.pipe-1, int(k.n[0]), i)))
		r["ingress_qid_map_"+strconv.Itoa(i)], r["egress_qid_queues_"+strconv.Itoa(i)] = l.lists()
	}
	r["port_queue_count"], r["pg_dev_ports"] = counts, devs
}

func (m *tm) checkGroup(k fixedKey, r record) error {
	counts := r.list("port_queue_count")
	if len(counts) > m.shape.ports {
		return refused(tables.ErrInvalid, "field port_queue_count has %d numbers (ports of a group: %d)", len(counts), m.shape.ports)
	}
	sum := 0
	for i, l := range m.layout(k.pipe-1, int(k.n[0])) {
		sum += l.count
		name := "ingress_qid_map_" + strconv.Itoa(i)
		given := r.list(name)
		if len(given) > m.shape.qids {
			return refused(tables.ErrInvalid, "field %s has %d numbers (qids: %d)", name, len(given), m.shape.qids)
		}
		for _, q := range given {
			if int(q) >= l.count {
				return refused(tables.ErrInvalid, "field %s names queue %d (queues of the port: %d)", name, q, l.count)
			}
		}
	}
	if sum > m.shape.queues {
		return refused(tables.ErrInvalid, "field port_queue_count: %d queues in all (queues of a group: %d)", sum, m.shape.queues)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if g := m.groups[k.pipe-1][k.n[0]]; g != nil && !g.empty() {
		return refused(tables.ErrInUse, "queues of group %d of pipe %d hold packets", k.n[0], k.pipe-1)
	}
	return nil
}

func (m *tm) portGroupCfg() tmTable {
	return tmTable{name: "port.group_cfg", id: 0xff050011, typ: "TmPortGroupCfg", size: 1, data: "ingress_qid_max#1:uint8; pg_queues#2:uint8",
		live: func(_ fixedKey, r record) {
			r["ingress_qid_max"], r["pg_queues"] = num8(m.shape.qids-1), num8(m.shape.queues)
		}}
}

// ------------------------------------------------------------ priority groups

func (m *tm) ppgCfg() tmTable {
	return tmTable{name: "ppg.cfg", id: 0xff050030, typ: "TmPpgCfg", size: ppgs * maxPipes, key: "ppg_id#1:uint8",
		data: icosWrite + shareData(12) + "; ppg_counter_id#17:uint8/O",
		actions: []tmAction{
			{"dev_port", 1, "dev_port#1:uint32; pfc_enable#2:bool; pfc_skid_max_cells#3:uint32"},
			{"mirror_port", 2, ""},
		},
		piped: true, added: true, most: [2]uint64{ppgs - 1}, keys: func() []fixedKey { return upTo(ppgs) },
		def: func(fixedKey) record {
			return record{"hysteresis_cells": cells(DefaultHysteresis), "pool_id": "IG_APP_POOL_0", "dynamic_baf": "DISABLE"}
		},
		live:  func(k fixedKey, r record) { r["ppg_counter_id"] = num8(int(k.n[0])) },
		check: m.checkPPG, apply: m.compilePPG,
		own: func(k fixedKey, r record) int {
			if p := Port(r.num("dev_port")); r["dev_port"] != nil && p.Pipe() < len(m.s.pipes) {
				return p.Pipe()
			}
			for n := range m.s.pipes {
				if k.pipe = n + 1; m.conf["ppg.cfg"][k] != nil {
					return n
				}
			}
			return -1
		}}
}

func (m *tm) checkPPG(k fixedKey, r record) error {
	if r.text(actionField) == "" {
		return refused(tables.ErrInvalid, "no action (actions: dev_port, mirror_port)")
	}
	if err := m.checkShare(k, r); err != nil {
		return err
	}
	if r.text(actionField) != "dev_port" {
		return nil
	}
	p, err := m.s.portKey(r.num("dev_port"))
	if err != nil {
		return err
	}
	if p.Pipe() != k.pipe-1 {
		return refused(tables.ErrInvalid, "field dev_port: port %d is not of pipe %d", p, k.pipe-1)
	}
	for _, other := range m.sortedKeys("ppg.cfg") {
		o := m.conf["ppg.cfg"][other]
		if other == k || other.pipe != k.pipe || o.text(actionField) != "dev_port" || Port(o.num("dev_port")) != p {
			continue
		}
		for i := range icosN {
			if r.flag(icosField(i)) && o.flag(icosField(i)) {
				return refused(tables.ErrInUse, "field %s: ppg %d of port %d has it", icosField(i), other.n[0], p)
			}
		}
	}
	return nil
}

func (m *tm) checkShare(_ fixedKey, r record) error {
	return m.cellFields(r, "guaranteed_cells", "hysteresis_cells", "pool_max_cells", "pfc_skid_max_cells")
}

func (m *tm) dpgDefaults(fixedKey) record {
	return record{"guaranteed_cells": cells(m.shape.ingressMin), "hysteresis_cells": cells(DefaultHysteresis), "pool_id": "IG_APP_POOL_0",
		"pool_max_cells": cells(m.shape.ingressMax), "dynamic_baf": "80%"}
}

// compilePPG makes a priority group, and the ports that it may be of, as the
// tables say. Switch.mu is held.
func (m *tm) compilePPG(k fixedKey) {
	m.mu.Lock()
	defer m.mu.Unlock()
	pipe, n := k.pipe-1, k.n[0]
	r, there := m.conf["ppg.cfg"][k]
	h := m.ppg[pipe][n]
	if h == nil {
		h = &cellShare{}
		m.ppg[pipe][n] = h
	}
	full := record{"pool_id": "IG_APP_POOL_0", "dynamic_baf": "DISABLE", "hysteresis_cells": cells(DefaultHysteresis)}
	for f, v := range r {
		full[f] = v
	}
	m.compileShare(h, full)
	if !there && *h == (cellShare{hyst: h.hyst, pool: h.pool}) {
		m.ppg[pipe][n] = nil
	}
	for l := range m.shape.groups * m.shape.ports {
		if p := Port(pipe<<7 | l); m.inputs[p] != nil {
			m.compileInput(p)
		}
	}
}

func (m *tm) compileShare(h *cellShare, r record) {
	h.guaranteed, h.hyst = int(r.num("guaranteed_cells")), int(r.num("hysteresis_cells"))
	m.movePool(h, m.poolNamed(r.text("pool_id"), "IG_APP_POOL_0"), true)
	h.most, h.baf = int(r.num("pool_max_cells")), bafShares[r.text("dynamic_baf")]
}

// inputBy is the priority group of each cos of a port. mu is held, Switch.mu
// too, or the packet path asks.
func (m *tm) inputBy(p Port) (by [icosN]int8) {
	for i := range by {
		by[i] = -1
	}
	for k, r := range m.conf["ppg.cfg"] {
		if r.text(actionField) != "dev_port" || Port(r.num("dev_port")) != p {
			continue
		}
		for i := range by {
			if r.flag(icosField(i)) {
				by[i] = int8(k.n[0])
			}
		}
	}
	return by
}

// icosOf shows which cos are left to the default priority group.
func icosOf(r record, by [icosN]int8) {
	list := []uint32{}
	for i, n := range by {
		r[icosField(i)] = n < 0
		if n < 0 {
			list = append(list, uint32(i))
		}
	}
	r["icos_ppg_map"] = list
}
