package lower

import (
	"strings"

	"gofino/p4/syntax"
	"gofino/p4/types"
	"gofino/pipeline/ir"
)

// instance is an object that exists at run time: an extern, a control, a
// parser or a package, with its constructor's arguments.
type instance struct {
	name  string // control-plane name: "SwitchIngress.counter"
	local string // as declared
	at    syntax.Pos
	t     types.Type
	decl  syntax.Decl // of a control, parser or extern
	args  []*value    // constructor arguments, nil where left out
	annot []*syntax.Annotation
	// body holds the implementations of abstract methods, which see home.
	body []syntax.Decl
	home *frame
	// frame of a control or parser.
	frame *frame
	// ids of what the instance became in the ir, by use; -1 before the first.
	id, id2 int
	// refused: the feature is not emulated; calls on it are ignored, the
	// program does not compile anyway.
	refused bool
	// unit is the checksum unit of a parser's Checksum.
	unit int
	// results are where a register action's body leaves its results.
	results []*place
}

// externName is the extern's type name, or "".
func (i *instance) externName() string {
	if e, ok := under(i.t).(*types.Extern); ok {
		return e.Name
	}
	return ""
}

// typeArg is the i-th type argument, or nil.
func (i *instance) typeArg(f *frame, n int) types.Type {
	e, ok := under(i.t).(*types.Extern)
	if !ok || n >= len(e.Args) {
		return nil
	}
	return f.typeOf(e.Args[n])
}

// notYet are the externs that this version leaves out; the reason is always
// the same, so the names suffice.
var notYet = map[string]bool{
	"LearnAction": true, "LearnAction2": true, "LearnAction3": true, "LearnAction4": true,
	"SelectorAction": true,
}

// annotation finds the last annotation of a name.
func annotation(as []*syntax.Annotation, name string) *syntax.Annotation {
	for i := len(as) - 1; i >= 0; i-- {
		if as[i].Name == name {
			return as[i]
		}
	}
	return nil
}

// annotText is the first token of an annotation's body, or "".
func annotText(a *syntax.Annotation) string {
	if a == nil || len(a.Tokens) == 0 {
		return ""
	}
	return a.Tokens[0]
}

// controlName is the name that the control plane sees.
func controlName(f *frame, name string, as []*syntax.Annotation) string {
	if s := annotText(annotation(as, "name")); s != "" {
		name = s
	}
	if strings.HasPrefix(name, ".") {
		return name[1:]
	}
	if f == nil {
		return name
	}
	return f.path + name
}

// annots keeps annotations raw.
func annots(as []*syntax.Annotation) []ir.Annotation {
	var out []ir.Annotation
	for _, a := range as {
		var b strings.Builder
		for i, t := range a.Tokens {
			if i > 0 && needsSpace(b.String(), t) {
				b.WriteByte(' ')
			}
			if i < len(a.IsString) && a.IsString[i] {
				b.WriteString(`"` + strings.ReplaceAll(t, `"`, `\"`) + `"`)
			} else {
				b.WriteString(t)
			}
		}
		out = append(out, ir.Annotation{Name: a.Name, Body: b.String()})
	}
	return out
}

func needsSpace(before, next string) bool {
	if before == "" || next == "" {
		return false
	}
	word := func(c byte) bool {
		return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
	}
	return word(before[len(before)-1]) && word(next[0])
}

// construct makes an instance. f is where the arguments are evaluated and
// whose path the name extends.
func (g *gress) construct(f *frame, c *types.Call, t types.Type, local string, at syntax.Pos, as []*syntax.Annotation, body []syntax.Decl) *instance {
	g.depth++
	defer func() { g.depth-- }()
	inst := &instance{local: local, at: at, t: f.typeOf(t), annot: as, body: body, home: f, id: -1, id2: -1, unit: -1}
	inst.name = controlName(f, local, as)
	if g.depth > maxDepth {
		g.errorf(at, "instances are nested too deeply (limit %d)", maxDepth)
		inst.refused = true
		return inst
	}
	if c != nil {
		for _, a := range c.Args {
			if a == nil {
				inst.args = append(inst.args, nil)
				continue
			}
			inst.args = append(inst.args, g.constructArg(f, a))
		}
	}
	switch t := under(inst.t).(type) {
	case *types.Extern:
		if t.Decl != nil {
			inst.decl = t.Decl
		}
		if notYet[t.Name] {
			g.errorf(at, "extern %s is not supported yet by this version (instance %q)", t.Name, local)
			inst.refused = true
		}
	case *types.Proto:
		inst.decl = t.Decl
		g.openInstance(f, inst)
	}
	return inst
}

func (g *gress) constructArg(f *frame, a syntax.Expr) *value {
	if call, ok := unparen(a).(*syntax.CallExpr); ok {
		if c := g.info.Calls[call]; c != nil && c.Kind == types.CallConstructor {
			return &value{t: c.Result, inst: g.constructExpr(f, call, c)}
		}
	}
	g.at = a.Pos()
	v := g.expr(f, a)
	if !v.isConst() && v.str == "" {
		g.errorf(a.Pos(), "a constructor's argument must be known at compile time")
	}
	return v
}

// constructExpr makes the instance of a constructor call; it is named after
// its type.
func (g *gress) constructExpr(f *frame, call *syntax.CallExpr, c *types.Call) *instance {
	t := c.Result
	if t == nil {
		t = g.typeOf(f, call)
	}
	name := typeName(t)
	var as []*syntax.Annotation
	if p, ok := under(t).(*types.Proto); ok && p.Decl != nil {
		if a := annotation(p.Decl.Annots(), "name"); a != nil {
			as = []*syntax.Annotation{a}
		}
	}
	return g.construct(f, c, t, name, call.Pos(), as, nil)
}

// openInstance makes the frame of a control or parser: constructor parameters
// and the instances it declares.
func (g *gress) openInstance(f *frame, inst *instance) {
	nf := newFrame(nil)
	nf.inst = inst
	nf.path = inst.name + "."
	if f != nil && !g.root {
		nf.vars = f.vars + inst.local + "."
	}
	g.root = false
	nf.actions = map[*syntax.ActionDecl]int{}
	nf.tables = map[*syntax.TableDecl]*loweredTable{}
	inst.frame = nf
	var ctor []*syntax.Param
	var locals []syntax.Decl
	switch d := inst.decl.(type) {
	case *syntax.ControlDecl:
		ctor, locals = d.CtorParams, d.Locals
	case *syntax.ParserDecl:
		ctor, locals = d.CtorParams, d.Locals
	default:
		return
	}
	for i, p := range ctor {
		obj := g.info.Defs[p.Name]
		var v *value
		if i < len(inst.args) {
			v = inst.args[i]
		}
		if v == nil && p.Default != nil {
			v = g.expr(nf, p.Default)
		}
		if v == nil || obj == nil {
			continue
		}
		if v.inst != nil {
			nf.objs[obj] = v.inst
		} else {
			nf.objs[obj] = g.convert(v, obj.ObjType())
		}
	}
	for _, d := range locals {
		if x, ok := d.(*syntax.Instance); ok {
			g.declareInstance(nf, x)
		}
	}
}

// declareInstance makes the instance of a declaration.
func (g *gress) declareInstance(f *frame, d *syntax.Instance) *instance {
	obj := g.info.Defs[d.Name]
	c := g.info.Constructions[d]
	t := types.Type(nil)
	switch {
	case obj != nil:
		t = obj.ObjType()
	case c != nil:
		t = c.Result
	}
	inst := g.construct(f, c, t, d.Name.Value, d.Name.Pos(), d.Annotations, d.Body)
	if obj != nil {
		f.objs[obj] = inst
	}
	// Instances that an object initialiser declares belong to its methods.
	for _, b := range d.Body {
		if x, ok := b.(*syntax.Instance); ok {
			g.declareInstance(f, x)
		}
	}
	return inst
}

// globalInstance is the one instance per pipeline of a declaration at the
// outermost level.
func (g *gress) globalInstance(o *types.Inst) *instance {
	if inst, ok := g.globals[o]; ok {
		return inst
	}
	if o.Decl == nil {
		return nil
	}
	c := g.info.Constructions[o.Decl]
	g.globals[o] = nil // a cycle finds nothing
	inst := g.construct(newFrame(nil), c, o.Type, o.Decl.Name.Value, o.Decl.Name.Pos(), o.Decl.Annotations, o.Decl.Body)
	g.globals[o] = inst
	return inst
}

// instanceOf evaluates an expression that names an instance.
func (g *gress) instanceOf(f *frame, e syntax.Expr) *instance {
	switch e := unparen(e).(type) {
	case *syntax.NameExpr:
		if obj := g.info.Uses[e.Name]; obj != nil {
			if i, ok := g.resolve(f, obj).(*instance); ok {
				return i
			}
		}
	case *syntax.CallExpr:
		if c := g.info.Calls[e]; c != nil && c.Kind == types.CallConstructor {
			return g.constructExpr(f, e, c)
		}
	}
	return nil
}
