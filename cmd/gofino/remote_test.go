package main

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestVectorsOnASwitchElsewhere: the vectors of the examples pass over BFRuntime
// and wires as they do in memory, twice on one switch. (That of l2 has a frame
// that no wire carries: it is refused by name.)
func TestVectorsOnASwitchElsewhere(t *testing.T) {
	for n, c := range []struct {
		program, vectors string
		ports            []int
	}{
		{"../../examples/l3/l3.p4", "../../examples/l3", []int{1, 8, 9, 64}},
		{"../../examples/acl/acl.p4", "../../examples/acl", []int{1, 2}},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		address := fmt.Sprintf("127.0.0.1:%d", 50970+n)
		args := []string{"run", c.program, "--bfrt", address}
		test := []string{"test", "--target-switch", address, "--settle", "40ms"}
		for i, p := range c.ports {
			a, b := fmt.Sprintf("127.0.0.1:%d", 50900+10*n+2*i), fmt.Sprintf("127.0.0.1:%d", 50901+10*n+2*i)
			args = append(args, "--port", fmt.Sprintf("%d=udp:%s,%s", p, a, b))
			test = append(test, "--port", fmt.Sprintf("%d=udp:%s,%s", p, b, a))
		}
		ready, done := make(chan bool, 1), make(chan int, 1)
		var stdout, stderr syncBuffer
		stdout.on = func(text string) {
			if strings.HasPrefix(text, "ready") {
				ready <- true
			}
		}
		go func() { done <- run(ctx, args, &stdout, &stderr) }()
		select {
		case <-ready:
		case <-time.After(20 * time.Second):
			t.Fatalf("%s is not ready: %s", c.program, stderr.String())
		}
		code, out, errs := gofino(t, append(test, c.program, c.vectors, c.vectors)...)
		require.Zero(t, code, "%s%s%s", out, errs, stderr.String())
		require.Contains(t, out, " passed, 0 failed")
		cancel()
		require.Zero(t, <-done, stderr.String())
	}
	code, _, errs := gofino(t, "test", "--target-switch", "127.0.0.1:1", l3P4, "../../examples/l3")
	require.Equal(t, 2, code)
	require.Contains(t, errs, "want --port N=SPEC for each port that the vectors use")
}
