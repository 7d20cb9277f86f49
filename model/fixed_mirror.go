package model

import (
	"maps"
	"slices"

	"gofino/pipeline/ir"
	"gofino/tables"
)

const (
	mirrorCoalescing1 = "$internal_header#1:bytes128; $internal_header_length#2:uint32; $timeout_usec#3:uint32; $extract_len#4:uint32"
	mirrorCoalescing2 = mirrorCoalescing1 + "; $session_coal_mode#5:bool"

	mirrorData1 = "$session_enable#5:bool; $direction#6:string{INGRESS,EGRESS,BOTH}; $ucast_egress_port#7:uint32; $ucast_egress_port_valid#8:bool; " +
		"$egress_port_queue#9:uint32; $ingress_cos#10:uint32; $packet_color#11:string{GREEN,YELLOW,RED}; $level1_mcast_hash#12:uint32; " +
		"$level2_mcast_hash#13:uint32; $mcast_grp_a#14:uint16; $mcast_grp_a_valid#15:bool; $mcast_grp_b#16:uint16; $mcast_grp_b_valid#17:bool; " +
		"$mcast_l1_xid#18:uint16; $mcast_l2_xid#19:uint16; $mcast_rid#20:uint16; $icos_for_copy_to_cpu#21:uint32; $copy_to_cpu#22:bool; $max_pkt_len#23:uint16"
	mirrorData2 = "$session_enable#6:bool; $session_priority#7:bool; $hash_cfg_flag#8:bool; $hash_cfg_flag_p#9:bool; $icos_cfg_flag#10:bool; " +
		"$dod_cfg_flag#11:bool; $c2c_cfg_flag#12:bool; $mc_cfg_flag#13:bool; $epipe_cfg_flag#14:bool; $direction#15:string{INGRESS,EGRESS,BOTH}; " +
		"$ucast_egress_port#16:uint32; $ucast_egress_port_valid#17:bool; $egress_port_queue#18:uint32; $ingress_cos#19:uint32; " +
		"$packet_color#20:string{GREEN,YELLOW,RED}; $level1_mcast_hash#21:uint32; $level2_mcast_hash#22:uint32; $mcast_grp_a#23:uint16; " +
		"$mcast_grp_a_valid#24:bool; $mcast_grp_b#25:uint16; $mcast_grp_b_valid#26:bool; $mcast_l1_xid#27:uint16; $mcast_l2_xid#28:uint16; " +
		"$mcast_rid#29:uint16; $icos_for_copy_to_cpu#30:uint32; $copy_to_cpu#31:bool; $max_pkt_len#32:uint16"

	normalAction     = "$normal"
	coalescingAction = "$coalescing"
)

// mirrorEntry is a session as the controller wrote it. Immutable.
type mirrorEntry struct{ values record }

func (s *Switch) mirrorCfg() *fixedTable {
	size, coalescing, data := 1024, mirrorCoalescing1, mirrorData1
	if s.target == ir.Tofino2 {
		size, coalescing, data = 256, mirrorCoalescing2, mirrorData2
	}
	t := &fixedTable{spec: fixedSpec("$mirror.cfg", 0xff040001, "MirrorCfg", size, "$sid#1:uint16", data)}
	t.spec.Actions = []tables.ActionSpec{
		{ID: 1, Name: coalescingAction, Data: fields(coalescing)},
		{ID: 2, Name: normalAction},
	}
	t.insert = func(k fixedKey, r record) (func(), error) {
		return s.setMirror(k, func(old *mirrorEntry) (record, error) {
			if old != nil {
				return nil, refused(tables.ErrExists, "session %d", k.n[0])
			}
			return r, nil
		})
	}
	t.modify = func(k fixedKey, r record) (func(), error) {
		return s.setMirror(k, func(old *mirrorEntry) (record, error) {
			if old == nil {
				return nil, refused(tables.ErrNotFound, "session %d", k.n[0])
			}
			merged := maps.Clone(old.values)
			maps.Copy(merged, r)
			return merged, nil
		})
	}
	t.delete = func(k fixedKey) (func(), error) {
		return s.setMirror(k, func(old *mirrorEntry) (record, error) {
			if old == nil {
				return nil, refused(tables.ErrNotFound, "session %d", k.n[0])
			}
			return nil, nil
		})
	}
	t.clear = s.clearMirrors
	t.keys = func() []fixedKey {
		s.mu.Lock()
		defer s.mu.Unlock()
		var out []fixedKey
		for _, id := range slices.Sorted(maps.Keys(s.mirrorTable)) {
			out = append(out, fixedKey{n: [2]uint64{uint64(id)}})
		}
		return out
	}
	t.get = func(k fixedKey) (record, string, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		e := s.mirrorTable[uint16(k.n[0])]
		if e == nil {
			return nil, "", refused(tables.ErrNotFound, "session %d", k.n[0])
		}
		return e.values, normalAction, nil
	}
	return t
}

// setMirror replaces a session by what change makes of it; nil deletes it.
func (s *Switch) setMirror(k fixedKey, change func(*mirrorEntry) (record, error)) (func(), error) {
	if k.n[0] == 0 || k.n[0] >= uint64(len(s.mirrors)) {
		return nil, refused(tables.ErrInvalid, "session %d (sessions: 1..%d)", k.n[0], len(s.mirrors)-1)
	}
	id := uint16(k.n[0])
	s.mu.Lock()
	defer s.mu.Unlock()
	oldEntry, oldLive := s.mirrorTable[id], s.mirrors[id].Load()
	r, err := change(oldEntry)
	if err != nil {
		return nil, err
	}
	if r == nil {
		delete(s.mirrorTable, id)
		s.mirrors[id].Store(nil)
	} else {
		live, err := s.compileMirror(r)
		if err != nil {
			return nil, err
		}
		s.mirrorTable[id] = &mirrorEntry{values: r}
		s.mirrors[id].Store(live)
	}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.restoreMirror(id, oldEntry, oldLive)
	}, nil
}

func (s *Switch) restoreMirror(id uint16, e *mirrorEntry, live *session) {
	if e == nil {
		delete(s.mirrorTable, id)
	} else {
		s.mirrorTable[id] = e
	}
	s.mirrors[id].Store(live)
}

func (s *Switch) clearMirrors(fixedKey) (func(), error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	entries := maps.Clone(s.mirrorTable)
	live := map[uint16]*session{}
	for id := range entries {
		live[id] = s.mirrors[id].Load()
		s.restoreMirror(id, nil, nil)
	}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for id, e := range entries {
			s.restoreMirror(id, e, live[id])
		}
	}, nil
}

// compileMirror turns an entry into what the packet path reads. $session_priority
// orders copies that wait for one mirror buffer; here none waits.
func (s *Switch) compileMirror(r record) (*session, error) {
	if r.text(actionField) == coalescingAction {
		return nil, refused(tables.ErrNotSupported, "coalescing sessions (action %s) are not emulated (actions: %s)", coalescingAction, normalAction)
	}
	queue := uint64(31)
	if s.target == ir.Tofino2 {
		queue = 127
	}
	for _, lim := range []struct {
		name string
		most uint64
	}{
		{"$ucast_egress_port", 511}, {"$egress_port_queue", queue}, {"$ingress_cos", 7}, {"$icos_for_copy_to_cpu", 7},
		{"$level1_mcast_hash", 1<<13 - 1}, {"$level2_mcast_hash", 1<<13 - 1}, {"$mcast_l2_xid", 511},
	} {
		if n := r.num(lim.name); n > lim.most {
			return nil, refused(tables.ErrInvalid, "%s is %d (most: %d)", lim.name, n, lim.most)
		}
	}
	dir := r.text("$direction")
	m := &session{
		enabled: r.flag("$session_enable"),
		ingress: dir != "EGRESS", egress: dir == "EGRESS" || dir == "BOTH",
		ucast: r.flag("$ucast_egress_port_valid"), port: Port(r.num("$ucast_egress_port")),
		qid: uint8(r.num("$egress_port_queue")), cos: uint8(r.num("$ingress_cos")),
		hash1: uint16(r.num("$level1_mcast_hash")), hash2: uint16(r.num("$level2_mcast_hash")),
		grpA: uint16(r.num("$mcast_grp_a")), aValid: r.flag("$mcast_grp_a_valid"),
		grpB: uint16(r.num("$mcast_grp_b")), bValid: r.flag("$mcast_grp_b_valid"),
		xid: uint16(r.num("$mcast_l1_xid")), yid: uint16(r.num("$mcast_l2_xid")), rid: uint16(r.num("$mcast_rid")),
		cpuCos: uint8(r.num("$icos_for_copy_to_cpu")), toCPU: r.flag("$copy_to_cpu"),
		maxLen: int(r.num("$max_pkt_len")),
		keep: keeps{
			hash: r.flag("$hash_cfg_flag"), cos: r.flag("$icos_cfg_flag"), deflect: r.flag("$dod_cfg_flag"),
			groups: r.flag("$mc_cfg_flag"), port: r.flag("$epipe_cfg_flag"),
		},
	}
	if m.keep.hash {
		if one := m.hash1; r.flag("$hash_cfg_flag_p") {
			m.hash2 = one
		} else {
			m.hash1 = m.hash2
		}
	}
	switch r.text("$packet_color") {
	case "YELLOW":
		m.color = 1
	case "RED":
		m.color = 3
	}
	if m.maxLen == 0 {
		m.maxLen = noTruncation
	}
	return m, nil
}
