package tables

import (
	"gofino/internal/snap"
	"gofino/pipeline/hash"
	"gofino/pipeline/ir"
)

// The configure table saves the whole setting of a dynamic hash.
func (t *hashConfigure) save(e *snap.Encoder) {
	d := t.d
	e.Bool(d.own)
	e.Uint(uint64(len(d.now.parts)))
	for _, p := range d.now.parts {
		e.Uint(uint64(p.Input), uint64(p.Start), uint64(p.Len), p.Order)
	}
	a := d.now.alg
	e.Uint(uint64(a.Kind), uint64(a.Rotate), uint64(a.Seed), uint64(a.CRC.Degree), a.CRC.Poly, a.CRC.Init, a.CRC.Xor)
	e.Bool(a.CRC.Reversed)
	e.Bool(a.CRC.MSB)
	e.Bool(a.CRC.Extended)
}

func (t *hashConfigure) load(d *snap.Decoder) {
	own := d.Bool()
	var s hashSetting
	for range d.Len() {
		p := hash.Slice{Input: d.Below("hash input", len(t.d.h.Inputs)), Start: int(d.Uint32()), Len: int(d.Uint32()), Order: d.Uint()}
		s.parts = append(s.parts, p)
	}
	s.alg = hash.Algorithm{Kind: ir.HashAlgorithm(d.Below("hash algorithm", int(ir.CustomCRC)+1)), Rotate: d.Uint32(), Seed: d.Uint32()}
	s.alg.CRC = ir.CRC{Degree: d.Below("CRC degree", 65), Poly: d.Uint(), Init: d.Uint(), Xor: d.Uint(),
		Reversed: d.Bool(), MSB: d.Bool(), Extended: d.Bool()}
	if d.Err() != nil {
		return
	}
	_, err := t.d.set(s, own)
	d.Wrap(err)
}

func (t *hashAlgorithm) save(*snap.Encoder) {}
func (t *hashAlgorithm) load(*snap.Decoder) {}
func (t *hashCompute) save(*snap.Encoder)   {}
func (t *hashCompute) load(*snap.Decoder)   {}
