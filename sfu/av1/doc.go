// Package av1 reads and writes the AV1 dependency descriptor, the RTP header
// extension that says which frame a packet belongs to and which decode targets
// need it (AV1 RTP payload format, appendix A).
//
//	Parse(bytes, structure so far) -> Descriptor -> Structure -> Needs(template)
//
// It imports nothing of ours.
package av1
