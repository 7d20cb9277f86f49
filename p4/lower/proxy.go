package lower

import (
	"gofino/p4/syntax"
	"gofino/pipeline/ir"
)

// proxyHash reads a table's proxy_hash property. The chip compares the hash
// instead of the key, which must be exact; it is written once the key is known.
func (g *gress) proxyHash(o *frame, t *ir.Table, e syntax.Expr) {
	inst := g.instanceOf(o, e)
	if inst == nil || inst.externName() != "Hash" {
		g.errorf(e.Pos(), "proxy_hash must name a Hash")
		return
	}
	if inst.refused {
		return
	}
	h := g.pl.Hashes[g.hash(inst)]
	if h.Width > 64 {
		g.errorf(e.Pos(), "proxy_hash of table %s has %d bits (at most 64)", t.Name, h.Width)
		return
	}
	bytes := 0
	for _, k := range t.Keys {
		if k.Kind != ir.Exact {
			g.errorf(e.Pos(), "proxy_hash is for exact keys: table %s has a %s one (%s)", t.Name, k.Kind, k.Name)
			return
		}
		bytes += (k.Width + 7) / 8
	}
	if bytes == 0 || bytes > maxMaskedKey {
		g.errorf(e.Pos(), "proxy_hash: the key of table %s has %d bytes (1 to %d can be hashed)", t.Name, bytes, maxMaskedKey)
		return
	}
	t.ProxyHash = h
}
