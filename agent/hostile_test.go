package agent_test

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"gofino/agent"
	"gofino/agent/bfrt"
	"gofino/model"
	"gofino/tables"
)

// answers collects what a Read sends.
type answers struct {
	grpc.ServerStream
	ctx context.Context
}

func (a answers) Context() context.Context      { return a.ctx }
func (a answers) Send(*bfrt.ReadResponse) error { return nil }

// hostile is a server that is handed requests directly.
type hostile struct {
	sw     *model.Switch
	server *agent.Server
	seed   [][]byte // valid requests to begin with
}

func newHostile(t testing.TB) *hostile {
	h := &hostile{sw: newSwitch(t)}
	h.server = agent.NewServer(agent.Programs{{Name: "suite", API: h.sw.API()}}, agent.Config{})
	for _, s := range h.sw.API().Schema().Tables {
		e := &bfrt.TableEntry{TableId: s.ID, Data: &bfrt.TableData{}}
		key := &bfrt.TableKey{}
		for _, k := range s.Key {
			f := &bfrt.KeyField{FieldId: k.ID, MatchType: &bfrt.KeyField_Exact_{Exact: &bfrt.KeyField_Exact{Value: []byte{1}}}}
			switch k.Match {
			case "Ternary":
				f.MatchType = &bfrt.KeyField_Ternary_{Ternary: &bfrt.KeyField_Ternary{Value: []byte{1}, Mask: []byte{1}}}
			case "LPM":
				f.MatchType = &bfrt.KeyField_Lpm{Lpm: &bfrt.KeyField_LPM{Value: []byte{1, 0}, PrefixLen: 9}}
			case "Range":
				f.MatchType = &bfrt.KeyField_Range_{Range: &bfrt.KeyField_Range{Low: []byte{1}, High: []byte{5}}}
			}
			key.Fields = append(key.Fields, f)
		}
		e.Value = &bfrt.TableEntry_Key{Key: key}
		if len(s.Actions) > 0 {
			e.Data.ActionId = s.Actions[0].ID
		}
		for _, d := range s.Data {
			f := &bfrt.DataField{FieldId: d.ID, Value: &bfrt.DataField_Stream{Stream: []byte{1}}}
			switch d.Type.Kind {
			case "bool":
				f.Value = &bfrt.DataField_BoolVal{BoolVal: true}
			case "string":
				f.Value = &bfrt.DataField_StrVal{StrVal: "NONE"}
			}
			e.Data.Fields = append(e.Data.Fields, f)
		}
		entity := &bfrt.Entity{Entity: &bfrt.Entity_TableEntry{TableEntry: e}}
		w := &bfrt.WriteRequest{P4Name: "suite", Target: everywhere, Updates: []*bfrt.Update{{Type: bfrt.Update_INSERT, Entity: entity}, {Type: bfrt.Update_DELETE, Entity: entity}}}
		r := &bfrt.ReadRequest{P4Name: "suite", Target: everywhere, Entities: []*bfrt.Entity{entity}}
		for kind, m := range []proto.Message{w, r} {
			b, err := proto.Marshal(m)
			require.NoError(t, err)
			h.seed = append(h.seed, append([]byte{byte(kind)}, b...))
		}
	}
	return h
}

// handle hands bytes to the server: the first says which call they are.
func (h *hostile) handle(t testing.TB, b []byte) {
	if len(b) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	switch b[0] % 4 {
	case 0:
		m := new(bfrt.WriteRequest)
		if proto.Unmarshal(b[1:], m) != nil {
			return
		}
		m.P4Name = "suite"
		before := h.sw.StateHash()
		_, err := h.server.Write(ctx, m)
		if err != nil && m.Atomicity != bfrt.WriteRequest_CONTINUE_ON_ERROR && len(m.Updates) > 1 && h.sw.StateHash() != before {
			t.Fatalf("a request that was refused as a whole is half applied: %v\n%v", err, m)
		}
	case 1:
		m := new(bfrt.ReadRequest)
		if proto.Unmarshal(b[1:], m) == nil {
			m.P4Name = "suite"
			_ = h.server.Read(m, answers{ctx: ctx})
		}
	case 2:
		m := new(bfrt.SetForwardingPipelineConfigRequest)
		if proto.Unmarshal(b[1:], m) == nil {
			_, _ = h.server.SetForwardingPipelineConfig(ctx, m)
		}
	case 3:
		m := new(bfrt.GetForwardingPipelineConfigRequest)
		if proto.Unmarshal(b[1:], m) == nil {
			_, _ = h.server.GetForwardingPipelineConfig(ctx, m)
		}
	}
}

// FuzzRequests: whatever bytes a client sends, nothing panics and nothing is half
// applied.
func FuzzRequests(f *testing.F) {
	h := newHostile(f)
	for _, b := range h.seed {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) { h.handle(t, b) })
}

// TestMalformedRequests sends 10,000 damaged requests, and looks that nothing is
// left of them.
func TestMalformedRequests(t *testing.T) {
	h := newHostile(t)
	r := rand.New(rand.NewPCG(1, 2))
	before := runtime.NumGoroutine()
	for range 10000 {
		b := append([]byte(nil), h.seed[r.IntN(len(h.seed))]...)
		for range 1 + r.IntN(4) {
			switch at := r.IntN(len(b)); r.IntN(3) {
			case 0:
				b[at] = byte(r.Uint32())
			case 1:
				b = append(b[:at], b[min(at+1+r.IntN(3), len(b)):]...)
			case 2:
				b = append(b[:at:at], append([]byte{byte(r.Uint32())}, b[at:]...)...)
			}
			if len(b) == 0 {
				b = []byte{0}
			}
		}
		h.handle(t, b)
	}
	require.Zero(t, h.server.Counts().Sessions)
	require.Eventually(t, func() bool { return runtime.NumGoroutine() <= before+1 }, 5*time.Second, 10*time.Millisecond)
	// The switch still works.
	n := 0
	for _, err := range h.sw.API().Read(context.Background(), tables.AllPipes, tables.Query{Table: "forward"}) {
		require.NoError(t, err)
		n++
	}
	require.Positive(t, n)
}

// TestClientsThatVanish: clients end in the middle of batches and with their
// streams half open; what they wrote is whole, and nothing of them is left.
func TestClientsThatVanish(t *testing.T) {
	s := newServed(t)
	r, ctx := rawClient(t, s.at), bounded(t)
	_, err := r.GetForwardingPipelineConfig(ctx, &bfrt.GetForwardingPipelineConfigRequest{}) // the connection is there
	require.NoError(t, err)
	before := runtime.NumGoroutine()
	var all sync.WaitGroup
	for n := range 20 {
		all.Add(1)
		go func() {
			defer all.Done()
			end, cancel := context.WithTimeout(ctx, time.Duration(n)*time.Millisecond)
			defer cancel()
			var addresses []uint64
			for i := range 2000 {
				addresses = append(addresses, uint64(i%32))
			}
			_, err := r.Write(end, insert(s.client, bfrt.WriteRequest_Atomicity(n%2), addresses...))
			if code := status.Code(err); code != codes.Unknown && code != codes.DeadlineExceeded && code != codes.Canceled {
				t.Errorf("client %d: %v", n, err)
			}
			if stream, err := r.StreamChannel(end); err == nil {
				_ = stream.Send(&bfrt.StreamMessageRequest{ClientId: uint32(100 + n), Update: &bfrt.StreamMessageRequest_Subscribe{Subscribe: &bfrt.Subscribe{}}})
			}
		}()
	}
	all.Wait()
	require.Eventually(t, func() bool { return s.server.Counts().Sessions == 1 }, 10*time.Second, 10*time.Millisecond, "only the test's own")
	n, err := s.client.Usage(ctx, tables.AllPipes, "forward")
	require.NoError(t, err)
	read := 0
	for e, err := range s.client.Read(ctx, tables.AllPipes, tables.Query{Table: "forward"}) {
		require.NoError(t, err)
		if !e.Default {
			require.Less(t, binary.BigEndian.Uint16(e.Key[0].Value[4:]), uint16(32))
			read++
		}
	}
	require.Equal(t, n, read)
	require.Eventually(t, func() bool { return runtime.NumGoroutine() <= before+2 }, 10*time.Second, 10*time.Millisecond)
}
