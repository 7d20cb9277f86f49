package tables

import "gofino/pipeline/ir"

// registerOfParam is the index of the register whose action reads a
// RegisterParam, -1 if none does: the schema says that the parameter depends on
// it.
func registerOfParam(pl *ir.Pipeline, param int) int {
	for _, a := range pl.RegActions {
		if stmtsRead(a.Body, param) {
			return a.Register
		}
	}
	return -1
}

// stmtsRead looks at the statements that a RegisterAction's body can hold.
func stmtsRead(body []ir.Stmt, param int) bool {
	for _, s := range body {
		switch s := s.(type) {
		case *ir.Assign:
			if exprReads(s.X, param) {
				return true
			}
		case *ir.If:
			if exprReads(s.Cond, param) || stmtsRead(s.Then, param) || stmtsRead(s.Else, param) {
				return true
			}
		case *ir.Block:
			if stmtsRead(s.Body, param) {
				return true
			}
		case *ir.Switch:
			if exprReads(s.Tag, param) || stmtsRead(s.Default, param) {
				return true
			}
			for _, c := range s.Cases {
				if stmtsRead(c.Body, param) {
					return true
				}
			}
		case *ir.MathExec:
			if exprReads(s.X, param) {
				return true
			}
		case *ir.RegisterPredicate:
			if exprReads(s.Lo, param) || exprReads(s.Hi, param) {
				return true
			}
		}
	}
	return false
}

func exprReads(e ir.Expr, param int) bool {
	switch e := e.(type) {
	case *ir.RegParam:
		return e.Param == param
	case *ir.Unary:
		return exprReads(e.X, param)
	case *ir.Binary:
		return exprReads(e.X, param) || exprReads(e.Y, param)
	case *ir.Slice:
		return exprReads(e.X, param)
	case *ir.Cast:
		return exprReads(e.X, param)
	case *ir.Cond:
		return exprReads(e.C, param) || exprReads(e.A, param) || exprReads(e.B, param)
	}
	return false
}
