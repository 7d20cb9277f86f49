package pipeline

import (
	"fmt"
	"math/big"
	"math/bits"

	"gofino/pipeline/ir"
	"gofino/tables"
)

func (r *reference) block(body []ir.Stmt) flow {
	for _, s := range body {
		if f := r.stmt(s); f.kind != goOn {
			return f
		}
	}
	return next
}

// stmt runs one statement.
func (r *reference) stmt(s ir.Stmt) flow {
	if r.clock != nil {
		if n, ok := r.clock.Statement(s); ok {
			r.cycle = n
		}
	}
	if c := r.capture; c != nil && c.Ran && !c.deep {
		return c.follow(r, s)
	}
	return r.run(s)
}

func (r *reference) run(s ir.Stmt) flow {
	switch s := s.(type) {
	case *ir.Assign:
		r.set(s.P, s.Dst, r.eval(s.X))
	case *ir.Copy:
		r.set(s.P, s.Dst, r.read(s.Src))
	case *ir.If:
		return r.ifStmt(s)
	case *ir.Switch:
		return r.switchStmt(s)
	case *ir.Block:
		if f := r.block(s.Body); f.kind != leave || f.label != s.Label {
			return f
		}
	case *ir.Break:
		return flow{leave, s.Label}
	case *ir.Exit:
		r.event(KindExit, s.P, "")
		return flow{kind: exited}
	case *ir.SetValid:
		r.validity(s.P, s.Header, 1)
	case *ir.SetInvalid:
		r.validity(s.P, s.Header, 0)
	case *ir.Push:
		r.shiftStack(s.P, "push", s.Stack, s.Count)
	case *ir.Pop:
		r.shiftStack(s.P, "pop", s.Stack, -s.Count)
	case *ir.Extract:
		return r.extract(s.P, s.Header)
	case *ir.ExtractVar:
		return r.extractVar(s)
	case *ir.ExtractNext:
		return r.extractNext(s)
	case *ir.Advance:
		return r.advance(s)
	case *ir.Lookahead:
		return r.lookahead(s)
	case *ir.CounterSet:
		return r.counterSet(s)
	case *ir.CounterAdd:
		r.counterAdd(s)
	case *ir.CounterPush:
		if len(r.counters) > ctrDepth {
			r.counters = append(r.counters[:0], r.counters[1:]...) // the oldest is lost
		}
		r.counter().follow = s.Update
		r.counters = append(r.counters, refCounter{v: r.counter().v})
		if s.Set != nil {
			return r.counterSet(s.Set)
		}
	case *ir.CounterPop:
		r.counters = r.counters[:len(r.counters)-1]
		if len(r.counters) == 0 {
			r.counters = []refCounter{{}}
		}
		r.event(KindCounter, s.P, "pop", "new", fmt.Sprint(r.counter().v))
	case *ir.ParserPriority:
	case *ir.ChecksumAdd:
		r.checksumAdd(s)
	case *ir.ChecksumVerify:
		wrong := r.units[s.Unit].sum != 0xffff
		r.event(KindChecksum, s.P, "verify", "sum", fmt.Sprintf("0x%04x", r.units[s.Unit].sum), "wrong", fmt.Sprint(wrong))
		r.set(s.P, s.Dst, flag(wrong))
	case *ir.ChecksumGet:
		r.event(KindChecksum, s.P, "get", "value", fmt.Sprintf("0x%04x", r.units[s.Unit].sum))
		r.set(s.P, s.Dst, big.NewInt(int64(r.units[s.Unit].sum)))
	case *ir.ChecksumDeposit:
		r.units[s.Unit].deposit = s
	case *ir.ChecksumUpdate:
		r.checksumUpdate(s)
	case *ir.HashGet:
		r.hashGet(s)
	case *ir.RandomGet:
		r.randomGet(s)
	case *ir.Count:
		r.count(s)
	case *ir.MeterExec:
		r.meterExec(s)
	case *ir.FilterExec:
		r.filterExec(s)
	case *ir.RegisterExec:
		r.registerExec(s)
	case *ir.RegisterPredicate:
		n := 0
		if s.Lo != nil {
			n += int(r.eval(s.Lo).Int64())
		}
		if s.Hi != nil {
			n += 2 * int(r.eval(s.Hi).Int64())
		}
		r.set(s.P, s.Dst, big.NewInt(1<<n))
	case *ir.RegisterRead:
		lo, hi, _ := r.pi.st.Registers[s.Register].Get(r.index(s.Index))
		r.event(KindRegister, s.P, r.pl.Registers[s.Register].Name, "op", "read", "index", fmt.Sprint(r.index(s.Index)), "old", cellText(lo, hi))
		r.set(s.P, s.Lo, new(big.Int).SetUint64(lo))
		r.set(s.P, s.Hi, new(big.Int).SetUint64(hi))
	case *ir.RegisterClear:
		r.registerClear(s)
	case *ir.RegisterWrite:
		r.registerWrite(s)
	case *ir.MathExec:
		x := r.eval(s.X)
		v := mathUnit(r.pl.MathUnits[s.Unit], x.Uint64())
		r.event(KindMath, s.P, r.pl.MathUnits[s.Unit].Name, "input", hexText(x, s.X.W()), "value", fmt.Sprintf("%#x", v))
		r.set(s.P, s.Dst, new(big.Int).SetUint64(v))
	case *ir.Apply:
		return r.apply(s)
	case *ir.Emit:
		r.emit(s)
	case *ir.MirrorEmit:
		r.mirrorEmit(s)
	case *ir.ResubmitEmit:
		r.resubmitEmit(s)
	case *ir.DigestEmit:
		r.digestEmit(s)
	case *ir.PktgenEmit:
		r.pktgenEmit(s)
	default:
		panic(fmt.Sprintf("BUG: statement %T", s))
	}
	return next
}

func (r *reference) ifStmt(s *ir.If) flow {
	yes := r.eval(s.Cond).Sign() != 0
	r.event(KindBranch, s.P, "if", "taken", fmt.Sprint(yes))
	if r.capture != nil && r.capture.Ran {
		r.capture.Gates[s] = yes
	}
	if yes {
		return r.block(s.Then)
	}
	return r.block(s.Else)
}

func (r *reference) switchStmt(s *ir.Switch) flow {
	tag := r.eval(s.Tag)
	for i, c := range s.Cases {
		for _, v := range c.Values {
			if v.Cmp(tag) == 0 {
				r.event(KindBranch, s.P, "switch", "value", hexText(tag, s.Tag.W()), "taken", fmt.Sprint("case ", i))
				return r.block(c.Body)
			}
		}
	}
	r.event(KindBranch, s.P, "switch", "value", hexText(tag, s.Tag.W()), "taken", "default")
	return r.block(s.Default)
}

func (r *reference) validity(pos ir.Pos, i int, v int64) {
	h := r.g.Headers[i]
	r.event(KindValid, pos, h.Name, "valid", fmt.Sprint(v == 1))
	r.write(h.Valid, big.NewInt(v))
}

// shiftStack moves the elements n places towards the end.
func (r *reference) shiftStack(pos ir.Pos, op string, i, n int) {
	s := r.g.Stacks[i]
	type element struct {
		data  []byte
		valid bool
	}
	old := make([]element, len(s.Headers))
	for j, h := range s.Headers {
		x := r.g.Headers[h]
		old[j] = element{append([]byte(nil), r.mem[x.Off:x.Off+x.Bytes]...), r.valid(x)}
	}
	for j, h := range s.Headers {
		x := r.g.Headers[h]
		if j-n < 0 || j-n >= len(old) {
			r.write(x.Valid, flag(false))
			continue
		}
		copy(r.mem[x.Off:], old[j-n].data)
		r.write(x.Valid, flag(old[j-n].valid))
	}
	at := int(r.read(s.Next).Int64()) + n
	at = max(0, min(at, len(s.Headers)))
	r.write(s.Next, big.NewInt(int64(at)))
	r.event(KindStack, pos, s.Name, "op", op, "count", fmt.Sprint(max(n, -n)), "next", fmt.Sprint(at))
}

// stop ends the parser with an error.
func (r *reference) stop(e ParserError) flow {
	r.p.Err |= e
	return flow{kind: ended}
}

func (r *reference) extract(pos ir.Pos, i int) flow {
	h := r.g.Headers[i]
	if r.cursor+h.Wire() > r.end {
		return r.stop(ErrPartialHdr)
	}
	data := r.packetBits(r.cursor, h.Wire())
	if r.sink != nil {
		r.event(KindExtract, pos, h.Name, "offset", byteCount(r.cursor), "bytes", byteCount(h.Wire()), "data", fmt.Sprintf("%x", data))
	}
	clear(r.mem[h.Off : h.Off+h.Bytes])
	copy(r.mem[h.Off:], data)
	r.cursor += h.Wire()
	r.write(h.Var, new(big.Int))
	r.write(h.Valid, flag(true))
	for j := range r.units {
		if r.units[j].deposit != nil {
			r.accumulate(j, data, true)
		}
	}
	return next
}

func (r *reference) extractVar(s *ir.ExtractVar) flow {
	h := r.g.Headers[s.Header]
	v := r.eval(s.Bits)
	if v.Cmp(big.NewInt(int64(8*h.Bytes-h.Wire()))) > 0 {
		return flow{kind: ended}
	}
	n := int(v.Int64())
	if r.cursor+n > r.end {
		return r.stop(ErrPartialHdr)
	}
	data := r.packetBits(r.cursor, n)
	if r.sink != nil {
		r.event(KindExtract, s.P, h.Name, "offset", byteCount(r.cursor), "bytes", byteCount(n), "data", fmt.Sprintf("%x", data))
	}
	copy(r.mem[h.Off+h.Wire()/8:], data)
	r.cursor += n
	r.write(h.Var, v)
	for j := range r.units {
		if r.units[j].deposit != nil {
			r.accumulate(j, data, true)
		}
	}
	return next
}

func (r *reference) extractNext(s *ir.ExtractNext) flow {
	st := r.g.Stacks[s.Stack]
	at := int(r.read(st.Next).Int64())
	if at >= len(st.Headers) {
		r.rejected = true
		return flow{kind: ended}
	}
	f := r.extract(s.P, st.Headers[at])
	if f.kind == goOn {
		r.write(st.Next, big.NewInt(int64(at+1)))
	}
	return f
}

func (r *reference) advance(s *ir.Advance) flow {
	n := r.eval(s.Bits)
	if !r.bitExact {
		n.AndNot(n, big.NewInt(7)) // the chip moves by bytes
	}
	if n.Cmp(big.NewInt(int64(r.end-r.cursor))) > 0 {
		return r.stop(ErrPartialHdr)
	}
	r.cursor += int(n.Int64())
	r.event(KindAdvance, s.P, "", "bytes", byteCount(int(n.Int64())))
	return next
}

func (r *reference) lookahead(s *ir.Lookahead) flow {
	if s.Dst.Width == 0 {
		return next
	}
	end := r.cursor + s.Off + s.Dst.Width
	if end > r.end {
		return r.stop(ErrPartialHdr)
	}
	v := new(big.Int).SetBytes(r.p.In)
	v.Rsh(v, uint(8*len(r.p.In)-end))
	v.And(v, bigOnes(s.Dst.Width))
	r.event(KindLookahead, s.P, "", "value", hexText(v, s.Dst.Width))
	r.set(s.P, s.Dst, v)
	return next
}

func (r *reference) counterSet(s *ir.CounterSet) flow {
	x := r.eval(s.X)
	if s.Field {
		if x.Cmp(big.NewInt(int64(s.Max))) > 0 {
			return r.stop(ErrCtrRange)
		}
		v := bits.RotateLeft8(uint8(x.Uint64()), -(s.Rotate&7)) & uint8(s.Mask)
		x = big.NewInt(int64(v) + int64(s.Add))
	}
	x.And(x, bigOnes(8))
	r.event(KindCounter, s.P, "set", "old", fmt.Sprint(r.counter().v), "new", fmt.Sprint(int8(x.Int64())))
	r.counter().v = int8(x.Int64())
	return next
}

func (r *reference) counterAdd(s *ir.CounterAdd) {
	x := r.eval(s.Delta)
	if s.Neg {
		x.Neg(x)
	}
	d := int8(x.And(x, bigOnes(8)).Int64())
	old := r.counter().v
	r.counter().v += d
	for i := len(r.counters) - 2; i >= 0 && r.counters[i].follow; i-- {
		r.counters[i].v += d
	}
	r.event(KindCounter, s.P, "add", "old", fmt.Sprint(old), "new", fmt.Sprint(r.counter().v))
}

// onesSum is the one's-complement sum of b's 16-bit words.
func onesSum(b []byte) int {
	s := 0
	for i, x := range b {
		if i%2 == 0 {
			s += int(x) << 8
		} else {
			s += int(x)
		}
		s = s>>16 + s&0xffff
	}
	return s
}

// accumulate continues a unit's list with data.
func (r *reference) accumulate(i int, data []byte, subtract bool) {
	u := &r.units[i]
	b := data
	if u.bytes%2 == 1 {
		b = append([]byte{0}, data...)
	}
	s := onesSum(b)
	if subtract {
		s = 0xffff - s%0xffff
	}
	s += u.sum
	u.sum = s>>16 + s&0xffff
	u.bytes += len(data)
}

func (r *reference) checksumAdd(s *ir.ChecksumAdd) {
	r.accumulate(s.Unit, r.streamRight(s.Data), s.Sub)
	op := "add"
	if s.Sub {
		op = "subtract"
	}
	r.event(KindChecksum, s.P, op, "sum", fmt.Sprintf("0x%04x", r.units[s.Unit].sum))
}

func (r *reference) checksumUpdate(s *ir.ChecksumUpdate) {
	v := ^onesSum(r.streamRight(s.Data)) & 0xffff
	if v == 0 && s.ZerosAsOnes != nil && r.eval(s.ZerosAsOnes).Sign() != 0 {
		v = 0xffff
	}
	r.event(KindChecksum, s.P, "update", "value", fmt.Sprintf("0x%04x", v))
	r.set(s.P, s.Dst, big.NewInt(int64(v)))
}

// hashInput is the stream of a hash, symmetric pairs exchanged for their sum.
func (r *reference) hashInput(h *ir.Hash, data []ir.Expr) []byte {
	values := make([]*big.Int, len(data))
	for i, e := range data {
		values[i] = r.eval(e)
	}
	for _, p := range h.Symmetric {
		x := new(big.Int).Xor(values[p[0]], values[p[1]])
		values[p[0]], values[p[1]] = x, x
	}
	v, w := new(big.Int), 0
	for i, e := range data {
		v.Or(v.Lsh(v, uint(e.W())), values[i])
		w += e.W()
	}
	return v.FillBytes(make([]byte, (w+7)/8))
}

func (r *reference) hashGet(s *ir.HashGet) {
	h := r.pl.Hashes[s.Hash]
	out := make([]byte, (max(h.Width, s.Dst.Width)+7)/8)
	in := r.hashSum(s.Hash, s.Data, out)
	v := new(big.Int).SetBytes(out)
	r.event(KindHash, s.P, h.Name, "input", fmt.Sprintf("%x", in), "value", hexText(v, h.Width))
	r.set(s.P, s.Dst, v)
}

// randomGet draws 64 bits at a time, the least significant first.
func (r *reference) randomGet(s *ir.RandomGet) {
	w := s.Dst.Width
	if w == 0 {
		w = r.pl.Randoms[s.Random].Width
	}
	v := new(big.Int)
	for i := 0; i < w; i += 64 {
		d := new(big.Int).SetUint64(r.p.Rand.Uint64())
		v.Or(v, d.Lsh(d, uint(i)))
	}
	v.And(v, bigOnes(w))
	r.event(KindRandom, s.P, r.pl.Randoms[s.Random].Name, "value", hexText(v, w))
	r.set(s.P, s.Dst, v)
}

func (r *reference) count(s *ir.Count) {
	if lateCounter(r.pl, s.Counter) {
		r.countLate(s)
		return
	}
	n := r.p.Bytes
	if s.Adjust != nil {
		a := r.eval(s.Adjust)
		if a.Cmp(big.NewInt(int64(n))) > 0 {
			a = big.NewInt(int64(n))
		}
		n -= int(a.Int64())
	}
	i := r.index(s.Index)
	r.event(KindCount, s.P, r.pl.Counters[s.Counter].Name, "index", fmt.Sprint(i), "bytes", fmt.Sprint(n))
	r.pi.st.Counters[s.Counter].Count(i, n)
}

// index of a counter or register: the entry's cell where there is none.
func (r *reference) index(e ir.Expr) uint64 {
	if e == nil {
		return uint64(r.cell)
	}
	v := r.eval(e)
	if !v.IsUint64() {
		return ^uint64(0)
	}
	return v.Uint64()
}

func cellText(lo, hi uint64) string { return fmt.Sprintf("lo %#x, hi %#x", lo, hi) }

func (r *reference) registerExec(s *ir.RegisterExec) {
	ra := r.pl.RegActions[s.Action]
	reg := r.pi.st.Registers[ra.Register]
	var i uint64
	if s.Log {
		i = r.pi.nextLog(ra.Register)
	} else {
		i = r.index(s.Index)
	}
	lo, hi, ok := reg.Get(i)
	if !ok {
		r.event(KindRegister, s.P, ra.Name, "op", "execute", "index", fmt.Sprint(i), "result", "out of range")
		r.set(s.P, s.Dst, new(big.Int))
		return
	}
	r.write(ra.Lo, new(big.Int).SetUint64(lo))
	r.write(ra.Hi, new(big.Int).SetUint64(hi))
	r.write(ra.Out, new(big.Int))
	r.block(ra.Body)
	nlo, nhi := r.read(ra.Lo).Uint64(), r.read(ra.Hi).Uint64()
	reg.Set(i, nlo, nhi)
	out := r.read(ra.Out)
	r.event(KindRegister, s.P, ra.Name, "op", "execute", "index", fmt.Sprint(i), "old", cellText(lo, hi), "new", cellText(nlo, nhi), "result", hexText(out, ra.Out.Width))
	r.set(s.P, s.Dst, out)
}

func (r *reference) registerClear(s *ir.RegisterClear) {
	reg := r.pi.st.Registers[s.Register]
	var v [2]uint64
	for i, e := range []ir.Expr{s.Lo, s.Hi} {
		if e != nil {
			v[i] = r.eval(e).Uint64()
		}
	}
	r.event(KindRegister, s.P, r.pl.Registers[s.Register].Name, "op", "clear", "new", cellText(v[0], v[1]))
	for i := range reg.Len() {
		reg.Set(uint64(i), v[0], v[1])
	}
}

func (r *reference) registerWrite(s *ir.RegisterWrite) {
	var v [2]uint64
	for i, e := range []ir.Expr{s.Lo, s.Hi} {
		if e != nil {
			v[i] = r.eval(e).Uint64()
		}
	}
	i := r.index(s.Index)
	r.event(KindRegister, s.P, r.pl.Registers[s.Register].Name, "op", "write", "index", fmt.Sprint(i), "new", cellText(v[0], v[1]))
	r.pi.st.Registers[s.Register].Set(i, v[0], v[1])
}

// apply looks a table up and runs the action.
func (r *reference) apply(s *ir.Apply) flow {
	t := r.pl.Tables[s.Table]
	m := r.pi.st.Match[s.Table]
	exprs := make([]ir.Expr, len(t.Keys))
	values := make([]*big.Int, len(t.Keys))
	for i, k := range t.Keys {
		exprs[i], values[i] = k.Expr, r.eval(k.Expr)
	}
	var e *tables.Entry
	if len(t.Keys) > 0 {
		e = m.Lookup(rightAligned(exprs, values))
	}
	hit := e != nil
	if hit {
		e.Touch()
	} else {
		e = m.Default()
	}
	r.pi.st.Debug.Tables[s.Table].Count(hit)
	if r.capture != nil {
		t := TableRun{Apply: s, Hit: hit}
		if hit {
			t.Handle = e.Cell() + 1 // as the table API numbers entries
		}
		r.capture.Tables = append(r.capture.Tables, t)
	}
	var data *tables.ActionData
	if t.Profile < 0 && t.Selector < 0 {
		data = e.Act()
	} else {
		var lo, hi uint64
		if t.Selector >= 0 && m.NeedsHash(e) {
			h := r.pl.Selectors[t.Selector].Hash
			lo, hi = r.pi.hashes[h].Sum128(r.hashInput(r.pl.Hashes[h], t.SelectorKeys))
		}
		data = m.Resolve(e, lo, hi)
	}
	r.cell = e.Cell()
	r.write(s.Hit, flag(hit))
	if data == nil || data.Action < 0 || data.Action >= len(t.Actions) {
		r.write(s.Action, bigOnes(s.Action.Width))
		r.tableEvent(s, values, hit, e, nil, nil)
		return next
	}
	r.write(s.Action, big.NewInt(int64(data.Action)))
	a := r.pl.Actions[t.Actions[data.Action].Action]
	copy(r.mem[a.Off:a.Off+a.Bytes], data.Data)
	r.tableEvent(s, values, hit, e, a, data)
	return r.block(a.Body)
}

func (r *reference) tableEvent(s *ir.Apply, keys []*big.Int, hit bool, e *tables.Entry, a *ir.Action, data *tables.ActionData) {
	if r.sink == nil {
		return
	}
	t := r.pl.Tables[s.Table]
	var kv []string
	for i, k := range t.Keys {
		kv = append(kv, "key "+k.Name, hexText(keys[i], k.Width))
	}
	result := "miss"
	if hit {
		result = "hit"
	}
	kv = append(kv, "result", result)
	if hit {
		kv = append(kv, "handle", fmt.Sprint(e.Cell()), "priority", fmt.Sprint(e.Priority()))
	}
	if a != nil {
		kv = append(kv, "action", a.Name)
		for _, p := range a.Params {
			kv = append(kv, "data "+p.Name, hexText(r.read(p.Loc), p.Loc.Width))
		}
	}
	r.event(KindTable, s.P, t.Name, kv...)
}

func (r *reference) emit(s *ir.Emit) {
	h := r.g.Headers[s.Header]
	if !r.valid(h) {
		return
	}
	n := h.Wire() + int(r.read(h.Var).Int64())
	b := r.mem[h.Off : h.Off+(n+7)/8]
	if r.sink != nil {
		r.event(KindEmit, s.P, h.Name, "bytes", byteCount(n), "data", fmt.Sprintf("%x", b))
	}
	r.appendBits(b, 0, n)
}

// typed tells whether the intrinsic field has the instance's type.
func (r *reference) typed(field ir.Intrinsic, t int) bool {
	l := r.g.Intr[field]
	return t < 0 || l.Width == 0 || r.read(l).Int64() == int64(t)
}

func (r *reference) mirrorEmit(s *ir.MirrorEmit) {
	m := r.pl.Mirrors[s.Mirror]
	if !r.typed(ir.MirrorType, m.Type) {
		return
	}
	e := Emission{Index: s.Mirror, Data: r.streamRight(s.Data)}
	if s.Session != nil {
		e.Session = r.eval(s.Session).Uint64()
	}
	r.event(KindMirror, s.P, m.Name, "session", fmt.Sprint(e.Session), "data", fmt.Sprintf("%x", e.Data))
	r.p.Mirror = e
}

func (r *reference) resubmitEmit(s *ir.ResubmitEmit) {
	m := r.pl.Resubmits[s.Resubmit]
	if !r.typed(ir.ResubmitType, m.Type) {
		return
	}
	e := Emission{Index: s.Resubmit, Data: r.streamRight(s.Data)}
	r.event(KindResubmit, s.P, m.Name, "data", fmt.Sprintf("%x", e.Data))
	r.p.Resubmit = e
}

// packetBits are n bits of the packet from bit at on, zeros after them to whole
// bytes.
func (r *reference) packetBits(at, n int) []byte {
	out := make([]byte, (n+7)/8)
	for i := range n {
		if bit := at + i; r.p.In[bit/8]<<(bit%8)&0x80 != 0 {
			out[i/8] |= 0x80 >> (i % 8)
		}
	}
	return out
}

// appendBits adds n bits of b, from bit from on, to Head.
func (r *reference) appendBits(b []byte, from, n int) {
	for i := from; i < from+n; i++ {
		if r.head%8 == 0 {
			r.p.Head = append(r.p.Head, 0)
		}
		if b[i/8]<<(i%8)&0x80 != 0 {
			r.p.Head[r.head/8] |= 0x80 >> (r.head % 8)
		}
		r.head++
	}
}

// byteCount writes a number of bits in bytes: "14", or "35+2 bits".
func byteCount(bits int) string {
	if bits%8 == 0 {
		return fmt.Sprint(bits / 8)
	}
	return fmt.Sprintf("%d+%d bits", bits/8, bits%8)
}
