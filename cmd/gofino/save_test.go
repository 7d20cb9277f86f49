package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
	"github.com/stretchr/testify/require"

	"gofino/model"
	"gofino/p4"
)

// capture writes a file with n frames to a host.
func capture(t *testing.T, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "in.pcap")
	f, err := os.Create(path)
	require.NoError(t, err)
	defer f.Close()
	frame := []byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0xaa}
	w := pcapgo.NewWriter(f)
	require.NoError(t, w.WriteFileHeader(65536, layers.LinkTypeEthernet))
	for range n {
		require.NoError(t, w.WritePacket(gopacket.CaptureInfo{CaptureLength: len(frame), Length: len(frame)}, frame))
	}
	return path
}

// TestReplayOfSeveralPrograms: what several programs did together is repeated
// with the same programs on the same pipes, and with no others.
func TestReplayOfSeveralPrograms(t *testing.T) {
	rec := filepath.Join(t.TempDir(), "rec")
	code, _, stderr := gofino(t, "run", l2P4+"@0,1", l3P4+"@2,3", "--record", rec, "--port", "1=pcap:"+capture(t, 100), "--port", "257=null")
	require.Equal(t, exitOK, code, stderr)
	code, stdout, stderr := gofino(t, "replay", l2P4+"@0,1", l3P4+"@2,3", rec)
	require.Equal(t, exitOK, code, stderr)
	require.Contains(t, stdout, "state ")
	for _, wrong := range [][]string{{l2P4}, {l2P4 + "@0", l3P4 + "@1,2,3"}, {l3P4 + "@0,1", l2P4 + "@2,3"}} {
		code, _, stderr = gofino(t, append(append([]string{"replay"}, wrong...), rec)...)
		require.Equal(t, exitFailed, code, "%v: %s", wrong, stderr)
		require.Contains(t, stderr, "state of another switch")
	}
}

func TestRunSavesRestoresAndRecords(t *testing.T) {
	dir := t.TempDir()
	state, rec, out := filepath.Join(dir, "state"), filepath.Join(dir, "rec"), filepath.Join(dir, "out.pcap")
	setup := write(t, "s.stf", "add macs hdr.ethernet.dst:0x020000000001 forward(port:2)\n")
	in := capture(t, 100)

	code, _, stderr := gofino(t, "run", l2P4, "--setup", setup, "--port", "1=pcap:"+in, "--port", "2=null", "--save", state)
	require.Equal(t, exitOK, code, stderr)

	// The saved switch knows the host without a setup.
	code, _, stderr = gofino(t, "run", l2P4, "--restore", state, "--record", rec, "--save", state, "--port", "1=pcap:"+in, "--port", "2=pcap:,"+out)
	require.Equal(t, exitOK, code, stderr)
	code, stdout, stderr := gofino(t, "replay", l2P4, rec, "--json")
	require.Equal(t, exitOK, code, stderr)
	var r replayed
	require.NoError(t, json.Unmarshal([]byte(stdout), &r))
	require.True(t, r.Same)
	require.EqualValues(t, 100, r.Outputs)
	require.Len(t, r.State, 64)
	code, stdout, _ = gofino(t, "replay", l2P4, rec)
	require.Equal(t, exitOK, code)
	require.Contains(t, stdout, "outputs 100\nstate   "+r.State+"\n")

	prog, _ := p4.Compile(l2P4, p4.Options{})
	sw, err := model.RestoreFile(state, []model.Placement{{Program: prog}}, model.Config{})
	require.NoError(t, err)
	for _, p := range sw.Stats().Ports {
		if p.Port == 2 {
			require.EqualValues(t, 200, p.TxPackets)
		}
	}

	code, _, stderr = gofino(t, "run", l3P4, "--restore", state, "--port", "1=null")
	require.Equal(t, exitFailed, code)
	require.Contains(t, stderr, `it ran program "l2" (`)
	code, _, stderr = gofino(t, "run", l2P4, "--pipes", "2", "--restore", state, "--port", "1=null")
	require.Equal(t, exitFailed, code)
	require.Contains(t, stderr, "pipes: saved as 4, not 2")
	code, _, stderr = gofino(t, "replay", l2P4, state)
	require.Equal(t, exitFailed, code)
	require.Contains(t, stderr, "this is no recording")

	half, err := os.ReadFile(rec)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(rec, half[:len(half)-10], 0o644))
	code, stdout, stderr = gofino(t, "replay", l2P4, rec)
	require.Equal(t, exitFailed, code)
	require.Contains(t, stderr, "the recording has no end")
	require.Contains(t, stdout, "outputs 100\n")
}
