package lower

import (
	"math/big"

	"gofino/p4/syntax"
	"gofino/p4/types"
	"gofino/pipeline/ir"
)

// realise makes the ir of an extern instance that exists whether or not the
// program calls it: the control plane sees it. Action profiles and selectors
// exist through the tables that use them.
func (g *gress) realise(inst *instance) {
	if inst == nil || inst.refused {
		return
	}
	switch inst.externName() {
	case "Counter":
		g.counter(inst)
	case "Register":
		g.register(inst)
	case "Meter":
		g.meter(inst)
	case "Lpf", "Wred":
		g.filter(inst)
	case "RegisterParam":
		g.registerParam(inst)
	case "Hash":
		g.hash(inst)
	case "Random":
		g.random(inst)
	case "Mirror":
		g.mirror(inst)
	case "Resubmit":
		g.resubmit(inst)
	case "Digest":
		g.digest(inst)
	}
}

// argInt is a constructor argument as a number; def where it was left out.
func (g *gress) argInt(inst *instance, i int, def int) int {
	if i >= len(inst.args) || inst.args[i] == nil || inst.args[i].inst != nil {
		return def
	}
	v := inst.args[i]
	c := v.big
	if c == nil {
		x, ok := isConst(g.scalar(v))
		if !ok {
			return def
		}
		c = x
		if isSigned(v.t) {
			c = signedOf(x, g.scalar(v).W())
		}
	}
	if !c.IsInt64() || c.BitLen() > 40 {
		g.errorf(inst.at, "argument %d of %s is out of range", i+1, inst.local)
		return def
	}
	return int(c.Int64())
}

func (g *gress) argBool(inst *instance, i int) bool { return g.argInt(inst, i, 0) != 0 }

// argEnum is the member that a constructor argument names.
func argEnum(inst *instance, i int) string {
	if i >= len(inst.args) || inst.args[i] == nil {
		return ""
	}
	v := inst.args[i]
	e, ok := under(v.t).(*types.Enum)
	c, isC := isConst(v.x)
	if !ok || !isC {
		return ""
	}
	for _, m := range e.Members {
		n := big.NewInt(int64(m.Index))
		if m.Value != nil {
			n = m.Value
		}
		if n.Cmp(c) == 0 {
			return m.Name
		}
	}
	return ""
}

var counterKinds = map[string]ir.CounterKind{"PACKETS": ir.Packets, "BYTES": ir.Bytes, "PACKETS_AND_BYTES": ir.PacketsAndBytes}

func (g *gress) counterWidth(inst *instance) int {
	if w, ok := scalarWidth(inst.typeArg(inst.home, 0)); ok {
		return w
	}
	return 64
}

func (g *gress) counter(inst *instance) int {
	if inst.id < 0 {
		inst.id = len(g.pl.Counters)
		g.pl.Counters = append(g.pl.Counters, &ir.Counter{Name: inst.name, Pos: irPos(inst.at), Dir: g.dir,
			Kind: counterKinds[argEnum(inst, 1)], Size: g.argInt(inst, 0, 1), Width: g.counterWidth(inst), Table: -1,
			TrueEgress: g.argBool(inst, 2)})
	}
	return inst.id
}

func (g *gress) directCounter(inst *instance) int {
	if inst.id < 0 {
		inst.id = len(g.pl.Counters)
		g.pl.Counters = append(g.pl.Counters, &ir.Counter{Name: inst.name, Pos: irPos(inst.at), Dir: g.dir,
			Kind: counterKinds[argEnum(inst, 0)], Width: g.counterWidth(inst), Table: -1,
			TrueEgress: g.argBool(inst, 1)})
	}
	return inst.id
}

var hashAlgorithms = map[string]ir.HashAlgorithm{
	"IDENTITY": ir.Identity, "RANDOM": ir.RandomHash, "XOR8": ir.Xor8, "XOR16": ir.Xor16, "XOR32": ir.Xor32,
	"CRC8": ir.CRC8, "CRC16": ir.CRC16, "CRC32": ir.CRC32, "CRC64": ir.CRC64, "CUSTOM": ir.CustomCRC,
}

// defaultCRC are the chip's parameters of the named algorithms
// (tna-semantics.md, section 9).
var defaultCRC = map[ir.HashAlgorithm]ir.CRC{
	ir.CRC8:  {Degree: 8, Poly: 0x07, Extended: true},
	ir.CRC16: {Degree: 16, Poly: 0x8005, Reversed: true, Extended: true},
	ir.CRC32: {Degree: 32, Poly: 0x04c11db7, Reversed: true, Extended: true, Init: 0xffffffff, Xor: 0xffffffff},
	ir.CRC64: {Degree: 64, Poly: 0x42f0e1eba9ea3693, Extended: true},
}

func (g *gress) hash(inst *instance) int {
	if inst.id >= 0 {
		return inst.id
	}
	w, ok := scalarWidth(inst.typeArg(inst.home, 0))
	if !ok {
		g.errorf(inst.at, "hash %s: the result must be a bit<W>", inst.local)
		w = 1
	}
	name := argEnum(inst, 0)
	alg, ok := hashAlgorithms[name]
	if !ok {
		g.unsupported(inst.at, "hash algorithm "+name)
	}
	h := &ir.Hash{Name: inst.name, Pos: irPos(inst.at), Width: w, Algorithm: alg, CRC: defaultCRC[alg]}
	if alg == ir.CustomCRC {
		if len(inst.args) < 2 || inst.args[1] == nil || inst.args[1].inst == nil {
			g.errorf(inst.at, "hash %s: algorithm CUSTOM needs a CRCPolynomial", inst.local)
		} else {
			h.CRC = g.polynomial(inst.args[1].inst)
		}
	}
	inst.id = len(g.pl.Hashes)
	g.pl.Hashes = append(g.pl.Hashes, h)
	return inst.id
}

// polynomial reads CRCPolynomial(coeff, reversed, msb, extended, init, xor).
func (g *gress) polynomial(p *instance) ir.CRC {
	word := func(i int) uint64 {
		if i >= len(p.args) || p.args[i] == nil {
			return 0
		}
		v := p.args[i]
		if v.big != nil {
			return wrap(v.big, 64).Uint64()
		}
		c, _ := isConst(g.scalar(v))
		if c == nil {
			return 0
		}
		return c.Uint64()
	}
	c := ir.CRC{Degree: 32, Poly: word(0), Reversed: g.argBool(p, 1), MSB: g.argBool(p, 2), Extended: g.argBool(p, 3),
		Init: word(4), Xor: word(5)}
	if w, ok := scalarWidth(p.typeArg(p.home, 0)); ok {
		c.Degree = w
	} else if len(p.args) > 0 && p.args[0] != nil && p.args[0].x != nil {
		c.Degree = p.args[0].x.W()
	}
	if c.Degree > 64 {
		g.errorf(p.at, "a CRC polynomial of degree %d is not supported (limit 64)", c.Degree)
		c.Degree = 64
	}
	return c
}

func (g *gress) random(inst *instance) int {
	if inst.id < 0 {
		w, _ := scalarWidth(inst.typeArg(inst.home, 0))
		inst.id = len(g.pl.Randoms)
		g.pl.Randoms = append(g.pl.Randoms, &ir.Random{Name: inst.name, Pos: irPos(inst.at), Width: w})
	}
	return inst.id
}

func (g *gress) mirror(inst *instance) int {
	if inst.id < 0 {
		inst.id = len(g.pl.Mirrors)
		g.pl.Mirrors = append(g.pl.Mirrors, &ir.Mirror{Name: inst.name, Pos: irPos(inst.at), Dir: g.dir, Type: g.argInt(inst, 0, -1)})
	}
	return inst.id
}

func (g *gress) resubmit(inst *instance) int {
	if inst.id < 0 {
		inst.id = len(g.pl.Resubmits)
		g.pl.Resubmits = append(g.pl.Resubmits, &ir.Resubmit{Name: inst.name, Pos: irPos(inst.at), Type: g.argInt(inst, 0, -1)})
	}
	return inst.id
}

func (g *gress) actionProfile(inst *instance) int {
	if inst.id < 0 {
		inst.id = len(g.pl.Profiles)
		g.pl.Profiles = append(g.pl.Profiles, &ir.ActionProfile{Name: inst.name, Pos: irPos(inst.at), Size: g.argInt(inst, 0, 1024)})
	}
	return inst.id
}

// actionSelector reads both generations of constructors: with a profile
// (profile, hash, mode[, register], max_group_size, num_groups), or with a
// size, which makes a profile of the selector's name.
func (g *gress) actionSelector(inst *instance) int {
	if inst.id >= 0 {
		return inst.id
	}
	s := &ir.Selector{Name: inst.name, Pos: irPos(inst.at), Hash: -1, Register: -1, MaxGroupSize: 120, NumGroups: 1024, Scramble: true}
	if argEnum(inst, 2) == "RESILIENT" {
		s.Mode = ir.Resilient
	}
	if a := annotation(inst.annot, "selector_enable_scramble"); annotText(a) == "0" {
		s.Scramble = false
	}
	if len(inst.args) > 1 && inst.args[1] != nil && inst.args[1].inst != nil {
		s.Hash = g.hash(inst.args[1].inst)
	}
	rest := 3
	if len(inst.args) > 3 && inst.args[3] != nil && inst.args[3].inst != nil {
		s.Register = g.register(inst.args[3].inst)
		g.unsupported(inst.at, "the liveness register of selector "+inst.local)
		rest = 4
	}
	s.MaxGroupSize = g.argInt(inst, rest, s.MaxGroupSize)
	s.NumGroups = g.argInt(inst, rest+1, s.NumGroups)
	if len(inst.args) > 0 && inst.args[0] != nil && inst.args[0].inst != nil {
		s.Profile = g.actionProfile(inst.args[0].inst)
	} else {
		s.Profile = len(g.pl.Profiles)
		g.pl.Profiles = append(g.pl.Profiles, &ir.ActionProfile{Name: inst.name, Pos: irPos(inst.at), Size: g.argInt(inst, 0, 1024)})
		s.Name += "_sel"
	}
	inst.id = len(g.pl.Selectors)
	g.pl.Selectors = append(g.pl.Selectors, s)
	return inst.id
}

// method is one call of an extern's method.
type method struct {
	f    *frame
	e    *syntax.CallExpr
	c    *types.Call
	inst *instance
	dst  *place // where a scalar result may go directly, or nil
	rt   types.Type
}

func (m *method) arg(i int) syntax.Expr {
	a := argument(m.c, i)
	if _, ok := a.(*syntax.DefaultExpr); ok {
		return nil
	}
	return a
}

func (m *method) args() int {
	n := 0
	for i := range m.c.Args {
		if m.arg(i) != nil {
			n++
		}
	}
	return n
}

// callMethod lowers a call of an extern's method.
func (g *gress) callMethod(f *frame, e *syntax.CallExpr, c *types.Call, dst *place) *value {
	m := &method{f: f, e: e, c: c, dst: dst, rt: f.typeOf(c.Result)}
	name := ""
	if c.Callee != nil {
		name = c.Callee.ObjName()
	}
	if c.Recv != nil {
		m.inst = g.instanceOf(f, c.Recv)
	}
	if m.inst == nil {
		m.inst = g.regAction // this.predicate() and friends
	}
	if m.inst == nil {
		g.errorf(e.Pos(), "method %s: the object is not known at compile time", name)
		return zero(m.rt)
	}
	if m.inst.refused {
		return zero(m.rt)
	}
	ext := m.inst.externName()
	if fn, ok := g.methods[ext+"."+name]; ok {
		if v := fn(g, m); v != nil {
			return v
		}
		return zero(m.rt)
	}
	g.unsupported(e.Pos(), "method "+ext+"."+name)
	return zero(m.rt)
}

// methodTable tells how each method of the architecture's externs is lowered.
// It is a function because a variable's initialiser would refer to itself.
func methodTable() map[string]func(*gress, *method) *value {
	t := map[string]func(*gress, *method) *value{
		"packet_in.extract":   (*gress).extract,
		"packet_in.advance":   (*gress).advance,
		"packet_in.lookahead": (*gress).lookaheadCall,
		"packet_out.emit":     (*gress).emitHeader,

		"Checksum.add":                      (*gress).checksumAdd,
		"Checksum.subtract":                 (*gress).checksumSubtract,
		"Checksum.verify":                   (*gress).checksumVerify,
		"Checksum.get":                      (*gress).checksumGet,
		"Checksum.subtract_all_and_deposit": (*gress).checksumDeposit,
		"Checksum.update":                   (*gress).checksumUpdate,

		"ParserCounter.set":         (*gress).counterSet,
		"ParserCounter.increment":   (*gress).counterIncrement,
		"ParserCounter.decrement":   (*gress).counterDecrement,
		"ParserCounter.is_zero":     (*gress).counterIsZero,
		"ParserCounter.is_negative": (*gress).counterIsNegative,
		"ParserCounter.push":        (*gress).counterPush,
		"ParserCounter.pop":         (*gress).counterPop,
		"ParserPriority.set":        (*gress).prioritySet,

		"Hash.get":            (*gress).hashGet,
		"Random.get":          (*gress).randomGet,
		"Counter.count":       (*gress).count,
		"DirectCounter.count": (*gress).countDirect,

		"Meter.execute":       (*gress).meterExecute,
		"DirectMeter.execute": (*gress).meterExecute,
		"Lpf.execute":         (*gress).filterExecute,
		"DirectLpf.execute":   (*gress).filterExecute,
		"Wred.execute":        (*gress).filterExecute,
		"DirectWred.execute":  (*gress).filterExecute,

		"Register.read":        (*gress).registerRead,
		"Register.write":       (*gress).registerWrite,
		"RegisterParam.read":   (*gress).registerParamRead,
		"Register.clear":       (*gress).registerClear,
		"DirectRegister.read":  (*gress).registerRead,
		"DirectRegister.write": (*gress).registerWrite,
		"DirectRegister.clear": (*gress).registerClear,
		"MathUnit.execute":     (*gress).mathExecute,

		"Mirror.emit":   (*gress).mirrorEmit,
		"Resubmit.emit": (*gress).resubmitEmit,
		"Digest.pack":   (*gress).digestPack,
		"Pktgen.emit":   (*gress).pktgenEmit,
	}
	for _, n := range []string{"", "2", "3", "4"} {
		// Actions of as many results.
		for _, kind := range []string{"RegisterAction", "DirectRegisterAction", "MinMaxAction"} {
			x := kind + n
			t[x+".execute"] = (*gress).registerExecute
			t[x+".execute_log"] = (*gress).registerExecuteLog
			t[x+".predicate"] = (*gress).registerPredicate
			for name, el := range map[string]element{"min8": {8, false}, "max8": {8, true}, "min16": {16, false}, "max16": {16, true}} {
				t[x+"."+name] = func(g *gress, m *method) *value { return g.minMax(m, el) }
			}
		}
		t["DirectRegisterAction"+n+".execute"] = (*gress).registerExecuteDirect
	}
	return t
}

// result is the place of a scalar result of type t: the destination of the
// surrounding assignment where that is exactly as wide, else a temporary.
func (g *gress) result(m *method, t types.Type) (ir.Loc, *value) {
	w, ok := scalarWidth(t)
	if !ok {
		g.errorf(m.e.Pos(), "a result of type %s is not supported", t)
		w = 1
	}
	if m.dst != nil && m.dst.loc.Width == w {
		return m.dst.loc, &value{t: t, x: load(m.dst.loc), pl: m.dst}
	}
	p := g.temp(&types.Bits{Width: w})
	return p.loc, &value{t: t, x: load(p.loc), pl: p}
}

func (g *gress) hashGet(m *method) *value {
	id := g.hash(m.inst)
	if m.arg(0) == nil {
		return nil
	}
	v := g.expr(m.f, m.arg(0))
	data := g.flatten(v)
	id = g.symmetric(m, id, data)
	g.dynamicHash(m, id, len(data))
	dst, r := g.result(m, m.rt)
	g.emit(&ir.HashGet{S: g.s(), Dst: dst, Hash: id, Data: data})
	return r
}

// symmetric resolves @symmetric("a", "b") of a hash against the fields of one
// call.
func (g *gress) symmetric(m *method, id int, data []ir.Expr) int {
	var pairs [][2]int
	var names []string
	for _, a := range m.inst.annot {
		if a.Name != "symmetric" {
			continue
		}
		if names == nil {
			names = g.dataNames(m.f, m.arg(0), len(data))
		}
		var at []int
		for i, t := range a.Tokens {
			if i < len(a.IsString) && !a.IsString[i] {
				continue
			}
			for j, n := range names {
				if n == t {
					at = append(at, j)
				}
			}
		}
		if len(at) != 2 {
			g.errorf(a.Pos(), "@symmetric needs two fields of the hash's input (fields: %v)", names)
			continue
		}
		pairs = append(pairs, [2]int{at[0], at[1]})
	}
	if len(pairs) == 0 {
		return id
	}
	h := g.pl.Hashes[id]
	if h.Symmetric == nil {
		h.Symmetric = pairs
		return id
	}
	if len(h.Symmetric) == len(pairs) {
		same := true
		for i := range pairs {
			same = same && h.Symmetric[i] == pairs[i]
		}
		if same {
			return id
		}
	}
	other := *h
	other.Symmetric = pairs
	g.pl.Hashes = append(g.pl.Hashes, &other)
	return len(g.pl.Hashes) - 1
}

// dataNames are the source names of a data list's scalars.
func (g *gress) dataNames(f *frame, e syntax.Expr, n int) []string {
	var names []string
	var add func(e syntax.Expr)
	add = func(e syntax.Expr) {
		if l, ok := unparen(e).(*syntax.ListExpr); ok {
			for _, x := range l.Elems {
				add(x)
			}
			for _, x := range l.Fields {
				add(x.Value)
			}
			return
		}
		name := g.pathName(f, e)
		t := g.typeOf(f, e)
		if !isAggregate(t) {
			names = append(names, name)
			return
		}
		var sub func(prefix string, t types.Type)
		sub = func(prefix string, t types.Type) {
			for _, m := range members(t) {
				if isAggregate(m.t) {
					sub(prefix+"."+m.name, m.t)
				} else {
					names = append(names, prefix+"."+m.name)
				}
			}
		}
		sub(name, t)
	}
	add(e)
	for len(names) < n {
		names = append(names, "")
	}
	return names
}

func (g *gress) randomGet(m *method) *value {
	id := g.random(m.inst)
	dst, r := g.result(m, m.rt)
	g.emit(&ir.RandomGet{S: g.s(), Dst: dst, Random: id})
	return r
}

func (g *gress) count(m *method) *value {
	if m.arg(0) == nil {
		return nil
	}
	vs := g.exprs(m.f, []syntax.Expr{m.arg(0), m.arg(1)})
	c := &ir.Count{S: g.s(), Counter: g.counter(m.inst), Index: g.scalar(vs[0])}
	if vs[1] != nil {
		c.Adjust = g.scalar(vs[1])
	}
	g.emit(c)
	return nil
}

func (g *gress) countDirect(m *method) *value {
	if m.inst.id < 0 {
		// The table that owns it may be lowered later: it is found through
		// its property now.
		g.pendingDirect(m.inst)
	}
	c := &ir.Count{S: g.s(), Counter: m.inst.id}
	if m.arg(0) != nil {
		c.Adjust = g.scalar(g.expr(m.f, m.arg(0)))
	}
	g.emit(c)
	return nil
}

// pendingDirect makes a direct counter before its table attaches it.
func (g *gress) pendingDirect(inst *instance) {
	g.directCounter(inst)
	g.direct = append(g.direct, inst)
}

// checkDirect reports direct counters, meters and filters that no table owns.
func (g *gress) checkDirect() {
	seen := map[*instance]bool{}
	for _, inst := range g.direct {
		if ok, what, prop := g.attached(inst); !ok && !seen[inst] {
			seen[inst] = true
			g.errorf(inst.at, "direct %s %s belongs to no table (add %s = %s to one)", what, inst.local, prop, inst.local)
		}
	}
}
