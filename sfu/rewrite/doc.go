// Package rewrite gives the packets of a thinned-out stream gapless sequence
// numbers: the three ways that are known, in plain Go.
//
//	sender ──> Track.Judge ──Place──> Receiver.Rewrite ──> one receiver
//	           one per stream         one per receiver of it
//
// Exact (Track, Receiver) sees every packet before layers are suppressed and
// counts; nothing is guessed. SLM and SLR are the two heuristics of Scallop
// (SIGCOMM 2025), which see only what is left; they are here to be compared
// with, which Compare does over made-up traffic (traffic.go).
//
// Exact is cut so that a switch chip can do it: each field of Track and of
// Receiver is one register, which a packet reads and writes at most once, in
// the order of the code; sums are mod 2^16 and all comparisons serial
// (RFC 1982). It imports nothing of gofino.
package rewrite
