package lower

import (
	"gofino/p4/syntax"
	"gofino/p4/types"
	"gofino/pipeline/ir"
)

// Limits of the learn engine (chip.md section 10; tna-semantics.md section 10).
const (
	maxDigestBytes = 47 // of a quantum of 48, whose first byte has the type
	digestTypes    = 8
)

// digest makes the ir of a Digest instance; -1 where it was refused.
func (g *gress) digest(inst *instance) int {
	if inst.id >= 0 {
		return inst.id
	}
	if g.dir != ir.Ingress {
		g.errorf(inst.at, "digest %q is declared in egress: only the ingress deparser has a learn engine", inst.local)
		inst.refused = true
		return -1
	}
	d := &ir.Digest{Name: inst.name, Pos: irPos(inst.at), Type: g.argInt(inst, 0, -1)}
	if d.Type >= digestTypes {
		g.errorf(inst.at, "digest_type %d of %q is out of range (types: 0 to %d)", d.Type, inst.local, digestTypes-1)
		d.Type = -1
	}
	for _, o := range g.pl.Digests {
		if o.Type >= 0 && o.Type == d.Type {
			g.errorf(inst.at, "digest_type %d of %q is that of %q (at %s:%d)", d.Type, inst.local, o.Name, o.Pos.File, o.Pos.Line)
		}
	}
	if len(g.pl.Digests) == digestTypes {
		g.limit(inst.at, "digest %q is number %d: the chip's limit is %d", inst.local, digestTypes+1, digestTypes)
	}
	if t := inst.typeArg(inst.home, 0); t != nil {
		bits := 0
		d.Fields, bits = g.digestFields(inst, "", t)
		if n := (bits + 7) / 8; n > maxDigestBytes {
			g.limit(inst.at, "digest %q of %d bytes: the chip's limit is %d", inst.local, n, maxDigestBytes)
		}
	}
	inst.id = len(g.pl.Digests)
	g.pl.Digests = append(g.pl.Digests, d)
	return inst.id
}

// digestFields are the scalars of a digest's type, named as the control plane
// sees them, and their bits.
func (g *gress) digestFields(inst *instance, prefix string, t types.Type) (out []ir.DigestField, bits int) {
	if w, ok := scalarWidth(t); ok {
		if prefix == "" {
			prefix = "f1"
		}
		return []ir.DigestField{{Name: prefix, Width: w}}, w
	}
	if !isAggregate(t) {
		g.errorf(inst.at, "digest %q has a field of type %s: a quantum holds scalars only", inst.local, t)
		return nil, 0
	}
	if prefix != "" {
		prefix += "."
	}
	for _, m := range members(t) {
		fs, n := g.digestFields(inst, prefix+m.name, m.t)
		out, bits = append(out, fs...), bits+n
	}
	return out, bits
}

// digestPack emits a quantum: each field in whole bytes.
func (g *gress) digestPack(m *method) *value {
	if g.block != inDeparser {
		g.errorf(m.e.Pos(), "Digest.pack is possible in a deparser only")
		return nil
	}
	id := g.digest(m.inst)
	if id < 0 || m.arg(0) == nil {
		return nil
	}
	d := g.pl.Digests[id]
	v := g.expr(m.f, m.arg(0))
	if t := m.inst.typeArg(m.inst.home, 0); t != nil && isAggregate(t) {
		v = g.convert(v, t)
	}
	x := &ir.DigestEmit{S: g.s(), Digest: id}
	fields := g.flatten(v)
	if len(fields) != len(d.Fields) {
		g.errorf(m.e.Pos(), "digest %q packs %d fields, its type has %d", m.inst.local, len(fields), len(d.Fields))
		return nil
	}
	for i, f := range fields {
		if f.W() != d.Fields[i].Width {
			g.errorf(m.e.Pos(), "digest %q: field %s has %d bits, its type has %d", m.inst.local, d.Fields[i].Name, f.W(), d.Fields[i].Width)
			return nil
		}
		if r := f.W() % 8; r != 0 {
			x.Data = append(x.Data, constInt(8-r, 0))
		}
		x.Data = append(x.Data, f)
	}
	g.emit(x)
	return nil
}

// idleTimeout reads the property: a boolean, or Tofino 2's IdleTimeout
// instance.
func (g *gress) idleTimeout(o *frame, e syntax.Expr) bool {
	if inst := g.instanceOf(o, e); inst != nil {
		if inst.externName() != "IdleTimeout" {
			g.errorf(e.Pos(), "idle_timeout must be a boolean or an IdleTimeout, not %s", inst.externName())
		}
		return true
	}
	v, ok := isConst(g.scalar(g.expr(o, e)))
	if !ok {
		g.errorf(e.Pos(), "idle_timeout must be known at compile time")
	}
	return ok && v.Sign() != 0
}
