// Package tables holds a program's run-time state and its table API.
//
//	controllers -> API (api.go) -> Store -> Match, Counter, Register ... <- State <- pipeline
//
// Two sides meet here. The table API (API, Schema) is what every controller
// uses: names, keys, data and errors as BFRuntime has them. The packet path
// (State, packet.go) is what the pipeline reads: indices and byte strings.
//
//	store.go, base.go, table_*.go   the control plane: one file per kind of table
//	scope.go                        which pipes share entries
//	schema*.go, ids.go              what the control plane can see; bf-rt.json
//	match.go                        a match table: engine, entries, default
//	  exact.go                        hash table, open addressing
//	  trie.go                         longest prefix, path compressed, eight bits a step
//	  ternary.go                      masks and ranges: a tree over key bits
//	profile.go, choose.go           members and groups; the chip's choice of a member
//	idle.go                         idle time of entries: hit bits, sweeps, time to live
//	attribute.go, table_attribute.go  attributes of tables
//	keymask.go, proxy.go            key masks and proxy hashes of exact tables
//	dynhash.go                      hashes that the control plane changes
//	snapshot.go, debug.go           what looks into stages: captured packets, debug counters
//	notify.go, digest.go            what the switch tells by itself, and to whom
//	direct.go, cells.go             counters and registers, in one pipe and in all
//	meter.go, meter_spec.go         two-rate three-colour markers; their encoding
//	filter.go, filter_spec.go       low-pass filters and WRED; their encoding
//	timed_*.go, *_timed.go          meters and filters for the control plane
//
// Match tables, profiles, selectors and value sets are read by the packet path
// without locks; writers publish. Counters and registers belong to one pipe:
// whoever touches them holds that pipe's State.Mu, which the model holds for a
// whole batch of packets. The control plane takes Store.mu first, then a Mu.
//
// Each pipe has a Match of its own, which is little more than pointers: pipes
// whose entries are the same point to the same. EntryScope (scope.go) says which
// those are; a match table, profile or selector is a part per scope behind one
// name (table_scopes.go).
//
// Two things that no public source tells are chosen here. UpdateEquation is what
// a low-pass filter or WRED computes, y being its value, x what it is given, τ a
// time constant and Δt the time since the value before, in clocks:
//
//	SAMPLE, WRED  y += (x - y) * (1 - e^(-Δt/τ))         τ: gain where x > y, else decay
//	RATE          y  = y * e^(-Δt/τdecay) + x * 2^g/τgain
//
// g is the exponent of the gain time constant: RATE is the sum of what came per
// 2^g clocks. BucketLevels is how a meter's level moves: in whole bytes, by the
// mantissa at every multiple of 2^exponent clocks, not below zero.
//
// It imports pipeline/ir, pipeline/hash and internal/snap only.
package tables
