// Package bench measures gofino: how fast frames pass from one virtual cable to
// another, beside the plainest loop that does the same on the same machine in
// the same run.
//
//	generator g0 ---- f0 forwarder f1 ---- g1 sink
//	 (processor A)      (processor B)     (counted by the kernel)
//
// A Line is this topology, in namespaces of its own. Line.Run loads it and
// measures what a forwarding function, given by the caller, brings to the sink:
// the copy loop, the switch, or another program. The generator has one
// processor, the forwarder the other, and offers more than the forwarder can
// take, so that one packet costs what Result.PerPacket says.
//
// Absolute figures belong to the machine; ratios between forwarders measured in
// one run carry over.
//
// It imports link and internal/veth, and may import anything but cmd.
package bench
