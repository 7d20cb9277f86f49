package tables

// Schema is the control-plane schema: what bf-rt.json says.
type Schema struct {
	Tables  []*TableSpec
	Digests []*DigestSpec
}

// TableSpec describes one table (facts: BFRuntime schema version 1.0.0).
type TableSpec struct {
	Name            string // "pipe.SwitchIngress.forward"
	ID              uint32
	Type            string // "MatchAction_Direct", "Counter", "PreNode", ...
	Size            int
	Annotations     []Annotation
	DependsOn       []uint32
	HasConstDefault bool
	Key             []KeySpec
	Actions         []ActionSpec
	Data            []FieldSpec
	Operations      []string
	Attributes      []string
	// ReadOnly is written where the compiler says so of the whole table.
	ReadOnly bool
	// Fixed tables are the chip's own, not the program's; they render apart.
	Fixed bool
}

// Annotation in a schema.
type Annotation struct{ Name, Value string }

// KeySpec is one key field.
type KeySpec struct {
	ID          uint32
	Name        string
	Match       string // Exact Ternary LPM Range Optional ATCAM
	Mandatory   bool
	Repeated    bool
	Type        TypeSpec
	Annotations []Annotation
}

// ActionSpec is one action of a table.
type ActionSpec struct {
	ID          uint32
	Name        string
	Scope       string // TableAndDefault TableOnly DefaultOnly
	Data        []FieldSpec
	Annotations []Annotation
}

// FieldSpec is one data field; Container holds a nested record's fields.
type FieldSpec struct {
	ID          uint32
	Name        string
	Mandatory   bool
	ReadOnly    bool
	Repeated    bool
	Type        TypeSpec
	Container   []FieldSpec
	Annotations []Annotation
	// OneOf numbers a group of mutually exclusive fields; 0 is none.
	OneOf int
}

// TypeSpec of a field.
type TypeSpec struct {
	Kind    string // bytes uint8 uint16 uint32 uint64 int32 bool float string
	Width   int    // bits, for bytes
	Choices []string
	Default any // nil for none
}

// Bits of a number of this type; 0 for types that are no numbers.
func (t TypeSpec) Bits() int {
	switch t.Kind {
	case "bytes":
		return t.Width
	case "uint8", "int8":
		return 8
	case "uint16", "int16":
		return 16
	case "uint32", "int32":
		return 32
	case "uint64", "int64":
		return 64
	}
	return 0
}

// DigestSpec is one learn filter.
type DigestSpec struct {
	Name   string
	ID     uint32
	Fields []FieldSpec
}
