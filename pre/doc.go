// Package pre decides who gets a copy of a packet: it is the chip's packet
// replication engine. Package model makes the copies.
//
//	MGID -> tree: L1 entries, newest association first
//	          |- node:  RID, ports, LAGs          (L1 prune: entry XID == packet XID)
//	          `- ECMP:  32 slots of nodes         (slot by level1 hash)
//	        node -> ports (L2 prune: prune[YID])  -> port states, backup ports
//	             -> LAGs  (member by level2 hash) -> port states, backup ports
//	     = list of (port, RID, first copy of this RID)
//
// The rules are tna-semantics.md section 5.1 and chip.md section 9.
//
// Writers (the control operations) hold one mutex, check everything before
// they change anything, and publish immutable snapshots: one flat tree per
// group, one Engine-wide table of port states, LAGs and prune masks. Replicate
// loads two pointers and walks arrays; it takes no lock and allocates nothing
// beyond what the caller's slice lacks.
//
// It imports nothing of ours, and knows nothing of packets.
package pre
