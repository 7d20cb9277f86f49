package pipeline

import (
	"fmt"

	"gofino/pipeline/ir"
)

// The Pktgen extern hands data to the packet generator around the pipeline,
// which looks at it where the pktgen field of the metadata is set.

func (c *compiler) pktgenEmit(s *ir.PktgenEmit) {
	off, n := c.emission(s.Data)
	c.emit(instr{op: opPktgen, b: int32(off), n: uint16(n)})
}

func (r *reference) pktgenEmit(s *ir.PktgenEmit) {
	e := Emission{Data: r.streamRight(s.Data)}
	r.event(KindPktgen, s.P, "pktgen", "data", fmt.Sprintf("%x", e.Data))
	r.p.Pktgen = e
}
