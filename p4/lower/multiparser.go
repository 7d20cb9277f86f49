package lower

import (
	"math/big"

	"gofino/p4/syntax"
	"gofino/p4/types"
	"gofino/pipeline/ir"
)

// A pipe has a parser per four ports; programs for MultiParserSwitch give them
// different programs (tna-semantics.md, section 1). Here one parser does the
// work of all: its first state looks at the port in the intrinsic metadata and
// goes to the start state of that port's parser.

// parsersPerPipe is how many parsers a gress of Tofino has (chip.md, section 1).
const parsersPerPipe = 18

// portState is the state that looks at the port.
const portState = "$port"

// The port begins 7 bits into the intrinsic metadata of both gresses
// (tna-semantics.md, 2.1 and 2.5): 2 bits of pipe, 5 of the parser, 2 of the
// channel.
const (
	parserBitOff = 7 + 2
	parserBits   = 5
)

// parserSet is what parses the packets of a gress.
type parserSet struct {
	parsers []*instance // different ones
	of      []int       // by number of the parser: index into parsers; nil for a single one
}

// parserSetArg resolves a block of parsers: a parser, or IngressParsers(...)
// and EgressParsers(...).
func (g *gress) parserSetArg(a syntax.Expr, multi bool) *parserSet {
	if !multi {
		if inst := g.blockInstance(a); inst != nil && inst.frame != nil {
			return &parserSet{parsers: []*instance{inst}}
		}
		return nil
	}
	_, c, _, at := g.pipelineArg(a)
	if c == nil {
		return nil
	}
	s := &parserSet{}
	made := map[syntax.Decl]int{}
	for i := range parsersPerPipe {
		x := argument(c, i)
		if x == nil {
			s.of = append(s.of, 0) // those left out are as the first
			continue
		}
		k, ok := made[g.blockDecl(x)]
		if !ok {
			inst := g.blockInstance(x)
			if inst == nil || inst.frame == nil {
				g.errorf(at, "parser %d of %s is not an instance of a parser", i, typeName(c.Result))
				return nil
			}
			k = len(s.parsers)
			s.parsers = append(s.parsers, inst)
			if len(inst.args) == 0 {
				made[g.blockDecl(x)] = k
			}
		}
		s.of = append(s.of, k)
	}
	if len(s.parsers) == 1 {
		s.of = nil
	}
	return s
}

// blockDecl is the declaration of a block that an argument names, or nil.
func (g *gress) blockDecl(a syntax.Expr) syntax.Decl {
	var t types.Type
	switch e := unparen(a).(type) {
	case *syntax.NameExpr:
		if o, ok := g.info.Uses[e.Name].(*types.Inst); ok {
			t = o.Type
		}
	case *syntax.CallExpr:
		if c := g.info.Calls[e]; c != nil {
			t = c.Result
		}
	}
	if p, ok := under(t).(*types.Proto); ok {
		return p.Decl
	}
	return nil
}

// lowerParsers lowers the parsers of a gress into one.
func (g *gress) lowerParsers(s *parserSet) {
	first := s.parsers[0].decl.(*syntax.ParserDecl)
	if s.of == nil {
		g.lowerParser(s.parsers[0], first.Name.Value)
		return
	}
	b := &parserBuilder{g: g, out: g.out.Parser, memo: map[stateKey]int{}, names: map[string]int{}, writes: map[int]bool{}}
	b.out.Name, b.out.Pos = first.Name.Value, irPos(first.Name.Pos())
	g.parser = b
	g.at = first.Name.Pos()
	root := b.newState(portState, first.Name.Pos())
	number := g.tempBits(parserBits)
	st := b.out.States[root]
	st.Body = []ir.Stmt{&ir.Lookahead{S: g.s(), Dst: number.loc, Off: parserBitOff}}
	st.Keys = []ir.Expr{load(number.loc)}
	starts := make([]int, len(s.parsers))
	for i, p := range s.parsers {
		starts[i] = b.start(p)
		if starts[i] < 0 {
			return
		}
	}
	for n, k := range s.of {
		st.Cases = append(st.Cases, &ir.Case{Pos: st.Pos, ValueSet: -1, Next: starts[k],
			Match: []ir.Match{{Value: big.NewInt(int64(n)), Mask: allOnes(parserBits)}}})
	}
	// Numbers that the chip does not have come from tests only.
	st.Cases = append(st.Cases, &ir.Case{Pos: st.Pos, ValueSet: -1, Next: starts[0], Match: []ir.Match{{}}})
	b.out.Checksums = b.units
	g.parser = nil
}

// start lowers one of several parsers and returns its first state.
func (b *parserBuilder) start(inst *instance) int {
	g := b.g
	d := inst.decl.(*syntax.ParserDecl)
	act := &parserAct{f: inst.frame, d: d, prefix: d.Name.Value + ".", accept: func() int { return ir.Accept }}
	start := findState(d, "start")
	if start == nil {
		g.errorf(d.Name.Pos(), "parser %s has no start state", d.Name.Value)
		return -1
	}
	b.writes, b.egressMeta, b.looped = map[int]bool{}, false, true
	init := g.capture(func() { b.locals(act, true) })
	first := -1
	if len(init) > 0 {
		first = b.newState(act.prefix+"$init", d.Name.Pos())
		b.out.States[first].Body = init
	}
	at := b.state(act, start)
	if first >= 0 {
		b.out.States[first].Next = at
	} else {
		first = at
	}
	for len(b.queue) > 0 {
		next := b.queue[0]
		b.queue = b.queue[1:]
		next()
	}
	if g.dir == ir.Egress && !b.egressMeta {
		skip := b.newState(act.prefix+"$skip", d.Name.Pos())
		st := b.out.States[skip]
		st.Body = []ir.Stmt{&ir.Advance{S: ir.S{P: st.Pos}, Bits: constInt(32, int64(egressMetaBytes(g.target))*8)}}
		st.Next = first
		first = skip
	}
	return first
}
