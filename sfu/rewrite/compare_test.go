package rewrite

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCompare: what the rows are for. Exact repeats nothing, asks for nothing
// without loss, and for less than S-LR with it; short frames make the
// heuristics repeat numbers.
func TestCompare(t *testing.T) {
	rows := Compare(10_000, 7)
	require.Len(t, rows, 2*len(Losses))
	for _, r := range rows {
		require.Zero(t, r.Exact.Duplicates+r.Exact.Wrong)
		if r.Loss == 0 {
			require.Zero(t, r.Exact.Extra)
		} else {
			require.Less(t, r.Exact.Extra, r.SLR.Extra/2)
		}
		if r.MinPerOne == 1 {
			require.Greater(t, r.SLM.Duplicates, 100)
			require.Positive(t, r.SLR.Duplicates)
		}
	}
	require.Equal(t, rows, Compare(10_000, 7))
}
