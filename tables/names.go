package tables

import "strings"

// nameIndex finds names by themselves or by a unique dotted suffix, as
// BFRuntime clients do. It answers as resolve does, from a map.
type nameIndex struct {
	names []string
	at    map[string]int // -1: ambiguous
}

func newNameIndex(names []string) nameIndex {
	x := nameIndex{names: names, at: make(map[string]int, 2*len(names))}
	for i, n := range names {
		for rest := n; ; {
			_, after, ok := strings.Cut(rest, ".")
			if !ok {
				break
			}
			rest = after
			if _, taken := x.at[rest]; taken {
				x.at[rest] = -1
			} else {
				x.at[rest] = i
			}
		}
	}
	for i, n := range names { // a full name wins over suffixes of others
		x.at[n] = i
	}
	return x
}

func (x *nameIndex) find(name string) (int, error) {
	if i, ok := x.at[name]; ok && i >= 0 {
		return i, nil
	}
	return resolve(name, x.names)
}
