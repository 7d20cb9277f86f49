package lower

import (
	"fmt"
	"math/big"

	"gofino/p4/syntax"
	"gofino/p4/types"
)

// under strips "type" definitions.
func under(t types.Type) types.Type {
	for {
		n, ok := t.(*types.New)
		if !ok {
			return t
		}
		t = n.Under
	}
}

// scalarWidth is the width of a value that fits one place; ok is false for
// aggregates and for what has no run-time value.
func scalarWidth(t types.Type) (w int, ok bool) {
	switch t := under(t).(type) {
	case *types.Bits:
		return t.Width, true
	case *types.Varbit:
		return t.Width, true
	case *types.Enum:
		if t.Underlying != nil {
			return scalarWidth(t.Underlying)
		}
		if len(t.Members) > 256 {
			return 32, true
		}
		return 8, true
	case *types.Set:
		return scalarWidth(t.Elem)
	case *types.Basic:
		switch t.Kind {
		case types.Bool:
			return 1, true
		case types.Error:
			return 16, true
		}
	}
	return 0, false
}

func isSigned(t types.Type) bool {
	switch t := under(t).(type) {
	case *types.Bits:
		return t.Signed
	case *types.Enum:
		return t.Underlying != nil && isSigned(t.Underlying)
	}
	return false
}

func isBool(t types.Type) bool {
	b, ok := under(t).(*types.Basic)
	return ok && b.Kind == types.Bool
}

func isInt(t types.Type) bool {
	b, ok := under(t).(*types.Basic)
	return ok && b.Kind == types.Int
}

func isVoid(t types.Type) bool {
	b, ok := under(t).(*types.Basic)
	return t == nil || ok && b.Kind == types.Void
}

// member is one part of an aggregate type.
type member struct {
	name string
	t    types.Type
	decl *syntax.Field
}

// members lists the parts of a struct, header, union, tuple or stack; nil for
// a scalar.
func members(t types.Type) []member {
	switch t := under(t).(type) {
	case *types.Struct:
		ms := make([]member, len(t.Fields))
		for i, f := range t.Fields {
			ms[i] = member{f.Name, f.Type, f.Decl}
		}
		return ms
	case *types.Tuple:
		ms := make([]member, len(t.Elems))
		for i, e := range t.Elems {
			ms[i] = member{fmt.Sprintf("[%d]", i), e, nil}
		}
		return ms
	case *types.Stack:
		ms := make([]member, t.Size)
		for i := range ms {
			ms[i] = member{fmt.Sprintf("[%d]", i), t.Elem, nil}
		}
		return ms
	}
	return nil
}

func isAggregate(t types.Type) bool {
	switch under(t).(type) {
	case *types.Struct, *types.Tuple, *types.Stack, *types.List:
		return true
	}
	return false
}

func structKind(t types.Type) (syntax.StructKind, bool) {
	s, ok := under(t).(*types.Struct)
	if !ok {
		return 0, false
	}
	return s.Kind, true
}

func isHeader(t types.Type) bool {
	k, ok := structKind(t)
	return ok && k == syntax.Header
}

func isUnion(t types.Type) bool {
	k, ok := structKind(t)
	return ok && k == syntax.HeaderUnion
}

// typeName is the declared name of a struct, header or extern type, or "".
func typeName(t types.Type) string {
	switch t := under(t).(type) {
	case *types.Struct:
		return t.Name
	case *types.Extern:
		return t.Name
	case *types.Proto:
		return t.Name
	}
	return ""
}

// bitsOf is the number of bits of a type on the wire: fields only, without
// validity. ok is false for a type without a size.
func bitsOf(t types.Type) (int, bool) {
	if w, ok := scalarWidth(t); ok {
		return w, true
	}
	if !isAggregate(t) {
		return 0, false
	}
	n := 0
	for _, m := range members(t) {
		w, ok := bitsOf(m.t)
		if !ok {
			return 0, false
		}
		if isUnion(t) {
			n = max(n, w)
		} else {
			n += w
		}
	}
	return n, true
}

// subst replaces type variables as m says.
func subst(t types.Type, m map[*types.TypeVar]types.Type) types.Type {
	if len(m) == 0 || t == nil {
		return t
	}
	switch t := t.(type) {
	case *types.TypeVar:
		if r, ok := m[t]; ok {
			return r
		}
	case *types.Tuple:
		e := make([]types.Type, len(t.Elems))
		for i := range e {
			e[i] = subst(t.Elems[i], m)
		}
		return &types.Tuple{Elems: e}
	case *types.Stack:
		return &types.Stack{Elem: subst(t.Elem, m), Size: t.Size}
	case *types.List:
		return &types.List{Elem: subst(t.Elem, m)}
	case *types.Set:
		return &types.Set{Elem: subst(t.Elem, m)}
	case *types.Struct:
		if len(t.Args) == 0 {
			return t
		}
		s := *t
		s.Args = make([]types.Type, len(t.Args))
		for i := range s.Args {
			s.Args[i] = subst(t.Args[i], m)
		}
		s.Fields = make([]*types.StructField, len(t.Fields))
		for i, f := range t.Fields {
			s.Fields[i] = &types.StructField{Name: f.Name, Type: subst(f.Type, m), Decl: f.Decl}
		}
		return &s
	}
	return t
}

var one = big.NewInt(1)

// wrap reduces v modulo 2^w.
func wrap(v *big.Int, w int) *big.Int {
	if v.Sign() >= 0 && v.BitLen() <= w {
		return v
	}
	m := new(big.Int).Lsh(one, uint(w))
	return m.Mod(v, m)
}

// signedOf reads a w-bit pattern as two's complement.
func signedOf(v *big.Int, w int) *big.Int {
	if w > 0 && v.Bit(w-1) == 1 {
		return new(big.Int).Sub(v, new(big.Int).Lsh(one, uint(w)))
	}
	return v
}

func allOnes(w int) *big.Int {
	return new(big.Int).Sub(new(big.Int).Lsh(one, uint(w)), one)
}
