package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Vectors move time, and reach every field of every table: a one-shot timer of
// pipe 1, 1000 ns after it was enabled at 500 ns; 26 bytes with header and FCS.
func TestVectorsOfThePacketGenerator(t *testing.T) {
	const vector = `
set pktgen.pkt_buffer pkt_buffer_offset:16 pkt_buffer_size:4 buffer:0xdeadbeef
check pktgen.pkt_buffer pkt_buffer_offset:16 pkt_buffer_size:4 buffer:222,173,190,239
set pktgen.port_cfg dev_port:196 pktgen_enable:true
time 500
set pktgen.app_cfg pipe:1 app_id:2 action:trigger_timer_one_shot timer_nanosec:1000 pkt_len:4 pkt_buffer_offset:16 packets_per_batch_cfg:1 pipe_local_source_port:5 app_enable:true
time 999
no_packet
time 100
expect 9 0085 0000000005dc 0a0000000000 deadbeef$
expect 9 0085 0000000005de 0a0000000001 deadbeef$
check pktgen.app_cfg app_id:2 action:trigger_timer_one_shot trigger_counter:1 pkt_counter:2 app_enable:true
check pktgen.app_cfg pipe:0 app_id:2 pkt_counter:0
port 130 down
`
	file := filepath.Join(t.TempDir(), "v.stf")
	require.NoError(t, os.WriteFile(file, []byte(vector), 0o644))
	code, out, errs := gofino(t, "test", "../../model/testdata/pktgen.p4", file)
	require.Equal(t, 0, code, "%s%s", out, errs)

	for text, want := range map[string]string{
		"time 1 2":                                        "want: time NANOSECONDS",
		"set pktgen.app_cfg app_id:1 nothing:2":           `no key or field "nothing" (app_id, app_enable`,
		"set pktgen.app_cfg app_id:1 app_enable:yes":      `field app_enable: "yes" is neither true nor false`,
		"set pktgen.app_cfg app_id:9 pkt_len:1":           "(applications: 0..7)",
		"check pktgen.app_cfg app_id:1 app_enable:true":   "expected app_enable = true, got false",
		"set pktgen.port_cfg dev_port:196 pipe:x":         `pipe "x" is not a pipe's number`,
		"check pktgen.app_cfg app_id:1 trigger_counter:1": "expected trigger_counter = 1, got 0",
	} {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
		code, out, _ := gofino(t, "test", "../../model/testdata/pktgen.p4", file)
		require.Equal(t, 1, code, text)
		require.Contains(t, out, want)
	}
}
