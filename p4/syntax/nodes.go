package syntax

import "math/big"

// Pos is a place in the author's source, after line marks: the file that the
// author wrote, not the text that the preprocessor produced.
// The zero Pos means "no position".
type Pos struct {
	File string // as it was named on the command line or found by #include
	Line int    // from 1
	Col  int    // from 1, in bytes
}

// Node is anything in the tree.
type Node interface{ Pos() Pos }

// node is embedded in every node.
type node struct{ At Pos }

func (n *node) Pos() Pos { return n.At }

// Name is an identifier where it is declared or used.
type Name struct {
	node
	Value string
	// Global is true for a name with a leading dot (".x"): looked up in the
	// outermost scope only.
	Global bool
}

// File is one whole program: every declaration after preprocessing, in order.
type File struct {
	node
	Name  string
	Decls []Decl
}

// Annotation is @name, @name(tokens) or @name[structured]. A #pragma / @pragma
// line becomes an Annotation too, with Pragma true.
type Annotation struct {
	node
	Name   string
	Pragma bool
	// Tokens is the raw text of each token between the parentheses (strings
	// are unquoted and marked in IsString).
	Tokens   []string
	IsString []bool
	// Exprs and KV hold a structured body ([...]).
	Exprs []Expr
	KV    []*NamedExpr
}

// NamedExpr is name = value, in annotations, struct initialisers and arguments.
type NamedExpr struct {
	node
	Name  *Name
	Value Expr
}

// ---------------------------------------------------------------- declarations

// Decl is a declaration. Those that may stand in a block are Stmts as well,
// wrapped in DeclStmt.
type Decl interface {
	Node
	declNode()
	Annots() []*Annotation
}

type decl struct {
	node
	Annotations []*Annotation
}

func (*decl) declNode()               {}
func (d *decl) Annots() []*Annotation { return d.Annotations }

// Direction of a parameter.
type Direction uint8

const (
	NoDir Direction = iota
	In
	Out
	InOut
)

// Param is one parameter of anything that has parameters.
type Param struct {
	decl
	Dir     Direction
	Type    TypeExpr
	Name    *Name
	Default Expr // or nil; @optional is an annotation
}

type (
	// ConstDecl: const Type Name = Value;
	ConstDecl struct {
		decl
		Type  TypeExpr
		Name  *Name
		Value Expr
	}
	// VarDecl: Type Name = Value;
	VarDecl struct {
		decl
		Type  TypeExpr
		Name  *Name
		Value Expr // or nil
	}
	// Instance: Type(Args) Name [= { Body }];
	Instance struct {
		decl
		Type TypeExpr
		Args []*Arg
		Name *Name
		Size Expr   // Type(Args) Name[Size], an array of instances; or nil
		Body []Decl // object initialiser: FuncDecl and Instance; nil if none
	}
	// FuncDecl is a function, an abstract method's implementation, or (in an
	// ExternDecl, with Body nil) a prototype.
	FuncDecl struct {
		decl
		Abstract    bool
		Constructor bool     // method named like its extern, no result
		Result      TypeExpr // nil for a constructor; *BaseType{Void} for void
		Name        *Name
		TypeParams  []*Name
		Params      []*Param
		Body        *BlockStmt // nil for a prototype
	}
	// ExternDecl is an extern object (Func nil) or an extern function.
	ExternDecl struct {
		decl
		Name       *Name
		TypeParams []*Name
		Methods    []*FuncDecl
		Func       *FuncDecl
	}
	// ActionDecl: action Name(Params) Body
	ActionDecl struct {
		decl
		Name   *Name
		Params []*Param
		Body   *BlockStmt
	}
	// ParserDecl is a parser type (States nil and Proto true) or a parser.
	// Locals and states may be mixed in the source; each list is in order.
	ParserDecl struct {
		decl
		Name       *Name
		TypeParams []*Name
		Params     []*Param
		Proto      bool
		CtorParams []*Param
		Locals     []Decl
		States     []*StateDecl
	}
	// ControlDecl is a control type (Proto true) or a control.
	ControlDecl struct {
		decl
		Name       *Name
		TypeParams []*Name
		Params     []*Param
		Proto      bool
		CtorParams []*Param
		Locals     []Decl
		Body       *BlockStmt
	}
	// PackageDecl: package Name<..>(Params);
	PackageDecl struct {
		decl
		Name       *Name
		TypeParams []*Name
		Params     []*Param
	}
	// StateDecl is one parser state. Next is nil when there is no transition
	// (which means reject).
	StateDecl struct {
		decl
		Name *Name
		Body []Stmt
		Next Transition
	}
	// ValueSetDecl: value_set<Elem>(Size) Name;
	ValueSetDecl struct {
		decl
		Elem TypeExpr
		Size Expr
		Name *Name
	}
	// TableDecl: a table and its properties in source order.
	TableDecl struct {
		decl
		Name *Name
		// Props holds every property, also key, actions and entries.
		Props []*TableProp
	}
	// StructDecl is a header, struct or header_union type.
	StructDecl struct {
		decl
		Kind       StructKind
		Name       *Name
		TypeParams []*Name
		Fields     []*Field
	}
	// EnumDecl is an enum; Underlying is nil for a plain one.
	EnumDecl struct {
		decl
		Name       *Name
		Underlying TypeExpr
		Members    []*EnumMember
	}
	// ErrorDecl: error { A, B }
	ErrorDecl struct {
		decl
		Members []*Name
	}
	// MatchKindDecl: match_kind { exact, ... }
	MatchKindDecl struct {
		decl
		Members []*Name
	}
	// TypedefDecl: typedef T Name (New false) or type T Name (New true).
	// Of is set instead of Type for "typedef struct {...} Name".
	TypedefDecl struct {
		decl
		New  bool
		Type TypeExpr
		Of   Decl
		Name *Name
	}
)

type StructKind uint8

const (
	Struct StructKind = iota
	Header
	HeaderUnion
)

// Field of a struct, header or union.
type Field struct {
	decl
	Type TypeExpr
	Name *Name
}

// EnumMember of an enum; Value is nil in a plain enum.
type EnumMember struct {
	node
	Name  *Name
	Value Expr
}

// TableProp is one property of a table. Exactly one of Keys (with IsKey),
// Actions (IsActions), Entries (IsEntries) and Value is meaningful.
type TableProp struct {
	decl
	Const     bool
	Name      *Name // "key", "actions", "entries", or the property's own name
	IsKey     bool
	IsActions bool
	IsEntries bool
	Keys      []*KeyElem
	Actions   []*ActionRef
	Entries   []*Entry
	Value     Expr
}

// KeyElem: Expr : Match @annotations;
type KeyElem struct {
	decl
	Expr  Expr
	Match *Name
}

// ActionRef: an action in a table's list, default_action or entry.
type ActionRef struct {
	decl
	Name    *Name
	HasArgs bool // a call was written, even an empty one
	Args    []*Arg
}

// Entry: [const] [priority = P :] Keys : Action;
type Entry struct {
	decl
	Const    bool
	Priority Expr // or nil
	Keys     []Expr
	Action   *ActionRef
}

// ------------------------------------------------------------------ statements

// Stmt is a statement.
type Stmt interface {
	Node
	stmtNode()
	annots() []*Annotation
}

type stmt struct {
	node
	Annotations []*Annotation
}

func (*stmt) stmtNode()               {}
func (s *stmt) annots() []*Annotation { return s.Annotations }

type (
	EmptyStmt struct{ stmt }
	// DeclStmt: a variable, constant or instance in a block.
	DeclStmt struct {
		stmt
		Decl Decl
	}
	// AssignStmt: L = R, or L op= R with Op set (Add, Sub, ... NoOp for "=").
	AssignStmt struct {
		stmt
		Op Op
		L  Expr
		R  Expr
	}
	// CallStmt: a method, action, function, table, control or parser call.
	CallStmt struct {
		stmt
		Call *CallExpr
	}
	// DirectApply: Type.apply(Args); an instance made on the spot.
	DirectApply struct {
		stmt
		Type TypeExpr
		Args []*Arg
	}
	IfStmt struct {
		stmt
		Cond Expr
		Then Stmt
		Else Stmt // or nil
	}
	BlockStmt struct {
		stmt
		List []Stmt
		End  Pos // the closing brace
	}
	ReturnStmt struct {
		stmt
		Value Expr // or nil
	}
	ExitStmt     struct{ stmt }
	BreakStmt    struct{ stmt }
	ContinueStmt struct{ stmt }
	SwitchStmt   struct {
		stmt
		Tag   Expr
		Cases []*SwitchCase
	}
	// ForStmt: for (Init; Cond; Post) Body.
	ForStmt struct {
		stmt
		Init []Stmt
		Cond Expr
		Post []Stmt
		Body Stmt
	}
	// ForInStmt: for (Type Name in X) Body; X is an expression or a RangeExpr.
	ForInStmt struct {
		stmt
		Var  *VarDecl
		X    Expr
		Body Stmt
	}
)

// SwitchCase: Label : Body. Body is nil for fall-through.
type SwitchCase struct {
	node
	Default bool
	Label   Expr
	Body    *BlockStmt
}

// Transition of a parser state: *Goto or *Select.
type Transition interface {
	Node
	transitionNode()
}

type (
	Goto struct {
		node
		State *Name
	}
	Select struct {
		node
		Keys  []Expr
		Cases []*SelectCase
	}
)

func (*Goto) transitionNode()   {}
func (*Select) transitionNode() {}

// SelectCase: Keys : State. A single key stands for the whole tuple
// (also default, _ and a value set's name).
type SelectCase struct {
	node
	Keys  []Expr // may hold DefaultExpr, MaskExpr, RangeExpr
	State *Name
}

// ----------------------------------------------------------------- expressions

// Expr is an expression.
type Expr interface {
	Node
	exprNode()
}

type expr struct{ node }

func (*expr) exprNode() {}

// Op is an operator.
type Op uint8

const (
	NoOp   Op = iota
	Add       // +
	Sub       // -
	Mul       // *
	Div       // /
	Mod       // %
	AddSat    // |+|
	SubSat    // |-|
	Shl       // <<
	Shr       // >>
	And       // &
	Or        // |
	Xor       // ^
	Concat    // ++
	LAnd      // &&
	LOr       // ||
	Eq        // ==
	Ne        // !=
	Lt        // <
	Le        // <=
	Gt        // >
	Ge        // >=
	Not       // !
	BitNot    // ~
	Neg       // unary -
	Plus      // unary +
)

type (
	// NameExpr is a name used as an expression.
	NameExpr struct {
		expr
		Name *Name
	}
	// TypeNameExpr is a type used where an expression stands: E in E.Member,
	// error in error.X, a type before .apply or in a constructor call.
	TypeNameExpr struct {
		expr
		Type TypeExpr
	}
	IntLit struct {
		expr
		Value  *big.Int
		Width  int  // 0: int (arbitrary precision)
		Signed bool // 8s5
		Base   int  // 2, 8, 10, 16: as written
	}
	BoolLit struct {
		expr
		Value bool
	}
	StringLit struct {
		expr
		Value string
	}
	ThisExpr struct{ expr }
	// DefaultExpr is default or _ in a key set; "_" as an argument too.
	DefaultExpr struct{ expr }
	// DotsExpr is "..." in an initialiser (a default value).
	DotsExpr struct{ expr }
	// InvalidExpr is {#}: an invalid header or union.
	InvalidExpr struct{ expr }
	// MaskExpr: X &&& Mask.
	MaskExpr struct {
		expr
		X, Mask Expr
	}
	// RangeExpr: Lo .. Hi.
	RangeExpr struct {
		expr
		Lo, Hi Expr
	}
	UnaryExpr struct {
		expr
		Op Op
		X  Expr
	}
	BinaryExpr struct {
		expr
		Op   Op
		X, Y Expr
	}
	// CondExpr: C ? A : B.
	CondExpr struct {
		expr
		C, A, B Expr
	}
	// CastExpr: (Type) X.
	CastExpr struct {
		expr
		Type TypeExpr
		X    Expr
	}
	// MemberExpr: X.Sel.
	MemberExpr struct {
		expr
		X   Expr
		Sel *Name
	}
	// IndexExpr: X[I].
	IndexExpr struct {
		expr
		X, I Expr
	}
	// SliceExpr: X[Hi:Lo], or X[Lo +: Width] with Width set; the parser then
	// makes Hi = Lo + Width - 1 of the same nodes, so that both forms read alike.
	SliceExpr struct {
		expr
		X, Hi, Lo Expr
		Width     Expr // or nil
	}
	// ListExpr: { a, b } or { a = 1, b = 2 } (Named true), optionally ending
	// with "..." (Dots). Cast by a following type context only.
	ListExpr struct {
		expr
		Named  bool
		Elems  []Expr
		Fields []*NamedExpr
		Dots   bool
	}
	// CallExpr: Fun<TypeArgs>(Args). Fun is a NameExpr, MemberExpr, or, for a
	// constructor call, a TypeNameExpr, whose type then holds the arguments
	// (a SpecType) and TypeArgs is nil.
	CallExpr struct {
		expr
		Fun      Expr
		TypeArgs []TypeExpr
		Args     []*Arg
	}
	// ParenExpr: (X), kept for the printer.
	ParenExpr struct {
		expr
		X Expr
	}
)

// Arg is a positional or named argument; Value is a *DefaultExpr for "_".
type Arg struct {
	node
	Name  *Name // or nil
	Value Expr
}

// ----------------------------------------------------------------------- types

// TypeExpr is a type as written.
type TypeExpr interface {
	Node
	typeNode()
}

type texpr struct{ node }

func (*texpr) typeNode() {}

// BaseKind is a built-in type.
type BaseKind uint8

const (
	Bool BaseKind = iota
	Bit           // bit<Width>; plain "bit" is bit<1>
	Int           // int<Width>; plain "int" has Width nil: arbitrary precision
	Varbit
	String
	Error
	MatchKind
	Void
	DontCare // "_" as a type argument
)

type (
	BaseType struct {
		texpr
		Kind  BaseKind
		Width Expr // or nil
	}
	NamedType struct {
		texpr
		Name *Name
	}
	// SpecType: Base<Args>.
	SpecType struct {
		texpr
		Base *NamedType
		Args []TypeExpr
	}
	// StackType: Elem[Size].
	StackType struct {
		texpr
		Elem TypeExpr
		Size Expr
	}
	TupleType struct {
		texpr
		Elems []TypeExpr
	}
	// ListType: list<Elem>.
	ListType struct {
		texpr
		Elem TypeExpr
	}
)
