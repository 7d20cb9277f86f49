package av1

// The structures that senders use most, with offset 0; callers may set Offset
// and Resolutions on the copy that they get.

// L1T2 is one spatial, two temporal layers.
func L1T2() *Structure {
	return &Structure{DecodeTargets: 2, Chains: 1, ProtectedBy: []int{0, 0},
		Resolutions: []Resolution{{320, 240}},
		Templates: []Template{
			{Temporal: 0, DTIs: dtis("SS"), ChainDiffs: []int{0}},
			{Temporal: 0, DTIs: dtis("SS"), FrameDiffs: []int{2}, ChainDiffs: []int{2}},
			{Temporal: 1, DTIs: dtis("-D"), FrameDiffs: []int{1}, ChainDiffs: []int{1}},
		}}
}

// L1T3 is one spatial, three temporal layers.
func L1T3() *Structure {
	return &Structure{DecodeTargets: 3, Chains: 1, ProtectedBy: []int{0, 0, 0},
		Resolutions: []Resolution{{640, 360}},
		Templates: []Template{
			{Temporal: 0, DTIs: dtis("SSS"), ChainDiffs: []int{0}},
			{Temporal: 0, DTIs: dtis("SSS"), FrameDiffs: []int{4}, ChainDiffs: []int{4}},
			{Temporal: 1, DTIs: dtis("-DS"), FrameDiffs: []int{2}, ChainDiffs: []int{2}},
			{Temporal: 2, DTIs: dtis("--D"), FrameDiffs: []int{1}, ChainDiffs: []int{1}},
			{Temporal: 2, DTIs: dtis("--D"), FrameDiffs: []int{1}, ChainDiffs: []int{3}},
		}}
}

// L2T2 is two spatial, two temporal layers.
func L2T2() *Structure {
	return &Structure{DecodeTargets: 4, Chains: 2, ProtectedBy: []int{0, 0, 1, 1},
		Resolutions: []Resolution{{160, 120}, {320, 240}},
		Templates: []Template{
			{DTIs: dtis("SSSS"), ChainDiffs: []int{0, 0}},
			{DTIs: dtis("SSRR"), FrameDiffs: []int{4}, ChainDiffs: []int{4, 3}},
			{Temporal: 1, DTIs: dtis("-D-R"), FrameDiffs: []int{2}, ChainDiffs: []int{2, 1}},
			{Spatial: 1, DTIs: dtis("--SS"), FrameDiffs: []int{1}, ChainDiffs: []int{1, 1}},
			{Spatial: 1, DTIs: dtis("--SS"), FrameDiffs: []int{4, 1}, ChainDiffs: []int{1, 1}},
			{Spatial: 1, Temporal: 1, DTIs: dtis("---D"), FrameDiffs: []int{2, 1}, ChainDiffs: []int{3, 2}},
		}}
}

// dtis reads the notation of the specification: - D S R.
func dtis(s string) []DTI {
	out := make([]DTI, len(s))
	for i, c := range s {
		switch c {
		case 'D':
			out[i] = Discardable
		case 'S':
			out[i] = Switch
		case 'R':
			out[i] = Required
		}
	}
	return out
}
