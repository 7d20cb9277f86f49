package pipeline

import "gofino/pipeline/ir"

func (pi *Pipe) trace(p *Pass, dir ir.Dir, sink Sink) {}
