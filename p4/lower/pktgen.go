package lower

import (
	"gofino/pipeline/ir"
)

// pktgenContext is how many bytes of a triggering packet's own choice Tofino 2
// puts behind the header of generated packets (tna-semantics.md, 2.6).
const pktgenContext = 16

// pktgenEmit hands the packet generator its context.
func (g *gress) pktgenEmit(m *method) *value {
	if g.block != inDeparser || g.dir != ir.Ingress {
		g.errorf(m.e.Pos(), "Pktgen.emit is possible in an ingress deparser only")
		return nil
	}
	if m.arg(0) == nil {
		return nil
	}
	x := &ir.PktgenEmit{S: g.s()}
	var n int
	x.Data, n = g.emitData(m, m.arg(0))
	if n > pktgenContext {
		g.limit(m.arg(0).Pos(), "packet generator context of %d bytes: the chip's limit is %d", n, pktgenContext)
	}
	g.emit(x)
	return nil
}
