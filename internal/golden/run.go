package golden

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"gofino/tables"
)

// Device is what a vector runs on.
type Device interface {
	API() tables.API
	// Inject puts a frame, without FCS, on a port and returns when the device
	// has settled.
	Inject(port int, frame []byte) error
	// Collect returns the frames that left since the last call, in order.
	Collect() ([]Output, error)
	// SetPort brings a port up or down.
	SetPort(port int, up bool) error
	// Where names the header field that byte off of the output came from, or
	// "" where that is not known.
	Where(o Output, off int) string
}

// Output is a frame that left the device.
type Output struct {
	Port int
	Data []byte
	// Input and Copy say which injected packet (from 0) it came from, and the
	// how-manieth output of it this is; -1 where not known.
	Input, Copy int
}

// Failure is the first difference between a vector and what a device did.
type Failure struct {
	Line int
	Text string
}

func (f *Failure) Error() string { return fmt.Sprintf("line %d: %s", f.Line, f.Text) }

// maxPriority is the highest priority of a vector: BFRuntime's $MATCH_PRIORITY
// is the other way round (the lower number wins) and has 24 bits.
const maxPriority = 1<<24 - 1

// Run runs a vector on a fresh device. The error is a *Failure where the device
// did something else than the vector says or refused a command.
func Run(ctx context.Context, v *Vector, d Device) error {
	r := &run{ctx: ctx, dev: d, api: d.API(), members: map[string]uint32{}}
	for i := range v.Commands {
		c := &v.Commands[i]
		if err := r.do(c); err != nil {
			var f *Failure
			if errors.As(err, &f) {
				return err
			}
			return &Failure{Line: c.Line, Text: err.Error()}
		}
	}
	if len(r.pending) > 0 {
		o := r.pending[0]
		last := v.Commands[len(v.Commands)-1].Line
		return &Failure{Line: last, Text: fmt.Sprintf("unexpected packet on port %d: %X (%d such packets)", o.Port, o.Data, len(r.pending))}
	}
	return nil
}

// run is the state of one vector under way.
type run struct {
	ctx     context.Context
	dev     Device
	api     tables.API
	pending []Output
	// members made for "add" on a table with an action profile, by table and
	// action text.
	members map[string]uint32
}

func (r *run) do(c *Command) error {
	switch c.Verb {
	case "packet":
		if err := r.dev.Inject(c.Port, c.Data); err != nil {
			return err
		}
		return r.collect()
	case "wait":
		return r.collect()
	case "recirculation": // the device was made for it
		return nil
	case "expect":
		return r.expect(c)
	case "no_packet":
		if len(r.pending) > 0 {
			return fmt.Errorf("unexpected packet on port %d: %X", r.pending[0].Port, r.pending[0].Data)
		}
		return nil
	case "port":
		return r.port(c)
	case "set":
		return r.set(c)
	case "check":
		return r.check(c)
	case "time":
		return r.time(c)
	case "check_counter":
		return r.checkCounter(c)
	case "check_register":
		return r.checkRegister(c)
	}
	u, err := r.updates(c)
	if err != nil {
		return err
	}
	return r.api.Write(r.ctx, tables.AllPipes, u, tables.RollbackOnError)
}

func (r *run) collect() error {
	out, err := r.dev.Collect()
	r.pending = append(r.pending, out...)
	return err
}

// expect takes the first pending frame of the port that fits. Copies on one
// port may leave in any order.
func (r *run) expect(c *Command) error {
	first := -1
	for i, o := range r.pending {
		if o.Port != c.Port {
			continue
		}
		if first < 0 {
			first = i
		}
		if c.difference(o.Data) < 0 {
			r.pending = slices.Delete(r.pending, i, i+1)
			return nil
		}
	}
	if first < 0 {
		var got []string
		for _, o := range r.pending {
			got = append(got, fmt.Sprint(o.Port))
		}
		if got == nil {
			return fmt.Errorf("expected a packet on port %d, got none", c.Port)
		}
		return fmt.Errorf("expected a packet on port %d, got packets on ports %s only", c.Port, strings.Join(got, ", "))
	}
	return r.explain(c, r.pending[first])
}

// difference is the offset of the first byte that does not fit, -1 for none.
func (c *Command) difference(data []byte) int {
	for i := range c.Data {
		if i >= len(data) || (data[i]^c.Data[i])&c.Care[i] != 0 {
			return i
		}
	}
	if c.Exact && len(data) != len(c.Data) {
		return len(c.Data)
	}
	return -1
}

// explain says what differs between an expectation and a frame.
func (r *run) explain(c *Command, o Output) error {
	off := c.difference(o.Data)
	if off >= len(o.Data) || off >= len(c.Data) {
		return fmt.Errorf("port %d: expected %d bytes, got %d", c.Port, len(c.Data), len(o.Data))
	}
	end := min(off+8, len(c.Data), len(o.Data))
	want := strings.Builder{}
	for i := off; i < end; i++ {
		for _, shift := range []int{4, 0} {
			if c.Care[i]>>shift&0xf == 0 {
				want.WriteByte('*')
			} else {
				fmt.Fprintf(&want, "%X", c.Data[i]>>shift&0xf)
			}
		}
	}
	field := r.dev.Where(o, off)
	if field != "" {
		field = " (" + field + ")"
	}
	return fmt.Errorf("port %d, byte %d%s: expected %s, got %X", c.Port, off, field, want.String(), o.Data[off:end])
}

func (r *run) port(c *Command) error {
	if len(c.Args) != 2 || (c.Args[1].Text != "up" && c.Args[1].Text != "down") {
		return errors.New("want: port N up|down")
	}
	p, _, err := parseNumber(c.Args[0].Text)
	if err != nil {
		return err
	}
	return r.dev.SetPort(int(p.Int64()), c.Args[1].Text == "up")
}

// ------------------------------------------------------------------- reading

// read returns the entries that a query yields.
func (r *run) read(q tables.Query) ([]*tables.TableEntry, error) {
	var out []*tables.TableEntry
	for e, err := range r.api.Read(r.ctx, tables.AllPipes, q) {
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

// checkCounter: check_counter COUNTER[INDEX] packets=N bytes=N, or
// check_counter TABLE [PRIORITY] KEY:VALUE... packets=N for a direct one.
func (r *run) checkCounter(c *Command) error {
	want := map[string]*big.Int{}
	var key []Arg
	for i, a := range c.Args {
		if i == 0 && a.Name == "" {
			p, _, err := parseNumber(a.Text)
			if err != nil {
				return err
			}
			if !p.IsUint64() || p.Uint64() > maxPriority {
				return fmt.Errorf("priority %v: want 0..%d", p, maxPriority)
			}
			// Higher wins here, lower in BFRuntime.
			key = append(key, Arg{Name: "$MATCH_PRIORITY", Text: fmt.Sprint(maxPriority - p.Uint64())})
			continue
		}
		if a.Name != "packets" && a.Name != "bytes" {
			key = append(key, a)
			continue
		}
		n, _, err := parseNumber(a.Text)
		if err != nil {
			return err
		}
		want[map[string]string{"packets": "$COUNTER_SPEC_PKTS", "bytes": "$COUNTER_SPEC_BYTES"}[a.Name]] = n
	}
	e, err := r.cell(c.Table, "$COUNTER_INDEX", key)
	if err != nil {
		return err
	}
	for name, n := range want {
		got, ok := number(field(e, name))
		if !ok {
			return fmt.Errorf("%s has no field %s", c.Table, name)
		}
		if got.Cmp(n) != 0 {
			return fmt.Errorf("%s: expected %s = %v, got %v", c.Table, name, n, got)
		}
	}
	return nil
}

// checkRegister: check_register REG[INDEX] VALUE, or FIELD:VALUE... ; the value
// is the one of the pipe that has any, zero otherwise.
func (r *run) checkRegister(c *Command) error {
	e, err := r.cell(c.Table, "$REGISTER_INDEX", nil)
	if err != nil {
		return err
	}
	for _, a := range c.Args {
		want, _, err := parseNumber(a.Text)
		if err != nil {
			return err
		}
		name := a.Name
		var v tables.Value
		for _, f := range e.Data {
			if name == "" || f.Name == name || strings.HasSuffix(f.Name, "."+name) {
				v = f.Value
				break
			}
		}
		got, ok := number(v)
		if !ok {
			return fmt.Errorf("%s has no field %q", c.Table, name)
		}
		if got.Cmp(want) != 0 {
			return fmt.Errorf("%s: expected %v, got %v", c.Table, want, got)
		}
	}
	return nil
}

// cell reads NAME[INDEX], or the entry of a match table with the given key.
func (r *run) cell(table, index string, key []Arg) (*tables.TableEntry, error) {
	q := tables.Query{Table: table, FromHW: true}
	if name, idx, ok := strings.Cut(table, "["); ok {
		n, _, err := parseNumber(strings.TrimSuffix(idx, "]"))
		if err != nil {
			return nil, err
		}
		q.Table = name
		q.Key = []tables.KeyField{{Name: index, Value: n.Bytes()}}
	}
	for _, a := range key {
		k, err := parseKey(a.Name + ":" + a.Text)
		if err != nil {
			return nil, err
		}
		spec, err := r.table(q.Table)
		if err != nil {
			return nil, err
		}
		f, err := keyField(spec, k)
		if err != nil {
			return nil, err
		}
		q.Key = append(q.Key, *f)
	}
	es, err := r.read(q)
	if err != nil {
		return nil, err
	}
	if len(es) == 0 {
		return nil, fmt.Errorf("%s: no such entry", table)
	}
	return es[0], nil
}

func field(e *tables.TableEntry, name string) tables.Value {
	for _, f := range e.Data {
		if f.Name == name {
			return f.Value
		}
	}
	return nil
}

// number makes an integer of a value; of several pipes' values, the first that
// is not zero.
func number(v tables.Value) (*big.Int, bool) {
	switch v := v.(type) {
	case []byte:
		return new(big.Int).SetBytes(v), true
	case bool:
		if v {
			return big.NewInt(1), true
		}
		return new(big.Int), true
	case [][]byte:
		n := new(big.Int)
		for _, b := range v {
			if n.SetBytes(b); n.Sign() != 0 {
				break
			}
		}
		return n, len(v) > 0
	}
	return nil, false
}
