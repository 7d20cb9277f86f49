// Package tables holds a program's run-time state and its table API.
//
//	controllers -> API (api.go) -> Store -> Match, Counter, Register ... <- State <- pipeline
//
// Two sides meet here. The table API (API, Schema) is what every controller
// uses: names, keys, data and errors as BFRuntime has them. The packet path
// (State, packet.go) is what the pipeline reads: indices and byte strings.
//
// Match tables, profiles, selectors and value sets are read by the packet path
// without locks; writers publish. Counters and registers belong to one pipe:
// whoever touches them holds that pipe's State.Mu, which the model holds for a
// whole batch of packets.
//
// It imports pipeline/ir only.
package tables
