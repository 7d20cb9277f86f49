// Package bfrt is the wire form of BFRuntime: bfruntime.proto and the Go code
// that protoc makes of it. Package agent translates it to and from package
// tables.
//
// To generate it again, with protoc, protoc-gen-go and protoc-gen-go-grpc on
// the path and PROTO naming a folder with google/rpc/status.proto:
//
//	go generate ./agent/bfrt
package bfrt

//go:generate protoc -I . -I ${PROTO} --go_out=. --go_opt=paths=source_relative --go-grpc_out=. --go-grpc_opt=paths=source_relative bfruntime.proto
