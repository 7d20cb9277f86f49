package types

import (
	"gofino/p4/syntax"
)

// creation is the construction of an object: by a declaration, by a
// constructor call in an expression, or by Type.apply().
type creation struct {
	at        syntax.Pos
	typ       Type
	overloads []Object // other types of the same name
	given     []Type
	args      []*syntax.Arg
	expr      bool
	body      []syntax.Decl
	hasBody   bool
}

// construct checks a constructor call; nil after an error. Call.Result is the
// type of the object.
func (c *checker) construct(n *creation) *Call {
	switch t := n.typ.(type) {
	case *Extern:
		return c.constructExtern(n, t)
	case *Proto:
		return c.constructProto(n, t)
	}
	if !isInvalid(n.typ) {
		c.errorf(n.at, "cannot make an instance of %s: only externs, parsers, controls and packages have constructors", describe(n.typ))
	}
	return nil
}

func (c *checker) constructExtern(n *creation, t *Extern) *Call {
	info := c.externs[t.Decl]
	if info == nil {
		return nil
	}
	if partlyGiven(t.Args) {
		open := *n
		open.given, n = t.Args, &open
		t = info.typ
	}
	if n.expr {
		if names := requiredMethods(info); len(names) > 0 {
			c.errorf(n.at, "extern %s has abstract methods%s: declare an instance with an initializer", t.Name, choices("methods", names))
			return nil
		}
	}
	vars := c.typeParams(t)
	if len(vars) == 0 && n.given != nil {
		c.errorf(n.at, "extern %s takes no type arguments here", t.Name)
		return nil
	}
	ctors := info.ctors
	if len(ctors) == 0 {
		// an extern without any constructor cannot be made by the program
		c.errorf(n.at, "extern %s has no constructor", t.Name)
		return nil
	}
	outer := substitution{}
	if len(vars) == 0 && len(t.Params) == len(t.Args) {
		outer = bind(t.Params, t.Args)
	}
	var sigs []*signature
	for _, k := range ctors {
		ft := c.subst(k.Type, outer).(*Func)
		sigs = append(sigs, &signature{name: t.Name, params: ft.Params, vars: vars, given: n.given, obj: k, kind: CallConstructor, ctor: true, body: n.body, info: info})
	}
	sig, bound := c.choose(n.at, "constructor of extern "+t.Name, sigs, n.args)
	if sig == nil {
		return nil
	}
	call, ok := c.finish(n.at, sig, bound)
	if !ok {
		return nil
	}
	c.deprecation(n.at, sig.obj)
	call.Result = t
	if len(vars) > 0 {
		call.Result = c.specialize(t, vars, call.TypeArgs)
	} else {
		call.TypeArgs = t.Args
	}
	return call
}

// partlyGiven: some type arguments were written as "_"; they are inferred.
func partlyGiven(args []Type) bool {
	for _, a := range args {
		if isKind(a, DontCare) {
			return true
		}
	}
	return false
}

// requiredMethods are the abstract methods that an instance must implement.
func requiredMethods(info *externInfo) []string {
	var names []string
	for _, name := range info.names {
		for _, m := range info.methods[name] {
			if m.Decl.Abstract && !hasAnnotation(m.Decl, "optional") {
				names = append(names, name)
			}
		}
	}
	return names
}

func (c *checker) constructProto(n *creation, t *Proto) *Call {
	if isProtoType(t) {
		c.errorf(n.at, "%s is a type without a body and cannot be instantiated", describe(t))
		return nil
	}
	if n.hasBody {
		c.errorf(n.at, "only instances of externs take an initializer with methods")
		return nil
	}
	if !c.mayInstantiate(n, t) {
		return nil
	}
	if o := c.info.Defs[protoName(t)]; o != nil && partlyGiven(t.TypeArgs) {
		open := *n
		open.given, n = t.TypeArgs, &open
		t = o.ObjType().(*Proto)
	}
	sigs := []*signature{c.protoSignature(t, n.given)}
	for _, o := range n.overloads {
		if p, ok := o.ObjType().(*Proto); ok && p.Decl != t.Decl {
			sigs = append(sigs, c.protoSignature(p, n.given))
		}
	}
	sig, bound := c.choose(n.at, describe(t), sigs, n.args)
	if sig == nil {
		return nil
	}
	call, ok := c.finish(n.at, sig, bound)
	if !ok {
		return nil
	}
	chosen := sig.obj.ObjType().(*Proto)
	call.Result = chosen
	if len(sig.vars) > 0 {
		call.Result = c.specialize(chosen, sig.vars, call.TypeArgs)
	} else {
		call.TypeArgs = chosen.TypeArgs
	}
	return call
}

func (c *checker) protoSignature(t *Proto, given []Type) *signature {
	o := c.info.Defs[protoName(t)]
	if o == nil || o.ObjType() != Type(t) {
		x := &TypeObj{}
		x.Name, x.Type, x.At = t.Name, t, t.Decl.Pos()
		o = x
	}
	sig := &signature{name: t.Name, params: t.Ctor, vars: c.typeParams(t), given: given, obj: o, kind: CallConstructor, ctor: true}
	if t.Kind == PackageProto {
		sig.params = t.Params
	} else {
		sig.open = true
	}
	return sig
}

func protoName(t *Proto) *syntax.Name {
	switch d := t.Decl.(type) {
	case *syntax.ParserDecl:
		return d.Name
	case *syntax.ControlDecl:
		return d.Name
	case *syntax.PackageDecl:
		return d.Name
	}
	return nil
}

func isProtoType(t *Proto) bool {
	switch d := t.Decl.(type) {
	case *syntax.ParserDecl:
		return d.Proto
	case *syntax.ControlDecl:
		return d.Proto
	}
	return false
}

// mayInstantiate is the table of places of the language definition.
func (c *checker) mayInstantiate(n *creation, t *Proto) bool {
	w := c.place.where
	ok := false
	switch t.Kind {
	case PackageProto:
		ok = w == atTop
	case ParserProto:
		ok = w == inParserTop || w == inState && c.place.nested || w == atTop && n.expr
	case ControlProto:
		ok = w == inControlTop || w == atTop && n.expr
	}
	if !ok {
		c.errorf(n.at, "%s %s cannot be instantiated in %s", t.Kind, t.Name, w)
	}
	return ok
}

// instanceDecl checks Type(args) name [= { ... }];
func (c *checker) instanceDecl(d *syntax.Instance) {
	o := &Inst{Decl: d}
	o.Name, o.At, o.Type = nameOf(d.Name), d.Pos(), invalidType
	t := c.ctorType(d.Type)
	argsOK := c.arguments(d.Args)
	if o.Name == "main" && c.place.where == atTop {
		if p, ok := t.(*Proto); !isInvalid(t) && (!ok || p.Kind != PackageProto) {
			c.errorf(d.Pos(), "main must be an instance of a package, not of %s", describe(t))
			argsOK = false
		}
	}
	if argsOK && !isInvalid(t) {
		n := &creation{at: d.Pos(), typ: t, args: d.Args, body: d.Body, hasBody: d.Body != nil}
		if nt, ok := d.Type.(*syntax.NamedType); ok {
			n.overloads = c.lookup(nt.Name)
		}
		if call := c.construct(n); call != nil {
			o.Type = call.Result
			c.info.Constructions[d] = call
			c.objectBody(d, call.Result)
			if d.Size != nil {
				o.Type = c.instanceArray(d, call.Result)
			}
		}
	}
	c.declare(d.Name, o)
	if o.Name == "main" && c.place.where == atTop && !isInvalid(o.Type) {
		c.info.Main = o
	}
	if _, ok := o.Type.(*Extern); ok {
		c.controlPlaneName("instance", d, o.Name)
	}
}

// instanceArray is the type of Type(args) name[size].
func (c *checker) instanceArray(d *syntax.Instance, elem Type) Type {
	n := c.constSize(d.Size, "size of an array of instances", 0, maxStack)
	if n < 0 {
		return invalidType
	}
	if _, ok := elem.(*Extern); !ok {
		c.errorf(d.Pos(), "only externs can be instantiated as an array, not %s", describe(elem))
		return invalidType
	}
	return &Stack{Elem: elem, Size: n}
}

// objectBody checks the methods in an object initializer.
func (c *checker) objectBody(d *syntax.Instance, t Type) {
	ext, ok := t.(*Extern)
	if !ok {
		return
	}
	info := c.externs[ext.Decl]
	done := map[string]bool{}
	p := place{where: inControlTop, this: ext, proto: c.place.proto}
	if d.Body != nil {
		c.within(p, func() {
			for _, b := range d.Body {
				c.annotations(b)
				switch b := b.(type) {
				case *syntax.Instance:
					c.instanceDecl(b)
				case *syntax.FuncDecl:
					c.implement(info, ext, b, done)
				default:
					c.errorf(b.Pos(), "only methods and instances can stand in an initializer")
				}
			}
		})
	}
	var missing []string
	for _, name := range requiredMethods(info) {
		if !done[name] {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		c.errorf(d.Pos(), "instance %q does not implement every abstract method of extern %s%s", nameOf(d.Name), ext.Name, choices("missing", missing))
	}
}

// implement checks one implementation of an abstract method.
func (c *checker) implement(info *externInfo, ext *Extern, f *syntax.FuncDecl, done map[string]bool) {
	name := nameOf(f.Name)
	var abstract *FuncObj
	var names []string
	for _, n := range info.names {
		for _, m := range info.methods[n] {
			if m.Decl.Abstract {
				names = append(names, n)
				if n == name {
					abstract = m
				}
			}
		}
	}
	if abstract == nil {
		c.errorf(f.Pos(), "no abstract method %q in extern %s%s", name, ext.Name, choices("abstract methods", names))
		return
	}
	if done[name] {
		c.errorf(f.Pos(), "method %q is implemented twice", name)
		return
	}
	done[name] = true
	c.info.Abstracts[f] = abstract
	outer := substitution{}
	if len(ext.Args) == len(ext.Params) {
		outer = bind(ext.Params, ext.Args)
	}
	want := c.subst(abstract.Type, outer).(*Func)
	p := place{where: inMethod, this: ext, proto: c.place.proto}
	c.within(p, func() {
		ft := c.funcType(f, ofAbstract)
		c.info.Defs[f.Name] = c.methodObj(f, ext, ft)
		c.place.result = ft.Result
		if msg := signatureProblem(ft.Params, want.Params); msg != "" {
			c.errorf(f.Pos(), "method %q does not fit %s.%s: %s", name, ext.Name, name, msg)
		} else if !matches(ft.Result, want.Result) {
			c.errorf(f.Pos(), "method %q returns %s, want %s", name, ft.Result, want.Result)
		}
		c.body(f.Body)
		c.mustReturn(f, ft.Result)
	})
}

func (c *checker) methodObj(f *syntax.FuncDecl, ext *Extern, t *Func) *FuncObj {
	o := &FuncObj{Decl: f, Recv: ext}
	o.Name, o.Type, o.At = nameOf(f.Name), t, f.Pos()
	return o
}
