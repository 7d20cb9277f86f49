//go:build external

package main

import (
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gofino/agent"
	"gofino/p4"
	"gofino/pipeline/ir"
	"gofino/sfu"
	"gofino/tables"
)

// TestScallopControlPlane runs Scallop's own Python control plane, unmodified,
// with the vendor's own client: its switch agent sets up the meeting of its test
// mode, its interface installs it into gofino over BFRuntime, and packets follow.
// SCALLOP names the folder of scallop_tofino.p4, SCALLOP_CONTROL that of the
// control plane; the PTF_ variables are those of TestPTF. Python needs
// websockets, too.
//
//	SCALLOP=... SCALLOP_CONTROL=... go test -tags external -run ScallopControl ./cmd/gofino
func TestScallopControlPlane(t *testing.T) {
	dir, control := os.Getenv("SCALLOP"), os.Getenv("SCALLOP_CONTROL")
	require.NotEmpty(t, dir, "set SCALLOP to the folder of scallop_tofino.p4")
	require.NotEmpty(t, control, "set SCALLOP_CONTROL to the folder of tofino_interface.py")
	py := newPTF(t)
	prog, diags := p4.Compile(filepath.Join(dir, "scallop_tofino.p4"), p4.Options{IncludeDirs: []string{dir}, Target: ir.Tofino})
	require.NotNil(t, prog, diags)
	l := newLab(t, prog, 44)
	flags := bfrtFlags{address: "127.0.0.1:50052"} // where its client looks
	_, stop, err := flags.serve(agent.Programs{{Name: prog.Name, API: l.now().API()}}, os.Stderr)
	require.NoError(t, err)
	defer stop()

	env := append(os.Environ(), "PYTHONPATH="+strings.Join([]string{py.dir, filepath.Join(py.dir, "bfrt_grpc")}, ":"), "PYTHONUNBUFFERED=1")
	start := func(args ...string) (*exec.Cmd, *syncBuffer) {
		c, out := exec.Command("python3", args...), new(syncBuffer)
		c.Dir, c.Env, c.Stdout, c.Stderr = control, env, out, out
		require.NoError(t, c.Start())
		return c, out
	}
	agentProcess, agentSays := start("sfu_switch_agent.py", "--test")
	installer, says := start("tofino_interface.py", "--verbose")
	defer func() {
		installer.Process.Signal(syscall.SIGKILL)
		installer.Wait() //nolint:errcheck // killed
	}()
	ended := make(chan error, 1)
	go func() { ended <- agentProcess.Wait() }()
	select {
	case <-ended:
	case <-time.After(60 * time.Second):
		agentProcess.Process.Kill()
		t.Fatalf("the meeting is not set up:\n%s\n%s", agentSays, says)
	}
	require.Eventually(t, func() bool {
		n, err := l.now().API().Usage(t.Context(), tables.AllPipes, "ipv4_route")
		return err == nil && n == 12 // two SSRCs of each of three senders to two receivers
	}, 30*time.Second, 50*time.Millisecond, "%s\n%s", agentSays, says)

	a, to := netip.MustParseAddrPort("10.0.211.2:1111"), netip.MustParseAddrPort("10.0.211.111:3000")
	got := l.exchange(t, sfu.Datagram{
		SrcMAC: sfu.MAC{2, 0, 0, 0, 0, 1}, DstMAC: sfu.MAC{2, 2, 2, 2, 2, 2}, Src: a, Dst: to,
		Payload: packet(t, 42, 110, 1),
	})
	require.Equal(t, []string{
		"10.0.211.111:3000<-10.0.211.111:3000 same=true",
		"10.0.211.2:2222<-10.0.211.111:3000 same=true",
		"10.0.211.2:3333<-10.0.211.111:3000 same=true",
	}, got)
}
