package pipeline

import (
	"encoding/binary"
	"math/bits"

	"gofino/pipeline/ir"
)

// wop is an operation on values of more than 64 bits. Such a value lies in
// frame.wide, least significant word first, with zeros above its width. The
// result's words are apart from the operands'.
type wop struct {
	kind    wkind
	d, x, y int32 // first words
	n       int32 // words of the operands
	w       int32 // bits of the result
	k       int32 // amount, or bit place
	nx      int32 // words of x where it is not n
	signed  bool
	reg     uint8 // of a narrow operand or result
	loc     ir.Loc
}

type wkind uint8

const (
	wLoad   wkind = iota // d = memory at loc
	wStore               // memory at loc = x
	wCopy                // d = x, widened from nx words with zeros
	wFrom                // d = [reg], widened with zeros
	wSignX               // d = x widened from k bits with its sign
	wSlice               // d = w bits of x from bit k
	wSliceR              // [reg] = w bits of x from bit k
	wCat                 // d = x << k | y
	wAdd                 //
	wSub                 //
	wMul                 //
	wAddSat              //
	wSubSat              //
	wAnd                 //
	wOr                  //
	wXor                 //
	wNot                 //
	wNeg                 //
	wShl                 // by [reg]
	wShr                 // by [reg]; signed: with the sign
	wEq                  // [reg] = x == y
	wLt                  // [reg] = x < y
	wMatch               // [reg] = x & wide(k) == y
	wClamp               // [reg] = x, or all ones when x needs more than 64 bits
	wSel                 // d = [reg] != 0 ? x : y
	wRandom              // d = random
	wLast                // d = field of stack.last: lasts[k]
)

// wideOp runs one operation. It is out of the dispatch loop: wide values are
// rare on the way of a packet, and moves of them are byte moves.
func (p *Pass) wideOp(g *gress, o *wop) {
	w := p.wide
	d := w[o.d:]
	x, y := w[o.x:], w[o.y:]
	n := int(o.n)
	switch o.kind {
	case wLoad:
		loadWide(d, p.mem, o.loc)
	case wStore:
		storeWide(p.mem, o.loc, x)
	case wCopy:
		copy(d[:n], x[:o.nx])
		clear(d[min(int(o.nx), n):n])
	case wFrom:
		clear(d[:n])
		d[0] = p.regs[o.reg]
	case wSignX:
		signExtend(d[:n], x[:o.nx], int(o.k), int(o.w))
	case wSlice:
		shrWide(d[:words(int(o.w))], x[:n], int(o.k), 0)
		trim(d, int(o.w))
	case wSliceR:
		p.regs[o.reg] = sliceWord(x[:n], int(o.k)) & ones(int(o.w))
	case wCat:
		catWide(d[:n], x[:o.nx], y, int(o.k))
	case wAdd:
		addWide(d[:n], x, y)
		trim(d, int(o.w))
	case wSub:
		subWide(d[:n], x, y)
		trim(d, int(o.w))
	case wMul:
		mulWide(d[:n], x[:n], y[:n])
		trim(d, int(o.w))
	case wAddSat:
		addSatWide(d[:n], x[:n], y[:n], int(o.w), o.signed)
	case wSubSat:
		subSatWide(d[:n], x[:n], y[:n], int(o.w), o.signed)
	case wAnd:
		for i := range n {
			d[i] = x[i] & y[i]
		}
	case wOr:
		for i := range n {
			d[i] = x[i] | y[i]
		}
	case wXor:
		for i := range n {
			d[i] = x[i] ^ y[i]
		}
	case wNot:
		for i := range n {
			d[i] = ^x[i]
		}
		trim(d, int(o.w))
	case wNeg:
		negWide(d[:n], x[:n])
		trim(d, int(o.w))
	case wShl:
		shlWide(d[:n], x[:n], int(min(p.regs[o.reg], uint64(o.w))))
		trim(d, int(o.w))
	case wShr:
		k := int(min(p.regs[o.reg], uint64(o.w)))
		if o.signed && bitOf(x, int(o.w)-1) == 1 {
			sarWide(d[:n], x[:n], k, int(o.w))
		} else {
			shrWide(d[:n], x[:n], k, 0)
		}
	case wEq:
		p.regs[o.reg] = b2u(equalWide(x[:n], y))
	case wLt:
		p.regs[o.reg] = b2u(lessWide(x[:n], y[:n], int(o.w), o.signed))
	case wMatch:
		p.regs[o.reg] = b2u(matchWide(x[:n], w[o.k:], y))
	case wClamp:
		p.regs[o.reg] = clampWide(x[:n])
	case wSel:
		if p.regs[o.reg] == 0 {
			x = y
		}
		copy(d[:n], x[:n])
	case wLast:
		clear(d[:n])
		if l, ok := g.lasts[o.k].loc(p.mem); ok {
			loadWide(d, p.mem, l)
		}
	case wRandom:
		for i := range n {
			d[i] = p.Rand.Uint64()
		}
		trim(d, int(o.w))
	default:
		panic("BUG: wide operation")
	}
}

func words(bits int) int { return (bits + 63) / 64 }

func b2u(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// trim clears the bits of d above width.
func trim(d []uint64, width int) {
	if r := width % 64; r != 0 {
		d[width/64] &= ones(r)
	}
}

func bitOf(x []uint64, i int) uint64 { return x[i/64] >> (i % 64) & 1 }

// loadWide reads a place of any width: words from its low end.
func loadWide(d []uint64, mem []byte, l ir.Loc) {
	end := lead*8 + l.Bit + l.Width // first bit after it
	shift := uint(-end & 7)
	pos := (end + 7) / 8 // first byte after it
	left := l.Width
	for i := 0; left > 0; i++ {
		n := min(left, 64)
		switch {
		case left >= 64 && shift == 0:
			d[i] = binary.BigEndian.Uint64(mem[pos-8:])
		case pos >= 9:
			d[i] = load9(mem[pos-9:], uint8(shift)) & ones(n)
		default: // at the very start: lead is shorter than the nine bytes
			d[i] = binary.BigEndian.Uint64(mem[pos-8:]) >> shift & ones(n)
		}
		pos -= 8
		left -= n
	}
}

// storeWide is the inverse of loadWide.
func storeWide(mem []byte, l ir.Loc, x []uint64) {
	end := l.Bit + l.Width
	for i := 0; i*64 < l.Width; i++ {
		n := min(l.Width-i*64, 64)
		p := placeOf(ir.Loc{Bit: end - i*64 - n, Width: n})
		p.store(mem, x[i])
	}
}

func sliceWord(x []uint64, k int) uint64 {
	i, s := k/64, uint(k%64)
	v := x[i] >> s
	if s != 0 && i+1 < len(x) {
		v |= x[i+1] << (64 - s)
	}
	return v
}

// shrWide is d = x >> k; words above x read as fill.
func shrWide(d, x []uint64, k int, fill uint64) {
	q, s := k/64, uint(k%64)
	at := func(i int) uint64 {
		if i < len(x) {
			return x[i]
		}
		return fill
	}
	for i := range d {
		v := at(i+q) >> s
		if s != 0 {
			v |= at(i+q+1) << (64 - s)
		}
		d[i] = v
	}
}

// sarWide is d = x >> k of a negative value w bits wide.
func sarWide(d, x []uint64, k, w int) {
	n := len(x)
	q, s := k/64, uint(k%64)
	at := func(i int) uint64 {
		switch {
		case i >= n:
			return ^uint64(0)
		case i == n-1 && w%64 != 0:
			return x[i] | ^ones(w%64)
		}
		return x[i]
	}
	for i := range d {
		v := at(i+q) >> s
		if s != 0 {
			v |= at(i+q+1) << (64 - s)
		}
		d[i] = v
	}
	trim(d, w)
}

func shlWide(d, x []uint64, k int) {
	q, s := k/64, uint(k%64)
	for i := len(d) - 1; i >= 0; i-- {
		var v uint64
		if j := i - q; j >= 0 && j < len(x) {
			v = x[j] << s
		}
		if j := i - q - 1; s != 0 && j >= 0 && j < len(x) {
			v |= x[j] >> (64 - s)
		}
		d[i] = v
	}
}

// catWide is d = x << k | y, y being k bits wide.
func catWide(d, x, y []uint64, k int) {
	q, s := k/64, uint(k%64)
	for i := len(d) - 1; i >= 0; i-- {
		var v uint64
		if j := i - q; j >= 0 && j < len(x) {
			v = x[j] << s
		}
		if j := i - q - 1; s != 0 && j >= 0 && j < len(x) {
			v |= x[j] >> (64 - s)
		}
		if i < words(k) {
			v |= y[i]
		}
		d[i] = v
	}
}

func addWide(d, x, y []uint64) (carry uint64) {
	for i := range d {
		d[i], carry = bits.Add64(x[i], y[i], carry)
	}
	return carry
}

func subWide(d, x, y []uint64) (borrow uint64) {
	for i := range d {
		d[i], borrow = bits.Sub64(x[i], y[i], borrow)
	}
	return borrow
}

func negWide(d, x []uint64) {
	var b uint64
	for i := range d {
		d[i], b = bits.Sub64(0, x[i], b)
	}
}

// mulWide is d = x * y modulo the words of d; d is apart from x and y.
func mulWide(d, x, y []uint64) {
	clear(d)
	for i, a := range x {
		var carry uint64
		for j := 0; i+j < len(d); j++ {
			hi, lo := bits.Mul64(a, y[j])
			var c uint64
			lo, c = bits.Add64(lo, carry, 0)
			hi += c
			d[i+j], c = bits.Add64(d[i+j], lo, 0)
			carry = hi + c
		}
	}
}

// addSatWide and subSatWide: the result of w bits, or the nearest value.
func addSatWide(d, x, y []uint64, w int, signed bool) {
	sx, sy := bitOf(x, w-1), bitOf(y, w-1)
	carry := addWide(d, x, y)
	if w%64 != 0 {
		carry = bitOf(d, w)
	}
	trim(d, w)
	switch {
	case !signed && carry != 0:
		fill(d, w)
	case signed && sx == sy && bitOf(d, w-1) != sx:
		limit(d, w, sx)
	}
}

func subSatWide(d, x, y []uint64, w int, signed bool) {
	sx, sy := bitOf(x, w-1), bitOf(y, w-1)
	borrow := subWide(d, x, y)
	trim(d, w)
	switch {
	case !signed && borrow != 0:
		clear(d)
	case signed && sx != sy && bitOf(d, w-1) != sx:
		limit(d, w, sx)
	}
}

// fill sets all w bits.
func fill(d []uint64, w int) {
	for i := range d {
		d[i] = ^uint64(0)
	}
	trim(d, w)
}

// limit is the greatest signed value of w bits, or, negative, the least.
func limit(d []uint64, w int, negative uint64) {
	if negative != 0 {
		clear(d)
		d[(w-1)/64] = 1 << ((w - 1) % 64)
		return
	}
	fill(d, w)
	d[(w-1)/64] &^= 1 << ((w - 1) % 64)
}

// signExtend widens x from k bits to d's w bits.
func signExtend(d, x []uint64, k, w int) {
	neg := bitOf(x, k-1) == 1
	copy(d, x)
	if !neg {
		clear(d[min(len(x), len(d)):])
		return
	}
	for i := range d {
		if i*64 >= k {
			d[i] = ^uint64(0)
		} else if k-i*64 < 64 {
			d[i] |= ^ones(k - i*64)
		}
	}
	trim(d, w)
}

func equalWide(x, y []uint64) bool {
	for i := range x {
		if x[i] != y[i] {
			return false
		}
	}
	return true
}

func matchWide(x, m, y []uint64) bool {
	for i := range x {
		if x[i]&m[i] != y[i] {
			return false
		}
	}
	return true
}

func lessWide(x, y []uint64, w int, signed bool) bool {
	if signed {
		if sx, sy := bitOf(x, w-1), bitOf(y, w-1); sx != sy {
			return sx == 1
		}
	}
	for i := len(x) - 1; i >= 0; i-- {
		if x[i] != y[i] {
			return x[i] < y[i]
		}
	}
	return false
}

func clampWide(x []uint64) uint64 {
	for _, v := range x[1:] {
		if v != 0 {
			return ^uint64(0)
		}
	}
	return x[0]
}
