package golden

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"gofino/tables"
)

// set and check reach any field of any table by its BFRuntime name:
//
//	set   TABLE [pipe:N] KEY:VALUE... FIELD:VALUE... [action:NAME]
//	check TABLE [pipe:N] KEY:VALUE... FIELD:VALUE... [action:NAME]

// cells is what such a command names.
type cells struct {
	spec   *tables.TableSpec
	target tables.Target
	key    []tables.KeyField
	action string
	data   []tables.DataField
}

func (r *run) cells(c *Command) (*cells, error) {
	spec, err := r.table(c.Table)
	if err != nil {
		return nil, err
	}
	x := &cells{spec: spec}
	for _, a := range c.Args {
		if err := x.add(a); err != nil {
			return nil, fmt.Errorf("%s: %w", c.Table, err)
		}
	}
	return x, nil
}

// add sorts an argument to where its name belongs.
func (x *cells) add(a Arg) error {
	if a.Name == "" {
		return fmt.Errorf("%q: want NAME:VALUE", a.Text)
	}
	if slices.ContainsFunc(x.spec.Key, func(k tables.KeySpec) bool { return k.Name == a.Name }) {
		k, err := parseKey(a.Name + ":" + a.Text)
		if err != nil {
			return err
		}
		f, err := keyField(x.spec, k)
		if err == nil {
			x.key = append(x.key, *f)
		}
		return err
	}
	if f := x.field(a.Name); f != nil {
		v, err := valueOf(f, a.Text)
		if err != nil {
			return fmt.Errorf("field %s: %w", a.Name, err)
		}
		x.data = append(x.data, tables.DataField{Name: a.Name, Value: v})
		return nil
	}
	switch a.Name {
	case "action":
		x.action = a.Text
		return nil
	case "pipe":
		n, _, err := parseNumber(a.Text)
		if err != nil || !n.IsInt64() || n.Int64() > 255 {
			return fmt.Errorf("pipe %q is not a pipe's number", a.Text)
		}
		x.target = tables.OnePipe(int(n.Int64()))
		return nil
	}
	return fmt.Errorf("no key or field %q (%s)", a.Name, strings.Join(x.names(), ", "))
}

// field finds a data field, of the table or of any of its actions.
func (x *cells) field(name string) *tables.FieldSpec {
	for _, list := range x.lists() {
		for i := range list {
			if list[i].Name == name {
				return &list[i]
			}
		}
	}
	return nil
}

func (x *cells) lists() [][]tables.FieldSpec {
	out := [][]tables.FieldSpec{x.spec.Data}
	for _, a := range x.spec.Actions {
		out = append(out, a.Data)
	}
	return out
}

func (x *cells) names() []string {
	var out []string
	for _, k := range x.spec.Key {
		out = append(out, k.Name)
	}
	for _, list := range x.lists() {
		for _, f := range list {
			if !slices.Contains(out, f.Name) {
				out = append(out, f.Name)
			}
		}
	}
	return append(out, "action", "pipe")
}

// valueOf reads a field's value: a number, true or false, a choice, or for
// lists items with commas between them; a list of bytes may be one hex number.
func valueOf(f *tables.FieldSpec, text string) (tables.Value, error) {
	switch kind := f.Type.Kind; {
	case f.Repeated && kind == "bool":
		out := []bool{}
		for _, t := range strings.Split(text, ",") {
			if t != "true" && t != "false" {
				return nil, fmt.Errorf("%q is neither true nor false", t)
			}
			out = append(out, t == "true")
		}
		return out, nil
	case f.Repeated && kind != "string":
		return listOf(f, text)
	case kind == "bool":
		if text != "true" && text != "false" {
			return nil, fmt.Errorf("%q is neither true nor false", text)
		}
		return text == "true", nil
	case kind == "string" || kind == "enum":
		return text, nil
	}
	n, _, err := parseNumber(text)
	if err != nil {
		return nil, err
	}
	return bytesOf(n), nil
}

func listOf(f *tables.FieldSpec, text string) (tables.Value, error) {
	out := []uint32{}
	if digits, ok := strings.CutPrefix(text, "0x"); ok && f.Type.Width == 8 && !strings.Contains(text, ",") {
		b, err := hex.DecodeString(digits)
		if err != nil {
			return nil, err
		}
		for _, c := range b {
			out = append(out, uint32(c))
		}
		return out, nil
	}
	for _, t := range strings.Split(text, ",") {
		n, _, err := parseNumber(t)
		if err != nil {
			return nil, err
		}
		if n.BitLen() > 32 {
			return nil, fmt.Errorf("%s has more than 32 bits", t)
		}
		out = append(out, uint32(n.Uint64()))
	}
	return out, nil
}

// set changes the entry, or adds it where the table lets entries come and go.
func (r *run) set(c *Command) error {
	x, err := r.cells(c)
	if err != nil {
		return err
	}
	write := func(op tables.Op) error {
		e := tables.TableEntry{Table: x.spec.Name, Key: x.key, Action: x.action, Data: x.data, Default: len(x.spec.Key) == 0}
		return r.api.Write(r.ctx, x.target, one(op, e), tables.RollbackOnError)
	}
	if err = write(tables.Modify); errors.Is(err, tables.ErrNotFound) {
		err = write(tables.Insert)
	}
	return err
}

// check compares fields of an entry.
func (r *run) check(c *Command) error {
	x, err := r.cells(c)
	if err != nil {
		return err
	}
	q := tables.Query{Table: x.spec.Name, Key: x.key, FromHW: true, Default: len(x.spec.Key) == 0}
	for e, err := range r.api.Read(r.ctx, x.target, q) {
		if err != nil {
			return err
		}
		if x.action != "" && x.action != e.Action {
			return fmt.Errorf("%s: expected action %s, got %q", c.Table, x.action, e.Action)
		}
		for _, want := range x.data {
			if got := field(e, want.Name); !sameValue(got, want.Value) {
				return fmt.Errorf("%s: expected %s = %s, got %s", c.Table, want.Name, textOf(want.Value), textOf(got))
			}
		}
		return nil
	}
	return fmt.Errorf("%s: no such entry", c.Table)
}

func sameValue(a, b tables.Value) bool {
	x, ok1 := number(a)
	y, ok2 := number(b)
	if ok1 && ok2 {
		return x.Cmp(y) == 0
	}
	return fmt.Sprint(a) == fmt.Sprint(b)
}

func textOf(v tables.Value) string {
	if b, ok := v.([]byte); ok {
		return new(big.Int).SetBytes(b).String()
	}
	return fmt.Sprint(v)
}

// clockwork is a Device whose time a vector can move.
type clockwork interface {
	// Advance lets ns nanoseconds pass, and everything happen that is due.
	Advance(ns int64) error
}

// time lets time pass.
func (r *run) time(c *Command) error {
	if len(c.Args) != 1 || c.Args[0].Name != "" {
		return errors.New("want: time NANOSECONDS")
	}
	n, _, err := parseNumber(c.Args[0].Text)
	if err != nil {
		return err
	}
	if !n.IsInt64() {
		return fmt.Errorf("%v nanoseconds are too many", n)
	}
	d, ok := r.dev.(clockwork)
	if !ok {
		return errors.New("time does not pass by command on this device")
	}
	if err := d.Advance(n.Int64()); err != nil {
		return err
	}
	return r.collect()
}
