package types

import (
	"math/big"

	"gofino/p4/syntax"
)

// Type is a P4 type. Types are compared with Identical, never with ==.
type Type interface{ String() string }

type (
	// Basic is bool, string, error, match_kind, void, the arbitrary-precision
	// int, or the type of an expression that had an error (Invalid).
	Basic struct{ Kind BasicKind }
	// Bits is bit<Width> or int<Width>.
	Bits struct {
		Width  int
		Signed bool
	}
	// Varbit is varbit<Width>.
	Varbit struct{ Width int }
	// Struct is a struct, header or header_union, after specialisation of its
	// type parameters. Anonymous tuples and list expressions are Tuple; an
	// initialiser with names ({a = 1}) that no context gives a type is a
	// Struct with the name Anonymous and no Decl.
	Struct struct {
		Kind   syntax.StructKind
		Name   string // "" never
		Args   []Type // of a generic struct
		Fields []*StructField
		Decl   *syntax.StructDecl // nil for built-in types
	}
	// Stack is Elem[Size]; where Elem is a header or union it has next, last,
	// push_front and so on, otherwise it is a plain array.
	Stack struct {
		Elem Type
		Size int
	}
	Tuple struct{ Elems []Type }
	// List is list<Elem>.
	List struct{ Elem Type }
	// Enum is an enum; Underlying nil for a plain one.
	Enum struct {
		Name       string
		Underlying Type
		Members    []*EnumMember
		Decl       *syntax.EnumDecl
	}
	// New is a type made by "type T Name".
	New struct {
		Name  string
		Under Type
	}
	// Extern is an extern object type; Args are its type arguments (TypeVars
	// in the generic declaration itself).
	Extern struct {
		Name   string
		Args   []Type
		Params []*TypeVar
		Decl   *syntax.ExternDecl
	}
	// Proto is a parser, control or package type, or the type of a parser or
	// control that has a body.
	Proto struct {
		Kind     ProtoKind
		Name     string
		TypeArgs []Type
		Params   []*Var // run-time parameters; for a package its constructor's
		Ctor     []*Var // constructor parameters of a parser or control
		Decl     syntax.Decl
	}
	// Func is a function, method or action signature.
	Func struct {
		TypeParams []*TypeVar
		Params     []*Var
		Result     Type // void for none
	}
	// Table is the type of a table; ApplyResult the type of t.apply(), with
	// fields hit, miss (bool) and action_run (ActionList).
	Table       struct{ Decl *syntax.TableDecl }
	ApplyResult struct{ Table *syntax.TableDecl }
	ActionList  struct{ Table *syntax.TableDecl }
	// ValueSet is value_set<Elem>.
	ValueSet struct{ Elem Type }
	// Set is the type of a key set: a mask, a range, default.
	Set struct{ Elem Type }
	// TypeVar is a type parameter.
	TypeVar struct {
		Name string
		Decl *syntax.Name
	}
)

type BasicKind uint8

const (
	Invalid BasicKind = iota
	Bool
	Int // arbitrary precision, compile time only
	String
	Error
	MatchKind
	Void
	State    // a parser state's name
	DontCare // "_" as an argument
)

type ProtoKind uint8

const (
	ParserProto ProtoKind = iota
	ControlProto
	PackageProto
)

type StructField struct {
	Name string
	Type Type
	Decl *syntax.Field // annotations
}

type EnumMember struct {
	Name  string
	Value *big.Int // of a serializable enum; else nil
	Index int
}

// Object is what a name stands for.
type Object interface {
	ObjName() string
	ObjType() Type
	ObjPos() syntax.Pos
}

type object struct {
	Name string
	Type Type
	At   syntax.Pos
}

func (o *object) ObjName() string    { return o.Name }
func (o *object) ObjType() Type      { return o.Type }
func (o *object) ObjPos() syntax.Pos { return o.At }

type (
	// Var is a variable, a parameter (Param true) or a constructor parameter
	// (Ctor true: known when the object is instantiated).
	Var struct {
		object
		Param    bool
		Ctor     bool
		Dir      syntax.Direction
		Optional bool        // @optional, or has a default
		Default  syntax.Expr // or nil
		Decl     syntax.Decl // *syntax.Param or *syntax.VarDecl
		known    bool        // directionless, not of an action: fixed at compile time
	}
	// Const is a named constant; Value as in TypeAndValue.
	Const struct {
		object
		Value Value
		Decl  *syntax.ConstDecl
	}
	// TypeObj names a type.
	TypeObj struct{ object }
	// Inst is a declared instance (extern, parser, control, package) or main.
	Inst struct {
		object
		Decl *syntax.Instance
	}
	// FuncObj is a function or method: Extern true where there is no body.
	FuncObj struct {
		object
		Decl   *syntax.FuncDecl
		Recv   *Extern // a method's extern, or nil
		Extern bool
		pure   bool // @pure: a constant where its arguments are
	}
	ActionObj struct {
		object
		Decl *syntax.ActionDecl
	}
	TableObj struct {
		object
		Decl *syntax.TableDecl
	}
	ValueSetObj struct {
		object
		Decl *syntax.ValueSetDecl
		Size int
	}
	// StateObj is a parser state; Decl nil for accept and reject.
	StateObj struct {
		object
		Decl *syntax.StateDecl
	}
	// ErrorObj is error.Name; MatchKindObj a match kind.
	ErrorObj struct {
		object
		Index int
	}
	MatchKindObj struct{ object }
)

// Value is a compile-time constant: *big.Int (int, bit, int<W>, serializable
// enum), bool, string, *EnumMember (plain enum), *ErrorObj, or []Value (tuple,
// list, struct in field order). nil means not a compile-time constant.
type Value any

// TypeAndValue is what Check found out about an expression.
type TypeAndValue struct {
	Type Type
	// Value is the constant's value, already reduced to the type's width.
	Value Value
	// Set in addition where context converts the expression implicitly: an
	// int literal to bit<W> shows its final Type directly and has no Conv; a
	// serializable enum used as its underlying type, or a list used as a
	// struct or header, has Conv set to the type it becomes.
	Conv Type
	// LValue: may be assigned to.
	LValue bool
	// IsType: the expression is a type (E in E.A).
	IsType bool
	// Known: fixed when the program is compiled, though Value may be nil: it
	// depends on a constructor parameter, or it is an instance.
	Known bool
}

// CallKind tells what a call does.
type CallKind uint8

const (
	CallFunction    CallKind = iota // user function: Func, Args
	CallExternFunc                  // extern function
	CallMethod                      // method of an extern object (Recv is the object expression)
	CallBuiltin                     // isValid setValid setInvalid push_front pop_front minSizeInBits ... (Builtin)
	CallAction                      // direct call of an action
	CallTable                       // t.apply()
	CallApply                       // parser or control instance .apply(...)
	CallConstructor                 // Type(args) as an expression
	CallAbstract                    // implemented abstract method called by the user's code
)

// Call is what one call, constructor call or instantiation means.
type Call struct {
	Kind    CallKind
	Callee  Object // FuncObj, ActionObj, TableObj, Inst...; nil for builtins
	Builtin string
	// Recv is the expression before the dot; nil where there is none.
	Recv     syntax.Expr
	RecvType Type
	// TypeArgs in the order of the callee's type parameters, inferred or
	// written.
	TypeArgs []Type
	// Params of the callee after substitution of TypeArgs; Args in the same
	// order, nil where an optional argument was left out, and a
	// *syntax.DefaultExpr for "_".
	Params []*Var
	Args   []syntax.Expr
	Result Type
}

// Info is the result of Check.
type Info struct {
	File  *syntax.File
	Types map[syntax.Expr]TypeAndValue
	// TypeOf resolves every TypeExpr that was seen.
	TypeOf map[syntax.TypeExpr]Type
	Defs   map[*syntax.Name]Object
	// Uses holds every use of a name; for X.Sel it has Sel when Sel is a
	// method, an action, an enum member's type...; struct fields are found by
	// the type of X.
	Uses map[*syntax.Name]Object
	// Calls: run-time calls and constructor-call expressions.
	Calls map[*syntax.CallExpr]*Call
	// Constructions: declared instances (extern, parser, control, package).
	Constructions map[*syntax.Instance]*Call
	// Applies: Type.apply(...) statements; Construct has the type's (empty)
	// constructor call.
	Applies map[*syntax.DirectApply]*Call
	// ActionRefs: bindings of action arguments in tables: data-plane arguments
	// first as written, then the control-plane parameters left over.
	ActionRefs map[*syntax.ActionRef]*Call
	// Defaults: the default_action of a table that wrote it as an expression
	// (TableProp.Value); bound as ActionRefs are.
	Defaults map[*syntax.TableProp]*Call
	// Abstracts: the method that each function of an object initialiser
	// implements.
	Abstracts map[*syntax.FuncDecl]*FuncObj
	// Main is the instance named main, or nil.
	Main *Inst
	// Errors are the names of all errors, MatchKinds of all match kinds.
	Errors, MatchKinds []string
}
