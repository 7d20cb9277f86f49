package agent

import (
	"context"
	"strconv"
	"time"

	"google.golang.org/grpc/metadata"
)

// What clients say in the metadata of a call (bfrt.md section 4).
const (
	metaSeconds        = "deadline_sec"
	metaNanoseconds    = "deadline_nsec"
	metaErrorInResp    = "error_in_resp"
	metaIgnoreNotFound = "ignore_not_found"
)

// said tells whether a call's metadata has the name with the value 1.
func said(ctx context.Context, name string) bool {
	for _, v := range metadata.ValueFromIncomingContext(ctx, name) {
		if v == "1" {
			return true
		}
	}
	return false
}

// timeBudget is how long the client lets the server work.
func timeBudget(ctx context.Context) (time.Duration, bool) {
	sec, ok := metaNumber(ctx, metaSeconds)
	nsec, more := metaNumber(ctx, metaNanoseconds)
	if !ok && !more {
		return 0, false
	}
	const most = int64(1) << 31 // seconds: what a duration holds
	return time.Duration(min(sec, most))*time.Second + time.Duration(min(nsec, most)), true
}

func metaNumber(ctx context.Context, name string) (int64, bool) {
	for _, v := range metadata.ValueFromIncomingContext(ctx, name) {
		if n, err := strconv.ParseInt(v, 10, 64); err == nil && n >= 0 {
			return n, true
		}
	}
	return 0, false
}
