// Package pipeline runs one packet through one gress of one pipe: parser,
// match-action control, deparser.
//
//	ir.Pipeline --Load--> Pipe
//	                       | Ingress(*Pass), Egress(*Pass)          fast engine: flat code, no allocation
//	                       | TraceIngress, TraceEgress(*Pass, Look) reference engine: walks the ir, reports every step
//	                       v
//	        tables.State (match tables, counters, registers): shared by both engines
//
// # How a caller runs a packet
//
// A Pipe is one pipe's copy of a program. A Pass is the working memory of one
// gress of that pipe; its owner is one goroutine, which reuses it for every
// packet. A caller keeps one Pass per gress:
//
//	pipe, err := pipeline.Load(pl, prog.Target, store.State(n), pipeline.Options{})
//	ig, eg := pipe.NewPass(ir.Ingress), pipe.NewPass(ir.Egress)
//	ig.Rand, eg.Rand = rnd, rnd             // the pipe's random source, owned by the caller
//
//	ig.In = window                          // intrinsic metadata, port metadata or resubmit data, packet
//	ig.Bytes = n                            // what byte counters charge (chip.md section 6)
//	ig.GlobalTstamp, ig.GlobalVer = now, ver
//	pipe.Ingress(ig)                        // the caller holds State.Mu
//	if ig.Verdict != pipeline.Forward { ... dropped by the parser ... }
//	port := ig.Intr(ir.UcastEgressPort)     // any intrinsic, as the control left it
//	out := ig.Head, window[ig.Consumed:]    // deparsed headers, then the payload, never copied
//
// The window has to hold min(whole length, pipe.MaxParse(dir)) bytes: no parse
// path reaches deeper, so what lies beyond may live elsewhere. Head lies in a
// buffer that the Pass owns, valid until its next run, with Headroom bytes free
// before it (Prepend) and Options.Tailroom bytes after it (append does not
// allocate). Results of a Pass stay until its next run: running egress does not
// touch the ingress Pass.
//
// A gress whose parser or deparser meets a header that is not whole bytes, or
// ends in a varbit (ir.Gress.BitExact), counts in bits. It needs the whole packet (MaxParse is
// Unbounded), moves what the parser left behind what the deparser emitted into
// Head, and reports all of In as consumed, so that a caller composes it as any
// other. Head then ends in Pass.Pad zero bits that are no packet; a caller that
// gives Head to the next gress says so in InPad there, or a bridged header of 282
// bits would lengthen every packet by a byte.
//
// Mirror, Resubmit and Digest say whether the deparser emitted one (Index >= 0). The
// chip's rule that mirror_type (resubmit_type) equals the instance's type is
// already applied here, where the instance has a type and the gress the field.
//
// Both engines give the same results, bit for bit, and the same effects on
// tables.State; FuzzEngines holds them to it.
//
// # Rules of the chip that live here
//
// Parser errors and who is dropped for them: tna-semantics.md section 2.2. Hash
// algorithms: package pipeline/hash. Math unit: chip.md section 5. Checksums:
// tna-semantics.md section 8; a parser checksum's data is one list that runs
// over all its add and subtract calls, and a byte's weight is the parity of its
// place in that list.
//
// It imports pipeline/ir, pipeline/hash and tables; the front end never imports
// it.
package pipeline
