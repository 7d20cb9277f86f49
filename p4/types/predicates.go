package types

import (
	"gofino/p4/syntax"
)

// Types without parameters; compare with Identical all the same.
var (
	invalidType   = &Basic{Kind: Invalid}
	boolType      = &Basic{Kind: Bool}
	intType       = &Basic{Kind: Int}
	stringType    = &Basic{Kind: String}
	errorType     = &Basic{Kind: Error}
	matchKindType = &Basic{Kind: MatchKind}
	voidType      = &Basic{Kind: Void}
	stateType     = &Basic{Kind: State}
	dontCareType  = &Basic{Kind: DontCare}
	bit1Type      = &Bits{Width: 1}
	bit32Type     = &Bits{Width: 32}
)

func isKind(t Type, k BasicKind) bool {
	b, ok := t.(*Basic)
	return ok && b.Kind == k
}

func isInvalid(t Type) bool {
	return t == nil || isKind(t, Invalid)
}

func isBits(t Type) bool {
	_, ok := t.(*Bits)
	return ok
}

func isNumeric(t Type) bool { return isBits(t) || isKind(t, Int) }

func isHeader(t Type) bool {
	s, ok := t.(*Struct)
	return ok && s.Kind == syntax.Header
}

func isHeaderLike(t Type) bool {
	s, ok := t.(*Struct)
	return ok && s.Kind != syntax.Struct
}

func isStruct(t Type) bool {
	s, ok := t.(*Struct)
	return ok && s.Kind == syntax.Struct
}

// base is the type of the values that operators see: the underlying type of a
// serializable enum.
func base(t Type) Type {
	if e, ok := t.(*Enum); ok && e.Underlying != nil {
		return e.Underlying
	}
	return t
}

// under strips type T names.
func under(t Type) Type {
	for {
		n, ok := t.(*New)
		if !ok {
			return t
		}
		t = n.Under
	}
}

// isObject tells stateful things from values.
func isObject(t Type) bool {
	switch t.(type) {
	case *Extern, *Proto, *Table, *ValueSet, *Func, *ApplyResult, *ActionList:
		return true
	}
	return false
}

// Identical reports whether two types are the same type.
func Identical(a, b Type) bool {
	if a == b {
		return true
	}
	switch a := a.(type) {
	case *Basic:
		b, ok := b.(*Basic)
		return ok && a.Kind == b.Kind
	case *Bits:
		b, ok := b.(*Bits)
		return ok && *a == *b
	case *Varbit:
		b, ok := b.(*Varbit)
		return ok && *a == *b
	case *Struct:
		b, ok := b.(*Struct)
		return ok && sameStruct(a, b)
	case *Stack:
		b, ok := b.(*Stack)
		return ok && a.Size == b.Size && Identical(a.Elem, b.Elem)
	case *Tuple:
		b, ok := b.(*Tuple)
		return ok && identicalAll(a.Elems, b.Elems)
	case *List:
		b, ok := b.(*List)
		return ok && Identical(a.Elem, b.Elem)
	case *Enum:
		b, ok := b.(*Enum)
		return ok && a.Decl == b.Decl
	case *New:
		b, ok := b.(*New)
		return ok && a.Name == b.Name && Identical(a.Under, b.Under)
	case *Extern:
		b, ok := b.(*Extern)
		return ok && a.Decl == b.Decl && identicalAll(a.Args, b.Args)
	case *Proto:
		b, ok := b.(*Proto)
		return ok && a.Decl == b.Decl && identicalAll(a.TypeArgs, b.TypeArgs)
	case *Table:
		b, ok := b.(*Table)
		return ok && a.Decl == b.Decl
	case *ValueSet:
		b, ok := b.(*ValueSet)
		return ok && Identical(a.Elem, b.Elem)
	case *Set:
		b, ok := b.(*Set)
		return ok && Identical(a.Elem, b.Elem)
	}
	return false
}

func sameStruct(a, b *Struct) bool {
	if a.Decl != nil || b.Decl != nil {
		return a.Decl == b.Decl && identicalAll(a.Args, b.Args)
	}
	if len(a.Fields) != len(b.Fields) {
		return false
	}
	for i, f := range a.Fields {
		if f.Name != b.Fields[i].Name || !Identical(f.Type, b.Fields[i].Type) {
			return false
		}
	}
	return true
}

func identicalAll(a, b []Type) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !Identical(a[i], b[i]) {
			return false
		}
	}
	return true
}

// comparable reports whether == is defined on values of type t; the second
// result is the part that has no equality.
func comparable(t Type) (bool, Type) {
	switch t := t.(type) {
	case *Basic:
		switch t.Kind {
		case Void, State, DontCare:
			return false, t
		}
		return true, nil
	case *Bits, *Varbit, *Enum:
		return true, nil
	case *New:
		return comparable(t.Under)
	case *Struct:
		for _, f := range t.Fields {
			if ok, part := comparable(f.Type); !ok {
				return false, part
			}
		}
		return true, nil
	case *Stack:
		return comparable(t.Elem)
	case *List:
		return comparable(t.Elem)
	case *Tuple:
		for _, e := range t.Elems {
			if ok, part := comparable(e); !ok {
				return false, part
			}
		}
		return true, nil
	}
	return false, t
}

// hasInt reports whether an arbitrary-precision int is part of a type: such a
// value has no width at run time.
func hasInt(t Type) bool {
	switch t := t.(type) {
	case *Basic:
		return t.Kind == Int
	case *Tuple:
		for _, e := range t.Elems {
			if hasInt(e) {
				return true
			}
		}
	case *Struct:
		if t.Decl == nil {
			for _, f := range t.Fields {
				if hasInt(f.Type) {
					return true
				}
			}
		}
		for _, a := range t.Args {
			if hasInt(a) {
				return true
			}
		}
	case *Stack:
		return hasInt(t.Elem)
	}
	return false
}

// mentions reports whether t contains one of the type variables.
func mentions(t Type, vars []*TypeVar) bool {
	all := func(ts []Type) bool {
		for _, e := range ts {
			if mentions(e, vars) {
				return true
			}
		}
		return false
	}
	switch t := t.(type) {
	case *TypeVar:
		for _, v := range vars {
			if v == t {
				return true
			}
		}
	case *Struct:
		return all(t.Args)
	case *Extern:
		return all(t.Args)
	case *Proto:
		return all(t.TypeArgs)
	case *Tuple:
		return all(t.Elems)
	case *Stack:
		return mentions(t.Elem, vars)
	case *List:
		return mentions(t.Elem, vars)
	case *ValueSet:
		return mentions(t.Elem, vars)
	case *Set:
		return mentions(t.Elem, vars)
	}
	return false
}

// sizeBits is the least and the greatest size of a value of type t; ok is
// false where the size is not known.
func sizeBits(t Type) (lo, hi int, ok bool) {
	switch t := t.(type) {
	case *Bits:
		return t.Width, t.Width, true
	case *Varbit:
		return 0, t.Width, true
	case *Basic:
		return 1, 1, t.Kind == Bool
	case *Enum:
		if t.Underlying == nil {
			return 0, 0, false
		}
		return sizeBits(t.Underlying)
	case *New:
		return sizeBits(t.Under)
	case *Stack:
		l, h, ok := sizeBits(t.Elem)
		return l * t.Size, h * t.Size, ok
	case *Tuple:
		for _, e := range t.Elems {
			l, h, ok := sizeBits(e)
			if !ok {
				return 0, 0, false
			}
			lo, hi = lo+l, hi+h
		}
		return lo, hi, true
	case *Struct:
		for _, f := range t.Fields {
			l, h, ok := sizeBits(f.Type)
			if !ok {
				return 0, 0, false
			}
			if t.Kind == syntax.HeaderUnion {
				lo, hi = max(lo, l), max(hi, h)
			} else {
				lo, hi = lo+l, hi+h
			}
		}
		return lo, hi, true
	}
	return 0, 0, false
}

// hasDefault reports whether "..." can stand for a value of type t.
func hasDefault(t Type) bool {
	switch t := t.(type) {
	case *Basic:
		switch t.Kind {
		case Bool, Int, String, Error, Invalid:
			return true
		}
	case *Bits, *Varbit:
		return true
	case *Enum:
		return t.Underlying != nil || len(t.Members) > 0
	case *New:
		return hasDefault(t.Under)
	case *Stack:
		return hasDefault(t.Elem)
	case *Struct:
		if t.Kind != syntax.Struct {
			return true
		}
		for _, f := range t.Fields {
			if !hasDefault(f.Type) {
				return false
			}
		}
		return true
	case *Tuple:
		for _, e := range t.Elems {
			if !hasDefault(e) {
				return false
			}
		}
		return true
	}
	return false
}

// unparen strips parentheses.
func unparen(e syntax.Expr) syntax.Expr {
	for {
		p, ok := e.(*syntax.ParenExpr)
		if !ok {
			return e
		}
		e = p.X
	}
}
