package types

import (
	"math/big"

	"gofino/p4/syntax"
)

// maxBits bounds compile-time integers, in bits, so that no constant
// expression can take long to compute.
const maxBits = 1 << 16

var one = big.NewInt(1)

// wrap reduces v to the range of t: modulo 2^W, two's complement if signed.
func wrap(v *big.Int, t Type) *big.Int {
	b, ok := t.(*Bits)
	if !ok {
		return v
	}
	if fits(v, b) {
		return v
	}
	mod := new(big.Int).Lsh(one, uint(b.Width))
	r := new(big.Int).And(v, new(big.Int).Sub(mod, one))
	if b.Signed && b.Width > 0 && r.Bit(b.Width-1) == 1 {
		r.Sub(r, mod)
	}
	return r
}

// fits reports whether v is a value of t.
func fits(v *big.Int, t *Bits) bool {
	if !t.Signed {
		return v.Sign() >= 0 && v.BitLen() <= t.Width
	}
	if v.Sign() >= 0 {
		return v.BitLen() < t.Width
	}
	return new(big.Int).Not(v).BitLen() < t.Width
}

// bounds of a fixed-width type.
func bounds(t *Bits) (lo, hi *big.Int) {
	if !t.Signed {
		return new(big.Int), new(big.Int).Sub(new(big.Int).Lsh(one, uint(t.Width)), one)
	}
	half := new(big.Int).Lsh(one, uint(max(t.Width-1, 0)))
	return new(big.Int).Neg(half), new(big.Int).Sub(half, one)
}

// foldArith computes x op y in type t. The text is the problem, if any.
func foldArith(op syntax.Op, x, y *big.Int, t Type) (*big.Int, string) {
	if x.BitLen()+y.BitLen() > maxBits {
		return nil, "constant is too large"
	}
	r := new(big.Int)
	switch op {
	case syntax.Add, syntax.AddSat:
		r.Add(x, y)
	case syntax.Sub, syntax.SubSat:
		r.Sub(x, y)
	case syntax.Mul:
		r.Mul(x, y)
	case syntax.Div, syntax.Mod:
		if y.Sign() == 0 {
			return nil, "division by zero"
		}
		if x.Sign() < 0 || y.Sign() < 0 {
			return nil, "division is not defined on negative numbers"
		}
		if op == syntax.Div {
			r.Quo(x, y)
		} else {
			r.Rem(x, y)
		}
	case syntax.And:
		r.And(x, y)
	case syntax.Or:
		r.Or(x, y)
	case syntax.Xor:
		r.Xor(x, y)
	default:
		return nil, "not an arithmetic operator"
	}
	b, ok := t.(*Bits)
	if !ok {
		return r, ""
	}
	if op == syntax.AddSat || op == syntax.SubSat {
		lo, hi := bounds(b)
		if r.Cmp(lo) < 0 {
			r = lo
		} else if r.Cmp(hi) > 0 {
			r = hi
		}
	}
	return wrap(r, b), ""
}

// foldShift computes x << y or x >> y in type t.
func foldShift(op syntax.Op, x, y *big.Int, t Type) (*big.Int, string) {
	b, fixed := t.(*Bits)
	n := maxBits + 1
	if y.IsInt64() && y.Int64() <= maxBits {
		n = int(y.Int64())
	}
	if op == syntax.Shr {
		return new(big.Int).Rsh(x, uint(n)), ""
	}
	if fixed {
		if n >= b.Width {
			return new(big.Int), ""
		}
		return wrap(new(big.Int).Lsh(x, uint(n)), b), ""
	}
	if x.Sign() != 0 && x.BitLen()+n > maxBits {
		return nil, "constant is too large"
	}
	if x.Sign() == 0 {
		return new(big.Int), ""
	}
	return new(big.Int).Lsh(x, uint(n)), ""
}

// foldSlice is bits hi..lo of v, counted in two's complement.
func foldSlice(v *big.Int, hi, lo int) *big.Int {
	r := new(big.Int).Rsh(v, uint(lo))
	mask := new(big.Int).Sub(new(big.Int).Lsh(one, uint(hi-lo+1)), one)
	return r.And(r, mask)
}

// unsignedBits is v as a bit pattern of width w.
func unsignedBits(v *big.Int, w int) *big.Int {
	return wrap(v, &Bits{Width: w})
}

func foldCompare(op syntax.Op, x, y *big.Int) bool {
	d := x.Cmp(y)
	switch op {
	case syntax.Lt:
		return d < 0
	case syntax.Le:
		return d <= 0
	case syntax.Gt:
		return d > 0
	case syntax.Ge:
		return d >= 0
	case syntax.Ne:
		return d != 0
	}
	return d == 0
}

// sameValue compares two constants; ok is false where that cannot be told.
func sameValue(a, b Value) (same, ok bool) {
	switch a := a.(type) {
	case *big.Int:
		b, isInt := b.(*big.Int)
		if !isInt {
			return false, false
		}
		return a.Cmp(b) == 0, true
	case bool:
		b, isBool := b.(bool)
		return a == b, isBool
	case string:
		b, isString := b.(string)
		return a == b, isString
	case *EnumMember:
		b, isMember := b.(*EnumMember)
		return a == b, isMember
	case *ErrorObj:
		b, isError := b.(*ErrorObj)
		return a == b, isError
	case *MatchKindObj:
		b, isKind := b.(*MatchKindObj)
		return a == b, isKind
	case []Value:
		b, isList := b.([]Value)
		if !isList || len(a) != len(b) {
			return false, false
		}
		for i := range a {
			if same, ok := sameValue(a[i], b[i]); !ok || !same {
				return same, ok
			}
		}
		return true, true
	}
	return false, false
}

// zeroValue is the default value of a type, where it is a constant that can
// be written down; nil otherwise.
func (c *checker) zeroValue(t Type) Value {
	switch t := t.(type) {
	case *Bits:
		return new(big.Int)
	case *Basic:
		switch t.Kind {
		case Bool:
			return false
		case Int:
			return new(big.Int)
		case String:
			return ""
		case Error:
			if e := c.errs["NoError"]; e != nil {
				return e
			}
		}
	case *Enum:
		if t.Underlying != nil {
			return new(big.Int)
		}
		if len(t.Members) > 0 {
			return t.Members[0]
		}
	case *New:
		return c.zeroValue(t.Under)
	case *Tuple:
		var vs []Value
		for _, e := range t.Elems {
			v := c.zeroValue(e)
			if v == nil {
				return nil
			}
			vs = append(vs, v)
		}
		return nonNilList(vs)
	case *Struct:
		if t.Kind != syntax.Struct {
			return nil
		}
		var vs []Value
		for _, f := range t.Fields {
			v := c.zeroValue(f.Type)
			if v == nil {
				return nil
			}
			vs = append(vs, v)
		}
		return nonNilList(vs)
	}
	return nil
}

func nonNilList(vs []Value) Value {
	if vs == nil {
		vs = []Value{}
	}
	return vs
}
