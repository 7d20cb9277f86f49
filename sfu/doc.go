// Package sfu is a selective forwarding unit for video calls: its P4 program
// for Tofino (p4/sfu.p4), and what fills the program's tables.
//
//	participants --RTP--> switch running sfu.p4 --copies--> participants
//	                        |  CPU port: STUN, RTCP, AV1 structures
//	                        v
//	          Agent (agent.go) --layers--> Plane (plane.go) --> tables.API
//
// Plane turns meetings, participants, streams and decode targets into table
// entries, all through the table API, so it runs alike over the model and over a
// real switch. Agent is what sits at the CPU port. Folder av1 reads and writes
// dependency descriptors, reference is the data plane a second time in plain Go,
// call holds a whole call between participants that really encrypt and decrypt.
//
// It imports tables and pion/stun only. The model must not import it.
package sfu
