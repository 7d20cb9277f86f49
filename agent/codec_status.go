package agent

import (
	"google.golang.org/genproto/googleapis/rpc/code"
	rpcstatus "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"gofino/agent/bfrt"
)

// statusWith is an UNKNOWN status with items in its details.
func statusWith(text string, items []*bfrt.Error) error {
	s := &rpcstatus.Status{Code: int32(code.Code_UNKNOWN), Message: text}
	for _, e := range items {
		b, err := proto.Marshal(e)
		if err != nil {
			b = nil // an item of ours always encodes
		}
		s.Details = append(s.Details, &anypb.Any{TypeUrl: "type.googleapis.com/bfrt_proto.Error", Value: b})
	}
	return status.FromProto(s).Err()
}

// statusItems are the items in the details of an RPC's error; nil where it has
// none.
func statusItems(err error) []*bfrt.Error {
	s, ok := status.FromError(err)
	if !ok {
		return nil
	}
	var out []*bfrt.Error
	for _, d := range s.Proto().GetDetails() {
		e := new(bfrt.Error)
		if d.UnmarshalTo(e) == nil {
			out = append(out, e)
		}
	}
	return out
}
