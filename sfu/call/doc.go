// Package call holds a video call through an SFU: participants that packetise,
// encrypt, receive and decrypt real RTP, and a report of what became of every
// packet.
//
//	participants -> Transport -> switch running sfu.p4 -> Transport -> participants
//	                                |        ^
//	                                v        |
//	                            sfu.Agent -> sfu.Plane
//
// Media is end-to-end encrypted (SRTP, AES-CM): the SFU has no keys and reads
// headers only. Run is one goroutine with a list of timed events, in virtual time
// (deterministic, no sleeping) or in real time. Memory is the transport inside one
// process; anything that can carry Ethernet frames can be another.
//
// It imports sfu, sfu/av1, tables and pion; only its model adapter imports model.
package call
