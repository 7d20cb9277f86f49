package syntax

func (p *printer) stmt(s Stmt) {
	p.annotations(s.annots(), false)
	switch s := s.(type) {
	case *EmptyStmt:
		p.put(";")
	case *DeclStmt:
		p.decl(s.Decl)
	case *AssignStmt, *CallStmt:
		p.simple(s)
		p.put(";")
	case *DirectApply:
		p.typ(s.Type)
		p.put(".apply")
		p.args(s.Args)
		p.put(";")
	case *IfStmt:
		p.ifStmt(s)
	case *BlockStmt:
		p.blockBody(s)
	case *ReturnStmt:
		p.put("return")
		if s.Value != nil {
			p.put(" ")
			p.expr(s.Value, 0)
		}
		p.put(";")
	case *ExitStmt:
		p.put("exit;")
	case *BreakStmt:
		p.put("break;")
	case *ContinueStmt:
		p.put("continue;")
	case *SwitchStmt:
		p.put("switch (")
		p.expr(s.Tag, 0)
		p.put(") ")
		p.braces(len(s.Cases), func(i int) { p.switchCase(s.Cases[i]) })
	case *ForStmt:
		p.forStmt(s)
	case *ForInStmt:
		p.put("for (")
		p.annotations(s.Var.Annotations, true)
		p.typ(s.Var.Type)
		p.put(" ", s.Var.Name.Value, " in ")
		p.expr(s.X, 0)
		p.put(")")
		p.nested(s.Body)
	}
}

// block writes a block where its annotations stand in a line.
func (p *printer) block(b *BlockStmt) {
	p.annotations(b.Annotations, true)
	p.blockBody(b)
}

func (p *printer) blockBody(b *BlockStmt) {
	p.braces(len(b.List), func(i int) { p.stmt(b.List[i]) })
}

// simple writes an assignment or call without its semicolon.
func (p *printer) simple(s Stmt) {
	switch s := s.(type) {
	case *AssignStmt:
		p.expr(s.L, postfixBinding)
		p.put(" ", s.Op.String(), "= ")
		p.expr(s.R, 0)
	case *CallStmt:
		p.expr(s.Call, 0)
	}
}

// nested writes the statement that an if, else or for controls.
func (p *printer) nested(s Stmt) {
	if b, ok := s.(*BlockStmt); ok && len(b.Annotations) == 0 {
		p.put(" ")
		p.blockBody(b)
		return
	}
	p.indent++
	p.line()
	p.stmt(s)
	p.indent--
}

// braced is nested with braces added.
func (p *printer) braced(s Stmt) {
	p.put(" ")
	p.braces(1, func(int) { p.stmt(s) })
}

func (p *printer) ifStmt(s *IfStmt) {
	for {
		p.put("if (")
		p.expr(s.Cond, 0)
		p.put(")")
		switch s.Then.(type) {
		case *IfStmt, *ForStmt, *ForInStmt:
			if s.Else != nil { // the else would go to the inner if
				p.braced(s.Then)
				break
			}
			p.nested(s.Then)
		default:
			p.nested(s.Then)
		}
		if s.Else == nil {
			return
		}
		p.line()
		p.put("else")
		next, ok := s.Else.(*IfStmt)
		if !ok || len(next.Annotations) > 0 {
			p.nested(s.Else)
			return
		}
		p.put(" ")
		s = next
	}
}

func (p *printer) switchCase(c *SwitchCase) {
	if c.Default {
		p.put("default:")
	} else {
		p.expr(c.Label, 0)
		p.put(":")
	}
	if c.Body != nil {
		p.put(" ")
		p.block(c.Body)
	}
}

func (p *printer) forStmt(s *ForStmt) {
	part := func(s Stmt) {
		p.annotations(s.annots(), true)
		if d, ok := s.(*DeclStmt); ok {
			v := d.Decl.(*VarDecl) // the only declaration that may stand here
			p.annotations(v.Annotations, true)
			p.variable(v)
			return
		}
		if d, ok := s.(*DirectApply); ok {
			p.typ(d.Type)
			p.put(".apply")
			p.args(d.Args)
			return
		}
		p.simple(s)
	}
	p.put("for (")
	commas(p, s.Init, part)
	p.put("; ")
	p.expr(s.Cond, 0)
	p.put("; ")
	commas(p, s.Post, part)
	p.put(")")
	p.nested(s.Body)
}

func (p *printer) transition(t Transition) {
	switch t := t.(type) {
	case *Goto:
		p.put("transition ", t.State.Value, ";")
	case *Select:
		p.put("transition select(")
		commas(p, t.Keys, func(x Expr) { p.expr(x, 0) })
		p.put(") ")
		p.braces(len(t.Cases), func(i int) { p.selectCase(t.Cases[i]) })
	}
}

func (p *printer) selectCase(c *SelectCase) {
	p.keys(c.Keys)
	p.put(": ", c.State.Value, ";")
}
