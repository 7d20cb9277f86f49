//go:build unix

package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// onSaveSignal calls do whenever someone asks for it, until ctx is done.
func onSaveSignal(ctx context.Context, do func()) {
	ask := make(chan os.Signal, 1)
	signal.Notify(ask, syscall.SIGUSR1)
	go func() {
		defer signal.Stop(ask)
		for {
			select {
			case <-ask:
				do()
			case <-ctx.Done():
				return
			}
		}
	}()
}
