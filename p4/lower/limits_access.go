package lower

import "gofino/pipeline/ir"

// accesses finds registers that a packet can reach twice in one pass: a
// stateful ALU runs once per packet (chip.md, section 5). Ways through the
// control are followed as the chip's compiler does, by control flow alone: two
// conditionals on the same variable are not seen to exclude each other.
func (c *limiter) accesses() {
	f := &accessFlow{c: c, breaks: map[int]*visits{}, told: map[int]bool{}, touching: map[int]bool{}}
	f.list(c.g.Control, &visits{})
}

// visits counts by register what the worst way here has done: executions, plain
// reads and plain writes. A read and a write can be one operation.
type visits struct{ n map[int][3]int }

func (v *visits) clone() *visits {
	out := &visits{n: make(map[int][3]int, len(v.n))}
	for r, k := range v.n {
		out.n[r] = k
	}
	return out
}

// join is the worst of two ways; nil is a way that does not come here.
func join(a, b *visits) *visits {
	switch {
	case a == nil:
		return b
	case b == nil || a == b:
		return a
	}
	out := a.clone()
	for r, k := range b.n {
		o := out.n[r]
		if k[0]+max(k[1], k[2]) > o[0]+max(o[1], o[2]) {
			out.n[r] = k
		}
	}
	return out
}

type accessFlow struct {
	c      *limiter
	breaks map[int]*visits // by label
	told   map[int]bool    // registers reported
	// touching tells of each action whether it reaches a register: most do not,
	// and need not be followed again and again.
	touching map[int]bool
}

func (f *accessFlow) touches(action int) bool {
	t, ok := f.touching[action]
	if !ok {
		t = touchesRegister(f.c.pl.Actions[action].Body)
		f.touching[action] = t
	}
	return t
}

func touchesRegister(list []ir.Stmt) bool {
	for _, s := range list {
		switch s.(type) {
		case *ir.RegisterExec, *ir.RegisterRead, *ir.RegisterWrite:
			return true
		}
		for _, b := range bodies(s) {
			if touchesRegister(b) {
				return true
			}
		}
	}
	return false
}

func (f *accessFlow) list(list []ir.Stmt, v *visits) *visits {
	for _, s := range list {
		if v == nil {
			return nil
		}
		v = f.stmt(s, v)
	}
	return v
}

func (f *accessFlow) stmt(s ir.Stmt, v *visits) *visits {
	switch s := s.(type) {
	case *ir.If:
		return join(f.list(s.Then, v), f.list(s.Else, v))
	case *ir.Switch:
		out := f.list(s.Default, v)
		for _, k := range s.Cases {
			out = join(out, f.list(k.Body, v))
		}
		return out
	case *ir.Block:
		out := f.list(s.Body, v)
		out = join(out, f.breaks[s.Label])
		delete(f.breaks, s.Label)
		return out
	case *ir.Break:
		f.breaks[s.Label] = join(f.breaks[s.Label], v)
		return nil
	case *ir.Exit:
		return nil
	case *ir.Apply:
		t := f.c.pl.Tables[s.Table]
		var out *visits
		for _, r := range t.Actions {
			if !f.touches(r.Action) {
				out = join(out, v)
				continue
			}
			out = join(out, f.list(f.c.pl.Actions[r.Action].Body, v))
		}
		if len(t.Actions) == 0 {
			return v
		}
		return out
	case *ir.RegisterExec:
		return f.visit(s.P, f.c.pl.RegActions[s.Action].Register, 0, v)
	case *ir.RegisterRead:
		return f.visit(s.P, s.Register, 1, v)
	case *ir.RegisterWrite:
		return f.visit(s.P, s.Register, 2, v)
	}
	return v
}

func (f *accessFlow) visit(at ir.Pos, reg, how int, v *visits) *visits {
	out := v.clone()
	k := out.n[reg]
	k[how]++
	out.n[reg] = k
	if n := k[0] + max(k[1], k[2]); n > 1 && !f.told[reg] {
		f.told[reg] = true
		f.c.over(at, "register %s is accessed %d times by one packet: the chip's limit is 1", f.c.pl.Registers[reg].Name, n)
	}
	return out
}
