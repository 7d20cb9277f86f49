//go:build external

package agent_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"gofino/agent"
	"gofino/internal/clock"
	"gofino/model"
)

// TestSwitchElsewhere runs the suite of TestClientIsTheSwitch on the switch that
// GOFINO_SWITCH=host:port names. It must run testdata/suite.p4 as the program
// "suite" and be fresh:
//
//	gofino run agent/testdata/suite.p4 --port 1=udp:127.0.0.1:0,127.0.0.1:9 &
//	GOFINO_SWITCH=127.0.0.1:50052 go test -tags external -run Elsewhere ./agent
func TestSwitchElsewhere(t *testing.T) {
	at := os.Getenv("GOFINO_SWITCH")
	require.NotEmpty(t, at, "set GOFINO_SWITCH to the address of a switch that runs testdata/suite.p4")
	here, err := model.New(suite(t), model.Config{Clock: new(clock.Virtual)})
	require.NoError(t, err)
	t.Cleanup(here.Close)
	p := &pair{here: here.API(), far: dial(t, agent.ClientConfig{Address: at, Program: "suite"}), hashHere: here.StateHash}
	p.run(t, 1, 60)
	t.Logf("%d updates applied, %d batches with errors", p.applied, p.refused)
}
