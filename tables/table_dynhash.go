package tables

import (
	"fmt"
	"iter"
	"math/big"

	"gofino/pipeline/hash"
	"gofino/pipeline/ir"
)

// hashTable is what the tables of a dynamic hash have in common: no key, one
// entry, the default.
type hashTable struct {
	base
	store *Store
	d     *dynHash
}

// hashConfigure says what is hashed, hashAlgorithm how, hashCompute gives the
// result for values of the control plane's own.
type (
	hashConfigure struct{ hashTable }
	hashAlgorithm struct{ hashTable }
	hashCompute   struct{ hashTable }
)

// Usage is one: the default entry.
func (t *hashTable) Usage(Target) (int, error) { return 1, nil }

// change tells whether to set the entry or to bring the program's back.
func (t *hashTable) change(target Target, op Op, e *TableEntry) (set bool, name string, err error) {
	name = opName(op, e)
	switch {
	case target.Pipe != 0:
		return false, name, t.fail(name, ErrInvalid, "the hash is the same in all pipes: write it in all pipes, not in pipe %d", target.Pipe-1)
	case len(e.Key) > 0:
		return false, name, t.fail(name, ErrInvalid, "the table has no key")
	case len(t.d.h.Inputs) == 0:
		return false, name, t.fail(name, ErrNotSupported, "hash %s reads no list of fields", t.d.h.Name)
	case op == Modify && e.Default:
		return true, name, nil
	case op == Delete:
		return false, name, nil
	}
	return false, name, t.refuse(op, e, "set default, reset default, clear")
}

// publish sets a new setting; the words of the error are the control plane's.
func (t *hashTable) publish(name string, s hashSetting, own bool) (func(), error) {
	undo, err := t.d.set(s, own)
	if err != nil {
		return nil, t.fail(name, ErrInvalid, "%v", err)
	}
	return undo, nil
}

// one yields the default entry.
func (t *hashTable) one(q *Query, entry func(want func(string) bool) *TableEntry) iter.Seq2[*TableEntry, error] {
	return func(yield func(*TableEntry, error) bool) {
		if len(q.Key) > 0 || q.Handle != 0 {
			yield(nil, t.fail("read", ErrInvalid, "the table has no key: read its default entry"))
			return
		}
		t.store.mu.Lock()
		e := entry(func(name string) bool { return wantsField(q, name) })
		t.store.mu.Unlock()
		e.Table, e.Default = t.spec.Name, true
		yield(e, nil)
	}
}

// wantsField tells whether a query asks for a field, by name or suffix.
func wantsField(q *Query, name string) bool {
	if q.Fields == nil {
		return true
	}
	for _, f := range q.Fields {
		if _, err := resolve(f, []string{name}); err == nil {
			return true
		}
	}
	return false
}

// Write sets the slices: what is not listed is not hashed.
func (t *hashConfigure) Write(target Target, u *Update) (func(), error) {
	op, e := u.Op, &u.Entry
	set, name, err := t.change(target, op, e)
	if err != nil {
		return nil, err
	}
	s := t.d.now
	if !set {
		s.parts = hash.DefaultSlices(t.d.h)
		return t.publish(name, s, s.alg == hash.Program(t.d.h))
	}
	if err := t.noAction(name, e); err != nil {
		return nil, err
	}
	s.parts = nil
	for _, f := range e.Data {
		n, err := t.data.find(f.Name)
		if err != nil {
			return nil, t.fail(name, ErrInvalid, "data field: %v", err)
		}
		list, err := wants[[][]DataField](f.Value, "a list of slices")
		if err != nil {
			return nil, t.failField(name, "data field", t.spec.Data[n].Name, err)
		}
		for _, c := range list {
			p, err := t.slice(n, c)
			if err != nil {
				return nil, t.failField(name, "data field", t.spec.Data[n].Name, err)
			}
			s.parts = append(s.parts, p)
		}
	}
	return t.publish(name, s, false)
}

func (t *hashConfigure) slice(input int, c []DataField) (hash.Slice, error) {
	names := []string{"start_bit", "length", "order"}
	v, err := attributeFields(c, names...)
	if err != nil {
		return hash.Slice{}, err
	}
	if v[2] == nil {
		return hash.Slice{}, errMissing("order")
	}
	w := uint64(t.d.h.Inputs[input].Width)
	start, err0 := wordValue(v[0], 64, 0)
	length, err1 := wordValue(v[1], 64, w)
	order, err2 := wordValue(v[2], 64, 0)
	if err := errFirst(names, err0, err1, err2); err != nil {
		return hash.Slice{}, err
	}
	return hash.Slice{Input: input, Start: int(min(start, w)), Len: int(min(length, w)), Order: order}, nil
}

// Read yields the slices of every input that has any.
func (t *hashConfigure) Read(_ Target, q *Query) iter.Seq2[*TableEntry, error] {
	return t.one(q, func(want func(string) bool) *TableEntry {
		e := &TableEntry{}
		u64 := func(name string, v int) DataField { return DataField{Name: name, Value: wordBytes(uint64(v), 64)} }
		for i, f := range t.spec.Data {
			var list [][]DataField
			for _, p := range t.d.now.parts {
				if p.Input == i {
					w := t.d.h.Inputs[i].Width
					if p.Len <= 0 || p.Len > w-p.Start {
						p.Len = w - p.Start
					}
					list = append(list, []DataField{u64("start_bit", p.Start), u64("length", p.Len), u64("order", int(p.Order))})
				}
			}
			if list != nil && want(f.Name) {
				e.Data = append(e.Data, DataField{Name: f.Name, Value: list})
			}
		}
		return e
	})
}

// Write chooses the algorithm.
func (t *hashAlgorithm) Write(target Target, u *Update) (func(), error) {
	op, e := u.Op, &u.Entry
	set, name, err := t.change(target, op, e)
	if err != nil {
		return nil, err
	}
	s := t.d.now
	if !set {
		s.alg = hash.Program(t.d.h)
		return t.publish(name, s, t.ownSlices())
	}
	common := []string{"rotate", "seed", "msb", "extend"}
	var own []string
	switch e.Action {
	case actionPreDefined:
		own = []string{"algorithm_name"}
	case actionUserDefined:
		own = []string{"reverse", "polynomial", "init", "final_xor", "hash_bit_width"}
	default:
		return nil, t.fail(name, ErrInvalid, "no action %q (actions: %s, %s)", e.Action, actionPreDefined, actionUserDefined)
	}
	names := append(common, own...)
	v, err := attributeFields(e.Data, names...)
	if err != nil {
		return nil, t.fail(name, ErrInvalid, "%v", err)
	}
	s.alg, err = t.algorithm(e.Action, names, v)
	if err != nil {
		return nil, t.fail(name, ErrInvalid, "%v", err)
	}
	return t.publish(name, s, false)
}

// ownSlices tells whether the slices are the program's.
func (t *hashTable) ownSlices() bool {
	def := hash.DefaultSlices(t.d.h)
	if len(def) != len(t.d.now.parts) {
		return false
	}
	for i, p := range t.d.now.parts {
		if p != def[i] {
			return false
		}
	}
	return true
}

func (t *hashAlgorithm) algorithm(action string, names []string, v []Value) (hash.Algorithm, error) {
	rotate, err0 := wordValue(v[0], 32, 0)
	seed, err1 := wordValue(v[1], 32, 0)
	msb, err2 := boolValue(v[2], false)
	extend, err3 := boolValue(v[3], false)
	if err := errFirst(names, err0, err1, err2, err3); err != nil {
		return hash.Algorithm{}, err
	}
	a := hash.Algorithm{Rotate: uint32(rotate), Seed: uint32(seed)}
	width := t.d.h.Width
	if t.d.h.UsedBits > 0 {
		width = t.d.h.UsedBits
	}
	if action == actionPreDefined {
		name, err := choiceName(v[4])
		if err != nil {
			return a, err
		}
		p, ok := hash.ByName(name, width)
		if !ok {
			return a, errChoice("algorithm_name", name, hash.Names())
		}
		a.Kind, a.CRC = p.Kind, p.CRC
	} else {
		if v[5] == nil {
			return a, errMissing("polynomial")
		}
		reverse, err4 := boolValue(v[4], false)
		poly, err5 := wordValue(v[5], 64, 0)
		init, err6 := wordValue(v[6], 64, 0)
		xor, err7 := wordValue(v[7], 64, 0)
		degree, err8 := wordValue(v[8], 64, uint64(min(width, 64)))
		if err := errFirst(names[4:], err4, err5, err6, err7, err8); err != nil {
			return a, err
		}
		a.Kind = ir.CustomCRC
		a.CRC = ir.CRC{Degree: int(min(degree, 65)), Poly: poly, Reversed: reverse, Init: init, Xor: xor}
		if err := hash.CheckCRC(a.CRC); err != nil {
			return a, err
		}
	}
	if a.Kind == ir.CustomCRC {
		a.CRC.MSB, a.CRC.Extended = msb, extend
	}
	return a, nil
}

// Read yields the algorithm: by its name, if it has one.
func (t *hashAlgorithm) Read(_ Target, q *Query) iter.Seq2[*TableEntry, error] {
	return t.one(q, func(want func(string) bool) *TableEntry {
		a := t.d.now.alg
		e := &TableEntry{Action: actionPreDefined}
		add := func(name string, v Value) {
			if want(name) {
				e.Data = append(e.Data, DataField{Name: name, Value: v})
			}
		}
		add("rotate", wordBytes(uint64(a.Rotate), 32))
		add("seed", wordBytes(uint64(a.Seed), 32))
		add("msb", a.CRC.MSB)
		add("extend", a.CRC.Extended)
		if name, ok := hash.NameOf(a); ok {
			add("algorithm_name", name)
			return e
		}
		e.Action = actionUserDefined
		add("reverse", a.CRC.Reversed)
		add("polynomial", wordBytes(a.CRC.Poly, 64))
		add("init", wordBytes(a.CRC.Init, 64))
		add("final_xor", wordBytes(a.CRC.Xor, 64))
		add("hash_bit_width", wordBytes(uint64(a.CRC.Degree), 64))
		return e
	})
}

// Usage of a table that only computes.
func (t *hashCompute) Usage(Target) (int, error) { return 0, nil }

// Write is refused.
func (t *hashCompute) Write(_ Target, u *Update) (func(), error) {
	op, e := u.Op, &u.Entry
	return nil, t.fail(opName(op, e), ErrReadOnly, "the table computes: read it with a key")
}

// Read hashes the key: fields that are not given are 0.
func (t *hashCompute) Read(_ Target, q *Query) iter.Seq2[*TableEntry, error] {
	return func(yield func(*TableEntry, error) bool) {
		if q.Default || len(q.Key) == 0 {
			yield(nil, t.fail("read", ErrInvalid, "no key given (key fields: %s)", choices(t.keys.names)))
			return
		}
		given := make([]*big.Int, len(t.spec.Key))
		for i := range q.Key {
			n, err := t.keys.find(q.Key[i].Name)
			if err != nil {
				yield(nil, t.fail("read", ErrInvalid, "key field: %v", err))
				return
			}
			b, err := number(q.Key[i].Value, t.spec.Key[n].Type.Width)
			if err != nil {
				yield(nil, t.failField("read", "key field", t.spec.Key[n].Name, err))
				return
			}
			given[n] = new(big.Int).SetBytes(b)
		}
		in := make([]*big.Int, len(t.d.h.Inputs))
		key := 0
		for i, x := range t.d.h.Inputs {
			if in[i] = x.Const; in[i] != nil {
				continue
			}
			if in[i] = given[key]; in[i] == nil {
				in[i] = new(big.Int)
			}
			key++
		}
		t.store.mu.Lock()
		v := t.d.compute(in)
		t.store.mu.Unlock()
		e := &TableEntry{Table: t.spec.Name, Key: q.Key}
		if wantsField(q, "hash_value") {
			e.Data = []DataField{{Name: "hash_value", Value: v}}
		}
		yield(e, nil)
	}
}

func errMissing(field string) error { return fmt.Errorf("field %s is missing", field) }

func errChoice(field, value string, valid []string) error {
	return fmt.Errorf("field %s is %q (choices: %s)", field, value, choices(valid))
}

func choiceName(v Value) (string, error) {
	if v == nil {
		return "RANDOM", nil
	}
	return wants[string](v, "string")
}
