package lower

import (
	"gofino/p4/syntax"
	"gofino/p4/types"
	"gofino/pipeline/ir"
)

// gress lowers one thread of a pipeline.
type gress struct {
	*pipeline
	dir   ir.Dir
	out   *ir.Gress
	top   *frame // of declarations at the outermost level
	used  int    // bytes of memory given out
	label int
	blk   []ir.Stmt // the block being written
	at    syntax.Pos
	block blockKind
	// exits are the copy-outs that an exit statement must still do,
	// outermost first.
	exits []func()
	// intrinsic structs by type name, shared by the gress's blocks.
	intrinsics map[string]*place
	// action data of all actions share one area: only one runs at a time.
	dataOff, dataBytes int
	parser             *parserBuilder
	known              map[types.Object]*value // loop variables, with their value in this iteration
	inPost             bool                    // lowering a for loop's step
	// root: a block's own instance is being made; its variables have no prefix.
	root  bool
	depth int
	bodyState
}

// bodyState is what changes when a body that runs by itself (an action, a
// register action) is lowered in between.
type bodyState struct {
	// rerun: the body may run more than once per packet.
	rerun bool
	// actionExit is set in a table's action.
	actionExit *actionExit
	loops      []*loop
	// regAction is the RegisterAction whose body is being lowered.
	regAction *instance
	// compared are the comparisons of that body, where its predicate() needs
	// them.
	compared []*place
}

type blockKind uint8

const (
	inParser blockKind = iota
	inControl
	inDeparser
)

// s is the position that every statement carries.
func (g *gress) s() ir.S { return ir.S{P: irPos(g.at)} }

func irPos(p syntax.Pos) ir.Pos { return ir.Pos{File: p.File, Line: p.Line, Col: p.Col} }

func (g *gress) emit(s ir.Stmt) { g.blk = append(g.blk, s) }

func (g *gress) replaceLast(s ir.Stmt) { g.blk[len(g.blk)-1] = s }

// capture runs f and returns the statements it emitted.
func (g *gress) capture(f func()) []ir.Stmt {
	saved := g.blk
	g.blk = nil
	f()
	out := g.blk
	g.blk = saved
	return out
}

func (g *gress) newLabel() int {
	g.label++
	return g.label
}

// noteRead records that the program reads bits [lo, hi): a control that reads
// parser_err keeps packets with parser errors (tna-semantics.md, 2.2).
func (g *gress) noteRead(lo, hi int) {
	l := g.out.Intr[ir.ParserErr]
	if g.block == inControl && l.Width > 0 && lo < l.Bit+l.Width && l.Bit < hi {
		g.out.Parser.ReadsErr = true
	}
}

// frame holds what names mean in one activation of a control, parser, action
// or function.
type frame struct {
	up   *frame
	objs map[types.Object]any // *place, *value, *instance, or an index
	tsub map[*types.TypeVar]types.Type
	path string // prefix of control-plane names: "SwitchIngress.inst."
	vars string // prefix of variable names in traces
	inst *instance
	ret  *returns
	// actions and tables already lowered, in an instance's own frame.
	actions map[*syntax.ActionDecl]int
	tables  map[*syntax.TableDecl]*loweredTable
	// exitFlag is set by table actions that exit, where copies must still be
	// written back afterwards.
	exitFlag *place
	applied  int
	// sticky: something lowered once (a register action) refers to the
	// parameters' storage.
	sticky bool
}

// returns is where return statements of an inlined body go.
type returns struct {
	label  int
	used   bool
	result *place // nil for none
	value  *value // of a single trailing return
	single bool   // the only return is the last statement
}

type loop struct {
	breakLabel, contLabel int
	breakUsed, contUsed   bool
}

func newFrame(up *frame) *frame {
	f := &frame{up: up, objs: map[types.Object]any{}}
	if up != nil {
		f.path, f.vars = up.path, up.vars
	}
	return f
}

// owner is the frame of the enclosing control or parser instance, nil at the
// outermost level.
func (f *frame) owner() *frame {
	for ; f != nil; f = f.up {
		if f.inst != nil {
			return f
		}
	}
	return nil
}

func (f *frame) lookup(o types.Object) (any, bool) {
	for ; f != nil; f = f.up {
		if b, ok := f.objs[o]; ok {
			return b, true
		}
	}
	return nil, false
}

func (f *frame) typeOf(t types.Type) types.Type {
	for ; f != nil; f = f.up {
		t = subst(t, f.tsub)
	}
	return t
}

// returnTo finds the frame that a return statement leaves.
func (f *frame) returnTo() *frame {
	for ; f != nil; f = f.up {
		if f.ret != nil {
			return f
		}
	}
	return nil
}
