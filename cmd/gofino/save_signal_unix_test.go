//go:build unix

package main

import (
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRunSavesOnSignal(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state")
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan int)
	var out strings.Builder
	go func() {
		done <- run(ctx, []string{"run", l2P4, "--port", "1=udp:127.0.0.1:0,127.0.0.1:9", "--save", state}, &out, &out)
	}()
	self, err := os.FindProcess(os.Getpid())
	require.NoError(t, err)
	// Without a handler the signal would end the test.
	ignore := make(chan os.Signal, 8)
	signal.Notify(ignore, syscall.SIGUSR1)
	require.Eventually(t, func() bool {
		require.NoError(t, self.Signal(syscall.SIGUSR1))
		_, err := os.Stat(state)
		return err == nil
	}, 20*time.Second, 50*time.Millisecond)
	stop()
	require.Equal(t, exitOK, <-done, out.String())
}
