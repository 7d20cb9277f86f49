// Package reference is the SFU's data plane a second time: plain Go, no P4, no
// pipeline. Tests run the same packets through it and through sfu.p4 and compare
// every copy, bit for bit.
//
//	frame -> read (packet.go) -> Switch.Forward (forward.go) -> copies
//	                                 ^
//	sfu.Plane -> tables.API (api.go) -> Tables (tables.go)
//
// It shares no code with the pipeline, the replication engine or the P4 program;
// what they must agree on is written here once more, from the RFCs and the
// program's documented limits. API lets a sfu.Plane fill its tables, so that both
// sides get the same entries from the same calls.
package reference
