package ir

import "math/big"

// Expr is a pure expression. Every Expr has a width in bits (1 for bool).
// Arithmetic is modulo 2^Width unless the operator saturates.
type Expr interface{ W() int }

type (
	// Const: 0 <= V < 2^Width (two's complement for signed types).
	Const struct {
		Width int
		V     *big.Int
	}
	// Load reads a place.
	Load struct{ Loc Loc }
	// Unary: Not (1 bit), BitNot, Neg.
	Unary struct {
		Op Op
		X  Expr
	}
	// Binary: both operands have the same width except for shifts and Cat.
	// Width is the result's; 1 for comparisons, LAnd, LOr. Signed selects
	// signed comparison, arithmetic shift right and signed saturation. LAnd
	// and LOr are plain (operands are pure).
	Binary struct {
		Op     Op
		Width  int
		Signed bool
		X, Y   Expr
	}
	// Slice: bits Hi..Lo of X, Lo 0 being the least significant.
	Slice struct {
		X      Expr
		Hi, Lo int
	}
	// Cast to Width: truncates, or extends with zeros (with the sign if
	// Signed, which tells the type of X).
	Cast struct {
		Width  int
		Signed bool
		X      Expr
	}
	// Cond: C ? A : B.
	Cond struct{ C, A, B Expr }
	// CounterZero and CounterNeg read the parser counter.
	CounterZero struct{}
	CounterNeg  struct{}
	// RegParam reads a RegisterParam.
	RegParam struct {
		Param int
		Width int
	}
	// StackLast reads a field of stack.last: the place Off bits into the
	// header before nextIndex. Zero when there is none.
	StackLast struct {
		Stack int
		Off   int
		Width int
	}
)

func (e *Const) W() int     { return e.Width }
func (e *Load) W() int      { return e.Loc.Width }
func (e *Unary) W() int     { return e.X.W() }
func (e *Binary) W() int    { return e.Width }
func (e *Slice) W() int     { return e.Hi - e.Lo + 1 }
func (e *Cast) W() int      { return e.Width }
func (e *Cond) W() int      { return e.A.W() }
func (*CounterZero) W() int { return 1 }
func (*CounterNeg) W() int  { return 1 }
func (e *RegParam) W() int  { return e.Width }
func (e *StackLast) W() int { return e.Width }

// Op is an operator.
type Op uint8

const (
	Add Op = iota
	Sub
	Mul
	Div
	Mod
	AddSat
	SubSat
	Shl
	Shr
	And
	Or
	Xor
	Cat // concatenation: X above Y
	LAnd
	LOr
	Eq
	Ne
	Lt
	Le
	Gt
	Ge
	Min
	Max
	Not
	BitNot
	Neg
)

// Stmt is a statement. P is its position in the source.
type Stmt interface{ At() Pos }

// S is embedded in every statement.
type S struct{ P Pos }

func (s *S) At() Pos { return s.P }

type (
	// Assign: Dst = X; widths are equal.
	Assign struct {
		S
		Dst Loc
		X   Expr
	}
	// Copy copies Width bits between two places of equal width that may be
	// any size; the places do not overlap.
	Copy struct {
		S
		Dst, Src Loc
	}
	If struct {
		S
		Cond Expr
		Then []Stmt
		Else []Stmt
	}
	// Switch runs the first case whose Values contain Tag's value, else
	// Default.
	Switch struct {
		S
		Tag     Expr
		Cases   []SwitchCase
		Default []Stmt
	}
	// Block is the target of Break{Label}: inlined functions, actions and
	// controls return by breaking out of theirs.
	Block struct {
		S
		Label int // unique in the gress
		Body  []Stmt
	}
	Break struct {
		S
		Label int
	}
	// Exit ends the control of this gress; the deparser still runs.
	Exit struct{ S }

	// SetValid and SetInvalid of a header; fields stay as they are.
	SetValid struct {
		S
		Header int
	}
	SetInvalid struct {
		S
		Header int
	}
	// Push and Pop shift a stack by Count.
	Push struct {
		S
		Stack, Count int
	}
	Pop struct {
		S
		Stack, Count int
	}

	// Extract copies the header's bytes from the packet and makes it valid.
	Extract struct {
		S
		Header int
	}
	// ExtractVar follows the Extract of a header that ends in a varbit: it
	// copies Bits more bits there and notes how many. More than the field has
	// room for end the parser as accept does, without an error bit: the chip's
	// compiler makes a select of the lengths, the others lead to reject
	// (p4c, backends/tofino, desugar_varbit_extract.cpp).
	ExtractVar struct {
		S
		Header int
		Bits   Expr
	}
	// ExtractNext extracts into stack.next and advances nextIndex.
	ExtractNext struct {
		S
		Stack int
	}
	// Advance skips Bits (a multiple of 8) of the packet.
	Advance struct {
		S
		Bits Expr
	}
	// Lookahead reads Dst.Width bits, Off bits after the cursor, without
	// moving it. Past the end: PARTIAL_HDR, and parsing ends.
	Lookahead struct {
		S
		Dst Loc
		Off int
	}
	// CounterSet: parser counter := X. With Field: X is the field and the
	// counter becomes (rotate-right(X, Rotate) & Mask) + Add, or the error
	// CTR_RANGE if X > Max (tna-semantics.md section 8). Mask is the value to
	// and with, on both chips.
	CounterSet struct {
		S
		X                      Expr
		Field                  bool
		Max, Rotate, Mask, Add int
	}
	// CounterAdd adds Delta (negative for decrement).
	CounterAdd struct {
		S
		Delta Expr
		Neg   bool
	}
	// CounterPush and CounterPop: Tofino 2's counter stack.
	CounterPush struct {
		S
		Set    *CounterSet
		Update bool
	}
	CounterPop struct{ S }
	// ParserPriority sets the input priority.
	ParserPriority struct {
		S
		Prio Expr
	}

	// ChecksumAdd adds (or, Sub, subtracts) the data to a parser checksum.
	ChecksumAdd struct {
		S
		Unit int
		Sub  bool
		Data []Expr
	}
	// ChecksumVerify: Dst = 1 when the sum is wrong.
	ChecksumVerify struct {
		S
		Unit int
		Dst  Loc
	}
	ChecksumGet struct {
		S
		Unit int
		Dst  Loc
	}
	// ChecksumDeposit: like get, and every header extracted later is also
	// subtracted; Dst is written when the parser ends.
	ChecksumDeposit struct {
		S
		Unit int
		Dst  Loc
	}
	// ChecksumUpdate: Dst = ~one's-complement sum of Data.
	ChecksumUpdate struct {
		S
		Dst         Loc
		Data        []Expr
		ZerosAsOnes Expr // one bit
	}

	// HashGet: Dst = hash of the concatenation of Data.
	HashGet struct {
		S
		Dst  Loc
		Hash int
		Data []Expr
	}
	RandomGet struct {
		S
		Dst    Loc
		Random int
	}
	// Count one packet: Index nil for a direct counter (the entry that the
	// surrounding table hit).
	Count struct {
		S
		Counter int
		Index   Expr
		Adjust  Expr // bytes to subtract, or nil
	}
	// RegisterExec runs a RegisterAction on a cell. Index nil: direct. Log:
	// the index is the log counter (execute_log).
	RegisterExec struct {
		S
		Action int
		Index  Expr
		Log    bool
		Dst    Loc // Width 0: result unused
	}
	// RegisterPredicate: Dst = one-hot of the two comparisons (Tofino 1: bit
	// number cmphi*2+cmplo of four).
	RegisterPredicate struct {
		S
		Lo, Hi Expr
		Dst    Loc
	}
	RegisterRead struct {
		S
		Register int
		Index    Expr
		Lo, Hi   Loc
	}
	RegisterWrite struct {
		S
		Register int
		Index    Expr
		Lo, Hi   Expr
	}
	// RegisterClear gives every cell a value; Hi is nil where cells are not
	// pairs.
	RegisterClear struct {
		S
		Register int
		Lo, Hi   Expr
	}
	MathExec struct {
		S
		Unit int
		X    Expr
		Dst  Loc
	}
	// Apply looks a table up and runs the action. Hit (one bit) and Action
	// (8 bits or more: the index into Table.Actions of the action that ran)
	// are written when Width is not 0.
	Apply struct {
		S
		Table  int
		Hit    Loc
		Action Loc
	}

	// Emit appends the header if it is valid (deparser).
	Emit struct {
		S
		Header int
	}
	// MirrorEmit, ResubmitEmit: Data is the header to prepend, concatenated
	// and padded to whole bytes; empty for none. The lowering keeps the if
	// around it; the chip's rule (the type must match) is checked again by the
	// model.
	MirrorEmit struct {
		S
		Mirror  int
		Session Expr
		Data    []Expr
	}
	ResubmitEmit struct {
		S
		Resubmit int
		Data     []Expr
	}
)

// DigestEmit sends a learn quantum (deparser). Data has the fields of the
// digest in order, each right-aligned in ceil(Width/8) whole bytes.
type DigestEmit struct {
	S
	Digest int
	Data   []Expr
}

// PktgenEmit hands the packet generator its context (Tofino 2's ingress
// deparser): Data, whole bytes, at most 16.
type PktgenEmit struct {
	S
	Data []Expr
}

// SwitchCase of a Switch.
type SwitchCase struct {
	Values []*big.Int
	Body   []Stmt
}
