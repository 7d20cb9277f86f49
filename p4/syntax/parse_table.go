package syntax

func (p *parser) table(d decl) Decl {
	p.advance()
	t := &TableDecl{decl: d, Name: p.name("the name of a table")}
	p.body("table "+text(t.Name), syncPart, func() {
		if p.accept(tSemi) {
			return
		}
		if prop := p.tableProp(); !p.bad {
			t.Props = append(t.Props, prop)
		}
	})
	p.declare(t.Name, isValue)
	return t
}

// tableProp reads one property.
func (p *parser) tableProp() *TableProp {
	a := p.annotations()
	q := &TableProp{decl: decl{Annotations: a, node: node{p.pos()}}}
	q.Const = p.accept(kwConst)
	word := p.tok
	q.Name = p.name("a property of a table (key, actions, default_action, entries, size, ...)")
	p.expect(tAssign, "the name of a table property")
	switch word {
	case kwKey:
		q.IsKey = true
		p.notConst(q)
		p.body("key", syncPart, func() {
			if k := p.keyElem(); !p.bad {
				q.Keys = append(q.Keys, k)
			}
		})
	case kwActions:
		q.IsActions = true
		p.notConst(q)
		p.body("actions", syncPart, func() {
			a := p.annotations()
			r := p.actionRef(a)
			p.semicolon("action")
			if !p.bad {
				q.Actions = append(q.Actions, r)
			}
		})
	case kwEntries:
		q.IsEntries = true
		p.body("entries", syncPart, func() {
			if e := p.entry(); !p.bad {
				q.Entries = append(q.Entries, e)
			}
		})
	default:
		q.Value = p.expression()
		p.semicolon("table property " + text(q.Name))
	}
	return q
}

func (p *parser) notConst(q *TableProp) {
	if q.Const {
		p.errorf(q.At, "table property %s cannot be const", text(q.Name))
	}
}

// keyElem reads Expr : match_kind @annotations;
func (p *parser) keyElem() *KeyElem {
	a := p.annotations()
	k := &KeyElem{decl: decl{Annotations: a, node: node{p.pos()}}, Expr: p.expression()}
	p.expect(tColon, "a key expression")
	k.Match = p.name("a match kind")
	k.Annotations = append(k.Annotations, p.annotations()...)
	p.semicolon("key")
	return k
}

// actionRef reads an action's name, maybe with arguments.
func (p *parser) actionRef(a []*Annotation) *ActionRef {
	r := &ActionRef{decl: decl{Annotations: a, node: node{p.pos()}}, Name: p.prefixedName("the name of an action")}
	if p.tok == tLParen && !p.bad {
		r.HasArgs = true
		r.Args = p.args()
	}
	return r
}

// entry reads [const] [priority = P :] keys : action @annotations;
func (p *parser) entry() *Entry {
	a := p.annotations()
	e := &Entry{decl: decl{Annotations: a, node: node{p.pos()}}}
	e.Const = p.accept(kwConst)
	if p.tok == kwPriority && p.peek(1) == tAssign {
		p.advance()
		p.advance()
		switch p.tok {
		case tNumber:
			e.Priority = p.number()
		case tLParen:
			p.advance()
			e.Priority = p.expression()
			p.expect(tRParen, "the priority of an entry")
		default:
			p.expected("a number or an expression in parentheses as the priority of an entry")
		}
		p.expect(tColon, "the priority of an entry")
	}
	e.Keys = p.keySets()
	p.expect(tColon, "the keys of an entry")
	e.Action = p.actionRef(nil)
	e.Annotations = append(e.Annotations, p.annotations()...)
	p.semicolon("entry")
	return e
}
