package call

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"gofino/model"
	"gofino/p4/arch"
	"gofino/p4/lower"
	"gofino/p4/syntax"
	"gofino/p4/types"
	"gofino/pipeline/ir"
	"gofino/sfu"
)

func compile(t testing.TB, target ir.Target) *ir.Program {
	file, d := syntax.ParseSource("sfu.p4", []byte(sfu.Source), syntax.Config{
		Defines: []string{fmt.Sprintf("__TARGET_TOFINO__=%d", target)}, Builtin: arch.Builtin})
	require.Empty(t, d)
	info, d := types.Check(file, types.Config{})
	require.Empty(t, d)
	prog, d := lower.Lower(info, lower.Options{Target: target, Strict: true, Name: "sfu"})
	require.Empty(t, d)
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
