package ir

// Meter is a Meter (Size cells) or a DirectMeter (Table >= 0): a two-rate
// three-colour marker (chip.md section 7).
type Meter struct {
	Name  string
	Pos   Pos
	Dir   Dir
	Kind  CounterKind // Packets or Bytes
	Size  int
	Table int // index of the table that owns it, -1 for an indirect meter
	// Colors are the results for green, yellow and red.
	Colors [3]uint8
	// TrueEgress: Tofino 2's true_egress_accounting.
	TrueEgress bool
}

// MeterColors are the results of a meter that names none: MeterColor_t.
var MeterColors = [3]uint8{0, 1, 3}

// FilterKind of a Filter.
type FilterKind uint8

const (
	LPF  FilterKind = iota // Lpf: a low-pass filter
	WRED                   // Wred: a drop decision on a filtered value
)

func (k FilterKind) String() string { return [...]string{"lpf", "wred"}[k] }

// Filter is an Lpf or a Wred (Size cells), or a direct one (Table >= 0).
type Filter struct {
	Name  string
	Pos   Pos
	Dir   Dir
	Kind  FilterKind
	Size  int
	Width int // of the value, and of an LPF's result
	Table int // index of the table that owns it, -1 for an indirect filter
	// Drop and NoDrop are the results of a WRED.
	Drop, NoDrop uint8
}

type (
	// MeterExec colours the packet: Dst (8 bits) = the colour. Index nil: the
	// direct cell. Color is the colour that the packet has already, nil for a
	// colour-blind meter; Adjust the bytes to subtract, or nil.
	MeterExec struct {
		S
		Meter  int
		Index  Expr
		Color  Expr
		Adjust Expr
		Dst    Loc // Width 0: result unused
	}
	// FilterExec gives a value to a filter; Dst is the filtered value or the
	// drop decision. Index nil: the direct cell.
	FilterExec struct {
		S
		Filter int
		Index  Expr
		X      Expr
		Dst    Loc // Width 0: result unused
	}
)
