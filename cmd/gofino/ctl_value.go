package main

import (
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"gofino/tables"
)

// Values as people write them, for gofino ctl.

const numberForms = "a number (decimal, 0x.., 0b..), or an IPv4, IPv6 or MAC address"

// parseNumber reads a number of so many bits.
func parseNumber(text string, width int) ([]byte, error) {
	n, ok := new(big.Int).SetString(strings.ReplaceAll(text, "_", ""), 0)
	if !ok {
		b, err := parseAddress(text)
		if err != nil {
			return nil, err
		}
		n = new(big.Int).SetBytes(b)
	}
	if n.Sign() < 0 {
		n.Add(n, new(big.Int).Lsh(big.NewInt(1), uint(width))) // two's complement
	}
	if n.Sign() < 0 || n.BitLen() > width {
		return nil, fmt.Errorf("%q does not fit in %d bits", text, width)
	}
	return n.FillBytes(make([]byte, (width+7)/8)), nil
}

func parseAddress(text string) ([]byte, error) {
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
		return a.AsSlice(), nil
	}
	if m, err := net.ParseMAC(text); err == nil {
		return m, nil
	}
	return nil, fmt.Errorf("%q: want %s", text, numberForms)
}

// ones is a mask of the first n of width bits.
func ones(n, width int) []byte {
	m := new(big.Int).Lsh(big.NewInt(1), uint(n))
	m.Sub(m, big.NewInt(1)).Lsh(m, uint(width-n))
	return m.FillBytes(make([]byte, (width+7)/8))
}

// parseKey reads the value of a key field: VALUE, and by how it matches
// VALUE&&&MASK, VALUE/LENGTH, LOW..HIGH or *.
func parseKey(spec *tables.KeySpec, text string) (tables.KeyField, error) {
	k := tables.KeyField{Name: spec.Name}
	if spec.Type.Kind == "string" {
		k.Str = text
		return k, nil
	}
	width := spec.Type.Bits()
	var err error
	switch spec.Match {
	case "Ternary":
		k.Value, k.Mask, err = parseMasked(text, width)
	case "LPM":
		k.Value, k.PrefixLen, err = parsePrefix(text, width)
	case "Range":
		k.Value, k.High, err = parseRange(text, width)
	default:
		k.Value, err = parseNumber(text, width)
	}
	if err != nil {
		return k, fmt.Errorf("key field %s (%s, %d bits): %w", spec.Name, strings.ToLower(spec.Match), width, err)
	}
	return k, nil
}

func parseMasked(text string, width int) (value, mask []byte, err error) {
	if text == "*" {
		return make([]byte, (width+7)/8), make([]byte, (width+7)/8), nil
	}
	if v, m, ok := strings.Cut(text, "&&&"); ok {
		if value, err = parseNumber(v, width); err == nil {
			mask, err = parseNumber(m, width)
		}
		return value, mask, err
	}
	value, n, err := parsePrefix(text, width)
	if err != nil {
		return nil, nil, err
	}
	return value, ones(n, width), nil
}

func parsePrefix(text string, width int) (value []byte, n int, err error) {
	if text == "*" {
		return make([]byte, (width+7)/8), 0, nil
	}
	v, length, ok := strings.Cut(text, "/")
	n = width
	if ok {
		if n, err = strconv.Atoi(length); err != nil || n < 0 || n > width {
			return nil, 0, fmt.Errorf("prefix length %q, want 0 to %d", length, width)
		}
	}
	value, err = parseNumber(v, width)
	return value, n, err
}

func parseRange(text string, width int) (low, high []byte, err error) {
	if text == "*" {
		return make([]byte, (width+7)/8), ones(width, width), nil
	}
	l, h, ok := strings.Cut(text, "..")
	if !ok {
		h = l
	}
	if low, err = parseNumber(l, width); err == nil {
		high, err = parseNumber(h, width)
	}
	return low, high, err
}

// parseValue reads the value of a data field; lists have commas.
func parseValue(spec *tables.FieldSpec, text string) (tables.Value, error) {
	v, err := parseTyped(spec, text)
	if err != nil {
		return nil, fmt.Errorf("data field %s: %w", spec.Name, err)
	}
	return v, nil
}

func parseTyped(spec *tables.FieldSpec, text string) (tables.Value, error) {
	if spec.Container != nil {
		return nil, errors.New("a list of records cannot be written here")
	}
	if !spec.Repeated {
		return parseScalar(spec.Type, text)
	}
	var parts []string
	if text != "" {
		parts = strings.Split(text, ",")
	}
	switch spec.Type.Kind {
	case "bool":
		out := []bool{}
		for _, p := range parts {
			b, err := parseBool(p)
			if err != nil {
				return nil, err
			}
			out = append(out, b)
		}
		return out, nil
	case "string":
		return append([]string{}, parts...), nil
	}
	out := []uint32{}
	for _, p := range parts {
		n, err := strconv.ParseUint(p, 0, 32)
		if err != nil {
			return nil, fmt.Errorf("%q: want numbers of 32 bits, with commas", p)
		}
		out = append(out, uint32(n))
	}
	return out, nil
}

func parseBool(text string) (bool, error) {
	switch strings.ToLower(text) {
	case "true", "1", "on", "yes":
		return true, nil
	case "false", "0", "off", "no":
		return false, nil
	}
	return false, fmt.Errorf("%q: want true or false", text)
}

func parseScalar(t tables.TypeSpec, text string) (tables.Value, error) {
	switch t.Kind {
	case "bool":
		return parseBool(text)
	case "float":
		f, err := strconv.ParseFloat(text, 32)
		if err != nil {
			return nil, fmt.Errorf("%q: want a number with a point", text)
		}
		return float32(f), nil
	case "string":
		if len(t.Choices) == 0 || slices.Contains(t.Choices, text) {
			return text, nil
		}
		for _, c := range t.Choices { // 10G for BF_SPEED_10G
			if strings.HasSuffix(c, "_"+strings.ToUpper(text)) {
				return c, nil
			}
		}
		return nil, fmt.Errorf("%q (choices: %s)", text, strings.Join(t.Choices, ", "))
	}
	return parseNumber(text, t.Bits())
}

// showNumber writes a number as its name and width suggest.
func showNumber(name string, width int, b []byte) string {
	name = strings.ToLower(name)
	address := strings.Contains(name, "addr") || strings.Contains(name, "ip")
	switch {
	case width == 48 && len(b) == 6:
		return net.HardwareAddr(b).String()
	case width == 32 && len(b) == 4 && address:
		return netip.AddrFrom4([4]byte(b)).String()
	case width == 128 && len(b) == 16 && address:
		return netip.AddrFrom16([16]byte(b)).String()
	case width > 64:
		return fmt.Sprintf("%#x", b)
	}
	return new(big.Int).SetBytes(b).String()
}

// showKey writes a key field.
func showKey(spec *tables.KeySpec, k *tables.KeyField) string {
	if spec.Type.Kind == "string" {
		return k.Str
	}
	w := spec.Type.Bits()
	v := showNumber(spec.Name, w, k.Value)
	switch spec.Match {
	case "Ternary":
		if new(big.Int).SetBytes(k.Mask).Sign() == 0 {
			return "*"
		}
		if slices.Equal(k.Mask, ones(w, w)) {
			return v
		}
		return v + "&&&" + fmt.Sprintf("%#x", k.Mask)
	case "LPM":
		return fmt.Sprintf("%s/%d", v, k.PrefixLen)
	case "Range":
		return v + ".." + showNumber(spec.Name, w, k.High)
	}
	return v
}

// showValue writes a data field; spec may be nil.
func showValue(spec *tables.FieldSpec, v tables.Value) string {
	name, width := "", 0
	if spec != nil {
		name, width = spec.Name, spec.Type.Bits()
	}
	switch v := v.(type) {
	case []byte:
		return showNumber(name, width, v)
	case [][]byte:
		var out []string
		for _, b := range v {
			out = append(out, showNumber(name, width, b))
		}
		return "[" + strings.Join(out, " ") + "]"
	case [][]tables.DataField:
		var out []string
		for _, c := range v {
			var in []string
			for _, f := range c {
				in = append(in, f.Name+"="+showValue(nil, f.Value))
			}
			out = append(out, "{"+strings.Join(in, " ")+"}")
		}
		return "[" + strings.Join(out, " ") + "]"
	case []uint32, []bool, []string:
		return strings.ReplaceAll(strings.Trim(fmt.Sprint(v), "[]"), " ", ",")
	}
	return fmt.Sprint(v)
}
