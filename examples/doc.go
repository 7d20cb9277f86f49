// Package examples holds P4 programs that we ship beside the SFU, each in a
// folder of its own with its vectors (*.stf).
//
//	l2   an Ethernet switch: exact match, flooding by the replication engine
//	l3   an IPv4 router: longest prefix match, checksums, TTL
//	acl  a packet filter: ternary and range keys, priorities, counters
//
// It is data: it imports nothing of ours. Benchmarks and tests read it.
package examples
