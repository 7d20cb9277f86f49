// Package agent speaks BFRuntime, the table API of the chip, over gRPC.
//
//	controllers -> Server -> tables.API of a model.Switch
//	our own code -> tables.API -> Client -> a real switch, its model, or a Server
//
// Server puts any tables.API in front of controllers: sessions and bindings
// (session.go), writes (write.go), reads (read.go), what the switch tells by
// itself (notify.go), programs (pipeline.go). Client is the other way round: a
// tables.API that is a switch somewhere else.
//
// Both translate between package tables and the messages of package
// agent/bfrt: codec.go and codec_*.go, driven by the schema alone. Which
// answer an error becomes is in codec_error.go and nowhere else.
//
// It imports tables and grpc. Neither model nor p4: what loads programs is a
// Device, and whoever has one brings it.
package agent
