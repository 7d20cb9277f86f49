package model

import (
	"fmt"

	"gofino/pipeline/ir"
	"gofino/pre"
	"gofino/tables"
)

// preTables are $pre.*, in front of package pre.
func (s *Switch) preTables() []*fixedTable {
	return []*fixedTable{s.preMGID(), s.preNode(), s.preECMP(), s.preLAG(), s.prePrune(), s.prePort()}
}

// undoAll undoes several operations, newest first.
func undoAll(list ...pre.Undo) func() {
	return func() {
		for i := len(list) - 1; i >= 0; i-- {
			list[i]()
		}
	}
}

func one(u pre.Undo, err error) (func(), error) { return u, err }

func (s *Switch) preMGID() *fixedTable {
	t := &fixedTable{spec: fixedSpec("$pre.mgid", 0xff020001, "PreMgid", 65536, "$MGID#1:uint16",
		"$MULTICAST_NODE_ID#1:uint32/R; $MULTICAST_NODE_L1_XID_VALID#2:bool/R; $MULTICAST_NODE_L1_XID#3:uint16/R; "+
			"$MULTICAST_ECMP_ID#4:uint32/R; $MULTICAST_ECMP_L1_XID_VALID#5:bool/R; $MULTICAST_ECMP_L1_XID#6:uint16/R")}
	t.spec.Attributes = []string{"pre_device_config"}
	t.attrs = map[string]fixedAttribute{"pre_device_config": s.preDevice()}
	t.insert = func(k fixedKey, r record) (func(), error) {
		n, e, err := members(r)
		if err != nil {
			return nil, err
		}
		return one(s.pre.AddGroup(pre.MGID(k.n[0]), n, e))
	}
	t.modify = func(k fixedKey, r record) (func(), error) {
		n, e, err := members(r)
		if err != nil {
			return nil, err
		}
		return one(s.pre.SetGroup(pre.MGID(k.n[0]), n, e))
	}
	t.inc = func(k fixedKey, r record, remove bool) (func(), error) {
		n, e, err := members(r)
		if err != nil {
			return nil, err
		}
		if !remove {
			return one(s.pre.AddToGroup(pre.MGID(k.n[0]), n, e))
		}
		var nodes []pre.NodeID
		var ecmps []pre.ECMPID
		for _, m := range n {
			nodes = append(nodes, m.Node)
		}
		for _, m := range e {
			ecmps = append(ecmps, m.ECMP)
		}
		return one(s.pre.RemoveFromGroup(pre.MGID(k.n[0]), nodes, ecmps))
	}
	t.delete = func(k fixedKey) (func(), error) { return one(s.pre.DeleteGroup(pre.MGID(k.n[0]))) }
	t.keys = func() []fixedKey { return numbered(s.pre.Groups()) }
	t.get = func(k fixedKey) (record, string, error) {
		n, e, ok := s.pre.Group(pre.MGID(k.n[0]))
		if !ok {
			return nil, "", fmt.Errorf("group %d: %w", k.n[0], pre.ErrNotFound)
		}
		ids, xids, valid := []uint32{}, []uint32{}, []bool{}
		for _, m := range n {
			ids, valid, xids = append(ids, uint32(m.Node)), append(valid, m.XIDValid), append(xids, uint32(m.XID))
		}
		r := record{"$MULTICAST_NODE_ID": ids, "$MULTICAST_NODE_L1_XID_VALID": valid, "$MULTICAST_NODE_L1_XID": xids}
		ids, xids, valid = []uint32{}, []uint32{}, []bool{}
		for _, m := range e {
			ids, valid, xids = append(ids, uint32(m.ECMP)), append(valid, m.XIDValid), append(xids, uint32(m.XID))
		}
		r["$MULTICAST_ECMP_ID"], r["$MULTICAST_ECMP_L1_XID_VALID"], r["$MULTICAST_ECMP_L1_XID"] = ids, valid, xids
		return r, "", nil
	}
	return t
}

// members reads the two triples of equally long lists.
func members(r record) (nodes []pre.Member, ecmps []pre.ECMPMember, err error) {
	for _, what := range []string{"NODE", "ECMP"} {
		ids := r.list("$MULTICAST_" + what + "_ID")
		valid := r.flags("$MULTICAST_" + what + "_L1_XID_VALID")
		xids := r.list("$MULTICAST_" + what + "_L1_XID")
		if len(ids) != len(valid) || len(ids) != len(xids) {
			return nil, nil, refused(tables.ErrInvalid,
				"$MULTICAST_%s_ID has %d elements, _L1_XID_VALID %d, _L1_XID %d; they must be equally long", what, len(ids), len(valid), len(xids))
		}
		for i, id := range ids {
			if what == "NODE" {
				nodes = append(nodes, pre.Member{Node: pre.NodeID(id), XIDValid: valid[i], XID: pre.XID(xids[i])})
			} else {
				ecmps = append(ecmps, pre.ECMPMember{ECMP: pre.ECMPID(id), XIDValid: valid[i], XID: pre.XID(xids[i])})
			}
		}
	}
	return nodes, ecmps, nil
}

func numbered[T pre.MGID | pre.NodeID | pre.ECMPID](ids []T) []fixedKey {
	out := make([]fixedKey, len(ids))
	for i, id := range ids {
		out[i].n[0] = uint64(id)
	}
	return out
}

// upTo is the keys 0..n-1.
func upTo(n int) []fixedKey {
	out := make([]fixedKey, n)
	for i := range out {
		out[i].n[0] = uint64(i)
	}
	return out
}

// prePorts reads a list of ports. A number that is no port at all becomes one
// that pre refuses.
func prePorts(list []uint32) []pre.Port {
	out := make([]pre.Port, len(list))
	for i, p := range list {
		out[i] = prePortNo(uint64(p))
	}
	return out
}

func prePortNo(p uint64) pre.Port { return pre.Port(min(p, 0xffff)) }

func portList(ports []pre.Port) []uint32 {
	out := make([]uint32, len(ports))
	for i, p := range ports {
		out[i] = uint32(p)
	}
	return out
}

func (s *Switch) preNode() *fixedTable {
	t := &fixedTable{spec: fixedSpec("$pre.node", 0xff020002, "PreNode", 16777216, "$MULTICAST_NODE_ID#1:uint32",
		"$MULTICAST_RID#1:uint16/M; $MULTICAST_LAG_ID#2:uint8/RM; $DEV_PORT#3:uint32/RM")}
	lags := func(r record) (out []pre.LAGID) {
		for _, l := range r.list("$MULTICAST_LAG_ID") {
			out = append(out, pre.LAGID(l))
		}
		return out
	}
	t.insert = func(k fixedKey, r record) (func(), error) {
		return one(s.pre.AddNode(pre.NodeID(k.n[0]), pre.RID(r.num("$MULTICAST_RID")), prePorts(r.list("$DEV_PORT")), lags(r)))
	}
	// The RID is the node's for life: the driver changes ports and LAGs only.
	t.modify = func(k fixedKey, r record) (func(), error) {
		return one(s.pre.SetNode(pre.NodeID(k.n[0]), prePorts(r.list("$DEV_PORT")), lags(r)))
	}
	t.delete = func(k fixedKey) (func(), error) { return one(s.pre.DeleteNode(pre.NodeID(k.n[0]))) }
	t.keys = func() []fixedKey { return numbered(s.pre.Nodes()) }
	t.get = func(k fixedKey) (record, string, error) {
		rid, ports, lags, ok := s.pre.Node(pre.NodeID(k.n[0]))
		if !ok {
			return nil, "", fmt.Errorf("node %d: %w", k.n[0], pre.ErrNotFound)
		}
		ids := []uint32{}
		for _, l := range lags {
			ids = append(ids, uint32(l))
		}
		return record{"$MULTICAST_RID": num16(uint64(rid)), "$MULTICAST_LAG_ID": ids, "$DEV_PORT": portList(ports)}, "", nil
	}
	return t
}

func (s *Switch) preECMP() *fixedTable {
	t := &fixedTable{spec: fixedSpec("$pre.ecmp", 0xff020003, "PreEcmp", 16777216, "$MULTICAST_ECMP_ID#1:uint32", "$MULTICAST_NODE_ID#1:uint32/RM")}
	nodes := func(r record) (out []pre.NodeID) {
		for _, n := range r.list("$MULTICAST_NODE_ID") {
			out = append(out, pre.NodeID(n))
		}
		return out
	}
	t.insert = func(k fixedKey, r record) (func(), error) { return one(s.pre.AddECMP(pre.ECMPID(k.n[0]), nodes(r))) }
	t.modify = func(k fixedKey, r record) (func(), error) { return one(s.pre.SetECMP(pre.ECMPID(k.n[0]), nodes(r))) }
	t.inc = func(k fixedKey, r record, remove bool) (func(), error) {
		if remove {
			return one(s.pre.RemoveFromECMP(pre.ECMPID(k.n[0]), nodes(r)))
		}
		return one(s.pre.AddToECMP(pre.ECMPID(k.n[0]), nodes(r)))
	}
	t.delete = func(k fixedKey) (func(), error) { return one(s.pre.DeleteECMP(pre.ECMPID(k.n[0]))) }
	t.keys = func() []fixedKey { return numbered(s.pre.ECMPs()) }
	t.get = func(k fixedKey) (record, string, error) {
		list, ok := s.pre.ECMP(pre.ECMPID(k.n[0]))
		if !ok {
			return nil, "", fmt.Errorf("ecmp %d: %w", k.n[0], pre.ErrNotFound)
		}
		ids := []uint32{}
		for _, n := range list {
			ids = append(ids, uint32(n))
		}
		return record{"$MULTICAST_NODE_ID": ids}, "", nil
	}
	return t
}

func (s *Switch) preLAG() *fixedTable {
	size := 255
	if s.target == ir.Tofino2 {
		size = 256
	}
	t := &fixedTable{always: true, spec: fixedSpec("$pre.lag", 0xff020004, "PreLag", size, "$MULTICAST_LAG_ID#1:uint8",
		"$DEV_PORT#1:uint32/R; $MULTICAST_LAG_REMOTE_MSB_COUNT#2:uint32=0; $MULTICAST_LAG_REMOTE_LSB_COUNT#3:uint32=0")}
	set := func(k fixedKey, r record) (func(), error) {
		ports, left, right := s.pre.LAG(pre.LAGID(k.n[0]))
		if _, ok := r["$DEV_PORT"]; ok {
			ports = prePorts(r.list("$DEV_PORT"))
		}
		if _, ok := r["$MULTICAST_LAG_REMOTE_MSB_COUNT"]; ok {
			left = uint32(r.num("$MULTICAST_LAG_REMOTE_MSB_COUNT"))
		}
		if _, ok := r["$MULTICAST_LAG_REMOTE_LSB_COUNT"]; ok {
			right = uint32(r.num("$MULTICAST_LAG_REMOTE_LSB_COUNT"))
		}
		return one(s.pre.SetLAG(pre.LAGID(k.n[0]), ports, left, right))
	}
	t.insert, t.modify = set, set
	t.keys = func() []fixedKey { return upTo(size) }
	t.get = func(k fixedKey) (record, string, error) {
		ports, left, right := s.pre.LAG(pre.LAGID(k.n[0]))
		return record{
			"$DEV_PORT": portList(ports), "$MULTICAST_LAG_REMOTE_MSB_COUNT": num32(uint64(left)),
			"$MULTICAST_LAG_REMOTE_LSB_COUNT": num32(uint64(right)),
		}, "", nil
	}
	return t
}

func (s *Switch) prePrune() *fixedTable {
	t := &fixedTable{always: true, spec: fixedSpec("$pre.prune", 0xff020005, "PrePrune", pre.PruneEntries, "$MULTICAST_L2_XID#1:uint16", "$DEV_PORT#1:uint32/RM")}
	set := func(k fixedKey, r record) (func(), error) {
		return one(s.pre.SetPrune(pre.YID(k.n[0]), prePorts(r.list("$DEV_PORT"))))
	}
	t.insert, t.modify = set, set
	t.delete = func(k fixedKey) (func(), error) { return set(k, record{}) }
	t.keys = func() []fixedKey { return upTo(pre.PruneEntries) }
	t.get = func(k fixedKey) (record, string, error) {
		if k.n[0] >= pre.PruneEntries {
			return nil, "", fmt.Errorf("l2 xid %d (l2 xids: 0..%d): %w", k.n[0], pre.PruneEntries-1, pre.ErrInvalid)
		}
		return record{"$DEV_PORT": portList(s.pre.Prune(pre.YID(k.n[0])))}, "", nil
	}
	return t
}

func (s *Switch) prePort() *fixedTable {
	t := &fixedTable{always: true, spec: fixedSpec("$pre.port", 0xff020006, "PrePort", 288, "$DEV_PORT#1:uint32",
		"$MULTICAST_BACKUP_PORT#1:uint32; $MULTICAST_FORWARD_STATE#2:bool; $MULTICAST_CLEAR_FAST_FAILOVER#3:bool; $COPY_TO_CPU_PORT_ENABLE#4:bool")}
	t.insert, t.modify = s.setPrePort, s.setPrePort
	t.delete = func(k fixedKey) (func(), error) {
		return s.setPrePort(k, record{
			"$MULTICAST_BACKUP_PORT": num32(k.n[0]), "$MULTICAST_FORWARD_STATE": true,
			"$MULTICAST_CLEAR_FAST_FAILOVER": true, "$COPY_TO_CPU_PORT_ENABLE": false,
		})
	}
	t.keys = s.everyPort
	t.get = func(k fixedKey) (record, string, error) {
		p, err := s.pre.Port(prePortNo(k.n[0]))
		if err != nil {
			return nil, "", err
		}
		return record{
			"$MULTICAST_BACKUP_PORT": num32(uint64(p.Backup)), "$MULTICAST_FORWARD_STATE": p.Forward,
			"$MULTICAST_CLEAR_FAST_FAILOVER": false, "$COPY_TO_CPU_PORT_ENABLE": s.cpu.Load() == int32(k.n[0]),
		}, "", nil
	}
	return t
}

func (s *Switch) everyPort() []fixedKey {
	var out []fixedKey
	for n := range s.conf.Pipes << 7 {
		if validPort(Port(n), s.conf.Pipes) {
			out = append(out, fixedKey{n: [2]uint64{uint64(n)}})
		}
	}
	return out
}

// setPrePort changes what the record names, all or nothing.
func (s *Switch) setPrePort(k fixedKey, r record) (func(), error) {
	port := prePortNo(k.n[0])
	if _, err := s.pre.Port(port); err != nil {
		return nil, err
	}
	var undo []pre.Undo
	do := func(u pre.Undo, err error) error {
		if err == nil {
			undo = append(undo, u)
		}
		return err
	}
	if _, ok := r["$MULTICAST_BACKUP_PORT"]; ok {
		// The only step that can fail comes first.
		if err := do(s.pre.SetBackup(port, prePortNo(r.num("$MULTICAST_BACKUP_PORT")))); err != nil {
			return nil, err
		}
	}
	if _, ok := r["$MULTICAST_FORWARD_STATE"]; ok {
		if err := do(s.pre.SetForward(port, r.flag("$MULTICAST_FORWARD_STATE"))); err != nil {
			undoAll(undo...)()
			return nil, err
		}
	}
	if r.flag("$MULTICAST_CLEAR_FAST_FAILOVER") {
		if err := do(s.pre.ClearFailover(port)); err != nil {
			undoAll(undo...)()
			return nil, err
		}
	}
	if _, ok := r["$COPY_TO_CPU_PORT_ENABLE"]; ok {
		undo = append(undo, s.enableCPU(Port(port), r.flag("$COPY_TO_CPU_PORT_ENABLE")))
	}
	return undoAll(undo...), nil
}

// enableCPU makes p the CPU port, or no longer. The chip has one.
func (s *Switch) enableCPU(p Port, on bool) func() {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.cpu.Load()
	if on {
		s.cpu.Store(int32(p))
	} else if old == int32(p) {
		s.cpu.Store(-1)
	}
	return func() { s.cpu.Store(old) }
}
