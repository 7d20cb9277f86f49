package model_test

import (
	"slices"
	"testing"

	"gofino/model"
	"gofino/p4"
	"gofino/pipeline/ir"
)

func folded(t *testing.T, target ir.Target, loop uint8) (*model.Switch, *outlet) {
	t.Helper()
	prog, diags := p4.Compile("testdata/folded.p4", p4.Options{Target: target})
	if prog == nil {
		t.Fatal(diags)
	}
	sw, err := model.New(prog, model.Config{LoopPipes: loop})
	if err != nil {
		t.Fatal(err)
	}
	w := new(outlet)
	sw.SetWire(w)
	return sw, w
}

// Programs with two pipelines: pipes 0 and 2 run the first, 1 and 3 the second
// (tna-semantics.md section 1); in a folded switch packets take all four
// blocks.
func TestFoldedPipes(t *testing.T) {
	packet := append(make([]byte, 6), "hello"...)
	for _, c := range []struct {
		target ir.Target
		loop   uint8
		port   model.Port
		want   string
	}{
		{ir.Tofino, model.FoldedPipes, 0, "0 01020304000068656c6c6f"},
		{ir.Tofino, model.FoldedPipes, 63, "63 01020304000068656c6c6f"},
		{ir.Tofino, model.FoldedPipes, 256 + 7, "263 01020304000068656c6c6f"},
		{ir.Tofino, 0, 0, "128 00000102000068656c6c6f"},
		{ir.Tofino, 1 << 3, 0, "128 00000102000068656c6c6f"},
		// CPU ports are not front panel.
		{ir.Tofino, model.FoldedPipes, 65, "193 00000102000068656c6c6f"},
		{ir.Tofino2, model.FoldedPipes, 8, "8 01020304000068656c6c6f"},
		{ir.Tofino2, model.FoldedPipes, 256 + 71, "327 01020304000068656c6c6f"},
	} {
		sw, w := folded(t, c.target, c.loop)
		sw.Process([]model.Frame{{Port: c.port, Data: packet}})
		if !slices.Equal(w.out, []string{c.want}) {
			t.Errorf("%d, loop %b, port %d: %v, want %s", c.target, c.loop, c.port, w.out, c.want)
		}
	}
}

// Tofino 2's mtu_trunc_len shortens what a gress sends; a packet that is
// shorter, or no length, leaves it alone.
func TestMTUTruncation(t *testing.T) {
	for _, c := range []struct {
		ig, eg byte
		want   string
	}{
		{0, 0, "136 0000010200006162636465666768"},
		{8, 0, "136 0000010208006162"},
		{0, 9, "136 000001020009616263"},
		{100, 200, "136 0000010264c86162636465666768"},
		{10, 8, "136 000001020a086162"},
		{0, 3, "136 000001"},
	} {
		sw, w := folded(t, ir.Tofino2, 0)
		sw.Process([]model.Frame{{Port: 8, Data: append([]byte{0, 0, 0, 0, c.ig, c.eg}, "abcdefgh"...)}})
		if !slices.Equal(w.out, []string{c.want}) {
			t.Errorf("ingress %d, egress %d: %v, want %s", c.ig, c.eg, w.out, c.want)
		}
	}
}
