package tables

import (
	"fmt"

	"gofino/internal/snap"
)

// SaveTarget writes a target as a controller gives it.
func SaveTarget(e *snap.Encoder, t Target) {
	for _, n := range [...]int{t.Pipe, t.Gress, t.Parser} {
		e.Int(int64(n))
	}
}

// LoadTarget reads what SaveTarget wrote.
func LoadTarget(d *snap.Decoder) Target {
	return Target{Pipe: int(d.Int()), Gress: int(d.Int()), Parser: int(d.Int())}
}

// SaveUpdate writes a change as a controller asks for it, which need not be one
// that a table accepts. n is the journal's memory of names.
func SaveUpdate(e *snap.Encoder, n *snap.Names, u *Update) error {
	e.Byte(byte(u.Op))
	e.Bool(u.Remove)
	e.Bool(u.KeepTTL)
	e.Bool(u.KeepStats)
	e.Bool(u.IgnoreMissing)
	e.Bool(u.At != nil)
	if u.At != nil {
		SaveTarget(e, *u.At)
	}
	n.Put(e, u.Entry.Table)
	e.Bool(u.Entry.Default)
	e.Uint(uint64(len(u.Entry.Key)))
	for i := range u.Entry.Key {
		k := &u.Entry.Key[i]
		n.Put(e, k.Name)
		e.Bytes(k.Value)
		e.Bytes(k.Mask)
		e.Int(int64(k.PrefixLen))
		e.Bytes(k.High)
		e.String(k.Str)
	}
	n.Put(e, u.Entry.Action)
	e.Uint(uint64(u.Entry.Handle))
	return saveFields(e, n, u.Entry.Data)
}

// LoadUpdate reads what SaveUpdate wrote.
func LoadUpdate(d *snap.Decoder, n *snap.Names) Update {
	u := Update{Op: Op(d.Byte()), Remove: d.Bool(), KeepTTL: d.Bool(), KeepStats: d.Bool(), IgnoreMissing: d.Bool()}
	if d.Bool() {
		at := LoadTarget(d)
		u.At = &at
	}
	u.Entry.Table = n.Get(d)
	u.Entry.Default = d.Bool()
	for range d.Len() {
		k := KeyField{Name: n.Get(d), Value: d.Bytes(), Mask: d.Bytes(), PrefixLen: int(d.Int()), High: d.Bytes(), Str: d.String()}
		if d.Err() != nil {
			break
		}
		u.Entry.Key = append(u.Entry.Key, k)
	}
	u.Entry.Action = n.Get(d)
	u.Entry.Handle = d.Uint32()
	u.Entry.Data = loadFields(d, n, 0)
	return u
}

func saveFields(e *snap.Encoder, n *snap.Names, fields []DataField) error {
	e.Uint(uint64(len(fields)))
	for i := range fields {
		n.Put(e, fields[i].Name)
		if err := saveValue(e, n, fields[i].Value); err != nil {
			return fmt.Errorf("field %s: %w", fields[i].Name, err)
		}
	}
	return nil
}

// maxNesting of containers in containers: no table has more than one.
const maxNesting = 8

func loadFields(d *snap.Decoder, n *snap.Names, depth int) []DataField {
	if depth > maxNesting {
		d.Fail("containers in containers, %d deep", depth)
		return nil
	}
	var out []DataField
	for range d.Len() {
		f := DataField{Name: n.Get(d), Value: loadValue(d, n, depth)}
		if d.Err() != nil {
			break
		}
		out = append(out, f)
	}
	return out
}

// SaveValue writes a value of a data field that holds no containers.
func SaveValue(e *snap.Encoder, v Value) error { return saveValue(e, new(snap.Names), v) }

// LoadValue reads what SaveValue wrote.
func LoadValue(d *snap.Decoder) Value { return loadValue(d, new(snap.Names), 0) }

// The types of a Value.
const (
	valueNone = iota
	valueBytes
	valueBool
	valueString
	valueFloat
	valueNumbers
	valueBools
	valueStrings
	valueContainers
	valuePipes
)

func saveValue(e *snap.Encoder, n *snap.Names, v Value) error {
	switch v := v.(type) {
	case nil:
		e.Byte(valueNone)
	case []byte:
		e.Byte(valueBytes)
		e.Bytes(v)
	case bool:
		e.Byte(valueBool)
		e.Bool(v)
	case string:
		e.Byte(valueString)
		e.String(v)
	case float32:
		e.Byte(valueFloat)
		e.Float(v)
	case []uint32:
		e.Byte(valueNumbers)
		e.Uint(uint64(len(v)))
		for _, x := range v {
			e.Uint(uint64(x))
		}
	case []bool:
		e.Byte(valueBools)
		e.Uint(uint64(len(v)))
		for _, x := range v {
			e.Bool(x)
		}
	case []string:
		e.Byte(valueStrings)
		e.Uint(uint64(len(v)))
		for _, x := range v {
			e.String(x)
		}
	case [][]DataField:
		e.Byte(valueContainers)
		e.Uint(uint64(len(v)))
		for _, x := range v {
			if err := saveFields(e, n, x); err != nil {
				return err
			}
		}
	case [][]byte:
		e.Byte(valuePipes)
		e.Uint(uint64(len(v)))
		for _, x := range v {
			e.Bytes(x)
		}
	default:
		return fmt.Errorf("is %T: no table takes that", v)
	}
	return nil
}

func loadValue(d *snap.Decoder, n *snap.Names, depth int) Value {
	switch kind := d.Byte(); kind {
	case valueNone:
		return nil
	case valueBytes:
		return clone(d.Bytes())
	case valueBool:
		return d.Bool()
	case valueString:
		return d.String()
	case valueFloat:
		return d.Float()
	case valueNumbers:
		return loadList(d, d.Uint32)
	case valueBools:
		return loadList(d, d.Bool)
	case valueStrings:
		return loadList(d, d.String)
	case valueContainers:
		return loadList(d, func() []DataField { return loadFields(d, n, depth+1) })
	case valuePipes:
		return loadList(d, func() []byte { return clone(d.Bytes()) })
	default:
		d.Fail("a value of type %d", kind)
		return nil
	}
}

// loadList reads a list; an empty one is not nil.
func loadList[T any](d *snap.Decoder, one func() T) []T {
	out := []T{}
	for range d.Len() {
		v := one()
		if d.Err() != nil {
			break
		}
		out = append(out, v)
	}
	return out
}
