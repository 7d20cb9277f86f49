// Package hash computes the chip's hash functions (tna-semantics.md section 9):
// CRC of any degree from 1 to 64, identity, xor, random.
//
//	ir.Hash --New--> Func --Sum64, Sum128, Sum--> output bits
//
// The input of a hash is a stream of bits, padded with zero bits on the left to
// whole bytes; the caller gives those bytes. A Func is immutable: any number of
// goroutines may use it, and no call allocates.
//
// The affine part of a symmetric hash is an exchange of its input, which the
// caller makes: see Symmetric in ir.Hash.
//
// It imports pipeline/ir only.
package hash
