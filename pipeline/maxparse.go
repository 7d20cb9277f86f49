package pipeline

import (
	"math/big"

	"gofino/pipeline/ir"
)

// walk calls f for every statement of body, the inner ones too.
func walk(body []ir.Stmt, f func(ir.Stmt)) {
	for _, s := range body {
		f(s)
		switch s := s.(type) {
		case *ir.If:
			walk(s.Then, f)
			walk(s.Else, f)
		case *ir.Switch:
			for _, k := range s.Cases {
				walk(k.Body, f)
			}
			walk(s.Default, f)
		case *ir.Block:
			walk(s.Body, f)
		}
	}
}

// nextStates are the states that s may lead to.
func nextStates(s *ir.State) []int {
	if len(s.Keys) == 0 {
		return []int{s.Next}
	}
	var out []int
	for _, k := range s.Cases {
		out = append(out, k.Next)
	}
	return out
}

// longestPath is the number of states on the longest path from the start, at
// most maxStates+1.
func longestPath(p *ir.Parser) int {
	here := map[int]bool{0: true}
	for n := 1; ; n++ {
		next := map[int]bool{}
		for i := range here {
			for _, t := range nextStates(p.States[i]) {
				if t >= 0 && t < len(p.States) {
					next[t] = true
				}
			}
		}
		if len(next) == 0 || n > maxStates {
			return n
		}
		here = next
	}
}

// reach is how deep a state's body may look beyond its cursor, and how far it
// may move the cursor, in bytes; Unbounded where nothing limits it.
func reach(s *ir.State, g *ir.Gress) (deepest, moved int) {
	walk(s.Body, func(st ir.Stmt) {
		add := 0
		switch st := st.(type) {
		case *ir.Extract:
			if st.Header >= 0 && st.Header < len(g.Headers) {
				add = g.Headers[st.Header].Bytes
			}
		case *ir.ExtractNext:
			if st.Stack >= 0 && st.Stack < len(g.Stacks) {
				for _, h := range g.Stacks[st.Stack].Headers {
					add = max(add, g.Headers[h].Bytes)
				}
			}
		case *ir.Advance:
			b := maxValue(st.Bits)
			add = Unbounded
			if b.IsInt64() && b.Int64() < 1<<40 {
				add = int(b.Int64() / 8)
			}
		case *ir.Lookahead:
			deepest = max(deepest, plus(moved, (st.Off+st.Dst.Width+7)/8))
		}
		moved = plus(moved, add)
	})
	return max(deepest, moved), moved
}

// plus adds depths.
func plus(a, b int) int {
	if a == Unbounded || b == Unbounded {
		return Unbounded
	}
	return a + b
}

// maxParse is the deepest byte that any path of at most maxStates states can
// touch. The hardware ends longer ones (TIMEOUT_HW).
func maxParse(p *ir.Parser, g *ir.Gress) int {
	if g.BitExact() {
		return Unbounded // the run moves the whole payload: see bitOp
	}
	if p == nil || len(p.States) == 0 {
		return 0
	}
	type r struct{ deepest, moved int }
	reaches := make([]r, len(p.States))
	for i, s := range p.States {
		reaches[i].deepest, reaches[i].moved = reach(s, g)
	}
	far := 0
	at := make([]int, len(p.States)) // furthest cursor on entry; -1: not here
	for i := range at {
		at[i] = -1
	}
	at[0] = 0
	for range maxStates {
		next := make([]int, len(at))
		for i := range next {
			next[i] = -1
		}
		for i, c := range at {
			if c < 0 {
				continue
			}
			far = max(far, plus(c, reaches[i].deepest))
			for _, t := range nextStates(p.States[i]) {
				if t >= 0 && t < len(at) {
					next[t] = max(next[t], plus(c, reaches[i].moved))
				}
			}
		}
		at = next
	}
	return far
}

// maxValue is an upper bound of e's value, from the shapes that lengths come
// in: constants, products by powers of two, sums, extensions.
func maxValue(e ir.Expr) *big.Int {
	all := bigOnes(e.W())
	bound := func(v *big.Int) *big.Int {
		if v.Cmp(all) > 0 {
			return all
		}
		return v
	}
	switch e := e.(type) {
	case *ir.Const:
		return new(big.Int).And(e.V, all)
	case *ir.Cast:
		if !e.Signed {
			return bound(maxValue(e.X))
		}
	case *ir.Cond:
		a, b := maxValue(e.A), maxValue(e.B)
		if a.Cmp(b) > 0 {
			return a
		}
		return b
	case *ir.Binary:
		k, isConst := e.Y.(*ir.Const)
		switch {
		case e.Op == ir.Add || e.Op == ir.AddSat && !e.Signed:
			return bound(new(big.Int).Add(maxValue(e.X), maxValue(e.Y)))
		case e.Op == ir.Mul:
			return bound(new(big.Int).Mul(maxValue(e.X), maxValue(e.Y)))
		case e.Op == ir.Shl && isConst && k.V.IsInt64() && k.V.Int64() < 4096:
			return bound(new(big.Int).Lsh(maxValue(e.X), uint(k.V.Int64())))
		case e.Op == ir.And && isConst:
			return bound(new(big.Int).And(k.V, all))
		case e.Op == ir.Cat:
			v := new(big.Int).Lsh(maxValue(e.X), uint(e.Y.W()))
			return bound(v.Add(v, maxValue(e.Y)))
		}
	}
	return all
}
