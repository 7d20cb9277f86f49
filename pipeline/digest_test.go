package pipeline

import (
	"testing"

	"gofino/pipeline/ir"
)

// A digest keeps what it packed, and its type must be that of the packet.
func TestDigestKeepsItsDataAndNeedsItsType(t *testing.T) {
	b := newProg()
	typ := b.intr(ir.DigestType, 3)
	x := b.header("x", 16)
	b.pl.Digests = []*ir.Digest{{Name: "a", Type: 2, Fields: []ir.DigestField{{Name: "x", Width: 16}, {Name: "n", Width: 4}}}, {Name: "b", Type: -1}}
	b.parser(&ir.State{Body: []ir.Stmt{&ir.Extract{Header: x.index}}, Next: ir.Accept})
	b.g.Control = []ir.Stmt{set(typ, &ir.Slice{X: ld(x.f[0]), Hi: 2, Lo: 0})}
	b.g.Deparser = []ir.Stmt{
		&ir.DigestEmit{Digest: 0, Data: []ir.Expr{ld(x.f[0]), num(4, 0), num(4, 0xa)}},
		set(x.f[0], num(16, 0)),
	}
	tw := load(t, b)
	if p := tw.run(ir.Ingress, unhex("aa02")); p.Digest.Index != 0 || hexOf(p.Digest.Data) != "aa020a" {
		t.Errorf("digest %+v", p.Digest)
	}
	if p := tw.run(ir.Ingress, unhex("aa03")); p.Digest.Index != -1 || p.Digest.Data != nil {
		t.Errorf("digest of another type: %+v", p.Digest)
	}
	b.g.Deparser = []ir.Stmt{&ir.DigestEmit{Digest: 1, Data: []ir.Expr{ld(x.f[0])}}}
	if p := load(t, b).run(ir.Ingress, unhex("aa03")); p.Digest.Index != 1 || hexOf(p.Digest.Data) != "aa03" {
		t.Errorf("digest without a type: %+v", p.Digest)
	}
}
