package ir

import "fmt"

func (d *dumper) stmts(ss []Stmt) {
	for _, s := range ss {
		d.stmt(s)
	}
}

// stmt writes one statement. The switch is long because there is one case per
// kind of statement.
func (d *dumper) stmt(s Stmt) {
	switch s := s.(type) {
	case *Assign:
		d.line("%s = %s", d.loc(s.Dst), d.expr(s.X))
	case *Copy:
		d.line("copy %s <- %s (%d bits)", d.loc(s.Dst), d.loc(s.Src), s.Dst.Width)
	case *If:
		d.line("if %s", d.expr(s.Cond))
		d.in(func() { d.stmts(s.Then) })
		if len(s.Else) > 0 {
			d.line("else")
			d.in(func() { d.stmts(s.Else) })
		}
	case *Switch:
		d.line("switch %s", d.expr(s.Tag))
		for _, c := range s.Cases {
			d.line("case %v", c.Values)
			d.in(func() { d.stmts(c.Body) })
		}
		d.line("default")
		d.in(func() { d.stmts(s.Default) })
	case *Block:
		d.line("block %d", s.Label)
		d.in(func() { d.stmts(s.Body) })
	case *Break:
		d.line("break %d", s.Label)
	case *Exit:
		d.line("exit")
	case *SetValid:
		d.line("setValid %s", d.header(s.Header))
	case *SetInvalid:
		d.line("setInvalid %s", d.header(s.Header))
	case *Push:
		d.line("push %s %d", d.g.Stacks[s.Stack].Name, s.Count)
	case *Pop:
		d.line("pop %s %d", d.g.Stacks[s.Stack].Name, s.Count)
	case *Extract:
		d.line("extract %s", d.header(s.Header))
	case *ExtractVar:
		d.line("extract %s varbit %s", d.header(s.Header), d.expr(s.Bits))
	case *ExtractNext:
		d.line("extract %s.next", d.g.Stacks[s.Stack].Name)
	case *Advance:
		d.line("advance %s", d.expr(s.Bits))
	case *Lookahead:
		d.line("%s = lookahead +%d", d.loc(s.Dst), s.Off)
	case *CounterSet:
		d.line("%s", d.counterSet(s))
	case *CounterAdd:
		d.line("counter %s= %s", map[bool]string{true: "-", false: "+"}[s.Neg], d.expr(s.Delta))
	case *CounterPush:
		d.line("counter push update %v %s", s.Update, d.counterSet(s.Set))
	case *CounterPop:
		d.line("counter pop")
	case *ParserPriority:
		d.line("priority = %s", d.expr(s.Prio))
	case *ChecksumAdd:
		d.line("checksum %d %s= %s", s.Unit, map[bool]string{true: "-", false: "+"}[s.Sub], d.exprs(s.Data))
	case *ChecksumVerify:
		d.line("%s = checksum %d wrong", d.loc(s.Dst), s.Unit)
	case *ChecksumGet:
		d.line("%s = checksum %d", d.loc(s.Dst), s.Unit)
	case *ChecksumDeposit:
		d.line("%s = checksum %d deposit", d.loc(s.Dst), s.Unit)
	case *ChecksumUpdate:
		d.line("%s = checksum %s zeros_as_ones %s", d.loc(s.Dst), d.exprs(s.Data), d.expr(s.ZerosAsOnes))
	default:
		d.externStmt(s)
	}
}

func (d *dumper) counterSet(s *CounterSet) string {
	if !s.Field {
		return "counter = " + d.expr(s.X)
	}
	return fmt.Sprintf("counter = (%s max %d ror %d & %#x) + %d", d.expr(s.X), s.Max, s.Rotate, s.Mask, s.Add)
}

func (d *dumper) externStmt(s Stmt) {
	switch s := s.(type) {
	case *HashGet:
		d.line("%s = hash %s %s", d.loc(s.Dst), d.pl.Hashes[s.Hash].Name, d.exprs(s.Data))
	case *RandomGet:
		d.line("%s = random %s", d.loc(s.Dst), d.pl.Randoms[s.Random].Name)
	case *Count:
		d.line("count %s[%s] adjust %s", d.pl.Counters[s.Counter].Name, d.expr(s.Index), d.expr(s.Adjust))
	case *RegisterExec:
		index := d.expr(s.Index)
		if s.Log {
			index = "log"
		}
		d.line("%s = execute %s[%s]", d.loc(s.Dst), d.pl.RegActions[s.Action].Name, index)
	case *RegisterPredicate:
		d.line("%s = predicate %s %s", d.loc(s.Dst), d.expr(s.Lo), d.expr(s.Hi))
	case *RegisterRead:
		d.line("%s %s = register %s[%s]", d.loc(s.Lo), d.loc(s.Hi), d.pl.Registers[s.Register].Name, d.expr(s.Index))
	case *RegisterWrite:
		d.line("register %s[%s] = %s %s", d.pl.Registers[s.Register].Name, d.expr(s.Index), d.expr(s.Lo), d.expr(s.Hi))
	case *RegisterClear:
		d.line("clear register %s = %s %s", d.pl.Registers[s.Register].Name, d.expr(s.Lo), d.expr(s.Hi))
	case *MathExec:
		d.line("%s = math %s %s", d.loc(s.Dst), d.pl.MathUnits[s.Unit].Name, d.expr(s.X))
	case *Apply:
		d.line("apply %s hit %s action %s", d.pl.Tables[s.Table].Name, d.loc(s.Hit), d.loc(s.Action))
	case *Emit:
		d.line("emit %s", d.header(s.Header))
	case *MirrorEmit:
		d.line("mirror %s session %s %s", d.pl.Mirrors[s.Mirror].Name, d.expr(s.Session), d.exprs(s.Data))
	case *ResubmitEmit:
		d.line("resubmit %s %s", d.pl.Resubmits[s.Resubmit].Name, d.exprs(s.Data))
	case *PktgenEmit:
		d.line("pktgen %s", d.exprs(s.Data))
	case *DigestEmit:
		d.line("digest %s %s", d.pl.Digests[s.Digest].Name, d.exprs(s.Data))
	case *MeterExec:
		d.line("%s = meter %s at %s color %s adjust %s", d.loc(s.Dst), d.pl.Meters[s.Meter].Name, d.expr(s.Index), d.expr(s.Color), d.expr(s.Adjust))
	case *FilterExec:
		d.line("%s = filter %s at %s of %s", d.loc(s.Dst), d.pl.Filters[s.Filter].Name, d.expr(s.Index), d.expr(s.X))
	default:
		d.line("%T", s)
	}
}
