package types

import (
	"strconv"
	"strings"

	"gofino/p4/syntax"
)

// Anonymous is the name of the Struct type of an initialiser with names that
// has no declared type.
const Anonymous = "{...}"

func (t *Basic) String() string {
	switch t.Kind {
	case Bool:
		return "bool"
	case Int:
		return "int"
	case String:
		return "string"
	case Error:
		return "error"
	case MatchKind:
		return "match_kind"
	case Void:
		return "void"
	case State:
		return "state"
	case DontCare:
		return "_"
	}
	return "invalid type"
}

func (t *Bits) String() string {
	if t.Signed {
		return "int<" + strconv.Itoa(t.Width) + ">"
	}
	return "bit<" + strconv.Itoa(t.Width) + ">"
}

func (t *Varbit) String() string { return "varbit<" + strconv.Itoa(t.Width) + ">" }

func (t *Struct) String() string {
	if t.Name != Anonymous {
		return t.Name + argText(t.Args)
	}
	var b strings.Builder
	b.WriteByte('{')
	for i, f := range t.Fields {
		if i > 0 {
			b.WriteString(", ")
		}
		if b.Len() > maxTypeText {
			b.WriteString("...")
			break
		}
		b.WriteString(f.Name)
	}
	b.WriteByte('}')
	return b.String()
}

func (t *Stack) String() string { return t.Elem.String() + "[" + strconv.Itoa(t.Size) + "]" }

func (t *Tuple) String() string { return "tuple<" + listText(t.Elems) + ">" }

func (t *List) String() string { return "list<" + t.Elem.String() + ">" }

func (t *Enum) String() string { return t.Name }

func (t *New) String() string { return t.Name }

func (t *Extern) String() string { return t.Name + argText(t.Args) }

func (t *Proto) String() string { return t.Kind.String() + " " + t.Name + argText(t.TypeArgs) }

func (k ProtoKind) String() string {
	switch k {
	case ParserProto:
		return "parser"
	case ControlProto:
		return "control"
	}
	return "package"
}

func (t *Func) String() string {
	r := "action"
	if t.Result != nil {
		r = t.Result.String()
	}
	return r + paramText(t.Params)
}

func (t *Table) String() string { return "table " + t.Decl.Name.Value }

func (t *ApplyResult) String() string { return "result of " + t.Table.Name.Value + ".apply()" }

func (t *ActionList) String() string { return "action of table " + t.Table.Name.Value }

func (t *ValueSet) String() string { return "value_set<" + t.Elem.String() + ">" }

func (t *Set) String() string { return "set<" + t.Elem.String() + ">" }

func (t *TypeVar) String() string { return t.Name }

// maxTypeText bounds the text of a type in a message, in bytes.
const maxTypeText = 160

func listText(ts []Type) string {
	var b strings.Builder
	for i, t := range ts {
		if i > 0 {
			b.WriteString(", ")
		}
		if b.Len() > maxTypeText {
			b.WriteString("...")
			break
		}
		b.WriteString(t.String())
	}
	return b.String()
}

func argText(ts []Type) string {
	if len(ts) == 0 {
		return ""
	}
	return "<" + listText(ts) + ">"
}

func dirText(d syntax.Direction) string {
	switch d {
	case syntax.In:
		return "in"
	case syntax.Out:
		return "out"
	case syntax.InOut:
		return "inout"
	}
	return "no direction"
}

func paramText(ps []*Var) string {
	var b strings.Builder
	b.WriteByte('(')
	for i, p := range ps {
		if i > 0 {
			b.WriteString(", ")
		}
		if p.Optional {
			b.WriteString("optional ")
		}
		if p.Dir != syntax.NoDir {
			b.WriteString(dirText(p.Dir) + " ")
		}
		b.WriteString(p.Type.String() + " " + p.Name)
	}
	b.WriteByte(')')
	return b.String()
}

func kindText(k syntax.StructKind) string {
	switch k {
	case syntax.Header:
		return "header"
	case syntax.HeaderUnion:
		return "header_union"
	}
	return "struct"
}

// describe names a type with its kind: "header ethernet_t".
func describe(t Type) string {
	switch t := t.(type) {
	case *Struct:
		if t.Name == Anonymous {
			return "initializer " + t.String()
		}
		return kindText(t.Kind) + " " + t.String()
	case *Enum:
		return "enum " + t.Name
	case *Extern:
		return "extern " + t.String()
	case *Stack:
		if isHeaderLike(t.Elem) {
			return "header stack " + t.String()
		}
		return "array " + t.String()
	}
	return t.String()
}

// opText is the operator as written in P4.
var opText = [...]string{
	syntax.NoOp: "=", syntax.Add: "+", syntax.Sub: "-", syntax.Mul: "*",
	syntax.Div: "/", syntax.Mod: "%", syntax.AddSat: "|+|",
	syntax.SubSat: "|-|", syntax.Shl: "<<", syntax.Shr: ">>",
	syntax.And: "&", syntax.Or: "|", syntax.Xor: "^", syntax.Concat: "++",
	syntax.LAnd: "&&", syntax.LOr: "||", syntax.Eq: "==", syntax.Ne: "!=",
	syntax.Lt: "<", syntax.Le: "<=", syntax.Gt: ">", syntax.Ge: ">=",
	syntax.Not: "!", syntax.BitNot: "~", syntax.Neg: "-", syntax.Plus: "+",
}

func opName(op syntax.Op) string {
	if int(op) < len(opText) {
		return opText[op]
	}
	return "?"
}
