package pipeline

import (
	"encoding/binary"
	"math/bits"

	"gofino/pipeline/ir"
)

// run is the fast engine: one flat loop over the gress's code. It is long
// because it is one dispatch switch; every case is a few lines, and what is rare
// or long is a call.
//
//gocyclo:ignore
func (pi *Pipe) run(p *Pass, dir ir.Dir) {
	if p.pipe != pi || p.dir != dir {
		panic("BUG: a Pass runs in the pipe and gress that made it")
	}
	g := pi.gress[dir]
	p.begin(g)
	var (
		code   = g.code
		mem    = p.mem
		r      = &p.regs
		in     = p.In
		pc     = int32(1)
		back   int32 // where the action's body returns
		cur    int   // bytes of in parsed so far
		states int
		sum    uint64 // pending checksum
	)
	for {
		i := &code[pc]
		pc++
		switch i.op {
		case opEnd:
			return
		case opJump:
			pc = i.b
		case opBrZ:
			if r[i.x] == 0 {
				pc = i.b
			}
		case opBrNZ:
			if r[i.x] != 0 {
				pc = i.b
			}
		case opBrEqK:
			if r[i.x]&i.m == i.k {
				pc = i.b
			}
		case opBrNeK:
			if r[i.x]&i.m != i.k {
				pc = i.b
			}
		case opBrLtK:
			if r[i.x] < i.k {
				pc = i.b
			}
		case opBrGtK:
			if r[i.x] > i.k {
				pc = i.b
			}
		case opBrEq8:
			if mem[i.a]&byte(i.m) == byte(i.k) {
				pc = i.b
			}
		case opBrNe8:
			if mem[i.a]&byte(i.m) != byte(i.k) {
				pc = i.b
			}
		case opBrEq16:
			if binary.BigEndian.Uint16(mem[i.a:])&uint16(i.m) == uint16(i.k) {
				pc = i.b
			}
		case opBrNe16:
			if binary.BigEndian.Uint16(mem[i.a:])&uint16(i.m) != uint16(i.k) {
				pc = i.b
			}
		case opBrEq32:
			if binary.BigEndian.Uint32(mem[i.a:])&uint32(i.m) == uint32(i.k) {
				pc = i.b
			}
		case opBrNe32:
			if binary.BigEndian.Uint32(mem[i.a:])&uint32(i.m) != uint32(i.k) {
				pc = i.b
			}
		case opBrEq64:
			if binary.BigEndian.Uint64(mem[i.a:])&i.m == i.k {
				pc = i.b
			}
		case opBrNe64:
			if binary.BigEndian.Uint64(mem[i.a:])&i.m != i.k {
				pc = i.b
			}
		case opBrLtU:
			if r[i.x] < r[i.y] {
				pc = i.b
			}
		case opBrGeU:
			if r[i.x] >= r[i.y] {
				pc = i.b
			}
		case opSwDense:
			s := &g.sw[i.a]
			if v := r[i.x]&i.m - i.k; v < uint64(len(s.dense)) {
				pc = s.dense[v]
			} else {
				pc = s.miss
			}
		case opSwHash:
			pc = g.sw[i.a].find(r[i.x] & i.m)
		case opSwRows:
			pc = g.sw[i.a].match(r[i.x])
		case opValueSet:
			r[i.d] = b2u(pi.st.ValueSets[i.a].Contains(mem[i.b : i.b+int32(i.n)]))

		case opConst:
			r[i.d] = i.k
		case opLd8:
			r[i.d] = uint64(mem[i.a]) >> (i.sh & 63) & i.m
		case opLd16:
			r[i.d] = uint64(binary.BigEndian.Uint16(mem[i.a:])) >> (i.sh & 63) & i.m
		case opLd32:
			r[i.d] = uint64(binary.BigEndian.Uint32(mem[i.a:])) >> (i.sh & 63) & i.m
		case opLd64:
			r[i.d] = binary.BigEndian.Uint64(mem[i.a:]) >> (i.sh & 63) & i.m
		case opLd72:
			r[i.d] = load9(mem[i.a:], i.sh) & i.m
		case opSt8:
			b := &mem[i.a]
			*b = *b&^byte(i.m) | byte(r[i.x]<<(i.sh&63)&i.m)
		case opSt16:
			b := mem[i.a:]
			binary.BigEndian.PutUint16(b, binary.BigEndian.Uint16(b)&^uint16(i.m)|uint16(r[i.x]<<(i.sh&63)&i.m))
		case opSt32:
			b := mem[i.a:]
			binary.BigEndian.PutUint32(b, binary.BigEndian.Uint32(b)&^uint32(i.m)|uint32(r[i.x]<<(i.sh&63)&i.m))
		case opSt64:
			b := mem[i.a:]
			binary.BigEndian.PutUint64(b, binary.BigEndian.Uint64(b)&^i.m|r[i.x]<<(i.sh&63)&i.m)
		case opSt72:
			store9(mem[i.a:], r[i.x]&i.m, i.sh, i.m)
		case opPut16:
			binary.BigEndian.PutUint16(mem[i.a:], uint16(r[i.x]))
		case opPut32:
			binary.BigEndian.PutUint32(mem[i.a:], uint32(r[i.x]))
		case opPut64:
			binary.BigEndian.PutUint64(mem[i.a:], r[i.x])
		case opSetK8:
			b := &mem[i.a]
			*b = *b&^byte(i.m) | byte(i.k)
		case opSetK16:
			b := mem[i.a:]
			binary.BigEndian.PutUint16(b, binary.BigEndian.Uint16(b)&^uint16(i.m)|uint16(i.k))
		case opSetK32:
			b := mem[i.a:]
			binary.BigEndian.PutUint32(b, binary.BigEndian.Uint32(b)&^uint32(i.m)|uint32(i.k))
		case opSetK64:
			b := mem[i.a:]
			binary.BigEndian.PutUint64(b, binary.BigEndian.Uint64(b)&^i.m|i.k)
		case opPutK16:
			binary.BigEndian.PutUint16(mem[i.a:], uint16(i.k))
		case opPutK32:
			binary.BigEndian.PutUint32(mem[i.a:], uint32(i.k))
		case opPutK64:
			binary.BigEndian.PutUint64(mem[i.a:], i.k)
		case opMove1:
			mem[i.a] = mem[i.b]
		case opMove2:
			binary.NativeEndian.PutUint16(mem[i.a:], binary.NativeEndian.Uint16(mem[i.b:]))
		case opMove4:
			binary.NativeEndian.PutUint32(mem[i.a:], binary.NativeEndian.Uint32(mem[i.b:]))
		case opMove6:
			hi, lo := binary.NativeEndian.Uint32(mem[i.b:]), binary.NativeEndian.Uint16(mem[i.b+4:])
			binary.NativeEndian.PutUint32(mem[i.a:], hi)
			binary.NativeEndian.PutUint16(mem[i.a+4:], lo)
		case opMove8:
			binary.NativeEndian.PutUint64(mem[i.a:], binary.NativeEndian.Uint64(mem[i.b:]))
		case opMove16:
			hi, lo := binary.NativeEndian.Uint64(mem[i.b:]), binary.NativeEndian.Uint64(mem[i.b+8:])
			binary.NativeEndian.PutUint64(mem[i.a:], hi)
			binary.NativeEndian.PutUint64(mem[i.a+8:], lo)
		case opMoveN:
			copy(mem[i.a:i.a+int32(i.n)], mem[i.b:])
		case opInc8:
			mem[i.a] += byte(i.k)
		case opInc16:
			b := mem[i.a:]
			binary.BigEndian.PutUint16(b, binary.BigEndian.Uint16(b)+uint16(i.k))
		case opInc32:
			b := mem[i.a:]
			binary.BigEndian.PutUint32(b, binary.BigEndian.Uint32(b)+uint32(i.k))

		case opAdd:
			r[i.d] = (r[i.x] + r[i.y]) & i.m
		case opAddK:
			r[i.d] = (r[i.x] + i.k) & i.m
		case opSub:
			r[i.d] = (r[i.x] - r[i.y]) & i.m
		case opMul:
			r[i.d] = r[i.x] * r[i.y] & i.m
		case opDiv:
			r[i.d] = divide(r[i.x], r[i.y])
		case opMod:
			r[i.d] = modulo(r[i.x], r[i.y])
		case opAddSU:
			v, carry := bits.Add64(r[i.x], r[i.y], 0)
			if carry != 0 || v > i.m {
				v = i.m
			}
			r[i.d] = v
		case opSubSU:
			x, y := r[i.x], r[i.y]
			r[i.d] = x - min(x, y)
		case opAddSS:
			r[i.d] = addSigned(r[i.x], r[i.y], i.sh) & i.m
		case opSubSS:
			r[i.d] = subSigned(r[i.x], r[i.y], i.sh) & i.m
		case opShl:
			r[i.d] = r[i.x] << r[i.y] & i.m
		case opShlK:
			r[i.d] = r[i.x] << (i.sh & 63) & i.m
		case opShr:
			r[i.d] = r[i.x] >> r[i.y]
		case opShrK:
			r[i.d] = r[i.x] >> (i.sh & 63) & i.m
		case opSar:
			r[i.d] = uint64(int64(r[i.x]<<(i.sh&63))>>(i.sh&63)>>r[i.y]) & i.m
		case opAnd:
			r[i.d] = r[i.x] & r[i.y]
		case opAndK:
			r[i.d] = r[i.x] & i.k
		case opOr:
			r[i.d] = r[i.x] | r[i.y]
		case opOrK:
			r[i.d] = r[i.x] | i.k
		case opXor:
			r[i.d] = r[i.x] ^ r[i.y]
		case opXorK:
			r[i.d] = r[i.x] ^ i.k
		case opCat:
			r[i.d] = r[i.x]<<(i.sh&63) | r[i.y]
		case opEq:
			r[i.d] = b2u(r[i.x] == r[i.y])
		case opNe:
			r[i.d] = b2u(r[i.x] != r[i.y])
		case opLtU:
			r[i.d] = b2u(r[i.x] < r[i.y])
		case opLeU:
			r[i.d] = b2u(r[i.x] <= r[i.y])
		case opLtS:
			r[i.d] = b2u(int64(r[i.x]<<(i.sh&63)) < int64(r[i.y]<<(i.sh&63)))
		case opLeS:
			r[i.d] = b2u(int64(r[i.x]<<(i.sh&63)) <= int64(r[i.y]<<(i.sh&63)))
		case opEqK:
			r[i.d] = b2u(r[i.x] == i.k)
		case opMinU:
			r[i.d] = min(r[i.x], r[i.y])
		case opMaxU:
			r[i.d] = max(r[i.x], r[i.y])
		case opMinS:
			r[i.d] = uint64(min(int64(r[i.x]<<(i.sh&63)), int64(r[i.y]<<(i.sh&63)))) >> (i.sh & 63)
		case opMaxS:
			r[i.d] = uint64(max(int64(r[i.x]<<(i.sh&63)), int64(r[i.y]<<(i.sh&63)))) >> (i.sh & 63)
		case opNeg:
			r[i.d] = -r[i.x] & i.m
		case opSext:
			r[i.d] = uint64(int64(r[i.x]<<(i.sh&63))>>(i.sh&63)) & i.m
		case opWide:
			p.wideOp(g, &g.wides[i.a])

		case opTick:
			if states++; states > maxStates {
				p.Err |= ErrTimeoutHW
				pc = g.parserEnd
			}
		case opExtract:
			n := int(i.n)
			if n > len(in)-cur {
				p.Err |= ErrPartialHdr
				pc = g.parserEnd
				continue
			}
			copy(mem[i.a:int(i.a)+n], in[cur:])
			cur += n
			mem[i.b] |= i.y
			if g.track {
				p.dirty[i.k>>6] |= 1 << (i.k & 63)
			}
		case opExtractNext:
			n, err := p.extractNext(g, &g.nexts[i.a], in[cur:])
			if err {
				pc = g.parserEnd
				continue
			}
			cur += n
		case opAdvance:
			n := r[i.x] >> 3
			if n > uint64(len(in)-cur) {
				p.Err |= ErrPartialHdr
				pc = g.parserEnd
				continue
			}
			cur += int(n)
		case opAdvanceK:
			if int(i.n) > len(in)-cur {
				p.Err |= ErrPartialHdr
				pc = g.parserEnd
				continue
			}
			cur += int(i.n)
		case opLook:
			end := int(i.a) + int(i.n)
			if end > (len(in)-cur)*8 {
				p.Err |= ErrPartialHdr
				pc = g.parserEnd
				continue
			}
			r[i.d] = lookBits(in[cur:], end) & i.m
		case opLookN:
			l := &g.looks[i.a]
			if l.off+l.loc.Width > (len(in)-cur)*8 {
				p.Err |= ErrPartialHdr
				pc = g.parserEnd
				continue
			}
			lookWide(mem, l, in[cur:])
		case opFail:
			p.Err |= ParserError(i.k)
			pc = g.parserEnd
		case opReject:
			p.Verdict = ParserReject
		case opCtrSet:
			p.ctr.v = uint8(r[i.x])
		case opCtrField:
			v, ok := counterField(&g.ctrs[i.a], r[i.x])
			if !ok {
				p.Err |= ErrCtrRange
				pc = g.parserEnd
				continue
			}
			p.ctr.v = v
		case opCtrAdd:
			p.ctr.add(uint8(r[i.x]))
		case opCtrSub:
			p.ctr.add(-uint8(r[i.x]))
		case opCtrPush:
			p.ctr.push(i.y != 0)
		case opCtrPop:
			p.ctr.pop()
		case opCtrZero:
			r[i.d] = b2u(p.ctr.v == 0)
		case opCtrNeg:
			r[i.d] = uint64(p.ctr.v >> 7)
		case opUnit:
			p.units[i.x].add(sum, int(i.n), i.y != 0)
			sum = 0
		case opUnitVerify:
			r[i.d] = b2u(p.units[i.x].sum != 0xffff)
		case opUnitGet:
			r[i.d] = p.units[i.x].sum
		case opUnitLater:
			p.units[i.x].later = i.a
		case opUnitExtract:
			p.subtractHeader(mem[i.a : i.a+int32(i.n)])
		case opUnitEnd:
			if u := &p.units[i.x]; u.later == i.a {
				r[i.d] = u.sum
			} else {
				pc = i.b
			}
		case opParserEnd:
			p.Consumed = cur
			if p.endParser(g) {
				return
			}

		case opApply:
			a := g.applies[i.a]
			e, hit := a.lookup(mem)
			if act := p.start(a, e, hit, e.Act()); act != nil && act.pc != 0 {
				back, pc = pc, act.pc
			}
		case opLookup:
			a := g.applies[i.a]
			e, hit := a.lookup(mem)
			p.entry, p.hit = e, hit
			if a.hash == nil || !a.match.NeedsHash(e) {
				pc = i.b
			}
		case opChoose:
			p.lo, p.hi = g.applies[i.a].hash.Sum128(mem[i.b : i.b+int32(i.n)])
		case opRun:
			a := g.applies[i.a]
			if act := p.start(a, p.entry, p.hit, a.match.Resolve(p.entry, p.lo, p.hi)); act != nil && act.pc != 0 {
				back, pc = pc, act.pc
			}
		case opReturn:
			pc = back
		case opHash:
			r[i.d] = g.hashes[i.a].Sum64(mem[i.b:i.b+int32(i.n)]) & i.m
		case opHashN:
			g.hashes[i.a].Sum(mem[i.k:i.k+i.m], mem[i.b:i.b+int32(i.n)])
		case opRandom:
			r[i.d] = p.Rand.Uint64() & i.m
		case opCount:
			n := p.Bytes
			if i.n != 0 {
				n -= int(min(r[i.y], uint64(n)))
			}
			pi.st.Counters[i.a].Count(r[i.x], n)
		case opCountCell:
			n := p.Bytes
			if i.n != 0 {
				n -= int(min(r[i.y], uint64(n)))
			}
			pi.st.Counters[i.a].CountCell(p.cell, n)
		case opRegGet:
			lo, hi, ok := pi.st.Registers[i.a].Get(r[i.x])
			if !ok {
				pc = i.b
				continue
			}
			r[i.d], r[i.d+1] = lo, hi
		case opRegSet:
			pi.st.Registers[i.a].Set(r[i.x], r[i.y], r[i.d])
		case opRegCell:
			r[i.d] = uint64(p.cell)
		case opRegLog:
			r[i.d] = pi.nextLog(int(i.a))
		case opParam:
			r[i.d] = pi.st.Params[i.a].Load() & i.m
		case opMath:
			r[i.d] = mathUnit(&g.math[i.a], r[i.x]) & i.m
		case opStackLast:
			r[i.d] = g.lasts[i.a].load(mem)

		case opSumMem:
			s := sumBytes(mem[i.a : i.a+int32(i.n)])
			if i.y != 0 {
				s = fold(s) << 8
			}
			sum += s
		case opSumReg:
			sum += fold(r[i.x]) << (i.sh & 63)
		case opSumEnd:
			v := ^fold(sum) & 0xffff
			if v == 0 && i.y != 0 && r[i.x] != 0 {
				v = 0xffff
			}
			r[i.d] = v
			sum = 0
		case opEmit:
			p.emit(g.emits[i.a])
		case opFlush:
			p.flush()
		case opMirror:
			p.Mirror = Emission{Index: int(i.a), Session: r[i.x], Data: mem[i.b : i.b+int32(i.n)]}
		case opResub:
			p.Resubmit = Emission{Index: int(i.a), Data: mem[i.b : i.b+int32(i.n)]}
		default:
			panic("BUG: operation without a rule")
		}
	}
}
