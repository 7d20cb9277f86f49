package syntax

// Walk calls f for n and, where f returns true, for everything below n, in the
// order of the source. It passes over nodes that are not there.
func Walk(n Node, f func(Node) bool) {
	if !f(n) {
		return
	}
	w := walker(f)
	if d, ok := n.(Decl); ok {
		each(w, d.Annots())
	}
	switch n := n.(type) {
	case *File:
		each(w, n.Decls)
	case *Annotation:
		each(w, n.Exprs)
		each(w, n.KV)
	case *NamedExpr:
		w.name(n.Name)
		w.node(n.Value)
	case *Arg:
		w.name(n.Name)
		w.node(n.Value)
	case Decl:
		w.decl(n)
	case Stmt:
		w.stmt(n)
	case Expr:
		w.expr(n)
	case TypeExpr:
		w.typ(n)
	case *EnumMember:
		w.name(n.Name)
		w.node(n.Value)
	case *SwitchCase:
		w.node(n.Label)
		if n.Body != nil {
			w.node(n.Body)
		}
	case *SelectCase:
		each(w, n.Keys)
		w.name(n.State)
	case *Goto:
		w.name(n.State)
	case *Select:
		each(w, n.Keys)
		each(w, n.Cases)
	}
}

type walker func(Node) bool

func (w walker) node(n Node) {
	if n != nil {
		Walk(n, w)
	}
}

func (w walker) name(n *Name) {
	if n != nil {
		Walk(n, w)
	}
}

func each[T Node](w walker, list []T) {
	for _, n := range list {
		Walk(n, w)
	}
}

func (w walker) decl(n Decl) {
	switch n := n.(type) {
	case *Param:
		w.node(n.Type)
		w.name(n.Name)
		w.node(n.Default)
	case *ConstDecl:
		w.node(n.Type)
		w.name(n.Name)
		w.node(n.Value)
	case *VarDecl:
		w.node(n.Type)
		w.name(n.Name)
		w.node(n.Value)
	case *Instance:
		w.node(n.Type)
		each(w, n.Args)
		w.name(n.Name)
		w.node(n.Size)
		each(w, n.Body)
	case *FuncDecl:
		w.node(n.Result)
		w.name(n.Name)
		each(w, n.TypeParams)
		each(w, n.Params)
		if n.Body != nil {
			w.node(n.Body)
		}
	case *ExternDecl:
		if n.Func != nil {
			w.node(n.Func)
			return
		}
		w.name(n.Name)
		each(w, n.TypeParams)
		each(w, n.Methods)
	case *ActionDecl:
		w.name(n.Name)
		each(w, n.Params)
		w.node(n.Body)
	case *ParserDecl:
		w.name(n.Name)
		each(w, n.TypeParams)
		each(w, n.Params)
		each(w, n.CtorParams)
		each(w, n.Locals)
		each(w, n.States)
	case *ControlDecl:
		w.name(n.Name)
		each(w, n.TypeParams)
		each(w, n.Params)
		each(w, n.CtorParams)
		each(w, n.Locals)
		if n.Body != nil {
			w.node(n.Body)
		}
	case *PackageDecl:
		w.name(n.Name)
		each(w, n.TypeParams)
		each(w, n.Params)
	case *StateDecl:
		w.name(n.Name)
		each(w, n.Body)
		w.node(n.Next)
	default:
		w.typeDecl(n)
	}
}

func (w walker) typeDecl(n Decl) {
	switch n := n.(type) {
	case *ValueSetDecl:
		w.node(n.Elem)
		w.node(n.Size)
		w.name(n.Name)
	case *TableDecl:
		w.name(n.Name)
		each(w, n.Props)
	case *TableProp:
		w.name(n.Name)
		each(w, n.Keys)
		each(w, n.Actions)
		each(w, n.Entries)
		w.node(n.Value)
	case *KeyElem:
		w.node(n.Expr)
		w.name(n.Match)
	case *ActionRef:
		w.name(n.Name)
		each(w, n.Args)
	case *Entry:
		w.node(n.Priority)
		each(w, n.Keys)
		w.node(n.Action)
	case *StructDecl:
		w.name(n.Name)
		each(w, n.TypeParams)
		each(w, n.Fields)
	case *Field:
		w.node(n.Type)
		w.name(n.Name)
	case *EnumDecl:
		w.node(n.Underlying)
		w.name(n.Name)
		each(w, n.Members)
	case *ErrorDecl:
		each(w, n.Members)
	case *MatchKindDecl:
		each(w, n.Members)
	case *TypedefDecl:
		w.node(n.Type)
		w.node(n.Of)
		w.name(n.Name)
	}
}

func (w walker) stmt(n Stmt) {
	each(w, n.annots())
	switch n := n.(type) {
	case *DeclStmt:
		w.node(n.Decl)
	case *AssignStmt:
		w.node(n.L)
		w.node(n.R)
	case *CallStmt:
		w.node(n.Call)
	case *DirectApply:
		w.node(n.Type)
		each(w, n.Args)
	case *IfStmt:
		w.node(n.Cond)
		w.node(n.Then)
		w.node(n.Else)
	case *BlockStmt:
		each(w, n.List)
	case *ReturnStmt:
		w.node(n.Value)
	case *SwitchStmt:
		w.node(n.Tag)
		each(w, n.Cases)
	case *ForStmt:
		each(w, n.Init)
		w.node(n.Cond)
		each(w, n.Post)
		w.node(n.Body)
	case *ForInStmt:
		w.node(n.Var)
		w.node(n.X)
		w.node(n.Body)
	}
}

func (w walker) expr(n Expr) {
	switch n := n.(type) {
	case *NameExpr:
		w.name(n.Name)
	case *TypeNameExpr:
		w.node(n.Type)
	case *MaskExpr:
		w.node(n.X)
		w.node(n.Mask)
	case *RangeExpr:
		w.node(n.Lo)
		w.node(n.Hi)
	case *UnaryExpr:
		w.node(n.X)
	case *BinaryExpr:
		w.node(n.X)
		w.node(n.Y)
	case *CondExpr:
		w.node(n.C)
		w.node(n.A)
		w.node(n.B)
	case *CastExpr:
		w.node(n.Type)
		w.node(n.X)
	case *MemberExpr:
		w.node(n.X)
		w.name(n.Sel)
	case *IndexExpr:
		w.node(n.X)
		w.node(n.I)
	case *SliceExpr:
		w.node(n.X)
		if n.Width != nil { // Hi is made of the other two
			w.node(n.Lo)
			w.node(n.Width)
			return
		}
		w.node(n.Hi)
		w.node(n.Lo)
	case *ListExpr:
		each(w, n.Elems)
		each(w, n.Fields)
	case *CallExpr:
		w.node(n.Fun)
		each(w, n.TypeArgs)
		each(w, n.Args)
	case *ParenExpr:
		w.node(n.X)
	}
}

func (w walker) typ(n TypeExpr) {
	switch n := n.(type) {
	case *BaseType:
		w.node(n.Width)
	case *NamedType:
		w.name(n.Name)
	case *SpecType:
		w.node(n.Base)
		each(w, n.Args)
	case *StackType:
		w.node(n.Elem)
		w.node(n.Size)
	case *TupleType:
		each(w, n.Elems)
	case *ListType:
		w.node(n.Elem)
	}
}
