package pipeline

import (
	"math/bits"
	"unsafe"

	"gofino/pipeline/ir"
)

// run is the fast engine: one flat loop over the gress's code. It is long
// because it is one dispatch switch; every case is a few lines, and what is rare
// or long is a call.
func (pi *Pipe) run(p *Pass, dir ir.Dir) {
	if p.pipe != pi || p.dir != dir {
		panic("BUG: a Pass runs in the pipe and gress that made it")
	}
	g := pi.gress[dir]
	p.begin(g)
	// All that is live over the loop fits in registers: the rest is in p.
	code := unsafe.Pointer(&g.code[0])
	ip := unsafe.Add(code, instrSize) // next instruction
	m := unsafe.Pointer(&p.mem[0])    // for offsets that verify has checked
	for {
		i := (*instr)(ip)
		ip = unsafe.Add(ip, instrSize)
		switch i.op {
		case opEnd:
			return
		case opJump:
			ip = to(code, i.b)
		case opBrZ:
			if p.regs[i.x] == 0 {
				ip = to(code, i.b)
			}
		case opBrNZ:
			if p.regs[i.x] != 0 {
				ip = to(code, i.b)
			}
		case opBrEqK:
			if p.regs[i.x]&i.m == i.k {
				ip = to(code, i.b)
			}
		case opBrNeK:
			if p.regs[i.x]&i.m != i.k {
				ip = to(code, i.b)
			}
		case opBrLtK:
			if p.regs[i.x] < i.k {
				ip = to(code, i.b)
			}
		case opBrGtK:
			if p.regs[i.x] > i.k {
				ip = to(code, i.b)
			}
		case opBrEq8:
			if *at8(m, i.a)&byte(i.m) == byte(i.k) {
				ip = to(code, i.b)
			}
		case opBrNe8:
			if *at8(m, i.a)&byte(i.m) != byte(i.k) {
				ip = to(code, i.b)
			}
		case opBrEq16:
			if be16(m, i.a)&uint16(i.m) == uint16(i.k) {
				ip = to(code, i.b)
			}
		case opBrNe16:
			if be16(m, i.a)&uint16(i.m) != uint16(i.k) {
				ip = to(code, i.b)
			}
		case opBrEq32:
			if be32(m, i.a)&uint32(i.m) == uint32(i.k) {
				ip = to(code, i.b)
			}
		case opBrNe32:
			if be32(m, i.a)&uint32(i.m) != uint32(i.k) {
				ip = to(code, i.b)
			}
		case opBrEq64:
			if be64(m, i.a)&i.m == i.k {
				ip = to(code, i.b)
			}
		case opBrNe64:
			if be64(m, i.a)&i.m != i.k {
				ip = to(code, i.b)
			}
		case opBrLtU:
			if p.regs[i.x] < p.regs[i.y] {
				ip = to(code, i.b)
			}
		case opBrGeU:
			if p.regs[i.x] >= p.regs[i.y] {
				ip = to(code, i.b)
			}
		case opSwDense:
			s := &g.sw[i.a]
			if v := p.regs[i.x]&i.m - i.k; v < uint64(len(s.dense)) {
				ip = to(code, s.dense[v])
			} else {
				ip = to(code, s.miss)
			}
		case opSwHash:
			ip = to(code, g.sw[i.a].find(p.regs[i.x]&i.m))
		case opSwRows:
			ip = to(code, g.sw[i.a].match(p.regs[i.x]))
		case opValueSet:
			p.regs[i.d] = b2u(p.pipe.st.ValueSets[i.a].Has(p.port(), p.mem[i.b:i.b+int32(i.n)]))

		case opConst:
			p.regs[i.d] = i.k
		case opLd8:
			p.regs[i.d] = uint64(*at8(m, i.a)) >> (i.sh & 63) & i.m
		case opLd16:
			p.regs[i.d] = uint64(be16(m, i.a)) >> (i.sh & 63) & i.m
		case opLd32:
			p.regs[i.d] = uint64(be32(m, i.a)) >> (i.sh & 63) & i.m
		case opLd64:
			p.regs[i.d] = be64(m, i.a) >> (i.sh & 63) & i.m
		case opLd72:
			p.regs[i.d] = load9(p.mem[i.a:], i.sh) & i.m
		case opSt8:
			b := at8(m, i.a)
			*b = *b&^byte(i.m) | byte(p.regs[i.x]<<(i.sh&63)&i.m)
		case opSt16:
			put16(m, i.a, be16(m, i.a)&^uint16(i.m)|uint16(p.regs[i.x]<<(i.sh&63)&i.m))
		case opSt32:
			put32(m, i.a, be32(m, i.a)&^uint32(i.m)|uint32(p.regs[i.x]<<(i.sh&63)&i.m))
		case opSt64:
			put64(m, i.a, be64(m, i.a)&^i.m|p.regs[i.x]<<(i.sh&63)&i.m)
		case opSt72:
			store9(p.mem[i.a:], p.regs[i.x]&i.m, i.sh, i.m)
		case opPut8:
			*at8(m, i.a) = byte(p.regs[i.x])
		case opPut16:
			put16(m, i.a, uint16(p.regs[i.x]))
		case opPut32:
			put32(m, i.a, uint32(p.regs[i.x]))
		case opPut64:
			put64(m, i.a, p.regs[i.x])
		case opSetK8:
			b := at8(m, i.a)
			*b = *b&^byte(i.m) | byte(i.k)
		case opSetK16:
			put16(m, i.a, be16(m, i.a)&^uint16(i.m)|uint16(i.k))
		case opSetK32:
			put32(m, i.a, be32(m, i.a)&^uint32(i.m)|uint32(i.k))
		case opSetK64:
			put64(m, i.a, be64(m, i.a)&^i.m|i.k)
		case opPutK8:
			*at8(m, i.a) = byte(i.k)
		case opPutK16:
			put16(m, i.a, uint16(i.k))
		case opPutK32:
			put32(m, i.a, uint32(i.k))
		case opPutK64:
			put64(m, i.a, i.k)
		case opMove1:
			*at8(m, i.a) = *at8(m, i.b)
		case opMove2:
			put16(m, i.a, be16(m, i.b))
		case opMove4:
			put32(m, i.a, be32(m, i.b))
		case opMove6:
			hi, lo := be32(m, i.b), be16(m, i.b+4)
			put32(m, i.a, hi)
			put16(m, i.a+4, lo)
		case opMove8:
			put64(m, i.a, be64(m, i.b))
		case opMove16:
			hi, lo := be64(m, i.b), be64(m, i.b+8)
			put64(m, i.a, hi)
			put64(m, i.a+8, lo)
		case opMoveN:
			copy(p.mem[i.a:i.a+int32(i.n)], p.mem[i.b:])
		case opInc8:
			*at8(m, i.a) += byte(i.k)
		case opInc16:
			put16(m, i.a, be16(m, i.a)+uint16(i.k))
		case opInc32:
			put32(m, i.a, be32(m, i.a)+uint32(i.k))

		case opAdd:
			p.regs[i.d] = (p.regs[i.x] + p.regs[i.y]) & i.m
		case opAddK:
			p.regs[i.d] = (p.regs[i.x] + i.k) & i.m
		case opSub:
			p.regs[i.d] = (p.regs[i.x] - p.regs[i.y]) & i.m
		case opMul:
			p.regs[i.d] = p.regs[i.x] * p.regs[i.y] & i.m
		case opDiv:
			p.regs[i.d] = divide(p.regs[i.x], p.regs[i.y])
		case opMod:
			p.regs[i.d] = modulo(p.regs[i.x], p.regs[i.y])
		case opAddSU:
			v, carry := bits.Add64(p.regs[i.x], p.regs[i.y], 0)
			if carry != 0 || v > i.m {
				v = i.m
			}
			p.regs[i.d] = v
		case opSubSU:
			x, y := p.regs[i.x], p.regs[i.y]
			p.regs[i.d] = x - min(x, y)
		case opAddSS:
			p.regs[i.d] = addSigned(p.regs[i.x], p.regs[i.y], i.sh) & i.m
		case opSubSS:
			p.regs[i.d] = subSigned(p.regs[i.x], p.regs[i.y], i.sh) & i.m
		case opShl:
			p.regs[i.d] = p.regs[i.x] << p.regs[i.y] & i.m
		case opShlK:
			p.regs[i.d] = p.regs[i.x] << (i.sh & 63) & i.m
		case opShr:
			p.regs[i.d] = p.regs[i.x] >> p.regs[i.y]
		case opShrK:
			p.regs[i.d] = p.regs[i.x] >> (i.sh & 63) & i.m
		case opSar:
			p.regs[i.d] = uint64(int64(p.regs[i.x]<<(i.sh&63))>>(i.sh&63)>>p.regs[i.y]) & i.m
		case opAnd:
			p.regs[i.d] = p.regs[i.x] & p.regs[i.y]
		case opAndK:
			p.regs[i.d] = p.regs[i.x] & i.k
		case opOr:
			p.regs[i.d] = p.regs[i.x] | p.regs[i.y]
		case opOrK:
			p.regs[i.d] = p.regs[i.x] | i.k
		case opXor:
			p.regs[i.d] = p.regs[i.x] ^ p.regs[i.y]
		case opXorK:
			p.regs[i.d] = p.regs[i.x] ^ i.k
		case opCat:
			p.regs[i.d] = p.regs[i.x]<<(i.sh&63) | p.regs[i.y]
		case opEq:
			p.regs[i.d] = b2u(p.regs[i.x] == p.regs[i.y])
		case opNe:
			p.regs[i.d] = b2u(p.regs[i.x] != p.regs[i.y])
		case opLtU:
			p.regs[i.d] = b2u(p.regs[i.x] < p.regs[i.y])
		case opLeU:
			p.regs[i.d] = b2u(p.regs[i.x] <= p.regs[i.y])
		case opLtS:
			p.regs[i.d] = b2u(int64(p.regs[i.x]<<(i.sh&63)) < int64(p.regs[i.y]<<(i.sh&63)))
		case opLeS:
			p.regs[i.d] = b2u(int64(p.regs[i.x]<<(i.sh&63)) <= int64(p.regs[i.y]<<(i.sh&63)))
		case opEqK:
			p.regs[i.d] = b2u(p.regs[i.x] == i.k)
		case opMinU:
			p.regs[i.d] = min(p.regs[i.x], p.regs[i.y])
		case opMaxU:
			p.regs[i.d] = max(p.regs[i.x], p.regs[i.y])
		case opMinS:
			p.regs[i.d] = uint64(min(int64(p.regs[i.x]<<(i.sh&63)), int64(p.regs[i.y]<<(i.sh&63)))) >> (i.sh & 63)
		case opMaxS:
			p.regs[i.d] = uint64(max(int64(p.regs[i.x]<<(i.sh&63)), int64(p.regs[i.y]<<(i.sh&63)))) >> (i.sh & 63)
		case opNeg:
			p.regs[i.d] = -p.regs[i.x] & i.m
		case opSext:
			p.regs[i.d] = uint64(int64(p.regs[i.x]<<(i.sh&63))>>(i.sh&63)) & i.m
		case opWide:
			p.wideOp(g, &g.wides[i.a])

		case opTick:
			if p.states++; p.states > maxStates {
				p.Err |= ErrTimeoutHW
				ip = to(code, g.parserEnd)
			}
		case opExtract:
			n := int(i.n)
			if n > len(p.In)-p.Consumed {
				p.Err |= ErrPartialHdr
				ip = to(code, g.parserEnd)
				continue
			}
			copy(p.mem[i.a:int(i.a)+n], p.In[p.Consumed:])
			p.Consumed += n
			*at8(m, i.b) |= i.y
			if g.track {
				p.dirty[i.k>>6] |= 1 << (i.k & 63)
			}
		case opExtractS:
			n := int(i.n)
			if n > len(p.In)-p.Consumed {
				p.Err |= ErrPartialHdr
				ip = to(code, g.parserEnd)
				continue
			}
			copyShort(unsafe.Add(m, i.a), unsafe.Pointer(&p.In[p.Consumed]), int32(n))
			p.Consumed += n
			*at8(m, i.b) |= i.y
			if g.track {
				p.dirty[i.k>>6] |= 1 << (i.k & 63)
			}
		case opExtractNext:
			n, err := p.extractNext(g, &g.nexts[i.a], p.In[p.Consumed:])
			if err {
				ip = to(code, g.parserEnd)
				continue
			}
			p.Consumed += n
		case opAdvance:
			n := p.regs[i.x] >> 3
			if n > uint64(len(p.In)-p.Consumed) {
				p.Err |= ErrPartialHdr
				ip = to(code, g.parserEnd)
				continue
			}
			p.Consumed += int(n)
		case opAdvanceK:
			if int(i.n) > len(p.In)-p.Consumed {
				p.Err |= ErrPartialHdr
				ip = to(code, g.parserEnd)
				continue
			}
			p.Consumed += int(i.n)
		case opLook:
			end := int(i.a) + int(i.n)
			if end > (len(p.In)-p.Consumed)*8 {
				p.Err |= ErrPartialHdr
				ip = to(code, g.parserEnd)
				continue
			}
			p.regs[i.d] = lookBits(p.In[p.Consumed:], end) & i.m
		case opLookN:
			l := &g.looks[i.a]
			if l.off+l.loc.Width > (len(p.In)-p.Consumed)*8 {
				p.Err |= ErrPartialHdr
				ip = to(code, g.parserEnd)
				continue
			}
			lookWide(p.mem, l, p.In[p.Consumed:])
		case opBits:
			if !p.bitStep(g, &g.bitOps[i.a]) {
				ip = to(code, g.parserEnd)
			}
		case opFail:
			p.Err |= ParserError(i.k)
			ip = to(code, g.parserEnd)
		case opReject:
			p.Verdict = ParserReject
		case opCtrSet:
			p.ctr.v = uint8(p.regs[i.x])
		case opCtrField:
			v, ok := counterField(&g.ctrs[i.a], p.regs[i.x])
			if !ok {
				p.Err |= ErrCtrRange
				ip = to(code, g.parserEnd)
				continue
			}
			p.ctr.v = v
		case opCtrAdd:
			p.ctr.add(uint8(p.regs[i.x]))
		case opCtrSub:
			p.ctr.add(-uint8(p.regs[i.x]))
		case opCtrPush:
			p.ctr.push(i.y != 0)
		case opCtrPop:
			p.ctr.pop()
		case opCtrZero:
			p.regs[i.d] = b2u(p.ctr.v == 0)
		case opCtrNeg:
			p.regs[i.d] = uint64(p.ctr.v >> 7)
		case opUnit:
			p.units[i.x].add(p.sum, int(i.n), i.y != 0)
			p.sum = 0
		case opUnitVerify:
			p.regs[i.d] = b2u(p.units[i.x].sum != 0xffff)
		case opUnitGet:
			p.regs[i.d] = p.units[i.x].sum
		case opUnitLater:
			p.units[i.x].later = i.a
		case opUnitExtract:
			p.subtractHeader(p.mem[i.a : i.a+int32(i.n)])
		case opUnitEnd:
			if u := &p.units[i.x]; u.later == i.a {
				p.regs[i.d] = u.sum
			} else {
				ip = to(code, i.b)
			}
		case opParserEnd:
			if p.endParser(g) {
				return
			}

		case opApply:
			a := g.applies[i.a]
			e, hit := a.lookup(p.mem)
			if act := p.start(a, e, hit, e.Act()); act != nil && act.pc != 0 {
				p.back, ip = ip, to(code, act.pc)
			}
		case opLookup:
			a := g.applies[i.a]
			e, hit := a.lookup(p.mem)
			p.entry, p.hit = e, hit
			if a.hash == nil || !a.match.NeedsHash(e) {
				ip = to(code, i.b)
			}
		case opChoose:
			p.lo, p.hi = g.applies[i.a].hash.Sum128(p.mem[i.b : i.b+int32(i.n)])
		case opRun:
			a := g.applies[i.a]
			if act := p.start(a, p.entry, p.hit, a.match.Resolve(p.entry, p.lo, p.hi)); act != nil && act.pc != 0 {
				p.back, ip = ip, to(code, act.pc)
			}
		case opReturn:
			ip = p.back
		case opHash:
			p.regs[i.d] = g.hashes[i.a].Sum64(p.mem[i.b:i.b+int32(i.n)]) & i.m
		case opHashN:
			g.hashes[i.a].Sum(p.mem[i.k:i.k+i.m], p.mem[i.b:i.b+int32(i.n)])
		case opHashDyn:
			p.regs[i.d] = g.dyns[i.a].word(p.mem) & i.m
		case opHashDynN:
			g.dyns[i.a].wide(p.mem)
		case opRandom:
			p.regs[i.d] = p.Rand.Uint64() & i.m
		case opCount:
			n := p.Bytes
			if i.n != 0 {
				n -= int(min(p.regs[i.y], uint64(n)))
			}
			p.pipe.st.Counters[i.a].Count(p.regs[i.x], n)
		case opCountCell:
			n := p.Bytes
			if i.n != 0 {
				n -= int(min(p.regs[i.y], uint64(n)))
			}
			p.pipe.st.Counters[i.a].CountCell(p.cell, n)
		case opCountLate:
			p.countLate(i)
		case opMeter:
			p.regs[i.d] = p.meter(i)
		case opFilter:
			p.regs[i.d] = p.filter(i)
		case opRegGet:
			lo, hi, ok := p.pipe.st.Registers[i.a].Get(p.regs[i.x])
			if !ok {
				ip = to(code, i.b)
				continue
			}
			p.regs[i.d], p.regs[i.d+1] = lo, hi
		case opRegSet:
			p.pipe.st.Registers[i.a].Set(p.regs[i.x], p.regs[i.y], p.regs[i.d])
		case opRegClear:
			p.pipe.st.Registers[i.a].Clear(p.regs[i.y], p.regs[i.d])
		case opRegCell:
			p.regs[i.d] = uint64(p.cell)
		case opRegLog:
			p.regs[i.d] = p.pipe.nextLog(int(i.a))
		case opParam:
			p.regs[i.d] = p.pipe.st.Params[i.a].Load() & i.m
		case opMath:
			p.regs[i.d] = mathUnit(&g.math[i.a], p.regs[i.x]) & i.m
		case opStackLast:
			p.regs[i.d] = g.lasts[i.a].load(p.mem)

		case opSumMem:
			s := sumBytes(p.mem[i.a : i.a+int32(i.n)])
			if i.y != 0 {
				s = fold(s) << 8
			}
			p.sum += s
		case opSumReg:
			p.sum += fold(p.regs[i.x]) << (i.sh & 63)
		case opSumEnd:
			v := ^fold(p.sum) & 0xffff
			if v == 0 && i.y != 0 && p.regs[i.x] != 0 {
				v = 0xffff
			}
			p.regs[i.d] = v
			p.sum = 0
		case opEmit:
			p.emit(g.emits[i.a])
		case opMirror:
			p.Mirror = Emission{Index: int(i.a), Session: p.regs[i.x], Data: p.mem[i.b : i.b+int32(i.n)]}
		case opResub:
			p.Resubmit = Emission{Index: int(i.a), Data: p.mem[i.b : i.b+int32(i.n)]}
		case opPktgen:
			p.Pktgen = Emission{Data: p.mem[i.b : i.b+int32(i.n)]}
		case opDigest:
			p.Digest = Emission{Index: int(i.a), Data: p.mem[i.b : i.b+int32(i.n)]}
		default:
			panic("BUG: operation without a rule")
		}
	}
}
