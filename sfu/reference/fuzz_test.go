package reference_test

import (
	"testing"

	"gofino/model"
	"gofino/pipeline/ir"
	"gofino/sfu/reference"
)

// FuzzProgram runs any bytes, from any port, through both data planes. The
// switches keep their state from input to input: run it with -fuzzminimizetime 1x.
func FuzzProgram(f *testing.F) {
	ref, c := reference.New(), newChip(f, ir.Tofino)
	w, _ := install(f, ref.API())
	install(f, c.API())
	g := newGenerator(3, w)
	for range 200 {
		port, frame := g.next()
		f.Add(port, frame)
	}
	f.Fuzz(func(t *testing.T, port uint16, frame []byte) {
		// A port of one of the participants, or the CPU port.
		port = 8 + port%15*4
		g.seal(frame)
		compare(t, 0, ref, c, port, frame, func() {
			c.Process([]model.Frame{{Port: model.Port(port), Data: frame}})
		})
	})
}
