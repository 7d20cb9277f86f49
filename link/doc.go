// Package link is how frames enter and leave the switch.
//
//	wire -> Port.Receive -> []Frame -> (the switch) -> Port.Send(head, payload) -> Port.Flush -> wire
//	              ^                                                                     |
//	              +------------------------- Port.Release <----------------------------+
//
// A Port is one place where frames come and go: an Ethernet interface over
// AF_PACKET (AFPacket), a capture file (Pcap), a UDP tunnel (UDP), a queue in
// memory (Memory), or nothing (Null). ParseSpec and Open know the text forms of
// the command line. A Pump is the forwarding loop of one goroutine over several
// ports: it receives a batch, hands it to a function, flushes every port, and
// gives the batch back.
//
// Between Receive and Release nothing is copied and nothing is allocated: a
// Frame of an AFPacket lies in the ring that the kernel filled, and Send only
// notes where its payload lies when that is the ring of the batch the Pump
// holds. The rewritten header bytes are copied, because their buffer is used
// again for the next packet.
//
// What the switch sees is what a wire would carry. Interfaces of one machine
// take short cuts, and an AFPacket undoes them: checksums left to the hardware
// are completed, a VLAN tag kept beside the frame goes back into it, and frames
// larger than the wire's (TSO, GSO, GRO) are cut into the frames that a network
// card would have sent. What cannot be undone is dropped and counted.
//
// It imports golang.org/x/sys and, for capture files, gopacket/pcapgo; nothing
// of ours. It declares no device ports: who wires a switch maps its port
// numbers to Ports. model, pipeline, tables, pre and p4 must not import it.
package link
