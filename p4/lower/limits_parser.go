package lower

import (
	"math/big"

	"gofino/pipeline/ir"
)

// parser checks the TCAM of each parser, the width of its rows, and how deep
// it reaches (chip.md, section 2).
func (c *limiter) parser() {
	p := c.g.Parser
	if p == nil || len(p.States) == 0 {
		return
	}
	starts := []int{0}
	if p.States[0].Name == portState {
		// The ports have parsers of their own.
		starts = nil
		seen := map[int]bool{}
		for _, k := range p.States[0].Cases {
			if !seen[k.Next] {
				seen[k.Next] = true
				starts = append(starts, k.Next)
			}
		}
	}
	for _, s := range starts {
		c.parserRowsOf(p, s)
	}
	for _, s := range p.States {
		c.matchWidth(s)
	}
	if c.egressDepth > 0 && c.g.Dir == ir.Egress {
		if n, ok := c.depth(p, starts); ok && n > c.egressDepth {
			c.over(p.Pos, "egress parser %s reaches %d bytes into the packet: the chip's limit is %d", p.Name, n, c.egressDepth)
		}
	}
}

// parserRowsOf counts the rows that the selects take. States without a choice
// are left out: a compiler joins them with the state before.
func (c *limiter) parserRowsOf(p *ir.Parser, start int) {
	rows, sets := 0, 0
	var last ir.Pos
	seen := map[int]bool{start: true}
	queue := []int{start}
	visit := func(i int) {
		if i >= 0 && !seen[i] {
			seen[i] = true
			queue = append(queue, i)
		}
	}
	for len(queue) > 0 {
		s := p.States[queue[0]]
		queue = queue[1:]
		if len(s.Keys) == 0 {
			visit(s.Next)
			continue
		}
		for _, k := range s.Cases {
			n := 1
			if k.ValueSet >= 0 {
				n = c.pl.ValueSets[k.ValueSet].Size
				sets += n
			} else {
				for _, m := range k.Match {
					if m.Range {
						n = min(n*prefixes(m.Lo, m.Hi), manyRows)
					}
				}
			}
			rows += n
			if rows > c.parserRows && last.Line == 0 {
				last = k.Pos
			}
			visit(k.Next)
		}
	}
	if rows > c.parserRows {
		c.over(last, "%s parser %s needs %d TCAM rows, %d of them for value sets: the chip's limit is %d", c.g.Dir, p.Name, rows, sets, c.parserRows)
	}
}

// manyRows is more than any parser has, and far from overflow.
const manyRows = 1 << 20

// prefixes is how many masked values cover lo to hi.
func prefixes(lo, hi *big.Int) int {
	if hi.BitLen() > 64 {
		return 1 // too wide a row anyway: matchWidth says so
	}
	n := 0
	at, one := new(big.Int).Set(lo), big.NewInt(1)
	for at.Cmp(hi) <= 0 {
		// The largest aligned block that starts here and stays inside.
		w := uint(0)
		for {
			size := new(big.Int).Lsh(one, w+1)
			end := new(big.Int).Add(at, size)
			end.Sub(end, one)
			if new(big.Int).Mod(at, size).Sign() != 0 || end.Cmp(hi) > 0 {
				break
			}
			w++
		}
		at.Add(at, new(big.Int).Lsh(one, w))
		n++
	}
	return n
}

// matchWidth counts the key bits that some case looks at: a row compares 32
// bits of the packet, and two of the counter's state.
func (c *limiter) matchWidth(s *ir.State) {
	if len(s.Keys) == 0 {
		return
	}
	looked := make([]*big.Int, len(s.Keys))
	for i := range looked {
		looked[i] = new(big.Int)
	}
	for _, k := range s.Cases {
		for i, key := range s.Keys {
			switch {
			case k.ValueSet >= 0:
				looked[i].Or(looked[i], allOnes(key.W()))
			case i >= len(k.Match):
			case k.Match[i].Range:
				looked[i].Or(looked[i], allOnes(key.W()))
			case k.Match[i].Mask != nil:
				looked[i].Or(looked[i], k.Match[i].Mask)
			}
		}
	}
	n := 0
	for i, key := range s.Keys {
		switch key.(type) {
		case *ir.CounterZero, *ir.CounterNeg:
			continue
		}
		for b := range key.W() {
			n += int(looked[i].Bit(b))
		}
	}
	if n > c.matchBits {
		c.over(s.Pos, "parser state %s compares %d bits: the chip's limit is %d", s.Name, n, c.matchBits)
	}
}

// depth is the longest way from the starts, in bytes; false where a loop or a
// computed advance bounds nothing.
func (c *limiter) depth(p *ir.Parser, starts []int) (int, bool) {
	const (
		fresh = iota
		open
		done
	)
	state, best := make([]int, len(p.States)), make([]int, len(p.States))
	ok := true
	var walk func(i int) int
	walk = func(i int) int {
		if i < 0 || !ok {
			return 0
		}
		switch state[i] {
		case open:
			ok = false
			return 0
		case done:
			return best[i]
		}
		state[i] = open
		s := p.States[i]
		n := 0
		if len(s.Keys) == 0 {
			n = walk(s.Next)
		}
		for _, k := range s.Cases {
			n = max(n, walk(k.Next))
		}
		bits, known := c.taken(s.Body)
		ok = ok && known
		state[i], best[i] = done, n+bits/8
		return best[i]
	}
	most := 0
	for _, s := range starts {
		most = max(most, walk(s))
	}
	return most, ok
}

// taken is how many bits of the packet a state passes.
func (c *limiter) taken(list []ir.Stmt) (bits int, known bool) {
	for _, s := range list {
		switch s := s.(type) {
		case *ir.Extract:
			bits += c.g.Headers[s.Header].Bytes * 8
		case *ir.ExtractNext:
			bits += c.g.Headers[c.g.Stacks[s.Stack].Headers[0]].Bytes * 8
		case *ir.Advance:
			k, ok := isConst(s.Bits)
			if !ok || !k.IsInt64() {
				return 0, false
			}
			bits += int(k.Int64())
		}
	}
	return bits, true
}
