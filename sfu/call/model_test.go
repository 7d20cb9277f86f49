package call

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"gofino/model"
	"gofino/p4"
	"gofino/pipeline/ir"
	"gofino/sfu"
)

func compile(t testing.TB, target ir.Target) *ir.Program {
	prog, diags := p4.CompileSource("sfu.p4", []byte(sfu.Source), p4.Options{Target: target, Strict: true})
	require.Empty(t, diags)
	return prog
}

func TestCallOverModel(t *testing.T) {
	for _, target := range []ir.Target{ir.Tofino, ir.Tofino2} {
		sw, err := model.New(compile(t, target), model.Config{Pipes: 1})
		require.NoError(t, err)
		cfg := threeParties(Model(sw))
		cfg.API = sw.API()
		r, err := Run(context.Background(), cfg)
		require.NoError(t, err)
		t.Logf("\n%v", r)
		require.Empty(t, r.Faults())
	}
}
