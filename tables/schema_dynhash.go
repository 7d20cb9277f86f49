package tables

import (
	"fmt"

	"gofino/pipeline/hash"
	"gofino/pipeline/ir"
)

// Prefixes of the tables of a dynamic hash; they share the hash's name and
// number.
const (
	idHash          = 0x8f
	idHashConfigure = 0x95
	idHashCompute   = 0x96
	idHashAlgorithm = 0x97
)

// Ids of the fields of dynamic hashes.
const (
	idHashRotate = iota + 65577
	idHashSeed
	idHashMSB
	idHashExtend
	idHashPreDefined  // an action
	idHashUserDefined // an action
	_                 // idHashValue
	idHashStartBit
	idHashLength
	idHashOrder
)

// noteHashes gives the dynamic hashes of a pipeline to the numbering.
func noteHashes(pl *ir.Pipeline, note func(prefix uint32, name string)) {
	for _, h := range pl.Hashes {
		if h.Dynamic {
			note(idHash, pl.Name+"."+h.Name)
		}
	}
}

func (b *schemaBuilder) dynamicHash(i, j int, pl *ir.Pipeline, h *ir.Hash) {
	if !h.Dynamic {
		return
	}
	full, id := b.id(idHash, pl, h.Name)
	number := func(prefix uint32) uint32 { return id&0xffffff | prefix<<24 }
	configure := number(idHashConfigure)
	b.add(kindHashAlgorithm, i, j, &TableSpec{
		Name: full + ".algorithm", ID: number(idHashAlgorithm), Type: "DynHashAlgorithm", Size: 1,
		DependsOn: []uint32{configure}, Data: algorithmData(), Actions: algorithmActions(),
	})
	c := &TableSpec{Name: full + ".configure", ID: configure, Type: "DynHashConfigure", Size: 1}
	v := &TableSpec{
		Name: full + ".compute", ID: number(idHashCompute), Type: "DynHashCompute", Size: 1, ReadOnly: true,
		DependsOn: []uint32{configure},
		Data:      []FieldSpec{{ID: idHashValue, Name: "hash_value", ReadOnly: true, Type: bytesType(h.Width)}},
	}
	for n, name := range inputNames(h) {
		f := FieldSpec{ID: uint32(n + 1), Name: name, Repeated: true, Container: sliceFields(h.Inputs[n].Width)}
		if h.Inputs[n].Const != nil {
			f.Annotations = []Annotation{{Name: "bfrt_p4_constant"}}
		} else {
			v.Key = append(v.Key, KeySpec{ID: uint32(len(v.Key) + 1), Name: name, Match: "Exact", Type: bytesType(h.Inputs[n].Width)})
		}
		c.Data = append(c.Data, f)
	}
	b.add(kindHashConfigure, i, j, c)
	b.add(kindHashCompute, i, j, v)
}

// inputNames are the control plane's: constants are numbered and carry their
// width.
func inputNames(h *ir.Hash) []string {
	out := make([]string, len(h.Inputs))
	constants := 0
	for i, in := range h.Inputs {
		out[i] = in.Name
		if in.Const != nil {
			out[i] = fmt.Sprintf("constant%d_%d_%s", constants, in.Width, in.Name)
			constants++
		}
	}
	return out
}

func sliceFields(width int) []FieldSpec {
	return []FieldSpec{
		{ID: idHashStartBit, Name: "start_bit", Type: TypeSpec{Kind: "uint64", Default: uint64(0)}},
		{ID: idHashLength, Name: "length", Type: TypeSpec{Kind: "uint64", Default: uint64(width)}},
		{ID: idHashOrder, Name: "order", Mandatory: true, Type: TypeSpec{Kind: "uint64"}},
	}
}

func algorithmData() []FieldSpec {
	number, flag := TypeSpec{Kind: "uint32", Default: uint64(0)}, TypeSpec{Kind: "bool", Default: false}
	return []FieldSpec{
		{ID: idHashRotate, Name: "rotate", Type: number}, {ID: idHashSeed, Name: "seed", Type: number},
		{ID: idHashMSB, Name: "msb", Type: flag}, {ID: idHashExtend, Name: "extend", Type: flag},
	}
}

const (
	actionPreDefined  = "pre_defined"
	actionUserDefined = "user_defined"
)

func algorithmActions() []ActionSpec {
	u64 := TypeSpec{Kind: "uint64"}
	zero := TypeSpec{Kind: "uint64", Default: uint64(0)}
	return []ActionSpec{
		{ID: idHashPreDefined, Name: actionPreDefined, Scope: "TableAndDefault", Data: []FieldSpec{
			{ID: 1, Name: "algorithm_name", Type: TypeSpec{Kind: "string", Choices: hash.Names(), Default: "RANDOM"}},
		}},
		{ID: idHashUserDefined, Name: actionUserDefined, Scope: "TableAndDefault", Data: []FieldSpec{
			{ID: 1, Name: "reverse", Type: TypeSpec{Kind: "bool", Default: false}},
			{ID: 2, Name: "polynomial", Mandatory: true, Type: u64},
			{ID: 3, Name: "init", Type: zero},
			{ID: 4, Name: "final_xor", Type: zero},
			{ID: 5, Name: "hash_bit_width", Type: u64},
		}},
	}
}
