package agent

import (
	"context"
	"sync/atomic"

	"google.golang.org/grpc"
)

// counts are the server's own statistics.
type counts struct {
	calls, failed, updates, entries, told, lost atomic.Uint64
}

// Counts is what a server did so far.
type Counts struct {
	Sessions int    // subscribed now
	Calls    uint64 // RPCs, streams included
	Failed   uint64 // of them
	Updates  uint64 // that Write applied or refused
	Entries  uint64 // that Read sent
	Told     uint64 // notifications sent
	Lost     uint64 // notifications that a slow client missed
}

// Counts of the server.
func (s *Server) Counts() Counts {
	s.mu.Lock()
	n := len(s.sessions)
	s.mu.Unlock()
	c := &s.counts
	return Counts{
		Sessions: n, Calls: c.calls.Load(), Failed: c.failed.Load(), Updates: c.updates.Load(),
		Entries: c.entries.Load(), Told: c.told.Load(), Lost: c.lost.Load(),
	}
}

func (s *Server) counted(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	s.counts.calls.Add(1)
	resp, err := next(ctx, req)
	if err != nil {
		s.counts.failed.Add(1)
	}
	return resp, err
}

func (s *Server) countedStream(srv any, ss grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	s.counts.calls.Add(1)
	err := next(srv, ss)
	if err != nil {
		s.counts.failed.Add(1)
	}
	return err
}
