package reference

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What no Plane writes: level-1 exclusion, a sender without a rid.
func TestReplication(t *testing.T) {
	s := New()
	s.Nodes[1] = Node{RID: 1, Ports: []uint16{8}}
	s.Nodes[2] = Node{RID: 2, Ports: []uint16{8, 12}}
	s.Nodes[3] = Node{RID: 3, Ports: []uint16{16}}
	s.Groups[7] = []GroupNode{{Node: 1}, {Node: 2}, {Node: 3, XIDValid: true, XID: 5}}
	s.Prune[4] = []uint16{8}
	copies := func(st Stream) (out [][2]uint16) {
		v := verdict{unicast: -1, group: 7, bypass: true, stream: st}
		for _, c := range s.deliver(&v, []byte{1}) {
			out = append(out, [2]uint16{c.Port, c.RID})
		}
		return out
	}
	require.Equal(t, [][2]uint16{{8, 2}, {12, 2}, {16, 3}}, copies(Stream{RID: 1, YID: 4}), "own node at the pruned port")
	require.Equal(t, [][2]uint16{{8, 1}, {12, 2}, {16, 3}}, copies(Stream{RID: 2, YID: 4}), "the other port stays")
	require.Equal(t, [][2]uint16{{8, 2}, {12, 2}}, copies(Stream{RID: 1, YID: 4, XID: 5}), "level-1 exclusion")
	require.Equal(t, [][2]uint16{{12, 2}, {16, 3}}, copies(Stream{YID: 4}), "rid 0 is the engine's global rid: it prunes every node")
	require.Equal(t, [][2]uint16{{8, 1}, {8, 2}, {12, 2}, {16, 3}}, copies(Stream{RID: 9, YID: 4}), "nobody's rid prunes nothing")
}
