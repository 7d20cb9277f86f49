package pipeline

import (
	"testing"

	"gofino/pipeline/ir"
)

// What a deparser emits for the packet generator is what it was then, and of
// this packet only.
func TestPktgenContextIsOfThisPacket(t *testing.T) {
	b := newProg()
	x := b.header("x", 16)
	b.parser(&ir.State{Body: []ir.Stmt{&ir.Extract{Header: x.index}}, Next: ir.Accept})
	b.g.Deparser = []ir.Stmt{
		&ir.If{Cond: &ir.Slice{X: ld(x.f[0]), Hi: 0, Lo: 0}, Then: []ir.Stmt{&ir.PktgenEmit{Data: []ir.Expr{num(8, 0xab), ld(x.f[0])}}}},
		set(x.f[0], num(16, 0)),
	}
	tw := load(t, b)
	if p := tw.run(ir.Ingress, unhex("aa03")); p.Pktgen.Index != 0 || hexOf(p.Pktgen.Data) != "abaa03" {
		t.Errorf("context %+v", p.Pktgen)
	}
	if p := tw.run(ir.Ingress, unhex("aa02")); p.Pktgen.Index != -1 || p.Pktgen.Data != nil {
		t.Errorf("context of the packet before: %+v", p.Pktgen)
	}
}
