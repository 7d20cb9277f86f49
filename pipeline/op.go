package pipeline

import (
	"unsafe"

	"gofino/pipeline/hash"
	"gofino/pipeline/ir"
)

// op is an operation of the fast engine. The comment at each gives what the
// operands of instr mean; [x] is register x, "at a" is memory from byte a.
type op uint16

const (
	opEnd op = iota // the run ends

	// Jumps.
	opJump     // to b
	opBrZ      // to b when [x] == 0
	opBrNZ     // to b when [x] != 0
	opBrEqK    // to b when [x] & m == k
	opBrNeK    // to b when [x] & m != k
	opBrLtK    // to b when [x] < k
	opBrGtK    // to b when [x] > k
	opBrEq8    // to b when the byte at a, & m, == k
	opBrNe8    // ... != k
	opBrEq16   // the same of two, four, eight bytes at a
	opBrNe16   //
	opBrEq32   //
	opBrNe32   //
	opBrEq64   //
	opBrNe64   //
	opBrLtU    // to b when [x] < [y]
	opBrGeU    // to b when [x] >= [y]
	opSwDense  // to sw[a].dense at [x] - k, or sw[a].miss
	opSwHash   // to where sw[a] finds [x] & m exactly, or sw[a].miss
	opSwRows   // to the first row of sw[a] that [x] matches, or sw[a].miss
	opValueSet // [d] = value set a contains n bytes at b

	// Memory.
	opConst  // [d] = k
	opLd8    // [d] = byte at a >> sh & m
	opLd16   // the same of two, four, eight, nine bytes
	opLd32   //
	opLd64   //
	opLd72   //
	opSt8    // byte at a: bits m<<sh = [x]
	opSt16   // the same of two, four, eight, nine bytes
	opSt32   //
	opSt64   //
	opSt72   //
	opPut8   // byte at a = [x]
	opPut16  // two, four, eight bytes at a = [x]
	opPut32  //
	opPut64  //
	opSetK8  // byte at a: bits m = k (already shifted)
	opSetK16 // the same of two, four, eight bytes
	opSetK32 //
	opSetK64 //
	opPutK8  // byte at a = k
	opPutK16 // two, four, eight bytes at a = k
	opPutK32 //
	opPutK64 //
	opMove1  // bytes at a = bytes at b
	opMove2  //
	opMove4  //
	opMove6  //
	opMove8  //
	opMove16 //
	opMoveN  // n bytes, which may overlap
	opInc8   // byte at a += k
	opInc16  // two, four bytes at a += k
	opInc32  //

	// Arithmetic; m is the mask of the result's width.
	opAdd   // [d] = [x] + [y]
	opAddK  // [d] = [x] + k
	opSub   //
	opMul   //
	opDiv   // 0 when [y] is 0
	opMod   // 0 when [y] is 0
	opAddSU // saturating, unsigned
	opSubSU //
	opAddSS // saturating, signed; sh is 64 - width
	opSubSS //
	opShl   //
	opShlK  // by sh
	opShr   //
	opShrK  // [x] >> sh & m: a slice too
	opSar   // sh is 64 - width
	opAnd   //
	opAndK  //
	opOr    //
	opOrK   //
	opXor   //
	opXorK  //
	opCat   // [d] = [x] << sh | [y]
	opEq    // [d] = [x] == [y]
	opNe    //
	opLtU   //
	opLeU   //
	opLtS   // sh is 64 - width
	opLeS   //
	opEqK   // [d] = [x] == k
	opMinU  //
	opMaxU  //
	opMinS  // sh is 64 - width
	opMaxS  //
	opNeg   //
	opSext  // sign of a value 64-sh bits wide, cut to m
	opWide  // wide operation a

	// Parser.
	opTick        // one more state; the 129th is a timeout
	opExtract     // n bytes of the packet to a; the byte at b |= y: the header is valid
	opExtractS    // the same for 1 to 64 bytes
	opExtractNext // stack a
	opAdvance     // by [x] bits
	opAdvanceK    // by n bytes
	opLook        // [d] = n bits, a bits after the cursor
	opLookN       // wide: the place and offset of looks[a]
	opFail        // parser error k
	opReject      //
	opCtrSet      // parser counter = [x]
	opCtrField    // parser counter from field [x] by the rule ctrs[a]
	opCtrAdd      // parser counter += [x]
	opCtrSub      //
	opCtrPush     // push; entry follows the top when y
	opCtrPop      //
	opCtrZero     // [d] = counter is zero
	opCtrNeg      // [d] = counter is negative
	opUnit        // unit x += (y: -=) the pending sum of n bytes
	opUnitVerify  // [d] = unit x is wrong
	opUnitGet     // [d] = unit x
	opUnitLater   // unit x: subtract every header from now on, for deposit a
	opUnitExtract // subtract the header just extracted, n bytes at a
	opUnitEnd     // [d] = unit x, or to b when it ran for another deposit than a
	opParserEnd   //
	opBits        // bitOps[a], in parsers and deparsers that count bits

	// Tables and externs.
	opApply     // table applies[a], with key at its place
	opLookup    // of applies[a]; to b when the entry needs no hash
	opChoose    // hash for applies[a]: n bytes at b
	opRun       // resolves and runs what opLookup found
	opReturn    // from an action's body
	opHash      // [d] = hashes[a] of n bytes at b
	opHashN     // wide: m bytes at k = hash of n bytes at b
	opHashDyn   // [d] = dyns[a]
	opHashDynN  // wide: dyns[a]
	opRandom    // [d] = random & m
	opCount     // counter a at [x], minus [y] bytes when n
	opCountCell // counter a at the entry's cell
	opCountLate // as the two before, when the deparser has run; b: at the cell
	opMeter     // [d] = colour by meter a (n: the bits of meter.go)
	opFilter    // [d] = filter a of [y] (n: the bits of meter.go)
	opRegGet    // [d], [d+1] = register a at [x]; to b when there is no such cell
	opRegSet    // register a at [x] = [y], [d]
	opRegCell   // [d] = the entry's cell
	opRegLog    // [d] = next log index of register a
	opRegClear  // all of register a = [y], [d]
	opParam     // [d] = register parameter a & m
	opMath      // [d] = math unit a of [x], & m
	opStackLast // [d] = lasts[a]

	// Deparser.
	opSumMem // pending sum += n bytes at a, y: they start at an odd place
	opSumReg // pending sum += [x] << sh
	opSumEnd // [d] = checksum of the pending sum; y: zero becomes ones when [x]
	opEmit   // the headers of emits[a]
	opMirror // mirror a, session [x], n bytes at b
	opResub  // resubmit a, n bytes at b
	opDigest // digest a, n bytes at b
	opPktgen // packet generator context, n bytes at b
	numOps
)

// instr is one operation. Its operands are what the op's comment says.
type instr struct {
	op      op
	n       uint16
	d, x, y uint8
	sh      uint8
	a, b    int32
	k, m    uint64
}

// instrSize is 32 bytes: two instructions in a cache line.
const instrSize = unsafe.Sizeof(instr{})

// gress is one gress's compiled code and what its instructions index.
type gress struct {
	dir      ir.Dir
	code     []instr
	maxParse int

	memSize  int // of frame.mem
	zero     []span
	track    bool   // headers are cleared one by one: see clear
	headers  []span // by header index
	wideInit []uint64
	headSize int
	bitExact bool // counts bits: see bitOp
	units    int

	intr      [ir.NumIntrinsics]place
	tstamp    place
	ver       place
	parserErr place
	readsErr  bool
	parserEnd int32

	sw      []swtch
	wides   []wop
	looks   []look
	nexts   []stackNext
	lasts   []stackLast
	ctrs    []ir.CounterSet
	applies []*apply
	emits   [][]emit
	bitOps  []bitOp
	math    []ir.MathUnit
	hashes  []*hash.Func
	dyns    []dynHash
}

// span is bytes [lo, hi) of frame.mem.
type span struct{ lo, hi int32 }

// look is a place and how far from the cursor it is looked up, in bits.
type look struct {
	loc ir.Loc
	off int
}

// emit is one header of a run of emits.
type emit struct {
	off, end  int32 // its bytes
	valid     int32 // the byte with its valid bit
	validMask uint8
}
