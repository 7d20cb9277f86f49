package tables

import (
	"fmt"
	"sync/atomic"

	"gofino/pipeline/ir"
)

// Dynamic key masks: on a table annotated @dynamic_table_key_masks(1) the
// control plane says which bits of an exact key count (tna-semantics.md
// section 10). Keys of packets and of entries are masked alike. The mask can
// only change while the table is empty, as on the chip, where the change
// disrupts traffic.

// attrKeyMask is the attribute's name. Its record has a field per key element:
// the mask's bytes.
const attrKeyMask = "DynamicKeyMask"

// maxMaskedKey bounds the key that a lookup masks on its stack: the exact match
// crossbar of a stage has 128 bytes.
const maxMaskedKey = 128

// masked tells whether a table's key has a mask.
func masked(t *ir.Table) bool {
	for _, a := range t.Annots {
		if a.Name == "dynamic_table_key_masks" && a.Body == "1" {
			return true
		}
	}
	return false
}

// allowMask prepares a Match for a mask. Lowering has refused the annotation
// on other keys.
func (m *matchSet) allowMask() {
	if m.engine != engineExact || m.keyLen > maxMaskedKey {
		panic("BUG: key mask of a table without a short exact key")
	}
	all := m.cares()
	m.mask = new(atomic.Pointer[[]byte])
	m.mask.Store(&all)
	m.read = engineMasked
}

func (m *Match) lookupMasked(key []byte) *Entry {
	var buf [maxMaskedKey]byte
	mask := *m.mask.Load()
	b := buf[:len(mask)]
	for i := range b {
		b[i] = key[i] & mask[i]
	}
	return m.exact.lookup(b)
}

// maskKey masks the elements of an entry's key.
func (m *matchSet) maskKey(keys []ir.KeyMatch) {
	if m.read != engineMasked {
		return
	}
	mask := *m.mask.Load()
	for i := range keys {
		and(keys[i].Value, mask[m.off[i]:])
	}
}

// keyMask is the attribute's record.
func (mt *matchTable) keyMask() []DataField {
	mask := *mt.m.mask.Load()
	out := make([]DataField, len(mt.t.Keys))
	for i, k := range mt.t.Keys {
		off, n := mt.m.off[i], (k.Width+7)/8
		out[i] = DataField{Name: k.Name, Value: append([]byte(nil), mask[off:off+n]...)}
	}
	return out
}

// setKeyMask publishes a mask; elements that are not given count whole.
func (mt *matchTable) setKeyMask(op string, data []DataField) error {
	mask := mt.m.cares()
	seen := make([]bool, len(mt.t.Keys))
	for _, f := range data {
		n, err := mt.keys.find(f.Name)
		if err != nil {
			return mt.fail(op, ErrInvalid, "%s: key field: %v", attrKeyMask, err)
		}
		if seen[n] {
			return mt.fail(op, ErrInvalid, "%s: key field %s is given twice", attrKeyMask, mt.spec.Key[n].Name)
		}
		seen[n] = true
		b, err := number(f.Value, mt.t.Keys[n].Width)
		if err != nil {
			return mt.failField(op, "key field", mt.spec.Key[n].Name, fmt.Errorf("mask %w", err))
		}
		copy(mask[mt.m.off[n]:], b)
	}
	mt.m.mask.Store(&mask)
	return nil
}
