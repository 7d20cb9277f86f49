package golden

import (
	"errors"
	"fmt"
	"math/big"
	"strings"

	"gofino/tables"
)

// updates translates a command into table updates.
func (r *run) updates(c *Command) ([]tables.Update, error) {
	switch c.Verb {
	case "add", "del", "setdefault":
		return r.entry(c)
	case "clear":
		return one(tables.Delete, tables.TableEntry{Table: c.Table}), nil
	case "member":
		e := tables.TableEntry{Table: c.Table, Key: []tables.KeyField{uintKey("$ACTION_MEMBER_ID", uint64(c.Priority))}}
		if !c.HasPriority {
			return nil, errors.New("want: member PROFILE ID ACTION(...)")
		}
		return r.withAction(tables.Insert, e, c)
	case "group":
		return r.group(c)
	case "register":
		return r.register(c)
	case "value_set":
		return r.valueSet(c)
	case "port_metadata":
		return r.portMetadata(c)
	}
	return r.fixed(c)
}

func one(op tables.Op, e tables.TableEntry) []tables.Update {
	return []tables.Update{{Op: op, Entry: e}}
}

func (r *run) table(name string) (*tables.TableSpec, error) {
	return r.api.Schema().Find(name)
}

// entry builds add, del and setdefault of a match table.
func (r *run) entry(c *Command) ([]tables.Update, error) {
	spec, err := r.table(c.Table)
	if err != nil {
		return nil, err
	}
	e := tables.TableEntry{Table: spec.Name, Default: c.Verb == "setdefault"}
	for i := range c.Keys {
		f, err := keyField(spec, &c.Keys[i])
		if err != nil {
			return nil, err
		}
		e.Key = append(e.Key, *f)
	}
	for _, k := range spec.Key {
		if k.Name == "$MATCH_PRIORITY" && !e.Default {
			if c.Priority < 0 || c.Priority > maxPriority {
				return nil, fmt.Errorf("priority %d: want 0..%d", c.Priority, maxPriority)
			}
			e.Key = append(e.Key, uintKey(k.Name, uint64(maxPriority-c.Priority)))
		}
	}
	switch c.Verb {
	case "del":
		return one(tables.Delete, e), nil
	case "setdefault":
		return r.withAction(tables.Modify, e, c)
	}
	return r.withAction(tables.Insert, e, c)
}

// withAction fills in an entry's action. In a table with an action profile the
// entry refers to a member, which is made here unless the vector names one.
func (r *run) withAction(op tables.Op, e tables.TableEntry, c *Command) ([]tables.Update, error) {
	for _, a := range c.Args {
		n, _, err := parseNumber(a.Text)
		if err != nil {
			return nil, err
		}
		e.Data = append(e.Data, tables.DataField{Name: a.Name, Value: n.FillBytes(make([]byte, 4))})
	}
	if c.Action == "" {
		return one(op, e), nil
	}
	var params []tables.DataField
	for _, p := range c.Params {
		n, _, err := parseNumber(p.Text)
		if err != nil {
			return nil, err
		}
		params = append(params, tables.DataField{Name: p.Name, Value: bytesOf(n)})
	}
	spec, err := r.table(e.Table)
	if err != nil {
		return nil, err
	}
	profile, err := r.profileOf(spec)
	if err != nil || profile == nil {
		e.Action, e.Data = c.Action, append(e.Data, params...)
		return one(op, e), err
	}
	text := fmt.Sprint(profile.Name, c.Action, c.Params)
	id, known := r.members[text]
	var us []tables.Update
	if !known {
		id = firstMember + uint32(len(r.members))
		r.members[text] = id
		us = one(tables.Insert, tables.TableEntry{
			Table: profile.Name, Key: []tables.KeyField{uintKey("$ACTION_MEMBER_ID", uint64(id))},
			Action: c.Action, Data: params,
		})
	}
	e.Data = append(e.Data, tables.DataField{Name: "$ACTION_MEMBER_ID", Value: bytesOf(new(big.Int).SetUint64(uint64(id)))})
	return append(us, tables.Update{Op: op, Entry: e}), nil
}

// firstMember is the first id of the members that "add ACTION(...)" makes;
// members that a vector names itself are below it.
const firstMember = 1 << 16

// profileOf is the action profile of an indirect table, nil for a direct one.
func (r *run) profileOf(spec *tables.TableSpec) (*tables.TableSpec, error) {
	if spec.Type != "MatchAction_Indirect" && spec.Type != "MatchAction_Indirect_Selector" {
		return nil, nil
	}
	for _, id := range spec.DependsOn {
		for _, t := range r.api.Schema().Tables {
			if t.ID == id && t.Type == "Action" {
				return t, nil
			}
		}
	}
	return nil, fmt.Errorf("table %s names no action profile", spec.Name)
}

func uintKey(name string, v uint64) tables.KeyField {
	return tables.KeyField{Name: name, Value: bytesOf(new(big.Int).SetUint64(v))}
}

// bytesOf is at least one byte long.
func bytesOf(n *big.Int) []byte {
	if n.Sign() == 0 {
		return []byte{0}
	}
	return n.Bytes()
}

// keyField fits a key of the vector to the match kind of the table.
func keyField(spec *tables.TableSpec, k *KeyArg) (*tables.KeyField, error) {
	ks, err := findKey(spec, k.Name)
	if err != nil {
		return nil, err
	}
	f := &tables.KeyField{Name: ks.Name, Value: bytesOf(k.Value)}
	width := ks.Type.Width
	ones := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), uint(width)), big.NewInt(1))
	switch ks.Match {
	case "Ternary":
		mask := ones
		if k.Mask != nil {
			mask = k.Mask
		} else if k.Prefix >= 0 {
			mask = prefixMask(width, k.Prefix)
		}
		f.Mask = bytesOf(mask)
	case "LPM":
		f.PrefixLen = width
		if k.Prefix >= 0 {
			f.PrefixLen = k.Prefix
		} else if k.Mask != nil {
			n := onesCount(k.Mask)
			if k.Mask.Cmp(prefixMask(width, n)) != 0 {
				return nil, fmt.Errorf("key %s: mask %#x is no prefix", k.Name, k.Mask)
			}
			f.PrefixLen = n
		}
	case "Range":
		f.High = f.Value
		if k.Hi != nil {
			f.High = bytesOf(k.Hi)
		} else if k.Mask != nil {
			if k.Mask.Sign() != 0 {
				return nil, fmt.Errorf("key %s: a range key takes LO..HI", k.Name)
			}
			f.Value, f.High = []byte{0}, bytesOf(ones)
		}
	default:
		if k.Mask != nil || k.Hi != nil || k.Prefix >= 0 {
			return nil, fmt.Errorf("key %s: an exact key takes one value", k.Name)
		}
	}
	return f, nil
}

// findKey resolves a key's name. A key that is a slice, "f[7:4]", goes by "f" as
// well where no other key does: generators write it so.
func findKey(spec *tables.TableSpec, name string) (*tables.KeySpec, error) {
	ks, err := spec.FindKey(name)
	if err == nil || strings.Contains(name, "[") {
		return ks, err
	}
	var slice *tables.KeySpec
	for i := range spec.Key {
		base, _, ok := strings.Cut(spec.Key[i].Name, "[")
		if !ok || base != name && !strings.HasSuffix(base, "."+name) {
			continue
		}
		if slice != nil {
			return nil, err
		}
		slice = &spec.Key[i]
	}
	if slice == nil {
		return nil, err
	}
	return slice, nil
}

func prefixMask(width, n int) *big.Int {
	m := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), uint(n)), big.NewInt(1))
	return m.Lsh(m, uint(max(width-n, 0)))
}

func onesCount(n *big.Int) int {
	c := 0
	for i := range n.BitLen() {
		c += int(n.Bit(i))
	}
	return c
}

// group: group SELECTOR ID [max:N] MEMBER[:off]...
func (r *run) group(c *Command) ([]tables.Update, error) {
	if len(c.Args) == 0 {
		return nil, errors.New("want: group SELECTOR ID [max:N] MEMBER[:off]...")
	}
	id, _, err := parseNumber(c.Args[0].Text)
	if err != nil {
		return nil, err
	}
	var ids []uint32
	var on []bool
	size := uint32(0)
	for _, a := range c.Args[1:] {
		if a.Name == "max" {
			n, _, err := parseNumber(a.Text)
			if err != nil {
				return nil, err
			}
			size = uint32(n.Uint64())
			continue
		}
		member, live := a.Text, true
		if a.Name != "" {
			if a.Text != "off" && a.Text != "on" {
				return nil, fmt.Errorf("member %s: want on or off, got %q", a.Name, a.Text)
			}
			member, live = a.Name, a.Text == "on"
		}
		n, _, err := parseNumber(member)
		if err != nil {
			return nil, err
		}
		ids, on = append(ids, uint32(n.Uint64())), append(on, live)
	}
	e := tables.TableEntry{Table: c.Table, Key: []tables.KeyField{uintKey("$SELECTOR_GROUP_ID", id.Uint64())}}
	e.Data = []tables.DataField{{Name: "$ACTION_MEMBER_ID", Value: ids}, {Name: "$ACTION_MEMBER_STATUS", Value: on}}
	if size > 0 {
		e.Data = append(e.Data, tables.DataField{Name: "$MAX_GROUP_SIZE", Value: u32(size)})
	}
	return one(tables.Insert, e), nil
}

func u32(n uint32) []byte { return []byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)} }

// register: register REG[INDEX] VALUE or FIELD:VALUE...
func (r *run) register(c *Command) ([]tables.Update, error) {
	name, idx, ok := strings.Cut(c.Table, "[")
	if !ok {
		return nil, errors.New("want: register NAME[INDEX] VALUE")
	}
	n, _, err := parseNumber(strings.TrimSuffix(idx, "]"))
	if err != nil {
		return nil, err
	}
	spec, err := r.table(name)
	if err != nil {
		return nil, err
	}
	e := tables.TableEntry{Table: spec.Name, Key: []tables.KeyField{uintKey("$REGISTER_INDEX", n.Uint64())}}
	for i, a := range c.Args {
		v, _, err := parseNumber(a.Text)
		if err != nil {
			return nil, err
		}
		f := tables.DataField{Name: a.Name, Value: bytesOf(v)}
		if f.Name == "" {
			if i >= len(spec.Data) {
				return nil, fmt.Errorf("register %s has %d fields", spec.Name, len(spec.Data))
			}
			f.Name = spec.Data[i].Name
		}
		e.Data = append(e.Data, f)
	}
	return one(tables.Insert, e), nil
}

// valueSet: value_set VS FIELD:VALUE[&&&MASK]...
func (r *run) valueSet(c *Command) ([]tables.Update, error) {
	spec, err := r.table(c.Table)
	if err != nil {
		return nil, err
	}
	e := tables.TableEntry{Table: spec.Name}
	for i, a := range c.Args {
		name := a.Name
		if name == "" && i < len(spec.Key) {
			name = spec.Key[i].Name
		}
		k, err := parseKey(name + ":" + a.Text)
		if err != nil {
			return nil, err
		}
		f, err := keyField(spec, k)
		if err != nil {
			return nil, err
		}
		e.Key = append(e.Key, *f)
	}
	return one(tables.Insert, e), nil
}

// portMetadata: port_metadata PORT FIELD:VALUE...
func (r *run) portMetadata(c *Command) ([]tables.Update, error) {
	if len(c.Args) == 0 {
		return nil, errors.New("want: port_metadata PORT FIELD:VALUE...")
	}
	port, _, err := parseNumber(c.Args[0].Text)
	if err != nil {
		return nil, err
	}
	spec, err := r.table("$PORT_METADATA")
	if err != nil {
		return nil, err
	}
	e := tables.TableEntry{Table: spec.Name, Key: []tables.KeyField{uintKey(spec.Key[0].Name, port.Uint64())}}
	for _, a := range c.Args[1:] {
		v, _, err := parseNumber(a.Text)
		if err != nil {
			return nil, err
		}
		e.Data = append(e.Data, tables.DataField{Name: a.Name, Value: bytesOf(v)})
	}
	return one(tables.Insert, e), nil
}
