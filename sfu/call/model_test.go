package call

import (
	"context"
	"testing"
	"time"

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

// Calls of other sizes, and the other decode targets.
func TestCallSizes(t *testing.T) {
	prog := compile(t, ir.Tofino)
	for _, size := range []int{2, 4, 9} {
		for target := range 2 {
			sw, err := model.New(prog, model.Config{Pipes: 4})
			require.NoError(t, err)
			ports := map[End]uint16{CPU: cpuPort}
			cfg := Config{API: sw.API(), CPUPort: cpuPort, Duration: time.Second, Target: target, Seed: uint64(size)}
			for i := range size {
				port := uint16(i%4<<7 | 8 + i) // all pipes
				ports[End(i)] = port
				cfg.Ports = append(cfg.Ports, port)
			}
			cfg.Transport = NewMemory(Model(sw), ports)
			r, err := Run(context.Background(), cfg)
			require.NoError(t, err)
			require.Empty(t, r.Faults(), "%d participants, target %d\n%v", size, target, r)
		}
	}
}

// The same seed gives the same report and the same state of the switch.
func TestCallOverModelIsDeterministic(t *testing.T) {
	prog := compile(t, ir.Tofino)
	var report string
	var state [32]byte
	for i := range 5 {
		sw, err := model.New(prog, model.Config{Pipes: 1})
		require.NoError(t, err)
		cfg := threeParties(Model(sw))
		cfg.API = sw.API()
		cfg.Duration = 500 * time.Millisecond
		r, err := Run(context.Background(), cfg)
		require.NoError(t, err)
		if i == 0 {
			report, state = r.String(), sw.StateHash()
		}
		require.Equal(t, report, r.String())
		require.Equal(t, state, sw.StateHash())
	}
}
