package lower

import (
	"gofino/p4/syntax"
	"gofino/p4/types"
)

// walkExpr calls fn for e and every expression in it, outermost first; fn
// returning false ends the descent.
func walkExpr(e syntax.Expr, fn func(syntax.Expr) bool) {
	if e == nil {
		return
	}
	walkStmt(&syntax.ReturnStmt{Value: e}, noStmt, fn)
}

// walkStmt calls onStmt for s and every statement in it, and onExpr for every
// expression.
func walkStmt(s syntax.Stmt, onStmt func(syntax.Stmt), onExpr func(syntax.Expr) bool) {
	if s == nil {
		return
	}
	syntax.Walk(s, func(n syntax.Node) bool {
		switch n := n.(type) {
		case syntax.Stmt:
			onStmt(n)
		case syntax.Expr:
			return onExpr(n)
		}
		return true
	})
}

func noStmt(syntax.Stmt) {}

// hasEffects tells whether evaluating e makes statements.
func (g *gress) hasEffects(e syntax.Expr) bool {
	found := false
	walkExpr(e, func(x syntax.Expr) bool {
		if call, ok := x.(*syntax.CallExpr); ok {
			c := g.info.Calls[call]
			if c == nil || c.Kind != types.CallBuiltin {
				found = true
			}
		}
		return !found
	})
	return found
}

// mayWrite tells whether evaluating e can change a variable.
func (g *gress) mayWrite(e syntax.Expr) bool {
	found := false
	walkExpr(e, func(x syntax.Expr) bool {
		call, ok := x.(*syntax.CallExpr)
		if !ok {
			return !found
		}
		c := g.info.Calls[call]
		if c == nil {
			return !found
		}
		switch c.Kind {
		case types.CallTable, types.CallApply, types.CallAction:
			found = true
		case types.CallFunction, types.CallExternFunc, types.CallMethod, types.CallAbstract:
			for i, p := range c.Params {
				if (p.Dir == syntax.Out || p.Dir == syntax.InOut) && i < len(c.Args) && c.Args[i] != nil {
					found = true
				}
			}
		}
		return !found
	})
	return found
}

// rootOf is the variable at the bottom of a path, or nil.
func (g *gress) rootOf(e syntax.Expr) types.Object {
	for {
		switch x := e.(type) {
		case *syntax.ParenExpr:
			e = x.X
		case *syntax.MemberExpr:
			e = x.X
		case *syntax.IndexExpr:
			e = x.X
		case *syntax.SliceExpr:
			e = x.X
		case *syntax.NameExpr:
			return g.info.Uses[x.Name]
		default:
			return nil
		}
	}
}

// bodyMentions tells whether a body that can see its surroundings reaches the
// storage of p: reads it, or (writesOnly) could write it. Nested calls of
// actions and functions count as reaching it.
func (g *gress) bodyMentions(f *frame, body syntax.Stmt, p *place, writesOnly bool) bool {
	hit := false
	path := func(e syntax.Expr) {
		if q := g.placeOf(f, e); q != nil {
			if q.overlaps(p) {
				hit = true
			}
			return
		}
		if obj := g.rootOf(e); obj != nil {
			if b, ok := f.lookup(obj); ok {
				if q, ok := b.(*place); ok && q.overlaps(p) {
					hit = true
				}
			}
		}
	}
	walkStmt(body, func(s syntax.Stmt) {
		if a, ok := s.(*syntax.AssignStmt); ok {
			path(a.L)
		}
	}, func(e syntax.Expr) bool {
		switch e := e.(type) {
		case *syntax.CallExpr:
			c := g.info.Calls[e]
			if c == nil {
				return true
			}
			switch c.Kind {
			case types.CallAction, types.CallTable, types.CallApply, types.CallAbstract:
				hit = true
			case types.CallBuiltin, types.CallMethod:
				if c.Recv != nil {
					path(c.Recv)
				}
			}
			for i, q := range c.Params {
				if q.Dir != syntax.In && q.Dir != syntax.NoDir && i < len(c.Args) && c.Args[i] != nil {
					path(c.Args[i])
				}
			}
		case *syntax.NameExpr, *syntax.MemberExpr, *syntax.IndexExpr, *syntax.SliceExpr:
			if !writesOnly {
				path(e)
				return false
			}
		}
		return !hit
	})
	return hit
}
