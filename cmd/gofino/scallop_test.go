//go:build external

package main

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"gofino/p4"
	"gofino/pipeline/ir"
	"gofino/sfu"
)

// TestScallopProgram runs Scallop's own P4 program, unmodified, over an
// AF_PACKET port with the table entries of its control plane for a meeting of
// A, B and C behind one port. The program is not ours and not here: SCALLOP
// names the folder of scallop_tofino.p4.
//
//	SCALLOP=.../hardware/tofino/data_plane go test -tags external -run Scallop ./cmd/gofino
//
// What must be seen is what the program says, with its faults: it overwrites
// rid and exclusion ids after its tables have set them, so the sender gets a
// copy too (which no route rewrites: it goes to the SFU's own address), and
// layer suppression holds nothing back.
func TestScallopProgram(t *testing.T) {
	dir := os.Getenv("SCALLOP")
	require.NotEmpty(t, dir, "set SCALLOP to the folder of scallop_tofino.p4")
	prog, diags := p4.Compile(filepath.Join(dir, "scallop_tofino.p4"), p4.Options{IncludeDirs: []string{dir}, Target: ir.Tofino})
	require.NotNil(t, prog, diags)
	l := newLab(t, prog, 44)
	require.NoError(t, l.setup(t.Context(), "testdata/scallop.stf"))
	a, to := netip.MustParseAddrPort("10.0.211.2:1111"), netip.MustParseAddrPort("10.0.211.111:3000")
	for _, template := range []byte{1, 4} {
		got := l.exchange(t, sfu.Datagram{
			SrcMAC: sfu.MAC{2, 0, 0, 0, 0, 1}, DstMAC: sfu.MAC{2, 2, 2, 2, 2, 2}, Src: a, Dst: to,
			Payload: packet(t, 42, 110, template),
		})
		require.Equal(t, []string{
			"10.0.211.111:3000<-10.0.211.111:3000 same=true",
			"10.0.211.2:2222<-10.0.211.111:3000 same=true",
			"10.0.211.2:3333<-10.0.211.111:3000 same=true",
		}, got, "template %d", template)
	}
}
