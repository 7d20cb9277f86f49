package types

import (
	"math/big"
	"strings"

	"gofino/p4/syntax"
)

// call checks a call of any kind.
func (c *checker) call(e *syntax.CallExpr) TypeAndValue {
	switch f := unparen(e.Fun).(type) {
	case *syntax.NameExpr:
		return c.callName(e, f)
	case *syntax.MemberExpr:
		return c.callMember(e, f)
	case *syntax.TypeNameExpr:
		t := c.ctorType(f.Type)
		c.info.Types[f] = TypeAndValue{Type: t, IsType: true}
		return c.callType(e, t, nil)
	}
	c.rawExpr(e.Fun)
	c.arguments(e.Args)
	c.errorf(e.Pos(), "only functions, methods, actions and constructors can be called")
	return invalidTV
}

// arguments checks every argument once, without a context.
func (c *checker) arguments(args []*syntax.Arg) bool {
	old := c.place.nested
	c.place.nested = true
	ok := true
	for _, a := range args {
		if isDefault(a.Value) {
			c.rawExpr(a.Value)
			continue
		}
		if tv := c.expr(a.Value); isInvalid(tv.Type) {
			ok = false
		}
	}
	c.place.nested = old
	return ok
}

func (c *checker) callName(e *syntax.CallExpr, f *syntax.NameExpr) TypeAndValue {
	os := c.resolve(f.Name, "function or action")
	if os == nil {
		c.info.Types[f] = invalidTV
		c.arguments(e.Args)
		return invalidTV
	}
	c.info.Types[f] = TypeAndValue{Type: os[0].ObjType()}
	switch o := os[0].(type) {
	case *FuncObj:
		return c.callFunc(e, f.Name, f, c.outerFuncs(f.Name, os))
	case *ActionObj:
		return c.callAction(e, o)
	case *TypeObj:
		c.info.Types[f] = TypeAndValue{Type: o.Type, IsType: true}
		return c.callType(e, o.Type, os)
	}
	c.arguments(e.Args)
	c.errorf(e.Pos(), "%q is %s and cannot be called", f.Name.Value, objectText(os[0]))
	return invalidTV
}

// outerFuncs are all overloads that are visible.
func (c *checker) outerFuncs(n *syntax.Name, os []Object) []*FuncObj {
	var fs []*FuncObj
	for _, o := range os {
		if f, ok := o.(*FuncObj); ok && !c.open[f] {
			fs = append(fs, f)
		}
	}
	return fs
}

// choose picks the overload that fits the arguments. It reports why none does.
func (c *checker) choose(at syntax.Pos, what string, sigs []*signature, args []*syntax.Arg) (*signature, []syntax.Expr) {
	type viable struct {
		sig   *signature
		bound []syntax.Expr
	}
	var vs []viable
	problem, differ := "", false
	for _, sig := range sigs {
		if sig.given != nil && len(sig.given) != len(sig.vars) {
			msg := "takes " + itoa(len(sig.vars)) + " type arguments, got " + itoa(len(sig.given))
			differ = differ || problem != "" && problem != msg
			problem = msg
			continue
		}
		bound, msg := bindArgs(sig.params, args)
		if msg != "" {
			differ = differ || problem != "" && problem != msg
			problem = msg
			continue
		}
		vs = append(vs, viable{sig, bound})
	}
	switch {
	case len(vs) == 0 && !differ && problem != "":
		c.errorf(at, "call of %s: %s", what, problem)
		return nil, nil
	case len(vs) == 0:
		c.errorf(at, "no %s fits these arguments%s", what, candidates(sigs))
		return nil, nil
	case len(vs) > 1:
		var fit []viable
		for _, v := range vs {
			if c.dryFit(v.sig, v.bound) {
				fit = append(fit, v)
			}
		}
		if len(fit) == 0 {
			c.errorf(at, "no %s fits the types of these arguments%s", what, candidates(sigs))
			return nil, nil
		}
		vs = fit
	}
	if len(vs) > 1 {
		best := vs[:0:0]
		for _, v := range vs {
			if len(v.sig.params) == len(args) {
				best = append(best, v)
			}
		}
		if len(best) != 1 {
			c.errorf(at, "call of %s is ambiguous%s", what, candidates(sigs))
			return nil, nil
		}
		vs = best
	}
	return vs[0].sig, vs[0].bound
}

func candidates(sigs []*signature) string {
	var ts []string
	for _, s := range sigs {
		ts = append(ts, s.name+paramText(s.params))
	}
	if len(ts) == 0 {
		return ""
	}
	return " (candidates: " + strings.Join(ts, "; ") + ")"
}

// callFunc calls a function or an extern function.
func (c *checker) callFunc(e *syntax.CallExpr, name *syntax.Name, fun syntax.Expr, fs []*FuncObj) TypeAndValue {
	given := c.writtenArgs(e)
	if !c.arguments(e.Args) {
		return invalidTV
	}
	var sigs []*signature
	for _, f := range fs {
		ft := f.Type.(*Func)
		kind := CallFunction
		if f.Extern {
			kind = CallExternFunc
		}
		sigs = append(sigs, &signature{name: name.Value, params: ft.Params, vars: ft.TypeParams, given: given, obj: f, kind: kind, extern: f.Extern})
	}
	sig, bound := c.choose(e.Pos(), name.Value, sigs, e.Args)
	if sig == nil {
		return invalidTV
	}
	call, ok := c.finish(e.Pos(), sig, bound)
	if !ok {
		return invalidTV
	}
	c.info.Uses[name] = sig.obj
	c.deprecation(e.Pos(), sig.obj)
	f := sig.obj.(*FuncObj)
	ft := f.Type.(*Func)
	call.Result = c.subst(ft.Result, bind(ft.TypeParams, call.TypeArgs))
	c.info.Calls[e] = call
	c.info.Types[fun] = TypeAndValue{Type: &Func{Params: call.Params, Result: call.Result}}
	tv := c.knownFunction(e, f, call)
	if !tv.Known && tv.Value == nil && c.place.where == atTop && !isInvalid(tv.Type) {
		c.errorf(e.Pos(), "call of %s is not a compile-time constant", name.Value)
		return invalidTV
	}
	return tv
}

func (c *checker) writtenArgs(e *syntax.CallExpr) []Type {
	if len(e.TypeArgs) == 0 {
		return nil
	}
	return c.typeArgs(e.TypeArgs)
}

func (c *checker) callAction(e *syntax.CallExpr, o *ActionObj) TypeAndValue {
	if len(e.TypeArgs) > 0 {
		c.errorf(e.Pos(), "an action takes no type arguments")
	}
	if !c.arguments(e.Args) {
		return invalidTV
	}
	switch c.place.where {
	case inApply, inAction:
	default:
		c.errorf(e.Pos(), "action %s cannot be called in %s", o.Name, c.place.where)
		return invalidTV
	}
	ft := o.Type.(*Func)
	sig := &signature{name: o.Name, params: ft.Params, obj: o, kind: CallAction, action: true}
	s, bound := c.choose(e.Pos(), "action "+o.Name, []*signature{sig}, e.Args)
	if s == nil {
		return invalidTV
	}
	call, ok := c.finish(e.Pos(), s, bound)
	if !ok {
		return invalidTV
	}
	call.Result = voidType
	c.info.Calls[e] = call
	return TypeAndValue{Type: voidType}
}

func (c *checker) callType(e *syntax.CallExpr, t Type, os []Object) TypeAndValue {
	given := c.writtenArgs(e)
	if !c.arguments(e.Args) || isInvalid(t) {
		return invalidTV
	}
	call := c.construct(&creation{at: e.Pos(), typ: t, overloads: os, given: given, args: e.Args, expr: true})
	if call == nil {
		return invalidTV
	}
	c.info.Calls[e] = call
	return TypeAndValue{Type: call.Result, Known: true}
}

// callMember calls X.Sel(...).
func (c *checker) callMember(e *syntax.CallExpr, f *syntax.MemberExpr) TypeAndValue {
	sized := c.place.sized
	c.place.sized = f.Sel != nil && isSizeMethod(f.Sel.Value)
	x := c.rawExpr(f.X)
	c.place.sized = sized
	given := c.writtenArgs(e)
	argsOK := c.arguments(e.Args)
	if f.Sel == nil || isInvalid(x.Type) || !argsOK {
		c.info.Types[f] = invalidTV
		return invalidTV
	}
	name := f.Sel.Value
	if isSizeMethod(name) {
		if _, ok := x.Type.(*Extern); !ok {
			return c.callSize(e, f, x, name)
		}
	}
	if x.IsType {
		c.errorf(f.Sel.Pos(), "no method %q in type %s", name, describe(x.Type))
		return invalidTV
	}
	switch t := x.Type.(type) {
	case *Extern:
		return c.callMethod(e, f, x, t, given)
	case *Table:
		if name == "apply" {
			return c.callTable(e, f, t)
		}
	case *Proto:
		if name == "apply" && t.Kind != PackageProto {
			return c.callApply(e, f, t)
		}
	case *Struct:
		if isHeaderLike(t) {
			return c.callHeader(e, f, x, t)
		}
	case *Stack:
		if isHeaderLike(t.Elem) {
			return c.callStack(e, f, x, t)
		}
	}
	c.errorf(f.Sel.Pos(), "no method %q in %s", name, describe(x.Type))
	return invalidTV
}

func isSizeMethod(name string) bool {
	switch name {
	case "minSizeInBits", "minSizeInBytes", "maxSizeInBits", "maxSizeInBytes":
		return true
	}
	return false
}

func (c *checker) builtin(e *syntax.CallExpr, f *syntax.MemberExpr, result Type, params []*Var) *Call {
	call := &Call{Kind: CallBuiltin, Builtin: f.Sel.Value, Recv: f.X, RecvType: c.info.Types[f.X].Type, Params: params, Result: result}
	for _, a := range e.Args {
		call.Args = append(call.Args, a.Value)
	}
	c.info.Calls[e] = call
	c.info.Types[f] = TypeAndValue{Type: &Func{Params: params, Result: result}}
	return call
}

func (c *checker) callSize(e *syntax.CallExpr, f *syntax.MemberExpr, x TypeAndValue, name string) TypeAndValue {
	if len(e.Args) > 0 {
		c.errorf(e.Pos(), "%s takes no arguments", name)
		return invalidTV
	}
	if s, ok := x.Type.(*Struct); ok && s.Decl == nil {
		c.errorf(e.Pos(), "size of %s is not known: it has no declared type", describe(s))
		return invalidTV
	}
	lo, hi, ok := sizeBits(x.Type)
	if !ok {
		c.errorf(e.Pos(), "size of %s is not known at compile time", describe(x.Type))
		return invalidTV
	}
	n := lo
	if strings.HasPrefix(name, "max") {
		n = hi
	}
	if strings.HasSuffix(name, "Bytes") {
		n = (n + 7) / 8
	}
	c.builtin(e, f, intType, nil)
	return TypeAndValue{Type: intType, Value: big.NewInt(int64(n))}
}

func (c *checker) callHeader(e *syntax.CallExpr, f *syntax.MemberExpr, x TypeAndValue, t *Struct) TypeAndValue {
	name := f.Sel.Value
	switch {
	case name == "isValid":
		c.noArgs(e, name)
		c.builtin(e, f, boolType, nil)
		return TypeAndValue{Type: boolType}
	case t.Kind == syntax.Header && (name == "setValid" || name == "setInvalid"):
		c.noArgs(e, name)
		if !x.LValue {
			c.errorf(e.Pos(), "%s needs a header that can be assigned", name)
		}
		c.builtin(e, f, voidType, nil)
		return TypeAndValue{Type: voidType}
	}
	methods := "isValid, setValid, setInvalid, minSizeInBits, minSizeInBytes, maxSizeInBits, maxSizeInBytes"
	if t.Kind == syntax.HeaderUnion {
		methods = "isValid, minSizeInBits, minSizeInBytes, maxSizeInBits, maxSizeInBytes"
	}
	c.errorf(f.Sel.Pos(), "no method %q in %s (methods: %s)", name, describe(t), methods)
	return invalidTV
}

func (c *checker) noArgs(e *syntax.CallExpr, name string) {
	if len(e.Args) > 0 {
		c.errorf(e.Pos(), "%s takes no arguments", name)
	}
}

func (c *checker) callStack(e *syntax.CallExpr, f *syntax.MemberExpr, x TypeAndValue, t *Stack) TypeAndValue {
	name := f.Sel.Value
	if name != "push_front" && name != "pop_front" {
		c.errorf(f.Sel.Pos(), "no method %q in %s (methods: push_front, pop_front)", name, describe(t))
		return invalidTV
	}
	if !x.LValue {
		c.errorf(e.Pos(), "%s needs a header stack that can be assigned", name)
	}
	if len(e.Args) != 1 {
		c.errorf(e.Pos(), "%s takes one argument, the number of elements", name)
		return invalidTV
	}
	tv := c.info.Types[e.Args[0].Value]
	n, ok := tv.Value.(*big.Int)
	switch {
	case !isNumeric(base(tv.Type)):
		c.errorf(e.Args[0].Pos(), "argument of %s must be an integer, not %s", name, tv.Type)
	case !ok && !tv.Known:
		c.errorf(e.Args[0].Pos(), "argument of %s must be a compile-time constant", name)
	case ok && n.Sign() <= 0:
		c.errorf(e.Args[0].Pos(), "argument of %s must be positive, not %s", name, shortInt(n))
	}
	count := &Var{object: object{Name: "count", Type: intType}, Param: true, known: true}
	c.builtin(e, f, voidType, []*Var{count})
	return TypeAndValue{Type: voidType}
}

func (c *checker) callTable(e *syntax.CallExpr, f *syntax.MemberExpr, t *Table) TypeAndValue {
	if c.place.table == t.Decl {
		c.errorf(e.Pos(), "table %s cannot be applied in its own properties", t.Decl.Name.Value)
		return invalidTV
	}
	if w := c.place.where; w == inTable && c.place.nested || w != inTable && w != inApply {
		c.errorf(e.Pos(), "table %s cannot be applied in %s: only in the apply block of its control", t.Decl.Name.Value, w)
		return invalidTV
	}
	c.noArgs(e, "apply")
	res := &ApplyResult{Table: t.Decl}
	call := &Call{Kind: CallTable, Callee: c.info.Defs[t.Decl.Name], Recv: f.X, RecvType: t, Result: res}
	c.info.Calls[e] = call
	c.info.Types[f] = TypeAndValue{Type: &Func{Result: res}}
	return TypeAndValue{Type: res}
}

// callApply runs a parser or control instance.
func (c *checker) callApply(e *syntax.CallExpr, f *syntax.MemberExpr, t *Proto) TypeAndValue {
	if !c.mayApply(e.Pos(), t) {
		return invalidTV
	}
	sig := &signature{name: t.Name + ".apply", params: t.Params, kind: CallApply}
	if n, ok := unparen(f.X).(*syntax.NameExpr); ok {
		sig.obj = c.info.Uses[n.Name]
	}
	s, bound := c.choose(e.Pos(), sig.name, []*signature{sig}, e.Args)
	if s == nil {
		return invalidTV
	}
	call, ok := c.finish(e.Pos(), s, bound)
	if !ok {
		return invalidTV
	}
	call.Recv, call.RecvType, call.Result = f.X, t, voidType
	c.info.Calls[e] = call
	c.info.Types[f] = TypeAndValue{Type: &Func{Params: call.Params, Result: voidType}}
	return TypeAndValue{Type: voidType}
}

func (c *checker) mayApply(at syntax.Pos, t *Proto) bool {
	switch {
	case t.Kind == PackageProto:
		c.errorf(at, "package %s cannot be applied", t.Name)
	case t.Kind == ParserProto && c.place.where != inState:
		c.errorf(at, "parser %s cannot be applied in %s: only in a parser state", t.Name, c.place.where)
	case t.Kind == ControlProto && c.place.where != inApply:
		c.errorf(at, "control %s cannot be applied in %s: only in the apply block of a control", t.Name, c.place.where)
	case c.place.nested:
		c.errorf(at, "%s %s cannot be applied in an argument", t.Kind, t.Name)
	default:
		return true
	}
	return false
}

func (c *checker) methodNames(t *Extern) []string {
	if info := c.externs[t.Decl]; info != nil {
		return info.names
	}
	return nil
}

func (c *checker) callMethod(e *syntax.CallExpr, f *syntax.MemberExpr, x TypeAndValue, t *Extern, given []Type) TypeAndValue {
	name := f.Sel.Value
	info := c.externs[t.Decl]
	if info == nil || len(info.methods[name]) == 0 {
		c.errorf(f.Sel.Pos(), "no method %q in %s%s", name, describe(t), choices("methods", c.methodNames(t)))
		return invalidTV
	}
	if c.place.where == atTop {
		c.errorf(e.Pos(), "method %s of %s cannot be called at the top level", name, describe(t))
		return invalidTV
	}
	outer := substitution{}
	if len(t.Args) == len(t.Params) {
		outer = bind(t.Params, t.Args)
	}
	var sigs []*signature
	for _, m := range info.methods[name] {
		ft := c.subst(m.Type, outer).(*Func)
		kind := CallMethod
		if m.Decl.Abstract {
			kind = CallAbstract
		}
		sigs = append(sigs, &signature{name: t.Name + "." + name, params: ft.Params, vars: ft.TypeParams, given: given, obj: m, kind: kind, extern: true})
	}
	sig, bound := c.choose(e.Pos(), t.Name+"."+name, sigs, e.Args)
	if sig == nil {
		return invalidTV
	}
	call, ok := c.finish(e.Pos(), sig, bound)
	if !ok {
		return invalidTV
	}
	m := sig.obj.(*FuncObj)
	c.deprecation(e.Pos(), m)
	ft := c.subst(m.Type, outer).(*Func)
	call.Result = c.subst(ft.Result, bind(ft.TypeParams, call.TypeArgs))
	call.Recv, call.RecvType = f.X, t
	c.info.Uses[f.Sel] = m
	c.info.Calls[e] = call
	c.info.Types[f] = TypeAndValue{Type: &Func{Params: call.Params, Result: call.Result}}
	if !c.packetRules(e, t, m, call) {
		return invalidTV
	}
	return TypeAndValue{Type: call.Result}
}
