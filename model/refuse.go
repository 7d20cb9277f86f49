package model

import (
	"fmt"

	"gofino/pipeline/ir"
)

// notEmulated are intrinsic fields whose effect is not public, or not built
// here. A program that writes anything but 0 to them is refused.
var notEmulated = []struct {
	id   ir.Intrinsic
	name string
}{
	{ir.CoalesceFlush, "coalesce_flush"}, {ir.CoalesceLength, "coalesce_length"},
	{ir.MirrorHash, "mirror_hash"}, {ir.MirrorIngressCos, "mirror_ingress_cos"},
	{ir.MirrorDeflectOnDrop, "mirror_deflect_on_drop"}, {ir.MirrorMulticastCtrl, "mirror_multicast_ctrl"},
	{ir.MirrorEgressPort, "mirror_egress_port"}, {ir.MirrorQID, "mirror_qid"}, {ir.MirrorCoalesceLength, "mirror_coalesce_length"},
	{ir.AdvFlowCtl, "adv_flow_ctl"}, {ir.MTUTruncErr, "mtu_trunc_err_f"},
	{ir.UpdateDelayOnTx, "update_delay_on_tx"},
}

// refuse names the first thing in a pipeline that the chip around it would
// have to do and this model does not.
func refuse(pl *ir.Pipeline) error {
	for _, g := range []*ir.Gress{pl.Ingress, pl.Egress} {
		r := refuser{g: g}
		r.body(g.Control)
		r.body(g.Deparser)
		for _, s := range g.Parser.States {
			r.body(s.Body)
		}
		for _, a := range pl.Actions {
			if a.Dir == g.Dir {
				r.body(a.Body)
			}
		}
		if r.err != nil {
			return r.err
		}
	}
	return nil
}

type refuser struct {
	g   *ir.Gress
	err error
}

func (r *refuser) body(list []ir.Stmt) {
	for _, s := range list {
		switch s := s.(type) {
		case *ir.If:
			r.body(s.Then)
			r.body(s.Else)
		case *ir.Switch:
			for _, c := range s.Cases {
				r.body(c.Body)
			}
			r.body(s.Default)
		case *ir.Block:
			r.body(s.Body)
		case *ir.Assign:
			if c, ok := s.X.(*ir.Const); !ok || c.V.Sign() != 0 {
				r.writes(s.At(), s.Dst)
			}
		case *ir.Copy:
			r.writes(s.At(), s.Dst)
		case *ir.HashGet:
			r.writes(s.At(), s.Dst)
		case *ir.RandomGet:
			r.writes(s.At(), s.Dst)
		case *ir.RegisterExec:
			r.writes(s.At(), s.Dst)
		case *ir.MeterExec:
			r.writes(s.At(), s.Dst)
		case *ir.FilterExec:
			r.writes(s.At(), s.Dst)
		case *ir.RegisterRead:
			r.writes(s.At(), s.Lo)
			r.writes(s.At(), s.Hi)
		case *ir.MathExec:
			r.writes(s.At(), s.Dst)
		case *ir.Lookahead:
			r.writes(s.At(), s.Dst)
		}
	}
}

// writes refuses a write that touches one of the fields.
func (r *refuser) writes(pos ir.Pos, l ir.Loc) {
	for _, f := range notEmulated {
		at := r.g.Intr[f.id]
		if at.Width == 0 || l.Width == 0 || l.Bit+l.Width <= at.Bit || at.Bit+at.Width <= l.Bit {
			continue
		}
		if r.err == nil {
			r.err = fmt.Errorf("%s:%d:%d: error: %s of the %s is not emulated", pos.File, pos.Line, pos.Col, f.name, r.g.Dir)
		}
	}
}
