package lower

import (
	"fmt"

	"gofino/p4/syntax"
	"gofino/p4/types"
	"gofino/pipeline/ir"
)

// Options say how to lower.
type Options struct {
	Target ir.Target
	// Strict makes the chip's limits errors; otherwise they are warnings.
	Strict bool
	// Name of the program.
	Name string
}

// Lower turns a checked program into ir. The program is nil when there are
// errors.
func Lower(info *types.Info, opt Options) (*ir.Program, []syntax.Diagnostic) {
	if opt.Target == 0 {
		opt.Target = ir.Tofino
	}
	force := map[string]bool{}
	for {
		l := &lowerer{info: info, target: opt.Target, force: force, again: map[string]bool{}, methods: methodTable(),
			searches: map[*ir.Pipeline]map[int]bool{}, copies: map[syntax.Decl]int{}, snapshotIDs: map[string]uint32{}}
		l.strict = opt.Strict
		prog := l.program(opt)
		if len(l.again) == 0 || l.errors > 0 {
			if l.errors == 0 {
				l.limits(prog)
			}
			if l.errors > 0 {
				prog = nil
			}
			return prog, l.diags
		}
		// Instances that are applied with different arguments and hold tables
		// keep their parameters in one place: once more, with copies.
		for name := range l.again {
			force[name] = true
		}
	}
}

// lowerer lowers one program.
type lowerer struct {
	report
	info    *types.Info
	target  ir.Target
	force   map[string]bool // instances whose parameters are always copied
	again   map[string]bool // instances found to need that
	methods map[string]func(*gress, *method) *value
	copies  map[syntax.Decl]int // of blocks with constructor parameters
	// searches has the register actions with min or max, by index.
	searches    map[*ir.Pipeline]map[int]bool
	snapshotIDs map[string]uint32 // of fields, by name
}

// pipeline lowers one Pipeline(...) instance.
type pipeline struct {
	*lowerer
	pl         *ir.Pipeline
	globals    map[types.Object]*instance
	spots      map[spotKey]*instance
	regActions map[*instance]int              // how many a register has
	direct     []*instance                    // direct counters, meters and filters used before their table
	hashCalls  map[*instance]*syntax.CallExpr // the first get of each hash
}

func (l *lowerer) newPipeline(name string) *pipeline {
	return &pipeline{lowerer: l, pl: &ir.Pipeline{Name: name}, globals: map[types.Object]*instance{},
		spots: map[spotKey]*instance{}, regActions: map[*instance]int{}, hashCalls: map[*instance]*syntax.CallExpr{}}
}

// gressFrames: top is the frame of declarations at the outermost level.
func (p *pipeline) newGress(d ir.Dir) *gress {
	g := &gress{pipeline: p, dir: d, out: &ir.Gress{Dir: d, Parser: &ir.Parser{}}, intrinsics: map[string]*place{}}
	g.top = newFrame(nil)
	g.top.actions = map[*syntax.ActionDecl]int{}
	return g
}

// program evaluates main.
func (l *lowerer) program(opt Options) *ir.Program {
	prog := &ir.Program{Name: opt.Name, Target: opt.Target}
	main := l.info.Main
	if main == nil || main.Decl == nil {
		l.errorf(l.info.File.Pos(), "program has no main instance")
		return prog
	}
	at := main.Decl.Pos()
	pack := typeName(main.Type)
	if pack != "Switch" && pack != "MultiParserSwitch" {
		l.errorf(at, "architecture package %s is not supported (packages: Switch of TNA and T2NA, MultiParserSwitch of TNA)", pack)
		return prog
	}
	c := l.info.Constructions[main.Decl]
	if c == nil {
		return prog
	}
	type pipe struct {
		name string
		call *types.Call
		at   syntax.Pos
	}
	var order []*pipe
	seen := map[any]int{}
	for _, a := range c.Args {
		if a == nil {
			continue
		}
		name, call, key, pos := l.pipelineArg(a)
		if call == nil {
			l.errorf(a.Pos(), "this argument of Switch is not a Pipeline")
			return prog
		}
		i, ok := seen[key]
		if !ok {
			i = len(order)
			seen[key] = i
			order = append(order, &pipe{name, call, pos})
		}
		prog.Scope = append(prog.Scope, i)
	}
	if len(order) == 0 {
		l.errorf(at, "Switch has no Pipeline")
		return prog
	}
	if len(prog.Scope) < 2 {
		prog.Scope = nil
	}
	unnamed := 0
	for _, p := range order {
		if p.name == "" {
			unnamed++
		}
	}
	for i, p := range order {
		if p.name == "" {
			p.name = "pipe"
			if unnamed > 1 {
				p.name = fmt.Sprintf("pipe%d", i) // as Switch calls its parameters
			}
		}
		prog.Pipelines = append(prog.Pipelines, l.pipe(p.name, p.call, p.at))
	}
	return prog
}

// pipelineArg resolves an argument of Switch: the name of an instance, or a
// constructor call.
func (l *lowerer) pipelineArg(a syntax.Expr) (name string, c *types.Call, key any, at syntax.Pos) {
	switch e := unparen(a).(type) {
	case *syntax.NameExpr:
		if o, ok := l.info.Uses[e.Name].(*types.Inst); ok && o.Decl != nil {
			name := e.Name.Value
			if s := annotText(annotation(o.Decl.Annotations, "name")); s != "" {
				name = s
			}
			return name, l.info.Constructions[o.Decl], o, o.Decl.Pos()
		}
	case *syntax.CallExpr:
		return "", l.info.Calls[e], e, e.Pos()
	}
	return "", nil, nil, a.Pos()
}

// blockNames are the parameters of package Pipeline.
var blockNames = [...]string{"ingress parser", "ingress", "ingress deparser", "egress parser", "egress", "egress deparser"}

func (l *lowerer) pipe(name string, c *types.Call, at syntax.Pos) *ir.Pipeline {
	p := l.newPipeline(name)
	p.pl.Pos = irPos(at)
	in, eg := p.newGress(ir.Ingress), p.newGress(ir.Egress)
	p.pl.Ingress, p.pl.Egress = in.out, eg.out
	r := typeName(c.Result)
	multi := r == "MultiParserPipeline"
	if r != "" && r != "Pipeline" && !multi {
		l.unsupported(at, "package "+r)
		return p.pl
	}
	var parsers [2]*parserSet
	var blocks [6]*instance
	for i := range blocks {
		g := in
		if i >= 3 {
			g = eg
		}
		if a := argument(c, i); a != nil {
			if i%3 == 0 {
				if parsers[i/3] = g.parserSetArg(a, multi); parsers[i/3] != nil {
					blocks[i] = parsers[i/3].parsers[0]
				}
			} else {
				blocks[i] = g.blockInstance(a)
			}
		}
		if blocks[i] == nil || blocks[i].frame == nil {
			l.errorf(at, "pipeline %s: the %s is not an instance of a parser or control", name, blockNames[i])
			return p.pl
		}
	}
	if a := argument(c, 6); a != nil {
		l.unsupported(a.Pos(), "the ghost control")
	}
	in.lower(parsers[0], blocks[1], blocks[2])
	eg.lower(parsers[1], blocks[4], blocks[5])
	eg.checkDirect()
	return p.pl
}

// lower turns the three blocks of a gress into ir.
func (g *gress) lower(parsers *parserSet, control, deparser *instance) {
	parser := parsers.parsers[0]
	ok := true
	for _, p := range parsers.parsers {
		_, is := p.decl.(*syntax.ParserDecl)
		ok = ok && is
	}
	cd, ok1 := control.decl.(*syntax.ControlDecl)
	dd, ok2 := deparser.decl.(*syntax.ControlDecl)
	if !ok || !ok1 || !ok2 {
		g.errorf(parser.at, "%s pipeline needs a parser, a control and a deparser", g.dir)
		return
	}
	g.blockParams(parsers.parsers, control, cd.Params, deparser, dd.Params)
	g.dataBytes = g.actionDataBytes()
	g.dataOff = g.used
	g.used += g.dataBytes

	if g.dir == ir.Ingress {
		area, _ := portMetadataBits(g.target)
		g.pl.PortMetadata = &ir.PortMetadata{Name: parser.frame.path + "$PORT_METADATA", Key: g.portKey(parser), Bytes: area / 8}
	}
	g.block = inParser
	g.lowerParsers(parsers)
	g.block = inControl
	g.bodyState = bodyState{}
	g.at = cd.Body.Pos()
	g.out.Control = g.capture(func() { g.controlBody(control.frame, cd) })
	g.snapshot(control, cd.Params)
	g.block = inDeparser
	g.at = dd.Body.Pos()
	g.out.Deparser = g.capture(func() { g.controlBody(deparser.frame, dd) })
	g.out.Bytes = g.used
}

// portKey is what the control plane calls the port in the port metadata table:
// after the parser's parameter that has it.
func (g *gress) portKey(parser *instance) string {
	for _, p := range parser.decl.(*syntax.ParserDecl).Params {
		if obj := g.info.Defs[p.Name]; obj != nil && typeName(parser.frame.typeOf(obj.ObjType())) == "ingress_intrinsic_metadata_t" {
			return p.Name.Value + ".ingress_port"
		}
	}
	return ""
}

// blockInstance makes the instance of a block. Its control-plane name is its
// type's, however the instance is called.
func (g *gress) blockInstance(a syntax.Expr) *instance {
	var c *types.Call
	var t types.Type
	switch e := unparen(a).(type) {
	case *syntax.NameExpr:
		if o, ok := g.info.Uses[e.Name].(*types.Inst); ok && o.Decl != nil {
			c, t = g.info.Constructions[o.Decl], o.Type
		}
	case *syntax.CallExpr:
		if c = g.info.Calls[e]; c != nil {
			t = c.Result
		}
	}
	p, ok := under(t).(*types.Proto)
	if !ok || p.Decl == nil {
		return nil
	}
	name := p.Name
	if len(p.Ctor) > 0 {
		// The chip's compiler makes a copy of a block for each set of
		// constructor arguments, and numbers the copies.
		name = fmt.Sprintf("%s_%d", name, g.copies[p.Decl])
		g.copies[p.Decl]++
	}
	g.root = true
	return g.construct(g.top, c, t, name, a.Pos(), p.Decl.Annots(), nil)
}

// blockParams gives the parameters of the three blocks their storage. Headers
// and metadata are the first two after the packet; all blocks of a gress share
// them, and every intrinsic struct, so nothing is copied between blocks.
func (g *gress) blockParams(parsers []*instance, control *instance, cp []*syntax.Param, deparser *instance, dp []*syntax.Param) {
	hdr := g.shared(control, cp, 0)
	md := g.shared(control, cp, 1)
	give := func(inst *instance, params []*syntax.Param, skip int) {
		for i, p := range params {
			obj := g.info.Defs[p.Name]
			if obj == nil {
				continue
			}
			t := inst.frame.typeOf(obj.ObjType())
			var b any
			switch {
			case i < skip:
				b = &instance{local: p.Name.Value, name: p.Name.Value, at: p.Name.Pos(), t: t, id: -1, id2: -1, unit: -1}
			case i == skip:
				b = hdr
			case i == skip+1:
				b = md
			default:
				b = g.intrinsic(t, p)
			}
			inst.frame.objs[obj] = b
		}
	}
	give(control, cp, 0)
	for _, p := range parsers {
		give(p, p.decl.(*syntax.ParserDecl).Params, 1)
	}
	give(deparser, dp, 1)
}

func (g *gress) shared(control *instance, cp []*syntax.Param, i int) *place {
	if i >= len(cp) {
		g.errorf(control.at, "control %s needs headers and metadata as its first parameters", control.local)
		return g.temp(&types.Bits{Width: 1})
	}
	obj := g.info.Defs[cp[i].Name]
	if obj == nil {
		return g.temp(&types.Bits{Width: 1})
	}
	t := control.frame.typeOf(obj.ObjType())
	return g.alloc(t, cp[i].Name.Value, naming{at: cp[i].Name.Pos()})
}

// intrinsic is the gress's storage of an intrinsic struct.
func (g *gress) intrinsic(t types.Type, p *syntax.Param) *place {
	name := typeName(t)
	if name == ghIntr {
		g.unsupported(p.Pos(), "ghost metadata")
	}
	if pl, ok := g.intrinsics[name]; ok {
		return pl
	}
	pl := g.alloc(t, p.Name.Value, naming{at: p.Name.Pos()})
	g.intrinsics[name] = pl
	g.publish(name, pl)
	return pl
}
