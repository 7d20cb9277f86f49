package agent

import (
	"gofino/agent/bfrt"
	"gofino/tables"
)

// decodeKey reads a key. A key without fields is none.
func (t *tableCodec) decodeKey(key *bfrt.TableKey) ([]tables.KeyField, error) {
	if len(key.GetFields()) == 0 {
		return nil, nil
	}
	out := make([]tables.KeyField, 0, len(key.Fields))
	for _, f := range key.Fields {
		spec := t.keys[f.GetFieldId()]
		if spec == nil {
			return nil, t.invalid("no key field has id %d (key fields: %s)", f.GetFieldId(), t.keyNames())
		}
		k, err := t.decodeKeyField(spec, f)
		if err != nil {
			return nil, err
		}
		out = append(out, k)
	}
	return out, nil
}

func (t *tableCodec) decodeKeyField(spec *tables.KeySpec, f *bfrt.KeyField) (tables.KeyField, error) {
	k := tables.KeyField{Name: spec.Name}
	matched := false
	switch m := f.MatchType.(type) {
	case *bfrt.KeyField_Exact_:
		matched = spec.Match == "Exact" || spec.Match == "ATCAM"
		k.Value = m.Exact.GetValue()
		if spec.Type.Kind == "string" {
			k.Str = string(k.Value)
		}
	case *bfrt.KeyField_Ternary_:
		matched = spec.Match == "Ternary"
		k.Value, k.Mask = m.Ternary.GetValue(), m.Ternary.GetMask()
	case *bfrt.KeyField_Lpm:
		matched = spec.Match == "LPM"
		k.Value, k.PrefixLen = m.Lpm.GetValue(), int(m.Lpm.GetPrefixLen())
	case *bfrt.KeyField_Range_:
		matched = spec.Match == "Range"
		k.Value, k.High = m.Range.GetLow(), m.Range.GetHigh()
	case *bfrt.KeyField_Optional_:
		return k, t.invalid("key field %s is given as an optional match, which no key of the chip has (match: %s)", spec.Name, spec.Match)
	case nil:
		return k, t.invalid("key field %s has no value (match: %s)", spec.Name, spec.Match)
	}
	if !matched {
		return k, t.invalid("key field %s is given as %s, but its match is %s", spec.Name, matchName(f), spec.Match)
	}
	return k, nil
}

func matchName(f *bfrt.KeyField) string {
	switch f.MatchType.(type) {
	case *bfrt.KeyField_Exact_:
		return "an exact match"
	case *bfrt.KeyField_Ternary_:
		return "a ternary match"
	case *bfrt.KeyField_Lpm:
		return "a longest prefix match"
	case *bfrt.KeyField_Range_:
		return "a range"
	}
	return "an unknown match"
}

// encodeKey writes a key; nil for none.
func (t *tableCodec) encodeKey(key []tables.KeyField) (*bfrt.TableKey, error) {
	if len(key) == 0 {
		return nil, nil
	}
	out := &bfrt.TableKey{Fields: make([]*bfrt.KeyField, 0, len(key))}
	for i := range key {
		spec, err := t.keySpec(key[i].Name)
		if err != nil {
			return nil, err
		}
		f, err := t.encodeKeyField(spec, &key[i])
		if err != nil {
			return nil, err
		}
		out.Fields = append(out.Fields, f)
	}
	return out, nil
}

// keySpec finds a key field by name or unique suffix.
func (t *tableCodec) keySpec(name string) (*tables.KeySpec, error) {
	if k := t.keyName[name]; k != nil {
		return k, nil
	}
	return t.spec.FindKey(name)
}

func (t *tableCodec) encodeKeyField(spec *tables.KeySpec, k *tables.KeyField) (*bfrt.KeyField, error) {
	f := &bfrt.KeyField{FieldId: spec.ID}
	if spec.Type.Kind == "string" {
		v := []byte(k.Str)
		if k.Str == "" {
			v = k.Value
		}
		f.MatchType = &bfrt.KeyField_Exact_{Exact: &bfrt.KeyField_Exact{Value: v}}
		return f, nil
	}
	w := spec.Type.Bits()
	value := func(b []byte) ([]byte, error) { return t.padded("key field "+spec.Name, b, w) }
	v, err := value(k.Value)
	if err != nil {
		return nil, err
	}
	switch spec.Match {
	case "Exact", "ATCAM":
		f.MatchType = &bfrt.KeyField_Exact_{Exact: &bfrt.KeyField_Exact{Value: v}}
	case "Ternary":
		m, err := value(k.Mask)
		if err != nil {
			return nil, err
		}
		f.MatchType = &bfrt.KeyField_Ternary_{Ternary: &bfrt.KeyField_Ternary{Value: v, Mask: m}}
	case "LPM":
		f.MatchType = &bfrt.KeyField_Lpm{Lpm: &bfrt.KeyField_LPM{Value: v, PrefixLen: int32(k.PrefixLen)}}
	case "Range":
		h, err := value(k.High)
		if err != nil {
			return nil, err
		}
		f.MatchType = &bfrt.KeyField_Range_{Range: &bfrt.KeyField_Range{Low: v, High: h}}
	default:
		return nil, t.invalid("key field %s has match %s (matches: Exact, ATCAM, Ternary, LPM, Range)", spec.Name, spec.Match)
	}
	return f, nil
}

// padded is a number in the whole bytes of its width. What names it in errors.
func (t *tableCodec) padded(what string, b []byte, width int) ([]byte, error) {
	n := (width + 7) / 8
	if len(b) == n {
		return b, nil
	}
	for len(b) > n && b[0] == 0 {
		b = b[1:]
	}
	if len(b) > n {
		return nil, t.invalid("%s: %#x does not fit in %d bits", what, b, width)
	}
	out := make([]byte, n)
	copy(out[n-len(b):], b)
	return out, nil
}
