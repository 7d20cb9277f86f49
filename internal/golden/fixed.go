package golden

import (
	"errors"
	"fmt"
	"strings"

	"gofino/tables"
)

// fixed translates the commands for the chip's fixed tables.
func (r *run) fixed(c *Command) ([]tables.Update, error) {
	if len(c.Args) == 0 {
		return nil, fmt.Errorf("want: %s", fixedUsage[c.Verb])
	}
	id, _, err := parseNumber(c.Args[0].Text)
	if err != nil {
		return nil, fmt.Errorf("%w (want: %s)", err, fixedUsage[c.Verb])
	}
	rest := c.Args[1:]
	switch c.Verb {
	case "mc_node":
		return mcNode(id.Uint64(), rest)
	case "mc_group":
		return mcGroup(id.Uint64(), rest)
	case "mc_ecmp":
		return listEntry("$pre.ecmp", "$MULTICAST_ECMP_ID", "$MULTICAST_NODE_ID", id.Uint64(), rest, tables.Insert)
	case "mc_lag":
		return listEntry("$pre.lag", "$MULTICAST_LAG_ID", "$DEV_PORT", id.Uint64(), rest, tables.Insert)
	case "mc_prune":
		return listEntry("$pre.prune", "$MULTICAST_L2_XID", "$DEV_PORT", id.Uint64(), rest, tables.Modify)
	case "mc_backup":
		if len(rest) != 1 {
			return nil, fmt.Errorf("want: %s", fixedUsage[c.Verb])
		}
		backup, err := uints(rest)
		if err != nil {
			return nil, err
		}
		return prePort(id.Uint64(), tables.DataField{Name: "$MULTICAST_BACKUP_PORT", Value: u32(backup[0])}), nil
	case "cpu_port":
		return prePort(id.Uint64(), tables.DataField{Name: "$COPY_TO_CPU_PORT_ENABLE", Value: true}), nil
	case "mirror":
		return mirror(id.Uint64(), rest)
	}
	return nil, fmt.Errorf("BUG: command %q has no meaning", c.Verb)
}

// fixedUsage is what each command takes.
var fixedUsage = map[string]string{
	"mc_node":   "mc_node NODE RID PORT... [lag:ID...]",
	"mc_group":  "mc_group MGID NODE[:XID]... [ecmp:ID]...",
	"mc_ecmp":   "mc_ecmp ID NODE...",
	"mc_lag":    "mc_lag ID PORT...",
	"mc_prune":  "mc_prune YID PORT...",
	"mc_backup": "mc_backup PORT BACKUP",
	"cpu_port":  "cpu_port PORT",
	"mirror":    "mirror SID [port:N] [mgid_a:N] [mgid_b:N] [rid:N] [cos:N] [max_len:N] [direction:INGRESS|EGRESS|BOTH]",
}

func uints(args []Arg) ([]uint32, error) {
	out := []uint32{}
	for _, a := range args {
		n, _, err := parseNumber(a.Text)
		if err != nil {
			return nil, err
		}
		out = append(out, uint32(n.Uint64()))
	}
	return out, nil
}

func listEntry(table, key, field string, id uint64, args []Arg, op tables.Op) ([]tables.Update, error) {
	list, err := uints(args)
	if err != nil {
		return nil, err
	}
	return one(op, tables.TableEntry{
		Table: table, Key: []tables.KeyField{uintKey(key, id)},
		Data: []tables.DataField{{Name: field, Value: list}},
	}), nil
}

func mcNode(id uint64, args []Arg) ([]tables.Update, error) {
	if len(args) == 0 {
		return nil, fmt.Errorf("want: %s", fixedUsage["mc_node"])
	}
	var ports, lags []Arg
	for _, a := range args[1:] {
		if a.Name == "lag" {
			lags = append(lags, a)
		} else {
			ports = append(ports, a)
		}
	}
	rid, err := uints(args[:1])
	if err != nil {
		return nil, err
	}
	p, err := uints(ports)
	if err != nil {
		return nil, err
	}
	l, err := uints(lags)
	if err != nil {
		return nil, err
	}
	return one(tables.Insert, tables.TableEntry{
		Table: "$pre.node", Key: []tables.KeyField{uintKey("$MULTICAST_NODE_ID", id)},
		Data: []tables.DataField{
			{Name: "$MULTICAST_RID", Value: []byte{byte(rid[0] >> 8), byte(rid[0])}},
			{Name: "$MULTICAST_LAG_ID", Value: l}, {Name: "$DEV_PORT", Value: p},
		},
	}), nil
}

// triple is one of the two parallel-list triples of $pre.mgid.
type triple struct {
	ids   []uint32
	valid []bool
	xids  []uint32
}

func (t *triple) add(id, xid string) error {
	n, _, err := parseNumber(id)
	if err != nil {
		return err
	}
	t.ids, t.valid, t.xids = append(t.ids, uint32(n.Uint64())), append(t.valid, xid != ""), append(t.xids, 0)
	if xid == "" {
		return nil
	}
	x, _, err := parseNumber(xid)
	if err != nil {
		return err
	}
	t.xids[len(t.xids)-1] = uint32(x.Uint64())
	return nil
}

func mcGroup(id uint64, args []Arg) ([]tables.Update, error) {
	var node, ecmp triple
	for _, a := range args {
		var err error
		switch a.Name {
		case "":
			err = node.add(a.Text, "")
		case "ecmp":
			i, xid, _ := strings.Cut(a.Text, ":")
			err = ecmp.add(i, xid)
		default:
			err = node.add(a.Name, a.Text)
		}
		if err != nil {
			return nil, err
		}
	}
	return one(tables.Insert, tables.TableEntry{
		Table: "$pre.mgid", Key: []tables.KeyField{uintKey("$MGID", id)},
		Data: []tables.DataField{
			{Name: "$MULTICAST_NODE_ID", Value: node.ids},
			{Name: "$MULTICAST_NODE_L1_XID_VALID", Value: node.valid},
			{Name: "$MULTICAST_NODE_L1_XID", Value: node.xids},
			{Name: "$MULTICAST_ECMP_ID", Value: ecmp.ids},
			{Name: "$MULTICAST_ECMP_L1_XID_VALID", Value: ecmp.valid},
			{Name: "$MULTICAST_ECMP_L1_XID", Value: ecmp.xids},
		},
	}), nil
}

func prePort(port uint64, f tables.DataField) []tables.Update {
	return one(tables.Modify, tables.TableEntry{
		Table: "$pre.port", Key: []tables.KeyField{uintKey("$DEV_PORT", port)}, Data: []tables.DataField{f},
	})
}

func mirror(sid uint64, args []Arg) ([]tables.Update, error) {
	e := tables.TableEntry{Table: "$mirror.cfg", Action: "$normal", Key: []tables.KeyField{uintKey("$sid", sid)}}
	set := func(name string, v tables.Value) { e.Data = append(e.Data, tables.DataField{Name: name, Value: v}) }
	set("$session_enable", true)
	direction := "BOTH"
	for _, a := range args {
		if a.Name == "direction" {
			direction = a.Text
			continue
		}
		n, _, err := parseNumber(a.Text)
		if err != nil {
			return nil, err
		}
		v := u32(uint32(n.Uint64()))
		switch a.Name {
		case "port":
			set("$ucast_egress_port", v)
			set("$ucast_egress_port_valid", true)
		case "mgid_a", "mgid_b":
			set("$mcast_grp_"+a.Name[5:], v[2:])
			set("$mcast_grp_"+a.Name[5:]+"_valid", true)
		case "rid":
			set("$mcast_rid", v[2:])
		case "cos":
			set("$ingress_cos", v)
		case "max_len":
			set("$max_pkt_len", v[2:])
		default:
			return nil, errors.New("want: " + fixedUsage["mirror"])
		}
	}
	set("$direction", direction)
	return one(tables.Insert, e), nil
}
