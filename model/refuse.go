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
	{ir.MirrorCoalesceLength, "mirror_coalesce_length"}, {ir.MTUTruncErr, "mtu_trunc_err_f"},
	{ir.UpdateDelayOnTx, "update_delay_on_tx"},
}

// refuse names the first thing in a pipeline that the chip around it would
// have to do and this model does not.
func refuse(pl *ir.Pipeline) error {
	for _, g := range []*ir.Gress{pl.Ingress, pl.Egress} {
		for _, f := range notEmulated {
			if pos, found := findWrite(pl, g, f.id); found {
				return fmt.Errorf("%s:%d:%d: error: %s of the %s is not emulated", pos.File, pos.Line, pos.Col, f.name, g.Dir)
			}
		}
	}
	return nil
}

// findWrite finds where a gress first writes anything but 0 to an intrinsic field.
func findWrite(pl *ir.Pipeline, g *ir.Gress, id ir.Intrinsic) (ir.Pos, bool) {
	r := writeFinder{at: g.Intr[id]}
	if r.at.Width == 0 {
		return r.pos, false
	}
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
	return r.pos, r.found
}

type writeFinder struct {
	at    ir.Loc
	pos   ir.Pos
	found bool
}

func (r *writeFinder) body(list []ir.Stmt) {
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

// writes notes the first write that touches the field.
func (r *writeFinder) writes(pos ir.Pos, l ir.Loc) {
	if r.found || l.Width == 0 || l.Bit+l.Width <= r.at.Bit || r.at.Bit+r.at.Width <= l.Bit {
		return
	}
	r.pos, r.found = pos, true
}
