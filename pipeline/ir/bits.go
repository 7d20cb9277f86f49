package ir

// Wire is the header's width in the packet, in bits, without a varbit at its
// end. The chip knows whole bytes only; the language also has other widths, which
// lie packed in the packet and end in zero bits in memory.
func (h *Header) Wire() int {
	if h.Bits != 0 || h.Var.Width != 0 {
		return h.Bits
	}
	return 8 * h.Bytes
}

// BitExact tells whether a packet may stand at a place in the gress's parser or
// deparser that is not a whole byte: it parses, skips or emits a header whose
// width is not, or varies. It is a property of the program, not of a packet.
func (g *Gress) BitExact() bool {
	odd := func(i int) bool {
		return i >= 0 && i < len(g.Headers) && (g.Headers[i].Wire()%8 != 0 || g.Headers[i].Var.Width != 0)
	}
	found := func(s Stmt) bool {
		switch s := s.(type) {
		case *Extract:
			return odd(s.Header)
		case *Emit:
			return odd(s.Header)
		case *ExtractNext:
			if s.Stack >= 0 && s.Stack < len(g.Stacks) {
				for _, h := range g.Stacks[s.Stack].Headers {
					if odd(h) {
						return true
					}
				}
			}
		case *Advance:
			k, ok := s.Bits.(*Const)
			return ok && (k.V.Bit(0)|k.V.Bit(1)|k.V.Bit(2)) != 0
		}
		return false
	}
	if g.Parser != nil {
		for _, s := range g.Parser.States {
			if anyStmt(s.Body, found) {
				return true
			}
		}
	}
	return anyStmt(g.Deparser, found)
}

// anyStmt tells whether f holds for a statement of body, the inner ones too.
func anyStmt(body []Stmt, f func(Stmt) bool) bool {
	for _, s := range body {
		if f(s) {
			return true
		}
		in := false
		switch s := s.(type) {
		case *If:
			in = anyStmt(s.Then, f) || anyStmt(s.Else, f)
		case *Switch:
			in = anyStmt(s.Default, f)
			for _, c := range s.Cases {
				in = in || anyStmt(c.Body, f)
			}
		case *Block:
			in = anyStmt(s.Body, f)
		}
		if in {
			return true
		}
	}
	return false
}
