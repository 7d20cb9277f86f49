package ir

import "math/big"

// Target is the chip.
type Target uint8

const (
	Tofino  Target = 1
	Tofino2 Target = 2
)

// Pos is a place in the author's P4 source; the zero Pos means none.
type Pos struct {
	File string
	Line int
	Col  int
}

// Program is one Switch(...) package: one or more pipelines.
type Program struct {
	Name      string // the P4 file's base name without .p4
	Target    Target
	Hash      [32]byte // of the preprocessed source, target and defines
	Pipelines []*Pipeline
	// Scope is the pipeline that each pipe runs, by pipe number; a
	// program with one pipeline runs it in every pipe (Scope nil).
	Scope []int
}

// Pipeline is one Pipeline(...) instance: both gresses and all that they
// share. Indices in statements point into the slices here.
type Pipeline struct {
	Name    string // instance name, the prefix of control-plane names: "pipe"
	Pos     Pos
	Ingress *Gress
	Egress  *Gress

	Tables       []*Table
	Actions      []*Action
	Profiles     []*ActionProfile
	Selectors    []*Selector
	Counters     []*Counter
	Registers    []*Register
	Meters       []*Meter
	Filters      []*Filter
	RegActions   []*RegisterAction
	RegParams    []*RegisterParam
	Hashes       []*Hash
	Randoms      []*Random
	ValueSets    []*ValueSet
	MathUnits    []*MathUnit
	Mirrors      []*Mirror
	Resubmits    []*Resubmit
	Digests      []*Digest
	PortMetadata *PortMetadata // nil when the parser skips the area
	Snapshots    []*Snapshot   // of ingress and egress
}

// Dir is ingress or egress.
type Dir uint8

const (
	Ingress Dir = iota
	Egress
)

func (d Dir) String() string { return [...]string{"ingress", "egress"}[d] }

// Loc is a place in a gress's memory: Width bits, the first (most significant)
// at bit Bit, counted in network order from the start. Width 0 means "no
// place". A header field lies where the wire has it; every other value lies
// right-aligned in ceil(Width/8) whole bytes (the unused high bits are zero
// and stay zero).
type Loc struct {
	Bit   int
	Width int
}

// Gress is one thread of a pipeline.
type Gress struct {
	Dir Dir
	// Bytes of memory; all zero when a packet starts.
	Bytes    int
	Headers  []*Header
	Stacks   []*Stack
	Fields   []*Field // every named place, for traces, in order of Bit
	Intr     [NumIntrinsics]Loc
	Parser   *Parser
	Control  []Stmt
	Deparser []Stmt
}

// Header is one header instance (an element of a stack is one too).
type Header struct {
	Name   string // "hdr.ipv4", "hdr.vlan[1]"
	Off    int    // first byte in the gress's memory
	Bytes  int    // of memory
	Bits   int    // on the wire, where they are not 8*Bytes: see Wire; else 0
	Var    Loc    // of a header that ends in a varbit: how many bits it has now, 32 bits
	Valid  Loc    // one bit
	Fields []*Field
}

// Stack is a header stack. Next is a hidden place holding nextIndex (8 bits).
type Stack struct {
	Name    string
	Headers []int // indices into Gress.Headers, in order
	Next    Loc
}

// Field is a named place: a header field, a metadata field or a variable.
type Field struct {
	Name   string // "hdr.ipv4.ttl", "ig_md.port"
	Loc    Loc
	Signed bool
	Bool   bool
	Header int // index into Gress.Headers, -1 for metadata
	Pos    Pos // where it was declared
	// Hidden fields (validity bits, temporaries, action data) are left out of
	// traces and schemas.
	Hidden bool
}

// Intrinsic numbers the metadata that the chip and the program exchange
// outside the packet (tna-semantics.md, 2.2-2.5). Gress.Intr gives its place;
// Width 0 where this gress, chip or program has none. The ...Valid ones are
// the hidden valid bits of section 3: lowering sets them where the field is
// assigned, invalidate() clears them.
type Intrinsic int

const (
	// from the parser
	GlobalTstamp Intrinsic = iota
	GlobalVer
	ParserErr
	// ingress, for the traffic manager
	UcastEgressPort
	UcastValid
	BypassEgress
	DeflectOnDrop
	IngressCos
	QID
	IcosForCopyToCPU
	CopyToCPU
	PacketColor
	DisableUcastCutthru
	EnableMcastCutthru
	McastGrpA
	McastGrpAValid
	McastGrpB
	McastGrpBValid
	Level1McastHash
	Level2McastHash
	Level1ExclusionID
	Level2ExclusionID
	RID
	// for the deparser
	DropCtl
	DigestType
	DigestTypeValid
	ResubmitType
	ResubmitTypeValid
	MirrorType
	MirrorTypeValid
	CoalesceFlush
	CoalesceLength
	MirrorIOSelect // Tofino 2, from here on
	MirrorHash
	MirrorIngressCos
	MirrorDeflectOnDrop
	MirrorMulticastCtrl
	MirrorEgressPort
	MirrorQID
	MirrorCoalesceLength
	AdvFlowCtl
	MTUTruncLen
	MTUTruncErr
	Pktgen
	PktgenAddress
	PktgenLength
	// egress, for the output port
	CaptureTstampOnTx
	UpdateDelayOnTx
	ForceTxError
	// of Tofino 2's overrides of a mirror session
	MirrorHashValid
	MirrorIngressCosValid
	MirrorDeflectOnDropValid
	MirrorEgressPortValid
	MirrorQIDValid
	NumIntrinsics
)

// Parser is a state machine; state 0 is where it starts.
type Parser struct {
	Name   string
	Pos    Pos
	States []*State
	// ReadsErr: the control of this gress reads parser_err, so an error does
	// not drop the packet (section 2.2).
	ReadsErr bool
	// Checksums is how many Checksum units the parser uses.
	Checksums int
}

// Special values of a state's Next.
const (
	Accept = -1
	Reject = -2
)

// State runs Body, then goes to the first matching case or, without Keys, to
// Next. With keys and no matching case the parser stops with NO_MATCH.
type State struct {
	Name  string
	Pos   Pos
	Body  []Stmt
	Keys  []Expr
	Cases []*Case
	Next  int
}

// Case of a select: every Match must hold (one per key), or ValueSet.
type Case struct {
	Pos      Pos
	Match    []Match
	ValueSet int // index into Pipeline.ValueSets, -1 for none
	Next     int
}

// Match of one select key: (key ^ Value) & Mask == 0, or Lo <= key <= Hi when
// Range; Mask nil means "anything".
type Match struct {
	Value, Mask *big.Int
	Range       bool
	Lo, Hi      *big.Int
}

// Annotation kept from the source: name and raw body.
type Annotation struct {
	Name, Body string
	Property   bool // a table's property that nothing else stands for: not in the schema
}

// MatchKind of a key.
type MatchKind uint8

const (
	Exact MatchKind = iota
	Ternary
	LPM
	Range
	ATCAMPartition // atcam_partition_index: compared like Exact
)

func (k MatchKind) String() string {
	return [...]string{"exact", "ternary", "lpm", "range", "atcam_partition_index"}[k]
}

// Key is one element of a table's key. In memory a key is a byte string: each
// element in order, right-aligned in ceil(Width/8) bytes.
type Key struct {
	Name    string // control-plane name: "hdr.ipv4.dst_addr", "hdr.vlan.$valid", "hdr.x.f[7:4]"
	Expr    Expr
	Width   int
	Kind    MatchKind
	IsSlice bool // a field slice: bf-rt.json marks it
	Pos     Pos
	Annots  []Annotation
}

// Table is one match-action table.
type Table struct {
	Name string // without the pipeline's prefix: "SwitchIngress.ipv4_lpm"
	Pos  Pos
	Dir  Dir
	Keys []Key
	// Actions in the order of the source. An entry names its action by index
	// into this slice.
	Actions []ActionRef
	// Default is the program's default action; ConstDefault forbids changing it.
	Default      ActionCall
	ConstDefault bool
	// Entries are the const or initial entries, highest precedence first;
	// ConstEntries forbids any other.
	Entries      []Entry
	ConstEntries bool
	Size         int
	Profile      int    // index of the action profile, -1 for none
	Selector     int    // index of the action selector, -1 for none
	SelectorKeys []Expr // the selector's hash input, in order
	// ProxyHash is compared instead of the key; nil for none.
	ProxyHash *Hash
	// Direct resources, one cell per entry.
	DirectCounters  []int
	DirectRegisters []int
	DirectMeters    []int
	DirectFilters   []int
	Annots          []Annotation
	// IdleTimeout: the table ages its entries (idle_timeout = true).
	IdleTimeout bool
	// Storage is how the chip keeps the entries where the program chose:
	// "Alpm" (a TCAM over partitions in SRAM) or "Atcam". What matches is the
	// same.
	Storage string
	// Hidden tables are made by the compiler and not in the schema.
	Hidden bool
}

// Scope tells where an action may be used.
type Scope uint8

const (
	TableAndDefault Scope = iota
	TableOnly
	DefaultOnly
)

// ActionRef is an action in a table's list.
type ActionRef struct {
	Action int // index into Pipeline.Actions
	Scope  Scope
	Annots []Annotation
}

// ActionCall is an action of a table with its data, laid out as Action.Params
// say. Action is an index into Table.Actions, -1 for "no action at all".
type ActionCall struct {
	Action int
	Data   []byte
}

// Entry is a const or initial entry.
type Entry struct {
	Pos      Pos
	Keys     []KeyMatch
	Call     ActionCall
	Priority int // lower number wins, as $MATCH_PRIORITY
	Const    bool
}

// KeyMatch is one key element of an entry; which fields count depends on the
// key's kind. Value, Mask, Lo and Hi are right-aligned big-endian byte strings
// of ceil(Width/8) bytes.
type KeyMatch struct {
	Value, Mask []byte
	Prefix      int
	Lo, Hi      []byte
}

// Action is the body that a table entry runs. When it runs, the entry's data
// (Bytes long) is copied to byte Off of the gress's memory; Params are places
// inside it.
type Action struct {
	Name   string // "SwitchIngress.hit"; "NoAction"
	Pos    Pos
	Dir    Dir
	Params []Param
	Off    int
	Bytes  int
	Body   []Stmt
	Annots []Annotation
}

// Param of an action, filled by the control plane.
type Param struct {
	Name   string
	Loc    Loc // absolute, inside [Off*8, (Off+Bytes)*8), byte-aligned as every non-header value
	Signed bool
	Bool   bool
	Pos    Pos
	Annots []Annotation
}

// ActionProfile holds members that entries refer to.
type ActionProfile struct {
	Name string
	Pos  Pos
	Size int
	// Table that uses it first (its actions are the members' actions); all
	// tables that share a profile list the same actions.
	Tables []int
}

// SelectorMode of an ActionSelector.
type SelectorMode uint8

const (
	Fair SelectorMode = iota
	Resilient
)

// Selector chooses a member of a group by hash (chip.md section 8).
type Selector struct {
	Name         string
	Pos          Pos
	Profile      int
	Hash         int // index into Pipeline.Hashes
	Mode         SelectorMode
	MaxGroupSize int
	NumGroups    int
	Scramble     bool // @selector_enable_scramble, on unless 0
	Register     int  // the 1-bit liveness register, -1 for none
}

// CounterKind of a Counter.
type CounterKind uint8

const (
	Packets CounterKind = iota
	Bytes
	PacketsAndBytes
)

// Counter is a Counter (Size cells) or a DirectCounter (Table >= 0).
type Counter struct {
	Name  string
	Pos   Pos
	Dir   Dir
	Kind  CounterKind
	Size  int
	Width int // of the type argument
	Table int // index of the table that owns it, -1 for an indirect counter
	// TrueEgress: Tofino 2's true_egress_accounting.
	TrueEgress bool
}

// Register is a Register (Size cells) or DirectRegister (Table >= 0). A cell
// is one value (Hi.Width 0) or a pair of equally wide ones.
type Register struct {
	Name string
	Pos  Pos
	Dir  Dir
	Size int
	// Width of each half (1, 8, 16, 32, on Tofino 2 also 64); Pair for two.
	Width  int
	Signed bool
	Pair   bool
	// Names of the fields in the schema: "f1", or the struct's field names.
	Names   []string
	Initial [2]uint64
	Table   int
	Index   int // width of the index type
}

// RegisterAction is one abstract-method body on a register: the cell is
// copied to Lo (and Hi), Body runs, and they are copied back; Out is the
// result (Width 0: none). The body sees nothing but memory, parameters and its
// own places.
type RegisterAction struct {
	Name     string
	Pos      Pos
	Register int
	Lo, Hi   Loc
	Out      Loc
	Body     []Stmt
}

// RegisterParam is a run-time constant.
type RegisterParam struct {
	Name    string
	Pos     Pos
	Width   int
	Signed  bool
	Initial *big.Int
}

// MathUnit (chip.md section 5): table[8..15] or [4..15] and an exponent rule.
type MathUnit struct {
	Name   string
	Width  int
	Invert bool
	Shift  int // -1, 0, +1
	Scale  int // -32..31
	Table  [16]uint8
}

// HashAlgorithm of a Hash.
type HashAlgorithm uint8

const (
	Identity HashAlgorithm = iota
	RandomHash
	Xor8
	Xor16
	Xor32
	CRC8
	CRC16
	CRC32
	CRC64
	CustomCRC
)

// Hash is one Hash instance; CRC holds for CustomCRC and, filled in with the
// chip's defaults, for CRC8 to CRC64.
type Hash struct {
	Name      string
	Pos       Pos
	Width     int
	Algorithm HashAlgorithm
	CRC       CRC
	// Symmetric pairs of inputs, by position in Data (section 9).
	Symmetric [][2]int
	// Dynamic: the program calls the instance in one place, so the control
	// plane may change what it hashes and how (bfrt.md section 9). Inputs are
	// that call's, in order; Data of its HashGet has the same widths.
	Dynamic bool
	Inputs  []HashInput
	// UsedLo and UsedBits are the bits of the output that the program uses:
	// UsedBits 0 means all.
	UsedLo, UsedBits int
}

// CRC parameters (tna-semantics.md section 9): Degree is the width of the
// register, Poly has no top bit.
type CRC struct {
	Degree   int
	Poly     uint64
	Reversed bool
	MSB      bool
	Extended bool
	Init     uint64
	Xor      uint64
}

// Random instance.
type Random struct {
	Name  string
	Pos   Pos
	Width int
}

// ValueSet is a parser value set: Size rows over the fields Widths.
type ValueSet struct {
	Name  string // "SwitchIngressParser.vs"
	Pos   Pos
	Dir   Dir
	Size  int
	Names []string // of the fields
	// Widths in bits; a row is a byte string like a table key.
	Widths []int
	Kinds  []MatchKind
}

// Mirror is a Mirror instance; Type its mirror_type, -1 where the program uses
// the form without one.
type Mirror struct {
	Name string
	Pos  Pos
	Dir  Dir
	Type int
}

// Resubmit is a Resubmit instance.
type Resubmit struct {
	Name string
	Pos  Pos
	Type int
}

// PortMetadata is the per-port word before every ingress packet: 8 bytes on
// Tofino, 16 (of 24) on Tofino 2. Fields empty means $DEFAULT_FIELD, raw.
type PortMetadata struct {
	Name   string // "SwitchIngressParser.$PORT_METADATA"
	Key    string // what the control plane calls the port; "" is "ig_intr_md.ingress_port"
	Bytes  int
	Fields []PortField
}

// PortField of the port metadata: Width bits, the last at bit End-1 of the
// area (LSB byte-aligned).
type PortField struct {
	Name  string
	Bit   int // first bit in the area
	Width int
}
