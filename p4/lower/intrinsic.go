package lower

import "gofino/pipeline/ir"

// Names of the intrinsic metadata types (tna-semantics.md, 2.1-2.5).
const (
	igIntr     = "ingress_intrinsic_metadata_t"
	igFromPrsr = "ingress_intrinsic_metadata_from_parser_t"
	igForDprsr = "ingress_intrinsic_metadata_for_deparser_t"
	igForTM    = "ingress_intrinsic_metadata_for_tm_t"
	egIntr     = "egress_intrinsic_metadata_t"
	egFromPrsr = "egress_intrinsic_metadata_from_parser_t"
	egForDprsr = "egress_intrinsic_metadata_for_deparser_t"
	egForOport = "egress_intrinsic_metadata_for_output_port_t"
	ghIntr     = "ghost_intrinsic_metadata_t"
)

var intrinsicTypes = map[string]bool{
	igIntr: true, igFromPrsr: true, igForDprsr: true, igForTM: true,
	egIntr: true, egFromPrsr: true, egForDprsr: true, egForOport: true,
}

// hasValidBit: fields with a hidden validity, false at the start of the gress
// (tna-semantics.md, section 3).
func hasValidBit(structName, field string) bool {
	switch structName {
	case igForTM:
		return field == "ucast_egress_port" || field == "mcast_grp_a" || field == "mcast_grp_b"
	case igForDprsr:
		return field == "digest_type" || field == "resubmit_type" || overridesSession(field)
	case egForDprsr:
		return field == "mirror_type" || overridesSession(field)
	}
	return false
}

// overridesSession: a mirror session's parameter gives way to such a field where
// the packet was given one (section 11). That the chip knows by a valid bit, as
// for the others, is a choice of ours.
func overridesSession(field string) bool {
	switch field {
	case "mirror_hash", "mirror_ingress_cos", "mirror_deflect_on_drop", "mirror_egress_port", "mirror_qid":
		return true
	}
	return false
}

type intrinsicField struct {
	field string
	id    ir.Intrinsic
	valid ir.Intrinsic // of the hidden validity; 0 for none
}

var fromParserFields = []intrinsicField{
	{"global_tstamp", ir.GlobalTstamp, 0}, {"global_ver", ir.GlobalVer, 0}, {"parser_err", ir.ParserErr, 0},
}

var mirrorFields = []intrinsicField{
	{"mirror_io_select", ir.MirrorIOSelect, 0}, {"mirror_hash", ir.MirrorHash, ir.MirrorHashValid},
	{"mirror_ingress_cos", ir.MirrorIngressCos, ir.MirrorIngressCosValid},
	{"mirror_deflect_on_drop", ir.MirrorDeflectOnDrop, ir.MirrorDeflectOnDropValid},
	{"mirror_multicast_ctrl", ir.MirrorMulticastCtrl, 0}, {"mirror_egress_port", ir.MirrorEgressPort, ir.MirrorEgressPortValid},
	{"mirror_qid", ir.MirrorQID, ir.MirrorQIDValid}, {"mirror_coalesce_length", ir.MirrorCoalesceLength, 0},
	{"adv_flow_ctl", ir.AdvFlowCtl, 0}, {"mtu_trunc_len", ir.MTUTruncLen, 0}, {"mtu_trunc_err_f", ir.MTUTruncErr, 0},
}

var intrinsicFields = map[string][]intrinsicField{
	igFromPrsr: fromParserFields,
	egFromPrsr: fromParserFields,
	igForTM: {
		{"ucast_egress_port", ir.UcastEgressPort, ir.UcastValid}, {"bypass_egress", ir.BypassEgress, 0},
		{"deflect_on_drop", ir.DeflectOnDrop, 0}, {"ingress_cos", ir.IngressCos, 0}, {"qid", ir.QID, 0},
		{"icos_for_copy_to_cpu", ir.IcosForCopyToCPU, 0}, {"copy_to_cpu", ir.CopyToCPU, 0},
		{"packet_color", ir.PacketColor, 0}, {"disable_ucast_cutthru", ir.DisableUcastCutthru, 0},
		{"enable_mcast_cutthru", ir.EnableMcastCutthru, 0}, {"mcast_grp_a", ir.McastGrpA, ir.McastGrpAValid},
		{"mcast_grp_b", ir.McastGrpB, ir.McastGrpBValid}, {"level1_mcast_hash", ir.Level1McastHash, 0},
		{"level2_mcast_hash", ir.Level2McastHash, 0}, {"level1_exclusion_id", ir.Level1ExclusionID, 0},
		{"level2_exclusion_id", ir.Level2ExclusionID, 0}, {"rid", ir.RID, 0},
	},
	igForDprsr: append([]intrinsicField{
		{"drop_ctl", ir.DropCtl, 0}, {"digest_type", ir.DigestType, ir.DigestTypeValid},
		{"resubmit_type", ir.ResubmitType, ir.ResubmitTypeValid}, {"mirror_type", ir.MirrorType, 0},
		{"pktgen", ir.Pktgen, 0}, {"pktgen_address", ir.PktgenAddress, 0}, {"pktgen_length", ir.PktgenLength, 0},
	}, mirrorFields...),
	egForDprsr: append([]intrinsicField{
		{"drop_ctl", ir.DropCtl, 0}, {"mirror_type", ir.MirrorType, ir.MirrorTypeValid},
		{"coalesce_flush", ir.CoalesceFlush, 0}, {"coalesce_length", ir.CoalesceLength, 0},
	}, mirrorFields...),
	egForOport: {
		{"capture_tstamp_on_tx", ir.CaptureTstampOnTx, 0}, {"update_delay_on_tx", ir.UpdateDelayOnTx, 0},
		{"force_tx_error", ir.ForceTxError, 0},
	},
}

// publish tells where the chip finds the fields of an intrinsic struct.
func (g *gress) publish(structName string, p *place) {
	for _, x := range intrinsicFields[structName] {
		for i, m := range members(p.t) {
			if m.name != x.field {
				continue
			}
			g.out.Intr[x.id] = p.kids[i].loc
			if x.valid != 0 {
				g.out.Intr[x.valid] = p.kids[i].vbit
			}
		}
	}
}
