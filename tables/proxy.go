package tables

import (
	"encoding/binary"

	"gofino/pipeline/hash"
	"gofino/pipeline/ir"
)

// A table with a proxy hash keeps a hash of each entry's key and compares that:
// a packet whose key has the same hash hits, whatever its key. Entries keep
// their keys for the control plane, as the driver does.

// maxProxyKey bounds the key that a lookup gathers on its stack, as
// maxMaskedKey does.
const maxProxyKey = maxMaskedKey

// proxy finds entries by the hash of their keys.
type proxy struct {
	f  *hash.Dynamic
	by *exact // over 8 bytes, the hash; its entries' pat.proxied are the table's
}

// setProxy makes a Match compare hashes. Lowering has refused other keys than
// short exact ones, and hashes wider than 64 bits.
func (m *matchSet) setProxy(h *ir.Hash) {
	f, err := hash.NewPacked(h, m.width)
	if err != nil || m.engine != engineExact || m.keyLen > maxProxyKey {
		panic("BUG: proxy hash " + h.Name + " of a table without a short exact key")
	}
	m.proxy = &proxy{f: f, by: newExact(8)}
	m.read = engineProxy
}

func (p *proxy) sum(key []byte) (h [8]byte) {
	var scratch [maxProxyKey]byte
	binary.LittleEndian.PutUint64(h[:], p.f.Sum64(key, scratch[:len(key)]))
	return h
}

func (m *Match) lookupProxy(key []byte) *Entry {
	h := m.proxy.sum(key)
	o := m.proxy.by.lookup(h[:])
	if o == nil {
		return nil
	}
	return o.pat.proxied
}

// proxyOf is what stands for an entry, or for another with the same hash.
func (m *matchSet) proxyOf(e *Entry) *Entry {
	h := m.proxy.sum(m.exact.keyOf(e))
	return m.proxy.by.lookup(h[:])
}

// collides tells whether another entry has the hash of e's key: the chip
// cannot tell them apart.
func (m *matchSet) collides(e *Entry) bool { return m.proxy != nil && m.proxyOf(e) != nil }

func (m *matchSet) publishProxy(e *Entry) {
	if m.proxy == nil || m.collides(e) {
		return // of two entries of the program the first wins
	}
	o := &Entry{pat: &pattern{proxied: e}}
	h := m.proxy.sum(m.exact.keyOf(e))
	m.proxy.by.setKey(o, h[:])
	m.proxy.by.insert(o)
}

func (m *matchSet) withdrawProxy(e *Entry) {
	if m.proxy == nil {
		return
	}
	if o := m.proxyOf(e); o != nil && o.pat.proxied == e {
		m.proxy.by.remove(o)
	}
}
