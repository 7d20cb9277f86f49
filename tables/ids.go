package tables

import (
	"maps"
	"slices"
)

// Prefixes of ids: the top byte tells the kind of object (bfrt.md section 9).
const (
	idAction        = 0x01
	idTable         = 0x02
	idProfile       = 0x81
	idSelector      = 0x82
	idCounter       = 0x83
	idRegister      = 0x8b
	idRegisterParam = 0x8d
	idPortMetadata  = 0x90
	idGetMember     = 0x9a
	idValueSet      = 0xfe
	idDigest        = 0x8e
)

// Ids of the data and key fields that every program shares. From 65558 on they
// are the compiler's own and counted per version; these are the newest.
const (
	idMatchPriority        = 65537
	idActionMemberID       = 65539
	idSelectorGroupID      = 65540
	idEntryTTL             = 65543
	idEntryHitState        = 65544
	idCounterSpecBytes     = 65553
	idCounterSpecPkts      = 65554
	idCounterIndex         = 65556
	idRegisterIndex        = 65557
	idGetMemberMemberID    = 65562
	idGetMemberGroupID     = 65563
	idActionMemberStatus   = 65564
	idMaxGroupSize         = 65565
	idADTOffset            = 65566
	idPortMetadataPort     = 65575
	idPortMetadataDefault  = 65576
	idHashValue            = 65583
	adtOffsetDefault       = 0xdeadbeef
	registerDataAnnotation = "$bfrt_field_class"
)

// jenkins is Bob Jenkins's one-at-a-time hash.
func jenkins(name string) uint32 {
	var h uint32
	for i := range len(name) {
		h += uint32(name[i])
		h += h << 10
		h ^= h >> 6
	}
	h += h << 3
	h ^= h >> 11
	return h + h<<15
}

// assignIDs gives each name its hash below the prefix; names in order, the next
// free number on a collision.
func assignIDs(prefix uint32, names map[string]bool) map[string]uint32 {
	ids := make(map[string]uint32, len(names))
	taken := make(map[uint32]bool, len(names))
	for _, n := range slices.Sorted(maps.Keys(names)) {
		h := jenkins(n) & 0xffffff
		for taken[h] {
			h = (h + 1) & 0xffffff
		}
		taken[h] = true
		ids[n] = prefix<<24 | h
	}
	return ids
}
