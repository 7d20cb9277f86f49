package arch_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gofino/p4/arch"
	"gofino/p4/syntax"
	"gofino/p4/types"
)

func check(t *testing.T, name, src string, defines ...string) *types.Info {
	f, ds := syntax.ParseSource(name, []byte(src), syntax.Config{Builtin: arch.Builtin, Defines: defines})
	require.Empty(t, ds)
	info, ds := types.Check(f, types.Config{})
	require.Empty(t, ds)
	return info
}

// layout is a header as "name:width@offset", offsets in bits from the first
// bit on the wire, padding left out.
func layout(t *testing.T, info *types.Info, name string) string {
	for n, o := range info.Defs {
		s, ok := o.ObjType().(*types.Struct)
		if !ok || n.Value != name || s.Name != name {
			continue
		}
		var out []string
		at := 0
		for _, f := range s.Fields {
			b, ok := f.Type.(*types.Bits)
			require.True(t, ok, "%s.%s is %s", name, f.Name, f.Type)
			if !strings.HasPrefix(f.Name, "_pad") {
				out = append(out, fmt.Sprintf("%s:%d@%d", f.Name, b.Width, at))
			}
			at += b.Width
		}
		return strings.Join(append(out, fmt.Sprint(at)), " ")
	}
	t.Fatalf("no header or struct %s", name)
	return ""
}

const (
	ingressHeader = "resubmit_flag:1@0 packet_version:2@2 ingress_port:9@7 ingress_mac_tstamp:48@16 64"
	forTM         = "ucast_egress_port:9@0 bypass_egress:1@9 deflect_on_drop:1@10 ingress_cos:3@11 qid:%d@14"
	egressTail    = " app_pool_congest_stat:8@112 deq_timedelta:%s egress_rid:16@152 egress_rid_first:1@175 egress_qid:%s egress_cos:3@189 deflection_flag:1@199 pkt_length:16@200 %d"
	mirrorFields  = "mirror_io_select:1@%d mirror_hash:13@%d mirror_ingress_cos:3@%d mirror_deflect_on_drop:1@%d mirror_multicast_ctrl:1@%d mirror_egress_port:9@%d mirror_qid:7@%d mirror_coalesce_length:8@%d adv_flow_ctl:32@%d mtu_trunc_len:14@%d mtu_trunc_err_f:1@%d"
)

// TestLayouts holds the headers to tofino/tna-semantics.md, section 2.
func TestLayouts(t *testing.T) {
	egressHead := "egress_port:9@7 enq_qdepth:19@21 enq_congest_stat:2@46 enq_tstamp:%s deq_qdepth:19@85 deq_congest_stat:2@110"
	egress := func(tstamp, delta, qid string, bits int) string {
		return fmt.Sprintf(egressHead+egressTail, tstamp, delta, qid, bits)
	}
	mirror := func(at int) string {
		var args []any
		for _, w := range []int{1, 13, 3, 1, 1, 9, 7, 8, 32, 14, 1} {
			args = append(args, at)
			at += w
		}
		return fmt.Sprintf(mirrorFields, args...)
	}
	for _, c := range []struct {
		file, target, header, want string
	}{
		{"tna.p4", "1", "ingress_intrinsic_metadata_t", ingressHeader},
		{"t2na.p4", "2", "ingress_intrinsic_metadata_t", ingressHeader},
		{"tna.p4", "1", "egress_intrinsic_metadata_t", egress("18@62", "18@134", "5@179", 27*8)},
		{"tna.p4", "2", "egress_intrinsic_metadata_t", egress("18@62", "18@134", "7@177", 28*8)},
		{"t2na.p4", "2", "egress_intrinsic_metadata_t", egress("32@48", "32@120", "7@177", 28*8)},
		{"tna.p4", "1", "ingress_intrinsic_metadata_for_deparser_t", "drop_ctl:3@0 digest_type:3@3 resubmit_type:3@6 mirror_type:3@9 12"},
		{"t2na.p4", "2", "ingress_intrinsic_metadata_for_deparser_t", "drop_ctl:3@0 digest_type:3@3 resubmit_type:3@6 mirror_type:4@9 " + mirror(13) + " pktgen:1@103 pktgen_address:14@104 pktgen_length:10@118 128"},
		{"tna.p4", "1", "egress_intrinsic_metadata_for_deparser_t", "drop_ctl:3@0 mirror_type:3@3 coalesce_flush:1@6 coalesce_length:7@7 14"},
		{"t2na.p4", "2", "egress_intrinsic_metadata_for_deparser_t", "drop_ctl:3@0 mirror_type:4@3 coalesce_flush:1@7 coalesce_length:7@8 " + mirror(15) + " 105"},
		{"tna.p4", "1", "egress_intrinsic_metadata_for_output_port_t", "capture_tstamp_on_tx:1@0 update_delay_on_tx:1@1 2"},
		{"t2na.p4", "2", "ingress_intrinsic_metadata_from_parser_t", "global_tstamp:48@0 global_ver:32@48 parser_err:16@80 96"},
		{"t2na.p4", "2", "ghost_intrinsic_metadata_t", "ping_pong:1@0 qlength:18@1 qid:11@19 pipe_id:2@30 32"},
		{"tna.p4", "1", "pktgen_timer_header_t", "pipe_id:2@3 app_id:3@5 batch_id:16@16 packet_id:16@32 48"},
		{"tna.p4", "1", "pktgen_port_down_header_t", "pipe_id:2@3 app_id:3@5 port_num:9@23 packet_id:16@32 48"},
		{"tna.p4", "1", "pktgen_recirc_header_t", "pipe_id:2@3 app_id:3@5 key:24@8 packet_id:16@32 48"},
		{"t2na.p4", "2", "pktgen_deparser_header_t", "pipe_id:2@2 app_id:4@4 batch_id:16@16 packet_id:16@32 48"},
		{"t2na.p4", "2", "pktgen_pfc_header_t", "pipe_id:2@2 app_id:4@4 48"},
		{"tna.p4", "1", "ptp_metadata_t", "udp_cksum_byte_offset:8@0 cf_byte_offset:8@8 updated_cf:48@16 64"},
	} {
		t.Run(c.file+c.target+"/"+c.header, func(t *testing.T) {
			info := check(t, "layout.p4", "#include <"+c.file+">\n", "__TARGET_TOFINO__="+c.target)
			require.Equal(t, c.want, layout(t, info, c.header))
		})
	}
	for target, want := range map[string]string{"1": fmt.Sprintf(forTM, 5), "2": fmt.Sprintf(forTM, 7)} {
		info := check(t, "tm.p4", "#include <tna.p4>\n", "__TARGET_TOFINO__="+target)
		require.Contains(t, layout(t, info, "ingress_intrinsic_metadata_for_tm_t"), want)
	}
}

// TestPrograms checks programs that use every extern, on each target that has
// them.
func TestPrograms(t *testing.T) {
	for _, c := range []struct {
		file    string
		targets []string
	}{
		{"tna_all.p4", []string{"", "__TARGET_TOFINO__=1", "__TARGET_TOFINO__=2"}},
		{"tna_multiparser.p4", []string{"", "__TARGET_TOFINO__=2"}},
		{"t2na_all.p4", []string{"", "__TARGET_TOFINO__=2"}},
	} {
		src, err := os.ReadFile(filepath.Join("testdata", c.file))
		require.NoError(t, err)
		for _, target := range c.targets {
			t.Run(c.file+target, func(t *testing.T) {
				var defines []string
				if target != "" {
					defines = append(defines, target)
				}
				info := check(t, c.file, string(src), defines...)
				require.NotNil(t, info.Main)
			})
		}
	}
}

func TestT2NANeedsTofino2(t *testing.T) {
	_, ds := syntax.ParseSource("x.p4", []byte("#include <t2na.p4>\n"), syntax.Config{Builtin: arch.Builtin, Defines: []string{"__TARGET_TOFINO__=1"}})
	require.NotEmpty(t, ds)
	require.Contains(t, ds[0].Text, "t2na.p4 needs the target tofino2")
}

func TestBuiltinKnowsOnlyItsFiles(t *testing.T) {
	for _, name := range []string{"core.p4", "tna.p4", "t2na.p4"} {
		_, ok := arch.Builtin(name)
		require.True(t, ok, name)
	}
	for _, name := range []string{"", "v1model.p4", "p4/core.p4", "../arch.go", "./core.p4", "..", "core"} {
		_, ok := arch.Builtin(name)
		require.False(t, ok, name)
	}
}
