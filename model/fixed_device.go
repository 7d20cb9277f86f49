package model

import (
	"fmt"

	"gofino/internal/snap"
	"gofino/pipeline/ir"
)

// deviceSettings are what device_configuration lets a controller change; guarded
// by the switch's mu.
type deviceSettings struct {
	learnInterrupt bool   // how the driver hears of digests: here always at once
	drTimeout      uint32 // µs
	learnTimeout   uint32 // µs that the first quantum of a batch of digests waits
	deleteInactive bool   // of replication nodes
	memberOrder    bool   // of selectors: Store.SetMemberOrder
}

func (s *Switch) defaultSettings() deviceSettings {
	d := deviceSettings{learnTimeout: DefaultDigestTimeoutNS / 1000}
	if s.conf.DigestTimeout != 0 {
		d.learnTimeout = uint32(s.conf.DigestTimeout / 1000)
	}
	return d
}

// configure makes settings count, and returns how to undo it. The caller is a
// writer of the table API.
func (s *Switch) configure(d deviceSettings) (undo func()) {
	s.mu.Lock()
	old := s.settings
	s.settings = d
	s.mu.Unlock()
	s.applySettings(old, d)
	return func() {
		s.mu.Lock()
		s.settings = old
		s.mu.Unlock()
		s.applySettings(d, old)
	}
}

func (s *Switch) applySettings(from, to deviceSettings) {
	if from.memberOrder != to.memberOrder {
		for _, p := range s.programs {
			p.api.SetMemberOrder(to.memberOrder)
		}
	}
	if from.learnTimeout == to.learnTimeout {
		return
	}
	for _, p := range s.pipes {
		if p.learn == nil {
			continue
		}
		p.lock()
		p.learn.timeout = int64(to.learnTimeout) * 1000
		p.st.Mu.Unlock()
	}
}

func (s *Switch) saveSettings(e *snap.Encoder) {
	d := &s.settings
	for _, b := range []bool{d.learnInterrupt, d.deleteInactive, d.memberOrder} {
		e.Bool(b)
	}
	e.Uint(uint64(d.drTimeout), uint64(d.learnTimeout))
}

func loadSettings(d *snap.Decoder) deviceSettings {
	return deviceSettings{
		learnInterrupt: d.Bool(), deleteInactive: d.Bool(), memberOrder: d.Bool(), drTimeout: d.Uint32(), learnTimeout: d.Uint32(),
	}
}

// deviceConfig is tf1.dev.device_configuration or tf2's: what the chip is, and
// what of its driver can be changed. It is keyless.
func (s *Switch) deviceConfig() *fixedTable {
	name, skus := "tf1.dev.device_configuration", "UNKNOWN,BFN-T10-064Q,BFN-T10-032Q,BFN-T10-032D,BFN-T10-032D-020,BFN-T10-032D-018,BFN-T10-032D-012"
	if s.target == ir.Tofino2 {
		name, skus = "tf2.dev.device_configuration", "UNKNOWN,BFN-T20-128Q,BFN-T20-128QM,BFN-T20-080T,BFN-T20-080TM,BFN-T20-064Q,BFN-T20-064D"
	}
	t := &fixedTable{spec: fixedSpec(name, 0xff060001, "DevConfigure", 1, "",
		fmt.Sprintf("sku#1:string{%s}=UNKNOWN/O; ", skus)+
			"num_pipes#2:uint32/O; num_stages#3:uint32/O; num_max_ports#4:uint32/O; num_front_ports#5:uint32/O; pcie_cpu_port#6:uint32/O; "+
			"eth_cpu_port_list#7:uint32/RO; internal_port_list#8:uint32/RO; external_port_list#9:uint32/RO; recirc_port_list#10:uint32/RO; "+
			"intr_based_link_monitoring#11:bool/O; flow_learn_intr_mode#12:bool=False; lrt_dr_timeout_usec#13:uint32=0; "+
			"flow_learn_timeout_usec#14:uint32=500; inactive_node_delete#15:bool=False; selector_member_order#16:bool=False")}
	t.get = func(fixedKey) (record, string, error) {
		r := s.describe()
		s.mu.Lock()
		defer s.mu.Unlock()
		d := &s.settings
		r["flow_learn_intr_mode"], r["inactive_node_delete"], r["selector_member_order"] = d.learnInterrupt, d.deleteInactive, d.memberOrder
		r["lrt_dr_timeout_usec"], r["flow_learn_timeout_usec"] = num32(uint64(d.drTimeout)), num32(uint64(d.learnTimeout))
		r["intr_based_link_monitoring"] = false
		return r, "", nil
	}
	t.modify = func(_ fixedKey, r record) (func(), error) {
		s.mu.Lock()
		d := s.settings
		s.mu.Unlock()
		for name, to := range map[string]*bool{
			"flow_learn_intr_mode": &d.learnInterrupt, "inactive_node_delete": &d.deleteInactive, "selector_member_order": &d.memberOrder,
		} {
			if _, given := r[name]; given {
				*to = r.flag(name)
			}
		}
		if _, given := r["lrt_dr_timeout_usec"]; given {
			d.drTimeout = uint32(r.num("lrt_dr_timeout_usec"))
		}
		if _, given := r["flow_learn_timeout_usec"]; given {
			d.learnTimeout = uint32(r.num("flow_learn_timeout_usec"))
		}
		return s.configure(d), nil
	}
	t.delete = func(fixedKey) (func(), error) { return s.configure(s.defaultSettings()), nil }
	return t
}

// describe lists the ports by kind (chip.md section 1).
func (s *Switch) describe() record {
	var eth, internal, external, recirc []uint32
	for _, k := range s.everyPort() {
		p := Port(k.n[0])
		switch {
		case recirculates(s.target, p) || s.recircCapable(p):
			recirc = append(recirc, uint32(p))
			internal = append(internal, uint32(p))
		case cpuPort(s.target, p) && (s.target == ir.Tofino || p != 0):
			eth = append(eth, uint32(p))
			internal = append(internal, uint32(p))
		case s.front(p):
			external = append(external, uint32(p))
		default:
			internal = append(internal, uint32(p))
		}
	}
	pipes := uint64(s.conf.Pipes)
	sku, stages, pcie := "UNKNOWN", uint64(12), uint64(320)
	switch {
	case s.target == ir.Tofino2:
		stages, pcie = 20, 0
		if pipes == 4 {
			sku = "BFN-T20-128Q"
		}
	case pipes == 4:
		sku = "BFN-T10-064Q"
	case pipes <= 2:
		pcie = 192
		if pipes == 2 {
			sku = "BFN-T10-032D"
		}
	}
	return record{
		"sku": sku, "num_pipes": num32(pipes), "num_stages": num32(stages), "num_max_ports": num32(72 * pipes),
		"num_front_ports": num32(uint64(len(external))), "pcie_cpu_port": num32(pcie), "eth_cpu_port_list": eth,
		"internal_port_list": internal, "external_port_list": external, "recirc_port_list": recirc,
	}
}

// recircCapable: Tofino's quad 16 of the odd pipes of a four-pipe part, which
// the packet generator's port table can turn into recirculation ports.
func (s *Switch) recircCapable(p Port) bool {
	return s.target == ir.Tofino && s.conf.Pipes == 4 && p.Pipe()&1 == 1 && p.Local() >= 64 && p.Local() < 68
}

// front: a front-panel port.
func (s *Switch) front(p Port) bool {
	if s.target == ir.Tofino2 {
		return p.Local() >= 8 && p.Local() < 72
	}
	return p.Local() < 64
}
