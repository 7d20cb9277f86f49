package syntax

func (p *printer) decl(d Decl) {
	switch d.(type) {
	case *Param, *Field:
		p.annotations(d.Annots(), true)
	case *KeyElem, *Entry: // theirs stand behind
	default:
		p.annotations(d.Annots(), false)
	}
	switch d := d.(type) {
	case *Param:
		p.param(d)
	case *ConstDecl:
		p.put("const ")
		p.typ(d.Type)
		p.put(" ", d.Name.Value, " = ")
		p.expr(d.Value, 0)
		p.put(";")
	case *VarDecl:
		p.variable(d)
		p.put(";")
	case *Instance:
		p.instance(d)
	case *FuncDecl:
		p.function(d)
	case *ExternDecl:
		p.extern(d)
	case *ActionDecl:
		p.put("action ", d.Name.Value)
		p.params(d.Params)
		p.put(" ")
		p.block(d.Body)
	case *ParserDecl:
		p.parser(d)
	case *ControlDecl:
		p.control(d)
	case *PackageDecl:
		p.put("package ", d.Name.Value)
		p.typeParams(d.TypeParams)
		p.params(d.Params)
		p.put(";")
	case *StateDecl:
		p.state(d)
	case *ValueSetDecl:
		p.put("value_set<")
		p.typ(d.Elem)
		p.put(">(")
		p.expr(d.Size, 0)
		p.put(") ", d.Name.Value, ";")
	default:
		p.typeDecl(d)
	}
}

// typeDecl writes type declarations and tables.
func (p *printer) typeDecl(d Decl) {
	switch d := d.(type) {
	case *TableDecl:
		p.put("table ", d.Name.Value, " ")
		p.braces(len(d.Props), func(i int) { p.decl(d.Props[i]) })
	case *TableProp:
		p.tableProp(d)
	case *KeyElem:
		p.expr(d.Expr, 0)
		p.put(" : ", d.Match.Value)
		p.behind(d.Annotations)
		p.put(";")
	case *ActionRef:
		p.actionRef(d)
	case *Entry:
		p.entry(d)
	case *StructDecl:
		p.put([...]string{Struct: "struct ", Header: "header ", HeaderUnion: "header_union "}[d.Kind], d.Name.Value)
		p.typeParams(d.TypeParams)
		p.put(" ")
		p.braces(len(d.Fields), func(i int) {
			p.decl(d.Fields[i])
			p.put(";")
		})
	case *Field:
		p.typ(d.Type)
		p.put(" ", d.Name.Value)
	case *EnumDecl:
		p.put("enum ")
		if d.Underlying != nil {
			p.typ(d.Underlying)
			p.put(" ")
		}
		p.put(d.Name.Value, " ")
		p.braces(len(d.Members), func(i int) {
			p.enumMember(d.Members[i])
			p.put(",")
		})
	case *ErrorDecl:
		p.put("error ")
		p.memberNames(d.Members)
	case *MatchKindDecl:
		p.put("match_kind ")
		p.memberNames(d.Members)
	case *TypedefDecl:
		p.typedef(d)
	}
}

func (p *printer) memberNames(list []*Name) {
	p.braces(len(list), func(i int) { p.put(list[i].Value, ",") })
}

func (p *printer) enumMember(m *EnumMember) {
	p.put(m.Name.Value)
	if m.Value != nil {
		p.put(" = ")
		p.expr(m.Value, 0)
	}
}

func (p *printer) typedef(d *TypedefDecl) {
	if d.New {
		p.put("type ")
	} else {
		p.put("typedef ")
	}
	if d.Of != nil {
		p.decl(d.Of)
	} else {
		p.typ(d.Type)
	}
	p.put(" ", d.Name.Value, ";")
}

func (p *printer) param(d *Param) {
	p.put([...]string{NoDir: "", In: "in ", Out: "out ", InOut: "inout "}[d.Dir])
	p.typ(d.Type)
	p.put(" ", d.Name.Value)
	if d.Default != nil {
		p.put(" = ")
		p.expr(d.Default, 0)
	}
}

func (p *printer) params(list []*Param) {
	p.put("(")
	commas(p, list, func(q *Param) { p.decl(q) })
	p.put(")")
}

// ctorParams writes constructor parameters, or nothing.
func (p *printer) ctorParams(list []*Param) {
	if list != nil {
		p.params(list)
	}
}

// variable writes a variable without its semicolon and annotations.
func (p *printer) variable(d *VarDecl) {
	p.typ(d.Type)
	p.put(" ", d.Name.Value)
	if d.Value != nil {
		p.put(" = ")
		p.expr(d.Value, 0)
	}
}

func (p *printer) instance(d *Instance) {
	p.typ(d.Type)
	p.args(d.Args)
	p.put(" ", d.Name.Value)
	if d.Size != nil {
		p.put("[")
		p.expr(d.Size, 0)
		p.put("]")
	}
	if d.Body != nil {
		p.put(" = ")
		p.braces(len(d.Body), func(i int) { p.decl(d.Body[i]) })
	}
	p.put(";")
}

func (p *printer) function(d *FuncDecl) {
	if d.Abstract {
		p.put("abstract ")
	}
	if d.Result != nil {
		p.typ(d.Result)
		p.put(" ")
	}
	p.put(d.Name.Value)
	p.typeParams(d.TypeParams)
	p.params(d.Params)
	if d.Body == nil {
		p.put(";")
		return
	}
	p.put(" ")
	p.block(d.Body)
}

func (p *printer) extern(d *ExternDecl) {
	p.put("extern ")
	if d.Func != nil {
		p.decl(d.Func)
		return
	}
	p.put(d.Name.Value)
	p.typeParams(d.TypeParams)
	p.put(" ")
	p.braces(len(d.Methods), func(i int) { p.decl(d.Methods[i]) })
}

func (p *printer) parser(d *ParserDecl) {
	p.put("parser ", d.Name.Value)
	p.typeParams(d.TypeParams)
	p.params(d.Params)
	if d.Proto {
		p.put(";")
		return
	}
	p.ctorParams(d.CtorParams)
	p.put(" ")
	p.braces(len(d.Locals)+len(d.States), func(i int) {
		if i < len(d.Locals) {
			p.decl(d.Locals[i])
			return
		}
		p.decl(d.States[i-len(d.Locals)])
	})
}

func (p *printer) state(d *StateDecl) {
	n := len(d.Body)
	if d.Next != nil {
		n++
	}
	p.put("state ", d.Name.Value, " ")
	p.braces(n, func(i int) {
		if i < len(d.Body) {
			p.stmt(d.Body[i])
			return
		}
		p.transition(d.Next)
	})
}

func (p *printer) control(d *ControlDecl) {
	p.put("control ", d.Name.Value)
	p.typeParams(d.TypeParams)
	p.params(d.Params)
	if d.Proto {
		p.put(";")
		return
	}
	p.ctorParams(d.CtorParams)
	p.put(" ")
	p.braces(len(d.Locals)+1, func(i int) {
		if i < len(d.Locals) {
			p.decl(d.Locals[i])
			return
		}
		p.put("apply ")
		p.block(d.Body)
	})
}

func (p *printer) tableProp(d *TableProp) {
	if d.Const {
		p.put("const ")
	}
	p.put(d.Name.Value, " = ")
	switch {
	case d.IsKey:
		p.braces(len(d.Keys), func(i int) { p.decl(d.Keys[i]) })
	case d.IsActions:
		p.braces(len(d.Actions), func(i int) {
			p.decl(d.Actions[i])
			p.put(";")
		})
	case d.IsEntries:
		p.braces(len(d.Entries), func(i int) { p.decl(d.Entries[i]) })
	default:
		p.expr(d.Value, 0)
		p.put(";")
	}
}

func (p *printer) actionRef(d *ActionRef) {
	p.name(d.Name)
	if d.HasArgs {
		p.args(d.Args)
	}
}

func (p *printer) entry(d *Entry) {
	if d.Const {
		p.put("const ")
	}
	if d.Priority != nil {
		p.put("priority = ")
		p.literalOrParen(d.Priority)
		p.put(" : ")
	}
	p.keys(d.Keys)
	p.put(" : ")
	p.actionRef(d.Action)
	p.behind(d.Annotations)
	p.put(";")
}
